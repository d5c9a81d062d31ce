"""Rates of contacts where a case awaits several steps at once.

While a case awaits one step, the rate is a product of ratios (`stats.rate_model`). While it awaits several, the rate is the sum
of theirs, times one ratio more, that of *several at once*: 1 where customers ask about each step as if it were the only one, one
half where they ask half as often about each of two. That ratio is told where the records can tell it, because steps are awaited
alone often enough as well; else it is taken for 1: rates then add up.

Which step a contact is about isn't recorded. Given the rates, it is about each of the steps in proportion to its rate; given such
parts of contacts, the rates are those of a model in which each step has open days and contacts of its own. The two are repeated
until they agree: then the rates are the most likely ones (expectation and maximisation), be it pooled or within cases.

Parts of contacts are less than contacts: that they had to be told with the rates is taken off what the records tell, so
intervals are as wide as they have to be (Louis).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from streamline.kernels.levels import products_of_groups, sums_by_pair
from streamline.stats.discounted import DiscountedStretches
from streamline.stats.fixed_effects import fixed_effects_rates
from streamline.stats.poisson_rates import pooled_rates
from streamline.stats.rate_choice import RateChoice, chosen_rates
from streamline.stats.rate_model import RateModel
from streamline.stats.stretches import LEFT_OUT, Factor, Stretches

Float = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Rounds at the most, and the change of a log ratio below which they have settled.
ROUNDS, SETTLED = 100, 1e-4
#: A level whose parts of contacts come to less than this has none.
NOTHING = 0.05
#: What is known of effects in some respect is known too little when more than this share of it hangs on what contacts are about.
UNKNOWN = 0.98
#: A step that would move a log ratio by more than this is left to the plain rounds.
FAR = 2.0
#: The factor of several at once, and the largest error of its log ratio with which it counts as told.
TOGETHER, TOLD = "together", 0.35


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shared:
    """Days and contacts that fall into several stretches: one of the first kind, and some of those beside."""

    #: (n,) days of each stretch of the first kind in which several steps are awaited.
    days: Float
    #: (contacts,) the stretch of each.
    stretch: Int64
    #: (contacts + 1,) contact c falls into the stretches beside of `beside[offsets[c]:offsets[c + 1]]`.
    offsets: Int64
    beside: Int64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AddedUp:
    """Rates of steps that cases await at once."""

    choice: RateChoice
    #: All stretches, those beside after the others, with the parts of contacts that the rates rest on.
    stretches: DiscountedStretches
    #: Whether the rounds have settled.
    settled: bool
    #: Whether the ratio of several steps at once is told; else rates are taken to add up.
    together_is_told: bool


def rates_that_add_up(net: DiscountedStretches, beside: Stretches, shared: Shared, *, whole: Float) -> AddedUp:
    """Fit the rates of steps that cases await at once, as `chosen_rates` those of one step after the other.

    net : the stretches of open life, demand net of redials. beside : those of the steps beside, with the same factors and
        levels, without contacts. shared : the contacts that fall into both. whole : (n,) contacts in each stretch of `net`
        before they were discounted.

    The ratio of several at once is the factor `TOGETHER` of the fit; it is left out where its error is too large.
    Where steps are only ever awaited together, what each brings can't be told: then the result hasn't `settled`.

    A contact keeps its discount, whichever step it is about. Where a stretch beside has contacts with different discounts, the
    error of one of these ratios is carried for all of them. What doesn't change within a case (the channel) is the same for
    all its steps, so its errors are those told from the parts.
    Raises what `chosen_rates` raises; ValueError for other factors or levels.
    Source: Dempster, Laird and Rubin 1977; Louis 1982 (errors); Lange 1995 (steps).
    """
    if [(f.name, f.levels) for f in net.factors] != [(f.name, f.levels) for f in beside.factors]:
        raise ValueError("stretches of open life and those beside need the same factors and levels")
    with_ratio = _fitted(_Parts(net, beside, shared, whole, together=True))
    if with_ratio.together_is_told:
        return with_ratio
    return _fitted(_Parts(net, beside, shared, whole, together=False))


def _fitted(parts: _Parts) -> AddedUp:
    """Part the contacts and fit the rates by turns, from equal parts on."""
    share = parts.equal()
    within = chosen_rates(parts.rows(share)).preferred == "fixed effects"
    effects, before, settled = np.zeros(0), None, False
    for _ in range(ROUNDS):
        share = parts.without_silent(share)
        rows = parts.rows(share)
        model = fixed_effects_rates(rows) if within else pooled_rates(rows)
        if not model.converged:
            break
        step = model.effects - effects if before == _design(model) else np.full(len(model.effects), np.inf)
        before = _design(model)
        if np.abs(step).max(initial=0.0) < SETTLED:
            settled = True
            break
        effects = model.effects if not np.isfinite(step).all() else effects + _lengthened(model, parts, share, step)
        share = parts.told(model, effects)
    choice = chosen_rates(parts.rows(share))
    if choice.model.converged:
        wider = _widened(choice.model, parts, share)
        pooled = choice.preferred == "pooled"
        choice = replace(choice, pooled=wider) if pooled else replace(choice, fixed_effects=wider)
    settled = settled and _unknown_shares(choice.model, parts, share)[0].max(initial=0.0) < UNKNOWN
    return AddedUp(
        choice=choice,
        stretches=parts.rows(share),
        settled=settled,
        together_is_told=settled and _error_of_together(choice.model) < TOLD,
    )


def _error_of_together(model: RateModel) -> float:
    """Error of the log ratio of several steps at once; infinite where it isn't estimated."""
    if TOGETHER not in model.names or not model.converged:
        return float("inf")
    place = int(model.design.places[model.names.index(TOGETHER)][1])
    if place < 0 or not model.known[place]:
        return float("inf")
    return float(np.sqrt(model.covariance[place, place]))


