"""The estimate: what a scenario would make of cycle time, contacts, staff hours and cost, with intervals.

Every draw takes, from one seed, a resample of the cases, a value from each change's belief, and the random choices of
which occurrences or cases a partial change touches. The same resample serves as-is and to-be (common random numbers),
and the change is taken draw by draw; so a scenario without effect changes every figure by exactly zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import ScenarioError
from streamline.figure import Bar, BarChart, Chart
from streamline.measure.contact import Exposure
from streamline.measure.duration import LEVEL
from streamline.results import Result
from streamline.stats.bootstrap import weighted_quantiles
from streamline.stats.survival import share_done
from streamline.units import DAY, MISSING_TIME, YEAR_DAYS, parse_duration
from streamline.whatif.change import Change
from streamline.whatif.replay import Replayed, Replayer, ReplayModel

Float = npt.NDArray[np.float64]

#: Fewer draws leave the bounds of the interval to chance.
MIN_DRAWS = 20
#: Days of arrivals that show all seasons.
FULL_YEAR = 350


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What the study pays; a price that isn't given is not monetised."""

    currency: str
    staff_hour: float | None = None
    #: Price of one contact by channel.
    contact: dict[str, float] | None = None
    #: What running the scenario costs a year.
    scenario_per_year: float = 0.0


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
    _cases: pd.DataFrame = field(repr=False)

    def __getitem__(self, measure: str) -> Figure:
        for figure in self.figures:
            if figure.measure == measure:
                return figure
        raise KeyError(f"{measure!r} isn't estimated; these are: {', '.join(f.measure for f in self.figures)}")

    @property
    def cases(self) -> pd.DataFrame:
        """One row a closed case: case, cycle_days as observed, cycle_days_to_be (mean over the draws)."""
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


def estimate(
    model: ReplayModel,
    changes: Sequence[Change],
    *,
    name: str = "scenario",
    standard: str | None = None,
    prices: Prices | None = None,
    draws: int = 200,
    seed: int = 1,
    level: float = LEVEL,
) -> ScenarioEstimate:
    """Estimate what the changes would do, by replaying the model's cases with and without them.

    standard : the service standard as a duration, such as "30 days" (elapsed). prices : what the study pays.
    draws : >= 20. seed : the same seed gives the same figures, whatever other scenarios are estimated beside it.

    Returns a ScenarioEstimate; `value` is the mean over the draws' beliefs on the cases as they are, the interval
    holds the middle `level` of the draws, which resample cases as well. Raises ScenarioError and its leaves, and
    InsufficientDataError, before any draw is made.
    """
    if draws < MIN_DRAWS:
        raise ScenarioError(f"draws must be at least {MIN_DRAWS}; {draws} leave the interval's bounds to chance.")
    replayer = Replayer(model, changes)
    log = model.log
    closed = log.closed
    n_all, n = log.n_cases, int(closed.sum())
    measures = _Measures(model, standard=None if standard is None else parse_duration(standard), prices=prices)
    as_is = replayer.replay(seed=None)
    ones = np.ones(n_all)
    baseline = measures.figures(as_is, ones, as_is)
    central, drawn, difference = [], [], []
    to_be_days = np.zeros(n_all)
    for draw in range(draws):
        to_be = replayer.replay(seed=(seed, draw, 1)) if changes else as_is
        weights = _weights(n_all, seed=(seed, draw, 0))
        before, after = measures.figures(as_is, weights, as_is), measures.figures(to_be, weights, as_is)
        central.append(measures.figures(to_be, ones, as_is) - baseline)
        drawn.append(after)
        difference.append(after - before)
        to_be_days += to_be.cycle_days / draws
    # a resample without any closed case (possible where few are closed) has no cycle time: its draw says nothing
    tail = [(1 - level) / 2, (1 + level) / 2]
    change = np.mean(central, axis=0)
    low, high = np.nanquantile(np.array(drawn), tail, axis=0)
    change_low, change_high = np.nanquantile(np.array(difference), tail, axis=0)
    figures = tuple(
        Figure(
            measure=measure,
            unit=unit,
            baseline=float(baseline[j]),
            value=float(baseline[j] + change[j]),
            low=float(low[j]),
            high=float(high[j]),
            change=float(change[j]),
            change_low=float(change_low[j]),
            change_high=float(change_high[j]),
            n=measures.n_of(measure),
        )
        for j, (measure, unit) in enumerate(measures.names)
    )
    return ScenarioEstimate(
        table=pd.DataFrame(
            [{k: getattr(f, k) for k in Figure.__dataclass_fields__} for f in figures],
        ),
        n=n,
        excluded={"open": n_all - n},
        caveats=(*model.caveats, *replayer.caveats, *measures.caveats),
        name=name,
        figures=figures,
        draws=draws,
        seed=seed,
        level=level,
        changes=tuple(changes),
        _cases=pd.DataFrame(
            {
                "case": log.case_id_array(np.flatnonzero(closed)),
                "cycle_days": as_is.cycle_days[closed],
                "cycle_days_to_be": to_be_days[closed],
            }
        ),
    )


def _weights(n: int, *, seed: tuple[int, ...]) -> Float:
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    return np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)


