"""New demand: what is left when stretches soon after a contact are taken out."""

from __future__ import annotations

import numpy as np

from streamline.stats.negative_binomial import negative_binomial_rates
from streamline.stats.rate_choice import chosen_rates
from streamline.stats.repeats import new_demand
from streamline.stats.stretches import Factor, Stretches


def test_stretches_soon_after_a_contact_go_with_their_contacts_and_their_factor() -> None:
    rows = Stretches(
        case=np.array([1, 1, 2]), days=np.array([10.0, 3.0, 5.0]), contacts=np.array([1, 2, 0]),
        factors=(
            Factor(name="recent", levels=("no", "yes"), codes=np.array([0, 1, 0]), moved_by_contacts=True),
            Factor(name="state", levels=("a", "b"), codes=np.array([0, 1, 1])),
        ),
    )  # fmt: skip
    got = new_demand(rows, recent="recent")
    assert got.days.tolist() == [10, 5]
    assert got.contacts.tolist() == [1, 0]
    assert [f.name for f in got.factors] == ["state"]
    assert got.factors[0].codes.tolist() == [0, 1]
    assert len(rows) == 3


def test_where_callers_do_not_differ_pooled_rates_are_used_and_where_they_do_the_comparison_decides() -> None:
    rng = np.random.default_rng(1)
    n = 800
    for spread in (0.0, 1.0):
        propensity = rng.gamma(1 / spread, spread, n) if spread else np.ones(n)
        days = np.column_stack([np.full(n, 20.0), 20 * propensity]).ravel()
        codes = np.tile([0, 1], n)
        # who calls much stays longer; without spread no more contacts than one by one in any case
        contacts = rng.poisson(0.03 * np.repeat(propensity, 2) * 2.0**codes * days) if spread else np.tile([1, 1], n)
        rows = Stretches(
            case=np.repeat(np.arange(n), 2), days=days, contacts=contacts.astype(np.int64),
            factors=(Factor(name="band", levels=("early", "late"), codes=codes),),
        )  # fmt: skip
        test = negative_binomial_rates(rows, by="case")[1]
        got = chosen_rates(rows, differing=test)
        assert (got.preferred == "pooled") == (spread == 0.0)
        assert ("frequent callers can't bias them" in got.why) == (spread == 0.0)
