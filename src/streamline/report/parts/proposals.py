"""The proposed changes: what they would do, when, and how it will be told whether they did."""

from __future__ import annotations

from collections.abc import Iterator

from streamline.figure import PointChart
from streamline.report import tables
from streamline.report.analysis import Analysis
from streamline.report.findings.scenario import verdict_caveat
from streamline.report.findings.summary import lead
from streamline.report.parts.saying import Say, cautions, figure, paragraph, said
from streamline.report.section import Block, Bullets, Caution, Paragraph, Part
from streamline.study import Scenario
from streamline.whatif.estimate import ScenarioEstimate


def proposals_parts(a: Analysis, say: Say) -> Iterator[Part]:
    if not a.scenarios:
        yield Part(
            id="proposals", title="Proposed changes",
            blocks=(Paragraph(text="The study proposes no change, so nothing is estimated."),),
        )  # fmt: skip
        return
    first = lead(a)
    ordered = sorted(a.scenarios, key=lambda s: first is None or s[0] is not first[0])
    yield Part(
        id="proposals",
        title="Proposed changes",
        blocks=tuple(_checked(a, say)),
        parts=tuple(_scenario(s, e, say, a) for s, e in ordered),
    )
    yield Part(
        id="benefits",
        title="Intended benefits",
        blocks=(
            Paragraph(
                text="Each estimate replays the same cases with and without the change"
                + (" through the queues of the people who serve them" if ordered[0][1].through_queues else "")
                + ". Figures are estimates, not promises."
                + (
                    ""
                    if ordered[0][1].through_queues
                    else " They hold what a change does directly, not what it does through queues."
                )
            ),
            tables.benefits(a, ordered),
        ),
    )
    yield from _worth(a, say)
    yield from _together(a, say)
    timeline: list[Block] = [*paragraph(_undated([s for s, _ in ordered])), tables.timeline(a, ordered)]
    yield Part(id="timeline", title="Implementation timeline", blocks=tuple(timeline))
    yield Part(
        id="progress",
        title="How progress will be measured",
        blocks=(
            Paragraph(
                text="The same figures can be computed again from later records with the same study file. The table says which "
                "figure to watch for each change, how many weeks of cases it takes until chance is ruled out, and what would "
                "count as failing."
            ),
            tables.progress(a, ordered),
        ),
    )


def _undated(scenarios: list[Scenario]) -> str:
    """What the study would have to say of its changes for the timeline to tell it; empty where it says all of each."""
    lacking = [
        words
        for words, said in (
            ("starts", [s.start for s in scenarios]),
            ("has its full effect", [s.full_effect for s in scenarios]),
            ("who sees to it", [s.owner for s in scenarios]),
            ("what it costs", [s.cost_once is not None or s.cost_per_year is not None for s in scenarios]),
        )
        if not all(said)
    ]
    if not lacking:
        return ""
    dates = [w for w in lacking if w in ("starts", "has its full effect")]
    which = "the change" if len(scenarios) == 1 else "each change"
    first = f"when {which} {' and '.join(dates)}" if dates else ""
    rest = [w if dates else w.replace("it", which) for w in lacking if w not in dates]
    *others, last = [first, *rest] if first else rest
    text = f"{', '.join(others)}, or {last}" if others else last
    return f"A timeline needs more than the study says: it doesn't tell {text}."


