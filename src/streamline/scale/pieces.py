"""What one piece of a log, with whole cases, tells of it, and how the pieces are put together: on one machine or many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from streamline.errors import DataQualityError, FileFormatError, InsufficientDataError, StreamlineError, TimestampError
from streamline.log.build import check_names
from streamline.log.raw import RawRecords, Reject
from streamline.log.roles import MAX_REJECTED, ReadOptions, RejectTally, log_of_records, names_of
from streamline.measure.summaries.summary import LogSummary, log_summary

#: Bytes of memory that reading an event takes at its peak, with some to spare.
BYTES_PER_EVENT = 120
#: Blanks that are dropped around an id (see `coded`): the same case, or resource, must come to the same piece.
BLANKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" \
    "\u2028\u2029\u202f\u205f\u3000"  # fmt: skip
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


def piece_of(raw: RawRecords, options: ReadOptions, *, budget: int, alone: bool = False) -> Piece:
    """Read one piece and summarise it. Raises what `read_log` raises, but for a piece without a usable row.

    alone : there are no other pieces, so that the summary may keep the log alive, from which it takes its waits.
    """
    tally = RejectTally()
    try:
        log = log_of_records(raw, of_piece(options), whole=False)
    except DataQualityError as error:  # no usable row here, perhaps some elsewhere
        tally.add([r for r in error.rejects if isinstance(r, Reject)])
        return Piece(summary=None, problem=error, n_rows=raw.n_rows, tally=tally)
    tally.add(log.rejects)
    summary = log_summary(log, budget=budget)
    return Piece(
        summary=summary if alone else summary.held(),
        n_rows=raw.n_rows,
        tally=tally,
        reading=log.notes.reading,
        activities=frozenset(log.activities),
        padded="padded" in log.notes.odd_rows,
    )


def of_piece(options: ReadOptions) -> ReadOptions:
    """The options for one piece: what needs the whole log is looked at when the pieces are put together."""
    return {**options, "attributes": (), "max_rejected": 1.0}


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
    tally.add(rejects)
    n_rows += len(rejects)
    if whole is None or whole.n_steps == 0:
        if n_rows == 0:
            raise FileFormatError(f"{source} has columns but no rows.")
        if tally.n_rows == n_rows:
            why = "; ".join(f"{n:,} × {reason}" for reason, n in sorted(tally.reasons.items(), key=lambda r: -r[1]))
            raise DataQualityError(f"{source} has {n_rows:,} rows and not one that can be used: {why}.")
        raise problem or InsufficientDataError(f"{source}: none of its {n_rows:,} rows is a completed step.")
    check_whole(tally, activities, options, n_rows=n_rows, source=source)
    return replace(whole, n_rows=n_rows, rejected=dict(sorted(tally.reasons.items())))


def check_whole(tally: RejectTally, activities: set[str], options: ReadOptions, *, n_rows: int, source: str) -> None:
    """Refuse what `read_log` refuses once all rows are known: names that no piece has, too many rows set aside."""
    ends = options.get("ends")
    check_names(
        names_of(options.get("external", ())), None if ends is None else names_of(ends), activities, source=source
    )
    tally.check(n_rows=n_rows, limit=options.get("max_rejected", MAX_REJECTED), source=source)


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
