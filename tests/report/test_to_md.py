"""The Markdown: complete, and no name from the records becomes a sign."""

from __future__ import annotations

import re

import pytest

from streamline.report.section import Column, Paragraph, Part, Section, Table
from streamline.report.to_md import escaped, to_md


@pytest.fixture(scope="module")
def text(sample) -> str:
    return to_md(sample.sample_section())


def small(*blocks) -> Section:
    part = Part(id="p", title="Part", blocks=blocks)
    return Section(title="T", agency="A", service="S", period="2025", parts=(part,), findings=())


def test_headings_follow_the_parts(text):
    assert re.findall(r"^#+ .*$", text, re.M) == [
        "# How permits move, and what would make them move faster",
        "## Summary",
        "## How the service runs today",
        "### Cycle time",
        "### Where the time goes",
        "#### Ways back",
        "## What each change would do",
    ]


def test_tables_are_whole(text, sample):
    """Each row of a table has as many unescaped pipes as its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    counts = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
    assert counts == {6, 3, 8}
    assert "| :--- | ---: | ---: | ---: | :--- |" in lines
    assert len(lines) == sum(len(t.rows) + 2 for t in sample.sample_section().tables)
    assert "No rows." in text


def test_cautions_figures_and_key_figures(text):
    assert "\n> **Caution:** The replay misses" in text
    assert "**Figure 1.** Steps of a residential permit" in text
    assert "*In words:* Most cases run straight" in text
    assert "- Mean cycle time: **8.5 days** (95% interval 8.3 to 8.7)" in text
    assert "- Largest change of any scenario: **−2.4 days**\n" in text
    assert "[tables/waits.csv](tables/waits.csv)" in text
    assert text.endswith("\n")
    assert "\n\n\n" not in text


def test_signs_are_marked_as_text(text):
    assert r"\<script\>alert('no')\</script\> is text here, and so is \*\*this\*\*" in text
    assert r"\[that\](javascript:alert(1))" in text
    assert not re.search(r"(?<!\\)<", text)
    assert r"\*starred\* \_under\_ \`tick\` \[x\](javascript:alert(1)) \| pipe" in text
    assert r"\&lt;escaped\&gt;" in text
    assert "line break and control" in text


@pytest.mark.parametrize(
    ("plain", "marked"),
    [
        ("# no heading", r"\# no heading"),
        ("- no list", r"\- no list"),
        ("+ no list", r"\+ no list"),
        ("1. no list", r"1\. no list"),
        ("2025) no list", r"2025\) no list"),
        ("> no quote", r"\> no quote"),
        ("8.3 days (8.1 to 8.5)", "8.3 days (8.1 to 8.5)"),
        ("-310,000 in 2026. -", "-310,000 in 2026. -"),
        ("---", r"\---"),
        ("a\n\n# b", "a # b"),
        ("~~no~~", r"\~\~no\~\~"),
        ("AT&T &amp; co", r"AT&T \&amp; co"),
        ("![x](y)", r"\!\[x\](y)"),
        (r"back\slash", r"back\\slash"),
        ("=====", r"\====="),
    ],
)
def test_escaping(plain, marked):
    assert escaped(plain) == marked


def test_a_paragraph_cant_open_a_block():
    lines = to_md(small(Paragraph(text="```\n# x"))).splitlines()
    assert r"\`\`\` # x" in lines


def test_a_row_that_doesnt_fit_is_refused():
    table = Table(id="t", caption="c", columns=(Column(heading="a"),), rows=(("1", "2"),))
    with pytest.raises(ValueError, match="row 1 has 2 cells for 1 columns"):
        to_md(small(table))
