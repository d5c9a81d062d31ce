"""The compiled reader of timestamps against a slow, obvious one made of `re` and `datetime`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamline.kernels import timestamps as kernel
from streamline.units import DAY, HOUR, MINUTE, MISSING_TIME, SECOND

NONE = kernel.NO_OFFSET
_NAMES = "january february march april may june july august september october november december"
MONTHS = _NAMES.split()

# ---- the twin

SPACE = "[ \\t\\n\\v\\f\\r\u00a0\u202f]"
DAY_ = r"(?P<d>[0-9]{1,2})"
YEAR_ = r"(?P<y>[0-9]{4}|[0-9]{2})"
NAME = "(?P<name>" + "|".join([*MONTHS, "sept", *(m[:3] for m in MONTHS)]) + ")"
ABBREVIATED = (
    r"(?P<name>(?P<abbr>"
    + "|".join(["sept", *(m[:3] for m in MONTHS if m != "may")])
    + r")\.|(?:"
    + "|".join([*MONTHS, "sept", *(m[:3] for m in MONTHS)])
    + "))"
)
DATES = [
    ("compact", r"(?P<a>[0-9]{4})(?P<b>[0-9]{2})(?P<c>[0-9]{2})"),
    ("year first", r"(?P<a>[0-9]{4})(?P<s>[-./])(?P<b>[0-9]{1,2})(?P=s)(?P<c>[0-9]{1,2})"),
    ("year last", r"(?P<a>[0-9]{1,2})(?P<s>[-./])(?P<b>[0-9]{1,2})(?P=s)(?P<c>[0-9]{4}|[0-9]{2})"),
    ("day name", rf"{DAY_}(?P<s>[-./]){NAME}(?P=s){YEAR_}"),
    ("day name", rf"{DAY_}{SPACE}+{ABBREVIATED}{SPACE}+{YEAR_}"),
    ("name day", rf"{NAME}(?P<s>[-./]){DAY_}(?P=s){YEAR_}"),
    ("name day", rf"{ABBREVIATED}{SPACE}+{DAY_}(?:,{SPACE}*|{SPACE}+){YEAR_}"),
]
TAIL = (
    rf"(?:(?:t|,?{SPACE}+)(?P<clock>CLOCK(?:(?P<comma>[.,])(?P<fraction>[0-9]+))?)"
    rf"(?:{SPACE}*(?P<half>[ap])\.?m\.?)?(?:{SPACE}*(?P<offset>z|utc|gmt|[-+][0-9]{{2}}(?::?[0-9]{{2}})?))?)?"
)
LONG_CLOCK = "[0-9]{1,2}:[0-9]{2}(?P<sec>:[0-9]{2})?"
COMPACT_CLOCK = rf"(?:[0-9]{{4}}(?P<sec2>[0-9]{{2}})?|{LONG_CLOCK})"


def twin(text: str | None) -> tuple[int, ...]:
    """status, form, first, second, third, time of day, offset, date_only"""
    empty = (kernel.FORM_NONE, 0, 0, 0, 0, NONE, 0)
    if text is None or re.fullmatch(f"{SPACE}*", text):
        return kernel.EMPTY, *empty
    for kind, date in DATES:
        clock = COMPACT_CLOCK if kind == "compact" else LONG_CLOCK
        match = re.fullmatch(rf"{SPACE}*{date}{TAIL.replace('CLOCK', clock)}{SPACE}*", text, re.IGNORECASE | re.ASCII)
        read = None if match is None else _values(kind, match)
        if read is not None:
            return kernel.OK, *read
    return kernel.UNREADABLE, *empty


def _values(kind: str, match: re.Match[str]) -> tuple[int, ...] | None:
    part = match.groupdict()
    if kind in ("day name", "name day"):
        month = next(i + 1 for i, m in enumerate(MONTHS) if m.startswith(part["name"].lower().rstrip(".")[:3]))
        first, second = (int(part["d"]), month) if kind == "day name" else (month, int(part["d"]))
        third, short = int(part["y"]), len(part["y"]) == 2
        form = kernel.FORM_DAY_NAME if kind == "day name" else kernel.FORM_NAME_DAY
    else:
        first, second, third = int(part["a"]), int(part["b"]), int(part["c"])
        short = kind == "year last" and len(part["c"]) == 2
        form = kernel.FORM_YEAR_LAST if kind == "year last" else kernel.FORM_ISO
        if kind == "year first" and part["s"] != "-":
            form = kernel.FORM_YEAR_FIRST
    form = kernel.FORM_SHORT_YEAR if short else form
    if part["clock"] is None:
        return form, first, second, third, 0, NONE, 1
    seconds = part["sec"] or part.get("sec2")
    if part["fraction"] and not seconds:
        return None
    digits = part["clock"].split(part["comma"])[0] if part["comma"] else part["clock"]
    if ":" in digits:
        hour, minute, second_ = [int(x) for x in [*digits.split(":"), "0"][:3]]
    else:
        hour, minute, second_ = int(digits[:2]), int(digits[2:4]), int(digits[4:] or 0)
    micro = int(((part["fraction"] or "") + "000000")[:6])
    if part["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if part["half"].lower() == "p" else 0)
    if hour > 24 or minute > 59 or second_ > 60 or (hour == 24 and (minute, second_, micro) != (0, 0, 0)):
        return None
    offset = NONE
    if part["offset"]:
        text = part["offset"].lower()
        offset = 0
        if text[0] in "+-":
            minutes = int(text[-2:]) if len(text) > 3 else 0
            offset = (60 * int(text[1:3]) + minutes) * (-1 if text[0] == "-" else 1)
            if minutes > 59 or abs(offset) > 18 * 60:
                return None
    return form, first, second, third, hour * HOUR + minute * MINUTE + second_ * SECOND + micro, offset, 0


def scanned(values: list[str | None]) -> np.ndarray:
    encoded = [b"" if v is None else v.encode() for v in values]
    offsets = np.cumsum([0, *(len(e) for e in encoded)]).astype(np.int64)
    data = np.frombuffer(b"".join(encoded) or b"\0", dtype=np.uint8)
    parts = np.empty(len(values), dtype=kernel.PARTS)
    kernel.scan_timestamps(offsets, data, np.array([v is not None for v in values], dtype=np.bool_), parts)
    return parts


def as_tuple(part: np.void) -> tuple[int, ...]:
    names = ("status", "form", "first", "second", "third", "time_of_day", "offset", "date_only")
    return tuple(int(part[name]) for name in names)


# ---- random values, sound and odd

number = st.integers(0, 40).flatmap(lambda n: st.sampled_from([f"{n:02}", f"{n}"]))
year = st.one_of(st.integers(0, 9999).map("{:04}".format), st.sampled_from(["24", "5", "024", "20245"]))
mark = st.sampled_from(["-", "/", ".", " ", "  ", ":", ""])
blank = st.sampled_from(["", "", "", " ", "   ", "\t", "\u00a0", "\u202f", "\u2009"])
name = st.sampled_from(
    [*MONTHS, *(m[:3] for m in MONTHS), "Sept", "MAR.", "Dec.", "May.", "Sept.", "janu", "foo"]
).flatmap(lambda m: st.sampled_from([m, m.upper(), m.title()]))


@st.composite
def dates(draw: st.DrawFn) -> str:
    a, b, y, m = draw(number), draw(number), draw(year), draw(name)
    s = draw(mark)
    t = s if draw(st.integers(0, 9)) else draw(mark)
    shapes = [
        f"{y}{s}{a}{t}{b}",
        f"{a}{s}{b}{t}{y}",
        f"{a}{s}{m}{t}{y}",
        f"{m}{s}{a}{t}{y}",
        f"{m}{s}{a},{t}{y}",
    ]
    return draw(st.sampled_from([*shapes, f"{y}{a:0>2}{b:0>2}", f"{y}{s}{m}{t}{a}"]))


@st.composite
def clocks(draw: st.DrawFn) -> str:
    h, m, s = draw(st.integers(0, 25)), draw(st.integers(0, 60)), draw(st.integers(0, 61))
    usual = [f"{h}:{m:02}", f"{h:02}:{m:02}", f"{h:02}:{m:02}:{s:02}", f"{h:02}{m:02}{s:02}", f"{h:02}{m:02}"]
    text = draw(st.sampled_from([*usual, f"{h}:{m}", f"{h:02}", "24:00:00", "24:00", "12:00 AM", "12:30 p.m."]))
    text += draw(st.sampled_from(["", "", ".", ".5", ",123", ".123456", ".1234567899999", ".000"]))
    text += draw(blank) + draw(st.sampled_from(["", "", "", "AM", "pm", "a.m.", "P.M", "am.", "a.", "xm"]))
    hours, minutes = draw(st.integers(0, 19)), draw(st.sampled_from([0, 30, 45, 59, 60]))
    sign = draw(st.sampled_from("+-"))
    zones = [
        f"{sign}{hours:02}:{minutes:02}",
        f"{sign}{hours:02}{minutes:02}",
        f"{sign}{hours:02}",
        f"{sign}{hours}",
    ]
    return text + draw(blank) + draw(st.sampled_from(["", "", "Z", "z", "UTC", "gmt", "EST", "UTC+2", *zones]))


between = st.sampled_from(["T", "t", " ", "  ", ", ", ",", " ,", "T ", "", "\u202f"])
whole = st.tuples(blank, dates(), between, clocks(), blank, st.sampled_from(["", "", "", "", "x", "Z", "0"])).map(
    "".join
)
bare = st.tuples(blank, dates(), blank, st.sampled_from(["", "", "T", ",", "Z", "+01:00", "a"])).map("".join)
noise = st.text(alphabet="0123456789-/.:,TZ +apmUTCMarMay\u00a0\u202fé", max_size=30)


@given(st.lists(st.one_of(st.none(), whole, bare, noise), max_size=20))
@example(
    [
        "2024-01-05abc",
        "2024-01-05T10:00:00.",
        "5.Mar.2024",
        "Mar.5.2024",
        "Mar. 5,2024",
        "May. 5, 2024",
        None,
        " ",
    ]
)
@example(
    [
        "20240105T101530.5Z",
        "20240105101530",
        "20240105T10:15",
        "2024-01-05T1015",
        "2024-0105",
        "20240105 1015 pm",
    ]
)
@example(["\xa0", "\xc2", "2024-01-05\u2028", "2024-01-05 \u202f10:00", "5/3/24", "24-3-5", "5 Mar 24", "Mar 5 24"])
@settings(max_examples=1500, deadline=None)
def test_kernel_equals_its_twin(values: list[str | None]) -> None:
    assert [as_tuple(part) for part in scanned(values)] == [twin(v) for v in values]


def test_odd_forms_are_met_by_the_generators() -> None:
    """The twin reads a fair share of what is generated: the comparison isn't one of refusals."""
    read = []

    @given(st.one_of(whole, bare))
    @settings(max_examples=400, deadline=None, database=None, derandomize=True)
    def collect(value: str) -> None:
        read.append(twin(value)[:2])

    collect()
    assert len({form for status, form in read if status == kernel.OK}) >= 4
    assert sum(status == kernel.OK for status, _ in read) > 40


