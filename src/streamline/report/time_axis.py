"""A horizontal axis of dates: where its ticks stand in a zone's own days and months, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from streamline.report.drawing import side_of
from streamline.report.lettering import QUIET, text_width, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Steps between ticks, finest first: unit, how many of it, length in days.
_STEPS = (
    *(("hour", n, n / 24) for n in (1, 2, 3, 6, 12)),
    *(("day", n, float(n)) for n in (1, 2, 7, 14)),
    *(("month", n, 30.44 * n) for n in (1, 2, 3, 6)),
    *(("month", 12 * n, 365.25 * n) for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
)


def days(at: float) -> float:
    """µs since 1970 UTC as days since then: the numbers that matplotlib takes for dates."""
    return at / _DAY


def instant(at: float, zone: str) -> datetime:
    """µs since 1970 UTC on the clock of a zone."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(zone))


def date_words(at: float, zone: str, *, clock: bool = False) -> str:
    """An instant in words.

    >>> date_words(1_741_000_000_000_000, "America/New_York")
    '3 Mar 2025'
    >>> date_words(1_741_000_000_000_000, "America/New_York", clock=True)
    '3 Mar 2025, 06:06'
    """
    there = instant(at, zone)
    words = f"{there.day} {MONTHS[there.month - 1]} {there.year}"
    return f"{words}, {there:%H:%M}" if clock else words


def date_ticks(first: float, last: float, zone: str, most: int) -> list[tuple[float, str]]:
    """At most about `most` ticks between two instants, in µs since 1970 UTC, with their labels.

    The first tick, and each that begins a new year (or a new day, for hours), has a second line that says which.

    >>> [label for _, label in date_ticks(0, 90 * 86_400_000_000, "UTC", 4)]
    ['Jan\\n1970', 'Feb', 'Mar', 'Apr']
    """
    span = days(last - first)
    unit, n, _ = next((step for step in _STEPS if span / step[2] <= most), _STEPS[-1])
    ticks: list[tuple[float, str]] = []
    upper = ""
    for there in _starts(instant(first, zone), unit, n):
        at = (there - _EPOCH) / timedelta(microseconds=1)
        if at > last:
            break
        if at >= first:
            label, under = _label(there, unit, n)
            ticks.append((at, f"{label}\n{under}" if under and under != upper else label))
            upper = under
    return ticks


def _starts(there: datetime, unit: str, n: int) -> Iterator[datetime]:
    """Starts of hours, days or months at or before `there` and onwards, by the clock of its zone."""
    zone = there.tzinfo
    if unit == "month":
        month = (there.year * 12 + there.month - 1) // n * n
        while month < 12 * 10_000:
            if month >= 12:
                yield datetime(month // 12, month % 12 + 1, 1, tzinfo=zone)
            month += n
        return
    wall = there.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    if unit == "day":
        wall -= timedelta(days=(wall.toordinal() - 1) % n)  # weeks begin on Mondays
    step = timedelta(hours=n) if unit == "hour" else timedelta(days=n)
    while wall.year < 9999:
        yield wall.replace(tzinfo=zone)
        wall += step


def _label(there: datetime, unit: str, n: int) -> tuple[str, str]:
    """A tick's label, and what it belongs to: the year of a day or month, the date of an hour."""
    if unit == "hour":
        return f"{there:%H:%M}", f"{there.day} {MONTHS[there.month - 1]}"
    if unit == "day":
        return f"{there.day} {MONTHS[there.month - 1]}", str(there.year)
    return (str(there.year), "") if n >= 12 else (MONTHS[there.month - 1], str(there.year))


def date_lines(first: float, last: float, zone: str, width: float) -> int:
    """How many lines the dates under axes `width` points wide take: 2 where some say the year or the day, else 1."""
    return max((label.count("\n") + 1 for _, label in _fitting(first, last, zone, width)), default=1)


def date_scale(ax: Axes, first: float, last: float, zone: str, width: float, *, down: float = 0.0) -> None:
    """Put dates under axes `width` points wide whose horizontal limits are set, in days, and `down` points from them."""
    ticks = _fitting(first, last, zone, width)
    ax.set_xticks([days(at) for at, _ in ticks], [""] * len(ticks))
    ax.tick_params(axis="x", length=0 if down else 3, color=QUIET)
    for at, label in ticks:
        side = side_of((at - first) / (last - first) * width, label.split("\n")[0], width)
        place: dict[str, Any] = {"xycoords": ax.get_xaxis_transform(), "xytext": (0, -3.5 - down), "ha": side}
        write(ax, label, (days(at), 0), va="top", color=QUIET, **place)


def _fitting(first: float, last: float, zone: str, width: float) -> list[tuple[float, str]]:
    """As many ticks as fit beside each other."""
    widest = max(text_width(text) for text in ("00:00", "30 Mar", "2025")) + 12
    return date_ticks(first, last, zone, max(int(width / widest), 1))


def span_of(instants: Sequence[float]) -> tuple[float, float]:
    """First and last instant for an axis: half a day each side of a single one; 1970's first day for none."""
    if not instants:
        return 0.0, float(_DAY)
    first, last = min(instants), max(instants)
    return (first, last) if last > first else (first - _DAY / 2, last + _DAY / 2)
