"""Quantiles of values in pieces: exact within the budget; beyond it, what must hold exactly and how often the bound does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from streamline.stats.streams import QuantileSketch

Int64 = npt.NDArray[np.int64]
Groups = dict[int, list[int]]

ASKED = (0.0, 0.1, 0.25, 0.5, 0.9, 1.0)
N_GROUPS = 4
#: Differences between two of these still fit an int64.
VALUES = st.one_of(st.integers(-9, 9), st.integers(-(2**62) + 1, 2**62 - 1))
#: A part of the values: some of the groups, in any order, each with some values or none.
PART = st.dictionaries(st.integers(0, N_GROUPS - 1), st.lists(VALUES, max_size=12), max_size=N_GROUPS)
PARTS = st.lists(PART, min_size=1, max_size=5)


def sketch(groups: Sequence[Iterable[int]], **options: int) -> QuantileSketch:
    arrays = [np.asarray(g, dtype=np.int64).reshape(-1) for g in groups]
    bounds = np.cumsum([0, *map(len, arrays)]).astype(np.int64)
    return QuantileSketch.exact(bounds, np.concatenate([np.zeros(0, np.int64), *arrays]), **options)


def lifted(part: Groups, **options: int) -> QuantileSketch:
    """The part's groups in their own order, moved to their places among all groups."""
    place = np.array(list(part), dtype=np.int64)
    return QuantileSketch.merged([sketch(list(part.values()), **options)], [place], N_GROUPS)


def merged(*parts: QuantileSketch) -> QuantileSketch:
    """Parts of the same groups together."""
    return QuantileSketch.merged(parts, [np.arange(parts[0].n_groups)] * len(parts), parts[0].n_groups)


def held(got: QuantileSketch) -> list[list[tuple[int, int]]]:
    """For each group the (level, value) of all values that it holds, in order."""
    found: list[list[tuple[int, int]]] = [[] for _ in range(got.n_groups)]
    for piece in got.pieces:
        for j, group in enumerate(piece.groups.tolist()):
            found[group] += [(piece.level, v) for v in piece.of(j).tolist()]
    return [sorted(members) for members in found]


def same(one: QuantileSketch, two: QuantileSketch) -> None:
    """Bit for bit: quantiles, counts, errors and what is held."""
    assert np.array_equal(one.quantiles(ASKED), two.quantiles(ASKED), equal_nan=True)
    assert np.array_equal(one.count, two.count)
    assert np.array_equal(one.rank_error(), two.rank_error())
    assert held(one) == held(two)


def as_numpy(got: QuantileSketch, groups: Sequence[Iterable[int]]) -> None:
    """Linear quantiles as numpy's, to 1e-12 of the largest value; NaN for groups without values."""
    for row, values in zip(got.quantiles(ASKED), groups, strict=True):
        array = np.asarray(values, dtype=np.int64)
        expected = np.quantile(array, ASKED) if len(array) else np.full(len(ASKED), np.nan)
        size = float(np.abs(array).max()) if len(array) else 0.0
        np.testing.assert_allclose(row, expected, rtol=1e-12, atol=1e-12 * size)


def weights_are_counts(got: QuantileSketch) -> None:
    assert [sum(1 << level for level, _ in members) for members in held(got)] == got.count.tolist()


@given(groups=st.lists(st.lists(VALUES, max_size=30), max_size=6))
@settings(max_examples=200, deadline=None)
def test_exact_quantiles_are_those_of_numpy(groups: list[list[int]]) -> None:
    got = sketch(groups)
    as_numpy(got, groups)
    assert got.count.tolist() == [len(g) for g in groups]
    assert got.rank_error().tolist() == [0.0] * len(groups)
    assert got.is_exact


def test_exact_quantiles_of_groups_around_and_over_2048_values() -> None:
    """Up to 2,048 values are sorted whole, of more only those wanted are found; groups of both kinds and empty ones."""
    rng = np.random.default_rng(1)
    groups = [rng.integers(-(10**12), 10**12, n) for n in (0, 1, 2047, 2048, 2049, 0, 5000, 20_001)]
    groups += [np.sort(groups[6]), np.sort(groups[6])[::-1], np.zeros(3000, np.int64), rng.integers(0, 3, 4000)]
    as_numpy(sketch(groups), groups)


