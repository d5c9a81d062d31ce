"""Findings: one statement each, with its number, interval, n and method, under a stable id."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from streamline.log.quality import QualityFinding
from streamline.measure.contact import AFTER_END, LATER, ContactRates
from streamline.report.analysis import Analysis
from streamline.report.privacy import suppressed_rows
from streamline.report.wording import arrivals_words, decimals, interval, money, number, percent, rounded
from streamline.results import Estimate, Finding, ScenarioFinding, SubjectFinding, rows_of
from streamline.study import Scenario, slug
from streamline.units import duration_words
from streamline.whatif.estimate import Figure, ScenarioEstimate

#: Bottlenecks and loops that get findings of their own.
RANKS = 10


def all_findings(analysis: Analysis) -> tuple[Finding, ...]:
    """All findings of an analysis, in the order of the section."""
    return (
        *_baseline(analysis),
        *_bottlenecks(analysis),
        *_rework(analysis),
        *_contacts(analysis),
        *_feedback(analysis),
        *(f for s, e in analysis.scenarios for f in _scenario(s, e)),
        *_quality(analysis),
    )


def _of(
    estimate: Estimate, *, id: str, section: str, statement: str, table: str, caveats: tuple[str, ...] = ()
) -> Finding:
    return Finding(
        id=id, section=section, statement=statement, value=estimate.value, low=estimate.low, high=estimate.high,
        level=estimate.level, unit=estimate.unit, n=estimate.n, method=estimate.method, caveats=caveats, table=table,
    )  # fmt: skip


def bounds(estimate: Estimate, *, percent: bool = False) -> str:
    """`95% interval 8.2 to 8.5`, or nothing without an interval."""
    if estimate.level is None:
        return ""
    return (
        f"{estimate.level:.0%} interval {interval(estimate.low, estimate.high, value=estimate.value, percent=percent)}"
    )


def note(*parts: str) -> str:
    """` (a; b)` of the parts that say something."""
    text = "; ".join(p for p in parts if p)
    return f" ({text})" if text else ""


def _baseline(a: Analysis) -> Iterator[Finding]:
    table, period = "tables/baseline.csv", arrivals_words(a.log)
    n_open, n_all = a.cycle.n_open, a.cycle.n + a.cycle.n_open
    yield Finding(
        id="baseline.cases", section="baseline", statement=f"{n_all:,} cases arrived from {period}.", value=n_all,
        unit="cases", n=n_all, method="count of the records", table=table,
    )  # fmt: skip
    yield Finding(
        id="baseline.open_cases", section="baseline",
        statement=_open_words(a, n_open, n_all, period), value=None if 0 < n_open < a.minimum_cell else n_open,
        unit="cases", n=n_all, method="count of the records", table=table,
    )  # fmt: skip
    closed = f"{a.cycle.n:,} closed cases that arrived from {period}"
    words = {"mean": "took {} days on average", "median": "took {} days or less in half of the cases",
             "p90": "took {} days or less in nine of ten cases"}  # fmt: skip
    for name, estimate in (("mean", a.cycle.mean), ("median", a.cycle.median), ("p90", a.cycle.p90)):
        yield _of(
            estimate, id=f"baseline.cycle_time.{name}", section="baseline", table=table, caveats=a.cycle.caveats,
            statement=f"From arrival to last step, a case {words[name].format(rounded(estimate))}"
            f"{note(closed, bounds(estimate))}.",
        )  # fmt: skip
    within = a.cycle.within_standard
    if within is not None and a.cycle.standard is not None:
        yield _of(
            within, id="baseline.within_standard", section="baseline", table=table,
            statement=("An estimated " if "Kaplan" in within.method else "")
            + f"{percent(within.value, within.low, within.high)} of the {within.n:,} cases that arrived from "
            f"{period} close within the standard of {duration_words(a.cycle.standard)}"
            f"{note(bounds(within, percent=True))}.",
        )  # fmt: skip
    b = a.bottlenecks
    for id_, estimate, what in (
        ("waiting_time.mean", b.waiting, "Waiting took {} days per case"),
        ("service_time.mean", b.service, "Work, from the start to the completion of each step, took {} days per case"),
        ("sojourn_time.mean", b.sojourn, "Waiting and work, which the records can't tell apart, took {} days per case"),
        ("external_time.mean", b.external, "Customers or third parties had the case for {} days"),
    ):
        known = a.log.has_start or id_ in ("sojourn_time.mean", "external_time.mean")
        if (
            not known
            or (id_ == "sojourn_time.mean" and b.sojourn.value == 0)
            or (id_.startswith("ext") and not a.log.external)
        ):
            continue
        yield _of(
            estimate, id=f"baseline.{id_}", section="baseline", table=table, caveats=b.caveats,
            statement=f"{what.format(rounded(estimate))} on average"
            f"{note(closed, bounds(estimate) and bounds(estimate) + ' days')}.",
        )  # fmt: skip
    if a.rates is not None:
        yield _of(
            a.rates.per_case, id="baseline.contacts_per_case", section="baseline", table="tables/contacts.csv",
            caveats=a.rates.caveats,
            statement=f"Customers got in touch {rounded(a.rates.per_case)} times per case"
            f"{note(f'{a.rates.per_case.n:,} closed cases that arrived from {period}', bounds(a.rates.per_case))}.",
        )  # fmt: skip


def _open_words(a: Analysis, n_open: int, n_all: int, period: str) -> str:
    """How many cases are open; without named ends nobody knows."""
    if a.log.ends is None and n_open == 0:
        return (
            f"The study names no activities that end a case, so all {n_all:,} cases that arrived from {period} count as "
            "closed."
        )
    few = f"Fewer than {a.minimum_cell}" if 0 < n_open < a.minimum_cell else f"{n_open:,}" if n_open else "None"
    return f"{few} of the {n_all:,} cases that arrived from {period} are still open."


def _bottlenecks(a: Analysis) -> Iterator[Finding]:
    b = a.bottlenecks
    hidden = suppressed_rows(b.table["n_cases"], minimum=a.minimum_cell)
    shown = [r for r, h in zip(rows_of(b.table), hidden, strict=True) if not h and r.share > 0]
    for rank, row in enumerate(shown[:RANKS], start=1):
        low, high = _real(row.share_low), _real(row.share_high)
        if row.sojourn_days_per_case == 0:
            where = f"waiting for {row.activity}"
        elif row.waiting_days_per_case > 0:
            where = f"waiting for or in {row.activity}"
        else:
            where = f"between the step before and the completion of {row.activity}"
        who = "a wait for the customer or a third party" if row.external else ""
        yield SubjectFinding(
            id=f"bottleneck.{rank}.share", section="bottleneck", subject=row.activity,
            statement=f"{percent(row.share, low, high)} of the total cycle time of {b.n:,} closed cases passed {where}"
            f"{note(who, '' if low is None else '95% interval ' + interval(low, high, value=row.share, percent=True))}.",
            value=float(row.share), low=low, high=high, level=b.waiting.level, unit="share of total cycle time", n=b.n,
            method="waits along the critical path of closed cases; interval by resampling cases",
            caveats=b.caveats, table="tables/bottlenecks.csv",
        )  # fmt: skip
    total = float((b.table["waiting_days_per_case"]).sum())
    if a.log.external and a.log.has_start and total > 0:
        part = float(b.table.loc[b.table["external"], "waiting_days_per_case"].sum())
        yield SubjectFinding(
            id="waiting.external.share", section="waiting", subject="external",
            statement=f"{percent(part / total)} of the waiting time of {b.n:,} closed cases was a wait for the customer or "
            "a third party.",
            value=part / total, unit="share of waiting time", n=b.n,
            method="waits of steps declared external, along the critical path of closed cases",
            caveats=("The other causes of waiting are not told apart yet.",), table="tables/bottlenecks.csv",
        )  # fmt: skip


_LOOP_INTERVALS = {"cases_share": "Wilson interval", "days_per_case": "interval by resampling cases"}


def _rework(a: Analysis) -> Iterator[Finding]:
    r, table = a.rework, "tables/rework.csv"
    share, time = r.cases_share, r.days_per_case
    differs = share.value - r.returns_share > 0.01
    back = f"; {percent(r.returns_share)} went back to an earlier one" if differs else ""
    yield _of(
        share, id="rework.cases_share", section="rework", table=table, caveats=r.caveats,
        statement=f"{percent(share.value, share.low, share.high)} of {r.n:,} closed cases repeated a step or went back "
        f"to an earlier one at least once{note(bounds(share, percent=True))}{back}.",
    )  # fmt: skip
    yield _of(
        time, id="rework.days_per_case", section="rework", table=table, caveats=r.caveats,
        statement=f"Loops took {rounded(time)} days per case, over all {r.n:,} closed cases"
        f"{note(bounds(time) and bounds(time) + ' days')}.",
    )  # fmt: skip
    hidden = suppressed_rows(r.table["n_cases"], minimum=a.minimum_cell)
    shown = [row for row, h in zip(rows_of(r.table), hidden, strict=True) if not h]
    for rank, row in enumerate(shown[:RANKS], start=1):
        for measure, value, low, high, unit in (
            ("cases_share", row.cases_share, row.cases_share_low, row.cases_share_high, "share of cases"),
            ("days_per_case", row.days_per_case, row.days_per_case_low, row.days_per_case_high, "days per case"),
        ):
            lower, upper = _real(low), _real(high)
            again = row.head == row.trigger
            if measure == "cases_share":
                did = f"repeated {row.head} at once" if again else f"went {row.loop}"
                span = "" if lower is None else f"95% interval {interval(lower, upper, value=value, percent=True)}"
                said = f"{percent(value, lower, upper)} of {r.n:,} closed cases {did}{note(span)}."
            else:
                did = f"Repeating {row.head} at once" if again else f"Going {row.loop}"
                span = "" if lower is None else f"95% interval {interval(lower, upper, value=value)} days"
                took = number(value, decimals(lower, upper, value))
                said = f"{did} took {took} days per case, over all {r.n:,} closed cases{note(span)}."
            yield SubjectFinding(
                id=f"rework.loop.{rank}.{measure}", section="rework", subject=row.loop,
                statement=said,
                value=float(value), low=lower, high=upper, level=share.level if lower is not None else None, unit=unit,
                n=r.n, method=f"loop erasure; {_LOOP_INTERVALS[measure]}", caveats=r.caveats, table=table,
            )  # fmt: skip


def _contacts(a: Analysis) -> Iterator[Finding]:
    rates = a.rates
    if rates is None:
        return
    if rates.status_share is not None:
        s = rates.status_share
        yield _of(
            s, id="contacts.status_share", section="contacts", table="tables/contacts.csv",
            statement=f"{percent(s.value, s.low, s.high)} of the {s.n:,} contacts with a recorded reason asked how far the "
            f"case was{note(bounds(s, percent=True))}.",
        )  # fmt: skip
    cases = contact_cases(rates)
    taken: dict[str, int] = {}
    hidden = suppressed_rows([cases[s] for s in rates.table["state"]], minimum=a.minimum_cell)
    for row, small in zip(rows_of(rates.table), hidden, strict=True):
        if small or row.state == LATER or not np.isfinite(row.rate_per_open_day):
            continue
        low, high = _real(row.rate_low), _real(row.rate_high)
        awaiting = f"awaiting {row.state}" if row.state in a.log.activities else row.state
        rate = 100 * row.rate_per_open_day
        real = low is not None and high is not None and high > low
        between = f"95% interval {interval(100 * row.rate_low, 100 * row.rate_high, value=rate)}" if real else ""
        places = decimals(100 * row.rate_low, 100 * row.rate_high, rate) if real else 1
        name = slug(row.state)
        taken[name] = taken.get(name, 0) + 1
        name += "" if taken[name] == 1 else f"_{taken[name]}"
        yield SubjectFinding(
            id=f"contacts.state.{name}.rate", section="contacts", subject=row.state,
            statement=f"Per 100 {'days' if row.state == AFTER_END else 'open days'} {awaiting}, customers got in touch "
            f"{number(rate, places)} times{note(between)}.",
            value=float(row.rate_per_open_day), low=low, high=high, level=rates.per_case.level if low is not None else None,
            unit="contacts per open day", n=rates.n,
            method="contacts that name a case over open days in the state, scaled up by the link share; interval by "
            "resampling cases",
            caveats=rates.caveats, table="tables/contacts.csv",
        )  # fmt: skip


def contact_cases(rates: ContactRates) -> dict[str, int]:
    """For each state the number of cases behind its row: those with a contact in it; without any, those in the state."""
    exposure = rates.exposure
    result = {}
    for j, state in enumerate(exposure.states):
        asking = int((exposure.contacts[:, j] > 0).sum())
        result[state] = asking or int((exposure.days[:, j] > 0).sum())
    return result


def _feedback(a: Analysis) -> Iterator[Finding]:
    if a.scores is None or a.scores.n < a.minimum_cell:
        return
    s = a.scores
    yield _of(
        s.mean, id="feedback.mean_score", section="feedback", table="tables/feedback.csv", caveats=s.caveats,
        statement=f"Customers who answered the survey gave {rounded(s.mean)} on a scale from {s.scale[0]:g} to "
        f"{s.scale[1]:g}"
        f"{note(f'{s.mean.n:,} answers, {percent(s.response_share)} of the closed cases', bounds(s.mean))}.",
    )  # fmt: skip


def _scenario(scenario: Scenario, e: ScenarioEstimate) -> Iterator[Finding]:
    for f in e.figures:
        yield ScenarioFinding(
            id=f"scenario.{scenario.slug}.{f.measure}", section="scenario", scenario=scenario.name,
            statement=scenario_statement(scenario.name, f, e.level),
            value=f.value, low=f.low, high=f.high, level=e.level, unit=f.unit, n=f.n, baseline=f.baseline, change=f.change,
            change_low=f.change_low, change_high=f.change_high,
            method=f"replay of the same cases without queues; {e.draws} draws, which resample cases, take values from the "
            "beliefs about the changes and choose the occurrences touched",
            caveats=e.caveats, table="tables/scenarios.csv",
        )  # fmt: skip


_MEASURES = {
    "cycle_time.mean": "the mean cycle time",
    "cycle_time.median": "the median cycle time",
    "cycle_time.p90": "the 90th percentile of cycle time",
    "within_standard": "the share of cases within the standard",
    "contacts_per_case": "contacts per case",
    "staff_hours_per_case": "staff hours per case",
    "cost_per_year": "the yearly cost of staff time and contacts, the proposal's running cost included",
}
#: Measures that queues would change as well.
_THROUGH_QUEUES = ("cycle_time.mean", "cycle_time.median", "cycle_time.p90", "within_standard", "contacts_per_case")


def measure_words(f: Figure) -> str:
    """A measure with its unit, for tables."""
    words = _MEASURES[f.measure].removeprefix("the ")
    unit = f" ({f.unit})" if f.unit == "days" else ""
    return words[:1].upper() + words[1:] + unit


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
    plus = "+" if f.change > 0 else ""
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


def scenario_statement(name: str, f: Figure, level: float) -> str:
    """What a scenario would make of one measure, in a sentence; the change and its interval lead."""
    what, texts, write = _MEASURES[f.measure], figure_texts(f), _writer(f)
    base = f"n = {f.n:,} cases"
    unit = {"share": "", "contacts per case": ""}.get(f.unit, "" if f.unit.endswith("per year") else f" {f.unit}")
    if f.change == f.change_low == f.change_high == 0:
        return f"“{name}” is estimated not to change {what} ({texts.baseline}{unit}; {base})."
    if float(write(f.change).replace("−", "-").replace(",", "").split()[-1] or 0) == 0 and f.change:
        return f"“{name}” is estimated to change {what} by less than can be shown ({texts.baseline}{unit}; {base})."
    if f.change_low <= 0 <= f.change_high:
        return (
            f"“{name}” shows no clear effect on {what}: the estimated change from {texts.baseline}{unit} is {texts.change}"
            f"{unit} ({level:.0%} interval {span_text(f)}; {base})."
        )
    verb = "raise" if f.change > 0 else "lower"
    direct = " directly" if f.measure in _THROUGH_QUEUES else ""
    without = "; effects through queues, and the error of leaving them out, not included" if direct else ""
    near, far = sorted((abs(f.change_low), abs(f.change_high)))
    size = texts.size + (" percentage points" if f.unit == "share" else unit)
    return (
        f"“{name}” is estimated to {verb} {what}{direct} by {size} ({level:.0%} interval {write(near)} to "
        f"{write(far)}{without}), from {texts.baseline} to {texts.value}{unit} ({base})."
    )


def _quality(a: Analysis) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for f in a.quality.findings:
        seen[f.kind] = seen.get(f.kind, 0) + 1
        suffix = "" if seen[f.kind] == 1 else f".{seen[f.kind]}"
        few = hidden_count(f, a.minimum_cell)
        yield Finding(
            id=f"quality.{f.kind}{suffix}", section="quality", statement=quality_words(f, a.minimum_cell),
            value=None if few else f.count, unit=f.unit, n=f.of, method="count of the records",
            table="tables/quality.csv",
        )  # fmt: skip


def hidden_count(f: QualityFinding, minimum: int) -> bool:
    """Whether a finding counts so few cases that the number isn't published."""
    return f.unit == "cases" and 0 < f.count < minimum


def quality_words(f: QualityFinding, minimum: int) -> str:
    """A finding about the records as it is published."""
    statement = f.statement
    if hidden_count(f, minimum):
        statement = f"Fewer than {minimum} of {f.of:,} cases {statement.split(') ', 1)[1]}"
    return f"{statement} {f.effect}"


def _real(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
