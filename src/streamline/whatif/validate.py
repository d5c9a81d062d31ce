"""How well the replay reproduces the service: as it was, and in a later part that it has not seen.

*As it is*: the log's own cases through the queues, against what was observed: cycle times, and the wait for each
activity. *Held out*: staff, delays and what happens to a case are learned from the earlier arrivals, and the later
arrivals are replayed; the cycle times that come out are compared with those that the later cases really had. Beside
them stand two plain rivals: the earlier cases moved to the later period (*shift*), and no change of the mean. Distances
are Wasserstein's: the mean distance by which one distribution has to be moved to become the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import wasserstein_distance

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.queues import Replayed
from streamline.kernels.replay import last_completions
from streamline.results import Result, rows_of
from streamline.units import DAY, HOUR, MISSING_TIME, counted
from streamline.whatif.figures import cycle_days
from streamline.whatif.queue_model import QueueModel, Workload
from streamline.whatif.sample import Cases, strata_of

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Verdict = Literal["fit for decisions", "fit for direction only", "not fit"]

#: Share of the arrivals that the earlier part has.
EARLIER = 0.7
#: Replays of the later part.
REPLAYS = 20
#: Up to this relative error, as it is and held out, estimates are fit for decisions; up to the other, for direction only.
DECISIONS, DIRECTION = 0.10, 0.25
#: A replay that keeps more than this share of the waiting for staff as it was observed is no proof of queues.
MOSTLY = 0.5
#: Cases that either part needs.
FEWEST = 50
#: Hours below which the error of a wait or a cycle time isn't told in relation to it.
SHORT_WAIT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """The later part: observed, replayed, and the rivals; days."""

    n_earlier: int
    n_later: int
    observed: Float
    #: Cycle times of all replays of the later part together.
    replayed: Float
    shift: Float
    #: Standard deviation of the replays' means, relative to their mean: how far a part of this size differs by chance.
    chance: float

    @property
    def error(self) -> float:
        """Relative error of the mean cycle time."""
        return float(self.replayed.mean() / self.observed.mean() - 1)

    @property
    def distance_hours(self) -> float:
        """Wasserstein distance of the replayed from the observed cycle times, hours."""
        return 24 * float(wasserstein_distance(self.replayed, self.observed))

    @property
    def shift_distance_hours(self) -> float:
        """The same of the earlier cases' cycle times."""
        return 24 * float(wasserstein_distance(self.shift, self.observed))


@dataclass(frozen=True, kw_only=True, repr=False)
class Validation(Result):
    """How well the replay reproduces the service.

    `table`, one row a measure: measure, part ("as it is" or "held out"), unit, observed, replayed, error (relative), shift
    (the rival),
    no_change (the other rival; NaN where it says nothing). `waits`: one row an activity with staff: activity, n_steps,
    observed_hours, replayed_hours (mean from enabled to start), error.
    """

    waits: pd.DataFrame = field(repr=False)
    #: Share of the waiting for staff that the replay keeps as it was observed, because no queue explains it; NaN where
    #: nobody waits.
    kept_share: float
    held_out: HeldOut | None
    #: Why there is no held-out part, in words; empty where there is one.
    held_out_missing: str
    verdict: Verdict
    #: In words, with the bounds.
    why: str
    _cases: pd.DataFrame = field(repr=False)

    @property
    def error(self) -> float:
        """Relative error of the held-out mean; of the mean as it is where nothing could be held out."""
        if self.held_out is not None:
            return abs(self.held_out.error)
        return abs(float(self.table.loc[self.table["measure"] == "cycle_time.mean", "error"].iloc[0]))

    @property
    def excess_error(self) -> float:
        """What is left of `error` when the chance of the part held out is taken off (as variances)."""
        chance = self.held_out.chance if self.held_out is not None else 0.0
        return float(np.sqrt(max(self.error**2 - chance**2, 0.0)))

    @property
    def cases(self) -> pd.DataFrame:
        """One row a closed case that counts: case, cycle_days as observed, cycle_days_replayed."""
        return self._cases

    def chart(self) -> Chart:
        """Mean wait by activity, observed and replayed."""
        shown = self.waits.sort_values("observed_hours", ascending=False).head(8)
        return BarChart(
            title=f"Replayed without any change, the service is {self.verdict}",
            axis="Mean wait, hours (elapsed)",
            bars=tuple(
                bar
                for r in rows_of(shown)
                for bar in (
                    Bar(label=f"{r.activity}, observed", value=float(r.observed_hours)),
                    Bar(label=f"{r.activity}, replayed", value=float(r.replayed_hours)),
                )
            ),
            note=f"{counted(self.n, 'closed case')}",
        )


