"""Whole columns of timestamps, read as instants: every value by its own offset, no order or zone guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from streamline.errors import TimestampError
from streamline.kernels import timestamps as kernel
from streamline.log.raw import Reject, Rows
from streamline.log.stored_times import stored_times
from streamline.log.time_column import (
    FIRST_INSTANT,
    LAST_INSTANT,
    OUTSIDE,
    Bools,
    Int64s,
    Reading,
    TimeColumn,
    chunks_of,
    count,
    either,
    everywhere,
    filled,
    is_missing_word,
    is_text,
    nowhere,
    present,
)  # fmt: skip
from streamline.log.zones import near_zone
from streamline.units import DAY, MICROSECOND, MINUTE, MISSING_TIME, SECOND, counted

#: At most this share of the readable values may be in a form that can't be decided: they're rejected, and the
#: rest is read. More, and the column is refused.
STRAY_SHARE: Final = 0.01
#: Fewer values than this share of a column don't settle the order of day and month: one may be mistyped.
LEAST_EVIDENCE: Final = 0.001
#: Year-day-month is so rare that at least this share of the values, and this many, have to contradict year-month-day;
#: fewer are mistyped months and become rejects. (Of real days in that order, three in five contradict it.)
LEAST_YEAR_DAY_MONTH: Final = 1 / 3
LEAST_CONTRARY: Final = 10

_UNIX: Final = {
    "unix_s": (SECOND, "seconds"),
    "unix_ms": (SECOND // 1000, "milliseconds"),
    "unix_us": (MICROSECOND, "microseconds"),
}
_CYCLE: Final = 146_097 * DAY  # 400 years, after which the calendar and the rules of the zones repeat
_ORDERS: Final = {kernel.DMY: "day/month/year", kernel.MDY: "month/day/year"}
_MONTHS: Final = "January February March April May June July August September October November December"
#: How the form of the dates is said where it isn't said in Python.
_ELSEWHERE: Final = "(--date-format on the command line, date_format in a study)"
_FIXED_REASONS: Final = {
    kernel.NOT_A_DATE: "not a date that can be read",
    kernel.SHORT_YEAR: "a year of two digits",
    kernel.UNDECIDED_ORDER: "day/month or month/day: the column doesn't decide it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedTimes:
    """A column of timestamps as instants, and what was found on the way. Arrays have one element a value."""

    #: Microseconds since 1970 UTC; MISSING_TIME where there is none.
    instants: Int64s
    #: Nothing stands there: null, blank, or one of the words that mean "missing".
    missing: Bools
    #: Something stands there that isn't a time; each has its reject.
    bad: Bools
    rejects: tuple[Reject, ...]
    #: How the column was read, in words.
    form: str
    #: Different UTC offsets that the values carry themselves.
    n_offsets: int
    #: Values without an offset, read as local times of the zone given.
    n_naive: int
    #: Share of the values read whose time of day, as written, is midnight (0 to 1; NaN if none was read).
    day_precision: float
    #: Local times that the clocks of the zone skipped; read with the offset before the change.
    in_gap: Bools
    #: Local times that the clocks of the zone showed twice; read as the first.
    in_fold: Bools


def parse_times(
    values: Any,
    *,
    column: str,
    source: str,
    rows: Rows,
    timezone: str | None = None,
    date_format: str | None = None,
    missing: frozenset[str] = frozenset(),
) -> ParsedTimes:
    """Read a column of timestamps as instants, each by its own offset.

    Dates with the year first are year-month-day. For dates with the year last, the order of day and month is
    decided over the whole column, and a column that doesn't decide it is refused, as is one with years of two
    digits. Where at most one value in a hundred is of such a form, those are rejected and the others read.

    values : pyarrow Array or ChunkedArray of text, timestamps, dates or numbers.
    column, source, rows : for messages and rejects; `rows` is the source's row of each value.
    timezone : IANA name of the zone of values without an offset. No default: the instants depend on it.
        A local time that occurred twice is read as the first; one that was skipped, by the offset before the
        change. Either is off by at most the size of the change, and is marked in `in_fold` or `in_gap`.
    date_format : a strptime format that text must have (times without `%z` are local), or 'unix_s', 'unix_ms'
        or 'unix_us' for numbers. Columns that hold timestamps or dates already have no use for it.
    missing : words that stand for "no value".

    Returns ParsedTimes.
    Raises TimestampError if the column can be read in two ways, has local times and no zone, or doesn't hold
    times, and if the zone doesn't exist; the message names rows and values, and the option that settles it.
    """
    zone = None if timezone is None else _zone(timezone)
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_null(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.large_string())
    here = TimeColumn(column, source, rows, values)
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        reading = stored_times(here)
    elif is_text(kind) and date_format not in _UNIX:
        reading = _text(here, missing) if date_format is None else _formatted(here, date_format, missing)
    elif is_text(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        reading = _numbers(here, date_format, missing)
    else:
        raise TimestampError(f"{here.where} holds {kind}, not times. Name the column that has the times.")
    return _finished(here, reading, zone)


def _finished(here: TimeColumn, reading: Reading, zone: ZoneInfo | None) -> ParsedTimes:
    """Read the local times in their zone, and add up."""
    n = len(reading.instants)
    bad = nowhere(n)
    if reading.reasons:
        bad = np.zeros(n, dtype=np.bool_)
        bad[list(reading.reasons)] = True
    out = either(bad, reading.missing)
    read = ~out if count(out) else everywhere(n)
    naive = reading.naive & read if count(reading.naive) and count(out) else reading.naive
    n_read, n_naive = count(read), count(naive)
    in_gap, in_fold = nowhere(n), nowhere(n)
    instants = reading.instants
    if n_naive or n_read < n:
        instants = instants.copy()  # it may be the caller's
    form = reading.form + (reading.offset_words if reading.n_offsets else "")
    if n_naive:
        if zone is None:
            raise TimestampError(
                f"{here.where} has {counted(n_naive, 'local time')} without an offset "
                f'({here.examples(naive)}): say which zone they are in, e.g. timezone="America/New_York" '
                "(--timezone on the command line, timezone in a study)."
            )
        in_gap, in_fold = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
        instants[naive], in_gap[naive], in_fold[naive] = _to_utc(instants[naive], zone)
        form += f", {'' if n_naive == n_read else f'{n_naive:,} in '}local time of {zone.key}"
    if n_read < n:
        instants[~read] = MISSING_TIME
    return ParsedTimes(
        instants=instants,
        missing=reading.missing,
        bad=bad,
        rejects=tuple(here.rejects(reading.reasons, reading.reasons.values())),
        form=form,
        n_offsets=reading.n_offsets,
        n_naive=n_naive,
        day_precision=count(reading.midnight & read if n_read < n else reading.midnight) / n_read
        if n_read
        else float("nan"),
        in_gap=in_gap,
        in_fold=in_fold,
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise TimestampError(
            f"there is no time zone {name!r}.{near_zone(name)} Give an IANA name, such as 'America/New_York' or 'UTC'."
        ) from None


def _to_utc(local: Int64s, zone: ZoneInfo) -> tuple[Int64s, Bools, Bools]:
    """Instants of local times, and which of them fall into a gap or a fold of the zone."""
    late = np.where(local >= LAST_INSTANT - 2 * DAY, _CYCLE, 0)  # pandas stops at the year 9999 of UTC
    local = local - late
    index = pd.DatetimeIndex(local.view("M8[us]"))
    utc = np.array(index.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").asi8)
    gap, fold = np.zeros(len(local), dtype=np.bool_), np.zeros(len(local), dtype=np.bool_)
    odd = np.flatnonzero(utc == MISSING_TIME)
    is_first = np.ones(len(odd), dtype=np.bool_)
    first = index[odd].tz_localize(zone, ambiguous=is_first, nonexistent="NaT")
    skipped = np.asarray(first.isna())
    utc[odd], gap[odd], fold[odd] = first.asi8, skipped, ~skipped
    odd = odd[skipped]
    before = index[odd].tz_localize(zone, ambiguous=is_first[skipped], nonexistent="shift_backward")
    utc[odd] = local[odd] - (before.tz_localize(None).asi8 - before.asi8)
    return utc + late, gap, fold


def _text(here: TimeColumn, missing: frozenset[str]) -> Reading:
    parts = _taken_apart(here.values)
    if missing:
        parts["status"][is_missing_word(here.values, missing)] = kernel.EMPTY
    year_first, year_last, form = _orders(here, parts)
    instants, problem = _combined(parts, year_first, year_last)
    absent = parts["status"] == kernel.EMPTY
    read = ~absent & (problem == kernel.NO_PROBLEM)
    naive = parts["offset"] == kernel.NO_OFFSET
    offset_seen = np.zeros(2 * kernel.MAX_OFFSET + 1, dtype=np.bool_)
    offset_seen[parts["offset"][read & ~naive] + kernel.MAX_OFFSET] = True
    if read.any() and bool(parts["date_only"][read].all()):
        form = f"{form}, dates only"
    places = np.flatnonzero(problem).tolist()
    return Reading(
        instants=instants,
        missing=absent,
        naive=naive,
        midnight=parts["time_of_day"] % DAY == 0,
        reasons={i: _reason(int(problem[i]), parts[i], year_first, year_last) for i in places},
        n_offsets=int(offset_seen.sum()),
        form=form,
    )


def _taken_apart(values: Any) -> Any:
    """The numbers of every value of a text column, as they stand; an array of dtype PARTS."""
    parts = np.empty(len(values), dtype=kernel.PARTS)
    at = 0
    for chunk in (c for c in chunks_of(values) if len(c)):
        _, starts, data = chunk.buffers()
        width = np.int64 if pa.types.is_large_string(chunk.type) else np.int32
        bounds = np.frombuffer(starts, dtype=width)[chunk.offset : chunk.offset + len(chunk) + 1]
        text = np.zeros(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)
        text.flags.writeable = False  # one compiled kernel for all buffers
        kernel.scan_timestamps(bounds.astype(np.int64), text, present(chunk), parts[at : at + len(chunk)])
        at += len(chunk)
    return parts


def _combined(parts: Any, year_first: int, year_last: int) -> tuple[Int64s, npt.NDArray[np.uint8]]:
    instants, problem = np.empty(len(parts), dtype=np.int64), np.empty(len(parts), dtype=np.uint8)
    kernel.combine_timestamps(parts, year_first, year_last, instants, problem)
    return instants, problem


def _reason(problem: int, part: Any, year_first: int, year_last: int) -> str:
    """What is wrong with a value, in words."""
    if problem in _FIXED_REASONS:
        return _FIXED_REASONS[problem]
    year, month, day = kernel.date_numbers(part, year_first, year_last)
    if problem == kernel.NO_SUCH_YEAR:
        return f"no such year: {year}"
    if problem == kernel.NO_SUCH_MONTH:
        return f"no such month: {month}"
    of_year = f" {year}" if (month, day) == (2, 29) else ""
    return f"no such day: {day} {_MONTHS.split()[month - 1]}{of_year}"


def _orders(here: TimeColumn, parts: Any) -> tuple[int, int, str]:
    """Decide the order with the year first and with the year last, over the column; say it in words."""
    counts = kernel.count_orders(parts)
    readable = counts[:, : kernel.NEITHER].sum(axis=1)
    few = STRAY_SHARE * int(readable.sum())
    leading = counts[[kernel.FORM_ISO, kernel.FORM_YEAR_FIRST]].sum(axis=0)
    contrary = int(leading[kernel.ONLY_DAY_MONTH])
    n_leading = int(leading[: kernel.NEITHER].sum())
    reads_all = not leading[kernel.ONLY_MONTH_DAY] and leading[kernel.NEITHER] <= STRAY_SHARE * n_leading
    day_first = bool(reads_all and contrary >= max(LEAST_CONTRARY, LEAST_YEAR_DAY_MONTH * n_leading))
    short = parts["form"] == kernel.FORM_SHORT_YEAR
    if (n_short := int(readable[kernel.FORM_SHORT_YEAR])) > few:
        raise TimestampError(
            f"{here.where} has {counted(n_short, 'date')} with a year of two digits "
            f"({here.examples(short)}). Say which number is the year, e.g. with date_format='%d/%m/%y' {_ELSEWHERE}."
        )
    year_last = _year_last_order(here, parts, counts[kernel.FORM_YEAR_LAST], few)
    year_day_month = f"year-day-month (second number above 12 in {counted(contrary, 'value')})"
    words = {
        kernel.FORM_ISO: year_day_month if day_first else "ISO 8601",
        kernel.FORM_YEAR_FIRST: year_day_month if day_first else "year/month/day",
        kernel.FORM_YEAR_LAST: _ORDERS.get(year_last, ""),
        kernel.FORM_DAY_NAME: "day, name of month, year",
        kernel.FORM_NAME_DAY: "name of month, day, year",
    }
    shares: dict[str, int] = {}
    for form, name in words.items():
        if name and readable[form]:
            shares[name] = shares.get(name, 0) + int(readable[form])
    several = len(shares) > 1
    said = " and ".join(f"{name} ({counted(n, 'value')})" if several else name for name, n in shares.items())
    return kernel.YDM if day_first else kernel.YMD, year_last, said or "no times"


def _year_last_order(here: TimeColumn, parts: Any, counts: Int64s, few: float) -> int:
    """DMY or MDY, whichever the column shows; UNDECIDED if it doesn't and such dates are few. Raises else."""
    month_first, day_first = int(counts[kernel.ONLY_MONTH_DAY]), int(counts[kernel.ONLY_DAY_MONTH])
    n, open_to_both = int(counts[: kernel.NEITHER].sum()), int(counts[kernel.EITHER])
    evidence = month_first + day_first
    one_kind = not (month_first and day_first)
    if one_kind and (open_to_both == 0 or (evidence > 0 and evidence >= LEAST_EVIDENCE * n)):
        return kernel.MDY if month_first else kernel.DMY
    if n <= few:
        return kernel.UNDECIDED
    trailing = parts["form"] == kernel.FORM_YEAR_LAST
    by_day = trailing & (_combined(parts, kernel.YMD, kernel.DMY)[1] == kernel.NO_PROBLEM)
    by_month = trailing & (_combined(parts, kernel.YMD, kernel.MDY)[1] == kernel.NO_PROBLEM)
    either = by_day & by_month & (parts["first"] != parts["second"])
    text = here.values.take(pa.array(np.flatnonzero(trailing)[:1])).to_pylist()[0].strip()
    ways = f"date_format={_format_like(text, '%d', '%m')!r} or date_format={_format_like(text, '%m', '%d')!r}"
    if not one_kind:
        raise TimestampError(
            f"{here.where} mixes two orders: {counted(day_first, 'date')} can only be day/month "
            f"({here.examples(by_day & ~by_month)}) and {month_first:,} only month/day "
            f"({here.examples(by_month & ~by_day)}). Say which is meant: {ways} {_ELSEWHERE}; the others are set aside."
        )
    only = f"only {evidence:,} of {n:,} values decide it" if evidence else "no value decides it"
    raise TimestampError(
        f"{here.where} is ambiguous: {counted(open_to_both, 'date')} can be day/month or month/day, "
        f"and {only} ({here.examples(either)}). Say which with {ways} {_ELSEWHERE}."
    )


