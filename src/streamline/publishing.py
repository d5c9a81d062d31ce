"""The files of a section: every form that it is read in, its pictures and tables, and what they rest on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from streamline.figure import FlowMap
from streamline.output import RECORD, as_bytes
from streamline.provenance import Provenance
from streamline.report.published import FILES
from streamline.report.section import Figure, Section

#: What the documents are, for the catalog.
DOCUMENTS = {
    "section.html": "the section as a web page",
    "section.docx": "the section as a Word document",
    "section.pdf": "the section as a PDF",
    "section.md": "the section as Markdown",
}


def section_files(
    section: Section,
    *,
    tables: Mapping[str, pd.DataFrame],
    document: dict[str, Any],
    provenance: Provenance,
    template: bytes | None = None,
    contact: tuple[str, str] | None = None,
    beside: Mapping[str, tuple[bytes, str]] | None = None,
) -> dict[str, str | bytes]:
    """Every file of the section by its path: text, or the bytes of a document. The same section gives the same bytes.

    tables : the published tables by path. document : findings.json as Python values. template : a Word document whose styles
    section.docx takes. contact : name and e-mail address for the catalog of the data. beside : other files by path, each with
    what it is.
    """
    from streamline.report.to_dcat import to_dcat
    from streamline.report.to_docx import to_docx
    from streamline.report.to_html import to_html
    from streamline.report.to_json import to_json
    from streamline.report.to_md import to_md
    from streamline.report.to_pdf import to_pdf

    first, last = document["study"]["period"]
    day = date.fromisoformat(last)
    made: dict[str, str | bytes] = {
        "section.html": to_html(section),
        "section.docx": to_docx(section, dated=day, template=template),
        "section.pdf": to_pdf(section, dated=day),
        "section.md": to_md(section),
        "findings.json": to_json(document),
    }
    made |= {path: frame.to_csv(index=False, lineterminator="\n") for path, frame in tables.items()}
    made |= {path: content for path, (content, _) in (beside or {}).items()}
    pictures = {f"figures/{_slug(figure, k)}.svg": figure for k, figure in enumerate(section.figures, start=1)}
    made |= {path: picture(figure) for path, figure in pictures.items()}
    what = {
        **DOCUMENTS,
        "findings.json": "every finding with its number, interval and method",
        **{path: FILES[path] for path in tables},
        **{path: words for path, (_, words) in (beside or {}).items()},
        **{path: f"picture: {figure.caption}" for path, figure in pictures.items()},
    }
    seen = hashlib.sha256("".join(i.sha256 for i in provenance.inputs).encode()).hexdigest()
    made["data.json"] = to_dcat(
        section, what, identifier=f"urn:sha256:{seen}", period=(first, last), modified=day, contact=contact
    )
    made[RECORD] = to_json(
        {
            **provenance.to_dict(),
            "history": list(provenance.history),
            "reading": {i.name: i.reading for i in provenance.inputs},
            "files": {k: hashlib.sha256(as_bytes(v)).hexdigest() for k, v in sorted(made.items())},
        }
    )
    return made


def picture(figure: Figure) -> str:
    """A figure as an SVG file that stands alone: title, note, and what it shows in words."""
    from streamline.report.chart import chart_svg
    from streamline.report.map import map_svg

    if isinstance(figure.chart, FlowMap):
        return map_svg(figure.chart, title_id="picture", desc=figure.alt, headed=True) + "\n"
    return chart_svg(figure.chart, wide=True, title_id="picture", desc=figure.alt, headed=True) + "\n"


def _slug(figure: Figure, number: int) -> str:
    """A name for the picture's file: the figure's number and id."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in figure.id).strip("-")
    return f"{number:02d}-{plain or 'figure'}"
