"""Changes of how long steps take, what they wait for besides people, and who goes first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError, ScenarioError, UnknownNameError, listed
from streamline.log.calendar import Calendar
from streamline.measure.waits.releases import observed_releases
from streamline.units import DAY, MISSING_TIME
from streamline.whatif.change import WEEKDAYS, Automate, ExpressLane, Release, ShortenExternal, SpeedUp
from streamline.whatif.queue_model import QueueModel, Workload

Int64 = npt.NDArray[np.int64]


class SpeedEdit:
    """Working time of the activity's steps × (1 − by)."""

    def __init__(self, model: QueueModel, change: SpeedUp) -> None:
        self._change, self._code = change, model.log.activity_code(change.activity)
        self.caveats = _without_start(model, self._code)

    def apply(self, work: Workload, rng: np.random.Generator) -> None:
        """Edit a workload in place."""
        mine = (work.activity == self._code) & work.keep
        share = 1 - self._change.drawn(rng)
        work.work[mine] = np.rint(work.work[mine] * share).astype(np.int64)
        work.staff[mine] = np.rint(work.staff[mine] * share).astype(np.int64)


class AutomateEdit:
    """The activity's steps take `to` by the clock, at any hour, and need no staff."""

    def __init__(self, model: QueueModel, change: Automate) -> None:
        self._change, self._code = change, model.log.activity_code(change.activity)
        self.caveats = _without_start(model, self._code)

    def apply(self, work: Workload, rng: np.random.Generator) -> None:
        """Edit a workload in place."""
        mine = (work.activity == self._code) & work.keep
        work.work[mine] = round(self._change.drawn(rng))
        work.staff[mine] = 0
        work.queue[mine] = -1


class ExternalEdit:
    """The wait on the customer or a third party × (1 − by)."""

    def __init__(self, model: QueueModel, change: ShortenExternal) -> None:
        log = model.log
        self._change, self._code = change, log.activity_code(change.activity)
        if change.activity not in log.external:
            raise ScenarioError(
                f"{change.activity!r} isn't declared external, so its wait isn't the customer's to shorten. "
                f"External in this study: {listed(log.external)}. Declare it in log: external, or use another kind."
            )
        self.caveats: tuple[str, ...] = ()

    def apply(self, work: Workload, rng: np.random.Generator) -> None:
        """Edit a workload in place."""
        mine = (work.activity == self._code) & work.keep
        share = 1 - self._change.drawn(rng)
        work.delay[mine] = np.rint(work.delay[mine] * share).astype(np.int64)
        work.work[mine] = np.rint(work.work[mine] * share).astype(np.int64)


class ReleaseEdit:
    """A batching wait ends at each release of the new rhythm instead of the observed ones."""

    def __init__(self, model: QueueModel, change: Release) -> None:
        log = model.log
        self._change, self._code = change, log.activity_code(change.activity)
        if model.calendar is None:
            raise ScenarioError(
                f"A change of releases needs the office hours (calendar): without them, a night can't be told "
                f"from a batch of {change.activity!r}."
            )
        by_time = next((s for s in model.schedules if s.activity == self._code), None)
        mine = log.activity == self._code
        #: What is left of each step's delay when nothing is released; None where it stays.
        self._left: Int64 | None = None
        if by_time is not None:
            observed = by_time.windows[: int((by_time.windows[:, 0] <= log.period[1]).sum()), 0]
        elif model.batches is not None and (model.batches.until[mine] != MISSING_TIME).any():
            fired = model.batches.until
            held = np.where(mine & (fired != MISSING_TIME), np.maximum(fired - model.paths.enabled, 0), 0)
            self._left = np.maximum(model.delays.low - held, 0)
            observed = np.unique(fired[mine & (fired != MISSING_TIME)])
        else:
            found = observed_releases(
                model.paths, change.activity, calendar=model.calendar
            )  # says why not, if it isn't
            observed = found.releases
            self._left = np.zeros(log.n_steps, dtype=np.int64)
            self._left[found.step] = found.rest
        first, last = log.period
        until = last + 2 * 366 * DAY
        self._windows: Int64 | None = None
        if change.every != "immediately":
            at = release_instants(change.every, observed, model.calendar, first, until)
            self._windows = np.stack([at, at + 1], axis=1)
            if self._left is not None and model.staffing is None and len(observed) > 1:
                # smaller batches are worked through sooner
                pace = float(np.diff(at).mean()) / float(np.diff(observed).mean()) if len(at) > 1 else 1.0
                self._left = np.rint(self._left * min(1.0, pace)).astype(np.int64)
        elif model.staffing is None:
            self._windows = model.calendar.openings(first, until)
            self._left = np.zeros(log.n_steps, dtype=np.int64)
        self.caveats: tuple[str, ...] = (
            f"Whoever releases {change.activity} today is taken to have the time for it in all their office hours.",
        )

    def apply(self, work: Workload, _: np.random.Generator) -> None:
        """Edit a workload in place."""
        mine = (work.activity == self._code) & work.keep
        if self._left is not None:
            work.delay[mine] = self._left[work.step[mine]]
        work.release[mine] = -1
        if self._windows is not None:
            work.release[mine] = len(work.schedules)
            work.schedules.append(self._windows)


