"""The section as one HTML file that asks nothing of the network: text, tables, and pictures as inline SVG.

Its one script, in the page itself, sorts tables, zooms maps and moves the sliders of proposals between stops that were
computed before; the page says everything without it as well.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from streamline.figure import FlowMap
from streamline.report.chart import chart_svg
from streamline.report.dark_pictures import dark_style, named_colours
from streamline.report.map import map_svg
from streamline.report.section import Cell, Figure, Part, Section, Table
from streamline.results import plain

_TEMPLATES = Path(__file__).parent / "templates"
#: A number as tables write it, perhaps with its currency, a percent sign, and its interval.
_WRITTEN = re.compile(r"(?P<sign>[−-]?)(?:[A-Z]{3} )?(?P<number>\d[\d,]*(?:\.\d+)?)%?(?: \([^()]*\))?")
#: Longer intervals may break at "to".
_WHOLE = 16


def to_html(section: Section, *, map_seconds: float = 20.0) -> str:
    """Write a section as a self-contained, accessible HTML page.

    section : what to show; its findings stay in findings.json.
    map_seconds : time limit for the layout of each process map.

    Returns the page. It loads nothing, runs no script but its own, whose digest its policy names, and reads from 320
    pixels up, in light and dark, on paper, and without script. Links to table files are relative, so the page stays
    beside the `tables` folder.
    Raises ValueError for a table whose rows don't fit its columns.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else _legible(value),
    )
    environment.filters["ident"] = id
    names = _ids(section)
    script = (_TEMPLATES / "section.js").read_text(encoding="utf-8")
    context: dict[str, Any] = {
        "section": section,
        "css": Markup((_TEMPLATES / "section.css").read_text(encoding="utf-8") + dark_style()),
        "js": Markup(script),
        "digest": Markup(_digest(script)),
        "kind": lambda block: type(block).__name__,
        "name": lambda thing: names[id(thing)],
        "number": _numbers(section),
        "pictures": lambda figure: {
            k: Markup(named_colours(v)) for k, v in _pictures(figure, names[id(figure)], map_seconds).items()
        },
        "href": href,
        "natural_width": _natural_width,
        "unbroken": _unbroken,
        "breakable": lambda text: Markup(_breakable(str(escape(_legible(text))))),
        "check": check_table,
        "exactly": exactly,
        "groups": _groups,
        "ranks": _ranks,
        "sorts": _sorts,
        "first_own": lambda table: next(k for k in range(len(table.columns)) if k not in table.shared),
        "stops": lambda table: Markup(_stops(table)),
    }
    return environment.get_template("section.html").render(context)


def check_table(table: Table) -> str:
    """Refuse a table with a row that has more or fewer cells than there are columns."""
    for i, row in enumerate(table.rows, start=1):
        if len(row) != len(table.columns):
            raise ValueError(
                f"table {table.id!r}: row {i} has {len(row)} cells for {len(table.columns)} columns; "
                "each column needs one"
            )
    return ""


def exactly(cell: str) -> str:
    """The number by which a cell is sorted: the one it was rounded from, or as written; empty where it holds none.

    Text is read only where it is a number and nothing else but a currency before it, a percent sign and its interval
    behind it: 8 months are not more than 2 years.

    >>> exactly(Cell("36.3%", 0.3629)), exactly("USD 2,511"), exactly("−4 (−7 to −3)"), exactly("–"), exactly("8 months")
    ('0.3629', '2511', '-4', '', '')
    """
    if isinstance(cell, Cell):
        return repr(cell.exact) if math.isfinite(cell.exact) else ""
    found = _WRITTEN.fullmatch(cell)
    return (found["sign"] + found["number"]).replace("−", "-").replace(",", "") if found else ""


def _ranks(table: Table) -> bool:
    """Whether sorting the rows tells something: there are some, and their numbers are of one kind.

    Rows that are measures, each in its own unit, have no order among them.
    """
    headings = {c.heading for c in table.columns}
    return len(table.rows) > 2 and table.columns[0].heading != "Measure" and "Unit" not in headings


def _sorts(table: Table, column: int) -> bool:
    """Whether the rows can be sorted by this column: all of it that holds a digit is a number."""
    cells = [row[column] for row in table.rows]
    if not table.columns[column].numeric:
        return len(set(cells)) > 1
    return any(map(exactly, cells)) and all(exactly(c) for c in cells if re.search(r"\d", c))


