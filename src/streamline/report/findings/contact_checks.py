"""Findings about how well the rates of contacts hold: on the period itself, and on its last part, unseen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streamline.report import contacted
from streamline.report.analysis import Analysis
from streamline.report.findings.saying import bounds, note
from streamline.report.wording import day_words, number, percent
from streamline.results import Finding, SubjectFinding, rows_of

_TABLE = "tables/contact_forecast.csv"


def check_findings(a: Analysis) -> Iterator[Finding]:
    """Scatter, silent cases and calibration."""
    assert a.answers is not None
    rates = a.answers.rates
    checks = None if rates is None else rates.checks
    if rates is None or checks is None:
        return
    zeros = checks.zeros
    asking = zeros.n_cases - zeros.silent_cases
    told = (
        f" {zeros.silent_cases:,} of {zeros.n_cases:,} cases had none; chance alone would leave "
        f"{zeros.expected_one_by_one:,.0f}, and customers some of whom call more than others {zeros.expected_with_spread:,.0f}."
        if min(zeros.silent_cases, asking) >= a.minimum_cell
        else ""
    )
    yield Finding(
        id="contacts.dispersion", section="contacts",
        statement=f"From case to case contacts vary {number(checks.dispersion, 1)} times as much as they would if they came by "
        f"chance alone at these rates.{told}",
        value=checks.dispersion, unit="times", n=zeros.n_cases,
        method="Pearson's dispersion by case around pooled rates; silent cases beside a Poisson and a negative binomial by case",
        table="tables/contact_calibration.csv",
    )  # fmt: skip
    frame = contacted.calibration(a)
    if len(frame) > 1:
        least, most = float(frame["ratio"].min()), float(frame["ratio"].max())
        off = max(abs(np.log(least)), abs(np.log(most))) if least > 0 else float("inf")
        yield Finding(
            id="contacts.calibration", section="contacts",
            statement=f"In {len(frame)} groups of days with like rates, from the quietest to the busiest, "
            f"{number(least, 2)} to {number(most, 2)} times as many contacts came as these rates let expect.",
            value=float(np.exp(off)) if np.isfinite(off) else None, unit="times, at the worst", n=zeros.n_cases,
            method="observed over expected contacts in groups of days with like rates, on the days that the rates were fitted on",
            table="tables/contact_calibration.csv",
        )  # fmt: skip


def forecast_findings(a: Analysis) -> Iterator[Finding]:
    """What rates of the first part of the period told of the last, and how plain rivals did."""
    found = contacted.forecast_of(a)
    if found is None:
        return
    p, rates = found.predicted, next(rows_of(found.methods))
    caveats = contacted.published_words(found.caveats, a)
    n_weeks = len(found.table)
    by_chance = percent(found.error_by_chance * n_weeks / found.n_contacts)
    split = day_words(a.log, found.split)
    yield Finding(
        id="contacts.forecast.total", section="contacts",
        statement=f"By the rates of the weeks before {split}, {p.value:,.0f} contacts were to be expected in the {n_weeks} weeks "
        f"after it{note(bounds(p))}; {found.n_contacts:,.0f} came.",
        value=p.value, low=p.low, high=p.high, level=p.level, unit="contacts", n=p.n, method=p.method,
        caveats=caveats, table=_TABLE,
    )  # fmt: skip
    yield Finding(
        id="contacts.forecast.weekly_error", section="contacts",
        statement=f"In a single week these rates were off by {percent(rates.weekly_error_share)} of a week's contacts on "
        f"average; chance and the usual differences between weeks alone make about {by_chance} of them.",
        value=float(rates.weekly_error_share), unit="share of contacts", n=n_weeks,
        method="mean absolute error by week over mean contacts by week", caveats=caveats, table=_TABLE,
    )  # fmt: skip
    level = p.level or 0.95
    yield Finding(
        id="contacts.forecast.weeks_inside", section="contacts",
        statement=f"In {found.weeks_inside} of {n_weeks} weeks, and in {found.states_inside} of {found.n_states} states that "
        f"cases were in, the number that came lay within its {level:.0%} interval"
        + (
            "."
            if found.rates_held
            else ": fewer than chance explains, so something changed after the split, and rates of before shouldn't be relied on."
        ),
        value=found.weeks_inside / n_weeks, unit="share of weeks", n=n_weeks, method="weeks inside their interval",
        caveats=caveats, table=_TABLE,
    )  # fmt: skip
    rivals = [r for r in rows_of(found.methods) if not r.method.startswith("rates ")]
    for rank, r in enumerate(rivals, start=1):
        name = contacted.RIVALS.get(r.method, r.method)
        yield SubjectFinding(
            id=f"contacts.forecast.rival.{rank}.weekly_error", section="contacts", subject=r.method,
            statement=f"A plainer way, {name}, was off by {percent(r.weekly_error_share)} in a single week and by "
            f"{percent(abs(r.total_error_share))} in all.",
            value=float(r.weekly_error_share), unit="share of contacts", n=n_weeks,
            method="the same weeks, told from the same earlier contacts", caveats=caveats, table=_TABLE,
        )  # fmt: skip
