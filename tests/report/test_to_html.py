"""The HTML page: structure that a screen reader needs, nothing from outside, and text that stays text."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import sys
from base64 import b64encode
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

import streamline.report.to_html as to_html_module
from streamline.report.section import Caution, Column, KeyFigure, KeyFigures, Paragraph, Part, Section, Table
from streamline.report.to_html import to_html

SCRIPT = (Path(to_html_module.__file__).parent / "templates" / "section.js").read_text(encoding="utf-8")
VOID = {"meta", "link", "br", "wbr", "img", "input", "hr"}


class Page(HTMLParser):
    """Elements in order as (name, attributes, text inside); fails on tags that don't match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[dict] = []
        self.open: list[dict] = []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {[e['tag'] for e in self.open]}"

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", "in": [e["tag"] for e in self.open], **dict(attrs)}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append({"tag": tag, "text": "", "in": [e["tag"] for e in self.open], **dict(attrs)})

    def handle_endtag(self, tag):
        assert self.open, f"{tag} was never opened"
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag: str) -> list[dict]:
        return [e for e in self.elements if e["tag"] == tag]


@pytest.fixture(scope="module")
def text(sample) -> str:
    return to_html(sample.sample_section())


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


def small(*blocks) -> Section:
    """A section of one part."""
    part = Part(id="p", title="Part", blocks=blocks)
    return Section(title="T", agency="A", service="S", period="2025", parts=(part,), findings=())


def test_language_title_and_landmarks(page):
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("title")[0]["text"].startswith("How permits move")
    assert len(page.all("main")) == len(page.all("h1")) == len(page.all("header")) == 1
    assert page.all("nav")[0]["aria-labelledby"] == "contents"
    first_link = page.all("a")[0]
    assert first_link["href"] == "#" + page.all("main")[0]["id"]


def test_headings_never_skip_a_level(page):
    levels = [int(e["tag"][1]) for e in page.elements if re.fullmatch(r"h[1-6]", e["tag"])]
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert max(levels) == 4


def test_ids_are_unique_and_every_reference_has_its_target(page, text):
    ids = [e["id"] for e in page.elements if "id" in e]
    assert len(ids) == len(set(ids))
    for element in page.elements:
        if element.get("href", "").startswith("#"):
            assert element["href"][1:] in ids
        for name in ("aria-labelledby", "aria-describedby"):
            assert set(element.get(name, "").split()) <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)


def test_contents_lists_parts_and_their_parts(page):
    links = [e["text"] for e in page.all("a") if "nav" in e["in"]]
    assert links == [
        "Summary",
        "How the service runs today",
        "Cycle time",
        "Where the time goes",
        "What each change would do",
    ]


def test_tables_have_captions_and_headers(page, sample):
    assert [re.sub(r"\s+", " ", c["text"])[:8] for c in page.all("caption")] == [
        "Table 1.",
        "Table 2.",
        "Table 3.",
    ]
    heads = [e for e in page.all("th") if "thead" in e["in"]]
    rows = [e for e in page.all("th") if "tbody" in e["in"]]
    assert {e["scope"] for e in heads} == {"col"}
    assert {e["scope"] for e in rows} == {"row"}
    assert len(rows) == len(sample.WAITS.rows) + len(sample.SCENARIOS.rows)
    numeric = [e for e in page.all("td") if e.get("class") == "num"]
    assert "12.3 (11.1 to 13.9)" in [e["text"] for e in numeric]
    assert any(e["text"] == "No rows." for e in page.all("td"))


def test_scrolling_boxes_take_the_focus_and_have_names(page):
    boxes = [e for e in page.elements if "scroll" in e.get("class", "").split()]
    assert len(boxes) == 4
    for box in boxes:
        assert (box["role"], box["tabindex"]) == ("region", "0")
        assert box["aria-labelledby"].endswith("-caption")


def test_every_figure_has_caption_picture_and_words(page, sample):
    figures = sample.sample_section().figures
    assert len(page.all("figure")) == len(figures) == 5
    captions = [re.sub(r"\s+", " ", c["text"]) for c in page.all("figcaption")]
    assert captions == [f"Figure {i}. {f.caption}" for i, f in enumerate(figures, start=1)]
    pictures = page.all("svg")
    assert len(pictures) == 1 + 2 * 4, "the map once, each other chart for wide and for narrow screens"
    assert all(p["role"] == "img" for p in pictures)
    words = [e["text"].strip() for e in page.all("p") if "details" in e["in"]]
    assert words == [f.alt for f in figures]


