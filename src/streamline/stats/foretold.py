"""A level change in a weekly series: what was seen after a date, minus what the weeks before it foretell.

The weeks before are a level, a straight drift, a season where there are years enough to know one, and noise. The noise has two
parts: what a week leaves to the next ones (an autoregression of the first order: queues outlast a week) and what is the week's
own (the luck of its cases, larger where they are fewer). The weeks before alone say what would have come; the weeks
after are only compared with it, so a change that builds up slowly isn't taken for drift.

How strong the noise hangs together can't be known well from a year of weeks, and an interval that takes an estimate of it for
the truth is too narrow. So each of some eighty pairs (autocorrelation from one week to the next, share of the noise that hangs
together) counts by its restricted likelihood; given a pair the gap has Student's distribution
(generalised least squares, prediction of a mean), and the interval is that of the mixture.

Source: Wagner, Soumerai, Zhang and Ross-Degnan 2002, "Segmented regression analysis of interrupted time series studies";
Harville 1974 for the restricted likelihood; the mixture is the usual one of Bayesian prediction (Box and Tiao 1973, ch. 8).
`docs/verification/track.md` holds it to simulated truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.special import stdtr
from scipy.stats import t as student

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Weeks in a year, for the season.
YEAR_WEEKS = 365.25 / 7
#: Weeks from the first to the last before the date, for a season of one wave and of two: two years, and three.
ONE_WAVE, TWO_WAVES = 104, 156
#: Autocorrelations from one week to the next, 0.03 to 0.98, and shares of the noise that hangs together, that are weighed. They
#: are even in how long noise lasts (the logarithm of 1 - rho): even in rho, noise that lasts is thought of too seldom, and
#: with half a year of weeks intervals held 86% where rho was 0.9, instead of 91% (`docs/verification/track.md`).
AUTOCORRELATIONS = 1 - np.exp(-np.linspace(0.03, 3.9, 16))
SHARES = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
#: Weeks beyond the unknowns of the model that an answer needs.
SPARE = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weeks:
    """The weeks of a series: their numbers (ascending, gaps allowed) and how many cases each rests on."""

    week: Int64
    n: Float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelChange:
    """What was seen after the date against what was foretold; means over the weeks after are weighted by their cases."""

    #: Observed minus foretold mean, with its interval.
    change: float
    low: float
    high: float
    #: The means themselves.
    observed: float
    foretold: float
    #: For each week before, what level, drift and season give; for each week after, what was foretold.
    fitted: Float
    ahead: Float
    #: Change a week before the date, with its interval.
    drift: float
    drift_low: float
    drift_high: float
    #: Correlation of the noise from one week to the next, the weighed mean.
    autocorrelation: float
    #: Waves of the season: 0 where the weeks before are too short for one.
    waves: int


def waves_of(week: Int64) -> int:
    """How many waves of a season the weeks before can tell: none under two years, two from three years on."""
    span = int(week[-1] - week[0]) + 1
    return 0 if span < ONE_WAVE else 1 if span < TWO_WAVES else 2


def fewest_before(waves: int = 0) -> int:
    """Weeks before the date that an answer needs: the unknowns of the model and some spare."""
    return 2 + 2 * waves + SPARE


class Foresight:
    """What weeks before foretell of weeks after, whatever their values: made once, asked for any series of these weeks."""

    def __init__(self, before: Weeks, after: Weeks) -> None:
        """Raises ValueError for too few weeks, weeks out of order, and weeks without a case."""
        self.waves = waves_of(before.week)
        if len(before.week) < fewest_before(self.waves) or len(after.week) < 1:
            raise ValueError(f"{len(before.week)} weeks before and {len(after.week)} after are too few.")
        week = np.concatenate([before.week, after.week])
        n = np.concatenate([before.n, after.n])
        if (np.diff(week) <= 0).any() or (n <= 0).any():
            raise ValueError("weeks must ascend, and each must rest on some cases.")
        self._size = len(before.week)
        self._weight = after.n / after.n.sum()
        x = _columns(week, origin=int(before.week[-1]), waves=self.waves)
        self._x = x[: self._size]
        # a week's own noise is as large as that of a usual week before, and larger where its cases are fewer
        own = before.n.mean() / n
        gap = np.abs(week[:, None] - week[None, :])
        self._parts = [
            self._part(share * rho**gap + (1 - share) * np.diag(own), x, rho * share)
            for share in SHARES
            for rho in (AUTOCORRELATIONS if share > 0 else AUTOCORRELATIONS[:1])
        ]
        # the pairs without anything that hangs together are all alike, and stand for as many as the other shares have
        self._prior = np.array([1.0 if share > 0 else float(len(AUTOCORRELATIONS)) for share in SHARES
                                for _ in (AUTOCORRELATIONS if share > 0 else AUTOCORRELATIONS[:1])])  # fmt: skip

    def _part(self, k: Float, x: Float, correlation: float) -> _Part:
        """Everything about one pair that doesn't hang on the values."""
        m = self._size
        factor = cho_factor(k[:m, :m], lower=True)
        inverse = cho_solve(factor, np.eye(m))
        x0, x1 = x[:m], x[m:]
        spread = np.linalg.inv(x0.T @ inverse @ x0)
        solution = spread @ x0.T @ inverse
        carried = k[m:, :m] @ inverse
        ahead = x1 - carried @ x0
        error = k[m:, m:] - carried @ k[:m, m:] + ahead @ spread @ ahead.T
        return _Part(
            solution=solution,
            residual=inverse - inverse @ x0 @ solution,
            foretelling=carried + ahead @ solution,
            week_error=np.diag(error).copy(),
            mean_error=float(self._weight @ error @ self._weight),
            drift_error=float(spread[1, 1]),
            log_size=float(np.log(np.diag(factor[0])).sum() - 0.5 * np.linalg.slogdet(spread)[1]),
            correlation=correlation,
        )

    def level_change(self, before: Float, after: Float, *, level: float = 0.95) -> LevelChange:
        """Compare the values after with what those before foretell.

        before, after : values of the weeks, in their order. level : probability that the intervals claim.
        """
        free, (weight, scale) = self._free, self._weighed(before)
        observed = float(self._weight @ after)
        weekly = np.array([p.foretelling @ before for p in self._parts])
        solution = np.array([p.solution @ before for p in self._parts])
        foretold = weekly @ self._weight

        def bounds(centre: Float, error: Float) -> tuple[float, float]:
            return _mixture_bounds(weight, centre, scale * np.sqrt(error), free, level)

        low, high = bounds(observed - foretold, np.array([p.mean_error for p in self._parts]))
        drift_low, drift_high = bounds(solution[:, 1], np.array([p.drift_error for p in self._parts]))
        mean = float(weight @ foretold)
        return LevelChange(
            change=observed - mean,
            low=low,
            high=high,
            observed=observed,
            foretold=mean,
            fitted=self._x @ (weight @ solution),
            ahead=weight @ weekly,
            drift=float(weight @ solution[:, 1]),
            drift_low=drift_low,
            drift_high=drift_high,
            autocorrelation=float(weight @ np.array([p.correlation for p in self._parts])),
            waves=self.waves,
        )

    def weekly_bounds(self, before: Float, *, level: float = 0.95) -> tuple[Float, Float]:
        """For each week after, between which bounds its own value was foretold to lie: (low, high)."""
        weight, scale = self._weighed(before)
        centre = np.array([p.foretelling @ before for p in self._parts])
        error = scale[:, None] * np.sqrt(np.array([p.week_error for p in self._parts]))
        each = [_mixture_bounds(weight, c, e, self._free, level) for c, e in zip(centre.T, error.T, strict=True)]
        return np.array([e[0] for e in each]), np.array([e[1] for e in each])

    @property
    def _free(self) -> int:
        """Degrees of freedom: weeks before beyond the unknowns."""
        return int(self._size - self._x.shape[1])

    def _weighed(self, before: Float) -> tuple[Float, Float]:
        """For each pair its weight, and the scale of the noise if it holds."""
        squares = np.array([before @ p.residual @ before for p in self._parts])
        # a series without any noise: rounding alone is left, and every pair says the same
        squares = np.maximum(squares, 1e-24 * max(float(before @ before), 1e-300))
        sizes = np.array([p.log_size for p in self._parts])
        log_weight = np.log(self._prior) - sizes - 0.5 * self._free * np.log(squares)
        weight = np.exp(log_weight - log_weight.max())
        return weight / weight.sum(), np.sqrt(squares / self._free)