class ExpressEdit:
    """Cases that meet the condition go first, wherever they wait for staff."""

    def __init__(self, model: QueueModel, change: ExpressLane) -> None:
        log = model.log
        meets = np.ones(log.n_cases, dtype=np.bool_)
        channel = log.case_channel
        for name, value in change.where.items():
            if name in log.attributes.columns:
                values = log.attributes[name].astype("string").to_numpy(dtype=object)
            elif name == "channel" and channel is not None:
                values = np.asarray([*channel.names, None], dtype=object)[channel.codes]
            else:
                known = [*log.attributes.columns, *(["channel"] if channel is not None else [])]
                raise UnknownNameError(what="attribute", name=name, known=known, where=log.source)
            here = values == value
            if not here.any():
                some = sorted({str(v) for v in values if isinstance(v, str)})
                raise UnknownNameError(what=f"value of {name}", name=value, known=some, where=log.source)
            meets &= here
        if not meets.any():
            raise InsufficientDataError(
                f"{log.source}: no case meets the condition of the express lane: {change.words()}."
            )
        self._change, self._meets = change, meets
        self.caveats: tuple[str, ...] = (
            "Cases of the express lane go before those that go first today."
            if model.precedence.kinds
            else "Cases are taken first come, first served today: no kind of case is seen to go first.",
        )

    def apply(self, work: Workload, rng: np.random.Generator) -> None:
        """Edit a workload in place."""
        priority = round(self._change.drawn(rng) * 1000)
        case = np.repeat(work.cases.pick, np.diff(work.offsets))
        work.priority[self._meets[case]] += priority


def _without_start(model: QueueModel, code: int) -> tuple[str, ...]:
    """In words, the steps that the change can't touch; refuses where it can touch none."""
    log = model.log
    mine = log.activity == code
    unknown = int((mine & ~model.paths.known).sum())
    name = log.activities[code]
    if unknown == int(mine.sum()):
        raise InsufficientDataError(
            f"{log.source} records no start of {name!r}, so its service time isn't known and a change of it can't be estimated."
        )
    return (
        (f"{unknown:,} of {int(mine.sum()):,} steps of {name} have no recorded start; they take no time here.",)
        if unknown
        else ()
    )


def release_instants(every: str, observed: Int64, calendar: Calendar, first: int, until: int) -> Int64:
    """The instants of a release rhythm: on working days, at the usual time of day of the observed releases."""
    import pandas as pd

    zone = calendar.timezone
    local = pd.to_datetime(observed, unit="us", utc=True).tz_convert(zone)
    usual = int(np.median(local.hour * 60 + local.minute))
    if ":" in every:
        hours, _, minutes = every.partition(":")
        usual = int(hours) * 60 + int(minutes)
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
