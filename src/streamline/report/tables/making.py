"""How tables for people are made: rows of finished text, small groups suppressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from streamline.report.analysis import Analysis
from streamline.report.privacy import nearly_all, suppressed_rows
from streamline.report.published_counts import totals_of
from streamline.report.section import Cell, Column, Table
from streamline.report.wording import decimals, number, percent
from streamline.results import rows_of

#: Rows of a table for people; the file holds all.
SHOWN = 12
HIDDEN = "–"

Cells = list[Callable[..., str]]
Columns = list[tuple[str, bool]]


def table_of(
    id_: str,
    caption: str,
    columns: Sequence[tuple[str, bool]],
    rows: Sequence[Sequence[str]],
    *,
    note: str = "",
    file: str = "",
    findings: Sequence[str] = (),
    **more: Any,
) -> Table:
    """A table of finished rows. findings : for each row the id of its finding, or nothing; none at all where no row has one.

    more : other fields of the table.
    """
    assert not findings or len(findings) == len(rows), id_
    return Table(
        id=id_, caption=caption, columns=tuple(Column(heading=h, numeric=n) for h, n in columns),
        rows=tuple(tuple(r) for r in rows), note=note, file=file, findings=tuple(findings), **more,
    )  # fmt: skip


def rows_and_note(
    frame: pd.DataFrame,
    count: str,
    minimum: int,
    cells: Sequence[Callable[..., str]],
    *,
    label: str,
    shown: int = SHOWN,
) -> tuple[list[list[str]], str]:
    """Rows of a table whose small groups are suppressed, and a note that says so."""
    hidden = suppressed_rows(frame[count], minimum=minimum)
    rows: list[list[str]] = []
    left_out = 0
    for row, small in zip(rows_of(frame), hidden, strict=True):
        if small:
            left_out += 1
            continue
        if len(rows) < shown:
            rows.append([str(getattr(row, label)), *(cell(row) for cell in cells)])
    more = len(frame) - left_out - len(rows)
    notes = [
        f"{more:,} more in the file." if more > 0 else "",
        f"{left_out:,} with too few cases are not shown." if left_out else "",
    ]
    return rows, " ".join(n for n in notes if n)


def cases_cell(n: float, a: Analysis) -> str:
    """A number of cases; in words where the few that are left of all would be told by it, or where it is hidden."""
    if not np.isfinite(n):
        return HIDDEN
    return "nearly all" if nearly_all([n], totals_of(a), minimum=a.minimum_cell)[0] else f"{n:,.0f}"


def share_cell(value: float, low: float | None = None, high: float | None = None) -> str:
    """A share, or a dash where it is hidden."""
    return percent(value, low, high) if np.isfinite(value) else HIDDEN


def days_cell(value: float) -> str:
    """Days or hours to two decimal places, fewer where there are many."""
    if not np.isfinite(value):
        return HIDDEN
    if 0 < value < 0.005:
        return Cell("under 0.01", value)
    return number(value, 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0)


def supported(value: float, low: float, high: float) -> str:
    """A number rounded to what its interval supports, as in the text."""
    return number(value, decimals(real(low), real(high), value)) if np.isfinite(value) else HIDDEN


def real(value: float | None) -> float | None:
    """The number, or None where there is none."""
    return float(value) if value is not None and np.isfinite(value) else None
