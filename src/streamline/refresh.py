"""Renews the numbers in an author's own Word document from newer findings.

The sections that are written hold each finding in a content control, tagged with its id. Authors copy these into their own
text, move them about, and style them; the tag goes along. A tag is the id of a finding (its whole statement), or the id with
a part: `id#short` (the statement without the days of the arrivals), `id#value`, `#low`, `#high`, `#interval`, `#n`, `#unit`,
`#baseline`, `#change`. Only the text inside tagged controls is changed; every other byte of the document's parts stays.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamline.errors import FileFormatError, OutputError
from streamline.findings import TAG_PARTS, Findings, PublishedFinding, tag_of, without_period
from streamline.report.wording import decimals, money, number
from streamline.units import counted

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


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
    #: Tags that look like a finding's and that no finding has: their text stands as it was.
    unknown: tuple[str, ...]
    document: bytes

    def to_dict(self) -> dict[str, Any]:
        """As printed with --json."""
        return {
            "changed": [{"tag": c.tag, "finding": c.finding, "old": c.old, "new": c.new} for c in self.changed],
            "unchanged": self.n_unchanged,
            "unknown": list(self.unknown),
        }

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
    changed: list[Renewed] = []
    unknown: list[str] = []
    same = 0
    made: list[tuple[zipfile.ZipInfo, bytes]] = []
    for info, content in entries:
        fresh = content
        if info.filename.startswith("word/") and info.filename.endswith(".xml") and b"sdt" in content:
            fresh, own, n_same, others = _renewed(content, texts, f"{name}, {info.filename}")
            changed += own
            unknown += others
            same += n_same
        made.append((info, fresh))
    if not changed:
        packed = document
    else:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as package:
            for info, content in made:
                package.writestr(info, content, compress_type=info.compress_type)
        packed = stream.getvalue()
    return Refreshed(changed=tuple(changed), n_unchanged=same, unknown=tuple(dict.fromkeys(unknown)), document=packed)


def _texts(findings: Findings) -> dict[str, tuple[str, str]]:
    """By tag: the id of the finding, and the text that the control is to hold."""
    texts: dict[str, tuple[str, str]] = {}
    for finding in findings.values():
        texts[tag_of(finding.id)] = finding.id, finding.statement
        for part in TAG_PARTS:
            said = part_text(finding, part)
            if said is not None:
                texts[tag_of(finding.id, part)] = finding.id, said
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


def _renewed(
    content: bytes, texts: Mapping[str, tuple[str, str]], name: str
) -> tuple[bytes, list[Renewed], int, list[str]]:
    """One part of the package with its controls renewed: (its bytes, what changed, how many didn't, unknown tags)."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise FileFormatError(f"{name} is damaged: {error}.") from error
    changed: list[Renewed] = []
    unknown: list[str] = []
    same = 0
    for control in root.iter(f"{_W}sdt"):
        mark = control.find(f"{_W}sdtPr/{_W}tag")
        tag = "" if mark is None else mark.get(f"{_W}val", "")
        if tag not in texts:
            if "." in tag and not tag.startswith(("_", "http")):
                unknown.append(tag)
            continue
        words = [t for t in control.iter(f"{_W}t") if _nearest(t) is control]
        old, (finding, new) = "".join(t.text or "" for t in words), texts[tag]
        if old == new:
            same += 1
            continue
        if not words:
            unknown.append(tag)
            continue
        words[0].text = new
        words[0].set(_SPACE, "preserve")
        for rest in words[1:]:
            rest.text = ""
        changed.append(Renewed(tag=tag, finding=finding, old=old, new=new))
    if not changed:
        return content, [], same, unknown
    tree = root.getroottree()
    standalone = tree.docinfo.standalone
    return (
        etree.tostring(tree, xml_declaration=True, encoding=tree.docinfo.encoding or "UTF-8", standalone=standalone),
        changed, same, unknown,
    )  # fmt: skip


def _nearest(text: Any) -> Any:
    """The control that a text stands in, the innermost."""
    above = text.getparent()
    while above is not None and above.tag != f"{_W}sdt":
        above = above.getparent()
    return above


def _write(target: Path, content: bytes) -> None:
    """Write a file beside and move it in whole."""
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    except OSError as error:
        raise OutputError(f"{target} can't be written: {error.strerror}. Name another file.") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(beside).chmod(0o644)
        Path(beside).replace(target)
    except OSError as error:
        raise OutputError(f"{target} can't be written: {error.strerror}. It was left as it was.") from error
    finally:
        Path(beside).unlink(missing_ok=True)
