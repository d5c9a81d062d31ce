"""The section's tables for people, and the full tables behind them. Groups of too few cases are suppressed in both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pandas as pd

from streamline.figure import Histogram
from streamline.measure.contact import LATER, ContactRates
from streamline.report.analysis import Analysis
from streamline.report.findings import (
    contact_cases,
    figure_texts,
    hidden_count,
    measure_words,
    quality_words,
    span_text,
    target_span,
)
from streamline.report.privacy import harmless_text, publishable, suppressed_rows
from streamline.report.section import Column, Table
from streamline.report.wording import arrivals_words, decimals, interval, number, percent
from streamline.results import Result, rows_of
from streamline.study import Scenario
from streamline.whatif.estimate import ScenarioEstimate

AnyResult = TypeVar("AnyResult", bound=Result)

#: Rows of a table for people; the file holds all.
SHOWN = 12
HIDDEN = "–"
_QUEUES_NOTE = (
    "Queues are not modelled yet; the intervals hold the sample and the belief, not that error. Figures are rounded one by "
    "one."
)


def _table(
    id_: str,
    caption: str,
    columns: Sequence[tuple[str, bool]],
    rows: Sequence[Sequence[str]],
    *,
    note: str = "",
    file: str = "",
) -> Table:
    return Table(
        id=id_, caption=caption, columns=tuple(Column(heading=h, numeric=n) for h, n in columns),
        rows=tuple(tuple(r) for r in rows), note=note, file=file,
    )  # fmt: skip


def _rows(
    frame: pd.DataFrame, count: str, minimum: int, cells: Sequence[Callable[..., str]], *, label: str
) -> tuple[list[list[str]], str]:
    """Rows of a table whose small groups are suppressed, and a note that says so."""
    hidden = suppressed_rows(frame[count], minimum=minimum)
    rows: list[list[str]] = []
    left_out = 0
    for row, small in zip(rows_of(frame), hidden, strict=True):
        if small:
            left_out += 1
            continue
        if len(rows) < SHOWN:
            rows.append([str(getattr(row, label)), *(cell(row) for cell in cells)])
    more = len(frame) - left_out - len(rows)
    notes = [
        f"{more:,} more in the file." if more > 0 else "",
        f"{left_out:,} with too few cases are not shown." if left_out else "",
    ]
    return rows, " ".join(n for n in notes if n)


def _days(value: float) -> str:
    """Days or hours to two decimal places, fewer where there are many."""
    if not np.isfinite(value):
        return HIDDEN
    if 0 < value < 0.005:
        return "under 0.01"
    return number(value, 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0)


def _supported(value: float, low: float, high: float) -> str:
    """A number rounded to what its interval supports, as in the text."""
    return number(value, decimals(_real(low), _real(high), value)) if np.isfinite(value) else HIDDEN


def inputs(a: Analysis) -> Table:
    """What was read."""
    names = {"log": "events of the cases", "contacts": "contacts", "feedback": "survey answers", "study": "study file"}
    rows = [
        [i.name, names[i.role], f"{i.rows:,}" if i.rows else HIDDEN, f"{i.rejected:,}" if i.rows else HIDDEN]
        for i in a.provenance.inputs
    ]
    return _table(
        "records-used", "Records used", [("File", False), ("What it holds", False), ("Rows", True), ("Set aside", True)],
        rows, file="tables/rejects.csv" if a.rejects else "",
        note="Rows that could not be used are listed with their row and the reason." if a.rejects else "",
    )  # fmt: skip


def baseline(a: Analysis) -> Table:
    """Cycle times and the share within the standard."""
    rows = []
    for r in rows_of(a.cycle.table):
        share = r.unit == "share"
        value = percent(r.value, r.low, r.high) if share else _supported(r.value, r.low, r.high)
        rows.append(
            [
                str(r.measure).capitalize()
                + ("" if share else " of cycle time" if "percentile" in str(r.measure) else " cycle time"),
                "share of cases" if share else "days",
                value,
                interval(_real(r.low), _real(r.high), value=r.value, percent=share),
                f"{r.n:,}",
            ]
        )
    return _table(
        "baseline", f"Cycle time of cases that arrived from {arrivals_words(a.log)}",
        [("Measure", False), ("Unit", False), ("Value", True), ("95% interval", True), ("Cases", True)], rows,
        file="tables/baseline.csv", note="Elapsed time, from arrival to last completion.",
    )  # fmt: skip


def channels(a: Analysis) -> Table:
    """Figures by channel."""
    assert a.channels is not None
    frame = a.channels.table
    cells: list[Callable[..., str]] = [
        lambda r: f"{r.n_cases:,}",
        lambda r: percent(r.cases_share),
        lambda r: _supported(r.mean_days, r.mean_low, r.mean_high),
        lambda r: interval(_real(r.mean_low), _real(r.mean_high), value=r.mean_days),
        lambda r: _days(r.median_days),
    ]
    columns = [("Channel", False), ("Closed cases", True), ("Share of closed cases", True), ("Mean cycle time (days)", True),
               ("95% interval", True), ("Median (days)", True)]  # fmt: skip
    if a.cycle.standard is not None:
        cells.append(lambda r: percent(r.within_standard))
        columns.append(("Within the standard (share of cases)", True))
    if a.rates is not None:
        cells.append(lambda r: number(r.contacts_per_case, 2))
        columns.append(("Contacts per closed case", True))
    rows, note = _rows(frame, "n_cases", a.minimum_cell, cells, label="group")
    return _table("channels", "The service by channel", columns, rows, note=note, file="tables/channels.csv")


def bottlenecks(a: Analysis) -> Table:
    """Where the time goes, by step awaited."""
    b, starts = a.bottlenecks, a.log.has_start
    frame = b.table[b.table["share"] + b.table["service_days_per_case"] > 0]
    cells: list[Callable[..., str]] = [lambda r: percent(r.share, _real(r.share_low), _real(r.share_high)),
             lambda r: interval(_real(r.share_low), _real(r.share_high), value=r.share, percent=True)]  # fmt: skip
    columns = [("Step awaited", False), ("Share of cycle time", True), ("95% interval", True)]
    if starts:
        cells += [lambda r: _days(r.waiting_days_per_case), lambda r: _days(r.service_days_per_case)]
        columns += [("Waiting (days per case)", True), ("Work (days per case)", True)]
    if b.sojourn.value > 0:
        cells.append(lambda r: _days(r.sojourn_days_per_case))
        columns.append(("Waiting or work (days per case)", True))
    if a.calendar is not None:
        cells.append(lambda r: _days(r.waiting_working_hours_per_case))
        columns.append(("Waiting in office hours (per case)", True))
    cells += [lambda r: _days(r.median_wait_days), lambda r: f"{r.n_cases:,}"]
    columns += [("Median wait (days)", True), ("Cases", True)]
    rows, note = _rows(frame, "n_cases", a.minimum_cell, cells, label="activity")
    external = [r.activity for r in rows_of(frame) if r.external]
    if external:
        note = f"{', '.join(external)}: a wait for the customer or a third party. {note}".strip()
    return _table(
        "bottlenecks", f"Where the time of {b.n:,} closed cases goes, along their critical paths", columns, rows,
        note=note, file="tables/bottlenecks.csv",
    )  # fmt: skip


def transitions(a: Analysis) -> Table:
    """The most frequent transitions."""
    cells: list[Callable[..., str]] = [
        lambda r: str(r.target),
        lambda r: f"{r.n:,}",
        lambda r: f"{r.n_cases:,}",
        lambda r: percent(r.share),
        lambda r: _days(r.mean_hours / 24),
        lambda r: _days(r.median_hours / 24),
    ]
    rows, note = _rows(a.follows.table, "n_cases", a.minimum_cell, cells, label="source")
    until = "start" if a.log.has_start else "completion"
    return _table(
        "transitions", "The most frequent transitions between steps",
        [("From", False), ("To", False), ("Times", True), ("Cases", True), ("Share of cases", True),
         (f"Mean time to {until} (days)", True), (f"Median time to {until} (days)", True)],
        rows, note=note, file="tables/transitions.csv",
    )  # fmt: skip


def rework(a: Analysis) -> Table:
    """Families of loops."""
    cells: list[Callable[..., str]] = [
        lambda r: f"{r.n_cases:,}",
        lambda r: percent(r.cases_share, _real(r.cases_share_low), _real(r.cases_share_high)),
        lambda r: f"{r.n_occurrences:,}",
        lambda r: _supported(r.days_per_case, r.days_per_case_low, r.days_per_case_high),
        lambda r: interval(_real(r.days_per_case_low), _real(r.days_per_case_high), value=r.days_per_case),
        lambda r: _days(r.days_per_occurrence),
    ]
    columns = [("Loop", False), ("Cases", True), ("Share of closed cases", True), ("Times", True), ("Days per case", True),
               ("95% interval", True), ("Days each time", True)]  # fmt: skip
    if a.log.has_start and a.calendar is not None:
        cells.append(lambda r: _days(r.staff_hours_per_case))
        columns.append(("Staff hours per case", True))
    rows, note = _rows(a.rework.table, "n_cases", a.minimum_cell, cells, label="loop")
    rows = [[r[0][:1].upper() + r[0][1:], *r[1:]] for r in rows]
    note = f"Days and hours per case are over all {a.rework.n:,} closed cases. {note}".strip()
    return _table("rework", "Loops that send work back", columns, rows, note=note, file="tables/rework.csv")


def contacts(a: Analysis) -> Table:
    """Contacts by state."""
    assert a.rates is not None
    frame = _contact_frame(a)
    cells: list[Callable[..., str]] = [
        lambda r: f"{r.n_contacts:,}",
        lambda r: percent(r.share),
        lambda r: f"{r.open_days:,.0f}" if r.state != LATER else HIDDEN,
        lambda r: (
            HIDDEN if r.state == LATER else _supported(100 * r.rate_per_open_day, 100 * r.rate_low, 100 * r.rate_high)
        ),
        lambda r: (
            HIDDEN
            if r.state == LATER or not np.isfinite(r.rate_low)
            else interval(100 * r.rate_low, 100 * r.rate_high, value=100 * r.rate_per_open_day)
        ),
    ]
    rows, note = _rows(frame, "n_cases", a.minimum_cell, cells, label="state")
    return _table(
        "contacts", "Contacts, by the step that the case awaits",
        [("The case awaits", False), ("Contacts that name a case", True), ("Share of these contacts", True),
         ("Open days", True), ("Contacts per 100 open days", True), ("95% interval", True)],
        rows, note=note, file="tables/contacts.csv",
    )  # fmt: skip


def feedback(a: Analysis) -> Table:
    """Scores by quarter of cycle time."""
    assert a.scores is not None
    cells: list[Callable[..., str]] = [
        lambda r: f"{r.n_answers:,}",
        lambda r: _supported(r.mean_score, r.score_low, r.score_high),
        lambda r: interval(_real(r.score_low), _real(r.score_high), value=r.mean_score),
    ]
    rows, note = _rows(a.scores.table, "n_answers", a.minimum_cell, cells, label="group")
    scale = f"{a.scores.scale[0]:g} to {a.scores.scale[1]:g}"
    return _table(
        "feedback", "Survey scores, by cycle time",
        [("Cycle time of the case", False), ("Answers", True), (f"Mean score ({scale})", True), ("95% interval", True)],
        rows, note=note, file="tables/feedback.csv",
    )  # fmt: skip


#: Measures of the core table; each proposal's own table has all.
_CORE = ("cycle_time.mean", "within_standard", "contacts_per_case", "cost_per_year")


def scenario(scenario: Scenario, estimate: ScenarioEstimate) -> Table:
    """Every measure of one scenario."""
    rows = []
    for f in estimate.figures:
        texts = figure_texts(f)
        rows.append([measure_words(f), texts.baseline, texts.value, texts.change, span_text(f), f"{f.n:,}"])
    return _table(
        f"estimate-{scenario.slug.replace('_', '-')}", f"What “{scenario.name}” is estimated to do directly",
        [("Measure", False), ("Baseline", True), ("Estimate", True), ("Change", True),
         (f"{estimate.level:.0%} interval of the change", True), ("Cases", True)],
        rows, note=_QUEUES_NOTE, file="tables/scenarios.csv",
    )  # fmt: skip


def benefits(a: Analysis, scenarios: Sequence[tuple[Scenario, ScenarioEstimate]]) -> Table:
    """The core table: baseline, target, date, interval and evidence of the main measures under each scenario."""
    rows = []
    for proposal, estimate in scenarios:
        evidence = "; ".join(c.evidence.rstrip(".") for c in proposal.changes if c.evidence) or "none given"
        for f in estimate.figures:
            if f.measure in _CORE:
                texts = figure_texts(f)
                date = proposal.full_effect or "not set"
                span = target_span(f)
                rows.append([proposal.name, measure_words(f), texts.baseline, texts.value, span, date, evidence])
    return _table(
        "benefits", f"Intended benefits; baseline: cases that arrived from {arrivals_words(a.log)}",
        [("Proposal", False), ("Measure", False), ("Baseline", True), ("Estimate (direct effect)", True),
         ("95% interval of the estimate", True), ("Full effect", False), ("Evidence", False)],
        rows, note=_QUEUES_NOTE, file="tables/scenarios.csv",
    )  # fmt: skip


def timeline(a: Analysis, scenarios: Sequence[Scenario]) -> Table:
    """Who does what by when, and what it costs."""
    currency = a.study.costs.currency if a.study.costs else ""

    def cost(value: float | None) -> str:
        return "not given" if value is None else f"{currency} {value:,.0f}".strip()

    rows = [
        [s.name + (" (signature initiative)" if s.signature else ""), s.owner or "not set", s.start or "not set",
         s.full_effect or "not set", cost(s.cost_once), cost(s.cost_per_year)]
        for s in scenarios
    ]  # fmt: skip
    return _table(
        "timeline", "Owners, dates and costs as the study states them",
        [("Proposal", False), ("Owner", False), ("Start", False), ("Full effect", False), ("Cost once", True),
         ("Cost per year", True)],
        rows,
    )  # fmt: skip


def digests(a: Analysis) -> Table:
    """The inputs and their digests."""
    rows = [
        [i.name, i.sha256 or "frame", "; ".join(f"{k}: {v}" for k, v in i.reading.items())] for i in a.provenance.inputs
    ]
    return _table(
        "inputs", "Files that the section was computed from", [("File", False), ("SHA-256", False), ("How it was read", False)],
        rows, file="provenance.json",
    )  # fmt: skip


def publishable_result(result: AnyResult, a: Analysis) -> AnyResult:
    """The same result without the rows of too few cases, so that its chart shows none of them."""
    table = _contact_frame(a) if isinstance(result, ContactRates) else result.table
    hidden = suppressed_rows(table["n_cases"], minimum=a.minimum_cell)
    return replace(result, table=result.table[~hidden].reset_index(drop=True))


_FILES = {
    "tables/baseline.csv": "cycle time: each measure with its interval",
    "tables/bottlenecks.csv": "waiting, service and sojourn by step awaited",
    "tables/channels.csv": "the service by channel",
    "tables/transitions.csv": "transitions between steps",
    "tables/variants.csv": "routes through the process",
    "tables/rework.csv": "families of loops",
    "tables/contacts.csv": "contacts by state",
    "tables/feedback.csv": "survey scores by cycle time",
    "tables/scenarios.csv": "estimates of each scenario",
    "tables/quality.csv": "what was met in the records",
    "tables/rejects.csv": "rows that could not be used",
}


def files(a: Analysis) -> Table:
    """The data files beside the section."""
    made = full_tables(a)
    rows = [[path, what] for path, what in _FILES.items() if path in made]
    return _table("files", "Data files beside this section", [("File", False), ("What it holds", False)], rows)


def full_tables(a: Analysis) -> dict[str, pd.DataFrame]:
    """The tables as they are published, unrounded, by path; groups of too few cases are suppressed."""
    m = a.minimum_cell
    variants = a.variants.table.assign(activities=[" → ".join(t) for t in a.variants.table["activities"]])
    result = {
        "tables/baseline.csv": _baseline_frame(a),
        "tables/bottlenecks.csv": publishable(a.bottlenecks.table, count="n_cases", minimum=m, label="activity"),
        "tables/transitions.csv": publishable(a.follows.table, count="n_cases", minimum=m, label="source"),
        "tables/variants.csv": _pooled(variants, m),
        "tables/rework.csv": publishable(a.rework.table, count="n_cases", minimum=m, label="loop"),
        "tables/quality.csv": _quality_frame(a),
    }
    if a.channels is not None:
        result["tables/channels.csv"] = publishable(a.channels.table, count="n_cases", minimum=m, label="group")
    if a.rates is not None:
        result["tables/contacts.csv"] = publishable(_contact_frame(a), count="n_cases", minimum=m, label="state")
    if a.scores is not None:
        result["tables/feedback.csv"] = publishable(a.scores.table, count="n_answers", minimum=m, label="group")
    if a.scenarios:
        result["tables/scenarios.csv"] = pd.concat(
            [e.table.assign(scenario=s.name) for s, e in a.scenarios], ignore_index=True
        )[["scenario", *a.scenarios[0][1].table.columns]]
    if a.rejects:
        # what stands in the rows may be anything, names included: only where and why is published
        result["tables/rejects.csv"] = pd.DataFrame(
            [
                {
                    "file": r.file,
                    "row": r.row,
                    "column": r.column,
                    "reason": r.reason,
                }
                for r in a.rejects
            ]
        )
    return {path: harmless_text(frame) for path, frame in result.items()}


def _quality_frame(a: Analysis) -> pd.DataFrame:
    """Findings about the records without their examples, and without small counts of cases."""
    return pd.DataFrame(
        [
            {
                "kind": f.kind,
                "statement": quality_words(f, a.minimum_cell),
                "count": None if hidden_count(f, a.minimum_cell) else f.count,
                "of": f.of,
                "unit": f.unit,
            }
            for f in a.quality.findings
        ],
        columns=["kind", "statement", "count", "of", "unit"],
    ).astype({"count": "Int64"})


def publishable_histogram(a: Analysis) -> Histogram:
    """Cycle times in bins of which none holds fewer cases than may be published."""
    chart = a.cycle.chart()
    assert isinstance(chart, Histogram)
    values = a.cycle.cases["cycle_time_days"].dropna().to_numpy()
    for share, bins in ((s, b) for s in (0.98, 0.95, 0.9, 0.8) for b in (40, 30, 20, 15, 10, 8, 6, 5)):
        top = float(np.quantile(values, share)) or 1.0
        counts, edges = np.histogram(values[values <= top], bins=bins, range=(0, top))
        over = int((values > top).sum())
        if all(c == 0 or c >= a.minimum_cell for c in (*counts, over)):
            marks = tuple(m for m in chart.marks if m.at <= top)
            return replace(
                chart, edges=tuple(map(float, edges)), counts=tuple(map(int, counts)), over=over, marks=marks
            )
    return replace(chart, edges=(0.0, float(values.max()) or 1.0), counts=(len(values),), over=0)


def _baseline_frame(a: Analysis) -> pd.DataFrame:
    b = a.bottlenecks
    counts = pd.DataFrame(
        [
            {"measure": "cases", "value": a.cycle.n + a.cycle.n_open, "unit": "cases", "n": a.cycle.n + a.cycle.n_open},
            {
                "measure": "open cases",
                "value": None if 0 < a.cycle.n_open < a.minimum_cell else a.cycle.n_open,
                "unit": "cases",
                "n": a.cycle.n + a.cycle.n_open,
            },
        ]
    )
    split = pd.DataFrame(
        [
            {"measure": f"mean {k} time", "value": e.value, "low": e.low, "high": e.high, "unit": e.unit, "n": e.n}
            for k, e in (
                ("waiting", b.waiting),
                ("service", b.service),
                ("sojourn", b.sojourn),
                ("external", b.external),
            )
        ]
    )
    frame = pd.concat([counts, a.cycle.table, split], ignore_index=True)
    return frame[["measure", "value", "low", "high", "unit", "n"]]


def _contact_frame(a: Analysis) -> pd.DataFrame:
    assert a.rates is not None
    cases = contact_cases(a.rates)
    return a.rates.table.assign(n_cases=[cases[s] for s in a.rates.table["state"]])


def _pooled(variants: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Routes of enough cases; the rest as one row, since a rare route can point at a person."""
    common = variants[variants["n_cases"] >= minimum]
    rare = variants[variants["n_cases"] < minimum]
    if rare.empty:
        return common
    other = pd.DataFrame(
        [
            {
                "activities": f"(other routes: {len(rare):,})",
                "n_cases": int(rare["n_cases"].sum()),
                "share": float(rare["share"].sum()),
            }
        ]
    )
    return pd.concat([common, other], ignore_index=True).astype({"n_steps": "Int64"})


def _real(value: float) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
