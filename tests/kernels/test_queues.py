"""The queueing replay beside its slow twin, event for event, on random services; by hand; and what holds for any service."""

from __future__ import annotations

import copy
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.queues import NEVER, replay_queues
from streamline.units import DAY, HOUR, MINUTE, WEEK

sys.path.insert(0, str(Path(__file__).parent))
from slow_queues import Case, Network, Step, Team, arrays, slow_replay

sys.path.remove(str(Path(__file__).parent))

N_QUEUES = 4
ALWAYS = [(-(10**15), 10**15)]


def found(network: Network) -> tuple[list[int], ...]:
    return tuple(column.tolist() for column in replay_queues(**arrays(network)))


@st.composite
def _spans(draw: st.DrawFn, most: int, *, least: int = 0) -> list[tuple[int, int]]:
    """Sorted, disjoint intervals, some of which touch."""
    edges = sorted(draw(st.sets(st.integers(-2, most), min_size=2 * least, max_size=10)))
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    if draw(st.booleans()):
        nexts = [begin for begin, _ in spans[1:]]
        spans = [(b, nexts[i] if i < len(nexts) and draw(st.booleans()) else e) for i, (b, e) in enumerate(spans)]
    return spans


@st.composite
def _steps(draw: st.DrawFn, n_schedules: int, *, bound: bool) -> list[Step]:
    steps: list[Step] = []
    for i in range(draw(st.integers(0, 5))):
        how = draw(st.integers(0, 3))
        joins = [] if i == 0 or how == 0 else [i - 1]
        if i > 0 and how == 3:
            joins = draw(st.lists(st.integers(0, i - 1), max_size=3))
        steps.append(
            Step(
                joins=joins,
                delay=draw(st.sampled_from([0, 0, 0, 1, 4])),
                release=draw(st.integers(-1, n_schedules - 1)) if draw(st.booleans()) else -1,
                queue=draw(st.integers(-1, N_QUEUES - 1)),
                work=draw(st.sampled_from([0, 0, 1, 2, 3, 5, 9])),
                priority=draw(st.sampled_from([0, 0, 0, 1, -1])),
                pinned=draw(st.integers(0, 12)) if draw(st.integers(0, 9)) == 9 else None,
                anchor=draw(st.integers(0, i - 1)) if bound and i > 0 and draw(st.booleans()) else None,
                longest_off=draw(st.sampled_from([NEVER, NEVER, 0, 3, 8])) if bound else NEVER,
                patience=draw(st.sampled_from([NEVER, NEVER, 0, 2, 6])) if bound else NEVER,
            )
        )
    return steps


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Up to 7 cases, 35 steps, 4 queues and 4 teams with 3 calendars in few instants, so that nearly everything ties."""
    calendars = draw(st.lists(_spans(60, least=1), min_size=1, max_size=3))
    if draw(st.booleans()):
        calendars[0] = [(-5, 10**6)]
    schedules = draw(st.lists(_spans(40), max_size=2))
    ranks = draw(st.permutations(range(draw(st.integers(0, 7)))))
    bound = draw(st.booleans())
    cases = [Case(draw(st.integers(0, 15)), rank, draw(_steps(len(schedules), bound=bound))) for rank in ranks]
    team = st.builds(
        Team,
        st.lists(st.integers(0, N_QUEUES - 1), max_size=4),
        st.sampled_from([0, 1, 1, 1, 2, 3]),
        st.integers(0, len(calendars) - 1),
        st.integers(0, 2),
        st.booleans() if draw(st.booleans()) else st.just(False),
    )
    network = Network(cases, draw(st.lists(team, max_size=4)), calendars, schedules)
    if draw(st.booleans()):  # lines in which all priorities are the same
        for case in cases:
            for step in case.steps:
                step.priority = 7
    return network


@given(network=networks())
@settings(max_examples=1500)
def test_it_equals_its_slow_twin_event_for_event(network: Network) -> None:
    assert found(network) == slow_replay(copy.deepcopy(network))


def _large(seed: int, *, bound: bool = False) -> Network:
    """60 cases, about 350 steps: lines and heaps of dozens, and from the fifth seed on dozens that join at once.

    bound : most steps stay with whoever did an earlier one, and teams take turns.
    """
    rng = random.Random(seed)
    calendars = [[(d * 100, d * 100 + rng.choice([30, 40, 100])) for d in range(80)] for _ in range(3)]
    every, apart = (150, 600) if seed < 4 else (2000, 3)
    schedules = [[(k * every + 20, k * every + 25) for k in range(3000 // every)]]
    cases = []
    for rank in rng.sample(range(60), 60):
        steps = [
            Step(
                joins=sorted(rng.sample(range(i), rng.choice([1, 1, 1, min(i, 2)]))) if i else [],
                delay=rng.choice([0, 0, 0, rng.randint(0, 300)]),
                release=rng.choice([-1, -1, -1, -1, 0]),
                queue=rng.choice([-1, *range(6)]),
                work=rng.randint(0, 40),
                priority=rng.choice([0, 0, rng.randint(-2, 5)]) if seed % 2 else 0,
                pinned=rng.randint(0, 200) if rng.random() < 0.03 else None,
                anchor=rng.randint(0, i - 1) if bound and i and rng.random() < 0.7 else None,
                longest_off=rng.choice([NEVER, 0, 20, 50]),
                patience=rng.choice([NEVER, NEVER, 0, 15, 60]),
            )
            for i in range(rng.randint(2, 10))
        ]
        cases.append(Case(rng.randint(0, apart), rank, steps))
    teams = [
        Team([0, 1], 2, 0, 1), Team([1, 2], 1, 1, 0), Team([2, 3, 4], 2, 2, 2), Team([5], 1, 0, 0),
        Team([4, 3], 1, 0, 2), Team([0, 1, 2, 3, 4, 5], 1, 1, 5),
    ]  # fmt: skip
    if bound:
        teams += [Team([0, 1, 2, 3, 4], 1, k % 3, k % 2, True) for k in range(6)]
    return Network(cases, teams, calendars, schedules)


@pytest.mark.parametrize("bound", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_it_equals_its_slow_twin_where_lines_are_long(seed: int, bound: bool) -> None:
    network = _large(seed, bound=bound)
    assert found(network) == slow_replay(copy.deepcopy(network))


def _one(*steps: Step, arrival: int = 0, rank: int = 0) -> Case:
    return Case(arrival, rank, list(steps))


OFFICE = [(d * DAY + 8 * HOUR, d * DAY + 17 * HOUR) for d in range(5)]


def test_work_stops_at_closing_and_goes_on_at_the_next_opening() -> None:
    """Hand: one clerk, 08 to 17. A comes at 15 with 3 hours of work, B at 16 with 1, C at 19 with 1.

    A: 15 to 17, then 08 to 09 next day. B waits for it: 09 to 10. C: 10 to 11.
    """
    cases = [
        _one(Step(queue=0, work=hours * HOUR), arrival=at * HOUR, rank=k)
        for k, (at, hours) in enumerate([(15, 3), (16, 1), (19, 1)])
    ]
    start, complete, team, _ = found(Network(cases, [Team([0], 1, 0)], [OFFICE]))
    assert [t / HOUR for t in start] == [15, 24 + 9, 24 + 10]
    assert [t / HOUR for t in complete] == [24 + 9, 24 + 10, 24 + 11]
    assert team == [0, 0, 0]


def test_who_is_done_exactly_at_closing_is_free_at_the_next_opening() -> None:
    cases = [_one(Step(queue=0, work=HOUR), arrival=16 * HOUR, rank=k) for k in range(2)]
    start, complete, _, _ = found(Network(cases, [Team([0], 1, 0)], [OFFICE]))
    assert [t / HOUR for t in start] == [16, 24 + 8]
    assert [t / HOUR for t in complete] == [17, 24 + 9]


def test_shared_queues_go_to_the_preferred_team_first() -> None:
    """Hand: one specialist for queue 0, one generalist for 0 and 1. Four cases at once with an hour of work each in the queues
    0, 0, 1, 0: the specialist takes the first, the generalist the second; an hour later the specialist may not take
    the third, the generalist does, and the specialist takes the fourth."""
    cases = [_one(Step(queue=q, work=HOUR), rank=k) for k, q in enumerate([0, 0, 1, 0])]
    teams = [Team([0, 1], 1, 0, preference=2), Team([0], 1, 0, preference=1)]
    start, _, team, _ = found(Network(cases, teams, [ALWAYS]))
    assert team == [1, 0, 0, 1]
    assert start == [0, 0, HOUR, HOUR]


def test_priorities_go_first_but_interrupt_nobody() -> None:
    steps = [(0, 0, 10), (1, 0, 5), (2, 5, 5), (3, 5, 5), (4, -1, 5)]
    cases = [_one(Step(queue=0, work=w, priority=p), arrival=at, rank=at) for at, p, w in steps]
    start, _, _, _ = found(Network(cases, [Team([0], 1, 0)], [ALWAYS]))
    assert start == [0, 20, 10, 15, 25]


def test_at_one_instant_the_lower_rank_goes_first_whatever_the_order_of_the_cases() -> None:
    cases = [_one(Step(queue=0, work=10), rank=rank) for rank in (2, 0, 1)]
    start, _, _, _ = found(Network(cases, [Team([0], 1, 0)], [ALWAYS]))
    assert start == [20, 0, 10]


def test_a_release_holds_steps_until_its_window() -> None:
    """Hand: the window is open from 100 to 110 only; steps ready at 50, 105 and 120 join at 100, 105 and 120."""
    cases = [_one(Step(queue=0, work=1, release=0, delay=20), arrival=at - 20, rank=at) for at in (50, 105, 120)]
    start, _, _, _ = found(Network(cases, [Team([0], 5, 0)], [ALWAYS], [[(100, 110)]]))
    assert start == [100, 105, 120]


def test_steps_that_a_release_lets_go_together_stand_in_the_order_in_which_they_were_held() -> None:
    """Hand: one person; four cases ready at 60, 50, 40 and 100, the window opens at 100: 40, 50, 60, then the one that wasn't
    held. The ranks say otherwise."""
    cases = [_one(Step(queue=0, work=1, release=0), arrival=at, rank=k) for k, at in enumerate((60, 50, 40))]
    cases += [_one(Step(queue=0, work=1), arrival=100, rank=-1)]
    start, _, _, _ = found(Network(cases, [Team([0], 1, 0)], [ALWAYS], [[(100, 110)]]))
    assert start == [102, 101, 100, 103]


def test_parallel_branches_meet_at_the_later_one_and_customers_delay_without_staff() -> None:
    """Hand: a step of 10; then one of 30 by the team beside a customer's 100 after a delay of 5; then both are joined."""
    steps = [
        Step(queue=0, work=10), Step(joins=[0], queue=0, work=30), Step(joins=[0], delay=5, work=100),
        Step(joins=[1, 2], queue=0, work=1),
    ]  # fmt: skip
    start, complete, team, _ = found(Network([_one(*steps)], [Team([0], 1, 0)], [ALWAYS]))
    assert start == [0, 10, 15, 115]
    assert complete == [10, 40, 115, 116]
    assert team == [0, 0, -1, 0]


