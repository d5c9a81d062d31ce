"""What every kind of chart shares: its plan, fills and dashes, legends, flags above the axes, scales.

A chart is laid out before it is drawn: a `Plan` says how much room it needs, in points, and draws it into axes of
a known width. `report.chart` places the axes; nothing here knows which kind it draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, cast

from streamline.report.lettering import (
    INK,
    LINE,
    QUIET,
    RULE,
    SIZE,
    text_width,
    ticks_apart,
    wrap,
    write,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Affine2DBase, Transform

#: Fills that hold 3:1 on white; any two are told apart with each kind of colour blindness (a distance of 17 or more in
#: CIELAB after the matrices of Machado, Oliveira and Fernandes 2009). Hatches and dashes tell groups apart without colour.
FILLS = ("#1f6ba8", "#e0641a", "#1f9b7a", "#7a2e00", "#5c6470", "#3a2f8f", "#a8323e", "#1f2a36")
HATCHES = ("", "///", "\\\\\\", "xxx", "---", "|||", "+++", "//")
DASHES = ((), (5, 2), (1.5, 1.5), (6, 2, 1.5, 2), (10, 3), (3, 1, 1, 1, 1, 1), (2, 4), (8, 2, 2, 2, 2, 2))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
#: Dashes of lines that mark a place: the median, a standard, a target.
MARK_DASHES: tuple[tuple[float, ...], ...] = ((), (4, 2), (1, 1.5), (6, 2, 1, 2))


NOTHING = "Nothing to show."


@dataclass(frozen=True, slots=True)
class Page:
    """What a page gives a chart: how wide labels may get, in points, and whether they stand above what they label."""

    label_width: float
    above: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A chart laid out, in points: what it needs around and inside its axes, and what draws it into them."""

    #: Left of the axes, for labels.
    left: float
    #: Height of the axes, and what is needed above and under them, for axes of a given width.
    inner: Callable[[float], float]
    head: Callable[[float], float]
    foot: Callable[[float], float]
    #: Draws into axes of a given width.
    fill: Callable[[Axes, float], None]


def fixed(points: float) -> Callable[[float], float]:
    """A length that is the same for every width of the axes."""
    return lambda _: points


@dataclass(frozen=True, slots=True)
class Swatch:
    """A legend's entry for an area."""

    label: str
    colour: str
    hatch: str = ""
    #: Colour of the outline; by default that of the area.
    edge: str = ""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A legend's entry for a line."""

    label: str
    colour: str
    dashes: tuple[float, ...] = ()
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """A mark's label: where its line stands (0 to 1), on which side of it the text goes, the text."""

    place: float
    rightwards: bool
    lines: list[str]
    #: Whether the mark has a place at all: one at NaN has a label and no line.
    known: bool
    #: How the line is dashed: the same for a mark whatever the width.
    dashes: tuple[float, ...]


