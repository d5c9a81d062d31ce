"""Replayed cases are seen as the log would have shown them: up to its end, and no further."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.units import HOUR
from streamline.whatif.queue_model import fit_queues
from streamline.whatif.validate import days_on_record

#: Each case is checked from 8 to 9 and decided from 10 to 12, on days 0, 1 and 2.
ROWS = [
    row
    for d in range(3)
    for row in ((f"c{d}", "Check", 24 * d + 8, 24 * d + 9, "ann"), (f"c{d}", "Decide", 24 * d + 10, 24 * d + 12, "bob"))
]


def hours(log, end):
    """Hours of each case when the record ends `end` hours after Monday's midnight."""
    model = fit_queues(log)
    work = model.workload(model.weeks.own(), np.random.default_rng(1))
    until = log.start[0] + int((end - 8) * HOUR)
    return (24 * days_on_record(model, work, work.replayed(), until=until)).tolist()


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (60, [4, 4, 4]),
        (59.5, [4, 4, 1]),  # the third decision isn't on record: its case seems to end with the check
        (56.5, [4, 4, None]),  # nor is the third check: nothing of its case is
        (33, [4, 1, None]),
    ],
)
def test_without_ends_a_case_counts_with_what_is_on_record(log_of, end, expected):
    found = hours(log_of(ROWS), end)
    assert found == pytest.approx([np.nan if h is None else h for h in expected], nan_ok=True)


@pytest.mark.parametrize(("end", "expected"), [(60, [4, 4, 4]), (59.5, [4, 4, None]), (33, [4, None, None])])
def test_with_ends_a_case_counts_once_its_end_is_on_record(log_of, end, expected):
    found = hours(log_of(ROWS, ends=["Decide"]), end)
    assert found == pytest.approx([np.nan if h is None else h for h in expected], nan_ok=True)
