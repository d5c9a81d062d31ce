"""Hours, closures and absences found from who was seen working when, on offices whose truth is drawn first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.errors import InsufficientDataError
from streamline.log.calendar import Calendar
from streamline.log.duty import office_duty
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.staff.availability import resource_calendars
from streamline.measure.staff.pools import resource_pools
from streamline.measure.waits.path import paths
from streamline.units import HOUR

Shift = tuple[str, pd.Timestamp, pd.Timestamp]
ZONE = "America/New_York"


def log_of_shifts(shifts: Iterable[Shift], *, zone: str = ZONE, activity: str = "work") -> EventLog:
    """A log in which people do one step in each shift, each of a case of its own; shifts are told by the local clock."""
    frame = pd.DataFrame(shifts, columns=["resource", "start", "complete"])
    for name in ("start", "complete"):
        frame[name] = pd.to_datetime(frame[name]).dt.tz_localize(zone)
    frame = frame.assign(case=np.arange(len(frame)).astype(str), activity=activity)
    return read_log(
        frame, case="case", activity="activity", start="start", complete="complete", resource="resource", timezone=zone
    )


def hourly(
    who: str, days: Iterable[pd.Timestamp], first: int = 9, last: int = 17, share: float = 1.0, seed: int = 0
) -> list[Shift]:
    """A step of 40 minutes in each hour of each day, or in a share of them drawn at random."""
    rng = np.random.default_rng(seed)
    hours = [day + pd.Timedelta(hours=h) for day in days for h in range(first, last)]
    return [(who, at + pd.Timedelta(minutes=10), at + pd.Timedelta(minutes=50)) for at in hours if rng.random() < share]


def weekdays(first: str, n_weeks: int) -> list[pd.Timestamp]:
    return [pd.Timestamp(first) + pd.Timedelta(weeks=w, days=d) for w in range(n_weeks) for d in range(5)]


def hours_of(result: Any, who: str) -> str:
    return str(result.table.set_index("resource").loc[who, "hours"])


def test_office_hours_over_the_change_of_the_clock() -> None:
    # from 3 February 2025; the clock goes forward on 9 March
    log = log_of_shifts(hourly("ann", weekdays("2025-02-03", 10)))
    found = resource_calendars(log)
    assert hours_of(found, "ann") == "Mon-Fri 09:00-17:00"
    row = found.table.iloc[0]
    assert (row["hours_from"], row["hours_per_week"], row["support"], row["confidence"]) == ("own activity", 40, 1, 1)
    on = found.duty.intervals(0)
    assert set((on[1:-1, 1] - on[1:-1, 0]) // HOUR) == {8}
    begins = pd.to_datetime(on[1:-1, 0], unit="us", utc=True)
    assert {(t.month == 2 or (t.month, t.day) < (3, 9), t.hour) for t in begins} == {(True, 14), (False, 13)}
    assert found.closures == ()
    assert found.absences.empty


def test_it_equals_the_office_calendar_that_people_keep() -> None:
    log = log_of_shifts(hourly("ann", weekdays("2025-02-03", 30), share=0.6))
    found = resource_calendars(log, surprise=0)
    office = office_duty(log, Calendar(hours={"mon-fri": "09:00-17:00"}, timezone=ZONE))
    assert found.duty.intervals(0).tolist() == office.intervals(0).tolist()


def test_a_step_left_open_overnight_proves_no_night_work() -> None:
    days = weekdays("2025-02-03", 10)
    over = [("ann", a + pd.Timedelta(hours=16), b + pd.Timedelta(hours=9.5)) for a, b in pairwise(days)]
    found = resource_calendars(log_of_shifts(hourly("ann", days) + over))
    assert hours_of(found, "ann") == "Mon-Fri 09:00-17:00"


def test_night_work_is_found_where_it_is_done() -> None:
    days = weekdays("2025-05-05", 10)
    night = [(w, at + pd.Timedelta(hours=13), to + pd.Timedelta(hours=13)) for w, at, to in hourly("ned", days)]
    found = resource_calendars(log_of_shifts(night))  # from 22:00 to 06:00
    assert hours_of(found, "ned") == "Mon 22:00-24:00, Tue-Fri 00:00-06:00 and 22:00-24:00, Sat 00:00-06:00"


def test_one_late_evening_is_no_habit_but_who_works_then_is_on_duty() -> None:
    days = weekdays("2025-02-03", 12)
    late = [("ann", days[7] + pd.Timedelta(hours=19), days[7] + pd.Timedelta(hours=20))]
    log = log_of_shifts(hourly("ann", days) + late)
    usual, seen = resource_calendars(log), resource_calendars(log, rule="seen")
    assert hours_of(usual, "ann") == "Mon-Fri 09:00-17:00"
    assert hours_of(seen, "ann") == "Mon-Tue,Thu-Fri 09:00-17:00, Wed 09:00-17:00 and 19:00-20:00"
    at = int(pd.Timestamp("2025-02-12 19:30", tz=ZONE).value // 1000)
    week_later = int(pd.Timestamp("2025-02-19 19:30", tz=ZONE).value // 1000)
    assert usual.duty.is_on(0, [at, week_later]).tolist() == [True, False]
    assert seen.duty.is_on(0, [at, week_later]).tolist() == [True, True]
    assert usual.table["support"][0] == pytest.approx(1 - 2 / (2 * 481))


def test_who_always_takes_up_what_comes_at_night_is_ready_at_night() -> None:
    """Work comes at night on one day in ten only, and is done at once; at the desk something waits all day."""
    days = weekdays("2025-02-03", 40)
    night = [("ann", d + pd.Timedelta(hours=2), d + pd.Timedelta(hours=2.5)) for d in days[::10]]
    night += [("ann", d + pd.Timedelta(hours=2), d + pd.Timedelta(hours=2.5)) for d in days[5::10]]
    found = resource_calendars(log_of_shifts(hourly("ann", days) + night))
    assert hours_of(found, "ann") == "Mon 02:00-03:00 and 09:00-17:00, Tue-Fri 09:00-17:00"


def delayed(who: str, first: int, last: int, *, at_night: bool, seed: int) -> EventLog:
    """Five cases of two steps on each of 120 days: the first at once, by a machine, between `first` and `last`; the second,
    half an hour of work by `who`, after a delay of four hours on average, at any hour, or else, when late, in the first hour
    of the next day's work."""
    rng = np.random.default_rng(seed)
    rows = []
    for k, day in enumerate(np.repeat(pd.date_range("2025-02-03", periods=120), 5)):
        at = day + pd.Timedelta(hours=rng.uniform(first, last))
        begun = at + pd.Timedelta(hours=rng.exponential(4.0))
        if not at_night and not 9 <= begun.hour + begun.minute / 60 < 16.5:
            begun = (begun - pd.Timedelta(hours=9)).ceil("D") + pd.Timedelta(hours=9 + rng.uniform(0, 1))
        rows.append((str(k), "note", at, at, "machine"))
        rows.append((str(k), "work", begun, begun + pd.Timedelta(minutes=30), who))
    frame = pd.DataFrame(rows, columns=["case", "activity", "start", "complete", "resource"])
    return read_log(
        frame, case="case", activity="activity", start="start", complete="complete", resource="resource", timezone="UTC"
    )


