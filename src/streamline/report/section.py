"""The section as data: parts, paragraphs, tables, figures. Renderers read this and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

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


class Cell(str):
    """Finished text of a cell that knows the number it was rounded from, so that rows sort by that number.

    >>> Cell("36.3%", 0.3629), Cell("36.3%", 0.3629).exact
    ('36.3%', 0.3629)
    """

    exact: float

    def __new__(cls, text: str, exact: float) -> Self:
        made = super().__new__(cls, text)
        made.exact = float(exact)
        return made

    def __reduce__(self) -> tuple[type[Cell], tuple[str, float]]:
        return Cell, (str(self), self.exact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its heading with the unit, and whether its cells are numbers."""

    heading: str
    numeric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AtStop:
    """A row of a table at one stop of a slider: its place, its cells as finished text, and the finding behind them."""

    row: int
    cells: tuple[str, ...]
    #: Its id, value and interval.
    finding: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One computed position of a slider: the strength in percent, the changes at it, and what the rows hold then."""

    percent: int
    changes: str
    #: What it would do, as the rest of a sentence that begins with the name.
    says: str
    shown: tuple[AtStop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slider:
    """A proposal whose strength a reader may move on a page with script; the last stop is what the table holds."""

    label: str
    #: Place in the table of its first row.
    first_row: int
    #: What stays as it is at every stop, or why there is no stop; empty when there is nothing to say.
    note: str
    #: From the weakest; none where nothing of the proposal can be made in part.
    stops: tuple[Stop, ...]


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
    #: Columns that say one thing for all rows with the same first cell, as the first of these rows has it. A page may say
    #: it once above these rows; the first column is one of them. None: the rows stand alone.
    shared: tuple[int, ...] = ()
    #: What a page with script may show in place of some rows. Elsewhere the rows stand as they are.
    sliders: tuple[Slider, ...] = ()
    #: What must be known of the rows at other stops; empty when there is nothing.
    sliders_note: str = ""
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
