"""How findings are said: from an estimate, with its interval and its count."""

from __future__ import annotations

import numpy as np

from streamline.report.wording import interval
from streamline.results import Estimate, Finding

#: Bottlenecks and loops that get findings of their own.
RANKS = 10
#: Of these, the ones of which more than one figure is told.
FIRST_RANKS = 3


def finding_of(
    estimate: Estimate, *, id: str, section: str, statement: str, table: str, caveats: tuple[str, ...] = ()
) -> Finding:
    """A finding with the numbers of an estimate."""
    return Finding(
        id=id, section=section, statement=statement, value=estimate.value, low=estimate.low, high=estimate.high,
        level=estimate.level, unit=estimate.unit, n=estimate.n, method=estimate.method, caveats=caveats, table=table,
    )  # fmt: skip


def bounds(estimate: Estimate, *, percent: bool = False) -> str:
    """`95% interval 8.2 to 8.5`, or nothing without an interval."""
    if estimate.level is None:
        return ""
    return (
        f"{estimate.level:.0%} interval {interval(estimate.low, estimate.high, value=estimate.value, percent=percent)}"
    )


def note(*parts: str) -> str:
    """` (a; b)` of the parts that say something."""
    text = "; ".join(p for p in parts if p)
    return f" ({text})" if text else ""


def real(value: float) -> float | None:
    """The number, or None where there is none."""
    return float(value) if np.isfinite(value) else None


def span(low: float | None, high: float | None, *, value: float, percent: bool = False, unit: str = "") -> str:
    """`95% interval 8.2 to 8.5 days`, or nothing without an interval."""
    if low is None or high is None:
        return ""
    return f"95% interval {interval(low, high, value=value, percent=percent)}" + (f" {unit}" if unit else "")
