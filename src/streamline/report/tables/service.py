"""Tables about the records, the service as it is, and contacts."""

from __future__ import annotations

from streamline.provenance import Provenance
from streamline.report import diagnosed
from streamline.report.analysis import Analysis
from streamline.report.published_counts import tells_of_few
from streamline.report.section import Table
from streamline.report.tables.making import (
    HIDDEN,
    Cells,
    cases_cell,
    days_cell,
    real,
    rows_and_note,
    share_cell,
    supported,
    table_of,
)
from streamline.report.wording import arrivals_words, interval, number, percent
from streamline.results import rows_of


def inputs(provenance: Provenance, *, rejects: bool) -> Table:
    """What was read; `rejects` says whether any row was set aside."""
    names = {
        "log": "events of the cases", "contacts": "contacts", "feedback": "survey answers", "study": "study file",
        "template": "styles of the Word document", "findings": "findings made before the change",
    }  # fmt: skip
    rows = [
        [i.name, names[i.role], f"{i.rows:,}" if i.rows else HIDDEN, f"{i.rejected:,}" if i.rows else HIDDEN]
        for i in provenance.inputs
    ]
    return table_of(
        "records-used", "Records used", [("File", False), ("What it holds", False), ("Rows", True), ("Set aside", True)],
        rows, file="tables/rejects.csv" if rejects else "",
        note="Rows that could not be used are listed with their row and the reason." if rejects else "",
    )  # fmt: skip


def baseline(a: Analysis) -> Table:
    """Cycle times and the share within the standard."""
    rows = []
    for r in rows_of(a.cycle.table):
        share = r.unit == "share"
        if share and a.cycle.within_standard is not None and tells_of_few(a.cycle.within_standard, a):
            continue
        value = percent(r.value, r.low, r.high) if share else supported(r.value, r.low, r.high)
        rows.append(
            [
                str(r.measure).capitalize()
                + ("" if share else " of cycle time" if "percentile" in str(r.measure) else " cycle time"),
                "share of cases" if share else "days",
                value,
                interval(real(r.low), real(r.high), value=r.value, percent=share),
                f"{r.n:,}",
            ]
        )
    return table_of(
        "baseline", f"Cycle time of cases that arrived from {arrivals_words(a.log)}",
        [("Measure", False), ("Unit", False), ("Value", True), ("95% interval", True), ("Cases", True)], rows,
        file="tables/baseline.csv", note="Elapsed time, from arrival to last completion.",
    )  # fmt: skip


def channels(a: Analysis) -> Table:
    """Figures by channel."""
    assert a.channels is not None
    frame = diagnosed.channels(a)
    cells: Cells = [
        lambda r: cases_cell(r.n_cases, a),
        lambda r: percent(r.cases_share) if cases_cell(r.n_cases, a)[0].isdigit() else HIDDEN,
        lambda r: supported(r.mean_days, r.mean_low, r.mean_high),
        lambda r: interval(real(r.mean_low), real(r.mean_high), value=r.mean_days),
        lambda r: days_cell(r.median_days),
    ]
    columns = [("Channel", False), ("Closed cases", True), ("Share of closed cases", True), ("Mean cycle time (days)", True),
               ("95% interval", True), ("Median (days)", True)]  # fmt: skip
    if a.cycle.standard is not None:
        cells.append(lambda r: share_cell(r.within_standard))
        columns.append(("Within the standard (share of cases)", True))
    if a.answers is not None and a.answers.per_case is not None:
        cells.append(lambda r: number(r.contacts_per_case, 2))
        columns.append(("Contacts per closed case", True))
    rows, note = rows_and_note(frame, "n_cases", a.minimum_cell, cells, label="group")
    if any(HIDDEN in row for row in rows):
        note = f"{note} {HIDDEN}: not known, or it would tell of fewer than {a.minimum_cell} cases.".strip()
    return table_of("channels", "The service by channel", columns, rows, note=note, file="tables/channels.csv")
