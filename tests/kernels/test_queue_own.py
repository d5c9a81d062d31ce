"""Steps that are bound to whoever did an earlier one: by hand, and the lines in which they wait beside a slow twin.

That a whole replay with bound steps equals its slow twin event for event is tested with the others, in `test_queues`.
"""

from __future__ import annotations

import copy
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.queue_own import room_for_one, room_of_own_lines, with_own_lines
from streamline.kernels.queues import NEVER, replay_queues

sys.path.insert(0, str(Path(__file__).parent))
from slow_queues import Case, Network, Step, Team, arrays, slow_replay

sys.path.remove(str(Path(__file__).parent))

ALWAYS = [(-(10**15), 10**15)]


def found(network: Network) -> tuple[list[int], ...]:
    told = tuple(column.tolist() for column in replay_queues(**arrays(network)))
    assert told == slow_replay(copy.deepcopy(network))
    return told


def case(arrival: int, *steps: Step, rank: int = 0) -> Case:
    return Case(arrival, rank, list(steps))


def two(*, turns: bool = True) -> list[Team]:
    return [Team([0], 1, 0, turns=turns), Team([0], 1, 0, turns=turns)]


def test_a_bound_step_waits_for_its_person_though_another_is_free() -> None:
    """Ann takes case 0 at 0 for 4; Ben case 1 at 1 for 9. Case 2 comes at 5 for Ann, 6 long. At 6 Ben's customer's answer to
    case 0 would find Ben busy until 10 and Ann until 11; the answer waits for Ann, though Ben is free from 10 on."""
    answered = case(
        0, Step(queue=0, work=4), Step(joins=[0], work=2), Step(joins=[1], queue=0, work=1, anchor=0), rank=0
    )
    cases = [answered, case(1, Step(queue=0, work=9), rank=1), case(5, Step(queue=0, work=6), rank=2)]
    start, complete, team, _ = found(Network(cases, two(), [ALWAYS]))
    assert start == [0, 4, 11, 1, 5]
    assert complete == [4, 6, 12, 10, 11]
    assert team == [0, -1, 0, 1, 0]


def test_own_and_common_steps_are_taken_in_the_order_in_which_they_joined() -> None:
    """One person: her own second step (ready at 2) goes before the case that came at 3, and after that which came at 1."""
    cases = [
        case(0, Step(queue=0, work=2), Step(joins=[0], queue=0, work=2, anchor=0), rank=0),
        case(1, Step(queue=0, work=2), rank=1),
        case(3, Step(queue=0, work=2), rank=2),
    ]
    start, _, _, _ = found(Network(cases, two()[:1], [ALWAYS]))
    assert start == [0, 4, 2, 6]


@pytest.mark.parametrize(("turns", "team"), [(True, [0, 1, 0]), (False, [0, 0, 0])])
def test_those_who_take_turns_take_cases_by_who_has_been_idle_for_longest(turns: bool, team: list[int]) -> None:
    cases = [case(10 * k, Step(queue=0, work=1), rank=k) for k in range(3)]
    assert found(Network(cases, two(turns=turns), [ALWAYS]))[2] == team


def test_the_preferred_go_before_those_who_have_been_idle_for_longer() -> None:
    cases = [case(10 * k, Step(queue=0, work=1), rank=k) for k in range(2)]
    teams = [Team([0], 1, 0, preference=1, turns=True), Team([0], 1, 0, preference=0, turns=True)]
    assert found(Network(cases, teams, [ALWAYS]))[2] == [1, 1]


def test_a_step_whose_anchor_nobody_took_joins_the_queue_that_it_names() -> None:
    """The anchor needs nobody; the step is taken by who is free."""
    cases = [
        case(0, Step(queue=0, work=9), rank=0),
        case(0, Step(work=1), Step(joins=[0], queue=0, work=1, anchor=0), rank=1),
    ]
    assert found(Network(cases, two(), [ALWAYS]))[2] == [0, -1, 1]


def test_a_bound_step_of_somebody_who_never_comes_again_is_never_begun() -> None:
    """Ann goes at 3; Ben stays. The second step of Ann's case, ready at 5, is hers and never begun."""
    teams = [Team([0], 1, 0), Team([0], 1, 1)]
    cases = [case(0, Step(queue=0, work=2), Step(joins=[0], work=3), Step(joins=[1], queue=0, work=1, anchor=0))]
    start, complete, team, _ = found(Network(cases, teams, [[(0, 3)], ALWAYS]))
    assert (start[-1], complete[-1], team[-1]) == (NEVER, NEVER, -1)


