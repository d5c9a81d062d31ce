"""A log larger than memory: split by case into partitions on disk, one at a time in memory, summaries merged."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from streamline.errors import FileFormatError, OutputError, StreamlineError
from streamline.log.files import existing_file, is_gzip, kind_of, unreadable_kind
from streamline.log.parquet import read_parquet_columns
from streamline.log.raw import RawRecords, Reject
from streamline.log.read import records_of_file
from streamline.log.roles import ReadOptions, check_options, columns_wanted, role_columns
from streamline.log.time_column import is_text
from streamline.measure.summaries.summary import LogSummary
from streamline.scale.pieces import BLANKS, BYTES_PER_EVENT, Piece, of_piece, piece_of, put_together
from streamline.units import parse_size, size_words

#: The column of a partition that holds the row of the source.
ROW = "\x1frow"
#: What Python, the libraries and the compiled kernels take before any record is read.
BASE_BYTES = 350_000_000
_ROWS_AT_A_TIME = 1 << 17


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A file on its way to partitions: its rows as a stream, and what is known of it beforehand."""

    source: str
    #: The columns that may be needed, and their types.
    columns: dict[str, Any]
    available: tuple[str, ...]
    n_rows: int
    #: Bytes that the partitions may take on disk, at most.
    needed: int
    #: Arrow record batches of `columns` and `ROW`.
    batches: Iterator[Any]
    #: Rows set aside while the batches are read, and the error that ended it.
    rejects: list[Reject]
    error: list[StreamlineError] = field(default_factory=list)

    def stream(self, names: Sequence[str]) -> Any:
        """These columns as `c0`, `c1`, … (DuckDB doesn't tell capitals in names apart), and the row as `at`."""
        kinds = [self.held_as(name) for name in names]
        schema = pa.schema([*((f"c{i}", kind) for i, kind in enumerate(kinds)), ("at", pa.int64())])

        def renamed() -> Iterator[Any]:
            try:
                for batch in self.batches:
                    columns = [batch.column(name).cast(kind) for name, kind in zip(names, kinds, strict=True)]
                    yield pa.RecordBatch.from_arrays([*columns, batch.column(ROW)], schema=schema)
            except StreamlineError as error:
                self.error.append(error)
                raise
            except pa.ArrowMemoryError:
                raise
            except pa.ArrowException as error:
                self.error.append(FileFormatError(f"{self.source} can't be read: {error}. Export it again."))
                raise

        return pa.RecordBatchReader.from_batches(schema, renamed())

    def held_as(self, name: str) -> Any:
        """The type of a column in the partitions: dictionaries and bytes are held as text."""
        kind = self.columns[name]
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        return pa.large_string() if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) else kind


