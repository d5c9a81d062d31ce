"""Scenarios together: shares that add up, the cheapest set, and what excludes what."""

from __future__ import annotations

from itertools import permutations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from test_estimates import MORE, PRICES, QUICKER
from test_estimates import model as _model

from streamline.errors import ScenarioError
from streamline.whatif.change import AddCapacity, ChangeDemand, ChangeHours, ShortenExternal, SpeedUp
from streamline.whatif.estimate import Proposal, estimate
from streamline.whatif.packages import SURE, TOGETHER, packages, shapley, together
from streamline.whatif.value import Terms

model = _model
FASTER = (SpeedUp(activity="Check", by=0.3, low=0.1, high=0.5),)
PROPOSALS = (
    Proposal(name="more", changes=MORE, once=0, per_year=60_000),
    Proposal(name="quicker", changes=QUICKER, once=20_000, per_year=1_000),
    Proposal(name="faster", changes=FASTER, once=90_000),
)


@pytest.fixture(scope="module")
def found(model):
    return packages(model, PROPOSALS, standard="3 days", target=0.5, prices=PRICES, draws=40, seed=2)


def test_shapley_is_the_mean_over_all_orders():
    rng = np.random.default_rng(1)
    k = 4
    value = [np.zeros(3), *rng.normal(size=(2**k - 1, 3))]
    orders = list(permutations(range(k)))
    for i in range(k):
        by_order = []
        for order in orders:
            before = sum(1 << j for j in order[: order.index(i)])
            by_order.append(value[before | 1 << i] - value[before])
        assert shapley(value, i) == pytest.approx(np.mean(by_order, axis=0))
    assert sum(shapley(value, i) for i in range(k)) == pytest.approx(value[-1])


def test_shares_add_up_to_the_package_in_every_measure(found):
    for f in found.together.figures:
        mine = found.shares[found.shares["measure"] == f.measure]
        assert mine["scenario"].tolist() == ["more", "quicker", "faster"]
        assert mine["share"].sum() == pytest.approx(f.change, abs=1e-9)
        assert (mine["share_low"] <= mine["share"] + 1e-9).all()
        assert (mine["share"] <= mine["share_high"] + 1e-9).all()


def test_a_package_is_no_sum_of_its_parts(found):
    """Three ways to empty one queue: together they save less than one by one."""
    days = found.shares[found.shares["measure"] == "cycle_time.mean"]
    assert days["alone"].sum() < found.together["cycle_time.mean"].change < days["alone"].min()
    assert (days["share"] > days["alone"]).all()


def test_a_scenario_alone_is_the_same_as_estimated_alone(model, found):
    """A change draws the same numbers in a package as alone."""
    alone = estimate(model, QUICKER, standard="3 days", prices=PRICES, draws=40, seed=2)
    row = found.table[found.table["scenarios"] == "quicker"].iloc[0]
    assert row["cycle_time.mean"] == pytest.approx(alone.differences[:40, 0].mean())
    assert found.table["n_scenarios"].tolist() == [1, 1, 2, 1, 2, 2, 3]


def test_costs_of_sets_are_sums(model, found):
    over = packages(model, PROPOSALS[:2], terms=Terms(rate=0.0, source="none", years=2), draws=20)
    assert over.table["cost"].tolist() == [120_000, 22_000, 142_000]
    assert "present value over 2 years" in over.cost_words
    cost = found.table.set_index("scenarios")["cost"]
    assert cost["more"] == 60_000
    assert cost["more + quicker + faster"] == 60_000 + 21_000 + 90_000


def test_the_cheapest_set_meets_the_target_and_nothing_cheaper_does(model, found):
    """Held against every cheaper set, each estimated by itself with all draws."""
    baseline = found.together["within_standard"].baseline
    most = found.together["within_standard"].change
    needed = 0
    for part in (0.1, 0.3, 0.5):
        target = baseline + part * most
        again = packages(model, PROPOSALS, standard="3 days", target=target, prices=PRICES, draws=40, seed=2)
        if again.cheapest is None:
            assert (again.table["meets_standard"] < SURE).all()
            continue
        chosen = again.cheapest
        assert chosen.probability >= SURE
        cheaper = again.table[again.table["cost"] < chosen.cost]
        assert (cheaper["meets_standard"] < SURE).all()
        if chosen.names:
            needed += 1
            changes = together([p for p in PROPOSALS if p.name in chosen.names]).changes
            certain = estimate(model, changes, standard="3 days", prices=PRICES, draws=40, seed=2)
            assert certain["within_standard"].value == chosen.within_standard.value
    assert needed  # some target needs a scenario and is met with it
    impossible = packages(model, PROPOSALS, standard="1 hour", target=0.99, prices=PRICES, draws=20)
    assert impossible.cheapest is None
    assert "No set of these scenarios reaches the target of 99%" in impossible.cheapest_missing
    easy = packages(model, PROPOSALS, standard="90 days", target=0.5, draws=20)
    assert easy.cheapest.names == ()
    assert packages(model, PROPOSALS[:2], draws=20).cheapest is None  # no standard, no target


