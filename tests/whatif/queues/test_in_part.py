"""Scenarios at part of their strength: the same replay of smaller changes, never a guess between two others."""

from __future__ import annotations

import typing

import numpy as np
import pytest
from test_estimates import MORE, PRICES
from test_estimates import model as _model

from streamline.errors import ScenarioError
from streamline.whatif.change import (
    AddCapacity,
    AnyChange,
    Automate,
    ChangeDemand,
    ChangeHours,
    Divert,
    ExpressLane,
    Notify,
    PoolResources,
    ReduceRework,
    Release,
    RemoveStep,
    RunInParallel,
    SelfService,
    ShortenExternal,
    SpeedUp,
)
from streamline.whatif.estimate import Proposal, estimate
from streamline.whatif.in_part import at_share, estimates_in_part, has_strength

model = _model
QUICKER = ReduceRework(through="Answer", by=0.5, low=0.2, high=0.8)
LONGER = ChangeHours(hours={"mon-fri": "07:00-19:00"})

#: One change of every kind, with its main value and belief at half its strength; None where it is made or not made.
HALVES = (
    (RemoveStep(activity="A", share=0.6, low=0.4, high=0.8), (0.2, 0.3, 0.4)),
    (Automate(activity="A", to="2 minutes"), None),
    (SpeedUp(activity="A", by=0.3), (0.15, 0.15, 0.15)),
    (QUICKER, (0.1, 0.25, 0.4)),
    (AddCapacity(activity="A", staff=-3, low=-4), (-2.0, -1.5, -1.5)),
    (PoolResources(activities=("A", "B")), None),
    (LONGER, None),
    (Release(activity="A", every="monday"), None),
    (RunInParallel(activities=("A", "B")), None),
    (ExpressLane(where={"a": "b"}, priority=2), None),
    (Divert(channel="a", to="b", share=0.5), (0.25, 0.25, 0.25)),
    (ShortenExternal(activity="A", by=0.2, high=0.3), (0.1, 0.1, 0.15)),
    (Notify(by=-0.2, low=-0.4, high=0.1), (-0.2, -0.1, 0.05)),
    (SelfService(reason="r", share=0.4, cost=1), (0.2, 0.2, 0.2)),
    (ChangeDemand(by=0.1), (0.05, 0.05, 0.05)),
)


def test_every_kind_of_change_has_a_strength_or_is_made_whole():
    kinds = set(typing.get_args(typing.get_args(AnyChange)[0]))
    assert {type(c) for c, _ in HALVES} == kinds, "a new kind needs a row here"
    for change, halved in HALVES:
        made = at_share(change, 0.5)
        assert has_strength(change) == (halved is not None)
        if halved is None:
            assert made is change
        else:
            assert made.belief() == pytest.approx(halved)
            aside = {"low", "high", change.main}
            assert made.model_dump(exclude=aside) == change.model_dump(exclude=aside)
            assert (made.low is None, made.high is None) == (change.low is None, change.high is None)


def test_a_part_is_the_estimate_of_the_smaller_changes_to_the_last_bit(model):
    (found,) = estimates_in_part(
        model, [Proposal(name="both", changes=(QUICKER, LONGER))], shares=(0.5,), standard="3 days", prices=PRICES,
        draws=20, seed=3,
    )  # fmt: skip
    half = ReduceRework(through="Answer", by=0.25, low=0.1, high=0.4)
    by_hand = estimate(model, (half, LONGER), name="both", standard="3 days", prices=PRICES, draws=20, seed=3)
    assert [p.percent for p in found] == [50]
    assert found[0].estimate.figures == by_hand.figures
    np.testing.assert_array_equal(found[0].estimate.differences, by_hand.differences)


def test_parts_grow_in_the_same_draws_and_not_in_proportion(model):
    (found,) = estimates_in_part(
        model, [Proposal(name="quicker", changes=(QUICKER,))], shares=(0.75, 0.25, 0.5), draws=40
    )
    whole = estimate(model, (QUICKER,), draws=40)
    saved = [-e["cycle_time.mean"].change for e in (*(p.estimate for p in found), whole)]
    assert [p.percent for p in found] == [25, 50, 75]
    assert saved == sorted(saved)
    assert saved[0] > 0
    baselines = {p.estimate["cycle_time.mean"].baseline for p in found} | {whole["cycle_time.mean"].baseline}
    assert len(baselines) == 1, "the service as it is doesn't hang on the share"


def test_a_scenario_without_strength_has_no_parts_beside_one_that_has(model):
    none, some = estimates_in_part(
        model, [Proposal(name="hours", changes=(LONGER,)), Proposal(name="more", changes=MORE, per_year=60_000)],
        shares=(0.5,), prices=PRICES, draws=20,
    )  # fmt: skip
    assert none == ()
    assert [p.share for p in some] == [0.5]
    assert some[0].estimate.caveats[-2:] == (
        "A part of a person is replayed as a whole one, in that share of the draws.",
        "What the scenario costs a year is counted in full at every strength.",
    )
    assert some[0].estimate["cost_per_year"].change == pytest.approx(60_000), "running costs aren't halved"


def test_what_stays_whole_is_said(model):
    (found,) = estimates_in_part(model, [Proposal(name="b", changes=(QUICKER, LONGER))], shares=(0.5,), draws=20)
    said = "Made in full at every strength, because it can't be made in part: Office hours of all: mon-fri 07:00-19:00."
    assert said in found[0].estimate.caveats


@pytest.mark.parametrize("share", [0, 1, -0.5, 1.5])
def test_a_share_that_is_no_part_is_refused(model, share):
    with pytest.raises(ScenarioError, match=f"above 0 and below 1; {share:g} isn't"):
        estimates_in_part(model, [Proposal(name="q", changes=(QUICKER,))], shares=(share,), draws=20)