class _Parts:
    """The shared contacts, each with the stretches that it may belong to."""

    def __init__(
        self, net: DiscountedStretches, beside: Stretches, shared: Shared, whole: Float, *, together: bool
    ) -> None:
        #: What each contact counts for.
        self.worth = net.contacts[shared.stretch] / np.maximum(whole[shared.stretch], 1.0)
        self.net, self.beside, self.shared = net, beside, shared
        # rows: the stretches while one step is awaited, the same while several are (those that have such days), those beside
        several = np.flatnonzero(shared.days > 0)
        n, k = len(net), len(several)
        self.source = np.concatenate([np.arange(n), several])
        self.days = np.concatenate([np.maximum(net.days - shared.days, 0.0), shared.days[several], beside.days])
        self.days[:n][shared.days >= net.days * (1 - 1e-12)] = 0.0
        row_of = np.full(n, -1)
        row_of[several] = n + np.arange(k)
        # (pairs of contact and stretch), in order of contacts: the stretch of open life, then those beside
        size = np.diff(shared.offsets) + 1
        self.bounds = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        self.contact = np.repeat(np.arange(len(size)), size)
        first = np.zeros(len(self.contact), dtype=np.bool_)
        first[self.bounds[:-1]] = True
        own = row_of[shared.stretch]
        self.row = np.empty(len(self.contact), dtype=np.int64)
        # a contact at the very instant at which a branch begins may fall into days of one step alone
        self.row[first], self.row[~first] = np.where(own >= 0, own, shared.stretch), n + k + shared.beside
        self.first = first
        # in a stretch without days a contact has no rate
        self.able = (self.days[self.row] > 0) & (first | (own >= 0)[self.contact])
        self.factors = tuple(
            Factor(
                name=f.name,
                levels=f.levels,
                codes=np.concatenate([f.codes[self.source], g.codes]).astype(np.int64),
                reference=int(np.argmax(np.bincount(f.codes, weights=net.contacts, minlength=len(f.levels)))),
            )
            for f, g in zip(net.factors, beside.factors, strict=True)
        )
        if together:
            codes = np.repeat([0, 1], [n, k + len(beside)])
            levels = ("one step", "several at once")
            self.factors = (*self.factors, Factor(name=TOGETHER, levels=levels, codes=codes, reference=0))

    def equal(self) -> Float:
        """(pairs,): the same share for each stretch of a contact."""
        return self._of_each(self.able.astype(np.float64))

    def told(self, model: RateModel, effects: Float) -> Float:
        """(pairs,): shares in proportion to the rates."""
        days = np.ones(len(self.row))
        own = Stretches(
            case=self.contact,
            days=days,
            contacts=np.zeros(len(days), dtype=np.int64),
            factors=tuple(replace(f, codes=f.codes[self.row]) for f in self.factors),
        )
        return self._of_each(np.where(self.able, model.expected(own, effects=effects), 0.0))

    def without_silent(self, share: Float) -> Float:
        """Shares with those taken away that leave a level with next to no contact: it has none."""
        contacts = self.rows(share).contacts
        for f in self.factors:
            at = np.bincount(f.codes, weights=contacts, minlength=len(f.levels))
            silent = (at > 0) & (at < NOTHING)
            if silent.any():
                share = self._of_each(np.where(silent[f.codes[self.row]], 0.0, share))
        return share

    def rows(self, share: Float) -> DiscountedStretches:
        """All stretches, each with its parts of the contacts."""
        net, n = self.net, len(self.net)
        part, own = share * self.worth[self.contact], self.shared.stretch[self.contact]
        with np.errstate(invalid="ignore", divide="ignore"):
            steep = np.where(net.contacts > 0, net.slope / net.contacts, 0.0)
        contacts, slope = np.zeros(len(self.days)), np.zeros(len(self.days))
        away = np.bincount(self.shared.stretch, weights=self.worth, minlength=n)
        alone = np.where(net.contacts - away > 1e-12, net.contacts - away, 0.0)
        contacts[:n], slope[:n] = alone, alone * steep
        contacts += np.bincount(self.row, weights=part, minlength=len(contacts))
        slope += np.bincount(self.row, weights=part * steep[own], minlength=len(slope))
        by_ratio = np.concatenate([net.by_ratio[self.source], np.full(len(self.beside), -1)])
        np.maximum.at(by_ratio, self.row[~self.first], net.by_ratio[own[~self.first]])
        return replace(
            net,
            case=np.concatenate([net.case[self.source], self.beside.case]),
            days=self.days,
            contacts=contacts,
            slope=slope,
            by_ratio=by_ratio,
            factors=self.factors,
        )

    def unknown(self, model: RateModel, share: Float) -> Float:
        """(p, p): what the records would tell more of the effects, were it known what each contact is about."""
        columns = np.full((len(self.row), len(self.factors)), -1, dtype=np.int32)
        for k, (f, place) in enumerate(zip(self.factors, model.design.places, strict=True)):
            own = place[f.codes[self.row]]
            columns[:, k] = np.where(own == LEFT_OUT, -1, own)
        p = model.design.n_effects
        part = share * self.worth[self.contact]
        with np.errstate(divide="ignore"):
            scale = np.where(self.worth > 0, 1 / self.worth, 0.0)
        pull = products_of_groups(self.bounds, columns, part, part, scale, p)
        return np.asarray(sums_by_pair(columns, part, p) - pull, dtype=np.float64)

    def _of_each(self, values: Float) -> Float:
        """(pairs,): the values of each contact scaled so that they add up to 1; all of it its own where there is none."""
        total = np.bincount(self.contact, weights=values, minlength=len(self.shared.stretch))[self.contact]
        return np.where(total > 0, values / np.where(total > 0, total, 1.0), self.first.astype(np.float64))


