"""The section as a Word document: real headings, captions and header rows, pictures with words, numbers that can be renewed.

Each statement of a finding stands in a content control whose tag is the finding's id, so that a plan's author can copy it
into a document of their own, and `streamline refresh` renews it there.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime
from itertools import count
from typing import Any

from streamline.findings import tag_of
from streamline.report.chart import describe
from streamline.report.lettering import clean
from streamline.report.print_letters import MISSING, Letters
from streamline.report.print_picture import Paper, figure_data
from streamline.report.print_png import svg_png
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
from streamline.report.word_parts import control, described, element, field, repeated, whole, without_clock
from streamline.report.word_styles import (
    BULLET,
    CAPTION,
    CAUTION,
    KEY,
    NOTE,
    TABLE,
    check_template,
    in_language,
    opened,
    room,
)

__all__ = ["check_template", "to_docx"]

#: What a caption and a note take of a page that a picture fills, in points.
_WORDS = 110.0
#: Tables are fitted with wide letters. By so many points those of Calibri may be larger; an agency's own may be as wide.
_LARGER = 1.0


def to_docx(
    section: Section, *, dated: date | None = None, template: bytes | None = None, map_seconds: float = 20.0
) -> bytes:
    """Write a section as a Word document.

    section : what to show; its findings stay in findings.json, and their statements are tagged with their ids.
    dated : the day that the document's properties name, such as the last day of the records; None for none.
    template : a docx whose styles, margins, header and footer are used; its text is left out.
    map_seconds : time limit for the layout of each process map.

    Returns the file; the same section, day and template give the same bytes. Pictures and tables are those of the PDF: a map
    comes with its twelve most frequent steps, and what is too wide for a page stands on one on its side.
    Raises OutputError when the template isn't a Word document, ValueError for a table whose rows don't fit its columns.
    """
    document = opened(template)
    in_language(document, "en-US")
    writer = _Writer(document, section, larger=_LARGER if template is None else 0.0, map_seconds=map_seconds)
    writer.head(dated)
    for part in section.parts:
        writer.part(part, 1)
    stream = io.BytesIO()
    document.save(stream)
    return without_clock(stream.getvalue())


class _ReadersLetters(Letters):
    """Text for a document that is shown in the reader's own typefaces: none of its characters is replaced."""

    def line(self, text: str, *, width: float, size: float, bold: bool = False) -> str:  # noqa: ARG002 - Word breaks words
        return clean(text)

    def known(self, text: str) -> str:
        return text


