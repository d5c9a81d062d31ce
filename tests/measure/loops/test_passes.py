"""Passes and selected loops, by hand and on services whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.log.read import read_log
from streamline.measure.loops.passes import first_passes, loops_matching
from streamline.measure.loops.rework import rework_loops

#: Reviews: k has three (two come back to Intake), m one, n none.
FOUR = [
    ("k", "Intake", 0, 1), ("k", "Review", 2, 3), ("k", "Intake", 4, 5), ("k", "Review", 6, 7), ("k", "Intake", 8, 9),
    ("k", "Review", 10, 11), ("k", "Decide", 12, 13),
    ("m", "Intake", 0, 1), ("m", "Review", 2, 3), ("m", "Decide", 3, 4),
    ("n", "Intake", 0, 1), ("n", "Ask", 1, 2), ("n", "Intake", 2, 5), ("n", "Decide", 5, 6),
]  # fmt: skip


def test_yield_by_hand(log_of, row) -> None:
    got = first_passes(log_of(FOUR))
    assert got.whole.value == pytest.approx(1 / 3)
    assert got.table["activity"].tolist() == ["Intake", "Review", "Ask", "Decide"]
    intake = row(got, "Intake")
    assert (intake["n_cases"], intake["n_steps"], intake["n_repeats"]) == (3, 6, 3)
    assert intake["first_pass_yield"] == pytest.approx(1 / 3)
    assert row(got, "Review")["first_pass_yield"] == pytest.approx(1 / 2)
    by_pass = got.by_pass[got.by_pass["activity"] == "Intake"]
    assert by_pass[["pass", "n_cases", "n_again"]].to_numpy().tolist() == [[1, 3, 2], [2, 2, 1], [3, 1, 0]]
    assert got.cases["n_steps"].sum() == len(FOUR)
    assert len(got.chart().bars) == 2


def test_many_passes_are_counted_up_to_the_fifth(log_of) -> None:
    got = first_passes(log_of([("k", "x", None, i) for i in range(9)] + [("m", "x", None, i) for i in range(5)]))
    assert got.by_pass[["pass", "n_cases", "n_again"]].to_numpy().tolist() == [
        [1, 2, 2], [2, 2, 2], [3, 2, 2], [4, 2, 2], [5, 2, 1]]  # fmt: skip
    assert got.table[["n_cases", "n_steps", "n_repeats"]].to_numpy().tolist() == [[2, 14, 12]]


def test_selected_loops_by_hand(log_of) -> None:
    """Of k's and m's four reviews two return to Intake: from the completion of Intake at 1 to 5 and from 5 to 9, 8 hours."""
    rework = rework_loops(log_of(FOUR))
    got = loops_matching(rework, from_="Review", to="Intake")
    assert (got.n_occurrences, got.returning_share.value, got.returning_share.n) == (2, 0.5, 4)
    assert got.cases_share.value == pytest.approx(1 / 3)
    assert got.days_per_occurrence == pytest.approx(4 / 24)
    assert got.days_per_case.value == pytest.approx(8 / 24 / 3)
    assert got.loop_days_share == pytest.approx(8 / 12)
    assert got.table[["pass", "n_steps", "n_returning"]].to_numpy().tolist() == [[1, 2, 1], [2, 1, 1], [3, 1, 0]]
    assert got.cases["case"].tolist() == ["k", "k"]
    asked = loops_matching(rework, through="Ask")
    assert (asked.n_occurrences, asked.returning_share.value, asked.opens_at) == (1, pytest.approx(1 / 6), ("Intake",))
    assert "of the 6 executions of Intake lead into a loop through Ask" in asked.words[0]


def test_a_loop_that_leaves_after_an_inner_loop_opens_at_the_last_step(log_of) -> None:
    """a R R a: the second R, not the first, is the one that goes back."""
    got = loops_matching(
        rework_loops(log_of([("k", name, None, i) for i, name in enumerate("aRRa")])), from_="R", to="a"
    )
    assert got.table[["pass", "n_steps", "n_returning"]].to_numpy().tolist() == [[1, 1, 0], [2, 1, 1]]


def test_what_is_not_there_is_said(log_of) -> None:
    rework = rework_loops(log_of(FOUR))
    none = loops_matching(rework, through="Decide")
    assert (none.n_occurrences, none.cases_share.value, none.table.empty) == (0, 0.0, True)
    assert np.isnan(none.returning_share.value)
    assert np.isnan(none.days_per_occurrence)
    assert none.words == ("No closed case has a loop through Decide.",)
    with pytest.raises(ValueError, match="Say which loops"):
        loops_matching(rework)
    with pytest.raises(UnknownNameError, match="Did you mean 'Review'"):
        loops_matching(rework, from_="Reviews")
    log = log_of(FOUR, ends=["Decide"])
    with pytest.raises(InsufficientDataError, match="no pass is known to be last"):
        first_passes(log.select(~log.closed, because="open ones"))


#: The simulations' chances that a review goes back to intake lie between these.
RETURNS = 0.13, 0.20


@pytest.mark.real
@pytest.mark.parametrize("name", ["permits", "permits-busy", "permits-calm"])
def test_both_loops_of_the_permits_have_their_true_shares(shared_truth: Path, name: str) -> None:
    """What the loops say is what a plain count of followers says; and the simulation's chance lies within the interval."""
    log: Any = read_log(
        shared_truth / name / "events.csv.gz", case="permit", activity="step", start="began", complete="finished",
        resource="worker", channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    rework = rework_loops(log, draws=20)
    asked = loops_matching(rework, through="Request information", draws=400)
    returned = loops_matching(rework, from_="Technical review", to="Intake check", draws=400)
    frame = log.to_frame()
    frame = frame[log.closed[log.case_of_step]]
    follower = frame.groupby("case")["activity"].shift(-1)

    def followed(first: str, then: str) -> float:
        return float((follower[frame["activity"] == first] == then).mean())

    assert asked.returning_share.value == pytest.approx(followed("Intake check", "Request information"), abs=1e-12)
    assert returned.returning_share.value == pytest.approx(followed("Technical review", "Intake check"), abs=1e-12)
    assert asked.opens_at == ("Intake check",)
    low, high = returned.returning_share.low, returned.returning_share.high
    assert low is not None
    assert high is not None
    assert low <= RETURNS[1]
    assert high >= RETURNS[0]
    assert asked.n_occurrences + returned.n_occurrences == rework.table["n_occurrences"].sum()
    assert isinstance(asked.table, pd.DataFrame)


@st.composite
def _traces(draw: st.DrawFn) -> list[str]:
    return draw(st.lists(st.text("ABCD", min_size=1, max_size=10), min_size=1, max_size=5))


@given(words=_traces())
@settings(max_examples=80, deadline=None)
def test_each_step_opens_at_most_one_loop(log_of, words: list[str]) -> None:
    """By last step before the return, and by head, the occurrences add up; and no step opens two."""
    log = log_of([(f"c{k}", name, None, i) for k, word in enumerate(words) for i, name in enumerate(word)])
    rework = rework_loops(log, draws=2)
    total = int(rework.table["n_occurrences"].sum())
    for selector in ("from_", "to"):
        found = [loops_matching(rework, **{selector: a}, draws=2) for a in log.activities]
        assert sum(f.n_occurrences for f in found) == total
        for f in found:
            assert (f.table["n_returning"] <= f.table["n_steps"]).all()
            assert f.table["n_steps"].sum() <= f.returning_share.n
    through = [loops_matching(rework, through=a, draws=2).cases for a in log.activities]
    assert sum(len(c) for c in through) >= total


@given(words=_traces())
@settings(max_examples=80, deadline=None)
def test_yields_are_what_counting_says(log_of, words: list[str]) -> None:
    got = first_passes(
        log_of([(f"c{k}", name, None, i) for k, word in enumerate(words) for i, name in enumerate(word)])
    )
    assert got.whole.value == pytest.approx(np.mean([len(set(w)) == len(w) for w in words]))
    for r in got.table.itertuples():
        having = [w.count(r.activity) for w in words if r.activity in w]
        assert (r.n_cases, r.n_steps, r.n_repeats) == (len(having), sum(having), sum(having) - len(having))
        assert r.first_pass_yield == pytest.approx(np.mean([n == 1 for n in having]))
    for r in got.by_pass.rename(columns={"pass": "pass_"}).itertuples():
        assert r.n_cases == sum(w.count(r.activity) >= r.pass_ for w in words)
        assert r.n_again == sum(w.count(r.activity) > r.pass_ for w in words)
