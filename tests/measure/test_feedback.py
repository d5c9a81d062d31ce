"""Survey scores, by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from streamline.errors import InsufficientDataError
from streamline.log.read import read_feedback
from streamline.measure.feedback import feedback_scores


def _answers(rows):
    return read_feedback(pd.DataFrame(rows, columns=["case", "score"]), case="case", score="score", scale=(1, 5))


@pytest.fixture
def log(log_of):
    """Cases 1 to 5 take 1 to 5 days: the quarters end at 2, 3 and 4 days. Case 6 is open."""
    rows = [(str(k), "Decide", 0, 24 * k) for k in range(1, 6)]
    return log_of([*rows, ("6", "Intake", 0, 1)], ends=["Decide"])


def test_scores_by_hand(log) -> None:
    """Up to 2 days: cases 1 (5) and 2 (4 and 2), mean 11/3. To 3 days: case 3, 3. To 4: nobody. Over 4: case 5, 1.

    Mean of five answers (5 + 4 + 2 + 3 + 1) / 5 = 3; four of five closed cases answered; the answer about the open case
    and the one about a case that isn't there are left out.
    """
    got = feedback_scores(log, _answers([("1", 5), ("2", 4), ("2", 2), ("3", 3), ("5", 1), ("6", 5), ("zz", 5)]))
    assert got.mean.value == pytest.approx(3)
    assert got.mean.unit == "score from 1 to 5"
    assert got.mean.n == 5
    assert got.n == 4
    assert got.response_share == pytest.approx(4 / 5)
    assert dict(got.excluded) == {"answers about other or open cases": 2}
    assert got.table["group"].tolist() == [
        "quickest quarter (up to 2 days)", "2 to 3 days", "3 to 4 days", "slowest quarter (over 4 days)",
    ]  # fmt: skip
    assert got.table["n_answers"].tolist() == [3, 1, 0, 1]
    assert got.table["mean_score"].tolist()[:2] == pytest.approx([11 / 3, 3])
    assert got.table["mean_score"].isna().tolist() == [False, False, True, False]
    assert got.table["score_low"].isna().tolist() == [False, False, True, False]
    assert got.cases["cycle_time_days"].tolist() == [1, 2, 2, 3, 5]


def test_long_times_are_written_out(log_of) -> None:
    log = log_of([(str(k), "Decide", 0, 24 * 1234 * k) for k in range(1, 6)])
    got = feedback_scores(log, _answers([("1", 5), ("5", 1)]))
    assert got.table["group"].iloc[0] == "quickest quarter (up to 2,468 days)"


def test_no_answer_about_a_closed_case_is_refused(log) -> None:
    with pytest.raises(InsufficientDataError, match="none of 2 answers is about a closed case"):
        feedback_scores(log, _answers([("6", 5), ("zz", 1)]))
