"""Findings: one statement each, with its number, interval, n and method, under a stable id."""

from __future__ import annotations

from collections.abc import Iterator

from streamline.report.analysis import Analysis
from streamline.report.findings.baseline import baseline_findings
from streamline.report.findings.compared import compared_findings
from streamline.report.findings.contact_records import contact_quality_findings
from streamline.report.findings.contacts import contact_findings
from streamline.report.findings.feedback import feedback_findings
from streamline.report.findings.in_part import in_part_findings
from streamline.report.findings.packages import hanging_finding, package_findings
from streamline.report.findings.records import quality_findings
from streamline.report.findings.rework import rework_findings
from streamline.report.findings.scenario import scenario_findings
from streamline.report.findings.staff import staff_findings
from streamline.report.findings.standard import standard_findings
from streamline.report.findings.summary import summary_findings
from streamline.report.findings.time import bottleneck_findings, slow_findings
from streamline.report.findings.validation import validation_findings
from streamline.report.findings.waiting import waiting_findings
from streamline.report.findings.worth import worth_findings
from streamline.results import Finding


def all_findings(analysis: Analysis) -> tuple[Finding, ...]:
    """All findings of an analysis, in the order of the section."""
    told = (
        *baseline_findings(analysis),
        *compared_findings(analysis),
        *bottleneck_findings(analysis),
        *slow_findings(analysis),
        *waiting_findings(analysis),
        *staff_findings(analysis),
        *standard_findings(analysis),
        *rework_findings(analysis),
        *contact_findings(analysis),
        *feedback_findings(analysis),
        *(f for s, e in analysis.scenarios for f in scenario_findings(s, e, analysis.validation)),
        *_of_proposals(analysis),
        *validation_findings(analysis),
        *quality_findings(analysis),
        *contact_quality_findings(analysis),
    )
    return (*summary_findings(analysis, told), *told)


def _of_proposals(a: Analysis) -> Iterator[Finding]:
    """What the scenarios hang on and are worth, and what they do together."""
    if a.proposed is None:
        return
    for s in a.proposed.scenarios:
        yield from hanging_finding(s, a.proposed.validation)
        yield from in_part_findings(s, a.proposed.validation)
        yield from worth_findings(s, a.study.terms, a.proposed.validation)
    yield from package_findings(a.proposed, a.study.costs.currency if a.study.costs else "")
