"""Tables of the diagnosis: why cases wait and come back, who works when, whether the standard is kept."""

from __future__ import annotations

import numpy as np
import pandas as pd

from streamline.diagnosis import SMALL_POOLS
from streamline.measure.waits.tables import MEANING
from streamline.report import diagnosed
from streamline.report.analysis import Analysis
from streamline.report.section import Table
from streamline.report.tables.making import (
    HIDDEN,
    Cells,
    Columns,
    cases_cell,
    days_cell,
    real,
    rows_and_note,
    share_cell,
    supported,
    table_of,
)
from streamline.report.wording import arrivals_words, factor_words, interval, number, people_words, percent, sentence
from streamline.results import rows_of
from streamline.units import counted, duration_words

#: Rows by place, and the share of the cycle time from which a place has one.
_PLACES, _LEAST = 6, 0.001
_HOW = {"pool": "pool of people", "handoff": "hand-off", "channel": "channel"}


def _causes_left_out(causes: list[str]) -> str:
    """What isn't shown of the causes, for the note."""
    few = "these records don't tell of it, or too few cases met it"
    return f" Not shown, as {few}: {', '.join(causes)}." if causes else ""


def causes(a: Analysis) -> Table:
    """Waiting by cause."""
    w = a.diagnosis.waiting
    assert w is not None
    frame = diagnosed.causes(a)
    rows = [
        [
            sentence(r.cause),
            MEANING[r.cause],
            percent(r.share, real(r.share_low), real(r.share_high)),
            interval(real(r.share_low), real(r.share_high), value=r.share, percent=True) if r.share > 0 else HIDDEN,
            days_cell(r.hours_per_case),
            cases_cell(r.n_cases, a),
        ]
        for r in rows_of(frame)
    ]
    left_out = [str(cause) for cause in w.table["cause"] if cause not in set(frame["cause"])]
    return table_of(
        "causes", f"Why {w.n:,} closed cases waited, along their critical paths",
        [("Cause", False), ("The case waited", False), ("Share of waiting", True), ("95% interval", True),
         ("Hours per case", True), ("Cases", True)],
        rows, file="tables/waiting.csv",
        note=" ".join(
            ["Elapsed hours; they add up to the waiting, as each moment has one cause."]
            + [people_words(c) for c in w.caveats if c.startswith("Hours on duty")]
        )
        + _causes_left_out(left_out),
    )  # fmt: skip


def places(a: Analysis, by: str) -> Table:
    """Where the time goes, by pool, hand-off, channel or attribute."""
    frame = diagnosed.places(a, by)
    frame = frame[frame["share"] >= _LEAST].reset_index(drop=True)
    frame = frame.assign(place=[sentence(str(p)) for p in frame["place"]])
    cells: Cells = [
        lambda r: percent(r.share, real(r.share_low), real(r.share_high)),
        lambda r: interval(real(r.share_low), real(r.share_high), value=r.share, percent=True),
        lambda r: days_cell(r.waiting_days_per_case + r.sojourn_days_per_case),
        lambda r: days_cell(r.median_wait_days),
        lambda r: days_cell(r.p90_wait_days),
        lambda r: cases_cell(r.n_cases, a),
    ]
    wait = "Wait" if a.bottlenecks.sojourn.value == 0 else "Wait or work"
    columns: Columns = [(sentence(_HOW.get(by, factor_words(by))), False), ("Share of cycle time", True), ("95% interval", True),
                        (f"{wait} (days per case)", True), ("Median wait (days)", True), ("90th percentile (days)", True),
                        ("Cases", True)]  # fmt: skip
    rows, note = rows_and_note(frame, "n_cases", a.minimum_cell, cells, label="place", shown=_PLACES)
    small = by == "pool" and (a.diagnosis.by_place[by].table["place"] == SMALL_POOLS).any()
    note = f"{note} Pools of one or two people are not shown.".strip() if small else note
    return table_of(
        f"bottlenecks-by-{by}", f"Where the time goes, by {_HOW.get(by, factor_words(by))}", columns, rows, note=note,
        file="tables/bottlenecks_by.csv",
    )  # fmt: skip


