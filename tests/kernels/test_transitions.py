"""Counting of transitions, and the table of keys under it, beside dictionaries in plain Python."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.transitions import (
    CASES,
    COUNT,
    HIGH,
    KEY,
    LAST_CASE,
    LOW,
    LOW_BITS,
    MISSING,
    N_TOTALS,
    added,
    slot_of,
    transitions,
    waits_by_transition,
    with_room,
)

Int64 = npt.NDArray[np.int64]

N_ACTIVITIES = 4
#: Keys that repeat, that differ in their upper or lower bits only, and any at all.
KEYS = st.one_of(
    st.integers(0, 40),
    st.integers(0, 40).map(lambda k: k << 32),
    st.integers(0, 40).map(lambda k: 2**62 - k),
    st.integers(0, 2**63 - 1),
)


class KeyTable:
    """The open table of keys, driven as the kernels drive it."""

    def __init__(self) -> None:
        self.keys, self.numbers = np.full(2, -1, np.int64), np.empty(2, np.int32)
        self.totals, self.m = np.zeros((1, N_TOTALS), np.int64), 0

    def count(self, key: int) -> int:
        """Count the key once; the number it has."""
        self.keys, self.numbers, self.totals = with_room(self.keys, self.numbers, self.totals, self.m, 1)
        slot = slot_of(self.keys, key)
        if self.keys[slot] == -1:
            self.m = added(self.keys, self.numbers, self.totals, self.m, slot, key)
        self.totals[self.numbers[slot], COUNT] += 1
        return int(self.numbers[slot])


def same_as_dict(table: KeyTable, counted: dict[int, int]) -> None:
    """The table holds these keys, in this order, with these counts, and finds each of them."""
    assert table.totals[: table.m, KEY].tolist() == list(counted)
    assert table.totals[: table.m, COUNT].tolist() == list(counted.values())
    assert (table.totals[: table.m, LAST_CASE] == -1).all()
    assert not table.totals[table.m :].any()
    assert sorted(table.keys[table.keys != -1].tolist()) == sorted(counted)
    for number, key in enumerate(counted):
        slot = slot_of(table.keys, key)
        assert (table.keys[slot], table.numbers[slot]) == (key, number)


@given(keys=st.lists(KEYS, max_size=150))
@settings(max_examples=150, deadline=None)
def test_the_table_of_keys_is_a_dictionary(keys: list[int]) -> None:
    """From a table of two slots, so that 150 keys make it 256 times as large; numbers are those of first sight."""
    table, counted = KeyTable(), dict[int, int]()
    for key in keys:
        counted[key] = counted.get(key, 0) + 1
        assert table.count(key) == list(counted).index(key)
    same_as_dict(table, counted)


def test_the_table_of_keys_grows_to_thousands() -> None:
    """20,000 different keys, among them runs of neighbours and of multiples of 2**32, which share their lowest bits."""
    rng = np.random.default_rng(1)
    keys = [*range(5_000), *(k << 32 for k in range(1, 5_001)), *rng.integers(0, 2**62, 10_000).tolist()]
    table, counted = KeyTable(), dict[int, int]()
    for key in [*keys, *rng.permutation(keys)[:5_000].tolist()]:
        table.count(key)
        counted[key] = counted.get(key, 0) + 1
    same_as_dict(table, counted)


@given(keys=st.sets(KEYS, max_size=12), absent=KEYS)
@settings(deadline=None)
def test_a_key_that_is_not_there_gets_a_free_slot(keys: set[int], absent: int) -> None:
    table = KeyTable()
    for key in keys - {absent}:
        table.count(key)
    table.keys, _, _ = with_room(table.keys, table.numbers, table.totals, table.m, 1)
    assert table.keys[slot_of(table.keys, absent)] == -1


@given(m=st.integers(0, 20), more=st.integers(0, 40), n_totals=st.integers(1, 12))
@settings(deadline=None)
def test_room_is_for_half_of_the_slots_and_all_of_the_totals(m: int, more: int, n_totals: int) -> None:
    """16 slots hold 8 keys, or as many as have totals: up to there the table stays itself, beyond there is room for
    all asked."""
    table = KeyTable()
    table.keys, table.numbers = np.full(16, -1, np.int64), np.empty(16, np.int32)
    table.totals = np.zeros((n_totals, N_TOTALS), np.int64)
    for key in range(min(m, 8, n_totals)):
        table.count(key)
    keys, numbers, totals = with_room(table.keys, table.numbers, table.totals, table.m, more)
    if table.m + more <= min(8, n_totals):
        assert np.shares_memory(keys, table.keys)
        assert np.shares_memory(totals, table.totals)
    assert len(keys) == len(numbers) >= 2 * (table.m + more)
    assert len(keys).bit_count() == 1
    assert len(totals) >= table.m + more
    assert totals[: table.m].tolist() == table.totals[: table.m].tolist()
    assert sorted(keys[keys != -1].tolist()) == list(range(table.m))


class Step(NamedTuple):
    activity: int
    start: int | None
    complete: int


Cases = list[list[Step]]
Waits = dict[tuple[int, int], list[int]]


def cases_of(instants: st.SearchStrategy[int]) -> st.SearchStrategy[Cases]:
    step = st.builds(Step, st.integers(0, N_ACTIVITIES - 1), st.one_of(st.none(), instants), instants)
    return st.lists(st.lists(step, max_size=8), max_size=6)


#: Starts and completions in any order, so that many waits are negative.
CASES_ = cases_of(st.integers(-3, 12))
#: Instants between which a wait has almost 63 bits: three of them overflow a sum of int64.
ENORMOUS = cases_of(st.sampled_from([-(2**62) + 1, -(2**62) + 12_345, 0, 2**62 - 54_321, 2**62 - 1]))


def columns(cases: Cases) -> tuple[Int64, npt.NDArray[np.int32], Int64, Int64]:
    """offsets, activity, start, complete"""
    steps = [s for case in cases for s in case]
    return (
        np.cumsum([0, *map(len, cases)]).astype(np.int64),
        np.array([s.activity for s in steps], dtype=np.int32),
        np.array([MISSING if s.start is None else s.start for s in steps], dtype=np.int64),
        np.array([s.complete for s in steps], dtype=np.int64),
    )


def slow_transitions(cases: Cases, first: int, last: int) -> tuple[Waits, list[int], list[list[int]]]:
    """The waits of each pair of activities, in order of first appearance; the number of the pair that leads to each
    step; and for each pair the cases it occurs in."""
    waits: Waits = {}
    within: dict[tuple[int, int], set[int]] = {}
    number: list[int] = []
    for k in range(first, last):
        number += [-1] if cases[k] else []
        for one, two in pairwise(cases[k]):
            pair = (one.activity, two.activity)
            begun = two.complete if two.start is None else two.start
            waits.setdefault(pair, []).append(begun - one.complete)
            within.setdefault(pair, set()).add(k)
            number.append(list(waits).index(pair))
    return waits, number, [sorted(k) for k in within.values()]


def check(cases: Cases, first: int, last: int) -> None:
    """Counts, exact sums, numbers and waits of the cases `first` to `last` equal the slow ones."""
    offsets, activity, start, complete = columns(cases)
    totals, number = transitions(offsets, activity, start, complete, N_ACTIVITIES, first, last)
    waits, numbers, within = slow_transitions(cases, first, last)
    assert totals[:, KEY].tolist() == [a * N_ACTIVITIES + b for a, b in waits]
    assert totals[:, COUNT].tolist() == [len(w) for w in waits.values()]
    assert totals[:, CASES].tolist() == [len(k) for k in within]
    sums = [(int(high) << LOW_BITS) + int(low) for high, low in totals[:, [HIGH, LOW]]]
    assert sums == [sum(w) for w in waits.values()]
    assert number.tolist() == numbers
    bounds, side_by_side = waits_by_transition(offsets, start, complete, first, last, number, totals[:, COUNT].copy())
    assert len(bounds) == len(waits) + 1
    assert [side_by_side[a:b].tolist() for a, b in pairwise(bounds)] == list(waits.values())
    assert len(side_by_side) == bounds[-1]


@st.composite
def slices(draw: st.DrawFn, of: st.SearchStrategy[Cases]) -> tuple[Cases, int, int]:
    cases = draw(of)
    first, last = sorted((draw(st.integers(0, len(cases))), draw(st.integers(0, len(cases)))))
    return cases, first, last


@given(given_=slices(CASES_))
@settings(max_examples=300, deadline=None)
def test_transitions_of_any_slice_equal_their_twin(given_: tuple[Cases, int, int]) -> None:
    """Negative waits, missing starts, cases without steps, and slices of no case are all common here."""
    check(*given_)
    check(given_[0], 0, len(given_[0]))


@given(given_=slices(ENORMOUS))
@settings(max_examples=200, deadline=None)
def test_sums_beyond_int64_are_exact(given_: tuple[Cases, int, int]) -> None:
    check(*given_)


def test_a_sum_beyond_int64_by_hand() -> None:
    """Hand: four waits of 2**63 - 2 microseconds, from -(2**62) + 1 to 2**62 - 1, are 2**65 - 8; an int64 ends at
    2**63 - 1."""
    early, late = -(2**62) + 1, 2**62 - 1
    cases = [[Step(0, None, early), Step(1, late, late)]] * 4
    totals, _ = transitions(*columns(cases), N_ACTIVITIES, 0, 4)
    assert (int(totals[0, HIGH]) << LOW_BITS) + int(totals[0, LOW]) == 2**65 - 8


@pytest.mark.parametrize("n_short", [0, 40])
def test_a_case_through_5000_activities_makes_the_tables_grow(n_short: int) -> None:
    """One case walks through 5,000 activities, twice: 5,000 pairs, the last to the first among them, each twice but
    that one; short cases before it have filled the first tables, those after it find their pairs again."""
    n = 5_000
    trace = [*range(n), *range(n)]
    short = [[k, k + 2] for k in range(n_short)]
    traces = [*short, trace, *short]
    offsets = np.cumsum([0, *map(len, traces)]).astype(np.int64)
    activity = np.array([a for t in traces for a in t], dtype=np.int32)
    complete = np.arange(len(activity), dtype=np.int64) ** 2
    totals, number = transitions(offsets, activity, np.full_like(complete, MISSING), complete, n, 0, len(traces))
    pairs = [pair for t in traces for pair in pairwise(t)]
    met = dict.fromkeys(pairs, 0)
    for pair in pairs:
        met[pair] += 1
    assert totals[:, KEY].tolist() == [a * n + b for a, b in met]
    assert totals[:, COUNT].tolist() == list(met.values())
    assert totals[:, CASES].tolist() == [2 if b - a == 2 else 1 for a, b in met]
    assert len(met) == n + n_short
    place = {pair: e for e, pair in enumerate(met)}
    assert number[number >= 0].tolist() == [place[pair] for pair in pairs]
    waits = np.diff(complete)[np.isin(np.arange(1, len(activity)), offsets, invert=True)]
    bounds, side_by_side = waits_by_transition(
        offsets, np.full_like(complete, MISSING), complete, 0, len(traces), number, totals[:, COUNT].copy()
    )
    sums = [(int(high) << LOW_BITS) + int(low) for high, low in totals[:, [HIGH, LOW]]]
    assert sums == [int(side_by_side[a:b].sum()) for a, b in pairwise(bounds)]
    assert side_by_side.sum() == waits.sum()


def test_many_short_cases_make_the_tables_grow() -> None:
    """400 cases of 30 steps among 150 activities: some 9,000 pairs, so the tables grow between cases, not within one."""
    rng = np.random.default_rng(2)
    activity = rng.integers(0, 150, 12_000).astype(np.int32)
    offsets, complete = np.arange(0, 12_001, 30), rng.integers(0, 100, 12_000)
    totals, _ = transitions(offsets, activity, np.full(12_000, MISSING), complete, 150, 0, 400)
    counts: dict[int, int] = {}
    for first, last in pairwise(offsets.tolist()):
        for a, b in pairwise(activity[first:last].tolist()):
            counts[a * 150 + b] = counts.get(a * 150 + b, 0) + 1
    assert dict(zip(totals[:, KEY].tolist(), totals[:, COUNT].tolist(), strict=True)) == counts
    assert totals[:, KEY].tolist() == list(counts)


def test_codes_of_31_bits_make_keys_of_62() -> None:
    """Hand: of 2**31 activities the last, twice: the key is (2**31 - 1) * 2**31 + 2**31 - 1 = 2**62 - 1."""
    activity = np.full(2, 2**31 - 1, dtype=np.int32)
    totals, _ = transitions(np.array([0, 2]), activity, np.full(2, MISSING), np.array([3, 5]), 2**31, 0, 1)
    assert totals[:, [KEY, COUNT, CASES, HIGH, LOW]].tolist() == [[2**62 - 1, 1, 1, 0, 2]]
