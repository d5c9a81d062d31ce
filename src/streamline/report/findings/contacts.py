"""Findings about contacts and survey answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streamline.measure.contact import AFTER_END, LATER, ContactRates
from streamline.report.analysis import Analysis
from streamline.report.findings.saying import bounds, finding_of, note, real
from streamline.report.privacy import suppressed_rows
from streamline.report.wording import decimals, interval, number, percent, rounded
from streamline.results import Finding, SubjectFinding, rows_of
from streamline.study import slug


def contact_findings(a: Analysis) -> Iterator[Finding]:
    rates = a.rates
    if rates is None:
        return
    if rates.status_share is not None:
        s = rates.status_share
        yield finding_of(
            s, id="contacts.status_share", section="contacts", table="tables/contacts.csv",
            statement=f"{percent(s.value, s.low, s.high)} of the {s.n:,} contacts with a recorded reason asked how far the "
            f"case was{note(bounds(s, percent=True))}.",
        )  # fmt: skip
    cases = contact_cases(rates)
    taken: dict[str, int] = {}
    hidden = suppressed_rows([cases[s] for s in rates.table["state"]], minimum=a.minimum_cell)
    for row, small in zip(rows_of(rates.table), hidden, strict=True):
        if small or row.state == LATER or not np.isfinite(row.rate_per_open_day):
            continue
        low, high = real(row.rate_low), real(row.rate_high)
        awaiting = f"awaiting {row.state}" if row.state in a.log.activities else row.state
        rate = 100 * row.rate_per_open_day
        wide = low is not None and high is not None and high > low
        between = f"95% interval {interval(100 * row.rate_low, 100 * row.rate_high, value=rate)}" if wide else ""
        places = decimals(100 * row.rate_low, 100 * row.rate_high, rate) if wide else 1
        name = slug(row.state)
        taken[name] = taken.get(name, 0) + 1
        name += "" if taken[name] == 1 else f"_{taken[name]}"
        yield SubjectFinding(
            id=f"contacts.state.{name}.rate", section="contacts", subject=row.state,
            statement=f"Per 100 {'days' if row.state == AFTER_END else 'open days'} {awaiting}, customers got in touch "
            f"{number(rate, places)} times{note(between)}.",
            value=float(row.rate_per_open_day), low=low, high=high, level=rates.per_case.level if low is not None else None,
            unit="contacts per open day", n=rates.n,
            method="contacts that name a case over open days in the state, scaled up by the link share; interval by "
            "resampling cases",
            caveats=rates.caveats, table="tables/contacts.csv",
        )  # fmt: skip


def contact_cases(rates: ContactRates) -> dict[str, int]:
    """For each state the number of cases behind its row: those with a contact in it; without any, those in the state."""
    exposure = rates.exposure
    result = {}
    for j, state in enumerate(exposure.states):
        asking = int((exposure.contacts[:, j] > 0).sum())
        result[state] = asking or int((exposure.days[:, j] > 0).sum())
    return result


def feedback_findings(a: Analysis) -> Iterator[Finding]:
    if a.scores is None or a.scores.n < a.minimum_cell:
        return
    s = a.scores
    yield finding_of(
        s.mean, id="feedback.mean_score", section="feedback", table="tables/feedback.csv", caveats=s.caveats,
        statement=f"Customers who answered the survey gave {rounded(s.mean)} on a scale from {s.scale[0]:g} to "
        f"{s.scale[1]:g}"
        f"{note(f'{s.mean.n:,} answers, {percent(s.response_share)} of the closed cases', bounds(s.mean))}.",
    )  # fmt: skip
