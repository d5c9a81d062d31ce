"""Rates of contacts by what a case awaits, for how long, and how old it is, as a table that replays look up.

A rate is an overall level times one ratio for each of the factors state, waiting, overdue, age and channel. A level of a
factor at which nobody got in touch has no ratio of its own. Were its ratio drawn from all that may be (a gamma
distribution whose mean is that of the other levels, with as much weight as half a contact), then no contact where some
were expected would leave a gamma distribution that is the smaller the more were expected; draws take their ratio from it.
A level that no day was seen at is taken for the mean of the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from streamline.measure.contacts.exposure import OpenLife
from streamline.stats.adding_up import TOGETHER
from streamline.stats.rate_model import RateModel
from streamline.stats.stretches import LEFT_OUT, Stretches
from streamline.units import DAY

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Weight of what may be without any record, in contacts.
PRIOR_CONTACTS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effects:
    """One set of ratios by factor and level, fitted or drawn."""

    overall: float
    ratios: dict[str, Float]

    @property
    def together(self) -> float:
        """The rate while several steps are awaited at once, over the sum of theirs; 1 where that isn't told."""
        return float(self.ratios[TOGETHER][1]) if TOGETHER in self.ratios else 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class RateTable:
    """The rates of a fit by activity awaited, waiting band and age."""

    model: RateModel = field(repr=False)
    n_activities: int
    #: Edges in microseconds between the waiting bands, and between ages; the standard is among the latter.
    bands: Int64
    ages: Int64
    #: For each age the level of the factor age, and whether the case is overdue.
    age_level: Int64
    overdue: Int64
    #: By factor: the mean ratio of the levels with contacts, and the contacts expected at that ratio at those without.
    mean: dict[str, float]
    expected: dict[str, Float]

    @property
    def fitted(self) -> Effects:
        """The ratios as fitted; 0 at levels where nobody got in touch."""
        ratios = {}
        for name, own in self._known(self.model.effects).items():
            none = np.where(self.expected[name] > 0, 0.0, self.mean[name])
            ratios[name] = np.where(np.isnan(own), none, own)
        return Effects(overall=float(np.exp(self.model.effects[0])), ratios=ratios)

    def drawn(self, rng: np.random.Generator) -> Effects:
        """Ratios from what the records leave possible."""
        effects = self.model.drawn_effects(rng, draws=1)[0]
        ratios = {}
        for name, own in self._known(effects).items():
            chance = rng.gamma(PRIOR_CONTACTS, size=len(own)) / (PRIOR_CONTACTS + self.expected[name])
            ratios[name] = np.where(np.isnan(own), self.mean[name] * chance, own)
            never = np.isnan(own) & (self.expected[name] == 0)
            ratios[name][never] = self.mean[name]
        return Effects(overall=float(np.exp(effects[0])), ratios=ratios)

    def cells(self, effects: Effects) -> Float:
        """(activities, bands, ages): contacts per open day, the channel left out."""
        one = np.ones(1)
        state = effects.ratios["state"][: self.n_activities]
        waiting = effects.ratios["waiting"]
        age = effects.ratios.get("age", one)[self.age_level]
        late = effects.ratios["overdue"][self.overdue] if "overdue" in effects.ratios else np.ones(len(age))
        return np.asarray(effects.overall * state[:, None, None] * waiting[:, None] * (age * late), dtype=np.float64)

    def _known(self, effects: Float) -> dict[str, Float]:
        """By factor the ratios of its levels; NaN at those without any contact."""
        return {name: _ratios(self.model, k, effects) for k, name in enumerate(self.model.names)}


def rate_table(model: RateModel, life: OpenLife, stretches: Stretches) -> RateTable:
    """Make the table of a fit.

    life : the open lives that the fit is of. stretches : those that it was fitted to, with levels that it left out.
    """
    ages = np.array([round(e * DAY) for e in life.ages], dtype=np.int64)
    edges = np.unique(ages if life.standard is None else np.append(ages, life.standard))
    lower = np.append(0, edges)
    fitted = {name: _ratios(model, k, model.effects) for k, name in enumerate(model.names)}
    days_of = {f.name: np.bincount(f.codes, weights=stretches.days, minlength=len(f.levels)) for f in stretches.factors}
    mean = {name: float(np.average(r[~np.isnan(r)], weights=days_of[name][~np.isnan(r)])) for name, r in fitted.items()}
    rate = stretches.days * np.exp(model.effects[0])
    for f in stretches.factors:
        rate = rate * np.where(np.isnan(fitted[f.name]), mean[f.name], fitted[f.name])[f.codes]
    expected = {}
    for f in stretches.factors:
        at = np.bincount(f.codes, weights=rate, minlength=len(f.levels))
        expected[f.name] = np.where(np.isnan(fitted[f.name]), at, 0.0)
    return RateTable(
        model=model,
        n_activities=len(life.links.log.activities),
        bands=np.array([round(e * DAY) for e in life.bands], dtype=np.int64),
        ages=edges,
        age_level=np.searchsorted(ages, lower, side="right").astype(np.int64),
        overdue=(lower >= life.standard).astype(np.int64)
        if life.standard is not None
        else np.zeros(len(lower), np.int64),
        mean=mean,
        expected=expected,
    )


def _ratios(model: RateModel, factor: int, effects: Float) -> Float:
    place = model.design.places[factor]
    return np.where(place == LEFT_OUT, np.nan, np.where(place >= 0, np.exp(effects[np.maximum(place, 0)]), 1.0))
