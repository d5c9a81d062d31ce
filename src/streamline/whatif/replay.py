"""The replay of the same cases, without queues.

Each case keeps its arrival, its steps in order, its service times and its waits as observed; a change edits them, and
each step then begins its wait when the steps that it waited for are (newly) completed; where parallel branches meet,
that is the latest of them. Queues are not modelled: people who are set
free do not shorten other cases' waits here, so effects of changes that free staff are understated, and changes in
staffing can't be estimated at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError, ScenarioError, UnsupportedChangeError, listed
from streamline.kernels.replay import (
    awaited_time,
    cut_with_consequences,
    joined_steps,
    last_completions,
    replay_completions,
)
from streamline.log.calendar import Calendar
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.measure.contact import Exposure, contact_exposure
from streamline.measure.loops.rework import Occurrences, loop_occurrences
from streamline.measure.waits.path import ConcurrencyRule, Paths, paths, staff_time
from streamline.measure.waits.releases import Releases, observed_releases
from streamline.units import DAY, HOUR
from streamline.whatif.change import (
    ESTIMATED,
    WEEKDAYS,
    Automate,
    Change,
    ReduceRework,
    Release,
    RemoveStep,
    ShortenExternal,
    SpeedUp,
)

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

QUEUES_CAVEAT = (
    "Queues are not modelled yet: each wait stays as it was observed unless the change touches it. What people whom a "
    "change sets free would do for other cases is left out, and so is work that would queue elsewhere. The intervals hold "
    "the sample and the belief about the change, not the error of leaving queues out."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ReplayModel:
    """A log made ready for replay: what enabled each step, its wait and service, its loops, its contacts."""

    log: EventLog
    paths: Paths
    #: What each step waited for: `joined[join_offsets[s]:join_offsets[s + 1]]`; more than one where branches meet.
    join_offsets: Int64
    joined: Int64
    occurrences: Occurrences
    contacts: Exposure | None
    calendar: Calendar | None
    #: int64 microseconds, one a step. Time that can't be told apart (no start recorded) stands in `wait`.
    wait: Int64
    service: Int64
    #: Office time of staff in each step, microseconds; None without a calendar or without recorded starts.
    staff: Int64 | None
    caveats: tuple[str, ...] = (QUEUES_CAVEAT,)

    def __repr__(self) -> str:
        return f"<ReplayModel of {self.log.source}: {self.log.n_cases:,} cases, {self.log.n_steps:,} steps, without queues>"


def fit_replay(
    log: EventLog,
    *,
    contacts: ContactLog | None = None,
    calendar: Calendar | None = None,
    whole: EventLog | None = None,
    rule: ConcurrencyRule | None = None,
) -> ReplayModel:
    """Make a log ready for replay.

    contacts : when given, estimates include contacts, at the observed rate per open day in each state.
    calendar : office hours; needed by changes of releases.
    whole : the log before it was filtered (see `contact_rates`).

    Returns a ReplayModel. Raises InsufficientDataError when no case is closed, or no contact names a case.
    """
    if not log.closed.any():
        raise InsufficientDataError(f"{log.source}: none of {log.n_cases:,} cases is closed; nothing to replay.")
    found = paths(log, rule=rule)
    join_offsets, joined = joined_steps(log.case_offsets, log.activity, log.start, log.complete, *found.partners)
    return ReplayModel(
        log=log,
        paths=found,
        join_offsets=join_offsets,
        joined=joined,
        occurrences=loop_occurrences(log),
        contacts=None if contacts is None else contact_exposure(log, contacts, whole=whole),
        calendar=calendar,
        wait=found.waiting + found.sojourn,
        service=found.service,
        staff=None if calendar is None or not log.has_start else staff_time(log, calendar),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One replay: figures of each case, in the order of the log's cases."""

    #: Days from arrival to last completion; NaN for open cases.
    cycle_days: Float
    #: Office hours of staff; None without a calendar or without recorded starts.
    staff_hours: Float | None
    #: (n_cases, n_activities) days awaiting each activity within the contact period; None without contacts.
    awaited_days: Float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Schedule:
    """When an activity is released: the windows in which a ready case need not wait, and what is left of the rest."""

    observed: Releases
    start: Int64
    end: Int64
    #: The rest of the wait after a release, in proportion to the size of the batches: new over observed.
    rest: float


