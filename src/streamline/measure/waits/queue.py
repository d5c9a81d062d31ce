"""How many cases wait and are worked on, over time, with Little's law as a check.

- *waiting* for a step: from its enabling to its start. *In service*: from its start to its completion.
- Where no start is recorded the two can't be told apart: the step is *waiting or in service* from enabling to completion.
- A step that was started and never completed is in service until the log ends. An open case without such a step waits, from its
  last completion until the log ends, for a step that the log doesn't name: it is *waiting*, for an unknown step.

**Little's law.** Over any window of length T, the time that all things spend in a state within the window is L T, with L the
mean number in that state. Summed over the n things that entered within the window it is n W, with W their mean time in the state
(until the log ends for those still in it), apart from what the window cuts off at its edges:

    L T = n W + (time within the window of those that entered before) - (time after the window of those that entered within)

Both sides are counted separately, in whole microseconds, and must be equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import Chart, Line, LineChart
from streamline.kernels.buckets import bucket_times, enabled_unfinished
from streamline.log.event_log import EventLog
from streamline.log.kinds import check_log
from streamline.measure.periods import Every, period_edges, period_words
from streamline.measure.waits.path import ConcurrencyRule, Paths, paths
from streamline.measure.waits.places import Groups, pool_of_step
from streamline.results import Result
from streamline.units import DAY, HOUR, MISSING_TIME, counted

Int64 = npt.NDArray[np.int64]

WAITING, IN_SERVICE, EITHER = "waiting", "in service", "waiting or in service"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stays:
    """Stretches of time in one state, half-open: instants in microseconds; `case` numbers the case of each."""

    state: str
    case: Int64
    begin: Int64
    end: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class LittlesLaw:
    """Little's law for one state, over the window. `residual_us` is left minus right side of the law, and is 0."""

    state: str
    window_days: float
    #: L, the mean number in the state.
    mean_number: float
    #: How many entered the state within the window, and how many a day (λ).
    n: int
    arrivals_per_day: float
    #: W, the mean time in the state of those that entered within the window; NaN when none did.
    mean_days: float
    #: Days in the window of those that entered before it, and days after it of those that entered in it.
    carried_in_days: float
    carried_out_days: float
    residual_us: int