@pytest.mark.parametrize(("longest", "taken_by"), [(NEVER, 0), (15, 0), (14, 1), (0, 1)])
def test_a_bound_step_goes_to_others_when_its_person_is_off_for_longer_than_it_waits(
    longest: int, taken_by: int
) -> None:
    """Ann took the case before 3 and is back at 20; the second step is ready at 5."""
    teams = [Team([0], 1, 0), Team([0], 1, 1)]
    second = Step(joins=[1], queue=0, work=1, anchor=0, longest_off=longest)
    network = Network(
        [case(0, Step(queue=0, work=2), Step(joins=[0], work=3), second)], teams, [[(0, 3), (20, 30)], ALWAYS]
    )
    start, _, team, _ = found(network)
    assert (start[-1], team[-1]) == ((20, 0) if taken_by == 0 else (5, 1))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(0, 5)), max_size=15), st.integers(1, 3))
@settings(max_examples=100)
def test_with_one_team_being_bound_to_it_changes_nothing(jobs: list[tuple[int, int, int]], size: int) -> None:
    def network(anchor: int | None) -> Network:
        cases = [
            case(at, Step(queue=0, work=one), Step(joins=[0], queue=0, work=two, anchor=anchor), rank=k)
            for k, (at, one, two) in enumerate(jobs)
        ]
        return Network(cases, [Team([0], size, 0)], [ALWAYS])

    assert found(network(0)) == found(network(None))


@pytest.mark.parametrize(("place", "value"), [(0, 0), (1, 1), (1, 2), (3, 0), (1, -2)])
def test_a_step_that_is_bound_to_none_before_it_in_its_case_is_refused(place: int, value: int) -> None:
    steps = [Step(queue=0, work=1), Step(joins=[0], queue=0, work=1, anchor=0)]
    given_arrays = arrays(Network([case(0, *steps), case(0, *copy.deepcopy(steps), rank=1)], two(), [ALWAYS]))
    replay_queues(**given_arrays)
    given_arrays["anchor"][place] = value
    with pytest.raises(ValueError, match=f"anchor at step {place}: a step is bound only to one before it in its case"):
        replay_queues(**given_arrays)


def test_times_off_below_nothing_are_refused() -> None:
    given_arrays = arrays(Network([case(0, Step(queue=0, work=1))], two(), [ALWAYS]))
    given_arrays["longest_off"][0] = -1
    with pytest.raises(ValueError, match="longest_off at place 0: values lie from 0"):
        replay_queues(**given_arrays)


def test_flags_that_are_neither_0_nor_1_are_refused() -> None:
    given_arrays = arrays(Network([case(0, Step(queue=0, work=1))], two(), [ALWAYS]))
    given_arrays["team_turns"][1] = 2
    with pytest.raises(ValueError, match="team_turns at place 1: values lie from 0 to below 2"):
        replay_queues(**given_arrays)


def test_each_team_serves_a_line_of_its_own_behind_the_others() -> None:
    offsets, lines = with_own_lines(np.array([0, 2, 2, 3]), np.array([1, 0, 1]), 2)
    assert offsets.tolist() == [0, 3, 4, 6]
    assert lines.tolist() == [1, 0, 2, 3, 1, 4]


@given(moves=st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=400), n_common=st.integers(0, 3))
def test_own_lines_hold_what_stands_in_them_within_their_room(moves: list[tuple[int, bool]], n_common: int) -> None:
    """Each move lets a step join one of three lines, or takes the first one out."""
    n_bound = sum(joins for _, joins in moves)
    n_lines, taken = n_common + 3, 7
    anchor, priority_of = np.zeros(n_bound, np.int64), np.full(n_bound, 5, np.int64)
    head, tail = np.zeros(n_lines, np.int64), np.zeros(n_lines, np.int64)
    plain, usual = np.zeros(n_lines, np.bool_), np.zeros(n_lines, np.int64)
    base, end, spare, room = room_of_own_lines(
        anchor, priority_of, n_common, n_lines, taken, head, tail, plain, usual
    )  # fmt: skip
    assert plain[n_common:].all()
    assert not plain[:n_common].any()
    assert (usual[n_common:] == (5 if n_bound else 0)).all()
    priority, order, waiting = np.zeros(room, np.int64), np.zeros(room, np.int64), np.zeros(room, np.int32)
    held: list[list[int]] = [[], [], []]
    for number, (own, joins) in enumerate(moves):
        here = n_common + own
        if joins:
            if tail[here] == end[own]:
                spare = room_for_one(own, here, base, end, spare, head, tail, priority, order, waiting)
            assert base[own] <= head[here] <= tail[here] < end[own] <= spare <= room
            priority[tail[here]], order[tail[here]], waiting[tail[here]] = number, -number, number
            tail[here] += 1
            held[own].append(number)
        elif held[own]:
            held[own].pop(0)
            head[here] += 1
        for k, steps in enumerate(held):
            places = slice(head[n_common + k], tail[n_common + k])
            assert waiting[places].tolist() == steps
            assert priority[places].tolist() == steps
            assert (-order[places]).tolist() == steps
    spans = sorted(zip(base.tolist(), end.tolist(), strict=True))
    assert spans[0][0] >= taken
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
