"""What may be published: groups of too few cases are suppressed, and no id, name or free text leaves.

A suppressed row keeps its label; its numbers are replaced. When one row alone would be suppressed, its number could be
had back by subtracting the others from the total, so the next smallest row is suppressed with it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd


def suppressed_rows(count: npt.ArrayLike, *, minimum: int) -> npt.NDArray[np.bool_]:
    """Which groups may not be published.

    count : cases in each group. Groups of 1 to `minimum` - 1 cases are suppressed, and with a single one of them the
    next smallest as well. A group of no case discloses nothing.
    """
    cases = np.asarray(count, dtype=float)
    small = (cases > 0) & (cases < minimum)
    if small.sum() == 1:
        others = np.flatnonzero((cases >= minimum) & ~small)
        if len(others):
            small[others[np.argmin(cases[others])]] = True
    return np.asarray(small, dtype=np.bool_)


def publishable(frame: pd.DataFrame, *, count: str, minimum: int) -> pd.DataFrame:
    """A copy of the frame whose rows of too few cases have no numbers, and a column `suppressed` that says so.

    count : the column with the number of cases in each row.
    """
    hidden = suppressed_rows(frame[count], minimum=minimum)
    result = frame.copy()
    for name in result.columns:
        if pd.api.types.is_bool_dtype(result[name]):
            continue
        if pd.api.types.is_numeric_dtype(result[name]):
            # whole numbers stay whole: the nullable kind has room for "nothing"
            whole = pd.api.types.is_integer_dtype(result[name])
            result[name] = result[name].astype(pd.Int64Dtype() if whole else pd.Float64Dtype()).mask(hidden)
    return result.assign(suppressed=hidden)


def harmless_text(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy in which no text starts like a formula: a spreadsheet that opens the file runs nothing."""
    result = frame.copy()
    for name in result.columns:
        if pd.api.types.is_numeric_dtype(result[name]) or pd.api.types.is_bool_dtype(result[name]):
            continue
        result[name] = [
            f"'{v}" if isinstance(v, str) and v.lstrip()[:1] in ("=", "+", "-", "@", "\t") else v for v in result[name]
        ]
    return result
