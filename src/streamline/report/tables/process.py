"""Tables about where the time goes and how cases move."""

from __future__ import annotations

import numpy as np

from streamline.report.analysis import Analysis
from streamline.report.published_counts import transitions as published_transitions
from streamline.report.section import Table
from streamline.report.tables.making import HIDDEN, Cells, cases_cell, days_cell, real, rows_and_note, table_of
from streamline.report.wording import interval, percent
from streamline.results import rows_of


def bottlenecks(a: Analysis) -> Table:
    """Where the time goes, by step awaited."""
    b, starts = a.bottlenecks, a.log.has_start
    frame = b.table[b.table["share"] + b.table["service_days_per_case"] > 0]
    cells: Cells = [lambda r: percent(r.share, real(r.share_low), real(r.share_high)),
             lambda r: interval(real(r.share_low), real(r.share_high), value=r.share, percent=True)]  # fmt: skip
    columns = [("Step awaited", False), ("Share of cycle time", True), ("95% interval", True)]
    if starts:
        cells += [lambda r: days_cell(r.waiting_days_per_case), lambda r: days_cell(r.service_days_per_case)]
        columns += [("Waiting (days per case)", True), ("Work (days per case)", True)]
    if b.sojourn.value > 0:
        cells.append(lambda r: days_cell(r.sojourn_days_per_case))
        columns.append(("Waiting or work (days per case)", True))
    if a.calendar is not None:
        cells.append(lambda r: days_cell(r.waiting_working_hours_per_case))
        columns.append(("Waiting in office hours (per case)", True))
    cells += [lambda r: days_cell(r.median_wait_days), lambda r: cases_cell(r.n_cases, a)]
    columns += [("Median wait (days)", True), ("Cases", True)]
    rows, note = rows_and_note(frame, "n_cases", a.minimum_cell, cells, label="activity")
    external = [r.activity for r in rows_of(frame) if r.external]
    if external:
        note = f"{', '.join(external)}: a wait for the customer or a third party. {note}".strip()
    return table_of(
        "bottlenecks", f"Where the time of {b.n:,} closed cases goes, along their critical paths", columns, rows,
        note=note, file="tables/bottlenecks.csv",
    )  # fmt: skip


def transitions(a: Analysis) -> Table:
    """The most frequent transitions."""
    cells: Cells = [
        lambda r: str(r.target),
        lambda r: cases_cell(r.n, a),
        lambda r: cases_cell(r.n_cases, a),
        lambda r: percent(r.share) if np.isfinite(r.share) else HIDDEN,
        lambda r: days_cell(r.mean_hours / 24),
        lambda r: days_cell(r.median_hours / 24),
    ]
    shown = published_transitions(a)
    rows, note = rows_and_note(shown, "n_cases", a.minimum_cell, cells, label="source")
    left_out = len(a.follows.table) - len(shown)
    note += f" {left_out:,} with too few cases are not shown." if left_out else ""
    hidden = any(HIDDEN in row for row in rows)
    note = (
        f"{note} {HIDDEN}: the number would tell of a transition of too few cases.".strip() if hidden else note.strip()
    )
    until = "start" if a.log.has_start else "completion"
    return table_of(
        "transitions", "The most frequent transitions between steps",
        [("From", False), ("To", False), ("Times", True), ("Cases", True), ("Share of cases", True),
         (f"Mean time to {until} (days)", True), (f"Median time to {until} (days)", True)],
        rows, note=note, file="tables/transitions.csv",
    )  # fmt: skip