@dataclass(frozen=True, kw_only=True, repr=False)
class QueueOverTime(Result):
    """Numbers waiting and in service over time; n counts the cases behind them.

    `table`, one row a period: since, until (in the log's zone), mean_waiting, mean_in_service, mean_waiting_or_in_service
    (time averages, exact), n_entered, n_started, n_completed (in the period). The first and the last period are cut
    to the window.
    """

    #: What is counted, in words: every step, one activity, a pool.
    subject: str
    every: Every
    #: Instants: the first and the end of the window.
    window: tuple[int, int]
    #: One a state that occurs.
    littles_law: tuple[LittlesLaw, ...]
    _log: EventLog = field(repr=False)
    _stays: tuple[Stays, Stays, Stays] = field(repr=False)
    _n_completed: int = field(repr=False)
    _edges: Int64 = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a stay: case, state, since, until, hours (whole stays, also where the window cuts them)."""
        log = self._log
        return pd.DataFrame(
            {
                "case": log.case_id_array(np.concatenate([s.case for s in self._stays])),
                "state": np.repeat([s.state for s in self._stays], [len(s.case) for s in self._stays]),
                "since": log.instants(np.concatenate([s.begin for s in self._stays])),
                "until": log.instants(np.concatenate([s.end for s in self._stays])),
                "hours": np.concatenate([s.end - s.begin for s in self._stays]) / HOUR,
            }
        )

    def by(self, every: Every) -> QueueOverTime:
        """The same queue in the same window, by "hour", "day", "week", "month" or "quarter"."""
        edges = _edges(self._log, self.window, every)
        return replace(
            self, every=every, table=_by_period(self._log, self._stays, self._n_completed, edges), _edges=edges
        )

    def chart(self) -> Chart:
        """Mean numbers waiting and in service, one point a period."""
        at = tuple(map(int, self._edges[:-1]))
        columns = {WAITING: "mean_waiting", IN_SERVICE: "mean_in_service", EITHER: "mean_waiting_or_in_service"}
        lines = [
            Line(label=law.state, at=at, values=tuple(map(float, self.table[columns[law.state]])), holds=True)
            for law in self.littles_law
        ]
        most = max(self.littles_law, key=lambda law: law.mean_number if law.state != IN_SERVICE else -1.0)
        column = self.table[columns[most.state]]
        peak = self.table["since"].iloc[int(np.argmax(column))]
        return LineChart(
            title=f"{self.subject}: {most.mean_number:,.1f} {most.state} on average, most in "
            f"{period_words(peak, self.every)}: {column.max():,.1f}",
            axis=f"Mean number in the {self.every} ({self.subject})",
            lines=tuple(lines),
            timezone=self._log.timezone,
            note=f"{counted(self.n, 'case')}",
        )


def queue_over_time(
    log: EventLog,
    *,
    activity: str | None = None,
    group: str | None = None,
    groups: Groups | None = None,
    every: Every = "day",
    window: tuple[int, int] | None = None,
    rule: ConcurrencyRule | None = None,
) -> QueueOverTime:
    """How many steps wait and are worked on over time: all of them, those of one activity, or those of one pool.

    activity : only steps of this activity. group : only steps whose resource is in this pool of `groups`, the pools as for
        `bottlenecks_by` (found when None). Steps that nobody has begun yet have no resource, and aren't in any pool.
    every : "hour", "day", "week", "month" or "quarter" of the log's zone. window : (first, end) instants; by default from the
        first arrival to the last instant that the log knows of. Open cases count too.

    A case with two steps side by side counts twice. The log's own beginning is a cut: cases that arrived before it aren't
    known, so the first numbers are too small.

    Returns QueueOverTime. Raises UnknownNameError for an activity or a pool that isn't there, ValueError for a window
    without length, InsufficientDataError when nothing waits or is worked on in it.
    """
    check_log(log)
    found = paths(log, rule=rule)
    stays, n_completed, subject, unplaced = stays_of(found, activity, group, groups)
    if window is None:
        known = log.arrival[log.arrival != MISSING_TIME]
        window = (int(known.min()), log.observed_until) if len(known) else (0, 0)
        window = (window[0], max(window[1], window[0] + 1))
    first, last = window
    edges = _edges(log, window, every)
    n = len(np.unique(np.concatenate([s.case[(s.begin < last) & (s.end > first)] for s in stays])))
    if n == 0:
        raise InsufficientDataError(f"{log.source}: {subject} has no step that waits or is worked on in the window.")
    laws = tuple(_little(s, _area(s, edges), first, last) for s in stays if len(s.begin))
    return QueueOverTime(
        table=_by_period(log, stays, n_completed, edges),
        n=n,
        excluded={},
        caveats=tuple(_caveats(found, stays, unplaced)),
        subject=subject,
        every=every,
        window=(first, last),
        littles_law=laws,
        _log=log,
        _stays=stays,
        _n_completed=n_completed,
        _edges=edges,
    )


def _edges(log: EventLog, window: tuple[int, int], every: Every) -> Int64:
    """Where the periods begin, and where the last one ends, cut to the window."""
    edges = period_edges(log, *window, every)
    edges[0], edges[-1] = window
    return edges


def _by_period(log: EventLog, stays: tuple[Stays, Stays, Stays], n_completed: int, edges: Int64) -> pd.DataFrame:
    """The table of `QueueOverTime`; `n_completed` of the stays in service, the first ones, end with a completion."""
    means = {}
    for s in stays:
        whole, partial = _times(s, edges)
        means[s.state] = whole + partial / np.diff(edges).astype(np.float64)
    starts, completions = stays[1].begin, np.concatenate([stays[1].end[:n_completed], stays[2].end])
    return pd.DataFrame(
        {
            "since": log.instants(edges[:-1]),
            "until": log.instants(edges[1:]),
            "mean_waiting": means[WAITING],
            "mean_in_service": means[IN_SERVICE],
            "mean_waiting_or_in_service": means[EITHER],
            "n_entered": _counts(np.concatenate([stays[0].begin, stays[2].begin]), edges),
            "n_started": _counts(starts, edges),
            "n_completed": _counts(completions, edges),
        }
    )


def stays_of(
    found: Paths, activity: str | None, group: str | None, groups: Groups | None
) -> tuple[tuple[Stays, Stays, Stays], int, str, int]:
    """Stays waiting, in service and in either; how many of those in service end with a completion (they come first); the
    subject; and how many stays of open cases couldn't be placed."""
    log = found.log
    chosen = np.ones(log.n_steps, dtype=np.bool_)
    begun = log.unfinished["case"].to_numpy(dtype=np.int64)
    begun_activity = np.asarray([log.activity_code(a) for a in log.unfinished["activity"]], dtype=np.int32)
    begun_at = log.unfinished["start"].to_numpy(dtype=np.int64)
    begun_enabled = enabled_unfinished(
        begun, begun_activity, begun_at, log.case_offsets, log.activity, log.complete, log.arrival, *found.partners
    )
    waits = np.setdiff1d(np.flatnonzero(~log.closed & (log.arrival != MISSING_TIME)), begun)
    waits_since = np.where(log.last_completion[waits] == MISSING_TIME, log.arrival[waits], log.last_completion[waits])
    unplaced, words = 0, []
    if activity is not None:
        code = log.activity_code(activity)
        chosen &= log.activity == code
        own = begun_activity == code
        begun, begun_at, begun_enabled = begun[own], begun_at[own], begun_enabled[own]
        words.append(activity)
    if group is not None:
        pools = pool_of_step(log, groups)
        if group not in pools.names:
            raise UnknownNameError(what="pool", name=group, known=pools.names)
        chosen &= np.asarray(pools.names, dtype=object)[pools.codes] == group
        unplaced += len(begun)
        begun, begun_at, begun_enabled = begun[:0], begun_at[:0], begun_enabled[:0]
        words.append(f"pool {group}")
    if words:
        unplaced += len(waits)
        waits, waits_since = waits[:0], waits_since[:0]
    known, unknown = np.flatnonzero(chosen & found.known), np.flatnonzero(chosen & ~found.known)
    case, until = log.case_of_step, log.observed_until
    waiting = Stays(
        state=WAITING,
        case=np.concatenate([case[known], begun, waits]),
        begin=np.concatenate([found.enabled[known], begun_enabled, waits_since]),
        end=np.concatenate([log.start[known], begun_at, np.full(len(waits), until)]),
    )
    service = Stays(
        state=IN_SERVICE,
        case=np.concatenate([case[known], begun]),
        begin=np.concatenate([log.start[known], begun_at]),
        end=np.concatenate([log.complete[known], np.full(len(begun), until)]),
    )
    either = Stays(state=EITHER, case=case[unknown], begin=found.enabled[unknown], end=log.complete[unknown])
    return (
        (waiting, service, either),
        len(known),
        " by ".join(words) or "all steps",
        unplaced,
    )