def test_pinned_steps_hold_their_people_from_their_given_start_on() -> None:
    """Hand: two people, three steps under way since −5, −4 and −3: the third takes nobody, in the first team's hours.

    The people are free again at 5 and 6, when the waiting steps begin."""
    cases = [_one(Step(queue=0, work=10, pinned=at), rank=k) for k, at in enumerate((-5, -4, -3))]
    cases += [_one(Step(queue=0, work=3), arrival=k, rank=9 + k) for k in range(2)]
    start, complete, team, _ = found(Network(cases, [Team([0], 2, 0)], [ALWAYS]))
    assert start == [-5, -4, -3, 5, 6]
    assert complete == [5, 6, 7, 8, 9]
    assert team == [0, 0, -1, 0, 0]


def test_what_the_hours_end_before_is_never_begun_or_never_done_nor_what_waits_for_it() -> None:
    """Hand: the hours end at 20. A needs 15, B 10 from 15 on and isn't done, C isn't begun; D needs no staff."""
    chain = [_one(Step(queue=0, work=w), Step(joins=[0], work=1), rank=k) for k, w in enumerate((15, 10, 1))]
    start, complete, team, _ = found(Network([*chain, _one(Step(work=99), rank=9)], [Team([0], 1, 0)], [[(0, 20)]]))
    assert start == [0, 15, 15, NEVER, NEVER, NEVER, 0]
    assert complete == [15, 16, NEVER, NEVER, NEVER, NEVER, 99]
    assert team == [0, -1, 0, -1, -1, -1, -1]


