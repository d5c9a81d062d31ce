"""Office calendars: when people are at work, in local time, over daylight saving and holidays."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from streamline.errors import listed
from streamline.log.zones import near_zone
from streamline.units import DAY, HOUR, MINUTE, SECOND

Int64Array = npt.NDArray[np.int64]
Week = tuple[tuple[tuple[int, int], ...], ...]

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY_NUMBER = {name.lower()[:n]: i for i, name in enumerate(_DAYS) for n in (3, len(name))}
_DAY_NUMBER |= {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
_DAY_FORM = "Write days as 'mon-fri', 'sat' or 'mon,wed'."
_SPAN = re.compile(r"^(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})$")
_SPAN_FORM = "Write spans as 'HH:MM-HH:MM', several with commas, in 24 hours: '09:00-12:00,13:00-24:00'."
_FIRST_YEAR, _LAST_YEAR = 1678, 2261


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """Office hours by weekday in one time zone, less holidays.

    An instant is open when its local date is no holiday and its local clock reads a time within one of that
    weekday's spans, the end excluded. So an hour that the clock skips isn't there, and one that it repeats
    counts twice. Instants and durations are int64 microseconds; instants count from 1970 UTC and lie in the
    years 1678 to 2261. Missing ones (`MISSING_TIME`) are refused, never counted as 0.

    hours : spans of the local clock by day, `{"mon-fri": "08:00-17:00", "sat": "09:00-12:00,13:00-15:00"}`;
        days are names, ranges (also `fri-mon`) or lists with commas, each day once.
    timezone : name in the time-zone database, such as `America/New_York`.
    holidays : code of a country (`US`) or of a part of it (`US-NY`) as the library `holidays` has them, with
        the days on which they are observed; or dates; or None.

    Two calendars are equal when they have the same hours for each weekday, time zone and holidays.
    Raises ValueError if anything can't be read as said here, or if there are no hours at all.
    """

    hours: Mapping[str, str] = field(compare=False)
    timezone: str = "UTC"
    holidays: str | Sequence[date | str] | None = None
    #: Spans of each weekday from Monday, in microseconds of the local clock since midnight.
    week: Week = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "week", _read_week(self.hours))
        object.__setattr__(self, "hours", dict(self.hours))
        _check_zone(self.timezone)
        if isinstance(self.holidays, str):
            _check_country(self.holidays)
        elif self.holidays is not None:
            object.__setattr__(self, "holidays", tuple(sorted({_read_date(day) for day in self.holidays})) or None)

    @classmethod
    def always(cls, *, timezone: str = "UTC") -> Calendar:
        """Open round the clock: working time is elapsed time."""
        return cls(hours={"mon-sun": "00:00-24:00"}, timezone=timezone)

    def openings(self, start: int, end: int) -> Int64Array:
        """Open stretches within [start, end), in order: shape (n, 2), UTC; stretches that touch are one."""
        _instants([start, end], "the range")
        if start > end:
            raise ValueError(f"The range starts at {_instant(start)}, after its end at {_instant(end)}.")
        years = range(_year(start), _year(end) + 1)
        merged = _merged(np.concatenate([_openings_of_year(self, year) for year in years]))
        clipped = np.clip(merged, start, end)
        return clipped[clipped[:, 0] < clipped[:, 1]]

    def working_time(self, start: npt.ArrayLike, end: npt.ArrayLike) -> Int64Array:
        """Office time within each [start, end), microseconds; shape of `start` and `end` together.

        Raises ValueError where a start is after its end.
        """
        first, last = np.broadcast_arrays(_instants(start, "start"), _instants(end, "end"))
        wrong = np.flatnonzero((first > last).ravel())
        if len(wrong):
            raise ValueError(
                f"{len(wrong):,} of {first.size:,} intervals start after their end, at positions "
                f"{listed(wrong)}; the first starts {_instant(first.flat[wrong[0]])} and ends "
                f"{_instant(last.flat[wrong[0]])}. Set them aside before asking for working time."
            )
        if not first.size:
            return np.zeros(first.shape, dtype=np.int64)
        clock = _Clock(self.openings(int(first.min()), int(last.max())))
        return clock.worked(last) - clock.worked(first)

    def is_open(self, instants: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether each instant falls in office hours."""
        at = _instants(instants, "instants")
        if not at.size:
            return np.zeros(at.shape, dtype=np.bool_)
        spans = self.openings(int(at.min()), int(at.max()) + 1)
        return np.searchsorted(spans[:, 0], at, side="right") > np.searchsorted(spans[:, 1], at, side="right")

    def next_opening(self, instants: npt.ArrayLike) -> Int64Array:
        """Each instant itself if open then, else when the office opens next."""
        at = _instants(instants, "instants")
        if not at.size:
            return at.copy()
        spans = self._openings_with(int(at.min()), int(at.max()), work=1)
        opened: Int64Array = spans[np.searchsorted(spans[:, 1], at, side="right"), 0]
        return np.maximum(at, opened)

    def add_working_time(self, instants: npt.ArrayLike, duration: npt.ArrayLike) -> Int64Array:
        """The first instant at which `duration` of office time has passed since each instant.

        A duration of 0 gives the instant itself, also when closed; one that ends as the office closes gives
        the closing time, not the next opening. Raises ValueError for a negative duration.
        """
        at, work = np.broadcast_arrays(_instants(instants, "instants"), _integers(duration, "duration"))
        if (work < 0).any():
            raise ValueError(f"A duration of {int(work.min()):,} microseconds is negative. Durations are 0 or more.")
        if not at.size:
            return at.copy()
        spans = self._openings_with(int(at.min()), int(at.max()), work=int(work.max()))
        clock = _Clock(spans)
        return np.where(work > 0, clock.when(clock.worked(at) + work), at)

    def is_working_day(self, dates: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether the office opens on each date (datetime64, `date` or '2026-07-04')."""
        days = np.asarray(dates, dtype="datetime64[D]")
        _instants(days.astype("datetime64[us]").astype(np.int64), "dates")
        return _works(self, days.astype(np.int64))

    def describe(self) -> str:
        """In words: `Monday to Friday 08:00 to 17:00, America/New_York, without US holidays`."""
        groups: dict[tuple[tuple[int, int], ...], list[int]] = {}
        for day, spans in enumerate(self.week):
            if spans:
                groups.setdefault(spans, []).append(day)
        parts = [f"{_day_words(days)} {_span_words(spans)}".strip() for spans, days in groups.items()]
        parts = ["round the clock" if part == "every day 00:00 to 24:00" else part for part in parts]
        if isinstance(self.holidays, str):
            without = [f"without {self.holidays} holidays"]
        else:
            n = len(self.holidays or ())
            without = [f"without {n} listed holiday{'s' * (n > 1)}"] if n else []
        text = ", ".join([*parts, self.timezone, *without])
        return text[0].upper() + text[1:]

    def _openings_with(self, first: int, last: int, *, work: int) -> Int64Array:
        """Openings from `first` on, far enough for `work` (over 0) microseconds of them after `last`."""
        per_week = sum(end - start for spans in self.week for start, end in spans)
        reach = 14 * DAY + work * 7 * DAY // per_week * 5 // 4
        while True:
            end = min(last + reach, _LAST)
            spans = self.openings(first, end)
            if int(_Clock(spans).worked(np.array([last, end])) @ np.array([-1, 1])) >= work:
                return spans
            if end == _LAST:
                raise ValueError(
                    f"{self.describe()} has too few office hours after {_instant(last)}: none before 2262."
                )
            reach *= 2


class _Clock:
    """Office time that has passed since the first of some openings, and the way back."""

    def __init__(self, spans: Int64Array) -> None:
        self.opens, self.lengths = spans[:, 0], spans[:, 1] - spans[:, 0]
        self.before = np.concatenate([[0], np.cumsum(self.lengths)])

    def worked(self, at: Int64Array) -> Int64Array:
        if not len(self.opens):
            return np.zeros(at.shape, dtype=np.int64)
        i = np.searchsorted(self.opens, at, side="right") - 1
        into = np.clip(at - self.opens[i], 0, self.lengths[i])
        return np.where(i < 0, 0, self.before[i] + into)

    def when(self, worked: Int64Array) -> Int64Array:
        """The first instant at which so much has passed; means nothing where `worked` is 0."""
        i = np.clip(np.searchsorted(self.before, worked, side="left") - 1, 0, len(self.opens) - 1)
        reached: Int64Array = self.opens[i] + worked - self.before[i]
        return reached


def _instant(at: int) -> str:
    return f"{np.datetime64(int(at), 'us')}Z"


def _epoch(year: int) -> int:
    return (date(year, 1, 1) - date(1970, 1, 1)).days * DAY


_FIRST, _LAST = _epoch(_FIRST_YEAR), _epoch(_LAST_YEAR + 1) - 1


def _year(at: int) -> int:
    return int(np.datetime64(int(at), "us").astype("datetime64[Y]").astype(np.int64)) + 1970


def _integers(values: npt.ArrayLike, name: str) -> Int64Array:
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"{name} has values of type {array.dtype}; it takes int64 microseconds.")
    return array.astype(np.int64, copy=False)


def _instants(values: npt.ArrayLike, name: str) -> Int64Array:
    array = _integers(values, name)
    wrong = array[(array < _FIRST) | (array > _LAST)]
    if len(wrong):
        raise ValueError(
            f"{name} has {len(wrong):,} of {array.size:,} instants that are missing, or outside the years "
            f"{_FIRST_YEAR} to {_LAST_YEAR} (a placeholder?), such as {_instant(wrong[0])}. Set them "
            "aside first."
        )
    return array


def _works(calendar: Calendar, days: Int64Array) -> npt.NDArray[np.bool_]:
    """Whether each day (counted from 1970) has hours and is no holiday."""
    if not days.size:
        return np.zeros(days.shape, dtype=np.bool_)
    years = range(_year(int(days.min()) * DAY), _year(int(days.max()) * DAY) + 1)
    free = [day for year in years for day in _holidays_of_year(calendar.holidays, year)]
    has_hours = np.array([bool(spans) for spans in calendar.week])
    return has_hours[(days + 3) % 7] & ~np.isin(days, np.array(free, dtype=np.int64))


def _merged(spans: Int64Array) -> Int64Array:
    """Join stretches that touch; they are in order and don't overlap."""
    if not len(spans):
        return spans
    starts = np.concatenate([[True], spans[1:, 0] > spans[:-1, 1]])
    return np.stack([spans[starts, 0], spans[np.roll(starts, -1), 1]], axis=1)


@lru_cache(maxsize=512)
def _openings_of_year(calendar: Calendar, year: int) -> Int64Array:
    """Open stretches of one UTC year, one a span and day (two where the clock changes within it)."""
    days = np.arange(_epoch(year) // DAY - 1, _epoch(year + 1) // DAY + 1)
    days = days[_works(calendar, days)]
    found = []
    for weekday, spans in enumerate(calendar.week):
        midnights = days[(days + 3) % 7 == weekday] * DAY
        found += [np.stack([midnights + start, midnights + end], axis=1) for start, end in spans]
    local = np.concatenate(found)
    local = local[np.argsort(local[:, 0])]
    # Within each of these pieces the offset is constant, so local spans only have to be shifted and cut.
    pieces = [np.clip(local - ahead, start, end) for start, end, ahead in _offsets(calendar.timezone, year)]
    opened: Int64Array = np.concatenate(pieces)
    opened = opened[opened[:, 0] < opened[:, 1]]
    opened.flags.writeable = False
    return opened


@lru_cache(maxsize=1024)
def _offsets(timezone: str, year: int) -> tuple[tuple[int, int, int], ...]:
    """Stretches [start, end) of a UTC year through which a zone keeps its offset (local less UTC)."""
    zone = ZoneInfo(timezone)

    def ahead(second: int) -> int:
        utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
        return ((utc.astimezone(zone).utcoffset() or timedelta()) // timedelta(seconds=1)) * SECOND

    marks = range(_epoch(year) // SECOND, _epoch(year + 1) // SECOND + 1, 6 * HOUR // SECOND)
    pieces, begun, offset = [], marks[0], ahead(marks[0])
    for mark in marks[1:]:
        if ahead(mark) != offset:
            low, high = mark - marks.step, mark
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if ahead(middle) == offset else (low, middle)
            pieces.append((begun * SECOND, high * SECOND, offset))
            begun, offset = high, ahead(mark)
    return (*pieces, (begun * SECOND, marks[-1] * SECOND, offset))


@lru_cache(maxsize=1024)
def _holidays_of_year(holidays: str | tuple[date, ...] | None, year: int) -> tuple[int, ...]:
    """Days (counted from 1970) of one year that are holidays."""
    dates = [day for day in holidays or () if day.year == year] if not isinstance(holidays, str) else []
    if isinstance(holidays, str):
        from holidays import country_holidays

        code, _, part = holidays.partition("-")
        dates = list(country_holidays(code, subdiv=part or None, years=year))
    return tuple(sorted((day - date(1970, 1, 1)).days for day in dates))


def _read_week(hours: Mapping[str, str]) -> Week:
    """Spans of each weekday from Monday, in order, touching ones joined."""
    if not isinstance(hours, Mapping) or not hours:
        raise ValueError("A calendar needs hours on one day at least, such as {'mon-fri': '08:00-17:00'}.")
    week: dict[int, tuple[tuple[int, int], ...]] = {}
    for key, text in hours.items():
        spans = _read_spans(text)
        for day in _read_days(key):
            if day in week:
                raise ValueError(f"hours give {_DAYS[day]} twice, again in {key!r}. Name each day once.")
            week[day] = spans
    return tuple(week.get(day, ()) for day in range(7))


def _read_days(key: str) -> list[int]:
    days: list[int] = []
    for part in str(key).split(","):
        ends = [_DAY_NUMBER.get(name.strip().lower(), -1) for name in re.split("[-–]", part)]
        if -1 in ends or len(ends) > 2:
            raise ValueError(f"{key!r} isn't a day or a range of days. {_DAY_FORM}")
        first, last = ends[0], ends[-1]
        days += [(first + k) % 7 for k in range((last - first) % 7 + 1)]
    return days


def _read_spans(text: str) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for part in str(text).split(","):
        match = _SPAN.match(part.strip())
        h1, m1, h2, m2 = map(int, match.groups()) if match else (99, 0, 0, 0)
        start, end = h1 * 60 + m1, h2 * 60 + m2
        if max(m1, m2) > 59 or start >= 24 * 60 or end > 24 * 60:
            raise ValueError(f"{text!r} isn't a span of office hours. {_SPAN_FORM}")
        if start >= end:
            raise ValueError(
                f"{part.strip()!r} ends before it starts, or is empty. {_SPAN_FORM} Hours over midnight are "
                "two spans: '22:00-24:00' on the one day and '00:00-06:00' on the next."
            )
        spans.append((start * MINUTE, end * MINUTE))
    spans.sort()
    for (_, end), (start, _) in itertools.pairwise(spans):
        if start < end:
            raise ValueError(f"{text!r} has spans that overlap. {_SPAN_FORM}")
    return tuple((int(start), int(end)) for start, end in _merged(np.array(spans, dtype=np.int64)))


def _read_date(day: date | str) -> date:
    if isinstance(day, datetime):
        return day.date()
    try:
        return day if isinstance(day, date) else date.fromisoformat(day)
    except (TypeError, ValueError):
        raise ValueError(f"{day!r} isn't a date of a holiday. Write '2026-07-04', or give a `date`.") from None


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError, TypeError):
        raise ValueError(
            f"{name!r} isn't a time zone.{near_zone(name)} Use a name of the time-zone database, such as 'America/New_York'."
        ) from None


def _check_country(code: str) -> None:
    """Raise ValueError, with near codes, unless `holidays` knows the country and the part of it."""
    from holidays import list_supported_countries
    from holidays.registry import COUNTRIES

    known = list_supported_countries(include_aliases=True)
    country, dash, part = code.partition("-")
    if country in known and (not dash or part in known[country]):
        return
    if country in known:
        near = [f"{country}-{p}" for p in difflib.get_close_matches(part.upper(), known[country], n=5, cutoff=0.3)]
        near = near or [f"{country}-{p}" for p in known[country][:5]]
    else:
        names = {name.replace("_", " "): codes[1] for name, codes in COUNTRIES.items()}
        by_name = [names[n] for n in difflib.get_close_matches(code.lower().replace("_", " "), names, n=2, cutoff=0.7)]
        near = [*by_name, *difflib.get_close_matches(code.upper(), known, n=5 - len(by_name), cutoff=0.3)]
    raise ValueError(
        f"{code!r} isn't a country or part of one whose holidays are known. Near ones: {listed(near)}. "
        "Use a code such as 'US' or 'US-NY', or list the dates."
    )


def _day_words(days: list[int]) -> str:
    """`Monday to Friday`, `Saturday and Sunday`, `every day`."""
    if len(days) == 7:
        return "every day"
    first = next(day for day in days if (day - 1) % 7 not in days)
    if len(days) > 2 and all((first + k) % 7 in days for k in range(len(days))):
        return f"{_DAYS[first]} to {_DAYS[(first + len(days) - 1) % 7]}"
    return _and(_DAYS[day] for day in days)


def _span_words(spans: tuple[tuple[int, int], ...]) -> str:
    clock = [[f"{at // HOUR:02d}:{at % HOUR // MINUTE:02d}" for at in span] for span in spans]
    return _and(f"{start} to {end}" for start, end in clock)


def _and(items: Iterable[str]) -> str:
    *some, last = items
    return f"{', '.join(some)} and {last}" if some else last
