"""An office whose customers give up, or go first, in plain Python: its records, and what fewer people really do to it.

Applications are filed (no staff), decided by the first free person in order of time, urgent ones before others, and sent.
Whoever isn't taken within her patience withdraws. Round the clock; instants in hours since Monday.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Customers:
    arrival: Float
    work: Float
    patience: Float
    urgent: npt.NDArray[np.bool_]


def customers(n: int, seed: int, *, a_day: float = 10.0, hours: float = 6.0, days: float | None = None) -> Customers:
    """n customers who come at random, need so many hours of work and wait for so many days (exponential; None: for ever)."""
    rng = np.random.default_rng(seed)
    patience = np.full(n, np.inf) if days is None else rng.exponential(24 * days, n)
    return Customers(
        arrival=np.cumsum(rng.exponential(24 / a_day, n)),
        work=rng.gamma(4.0, hours / 4.0, n),
        patience=patience,
        urgent=rng.random(n) < 0.1,
    )


def served(given: Customers, people: int, *, urgent_first: bool = False) -> tuple[Float, Float, list[str]]:
    """(start, end, who) of each customer's decision; those who withdrew have no start, and nobody."""
    n = len(given.arrival)
    start, end, who = np.full(n, np.nan), given.arrival + given.patience, [""] * n
    free = [(0.0, f"officer-{k}") for k in range(people)]
    waiting: list[tuple[bool, int]] = []
    coming = 0
    while coming < n or waiting:
        at, name = heapq.heappop(free)
        if not waiting and coming < n:
            at = max(at, float(given.arrival[coming]))
        while coming < n and given.arrival[coming] <= at:
            heapq.heappush(waiting, (urgent_first and not given.urgent[coming], coming))
            coming += 1
        while waiting:
            _, k = heapq.heappop(waiting)
            if at - given.arrival[k] <= given.patience[k]:
                start[k], end[k], who[k] = at, at + given.work[k], name
                at = float(end[k])
                break
        heapq.heappush(free, (at, name))
    return start, end, who


def rows(
    given: Customers, people: int, **how: bool
) -> tuple[list[tuple[str, str, float | None, float, str | None]], dict]:
    """The records as `log_of` takes them, and the arrivals."""
    start, end, who = served(given, people, **how)
    found: list[tuple[str, str, float | None, float, str | None]] = []
    for k, at in enumerate(given.arrival.tolist()):
        case = f"c{k:05d}"
        found.append((case, "File", at, at, None))
        if np.isnan(start[k]):
            found.append((case, "Withdrawn", float(end[k]), float(end[k]), None))
            continue
        found.append((case, "Decide", float(start[k]), float(end[k]), who[k]))
        found.append((case, "Sent", float(end[k]), float(end[k]), None))
    return found, {f"c{k:05d}": float(at) for k, at in enumerate(given.arrival)}


def mean_days(given: Customers, people: int, **how: bool) -> float:
    _, end, _ = served(given, people, **how)
    return float((end - given.arrival).mean() / 24)
