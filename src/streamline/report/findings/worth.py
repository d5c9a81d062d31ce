"""Findings about what the proposed changes are worth, to the agency and to its customers."""

from __future__ import annotations

import math
from collections.abc import Iterator

from streamline.proposals import EstimatedScenario
from streamline.report.findings.scenario import verdict_caveat
from streamline.report.wording import money, number, percent
from streamline.results import Estimate, Finding
from streamline.whatif.validate import Validation
from streamline.whatif.value import LONGEST, Terms

TABLE = "tables/value.csv"


def worth_findings(s: EstimatedScenario, terms: Terms, validation: Validation) -> Iterator[Finding]:
    """What a scenario saves a year, when it pays for itself, its net present value, and hours of customers."""
    value, name, slug = s.value, s.scenario.name, s.scenario.slug
    caveats = (*value.caveats, *verdict_caveat(validation))
    replayed = f"{s.estimate.draws} draws of the replay; prices as the study states them"
    if value.saving_per_year is not None:
        saved = value.saving_per_year
        running = s.scenario.cost_per_year
        own = f", before its own cost of {money(running, value.currency, step=1)} a year" if running else ""
        yield _finding(
            f"value.{slug}.saving_per_year", saved, method=replayed, caveats=caveats,
            statement=f"“{name}” is estimated to {_saves(saved)} a year in staff time and contacts at full effect "
            f"({saved.level:.0%} interval {money_span(saved, value.currency)}{own}; n = {saved.n:,} cases).",
        )  # fmt: skip
    if value.payback_years is not None:
        yield _finding(
            f"value.{slug}.payback", value.payback_years, method=replayed, caveats=caveats,
            statement=_payback_words(name, value.payback_years, value.pays_back),
        )  # fmt: skip
    if value.net_present_value is not None and terms.rate is not None:
        net = value.net_present_value
        rate = f"discounted at {percent(terms.rate)} a year"
        yield _finding(
            f"value.{slug}.net_present_value", net,
            method=f"{replayed}; monthly flows to the month of the start, {rate} ({terms.source})", caveats=caveats,
            statement=f"Over {terms.years} years “{name}” is estimated to {_worth(net, value.currency)}, all its costs included "
            f"and {rate} ({level(net)} interval of its value {money_span(net, value.currency)}; n = {net.n:,} cases).",
        )  # fmt: skip
    if value.customer_hours_per_year is not None:
        hours = value.customer_hours_per_year
        fewer = "fewer" if hours.value >= 0 else "more"
        size = in_steps(abs(hours.value), step_of(hours.low, hours.high, hours.value))
        worth = ""
        if value.customer_value_per_year is not None:
            each = value.customer_value_per_year
            worth = (
                f"; at the study's price of customers' time that is {amount(each, value.currency)} a year, theirs and "
            )
            worth += "not the agency's"
        yield _finding(
            f"value.{slug}.customer_hours_per_year", hours,
            method=f"{replayed}; respondents × responses × hours a response", caveats=caveats,
            statement=f"With “{name}” customers are estimated to spend {size} {fewer} hours a year "
            f"on contacts and responses ({level(hours)} interval {_hours_span(hours)}; n = {hours.n:,} cases{worth}).",
        )  # fmt: skip


def level(e: Estimate) -> str:
    """The level of an estimate's interval, in words."""
    return "no" if e.level is None else f"{e.level:.0%}"


def _finding(id_: str, e: Estimate, *, statement: str, method: str, caveats: tuple[str, ...]) -> Finding:
    # JSON holds no infinity: what may never happen has no bounds, and the statement says so
    ends = (e.low, e.value, e.high)
    told = all(x is not None and math.isfinite(x) for x in ends)
    value = e.value if math.isfinite(e.value) else None
    return Finding(
        id=id_, section="value", statement=statement, value=value, low=e.low if told else None,
        high=e.high if told else None, level=e.level if told else None, unit=e.unit, n=e.n, method=method, caveats=caveats,
        table=TABLE,
    )  # fmt: skip


def step_of(low: float | None, high: float | None, value: float) -> float:
    """Whole steps to which an amount is rounded: as its interval supports, or to two digits without one."""
    wide = abs((high or 0.0) - (low or 0.0)) / 2 or abs(value) / 10 or 1.0
    return float(10.0 ** max(0, math.floor(math.log10(wide))))


def in_steps(value: float, step: float) -> str:
    """A number rounded to whole steps.

    >>> in_steps(1063.2, 100.0), in_steps(-42.6, 10.0)
    ('1,100', '−40')
    """
    return number(round(value / step) * step, 0)


def _step(e: Estimate) -> float:
    return step_of(e.low, e.high, e.value)


def amount(e: Estimate, currency: str) -> str:
    """An amount, as exact as its interval supports."""
    return money(e.value, currency, step=_step(e))


def money_span(e: Estimate, currency: str) -> str:
    """The interval of an amount, in words."""
    if e.low is None or e.high is None:
        return "none"
    return f"{money(e.low, currency, step=_step(e))} to {money(e.high, currency, step=_step(e))}"


def _worth(e: Estimate, currency: str) -> str:
    """What a net present value means to the agency."""
    size = money(abs(e.value), currency, step=_step(e))
    return (
        f"save the agency {size} more than it costs" if e.value >= 0 else f"cost the agency {size} more than it saves"
    )


def _saves(e: Estimate) -> str:
    currency = e.unit.split()[0]
    verb = "save" if e.value >= 0 else "cost"
    return f"{verb} {money(abs(e.value), currency, step=_step(e))}"


def _hours_span(e: Estimate) -> str:
    """The interval of the hours that customers save, as hours fewer."""
    if e.low is None or e.high is None:
        return "none"
    return f"{in_steps(e.low, _step(e))} to {in_steps(e.high, _step(e))} fewer"


def years_words(years: float) -> str:
    """How long until something is paid back, in words.

    >>> years_words(0.0), years_words(0.25), years_words(1.0), years_words(2.25), years_words(float("inf"))
    ('at once', '3 months', '12 months', '2.2 years', 'never')
    """
    if not math.isfinite(years):
        return "never"
    months = round(12 * years)
    if months == 0:
        return "at once"
    if months < 24:
        return f"{months} month" + ("s" if months > 1 else "")
    return f"{number(years, 1)} years"


def _payback_words(name: str, e: Estimate, sure: float) -> str:
    """When a scenario pays for itself."""
    assert e.low is not None
    assert e.high is not None
    span = f"{e.level:.0%} interval {years_words(e.low)} to {years_words(e.high)}; n = {e.n:,} cases"
    if not math.isfinite(e.value):
        chance = "in none of the draws" if sure == 0 else f"in {percent(sure)} of the draws"
        return (
            f"“{name}” is not estimated to pay for itself: its savings don't make up for what it costs "
            f"({chance} they do within {LONGEST} years; n = {e.n:,} cases)."
        )
    if e.value == 0:
        return f"“{name}” costs nothing once, and is estimated to save more a year than it costs (n = {e.n:,} cases)."
    return f"“{name}” is estimated to pay for itself {years_words(e.value)} after its start ({span})."
