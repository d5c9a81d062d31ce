"""Findings about why cases wait."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streamline.measure.periods import period_words
from streamline.measure.waits.timing import WEEKDAYS
from streamline.measure.waits.waiting import WaitingByCause
from streamline.report.analysis import Analysis
from streamline.report.diagnosed import causes, queue_of
from streamline.report.findings.saying import note, span
from streamline.report.wording import number, percent
from streamline.results import Finding, SubjectFinding, rows_of
from streamline.units import DAY, counted, duration_words

#: Share of the releases that a weekday has to be one of the days of release, and that all of these hold.
_OFTEN, _NEARLY_ALL = 0.1, 0.95
#: How the waiting of a cause passed, after "x% of the waiting time".
PASSED = {
    "external": "was a wait for the customer or a third party",
    "batching": "was a wait for a batch to be released",
    "unavailability": "passed while the people who did the step in the end were off duty, nights and weekends included",
    "contention": "passed while the people who did the step were busy with work that had come earlier",
    "prioritisation": "passed while the people who did the step took up work that had come later",
    "extraneous": "passed while the people who did the step were on duty and free; the records don't say why",
    "unexplained": "passed for reasons that can't be told",
}


def waiting_findings(a: Analysis) -> Iterator[Finding]:
    """Shares of the causes, batches, the queue before the first bottleneck, level shifts."""
    w = a.diagnosis.waiting
    if w is not None:
        yield from _causes(a, w)
        yield from _batches(a, w)
    yield from _queue(a)
    yield from _shifts(a)


def _causes(a: Analysis, w: WaitingByCause) -> Iterator[Finding]:
    if not w.waiting.value > 0:
        return
    for row in rows_of(causes(a)):
        share = w.shares[row.cause]
        # resampling nothing gives an interval of no width, which says nothing
        low, high = (share.low, share.high) if share.value > 0 else (None, None)
        part = percent(row.share, low, high) if row.share > 0 else "None"
        caveats = w.caveats
        if row.cause == "extraneous" and w.delay is not None:
            caveats += (_hidden(w),)
        yield SubjectFinding(
            id=f"waiting.{row.cause}.share", section="waiting", subject=row.cause,
            statement=f"{part} of the waiting time of {w.n:,} closed cases {PASSED[row.cause]}"
            f"{note(span(low, high, value=row.share, percent=True))}.",
            value=float(row.share), low=low, high=high, level=share.level if low is not None else None,
            unit="share of waiting time", n=w.n, method=share.method, caveats=caveats, table="tables/waiting.csv",
        )  # fmt: skip


def _hidden(w: WaitingByCause) -> str:
    """The range of unrecorded delays."""
    assert w.delay is not None
    return (
        f"Delays for reasons that aren't recorded may go on while people are off duty or busy, so that their whole length has "
        f"bounds only: at least "
        f"{number(w.delay.seen / 24, 1)} days per case, at most {number(w.delay.at_most / 24, 1)}; "
        f"{number(w.delay.until_last_free / 24, 1)} if whoever is free begins what is ready."
    )


def _batches(a: Analysis, w: WaitingByCause) -> Iterator[Finding]:
    if w.batches is None:
        return
    shown = w.batches.table[w.batches.table["n_members"] >= a.minimum_cell]
    for rank, row in enumerate(rows_of(shown), start=1):
        wait = duration_words(row.mean_batching_hours / 24 * DAY)
        yield SubjectFinding(
            id=f"waiting.batch.{rank}.hours", section="waiting", subject=row.activity,
            statement=f"{row.activity} is done in batches, {row.fires}{_weekdays(w, row.activity, row.fires)}: "
            f"{counted(int(row.n_batches), 'batch', 'batches')} of {number(row.mean_size, 0)} cases on average, "
            f"{percent(row.support)} of all such steps. A case waits {wait} for its batch on average.",
            value=float(row.mean_batching_hours), unit="hours per step in a batch", n=int(row.n_members), method=w.batches.rule,
            caveats=w.batches.caveats, table="tables/batches.csv",
        )  # fmt: skip


def _weekdays(w: WaitingByCause, activity: str, fires: str) -> str:
    """` on Tuesdays and Fridays`, where nearly all releases lie on at most three weekdays that the rule doesn't name."""
    assert w.batches is not None
    if any(day in fires for day in WEEKDAYS):
        return ""
    members = w.batches.cases
    releases = members.loc[members["activity"] == activity].drop_duplicates("batch")["release"]
    share = np.bincount(releases.dt.dayofweek, minlength=7) / max(len(releases), 1)
    most = np.sort(np.argsort(-share, kind="stable")[: int((share >= _OFTEN).sum())])
    if len(most) > 3 or share[most].sum() < _NEARLY_ALL:
        return ""
    *others, last = (f"{WEEKDAYS[k]}s" for k in most)
    return f" on {', '.join(others)} and {last}" if others else f" on {last}"


def _queue(a: Analysis) -> Iterator[Finding]:
    q, shown = a.diagnosis.queue, queue_of(a)
    if q is None or q.n < a.minimum_cell:
        return
    law = max(
        (one for one in q.littles_law if one.state != "in service"), key=lambda one: one.mean_number, default=None
    )
    if law is None:
        return
    most = ""
    if shown is not None:
        column = shown.table["mean_" + law.state.replace(" ", "_")]
        since = shown.table["since"].iloc[int(column.argmax())]
        most = f"; most in {period_words(since, shown.every)}: {number(float(column.max()), 0)}"
    doing = "waited for" if law.state == "waiting" else "waited for or were in"
    yield SubjectFinding(
        id="waiting.queue.mean_number", section="waiting", subject=q.subject,
        statement=f"On average {number(law.mean_number, 1 if law.mean_number < 10 else 0)} cases {doing} {q.subject} at the "
        f"same time{most}.",
        value=law.mean_number, unit="steps at the same time", n=q.n,
        method="time average over the window, exact; checked by Little's law", caveats=q.caveats,
        table=None if shown is None else "tables/queue.csv",
    )  # fmt: skip


def _shifts(a: Analysis) -> Iterator[Finding]:
    s = a.diagnosis.shifts
    if s is None:
        return
    shown = s.table[(s.table["n_before"] >= a.minimum_cell) & (s.table["n_after"] >= a.minimum_cell)]
    for rank, row in enumerate(rows_of(shown.head(5)), start=1):
        before, after = (duration_words(d * DAY) for d in (row.before_days, row.after_days))
        yield SubjectFinding(
            id=f"waiting.shift.{rank}.days", section="waiting", subject=row.activity,
            statement=f"The mean wait for {row.activity} went from {before} to {after} in {row.since:%B %Y}.",
            value=float(row.change_days), unit="days", n=int(row.n_before + row.n_after),
            method=f"PELT on monthly mean waits; probability of any false shift {s.false_alarms:.0%}", caveats=s.caveats,
            table="tables/wait_shifts.csv",
        )  # fmt: skip
