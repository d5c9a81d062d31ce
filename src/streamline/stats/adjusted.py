"""Effects of factors adjusted for each other: regressions on levels, with what can't be estimated left out and said.

Cases with the same levels are put together, so cost and memory grow with the different combinations, not with cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Clusters for each estimated effect; with fewer, errors by cluster are too small, and cases are taken as independent.
CLUSTERS_PER_EFFECT = 2
#: A log ratio beyond this is no estimate: the levels of several factors together tell the outcome.
SEPARATED = 10.0
#: A variance of a log ratio up to this is an error of rounding.
ROUNDING = 1e-14
#: Newton steps; a fit that needs more doesn't come to an end.
MOST_STEPS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """Adjusted ratios of one factor's levels: each level against the factor's other levels, all other factors alike."""

    #: Odds ratios (logistic) or ratios of means (log-linear); NaN where it can't be estimated.
    ratio: Float
    low: Float
    high: Float
    p_value: Float


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A regression on several factors."""

    #: One a factor, in the order given.
    factors: tuple[Adjusted, ...]
    #: Cases in the regression; the others have a level that alone tells the outcome.
    n: int
    #: (factor, level) whose cases all have the outcome or all lack it.
    telling: tuple[tuple[int, int], ...]
    #: (factor, level) that are told by the other factors, so that no effect of their own can be seen.
    entangled: tuple[tuple[int, int], ...]
    #: Whether errors are by cluster; else cases are taken as independent.
    clustered: bool
    #: Whether the fit came to an end; without it every ratio is NaN.
    converged: bool


def adjusted_ratios(
    codes: Sequence[Int64],
    n_levels: Sequence[int],
    outcome: Float,
    cluster: Int64,
    *,
    kind: Literal["logistic", "log-linear"],
    level: float = 0.95,
) -> Adjustment:
    """Regress the outcome on the levels of all factors at once.

    codes : one (n,) array a factor, of levels from 0 to its entry of `n_levels` - 1. outcome : (n,); 0 or 1 for "logistic", at
        least 0 for "log-linear" (a mean that is a product of effects; Poisson pseudo-likelihood, for which the outcome need not
        be a count and zeros are allowed). cluster : (n,) such as the week of arrival.

    A level is set against the average of its factor's other levels, weighted by their cases, on the log scale. Errors are
    those of a jackknife of clusters, with clusters less one degrees of freedom; sandwich errors by case where there are
    fewer than two clusters an effect. Levels whose cases all have or all lack the outcome are left out with their cases
    (complete separation), and so are, with their effect, levels that are told by others (rank).
    Source: MacKinnon, Nielsen and Webb 2023, "Cluster-robust inference: a guide to empirical practice"; Santos Silva and
    Tenreyro 2006, "The log of gravity" (log-linear); Albert and Anderson 1984 (separation).
    """
    keep, telling = _without_telling_levels(codes, n_levels, outcome, both_ways=kind == "logistic")
    blank = tuple(_unknown(k) for k in n_levels)
    codes, outcome = [c[keep] for c in codes], outcome[keep]
    _, cluster = np.unique(cluster[keep], return_inverse=True)
    n = len(outcome)
    varies = n > 0 and outcome.min() < outcome.max()
    columns = _columns(codes, n_levels) if varies else []
    if not columns:
        return Adjustment(factors=blank, n=n, telling=telling, entangled=(), clustered=False, converged=False)
    n_clusters = int(cluster.max()) + 1
    clustered = n_clusters >= max(CLUSTERS_PER_EFFECT * (len(columns) + 1), 10)
    cells, row = _cells(codes, n_levels, cluster if clustered else np.zeros(n, dtype=np.int64))
    count = np.bincount(row).astype(float)
    total = np.bincount(row, weights=outcome).astype(np.float64)
    design = np.ones((len(count), len(columns) + 1))
    for j, (f, lev) in enumerate(columns):
        design[:, j + 1] = cells[f] == lev
    independent, dependent = _independent(design, count)
    entangled = tuple(columns[j - 1] for j in dependent)
    columns = [columns[j - 1] for j in independent if j]
    design = design[:, independent]
    beta, mean, weight, converged = _fit(design, total, count, kind)
    if not converged or np.abs(beta[1:]).max(initial=0.0) > SEPARATED:
        return Adjustment(
            factors=blank, n=n, telling=telling, entangled=entangled, clustered=clustered, converged=False
        )
    bread: Float = np.asarray(np.linalg.inv(design.T @ (design * (count * weight)[:, None])), dtype=np.float64)
    residual = total - count * mean
    if clustered:
        scores = _left_out_scores(design, residual, count * weight, cells[-1], bread)
        meat, freedom = scores.T @ scores * (n_clusters - 1) / n_clusters, n_clusters - 1
    else:
        squares = np.bincount(row, weights=outcome**2) - 2 * mean * total + count * mean**2
        meat = design.T @ (design * squares[:, None]) * n / (n - design.shape[1])
        freedom = n - design.shape[1]
    covariance = bread @ meat @ bread
    effect = {column: j + 1 for j, column in enumerate(columns)}
    factors = []
    for f, (code, k) in enumerate(zip(codes, n_levels, strict=True)):
        size = np.bincount(code, minlength=k).astype(float)
        # every level's own coefficient as a row; the reference has none
        own = np.zeros((k, len(beta)))
        known = size > 0
        for lev in range(k):
            if (f, lev) in effect:
                own[lev, effect[f, lev]] = 1.0
            elif (f, lev) in entangled:
                known[lev] = False
        factors.append(_against_others(own, size * known, known, beta, covariance, freedom, level))
    return Adjustment(
        factors=tuple(factors), n=n, telling=telling, entangled=entangled, clustered=clustered, converged=True
    )


