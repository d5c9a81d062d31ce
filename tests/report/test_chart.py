"""Charts: what is drawn, that nothing is cut, and that a page can hold several."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib as mpl
import pytest

from streamline.figure import Bar, BarChart, Histogram, Mark
from streamline.report.chart import chart_svg, describe, draw
from streamline.report.drawing import FILLS
from streamline.report.lettering import INK, QUIET, clean, printed, text_width, wrap

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def _no_window():
    """Draw to memory, and close what a test opened."""
    import matplotlib.pyplot as plt

    with mpl.rc_context():
        plt.switch_backend("agg")
        yield
        plt.close("all")


def texts(svg: str) -> str:
    """All drawn text, in one line."""
    root = ElementTree.fromstring(svg)
    return " ".join("".join(t.itertext()) for t in root.iter(f"{SVG}text"))


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio of two hex colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["BARS", "GROUPS", "CHANGES", "HISTOGRAM"])
@pytest.mark.parametrize("wide", [True, False])
def test_an_svg_is_one_labelled_element_without_a_size(sample, name, wide):
    chart = getattr(sample, name)
    svg = chart_svg(chart, wide=wide, title_id="pic")
    root = ElementTree.fromstring(svg)
    assert svg.startswith("<svg ")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "pic pic-desc"
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert root.find(f"{SVG}title").text == chart.title
    assert root.find(f"{SVG}desc").text == clean(describe(chart))
    assert root.get("viewBox")
    assert root.get("width") is None
    assert root.get("height") is None
    assert not list(root.iter(f"{SVG}style")), "a style element would apply to the whole page"
    assert not list(root.iter(f"{SVG}metadata"))
    assert "script" not in {e.tag.split("}")[-1] for e in root.iter()}


def test_the_same_chart_gives_the_same_bytes(sample):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import sample_section as s; "
        "from streamline.report.chart import chart_svg; import hashlib; "
        "print(hashlib.sha256(chart_svg(s.GROUPS, wide=True, title_id='x').encode()).hexdigest())"
    )
    folder = sample.__file__.rsplit("/", 1)[0]
    run = [
        subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert run[0].stdout == run[1].stdout != ""


def test_settings_of_the_user_dont_reach_the_page_and_stay_as_they_were(sample):
    plain = chart_svg(sample.BARS, wide=True, title_id="x")
    mpl.rcParams.update({"font.size": 30, "svg.fonttype": "path", "axes.facecolor": "red", "text.color": "blue"})
    assert chart_svg(sample.BARS, wide=True, title_id="x") == plain
    assert mpl.rcParams["font.size"] == 30
    assert mpl.rcParams["svg.fonttype"] == "path"


def test_ids_of_two_pictures_never_meet(sample):
    pictures = [
        chart_svg(chart, wide=wide, title_id=f"f{i}-{wide}")
        for i, chart in enumerate((sample.GROUPS, sample.CHANGES, sample.HISTOGRAM))
        for wide in (True, False)
    ]
    ids = [found for svg in pictures for found in re.findall(r'\bid="([^"]+)"', svg)]
    assert len(ids) == len(set(ids))
    for svg in pictures:
        own = set(re.findall(r'\bid="([^"]+)"', svg))
        used = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
        assert used <= own
    assert any("url(#" in svg for svg in pictures), "no hatch left: the check above would be empty"


@pytest.mark.parametrize("wide", [True, False])
def test_no_name_is_cut_or_read_as_markup(sample, wide):
    svg = chart_svg(sample.BARS, wide=wide, title_id="x")
    drawn = re.sub(r"\s+", "", texts(svg))
    for bar in sample.BARS.bars:
        assert re.sub(r"\s+", "", clean(bar.label)) in drawn
    assert "<script" not in svg
    assert "not known" in texts(svg)


def test_narrow_labels_fit_the_picture(sample):
    """Each line drawn from the left edge ends within the viewBox, measured in a wide typeface."""
    root = ElementTree.fromstring(chart_svg(sample.BARS, wide=False, title_id="x"))
    width = float(root.get("viewBox").split()[2])
    assert width < 330 * 0.75
    for text in root.iter(f"{SVG}text"):
        if "text-anchor" not in text.get("style", ""):
            assert float(text.get("x", 0)) + text_width("".join(text.itertext())) <= width


def test_text_is_nine_points_in_both_variants(sample):
    for wide in (True, False):
        sizes = set(re.findall(r"font-size: ([\d.]+)px", chart_svg(sample.BARS, wide=wide, title_id="x")))
        assert sizes == {"9"}


def test_values_zero_and_unknown_are_told_apart():
    bars = (
        Bar(label="a", value=0.0),
        Bar(label="b", value=math.nan),
        Bar(label="c", value=0.004),
        Bar(label="d", value=87.3),
    )
    drawn = texts(chart_svg(BarChart(title="t", axis="x", bars=bars), wide=True, title_id="x"))
    assert "not known" in drawn
    assert re.search(r"\b0\.004\b", drawn), "a small value must not be printed as 0.0"
    assert "87.3" in drawn


@pytest.mark.parametrize(
    "bars",
    [
        (),
        (Bar(label="only", value=3.0),),
        (Bar(label="only", value=0.0),),
        (Bar(label="only", value=math.nan, low=math.nan, high=math.nan),),
        (Bar(label="", value=-3.0, low=-4.0, high=1.0),),
        (Bar(label="infinite", value=math.inf),),
        tuple(Bar(label=f"Step {i} " + "word " * i, value=float(i), group=f"g{i % 8}") for i in range(30)),
    ],
)
def test_odd_numbers_of_bars_draw(bars):
    for wide in (True, False):
        svg = chart_svg(BarChart(title="t", axis="days", bars=bars), wide=wide, title_id="x")
        assert texts(svg).count("days") == 1
        for bar in bars:
            assert clean(bar.label).replace(" ", "") in texts(svg).replace(" ", "")


def test_bars_and_whiskers_are_drawn_to_scale():
    chart = BarChart(
        title="t", axis="days", bars=(Bar(label="a", value=4.0, low=3.0, high=6.0), Bar(label="b", value=2.0))
    )
    ax = draw(chart)
    widths = {round(p.get_width(), 6) for p in ax.patches}
    assert widths == {4.0, 2.0}
    whiskers = {tuple(line.get_xdata()) for line in ax.lines}
    assert (3.0, 6.0) in whiskers
    assert ax.get_xlim()[1] > 6.0, "room for the printed value"


def test_groups_differ_without_colour(sample):
    ax = draw(sample.GROUPS)
    fills = {(p.get_facecolor(), p.get_hatch()) for p in ax.patches if p.get_fill()}
    assert len({hatch for _, hatch in fills}) == 2
    drawn = [t.get_text() for t in ax.texts]
    assert "With the change" in drawn
    assert drawn.count("Both together") == 1, "two bars of one label share it"


def test_histogram_counts_and_those_beyond():
    chart = Histogram(
        title="t",
        axis="days",
        edges=(0, 10, 20),
        counts=(5, 0),
        over=7,
        marks=(Mark(label="Standard", at=15),),
    )
    ax = draw(chart)
    assert sorted(p.get_height() for p in ax.patches) == [5, 7]
    drawn = [t.get_text() for t in ax.texts]
    assert "7" in drawn
    assert "Standard" in drawn
    assert "over 20" in [t.get_text() for t in ax.get_xticklabels()]
    assert 15 in {line.get_xdata()[0] for line in ax.lines}


def test_histogram_marks_beyond_and_unknown():
    marks = (Mark(label="Far", at=90.0), Mark(label="None", at=math.nan), Mark(label="Before", at=-5.0))
    for over in (0, 3):
        svg = chart_svg(
            Histogram(title="t", axis="days", edges=(0, 10), counts=(5,), over=over, marks=marks),
            wide=False,
            title_id="x",
        )
        assert "None: not known" in texts(svg)
        assert "Far" in texts(svg)
    ax = draw(Histogram(title="t", axis="days", edges=(0, 10), counts=(5,), marks=marks))
    assert ax.get_xlim() == (-5.0, 90.0)


def test_histogram_without_cases_draws():
    for edges, counts in (((), ()), ((0.0, 1.0), (0,)), ((3.0, 3.0), (2,))):
        chart_svg(Histogram(title="t", axis="days", edges=edges, counts=counts), wide=True, title_id="x")


def test_counts_that_dont_fit_their_edges_are_refused():
    with pytest.raises(ValueError, match="3 edges for 3 counts"):
        chart_svg(Histogram(title="t", axis="x", edges=(0, 1, 2), counts=(1, 2, 3)), wide=True, title_id="x")


def test_a_label_of_a_mark_is_crossed_by_no_line():
    """Rows from the top: leftwards ones from the right, then rightwards ones from the left."""
    from streamline.report.histogram import flags

    marks = tuple(Mark(label=f"A label of some length {i}", at=at) for i, at in enumerate((5.0, 30.0, 55.0, 58.0)))
    chart = Histogram(title="t", axis="x", edges=(0, 60), counts=(1,), marks=marks)
    rows = flags(chart, 300.0)
    for i, row in enumerate(rows):
        need = max(text_width(line) for line in row.lines) / 300
        reach = (row.place, row.place + need) if row.rightwards else (row.place - need, row.place)
        for other in rows[i + 1 :]:  # lines of lower rows end below this one
            assert other.place in [r.place for r in rows]
        for higher in rows[:i]:
            assert not reach[0] + 1e-9 < higher.place < reach[1] - 1e-9


def test_draw_uses_the_axes_it_is_given(sample):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    for chart in (sample.BARS, sample.HISTOGRAM):
        ax.clear()
        assert draw(chart, ax=ax) is ax
        assert ax.get_title(loc="left") == chart.title
        figure.canvas.draw()


def test_a_new_figure_draws_without_warnings(sample):
    for chart in (sample.BARS, sample.GROUPS, sample.HISTOGRAM):
        draw(chart).figure.canvas.draw()


def test_drawing_svg_opens_no_pyplot_figure(sample):
    import matplotlib.pyplot as plt

    chart_svg(sample.BARS, wide=True, title_id="x")
    assert plt.get_fignums() == []


def test_a_picture_that_stands_alone_has_title_and_note(sample):
    headed = texts(chart_svg(sample.BARS, wide=True, title_id="x", headed=True))
    assert "Waiting time by step" in headed
    assert "Whiskers: 95% intervals." in headed
    assert "Whiskers" not in texts(chart_svg(sample.BARS, wide=True, title_id="x"))


def test_outlines_hold_no_text(sample):
    assert "<text" not in chart_svg(sample.HISTOGRAM, wide=True, title_id="x", outlines=True)


def test_colours_have_contrast_on_white():
    for fill in FILLS:
        assert contrast(fill, "#ffffff") >= 3
    for text in (INK, QUIET):
        assert contrast(text, "#ffffff") >= 4.5
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the published ratio of #777


@pytest.mark.parametrize("width", [12.0, 60.0, 100.0, 400.0])
def test_wrapping_keeps_every_letter_and_the_width(sample, width):
    for name in (*sample.ODD_NAMES, "", " ", "wwwwwwwwwwwwwwww", "a-b-c/d_e" * 9):
        lines = wrap(name, width)
        assert "".join(lines).replace(" ", "") == clean(name).replace(" ", "")
        assert all(text_width(line) <= width or len(line) == 1 for line in lines)


def test_printed_values_share_their_decimals():
    assert printed([12.34, 4.51, 0.0, math.nan]) == ["12.3", "4.5", "0", "not known"]
    assert printed([1234.5, 7.0]) == ["1,234", "7"]
    assert printed([-2.4, 0.004]) == ["−2.4", "0.004"]
    assert printed([]) == []


def test_description_says_the_numbers(sample):
    words = describe(sample.GROUPS)
    assert "Complete at intake (With the change): 6.1 (5.5 to 7.0)" in words
    assert "over 60: 123" in describe(sample.HISTOGRAM)
    assert "Information received to Check that the file is complete (2,000 cases)" in describe(sample.MAP)
