"""The Word document: its structure, its words, its tags; whatever the records hold stays text."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from xml.etree import ElementTree

import pytest
from docx import Document
from docx.shared import Pt, RGBColor
from lxml import etree

from streamline.errors import OutputError
from streamline.figure import Line, LineChart
from streamline.findings import tag_of
from streamline.report.chart import chart_svg
from streamline.report.drawing import stroke
from streamline.report.print_png import svg_png
from streamline.report.section import Bullets, Caution, Column, KeyFigure, KeyFigures, Paragraph, Part, Section, Table
from streamline.report.to_docx import check_template, title_of, to_docx
from streamline.results import Finding

DAY = date(2025, 11, 30)
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def finding(id_: str, statement: str) -> Finding:
    return Finding(id=id_, section="baseline", statement=statement, value=8.5, low=8.3, high=8.7, level=0.95, unit="days", n=90,
                   method="counted")  # fmt: skip


def small(*blocks, findings=(), parts=()) -> Section:
    part = Part(id="one", title="One", blocks=tuple(blocks), parts=tuple(parts))
    period = "Cases that arrived from 1 March 2025 to 30 May 2025"
    return Section(
        title="Permits", agency="Agency", service="Service", period=period, parts=(part,), findings=tuple(findings)
    )  # fmt: skip


def saved(document) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def xml(file: bytes, name: str = "word/document.xml") -> ElementTree.Element:
    with zipfile.ZipFile(io.BytesIO(file)) as package:
        return ElementTree.fromstring(package.read(name))


@pytest.fixture(scope="module")
def section(sample) -> Section:
    return sample.sample_section()


@pytest.fixture(scope="module")
def written(section) -> bytes:
    return to_docx(section, dated=DAY)


@pytest.fixture(scope="module")
def document(written):
    return Document(io.BytesIO(written))


def test_headings_are_headings_in_the_order_of_the_section(document, section):
    def titles(parts, level=1):
        for part in parts:
            yield level, " ".join("".join(c if c.isprintable() else " " for c in part.title).split())
            yield from titles(part.parts, level + 1)

    found = [(int(p.style.name[-1]), p.text) for p in document.paragraphs if p.style.name.startswith("Heading")]
    assert found == list(titles(section.parts))


def test_captions_are_numbered_by_fields(written, section):
    root = xml(written)
    fields = [f.get(f"{W}instr") for f in root.iter(f"{W}fldSimple")]
    assert fields.count("SEQ Table \\* ARABIC") == len(section.tables)
    assert fields.count("SEQ Figure \\* ARABIC") == len(section.figures)
    shown = [
        "".join(t.text or "" for t in f.iter(f"{W}t"))
        for f in root.iter(f"{W}fldSimple")
        if "Table" in f.get(f"{W}instr", "")
    ]
    assert shown == [str(k + 1) for k in range(len(section.tables))]


def test_each_table_repeats_its_header_and_marks_its_first_column(written, document, section):
    tables = list(xml(written).iter(f"{W}tbl"))
    assert len(tables) == len(section.tables)
    for table, block in zip(tables, section.tables, strict=True):
        rows = list(table.iter(f"{W}tr"))
        assert rows[0].find(f"{W}trPr/{W}tblHeader") is not None
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
        assert table.find(f"{W}tblPr/{W}tblLook").get(f"{W}firstColumn") == "1"
        assert table.find(f"{W}tblPr/{W}tblCaption").get(f"{W}val")
        assert len(rows) == 1 + max(len(block.rows), 1)
    first = document.tables[0]
    assert [c.text for c in first.rows[0].cells] == [c.heading for c in section.tables[0].columns]


def test_each_picture_has_words(written, section):
    root = xml(written)
    found = [e.get("descr") for e in root.iter() if e.tag.endswith("}docPr")]
    first = [words for words in found if not words.startswith("The figure goes on, part ")]
    assert first[1:] == [" ".join(f.alt.split()) for f in section.figures[1:]]
    assert len(first) == len(section.figures)
    assert all(len(words) > 20 for words in found)


def test_language_title_and_contents(written, document):
    styles = xml(written, "word/styles.xml")
    assert styles.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr/{W}lang").get(f"{W}val") == "en-US"
    assert document.core_properties.title
    assert document.core_properties.language == "en-US"
    code = "".join(t.text or "" for t in xml(written).iter(f"{W}instrText"))
    assert "TOC" in code
    anchors = [e.get(f"{W}anchor") for e in xml(written).iter(f"{W}hyperlink")]
    marks = {e.get(f"{W}name") for e in xml(written).iter(f"{W}bookmarkStart")}
    assert anchors
    assert set(anchors) <= marks


def test_the_same_section_gives_the_same_bytes_whatever_the_clock(written, section):
    assert to_docx(section, dated=DAY) == written
    with zipfile.ZipFile(io.BytesIO(written)) as package:
        assert {i.date_time for i in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_statements_stand_in_controls_with_their_ids():
    said = "The mean is 8.5 days for cases that arrived from 1 March 2025 to 30 May 2025 (n = 90)."
    long = f"scenario.{'very_long_' * 8}.cycle_time.mean"
    found = [finding("baseline.cycle_time.mean", said), finding(long, "It falls by 2 days.")]
    short = said.replace(" that arrived from 1 March 2025 to 30 May 2025", "")
    file = to_docx(
        small(Paragraph(text=f"First. {short} It falls by 2 days."), Paragraph(text=said), findings=found), dated=DAY
    )
    controls = list(xml(file).iter(f"{W}sdt"))
    tags = [c.find(f"{W}sdtPr/{W}tag").get(f"{W}val") for c in controls]
    assert tags == ["baseline.cycle_time.mean#short", tag_of(long), "baseline.cycle_time.mean"]
    assert len(tag_of(long)) <= 64
    assert ["".join(t.text or "" for t in c.iter(f"{W}t")) for c in controls] == [short, "It falls by 2 days.", said]
    ids = [c.find(f"{W}sdtPr/{W}id").get(f"{W}val") for c in controls]
    assert len(set(ids)) == len(ids)
    whole = "".join(t.text or "" for t in xml(file).iter(f"{W}t"))
    assert f"First. {short} It falls by 2 days." in whole


def test_hostile_words_stay_text():
    odd = (
        "<script>alert(1)</script>",
        "a\x00b\x0bc",
        "مراجعة",
        "🏛️",
        "&amp;",
        "=cmd|' /C calc'!A0",
        "x" * 400,
        "\ud800",
    )
    table = Table(id="t", caption=odd[0], columns=(Column(heading=odd[1]), Column(heading=odd[4], numeric=True)),
                  rows=tuple((o, "1") for o in odd))  # fmt: skip
    file = to_docx(small(table, *(Paragraph(text=o) for o in odd)), dated=DAY)
    words = "".join(t.text or "" for t in xml(file).iter(f"{W}t"))
    assert "<script>alert(1)</script>" in words
    assert "مراجعة" in words
    assert not re.search("[\x00-\x08\x0b]", words)
    Document(io.BytesIO(file))


def wide_table(id_: str) -> Table:
    columns = tuple(Column(heading=f"Heading_no_{k} in words") for k in range(9))
    return Table(id=id_, caption=id_, columns=columns, rows=(tuple("longer_words in a cell" for _ in columns),) * 3)


def lying(file: bytes) -> list[bool]:
    """For each run of pages: whether they lie on their sides."""
    return [s.page_width > s.page_height for s in Document(io.BytesIO(file)).sections]


def test_a_wide_table_stands_on_a_page_on_its_side():
    file = to_docx(small(Paragraph(text="a"), wide_table("t"), Paragraph(text="b")), dated=DAY)
    assert lying(file) == [False, True, False]


def test_wide_tables_in_a_row_share_their_pages_and_no_page_is_empty():
    file = to_docx(small(Paragraph(text="a"), wide_table("t"), wide_table("u")), dated=DAY)
    assert lying(file) == [False, True]
    bare = [p for p in xml(file).iter(f"{W}p") if p.find(f"{W}pPr/{W}sectPr") is not None and not p.findall(f"{W}r")]
    assert bare == []


def test_a_table_that_fits_no_page_comes_in_parts_under_one_number():
    columns = tuple(Column(heading=f"Heading{k} of_a_wide_column") for k in range(30))
    table = Table(id="t", caption="Wide", columns=columns, rows=(tuple(f"cell{k}" for k in range(30)),))
    document = Document(io.BytesIO(to_docx(small(table, wide_table("next")), dated=DAY)))
    first = [t.rows[1].cells[0].text for t in document.tables[:-1]]
    assert len(first) > 1
    assert set(first) == {"cell0"}
    shown = [c.text for t in document.tables[:-1] for c in t.rows[1].cells[1:]]
    assert shown == [f"cell{k}" for k in range(1, 30)]
    over = [p.text for p in document.paragraphs if p.text.startswith("Table 1, continued")]
    assert len(over) == len(first) - 1
    assert any(p.text.endswith(". next") for p in document.paragraphs if p.style.name == "Caption")


def test_a_heading_goes_along_with_its_wide_table():
    part = Part(id="two", title="Two", blocks=(wide_table("t"),))
    body = list(xml(to_docx(small(Paragraph(text="a"), parts=(part,)), dated=DAY)).find(f"{W}body"))
    breaks = [k for k, e in enumerate(body) if e.find(f"{W}pPr/{W}sectPr") is not None]
    heading = next(k for k, e in enumerate(body) if e.tag == f"{W}p" and "".join(e.itertext()) == "Two")
    assert breaks == [heading - 1]


def test_tables_fit_the_text_of_the_page():
    """Also where an agency's margins are wide."""
    template = Document()
    for side in ("left_margin", "right_margin"):
        setattr(template.sections[0], side, Pt(120))
    file = to_docx(small(wide_table("t"), Paragraph(text="b")), dated=DAY, template=saved(template))
    for table in Document(io.BytesIO(file)).tables:
        assert sum(c.width for c in table.columns) <= Pt(792 - 240 + 1)


