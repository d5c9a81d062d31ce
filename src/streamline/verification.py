"""Checks a published section against the records: everything is computed again and compared.

What is compared: the digest of each input (study, log, contacts, survey), each finding (statement, and every number as
exactly as it is printed), and each file of the folder, by the digest that its provenance holds and against the
same file made again. So a changed byte is found wherever it stands: in the records, in a table, in the page, or in the
provenance itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from streamline.errors import OutputError, StudyError
from streamline.output import RECORD, as_bytes
from streamline.plan import PlanSection, plan_section
from streamline.progress import Progress, in_charge
from streamline.provenance import version
from streamline.tracking import GIVEN, Tracking, track
from streamline.units import counted

FINDINGS = "findings.json"
#: Numbers agree when they differ by less than this, relative: what differs less isn't printed.
PRINTED = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that isn't as the records have it."""

    #: Of what: an input, a finding, a file.
    kind: Literal["input", "finding", "file"]
    #: Name of the input, id of the finding, path of the file in the folder.
    name: str
    #: What differs, in words.
    words: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of computing a section again."""

    folder: Path
    differences: tuple[Difference, ...]
    n_inputs: int
    n_findings: int
    n_files: int
    #: What a reader must know of the comparison, such as another version.
    notes: tuple[str, ...] = field(default=())

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def __repr__(self) -> str:
        what = f"{self.n_inputs} inputs, {self.n_findings} findings, {self.n_files} files"
        return f"<Verification of {self.folder}: {what}, {counted(len(self.differences), 'difference')}>"

    def to_dict(self) -> dict[str, Any]:
        """As printed with --json."""
        return {
            "agrees": self.agrees, "inputs": self.n_inputs, "findings": self.n_findings, "files": self.n_files,
            "notes": list(self.notes),
            "differences": [{"kind": d.kind, "name": d.name, "words": d.words} for d in self.differences],
        }  # fmt: skip


def verify(
    folder: str | Path,
    *,
    study: str | Path | None = None,
    progress: Progress | Callable[[str], None] | None = None,
) -> Verification:
    """Compute the section in a folder again from the records, and compare.

    study : the study file; without it the one of the recorded name in the folder itself, beside it, or where one is now.

    Raises OutputError when the folder holds no section, StudyError when no study is found, and what reading the records raises.
    """
    place = Path(folder)
    recorded = _record(place)
    file, asked = _study(place, recorded, study), recorded.get("asked")
    with in_charge(progress) as tell:
        again = _tracked(place, file, asked, tell) if asked else plan_section(file, progress=tell)
        tell("comparing")
        return compared(place, again)


def _tracked(folder: Path, study: Path, asked: Any, tell: Progress) -> Tracking:
    """A section about a change that was made, computed again as it was asked for."""
    if not isinstance(asked, dict) or asked.get("command") != "track" or not isinstance(asked.get("since"), str):
        raise OutputError(
            f"{folder / RECORD} says that something else was asked for than is known; the section was damaged."
        )
    given = folder / GIVEN
    return track(
        study, since=asked["since"], scenario=asked.get("scenario"), transition=asked.get("transition"),
        estimate=given if given.is_file() else None, progress=tell,
    )  # fmt: skip


def compared(folder: Path, again: PlanSection | Tracking) -> Verification:
    """Compare the section in a folder with the same section made again; see `verify`."""
    place, recorded = folder, _record(folder)
    made = {name: as_bytes(content) for name, content in again.files().items()}
    inputs = list(_inputs(recorded, json.loads(made[RECORD])))
    findings = list(_findings(place, again))
    files = list(_files(place, recorded, made, inputs_differ=bool(inputs)))
    notes = []
    if recorded.get("version") != version():
        notes.append(f"The section was made by version {recorded.get('version')}; this is {version()}.")
    return Verification(
        folder=place,
        differences=(*inputs, *findings, *files),
        n_inputs=len(recorded.get("inputs", [])),
        n_findings=len(again.findings),
        n_files=len(made),
        notes=tuple(notes),
    )


def _record(folder: Path) -> dict[str, Any]:
    """The provenance of a section."""
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except OSError as error:
        raise OutputError(
            f"{folder} holds no section ({RECORD}: {error.strerror}); name a folder that `streamline plan` wrote."
        ) from error
    except ValueError as error:
        raise OutputError(f"{folder / RECORD} can't be read as JSON ({error}); the section was damaged.") from error
    if (
        not isinstance(found, dict)
        or not isinstance(found.get("inputs"), list)
        or not isinstance(found.get("files"), dict)
    ):
        raise OutputError(f"{folder / RECORD} lacks inputs or files; the section was damaged.")
    return found


def _study(folder: Path, recorded: Mapping[str, Any], given: str | Path | None) -> Path:
    if given is not None:
        return Path(given)
    names = [str(i.get("name")) for i in recorded["inputs"] if isinstance(i, dict) and i.get("role") == "study"]
    tried = [base / name for name in names for base in (folder, folder.parent, Path())]
    found = next((path for path in tried if path.is_file()), None)
    if found is None:
        looked = ", ".join(str(p) for p in tried) or "nowhere: the provenance names none"
        raise StudyError(
            folder.name, [f"the study that it was made from isn't there (looked for {looked}); name it: --study"]
        )
    return found


def _inputs(recorded: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[Difference]:
    """Inputs whose digest or rows differ, that are gone or new."""
    old = {(i.get("role"), i.get("name")): i for i in recorded["inputs"] if isinstance(i, dict)}
    new = {(i["role"], i["name"]): i for i in again["inputs"]}
    for key in {**old, **new}:
        name = f"{key[0]} ({key[1]})"
        if key not in new:
            yield Difference(kind="input", name=name, words="the section names it, and the study doesn't any more")
        elif key not in old:
            yield Difference(kind="input", name=name, words="the study names it, and the section was made without it")
        elif old[key].get("sha256") != new[key]["sha256"]:
            words = f"was {str(old[key].get('sha256'))[:12]}…, is {new[key]['sha256'][:12]}…: it changed since"
            yield Difference(kind="input", name=name, words=words)
        elif {k: old[key].get(k) for k in ("rows", "rejected")} != {k: new[key][k] for k in ("rows", "rejected")}:
            yield Difference(kind="input", name=name, words="its rows are counted otherwise now")


def _findings(folder: Path, again: PlanSection | Tracking) -> Iterator[Difference]:
    """Findings that differ, are gone or new."""
    try:
        held = json.loads((folder / FINDINGS).read_text(encoding="utf-8"))["findings"]
        old = {str(f["id"]): f for f in held}
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Difference(kind="file", name=FINDINGS, words=f"its findings can't be read ({error})")
        return
    new = {f.id: f.to_dict() for f in again.findings}
    for name in {**old, **new}:
        if name not in new:
            yield Difference(kind="finding", name=name, words="the records don't give it")
        elif name not in old:
            yield Difference(kind="finding", name=name, words="the section lacks it")
        else:
            for key, value in new[name].items():
                if key not in old[name] or not _same(old[name][key], value):
                    yield Difference(kind="finding", name=name, words=f"{key}: {_short(old[name].get(key))} is published, "
                                     f"{_short(value)} comes of the records")  # fmt: skip
            for key in old[name].keys() - new[name].keys():
                yield Difference(kind="finding", name=name, words=f"{key} isn't part of it")


def _same(old: Any, new: Any) -> bool:
    """Whether two values of a finding agree, numbers as exactly as they are printed."""
    if isinstance(old, bool) or isinstance(new, bool) or not isinstance(new, (int, float, dict, list)):
        return bool(old == new)
    if isinstance(new, dict):
        return isinstance(old, dict) and old.keys() == new.keys() and all(_same(old[k], v) for k, v in new.items())
    if isinstance(new, list):
        return isinstance(old, list) and len(old) == len(new) and all(map(_same, old, new))
    if not isinstance(old, (int, float)):
        return False
    return abs(old - new) <= PRINTED * max(abs(old), abs(new))


def _short(value: Any) -> str:
    text = repr(value) if not isinstance(value, str) else f"“{value}”"
    return text if len(text) <= 90 else f"{text[:89]}…"


def _files(
    folder: Path, recorded: Mapping[str, Any], made: Mapping[str, bytes], *, inputs_differ: bool
) -> Iterator[Difference]:
    """Files that aren't as the provenance says, aren't what the records give, are gone, or were put there."""
    there = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if not p.is_dir()}
    listed = {str(n): str(d) for n, d in recorded["files"].items()}
    for name in sorted({*listed, RECORD, *made, *there}):
        if name not in there:
            yield Difference(kind="file", name=name, words="is missing")
        elif name not in made:
            yield Difference(kind="file", name=name, words="isn't part of the section that the records give")
        else:
            held = there[name].read_bytes()
            if name != RECORD and hashlib.sha256(held).hexdigest() != listed.get(name):
                yield Difference(kind="file", name=name, words="isn't the file that was written: its digest differs")
            elif held != made[name] and not inputs_differ:
                yield Difference(kind="file", name=name, words=_where(held, made[name]))


def _where(held: bytes, made: bytes) -> str:
    """Where two files part, in words."""
    if b"\x00" in held[:1024] or b"\x00" in made[:1024]:
        at = next((k for k, (a, b) in enumerate(zip(held, made, strict=False)) if a != b), min(len(held), len(made)))
        return f"isn't what the records give: byte {at + 1:,} differs"
    old, new = held.decode(errors="replace").splitlines(), made.decode(errors="replace").splitlines()
    at = next((k for k, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    line = _short(old[at]) if at < len(old) else "nothing"
    return f"isn't what the records give: line {at + 1:,} holds {line}"
