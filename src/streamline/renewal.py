"""Renews the numbers in an author's own Word document from newer findings.

The sections that are written hold each finding in a content control, tagged with its id. Authors copy these into their own
text, move them about, and style them; the tag goes along. A tag is the id of a finding (its whole statement), or the id with
a part: `id#short` (the statement without the days of the arrivals), `id#value`, `#low`, `#high`, `#interval`, `#n`, `#unit`,
`#baseline`, `#change`. Only the text inside tagged controls is changed; every other byte of the document's parts stays.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamline.errors import FileFormatError, OutputError
from streamline.findings import TAG_PARTS, Findings, PublishedFinding, tag_of, without_period
from streamline.report.lettering import clean
from streamline.report.wording import decimals, money, number
from streamline.tagged_text import Control, controls, replaced
from streamline.units import counted

#: A tag that a finding may have had: words of letters, digits and the like, with dots between, and maybe a part. An author's
#: own tag of this form is taken for one, and listed; the text of neither is touched.
_FINDING = re.compile(r"[^\W_][\w-]*(\.[\w~-]+)+(#\w+)?|[\w.-]+~[0-9a-f]{8}(#\w+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """One content control whose text changed."""

    tag: str
    finding: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What came of renewing a document."""

    changed: tuple[Renewed, ...]
    n_unchanged: int
    #: Tags that look like a finding's and that no finding answers now (it is gone, or has no interval any more): their text
    #: stands as it was.
    unknown: tuple[str, ...]
    #: Tags of findings whose control was left as it was: it holds other tagged controls, no text, or text that Word keeps
    #: elsewhere in the document and would put back.
    left: tuple[str, ...]
    document: bytes

    def to_dict(self) -> dict[str, Any]:
        """As printed with --json."""
        return {
            "changed": [{"tag": c.tag, "finding": c.finding, "old": c.old, "new": c.new} for c in self.changed],
            "unchanged": self.n_unchanged,
            "unknown": list(self.unknown),
            "left": list(self.left),
        }

    @property
    def found_none(self) -> bool:
        """Whether the document holds no control with a finding's tag, so that nothing in it could be renewed."""
        return not (self.changed or self.n_unchanged or self.unknown or self.left)

    def words(self) -> str:
        """What changed and what didn't, for an author to read."""
        if self.found_none:
            return (
                "The document holds no content control with a finding's tag: nothing was renewed. Copy statements from a "
                "section.docx, or give a control the id of a finding as its tag. Some programs drop tags when they save."
            )
        lines = [f"{c.tag}\n  was: {c.old}\n  is:  {c.new}" for c in self.changed]
        lines += [f"{tag}: no finding answers this tag now; its text stands as it was" for tag in self.unknown]
        lines += [
            f"{tag}: left as it was, since its control holds other controls, no text, or text that is kept elsewhere in the "
            "document; put it into a plain text control"
            for tag in self.left
        ]
        told = f"{len(self.changed):,} changed, {self.n_unchanged:,} unchanged, {len(self.unknown):,} unknown"
        return "\n".join([*lines, f"{told}, {len(self.left):,} left." if self.left else f"{told}."])

    def __repr__(self) -> str:
        return f"<Refreshed: {counted(len(self.changed), 'control')} changed, {self.n_unchanged:,} unchanged>"


def refresh(document: str | Path, findings: Findings, *, output: str | Path | None = None) -> Refreshed:
    """Renew the tagged text of a Word document; written to `output`, or in place.

    The new document is written beside and moved in whole; nothing is written when nothing changed and `output` is the
    document itself. Raises FileFormatError when it isn't a Word document, OutputError when it can't be written.
    """
    path = Path(document)
    try:
        old = path.read_bytes()
    except OSError as error:
        raise FileFormatError(f"{path} can't be read: {error.strerror}.") from error
    found = refreshed(old, findings, name=str(path))
    target = path if output is None else Path(output)
    if found.document != old or target != path:
        _write(target, found.document)
    return found