def _design(model: RateModel) -> tuple[tuple[int, ...], ...]:
    """What tells whether effects of two fits mean the same."""
    return tuple(tuple(place.tolist()) for place in model.design.places)


def _unknown_shares(model: RateModel, parts: _Parts, share: Float) -> tuple[Float, Float, Float]:
    """(k,): in each of k respects the share of what effects rest on that hangs on what contacts are about; and the respects, as
    (p, k) changes of effects, and (k, p) what takes effects apart into them."""
    inner = model.within if model.kind == "fixed effects" else model.known
    missing = np.where(inner[:, None] & inner[None, :], parts.unknown(model, share), 0.0)
    size, axes = np.linalg.eigh(model.inverse_information)
    some = size > 1e-12 * max(float(size.max(initial=0.0)), 1e-300)
    root = axes[:, some] * np.sqrt(size[some])
    back = (axes[:, some] / np.sqrt(size[some])).T
    shares, turned = np.linalg.eigh(root.T @ missing @ root)
    return shares, root @ turned, turned.T @ back


def _gain(model: RateModel, parts: _Parts, share: Float) -> Float:
    """(p, p): by how much an error of the fit to parts of contacts has to grow, because the parts are told from it."""
    shares, respects, apart = _unknown_shares(model, parts, share)
    known = 1.0 - np.clip(shares, 0.0, UNKNOWN)
    return np.asarray(np.eye(model.design.n_effects) + respects @ ((1 / known - 1)[:, None] * apart), dtype=np.float64)


def _lengthened(model: RateModel, parts: _Parts, share: Float, step: Float) -> Float:
    """The step of a round as far as the rounds after it would go; the plain step where that is too far to be trusted."""
    longer = _gain(model, parts, share) @ step
    return longer if np.abs(longer).max(initial=0.0) < FAR else step


def _widened(model: RateModel, parts: _Parts, share: Float) -> RateModel:
    """The model with errors that know that contacts had to be parted."""
    gain = _gain(model, parts, share)
    return replace(model, covariance=gain @ model.covariance @ gain.T)
