"""Batches by hand, and what isn't one: queues, delays, people who come on some days only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
import pytest

from streamline.errors import InsufficientDataError
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.measure.waits.batch_rules import BatchRule
from streamline.measure.waits.batching import KINDS, Batches, batched_activities, batches
from streamline.units import HOUR, MISSING_TIME

HOURS = Calendar(hours={"mon-fri": "08:00-17:00"})
WEEK = 168
Row = tuple[Any, ...]


@pytest.fixture(scope="module")
def staffed(log_of: Callable[..., EventLog]) -> Callable[[list[Row]], EventLog]:
    """`staffed(rows)`: rows of (case, activity, start, complete, resource), in hours from Monday midnight."""
    return lambda rows: log_of(rows, columns=("resource",))


def weekly(n_weeks: int = 12, sizes: tuple[int, ...] = (3, 4, 2)) -> list[Row]:
    """Each week some cases are ready on Monday from 10 on; all are approved on Thursday from 13 on, half an hour each."""
    rows: list[Row] = []
    for week in range(n_weeks):
        for k in range(sizes[week % len(sizes)]):
            case, hour = f"{week}-{k}", WEEK * week
            rows.append((case, "Review", hour + 9 + k, hour + 10 + k, "reviewer"))
            rows.append((case, "Approve", hour + 85 + k / 2, hour + 85.5 + k / 2, "boss"))
    return rows


def by_fives(n_batches: int = 12, lag: float = 0) -> list[Row]:
    """One case a day is ready at 10; as the fifth is, all five are done together; or `lag` hours later."""
    rows: list[Row] = []
    for b in range(n_batches):
        release = WEEK * b + 4 * 24 + 10 + lag
        for day in range(5):
            ready = WEEK * b + 24 * day + 10
            rows.append((f"{b}-{day}", "Pack", ready - 1, ready, "packer"))
            rows.append((f"{b}-{day}", "Ship", release, release + 1, "driver"))
    return rows


def served(
    rng: np.random.Generator,
    *,
    n: int,
    load: float,
    staff: int,
    delay: float = 0.0,
    days: tuple[int, ...] = (0, 1, 2, 3, 4),
) -> list[Row]:
    """Cases that arrive round the clock and are served in order of arrival, 0.5 hours on average, by staff who work from 8
    to 17 on some weekdays; before they join the queue they may be delayed."""
    hours_per_week = staff * 9 * len(days)
    arrival = np.cumsum(rng.exponential(0.5 * WEEK / (load * hours_per_week), n))
    free = np.zeros(staff)
    rows: list[Row] = []
    ready = arrival + (rng.exponential(delay, n) if delay else 0)
    for k in np.argsort(ready, kind="stable"):
        s = int(np.argmin(free))
        start = _at_work(max(ready[k], free[s]), days)
        free[s] = start + rng.exponential(0.5)
        rows.append((str(k), "Arrive", arrival[k], arrival[k], "system"))
        rows.append((str(k), "Serve", start, free[s], f"clerk-{s}"))
    return rows


def _at_work(hour: float, days: tuple[int, ...]) -> float:
    """The hour itself, or when the staff comes next."""
    for opening in _openings(hour, days):
        if hour < opening + 9:
            return max(hour, opening)
    raise AssertionError("unreachable")


def _openings(hour: float, days: tuple[int, ...]) -> Iterator[float]:
    return (24.0 * day + 8 for day in count(int(hour // 24)) if day % 7 in days)


def found(log: EventLog, **options: Any) -> Batches:
    return batches(log, **{"calendar": HOURS, **options})


def test_weekly_releases_by_hand(staffed) -> None:
    """Ready on Mondays at 10, 11, 12 and 13 and released on Thursdays at 13: 75, 74, 73 and 72 hours; three cases in the
    first week, four in the second, two in the third. What they wait after the release is no batching."""
    log = staffed(weekly())
    got = found(log)
    row = got.table.iloc[0]
    assert (row.activity, row.fires, row.n_batches, row.n_members) == ("Approve", "Thursdays at 13:00", 12, 36)
    assert row.support == row.confidence == 1
    assert row["size"] is None or np.isnan(row["size"])
    assert row.mean_batching_hours == pytest.approx((222 + 294 + 149) / 9)
    assert (row.one_after_another, row.side_by_side, row.started_together) == (12, 0, 0)
    step = np.flatnonzero(got.until != MISSING_TIME)
    assert sorted(set((got.until[step] - log.start[step]).tolist())) == [-3 * HOUR // 2, -HOUR, -HOUR // 2, 0]
    assert got.cases["batching_hours"].tolist() == [75, 74, 73, 75, 74, 73, 72, 75, 74] * 4
    assert got.cases.groupby("batch").size().tolist() == [3, 4, 2] * 4
    assert batched_activities(got) == ["Approve (Thursdays at 13:00)"]


def test_a_case_that_comes_alone_waits_for_the_release_too(staffed) -> None:
    """Every fourth week one case is ready: it waits until Thursday like the others, and is no batch."""
    log = staffed(weekly(16, sizes=(3, 4, 2, 1)))
    got = found(log)
    assert got.table["n_batches"].tolist() == [12]
    assert got.table["n_members"].tolist() == [36]
    assert int((got.until != MISSING_TIME).sum()) == 40
    assert int((got.batch >= 0).sum()) == 36


def test_size_and_time_together(staffed) -> None:
    """Always three, always on Thursdays: nothing tells which of the two fires them, so both are said."""
    got = found(staffed(weekly(sizes=(3,))))
    assert got.table["fires"].tolist() == ["when 3 wait, Thursdays at 13:00"]
    assert got.table["mean_batching_hours"].tolist() == [pytest.approx(74)]


def test_batches_by_size(staffed) -> None:
    """Five each week, as the fifth is ready: waits of 96, 72, 48, 24 and 0 hours."""
    got = found(staffed(by_fives()))
    row = got.table.iloc[0]
    assert (row.activity, row["size"], row.n_batches, row.n_members, row.confidence) == ("Ship", 5, 12, 60, 1)
    assert row.started_together == 12
    assert row.mean_batching_hours == pytest.approx(48)
    assert row.fires.startswith("when 5 wait")
    assert set(got.cases["kind"]) == {KINDS[2]}


def test_by_size_the_wait_ends_when_the_batch_is_full(staffed) -> None:
    """Full on Fridays at 10, but shipped at any time of the day after: the batching wait ends at 10."""
    rows = []
    for b, lag in enumerate(np.random.default_rng(1).uniform(0, 5, 14)):
        rows += [(c + f"/{b}", a, s + b * 24 * 6, e + b * 24 * 6, r) for c, a, s, e, r in by_fives(1, lag=float(lag))]
    always = Calendar.always()
    got = found(staffed(rows), calendar=always)
    assert got.table["fires"].tolist() == ["when 5 wait"]
    assert got.cases.groupby("batch")["batching_hours"].max().tolist() == [96.0] * 14


def test_a_rule_with_exceptions(staffed) -> None:
    """One case in eight is approved as it comes; the others wait for Thursday between 13:00 and 13:40."""
    rng, rows = np.random.default_rng(3), []
    for week in range(20):
        late = rng.uniform(0, 2 / 3)
        for k in range(int(rng.integers(3, 9))):
            ready = 168 * week + rng.uniform(10, 80) // 24 * 24 + rng.uniform(8, 17)
            begun = ready if rng.random() < 1 / 8 else 168 * week + 85 + late + k / 10
            rows.append((f"{week}-{k}", "Review", ready - 1, ready, f"reviewer-{k}"))
            rows.append((f"{week}-{k}", "Approve", begun, begun + 0.1, "boss"))
    got = found(staffed(rows))
    assert got.table["fires"].str.match(r"Thursdays between 13:0\d and 13:\d\d").tolist() == [True]
    assert 0.8 < got.table["confidence"][0] < 0.97


def test_daily_releases_by_several(staffed) -> None:
    """Two clerks each send the letters of the day at 16:00; letters are ready from 8 to 15."""
    rng, rows = np.random.default_rng(4), []
    for day in [24 * d for d in range(70) if d % 7 < 5]:
        for clerk in "ab":
            for k in range(int(rng.integers(2, 7))):
                ready = day + rng.uniform(8, 15)
                rows.append((f"{day}{clerk}{k}", "Write", ready - 0.5, ready, f"writer-{clerk}{k}"))
                rows.append((f"{day}{clerk}{k}", "Send", day + 16 + k / 60, day + 16 + (k + 1) / 60, clerk))
    got = found(staffed(rows))
    assert got.table["fires"].tolist() == ["at 16:00"]
    assert got.table["n_batches"].tolist() == [100]


def test_releases_are_told_by_the_local_clock(log_of) -> None:
    """Thursdays at 13:00 in New York are 18:00 UTC until 9 March 2025 and 17:00 UTC after it."""
    rows = []
    for week in range(20):
        ahead = 5 if week < 9 else 4
        for k in range(2 + week % 3):
            hour = 168 * week + ahead
            rows.append((f"{week}-{k}", "Review", hour + 9 + k, hour + 10 + k, "reviewer"))
            rows.append((f"{week}-{k}", "Approve", hour + 85 + k / 2, hour + 85.5 + k / 2, "boss"))
    local = Calendar(hours={"mon-fri": "08:00-17:00"}, timezone="America/New_York")
    got = found(log_of(rows, columns=("resource",), timezone="America/New_York"), calendar=local)
    assert got.table["fires"].tolist() == ["Thursdays at 13:00"]
    assert got.table["n_batches"].tolist() == [20]


def test_a_weekly_release_as_the_office_opens(staffed) -> None:
    """Mondays at 8: with all steps released then, week after week, it is no backlog of the night."""
    rows = []
    for week in range(12):
        for k in range(2 + week % 3):
            hour = 168 * week
            rows.append((f"{week}-{k}", "Review", hour + 33 + k, hour + 34 + k, "reviewer"))
            rows.append((f"{week}-{k}", "Approve", hour + 176 + k / 2, hour + 176.5 + k / 2, "boss"))
    assert found(staffed(rows)).table["fires"].tolist() == ["Mondays at 08:00"]


@pytest.mark.parametrize("load", [0.5, 0.9, 1.1])
@pytest.mark.parametrize("staff", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_ordinary_service_of_a_queue_is_no_batch(staffed, load: float, staff: int, seed: int) -> None:
    """Whoever serves as work comes makes runs, none of which is held: nights and weekends aren't."""
    log = staffed(served(np.random.default_rng(seed), n=800, load=load, staff=staff))
    got = found(log)
    assert got.table.empty
    assert (got.until == MISSING_TIME).all()
    naive = found(log, batch_rule=BatchRule(proven=False))
    assert naive.table["n_members"].sum() > 50, "there were runs to mistake"
    discovered = batches(log)
    assert discovered.table.empty


