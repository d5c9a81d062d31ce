"""Every public result shows itself: a short line, an accessible table with what it rests on, a chart, its cases."""

from __future__ import annotations

import inspect
import json
import math
import re
from html.parser import HTMLParser
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.axes import Axes

import streamline as sl
from showing_sample import ELSEWHERE, OTHERS, RECIPES, Sample, case_ids
from streamline.results import Estimate, Result
from streamline.showing import cell, left_out, notes_html, table_html

#: Longest line of a `repr`.
LINE = 200
#: A sensitivity is of runs of all cases together: it says that it keeps no rows, and offers none.
NO_CASES = {"sensitivity"}
#: Nobody of the sample was away for long, which is what these rows are.
NONE_HERE = {"resource_calendars"}
_VOID = {"br", "hr", "img", "path", "rect", "line", "polygon", "circle"}


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Sample:
    return Sample(tmp_path_factory.mktemp("showing"))


@pytest.fixture(scope="module")
def made(sample) -> Any:
    """`made(name)`: what a public function gives on the sample, made once."""
    known: dict[str, Any] = {}

    def result(name: str) -> Any:
        if name not in known:
            known[name] = {**RECIPES, **OTHERS}[name](sample)
        return known[name]

    return result


class _Page(HTMLParser):
    """What is in a piece of HTML; fails where a tag isn't closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self._open.pop() == tag


def test_every_public_function_is_walked():
    functions = {name for name in sl.__all__ if inspect.isfunction(getattr(sl, name))}
    walked = [*RECIPES, *OTHERS, *ELSEWHERE]
    assert len(walked) == len(set(walked))
    assert functions == set(walked)


@pytest.mark.parametrize("name", RECIPES)
def test_a_result_is_a_short_line_and_prints_its_first_rows(made, name):
    result = made(name)
    assert isinstance(result, Result)
    line = repr(result)
    assert line.startswith(f"<{type(result).__name__}: ")
    assert f"n={result.n:,}" in line
    assert "\n" not in line
    assert len(line) < LINE
    printed = str(result).splitlines()
    assert printed[0] == line


@pytest.mark.parametrize("name", [n for n in RECIPES if n != "show"])  # an overview is a page: test_overview.py
def test_a_result_says_what_it_rests_on_and_escapes_it(made, sample, name):
    result = made(name)
    window = result.recorded
    assert window is not None
    assert pd.Timestamp(window.first) <= pd.Timestamp(window.last)
    text = result._repr_html_()
    page = _Page(text)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("caption") == 1
    assert {attrs.get("scope") for tag, attrs in page.tags if tag == "th"} <= {"col", "row"}
    n_columns = sum(attrs.get("scope") == "col" for _, attrs in page.tags)
    assert n_columns == len(result.table.columns)
    caption = re.findall("<caption[^>]*>(.*?)</caption>", text)[0]
    assert f"n = {result.n:,} " in caption
    assert str(window) in caption
    for reason, left in result.excluded.items():
        assert (f"{left:,}" in caption) if left else (f"{reason} 0" not in caption)
    assert tags.count("li") == len(result.caveats)
    assert "script" not in tags
    assert not any("id" in attrs for _, attrs in page.tags)
    assert len(text) < 80_000


@pytest.mark.parametrize("name", RECIPES)
def test_what_a_result_shows_names_no_case(made, sample, name):
    words = set(re.findall(r"[\w-]+", made(name)._repr_html_() + str(made(name))))
    assert words & (case_ids(sample.whole)) == set()


@pytest.mark.parametrize("name", RECIPES)
def test_a_result_is_drawn(made, name):
    axes = made(name).plot()
    assert isinstance(axes, Axes)
    assert axes.get_title(loc="left") or axes.get_title() or axes.figure.texts
    plt.close("all")


@pytest.mark.parametrize("name", [n for n in RECIPES if n not in NO_CASES])
def test_a_result_opens_to_its_cases(made, name):
    cases = made(name).cases
    assert isinstance(cases, pd.DataFrame)
    assert len(cases) > 0 or name in NONE_HERE
    assert len(cases.columns) >= 2
    assert cases.columns.is_unique


@pytest.mark.parametrize("name", NO_CASES)
def test_what_has_no_cases_says_so(made, name):
    with pytest.raises(NotImplementedError, match="keeps no rows per case"):
        _ = made(name).cases
    assert "cases" not in dir(made(name))


@pytest.mark.parametrize("name", RECIPES)
def test_a_result_becomes_a_frame_and_json(made, name):
    result = made(name)
    pd.testing.assert_frame_equal(result.to_frame(), result.table)
    told = result.to_dict()
    assert told["window"] == [result.recorded.first, result.recorded.last]
    assert len(told["rows"]) == len(result.table)
    json.dumps(told, default=str, allow_nan=False)


@pytest.mark.parametrize("name", RECIPES)
def test_what_completion_offers_is_there(made, name):
    result = made(name)
    offered = [n for n in dir(result) if not n.startswith("_")]
    assert {"table", "plot", "n", "excluded", "recorded", "caveats", "to_frame", "to_dict"} <= set(offered)
    for attribute in offered:
        getattr(result, attribute)


@pytest.mark.parametrize("name", OTHERS)
def test_records_and_what_is_made_of_them_are_a_short_line(made, name):
    line = repr(made(name))
    assert line.startswith("<")
    assert line.endswith(">")
    assert "\n" not in line
    assert len(line) < LINE


@pytest.mark.parametrize("name", ["read_log", "read_contacts", "read_findings", "estimated_starts", "open_log"])
def test_records_show_a_table(made, name):
    page = _Page(made(name)._repr_html_())
    assert [tag for tag, _ in page.tags].count("caption") == 1
    assert not any("id" in attrs for _, attrs in page.tags)


def test_a_table_in_words():
    evil = "<b>&\"'</b>"
    frame = pd.DataFrame({evil: [evil, None], "hours": [1.5, float("nan")], "route": [("a", evil), ("b",)]})
    text = table_html(frame, caption=evil, rows=1)
    assert "<b>" not in text
    assert "1 more row in <code>.table</code>" in text
    assert re.search('<th scope="row"[^>]*>&lt;b&gt;', text)
    assert text.count("text-align:right") == 2
    assert notes_html([evil]).count("&lt;b&gt;") == 1
    assert notes_html([]) == ""
    assert [cell(v) for v in (None, True, 1234, 0.5, pd.NaT, "x" * 299)] == [
        "–",
        "yes",
        "1,234",
        "0.5",
        "–",
        "x" * 199 + "…",
    ]
    assert left_out({"open": 0}) == ""


def test_an_answer_without_rows_says_so_in_its_columns():
    text = table_html(pd.DataFrame({"loop": [], "days": []}), caption="Rework loops: n = 3 cases")
    assert re.search('<th scope="col"[^>]*>days</th>', text)
    assert "<tbody></tbody>" in text


def test_an_estimate_says_large_numbers_in_full() -> None:
    """Money has no exponent; what isn't finite stays what it is."""

    def said(value: float, low: float | None = None, high: float | None = None) -> str:
        return repr(Estimate(value=value, low=low, high=high, level=0.95, method="", unit="USD", n=3))

    assert said(25_312.3, 2.5e4, 2_600_000.4) == "25,312 (25,000 to 2,600,000) USD, n=3"
    assert said(0.012342, -8.0, math.inf) == "0.01234 (-8 to inf) USD, n=3"
    assert said(math.nan) == "nan USD, n=3"
