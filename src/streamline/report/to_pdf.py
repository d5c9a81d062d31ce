"""The section as a tagged PDF (PDF/UA-1, ISO 14289-1), for print and for screen readers."""

from __future__ import annotations

import json
import tempfile
import warnings
from datetime import date
from pathlib import Path
from typing import Any

from streamline.report.lettering import font_folder
from streamline.report.pdf_tags import with_row_headers
from streamline.report.print_letters import Letters
from streamline.report.print_picture import Paper, figure_data
from streamline.report.print_table import table_data
from streamline.report.section import (
    Block,
    Bullets,
    Caution,
    Figure,
    KeyFigures,
    Paragraph,
    Part,
    Section,
    Table,
)

_TEMPLATE = Path(__file__).parent / "templates" / "section.typ"
#: The page, in points: US Letter with margins of three quarters of an inch.
_WIDTH, _HEIGHT, _MARGIN = 612.0, 792.0, 54.0
_TEXT, _TURNED = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
#: What a caption and a note take of a page that a picture fills.
_WORDS = 120.0
_PAPER = Paper(width=_TEXT, height=_TURNED - _WORDS, turned_width=_TURNED, turned_height=_TEXT - _WORDS)
_BODY = 9.5


def to_pdf(section: Section, *, dated: date | None = None, map_seconds: float = 20.0) -> bytes:
    """Write a section as a PDF that conforms to PDF/UA-1: tagged, titled, with its letters in it.

    section : what to show; its findings stay in findings.json.
    dated : the day that the file gives as its date, such as the last day of the records; None for no date.
    map_seconds : time limit for the layout of each process map.

    Returns the file; the same section and day give the same bytes. A map comes with its twelve most frequent steps;
    a table that is too wide for a page has smaller letters or a page on its side. A character that the typeface
    (DejaVu Sans) lacks is shown as a sign, and the first page says so.
    Raises ValueError for a table whose rows don't fit its columns; warns with what the compiler warns of.
    """
    import typst

    letters = Letters()
    data = _Data(letters, map_seconds).section(section)
    data |= {
        "dated": None if dated is None else [dated.year, dated.month, dated.day],
        "cautions": [words for words in [letters.caution()] if words],
        "page": {"width": _WIDTH, "height": _HEIGHT, "margin": _MARGIN},
    }
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[font_folder()])
    with tempfile.TemporaryDirectory() as nothing:  # the template can read no file: its root is an empty folder
        compiler = typst.Compiler(
            _TEMPLATE.read_bytes(),
            root=Path(nothing),
            font_paths=fonts,
            ignore_system_fonts=True,
            sys_inputs={"section": json.dumps(data, ensure_ascii=False, allow_nan=False)},
        )
        file, told = compiler.compile_with_warnings(pdf_standards=["ua-1"], timestamp=0)
    for warning in told:
        warnings.warn(f"section.pdf: {warning.message}", stacklevel=2)
    assert isinstance(file, bytes), "one document comes as one file"
    return with_row_headers(file)


def _turned_pages_last(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same blocks, an upright table before the picture on a turned page that it follows: else the turned page would leave
    the one before it nearly empty."""
    placed = list(blocks)
    for i in range(len(placed) - 1):
        picture, table = placed[i], placed[i + 1]
        turned = picture["kind"] == "figure" and picture["landscape"]
        if turned and table["kind"] == "table" and not any(part["landscape"] for part in table["parts"]):
            placed[i : i + 2] = [table, picture]
    return placed


class _Data:
    """A section as the template wants it: words made fit for print, tables fitted, pictures drawn."""

    def __init__(self, letters: Letters, map_seconds: float) -> None:
        self.letters = letters
        self.map_seconds = map_seconds
        self.n_figures = 0

    def section(self, section: Section) -> dict[str, Any]:
        return {
            "title": self.words(section.title) or "Untitled section",
            "agency": self.words(section.agency),
            "service": self.words(section.service),
            "period": self.words(section.period),
            "parts": [self.part(part) for part in section.parts],
        }

    def words(self, text: str, *, width: float = _TEXT - 30, size: float = _BODY, bold: bool = False) -> str:
        return self.letters.line(text, width=width, size=size, bold=bold)

    def part(self, part: Part) -> dict[str, Any]:
        return {
            "title": self.words(part.title, size=17, bold=True),
            "blocks": _turned_pages_last([self.block(block) for block in part.blocks]),
            "parts": [self.part(child) for child in part.parts],
        }

    def block(self, block: Block) -> dict[str, Any]:
        match block:
            case Paragraph():
                return {"kind": "paragraph", "text": self.words(block.text)}
            case Bullets():
                return {"kind": "bullets", "items": [self.words(item) for item in block.items]}
            case Caution():
                return {"kind": "caution", "text": self.words(block.text)}
            case KeyFigures():
                return self.key_figures(block)
            case Table():
                return table_data(block, self.letters, upright=_TEXT, turned=_TURNED)
            case Figure():
                self.n_figures += 1
                name = f"figure-{self.n_figures}"
                return figure_data(block, self.letters, paper=_PAPER, name=name, map_seconds=self.map_seconds)

    def key_figures(self, block: KeyFigures) -> dict[str, Any]:
        n = len(block.items)
        across = max(min(n, 4 if n in (4, 7, 8) else 3), 1)
        room = _TEXT / across - 30
        items = [
            {
                "value": self.words(item.value, width=room, size=16, bold=True),
                "unit": self.words(item.unit, width=room, bold=True),
                "label": self.words(item.label, width=room),
                "detail": self.words(item.detail, width=room),
            }
            for item in block.items
        ]
        return {"kind": "key figures", "items": items, "across": across}
