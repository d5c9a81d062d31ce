"""What may be published: groups of too few cases are suppressed, and no id, name or free text leaves.

Small groups are left out with everything about them, also their names, and as many of the next smallest as it takes that
a total doesn't give them back.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd


def suppressed_rows(count: npt.ArrayLike, *, minimum: int) -> npt.NDArray[np.bool_]:
    """Which groups may not be published.

    count : cases in each group. Groups of 1 to `minimum` - 1 cases are suppressed, and with them the next smallest ones
    until they hold `minimum` cases together, so that no total gives a small group back. A group of no case discloses
    nothing.
    """
    cases = np.asarray(count, dtype=float)
    small = (cases > 0) & (cases < minimum)
    while small.any() and (small.sum() == 1 or cases[small].sum() < minimum):
        others = np.flatnonzero(~small & (cases >= minimum))
        if not len(others):
            break
        small[others[np.argmin(cases[others])]] = True
    return np.asarray(small, dtype=np.bool_)


def publishable(frame: pd.DataFrame, *, count: str, minimum: int, label: str) -> pd.DataFrame:
    """A copy of the frame without the groups of too few cases; one last row says how many they are, and nothing else.

    count : the column with the number of cases in each row. label : the column that names the rows.
    """
    hidden = suppressed_rows(frame[count], minimum=minimum)
    shown = frame[~hidden].reset_index(drop=True)
    if not hidden.any():
        return shown
    rest = pd.DataFrame([{label: f"({int(hidden.sum()):,} groups with too few cases are not shown)"}])
    whole = {n: pd.Int64Dtype() for n in frame.columns if pd.api.types.is_integer_dtype(frame[n])}
    return pd.concat([shown.astype(whole), rest.reindex(columns=frame.columns).astype(whole)], ignore_index=True)


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