def test_hours_in_which_what_waits_is_begun_as_readily_are_on_duty() -> None:
    """Few cases are left at night; whether they are begun then tells who works at night from who goes home."""
    night = resource_calendars(delayed("ned", 9, 17, at_night=True, seed=1)).table.set_index("resource")
    day = resource_calendars(delayed("dan", 9, 17, at_night=False, seed=1)).table.set_index("resource")
    assert night.loc["ned", "hours"] == "round the clock"
    assert day.loc["dan", "hours"] == "Mon-Sun 09:00-17:00"


def test_a_lunch_break_is_kept_and_a_chance_gap_is_not() -> None:
    days = weekdays("2025-02-03", 30)
    no_noon = [shift for shift in hourly("ann", days, share=0.8) if shift[1].hour != 12]
    assert hours_of(resource_calendars(log_of_shifts(no_noon)), "ann") == "Mon-Fri 09:00-12:00 and 13:00-17:00"
    # seen in three of ten weeks in a slot on average, and never on one Tuesday at 11
    some = [
        s
        for s in hourly("bob", weekdays("2025-02-03", 22), share=0.3, seed=4)
        if (s[1].weekday(), s[1].hour) != (1, 11)
    ]
    found = resource_calendars(log_of_shifts(some))
    assert hours_of(found, "bob").startswith("Mon-Fri 09:00-17:00")


