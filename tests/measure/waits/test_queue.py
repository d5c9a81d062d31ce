"""Numbers waiting and in service over time, by hand; and Little's law to the microsecond on any log and window."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import LineChart
from streamline.measure.periods import period_edges
from streamline.measure.waits.queue import queue_over_time
from streamline.units import DAY, HOUR

#: Review is awaited 9 to 10 (a), 9 to 33 (b), 9 to 14 (c); done 10 to 12, 33 to 34, 14 to 17. Hours since Monday.
THREE = [
    ("a", "Intake", 8, 9), ("a", "Review", 10, 12), ("a", "Letter", 12, 13),
    ("b", "Intake", 8, 9), ("b", "Review", 33, 34), ("b", "Letter", 35, 36),
    ("c", "Intake", 8, 9), ("c", "Review", 14, 17), ("c", "Letter", 17, 18),
]  # fmt: skip


def _window(at, first: float, last: float) -> tuple[int, int]:
    return at(first).value // 1000, at(last).value // 1000


def test_one_activity_by_hand(log_of, at) -> None:
    """Monday: waits of 1 + 15 + 5 hours within 24; work of 2 + 3. Tuesday to 36 h: a wait of 9, work of 1, of 12 hours."""
    got = queue_over_time(log_of(THREE), activity="Review", window=_window(at, 0, 36))
    assert got.table["mean_waiting"].tolist() == pytest.approx([21 / 24, 9 / 12])
    assert got.table["mean_in_service"].tolist() == pytest.approx([5 / 24, 1 / 12])
    assert got.table["mean_waiting_or_in_service"].tolist() == [0, 0]
    assert got.table[["n_entered", "n_started", "n_completed"]].to_numpy().tolist() == [[3, 2, 2], [0, 1, 1]]
    waiting, service = got.littles_law
    assert (waiting.state, waiting.n, waiting.residual_us) == ("waiting", 3, 0)
    assert waiting.mean_number == pytest.approx(30 / 36)
    assert waiting.arrivals_per_day == pytest.approx(2)
    assert waiting.mean_days == pytest.approx(10 / 24)
    assert service.mean_number == pytest.approx(6 / 36)


def test_a_window_that_cuts_waits_by_hand(log_of, at) -> None:
    """From 10 to 20 h: a's wait is over; b's lasts 10 of it and c's 4. Both began before the window, none within it."""
    got = queue_over_time(log_of(THREE), activity="Review", every="hour", window=_window(at, 10, 20))
    law = got.littles_law[0]
    assert len(got.table) == 10
    assert law.mean_number == pytest.approx(1.4)
    assert (law.n, law.carried_in_days, law.carried_out_days) == (0, pytest.approx(14 / 24), 0)
    assert np.isnan(law.mean_days)
    # from 8 to 20 h all three begin within it; b's 13 hours after it are carried out: 30 - 13 = 17 hours of 12
    law = queue_over_time(log_of(THREE), activity="Review", every="hour", window=_window(at, 8, 20)).littles_law[0]
    assert (law.n, law.carried_out_days) == (3, pytest.approx(13 / 24))
    assert law.mean_number == pytest.approx(17 / 12)


def test_open_cases_wait_or_are_in_service_until_the_log_ends(log_of) -> None:
    """d awaits an unknown step from 20 on; e's review began at 22, after a wait of 1. The log ends at 36."""
    rows = [*THREE, ("d", "Intake", 19, 20), ("e", "Intake", 20, 21), ("e", "Review", 22, None)]
    log = log_of(rows, ends=["Letter"])
    whole = queue_over_time(log)
    assert whole.littles_law[0].mean_number * 28 == pytest.approx(30 + 1 + 16 + 1)
    assert whole.littles_law[1].mean_number * 28 == pytest.approx(3 + 6 + 3 + 2 + 14)
    assert any("Open cases count" in c for c in whole.caveats)
    review = queue_over_time(log, activity="Review")
    assert review.littles_law[0].mean_number * 28 == pytest.approx(30 + 1)
    assert review.littles_law[1].mean_number * 28 == pytest.approx(6 + 14)
    assert review.caveats[0].startswith("1 step that open cases await")
    assert len(review.cases) == 8
    assert (whole.n, review.n) == (5, 4)


