"""Cases that end while they wait for somebody: customers who give up.

A replay takes the same cases again. Where customers give up while a step is awaited, more of them do when it is awaited for
longer, and with them goes the work that they would have brought: with fewer people queues grow less than they do where
everybody stays, and with more people they shrink less. (In a simulated service in which 0.5% of the cases gave up, one of eight
people fewer lengthened cycle times half as much as it would have without that.)

A case *gave up* where it ended, with one of the study's `ends` that needs no staff, some time after a step after which most
cases go on to a step that needs staff. An end that comes at once is a decision, and so is one after a step that most cases
take to wait for something else.

Such an end may be the customer's patience running out, or something that would have come anyway. It is taken for *patience*
where it tells: customers whose neighbours in the queue wait for long must leave in proportion to that wait more often than
they would if all were alike (likelihood, over all cases that wait after the same step). Then everybody who waits there has a
patience: of those who left it is on record; that of the others is longer than their wait, and is drawn from what the
records say of how many leave in the next hour, among those who have waited for so long. Had they stayed, those who left would
have gone on like a case of the same stratum that did. In a replay a case ends when its patience does before its step begins.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from streamline.kernels.queues import NEVER
from streamline.log.event_log import EventLog
from streamline.measure.waits.path import Paths
from streamline.units import MINUTE, counted
from streamline.whatif.staffing import Staffing

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: Cases that must have given up after an activity for their patience to be learned, or for it to be said that they did.
ENOUGH = 20
#: Cases on either side of one, in order of time, whose waits tell how long it had to wait.
NEIGHBOURS = 10
#: Most spans of waiting in which customers leave at a rate of their own.
MOST_SPANS = 3
#: Patience ends before this, so that instants can't overflow.
LONGEST = 1 << 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patience:
    """How long customers wait after one activity: the rate at which they leave, constant within spans of their wait."""

    #: (spans,) where each span begins, microseconds from 0 on; how many customers left in it, and how long all waited in it.
    since: Int64
    left: Int64
    spent: Float

    @property
    def rate(self) -> Float:
        """(spans,) customers who leave per microsecond."""
        return np.asarray(self.left / self.spent, dtype=np.float64)

    def drawn(self, rng: np.random.Generator) -> Patience:
        """The same with rates from what the records leave possible: as uncertain as a count of those who left."""
        return replace(self, spent=self.spent * self.left / rng.gamma(self.left))

    def beyond(self, waited: Int64, rng: np.random.Generator) -> Int64:
        """How long customers wait in all who have waited for so long already, drawn; microseconds."""
        at = np.concatenate([[0.0], np.cumsum(self.rate[:-1] * np.diff(self.since))])
        span = np.searchsorted(self.since, waited, side="right") - 1
        wanted = at[span] + self.rate[span] * (waited - self.since[span]) + rng.exponential(size=len(waited))
        span = np.searchsorted(at, wanted, side="right") - 1
        found = self.since[span] + (wanted - at[span]) / self.rate[span]
        return np.asarray(np.minimum(np.ceil(found), LONGEST), dtype=np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class GivingUp:
    """Who gave up in a log, and how long customers wait."""

    #: One an activity after which customers leave.
    patience: tuple[Patience, ...]
    #: (n_steps,) which of these the customer has who waits for the step; -1 for steps that nobody gives up on.
    kind: Int64 = field(repr=False)
    #: (n_steps,) start minus enabled.
    waited: Int64 = field(repr=False)
    #: (n,) cases that gave up, the step with which each ended, and the wait at which it did.
    case: Int64 = field(repr=False)
    end: Int64 = field(repr=False)
    known: Int64 = field(repr=False)
    #: (n,) the step of another case with which each would have gone on.
    onward: Int64 = field(repr=False)
    #: What a reader of estimates must know.
    caveats: tuple[str, ...]

    @staticmethod
    def none(n_steps: int, caveats: tuple[str, ...] = ()) -> GivingUp:
        """Nobody gives up."""
        nobody = np.zeros(0, dtype=np.int64)
        steps = np.full(n_steps, -1, dtype=np.int64)
        return GivingUp(
            patience=(), kind=steps, waited=np.zeros(n_steps, dtype=np.int64), case=nobody, end=nobody, known=nobody,
            onward=nobody, caveats=caveats,
        )  # fmt: skip

    def drawn(self, step: Int64, known: Int64, rng: np.random.Generator, *, anew: bool) -> Int64:
        """The patience of the customers who wait for these steps of the log; microseconds, NEVER where nobody gives up.

        known : for each of them the patience where it is on record, else below 0. anew : whether how fast customers leave is
        drawn as well.
        """
        found = np.full(len(step), NEVER, dtype=np.int64)
        kind, waited = self.kind[step], self.waited[step]
        for k, patience in enumerate(self.patience):
            mine = np.flatnonzero(kind == k)
            found[mine] = (patience.drawn(rng) if anew else patience).beyond(waited[mine], rng)
        return np.asarray(np.where(known >= 0, known, found), dtype=np.int64)


def found_giving_up(paths: Paths, staffing: Staffing, *, stratum: npt.NDArray[np.object_]) -> GivingUp:
    """Find who gave up, and learn how long customers wait; see the module's text. stratum : a label a case."""
    log = paths.log
    gave_up, mostly = _gave_up(paths, staffing)
    if len(np.unique(log.case_of_step[gave_up])) < ENOUGH:
        return GivingUp.none(log.n_steps)
    before = log.activity[paths.predecessor]
    waited = np.where(paths.known, np.maximum(paths.waiting, 0), 0)
    stayed = staffing.staffed & (paths.predecessor >= 0) & paths.known & log.closed[log.case_of_step]
    rng = np.random.Generator(np.random.PCG64(len(gave_up)))
    kind = np.full(log.n_steps, -1, dtype=np.int64)
    patience: list[Patience] = []
    modelled = np.zeros(len(gave_up), dtype=np.bool_)
    onward = np.full(len(gave_up), -1, dtype=np.int64)
    for a in np.flatnonzero(mostly):
        here, those = np.flatnonzero(before[gave_up] == a), np.flatnonzero(stayed & (before == a))
        left = log.complete[gave_up[here]] - paths.enabled[gave_up[here]]
        if len(here) < ENOUGH or not _goes_with_waits(
            paths.enabled[gave_up[here]], paths.enabled[those], waited[those]
        ):
            continue
        found = learned(left, waited[those])
        kind[those] = len(patience)
        patience.append(found)
        modelled[here] = True
        onward[here] = _like(log, gave_up[here], those, stratum, rng)
    mine = gave_up[modelled]
    n, n_rest = len(np.unique(log.case_of_step[mine])), len(np.unique(log.case_of_step[gave_up[~modelled]]))
    return GivingUp(
        patience=tuple(patience),
        kind=kind,
        waited=waited,
        case=log.case_of_step[mine].astype(np.int64),
        end=mine,
        known=log.complete[mine] - paths.enabled[mine],
        onward=onward[modelled],
        caveats=(*_said(log, mine, n), *_said_of_others(log, gave_up[~modelled], n_rest)),
    )


