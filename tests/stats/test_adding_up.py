"""Rates that add up: beside the likelihood written out, with errors by its curvature, and over many simulated services."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from streamline.stats.adding_up import AddedUp, Shared, rates_that_add_up
from streamline.stats.discounted import DiscountedStretches
from streamline.stats.rate_choice import chosen_rates
from streamline.stats.stretches import Factor, Stretches

LEVELS = ("wait", "check", "decide")
WAIT, CHECK, DECIDE = range(3)


@dataclass(frozen=True)
class Pieces:
    """Each case waits alone, waits while a check is made beside, and is decided; a few checks end last, by themselves."""

    #: (cases, 4) days and contacts: waiting alone, waiting with a check, a check alone, decided.
    days: np.ndarray
    contacts: np.ndarray


#: For each of these pieces what is awaited.
AWAITED = ((WAIT,), (WAIT, CHECK), (CHECK,), (DECIDE,))


def pieces(
    rng: np.random.Generator, *, n: int = 400, rates: tuple[float, float, float] = (0.1, 0.2, 0.3), alone: float = 0.2,
    together: float = 1.0,
) -> Pieces:  # fmt: skip
    """Customers differ (variance 0.5). alone : share of cases in which the check ends last. together : contacts while both
    are awaited, over the sum of the rates."""
    days = rng.uniform(1, 6, (n, 4))
    days[rng.random(n) >= alone, 2] = 0.0
    rate = np.array([sum(rates[a] for a in awaited) for awaited in AWAITED])
    rate[1] *= together
    own = rng.gamma(2.0, 0.5, n)
    return Pieces(days=days, contacts=rng.poisson(own[:, None] * rate * days))


def state(codes: np.ndarray) -> tuple[Factor, ...]:
    return (Factor(name="state", levels=LEVELS, codes=codes),)


def fitted(of: Pieces) -> AddedUp:
    """Stretches of open life: waiting (alone or not), the check alone, decided; beside: the check while waiting."""
    n = len(of.days)
    case, codes = np.tile(np.arange(n), 3), np.repeat([WAIT, CHECK, DECIDE], n)
    days = np.concatenate([of.days[:, 0] + of.days[:, 1], of.days[:, 2], of.days[:, 3]])
    contacts = np.concatenate([of.contacts[:, 0] + of.contacts[:, 1], of.contacts[:, 2], of.contacts[:, 3]]) * 1.0
    nothing = np.zeros(3 * n)
    net = DiscountedStretches(
        case=case, days=days, contacts=contacts, factors=state(codes), by_ratio=np.full(3 * n, -1), slope=nothing, ratios=(),
        moved_by=np.zeros(0, dtype=np.int64), moves=np.zeros((0, 0)),
    )  # fmt: skip
    beside = Stretches(
        case=np.arange(n), days=of.days[:, 1], contacts=np.zeros(n, dtype=np.int64), factors=state(np.full(n, CHECK))
    )
    which = np.repeat(np.arange(n), of.contacts[:, 1])
    shared = Shared(
        days=np.concatenate([of.days[:, 1], np.zeros(2 * n)]),
        stretch=which,
        offsets=np.arange(len(which) + 1),
        beside=which,
    )
    return rates_that_add_up(net, beside, shared, whole=contacts)


def log_rates(effects: np.ndarray) -> np.ndarray:
    """(4,) of the pieces. effects : log ratios of check and decide to waiting, and, where there is a third, of both at once."""
    ratio = np.exp([0.0, *effects[:2]])
    rate = np.log([sum(ratio[a] for a in awaited) for awaited in AWAITED])
    rate[1] += effects[2] if len(effects) > 2 else 0.0
    return rate


def within(of: Pieces, effects: np.ndarray) -> np.ndarray:
    """(cases,) log likelihood of where each case's contacts fell, given how many there were."""
    weight = of.days * np.exp(log_rates(effects))
    return (of.contacts * log_rates(effects)).sum(1) - of.contacts.sum(1) * np.log(weight.sum(1))


def effects_of(got: AddedUp) -> np.ndarray:
    """Log ratios of check and decide to waiting, and of both at once where it is told."""
    model = got.choice.model
    ratio = model.ratios("state").ratio
    together = model.ratios("together").ratio[1:] if got.together_is_told else []
    return np.log([*(ratio[1:] / ratio[0]), *together])


def error_of(got: AddedUp, level: int, *, factor: int = 0) -> float:
    """Standard error of a level's log ratio to waiting, or to one step alone."""
    model = got.choice.model
    place = model.design.places[factor]
    contrast = np.zeros(model.design.n_effects)
    for k, sign in ((level, 1.0), (0, -1.0)):
        if place[k] >= 0:
            contrast[place[k]] += sign
    return float(np.sqrt(contrast @ model.covariance @ contrast))


