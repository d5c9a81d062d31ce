"""The Word document: its structure, its words, its tags; whatever the records hold stays text."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from xml.etree import ElementTree

import pytest
from docx import Document

from streamline.errors import OutputError
from streamline.findings import tag_of
from streamline.report.lettering import text_width
from streamline.report.section import Column, Paragraph, Part, Section, Table
from streamline.report.to_docx import column_widths, to_docx
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
    assert len(found) == len(section.figures)
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


def test_a_wide_table_stands_on_a_page_on_its_side():
    columns = tuple(Column(heading=f"A heading of column number {k}") for k in range(9))
    table = Table(
        id="t", caption="wide", columns=columns, rows=(tuple("words of some length in a cell" for _ in columns),)
    )
    document = Document(io.BytesIO(to_docx(small(Paragraph(text="a"), table, Paragraph(text="b")), dated=DAY)))
    wide = [s.page_width > s.page_height for s in document.sections]
    assert wide == [False, True, False]


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


def test_columns_fill_the_page_and_hold_their_longest_word():
    rows = [
        ("Measure", "Cases", "What it means in words"),
        ("Mean cycle time", "2,511", "a long text " * 20),
        ("x", "1", "y"),
    ]
    widths = column_widths(rows, 468.0, 10.0)
    assert sum(widths) == pytest.approx(468)
    assert widths[2] > widths[0] > widths[1]
    for k, word in enumerate(("Measure", "2,511", "means")):
        assert widths[k] >= text_width(word, 10.0)
    crowded = column_widths([tuple("unbreakable" * 3 for _ in range(12))], 468.0, 10.0)
    assert sum(crowded) == pytest.approx(468)
