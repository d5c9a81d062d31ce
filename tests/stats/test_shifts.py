"""Level shifts: none in noise, as often as stated; real steps where they are; and what can't be told."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from streamline.stats.shifts import FEWEST, MOST, level_shifts


def _noise(rng: np.random.Generator, n: int, correlation: float) -> np.ndarray:
    """Normal noise of variance 1 in which neighbours correlate."""
    steps = rng.standard_normal(n)
    steps[0] /= np.sqrt(1 - correlation**2)
    return lfilter([1.0], [1.0, -correlation], steps) * np.sqrt(1 - correlation**2)


@pytest.mark.parametrize(("n", "correlation"), [(24, 0.0), (24, 0.5), (36, 0.0), (36, 0.3), (48, 0.6)])
def test_noise_shows_a_shift_in_fewer_than_one_in_twenty_series(n: int, correlation: float) -> None:
    """200 series; a rate of 5% may be seen as up to 8.3% (two standard errors)."""
    rng = np.random.default_rng(17)
    alarms = sum(bool(level_shifts(_noise(rng, n, correlation)).at) for _ in range(200))
    assert alarms / 200 <= (0.05 if correlation == 0 else 0.083)


def test_skewed_noise_with_outliers_shows_none_either() -> None:
    """Monthly means of lognormal waits, some of them ten times as long: ranks don't mind."""
    rng = np.random.default_rng(18)
    alarms = 0
    for _ in range(200):
        series = rng.lognormal(2, 1, 30)
        series[rng.integers(30)] *= 10
        alarms += bool(level_shifts(series).at)
    assert alarms / 200 <= 0.05


@pytest.mark.parametrize("correlation", [0.0, 0.3])
def test_a_step_of_three_standard_deviations_is_found_where_it_is(correlation: float) -> None:
    """36 months, up from the 18th on: found within a month of it in at least seven of ten series."""
    rng = np.random.default_rng(19)
    near = 0
    for _ in range(60):
        series = _noise(rng, 36, correlation)
        series[18:] += 3
        near += any(abs(at - 18) <= 1 for at in level_shifts(series).at)
    assert near >= 0.7 * 60


def test_up_and_down_again_is_two_shifts() -> None:
    """Up by five standard deviations for 24 of 72 months: both ends are found in at least eight of ten series."""
    rng, both = np.random.default_rng(20), 0
    for _ in range(20):
        series = 10 + 0.3 * rng.standard_normal(72)
        series[24:48] += 1.5
        both += level_shifts(series).at == (24, 48)
    assert both >= 16


def test_units_do_not_matter() -> None:
    rng = np.random.default_rng(21)
    series = rng.lognormal(1, 0.3, 40)
    series[20:] *= 3
    found = level_shifts(series)
    assert found.at == (20,)
    assert level_shifts(24 * series) == found
    assert level_shifts(np.log(series)) == found


def test_a_constant_series_has_no_shift() -> None:
    assert level_shifts(np.full(30, 4.2)).at == ()


@pytest.mark.parametrize("n", [FEWEST - 1, MOST + 1])
def test_too_short_or_too_long_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match=f"{n} values: level shifts are sought in series of 12 to 400"):
        level_shifts(np.arange(float(n)))