@given(parts=PARTS, data=st.data())
@settings(max_examples=200, deadline=None)
def test_exact_sketches_merge_in_any_order_and_grouping(parts: list[Groups], data: st.DataObject) -> None:
    """With a budget of exactly the values there are, any tree of merges equals the sketch of all values, bit for bit."""
    whole: list[list[int]] = [[v for p in parts for v in p.get(g, [])] for g in range(N_GROUPS)]
    budget = sum(map(len, whole))
    left = [lifted(p, budget=budget) for p in parts]
    while len(left) > 1:
        one = left.pop(data.draw(st.integers(0, len(left) - 1)))
        two = left.pop(data.draw(st.integers(0, len(left) - 1)))
        left.append(merged(one, two))
    same(left[0], sketch(whole, budget=budget))
    same(merged(*(lifted(p, budget=budget) for p in parts)), left[0])
    as_numpy(left[0], whole)


def test_one_value_over_the_budget_is_compacted() -> None:
    """Hand: 20 values of a capacity of 8 become 10 of weight 2, which are over 8 too, then 5 of weight 4: squares
    1 + 4 = 5, rank error sqrt(2 ln(2 / 0.01) * 5) / 20 at 99%. What is left are every fourth of 0 to 19."""
    assert sketch([range(20)], budget=20, capacity=8).is_exact
    got = sketch([range(20)], budget=19, capacity=8)
    (members,) = held(got)
    assert members in [[(2, v) for v in range(first, 20, 4)] for first in range(4)]
    assert got.rank_error()[0] == pytest.approx(math.sqrt(2 * math.log(200) * 5) / 20)
    assert got.rank_error(level=0.5)[0] == pytest.approx(math.sqrt(2 * math.log(4) * 5) / 20)
    assert (got.count.tolist(), got.is_exact) == ([20], False)


@given(parts=st.lists(PART, min_size=2, max_size=4), more=st.integers(9, 120), budget=st.integers(0, 60))
@settings(max_examples=150, deadline=None)
def test_beyond_the_budget_merging_commutes_and_counts_stay_exact(parts: list[Groups], more: int, budget: int) -> None:
    """Bit for bit, whatever is compacted; weights add up to the counts; groups that weren't compacted stay exact."""
    parts[0] = {**parts[0], 0: list(range(more))}
    whole = [[v for p in parts for v in p.get(g, [])] for g in range(N_GROUPS)]
    sketches = [lifted(p, budget=budget, capacity=8) for p in parts]
    one = merged(*sketches)
    for order in permutations(sketches):
        same(one, merged(*order))
    same(merged(sketches[0], sketches[1]), merged(sketches[1], sketches[0]))
    weights_are_counts(one)
    assert one.count.tolist() == [len(g) for g in whole]
    for group, members in enumerate(held(one)):
        exact = all(level == 0 for level, _ in members)
        assert (one.rank_error()[group] == 0) == exact
        assert {v for _, v in members} <= set(whole[group])
        if exact:
            as_numpy(sketch([[v for _, v in members]]), [whole[group]])
    assert one.n_held <= sum(map(len, whole))