def _left_out_scores(design: Float, residual: Float, weight: Float, cluster: Int64, bread: Float) -> Float:
    """For each cluster its sum of scores, scaled to what it would be if the cluster weren't in the fit: (clusters, effects).

    With these the sandwich is the jackknife that leaves out one cluster at a time (to its first step), which holds its
    level where plain sums of scores, taken at a fit that each cluster has pulled to itself, are too small.
    """
    order = np.argsort(cluster, kind="stable")
    bounds = np.searchsorted(cluster[order], np.arange(int(cluster.max()) + 2))
    scores = np.empty((len(bounds) - 1, design.shape[1]))
    for g, (first, last) in enumerate(pairwise(bounds)):
        rows = order[first:last]
        own = design[rows]
        score = own.T @ residual[rows]
        pull = np.eye(design.shape[1]) - own.T @ (own * weight[rows, None]) @ bread
        # without this cluster an effect may be unknown; then the least change that explains the score is taken
        scores[g] = np.linalg.lstsq(pull, score, rcond=1e-8)[0]
    return scores


def _unknown(n_levels: int) -> Adjusted:
    ratio, low, high, p_value = (np.full(n_levels, np.nan) for _ in range(4))
    return Adjusted(ratio=ratio, low=low, high=high, p_value=p_value)


def _against_others(
    own: Float, size: Float, known: Bool, beta: Float, covariance: Float, freedom: int, level: float
) -> Adjusted:
    """Each known level against the weighted average of its factor's other known levels."""
    result = _unknown(len(own))
    for lev in np.flatnonzero(known):
        others = size.copy()
        others[lev] = 0.0
        if not others.sum():
            continue
        contrast = own[lev] - others @ own / others.sum()
        value, variance = contrast @ beta, contrast @ covariance @ contrast
        with np.errstate(over="ignore"):
            result.ratio[lev] = np.exp(value)
            if variance > ROUNDING:  # where nothing varies there is neither an interval nor a test
                error = np.sqrt(variance)
                width = student.ppf((1 + level) / 2, freedom) * error
                result.low[lev], result.high[lev] = np.exp([value - width, value + width])
                result.p_value[lev] = 2 * student.sf(abs(value) / error, freedom)
    return result


