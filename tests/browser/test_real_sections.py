"""Sections of real records in a real browser: the sample agency, and studies on the logs beside the checkout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streamline.plan import plan_section

ROOT = Path(__file__).parents[2]
STUDIES = ROOT / "tests" / "studies"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=["sample", "permits", "receipt", "bpic2017-w", "road-traffic-fines"])
def saved(request, tmp_path_factory) -> Path:
    """The section of one study, written to a folder."""
    folder = tmp_path_factory.mktemp("section") / request.param
    if request.param == "sample":
        return Path(request.getfixturevalue("sample_section").save(folder))
    request.getfixturevalue("shared_data")
    return plan_section(STUDIES / f"{request.param}.yaml").save(folder)


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
