"""Charts of a diagnosis as pictures: nothing cut or overlapping, drawn to scale, told apart without colour."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pytest
import sample_charts as charts
from hypothesis import given
from hypothesis import strategies as st

from streamline.figure import (
    BarColumn,
    BarTable,
    Curve,
    Line,
    LineChart,
    Mark,
    Spectrum,
    Stack,
    StackedBars,
    StepCurves,
)
from streamline.report.chart import chart_svg, describe, draw
from streamline.report.drawing import DASHES, FILLS, HATCHES, MARKERS, look, stroke, visible
from streamline.report.lettering import clean, text_width
from streamline.report.section import Figure, Part, Section
from streamline.report.spectrum import most_lines, stretch, thinned
from streamline.report.to_html import to_html

SVG = "{http://www.w3.org/2000/svg}"
#: Simulated sight without one kind of cone: Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB.
BLIND = {
    "none": np.eye(3),
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


ALL = {**charts.DIAGNOSIS, **charts.ODD}


@pytest.fixture(autouse=True)
def _no_window():
    """Draw to memory, and close what a test opened."""
    import matplotlib.pyplot as plt

    with mpl.rc_context():
        plt.switch_backend("agg")
        yield
        plt.close("all")


def lettering(svg: str) -> Iterator[tuple[str, float, float, float, float]]:
    """Each drawn text with its left, right, top and bottom, as wide as a wide typeface makes it."""
    for text in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        words = "".join(text.itertext())
        style = text.get("style", "")
        size = float(re.search(r"([\d.]+)px", style)[1])
        wide = text_width(words, size, bold="bold" in style or "700" in style)
        x, y = float(text.get("x", 0)), float(text.get("y", 0))
        if moved := re.search(r"translate\(([\d.-]+)[ ,]+([\d.-]+)\)", text.get("transform", "")):
            x, y = x + float(moved[1]), y + float(moved[2])
        anchor = re.search(r"text-anchor: (\w+)", style)
        left = x - {"middle": wide / 2, "end": wide}.get(anchor[1] if anchor else "start", 0.0)
        yield words, left, left + wide, y - 0.73 * size, y + 0.24 * size


@pytest.mark.parametrize("wide", [True, False], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", ALL)
def test_nothing_is_cut_off_and_no_text_lies_on_another(name, wide):
    svg = chart_svg(ALL[name], wide=wide, title_id="x", headed=True)
    _, _, width, height = map(float, ElementTree.fromstring(svg).get("viewBox").split())
    boxes = [box for box in lettering(svg) if box[0].strip()]
    assert boxes
    outside = [b for b in boxes if b[1] < -0.5 or b[2] > width + 0.5 or b[3] < -0.5 or b[4] > height + 0.5]
    assert outside == []
    overlapping = [
        (a[0], b[0])
        for a, b in itertools.combinations(boxes, 2)
        if min(a[2], b[2]) - max(a[1], b[1]) > 0.5 and min(a[4], b[4]) - max(a[3], b[3]) > 0.5
    ]
    assert overlapping == []


@pytest.mark.parametrize("name", ALL)
def test_words_and_picture_stand_alone(name):
    chart = ALL[name]
    words = describe(chart)
    assert words.endswith(".")
    assert not re.search(r"\b(nan|inf)\b", words)
    root = ElementTree.fromstring(chart_svg(chart, wide=True, title_id="x"))
    assert root.find(f"{SVG}title").text == clean(chart.title)
    assert root.find(f"{SVG}desc").text == clean(words)


@pytest.mark.parametrize("name", ALL)
def test_every_chart_draws_onto_given_axes_and_new_ones(name):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    assert draw(ALL[name], ax=ax) is ax
    figure.canvas.draw()
    draw(ALL[name]).figure.canvas.draw()


@pytest.mark.parametrize("name", charts.DIAGNOSIS)
def test_pictures_stay_small_and_the_same(name):
    chart = charts.DIAGNOSIS[name]
    svg = chart_svg(chart, wide=True, title_id="x")
    assert svg == chart_svg(chart, wide=True, title_id="x")
    assert len(svg) < 100_000
    assert set(re.findall(r"font-size: ([\d.]+)px|font: (?:\w+ )?([\d.]+)px", svg)) <= {("9", ""), ("", "9")}


def test_a_stack_is_drawn_to_scale_in_the_order_of_the_groups():
    chart = StackedBars(
        title="t",
        axis="hours",
        groups=("a", "b", "c"),
        stacks=(Stack(label="x", values=(2.0, 0.0, 3.0)), Stack(label="y", values=(1.0, math.nan, 0.5))),
    )
    ax = draw(chart)
    drawn = {(p.get_x(), p.get_width(), p.get_hatch()) for p in ax.patches if p.get_fill() and p.get_width() > 0.3}
    assert drawn == {
        (0.0, 2.0, look(0)[1]),
        (2.0, 3.0, look(2)[1]),
        (0.0, 1.0, look(0)[1]),
        (1.0, 0.5, look(2)[1]),
    }
    texts = [t.get_text() for t in ax.texts]
    assert "5.0" in texts
    assert "at least 1.5" in texts


def test_groups_keep_their_look_where_others_are_missing():
    """The third group is drawn alike whether the first has anything or not, so charts can be compared."""

    def third(values: tuple[float, ...]) -> set[object]:
        stacks = (Stack(label="x", values=values),)
        ax = draw(StackedBars(title="t", axis="h", groups=("a", "b", "c"), stacks=stacks))
        return {(p.get_facecolor(), p.get_hatch()) for p in ax.patches if p.get_fill() and p.get_width() == 3.0}

    assert third((1.0, 2.0, 3.0)) == third((0.0, 0.0, 3.0))


def test_a_line_breaks_at_what_is_not_known_and_holds_where_it_should():
    line = Line(label="x", at=(0, charts.DAY, 2 * charts.DAY, 3 * charts.DAY), values=(1.0, math.nan, 4.0, 2.0))
    ax = draw(LineChart(title="t", axis="cases", lines=(line,)))
    x, y = next((k.get_xdata(), k.get_ydata()) for k in ax.lines if len(k.get_xdata()) == 4)
    np.testing.assert_allclose(x, [0, 1, 2, 3])
    np.testing.assert_allclose(y, [1, math.nan, 4, 2])
    held = Line(label="x", at=line.at, values=line.values, holds=True)
    steps = draw(LineChart(title="t", axis="cases", lines=(held,)))
    assert any(k.get_drawstyle() == "steps-post" for k in steps.lines)
    alone = [list(k.get_xdata()) for k in steps.lines if k.get_marker() not in (None, "None", "none", "")]
    assert [0.0] in alone, "a known value before a gap needs a marker"


def test_the_value_axis_begins_at_zero_and_ends_at_the_top():
    ax = draw(charts.ATTAINMENT)
    low, high = ax.get_ylim()
    assert low == 0
    assert 100 <= high < 105
    assert max(ax.get_yticks()) == 100


def test_curves_are_steps_with_their_marks_and_numbers_followed():
    curve = Curve(label="x", at=(0.0, 4.0, 9.0), values=(1.0, 0.8, 0.5), at_risk=((0.0, 120), (5.0, 80)))
    ax = draw(StepCurves(title="t", axis="days", value_axis="open", curves=(curve,), marks=charts.CURVES.marks))
    step = next(k for k in ax.lines if list(k.get_ydata()) == [1.0, 0.8, 0.5])
    assert step.get_drawstyle() == "steps-post"
    assert {30.0, 9.0} <= {round(k.get_xdata()[0], 6) for k in ax.lines}
    texts = [t.get_text() for t in ax.texts]
    assert "120" in texts
    assert "80" in texts


def test_lines_of_a_spectrum_run_from_when_to_when():
    ax = draw(charts.SPECTRUM)
    drawn = [k for k in ax.lines if len(k.get_xdata()) > 2]
    ends = {(round(x[0], 6), round(x[1], 6)) for k in drawn for x in np.reshape(k.get_xdata(), (-1, 3)).tolist()}
    meant = {
        (round(a / charts.DAY, 6), round(b / charts.DAY, 6))
        for a, b in zip(charts.SPECTRUM.begin, charts.SPECTRUM.end, strict=True)
    }
    assert ends == meant
    assert all(list(k.get_ydata()[:2]) == [1.0, 0.0] for k in drawn)


def test_a_spectrum_of_very_many_lines_is_thinned_evenly_and_says_so():
    svg = chart_svg(charts.MANY_LINES, wide=False, title_id="x")
    words = " ".join("".join(t.itertext()) for t in ElementTree.fromstring(svg).iter(f"{SVG}text"))
    assert re.search(r"\d+ of the [\d,]+ lines of .* 2025; 23,456 in all", words)
    assert "5,9" in words, "the legend counts all lines of a class, drawn or not"
    for n, most in ((10, 4), (1000, 999), (7, 7), (0, 5), (100_000, 792)):
        kept = thinned(n, most)
        assert len(kept) == min(n, most)
        assert kept == sorted(set(kept))
        gaps = {b - a for a, b in itertools.pairwise(kept)}
        assert len(gaps) <= 2, "evenly"
    assert most_lines(500) > most_lines(200)


def test_bars_of_a_table_share_a_scale_within_their_column():
    columns = (BarColumn(heading="n", values=(5.0, 10.0)), BarColumn(heading="%", values=(50.0, 25.0), full=100.0))
    ax = draw(BarTable(title="t", heading="loop", labels=("a", "b"), columns=columns))
    widths = [p.get_width() for p in ax.patches if p.get_fill()]
    assert len(widths) == 4
    assert widths[2] == pytest.approx(2 * widths[0])  # row by row: a's n and %, then b's
    frames = {round(p.get_width(), 6) for p in ax.patches if not p.get_fill()}
    assert len(frames) == 1, "a column with a full value shows where that is"
    assert widths[1] == pytest.approx(0.5 * next(iter(frames)), rel=1e-5)
    assert widths[3] == pytest.approx(0.25 * next(iter(frames)), rel=1e-5)


def test_shades_get_darker_with_the_value_and_say_what_they_stand_for():
    ax = draw(charts.HEAT)
    lightness = {}
    for patch in ax.patches:
        if patch.get_width() == 1:
            i, j = round(patch.get_y()), round(patch.get_x())
            lightness[charts.HEAT.values[i][j]] = sum(patch.get_facecolor()[:3])
    ordered = [lightness[v] for v in sorted(lightness)]
    assert ordered == sorted(ordered, reverse=True)
    assert len(set(ordered)) >= 4
    assert "0 to 2" in [t.get_text() for t in ax.texts]


def _lab(colour: str, sight: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """CIELAB of a hex colour as someone sees it."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(sight) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ seen / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", BLIND)
def test_colours_differ_for_every_eye(sight):
    for a, b in itertools.combinations(FILLS, 2):
        assert np.linalg.norm(_lab(a, BLIND[sight]) - _lab(b, BLIND[sight])) >= 17, (a, b)


