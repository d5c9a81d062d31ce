"""Findings about what comes back: loops, what they take in a year, like cases, round trips, what goes together with loops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from streamline.measure.loops.association import NO_CAUSE
from streamline.report.analysis import Analysis
from streamline.report.diagnosed import round_trips, telling_loops
from streamline.report.findings.saying import FIRST_RANKS, RANKS, bounds, finding_of, note, real, span
from streamline.report.privacy import small_rows, telling_share
from streamline.report.published_counts import tells_of_few
from streamline.report.wording import (
    about,
    decimals,
    factor_words,
    interval,
    money,
    number,
    percent,
    pool_words,
    rounded,
    sentence,
)
from streamline.results import Finding, SubjectFinding, rows_of


def rework_findings(a: Analysis) -> Iterator[Finding]:
    """All about loops."""
    yield from _loops(a)
    if 0 < a.rework.cases_share.value * a.rework.n < a.minimum_cell:
        return
    yield from _per_year(a)
    yield from _first_passes(a)
    yield from _matched(a)
    yield from _round_trips(a)
    yield from _associations(a)


def shown_loops(a: Analysis) -> list[Any]:
    """The rows of the families that get findings, the most days first."""
    table = a.rework.table
    hidden = small_rows(table["n_cases"], minimum=a.minimum_cell)
    return [row for row, h in zip(rows_of(table), hidden, strict=True) if not h][:RANKS]


def loop_did(row: Any) -> str:
    """What cases with a loop did: `went back to Intake check after Request information`."""
    return f"repeated {row.head} at once" if row.head == row.trigger else f"went {row.loop}"


_LOOP_INTERVALS = {"cases_share": "Wilson interval", "days_per_case": "interval by resampling cases"}


def _loops(a: Analysis) -> Iterator[Finding]:
    r, table = a.rework, "tables/rework.csv"
    share, time = r.cases_share, r.days_per_case
    differs = share.value - r.returns_share > 0.01
    differs &= not telling_share([r.returns_share], [r.n], minimum=a.minimum_cell)[0]
    back = f"; {percent(r.returns_share)} went back to an earlier one" if differs else ""
    if few := tells_of_few(share, a):
        yield Finding(
            id="rework.cases_share", section="rework", value=None, unit=share.unit, n=share.n, method=share.method,
            caveats=r.caveats, table=table,
            statement=f"{sentence(few)} of {r.n:,} closed cases repeated a step or went back to an earlier one at least once.",
        )  # fmt: skip
        if share.value * share.n < a.minimum_cell:
            return  # what their loops take is told of these few
    else:
        yield finding_of(
            share, id="rework.cases_share", section="rework", table=table, caveats=r.caveats,
            statement=f"{percent(share.value, share.low, share.high)} of {r.n:,} closed cases repeated a step or went back "
            f"to an earlier one at least once{note(bounds(share, percent=True))}{back}.",
        )  # fmt: skip
    yield finding_of(
        time, id="rework.days_per_case", section="rework", table=table, caveats=r.caveats,
        statement=f"Loops took {rounded(time)} days per case, over all {r.n:,} closed cases"
        f"{note(bounds(time) and bounds(time) + ' days')}.",
    )  # fmt: skip
    for rank, row in enumerate(shown_loops(a), start=1):
        for measure, value, low, high, unit in (
            ("cases_share", row.cases_share, row.cases_share_low, row.cases_share_high, "share of cases"),
            ("days_per_case", row.days_per_case, row.days_per_case_low, row.days_per_case_high, "days per case"),
        ):
            lower, upper = real(low), real(high)
            again = row.head == row.trigger
            if measure == "cases_share":
                did = loop_did(row)
                span = "" if lower is None else f"95% interval {interval(lower, upper, value=value, percent=True)}"
                said = f"{percent(value, lower, upper)} of {r.n:,} closed cases {did}{note(span)}."
            else:
                did = f"Repeating {row.head} at once" if again else f"Going {row.loop}"
                span = "" if lower is None else f"95% interval {interval(lower, upper, value=value)} days"
                took = number(value, decimals(lower, upper, value))
                said = f"{did} took {took} days per case, over all {r.n:,} closed cases{note(span)}."
            yield SubjectFinding(
                id=f"rework.loop.{rank}.{measure}", section="rework", subject=row.loop,
                statement=said,
                value=float(value), low=lower, high=upper, level=share.level if lower is not None else None, unit=unit,
                n=r.n, method=f"loop erasure; {_LOOP_INTERVALS[measure]}", caveats=r.caveats, table=table,
            )  # fmt: skip


def _per_year(a: Analysis) -> Iterator[Finding]:
    r = a.rework
    if not np.isfinite(r.cases_per_year):
        return
    rate = f"At the rate of arrivals of these records (about {about(r.cases_per_year)} cases a year)"
    method = "figure per closed case times arrivals per year; the rate of arrivals is taken as it was"
    low, high = (None if v is None else v * r.cases_per_year for v in (r.days_per_case.low, r.days_per_case.high))
    between = (
        "" if low is None or high is None else f"95% interval {_rounded(low, low, high)} to {_rounded(high, low, high)}"
    )
    yield Finding(
        id="rework.days_per_year", section="rework",
        statement=f"{rate} loops take {_rounded(r.days_per_year, low, high)} case-days a year{note(between)}.",
        value=r.days_per_year, low=low, high=high, level=r.days_per_case.level, unit="case-days per year", n=r.n,
        method=method, caveats=r.caveats, table="tables/rework.csv",
    )  # fmt: skip
    if np.isfinite(r.staff_hours_per_year):
        yield Finding(
            id="rework.staff_hours_per_year", section="rework",
            statement=f"The steps in loops take about {about(r.staff_hours_per_year)} hours of staff a year, in office hours.",
            value=r.staff_hours_per_year, unit="hours per year", n=r.n, method=method, caveats=r.caveats,
            table="tables/rework.csv",
        )  # fmt: skip
    costs = a.study.costs
    if costs is not None and costs.staff_hour is not None and np.isfinite(r.cost_per_year):
        step = 10.0 ** max(0, np.floor(np.log10(max(r.cost_per_year, 1.0))) - 1)
        yield Finding(
            id="rework.cost_per_year", section="rework",
            statement=f"At the study's price of {costs.currency} {costs.staff_hour:g} an hour, these hours cost about "
            f"{money(r.cost_per_year, costs.currency, step=step)} a year.",
            value=r.cost_per_year, unit=f"{costs.currency} per year", n=r.n, method=method, caveats=r.caveats,
            table="tables/rework.csv",
        )  # fmt: skip


def _rounded(value: float, low: float | None, high: float | None) -> str:
    """A large number, rounded to the tens or hundreds that its interval supports."""
    if low is None or high is None or high <= low:
        return about(value)
    step = 10 ** max(0, int(np.floor(np.log10((high - low) / 4 + 1e-12))))
    return number(round(value / step) * step, 0)


def _first_passes(a: Analysis) -> Iterator[Finding]:
    p = a.diagnosis.passes
    yield finding_of(
        p.whole, id="rework.first_pass_yield", section="rework", table="tables/first_passes.csv", caveats=p.caveats,
        statement=f"{percent(p.whole.value, p.whole.low, p.whole.high)} of {p.n:,} closed cases went through without repeating a "
        f"step{note(bounds(p.whole, percent=True))}.",
    )  # fmt: skip
    enough = (p.table["n_cases"] * (1 - p.table["first_pass_yield"])).round() >= a.minimum_cell
    for row in rows_of(p.table[enough & (p.table["n_cases"] >= a.minimum_cell)].head(1)):
        low, high = real(row.first_pass_yield_low), real(row.first_pass_yield_high)
        yield SubjectFinding(
            id="rework.first_pass_yield.1", section="rework", subject=row.activity,
            statement=f"The step repeated most often is {row.activity}: {percent(row.first_pass_yield, low, high)} of the "
            f"{row.n_cases:,} cases with it needed it only once"
            f"{note(span(low, high, value=row.first_pass_yield, percent=True))}.",
            value=float(row.first_pass_yield), low=low, high=high, level=p.whole.level, unit="share of cases with the step",
            n=int(row.n_cases), method="Wilson interval", caveats=p.caveats, table="tables/first_passes.csv",
        )  # fmt: skip


def _matched(a: Analysis) -> Iterator[Finding]:
    for rank, row in enumerate(shown_loops(a)[:FIRST_RANKS], start=1):
        m = a.diagnosis.matched.get(row.loop)
        if m is None or m.n_matched < a.minimum_cell or m.n_others < a.minimum_cell:
            continue
        d = m.difference
        if d.low is None or d.high is None:
            continue
        counts = f"{m.n_matched:,} of {m.n_looping:,} looping cases have a like case"
        if d.low <= 0 <= d.high:
            said = (
                f"Whether cases that {loop_did(row)} took longer in all than like cases that didn't can't be told from chance "
                f"(difference {rounded(d)} days; {bounds(d)}; {counts})."
            )
        else:
            low, high = sorted((abs(d.low), abs(d.high)))
            more = "longer" if d.value > 0 else "less"
            said = (
                f"Cases that {loop_did(row)} took {rounded(d).lstrip('−')} days {more} in all than like cases that didn't"
                f"{note(span(low, high, value=abs(d.value)), counts)}; {number(m.raw.value, 1)} days passed in the loop itself."
            )
        yield SubjectFinding(
            id=f"rework.loop.{rank}.matched_difference", section="rework", subject=row.loop, statement=said, value=d.value,
            low=d.low, high=d.high, level=d.level, unit="days per looping case", n=m.n_matched,
            method=f"{d.method}; matched on {', '.join(m.on)}", caveats=m.caveats, table="tables/matched_loops.csv",
        )  # fmt: skip


def _round_trips(a: Analysis) -> Iterator[Finding]:
    for by, noun in (("group", "pool"), ("channel", "channel")):
        found = a.diagnosis.ping_pong.get(by)
        if found is None:
            continue
        pairs, share = round_trips(a, by), found.cases_share
        with_one = round(share.value * found.n)
        if pairs.empty or 0 < with_one < a.minimum_cell or 0 < found.n - with_one < a.minimum_cell:
            continue
        top = pairs.iloc[0]
        told = percent(share.value, share.low, share.high)
        there, back = (pool_words(u) if by == "group" else u for u in (top.to_unit, top.from_unit))
        yield finding_of(
            share, id=f"rework.ping_pong.{noun}", section="rework", table="tables/ping_pong.csv", caveats=found.caveats,
            statement=f"{told} of {found.n:,} closed cases went from one {noun} to another "
            f"and straight back{note(bounds(share, percent=True))}; the most days were spent on the way from {back} to {there} "
            f"and back ({number(top.days_per_round_trip, 1)} days each time).",
        )  # fmt: skip


def _associations(a: Analysis) -> Iterator[Finding]:
    found = a.diagnosis.associations.get("any loop")
    for rank, row in enumerate(rows_of(telling_loops(a).head(5)), start=1):
        assert found is not None
        low, high = float(row.risk_ratio_low), float(row.risk_ratio_high)
        others = f"{percent(row.others_looping_share)} of the others"
        counts = f"{percent(row.looping_share)} of {row.n_cases:,} closed cases against {others}"
        often = number(row.risk_ratio, max(2, decimals(low, high, row.risk_ratio)))
        yield SubjectFinding(
            id=f"rework.association.{rank}", section="rework", subject=f"{factor_words(row.factor)}: {row.level}",
            statement=f"Cases with {factor_words(row.factor)} “{row.level}” loop {often} times as often as the others"
            f"{note(span(low, high, value=row.risk_ratio), counts)}, also with the other factors alike. This is an "
            "association, not a cause.",
            value=float(row.risk_ratio), low=low, high=high, level=0.95, unit="ratio of shares", n=found.n,
            method="share of cases with any loop over that of the others; score interval; false discoveries controlled at "
            f"{found.fdr:.0%}; logistic regression on the other factors",
            caveats=(NO_CAUSE, *(c for c in found.caveats if c != NO_CAUSE)), table="tables/loop_associations.csv",
        )  # fmt: skip
