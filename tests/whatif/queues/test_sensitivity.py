"""What an estimate hangs on: the ends of each belief, and what isn't a belief."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from test_estimates import MORE, PRICES, QUICKER
from test_estimates import model as _model

from streamline.whatif.change import ChangeDemand, SpeedUp
from streamline.whatif.estimate import Proposal, estimate
from streamline.whatif.sensitivity import ARRIVALS, CASES, REPLAY, sensitivities, sensitivity

model = _model


@dataclass
class Off:
    excess_error: float = 0.2


def rows(found, what):
    return found.shown[found.shown["input"] == what].iloc[0]


def test_ends_are_the_estimates_at_the_ends(model):
    """Preventing 20% and 80% of the returns, each for certain and in the same draws."""
    found = sensitivity(model, QUICKER, draws=20, seed=4)
    mine = found.shown[found.shown["input"].str.startswith("Prevent")].iloc[0]
    for end, share in (("low", 0.2), ("high", 0.8)):
        certain = estimate(model, [QUICKER[0].at(share)], draws=20, seed=4)
        assert mine[f"change_at_{end}"] == pytest.approx(certain.differences[:20, 0].mean())
    assert (mine["low"], mine["high"]) == ("20%", "80%")
    assert mine["change_at_high"] < mine["likely"] < mine["change_at_low"] < 0
    assert mine["inside"]


def test_widest_first_and_nothing_without_effect(model):
    changes = (*QUICKER, SpeedUp(activity="Decide", by=0.1, low=0.1, high=0.12))
    found = sensitivity(model, changes, prices=PRICES, draws=20, validation=Off())
    for _, mine in found.table.groupby("measure", sort=False):
        assert mine["swing"].is_monotonic_decreasing
        assert (mine["swing"] > 0).all()
    assert found.shown["input"].iloc[0].startswith("Prevent")
    hours = found.of("staff_hours_per_case").shown
    # no wait enters the hours of staff, so the error of the replay isn't among what they hang on
    assert REPLAY in set(found.shown["input"])
    assert REPLAY not in set(hours["input"])
    with pytest.raises(KeyError, match="contacts_per_case"):
        found.of("contacts_per_case")


def test_more_demand_makes_more_staff_worth_more(model):
    found = sensitivity(model, MORE, draws=20)
    demand = rows(found, ARRIVALS)
    assert demand["change_at_high"] < demand["likely"] < demand["change_at_low"] < 0
    assert not demand["inside"]
    grown = sensitivity(model, [*MORE, ChangeDemand(by=0.1)], draws=20)
    assert ARRIVALS not in set(grown.shown["input"])


def test_chance_is_the_spread_of_certain_changes(model):
    found = sensitivity(model, MORE, draws=20, seed=9)
    certain = estimate(model, MORE, draws=20, seed=9).differences[:20, 0]
    chance = rows(found, CASES)
    assert chance["change_at_high"] - chance["change_at_low"] == pytest.approx(
        2 * 1.95996 * np.std(certain, ddof=1), rel=1e-4
    )


def test_beside_others_nothing_changes(model):
    both = sensitivities(model, [Proposal(name="a", changes=MORE), Proposal(name="b", changes=QUICKER)], draws=20)
    alone = sensitivity(model, QUICKER, draws=20)
    assert both[1].table.equals(alone.table)


def test_chart(model):
    chart = sensitivity(model, QUICKER, draws=20).chart()
    assert chart.swings[0].label.startswith("Prevent")
    assert chart.at < 0


def test_plot_draws_the_changes_at_the_ends(model):
    found = sensitivity(model, QUICKER, draws=20)
    first = found.shown.iloc[0]
    with mpl.rc_context():
        plt.switch_backend("agg")
        ax = found.plot()
        drawn = {p.get_x() + p.get_width() for p in ax.patches if p.get_height() == 11.0}
        texts = [t.get_text() for t in ax.texts]
        plt.close("all")
    for end in ("low", "high"):
        assert any(x == pytest.approx(first[f"change_at_{end}"]) for x in drawn)
    assert {"20%", "80%"} <= set(texts)


def test_no_error_takes_more_than_there_is(model):
    """A replay that is off by five times its mean moves the change no further than to a service that takes no time."""
    found = sensitivity(model, MORE, standard="5 days", draws=20, validation=Off(excess_error=5.0))
    as_is = estimate(model, MORE, standard="5 days", draws=20)
    for measure in ("cycle_time.mean", "within_standard"):
        row = next(r for r in found.of(measure).shown.to_dict(orient="records") if r["input"] == REPLAY)
        lowest, highest = sorted((row["change_at_low"], row["change_at_high"]))
        baseline = as_is[measure].baseline
        assert lowest >= -1.05 * baseline
        if measure == "within_standard":
            assert highest <= 1 - baseline + 0.05