def test_eight_groups_and_lines_differ_without_colour():
    assert len({look(i)[1] for i in range(8)}) == len(HATCHES) == 8
    assert len({stroke(i)[1:] for i in range(8)}) == len(DASHES) == len(MARKERS) == 8
    assert len({look(i) for i in range(64)}) == 64


def test_a_stretch_keeps_all_lines_that_run_within_it():
    chart = charts.spectrum(6_000)
    found = stretch(chart, 480.0)
    inside = [
        i for i, (a, b) in enumerate(zip(chart.begin, chart.end, strict=True)) if a <= found.last and b >= found.first
    ]
    assert sorted(found.lines.tolist()) == inside
    assert 150 <= len(inside) <= most_lines(480.0)
    whole = stretch(charts.SPECTRUM, 480.0)
    assert len(whole.lines) == len(charts.SPECTRUM.begin)
    assert (whole.first, whole.last) == (min(charts.SPECTRUM.begin), max(charts.SPECTRUM.end))


def test_short_lines_of_a_long_period_are_shown_in_a_stretch_in_which_they_lean():
    """A year of hours would be a barcode; nine of ten lines take an hour, so at most sixty of them fit beside each other."""
    begin = tuple(charts.START + i * charts.HOUR for i in range(24 * 365))
    chart = Spectrum(
        title="t",
        above="a",
        below="b",
        classes=("an hour",),
        begin=begin,
        end=tuple(at + charts.HOUR for at in begin),
        class_of=(0,) * len(begin),
    )
    found = stretch(chart, 480.0)
    assert found.last - found.first == pytest.approx(7 * charts.DAY)
    assert charts.START < found.first < found.last < begin[-1]
    assert len(found.lines) == pytest.approx(7 * 24, abs=2)
    svg = chart_svg(chart, wide=True, title_id="x")
    words = " ".join("".join(t.itertext()) for t in ElementTree.fromstring(svg).iter(f"{SVG}text"))
    assert f"the {len(found.lines)} lines of" in words
    assert "8,760 in all" in words


