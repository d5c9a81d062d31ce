"""The parts of the queueing replay beside slow twins: heaps, lines, working time."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.duty import time_on_duty
from streamline.kernels.queue_heaps import pop_instant, pop_waiting, push_instant, push_waiting
from streamline.kernels.queue_hours import NEVER, time_before, works_done_at
from streamline.kernels.queue_lines import lines_of_queues, lines_of_teams, turned

sys.path.insert(0, str(Path(__file__).parent))
from slow_queues import done_at

sys.path.remove(str(Path(__file__).parent))

#: None: take the first out, if there is any; else put this in.
MOVES = st.lists(st.one_of(st.none(), st.integers(-3, 9)), max_size=60)


@given(moves=MOVES)
def test_instants_come_out_the_earliest_first(moves: list[int | None]) -> None:
    at, item = np.empty(60, np.int64), np.empty(60, np.int64)
    n, held = 0, []
    for number, move in enumerate(moves):
        if move is not None:
            n = push_instant(at, item, n, move, number)
            held.append((move, number))
        elif held:
            assert at[0] == min(held)[0]
            held.remove((int(at[0]), int(item[0])))
            n = pop_instant(at, item, n)
        assert n == len(held)


@given(moves=MOVES)
def test_waiting_steps_come_out_by_priority_then_in_order_of_joining(moves: list[int | None]) -> None:
    base = 3  # the places before belong to others
    priority, order, step = (np.full(63, -77, kind) for kind in (np.int64, np.int64, np.int32))
    held: list[tuple[int, int]] = []
    for number, move in enumerate(moves):
        if move is not None:
            push_waiting(priority, order, step, base, len(held), move, number, 1000 + number)
            held.append((-move, number))
        elif held:
            first = min(held)
            assert (-priority[base], order[base], step[base]) == (*first, 1000 + first[1])
            pop_waiting(priority, order, step, base, len(held))
            held.remove(first)
    assert set(priority[:base]) == set(order[:base]) == set(step[:base]) == {-77}


@given(teams=st.lists(st.lists(st.integers(0, 5), max_size=6), max_size=5), preference=st.permutations(range(5)))
def test_queues_are_one_line_when_the_same_teams_serve_them(teams: list[list[int]], preference: list[int]) -> None:
    offsets = np.cumsum([0, *map(len, teams)]).astype(np.int64)
    queues = np.array([q for team in teams for q in team], dtype=np.int32)
    line, n_lines = lines_of_queues(offsets, queues, 6)
    served_by = [frozenset(t for t, team in enumerate(teams) if q in team) for q in range(6)]
    assert n_lines == len(set(served_by))
    assert line.tolist() == [list(dict.fromkeys(served_by)).index(teams_of_q) for teams_of_q in served_by]
    line_offsets, lines = lines_of_teams(offsets, queues, line)
    of_team = [lines[a:b].tolist() for a, b in pairwise(line_offsets)]
    assert of_team == [list(dict.fromkeys(int(line[q]) for q in team)) for team in teams]
    order = np.array(sorted(range(len(teams)), key=lambda t: preference[t]), dtype=np.int64)
    team_offsets, by_line = turned(order, line_offsets, lines, n_lines)
    of_line = [by_line[a:b].tolist() for a, b in pairwise(team_offsets)]
    assert of_line == [[t for t in order if here in of_team[t]] for here in range(n_lines)]


@st.composite
def _calendars(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    """Up to three calendars of sorted, disjoint intervals that may touch."""
    calendars = []
    for _ in range(draw(st.integers(1, 3))):
        edges = sorted(draw(st.sets(st.integers(-9, 60), max_size=24)))
        spans = list(zip(edges[::2], edges[1::2], strict=False))
        touching = draw(st.booleans())
        calendars.append(list(pairwise(edges)) if touching else spans)
    return calendars


@given(calendars=_calendars(), asked=st.lists(st.tuples(st.integers(-12, 65), st.integers(0, 40)), min_size=1))
@settings(max_examples=400)
def test_work_is_done_when_so_much_time_on_duty_has_passed(
    calendars: list[list[tuple[int, int]]], asked: list[tuple[int, int]]
) -> None:
    offsets = np.cumsum([0, *map(len, calendars)]).astype(np.int64)
    begin, end = (np.array([span[k] for spans in calendars for span in spans], dtype=np.int64) for k in (0, 1))
    who = np.arange(len(asked), dtype=np.int32) % len(calendars)
    since, work = (np.array([row[k] for row in asked], dtype=np.int64) for k in (0, 1))
    done = works_done_at(offsets, begin, end, who, since, work)
    assert done.tolist() == [done_at(calendars[c], *row) for c, row in zip(who, asked, strict=True)]
    # and the time on duty until then is the work
    known = done < NEVER
    passed = time_on_duty(
        offsets[:-1],
        offsets[1:],
        begin,
        end,
        time_before(begin, end),
        who[known].astype(np.int64),
        since[known],
        done[known],
    )
    assert passed.tolist() == work[known].tolist()
