"""What goes together with loops: by hand, where nothing does, where it is known, and on real logs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.log.read import read_log
from streamline.measure.factor import Factor
from streamline.measure.loops.association import associations, loop_associations
from streamline.measure.loops.rework import rework_loops


def _cases(n: int, loops: bool, channel: str, first: int) -> list[tuple[Any, ...]]:
    names = ["Intake", "Ask", "Intake", "Decide"] if loops else ["Intake", "Decide"]
    return [
        (f"{channel}{first + k:03}", name, None, 24 * k + i, channel, "ann")
        for k in range(n)
        for i, name in enumerate(names)
    ]


@pytest.fixture(scope="module")
def rework(log_of):
    """By mail 30 of 40 cases loop, by phone 12 of 60."""
    rows = [*_cases(30, True, "mail", 0), *_cases(10, False, "mail", 100), *_cases(12, True, "phone", 0),
            *_cases(48, False, "phone", 100)]  # fmt: skip
    return rework_loops(log_of(rows, columns=("channel", "resource")), draws=20)


def test_two_channels_by_hand(rework) -> None:
    """30/40 over 12/60 is 3.75; of two channels the one that loops more is told. One person does all: no factor."""
    got = loop_associations(rework)
    assert got.table[["factor", "level", "n_cases"]].to_numpy().tolist() == [["channel", "mail", 40]]
    first = got.table.iloc[0]
    assert (first["looping_share"], first["others_looping_share"]) == (0.75, 0.2)
    assert first["risk_ratio"] == pytest.approx(3.75)
    assert first["risk_ratio_low"] < 3.75 < first["risk_ratio_high"]
    assert first["adjusted_odds_ratio"] == pytest.approx(3 / 0.25)  # odds of 30:10 over 12:48
    assert first["q_value"] == first["p_value"]
    assert bool(first["stands_out"])
    assert got.looping_share == pytest.approx(0.42)
    assert len(got.words) == 1
    assert got.words[0].startswith("Cases with channel “mail” loop 3.75 (")
    assert got.words[0].endswith("This is an association, not a cause.")
    assert got.cases["loops"].sum() == 42
    assert got.chart().title == "Cases with channel “mail” loop 3.8 times as often as the others"


def test_one_family_is_of_the_cases_at_its_head(rework) -> None:
    got = loop_associations(rework, loop="back to Intake after Ask")
    assert (got.n, got.excluded["never at the step returned to"]) == (100, 0)
    assert set(got.table["factor"]) == {"channel"}
    with pytest.raises(UnknownNameError, match="has no loop"):
        loop_associations(rework, loop="back to Intake")


def test_refusals(rework, log_of) -> None:
    with pytest.raises(ValueError, match="fdr must lie between"):
        loop_associations(rework, fdr=1.0)
    with pytest.raises(ValueError, match="min_cases must be"):
        loop_associations(rework, min_cases=0)
    none = rework_loops(log_of([("a", "x", None, 0), ("b", "x", None, 0)]), draws=10)
    with pytest.raises(InsufficientDataError, match="none of the 2 cases"):
        loop_associations(none)
    plain = rework_loops(log_of([("a", "x", None, 0), ("a", "x", None, 1), ("b", "x", None, 0)]), draws=10)
    with pytest.raises(InsufficientDataError, match="no channel, attribute or resource"):
        loop_associations(plain)


def _factors(rng: np.random.Generator, n: int) -> list[Factor]:
    made = []
    for j, k in enumerate((3, 6, 12)):
        codes = np.minimum(rng.geometric(0.3, n) - 1, k - 1)
        made.append(Factor(name=f"f{j}", codes=codes, levels=tuple(f"v{i}" for i in range(k))))
    return made


def test_where_nothing_goes_together_little_is_found() -> None:
    """21 levels, none of which matters, in 300 logs: something stands out in no more than the false discovery rate."""
    rng = np.random.default_rng(11)
    found, draws = 0, 300
    for _ in range(draws):
        factors = _factors(rng, 500)
        table, _ = associations(factors, rng.random(500) < 0.15, rng.integers(0, 40, 500), fdr=0.05, level=0.95)
        found += bool(table["stands_out"].any())
    assert found / draws <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)


def test_a_planted_association_is_found_and_its_interval_holds() -> None:
    """Level v1 of the second factor loops 2.5 times as often as all others. Its factor's other levels really loop less often
    than the rest, by being without it; levels of the other factors stand out by chance only."""
    rng = np.random.default_rng(12)
    held, found, false = [], 0, []
    draws = 250
    for _ in range(draws):
        factors = _factors(rng, 1500)
        planted = factors[1].codes == 1
        outcome = rng.random(1500) < np.where(planted, 0.25, 0.10)
        table, _ = associations(factors, outcome, rng.integers(0, 40, 1500), fdr=0.05, level=0.95)
        row = table[(table["factor"] == "f1") & (table["level"] == "v1")].iloc[0]
        held.append(row["risk_ratio_low"] <= 2.5 <= row["risk_ratio_high"])
        found += bool(row["stands_out"])
        out = table[table["stands_out"]]
        false.append((out["factor"] != "f1").sum() / max(len(out), 1))
    assert found > 0.98 * draws
    assert 0.915 <= np.mean(held) <= 0.985
    assert np.mean(false) <= 0.05 + 3 * np.std(false) / np.sqrt(draws)


@pytest.mark.real
@pytest.mark.parametrize("name", ["permits", "permits-busy", "permits-calm"])
def test_mail_is_asked_back_more_often_than_online(shared_truth: Path, name: str) -> None:
    """The simulation asks for information more often for mail than online; clerks work alike."""
    log: Any = read_log(
        shared_truth / name / "events.csv.gz", case="permit", activity="step", start="began", complete="finished",
        resource="worker", channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    got = loop_associations(rework_loops(log, draws=10), loop="back to Intake check after Request information")
    assert got.table.iloc[0]["level"] == "mail"
    assert got.table.iloc[0]["risk_ratio_low"] > 1.5
    people = got.table[got.table["factor"] == "person at Intake check"]
    assert len(people) == 4
    assert people["risk_ratio"].between(0.8, 1.25).all()


@pytest.mark.real
def test_shuffled_attributes_of_a_real_log_stand_out_seldom(real_log) -> None:
    log = real_log("receipt")
    rng = np.random.default_rng(13)
    found = 0
    for _ in range(60):
        shuffled = log.attributes.iloc[rng.permutation(log.n_cases)].reset_index(drop=True)
        got = loop_associations(rework_loops(replace(log, attributes=shuffled, resource=None, channel=None), draws=2))
        found += bool(got.table["stands_out"].any())
        assert isinstance(got.table, pd.DataFrame)
    assert found <= 60 * 0.05 + 3 * np.sqrt(60 * 0.05 * 0.95)
