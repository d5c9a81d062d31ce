"""Writes the section: the parts, in reading order, from the results of an analysis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from streamline.report import tables
from streamline.report.analysis import Analysis
from streamline.report.chart import describe
from streamline.report.findings import all_findings, figure_texts, quality_words
from streamline.report.section import (
    Block,
    Bullets,
    Caution,
    Figure,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Part,
    Section,
)
from streamline.report.wording import arrivals_words, percent, rounded
from streamline.results import Finding
from streamline.study import Scenario
from streamline.units import counted, duration_words
from streamline.whatif.estimate import ScenarioEstimate
from streamline.whatif.replay import QUEUES_CAVEAT


def build_section(a: Analysis) -> Section:
    """The section of an analysis, with all its findings."""
    findings = all_findings(a)
    # the section names the period once, at its head; a finding names it each time, because it is quoted alone
    period = f" that arrived from {arrivals_words(a.log)}"
    say = {f.id: replace(f, statement=f.statement.replace(period, "")) for f in findings}
    parts = [
        _summary(a, say),
        _records(a, say),
        *_groups(a),
        _time(a, say),
        _rework(a, say),
        *_contacts(a, say),
        *_proposals(a, say),
        _method(a),
        _appendix(a),
    ]
    return Section(
        title=a.study.study.title,
        agency=a.study.study.agency,
        service=a.study.study.service,
        period=f"Cases that arrived from {arrivals_words(a.log)}",
        parts=tuple(parts),
        findings=findings,
    )


def lead(a: Analysis) -> tuple[Scenario, ScenarioEstimate] | None:
    """The signature initiative; without one, the scenario that shortens the mean cycle time most."""
    if not a.scenarios:
        return None
    for scenario, estimate in a.scenarios:
        if scenario.signature:
            return scenario, estimate
    return min(a.scenarios, key=lambda s: s[1]["cycle_time.mean"].change)


def _summary(a: Analysis, say: dict[str, Finding]) -> Part:
    figures = [
        KeyFigure(
            value=rounded(a.cycle.mean), unit="days", label="mean time from arrival to last step",
            detail=f"{a.cycle.n:,} closed cases",
        )
    ]  # fmt: skip
    within = a.cycle.within_standard
    if within is not None and a.cycle.standard is not None:
        target = a.study.standard.target if a.study.standard else None
        goal = "" if target is None else f"; target {percent(target)}"
        figures.append(
            KeyFigure(
                value=percent(within.value, within.low, within.high).removesuffix("%"), unit="%",
                label=f"closed within {duration_words(a.cycle.standard)}", detail=f"of {within.n:,} cases{goal}",
            )
        )  # fmt: skip
    if a.rates is not None:
        figures.append(
            KeyFigure(
                value=rounded(a.rates.per_case), unit="per case", label="contacts by customers",
                detail=f"{a.rates.per_case.n:,} closed cases",
            )
        )  # fmt: skip
    else:
        figures.append(
            KeyFigure(
                value=percent(a.rework.cases_share.value).removesuffix("%"), unit="%", label="cases that repeat a step",
                detail=f"of {a.rework.n:,} closed cases",
            )
        )  # fmt: skip
    sentences = [say["baseline.cycle_time.mean"].statement]
    if "bottleneck.1.share" in say:
        sentences.append(say["bottleneck.1.share"].statement)
    sentences.append(say["rework.cases_share"].statement)
    if "baseline.contacts_per_case" in say:
        sentences.append(say["baseline.contacts_per_case"].statement)
    first = lead(a)
    blocks: list[Block] = [KeyFigures(items=tuple(figures)), Paragraph(text=" ".join(sentences))]
    if first is not None:
        scenario, _ = first
        blocks.append(Paragraph(text=say[f"scenario.{scenario.slug}.cycle_time.mean"].statement))
        blocks.append(Caution(text=QUEUES_CAVEAT))
    return Part(id="summary", title="Summary", blocks=tuple(blocks))


def _records(a: Analysis, say: dict[str, Finding]) -> Part:
    about = a.study.study
    still_open = say["baseline.open_cases"].statement
    n_all = a.cycle.n + a.cycle.n_open
    text = (
        f"{about.agency} keeps the records of {about.service} that this section rests on. They cover {n_all:,} cases "
        f"that arrived from {arrivals_words(a.log)}. {still_open} "
    )
    if a.whole.n_cases > n_all:
        text += (
            f"The files hold {a.whole.n_cases:,} cases; those that arrived outside the study's window aren't counted. "
        )
    text += f"A case begins with {a.log.arrival_from} and ends with its last completed step. Times are told in {a.log.timezone}."
    blocks: list[Block] = [Paragraph(text=text), tables.inputs(a)]
    worst = [quality_words(f, a.minimum_cell) for f in a.quality.findings]
    if worst:
        blocks.append(
            Paragraph(
                text=f"What was met in the files (all {a.whole.n_cases:,} cases), and what it does to the figures:"
            )
        )
        blocks.append(Bullets(items=tuple(worst)))
    else:
        blocks.append(Paragraph(text="Nothing was found in the records that would mislead."))
    return Part(id="records", title="Service and records used", blocks=tuple(blocks))


def _groups(a: Analysis) -> Iterator[Part]:
    if a.channels is None:
        return
    yield Part(
        id="channels",
        title="Customer groups and channels",
        blocks=(
            Paragraph(text="The figures of the service by the channel of a case's first step. What differs between "
                      "channels isn't explained by them: different customers choose different channels."),
            tables.channels(a),
        ),
    )  # fmt: skip


def _time(a: Analysis, say: dict[str, Finding]) -> Part:
    b = a.bottlenecks
    ids = ["baseline.cycle_time.median", "baseline.cycle_time.p90", "baseline.within_standard"]
    parts = ["baseline.waiting_time.mean", "baseline.service_time.mean", "baseline.sojourn_time.mean",
             "baseline.external_time.mean"]  # fmt: skip
    chart, histogram = tables.publishable_result(b, a).chart(), tables.publishable_histogram(a)
    blocks: list[Block] = [
        Paragraph(text=" ".join(say[i].statement for i in ids if i in say)),
        _figure("cycle-times", "Cycle times of closed cases", histogram),
        tables.baseline(a),
        *(Caution(text=c) for c in a.cycle.caveats),
        Paragraph(text=" ".join(say[i].statement for i in parts if i in say)),
        _figure("where-time-goes", "Days per case, by the step that the case awaits", chart),
        tables.bottlenecks(a),
    ]
    blocks += [Caution(text=c) for c in b.caveats]
    map_part = Part(
        id="map",
        title="How cases move",
        blocks=(
            Paragraph(text=_routes(a)),
            _figure("process-map", "The process as the records show it", a.process_map.flow),
            tables.transitions(a),
        ),
    )
    return Part(id="time", title="Where the time goes", blocks=tuple(blocks), parts=(map_part,))


def _routes(a: Analysis) -> str:
    top = a.variants.table.iloc[0]
    return (
        f"The {a.variants.n:,} cases took {counted(len(a.variants.table), 'route')}. "
        + (
            f"The most frequent one, taken by {percent(top.share)} of them, has {int(top.n_steps)} steps. "
            if top.n_cases >= a.minimum_cell
            else "No route was taken by enough cases to be told. "
        )
        + (
            f"The map leaves off {a.process_map.n_edges_left_off:,} of {a.process_map.n_edges:,} transitions that few "
            "cases took."
            if a.process_map.n_edges_left_off
            else ""
        )
    )


def _rework(a: Analysis, say: dict[str, Finding]) -> Part:
    r = a.rework
    ids = ["rework.cases_share", "rework.days_per_case", "rework.loop.1.cases_share", "rework.loop.1.days_per_case"]
    blocks: list[Block] = [
        Paragraph(text="A loop is a stretch in which a case goes back to a step that it had already passed."),
        Paragraph(text=" ".join(say[i].statement for i in ids if i in say)),
    ]
    if len(r.table):
        if tables.rework(a).rows:
            blocks.append(_figure("loops", "Days that loops take, per case", tables.publishable_result(r, a).chart()))
        blocks.append(tables.rework(a))
        blocks += [Caution(text=c) for c in r.caveats]
    else:
        blocks.append(Paragraph(text=f"None of the {r.n:,} closed cases repeats a step."))
    return Part(id="rework", title="What comes back", blocks=tuple(blocks))


def _contacts(a: Analysis, say: dict[str, Finding]) -> Iterator[Part]:
    if a.contacts is None:
        return
    blocks: list[Block] = []
    if a.rates is None:
        blocks.append(Caution(text=a.rates_missing))
    else:
        ids = ["baseline.contacts_per_case", "contacts.status_share"]
        blocks.append(Paragraph(text=" ".join(say[i].statement for i in ids if i in say)))
        states = [f for f in say.values() if f.id.startswith("contacts.state.")]
        if states:
            top = max(states, key=lambda f: f.value or 0)
            blocks.append(
                Paragraph(text=f"They got in touch at the highest rate in one state of the case. {top.statement}")
            )
            blocks.append(
                _figure(
                    "contact-rates",
                    "Contacts per 100 open days, by what the case awaits",
                    tables.publishable_result(a.rates, a).chart(),
                )
            )
        blocks.append(tables.contacts(a))
        blocks += [Caution(text=c) for c in a.rates.caveats]
    if a.scores is not None and "feedback.mean_score" in say:
        blocks += [Paragraph(text=say["feedback.mean_score"].statement), tables.feedback(a)]
        blocks += [Caution(text=c) for c in a.scores.caveats]
    yield Part(id="contacts", title="Why customers call", blocks=tuple(blocks))


def _proposals(a: Analysis, say: dict[str, Finding]) -> Iterator[Part]:
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
        blocks=(Caution(text=QUEUES_CAVEAT),),
        parts=tuple(_scenario(s, e, say) for s, e in ordered),
    )
    yield Part(
        id="benefits",
        title="Intended benefits",
        blocks=(
            Paragraph(
                text="Each estimate replays the same cases with and without the change. Figures are estimates, not "
                "promises, and hold what a change does directly, not what it does through queues."
            ),
            tables.benefits(a, ordered),
        ),
    )
    yield Part(id="timeline", title="Implementation timeline", blocks=(tables.timeline(a, [s for s, _ in ordered]),))
    yield Part(
        id="progress",
        title="How progress will be measured",
        blocks=(
            Paragraph(
                text="The same figures can be computed again from later records with the same study file. A change has "
                "failed its estimate when, over as many cases as were used here, the mean cycle time of the cases that "
                "arrived after its full effect lies above these bounds, while nothing else changed:"
            ),
            Bullets(items=tuple(_failing(s, e) for s, e in ordered)),
        ),
    )


def _failing(scenario: Scenario, estimate: ScenarioEstimate) -> str:
    """Above which mean cycle time a scenario has failed its estimate."""
    mean = estimate["cycle_time.mean"]
    texts = figure_texts(mean)
    if mean.change_high >= 0 or texts.value == texts.baseline:
        return (
            f"{scenario.name}: its direct effect is too small to be told from today's {texts.baseline} days over as many "
            "cases; another measure is needed."
        )
    bound = figure_texts(replace(mean, value=mean.baseline + mean.change_high)).value
    return f"{scenario.name}: {bound} days (mean cycle time, elapsed; today {texts.baseline})."


def _scenario(scenario: Scenario, estimate: ScenarioEstimate, say: dict[str, Finding]) -> Part:
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
        tables.scenario(scenario, estimate),
    ]
    blocks += [Caution(text=c) for c in estimate.caveats if c != QUEUES_CAVEAT]
    return Part(id=f"proposal-{scenario.slug.replace('_', '-')}", title=scenario.name, blocks=tuple(blocks))


def _method(a: Analysis) -> Part:
    b = a.bottlenecks
    paths = b.paths
    items = [
        "Cycle time runs from the arrival of a case to its last completion, by the clock; nights, weekends and holidays "
        "count.",
        "Waiting time runs from the moment at which a step could have begun (the completion of the step that it depends "
        "on) to its start; service time from its start to its completion. Along the critical path of a case, which "
        "leads back from its last completion, waiting and service add up to its cycle time exactly."
        if a.log.has_start
        else "The records hold no starts of steps, so waiting and service can't be told apart: what is given is sojourn "
        "time, from the moment at which a step could have begun to its completion. It adds up to the cycle time exactly.",
        paths.rule.in_words()
        + (
            f" Here {counted(len(paths.concurrent), 'pair')} of activities are concurrent."
            if paths.concurrent
            else " Here no two activities are."
        ),
        "Loops are erased from each case's sequence of steps, left to right; first-pass time and the time of all loops "
        "add up to the cycle time exactly.",
        f"Intervals hold {b.waiting.level or 0.95:.0%}: those of the records resample whole cases; those of the estimates "
        "also hold the beliefs about each change and the choice of the cases that it touches, but not the error of leaving "
        "queues out.",
        f"Working time counts office hours only: {b.calendar}."
        if a.calendar is not None
        else "No office hours were given, so all times are elapsed time.",
    ]
    if a.scenarios:
        items.append(
            "Changes are applied to the same cases in a fixed order: steps removed, loops prevented, steps automated, "
            "steps made quicker, outside waits shortened, releases changed. A prevented loop takes with it what followed "
            "from it: the repeats of the same detour, or what happened while a stretch was done again."
        )
    limits = [
        "The estimates have not been checked against a later period yet; treat them as direction and order of size.",
        f"Groups of fewer than {a.minimum_cell} cases are not shown. What is left of a total after the groups shown may "
        "still tell the size of a small remainder.",
    ]
    if a.study.pools:
        limits.append("The study names pools of staff. They aren't used yet, because queues are not modelled.")
    if a.study.costs is not None and a.study.costs.customer_hour is not None:
        limits.append("Hours that customers spend are not in the records, so they are not monetised.")
    if a.study.costs is not None and a.study.costs.discount_rate is not None:
        limits.append(
            f"Net present value is not computed yet; the study's discount rate ({a.study.costs.discount_rate:.1%}, source: "
            f"{a.study.costs.discount_source}) is recorded for it."
        )
    return Part(
        id="method",
        title="Method and limits",
        blocks=(
            Bullets(items=tuple(items)),
            Paragraph(text="What these figures can't tell:"),
            Bullets(items=tuple(limits)),
        ),
    )


def _appendix(a: Analysis) -> Part:
    return Part(
        id="appendix",
        title="Data appendix",
        blocks=(
            Paragraph(
                text=f"The main numbers stand in findings.json under stable ids, each with its interval, its count and its "
                f"method; the others stand in the tables. All can be computed again from the files "
                f"listed here with version {a.provenance.version} and "
                f"seed {a.provenance.seed}."
            ),
            tables.digests(a),
            tables.files(a),
        ),
    )


def _figure(id_: str, caption: str, chart: object) -> Figure:
    from streamline.figure import BarChart, FlowMap, Histogram

    assert isinstance(chart, (BarChart, Histogram, FlowMap))
    return Figure(id=id_, caption=caption, alt=describe(chart), chart=chart)
