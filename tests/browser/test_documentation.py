"""The built site in a real browser: it asks nothing of the network, can be read by everybody, and fits a narrow screen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
#: The theme's own: it has the table of contents twice, one of them hidden on wide screens.
OF_THE_THEME = {"landmark-unique"}


@pytest.fixture(scope="module")
def site(tmp_path_factory, check_page) -> Path:
    """The site, built as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(
    scope="module",
    params=["index", "tutorial/index", "explanation/replay", "reference/study-file", "notebooks/1_first_look_at_a_log"],
)
def report(request, check_page, site):
    return check_page(site / f"{request.param}.html")


def test_a_page_asks_nothing_of_the_network(report):
    assert [r for r in report["requests"] if not str(r).startswith("file:")] == []


def test_axe_finds_nothing(report):
    assert [v for v in report["violations"] if v["id"] not in OF_THE_THEME] == []


def test_nothing_scrolls_sideways(report):
    assert [v for v in report["widths"] if v["scroll"] > v["width"]] == []


def test_formulas_are_mathml(site):
    page = (site / "explanation" / "replay.html").read_text(encoding="utf-8")
    assert page.count("<math") >= 8
    assert "arithmatex" not in page


def test_no_page_loads_from_elsewhere(site):
    """Every script, style and picture is beside the page."""
    import re

    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(https?:[^"]+)"', text)
        assert loaded == [], page
