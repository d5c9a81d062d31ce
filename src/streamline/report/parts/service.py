"""The records used, and the service by channel."""

from __future__ import annotations

from collections.abc import Iterator

from streamline.report import tables
from streamline.report.analysis import Analysis
from streamline.report.findings.records import quality_words
from streamline.report.parts.saying import Say
from streamline.report.section import Block, Bullets, Paragraph, Part
from streamline.report.wording import arrivals_words


def records_part(a: Analysis, say: Say) -> Part:
    about = a.study.study
    still_open = say["baseline.open_cases"].statement
    n_all = a.cycle.n + a.cycle.n_open
    text = (
        f"{about.agency} keeps the records of {about.service} that this section rests on. They cover {n_all:,} cases "
        f"that arrived from {arrivals_words(a.log)}. {still_open} "
    )
    if a.whole.n_cases - n_all >= a.minimum_cell:
        text += (
            f"The files hold {a.whole.n_cases:,} cases; those that arrived outside the study's window aren't counted. "
        )
    text += f"A case begins with {a.log.arrival_from} and ends with its last completed step. Times are told in {a.log.timezone}."
    blocks: list[Block] = [Paragraph(text=text), tables.inputs(a.provenance, rejects=bool(a.rejects))]
    worst = _effects_once([(quality_words(f, a.minimum_cell), f.effect) for f in a.quality.findings])
    if worst:
        blocks.append(
            Paragraph(
                text=f"What was met in the files (all {a.whole.n_cases:,} cases), and what it does to the figures:"
            )
        )
        blocks.append(Bullets(items=tuple(worst)))
    else:
        blocks.append(Paragraph(text="Nothing was found in the records of the cases that would mislead."))
    return Part(id="records", title="Service and records used", blocks=tuple(blocks))


def _effects_once(found: list[tuple[str, str]]) -> list[str]:
    """Findings with their effects; an effect that several in a row share is told with the first of them."""
    before = ["", *(effect for _, effect in found)]
    return [
        words.removesuffix(f" {effect}") if effect == above else words
        for (words, effect), above in zip(found, before, strict=False)
    ]


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
