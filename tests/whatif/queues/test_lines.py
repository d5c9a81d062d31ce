"""Who serves which cases: offices found from who does what, and not where nobody is divided."""

from __future__ import annotations

import random

import numpy as np
import pytest

from streamline.measure.staff.pools import resource_pools
from streamline.whatif.lines import ENOUGH, MOST_KINDS, found_lines

NORTH, SOUTH = ("ann", "amy"), ("bob", "ben")


@pytest.fixture
def found(log_of):
    """`found(cases, **options)` of cases (office, {activity: person}), each step an hour: (log, lines)."""

    def make(cases, *, attribute="office", **options):
        rows, office = [], {}
        for k, (value, does) in enumerate(cases):
            office[f"c{k}"] = value
            rows += [(f"c{k}", a, 2 * k + j, 2 * k + j + 1, who) for j, (a, who) in enumerate(does.items())]
        roles = {"channel": attribute} if attribute == "channel" else {"attributes": [attribute]}
        log = log_of(rows, columns={attribute: office}, **roles, **options)
        staffed = log.resource.codes >= 0
        return log, found_lines(log, resource_pools(log), staffed)

    return make


def who_serves(log, lines):
    """{queue as (activity, kind): the people who serve it}."""
    names = log.resource.names
    return {
        (log.activities[a], kind): {names[r] for r in range(len(names)) if q in lines.served[r]}
        for q, (a, kind) in enumerate(zip(lines.activity, lines.kind, strict=True))
    }


def two_offices(n, rng, *, mixed=0.0, missing=0.0, decide=True):
    """n cases, each checked in its own office but for a `mixed` share; all decided by dee."""
    cases = []
    for _ in range(n):
        office = rng.choice(["north", "south"])
        there = office if rng.random() >= mixed else {"north": "south", "south": "north"}[office]
        does = {"Check": rng.choice(NORTH if there == "north" else SOUTH)}
        cases.append((None if rng.random() < missing else office, does | ({"Decide": "dee"} if decide else {})))
    return cases


@pytest.mark.parametrize("attribute", ["office", "channel"])
def test_people_of_two_offices_have_queues_of_their_own(found, attribute):
    """Checks are divided; decisions, which dee makes for all, aren't."""
    log, lines = found(two_offices(400, random.Random(1)), attribute=attribute)
    assert lines.divided_by == (attribute,)
    assert who_serves(log, lines) == {
        ("Check", "north"): set(NORTH),
        ("Check", "south"): set(SOUTH),
        ("Decide", ""): {"dee"},
    }
    assert lines.caveats == (f"People serve one {attribute} each in Check: cases of another wait for others.",)
    # each step stands in the queue that its person serves
    served = [lines.served[r] for r in log.resource.codes]
    assert all(q in s for q, s in zip(lines.of_step.tolist(), served, strict=True))


def test_people_who_serve_both_are_not_divided(found):
    log, lines = found(two_offices(400, random.Random(1), mixed=0.2))
    assert lines.divided_by == ()
    assert who_serves(log, lines) == {("Check", ""): {*NORTH, *SOUTH}, ("Decide", ""): {"dee"}}
    assert lines.caveats == ()


def test_help_now_and_then_does_not_undo_an_office(found):
    """One check in fifty is done by the other office: it stands in the queue of whoever did it."""
    log, lines = found(two_offices(500, random.Random(2), mixed=0.02))
    assert lines.divided_by == ("office",)
    names = np.array(log.resource.names, dtype=object)[log.resource.codes]
    check = log.activity == log.activity_code("Check")
    north = [q for q in range(len(lines.kind)) if lines.kind[q] == "north"]
    assert set(names[check & np.isin(lines.of_step, north)]) == set(NORTH)


def test_one_who_serves_two_offices_alike_keeps_them_one(found):
    """Four of five checks are made by people of one office, the fifth by flo, who is of none: one in ten steps isn't
    of its person's value."""
    rng = random.Random(3)
    cases = [
        (office, {"Check": "flo" if rng.random() < 0.2 else rng.choice(NORTH if office == "north" else SOUTH)})
        for office in (rng.choice(["north", "south"]) for _ in range(500))
    ]
    log, lines = found(cases)
    assert who_serves(log, lines) == {("Check", ""): {*NORTH, *SOUTH, "flo"}}


