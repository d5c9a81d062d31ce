"""What goes together with what: levels of a factor against the other cases, with intervals, tests and false discoveries.

A *factor* is a column of codes, one a case; its *levels* are the values. Each level is set against all other cases. Nothing here
tells a cause.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, rankdata
from scipy.stats import t as student

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Units that are resampled or summed as one (such as weeks of arrivals) from which an interval is given.
FEWEST_CLUSTERS = 10
#: With a smaller expected count in any of the four cells the exact test is taken.
SMALL_COUNT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """Risk ratios, one a level: the share within it over that of all other cases."""

    ratio: Float
    low: Float
    high: Float
    p_value: Float


def share_ratios(hits: Int64, n: Int64, *, level: float = 0.95) -> Ratios:
    """Set the share of hits in each level of a factor against that of all other levels together.

    hits, n : (k,) hits and cases in each level. Cases are independent of each other.

    Returns Ratios with score intervals, which hold their level with few or no hits (a bound is infinite where the others
    have none); NaN where there is nothing to compare. The test is the score test, with small expected counts Fisher's.
    Source: Miettinen and Nurminen 1985; Fagerland, Lydersen and Laake 2015.
    """
    from scipy.stats import fisher_exact
    from statsmodels.stats.proportion import test_proportions_2indep

    k, all_hits, all_n = len(n), int(hits.sum()), int(n.sum())
    ratio, low, high, p = (np.full(k, np.nan) for _ in range(4))
    for j in range(k):
        mine, size, other, rest = int(hits[j]), int(n[j]), all_hits - int(hits[j]), all_n - int(n[j])
        if not (size and rest and 0 < all_hits < all_n):
            continue
        expected = min(size, rest) * min(all_hits, all_n - all_hits) / all_n
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio[j] = np.divide(mine / size, other / rest)
            low[j], high[j] = _score_bounds(mine, size, other, rest, level)
            if expected < SMALL_COUNT:
                p[j] = fisher_exact([[mine, size - mine], [other, rest - other]]).pvalue
            else:
                p[j] = test_proportions_2indep(mine, size, other, rest, method="score", compare="diff").pvalue
    return Ratios(ratio=ratio, low=low, high=high, p_value=p)


def _score_bounds(mine: int, size: int, other: int, rest: int, level: float) -> tuple[float, float]:
    """The ratios between mine / size and other / rest that a score test doesn't refute; not all or none of them are hits.

    The library's own search (`confint_proportions_2indep`) goes astray where all of either side are hits.
    """
    from scipy.optimize import brentq

    z = norm.ppf((1 + level) / 2)

    def score(log_ratio: float, beyond: float) -> float:
        ratio = np.exp(log_ratio)
        # the likeliest shares whose ratio is this one
        half = size * ratio + mine + rest + other * ratio
        root = np.sqrt(max(half**2 - 4 * (size + rest) * ratio * (mine + other), 0.0))
        below = min(2 * (mine + other) / (half + root), 1.0)
        above = min(ratio * below, 1.0)
        variance = above * (1 - above) / size + ratio**2 * below * (1 - below) / rest
        error = np.sqrt(variance * (size + rest) / (size + rest - 1))
        return float(mine / size - ratio * other / rest - beyond * error)

    # far beyond what counts of 2^63 can tell apart
    least, most = -50.0, 50.0
    found = np.log((mine / size) / (other / rest)) if mine and other else most if mine else least
    low = np.exp(brentq(score, least, found, args=(z,), xtol=1e-12)) if mine else 0.0
    high = np.exp(brentq(score, found, most, args=(-z,), xtol=1e-12)) if other else np.inf
    return float(low), float(high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrasts:
    """Means, one a level: within it, of all other cases, and how they differ; NaN where there is nothing to compare."""

    mean: Float
    others: Float
    #: mean − others.
    difference: Float
    difference_low: Float
    difference_high: Float
    #: mean / others, with errors of its logarithm.
    ratio: Float
    ratio_low: Float
    ratio_high: Float
    #: Of no difference between the means.
    p_value: Float


def mean_contrasts(
    values: Float, code: Int64, n_levels: int, cluster: Int64, n_clusters: int, *, level: float = 0.95
) -> Contrasts:
    """Set the mean of each level against that of all other cases, where the cases of a cluster aren't independent.

    values : (n,), nothing missing. code : (n,) level of each case, 0 to `n_levels` - 1. cluster : (n,), 0 to `n_clusters` - 1,
        such as the week of arrival: cases that arrive together meet the same queues.

    Errors are those of a jackknife that leaves out one cluster at a time, with as many degrees of freedom as clusters hold the
    level (or are without it, if fewer), less one; NaN with fewer than `FEWEST_CLUSTERS` clusters in the level or outside it.
    Source: MacKinnon, Nielsen and Webb 2023, "Cluster-robust inference: a guide to empirical practice".
    """
    n = np.bincount(code, minlength=n_levels).astype(float)
    total = np.bincount(code, weights=values, minlength=n_levels)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n
        others = (total.sum() - total) / (n.sum() - n)
        cell = cluster * n_levels + code
        shape = (n_clusters, n_levels)
        n_cell = np.bincount(cell, minlength=n_clusters * n_levels).reshape(shape).astype(float)
        sum_cell = np.bincount(cell, weights=values, minlength=n_clusters * n_levels).reshape(shape)
        n_out, sum_out = n_cell.sum(axis=1, keepdims=True) - n_cell, sum_cell.sum(axis=1, keepdims=True) - sum_cell
        # the means when each cluster in turn is left out
        inside = (total - sum_cell) / (n - n_cell)
        outside = (total.sum() - total - sum_out) / (n.sum() - n - n_out)
        held, held_out = (n_cell > 0).sum(axis=0), (n_out > 0).sum(axis=0)
        error = _jackknife_error(inside - outside)
        log_error = _jackknife_error(np.log(inside / outside))
        few = np.minimum(held, held_out) < FEWEST_CLUSTERS
        freedom = np.maximum(np.minimum(held, held_out) - 1, 1)
        width = np.where(few, np.nan, student.ppf((1 + level) / 2, freedom))
        difference, ratio = mean - others, mean / others
        # where nothing varies there is no test either
        p = np.where(
            few | ~(error > 1e-12 * np.abs(difference)), np.nan, 2 * student.sf(np.abs(difference) / error, freedom)
        )
        spread = np.where(np.isfinite(log_error), log_error, np.nan) * width
        return Contrasts(
            mean=mean,
            others=others,
            difference=difference,
            difference_low=difference - width * error,
            difference_high=difference + width * error,
            ratio=ratio,
            ratio_low=ratio * np.exp(-spread),
            ratio_high=ratio * np.exp(spread),
            p_value=p,
        )


def _jackknife_error(left_out: Float) -> Float:
    """Standard error of each column from its values with each cluster left out: (clusters, k) -> (k,)."""
    n = len(left_out)
    return np.asarray(np.sqrt(((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0) * (n - 1) / n), dtype=np.float64)


def rank_p_values(values: Float, code: Int64, n_levels: int, cluster: Int64, n_clusters: int) -> Float:
    """For each level a test that its values tend to be neither larger nor smaller than those of the other cases.

    The contrast of mean ranks with clustered errors (see `mean_contrasts`): few very long cases don't rule it.
    Source: the rank sum test for clustered data, after Rosner, Glynn and Lee 2003.
    """
    ranks = rankdata(values)
    return mean_contrasts(ranks, code, n_levels, cluster, n_clusters).p_value


def median_differences(
    values: Float, code: Int64, n_levels: int, *, level: float = 0.95
) -> tuple[Float, Float, Float, Float]:
    """(median, others' median, low, high): each level's median, that of all other cases, and bounds of their difference.

    The bounds put together the order-statistic intervals of the two medians (MOVER); they take cases as independent.
    Source: Zou and Donner 2008; Conover 1999, sec. 3.2.
    """
    from streamline.stats.bootstrap import quantile_intervals

    half = np.array([0.5])
    result = np.full((4, n_levels), np.nan)
    order = np.argsort(values, kind="stable")
    ordered, level_of = values[order], code[order]
    for j in range(n_levels):
        mine, rest = ordered[level_of == j], ordered[level_of != j]
        if not (len(mine) and len(rest)):
            continue
        (a, b) = (np.quantile(v, 0.5, method="inverted_cdf") for v in (mine, rest))
        (al,), (ah,) = quantile_intervals(mine, half, level=level)
        (bl,), (bh,) = quantile_intervals(rest, half, level=level)
        result[:, j] = a, b, a - b - np.hypot(a - al, bh - b), a - b + np.hypot(ah - a, b - bl)
    return result[0], result[1], result[2], result[3]


def q_values(p_values: Float) -> Float:
    """The false discovery rate at which each test becomes a discovery; NaN stays NaN and counts as no test.

    Source: Benjamini and Hochberg 1995.
    """
    from statsmodels.stats.multitest import multipletests

    result, known = np.full(len(p_values), np.nan), np.isfinite(p_values)
    if known.any():
        result[known] = multipletests(p_values[known], method="fdr_bh")[1]
    return result
