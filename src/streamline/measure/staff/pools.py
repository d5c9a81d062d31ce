"""Pools of staff: resources that do the same kinds of work, found from who does what, or given by name.

The *profile* of a resource is the share of each activity in its steps. The *overlap* of two resources is the share of
work that their profiles have in common, the sum over activities of the smaller share: 1 when they do the same in the
same proportions, 0 when they have no activity in common. Resources are joined into pools from the most alike, by
average linkage (Sokal and Michener 1958), as long as pools overlap by at least `overlap` on average. External steps are
the customer's time and don't count.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import Bar, BarChart, Chart
from streamline.log.event_log import EventLog
from streamline.measure.staff.profiles import Profiles, alike_profiles, clusters
from streamline.results import Result, rows_of

Int64 = npt.NDArray[np.int64]

OVERLAP = 0.5
#: Steps that a resource needs to be compared with others.
MIN_STEPS = 20
#: At most so many resources, those with most steps, are compared with each other: the cost grows with the pairs.
MOST_COMPARED = 2_000
#: Mean silhouette from which the pools count as clearly apart, and below which they can't be told (Kaufman and Rousseeuw 1990).
CLEAR, NONE = 0.5, 0.25


@dataclass(frozen=True, kw_only=True, repr=False)
class ResourcePools(Result):
    """Pools of resources. `table`, largest share of the work first: pool, given (by name), n_resources, n_steps, steps_share
    (of all staff steps with a resource), activities (its main ones, in words), overlap_within (mean overlap of its resources
    with the pool's profile, 0 to 1), overlap_nearest (of the pool's profile with that of the most alike other pool)."""

    #: Names of the pools, as in `table`.
    pools: tuple[str, ...]
    #: For each resource code of the log the place of its pool in `pools`; -1 for resources without a staff step.
    pool_of_resource: Int64
    #: Mean silhouette of the resources compared, -1 to 1: how much closer each is to its own pool than to the next. NaN with
    #: one pool, or where pools were given for all.
    silhouette: float
    #: One row a pool and activity: pool, activity, n_steps, share_of_pool, share_of_activity.
    activities: pd.DataFrame = field(repr=False)
    _members: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a resource: resource, pool, n_steps, overlap (of its profile with that of its pool)."""
        return self._members

    def chart(self) -> Chart:
        """The share of the work by pool."""
        return BarChart(
            title=f"{len(self.pools)} pools do the work" if len(self.pools) != 1 else "All resources count as one pool",
            axis="Share of the steps, %",
            bars=tuple(
                Bar(label=f"{r.pool} ({r.n_resources})", value=100 * float(r.steps_share))
                for r in rows_of(self.table.head(15))
            ),
            note=f"{self.n:,} cases. In brackets: number of resources",
        )


