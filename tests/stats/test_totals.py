"""Exact sums of counts and of int64 values, beside plain dictionaries of Python's integers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.stats.totals import Totals
from streamline.units import LOW_BITS

#: Occurrences of a key: (key, cases, values). Few keys, so that most come in several rows and parts.
ROWS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 5), st.integers(2**62 - 3, 2**62)),
        st.integers(0, 9),
        st.lists(st.one_of(st.integers(-50, 50), st.integers(-(2**63), 2**63 - 1)), max_size=5),
    ),
    max_size=8,
)
Rows = list[tuple[int, int, list[int]]]


class Slow(NamedTuple):
    """What the totals of one key have to be."""

    n: int
    n_cases: int
    total: int


def totals(rows: Rows) -> tuple[Totals, list[int]]:
    """The totals of the rows, as the kernels hand them over, and the place of each row."""
    got, place = Totals.of(
        key=np.array([key for key, _, _ in rows], dtype=np.int64),
        n=np.array([len(values) for _, _, values in rows], dtype=np.int64),
        n_cases=np.array([cases for _, cases, _ in rows], dtype=np.int64),
        high=np.array([sum(v >> LOW_BITS for v in values) for _, _, values in rows], dtype=np.int64),
        low=np.array([sum(v & ((1 << LOW_BITS) - 1) for v in values) for _, _, values in rows], dtype=np.int64),
    )
    return got, place.tolist()


def slow(rows: Rows) -> dict[int, Slow]:
    found = {key: Slow(0, 0, 0) for key in sorted({key for key, _, _ in rows})}
    for key, cases, values in rows:
        n, n_cases, total = found[key]
        found[key] = Slow(n + len(values), n_cases + cases, total + sum(values))
    return found


def contents(got: Totals) -> dict[int, Slow]:
    """The totals by key, in their order."""
    keys = enumerate(got.key.tolist())
    return {key: Slow(int(got.n[i]), int(got.n_cases[i]), got.exact_sum(i)) for i, key in keys}


def same(one: Totals, two: Totals) -> None:
    """Bit for bit, both halves of the sums as well."""
    for name in ("key", "n", "n_cases", "high", "low"):
        assert np.array_equal(getattr(one, name), getattr(two, name))


def together(*parts: Totals) -> Totals:
    return Totals.merged(parts)[0]


@given(rows=ROWS)
@settings(max_examples=200, deadline=None)
def test_totals_are_those_of_a_dictionary(rows: Rows) -> None:
    got, place = totals(rows)
    expected = slow(rows)
    assert list(contents(got).items()) == list(expected.items())
    assert len(got) == len(expected)
    assert [got.key[p] for p in place] == [key for key, _, _ in rows]
    assert got.sums().tolist() == pytest.approx([float(e.total) for e in expected.values()], rel=1e-15)


@given(rows=ROWS, more=ROWS, rest=ROWS)
@settings(max_examples=200, deadline=None)
def test_merging_is_associative_commutative_and_equal_to_the_whole(rows: Rows, more: Rows, rest: Rows) -> None:
    a, b, c = (totals(r)[0] for r in (rows, more, rest))
    whole = totals([*rows, *more, *rest])[0]
    for got in (together(a, b, c), together(c, a, b), together(together(a, b), c), together(a, together(c, b))):
        same(got, whole)
    assert contents(together(a, a)) == slow([*rows, *rows])


@given(rows=ROWS, more=ROWS)
@settings(max_examples=100, deadline=None)
def test_merging_tells_the_place_of_each_key_of_each_part(rows: Rows, more: Rows) -> None:
    parts = [totals(rows)[0], totals(more)[0]]
    whole, places = Totals.merged(parts)
    assert len(places) == 2
    for part, place in zip(parts, places, strict=True):
        assert whole.key[place].tolist() == part.key.tolist()


@given(rows=ROWS, data=st.data())
@settings(max_examples=100, deadline=None)
def test_recoded_totals_keep_their_numbers_under_other_keys(rows: Rows, data: st.DataObject) -> None:
    """The keys may come in any order; `merged` puts them in theirs. The totals given stay as they were."""
    got, _ = totals(rows)
    old = got.key.tolist()
    new = data.draw(st.lists(st.integers(0, 2**62), min_size=len(old), max_size=len(old), unique=True))
    moved = got.recoded(np.array(new, dtype=np.int64))
    expected = slow(rows)
    assert contents(moved) == {k: expected[was] for k, was in zip(new, old, strict=True)}
    assert list(contents(together(moved))) == sorted(new)
    assert got.key.tolist() == old


def test_sums_beyond_int64_by_hand() -> None:
    """Hand: 1,000 parts of 1,000 values of 2**63 - 1 are 10**6 * 2**63 - 10**6; as int64 it would be -10**6."""
    part = totals([(3, 1, [2**63 - 1] * 1000)])[0]
    whole = together(*[part] * 1000)
    assert contents(whole) == {3: Slow(10**6, 1000, 10**6 * 2**63 - 10**6)}
    assert whole.sums()[0] == pytest.approx(9.223372036854775807e24, rel=1e-15)
    least = together(*[totals([(3, 1, [-(2**63)] * 1000)])[0]] * 1000)
    assert contents(together(whole, least)) == {3: Slow(2 * 10**6, 2000, -(10**6))}
    assert together(whole, least).sums().tolist() == [-1e6]


def test_no_totals_at_all() -> None:
    got, place = totals([])
    assert (len(got), place, got.sums().tolist()) == (0, [], [])
    assert contents(together(got, got)) == {}
