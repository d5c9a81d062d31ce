"""Variants are the groups of equal traces, whatever the keys say."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.sequences import (
    first_likes,
    numbered_likes,
    sequence_groups,
    sequence_key,
    sequence_keys,
    side_by_side,
)

Traces = list[tuple[int, ...]]

#: Few short traces of three activities: most come more than once, many begin like another.
TRACES = st.lists(st.lists(st.integers(0, 2), max_size=5).map(tuple), max_size=40)


def columns(traces: Traces) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """offsets, activity"""
    offsets = np.cumsum([0, *map(len, traces)]).astype(np.int64)
    return offsets, np.array([a for t in traces for a in t], dtype=np.int32)


def slow_groups(traces: Traces, first: int, last: int) -> tuple[list[int], list[int]]:
    """The number of each trace's variant, in order of first appearance, and the first case of each variant."""
    number: dict[tuple[int, ...], int] = {}
    model, variant = [], []
    for case in range(first, last):
        if traces[case] not in number:
            number[traces[case]] = len(number)
            model.append(case)
        variant.append(number[traces[case]])
    return variant, model


def check(traces: Traces, first: int, last: int, *, bits: int = 2, mask: int = 2**64 - 1) -> None:
    offsets, activity = columns(traces)
    group, n, model, keys = sequence_groups(
        offsets[first:last], offsets[first + 1 : last + 1], activity, bits, np.uint64(mask)
    )
    expected, expected_model = slow_groups(traces, first, last)
    assert (group.tolist(), (model + first).tolist()) == (expected, expected_model)
    assert n.tolist() == [expected.count(g) for g in range(len(model))]
    own = [sequence_key(offsets[k], offsets[k + 1], activity, bits) for k in model + first]
    assert keys.tolist() == [[low & mask, high & mask] for low, high in own]


@st.composite
def slices(draw: st.DrawFn) -> tuple[Traces, int, int]:
    traces = draw(TRACES)
    first, last = sorted((draw(st.integers(0, len(traces))), draw(st.integers(0, len(traces)))))
    return traces, first, last


@given(given_=slices())
@settings(max_examples=300, deadline=None)
def test_groups_of_any_slice_are_those_of_the_tuples(given_: tuple[Traces, int, int]) -> None:
    check(*given_)


@given(given_=slices(), mask=st.sampled_from([0, 1, 2**63, 0xFF << 20]))
@settings(max_examples=200, deadline=None)
def test_groups_are_exact_where_keys_collide(given_: tuple[Traces, int, int], mask: int) -> None:
    """With few bits of the keys, or none, the traces themselves tell the groups apart."""
    check(*given_, mask=mask)


@given(
    traces=st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=9).map(tuple), max_size=30),
    bits=st.sampled_from([16, 21, 31]),
)
@settings(max_examples=200, deadline=None)
def test_groups_are_exact_where_some_traces_are_packed_and_others_hashed(traces: Traces, bits: int) -> None:
    """Activities of 16, 21 and 31 bits: up to 6, 6 and 4 steps are packed into a key, longer traces are hashed."""
    check(traces, 0, len(traces), bits=bits)


@pytest.mark.parametrize("n", [1023, 1024, 1025, 4096, 4097, 5000])
@pytest.mark.parametrize("mask", [2**64 - 1, 7])
def test_groups_stay_exact_as_the_table_grows(n: int, mask: int) -> None:
    """n groups, each met three times: before, while and after the table grows (at 1,024 and 4,096). With keys of three
    bits, long runs of collisions are moved at each growth."""
    rng = np.random.default_rng(n)
    new = [(k % 7, k // 7 % 70, k) for k in range(n)]
    seen_again = [new[rng.integers(k + 1)] for k in range(n)]
    traces = [*(t for both in zip(new, seen_again, strict=True) for t in both), *new]
    check(traces, 0, len(traces), bits=13, mask=mask)
    check(traces, n // 2, len(traces), bits=13, mask=mask)


def test_keys_of_all_short_traces_differ() -> None:
    """Hand: of four activities there are 1 + 4 + 16 + 64 + 256 + 1024 + 4096 = 5,461 traces of at most six steps."""
    traces: Traces = [t for length in range(7) for t in product(range(4), repeat=length)]
    assert len(traces) == 5_461
    offsets, activity = columns(traces)
    for bits in (2, 13):  # up to 62 steps in a key, and up to 8
        keys = {sequence_key(a, b, activity, bits) for a, b in pairwise(offsets.tolist())}
        assert len(keys) == 5_461
    check(traces, 0, len(traces))


@pytest.mark.parametrize("bits", [1, 2, 7, 8, 31, 32, 63])
def test_packed_keys_tell_where_the_halves_meet(bits: int) -> None:
    """Traces of as many steps as the halves of a key hold, one more and one less, of the least and the greatest code."""
    half = 63 // bits
    most = min(2**bits - 1, 2**31 - 1)
    lengths = sorted({0, 1, half - 1, half, half + 1, 2 * half - 1, 2 * half, 2 * half + 1})
    traces: Traces = [tuple([code] * n) for n in lengths for code in ((0, most) if n else (0,))]
    offsets, activity = columns(traces)
    keys = {sequence_key(a, b, activity, bits) for a, b in pairwise(offsets.tolist())}
    assert len(keys) == len(traces)
    check(traces, 0, len(traces), bits=bits)


@given(given_=slices())
@settings(deadline=None)
def test_a_key_depends_on_the_trace_alone(given_: tuple[Traces, int, int]) -> None:
    """Not on the case's place, nor on the cases around it."""
    traces, _, _ = given_
    offsets, activity = columns(traces)
    for trace, a, b in zip(traces, offsets, offsets[1:], strict=False):
        alone = np.array(trace, dtype=np.int32)
        for bits in (2, 31):
            assert sequence_key(a, b, activity, bits) == sequence_key(0, len(trace), alone, bits)


@given(given_=slices())
@settings(deadline=None)
def test_sequences_stand_side_by_side(given_: tuple[Traces, int, int]) -> None:
    traces, first, last = given_
    offsets, activity = columns(traces)
    ends, codes = side_by_side(offsets[first:last], offsets[first + 1 : last + 1], activity)
    assert [tuple(codes[a:b].tolist()) for a, b in pairwise(ends)] == traces[first:last]


@given(
    texts=st.lists(st.binary(max_size=3) | st.sampled_from([b"a" * 14, b"a" * 15, b"b" * 15, b"a" * 99]), max_size=40),
    n_parts=st.sampled_from([1, 2, 8]),
    collide=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_first_likes_are_those_of_a_dictionary(texts: list[bytes], n_parts: int, collide: bool) -> None:
    """Bytes: up to 14 are packed into a key, longer texts are hashed; with one key for all of these, they are compared."""
    ends = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    codes = np.frombuffer(b"".join(texts), np.uint8)
    keys = sequence_keys(ends[:-1], ends[1:], codes, 8)
    if collide:
        keys[keys[:, 1] == 0] = 0
    found = np.full(len(texts), -1, dtype=np.int64)
    for part in range(n_parts):
        first_likes(ends[:-1], ends[1:], codes, keys, part, n_parts, found)
    assert found.tolist() == [texts.index(text) for text in texts]
    number, firsts = numbered_likes(found)
    different = list(dict.fromkeys(texts))
    assert [texts[k] for k in firsts] == different
    assert number.tolist() == [different.index(text) for text in texts]
