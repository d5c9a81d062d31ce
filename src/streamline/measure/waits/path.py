"""Which step enabled which: concurrency of activities, enabled times, critical paths.

A step could begin when its predecessor was completed: the latest step of the case that was completed by this one's
start and isn't concurrent with it; at the arrival when there is none. A parallel branch isn't enabled by its sibling.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from streamline.kernels.loops import erased_loops
from streamline.kernels.traces import critical_steps, overlapped_activities, predecessors
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.measure.summaries.routes import routes_of, weighted
from streamline.results import Window
from streamline.units import MISSING_TIME

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrencyRule:
    """When two activities count as concurrent.

    They are when at least `overlap_share` of the steps of the rarer one overlap in time with a step of the other, or
    when they directly follow each other in both orders, the rarer order making at least `order_share` of the two and
    at least `order_count` occurrences, and neither order is a loop: at most `loop_share` of it returns to an activity
    that the case had already reached (as loops are erased in `rework_loops`). After the heuristics miner (Weijters and
    Ribeiro 2011), with the overlap in time added, and loops of any length told apart instead of those of two steps.
    """

    overlap_share: float = 0.1
    order_share: float = 0.1
    order_count: int = 3
    loop_share: float = 0.5

    def in_words(self) -> str:
        """The rule as it stands in the section."""
        return (
            f"Two activities count as concurrent when they overlap in at least {self.overlap_share:.0%} of the steps of "
            f"the rarer one, or directly follow each other in both orders (the rarer order in at least "
            f"{self.order_share:.0%} of the times and {self.order_count} times) without being a loop."
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths:
    """Predecessors, waits and critical paths of a log's steps; arrays of one entry a step, times in microseconds."""

    log: EventLog
    rule: ConcurrencyRule
    #: Pairs of concurrent activities, by name, each pair once.
    concurrent: tuple[tuple[str, str], ...]
    #: The same by code: activity a is concurrent with `partners[1][partners[0][a]:partners[0][a + 1]]`.
    partners: tuple[Int64, npt.NDArray[np.int32]] = field(repr=False)
    #: Place of the step that enabled this one; -1 where the arrival did.
    predecessor: Int64
    enabled: Int64

    @property
    def recorded(self) -> Window | None:
        """The period of the log."""
        return self.log.recorded

    @cached_property
    def known(self) -> Bool:
        """Steps whose start is recorded, so that waiting and service are told apart."""
        return np.asarray(self.log.start != MISSING_TIME, dtype=np.bool_)

    @cached_property
    def waiting(self) -> Int64:
        """Start minus enabled; 0 where no start is recorded (see `sojourn`)."""
        return np.where(self.known, self.log.start - self.enabled, 0)

    @cached_property
    def service(self) -> Int64:
        """Complete minus start; 0 where no start is recorded."""
        return np.where(self.known, self.log.complete - self.log.start, 0)

    @cached_property
    def sojourn(self) -> Int64:
        """Complete minus enabled where no start is recorded, else 0: waiting and service that can't be told apart."""
        return np.where(self.known, 0, self.log.complete - self.enabled)

    @cached_property
    def critical(self) -> Bool:
        """Steps on the critical path: their waiting, service and sojourn add up to the cycle time exactly."""
        return np.asarray(critical_steps(self.log.case_offsets, self.predecessor), dtype=np.bool_)

    def per_case(self, values: Int64) -> Int64:
        """Sum of the values over the critical path of each case."""
        chosen = np.where(self.critical, values, 0)
        total = np.concatenate([[0], np.cumsum(chosen)])
        return np.asarray(total[self.log.case_offsets[1:]] - total[self.log.case_offsets[:-1]], dtype=np.int64)


