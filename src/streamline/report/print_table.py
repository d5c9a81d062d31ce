"""How a table fits on paper: the size of its letters, the widths of its columns, and whether its page is turned.

A table that doesn't fit upright gets smaller letters, then a page on its side, then both; words break inside only where
nothing else helps. Nothing is ever cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from streamline.report.lettering import text_width
from streamline.report.print_letters import Letters
from streamline.report.section import Table
from streamline.report.to_html import check_table

#: What is tried, in this order: size of the letters in points, and whether the page is turned.
_TRIES = ((8.5, False), (8.0, False), (7.5, False), (8.0, True), (7.0, True), (6.5, True))
#: A word wider than this many ems may break, and a column of words is at least this wide where they need it.
_LONG_WORD, _WORDS = 13.0, 9.0
#: A row of more characters than this may be divided between pages.
_LONG_ROW = 1500
_SPACE = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A table on paper: size of the letters, padding beside a cell, widths of the columns with it, all in points."""

    size: float
    pad: float
    widths: tuple[float, ...]
    turned: bool


def fit(table: Table, *, upright: float, turned: float) -> Fit:
    """The largest letters at which a table fits a page, upright if it can.

    upright, turned : width of the text on an upright page and on one on its side, in points.
    """
    for size, on_side in _TRIES:
        room, pad = turned if on_side else upright, 0.5 * size
        least, most = _needs(table, size)
        widths = [w + 2 * pad for w in least]
        spare = room - sum(widths)
        if spare >= 0:
            more = _shared(spare, [max(b - a, 0.0) for a, b in zip(least, most, strict=True)])
            widths = [w + m - 0.01 for w, m in zip(widths, more, strict=True)]
            return Fit(size=size, pad=pad, widths=tuple(round(w, 2) for w in widths), turned=on_side)
    size, pad = _TRIES[-1][0], 0.25 * _TRIES[-1][0]
    least, _ = _needs(table, size)
    scale = (turned - 2 * pad * len(least)) / sum(least)
    return Fit(size=size, pad=pad, widths=tuple(round(scale * w + 2 * pad - 0.01, 2) for w in least), turned=True)


def table_data(table: Table, letters: Letters, *, upright: float, turned: float) -> dict[str, Any]:
    """A table as the template wants it. Raises ValueError for a row that doesn't fit the columns."""
    check_table(table)
    place = fit(table, upright=upright, turned=turned)
    inner = [max(w - 2 * place.pad - 0.5, place.size) for w in place.widths]

    def cell(text: str, j: int, *, bold: bool = False) -> str:
        line = letters.line(text, width=inner[j], size=place.size, bold=bold)
        if not table.columns[j].numeric or bold:
            return line
        pieces = [piece.replace(" ", _SPACE) for piece in _pieces(line)]
        whole = all(text_width(piece, place.size) <= inner[j] for piece in pieces)
        return " ".join(pieces) if whole else line

    notes = [table.note] if table.note else []
    notes += [f"All rows, unrounded: {table.file}"] if table.file else []
    return {
        "kind": "table",
        "caption": letters.line(table.caption, width=upright, size=9.5),
        "columns": [
            {"heading": cell(column.heading, j, bold=True), "numeric": column.numeric}
            for j, column in enumerate(table.columns)
        ],
        "rows": [
            {"cells": [cell(text, j) for j, text in enumerate(row)], "long": sum(map(len, row)) > _LONG_ROW}
            for row in table.rows
        ],
        "widths": list(place.widths),
        "size": place.size,
        "pad": place.pad,
        "landscape": place.turned,
        "notes": [letters.line(note, width=upright, size=8.5) for note in notes],
    }


def _shared(spare: float, wishes: list[float]) -> list[float]:
    """Room for each column: small wishes are met first, so that one long text makes no other column wrap."""
    given = [0.0] * len(wishes)
    for left, j in enumerate(sorted(range(len(wishes)), key=lambda j: wishes[j])):
        given[j] = min(wishes[j], spare / (len(wishes) - left))
        spare -= given[j]
    return [g + spare / len(wishes) for g in given]


def _needs(table: Table, size: float) -> tuple[list[float], list[float]]:
    """For each column the least width in which its words and numbers stay whole, and the one in which no cell wraps."""
    least, most = [], []
    for j, column in enumerate(table.columns):
        cells = [(row[j], False) for row in table.rows]
        whole = max((text_width(text, size) for text, _ in cells), default=0.0)
        pieces = [w for text, _ in cells for w in _widths(text, size, numeric=column.numeric)]
        heading = [min(text_width(w, size, bold=True), _LONG_WORD * size) for w in column.heading.split()]
        floor = 0.0 if column.numeric else min(whole, _WORDS * size)
        least.append(1.0 + 1.01 * max([*pieces, *heading, floor], default=size))
        most.append(1.0 + 1.01 * max(whole, text_width(column.heading, size, bold=True)))
    return least, most


def _widths(text: str, size: float, *, numeric: bool) -> Iterator[float]:
    """Widths of what mustn't break in a cell."""
    for piece in _pieces(text) if numeric else text.split():
        wide = text_width(piece, size)
        if wide <= _LONG_WORD * size:
            yield wide
        else:
            yield from (min(text_width(word, size), _LONG_WORD * size) for word in piece.split())


def _pieces(text: str) -> list[str]:
    """A number and its interval: `"8.3 (8.1 to 8.5)"` breaks at the bracket only."""
    head, bracket, tail = text.partition(" (")
    return [head, bracket.strip() + tail] if bracket else [text]
