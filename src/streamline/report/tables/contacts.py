"""Tables about contacts and survey answers."""

from __future__ import annotations

import numpy as np

from streamline.measure.factor import UNKNOWN
from streamline.measure.feedback import CONTACTS, CYCLE_TIME, LOOPS
from streamline.report import contacted
from streamline.report.analysis import Analysis
from streamline.report.section import Table
from streamline.report.tables.making import HIDDEN, SHOWN, real, supported, table_of
from streamline.report.wording import interval, number, percent
from streamline.results import rows_of
from streamline.units import counted

_INTERVAL = ("95% interval", True)


def contacts(a: Analysis) -> Table:
    """Contacts by state, most first."""
    frame = contacted.states(a)
    total = float(frame["n_contacts"].sum())
    rows = [
        [
            r.state,
            f"{r.n_contacts:,.0f}",
            percent(r.n_contacts / total) if total else HIDDEN,
            f"{r.open_days:,.0f}" if r.open_days > 0 else HIDDEN,
            supported(100 * r.rate_per_open_day, 100 * r.rate_low, 100 * r.rate_high),
            interval(real(100 * r.rate_low), real(100 * r.rate_high), value=100 * r.rate_per_open_day)
            if np.isfinite(r.rate_low)
            else HIDDEN,
        ]
        for r in rows_of(frame.head(SHOWN))
    ]
    return table_of(
        "contacts", "Contacts, by the step that the case awaits",
        [("The case awaits", False), ("Contacts", True), ("Share of those shown", True), ("Days", True),
         ("Contacts per 100 days", True), _INTERVAL],
        rows, file="tables/contacts.csv", note=_left_out(a),
    )  # fmt: skip


def _left_out(a: Analysis) -> str:
    rates = None if a.answers is None else a.answers.rates
    n = 0 if rates is None else len(rates.by_state) - len(contacted.states(a))
    if not n:
        return ""
    return (
        f"{counted(n, 'state')} {'is' if n == 1 else 'are'} not shown: few contacts, cases or days, or so that others can't be "
        "told from the total."
    )


def weekly_contacts(a: Analysis) -> Table:
    """Rates from weekly totals."""
    rows = [
        [
            r.state,
            f"{r.open_days:,.0f}",
            supported(100 * r.rate_per_open_day, 100 * r.rate_low, 100 * r.rate_high),
            interval(100 * r.rate_low, 100 * r.rate_high, value=100 * r.rate_per_open_day),
        ]
        for r in rows_of(contacted.weekly_states(a))
    ]
    return table_of(
        "contacts", "Contacts told from weekly totals, by the step that cases await",
        [("The case awaits", False), ("Days", True), ("Contacts per 100 days", True), _INTERVAL], rows,
        file="tables/contacts.csv", note="Weaker than contacts that are linked to cases: wide intervals are all that these tell.",
    )  # fmt: skip


def contact_reasons(a: Analysis) -> Table:
    """What contacts are about."""
    frame = contacted.reasons(a)
    by_reason = "reason" in frame.columns
    first = "reason" if by_reason else "state"
    frame = frame[frame[first] != UNKNOWN]
    said = {"yes": "yes", "no": "no", "at least in part": "in part", "not counted": "no"}
    rows = [
        [
            str(getattr(r, first)),
            said.get(r.status, HIDDEN),
            f"{r.n_contacts:,.0f}",
            percent(r.share, real(r.share_low), real(r.share_high)),
            interval(real(r.share_low), real(r.share_high), value=r.share, percent=True),
        ]
        for r in rows_of(frame.head(SHOWN))
    ]
    return table_of(
        "contact-reasons", "What customers ask" if by_reason else "When customers get in touch",
        [("Reason" if by_reason else "The case awaits", False), ("Asks how far the case is", False), ("Contacts", True),
         ("Share of contacts", True), _INTERVAL],
        rows, file="tables/contact_reasons.csv",
    )  # fmt: skip


