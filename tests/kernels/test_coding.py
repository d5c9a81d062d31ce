"""Columns of codes, and times of day, beside plain Python."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.clock import any_after, any_equal, any_other, at_midnight
from streamline.kernels.coding import codes_held, gathered, gathered_codes, recode_in_place, recoded
from streamline.units import DAY

N = 6
CODES = st.lists(st.integers(-1, N - 1), max_size=40)


@given(codes=CODES)
@settings(deadline=None)
def test_codes_held_are_those_of_a_set(codes: list[int]) -> None:
    held = codes_held(np.array(codes, dtype=np.int32), N)
    assert held.dtype == np.bool_
    assert held.tolist() == [code in set(codes) for code in range(N)]


def test_no_codes_are_held_by_no_rows() -> None:
    assert codes_held(np.zeros(0, np.int32), 3).tolist() == [False] * 3
    assert codes_held(np.full(2, -1, np.int32), 0).tolist() == []


@given(codes=CODES, place=st.lists(st.integers(-1, 2**31 - 1), min_size=N, max_size=N))
@settings(deadline=None)
def test_recoded_is_a_look_up(codes: list[int], place: list[int]) -> None:
    """A code may get the place -1 (it is left out); a row without a code, -1, stays so and never takes the last one."""
    given_ = np.array(codes, dtype=np.int32)
    expected = [-1 if code < 0 else place[code] for code in codes]
    got = recoded(given_, np.array(place, dtype=np.int32))
    assert got.dtype == np.int32
    assert got.tolist() == expected
    assert given_.tolist() == codes
    recode_in_place(given_, np.array(place, dtype=np.int32))
    assert given_.tolist() == expected


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.bool_, np.float64])
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_gathered_is_a_look_up_of_places(dtype: type[np.generic], data: st.DataObject) -> None:
    """Places may repeat, be left out, and come in any order."""
    values = np.array(data.draw(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=30))).astype(dtype)
    order = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=40))
    before = values.tolist()
    got = gathered(values, np.array(order, dtype=np.int64))
    assert got.dtype == dtype
    assert got.tolist() == [before[i] for i in order]
    assert values.tolist() == before


@given(codes=st.lists(st.integers(-1, 3), min_size=1, max_size=9), data=st.data())
@settings(deadline=None)
def test_gathered_codes_are_those_of_their_places(codes: list[int], data: st.DataObject) -> None:
    order = data.draw(st.lists(st.integers(0, len(codes) - 1), max_size=12))
    place = data.draw(st.lists(st.integers(-1, 5), min_size=4, max_size=4))
    got = gathered_codes(*(np.array(c, dtype=np.int32) for c in (codes, place)), np.array(order, dtype=np.int64))
    assert got.tolist() == [place[codes[i]] if codes[i] >= 0 else -1 for i in order]


@given(pairs=st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), max_size=6), value=st.integers(-2, 2))
@settings(deadline=None)
def test_any_is_said_of_values_as_of_a_list(pairs: list[tuple[int, int]], value: int) -> None:
    one, two = (np.array([p[j] for p in pairs], dtype=np.int64) for j in range(2))
    assert any_after(one, two) == any(a > b for a, b in pairs)
    assert any_equal(one, value) == any(a == value for a, _ in pairs)
    assert any_other(one, value) == any(a != value for a, _ in pairs)


#: Microseconds since 1970, before it too: whole days, off them by one or by a power of 2, and anything else.
LOCAL = st.builds(
    lambda day, off: day * DAY + off,
    st.integers(-700_000, 2_900_000),
    st.one_of(st.sampled_from([0, 0, 1, -1, *(1 << k for k in range(10, 20))]), st.integers(0, DAY - 1)),
)


@given(local=st.lists(LOCAL, max_size=30))
@settings(deadline=None)
def test_midnight_is_that_of_the_calendar(local: list[int]) -> None:
    """From the year 53 to 9909, by Python's own calendar."""
    times = [datetime(1970, 1, 1) + timedelta(microseconds=t) for t in local]  # noqa: DTZ001
    expected = [(t.hour, t.minute, t.second, t.microsecond) == (0, 0, 0, 0) for t in times]
    assert at_midnight(np.array(local, dtype=np.int64)).tolist() == expected


def test_midnight_before_1970_by_hand() -> None:
    """Hand: -1 µs is 23:59:59.999999 on 31 December 1969; -1 day is its midnight; -12 hours is its noon."""
    assert at_midnight(np.array([0, -1, -DAY, -DAY // 2, -DAY + 1, DAY - 1])).tolist() == [
        True, False, True, False, False, False,
    ]  # fmt: skip
