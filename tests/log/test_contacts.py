"""Contacts and survey scores: what is kept, what is set aside, what is refused."""

from __future__ import annotations

import pytest

from streamline.errors import DataQualityError, FileFormatError, MissingColumnError, TimestampError, UnknownNameError
from streamline.log.read import read_contacts, read_feedback

CALLS = """case,called,channel,reason
A,2025-01-06T09:00:00Z,phone,status
,2025-01-06T08:00:00Z,phone,
X,2025-01-07T08:00:00Z,email,status
A,2025-01-06T09:00:00Z,phone,status
NA,2025-01-08T08:00:00Z,phone,other
"""
NAMES = {"case": "case", "time": "called", "channel": "channel", "reason": "reason"}


def test_contacts_by_hand(written, read_text):
    """In order of time; the one without a case is kept; NA is a case; the exact repeat is noted, not dropped."""
    calls = read_contacts(written(CALLS, "calls.csv"), **NAMES, status_reasons=["status"])
    assert calls.to_frame()["case"].tolist()[1:] == ["A", "A", "X", "NA"]
    assert calls.to_frame()["row"].tolist() == [3, 2, 5, 4, 6]
    assert calls.notes.odd_rows["duplicate"].tolist() == [5]
    log = read_text("case,activity,complete\nNA,In,2025-01-06T09:00:00Z\nA,In,2025-01-06T08:00:00Z\n")
    assert calls.case_numbers(log).tolist() == [-1, 0, 0, -2, 1]
    assert not calls.time.flags.writeable


def test_a_contact_without_a_time_is_a_reject(written):
    path = written(CALLS + "A,,phone,status\nA,yesterday,phone,status\n", "calls.csv")
    with pytest.raises(DataQualityError, match=r"calls\.csv: 2 of 7 rows"):
        read_contacts(path, **NAMES)
    calls = read_contacts(path, **NAMES, max_rejected=0.5)
    assert [(r.row, r.reason) for r in calls.rejects] == [(7, "no time"), (8, "not a date that can be read")]
    assert len(calls) == 5


def test_what_is_refused(written):
    path = written(CALLS, "calls.csv")
    with pytest.raises(MissingColumnError, match=r"no column 'cased' \(asked for as case\)\. Did you mean 'case'\?"):
        read_contacts(path, **{**NAMES, "case": "cased"})
    with pytest.raises(UnknownNameError, match=r"calls\.csv has no reason 'stats'\. Did you mean 'status'\?"):
        read_contacts(path, **NAMES, status_reasons=["stats"])
    with pytest.raises(TimestampError, match="local times"):
        read_contacts(written(CALLS.replace("Z,", ","), "local.csv"), **NAMES)
    with pytest.raises(FileFormatError, match="not one contact with a time"):
        read_contacts(written("case,called\nA,never\n", "none.csv"), case="case", time="called", max_rejected=1.0)


def test_another_zone_is_the_same_instant(written):
    one = read_contacts(written(CALLS, "a.csv"), **NAMES)
    other = read_contacts(written(CALLS.replace("T09:00:00Z", "T04:00:00-05:00"), "b.csv"), **NAMES)
    assert one.time.tolist() == other.time.tolist()


def test_scores_by_hand(written, read_text):
    path = written("case,score\nA,5\nB,6\nC,good\n,3\nD,1\n", "survey.csv")
    scores = read_feedback(path, case="case", score="score", scale=(1, 5), max_rejected=0.9)
    assert scores.score.tolist() == [5, 1]
    assert [(r.row, r.column, r.reason) for r in scores.rejects] == [
        (3, "score", "no number from 1 to 5"), (4, "score", "no number from 1 to 5"), (5, "case", "no case id"),
    ]  # fmt: skip
    assert scores.case_numbers(read_text("case,activity,complete\nD,In,2025-01-06T09:00:00Z\n")).tolist() == [-1, 0]
    with pytest.raises(FileFormatError, match="not one score that can be used"):
        read_feedback(path, case="case", score="score", scale=(7, 9), max_rejected=1.0)
    with pytest.raises(MissingColumnError, match="'answered'"):
        read_feedback(path, case="case", score="score", scale=(1, 5), time="answered")