@pytest.mark.parametrize("delay", [2.0, 24.0])
@pytest.mark.parametrize("seed", range(4))
def test_single_delays_are_no_batch(staffed, delay: float, seed: int) -> None:
    """Delays that no staffing explains hold cases one by one; now and then two begin back to back."""
    log = staffed(served(np.random.default_rng(seed), n=1000, load=0.7, staff=2, delay=delay))
    got = found(log)
    assert got.considered.set_index("activity").loc["Serve", "n_held"] > 50
    assert got.table.empty


@pytest.mark.parametrize("seed", range(4))
def test_an_office_of_two_days_with_a_backlog_does_no_batches(staffed, seed: int) -> None:
    """Open on Mondays and Tuesdays, with too little staff and long delays: nearly all is begun in runs from Monday at 8."""
    log = staffed(served(np.random.default_rng(seed), n=400, load=0.95, staff=2, delay=60.0, days=(0, 1)))
    for hours in (Calendar(hours={"mon-tue": "08:00-17:00"}), None):
        assert found(log, calendar=hours).table.empty


def test_who_comes_on_some_days_only_does_no_batches(staffed) -> None:
    """Two officers work on Mondays and Tuesdays, on two activities; the calendar says Monday to Friday."""
    rng = np.random.default_rng(2)
    one = served(rng, n=500, load=0.3, staff=1, days=(0, 1))
    two = served(rng, n=500, load=0.3, staff=1, days=(0, 1))
    rows = one + [(f"x{c}", "Check" if a == "Serve" else a, s, e, r) for c, a, s, e, r in two]
    assert found(staffed(rows)).table.empty


