"""The contact log: calls, e-mails, visits and messages of customers, frozen and integer-coded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streamline.errors import FileFormatError, InsufficientDataError, UnknownNameError
from streamline.log.build import Options, labels, objects, texts
from streamline.log.coded import coded
from streamline.log.event_log import EventLog, Labels, Notes
from streamline.log.raw import RawRecords, Reject
from streamline.log.timestamps import parse_times
from streamline.results import Window
from streamline.showing import table_html

if TYPE_CHECKING:
    import pandas as pd

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]

TWIN = "repeats an earlier contact in every column that was read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactColumns:
    """Which column of the source plays which part."""

    case: str | None
    time: str
    channel: str | None
    reason: str | None
    customer: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ContactLog:
    """Contacts in order of time, then of their place in the source; made by `read_contacts`, never changed."""

    source: str
    #: pyarrow large_string array, the id of the case as written; null where none is given.
    case_ids: Any
    #: int64 instants.
    time: Int64
    channel: Labels | None
    reason: Labels | None
    #: The reasons that ask how far a case is.
    status_reasons: tuple[str, ...]
    row: Int64
    rejects: tuple[Reject, ...] = field(repr=False)
    notes: Notes = field(repr=False)
    #: pyarrow large_string array, the id of the customer as written, null where none is given; None without the column.
    customer_ids: Any = None
    #: How the attempt ended, where that is recorded.
    outcome: Labels | None = None
    #: The outcomes of attempts that reached nobody: given up in the queue, or blocked by a busy line.
    unanswered: tuple[str, ...] = ()
    #: How this log was made from the one that was read, in words.
    history: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.time.flags.writeable = False
        self.row.flags.writeable = False

    def __len__(self) -> int:
        return len(self.time)

    def case_numbers(self, log: EventLog) -> Int64:
        """For each contact the number of its case in `log`: -1 where it names no case, -2 one that isn't in the log."""
        import pyarrow.compute as pc

        place = pc.index_in(self.case_ids, value_set=log.case_ids).fill_null(-2)
        numbers = np.asarray(place.to_numpy(zero_copy_only=False), dtype=np.int64)
        nameless = np.asarray(self.case_ids.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
        return np.where(nameless, -1, numbers)

    def of(self, log: EventLog) -> ContactLog:
        """The contacts that name a case of `log`, such as one that was filtered; those that name no case are left out.

        These are for looking at. What share of all contacts names a case can't be told from them, so `link_contacts` takes
        all contacts, and the log before it was filtered as `whole`.
        Raises InsufficientDataError when no contact names a case of the log.
        """
        numbers = self.case_numbers(log)
        chosen = np.flatnonzero(numbers >= 0)
        if len(chosen) == 0:
            raise InsufficientDataError(
                f"None of the {len(self):,} contacts of {self.source} names one of the {log.n_cases:,} cases of {log.source}. "
                "Check that both write the id in the same way."
            )
        return replace(
            self,
            case_ids=self.case_ids.take(pa.array(chosen)),
            time=self.time[chosen],
            row=self.row[chosen],
            customer_ids=None if self.customer_ids is None else self.customer_ids.take(pa.array(chosen)),
            channel=_at(self.channel, chosen),
            reason=_at(self.reason, chosen),
            outcome=_at(self.outcome, chosen),
            history=(
                *self.history,
                *log.history,
                f"contacts that name one of {log.n_cases:,} cases: {len(chosen):,} of {len(self):,} "
                f"({int((numbers == -1).sum()):,} name no case)",
            ),
        )

    @property
    def reached_nobody(self) -> Bool:
        """For each contact whether it is an attempt that was given up or blocked."""
        if self.outcome is None or not self.unanswered:
            return np.zeros(len(self), dtype=np.bool_)
        codes = [self.outcome.names.index(name) for name in self.unanswered]
        return np.asarray(np.isin(self.outcome.codes, codes), dtype=np.bool_)

    def to_frame(self) -> pd.DataFrame:
        """One row a contact: case, time (UTC), customer, channel, reason, outcome (as far as recorded), row of the source."""
        import pandas as pd

        frame = pd.DataFrame(
            {"case": objects(self.case_ids), "time": pd.DatetimeIndex(self.time.view("datetime64[us]"), tz="UTC")}
        )
        if self.customer_ids is not None:
            frame["customer"] = objects(self.customer_ids)
        for name, column in (("channel", self.channel), ("reason", self.reason), ("outcome", self.outcome)):
            if column is not None:
                frame[name] = np.asarray([*column.names, None], dtype=object)[column.codes]
        return frame.assign(row=self.row)

    @property
    def recorded(self) -> Window | None:
        """First and last day (UTC) with a contact; None for a log without any."""
        if not len(self):
            return None
        days = np.array([self.time.min(), self.time.max()]).view("datetime64[us]").astype("datetime64[D]")
        return Window(first=str(days[0]), last=str(days[1]), timezone="UTC")

    def _repr_html_(self) -> str:
        window = self.recorded
        caption = repr(self)[1:-1] + (f"; contacts from {window}" if window else "")
        return table_html(self.to_frame(), caption=caption, rows=10)

    def __repr__(self) -> str:
        made = "".join(f"; {sentence}" for sentence in self.history)
        return f"<ContactLog {self.source}: {len(self):,} contacts, {len(self.rejects):,} rows set aside{made}>"


def build_contacts(
    raw: RawRecords,
    columns: ContactColumns,
    options: Options,
    *,
    status_reasons: tuple[str, ...],
    unanswered: tuple[str, ...] = (),
    drop_duplicates: bool = False,
) -> ContactLog:
    """Give the columns their meaning; a contact without a readable time is rejected, one without a case is kept."""
    parsed = parse_times(
        raw.columns[columns.time],
        column=columns.time,
        source=raw.source,
        rows=raw.row,
        timezone=options.timezone,
        date_format=options.date_format,
        missing=options.missing,
    )
    timeless = parsed.missing & ~parsed.bad
    rejects = [
        *raw.rejects,
        *parsed.rejects,
        *(
            Reject(file=raw.source, row=int(raw.row[i]), column=columns.time, value="", reason="no time")
            for i in np.flatnonzero(timeless)
        ),
    ]
    kept = np.flatnonzero(~parsed.bad & ~timeless)
    if len(kept) == 0:
        raise FileFormatError(
            f"{raw.source} has {raw.n_rows:,} rows and not one contact with a time that can be read "
            f"(column {columns.time!r})."
        )
    order = kept[np.lexsort((raw.row[kept], parsed.instants[kept]))]
    twins = _duplicates(raw, columns, options, parsed.instants, order)
    twin_rows = raw.row[order[twins]]
    if drop_duplicates and len(twins):
        rejects += [Reject(file=raw.source, row=int(r), column="", value="", reason=TWIN) for r in twin_rows]
        order, twin_rows = np.delete(order, twins), twin_rows[:0]
    case_ids = _ids(raw, columns.case, options, order)
    reason, outcome = labels(raw, columns.reason, options, order), labels(raw, columns.outcome, options, order)
    for what, names, found in (("reason", status_reasons, reason), ("outcome", unanswered, outcome)):
        for name in names:
            if found is None or name not in found.names:
                known = found.names if found is not None else ()
                raise UnknownNameError(what=what, name=name, known=known, where=raw.source)
    return ContactLog(
        source=raw.source,
        case_ids=pa.nulls(len(order), pa.large_string()) if case_ids is None else case_ids,
        time=parsed.instants[order],
        channel=labels(raw, columns.channel, options, order),
        reason=reason,
        status_reasons=status_reasons,
        row=raw.row[order],
        rejects=tuple(sorted(rejects, key=lambda r: (r.row, r.column))),
        notes=Notes(
            n_rows=raw.n_rows,
            reading={**raw.reading, f"times in {columns.time}": parsed.form},
            sha256=raw.sha256,
            odd_rows={
                k: v
                for k, v in {
                    "fold": raw.row[order][parsed.in_fold[order]],
                    "gap": raw.row[order][parsed.in_gap[order]],
                    "duplicate": twin_rows,
                }.items()
                if len(v)
            },
            day_precision=parsed.day_precision,
            n_instants=len(kept),
        ),
        customer_ids=_ids(raw, columns.customer, options, order),
        outcome=outcome,
        unanswered=unanswered,
    )


def _ids(raw: RawRecords, column: str | None, options: Options, order: Int64) -> Any:
    """The ids at these rows as texts, null where none is given; None without the column."""
    return None if column is None else texts(raw.columns[column], options.missing).take(pa.array(order))


def _at(column: Labels | None, rows: Int64) -> Labels | None:
    return None if column is None else Labels(codes=column.codes[rows], names=column.names)


def _duplicates(raw: RawRecords, columns: ContactColumns, options: Options, instants: Int64, order: Int64) -> Int64:
    """Places in `order` of contacts that equal an earlier one in instant and in every other column that was read.

    Contacts that name neither a case nor a customer are told apart by nothing else, so two of one instant may well be two.
    """
    named = [name for name in (columns.case, columns.customer) if name is not None]
    others = [name for name in (columns.channel, columns.reason, columns.outcome) if name is not None]
    key = np.zeros(len(order), dtype=np.int64)
    nameless = np.ones(len(order), dtype=np.bool_)
    for name in [*named, *others]:
        codes = coded(raw.columns[name], options.missing, name=name, source=raw.source).codes[order].astype(np.int64)
        if name in named:
            nameless &= codes < 0
        _, key = np.unique(key * (int(codes.max(initial=-1)) + 2) + codes + 1, return_inverse=True)
    at = instants[order]
    by_key = np.lexsort((np.arange(len(order)), key, at))
    again = np.zeros(len(order), dtype=np.bool_)
    again[by_key[1:]] = (at[by_key][1:] == at[by_key][:-1]) & (key[by_key][1:] == key[by_key][:-1])
    return np.flatnonzero(again & ~nameless)
