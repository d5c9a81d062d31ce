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
    links, log = life.links, life.links.log
    step = np.flatnonzero(~paths.critical & (paths.enabled < log.complete))
    case, n = log.case_of_step[step], len(step)
    width = len(log.activities)
    # each step in a life of its own: from the arrival to its enabling something that isn't told, then the step
    state = np.column_stack([np.full(n, width), log.activity[step]]).ravel().astype(np.int32)
    since = np.column_stack([log.arrival[case], paths.enabled[step]]).ravel()
    until = np.column_stack([paths.enabled[step], log.complete[step]]).ravel()
    size = links.offsets[case + 1] - links.offsets[case]
    offsets = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    link = np.repeat(links.offsets[case] - offsets[:-1], size) + np.arange(int(size.sum()))
    last = log.last_completion
    ages = np.array([round(e * DAY) for e in life.ages], dtype=np.int64)
    of, key, time, _, key_of_link = stretches(
        np.arange(0, 2 * n + 1, 2), state, since, until, np.full(n, width, dtype=np.int32), log.complete[step],
        log.complete[step], overdue_from(log, last, life.standard)[case], offsets, links.time[link], links.weight[link],
        np.array([round(e * DAY) for e in life.bands], dtype=np.int64), round(REPEAT_DAYS * DAY),
        np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int32), 1, *links.period, ages,
    )  # fmt: skip
    names = life.factor("state").levels
    by_age = any(f.name == "age" for f in life.factors)
    factors = factors_of(key, names, life.bands, [], REPEAT_DAYS, life.standard, life.ages if by_age else None)
    told = factors[0].codes != width
    keys = int(key.max(initial=0)) + 1
    place = np.searchsorted(of * keys + key, np.repeat(np.arange(n), size) * keys + key_of_link)
    inside = key_of_link >= 0
    inside[inside] = told[place[inside]]
    pairs = np.flatnonzero(inside)
    pairs = pairs[np.argsort(link[pairs], kind="stable")]
    own = case[of[told]]
    factors = tuple(Factor(name=f.name, codes=f.codes[told], levels=f.levels) for f in factors)
    if any(f.name == "channel" for f in life.factors):
        factors = (*factors, channel_of(log, own))
    return Beside(
        case=own,
        time=time[told],
        factors=factors,
        link=link[pairs],
        stretch=(np.cumsum(told) - 1)[place[pairs]],
    )


def shared_by(life: OpenLife, beside: Beside) -> Shared:
    """The contacts that fall into stretches beside, as `stats.adding_up` takes them beside `life.stretches(...)`.

    Whole contacts only, as in these: those shared out among cases, or that may have been redialled, aren't in.
    """
    whole = life.links.weight[beside.link] == 1.0
    link, count = np.unique(beside.link[whole], return_counts=True)
    return Shared(
        stretch=life.place_in_stretches[life.stretch_of_link[link]],
        offsets=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        beside=beside.stretch[whole],
    )
