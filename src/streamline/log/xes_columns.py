"""A column of texts that grows by pieces, each value with the number of its row, without an object a value."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


class TextColumn:
    """Values arrive in the order of their rows; rows without a value are null."""

    def __init__(self) -> None:
        self.chunks: list[Any] = []
        #: Rows that are in chunks.
        self.n_closed = 0
        self.waiting: list[tuple[Int64, Int64, Bytes]] = []

    def add(self, row: Int64, length: Int64, letters: Bytes) -> None:
        """Take values of rows that aren't closed, ascending: the row and the bytes of each, and all bytes as UTF-8."""
        if len(row):
            self.waiting.append((row, length, letters))

    def close(self, n: int) -> None:
        """Make a chunk of the rows up to `n`: no more values will come for them."""
        if n == self.n_closed:
            return
        if len(self.waiting) == 1:
            row, length, letters = self.waiting[0]
        else:
            none = np.zeros(0, dtype=np.int64)
            row = np.concatenate([none, *(piece[0] for piece in self.waiting)])
            length = np.concatenate([none, *(piece[1] for piece in self.waiting)])
            letters = np.concatenate([np.zeros(0, dtype=np.uint8), *(piece[2] for piece in self.waiting)])
        n_values = int(np.searchsorted(row, n))
        n_letters = int(length[:n_values].sum())
        self.waiting = []
        self.add(row[n_values:], length[n_values:], letters[n_letters:])
        self.chunks.append(_texts(row[:n_values] - self.n_closed, length[:n_values], letters, n - self.n_closed))
        self.n_closed = n

    def chunked(self) -> Any:
        """All closed rows, as a ChunkedArray of large_string."""
        return pa.chunked_array(self.chunks, pa.large_string())


def _texts(row: Int64, length: Int64, letters: Bytes, n: int) -> Any:
    """`n` texts, null but in the given rows."""
    offsets = np.zeros(n + 1, dtype=np.int64)
    offsets[row + 1] = length
    np.cumsum(offsets, out=offsets)
    valid = None
    if len(row) < n:
        is_there = np.zeros(n, dtype=np.bool_)
        is_there[row] = True
        valid = pa.py_buffer(np.packbits(is_there, bitorder="little"))
    return pa.LargeStringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(letters), valid, n - len(row))
