"""Durations and their words. Instants and durations are int64 microseconds; instants count from 1970 UTC."""

from __future__ import annotations

import math
import re

MICROSECOND = 1
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
YEAR_DAYS = 365.25

#: A sum of int64 values is kept as two, of their upper parts and of this many of their lowest bits: one could overflow.
LOW_BITS = 20

#: Stands for "no time recorded" in int64 columns of instants.
MISSING_TIME = -(2**63)

_UNITS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}
_SHORT = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$")


def parse_duration(text: object) -> int:
    """Read a duration such as `"30 days"` or `"1.5 h"` as microseconds of elapsed time.

    Raises ValueError, with the forms that are read, for anything else; negative durations have no form.

    >>> parse_duration("30 days") // DAY
    30
    """
    if not isinstance(text, str):
        number = isinstance(text, int | float) and not isinstance(text, bool)
        raise ValueError(
            f"{text!r} is not a duration: it is no text with a unit. Write '{text:g} days' if days are meant, or another unit."
            if number
            else f"{text!r} is not a duration. Write it as text with its unit, such as '30 days' or '1.5 hours'."
        )
    match = _DURATION.match(text.lower())
    size = None
    if match:
        word = match.group(2)
        size = _SHORT.get(word) or _UNITS.get(word.removesuffix("s"))
    if match is None or size is None:
        raise ValueError(
            f"{text!r} is not a duration. Write a number that isn't negative and a unit: "
            "seconds, minutes, hours, days or weeks, such as '30 days' or '1.5 hours'."
        )
    return round(float(match.group(1)) * size)


_SIZES = {"mb": 10**6, "gb": 10**9, "tb": 10**12, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}


def parse_size(text: str) -> int:
    """Read a size of memory such as `"2 GB"` or `"1.5 GiB"` as bytes. Raises ValueError for anything else.

    >>> parse_size("2 GB"), parse_size("1 GiB")
    (2000000000, 1073741824)
    """
    match = re.match(r"^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$", text.lower())
    if match is None or match.group(2) not in _SIZES:
        raise ValueError(f"{text!r} is not a size. Write a number and MB, GB or TB (or MiB, GiB, TiB), such as '2 GB'.")
    return round(float(match.group(1)) * _SIZES[match.group(2)])


def size_words(n_bytes: int) -> str:
    """Say a size in the unit that suits it.

    >>> size_words(2_150_000_000), size_words(300_000)
    ('2.1 GB', '0.3 MB')
    """
    for name in ("tb", "gb"):
        if n_bytes >= _SIZES[name]:
            return f"{n_bytes / _SIZES[name]:,.1f} {name.upper()}"
    return f"{n_bytes / 1e6:,.1f} MB"


def duration_words(microseconds: float, *, digits: int = 2) -> str:
    """Say a duration in the unit that suits it.

    >>> duration_words(90 * MINUTE), duration_words(8.31 * DAY), duration_words(DAY)
    ('1.5 hours', '8.3 days', '1 day')
    """
    if math.isnan(microseconds):
        return "not known"
    size = abs(microseconds)
    for name, unit in (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND)):
        if size >= unit or name == "second":
            return counted(significant(microseconds / unit, digits=digits), name)
    raise AssertionError("unreachable")


def counted(number: str | int, noun: str, plural: str | None = None) -> str:
    """A number and its noun, with the plural where it belongs.

    >>> counted(1, "case"), counted(1434, "case"), counted("2.5", "day")
    ('1 case', '1,434 cases', '2.5 days')
    """
    text = f"{number:,}" if isinstance(number, int) else number
    return f"{text} {noun}" if text == "1" else f"{text} {plural or noun + 's'}"


def significant(value: float, *, digits: int = 2) -> str:
    """Round to significant digits, never to fewer than the units; no exponent, thousands separated.

    >>> significant(0.04321), significant(8.31), significant(1234.5), significant(0.0)
    ('0.043', '8.3', '1,234', '0')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "not known"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
