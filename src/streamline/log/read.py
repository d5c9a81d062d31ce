"""`read_log` and `read_contacts`: files and frames in, frozen logs out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from streamline.errors import FileFormatError
from streamline.log.build import Options
from streamline.log.contact_log import ContactColumns, ContactLog, build_contacts
from streamline.log.database import is_address, records_of_database
from streamline.log.delimited import read_delimited_records
from streamline.log.event_log import EventLog
from streamline.log.feedback_log import FeedbackLog, build_feedback
from streamline.log.files import existing_file, kind_of, unreadable_kind
from streamline.log.raw import RawRecords, RowsOneByOne
from streamline.log.roles import (
    MAX_REJECTED,
    ReadOptions,
    check_rejected,
    columns_wanted,
    log_of_records,
    names_of,
    need,
)
from streamline.log.xes import read_xes_records
from streamline.progress import told_if_slow

if TYPE_CHECKING:
    import pandas as pd


@told_if_slow("reading the log")
def read_log(
    source: str | Path | pd.DataFrame | Any,
    *,
    case: str | None = None,
    activity: str | None = None,
    complete: str | None = None,
    start: str | None = None,
    resource: str | None = None,
    channel: str | None = None,
    arrival: str | None = None,
    attributes: Sequence[str] = (),
    timezone: str | None = None,
    external: Sequence[str] = (),
    ends: Sequence[str] | None = None,
    lifecycle: str | Literal["auto"] | None = "auto",
    date_format: str | None = None,
    missing: Collection[str] = (),
    duplicates: Literal["keep", "drop"] = "keep",
    max_rejected: float = MAX_REJECTED,
    delimiter: str | None = None,
    encoding: str | None = None,
    query: str | None = None,
    table: str | None = None,
) -> EventLog:
    """Read an event log from CSV or TSV (also .gz), Parquet, XES (also .gz), a frame, a DuckDB relation, or a database.

    source : a path; a pandas, Polars or Arrow frame; a DuckDB relation; or the address of a database with a `query` or `table`.
        What kind of file it is, is told by its first bytes, not by its name.
    case, activity, complete, start, resource, channel, arrival : names of columns. `complete` holds the instant at
        which the step was done; without `start`, waiting and service can't be told apart and are given together as
        sojourn time. `arrival` holds the instant at which the case reached the agency; without it the first
        timestamp of the case is taken. Columns that aren't named are looked for under their usual names
        (`USUAL_NAMES`; `case:concept:name` and so on in XES); what was found is in `notes.reading`.
    attributes : columns that say something about the whole case; the first value of each case is kept.
    timezone : IANA zone of times written without an offset, and the zone in which hours and weeks are told (UTC when
        None). Needed when any time has no offset.
    external : activities that wait on the customer or a third party.
    ends : activities that end a case; a case that reached none of them is open.
    lifecycle : column that marks events as start, complete and so on, whose events are paired into steps. "auto"
        takes `lifecycle:transition` from XES files; None reads every event as a step of its own.
    date_format : a strptime form for all times, or "unix_s", "unix_ms", "unix_us"; found when None, and refused when
        day and month can't be told apart.
    missing : texts that stand for "nothing recorded" besides the empty one, such as "?"; "NA" is never assumed.
    duplicates : "keep" rows that repeat an earlier one in case, activity, times and resource (each counts as a
        step), or "drop" them into the rejects.
    max_rejected : share of rows, 0 to 1, that may be set aside.
    query, table : what to read of a database, `postgresql://user@host/name` or `sqlite:///file.db`: the rows of a query, in its
        order, or a whole table. A password is best left to PGPASSWORD or a password file; in no case does an error tell it.

    Returns an EventLog; rows that can't be used are in its `rejects`, and `data_quality` says what was met.
    Raises FileFormatError, MissingColumnError, TimestampError, UnknownNameError, InsufficientDataError, and
    DataQualityError when more than `max_rejected` of the rows had to be set aside.
    """
    options: ReadOptions = {
        "case": case, "activity": activity, "complete": complete, "start": start, "resource": resource,
        "channel": channel, "arrival": arrival, "attributes": attributes, "timezone": timezone, "external": external,
        "ends": ends, "lifecycle": lifecycle, "date_format": date_format, "missing": missing, "duplicates": duplicates,
        "max_rejected": max_rejected,
    }  # fmt: skip
    wanted, times = columns_wanted(options)
    raw = records_of(
        source, wanted=wanted, times=times, delimiter=delimiter, encoding=encoding, query=query, table=table
    )
    return log_of_records(raw, options)


@told_if_slow("reading the contacts")
def read_contacts(
    source: str | Path | pd.DataFrame | Any,
    *,
    case: str | None = None,
    time: str,
    channel: str | None = None,
    reason: str | None = None,
    status_reasons: Sequence[str] = (),
    customer: str | None = None,
    outcome: str | None = None,
    abandoned: Sequence[str] = (),
    timezone: str | None = None,
    date_format: str | None = None,
    missing: Collection[str] = (),
    duplicates: Literal["keep", "drop"] = "keep",
    max_rejected: float = MAX_REJECTED,
    delimiter: str | None = None,
    encoding: str | None = None,
    query: str | None = None,
    table: str | None = None,
) -> ContactLog:
    """Read contacts (calls, e-mails, visits, messages) from the kinds of source that `read_log` reads.

    case : column with the id of the case; a contact without one is kept and counted as unlinked.
    time : column with the instant of the contact.
    channel, reason : columns, when there are any.
    status_reasons : the reasons that ask how far a case is; UnknownNameError when the source has none such.
    customer : column with an id of the customer, by which contacts without a case can be linked (`link_contacts`).
    outcome : column that says how an attempt ended. abandoned : the outcomes of attempts that reached nobody (given up
        in the queue, or blocked); UnknownNameError when the source has none such.
    duplicates : "keep" contacts that repeat an earlier one in instant and every column that was read, or "drop" them
        into the rejects. Either way they are counted; those that name neither case nor customer are never taken for repeats.
    The rest as in `read_log`. Returns a ContactLog; raises what `read_log` raises.
    """
    if duplicates not in ("keep", "drop"):
        raise ValueError(f"duplicates={duplicates!r} is not an option. Choose 'keep' or 'drop'.")
    roles = {
        "case": case, "time": time, "channel": channel, "reason": reason, "customer": customer, "outcome": outcome,
    }  # fmt: skip
    wanted = {n for n in roles.values() if n is not None}
    raw = records_of(
        source, wanted=wanted, times={time}, delimiter=delimiter, encoding=encoding, query=query, table=table
    )
    need(raw, roles.items())
    contacts = build_contacts(
        raw,
        ContactColumns(case=case, time=time, channel=channel, reason=reason, customer=customer, outcome=outcome),
        Options(timezone=timezone, date_format=date_format, missing=frozenset(names_of(missing))),
        status_reasons=names_of(status_reasons),
        unanswered=names_of(abandoned),
        drop_duplicates=duplicates == "drop",
    )
    check_rejected(contacts.rejects, n_rows=raw.n_rows, limit=max_rejected, source=raw.source)
    return contacts


def read_feedback(
    source: str | Path | pd.DataFrame | Any,
    *,
    case: str,
    score: str,
    scale: tuple[float, float],
    time: str | None = None,
    missing: Collection[str] = (),
    max_rejected: float = MAX_REJECTED,
    delimiter: str | None = None,
    encoding: str | None = None,
    query: str | None = None,
    table: str | None = None,
) -> FeedbackLog:
    """Read survey scores from the kinds of source that `read_log` reads.

    case, score : columns. scale : worst and best score; others are set aside.
    Returns a FeedbackLog; raises what `read_log` raises.
    """
    wanted = {n for n in (case, score, time) if n is not None}
    raw = records_of(source, wanted=wanted, delimiter=delimiter, encoding=encoding, query=query, table=table)
    need(raw, (("case", case), ("score", score), ("time", time)))
    feedback = build_feedback(raw, case=case, score=score, scale=scale, missing=frozenset(names_of(missing)))
    check_rejected(feedback.rejects, n_rows=raw.n_rows, limit=max_rejected, source=raw.source)
    return feedback


def records_of(
    source: Any,
    *,
    wanted: Collection[str],
    times: Collection[str] = (),
    delimiter: str | None,
    encoding: str | None,
    query: str | None = None,
    table: str | None = None,
) -> RawRecords:
    """The wanted columns of a source, as they stand; those in `times` are likely to hold times."""
    if isinstance(source, RawRecords):
        return source
    if is_address(source):
        return records_of_database(str(source), query=query, table=table, wanted=wanted)
    if query is not None or table is not None:
        raise ValueError("query and table are for databases, such as postgresql://user@host/name or sqlite:///file.db.")
    if not isinstance(source, (str, Path)):
        return _frame_records(source, wanted=wanted)
    return records_of_file(existing_file(source), wanted=wanted, times=times, delimiter=delimiter, encoding=encoding)


def records_of_file(
    path: Path,
    *,
    wanted: Collection[str],
    times: Collection[str],
    delimiter: str | None,
    encoding: str | None,
    digest: bool = True,
) -> RawRecords:
    """The wanted columns of a file that exists; without `digest` that of a Parquet file isn't taken."""
    kind = kind_of(path)
    if kind == "parquet":
        return _parquet_records(path, wanted=wanted, times=times, digest=digest)
    if kind == "xes":
        return read_xes_records(path, wanted=wanted)
    if kind != "text" and not (kind == "binary" and encoding is not None):  # UTF-16 without a mark has zero bytes
        raise unreadable_kind(path, kind)
    return read_delimited_records(path, wanted=wanted, delimiter=delimiter, encoding=encoding)


