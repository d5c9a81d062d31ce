"""Cases with a loop beside like cases: by hand, where the effect is known, and on the permits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.loops.matching import matched_difference
from streamline.measure.loops.rework import rework_loops

WEEK = 168


def _case(name: str, begin: float, took: float, channel: str, loop: float | None) -> list[tuple[Any, ...]]:
    """Intake at once, then, `loop` hours long, Ask and Intake again, then Decide at the end of `took` hours."""
    steps = [("Intake", 0.0)] + ([] if loop is None else [("Ask", loop / 2), ("Intake", loop)]) + [("Decide", took)]
    return [(name, activity, None, begin + at, channel) for activity, at in steps]


def test_strata_by_hand(log_of) -> None:
    """Week 0, mail: two loop (10 and 14 hours), two don't (4, 8: mean 6). Week 0, phone: one loops (9), one doesn't (3).
    Week 1, mail: one loops (50) without a like case; phone: one without a looping case. Matched: (10-6 + 14-6 + 9-3) / 3 = 6."""
    rows = [
        *_case("a", 1, 10, "mail", 2), *_case("b", 2, 14, "mail", 4), *_case("c", 3, 4, "mail", None),
        *_case("d", 4, 8, "mail", None), *_case("e", 5, 9, "phone", 3), *_case("f", 6, 3, "phone", None),
        *_case("g", WEEK + 1, 50, "mail", 30), *_case("h", WEEK + 2, 100, "phone", None),
    ]  # fmt: skip
    got = matched_difference(rework_loops(log_of(rows, columns=("channel",)), draws=10), min_cases=1)
    assert got.difference.value * 24 == pytest.approx(6)
    assert got.raw.value * 24 == pytest.approx(3)
    assert (got.n_looping, got.n_matched, got.n_others) == (4, 3, 3)
    assert got.effective_n_others == pytest.approx(3)  # each weighs 1: 2 / 2, 2 / 2 and 1 / 1
    assert got.on == ("week of arrival", "channel")
    assert got.table["days_per_looping_case"].to_numpy() * 24 == pytest.approx([3, 83 / 4 - 115 / 4, 6])
    assert got.difference.low is None
    assert got.caveats[1:] == (
        "1 of 4 looping cases have no like case without the loop and aren't counted.",
        "The cases arrived in too few weeks for an interval.",
    )
    assert got.cases["weight"].tolist() == [1, 1, 1, 1, 1, 1, 0, 0]
    everything = matched_difference(rework_loops(log_of(rows, columns=("channel",)), draws=10), on=[])
    assert everything.difference.value * 24 == pytest.approx((10 + 14 + 9 - 3 * 5 + 50 - 100) / 4)


def test_no_like_case_at_all(log_of) -> None:
    rows = [*_case("a", 1, 10, "mail", 2), *_case("b", WEEK, 14, "mail", None)]
    got = matched_difference(
        rework_loops(log_of(rows, columns=("channel",)), draws=10), loop="back to Intake after Ask"
    )
    assert np.isnan(got.difference.value)
    assert got.words == ("No case with the loop back to Intake after Ask has a like case without it.",)
    chart = got.chart()
    assert chart.title == got.words[0].rstrip(".")
    assert [bar.label for bar in chart.bars] == ["unmatched difference"]
    assert chart.note == "0 matched cases"


def test_refusals(log_of) -> None:
    rework = rework_loops(log_of([*_case("a", 1, 10, "mail", 2)], columns=("channel",)), draws=10)
    with pytest.raises(InsufficientDataError, match="all of the 1 cases"):
        matched_difference(rework)
    rework = rework_loops(
        log_of([*_case("a", 1, 10, "mail", 2), *_case("b", 1, 10, "mail", None)], columns=("channel",)), draws=10
    )
    with pytest.raises(UnknownNameError, match="Did you mean 'channel'"):
        matched_difference(rework, on=["chanel"])
    with pytest.raises(UnknownNameError, match="has no loop"):
        matched_difference(rework, loop="back to Ask")


def _simulated(log_of: Callable[..., EventLog], rng: np.random.Generator) -> EventLog:
    """600 cases in 40 weeks, some of them busy. Mail takes 60 hours longer and loops five times as often. A loop takes 48
    hours, of which 18 the case would have waited anyway: its true effect is 30 hours."""
    n, week = 600, rng.integers(0, 40, 600)
    mail = rng.random(n) < 0.4
    loops = rng.random(n) < np.where(mail, 0.5, 0.1)
    took = 20 + rng.exponential(40, n) + 60 * mail + rng.gamma(2, 20, 40)[week] + 18 + 30 * loops
    begin = WEEK * week + rng.uniform(0, WEEK - 1, n)
    rows: list[tuple[Any, ...]] = []
    for k in range(n):
        rows += _case(f"c{k}", begin[k], max(took[k], 48.1), "mail" if mail[k] else "phone", 48.0 if loops[k] else None)
    return log_of(rows, columns=("channel",))


def test_the_true_effect_is_in_the_interval_and_the_raw_time_is_not_it(log_of) -> None:
    rng, held, effect, plain = np.random.default_rng(31), [], [], []
    draws = 60
    for _ in range(draws):
        got = matched_difference(rework_loops(_simulated(log_of, rng), draws=2), draws=300)
        assert got.difference.low is not None
        assert got.difference.high is not None
        held.append(got.difference.low <= 30 / 24 <= got.difference.high)
        effect.append(got.difference.value * 24)
        plain.append(got.table["days_per_looping_case"].iloc[1] * 24)
        assert got.raw.value * 24 == pytest.approx(48)
    assert np.mean(effect) == pytest.approx(30, abs=3 * np.std(effect) / np.sqrt(draws))
    assert np.mean(held) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / draws)
    assert np.mean(plain) > 50


@pytest.mark.real
@pytest.mark.parametrize("name", ["permits", "permits-busy", "permits-calm"])
def test_beside_what_the_simulation_would_save(shared_truth: Path, name: str) -> None:
    """Of the reviews that return, 60% are prevented in `fewer_returns`. The raw time of those loops is far too little, because
    a return makes cases miss the Thursday; the matched difference tells more, but not what returns do to other cases."""
    log: Any = read_log(
        shared_truth / name / "events.csv.gz", case="permit", activity="step", start="began", complete="finished",
        resource="worker", channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    truth = json.loads((shared_truth / name / "truth.json").read_text())["scenarios"]
    saved = truth["as_is"]["mean"][0] - truth["fewer_returns"]["mean"][0]
    error = np.hypot(truth["as_is"]["mean"][1], truth["fewer_returns"]["mean"][1])
    got = matched_difference(rework_loops(log, draws=2), loop="back to Intake check after Technical review", draws=300)
    share = got.n_looping / got.n
    raw, matched = (0.6 * share * value for value in (got.raw.value, got.difference.value))
    assert got.n_matched > 0.99 * got.n_looping
    assert raw < matched < saved + 3 * error
    assert abs(matched - saved) < abs(raw - saved)


def test_a_difference_that_is_nowhere_negative_may_have_an_interval_that_is(log_of) -> None:
    """In each of 40 weeks the looping case takes 0 or a few hours longer, in one 300: the interval reaches below 0, and
    words say which way the difference goes."""
    rows = []
    for k in range(40):
        extra = 300 if k == 5 else k % 2
        rows += _case(f"a{k}", WEEK * k, 60 + extra, "mail", 2) + _case(f"b{k}", WEEK * k + 1, 60, "mail", None)
    got = matched_difference(rework_loops(log_of(rows, columns=("channel",)), draws=10), min_cases=1)
    assert got.difference.low is not None
    assert got.difference.low < 0 < got.difference.value
    assert "days more than like cases" in got.words[0]
    shorter = [(c, a, s, e - (40 if c.startswith("a") and a == "Decide" else 0), ch) for c, a, s, e, ch in rows]
    got = matched_difference(rework_loops(log_of(shorter, columns=("channel",)), draws=10), min_cases=1)
    assert got.difference.value < 0
    assert "days less than like cases" in got.words[0]