def test_what_is_held_stays_bounded() -> None:
    """Three groups of very different sizes, given at once or in a hundred chunks: at any time under 4 × the capacity
    each, whatever the number of values."""
    rng, capacity = np.random.default_rng(2), 128
    for n in (1_000, 10_000, 100_000, 1_000_000):
        groups = [rng.integers(0, 10**9, size) for size in (n, n // 10, 20)]
        got = sketch([[], [], []], budget=10, capacity=capacity)
        for chunk in range(100):
            got = merged(got, sketch([g[chunk::100] for g in groups], budget=10, capacity=capacity))
            assert max(map(len, held(got))) < 4 * capacity
        for whole in (got, sketch(groups, budget=10, capacity=capacity)):
            assert max(map(len, held(whole))) < 4 * capacity
            assert whole.count.tolist() == [n, n // 10, 20]
            assert whole.rank_error()[2] == 0
            weights_are_counts(whole)


def test_the_same_values_give_the_same_sketch() -> None:
    """Whatever was drawn from numpy's generator meanwhile."""
    values = np.random.default_rng(3).integers(0, 10**6, 50_000)
    one = sketch([values], budget=100, capacity=64)
    np.random.default_rng().random(7)
    same(one, sketch([values.copy()], budget=100, capacity=64))


def test_integers_up_to_2_to_the_62_are_kept_exactly() -> None:
    """Neighbours that a float can't tell apart stay apart, also where they are compacted."""
    values = 2**62 - np.arange(1000)
    assert [v for _, v in held(sketch([values]))[0]] == sorted(values.tolist())
    kept = {v for _, v in held(sketch([values], budget=10, capacity=16))[0]}
    assert kept < set(values.tolist())
    assert len(kept) > 10


def test_the_coin_is_fair() -> None:
    """2m values of a capacity of 2m - 1 are compacted once, and the least one left is 0 or 1 by the coin. Of 1,000
    coins about 500 are heads, with a standard deviation of 15.8; four of those are allowed."""
    coins = [held(sketch([range(2 * m)], budget=0, capacity=2 * m - 1))[0][0][1] for m in range(5, 1005)]
    assert set(coins) == {0, 1}
    assert abs(sum(coins) - 500) < 4 * 15.8


DATA: dict[str, Callable[[np.random.Generator, int], Int64]] = {
    "skewed": lambda rng, n: (rng.lognormal(10, 2, n)).astype(np.int64),
    "sorted": lambda rng, n: np.sort(rng.integers(-(10**9), 10**9, n)),
    "reversed": lambda rng, n: np.sort((rng.exponential(1e6, n)).astype(np.int64))[::-1],
    "ties": lambda rng, n: rng.integers(0, 12, n) ** 3,
}


def off(values: Int64, found: float, asked: float) -> float:
    """How far the rank of the value found (of ties, any of theirs) is from the one asked for, as a share."""
    below, through = (values < found).mean(), (values <= found).mean()
    return float(max(below - asked, asked - through, 0.0))


def misses(runs: Iterable[tuple[Int64, QuantileSketch]]) -> tuple[int, int, float]:
    """Of the medians and 90th percentiles of these sketches the worse number that are off by more than their rank error
    at 99%, the number of sketches, and the largest error met."""
    missed, n, worst = [0, 0], 0, 0.0
    for values, got in runs:
        bound = got.rank_error(level=0.99)[0]
        assert 0 < bound < 0.25  # says something
        for k, (asked, found) in enumerate(zip((0.5, 0.9), got.quantiles([0.5, 0.9])[0], strict=True)):
            error = off(values, found, asked)
            missed[k] += error > bound
            worst = max(worst, error)
        n += 1
    return max(missed), n, worst


def allowed(n: int) -> int:
    """Misses of a bound that holds with exactly 99%: more than these come less than once in 1,000 times. 8 of 200."""
    return int(binom.ppf(0.999, n, 0.01))


@pytest.mark.parametrize("kind", DATA)
def test_the_bound_holds_as_often_as_it_says(kind: str) -> None:
    """200 sets of values of 200 sizes (the coin depends on the size): at least 99% within, less the binomial
    tolerance of `allowed`. Half of them come at once, half in chunks of 500."""

    def runs() -> Iterable[tuple[Int64, QuantileSketch]]:
        for k in range(200):
            values = DATA[kind](np.random.default_rng([k, 7]), 4_000 + 61 * k)
            got = sketch([values if k % 2 else values[:500]], budget=64, capacity=64)
            for first in range(500, 0 if k % 2 else len(values), 500):
                got = merged(got, sketch([values[first : first + 500]], budget=64, capacity=64))
            yield values, got

    missed, n, worst = misses(runs())
    assert n == 200
    assert missed <= allowed(n)
    assert worst > 0  # nothing exact was looked at


def balanced(parts: list[QuantileSketch]) -> QuantileSketch:
    while len(parts) > 1:
        parts = [merged(*parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return parts[0]


def left_deep(parts: list[QuantileSketch]) -> QuantileSketch:
    got = parts[0]
    for part in parts[1:]:
        got = merged(got, part)
    return got


@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize("shape", [balanced, left_deep, lambda parts: merged(*parts)])
def test_the_bound_holds_for_any_tree_of_merges(shape: Callable[..., QuantileSketch], equal: bool) -> None:
    """100 logs of 16 parts, of one size or of many, in order and shuffled; `allowed` says how many misses may be."""

    def runs() -> Iterable[tuple[Int64, QuantileSketch]]:
        for k, kind in enumerate(list(DATA) * 25):
            rng = np.random.default_rng([k, 8])
            values = DATA[kind](rng, 16 * (300 + k))
            cuts = np.arange(1, 16) * (300 + k) if equal else np.sort(rng.integers(0, len(values), 15))
            parts = [sketch([part], budget=64, capacity=64) for part in np.split(values, cuts)]
            for order in (range(16), rng.permutation(16)):
                yield values, shape([parts[i] for i in order])

    missed, n, _ = misses(runs())
    assert n == 200
    assert missed <= allowed(n)


def test_the_bound_holds_for_many_parts_of_one_size() -> None:
    """200 parts of 4,000 values, each over the budget of 3,999; what they hold together is within it, so the whole has
    the compactions of its parts only, and those have to be independent of each other for the bound to hold."""

    def runs() -> Iterable[tuple[Int64, QuantileSketch]]:
        for k in range(20):
            values = np.random.default_rng([k, 9]).integers(0, 10**9, 200 * (4_000 + k))
            parts = [sketch([v], budget=3_999, capacity=8) for v in np.split(values, 200)]
            yield values, merged(*parts)

    missed, n, _ = misses(runs())
    assert missed <= allowed(n)
