"""Tables of what happens when, and of how it is told whether it worked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, isfinite

from streamline.measure.telling import observations_to_tell
from streamline.report.analysis import Analysis
from streamline.report.findings.scenario import figure_texts, measure_words, without_unit
from streamline.report.section import Table
from streamline.report.tables.making import table_of
from streamline.report.wording import span_days
from streamline.results import Estimate
from streamline.study import Scenario
from streamline.units import counted
from streamline.whatif.estimate import Figure, ScenarioEstimate

_UNDATED = "Not dated"
#: Why a figure can't tell a change from chance.
_NEVER = (
    "can't be told: no clear effect is estimated",
    "can't be told: it has no interval today",
    "can't be told: smaller than today's uncertainty",
)
#: A wait of ten years is as good as none.
_LONGEST_WEEKS = 520
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def quarter_words(month: str) -> str:
    """The calendar quarter of a month.

    >>> quarter_words("2027-01"), quarter_words("2027-12")
    ('2027, quarter 1', '2027, quarter 4')
    """
    return f"{month[:4]}, quarter {(int(month[5:]) + 2) // 3}"


def month_words(month: str) -> str:
    """A month in words.

    >>> month_words("2027-01")
    'January 2027'
    """
    return f"{_MONTHS[int(month[5:]) - 1]} {month[:4]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """Something that happens in a month; in none that is named where `month` is empty."""

    month: str
    what: str
    owner: str
    cost: str
    finding: str = ""


def timeline(a: Analysis, scenarios: Sequence[tuple[Scenario, ScenarioEstimate]]) -> Table:
    """What happens in which quarter, who sees to it, and what it costs; what the study doesn't date stands last."""
    currency = a.study.costs.currency if a.study.costs else ""
    events = [e for s, estimate in scenarios for e in _events(s, estimate, currency)]
    dated = sorted((e for e in events if e.month), key=lambda e: e.month)
    ordered = [*dated, *(e for e in events if not e.month)]
    return table_of(
        "timeline", "What happens when, by calendar quarter",
        [("Quarter", False), ("What happens", False), ("Owner", False), ("Cost", False)],
        [[quarter_words(e.month) if e.month else _UNDATED, e.what, e.owner, e.cost] for e in ordered],
        note="Dates, owners and costs are the study's; effects are the estimates.", findings=[e.finding for e in ordered],
    )  # fmt: skip


def _events(s: Scenario, estimate: ScenarioEstimate, currency: str) -> Iterator[_Event]:
    """The start and the full effect of a scenario."""
    owner = s.owner or "no owner named"
    name = f"“{s.name}”" + (", the signature initiative" if s.signature else "")
    once, yearly = (
        None if amount is None else f"{currency} {amount:,.0f}".strip() for amount in (s.cost_once, s.cost_per_year)
    )
    parts = [f"{once} once" if once else "", f"{yearly} a year from here on" if yearly else ""]
    cost = "; ".join(p for p in parts if p) or "no cost given"
    mean = estimate["cycle_time.mean"]
    texts = figure_texts(mean)
    effect = (
        f"mean cycle time {texts.value} days instead of {texts.baseline}"
        if texts.value != texts.baseline and not mean.change_low <= 0 <= mean.change_high
        else "no clear effect on the mean cycle time"
    )
    finding = f"scenario.{s.slug}.cycle_time.mean"
    if s.start is None and s.full_effect is None:
        what = f"{name}: the study dates neither its start nor its full effect; at full effect {effect}."
        yield _Event(month="", what=what, owner=owner, cost=cost, finding=finding)
        return
    when = f"in {month_words(s.start)}" if s.start else "at a date that the study doesn't give"
    yield _Event(month=s.start or "", what=f"Start of {name}, {when}.", owner=owner, cost=cost)
    when = f"in {month_words(s.full_effect)}" if s.full_effect else "at a date that the study doesn't give"
    what = f"Full effect of “{s.name}”, {when}: {effect}."
    yield _Event(month=s.full_effect or "", what=what, owner=owner, cost="–", finding=finding)


def progress(a: Analysis, scenarios: Sequence[tuple[Scenario, ScenarioEstimate]]) -> Table:
    """Which figures to watch, how long until each can tell, what counts as failing, and who answers for it."""
    rows, findings = [], []
    for s, estimate in scenarios:
        for f, today in _watched(a, estimate):
            weeks = _weeks(a, f, today)
            failing = "can't be told by this figure" if weeks in _NEVER else _failing(f, today)
            written = without_unit(figure_texts(replace(f, value=today.value)).value, f)
            unit = "% of cases" if f.unit == "share" else ""
            rows.append([measure_words(f), f"“{s.name}”", written + unit, weeks, failing, s.owner or "no owner named"])
            findings.append(f"scenario.{s.slug}.{f.measure}")
    return table_of(
        "progress", "Which figures show whether a change works",
        [("Figure", False), ("Change", False), ("Today", True), ("Told from chance after at least", False), ("Failing", False),
         ("Owner", False)],
        rows, note=_note(a), findings=findings,
    )  # fmt: skip


def _note(a: Analysis) -> str:
    return (
        f"Weeks of cases that arrive after the full effect, at today's {a.cycle.n / _n_weeks(a):,.0f} closed cases a week, until "
        "an effect of the size estimated stands out from chance (at a level of 95%) in four of five repetitions. Those cases "
        "must also have closed, and as cases that arrive together share queues, it may take longer. Failing: outside the "
        "95% interval of the estimate over that many weeks, while nothing else changed."
    )


def _watched(a: Analysis, estimate: ScenarioEstimate) -> Iterator[tuple[Figure, Estimate]]:
    """The figures that can be observed again, with what they are today."""
    today = {
        "cycle_time.mean": a.cycle.mean,
        "within_standard": a.cycle.within_standard,
        "contacts_per_case": a.contacts_per_case if a.contacts_by_customers else None,
    }
    for f in estimate.figures:
        observed = today.get(f.measure)
        if observed is not None:
            yield f, observed


def _n_weeks(a: Analysis) -> float:
    return max(1.0, span_days(a.log) / 7)


def _weeks(a: Analysis, f: Figure, today: Estimate) -> str:
    """Weeks of cases until the estimated change can be told from chance."""
    if f.change_low <= 0 <= f.change_high or today.low is None or today.high is None:
        return _NEVER[0] if today.low is not None else _NEVER[1]
    half = (today.high - today.low) / 2
    n = observations_to_tell(f.change, half_width=half, n_before=today.n)
    weeks = ceil(n / (a.cycle.n / _n_weeks(a))) if isfinite(n) else 0
    return _NEVER[2] if not weeks or weeks > _LONGEST_WEEKS else counted(weeks, "week")


def _failing(f: Figure, today: Estimate) -> str:
    """Beyond which value the change has failed its estimate."""
    least = f.change_high if f.change < 0 else f.change_low
    bound = without_unit(figure_texts(replace(f, value=today.value + least)).value, f)
    unit = "% of cases" if f.unit == "share" else " days" if f.unit == "days" else " per case"
    return f"{'above' if f.change < 0 else 'below'} {bound}{unit}"