def test_completions_only_are_told_apart_from_waits(log_of) -> None:
    got = queue_over_time(log_of([(c, a, None, done) for c, a, _, done in THREE]), activity="Review")
    (law,) = got.littles_law
    assert (law.state, law.mean_days) == ("waiting or in service", pytest.approx(36 / 3 / 24))
    assert got.caveats[0].startswith("3 steps without a recorded start")
    assert got.table["mean_waiting"].sum() == 0


def test_one_pool(log_of) -> None:
    rows = [(*row, "eva" if row[1] == "Review" else "cleo") for row in THREE]
    log = log_of(rows, columns=("resource",))
    pools = ["Clerks", "Examiners"]
    got = queue_over_time(log, group="Examiners", groups=pools)
    assert got.littles_law[0] == queue_over_time(log, activity="Review").littles_law[0]
    assert got.subject == "pool Examiners"
    with pytest.raises(UnknownNameError, match=r"no pool 'Examinors'\. Did you mean 'Examiners'"):
        queue_over_time(log, group="Examinors", groups=pools)


def test_what_cannot_be_told_is_refused(log_of, at) -> None:
    log = log_of(THREE)
    with pytest.raises(UnknownNameError, match="no activity 'Revue'"):
        queue_over_time(log, activity="Revue")
    with pytest.raises(InsufficientDataError, match="Review has no step that waits or is worked on in the window"):
        queue_over_time(log, activity="Review", window=_window(at, 100, 110))
    with pytest.raises(ValueError, match="no length"):
        queue_over_time(log, window=_window(at, 9, 9))
    with pytest.raises(ValueError, match="every='fortnight' is not a period"):
        queue_over_time(log, every="fortnight")
    with pytest.raises(ValueError, match="too many to tell"):
        queue_over_time(log, every="hour", window=_window(at, 0, 24 * 365 * 200))


@pytest.mark.parametrize("every", ["hour", "day", "week", "month", "quarter"])
def test_the_same_queue_by_other_periods(log_of, at, every) -> None:
    log, window = log_of(THREE), _window(at, 0, 36)
    asked = queue_over_time(log, activity="Review", every=every, window=window)
    got = queue_over_time(log, activity="Review", every="day", window=window).by(every)
    pd.testing.assert_frame_equal(got.table, asked.table)
    assert got.chart() == asked.chart()
    assert got.littles_law == asked.littles_law


def test_a_peak_is_told_by_its_period(log_of, at) -> None:
    q = queue_over_time(log_of(THREE), activity="Review", window=_window(at, 0, 36))
    titles = [q.by(every).chart().title.split("most in ")[1] for every in ("week", "month", "quarter")]
    assert titles == ["the week of 6 January 2025: 0.8", "January 2025: 0.8", "quarter 1 of 2025: 0.8"]


def test_the_chart_by_hand(log_of, at) -> None:
    chart = queue_over_time(log_of(THREE), activity="Review", window=_window(at, 0, 36)).chart()
    assert isinstance(chart, LineChart)
    assert chart.title == "Review: 0.8 waiting on average, most in the day of 6 January 2025: 0.9"
    assert [line.label for line in chart.lines] == ["waiting", "in service"]
    assert chart.lines[0].at[0] == at(0).value // 1000


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("America/New_York", "2025-03-09", 23), ("America/New_York", "2025-11-02", 25), ("America/Havana", "2025-11-02", 25),
     ("America/Santiago", "2025-09-07", 23)],
)  # fmt: skip
def test_days_of_clock_changes_have_their_own_length(log_of, zone: str, day: str, hours: int) -> None:
    """In Santiago that day begins at 01:00; in Havana midnight comes twice, and the first one counts."""
    log = log_of([("a", "x", 0, 1)], timezone=zone)
    first = pd.Timestamp(day + " 12:00", tz=zone).value // 1000
    edges = period_edges(log, first, first + 1, "day")
    assert len(edges) == 2
    assert edges[1] - edges[0] == hours * HOUR


