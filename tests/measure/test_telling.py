"""How many observations tell a change from chance: by hand, against simulated repetitions, and at the edges."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest

from streamline.measure.telling import observations_to_tell


def test_by_hand():
    """Spread 10, 400 before: half width 0.98. A change of 3 needs 3 = 2.80 · sqrt(100/400 + 100/m), so m = 111.5."""
    n = observations_to_tell(-3.0, half_width=1.959964 * 10 / sqrt(400), n_before=400)
    assert n == pytest.approx(100 / ((3 / 2.801585) ** 2 - 100 / 400), rel=1e-4)


def test_four_of_five_repetitions_tell_it():
    """A two-sample z test with so many new observations rejects in about 80% of 4,000 repetitions."""
    rng = np.random.default_rng(7)
    m = round(observations_to_tell(2.0, half_width=1.959964 * 8 / sqrt(300), n_before=300))
    before, after = rng.normal(0, 8, (4000, 300)).mean(1), rng.normal(2, 8, (4000, m)).mean(1)
    told = np.abs(after - before) > 1.959964 * 8 * np.sqrt(1 / 300 + 1 / m)
    assert told.mean() == pytest.approx(0.8, abs=4 * sqrt(0.8 * 0.2 / 4000))


def test_what_today_is_too_uncertain_for_is_never_told():
    assert observations_to_tell(1.0, half_width=1.0, n_before=50) == inf
    assert observations_to_tell(0.0, half_width=0.1, n_before=50) == inf
    assert observations_to_tell(1.0, half_width=0.0, n_before=50) == 1.0


@pytest.mark.parametrize(
    "wrong",
    [{"half_width": -1.0}, {"n_before": 0}, {"level": 1.0}, {"power": 0.0}, {"half_width": float("nan")}],
)
def test_what_is_no_interval_is_refused(wrong):
    with pytest.raises(ValueError, match=r"give no answer|must lie between"):
        observations_to_tell(1.0, **{"half_width": 0.5, "n_before": 50, **wrong})
