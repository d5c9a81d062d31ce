"""The section as a Word document: real headings, captions and header rows, pictures with words, numbers that can be renewed.

Each statement of a finding stands in a content control whose tag is the finding's id, so that a plan's author can copy it
into a document of their own, and `streamline refresh` renews it there.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import count
from typing import Any

from streamline.errors import OutputError
from streamline.figure import FlowMap
from streamline.findings import tag_of
from streamline.report.chart import chart_png
from streamline.report.lettering import clean, text_width
from streamline.report.print_picture import simplified
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
from streamline.report.to_html import check_table
from streamline.report.word_parts import (
    CAPTION,
    CAUTION,
    KEY,
    NOTE,
    control,
    darkened,
    described,
    element,
    field,
    in_language,
    repeated,
    styled,
    whole,
    without_clock,
)

#: Tables with more columns than this are set in smaller letters; with a wider text than the page, on a page on its side.
MANY_COLUMNS = 6
#: Width of the text on an upright page and on one on its side, in points, and of a picture in inches.
UPRIGHT, ASIDE, PICTURE = 468.0, 648.0, 6.5
SMALL, TINY = 9.0, 7.5


def to_docx(section: Section, *, dated: date, template: bytes | None = None) -> bytes:
    """Write a section as a Word document.

    section : what to show. dated : the day that the document's properties name: a day of the records, so that the same
    section gives the same bytes. template : a docx whose styles, margins, header and footer are used; its text is left out.

    Raises OutputError when the template isn't a Word document, ValueError for a table whose rows don't fit its columns.
    """
    document = _opened(template)
    styled(document)
    if template is None:
        darkened(document)
    in_language(document, "en-US")
    writer = _Writer(document, section)
    writer.title(dated)
    for part in section.parts:
        writer.part(part, 1)
    stream = io.BytesIO()
    document.save(stream)
    return without_clock(stream.getvalue())


def check_template(template: bytes, *, name: str) -> None:
    """Refuse a template that isn't a Word document. Raises OutputError."""
    _opened(template, name=name)


def _opened(template: bytes | None, *, name: str = "The template") -> Any:
    """An empty document with the styles of the template."""
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError

    if template is None:
        return Document()
    try:
        document = Document(io.BytesIO(template))
    except (PackageNotFoundError, KeyError, ValueError, OSError) as error:
        raise OutputError(f"{name} isn't a Word document (.docx); save it as one in Word, or leave it out.") from error
    except Exception as error:  # a zip file of something else
        raise OutputError(f"{name} can't be read as a Word document ({type(error).__name__}).") from error
    body = document.element.body
    for child in list(body):
        if not child.tag.endswith("}sectPr"):
            body.remove(child)
    return document