def test_without_proof_every_run_counts(staffed) -> None:
    """Three are ready at 8 and served one after another: published tools call it a batch; here it's asked for."""
    rows = [(str(k), "Intake", 7, 8, f"clerk-{k}") for k in range(3)]
    rows += [(str(k), "Serve", 8 + k / 2, 8.5 + k / 2, "officer") for k in range(3)]
    log = staffed(rows)
    assert found(log).table.empty
    got = found(log, batch_rule=BatchRule(proven=False))
    assert got.table["n_members"].tolist() == [3]
    assert "isn't told apart" in got.rule


def test_too_few_releases_make_no_rule(staffed) -> None:
    got = found(staffed(weekly(4)))
    assert got.table.empty
    assert "4 releases" in got.considered.set_index("activity").loc["Approve", "why"]


def test_the_order_of_rows_and_names_changes_nothing(staffed) -> None:
    rows = weekly(sizes=(3, 2, 4))
    other = [(f"n{c}", {"Approve": "Aaa"}.get(a, a), s, e, r[::-1]) for c, a, s, e, r in reversed(rows)]
    columns = ["fires", "n_batches", "n_members", "support", "confidence", "mean_batching_hours"]
    assert found(staffed(rows)).table[columns].equals(found(staffed(other)).table[columns])


def test_the_log_is_left_as_it_was(staffed) -> None:
    log = staffed(weekly())
    before = log.to_frame()
    found(log)
    assert log.to_frame().equals(before)


def test_its_chart_says_what_fires_the_batches(staffed) -> None:
    chart = found(staffed(weekly())).chart()
    assert chart.title == "Approve is released in batches: Thursdays at 13:00"
    assert [bar.value for bar in chart.bars] == [pytest.approx((222 + 294 + 149) / 9)]
    assert found(staffed(weekly(2))).chart().title == "No activity is done in batches"


def test_what_a_log_lacks_is_named(log_of, staffed) -> None:
    with pytest.raises(InsufficientDataError, match="records no resources"):
        batches(log_of([("1", "A", 0, 1)]), calendar=HOURS)
    with pytest.raises(InsufficientDataError, match="records no starts"):
        batches(log_of([("1", "A", None, 1, "r")], columns=("resource",)), calendar=HOURS)
    with pytest.raises(ValueError, match="min_size is 1"):
        BatchRule(min_size=1)
    with pytest.raises(ValueError, match="'soon' is not a duration"):
        BatchRule(max_gap="soon")
