"""The summary of a log by hand, of logs with nothing in them, and beyond the budget of values."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.flow import directly_follows
from streamline.measure.summaries import transitions
from streamline.measure.summaries.summary import LogSummary, log_summary

LogOf = Callable[..., EventLog]

COLUMNS = {
    "directly_follows": "source target n n_cases share mean_hours median_hours p90_hours rank_error",
    "routes": "activities n_steps n_cases share mean_cycle_days",
    "cycle_time": "measure value unit n rank_error",
    "repeats": "activity n_steps n_cases n_repeats n_cases_starting n_cases_ending",
    "rework": "head trigger n_occurrences n_cases cases_share days_per_case days_per_occurrence",
}

#: a goes x y x z and b goes x z; c goes x y and never reaches z; d started x and has no step.
FOUR = [
    ("a", "x", 0, 2), ("a", "y", 5, 6), ("a", "x", 14, 18), ("a", "z", 18, 24),
    ("b", "x", 0, 1), ("b", "z", 4, 12),
    ("c", "x", 1, 3), ("c", "y", 6, 7),
    ("d", "x", 9, None),
]  # fmt: skip


def rows(table: pd.DataFrame) -> list[list[object]]:
    return [list(row) for row in table.itertuples(index=False, name=None)]


def same(one: LogSummary, two: LogSummary) -> None:
    """Bit for bit, each table."""
    for name in COLUMNS:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), check_exact=True)


def test_a_summary_by_hand(log_of: LogOf) -> None:
    """Ends are z, so a and b are closed, c and d are open, and the three cases with steps are what shares are of.

    x → y in a and c: 5 - 2 = 3 and 6 - 3 = 3 hours. x → z in a and b: 18 - 18 = 0 and 4 - 1 = 3, mean and median 1.5,
    90th percentile 0.9 * 3 = 2.7. y → x in a: 14 - 6 = 8.
    Cycle times: a 24 hours, b 12 hours: mean and median 18 hours = 0.75 days, 90th percentile 12 + 0.9 * 12 = 22.8
    hours = 0.95 days. x comes four times in three cases, once more than it has cases, and begins all three.
    The one loop goes back to x after y in a: y took 6 - 2 = 4 hours and x 18 - 6 = 12, together 16 hours = 2/3 of a
    day, per closed case 1/3.
    """
    got = log_summary(log_of(FOUR, ends=["z"]))
    assert rows(got.directly_follows) == [
        ["x", "y", 2, 2, pytest.approx(2 / 3), 3, 3, 3, 0],
        ["x", "z", 2, 2, pytest.approx(2 / 3), 1.5, 1.5, pytest.approx(2.7), 0],
        ["y", "x", 1, 1, pytest.approx(1 / 3), 8, 8, 8, 0],
    ]
    assert rows(got.routes) == [
        [("x", "y"), 2, 1, pytest.approx(1 / 3), pytest.approx(float("nan"), nan_ok=True)],
        [("x", "y", "x", "z"), 4, 1, pytest.approx(1 / 3), 1],
        [("x", "z"), 2, 1, pytest.approx(1 / 3), 0.5],
    ]
    assert rows(got.cycle_time) == [
        ["mean", 0.75, "days", 2, 0],
        ["median", 0.75, "days", 2, 0],
        ["90th percentile", pytest.approx(0.95), "days", 2, 0],
    ]
    assert rows(got.repeats) == [["x", 4, 3, 1, 3, 0], ["y", 2, 2, 0, 0, 1], ["z", 2, 2, 0, 0, 2]]
    assert rows(got.rework) == [["x", "y", 1, 1, 0.5, pytest.approx(1 / 3), pytest.approx(2 / 3)]]
    assert (got.n_cases, got.n_empty, got.n_closed, got.n_steps) == (4, 1, 2, 8)
    assert (got.n_repeating, got.loops.n_looping, got.loops.n_returning, got.n_rows) == (1, 1, 1, 9)
    assert repr(got) == (
        "<LogSummary: 4 cases (2 closed), 8 steps, 3 activities, 3 transitions, 3 variants, quantiles exact>"
    )


def test_columns_are_as_documented(log_of: LogOf) -> None:
    got = log_summary(log_of(FOUR))
    assert {name: " ".join(getattr(got, name).columns) for name in COLUMNS} == COLUMNS


def nothing(log: EventLog) -> Iterator[EventLog]:
    """The log without any case, and with the one that has no step."""
    yield log.select(np.zeros(log.n_cases, dtype=np.bool_), because="")
    yield log.select(np.diff(log.case_offsets) == 0, because="")


def test_nothing_gives_empty_tables_and_no_silent_zero(log_of: LogOf) -> None:
    """No case is closed, so its cycle time is not known; the names of the activities stay, with no steps."""
    for n_cases, part in enumerate(nothing(log_of(FOUR, ends=["z"]))):
        got = log_summary(part)
        assert (got.n_cases, got.n_empty, got.n_closed, got.n_steps) == (n_cases, n_cases, 0, 0)
        for name in ("directly_follows", "routes", "rework"):
            assert " ".join(getattr(got, name).columns) == COLUMNS[name]
            assert getattr(got, name).empty
        assert got.cycle_time["value"].isna().all()
        assert got.cycle_time["n"].tolist() == [0, 0, 0]
        assert rows(got.repeats) == [[name, 0, 0, 0, 0, 0] for name in "xyz"]


def test_merging_with_nothing_changes_nothing(log_of: LogOf) -> None:
    log = log_of(FOUR, ends=["z"])
    whole = log_summary(log)
    for part in nothing(log):
        same(LogSummary.merged([log_summary(part), whole]), whole)
        same(LogSummary.merged([whole, log_summary(part)]), whole)
    same(LogSummary.merged([whole]), whole)


def test_nothing_to_merge_is_refused() -> None:
    with pytest.raises(InsufficientDataError, match=r"There is no summary to merge\."):
        LogSummary.merged([])


def test_parts_without_a_common_activity(log_of: LogOf) -> None:
    """Hand: m n m in one part and a z in the other have the codes 0 and 1 both; together they are 0 3 and 1 2 1. The
    loop back to m after n takes 2 of 3 and 1 of 4 hours."""
    one, two = [("1", "m", 0, 1), ("1", "n", 1, 2), ("1", "m", 2, 3)], [("2", "a", 0, 1), ("2", "z", 3, 4)]
    for parts in ((one, two), (two, one)):
        got = LogSummary.merged([log_summary(log_of(part)) for part in parts])
        same(got, log_summary(log_of([*one, *two])))
        assert got.activities == ("a", "m", "n", "z")
        assert got.directly_follows[["source", "target", "mean_hours"]].to_numpy().tolist() == [
            ["a", "z", 2], ["m", "n", 0], ["n", "m", 0],
        ]  # fmt: skip
        assert got.routes["activities"].tolist() == [("a", "z"), ("m", "n", "m")]
        assert rows(got.rework) == [["m", "n", 1, 1, 0.5, pytest.approx(1 / 24), pytest.approx(1 / 12)]]


def test_transitions_have_the_columns_of_the_public_measure_also_without_any(log_of: LogOf) -> None:
    log = log_of([("1", "a", 0, 1)])
    follows = log_summary(log).directly_follows.drop(columns="rank_error")
    pd.testing.assert_frame_equal(follows, directly_follows(log).table, check_exact=True)


def test_rows_set_aside_are_added_up_by_reason() -> None:
    """One time in twenty can't be read in each of two parts."""
    frame = pd.DataFrame({"case": [*"abcdefghijklmnopqrst"], "activity": "x", "complete": ["2025-01-06T08:00Z"] * 20})
    frame.loc[3, "complete"] = "soon"
    one = log_summary(read_log(frame))
    (reason,) = one.rejected
    both = LogSummary.merged([one, log_summary(read_log(frame.assign(case=frame["case"] * 2)))])
    assert (dict(one.rejected), one.n_rows, one.n_steps) == ({reason: 1}, 20, 19)
    assert (dict(both.rejected), both.n_rows, both.n_steps) == ({reason: 2}, 40, 38)


