"""Places: what each step of a log is put under when its waiting is told by pool, hand-off, channel or attribute.

- *pool*: the group of the resource that does the step; the wait before a step is the wait for that pool.
- *hand-off*: from the step that enabled this one, with its pool, to this one, with its pool; from the arrival for the first.
- *channel*, or any attribute: the group of the step's case, the same for all its steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.log.event_log import EventLog
from streamline.measure.groups import CHANNEL, MOST_GROUPS, OTHER, UNKNOWN
from streamline.measure.staff.pools import ResourcePools, resource_pools
from streamline.measure.waits.path import Paths

Int32 = npt.NDArray[np.int32]
#: Pools of resources: as found, or for each resource code of the log the name of its pool.
Groups = ResourcePools | Sequence[str]

ACTIVITY, POOL, HANDOFF = "activity", "pool", "handoff"
NO_RESOURCE, NO_POOL = "(no resource)", "(no pool)"
ARRIVAL = "(arrival)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """A place for each step (or each case): `names[codes[i]]`; every code has a name."""

    codes: Int32
    names: tuple[str, ...]
    #: What the places are, in words.
    noun: str


def places_of(found: Paths, by: str, groups: Groups | None = None) -> Places:
    """The place of each step: `by` is "activity", "pool", "handoff", "channel" or the name of an attribute.

    groups : the pools of the resources. By pool they are found (`resource_pools`) when none are given; hand-offs are then
        told by activity alone.
    Raises ValueError where `groups` is of another length than the resources, InsufficientDataError where pools are asked for
    without resources, UnknownNameError for an attribute that the log doesn't have.
    """
    if by == ACTIVITY:
        return Places(codes=found.log.activity, names=found.log.activities, noun="activity")
    if by == POOL:
        return pool_of_step(found.log, groups)
    if by == HANDOFF:
        return _handoffs(found, groups)
    of_case = group_of_case(found.log, by)
    return Places(codes=of_case.codes[found.log.case_of_step], names=of_case.names, noun=of_case.noun)


def pool_of_step(log: EventLog, groups: Groups | None) -> Places:
    """The pool of each step's resource; one more for steps without a resource.

    Raises InsufficientDataError for a log without resources, ValueError when there isn't one name a resource.
    """
    if log.resource is None:
        raise InsufficientDataError(f"{log.source} has no resources, so nothing is known of pools.")
    names, code = np.unique(np.asarray([*pool_names(log, groups), NO_RESOURCE], dtype=str), return_inverse=True)
    return Places(codes=code.astype(np.int32)[log.resource.codes], names=tuple(map(str, names)), noun="pool")


def pool_names(log: EventLog, groups: Groups | None) -> Sequence[str]:
    """For each resource code the name of its pool; found where none are given. Raises ValueError for another length."""
    found = resource_pools(log) if groups is None else groups
    names = (
        [found.pools[k] if k >= 0 else NO_POOL for k in found.pool_of_resource]
        if isinstance(found, ResourcePools)
        else found
    )
    n = 0 if log.resource is None else len(log.resource.names)
    if len(names) != n:
        raise ValueError(f"{len(names):,} pools for {n:,} resources: give one for each resource code.")
    return names


def _handoffs(found: Paths, groups: Groups | None) -> Places:
    """Pairs of (activity, pool) of the predecessor and of the step; of activities alone when no pools are given."""
    log = found.log
    if groups is None:
        kind, width, said = log.activity.astype(np.int64), len(log.activities), np.asarray(log.activities, dtype=object)
    else:
        pools = pool_of_step(log, groups)
        n = len(pools.names)
        kind, width = log.activity.astype(np.int64) * n + pools.codes, len(log.activities) * n
        said = np.asarray([f"{a} ({p})" for a in log.activities for p in pools.names], dtype=object)
    before = np.where(found.predecessor >= 0, kind[np.maximum(found.predecessor, 0)] if len(kind) else 0, width)
    pair, code = np.unique(before * width + kind, return_inverse=True)
    source, target = np.append(said, ARRIVAL)[pair // width], said[pair % width]
    names = tuple(f"{a} → {b}" for a, b in zip(source, target, strict=True))
    return Places(codes=code.astype(np.int32), names=names, noun="hand-off")


def group_of_case(log: EventLog, by: str) -> Places:
    """The channel, or the value of an attribute, of each case; beyond the 40 largest groups the rest is "(other)".

    Raises UnknownNameError when the log has no such column.
    """
    if by == CHANNEL and log.case_channel is not None:
        given, names = log.case_channel.codes, np.asarray(log.case_channel.names, dtype=object)
    elif by in log.attributes:
        found, values = pd.factorize(log.attributes[by], sort=True)
        given, names = found.astype(np.int32), np.asarray(values.astype(str), dtype=object)
    else:
        known = [*([CHANNEL] if log.channel is not None else []), *map(str, log.attributes.columns)]
        raise UnknownNameError(what="channel or attribute", name=by, known=known)
    names = np.append(names, UNKNOWN)
    codes: Int32 = np.where(given < 0, len(names) - 1, given).astype(np.int32)
    count = np.bincount(codes, minlength=len(names))
    if (count > 0).sum() > MOST_GROUPS:
        kept = np.sort(np.argsort(-count, kind="stable")[:MOST_GROUPS])
        place = np.full(len(names), MOST_GROUPS, dtype=np.int32)
        place[kept] = np.arange(MOST_GROUPS)
        codes, names = place[codes], np.append(names[kept], OTHER)
    return Places(codes=codes, names=tuple(map(str, names)), noun=by)