def test_weeks_off_and_closures_are_found() -> None:
    days = weekdays("2025-02-03", 30)
    holiday = pd.Timestamp("2025-05-26")
    off = {d for d in days if pd.Timestamp("2025-07-07") <= d < pd.Timestamp("2025-07-21")}
    open_days = [d for d in days if d != holiday]
    staff = [
        *hourly("ann", [d for d in open_days if d not in off], share=0.5, seed=1),
        *hourly("bob", open_days, share=0.5, seed=2),
        *hourly("cid", open_days, share=0.5, seed=3),
    ]
    found = resource_calendars(log_of_shifts(staff))
    assert found.closures == (holiday,)
    assert len(found.absences) == 1
    absence = found.absences.iloc[0]
    assert (absence["resource"], absence["open_days"]) == ("ann", 10)
    assert absence["first_day"] <= min(off)
    assert absence["last_day"] >= max(off)
    assert absence["probability"] < 1e-9
    assert set(found.table["hours"]) == {"Mon-Fri 09:00-17:00"}
    noon = [int(pd.Timestamp(f"{d} 12:00", tz=ZONE).value // 1000) for d in ("2025-05-26", "2025-07-10", "2025-07-22")]
    names = found.table.sort_values("resource")["resource"].tolist()
    assert names == ["ann", "bob", "cid"]
    code = {name: log_code for log_code, name in enumerate(["ann", "bob", "cid"])}
    assert found.duty.is_on(code["ann"], noon).tolist() == [False, False, True]
    assert found.duty.is_on(code["bob"], noon).tolist() == [False, True, True]
    assert resource_calendars(log_of_shifts(staff), surprise=0).closures == ()


def test_false_absences_are_as_rare_as_said() -> None:
    """Forty people who are in on seven days in ten, at random, are never away: 40 times `surprise` absences are expected."""
    rng = np.random.default_rng(11)
    days = weekdays("2024-01-01", 52)
    shifts = [
        (f"r{k:02d}", d + pd.Timedelta(hours=10), d + pd.Timedelta(hours=11))
        for k in range(40)
        for d in days
        if rng.random() < 0.7
    ]
    log = log_of_shifts(shifts)
    # a sum of independent rare events: over 5 where 0.4 are expected has probability 1e-5; over 34 where 20 are, 0.001
    assert len(resource_calendars(log, surprise=0.01).absences) <= 5
    assert len(resource_calendars(log, surprise=0.5).absences) <= 34
    assert resource_calendars(log, surprise=0.01).closures == ()


def test_when_no_more_cases_come_silence_proves_nothing() -> None:
    days = weekdays("2025-02-03", 30)
    after = [d + pd.Timedelta(weeks=12) for d in days[-5:]]
    frame = hourly("ann", days) + hourly("bob", days)
    log = log_of_shifts(frame)
    late = log_of_shifts([*frame, *hourly("ann", after[:1], 9, 10), *hourly("bob", after[:1], 9, 10)])
    for chosen in (log, late):
        found = resource_calendars(chosen)
        assert found.closures == ()
        assert found.absences.empty


def test_who_is_seen_seldom_takes_the_hours_of_the_pool() -> None:
    days = weekdays("2025-02-03", 20)
    log = log_of_shifts(
        hourly("ann", days, share=0.7) + hourly("bob", days, share=0.7, seed=1) + hourly("tim", days[40:41])
    )
    found = resource_calendars(log)
    table = found.table.set_index("resource")
    assert table["hours_from"].to_dict() == {"ann": "own activity", "bob": "own activity", "tim": "pool"}
    assert table.loc["tim", "hours"] == "Mon-Fri 09:00-17:00"
    assert found.by_pool[["n_own", "n_pool", "n_unknown"]].to_numpy().tolist() == [[2, 1, 0]]
    assert any("1 of 3 resources are seen too seldom" in c for c in found.caveats)


def test_a_short_log_shows_no_weekly_hours() -> None:
    found = resource_calendars(log_of_shifts(hourly("ann", weekdays("2025-02-03", 1))))
    assert found.table["hours"].tolist() == ["unknown"]
    assert found.table["hours_per_week"].isna().all()
    assert np.isnan(found.support)
    assert found.duty.known.tolist() == [False]
    assert found.duty.time(0, found.duty.since, found.duty.until) == found.duty.until - found.duty.since
    assert any("count as always on duty" in c for c in found.caveats)
    assert found.by_pool["hours"].tolist() == ["unknown"]


def test_external_steps_prove_nothing(log_of: Callable[..., EventLog]) -> None:
    rows = [(str(k), "wait", 24.0 * k + 3, 24.0 * k + 4, "ann") for k in range(60)]
    rows += [(f"w{k}", "work", 24.0 * k + 10, 24.0 * k + 11, "ann") for k in range(60)]
    log = log_of(rows, columns=("resource",), timezone="UTC", external=["wait"])
    assert hours_of(resource_calendars(log), "ann") == "Mon-Sun 10:00-11:00"


def test_completions_alone_give_hours_too(log_of: Callable[..., EventLog]) -> None:
    rows = [(f"{k}-{h}", "work", None, 24.0 * k + h + 0.5, "ann") for k in range(60) for h in range(9, 12)]
    log = log_of(rows, columns=("resource",), timezone="UTC")
    assert hours_of(resource_calendars(log), "ann") == "Mon-Sun 09:00-12:00"


def test_dates_without_a_time_of_day_prove_no_hours() -> None:
    days = weekdays("2025-02-03", 20)
    dated = [("dora", d, d) for d in days]
    found = resource_calendars(log_of_shifts(dated))
    assert found.table["hours"].tolist() == ["unknown"]
    assert found.table["n_signs"].tolist() == [0]
    assert found.table["first_day"].isna().all()
    assert any("200 starts and completions are dates without a time of day" in c for c in found.caveats)
    mixed = resource_calendars(log_of_shifts(dated + hourly("ann", days)))
    assert hours_of(mixed, "ann") == "Mon-Fri 09:00-17:00"
    # a single midnight among many times is a time
    one = [*hourly("ann", days), ("ann", days[0], days[0] + pd.Timedelta(minutes=30))]
    assert not any("dates without" in c for c in resource_calendars(log_of_shifts(one)).caveats)


def test_finer_slots() -> None:
    days = weekdays("2025-02-03", 20)
    shifts = [
        ("ann", d + pd.Timedelta(minutes=m), d + pd.Timedelta(minutes=m + 30))
        for d in days
        for m in range(510, 990, 30)
    ]
    log = log_of_shifts(shifts)
    assert hours_of(resource_calendars(log, granularity="30 min"), "ann") == "Mon-Fri 08:30-16:30"
    assert hours_of(resource_calendars(log), "ann") == "Mon-Fri 08:00-17:00"


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(4, 12)), min_size=7, max_size=7),
    st.lists(st.booleans(), min_size=7, max_size=7).filter(any),
)
def test_any_weekly_hours_are_found_again(spans: list[tuple[int, int]], works: list[bool]) -> None:
    """Busy in nine of ten hours on duty, for forty weeks: found are the hours that were drawn, on each day that has some."""
    rng = np.random.default_rng(1)
    monday, shifts, truth = pd.Timestamp("2025-02-03"), [], np.zeros((7, 24), dtype=bool)
    for day in np.flatnonzero(works):
        begin, end = spans[day][0], min(spans[day][0] + spans[day][1], 24)
        truth[day, begin:end] = True
        for week in range(40):
            for hour in range(begin, end):
                if rng.random() < 0.9:
                    at = monday + pd.Timedelta(weeks=week, days=int(day), hours=hour, minutes=5)
                    shifts.append(("ann", at, at + pd.Timedelta(minutes=30)))
    found = resource_calendars(log_of_shifts(shifts, zone="UTC"))
    assert (found.weekly[0].reshape(7, 24) == truth).all()
    assert found.absences.empty


