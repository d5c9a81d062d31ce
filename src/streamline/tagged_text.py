"""The tagged text of a Word document: found where it stands in the file, and replaced there, byte for byte.

A content control is a `w:sdt` element: its properties hold its tag, its content the text, split into runs as Word
likes. Only the text is replaced: the first piece gets all the new words and keeps its look, the others become empty.
Nothing else is read and written again, so that every other byte stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

from streamline.errors import FileFormatError

#: The two names of Word's own elements: as documents are usually saved, and as "Strict Open XML".
_SPACES = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
_NAME = re.compile(rb"<([^\s/>]+)")
#: The look of text that only says what to type.
_PROMPT = "PlaceholderText"


@dataclass(slots=True, kw_only=True)
class Control:
    """One content control: its tag, its text, and where the pieces of it stand in the file."""

    tag: str = ""
    text: str = ""
    #: First and last byte (one past it) of each piece of text.
    pieces: list[tuple[int, int]] = field(default_factory=list)
    #: It shows Word's own words for what to type, not text.
    is_prompt: bool = False
    #: Its text is kept elsewhere in the document, and Word writes it anew from there.
    is_bound: bool = False
    #: It holds a control with a tag.
    is_outer: bool = False
    #: Where it is said that, and how, the prompt is shown.
    prompt: list[tuple[int, int]] = field(default_factory=list)


def controls(content: bytes, *, name: str) -> list[Control]:
    """The content controls of one part of a document, in the order of their beginnings.

    content : the XML. name : what to call it in an error. Raises FileFormatError when it is damaged, holds a document type
    (which could make it expand without end), or isn't in UTF-8.
    """
    walk = _Walk(content, name)
    return walk.found


def replaced(content: bytes, texts: list[tuple[Control, str]]) -> bytes:
    """The part with new text in these controls; each must have a piece of text."""
    edits: list[tuple[int, int, bytes]] = []
    for control, text in texts:
        for k, (first, last) in enumerate(control.pieces):
            name = _NAME.match(content, first)
            assert name is not None, "a piece of text begins with its element"
            words = escape(text).encode() if k == 0 else b""
            edits.append((first, last, b'<%s xml:space="preserve">%s</%s>' % (name[1], words, name[1])))
        if control.is_prompt:
            edits += [(first, last, b"") for first, last in control.prompt]
    for first, last, made in sorted(edits, reverse=True):
        content = content[:first] + made + content[last:]
    return content


class _Walk:
    """One walk through the XML, which notes the controls and where their text is."""

    def __init__(self, content: bytes, name: str) -> None:
        self.found: list[Control] = []
        self._open: list[Control] = []
        self._path: list[str] = []
        self._starts: list[int] = []
        self._letters: list[str] = []
        self._content, self._name = content, name
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse_type
        parser.XmlDeclHandler = self._refuse_encoding
        self._at: Callable[[], int] = lambda: int(parser.CurrentByteIndex)
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            self._refuse_encoding("1.0", "UTF-16", -1)
        try:
            parser.Parse(content, True)
        except expat.ExpatError as error:
            raise FileFormatError(f"{name} is damaged: {error}.") from error

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        word = _word(tag)
        self._path.append(word)
        self._starts.append(self._at())
        if word == "sdt":
            self._open.append(Control())
            self.found.append(self._open[-1])
        elif self._open and self._path[-3:-1] == ["sdt", "sdtPr"]:
            control = self._open[-1]
            if word == "tag":
                control.tag = _value(attributes)
                for outer in self._open[:-1] if control.tag else ():
                    outer.is_outer = True
            control.is_prompt |= word == "showingPlcHdr"
            control.is_bound |= word == "dataBinding"
        elif word == "t":
            self._letters = []
        if self._open and (word == "showingPlcHdr" or (word == "rStyle" and _value(attributes) == _PROMPT)):
            self._open[-1].prompt.append((self._at(), -1))

    def _end(self, _: str) -> None:
        word, first = self._path.pop(), self._starts.pop()
        if not self._open:
            return
        control = self._open[-1]
        if word == "sdt":
            self._open.pop()
        elif word == "t":
            control.pieces.append((first, self._after(first)))
            control.text += "".join(self._letters)
        elif control.prompt and control.prompt[-1] == (first, -1):
            control.prompt[-1] = (first, self._after(first))

    def _after(self, first: int) -> int:
        """One past the last byte of the element that began at `first` and ends here."""
        here = self._at()
        if here > first and self._content[here : here + 2] == b"</":
            return self._content.index(b">", here) + 1
        return self._content.index(b">", first) + 1  # an empty element, whose tag is all of it

    def _text(self, letters: str) -> None:
        if self._path[-1:] == ["t"]:
            self._letters.append(letters)

    def _refuse_type(self, *_: Any) -> None:
        raise FileFormatError(f"{self._name} holds a document type, which no Word document does; it isn't read.")

    def _refuse_encoding(self, _: str, encoding: str | None, __: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "utf8", "us-ascii"):
            raise FileFormatError(f"{self._name} is written in {encoding}; open it in Word and save it again.")


def _word(tag: str) -> str:
    """The name of one of Word's own elements; empty for others."""
    space, _, name = tag.rpartition(" ")
    return name if space in _SPACES else ""


def _value(attributes: dict[str, str]) -> str:
    return next((attributes[key] for space in _SPACES if (key := f"{space} val") in attributes), "")
