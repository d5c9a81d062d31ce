"""Groups of cases beside each other: a part of the section where the study names what to compare by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from streamline.report import tables
from streamline.report.analysis import Analysis
from streamline.report.findings.compared import compared_rows
from streamline.report.parts.saying import Say, cautions, figure, paragraph, said
from streamline.report.section import Part
from streamline.report.wording import factor_words, sentence


def compared_part(a: Analysis, say: Say) -> Iterator[Part]:
    """Who differs, as they are and with what else is known alike."""
    if a.compared is None:
        return
    by = factor_words(a.compared.by)
    chart = replace(a.compared, table=compared_rows(a)).chart()
    yield Part(
        id="compared",
        title=f"{sentence(by)}s compared",
        blocks=(
            *paragraph(said(say, "compared.differing")),
            tables.compared(a),
            figure("compared", f"Mean cycle time by {by}, against the others", chart),
            *cautions(a.compared.caveats),
        ),
    )
