"""Stretches of open life: the rows that rates of contacts are estimated from.

A *stretch* is a part of a case's open life in which nothing that is told of it changes: so many open days, so many contacts,
and one level of each factor (what it awaits, for how long, by which channel it came). A *cell* is a combination of levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.kernels.levels import levels_of_groups

Float = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: A level that has no effect of its own in a design: it is the reference, or it is left out.
REFERENCE, LEFT_OUT = -1, -2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Factor:
    """What is told of each stretch in one respect."""

    name: str
    levels: tuple[str, ...]
    #: (n,) place of each stretch's level in `levels`.
    codes: npt.NDArray[np.integer]
    #: Place of the level that the others are set against; None: the one with the most contacts.
    reference: int | None = None
    #: Whether contacts themselves move it, such as "within 3 days of an earlier contact". A comparison within cases is
    #: biased by such a factor, so fixed effects refuse it.
    moved_by_contacts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretches:
    """n stretches of cases, in any order; arrays of (n,)."""

    #: Number of the stretch's case.
    case: npt.NDArray[np.integer]
    #: Open days, at least 0.
    days: Float
    #: Contacts, whole numbers of at least 0.
    contacts: npt.NDArray[np.integer]
    factors: tuple[Factor, ...]

    def __post_init__(self) -> None:
        n = len(self.case)
        if len(self.days) != n or len(self.contacts) != n:
            raise ValueError(
                f"{n} cases, {len(self.days)} open days and {len(self.contacts)} contacts: one of each a stretch"
            )
        if not np.isfinite(self.days).all() or (self.days < 0).any():
            raise ValueError("open days have to be finite and at least 0")
        if not np.issubdtype(self.contacts.dtype, np.integer) or (self.contacts < 0).any():
            raise ValueError("contacts have to be whole numbers of at least 0")
        for factor in self.factors:
            if len(factor.codes) != n:
                raise ValueError(f"factor {factor.name!r} has {len(factor.codes)} codes for {n} stretches")
            if n and (factor.codes.min() < 0 or factor.codes.max() >= len(factor.levels)):
                raise ValueError(f"factor {factor.name!r} has codes outside its {len(factor.levels)} levels")
            if factor.reference is not None and not 0 <= factor.reference < len(factor.levels):
                raise ValueError(f"factor {factor.name!r} has no level {factor.reference} to set the others against")

    def __len__(self) -> int:
        return len(self.case)

    def kept(self, rows: Bool | Int64) -> Stretches:
        """Some of the stretches."""
        return Stretches(
            case=self.case[rows],
            days=self.days[rows],
            contacts=self.contacts[rows],
            factors=tuple(_recoded(f, f.codes[rows]) for f in self.factors),
        )

    def of_factors(self, names: Sequence[str]) -> Stretches:
        """The same stretches with some of their factors."""
        own = {f.name: f for f in self.factors}
        return Stretches(
            case=self.case, days=self.days, contacts=self.contacts, factors=tuple(own[name] for name in names)
        )

    def by_case(self) -> Stretches:
        """The same stretches, those of a case side by side."""
        if (self.case[1:] >= self.case[:-1]).all():
            return self
        return self.kept(np.argsort(self.case, kind="stable"))

    def case_bounds(self) -> Int64:
        """(cases + 1,): the first row of each case, where those of a case stand side by side; and the number of rows."""
        first = (
            np.flatnonzero(np.r_[True, self.case[1:] != self.case[:-1]]) if len(self) else np.zeros(0, dtype=np.int64)
        )
        return np.append(first, len(self)).astype(np.int64)


def sums_by_code(codes: npt.NDArray[np.integer], values: npt.NDArray[np.generic], k: int) -> Float:
    """(k,): the sum of the values of the rows with each code from 0 to k - 1."""
    return np.bincount(codes, weights=values, minlength=k).astype(np.float64)


def crossed(first: Factor, second: Factor) -> Factor:
    """One factor of two: its levels are their combinations, in order of the first, then the second."""
    width = len(second.levels)
    return Factor(
        name=f"{first.name} × {second.name}",
        levels=tuple(f"{a}, {b}" for a in first.levels for b in second.levels),
        codes=first.codes.astype(np.int64) * width + second.codes,
        moved_by_contacts=first.moved_by_contacts or second.moved_by_contacts,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeftOut:
    """A level whose effect isn't estimated, and why."""

    factor: str
    level: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """Stretches as a regression takes them: in order of cases, with the places of their levels among the effects."""

    stretches: Stretches
    #: (n, factors + 1), int32: the first column is the overall level, which every stretch has.
    columns: Int32
    #: For each factor and level its place among the effects, `REFERENCE` or `LEFT_OUT`.
    places: tuple[Int64, ...]
    n_effects: int
    #: (cases + 1,): the first row of each case, and the number of rows.
    bounds: Int64
    #: Case c has the effects level[first[c]:first[c + 1]]; (cases + 1,) and int32.
    first: Int64
    level: Int32
    left_out: tuple[LeftOut, ...]
    #: Contacts in stretches without any open day: no rate comes of them.
    n_without_days: int

    @property
    def n_cases(self) -> int:
        """Cases with a stretch in the regression."""
        return len(self.bounds) - 1


