"""Factors: what is known of a case, as levels that cases can be set apart by.

A *factor* is a channel, an attribute, who did a step, the weekday of arrival; its *levels* are the values. Rare levels
are pooled as "(other)", numbers of many values are cut at their quarters, and attributes that nearly name each case are
left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import UnknownNameError, listed
from streamline.log.event_log import EventLog, Labels
from streamline.measure.periods import local_time, local_week
from streamline.units import DAY, MISSING_TIME

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

UNKNOWN, OTHER = "(not recorded)", "(other)"
#: Levels of a factor beyond the commonest so many are pooled.
MOST_LEVELS = 12
#: An attribute with more different values than this share of the cases names the cases instead of describing them.
NAMING = 0.5
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Factor:
    """One factor of n cases: `levels[codes[i]]`."""

    name: str
    codes: Int64
    levels: tuple[str, ...]

    @property
    def counts(self) -> Int64:
        """Cases of each level."""
        return np.bincount(self.codes, minlength=len(self.levels)).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """The factors of some cases, and in words what was left out or pooled."""

    factors: tuple[Factor, ...]
    notes: tuple[str, ...]


def arrival_factors(
    log: EventLog,
    cases: Int64,
    *,
    attributes: Sequence[str] | None = None,
    groups: Sequence[str | None] | None = None,
    weekday: bool = True,
    first_unit: bool = True,
    min_cases: int,
) -> Factors:
    """What is known of these cases near their arrival: channel, attributes, weekday of arrival, who did the first step.

    attributes : names of those to use; all by default. groups : the group of each resource, in the order of
        `log.resource.names`; with it groups stand for people. min_cases : levels of fewer cases are pooled.

    Raises UnknownNameError for an attribute that the log doesn't have, ValueError for groups that don't fit.
    """
    known = [str(c) for c in log.attributes.columns]
    for name in attributes or ():
        if name not in known:
            raise UnknownNameError(what="attribute", name=name, known=known, where=log.source)
    found: list[Factor] = []
    notes: list[str] = []
    if log.case_channel is not None:
        found.append(_of_labels("channel", log.case_channel, log.case_channel.codes[cases]))
    naming = []
    for name in known if attributes is None else attributes:
        factor = _of_attribute(name, log.attributes[name].iloc[cases])
        if len(factor.levels) > max(NAMING * len(cases), MOST_LEVELS):
            naming.append(name)
        else:
            found.append(factor)
    if naming:
        notes.append(f"Attributes that nearly name each case are left out: {listed(naming)}.")
    if weekday and (log.arrival[cases] != MISSING_TIME).all():
        day = (local_time(log, log.arrival[cases]) // DAY + 3) % 7
        found.append(Factor(name="weekday of arrival", codes=day, levels=WEEKDAYS))
    if first_unit and log.resource is not None:
        place = _first_places(log, ~log.external_step & (log.resource.codes >= 0))
        found.append(unit_factor(log, "first person", place[cases], groups))
    kept = [pooled(factor, min_cases=min_cases) for factor in found]
    return Factors(factors=tuple(f for f in kept if len(f.levels) > 1), notes=tuple(notes))


def unit_factor(log: EventLog, name: str, place: Int64, groups: Sequence[str | None] | None) -> Factor:
    """Who did the step at each place (-1: no such step): the person, or with `groups` the person's group, of which the
    name then speaks."""
    assert log.resource is not None
    if groups is not None and len(groups) != len(log.resource.names):
        raise ValueError(
            f"`groups` needs one entry for each of the {len(log.resource.names):,} resources of the log; {len(groups):,} "
            "were given."
        )
    codes = np.where(place >= 0, log.resource.codes[place], -1)
    if groups is None:
        return _of_labels(name, log.resource, codes)
    names = tuple(sorted({g for g in groups if g is not None}))
    of = np.array([*(-1 if g is None else names.index(g) for g in groups), -1], dtype=np.int32)
    return _of_labels(name.replace("person", "group"), Labels(codes=of.copy(), names=names), of[codes])


def first_places_of(log: EventLog, activity: int) -> Int64:
    """For each case the place of its first step of this activity; -1 where it has none."""
    return _first_places(log, log.activity == activity)


def arrival_weeks(log: EventLog, cases: Int64) -> Int64:
    """For each of these cases the number of its week of arrival, from 0; weeks without any case have no number."""
    _, week = np.unique(local_week(log, log.arrival[cases]), return_inverse=True)
    return np.asarray(week, dtype=np.int64)


def pooled(factor: Factor, *, min_cases: int, most: int = MOST_LEVELS) -> Factor:
    """The factor with its rare levels, and those beyond the `most` frequent, together as "(other)"; in order of frequency."""
    count = factor.counts
    order = np.lexsort((np.asarray(factor.levels, dtype=object).astype(str), -count))
    order = order[count[order] > 0]
    big = [int(j) for j in order if count[j] >= min_cases and factor.levels[j] != OTHER][:most]
    rare = count.sum() - count[big].sum()
    place = np.full(len(factor.levels), len(big), dtype=np.int64)
    place[big] = np.arange(len(big))
    levels = tuple(factor.levels[j] for j in big) + ((OTHER,) if rare else ())
    return Factor(name=factor.name, codes=place[factor.codes], levels=levels)


def _first_places(log: EventLog, chosen: Bool) -> Int64:
    place = np.full(log.n_cases, -1, dtype=np.int64)
    steps = np.flatnonzero(chosen)[::-1]
    place[log.case_of_step[steps]] = steps
    return place


def _of_labels(name: str, labels: Labels, codes: npt.NDArray[np.int32]) -> Factor:
    shifted = np.where(codes < 0, len(labels.names), codes).astype(np.int64)
    return Factor(name=name, codes=shifted, levels=(*labels.names, UNKNOWN))


def _of_attribute(name: str, values: pd.Series) -> Factor:
    codes, levels = pd.factorize(values, sort=True)
    texts = [str(v) for v in levels]
    if len(texts) > MOST_LEVELS and (cut := _quarters(name, codes, texts)) is not None:
        return cut
    return Factor(name=name, codes=np.where(codes < 0, len(texts), codes).astype(np.int64), levels=(*texts, UNKNOWN))


def _quarters(name: str, codes: npt.NDArray[np.intp], texts: list[str]) -> Factor | None:
    """An attribute of numbers cut at its quartiles; None when its values aren't numbers."""
    numbers = pd.to_numeric(pd.Series(texts), errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).all():
        return None
    values = np.where(codes < 0, np.nan, np.append(numbers, np.nan)[codes])
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, [0.25, 0.5, 0.75], method="inverted_cdf"))
    edges = edges[edges < known.max()]
    if not len(edges):
        return None
    words = [f"up to {edges[0]:g}", *(f"over {a:g} to {b:g}" for a, b in pairwise(edges))]
    words.append(f"over {edges[-1]:g}")
    quarter = np.where(np.isfinite(values), np.searchsorted(edges, values, side="left"), len(words))
    return Factor(name=name, codes=quarter.astype(np.int64), levels=(*words, UNKNOWN))
