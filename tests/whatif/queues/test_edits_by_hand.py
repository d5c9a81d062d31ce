"""Each kind of change alone, and two together, on three cases that a person can add up: every instant of the replay."""

from __future__ import annotations

import itertools

import pytest

from streamline.whatif.change import (
    AddCapacity,
    Automate,
    ChangeDemand,
    ChangeHours,
    Divert,
    ExpressLane,
    PoolResources,
    ReduceRework,
    Release,
    RemoveStep,
    RunInParallel,
    ShortenExternal,
    SpeedUp,
)
from streamline.whatif.edits import ORDER
from streamline.whatif.queue_model import fit_queues

#: Ann checks for an hour each; Bob decides, 2 hours for a and 1 for the others. a comes at 8:00, b at 8:30, c at 9:00.
ARRIVALS = {"a": 8, "b": 8.5, "c": 9}
COUNTER = [
    ("a", "Check", 8, 9, "ann"), ("a", "Decide", 9, 11, "bob"),
    ("b", "Check", 9, 10, "ann"), ("b", "Decide", 11, 12, "bob"),
    ("c", "Check", 10, 11, "ann"), ("c", "Decide", 12, 13, "bob"),
]  # fmt: skip


@pytest.fixture
def counter(log_of):
    return fit_queues(
        log_of(
            COUNTER,
            arrivals=ARRIVALS,
            columns={"size": {"a": "large", "b": "large", "c": "small"}, "by": {"a": "mail", "b": "mail", "c": "web"}},
            attributes=["size"],
            channel="by",
        )
    )


def test_as_it_is_every_instant_is_the_recorded_one(counter, instants):
    assert instants(counter) == {
        "a": [("Check", 8, 9), ("Decide", 9, 11)],
        "b": [("Check", 9, 10), ("Decide", 11, 12)],
        "c": [("Check", 10, 11), ("Decide", 12, 13)],
    }


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # decisions can begin as the cases come: Bob has 2, 1 and 1 hours to do from 8 on
        (
            RemoveStep(activity="Check"),
            {"a": [("Decide", 8, 10)], "b": [("Decide", 10, 11)], "c": [("Decide", 11, 12)]},
        ),
        # cases end with their check
        (RemoveStep(activity="Decide"), {"a": [("Check", 8, 9)], "b": [("Check", 9, 10)], "c": [("Check", 10, 11)]}),
        # half an hour after each arrival the check is done, whoever else is there
        (
            Automate(activity="Check", to="30 minutes"),
            {
                "a": [("Check", 8, 8.5), ("Decide", 8.5, 10.5)],
                "b": [("Check", 8.5, 9), ("Decide", 10.5, 11.5)],
                "c": [("Check", 9, 9.5), ("Decide", 11.5, 12.5)],
            },
        ),
        # the next check begins before the one before it ends: a machine does any number at once
        (
            Automate(activity="Check", to="45 minutes"),
            {
                "a": [("Check", 8, 8.75), ("Decide", 8.75, 10.75)],
                "b": [("Check", 8.5, 9.25), ("Decide", 10.75, 11.75)],
                "c": [("Check", 9, 9.75), ("Decide", 11.75, 12.75)],
            },
        ),
        # checks take half an hour: nobody waits for Ann; Bob is busy from 8:30 on
        (
            SpeedUp(activity="Check", by=0.5),
            {
                "a": [("Check", 8, 8.5), ("Decide", 8.5, 10.5)],
                "b": [("Check", 8.5, 9), ("Decide", 10.5, 11.5)],
                "c": [("Check", 9, 9.5), ("Decide", 11.5, 12.5)],
            },
        ),
        # the second who decides takes b at 10, and c at 11 goes to whoever is free: nobody waits for a decision
        (
            AddCapacity(activity="Decide", staff=1),
            {
                "a": [("Check", 8, 9), ("Decide", 9, 11)],
                "b": [("Check", 9, 10), ("Decide", 10, 11)],
                "c": [("Check", 10, 11), ("Decide", 11, 12)],
            },
        ),
        # Both do both. 8:00 one checks a, 8:30 the other b. 9:00 the first is free: c's check and a's decision came up at
        # this instant, and a goes before c: decided 9-11. 9:30 the other checks c until 10:30, then decides b, until 11:30.
        # c, checked at 10:30, is decided as the first comes free: 11-12.
        (
            PoolResources(activities=("Check", "Decide")),
            {
                "a": [("Check", 8, 9), ("Decide", 9, 11)],
                "b": [("Check", 8.5, 9.5), ("Decide", 10.5, 11.5)],
                "c": [("Check", 9.5, 10.5), ("Decide", 11, 12)],
            },
        ),
        # 10-12 and 13-18: a's decision stops for lunch after an hour
        (
            ChangeHours(hours={"mon-fri": "10:00-12:00,13:00-18:00"}),
            {
                "a": [("Check", 10, 11), ("Decide", 11, 14)],
                "b": [("Check", 11, 12), ("Decide", 14, 15)],
                "c": [("Check", 13, 14), ("Decide", 15, 16)],
            },
        ),
        # Bob alone comes from 12 on
        (
            ChangeHours(pool="pool of Decide", hours={"mon-fri": "12:00-18:00"}),
            {
                "a": [("Check", 8, 9), ("Decide", 12, 14)],
                "b": [("Check", 9, 10), ("Decide", 14, 15)],
                "c": [("Check", 10, 11), ("Decide", 15, 16)],
            },
        ),
        # both begin as a case comes, as far as Ann and Bob are free
        (
            RunInParallel(activities=("Check", "Decide")),
            {
                "a": [("Check", 8, 9), ("Decide", 8, 10)],
                "b": [("Check", 9, 10), ("Decide", 10, 11)],
                "c": [("Check", 10, 11), ("Decide", 11, 12)],
            },
        ),
        # c, small, overtakes b at the check: 9-10, and is decided as a's decision ends: 11-12
        (
            ExpressLane(where={"size": "small"}),
            {
                "a": [("Check", 8, 9), ("Decide", 9, 11)],
                "b": [("Check", 10, 11), ("Decide", 12, 13)],
                "c": [("Check", 9, 10), ("Decide", 11, 12)],
            },
        ),
    ],
    ids=lambda v: v.words() if hasattr(v, "words") else "",
)
def test_one_change(counter, instants, change, expected):
    assert instants(counter, change) == expected


