"""The summary, the records used, and the service by channel."""

from __future__ import annotations

from collections.abc import Iterator

from streamline.report import tables
from streamline.report.analysis import Analysis
from streamline.report.findings.records import quality_words
from streamline.report.parts.proposals import lead, verdict_block
from streamline.report.parts.saying import Say
from streamline.report.section import Block, Bullets, KeyFigure, KeyFigures, Paragraph, Part
from streamline.report.wording import arrivals_words, percent, rounded
from streamline.units import duration_words


def summary_part(a: Analysis, say: Say) -> Part:
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
    each = a.contacts_per_case if a.contacts_by_customers else None
    if each is not None:
        figures.append(
            KeyFigure(
                value=rounded(each), unit="per case", label="contacts by customers",
                detail=f"{each.n:,} {'cases' if a.weekly is not None else 'closed cases'}",
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
    causes = [f for f in say.values() if f.id.startswith("waiting.") and f.id.endswith(".share")]
    if causes:
        sentences.append(max(causes, key=lambda f: f.value or 0.0).statement)
    sentences.append(say["rework.cases_share"].statement)
    if each is not None:
        sentences.append(say["baseline.contacts_per_case"].statement)
    first = lead(a)
    blocks: list[Block] = [KeyFigures(items=tuple(figures)), Paragraph(text=" ".join(sentences))]
    if first is not None:
        scenario, _ = first
        blocks.append(Paragraph(text=say[f"scenario.{scenario.slug}.cycle_time.mean"].statement))
        if a.validation is not None:
            blocks.append(verdict_block(a.validation))
    return Part(id="summary", title="Summary", blocks=tuple(blocks))


def records_part(a: Analysis, say: Say) -> Part:
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
    blocks: list[Block] = [Paragraph(text=text), tables.inputs(a.provenance, rejects=bool(a.rejects))]
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


def groups_part(a: Analysis) -> Iterator[Part]:
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
