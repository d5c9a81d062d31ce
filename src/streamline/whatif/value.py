"""What an estimate is worth: money, payback, net present value, and hours of customers.

Money is the agency's: staff hours and contacts saved at the study's prices, less what the scenario costs once and a
year. Savings grow in a straight line from the scenario's start to its full effect and stay. The net present value takes
each month's net saving at the study's rate to the month of the start (mid-month, as OMB Circular A-94 has it for even
flows); payback is when net savings, not discounted, have made up for what was spent once. Hours of
customers follow the form of the Paperwork Reduction Act: respondents times responses times hours. They are the
customers' and stand beside the agency's money, valued only where the study gives a price.

Nothing has a default: what the study doesn't give is not monetised.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import ScenarioError
from streamline.figure import Bar, BarChart, Chart
from streamline.results import Estimate, Result, bounded
from streamline.whatif.change import AddCapacity
from streamline.whatif.estimate import ScenarioEstimate
from streamline.whatif.figures import CONTACT, RESPONSES

Float = npt.NDArray[np.float64]

MONTHS = 12
#: What isn't told where the study says nothing of it.
NO_HOURS = "Hours of customers are not told: the study doesn't say how long contacts and responses take them."
NO_PRICES = "No money is told: the study gives no price of a staff hour or a contact."
#: Payback is looked for within so many years.
LONGEST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How money of different years is added up."""

    #: Rate a year, and where it comes from; None adds nothing up over years.
    rate: float | None = None
    source: str = ""
    #: Over how many years from a scenario's start.
    years: int | None = None

    def __post_init__(self) -> None:
        if self.rate is not None and not self.source.strip():
            raise ScenarioError("a discount rate needs its source")
        if self.years is not None and not 1 <= self.years <= LONGEST:
            raise ScenarioError(f"years must be between 1 and {LONGEST}; {self.years} isn't")


@dataclass(frozen=True, kw_only=True, repr=False)
class Value(Result):
    """What a scenario is worth to the agency, and to its customers.

    `table`, one row a year from the scenario's start, as far as the terms say: year, net (of that year, not discounted),
    net_present_value (up to its end), low, high, positive (probability that it is above 0). Empty without prices, or
    without rate and years.
    """

    name: str
    currency: str
    #: Savings a year at full effect, before what the scenario costs; None without prices.
    saving_per_year: Estimate | None
    #: Years from the start until savings make up for what was spent once; bounds may be infinite. None where it isn't told.
    payback_years: Estimate | None
    #: Probability that they ever do, within `LONGEST` years.
    pays_back: float
    net_present_value: Estimate | None
    #: Hours of customers saved a year, and what they are worth to them; None where the study doesn't say.
    customer_hours_per_year: Estimate | None
    customer_value_per_year: Estimate | None
    #: The same with the value of customers' time added.
    net_present_value_with_customers: Estimate | None
    #: One row a kind of response: response, hours_each, respondents (cases a year), responses (per case), responses_to_be,
    #: hours_per_year, hours_per_year_to_be, change, change_low, change_high.
    burden: pd.DataFrame = field(repr=False)
    #: What isn't told and why, in words.
    missing: tuple[str, ...]
    _cases: pd.DataFrame = field(repr=False)

    @property
    def told(self) -> bool:
        """Whether any money or any hours of customers are told."""
        return self.saving_per_year is not None or not self.burden.empty

    @property
    def cases(self) -> pd.DataFrame:
        """One row a closed case of the estimate that the money is of; see `ScenarioEstimate.cases`."""
        return self._cases

    def chart(self) -> Chart:
        """Net present value at the end of each year."""
        return BarChart(
            title=f"{self.name}: net present value by the end of each year",
            axis=f"{self.currency}, discounted",
            bars=tuple(
                Bar(label=f"year {year}", value=float(value), low=float(low), high=float(high))
                for year, value, low, high in zip(
                    self.table["year"], self.table["net_present_value"], self.table["low"], self.table["high"],
                    strict=True,
                )
            ),
        )  # fmt: skip


