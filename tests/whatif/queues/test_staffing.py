"""Teams: who needs whom when, found from what each person did."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.log.calendar import Calendar
from streamline.units import DAY, HOUR
from streamline.whatif.staffing import YEARS_AFTER, found_staffing

#: Ann checks, bob decides, the customer answers; letters are sent by a machine, which takes no time.
ROWS = [
    ("a", "Check", 8, 9, "ann"), ("a", "Answer", 9, 15, "ann"), ("a", "Decide", 16, 34, "bob"), ("a", "Send", 34, 34, "bob"),
    ("b", "Check", 9, 10, "ann"), ("b", "Decide", 40, 41, "bob"), ("b", "Send", 41, 41, "bob"),
]  # fmt: skip
WEEKS = 8


def many(each):
    """The rows of `each(at, week, day)`, for the working days of eight weeks; `at` is the day's midnight in hours."""
    return [row for w in range(WEEKS) for d in range(5) for row in each(168 * w + 24 * d, w, d)]


def test_what_needs_staff_and_how_long(log_of, office):
    """The answer is the customer's and sending takes no time. Bob's decision, begun on Monday at 16:00 and done on
    Tuesday at 10:00, is an hour before closing and two after opening."""
    found = found_staffing(log_of(ROWS, external=["Answer"]), calendar=office)
    log = found.log
    told = {
        (str(log.case_id_array([log.case_of_step[s]])[0]), log.activities[log.activity[s]]): (
            bool(found.staffed[s]),
            float(found.work[s]) / HOUR,
        )
        for s in range(log.n_steps)
    }
    assert told == {
        ("a", "Check"): (True, 1), ("a", "Answer"): (False, 6), ("a", "Decide"): (True, 3), ("a", "Send"): (False, 0),
        ("b", "Check"): (True, 1), ("b", "Decide"): (True, 1), ("b", "Send"): (False, 0),
    }  # fmt: skip
    assert found.n_people == 2
    assert [found.people_for(log.activity_code(a)) for a in ("Check", "Answer", "Decide", "Send")] == [1, 0, 1, 0]
    assert found.caveats == ()
    assert found.hours_from == office.describe()


def test_overtime_keeps_the_time_that_it_took(log_of, office):
    """Bob decides once from 18:00 to 20:00, when the office is closed: two hours of work; that is one step in two,
    and is said."""
    found = found_staffing(log_of([("a", "Decide", 10, 11, "bob"), ("b", "Decide", 18, 20, "bob")]), calendar=office)
    assert (found.work / HOUR).tolist() == [1, 2]
    assert len(found.caveats) == 1
    assert found.caveats[0].startswith("1 of 2 steps of staff lie outside the hours of whoever did them as a whole.")


def test_an_activity_is_a_systems_only_when_nearly_all_its_steps_take_no_time(log_of, office):
    """Of twenty steps one takes time: 19 in 20 take none. With two it is people's work."""
    for n, staffed in ((1, 0), (2, 20)):
        rows = [(f"c{k}", "Scan", 8 + k / 10, 8 + k / 10 + (0.05 if k < n else 0), "sam") for k in range(20)]
        rows.append(("d", "Check", 12, 13, "ann"))
        assert int(found_staffing(log_of(rows), calendar=office).staffed.sum()) == staffed + 1


def test_office_hours_go_on_for_years_after_the_log(log_of, office):
    found = found_staffing(log_of(ROWS, external=["Answer"]), calendar=office)
    first, last = found.log.period
    for team in found.teams:
        assert team.hours[0, 0] < first
        assert team.hours[-1, 1] > last + (YEARS_AFTER * 365 - 7) * DAY
        assert (team.hours == office.openings(first - 7 * DAY, last + YEARS_AFTER * 366 * DAY)).all()


def test_a_shift_in_the_office_is_a_persons_own(log_of):
    """The office is open from 8 to 20. Ann checks all day, amy from 8 to 13 only: half an hour each, one after the other."""
    long = Calendar(hours={"mon-fri": "08:00-20:00"})
    rows = many(
        lambda at, w, d: [
            (f"{who}{at}-{k}", "Check", at + 8 + k / 2, at + 8.5 + k / 2, who)
            for who, n in (("ann", 24), ("amy", 10))
            for k in range(n)
        ]
    )
    found = found_staffing(log_of(rows), calendar=long)
    names = found.log.resource.names
    weekly = {
        who: float(np.diff(found.teams[found.team_of_resource[names.index(who)]].hours[:5], axis=1).sum()) / HOUR
        for who in ("ann", "amy")
    }
    assert weekly == {"ann": 60, "amy": 25}
    assert "1 of 2 people are seen in clearly fewer hours" in found.hours_from
    assert sorted(t.size for t in found.teams) == [1, 1]
    assert found.teams_of_pool(0) == (0, 1)


