"""Parquet files: read a row group at a time on all processors, texts as codes at once, so that little is held twice."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from streamline.errors import FileFormatError
from streamline.log.coded import dictionary_array
from streamline.log.time_column import is_text
from streamline.threads import in_threads


class _Instants:
    """A column of timestamps, filled row group by row group."""

    def __init__(self, kind: Any, n: int) -> None:
        self.kind, self.counts, self.absent = kind, np.empty(n, dtype=np.int64), np.zeros(0, dtype=np.bool_)

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


def read_parquet_columns(
    path: Path, *, wanted: Collection[str], times: Collection[str]
) -> tuple[dict[str, Any], tuple[str, ...], int, str]:
    """The wanted columns that the file has, each in one piece, texts and dictionaries as int32 codes.

    times : names of columns whose texts are times: they are left as texts.
    Returns (columns, names of all columns, number of rows, SHA-256 of the file).
    Raises FileFormatError when the file is damaged, or has a wanted name twice.
    """
    try:
        with pq.ParquetFile(path) as file:
            available, n_rows = tuple(file.schema_arrow.names), file.metadata.num_rows
            sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
            fields = list(file.schema_arrow)
        chosen = [n for n in available if n in wanted]
        twice = next((n for n in chosen if chosen.count(n) > 1), None)
        if twice is not None:
            raise FileFormatError(f"{path.name} has {chosen.count(twice)} columns named {twice!r}; rename one.")
        kinds = {f.name: f.type for f in fields if f.name in wanted}
        instants = {n: _Instants(k, n_rows) for n, k in kinds.items() if pa.types.is_timestamp(k)}

        def row_group(number: int) -> dict[str, Any]:
            first, held = sum(sizes[:number]), {}
            with pq.ParquetFile(path) as file:
                for name, kind in kinds.items():
                    column = file.read_row_group(number, columns=[name], use_threads=False).column(0)
                    if name in instants:
                        instants[name].fill(first, column)
                    elif is_text(kind) and name not in times:
                        held[name] = column.dictionary_encode()
                    else:
                        column.validate(full=True)
                        held[name] = column
            return held

        tasks: list[Any] = [partial(row_group, number) for number in range(len(sizes))]
        *groups, sha256 = in_threads([*tasks, partial(file_digest, path)])
        columns: dict[str, Any] = {}
        for name, kind in kinds.items():
            if name in instants:
                columns[name] = instants.pop(name).array()
                continue
            column = pa.chunked_array(
                [c for group in groups for c in group.pop(name).chunks], _held_as(kind, name, times)
            )
            columns[name] = dictionary_array(column) if pa.types.is_dictionary(column.type) else column.combine_chunks()
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        said = str(error).rstrip(".")
        raise FileFormatError(f"{path.name} can't be read as Parquet: {said}. Export it again.") from error
    return columns, available, n_rows, sha256


def _held_as(kind: Any, name: str, times: Collection[str]) -> Any:
    """The type of a column's pieces; texts are dictionaries unless they are times."""
    return pa.dictionary(pa.int32(), kind) if is_text(kind) and name not in times else kind


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