def test_queues_that_nobody_serves_wait_forever() -> None:
    steps = [Step(queue=3, work=1), Step(queue=3, work=1, pinned=4)]
    start, complete, _, _ = found(Network([_one(*steps)], [Team([0], 5, 0), Team([3], 0, 0)], [ALWAYS]))
    assert (start[0], complete[0]) == (NEVER, NEVER)
    assert (start[1], complete[1]) == (4, 5)  # under way already, and the team has hours, though no people
    start, complete, _, _ = found(Network([_one(*steps)], [], [ALWAYS]))
    assert (start, complete) == ([NEVER, 4], [NEVER, NEVER])


def test_a_step_enabled_by_one_without_work_joins_after_those_that_were_ready_before_it() -> None:
    """Hand: at 0 case 0 has a step without work in queue 0, then one in queue 1, where case 1 already waits."""
    cases = [_one(Step(queue=0, work=0), Step(joins=[0], queue=1, work=5), rank=0), _one(Step(queue=1, work=5), rank=1)]
    start, _, _, _ = found(Network(cases, [Team([0], 1, 0), Team([1], 1, 0)], [ALWAYS]))
    assert start == [0, 5, 0]


def test_nothing_at_all() -> None:
    assert found(Network([], [], [])) == ([], [], [], [])
    assert found(Network([Case(3, 0, [])], [Team([0], 1, 0)], [[]])) == ([], [], [], [])