class Replayer:
    """A scenario bound to a model: everything that doesn't change from draw to draw, prepared once.

    Raises UnsupportedChangeError for a kind that this replay can't estimate, UnknownNameError for names that the log
    doesn't have, ScenarioError for changes that contradict each other or the log, InsufficientDataError where the
    records can't carry the change.
    """

    def __init__(self, model: ReplayModel, changes: Sequence[Change]) -> None:
        self._model = model
        for change in changes:
            kind = str(getattr(change, "kind", type(change).__name__))
            if kind not in ESTIMATED:
                raise UnsupportedChangeError(
                    f"Changes of the kind {kind!r} can't be estimated yet: they need the queues, or the contact model, "
                    f"that this version doesn't have. It estimates: {listed(ESTIMATED, limit=20)}."
                )
        self._changes = sorted(enumerate(changes), key=lambda item: ESTIMATED.index(str(getattr(item[1], "kind", ""))))
        _contradictions(changes)
        occurrences = model.occurrences
        self._by_slot = np.lexsort((occurrences.repeat, occurrences.head))
        self._matching = {i: self._prepared_loops(c) for i, c in self._changes if isinstance(c, ReduceRework)}
        self._steps = {i: self._prepared_steps(c) for i, c in self._changes if not isinstance(c, ReduceRework)}
        self._schedules = {i: self._prepared_release(c) for i, c in self._changes if isinstance(c, Release)}
        #: What a reader must know of these changes.
        self.caveats = tuple(c for _, change in self._changes for c in self._untouched(change))

    def replay(self, *, seed: Sequence[int] | None) -> Replayed:
        """Replay all cases once.

        seed : of this draw's beliefs and random choices. None replays the cases without the changes.
        """
        model = self._model
        log = model.log
        wait, service = model.wait.copy(), model.service.copy()
        effort = np.ones(log.n_steps)  # share of each step's staff time that remains
        keep = np.ones(log.n_steps, dtype=np.bool_)
        schedule_of_step = np.full(log.n_steps, -1, dtype=np.int32)
        schedules: list[_Schedule] = []
        for place, change in self._changes if seed is not None else ():
            rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([*(seed or ()), place])))
            if isinstance(change, ReduceRework):
                keep &= ~self._cut_steps(place, change.drawn(rng), rng)
                continue
            steps = self._steps[place]
            if isinstance(change, RemoveStep):
                chance = rng.random(log.n_cases) if change.belief()[0] < 1 else np.zeros(log.n_cases)
                keep[steps[chance[log.case_of_step[steps]] < change.drawn(rng)]] = False
            elif isinstance(change, Automate):
                wait[steps] = 0
                service[steps] = round(change.drawn(rng))
                effort[steps] = 0
            elif isinstance(change, SpeedUp):
                share = 1 - change.drawn(rng)
                service[steps] = self._quicker(steps, share, service[steps])
                effort[steps] *= share
            elif isinstance(change, ShortenExternal):
                share = 1 - change.drawn(rng)
                wait[steps] = np.rint(wait[steps] * share).astype(np.int64)
                service[steps] = np.rint(service[steps] * share).astype(np.int64)
            elif isinstance(change, Release):
                plan = self._schedules[place]
                wait[plan.observed.step] = np.rint(plan.observed.rest * plan.rest).astype(np.int64)
                schedule_of_step[plan.observed.step] = len(schedules)
                schedules.append(plan)
        wait[~keep] = 0
        service[~keep] = 0
        schedule_of_step[~keep] = -1
        complete = replay_completions(
            log.case_offsets,
            model.join_offsets,
            model.joined,
            log.arrival,
            wait,
            service,
            schedule_of_step,
            np.cumsum([0, *(len(s.start) for s in schedules)]).astype(np.int64),
            np.concatenate([np.zeros(0, dtype=np.int64), *(s.start for s in schedules)]),
            np.concatenate([np.zeros(0, dtype=np.int64), *(s.end for s in schedules)]),
        )
        last = last_completions(log.case_offsets, complete, keep, log.arrival)
        hours = None
        if model.staff is not None:
            hours = np.bincount(log.case_of_step, weights=model.staff * effort * keep, minlength=log.n_cases) / HOUR
        awaited = None
        if model.contacts is not None:
            first, until = model.contacts.period
            awaited = (
                awaited_time(
                    log.case_offsets, log.activity, len(log.activities), log.arrival, complete, keep, first, until
                )
                / DAY
            )
        return Replayed(
            cycle_days=np.where(log.closed, (last - log.arrival) / DAY, np.nan),
            staff_hours=hours,
            awaited_days=awaited,
        )

    def _quicker(self, steps: Int64, share: float, service: Int64) -> Int64:
        """Service times of these steps when only this share of their work remains.

        With office hours, the work within them is shortened and the step ends when that much of it is done after its
        observed start: a task that ran over a night by half an hour loses the night with the half hour, and one that
        doesn't reach closing time loses no night. Work outside the office hours, or without them, is scaled by the clock.
        """
        model = self._model
        scaled: Int64 = np.rint(service * share).astype(np.int64)
        if model.calendar is None or model.staff is None or share >= 1:
            return scaled
        work = model.staff[steps]
        inside = work > 0
        begun = model.log.start[steps][inside]
        done = model.calendar.add_working_time(begun, np.rint(work[inside] * share).astype(np.int64))
        scaled[inside] = np.minimum(done - begun, service[inside])
        return scaled

    def _prepared_loops(self, change: ReduceRework) -> Bool:
        """Which occurrences match, in the order of the slots."""
        matching = self._model.occurrences.matching(to=change.to, leaving=change.from_, through=change.through)
        if not matching.any():
            raise InsufficientDataError(f"No loop in {self._model.log.source} matches: {change.words()}.")
        return matching[self._by_slot]

    def _cut_steps(self, place: int, share: float, rng: np.random.Generator) -> Bool:
        found, order = self._model.occurrences, self._by_slot
        drawn = np.empty(len(found), dtype=np.bool_)
        drawn[:] = self._matching[place] & (rng.random(len(found)) < share)
        trigger = found.log.activity[found.trigger][order]
        cut = np.zeros(len(found) + 1, dtype=np.bool_)
        cut[order] = cut_with_consequences(found.head[order], trigger, found.onward[order] == trigger, drawn)
        return np.asarray(cut[found.loop], dtype=np.bool_)  # place -1, the first pass, is the extra False

    def _prepared_steps(self, change: Change) -> Int64:
        """Places of the steps of the change's activity, after checking that the records can carry the change."""
        log = self._model.log
        activity = str(getattr(change, "activity", ""))
        steps = np.flatnonzero(log.activity == log.activity_code(activity))
        if isinstance(change, ShortenExternal) and activity not in log.external:
            raise ScenarioError(
                f"{activity!r} isn't declared external, so its wait isn't the customer's to shorten. "
                f"External in this study: {listed(log.external)}. Declare it in log: external, or use another kind."
            )
        if isinstance(change, (SpeedUp, Automate)) and not self._model.paths.known[steps].any():
            raise InsufficientDataError(
                f"{log.source} records no start of {activity!r}, so its service time isn't known and "
                f"a change of it can't be estimated."
            )
        if isinstance(change, (SpeedUp, Automate)):
            steps = steps[self._model.paths.known[steps]]
        return steps

    def _untouched(self, change: Change) -> tuple[str, ...]:
        """In words, the steps that the change should touch and can't, because their start isn't recorded."""
        if not isinstance(change, (SpeedUp, Automate)):
            return ()
        log = self._model.log
        mine = log.activity == log.activity_code(change.activity)
        unknown = int((mine & ~self._model.paths.known).sum())
        if not unknown:
            return ()
        return (
            f"{unknown:,} of {int(mine.sum()):,} steps of {change.activity} have no recorded start; they stay as they were.",
        )

    def _prepared_release(self, change: Release) -> _Schedule:
        model = self._model
        calendar = model.calendar
        if calendar is None:
            raise ScenarioError(
                f"A change of releases needs the office hours (calendar): without them, a night can't be told "
                f"from a batch of {change.activity!r}."
            )
        observed = observed_releases(model.paths, change.activity, calendar=calendar)
        first, last = model.log.period
        until = last + 366 * DAY
        if change.every == "immediately":
            openings = calendar.openings(first, until)
            return _Schedule(observed=observed, start=openings[:, 0].copy(), end=openings[:, 1].copy(), rest=0.0)
        at = _release_instants(change.every, observed, calendar, first, until, model.log)
        interval = float(np.diff(at).mean()) if len(at) > 1 else float(DAY)
        before = float(np.diff(observed.releases).mean())
        return _Schedule(observed=observed, start=at, end=at + 1, rest=min(1.0, interval / before))