def present_cost(once: float, per_year: float, terms: Terms | None) -> float:
    """What a scenario costs: discounted over the years of the terms, or in its first year without them."""
    if terms is None or terms.years is None or terms.rate is None:
        return once + per_year
    return once + per_year / MONTHS * float(_discount(terms.years * MONTHS, terms.rate).sum())


def value_of(
    estimate: ScenarioEstimate,
    *,
    currency: str = "",
    once: float | None = None,
    per_year: float | None = None,
    ramp_months: int = 0,
    terms: Terms | None = None,
    customer_hour: float | None = None,
) -> Value:
    """What a scenario's estimate is worth.

    once, per_year : what it costs; per_year as it entered the estimate. ramp_months : from its start to its full effect.
    customer_hour : price of an hour of a customer's time.
    """
    terms = terms or Terms()
    missing: list[str] = []
    caveats: list[str] = []
    level, n = estimate.level, estimate.n
    method = f"{estimate.draws} draws of the replay, priced as the study says"

    def told(mean: float, draws: Float, unit: str) -> Estimate:
        low, high = np.nanquantile(draws, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
        return Estimate(value=mean, low=float(low), high=float(high), level=level, unit=unit, n=n, method=method)

    names = estimate.drawn_names
    running = per_year or 0.0
    saving = npv = payback = hours = worth = both = None
    pays_back = math.nan
    table = _NO_YEARS.copy()
    hour_draws: Float | None = None
    hour_mean = 0.0
    if "customer_hours_per_case" in names:
        j = names.index("customer_hours_per_case")
        hour_draws = -estimate.drawn("customer_hours_per_case") * estimate.cases_per_year
        hour_mean = -float(estimate.spread.mean[j]) * estimate.cases_per_year
        hours = told(hour_mean, hour_draws, "hours per year")
        if customer_hour is not None:
            worth = told(hour_mean * customer_hour, hour_draws * customer_hour, f"{currency} per year")
    else:
        missing.append(NO_HOURS)
    if "cost_per_year" not in names:
        missing.append(NO_PRICES)
    else:
        j = names.index("cost_per_year")
        mean = -(float(estimate.spread.mean[j]) - running)
        draws = -(estimate.drawn("cost_per_year") - running)
        saving = told(mean, draws, f"{currency} per year")
        if per_year is None and any(isinstance(c, AddCapacity) and c.staff != 0 for c in estimate.changes):
            caveats.append(
                f"“{estimate.name}” adds people or takes them away, and their pay isn't counted: staff hours are those of the "
                "work done. State it as the scenario's cost_per_year (less where people go)."
            )
        if once is None and per_year is None:
            missing.append("Payback and net present value are not told: the study doesn't say what the scenario costs.")
        else:
            spent = once or 0.0
            payback = told(
                float(_payback(np.array([mean]), spent, running, ramp_months)[0]),
                _payback(draws, spent, running, ramp_months),
                "years",
            )
            pays_back = float(np.isfinite(_payback(draws, spent, running, ramp_months)).mean())
            if terms.rate is None or terms.years is None:
                given = (("no discount rate", terms.rate), ("no number of years", terms.years))
                lacking = " and ".join(w for w, v in given if v is None)
                missing.append(f"No net present value is told: the study gives {lacking}.")
            else:
                table = _by_year(mean, draws, spent, running, ramp_months, terms, level)
                last = table.iloc[-1]
                npv = bounded(
                    float(last["net_present_value"]), float(last["low"]), float(last["high"]), level=level,
                    method=method, unit=currency, n=n,
                )  # fmt: skip
                if worth is not None and hour_draws is not None and customer_hour is not None:
                    more = _by_year(
                        mean + hour_mean * customer_hour, draws + hour_draws * customer_hour, spent, running,
                        ramp_months, terms, level,
                    ).iloc[-1]  # fmt: skip
                    both = bounded(
                        float(more["net_present_value"]), float(more["low"]), float(more["high"]), level=level,
                        method=method, unit=currency, n=n,
                    )  # fmt: skip
    return Value(
        recorded=estimate.recorded,
        _cases=estimate.cases,
        table=table,
        n=n,
        excluded=estimate.excluded,
        caveats=tuple(caveats),
        name=estimate.name,
        currency=currency,
        saving_per_year=saving,
        payback_years=payback,
        pays_back=pays_back,
        net_present_value=npv,
        customer_hours_per_year=hours,
        customer_value_per_year=worth,
        net_present_value_with_customers=both,
        burden=_burden(estimate),
        missing=tuple(missing),
    )


def _discount(months: int, rate: float) -> Float:
    """What a unit of money in the middle of each month is worth at the start."""
    return np.asarray((1 + rate) ** (-(np.arange(months) + 0.5) / MONTHS), dtype=np.float64)


def _share_of_effect(months: int, ramp: int) -> Float:
    """How far the effect is reached in each month: in a straight line over the ramp, then in full."""
    middle = np.arange(months) + 0.5
    return np.minimum(middle / ramp, 1.0) if ramp > 0 else np.ones(months)


def _flows(saving: Float, running: float, months: int, ramp: int) -> Float:
    """Net savings of each draw in each month, (draws, months)."""
    return np.asarray((saving[:, None] * _share_of_effect(months, ramp) - running) / MONTHS, dtype=np.float64)


def _payback(saving: Float, once: float, running: float, ramp: int) -> Float:
    """Years until each draw's savings have made up for what was spent once; infinite where they never do."""
    if once <= 0:
        return np.where(saving > running, 0.0, np.inf)
    flows = _flows(saving, running, LONGEST * MONTHS, ramp)
    total = np.cumsum(flows, axis=1) - once
    paid = total >= 0
    first = np.argmax(paid, axis=1)
    draw = np.arange(len(saving))
    too_many = np.divide(total[draw, first], flows[draw, first], where=paid.any(axis=1), out=np.zeros(len(saving)))
    return np.where(paid.any(axis=1), (first + 1 - too_many) / MONTHS, np.inf)


_NO_YEARS = pd.DataFrame(columns=["year", "net", "net_present_value", "low", "high", "positive"])


def _by_year(
    mean: float, draws: Float, once: float, running: float, ramp: int, terms: Terms, level: float
) -> pd.DataFrame:
    """The net present value at the end of each year."""
    assert terms.rate is not None
    assert terms.years is not None
    months = terms.years * MONTHS
    tail = [(1 - level) / 2, (1 + level) / 2]
    every = np.concatenate([[mean], draws])
    flows = _flows(every, running, months, ramp)
    value = np.cumsum(flows * _discount(months, terms.rate), axis=1)[:, MONTHS - 1 :: MONTHS] - once
    net = flows.reshape(len(every), terms.years, MONTHS).sum(axis=2)[0]
    net[0] -= once
    low, high = np.nanquantile(value[1:], tail, axis=0)
    return pd.DataFrame(
        {
            "year": np.arange(1, terms.years + 1),
            "net": net,
            "net_present_value": value[0],
            "low": low,
            "high": high,
            "positive": (value[1:] > 0).mean(axis=0),
        }
    )


def _burden(estimate: ScenarioEstimate) -> pd.DataFrame:
    """Respondents × responses × hours, by what customers respond to."""
    rows = []
    tail = [(1 - estimate.level) / 2, (1 + estimate.level) / 2]
    a_year = estimate.cases_per_year
    for name, hours in estimate.hours_of.items():
        j = estimate.drawn_names.index(RESPONSES + name)
        before, after = estimate.spread.baseline[j], estimate.spread.baseline[j] + estimate.spread.mean[j]
        low, high = np.nanquantile(estimate.spread.change[:, j], tail) * hours * a_year
        rows.append(
            {
                "response": "Contacts" if name == CONTACT else name, "hours_each": hours, "respondents": a_year,
                "responses": before, "responses_to_be": after, "hours_per_year": before * hours * a_year,
                "hours_per_year_to_be": after * hours * a_year, "change": (after - before) * hours * a_year,
                "change_low": low, "change_high": high,
            }
        )  # fmt: skip
    columns = ["response", "hours_each", "respondents", "responses", "responses_to_be", "hours_per_year",
               "hours_per_year_to_be", "change", "change_low", "change_high"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