def look(i: int) -> tuple[str, str]:
    """Fill and hatch of the i-th group; the pairs repeat only after 64."""
    return FILLS[i % len(FILLS)], HATCHES[(i + i // len(FILLS)) % len(HATCHES)]


def stroke(i: int) -> tuple[str, tuple[float, ...], str]:
    """Colour, dashes and marker of the i-th line; they repeat only after 64."""
    return FILLS[i % len(FILLS)], DASHES[(i + i // len(FILLS)) % len(DASHES)], MARKERS[i % len(MARKERS)]


def bare(ax: Axes) -> None:
    """Axes without a frame, with quiet tick labels."""
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0, labelsize=SIZE, labelcolor=QUIET)
    ax.tick_params(axis="y", pad=5)


def nothing(ax: Axes, *, shown: bool, down: float = 0.5) -> None:
    """Unless something is shown, say so in the picture, so that an empty one can't be taken for a broken one."""
    if not shown:
        write(
            ax, NOTHING, (0.5, 1 - down), xycoords="axes fraction", ha="center", va="center", color=QUIET, backing=True
        )


def under(ax: Axes, text: str, width: float, *, down: float = LINE) -> None:
    """Write the words of the horizontal axis under its tick labels, which take `down` points."""
    place: dict[str, Any] = {"xycoords": "axes fraction", "xytext": (0, -6.0 - down), "ha": "left"}
    write(ax, "\n".join(wrap(text, width)), (0, 0), va="top", color=QUIET, **place)


def under_height(text: str, width: float, *, tick_lines: int = 1) -> float:
    """Points that tick labels and the words of the horizontal axis take."""
    return LINE * (tick_lines + len(wrap(text, width))) + 7


def horizontal_ticks(ax: Axes, ticks: Sequence[float], texts: Sequence[str], width: float) -> None:
    """Ticks of numbers; a text that would leave the picture ends where the axes end. Limits must be set."""
    ax.set_xticks(list(ticks), list(texts))
    first, end = ax.get_xlim()
    for tick, text, shown in zip(ticks, texts, ax.get_xticklabels(), strict=True):
        shown.set_horizontalalignment(side_of((tick - first) / (end - first) * width, text, width))


def side_of(x: float, text: str, width: float) -> Literal["left", "center", "right"]:
    """How a text at x points is aligned so that it leaves axes of a width by no more than 6 points."""
    half = text_width(text) / 2
    return "left" if x < half - 6 else "right" if x > width - half + 6 else "center"


def length_scale(ax: Axes, low: float, high: float, width: float) -> None:
    """Ticks and thin rules for lengths along the horizontal axis, between `low` and `high`; its limits must be set."""
    shown = width * (high - low) / (ax.get_xlim()[1] - ax.get_xlim()[0])
    ticks, texts = ticks_apart(low, high, shown)
    horizontal_ticks(ax, ticks, texts, width)
    for tick in ticks:
        ax.axvline(tick, color=RULE, linewidth=0.6, zorder=0)


def height_scale(ax: Axes, ticks: Sequence[float], labels: Sequence[str]) -> None:
    """Ticks and thin rules for heights, and a strong line at 0."""
    ax.set_yticks(list(ticks), list(labels))
    for tick in ticks:
        ax.axhline(tick, color=RULE, linewidth=0.6, zorder=0)
    ax.axhline(0, color=INK, linewidth=0.9, zorder=5)


# Lines of very many points.


def known(value: float) -> float:
    """The value, or NaN where it is none: an infinite one can't be drawn."""
    return value if math.isfinite(value) else math.nan


def visible(at: Sequence[float], values: Sequence[float], *, width: float, span: tuple[float, float]) -> list[int]:
    """The places of the points that a line of a width in points shows: all of few; else, for each half point of the
    width, the first, the lowest, the highest, the last, and whatever isn't known, so that the picture stays the same."""
    if len(at) <= 2 * width:
        return list(range(len(at)))
    first, last = span
    kept: set[int] = set()
    for _, members in groupby(range(len(at)), key=lambda i: int((at[i] - first) / (last - first) * 2 * width)):
        inside = list(members)
        some = [i for i in inside if math.isfinite(values[i])]
        kept |= {inside[0], inside[-1], *(i for i in inside if not math.isfinite(values[i]))}
        if some:
            kept |= {min(some, key=values.__getitem__), max(some, key=values.__getitem__)}
    return sorted(kept)


# Legends: as many entries in a line as fit.

_KEY, _APART = 20.0, 14.0


def _legend_places(labels: Sequence[str], width: float) -> tuple[list[tuple[float, float, list[str]]], float]:
    """For each label: points from the left and from the top, and its lines; and the height of all."""
    places: list[tuple[float, float, list[str]]] = []
    x = top = tall = 0.0
    for label in labels:
        lines = wrap(label, max(width - _KEY, 40.0))
        wide = _KEY + max(text_width(line) for line in lines) + _APART
        if x and x + wide - _APART > width:
            x, top, tall = 0.0, top + tall, 0.0
        places.append((x, top, lines))
        x, tall = x + wide, max(tall, LINE * len(lines) + 3)
    return places, top + tall


def legend_height(labels: Sequence[str], width: float) -> float:
    """Points that a legend takes, with the gap under it; 0 without labels."""
    return _legend_places(labels, width)[1] + 6.0 if labels else 0.0


def draw_legend(ax: Axes, entries: Sequence[Swatch | Stroke], width: float, *, top: float) -> None:
    """Write the entries so that the first line begins `top` points above the axes."""
    places, _ = _legend_places([e.label for e in entries], width)
    for entry, (x, down, lines) in zip(entries, places, strict=True):
        y = top - down
        if isinstance(entry, Swatch):
            _swatch(ax, entry, x, y - LINE + 2)
        else:
            _stroke(ax, entry, x, y - LINE / 2)
        write(ax, "\n".join(lines), (0, 1), xycoords="axes fraction", xytext=(x + _KEY, y), va="top")


def _from_corner(ax: Axes, x: float, y: float) -> Transform:
    """Inches, from a place given in points from the upper left corner of the axes."""
    from matplotlib.transforms import ScaledTranslation

    inches = ax.figure.dpi_scale_trans
    corner = ScaledTranslation(0, 1, cast("Affine2DBase", ax.transAxes))
    return inches + corner + ScaledTranslation(x / 72.0, y / 72.0, inches)


def _swatch(ax: Axes, entry: Swatch, x: float, y: float) -> None:
    from matplotlib.patches import Rectangle

    on_white = entry.edge if entry.colour == "white" else "white"
    for style in (
        {"facecolor": entry.colour, "hatch": entry.hatch, "edgecolor": on_white},
        {"fill": False, "edgecolor": entry.edge or entry.colour},
    ):
        patch = Rectangle((0, 0), 14 / 72, 8 / 72, linewidth=0.8, clip_on=False, **style)
        patch.set_transform(_from_corner(ax, x, y))
        ax.add_patch(patch)


def _stroke(ax: Axes, entry: Stroke, x: float, y: float) -> None:
    from matplotlib.lines import Line2D

    shown: list[tuple[list[float], dict[str, Any]]] = [
        ([0.0, 14 / 72], {"linewidth": 1.6, "linestyle": (0, entry.dashes)}),
        ([7 / 72], {"marker": entry.marker or "none", "markersize": 4}),
    ]
    for points, style in shown[: 2 if entry.marker else 1]:
        line = Line2D(points, [0.0] * len(points), color=entry.colour, clip_on=False, **style)
        line.set_transform(_from_corner(ax, x, y))
        ax.add_artist(line)


# Flags: the labels of vertical lines, above the axes, so that no line runs through a label.


def flag_rows(posts: Sequence[tuple[str, float, bool]], width: float) -> list[Flag]:
    """The labels of marks from the top row down; each post is a label, its place from 0 to 1, and whether it has one.

    Those whose text goes left come first, from the right; then those whose text goes right, from the left.
    """
    placed = []
    for i, (label, place, known) in enumerate(posts):
        need = text_width(label) + 8
        rightwards = need <= (1 - place) * width or (need > place * width and place <= 0.5)
        placed.append((place, rightwards, label, known, MARK_DASHES[i % len(MARK_DASHES)]))
    left = sorted((p for p in placed if not p[1]), key=lambda p: -p[0])
    right = sorted((p for p in placed if p[1]), key=lambda p: p[0])
    walls = [p[0] for p in left] + [1.0]
    rows = []
    for place, rightwards, label, known, dashes in [*left, *right]:
        room = (min((w for w in walls if w > place), default=1.0) - place) if rightwards else place
        rows.append(Flag(place, rightwards, wrap(label, max(room * width - 8, 40.0)), known, dashes))
    return rows


def flag_height(rows: Sequence[Flag]) -> float:
    """Points that the labels of the marks take above the axes."""
    return sum(LINE * len(flag.lines) + 2 for flag in rows)


def draw_flags(ax: Axes, rows: Sequence[Flag]) -> None:
    """Draw the marks' lines through the axes, and their labels above them; horizontal limits must be set."""
    first, end = ax.get_xlim()
    up = flag_height(rows)
    above: dict[str, Any] = {"xycoords": "axes fraction", "annotation_clip": False}
    for flag in rows:
        if flag.known:
            style: dict[str, Any] = {"color": INK, "linewidth": 1.3, "linestyle": (0, flag.dashes)}
            ax.axvline(first + flag.place * (end - first), zorder=6, **style)
            line = {"arrowstyle": "-", "shrinkA": 0, "shrinkB": 0, **style}
            ax.annotate("", (flag.place, 1), (0, up), textcoords="offset points", arrowprops=line, **above)
        side: dict[str, Any] = {"ha": "left", "xytext": (4, up - 1)}
        if not flag.rightwards:
            side = {"ha": "right", "xytext": (-4, up - 1)}
        text = "\n".join(flag.lines)
        write(ax, text, (flag.place, 1), xycoords="axes fraction", va="top", backing=True, **side)
        up -= LINE * len(flag.lines) + 2


def value_heading(ax: Axes, lines: Sequence[str], *, up: float) -> None:
    """Write what the heights are above the axes, `up` points from them, at the left."""
    write(ax, "\n".join(lines), (0, 1), xycoords="axes fraction", xytext=(0, up + 2), va="bottom", color=QUIET)
