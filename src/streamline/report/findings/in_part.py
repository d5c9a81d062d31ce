"""Findings about scenarios at part of their strength: what the sliders beside the benefits show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from streamline.proposals import EstimatedScenario
from streamline.report.findings.scenario import scenario_findings
from streamline.results import Finding, ScenarioFinding
from streamline.whatif.validate import Validation

#: Measures of the core table; each proposal's own table has all.
CORE = ("cycle_time.mean", "within_standard", "contacts_per_case", "cost_per_year")


def in_part_findings(scenario: EstimatedScenario, validation: Validation | None) -> Iterator[Finding]:
    """The core measures of a scenario at each share of its strength, as `scenario.<slug>.at_<percent>.<measure>`."""
    for part in scenario.in_part:
        for finding in scenario_findings(scenario.scenario, part.estimate, validation):
            measure = finding.id.removeprefix(f"scenario.{scenario.scenario.slug}.")
            if measure in CORE:
                yield _at(finding, part_id(scenario.scenario.slug, part.percent, measure), part.percent)


def part_id(slug: str, percent: int, measure: str) -> str:
    """The id of a scenario's figure at this percent of its strength; the whole scenario has no percent in its ids.

    >>> part_id("notify", 25, "cycle_time.mean"), part_id("notify", 100, "cycle_time.mean")
    ('scenario.notify.at_25.cycle_time.mean', 'scenario.notify.cycle_time.mean')
    """
    return f"scenario.{slug}.{measure}" if percent == 100 else f"scenario.{slug}.at_{percent}.{measure}"


def _at(finding: Finding, id_: str, percent: int) -> Finding:
    """A scenario's finding, said of a part of its strength."""
    assert isinstance(finding, ScenarioFinding)
    name = f"“{finding.scenario}”"
    assert finding.statement.startswith(name), finding.statement
    return replace(
        finding,
        id=id_,
        statement=f"{name} at {percent}% of its strength{finding.statement.removeprefix(name)}",
        method=f"{finding.method}; each change that has a strength at {percent}% of it",
        table="tables/scenarios_in_part.csv",
    )