def contact_loops(a: Analysis) -> Table:
    """What loops cost in contacts."""
    frame = contacted.loops(a)
    rows = [
        [
            r.loop,
            f"{r.n_occurrences:,}",
            supported(r.inside_per_occurrence, r.inside_low, r.inside_high),
            interval(real(r.inside_low), real(r.inside_high), value=r.inside_per_occurrence),
            supported(r.matched_per_occurrence, r.matched_low, r.matched_high),
            interval(real(r.matched_low), real(r.matched_high), value=r.matched_per_occurrence)
            if np.isfinite(r.matched_low)
            else HIDDEN,
        ]
        for r in rows_of(frame.head(SHOWN))
    ]
    return table_of(
        "contact-loops", "Contacts of loops",
        [("Loop", False), ("Times", True), ("Contacts while it lasts (each time)", True), _INTERVAL,
         ("More contacts than like cases (each time)", True), _INTERVAL],
        rows, file="tables/contact_loops.csv",
    )  # fmt: skip


def contact_forecast(a: Analysis) -> Table:
    """How the rates and plain rivals told the last part of the period."""
    found = contacted.forecast_of(a)
    assert found is not None
    rows = [
        [
            contacted.RIVALS.get(r.method, r.method).capitalize(),
            f"{r.predicted:,.0f}",
            f"{number(100 * r.total_error_share, 1)}%",
            percent(r.weekly_error_share),
        ]
        for r in rows_of(found.methods)
    ]
    rows.append(["Contacts that came", f"{found.n_contacts:,.0f}", HIDDEN, HIDDEN])
    return table_of(
        "contact-forecast", f"Contacts of the last {len(found.table)} weeks, told from the weeks before",
        [("Told by", False), ("Contacts", True), ("Too many or too few", True), ("Off in a single week", True)],
        rows, file="tables/contact_forecast.csv",
    )  # fmt: skip


def contact_calibration(a: Analysis) -> Table:
    """Contacts that came beside those expected, from the quietest days to the busiest."""
    rows = [
        [
            number(r.expected_per_100_days, 2),
            f"{r.open_days:,.0f}",
            f"{r.n_contacts:,}",
            f"{r.n_expected:,.0f}",
            supported(r.ratio, r.ratio_low, r.ratio_high),
            interval(real(r.ratio_low), real(r.ratio_high), value=r.ratio),
        ]
        for r in rows_of(contacted.calibration(a))
    ]
    return table_of(
        "contact-calibration", "Do the rates of contacts come true: days with like rates, the quietest first",
        [("Contacts per 100 days as the rates tell", True), ("Days", True), ("Contacts", True), ("Expected", True),
         ("Came over expected", True), _INTERVAL],
        rows, file="tables/contact_calibration.csv",
    )  # fmt: skip


def feedback(a: Analysis) -> Table:
    """Scores by group, with the share that answered."""
    assert a.scores is not None
    heads = {CYCLE_TIME: "", LOOPS: "", CONTACTS: "", "channel": "channel: "}
    frame = contacted.scores(a)
    rows = [
        [
            heads.get(r.by, "") + r.group,
            f"{r.n_answers:,}",
            percent(r.response_share),
            supported(r.mean_score, r.score_low, r.score_high),
            interval(real(r.score_low), real(r.score_high), value=r.mean_score) if np.isfinite(r.score_low) else HIDDEN,
        ]
        for r in rows_of(frame)
        if np.isfinite(r.mean_score)
    ]
    scale = f"{a.scores.scale[0]:g} to {a.scores.scale[1]:g}"
    n = len(a.scores.table) - len(frame)
    return table_of(
        "feedback", "Survey scores",
        [("Cases", False), ("Answers", True), ("Cases that answered", True), (f"Mean score ({scale})", True), _INTERVAL],
        rows, note=f"{n:,} groups with too few answers are not shown." if n > 1 else "", file="tables/feedback.csv",
    )  # fmt: skip
