"""Tables about the proposed changes."""

from __future__ import annotations

from collections.abc import Sequence

from streamline.report.analysis import Analysis
from streamline.report.findings.in_part import CORE
from streamline.report.findings.scenario import (
    figure_texts,
    measure_words,
    span_text,
    target_span,
    unit_words,
    verdict_caveat,
    verdict_words,
    without_unit,
)
from streamline.report.section import Table
from streamline.report.tables.making import table_of
from streamline.report.tables.strengths import sliders
from streamline.report.wording import arrivals_words, number, percent
from streamline.results import rows_of
from streamline.study import Scenario
from streamline.whatif.estimate import Figure, ScenarioEstimate

#: Why a baseline may differ from the figure told elsewhere in the section.
_BASELINE = "Baseline: the same cases replayed without the change, which may differ slightly from what was observed."
_NOTE = "Intervals hold the sample, the belief about each change and the error of the replay. Figures are rounded one by one."
_DIRECT_NOTE = (
    "Queues could not be replayed from these records; the intervals hold the sample and the belief, not that error. "
    "Figures are rounded "
    "one by one."
)


def _note(through_queues: bool) -> str:
    """What the figures of a table of estimates hold."""
    return f"{_BASELINE} {_NOTE}" if through_queues else _DIRECT_NOTE


def _checked(a: Analysis) -> str:
    """The verdict of the check of the replay, for the note of a table of its estimates."""
    return "" if a.validation is None else f"{verdict_words(a.validation)} "


def scenario(a: Analysis, scenario: Scenario, estimate: ScenarioEstimate) -> Table:
    """Every measure of one scenario."""
    directly = "" if estimate.through_queues else " directly"
    rows, findings = [], []
    for f in estimate.figures:
        texts = figure_texts(f)
        findings.append(f"scenario.{scenario.slug}.{f.measure}")
        rows.append([measure_words(f), texts.baseline, texts.value, texts.change, span_text(f), f"{f.n:,}"])
    return table_of(
        f"estimate-{scenario.slug.replace('_', '-')}", f"What “{scenario.name}” is estimated to do{directly}",
        [("Measure", False), ("Baseline", True), ("Estimate", True), ("Change", True),
         (f"{estimate.level:.0%} interval of the change", True), ("Cases", True)],
        rows, note=_checked(a) + _note(estimate.through_queues), file="tables/scenarios.csv", findings=findings,
    )  # fmt: skip


def benefits(a: Analysis, scenarios: Sequence[tuple[Scenario, ScenarioEstimate]]) -> Table:
    """The core table: baseline, target, date, interval and evidence of the main measures under each scenario."""
    rows: list[list[str]] = []
    place: dict[tuple[str, str], int] = {}
    findings: list[str] = []
    direct = "" if all(e.through_queues for _, e in scenarios) else " (direct effect)"
    for proposal, estimate in scenarios:
        evidence = "; ".join(c.evidence.rstrip(".") for c in proposal.changes if c.evidence) or "none given"
        for f in estimate.figures:
            if f.measure in CORE:
                place[proposal.slug, f.measure] = len(rows)
                rows.append([*_benefit(proposal, f), evidence])
                findings.append(f"scenario.{proposal.slug}.{f.measure}")
                evidence = "the same"
    return table_of(
        "benefits", f"Intended benefits; baseline: cases that arrived from {arrivals_words(a.log)}",
        [("Proposal", False), ("Measure", False), ("Unit", False), ("Baseline", True), (f"Target{direct}", True), ("Date", False),
         ("95% interval", True), ("Evidence", False)],
        rows, note=f"Targets are the estimates. {_checked(a)}{_note(direct == '')}", file="tables/scenarios.csv",
        findings=findings, shared=(0, 5, 7), sliders=sliders(a.proposed.scenarios if a.proposed else (), place, _benefit),
        sliders_note=" ".join(verdict_caveat(a.validation)),
    )  # fmt: skip


def _benefit(proposal: Scenario, f: Figure) -> list[str]:
    """A row of the core table but for its evidence."""
    texts = figure_texts(f)
    baseline, target, span = (without_unit(t, f) for t in (texts.baseline, texts.value, target_span(f)))
    what = [proposal.name, measure_words(f, unit=False), unit_words(f)]
    return [*what, baseline, target, proposal.full_effect or "not set", span]


def validation(a: Analysis) -> Table:
    """How well the replay reproduces cycle times, as they were and in the later part."""
    assert a.validation is not None
    words = {
        "cycle_time.mean": "Mean cycle time, days", "cycle_time.median": "Median cycle time, days",
        "cycle_time.p90": "90th percentile of cycle time, days", "cycle_time.distance": "Mean distance of cycle times, hours",
    }  # fmt: skip
    rows = [
        [words[str(r.measure)], "as it is" if r.part == "as it is" else "later part",
         number(r.observed, 2), number(r.replayed, 2),
         "–" if r.error != r.error else percent(abs(r.error)), "–" if r.shift != r.shift else number(r.shift, 2)]
        for r in rows_of(a.validation.table)
    ]  # fmt: skip
    return table_of(
        "validation", "The service replayed without any change, against what was observed",
        [("Measure", False), ("Replayed", False), ("Observed", True), ("By the replay", True), ("Off by", True),
         ("By the earlier cases", True)],
        rows, note="Later part: staff and delays learned from the first 70% of the arrivals, the rest replayed.",
        file="tables/validation.csv",
    )  # fmt: skip


def replayed_waits(a: Analysis) -> Table:
    """Mean waits for staff by activity, observed and replayed."""
    assert a.validation is not None
    shown = a.validation.waits[a.validation.waits["n_steps"] >= a.minimum_cell]
    rows = [
        [str(r.activity), f"{r.n_steps:,}", number(r.observed_hours, 1), number(r.replayed_hours, 1)]
        for r in rows_of(shown.sort_values(["observed_hours", "activity"], ascending=[False, True]).head(15))
    ]
    return table_of(
        "replayed-waits", "Mean wait for each step that needs staff, hours, observed and replayed",
        [("Step awaited", False), ("Steps", True), ("Observed", True), ("Replayed", True)],
        rows, file="tables/replayed_waits.csv",
    )  # fmt: skip
