"""Findings about who works when. Of persons nothing is told: pools of few people are left out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streamline.measure.staff.multitasking import Multitasking
from streamline.measure.staff.pools import NONE
from streamline.report.analysis import Analysis
from streamline.report.diagnosed import n_small_pools, staff
from streamline.report.findings.saying import RANKS
from streamline.report.wording import people_words, percent, pool_words, sentence
from streamline.results import Finding, SubjectFinding, rows_of
from streamline.units import counted

_TABLE = "tables/staff.csv"
#: Dates of closures that a sentence lists.
_DATES = 12
#: Share of the work time below which steps done at once aren't told as a share.
_HARDLY = 0.005
#: Share of steps without a person from which it is said that only those with one count.
_UNNAMED = 0.01


def staff_findings(a: Analysis) -> Iterator[Finding]:
    """Pools, their hours and how busy they are, closures, several steps at once."""
    d = a.diagnosis
    if d.pools is None:
        return
    pools = staff(a)
    yield Finding(
        id="staff.pools", section="staff", statement=_pools_said(a), value=len(d.pools.pools), unit="pools", n=d.pools.n,
        method="named in the study, else found from who does what: average linkage on shared work"
        if a.study.pools
        else "found from who does what: average linkage on shared work",
        caveats=d.pools.caveats, table=_TABLE,
    )  # fmt: skip
    for rank, row in enumerate(rows_of(pools.head(RANKS)), start=1):
        who = sentence(pool_words(row.pool))
        if d.calendars is not None and np.isfinite(row.hours_per_week):
            yield SubjectFinding(
                id=f"staff.hours.{rank}", section="staff", subject=row.pool,
                statement=f"{who} works on these cases {row.hours}: {percent(row.support)} of its starts and completions fall "
                "into these hours, which were found from its own work.",
                value=float(row.hours_per_week), unit="hours per week", n=d.calendars.n, method=d.calendars.rule,
                caveats=d.calendars.caveats, table=_TABLE,
            )  # fmt: skip
        if d.utilisation is not None and np.isfinite(row.utilisation):
            yield SubjectFinding(
                id=f"staff.utilisation.{rank}", section="staff", subject=row.pool,
                statement=f"{who} is busy with these cases for {percent(row.utilisation)} of its time on duty.",
                value=float(row.utilisation), unit="share of time on duty", n=d.utilisation.n,
                method="time busy on duty over time on duty, of all people of the pool", caveats=d.utilisation.caveats,
                table=_TABLE,
            )  # fmt: skip
    closures = () if d.calendars is None else d.calendars.closures
    if a.calendar is not None:  # on a holiday of the office nobody should have worked
        closures = tuple(day for day in closures if a.calendar.is_working_day(np.datetime64(day.date())).all())
    if d.calendars is not None and closures:
        days = [f"{day.day} {day:%B %Y}" for day in closures]
        more = f" and {len(days) - _DATES:,} more" if len(days) > _DATES else ""
        yield Finding(
            id="staff.closures", section="staff",
            statement=f"On {counted(len(days), 'day')} hardly anybody worked though many should have: "
            f"{', '.join(days[:_DATES])}{more}.",
            value=len(days), unit="days", n=d.calendars.n, method=d.calendars.rule, caveats=d.calendars.caveats, table=None,
        )  # fmt: skip
    if d.multitasking is not None:
        yield Finding(
            id="staff.several_at_once", section="staff", statement=_several(d.multitasking),
            value=d.multitasking.shared_share, unit="share of work time", n=d.multitasking.n,
            method="time with two or more steps open over time with any", caveats=d.multitasking.caveats, table=_TABLE,
        )  # fmt: skip


def _several(found: Multitasking) -> str:
    if not found.as_a_rule.any() and found.shared_share < _HARDLY:
        return f"Counted on {found.clock}, nobody does several steps at once as a rule."
    return people_words(found.verdict)


def _pools_said(a: Analysis) -> str:
    found = a.diagnosis.pools
    assert found is not None
    pools, small = staff(a), n_small_pools(a)
    people = counted(int((found.pool_of_resource >= 0).sum()), "person or system", "people or systems")
    said = "; ".join(
        f"{pool_words(r.pool)} ({r.n_resources:,}, {percent(r.steps_share)} of the steps)"
        for r in rows_of(pools.head(6))
    )
    more = f"; {len(pools) - 6:,} more" if len(pools) > 6 else ""
    hidden = (
        f" Of {counted(small, 'pool')} of one or two nothing is told, since it would be told of persons."
        if small
        else ""
    )
    how = "Named by the study, and else by what they do most" if a.study.pools else "Named by what they do most"
    unsure = ""
    if np.isfinite(found.silhouette) and found.silhouette < NONE:
        unsure = " These pools are uncertain: the work of people differs, but not in groups."
    assert a.whole.resource is not None
    named = " that name somebody" if (a.whole.resource.codes < 0).mean() >= _UNNAMED else ""
    if len(found.pools) == 1:
        return f"{people} do the steps{named}; by what they do they are one pool."
    text = f"{people} do the steps{named}, in {counted(len(found.pools), 'pool')}."
    return text + (f" {how}: {said}{more}." if said else "") + hidden + unsure