def resource_pools(
    log: EventLog,
    *,
    given: Mapping[str, Sequence[str]] | None = None,
    overlap: float = OVERLAP,
    min_steps: int = MIN_STEPS,
) -> ResourcePools:
    """Group the resources of the log into pools by what they do.

    given : names of pools with patterns of resource names, `{"Examiners": ["examiner-*"]}`; upper and lower case differ.
        Resources that match none are grouped by what they do.
    overlap : how much pools must overlap on average to be one, over 0 to 1.
    min_steps : steps from which a resource is compared with others; those with fewer join the pool that does most of what
        they do, if at least `overlap` of their steps are of its usual activities; else they are grouped by main activity.
    Returns ResourcePools. Pools found are named after the activity that makes most of their work, so that names stay the
    same between runs as long as the work does.
    Raises InsufficientDataError without resources, UnknownNameError for a pattern that matches no resource, ValueError for
    a resource that matches two pools.
    """
    if not 0 < overlap <= 1:
        raise ValueError(f"overlap is {overlap:g}; it must be over 0 and at most 1.")
    if log.resource is None:
        raise InsufficientDataError(
            f"{log.source} was read without resources; name their column: read_log(…, resource=…)."
        )
    names, width = log.resource.names, max(len(log.activities), 1)
    step = np.flatnonzero((log.resource.codes >= 0) & ~log.external_step)
    if len(step) == 0:
        raise InsufficientDataError(f"{log.source}: no step of staff has a resource.")
    pair, count = np.unique(log.resource.codes[step].astype(np.int64) * width + log.activity[step], return_counts=True)
    work = Profiles(who=pair // width, activity=pair % width, n=count, n_resources=len(names), width=width)
    pool, pool_names = _given(names, given or {})
    pool[work.total == 0] = -1
    n_given = len(pool_names)
    free = np.flatnonzero((work.total > 0) & (pool < 0))
    compared = free[work.total[free] >= min_steps]
    compared = compared[np.lexsort((compared, -work.total[compared]))][:MOST_COMPARED]
    cluster, silhouette = clusters(work.profiles(compared), overlap)
    pool[compared] = n_given + cluster
    n_pools = n_given + (int(cluster.max()) + 1 if len(cluster) else 0)
    rest = np.flatnonzero((work.total > 0) & (pool < 0))
    if n_pools:
        nearest, covered = work.nearest(rest, work.pooled(pool, n_pools))
        pool[rest[covered >= overlap]] = nearest[covered >= overlap]
    left = np.flatnonzero((work.total > 0) & (pool < 0))
    if len(left):  # unlike all pools, and too few steps to be compared: grouped by what they do most
        pool[left] = n_pools + np.unique(work.main_activity()[left], return_inverse=True)[1]
        n_pools = int(pool.max()) + 1
    used = work.pooled(pool, n_pools)
    pool_names = [*pool_names, *_named(used[n_given:], log.activities, taken=pool_names)]
    order = sorted(range(n_pools), key=lambda k: (-used[k].sum(), pool_names[k]))
    place = np.empty(n_pools + 1, dtype=np.int64)
    place[order], place[-1] = np.arange(n_pools), -1
    pool, used = place[pool], used[order]
    pool_names = [pool_names[k] for k in order]
    return _result(
        log, work, pool, pool_names, used, {k for k, o in enumerate(order) if o < n_given}, silhouette, len(rest)
    )


def _given(names: tuple[str, ...], given: Mapping[str, Sequence[str]]) -> tuple[Int64, list[str]]:
    """For each resource the place of the given pool that it matches, -1 for none."""
    pool = np.full(len(names), -1, dtype=np.int64)
    for k, (title, patterns) in enumerate(given.items()):
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            matching = [i for i, name in enumerate(names) if fnmatchcase(name, pattern)]
            if not matching:
                raise UnknownNameError(what="resource", name=pattern, known=names)
            for i in matching:
                if pool[i] not in (-1, k):
                    other = list(given)[pool[i]]
                    raise ValueError(
                        f"Resource {names[i]!r} matches the pools {other!r} and {title!r}; it can be in one only."
                    )
                pool[i] = k
    return pool, list(given)


def _named(used: Int64, activities: tuple[str, ...], *, taken: Sequence[str]) -> list[str]:
    """Names after the activity that makes most of each pool's work; the next ones are added where two would be the same."""
    names = {}
    known = set(taken)
    for k in np.lexsort((np.arange(len(used)), -used.sum(axis=1))).tolist():
        ranked = [activities[a] for a in np.argsort(-used[k], kind="stable") if used[k, a] > 0]
        tried = [f"pool of {', '.join(ranked[:depth])}" for depth in range(1, len(ranked) + 1)]
        numbered = (f"{tried[0]} {n}" for n in itertools.count(2))
        names[k] = next(name for name in itertools.chain(tried, numbered) if name not in known)
        known.add(names[k])
    return [names[k] for k in range(len(used))]


def _main_activities(row: Int64, activities: tuple[str, ...]) -> str:
    """`Technical review (92%), Intake check (8%)`; at most four."""
    order = np.lexsort((np.arange(len(row)), -row))[:4]
    return ", ".join(f"{activities[a]} ({row[a] / row.sum():.0%})" for a in order if row[a] > 0)


def _result(
    log: EventLog,
    work: Profiles,
    pool: Int64,
    names: list[str],
    used: Int64,
    given: set[int],
    silhouette: float,
    n_joined: int,
) -> ResourcePools:
    assert log.resource is not None
    profile = used / np.maximum(used.sum(axis=1, keepdims=True), 1)
    within = work.overlaps(pool, used)
    n_resources = np.bincount(pool[pool >= 0], minlength=len(names))
    alike = alike_profiles(profile)
    table = pd.DataFrame(
        {
            "pool": names,
            "given": [k in given for k in range(len(names))],
            "n_resources": n_resources,
            "n_steps": used.sum(axis=1),
            "steps_share": used.sum(axis=1) / used.sum(),
            "activities": [_main_activities(row, log.activities) for row in used],
            "overlap_within": [within[pool == k].mean() for k in range(len(names))],
            "overlap_nearest": [alike[k].max() if len(names) > 1 else np.nan for k in range(len(names))],
        }
    )
    some_pool, some_activity = np.nonzero(used)
    n = used[some_pool, some_activity]
    activities = pd.DataFrame(
        {
            "pool": np.asarray(names, dtype=object)[some_pool],
            "activity": np.asarray(log.activities, dtype=object)[some_activity],
            "n_steps": n,
            "share_of_pool": n / used.sum(axis=1)[some_pool],
            "share_of_activity": n / used.sum(axis=0)[some_activity],
        }
    )
    seen = np.flatnonzero(pool >= 0)
    members = pd.DataFrame(
        {
            "resource": np.asarray(log.resource.names, dtype=object)[seen],
            "pool": np.asarray(names, dtype=object)[pool[seen]],
            "n_steps": work.total[seen],
            "overlap": within[seen],
        }
    )
    n_cases = len(np.unique(log.case_of_step[log.resource.codes >= 0]))
    return ResourcePools(
        recorded=log.recorded,
        table=table,
        n=n_cases,
        excluded={"without a step that has a resource": log.n_cases - n_cases},
        caveats=tuple(_caveats(log, len(given), n_joined, silhouette, n_pools=len(names))),
        pools=tuple(names),
        pool_of_resource=pool,
        silhouette=silhouette,
        activities=activities,
        _members=members.sort_values(["pool", "n_steps", "resource"], ascending=[True, False, True], ignore_index=True),
    )


def _caveats(log: EventLog, n_given: int, n_joined: int, silhouette: float, *, n_pools: int) -> list[str]:
    assert log.resource is not None
    caveats = []
    without = int((log.resource.codes < 0).sum())
    if without:
        caveats.append(f"{without:,} of {log.n_steps:,} steps have no resource and aren't counted.")
    if n_joined:
        caveats.append(
            f"{n_joined:,} resources have too few steps to be compared with each other; they are put into the pool that "
            "does most of what they do, or else grouped by their main activity."
        )
    if n_pools - n_given > 1 and silhouette < NONE:
        caveats.append(
            f"The pools can't be told from who does what (mean silhouette {silhouette:.2f}): the work of the resources differs, "
            "but not in groups. Name the pools in the study."
        )
    elif n_pools - n_given > 1 and silhouette < CLEAR:
        caveats.append(
            f"The pools aren't clearly apart (mean silhouette {silhouette:.2f}). Name the pools in the study where they "
            "are known."
        )
    return caveats