# ---- by hand


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-05T10:15:30.276+02:00", (1, 2024, 3, 5, "10:15:30.276", 120)),
        ("2024-03-05", (1, 2024, 3, 5, "0:0:0", NONE)),
        ("20240305T101530Z", (1, 2024, 3, 5, "10:15:30", 0)),
        ("20240305", (1, 2024, 3, 5, "0:0:0", NONE)),
        ("2024/3/5 9:05", (2, 2024, 3, 5, "9:5:0", NONE)),
        ("5/3/2024, 11:15:21 AM", (3, 5, 3, 2024, "11:15:21", NONE)),
        ("05.03.2024 12:00 a.m.", (3, 5, 3, 2024, "0:0:0", NONE)),
        ("05.03.2024 12:30PM", (3, 5, 3, 2024, "12:30:0", NONE)),
        ("5/3/24", (4, 5, 3, 24, "0:0:0", NONE)),
        ("05-Mar-2024 10:15:30,5 -0430", (5, 5, 3, 2024, "10:15:30.5", -270)),
        ("5 march 2024", (5, 5, 3, 2024, "0:0:0", NONE)),
        ("Mar 5, 2024 10:15 GMT", (6, 3, 5, 2024, "10:15:0", 0)),
        ("Sept. 5, 2024", (6, 9, 5, 2024, "0:0:0", NONE)),
        ("2024-03-05 24:00:00", (1, 2024, 3, 5, "24:0:0", NONE)),
        ("2016-12-31T23:59:60Z", (1, 2016, 12, 31, "24:0:0", 0)),
        ("  2024-03-05 10:15:30.1234567899  ", (1, 2024, 3, 5, "10:15:30.123456", NONE)),
        ("2024-03-05T10:15+18:00", (1, 2024, 3, 5, "10:15:0", 1080)),
        ("2024-03-05T10:15-05", (1, 2024, 3, 5, "10:15:0", -300)),
        ("3/5/2024 1:15:00\u202fPM", (3, 3, 5, 2024, "13:15:0", NONE)),
    ],
)
def test_read(text: str, expected: tuple[object, ...]) -> None:
    status, form, first, second, third, clock, offset, date_only = as_tuple(scanned([text])[0])
    hour, minute, seconds = str(expected[4]).split(":")
    micro = (int(hour) * 60 + int(minute)) * MINUTE + round(float(seconds) * SECOND)
    assert (status, form, first, second, third, clock, offset) == (0, *expected[:4], micro, expected[5])
    assert date_only == ((clock, offset) == (0, NONE) and "00" not in text)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-05abc", "2024-01-05T", "2024-01-05,", "2024-01-05Z", "2024-01", "2024-01/05", "2024-1-123",
        "10:15", "2024-01-05T25:00", "2024-01-05T24:00:01", "2024-01-05T10:60", "2024-01-05T10:15:61",
        "2024-01-05T10:15+18:01", "2024-01-05T10:15+01:60", "2024-01-05T10:15+1", "2024-01-05T10:15 EST",
        "2024-01-05T10:15:00.", "2024-01-05 13:00 PM", "2024-01-05 0:15 AM", "202401051", "1/2/202",
        "1/2/20245", "5 Marc 2024", "5-Mar/2024", "5 Mars 2024", "May. 5, 2024", "Mar 5", "-2024-01-05",
        "2024-01-05 10", "NULL", "2024-01-05T10:15:30 +01:00x", "٢٠٢٤-01-05",
    ],
)  # fmt: skip
def test_unreadable(text: str) -> None:
    assert as_tuple(scanned([text])[0]) == (kernel.UNREADABLE, 0, 0, 0, 0, 0, NONE, 0)


