"""The difference between the means of two groups, with an interval by resampling the units of each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streamline.stats.bootstrap import DRAWS

Float = npt.NDArray[np.float64]

#: Units that a group must have for an interval; with fewer, single ones rule its standard error.
ENOUGH_UNITS = 30
#: From this many units on, the mean of a resample is drawn as the normal number that it then is.
MANY_UNITS = 5_000


class DrawnMeans:
    """The means of resamples of one group, to be compared with those of other groups; drawn once."""

    def __init__(self, values: Float, *, draws: int = DRAWS, seed: int = 1) -> None:
        self.n, self.mean = len(values), float(values.mean()) if len(values) else float("nan")
        self.variance = float(values.var(ddof=1)) / len(values) if len(values) > 1 else float("nan")
        rng = np.random.Generator(np.random.PCG64(seed))
        if self.n < ENOUGH_UNITS:
            self.means = self.variances = np.full(draws, np.nan)
        elif self.n >= MANY_UNITS:
            self.means = self.mean + np.sqrt(self.variance) * rng.standard_normal(draws)
            self.variances = np.full(draws, self.variance)
        else:
            self.means, self.variances = np.empty(draws), np.empty(draws)
            for k in range(draws):
                drawn = values[rng.integers(0, self.n, self.n)]
                self.means[k], self.variances[k] = drawn.mean(), drawn.var(ddof=1) / self.n


def difference_interval(first: DrawnMeans, second: DrawnMeans, *, level: float = 0.95) -> tuple[float, float]:
    """The interval of the first group's mean less the second's; NaN where a group has under 30 units or nothing varies.

    Each resample's difference is studentised by its own standard error (bootstrap-t), the groups being drawn apart.
    Source: Efron and Tibshirani 1993, "An introduction to the bootstrap", sec. 12.5 and 16.2.
    """
    value = first.mean - second.mean
    error = np.sqrt(first.variance + second.variance)
    errors = np.sqrt(first.variances + second.variances)
    if not (np.isfinite(errors).all() and (errors > 0).all() and error > 0):
        return float("nan"), float("nan")
    upper, lower = np.quantile((first.means - second.means - value) / errors, [(1 + level) / 2, (1 - level) / 2])
    return float(value - upper * error), float(value - lower * error)