def _parquet_records(path: Path, *, wanted: Collection[str], times: Collection[str], digest: bool) -> RawRecords:
    from streamline.log.parquet import read_parquet_columns

    columns, available, n_rows, sha256 = read_parquet_columns(path, wanted=wanted, times=times, digest=digest)
    if n_rows == 0:
        raise FileFormatError(f"{path.name} has columns ({', '.join(available[:10])}) but no rows.")
    table = pa.table(columns) if columns else pa.table({"": pa.nulls(n_rows)})
    return records_of_table(table, source=path.name, available=available, form="Parquet", sha256=sha256)


def _frame_records(frame: Any, *, wanted: Collection[str]) -> RawRecords:
    """Columns of a pandas, Polars or Arrow frame, or of a DuckDB relation; the frame itself is not touched."""
    kind = type(frame).__module__.partition(".")[0]
    if kind == "pandas":
        available = tuple(str(c) for c in frame.columns)
        chosen = [c for c in frame.columns if str(c) in wanted]
        _once([str(c) for c in chosen], source="The frame")
        table = pa.Table.from_arrays([_pandas_column(frame[c]) for c in chosen], names=[str(c) for c in chosen])
    else:
        if kind == "polars" and hasattr(frame, "collect"):  # a LazyFrame
            frame = frame.collect()
        for convert in ("to_arrow_table", "to_arrow"):  # of a DuckDB relation, of a Polars frame
            if hasattr(frame, convert):
                frame = getattr(frame, convert)()
                break
        if isinstance(frame, pa.RecordBatch):
            frame = pa.Table.from_batches([frame])
        if not isinstance(frame, pa.Table):
            raise FileFormatError(
                f"read_log takes a path, a pandas, Polars or Arrow frame, or a DuckDB relation; this is a {type(frame).__name__}."
            )
        available = tuple(frame.column_names)
        _once([n for n in available if n in wanted], source="The frame")
        table = frame.select([n for n in available if n in wanted])
    if len(frame) == 0:
        raise FileFormatError(f"The frame has columns ({', '.join(available[:10])}) but no rows.")
    if not table.column_names:  # none of the wanted columns: Arrow would forget how many rows there are
        table = pa.table({"": pa.nulls(len(frame))})
    return records_of_table(table, source="frame", available=available, form=f"{kind} frame", sha256="")


