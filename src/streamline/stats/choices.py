"""Who takes what is offered to several: how readily each of them does."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

ROUNDS = 200
#: The estimate has settled when no readiness moves by more than this.
SETTLED = 1e-6


def readiness(offered: Bool, taken: Int64) -> Float:
    """How readily each of k people takes what is offered, by maximum likelihood; the mean is 1.

    offered : (n, k) to whom each of n things was offered. taken : (n,) who of them took it. Of those to whom a thing is offered
    each takes it with a chance in proportion to her readiness. Who never took anything that was offered to others too
    has 0.
    Raises ValueError where a thing was taken by somebody to whom it wasn't offered.
    Source: Luce 1959 for the model; Hunter 2004, "MM algorithms for generalized Bradley-Terry models", for the rounds.
    """
    n, k = offered.shape
    if n and not offered[np.arange(n), taken].all():
        raise ValueError("a thing was taken by somebody to whom it wasn't offered")
    ready = np.ones(k)
    told = offered.sum(axis=1) >= 2
    offered, taken = offered[told], taken[told]
    if len(taken) == 0:
        return ready
    times = np.bincount(taken, minlength=k)
    for _ in range(ROUNDS):
        share = offered.T @ (1.0 / np.maximum(offered @ ready, 1e-12))
        renewed = np.divide(times, share, out=np.ones(k), where=share > 0)
        renewed *= k / renewed.sum()
        moved = float(np.abs(renewed - ready).max())
        ready = renewed
        if moved < SETTLED:
            break
    return np.asarray(ready, dtype=np.float64)
