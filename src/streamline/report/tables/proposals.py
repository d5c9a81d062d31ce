"""Tables about the proposed changes."""

from __future__ import annotations

from collections.abc import Sequence

from streamline.report.analysis import Analysis
from streamline.report.findings.scenario import figure_texts, measure_words, span_text, target_span
from streamline.report.section import Table
from streamline.report.tables.making import table_of
from streamline.report.wording import arrivals_words
from streamline.study import Scenario
from streamline.whatif.estimate import ScenarioEstimate

_QUEUES_NOTE = (
    "Queues are not modelled yet; the intervals hold the sample and the belief, not that error. Figures are rounded one by "
    "one."
)
#: Measures of the core table; each proposal's own table has all.
_CORE = ("cycle_time.mean", "within_standard", "contacts_per_case", "cost_per_year")


def scenario(scenario: Scenario, estimate: ScenarioEstimate) -> Table:
    """Every measure of one scenario."""
    rows = []
    for f in estimate.figures:
        texts = figure_texts(f)
        rows.append([measure_words(f), texts.baseline, texts.value, texts.change, span_text(f), f"{f.n:,}"])
    return table_of(
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
    return table_of(
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
    return table_of(
        "timeline", "Owners, dates and costs as the study states them",
        [("Proposal", False), ("Owner", False), ("Start", False), ("Full effect", False), ("Cost once", True),
         ("Cost per year", True)],
        rows,
    )  # fmt: skip
