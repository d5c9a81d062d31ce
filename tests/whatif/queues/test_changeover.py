"""The pause between one step and the next that was waiting: by hand, beside a slow twin, and where it can't be told."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamline.whatif.changeover import ENOUGH, free_after_changeover, pauses, usual_changeover


def ints(*values):
    return np.array(values, dtype=np.int64)


def test_a_pause_counts_where_the_next_step_was_waiting():
    """Begun at 12 after waiting for 9: a pause of 2. At 40 a step that wasn't there yet; at 45 one beside an open one."""
    who = ints(0, 0, 0, 1, 0)
    start, complete, waited = ints(0, 12, 40, 41, 45), ints(10, 30, 50, 42, 60), ints(0, 9, 3, 9, 9)
    assert pauses(who, start, complete, waited).tolist() == [-1, 2, -1, -1, -1]


def test_a_long_step_keeps_its_person_whatever_ends_meanwhile():
    assert pauses(ints(0, 0, 0), ints(0, 5, 103), ints(100, 6, 110), ints(0, 9, 50)).tolist() == [-1, -1, 3]


STEPS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(0, 9), st.integers(0, 9)), max_size=14)


@given(STEPS)
def test_pauses_equal_their_twin(steps):
    who, start, length, waited = (ints(*c) for c in zip(*steps, strict=True)) if steps else (ints(),) * 4
    found = pauses(who, start, start + length, waited)
    order = sorted(range(len(steps)), key=lambda k: (who[k], start[k], start[k] + length[k]))
    for i, k in enumerate(order):
        before = [start[j] + length[j] for j in order[:i] if who[j] == who[k]]
        pause = start[k] - max(before) if before else -1
        assert found[k] == (pause if pause >= 0 and waited[k] >= pause else -1)


def test_the_usual_changeover_is_the_median_of_a_group_with_enough_pauses():
    n = ENOUGH + 1
    pause = np.concatenate([np.arange(n), np.arange(n - 2), np.full(5, -1)]).astype(np.int64)
    group = np.concatenate([np.zeros(n), np.ones(n + 3)]).astype(np.int64)
    work = np.full(len(pause), 200, dtype=np.int64)
    assert usual_changeover(pause, work, group, n_groups=3).tolist() == [n // 2, 0, 0]


def test_pauses_longer_than_the_work_are_no_changeover():
    pause, group = np.full(ENOUGH, 30, dtype=np.int64), np.zeros(ENOUGH, dtype=np.int64)
    for work, expected in ((30, 30), (29, 0)):
        assert usual_changeover(pause, np.full(ENOUGH, work, dtype=np.int64), group, n_groups=1).tolist() == [expected]


def test_short_free_time_before_a_step_is_not_free():
    """Of four stretches one is long, one ends as the office closes, and two end as a step begins, one of them in time."""
    free = np.array([[0, 100], [110, 112], [120, 122], [130, 140]])
    left = free_after_changeover(free, 3, starts=ints(100, 112, 140))
    assert left.tolist() == [[0, 100], [120, 122], [130, 140]]
    assert free_after_changeover(free, 0, starts=ints(112)).tolist() == free.tolist()
    assert free_after_changeover(free[:0], 3, starts=ints(112)).tolist() == []