def test_intervals_stay_on_one_line():
    table = Table(id="t", caption="t", columns=(Column(heading="a"), Column(heading="b", numeric=True)),
                  rows=(("x", "8.3 (8.1 to 8.5)"),))  # fmt: skip
    document = Document(io.BytesIO(to_docx(small(table), dated=DAY)))
    assert document.tables[0].rows[1].cells[1].text == "8.3 (8.1\u00a0to\u00a08.5)"


def test_key_figures_and_cautions_have_styles_of_their_own():
    figures = KeyFigures(items=(KeyFigure(value="71", unit="%", label="done", detail="goal 90%"),
                                KeyFigure(value="8.5", unit="days", label="mean")))  # fmt: skip
    document = Document(io.BytesIO(to_docx(small(figures, Caution(text="Few cases.")), dated=DAY)))
    styles = {p.text: p.style.name for p in document.paragraphs}
    assert styles["71% – done (goal 90%)"] == "Key Figure"
    assert styles["8.5 days – mean"] == "Key Figure"
    assert styles["Caution: Few cases."] == "Caution"


def test_a_key_figure_in_a_control_keeps_its_distance_from_its_unit():
    figures = KeyFigures(items=(KeyFigure(value="8.5", unit="days", label="mean", finding="baseline.mean"),))
    document = Document(io.BytesIO(to_docx(small(figures), dated=DAY)))
    texts = ["".join(t.text or "" for t in p._p.iter(f"{{{p._p.nsmap['w']}}}t")) for p in document.paragraphs]
    assert "8.5 days – mean" in texts