def _format_like(text: str, first: str, second: str) -> str:
    """The strptime format of a value whose date is numbers with the year last.

    >>> _format_like("01/02/2015 11:15:21 AM", "%m", "%d")
    '%m/%d/%Y %I:%M:%S %p'
    """
    mark = text.lstrip("0123456789")[0]
    rest = re.sub(r"^\d+.\d+.\d+", "", text)
    rest = re.sub(r"(?i)[ap]\.?m\.?", "%p", rest)
    rest = re.sub(r"(?i)(?<=[\d\sp])(Z|UTC|GMT|[+-]\d\d:?(\d\d)?)$", "%z", rest)
    rest = re.sub(r"\d+:\d+", "%I:%M" if "%p" in rest else "%H:%M", rest, count=1)
    rest = re.sub(r"(?<=%M):\d+", ":%S", rest)
    rest = re.sub(r"(?<=%S)([.,])\d+", r"\1%f", rest)
    return f"{mark.join((first, second, '%Y'))}{rest}"


def _formatted(here: TimeColumn, date_format: str, missing: frozenset[str]) -> Reading:
    refused = f"date_format={date_format!r} can't be used for {here.where}"
    if "%" not in date_format or "%Z" in date_format:
        raise TimestampError(
            f"{refused}. Give a strptime format such as '%d/%m/%Y %H:%M' (%z for offsets; %Z, for names "
            "of zones, is not read), or 'unix_s', 'unix_ms' or 'unix_us'."
        )
    text = pc.utf8_trim_whitespace(here.values)
    absent = is_missing_word(text, missing | {""})
    has_offset = "%z" in date_format
    series = pd.Series(text.to_pandas(), dtype="object")
    try:
        found = pd.to_datetime(series, format=date_format, errors="coerce", utc=has_offset)
    except ValueError as error:
        raise TimestampError(f"{refused}: {error}.") from None
    instants = np.array(pd.DatetimeIndex(found).as_unit("us").asi8)
    read = instants != MISSING_TIME
    east = _offsets_written(text, date_format) if has_offset else np.zeros(len(read), dtype=np.int64)
    return Reading(
        instants=instants,
        missing=absent,
        naive=np.full(len(instants), not has_offset),
        midnight=read & ((instants + np.where(read, east, 0)) % DAY == 0),
        reasons=dict.fromkeys(np.flatnonzero(~read & ~absent).tolist(), f"not of the form {date_format}"),
        n_offsets=len(np.unique(east[read])) if has_offset else 0,
        form=f"form {date_format}",
    )


