"""Points with their key, and tornados: drawn where the numbers are, each label at its own end, words that say the same."""

from __future__ import annotations

import itertools
import math
import re
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
import sample_charts as charts
from matplotlib.colors import to_hex

from streamline.figure import Point, PointChart, Swing, Tornado
from streamline.report import tornado
from streamline.report.chart import chart_svg, describe, draw
from streamline.report.drawing import look
from streamline.report.lettering import text_width

SVG = "{http://www.w3.org/2000/svg}"


NAMES = [" + ".join(some) for k in (1, 2, 3) for some in itertools.combinations(charts._SETS, k)][:12]
TWELVE = PointChart(
    title="Twelve sets close to each other",
    x_axis="Cost (USD, present value over 5 years)",
    y_axis="Days saved a case (elapsed)",
    points=tuple(
        Point(label=name, x=150_000.0 * size + 9_000 * i, y=y, y_low=y - 0.6, y_high=y + 0.8, group="ab"[i % 2])
        for i, name in enumerate(NAMES)
        for size in [name.count("+") + 1]
        for y in [1.5 * size + 0.12 * i - 1.4]
    ),
)


@pytest.fixture(autouse=True)
def _no_window():
    """Draw to memory, and close what a test opened."""
    import matplotlib.pyplot as plt

    with mpl.rc_context():
        plt.switch_backend("agg")
        yield
        plt.close("all")


def swing(low: float, high: float, label: str = "x") -> Swing:
    return Swing(label=label, low=low, high=high, low_label="35%", high_label="60%")


def tornado_of(*swings: Swing, at: float = 0.0) -> Tornado:
    return Tornado(title="t", axis="Change (days)", at=at, swings=swings)


def boxes(svg: str) -> list[tuple[str, float, float, float, float]]:
    """Each text with its left, right, top and bottom."""
    found = []
    for text in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        words, style = "".join(text.itertext()), text.get("style", "")
        wide = text_width(words)
        x, y = float(text.get("x", 0)), float(text.get("y", 0))
        if moved := re.search(r"translate\(([\d.-]+)[ ,]+([\d.-]+)\)", text.get("transform", "")):
            x, y = x + float(moved[1]), y + float(moved[2])
        anchor = re.search(r"text-anchor: (\w+)", style)
        left = x - {"middle": wide / 2, "end": wide}.get(anchor[1] if anchor else "start", 0.0)
        found.append((words, left, left + wide, y - 6.6, y + 2.2))
    return found


def texts_of(chart: PointChart | Tornado, *, wide: bool = True) -> str:
    return " ".join(b[0] for b in boxes(chart_svg(chart, wide=wide, title_id="x")))


PLACES = [
    TWELVE,
    tornado_of(swing(-4, -5), swing(-5, -4), swing(0.6, -3.5), swing(-3, -2), at=-3.0),
    tornado_of(swing(1e12, -1e12), swing(3.0, 1e9, label=NAMES[-1] * 2)),
    tornado_of(swing(0.0, 0.0)),
    PointChart(title="t", x_axis="USD", y_axis="days", points=tuple(Point(label=n, x=4e12, y=-1.0) for n in NAMES)),
]


@pytest.mark.parametrize("wide", [True, False], ids=["wide", "narrow"])
@pytest.mark.parametrize("chart", PLACES, ids=["twelve", "sides", "huge", "zero", "same x"])
def test_no_text_is_cut_or_lies_on_another(chart, wide):
    svg = chart_svg(chart, wide=wide, title_id="x")
    _, _, width, height = map(float, ElementTree.fromstring(svg).get("viewBox").split())
    found = boxes(svg)
    assert [b for b in found if b[1] < -0.5 or b[2] > width + 0.5 or b[3] < -0.5 or b[4] > height + 0.5] == []
    for a, b in itertools.combinations(found, 2):
        across, down = min(a[2], b[2]) - max(a[1], b[1]), min(a[4], b[4]) - max(a[3], b[3])
        assert across <= 0.5 or down <= 0.5, (a[0], b[0])


def markers(ax):
    return [line for line in ax.lines if line.get_marker() not in ("None", None, "") and line.get_markersize() == 6]


