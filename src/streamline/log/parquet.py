"""Parquet files: read a million rows at a time on all processors, texts as codes at once, so that little is held twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from streamline.errors import FileFormatError
from streamline.kernels.coding import recode_in_place
from streamline.kernels.room import room, room_for_codes
from streamline.log.coded import distinct_texts, encoded
from streamline.log.time_column import is_text
from streamline.machine import free_memory, in_threads
from streamline.units import size_words

#: Rows that are read at a time, unless a row group has more.
ROWS_AT_A_TIME = 1 << 20
#: Memory that reading a row takes, about: measured at ten million rows of five columns.
BYTES_A_ROW = 110


class _Instants:
    """A column of timestamps, filled row group by row group."""

    def __init__(self, kind: Any, n: int) -> None:
        self.kind, self.counts, self.absent = kind, room(n), np.zeros(0, dtype=np.bool_)

    def fill(self, first: int, column: Any) -> None:
        """Put a row group's values at their place."""
        at = first
        for chunk in column.chunks:
            values = chunk.cast(pa.int64())
            if values.null_count:
                if not len(self.absent):
                    self.absent = np.zeros(len(self.counts), dtype=np.bool_)
                self.absent[at : at + len(values)] = values.is_null().to_numpy(zero_copy_only=False)
                values = values.fill_null(0)
            self.counts[at : at + len(values)] = values.to_numpy()
            at += len(values)

    def array(self) -> Any:
        """The whole column as an Arrow array of its own type."""
        there = pa.py_buffer(np.packbits(~self.absent, bitorder="little")) if len(self.absent) else None
        return pa.Array.from_buffers(self.kind, len(self.counts), [there, pa.py_buffer(self.counts)])


class _Codes:
    """A column of texts, filled row group by row group: codes of each one's own dictionary, then of a common one."""

    def __init__(self, n: int, n_groups: int) -> None:
        self.codes = room_for_codes(n)
        self.names: list[Any] = [None] * n_groups
        self.bounds: list[tuple[int, int]] = [(0, 0)] * n_groups

    def fill(self, number: int, first: int, column: Any) -> None:
        """Put a row group's codes at their place."""
        values, codes = encoded(column)
        self.codes[first : first + len(codes)] = codes
        self.names[number], self.bounds[number] = values, (first, first + len(codes))

    def array(self) -> Any:
        """The whole column as an Arrow array of codes."""
        names, place = distinct_texts(self.names)
        ends = np.cumsum([0, *map(len, self.names)]).tolist()
        in_threads(
            [
                partial(recode_in_place, self.codes[slice(*rows)], place[slice(*own)])
                for rows, own in zip(self.bounds, pairwise(ends), strict=True)
            ]
        )
        absent = self.codes < 0 if self.codes.min(initial=0) < 0 else None
        return pa.DictionaryArray.from_arrays(pa.array(self.codes, mask=absent), names, safe=False)


def read_parquet_columns(
    path: Path, *, wanted: Collection[str], times: Collection[str], digest: bool = True
) -> tuple[dict[str, Any], tuple[str, ...], int, str]:
    """The wanted columns that the file has, each in one piece, texts and dictionaries as int32 codes.

    times : names of columns whose texts are times: they are left as texts.
    Returns (columns, names of all columns, number of rows, SHA-256 of the file, or nothing without `digest`).
    Raises FileFormatError when the file is damaged, or has a wanted name twice.
    """
    try:
        with pq.ParquetFile(path) as file:
            available, n_rows = tuple(file.schema_arrow.names), file.metadata.num_rows
            metadata = file.metadata
            sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
            fields = list(file.schema_arrow)
        chosen = [n for n in available if n in wanted]
        twice = next((n for n in chosen if chosen.count(n) > 1), None)
        if twice is not None:
            raise FileFormatError(f"{path.name} has {chosen.count(twice)} columns named {twice!r}; rename one.")
        if n_rows == 0:
            return {}, available, 0, file_digest(path) if digest else ""
        needed, free = n_rows * BYTES_A_ROW, free_memory()
        if needed > free:
            raise FileFormatError(
                f"{path.name} has {n_rows:,} rows, which need about {size_words(needed)} of memory; {size_words(free)} are "
                "free. Read part of it, or use partitioned_summary, which needs no more memory than it is given."
            )
        kinds = {f.name: f.type for f in fields if f.name in wanted}
        instants = {n: _Instants(k, n_rows) for n, k in kinds.items() if pa.types.is_timestamp(k)}
        stretches = _stretches(sizes)
        texts = {n: _Codes(n_rows, len(stretches)) for n, k in kinds.items() if _is_coded(k, n, times)}

        def stretch(number: int) -> dict[str, Any]:
            groups, held = stretches[number], {}
            first = sum(sizes[: groups[0]])
            # Texts come as codes of the row group's own dictionary: no text is made for each row.
            with pq.ParquetFile(path, metadata=metadata, read_dictionary=list(texts)) as file:
                for name in kinds:
                    column = file.read_row_groups(groups, columns=[name], use_threads=False).column(0)
                    if name in instants:
                        instants[name].fill(first, column)
                    elif name in texts:
                        texts[name].fill(number, first, column)
                    else:
                        column.validate(full=True)
                        held[name] = column
            return held

        held = in_threads([partial(stretch, number) for number in range(len(stretches))])
        found: dict[str, Any] = {name: column.array() for name, column in instants.items()}
        instants.clear()
        last: list[Callable[[], Any]] = [
            *(column.array for column in texts.values()),
            partial(file_digest, path) if digest else str,
        ]
        *coded, sha256 = in_threads(last)
        found |= dict(zip(texts, coded, strict=True))
        for name, kind in kinds.items():
            if name not in found:
                pieces = [piece for columns in held for piece in columns.pop(name).chunks]
                found[name] = pa.chunked_array(pieces, kind).combine_chunks()
    except pa.ArrowMemoryError:  # not the file's fault
        raise
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        said = str(error).rstrip(".")
        raise FileFormatError(f"{path.name} can't be read as Parquet: {said}. Export it again.") from error
    return {name: found[name] for name in kinds}, available, n_rows, sha256


def _stretches(sizes: Sequence[int]) -> list[list[int]]:
    """Row groups next to each other, as many together as make a million rows: one by one, small ones take long."""
    result: list[list[int]] = []
    rows = 0
    for number, size in enumerate(sizes):
        if not result or rows + size > ROWS_AT_A_TIME:
            result.append([])
            rows = 0
        result[-1].append(number)
        rows += size
    return [groups for groups in result if any(sizes[g] for g in groups)]


def _is_coded(kind: Any, name: str, times: Collection[str]) -> bool:
    """Whether a column's values are held as codes: dictionaries, and texts that aren't times."""
    return bool(pa.types.is_dictionary(kind)) or (is_text(kind) and name not in times)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
