"""What each kind of change does to a service, seen in the records of a run with the same luck."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from .figures import SERVICES, Records, arrivals, records
from .files import changes_by_scenario

LUCK = 4


def run(name: str, *changes: dict) -> Records:
    kind = SERVICES[name]
    return records(kind, arrivals(kind, 3), changes, LUCK)


@pytest.fixture(scope="module")
def before() -> dict[str, Records]:
    return {name: run(name) for name in SERVICES}


def steps_of(done: Records, activity: str) -> list:
    return sorted((s for s in done[1] if s.activity == activity), key=lambda s: (s.case.index, s.began))


def count(done: Records) -> Counter:
    return Counter(s.activity for s in done[1])


def mean_wait(done: Records, activity: str, of=lambda case: True) -> float:
    return float(np.mean([s.began - s.awaited_since for s in steps_of(done, activity) if of(s.case)]))


def mean_days(done: Records, of=lambda case: True) -> float:
    return float(np.mean([c.closed - c.arrival for c in done[0] if of(c)])) / 86400


def share_of_parts(n_of: int, n_after: int, expected: float) -> None:
    """A count that follows from chances: within four standard errors of the share expected."""
    assert abs(n_after - expected * n_of) <= 4 * np.sqrt(n_of * expected * max(1 - expected, 0.1))


def test_every_scenario_of_every_study_can_be_run() -> None:
    kinds = Counter()
    for name, kind in SERVICES.items():
        named = changes_by_scenario(name)
        assert 6 <= len(named) <= 8
        for changes in named.values():
            kind.as_is.changed(changes)
            kinds.update(c["kind"] for c in changes)
    assert set(kinds) == {
        "remove_step", "automate", "speed_up", "reduce_rework", "add_capacity", "pool_resources", "change_hours",
        "release", "run_in_parallel", "express_lane", "divert", "shorten_external", "notify", "change_demand",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "add_capacity", "activity": "Fly", "staff": 1}, "nobody does 'Fly'"),
        ({"kind": "add_capacity", "pool": "Examiners", "staff": -3}, "nobody is left"),
        ({"kind": "add_capacity", "activity": "Review evidence", "staff": 1}, "several teams"),
        ({"kind": "reduce_rework", "through": "Fly", "by": 0.5}, "no loop"),
        ({"kind": "release", "activity": "Decide claim", "every": "immediately"}, "isn't batched"),
    ],
)
def test_a_change_that_hits_nothing_is_refused(change: dict, said: str) -> None:
    with pytest.raises((KeyError, ValueError), match=said):
        SERVICES["benefits"].as_is.changed([change])


def test_as_it_is_stays_as_it_is() -> None:
    kind = SERVICES["benefits"]
    shown = repr(kind.as_is)
    for changes in changes_by_scenario("benefits").values():
        kind.as_is.changed(changes)
    assert repr(kind.as_is) == shown


def test_a_sooner_answer_is_sooner_for_everybody(before) -> None:
    after = run("benefits", {"kind": "shorten_external", "activity": "Evidence received", "by": 0.4})
    old, new = steps_of(before["benefits"], "Evidence received"), steps_of(after, "Evidence received")
    assert [s.case.id for s in old] == [s.case.id for s in new]
    took = [np.array([s.finished - s.began for s in steps]) for steps in (old, new)]
    np.testing.assert_allclose(took[1], 0.6 * took[0], rtol=1e-6)
    assert count(after) == count(before["benefits"])


def test_a_machine_needs_no_person_and_no_office_hours(before) -> None:
    after = run("benefits", {"kind": "automate", "activity": "Check employment", "to": "2 minutes"})
    done = steps_of(after, "Check employment")
    assert len(done) == len(steps_of(before["benefits"], "Check employment"))
    assert {s.who for s in done} == {"system"}
    assert all(s.began == s.awaited_since and s.finished - s.began == pytest.approx(120, abs=1e-3) for s in done)
    assert mean_wait(after, "Register claim") < mean_wait(before["benefits"], "Register claim")


def test_one_team_does_both_and_waits_less(before) -> None:
    after = run("benefits", {"kind": "pool_resources", "activities": ["Review evidence", "Decide claim"]})
    for done, may in ((before["benefits"], {"adjudicator"}), (after, {"adjudicator", "examiner"})):
        assert {s.who.rpartition("-")[0] for s in steps_of(done, "Decide claim")} == may
    assert {s.who.rpartition("-")[0] for s in steps_of(after, "Hear appeal")} == {"adjudicator"}
    assert mean_days(after) < mean_days(before["benefits"])


@pytest.mark.parametrize(
    ("name", "change", "activity", "left"),
    [
        ("benefits", {"through": "Appeal received", "by": 0.5}, "Appeal received", 0.5),
        ("licences", {"through": "Send deficiency letter", "by": 0.5}, "Send deficiency letter", 0.5),
        ("claims", {"from": "Answer received", "to": "Assess claim", "by": 1.0}, "Ask claimant", 0.0),
    ],
)
def test_prevented_loops_never_open(before, name: str, change: dict, activity: str, left: float) -> None:
    after = run(name, {"kind": "reduce_rework", **change})
    old, new = (Counter(s.case.id for s in steps_of(d, activity)) for d in (before[name], after))
    share_of_parts(len(old), len(new), left)
    assert set(new) <= set(old)


def test_a_person_less_does_nothing_and_makes_others_wait(before) -> None:
    after = run("benefits", {"kind": "add_capacity", "pool": "Adjudicators", "staff": -1})
    assert {s.who for s in before["benefits"][1]} - {s.who for s in after[1]} == {"adjudicator-5"}
    assert mean_wait(after, "Decide claim") > 1.5 * mean_wait(before["benefits"], "Decide claim")


def test_a_person_more_helps_her_own_office_first(before) -> None:
    after = run("licences", {"kind": "add_capacity", "pool": "South officers", "staff": 1})
    assert {s.who for s in after[1]} - {s.who for s in before["licences"][1]} == {"officer-south-3"}
    in_south = lambda c: c.traits["office"] == "South"  # noqa: E731
    assert mean_wait(after, "Check application", in_south) < 0.5 * mean_wait(
        before["licences"], "Check application", in_south
    )


def test_longer_hours_are_worked(before) -> None:
    after = run("benefits", {"kind": "change_hours", "pool": "Adjudicators", "hours": {"mon-fri": "08:00-17:30"}})
    zone = ZoneInfo("America/New_York")
    for done, latest in ((before["benefits"], (16, 30)), (after, (17, 30))):
        ended = {datetime.fromtimestamp(s.finished, zone) for s in done[1] if s.who.startswith("adjudicator")}
        assert max((t.hour, t.minute) for t in ended) in (latest, (latest[0], latest[1] - 1))
        assert {t.weekday() for t in ended} == {0, 1, 2, 3, 4}
        assert not any(t.date() == date(2025, 7, 4) for t in ended)
    assert mean_days(after) < mean_days(before["benefits"])


def test_releases_come_when_they_are_said_to(before) -> None:
    zone = ZoneInfo("America/Chicago")
    daily = run("licences", {"kind": "release", "activity": "Committee decision", "every": "10:00"})
    at_once = run("licences", {"kind": "release", "activity": "Committee decision", "every": "immediately"})
    for done, days in ((before["licences"], {2}), (daily, {0, 1, 2, 3, 4})):
        began = [datetime.fromtimestamp(s.began, zone) for s in steps_of(done, "Committee decision")]
        assert {t.weekday() for t in began} == days
        assert min(t.hour for t in began) == 10
    liquor = lambda c: c.traits["licence"] == "liquor"  # noqa: E731
    waits = [mean_wait(d, "Committee decision") for d in (before["licences"], daily, at_once)]
    assert waits[0] > 2.5 * 86400 > 1.5 * 86400 > waits[1] > waits[2]
    assert mean_days(at_once, liquor) < mean_days(daily, liquor) < mean_days(before["licences"], liquor)


def test_diverted_customers_behave_like_those_of_their_new_channel(before) -> None:
    after = run("licences", {"kind": "divert", "channel": "mail", "to": "online", "share": 0.5})
    old, new = (Counter(c.channel for c in d[0]) for d in (before["licences"], after))
    share_of_parts(old["mail"], new["mail"], 0.5)
    assert sum(new.values()) == sum(old.values())
    assert new["counter"] == old["counter"]
    moved = {c.id for c in before["licences"][0] if c.channel == "mail"} & {
        c.id for c in after[0] if c.channel == "online"
    }
    letters = [
        len({s.case.id for s in steps_of(d, "Send deficiency letter")} & moved) for d in (before["licences"], after)
    ]
    assert letters[1] / letters[0] == pytest.approx(0.14 / 0.38, abs=0.08)


def test_more_demand_is_more_of_the_same_and_less_is_fewer_of_these(before) -> None:
    more = run("licences", {"kind": "change_demand", "by": 0.2})
    fewer = run("licences", {"kind": "change_demand", "by": -0.2})
    n = len(before["licences"][0])
    assert abs(len(more[0]) - 1.2 * n) < 4 * np.sqrt(0.2 * n)
    share_of_parts(n, len(fewer[0]), 0.8)
    assert {c.id for c in before["licences"][0]} < {c.id for c in more[0]}
    assert {c.id for c in fewer[0]} < {c.id for c in before["licences"][0]}
    assert mean_wait(fewer, "Specialist review") < mean_wait(before["licences"], "Specialist review")
    assert mean_wait(more, "Specialist review") > mean_wait(before["licences"], "Specialist review")


def test_side_by_side_steps_are_awaited_from_the_same_moment(before) -> None:
    pair = ("Inspect premises", "Specialist review")
    after = run("licences", {"kind": "run_in_parallel", "activities": list(pair)})
    assert count(after) == count(before["licences"])
    since = [defaultdict(list), defaultdict(list)]
    for k, done in enumerate((before["licences"], after)):
        for s in done[1]:
            if s.activity in pair and s.case.traits["licence"] in ("food", "childcare"):
                since[k][s.case.id].append(s.awaited_since)
    assert all(len(set(times)) == len(times) for times in since[0].values())
    assert all(2 * len(set(times)) == len(times) for times in since[1].values())


def test_express_cases_wait_less_and_others_more(before) -> None:
    after = run("claims", {"kind": "express_lane", "where": {"type": "injury"}})
    fast = lambda c: c.traits["type"] == "injury"  # noqa: E731
    slow = lambda c: c.traits["type"] != "injury"  # noqa: E731
    assert mean_wait(after, "Assess claim", fast) < 0.7 * mean_wait(before["claims"], "Assess claim", fast)
    assert mean_wait(after, "Assess claim", slow) > mean_wait(before["claims"], "Assess claim", slow)


def test_quicker_work_is_quicker_for_everybody(before) -> None:
    service = SERVICES["claims"]
    minutes = []
    for changes in ([], [{"kind": "speed_up", "activity": "Assess claim", "by": 0.15}]):
        told = service(service.as_is.changed(changes))
        given = arrivals(service, 3)
        told._admitted(given, LUCK)
        minutes.append([told.work(c, "Assess claim").seconds for c in given[:500]])
        for c in given[:500]:
            c.turns.clear()
    np.testing.assert_allclose(minutes[1], 0.85 * np.array(minutes[0]))


def test_a_removed_step_is_missing_in_its_share_and_the_rest_goes_on(before) -> None:
    after = run("claims", {"kind": "remove_step", "activity": "Quality check", "share": 0.6})
    old, new = count(before["claims"]), count(after)
    share_of_parts(old["Quality check"], new["Quality check"], 0.4)
    assert abs(new["Pay"] - old["Pay"]) < 0.01 * old["Pay"]  # people give up or not by how long they wait
    checked = {s.case.id for s in steps_of(after, "Quality check")}
    assert all(
        s.awaited_since == max(t.finished for t in steps_of_case)
        for s, steps_of_case in _pays(after)
        if s.case.id not in checked
    )


def _pays(done: Records):
    earlier = defaultdict(list)
    for s in done[1]:
        if s.activity == "Pay":
            yield s, earlier[s.case.id]
        earlier[s.case.id].append(s)


def test_told_customers_call_less_while_they_wait_for_us(before) -> None:
    after = run("claims", {"kind": "notify", "by": 0.3})
    assert [(s.case.id, s.began) for s in after[1]] == [(s.case.id, s.began) for s in before["claims"][1]]
    ours, theirs = [], []
    for name in ("benefits", "claims"):
        kind = SERVICES[name]
        told = kind.as_is.changed([{"kind": "notify", "by": 0.3}]).contacts_a_day
        for state, rate in kind.as_is.contacts_a_day.items():
            (theirs if state in kind.as_is.external_days else ours).append((told[state], rate))
    assert all(new == pytest.approx(0.7 * old) for new, old in ours)
    assert all(new == old for new, old in theirs)
    assert 0.65 < len(after[2]) / len(before["claims"][2]) < 0.95


def test_what_the_replay_must_not_assume_is_there(before) -> None:
    """The mechanisms that README.md names: hidden couriers, owners, withdrawals, priorities, calls of slow cases."""
    licences, claims, benefits = (before[n] for n in ("licences", "claims", "benefits"))
    away = lambda c: c.traits["office"] != "North" and c.traits["licence"] != "liquor"  # noqa: E731
    near = lambda c: c.traits["office"] == "North" and c.traits["licence"] != "liquor"  # noqa: E731
    assert mean_wait(licences, "Issue licence", away) - mean_wait(licences, "Issue licence", near) > 0.8 * 86400
    by_case = defaultdict(set)
    for s in claims[1]:
        if s.activity in ("Assess claim", "Ask claimant"):
            by_case[s.case.id].add(s.who)
    assert {len(people) for people in by_case.values()} == {1}
    waiting = [s for s in steps_of(claims, "Withdrawn") if s.began == s.finished]
    given_up = [s for s in steps_of(claims, "Withdrawn") if s.began < s.finished]
    assert min(len(waiting), len(given_up)) > 20
    urgent = lambda c: c.traits["urgent"] == "yes"  # noqa: E731
    usual = lambda c: c.traits["urgent"] == "no"  # noqa: E731
    assert mean_wait(benefits, "Decide claim", urgent) < 0.75 * mean_wait(benefits, "Decide claim", usual)
    talks = np.array([float(c.traits["_talks"]) for c in claims[0]])
    took = np.array([c.closed - c.arrival for c in claims[0]])
    assert np.corrcoef(np.log(talks), np.log(took + 3600))[0, 1] > 0.15
    assert talks.mean() == pytest.approx(1, abs=0.03)
