"""The letters of a printed section: what its one typeface has, where a long word may break.

A PDF carries its letters with it. Ours are DejaVu Sans as it comes with matplotlib, so that the same section gives the
same file on every machine; a machine's own typefaces are not looked at.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from streamline.report.lettering import clean, glyphs, wrap

#: Stands for a character that the typeface lacks.
MISSING = "\ufffd"
#: A place where a line may end, and which nobody sees.
BREAK = "\u200b"
#: Controls that turn the direction of what follows: a name with one in it would turn the words after it.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Letters:
    """Makes text fit for print, and remembers which characters it had to leave out."""

    def __init__(self) -> None:
        self.missing: set[str] = set()

    def line(self, text: str, *, width: float, size: float, bold: bool = False) -> str:
        """The text on one line; a word wider than `width`, in points at a size, may break where it must.

        >>> Letters().line("a \\x00 b", width=100.0, size=9.0)
        'a b'
        """
        words = self.known(clean(text)).split(" ")
        return " ".join(BREAK.join(wrap(word, width, size, bold=bold)) for word in words)

    def known(self, text: str) -> str:
        """The text with a sign in place of each character that the typeface lacks; white space stays."""
        return "".join(self._known(c) for c in text)

    def _known(self, char: str) -> str:
        if char in _TURNS:
            return ""
        if ord(char) in _glyphs() or char in "\n\t":
            return char
        if unicodedata.category(char) == "Cf":  # says how others are drawn, and isn't drawn itself
            return ""
        self.missing.add(char)
        return MISSING

    def caution(self) -> str:
        """What a reader must know about characters left out; empty when there are none."""
        if not self.missing:
            return ""
        some = sorted(self.missing)
        codes = ", ".join(f"U+{ord(c):04X}" for c in some[:5]) + (" and others" if len(some) > 5 else "")
        return (
            f"Some names in the records are written with characters that this document's typeface lacks ({codes}). Each is "
            f"shown as {MISSING} here; the web page, section.html, shows them."
        )


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    """Characters that both weights have."""
    return glyphs(bold=False) & glyphs(bold=True)