def _without_telling_levels(
    codes: Sequence[Int64], n_levels: Sequence[int], outcome: Float, *, both_ways: bool
) -> tuple[Bool, tuple[tuple[int, int], ...]]:
    """Which cases remain when levels that alone tell the outcome are left out, again and again; and those levels."""
    keep = np.ones(len(outcome), dtype=np.bool_)
    telling: list[tuple[int, int]] = []
    while True:
        found = []
        for f, (code, k) in enumerate(zip(codes, n_levels, strict=True)):
            size = np.bincount(code[keep], minlength=k)
            hits = np.bincount(code[keep], weights=outcome[keep], minlength=k)
            alone = (size > 0) & ((hits == 0) | (both_ways & (hits == size)))
            if alone.sum() == (size > 0).sum():  # nothing would be left to compare
                continue
            found += [(f, int(lev)) for lev in np.flatnonzero(alone)]
        if not found:
            return keep, tuple(telling)
        for f, lev in found:
            keep &= codes[f] != lev
        telling += found


def _columns(codes: Sequence[Int64], n_levels: Sequence[int]) -> list[tuple[int, int]]:
    """(factor, level) of each effect: all levels with cases but the commonest of each factor."""
    columns = []
    for f, (code, k) in enumerate(zip(codes, n_levels, strict=True)):
        size = np.bincount(code, minlength=k)
        reference = int(np.argmax(size))
        columns += [(f, lev) for lev in range(k) if size[lev] and lev != reference]
    return columns


def _cells(codes: Sequence[Int64], n_levels: Sequence[int], cluster: Int64) -> tuple[list[Int64], Int64]:
    """The different combinations of levels and cluster, column by column, and for each case the row of its own."""
    columns = [*codes, cluster]
    sizes = [*n_levels, int(cluster.max()) + 1]
    key = np.zeros(len(cluster), dtype=np.int64)
    for column, size in zip(columns, sizes, strict=True):
        # put together at each turn, so that the keys stay small
        _, key = np.unique(key * size + column, return_inverse=True)
    _, first = np.unique(key, return_index=True)
    return [column[first] for column in columns], key


def _independent(design: Float, count: Float) -> tuple[list[int], list[int]]:
    """Columns that can be estimated side by side, the first (ones) always among them, and those that can't."""
    gram = design.T @ (design * count[:, None])
    scale = np.sqrt(np.diag(gram))
    gram = gram / np.outer(scale, scale)
    chosen: list[int] = []
    left_out: list[int] = []
    for j in range(len(gram)):  # in order, so that the first of two that tell each other stays
        own = float(gram[j, j])  # what the chosen columns leave of it
        if own > 1e-9:
            chosen.append(j)
            gram = gram - np.outer(gram[:, j], gram[j]) / own
        else:
            left_out.append(j)
    return chosen, left_out


def _fit(design: Float, total: Float, count: Float, kind: str) -> tuple[Float, Float, Float, bool]:
    """(coefficients, mean of each row, derivative of the mean, whether the fit came to an end), by Newton's method.

    Each step costs one product of the design with itself; the library's fit decomposes the whole design at each step. The
    log likelihood is concave, so a step that doesn't raise it is halved.
    """

    def at(beta: Float) -> tuple[float, Float, Float]:
        linear = design @ beta
        with np.errstate(over="ignore"):
            if kind == "logistic":
                mean = 1 / (1 + np.exp(-linear))
                return float(total @ linear - count @ np.logaddexp(0, linear)), mean, mean * (1 - mean)
            mean = np.exp(linear)
            return float(total @ linear - count @ mean), mean, mean

    overall = total.sum() / count.sum()
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(overall / (1 - overall)) if kind == "logistic" else np.log(overall)
    likelihood, mean, weight = at(beta)
    for _ in range(MOST_STEPS):
        gradient = design.T @ (total - count * mean)
        try:
            step = np.linalg.solve(design.T @ (design * (count * weight)[:, None]), gradient)
        except np.linalg.LinAlgError:
            return beta, mean, weight, False
        if np.abs(step).max() < 1e-9:
            return beta, mean, weight, True
        for _ in range(30):
            tried = at(beta + step)
            if np.isfinite(tried[0]) and tried[0] >= likelihood - 1e-12 * abs(likelihood):
                break
            step = step / 2
        beta = beta + step
        likelihood, mean, weight = tried
        if np.abs(beta[1:]).max(initial=0.0) > 3 * SEPARATED:
            break
    return beta, mean, weight, False
