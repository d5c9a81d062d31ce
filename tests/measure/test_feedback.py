"""Survey scores, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError
from streamline.figure import BarChart
from streamline.log.read import read_contacts, read_feedback
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.feedback import CONTACTS, CYCLE_TIME, LOOPS, feedback_scores


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
    and the one about a case that isn't there are left out. The four took 11/4 days on average, the fifth 4.
    """
    got = feedback_scores(log, _answers([("1", 5), ("2", 4), ("2", 2), ("3", 3), ("5", 1), ("6", 5), ("zz", 5)]))
    assert got.mean.value == pytest.approx(3)
    assert got.mean.unit == "score from 1 to 5"
    assert got.mean.n == 5
    assert got.mean.level is None, "answers about four cases have no interval"
    assert got.n == 4
    assert got.response_share == pytest.approx(4 / 5)
    assert dict(got.excluded) == {"answers about other or open cases": 2}
    quarters = got.of(CYCLE_TIME)
    assert quarters["group"].tolist() == [
        "quickest quarter (up to 2 days)", "2 to 3 days", "3 to 4 days", "slowest quarter (over 4 days)",
    ]  # fmt: skip
    assert quarters["n_cases"].tolist() == [2, 1, 1, 1]
    assert quarters["n_answered"].tolist() == [2, 1, 0, 1]
    assert quarters["response_share"].tolist() == [1, 1, 0, 1]
    assert quarters["n_answers"].tolist() == [3, 1, 0, 1]
    assert quarters["mean_score"].tolist()[:2] == pytest.approx([11 / 3, 3])
    assert quarters["mean_score"].isna().tolist() == [False, False, True, False]
    assert quarters["score_low"].isna().all()
    assert got.answering_longer is None, "one case that didn't answer has no spread"
    assert got.cases["cycle_time_days"].tolist() == [1, 2, 2, 3, 5]
    chart = got.chart()
    assert isinstance(chart, BarChart)
    assert len(chart.bars) == 3


def test_loops_contacts_and_channels_by_hand(log_of, at) -> None:
    """Six cases of two days. a and b go back; a has two calls, b one, the others none. Mail: a, b, c; online: d, e, f."""
    rows = []
    for name in "abcdef":
        channel = "mail" if name in "abc" else "online"
        steps = ["Check", "Ask", "Check"] if name in "ab" else ["Check"]
        rows += [(name, s, 0, 12 * (k + 1), channel) for k, s in enumerate(steps)] + [(name, "Decide", 36, 48, channel)]
    log = log_of(rows, columns=("channel",), ends=["Decide"])
    calls = pd.DataFrame({"case": ["a", "a", "b"], "time": [at(h) for h in (1, 30, 2)]})
    links = link_contacts(log, read_contacts(calls, case="case", time="time"), covers=("2025-01-05", "2025-01-20"))
    scores = [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)]
    got = feedback_scores(log, _answers(scores), links=links)

    def told(by):
        rows = got.of(by)
        return {r.group: (r.n_cases, r.n_answered, round(r.mean_score, 6)) for r in rows.itertuples()}

    assert told(LOOPS) == {"without a loop": (4, 3, 4.0), "with a loop": (2, 2, 1.5)}
    assert told(CONTACTS) == {"no contact": (4, 3, 4.0), "1 contact": (1, 1, 2.0), "2 contacts or more": (1, 1, 1.0)}
    assert told("channel") == {"mail": (3, 3, 2.0), "online": (3, 2, 4.5)}
    assert got.mean.low is not None
    assert got.mean.low <= got.mean.value <= got.mean.high
    assert feedback_scores(log, _answers(scores)).of(CONTACTS).empty


def test_an_interval_holds_the_mean_of_all_who_could_answer(log_of) -> None:
    """Scores of 1 to 5 at random, 60 of 400 cases answer: the 95% interval holds the mean of all in most of 100 surveys."""
    rng = np.random.default_rng(5)
    log = log_of([(str(k), "Decide", 0, 24 + k / 10) for k in range(400)], ends=["Decide"])
    all_scores = rng.integers(1, 6, 400)
    hits = 0
    for _ in range(100):
        who = rng.choice(400, 60, replace=False)
        got = feedback_scores(log, _answers([(str(k), int(all_scores[k])) for k in who]), draws=300).mean
        hits += got.low <= all_scores.mean() <= got.high
    assert hits >= 88


def test_who_answers_is_told(log_of) -> None:
    """Long cases answer: the difference in days is clear, and has the sign of those who answer."""
    log = log_of([(str(k), "Decide", 0, 24 * (1 + k % 10)) for k in range(100)], ends=["Decide"])
    got = feedback_scores(log, _answers([(str(k), 3) for k in range(100) if k % 10 > 5])).answering_longer
    assert got is not None
    assert got.value == pytest.approx(8.5 - 3.5)
    assert got.low > 4


def test_long_times_are_written_out(log_of) -> None:
    log = log_of([(str(k), "Decide", 0, 24 * 1234 * k) for k in range(1, 6)])
    got = feedback_scores(log, _answers([("1", 5), ("5", 1)]))
    assert got.table["group"].iloc[0] == "quickest quarter (up to 2,468 days)"


def test_no_answer_about_a_closed_case_is_refused(log) -> None:
    with pytest.raises(InsufficientDataError, match="none of 2 answers is about a closed case"):
        feedback_scores(log, _answers([("6", 5), ("zz", 1)]))