def validated(
    model: QueueModel,
    *,
    refit: Callable[[npt.NDArray[np.bool_]], QueueModel] | None = None,
    seed: int = 1,
    replays: int = REPLAYS,
) -> Validation:
    """Replay the service as it was, and its later part from the earlier one.

    refit : makes a model of some of the log's cases, in the same way as this one was made; without it there is no held-out part.
    seed, replays : of the later part.

    Returns Validation over the n closed cases that count.
    """
    log = model.log
    work = model.workload(model.weeks.own(), _generator(seed, 0))
    replayed = work.replayed()
    days = np.full(log.n_cases, np.nan)
    days[work.cases.pick] = cycle_days(model, work, replayed)
    mine = model.counted & log.closed & (log.arrival != MISSING_TIME) & ~np.isnan(days)
    observed = ((log.last_completion - log.arrival) / DAY)[mine]
    mine_days = days[mine]
    rows = [
        _row("cycle_time.mean", "as it is", "days", observed.mean(), mine_days.mean()),
        _row("cycle_time.median", "as it is", "days", np.median(observed), np.median(mine_days)),
        _row("cycle_time.p90", "as it is", "days", np.quantile(observed, 0.9), np.quantile(mine_days, 0.9)),
        {
            **_row("cycle_time.distance", "as it is", "hours", 0.0, 24 * wasserstein_distance(observed, mine_days)),
            "error": np.nan,
        },
    ]
    waits = _waits(model, work, replayed)
    later, missing = None, "The staff can't be learned from a part of the log." if refit is None else ""
    if refit is not None:
        try:
            later = _held_out(model, refit, seed, replays)
        except InsufficientDataError as error:
            missing = str(error)
    if later is not None:
        whole, shift = later.observed, later.shift
        figures: tuple[tuple[str, Callable[[Float], float]], ...] = (
            ("mean", lambda v: float(v.mean())),
            ("median", lambda v: float(np.median(v))),
            ("p90", lambda v: float(np.quantile(v, 0.9))),
        )
        for name, of in figures:
            rows.append(
                {
                    **_row(f"cycle_time.{name}", "held out", "days", of(whole), of(later.replayed)),
                    "shift": float(of(shift)),
                    "no_change": float(of(shift)) if name == "mean" else np.nan,
                }
            )
        rows.append(
            {
                **_row("cycle_time.distance", "held out", "hours", 0.0, later.distance_hours),
                "error": np.nan,
                "shift": later.shift_distance_hours,
            }
        )
    table = pd.DataFrame(
        rows, columns=["measure", "part", "unit", "observed", "replayed", "error", "shift", "no_change"]
    )
    kept = _kept(model, work)
    verdict, why = _judged(rows, waits, later, missing, kept, model.staffing is not None)
    return Validation(
        recorded=log.recorded,
        table=table,
        n=int(mine.sum()),
        excluded={"open, or not counted": int(log.n_cases - mine.sum())},
        caveats=(),
        waits=waits,
        kept_share=kept,
        held_out=later,
        held_out_missing=missing,
        verdict=verdict,
        why=why,
        _cases=pd.DataFrame(
            {"case": log.case_id_array(np.flatnonzero(mine)), "cycle_days": observed, "cycle_days_replayed": mine_days}
        ),
    )


