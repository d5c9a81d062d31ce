"""What may be published: groups of too few cases are suppressed, and no id, name or free text leaves.

Small groups are left out with everything about them, also their names, and as many of the next smallest as it takes that
a total doesn't give them back.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd


def suppressed_rows(count: npt.ArrayLike, *, minimum: int) -> npt.NDArray[np.bool_]:
    """Which groups may not be published.

    count : cases in each group, or a column for each of several counts of it (cases, and of these the ones on time). Groups of
    1 to `minimum` - 1 cases are suppressed, and with them the next smallest ones until nobody who subtracts the others from a
    total, and knows that no hidden group is empty, can say of one that it is smaller than `minimum`. A group of no case
    discloses nothing; neither does one whose count isn't known (NaN).
    """
    cases = np.asarray(count, dtype=float)
    cases = cases if cases.ndim == 2 else cases[:, None]
    small: npt.NDArray[np.bool_] = np.any((cases > 0) & (cases < minimum), axis=1)
    while small.any():
        hidden = np.where(np.isnan(cases[small]), 0, cases[small])
        short = (hidden.sum(axis=0) > 0) & (hidden.sum(axis=0) < minimum + (hidden > 0).sum(axis=0) - 1)
        if (hidden > 0).any(axis=1).sum() > 1 and not short.any():
            break
        others = np.flatnonzero(~small & (cases >= minimum).any(axis=1))
        if not len(others):
            break
        size = np.where(cases[others] > 0, cases[others], np.inf).min(axis=1)
        small[others[np.argmin(size)]] = True
    return small


def small_rows(count: npt.ArrayLike, *, minimum: int) -> npt.NDArray[np.bool_]:
    """Which groups are too small, of groups that overlap, so that no total less the others gives one back."""
    cases = np.asarray(count, dtype=float)
    return np.asarray((cases > 0) & (cases < minimum), dtype=np.bool_)


def suppressed_in_lines(
    count: npt.ArrayLike, lines: Sequence[Sequence[object]], *, minimum: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which cells of a table with several margins are too small, and of which others the count is hidden with them.

    count : cases of each cell. lines : for each margin the line that each cell stands in, such as all sources and all targets.
    Returns the small cells, and those that could give them back by the total of a line: their counts may not be published,
    what else is told of them may.
    """
    cases = np.asarray(count, dtype=float)
    small = (cases > 0) & (cases < minimum)
    hidden = small.copy()
    changed = True
    while changed:
        changed = False
        for line in lines:
            names = np.asarray([str(v) for v in line], dtype=object)
            for name in dict.fromkeys(names[hidden]):
                inside = np.flatnonzero(names == name)
                mine = cases[inside]
                mine = np.where(hidden[inside] & (mine >= minimum), np.nan, mine)
                few = suppressed_rows(np.where(np.isnan(mine), 0, mine), minimum=minimum)
                known = cases[inside][hidden[inside]]
                enough = len(known) > 1 and known.sum() >= minimum + len(known) - 1
                fresh = inside[few & ~hidden[inside]]
                if not enough and len(fresh):
                    hidden[fresh] = True
                    changed = True
    return small, hidden & ~small


def nearly_all(count: npt.ArrayLike, totals: Sequence[int], *, minimum: int) -> npt.NDArray[np.bool_]:
    """Which counts leave fewer than `minimum` cases of a total, but some: who subtracts them learns of a small group."""
    cases = np.asarray(count, dtype=float)
    left = np.asarray(totals, dtype=float)[:, None] - cases[None, :]
    return np.asarray(((left > 0) & (left < minimum)).any(axis=0), dtype=np.bool_)


def telling_share(share: npt.ArrayLike, of: npt.ArrayLike, *, minimum: int) -> npt.NDArray[np.bool_]:
    """Which shares, times the cases that they are of, are fewer than `minimum` cases, or leave fewer: as good as a count."""
    cases = np.asarray(of, dtype=float)
    inside = np.round(np.asarray(share, dtype=float) * cases)
    few = [(n > 0) & (n < minimum) for n in (inside, cases - inside)]
    return np.asarray(few[0] | few[1], dtype=np.bool_)


def publishable(
    frame: pd.DataFrame, *, count: str, minimum: int, label: str, overlapping: bool = False
) -> pd.DataFrame:
    """A copy of the frame without the groups of too few cases; one last row says how many they are, and nothing else.

    count : the column with the number of cases in each row. label : the column that names the rows. overlapping : whether a
    case may be in several groups, so that only the small ones need to go.
    """
    hidden = (small_rows if overlapping else suppressed_rows)(frame[count], minimum=minimum)
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