def test_without_costs_the_smallest_set_is_told(model):
    unpriced = [Proposal(name=p.name, changes=p.changes) for p in PROPOSALS[:2]]
    found = packages(model, unpriced, standard="60 days", target=0.999, draws=20)
    assert found.table["cost"].isna().all()
    assert found.cheapest is None or found.cheapest.cost in (None, 0.0)


def test_a_change_that_two_scenarios_make_is_made_once(model):
    twice = together([PROPOSALS[0], Proposal(name="again", changes=(*MORE, *QUICKER))])
    assert twice.changes == (*MORE, *QUICKER)
    said_otherwise = AddCapacity(activity="Check", staff=1, evidence="memo")
    assert len(together([PROPOSALS[0], Proposal(name="memo", changes=(said_otherwise,))]).changes) == 1
    assert twice.name == TOGETHER
    assert (twice.once, twice.per_year) == (0, 60_000)


def test_scenarios_that_exclude_each_other_are_told_apart(model):
    late = Proposal(name="late", changes=(ChangeHours(hours={"mon-fri": "10:00-19:00"}),))
    long = Proposal(name="long", changes=(ChangeHours(hours={"mon-fri": "07:00-19:00"}),))
    found = packages(model, [PROPOSALS[0], late, long], draws=20)
    assert found.together is None
    assert found.shares.empty
    assert "late + long" not in set(found.table["scenarios"])
    assert "more + late" in set(found.table["scenarios"])
    assert any("Two changes give hours to the same people" in c for c in found.caveats)
    assert any("exclude each other" in c for c in found.caveats)


def test_more_than_six_are_told_together_only(model):
    kinds = (
        *MORE, *QUICKER, *FASTER, SpeedUp(activity="Decide", by=0.1), AddCapacity(activity="Decide", staff=1),
        ShortenExternal(activity="Answer", by=0.2), ChangeDemand(by=-0.1),
    )  # fmt: skip
    many = [Proposal(name=f"p{k}", changes=(change,)) for k, change in enumerate(kinds)]
    found = packages(model, many, draws=20)
    assert found.together is not None
    assert found.shares.empty
    assert found.cheapest is None
    assert "up to 6" in found.caveats[0]
    # of which two exclude each other: nothing is told of them together, and why is said
    clash = packages(model, [*many, Proposal(name="again", changes=(SpeedUp(activity="Check", by=0.4),))], draws=20)
    assert clash.together is None
    assert clash.table.empty
    assert clash.chart().points == ()
    assert any("contradict each other" in c for c in clash.caveats)
    with pytest.raises(ScenarioError, match="at least 2"):
        packages(model, many[:1], draws=20)


def test_same_seed_same_package_however_many_workers(model):
    one, two = (
        packages(model, PROPOSALS[:2], standard="3 days", target=0.5, draws=20, seed=5, workers=w) for w in (1, 2)
    )
    assert one.table.equals(two.table)
    assert one.shares.equals(two.shares)


def test_chart_shows_each_scenario_and_what_nothing_cheaper_beats(found):
    chart = found.chart()
    labels = [p.label for p in chart.points]
    assert {"more", "quicker", "faster"} <= set(labels)
    for p in chart.points:
        assert p.y_low <= p.y <= p.y_high
    best = [p for p in chart.points if p.group.startswith("nothing")]
    assert [p.y for p in sorted(best, key=lambda p: p.x)] == sorted(p.y for p in best)


def test_plot_draws_each_set_at_its_cost_and_saving(found):
    with mpl.rc_context():
        plt.switch_backend("agg")
        ax = found.plot()
        drawn = [
            (float(m.get_xdata()[0]), float(m.get_ydata()[0]))
            for m in ax.lines
            if m.get_markersize() == 6 and m.get_marker() in "os"
        ]
        texts = [t.get_text() for t in ax.texts]
        plt.close("all")
    points = found.chart().points
    assert len(points) >= 3
    assert [p for p in drawn if p in {(q.x, q.y) for q in points}] == [(q.x, q.y) for q in points]
    assert {q.label for q in points} <= set(texts)


def test_a_scenario_made_of_the_others_is_not_counted_beside_them(model, found):
    """The same figures as without it, whichever place it has; of two alike one stays, and two are never thinned out."""
    both = Proposal(name="both", changes=(*QUICKER, *FASTER), once=110_000, per_year=1_000)
    again = packages(
        model, [PROPOSALS[0], both, *PROPOSALS[1:]], standard="3 days", target=0.5, prices=PRICES, draws=40, seed=2
    )
    assert again.table.equals(found.table)
    assert again.shares.equals(found.shares)
    assert again.caveats[0] == "“both” is made of changes of the others, so it isn't counted beside them."
    assert not any("counted beside" in c for c in found.caveats)
    pair = packages(model, [PROPOSALS[1], both], draws=20)
    assert pair.shares["scenario"].unique().tolist() == ["quicker", "both"]
