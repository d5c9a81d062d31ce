"""Tables about the records, the service as it is, and contacts."""

from __future__ import annotations

import numpy as np

from streamline.measure.contact import LATER
from streamline.report.analysis import Analysis
from streamline.report.published import contact_frame
from streamline.report.section import Table
from streamline.report.tables.making import HIDDEN, Cells, days_cell, real, rows_and_note, supported, table_of
from streamline.report.wording import arrivals_words, interval, number, percent
from streamline.results import rows_of


def inputs(a: Analysis) -> Table:
    """What was read."""
    names = {"log": "events of the cases", "contacts": "contacts", "feedback": "survey answers", "study": "study file"}
    rows = [
        [i.name, names[i.role], f"{i.rows:,}" if i.rows else HIDDEN, f"{i.rejected:,}" if i.rows else HIDDEN]
        for i in a.provenance.inputs
    ]
    return table_of(
        "records-used", "Records used", [("File", False), ("What it holds", False), ("Rows", True), ("Set aside", True)],
        rows, file="tables/rejects.csv" if a.rejects else "",
        note="Rows that could not be used are listed with their row and the reason." if a.rejects else "",
    )  # fmt: skip


def baseline(a: Analysis) -> Table:
    """Cycle times and the share within the standard."""
    rows = []
    for r in rows_of(a.cycle.table):
        share = r.unit == "share"
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
    frame = a.channels.table
    cells: Cells = [
        lambda r: f"{r.n_cases:,}",
        lambda r: percent(r.cases_share),
        lambda r: supported(r.mean_days, r.mean_low, r.mean_high),
        lambda r: interval(real(r.mean_low), real(r.mean_high), value=r.mean_days),
        lambda r: days_cell(r.median_days),
    ]
    columns = [("Channel", False), ("Closed cases", True), ("Share of closed cases", True), ("Mean cycle time (days)", True),
               ("95% interval", True), ("Median (days)", True)]  # fmt: skip
    if a.cycle.standard is not None:
        cells.append(lambda r: percent(r.within_standard))
        columns.append(("Within the standard (share of cases)", True))
    if a.rates is not None:
        cells.append(lambda r: number(r.contacts_per_case, 2))
        columns.append(("Contacts per closed case", True))
    rows, note = rows_and_note(frame, "n_cases", a.minimum_cell, cells, label="group")
    return table_of("channels", "The service by channel", columns, rows, note=note, file="tables/channels.csv")


def contacts(a: Analysis) -> Table:
    """Contacts by state."""
    assert a.rates is not None
    frame = contact_frame(a)
    cells: Cells = [
        lambda r: f"{r.n_contacts:,}",
        lambda r: percent(r.share),
        lambda r: f"{r.open_days:,.0f}" if r.state != LATER else HIDDEN,
        lambda r: (
            HIDDEN if r.state == LATER else supported(100 * r.rate_per_open_day, 100 * r.rate_low, 100 * r.rate_high)
        ),
        lambda r: (
            HIDDEN
            if r.state == LATER or not np.isfinite(r.rate_low)
            else interval(100 * r.rate_low, 100 * r.rate_high, value=100 * r.rate_per_open_day)
        ),
    ]
    rows, note = rows_and_note(frame, "n_cases", a.minimum_cell, cells, label="state")
    return table_of(
        "contacts", "Contacts, by the step that the case awaits",
        [("The case awaits", False), ("Contacts that name a case", True), ("Share of these contacts", True),
         ("Open days", True), ("Contacts per 100 open days", True), ("95% interval", True)],
        rows, note=note, file="tables/contacts.csv",
    )  # fmt: skip


def feedback(a: Analysis) -> Table:
    """Scores by quarter of cycle time."""
    assert a.scores is not None
    cells: Cells = [
        lambda r: f"{r.n_answers:,}",
        lambda r: supported(r.mean_score, r.score_low, r.score_high),
        lambda r: interval(real(r.score_low), real(r.score_high), value=r.mean_score),
    ]
    rows, note = rows_and_note(a.scores.table, "n_answers", a.minimum_cell, cells, label="group")
    scale = f"{a.scores.scale[0]:g} to {a.scores.scale[1]:g}"
    return table_of(
        "feedback", "Survey scores, by cycle time",
        [("Cycle time of the case", False), ("Answers", True), (f"Mean score ({scale})", True), ("95% interval", True)],
        rows, note=note, file="tables/feedback.csv",
    )  # fmt: skip