def _times(stays: Stays, edges: Int64) -> tuple[Int64, Int64]:
    """How many stays fill each period, and the time in it of the others, microseconds."""
    whole, partial = bucket_times(stays.begin, stays.end, np.ones(len(stays.begin), dtype=np.int64), edges)
    return whole, partial


def _area(stays: Stays, edges: Int64) -> int:
    """The time in the state within the window, counted period by period, microseconds."""
    whole, partial = _times(stays, edges)
    return sum(int(w) * int(t) + int(p) for w, t, p in zip(whole, np.diff(edges), partial, strict=True))


def _little(stays: Stays, area: int, first: int, last: int) -> LittlesLaw:
    """Both sides of the law; `area` is the time in the state within the window, counted period by period."""
    begin, end = stays.begin, stays.end
    within = (begin >= first) & (begin < last)
    n, time = int(within.sum()), _sum(end[within] - begin[within])
    before = (begin < first) & (end > first)
    carried_in = _sum(np.minimum(end[before], last) - first)
    beyond = within & (end > last)
    carried_out = _sum(end[beyond] - last)
    return LittlesLaw(
        state=stays.state,
        window_days=(last - first) / DAY,
        mean_number=area / (last - first),
        n=n,
        arrivals_per_day=n / ((last - first) / DAY),
        mean_days=time / n / DAY if n else float("nan"),
        carried_in_days=carried_in / DAY,
        carried_out_days=carried_out / DAY,
        residual_us=area - (time + carried_in - carried_out),
    )


def _sum(values: Int64) -> int:
    """The sum of durations, whatever its size."""
    return (int((values >> 20).sum()) << 20) + int((values & ((1 << 20) - 1)).sum())


def _counts(instants: Int64, edges: Int64) -> Int64:
    inside = instants[(instants >= edges[0]) & (instants < edges[-1])]
    return np.bincount(np.searchsorted(edges, inside, side="right") - 1, minlength=len(edges) - 1)


def _caveats(found: Paths, stays: tuple[Stays, Stays, Stays], unplaced: int) -> list[str]:
    caveats = list(found.log.start_caveats)
    if len(stays[2].case):
        caveats.append(
            f"{counted(len(stays[2].case), 'step')} without a recorded start can't be told to wait or to be worked on; they are "
            "counted apart."
        )
    if unplaced:
        caveats.append(
            f"{counted(unplaced, 'step')} that open cases await or are in when the log ends can't be placed here, so the last "
            "numbers are too small."
        )
    elif len(stays[0].case) and (~found.log.closed).any():
        caveats.append("Open cases count as waiting, or in service, until the log ends.")
    caveats.append("Cases that arrived before the log begins aren't known, so the first numbers are too small.")
    return caveats
