"""Variants are the groups of equal traces, whatever the hashes say."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.variants import trace_hashes, variant_groups

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


def check(traces: Traces, first: int, last: int, hashes: npt.NDArray[np.uint64] | None = None) -> None:
    offsets, activity = columns(traces)
    own = trace_hashes(offsets, activity, first, last)
    variant, model = variant_groups(offsets, activity, first, last, own if hashes is None else hashes)
    assert (variant.tolist(), model.tolist()) == slow_groups(traces, first, last)


@st.composite
def slices(draw: st.DrawFn) -> tuple[Traces, int, int]:
    traces = draw(TRACES)
    first, last = sorted((draw(st.integers(0, len(traces))), draw(st.integers(0, len(traces)))))
    return traces, first, last


@given(given_=slices())
@settings(max_examples=300, deadline=None)
def test_groups_of_any_slice_are_those_of_the_tuples(given_: tuple[Traces, int, int]) -> None:
    check(*given_)


@given(given_=slices(), value=st.sampled_from([0, 1, 1023, 2**64 - 1]))
@settings(max_examples=200, deadline=None)
def test_groups_are_exact_where_all_hashes_collide(given_: tuple[Traces, int, int], value: int) -> None:
    """With one hash for every trace the traces themselves tell the groups apart; 1023 is the last slot of the table."""
    _, first, last = given_
    check(*given_, np.full(last - first, value, dtype=np.uint64))


@given(given_=slices())
@settings(max_examples=200, deadline=None)
def test_groups_are_exact_where_some_hashes_collide(given_: tuple[Traces, int, int]) -> None:
    """Hashed by length only, with all lowest bits equal: unequal hashes meet in one slot too."""
    traces, first, last = given_
    check(*given_, np.array([len(t) << 32 for t in traces[first:last]], dtype=np.uint64))


@pytest.mark.parametrize("n", [511, 512, 513, 1024, 1025, 2049, 5000])
@pytest.mark.parametrize("bits", [64, 3])
def test_groups_stay_exact_as_the_table_grows(n: int, bits: int) -> None:
    """n variants, each met three times: before, while and after the table grows (at 512, 1,024, 2,048 and 4,096).
    With hashes of three bits, eight long runs of collisions are moved at each growth."""
    rng = np.random.default_rng(n)
    new = [(k % 7, k // 7 % 70, k) for k in range(n)]
    seen_again = [new[rng.integers(k + 1)] for k in range(n)]
    traces = [*(t for both in zip(new, seen_again, strict=True) for t in both), *new]
    hashes = trace_hashes(*columns(traces), 0, len(traces)) & np.uint64(2**bits - 1)
    check(traces, 0, len(traces), hashes)
    check(traces, n // 2, len(traces), hashes[n // 2 :])


def test_hashes_of_all_short_traces_differ() -> None:
    """Hand: of four activities there are 1 + 4 + 16 + 64 + 256 + 1024 + 4096 = 5,461 traces of at most six steps."""
    traces: Traces = [t for length in range(7) for t in product(range(4), repeat=length)]
    assert len(traces) == 5_461
    assert len(set(trace_hashes(*columns(traces), 0, len(traces)).tolist())) == 5_461
    check(traces, 0, len(traces))


@given(given_=slices())
@settings(deadline=None)
def test_a_hash_depends_on_the_trace_alone(given_: tuple[Traces, int, int]) -> None:
    """Not on the case's place, nor on the cases around it."""
    traces, first, last = given_
    got = trace_hashes(*columns(traces), first, last).tolist()
    assert got == [trace_hashes(*columns([t]), 0, 1)[0] for t in traces[first:last]]
