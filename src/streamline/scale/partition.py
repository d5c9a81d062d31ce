"""A log larger than memory: split by case into partitions on disk, one at a time in memory, summaries merged."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pyarrow as pa

from streamline.errors import FileFormatError, OutputError, StreamlineError
from streamline.log.files import existing_file, kind_of, unreadable_kind
from streamline.log.raw import RawRecords, Reject
from streamline.log.roles import ReadOptions, columns_wanted, role_columns
from streamline.measure.summary import LogSummary
from streamline.scale.pieces import BYTES_PER_EVENT, Piece, piece_of, put_together
from streamline.units import parse_size, size_words

#: The column of a partition that holds the row of the source.
ROW = "streamline row"
#: What Python, the libraries and the compiled kernels take before any record is read.
BASE_BYTES = 350_000_000
#: Blanks that are dropped around a case id (see `coded`): the same case must go to the same partition.
_BLANKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" \
    "\u2028\u2029\u202f\u205f\u3000"  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A file on its way to partitions: what DuckDB reads, and what is known of it beforehand."""

    source: str
    #: A relation by this SQL, with the columns `columns` and `ROW`.
    sql: str
    #: Registered under the name "rows" when the SQL reads it: an Arrow stream.
    stream: Any
    columns: dict[str, Any]
    available: tuple[str, ...]
    n_rows: int
    #: Bytes that the partitions may take on disk, at most.
    needed: int
    #: Rows set aside while it is read.
    rejects: list[Reject]


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

    The rows are split by case into partitions on disk (DuckDB, which spills to disk too), each is read by itself, and
    the summaries are merged: counts and sums are the same as those of the whole, quantiles exact as long as the values
    fit and then within the error that the tables state.

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
    path, (wanted, times) = existing_file(source), columns_wanted(options)
    for trimmed in (False, True):
        file = _source(path, wanted, delimiter=delimiter, encoding=encoding)
        roles, _ = role_columns(file, options)
        kept = {name for name in roles.names() if name not in options.get("attributes", ())}
        room = (limit - BASE_BYTES) // 2
        n = max(1, -(-file.n_rows * BYTES_PER_EVENT // room))
        with _partitions(file, roles.case, kept, n, room=room, folder=folder, trimmed=trimmed) as partitions:
            careful = trimmed or n == 1
            pieces = (_piece(file, paths, times, options, max(room // 32, 1), careful=careful) for paths in partitions)
            try:
                return put_together(
                    pieces, options, source=file.source, budget=max(room // 32, 1), rejects=file.rejects
                )
            except _PaddedError:  # once more, and slowly
                continue
    raise AssertionError("unreachable")


class _PaddedError(Exception):
    """Some case id has blanks around it, so that one case may stand in two partitions."""


def _piece(
    file: _Source, paths: Sequence[Path], times: set[str], options: ReadOptions, budget: int, *, careful: bool
) -> Piece:
    piece = piece_of(_records(file, paths, times), options, budget=budget)
    if piece.padded and not careful:
        raise _PaddedError
    return piece


def _source(path: Path, wanted: set[str], *, delimiter: str | None, encoding: str | None) -> _Source:
    """What DuckDB is to read of the file."""
    kind = kind_of(path)
    if kind == "parquet":
        return _parquet_source(path, wanted)
    if kind == "xes":
        raise FileFormatError(f"{path.name} is XES, which is read whole (read_log). Store it as Parquet or CSV first.")
    if kind != "text":
        raise unreadable_kind(path, kind)
    from streamline.log.delimited import delimited_batches

    schema, batches, rejects, n_rows = delimited_batches(
        path, wanted=wanted, row_name=ROW, delimiter=delimiter, encoding=encoding
    )
    names = [name for name in schema.names if name != ROW]
    return _Source(
        source=path.name,
        sql="SELECT * FROM rows",
        stream=pa.RecordBatchReader.from_batches(schema, batches),
        columns=dict.fromkeys(names, pa.large_string()),
        available=tuple(names),
        n_rows=n_rows,
        needed=2 * path.stat().st_size * (6 if path.suffix == ".gz" else 1),
        rejects=rejects,
    )


def _parquet_source(path: Path, wanted: set[str]) -> _Source:
    import pyarrow.parquet as pq

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
    columns = {name: schema.field(name).type for name in schema.names if name in wanted}
    for name, kind in columns.items():
        if pa.types.is_nested(kind):
            raise FileFormatError(f"{path.name}: column {name!r} holds {kind}; a column of single values is needed.")
    return _Source(
        source=path.name,
        sql=f"SELECT *, file_row_number + 1 AS {_quoted(ROW)} FROM read_parquet({_text(str(path))}, file_row_number = true)",
        stream=None,
        columns=columns,
        available=tuple(schema.names),
        n_rows=metadata.num_rows,
        needed=needed + 8 * metadata.num_rows,
        rejects=[],
    )


@contextmanager
def _partitions(
    file: _Source, case: str, kept: set[str], n: int, *, room: int, folder: str | Path | None, trimmed: bool
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
            connection.execute("SET preserve_insertion_order = false")
            connection.execute(f"SET partitioned_write_flush_threshold = {max(10_000, room // (n * 400))}")
            connection.execute(f"SET partitioned_write_max_open_files = {n + 1}")
            if file.stream is not None:
                connection.register("rows", file.stream)
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
        if isinstance(error.__cause__, StreamlineError):
            raise error.__cause__ from None
        said = str(error).strip().splitlines()[0]
        raise OutputError(
            f"{file.source} can't be split into partitions in {place.parent}: {said}. {needed} there; nothing was left. "
            "Name another folder with folder=."
        ) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _split(file: _Source, case: str, kept: set[str], n: int, target: Path, *, trimmed: bool) -> str:
    """The SQL that writes the partitions: all rows of one case into one of them."""
    kind = file.columns[case]
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    key = _quoted(case)
    if trimmed and (pa.types.is_string(value) or pa.types.is_large_string(value)):
        key = f"trim({key}, {_text(_BLANKS)})"
    names = ", ".join(_quoted(name) for name in sorted(kept))
    return (
        f"COPY (SELECT {names}, {_quoted(ROW)}, coalesce(hash({key}) % {n}, 0) AS part FROM ({file.sql})) "
        f"TO {_text(str(target))} (FORMAT parquet, PARTITION_BY (part), COMPRESSION snappy, OVERWRITE true)"
    )


def _records(file: _Source, paths: Sequence[Path], times: set[str]) -> RawRecords:
    """The rows of one partition, in the order of the source."""
    from streamline.log.parquet import read_parquet_columns

    pieces = [read_parquet_columns(p, wanted={*file.columns, ROW}, times=times, digest=False)[0] for p in paths]
    columns = pieces[0] if len(pieces) == 1 else _joined(pieces)
    row = np.asarray(columns.pop(ROW).to_numpy(), dtype=np.int64)
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


def _quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"
