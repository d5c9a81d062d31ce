"""The log as it stood: only what was known then."""

from __future__ import annotations

import pytest

from streamline.measure.standards.as_of import as_of

ROWS = [
    ("a", "Intake", 0, 1, "p"), ("a", "Review", 2, 5, "q"), ("a", "Letter", 6, 7, "p"),
    ("b", "Intake", 3, 4, "p"), ("b", "Letter", 9, None, "p"), ("c", "Intake", 8, 9, "q"),
]  # fmt: skip


@pytest.fixture(scope="module")
def log(log_of):
    return log_of(ROWS, columns=("resource",), ends=["Letter"])


def _instant(at, hours: float) -> int:
    return at(hours).value // 1000


def test_steps_completed_by_then_and_those_that_had_begun(log, at) -> None:
    """At 4: a's review has begun, b has arrived and its intake is done; c isn't there, a isn't closed."""
    then = as_of(log, _instant(at, 4))
    frame = then.to_frame()
    assert frame[["case", "activity", "resource"]].to_numpy().tolist() == [["a", "Intake", "p"], ["b", "Intake", "p"]]
    assert then.unfinished[["case", "activity"]].to_numpy().tolist() == [[0, "Review"]]
    assert then.closed.tolist() == [False, False]
    assert then.observed_until == _instant(at, 4)
    assert then.history[-1] == "as of 2025-01-06 04:00"
    assert then.case_offsets.tolist() == [0, 1, 2]


def test_a_case_without_a_completed_step_is_there(log, at) -> None:
    then = as_of(log, _instant(at, 0.5))
    assert (then.n_cases, then.n_steps) == (1, 0)
    assert then.unfinished["activity"].tolist() == ["Intake"]


def test_as_of_the_end_it_is_the_log(log) -> None:
    then = as_of(log, log.observed_until)
    assert then.to_frame().equals(log.to_frame())
    assert then.closed.tolist() == log.closed.tolist()
    assert then.unfinished["activity"].tolist() == ["Letter"]


def test_before_the_first_arrival_there_is_nothing(log, at) -> None:
    with pytest.raises(ValueError, match="no case had arrived by then"):
        as_of(log, _instant(at, -1))


def test_after_the_log_ends_nothing_is_known(log) -> None:
    with pytest.raises(ValueError, match=r"is known until 2025-01-06 09:00 only"):
        as_of(log, log.observed_until + 1)