def test_a_service_that_runs_down_has_no_closures() -> None:
    """Thirty people work daily for 20 weeks; then all but two come once in a month only, while cases still arrive."""
    days, rng = weekdays("2025-02-03", 60), np.random.default_rng(5)
    shifts = [
        (f"r{k:02d}", d + pd.Timedelta(hours=10), d + pd.Timedelta(hours=11))
        for k in range(30)
        for i, d in enumerate(days)
        if rng.random() < (0.95 if i < 100 else 0.6 if k < 2 else 0.04)
    ]
    assert resource_calendars(log_of_shifts(shifts)).closures == ()
    holiday = [s for s in shifts if s[1].date() != days[44].date()]
    assert resource_calendars(log_of_shifts(holiday)).closures == (days[44],)


def test_a_silence_that_begins_in_time_is_judged_by_its_first_part() -> None:
    """Cases come until the end of August; ann is away from July to October, and one late case of hers is left."""
    days = weekdays("2025-02-03", 30)
    july = pd.Timestamp("2025-07-01")
    late = pd.Timestamp("2025-10-20")
    shifts = [*hourly("ann", [d for d in days if d < july]), *hourly("bob", days), *hourly("ann", [late], 9, 10)]
    absence = resource_calendars(log_of_shifts(shifts)).absences
    assert absence["resource"].tolist() == ["ann"]
    assert (absence["first_day"][0], absence["last_day"][0]) == (july, late - pd.Timedelta(days=1))


