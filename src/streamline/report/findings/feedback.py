"""Findings about what customers say in surveys; nothing causal is claimed."""

from __future__ import annotations

from collections.abc import Iterator

from streamline.measure.feedback import CONTACTS, CYCLE_TIME, LOOPS
from streamline.report import contacted
from streamline.report.analysis import Analysis
from streamline.report.findings.saying import bounds, finding_of, note, real, span
from streamline.report.wording import decimals, number, percent, rounded
from streamline.results import Finding, SubjectFinding, rows_of
from streamline.study import slug

#: How a group of each kind is told.
_OF = {CONTACTS: "cases with {}", LOOPS: "cases {}", "channel": "cases of the channel “{}”"}


def _group_words(by: str, group: str) -> str:
    """A group in the middle of a sentence.

    >>> _group_words(CYCLE_TIME, "11 to 15 days"), _group_words(CYCLE_TIME, "slowest quarter (over 27 days)")
    ('cases that took 11 to 15 days', 'the slowest quarter of cases (over 27 days)')
    """
    if by == CYCLE_TIME:
        return (
            f"the {group.replace('quarter', 'quarter of cases')}" if "quarter" in group else f"cases that took {group}"
        )
    return _OF[by].format(group)


def feedback_findings(a: Analysis) -> Iterator[Finding]:
    """The mean score, who answered, and scores by group."""
    if a.scores is None or a.scores.n < a.minimum_cell:
        return
    s = a.scores
    table = "tables/feedback.csv"
    yield finding_of(
        s.mean, id="feedback.mean_score", section="feedback", table=table, caveats=s.caveats,
        statement=f"Customers who answered the survey gave {rounded(s.mean)} on a scale from {s.scale[0]:g} to "
        f"{s.scale[1]:g}"
        f"{note(f'{s.mean.n:,} answers, {percent(s.response_share)} of the closed cases', bounds(s.mean))}.",
    )  # fmt: skip
    yield from _who_answered(a)
    quarters = list(s.of(CYCLE_TIME)["group"])
    for row in rows_of(contacted.scores(a)):
        low, high = real(row.score_low), real(row.score_high)
        if real(row.mean_score) is None:
            continue
        group = _group_words(row.by, row.group)
        # the bounds of quarters move between runs, their ids don't
        place = f"quarter_{quarters.index(row.group) + 1}" if row.by == CYCLE_TIME else slug(row.group)
        yield SubjectFinding(
            id=f"feedback.{slug(row.by)}.{place}.mean_score", section="feedback", subject=row.group,
            statement=f"Customers of {group} gave {number(row.mean_score, decimals(low, high, row.mean_score))} on average"
            f"{note(span(low, high, value=row.mean_score), f'{row.n_answered:,} of {row.n_cases:,} cases answered')}.",
            value=float(row.mean_score), low=low, high=high, level=s.mean.level if low is not None else None, unit=s.mean.unit,
            n=int(row.n_answers), method=s.mean.method, caveats=s.caveats, table=table,
        )  # fmt: skip


def _who_answered(a: Analysis) -> Iterator[Finding]:
    """Whether those who answered had other cases than those who didn't."""
    s = a.scores
    assert s is not None
    d = s.answering_longer
    n_closed = int(a.log.closed.sum())
    if d is None or d.low is None or d.high is None or n_closed - s.n < a.minimum_cell:
        return
    if d.low * d.high > 0:
        size, kind = number(abs(d.value), decimals(d.low, d.high, d.value)), "longer" if d.value > 0 else "shorter"
        said = (
            f"took {size} days {kind} on average than those of customers who didn't, so the scores don't speak for all"
        )
    else:
        said = "took about as long as those of customers who didn't, as far as chance lets tell"
    yield finding_of(
        d, id="feedback.answering", section="feedback", table="tables/feedback.csv", caveats=s.caveats,
        statement=f"Cases whose customers answered {said}{note(bounds(d) and bounds(d) + ' days')}.",
    )  # fmt: skip
