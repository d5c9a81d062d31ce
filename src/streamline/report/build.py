"""Writes the section: the parts, in reading order, from the results of an analysis."""

from __future__ import annotations

from dataclasses import replace

from streamline.report.analysis import Analysis
from streamline.report.findings import all_findings
from streamline.report.parts.compared import compared_part
from streamline.report.parts.contacts import contacts_part
from streamline.report.parts.method import appendix_part, method_part
from streamline.report.parts.proposals import proposals_parts
from streamline.report.parts.rework import rework_part
from streamline.report.parts.service import groups_part, records_part
from streamline.report.parts.standard import standard_part
from streamline.report.parts.summary import summary_part
from streamline.report.parts.time import time_part
from streamline.report.parts.waiting import staff_part, waiting_part
from streamline.report.section import Section
from streamline.report.wording import arrivals_words


def build_section(a: Analysis) -> Section:
    """The section of an analysis, with all its findings."""
    findings = all_findings(a)
    # the section names the period once, at its head; a finding names it each time, because it is quoted alone
    period = f" that arrived from {arrivals_words(a.log)}"
    say = {f.id: replace(f, statement=f.statement.replace(period, "")) for f in findings}
    parts = [
        summary_part(a, say),
        records_part(a, say),
        *groups_part(a),
        *compared_part(a, say),
        time_part(a, say),
        waiting_part(a, say),
        staff_part(a, say),
        standard_part(a, say),
        rework_part(a, say),
        *contacts_part(a, say),
        *proposals_parts(a, say),
        method_part(a),
        appendix_part(a),
    ]
    return Section(
        title=a.study.study.title,
        agency=a.study.study.agency,
        service=a.study.study.service,
        period=f"Cases that arrived from {arrivals_words(a.log)}",
        parts=tuple(parts),
        findings=findings,
    )
