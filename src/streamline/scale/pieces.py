"""What one piece of a log, with whole cases, tells of it, and how the pieces are put together: on one machine or many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from streamline.errors import (
    DataQualityError,
    InsufficientDataError,
    StreamlineError,
    TimestampError,
    UnknownNameError,
)  # fmt: skip
from streamline.log.coded import coded
from streamline.log.raw import RawRecords, Reject
from streamline.log.roles import MAX_REJECTED, ReadOptions, RejectTally, log_of_records, names_of, role_columns
from streamline.measure.summary import LogSummary, log_summary

#: Bytes of memory that reading an event takes at its peak, with some to spare.
BYTES_PER_EVENT = 200
#: Orders of the numbers of a date, as a reading words them; two of one group in one column contradict each other.
_ORDERS = (("day/month/year", "month/day/year"), ("year-day-month", "ISO 8601", "year/month/day"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one piece of a log tells."""

    #: None when no row of the piece can be used; then `problem` says why.
    summary: LogSummary | None
    problem: StreamlineError | None = None
    n_rows: int = 0
    tally: RejectTally = field(default_factory=RejectTally)
    #: How each column of times was read, in words.
    reading: Mapping[str, str] = field(default_factory=dict)
    activities: frozenset[str] = frozenset()
    #: Whether some case or activity has blanks around it.
    padded: bool = False


def piece_of(raw: RawRecords, options: ReadOptions, *, budget: int) -> Piece:
    """Read one piece and summarise it. Raises what `read_log` raises, but for a piece without a usable row."""
    own: ReadOptions = {**options, "attributes": (), "max_rejected": 1.0}
    roles, _ = role_columns(raw, own)
    names = coded(raw.columns[roles.activity], frozenset(names_of(options.get("missing", ())))).names
    here = frozenset(names.to_pylist())
    # Names that this piece doesn't have are known from others, or refused at the end.
    own["external"] = tuple(n for n in names_of(options.get("external", ())) if n in here)
    ends = options.get("ends")
    own["ends"] = None if ends is None else tuple(n for n in names_of(ends) if n in here)
    tally = RejectTally()
    try:
        log = log_of_records(raw, own, need_steps=False)
    except DataQualityError as error:  # no usable row here, perhaps some elsewhere
        tally.add([r for r in error.rejects if isinstance(r, Reject)])
        return Piece(summary=None, problem=error, n_rows=raw.n_rows, activities=here, tally=tally)
    tally.add(log.rejects)
    return Piece(
        summary=log_summary(log, budget=budget),
        n_rows=raw.n_rows,
        tally=tally,
        reading=log.notes.reading,
        activities=here,
        padded="padded" in log.notes.odd_rows,
    )


def put_together(
    pieces: Iterable[Piece], options: ReadOptions, *, source: str, budget: int, rejects: Sequence[Reject] = ()
) -> LogSummary:
    """The summary of all pieces, which come one by one. Raises what `read_log` raises for the whole log.

    rejects : rows that were set aside before the pieces were made; complete once all pieces have come.
    """
    tally, forms, activities = RejectTally(), dict[str, str](), set[str]()
    whole: LogSummary | None = None
    problem: StreamlineError | None = None
    n_rows = 0
    for piece in pieces:
        n_rows += piece.n_rows
        activities |= piece.activities
        tally.update(piece.tally)
        if piece.summary is None:
            problem = piece.problem
            continue
        _hold_to(forms, piece.reading)
        part = piece.summary.with_budget(budget)
        whole = part if whole is None else LogSummary.merged([whole, part])
    what = {"external activity": options.get("external", ()), "activity that ends a case": options.get("ends")}
    for kind, names in what.items():
        for name in names_of(names or ()):
            if name not in activities:
                raise UnknownNameError(what=kind, name=name, known=sorted(activities), where=source)
    if whole is None or whole.n_steps == 0:
        nothing = InsufficientDataError(f"{source}: none of its {n_rows:,} rows is a completed step.")
        raise problem or nothing
    tally.add(rejects)
    n_rows += len(rejects)
    tally.check(n_rows=n_rows, limit=options.get("max_rejected", MAX_REJECTED), source=source)
    return replace(whole, n_rows=n_rows, rejected=dict(sorted(tally.reasons.items())))


def _hold_to(seen: dict[str, str], reading: Mapping[str, str]) -> None:
    """Refuse two orders of day and month in one column: each piece decides by what it holds."""
    for column, form in reading.items():
        for group in _ORDERS:
            for order in group:
                if order not in form:
                    continue
                other = seen.setdefault(f"{column}{group[0]}", order)
                if other != order and group[0] in (other, order):
                    raise TimestampError(
                        f"{column}: some parts of the file can only be {other}, others only {order}. "
                        "Say which is meant with date_format, e.g. date_format='%d/%m/%Y %H:%M'."
                    )
