"""Sums by level beside a slow twin: the whole design as a matrix of zeros and ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.levels import (
    left_out_scores,
    levels_of_groups,
    products_of_groups,
    sums_by_level,
    sums_by_pair,
    sums_of_effects,
    sums_of_groups,
)


@given(
    seed=st.integers(0, 10**6),
    sizes=st.lists(st.integers(0, 6), max_size=8),
    width=st.integers(1, 4),
    p=st.integers(1, 7),
)
@settings(max_examples=200, deadline=None)
def test_they_equal_products_of_matrices(seed: int, sizes: list[int], width: int, p: int) -> None:
    rng = np.random.default_rng(seed)
    bounds = np.cumsum([0, *sizes]).astype(np.int64)
    n = int(bounds[-1])
    columns = rng.integers(-1, p, (n, width)).astype(np.int32)
    design = np.zeros((n, p))
    for i in range(n):
        for j in columns[i]:
            if j >= 0:
                design[i, j] += 1
    left, right, effects = rng.normal(size=n), rng.normal(size=n), rng.normal(size=p)
    scale = rng.normal(size=len(sizes)) * rng.integers(0, 2, len(sizes))
    assert sums_of_effects(columns, effects) == pytest.approx(design @ effects)
    assert sums_by_level(columns, left, p) == pytest.approx(design.T @ left)
    assert sums_by_pair(columns, left, p) == pytest.approx(design.T @ np.diag(left) @ design)
    expected = np.zeros((p, p))
    for g, factor in enumerate(scale):
        own = slice(bounds[g], bounds[g + 1])
        expected += factor * np.outer(design[own].T @ left[own], design[own].T @ right[own])
    assert products_of_groups(bounds, columns, left, right, scale, p) == pytest.approx(expected)


@given(seed=st.integers(0, 10**6), sizes=st.lists(st.integers(0, 5), min_size=2, max_size=8), p=st.integers(1, 5))
@settings(max_examples=200, deadline=None)
def test_scores_without_each_group_equal_the_whole_systems(seed: int, sizes: list[int], p: int) -> None:
    """Each group's system is solved over all effects, with its own information as a matrix."""
    rng = np.random.default_rng(seed)
    bounds = np.cumsum([0, *sizes]).astype(np.int64)
    n = int(bounds[-1])
    columns = np.column_stack([np.zeros(n), rng.integers(-1, p, n)]).astype(np.int32)
    columns[columns[:, 1] == 0, 1] = -1  # each effect once a row
    design = np.zeros((n, p))
    for i in range(n):
        for j in columns[i]:
            if j >= 0:
                design[i, j] = 1
    residual, mean = rng.normal(size=n), rng.uniform(0.1, 1, n)
    pull = rng.uniform(0, 0.05, len(sizes))
    inverse = np.linalg.inv(design.T @ (design * mean[:, None]) + 3 * np.eye(p))
    first, level = levels_of_groups(bounds, columns, p)
    which = rng.random(len(sizes)) < 0.8
    plain = sums_of_groups(bounds, columns, first, level, residual, p)
    got = left_out_scores(bounds, columns, first, level, plain, mean, pull, inverse, which)
    for g in range(len(sizes)):
        rows, own = slice(bounds[g], bounds[g + 1]), level[first[g] : first[g + 1]]
        assert sorted(own) == np.flatnonzero(design[rows].any(axis=0)).tolist()
        score, sums = design[rows].T @ residual[rows], design[rows].T @ mean[rows]
        information = design[rows].T @ (design[rows] * mean[rows, None]) - pull[g] * np.outer(sums, sums)
        assert plain[first[g] : first[g + 1]] == pytest.approx(score[own])
        solution = np.linalg.solve(np.eye(p) - information @ inverse, score) if which[g] else score
        assert got[first[g] : first[g + 1]] == pytest.approx(solution[own])