def test_diverted_cases_take_as_long_as_those_of_the_other_channel(counter, done):
    """All are like c then, decided in an hour: checks 8-9, 9-10, 10-11, decisions each an hour after that."""
    assert done(counter, Divert(channel="mail", to="web", share=1)) == [10, 11, 12]
    assert done(counter, Divert(channel="mail", to="web", share=0)) == [11, 12, 13]
    # all like a, or like b: what comes at 9 is decided behind the others, after b's hour or after 2 more
    for k in range(20):
        assert done(counter, Divert(channel="web", to="mail", share=1), seed=k) in ([11, 12, 13], [11, 12, 14])


def test_demand_takes_cases_away_or_takes_them_twice(counter, work_with):
    """A third less is two of the three, each at its own arrival; a third more is one of them twice, at the arrival of any."""
    own = work_with(counter).cases
    kept, doubled = set(), set()
    for seed in range(60):
        fewer = work_with(counter, ChangeDemand(by=-1 / 3), seed=seed).cases
        assert len(fewer.pick) == 2
        assert (fewer.arrival == own.arrival[fewer.pick]).all()
        kept.add(tuple(fewer.pick.tolist()))
        more = work_with(counter, ChangeDemand(by=1 / 3), seed=seed).cases
        assert (more.arrival[1:] >= more.arrival[:-1]).all()
        count = [int((more.pick == k).sum()) for k in range(3)]
        assert sorted(count) == [1, 1, 2]
        at = [int((more.arrival == a).sum()) for a in own.arrival]
        assert sorted(at) == [1, 1, 2]
        doubled.add((count.index(2), at.index(2)))
    assert kept == {(0, 1), (0, 2), (1, 2)}
    assert doubled == set(itertools.product(range(3), range(3)))


def test_a_partial_change_touches_that_share_of_the_cases(log_of, done):
    """Four hundred cases, one an hour, each with Ann for that hour: with a quarter of the checks gone, a quarter ends at once."""
    rows = [
        row
        for k in range(400)
        for row in (
            (f"c{k}", "In", k, k, None),
            (f"c{k}", "Check", k, k + 1, "ann"),
            (f"c{k}", "Send", k + 1, k + 1, None),
        )
    ]
    model = fit_queues(log_of(rows))
    lasts = [end - k for k, end in enumerate(done(model, RemoveStep(activity="Check", share=0.25)))]
    assert set(lasts) == {0.0, 1.0}
    assert 0.163 < lasts.count(0.0) / 400 < 0.337  # four standard errors about a quarter