def test_the_controls_have_readable_titles():
    said = "The mean is 8.5 days."
    file = to_docx(small(Paragraph(text=said), findings=(finding("baseline.cycle_time.mean", said),)), dated=DAY)
    alias = next(xml(file).iter(f"{W}alias")).get(f"{W}val")
    assert alias == title_of("baseline.cycle_time.mean") == "Baseline: cycle time, mean"


def test_sixty_proposals_with_long_names_keep_each_its_control():
    name = "a proposal whose name is far longer than any title should be, number "
    found = [
        finding(f"scenario.{(name + str(k)).replace(' ', '_')}.cycle_time.mean", f"“{name}{k}” saves {k} days.")
        for k in range(60)
    ]
    parts = tuple(
        Part(id=f"p{k}", title=f"{name}{k}", blocks=(Paragraph(text=f.statement),)) for k, f in enumerate(found)
    )
    file = to_docx(small(findings=found, parts=parts), dated=DAY)
    tags = [c.find(f"{W}sdtPr/{W}tag").get(f"{W}val") for c in xml(file).iter(f"{W}sdt")]
    assert tags == [tag_of(f.id) for f in found]
    assert len(set(tags)) == 60
    assert max(map(len, tags)) <= 64


def test_a_character_that_pictures_lack_is_told(section):
    words = "".join(t.text or "" for t in xml(to_docx(section, dated=DAY)).iter(f"{W}t"))
    assert "stands for a character that the picture's typeface lacks" in words


