"""From raw records to the frozen event log: each row becomes a step, an unfinished step, or a reject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from streamline.errors import DataQualityError, InsufficientDataError, UnknownNameError
from streamline.log.event_log import EventLog, Labels, Notes
from streamline.log.lifecycle import steps_from_lifecycle
from streamline.log.raw import RawRecords, Reject, shortened
from streamline.log.timestamps import ParsedTimes, parse_times
from streamline.units import MISSING_TIME

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


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

    def names(self) -> list[str]:
        """All columns that are needed."""
        parts = (self.case, self.activity, self.complete, self.start, self.resource, self.channel, self.arrival)
        return [n for n in (*parts, self.lifecycle, self.instance, *self.attributes) if n is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the values are to be read and what some of them mean."""

    timezone: str | None = None
    date_format: str | None = None
    missing: frozenset[str] = frozenset()
    external: tuple[str, ...] = ()
    ends: tuple[str, ...] | None = None
    drop_duplicates: bool = False


@dataclass(slots=True)
class _Sieve:
    """Rows of the source that are still in, and the rejects so far."""

    raw: RawRecords
    keep: Bool
    rejects: list[Reject] = field(default_factory=list)

    def set_aside(self, bad: Bool, column: str, reason: str, *, shown: Sequence[str] = ()) -> None:
        """Reject the marked rows that are still in; the values of the columns `shown` go into the reject."""
        for i in np.flatnonzero(bad & self.keep):
            value = shortened(" … ".join(str(self.raw.columns[c][int(i)].as_py()) for c in shown))
            self.rejects.append(
                Reject(file=self.raw.source, row=int(self.raw.row[i]), column=column, value=value, reason=reason)
            )
        self.keep &= ~bad

    def set_aside_times(self, parsed: ParsedTimes) -> None:
        """Reject rows whose time could not be read, with the reader's own reason."""
        kept_rows = set(self.raw.row[self.keep].tolist())
        self.rejects.extend(r for r in parsed.rejects if r.row in kept_rows)
        self.keep &= ~parsed.bad