@given(network=networks(), seed=st.integers(0, 99))
@settings(max_examples=200)
def test_the_order_of_the_cases_changes_nothing(network: Network, seed: int) -> None:
    order = list(range(len(network.cases)))
    random.Random(seed).shuffle(order)
    other = Network([network.cases[k] for k in order], network.teams, network.calendars, network.schedules)

    def by_case(it: Network) -> dict[int, list[tuple[int, ...]]]:
        rows = iter(zip(*found(it), strict=True))
        return {case.rank: [next(rows) for _ in case.steps] for case in it.cases}

    assert by_case(network) == by_case(other)


INSTANTS = ("arrival", "on_start", "on_end", "release_start", "release_end")


@given(network=networks(), weeks=st.integers(-2000, 2000))
@settings(max_examples=200)
def test_shifting_everything_by_whole_weeks_shifts_the_result(network: Network, weeks: int) -> None:
    here, there = arrays(network), arrays(network)
    for name in INSTANTS:
        there[name] = there[name] + weeks * WEEK
    there["pinned"] = np.where(there["pinned"] >= 0, there["pinned"] + weeks * WEEK, there["pinned"])
    one, two = replay_queues(**here), replay_queues(**there)
    for a, b in ((one.start, two.start), (one.complete, two.complete)):
        assert np.array_equal(a == NEVER, b == NEVER)
        assert np.array_equal(a[a != NEVER] + weeks * WEEK, b[b != NEVER])
    assert np.array_equal(one.team, two.team)


@given(network=networks(), at=st.integers(1, 4))
@settings(max_examples=200)
def test_a_holiday_after_the_last_completion_moves_nothing(network: Network, at: int) -> None:
    network.calendars = [[*hours, (10**7, 2 * 10**7)] for hours in network.calendars]  # all is done at the latest then
    served = {q for team in network.teams if team.size for q in team.queues}
    for case in network.cases:
        for step in case.steps:
            step.queue = step.queue if step.queue in served else -1
    before = found(network)
    last = max(before[1], default=0)
    assert last < NEVER
    for number, hours in enumerate(network.calendars):
        network.calendars[number] = [(b, min(e, last + at)) for b, e in hours if b < last + at]
    assert found(network) == before


@given(network=networks())
@settings(max_examples=100)
def test_the_same_again_is_the_same_and_the_input_is_untouched(network: Network) -> None:
    given_arrays = arrays(network)
    kept = copy.deepcopy(given_arrays)
    one, two = replay_queues(**given_arrays), replay_queues(**given_arrays)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert all(np.array_equal(given_arrays[name], kept[name]) for name in kept)