def test_points_and_intervals_stand_where_the_numbers_are():
    ax = draw(TWELVE)
    drawn = markers(ax)
    assert [(m.get_xdata()[0], m.get_ydata()[0]) for m in drawn] == [(p.x, p.y) for p in TWELVE.points]
    spans = [tuple(line.get_ydata()) for line in ax.lines if line.get_linewidth() == 1.2]
    assert spans == [(p.y_low, p.y_high) for p in TWELVE.points]
    looks = {p.group: (m.get_marker(), m.get_color()) for p, m in zip(TWELVE.points, drawn, strict=True)}
    assert len({shape for shape, _ in looks.values()}) == len({colour for _, colour in looks.values()}) == 2


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_both_axes_hold_zero(sign):
    ax = draw(
        PointChart(title="t", x_axis="USD", y_axis="days", points=(Point(label="a", x=9e5 * sign, y=4.0 * sign),))
    )
    for low, high in (sorted(ax.get_xlim()), sorted(ax.get_ylim())):
        assert low < 0 < high
    assert sum(list(line.get_xdata()) == [0, 0] and line.get_linewidth() == 0.9 for line in ax.lines) == 1
    assert sum(list(line.get_ydata()) == [0, 0] and line.get_linewidth() == 0.9 for line in ax.lines) == 1


@pytest.mark.parametrize("wide", [True, False], ids=["wide", "narrow"])
def test_every_name_is_in_the_key_and_money_has_separators(wide):
    found = boxes(chart_svg(TWELVE, wide=wide, title_id="x"))
    words = " ".join(b[0] for b in found)
    for number, name in enumerate(NAMES, start=1):
        assert name in words
        assert [b[0] for b in found].count(str(number)) >= 2, "at the point and in the key"
    assert "200,000" in words


def test_a_number_away_from_its_point_is_tied_to_it():
    """Each number beside the axes' points either stands next to its own, or a line runs from one to the other."""
    ax = draw(TWELVE)
    ax.figure.canvas.draw()
    places = {(p.x, p.y) for p in TWELVE.points}
    numbers = [t for t in ax.texts if t.get_text().isdigit() and tuple(t.xy) in places]
    assert sorted(int(t.get_text()) for t in numbers) == list(range(1, 13))
    for t in numbers:
        point = TWELVE.points[int(t.get_text()) - 1]
        assert tuple(t.xy) == (point.x, point.y)
    lines = [t for t in ax.texts if t.arrow_patch is not None and tuple(t.xy) in places]
    far = {tuple(t.xy) for t in numbers if math.hypot(t.xyann[0], t.xyann[1] + 3.1) > 12}
    assert far
    assert {tuple(t.xy) for t in lines} >= far


def bars_of(ax) -> list[tuple[str, float, float]]:
    """The filled bars in the order of drawing: colour, where it starts, where it ends."""
    scaled = [p for p in ax.patches if p.get_fill() and p.get_transform() is not None and p.get_height() == 11.0]
    return [(to_hex(p.get_facecolor()), p.get_x(), p.get_x() + p.get_width()) for p in scaled]


def test_the_ends_of_a_bar_are_the_numbers():
    ax = draw(tornado_of(swing(-1.1, -1.9), at=-1.6))
    low, high = look(0)[0], look(1)[0]
    assert sorted(bars_of(ax)) == sorted([(low, -1.6, pytest.approx(-1.1)), (high, -1.6, pytest.approx(-1.9))])
    at = {t.get_text(): t.xy[0] for t in ax.texts}
    assert (at["35%"], at["60%"]) == (-1.1, -1.9)
    assert "Likely: −1.6" in at


def test_no_line_runs_through_another_number():
    ax = draw(TWELVE)
    ax.figure.canvas.draw()
    places = {(p.x, p.y) for p in TWELVE.points}
    numbers = [t for t in ax.texts if t.get_text().isdigit() and tuple(t.xy) in places]
    scale = 72 / ax.figure.dpi
    middles = {}
    for t in numbers:
        x, y = ax.transData.transform(t.xy) * scale
        middles[t.get_text()] = ((x, y), (x + t.xyann[0], y + t.xyann[1] + 3.1))
    for name, ((x, y), (u, v)) in middles.items():
        for other, (_, (a, b)) in middles.items():
            on = [(x + (u - x) * k / 50, y + (v - y) * k / 50) for k in range(51)]
            assert name == other or all(abs(p - a) > 2.5 or abs(q - b) > 4 for p, q in on), (name, other)


