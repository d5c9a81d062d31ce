"""Rates of contacts without case ids: weekly totals of calls against the open-case days of each state.

Calls of a week = sum over states of (rate × open days in that state), with an error that may go on from week to week. This is
plainly weaker than rates by case: states whose open days move together can't be told apart, whatever else moves with the
season is credited to them, and callers' differences can't be allowed for at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from scipy.stats import t as student

from streamline.errors import InsufficientDataError, listed

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Weeks for each state, and at all, without which no regression is made.
WEEKS_PER_STATE, FEWEST_WEEKS = 4, 26
#: A state that shares all but this much of its weekly movement with others is said to move with them.
OWN_MOVEMENT = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AggregateRates:
    """Calls per open day of k states, from weekly totals; (k,) each."""

    states: tuple[str, ...]
    rate: Float
    low: Float
    high: Float
    level: float
    #: Whether the best fit would be below 0, which no rate can be: it is held at 0, and only its upper bound tells something.
    held_at_zero: Bool
    #: Share of the state's weekly open days that the other states don't tell (1 / variance inflation).
    own_movement: Float
    #: Calls a week that go with no state, with its interval; None when it isn't asked for.
    base: tuple[float, float, float] | None
    n_weeks: int
    #: Weeks over which errors may go on.
    lags: int
    #: Correlation of the errors of a week and the next.
    carried_over: float
    #: Share of the weekly variation that the fit explains.
    explained: float

    @property
    def moving_together(self) -> tuple[str, ...]:
        """States whose rates can hardly be told from those of others."""
        return tuple(s for s, own in zip(self.states, self.own_movement, strict=True) if own < OWN_MOVEMENT)


def aggregate_rates(
    calls: npt.ArrayLike,
    open_days: Float,
    states: Sequence[str],
    *,
    base: bool = False,
    lags: int | None = None,
    level: float = 0.95,
) -> AggregateRates:
    """Regress weekly calls on the open days of each state in that week.

    calls : (weeks,) in order of time, without gaps. open_days : (weeks, k), above 0 in some week. base : whether some calls a
        week have nothing to do with open cases. lags : weeks over which errors may go on; None: 4 (weeks / 100)^(2/9).

    Least squares; errors are Newey and West's with residuals scaled by leverage and t quantiles for that many lags (plain ones
    held the truth in 90% of simulated years). Rates can't be negative: where the best fit is, the state is held
    at 0 and the others are fitted anew; its upper bound is that of the fit without this rule, so the rule can't narrow it.
    Raises InsufficientDataError with fewer than 26 weeks, or 4 a state, or with states that tell each other.
    Source: Newey and West 1987, 1994; Lazarus, Lewis, Stock and Watson 2018 (quantiles);
    Lawson and Hanson 1974 (non-negative least squares).
    """
    y, x = np.asarray(calls, dtype=np.float64), np.asarray(open_days, dtype=np.float64)
    n, k = x.shape
    columns = np.column_stack([x, np.ones(n)]) if base else x
    width = columns.shape[1]
    if n < max(FEWEST_WEEKS, WEEKS_PER_STATE * width):
        raise InsufficientDataError(
            f"{n} weeks can't tell the rates of {k} states; it takes {max(FEWEST_WEEKS, WEEKS_PER_STATE * width)}. Join states, "
            "or link calls to cases."
        )
    own = _own_movement(columns)
    empty = [s for s, days in zip(states, x.sum(axis=0), strict=True) if days == 0]
    if empty:
        raise InsufficientDataError(f"No case is open in {listed(empty)} in these {n} weeks; leave it out.")
    if (own[:k] < 1e-9).any():
        told = [s for s, o in zip(states, own[:k], strict=True) if o < 1e-9]
        raise InsufficientDataError(f"The open days of {listed(told)} follow from those of other states; join them.")
    lags = int(4 * (n / 100) ** (2 / 9)) if lags is None else lags
    freedom = min(n - width, 1.5 * n / (lags + 1))  # of a sum over so many lags
    quantile = float(student.ppf((1 + level) / 2, freedom))
    free, free_error = _with_errors(y, columns, lags)
    held = _held(y, columns)
    value, low, high = np.zeros(width), np.zeros(width), np.maximum(free + quantile * free_error, 0.0)
    fitted, error = _with_errors(y, columns[:, ~held], lags)
    value[~held], low[~held] = fitted, np.maximum(fitted - quantile * error, 0.0)
    high[~held] = fitted + quantile * error
    residual = y - columns @ value
    return AggregateRates(
        states=tuple(states),
        rate=value[:k],
        low=low[:k],
        high=high[:k],
        level=level,
        held_at_zero=held[:k],
        own_movement=own[:k],
        base=(float(value[k]), float(low[k]), float(high[k])) if base else None,
        n_weeks=n,
        lags=lags,
        carried_over=float((residual[1:] @ residual[:-1]) / max(float(residual @ residual), 1e-300)),
        explained=float(1 - residual @ residual / max(float(((y - y.mean()) ** 2).sum()), 1e-300)),
    )


def _with_errors(y: Float, columns: Float, lags: int) -> tuple[Float, Float]:
    """(rates, their errors) of ordinary least squares; residuals as they would be without their own week (by leverage)."""
    from statsmodels.stats.sandwich_covariance import S_hac_simple

    if not columns.shape[1]:
        return np.zeros(0), np.zeros(0)
    bread = np.linalg.inv(columns.T @ columns)
    rates = bread @ (columns.T @ y)
    leverage = np.einsum("ij,jk,ik->i", columns, bread, columns)
    scores = columns * ((y - columns @ rates) / np.maximum(1 - leverage, 1e-9))[:, None]
    covariance = bread @ S_hac_simple(scores, nlags=lags) @ bread
    return np.asarray(rates, dtype=np.float64), np.sqrt(np.diag(covariance)).astype(np.float64)


def _held(y: Float, columns: Float) -> Bool:
    """Which rates the best fit without negative ones has at 0."""
    scale = np.sqrt((columns**2).sum(axis=0))
    return np.asarray(nnls(columns / scale, y)[0] <= 0, dtype=np.bool_)


def _own_movement(columns: Float) -> Float:
    """For each column the share of its squares that the others don't explain."""
    scale = np.sqrt((columns**2).sum(axis=0))
    if (scale == 0).any():
        return np.asarray(scale > 0, dtype=np.float64)
    gram = (columns / scale).T @ (columns / scale)
    values, vectors = np.linalg.eigh(gram)
    if values[0] < 1e-12 * values[-1]:
        told = (vectors[:, values < 1e-12 * values[-1]] ** 2).sum(axis=1) > 1e-6
        return np.asarray(np.where(told, 0.0, 1.0), dtype=np.float64)
    return np.asarray(1 / np.diag(np.linalg.inv(gram)), dtype=np.float64)