def test_who_releases_batches_is_there_all_day(log_of, office):
    """Sue signs on Thursdays for two hours. Named as batched, that is the rhythm of the work; else it would be a
    contract of two hours."""
    rows = many(
        lambda at, w, d: (
            [(f"a{at}-{k}", "Sign", at + 13 + k / 4, at + 13.25 + k / 4, "sue") for k in range(8)]
            if d == 3
            else [(f"a{at}-{k}", "Check", at + 8 + k / 2, at + 8.5 + k / 2, "ann") for k in range(18)]
        )
    )
    log = log_of(rows)

    def hours_of_sue(batched):
        found = found_staffing(log, calendar=office, batched=batched)
        hours = found.teams[found.team_of_resource[log.resource.names.index("sue")]].hours
        first = log.period[0]
        inside = hours[(hours[:, 0] >= first - 9 * HOUR) & (hours[:, 0] < first + 6 * DAY)]
        return float(np.diff(inside, axis=1).sum()) / HOUR

    assert hours_of_sue(["Sign"]) == 45
    assert hours_of_sue([]) < 10


def test_without_a_calendar_hours_are_discovered_or_said_to_be_unknown(log_of):
    rows = many(lambda at, w, d: [(f"a{at}-{k}", "Check", at + 8 + k / 2, at + 8.5 + k / 2, "ann") for k in range(18)])
    found = found_staffing(log_of(rows))
    hours = found.teams[0].hours[10:15]
    assert (np.diff(hours, axis=1) / HOUR).ravel().tolist() == [9] * 5
    assert found.caveats == ()
    few = found_staffing(log_of(ROWS, external=["Answer"]))
    assert len(few.teams[0].hours) == 1
    assert few.caveats == ("The hours of 2 of 2 people can't be told; they count as always there. Give a calendar.",)


def test_a_holiday_is_off_for_all(log_of):
    calendar = Calendar(hours={"mon-fri": "08:00-17:00"}, holidays=["2025-01-07"])
    found = found_staffing(log_of(ROWS, external=["Answer"]), calendar=calendar)
    # a's decision, from Monday 16:00 to a Tuesday that is off, is an hour's work; b's, on that Tuesday as a whole, too
    decide = found.log.activity == found.log.activity_code("Decide")
    assert sorted(found.work[decide] / HOUR) == [1, 1]
    day = pd.Timestamp("2025-01-07", tz="UTC").value // 1000
    for team in found.teams:
        assert not ((team.hours[:, 0] < day + DAY) & (team.hours[:, 1] > day)).any()


def test_pools_that_are_given_stand(log_of, office):
    rows = many(
        lambda at, w, d: [(f"a{at}-{k}", "Check", at + 8 + k, at + 9 + k, f"clerk {(k + d + w) % 3}") for k in range(9)]
    )
    log = log_of(rows)
    assert found_staffing(log, calendar=office).pools.pools == ("pool of Check",)
    found = found_staffing(log, calendar=office, pools={"Old hands": ["clerk 0", "clerk 1"], "New": ["clerk 2"]})
    assert {found.pools.pools[t.pool]: t.size for t in found.teams} == {"Old hands": 2, "New": 1}
    with pytest.raises(UnknownNameError, match="no resource 'clark"):
        found_staffing(log, calendar=office, pools={"Old hands": ["clark*"]})


def test_people_with_the_same_hours_stay_one_team(log_of, office):
    rows = [(f"c{k}", "Check", 8 + k, 9 + k, who) for k, who in enumerate(("ann", "amy", "abe"))]
    found = found_staffing(log_of(rows), calendar=office)
    assert [t.size for t in found.teams] == [3]
    hours = found.teams[0].hours
    again = found.with_hours([hours, hours[:3], hours[:3].copy()])
    assert [t.size for t in again.teams] == [1, 2]
    assert again.team_of_resource.tolist() == [0, 1, 1]
    assert again.n_people == 3
    assert again.teams_of_pool(0) == (1, 0)  # the largest first


def test_without_starts_or_resources_nobody_can_be_told(log_of, office):
    with pytest.raises(InsufficientDataError, match=r"records no starts.*read_log\(…, start=…\)"):
        found_staffing(log_of([(c, a, None, e, p) for c, a, _, e, p in ROWS]), calendar=office)
    with pytest.raises(InsufficientDataError, match=r"without resources.*read_log\(…, resource=…\)"):
        found_staffing(log_of([(c, a, s, e, None) for c, a, s, e, _ in ROWS]), calendar=office)
