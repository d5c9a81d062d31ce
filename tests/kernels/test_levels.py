"""Sums by level beside a slow twin: the whole design as a matrix of zeros and ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.levels import products_of_groups, sums_by_level, sums_by_pair, sums_of_effects


@given(
    seed=st.integers(0, 10**6), sizes=st.lists(st.integers(0, 6), max_size=8), width=st.integers(1, 4), p=st.integers(1, 7)
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
