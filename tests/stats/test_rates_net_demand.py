"""Net demand: contacts after a contact count for less, their days stay, and what is told of them carries the ratio's error."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streamline.errors import InsufficientDataError
from streamline.stats.discounted import DiscountedStretches
from streamline.stats.fixed_effects import fixed_effects_rates
from streamline.stats.negative_binomial import moves_of_effect, negative_binomial_rates
from streamline.stats.net_demand import net_demand, uneven_redials
from streamline.stats.rate_choice import chosen_rates
from streamline.stats.repeats import repeats
from streamline.stats.stretches import Factor, Stretches


def redialling(rng: np.random.Generator, *, n: int = 400, after: float = 3.0, waiting: float = 2.0) -> Stretches:
    """Contacts day by day, in tenths of a day: each is followed by three days at `after` times the rate. Long cases call more."""
    z, own = rng.standard_normal((2, n))
    length = np.clip(np.exp(3 + 0.6 * z) * 10, 20, 1000).astype(int)
    propensity = np.exp(0.6 * (0.8 * z + 0.6 * own))
    channel = rng.integers(0, 2, n)
    rows = []
    for case in range(n):
        tenths, calls, last = np.zeros((2, 2)), np.zeros((2, 2), dtype=int), -1000
        for t in range(length[case]):
            band, soon = int(t >= 200), int(t - last <= 30)
            tenths[band, soon] += 1
            if rng.random() < 0.003 * propensity[case] * waiting**band * after**soon:
                calls[band, soon] += 1
                last = t
        rows += [
            (case, tenths[b, s] / 10, calls[b, s], b, channel[case], s) for b in (0, 1) for s in (0, 1) if tenths[b, s]
        ]
    case, days, contacts, band, of_channel, soon = (np.array(c) for c in zip(*rows, strict=True))
    return Stretches(
        case=case, days=days, contacts=contacts,
        factors=(
            Factor(name="recent", levels=("no", "yes"), codes=soon, reference=0, moved_by_contacts=True),
            Factor(name="band", levels=("to day 20", "later"), codes=band, reference=0),
            Factor(name="channel", levels=("online", "mail"), codes=of_channel, reference=0),
        ),
    )  # fmt: skip


def test_contacts_soon_after_another_count_for_one_over_the_ratio_and_all_days_stay() -> None:
    rows = redialling(np.random.default_rng(1))
    got = net_demand(rows, recent="recent")
    soon = rows.factors[0].codes == 1
    assert 1 <= len(got.ratios) <= 3
    assert set(got.by_ratio[~soon]) == {-1}
    assert got.contacts[~soon].tolist() == rows.contacts[~soon].tolist()
    assert got.contacts[soon] == pytest.approx(
        rows.contacts[soon] / np.array([r for r, _, _ in got.ratios])[got.by_ratio[soon]]
    )
    assert got.days.tolist() == rows.days.tolist()
    assert [f.name for f in got.factors] == ["band", "channel"]
    # with one ratio for all, what contacts count for is what the shares of repeats say; with some, nearly
    found = repeats(rows, recent="recent")
    assert got.contacts.sum() / rows.contacts.sum() == pytest.approx(found.net_share[0], rel=0.03)


def test_it_does_not_matter_in_which_order_stretches_come_or_which_level_is_the_reference() -> None:
    rng = np.random.default_rng(2)
    rows = redialling(rng)
    expected = chosen_rates(net_demand(rows, recent="recent")).model.ratios("band")
    got = chosen_rates(net_demand(rows.kept(rng.permutation(len(rows))), recent="recent")).model.ratios("band")
    other = replace(rows, factors=(replace(rows.factors[0], reference=1), *rows.factors[1:]))
    turned = chosen_rates(net_demand(other, recent="recent")).model.ratios("band")
    for found in (got, turned):
        assert found.ratio == pytest.approx(expected.ratio, rel=1e-6)
        assert found.low[1] == pytest.approx(expected.low[1], rel=1e-5)


def test_errors_are_those_of_a_jackknife_that_estimates_the_ratios_again_without_each_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of ratios within cases, of what is constant within them, of pooled ones, and of the two's difference; two ratios, of groups
    that stay what they are (the errors take groups as given)."""
    monkeypatch.setattr("streamline.stats.net_demand._rate_groups", lambda rows, _: rows.factors[0].codes)
    rows = redialling(np.random.default_rng(3), n=250)

    def fits(which: Stretches) -> tuple[np.ndarray, np.ndarray]:
        choice = chosen_rates(net_demand(which, recent="recent"))
        return choice.fixed_effects.effects, choice.pooled.effects

    net = net_demand(rows, recent="recent")
    assert len(net.ratios) == 2
    choice = chosen_rates(net)
    within, pooled = fits(rows)
    without = [fits(rows.kept(rows.case != c)) for c in np.unique(rows.case)]
    n = len(without)

    def jackknifed(found: np.ndarray, whole: np.ndarray) -> np.ndarray:
        return np.sqrt(((found - whole) ** 2).sum(axis=0) * (n - 1) / n)

    left, right = np.array([w for w, _ in without]), np.array([p for _, p in without])
    assert np.sqrt(np.diag(choice.fixed_effects.covariance)) == pytest.approx(jackknifed(left, within), rel=0.08)
    assert np.sqrt(np.diag(choice.pooled.covariance)) == pytest.approx(jackknifed(right, pooled), rel=0.08)
    apart = (pooled - within)[1]
    assert abs(apart) / np.sqrt(choice.statistic) == pytest.approx(
        jackknifed(right - left, pooled - within)[1], rel=0.1
    )