def _once(names: Sequence[str], *, source: str) -> None:
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise FileFormatError(f"{source} has {names.count(twice)} columns named {twice!r}; rename one.")


def _pandas_column(values: Any) -> Any:
    """A pandas column as Arrow. Objects of several kinds become text, since Arrow refuses them, and so do times, since
    it would read those without an offset as UTC when others have one."""
    import pandas as pd

    if values.dtype == object and pd.api.types.infer_dtype(values, skipna=True).startswith(("mixed", "datetime")):
        values = values.map(_as_text, na_action="ignore")
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise FileFormatError(
            f"The frame's column {values.name!r} can't be read: {error}. Turn it into text, numbers or times."
        ) from error


def _as_text(value: Any) -> Any:
    """A number or a time as the text that a CSV file would hold; anything else as it is."""
    import datetime

    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (int, float, np.number, Decimal, datetime.date)) else value


def records_of_table(
    table: Any,
    *,
    source: str,
    form: str,
    available: tuple[str, ...] | None = None,
    sha256: str = "",
    row: np.ndarray[Any, np.dtype[np.int64]] | None = None,
) -> RawRecords:
    """The columns of an Arrow table, in the order of the source. Raises FileFormatError for nested ones.

    form : what it came from, in words. available : all columns of the source, when the table has some of them only.
    row : the row of the source behind each row; 1 to n when None.
    """
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if pa.types.is_nested(kind):
            raise FileFormatError(f"{source}: column {name!r} holds {kind}; a column of single values is needed.")
        try:
            if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
                column = column.cast(pa.large_string())  # noqa: PLW2901
            pa.nulls(1, kind).cast(pa.large_string())
        except pa.ArrowException as error:
            raise FileFormatError(
                f"{source}: column {name!r} holds {kind}, which can't be read ({error}). Turn it into text or times."
            ) from error
        columns[name] = column
    return RawRecords(
        source=source,
        columns=columns,
        row=RowsOneByOne(1, table.num_rows) if row is None else row,
        available=tuple(table.column_names) if available is None else available,
        reading={"format": form},
        sha256=sha256,
    )
