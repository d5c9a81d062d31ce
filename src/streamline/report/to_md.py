"""The section as Markdown, for a repository or a text editor. Whatever the records hold stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streamline.report.lettering import clean
from streamline.report.section import (
    Block,
    Bullets,
    Caution,
    Figure,
    KeyFigures,
    Paragraph,
    Part,
    Section,
    Table,
)
from streamline.report.to_html import check_table, href

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~$]|&(?=#?\w+;)|!(?=\[)")
_LEADING = re.compile(r"^(#|=|[+-](?=[\s-]|$)|\d+(?=[.)](?:\s|$)))")


def to_md(section: Section) -> str:
    """Write a section as Markdown (CommonMark with pipe tables).

    section : what to show. Pictures come as their caption and their description in words.

    Returns the text, ending in a newline. Raises ValueError for a table whose rows don't fit its columns.
    """
    pieces = [
        f"# {escaped(section.title)}",
        f"**{escaped(section.agency)}** · {escaped(section.service)} · Records: {escaped(section.period)}",
    ]
    counts = {Table: 0, Figure: 0}
    for part in section.parts:
        pieces += _part(part, 2, counts)
    return "\n\n".join(pieces) + "\n"


def escaped(text: str) -> str:
    """The text on one line, with whatever Markdown or HTML would read as a sign marked as plain.

    >>> escaped("2 * 3 < [x](y) | z_1")
    '2 \\\\* 3 \\\\< \\\\[x\\\\](y) \\\\| z\\\\_1'
    """
    line = _SPECIAL.sub(lambda m: "\\" + m.group(0), clean(text))
    return _LEADING.sub(lambda m: m.group(1) + "\\" if m.group(1)[0].isdigit() else "\\" + m.group(1), line)


def _part(part: Part, level: int, counts: dict[type, int]) -> Iterator[str]:
    yield "#" * min(level, 6) + " " + escaped(part.title)
    for block in part.blocks:
        yield from _block(block, counts)
    for child in part.parts:
        yield from _part(child, level + 1, counts)


def _block(block: Block, counts: dict[type, int]) -> Iterator[str]:
    match block:
        case Paragraph():
            yield escaped(block.text)
        case Bullets():
            yield "\n".join(f"- {escaped(item)}" for item in block.items)
        case Caution():
            yield f"> **Caution:** {escaped(block.text)}"
        case KeyFigures():
            yield "\n".join(
                f"- {escaped(item.label)}: **{escaped(f'{item.value} {item.unit}'.strip())}**"
                + (f" ({escaped(item.detail)})" if item.detail else "")
                for item in block.items
            )
        case Table():
            counts[Table] += 1
            yield from _table(block, counts[Table])
        case Figure():
            counts[Figure] += 1
            yield f"**Figure {counts[Figure]}.** {escaped(block.caption)}"
            yield f"*In words:* {escaped(block.alt)}"
            if block.chart.note:
                yield escaped(block.chart.note)


def _table(table: Table, number: int) -> Iterator[str]:
    check_table(table)
    yield f"**Table {number}.** {escaped(table.caption)}"
    head = [escaped(column.heading) for column in table.columns]
    rule = ["---:" if column.numeric else ":---" for column in table.columns]
    body = [[escaped(cell) for cell in row] for row in table.rows]
    yield "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body])
    if not table.rows:
        yield "No rows."
    if table.note:
        yield escaped(table.note)
    if table.file:
        yield f"All rows, unrounded: [{escaped(table.file)}]({href(table.file)})"
