"""Customers who leave before anybody takes their step, by hand.

Random networks with such customers equal their slow twin in `test_queues`.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import pytest

from streamline.kernels.queues import NEVER, replay_queues

sys.path.insert(0, str(Path(__file__).parent))
from slow_queues import Case, Network, Step, Team, arrays, slow_replay

sys.path.remove(str(Path(__file__).parent))

ALWAYS = [(-(10**15), 10**15)]


def found(network: Network) -> tuple[list[int], ...]:
    told = tuple(column.tolist() for column in replay_queues(**arrays(network)))
    assert told == slow_replay(copy.deepcopy(network))
    return told


def queue_of(patience: int, *, people: int = 1) -> Network:
    """A customer at 0 for 10, one at 1 who leaves after so long and would go on with a second step, one at 2."""
    first = Case(0, 0, [Step(queue=0, work=10)])
    second = Case(1, 1, [Step(queue=0, work=5, patience=patience), Step(joins=[0], delay=7, work=3)])
    third = Case(2, 2, [Step(queue=0, work=4)])
    return Network([first, second, third], [Team([0], people, 0)], [ALWAYS])


def test_who_leaves_at_5_takes_nobody_and_lets_the_next_go_first() -> None:
    start, complete, team, left = found(queue_of(4))
    assert start == [0, 5, 5, 10]
    assert complete == [10, 5, 5, 14]
    assert team == [0, -1, -1, 0]
    assert left == [False, True, True, False]


@pytest.mark.parametrize("patience", [9, 10, NEVER])
def test_who_is_taken_at_the_last_instant_or_before_is_served(patience: int) -> None:
    start, complete, _, left = found(queue_of(patience))
    assert start == [0, 10, 22, 15]
    assert complete[2] == 25
    assert not any(left)


def test_with_more_people_nobody_leaves() -> None:
    assert not any(found(queue_of(0, people=2))[3])


def test_patience_counts_from_when_the_step_is_enabled_and_not_from_its_queue() -> None:
    """Enabled at 3, in the queue from 7 on, gone at 5: the person who is free all along never takes it."""
    steps = [Step(work=3), Step(joins=[0], delay=4, queue=0, work=1, patience=2)]
    start, complete, _, left = found(Network([Case(0, 0, steps)], [Team([0], 1, 0)], [ALWAYS]))
    assert (start[1], complete[1], left[1]) == (5, 5, True)


def test_where_nobody_ever_comes_the_customer_leaves_all_the_same() -> None:
    start, _, _, left = found(Network([Case(3, 0, [Step(queue=0, work=1, patience=8)])], [Team([0], 1, 0)], [[]]))
    assert (start, left) == ([11], [True])
    assert found(Network([Case(3, 0, [Step(queue=0, work=1)])], [Team([0], 1, 0)], [[]]))[0] == [NEVER]


def test_the_other_branch_is_done_and_the_step_that_joins_both_is_not() -> None:
    """The branch without a customer ends at 2, the other at 9; what joins them begins and ends at 9, by nobody."""
    steps = [
        Step(queue=0, work=1, patience=2),
        Step(work=9),
        Step(joins=[0, 1], queue=1, work=1),
    ]
    busy = Case(0, 0, [Step(queue=0, work=20)])
    network = Network([busy, Case(0, 1, steps)], [Team([0], 1, 0), Team([1], 1, 0)], [ALWAYS])
    start, complete, _, left = found(network)
    assert start[1:] == [2, 0, 9]
    assert complete[1:] == [2, 9, 9]
    assert left[1:] == [True, False, True]


@pytest.mark.parametrize("patience", [-1, NEVER - 1])
def test_patience_that_means_nothing_is_refused(patience: int) -> None:
    given = arrays(queue_of(3))
    given["patience"][1] = patience
    with pytest.raises(ValueError, match="patience at place 1: values lie from 0"):
        replay_queues(**given)