def _gave_up(paths: Paths, staffing: Staffing) -> tuple[Int64, Bool]:
    """The steps with which cases gave up; and by activity whether most cases go on from it to a step that needs staff."""
    log = paths.log
    mostly = np.zeros(len(log.activities), dtype=np.bool_)
    if log.ends is None:
        return np.zeros(0, dtype=np.int64), mostly
    ends = np.isin(log.activity, [log.activity_code(a) for a in log.ends if a in log.activities])
    after = np.flatnonzero(paths.predecessor >= 0)
    before = log.activity[paths.predecessor[after]]
    went_on = np.bincount(before, weights=staffing.staffed[after], minlength=len(mostly))
    mostly = went_on > 0.5 * np.bincount(before, minlength=len(mostly))
    last = np.zeros(log.n_steps, dtype=np.bool_)
    last[log.case_offsets[1:][np.diff(log.case_offsets) > 0] - 1] = True
    chosen = ends[after] & last[after] & ~staffing.staffed[after] & mostly[before]
    return after[chosen & (log.complete[after] > paths.enabled[after])], mostly


def _goes_with_waits(left_at: Int64, enabled: Int64, waited: Int64) -> bool:
    """Whether those who left did so in proportion to how long their neighbours waited, rather than all alike.

    left_at : when the step was enabled that they didn't wait for. enabled, waited : of the cases that stayed.
    """
    if len(enabled) <= 2 * NEIGHBOURS:
        return False
    order = np.argsort(enabled, kind="stable")
    at, total = enabled[order], np.concatenate([[0.0], np.cumsum(waited[order].astype(np.float64))])
    place = np.arange(len(at))
    others = total[np.minimum(place + NEIGHBOURS + 1, len(at))] - total[np.maximum(place - NEIGHBOURS, 0)]
    n = np.minimum(place + NEIGHBOURS + 1, len(at)) - np.maximum(place - NEIGHBOURS, 0)
    offered = (others - waited[order]) / (n - 1)
    near = np.searchsorted(at, left_at)
    first, last = np.maximum(near - NEIGHBOURS, 0), np.minimum(near + NEIGHBOURS, len(at))
    theirs = np.maximum((total[last] - total[first]) / (last - first), MINUTE)
    everybody = np.maximum(np.concatenate([offered, theirs]), MINUTE)
    return bool(np.log(theirs / everybody.mean()).sum() > 0)