def _row(measure: str, part: str, unit: str, observed: float, replayed: float) -> dict[str, object]:
    long = observed * 24 >= SHORT_WAIT if unit == "days" else observed > 0
    error = float(replayed / observed - 1) if long else float("nan")
    return {"measure": measure, "part": part, "unit": unit, "observed": float(observed), "replayed": float(replayed),
            "error": error,
            "shift": np.nan, "no_change": np.nan}  # fmt: skip


def _generator(seed: int, draw: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, draw, 99])))


def enabled_in_replay(work: Workload, replayed: Replayed) -> Int64:
    """When each replayed step is enabled."""
    case = np.repeat(np.arange(len(work.cases.pick)), np.diff(work.offsets))
    some = work.join_offsets[1:] > work.join_offsets[:-1]
    latest = work.arrival[case]
    if some.any():
        latest = latest.copy()
        latest[some] = np.maximum.reduceat(replayed.complete[work.joined], work.join_offsets[:-1][some])
    return latest


def _waits(model: QueueModel, work: Workload, replayed: Replayed) -> pd.DataFrame:
    """Mean waits of steps with staff by activity, as observed and as replayed."""
    log = model.log
    counts = np.flatnonzero(
        model.counted[log.case_of_step] & (model.staffing.staffed if model.staffing else model.paths.known)
    )
    counts = counts[log.arrival[log.case_of_step[counts]] != MISSING_TIME]
    before = np.full(log.n_steps, np.nan)
    case = np.repeat(work.cases.pick, np.diff(work.offsets))
    done = ~replayed.left & (log.case_of_step[work.step] == case)  # those on record, by those who did them
    before[work.step[done]] = ((replayed.start - enabled_in_replay(work, replayed)) / HOUR)[done]
    rows = []
    for a in np.unique(log.activity[counts]):
        here = counts[log.activity[counts] == a]
        observed = float((np.maximum(log.start[here] - model.paths.enabled[here], 0) / HOUR).mean())
        again = float(np.nanmean(before[here])) if not np.isnan(before[here]).all() else float("nan")
        rows.append(
            {"activity": log.activities[a], "n_steps": len(here), "observed_hours": observed, "replayed_hours": again,
             "error": again / observed - 1 if observed >= SHORT_WAIT else np.nan}
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["activity", "n_steps", "observed_hours", "replayed_hours", "error"])


def _kept(model: QueueModel, work: Workload) -> float:
    """Delays over waits of the counted steps that need staff."""
    if model.staffing is None:
        return float("nan")
    log = model.log
    mine = model.staffing.staffed[work.step] & model.counted[log.case_of_step[work.step]]
    mine &= log.case_of_step[work.step] == np.repeat(work.cases.pick, np.diff(work.offsets))
    wait = np.maximum(log.start - model.paths.enabled, 0)[work.step[mine]]
    total = float(wait.sum())
    return float(np.minimum(work.delay[mine], wait).sum()) / total if total else float("nan")


def _held_out(
    model: QueueModel, refit: Callable[[npt.NDArray[np.bool_]], QueueModel], seed: int, replays: int
) -> HeldOut:
    log = model.log
    known = np.flatnonzero(log.arrival != MISSING_TIME)  # by arrival
    split = int(len(known) * EARLIER)
    early, late = known[:split], known[split:]
    closed_late = log.closed[late]
    if min(int(log.closed[early].sum()), int(closed_late.sum())) < FEWEST:
        raise InsufficientDataError(
            f"The log has {counted(int(log.closed[early].sum()), 'closed case')} in its first {EARLIER:.0%} and "
            f"{counted(int(closed_late.sum()), 'closed case')} after that; either part needs {FEWEST} to be compared."
        )
    chosen = np.zeros(log.n_cases, dtype=np.bool_)
    chosen[early] = True
    past = refit(chosen)
    own = past.weeks.own()
    arrivals = log.arrival[late]
    theirs = strata_of(log, past.staffing.lines.divided_by if past.staffing is not None else ())[late]
    parts = []
    for k in range(replays):
        rng = _generator(seed, k)
        pick = past.weeks.alike(theirs, arrivals, rng)
        cases = Cases(pick=np.concatenate([own.pick, pick]), arrival=np.concatenate([own.arrival, arrivals]))
        work = past.workload(cases, rng)
        replayed = work.replayed()
        days = days_on_record(past, work, replayed, until=log.observed_until)[len(own.pick) :]
        parts.append(days[~np.isnan(days)])
    days = (log.last_completion - log.arrival) / DAY
    return HeldOut(
        n_earlier=len(early),
        n_later=int(closed_late.sum()),
        observed=days[late[closed_late]],
        replayed=np.concatenate(parts),
        shift=days[early[log.closed[early]]],
        chance=float(np.std([p.mean() for p in parts], ddof=1) / np.mean([p.mean() for p in parts])),
    )


