"""Findings about where the time goes, and which cases take long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from streamline.measure.waits.bottleneck import Bottlenecks
from streamline.report.analysis import Analysis
from streamline.report.diagnosed import places, telling_slow
from streamline.report.findings.saying import FIRST_RANKS, RANKS, note, real, span
from streamline.report.privacy import suppressed_rows
from streamline.report.wording import decimals, factor_words, number, percent, pool_words
from streamline.results import Finding, SubjectFinding, rows_of

_TABLE = "tables/bottlenecks.csv"


def bottleneck_findings(a: Analysis) -> Iterator[Finding]:
    """The shares of the bottlenecks; of the first ones also how sure their rank is and what halving their wait would do."""
    b = a.bottlenecks
    hidden = suppressed_rows(b.table["n_cases"], minimum=a.minimum_cell)
    shown = [r for r, h in zip(rows_of(b.table), hidden, strict=True) if not h and r.share > 0]
    for rank, row in enumerate(shown[:RANKS], start=1):
        low, high = real(row.share_low), real(row.share_high)
        who = "a wait for the customer or a third party" if row.external else ""
        yield SubjectFinding(
            id=f"bottleneck.{rank}.share", section="bottleneck", subject=row.activity,
            statement=f"{percent(row.share, low, high)} of the total cycle time of {b.n:,} closed cases passed "
            f"{_where(row)}{note(who, span(low, high, value=row.share, percent=True))}.",
            value=float(row.share), low=low, high=high, level=b.waiting.level if low is not None else None,
            unit="share of total cycle time", n=b.n, method=b.waiting.method, caveats=b.caveats, table=_TABLE,
        )  # fmt: skip
        if rank <= FIRST_RANKS:
            yield from _how_sure(b, rank, row)
    for by, said in (("pool", _pool_said), ("handoff", _handoff_said)):
        if by not in a.diagnosis.by_place:
            continue
        found = a.diagnosis.by_place[by]
        first = None if found.table.empty else found.table["place"].iloc[0]
        for row in rows_of(places(a, by).head(1)):
            if row.place != first:
                continue  # the first is of few people or cases: the next one isn't the bottleneck
            low, high = real(row.share_low), real(row.share_high)
            if not row.share > 0:
                continue
            yield SubjectFinding(
                id=f"bottleneck.by_{by}.1.share", section="bottleneck", subject=row.place,
                statement=f"{percent(row.share, low, high)} of the total cycle time of {b.n:,} closed cases passed "
                f"{said(row)}{note(span(low, high, value=row.share, percent=True))}.",
                value=float(row.share), low=low, high=high, level=b.waiting.level if low is not None else None,
                unit="share of total cycle time", n=b.n, method=b.waiting.method, caveats=found.caveats,
                table="tables/bottlenecks_by.csv",
            )  # fmt: skip


def _where(row: Any) -> str:
    if row.sojourn_days_per_case == 0:
        return f"waiting for {row.activity}"
    if row.waiting_days_per_case > 0:
        return f"waiting for or in {row.activity}"
    return f"between the step before and the completion of {row.activity}"


def _pool_said(row: Any) -> str:
    doing = "waiting for" if row.sojourn_days_per_case == 0 else "waiting for or being worked on by"
    return f"{doing} {pool_words(row.place)}"


def _handoff_said(row: Any) -> str:
    source, _, target = row.place.partition(" → ")
    until = "began" if row.sojourn_days_per_case == 0 else "was completed"
    source = "the arrival" if source == "(arrival)" else source
    return f"on the way from {source} to {target}, before the latter {until}"


def _how_sure(b: Bottlenecks, rank: int, row: Any) -> Iterator[Finding]:
    """How sure it is that a wait is the largest, and what halving it would do."""
    if np.isfinite(row.first_share_of_draws) and (rank == 1 or row.first_share_of_draws > 0):
        share = float(row.first_share_of_draws)
        times = "all" if share == 1 else "none" if share == 0 else percent(share)
        sure = "" if share >= 0.975 else "likely, not certain" if share >= 0.8 else "not certain"
        what = f"Waiting for {row.activity}" if row.sojourn_days_per_case == 0 else f"The time {_where(row)}"
        yield SubjectFinding(
            id=f"bottleneck.{rank}.rank_probability", section="bottleneck", subject=row.activity,
            statement=f"{what} is the largest part of the cycle time in {times} of the resamples of weeks of arrivals"
            f"{f', so its first place is {sure}' if rank == 1 and sure else ''}.",
            value=share, unit="share of resamples", n=b.n, method=b.waiting.method, caveats=b.caveats, table=_TABLE,
        )  # fmt: skip
    if row.halved_days_per_case > 0:
        low, high = real(row.halved_low), real(row.halved_high)
        days = number(row.halved_days_per_case, decimals(low, high, row.halved_days_per_case))
        what = f"each wait for {row.activity}" if row.sojourn_days_per_case == 0 else f"the time {_where(row)}"
        yield SubjectFinding(
            id=f"bottleneck.{rank}.days_if_halved", section="bottleneck", subject=row.activity,
            statement=f"Were {what} half as long, and nothing else different, the mean cycle time would be {days} days "
            f"shorter{note(span(low, high, value=row.halved_days_per_case))}.",
            value=float(row.halved_days_per_case), low=low, high=high, level=b.waiting.level if low is not None else None,
            unit="days", n=b.n, method=b.waiting.method + "; each case's path is computed again with the halved waits",
            caveats=(*b.caveats, "Queues aren't computed: a shorter wait here may mean a longer one at the next step."),
            table=_TABLE,
        )  # fmt: skip


def slow_findings(a: Analysis) -> Iterator[Finding]:
    """What is known at the arrival and goes together with long cycle times."""
    found = a.diagnosis.slow
    if found is None:
        return
    for rank, row in enumerate(rows_of(telling_slow(a).head(5)), start=1):
        low, high = sorted((abs(row.difference_days_low), abs(row.difference_days_high)))
        size = abs(row.difference_days)
        more = "longer" if row.difference_days > 0 else "less"
        ratio = f"with the other factors alike, {number(row.adjusted_ratio, 2)} times as long"
        yield SubjectFinding(
            id=f"slow.{rank}.difference_days", section="slow", subject=row.label,
            statement=f"Cases with {factor_words(row.factor)} “{row.level}” took {number(size, decimals(low, high, size))} days "
            f"{more} than the others on average"
            f"{note(f'{row.n_cases:,} closed cases', span(low, high, value=size), ratio)}. This is an association, not a cause.",
            value=float(row.difference_days), low=float(row.difference_days_low), high=float(row.difference_days_high),
            level=0.95, unit="days", n=int(row.n_cases),
            method="difference of mean cycle times; interval from weeks of arrivals; false discoveries controlled at "
            f"{found.fdr:.0%}; log-linear regression on the other factors",
            caveats=found.caveats, table="tables/slow.csv",
        )  # fmt: skip
