"""Findings about what the proposed changes would do, and how their figures are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from streamline.report.wording import decimals, money, number
from streamline.results import Finding, ScenarioFinding
from streamline.study import Scenario
from streamline.whatif.estimate import Figure, ScenarioEstimate
from streamline.whatif.validate import Validation


def scenario_findings(scenario: Scenario, e: ScenarioEstimate, validation: Validation | None) -> Iterator[Finding]:
    verdict = verdict_caveat(validation)
    for f in e.figures:
        yield ScenarioFinding(
            id=f"scenario.{scenario.slug}.{f.measure}", section="scenario", scenario=scenario.name,
            statement=scenario_statement(scenario.name, f, e.level, through_queues=e.through_queues),
            value=f.value, low=f.low, high=f.high, level=e.level, unit=f.unit, n=f.n, baseline=f.baseline, change=f.change,
            change_low=f.change_low, change_high=f.change_high,
            method=f"replay of the same cases {'through queues of people with hours' if e.through_queues else 'without queues'}; "
            f"{e.draws} draws, which take what happens to cases from like ones, values from the beliefs about the "
            "changes, and the "
            "occurrences touched; widened by what the replay got wrong on a later period",
            caveats=e.caveats + verdict, table="tables/scenarios.csv",
        )  # fmt: skip


_MEASURES = {
    "cycle_time.mean": "the mean cycle time",
    "cycle_time.median": "the median cycle time",
    "cycle_time.p90": "the 90th percentile of cycle time",
    "within_standard": "the share of cases within the standard",
    "contacts_per_case": "contacts per case",
    "staff_hours_per_case": "staff hours per case",
    "customer_hours_per_case": "customer hours per case (contacts and responses)",
    "cost_per_year": "the yearly cost of staff time and contacts (running costs of proposals included)",
}
#: Measures that queues would change as well.
_THROUGH_QUEUES = ("cycle_time.mean", "cycle_time.median", "cycle_time.p90", "within_standard", "contacts_per_case")


def verdict_caveat(validation: Validation | None) -> tuple[str, ...]:
    """What stands beside each figure of a replay that isn't fit for decisions."""
    return () if validation is None or validation.verdict == "fit for decisions" else (verdict_words(validation),)


def verdict_words(validation: Validation) -> str:
    """What the check of the replay allows its figures to be used for."""
    return verdict_sentence(validation.verdict)


def verdict_sentence(verdict: str) -> str:
    """The verdict of the check of a replay, in a sentence."""
    return {
        "fit for decisions": "The check of the replay finds its estimates fit for decisions.",
        "fit for direction only": "The check of the replay finds its estimates fit for direction only: don't rely on their size.",
        "not fit": "The check of the replay finds that it doesn't reproduce the service, so its estimates aren't "
        "fit for decisions.",
    }[verdict]


def measure_words(f: Figure, *, unit: bool = True) -> str:
    """A measure, with its unit where that is days, for tables."""
    words = _MEASURES[f.measure].removeprefix("the ")
    return words[:1].upper() + words[1:] + (f" ({f.unit})" if unit and f.unit == "days" else "")


def unit_words(f: Figure) -> str:
    """The unit of a measure in a column of its own."""
    if f.unit.endswith("per year"):
        return f.unit
    return {"share": "% of cases", "contacts per case": "contacts", "hours": "hours per case"}.get(f.unit, f.unit)


def without_unit(text: str, f: Figure) -> str:
    """The text of a figure beside a column that names its unit."""
    if f.unit.endswith("per year"):
        return text.replace(f"{f.unit.split()[0]} ", "")
    return text.replace("%", "") if f.unit == "share" else text


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureTexts:
    """A scenario's figure in words: before, after, and the change, all rounded to what the change's interval supports."""

    baseline: str
    value: str
    #: With its sign.
    change: str
    #: Without sign.
    size: str


