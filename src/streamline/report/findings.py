"""Findings: one statement each, with its number, interval, n and method, under a stable id."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streamline.measure.contact import LATER
from streamline.report.analysis import Analysis
from streamline.report.privacy import suppressed_rows
from streamline.report.wording import arrivals_words, days, decimals, interval, money, number, percent, rounded
from streamline.results import Estimate, Finding, ScenarioFinding, SubjectFinding
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


def _of(estimate: Estimate, *, id: str, section: str, statement: str, table: str, caveats: tuple[str, ...] = ()) -> Finding:
    return Finding(
        id=id, section=section, statement=statement, value=estimate.value, low=estimate.low, high=estimate.high,
        level=estimate.level, unit=estimate.unit, n=estimate.n, method=estimate.method, caveats=caveats, table=table,
    )  # fmt: skip


def bounds(estimate: Estimate, *, percent: bool = False) -> str:
    """`95% interval 8.2 to 8.5`, or nothing without an interval."""
    if estimate.level is None:
        return ""
    return f"{estimate.level:.0%} interval {interval(estimate.low, estimate.high, value=estimate.value, percent=percent)}"


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
        statement=f"{n_open:,} of the {n_all:,} cases that arrived from {period} are still open.", value=n_open,
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
            statement=f"{percent(within.value, within.low, within.high)} of the {within.n:,} cases that arrived from "
            f"{period} were closed within the standard of {duration_words(a.cycle.standard)}"
            f"{note(bounds(within, percent=True))}.",
        )  # fmt: skip
    b = a.bottlenecks
    for id_, estimate, what in (
        ("service_time.mean", b.service, "was being worked on for"),
        ("waiting_time.mean", b.waiting, "waited for"),
        ("sojourn_time.mean", b.sojourn, "was waiting or being worked on, which the records can't tell apart, for"),
        ("external_time.mean", b.external, "was with the customer or a third party for"),
    ):
        known = a.log.has_start or id_ in ("sojourn_time.mean", "external_time.mean")
        if not known or (id_ == "sojourn_time.mean" and b.sojourn.value == 0) or (id_.startswith("ext") and not a.log.external):
            continue
        yield _of(
            estimate, id=f"baseline.{id_}", section="baseline", table=table, caveats=b.caveats,
            statement=f"Of its cycle time, a case {what} {days(estimate.value)} on average"
            f"{note(closed, bounds(estimate) and bounds(estimate) + ' days')}.",
        )  # fmt: skip
    if a.rates is not None:
        yield _of(
            a.rates.per_case, id="baseline.contacts_per_case", section="baseline", table="tables/contacts.csv",
            caveats=a.rates.caveats,
            statement=f"Customers got in touch {rounded(a.rates.per_case)} times per case"
            f"{note(f'{a.rates.n:,} cases that arrived from {period}', bounds(a.rates.per_case))}.",
        )  # fmt: skip


def _bottlenecks(a: Analysis) -> Iterator[Finding]:
    b = a.bottlenecks
    hidden = suppressed_rows(b.table["n_cases"], minimum=a.minimum_cell)
    shown = [r for r, h in zip(b.table.itertuples(), hidden, strict=True) if not h and r.share > 0]
    for rank, row in enumerate(shown[:RANKS], start=1):
        low, high = _real(row.share_low), _real(row.share_high)
        if row.sojourn_days_per_case == 0:
            where = f"waiting for {row.activity}"
        elif row.waiting_days_per_case > 0:
            where = f"waiting for or in {row.activity}"
        else:
            where = f"between the step before and the completion of {row.activity}"
        who = " (a step that waits on the customer or a third party)" if row.external else ""
        yield SubjectFinding(
            id=f"bottleneck.{rank}.share", section="bottleneck", subject=row.activity,
            statement=f"{percent(row.share, low, high)} of the total cycle time of {b.n:,} closed cases passed {where}{who}"
            f"{note('' if low is None else '95% interval ' + interval(low, high, value=row.share, percent=True))}.",
            value=float(row.share), low=low, high=high, level=b.waiting.level, unit="share of total cycle time", n=b.n,
            method="waits along the critical path of closed cases; interval by resampling cases (BCa)",
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


def _rework(a: Analysis) -> Iterator[Finding]:
    r, table = a.rework, "tables/rework.csv"
    share, time = r.cases_share, r.days_per_case
    yield _of(
        share, id="rework.cases_share", section="rework", table=table, caveats=r.caveats,
        statement=f"{percent(share.value, share.low, share.high)} of {r.n:,} closed cases went back to an earlier step at "
        f"least once{note(bounds(share, percent=True))}.",
    )  # fmt: skip
    yield _of(
        time, id="rework.days_per_case", section="rework", table=table, caveats=r.caveats,
        statement=f"Loops took {days(time.value)} per case, over all {r.n:,} closed cases"
        f"{note(bounds(time) and bounds(time) + ' days')}.",
    )  # fmt: skip
    hidden = suppressed_rows(r.table["n_cases"], minimum=a.minimum_cell)
    shown = [row for row, h in zip(r.table.itertuples(), hidden, strict=True) if not h]
    for rank, row in enumerate(shown[:RANKS], start=1):
        for measure, value, low, high, unit in (
            ("cases_share", row.cases_share, row.cases_share_low, row.cases_share_high, "share of cases"),
            ("days_per_case", row.days_per_case, row.days_per_case_low, row.days_per_case_high, "days per case"),
        ):
            lower, upper = _real(low), _real(high)
            again = row.head == row.trigger
            if measure == "cases_share":
                did = f"repeated {row.head} at once" if again else f"went {row.loop}"
                said = f"{percent(value, lower, upper)} of {r.n:,} closed cases {did}."
            else:
                did = f"Repeating {row.head} at once" if again else f"Going {row.loop}"
                said = f"{did} took {days(value)} per case, over all {r.n:,} closed cases."
            yield SubjectFinding(
                id=f"rework.loop.{rank}.{measure}", section="rework", subject=row.loop,
                statement=said,
                value=float(value), low=lower, high=upper, level=share.level if lower is not None else None, unit=unit,
                n=r.n, method="loop erasure; interval by resampling cases (BCa)", caveats=r.caveats, table=table,
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
    cases = {
        state: len(np.unique(rates.exposure.case[rates.exposure.state == j]))
        for j, state in enumerate(rates.exposure.states)
    }
    hidden = suppressed_rows([cases[s] for s in rates.table["state"]], minimum=a.minimum_cell)
    for row, small in zip(rates.table.itertuples(), hidden, strict=True):
        if small or row.state == LATER or not np.isfinite(row.rate_per_open_day):
            continue
        low, high = _real(row.rate_low), _real(row.rate_high)
        awaiting = f"awaiting {row.state}" if row.state in a.log.activities else row.state
        between = f" (95% interval {interval(100 * low, 100 * high, value=100 * row.rate_per_open_day)})" if (
            low is not None and high is not None and high > low) else ""  # fmt: skip
        yield SubjectFinding(
            id=f"contacts.state.{slug(row.state)}.rate", section="contacts", subject=row.state,
            statement=f"Per 100 open days {awaiting}, customers got in touch "
            f"{number(100 * row.rate_per_open_day, 1)} times{between}.",
            value=float(row.rate_per_open_day), low=low, high=high, level=rates.per_case.level if low is not None else None,
            unit="contacts per open day", n=rates.n,
            method="contacts that name a case over open days in the state, scaled up by the link share; interval by "
            "resampling cases (BCa)",
            caveats=rates.caveats, table="tables/contacts.csv",
        )  # fmt: skip


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
    "cycle_time.p90": "the cycle time that nine of ten cases keep within",
    "within_standard": "the share of closed cases within the standard",
    "contacts_per_case": "contacts per case",
    "staff_hours_per_case": "staff hours per case",
    "cost_per_year": "the yearly cost of staff time and contacts",
}


def measure_words(measure: str) -> str:
    """A measure in words, without a capital."""
    return _MEASURES[measure]


def figure_text(value: float, f: Figure, low: float, high: float) -> str:
    """One value of a scenario's measure with its unit, rounded to what the interval supports."""
    if f.unit == "share":
        return percent(value, low, high)
    if f.unit.endswith("per year"):
        return money(value, f.unit.split()[0])
    # a difference is told with a minus sign where it falls; nothing else differs
    return f"{number(value, decimals(low, high, value))} {f.unit.split()[0]}"


