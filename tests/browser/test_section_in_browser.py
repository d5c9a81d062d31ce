"""The page in a real browser: accessibility, light and dark; no requests; no sideways scroll; paper."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(check_page, saved_section):
    return check_page(saved_section)


def test_axe_finds_nothing(report):
    assert report["violations"] == []


def test_what_axe_cant_decide_is_only_text_in_pictures(report):
    """Contrast of text inside SVG is reckoned in test_contrast."""
    undecided = [(v["id"], n["target"]) for v in report["incomplete"] for n in v["nodes"]]
    assert {rule for rule, _ in undecided} <= {"color-contrast"}
    assert all("text" in target or "svg" in target for _, target in undecided)


def test_the_page_asks_nothing_of_the_network(report):
    assert report["requests"] == []


def test_the_console_is_silent(report):
    assert report["console"] == []


def test_nothing_sticks_out_at_any_width(report):
    assert {(v["scheme"], v["width"]) for v in report["widths"]} == {
        (scheme, width) for scheme in ("light", "dark") for width in (320, 768, 1280)
    }
    for view in report["widths"]:
        assert view["scroll"] <= view["window"]
        assert view["sticking_out"] == []
        assert view["text_outside_svg"] == []


def test_text_in_pictures_is_legible_at_every_width(report):
    assert all(view["smallest_svg_text"] >= 10.5 for view in report["widths"])


def test_on_paper(report):
    paper = report["print"]
    assert not paper["contents_shown"]
    assert not paper["narrow_shown"]
    assert paper["background"] == "rgb(255, 255, 255)", "no dark paper, whatever the screen's scheme"
    assert paper["scroll"] <= paper["window"]
    assert paper["A4"] > 0
    assert paper["Letter"] > 0


def test_the_check_itself_can_fail(check_page, tmp_path):
    """A page with each fault that the tests above look for."""
    page = tmp_path / "bad.html"
    page.write_text(
        "<html><body><p style='color:#bbb;width:900px'>Pale and wide</p><img src='missing.png'>"
        "<script>console.error('no')</script></body></html>",
        encoding="utf-8",
    )
    bad = check_page(page)
    assert {"color-contrast", "html-has-lang", "image-alt"} <= {v["id"] for v in bad["violations"]}
    assert any(r.endswith("missing.png") for r in bad["requests"])
    assert bad["console"]
    assert any(v["scroll"] > v["window"] for v in bad["widths"] if v["width"] == 320)


def test_the_lock_file_holds_no_addresses():
    lock = Path(__file__).with_name("package-lock.json").read_text(encoding="utf-8")
    assert "http" not in lock
    assert all("integrity" in p for name, p in json.loads(lock)["packages"].items() if name)
