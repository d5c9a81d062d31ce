"""Runs of steps beside slow twins, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.batches import facts_of_runs, runs_of_steps

#: (start, complete, enabled); time on duty is time by the clock here, unless a test says otherwise.
Step = tuple[int, int, int]


def columns(groups: list[list[Step]]) -> tuple[np.ndarray, ...]:
    rows = [step for steps in groups for step in sorted(steps)]
    offsets = np.cumsum([0, *map(len, groups)]).astype(np.int64)
    return offsets, *(np.array([row[k] for row in rows], dtype=np.int64) for k in range(3))


def found(groups: list[list[Step]], gap: int) -> tuple[list[int], list[tuple[int, ...]]]:
    offsets, start, complete, enabled = columns(groups)
    gaps = np.full(len(groups), gap, dtype=np.int64)
    run = runs_of_steps(offsets, start, enabled, start, complete, gaps)
    facts = facts_of_runs(run, start, complete, enabled)
    return run.tolist(), list(zip(*(column.tolist() for column in facts), strict=True))


def slow(groups: list[list[Step]], gap: int) -> tuple[list[int], list[tuple[int, ...]]]:
    """Each step joins the run before it or opens one; each run is then looked at as a whole."""
    runs: list[list[Step]] = []
    number = []
    for steps in groups:
        mine: list[Step] = []
        for step in sorted(steps):
            if not mine or step[2] > mine[0][0] or step[0] - max(s[1] for s in mine) > gap:
                mine = []
                runs.append(mine)
            mine.append(step)
            number.append(len(runs) - 1)
    facts, first = [], 0
    for run in runs:
        enabled = sorted(s[2] for s in run)
        together = len(run) > 1 and len({s[0] for s in run}) == 1
        overlap = any(a[0] < b[1] for i, a in enumerate(run) for b in run[:i])
        facts.append((first, len(run), enabled[min(1, len(run) - 1)], enabled[-1], 2 if together else int(overlap)))
        first += len(run)
    return number, facts


@st.composite
def _steps(draw: st.DrawFn) -> list[Step]:
    instant = st.integers(0, draw(st.sampled_from([5, 40])))
    times = st.tuples(instant, instant, instant).map(sorted)
    return draw(st.lists(times.map(lambda t: (t[1], t[2], t[0])), max_size=10))


@given(groups=st.lists(_steps(), max_size=4), gap=st.integers(0, 6))
@settings(max_examples=400, deadline=None)
def test_they_equal_their_slow_twins(groups: list[list[Step]], gap: int) -> None:
    assert found(groups, gap) == slow(groups, gap)


@pytest.mark.parametrize(
    ("steps", "gap", "runs", "kinds"),
    [
        pytest.param([(10, 11, 0), (11, 12, 5), (12, 13, 10)], 0, [0, 0, 0], [0], id="one after another"),
        pytest.param([(10, 11, 0), (11, 12, 11)], 0, [0, 1], [0, 0], id="enabled after the release"),
        pytest.param([(10, 11, 0), (13, 14, 0)], 1, [0, 1], [0, 0], id="the gap is too long"),
        pytest.param([(10, 11, 0), (13, 14, 0)], 2, [0, 0], [0], id="the gap is just short enough"),
        pytest.param([(10, 20, 0), (12, 14, 0), (20, 21, 0)], 0, [0, 0, 0], [1], id="side by side"),
        pytest.param([(10, 20, 0), (10, 14, 3)], 0, [0, 0], [2], id="started together"),
        pytest.param([(10, 10, 0), (10, 10, 3)], 0, [0, 0], [2], id="together, without duration"),
    ],
)  # fmt: skip
def test_hand(steps: list[Step], gap: int, runs: list[int], kinds: list[int]) -> None:
    number, facts = found([steps], gap)
    assert number == runs
    assert [row[4] for row in facts] == kinds


def test_the_gap_is_told_by_time_on_duty() -> None:
    """From 11 to 20 nobody is on duty: the second step begins 9 later, without a gap of duty."""
    offsets, start, _, enabled = columns([[(10, 11, 0), (20, 21, 0)]])
    clock_start, clock_complete = np.array([10, 11]), np.array([11, 12])
    run = runs_of_steps(offsets, start, enabled, clock_start, clock_complete, np.zeros(1, dtype=np.int64))
    assert run.tolist() == [0, 0]