def test_a_value_that_nearly_all_have_divides_nobody(found):
    """19 cases in 20 are of the north: whoever does the rest may be anybody."""
    rng = random.Random(4)
    cases = [
        (office, {"Check": "bob" if office == "south" else rng.choice(NORTH)})
        for office in ("south" if rng.random() < 0.05 else "north" for _ in range(600))
    ]
    assert found(cases)[1].divided_by == ()


@pytest.mark.parametrize(("n", "divided"), [(MOST_KINDS, ("office",)), (MOST_KINDS + 1, ())])
def test_an_attribute_with_too_many_values_divides_nobody(found, n, divided):
    """A person to each value, ten cases each: an office each, up to a number."""
    cases = [(f"place {k % n}", {"Check": f"person {k % n}"}) for k in range(10 * n)]
    assert found(cases)[1].divided_by == divided


@pytest.mark.parametrize(("n", "divided"), [(ENOUGH, ("office",)), (ENOUGH - 1, ())])
def test_a_few_steps_divide_nobody(found, n, divided):
    cases = [("north" if k % 2 else "south", {"Check": NORTH[0] if k % 2 else SOUTH[0]}) for k in range(n)]
    assert found(cases)[1].divided_by == divided


def test_the_purest_attribute_divides(log_of):
    """Districts are nearly, offices wholly, whom people serve."""
    rng = random.Random(5)
    rows, office, district = [], {}, {}
    for k in range(400):
        name = f"c{k}"
        office[name] = rng.choice(["north", "south"])
        district[name] = office[name][0] if rng.random() > 0.03 else "w"
        rows.append((name, "Check", k, k + 1, rng.choice(NORTH if office[name] == "north" else SOUTH)))
    log = log_of(rows, columns={"district": district, "office": office}, attributes=["district", "office"])
    assert found_lines(log, resource_pools(log), log.resource.codes >= 0).divided_by == ("office",)


def test_cases_without_a_value_wait_for_whoever_served_them(found):
    log, lines = found(two_offices(600, random.Random(6), missing=0.03))
    assert lines.divided_by == ("office",)
    assert (lines.of_step >= 0).all()
    assert set(lines.kind) == {"north", "south", ""}
    served = [lines.served[r] for r in log.resource.codes]
    assert all(q in s for q, s in zip(lines.of_step.tolist(), served, strict=True))


def test_where_many_cases_have_no_value_nobody_is_divided(found):
    assert found(two_offices(600, random.Random(6), missing=0.2))[1].divided_by == ()


def test_steps_without_staff_stand_in_no_queue(log_of):
    rows = [("a", "Check", 0, 1, "ann"), ("a", "Answer", 1, 5, None), ("a", "Decide", 5, 6, "ann")]
    log = log_of(rows)
    lines = found_lines(log, resource_pools(log), log.resource.codes >= 0)
    assert lines.of_step.tolist() == [0, -1, 1]
    assert lines.served == ((0, 1),)


def test_a_pool_serves_what_makes_a_twentieth_of_either(log_of):
    """Ann does 100 checks and 2 decisions, bob 100 decisions: 2 in 102 is too little to make her one who decides. The
    one letter, which ann alone wrote, is hers all the same."""
    rows = [(f"a{k}", "Check", k, k + 1, "ann") for k in range(100)]
    rows += [(f"b{k}", "Decide", k, k + 1, "ann" if k < 2 else "bob") for k in range(102)]
    rows += [("z", "Write", 200, 201, "ann")]
    log = log_of(rows)
    lines = found_lines(log, resource_pools(log), log.resource.codes >= 0)
    assert who_serves(log, lines) == {("Check", ""): {"ann"}, ("Decide", ""): {"bob"}, ("Write", ""): {"ann"}}


def test_who_has_not_done_an_activity_yet_serves_it_in_their_own_office(log_of):
    """One pool by name: abe and ben have only decided, ann and bob only checked, each for one office; all serve both, for
    theirs."""
    rows, office = [], {}
    for k in range(120):
        name, north = f"c{k}", k % 2 == 0
        office[name] = "north" if north else "south"
        rows.append((name, "Check", k, k + 1, "ann" if north else "bob"))
        rows.append((name, "Decide", k + 1, k + 2, "abe" if north else "ben"))
    log = log_of(rows, columns={"office": office}, attributes=["office"])
    lines = found_lines(log, resource_pools(log, given={"All": ["*"]}), log.resource.codes >= 0)
    assert who_serves(log, lines) == {
        (activity, place): people
        for activity in ("Check", "Decide")
        for place, people in (("north", {"ann", "abe"}), ("south", {"bob", "ben"}))
    }
