"""Weekly hours of all resources and pools from the signs of their work: their own, or those of their pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.measure.staff.pools import ResourcePools
from streamline.measure.staff.presence import Presence
from streamline.measure.staff.signs import Signs
from streamline.measure.staff.week_hours import HoursRule, begun_off_duty, confidences, hours_on_duty, typical

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: Resources with fewer signs share one row of counts with the others of their pool: they get its hours anyway.
_FEW_SIGNS = 10
#: A shorter log shows no hours that come back every week: all are unknown.
_LEAST_DAYS = 14


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnHours:
    """Hours and confidence of resources (n_resources, slots) and of pools (n_pools, slots); where resources' come from."""

    on: Bool
    confidence: Float64
    #: 0 own activity, 1 the pool's, 2 unknown.
    origin: Int64
    signs: Int64
    pool_on: Bool
    pool_confidence: Float64


def usual_hours(signs: Signs, there: Presence, pools: ResourcePools, rule: HoursRule) -> OwnHours:
    n, n_pools = signs.n_resources, len(pools.pools)
    n_signs = np.bincount(signs.who, minlength=n)
    pool = pools.pool_of_resource
    many = np.flatnonzero(n_signs >= _FEW_SIGNS)
    row = np.where(pool >= 0, len(many) + pool, len(many) + n_pools)
    row[many] = np.arange(len(many))
    n_rows = len(many) + n_pools + 1
    weeks = signs.weeks_seen(row, n_rows, there.counted)
    ready = signs.weeks_ready(row, n_rows, there.counted)
    days = np.zeros((n_rows, 7), dtype=np.int64)
    np.add.at(days, row, there.days_there)
    told = _signs_by_slot(signs, row, n_rows)
    of_pool = np.zeros(n_rows, dtype=np.int64)
    of_pool[: len(many)], of_pool[len(many) :] = pool[many], np.arange(n_pools + 1)
    pooled = [_added(values, of_pool, n_pools + 1)[:n_pools] for values in (weeks, days, told)]
    own = hours_on_duty(
        weeks[: len(many)],
        None if ready is None else (ready[0][: len(many)], ready[1][: len(many)]),
        days[: len(many)],
        told[: len(many)],
        rule=rule,
    )
    pool_ready = None
    if ready is not None:
        pool_ready = _added(ready[0], of_pool, n_pools + 1)[:n_pools], _added(ready[1], of_pool, n_pools + 1)[:n_pools]
    pool_on = hours_on_duty(pooled[0], pool_ready, *pooled[1:], rule=rule)
    long = signs.last_day - signs.first_day + 1 >= _LEAST_DAYS
    waits = signs.waits_by_slot(row, n_rows)
    if waits is not None:
        own |= begun_off_duty(own, waits[0][: len(many)], waits[1][: len(many)])
        pool_waits = (_added(values, of_pool, n_pools + 1)[:n_pools] for values in waits)
        pool_on |= begun_off_duty(pool_on, *pool_waits)
    pool_known = (typical(pooled[0], pooled[0]) >= rule.weeks) & long
    pool_on &= pool_known[:, None]
    pool_confidence = confidences(pooled[0], pooled[1])
    enough = np.zeros(n, dtype=np.bool_)
    enough[many] = (typical(weeks[: len(many)], weeks[: len(many)]) >= rule.weeks) & long
    origin = np.where(enough, 0, np.where((pool >= 0) & np.append(pool_known, False)[pool], 1, 2))
    # rows of hours to choose from: those of the busy, those of the pools, none
    choice = np.where(origin == 0, row, np.where(origin == 1, len(many) + pool, len(many) + n_pools))
    nothing = np.zeros((1, weeks.shape[1]))
    return OwnHours(
        on=np.concatenate([own, pool_on, nothing.astype(np.bool_)])[choice],
        confidence=np.concatenate([confidences(weeks[: len(many)], days[: len(many)]), pool_confidence, nothing])[
            choice
        ],
        origin=origin,
        signs=n_signs,
        pool_on=pool_on,
        pool_confidence=pool_confidence,
    )


def seen_hours(signs: Signs, there: Presence, pools: ResourcePools) -> OwnHours:
    n, n_pools = signs.n_resources, len(pools.pools)
    weeks = signs.weeks_seen(np.arange(n), n, there.counted)
    pooled = [_added(v, pools.pool_of_resource, n_pools + 1)[:n_pools] for v in (weeks, there.days_there)]
    return OwnHours(
        on=weeks > 0,
        confidence=confidences(weeks, there.days_there),
        origin=np.where((weeks > 0).any(axis=1), 0, 2),
        signs=np.bincount(signs.who, minlength=n),
        pool_on=pooled[0] > 0,
        pool_confidence=confidences(pooled[0], pooled[1]),
    )


def _signs_by_slot(signs: Signs, row: Int64, n_rows: int) -> Int64:
    """(n_rows, slots): number of signs in each slot of the week."""
    width = 7 * signs.per_day
    total = np.bincount(row[signs.who] * width + signs.slot_of_week, minlength=n_rows * width)
    return total.reshape(n_rows, width).astype(np.int64)


def _added(values: npt.NDArray[Any], group: Int64, n: int) -> npt.NDArray[Any]:
    """Rows added up by group; group -1 is the last."""
    result = np.zeros((n, values.shape[1]), dtype=values.dtype)
    np.add.at(result, group, values)
    return result
