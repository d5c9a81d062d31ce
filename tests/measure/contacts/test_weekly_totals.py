"""Contacts by the week only: by hand, against known rates, and what such totals can't be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from streamline.errors import DataQualityError, FileFormatError, InsufficientDataError, MissingColumnError
from streamline.figure import BarChart
from streamline.log.contact_totals import ContactTotals, read_contact_totals
from streamline.measure.contacts.weekly_totals import OTHERS, weekly_total_rates

MONDAY = pd.Timestamp("2025-01-06", tz="UTC")


@pytest.fixture
def totals(tmp_path: Path) -> Callable[..., ContactTotals]:
    """`totals(rows)`: a file of (day, number) read as totals."""

    def read(rows: list[tuple[Any, Any]], **options: Any) -> ContactTotals:
        path = tmp_path / "totals.csv"
        pd.DataFrame(rows, columns=["week", "calls"]).to_csv(path, index=False)
        return read_contact_totals(path, week="week", count="calls", timezone="UTC", **options)

    return read


def _weeks(numbers: Any, *, first: pd.Timestamp = MONDAY) -> list[tuple[str, int]]:
    return [(f"{first + pd.Timedelta(weeks=k):%Y-%m-%d}", int(n)) for k, n in enumerate(numbers)]


def _service(cases_of: Callable[..., Any], *, seed: int, weeks: int = 104) -> Any:
    """Cases that await Review for some days and then Sign, in numbers that vary from week to week."""
    rng = np.random.default_rng(seed)
    rows = []
    for week in range(-1, weeks + 1):
        slow = rng.uniform(2, 25)
        for k in range(rng.poisson(12)):
            begin = 7 * week + rng.uniform(0, 7)
            review, sign = begin + rng.exponential(slow), rng.exponential(6)
            rows += [(f"w{week}-{k}", "Review", begin, review), (f"w{week}-{k}", "Sign", review, review + sign)]
    return cases_of(rows, ends=["Sign"])


def test_rates_of_states_that_move_apart_are_told(cases_of: Callable[..., Any], totals: Callable[..., Any]) -> None:
    """Calls are 0.05 per open day of Review, 0.2 of Sign, and 20 a week besides: what is told adds up to them."""
    log = _service(cases_of, seed=1)
    rng = np.random.default_rng(2)
    plain = weekly_total_rates(log, totals(_weeks(np.arange(104))), closed_days=0).weeks["open_days"]
    assert len(plain) == 104
    days = _by_state(log, 104)
    calls = rng.poisson(0.05 * days["Review"] + 0.2 * days["Sign"] + 20)
    got = weekly_total_rates(log, totals(_weeks(calls)), closed_days=0)
    table = got.table.set_index("state")
    assert plain.to_numpy() == pytest.approx(sum(days.values()))
    assert table.loc["Review", "open_days"] == pytest.approx(days["Review"].sum())
    assert got.n == 104
    assert got.n_contacts == calls.sum()
    arrived = (
        (log.arrival >= MONDAY.value // 1000) & (log.arrival < (MONDAY + pd.Timedelta(weeks=104)).value // 1000)
    ).sum()
    assert got.per_case.value == pytest.approx(calls.sum() / arrived)
    assert got.per_case.n == arrived
    assert got.caveats[0].startswith("These rates come from weekly totals")
    assert isinstance(got.chart(), BarChart)
    assert got.cases is got.weeks
    assert got.weeks["told"].sum() == pytest.approx(calls.sum(), rel=0.01)


def test_intervals_hold_the_rates(cases_of: Callable[..., Any], totals: Callable[..., Any]) -> None:
    """95% intervals of both rates, and of what goes with none, hold the truth in 41 of 50 simulated years or more (with 95% in
    truth, fewer have a chance of 1 in 10,000), and the estimates don't lean to a side."""
    log = _service(cases_of, seed=1)
    days = _by_state(log, 104)
    rng = np.random.default_rng(2)
    held, told = np.zeros(3), np.zeros((50, 3))
    for run in range(50):
        calls = rng.poisson(0.05 * days["Review"] + 0.2 * days["Sign"] + 20)
        got = weekly_total_rates(log, totals(_weeks(calls)), closed_days=0, draws=20)
        table = got.table.set_index("state")
        for k, (state, rate) in enumerate((("Review", 0.05), ("Sign", 0.2))):
            held[k] += table.loc[state, "rate_low"] < rate < table.loc[state, "rate_high"]
            told[run, k] = table.loc[state, "rate_per_open_day"] / rate
        held[2] += got.base.low < 20 < got.base.high
        told[run, 2] = got.base.value / 20
    assert (held >= 41).all(), held
    assert (np.abs(told.mean(axis=0) - 1) < 4 * told.std(axis=0) / np.sqrt(50)).all()