def slow_levels(a: Analysis) -> Table:
    """What goes together with long cycle times."""
    cells: Cells = [
        lambda r: cases_cell(r.n_cases, a),
        lambda r: days_cell(r.mean_days),
        lambda r: days_cell(r.others_mean_days),
        lambda r: supported(r.difference_days, r.difference_days_low, r.difference_days_high),
        lambda r: interval(real(r.difference_days_low), real(r.difference_days_high), value=r.difference_days),
        lambda r: number(r.adjusted_ratio, 2),
    ]
    rows, note = rows_and_note(diagnosed.telling_slow(a), "n_cases", a.minimum_cell, cells, label="label")
    return table_of(
        "slow", "What is known at the arrival and goes together with the cycle time",
        [("Cases with", False), ("Closed cases", True), ("Mean (days)", True), ("Mean of the others (days)", True),
         ("Difference (days)", True), ("95% interval", True), ("Ratio, other factors alike", True)],
        [[sentence(r[0]), *r[1:]] for r in rows], note=f"Associations, not causes. {note}".strip(), file="tables/slow.csv",
    )  # fmt: skip


def loop_levels(a: Analysis) -> Table:
    """What goes together with loops."""
    frame = diagnosed.telling_loops(a)
    frame = frame.assign(label=frame["factor"].map(factor_words) + ": " + frame["level"])
    cells: Cells = [
        lambda r: cases_cell(r.n_cases, a),
        lambda r: percent(r.looping_share),
        lambda r: percent(r.others_looping_share),
        lambda r: supported(r.risk_ratio, r.risk_ratio_low, r.risk_ratio_high),
        lambda r: interval(real(r.risk_ratio_low), real(r.risk_ratio_high), value=r.risk_ratio),
    ]
    rows, note = rows_and_note(frame, "n_cases", a.minimum_cell, cells, label="label")
    return table_of(
        "loop-associations", "What goes together with loops",
        [("Cases with", False), ("Closed cases", True), ("Share with a loop", True), ("Share of the others", True),
         ("Times as often", True), ("95% interval", True)],
        [[sentence(r[0]), *r[1:]] for r in rows], note=f"Associations, not causes. {note}".strip(),
        file="tables/loop_associations.csv",
    )  # fmt: skip


def round_trips(a: Analysis) -> Table:
    """Pools between which cases go to and fro."""
    found = a.diagnosis.ping_pong["group"]
    cells: Cells = [
        lambda r: sentence(r.to_unit),
        lambda r: cases_cell(r.n_cases, a),
        lambda r: percent(r.cases_share),
        lambda r: f"{r.n_round_trips:,}",
        lambda r: days_cell(r.days_per_round_trip),
        lambda r: days_cell(r.days_per_case),
    ]
    rows, note = rows_and_note(found.table, "n_cases", a.minimum_cell, cells, label="from_unit")
    return table_of(
        "round-trips", "Cases that went to another pool of people and straight back",
        [("From and back to", False), ("To", False), ("Cases", True), ("Share of closed cases", True), ("Times", True),
         ("Days away each time", True), ("Days per case", True)],
        [[sentence(r[0]), *r[1:]] for r in rows], note=note, file="tables/ping_pong.csv",
    )  # fmt: skip