def test_a_value_ends_where_the_next_begins() -> None:
    parts = scanned(["2024-01-05T10:15", ":30Z", "2024-01-", "05"])
    assert parts["status"].tolist() == [kernel.OK, *[kernel.UNREADABLE] * 3]
    assert parts["time_of_day"][0] == 10 * HOUR + 15 * MINUTE


# ---- numbers to instants


def combined(values: list[str | None], year_first: int, year_last: int) -> tuple[list[int], list[int]]:
    instants, problem = np.empty(len(values), dtype=np.int64), np.empty(len(values), dtype=np.uint8)
    kernel.combine_timestamps(scanned(values), year_first, year_last, instants, problem)
    return instants.tolist(), problem.tolist()


@given(
    st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 14), st.integers(0, 32)), min_size=1, max_size=30),
    st.sampled_from([(kernel.YMD, "{y:04}-{m}-{d}"), (kernel.YDM, "{y:04}-{d}-{m}")]),
    st.sampled_from([(kernel.DMY, "{d}/{m}/{y:04}"), (kernel.MDY, "{m}/{d}/{y:04}")]),
    st.integers(-1080, 1080),
)
@settings(deadline=None)
def test_calendar_equals_that_of_datetime(dates_, first, last, offset) -> None:  # type: ignore[no-untyped-def]
    suffix = f" 06:07:08.000009{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    for order in (first, last):
        texts = [order[1].format(y=y, m=m, d=d) + suffix for y, m, d in dates_]
        instants, problem = combined(texts, first[0], last[0])
        for (y, m, d), instant, wrong in zip(dates_, instants, problem, strict=True):
            try:
                local = datetime(y, m, d, 6, 7, 8, 9, UTC)
            except ValueError:
                assert instant == MISSING_TIME
                expected = kernel.NO_SUCH_DAY if 1 <= m <= 12 else kernel.NO_SUCH_MONTH
                assert wrong == (expected if y > 0 else kernel.NO_SUCH_YEAR)
            else:
                since = local - datetime(1970, 1, 1, tzinfo=UTC)
                assert wrong == kernel.NO_PROBLEM
                assert instant == since // timedelta(microseconds=1) - offset * MINUTE


