"""Cases that go first: those of one kind are taken before others that have waited for longer.

A kind is one value of a case attribute, or one channel. It *goes first* where people, whenever a step of it waits in a queue
behind one of another kind, take the former: at least so many times, and in nearly all of them. Where everybody is taken in
order of time that hardly happens, and where order is a matter of chance a kind is taken as often as it stands there.
After the first such kind the rest is looked through for another that goes before the others.

What is done in one queue is done in all of them, unless a queue had chances enough and shows otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from streamline.kernels.precedence import in_order_of_enabling, overtakings
from streamline.log.event_log import EventLog
from streamline.measure.waits.path import Paths
from streamline.whatif.staffing import Staffing

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Chances to overtake that a kind needs, and the share of them that it must take.
ENOUGH = 30
NEARLY_ALL = 0.8
#: A queue in which a kind takes less than this share of its own chances is served in order of time.
HALF = 0.5
#: Values that an attribute may have at most, and the share of the cases that a value needs.
MOST_VALUES, RARE = 20, 0.005
#: Kinds, one before the other.
MOST_KINDS = 3
#: Of the kind that goes before all others; those after it have less. An express lane goes before them all.
FIRST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of case that goes first: the attribute ("channel" for channels) and its value."""

    attribute: str
    value: str
    #: How often it could have overtaken another, and did.
    chances: int
    taken: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Precedence:
    """Who goes first in a log's queues."""

    #: The kinds that go first, the first of all before the others.
    kinds: tuple[Kind, ...]
    #: (n_steps,) higher goes first.
    priority: Int64 = field(repr=False)

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader of estimates must know."""
        if not self.kinds:
            return ()
        taken, chances = sum(k.taken for k in self.kinds), sum(k.chances for k in self.kinds)
        return (
            "Cases of some kinds are taken before others that have waited for longer "
            f"({taken:,} of the {chances:,} times that they could be); the replay does so, too.",
        )

    @staticmethod
    def none(n_steps: int) -> Precedence:
        """First come, first served."""
        return Precedence(kinds=(), priority=np.zeros(n_steps, dtype=np.int64))


def found_precedence(paths: Paths, staffing: Staffing) -> Precedence:
    """Find who goes first; see the module's text."""
    log = paths.log
    step = np.flatnonzero(staffing.staffed & paths.known)
    queue = staffing.lines.of_step[step].astype(np.int64)
    order = np.lexsort((log.start[step], queue))
    step, queue = step[order], np.asarray(queue[order], dtype=np.int64)
    priority = np.zeros(log.n_steps, dtype=np.int64)
    kinds: list[Kind] = []
    waiting = _Waiting.of(paths, step, queue)
    while len(kinds) < MOST_KINDS:
        best: tuple[Kind, Bool] | None = None
        for attribute, value, cases in _kinds(log):
            mine = cases[log.case_of_step[waiting.step]]
            if not mine.any() or mine.all():
                continue
            chances, taken = waiting.counted(mine)
            if chances < ENOUGH or taken < NEARLY_ALL * chances:
                continue
            if best is None or taken > best[0].taken:
                best = Kind(attribute=attribute, value=value, chances=chances, taken=taken), mine
        if best is None:
            break
        kind, mine = best
        for one in np.unique(waiting.queue):
            here = waiting.queue == one
            chances, taken = _Waiting.of(paths, waiting.step[here], waiting.queue[here]).counted(mine[here])
            if chances < ENOUGH or taken >= HALF * chances:
                priority[waiting.step[here & mine]] = FIRST - len(kinds)
        kinds.append(kind)
        waiting = _Waiting.of(paths, waiting.step[~mine], waiting.queue[~mine])
    return Precedence(kinds=tuple(kinds), priority=priority)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Waiting:
    """Steps that wait in queues, queue after queue, in each by their start."""

    step: Int64
    queue: Int64
    bounds: Int64
    #: The same in order of their enabling, see `in_order_of_enabling`.
    order: Int64
    enabled: Int64
    start: Int64

    @staticmethod
    def of(paths: Paths, step: Int64, queue: Int64) -> _Waiting:
        bounds = np.concatenate([[0], np.flatnonzero(np.diff(queue)) + 1, [len(queue)]]).astype(np.int64)
        enabled = paths.enabled[step]
        return _Waiting(
            step=step, queue=queue, bounds=bounds, order=in_order_of_enabling(bounds, enabled), enabled=enabled,
            start=paths.log.start[step],
        )  # fmt: skip

    def counted(self, mine: Bool) -> tuple[int, int]:
        """Chances of the steps that are `mine` to overtake others, and those that were taken."""
        chances, taken = overtakings(self.bounds, self.order, self.enabled, self.start, mine)
        return int(chances), int(taken)


def _kinds(log: EventLog) -> Iterator[tuple[str, str, Bool]]:
    """Each kind of case: attribute, value, and which cases are of it."""
    channel = log.case_channel
    if channel is not None:
        for code, name in enumerate(channel.names):
            yield "channel", name, np.asarray(channel.codes == code, dtype=np.bool_)
    for name in log.attributes.columns:
        values = log.attributes[name].astype("string").fillna("").to_numpy(dtype=object)
        known, count = np.unique(values.astype(str), return_counts=True)
        if len(known) > MOST_VALUES:
            continue
        for value in known[count >= RARE * log.n_cases]:
            yield str(name), str(value), np.asarray(values == value, dtype=np.bool_)
