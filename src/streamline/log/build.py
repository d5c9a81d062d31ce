"""From raw records to the frozen event log: each row becomes a step, an unfinished step, or a reject."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from streamline.errors import DataQualityError, InsufficientDataError, UnknownNameError
from streamline.kernels.clock import any_after, any_equal, any_other
from streamline.kernels.coding import recoded
from streamline.kernels.grouping import (
    NEVER,
    any_equal_neighbours,
    order_by_insertion,
    places_in,
    repeated_rows,
    scan_groups,
    tied_runs,
)
from streamline.log.arrange import arrangement
from streamline.log.coded import Coded, coded
from streamline.log.event_log import EventLog, Labels, Notes
from streamline.log.lifecycle import steps_from_lifecycle
from streamline.log.raw import RawRecords, Reject, Rows, shortened
from streamline.log.time_column import count, either, everywhere
from streamline.log.timestamps import ParsedTimes, parse_times
from streamline.machine import in_threads
from streamline.units import MISSING_TIME

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


#: Cases are put in order of arrival by moving them at most so far, on average; farther ones are sorted.
_MOVES = 32
#: What a duplicate repeats; other columns, such as the channel and attributes, may differ.
TWIN = "repeats an earlier row in case, activity, times and resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column of the source plays which part."""

    case: str
    activity: str
    complete: str
    start: str | None = None
    resource: str | None = None
    channel: str | None = None
    arrival: str | None = None
    lifecycle: str | None = None
    #: Tells apart instances of one activity in one case (XES: concept:instance).
    instance: str | None = None
    attributes: tuple[str, ...] = ()

    def by_role(self) -> dict[str, str]:
        """The column of each role that has one."""
        roles = {
            "case": self.case, "activity": self.activity, "complete": self.complete, "start": self.start,
            "resource": self.resource, "channel": self.channel, "arrival": self.arrival,
        }  # fmt: skip
        return {role: name for role, name in roles.items() if name is not None}

    def names(self) -> list[str]:
        """All columns that are needed."""
        parts = (*self.by_role().values(), self.lifecycle, self.instance)
        return [n for n in (*parts, *self.attributes) if n is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the values are to be read and what some of them mean."""

    timezone: str | None = None
    date_format: str | None = None
    missing: frozenset[str] = frozenset()
    external: tuple[str, ...] = ()
    ends: tuple[str, ...] | None = None
    drop_duplicates: bool = False
    #: Whether these are all records of a log. A piece of one may have no completed step, and not all of the names above;
    #: its steps don't know their rows.
    whole: bool = True


@dataclass(slots=True)
class _Sieve:
    """Rows of the source that are still in, and the rejects so far."""

    raw: RawRecords
    keep: Bool
    rejects: list[Reject] = field(default_factory=list)

    def set_aside(self, bad: Bool, column: str, reason: str, *, shown: Sequence[str] = ()) -> None:
        """Reject the marked rows that are still in; the values of the columns `shown` go into the reject."""
        if not count(bad):
            return
        for i in np.flatnonzero(bad & self.keep):
            value = shortened(" … ".join(str(self.raw.columns[c][int(i)].as_py()) for c in shown))
            self.rejects.append(
                Reject(file=self.raw.source, row=int(self.raw.row[i]), column=column, value=value, reason=reason)
            )
        self.keep = self.keep & ~bad

    def set_aside_times(self, parsed: ParsedTimes) -> None:
        """Reject rows whose time could not be read, with the reader's own reason."""
        if not parsed.rejects:
            return
        place = np.searchsorted(self.raw.row, [r.row for r in parsed.rejects])
        self.rejects.extend(r for r, kept in zip(parsed.rejects, self.keep[place], strict=True) if kept)
        self.keep = self.keep & ~parsed.bad

    @property
    def rows(self) -> Int64 | slice:
        """Places of the rows that are in; the whole slice when all are, so that no column is copied."""
        return slice(None) if count(self.keep) == len(self.keep) else np.flatnonzero(self.keep)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """Which of the rows that are in are steps. `of_rows` and `unfinished` are places among those rows."""

    of_rows: Int64 | slice
    #: One entry a step; MISSING_TIME where no start is recorded.
    start: Int64
    unfinished: Int64
    unused: Mapping[str, int] = field(default_factory=dict)


def build_log(raw: RawRecords, columns: Columns, options: Options) -> EventLog:
    """Give the columns their meaning. Raises InsufficientDataError when no step remains; nothing is dropped unseen."""
    sieve = _Sieve(raw=raw, keep=everywhere(len(raw.row)), rejects=list(raw.rejects))
    case_of_row, activity_of_row, complete, begun = _read_columns(raw, columns, options)
    sieve.set_aside(case_of_row.absent, columns.case, "no case id")
    sieve.set_aside(activity_of_row.absent, columns.activity, "no activity")

    sieve.set_aside_times(complete)
    reading = {f"times in {columns.complete}": complete.form}
    in_fold, in_gap = complete.in_fold, complete.in_gap
    if begun is not None:
        assert columns.start is not None
        sieve.set_aside_times(begun)
        reading[f"times in {columns.start}"] = begun.form
        in_fold, in_gap = either(in_fold, begun.in_fold), either(in_gap, begun.in_gap)
        neither = begun.missing & complete.missing if count(begun.missing) else begun.missing
        sieve.set_aside(neither, columns.complete, "neither a start nor a completion time")
        if any_after(begun.instants, complete.instants):  # a missing time is less than any other
            sieve.set_aside(
                (begun.instants > complete.instants) & ~complete.missing,
                columns.complete, "completed before it started", shown=(columns.start, columns.complete),
            )  # fmt: skip
    else:
        sieve.set_aside(complete.missing, columns.complete, "no time")

    rows = sieve.rows
    if not count(sieve.keep):
        message = _nothing_left(raw, sieve, 0, {})
        raise DataQualityError(message, rejects=sieve.rejects) if sieve.rejects else InsufficientDataError(message)
    case, source_row = case_of_row.codes[rows], raw.row[rows]
    # Codes by name are given as late as possible: to the steps in their order.
    activities, by_name = activity_of_row.at(rows).in_order()
    activity = activity_of_row.codes[rows]
    if options.whole:
        check_names(options.external, options.ends, activities, source=raw.source)
    at = complete.instants[rows]
    steps = _steps(raw, columns, options, rows, case, activity, at, None if begun is None else begun.instants[rows])
    if len(steps.start) == 0 and options.whole:
        raise InsufficientDataError(_nothing_left(raw, sieve, len(steps.unfinished), steps.unused))
    open_case, open_activity = case[steps.unfinished], activity[steps.unfinished]
    open_start = (at if begun is None else begun.instants[rows])[steps.unfinished]
    open_row = source_row[steps.unfinished]

    step, start = steps.of_rows, steps.start
    step_case, completed, step_row = case[step], at[step], source_row[step]
    tasks: list[Callable[[], Any]] = [
        partial(scan_groups, step_case, len(case_of_row.names), completed, start),
        partial(_names, raw, columns.resource, options, rows, step),
        partial(_names, raw, columns.channel, options, rows, step),
    ]
    (first, size, late, unsorted), *labelled = in_threads(tasks)
    np.minimum.at(first, open_case, open_start)
    arrival, arrival_from, odd_arrivals = _arrivals(raw, columns, options, rows, case, first)
    by_arrival = _by_arrival(arrival, case_of_row.names, some_never=any_equal(first, NEVER))
    number = places_in(by_arrival, len(first))

    # Cases by arrival, then id: the same records in another order give the same log.
    offsets, arranged = arrangement(step_case, number, size, unsorted, len(by_arrival), completed, start)
    to_arrange: dict[str, Callable[[], Any]] = {
        "complete": partial(arranged.values, completed),
        "start": partial(arranged.values, start),
        # nobody asks for the rows behind a piece's steps, but for those of duplicates
        "row": partial(arranged.rows, step_row)
        if options.whole or options.drop_duplicates
        else partial(_zeros, len(steps.start)),
        "activity": partial(arranged.codes, activity[step], by_name),
    }
    for name, label in zip(("resource", "channel"), labelled, strict=True):
        if label is not None:
            to_arrange[name] = partial(arranged.codes, label.codes, label.place)
    of_steps = dict(zip(to_arrange, in_threads(list(to_arrange.values())), strict=True))
    tasks = [
        partial(case_of_row.names.take, pa.array(by_arrival)),
        partial(_ties_and_last, offsets, of_steps["complete"]),
    ]
    case_ids, (ties, last) = in_threads(tasks)
    who = of_steps.get("resource", of_steps["activity"])
    twins = np.sort(repeated_rows(*ties, of_steps["start"], of_steps["activity"], who))
    twin_rows = np.sort(of_steps["row"][twins])
    if options.drop_duplicates and len(twins):
        sieve.rejects.extend(
            Reject(file=raw.source, row=int(row), column="", value="", reason=TWIN) for row in twin_rows
        )
        of_steps = {name: np.delete(column, twins) for name, column in of_steps.items()}
        offsets = offsets - np.searchsorted(twins, offsets)
        twin_rows = twin_rows[:0]

    attributes, varying = _attributes(raw, columns, options, rows, case, number)
    odd = {
        "duplicate": twin_rows,
        "padded": source_row[_padded(case_of_row, activity_of_row, rows)],
        "out_of_order": step_row[late],
        "fold": _marked(source_row, in_fold, rows),
        "gap": _marked(source_row, in_gap, rows),
        **odd_arrivals,
    }
    stepless: list[str] = []
    if len(by_arrival) < len(first):  # only lifecycle events that aren't used, or only rows set aside
        seen = np.bincount(case, minlength=len(first)) > 0
        stepless = case_of_row.names.filter(pa.array(seen & (first == NEVER))).to_pylist()
    return EventLog(
        source=raw.source,
        timezone=options.timezone or "UTC",
        case_ids=case_ids,
        case_offsets=offsets,
        activity=of_steps["activity"],
        activities=activities,
        start=of_steps["start"],
        complete=of_steps["complete"],
        has_start=any_other(start, MISSING_TIME),
        resource=None if labelled[0] is None else Labels(codes=of_steps["resource"], names=labelled[0].names),
        channel=None if labelled[1] is None else Labels(codes=of_steps["channel"], names=labelled[1].names),
        row=of_steps["row"],
        arrival=arrival[by_arrival],
        arrival_from=arrival_from,
        observed_until=int(max(last, open_start.max(initial=MISSING_TIME))),
        attributes=attributes,
        external=tuple(options.external),
        ends=options.ends,
        unfinished=pd.DataFrame(
            {
                "case": number[open_case].astype(np.int64),
                "activity": np.asarray(activities, dtype=object)[by_name[open_activity]],
                "start": open_start,
                "row": open_row,
            }
        ).sort_values(["case", "start", "row"], ignore_index=True),
        rejects=tuple(sorted(sieve.rejects, key=lambda r: (r.row, r.column))),
        notes=Notes(
            n_rows=raw.n_rows,
            reading={**raw.reading, **reading},
            columns=columns.by_role(),
            sha256=raw.sha256,
            odd_rows={k: np.sort(np.asarray(v, dtype=np.int64)) for k, v in odd.items() if len(v)},
            empty_cases=(*raw.empty_cases, *sorted(stepless)),
            day_precision=complete.day_precision,
            n_instants=len(raw.row) - count(either(complete.missing, complete.bad)),
            unused_transitions=steps.unused,
            varying_attributes=varying,
        ),
    )


def _read_columns(
    raw: RawRecords, columns: Columns, options: Options
) -> tuple[Coded, Coded, ParsedTimes, ParsedTimes | None]:
    """Case, activity, completion and start of every row; the columns are worked on at the same time."""
    complete, start = columns.complete, columns.start
    tasks: list[Callable[[], Any]] = [
        partial(_times, raw, complete, options),
        partial(_coded, raw, columns.case, options),
        partial(_coded, raw, columns.activity, options),
    ]
    if start is not None:
        tasks.insert(1, partial(_times, raw, start, options))
    completed, *begun, case, activity = in_threads(tasks)
    return case, activity, completed, begun[0] if begun else None


def _steps(
    raw: RawRecords,
    columns: Columns,
    options: Options,
    rows: Int64 | slice,
    case: Int32,
    activity: Int32,
    at: Int64,
    begun: Int64 | None,
) -> _Steps:
    """The steps among the rows that are in: pairs of lifecycle events, or rows with a completion."""
    if columns.lifecycle is not None:
        item = case.astype(np.int64) * (int(activity.max()) + 1) + activity
        if columns.instance is not None:
            _, instance = _coded(raw, columns.instance, options).at(rows).sorted_by_name()
            _, item = np.unique(item * (int(instance.max()) + 2) + instance + 1, return_inverse=True)
        words = _coded(raw, columns.lifecycle, options).at(rows)
        paired = steps_from_lifecycle(item, at, words.codes, words.names.to_pylist())
        return _Steps(of_rows=paired.end, start=paired.start, unfinished=paired.unfinished, unused=paired.unused)
    none = np.zeros(0, dtype=np.int64)
    if begun is None:
        return _Steps(of_rows=slice(None), start=np.full(len(at), MISSING_TIME, dtype=np.int64), unfinished=none)
    if int(at.min()) != MISSING_TIME:
        return _Steps(of_rows=slice(None), start=begun, unfinished=none)
    done = at != MISSING_TIME
    return _Steps(of_rows=np.flatnonzero(done), start=begun[done], unfinished=np.flatnonzero(~done))


def _by_arrival(arrival: Int64, names: Any, *, some_never: bool) -> Int64:
    """The cases that arrived in order of arrival; those that arrived at one instant in order of their ids."""
    found, done = order_by_insertion(arrival, _MOVES)
    order: Int64 = found if done else np.argsort(arrival, kind="stable")
    if some_never:
        order = order[arrival[order] != MISSING_TIME]
    if not any_equal_neighbours(arrival, order):
        return order
    same = arrival[order][1:] == arrival[order][:-1]
    tied = np.zeros(len(order), dtype=np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    among = order[tied]
    rank = np.empty(len(among), dtype=np.int64)
    rank[np.asarray(pc.sort_indices(names.take(pa.array(among))))] = np.arange(len(among))
    order[tied] = among[np.lexsort((rank, arrival[among]))]
    return order


def _padded(case: Coded, activity: Coded, rows: Int64 | slice) -> Int64:
    """Places, among the rows that are in, whose case or activity had blanks around it."""
    marks = [column.padded[rows] for column in (case, activity) if column.padded is not None]
    return np.flatnonzero(np.logical_or.reduce(marks)) if marks else np.zeros(0, dtype=np.int64)


def _zeros(n: int) -> Int64:
    """n zeros, in no memory."""
    return np.broadcast_to(np.int64(0), n)


def _ties_and_last(offsets: Int64, complete: Int64) -> tuple[tuple[Int64, Int64], int]:
    """The runs of equal completions in a case, and the last completion of all."""
    return tied_runs(offsets, complete), int(complete.max(initial=MISSING_TIME))


def _marked(source_row: Rows, mark: Bool, rows: Int64 | slice) -> Int64:
    return source_row[mark[rows]] if count(mark) else source_row[:0]


def _coded(raw: RawRecords, column: str, options: Options) -> Coded:
    return coded(raw.columns[column], options.missing, name=column, source=raw.source)


def texts(column: Any, missing: frozenset[str] = frozenset()) -> Any:
    """A column as one large_string array, null where nothing stands (see `coded`)."""
    found = coded(column, missing)
    return found.names.take(pa.array(found.codes, mask=found.absent))


def objects(array: Any) -> npt.NDArray[np.object_]:
    """A pyarrow array as Python objects, None where null."""
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=object)


def _times(raw: RawRecords, column: str, options: Options) -> ParsedTimes:
    return parse_times(
        raw.columns[column],
        column=column,
        source=raw.source,
        rows=raw.row,
        timezone=options.timezone,
        date_format=options.date_format,
        missing=options.missing,
    )


def labels(raw: RawRecords, column: str | None, options: Options, rows: Int64 | slice) -> Labels | None:
    """A column of labels, coded, at these rows; None without the column."""
    found = _names(raw, column, options, rows, slice(None))
    return None if found is None else Labels(codes=recoded(found.codes, found.place), names=found.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A column of labels: row i holds `names[place[codes[i]]]`, or nothing where the code or its place is -1."""

    codes: Int32
    names: tuple[str, ...]
    place: Int32


def _names(
    raw: RawRecords, column: str | None, options: Options, rows: Int64 | slice, step: Int64 | slice
) -> _Named | None:
    """A column of labels at the places `step` among these rows; None without the column."""
    if column is None:
        return None
    found = _coded(raw, column, options).at(rows).at(step)
    names, place = found.in_order()
    return _Named(codes=found.codes, names=names, place=place)


def _arrivals(
    raw: RawRecords, columns: Columns, options: Options, rows: Int64 | slice, case: Int32, first: Int64
) -> tuple[Int64, str, dict[str, Int64]]:
    """One instant a case, how it was found, and the first row of each case whose given arrival can't be taken."""
    arrival = np.where(first == NEVER, MISSING_TIME, first) if any_equal(first, NEVER) else first
    if columns.arrival is None:
        return arrival, "the first timestamp of the case", {}
    parsed = _times(raw, columns.arrival, options)
    given = parsed.instants[rows]
    backwards = np.flatnonzero(given != MISSING_TIME)[::-1]
    stated = np.full(len(first), MISSING_TIME, dtype=np.int64)
    stated[case[backwards]] = given[backwards]
    late = (stated != MISSING_TIME) & (stated > first)
    first_row = np.zeros(len(first), dtype=np.int64)
    first_row[case[::-1]] = raw.row[rows][::-1]
    usable = (stated != MISSING_TIME) & ~late & (arrival != MISSING_TIME)
    odd = {
        "arrival_after_first_step": first_row[late],
        "missing_arrival": first_row[(stated == MISSING_TIME) & (arrival != MISSING_TIME)],
        "unreadable_arrival": raw.row[rows][parsed.bad[rows]],
    }
    return np.where(usable, stated, arrival), f"the column {columns.arrival!r}", odd


def _attributes(
    raw: RawRecords, columns: Columns, options: Options, rows: Int64 | slice, case: Int32, number: Int32
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The first recorded value of each attribute per case, and how many cases hold several values."""
    n_cases = int(number.max(initial=-1)) + 1
    frame, varying = pd.DataFrame(index=pd.RangeIndex(n_cases)), {}
    if columns.attributes:
        case = number[case]
        inside = case >= 0
    for name in columns.attributes:
        names, code = _coded(raw, name, options).at(rows).sorted_by_name()
        known = np.flatnonzero((code >= 0) & inside)[::-1]
        first = np.full(n_cases, -1, dtype=np.int64)
        first[case[known]] = code[known]
        differs = np.unique(case[known][code[known] != first[case[known]]])
        if len(differs):
            varying[name] = len(differs)
        frame[name] = np.asarray([*names, None], dtype=object)[first]
    return frame, varying


def check_names(
    external: Sequence[str], ends: Sequence[str] | None, activities: Collection[str], *, source: str
) -> None:
    """UnknownNameError for a name that is no activity of the log."""
    for asked, names in (
        ("named as one that waits on others: external in Python, log.external in a study", external),
        ("named as one that ends a case: ends in Python, --end on the command line, log.ends in a study", ends or ()),
    ):
        for name in names:
            if name not in activities:
                raise UnknownNameError(what="activity", name=name, known=sorted(activities), where=source, asked=asked)


def _nothing_left(raw: RawRecords, sieve: _Sieve, n_open: int, unused: Mapping[str, int]) -> str:
    reasons = pd.Series([r.reason for r in sieve.rejects], dtype=object).value_counts().to_dict()
    reasons |= {f"the lifecycle transition {name!r}, which marks no step": n for name, n in unused.items()}
    why = "; ".join(f"{n:,} × {reason}" for reason, n in reasons.items())
    if n_open:
        return (
            f"{raw.source} has {n_open:,} started steps and not one completed one, so no duration can be told. "
            "If its times are not starts, read them with lifecycle=None (XES) or as `complete`."
        )
    return f"{raw.source} has {raw.n_rows:,} rows and not one that can be used" + (f": {why}." if why else ".")
