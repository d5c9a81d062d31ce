"""Office calendars: three spans by hand, a minute-by-minute twin, clock changes, holidays, messages."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from holidays import country_holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.log.calendar import Calendar
from streamline.units import DAY, HOUR, MINUTE, MISSING_TIME

ZONES = [
    "UTC",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # the clock moves by half an hour
    "America/Havana",  # 00:00 of a Sunday is skipped, and 00:00 to 01:00 repeated
    "Asia/Beirut",  # the last hour of a Saturday is repeated
    "Pacific/Apia",  # 2011-12-30 doesn't exist
]
WEEK_HOURS = [
    {"mon-sun": "00:00-24:00"},
    {"mon-fri": "08:00-17:00", "sat": "09:00-12:00,13:00-15:00"},
    {"sat,sun": "00:30-01:30, 02:30-03:30,23:00-24:00", "fri": "22:00-24:00"},
    {"thu-mon": "01:45-02:15"},
]
HOLIDAYS = [None, ["2024-03-10", "2024-11-03", "2011-12-31"], "US"]
STARTS = ["2024-03-08", "2024-03-29", "2024-04-05", "2024-10-04", "2024-11-01", "2011-12-28", "2023-12-30"]


def us(text: str) -> int:
    """An instant written with its offset, as microseconds."""
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def slow_is_open(calendar: Calendar, at: int) -> bool:
    """Ask the zone for the local time of one instant, and read the week and the holidays by it."""
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(ZoneInfo(calendar.timezone))
    if isinstance(calendar.holidays, str):
        free = local.date() in country_holidays(calendar.holidays, years=local.year)
    else:
        free = local.date() in (calendar.holidays or ())
    clock = (local.hour * 60 + local.minute) * MINUTE
    return not free and any(start <= clock < end for start, end in calendar.week[local.weekday()])


calendars = st.builds(
    lambda hours, zone, free: Calendar(hours=hours, timezone=zone, holidays=free),
    st.sampled_from(WEEK_HOURS),
    st.sampled_from(ZONES),
    st.sampled_from(HOLIDAYS),
)
first_minutes = st.builds(
    lambda day, minute: us(f"{day}T00:00+00:00") + minute * MINUTE,
    st.sampled_from(STARTS),
    st.integers(0, 4 * 1440),
)
office = Calendar(
    hours={"mon-fri": "08:00-17:00", "sat": "09:00-12:00,13:00-15:00"},
    timezone="America/New_York",
    holidays="US",
)


def test_three_spans_by_hand():
    """Friday 2024-07-05 16:00 to Monday 10:00: 1 h on Friday, 3 + 2 on Saturday, 2 on Monday."""
    start = [us("2024-07-05T16:00-04:00"), us("2024-07-03T12:00-04:00"), us("2024-07-06T12:10-04:00")]
    end = [us("2024-07-08T10:00-04:00"), us("2024-07-05T08:30-04:00"), us("2024-07-06T12:50-04:00")]
    # The second: 5 h on Wednesday, none on the Fourth of July, half an hour on Friday. The third: lunch.
    assert office.working_time(start, end).tolist() == [8 * HOUR, 5 * HOUR + 30 * MINUTE, 0]
    assert office.is_open(start).tolist() == [True, True, False]
    assert office.next_opening(end).tolist() == [end[0], end[1], us("2024-07-06T13:00-04:00")]
    assert office.add_working_time(start, [8 * HOUR, 0, HOUR]).tolist() == [
        us("2024-07-08T10:00-04:00"),
        start[1],
        us("2024-07-06T14:00-04:00"),
    ]


def test_openings_are_utc_stretches():
    spans = office.openings(us("2024-07-05T16:00-04:00"), us("2024-07-06T14:00-04:00"))
    assert spans.tolist() == [
        [us("2024-07-05T16:00-04:00"), us("2024-07-05T17:00-04:00")],
        [us("2024-07-06T09:00-04:00"), us("2024-07-06T12:00-04:00")],
        [us("2024-07-06T13:00-04:00"), us("2024-07-06T14:00-04:00")],
    ]
    assert office.openings(us("2024-07-04T00:00-04:00"), us("2024-07-05T00:00-04:00")).shape == (0, 2)


def test_a_duration_that_ends_at_closing_time_gives_the_closing_time():
    start = us("2024-07-08T16:00-04:00")
    assert office.add_working_time([start], HOUR).tolist() == [us("2024-07-08T17:00-04:00")]
    assert office.add_working_time([start], HOUR + 1).tolist() == [us("2024-07-09T08:00-04:00") + 1]
    assert office.is_open([us("2024-07-08T17:00-04:00")]).tolist() == [False]


def test_office_hours_keep_to_the_clock_over_daylight_saving():
    for day in ("2024-03-08", "2024-03-11", "2024-11-01", "2024-11-04"):
        local = datetime.fromisoformat(f"{day}T08:00").replace(tzinfo=ZoneInfo("America/New_York"))
        at = us(local.isoformat())
        assert office.next_opening([at - HOUR]).tolist() == [at]
    fortnight = office.working_time(us("2024-03-04T00:00-05:00"), us("2024-03-18T00:00-04:00"))
    assert fortnight == 10 * 9 * HOUR + 2 * 5 * HOUR


@pytest.mark.parametrize(("day", "n_hours"), [("2024-03-10", 23), ("2024-11-03", 25), ("2024-06-01", 24)])
def test_a_day_round_the_clock_has_the_hours_that_the_clock_gives_it(day, n_hours):
    zone = ZoneInfo("America/New_York")
    first = datetime.fromisoformat(day).replace(tzinfo=zone)
    start, end = us(first.isoformat()), us((first + timedelta(days=1)).isoformat())
    always = Calendar.always(timezone="America/New_York")
    assert always.working_time(start, end) == end - start == n_hours * HOUR
    assert always.openings(start, end).tolist() == [[start, end]]


@given(calendars, first_minutes, st.lists(st.integers(0, 60 * 60 * 24 * 4), min_size=1, max_size=8))
@settings(deadline=None, max_examples=40)
def test_equals_the_minute_by_minute_twin(calendar, first, seconds):
    minutes = first + np.arange(4 * 1440 + 1) * MINUTE
    is_open = np.array([slow_is_open(calendar, int(at)) for at in minutes])
    assert (calendar.is_open(minutes) == is_open).all()
    slow = np.concatenate([[0], np.cumsum(is_open[:-1])]) * MINUTE
    assert (calendar.working_time(first, minutes) == slow).all()
    at = first + np.array(seconds) * 1_000_000
    into = np.array([min(int(s), 4 * 86400 - 1) for s in seconds]) * 1_000_000
    exact = slow[into // MINUTE] + is_open[into // MINUTE] * (into % MINUTE)
    assert (calendar.working_time(first, first + into) == exact).all()
    opening = calendar.next_opening(at)
    assert calendar.is_open(opening).all()
    assert (calendar.working_time(at, opening) == 0).all()
    assert (opening >= at).all()


@given(
    calendars,
    first_minutes,
    st.lists(st.integers(0, 500 * DAY), min_size=3, max_size=3),
    st.integers(0, 90 * DAY),
)
@settings(deadline=None, max_examples=40)
def test_adds_up_and_goes_back(calendar, first, offsets, duration):
    a, b, c = (first + offset for offset in sorted(offsets))
    assert calendar.working_time(a, b) + calendar.working_time(b, c) == calendar.working_time(a, c)
    spans = calendar.openings(a, c)
    assert (spans[:, 1] - spans[:, 0]).sum() == calendar.working_time(a, c)
    assert (spans[1:, 0] > spans[:-1, 1]).all()
    then = calendar.add_working_time(a, duration)
    assert calendar.working_time(a, then) == duration
    assert duration == 0 or calendar.working_time(a, then - 1) == duration - 1


@given(st.sampled_from(ZONES), st.lists(st.integers(us("2000-01-01T00:00+00:00"), us("2040-01-01T00:00+00:00"))))
@settings(deadline=None, max_examples=20)
def test_round_the_clock_is_elapsed_time(zone, instants):
    at = np.sort(np.array(instants, dtype=np.int64))
    always = Calendar.always(timezone=zone)
    assert (always.working_time(at[:-1], at[1:]) == np.diff(at)).all()
    assert (always.next_opening(at) == at).all()


def test_one_more_holiday_moves_that_day_only():
    hours = {"mon-fri": "08:00-17:00"}
    days = np.arange("2024-05-01", "2024-07-01", dtype="datetime64[D]").astype("datetime64[us]").astype(np.int64)
    without = Calendar(hours=hours, timezone="Europe/Paris").working_time(days, days + DAY)
    less = Calendar(hours=hours, timezone="Europe/Paris", holidays=[date(2024, 5, 8)]).working_time(days, days + DAY)
    assert (without - less).nonzero()[0].tolist() == [7]
    assert without[7] - less[7] == 9 * HOUR


def test_holidays_of_a_state_and_across_the_new_year():
    hours = {"mon-sun": "00:00-24:00"}
    country = Calendar(hours=hours, holidays="US", timezone="America/New_York")
    state = Calendar(hours=hours, holidays="US-NY", timezone="America/New_York")
    assert country.is_working_day(["2024-02-12", "2024-02-13"]).tolist() == [True, True]
    assert state.is_working_day(["2024-02-12", "2024-02-13"]).tolist() == [False, True]
    # 2022-01-01 was a Saturday: its observed day is the last of 2021.
    assert country.is_working_day([date(2021, 12, 30), date(2021, 12, 31)]).tolist() == [True, False]
    evening = us("2021-12-30T23:00-05:00")
    # An hour of the 30th; none on the 31st and on the 1st; the 2nd and 23 hours of the 3rd.
    assert country.working_time(evening, evening + 4 * DAY) == HOUR + 24 * HOUR + 23 * HOUR


def test_working_days_take_dates_in_three_forms():
    for dates in (
        ["2024-07-04", "2024-07-05", "2024-07-07"],
        [date(2024, 7, 4), date(2024, 7, 5), date(2024, 7, 7)],
    ):
        assert office.is_working_day(dates).tolist() == [False, True, False]
        assert office.is_working_day(np.array(dates, dtype="datetime64[D]")).tolist() == [False, True, False]
    assert office.is_working_day([]).tolist() == []


def test_empty_and_shaped_input():
    none = np.array([], dtype=np.int64)
    for result in (
        office.working_time(none, none),
        office.next_opening(none),
        office.add_working_time(none, 5),
    ):
        assert result.shape == (0,)
        assert result.dtype == np.int64
    assert office.is_open([]).dtype == bool
    assert office.working_time(0, np.full((2, 3), DAY)).shape == (2, 3)


def test_equal_by_what_they_mean_hashable_and_sent_between_processes():
    apart = Calendar(hours={"monday,Tue": "8:00-12:00, 12:00–17:00", "WED-Fri": "08:00-17:00"})
    together = Calendar(hours={"mon-fri": "08:00-17:00"}, holidays=[])
    assert apart == together
    assert hash(apart) == hash(together)
    assert together != Calendar(hours={"mon-fri": "08:00-17:00"}, timezone="Europe/Rome")
    new_year = datetime.fromisoformat("2024-01-01T09:00")
    listed = Calendar(hours={"mon": "08:00-09:00"}, holidays=["2024-12-25", new_year, "2024-12-25"])
    assert listed.holidays == (date(2024, 1, 1), date(2024, 12, 25))
    assert pickle.loads(pickle.dumps(office)) == office
    with pytest.raises(AttributeError):
        office.timezone = "UTC"


def test_the_given_hours_are_not_changed_and_not_shared():
    given_hours = {"mon": "08:00-09:00"}
    calendar = Calendar(hours=given_hours)
    given_hours["tue"] = "08:00-09:00"
    assert calendar.hours == {"mon": "08:00-09:00"}


@pytest.mark.parametrize(
    ("calendar", "words"),
    [
        (
            Calendar(hours={"mon-fri": "08:00-17:00"}, timezone="America/New_York", holidays="US"),
            "Monday to Friday 08:00 to 17:00, America/New_York, without US holidays",
        ),
        (
            Calendar(hours={"sat": "09:00-12:00,13:00-15:00", "mon,wed": "08:00-09:30"}, holidays=["2024-12-25"]),
            "Monday and Wednesday 08:00 to 09:30, Saturday 09:00 to 12:00 and 13:00 to 15:00, UTC, "
            "without 1 listed holiday",
        ),
        (Calendar(hours={"fri-mon": "10:00-12:00"}), "Friday to Monday 10:00 to 12:00, UTC"),
        (Calendar(hours={"mon,wed,fri": "10:00-24:00"}), "Monday, Wednesday and Friday 10:00 to 24:00, UTC"),
        (Calendar(hours={"mon-sun": "10:00-12:00"}), "Every day 10:00 to 12:00, UTC"),
        (Calendar.always(timezone="Asia/Kolkata"), "Round the clock, Asia/Kolkata"),
    ],
)
def test_describe(calendar, words):
    assert calendar.describe() == words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hours": {}}, r"needs hours on one day at least"),
        (
            {"hours": {"mo-fri": "08:00-17:00"}},
            r"'mo-fri' isn't a day or a range of days\. Write days as 'mon-fri'",
        ),
        ({"hours": {"mon-wed-fri": "08:00-17:00"}}, r"'mon-wed-fri' isn't a day"),
        ({"hours": {"": "08:00-17:00"}}, r"'' isn't a day"),
        ({"hours": {"mon-fri": "08:00-17:00", "wed": "08:00-12:00"}}, r"Wednesday twice, again in 'wed'"),
        ({"hours": {"mon,mon": "08:00-17:00"}}, r"Monday twice"),
        ({"hours": {"mon": "8-17"}}, r"'8-17' isn't a span of office hours\. Write spans as 'HH:MM-HH:MM'"),
        ({"hours": {"mon": ""}}, r"'' isn't a span"),
        ({"hours": {"mon": "08:60-17:00"}}, r"'08:60-17:00' isn't a span"),
        ({"hours": {"mon": "08:00-24:01"}}, r"'08:00-24:01' isn't a span"),
        (
            {"hours": {"mon": "22:00-06:00"}},
            r"'22:00-06:00' ends before it starts.*'22:00-24:00' on the one day",
        ),
        ({"hours": {"mon": "08:00-08:00"}}, r"ends before it starts, or is empty"),
        ({"hours": {"mon": "13:00-15:00,09:00-13:30"}}, r"'13:00-15:00,09:00-13:30' has spans that overlap"),
        ({"timezone": "New York"}, r"'New York' isn't a time zone\. Did you mean 'America/New_York'\?"),
        ({"timezone": "America/New_Yrok"}, r"Did you mean 'America/New_York'\?"),
        ({"timezone": "../etc/passwd"}, r"isn't a time zone"),
        ({"timezone": "America"}, r"'America' isn't a time zone"),
        ({"holidays": "us"}, r"'us' isn't a country.*Near ones: 'US'"),
        ({"holidays": "United States"}, r"Near ones: 'US'"),
        ({"holidays": "US-NYC"}, r"Near ones: 'US-NY'"),
        ({"holidays": "US-"}, r"'US-' isn't a country"),
        ({"holidays": ["4 July"]}, r"'4 July' isn't a date of a holiday\. Write '2026-07-04'"),
        ({"holidays": [7]}, r"7 isn't a date"),
    ],
)
def test_refused_with_the_text_and_the_accepted_form(arguments, message):
    with pytest.raises(ValueError, match=message):
        Calendar(**({"hours": {"mon": "08:00-17:00"}} | arguments))


def test_refused_instants():
    with pytest.raises(ValueError, match=r"1 of 2 intervals start after their end, at positions '1'; the first starts"):
        office.working_time([0, 5], [1, 4])
    with pytest.raises(
        ValueError, match=r"end has 1 of 2 instants that are missing, or outside the years 1678 to 2261"
    ):
        office.working_time([0, 0], [1, MISSING_TIME])
    with pytest.raises(ValueError, match=r"a placeholder\?\), such as 9999-12-31"):
        office.is_open([us("9999-12-31T00:00+00:00")])
    with pytest.raises(TypeError, match=r"instants has values of type float64; it takes int64 microseconds"):
        office.next_opening([0.5])
    with pytest.raises(ValueError, match=r"A duration of -1 microseconds is negative"):
        office.add_working_time([0], -1)
    with pytest.raises(ValueError, match=r"The range starts at 1970-01-01T00:00:00.000005Z, after its end"):
        office.openings(5, 4)
    with pytest.raises(ValueError, match=r"dates has 1 of 2 instants that are missing"):
        office.is_working_day(np.array(["2024-01-01", "NaT"], dtype="datetime64[D]"))


def test_hours_that_run_out_are_refused():
    one_hour_a_week = Calendar(hours={"mon": "08:00-09:00"})
    with pytest.raises(ValueError, match=r"too few office hours after 2200-01-01"):
        one_hour_a_week.add_working_time([us("2200-01-01T00:00+00:00")], 10_000 * HOUR)
