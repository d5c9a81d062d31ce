"""Why the cases of a log wait and why they come back: all results of a diagnosis, each guarded by what the log has.

Each question has its own measure; this asks them all once. What can't be told of a log is None, and `untold` says why, so that
no question goes unanswered in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError, MissingColumnError
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.measure.groups import CHANNEL
from streamline.measure.loops.association import LoopAssociations, loop_associations
from streamline.measure.loops.graph import LoopGraph, loop_graph
from streamline.measure.loops.handover import PingPong, ping_pong
from streamline.measure.loops.matching import MatchedDifference, matched_difference
from streamline.measure.loops.passes import FirstPasses, first_passes
from streamline.measure.loops.rework import ReworkLoops
from streamline.measure.slow import SlowCases, slow_cases
from streamline.measure.staff.availability import ResourceCalendars, resource_calendars
from streamline.measure.staff.multitasking import Multitasking, multitasking
from streamline.measure.staff.pools import ResourcePools, resource_pools
from streamline.measure.staff.utilisation import Utilisation, utilisation
from streamline.measure.standards.endings import TimeToClose, WaysToEnd, time_to_close, ways_to_end
from streamline.measure.standards.outlook import CasesAtRisk, cases_at_risk
from streamline.measure.standards.standard import Attainment, attainment
from streamline.measure.waits.bottleneck import Bottlenecks
from streamline.measure.waits.bottleneck_by import BottlenecksBy, bottlenecks_by
from streamline.measure.waits.places import NO_POOL
from streamline.measure.waits.queue import QueueOverTime, queue_over_time
from streamline.measure.waits.shift import WaitShifts, wait_shifts
from streamline.measure.waits.waiting import WaitingByCause, waiting_by_cause
from streamline.units import MISSING_TIME

Answer = TypeVar("Answer")
Bool = npt.NDArray[np.bool_]

#: Figures of a pool of fewer people would be figures of persons.
FEWEST_PEOPLE = 3
SMALL_POOLS = f"(pools of fewer than {FEWEST_PEOPLE} people)"
#: Families of loops that are matched and set apart one by one: those with the most days.
LOOPS = 3
#: The standard tells slow cases when a share of them between these is past it; else the slowest tenth is slow.
_SLOW = (0.02, 0.5)


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The results of one diagnosis; a field is None where the log can't tell it, and `untold` has its name and why."""

    waiting: WaitingByCause | None
    #: Waiting for the first bottleneck over time, by week.
    queue: QueueOverTime | None
    shifts: WaitShifts | None
    pools: ResourcePools | None
    #: For each resource code the name of its pool as it may be published (`group_labels`).
    groups: tuple[str, ...] | None
    calendars: ResourceCalendars | None
    multitasking: Multitasking | None
    utilisation: Utilisation | None
    #: Bottlenecks by "pool" and "handoff", and by channel and each attribute where there are some.
    by_place: Mapping[str, BottlenecksBy]
    slow: SlowCases | None
    #: Attainment of the standard by "month", and by channel and each attribute where there are some.
    attainment: Mapping[str, Attainment]
    at_risk: CasesAtRisk | None
    endings: WaysToEnd | None
    time_to_close: TimeToClose | None
    passes: FirstPasses
    loop_graph: LoopGraph
    #: By loop in words, those with the most days first.
    matched: Mapping[str, MatchedDifference]
    #: By loop in words; "any loop" first.
    associations: Mapping[str, LoopAssociations]
    #: Between "group"s of people and between "channel"s.
    ping_pong: Mapping[str, PingPong]
    untold: Mapping[str, str] = field(default_factory=dict)


