"""What the cases await from their arrival on, the classes of days, and stretches put together and taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from streamline.errors import UnknownNameError
from streamline.kernels.exposure import NEVER
from streamline.log.event_log import EventLog
from streamline.measure.contacts.bands import band_words
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.factor import UNKNOWN, WEEKDAYS, Factor
from streamline.measure.periods import local_time, period_edges
from streamline.measure.waits.path import paths
from streamline.units import DAY, MISSING_TIME, duration_words

Float = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

NEXT_UNKNOWN = "next step not yet known"
BEFORE_ARRIVAL = "before the case arrived"
CLOSED = "after the case was closed"
LATER = "long after the case was closed"
Season = Literal["month", "quarter"]
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lives:
    """What each case awaits, and its tail; see `kernels.exposure.stretches`."""

    #: The states by code: the activities, and four that aren't awaited steps.
    names: tuple[str, ...]
    offsets: Int64
    state: Int32
    since: Int64
    until: Int64
    tail_state: Int32
    last: Int64
    tail: Int64
    due: Int64


def lives_of(log: EventLog, *, closed_days: int, standard: int | None) -> Lives:
    """The critical path of each case as what it awaits; a tail after it, and when it becomes overdue.

    closed_days : length of a closed case's tail. standard : microseconds of elapsed time; None: nothing is overdue.
    """
    found = paths(log)
    step = np.flatnonzero(found.critical)
    known = log.arrival != MISSING_TIME
    has_steps = np.diff(log.case_offsets) > 0
    last = np.where(has_steps, log.last_completion, np.where(known, log.arrival, 0))
    tail = np.where(log.closed, last + closed_days * DAY, np.maximum(log.observed_until, last))
    width = len(log.activities)
    return Lives(
        names=(*log.activities, NEXT_UNKNOWN, CLOSED, BEFORE_ARRIVAL, LATER),
        offsets=np.searchsorted(log.case_of_step[step], np.arange(log.n_cases + 1)).astype(np.int64),
        state=log.activity[step].astype(np.int32),
        since=found.enabled[step],
        until=log.complete[step],
        tail_state=np.where(log.closed, width + 1, width).astype(np.int32),
        last=last,
        tail=np.where(known, tail, last),
        due=overdue_from(log, last, standard),
    )


def overdue_from(log: EventLog, last: Int64, standard: int | None) -> Int64:
    """(n_cases,): the instant from which each case is overdue, `NEVER` where it never is. last : its last completion."""
    due = np.full(log.n_cases, NEVER, dtype=np.int64)
    if standard is not None:
        known = log.arrival != MISSING_TIME
        due[known] = log.arrival[known] + standard
        due[log.closed & (due >= last)] = NEVER  # closed in time
    return due


def waited_days(lives: Lives, links: LinkedContacts) -> Float:
    """For each link how long its case had awaited what it then awaited; only of use within its life."""
    if len(lives.since) == 0:
        return np.zeros(len(links.time))
    # rows of all cases in one ascending order: by case, then by where they end
    rows = np.repeat(np.arange(len(lives.offsets) - 1), np.diff(lives.offsets))
    n_before = _ended_before(rows, lives.until, links.case, links.time)
    row = lives.offsets[links.case] + n_before
    awaiting = row < lives.offsets[links.case + 1]
    since = np.where(awaiting, lives.since[np.minimum(row, len(lives.since) - 1)], lives.last[links.case])
    return np.asarray((links.time - since) / DAY, dtype=np.float64)


def _ended_before(rows: Int64, until: Int64, case: Int64, time: Int64) -> Int64:
    """For each (case, time) how many of the case's rows ended at that time or before; both ordered by case, then time."""
    both = np.lexsort(
        (
            np.concatenate([np.zeros(len(rows), dtype=np.int64), np.ones(len(case), dtype=np.int64)]),
            np.concatenate([until, time]),
            np.concatenate([rows, case]),
        )
    )
    is_row = both < len(rows)
    ended = np.cumsum(is_row)[~is_row]
    first = np.searchsorted(rows, case[both[~is_row] - len(rows)])
    result = np.empty(len(case), dtype=np.int64)
    result[both[~is_row] - len(rows)] = ended - first
    return result


DayFactor = tuple[str, tuple[str, ...]]