def partitioned_summary(
    source: str | Path,
    *,
    memory: str = "2 GB",
    folder: str | Path | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    **options: Unpack[ReadOptions],
) -> LogSummary:
    """The summary of a log that needn't fit into memory: `log_summary(read_log(source, …))`, piece by piece.

    Only the columns that it needs are read. A log that fits is read at once. Else its rows are split by case into
    partitions on disk (DuckDB, which spills to disk too), each is read by itself, and the summaries are merged: counts
    and sums are the same as those of the whole, quantiles exact as long as the values fit and then within the error that
    the tables state.

    source : a Parquet, CSV or TSV file (also .gz).
    memory : how much this process may take, such as "2 GB"; at least 1 GB. More makes fewer partitions.
    folder : where the partitions are written (the system's temporary folder when None). They are removed at the end,
        whatever happens.
    delimiter, encoding, options : as in `read_log`; `attributes` have no effect. The order of day and month in dates
        written as text must be clear in every partition, else `date_format` must say it.

    Returns LogSummary. Raises what `read_log` raises, and OutputError, which says how much room was needed, when the
    partitions don't fit on the disk.
    """
    limit = parse_size(memory)
    if limit < 1_000_000_000:
        raise ValueError(f"memory must be at least 1 GB; {memory!r} is less.")
    check_options(options)
    path, (wanted, times) = existing_file(source), columns_wanted(options)
    for trimmed in (False, True):
        file = _source(path, wanted, delimiter=delimiter, encoding=encoding)
        role_columns(file, options)
        roles, _ = role_columns(file, of_piece(options))
        drops = options.get("duplicates") == "drop"  # a duplicate repeats the resource too; else nobody asks for it
        kept = sorted({*replace(roles, channel=None, resource=roles.resource if drops else None).names()})
        needed: ReadOptions = {**options, "channel": None, "resource": options.get("resource") if drops else None}
        room = (limit - BASE_BYTES) // 2
        n = max(1, -(-file.n_rows * BYTES_PER_EVENT // room))
        if n == 1:
            return _at_once(path, kept, needed, times, room // 32, delimiter=delimiter, encoding=encoding)
        with _partitions(file, roles.case, kept, n, room=room, folder=folder, trimmed=trimmed) as partitions:
            pieces = (
                _piece(file, kept, paths, times, needed, max(room // 32, 1), careful=trimmed) for paths in partitions
            )
            try:
                return put_together(
                    pieces, options, source=file.source, budget=max(room // 32, 1), rejects=file.rejects
                )
            except _PaddedError:  # once more, and slowly
                continue
    raise AssertionError("unreachable")


def _at_once(
    path: Path,
    kept: Sequence[str],
    options: ReadOptions,
    times: set[str],
    budget: int,
    *,
    delimiter: str | None,
    encoding: str | None,
) -> LogSummary:
    """The summary of a log that fits into the memory: read as a whole, but only the columns that are needed."""
    raw = records_of_file(path, wanted=kept, times=times, delimiter=delimiter, encoding=encoding, digest=False)
    return put_together([piece_of(raw, options, budget=budget, alone=True)], options, source=path.name, budget=budget)


class _PaddedError(Exception):
    """Some case id has blanks around it, so that one case may stand in two partitions."""


def _piece(
    file: _Source,
    kept: Sequence[str],
    paths: Sequence[Path],
    times: set[str],
    options: ReadOptions,
    budget: int,
    *,
    careful: bool,
) -> Piece:
    piece = piece_of(_records(file, kept, paths, times), options, budget=budget)
    if piece.padded and not careful:
        raise _PaddedError
    return piece


def _source(path: Path, wanted: set[str], *, delimiter: str | None, encoding: str | None) -> _Source:
    """The rows of the file as a stream."""
    kind = kind_of(path)
    if kind == "parquet":
        return _parquet_source(path, wanted)
    if kind == "xes":
        raise FileFormatError(f"{path.name} is XES, which is read whole (read_log). Store it as Parquet or CSV first.")
    if kind != "text" and not (kind == "binary" and encoding is not None):
        raise unreadable_kind(path, kind)
    from streamline.log.delimited import delimited_batches

    found = delimited_batches(path, wanted=wanted, row_name=ROW, delimiter=delimiter, encoding=encoding)
    return _Source(
        source=path.name,
        columns={name: pa.large_string() for name in found.schema.names if name != ROW},
        available=found.available,
        n_rows=found.n_rows,
        needed=2 * path.stat().st_size * (6 if is_gzip(path) else 1),
        batches=found.batches,
        rejects=found.rejects,
    )


def _parquet_source(path: Path, wanted: set[str]) -> _Source:
    try:
        with pq.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
            needed = sum(
                metadata.row_group(g).column(c).total_uncompressed_size
                for g in range(metadata.num_row_groups)
                for c in range(metadata.num_columns)
                if metadata.row_group(g).column(c).path_in_schema in wanted
            )
    except (pa.ArrowException, OSError) as error:
        raise FileFormatError(f"{path.name} can't be read as Parquet: {error}. Export it again.") from error
    if metadata.num_rows == 0:
        raise FileFormatError(f"{path.name} has columns ({', '.join(schema.names[:10])}) but no rows.")
    chosen = [name for name in schema.names if name in wanted]
    twice = next((name for name in chosen if chosen.count(name) > 1), None)
    if twice is not None:
        raise FileFormatError(f"{path.name} has {chosen.count(twice)} columns named {twice!r}; rename one.")
    columns = {name: schema.field(name).type for name in chosen}
    for name, kind in columns.items():
        if pa.types.is_nested(kind):
            raise FileFormatError(f"{path.name}: column {name!r} holds {kind}; a column of single values is needed.")

    def batches() -> Iterator[Any]:
        at = 1
        with pq.ParquetFile(path, pre_buffer=False) as file:  # else it would hold all of the file
            for batch in file.iter_batches(batch_size=_ROWS_AT_A_TIME, columns=chosen):
                yield batch.append_column(ROW, pa.array(np.arange(at, at + batch.num_rows)))
                at += batch.num_rows

    return _Source(
        source=path.name,
        columns=columns,
        available=tuple(schema.names),
        n_rows=metadata.num_rows,
        needed=needed + 8 * metadata.num_rows,
        batches=batches(),
        rejects=[],
    )


@contextmanager
def _partitions(
    file: _Source, case: str, kept: Sequence[str], n: int, *, room: int, folder: str | Path | None, trimmed: bool
) -> Iterator[list[list[Path]]]:
    """The files of each partition, in a temporary folder that is removed afterwards."""
    import duckdb

    needed = f"About {size_words(file.needed)} are needed"
    try:
        place = Path(tempfile.mkdtemp(prefix="streamline-", dir=folder))
    except OSError as error:
        raise OutputError(f"{folder} can't be written: {error.strerror}. Name another folder with folder=.") from error
    try:
        free = shutil.disk_usage(place).free
        if free < file.needed:
            raise OutputError(
                f"{place.parent} has {size_words(free)} free, too little for the partitions of {file.source}. "
                f"{needed}; name another folder with folder=."
            )
        connection = duckdb.connect()
        try:
            connection.execute(f"SET memory_limit = '{room // 1_000_000}MB'")
            connection.execute(f"SET temp_directory = {_text(str(place / 'spill'))}")
            connection.execute("SET enable_progress_bar = false")  # notebooks would show it beside the answer
            connection.execute("SET preserve_insertion_order = false")
            connection.execute(f"SET partitioned_write_flush_threshold = {max(10_000, room // (n * 400))}")
            connection.execute(f"SET partitioned_write_max_open_files = {n + 1}")
            connection.register("rows", file.stream(kept))
            connection.execute(_split(file, case, kept, n, place / "parts", trimmed=trimmed))
        finally:
            connection.close()
        yield [
            sorted(path.glob("*.parquet"))
            for path in sorted((place / "parts").glob("part=*"), key=lambda p: int(p.name.partition("=")[2]))
        ]
    except (duckdb.Error, OSError) as error:
        if isinstance(error, StreamlineError):
            raise
        if file.error:
            raise file.error[0] from None
        said = str(error).strip().splitlines()[0]
        raise OutputError(
            f"{file.source} can't be split into partitions in {place.parent}: {said}. {needed} there; nothing was left. "
            "Name another folder with folder=."
        ) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _split(file: _Source, case: str, kept: Sequence[str], n: int, target: Path, *, trimmed: bool) -> str:
    """The SQL that writes the partitions: all rows of one case into one of them."""
    key = f"c{kept.index(case)}"
    if trimmed and is_text(file.held_as(case)):
        key = f"trim({key}, {_text(BLANKS)})"
    return (
        f"COPY (SELECT *, coalesce(hash({key}) % {n}, 0) AS part FROM rows) "
        f"TO {_text(str(target))} (FORMAT parquet, PARTITION_BY (part), COMPRESSION snappy, OVERWRITE true)"
    )


def _records(file: _Source, kept: Sequence[str], paths: Sequence[Path], times: set[str]) -> RawRecords:
    """The rows of one partition, in the order of the source."""
    names = {f"c{i}": name for i, name in enumerate(kept)}
    text = {c for c, name in names.items() if name in times}
    pieces = [read_parquet_columns(p, wanted={*names, "at"}, times=text, digest=False)[0] for p in paths]
    columns = pieces[0] if len(pieces) == 1 else _joined(pieces)
    row = np.asarray(columns.pop("at").to_numpy(), dtype=np.int64)
    columns = {names[c]: column for c, column in columns.items()}
    if (row[1:] < row[:-1]).any():
        order = np.argsort(row, kind="stable")
        row, place = row[order], pa.array(order)
        columns = {name: column.take(place) for name, column in columns.items()}
    return RawRecords(
        source=file.source, columns=columns, row=row, available=file.available, reading={"format": "partition"}
    )


def _joined(pieces: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The columns of several files, one after the other."""
    joined: dict[str, Any] = {}
    for name in pieces[0]:
        whole = pa.chunked_array([piece[name] for piece in pieces])
        if pa.types.is_dictionary(whole.type):
            whole = whole.unify_dictionaries()
        joined[name] = whole.combine_chunks()
    return joined


def _text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"
