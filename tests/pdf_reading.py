"""Reads a PDF as a screen reader does: the words of each element of its structure, and whatever stands outside it."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pikepdf


@dataclass
class Element:
    """An element of the structure: its kind ("H1", "TD"), its words, the elements in it."""

    kind: str
    words: str = ""
    alt: str = ""
    #: "Row", "Column" or "" for header cells; empty for others.
    scope: str = ""
    inside: list[Element] = field(default_factory=list)

    def all(self, kind: str = "") -> list[Element]:
        """Elements of a kind under this one, in reading order; all without a kind."""
        found = []
        for child in self.inside:
            found += [child] if not kind or child.kind == kind else []
            found += child.all(kind)
        return found


@dataclass(frozen=True)
class Piece:
    """Words shown at once: where, and in which marked content ("" outside of any; "Artifact" for decoration)."""

    page: int
    words: str
    mark: str
    mcid: int | None


class Reading:
    """A PDF file, read."""

    def __init__(self, file: bytes) -> None:
        self.pdf = pikepdf.open(io.BytesIO(file))
        self.pieces = [p for i, page in enumerate(self.pdf.pages) for p in _pieces(page, i, page.get("/Resources"), ())]
        self._pages = {page.objgen: i for i, page in enumerate(self.pdf.pages)}
        self._words: dict[tuple[int, int], str] = {}
        for piece in self.pieces:
            if piece.mcid is not None:
                key = (piece.page, piece.mcid)
                self._words[key] = self._words.get(key, "") + piece.words
        #: Marked contents that the structure holds, each as (page, number).
        self.held: list[tuple[int, int]] = []
        self.tree = Element("Root")
        self._read(self.pdf.Root.StructTreeRoot, self.tree, None)

    @property
    def words(self) -> str:
        """All words on all pages."""
        return "\n".join(p.words for p in self.pieces)

    def _read(self, node: Any, into: Element, page: int | None) -> None:
        kids = node.get("/K", [])
        for kid in list(kids) if isinstance(kids, pikepdf.Array) else [kids]:
            if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
                here = self._pages[kid.Pg.objgen] if "/Pg" in kid else page
                child = Element(str(kid.S)[1:], alt=str(kid.get("/Alt", "")), scope=_scope(kid))
                into.inside.append(child)
                self._read(kid, child, here)
                into.words += child.words
            elif isinstance(kid, pikepdf.Dictionary):
                if "/MCID" in kid:
                    self._hold(into, self._pages[kid.Pg.objgen] if "/Pg" in kid else page, int(kid.MCID))
            else:
                self._hold(into, page, int(kid))

    def _hold(self, into: Element, page: int | None, mcid: int) -> None:
        assert page is not None, "content of no page"
        self.held.append((page, mcid))
        into.words += self._words.get((page, mcid), "")


def plain(words: str) -> str:
    """Words without the signs that say only where a line may end, and with letters in the order in which they are read.

    A PDF holds letters that run from right to left in the order in which they stand on the page; programs that read it turn them.
    """
    line = " ".join(re.sub("[\u200b\u2060]", "", words).split())
    return line[::-1] if line and all(c == " " or unicodedata.bidirectional(c) in ("R", "AL") for c in line) else line


def shown(content: str | bytes) -> str:
    """All words of a file of a section, whatever its kind."""
    if isinstance(content, str):
        return content
    if content.startswith(b"%PDF"):
        return Reading(content).words
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        texts = [parts.read(name).decode() for name in parts.namelist() if name.endswith((".xml", ".rels"))]
    return "\n".join(texts)


def _scope(node: Any) -> str:
    given = node.get("/A", [])
    for attributes in list(given) if isinstance(given, pikepdf.Array) else [given]:
        if isinstance(attributes, pikepdf.Dictionary) and "/Scope" in attributes:
            return str(attributes.Scope)[1:]
    return ""


@dataclass(frozen=True)
class Mark:
    """Marked content: its tag, its number in the structure, and whether other words stand for what is shown in it."""

    tag: str
    mcid: int | None
    replaced: bool


def _pieces(stream: Any, page: int, resources: Any, outer: tuple[Mark, ...]) -> Iterator[Piece]:
    marks, fonts, codes = list(outer), [], {}

    def piece(words: str) -> Piece:
        numbered = [m for m in marks if m.mcid is not None]
        mark = numbered[-1] if numbered else marks[-1] if marks else Mark("", None, False)
        return Piece(page, words, mark.tag, mark.mcid)

    for operands, operator in pikepdf.parse_content_stream(stream):
        name = str(operator)
        if name in ("BMC", "BDC"):
            given = operands[1] if name == "BDC" and isinstance(operands[1], pikepdf.Dictionary) else {}
            mcid = given.get("/MCID")
            marks.append(Mark(str(operands[0])[1:], None if mcid is None else int(mcid), "/ActualText" in given))
            if "/ActualText" in given:
                yield piece(str(given["/ActualText"]))
        elif name == "EMC":
            marks.pop()
        elif name == "q":
            fonts.append(codes)
        elif name == "Q":
            codes = fonts.pop()
        elif name == "Tf":
            codes = _codes(resources.Font[str(operands[0])])
        elif name in ("Tj", "'", '"', "TJ"):
            strings = operands[0] if name == "TJ" else [operands[-1]]
            raw = b"".join(bytes(s) for s in strings if isinstance(s, pikepdf.String))
            if not any(m.replaced for m in marks):
                yield piece("".join(codes[int.from_bytes(raw[i : i + 2])] for i in range(0, len(raw), 2)))
        elif name == "Do":
            thing = resources.XObject[str(operands[0])]
            if thing.Subtype == "/Form":
                yield from _pieces(thing, page, thing.get("/Resources", resources), tuple(marks))


def _codes(font: Any) -> dict[int, str]:
    """What each code of a font stands for, as the file says."""
    table: dict[int, str] = {}
    text = font.ToUnicode.read_bytes().decode("latin-1")
    for block in re.findall(r"beginbfchar(.*?)endbfchar", text, re.DOTALL):
        for code, words in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]*)>", block):
            table[int(code, 16)] = bytes.fromhex(words).decode("utf-16-be")
    for block in re.findall(r"beginbfrange(.*?)endbfrange", text, re.DOTALL):
        for first, last, words in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            for i in range(int(first, 16), int(last, 16) + 1):
                table[i] = chr(int.from_bytes(bytes.fromhex(words)) + i - int(first, 16))
    return table
