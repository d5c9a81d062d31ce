"""Rows one by one are indexed like the array of their numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.log.raw import RowsOneByOne


@given(n=st.integers(0, 9), first=st.integers(0, 5), data=st.data())
@settings(max_examples=200, deadline=None)
def test_rows_are_those_of_the_array(n: int, first: int, data: st.DataObject) -> None:
    rows, array = RowsOneByOne(first, n), np.arange(first, first + n)
    assert len(rows) == n
    assert np.asarray(rows).tolist() == array.tolist()
    assert np.searchsorted(rows, first + 2) == np.searchsorted(array, first + 2)
    key = data.draw(st.slices(n))
    assert np.asarray(rows[key]).tolist() == array[key].tolist()
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=np.bool_)
    assert rows[mask].tolist() == array[mask].tolist()
    places = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=5)) if n else [], dtype=np.int64)
    assert rows[places].tolist() == array[places].tolist()
    for place in range(-n, n):
        assert rows[place] == array[place]


@pytest.mark.parametrize("place", [3, -4, np.array([0, 3])])
def test_a_place_beyond_the_rows_is_refused(place: object) -> None:
    with pytest.raises(IndexError):
        RowsOneByOne(1, 3)[place]


def test_all_of_the_rows_take_no_memory() -> None:
    rows = RowsOneByOne(1, 10**15)
    assert rows[:] is rows
    assert rows[np.array([10**14])].tolist() == [10**14 + 1]