class _Writer:
    """Writes blocks into a document, one after the other."""

    def __init__(self, document: Any, section: Section, *, larger: float, map_seconds: float) -> None:
        self._document, self._section = document, section
        self._larger, self._map_seconds = larger, map_seconds
        self._tables, self._figures, self._controls, self._marks = count(1), count(1), count(1001), count(1)
        self._room, self._aside = room(document), False
        # an agency's pages may lie on their sides already: then none is turned
        self._turnable = self._room.turned_width > self._room.width
        period = section.period.removeprefix("Cases")
        tags = {f.statement.replace(period, ""): tag_of(f.id, "short") for f in section.findings}
        tags |= {f.statement: tag_of(f.id) for f in section.findings}
        self._titles = {tag: title_of(f.id) for f in section.findings for tag in (tag_of(f.id), tag_of(f.id, "short"))}
        self._tags = dict(sorted(tags.items(), key=lambda item: -len(item[0])))

    def head(self, dated: date | None) -> None:
        """Title, whose it is, the contents, page numbers, properties."""
        document, section = self._document, self._section
        document.add_paragraph(clean(section.title), style="Title")
        document.add_paragraph(clean(f"{section.agency} · {section.service}"), style="Subtitle")
        document.add_paragraph(clean(section.period))
        document.add_paragraph().add_run("Contents").bold = True
        self._contents()
        footer = document.sections[-1].footer
        line = footer.paragraphs[0] if footer.paragraphs else footer.add_paragraph()
        if not any(p.text.strip() for p in footer.paragraphs) and not footer.tables:
            line.add_run("Page ")
            field(line, "PAGE", "1")
            line.add_run(" of ")
            field(line, "NUMPAGES", "1")
        core = document.core_properties
        core.title, core.author, core.subject = clean(section.title), clean(section.agency), clean(section.service)
        core.language, core.comments, core.keywords, core.category = "en-US", "", "", ""
        day = date(1980, 1, 1) if dated is None else dated
        core.created = core.modified = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a day, no instant
        core.last_modified_by, core.revision = clean(section.agency), 1

    def _contents(self) -> None:
        """The table of contents: the headings with links, which Word renews with page numbers."""
        paragraph = self._document.add_paragraph()
        for kind, extra in (("begin", {"dirty": "true"}), ("separate", {})):
            run = element("w:r")
            run.append(element("w:fldChar", fldCharType=kind, **extra))
            paragraph._p.append(run)
            if kind == "begin":
                code = element("w:r")
                text = element("w:instrText")
                text.text = 'TOC \\o "1-3" \\h \\z \\u'
                code.append(text)
                paragraph._p.append(code)
        marks = count(1)
        for part, level in _outline(self._section):
            link = element("w:hyperlink", anchor=f"part{next(marks)}")
            run, text = element("w:r"), element("w:t")
            text.text = "    " * (level - 1) + clean(part.title)
            text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            run.append(text)
            run.append(element("w:br"))
            link.append(run)
            paragraph._p.append(link)
        end = element("w:r")
        end.append(element("w:fldChar", fldCharType="end"))
        paragraph._p.append(end)

    def part(self, part: Part, level: int) -> None:
        """A heading with its blocks, and the parts under it."""
        first = part.blocks[0] if part.blocks else None
        self._turn(aside=isinstance(first, Table) and self._fitted(first)["parts"][0]["landscape"])
        heading = self._document.add_heading(clean(part.title), level=min(level, 3))
        number = next(self._marks)
        begin = element("w:bookmarkStart", id=str(number), name=f"part{number}")
        heading._p.insert(1 if heading._p.pPr is not None else 0, begin)
        heading._p.append(element("w:bookmarkEnd", id=str(number)))
        for block in part.blocks:
            self.block(block)
        for child in part.parts:
            self.part(child, level + 1)

    def block(self, block: Block) -> None:
        """One block."""
        match block:
            case Table():
                self._table(block)
                return
            case Figure():
                self._figure(block)
                return
        self._turn(aside=False)
        match block:
            case Paragraph():
                self._text(self._document.add_paragraph(), block.text)
            case Bullets():
                for item in block.items:
                    self._text(self._document.add_paragraph(style=BULLET), item)
            case Caution():
                paragraph = self._document.add_paragraph(style=CAUTION)
                paragraph.add_run("Caution: ").bold = True
                self._text(paragraph, block.text)
            case KeyFigures():
                for figure in block.items:
                    paragraph = self._document.add_paragraph(style=KEY)
                    gap = "" if figure.unit in ("", "%") else " "
                    if figure.finding:
                        tag, title = tag_of(figure.finding, "value"), title_of(figure.finding)
                        control(paragraph, figure.value, tag=tag, title=title, number=next(self._controls), bold=True)
                        paragraph.add_run(clean_inside(f"{gap}{figure.unit}")).bold = True
                    else:
                        paragraph.add_run(clean(f"{figure.value}{gap}{figure.unit}")).bold = True
                    detail = f" ({clean(figure.detail)})" if figure.detail else ""
                    paragraph.add_run(f" – {clean(figure.label)}{detail}")

    def _text(self, paragraph: Any, text: str) -> None:
        """Text whose statements of findings stand in content controls."""
        rest = text
        while rest:
            found = [(rest.find(s), s) for s in self._tags if s and s in rest]
            if not found:
                paragraph.add_run(clean_inside(rest))
                return
            at, statement = min(found, key=lambda f: (f[0], -len(f[1])))
            if at:
                paragraph.add_run(clean_inside(rest[:at]))
            tag = self._tags[statement]
            control(paragraph, statement, tag=tag, title=self._titles[tag], number=next(self._controls))
            rest = rest[at + len(statement) :]

    def _caption(self, kind: str, number: int, text: str) -> None:
        paragraph = self._document.add_paragraph(style=CAPTION)
        paragraph.add_run(f"{kind} ")
        field(paragraph, f"SEQ {kind} \\* ARABIC", str(number))
        paragraph.add_run(f". {clean(text)}")

    def _table(self, table: Table) -> None:
        number = next(self._tables)
        data = self._fitted(table)
        for k, part in enumerate(data["parts"]):
            self._turn(aside=part["landscape"])
            if k == 0:
                self._caption("Table", number, table.caption)
            else:
                self._continued(f"Table {number}, continued: the same rows, more columns")
            self._part_of_table(part, table.caption, noted=k == len(data["parts"]) - 1 and bool(data["notes"]))
        self._note(*data["notes"])

    def _part_of_table(self, part: dict[str, Any], caption: str, *, noted: bool) -> None:
        """A table whose columns fit the page; with `noted`, its last row stays with the note under it."""
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Pt

        columns = part["columns"]
        rows = [[column["heading"] for column in columns], *(row["cells"] for row in part["rows"])]
        if len(rows) == 1:
            rows.append(["No rows.", *[""] * (len(columns) - 1)])
        made = self._document.add_table(rows=len(rows), cols=len(columns))
        made.style, made.autofit = TABLE, False
        _announced(made, caption)
        for column, wide in zip(made.columns, part["widths"], strict=True):
            column.width = Pt(wide)
        for k, (row, cells) in enumerate(zip(made.rows, rows, strict=True)):
            if k == 0 or not part["rows"] or not part["rows"][k - 1]["long"]:
                whole(row)
            stays = noted if k == len(rows) - 1 else k == 0 or part["short"]
            for j, (cell, text) in enumerate(zip(row.cells, cells, strict=True)):
                cell.width = Pt(part["widths"][j])
                paragraph = cell.paragraphs[0]
                paragraph.add_run(text).font.size = Pt(part["size"] + self._larger)
                if stays:
                    paragraph.paragraph_format.keep_with_next = True
                if columns[j]["numeric"]:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        repeated(made.rows[0])

    def _continued(self, words: str) -> None:
        """What stands over the further part of a table or a picture, and stays with it."""
        paragraph = self._document.add_paragraph(words, style=NOTE)
        paragraph.paragraph_format.keep_with_next = True

    def _fitted(self, table: Table) -> dict[str, Any]:
        """The table with its columns fitted to the page: on its side, or in parts, where they don't fit upright."""
        upright = self._room.width
        turned = self._room.turned_width if self._turnable else upright
        data = table_data(table, _ReadersLetters(), upright=upright, turned=turned)
        parts = [part | {"landscape": part["landscape"] and self._turnable} for part in data["parts"]]
        return data | {"parts": parts}

    def _figure(self, figure: Figure) -> None:
        from docx.shared import Pt

        number = next(self._figures)
        height, low = self._room.height - _WORDS, self._room.turned_height - _WORDS
        paper = Paper(width=self._room.width, height=height, turned_width=self._room.turned_width, turned_height=low)
        if not self._turnable:
            paper = Paper(width=paper.width, height=height, turned_width=paper.width, turned_height=height)
        name = f"figure-{number}"
        data = figure_data(figure, _ReadersLetters(), paper=paper, name=name, map_seconds=self._map_seconds)
        self._turn(aside=data["landscape"] and self._turnable)
        self._caption("Figure", number, figure.caption)
        letters = Letters()
        for k, piece in enumerate(data["pieces"]):
            if k:
                self._continued(f"Figure {number}, continued")
            drawn = svg_png(letters.known(piece["svg"]), width=piece["width"])
            picture = self._document.add_picture(io.BytesIO(drawn), width=Pt(piece["width"]))
            described(picture, title=figure.caption, words=piece["alt"] or describe(figure.chart))
            if k == len(data["pieces"]) - 1:
                self._document.paragraphs[-1].paragraph_format.keep_with_next = True
        left_out = (
            f"{MISSING} stands for a character that the picture's typeface lacks; section.html shows it."
            if letters.missing
            else ""
        )
        self._note(*data["notes"], left_out)

    def _note(self, *sentences: str) -> None:
        """What stands under a table or a picture, small; a table without words has an empty line under it."""
        self._document.add_paragraph(clean(" ".join(s for s in sentences if s)), style=NOTE)

    def _turn(self, *, aside: bool) -> None:
        """Go on on a page on its side, or upright again; nothing when the page is so already."""
        from docx.enum.section import WD_ORIENT, WD_SECTION

        if aside == self._aside:
            return
        self._aside = aside
        new = self._document.add_section(WD_SECTION.NEW_PAGE)
        short, long = sorted((new.page_width, new.page_height))
        new.orientation = WD_ORIENT.LANDSCAPE if aside else WD_ORIENT.PORTRAIT
        new.page_width, new.page_height = (long, short) if aside else (short, long)
        # the mark of the break goes into the last paragraph: one of its own could spill over onto an empty page
        mark = self._document.paragraphs[-1]._p
        before = mark.getprevious()
        if before is not None and before.tag == mark.tag:
            before.get_or_add_pPr().append(mark.pPr.sectPr)
            mark.getparent().remove(mark)