def test_rows_in_another_order_and_other_names_change_nothing() -> None:
    days = weekdays("2025-02-03", 15)
    shifts = hourly("ann", days, share=0.5) + hourly("bob", days, share=0.4, seed=5)
    there, back = resource_calendars(log_of_shifts(shifts)), resource_calendars(log_of_shifts(shifts[::-1]))
    assert there.table.equals(back.table)
    renamed = [({"ann": "zoe", "bob": "yan"}[w], a, b) for w, a, b in shifts]
    other = resource_calendars(log_of_shifts(renamed)).table.set_index("resource")["hours"]
    assert other.to_dict() == {"zoe": hours_of(there, "ann"), "yan": hours_of(there, "bob")}


def test_options_out_of_range_are_refused(log_of: Callable[..., EventLog]) -> None:
    log = log_of_shifts(hourly("ann", weekdays("2025-02-03", 3)))
    for options, said in (
        ({"granularity": "7 h"}, "granularity is '7 h'"),
        ({"granularity": "90 s"}, "granularity is '90 s'"),
        ({"rule": "all"}, "rule is 'all'"),
        ({"surprise": 1.0}, "surprise is 1"),
        ({"confidence": 0}, "confidence is 0"),
        ({"support": 1.5}, "support is 1.5"),
        ({"min_weeks": -1}, "weeks is -1"),
        ({"longest_stretch": "soon"}, "'soon' is not a duration"),
    ):
        with pytest.raises(ValueError, match=said):
            resource_calendars(log, **options)  # type: ignore[arg-type]
    with pytest.raises(InsufficientDataError, match="resource="):
        resource_calendars(log_of([("1", "a", 0, 1)], timezone="UTC"))
    other = log_of([("1", "a", 0, 1, "x"), ("1", "a", 1, 2, "y")], columns=("resource",), timezone="UTC")
    with pytest.raises(InsufficientDataError, match="the pools are of 2"):
        resource_calendars(log, pools=resource_pools(other))


def test_the_chart_counts_people_and_names_none() -> None:
    days = weekdays("2025-02-03", 20)
    log = log_of_shifts(hourly("ann", days) + hourly("bob", days, 12, 17))
    chart = resource_calendars(log).chart()
    assert chart.values[0][9:17] == (1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0)
    assert sum(map(sum, chart.values)) == 5 * (8 + 5)
    assert "ann" not in repr(chart)


