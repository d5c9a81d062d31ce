"""Compiled reading of timestamps from the bytes of a text column: no Python objects, every offset kept.

Three steps, so that the order of day and month can be decided over the whole column before any value is read:
`scan_timestamps` takes the numbers as they stand, `count_orders` counts what each order could read, and
`combine_timestamps` makes instants under the order that was chosen.

What is read, after and before white space (also the no-break spaces U+00A0 and U+202F)::

    date      2024-01-05  2024/1/5  20240105  05.03.2024  3/5/2024  05-Mar-2024  5 March 2024  Mar. 5, 2024
    between   T, white space, or a comma and white space
    time      9:05  09:05:30  09:05:30.123456  09:05:30,1  (0905 and 090530 after 20240105), then AM, pm, a.m.
    offset    Z  +02  +0200  -04:00  UTC  GMT, also after white space; none beyond 18 hours

A fraction is cut at microseconds, 24:00:00 is the next midnight, and a second 60 is the second after it.
Anything else, or anything more, makes the whole value unreadable. Offsets without a time are not read.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.units import DAY, HOUR, MINUTE, MISSING_TIME, SECOND

Int64s = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Parts = npt.NDArray[np.void]

# Status of a value.
OK: Final = 0
EMPTY: Final = 1
UNREADABLE: Final = 2

# Form of a date: how its three numbers stand.
FORM_NONE: Final = 0
FORM_ISO: Final = 1  # year first, with hyphens or compact
FORM_YEAR_FIRST: Final = 2  # year first, with slashes or points
FORM_YEAR_LAST: Final = 3
FORM_SHORT_YEAR: Final = 4  # the last number (or the year, wherever it stands) has two digits
FORM_DAY_NAME: Final = 5  # 5 March 2024
FORM_NAME_DAY: Final = 6  # March 5 2024
N_FORMS: Final = 7

# Order of the numbers of a date.
UNDECIDED: Final = 0
YMD: Final = 1
YDM: Final = 2
DMY: Final = 3
MDY: Final = 4

# What is wrong with a value, from `combine_timestamps`.
NO_PROBLEM: Final = 0
NOT_A_DATE: Final = 1
NO_SUCH_YEAR: Final = 2
NO_SUCH_MONTH: Final = 3
NO_SUCH_DAY: Final = 4
SHORT_YEAR: Final = 5
UNDECIDED_ORDER: Final = 6

# Columns of what `count_orders` returns.
ONLY_MONTH_DAY: Final = 0
ONLY_DAY_MONTH: Final = 1
EITHER: Final = 2
SAME: Final = 3
NEITHER: Final = 4

#: Offset of a value that has none; offsets are minutes east of UTC.
NO_OFFSET: Final = 32_767
MAX_OFFSET: Final = 18 * 60

#: A timestamp taken apart: microseconds of the day (up to 24 hours), the numbers of the date as they stand (a
#: month's name as its number), offset in minutes or NO_OFFSET, form, status, whether it had no time at all.
PARTS: Final = np.dtype(
    [
        ("time_of_day", np.int64),
        ("first", np.int16),
        ("second", np.int16),
        ("third", np.int16),
        ("offset", np.int16),
        ("form", np.uint8),
        ("status", np.uint8),
        ("date_only", np.bool_),
    ],
    align=True,
)

_MONTHS = np.frombuffer(
    b"january  february march    april    may      june     july     august   septemberoctober  november december ",
    dtype=np.uint8,
).reshape(12, 9)
_MONTH_LETTERS = np.array([7, 8, 5, 5, 3, 4, 4, 6, 9, 7, 8, 8], dtype=np.int64)


@compiled
def _past_space(data: Bytes, i: int, end: int) -> int:
    """Position of the first byte at or after `i` that isn't white space."""
    while i < end:
        b = data[i]
        if b == 32 or 9 <= b <= 13:
            i += 1
        elif b == 0xC2 and i + 1 < end and data[i + 1] == 0xA0:
            i += 2
        elif b == 0xE2 and i + 2 < end and data[i + 1] == 0x80 and data[i + 2] == 0xAF:
            i += 3
        else:
            break
    return i