def build_log(raw: RawRecords, columns: Columns, options: Options) -> EventLog:
    """Give the columns their meaning. Raises InsufficientDataError when no step remains; nothing is dropped unseen."""
    sieve = _Sieve(raw=raw, keep=np.ones(len(raw.row), dtype=np.bool_), rejects=list(raw.rejects))
    case_text = texts(raw.columns[columns.case], options.missing)
    activity_text = texts(raw.columns[columns.activity], options.missing)
    sieve.set_aside(_absent(case_text), columns.case, "no case id")
    sieve.set_aside(_absent(activity_text), columns.activity, "no activity")

    complete = _times(raw, columns.complete, options)
    sieve.set_aside_times(complete)
    reading = {f"times in {columns.complete}": complete.form}
    in_fold, in_gap = complete.in_fold, complete.in_gap
    start_times = complete.instants[:0]
    if columns.start is not None:
        parsed = _times(raw, columns.start, options)
        sieve.set_aside_times(parsed)
        reading[f"times in {columns.start}"] = parsed.form
        start_times = parsed.instants
        in_fold, in_gap = in_fold | parsed.in_fold, in_gap | parsed.in_gap
        sieve.set_aside(parsed.missing & complete.missing, columns.complete, "neither a start nor a completion time")
        early = ~parsed.missing & ~complete.missing & (start_times > complete.instants)
        sieve.set_aside(early, columns.complete, "completed before it started", shown=(columns.start, columns.complete))
    else:
        sieve.set_aside(complete.missing, columns.complete, "no time")

    rows = np.flatnonzero(sieve.keep)
    if len(rows) == 0:
        problem = DataQualityError if sieve.rejects else InsufficientDataError
        raise problem(_nothing_left(raw, sieve, 0, {}))
    case = case_text.take(pa.array(rows)).dictionary_encode()
    case_names, case_code = case.dictionary, _codes(case)
    activities, activity = sorted_codes(activity_text, rows)
    _known(options.external, activities, what="external activity", source=raw.source)
    _known(options.ends or (), activities, what="activity that ends a case", source=raw.source)

    at = complete.instants[rows]
    unused: Mapping[str, int] = {}
    if columns.lifecycle is not None:
        item = case_code.astype(np.int64) * len(activities) + activity
        if columns.instance is not None:
            _, instance = sorted_codes(texts(raw.columns[columns.instance], options.missing), rows)
            _, item = np.unique(item * (int(instance.max()) + 2) + instance + 1, return_inverse=True)
        steps = steps_from_lifecycle(item, at, objects(texts(raw.columns[columns.lifecycle], options.missing))[rows])
        step, start, open_, unused = steps.end, steps.start, steps.unfinished, steps.unused
        open_start = at[open_]
    elif columns.start is not None:
        begun = start_times[rows]
        step, open_ = np.flatnonzero(at != MISSING_TIME), np.flatnonzero(at == MISSING_TIME)
        start, open_start = begun[step], begun[open_]
    else:
        step, open_ = np.arange(len(rows)), np.zeros(0, dtype=np.int64)
        start, open_start = np.full(len(rows), MISSING_TIME, dtype=np.int64), np.zeros(0, dtype=np.int64)
    if len(step) == 0:
        raise InsufficientDataError(_nothing_left(raw, sieve, len(open_), unused))

    resource = labels(raw, columns.resource, options, rows[step])
    channel = labels(raw, columns.channel, options, rows[step])
    case_of_step, source_row = case_code[step], raw.row[rows[step]]
    order = _order(case_of_step, at[step], start, source_row)
    twins = _duplicates(case_of_step, activity[step], at[step], start, resource, source_row)
    if options.drop_duplicates and len(twins):
        for i in np.sort(twins):
            sieve.rejects.append(
                Reject(
                    file=raw.source,
                    row=int(source_row[i]),
                    column="",
                    value="",
                    reason=TWIN,
                )
            )
        order = order[~np.isin(order, twins)]
        twins = twins[:0]

    # Cases by arrival, then id: the same records in another order give the same log.
    n_cases = len(case_names)
    first = np.full(n_cases, np.iinfo(np.int64).max, dtype=np.int64)
    seen_start = np.where(start == MISSING_TIME, at[step], start)
    np.minimum.at(first, case_of_step[order], seen_start[order])
    np.minimum.at(first, case_code[open_], open_start)
    alive = np.flatnonzero(first != np.iinfo(np.int64).max)
    stepless = np.flatnonzero(first == np.iinfo(np.int64).max)  # only lifecycle events that aren't used
    arrival, arrival_from, odd_arrivals = _arrivals(raw, columns, options, rows, case_code, first)
    rank = np.empty(n_cases, dtype=np.int64)
    rank[np.asarray(pc.sort_indices(case_names))] = np.arange(n_cases)
    by_arrival = alive[np.lexsort((rank[alive], arrival[alive]))]
    number = np.full(n_cases, -1, dtype=np.int64)
    number[by_arrival] = np.arange(len(by_arrival))
    order = order[np.argsort(number[case_of_step[order]], kind="stable")]
    sizes = np.bincount(number[case_of_step[order]], minlength=len(by_arrival))

    attributes, varying = _attributes(raw, columns, options, rows, number[case_code], len(by_arrival))
    odd = {
        "duplicate": source_row[twins],
        "padded": raw.row[rows[(_padded(raw.columns[columns.case]) | _padded(raw.columns[columns.activity]))[rows]]],
        "out_of_order": source_row[_out_of_order(case_of_step, at[step], source_row)],
        "fold": raw.row[rows[in_fold[rows]]],
        "gap": raw.row[rows[in_gap[rows]]],
        **odd_arrivals,
    }
    return EventLog(
        source=raw.source,
        timezone=options.timezone or "UTC",
        case_ids=case_names.take(pa.array(by_arrival)).cast(pa.large_string()),
        case_offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        activity=activity[step][order].astype(np.int32),
        activities=activities,
        start=start[order],
        complete=at[step][order],
        has_start=bool((start != MISSING_TIME).any()),
        resource=_reordered(resource, order),
        channel=_reordered(channel, order),
        row=source_row[order],
        arrival=arrival[by_arrival],
        arrival_from=arrival_from,
        observed_until=int(max(at[step][order].max(), open_start.max(initial=MISSING_TIME))),
        attributes=attributes,
        external=tuple(options.external),
        ends=options.ends,
        unfinished=pd.DataFrame(
            {
                "case": number[case_code[open_]],
                "activity": np.asarray(activities, dtype=object)[activity[open_]],
                "start": open_start,
                "row": raw.row[rows[open_]],
            }
        ).sort_values(["case", "start", "row"], ignore_index=True),
        rejects=tuple(sorted(sieve.rejects, key=lambda r: (r.row, r.column))),
        notes=Notes(
            n_rows=raw.n_rows,
            reading={**raw.reading, **reading},
            sha256=raw.sha256,
            odd_rows={k: np.sort(np.asarray(v, dtype=np.int64)) for k, v in odd.items() if len(v)},
            empty_cases=(*raw.empty_cases, *sorted(case_names.take(pa.array(stepless)).to_pylist())),
            day_precision=complete.day_precision,
            n_instants=int((~complete.missing & ~complete.bad).sum()),
            unused_transitions=unused,
            varying_attributes=varying,
        ),
    )


