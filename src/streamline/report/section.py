"""The section as data: parts, paragraphs, tables, figures. Renderers read this and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streamline.figure import Chart
from streamline.results import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Plain text; renderers escape it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """A list of plain sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something that a reader must know before using the numbers near it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """One of the few numbers that head the summary: `"8.3"`, `"days"`, what it is, and its interval in words."""

    value: str
    unit: str
    label: str
    detail: str = ""
    #: The id of the finding whose number it is; empty where there is none.
    finding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """The numbers that head the summary, side by side where there is room."""

    items: tuple[KeyFigure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its heading with the unit, and whether its cells are numbers."""

    heading: str
    numeric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table for people: cells are finished text; the first cell of each row heads the row."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    #: The file with the full, unrounded rows, relative to the output folder; empty when there is none.
    file: str = ""
    #: For each row the id of the finding whose numbers it shows, or nothing; empty when no row shows one.
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture: its caption, what it shows in words (built from the same numbers), and the chart as data."""

    id: str
    caption: str
    alt: str
    chart: Chart


Block = Paragraph | Bullets | Caution | KeyFigures | Table | Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One heading with its blocks, and the parts under it."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The quantitative section of a plan."""

    title: str
    agency: str
    service: str
    #: First and last day of the records that it rests on, in words.
    period: str
    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]

    def blocks(self) -> Iterator[Block]:
        """All blocks, in reading order."""
        stack = list(reversed(self.parts))
        while stack:
            part = stack.pop()
            yield from part.blocks
            stack.extend(reversed(part.parts))

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables, in reading order."""
        return tuple(b for b in self.blocks() if isinstance(b, Table))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures, in reading order."""
        return tuple(b for b in self.blocks() if isinstance(b, Figure))