@given(
    jobs=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=25),
    hours=_spans(100, least=1),
    staff=st.integers(1, 4),
    more=st.integers(0, 4),
)
@settings(max_examples=300)
def test_more_staff_in_a_first_come_pool_makes_nobody_wait_longer(
    jobs: list[tuple[int, int]], hours: list[tuple[int, int]], staff: int, more: int
) -> None:
    cases = [_one(Step(queue=0, work=work), arrival=at, rank=k) for k, (at, work) in enumerate(jobs)]
    few, twice, some = (found(Network(cases, [Team([0], n, 0)], [hours])) for n in (staff, 2 * staff, staff + more))
    for starts in (twice[0], some[0]):
        assert all(b <= a for a, b in zip(few[0], starts, strict=True))


def _bad() -> dict[str, Any]:
    steps = [Step(queue=0, work=5, release=0), Step(joins=[0], queue=0, work=5)]
    return arrays(Network([_one(*steps), _one(*steps, rank=1)], [Team([0], 1, 0)], [[(0, 9), (10, 20)]], [[(3, 4)]]))


@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("joined", 0, 1, "joined at step 1: a step joins only steps before it in its case"),
        ("joined", 1, 1, "joined at step 3: a step joins only steps before it in its case"),
        ("work", 2, -1, "work at place 2: values lie from 0"),
        ("delay", 0, -5, "delay at place 0: values lie from 0"),
        ("queue", 1, -2, "queue at place 1: values lie from -1"),
        ("release", 1, 1, "release at place 1: values lie from -1 to below 1"),
        ("team_size", 0, -1, "team_size at place 0: values lie from 0"),
        ("team_calendar", 0, 1, "team_calendar at place 0: values lie from 0 to below 1"),
        ("team_queue", 0, -1, "team_queue at place 0: values lie from 0"),
        ("on_end", 0, 12, "on_start at place 1: intervals are sorted, disjoint and not empty"),
        ("on_end", 1, 10, "on_start at place 1: intervals are sorted, disjoint and not empty"),
        ("release_end", 0, 3, "release_start at place 0: intervals are sorted, disjoint and not empty"),
        ("case_offsets", 1, 5, "case_offsets at place 2: offsets rise from 0 to 4"),
        ("join_offsets", 4, 3, "join_offsets at place 4: offsets rise from 0 to 2"),
        ("rank", 1, 0, "two cases have the same rank"),
        ("arrival", 0, NEVER, "arrival at place 0: the instant lies too far away"),
        ("work", 0, 2**61, "instants would overflow"),
    ],
)
def test_arrays_that_mean_nothing_are_refused(name: str, place: int, value: int, message: str) -> None:
    given_arrays = _bad()
    replay_queues(**given_arrays)
    given_arrays[name][place] = value
    if name == "work" and value > 0:
        given_arrays["work"][1] = value
    with pytest.raises(ValueError, match=message):
        replay_queues(**given_arrays)


def test_arrays_of_another_kind_or_length_are_refused() -> None:
    with pytest.raises(ValueError, match="queue is an array of int64 in 1 dimensions; give one row of int32"):
        replay_queues(**{**_bad(), "queue": np.zeros(4, np.int64)})
    with pytest.raises(ValueError, match="delay has 3 values; 4 are needed"):
        replay_queues(**{**_bad(), "delay": np.zeros(3, np.int64)})


def test_minutes_and_hours_of_a_week_by_hand() -> None:
    """Hand: 100 minutes of work a case, one person on Monday 08 to 17 (540 minutes): five cases and 40 minutes of the sixth."""
    cases = [_one(Step(queue=0, work=100 * MINUTE), rank=k) for k in range(6)]
    start, complete, _, _ = found(Network(cases, [Team([0], 1, 0)], [[OFFICE[0], OFFICE[4]]]))
    assert [(t - 8 * HOUR) / MINUTE for t in start] == [0, 100, 200, 300, 400, 500]
    assert complete[-1] == OFFICE[4][0] + 60 * MINUTE