def scenario_statement(name: str, f: Figure, level: float) -> str:
    """What a scenario would make of one measure, in a sentence; the change and its interval lead."""
    what = _MEASURES[f.measure]
    if f.change == f.change_low == f.change_high == 0:
        return f"“{name}” is estimated not to change {what} ({figure_text(f.baseline, f, f.low, f.high)}; n = {f.n:,})."
    verb = "raise" if f.change > 0 else "lower"
    if f.unit == "share":
        places = min(2, decimals(100 * f.change_low, 100 * f.change_high, 100 * f.change))
        size = f"{number(abs(100 * f.change), places)} percentage points"
        span = f"{number(100 * f.change_low, places)} to {number(100 * f.change_high, places)}"
    elif f.unit.endswith("per year"):
        size = figure_text(abs(f.change), f, f.change_low, f.change_high)
        span = " to ".join(figure_text(v, f, f.change_low, f.change_high) for v in (f.change_low, f.change_high))
    else:
        size = figure_text(abs(f.change), f, f.change_low, f.change_high)
        span = interval(f.change_low, f.change_high, value=f.change)
    return (
        f"“{name}” is estimated to {verb} {what} by {size}, from {figure_text(f.baseline, f, f.low, f.high)} to "
        f"{figure_text(f.value, f, f.low, f.high)} ({level:.0%} interval of the change {span}; n = {f.n:,})."
    )


def _quality(a: Analysis) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for f in a.quality.findings:
        seen[f.kind] = seen.get(f.kind, 0) + 1
        suffix = "" if seen[f.kind] == 1 else f".{seen[f.kind]}"
        yield Finding(
            id=f"quality.{f.kind}{suffix}", section="quality", statement=f"{f.statement} {f.effect}", value=f.count,
            unit=f.unit, n=f.of, method="count of the records", table="tables/quality.csv",
        )  # fmt: skip


def _real(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