def difference_of_means(
    before: Float, n_before: Float, after: Float, n_after: Float, *, level: float = 0.95
) -> tuple[float, float, float]:
    """The plain rival: mean after minus mean before, weighted by cases, with Welch's interval over weeks.

    Neither drift nor season is taken out, and weeks are taken for independent. Returns (difference, low, high).
    """

    def mean_and_error(values: Float, n: Float) -> tuple[float, float]:
        share = n / n.sum()
        mean = float(share @ values)
        many = len(values)
        return mean, float((share**2 * (values - mean) ** 2).sum()) * many / (many - 1)

    first, last = mean_and_error(before, n_before), mean_and_error(after, n_after)
    both = first[1] + last[1]
    difference = last[0] - first[0]
    if both == 0:
        return difference, difference, difference
    free = both**2 / (first[1] ** 2 / (len(before) - 1) + last[1] ** 2 / (len(after) - 1))
    half = float(student.ppf((1 + level) / 2, free)) * both**0.5
    return difference, difference - half, difference + half


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """One pair of autocorrelation and share: what it makes of any series, as matrices."""

    solution: Float
    residual: Float
    foretelling: Float
    week_error: Float
    mean_error: float
    drift_error: float
    log_size: float
    correlation: float


def _columns(week: Int64, *, origin: int, waves: int) -> Float:
    """Level, drift in weeks from the last week before, and the waves of the season."""
    since = (week - origin).astype(np.float64)
    angle = 2 * np.pi * since / YEAR_WEEKS
    season = [f(k * angle) for k in range(1, waves + 1) for f in (np.sin, np.cos)]
    return np.column_stack([np.ones(len(week)), since, *season])


def _mixture_bounds(weight: Float, centre: Float, scale: Float, free: int, level: float) -> tuple[float, float]:
    """Where a mixture of Student's distributions leaves (1 - level) / 2 on either side, by halving."""
    kept = weight > 1e-9
    weight, centre, scale = weight[kept] / weight[kept].sum(), centre[kept], scale[kept]
    reach = float(student.ppf((1 + level) / 2, free)) * scale
    found = []
    for p in ((1 - level) / 2, (1 + level) / 2):
        # each part's own quantile: the mixture's lies between the least and the largest
        own = centre - reach if p < 0.5 else centre + reach
        low, high = float(own.min()), float(own.max())
        for _ in range(40):
            middle = (low + high) / 2
            if float(weight @ stdtr(free, (middle - centre) / scale)) < p:
                low = middle
            else:
                high = middle
        found.append((low + high) / 2)
    return found[0], found[1]
