"""Changes of who serves what, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError, ScenarioError, UnknownNameError, listed
from streamline.log.calendar import Calendar
from streamline.units import DAY, WEEK, counted
from streamline.whatif.change import AddCapacity, Change, ChangeHours, PoolResources
from streamline.whatif.queue_model import QueueModel, Workload
from streamline.whatif.spans import less, merged
from streamline.whatif.staffing import YEARS_AFTER, Staffing, Team

Int64 = npt.NDArray[np.int64]

#: Newcomers are away as their colleagues are so much later.
APART = 4 * WEEK


class CapacityEdit:
    """That many more people, each with the hours of a colleague; or fewer, whoever they are."""

    def __init__(self, model: QueueModel, change: AddCapacity) -> None:
        self._change = change
        staffing = _staffing(model, change)
        if change.activity is not None:
            code = model.log.activity_code(change.activity)
            if not staffing.people_for(code):
                raise InsufficientDataError(
                    f"{change.activity!r} needs no staff in {model.log.source}: nobody is seen to spend time on it."
                )
            if change.activity in model.log.external:
                raise ScenarioError(
                    f"{change.activity!r} waits on the customer or a third party; the agency's staff can't serve it."
                )
            # people are added to, or taken from, the pool that does most of the activity
            mine = (model.log.activity == code) & staffing.staffed
            assert model.log.resource is not None
            done = np.bincount(
                staffing.pools.pool_of_resource[model.log.resource.codes[mine]], minlength=len(staffing.pools.pools)
            )
            pool = int(np.argmax(done))
        else:
            pool = _pool(model, str(change.pool))
        self._teams = staffing.teams_of_pool(pool)
        self.pool, self.people = staffing.pools.pools[pool], sum(staffing.teams[k].size for k in self._teams)
        #: The change at its least.
        self.fewest = change.belief()[0]
        somebody_left([self])
        self.caveats: tuple[str, ...] = ()

    def apply(self, work: Workload, rng: np.random.Generator) -> None:
        """Edit a workload in place."""
        staff = self._change.drawn(rng)
        whole = int(np.floor(staff)) + int(rng.random() < staff % 1)
        sizes = np.array([work.teams[k].size for k in self._teams], dtype=np.int64)
        if whole >= 0:
            extra = rng.multinomial(whole, sizes / sizes.sum())
        else:
            extra = -rng.multivariate_hypergeometric(sizes, min(-whole, int(sizes.sum()) - 1))
        for k, more in zip(self._teams, extra.tolist(), strict=True):
            t = work.teams[k]
            if more > 0 and t.away is not None:
                work.teams += _newcomers(t, more)
            else:
                work.teams[k] = replace(t, size=t.size + more)


def _newcomers(team: Team, n: int) -> list[Team]:
    """So many people with the team's hours, each away as long and as often as its people are, but at other times.

    Their absences are those of the people, some weeks later in the log.
    """
    assert team.away is not None
    hours = merged(np.concatenate([team.hours, team.away]))
    return [
        replace(team, size=1, hours=less(hours, team.away - (k + 1) * APART), away=team.away - (k + 1) * APART)
        for k in range(n)
    ]


def somebody_left(edits: Sequence[CapacityEdit]) -> None:
    """Refuse changes that, taken together, may leave nobody in a pool."""
    for pool, people in {e.pool: e.people for e in edits}.items():
        more = sum(e.fewest for e in edits if e.pool == pool)
        if more < 0 and people + more < 1:
            raise ScenarioError(
                f"{pool} has {counted(people, 'person', 'people')}; taking away {-more:g} leaves nobody to serve its queues."
            )


class PoolEdit:
    """The staff of these activities serve all of them; where people serve one kind of case, within that kind."""

    def __init__(self, model: QueueModel, change: PoolResources) -> None:
        staffing = _staffing(model, change)
        codes = [model.log.activity_code(a) for a in change.activities]
        lacking = [a for a, code in zip(change.activities, codes, strict=True) if not staffing.people_for(code)]
        if lacking:
            raise InsufficientDataError(
                f"Nobody is seen to spend time on {listed(lacking)}, so it has no staff to pool."
            )
        queues = [q for code in codes for q in staffing.queues_of(code)]
        kind = staffing.lines.kind
        #: For each of the queues those that whoever serves it serves then.
        self._then = {q: {p for p in queues if not kind[p] or not kind[q] or kind[p] == kind[q]} for q in queues}
        self.caveats: tuple[str, ...] = (
            "People who serve new activities are taken to be as quick at them as those who do them today.",
        )

    def apply(self, work: Workload, _: np.random.Generator) -> None:
        """Edit a workload in place."""
        for k, t in enumerate(work.teams):
            more = set().union(*(self._then[q] for q in t.queues if q in self._then))
            if more:
                work.teams[k] = replace(t, queues=tuple(sorted(more | set(t.queues))))


class HoursEdit:
    """A new calendar for a pool, or for all."""

    def __init__(self, model: QueueModel, change: ChangeHours) -> None:
        log, staffing = model.log, _staffing(model, change)
        self._pool = None if change.pool == "all" else _pool(model, change.pool)
        holidays = model.calendar.holidays if model.calendar is not None else None
        try:
            calendar = Calendar(hours=change.hours, timezone=log.timezone, holidays=holidays)
        except ValueError as error:
            raise ScenarioError(f"change_hours of {change.pool}: {error}") from None
        first, last = log.period
        self._hours = calendar.openings(first - 7 * DAY, last + YEARS_AFTER * 366 * DAY)
        self.caveats: tuple[str, ...] = (
            "People are taken to be there in all of the new hours; absences are not carried over."
            if any(len(staffing.teams_of_pool(p)) > 1 for p in range(len(staffing.pools.pools)))
            else "People are taken to be there in all of the new hours.",
        )

    def apply(self, work: Workload, _: np.random.Generator) -> None:
        """Edit a workload in place."""
        for k, t in enumerate(work.teams):
            if self._pool is None or t.pool == self._pool:
                work.teams[k] = replace(t, hours=self._hours if t.away is None else less(self._hours, t.away))


def _staffing(model: QueueModel, change: Change) -> Staffing:
    if model.staffing is None:
        raise InsufficientDataError(
            f"{model.log.source} records no starts of steps, so nobody's queue can be replayed and a change of staff "
            "can't be estimated: "
            f"{change.words()}."
        )
    return model.staffing


def _pool(model: QueueModel, name: str) -> int:
    assert model.staffing is not None
    pools = model.staffing.pools.pools
    if name not in pools:
        raise UnknownNameError(what="pool", name=name, known=pools, where=model.log.source)
    return pools.index(name)