def test_nothing_comes_from_outside(page, text):
    for element in page.elements:
        assert element["tag"] not in {"link", "iframe", "img", "object", "embed", "base", "form"}
        for name in ("src", "srcset", "action", "xlink:href", "data"):
            assert name not in element
        assert not [k for k in element if k.startswith("on") and k != "only"]
        assert not re.match(r"\w+:", element.get("href", ""))
    assert "@import" not in text
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) == {"http://www.w3.org/2000/svg"}
    policy = next(e for e in page.all("meta") if e.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy["content"]
    # one script runs, and the policy names its digest: no other can be slipped in
    (script,) = page.all("script")
    digest = b64encode(hashlib.sha256(script["text"].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy["content"]
    assert set(script) == {"tag", "text", "in"}


def test_text_stays_text(page, sample):
    rows = [e["text"] for e in page.all("th") if "tbody" in e["in"]]
    for name in sample.ODD_NAMES[:-1]:
        assert name in rows
    assert "line\nbreak\tand\ufffdcontrol" in rows, "a control character is replaced, and visibly"


def test_hostile_words_everywhere_stay_text():
    evil = "\"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;"
    section = Section(
        title=evil,
        agency=evil,
        service=evil,
        period=evil,
        parts=(
            Part(
                id=evil,
                title=evil,
                blocks=(
                    Paragraph(text=evil),
                    Caution(text=evil),
                    KeyFigures(items=(KeyFigure(value=evil, unit=evil, label=evil, detail=evil),)),
                    Table(
                        id=evil,
                        caption=evil,
                        columns=(Column(heading=evil), Column(heading=evil, numeric=True)),
                        rows=((evil, evil),),
                        note=evil,
                        file="javascript:alert(1)",
                    ),
                ),
            ),
        ),
        findings=(),
    )
    page = Page(to_html(section))
    assert page.all("img") == []
    assert [e["text"] for e in page.all("script")] == [SCRIPT]
    assert page.all("h1")[0]["text"] == evil
    assert "javascript%3Aalert%281%29" in [e.get("href") for e in page.all("a")]


def test_lone_surrogates_dont_break_the_file():
    to_html(small(Paragraph(text="bad \ud800 text"))).encode("utf-8")


def test_links_to_tables_are_relative(page):
    files = [e for e in page.all("a") if e["href"].startswith("tables/")]
    assert [(e["href"], e["text"]) for e in files] == [
        ("tables/waits.csv", "tables/waits.csv"),
        ("tables/scenarios.csv", "tables/scenarios.csv"),
    ]


def test_a_caution_says_the_word(page):
    note = next(e for e in page.elements if e.get("class") == "caution")
    assert note["role"] == "note"
    assert re.sub(r"\s+", " ", note["text"]).strip().startswith("Caution The replay misses")


def test_key_figures_are_terms_with_values(page):
    terms = [e["text"] for e in page.all("dt")]
    assert "Mean cycle time" in terms
    values = [re.sub(r"\s+", " ", e["text"]) for e in page.all("dd") if e.get("class") == "value"]
    assert values == ["8.5 days", "71%", "1.42 contacts", "−2.4 days"]


def test_findings_stay_out_of_the_page(sample):
    from streamline.results import Finding

    finding = Finding(id="baseline.secret", section="baseline", statement="S", value=1.0, unit="days", n=1, method="m")
    section = dataclasses.replace(sample.sample_section(), findings=(finding,))
    assert "baseline.secret" not in to_html(section)


def test_the_same_section_gives_the_same_bytes(sample, text):
    assert to_html(sample.sample_section()) == text


def test_an_empty_section_is_still_a_page():
    page = Page(to_html(Section(title="T", agency="A", service="S", period="P", parts=(), findings=())))
    assert page.all("nav") == []
    assert len(page.all("main")) == 1


def test_a_row_that_doesnt_fit_is_refused():
    table = Table(id="t", caption="c", columns=(Column(heading="a"), Column(heading="b")), rows=(("1", "2"), ("1",)))
    with pytest.raises(ValueError, match="table 't': row 2 has 1 cells for 2 columns"):
        to_html(small(table))


def test_a_map_that_times_out_still_gives_a_page_that_says_so(sample, monkeypatch):
    from streamline.report import map_layout

    monkeypatch.setattr(map_layout, "_command", lambda: [sys.executable, "-c", "import time; time.sleep(600)"])
    figure = sample.sample_section().figures[0]
    assert "timed out after 0.1 seconds" in " ".join(
        Page(to_html(small(figure), map_seconds=0.1)).all("svg")[0]["text"].split()
    )


def test_cells_carry_the_number_that_they_were_rounded_from(sliders):
    page = Page(to_html(small(sliders.SORTED)))
    cells = [e for e in page.all("td") if "num" in e.get("class", "")]
    assert [e.get("data-exact") for e in cells] == [
        "8.32",
        "1200",
        "8.28",
        "900",
        None,
        None,
        "-1.0",
        "10000",
        "0.003",
        "90",
    ]


def test_the_names_of_proposals_head_their_rows_and_say_once_what_they_share(sliders):
    page = Page(to_html(small(sliders.BENEFITS)))
    heads = [e for e in page.all("th") if "tbody" in e["in"] and e["scope"] == "rowgroup"]
    assert [e["text"].strip() for e in heads] == ["Complete at intake", sliders.ODD_NAMES[0], "Friday releases"]
    assert [e["text"] for e in page.all("th") if "thead" in e["in"]] == [
        "Measure",
        "Unit",
        "Baseline",
        "Target",
        "95% interval",
    ]
    facts = [e["text"] for e in page.all("p") if "tbody" in e["in"]]
    assert facts[:2] == ["Date: 2027-07", "Evidence: pilot, two offices"]
    assert facts[2:] == ["Date: not set", "Evidence: none given", "Date: 2027-01", "Evidence: memo"]
    rows = [e for e in page.all("tr") if "data-row" in e]
    assert [int(e["data-row"]) for e in rows] == [0, 1, 2, 3]


def test_without_script_no_slider_shows_and_the_rows_stand_at_full_strength(sliders):
    page = Page(to_html(small(sliders.BENEFITS)))
    assert page.all("input")
    assert all("template" in e["in"] for e in page.all("input"))
    numbers = [e["text"] for e in page.all("td") if "num" in e.get("class", "")]
    assert numbers == [row[k] for row in sliders.ROWS for k in (3, 4, 6)]


def test_stops_are_in_the_page_with_the_findings_behind_them(sliders):
    page = Page(to_html(small(sliders.BENEFITS)))
    data = next(e for e in page.all("script") if e.get("type") == "application/json")
    first, odd, friday = json.loads(data["text"])
    assert (first["label"], odd["label"], friday["stops"]) == ("Complete at intake", sliders.ODD_NAMES[0], [])
    for slider in (first, odd):
        for stop in slider["stops"]:
            for at in stop["shown"]:
                exact, cells = sliders.FOUND[at["row"], stop["percent"]]
                assert (at["value"], at["low"], at["high"]) == exact
                assert (at["cells"][3], at["cells"][4], at["cells"][6]) == cells


def test_only_what_has_an_order_can_be_sorted():
    """Numbers in other units, intervals and rows that are measures have none."""
    columns = tuple(
        Column(heading=h, numeric=n)
        for h, n in (("Proposal", False), ("Saves", True), ("Pays after", True), ("Interval", True))
    )
    rows = tuple(
        (f"P{k}", f"USD {k},000 (USD 1 to USD 9)", after, f"{k} to 9")
        for k, after in ((1, "8 months"), (2, "never"), (3, "2 years"))
    )
    page = Page(to_html(small(Table(id="t", caption="C", columns=columns, rows=rows))))
    assert [e["text"] for e in page.all("th") if "data-sorts" in e] == ["Proposal", "Saves"]
    assert [e.get("data-exact") for e in page.all("td")][::3] == ["1000", "2000", "3000"]
    of_measures = Table(id="t", caption="C", columns=(Column(heading="Measure"), *columns[1:]), rows=rows)
    assert not [e for e in Page(to_html(small(of_measures))).all("table") if "data-sorts" in e]
