"""The contact log: calls, e-mails, visits and messages of customers, frozen and integer-coded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from streamline.errors import FileFormatError, UnknownNameError
from streamline.log.build import Options, labels, objects, texts
from streamline.log.event_log import EventLog, Labels, Notes
from streamline.log.raw import RawRecords, Reject
from streamline.log.timestamps import parse_times

if TYPE_CHECKING:
    import pandas as pd

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactColumns:
    """Which column of the source plays which part."""

    case: str | None
    time: str
    channel: str | None
    reason: str | None


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

    def to_frame(self) -> pd.DataFrame:
        """One row a contact: case, time (UTC), channel, reason, row of the source."""
        import pandas as pd

        frame = pd.DataFrame(
            {"case": objects(self.case_ids), "time": pd.DatetimeIndex(self.time.view("datetime64[us]"), tz="UTC")}
        )
        for name, column in (("channel", self.channel), ("reason", self.reason)):
            if column is not None:
                frame[name] = np.asarray([*column.names, None], dtype=object)[column.codes]
        return frame.assign(row=self.row)

    def __repr__(self) -> str:
        return f"<ContactLog {self.source}: {len(self):,} contacts, {len(self.rejects):,} rows set aside>"


def build_contacts(
    raw: RawRecords, columns: ContactColumns, options: Options, *, status_reasons: tuple[str, ...]
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
    if columns.case is None:
        case_ids = pa.nulls(len(order), pa.large_string())
    else:
        case_ids = texts(raw.columns[columns.case], options.missing).take(pa.array(order))
    reason = labels(raw, columns.reason, options, order)
    for name in status_reasons:
        if reason is None or name not in reason.names:
            known = reason.names if reason is not None else ()
            raise UnknownNameError(what="reason", name=name, known=known, where=raw.source)
    return ContactLog(
        source=raw.source,
        case_ids=case_ids,
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
                    "duplicate": _duplicates(raw, order),
                }.items()
                if len(v)
            },
            day_precision=parsed.day_precision,
            n_instants=len(kept),
        ),
    )


def _duplicates(raw: RawRecords, order: Int64) -> Int64:
    """Rows that equal an earlier row in every column that was read."""
    seen: set[tuple[object, ...]] = set()
    values = [column.take(pa.array(order)).to_pylist() for column in raw.columns.values()]
    again = []
    for i, record in enumerate(zip(*values, strict=True)):
        if record in seen:
            again.append(i)
        seen.add(record)
    return raw.row[order][again] if again else np.zeros(0, dtype=np.int64)
