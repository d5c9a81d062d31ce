"""Two plain ways to predict weekly contacts, which rates by state have to be compared with.

*Ratio*: contacts per case of the weeks before, times the cases of each week. *Regression*: contacts of a week on the open
days in it, by least squares; of all open cases together, or state by state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError
from streamline.stats.aggregate_rates import aggregate_rates

Float = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rival:
    """One plain way and what it predicts, (weeks,); never less than 0."""

    name: str
    predicted: Float


def ratio_rival(contacts: Float, cases: dict[str, Float], cases_then: dict[str, Float]) -> Rival | None:
    """Contacts per case × cases of each week.

    contacts : (weeks before,). cases, cases_then : by what is counted (such as "arriving case"), of each week before and after.
    Of several ways to count cases, the one that would have served best in the weeks before is taken. None without any case.
    """
    found: list[tuple[float, Rival]] = []
    for name, before in cases.items():
        if before.sum() > 0:
            ratio = float(contacts.sum() / before.sum())
            error = float(np.abs(ratio * before - contacts).sum())
            found.append((error, Rival(name=f"contacts per {name}", predicted=ratio * cases_then[name])))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def regression_rival(contacts: Float, days: Float, days_then: Float) -> Rival | None:
    """Least squares of weekly contacts on the open days of all cases, with a constant; None where these never vary."""
    columns = np.column_stack([np.ones(len(days)), days])
    if len(days) < 3 or np.linalg.matrix_rank(columns) < 2:
        return None
    effects, *_ = np.linalg.lstsq(columns, contacts, rcond=None)
    return Rival(name="regression on open cases", predicted=np.maximum(effects[0] + effects[1] * days_then, 0.0))


def state_rival(contacts: Float, days: Float, days_then: Float, states: list[str]) -> Rival | None:
    """Least squares of weekly contacts on the open days of each state, rates of at least 0 (see `aggregate_rates`).

    days, days_then : (weeks, states). None where there are too few weeks for so many states, or states tell each other.
    """
    some = days.sum(axis=0) > 0
    if not some.any():
        return None
    try:
        found = aggregate_rates(contacts, days[:, some], [s for s, own in zip(states, some, strict=True) if own])
    except InsufficientDataError:
        return None
    return Rival(name="regression on open cases by state", predicted=days_then[:, some] @ found.rate)
