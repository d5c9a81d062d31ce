"""What cases await besides: steps of other branches that are enabled and not complete while the critical path awaits its own.

The open life (`measure.contacts.exposure`) tells what a case waits for longest, so its days add up to the cycle time and a step
of another branch is nowhere in it. Customers may ask about that one too. Here each such step has stretches of its own, cut as
those of the open life: by the time since *it* was enabled, the age of the case, overdue, and soon after a contact. A contact
while several steps are awaited falls into one stretch of the open life and into one of each step beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from streamline.kernels.exposure import stretches
from streamline.measure.contacts.exposure import REPEAT_DAYS, OpenLife
from streamline.measure.contacts.lives import channel_of, factors_of, overdue_from
from streamline.measure.factor import Factor
from streamline.measure.waits.path import Paths
from streamline.stats.adding_up import Shared
from streamline.stats.stretches import Factor as RateFactor
from streamline.stats.stretches import Stretches
from streamline.units import DAY

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beside:
    """Stretches in which cases await steps beside those of the open life; arrays of one entry a stretch, by case."""

    case: Int64 = field(repr=False)
    #: Length in microseconds. Days of several steps at once count once for each.
    time: Int64 = field(repr=False)
    #: The factors of the open life that tell one case from another or change in it, with the same levels.
    factors: tuple[Factor, ...] = field(repr=False)
    #: (rows,) the stretches of the open life in which several steps are awaited, ascending, and for how long, microseconds.
    row: Int64 = field(repr=False)
    row_time: Int64 = field(repr=False)
    #: (pairs,) each link that falls into such stretches, once for each of them, in order; and the stretch.
    link: Int64 = field(repr=False)
    stretch: Int64 = field(repr=False)

    def factor(self, name: str) -> Factor:
        """One factor by its name."""
        return next(f for f in self.factors if f.name == name)

    def stretches(self, *names: str) -> Stretches:
        """The stretches with these factors as rates take them, without contacts: whose they are is told with the rates."""
        return Stretches(
            case=self.case,
            days=self.time / DAY,
            contacts=np.zeros(len(self.case), dtype=np.int64),
            factors=tuple(RateFactor(name=f.name, levels=f.levels, codes=f.codes) for f in map(self.factor, names)),
        )


def beside_share(paths: Paths) -> float:
    """Time for which steps are awaited beside the critical path, over the time that cases are open; 0 without branches."""
    awaited = np.maximum(paths.waiting + paths.service + paths.sojourn, 0)
    critical = paths.critical
    return float(awaited[~critical].sum()) / max(float(awaited[critical].sum()), 1.0)


def awaited_beside(life: OpenLife, paths: Paths) -> Beside:
    """The stretches of what cases await beside their critical path.

    life : told apart by what the rates take, its stretches recent for `REPEAT_DAYS` after a contact. paths : of its log.

    A step beside is awaited from its enabling to its completion. Only time that the contact log covers counts.
    """
    log = life.links.log
    step = np.flatnonzero(~paths.critical & (paths.enabled < log.complete))
    case = log.case_of_step[step]
    cut = _Cut.of(life, case, log.activity[step].astype(np.int64), paths.enabled[step], log.complete[step])
    names, by_age = life.factor("state").levels, any(f.name == "age" for f in life.factors)
    factors = factors_of(cut.key, names, life.bands, [], REPEAT_DAYS, life.standard, life.ages if by_age else None)
    order = np.argsort(cut.link, kind="stable")
    own = case[cut.number]
    if any(f.name == "channel" for f in life.factors):
        factors = (*factors, channel_of(log, own))
    row, row_time = _several(life, paths, case, paths.enabled[step], log.complete[step])
    return Beside(
        case=own,
        time=cut.time,
        factors=factors,
        row=row,
        row_time=row_time,
        link=cut.link[order],
        stretch=cut.stretch[order],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cut:
    """Waits of cases cut into stretches, each wait by itself; in order of waits."""

    #: The wait that each stretch is of, its key (see `kernels.exposure.stretches`) and its length.
    number: Int64
    key: Int64
    time: Int64
    #: Each link that falls into one of them, and the stretch.
    link: Int64
    stretch: Int64

    @classmethod
    def of(cls, life: OpenLife, case: Int64, activity: Int64, since: Int64, until: Int64) -> _Cut:
        """Cut n waits for these activities."""
        links, log, n = life.links, life.links.log, len(case)
        width = len(log.activities)
        # each wait in a life of its own: from the arrival until it begins something that isn't told, then the wait
        state = np.column_stack([np.full(n, width), activity]).ravel().astype(np.int32)
        begin = np.column_stack([log.arrival[case], since]).ravel()
        end = np.column_stack([since, until]).ravel()
        size = links.offsets[case + 1] - links.offsets[case]
        offsets = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        link = np.repeat(links.offsets[case] - offsets[:-1], size) + np.arange(int(size.sum()))
        number, key, time, _, key_of_link = stretches(
            np.arange(0, 2 * n + 1, 2), state, begin, end, np.full(n, width, dtype=np.int32), until, until,
            overdue_from(log, log.last_completion, life.standard)[case], offsets, links.time[link], links.weight[link],
            np.array([round(e * DAY) for e in life.bands], dtype=np.int64), round(REPEAT_DAYS * DAY),
            np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int32), 1, *links.period,
            np.array([round(e * DAY) for e in life.ages], dtype=np.int64),
        )  # fmt: skip
        keys = int(key.max(initial=0)) + 1
        told = key < width * _keys_of_a_state(life)
        place = np.searchsorted(number * keys + key, np.repeat(np.arange(n), size) * keys + key_of_link)
        inside = key_of_link >= 0
        inside[inside] = told[place[inside]]
        return cls(
            number=number[told], key=key[told], time=time[told], link=link[inside],
            stretch=(np.cumsum(told) - 1)[place[inside]],
        )  # fmt: skip


def _keys_of_a_state(life: OpenLife) -> int:
    return (len(life.bands) + 1) * 4 * (len(life.ages) + 1)


def _several(life: OpenLife, paths: Paths, case: Int64, since: Int64, until: Int64) -> tuple[Int64, Int64]:
    """(stretches of the open life, microseconds of each) while steps are awaited beside, from `since` until `until`.

    A step of the critical path is awaited during a part [u, v) of such a time as long as until v, less as long as until u.
    """
    log = life.links.log
    # times with any step beside, put together by case: one begins where all before it in its case have ended
    order = np.lexsort((since, case))
    of, begin, end = case[order], since[order], until[order]
    ordered = np.sort(end)
    latest = np.maximum.accumulate(of * (len(of) + 1) + np.searchsorted(ordered, end)) - of * (len(of) + 1)
    latest = ordered[latest] if len(of) else end
    fresh = np.ones(len(of), dtype=np.bool_)
    fresh[1:] = (of[1:] != of[:-1]) | (begin[1:] > latest[:-1])
    first = np.flatnonzero(fresh)
    of, begin = of[first], begin[first]
    end = latest[np.append(first[1:], len(latest)) - 1] if len(first) else end
    # each of them with each step of the critical path that it meets
    path = np.flatnonzero(paths.critical)
    place = np.searchsorted(log.case_of_step[path], np.stack([of, of + 1]))
    size = place[1] - place[0]
    which = np.repeat(np.arange(len(of)), size)
    step = path[
        np.repeat(place[0] - np.concatenate([[0], np.cumsum(size)[:-1]]).astype(np.int64), size) + np.arange(len(which))
    ]
    enabled = paths.enabled[step]
    u, v = np.maximum(begin[which], enabled), np.minimum(end[which], log.complete[step])
    met = u < v
    step, enabled, u, v = step[met], enabled[met], u[met], v[met]
    # twice: until v with all it has, until u to be taken off again
    again = np.tile(np.arange(len(step)), 2)
    limit, sign = np.concatenate([v, u]), np.repeat([1, -1], len(step))
    by_case = np.argsort(log.case_of_step[step[again]], kind="stable")
    again, limit, sign = again[by_case], limit[by_case], sign[by_case]
    own = log.case_of_step[step[again]]
    cut = _Cut.of(life, own, log.activity[step[again]].astype(np.int64), enabled[again], limit)
    key_of_row = np.zeros(len(life.case), dtype=np.int64)
    for f in life.factors:
        if f.name != "channel":
            key_of_row = key_of_row * len(f.levels) + f.codes
    keys = len(life.factor("state").levels) * _keys_of_a_state(life)
    row = np.searchsorted(life.case * keys + key_of_row, own[cut.number] * keys + cut.key)
    time = np.zeros(len(life.case), dtype=np.int64)
    np.add.at(time, row, cut.time * sign[cut.number])
    found = np.flatnonzero(time)
    return found, time[found]


def shared_by(life: OpenLife, beside: Beside) -> Shared:
    """The contacts that fall into stretches beside, as `stats.adding_up` takes them beside `life.stretches(...)`.

    Whole contacts only, as in these: those shared out among cases, or that may have been redialled, aren't in.
    """
    whole = life.links.weight[beside.link] == 1.0
    link, count = np.unique(beside.link[whole], return_counts=True)
    place = life.place_in_stretches
    days = np.zeros(life.n_in_stretches)
    days[place[beside.row]] = beside.row_time / DAY
    return Shared(
        days=days,
        stretch=place[life.stretch_of_link[link]],
        offsets=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        beside=beside.stretch[whole],
    )
