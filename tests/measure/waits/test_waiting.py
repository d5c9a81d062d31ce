"""Waiting by cause: by hand, and what must hold on any log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamline.errors import InsufficientDataError, MissingColumnError
from streamline.log.calendar import Calendar
from streamline.log.duty import Duty, duty_period, office_duty
from streamline.log.event_log import EventLog
from streamline.measure.staff.start_times import estimated_starts
from streamline.measure.waits.batch_rules import BatchRule
from streamline.measure.waits.bottleneck import bottlenecks
from streamline.measure.waits.tables import CAUSES
from streamline.measure.waits.waiting import WaitingByCause, waiting_by_cause
from streamline.units import HOUR

HOURS = Calendar(hours={"mon-fri": "08:00-17:00"})
#: (case, activity, start, complete, resource), hours from Monday midnight.
ROWS: list[tuple[Any, ...]] = [
    ("1", "Intake", 8, 9, "clerk"), ("1", "Review", 12, 13, "examiner"),
    ("2", "Intake", 7, 8, "clerk"), ("2", "Review", 9, 10, "examiner"),
    ("3", "Intake", 9.5, 10, "clerk"), ("3", "Review", 10, 11, "examiner"),
    ("4", "Intake", 16, 16.5, "clerk"), ("4", "Review", 33, 34, "examiner"), ("4", "Answer", 50, 50, "examiner"),
]  # fmt: skip


@pytest.fixture(scope="module")
def staffed(log_of: Callable[..., EventLog]) -> Callable[..., EventLog]:
    return lambda rows=ROWS, **options: log_of(rows, columns=("resource",), **options)


def hours(got: WaitingByCause, row: Callable[..., dict[str, Any]]) -> dict[str, float]:
    """Hours of each cause, summed over all cases."""
    return {cause: round(row(got, cause)["hours_per_case"] * got.n, 9) for cause in got.table["cause"]}


def test_by_hand(staffed, row) -> None:
    """Case 1 is ready at 9 and reviewed at 12: until 10 the examiner reviews case 2, ready at 8 (contention); until 11 case
    3, ready at 10 (prioritisation); then nothing (extraneous). Case 2 is ready at 8 and waits an hour for a free examiner
    (extraneous). Case 4 is ready at 16:30: half an hour free, 15 hours of night, an hour free; then 16 hours for the
    customer's answer, which isn't told from anything else unless it is named."""
    got = waiting_by_cause(staffed(external=["Answer"]), calendar=HOURS, draws=20)
    assert got.n == 4
    assert hours(got, row) == {
        "external": 16, "batching": 0, "unavailability": 15, "contention": 1, "prioritisation": 1, "extraneous": 3.5,
    }  # fmt: skip
    assert got.waiting.value == pytest.approx(36.5 / 4)
    assert got.shares["external"].value == pytest.approx(16 / 36.5)
    assert row(got, "extraneous")["n_cases"] == 3
    assert row(got, "extraneous")["n_steps"] == 3
    waits = got.cases.set_index(["case", "activity"])
    assert waits.loc[("1", "Review"), "contention_hours"] == 1
    assert waits.loc[("1", "Review"), "prioritisation_hours"] == 1
    assert waits.loc[("4", "Review"), "unavailability_hours"] == 15
    assert waits.loc[("4", "Review"), "after"] == "Intake"
    assert waits.loc[("4", "Answer"), "external_hours"] == 16


def test_intervals_rest_on_weeks_of_arrivals(staffed, row) -> None:
    """A case each Monday: the examiner, who is free, begins after 1, 2 or 3 hours. Thirty weeks are ten runs of three that are
    all alike, so nothing varies; of nine weeks nothing is told but the share."""

    def weeks(n: int) -> list[tuple[Any, ...]]:
        return [
            step
            for k in range(n)
            for step in (
                (str(k), "Intake", 168 * k + 8, 168 * k + 9, "clerk"),
                (str(k), "Review", 168 * k + 10 + k % 3, 168 * k + 13, "examiner"),
            )
        ]

    share = waiting_by_cause(staffed(weeks(30)), calendar=HOURS, draws=50).shares["extraneous"]
    assert (share.value, share.low, share.high) == pytest.approx((1, 1, 1))
    assert "weeks of arrivals" in share.method
    few = waiting_by_cause(staffed(weeks(9)), calendar=HOURS, draws=50)
    assert few.shares["extraneous"].value == 1
    assert few.shares["extraneous"].low is None
    assert np.isnan(row(few, "extraneous")["hours_per_case_low"])
    assert any(c.startswith("The closed cases arrived in 4 runs of 2 weeks.") for c in few.caveats)


def test_a_range_for_unrecorded_delays(staffed) -> None:
    """Extraneous 1, 1 and 1.5 hours. The examiner was last free at 12 (case 1: 3 hours after it was ready), at 9 (case 2: 1
    hour) and at 33 (case 4: 16.5 hours); these are also all their waits for staff."""
    delay = waiting_by_cause(staffed(external=["Answer"]), calendar=HOURS, draws=20).delay
    assert delay is not None
    assert (delay.seen, delay.until_last_free, delay.at_most) == pytest.approx((3.5 / 4, 20.5 / 4, 20.5 / 4))


def test_by_activity_and_by_group(staffed) -> None:
    got = waiting_by_cause(staffed(external=["Answer"]), calendar=HOURS, groups=["office", "back office"], draws=20)
    assert got.by_activity["activity"].tolist() == ["Review", "Answer", "Intake"]
    assert got.by_activity["waiting_hours_per_case"].tolist() == [20.5 / 4, 4, 0]
    assert got.by_activity["n_steps"].tolist() == [4, 1, 4]
    groups = got.by_group.set_index("group")["waiting_hours_per_case"]
    assert groups.sum() == pytest.approx(36.5 / 4)
    assert set(groups.index) == {"office", "back office"}
    with pytest.raises(ValueError, match="cases has 1 truth values, frame has"):
        waiting_by_cause(staffed(), cases=np.ones(1, dtype=np.bool_))
    with pytest.raises(ValueError, match="groups has 1 names, frame has 2 resources"):
        waiting_by_cause(staffed(), calendar=HOURS, groups=["one"])


def test_enabled_at_the_same_instant_is_contention(log_of, row) -> None:
    """Two are ready at 9; one is begun at once and takes until 11; the other waits for it, whichever comes first."""
    rows = [(c, "Intake", 8, 9, f"clerk-{c}") for c in "ab"]
    rows += [("a", "Review", 9, 11, "examiner"), ("b", "Review", 11, 12, "examiner")]
    for some in (rows, rows[::-1]):
        got = waiting_by_cause(log_of(some, columns=("resource",)), calendar=HOURS, draws=5)
        assert hours(got, row)["contention"] == 2


def test_several_at_once(log_of, row) -> None:
    """From 10 to 11 the examiner does a case enabled earlier and one enabled later: contention; from 11 to 12 the later one
    alone: prioritisation."""
    rows = [("e", "Intake", 7, 8, "x"), ("w", "Intake", 8, 9, "y"), ("l", "Intake", 8, 9.5, "z")]
    rows += [
        ("e", "Review", 10, 11, "examiner"),
        ("l", "Review", 10, 12, "examiner"),
        ("w", "Review", 12, 13, "examiner"),
    ]
    got = waiting_by_cause(log_of(rows, columns=("resource",)), calendar=HOURS, draws=5)
    waits = got.cases.set_index(["case", "activity"]).loc[("w", "Review")]
    assert (waits.extraneous_hours, waits.contention_hours, waits.prioritisation_hours) == (1, 1, 1)
    assert any("33% of the steps run while their resource does another" in c for c in got.caveats)


def test_batches_come_before_off_duty(staffed, row) -> None:
    """Twelve weeks: ready on Monday at 10, and 11, approved on Thursday at 13, half an hour each: 75 and 74 hours of
    batching, nights included, and half an hour behind the other."""
    rows = []
    for week in range(12):
        for k in range(2 + week % 2):
            hour = 168 * week
            rows.append((f"{week}-{k}", "Review", hour + 9 + k, hour + 10 + k, "reviewer"))
            rows.append((f"{week}-{k}", "Approve", hour + 85 + k / 2, hour + 85.5 + k / 2, "boss"))
    got = waiting_by_cause(staffed(rows), calendar=HOURS, draws=20)
    found = hours(got, row)
    assert found["batching"] == 12 * (75 + 74) + 6 * 73
    assert found["contention"] == 12 * 0.5 + 6 * 1
    assert found["unavailability"] == found["extraneous"] == found["prioritisation"] == 0
    assert any("Done in batches: Approve (Thursdays at 13:00)" in c for c in got.caveats)
    assert got.chart().title == "99% of the waiting is for a batch to be released"


def test_only_chosen_cases_are_counted_but_all_keep_people_busy(staffed, row) -> None:
    log = staffed(external=["Answer"])
    chosen = log.case_id_array() == "1"
    got = waiting_by_cause(log, calendar=HOURS, cases=chosen, draws=5)
    assert got.n == 1
    assert got.excluded == {"open": 0, "outside the chosen cases": 3}
    assert hours(got, row) == {
        "external": 0, "batching": 0, "unavailability": 0, "contention": 1, "prioritisation": 1, "extraneous": 1,
    }  # fmt: skip


def test_open_cases_keep_people_busy(staffed, row) -> None:
    got = waiting_by_cause(staffed([*ROWS, ("1", "Done", 13, 13, "system")], ends=["Done"]), calendar=HOURS, draws=5)
    assert (got.n, got.excluded["open"]) == (1, 3)
    assert hours(got, row)["contention"] == 1


def test_the_hours_of_each_resource_go_before_the_calendar(staffed, row) -> None:
    """The examiner comes at 11:30 on Monday and at 9 on Tuesday: the hour from 9 to 10 of case 1 is off duty, although it
    was then at work."""
    log = staffed(external=["Answer"])
    since, until = duty_period(log)
    monday = int(log.start.min()) - 7 * HOUR
    spans = [
        np.array([[monday + h * HOUR, monday + k * HOUR] for h, k in pairs]) for pairs in ([(11.5, 16), (33, 40)],)
    ]
    spans = [np.asarray(s, dtype=np.int64) for s in spans]
    codes = np.array([-1 if name == "clerk" else 0 for name in log.resource.names])
    duty = Duty.of_schedules(spans, schedule=codes, since=since, until=until, source="roster")
    found = hours(waiting_by_cause(log, calendar=HOURS, duty=duty, draws=5), row)
    assert found["contention"] == found["prioritisation"] == 0
    assert found["unavailability"] == 2.5 + 1 + 16.5
    assert found["extraneous"] == 0.5


def test_who_seems_free_but_has_no_known_hours_is_unexplained(staffed, row) -> None:
    """Nothing is known of anybody's hours: busy is busy, the rest can't be told."""
    log = staffed(external=["Answer"])
    since, until = duty_period(log)
    duty = Duty.of_schedules([], schedule=np.full(2, -1), since=since, until=until, source="nobody knows")
    got = waiting_by_cause(log, duty=duty, draws=5)
    assert hours(got, row) == {
        "external": 16, "batching": 0, "unavailability": 0, "contention": 1, "prioritisation": 1, "extraneous": 0,
        "unexplained": 18.5,
    }  # fmt: skip
    assert any("The hours of 2 of 2 resources aren't known" in c for c in got.caveats)


def test_steps_without_a_resource_are_unexplained(staffed, row) -> None:
    rows = [(c, a, s, e, None if (c, a) == ("4", "Review") else r) for c, a, s, e, r in ROWS]
    got = waiting_by_cause(staffed(rows, external=["Answer"]), calendar=HOURS, draws=5)
    found = hours(got, row)
    assert (found["unavailability"], found["unexplained"], found["extraneous"]) == (15, 1.5, 2)
    assert any("1 of 9 steps have no resource" in c for c in got.caveats)


def test_without_resources(log_of, row) -> None:
    """Only external waits, batches and office hours can be told; without a calendar not even the last two."""
    log = log_of([r[:4] for r in ROWS], external=["Answer"])
    got = waiting_by_cause(log, calendar=HOURS, draws=5)
    assert hours(got, row) == {"external": 16, "batching": 0, "unavailability": 15, "unexplained": 5.5}
    assert got.delay is None
    assert got.duty is None
    assert any("records no resources" in c for c in got.caveats)
    bare = waiting_by_cause(log, draws=5)
    assert hours(bare, row) == {"external": 16, "unexplained": 20.5}
    assert bare.batches is None
    with pytest.raises(ValueError, match="has no resources, so their hours"):
        waiting_by_cause(log, duty=office_duty(log, HOURS))


def test_batches_without_resources(log_of, row) -> None:
    """An activity that nobody does from Monday to Thursday is released then, whoever does it."""
    rows = []
    for week in range(12):
        for k in range(2 + week % 2):
            hour = 168 * week
            rows.append((f"{week}-{k}", "Review", hour + 9 + k, hour + 10 + k))
            rows.append((f"{week}-{k}", "Approve", hour + 85 + k / 2, hour + 85.5 + k / 2))
    got = waiting_by_cause(log_of(rows), calendar=HOURS, draws=5)
    assert hours(got, row)["batching"] == 12 * (75 + 74) + 6 * 73


def test_what_is_missing_is_named(log_of, staffed) -> None:
    with pytest.raises(MissingColumnError, match=r"records no starts.*`bottlenecks` tells the time") as caught:
        waiting_by_cause(log_of([("1", "A", None, 1, "r")], columns=("resource",)))
    assert caught.value.role == "start"
    log = staffed()
    with pytest.raises(InsufficientDataError, match="none of 4 cases is closed"):
        waiting_by_cause(log, calendar=HOURS, cases=np.zeros(4, dtype=bool))
    assert any("No activity was named as external" in c for c in waiting_by_cause(staffed(), calendar=HOURS).caveats)


def test_steps_without_a_start_are_left_out(staffed) -> None:
    rows = [(c, a, None if (c, a) == ("1", "Review") else s, e, r) for c, a, s, e, r in ROWS]
    got = waiting_by_cause(staffed(rows), calendar=HOURS, draws=5)
    assert any("1 of 9 steps have no recorded start" in c for c in got.caveats)
    assert len(got.cases) == 8


def test_estimated_starts_are_said(log_of) -> None:
    """An estimated start leaves nothing free before it, which the caveats say."""
    rows = [
        (str(k), a, None, 24 * (k % 5) + h, "r") for k in range(10) for a, h in (("A", 9 + k / 20), ("B", 11 + k / 10))
    ]
    bare = log_of(rows, columns=("resource",))
    log = estimated_starts(bare, duty=office_duty(bare, HOURS))
    got = waiting_by_cause(log, calendar=HOURS, draws=2)
    assert any("is extraneous or batching by construction" in c for c in got.caveats)
    assert got.batches is not None
    assert set(log.start_caveats) <= set(got.caveats) & set(got.batches.caveats)


def test_nobody_waits(log_of) -> None:
    got = waiting_by_cause(
        log_of([("1", "A", 8, 9, "r"), ("2", "A", 9, 10, "r")], columns=("resource",)), calendar=HOURS
    )
    assert got.table["share"].isna().all()
    assert (got.table["hours_per_case"] == 0).all()
    assert got.chart().title == "No case waits"


def test_the_chart_stacks_the_causes(staffed) -> None:
    chart = waiting_by_cause(staffed(external=["Answer"]), calendar=HOURS, draws=5).chart()
    assert chart.title == "44% of the waiting is for the customer or a third party"
    assert chart.groups == tuple(c for c in CAUSES[:-1] if c != "batching")
    assert chart.stacks[0].label == "Review"
    assert sum(chart.stacks[0].values) == pytest.approx(20.5 / 4)


STEP = st.tuples(
    st.integers(0, 5),
    st.sampled_from("ABCD"),
    st.integers(0, 200),
    st.integers(0, 12),
    st.sampled_from(["p", "q", None]),
)


@given(steps=st.lists(STEP, min_size=1, max_size=40), naive=st.booleans(), known=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_causes_add_up_to_the_wait_on_any_log(log_of, steps, naive: bool, known: bool) -> None:
    rows = [(str(c), a, s / 2, (s + d) / 2, r) for c, a, s, d, r in steps]
    if all(r[4] is None for r in rows):
        rows[0] = (*rows[0][:4], "p")
    log = log_of(rows, columns=("resource",), external=["D"] if any(r[1] == "D" for r in rows) else [])
    options: dict[str, Any] = {"batch_rule": BatchRule(proven=not naive), "draws": 2}
    got = waiting_by_cause(log, **({"calendar": HOURS} if known else {}), **options)
    assert (got.causes >= 0).all()
    assert (got.causes.sum(axis=1) == got.paths.waiting).all()
    assert got.table["hours_per_case"].sum() * got.n == pytest.approx(
        bottlenecks(log, draws=2).waiting.value * 24 * got.n, abs=1e-6
    )


@given(steps=st.lists(STEP, min_size=2, max_size=25), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_row_order_and_names_change_nothing(log_of, steps, seed: int) -> None:
    rows = [(str(c), a, s / 2 + i / 1000, (s + d) / 2 + i / 1000, r or "p") for i, (c, a, s, d, r) in enumerate(steps)]
    names = {"A": "z", "B": "y", "C": "x", "D": "w", "p": "zz", "q": "aa"}
    other = [(f"case {c}", names[a], s, e, names[r]) for c, a, s, e, r in rows]
    np.random.default_rng(seed).shuffle(other)
    one = waiting_by_cause(log_of(rows, columns=("resource",)), calendar=HOURS, draws=2)
    two = waiting_by_cause(log_of(other, columns=("resource",)), calendar=HOURS, draws=2)
    pd.testing.assert_frame_equal(one.table, two.table)