def day_classes(
    links: LinkedContacts, lives: Lives, *, weekday: bool, season: Season | None
) -> tuple[Int64, Int32, list[DayFactor]]:
    """Where the local days begin, the class of each day (and of the time before the first), and what the classes stand for."""
    if season not in (None, "month", "quarter"):
        raise ValueError(f"season={season!r} is not an option. Choose 'month' or 'quarter'.")
    if not weekday and season is None:
        return np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int32), []
    log = links.log
    known = log.arrival[log.arrival != MISSING_TIME]
    first, last = int(known.min()), max(int(lives.tail.max()), int(known.min()) + 1)
    edges = period_edges(log, first, last, "day")
    shown = local_time(log, edges).view("datetime64[us]")
    code = np.zeros(len(edges), dtype=np.int64)
    factors: list[DayFactor] = []
    if weekday:
        code = code * 7 + (shown.astype("datetime64[D]").astype(np.int64) + 3) % 7
        factors.append(("weekday", WEEKDAYS))
    if season is not None:
        month = shown.astype("datetime64[M]").astype(np.int64) % 12
        levels = _MONTHS if season == "month" else tuple(f"quarter {q}" for q in range(1, 5))
        code = code * len(levels) + (month if season == "month" else month // 3)
        factors.append(("season", levels))
    return edges, np.concatenate([code[:1], code]).astype(np.int32), factors


def outside_lives(links: LinkedContacts, key: Int64, names: Sequence[str], scale: int) -> tuple[Int64, Int64]:
    """The links in no stretch (key -1), and for each the key of its state, which has no days; scale : keys a state."""
    place = np.flatnonzero(key < 0)
    early = links.time[place] < links.log.arrival[links.case[place]]
    return place, np.where(early, names.index(BEFORE_ARRIVAL), names.index(LATER)) * scale


def joined(
    case: Int64,
    key: Int64,
    time: Int64,
    contacts: Float,
    key_of_link: Int64,
    outside: tuple[Int64, Int64],
    links: LinkedContacts,
) -> tuple[Int64, Int64, Int64, Float, Int64]:
    """The stretches with the links outside them added as stretches without time; and for each link its stretch."""
    place, own = outside
    key_of_link = key_of_link.copy()
    key_of_link[place] = own
    n = len(case)
    all_case = np.concatenate([case, links.case[place]])
    all_key = np.concatenate([key, own])
    order = np.lexsort((all_key, all_case))
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (np.diff(all_case[order]) != 0) | (np.diff(all_key[order]) != 0)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(new) - 1
    m = int(new.sum())
    first = order[new]
    all_time = np.zeros(m, dtype=np.int64)
    all_time[number[:n]] = time
    all_contacts = np.bincount(number, weights=np.concatenate([contacts, links.weight[place]]), minlength=m)
    joined_case, joined_key = all_case[first], all_key[first]
    # a link's stretch: found by (case, key), both ascending among the stretches
    by = np.lexsort(
        (
            np.concatenate([np.zeros(m, dtype=np.int64), np.ones(len(key_of_link), dtype=np.int64)]),
            np.concatenate([joined_key, key_of_link]),
            np.concatenate([joined_case, links.case]),
        )
    )
    is_stretch = by < m
    stretch = np.empty(len(key_of_link), dtype=np.int64)
    stretch[by[~is_stretch] - m] = (np.cumsum(is_stretch) - 1)[~is_stretch]
    return joined_case, joined_key, all_time, all_contacts.astype(np.float64), stretch


def factors_of(
    key: Int64,
    states: Sequence[str],
    edges: Sequence[float],
    day_factors: Sequence[DayFactor],
    repeat_days: float,
    limit: int | None,
    ages: Sequence[float] | None = None,
) -> tuple[Factor, ...]:
    """The keys taken apart. ages : edges in days between ages; None: the keys don't hold them."""
    late = ("within the standard", "past the standard") if limit is not None else ("no standard", "past the standard")
    said = duration_words(repeat_days * DAY)
    parts: list[DayFactor] = [
        ("state", tuple(states)),
        ("waiting", band_words(edges)),
        ("overdue", late),
        ("recent", (f"no contact within {said} before", f"a contact within {said} before")),
        *([] if ages is None else [("age", band_words(ages))]),
        *day_factors,
    ]
    found, rest = [], key
    for name, levels in reversed(parts):
        found.append(Factor(name=name, codes=rest % len(levels), levels=levels))
        rest = rest // len(levels)
    return tuple(reversed(found))


def channel_of(log: EventLog, case: Int64) -> Factor:
    """The channel by which the case of each stretch arrived."""
    if log.case_channel is None:
        raise UnknownNameError(what="column", name="channel", known=[], where=log.source)
    codes = log.case_channel.codes[case].astype(np.int64)
    names = (*log.case_channel.names, UNKNOWN)
    return Factor(name="channel", codes=np.where(codes < 0, len(names) - 1, codes), levels=names)
