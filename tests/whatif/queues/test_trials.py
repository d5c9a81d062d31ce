"""Trials on a Monday that a person can add up: who seems free as each step is enabled, and what counts as evidence."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.measure.waits.path import paths
from streamline.units import HOUR
from streamline.whatif.spans import less, merged
from streamline.whatif.staffing import found_staffing
from streamline.whatif.trials import SURE, inside, trials_of

#: Ann and Amy check from 8 to 17 o'clock: (case, activity, start, end, who); and when each case comes.
ROWS = [
    ("a", "Check", 9, 10, "ann"),
    ("b", "Check", 9.5, 11, "amy"),
    ("c", "Check", 12, 13, "ann"),
    ("d", "Check", 12.5, 14, "amy"),
    ("e", "Check", 13, 13.5, "ann"),
    ("f", "Check", 15.5, 16, "ann"),
]
ARRIVALS = {"a": 9, "b": 9.5, "c": 10.5, "d": 11.5, "e": 13, "f": 15}


@pytest.fixture(scope="module")
def monday(log_of, office):
    log = log_of(ROWS, arrivals=ARRIVALS)
    staffing = found_staffing(log, calendar=office)
    free = []
    for r in range(2):
        mine = np.flatnonzero(log.resource.codes == r)
        free.append(less(staffing.hours_of(r), merged(np.stack([log.start[mine], log.complete[mine]], axis=1))))
    step = np.arange(log.n_steps)
    return log, trials_of(paths(log), staffing, step, np.zeros(log.n_steps, dtype=np.int64), (0, 1), free)


def test_each_step_with_somebody_free_is_a_trial(monday):
    """a finds both free and b Amy. c finds Ann, who is free from 10 on, and begins late; d finds both, and c waiting. As e comes
    Ann completes c, so she is there. f finds both, and nobody is waiting any more."""
    log, trials = monday
    case = log.case_id_array(log.case_of_step[trials.step]).tolist()
    told = {
        c: (int(n), bool(late), bool(first))
        for c, n, late, first in zip(case, trials.free, trials.late, trials.first, strict=True)
    }
    assert told == {
        "a": (2, False, True),
        "b": (1, False, True),
        "c": (1, True, True),
        "d": (2, True, False),
        "e": (SURE, False, True),
        "f": (2, True, True),
    }


def test_who_becomes_free_at_an_instant_was_not_free_before_it():
    spans = np.array([[8, 9], [10, 12]], dtype=np.int64) * HOUR
    at = (np.array([7, 8, 8.5, 9, 9.5, 10, 12, 13]) * HOUR).astype(np.int64)
    assert inside(spans, at).tolist() == [False, False, True, True, False, False, True, False]
    assert not inside(spans[:0], at).any()
