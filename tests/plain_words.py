"""How plain a text is: its sentences, its grade by Flesch and Kincaid, and percentages that say not of what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from streamline.report.section import Bullets, Caution, Paragraph

#: An interval, whose number before it has the base; and what is taken away from the thing that is named before it.
_INTERVAL = r"\d+% intervals?\b(?:[^;)]*?\d[\d.]*%(?: to [−-]?\d[\d.,]*%)?)?"
_BELIEF = r"(?: \(between [^)]*\))?"
_BY = rf"\bby (?:another |about |under |up to )*\d[\d.]*%{_BELIEF}|\d[\d.]*%{_BELIEF} (?:quicker|as wide)"
#: What says of what a percentage is before it.
_BASE = r"\bshare of\b|\d of (?:the )?\d|\bOf (?:the|those|these|all)\b|\bprobability\b"


def sentences(text: str) -> list[str]:
    """The sentences: each ends with a full stop before a space and a capital, a digit or a quotation mark."""
    return [s for s in re.split(r"(?<=[.!?])\s+(?=[A-Z“\d])", text.strip()) if s]


def syllables(word: str) -> int:
    """Syllables of an English word: groups of vowels, without a silent e at the end; a number counts as one."""
    letters = re.sub(r"[^a-z]", "", word.lower())
    if not letters:
        return 1
    groups = len(re.findall(r"[aeiouy]+", letters))
    silent = letters.endswith("e") and not letters.endswith(("le", "ee", "ye")) and groups > 1
    quiet = letters.endswith("ed") and not letters.endswith(("ted", "ded")) and groups > 1
    return max(1, groups - silent - quiet)


def grade(text: str) -> float:
    """The school grade by Flesch and Kincaid (1975): 0.39 words per sentence + 11.8 syllables per word − 15.59."""
    words = re.findall(r"[\w.,%'’-]*\w[\w.,%'’-]*", text)
    return 0.39 * len(words) / len(sentences(text)) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def bare_percentages(text: str) -> list[str]:
    """Sentences with a percentage outside an interval that says not of what it is: after it, or before it as in 3 of 8 (38%)."""
    found = []
    for sentence in sentences(text):
        rest = re.sub(_BY, "", re.sub(_INTERVAL, "", sentence))
        for match in re.finditer(r"\d[\d.,]*%", rest):
            after, before = rest[match.end() :], rest[: match.start()]
            if not re.search(r"\b(?:of|intervals?)\b", after) and not re.search(_BASE, before):
                found.append(sentence)
                break
    return found


def texts(section: Any) -> Iterator[tuple[str, str]]:
    """Everything that a section says in sentences, with where it stands."""
    for f in section.findings:
        yield f.id, f.statement
        for caveat in f.caveats:
            yield f"{f.id}, caveat", caveat
    for block in section.blocks():
        match block:
            case Paragraph() | Caution():
                yield type(block).__name__, block.text
            case Bullets():
                for item in block.items:
                    yield "Bullets", item
            case _:
                note = getattr(block, "note", "")
                if note:
                    yield f"note of {block.id}", note