def test_a_picture_holds_its_solid_lines():
    """The typesetter leaves out a line whose list of dashes is empty, which browsers draw."""
    from matplotlib.image import imread

    day = 86_400_000_000
    line = Line(label="a", at=tuple(range(0, 60 * day, day)), values=tuple(10.0 + k % 3 for k in range(60)), holds=True)
    chart = LineChart(title="t", axis="Cases", lines=(line,))
    svg = chart_svg(chart, wide=True, title_id="x")
    assert "stroke-dasharray: ;" not in svg
    picture = imread(io.BytesIO(svg_png(svg, width=468)))[..., :3]
    below = picture[picture.shape[0] // 5 :]  # not the key
    blue = [int(c, 16) / 255 for c in re.findall("..", stroke(0)[0].removeprefix("#"))]
    assert int((abs(below - blue).max(axis=-1) < 0.02).sum()) > 1000


def test_an_agencys_template_gives_styles_and_loses_its_text():
    template = Document()
    template.add_paragraph("Old text of the template")
    template.styles["Heading 1"].font.name = "Agency Sans"
    template.sections[0].header.paragraphs[0].text = "Department of Permits"
    stream = io.BytesIO()
    template.save(stream)
    file = to_docx(small(Paragraph(text="new text")), dated=DAY, template=stream.getvalue())
    document = Document(io.BytesIO(file))
    assert document.styles["Heading 1"].font.name == "Agency Sans"
    assert document.sections[0].header.paragraphs[0].text == "Department of Permits"
    assert not any("Old text" in p.text for p in document.paragraphs)
    assert any(p.text == "new text" for p in document.paragraphs)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 broken"])
def test_a_template_that_is_none_is_refused(content):
    with pytest.raises(OutputError, match="Word document"):
        to_docx(small(), dated=DAY, template=content)


def test_a_zip_of_something_else_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("a.txt", "b")
    with pytest.raises(OutputError, match="Word document"):
        to_docx(small(), dated=DAY, template=stream.getvalue())


def as_word_saves(
    *, without: tuple[str, ...] = ("Title", "Subtitle", "heading 1", "heading 2", "heading 3", "List Bullet", "caption")
) -> bytes:
    """A template as Word saves it: without the styles that its text doesn't use, without lists, defaults and margins."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(Document()))) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "word/styles.xml":
                root = etree.fromstring(content)
                for style in list(root):
                    label = style.find(f"{W}name")
                    if style.tag == f"{W}docDefaults" or (label is not None and label.get(f"{W}val") in without):
                        root.remove(style)
                content = etree.tostring(root)
            elif name == "word/numbering.xml":
                continue
            elif name == "word/document.xml":
                content = re.sub(rb"<w:(pgSz|pgMar)[^>]*/>", b"", content)
            elif name in ("[Content_Types].xml", "word/_rels/document.xml.rels"):
                content = re.sub(rb"<(Override|Relationship)[^>]*numbering[^>]*/>", b"", content)
            new.writestr(name, content)
    return stream.getvalue()


def test_a_template_gets_the_styles_that_it_lacks():
    template = as_word_saves()
    check_template(template, name="agency.docx")
    table = Table(id="t", caption="Caption", columns=(Column(heading="a"),), rows=(("b",),))
    blocks = (Bullets(items=("one", "two")), Caution(text="c"), table)
    file = to_docx(small(*blocks), dated=DAY, template=template)
    document = Document(io.BytesIO(file))
    styles = {p.text: p.style for p in document.paragraphs}
    assert styles["Permits"].name == "Title"
    assert styles["One"].name == "Heading 1"
    assert styles["One"].element.pPr.find(f"{W}outlineLvl").get(f"{W}val") == "0"
    number = styles["one"].element.pPr.find(f"{W}numPr/{W}numId").get(f"{W}val")
    lists = xml(file, "word/numbering.xml")
    assert number in {n.get(f"{W}numId") for n in lists.iter(f"{W}num")}
    assert next(lists.iter(f"{W}numFmt")).get(f"{W}val") == "bullet"
    assert document.tables[0].style.name == "Section Table"
    marks = xml(file, "word/styles.xml").find(f"{W}docDefaults/{W}rPrDefault/{W}rPr/{W}lang")
    assert marks.get(f"{W}val") == "en-US"
    assert document.sections[0].page_width == Pt(612)
    assert to_docx(small(*blocks), dated=DAY, template=template) == file


def test_a_templates_own_footer_and_colours_stay():
    template = Document()
    template.sections[0].footer.paragraphs[0].text = "Office of Permits"
    template.styles["Heading 1"].font.color.rgb = RGBColor(0x66, 0, 0)
    document = Document(io.BytesIO(to_docx(small(), dated=DAY, template=saved(template))))
    assert [p.text for p in document.sections[0].footer.paragraphs] == ["Office of Permits"]
    assert str(document.styles["Heading 1"].font.color.rgb) == "660000"


def test_a_template_on_its_side_turns_no_page():
    template = Document()
    page = template.sections[0]
    page.page_width, page.page_height = page.page_height, page.page_width
    assert lying(to_docx(small(Paragraph(text="a"), wide_table("t")), dated=DAY, template=saved(template))) == [True]


def test_the_plain_document_has_dark_headings_and_no_picture_of_another():
    file = to_docx(small(), dated=DAY)
    document = Document(io.BytesIO(file))
    for name in ("Title", "Heading 1", "Heading 2", "Heading 3", "Caption"):
        assert str(document.styles[name].font.color.rgb) == "1F3A5F"
    with zipfile.ZipFile(io.BytesIO(file)) as package:
        assert not any("thumbnail" in name for name in package.namelist())