def texts(column: Any, missing: frozenset[str] = frozenset()) -> Any:
    """A column as one large_string array: whole-number floats lose their '.0', empty and `missing` values are null.

    Blanks around a text are dropped: "A1" and "A1 " are the same. Only the empty text counts as missing by itself: a case
    may be called "NA" or "null".
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # combine_chunks of a chunked array without chunks
        array = pa.array([], type=array.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_floating(array.type):
        values = array.to_numpy(zero_copy_only=False)
        finite = values[np.isfinite(values)]
        if (finite == np.floor(finite)).all() and (np.abs(finite) < 2**53).all():
            array = pc.if_else(pc.is_finite(array), array, None).cast(pa.int64())
    text = array.cast(pa.large_string())
    trimmed = pc.utf8_trim_whitespace(text)
    absent = pc.equal(trimmed, "")
    if missing:
        absent = pc.or_(absent, pc.is_in(trimmed, pa.array(sorted(missing), type=pa.large_string())))
    return pc.if_else(absent, pa.scalar(None, pa.large_string()), trimmed)


def _padded(column: Any) -> Bool:
    """Which texts of a column have blanks around them, as written."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return np.zeros(len(column), dtype=np.bool_)
    text = column.cast(pa.large_string())
    around = pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(text), text), fill_value=False)
    return np.asarray(around.to_numpy(), dtype=np.bool_)


def objects(array: Any) -> npt.NDArray[np.object_]:
    """A pyarrow array as Python objects, None where null."""
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=object)


def _codes(encoded: Any) -> Int64:
    return np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)


def sorted_codes(array: Any, rows: Int64) -> tuple[tuple[str, ...], Int64]:
    """Names in alphabetical order and a code a row (-1 where null), so that the order of rows can't show."""
    encoded = array.take(pa.array(rows)).dictionary_encode()
    names = [str(n) for n in encoded.dictionary.to_pylist()]
    place = np.full(len(names) + 1, -1, dtype=np.int64)
    order = sorted(range(len(names)), key=names.__getitem__)
    place[np.asarray(order, dtype=np.int64)] = np.arange(len(names))
    return tuple(names[i] for i in order), place[_codes(encoded)]


def _absent(array: Any) -> Bool:
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)


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


def labels(raw: RawRecords, column: str | None, options: Options, rows: Int64) -> Labels | None:
    """A column of labels at these rows, coded; None without the column."""
    if column is None:
        return None
    names, codes = sorted_codes(texts(raw.columns[column], options.missing), rows)
    return Labels(codes=codes.astype(np.int32), names=names)


def _reordered(column: Labels | None, order: Int64) -> Labels | None:
    return None if column is None else Labels(codes=column.codes[order], names=column.names)


def _order(case: Int64, complete: Int64, start: Int64, row: Int64) -> Int64:
    """Steps by case, then (complete, start, row): a step without a start counts as starting at its completion."""
    return np.lexsort((row, np.where(start == MISSING_TIME, complete, start), complete, case))


def _duplicates(
    case: Int64, activity: Int64, complete: Int64, start: Int64, resource: Labels | None, row: Int64
) -> Int64:
    """Places of steps that equal an earlier row in case, activity, times and resource."""
    who = resource.codes if resource is not None else np.zeros(len(case), dtype=np.int32)
    order = np.lexsort((row, who, activity, start, complete, case))
    same = np.ones(max(len(order) - 1, 0), dtype=np.bool_)
    for key in (case, activity, complete, start, who):
        same &= key[order][1:] == key[order][:-1]
    return np.asarray(order[1:][same], dtype=np.int64)


def _out_of_order(case: Int64, complete: Int64, row: Int64) -> Int64:
    """Places of steps that stand in the source after a later step of their case."""
    order = np.lexsort((row, case))
    late = (case[order][1:] == case[order][:-1]) & (complete[order][1:] < complete[order][:-1])
    return np.asarray(order[1:][late], dtype=np.int64)


def _arrivals(
    raw: RawRecords, columns: Columns, options: Options, rows: Int64, case: Int64, first: Int64
) -> tuple[Int64, str, dict[str, Int64]]:
    """One instant a case, how it was found, and the first row of each case whose given arrival can't be taken."""
    arrival = np.where(first == np.iinfo(np.int64).max, MISSING_TIME, first)
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
        "unreadable_arrival": raw.row[rows[parsed.bad[rows]]],
    }
    return np.where(usable, stated, arrival), f"the column {columns.arrival!r}", odd


def _attributes(
    raw: RawRecords, columns: Columns, options: Options, rows: Int64, case: Int64, n_cases: int
) -> tuple[pd.DataFrame, dict[str, int]]:
    """The first recorded value of each attribute per case, and how many cases hold several values."""
    frame, varying = pd.DataFrame(index=pd.RangeIndex(n_cases)), {}
    inside = case >= 0
    for name in columns.attributes:
        names, code = sorted_codes(texts(raw.columns[name], options.missing), rows)
        known = np.flatnonzero((code >= 0) & inside)[::-1]
        first = np.full(n_cases, -1, dtype=np.int64)
        first[case[known]] = code[known]
        differs = np.unique(case[known][code[known] != first[case[known]]])
        if len(differs):
            varying[name] = len(differs)
        frame[name] = np.asarray([*names, None], dtype=object)[first]
    return frame, varying


def _known(names: Sequence[str], activities: tuple[str, ...], *, what: str, source: str) -> None:
    for name in names:
        if name not in activities:
            raise UnknownNameError(what=what, name=name, known=activities, where=source)


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
