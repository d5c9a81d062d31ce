"""Findings that were published: `findings.json`, read for a plan's author.

Each finding is found by its id, which is stable between runs, and can be quoted: its statement as text, its number with
interval and unit, and a footnote that says where it comes from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

from streamline.errors import FileFormatError, listed, suggestion
from streamline.units import counted

#: The form of findings.json that is read and written.
SCHEMA = "streamline.findings/1"
#: Characters that a tag of a Word content control may have.
TAG = 64
#: What a tag may stand for besides the whole statement: the statement without the period of the arrivals, or one number.
TAG_PARTS = ("short", "value", "low", "high", "interval", "n", "unit", "baseline", "change")


def tag_of(id_: str, part: str = "") -> str:
    """The tag of a Word content control that holds a finding's statement, or a part of it.

    >>> tag_of("baseline.cycle_time.mean"), tag_of("baseline.cycle_time.mean", "value")
    ('baseline.cycle_time.mean', 'baseline.cycle_time.mean#value')
    """
    whole = f"{id_}#{part}" if part else id_
    if len(whole) <= TAG:
        return whole
    end = f"~{crc32(id_.encode()):08x}" + (f"#{part}" if part else "")
    return id_[: TAG - len(end)] + end


def without_period(statement: str, period: tuple[str, str]) -> str:
    """A statement without the clause that names the days of the arrivals, for a text that names them once."""
    first, last = (date.fromisoformat(day) for day in period)
    words = " to ".join(f"{day.day} {day.strftime('%B %Y')}" for day in (first, last))
    return statement.replace(f" that arrived from {words}", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What findings were computed from."""

    title: str
    #: First and last day of the arrivals, ISO 8601.
    period: tuple[str, str]
    cases: int
    #: None where they are too few to be told.
    open_cases: int | None
    version: str
    seed: int
    #: Name and SHA-256 of each input.
    inputs: tuple[tuple[str, str], ...]

    def words(self) -> str:
        """The source in a clause, as a footnote ends with it."""
        files = listed([f"{name} (SHA-256 {digest[:12]}…)" for name, digest in self.inputs], limit=5)
        return (
            f"{self.title}; {self.cases:,} cases that arrived from {self.period[0]} to {self.period[1]}; computed by "
            f"streamline {self.version} from {files}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFinding:
    """One finding of a published section."""

    id: str
    section: str
    #: A whole sentence in plain words.
    statement: str
    #: None where the finding is a statement without a number.
    value: float | None
    low: float | None
    high: float | None
    level: float | None
    unit: str
    n: int
    method: str
    caveats: tuple[str, ...]
    table: str | None
    #: What it is about, where it is about one thing.
    subject: str | None = None
    #: Of a scenario's finding: its name, the figure without the change, and the change.
    scenario: str | None = None
    baseline: float | None = None
    change: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    source: Source = field(repr=False)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Low and high bound; None where the number has none."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def as_footnote(self) -> str:
        """Where the number comes from, in sentences: method, n, caveats and the records."""
        parts = [f"{self.id}: {_capital(self.method)}", f"n = {self.n:,}", *(c.rstrip(".") for c in self.caveats)]
        return ". ".join([*parts, self.source.words()]) + "."


class Findings(Mapping[str, PublishedFinding]):
    """The findings of a published section, by id, in their order."""

    def __init__(self, found: Mapping[str, PublishedFinding], source: Source) -> None:
        self._found, self.source = dict(found), source

    def __getitem__(self, key: str) -> PublishedFinding:
        try:
            return self._found[key]
        except KeyError:
            raise KeyError(f"there is no finding {key!r}.{suggestion(str(key), tuple(self._found))}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def section(self, name: str) -> tuple[PublishedFinding, ...]:
        """The findings of one part: baseline, bottleneck, rework, contacts, scenario … Raises KeyError."""
        sections = tuple(dict.fromkeys(f.section for f in self._found.values()))
        if name not in sections:
            raise KeyError(
                f"there is no section {name!r}.{suggestion(name, sections)} These are: {', '.join(sections)}"
            )
        return tuple(f for f in self._found.values() if f.section == name)

    def __repr__(self) -> str:
        return f"<Findings of {self.source.title!r}: {counted(len(self), 'finding')}>"

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><th scope='row'><code>{escape(f.id)}</code></th><td>{escape(f.statement)}</td></tr>"
            for f in self._found.values()
        )
        head = "<tr><th scope='col'>Finding</th><th scope='col'>Statement</th></tr>"
        return (
            f"<table><caption>{escape(self.source.title)}</caption><thead>{head}</thead><tbody>{rows}</tbody></table>"
        )


def read_findings(path: str | Path) -> Findings:
    """Read a findings.json that `streamline plan` wrote.

    path : the file, or the folder of a section, which holds it.

    Raises FileFormatError for a file that isn't one, is of another version, or was damaged.
    """
    file = Path(path)
    if file.is_dir():
        file = file / "findings.json"
        if not file.exists():
            raise FileFormatError(
                f"the folder {path} holds no findings.json; name the folder of a section, or the file."
            )
    try:
        document = json.loads(file.read_text(encoding="utf-8"), parse_constant=_no_number)
    except OSError as error:
        raise FileFormatError(f"{file} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise FileFormatError(f"{file} isn't JSON ({error}); name the findings.json of a section.") from error
    return findings_of(document, name=str(file))


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def findings_of(document: Any, *, name: str = "findings") -> Findings:
    """The findings of a document that was read, or that `PlanSection.document` made; see `read_findings`."""
    if not isinstance(document, dict) or "schema" not in document:
        raise FileFormatError(f"{name} holds no findings: it names no schema.")
    if document["schema"] != SCHEMA:
        raise FileFormatError(
            f"{name} is of the form {document['schema']!r}, and this version reads {SCHEMA!r}; write it again with this version."
        )
    try:
        study, made = document["study"], document["provenance"]
        source = Source(
            title=str(study["title"]),
            period=(str(study["period"][0]), str(study["period"][1])),
            cases=int(study["cases"]),
            open_cases=None if study["open_cases"] is None else int(study["open_cases"]),
            version=str(made["version"]),
            seed=int(made["seed"]),
            inputs=tuple((str(i["name"]), str(i["sha256"])) for i in made["inputs"]),
        )
        found = [_finding(f, source) for f in document["findings"]]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise FileFormatError(f"{name} was damaged: {type(error).__name__} at {error}.") from error
    ids = [f.id for f in found]
    twice = sorted({i for i in ids if ids.count(i) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise FileFormatError(f"{name} was damaged: it holds {listed(twice)} more than once.")
    return Findings({f.id: f for f in found}, source)


def _finding(f: Mapping[str, Any], source: Source) -> PublishedFinding:
    change = f.get("change") or {}
    return PublishedFinding(
        id=str(f["id"]), section=str(f["section"]), statement=str(f["statement"]), value=_number(f["value"]),
        low=_number(f["low"]), high=_number(f["high"]), level=_number(f["level"]), unit=str(f["unit"]), n=int(f["n"]),
        method=str(f["method"]), caveats=tuple(map(str, f["caveats"])), table=f["table"], subject=f.get("subject"),
        scenario=f.get("scenario"), baseline=_number(f.get("baseline")), change=_number(change.get("value")),
        change_low=_number(change.get("low")), change_high=_number(change.get("high")), source=source,
    )  # fmt: skip


def _number(value: Any) -> float | None:
    """A number or none; a text, or true and false, isn't taken for one."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise ValueError(f"{value!r}, which is no number")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
