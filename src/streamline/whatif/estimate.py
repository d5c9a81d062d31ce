"""The estimate: what scenarios would make of cycle time, contacts, staff hours and cost, with intervals.

The log's own cases are replayed as they are and give the baseline; the change is the mean, over draws, of the
difference between two replays of the same draw, with and without the scenario. Its interval holds the middle `level` of
these differences, each scaled by what the replay got wrong on a later period that it had not seen, as far as that is
more than chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, ScenarioError
from streamline.figure import Bar, BarChart, Chart
from streamline.measure.duration import LEVEL
from streamline.results import Result
from streamline.units import parse_duration
from streamline.whatif.change import Change
from streamline.whatif.crowding import crowding
from streamline.whatif.draws import OWN, BoundScenario, Draws, bind, drawn, workload_of
from streamline.whatif.figures import Measures, cycle_days
from streamline.whatif.prices import CustomerTime, Prices
from streamline.whatif.queue_model import QueueModel
from streamline.whatif.spread import Spread, possible, spread
from streamline.whatif.validate import Validation

Float = npt.NDArray[np.float64]

#: Fewer draws leave the bounds of the interval to chance.
MIN_DRAWS = 20
#: Draws are added, up to so many times the number asked for, until their own error is below this share of the interval's width.
MOST_TIMES, MONTE_CARLO = 2, 0.1
#: Replays of the log's own cases, for the baseline and the cases behind it.
OWN_REPLAYS = 5
#: Resamples of the draws that tell how far the interval's bounds are chance.
RESAMPLES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measure of a scenario: the to-be figure, the baseline (same replay, no change), and their difference."""

    measure: str
    unit: str
    baseline: float
    value: float
    low: float
    high: float
    change: float
    change_low: float
    change_high: float
    n: int


