"""Where the cycle time goes, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.errors import InsufficientDataError
from streamline.figure import BarChart
from streamline.log.calendar import Calendar
from streamline.measure.waits.bottleneck import bottlenecks

#: Monday 6 January 2025. Waits for Review: 10 - 9 = 1, 33 - 9 = 24 (overnight), 14 - 9 = 5 hours; for Letter 0, 1, 0.
THREE = [
    ("a", "Intake", 8, 9), ("a", "Review", 10, 12), ("a", "Letter", 12, 13),
    ("b", "Intake", 8, 9), ("b", "Review", 33, 34), ("b", "Letter", 35, 36),
    ("c", "Intake", 8, 9), ("c", "Review", 14, 17), ("c", "Letter", 17, 18),
]  # fmt: skip


def test_three_cases_by_hand(log_of, row) -> None:
    """Cycle times 5, 28 and 10 hours, 43 in all. Waiting: Review 1 + 24 + 5 = 30, Letter 1, Intake 0.
    Service: Intake 3, Review 2 + 1 + 3 = 6, Letter 3. 31 + 12 = 43."""
    got = bottlenecks(log_of(THREE))
    assert got.table["activity"].tolist() == ["Review", "Letter", "Intake"]
    review = row(got, "Review")
    assert review["share"] == pytest.approx(30 / 43)
    assert review["waiting_days_per_case"] == pytest.approx(30 / 24 / 3)
    assert review["service_days_per_case"] == pytest.approx(6 / 24 / 3)
    assert review["sojourn_days_per_case"] == 0
    assert review["median_wait_days"] == pytest.approx(5 / 24)
    assert (review["n_steps"], review["n_cases"]) == (3, 3)
    assert np.isnan(review["waiting_working_hours_per_case"])
    assert got.waiting.value == pytest.approx(31 / 24 / 3)
    assert got.service.value == pytest.approx(12 / 24 / 3)
    assert (got.sojourn.value, got.external.value) == (0, 0)
    assert got.calendar == "none: elapsed time"
    assert len(got.cases) == 9
    assert got.cases["waiting_hours"].sum() == 31


def test_working_time_by_hand(log_of, row) -> None:
    """Hours 08:00 to 17:00. The night from 9 to 33 h holds 9 to 17 and 32 to 33: 9 hours. Review: (1 + 9 + 5) / 3 = 5."""
    got = bottlenecks(log_of(THREE), calendar=Calendar(hours={"mon-fri": "08:00-17:00"}))
    assert row(got, "Review")["waiting_working_hours_per_case"] == pytest.approx(5)
    assert row(got, "Letter")["waiting_working_hours_per_case"] == pytest.approx(1 / 3)
    assert "08:00 to 17:00" in got.calendar
    assert not any("elapsed time, nights" in c for c in got.caveats)


def test_completions_only_give_sojourn_and_say_so(log_of, row) -> None:
    """Without starts: arrival 9, so Intake 0; Review 3, 25, 8 hours; Letter 1, 2, 1: 40 hours of sojourn."""
    got = bottlenecks(log_of([(c, a, None, done) for c, a, _, done in THREE]))
    assert (got.waiting.value, got.service.value) == (0, 0)
    assert got.sojourn.value == pytest.approx(40 / 24 / 3)
    assert row(got, "Review")["share"] == pytest.approx(36 / 40)
    assert row(got, "Review")["waiting_days_per_case"] == 0
    assert got.caveats[0].startswith("9 of 9 steps have no recorded start.")
    chart = got.chart()
    assert isinstance(chart, BarChart)
    assert {b.group for b in chart.bars} == {""}
    assert chart.axis == "Days per case, waiting or being worked on (elapsed)"
    assert chart.title == "90% of the cycle time passes before or in Review"


def test_a_parallel_branch_off_the_path_takes_no_time(log_of) -> None:
    """Check (1 to 3) and Visit (2 to 9) run side by side after Intake: only Visit lies on the path to Decide."""
    rows = [("a", "Intake", 0, 1), ("a", "Check", 1, 3), ("a", "Visit", 2, 9), ("a", "Decide", 9, 10)]
    got = bottlenecks(log_of(rows))
    assert sorted(got.table["activity"]) == ["Decide", "Intake", "Visit"]
    assert got.waiting.value == pytest.approx(1 / 24)
    assert got.service.value == pytest.approx(9 / 24)


def test_external_time_is_told_apart(log_of, row) -> None:
    """The customer takes a 4 and b 10 hours, after a wait of 1 and 0: 15 hours of two cases."""
    rows = [("a", "Ask", 0, 1), ("a", "Reply", 2, 6), ("b", "Ask", 0, 1), ("b", "Reply", 1, 11)]
    got = bottlenecks(log_of(rows, external=["Reply"]))
    assert got.external.value == pytest.approx(15 / 24 / 2)
    assert row(got, "Reply")["external"]
    assert not row(got, "Ask")["external"]


def test_open_cases_are_left_out_and_counted(log_of) -> None:
    got = bottlenecks(log_of([*THREE, ("d", "Intake", 0, 500)], ends=["Letter"]))
    assert (got.n, dict(got.excluded)) == (3, {"open": 1})
    assert got.waiting.value == pytest.approx(31 / 24 / 3)
    assert "d" not in set(got.cases["case"])


def test_nothing_closed_is_refused(log_of) -> None:
    log = log_of([*THREE, ("d", "Intake", 0, 1)], ends=["Letter"])
    with pytest.raises(InsufficientDataError, match="none of 1 cases is closed; no cycle time to split"):
        bottlenecks(log.select(~log.closed, because="open ones"))


def test_the_chart_by_hand(log_of) -> None:
    chart = bottlenecks(log_of(THREE)).chart()
    assert isinstance(chart, BarChart)
    assert chart.title == "70% of the cycle time is spent waiting for Review"
    bars = [(b.label, b.group, round(b.value * 72)) for b in chart.bars]
    assert bars == [("Review", "waiting", 30), ("Review", "being worked on", 6), ("Letter", "waiting", 1),
                    ("Letter", "being worked on", 3), ("Intake", "being worked on", 3)]  # fmt: skip


def test_cases_that_take_no_time_have_no_shares(log_of) -> None:
    got = bottlenecks(log_of([("a", "x", 0, 0), ("b", "x", 1, 1)]))
    assert np.isnan(got.table["share"]).all()
    assert got.table[["share_low", "share_high"]].isna().all(axis=None)
    chart = got.chart()
    assert isinstance(chart, BarChart)
    assert chart.title == "The cases take no time"


def test_what_a_wait_costs_by_hand(log_of, row) -> None:
    """Waits for Review 1, 24, 5 hours: the 95th percentile lies 0.9 of the way from 5 to 24; three cases wait 10 hours each;
    halving them saves 15 hours of three cases. Two days of arrivals say nothing of a year."""
    got = row(bottlenecks(log_of(THREE)), "Review")
    assert got["p95_wait_days"] == pytest.approx((5 + 0.9 * 19) / 24)
    assert got["wait_days_per_case_with_it"] == pytest.approx(10 / 24)
    assert got["halved_days_per_case"] == pytest.approx(15 / 24 / 3)
    assert np.isnan(got["case_days_per_year"])


def test_case_days_per_year_by_hand(log_of, row) -> None:
    """Five cases in the 40 days between the first arrival and the last, each waiting one day: 365.25 / 8 case-days a year."""
    rows = []
    for k in range(5):
        first = 240 * k
        rows += [(f"c{k}", "Intake", first, first), (f"c{k}", "Review", first + 24, first + 25)]
    got = row(bottlenecks(log_of(rows)), "Review")
    assert got["case_days_per_year"] == pytest.approx(365.25 * 5 / 40)


def test_halving_computes_the_path_again(log_of, row) -> None:
    """Both branches begin at 1 and overlap. Visit ends at 11 after a wait of 8; Check at 9.5 after a wait of 1. With the wait
    for Visit halved it would end at 7, so Check ends last: 1.5 hours are saved, not 4."""
    got = bottlenecks(log_of([("a", "Intake", 0, 1), ("a", "Check", 2, 9.5), ("a", "Visit", 9, 11)], ends=["Visit"]))
    assert got.paths.concurrent == (("Check", "Visit"),)
    assert row(got, "Visit")["waiting_days_per_case"] == pytest.approx(8 / 24)
    assert row(got, "Visit")["halved_days_per_case"] == pytest.approx(1.5 / 24)


def _weekly(n_weeks: int, review_wait: float = 30.0):
    """A case a week: Review waits a bit more each third week, Letter waits 5 hours."""
    for k in range(n_weeks):
        at = 168.0 * k
        wait = review_wait + 3 * (k % 3)
        yield from [
            (f"c{k}", "Intake", at, at + 1),
            (f"c{k}", "Review", at + 1 + wait, at + 2 + wait),
            (f"c{k}", "Letter", at + 7 + wait, at + 8 + wait),
        ]


def test_few_weeks_have_no_interval_and_say_so(log_of, row) -> None:
    """Nine weeks of arrivals; from eight weeks on runs are of two."""
    got = bottlenecks(log_of(_weekly(9)), draws=50)
    assert np.isnan(row(got, "Review")["share_low"])
    assert np.isnan(row(got, "Review")["first_share_of_draws"])
    assert got.waiting.low is None
    assert got.caveats[-1].startswith("The closed cases arrived in 4 runs of 2 weeks.")


def test_weeks_give_intervals_and_ranks(log_of, row) -> None:
    """Thirty weeks are ten runs. Each case: waits (30, 33 or 36) + 5, work 3. Review is first in every resample."""
    got = bottlenecks(log_of(_weekly(30)), draws=200)
    review, letter = row(got, "Review"), row(got, "Letter")
    assert review["share"] == pytest.approx(33 / 41)
    assert review["share_low"] <= 33 / 41 <= review["share_high"]
    assert (review["first_share_of_draws"], letter["first_share_of_draws"]) == (1, 0)
    assert letter["halved_low"] == pytest.approx(2.5 / 24) == pytest.approx(letter["halved_high"])
    assert "resampling runs of 3 weeks of arrivals" in got.waiting.method
    assert not any("weeks of arrivals" in c for c in got.caveats)