def _permits(folder: Path) -> EventLog:
    return read_log(
        folder / "events.csv.gz", case="permit", activity="step", start="began", complete="finished", resource="worker",
        timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("name", ["permits", "permits-busy", "permits-calm"])
def test_the_permit_office_works_monday_to_friday_from_8_to_17(name: str, shared_truth: Path) -> None:
    """Clerks and examiners keep office hours. The supervisor approves on Thursdays and on as long as the batch lasts; nothing
    shows that it is there at other times. Nobody is ever away, and the drain at the end makes no absences."""
    log = _permits(shared_truth / name)
    found = resource_calendars(log)
    kinds = found.table.assign(kind=found.table["resource"].str.split("-").str[0]).set_index("kind")
    for kind in ("clerk", "examiner"):
        assert set(kinds.loc[[kind], "hours"]) == {"Mon-Fri 08:00-17:00"}
        assert kinds.loc[[kind], "support"].min() > 0.999
    assert "Thu 13:00-17:00" in kinds.loc["supervisor", "hours"]
    assert found.closures == ()
    assert found.absences.empty
    office = office_duty(log, Calendar(hours={"mon-fri": "08:00-17:00"}))
    assert log.resource is not None
    for code, who in enumerate(log.resource.names):
        if who.startswith(("clerk", "examiner")):
            off_office = found.duty.time(code, office.since, office.until) - office.time(
                code, office.since, office.until
            )
            assert 0 <= off_office <= HOUR  # own work past 17:00


@pytest.mark.real
@pytest.mark.parametrize(
    "name", ["LoanApp_fewRes_9-5_noTimers", "LoanApp_fewRes_9-5_noTimers_batch", "Loan_Application"]
)
def test_simulated_offices_from_9_to_17(name: str, shared_data: Path) -> None:
    log = _loan(shared_data, name)
    hours = resource_calendars(log).table.set_index("resource")["hours"]
    staff = hours[~hours.index.str.contains("Applicant") & (hours != "unknown")]
    known = staff[staff.index.str.match(r"Clerk|AML|Apprais|Loan|Senior")]
    assert len(known) >= 8
    for text in known:
        assert {span.split(" ")[-1] for span in text.split(", ")} == {"09:00-17:00"}, text


@pytest.mark.real
def test_round_the_clock_is_not_taken_for_office_hours(shared_data: Path) -> None:
    """People work at any hour there, though cases arrive by day: the hours found are much longer than those 40, and duty holds
    all the work."""
    log = _loan(shared_data, "LoanApp_fewRes_24-7_noTimers")
    found = resource_calendars(log)
    clerks = found.table[found.table["resource"].str.startswith("Clerk")]
    assert clerks["hours_per_week"].min() > 70
    assert log.resource is not None
    known = found.duty.known[log.resource.codes] & (log.complete - log.start <= 4 * HOUR)
    who, start, end = log.resource.codes[known], log.start[known], log.complete[known]
    assert (found.duty.time(who, start, end) == end - start).all()


@pytest.mark.real
@pytest.mark.parametrize("name", ["LoanApp_fewRes_24-7_timers", "LoanApp_infRes_24-7_timers"])
def test_waiting_round_the_clock_is_hardly_ever_for_somebody_off_duty(name: str, shared_data: Path) -> None:
    """Everybody works at all hours there, so the true share is 0; less than 1% of the waiting is put off duty."""
    log = _loan(shared_data, name)
    duty, found = resource_calendars(log).duty, paths(log)
    assert log.resource is not None
    staff = found.known & ~np.isin(log.activity, [log.activities.index("Applicant completes form")])
    who, since, until = log.resource.codes[staff], found.enabled[staff], log.start[staff]
    off = (until - since) - duty.time(who, since, until)
    assert off.sum() < 0.01 * (until - since).sum()


@pytest.mark.real
def test_a_bank_works_by_day_and_on_saturdays(real_log: Callable[[str], Any]) -> None:
    log = real_log("bpic2017-w")
    found = resource_calendars(log)
    assert found.support > 0.95
    grid = found.weekly[found.duty.known]
    night = np.r_[0:3, 20:24]
    assert grid.reshape(-1, 7, 24)[:, :, night].mean() < 0.01
    assert grid.reshape(-1, 7, 24)[:, 6].mean() < 0.05
    assert grid.reshape(-1, 7, 24)[:, 5].any()
    assert 45 < float(np.nanmedian(found.table["hours_per_week"])) < 80


def _loan(shared_data: Path, name: str) -> EventLog:
    file = shared_data / "factorial-causes" / f"{name}.csv.gz"
    head = pd.read_csv(file, nrows=0).columns
    named = {c.lower(): c for c in head}
    return read_log(
        file, case=named["case_id"], activity=named["activity"], start=named["start_time"], complete=named["end_time"],
        resource=named["resource"], timezone="UTC",
    )  # fmt: skip