class _Writer:
    """Writes blocks into a document, one after the other."""

    def __init__(self, document: Any, section: Section) -> None:
        self._document, self._section = document, section
        self._tables, self._figures, self._controls, self._marks = count(1), count(1), count(1001), count(1)
        period = section.period.removeprefix("Cases")
        tags = {f.statement.replace(period, ""): tag_of(f.id, "short") for f in section.findings}
        tags |= {f.statement: tag_of(f.id) for f in section.findings}
        self._titles = {tag: f.id for f in section.findings for tag in (tag_of(f.id), tag_of(f.id, "short"))}
        self._tags = dict(sorted(tags.items(), key=lambda item: -len(item[0])))

    def title(self, dated: date) -> None:
        """The head of the document: title, whose it is, the contents, page numbers, properties."""
        document, section = self._document, self._section
        document.add_paragraph(clean(section.title), style="Title")
        document.add_paragraph(clean(f"{section.agency} · {section.service}"), style="Subtitle")
        document.add_paragraph(clean(section.period))
        self._contents()
        footer = document.sections[-1].footer
        line = footer.paragraphs[0] if footer.paragraphs else footer.add_paragraph()
        if not line.text:
            line.add_run("Page ")
            field(line, "PAGE", "1")
        core = document.core_properties
        core.title, core.author, core.subject = clean(section.title), clean(section.agency), clean(section.service)
        core.language, core.comments, core.keywords = "en-US", "", ""
        core.created = core.modified = datetime(dated.year, dated.month, dated.day)  # noqa: DTZ001 - a day, no instant
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
            case Paragraph():
                self._text(self._document.add_paragraph(), block.text)
            case Bullets():
                for item in block.items:
                    self._text(self._document.add_paragraph(style="List Bullet"), item)
            case Caution():
                paragraph = self._document.add_paragraph(style=CAUTION)
                paragraph.add_run("Caution: ").bold = True
                self._text(paragraph, block.text)
            case KeyFigures():
                for figure in block.items:
                    paragraph = self._document.add_paragraph(style=KEY)
                    gap = "" if figure.unit == "%" else " "
                    paragraph.add_run(clean(f"{figure.value}{gap}{figure.unit}")).bold = True
                    detail = f" ({figure.detail})" if figure.detail else ""
                    paragraph.add_run(clean(f" – {figure.label}{detail}"))
            case Table():
                self._table(block)
            case Figure():
                self._figure(block)

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
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Pt

        check_table(table)
        aside = _width(table, SMALL if len(table.columns) > MANY_COLUMNS else 10.0) > UPRIGHT * 1.9
        if aside:
            self._turn(aside=True)
        self._caption("Table", next(self._tables), table.caption)
        size = 10.0 if len(table.columns) <= MANY_COLUMNS else SMALL if not aside or len(table.columns) < 10 else TINY
        made = self._document.add_table(rows=1, cols=len(table.columns))
        made.style = "Table Grid" if "Table Grid" in {s.name for s in self._document.styles} else None
        look = made._tbl.tblPr.find(f"{{{made._tbl.nsmap['w']}}}tblLook")
        if look is None:
            look = element("w:tblLook")
            made._tbl.tblPr.append(look)
        for name, value in (("firstRow", "1"), ("firstColumn", "1"), ("noHBand", "1"), ("noVBand", "1")):
            look.set(f"{{{made._tbl.nsmap['w']}}}{name}", value)
        made._tbl.tblPr.append(element("w:tblCaption", val=clean(table.caption)[:250]))
        rows = [
            tuple(c.heading for c in table.columns),
            *(table.rows or (("No rows.", *[""] * (len(table.columns) - 1)),)),
        ]
        widths = column_widths(rows, ASIDE if aside else UPRIGHT, size)
        made.autofit = False
        for column, wide in zip(made.columns, widths, strict=True):
            column.width = Pt(wide)
        for k, cells in enumerate(rows):
            row = made.rows[0] if k == 0 else made.add_row()
            whole(row)
            for j, (cell, text) in enumerate(zip(row.cells, cells, strict=True)):
                cell.width = Pt(widths[j])
                paragraph = cell.paragraphs[0]
                run = paragraph.add_run(clean(text))
                run.font.size, run.bold = Pt(size), True if k == 0 or j == 0 else None
                paragraph.paragraph_format.space_after = Pt(1)
                if table.columns[j].numeric:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        repeated(made.rows[0])
        note = " ".join(t for t in (table.note, f"All rows, unrounded: {table.file}" if table.file else "") if t)
        self._document.add_paragraph(clean(note), style=NOTE)
        if aside:
            self._turn(aside=False)

    def _turn(self, *, aside: bool) -> None:
        """Go on on a page on its side, or upright again."""
        from docx.enum.section import WD_ORIENT, WD_SECTION

        new = self._document.add_section(WD_SECTION.NEW_PAGE)
        short, long = sorted((new.page_width, new.page_height))
        new.orientation = WD_ORIENT.LANDSCAPE if aside else WD_ORIENT.PORTRAIT
        new.page_width, new.page_height = (long, short) if aside else (short, long)

    def _figure(self, figure: Figure) -> None:
        from docx.shared import Inches

        chart = figure.chart
        if isinstance(chart, FlowMap):
            chart = simplified(chart)
        self._caption("Figure", next(self._figures), figure.caption)
        picture = self._document.add_picture(io.BytesIO(chart_png(chart)), width=Inches(PICTURE))
        tall = Inches(8.2)
        if picture.height > tall:
            picture.width, picture.height = int(picture.width * tall / picture.height), tall
        described(picture, title=figure.caption, words=figure.alt)
        self._document.paragraphs[-1].paragraph_format.keep_with_next = True
        note = " ".join(t for t in (chart.note,) if t)
        self._document.add_paragraph(clean(note), style=NOTE)


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


def _width(table: Table, size: float) -> float:
    """How wide the table's text would be on one line each, the longest cell of each column added up, in points."""
    columns = zip(*[tuple(c.heading for c in table.columns), *table.rows], strict=True)
    return sum(min(max(text_width(clean(c), size) for c in column), 160.0) + 12 for column in columns)


def column_widths(rows: Sequence[Sequence[str]], room: float, size: float) -> list[float]:
    """Widths of columns in points that fill the room: each at least as wide as its longest word, where that can be, and
    the rest shared out by how much text they hold."""
    gap = 12.0
    least, most = [], []
    for column in zip(*rows, strict=True):
        words = [w for cell in column for w in clean(cell).split()] or [""]
        least.append(max(text_width(w, size, bold=True) for w in words) + gap)
        most.append(max(text_width(clean(cell), size, bold=True) for cell in column) + gap)
    least = [min(w, room / 3) for w in least]
    if sum(least) >= room:
        return [w * room / sum(least) for w in least]
    more = [max(m - w, 0.0) ** 0.7 for w, m in zip(least, most, strict=True)]
    spare, wanted = room - sum(least), sum(more)
    if not wanted:
        return [w * room / sum(least) for w in least]
    return [w + spare * x / wanted for w, x in zip(least, more, strict=True)]
