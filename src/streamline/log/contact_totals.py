"""Weekly totals of contacts: how many there were, without saying about which case."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.errors import FileFormatError
from streamline.log.build import objects, texts
from streamline.log.event_log import Notes
from streamline.log.raw import Reject, shortened
from streamline.log.read import records_of
from streamline.log.roles import MAX_REJECTED, check_rejected, names_of, need
from streamline.log.timestamps import parse_times

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class ContactTotals:
    """Numbers of contacts, one row of the source each; made by `read_contact_totals`, never changed."""

    source: str
    #: int64 instants in the weeks that are counted, ascending; and how many contacts each row tells.
    time: Int64
    count: Int64
    rejects: tuple[Reject, ...] = field(repr=False)
    notes: Notes = field(repr=False)

    def __post_init__(self) -> None:
        self.time.flags.writeable = False
        self.count.flags.writeable = False

    def __len__(self) -> int:
        return len(self.time)

    def __repr__(self) -> str:
        return f"<ContactTotals {self.source}: {len(self):,} rows, {int(self.count.sum()):,} contacts>"


def read_contact_totals(
    source: str | Path,
    *,
    week: str,
    count: str,
    timezone: str | None = None,
    date_format: str | None = None,
    missing: Collection[str] = (),
    max_rejected: float = MAX_REJECTED,
    delimiter: str | None = None,
    encoding: str | None = None,
    query: str | None = None,
    table: str | None = None,
) -> ContactTotals:
    """Read numbers of contacts by week from a file, or a database.

    week : column with a day of the week that is counted, such as its Monday. count : column with the number of contacts, whole
        and not negative. Rows of the same week add up, so totals by day or by channel will do.
    The rest as in `read_log`. Returns ContactTotals; rows without a day or a number are set aside in its `rejects`.
    Raises what `read_log` raises.
    """
    raw = records_of(
        source, wanted={week, count}, times={week}, delimiter=delimiter, encoding=encoding, query=query, table=table
    )
    need(raw, (("week", week), ("count", count)))
    empty = frozenset(names_of(missing))
    parsed = parse_times(
        raw.columns[week], column=week, source=raw.source, rows=raw.row, timezone=timezone, date_format=date_format,
        missing=empty,
    )  # fmt: skip
    words = objects(texts(raw.columns[count], empty))
    numbers = np.full(len(words), -1, dtype=np.int64)
    rejects: list[Reject] = [*raw.rejects, *parsed.rejects]
    for i, word in enumerate(words):
        if parsed.bad[i]:
            continue
        with suppress(ValueError, OverflowError, TypeError):
            value = float(word)
            numbers[i] = int(value) if value >= 0 and value.is_integer() else -1
        if parsed.missing[i]:
            rejects.append(Reject(file=raw.source, row=int(raw.row[i]), column=week, value="", reason="no week"))
        elif numbers[i] < 0:
            rejects.append(
                Reject(file=raw.source, row=int(raw.row[i]), column=count, value=shortened(word or ""),
                       reason="no whole number of contacts")
            )  # fmt: skip
    kept = np.flatnonzero(~parsed.bad & ~parsed.missing & (numbers >= 0))
    if len(kept) == 0:
        raise FileFormatError(f"{raw.source} has {raw.n_rows:,} rows and not one with a week and a number of contacts.")
    order = kept[np.argsort(parsed.instants[kept], kind="stable")]
    check_rejected(rejects, n_rows=raw.n_rows, limit=max_rejected, source=raw.source)
    reading: dict[str, Any] = {**raw.reading, f"times in {week}": parsed.form}
    return ContactTotals(
        source=raw.source,
        time=parsed.instants[order],
        count=numbers[order],
        rejects=tuple(sorted(rejects, key=lambda r: (r.row, r.column))),
        notes=Notes(n_rows=raw.n_rows, reading=reading, sha256=raw.sha256),
    )