def test_errors_of_the_negative_binomial_by_case_carry_the_spreads() -> None:
    """The ratio after a contact and the spread are told apart from the same contacts: beside a jackknife of both."""
    rows = redialling(np.random.default_rng(4), n=250)
    model, _ = negative_binomial_rates(rows, by="case")
    without = np.array(
        [negative_binomial_rates(rows.kept(rows.case != c), by="case")[0].effects for c in np.unique(rows.case)]
    )
    n = len(without)
    expected = np.sqrt(((without - model.effects) ** 2).sum(axis=0) * (n - 1) / n)
    assert np.sqrt(np.diag(model.covariance)) == pytest.approx(expected, rel=0.08)
    moves = moves_of_effect(model, 1)
    assert moves @ moves * (n - 1) / n == pytest.approx(model.covariance[1, 1], rel=1e-9)
    # with the spread held the error would be told too small
    held = np.bincount(
        np.repeat(np.arange(n), np.diff(model.design.first)),
        weights=model.inverse_information[model.design.level, 1] * model.scores,
    )
    assert held @ held < 0.9 * (moves @ moves)


def test_the_ratio_of_waiting_is_told_where_contacts_lead_to_contacts_and_frequent_callers_have_long_cases() -> None:
    """Truth 2; of all contacts within cases more than a tenth too much. Larger runs: docs/verification/rates-unseen.md."""
    rng = np.random.default_rng(5)
    plain, net, held = [], [], 0
    for _ in range(25):
        rows = redialling(rng, n=300)
        plain.append(fixed_effects_rates(rows.of_factors(["band", "channel"])).effects[1])
        found = chosen_rates(net_demand(rows, recent="recent")).model.ratios("band")
        net.append(np.log(found.ratio[1]))
        held += bool(found.low[1] <= 2 <= found.high[1])
    error = np.std(net, ddof=1) / np.sqrt(25)
    assert abs(np.mean(net) - np.log(2)) < 3 * error
    assert np.mean(plain) - np.log(2) > 0.1
    assert held >= 20


def test_without_any_contact_soon_after_another_nothing_is_discounted() -> None:
    rows = redialling(np.random.default_rng(6))
    none = replace(rows, contacts=np.where(rows.factors[0].codes == 1, 0, rows.contacts))
    got = net_demand(none, recent="recent")
    assert got.contacts.tolist() == none.contacts.tolist()
    assert got.ratios == ()
    expected = fixed_effects_rates(none.of_factors(["band", "channel"]))
    assert chosen_rates(got).fixed_effects.covariance == pytest.approx(expected.covariance)


def test_what_it_refuses() -> None:
    rows = redialling(np.random.default_rng(7), n=30)
    with pytest.raises(ValueError, match="needs two levels"):
        net_demand(replace(rows, factors=(replace(rows.factors[0], levels=("a", "b", "c")),)), recent="recent")
    with pytest.raises(ValueError, match="no factor 'soon'"):
        net_demand(rows, recent="soon")
    nobody = replace(rows, contacts=np.zeros(len(rows), dtype=np.int64))
    with pytest.raises(InsufficientDataError, match="no contact"):
        chosen_rates(net_demand(nobody, recent="recent"))
    with pytest.raises(ValueError, match="finite number"):
        DiscountedStretches(
            case=rows.case, days=rows.days, contacts=np.full(len(rows), np.nan), factors=(), slope=np.zeros(len(rows)),
            by_ratio=np.zeros(len(rows), dtype=np.int64), ratios=(), moved_by=np.zeros(0, dtype=np.int64),
            moves=np.zeros((0, 0)),
        )  # fmt: skip


def test_redials_that_come_whatever_the_rate_are_noticed_by_ratios_that_fall_with_it() -> None:
    rows = redialling(np.random.default_rng(8), n=100)
    n = 101
    part = np.full(n, 0.1 / np.sqrt(n - 1))  # errors of the ratios' logarithms: 0.1 and none, so of their difference
    plain = net_demand(rows, recent="recent")

    def with_ratios(*ratios: float, part: np.ndarray = part) -> DiscountedStretches:
        moves = np.column_stack([part, *(0 * part for _ in ratios[1:])])
        return replace(plain, ratios=tuple((r, r / 2, r * 2) for r in ratios), moved_by=np.arange(n), moves=moves)

    # log(4 / 3) = 0.288 and log(4 / 3.5) = 0.134, against 1.645 × 0.1
    caveat = uneven_redials(with_ratios(4.0, 3.5, 3.0))
    assert caveat is not None
    assert caveat.startswith(
        "Soon after a contact the rate is 4.0 times as high where contacts are rare, and 3.0 times where"
    )
    assert uneven_redials(with_ratios(4.0, 3.5)) is None
    assert uneven_redials(with_ratios(3.0, 4.0)) is None
    assert uneven_redials(with_ratios(4.0, 3.0, part=2 * part)) is None
    assert uneven_redials(with_ratios(4.0)) is None