def days_on_record(model: QueueModel, work: Workload, replayed: Replayed, *, until: int) -> Float:
    """Cycle times of replayed cases in days, as a log that ends at `until` shows them; NaN for those that it can't count.

    Where the log names `ends`, a case counts when all of it is on record by then. Where it names none, every case counts with
    as much as is on record, as the log's own cases do: leaving out what would have gone on would leave out the slow ones.
    """
    if model.log.ends is not None:
        days = cycle_days(model, work, replayed)
        late = last_completions(work.offsets, replayed.complete, work.keep, work.arrival) > until
        return np.where(late, np.nan, days)
    seen = work.keep & (replayed.complete <= until)
    under_way = work.keep & ~seen & (replayed.start <= until)
    case = np.repeat(np.arange(len(work.cases.pick)), np.diff(work.offsets))
    n_seen = np.bincount(case, weights=seen, minlength=len(work.cases.pick))
    days = cycle_days(model, replace(work, keep=seen), replayed)
    days[n_seen == 0] = np.nan
    if len(model.log.unfinished):  # steps under way at the end are on record, and their cases open
        days[np.unique(case[under_way])] = np.nan
    return days


def _judged(
    rows: list[dict[str, object]], waits: pd.DataFrame, later: HeldOut | None, missing: str, kept: float, queues: bool
) -> tuple[Verdict, str]:
    own = abs(float(str(rows[0]["error"])))
    total = float((waits["observed_hours"] * waits["n_steps"]).sum())
    off = float(((waits["observed_hours"] - waits["replayed_hours"]).abs() * waits["n_steps"]).sum())
    wait = off / total if total else 0.0
    words = f"Replayed as it is, the mean cycle time is off by {own:.1%} and the waits for staff, step by step, by {wait:.0%}"
    if not queues:
        words = (
            f"Replayed as it is, the mean cycle time is off by {own:.1%}; that says little, because these records show no "
            "queues and every step takes as long as it did"
        )
    if kept > MOSTLY:
        words += (
            f"; but {kept:.0%} of that waiting is kept as it was observed, because no queue explains it, so this says "
            "little, and what more or fewer people would do can't be told from it"
        )
    if later is None:
        verdict: Verdict = "fit for direction only" if max(own, wait) <= DIRECTION else "not fit"
        return verdict, f"{words}. A later part can't be held out: {missing}".rstrip(".") + "."
    error = abs(later.error)
    worst = max(own, error, wait / 2)
    verdict = (
        "fit for decisions"
        if worst <= DECISIONS and queues and not kept > MOSTLY
        else "fit for direction only"
        if worst <= DIRECTION
        else "not fit"
    )
    rule = (
        f"A mean that is off by up to {DECISIONS:.0%} counts as fit for decisions, one that is off by up to {DIRECTION:.0%} as "
        "fit for direction only."
    )
    if worst <= DECISIONS and verdict != "fit for decisions":
        why = "queues explain most of the waiting" if queues else "the records show queues"
        rule = f"So near a mean would count as fit for decisions only where {why}."
    rival = later.shift_distance_hours
    beside = "nearer than" if later.distance_hours <= rival else "farther off than"
    return verdict, (
        f"{words}; learned from the first {EARLIER:.0%} of the arrivals, the mean of the rest is off by {error:.1%}. "
        "Its cycle times are "
        f"{later.distance_hours:,.0f} hours from the observed ones on average, {beside} the earlier cases' own "
        f"({rival:,.0f} hours). {rule}"
    )