def refreshed(document: bytes, findings: Findings, *, name: str = "the document") -> Refreshed:
    """The same of bytes; nothing is written."""
    try:
        with zipfile.ZipFile(io.BytesIO(document)) as package:
            entries = [(info, package.read(info)) for info in package.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise FileFormatError(f"{name} isn't a Word document (.docx), or is locked with a password.") from error
    if not any(info.filename == "word/document.xml" for info, _ in entries):
        raise FileFormatError(f"{name} is no Word document: it has no text (word/document.xml).")
    texts = _texts(findings)
    tally = _Tally()
    made: list[tuple[zipfile.ZipInfo, bytes]] = []
    for info, content in entries:
        fresh = content
        if info.filename.startswith("word/") and info.filename.endswith(".xml") and b"sdt" in content:
            fresh = _renewed(content, texts, f"{name}, {info.filename}", tally)
        made.append((info, fresh))
    packed = document
    if tally.changed:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as package:
            for info, content in made:
                package.writestr(info, content, compress_type=info.compress_type)
        packed = stream.getvalue()
    return Refreshed(
        changed=tuple(tally.changed),
        n_unchanged=tally.n_unchanged,
        unknown=tuple(dict.fromkeys(tally.unknown)),
        left=tuple(dict.fromkeys(tally.left)),
        document=packed,
    )


def _texts(findings: Findings) -> dict[str, tuple[str, str]]:
    """By tag: the id of the finding, and the text that the control is to hold."""
    texts: dict[str, tuple[str, str]] = {}
    for finding in findings.values():
        texts[tag_of(finding.id)] = finding.id, clean(finding.statement)
        for part in TAG_PARTS:
            said = part_text(finding, part)
            if said is not None:
                texts[tag_of(finding.id, part)] = finding.id, clean(said)
    return texts


def part_text(finding: PublishedFinding, part: str) -> str | None:
    """A part of a finding as text, rounded to what its interval supports; None where it has none.

    part : one of `TAG_PARTS`.
    """
    if part == "short":
        return without_period(finding.statement, finding.source.period)
    if part == "unit":
        return finding.unit
    if part == "n":
        return f"{finding.n:,}"
    low, high = (
        (finding.change_low, finding.change_high) if part in ("change", "baseline") else (finding.low, finding.high)
    )
    write = _writer(finding, low, high)
    if part == "interval":
        return None if finding.interval is None else f"{write(finding.interval[0])} to {write(finding.interval[1])}"
    value = {
        "value": finding.value, "low": finding.low, "high": finding.high, "baseline": finding.baseline, "change": finding.change,
    }[part]  # fmt: skip
    return None if value is None else write(value)


def _writer(finding: PublishedFinding, low: float | None, high: float | None) -> Any:
    """How the numbers of a finding are written: shares as percentages, money in whole steps."""
    value = finding.value or 0.0
    if finding.unit.endswith("per year") and finding.unit.split()[0].isupper():
        step = 10.0 ** max(0, len(str(int(abs((high or value) - (low or 0.0)) / 2) or 1)) - 1)
        return lambda v: money(v, finding.unit.split()[0], step=step)
    if finding.unit.startswith("share"):
        places = min(1, decimals(None if low is None else 100 * low, None if high is None else 100 * high, 100 * value))
        return lambda v: f"{number(100 * v, places)}%"
    places = decimals(low, high, value)
    return lambda v: number(v, places)


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What came of the parts of a document so far."""

    changed: list[Renewed] = field(default_factory=list)
    n_unchanged: int = 0
    unknown: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def _renewed(content: bytes, texts: Mapping[str, tuple[str, str]], name: str, tally: _Tally) -> bytes:
    """One part of the package with its controls renewed; what came of each is added to the tally."""
    new: list[tuple[Control, str]] = []
    for control in controls(content, name=name):
        if control.tag not in texts:
            if _FINDING.fullmatch(control.tag):
                tally.unknown.append(control.tag)
            continue
        finding, text = texts[control.tag]
        if control.text == text and not control.is_prompt:
            tally.n_unchanged += 1
        elif control.is_outer or control.is_bound or not control.pieces:
            tally.left.append(control.tag)
        else:
            new.append((control, text))
            tally.changed.append(Renewed(tag=control.tag, finding=finding, old=control.text, new=text))
    return replaced(content, new)


def _write(target: Path, content: bytes) -> None:
    """Write a file beside and move it in whole; who may read the old one may read the new one."""
    target = target.resolve()
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    except OSError as error:
        raise OutputError(f"{target} can't be written: {error.strerror}. Name another file.") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(beside).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o644)
        Path(beside).replace(target)
    except OSError as error:
        raise OutputError(f"{target} can't be written: {error.strerror}. It was left as it was.") from error
    finally:
        Path(beside).unlink(missing_ok=True)