def learned(left: Int64, waited: Int64) -> Patience:
    """The rates at which customers leave: those who did after so long, over the time that all of them waited."""
    n_spans = max(min(MOST_SPANS, len(left) // ENOUGH), 1)
    # at waits after which somebody left, and not the last of them: so somebody leaves in each span
    edges = np.quantile(left, np.arange(1, n_spans) / n_spans, method="lower").astype(np.int64)
    since = np.unique(np.concatenate([[0], edges[edges < left.max()]]))
    until = np.append(since[1:], LONGEST)
    every = np.concatenate([left, waited])
    spent = np.array([np.clip(every - a, 0, b - a).sum(dtype=np.float64) for a, b in zip(since, until, strict=True)])
    n = np.array([((left > a) & (left <= b)).sum() for a, b in zip(since, until, strict=True)], dtype=np.int64)
    return Patience(since=since, left=n, spent=spent)


def _like(
    log: EventLog, ends: Int64, those: Int64, stratum: npt.NDArray[np.object_], rng: np.random.Generator
) -> Int64:
    """For each case that gave up a step of those that were waited for, of a case of the same stratum where there is one."""
    found = those[rng.integers(0, len(those), len(ends))]
    theirs, mine = stratum[log.case_of_step[those]], stratum[log.case_of_step[ends]]
    for label in np.unique(mine.astype(str)):
        donors, wanted = those[theirs == label], np.flatnonzero(mine == label)
        if len(donors):
            found[wanted] = donors[rng.integers(0, len(donors), len(wanted))]
    return found


def _said(log: EventLog, ends: Int64, n: int) -> tuple[str, ...]:
    if not n:
        return ()
    return (
        f"{counted(n, 'case')} of {log.n_cases:,} end ({_names(log, ends)}) while they wait for people, the more the longer "
        "that takes. In estimates more cases do where waits grow, and fewer where they shrink; nobody knows what these cases "
        "would have become, so they are taken to go on like others.",
    )


def _said_of_others(log: EventLog, ends: Int64, n: int) -> tuple[str, ...]:
    if n < ENOUGH:
        return ()
    return (
        f"{counted(n, 'case')} of {log.n_cases:,} end ({_names(log, ends)}) while they wait for people, but not more of them "
        "where that takes longer. The replay takes the same cases again, so longer waits make no more of them go and "
        "shorter ones no fewer; were it patience, what fewer people or more demand would add to waits is overstated, and "
        "what more people would save is overstated too.",
    )


def _names(log: EventLog, ends: Int64) -> str:
    return ", ".join(sorted({log.activities[a] for a in log.activity[ends]}))
