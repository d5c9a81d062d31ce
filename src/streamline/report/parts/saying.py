"""What parts are made of: paragraphs of findings, figures with their words, cautions without repeats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from streamline.figure import Chart
from streamline.report.chart import describe
from streamline.report.section import Caution, Figure, Paragraph
from streamline.results import Finding

Say = Mapping[str, Finding]


def figure(id_: str, caption: str, chart: object) -> Figure:
    """A chart with its caption and its words."""
    assert isinstance(chart, get_args(Chart)), type(chart)
    return Figure(id=id_, caption=caption, alt=describe(chart), chart=chart)


def noted(chart: Chart, note: str) -> Chart:
    """The chart with another note."""
    return replace(chart, note=note)


def said(say: Say, *ids: str) -> str:
    """The statements of those findings that there are, one after another."""
    return " ".join(say[i].statement for i in ids if i in say)


def paragraph(text: str) -> Iterator[Paragraph]:
    """A paragraph, unless there is nothing to say."""
    if text:
        yield Paragraph(text=text)


def cautions(texts: Iterable[str], *, but: Sequence[str] = ()) -> Iterator[Caution]:
    """Each caution once, without those that stand elsewhere."""
    yield from (Caution(text=text) for text in dict.fromkeys(texts) if text not in but)


def numbered(say: Say, stem: str, end: str) -> list[Finding]:
    """The findings `stem.1.end`, `stem.2.end` and so on, in order."""
    found: list[Finding] = []
    while (name := f"{stem}.{len(found) + 1}" + (f".{end}" if end else "")) in say:
        found.append(say[name])
    return found