def design_of(stretches: Stretches) -> Design:
    """The regression's rows: stretches without open days are left out, and those at levels without any contact.

    A level at which nobody got in touch has a rate of 0 and no ratio; its rows tell nothing of the other effects. Its rate has
    an upper bound, see `stats.observed_rates`.
    """
    some = stretches.days > 0
    n_without_days = int(stretches.contacts[~some].sum())
    rows = (stretches if some.all() else stretches.kept(some)).by_case()
    left_out: list[LeftOut] = []
    while True:
        keep = np.ones(len(rows), dtype=np.bool_)
        for factor in rows.factors:
            days = np.bincount(factor.codes, minlength=len(factor.levels))
            contacts = sums_by_code(factor.codes, rows.contacts, len(factor.levels))
            new = (days > 0) & (contacts == 0)
            left_out += [_silent(factor, int(k)) for k in np.flatnonzero(new)]
            keep &= ~new[factor.codes]
        if keep.all():
            break
        rows = rows.kept(keep)
    places, at = [], 1
    columns = np.zeros((len(rows), len(rows.factors) + 1), dtype=np.int32)
    for f, factor in enumerate(rows.factors):
        contacts = sums_by_code(factor.codes, rows.contacts, len(factor.levels))
        reference = int(np.argmax(contacts)) if factor.reference is None else factor.reference
        if not contacts[reference]:
            reference = int(np.argmax(contacts))
        place = np.full(len(factor.levels), LEFT_OUT, dtype=np.int64)
        place[reference] = REFERENCE
        own = np.flatnonzero((contacts > 0) & (np.arange(len(factor.levels)) != reference))
        place[own] = at + np.arange(len(own))
        at += len(own)
        places.append(place)
        columns[:, f + 1] = place[factor.codes]
    bounds = rows.case_bounds()
    first, level = levels_of_groups(bounds, columns, at)
    return Design(
        stretches=rows,
        columns=columns,
        bounds=bounds,
        first=first,
        level=level,
        places=tuple(places),
        n_effects=at,
        left_out=tuple(left_out),
        n_without_days=n_without_days,
    )


def cells_of(columns: Int32) -> tuple[Int64, Int64]:
    """(first row of each cell, cell of each row): rows with the same levels are one cell. Linear where cells are few."""
    key = np.zeros(len(columns), dtype=np.int64)
    size = 1
    for column in columns.T[1:]:
        low = int(column.min(initial=0))
        width = int(column.max(initial=0)) - low + 1
        if size * width > 4 * len(columns) + 1_000_000:  # too many to mark each
            _, key = np.unique(key, return_inverse=True)
            size = int(key.max(initial=0)) + 1
        key = key * width + (column - low)
        size *= width
    if size > 4 * len(columns) + 1_000_000:
        _, first, cell = np.unique(key, return_index=True, return_inverse=True)
        return first.astype(np.int64), cell.astype(np.int64)
    row = np.full(size, -1, dtype=np.int64)
    row[key[::-1]] = np.arange(len(key))[::-1]  # of several, the first row stays
    known = np.flatnonzero(row >= 0)
    number = np.empty(size, dtype=np.int64)
    number[known] = np.arange(len(known))
    return row[known], number[key]


def _recoded(factor: Factor, codes: npt.NDArray[np.integer]) -> Factor:
    return Factor(
        name=factor.name,
        levels=factor.levels,
        codes=codes,
        reference=factor.reference,
        moved_by_contacts=factor.moved_by_contacts,
    )


def _silent(factor: Factor, level: int) -> LeftOut:
    return LeftOut(factor=factor.name, level=factor.levels[level], reason="no contact at this level")
