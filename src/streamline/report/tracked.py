"""The section about a change that was made: did it work?"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from streamline.figure import LineChart
from streamline.log.event_log import EventLog
from streamline.log.quality import DataQuality
from streamline.log.raw import Reject
from streamline.measure.tracking.effect import Effect
from streamline.measure.tracking.service import TrackedService
from streamline.provenance import Provenance
from streamline.report.findings.records import quality_words
from streamline.report.findings.tracked import MEASURES, Writer, arrivals_words, plain_words, tracked_findings
from streamline.report.parts.saying import Say, cautions, figure, said
from streamline.report.privacy import harmless_text
from streamline.report.published import rejects_frame
from streamline.report.section import Block, Bullets, Caution, KeyFigure, KeyFigures, Paragraph, Part, Section
from streamline.report.tables.appendix import digests, files
from streamline.report.tables.service import inputs
from streamline.report.tables.tracked import WEEKS, effects, effects_frame, rivals, weeks_frame
from streamline.report.wording import arrivals_words as days_of_arrivals
from streamline.report.wording import day_words, sentence
from streamline.results import Finding
from streamline.study import Scenario, Study
from streamline.units import counted

#: What stands at the vertical axis of each measure's chart.
AXES = {
    "cycle_time.mean": "Mean cycle time of cases that arrived in the week (days)",
    "within_standard": "Share of the week's cases within the standard (%)",
    "contacts_per_case": "Contacts per case of the week",
    "arrivals": "Cases arriving in the week",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedAnalysis:
    """Everything that the section is written from."""

    study: Study
    whole: EventLog
    service: TrackedService
    #: The scenario that was made; None where only a date is known.
    scenario: Scenario | None
    #: Its name, also where another section's findings tell of it; empty without.
    name: str
    #: Where the estimate comes from, as a sentence; why there is none, where there is none.
    estimate_from: str
    #: What a reader of the estimate must know.
    estimate_caveats: tuple[str, ...]
    quality: DataQuality
    rejects: tuple[Reject, ...]
    provenance: Provenance = field(repr=False)


def tracked_section(a: TrackedAnalysis) -> Section:
    """The section, with all its findings."""
    findings = tuple(tracked_findings(a.service, a.estimate_caveats))
    say = {f.id: f for f in findings}
    day = day_words(a.service.log, a.service.since)
    what = f"“{a.name}”" if a.name else "the change"
    return Section(
        title=f"{a.study.study.title}: did {what} of {day} work?",
        agency=a.study.study.agency,
        service=a.study.study.service,
        period=f"Cases that arrived from {days_of_arrivals(a.service.log)}",
        parts=(
            _summary(a, say), _change(a), _seen(a, say), _plain(a), _untellable(a), _records(a), _method(a),
            _appendix(a, findings),
        ),
        findings=findings,
    )  # fmt: skip


def tracked_tables(a: TrackedAnalysis) -> dict[str, pd.DataFrame]:
    """The published tables, unrounded, by path."""
    made = {"tables/track.csv": effects_frame(a.service), WEEKS: weeks_frame(a.service)}
    if a.rejects:
        made["tables/rejects.csv"] = rejects_frame(a.rejects)
    return {path: harmless_text(frame) for path, frame in made.items()}


def tracked_chart(e: Effect, t: TrackedService) -> LineChart:
    """The weeks of one measure, with a title that says what is seen."""
    w, what = Writer(e), sentence(MEASURES[e.measure].removeprefix("the "))
    if e.clear:
        side = "below" if e.found.change < 0 else "above"
        title = f"{what}: {w.bare(abs(e.found.change))}{w.step} {side} what was foretold"
    else:
        title = f"{what}: no change that can be told"
    return e.chart(title, AXES[e.measure], timezone=t.log.timezone)


def _summary(a: TrackedAnalysis, say: Say) -> Part:
    t = a.service
    items = []
    for e in t.effects:
        w = Writer(e)
        items.append(
            KeyFigure(
                value=w.signed(e.found.change), unit=w.step.strip() or e.unit,
                label=f"{sentence(MEASURES[e.measure].removeprefix('the '))}: {t.verdict(e)}",
                detail=f"{e.level:.0%} interval {w.signed(e.found.low)} to {w.signed(e.found.high)}",
            )
        )  # fmt: skip
    blocks: list[Block] = [KeyFigures(items=tuple(items))]
    blocks.append(Paragraph(text=say["track.cycle_time.mean.change"].statement))
    if t.demand_changed:
        blocks.append(
            Caution(
                text=f"{abs(t.demand):.0%} {'more' if t.demand > 0 else 'fewer'} cases arrived a week after the change than "
                "before it. More cases make longer queues, and fewer make shorter ones, with or without the change: where "
                "demand moves a measure the same way as it moved, the two can't be told apart."
            )
        )
    if t.without_season:
        blocks.append(
            Caution(
                text="The weeks before cover less than two years, so a season can't be taken out. If this time of the year is "
                "usually slower or quicker than the rest, that is part of what is told here as the change."
            )
        )
    blocks.append(
        Paragraph(
            text="This compares the service with itself. There is no comparison group, so what else changed at about the same "
            "time can't be told apart from the change."
        )
    )
    return Part(id="summary", title="Did it work?", blocks=tuple(blocks))


def _change(a: TrackedAnalysis) -> Part:
    t = a.service
    day = day_words(t.log, t.since)
    blocks: list[Block] = [
        Paragraph(text=f"The change was made on {day}." + (f" It is “{a.name}”:" if a.scenario else ""))
    ]
    if a.scenario is not None:
        blocks.append(Bullets(items=tuple(c.words() for c in a.scenario.changes)))
    blocks.append(
        Paragraph(
            text=f"Cases that arrived in the {t.left_out_before_days:.0f} days before that day met the change while they were "
            f"open, and those of the {t.left_out_after_days:.0f} days from it on met it while it was taking hold "
            f"({t.transition_from}). Both are left out of the comparison."
        )
    )  # fmt: skip
    blocks.append(Paragraph(text=a.estimate_from))
    blocks += cautions(a.estimate_caveats)
    return Part(id="change", title="What was changed, and what was estimated", blocks=tuple(blocks))


def _seen(a: TrackedAnalysis, say: Say) -> Part:
    t = a.service
    blocks: list[Block] = [effects(t)]
    for e in t.effects:
        if e.measure != "cycle_time.mean":
            blocks.append(Paragraph(text=said(say, f"track.{e.measure}.change")))
        name = MEASURES[e.measure].removeprefix("the ")
        blocks.append(
            figure(
                f"weeks-{e.measure.replace('.', '-').replace('_', '-')}",
                f"{sentence(name)} by week of arrival",
                tracked_chart(e, t),
            )
        )
    blocks += cautions(
        c for e in t.effects for c in say[f"track.{e.measure}.change"].caveats if c not in a.estimate_caveats
    )
    if t.arrivals is not None:
        blocks.append(Paragraph(text=arrivals_words(t.arrivals)))
        blocks.append(figure("weeks-arrivals", "Cases arriving by week", tracked_chart(t.arrivals, t)))
    blocks += [
        Paragraph(text=f"{sentence(MEASURES[name])} can't be tracked: {_lower(why)}") for name, why in t.untold.items()
    ]
    return Part(id="seen", title="What was seen after the change", blocks=tuple(blocks))  # fmt: skip


def _plain(a: TrackedAnalysis) -> Part:
    t = a.service
    blocks: list[Block] = [rivals(t), Bullets(items=tuple(plain_words(e) for e in t.effects))]
    if any(e.rivals_disagree for e in t.effects):
        blocks.append(
            Caution(
                text="Where the two disagree, what came before the change explains the difference: a drift that went on, or "
                "noise that lasts from week to week. A plain difference mustn't be quoted as the effect then."
            )
        )
    return Part(id="plain", title="Beside a plain comparison of before and after", blocks=tuple(blocks))


def _untellable(a: TrackedAnalysis) -> Part:
    t = a.service
    items = [
        "What else changed at about the same time (staff, rules, systems, demand, the kinds of cases) is part of the change "
        "that is told here. No other office or group without the change stands beside it.",
        "It is supposed that the drift of the weeks before would have gone on in a straight line. The longer after the "
        "change, the less that is sure; the intervals grow accordingly, as long as it is straight.",
        "Whether the effect lasts, or grows, beyond the weeks that were seen.",
    ]
    if t.without_season:
        items.append("How much of it is season: that needs two years of records before the change.")
    return Part(id="limits", title="What these figures can't tell", blocks=(Bullets(items=tuple(items)),))


def _records(a: TrackedAnalysis) -> Part:
    t = a.service
    text = (
        f"{a.study.study.agency} keeps the records of {a.study.study.service}. {counted(t.log.n_cases, 'case')} arrived from "
        f"{days_of_arrivals(t.log)}; {int((~t.log.closed).sum()):,} of them hadn't been closed when the records "
        f"end on {day_words(t.log, t.log.observed_until)}. Times are told in {t.log.timezone}."
    )
    blocks: list[Block] = [Paragraph(text=text), inputs(a.provenance, rejects=bool(a.rejects))]
    if a.quality.findings:
        met = tuple(quality_words(f, a.study.privacy.minimum_cell) for f in a.quality.findings)
        blocks += [Paragraph(text="What was met in the files, and what it does to the figures:"), Bullets(items=met)]
    return Part(id="records", title="Records used", blocks=tuple(blocks))


def _method(a: TrackedAnalysis) -> Part:
    t = a.service
    few = max(e.series.n[~e.series.enough].max(initial=0) for e in t.effects)
    items = [
        "A case counts in the week in which it arrived. Its cycle time runs to its last completion, by the clock, and counts up "
        f"to {t.follow_up_days:.0f} days; only weeks whose cases have all been followed as far as that are used, so that open "
        "cases neither shorten nor lengthen a week.",
        f"The weeks before are a level, a straight drift, {_season(t)}, and noise, part of which lasts from week to week. From "
        "them alone it is foretold what the weeks after would have been; the change is what was seen minus that "
        "(interrupted time series; Wagner and others, 2002).",
        "How long noise lasts is not known; the interval weighs what it may be by how well it suits the weeks before "
        "(restricted likelihood). On simulated series without a season such intervals held the truth in 89 to 99 of 100 "
        "cases, and fewer with a season that isn't taken out.",
        "The effect is called as estimated when it differs from the estimate by no more than both intervals leave to chance. It "
        "can't be told from demand when over a tenth more or fewer cases arrived a week than before and that moves the measure "
        "the same way.",
    ]
    if few:
        items.append(f"Weeks with fewer than {max(a.study.privacy.minimum_cell, 5)} cases are left out.")
    return Part(id="method", title="Method", blocks=(Bullets(items=tuple(items)),))


def _season(t: TrackedService) -> str:
    waves = t.effects[0].found.waves
    return "no season" if waves == 0 else f"a season of {counted(waves, 'wave')} a year"


def _appendix(a: TrackedAnalysis, findings: tuple[Finding, ...]) -> Part:
    return Part(
        id="appendix",
        title="Data appendix",
        blocks=(
            Paragraph(
                text=f"The {len(findings)} main numbers stand in findings.json under stable ids. All can be computed again from "
                f"the files listed here with version {a.provenance.version}."
            ),
            digests(a.provenance),
            files(tracked_tables(a)),
        ),
    )  # fmt: skip


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
