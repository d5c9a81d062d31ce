"""The PDF: the structure that a screen reader needs, every word of the section in it, nothing cut, the same bytes each time."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import math
import os
import re
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.figure import Bar, BarChart, Curve, FlowMap, Line, LineChart, MapEdge, MapNode, StepCurves
from streamline.report.chart import chart_svg
from streamline.report.chart_words import describe
from streamline.report.lettering import text_width
from streamline.report.pdf_tags import elements, with_row_headers
from streamline.report.print_letters import BREAK, MISSING, Letters
from streamline.report.print_picture import Paper, figure_data, simplified
from streamline.report.print_table import parted, table_data
from streamline.report.section import (
    Bullets,
    Caution,
    Column,
    Figure,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Part,
    Section,
    Table,
)
from streamline.report.to_pdf import _Data, to_pdf

DAY = date(2025, 12, 31)
UPRIGHT, TURNED = 504.0, 684.0
PAPER = Paper(width=504.0, height=564.0, turned_width=684.0, turned_height=384.0)


def small(*blocks, title: str = "T") -> Section:
    """A section of one part."""
    part = Part(id="p", title="Part", blocks=blocks)
    return Section(title=title, agency="A", service="S", period="2025", parts=(part,), findings=())


@pytest.fixture(scope="module")
def section(sample) -> Section:
    return sample.sample_section()


@pytest.fixture(scope="module")
def file(section) -> bytes:
    return to_pdf(section, dated=DAY)


@pytest.fixture(scope="module")
def read(file, pdf_reading):
    return pdf_reading.Reading(file)


def as_printed(text: str) -> str:
    """The words of the section as the typeface can show them."""
    return " ".join(Letters().line(text, width=1e6, size=9.0).split())


def test_says_what_it_is(read):
    root = read.pdf.Root
    assert root.MarkInfo.Marked is True
    assert str(root.Lang) == "en-US"
    assert root.ViewerPreferences.DisplayDocTitle is True
    with read.pdf.open_metadata() as metadata:
        assert metadata["dc:title"] == "How permits move, and what would make them move faster"
        assert metadata["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
    assert str(read.pdf.docinfo["/CreationDate"]).startswith("D:20251231")


def test_headings_are_those_of_the_section_and_skip_no_level(read, section):
    headings = [(int(e.kind[1]), e.words) for e in read.tree.all() if e.kind[0] == "H" and e.kind[1:].isdigit()]
    assert headings[0] == (1, "Contents")
    assert all(b <= a + 1 for (a, _), (b, _) in pairwise(headings))

    def titles(parts, level=1):
        for part in parts:
            yield level, part.title
            yield from titles(part.parts, level + 1)

    assert headings[1:] == list(titles(section.parts))
    with read.pdf.open_outline() as outline:
        assert [item.title for item in outline.root] == [part.title for part in section.parts]


def test_contents_lead_to_the_pages_where_parts_begin(read, section, pdf_reading):
    entries = [e.words for e in read.tree.all("TOCI")]
    assert any(e.startswith("Where the time goes") for e in entries)
    pages = {p.words: p.page + 1 for p in read.pieces if p.mark != "Artifact"}
    for part in section.parts:
        entry = next(e for e in entries if e.startswith(part.title))
        assert pdf_reading.plain(entry.removeprefix(part.title)) == str(pages[part.title])


def test_nothing_is_outside_of_the_structure(read):
    assert {p.mark for p in read.pieces if p.mcid is None} == {"Artifact"}
    assert sorted(read.held) == sorted({(p, m) for p, m in read.held}), "held twice"
    assert {(p.page, p.mcid) for p in read.pieces if p.mcid is not None} <= set(read.held)


def test_pictures_have_the_words_that_stand_for_them(read, section):
    alts = [e.alt for e in read.tree.all("Figure")]
    assert all(alts)
    firsts = [a for a in alts if not a.startswith("The figure goes on")]
    assert firsts == [figure.alt for figure in section.figures]


def test_tables_hold_every_cell_and_say_what_heads_it(read, section, pdf_reading):
    found = read.tree.all("Table")
    assert len(found) == len(section.tables)
    for element, table in zip(found, section.tables, strict=True):
        head, *rows = [row.inside for row in element.all("TR")]
        assert [(c.kind, c.scope) for c in head] == [("TH", "Column")] * len(table.columns)
        assert [pdf_reading.plain(c.words) for c in head] == [column.heading for column in table.columns]
        if not table.rows:
            assert [pdf_reading.plain(c.words) for c in rows[0]] == ["No rows."]
            continue
        for cells, row in zip(rows, table.rows, strict=True):
            assert [c.kind for c in cells] == ["TH"] + ["TD"] * (len(row) - 1)
            assert cells[0].scope == "Row"
            assert [pdf_reading.plain(c.words) for c in cells] == [as_printed(text) for text in row]


def test_each_cell_names_its_two_headers(read):
    named = {bytes(e.ID): e for e in elements(read.pdf.Root.StructTreeRoot) if "/ID" in e}
    tree = read.pdf.Root.StructTreeRoot.IDTree.Names
    assert [bytes(name) for name in list(tree)[::2]] == sorted(named)
    cells = 0
    for row in (e for e in elements(read.pdf.Root.StructTreeRoot) if e.S == "/TR"):
        first, *others = list(row.K)
        if first.S == "/TH" and any(a.get("/Scope") == "/Row" for a in first.A):
            for cell in others:
                cells += 1
                column, header = cell.A[0].Headers
                assert named[bytes(header)].objgen == first.objgen
                assert any(a.get("/Scope") == "/Column" for a in named[bytes(column)].A)
    assert cells > 60


def test_captions_are_numbered_in_reading_order(read, section):
    captions = [" ".join(e.words.split()) for e in read.tree.all("Caption")]
    tables = [c for c in captions if c.startswith("Table")]
    assert tables == [f"Table {i}. {as_printed(t.caption)}" for i, t in enumerate(section.tables, start=1)]
    figures = [c for c in captions if c.startswith("Figure")]
    assert figures == [f"Figure {i}. {as_printed(f.caption)}" for i, f in enumerate(section.figures, start=1)]


def test_letters_are_in_the_file_and_nothing_leads_out_of_it(read):
    fonts = [o for o in read.pdf.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/FontDescriptor"]
    assert {str(f.FontName).split("+")[1] for f in fonts} == {"DejaVuSans", "DejaVuSans-Bold"}
    assert all("/FontFile2" in f for f in fonts)
    actions = [
        o
        for o in read.pdf.objects
        if isinstance(o, pikepdf.Dictionary) and o.get("/S") in ("/URI", "/GoToR", "/JavaScript")
    ]
    assert actions == []


def test_pages_are_numbered(read):
    feet = [p.words for p in read.pieces if p.mark == "Artifact" and p.words.startswith("Page ")]
    n = len(read.pdf.pages)
    assert feet == [f"Page {i} of {n}" for i in range(1, n + 1)]


ODD = [
    "#panic(1) #read(\"/etc/passwd\") [x] <label> @ref",
    "$x^2$ and *bold* _it_ `raw` \\ \\u{41} ~ -- --- // no comment /* none */",
    "= no heading",
    "- no item + none / none: 1. none",
    "<script>alert('no')</script> & &lt;",
    "https://example.org/ is no link",
    "\"straight\" 'quotes' ... stay",
    "x" * 400,
]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_content_is_never_markup(text, pdf_reading):
    table = Table(
        id="t", caption=text, columns=(Column(heading=text), Column(heading="n", numeric=True)), rows=((text, text),)
    )
    blocks = (
        Paragraph(text=text), Bullets(items=(text,)), Caution(text=text), table,
        KeyFigures(items=(KeyFigure(value=text, unit=text, label=text, detail=text),)),
    )  # fmt: skip
    read = pdf_reading.Reading(to_pdf(small(*blocks, title=text)))
    words = " ".join(text.split())
    told = [pdf_reading.plain(e.words) for e in read.tree.all()]
    assert pdf_reading.plain(read.tree.all("Title")[0].words) == words
    for kind in ("LBody", "TD"):
        assert pdf_reading.plain(read.tree.all(kind)[0].words) == words
    assert told.count(words) >= 9
    links = [o for o in read.pdf.objects if isinstance(o, pikepdf.Dictionary) and "/URI" in o]
    assert links == []


def test_a_character_that_no_letter_stands_for_is_shown_as_a_sign_and_said(pdf_reading):
    with_gap = pdf_reading.Reading(to_pdf(small(Paragraph(text="审 🏛️ and a\x00\u202eb"))))
    words = [pdf_reading.plain(e.words) for e in with_gap.tree.all("P")]
    assert f"{MISSING} {MISSING}\ufe0f and a b" in words
    assert any("(U+5BA1, U+1F3DB)" in w and "section.html" in w for w in words)
    whole = pdf_reading.Reading(to_pdf(small(Paragraph(text="mañana – 30 € مراجعة"))))
    assert "Caution" not in whole.words
    assert "mañana – 30 €" in whole.words


def test_an_empty_section_is_still_a_document(pdf_reading):
    empty = Section(title="", agency="", service="", period="", parts=(), findings=())
    read = pdf_reading.Reading(to_pdf(empty))
    assert read.tree.all("Title")[0].words == "Untitled section"
    assert len(read.pdf.pages) == 1
    assert "/CreationDate" not in read.pdf.docinfo


def test_a_part_without_blocks_and_deep_parts(pdf_reading):
    part = Part(id="p", title="level 8", blocks=())
    for level in range(7, 0, -1):
        part = Part(id="p", title=f"level {level}", blocks=(), parts=(part,))
    read = pdf_reading.Reading(to_pdf(dataclasses.replace(small(), parts=(part,))))
    told = [(e.kind, e.words) for e in read.tree.all() if e.words.startswith("level") and e.kind[0] == "H"]
    assert [kind for kind, _ in told][:6] == ["H1", "H2", "H3", "H4", "H5", "H6"]
    assert all(f"level {i}" in read.words for i in range(1, 9))


LONG = Table(
    id="long",
    caption="Sixty scenarios, four measures each.",
    columns=(Column(heading="Scenario"), Column(heading="Measure"), Column(heading="Estimate", numeric=True)),
    rows=tuple((f"Scenario {i}", f"measure {j}", f"{i}.{j} (0.1 to 9.9)") for i in range(60) for j in range(4)),
    note="Figures are rounded.",
)


def test_a_long_table_repeats_its_head_on_each_page_and_has_it_once(pdf_reading):
    read = pdf_reading.Reading(to_pdf(small(LONG)))
    pages = {p.page for p in read.pieces if p.words.startswith("Scenario ")}
    assert len(pages) >= 5
    repeated = [p.page for p in read.pieces if p.words == "Estimate" and p.mark == "Artifact"]
    assert sorted(repeated) == sorted(pages)[1:]
    (table,) = read.tree.all("Table")
    heads = [row for row in table.all("TR") if row.inside[0].scope == "Column"]
    assert len(heads) == 1
    assert [tuple(pdf_reading.plain(c.words) for c in row.inside) for row in table.all("TR")[1:]] == list(LONG.rows)


def wide(columns: int, rows: int = 3) -> Table:
    return Table(
        id="wide",
        caption="Wide.",
        columns=(Column(heading="What it is"), *(Column(heading=f"Measure {j}, days", numeric=True) for j in range(columns - 1))),
        rows=tuple((f"Row {i}", *(f"{i}.{j} (1,000 to 9,999)" for j in range(columns - 1))) for i in range(rows)),
    )  # fmt: skip


@pytest.mark.parametrize(("columns", "turned", "parts"), [(4, False, 1), (10, True, 1), (30, True, 3)])
def test_a_wide_table_turns_its_page_or_comes_in_parts_and_loses_nothing(columns, turned, parts, pdf_reading):
    table = wide(columns)
    read = pdf_reading.Reading(to_pdf(small(table)))
    sizes = [tuple(float(v) for v in page.MediaBox[2:]) for page in read.pdf.pages]
    assert ((792.0, 612.0) in sizes) == turned
    found = [
        [[pdf_reading.plain(c.words) for c in row.inside] for row in element.all("TR")]
        for element in read.tree.all("Table")
    ]
    assert len(found) == parts
    assert "Table 1, continued" in read.words.replace("\n", "") or parts == 1
    firsts = ["What it is", *(row[0] for row in table.rows)]
    assert all([row[0] for row in part] == firsts for part in found)
    together = [(first, *(cell for part in found for cell in part[i][1:])) for i, first in enumerate(firsts)]
    assert together == [tuple(c.heading for c in table.columns), *table.rows]


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=60)


@st.composite
def tables(draw) -> Table:
    n = draw(st.integers(1, 14))
    columns = tuple(Column(heading=draw(texts), numeric=draw(st.booleans())) for _ in range(n))
    rows = draw(st.lists(st.tuples(*[texts] * n), max_size=4))
    return Table(id="t", caption=draw(texts), columns=columns, rows=tuple(rows))


@settings(max_examples=60)
@given(tables())
def test_no_table_is_wider_than_its_page_and_no_word_than_its_cell(table):
    places = parted(table, upright=UPRIGHT, turned=TURNED)
    data = table_data(table, Letters(), upright=UPRIGHT, turned=TURNED)["parts"]
    for (part, place), shown in zip(places, data, strict=True):
        assert sum(place.widths) <= (TURNED if place.turned else UPRIGHT)
        assert part.columns[0] == table.columns[0]
        for row in shown["rows"]:
            for text, width in zip(row["cells"], place.widths, strict=True):
                for piece in text.replace(BREAK, " ").split(" "):
                    assert text_width(piece, place.size) <= width - 2 * place.pad
    assert [c for part, _ in places for c in part.columns[1:]] == list(table.columns[1:])


@settings(max_examples=15)
@given(tables())
def test_any_table_can_be_printed(table):
    assert to_pdf(small(table)).startswith(b"%PDF-1.7")


def test_a_table_that_does_not_fit_its_columns_is_refused():
    table = Table(id="t", caption="", columns=(Column(heading="a"),), rows=(("1", "2"),))
    with pytest.raises(ValueError, match=r"table 't': row 1 has 2 cells for 1 columns"):
        to_pdf(small(table))


def test_a_suppressed_cell_is_printed_as_such(pdf_reading):
    table = Table(
        id="t", caption="Cases by office.", columns=(Column(heading="Office"), Column(heading="Cases", numeric=True)),
        rows=(("Alder", "fewer than 11"), ("Elm", "42")),
    )  # fmt: skip
    read = pdf_reading.Reading(to_pdf(small(table)))
    assert [pdf_reading.plain(c.words) for c in read.tree.all("TD")] == ["fewer than 11", "42"]


def test_a_file_without_tags_is_refused():
    bare = pikepdf.new()
    bare.add_blank_page()

    out = io.BytesIO()
    bare.save(out)
    with pytest.raises(ValueError, match="no structure tree"):
        with_row_headers(out.getvalue())


def test_the_same_section_gives_the_same_bytes_in_another_process(file):
    path = Path(__file__).with_name("sample_section.py")
    code = (
        "import hashlib, importlib.util, sys, datetime\n"
        f"spec = importlib.util.spec_from_file_location('sample_section', {str(path)!r})\n"
        "s = importlib.util.module_from_spec(spec); sys.modules['sample_section'] = s; spec.loader.exec_module(s)\n"
        "from streamline.report.to_pdf import to_pdf\n"
        "made = to_pdf(s.sample_section(), dated=datetime.date(2025, 12, 31))\n"
        "print(hashlib.sha256(made).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert run.stdout.strip() == hashlib.sha256(file).hexdigest()


def test_another_day_or_word_gives_another_file(section, file):
    assert to_pdf(section, dated=date(2026, 1, 1)) != file
    assert to_pdf(dataclasses.replace(section, period="2026"), dated=DAY) != file


def test_a_figure_shows_what_its_chart_holds():
    """Drawn by the compiler as in the document: a solid line is there, whose dashes matplotlib gives as an empty list."""
    import typst

    day = 86_400_000_000
    lines = LineChart(
        title="T",
        axis="Cases",
        lines=(Line(label="all", at=tuple(range(0, 90 * day, day)), values=(5.0,) * 90, holds=True),),
    )
    curves = StepCurves(
        title="T", axis="Days", value_axis="Share", curves=(Curve(label="all", at=(0.0, 9.0), values=(1.0, 0.5)),)
    )
    for chart in (lines, curves):
        data = figure_data(
            Figure(id="f", caption="c", alt="a", chart=chart), Letters(), paper=PAPER, name="f", map_seconds=20
        )
        (piece,) = data["pieces"]
        assert _blue(typst, piece["svg"]) > 1500
        without = piece["svg"].replace("#1f6ba8", "#ffffff")
        assert _blue(typst, without) == 0


def _blue(typst, svg: str) -> int:
    """How many points of a picture have the colour of the first line."""
    import matplotlib.image

    png = typst.compile(
        b'#set page(width: 504pt, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), format: "svg", width: 504pt)',
        sys_inputs={"svg": svg}, format="png", ppi=144,
    )  # fmt: skip
    colours = matplotlib.image.imread(io.BytesIO(png))[..., :3] * 255
    return int((abs(colours - [0x1F, 0x6B, 0xA8]).max(axis=-1) < 40).sum())


def test_a_map_of_many_steps_is_simplified_and_says_so():
    """Fourteen steps in a row and a rare one beside them: the rare one goes, then the two that fewer cases have."""
    names = [f"Step {i}" for i in range(14)]
    counts = [1000 - i for i in range(14)]
    nodes = (
        MapNode(label="Start", n=1000, waiting_days=math.nan, share=1.0, kind="start"),
        *(MapNode(label=n, n=c, waiting_days=1.0, share=c / 1000) for n, c in zip(names, counts, strict=True)),
        MapNode(label="End", n=1000, waiting_days=math.nan, share=1.0, kind="end"),
    )
    pairs = [(i, i + 1) for i in range(15)] + [(12, 15)]
    edges = tuple(MapEdge(source=a, target=b, n=900 - a, n_cases=900 - a, share=0.5, mean_days=2.0) for a, b in pairs)
    flow = FlowMap(title="T", nodes=nodes, edges=edges, note="1,000 cases.")
    small_map = simplified(flow)
    assert [n.label for n in small_map.nodes] == ["Start", *names[:12], "End"]
    kept = {(small_map.nodes[e.source].label, small_map.nodes[e.target].label): e.n_cases for e in small_map.edges}
    assert kept == {
        (nodes[e.source].label, nodes[e.target].label): e.n_cases
        for e in edges
        if not {nodes[e.source].label, nodes[e.target].label} & {"Step 12", "Step 13"}
    }
    assert small_map.note == (
        "1,000 cases. Simplified for print: 2 steps that fewer cases have are left off with their transitions; "
        "section.html shows the whole map."
    )
    assert simplified(flow, 14) is flow


def test_the_words_for_a_simplified_map_are_of_what_it_shows(sample):
    figure = Figure(id="m", caption="c", alt="All of it.", chart=sample.MAP)
    data = figure_data(figure, Letters(), paper=PAPER, name="m", map_seconds=20)
    assert data["pieces"][0]["alt"] == "All of it."
    extra = tuple(dataclasses.replace(sample.MAP.nodes[1], label=f"Extra {i}", share=0.01) for i in range(4))
    crowded = dataclasses.replace(sample.MAP, nodes=(*sample.MAP.nodes, *extra))
    data = figure_data(dataclasses.replace(figure, chart=crowded), Letters(), paper=PAPER, name="m", map_seconds=20)
    assert data["pieces"][0]["alt"] == describe(simplified(crowded))
    assert "Extra" not in data["pieces"][0]["alt"]


def test_a_tall_picture_goes_on_overleaf_and_its_letters_stay_large():
    bars = BarChart(title="T", axis="Days", bars=tuple(Bar(label=f"Scenario {i}", value=i + 1.0) for i in range(150)))
    data = figure_data(
        Figure(id="f", caption="c", alt="a", chart=bars), Letters(), paper=PAPER, name="f", map_seconds=20
    )
    views = [[float(v) for v in re.findall(r'viewBox="([^"]+)"', p["svg"])[0].split()] for p in data["pieces"]]
    assert len(views) >= 3
    assert views[0][1] == 0
    assert all(a[1] + a[3] == pytest.approx(b[1], abs=0.02) for a, b in pairwise(views))
    for piece, view in zip(data["pieces"], views, strict=True):
        scale = piece["width"] / view[2]
        assert 9.0 * scale >= 6.5
        assert view[3] * scale <= PAPER.height + 0.1
    cuts = [view[1] for view in views[1:]]
    words = [word for p in data["pieces"] for word in re.findall(r"<text[^>]*>([^<]*)</text>", p["svg"])]
    assert sorted(words) == sorted(re.findall(r"<text[^>]*>([^<]*)</text>", chart_svg(bars, wide=True, title_id="f")))
    svg = "".join(p["svg"] for p in data["pieces"])
    lines = [float(y) for y in re.findall(r"<text[^>]*?translate\([-\d.]+[ ,]+([-\d.]+)\)", svg)]
    lines += [float(y) for y in re.findall(r'<text[^>]*? y="([-\d.]+)"', svg)]
    assert len(lines) >= len(words) > 300
    assert not [y for y in lines for cut in cuts if y - 9 < cut < y + 3]


def test_a_turned_page_leaves_no_empty_page_before_it():
    """A wide map comes after the upright table that follows it; a map that fits, and a wide table, stay where they are."""
    beside = tuple(MapNode(label=f"Step {i}", n=100, waiting_days=1.0, share=0.1) for i in range(10))
    ends = (
        MapNode(label="Start", n=1000, waiting_days=math.nan, share=1.0, kind="start"),
        MapNode(label="End", n=1000, waiting_days=math.nan, share=1.0, kind="end"),
    )
    pairs = [edge for i in range(2, 12) for edge in ((0, i), (i, 1))]
    edges = tuple(MapEdge(source=a, target=b, n=100, n_cases=100, share=0.1, mean_days=2.0) for a, b in pairs)
    broad = Figure(id="m", caption="c", alt="a", chart=FlowMap(title="T", nodes=(*ends, *beside), edges=edges))
    one = tuple(e for e in edges if 2 in (e.source, e.target))
    narrow = Figure(id="m", caption="c", alt="a", chart=FlowMap(title="T", nodes=(*ends, beside[0]), edges=one))

    def kinds(*blocks) -> list[tuple[str, bool]]:
        data = _Data(Letters(), 20).part(Part(id="p", title="Part", blocks=blocks))["blocks"]
        return [(b["kind"], b.get("landscape", any(p["landscape"] for p in b.get("parts", [])))) for b in data]

    words = Paragraph(text="How cases move.")
    assert kinds(words, broad, wide(4)) == [("paragraph", False), ("table", False), ("figure", True)]
    assert kinds(words, narrow, wide(4)) == [("paragraph", False), ("figure", False), ("table", False)]
    assert kinds(words, broad, wide(10)) == [("paragraph", False), ("figure", True), ("table", True)]
    assert kinds(words, broad) == [("paragraph", False), ("figure", True)]


def test_sixty_scenarios_with_pictures(pdf_reading):
    bars = BarChart(title="T", axis="Days", bars=tuple(Bar(label=f"Scenario {i}", value=i + 1.0) for i in range(60)))
    figure = Figure(id="f", caption="All of them.", alt="Each longer than the one before.", chart=bars)
    read = pdf_reading.Reading(to_pdf(small(LONG, figure, wide(9, rows=60))))
    assert len(read.tree.all("Table")) == 2
    figures = read.tree.all("Figure")
    assert figures[0].alt == "Each longer than the one before."
    assert all(e.alt for e in figures)
    shown = pdf_reading.plain("".join(e.words for e in figures))
    assert all(f"Scenario {i}" in shown for i in range(60))