def test_names_decide_for_themselves_and_undecided_dates_are_set_aside() -> None:
    values = ["5 Mar 2024", "Mar 5, 2024", "2024-03-05", "5/3/2024", "5/3/24", "x", None]
    march = int(datetime(2024, 3, 5, tzinfo=UTC).timestamp()) * SECOND
    instants, problem = combined(values, kernel.YMD, kernel.UNDECIDED)
    assert instants == [march] * 3 + [MISSING_TIME] * 4
    assert problem == [0, 0, 0, kernel.UNDECIDED_ORDER, kernel.SHORT_YEAR, kernel.NOT_A_DATE, 0]


def test_first_and_last_day() -> None:
    instants, _ = combined(["0001-01-01T00:00Z", "9999-12-31T24:00:00Z"], kernel.YMD, kernel.DMY)
    assert instants == [-719_162 * DAY, 2_932_897 * DAY]


# ---- counts


def slow_counts(values: list[str | None]) -> list[list[int]]:
    counts = [[0] * 5 for _ in range(kernel.N_FORMS)]

    def exists(y: int, m: int, d: int) -> bool:
        try:
            datetime(y, m, d, tzinfo=UTC)
        except ValueError:
            return False
        return True

    for value in values:
        status, form, a, b, c, *_ = twin(value)
        if status != kernel.OK:
            continue
        if form == kernel.FORM_SHORT_YEAR:
            sound = exists(2000, b, a) or exists(2000, a, b) or exists(2000, b, c)
            counts[form][kernel.EITHER if sound else kernel.NEITHER] += 1
            continue
        y, p, q = (a, b, c) if form in (kernel.FORM_ISO, kernel.FORM_YEAR_FIRST) else (c, a, b)
        month_day, day_month = exists(y, p, q), exists(y, q, p)
        if form == kernel.FORM_DAY_NAME:
            counts[form][kernel.SAME if day_month else kernel.NEITHER] += 1
        elif form == kernel.FORM_NAME_DAY:
            counts[form][kernel.SAME if month_day else kernel.NEITHER] += 1
        elif month_day and day_month:
            counts[form][kernel.SAME if p == q else kernel.EITHER] += 1
        elif month_day or day_month:
            counts[form][kernel.ONLY_MONTH_DAY if month_day else kernel.ONLY_DAY_MONTH] += 1
        else:
            counts[form][kernel.NEITHER] += 1
    return counts


@given(st.lists(st.one_of(st.none(), bare, dates()), max_size=40))
@example(["29/2/2024", "2/29/2023", "5/5/2024", "5/6/2024", "13/13/2024", "2024-13-05", "0000-1-1", "30 Feb 2024"])
@settings(max_examples=300, deadline=None)
def test_counts_equal_their_twin(values: list[str | None]) -> None:
    assert kernel.count_orders(scanned(values)).tolist() == slow_counts(values)