def diagnosis(
    whole: EventLog,
    log: EventLog,
    *,
    bottlenecks: Bottlenecks,
    rework: ReworkLoops,
    in_window: Bool,
    calendar: Calendar | None = None,
    pools: Mapping[str, Sequence[str]] | None = None,
    standard: str | None = None,
    target: float | None = None,
    min_cases: int = 20,
    seed: int = 1,
) -> Diagnosis:
    """Ask every question of a diagnosis.

    whole : every case that was read; those outside the window fill queues and keep people busy. log : the counted ones, which
        `in_window` tells among those of `whole`.
    bottlenecks, rework : of `log`.
    calendar : office hours; without it hours on duty are discovered. pools : people by name pattern; else found by what they do.
    standard, target : the service standard, a duration, and the share aimed at.
    min_cases : levels of fewer cases are pooled where cases are set apart.
    seed : of the intervals.

    Raises InsufficientDataError when no case is closed, UnknownNameError for a pattern of a pool that matches nobody.
    """
    ask = _Questions()
    staff = _pools(ask, whole, pools)
    groups = None if staff is None else group_labels(staff)
    named = None if groups is None else [None if g in (SMALL_POOLS, NO_POOL) else g for g in groups]
    hours = None if staff is None else ask("calendars", partial(resource_calendars, whole, pools=staff))
    duty = None if calendar is not None or hours is None else hours.duty
    waiting = ask(
        "waiting",
        partial(waiting_by_cause, whole, calendar=calendar, duty=duty, cases=in_window, groups=groups, seed=seed),
    )
    duty = duty if waiting is None else waiting.duty
    apart = _set_apart_by(ask, log)
    top = str(bottlenecks.table["activity"].iloc[0])
    loops = [str(loop) for loop in rework.table["loop"].head(LOOPS)]
    together = partial(loop_associations, rework, attributes=apart.attributes, groups=named, min_cases=min_cases)
    some_open = not log.closed.all()
    return Diagnosis(
        waiting=waiting,
        queue=ask("queue", partial(queue_over_time, whole, activity=top, every="week", window=_window(log))),
        shifts=ask("shifts", partial(wait_shifts, log)),
        pools=staff,
        groups=None if groups is None else tuple(groups),
        calendars=hours,
        multitasking=None
        if staff is None
        else ask("multitasking", partial(multitasking, whole, pools=staff, duty=duty)),
        utilisation=None
        if staff is None or duty is None
        else ask("utilisation", partial(utilisation, whole, duty=duty, groups=groups)),
        by_place={
            by: bottlenecks_by(log, by, groups=groups if by == "pool" or pools else None, calendar=calendar, seed=seed)
            for by in [*(["pool"] if groups is not None else []), "handoff", *apart.names]
        },
        slow=ask("slow", partial(_slow, log, standard, apart.attributes, named, min_cases)),
        attainment={}
        if standard is None
        else {
            "month": attainment(log, standard=standard, target=target),
            "quarter": attainment(log, standard=standard, every="quarter", target=target),
            **{by: attainment(log, standard=standard, by=by, target=target) for by in apart.names},
        },
        at_risk=ask("at_risk", partial(cases_at_risk, log, standard=standard)) if standard and some_open else None,
        endings=ask("endings", partial(ways_to_end, log)) if len(log.ends or ()) > 1 else None,
        time_to_close=ask("time_to_close", partial(time_to_close, log, standard=standard)) if some_open else None,
        passes=first_passes(log),
        loop_graph=loop_graph(rework),
        matched=ask.each(
            "matched", {loop: partial(matched_difference, rework, loop=loop, seed=seed) for loop in loops}
        ),
        associations=ask.each(
            "associations", {"any loop": together} | {loop: partial(together, loop=loop) for loop in loops}
        ),
        ping_pong=ask.each(
            "ping_pong",
            ({} if named is None else {"group": partial(ping_pong, log, by="group", groups=named, seed=seed)})
            | ({} if log.channel is None else {"channel": partial(ping_pong, log, by="channel", seed=seed)}),
        ),
        untold=ask.untold,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Apart:
    """What cases are set apart by: the channel, where there is one, and the attributes that name nobody."""

    channel: bool
    attributes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (*([CHANNEL] if self.channel else []), *self.attributes)


def _set_apart_by(ask: _Questions, log: EventLog) -> _Apart:
    """The channel and the attributes of a log, without those that hold names of people who do the steps."""
    people = frozenset() if log.resource is None else frozenset(log.resource.names)
    names = tuple(map(str, log.attributes.columns))
    naming = tuple(n for n in names if people & set(log.attributes[n].dropna().astype(str).unique()))
    if naming:
        ask.untold["attributes"] = (
            f"These attributes hold names of people who do the steps, and are told nowhere: {', '.join(naming)}."
        )
    return _Apart(channel=log.channel is not None, attributes=tuple(n for n in names if n not in naming))


def _pools(ask: _Questions, whole: EventLog, given: Mapping[str, Sequence[str]] | None) -> ResourcePools | None:
    if whole.resource is None:
        ask.untold["pools"] = (
            "The records don't say who did a step, so nothing can be told of people, their hours and their work."
        )
        return None
    return ask("pools", partial(resource_pools, whole, given=given))


def group_labels(pools: ResourcePools) -> list[str]:
    """For each resource code the name of its pool, with pools of few people under one name: their figures are persons'."""
    size = np.bincount(pools.pool_of_resource[pools.pool_of_resource >= 0], minlength=len(pools.pools))
    names = [name if n >= FEWEST_PEOPLE else SMALL_POOLS for name, n in zip(pools.pools, size, strict=True)]
    return [names[k] if k >= 0 else NO_POOL for k in pools.pool_of_resource]


class _Questions:
    """Asks, and notes why there is no answer where there is none."""

    def __init__(self) -> None:
        self.untold: dict[str, str] = {}

    def __call__(self, name: str, question: Callable[[], Answer]) -> Answer | None:
        try:
            return question()
        except (InsufficientDataError, MissingColumnError) as error:
            self.untold[name] = str(error)
            return None

    def each(self, name: str, questions: Mapping[str, Callable[[], Answer]]) -> dict[str, Answer]:
        """The answers that there are."""
        found = {key: self(f"{name}.{key}", question) for key, question in questions.items()}
        return {key: answer for key, answer in found.items() if answer is not None}


def _window(log: EventLog) -> tuple[int, int]:
    """From the first arrival of the counted cases to the last: before and after, the queue fills and runs empty."""
    known = log.arrival[log.arrival != MISSING_TIME]
    return int(known.min()), max(int(known.max()), int(known.min()) + 1)


def _slow(
    log: EventLog, standard: str | None, attributes: Sequence[str], groups: Sequence[str | None] | None, min_cases: int
) -> SlowCases:
    """Slow by the standard where a fair share of the cases is past it, else the slowest tenth."""
    options: dict[str, Any] = {"attributes": attributes, "groups": groups, "min_cases": min_cases}
    if standard is not None:
        try:
            found = slow_cases(log, standard=standard, **options)
        except InsufficientDataError:
            pass  # all are past it, or none: the slowest tenth it is
        else:
            if _SLOW[0] <= found.slow_share <= _SLOW[1]:
                return found
    return slow_cases(log, **options)
