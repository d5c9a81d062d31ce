"""An event log as the tables of other libraries, and pm4py's logs as ours.

The plain table (Arrow, Polars, DuckDB) has one row a step: `case`, `activity`, `start`, `complete`, `resource` and `channel` as
far as the log has them, `arrival`, the attributes of the case under their own names (with `case:` before a name that one of
these columns has), and `row`, the row of the source. Steps come in the log's order; steps that were begun and not completed
follow them, with `complete` empty. Times are instants in microseconds, told in the log's zone. Read again with
`read_log(table, arrival="arrival", attributes=[…])`, and with the log's own `ends`, `external` and `timezone`, which no table
holds, it is the same log but for the rows of its source and its rejects.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streamline.errors import FileFormatError, MissingDependencyError, OutputError
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.units import MISSING_TIME

if TYPE_CHECKING:
    import pandas as pd

Int64 = npt.NDArray[np.int64]

CASE, ACTIVITY, RESOURCE = "case:concept:name", "concept:name", "org:resource"
COMPLETE, START = "time:timestamp", "start_timestamp"
LIFECYCLE, INSTANCE = "lifecycle:transition", "concept:instance"
PREFIX = "case:"


def to_arrow(log: EventLog) -> Any:
    """See `EventLog.to_arrow`."""
    steps = _Steps(log)
    columns = {
        "case": steps.case_ids(),
        "activity": steps.labels(np.append(log.activity, steps.open_activity), log.activities),
    }
    if log.has_start or len(log.unfinished):
        columns["start"] = steps.times(np.append(log.start, steps.open_start))
    columns["complete"] = steps.times(np.append(log.complete, np.full(steps.n_open, MISSING_TIME)))
    for name, labels in (("resource", log.resource), ("channel", log.channel)):
        if labels is not None:
            columns[name] = steps.labels(np.append(labels.codes, np.full(steps.n_open, -1)), labels.names)
    columns["arrival"] = steps.times(log.arrival[steps.case])
    own = {*columns, "row"}
    for name in map(str, log.attributes.columns):
        columns[PREFIX + name if name in own else name] = steps.attribute(name)
    columns["row"] = pa.array(np.append(log.row, log.unfinished["row"].to_numpy(dtype=np.int64)))
    return pa.table(columns)


def to_polars(log: EventLog) -> Any:
    """See `EventLog.to_polars`."""
    try:
        import polars
    except ImportError as error:
        raise MissingDependencyError("to_polars needs Polars: pip install polars") from error
    return polars.from_arrow(to_arrow(log))


def to_duckdb(log: EventLog, connection: Any, table: str, *, replace: bool) -> Any:
    """See `EventLog.to_duckdb`."""
    name = '"' + table.replace('"', '""') + '"'
    there = connection.execute(
        "select count(*) from duckdb_tables() where table_name = ? and database_name = current_database() "
        "and schema_name = current_schema()",
        [table],
    ).fetchall()[0][0]
    if there and not replace:
        raise OutputError(f"The database has a table {table!r} already. Name another, or pass replace=True.")
    passing = "streamline_steps_being_written"
    connection.register(passing, to_arrow(log))
    try:
        connection.execute(f"create or replace table {name} as select * from {passing}").fetchall()
    finally:
        connection.unregister(passing)
    return connection.table(name)


def to_pm4py(log: EventLog, *, lifecycle: bool) -> pd.DataFrame:
    """See `EventLog.to_pm4py`."""
    import pandas as pd

    if lifecycle:
        frame = _events(log)
    else:
        frame = pd.DataFrame(
            {
                CASE: log.case_id_array(log.case_of_step),
                ACTIVITY: np.asarray(log.activities, dtype=object)[log.activity],
                COMPLETE: _utc(log.complete),
            }
        )
        if log.has_start:
            frame[START] = _utc(np.where(log.start == MISSING_TIME, log.complete, log.start))
            frame["start_recorded"] = log.start != MISSING_TIME
        for name, labels in ((RESOURCE, log.resource), ("channel", log.channel)):
            if labels is not None:
                frame[name] = np.asarray([*labels.names, None], dtype=object)[labels.codes]
    of_row = log.case_of_step if not lifecycle else frame.pop("_case").to_numpy(dtype=np.int64)
    if differs_from_first(log, unfinished=lifecycle):
        frame[PREFIX + "arrival"] = _utc(log.arrival[of_row])
    for name in map(str, log.attributes.columns):
        key = attribute_key(name)
        if key is not None:
            frame[PREFIX + key] = log.attributes[name].to_numpy(dtype=object)[of_row]
    return frame


def from_pm4py(log: Any, **options: Any) -> EventLog:
    """Read a log of pm4py: a data frame with its column names, or its older `EventLog` or `EventStream`.

    options : those of `read_log`, such as `timezone` and `ends`. Columns are found under pm4py's names: `case:concept:name`,
        `concept:name`, `time:timestamp`, `start_timestamp`, `org:resource`; without `start_timestamp`, events are paired
        by `lifecycle:transition` where there is that column. The other columns that begin with `case:` become attributes,
        under these names, unless `attributes` says which; `case:arrival` is taken for the arrival.

    The log itself is not touched. Returns an EventLog; raises what `read_log` raises.
    """
    frame = _frame_of(log)
    names = [str(c) for c in frame.columns]
    if START in names and "start_recorded" in names:  # ours: pm4py knows no step without a start
        frame = frame.assign(**{START: frame[START].where(frame["start_recorded"].astype(bool))})
    if "lifecycle" not in options:
        options["lifecycle"] = LIFECYCLE if LIFECYCLE in names and START not in names else None
    if PREFIX + "arrival" in names:
        options.setdefault("arrival", PREFIX + "arrival")
    taken = {CASE, options.get("arrival"), options.get("channel"), options.get("resource")}
    options.setdefault("attributes", [n for n in names if n.startswith(PREFIX) and n not in taken])
    return read_log(frame, **options)


def differs_from_first(log: EventLog, *, unfinished: bool) -> bool:
    """Whether a case arrived at another time than that of its first step, so that a table of steps must tell the arrivals.

    unfinished : whether the table holds the steps that weren't completed.
    """
    first = np.full(log.n_cases, np.iinfo(np.int64).max)
    begun = np.where(log.start == MISSING_TIME, log.complete, log.start)
    np.minimum.at(first, log.case_of_step, begun)
    if unfinished:
        case = log.unfinished["case"].to_numpy(dtype=np.int64)
        np.minimum.at(first, case, log.unfinished["start"].to_numpy(dtype=np.int64))
    return bool((log.arrival != first).any())


def attribute_key(name: str) -> str | None:
    """The key of an attribute of the case, without `case:`; None for the case's id, which stands there anyway."""
    key = name.removeprefix(PREFIX)
    if name == CASE:
        return None
    return f"attribute:{key}" if key in ("concept:name", "arrival") else key