class _Measures:
    """The measures that the model and the prices can carry, as one vector a replay."""

    def __init__(self, model: ReplayModel, *, standard: int | None, prices: Prices | None) -> None:
        self._model, self._standard, self._prices = model, standard, prices
        log = model.log
        self._closed = np.flatnonzero(log.closed)
        self._known = np.flatnonzero(log.arrival != MISSING_TIME)
        self._open_days = (log.observed_until - log.arrival) / DAY
        caveats: list[str] = []
        names = [("cycle_time.mean", "days"), ("cycle_time.median", "days"), ("cycle_time.p90", "days")]
        if standard is not None:
            names.append(("within_standard", "share"))
        if model.contacts is not None:
            names.append(("contacts_per_case", "contacts per case"))
        self._staff = model.staff is not None
        if not log.has_start:
            caveats.append("Staff hours and their cost are not given: the records hold no starts of steps.")
        elif model.calendar is None:
            caveats.append(
                "Staff hours and their cost are not given: without office hours, a step left overnight would count the night."
            )
        if self._staff:
            names.append(("staff_hours_per_case", "hours"))
            unknown = int((~model.paths.known & ~log.external_step).sum())
            if unknown:
                caveats.append(f"Staff hours leave out {unknown:,} steps whose start isn't recorded.")
        if prices is not None and prices.staff_hour is None and self._staff:
            caveats.append("The study gives no price of a staff hour; staff time is left out of the cost.")
        self._contact_price = self._price_of_contact(caveats)
        self._cost = prices is not None and (self._contact_price > 0 or (self._staff and prices.staff_hour is not None))
        if self._cost and prices is not None:
            names.append(("cost_per_year", f"{prices.currency} per year"))
        arrivals = log.arrival[log.arrival > np.iinfo(np.int64).min]
        span = max((arrivals.max() - arrivals.min()) / DAY, 1.0)
        self._cases_per_year = len(arrivals) / span * YEAR_DAYS
        if self._cost:
            caveats.append(
                f"Yearly costs are those of {self._cases_per_year:,.0f} cases a year: {len(arrivals):,} cases arrived in "
                f"{span:,.0f} days." + (" Seasons may make a whole year differ." if span < FULL_YEAR else "")
            )
        self.names, self.caveats = tuple(names), tuple(caveats)

    def _price_of_contact(self, caveats: list[str]) -> float:
        """Mean price of a contact; 0 where prices or channels are not recorded."""
        prices, exposure = self._prices, self._model.contacts
        if prices is None:
            return 0.0
        if not prices.contact:
            if exposure is not None:
                caveats.append("The study gives no prices of contacts; they are left out of the cost.")
            return 0.0
        if exposure is None:
            caveats.append("No contacts are estimated, so they are left out of the cost.")
            return 0.0
        if exposure.channel_share is None:
            caveats.append("The contact log has no channels, so contacts are not monetised.")
            return 0.0
        unpriced = sorted(c for c in exposure.channel_share if c not in prices.contact)
        if unpriced:
            share = sum(exposure.channel_share[c] for c in unpriced)
            caveats.append(
                f"The study gives no price for contacts by {', '.join(unpriced)} ({share:.0%} of the contacts); "
                "they are left out of the cost."
            )
        return sum(s * prices.contact.get(c, 0.0) for c, s in exposure.channel_share.items())

    def n_of(self, measure: str) -> int:
        """How many cases a measure rests on."""
        if measure == "within_standard":
            return len(self._known)
        if measure == "contacts_per_case" and self._model.contacts is not None:
            return int(self._model.contacts.covered.sum())
        return len(self._closed)

    def figures(self, replay: Replayed, weights: Float, as_is: Replayed) -> Float:
        """The measures of one replay with these weights of the cases."""
        log = self._model.log
        days, mine = replay.cycle_days[self._closed], weights[self._closed]
        order = np.argsort(days, kind="stable")
        total = float(mine.sum())
        values = [
            float(days @ mine) / total if total else np.nan,
            *weighted_quantiles(days[order], mine[order], np.array([0.5, 0.9])),
        ]
        if self._standard is not None:
            life = np.where(log.closed, replay.cycle_days, self._open_days)[self._known]
            done = log.closed[self._known]
            values.append(share_done(life, done, self._standard / DAY, weights=weights[self._known]))
        contacts = hours = 0.0
        exposure = self._model.contacts
        if exposure is not None:
            contacts = contacts_per_case(exposure, replay, as_is, weights)
            values.append(contacts)
        if replay.staff_hours is not None:
            hours = float(replay.staff_hours[self._closed] @ mine) / total if total else np.nan
            values.append(hours)
        if self._cost and self._prices is not None:
            each = hours * (self._prices.staff_hour or 0.0) + contacts * self._contact_price
            running = 0.0 if replay is as_is else self._prices.scenario_per_year
            values.append(each * self._cases_per_year + running)
        return np.array(values)


def contacts_per_case(exposure: Exposure, replay: Replayed, as_is: Replayed, weights: Float) -> float:
    """Contacts per case: the observed rate per open day of each awaited step, times the replayed open days.

    Over the closed cases that the contact log covers. Contacts in the other states (before arrival, after the end, next
    step unknown) stay as they were observed.
    """
    assert replay.awaited_days is not None
    assert as_is.awaited_days is not None
    width = replay.awaited_days.shape[1]
    mine = weights * exposure.covered
    count = mine @ exposure.contacts
    before, after = mine @ as_is.awaited_days, mine @ replay.awaited_days
    ratio = np.divide(after, before, out=np.ones(width), where=before > 0)
    return (
        float((count[:width] @ ratio + count[width:].sum()) / mine.sum() / exposure.link_share)
        if mine.any()
        else float("nan")
    )
