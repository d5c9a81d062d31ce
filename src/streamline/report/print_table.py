"""How a table fits on paper: the size of its letters, the widths of its columns, and whether its page is turned.

A table that doesn't fit upright gets smaller letters, then a page on its side, then both; one that doesn't fit even so
is parted between its columns, the first column in each part. Nothing is ever cut, and no number breaks between its digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from streamline.report.lettering import text_width
from streamline.report.print_letters import Letters
from streamline.report.section import Table
from streamline.report.to_html import check_table

#: What is tried, in this order: size of the letters in points, and whether the page is turned.
_TRIES = ((8.5, False), (8.0, False), (7.5, False), (7.0, False), (8.0, True), (7.0, True), (6.5, True))
#: A word wider than this many ems may break, and so may a number with its unit or an interval.
_LONG_WORD, _LONG_NUMBER = 13.0, 19.0
#: A cell of words and a heading get about so many lines at most; a column of words is at least so many ems wide if it
#: needs that, and needn't be wider than so many.
_CELL_LINES, _HEADING_LINES, _WORDS, _MANY_WORDS = 4.0, 3.0, 9.0, 26.0
#: A table no higher than this, in points, stays on one page.
_SHORT = 320.0
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


def fit(table: Table, *, upright: float, turned: float) -> Fit | None:
    """The largest letters at which a table fits a page, upright if it can; None if it fits no page.

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
    return None


def parted(table: Table, *, upright: float, turned: float) -> list[tuple[Table, Fit]]:
    """The table with its place; one that fits no page as few parts as do, alike in columns, the first column in each."""
    others = range(1, len(table.columns))
    for n_parts in range(1, max(len(table.columns), 2)):
        bounds = [1 + len(others) * i // n_parts for i in range(n_parts + 1)]
        parts = [_only(table, [0, *range(a, b)]) for a, b in pairwise(bounds)]
        places = [fit(part, upright=upright, turned=turned) for part in parts]
        if None not in places:
            return [(part, place) for part, place in zip(parts, places, strict=True) if place is not None]
    raise AssertionError("two columns fit a page, since their widths are bounded")


def _only(table: Table, columns: list[int]) -> Table:
    """The table with these columns."""
    return replace(
        table,
        columns=tuple(table.columns[j] for j in columns),
        rows=tuple(tuple(row[j] for j in columns) for row in table.rows),
    )


def table_data(table: Table, letters: Letters, *, upright: float, turned: float) -> dict[str, Any]:
    """A table as the template wants it. Raises ValueError for a row that doesn't fit the columns."""
    check_table(table)
    notes = [table.note] if table.note else []
    notes += [f"All rows, unrounded: {table.file}"] if table.file else []
    return {
        "kind": "table",
        "caption": letters.line(table.caption, width=upright, size=9.5),
        "parts": [_part(part, place, letters) for part, place in parted(table, upright=upright, turned=turned)],
        "notes": [letters.line(note, width=upright, size=8.5) for note in notes],
    }


def _part(table: Table, place: Fit, letters: Letters) -> dict[str, Any]:
    """A table that fits its page, as the template wants it."""
    inner = [w - 2 * place.pad for w in place.widths]

    def cell(text: str, j: int, *, bold: bool = False) -> str:
        line = letters.line(text, width=inner[j], size=place.size, bold=bold)
        if not table.columns[j].numeric or bold:
            return line
        pieces = [piece.replace(" ", _SPACE) for piece in _pieces(line)]
        whole = all(text_width(piece, place.size) <= inner[j] for piece in pieces)
        return " ".join(pieces) if whole else line

    return {
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
        "short": _height(table, place) <= _SHORT,
    }


def _height(table: Table, place: Fit) -> float:
    """About how high a table comes, in points."""
    inner = [max(w - 2 * place.pad, place.size) for w in place.widths]
    texts = [tuple(column.heading for column in table.columns), *table.rows]
    lines = [
        max(math.ceil(1.1 * text_width(t, place.size) / w) for t, w in zip(row, inner, strict=True)) for row in texts
    ]
    return sum((1.25 * max(n, 1) + 1.0) * place.size for n in lines)


def _shared(spare: float, wishes: list[float]) -> list[float]:
    """Room for each column: small wishes are met first, so that one long text makes no other column wrap."""
    given = [0.0] * len(wishes)
    for left, j in enumerate(sorted(range(len(wishes)), key=lambda j: wishes[j])):
        given[j] = min(wishes[j], spare / (len(wishes) - left))
        spare -= given[j]
    return [g + spare / len(wishes) for g in given]


def _needs(table: Table, size: float) -> tuple[list[float], list[float]]:
    """For each column the least width in which its words and numbers stay whole, and the one in which no cell wraps and
    its heading has about two lines."""
    least, most = [], []
    for j, column in enumerate(table.columns):
        cells = [row[j] for row in table.rows]
        whole = max((text_width(text, size) for text in cells), default=0.0)
        pieces = [w for text in cells for w in _widths(text, size, numeric=column.numeric)]
        heading = [min(text_width(w, size, bold=True), _LONG_WORD * size) for w in column.heading.split()]
        title = text_width(column.heading, size, bold=True)
        floor = min(title / _HEADING_LINES, _LONG_WORD * size)
        if not column.numeric:
            floor = max(floor, min(whole, max(_WORDS * size, min(whole / _CELL_LINES, _MANY_WORDS * size))))
        least.append(1.0 + 1.01 * max([*pieces, *heading, floor], default=size))
        most.append(max(least[-1], 1.0 + 1.01 * max(whole, 0.55 * title)))
    return least, most


def _widths(text: str, size: float, *, numeric: bool) -> Iterator[float]:
    """Widths of what mustn't break in a cell."""
    for piece in _pieces(text) if numeric else text.split():
        wide = text_width(piece, size)
        if wide <= (_LONG_NUMBER if numeric else _LONG_WORD) * size:
            yield wide
        else:
            yield from (min(text_width(word, size), _LONG_WORD * size) for word in piece.split())


def _pieces(text: str) -> list[str]:
    """A number and its interval: `"8.3 (8.1 to 8.5)"` breaks at the bracket only."""
    head, bracket, tail = text.partition(" (")
    return [head, bracket.strip() + tail] if bracket else [text]