class _Steps:
    """The steps of a log, those that were begun and not completed behind the others."""

    def __init__(self, log: EventLog) -> None:
        self.log, self.n_open = log, len(log.unfinished)
        self.case = np.append(log.case_of_step, log.unfinished["case"].to_numpy(dtype=np.int64))
        code = {name: i for i, name in enumerate(log.activities)}
        self.open_activity = np.array([code[a] for a in log.unfinished["activity"]], dtype=np.int32)
        self.open_start = log.unfinished["start"].to_numpy(dtype=np.int64)

    def case_ids(self) -> Any:
        return self.log.case_ids.take(pa.array(self.case))

    def times(self, instants: Int64) -> Any:
        instants = np.asarray(instants, dtype=np.int64)
        kind = pa.timestamp("us", tz=self.log.timezone)
        return pa.array(instants, mask=instants == MISSING_TIME).cast(kind)

    def labels(self, codes: npt.NDArray[Any], names: tuple[str, ...]) -> Any:
        codes = np.asarray(codes, dtype=np.int32)
        indices = pa.array(codes, mask=codes < 0)
        return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.large_string()))

    def attribute(self, name: str) -> Any:
        values = pa.array(self.log.attributes[name], pa.large_string(), from_pandas=True)
        return values.take(pa.array(self.case))


def _events(log: EventLog) -> pd.DataFrame:
    """One row an event, each step a start (where it is recorded) and a completion that share a `concept:instance`."""
    import pandas as pd

    events = lifecycle_events(log)
    n = log.n_steps
    step = np.where(events.step < n, events.step, 0)
    frame = pd.DataFrame(
        {
            CASE: log.case_id_array(events.case),
            ACTIVITY: np.asarray(log.activities, dtype=object)[events.activity],
            COMPLETE: _utc(events.time),
            LIFECYCLE: np.where(events.is_start, "start", "complete"),
            INSTANCE: (events.step + 1).astype(str),
        }
    )
    for name, labels in ((RESOURCE, log.resource), ("channel", log.channel)):
        if labels is not None:
            codes = np.where(events.step < n, labels.codes[step], -1)
            frame[name] = np.asarray([*labels.names, None], dtype=object)[codes]
    return frame.assign(_case=events.case)


class LifecycleEvents:
    """Starts and completions in the order of cases, in each case by time; a start stands before a completion at its instant."""

    def __init__(self, log: EventLog) -> None:
        steps = _Steps(log)
        number = np.arange(log.n_steps + steps.n_open)
        start = np.append(log.start, steps.open_start)
        activity = np.append(log.activity, steps.open_activity)
        begun = start != MISSING_TIME
        step = np.concatenate([number[begun], number[: log.n_steps]])
        time = np.concatenate([start[begun], log.complete])
        is_start = np.arange(len(step)) < int(begun.sum())
        order = np.lexsort((step, ~is_start, time, steps.case[step]))
        self.step, self.time, self.is_start = step[order], time[order], is_start[order]
        self.case, self.activity = steps.case[self.step], activity[self.step]


def lifecycle_events(log: EventLog) -> LifecycleEvents:
    """The events that the log's steps are made of."""
    return LifecycleEvents(log)


def _utc(instants: Int64) -> Any:
    """Instants as pm4py holds them."""
    import pandas as pd

    return pd.DatetimeIndex(np.asarray(instants).view("datetime64[us]"), tz="UTC")


def _frame_of(log: Any) -> pd.DataFrame:
    """pm4py's logs as a data frame; told by what they hold, so that pm4py needn't be loaded."""
    import pandas as pd

    if isinstance(log, pd.DataFrame):
        return log
    kind = type(log).__name__
    if not re.match(r"pm4py\.", type(log).__module__) or kind not in ("EventLog", "EventStream"):
        raise FileFormatError(f"from_pm4py takes a data frame or a log of pm4py; this is a {kind}.")
    if kind == "EventStream":
        return pd.DataFrame([dict(event) for event in log])
    return pd.DataFrame(
        [{**{PREFIX + str(k): v for k, v in trace.attributes.items()}, **event} for trace in log for event in trace]
    )
