"""Findings about the records of contacts."""

from __future__ import annotations

from collections.abc import Iterator

from streamline.log.quality import QualityFinding
from streamline.report.analysis import Analysis
from streamline.report.contacted import published_words
from streamline.results import Finding


def contact_quality_findings(a: Analysis) -> Iterator[Finding]:
    """What was met in the records of contacts, and what it does to the figures."""
    if a.answers is None:
        return
    seen: dict[str, int] = {}
    for f in a.answers.quality.findings:
        seen[f.kind] = seen.get(f.kind, 0) + 1
        suffix = "" if seen[f.kind] == 1 else f".{seen[f.kind]}"
        yield Finding(
            id=f"quality.contacts.{f.kind}{suffix}", section="quality", statement=contact_quality_words(f, a),
            value=None if few_contacts(f, a) else f.count, unit=f.unit, n=f.of, method="count of the records of contacts",
            table="tables/quality.csv",
        )  # fmt: skip


def few_contacts(f: QualityFinding, a: Analysis) -> bool:
    """Whether a finding counts so few contacts, of many, that the number isn't published."""
    return 0 < f.count < a.minimum_cell


def contact_quality_words(f: QualityFinding, a: Analysis) -> str:
    """A finding about the records of contacts as it is published."""
    statement = f.statement
    if few_contacts(f, a) and ") " in statement:
        of = "contacts" if f.of < a.minimum_cell else f"of {f.of:,} contacts"
        statement = f"Fewer than {a.minimum_cell} {of} {statement.split(') ', 1)[1]}"
    return " ".join(published_words((statement, f.effect), a))
