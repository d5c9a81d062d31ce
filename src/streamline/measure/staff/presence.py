"""On which days each resource is there: days on which nobody works, and absences.

A resource's *roster* runs from the first day on which it is seen (`measure/staff/signs.py`) to the last. A *closure* is a day on
which hardly anybody is seen, though by everybody's habit of that weekday many should be. An *absence* is a stretch of days
without a sign of one resource, between two days on which it is seen, that is unlikely by its own habit. Both are judged by
the days until 99% of the cases had arrived: afterwards there is less and less to do, and silence proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.kernels.presence import WEEKDAY_OF_DAY_0, seen_by_weekday, silence_before
from streamline.measure.staff.signs import Signs

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: On a closure at most this share of those expected is seen, by habit and by the weeks before and after.
_CLOSED_SHARE = 0.1
_MOST_ROUNDS = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Presence:
    """Closures, absences, and how many days of each weekday each resource was there to be seen."""

    #: For each day of the log whether it is no closure.
    counted: Bool
    #: Closures, days from 1970.
    closures: Int64
    #: Absences, one row each: resource, first day, last day, open days among them that were judged.
    absences: Int64
    #: The probability of each absence by the resource's own habit.
    probability: Float64
    #: (n_resources, 7) days on the roster that are neither closure nor absence.
    days_there: Int64


def presence(signs: Signs, *, surprise: float) -> Presence:
    """Find closures and absences.

    surprise : how many false closures, and false absences of each resource, are expected where all days are
        independent; 0 finds neither. Habits and absences depend on each other, so they are found in rounds.
    """
    n_days = signs.last_day - signs.first_day + 1
    counted = np.ones(n_days, dtype=np.bool_)
    judged = np.arange(signs.first_day, signs.last_day + 1) <= signs.judged_until
    absences, probability = np.zeros((0, 4), dtype=np.int64), np.zeros(0)
    for _ in range(_MOST_ROUNDS):
        there, seen = _days_there(signs, counted, absences), _seen(signs, counted)
        chance = _habit(there, seen)
        closed = _closures(signs, chance, surprise) if surprise > 0 and n_days else np.zeros(n_days, dtype=np.bool_)
        open_before = _open_before(signs, ~closed & judged)
        logarithm, n_open = silence_before(signs.day_offsets, signs.days, open_before, signs.first_day, chance)
        who = np.repeat(np.arange(signs.n_resources), np.diff(signs.day_offsets))
        allowed = np.log(max(surprise, 1e-300)) - np.log(np.maximum((there * (chance > 0)).sum(axis=1), 1))
        found = np.flatnonzero((n_open > 0) & (logarithm <= allowed[who])) if surprise > 0 else np.zeros(0, np.int64)
        now = np.stack([who[found], signs.days[found - 1] + 1, signs.days[found] - 1, n_open[found]], axis=1)
        settled = np.array_equal(now, absences) and np.array_equal(~closed, counted)
        counted, absences, probability = ~closed, now.astype(np.int64), np.exp(logarithm[found])
        if settled:
            break
    return Presence(
        counted=counted,
        closures=np.flatnonzero(~counted) + signs.first_day,
        absences=absences,
        probability=probability,
        days_there=_days_there(signs, counted, absences),
    )


def _habit(there: Int64, seen: Int64) -> Float64:
    """(n_resources, 7): the chance that a resource is seen on a day of each weekday; below 1, however often it was seen."""
    n_days = (there * (seen > 0)).sum(axis=1, keepdims=True)
    return np.asarray(np.minimum(seen / np.maximum(there, 1), n_days / (n_days + 1.0)), dtype=np.float64)


def _open_before(signs: Signs, counted: Bool) -> Int64:
    """(n_days + 1, 7): counted days of each weekday before each day of the log."""
    day = np.arange(len(counted))
    result = np.zeros((len(counted) + 1, 7), dtype=np.int64)
    result[day + 1, (day + signs.first_day + WEEKDAY_OF_DAY_0) % 7] = counted
    return np.cumsum(result, axis=0)


def _roster(signs: Signs) -> tuple[Bool, Int64, Int64]:
    """Which resources are seen at all, and the place of each one's first day and of the day after its last."""
    some = np.diff(signs.day_offsets) > 0
    first, last = np.zeros(signs.n_resources, dtype=np.int64), np.zeros(signs.n_resources, dtype=np.int64)
    first[some] = signs.days[signs.day_offsets[:-1][some]] - signs.first_day
    last[some] = signs.days[signs.day_offsets[1:][some] - 1] - signs.first_day + 1
    return some, first, last


def _days_there(signs: Signs, counted: Bool, absences: Int64) -> Int64:
    before = _open_before(signs, counted)
    _, first, last = _roster(signs)
    there = before[last] - before[first]
    away = before[absences[:, 2] - signs.first_day + 1] - before[absences[:, 1] - signs.first_day]
    np.subtract.at(there, absences[:, 0], away)
    return there


def _seen(signs: Signs, counted: Bool) -> Int64:
    seen: Int64 = seen_by_weekday(signs.day_offsets, signs.days, counted, signs.first_day)
    return seen


def _closures(signs: Signs, chance: Float64, surprise: float) -> Bool:
    """Days on which hardly anybody is seen, unlikely so by everybody's habit of the weekday.

    Where nobody is seen the probability is the product over all on the roster; else it is bounded by that of a Poisson
    variable with the same mean, whose tail is heavier. Both are told for as many people as are seen in the weeks around.
    """
    from scipy.stats import poisson

    n_days = signs.last_day - signs.first_day + 1
    some, first, last = _roster(signs)
    steps = np.zeros((2, n_days + 1, 7))
    for k, weight in enumerate((chance, np.log1p(-chance))):
        np.add.at(steps[k], first[some], weight[some])
        np.subtract.at(steps[k], last[some], weight[some])
    day = np.arange(n_days)
    expected, nobody = np.cumsum(steps, axis=1)[:, day, (day + signs.first_day + WEEKDAY_OF_DAY_0) % 7]
    n_seen = np.bincount(signs.days - signs.first_day, minlength=n_days)
    likely = np.minimum(expected, _near(n_seen))
    nobody = nobody * likely / np.maximum(expected, 1e-9)
    log_chance = np.where(n_seen == 0, nobody, poisson.logcdf(n_seen, np.maximum(likely, 1e-9)))
    few = (n_seen <= _CLOSED_SHARE * likely) & (day + signs.first_day <= signs.judged_until)
    return np.asarray(few & (log_chance <= np.log(surprise) - np.log(n_days)), dtype=np.bool_)


def _near(n_seen: Int64) -> Float64:
    """How many are usually seen on the same weekday of the four weeks before each day, or of the four after: the smaller
    median of the two; 0 without any.

    A service that is growing or running down has fewer people at one end than their habits over the whole log say.
    """
    n, reach = len(n_seen), 4 * 7
    padded = np.concatenate([np.full(reach, np.nan), n_seen.astype(np.float64), np.full(reach, np.nan)])
    result = np.full(n, np.inf)
    for side in (-1, 1):
        weeks = np.stack([padded[reach + side * 7 * k : reach + side * 7 * k + n] for k in range(1, 5)])
        some = np.isfinite(weeks).any(axis=0)
        result[some] = np.minimum(result[some], np.nanmedian(weeks[:, some], axis=0))
    return np.where(np.isfinite(result), result, 0.0)