def _writer(f: Figure) -> Callable[[float], str]:
    """How this figure's numbers are written: to as many places as the interval of the change supports."""
    half = (f.change_high - f.change_low) / 2
    if f.unit.endswith("per year"):
        reach = half or abs(f.change) or abs(f.baseline) or 1.0
        step = 10.0 ** max(0, math.floor(math.log10(reach)))
        return lambda v: money(v, f.unit.split()[0], step=step)
    scale = 100 if f.unit == "share" else 1
    most = {"share": 1, "contacts per case": 3}.get(f.unit, 2)
    places = decimals(scale * f.change_low, scale * f.change_high, scale * (f.change or f.baseline))
    if half == 0 and f.change == 0:
        places = decimals(scale * f.low, scale * f.high, scale * f.baseline)
    return lambda v: number(scale * v, min(most, places))


def figure_texts(f: Figure) -> FigureTexts:
    """The figure's numbers without units, except shares (`92.9%`) and money."""
    write = _writer(f)
    percent_sign = "%" if f.unit == "share" else ""
    points = " points" if f.unit == "share" else ""
    plus = "+" if f.change > 0 and set(write(f.change)) & set("123456789") else ""
    return FigureTexts(
        baseline=write(f.baseline) + percent_sign,
        value=write(f.value) + percent_sign,
        change=plus + write(f.change) + points,
        size=write(abs(f.change)),
    )


def span_text(f: Figure) -> str:
    """The interval of the change."""
    write = _writer(f)
    return f"{write(f.change_low)} to {write(f.change_high)}" + (" points" if f.unit == "share" else "")


def target_span(f: Figure) -> str:
    """The interval of the to-be figure."""
    write = _writer(f)
    percent_sign = "%" if f.unit == "share" else ""
    return f"{write(f.low)}{percent_sign} to {write(f.high)}{percent_sign}"


def change_words(f: Figure, change: float) -> str:
    """Another change of the same measure, as exact as this figure's interval supports, without its unit."""
    return _writer(f)(change)


def scenario_statement(name: str, f: Figure, level: float, *, through_queues: bool = True, quoted: bool = True) -> str:
    """What a scenario would make of one measure, in a sentence; the change and its interval lead.

    quoted : whether it is one scenario, called by its name; else `name` stands for several.
    """
    who, is_, shows = (f"“{name}”", "is", "shows") if quoted else (name, "are", "show")
    what, texts, write = _MEASURES[f.measure], figure_texts(f), _writer(f)
    base = f"n = {f.n:,} cases"
    unit = {"share": "", "contacts per case": ""}.get(f.unit, "" if f.unit.endswith("per year") else f" {f.unit}")
    if f.change == f.change_low == f.change_high == 0:
        return f"{who} {is_} estimated not to change {what} (it stays {texts.baseline}{unit}; {base})."
    if float(write(f.change).replace("−", "-").replace(",", "").split()[-1] or 0) == 0 and f.change:
        about = f"it stays about {texts.baseline}{unit}"
        return f"{who} {is_} estimated to change {what} by less than can be shown ({about}; {base})."
    if f.change_low <= 0 <= f.change_high:
        return (
            f"{who} {shows} no clear effect on {what}: the estimated change from {texts.baseline}{unit} is {texts.change}"
            f"{unit} ({level:.0%} interval {span_text(f)}; {base})."
        )
    verb = "raise" if f.change > 0 else "lower"
    direct = " directly" if f.measure in _THROUGH_QUEUES and not through_queues else ""
    without = "; effects through queues, and the error of leaving them out, not included" if direct else ""
    near, far = sorted((abs(f.change_low), abs(f.change_high)))
    one = texts.size == "1" and f.unit in ("days", "hours")
    size = texts.size + (" percentage points" if f.unit == "share" else unit.removesuffix("s") if one else unit)
    return (
        f"{who} {is_} estimated to {verb} {what}{direct} by {size} ({level:.0%} interval {write(near)} to "
        f"{write(far)}{without}), from {texts.baseline} to {texts.value}{unit} ({base})."
    )
