"""Slips of a first user: what is said names what was given, where, and what to write instead."""

from __future__ import annotations

import datetime

import pandas as pd
import pytest

import streamline as sl
from streamline.errors import suggestion
from streamline.log.calendar import Calendar
from streamline.log.zones import near_zone
from streamline.units import parse_duration

ROWS = {
    "permit": ["a", "a", "b", "b"],
    "step": ["File", "Withdrawn by applicant", "File", "Decide"],
    "done": ["2025-03-03 10:00", "2025-03-05 10:00", "2025-03-04 10:00", "2025-03-06 10:00"],
    "How Filed": ["Mail", "Mail", "Web", "Web"],
    "who": ["ann", "bob", "ann", "bob"],
}
COLUMNS = {"case": "permit", "activity": "step", "complete": "done"}


@pytest.fixture
def log() -> sl.EventLog:
    return sl.read_log(pd.DataFrame(ROWS), **COLUMNS, channel="How Filed", resource="who", timezone="UTC")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: sl.ReduceRework(by=1.5), "sl.ReduceRework: by: must be at most 1 (it says 1.5)"),
        (lambda: sl.ChangeDemand(by=-1), "sl.ChangeDemand: by: must be above -1"),
        (lambda: sl.SpeedUp(activity="A", by="half"), "sl.SpeedUp: by: must be a number; 'half' isn't"),
        (lambda: sl.SpeedUp(activity="", by=0.5), "sl.SpeedUp: activity: must not be empty"),
        (lambda: sl.PoolResources(activities=["A"]), "sl.PoolResources: activities: needs at least 2 items; it has 1"),
        (lambda: sl.AddCapacity(staff=1), "sl.AddCapacity: needs either pool or activity"),
        (
            lambda: sl.ReduceRework(frm="A", by=0.5),
            "sl.ReduceRework: frm: there is no such field. Did you mean 'from_'?",
        ),
        (
            lambda: sl.AddCapacity(people=1),
            "sl.AddCapacity has 2 problems:\n  - staff: is needed and isn't there\n"
            "  - people: there is no such field. Did you mean 'staff', which is needed?",
        ),
        (
            lambda: sl.SpeedUp(activity="A", evidnce="pilot"),
            "sl.SpeedUp has 2 problems:\n  - by: is needed and isn't there\n"
            "  - evidnce: there is no such field. Did you mean 'evidence'?",
        ),
    ],
)
def test_a_change_that_can_not_be_made(make, said):
    with pytest.raises(sl.ScenarioError) as refused:
        make()
    assert str(refused.value) == said
    assert isinstance(refused.value, ValueError)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (30, "30 is not a duration.* Write '30 days' if days are meant"),
        (1.5, "1.5 is not a duration.* '1.5 days'"),
        (True, "True is not a duration. Write it as text with its unit"),
        (datetime.timedelta(days=30), "is not a duration. Write it as text with its unit, such as '30 days'"),
        (None, "None is not a duration"),
        ("30", "'30' is not a duration. Write a number that isn't negative and a unit"),
    ],
)
def test_durations_have_a_unit(given, said):
    with pytest.raises(ValueError, match=said):
        parse_duration(given)


def test_a_standard_without_a_unit(log):
    with pytest.raises(ValueError, match="30 is not a duration"):
        sl.cycle_time(log, standard=30)


def test_a_file_is_not_yet_a_log(log):
    for call in (sl.cycle_time, sl.show, sl.data_quality, sl.bottlenecks, sl.rework_loops, sl.fit_replay, sl.variants):
        with pytest.raises(
            TypeError, match=r"'events.csv' is none. Read it first: log = sl.read_log\('events.csv', …\)"
        ):
            call("events.csv")
    with pytest.raises(TypeError, match=r"contacts must be a ContactLog; .* contacts = sl.read_contacts\('calls.csv'"):
        sl.show(log, contacts="calls.csv")
    with pytest.raises(TypeError, match=r"contacts must be a ContactLog; it is of type DataFrame"):
        sl.link_contacts(log, pd.DataFrame())


def test_an_end_that_never_happens():
    with pytest.raises(sl.UnknownNameError) as unknown:
        sl.read_log(pd.DataFrame(ROWS), **COLUMNS, timezone="UTC", ends=["Withdrawn"])
    assert str(unknown.value).startswith("frame has no activity 'Withdrawn' (named as one that ends a case: ")
    assert "log.ends in a study). Did you mean 'Withdrawn by applicant'? It has: 'Decide'" in str(unknown.value)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("How Filed", "The column How Filed was read as channel: write channel=…. It has: 'channel', 'resource'."),
        ("who", "The column who was read as resource: write resource=…"),
        ("step", "The column step was read as activity: choose by it with with_activity."),
        ("chanel", "Did you mean 'channel'?"),
    ],
)
def test_a_column_with_a_role_has_the_roles_name(log, tmp_path, column, said):
    log.save(tmp_path / "store")
    for each in (log, sl.open_log(tmp_path / "store")):
        with pytest.raises(sl.UnknownNameError) as unknown:
            each.where({column: "Mail"})
        assert said in str(unknown.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("EST5", "America/New_York"), ("EDT", "America/New_York"), ("Eastern Time", "America/New_York"),
        ("US/Pacific Standard Time", "America/Los_Angeles"), ("CST6CDT", "America/Chicago"), ("MDT", "America/Denver"),
        ("AKST", "America/Anchorage"), ("Amsterdam", "Europe/Amsterdam"), ("Europe/Amsterdm", "Europe/Amsterdam"),
    ],
)  # fmt: skip
def test_a_zone_of_the_united_states_is_that_of_a_city(written, meant):
    assert near_zone(written) == f" Did you mean {meant!r}?"


def test_a_zone_that_is_none():
    assert near_zone("Mars/Olympus") == ""
    with pytest.raises(ValueError, match=r"'EST5' isn't a time zone. Did you mean 'America/New_York'"):
        Calendar(hours={"mon-fri": "08:00-17:00"}, timezone="EST5")
    with pytest.raises(sl.TimestampError, match=r"no time zone 'EST5'. Did you mean 'America/New_York'"):
        sl.read_log(pd.DataFrame(ROWS), **COLUMNS, timezone="EST5")


@pytest.mark.parametrize(
    ("written", "known", "meant"),
    [
        ("Where", ["Other", "Where is my permit"], "Where is my permit"),
        ("where", ["Where is my permit", "Where to pay", "There"], "Where to pay"),
        ("with", ["Withdrawn by applicant", "Withdrawn"], "Withdrawn"),
        ("Re", ["Review", "Ra"], None),
        ("Aprove", ["Approve", "Aprove decision later"], "Approve"),
        ("Nothing", ["Review"], None),
    ],
)
def test_a_beginning_is_nearer_than_some_letters(written, known, meant):
    assert suggestion(written, known) == ("" if meant is None else f" Did you mean {meant!r}?")
