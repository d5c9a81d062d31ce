"""Docstrings of this project as Markdown, for the reference.

A docstring says each argument in a paragraph that begins with its name and ` : `; the next argument follows on a new line or in
the same paragraph, as in `level, draws, seed : of the intervals.` These become a list. What a field means stands in a comment
`#:` above it. Signs that Markdown would take for its own are kept as they are written.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import griffe

#: `name : `, `name, other : ` or `*names : ` at the start of a line or after the end of a sentence.
_NAMES = r"\*{0,2}[a-z_]\w*(?:, \*{0,2}[a-z_]\w*)*"
ARGUMENT = re.compile(rf"(?:^|(?<=[.;)] ))({_NAMES}) : ", flags=re.MULTILINE)
#: Code and words set apart (`*awaits*`) stay as they are.
_KEPT = re.compile(r"(`[^`]*`|(?<!\w)\*\w[\w -]*\*(?!\w))")


def escaped(text: str) -> str:
    """Text in which `<`, `*` and `[` mean themselves, except in code and in words set apart."""
    parts = _KEPT.split(text)
    return "".join(
        part if k % 2 else re.sub(r"([*\[\]])", r"\\\1", part).replace("<", "&lt;") for k, part in enumerate(parts)
    )


def paragraph(text: str) -> str:
    """A paragraph as Markdown: a list of arguments where it says some, else as it stands."""
    if "```" in text or text.lstrip().startswith((">>>", "|", "- ", "* ")) or re.match(r" {4}", text):
        return text
    hits = list(ARGUMENT.finditer(text))
    if not hits:
        return escaped(text)
    lines = [escaped(text[: hits[0].start()].strip())] if text[: hits[0].start()].strip() else []
    lines.append("")
    for hit, following in zip(hits, [*hits[1:], None], strict=True):
        said = " ".join(text[hit.end() : following.start() if following else None].split())
        names = ", ".join(f"`{name}`" for name in hit.group(1).split(", "))
        lines.append(f"- {names}: {escaped(said)}")
    return "\n".join(lines)


def markdown(docstring: str) -> str:
    """A whole docstring as Markdown."""
    return "\n\n".join(paragraph(p) for p in re.split(r"\n[ \t]*\n", docstring.strip("\n")))


@cache
def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def comment_above(path: Path, line: int) -> str:
    """The text of the `#:` comment that ends just above this line (counted from 1); empty without one."""
    found: list[str] = []
    for text in reversed(_lines(path)[: line - 1]):
        if not text.strip().startswith("#:"):
            break
        found.append(text.strip().removeprefix("#:").strip())
    return " ".join(reversed(found))


class HouseStyle(griffe.Extension):
    """Turns docstrings into Markdown and comments above fields into their docstrings."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        if attr.docstring is None and attr.lineno is not None and isinstance(attr.filepath, Path):
            said = comment_above(attr.filepath, attr.lineno)
            if said:
                attr.docstring = griffe.Docstring(escaped(said), parent=attr)