def staff(a: Analysis) -> Table:
    """Pools of people: what they do, when, and how busy they are with it."""
    frame = diagnosed.staff(a)
    cells: Cells = [lambda r: f"{r.n_resources:,}", lambda r: str(r.activities), lambda r: percent(r.steps_share)]
    columns: Columns = [
        ("Pool", False),
        ("People", True),
        ("Main work", False),
        ("Share of steps", True),
    ]
    if a.diagnosis.calendars is not None:
        cells.append(lambda r: str(r.hours))
        columns.append((f"Hours found ({a.log.timezone})", False))
    if a.diagnosis.utilisation is not None:
        cells.append(lambda r: percent(r.utilisation))
        columns.append(("Busy with these cases (share of time on duty)", True))
    if a.diagnosis.multitasking is not None:
        cells.append(lambda r: percent(r.shared_share))
        columns.append(("Several steps at once (share of work time)", True))
    rows = [[sentence(r.pool), *(cell(r) for cell in cells)] for r in rows_of(frame.head(12))]
    small = diagnosed.n_small_pools(a)
    note = f"{counted(small, 'pool')} of one or two people not shown. " if small else ""
    return table_of(
        "staff", "Who does the work, and when", columns, rows, file="tables/staff.csv",
        note=f"{note}Systems that do steps count as people.",
    )  # fmt: skip


def standard_by_group(a: Analysis, by: str) -> Table:
    """Attainment of the standard by channel or attribute."""
    found = diagnosed.attainment_of(a, by)
    cells: Cells = [
        lambda r: share_cell(r.within, real(r.low), real(r.high)),
        lambda r: (
            interval(real(r.low), real(r.high), value=r.within, percent=True) if np.isfinite(r.within) else HIDDEN
        ),
    ]
    columns: Columns = [(sentence(factor_words(by)), False), ("Within the standard (share of cases)", True),
                        ("95% interval", True)]  # fmt: skip
    if not a.cycle.n_open:  # beside the closed cases of each group this number would tell its open ones
        cells.insert(0, lambda r: cases_cell(r.n_cases, a))
        columns.insert(1, ("Cases", True))
    rows, note = rows_and_note(found.table, "n_cases", a.minimum_cell, cells, label="group")
    if found.table["within"].isna().any():
        note = f"{note} {HIDDEN}: not known, or it would tell of fewer than {a.minimum_cell} cases.".strip()
    return table_of(
        f"standard-by-{by}", f"Cases closed within {duration_words(found.standard)}, by {factor_words(by)}", columns, rows,
        note=note, file="tables/standard.csv",
    )  # fmt: skip


def open_cases(a: Analysis) -> Table:
    """Open cases by state, with how many are expected to miss the standard."""
    cells: Cells = [
        lambda r: f"{r.n_open:,}",
        lambda r: number(r.expected_misses, 0),
        lambda r: (
            days_cell(r.median_days_left) if r.median_days_left >= 0 else f"{days_cell(-r.median_days_left)} over"
        ),
    ]
    found = a.diagnosis.at_risk
    assert found is not None
    rows, note = rows_and_note(found.table, "n_open", a.minimum_cell, cells, label="state")
    return table_of(
        "at-risk", f"Cases open on {found.as_of.day} {found.as_of:%B %Y}, by how far they are",
        [("State", False), ("Open cases", True), ("Expected to miss the standard", True), ("Median days left", True)],
        [[sentence(r[0]), *r[1:]] for r in rows], note=note, file="tables/at_risk.csv",
    )  # fmt: skip


def endings(a: Analysis) -> Table:
    """Ways in which cases end."""
    found = a.diagnosis.endings
    assert found is not None
    frame: pd.DataFrame = found.table
    cells: Cells = [
        lambda r: cases_cell(r.n_cases, a),
        lambda r: percent(r.share, real(r.low), real(r.high)),
        lambda r: interval(real(r.low), real(r.high), value=r.share, percent=True),
    ]
    rows, note = rows_and_note(frame, "n_cases", a.minimum_cell, cells, label="way")
    return table_of(
        "endings", f"In which ways cases end that arrived from {arrivals_words(a.log)}",
        [("Last step", False), ("Cases", True), (f"Share within {number(found.horizon_days, 0)} days of arrival", True),
         ("95% interval", True)],
        rows, note=note, file="tables/endings.csv",
    )  # fmt: skip
