"""Which queue a step waits in: its activity's, or, where people serve cases of one kind each, that of activity and kind.

In an agency with three offices the officers of one don't take the cases of another, though all do the same. It shows in
who does what: a *kind* is a case attribute (or the channel) such that nearly all steps of an activity, person by
person, are of the person's main value, while no value has nearly all of them. Then each main value has a queue of its
own, which the people with that main value serve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.log.event_log import EventLog
from streamline.measure.staff.pools import ResourcePools

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]

#: A pool serves an activity when it does this share of it, or the activity is this share of what it does.
SERVES = 0.05
#: People serve one kind each when at least this share of an activity's steps is of their main value,
PURE = 0.95
#: and no value has more than this share of all.
SPREAD = 0.9
#: Kinds at most: an attribute with more values doesn't divide an office.
MOST_KINDS = 50
#: Steps that an activity needs to be divided.
ENOUGH = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
    """The queues of a log."""

    #: Queue of each step; -1 for those that need no staff.
    of_step: Int32
    #: Activity of each queue, and the kind that it is of ("" for all).
    activity: Int64
    kind: tuple[str, ...]
    #: For each resource code the queues that it serves.
    served: tuple[tuple[int, ...], ...]
    #: Attributes that divide the people of some activity.
    divided_by: tuple[str, ...]
    caveats: tuple[str, ...]


def found_lines(log: EventLog, pools: ResourcePools, staffed: Bool) -> Lines:
    """Find the queues of a log, and who serves which."""
    assert log.resource is not None
    n_people, width = len(log.resource.names), len(log.activities)
    step = np.flatnonzero(staffed)
    who = log.resource.codes[step].astype(np.int64)
    pool_of = pools.pool_of_resource
    does = _served(pool_of[who] * width + log.activity[step], len(pools.pools), width)
    kinds = _kinds(log)
    of_step = np.full(log.n_steps, -1, dtype=np.int32)
    activity: list[int] = []
    kind: list[str] = []
    served: list[list[int]] = [[] for _ in range(n_people)]
    divided: dict[str, list[str]] = {}
    working = np.bincount(who, minlength=n_people) > 0
    for a in range(width):
        mine = np.flatnonzero(log.activity[step] == a)
        if len(mine) == 0:
            continue
        able = np.flatnonzero(working & does[np.maximum(pool_of, 0), a])
        found = _division(kinds, log.case_of_step[step[mine]], who[mine], n_people)
        if found is None:
            of_step[step[mine]] = len(activity)
            for r in able:
                served[r].append(len(activity))
            activity.append(a)
            kind.append("")
            continue
        name, main = found
        codes, names = kinds[name]
        overall = _main(codes[log.case_of_step[step]], who, n_people, len(names))
        main = np.where(main >= 0, main, overall)
        divided.setdefault(name, []).append(log.activities[a])
        for v in np.unique(main[who[mine]]):
            here = mine[main[who[mine]] == v]
            of_step[step[here]] = len(activity)
            for r in able[main[able] == v]:
                served[r].append(len(activity))
            activity.append(a)
            kind.append(names[v])
    caveats = tuple(
        f"People serve one {name} each in {', '.join(acts)}: cases of another wait for others."
        for name, acts in divided.items()
    )
    return Lines(
        of_step=of_step,
        activity=np.array(activity, dtype=np.int64),
        kind=tuple(kind),
        served=tuple(tuple(s) for s in served),
        divided_by=tuple(divided),
        caveats=caveats,
    )


def _served(key: Int64, n_pools: int, width: int) -> Bool:
    """(pools, activities): which pools serve which; an activity is served at least by the pool that does most of it."""
    count = np.bincount(key, minlength=n_pools * width).reshape(-1, width)
    of_activity = count / np.maximum(count.sum(axis=0), 1)
    of_pool = count / np.maximum(count.sum(axis=1, keepdims=True), 1)
    does = (count > 0) & ((of_activity >= SERVES) | (of_pool >= SERVES))
    does[count.argmax(axis=0), np.arange(width)] |= count.sum(axis=0) > 0
    return np.asarray(does, dtype=np.bool_)


def _kinds(log: EventLog) -> dict[str, tuple[Int64, tuple[str, ...]]]:
    """Case attributes with few values, and the channel: (code of each case, -1 for none; names)."""
    found: dict[str, tuple[Int64, tuple[str, ...]]] = {}
    for name in log.attributes.columns:
        codes, values = log.attributes[name].factorize()
        if 2 <= len(values) <= MOST_KINDS:
            found[str(name)] = codes.astype(np.int64), tuple(str(v) for v in values)
    channel = log.case_channel
    if channel is not None and len(channel.names) >= 2:
        found["channel"] = channel.codes.astype(np.int64), channel.names
    return found


def _main(value: Int64, who: Int64, n_people: int, n_values: int) -> Int64:
    """Each person's most frequent value; -1 for those without any."""
    some = value >= 0
    count = np.bincount(who[some] * n_values + value[some], minlength=n_people * n_values).reshape(n_people, n_values)
    return np.where(count.sum(axis=1) > 0, count.argmax(axis=1), -1)


def _division(
    kinds: dict[str, tuple[Int64, tuple[str, ...]]], case: Int64, who: Int64, n_people: int
) -> tuple[str, Int64] | None:
    """The attribute that divides an activity's people, and each one's main value; None when none does."""
    if len(case) < ENOUGH:
        return None
    best: tuple[str, Int64] | None = None
    purest = PURE
    for name, (codes, names) in kinds.items():
        value = codes[case]
        main = _main(value, who, n_people, len(names))
        pure = float((main[who] == value).mean())
        spread = np.bincount(value[value >= 0], minlength=len(names)).max() / len(value)
        if pure >= purest and spread <= SPREAD and len(np.unique(main[who])) >= 2:
            best, purest = (name, main), pure
    return best