#: Ann asks (an hour), the customer answers, Bob decides (an hour).
ASKED = [
    ("a", "Ask", 8, 9, "ann"), ("a", "Answer", 9, 13, None), ("a", "Decide", 13, 14, "bob"),
    ("b", "Ask", 9, 10, "ann"), ("b", "Answer", 12, 16, None), ("b", "Decide", 16, 17, "bob"),
    ("c", "Ask", 10, 11, "ann"), ("c", "Answer", 11, 16.5, None), ("c", "Decide", 17, 18, "bob"),
]  # fmt: skip


def test_a_wait_on_the_customer_is_shortened_as_a_whole(log_of, instants):
    """Half of 4, of 2 + 4 and of 5.5 hours: answered at 11, 13 and 13:45; c finds Bob at work on b until 14."""
    model = fit_queues(log_of(ASKED, arrivals=ARRIVALS, external=["Answer"]))
    assert instants(model) == {
        "a": [("Ask", 8, 9), ("Answer", 9, 13), ("Decide", 13, 14)],
        "b": [("Ask", 9, 10), ("Answer", 12, 16), ("Decide", 16, 17)],
        "c": [("Ask", 10, 11), ("Answer", 11, 16.5), ("Decide", 17, 18)],
    }
    assert instants(model, ShortenExternal(activity="Answer", by=0.5)) == {
        "a": [("Ask", 8, 9), ("Answer", 9, 11), ("Decide", 11, 12)],
        "b": [("Ask", 9, 10), ("Answer", 11, 13), ("Decide", 13, 14)],
        "c": [("Ask", 10, 11), ("Answer", 11, 13.75), ("Decide", 14, 15)],
    }


#: a is asked something and checked again, behind c, who had come before the answer; d finds that before it.
RETURN = [
    ("a", "Check", 8, 9, "ann"), ("a", "Ask", 9, 10, "bob"), ("a", "Check", 11, 12, "ann"), ("a", "Send", 12, 12, None),
    ("b", "Check", 9, 10, "ann"), ("b", "Send", 10, 10, None),
    ("c", "Check", 10, 11, "ann"), ("c", "Send", 11, 11, None),
    ("d", "Check", 12, 13, "ann"), ("d", "Send", 13, 13, None),
]  # fmt: skip


def test_a_prevented_return_frees_those_who_stood_behind_it(log_of, instants):
    model = fit_queues(log_of(RETURN, arrivals={"a": 8, "b": 8.5, "c": 9.5, "d": 10.5}))
    as_is = instants(model)
    assert as_is["a"] == [("Check", 8, 9), ("Ask", 9, 10), ("Check", 11, 12), ("Send", 12, 12)]
    assert as_is["d"] == [("Check", 12, 13), ("Send", 13, 13)]
    for change in (
        ReduceRework(through="Ask", by=1),
        ReduceRework(to="Check", by=1),
        ReduceRework(from_="Ask", by=1),
    ):
        to_be = instants(model, change)
        assert to_be["a"] == [("Check", 8, 9), ("Send", 9, 9)]
        assert to_be["b"], to_be["c"] == (as_is["b"], as_is["c"])
        assert to_be["d"] == [("Check", 11, 12), ("Send", 12, 12)]
    assert instants(model, ReduceRework(through="Ask", by=0)) == as_is


def test_who_waits_for_one_of_what_runs_side_by_side_waits_for_all(log_of, instants):
    """Check, Ask and Decide follow each other; run side by side, Check and Ask end at 9 and 11, and Decide comes after both."""
    rows = [
        ("a", "Check", 8, 9, "ann"), ("a", "Ask", 9, 12, "bob"), ("a", "Decide", 12, 13, "cy"),
        ("b", "Check", 9, 10, "ann"), ("b", "Ask", 12, 13, "bob"), ("b", "Decide", 13, 14, "cy"),
        ("c", "Ask", 13, 14, "bob"), ("c", "Decide", 14, 15, "cy"),
    ]  # fmt: skip
    model = fit_queues(log_of(rows, arrivals={"a": 8, "b": 8.5, "c": 9}))
    assert instants(model, RunInParallel(activities=("Check", "Ask"))) == {
        "a": [("Check", 8, 9), ("Ask", 8, 11), ("Decide", 11, 12)],
        "b": [("Check", 9, 10), ("Ask", 11, 12), ("Decide", 12, 13)],
        "c": [("Ask", 12, 13), ("Decide", 13, 14)],
    }