def test_a_date_that_a_zone_left_out_is_no_period(log_of) -> None:
    """Samoa went from 29 to 31 December 2011."""
    log = log_of([("a", "x", 0, 1)], timezone="Pacific/Apia")
    first, last = (pd.Timestamp(t, tz="Pacific/Apia").value // 1000 for t in ("2011-12-29 12:00", "2011-12-31 12:00"))
    said = [f"{t:%m-%d %H:%M}" for t in log.instants(period_edges(log, first, last, "day"))]
    assert said == ["12-29 00:00", "12-31 00:00", "01-01 00:00"]


def test_weeks_months_and_hours_by_hand(log_of) -> None:
    log = log_of([("a", "x", 0, 1)], timezone="Asia/Kolkata")
    first, last = (pd.Timestamp(t, tz="Asia/Kolkata").value // 1000 for t in ("2025-01-08 10:20", "2025-02-03 00:00"))
    said = {every: [f"{t:%m-%d %H:%M}" for t in log.instants(period_edges(log, first, last, every))] for every in
            ("week", "month", "quarter")}  # fmt: skip
    assert said["week"] == ["01-06 00:00", "01-13 00:00", "01-20 00:00", "01-27 00:00", "02-03 00:00"]
    assert said["month"] == ["01-01 00:00", "02-01 00:00", "03-01 00:00"]
    assert said["quarter"] == ["01-01 00:00", "04-01 00:00"]
    late = pd.Timestamp("2025-12-31 23:59", tz="Asia/Kolkata").value // 1000
    assert [f"{t:%m-%d}" for t in log.instants(period_edges(log, last, late, "quarter"))] == [
        "01-01",
        "04-01",
        "07-01",
        "10-01",
        "01-01",
    ]
    hours = period_edges(log, first, first + HOUR, "hour")
    assert [f"{t:%H:%M}" for t in log.instants(hours)] == ["10:00", "11:00", "12:00"]


_ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("XYZ"), st.integers(0, 40), st.integers(0, 9), st.integers(0, 9)),
    min_size=1, max_size=15,
)  # fmt: skip


@given(rows=_ROWS, first=st.integers(0, 45), length=st.integers(1, 40), every=st.sampled_from(["hour", "day", "week"]))
@settings(max_examples=150, deadline=None)
def test_littles_law_holds_to_the_microsecond(log_of, at, rows, first, length, every) -> None:
    """Whatever the window cuts, whichever steps are unfinished or without a start; and the average of the periods is L."""
    made = [(c, a, None if kind == 0 else s, None if kind == 1 else s + d + 1 / 7) for c, a, s, d, kind in rows]
    if not any(done is not None for *_, done in made):
        return
    log = log_of([*made, ("z", "X", 0, 50)])
    window = _window(at, first, first + length)
    try:
        got = queue_over_time(log, every=every, window=window)
    except InsufficientDataError:
        return
    assert [law.residual_us for law in got.littles_law] == [0] * len(got.littles_law)
    edges = period_edges(log, *window, every)
    edges[0], edges[-1] = window
    for law in got.littles_law:
        column = got.table["mean_" + law.state.replace(" ", "_")]
        assert (column * np.diff(edges)).sum() / (window[1] - window[0]) == pytest.approx(law.mean_number)
        assert law.mean_number * law.window_days == pytest.approx(
            (law.n * law.mean_days if law.n else 0) + law.carried_in_days - law.carried_out_days, abs=1e-9
        )


@pytest.mark.real
@pytest.mark.parametrize("name", ["receipt", "bpic2012-w", "bpic2017-w"])
def test_littles_law_on_real_logs(real_log, name: str) -> None:
    log = real_log(name)
    first, last = log.period
    middle = first + (last - first) // 3, last - (last - first) // 3
    for window in (None, middle):
        got = queue_over_time(log, every="day", window=window)
        assert all(law.residual_us == 0 for law in got.littles_law)
        assert got.littles_law[0].window_days == pytest.approx((got.window[1] - got.window[0]) / DAY)
