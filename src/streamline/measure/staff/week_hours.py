"""Weekly hours on duty from the weeks in which each slot of the week was worked, and their words.

The *confidence* of a slot is the share of the weeks in which somebody was there to be seen (no absence, no closure) in
which it was seen in that slot. It depends on how much there is to do, so a slot is judged beside the slots in which the
same resource is usually seen: it is on duty when its confidence reaches a set share of that of the typical one. At quiet
hours too little may come up to be seen often; so a slot is on duty as well when the resource was seen in a good share of
the weeks in which work waited for it then: ready at night is who works at night whenever there is something to do. And
hours in which waiting steps are begun about as readily as on duty, for the time that they wait then, aren't off duty.
*Support* is the share of its signs that fall into its hours. After López-Pintado and Dumas, "Business
process simulation with differentiated resources" (2022); the relative threshold and readiness are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.log.calendar import Calendar
from streamline.units import DAY, HOUR, MINUTE

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: A pause up to this long between hours on duty is closed where seeing so little of it may be chance: so likely it must be.
_PAUSE = 2 * HOUR
_MAY_BE_CHANCE = 0.01

#: A slot counts as ready when it was seen in this many weeks, and in this share of the typical share of the weeks with work.
_READY_WEEKS, _READY = 3, 0.5
#: Hours off duty aren't when at least so many waiting steps began in them, and at this share of the rate on duty.
_BEGUN, _AS_READILY = 5, 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class HoursRule:
    """When a slot of the week counts as on duty."""

    #: Least confidence of a slot, as a share of the resource's typical one, 0 to 1.
    confidence: float = 0.25
    #: Share of the signs that the hours must cover at least; the most confident of the other slots are added until they do.
    support: float = 0.8
    #: Weeks in which a typical slot must have been seen; with fewer the hours aren't judged from the resource's own activity.
    weeks: float = 5

    def __post_init__(self) -> None:
        for name, value, most in (
            ("confidence", self.confidence, 1),
            ("support", self.support, 1),
            ("weeks", self.weeks, None),
        ):
            if not (value > 0 and (most is None or value <= most)):
                raise ValueError(f"{name} is {value:g}; it must be over 0{'' if most is None else ' and at most 1'}.")


def confidences(weeks_seen: Int64, days_there: Int64) -> Float64:
    """(n, slots): share of the weeks in which each slot was seen; 0 where nobody was there to be seen."""
    there = np.repeat(days_there, weeks_seen.shape[1] // 7, axis=1)
    result: Float64 = weeks_seen / np.maximum(there, 1)
    return result


def typical(values: npt.NDArray[Any], weeks_seen: Int64) -> Float64:
    """For each row the value of its typical slot: at least half of its sightings are in slots with so much or more.

    values, weeks_seen : (n, slots). 0 for rows without sightings.
    """
    order = np.argsort(-values, axis=1, kind="stable")
    reached = np.cumsum(np.take_along_axis(weeks_seen, order, axis=1), axis=1)
    place = (reached * 2 >= reached[:, -1:]).argmax(axis=1)
    chosen = np.take_along_axis(order, place[:, None], axis=1)
    result: Float64 = np.where(reached[:, -1] > 0, np.take_along_axis(values, chosen, axis=1)[:, 0], 0).astype(float)
    return result


def hours_on_duty(
    weeks_seen: Int64, ready: tuple[Int64, Int64] | None, days_there: Int64, signs: Int64, *, rule: HoursRule
) -> Bool:
    """(n, slots): which slots of the week are on duty.

    weeks_seen : (n, slots) weeks in which each slot was seen. ready : weeks in which steps were worked on in it, and in which
        it was seen or work waited; None where that can't be told. days_there : (n, 7) days of each weekday to be seen on.
        signs : (n, slots) number of signs. Rows without any sighting have no hours.
    """
    seen = confidences(weeks_seen, days_there)
    usual = typical(seen, weeks_seen)
    on = (weeks_seen > 0) & (seen >= rule.confidence * usual[:, None])
    if ready is not None:
        worked, wanted = ready
        share = worked / np.maximum(wanted, 1)
        on |= (worked >= _READY_WEEKS) & (share >= _READY * typical(share, worked)[:, None])
    on |= _short_pauses(on) & _may_be_chance(weeks_seen, days_there, usual)
    for i in np.flatnonzero((signs * on).sum(axis=1) < rule.support * signs.sum(axis=1)):
        wanted, others = rule.support * signs[i].sum() - signs[i][on[i]].sum(), np.flatnonzero(~on[i])
        others = others[np.lexsort((others, -signs[i][others], -seen[i][others]))]
        on[i, others[: 1 + np.searchsorted(np.cumsum(signs[i][others]), wanted)]] = True
    return np.asarray(on, dtype=np.bool_)


def begun_off_duty(on: Bool, waited: Float64, begun: Float64) -> Bool:
    """(n, slots): slots off duty in which waiting steps are begun about as readily as on duty, so that they aren't off.

    waited : (n, slots) how long steps waited in each slot. begun : how many of them began in it and
    took no longer than one stretch of work. Off duty nothing is begun
    however much waits; so many beginnings for so much waiting, in proportion to those on duty, come from somebody at work.
    Slots are judged together, for too little comes up in each: those of days with hours, and those of days without.
    """
    n, per_day = len(on), on.shape[1] // 7
    with_hours = np.repeat(on.reshape(n, 7, per_day).any(axis=2), per_day, axis=1)
    result = np.zeros_like(on)
    for block in (~on & with_hours, ~on & ~with_hours):
        waited_on, begun_on, waited_off, begun_off = (
            (values * chosen).sum(axis=1) for chosen in (on, block) for values in (waited, begun)
        )
        ready = (begun_off >= _BEGUN) & (begun_on > 0) & (waited_on > 0)
        ready &= begun_off * waited_on >= _AS_READILY * begun_on * waited_off
        result |= block & ready[:, None]
    return result


def _short_pauses(on: Bool) -> Bool:
    """Slots off duty between slots on duty of the same day, in pauses up to `_PAUSE`."""
    n, per_day = len(on), on.shape[1] // 7
    days = on.reshape(n * 7, per_day)
    place = np.arange(per_day)
    before = np.maximum.accumulate(np.where(days, place, -per_day), axis=1)
    after = np.minimum.accumulate(np.where(days, place, 2 * per_day)[:, ::-1], axis=1)[:, ::-1]
    short: Bool = ((after - before - 1) * (DAY // per_day) <= _PAUSE).reshape(on.shape) & ~on
    return short


def _may_be_chance(weeks_seen: Int64, days_there: Int64, usual: Float64) -> Bool:
    """Slots that are seen so little by chance, in a resource that is on duty and half as busy as it typically is."""
    from scipy.stats import binom

    there = np.repeat(days_there, weeks_seen.shape[1] // 7, axis=1)
    result: Bool = binom.cdf(weeks_seen, there, np.minimum(usual, 1)[:, None] / 2) >= _MAY_BE_CHANCE
    return result


def hours_by_day(on: Bool) -> dict[str, str]:
    """The hours of one row as a `Calendar` takes them: `{"Mon-Fri": "08:00-17:00"}`; empty without hours.

    >>> hours_by_day(np.repeat([True, False], [5, 2]))
    {'Mon-Fri': '00:00-24:00'}
    """
    per_day = len(on) // 7
    by_spans: dict[str, list[int]] = {}
    for day, row in enumerate(on.reshape(7, per_day)):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8))).reshape(-1, 2)
        spans = ",".join("-".join(_clock(int(edge) * (DAY // per_day)) for edge in span) for span in edges)
        if spans:
            by_spans.setdefault(spans, []).append(day)
    return {_day_words(days): spans for spans, days in by_spans.items()}


def hours_in_words(on: Bool) -> str:
    """The same in words: `Mon-Fri 08:00-17:00, Sat 09:00-12:00`, `round the clock`, or `none`.

    >>> hours_in_words(np.repeat([True, False], [5, 2])), hours_in_words(np.ones(7, dtype=np.bool_))
    ('Mon-Fri 00:00-24:00', 'round the clock')
    """
    if on.all():
        return "round the clock"
    return ", ".join(f"{days} {spans.replace(',', ' and ')}" for days, spans in hours_by_day(on).items()) or "none"


def calendar_of(on: Bool, *, timezone: str) -> Calendar:
    """The hours of one row as a calendar. Raises ValueError if it has none."""
    return Calendar(hours=hours_by_day(on), timezone=timezone)


def _clock(at: int) -> str:
    return f"{at // HOUR:02d}:{at % HOUR // MINUTE:02d}"


def _day_words(days: list[int]) -> str:
    """Days as ranges: `Mon-Wed,Fri`."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(_DAYS[run[0]] if len(run) == 1 else f"{_DAYS[run[0]]}-{_DAYS[run[-1]]}" for run in runs)
