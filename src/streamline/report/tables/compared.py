"""The table of groups of cases beside each other."""

from __future__ import annotations

from typing import Any

from streamline.report.analysis import Analysis
from streamline.report.section import Table
from streamline.report.tables.making import HIDDEN, Cells, Columns, real, rows_and_note, table_of
from streamline.report.wording import decimals, factor_words, interval, number, sentence


def compared(a: Analysis) -> Table:
    """Mean cycle times by group, and how far each lies from the others."""
    found = a.compared
    assert found is not None

    def cell(name: str, r: Any) -> str:
        value, low, high = (real(getattr(r, f"{name}{end}")) for end in ("", "_low", "_high"))
        if value is None:
            return HIDDEN
        text = number(value, decimals(low, high, value))
        return text if low is None or high is None else f"{text} ({interval(low, high, value=value)})"

    frame = found.table.rename(columns={"mean_days": "mean"})
    cells: Cells = [lambda r: f"{r.n_cases:,}", lambda r: cell("mean", r), lambda r: cell("ratio", r)]
    columns: Columns = [(sentence(factor_words(found.by)), False), ("Closed cases", True),
                        ("Mean cycle time, days (interval)", True),
                        ("Times the mean of the others (interval)", True)]  # fmt: skip
    if found.alike:
        cells.append(lambda r: cell("adjusted_ratio", r))
        columns.append((f"The same, with {', '.join(map(factor_words, found.alike))} alike (interval)", True))
    cells.append(lambda r: str(r.differs))
    columns.append(("Against the others", False))
    rows, note = rows_and_note(frame, "n_cases", a.minimum_cell, cells, label="group", shown=len(frame))
    level = f"{found.level:.0%}"
    said = f"Largest first, not in an order of merit. Intervals of ratios ({level}) hold together, those of means each alone."
    return table_of(
        "compared", f"Mean cycle time by {factor_words(found.by)}", columns, rows, note=f"{said} {note}".strip(),
        file="tables/compared.csv",
    )  # fmt: skip