def paths(log: EventLog, *, rule: ConcurrencyRule | None = None) -> Paths:
    """Find what enabled each step of the log."""
    rule = rule or ConcurrencyRule()
    first, second = _concurrent_pairs(log, rule)
    both = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.lexsort((both[1], both[0]))
    counts = np.bincount(both[0], minlength=len(log.activities))
    partners = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), both[1][order].astype(np.int32)
    predecessor = predecessors(log.case_offsets, log.activity, log.start, log.complete, *partners)
    at_arrival = log.arrival[log.case_of_step] if log.n_steps else log.complete
    enabled = np.where(predecessor >= 0, log.complete[np.maximum(predecessor, 0)], at_arrival)
    return Paths(
        log=log,
        rule=rule,
        concurrent=tuple((log.activities[a], log.activities[b]) for a, b in zip(first, second, strict=True)),
        partners=partners,
        predecessor=predecessor,
        enabled=enabled,
    )


def _concurrent_pairs(log: EventLog, rule: ConcurrencyRule) -> tuple[Int64, Int64]:
    """Codes of concurrent activities, the smaller code first, each pair once, in order."""
    return _split(np.union1d(_overlapping(log, rule), _both_orders(log, rule)), len(log.activities))


def _overlapping(log: EventLog, rule: ConcurrencyRule) -> Int64:
    """Pairs that overlap in time in enough of the steps of the rarer one; of both, when they are equally frequent."""
    width = len(log.activities)
    n_steps = np.bincount(log.activity, minlength=width)
    step, other = overlapped_activities(log.case_offsets, log.activity, log.start, log.complete, width)
    # One long step may overlap with many short ones: steps are counted, not meetings.
    directed, n_met = np.unique(log.activity[step].astype(np.int64) * width + other, return_counts=True)
    own, met = _split(directed, width)
    rarer = np.minimum(n_steps[own], n_steps[met])
    enough = (n_steps[own] == rarer) & (n_met >= rule.overlap_share * rarer)
    low, high = np.minimum(own, met)[enough], np.maximum(own, met)[enough]
    return np.unique(low * width + high)


def _both_orders(log: EventLog, rule: ConcurrencyRule) -> Int64:
    """Pairs that directly follow each other in both orders often enough, and aren't a loop."""
    width, routes = len(log.activities), routes_of(log)
    if log.n_steps < 2:
        return np.zeros(0, dtype=np.int64)
    returns = np.zeros(len(routes.activity), dtype=np.bool_)
    returns[erased_loops(routes.offsets, routes.activity, width)[4]] = True
    activity, route = routes.activity.astype(np.int64), routes.of_step
    source, target = activity[:-1], activity[1:]
    chosen = (route[1:] == route[:-1]) & (source != target)
    n_cases = routes.n_cases[route[1:]][chosen]
    names, order = np.unique((source * width + target)[chosen], return_inverse=True)
    count, looping_count = (
        weighted(order, n_cases, len(names)),
        weighted(order, n_cases * returns[1:][chosen], len(names)),
    )
    looping = looping_count > rule.loop_share * count
    back = (names % width) * width + names // width
    forth = np.flatnonzero(np.isin(back, names) & (names < back))
    other = np.searchsorted(names, back[forth])
    rarer, both = np.minimum(count[forth], count[other]), count[forth] + count[other]
    enough = (rarer >= rule.order_share * both) & (rarer >= rule.order_count)
    return np.asarray(names[forth[enough & ~looping[forth] & ~looping[other]]], dtype=np.int64)


def _split(pair: Int64, width: int) -> tuple[Int64, Int64]:
    return (pair // width).astype(np.int64), (pair % width).astype(np.int64)


def staff_time(log: EventLog, calendar: Calendar) -> Int64:
    """Office time within each step's service, microseconds: the work of staff. 0 for external steps, and where no start
    is recorded. A step left overnight doesn't count the night."""
    working = np.flatnonzero((log.start != MISSING_TIME) & ~log.external_step)
    result = np.zeros(log.n_steps, dtype=np.int64)
    result[working] = calendar.working_time(log.start[working], log.complete[working])
    return result
