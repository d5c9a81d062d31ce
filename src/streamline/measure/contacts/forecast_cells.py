"""The cells that a forecast's rates are told for: states, their waiting bands as far as contacts bear them, and overdue or not.

A waiting band with fewer than ten contacts shares the rate of the nearest richer band of its state; a state with fewer than ten
has one rate for all waits. A state in which nobody got in touch has the rate 0 with the exact bound of a Poisson count. A state
that no case was in before the split has no rate.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError
from streamline.measure.contacts.exposure import OpenLife
from streamline.measure.contacts.lives import CLOSED
from streamline.measure.contacts.weekly import WeeklyLife
from streamline.stats.negative_binomial import negative_binomial_rates
from streamline.stats.poisson_rates import pooled_rates
from streamline.stats.rate_choice import chosen_rates
from streamline.stats.rate_model import RateModel
from streamline.stats.repeats import new_demand
from streamline.stats.stretches import Factor, Stretches, sums_by_code

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Contacts below which a waiting band, or the days past the standard, have no rate of their own.
FEWEST = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Which rate belongs to which state and band; a cell is a place of `levels`, times two with the overdue flag."""

    #: (states, bands): the place of the level, -1 where no case was.
    level_of: Int64
    levels: tuple[str, ...]
    #: (cells,): the state of each cell.
    state: Int64
    #: (levels,): contacts over days; 1 where there was no contact.
    plain: Float
    #: Whether days past the standard have a rate of their own.
    overdue: bool

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self.state)

    def known(self, rows: WeeklyLife) -> Bool:
        """Which rows have a rate."""
        return np.asarray(self.level_of[rows.state, rows.band] >= 0, dtype=np.bool_)

    def of(self, rows: WeeklyLife) -> Int64:
        """The cell of each row, all of which have a rate."""
        return np.asarray(self.level_of[rows.state, rows.band] * 2 + rows.overdue * self.overdue, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedCells:
    """Contacts per open day of each cell, by weight, not scaled up by the link share."""

    cells: Cells
    model: RateModel = field(repr=False)
    #: (cells,) of all cases pooled; and within cases, brought to the same total, where estimates use these.
    rate: Float
    within: Float | None
    #: Contacts by weight over whole ones: rates are fitted on whole contacts.
    weighting: float
    #: (cells,): open days of cells without any contact, NaN elsewhere.
    silent_days: Float
    #: Which rates an estimate of a change uses, in words.
    why: str

    def expected(self, rows: WeeklyLife, *, within: bool = False) -> Float:
        """(n,): the contacts of each row."""
        rate = self.within if within and self.within is not None else self.rate
        return np.asarray(rows.days * rate[self.cells.of(rows)], dtype=np.float64)

    def drawn(self, rng: np.random.Generator, *, draws: int) -> Float:
        """(draws, cells): pooled rates as uncertain as they are."""
        effects = self.model.drawn_effects(rng, draws=draws)
        one_day = _one_day(self.model, self.cells)
        drawn = np.array([self.model.expected(one_day, effects=e) for e in effects]) * self.weighting
        silent = np.isfinite(self.silent_days)
        level = np.flatnonzero(silent) // 2  # both cells of a level are equally silent
        bound = rng.exponential(size=(draws, len(self.cells.levels)))[:, level]
        drawn[:, silent] = bound / self.silent_days[silent] * self.weighting
        return drawn


def fitted_cells(life: OpenLife, not_over: Bool) -> FittedCells:
    """Fit the rates. not_over : (cases,) whose days after the last step aren't counted, since they may not be closed.

    Raises InsufficientDataError when the rates can't be told.
    """
    rows = life.stretches("state", "waiting", "overdue", "recent")
    state = rows.factors[0]
    over = ~not_over[rows.case] | (state.codes != state.levels.index(CLOSED))
    rows = rows.kept(over & (rows.days > 0))  # contacts at an instant without days tell no rate
    state, band, overdue, _ = rows.factors
    width = len(band.levels)
    key = state.codes * width + band.codes
    shape = (len(state.levels), width)
    days = sums_by_code(key, rows.days, shape[0] * width).reshape(shape)
    contacts = sums_by_code(key, rows.contacts, shape[0] * width).reshape(shape)
    late = np.bincount(overdue.codes, weights=rows.contacts, minlength=2)
    level_of, levels, state_of = _levels(days, contacts, state.levels, band.levels)
    of_level = level_of.ravel()
    own = of_level >= 0
    level_days = sums_by_code(of_level[own], days.ravel()[own], len(levels))
    level_contacts = sums_by_code(of_level[own], contacts.ravel()[own], len(levels))
    silent = level_contacts == 0
    cells = Cells(
        level_of=level_of,
        levels=levels,
        state=np.repeat(state_of, 2),
        plain=np.where(silent, 1.0, level_contacts / level_days),
        overdue=life.standard is not None and bool(late.min() >= FEWEST),
    )
    with_recent = rows.kept(level_of[state.codes, band.codes] >= 0)
    all_ = _of_cells(with_recent, cells)
    model = pooled_rates(all_.of_factors([f.name for f in all_.factors if f.name != "recent"]))
    if not model.converged:
        raise InsufficientDataError(
            f"{life.links.contacts.source}: the rates before the split can't be told, as contacts come only past the standard, "
            "or only within it, where both could be seen."
        )
    weighting = _weighting(life, not_over)
    one_day = _one_day(model, cells)
    rate = model.expected(one_day) * weighting
    within, why = _within(all_, cells, rate)
    return FittedCells(
        cells=cells, model=model, rate=rate, within=within, weighting=weighting,
        silent_days=np.repeat(np.where(silent, level_days, np.nan), 2), why=why,
    )  # fmt: skip


def _levels(
    days: Float, contacts: Float, states: tuple[str, ...], bands: tuple[str, ...]
) -> tuple[Int64, tuple[str, ...], Int64]:
    """(level of each state and band, names of the levels, their states); see the module's text."""
    level_of = np.full(days.shape, -1, dtype=np.int64)
    names: list[str] = []
    state_of: list[int] = []
    for s in np.flatnonzero(days.sum(axis=1) > 0):
        rich = np.flatnonzero(contacts[s] >= FEWEST)
        if len(rich) == 0:
            level_of[s] = len(names)
            names.append(f"{states[s]}, any wait")
            state_of.append(int(s))
            continue
        nearest = np.abs(np.arange(days.shape[1])[:, None] - rich[None, :]).argmin(axis=1)
        level_of[s] = len(names) + nearest
        names += [f"{states[s]}, {bands[b]}" for b in rich]
        state_of += [int(s)] * len(rich)
    return level_of, tuple(names), np.array(state_of, dtype=np.int64)


def _of_cells(rows: Stretches, cells: Cells) -> Stretches:
    """The stretches with their level, overdue where it has a rate of its own, and recent; days times the level's plain rate, so
    that what is fitted are factors on it, and levels of very different rates can be told together."""
    state, band, overdue, recent = rows.factors
    codes = cells.level_of[state.codes, band.codes]
    level = Factor(name="state and wait", levels=cells.levels, codes=codes)
    factors = (level, overdue, recent) if cells.overdue else (level, recent)
    return Stretches(case=rows.case, days=rows.days * cells.plain[codes], contacts=rows.contacts, factors=factors)


def _one_day(model: RateModel, cells: Cells) -> Stretches:
    """One open day in each cell, times the plain rate of its level."""
    number = np.arange(cells.size)
    factors = [Factor(name="state and wait", levels=cells.levels, codes=number // 2)]
    if cells.overdue:
        own = next(f for f in model.design.stretches.factors if f.name == "overdue")
        factors.append(Factor(name="overdue", levels=own.levels, codes=number % 2))
    return Stretches(
        case=number,
        days=cells.plain[number // 2],
        contacts=np.zeros(cells.size, dtype=np.int64),
        factors=tuple(factors),
    )


def _weighting(life: OpenLife, not_over: Bool) -> float:
    """Contacts by weight over whole ones, of those with a rate."""
    state = life.factor("state")
    inside = (life.time > 0) & (~not_over[life.case] | (state.codes != state.levels.index(CLOSED)))
    chosen = inside[life.stretch_of_link]
    weight = life.links.weight[chosen]
    return float(weight.sum()) / float((weight == 1.0).sum())


def _within(all_: Stretches, cells: Cells, rate: Float) -> tuple[Float | None, str]:
    """(rates within cases with the same total, or None where estimates use pooled ones; why, in words)."""
    fresh = new_demand(all_, recent="recent")
    try:
        choice = chosen_rates(fresh, differing=negative_binomial_rates(fresh, by="case")[1])
    except InsufficientDataError as error:
        return None, f"Rates within cases can't be told: {error}"
    if choice.preferred == "pooled" or not choice.fixed_effects.converged:
        return None, choice.why
    found = choice.fixed_effects.expected(_one_day(choice.fixed_effects, cells))
    where = all_.factors[0].codes.astype(np.int64) * 2
    if cells.overdue:
        where = where + all_.factors[1].codes
    days = sums_by_code(where, all_.days, cells.size) / np.repeat(cells.plain, 2)
    total = float(found @ days)
    return (found * float(rate @ days) / total if total > 0 else None), choice.why
