"""The event log: the frozen, integer-coded records of an agency's cases."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from streamline.errors import UnknownNameError
from streamline.log.raw import Reject
from streamline.units import MISSING_TIME

if TYPE_CHECKING:
    import pandas as pd

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
        cases = np.asarray(cases, dtype=np.bool_)
        keep = cases[self.case_of_step] if self.n_steps else np.zeros(0, dtype=np.bool_)
        number = np.cumsum(cases) - 1
        unfinished = self.unfinished[cases[self.unfinished["case"].to_numpy(dtype=np.int64)]]
        import pyarrow as pa

        return replace(
            self,
            case_ids=self.case_ids.filter(pa.array(cases)),
            case_offsets=np.concatenate([[0], np.cumsum(np.diff(self.case_offsets)[cases])]).astype(np.int64),
            activity=self.activity[keep],
            start=self.start[keep],
            complete=self.complete[keep],
            resource=_kept(self.resource, keep),
            channel=_kept(self.channel, keep),
            row=self.row[keep],
            arrival=self.arrival[cases],
            attributes=self.attributes[cases].reset_index(drop=True),
            unfinished=unfinished.assign(case=number[unfinished["case"].to_numpy(dtype=np.int64)]).reset_index(
                drop=True
            ),
            history=(*self.history, because),
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
        return (
            f"<EventLog {self.source}: {self.n_cases:,} cases ({n_closed:,} closed), {self.n_steps:,} steps, "
            f"{len(self.activities)} activities, {len(self.rejects):,} rows set aside>"
        )

    def _repr_html_(self) -> str:
        import html

        return f"<p>{html.escape(repr(self)[1:-1])}</p>" + str(self.to_frame().head(10).to_html(index=False, border=0))


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


def _kept(labels: Labels | None, keep: Bool) -> Labels | None:
    return None if labels is None else replace(labels, codes=labels.codes[keep])
