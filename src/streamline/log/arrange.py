"""Puts the rows of each case side by side, in order of time: column by column, as many at once as there are processors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from streamline.kernels.coding import gathered, gathered_codes
from streamline.kernels.grouping import group_bounds, grouped_rows, scattered, scattered_codes, scattered_rows
from streamline.log.raw import Rows, RowsOneByOne

Bool = npt.NDArray[np.bool_]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


class Arrangement(Protocol):
    """Where each row goes."""

    def values(self, column: Int64) -> Int64:
        """A column of instants in the new order."""
        ...

    def codes(self, codes: Int32, place: Int32) -> Int32:
        """`place[code]` of a column of codes in the new order; -1 where the code is -1."""
        ...

    def rows(self, row: Rows) -> Int64:
        """The rows of the source in the new order."""
        ...


def arrangement(
    group: Int32, number: Int32, size: Int64, unsorted: Bool, n_numbers: int, complete: Int64, start: Int64
) -> tuple[Int64, Arrangement]:
    """(offsets, arrangement): the group numbered `k` owns the places `offsets[k]:offsets[k + 1]` of the new order.

    The arguments are those of `kernels.grouping.grouped_rows`.
    """
    if unsorted.any():
        offsets, order = grouped_rows(group, number, size, unsorted, n_numbers, complete, start)
        return offsets, _Ordered(order)
    offsets = group_bounds(number, size, n_numbers)
    return offsets, _AsTheyCome(group, number, offsets)


@dataclass(frozen=True, slots=True)
class _AsTheyCome:
    """The rows of each group are in order in the source: each goes behind the one before it, and no order is written down."""

    group: Int32
    number: Int32
    offsets: Int64

    def values(self, column: Int64) -> Int64:
        return np.asarray(scattered(column, self.group, self.number, self.offsets), dtype=np.int64)

    def codes(self, codes: Int32, place: Int32) -> Int32:
        return np.asarray(scattered_codes(codes, place, self.group, self.number, self.offsets), dtype=np.int32)

    def rows(self, row: Rows) -> Int64:
        if isinstance(row, RowsOneByOne):
            return np.asarray(scattered_rows(row.first, self.group, self.number, self.offsets), dtype=np.int64)
        return self.values(row)


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Place `p` of the new order has the row `order[p]`."""

    order: Int64

    def values(self, column: Int64) -> Int64:
        return np.asarray(gathered(column, self.order), dtype=np.int64)

    def codes(self, codes: Int32, place: Int32) -> Int32:
        return np.asarray(gathered_codes(codes, place, self.order), dtype=np.int32)

    def rows(self, row: Rows) -> Int64:
        found: Any = row[self.order]
        return np.asarray(found, dtype=np.int64)
