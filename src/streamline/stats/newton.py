"""Fits of a concave likelihood by Newton's method, and which effects can be told apart at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Newton steps; a fit that needs more doesn't come to an end.
MOST_STEPS = 60
#: What other effects leave of an effect's own information, at the least, for it to be told apart.
OWN_SHARE = 1e-9


def newton(likelihood: Callable[[Float], tuple[float, Float, Float]], start: Float) -> tuple[Float, bool]:
    """(the effects at the top, whether it was reached).

    likelihood : for effects the log likelihood, its derivatives (p,) and its information (p, p). A step that doesn't raise the
        likelihood is halved. A likelihood without a top (effects that tell everything) ends with False, far out.
    """
    at = start
    value, score, information = likelihood(at)
    for _ in range(MOST_STEPS):
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            return at, False
        if np.abs(step).max(initial=0.0) < 1e-9:
            return at, True
        for _ in range(40):
            tried = likelihood(at + step)
            if np.isfinite(tried[0]) and tried[0] >= value - 1e-11 * abs(value):
                break
            step = step / 2
        else:
            return at, False
        at = at + step
        value, score, information = tried
    return at, False


def told_apart(information: Float) -> Bool:
    """(p,): which effects can be estimated side by side; of two that tell each other, the first."""
    scale = np.sqrt(np.maximum(np.diag(information), 0.0))
    known = scale > 0
    left: Float = information / np.outer(np.where(known, scale, 1.0), np.where(known, scale, 1.0))
    chosen = np.zeros(len(left), dtype=np.bool_)
    for j in range(len(left)):
        own = float(left[j, j])
        if known[j] and own > OWN_SHARE:
            chosen[j] = True
            left = left - np.outer(left[:, j], left[j]) / own
    return chosen


def inverse_of(information: Float, chosen: Bool) -> Float:
    """The inverse over the chosen effects; rows and columns of the others are 0."""
    result = np.zeros_like(information)
    own = information[np.ix_(chosen, chosen)]
    try:
        result[np.ix_(chosen, chosen)] = np.linalg.inv(own)
    except np.linalg.LinAlgError:  # a fit without an end
        result[np.ix_(chosen, chosen)] = np.linalg.pinv(own)
    return result