#: Cases a week: as many as nobody waits for.
BY_WEEK = (2, 3, 1, 2, 4, 2, 1, 3, 2, 2)


@pytest.fixture
def weekly(log_of, office):
    """Ten weeks: cases come on Monday at 9:00 and on Tuesday at 9:00, 10:00 and so on. Sue signs them on Thursday
    from 13:00 on, half an hour each, and has nothing else to do."""
    rows = []
    for week, n in enumerate(BY_WEEK):
        for k in range(n):
            come, at = 168 * week + (9 if k == 0 else 32 + k), 168 * week + 85 + k / 2
            rows += [(f"{week}-{k}", "In", come, come, None), (f"{week}-{k}", "Sign", at, at + 0.5, "sue")]
    return fit_queues(log_of(rows), calendar=office)


@pytest.mark.parametrize(
    ("every", "signed"),
    [
        (None, lambda k: 85.5 + k / 2),
        # as they come
        ("immediately", lambda k: 9.5 if k == 0 else 32.5 + k),
        # at 13:00 of the same day, on Tuesday one after the other
        ("working day", lambda k: 13.5 if k == 0 else 37 + k / 2),
        ("13:00", lambda k: 13.5 if k == 0 else 37 + k / 2),
        ("15:30", lambda k: 16 if k == 0 else 39.5 + k / 2),
        # Tuesday, 13:00, one after the other
        ("tuesday", lambda k: 37.5 + k / 2),
    ],
)
def test_releases(weekly, done, every, signed):
    """In the hours of the week in which the case came."""
    changes = [] if every is None else [Release(activity="Sign", every=every)]
    expected = [168 * week + signed(k) for week, n in enumerate(BY_WEEK) for k in range(n)]
    assert done(weekly, *changes) == expected


def test_what_is_held_longest_goes_first_at_a_release(weekly, done):
    """Released on Mondays, 13:00: what came on Tuesday of the week before goes before what came this morning."""
    held = [0, *(n - 1 for n in BY_WEEK[:-1])]
    expected = [
        168 * week + 13.5 + held[week] / 2 if k == 0 else 168 * (week + 1) + 13 + k / 2
        for week, n in enumerate(BY_WEEK)
        for k in range(n)
    ]
    assert done(weekly, Release(activity="Sign", every="monday")) == expected


def test_two_changes_together(counter, done):
    """Expected: done in hours, case after case."""
    faster, gone = SpeedUp(activity="Decide", by=0.5), RemoveStep(activity="Check")
    one_more = AddCapacity(activity="Decide", staff=1)
    beside = RunInParallel(activities=("Check", "Decide"))
    for changes, expected in (
        # decisions of 1, ½ and ½ hours from 8 on
        ((gone, faster), [9, 9.5, 10]),
        # decisions begin at 8, 8:30 by the second, 9 (joined as a case comes; the second is free at 9:30): a is decided at
        # 10, b at 9:30, c at 10:30; checks end at 9, 10 and 11
        ((beside, one_more), [10, 10, 11]),
        # decided from 10 on, an hour: b at 10, c at 11
        ((one_more, faster), [10, 10.5, 11.5]),
        # checks take no time: decided as they come
        ((Automate(activity="Check", to="0 minutes"), one_more), [10, 9.5, 10.5]),
        # three who do everything. 8:00 a's check, 8:30 b's; 9:00 a's decision and c's check; 9:30 b's decision, 10 c's
        ((PoolResources(activities=("Check", "Decide")), one_more), [11, 10.5, 11]),
        # from 10 on, decisions of half the time: 11-12, 12-13 would overlap lunch, so 13-13:30, 14-14:30
        ((ChangeHours(hours={"mon-fri": "10:00-12:00,13:00-18:00"}), faster), [12, 13.5, 14.5]),
        # all like c: checked at 9, 10, 11, decided in half an hour
        ((Divert(channel="mail", to="web", share=1), faster), [9.5, 10.5, 11.5]),
        # c goes first at 9; decisions of 1, ½ and ½ hours: a 9-10, c 10-10:30, b 11-11:30
        ((ExpressLane(where={"size": "small"}), faster), [10, 11.5, 10.5]),
    ):
        assert done(counter, *changes) == expected, changes
        assert done(counter, *reversed(changes)) == expected, changes