def _worth(a: Analysis, say: Say) -> Iterator[Part]:
    """What the proposals are worth to the agency and to its customers, as far as the study gives prices; no part where it gives
    none: the method's limits tell that."""
    assert a.proposed is not None
    scenarios, terms = a.proposed.scenarios, a.study.terms
    blocks: list[Block] = []
    if any(s.value.saving_per_year is not None for s in scenarios):
        for s in scenarios:
            stem = f"value.{s.scenario.slug}"
            blocks += paragraph(said(say, f"{stem}.saving_per_year", f"{stem}.payback", f"{stem}.net_present_value"))
        blocks.append(tables.value(scenarios, terms))
    if any(not s.value.burden.empty for s in scenarios):
        ids = [f"value.{s.scenario.slug}.customer_hours_per_year" for s in scenarios]
        blocks += [Bullets(items=tuple(say[i].statement for i in ids if i in say)), tables.burden(scenarios)]
    if not any(s.value.told for s in scenarios):
        return
    blocks += _unfit(a)
    blocks += cautions(m for s in scenarios for m in (*s.value.caveats, *s.value.missing))
    yield Part(id="value", title="What the proposals are worth", blocks=tuple(blocks))


def _together(a: Analysis, say: Say) -> Iterator[Part]:
    """What the proposals do together, what each adds, and the cheapest set that meets the standard."""
    assert a.proposed is not None
    package = a.proposed.package
    if package is None:
        return
    blocks: list[Block] = []
    whole = ("package.cycle_time.mean", "package.within_standard", "package.contacts_per_case", "package.cost_per_year")
    blocks += paragraph(said(say, *whole))
    blocks += paragraph(say["package.cheapest"].statement)
    if not package.shares.empty:
        blocks.append(tables.shares(package, a.proposed.scenarios))
    chart = package.chart()
    if isinstance(chart, PointChart) and len(chart.points) > 1:
        blocks.append(figure("benefit-cost", "What each proposal saves and what it costs", chart))
    blocks += _unfit(a)
    blocks += cautions(package.caveats, but=(package.cheapest_missing,))
    yield Part(id="together", title="The proposals together", blocks=tuple(blocks))


def _unfit(a: Analysis) -> Iterator[Block]:
    """The caution beside figures of a replay that isn't fit for decisions."""
    yield from (Caution(text=words) for words in verdict_caveat(a.validation))


def _checked(a: Analysis, say: Say) -> Iterator[Block]:
    """How the estimates were made, how far the replay reproduces the service, and what holds for all of them, told once."""
    if "validation.verdict" in say:
        yield Paragraph(text=say["validation.verdict"].statement)
        yield tables.validation(a)
        waits = tables.replayed_waits(a)
        if waits.rows:
            yield waits
    yield from _unfit(a)
    for caveat in sorted(_common(a)):
        yield Caution(text=caveat)


def _common(a: Analysis) -> set[str]:
    """Caveats that every scenario has."""
    each = [set(e.caveats) for _, e in a.scenarios]
    return set.intersection(*each) if each else set()


def _scenario(scenario: Scenario, estimate: ScenarioEstimate, say: Say, a: Analysis) -> Part:
    changes = tuple(
        c.words() + (f". Evidence: {c.evidence.rstrip('.')}." if c.evidence else ". No evidence is given.")
        for c in scenario.changes
    )
    blocks: list[Block] = []
    if scenario.signature:
        blocks.append(Paragraph(text="This is the signature initiative."))
    blocks += [
        Bullets(items=changes),
        Paragraph(text=say[f"scenario.{scenario.slug}.cycle_time.mean"].statement),
        tables.scenario(a, scenario, estimate),
        *_hanging(scenario, say, a),
    ]
    common = _common(a)
    blocks += [Caution(text=c) for c in estimate.caveats if c not in common]
    return Part(id=f"proposal-{scenario.slug.replace('_', '-')}", title=scenario.name, blocks=tuple(blocks))


def _hanging(scenario: Scenario, say: Say, a: Analysis) -> Iterator[Block]:
    """What the estimate hangs on; as a chart for the leading proposal."""
    yield from paragraph(said(say, f"sensitivity.{scenario.slug}"))
    first = lead(a)
    if a.proposed is None or first is None or first[0] is not scenario:
        return
    mine = next(s.sensitivity for s in a.proposed.scenarios if s.scenario is scenario)
    if not mine.shown.empty:
        yield figure("tornado", f"What the estimate of “{scenario.name}” hangs on", mine.chart())
