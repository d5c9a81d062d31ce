"""Sections of real records in a real browser: the sample agency, and studies on the logs beside the checkout."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=["sample", "permits", "receipt", "bpic2017-w", "road-traffic-fines"])
def saved(request, studied, tmp_path_factory) -> Path:
    """The section of one study, written to a folder."""
    return Path(studied(request.param).save(tmp_path_factory.mktemp("section") / request.param))


@pytest.mark.real
def test_the_page_is_accessible_and_asks_for_nothing(check_page, saved):
    report = check_page(saved / "section.html")
    assert report["violations"] == []
    assert report["requests"] == []
    assert report["console"] == []
    for view in report["widths"]:
        assert view["scroll"] <= view["window"], view
        assert view["sticking_out"] == [], view
        assert view["smallest_svg_text"] >= 10.5, view


@pytest.mark.real
def test_every_link_leads_to_a_file_of_the_folder(saved):
    text = (saved / "section.md").read_text(encoding="utf-8") + (saved / "section.html").read_text(encoding="utf-8")
    named = set(re.findall(r"tables/([\w-]+\.csv)", text))
    assert named
    for name in named:
        assert (saved / "tables" / name).is_file(), name


#: What each row of the benefits shows: its finding as the page has it, and its target as written.
SHOWN = (
    "[...document.querySelectorAll('tr[data-finding]')].filter(r => r.querySelector('[data-label^=Target]'))"
    ".map(r => ({...r.dataset, target: r.querySelector('[data-label^=Target]').innerText, "
    "unit: r.querySelector('[data-label=Unit]').innerText}))"
)


@pytest.mark.real
def test_sliders_show_the_findings_to_the_last_digit(act, saved):
    """Every stop of every slider: the numbers are those of findings.json, and the words are their rounding."""
    found = {f["id"]: f for f in json.loads((saved / "findings.json").read_text(encoding="utf-8"))["findings"]}
    stops = {i.split(".at_")[1].split(".")[0] for i in found if ".at_" in i}
    names = act(saved / "section.html", ("read", "[...document.querySelectorAll('input[type=range]')].map(i => i.id)"))[
        "read"
    ][0]
    assert names
    assert stops == {"25", "50", "75"}
    steps = []
    for name in names:
        steps += [("focus", f"#{name}"), *([("press", "ArrowLeft"), ("read", SHOWN)] * len(stops))]
    seen = {row["finding"]: row for rows in act(saved / "section.html", *steps)["read"] for row in rows}
    assert {i for i in found if ".at_" in i} <= seen.keys()
    for id_, row in seen.items():
        finding = found[id_]
        assert [float(row[k]) for k in ("value", "low", "high")] == [finding[k] for k in ("value", "low", "high")]
        written = row["target"].replace(",", "").replace("−", "-")
        exact = finding["value"] * (100 if finding["unit"] == "share" else 1)
        # money is rounded by its interval, other figures to the places that are written
        width = finding["high"] - finding["low"]
        last = width if "per year" in finding["unit"] else 10.0 ** -len(written.partition(".")[2])
        assert abs(float(written) - exact) <= 0.5 * last + 1e-9, id_


@pytest.mark.real
@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
def test_every_text_of_a_picture_has_enough_contrast(browser, contrast, saved, tmp_path, scheme, width):
    told = contrast.contrasts(browser.pictures(saved / "section.html", tmp_path, width=width, scheme=scheme))
    assert told
    assert [t for t in told if not t.enough] == []