def _digest(script: str) -> str:
    """How the page's policy names the one script that may run."""
    return "sha256-" + b64encode(sha256(script.encode()).digest()).decode()


def _groups(table: Table) -> list[list[tuple[int, tuple[str, ...]]]]:
    """Rows with their places, those with the same first cell together as they follow each other."""
    return [list(rows) for _, rows in groupby(enumerate(table.rows), key=lambda placed: placed[1][table.shared[0]])]


def _stops(table: Table) -> str:
    """What the script shows at each stop, as JSON that may stand inside a page."""
    sliders = [
        {
            "label": _legible(s.label),
            "stops": [
                {
                    "percent": stop.percent,
                    "changes": _legible(stop.changes),
                    "says": _legible(stop.says),
                    "shown": [
                        {"row": at.row, "cells": [_legible(c) for c in at.cells], "finding": at.finding,
                         "value": plain(at.value), "low": plain(at.low), "high": plain(at.high)}
                        for at in stop.shown
                    ],
                }
                for stop in s.stops
            ],
        }
        for s in table.sliders
    ]  # fmt: skip
    text = json.dumps(sliders, ensure_ascii=False, allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def href(path: str) -> str:
    """A path within the output folder as a link; a colon is encoded, so that it can name no other scheme."""
    return quote(path.lstrip("/"), safe="/")


def _pictures(figure: Figure, name: str, map_seconds: float) -> dict[str, str]:
    """The SVGs of a figure by variant: a map in one size, other charts for wide and for narrow screens."""
    chart = figure.chart
    if isinstance(chart, FlowMap):
        return {"map": map_svg(chart, title_id=f"{name}-title", desc=figure.alt, max_seconds=map_seconds)}
    return {
        variant: chart_svg(chart, wide=variant == "wide", title_id=f"{name}-{variant}-title", desc=figure.alt)
        for variant in ("wide", "narrow")
    }


def _natural_width(svg: str) -> str:
    """The width at which a map's letters have the size that they were made for."""
    found = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+)', svg)
    return f"{float(found[1]):.0f}px" if found else "100%"


def _breakable(text: str) -> str:
    """Escaped text that may break where names of files and steps have their joints, before it breaks inside a word.

    >>> _breakable("tables/at_risk.csv and so on")
    'tables/<wbr>at_<wbr>risk.csv and so on'
    """
    return re.sub(r"(?<=\w[/_])(?=\w)", "<wbr>", text)


def _unbroken(cell: str) -> list[str]:
    """A number and its interval, each to stay on one line; a long interval breaks after its "to".

    >>> _unbroken("8.3 (8.1 to 8.5)"), _unbroken("USD 25,000 (USD 20,000 to USD 31,000)")
    (['8.3', '(8.1 to 8.5)'], ['USD 25,000', '(USD 20,000 to', 'USD 31,000)'])
    """
    head, bracket, tail = cell.partition(" (")
    pieces = [head, f"({tail}"] if bracket else [cell]
    return [part for piece in pieces for part in (_halves(piece) if len(piece) > _WHOLE else [piece])]


def _halves(piece: str) -> list[str]:
    """An interval in two pieces."""
    low, to, high = piece.partition(" to ")
    return [f"{low} to", high] if to else [piece]


def _parts(section: Section) -> Iterator[Part]:
    stack = list(reversed(section.parts))
    while stack:
        part = stack.pop()
        yield part
        stack.extend(reversed(part.parts))


def _ids(section: Section) -> dict[int, str]:
    """An id for each part, table and figure (by identity): its own, fit for HTML and unique in the page."""
    names: dict[int, str] = {}
    used = {"main", "contents"}
    things: list[Part | Table | Figure] = [*_parts(section), *section.tables, *section.figures]
    for thing in things:
        slug = re.sub(r"[^\w.-]+", "-", thing.id).strip("-") or type(thing).__name__.lower()
        name, i = slug, 2
        while name in used:
            name, i = f"{slug}-{i}", i + 1
        used.add(name)
        names[id(thing)] = name
    return names


def _numbers(section: Section) -> dict[int, int]:
    """Tables and figures by identity, each counted from 1 in reading order."""
    counted: list[tuple[int, Table | Figure]] = [*enumerate(section.tables, start=1)]
    counted += enumerate(section.figures, start=1)
    return {id(thing): i for i, thing in counted}


def _legible(value: object) -> object:
    """Text without the control characters and lone surrogates that no page may hold; line ends stay."""
    if not isinstance(value, str):
        return value
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"} else "\ufffd" for c in value)