@pytest.mark.parametrize(("ends", "order"), [((-4.0, -5.0), "60%, 35%"), ((-5.0, -4.0), "35%, 60%")])
def test_ends_on_one_side_are_both_written_there_and_both_seen(ends, order):
    ax = draw(tornado_of(swing(*ends), at=-3.0))
    assert {t.get_text(): t.xy[0] for t in ax.texts}[order] == -5.0
    assert not {"35%", "60%"} & {t.get_text() for t in ax.texts}
    assert [end for _, _, end in bars_of(ax)] == [-5.0, -4.0], "the longer behind the shorter"


def test_the_line_at_zero_is_seen_only_if_it_is_in_range():
    first, end = draw(tornado_of(swing(-1.0, 2.0), at=0.5)).get_xlim()
    assert first < 0 < end
    first, end = draw(tornado_of(swing(100.0, 101.0), at=100.5)).get_xlim()
    assert 0 < first < 100
    assert end > 101


def test_the_words_at_the_ends_are_whole_on_a_narrow_screen():
    error = Swing(
        label="Error of the replay", low=-2.9, high=-6.7, low_label="effect smaller", high_label="effect larger"
    )
    cases = Swing(label="Number of cases", low=-4.1, high=-4.2, low_label="10% fewer", high_label="10% more")
    words = re.sub("<[^>]*>", " ", chart_svg(tornado_of(error, cases, at=-4.38), wide=False, title_id="x"))
    assert "…" not in words
    for text in ("effect smaller", "effect larger", "10% more, 10% fewer"):
        assert text in words.replace("&#8201;", ""), text


@pytest.mark.parametrize(("ends", "lines"), [((-4.0, -6.0), 0), ((-1.0, 2.0), 1)])
def test_no_line_stands_at_a_zero_that_the_scale_leaves_out(ends, lines):
    ax = draw(tornado_of(swing(*ends), at=sum(ends) / 2))
    at_zero = [x for x in ax.lines if x.get_linewidth() == 0.9 and list(x.get_xdata()) == [0, 0]]
    assert len(at_zero) == lines


def test_the_widest_are_drawn_and_the_rest_counted():
    chart = tornado_of(*(swing(-float(k), float(k), label=f"thing {k}") for k in range(1, 61)))
    words = texts_of(chart)
    assert [s.label for s in tornado.shown(chart)] == [f"thing {k}" for k in range(60, 60 - tornado.MOST, -1)]
    assert f"; {60 - tornado.MOST} more move it no further" in words
    assert "thing 60" in words
    assert "thing 48" not in words


def test_what_is_not_known_is_said_and_never_counted_as_narrow():
    words = texts_of(tornado_of(swing(-1.0, 1.0), swing(math.nan, 9.0, label="y")))
    assert "of 1 more an end isn't known" in words
    assert "no further" not in words
    unknown = tornado_of(swing(-1.0, 1.0), at=math.nan)
    assert "the likely value isn't known" in texts_of(unknown)
    assert "Nothing to show." in texts_of(unknown)
    some = (Point(label="a", x=1.0, y=1.0), Point(label="b", x=math.nan, y=1.0))
    assert "1 more aren't drawn" in texts_of(PointChart(title="t", x_axis="USD", y_axis="days", points=some))


def test_words_say_the_numbers():
    assert describe(tornado_of(swing(-1.1, -1.9, label="Returns"), at=-1.6)) == (
        "Change (days). Likely: −1.6. Returns: −1.1 at 35%, −1.9 at 60%."
    )
    points = (
        Point(label="a", x=280_000.0, y=1.6, y_low=1.4, y_high=1.8, group="g"),
        Point(label="b", x=90_000.0, y=-0.2, y_low=math.nan, y_high=1.0),
        Point(label="c", x=math.nan, y=0.0),
    )
    assert describe(PointChart(title="t", x_axis="USD", y_axis="Days", points=points)) == (
        "USD, then Days. a (g): 280,000, 1.6 (1.4 to 1.8); b: 90,000, −0.2; c: not known, 0."
    )


@pytest.mark.parametrize("width_inches", [3.1, 7.0])
def test_a_tornado_has_a_scale_at_every_width(width_inches):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(width_inches, 3))
    draw(charts.TORNADO, ax=ax)
    assert len(ax.get_xticks()) >= 2
