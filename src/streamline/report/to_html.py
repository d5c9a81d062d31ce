"""The section as one HTML file that asks nothing of the network: text, tables, and pictures as inline SVG."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from streamline.figure import FlowMap
from streamline.report.chart import chart_svg
from streamline.report.map import map_svg
from streamline.report.section import Figure, Part, Section, Table

_TEMPLATES = Path(__file__).parent / "templates"


def to_html(section: Section, *, map_seconds: float = 20.0) -> str:
    """Write a section as a self-contained, accessible HTML page.

    section : what to show; its findings stay in findings.json.
    map_seconds : time limit for the layout of each process map.

    Returns the page. It loads nothing, holds no script, and reads from 320 pixels up, in light and dark and
    on paper. Links to table files are relative, so the page stays beside the `tables` folder.
    Raises ValueError for a table whose rows don't fit its columns.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

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
    context: dict[str, Any] = {
        "section": section,
        "css": Markup((_TEMPLATES / "section.css").read_text(encoding="utf-8")),
        "kind": lambda block: type(block).__name__,
        "name": lambda thing: names[id(thing)],
        "number": _numbers(section),
        "pictures": lambda figure: {k: Markup(v) for k, v in _pictures(figure, names[id(figure)], map_seconds).items()},
        "href": href,
        "natural_width": _natural_width,
        "unbroken": _unbroken,
        "check": check_table,
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


def _unbroken(cell: str) -> list[str]:
    """A number and its interval, each to stay on one line: `"8.3 (8.1 to 8.5)"` breaks at the bracket."""
    head, bracket, tail = cell.partition(" (")
    return [head, bracket.strip() + tail] if bracket else [cell]


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
