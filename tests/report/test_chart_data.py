"""Charts as data refuse what can't be drawn; dates under an axis stand where a zone's days begin."""

from __future__ import annotations

import doctest
import itertools
import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamline import figure
from streamline.figure import BarColumn, BarTable, Curve, Heat, Line, Spectrum, Stack, StackedBars
from streamline.report import lettering, spectrum, time_axis
from streamline.report.time_axis import date_ticks, date_words, days, span_of

HOUR, DAY = 3_600_000_000, 86_400_000_000
ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo")


def micros(*parts: int, zone: str = "UTC") -> int:
    there = datetime(*parts, tzinfo=ZoneInfo(zone))
    return (there - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: StackedBars(title="t", axis="h", groups=tuple("abcdefghi"), stacks=()),
            "9 groups; a reader can tell at most 8 apart",
        ),
        (
            lambda: StackedBars(title="t", axis="h", groups=("a",), stacks=(Stack(label="x", values=(1.0, 2.0)),)),
            "stack 'x': 1 in `groups`, 2 in `values`",
        ),
        (
            lambda: StackedBars(title="t", axis="h", groups=("a",), stacks=(Stack(label="x", values=(-1.0,)),)),
            "stack 'x' has a negative length: -1",
        ),
        (lambda: Line(label="x", at=(1, 2), values=(1.0,)), "line 'x': 2 in `at`, 1 in `values`"),
        (lambda: Line(label="x", at=(2, 1), values=(1.0, 1.0)), "`at` must ascend"),
        (lambda: Line(label="x", at=(1,), values=(1.0,), low=(0.0,)), "1 in `low`, 0 in `high`"),
        (lambda: Curve(label="x", at=(0.0,), values=()), "curve 'x': 1 in `at`, 0 in `values`"),
        (
            lambda: Spectrum(title="t", above="a", below="b", classes=("x",), begin=(1,), end=(), class_of=(0,)),
            "0 in `end`",
        ),
        (
            lambda: Spectrum(title="t", above="a", below="b", classes=("x",), begin=(1,), end=(2,), class_of=(1,)),
            "numbers that no class has",
        ),
        (
            lambda: Spectrum(
                title="t", above="a", below="b", classes=tuple("abcdefghi"), begin=(), end=(), class_of=()
            ),
            "9 classes; at most 8",
        ),
        (
            lambda: BarTable(title="t", heading="h", labels=("a",), columns=(BarColumn(heading="n", values=()),)),
            "column 'n': 1 in `labels`, 0 in `values`",
        ),
        (
            lambda: Heat(title="t", axis="a", rows=("x",), columns=("y", "z"), values=((1.0,),)),
            "row 'x': 2 in `columns`, 1 in `values`",
        ),
        (lambda: Heat(title="t", axis="a", rows=("x",), columns=(), values=()), "1 in `rows`, 0 in `values`"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("module", [figure, lettering, spectrum, time_axis], ids=lambda m: m.__name__)
def test_examples_in_docstrings_hold(module):
    done = doctest.testmod(module)
    assert done.attempted > 0
    assert done.failed == 0


def test_months_begin_on_the_clock_of_the_zone():
    first, last = micros(2025, 1, 15), micros(2025, 7, 15)
    ticks = date_ticks(first, last, "America/New_York", 8)
    assert [label for _, label in ticks] == ["Feb\n2025", "Mar", "Apr", "May", "Jun", "Jul"]
    assert ticks[0][0] == micros(2025, 2, 1, zone="America/New_York")
    assert ticks[3][0] == micros(2025, 5, 1, zone="America/New_York"), "in summer time"


def test_a_new_year_and_a_new_day_are_named_once():
    labels = [label for _, label in date_ticks(micros(2024, 11, 20), micros(2025, 3, 2), "UTC", 5)]
    assert labels == ["Dec\n2024", "Jan\n2025", "Feb", "Mar"]
    hours = [label for _, label in date_ticks(micros(2025, 3, 1, 20), micros(2025, 3, 2, 4), "UTC", 4)]
    assert hours == ["20:00\n1 Mar", "22:00", "00:00\n2 Mar", "02:00", "04:00"]


def test_weeks_begin_on_mondays():
    ticks = date_ticks(micros(2025, 1, 1), micros(2025, 2, 1), "UTC", 5)
    assert [label for _, label in ticks] == ["6 Jan\n2025", "13 Jan", "20 Jan", "27 Jan"]


@given(
    first=st.integers(0, 4_000_000_000_000_000),
    span=st.integers(1, 3_000_000_000_000_000),
    zone=st.sampled_from(ZONES),
    most=st.integers(1, 12),
)
def test_ticks_lie_inside_ascend_and_are_few(first: int, span: int, zone: str, most: int) -> None:
    ticks = date_ticks(first, first + span, zone, most)
    assert len(ticks) <= most + 2
    assert all(first <= at <= first + span for at, _ in ticks)
    assert all(a < b for a, b in itertools.pairwise(at for at, _ in ticks))


def test_dates_in_words_and_numbers():
    assert date_words(micros(2025, 3, 9, 3, 30), "America/New_York", clock=True) == "8 Mar 2025, 22:30"
    assert date_words(-1, "UTC") == "31 Dec 1969"
    assert days(1.5 * DAY) == 1.5


def test_an_axis_of_one_instant_or_none_has_a_width():
    assert span_of([7 * DAY]) == (6.5 * DAY, 7.5 * DAY)
    first, last = span_of([])
    assert last > first
    assert span_of([3.0, 1.0]) == (1.0, 3.0)


def test_values_may_be_unknown():
    assert math.isnan(Stack(label="x", values=(math.nan,)).values[0])
    StackedBars(title="t", axis="h", groups=("a",), stacks=(Stack(label="x", values=(math.nan,)),))
