"""The overview of the sample in a real browser: one screen, accessible, asking for nothing."""

from __future__ import annotations

import pytest

import streamline as sl
from showing_sample import STANDARD, Sample

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("overview")
    sample = Sample(folder)
    view = sl.show(sample.whole, contacts=sample.contacts, calendar=sample.calendar, standard=STANDARD)
    return view.save(folder / "overview.html")


@pytest.fixture(scope="module")
def report(check_page, saved):
    return check_page(saved)


def test_axe_finds_nothing_and_the_page_asks_for_nothing(report):
    assert report["violations"] == []
    assert [r for r in report["requests"] if not r.startswith("data:")] == []
    assert report["console"] == []


def test_it_is_one_screen(report):
    wide = [v for v in report["widths"] if v["width"] == 1280]
    assert len(wide) == 2
    assert all(v["height"] <= 800 for v in wide), [v["height"] for v in wide]


def test_nothing_sticks_out_at_any_width(report):
    for view in report["widths"]:
        assert view["scroll"] <= view["window"], view
        assert view["sticking_out"] == [], view