def test_the_order_in_which_changes_are_given_is_no_matter(counter, instants):
    """Four changes in all their orders; each is applied where `ORDER` has it."""
    changes = (
        AddCapacity(activity="Decide", staff=1),
        SpeedUp(activity="Check", by=0.5),
        Divert(channel="web", to="mail", share=0),
        RunInParallel(activities=("Check", "Decide")),
    )
    found = [instants(counter, *order) for order in itertools.permutations(changes)]
    assert all(f == found[0] for f in found)
    # Ann checks 8-8:30, 8:30-9, 9-9:30; decisions 8-10 and by the second 8:30-9:30, 9:30-10:30
    assert [max(end for _, _, end in steps) for steps in found[0].values()] == [10, 9.5, 10.5]
    assert len(set(ORDER)) == 13


def test_who_comes_is_settled_before_what_is_removed(counter, instants):
    """All come by web and are like c; removing the check then leaves an hour's decision each, from 8 on."""
    changes = (RemoveStep(activity="Check"), Divert(channel="mail", to="web", share=1))
    found = instants(counter, *changes)
    assert list(found.values()) == [[("Decide", 8, 9)], [("Decide", 9, 10)], [("Decide", 10, 11)]]


def test_fewer_people_are_slower(log_of, done):
    """Ann and Amy check side by side; without one of them b waits until 9."""
    rows = [("a", "Check", 8, 9, "ann"), ("b", "Check", 8.5, 9.5, "amy"), ("c", "Check", 9, 10, "ann")]
    model = fit_queues(log_of(rows, arrivals=ARRIVALS))
    assert done(model) == [9, 9.5, 10]
    assert done(model, AddCapacity(activity="Check", staff=-1)) == [9, 10, 11]
    assert done(model, AddCapacity(pool="pool of Check", staff=-1)) == [9, 10, 11]
    # half a person is one or none
    assert {tuple(done(model, AddCapacity(activity="Check", staff=-0.5), seed=k)) for k in range(20)} == {
        (9, 9.5, 10),
        (9, 10, 11),
    }


def test_what_is_set_is_set_before_it_is_shortened(log_of, instants):
    """An answer that takes two hours, then half of that: whichever is written first. b's wait of two hours before it is halved
    too."""
    model = fit_queues(log_of(ASKED, arrivals=ARRIVALS, external=["Answer"]))
    changes = [ShortenExternal(activity="Answer", by=0.5), Automate(activity="Answer", to="2 hours")]
    for given in (changes, changes[::-1]):
        assert instants(model, *given) == {
            "a": [("Ask", 8, 9), ("Answer", 9, 10), ("Decide", 10, 11)],
            "b": [("Ask", 9, 10), ("Answer", 11, 12), ("Decide", 12, 13)],
            "c": [("Ask", 10, 11), ("Answer", 11, 12), ("Decide", 13, 14)],
        }


def test_people_of_one_office_are_pooled_within_it(log_of, work_with):
    """North and south have one who checks and one who decides each. As one team, each serves both activities, of their own
    office."""
    rows, office = [], {}
    for k in range(120):
        name, north = f"c{k}", k % 2 == 0
        office[name] = "north" if north else "south"
        rows.append((name, "Check", k, k + 1, "ann" if north else "bob"))
        rows.append((name, "Decide", k + 1, k + 2, "dee" if north else "eve"))
    model = fit_queues(log_of(rows, columns={"office": office}, attributes=["office"]))
    lines, log = model.staffing.lines, model.log

    def served(work):
        return sorted(sorted((log.activities[lines.activity[q]], lines.kind[q]) for q in t.queues) for t in work.teams)

    assert served(work_with(model)) == [[(a, o)] for a in ("Check", "Decide") for o in ("north", "south")]
    both = [[("Check", o), ("Decide", o)] for o in ("north", "north", "south", "south")]
    assert served(work_with(model, PoolResources(activities=("Check", "Decide")))) == both
