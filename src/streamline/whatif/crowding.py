"""How busy the teams are with a scenario, and what is told of queues that grow without bound or that nobody has seen."""

from __future__ import annotations

import numpy as np

from streamline.kernels.queues import NEVER
from streamline.units import counted
from streamline.whatif.change import AddCapacity, PoolResources
from streamline.whatif.draws import OWN, BoundScenario, workload_of
from streamline.whatif.figures import Measures
from streamline.whatif.queue_model import QueueModel, Workload
from streamline.whatif.validate import enabled_in_replay

#: From this share of its time on that a pool works, its queue counts as growing without bound.
FULL = 1.0
#: Less than this share of a pool's steps waiting for people counts as no queue.
NO_QUEUE = 0.01


def utilisation(model: QueueModel, work: Workload) -> dict[str, float]:
    """For each pool the work that arrives for it while cases arrive, over its people's time on duty in that period.

    Work is counted where it belongs to cases that arrive in the period, so that above 1 a queue is left over at its end.
    """
    if model.staffing is None:
        return {}
    first, last = model.counted_between
    pools = model.staffing.pools.pools
    on_duty = np.zeros(len(pools))
    serving: dict[int, list[int]] = {}
    for k, team in enumerate(work.teams):
        hours = np.clip(team.hours, first, last)
        on_duty[team.pool] += team.size * team.places * float((hours[:, 1] - hours[:, 0]).sum())
        for q in team.queues:
            serving.setdefault(q, []).append(k)
    case = np.repeat(np.arange(len(work.cases.pick)), np.diff(work.offsets))
    inside = (work.cases.arrival[case] >= first) & (work.cases.arrival[case] <= last) & (work.queue >= 0)
    n_queues = len(model.staffing.lines.activity)
    amount = np.bincount(work.queue[inside], weights=work.work[inside].astype(np.float64), minlength=n_queues)
    wanted = np.zeros(len(pools))
    for q, teams in serving.items():
        size = np.array([work.teams[k].size * work.teams[k].places for k in teams], dtype=np.float64)
        if size.sum():
            np.add.at(wanted, [work.teams[k].pool for k in teams], amount[q] * size / size.sum())
    return {pools[p]: wanted[p] / on_duty[p] for p in range(len(pools)) if on_duty[p] > 0}


def crowding(model: QueueModel, measures: Measures, scenario: BoundScenario, *, seed: int) -> list[str]:
    """What must be said of the queues under a scenario, in words."""
    if model.staffing is None:
        return []
    said: list[str] = []
    work = workload_of(model, model.weeks.own(), scenario, seed=seed, draw=OWN)
    busy = utilisation(model, work)
    full = sorted(pool for pool, share in busy.items() if share > FULL)
    if full:
        replayed = work.replayed()
        _, last = model.counted_between
        counts = measures.counts(work)
        case = np.repeat(np.arange(len(work.cases.pick)), np.diff(work.offsets))
        waiting = (
            (work.queue >= 0) & (replayed.start > last) & (enabled_in_replay(work, replayed) <= last) & counts[case]
        )
        left = float(work.work[waiting & np.isin(work.queue, _queues(work, model, full))].sum()) / 3.6e9
        words = ", ".join(f"{pool} ({busy[pool]:.0%})" for pool in full)
        said.append(
            f"More work arrives than can be done: {words} of the time on duty. The queue grows as long as that "
            "lasts, so the figures are those "
            f"of this period and no steady state; when the last case arrives, {counted(int(waiting.sum()), 'step')} "
            f"with {left:,.0f} hours of work wait."
        )
    unseen = _unseen(model, scenario)
    if unseen:
        said.append(
            f"Hardly any step waited for people in {', '.join(unseen)}: no queue was seen there, so adding staff "
            "can't be estimated to help."
        )
    if (work.keep & (work.queue >= 0)).any() and (work.replayed().complete[work.keep] >= NEVER).any() and not full:
        said.append("Some steps have nobody left to serve them.")
    return said


def _queues(work: Workload, model: QueueModel, pools: list[str]) -> list[int]:
    """The queues that these pools serve."""
    assert model.staffing is not None
    names = model.staffing.pools.pools
    return sorted({q for t in work.teams if names[t.pool] in pools for q in t.queues})


def _unseen(model: QueueModel, scenario: BoundScenario) -> list[str]:
    """Pools that the scenario adds people to, or pools with others, and that hardly any step was seen to wait for."""
    assert model.staffing is not None
    log, staffing = model.log, model.staffing
    wanted: set[int] = set()
    for change in scenario.changes:
        if isinstance(change, AddCapacity):
            if change.activity is not None:
                wanted.add(log.activity_code(change.activity))
            else:
                at = staffing.pools.pools.index(str(change.pool))
                wanted |= {int(staffing.lines.activity[q]) for t in staffing.teams if t.pool == at for q in t.queues}
        elif isinstance(change, PoolResources):
            wanted |= {log.activity_code(a) for a in change.activities}
    if not wanted:
        return []
    mine = np.flatnonzero(staffing.staffed & np.isin(log.activity, sorted(wanted)))
    queued = log.start[mine] - model.paths.enabled[mine] > model.delays.high[mine]
    queued |= model.delays.low[mine] < log.start[mine] - model.paths.enabled[mine]
    if len(mine) and queued.mean() >= NO_QUEUE:
        return []
    return [log.activities[a] for a in sorted(wanted)]
