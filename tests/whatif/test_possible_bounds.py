"""Bounds of changes leave no figure under zero and no share over all of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from streamline.whatif.spread import possible


def test_no_change_is_more_than_there_is() -> None:
    names = (("cycle_time.mean", "days"), ("within_standard", "share"), ("contacts_per_case", "contacts per case"))
    measures: Any = SimpleNamespace(names=names, place=[n for n, _ in names].index)
    bounds = np.array([[-5.65, -0.02, -0.1], [0.2, 0.12, 3.0]])
    low, high = possible(measures, np.array([5.41, 0.9, 0.5]), bounds)
    assert np.allclose(low, [-5.41, -0.02, -0.1])
    assert np.allclose(high, [0.2, 0.1, 3.0])  # a figure that isn't a share may grow as far as it does
