"""Findings about the records."""

from __future__ import annotations

from collections.abc import Iterator

from streamline.log.quality import QualityFinding
from streamline.report.analysis import Analysis
from streamline.results import Finding


def quality_findings(a: Analysis) -> Iterator[Finding]:
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