def _offsets_written(text: Any, date_format: str) -> Int64s:
    """Microseconds east of UTC that each value carries where the format has `%z`; 0 where it has none."""
    pattern = "".join(
        r"(?P<z>Z|[+-]\d\d:?\d\d)" if part == "%z" else ".+" if part[0] == "%" else re.escape(part)
        for part in re.findall(r"%.|[^%]+", date_format)
    )
    codes = pc.struct_field(pc.extract_regex(text, pattern=f"^{pattern}$"), "z")
    coded = pa.concat_arrays(chunks_of(codes)).dictionary_encode()
    written = [z if z != "Z" else "+0000" for z in coded.dictionary.to_pylist()]
    sizes = [0, *(int(f"{z[0]}1") * (60 * int(z[1:3]) + int(z[-2:])) for z in written)]
    places = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    return np.asarray(np.asarray(sizes, dtype=np.int64)[places] * MINUTE)


def _numbers(here: TimeColumn, date_format: str | None, missing: frozenset[str]) -> Reading:
    """Counts of seconds, milliseconds or microseconds since 1970 UTC."""
    if date_format not in _UNIX:
        raise TimestampError(
            f"{here.where} holds numbers ({here.examples(present(here.values))}), not dates. "
            f"If they count from 1970 UTC, say the unit with date_format='unix_s', 'unix_ms' or 'unix_us' {_ELSEWHERE}."
        )
    size, words = _UNIX[date_format]
    values = here.values
    if is_text(values.type) or missing:
        text = pc.utf8_trim_whitespace(pc.cast(values, pa.large_string()))
        absent = is_missing_word(text, missing | {""})
        if is_text(values.type):
            numeric = pc.if_else(pc.match_substring_regex(text, r"^-?\d{1,18}(\.\d+)?$"), text, None)
            decimal = pc.any(pc.match_substring(numeric, ".")).as_py()
            values = pc.cast(numeric, pa.float64() if decimal else pa.int64())
    else:
        absent = ~present(values)
    numbers, usable, floating = filled(values), present(values), pa.types.is_floating(values.type)
    if floating:
        absent = absent | np.isnan(numbers)  # NaN is how frames say that there is no number
    earliest, latest = FIRST_INSTANT // size, LAST_INSTANT // size
    within = usable & ~absent & (numbers >= earliest) & (numbers < latest)
    numbers = np.where(within, numbers, 0)
    counts = np.rint(numbers.astype(np.float64) * size) if floating else numbers.astype(np.int64) * size
    instants = counts.astype(np.int64)
    return Reading(
        instants=instants,
        missing=absent,
        naive=np.zeros(len(instants), dtype=np.bool_),
        midnight=instants % DAY == 0,
        reasons={i: ("not a number", OUTSIDE)[int(usable[i])] for i in np.flatnonzero(~within & ~absent).tolist()},
        n_offsets=int(bool(within.any())),
        form=f"{words} since 1970 UTC",
        offset_words="",
    )