@pytest.mark.parametrize("alone", [0.0, 0.3])
def test_within_cases_rates_maximise_the_likelihood_of_where_contacts_fell(alone: float) -> None:
    """With the errors of its own curvature and scores, case by case. Where the check is never awaited alone, rates are taken to
    add up; else the ratio of both at once is an effect more."""
    of = pieces(np.random.default_rng(5), alone=alone, n=1500)
    got = fitted(of)
    assert got.settled
    assert got.choice.preferred == "fixed effects"
    assert got.together_is_told == (alone > 0)
    p = 3 if alone else 2
    best = minimize(lambda e: -within(of, e).sum(), np.zeros(p), method="BFGS", options={"gtol": 1e-6}).x
    assert effects_of(got) == pytest.approx(best, abs=2e-3)

    def slopes(e: np.ndarray) -> np.ndarray:
        return approx_fprime(e, lambda x: within(of, x).sum(), 1e-5)

    curvature = -np.array([(slopes(best + h) - slopes(best - h)) / 2e-3 for h in np.eye(p) * 1e-3])
    scores = np.array([approx_fprime(best, lambda x, c=c: within(_only(of, c), x).sum(), 1e-6) for c in range(1500)])
    inverse = np.linalg.inv(curvature)
    expected = np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse))
    told = [error_of(got, CHECK), error_of(got, DECIDE), *([error_of(got, 1, factor=1)] if alone else [])]
    assert told == pytest.approx(expected, rel=0.03)


def _only(of: Pieces, case: int) -> Pieces:
    return Pieces(days=of.days[case : case + 1], contacts=of.contacts[case : case + 1])


def test_contacts_are_parted_and_none_is_lost() -> None:
    of = pieces(np.random.default_rng(2))
    got = fitted(of).stretches
    assert got.contacts.sum() == pytest.approx(of.contacts.sum())
    by_state = np.bincount(got.factors[0].codes, weights=got.contacts)
    assert by_state[DECIDE] == of.contacts[:, 3].sum()
    assert by_state[WAIT] + by_state[CHECK] == pytest.approx(of.contacts[:, :3].sum())
    # in proportion to rates of 0.1 and 0.2
    assert (by_state[CHECK] - of.contacts[:, 2].sum()) / of.contacts[:, 1].sum() == pytest.approx(2 / 3, abs=0.08)


def test_intervals_hold_the_truth() -> None:
    """200 services in which a check is never awaited alone: 95% intervals of its ratio hold the true 2.0 in 182 to 198 of them.
    Errors that took the parts of contacts for records would be a third as wide and hold it in half."""
    held = narrow = 0
    for seed in range(200):
        got = fitted(pieces(np.random.default_rng(seed + 1000), alone=0.0))
        error, effect = error_of(got, CHECK), effects_of(got)[0]
        held += abs(effect - np.log(2)) < 1.96 * error
        parts = chosen_rates(got.stretches)
        narrow += abs(effect - np.log(2)) < 1.96 * error_of(
            AddedUp(choice=parts, stretches=got.stretches, settled=True, together_is_told=False), CHECK
        )
    assert 182 <= held <= 198
    assert narrow < 130


def test_customers_who_ask_less_about_each_of_two_steps_are_told_from_those_who_dont() -> None:
    """60 services: the ratio of both at once, 0.5 or 1, lies in its 95% interval in 53 at the least, and so does the check's."""
    for together in (0.5, 1.0):
        held = np.zeros(2, dtype=int)
        for seed in range(60):
            got = fitted(pieces(np.random.default_rng(seed + 50), n=800, alone=0.3, together=together))
            assert got.together_is_told
            check, _, both = effects_of(got)
            held += [
                abs(check - np.log(2)) < 1.96 * error_of(got, CHECK),
                abs(both - np.log(together)) < 1.96 * error_of(got, 1, factor=1),
            ]
        assert held.min() >= 53, held


def test_steps_that_are_only_ever_awaited_together_are_not_told_apart() -> None:
    of = pieces(np.random.default_rng(8), alone=0.0)
    never = Pieces(days=of.days * [0, 1, 1, 1], contacts=of.contacts * [0, 1, 1, 1])
    assert not fitted(never).settled


def test_a_step_that_nobody_asks_about_gets_no_contacts() -> None:
    """Customers call as often while the check is made beside as without it."""
    got = fitted(pieces(np.random.default_rng(3), rates=(0.3, 0.0, 0.3), alone=0.0, n=3000))
    ratio = got.choice.model.ratios("state").ratio[CHECK]
    assert np.isnan(ratio) or ratio < 0.05  # NaN: no contact at all is left at this level


def test_without_shared_contacts_rates_are_as_before_and_those_never_asked_about_are_named() -> None:
    of = pieces(np.random.default_rng(4), alone=0.0)
    quiet = Pieces(days=of.days, contacts=np.where([True, False, True, True], of.contacts, 0))
    got = fitted(quiet)
    assert got.settled
    assert [(x.factor, x.level) for x in got.choice.model.left_out] == [("state", "check")]


def test_other_levels_are_refused() -> None:
    of = pieces(np.random.default_rng(4))
    net = fitted(of).stretches
    other = Stretches(
        case=np.array([0]), days=np.ones(1), contacts=np.zeros(1, dtype=np.int64),
        factors=(Factor(name="state", levels=("a", "b"), codes=np.array([0])),),
    )  # fmt: skip
    shared = Shared(days=np.zeros(len(net)), stretch=np.array([0]), offsets=np.array([0, 1]), beside=np.array([0]))
    with pytest.raises(ValueError, match="need the same factors and levels"):
        rates_that_add_up(net, other, shared, whole=net.contacts)