def _contradictions(changes: Sequence[Change]) -> None:
    """Refuse two changes that say different things about the service or the release of one activity."""
    for kinds in ((Automate, SpeedUp), (Release,), (Automate, Release), (ShortenExternal,)):
        names = [str(getattr(c, "activity", "")) for c in changes if isinstance(c, kinds)]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ScenarioError(
                f"Two changes contradict each other: {' and '.join(sorted({k.__name__ for k in kinds}))} of "
                f"{listed(twice)} more than once in a scenario."
            )


def _release_instants(
    every: str, observed: Releases, calendar: Calendar, first: int, until: int, log: EventLog
) -> Int64:
    """The instants of a release rhythm: on working days, at the usual time of day of the observed releases."""
    import pandas as pd

    local = log.instants(observed.releases).tz_convert(calendar.timezone)
    usual = int(np.median(local.hour * 60 + local.minute))
    if ":" in every:
        hours, _, minutes = every.partition(":")
        usual = int(hours) * 60 + int(minutes)
    zone = calendar.timezone
    days = pd.date_range(
        pd.Timestamp(first, unit="us", tz="UTC").tz_convert(zone).normalize().tz_localize(None),
        pd.Timestamp(until, unit="us", tz="UTC").tz_convert(zone).normalize().tz_localize(None),
        freq="D",
    )
    days = days[calendar.is_working_day(days.to_numpy().astype("datetime64[D]"))]
    if every in WEEKDAYS:
        days = days[days.dayofweek == WEEKDAYS.index(every)]
    if len(days) == 0:
        raise ScenarioError(
            f"No working day falls on a {every.title()} in the calendar; nothing would ever be released."
        )
    at = (days + pd.Timedelta(minutes=usual)).tz_localize(zone, nonexistent="shift_forward", ambiguous=True)
    return np.asarray(at.tz_convert("UTC").as_unit("us").asi8, dtype=np.int64)
