"""Letters and numbers in pictures: how wide a text is, where it breaks, how a value is printed."""

from __future__ import annotations

import math
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from streamline.units import significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

INK, QUIET, RULE = "#1b1f24", "#4a5460", "#c5ccd3"
FONTS = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', 'DejaVu Sans', sans-serif"
SIZE, LINE = 9.0, 12.0
#: From the middle of a line down to its baseline: half the height of its capitals, and of its small letters, about.
_TO_BASELINE = 3.1


def clean(text: str) -> str:
    """The text on one line, without characters that XML refuses."""
    shown = (" " if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} or c in "\ufffe\uffff" else c for c in text)
    return " ".join("".join(shown).split())


def text_width(text: str, size: float = SIZE, *, bold: bool = False) -> float:
    """Width of a line in the unit of `size`, in a wide typeface (DejaVu Sans): most others take less room."""
    return size * sum(_advance(c, bold) for c in text)


def wrap(text: str, width: float, size: float = SIZE, *, bold: bool = False) -> list[str]:
    """Break a text into lines no wider than `width`, at spaces where it can and inside words where it must.

    >>> wrap("Check that the file is complete", 100.0)
    ['Check that the file is', 'complete']
    """
    lines: list[str] = []
    line = ""
    for word in clean(text).split():
        rest = word
        if line and text_width(f"{line} {rest}", size, bold=bold) <= width:
            line = f"{line} {rest}"
            continue
        if line:
            lines.append(line)
        while text_width(rest, size, bold=bold) > width and len(rest) > 1:
            cut = max(
                1,
                next(i for i in range(1, len(rest) + 1) if text_width(rest[:i], size, bold=bold) > width) - 1,
            )
            after = max((rest.rfind(mark, 0, cut) + 1 for mark in "-_/.:"), default=0)
            cut = after if after > cut // 2 else cut
            lines.append(rest[:cut])
            rest = rest[cut:]
        line = rest
    return [*lines, line] if line or not lines else lines


@lru_cache(maxsize=8192)
def _advance(char: str, bold: bool) -> float:
    """Advance of a character in ems; characters that the typeface lacks count as wide as they may get."""
    font = _font(bold)
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0.0
    if not font.get_char_index(ord(char)):
        wide = unicodedata.east_asian_width(char) in "WF" or unicodedata.category(char) == "So"
        return 1.25 if wide else 0.75
    return float(font.load_char(ord(char)).linearHoriAdvance) / 65536.0 / 100.0


def glyphs(*, bold: bool) -> frozenset[int]:
    """The characters, as code points, that the typeface has."""
    return frozenset(_font(bold).get_charmap())


def font_folder() -> str:
    """The folder of matplotlib's own typefaces."""
    from matplotlib import get_data_path

    return f"{get_data_path()}/fonts/ttf"


@lru_cache(maxsize=2)
def _font(bold: bool) -> Any:
    from matplotlib.ft2font import FT2Font

    font = FT2Font(f"{font_folder()}/DejaVuSans{'-Bold' if bold else ''}.ttf")
    font.set_size(100.0, 72.0)
    return font


def ticks_between(low: float, high: float, bins: int) -> list[float]:
    """Round numbers, at most `bins` steps apart from about `low` to about `high`."""
    from matplotlib.ticker import MaxNLocator

    return [float(t) for t in MaxNLocator(bins, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]


def printed(values: Sequence[float]) -> list[str]:
    """Numbers for one axis: the same decimals for all, three digits for the largest; no false zero.

    A value too small for these decimals gets up to two more; one too small even for those is said to be under that.

    >>> printed([5.95, 0.013, 0.0021, 0.0000001])
    ['5.95', '0.01', '0.002', 'under 0.0001']
    """
    known = [abs(v) for v in values if math.isfinite(v) and v]
    places = max(0, 2 - math.floor(math.log10(max(known)))) if known else 0
    shown = [v for v in known if round(v, places)]
    while places and all(round(v, places - 1) == round(v, places) for v in shown):
        places -= 1
    texts = []
    for value in values:
        if not math.isfinite(value):
            texts.append("not known")
        elif value and abs(value) < 10.0 ** -(places + 2):
            least = f"{10.0 ** -(places + 2):.{places + 2}f}"
            texts.append(f"under {least}" if value > 0 else f"over \u2212{least}")
        elif not round(value, places):
            texts.append(significant(value, digits=1).replace("-", "\u2212"))
        else:
            texts.append(f"{value:,.{places}f}".replace("-", "\u2212"))
    return texts


def with_intervals(values: Sequence[float], low: Sequence[float], high: Sequence[float], unit: str = "") -> list[str]:
    """Numbers, each with its interval in brackets where it has one, all with the same decimals.

    >>> with_intervals([2.1, 0.5], [1.95, math.nan], [2.3, math.nan], "%")
    ['2.10% (1.95% to 2.30%)', '0.50%']
    """
    n = len(values)
    texts = printed([*values, *low, *high])
    texts = [text if text == "not known" else text + unit for text in texts]
    if not low:
        return texts
    return [
        f"{texts[i]} ({texts[n + i]} to {texts[2 * n + i]})"
        if all(map(math.isfinite, (values[i], low[i], high[i])))
        else texts[i]
        for i in range(n)
    ]


def ticks_apart(low: float, high: float, width: float) -> tuple[list[float], list[str]]:
    """Round numbers from `low` to `high` along a line of `width` points, with their texts, which don't touch."""
    for bins in (5, 4, 3, 2, 1) if width > 250 else (3, 2, 1):
        ticks = [t for t in ticks_between(low, high, bins) if low <= t <= high]
        texts = printed(ticks)
        step = width * (ticks[1] - ticks[0]) / (high - low) if len(ticks) > 1 else width
        if max(map(text_width, texts), default=0.0) + 6 <= step:
            return ticks, texts
    return ticks[:1], texts[:1]


def number(value: float) -> str:
    return f"{value:,.0f}" if math.isfinite(value) and value == int(value) else significant(value, digits=3)


def write(
    ax: Axes,
    text: str,
    xy: tuple[float, float],
    *,
    va: str = "top",
    xytext: tuple[float, float] = (0, 0),
    backing: bool = False,
    **place: Any,
) -> None:
    """Write lines of text, `LINE` points apart, at a point of the axes and `xytext` points from it.

    `va` is "top", "center" or "bottom" of the block. Each line stands on its baseline, so that lines beside each other
    are level whatever letters they have; a typeface's own box would move them.
    """
    style: dict[str, Any] = {"color": INK, "fontsize": SIZE, **place}
    if backing:
        style |= {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.5}, "zorder": 7}
    lines = text.split("\n")
    first = {"top": 0.0, "center": len(lines) / 2, "bottom": float(len(lines))}[va] * LINE
    for i, line in enumerate(lines):
        offset = (xytext[0], xytext[1] + first - (i + 0.5) * LINE - _TO_BASELINE)
        where: dict[str, Any] = {"xytext": offset, "textcoords": "offset points", "annotation_clip": False}
        quiet(ax.annotate(line, xy, va="baseline", parse_math=False, **where, **style))


def quiet(text: Text) -> None:
    """Characters that the typeface lacks show as boxes; keep matplotlib from also warning at each drawing."""
    for name in ("draw", "get_window_extent", "get_tightbbox"):
        setattr(text, name, partial(_silently, getattr(text, name)))


def _silently(method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with without_glyph_warnings():
        return method(*args, **kwargs)


@contextmanager
def without_glyph_warnings() -> Iterator[None]:
    """Characters that the measuring typeface lacks are drawn by the reader's own; no warning is due."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        yield