def _announced(table: Any, caption: str) -> None:
    """Say that the first row and the first column are headings, and what the table is called."""
    properties = table._tbl.tblPr
    space = f"{{{table._tbl.nsmap['w']}}}"
    look = properties.find(f"{space}tblLook")
    if look is None:
        look = element("w:tblLook")
        properties.append(look)
    look.attrib.clear()
    for name, value in (("val", "06A0"), ("firstRow", "1"), ("lastRow", "0"), ("firstColumn", "1"), ("lastColumn", "0"),
                        ("noHBand", "1"), ("noVBand", "1")):  # fmt: skip
        look.set(f"{space}{name}", value)
    properties.append(element("w:tblCaption", val=clean(caption)[:250]))


def title_of(id_: str) -> str:
    """A finding's id as a title that a reader of the document sees on its control.

    >>> title_of("baseline.cycle_time.mean")
    'Baseline: cycle time, mean'
    """
    section, _, rest = id_.replace("_", " ").partition(".")
    return f"{section.capitalize()}: {rest.replace('.', ', ')}"


def clean_inside(text: str) -> str:
    """Text without what XML refuses; a space at either end stays."""
    inner = clean(text)
    return (" " if text[:1].isspace() else "") + inner + (" " if text[-1:].isspace() and inner else "")


def _outline(section: Section) -> Iterator[tuple[Part, int]]:
    """All parts with their levels, in reading order."""

    def below(part: Part, level: int) -> Iterator[tuple[Part, int]]:
        yield part, level
        for child in part.parts:
            yield from below(child, min(level + 1, 3))

    for part in section.parts:
        yield from below(part, 1)
