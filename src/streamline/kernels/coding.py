"""Loops over columns of codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int32 = npt.NDArray[np.int32]


@compiled
def codes_held(codes: Int32, n: int) -> Any:
    """Which of the codes 0 to n - 1 some row holds: n booleans."""
    held = np.zeros(n, np.bool_)
    for i in range(len(codes)):
        if codes[i] >= 0:
            held[codes[i]] = True
    return held


@compiled
def recoded(codes: Int32, place: Int32) -> Any:
    """`place[code]` for each row; -1 where the code is -1."""
    result = np.empty(len(codes), np.int32)
    for i in range(len(codes)):
        result[i] = place[codes[i]] if codes[i] >= 0 else -1
    return result


@compiled
def recode_in_place(codes: Int32, place: Int32) -> None:
    """Replace each code by `place[code]`; -1 stays."""
    for i in range(len(codes)):
        if codes[i] >= 0:
            codes[i] = place[codes[i]]


@compiled
def gathered(values: Any, order: npt.NDArray[np.int64]) -> Any:
    """The values at these places, which must all be there."""
    result = np.empty(len(order), values.dtype)
    for i in range(len(order)):
        result[i] = values[order[i]]
    return result


@compiled
def gathered_codes(codes: Int32, place: Int32, order: npt.NDArray[np.int64]) -> Any:
    """`place[code]` of the rows in this order; -1 where the code is -1."""
    result = np.empty(len(order), np.int32)
    for i in range(len(order)):
        code = codes[order[i]]
        result[i] = place[code] if code >= 0 else -1
    return result


@compiled
def rows_of_groups(offsets: npt.NDArray[np.int64], chosen: npt.NDArray[np.bool_]) -> Any:
    """(offsets, rows) of the chosen groups: row `r` of the new order is row `rows[r]` of the old one.

    Group `k` owns the rows `offsets[k]:offsets[k + 1]`; the rows of each group stay together and in their order.
    """
    n_groups = n_rows = 0
    for k in range(len(chosen)):
        if chosen[k]:
            n_groups += 1
            n_rows += offsets[k + 1] - offsets[k]
    bounds, rows = np.zeros(n_groups + 1, np.int64), np.empty(n_rows, np.int64)
    group = row = 0
    for k in range(len(chosen)):
        if chosen[k]:
            for i in range(offsets[k], offsets[k + 1]):
                rows[row] = i
                row += 1
            group += 1
            bounds[group] = row
    return bounds, rows
