"""The same kernels on Apache Spark: rows go to workers by case, or by resource, and what those find is put together.

A piece of work that is lost with its executor is run again by Spark; since a piece's answer depends on its rows only, the
result is the same.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
import pyarrow as pa

from streamline.errors import (
    DataQualityError,
    FileFormatError,
    InsufficientDataError,
    MissingColumnError,
    MissingDependencyError,
    StreamlineError,
)  # fmt: skip
from streamline.log.build import Columns
from streamline.log.event_log import EventLog
from streamline.log.raw import RawRecords, Reject
from streamline.log.read import records_of_table
from streamline.log.roles import (
    ReadOptions,
    RejectTally,
    check_options,
    columns_wanted,
    log_of_records,
    role_columns,
)  # fmt: skip
from streamline.log.store import content_digest
from streamline.machine import free_memory
from streamline.measure.staff.work import WorkCounts, work_counts
from streamline.measure.summaries.summary import LogSummary
from streamline.scale.pieces import BLANKS, BYTES_PER_EVENT, check_whole, of_piece, piece_of, put_together
from streamline.stats.streams import BUDGET
from streamline.units import size_words

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Columns that say where a row stands in the source: its file, and its place in it.
FILE, PLACE = "streamline file", "streamline place"
_FORMATS = {".parquet": "parquet", ".pq": "parquet", ".orc": "orc"}
#: Endings of text formats, which Spark reads by rules of its own (rows of another width, quotation marks, encodings).
_TEXT = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".csv.gz", ".tsv.gz", ".json.gz")
#: The blanks around an id, for Java's regular expressions.
_AROUND = "[" + "".join(f"\\x{{{ord(c):x}}}" for c in BLANKS) + "]+"


def spark_summary(
    source: DataFrame | str | os.PathLike[str],
    *,
    session: SparkSession | None = None,
    n_partitions: int | None = None,
    budget: int = BUDGET,
    **options: Unpack[ReadOptions],
) -> LogSummary:
    """The summary of a log that lies in Spark: `log_summary`, with the rows of each case on one worker.

    Counts and sums are those of one machine, bit for bit; quantiles are exact while all waits fit into `budget`, else
    within the error that the tables state.

    source : a Spark DataFrame, the name of a table, or a path (Parquet or ORC; Spark reads CSV by other rules than
        `read_log`, so it is refused: store it as Parquet, or pass a DataFrame that you have checked).
    session : the SparkSession to use; the running one, or a new one, when None.
    n_partitions : pieces of work; the session's `spark.sql.shuffle.partitions` when None. A piece should fit into a
        worker's memory: about 200 bytes an event.
    options : as in `read_log`; `attributes` have no effect.

    Returns LogSummary. Raises what `read_log` raises, and MissingDependencyError without PySpark.
    """
    frame, roles, kept = _chosen(source, session, options)
    n = n_partitions or _n_partitions(frame.rows)
    work = partial(_piece, source=frame.name, options=dict(options), budget=max(budget // n, 1))
    pieces = _on_workers(_placed(frame, kept), roles.case, n, work)
    return put_together(pieces, options, source=frame.name, budget=budget)


def spark_work(
    source: DataFrame | str | os.PathLike[str],
    *,
    session: SparkSession | None = None,
    n_partitions: int | None = None,
    **options: Unpack[ReadOptions],
) -> WorkCounts:
    """The work of each resource of a log that lies in Spark (see `resource_work`), with all its steps on one worker.

    Starts must be a column: where they are events of a lifecycle, pairing them needs the whole case.
    Parameters and errors as for `spark_summary`.
    """
    frame, roles, kept = _chosen(source, session, options)
    for role, column in (("resource", roles.resource), ("start", roles.start)):
        if column is None:
            raise MissingColumnError(role=role, column=role, source=frame.name, columns=tuple(frame.rows.columns))
    assert roles.resource is not None
    n = n_partitions or _n_partitions(frame.rows)
    work = partial(_work, source=frame.name, options=dict(options))
    tally, activities, n_rows = RejectTally(), set[str](), 0
    parts = []
    for piece in _on_workers(_placed(frame, kept), roles.resource, n, work):
        tally.update(piece.tally)
        activities |= piece.activities
        n_rows += piece.n_rows
        parts.append(piece.counts)
    check_whole(tally, activities, options, n_rows=n_rows, source=frame.name)
    whole = WorkCounts.merged(parts) if parts else None
    if whole is None or whole.n_steps == 0:
        raise InsufficientDataError(f"{frame.name}: no step has both a resource and a recorded start.")
    return whole


def spark_log(
    source: DataFrame | str | os.PathLike[str],
    *,
    session: SparkSession | None = None,
    **options: Unpack[ReadOptions],
) -> EventLog:
    """Bring the columns of a log that lies in Spark to this machine, and read them as `read_log` does.

    For the measures that need the whole log at hand. Parameters and errors as for `spark_summary`;
    InsufficientDataError, with the memory needed, when the log is too large for this machine.
    """
    check_options(options)
    frame = _frame(source, session)
    wanted, _ = columns_wanted(options)
    offered, name = _Offered(frame.rows, frame.name, wanted), frame.name
    role_columns(offered, options)
    chosen = _placed(frame, offered.columns)
    n_rows = chosen.count()
    needed, free = n_rows * BYTES_PER_EVENT, free_memory()
    if needed > free:
        raise InsufficientDataError(
            f"{name} has {n_rows:,} rows, which need about {size_words(needed)} of memory here; {size_words(free)} are "
            "free. Choose fewer rows, or use spark_summary, which leaves the rows on the cluster."
        )
    log = log_of_records(_records(chosen.toArrow(), name), options)
    reading = {**log.notes.reading, "digest": "of the cases, activities and times as they were read"}
    return replace(log, notes=replace(log.notes, sha256=content_digest(log), reading=reading))


class _Offered:
    """A frame's columns, for the finding of roles."""

    def __init__(self, frame: DataFrame, source: str, wanted: set[str]) -> None:
        self.source, self.available = source, tuple(frame.columns)
        self.columns = [name for name in frame.columns if name in wanted]
        folded = [name.casefold() for name in frame.columns]  # Spark doesn't tell capitals apart
        twice = next((name for name in self.columns if folded.count(name.casefold()) > 1), None)
        if twice is not None:
            n = folded.count(twice.casefold())
            raise FileFormatError(f"{source} has {n} columns named {twice!r} (Spark ignores capitals); rename one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Rows in Spark, what to call them, and whether they know their place in a file."""

    rows: DataFrame
    name: str
    knows_place: bool = False


def _chosen(
    source: DataFrame | str | os.PathLike[str], session: SparkSession | None, options: ReadOptions
) -> tuple[_Frame, Columns, list[str]]:
    """The rows, the columns of the roles, and the names of the columns that are sent to the workers."""
    check_options(options)
    frame = _frame(source, session)
    wanted, _ = columns_wanted(options)
    offered = _Offered(frame.rows, frame.name, wanted)
    role_columns(offered, options)
    roles, _ = role_columns(offered, of_piece(options))
    return frame, roles, sorted({*roles.names()})


def _frame(source: DataFrame | str | os.PathLike[str], session: SparkSession | None) -> _Frame:
    """The rows of a table, a path or a frame."""
    try:
        from pyspark.errors import AnalysisException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise MissingDependencyError("Logs in Spark need PySpark: pip install 'streamline[spark]'.") from error
    if isinstance(source, os.PathLike):
        source = os.fspath(source)
    if not isinstance(source, str):
        return _Frame(rows=source, name="Spark frame")
    if source.lower().endswith(_TEXT):
        raise FileFormatError(
            f"{source}: Spark reads text formats by rules of its own (rows of another width, quotation marks). Store the "
            "log as Parquet, or pass a DataFrame that you have checked; read_log and partitioned_summary read CSV."
        )
    session = session or SparkSession.builder.getOrCreate()
    try:
        if not is_path(source):
            return _Frame(rows=session.table(source), name=source)
        # A scheme says where the path leads; without one it is a path of this machine.
        path = source if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", source) else str(Path(source).absolute())
        kind = _format_of(source) or "parquet"
        rows = session.read.format(kind).load(path)
        return _Frame(rows=rows, name=PurePosixPath(source.rstrip("/")).name, knows_place=kind == "parquet")
    except AnalysisException as error:
        said = str(error).strip().splitlines()[0]
        raise FileFormatError(
            f"Spark can't read {source!r}: {said}. Name a table that the session knows, or a path that its workers reach."
        ) from error


def is_path(source: str) -> bool:
    """Whether a source is a path, not the name of a table: it has a slash, a scheme or a known ending, or lies here.

    >>> is_path("permits.events"), is_path("s3a://bucket/events"), is_path("events.parquet")
    (False, True, True)
    """
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", source)
    return "/" in source or os.sep in source or bool(scheme) or _format_of(source) is not None or Path(source).exists()


def _format_of(source: str) -> str | None:
    name = PurePosixPath(source.rstrip("/")).name.lower()
    return next((_FORMATS[end] for end in sorted(_FORMATS, key=len, reverse=True) if name.endswith(end)), None)


def _placed(frame: _Frame, names: list[str]) -> DataFrame:
    """These columns, and where each row stands in its source: ties in time go by it."""
    from pyspark.sql import functions as F  # noqa: N812

    columns = [frame.rows[_quoted(name)] for name in names]
    if frame.knows_place:
        file, place = F.col("_metadata.file_path"), F.col("_metadata.row_index")
    else:
        file, place = F.lit(""), F.monotonically_increasing_id()
    return frame.rows.select(*columns, file.alias(FILE), place.alias(PLACE))


def _on_workers(frame: DataFrame, key: str, n: int, work: Callable[[Any], Any]) -> Iterator[Any]:
    """`work` on each of n pieces of the rows, split by the key; blanks around a text don't make another key."""
    from pyspark.sql import functions as F  # noqa: N812

    column = frame[_quoted(key)]
    if dict(frame.dtypes)[key] in ("string", "binary"):
        column = F.regexp_replace(column.cast("string"), f"^{_AROUND}|{_AROUND}$", "")
    answers = frame.repartition(n, column).mapInArrow(partial(_answers, work=work), "answer binary")
    for row in answers.collect():  # all pieces at the same time; their budgets bound what comes back
        answer = pickle.loads(bytes(row["answer"]))  # made by our own workers just now
        if isinstance(answer, StreamlineError):
            raise answer
        yield answer


def _answers(batches: Iterator[Any], *, work: Callable[[Any], Any]) -> Iterator[Any]:
    """On a worker: the answer for its piece, as bytes; none for a piece without rows."""
    rows = list(batches)
    if not any(batch.num_rows for batch in rows):
        return
    try:
        answer = work(pa.Table.from_batches(rows))
    except StreamlineError as error:
        answer = error
    yield pa.RecordBatch.from_arrays([pa.array([pickle.dumps(answer)], pa.binary())], names=["answer"])


def _piece(table: Any, *, source: str, options: Any, budget: int) -> Any:
    return piece_of(_records(table, source), options, budget=budget)


@dataclass(frozen=True, slots=True, kw_only=True)
class _WorkPiece:
    """What one piece tells of the work of its resources."""

    counts: WorkCounts
    tally: RejectTally
    activities: frozenset[str] = frozenset()
    n_rows: int = 0


def _work(table: Any, *, source: str, options: Any) -> _WorkPiece:
    raw, tally = _records(table, source), RejectTally()
    try:
        log = log_of_records(raw, of_piece(options), whole=False)
    except DataQualityError as error:  # no usable row here
        tally.add([r for r in error.rejects if isinstance(r, Reject)])
        return _WorkPiece(counts=WorkCounts.none(0), tally=tally, n_rows=raw.n_rows)
    tally.add(log.rejects)
    counts = work_counts(log) if log.resource is not None and log.has_start else WorkCounts.none(log.n_steps)
    return _WorkPiece(counts=counts, tally=tally, activities=frozenset(log.activities), n_rows=raw.n_rows)


def _records(table: Any, source: str) -> RawRecords:
    """Rows in the order of their source."""
    files = table.column(FILE).combine_chunks().dictionary_encode()
    rank = np.argsort(np.argsort(np.asarray(files.dictionary.to_pylist(), dtype=object), kind="stable"), kind="stable")
    place = table.column(PLACE).to_numpy()
    order = np.lexsort((place, rank[files.indices.to_numpy()]))
    table = table.drop_columns([FILE, PLACE]).take(pa.array(order))
    return records_of_table(table, source=source, form="Spark", row=place[order] + 1)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _n_partitions(frame: DataFrame) -> int:
    """How many pieces the session makes of a shuffle."""
    return int(frame.sparkSession.conf.get("spark.sql.shuffle.partitions", "200") or 200)