@dataclass(frozen=True, kw_only=True, repr=False)
class ScenarioEstimate(Result):
    """What a scenario would make of each measure.

    `table`: measure, unit, baseline, value, low, high, change, change_low, change_high, n. Measures:
    cycle_time.mean, .median, .p90 (days, closed cases), within_standard (share of cases, open ones censored),
    contacts_per_case, staff_hours_per_case, cost_per_year; those that the records or prices can't carry are absent,
    and `caveats` says why.
    """

    name: str
    figures: tuple[Figure, ...]
    draws: int
    seed: int
    level: float
    changes: tuple[Change, ...]
    #: Whether waits were computed anew by queues; else only what the changes do directly is told.
    through_queues: bool
    #: Differences of each draw, (draws, figures), in the order of `figures`, before the error of the replay is added.
    differences: Float = field(repr=False)
    #: Everything that the draws say, the error of the replay added; its columns are `drawn_names`.
    spread: Spread = field(repr=False)
    drawn_names: tuple[str, ...] = field(repr=False)
    #: Cases of a year; and hours that each kind of response takes a customer, see `Measures`.
    cases_per_year: float
    hours_of: Mapping[str, float] = field(repr=False)
    _cases: pd.DataFrame = field(repr=False)

    def __getitem__(self, measure: str) -> Figure:
        for figure in self.figures:
            if figure.measure == measure:
                return figure
        raise KeyError(f"{measure!r} isn't estimated; these are: {', '.join(f.measure for f in self.figures)}")

    def drawn(self, name: str) -> Float:
        """The change of a measure, or of a quantity behind one, in each draw, the error of the replay added; (draws,)."""
        return self.spread.change[:, self.drawn_names.index(name)]

    @property
    def cases(self) -> pd.DataFrame:
        """One row a closed case that counts: case, cycle_days as replayed, cycle_days_to_be (mean over some replays)."""
        return self._cases

    def chart(self) -> Chart:
        """Mean cycle time before and after."""
        mean = self["cycle_time.mean"]
        return BarChart(
            title=f"{self.name}: mean cycle time",
            axis="Days (elapsed)",
            bars=(
                Bar(label="as it is", value=mean.baseline),
                Bar(label="with the change", value=mean.value, low=mean.low, high=mean.high),
            ),
            note=f"{mean.n:,} closed cases, {self.draws} draws; whiskers: {self.level:.0%} interval",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A named set of changes, as `estimates` takes it."""

    name: str
    changes: Sequence[Change]
    #: What it costs once, and what running it costs a year; None where that isn't known.
    once: float | None = None
    per_year: float | None = None


def estimate(
    model: QueueModel,
    changes: Sequence[Change],
    *,
    name: str = "scenario",
    standard: str | None = None,
    prices: Prices | None = None,
    customer_time: CustomerTime | None = None,
    draws: int = 200,
    seed: int = 1,
    level: float = LEVEL,
    workers: int = 1,
    validation: Validation | None = None,
) -> ScenarioEstimate:
    """Estimate what the changes would do, by replaying the model's cases with and without them.

    standard : the service standard as a duration, such as "30 days" (elapsed). prices : what the study pays.
    customer_time : how long contacts and other responses take customers; None leaves their hours out.
    draws : >= 20. seed : the same seed gives the same figures, whatever other scenarios are estimated beside it, and however many
        `workers` (threads) share the draws.

    Returns a ScenarioEstimate. Raises ScenarioError and its leaves, and InsufficientDataError, before any draw is made.
    """
    running = prices.scenario_per_year if prices is not None else 0.0
    proposal = Proposal(name=name, changes=changes, per_year=running)
    return estimates(
        model,
        [proposal],
        standard=standard,
        prices=prices,
        customer_time=customer_time,
        draws=draws,
        seed=seed,
        level=level,
        workers=workers,
        validation=validation,
    )[0]


def estimates(
    model: QueueModel,
    proposals: Sequence[Proposal],
    *,
    standard: str | None = None,
    prices: Prices | None = None,
    customer_time: CustomerTime | None = None,
    draws: int = 200,
    seed: int = 1,
    level: float = LEVEL,
    workers: int = 1,
    validation: Validation | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[ScenarioEstimate, ...]:
    """Estimate several scenarios, which share their replays of the service as it is; see `estimate`.

    progress : called with the number of draws done and of all.
    """
    if draws < MIN_DRAWS:
        raise ScenarioError(f"draws must be at least {MIN_DRAWS}; {draws} leave the interval's bounds to chance.")
    measures = measures_of(model, standard=standard, prices=prices, customer_time=customer_time)
    bound = [bound_proposal(model, p) for p in proposals]
    error = 0.0 if validation is None else validation.excess_error
    own = drawn(model, measures, bound, draws=range(OWN, OWN + OWN_REPLAYS), seed=seed, workers=workers)
    found = drawn(model, measures, bound, draws=range(draws), seed=seed, workers=workers, progress=progress)
    # each scenario makes as many draws as it needs itself, so that those beside it change nothing
    each, made = [found.only(k) for k in range(len(bound))], draws
    while made < MOST_TIMES * draws:
        unsettled = [k for k, d in enumerate(each) if len(d.as_is) == made and _monte_carlo(d, level) > MONTE_CARLO]
        if not unsettled:
            break
        again = [bound[k] for k in unsettled]
        more = drawn(model, measures, again, draws=range(made, 2 * made), seed=seed, workers=workers, progress=progress)
        for place, k in enumerate(unsettled):
            each[k] = each[k].joined(more.only(place))
        made *= 2
    days = _own_days(model, bound, seed)
    return tuple(
        _estimate(model, measures, p, bound[k], own, each[k], seed=seed, level=level, error=error, days=days[k])
        for k, p in enumerate(proposals)
    )


def measures_of(
    model: QueueModel, *, standard: str | None, prices: Prices | None, customer_time: CustomerTime | None
) -> Measures:
    """The measures that estimates tell, from the standard as a duration in words."""
    allowed = None if standard is None else parse_duration(standard)
    return Measures(model, standard=allowed, prices=prices, customer_time=customer_time)


def bound_proposal(model: QueueModel, proposal: Proposal) -> BoundScenario:
    """A proposal bound to the model; errors name it."""
    try:
        return bind(model, proposal.changes, per_year=proposal.per_year or 0.0)
    except (ScenarioError, InsufficientDataError) as error:
        error.args = (f"Scenario {proposal.name!r}: {error}",)
        raise


def _monte_carlo(found: Draws, level: float) -> float:
    """Error of the interval's bounds, and of the mean, that comes of the number of draws: the largest, over the interval's width.

    Of the mean cycle time, from resampled draws; 0 where the draws don't differ.
    """
    change = (found.to_be[0] - found.as_is)[:, 0]
    tail = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.nanquantile(change, tail)
    if not high > low:
        return 0.0
    rng = np.random.Generator(np.random.PCG64(len(change)))
    again = change[rng.integers(0, len(change), (RESAMPLES, len(change)))]
    bounds = np.nanquantile(again, tail, axis=1)
    return float(max(bounds.std(axis=1).max(), again.mean(axis=1).std()) / (high - low))


def _own_days(model: QueueModel, bound: Sequence[BoundScenario], seed: int) -> list[tuple[Float, Float]]:
    """For each scenario the days of the log's own cases as they are, and their mean over some replays with it."""
    log = model.log
    result = []
    for scenario in bound:
        total, n = np.zeros(log.n_cases), np.zeros(log.n_cases)
        for k in range(OWN_REPLAYS):
            work = workload_of(model, model.weeks.own(), scenario, seed=seed, draw=OWN + k)
            days = cycle_days(model, work, work.replayed())
            known = ~np.isnan(days)
            np.add.at(total, work.cases.pick[known], days[known])
            np.add.at(n, work.cases.pick[known], 1)
        as_is = np.full(log.n_cases, np.nan)
        work = workload_of(model, model.weeks.own(), None, seed=seed, draw=OWN)
        as_is[work.cases.pick] = cycle_days(model, work, work.replayed())
        result.append((as_is, np.divide(total, n, out=np.full(log.n_cases, np.nan), where=n > 0)))
    return result


def _estimate(
    model: QueueModel,
    measures: Measures,
    proposal: Proposal,
    scenario: BoundScenario,
    own: Draws,
    found: Draws,
    *,
    seed: int,
    level: float,
    error: float,
    days: tuple[Float, Float],
) -> ScenarioEstimate:
    log = model.log
    tail = [(1 - level) / 2, (1 + level) / 2]
    found_spread = spread(measures, own, found, scenario, seed=seed, error=error)
    baseline, change = found_spread.baseline, found_spread.mean
    change_low, change_high = possible(measures, baseline, np.nanquantile(found_spread.change, tail, axis=0))
    low, high = np.nanquantile(found_spread.after, tail, axis=0)
    difference = (found.to_be[0] - found.as_is)[:, : len(measures.names)]
    figures = tuple(
        Figure(
            measure=measure, unit=unit, baseline=float(baseline[j]), value=float(baseline[j] + change[j]),
            low=float(max(low[j], 0.0)), high=float(min(high[j], 1.0) if unit == "share" else high[j]),
            change=float(change[j]), change_low=float(change_low[j]), change_high=float(change_high[j]), n=measures.n_of(measure),
        )
        for j, (measure, unit) in enumerate(measures.names)
    )  # fmt: skip
    as_is, to_be = days
    mine = np.flatnonzero(model.counted & log.closed & ~np.isnan(as_is))
    caveats = [*model.caveats, *scenario.caveats, *measures.caveats]
    if found.unfinished[0] > found.unfinished_as_is:
        caveats.append(
            f"With this scenario {found.unfinished[0]:.1%} of the cases are never finished within the years that the "
            "replay covers: "
            "their queue has nobody left to serve it, or grows without bound. Cycle times are those of the others."
        )
    caveats += crowding(model, measures, scenario, seed=seed)
    spent = _monte_carlo(found, level)
    if spent > MONTE_CARLO:
        caveats.append(
            f"The interval's bounds are uncertain by {spent:.0%} of its width, because {len(difference):,} draws "
            "were made; more draws settle them."
        )
    return ScenarioEstimate(
        recorded=log.recorded,
        table=pd.DataFrame([{k: getattr(f, k) for k in Figure.__dataclass_fields__} for f in figures]),
        n=len(mine),
        excluded={"open, or not counted": log.n_cases - len(mine)},
        caveats=tuple(dict.fromkeys(caveats)),
        name=proposal.name,
        figures=figures,
        differences=difference,
        spread=found_spread,
        drawn_names=measures.all_names,
        cases_per_year=measures.cases_per_year,
        hours_of=measures.hours_of,
        draws=len(difference),
        seed=seed,
        level=level,
        changes=tuple(proposal.changes),
        through_queues=model.staffing is not None,
        _cases=pd.DataFrame(
            {"case": log.case_id_array(mine), "cycle_days": as_is[mine], "cycle_days_to_be": to_be[mine]}
        ),
    )
