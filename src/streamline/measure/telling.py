"""How many new observations it takes to tell a change of a mean from chance.

A figure is known today from `n_before` observations with an interval of half width h. The difference to the same figure of m
new observations, of like spread, has an interval of half width h·√(1 + n_before/m). The change is *told* when it is as large
as that and as much again as chance may take from it: by power, 0.84 standard errors for 80% of the repetitions.
"""

from __future__ import annotations

from math import inf, isfinite
from statistics import NormalDist


def observations_to_tell(
    change: float, *, half_width: float, n_before: int, level: float = 0.95, power: float = 0.8
) -> float:
    """New observations until a change is told with this power; infinity where the baseline itself is too uncertain for it.

    change : of the mean, in its unit. half_width : of today's interval at `level`, from `n_before` observations.
    Raises ValueError for numbers that are no interval, no count, or no probability. Source: two-sample z test.
    """
    if not (isfinite(change) and isfinite(half_width) and half_width >= 0 and n_before > 0):
        raise ValueError(f"change {change}, half width {half_width} and {n_before} observations give no answer")
    if not (0 < level < 1 and 0 < power < 1):
        raise ValueError(f"level {level} and power {power} must lie between 0 and 1")
    normal = NormalDist()
    z = normal.inv_cdf(0.5 + level / 2)
    needed = half_width * (z + normal.inv_cdf(power)) / z
    if change == 0 or abs(change) <= needed:
        return inf
    return n_before / ((change / needed) ** 2 - 1) if needed else 1.0