@given(
    values=st.lists(st.floats(-5, 5) | st.just(math.nan), min_size=1, max_size=400),
    width=st.floats(5, 60),
)
def test_what_is_left_of_a_dense_line_has_its_ends_extremes_and_gaps(values: list[float], width: float) -> None:
    at = [float(i) for i in range(len(values))]
    span = (0.0, max(at[-1], 1.0))
    kept = visible(at, values, width=width, span=span)
    assert kept == sorted(set(kept))
    assert {0, len(at) - 1} <= set(kept)
    assert {i for i, v in enumerate(values) if math.isnan(v)} <= set(kept)
    some = [v for v in values if not math.isnan(v)]
    left = [values[i] for i in kept if not math.isnan(values[i])]
    if some:
        assert (min(left), max(left)) == (min(some), max(some))
    for half in range(int(2 * width) + 1):
        there = [v for x, v in zip(at, values, strict=True) if int(x / span[1] * 2 * width) == half and v == v]
        shown = [values[i] for i in kept if int(at[i] / span[1] * 2 * width) == half and values[i] == values[i]]
        assert (not there) or (min(there), max(there)) == (min(shown), max(shown))


def test_a_flat_tail_is_left_off_and_said_to_be():
    at = (0.0, 5.0, 10.0, 20.0, 400.0)
    curve = Curve(label="x", at=at, values=(1.0, 0.5, 0.1, 0.002, 0.0))
    chart = StepCurves(title="t", axis="Days", value_axis="open", curves=(curve,))
    ax = draw(chart)
    assert ax.get_xlim()[1] == pytest.approx(21.0)
    words = " ".join(t.get_text() for t in ax.texts)
    assert "as far as 400, no curve moves by more than 0.5 percentage points" in words
    marked = StepCurves(title="t", axis="Days", value_axis="open", curves=(curve,), marks=(Mark(label="m", at=390.0),))
    assert draw(marked).get_xlim()[1] >= 400, "a mark is never left off"


def test_a_group_that_nobody_has_is_said_to_be_none():
    stacks = (Stack(label="x", values=(2.0, 0.0, math.nan)),)
    ax = draw(StackedBars(title="t", axis="h", groups=("external", "batching", "other"), stacks=stacks))
    texts = [t.get_text() for t in ax.texts]
    assert {"external", "batching (none)", "other"} <= set(texts)


def test_a_page_holds_every_kind_with_ids_of_its_own():
    figures = tuple(
        Figure(id=name, caption=chart.title, alt=describe(chart), chart=chart)
        for name, chart in charts.DIAGNOSIS.items()
    )
    part = Part(id="p", title="Charts", blocks=figures)
    page = to_html(Section(title="s", agency="a", service="s", period="2025", parts=(part,), findings=()))
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", page)) <= set(ids)
    assert page.count("<svg ") == 2 * len(figures)