N = 6_000


@pytest.fixture(scope="module")
def large() -> EventLog:
    """6,000 cases x y, of which each third goes back to x: more waits of x → y than a sketch holds (4,096 a level)."""
    rng = np.random.default_rng(1)
    case = np.repeat(np.arange(N), np.where(np.arange(N) % 3, 2, 3))
    step = np.arange(len(case)) - np.searchsorted(case, case)
    minutes = rng.lognormal(4, 1.5, len(case))
    complete = pd.Timestamp("2025-01-06", tz="UTC") + pd.to_timedelta(
        (pd.Series(minutes).groupby(case).cumsum() * 60e6).round().astype("int64").to_numpy(), unit="us"
    )
    frame = pd.DataFrame({"case": [f"c{c}" for c in case], "activity": np.array([*"xyx"])[step], "complete": complete})
    return read_log(frame)


def off(values: pd.Series, found: float, asked: float) -> float:
    """How far the rank of the value found is from the one asked for, as a share of the values."""
    return max((values < found).mean() - asked, asked - (values <= found).mean(), 0.0)


@pytest.mark.parametrize("deviations", [-1.0, 0.0, 4.5])
def test_waits_of_a_large_log_are_exact_without_being_held(
    large: EventLog, deviations: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With brackets that all miss, that often do, and that hardly ever do: the same numbers as from all waits sorted, also
    other quantiles, for which the waits are taken from the log."""
    held = log_summary(large)
    monkeypatch.setattr(transitions, "HELD_BELOW", 0)
    monkeypatch.setattr(transitions, "_SAMPLED", 2_000)
    monkeypatch.setattr(transitions, "_DEVIATIONS", deviations)
    got = log_summary(large)
    pd.testing.assert_frame_equal(got.directly_follows, held.directly_follows, check_exact=True)
    pd.testing.assert_frame_equal(got.rework, held.rework, check_exact=True)
    asked = [0.0, 0.25, 0.9, 1.0]
    assert np.array_equal(got.transitions.waits.quantiles(asked), held.transitions.waits.quantiles(asked))


@pytest.mark.parametrize("parts", [1, 3])
def test_beyond_the_budget_only_quantiles_are_sketched(large: EventLog, parts: int) -> None:
    """With a budget of ten values, in one piece or in three: counts, sums and means stay exact, the error of the ranks
    is told, and the quantiles keep it; those of y → x, which 2,000 cases take, fit a level and stay exact."""
    exact = log_summary(large)
    part = np.arange(N) % parts
    got = LogSummary.merged(
        [log_summary(large.select(part == k, because=""), budget=10) for k in range(parts)],
    )
    sketched = ["median_hours", "p90_hours", "rank_error"]
    follows, right = (s.directly_follows.set_index(["source", "target"]) for s in (got, exact))
    pd.testing.assert_frame_equal(follows.drop(columns=sketched), right.drop(columns=sketched), check_exact=True)
    pd.testing.assert_series_equal(follows.loc[("y", "x")], right.loc[("y", "x")], check_exact=True)
    for name in ("routes", "repeats", "rework"):
        pd.testing.assert_frame_equal(getattr(got, name), getattr(exact, name), check_exact=True)
    assert rows(got.cycle_time)[0] == rows(exact.cycle_time)[0]
    assert got.cycle_time["n"].tolist() == [N] * 3

    waits = directly_follows(large).cases.query("source == 'x'")["hours"]
    days = pd.Series((large.last_completion - large.arrival) / 86_400e6)
    cycle = got.cycle_time["value"].tolist()
    for values, error, found in (
        (waits, follows.loc[("x", "y"), "rank_error"], follows.loc[("x", "y"), ["median_hours", "p90_hours"]]),
        (days, got.cycle_time["rank_error"].tolist()[1], cycle[1:]),
    ):
        assert 0 < error < 0.01
        for asked, value in zip((0.5, 0.9), found, strict=True):
            assert off(values, value, asked) <= error
    assert got.cycle_time["rank_error"].tolist()[0] == 0
    assert repr(got).endswith("quantiles sketched>")
    assert (exact.cycle_time["rank_error"] == 0).all()
