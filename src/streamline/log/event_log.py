"""The event log: the frozen, integer-coded records of an agency's cases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from streamline.errors import UnknownNameError
from streamline.kernels.coding import gathered, rows_of_groups
from streamline.log.raw import Reject
from streamline.machine import in_threads
from streamline.results import Window
from streamline.showing import table_html
from streamline.units import MISSING_TIME

if TYPE_CHECKING:
    import pandas as pd

    from streamline.log.filtering import By, Moment

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """A column of labels as integer codes: `names[codes[i]]`, or nothing where the code is -1."""

    codes: Int32
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        self.codes.flags.writeable = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What was met while the records were read; `data_quality` words it."""

    #: Rows of the source.
    n_rows: int = 0
    #: How the source was read, in words: format, delimiter, encoding, date forms.
    reading: Mapping[str, str] = field(default_factory=dict)
    #: The column of the source that was read as each role: case, activity, channel and so on.
    columns: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    #: Rows behind each oddity, by its kind, as rows of the source (arrivals: row of the case's first step).
    odd_rows: Mapping[str, Int64] = field(default_factory=dict)
    #: Cases named by the source without any event, or without one that makes a step.
    empty_cases: tuple[str, ...] = ()
    #: Share of the instants that were written as exactly midnight, and how many instants there are.
    day_precision: float = 0.0
    n_instants: int = 0
    #: Lifecycle events that mark neither a start nor an end, by transition.
    unused_transitions: Mapping[str, int] = field(default_factory=dict)
    #: Case attributes whose value differs between the events of one case: number of such cases.
    varying_attributes: Mapping[str, int] = field(default_factory=dict)
    #: How missing starts were estimated, as a sentence; empty where every start is recorded or missing.
    estimated_starts: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class EventLog:
    """The events of an agency's cases as columns of integers; one row a step, the steps of a case side by side.

    Case `k` owns the rows `case_offsets[k]:case_offsets[k + 1]`, ordered by completion, then start (a step without
    a recorded start counts as starting at its completion), then place in the source. Cases are ordered by arrival,
    then by id. Instants are int64 microseconds since 1970 UTC; `MISSING_TIME` stands for "not recorded".
    Made by `read_log`; never changed afterwards: filters give a new log.
    """

    #: Name of the source, without its folder.
    source: str
    #: IANA zone in which hours, days and weeks are told.
    timezone: str
    #: pyarrow large_string array, one id a case.
    case_ids: Any
    case_offsets: Int64
    activity: Int32
    activities: tuple[str, ...]
    start: Int64
    complete: Int64
    #: Whether the source records starts at all; without them waiting and service can't be told apart.
    has_start: bool
    resource: Labels | None
    channel: Labels | None
    #: Row of the source behind each step.
    row: Int64
    #: One instant a case; MISSING_TIME for a case without any step.
    arrival: Int64
    #: How arrivals were found, in words.
    arrival_from: str
    #: The last instant that the source knows of; open cases are known to be open until then. Kept by filters.
    observed_until: int
    #: One row a case, text as in the source.
    attributes: pd.DataFrame = field(repr=False)
    #: Activities that wait on the customer or a third party.
    external: tuple[str, ...]
    #: Activities that end a case; None when the user named none.
    ends: tuple[str, ...] | None
    #: Steps that were started and not completed: columns case, activity, start, row.
    unfinished: pd.DataFrame = field(repr=False)
    rejects: tuple[Reject, ...] = field(repr=False)
    notes: Notes = field(repr=False)
    #: How this log was made from the one that was read, in words.
    history: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for array in (self.case_offsets, self.activity, self.start, self.complete, self.row, self.arrival):
            array.flags.writeable = False

    @property
    def n_cases(self) -> int:
        """Number of cases, open ones included."""
        return len(self.case_offsets) - 1

    @property
    def n_steps(self) -> int:
        """Number of completed steps."""
        return len(self.activity)

    @cached_property
    def case_of_step(self) -> Int64:
        """For each step the number of its case."""
        return _frozen(np.repeat(np.arange(self.n_cases, dtype=np.int64), np.diff(self.case_offsets)))

    @cached_property
    def last_completion(self) -> Int64:
        """For each case the instant of its last completion; MISSING_TIME for a case without completed steps."""
        last = np.full(self.n_cases, MISSING_TIME, dtype=np.int64)
        has = np.diff(self.case_offsets) > 0
        last[has] = self.complete[self.case_offsets[1:][has] - 1]
        return _frozen(last)

    @cached_property
    def closed(self) -> Bool:
        """Which cases are closed: they reached one of `ends`, or, without `ends`, have no unfinished step."""
        some = np.diff(self.case_offsets) > 0
        if self.ends is None:
            open_ = np.zeros(self.n_cases, dtype=np.bool_)
            open_[self.unfinished["case"].to_numpy(dtype=np.int64)] = True
            return _frozen(some & ~open_)
        ends = np.isin(self.activity, [self.activities.index(a) for a in self.ends if a in self.activities])
        reached = np.zeros(self.n_cases, dtype=np.bool_)
        reached[self.case_of_step[ends]] = True
        return _frozen(reached)

    @cached_property
    def external_step(self) -> Bool:
        """For each step whether it waits on the customer or a third party."""
        codes = [self.activities.index(a) for a in self.external if a in self.activities]
        return _frozen(np.isin(self.activity, codes))

    @cached_property
    def case_channel(self) -> Labels | None:
        """For each case the channel of its first step that has one."""
        if self.channel is None:
            return None
        codes = np.full(self.n_cases, -1, dtype=np.int32)
        known = np.flatnonzero(self.channel.codes >= 0)[::-1]
        codes[self.case_of_step[known]] = self.channel.codes[known]
        return Labels(codes=codes, names=self.channel.names)

    @property
    def start_caveats(self) -> tuple[str, ...]:
        """What every result that rests on starts must say: that some are estimated. Empty where none is."""
        return (self.notes.estimated_starts,) if self.notes.estimated_starts else ()

    @property
    def period(self) -> tuple[int, int]:
        """First arrival and last completion, instants."""
        known = self.arrival[self.arrival != MISSING_TIME]
        first = int(known.min()) if len(known) else MISSING_TIME
        last = int(self.complete.max()) if self.n_steps else first
        return first, last

    @property
    def recorded(self) -> Window | None:
        """`period` as days in the log's zone; None for a log without steps."""
        first, last = self.period
        if MISSING_TIME in (first, last):
            return None
        days = [f"{day:%Y-%m-%d}" for day in self.instants(np.array([first, last], dtype=np.int64))]
        return Window(first=days[0], last=days[1], timezone=self.timezone)

    def case_id(self, case: int) -> str:
        """The id of one case."""
        return str(self.case_ids[int(case)].as_py())

    def case_id_array(self, cases: npt.ArrayLike | None = None) -> npt.NDArray[np.object_]:
        """Ids as objects, of all cases or of those numbered."""
        chosen = self.case_ids if cases is None else self.case_ids.take(np.asarray(cases, dtype=np.int64))
        return np.asarray(chosen.to_numpy(zero_copy_only=False), dtype=object)

    def activity_code(self, name: str) -> int:
        """The code of an activity; UnknownNameError, with the nearest name, when the log has none such."""
        if name not in self.activities:
            raise UnknownNameError(what="activity", name=name, known=self.activities)
        return self.activities.index(name)

    def select(self, cases: Bool, *, because: str) -> EventLog:
        """The log of the chosen cases only; `because` goes into `history`."""
        import pyarrow as pa

        cases = np.asarray(cases, dtype=np.bool_)
        offsets, rows = rows_of_groups(np.asarray(self.case_offsets), cases)
        columns = {name: getattr(self, name) for name in ("activity", "start", "complete", "row")}
        for name, labels in (("resource", self.resource), ("channel", self.channel)):
            if labels is not None:
                columns[name] = labels.codes
        gather = [partial(gathered, np.asarray(column), rows) for column in columns.values()]
        of_steps = dict(zip(columns, in_threads(gather), strict=True))
        number = np.cumsum(cases) - 1
        unfinished = self.unfinished[cases[self.unfinished["case"].to_numpy(dtype=np.int64)]]
        return replace(
            self,
            case_ids=self.case_ids.filter(pa.array(cases)),
            case_offsets=offsets,
            arrival=self.arrival[cases],
            attributes=self.attributes[cases].reset_index(drop=True),
            unfinished=unfinished.assign(case=number[unfinished["case"].to_numpy(dtype=np.int64)]).reset_index(
                drop=True
            ),
            history=(*self.history, because),
            activity=of_steps["activity"],
            start=of_steps["start"],
            complete=of_steps["complete"],
            row=of_steps["row"],
            resource=_renewed(self.resource, of_steps.get("resource")),
            channel=_renewed(self.channel, of_steps.get("channel")),
        )

    def arrived_between(self, first: int | None, last: int | None) -> EventLog:
        """The cases that arrived at or after `first` and before `last` (instants; None leaves that side open)."""
        chosen = self.arrival != MISSING_TIME
        if first is not None:
            chosen &= self.arrival >= first
        if last is not None:
            chosen &= self.arrival < last
        return self.select(
            chosen, because=f"cases that arrived in the window: {int(chosen.sum()):,} of {self.n_cases:,}"
        )

    def between(self, first: Moment | None, last: Moment | None = None, *, by: By = "arrival") -> EventLog:
        """The cases of a period, whole.

        first, last : a year, month or day ("2025", "2025-03", "2025-03-01"), which counts whole, or a time, which `last`
            excludes; told in the log's zone unless they have an offset. None leaves that side open.
        by : "arrival": cases that arrived in it. "completion": closed cases whose last completion lies in it. "activity":
            cases that were open at some time of it, from the arrival to the last completion, open ones until `observed_until`.

        Raises TimestampError for what isn't one instant, ValueError when `last` comes before `first`, InsufficientDataError
        when no case is of the period.
        """
        from streamline.log import filtering

        return filtering.between(self, first, last, by)

    def where(self, conditions: Mapping[str, Any] | None = None, /, **more: Any) -> EventLog:
        """The cases that meet all conditions: `log.where(channel="mail", district=["north", "south"])`.

        A condition names what it is about, and one value or several of which any will do; None stands for "not recorded".
        `channel` is that of the case's first step that has one; `resource` is met when any step of the case was done by
        one of those named; any other name is an attribute of the cases, compared as text. Names that Python doesn't take
        as keywords go into a mapping: `log.where({"case:department": "General"})`.

        Raises UnknownNameError for a name or a value that the log doesn't have, InsufficientDataError when no case is left.
        """
        from streamline.log import filtering

        return filtering.where(self, {**(conditions or {}), **more})

    def with_number(self, attribute: str, *, at_least: float | None = None, below: float | None = None) -> EventLog:
        """The cases whose attribute, read as a number, lies in a range; cases without a number in it are left out, and
        counted in `history`. Raises as `where` does."""
        from streamline.log import filtering

        return filtering.with_number(self, attribute, at_least, below)

    def with_activity(self, *activities: str) -> EventLog:
        """The cases with at least one step of at least one of these activities; chain calls to ask for several.

        Raises UnknownNameError for an activity that the log doesn't have, InsufficientDataError when no case is left.
        """
        from streamline.log import filtering

        return filtering.with_activity(self, activities, has=True)

    def without_activity(self, *activities: str) -> EventLog:
        """The cases with steps, none of which is of these activities. Raises as `with_activity` does."""
        from streamline.log import filtering

        return filtering.with_activity(self, activities, has=False)

    def starting_with(self, *activities: str) -> EventLog:
        """The cases whose first step (in the order of completion) is one of these. Raises as `with_activity` does."""
        from streamline.log import filtering

        return filtering.at_an_end(self, activities, "first")

    def ending_in(self, *activities: str) -> EventLog:
        """The cases whose last step is one of these, closed or not: a case may go on. Raises as `with_activity` does."""
        from streamline.log import filtering

        return filtering.at_an_end(self, activities, "last")

    def slowest(self, share: float) -> EventLog:
        """The closed cases with the longest cycle times (elapsed): that share of them, rounded up, and all that took as long
        as the shortest of those. Raises InsufficientDataError when no case is closed, ValueError for what isn't a share."""
        from streamline.log import filtering

        return filtering.slowest(self, share)

    def sample(self, size: int | float, *, seed: int = 1) -> EventLog:
        """Cases drawn at random, each with the same chance: so many of them, or that share of them where `size` has a
        decimal point (at least one). The same seed draws the same. Raises ValueError when there are fewer."""
        from streamline.log import filtering

        return filtering.sample(self, size, seed)

    def with_cases(self, cases: Iterable[str]) -> EventLog:
        """The cases with these ids, such as the `cases["case"]` behind a result; in the order of the log, each once.

        Raises UnknownNameError for an id that the log doesn't have.
        """
        from streamline.log import filtering

        return filtering.with_cases(self, cases)

    def without_attributes(self, names: Collection[str]) -> EventLog:
        """The same log as if these attributes of its cases had never been read; those that it hasn't are no matter."""
        gone = [name for name in self.attributes.columns if name in names]
        if not gone:
            return self
        varying = {name: n for name, n in self.notes.varying_attributes.items() if name not in gone}
        return replace(
            self,
            attributes=self.attributes.drop(columns=gone),
            notes=replace(self.notes, varying_attributes=varying),
        )

    def save(self, folder: str | Path) -> Path:
        """Store the log in a folder, from which `open_log` opens it at once; an earlier store there is replaced.

        Raises OutputError when the folder can't be written, or holds something else.
        """
        from streamline.log.store import save_log

        return save_log(self, folder)

    def to_arrow(self) -> Any:
        """The log as a pyarrow Table, one row a step, texts as dictionary codes; `log.exchange` says what its columns are."""
        from streamline.log import exchange

        return exchange.to_arrow(self)

    def to_polars(self) -> Any:
        """The same table as a Polars DataFrame. Raises MissingDependencyError without Polars."""
        from streamline.log import exchange

        return exchange.to_polars(self)

    def to_duckdb(self, connection: Any, table: str = "steps", *, replace: bool = False) -> Any:
        """Write the same table into a DuckDB database, and give it as a relation.

        Raises OutputError when there is a table of that name, unless it is to be replaced.
        """
        from streamline.log import exchange

        return exchange.to_duckdb(self, connection, table, replace=replace)

    def to_pm4py(self, *, lifecycle: bool = False) -> pd.DataFrame:
        """The log as a data frame with pm4py's column names and times in UTC, which its functions take as it is.

        lifecycle : False: one row a step, with `start_timestamp` where the log has starts. pm4py knows no step without one,
            so it equals the completion where none is recorded, and `start_recorded` is False there; steps that weren't
            completed are left out. True: one row an event, start or complete, unfinished steps too.

        Attributes stand under `case:` and their name. `from_pm4py` reads either form.
        """
        from streamline.log import exchange

        return exchange.to_pm4py(self, lifecycle=lifecycle)

    def to_xes(self, path: str | Path) -> Path:
        """Write the log as XES (IEEE 1849), packed with gzip where the name ends in .gz; an earlier file is replaced.

        Raises OutputError when the file can't be written, or for a text that XML can't hold.
        """
        from streamline.log.to_xes import write_xes

        return write_xes(self, path)

    def to_frame(self) -> pd.DataFrame:
        """One row a step: case, activity, start and complete (in `timezone`), resource, channel, row of the source."""
        import pandas as pd

        frame = pd.DataFrame(
            {
                "case": self.case_id_array(self.case_of_step),
                "activity": np.asarray(self.activities, dtype=object)[self.activity],
                "start": self.instants(self.start),
                "complete": self.instants(self.complete),
            }
        )
        for name, labels in (("resource", self.resource), ("channel", self.channel)):
            if labels is not None:
                frame[name] = np.asarray([*labels.names, None], dtype=object)[labels.codes]
        return frame.assign(row=self.row)

    def instants(self, values: Int64) -> pd.DatetimeIndex:
        """Instants as pandas times in the log's zone; NaT where none is recorded."""
        import pandas as pd

        return pd.DatetimeIndex(np.asarray(values).view("datetime64[us]"), tz="UTC").tz_convert(self.timezone)

    def __repr__(self) -> str:
        n_closed = int(self.closed.sum())
        made = "".join(f"; {sentence}" for sentence in self.history)
        return (
            f"<EventLog {self.source}: {self.n_cases:,} cases ({n_closed:,} closed), {self.n_steps:,} steps, "
            f"{len(self.activities)} activities, {len(self.rejects):,} rows set aside{made}>"
        )

    def _repr_html_(self) -> str:
        window = self.recorded
        caption = repr(self)[1:-1] + (f"; records from {window}" if window else "")
        return table_html(self.to_frame(), caption=caption, rows=10)


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


def _renewed(labels: Labels | None, codes: Int32 | None) -> Labels | None:
    return None if labels is None or codes is None else Labels(codes=codes, names=labels.names)