@compiled
def _number(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """The number at `i` and how many digits it has; more than nine count as ten."""
    value = 0
    start = i
    while i < end and 48 <= data[i] <= 57 and i - start < 10:
        value = value * 10 + int(data[i]) - 48
        i += 1
    return value, i - start


@compiled
def _is_separator(b: int) -> bool:
    return b in (45, 46, 47)  # - . /


@compiled
def _month_name(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """The month whose English name or abbreviation stands at `i`, and its letters; (0, 0) if none does."""
    letters = 0
    while i + letters < end and letters < 10 and 97 <= (data[i + letters] | 32) <= 122:
        letters += 1
    if letters < 3 or letters > 9:
        return 0, 0
    for month in range(12):
        full = _MONTH_LETTERS[month]
        if letters not in (3, full) and not (month == 8 and letters == 4):
            continue
        same = True
        for k in range(letters):
            if (data[i + k] | 32) != _MONTHS[month, k]:
                same = False
                break
        if same:
            return month + 1, letters
    return 0, 0


@compiled
def _year(data: Bytes, i: int, end: int, form: int) -> tuple[int, int, int]:
    """The closing year of a date: position after it, year, form; position -1 if none stands there."""
    year, digits = _number(data, i, end)
    if digits == 4:
        return i + 4, year, form
    if digits == 2:
        return i + 2, year, FORM_SHORT_YEAR
    return -1, 0, FORM_NONE


@compiled
def _named_date(data: Bytes, i: int, end: int) -> tuple[int, int, int, int, int]:
    """A date whose month is a name: position after it (-1: none), form, the three parts in their order."""
    none = (-1, FORM_NONE, 0, 0, 0)
    day, digits = _number(data, i, end)
    month = 0
    if digits > 2:
        return none
    form = FORM_NAME_DAY if digits == 0 else FORM_DAY_NAME
    separator = 0  # white space
    if form == FORM_DAY_NAME:
        i += digits
        j = _past_space(data, i, end)
        if j == i:
            if i >= end or not _is_separator(data[i]):
                return none
            separator = data[i]
            j = i + 1
        month, letters = _month_name(data, j, end)
        i = j + letters
    else:
        month, letters = _month_name(data, i, end)
        i += letters
    if letters == 0 or i >= end:
        return none
    if form == FORM_NAME_DAY and _is_separator(data[i]) and i + 1 < end and 48 <= data[i + 1] <= 57:
        separator = data[i]
    if separator != 0:
        if data[i] != separator:
            return none
        i += 1
    else:
        if data[i] == 46 and letters < _MONTH_LETTERS[month - 1]:
            i += 1
        j = _past_space(data, i, end)
        if j == i:
            return none
        i = j
    if form == FORM_NAME_DAY:
        day, digits = _number(data, i, end)
        i += digits
        if digits < 1 or digits > 2 or i >= end:
            return none
        if separator != 0:
            if data[i] != separator:
                return none
            i += 1
        else:
            comma = data[i] == 44
            if comma:
                i += 1
            j = _past_space(data, i, end)
            if j == i and not comma:
                return none
            i = j
    i, year, found = _year(data, i, end, form)
    if i < 0:
        return none
    return (i, found, month, day, year) if form == FORM_NAME_DAY else (i, found, day, month, year)


@compiled
def _date(data: Bytes, i: int, end: int) -> tuple[int, int, int, int, int]:
    """The date at `i`: position after it (-1: none), form, its three numbers in their order."""
    none = (-1, FORM_NONE, 0, 0, 0)
    first, digits = _number(data, i, end)
    if digits == 8:
        return i + 8, FORM_ISO, first // 10_000, first // 100 % 100, first % 100
    j = i + digits
    numeric = digits in (1, 2, 4) and j + 1 < end and _is_separator(data[j]) and 48 <= data[j + 1] <= 57
    if not numeric:
        j, form, first, second, third = _named_date(data, i, end)
        return j, form, first, second, third
    separator = data[j]
    second, more = _number(data, j + 1, end)
    j += 1 + more
    if more > 2 or j >= end or data[j] != separator:
        return none
    j += 1
    if digits == 4:
        third, more = _number(data, j, end)
        if more < 1 or more > 2:
            return none
        return j + more, FORM_ISO if separator == 45 else FORM_YEAR_FIRST, first, second, third
    j, third, form = _year(data, j, end, FORM_YEAR_LAST)
    return (j, form, first, second, third) if j >= 0 else none


@compiled
def _clock(data: Bytes, i: int, end: int, compact: bool) -> tuple[int, int]:
    """The time of day at `i`: position after it (-1: none), microseconds."""
    none = (-1, 0)
    hour, digits = _number(data, i, end)
    i += digits
    minute = second = fraction = 0
    has_seconds = False
    if digits in (1, 2):
        if i >= end or data[i] != 58:
            return none
        minute, digits = _number(data, i + 1, end)
        if digits != 2:
            return none
        i += 3
        if i < end and data[i] == 58:
            second, digits = _number(data, i + 1, end)
            if digits != 2:
                return none
            i += 3
            has_seconds = True
    elif compact and digits == 4:
        hour, minute = hour // 100, hour % 100
    elif compact and digits == 6:
        hour, minute, second = hour // 10_000, hour // 100 % 100, hour % 100
        has_seconds = True
    else:
        return none
    if has_seconds and i < end and data[i] in (44, 46):
        i += 1
        if i >= end or not 48 <= data[i] <= 57:
            return none
        unit = 100_000
        while i < end and 48 <= data[i] <= 57:
            fraction += unit * (int(data[i]) - 48)
            unit //= 10
            i += 1
    j = _past_space(data, i, end)
    if j < end and (data[j] | 32) in (97, 112):  # a p
        evening = (data[j] | 32) == 112
        j += 1
        if j < end and data[j] == 46:
            j += 1
        if j >= end or (data[j] | 32) != 109 or hour < 1 or hour > 12:  # m
            return none
        i = j + 1
        if i < end and data[i] == 46:
            i += 1
        hour = hour % 12 + (12 if evening else 0)
    if minute > 59 or second > 60 or hour > 24 or (hour == 24 and minute + second + fraction > 0):
        return none
    return i, hour * HOUR + minute * MINUTE + second * SECOND + fraction


@compiled
def _offset(data: Bytes, i: int, end: int) -> tuple[int, int]:
    """The offset at `i`: position after it (-1: none), minutes east of UTC."""
    b = data[i]
    if b in (90, 122):  # Z z
        return i + 1, 0
    if i + 3 <= end and b not in (43, 45):
        x, y, z = b | 32, data[i + 1] | 32, data[i + 2] | 32
        if (x, y, z) == (117, 116, 99) or (x, y, z) == (103, 109, 116):  # utc gmt
            return i + 3, 0
    if b not in (43, 45):
        return -1, 0
    hours, digits = _number(data, i + 1, end)
    i += 1 + digits
    minutes = 0
    if digits == 4:
        hours, minutes = hours // 100, hours % 100
    elif digits != 2:
        return -1, 0
    elif i < end and data[i] == 58:
        minutes, digits = _number(data, i + 1, end)
        if digits != 2:
            return -1, 0
        i += 3
    total = hours * 60 + minutes
    if minutes > 59 or total > MAX_OFFSET:
        return -1, 0
    return i, total if b == 43 else -total


@compiled
def scan_timestamps(offsets: Int64s, data: Bytes, present: Bools, parts: Parts) -> None:
    """Take timestamps apart as they stand; the order of day and month is left open.

    offsets, data : value k is `data[offsets[k]:offsets[k + 1]]`, UTF-8, as in an Arrow text array.
    present : False where the value is null.
    parts : of dtype PARTS, written, one element a value.
    """
    for k in range(len(present)):
        part = parts[k]
        part.time_of_day = 0
        part.first = part.second = part.third = 0
        part.offset = NO_OFFSET
        part.form = FORM_NONE
        part.status = EMPTY
        part.date_only = False
        end = offsets[k + 1]
        start = _past_space(data, offsets[k], end) if present[k] else end
        if start == end:
            continue
        part.status = UNREADABLE
        i, form, first, second, third = _date(data, start, end)
        if i < 0:
            continue
        clock = 0
        offset = NO_OFFSET
        j = _past_space(data, i, end)
        date_only = j == end
        if not date_only:
            compact = form == FORM_ISO and 48 <= data[start + 4] <= 57
            if data[j] == 44 and i == j:
                i += 1
                j = _past_space(data, i, end)
            elif data[j] in (84, 116) and i == j:  # T t
                j += 1
            if i == j:
                continue
            i, clock = _clock(data, j, end, compact)
            if i < 0:
                continue
            j = _past_space(data, i, end)
            if j < end:
                i, offset = _offset(data, j, end)
                if i < 0 or _past_space(data, i, end) < end:
                    continue
        part.time_of_day = clock
        part.first, part.second, part.third = first, second, third
        part.offset = offset
        part.form = form
        part.status = OK
        part.date_only = date_only


@compiled
def _days_in_month(year: int, month: int) -> int:
    """Days of a month of the proleptic Gregorian calendar; 0 if there is no such month."""
    if month < 1 or month > 12:
        return 0
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@compiled
def count_orders(parts: Parts) -> Int64s:
    """Count, for each form, the dates that exist with the month before the day, the day before it, or both.

    Returns int64[N_FORMS, 5], the columns being ONLY_MONTH_DAY, ONLY_DAY_MONTH, EITHER (two different dates),
    SAME (one date either way) and NEITHER. A month's name decides, and counts as SAME. Where the year
    has two digits and may stand anywhere, a date counts as EITHER if some century and order make it one.
    """
    counts = np.zeros((N_FORMS, 5), dtype=np.int64)
    for k in range(len(parts)):
        part = parts[k]
        if part.status != OK:
            continue
        form = part.form
        a, b, year = part.first, part.second, part.third
        if form == FORM_SHORT_YEAR:
            exists = 1 <= a <= _days_in_month(2000, b) or 1 <= b <= _days_in_month(2000, a)
            exists = exists or 1 <= year <= _days_in_month(2000, b)
            counts[form, EITHER if exists else NEITHER] += 1
            continue
        if form in (FORM_ISO, FORM_YEAR_FIRST):
            a, b, year = part.second, part.third, part.first
        month_day = year > 0 and 1 <= b <= _days_in_month(year, a)
        day_month = year > 0 and 1 <= a <= _days_in_month(year, b)
        if form == FORM_DAY_NAME:
            month_day = day_month
        elif form == FORM_NAME_DAY:
            day_month = month_day
        if month_day and day_month:
            counts[form, SAME if a == b or form in (FORM_DAY_NAME, FORM_NAME_DAY) else EITHER] += 1
        elif month_day:
            counts[form, ONLY_MONTH_DAY] += 1
        elif day_month:
            counts[form, ONLY_DAY_MONTH] += 1
        else:
            counts[form, NEITHER] += 1
    return counts


@compiled
def _day_number(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 in the proleptic Gregorian calendar."""
    y = year - 1 if month <= 2 else year
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@compiled
def date_numbers(part: Any, year_first: int, year_last: int) -> tuple[int, int, int]:
    """Year, month and day of a timestamp taken apart, under one order for each place of the year."""
    a, b, c = int(part.first), int(part.second), int(part.third)
    order = year_last
    if part.form in (FORM_ISO, FORM_YEAR_FIRST):
        order = year_first
    elif part.form == FORM_DAY_NAME:
        order = DMY
    elif part.form == FORM_NAME_DAY:
        order = MDY
    if order == YMD:
        return a, b, c
    if order == YDM:
        return a, c, b
    return (c, b, a) if order == DMY else (c, a, b)


@compiled
def combine_timestamps(parts: Parts, year_first: int, year_last: int, instants: Int64s, problem: Bytes) -> None:
    """Make instants of timestamps taken apart, under one order for each place of the year.

    year_first : YMD or YDM. year_last : DMY, MDY, or UNDECIDED, which sets those dates aside.
    instants : written; microseconds since 1970, UTC where the value has an offset, else of its own local
        clock; MISSING_TIME where there is no date. problem : written; NO_PROBLEM also for no value.
    """
    for k in range(len(parts)):
        part = parts[k]
        instants[k] = MISSING_TIME
        problem[k] = NO_PROBLEM
        if part.status != OK:
            if part.status == UNREADABLE:
                problem[k] = NOT_A_DATE
            continue
        if part.form == FORM_SHORT_YEAR:
            problem[k] = SHORT_YEAR
            continue
        if part.form == FORM_YEAR_LAST and year_last == UNDECIDED:
            problem[k] = UNDECIDED_ORDER
            continue
        year, month, day = date_numbers(part, year_first, year_last)
        if year < 1:
            problem[k] = NO_SUCH_YEAR
        elif month < 1 or month > 12:
            problem[k] = NO_SUCH_MONTH
        elif day < 1 or day > _days_in_month(year, month):
            problem[k] = NO_SUCH_DAY
        else:
            local = _day_number(year, month, day) * DAY + part.time_of_day
            instants[k] = local if part.offset == NO_OFFSET else local - part.offset * MINUTE