def _by_state(log: Any, weeks: int) -> dict[str, Any]:
    """Slow twin: the days that cases await each step in each week, step by step."""
    week = 7 * 86_400_000_000
    start = MONDAY.value // 1000
    days = {name: np.zeros(weeks) for name in log.activities}
    for case in range(log.n_cases):
        since = log.arrival[case]
        for s in range(log.case_offsets[case], log.case_offsets[case + 1]):
            until = log.complete[s]
            for w in range(max(0, (since - start) // week), min(weeks - 1, (until - start) // week) + 1):
                inside = min(until, start + (w + 1) * week) - max(since, start + w * week)
                days[log.activities[log.activity[s]]][w] += inside / 86_400_000_000
            since = until
    return days


def test_days_and_channels_of_a_week_add_up(cases_of: Callable[..., Any], totals: Callable[..., Any]) -> None:
    log = _service(cases_of, seed=1, weeks=40)
    rows = _weeks(np.full(30, 10))
    split = [
        (f"{MONDAY + pd.Timedelta(days=7 * k + d):%Y-%m-%d}", n) for k in range(30) for d, n in ((0, 4), (3, 1), (6, 5))
    ]
    one, other = weekly_total_rates(log, totals(rows)), weekly_total_rates(log, totals(split))
    pd.testing.assert_frame_equal(one.table, other.table)


def test_many_states_are_joined(cases_of: Callable[..., Any], totals: Callable[..., Any]) -> None:
    """30 weeks bear five states and what goes with none; the smallest are one."""
    rng = np.random.default_rng(5)
    rows = []
    for k in range(300):
        begin = rng.uniform(0, 220)
        for name in "ABCDEFGH":
            end = begin + rng.exponential(3)
            rows.append((f"c{k}", name, begin, end))
            begin = end
    got = weekly_total_rates(cases_of(rows, ends=["H"]), totals(_weeks(rng.poisson(30, 30))))
    assert OTHERS in set(got.table["state"])
    assert len(got.table) <= 7
    assert (got.table["rate_low"] >= 0).all()
    assert (got.table["rate_low"] <= got.table["rate_per_open_day"]).all()


def test_totals_that_tell_nothing_are_refused(cases_of: Callable[..., Any], totals: Callable[..., Any]) -> None:
    log = _service(cases_of, seed=1, weeks=40)
    with pytest.raises(InsufficientDataError, match="have 20 whole weeks in common; rates from weekly totals take 26"):
        weekly_total_rates(log, totals(_weeks(np.full(20, 9))))
    gap = [row for k, row in enumerate(_weeks(np.full(35, 9))) if k not in (7, 8)]
    with pytest.raises(
        InsufficientDataError, match=r"no row for 2 weeks between others \(the first: 2025-02-24, 2025-03-03\)"
    ):
        weekly_total_rates(log, totals(gap))
    early = _weeks(np.full(30, 9), first=pd.Timestamp("2020-01-06", tz="UTC"))
    with pytest.raises(InsufficientDataError, match="have no whole week in common"):
        weekly_total_rates(log, totals(early))


def test_rows_that_are_no_totals_are_set_aside(totals: Callable[..., Any], tmp_path: Path) -> None:
    rows = [
        ("2025-01-06", 5),
        ("2025-01-13", "many"),
        ("2025-01-20", -1),
        ("2025-01-27", 2.5),
        ("", 4),
        ("2025-02-03", 0),
    ]
    got = totals(rows, max_rejected=0.9)
    assert got.count.tolist() == [5, 0]
    assert [(r.row, r.reason) for r in got.rejects] == [
        (3, "no whole number of contacts"), (4, "no whole number of contacts"), (5, "no whole number of contacts"),
        (6, "no week"),
    ]  # fmt: skip
    assert repr(got) == "<ContactTotals totals.csv: 2 rows, 5 contacts>"
    with pytest.raises(DataQualityError):
        totals(rows)
    with pytest.raises(FileFormatError, match="not one with a week and a number"):
        totals([("2025-01-06", "many")], max_rejected=1)
    with pytest.raises(MissingColumnError):
        read_contact_totals(tmp_path / "totals.csv", week="Woche", count="calls")
