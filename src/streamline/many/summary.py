"""The files of a batch's summary: written beside, moved in together, never over what somebody else wrote."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamline.errors import OutputError, listed
from streamline.many.studies import SUMMARY
from streamline.output import as_bytes
from streamline.provenance import version
from streamline.publishing import picture
from streamline.report.privacy import harmless_text
from streamline.report.services import ServicesCompared
from streamline.report.services_section import services_section

if TYPE_CHECKING:
    from streamline.many.run import Outcome

#: The form of summary.json.
SCHEMA = "streamline.batch/1"
#: What knows the other files; it is moved in last.
RECORD = f"{SUMMARY}.json"
_MAKING = f".{SUMMARY}-"


def summary_files(
    folder: Path, outcomes: Sequence[Outcome], compared: ServicesCompared
) -> tuple[dict[str, str | bytes], dict[str, Any]]:
    """Every file of the summary by its name, and summary.json as Python values. Who ran what, and when, doesn't enter."""
    from streamline.report.to_docx import to_docx
    from streamline.report.to_html import to_html
    from streamline.report.to_json import to_json
    from streamline.report.to_md import to_md
    from streamline.report.to_pdf import to_pdf

    failures = [(o.name, o.message) for o in outcomes if o.state == "failed"]
    section = services_section(compared, failures=failures)
    dated = date.fromisoformat(max((s.findings.source.period[1] for s in compared.services), default="1970-01-01"))
    table, proposals = (harmless_text(frame) for frame in (compared.table, compared.proposals))
    made: dict[str, str | bytes] = {
        f"{SUMMARY}.html": to_html(section),
        f"{SUMMARY}.docx": to_docx(section, dated=dated),
        f"{SUMMARY}.pdf": to_pdf(section, dated=dated),
        f"{SUMMARY}.md": to_md(section),
        f"{SUMMARY}.csv": table.to_csv(index=False, lineterminator="\n"),
        f"{SUMMARY}-proposals.csv": proposals.to_csv(index=False, lineterminator="\n"),
        **{f"{SUMMARY}-{figure.id}.svg": picture(figure) for figure in section.figures},
    }
    document = {
        "schema": SCHEMA,
        "version": version(),
        "studies": [_entry(folder, o) for o in outcomes],
        "services": compared.records(),
        "findings": [f.to_dict() for f in section.findings],
        "files": {name: hashlib.sha256(as_bytes(content)).hexdigest() for name, content in sorted(made.items())},
    }
    return {**made, RECORD: to_json(document)}, document


def _entry(folder: Path, o: Outcome) -> dict[str, Any]:
    """One study of summary.json; the digest is that of its findings.json, which names all that it was made from."""
    entry: dict[str, Any] = {
        "name": o.name, "file": o.file.name, "state": "failed" if o.state == "failed" else "finished", "code": o.code,
        "message": o.message if o.state == "failed" else "", "findings": o.n_findings, "sha256": None,
    }  # fmt: skip
    if o.state != "failed":
        entry["sha256"] = hashlib.sha256((folder / o.name / "findings.json").read_bytes()).hexdigest()
    return entry


def check_summary(folder: Path) -> None:
    """Refuse a folder whose summary's files were edited, or weren't written by a batch. Raises OutputError."""
    known = _known(folder)
    foreign = [
        path.name
        for path in sorted(folder.glob(f"{SUMMARY}*"))
        if _is_ours(path.name) and path.name != RECORD
        and (not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != known.get(path.name))
    ]  # fmt: skip
    if foreign or ((folder / RECORD).exists() and not known):
        raise OutputError(
            f"{folder} holds files that no batch wrote so ({listed(foreign or [RECORD])}), which would be lost. Move them "
            "away, or name another folder."
        )


def write_summary(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Put the summary into the folder in place of an earlier one's. Raises OutputError."""
    try:
        making = Path(tempfile.mkdtemp(prefix=_MAKING, dir=folder))
        for name, content in files.items():
            if name != RECORD:
                (making / name).write_bytes(as_bytes(content))
        # its record makes it whole: from here on a killed run is gone on with
        beside = making / f"{RECORD}.part"
        beside.write_bytes(as_bytes(files[RECORD]))
        beside.rename(making / RECORD)
        _move_in(folder, making)
    except OSError as error:
        raise OutputError(f"The summary can't be written to {folder}: {error.strerror or error}.") from error


def finish_summary(folder: Path) -> None:
    """Finish what a killed run left: a summary that was whole is moved in, another cleared away. The caller holds the lock."""
    for making in folder.glob(f"{_MAKING}*"):
        if (making / RECORD).is_file():
            _move_in(folder, making)
        else:
            shutil.rmtree(making, ignore_errors=True)


def _move_in(folder: Path, making: Path) -> None:
    made = json.loads((making / RECORD).read_text(encoding="utf-8"))["files"]
    for name in set(_known(folder)) - set(made):
        (folder / name).unlink(missing_ok=True)
    for name in made:
        if (making / name).exists():  # else it was moved before the run was killed
            (making / name).chmod(0o644)
            (making / name).replace(folder / name)
    (making / RECORD).chmod(0o644)
    (making / RECORD).replace(folder / RECORD)
    making.rmdir()


def _known(folder: Path) -> dict[str, str]:
    """The files of an earlier summary with their digests; none where there is no record of one."""
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {str(k): str(v) for k, v in found["files"].items()} if found["schema"] == SCHEMA else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _is_ours(name: str) -> bool:
    """Whether a summary may have a file of this name."""
    return re.fullmatch(rf"{SUMMARY}(-[\w-]+)?\.(html|docx|pdf|md|csv|json|svg)", name) is not None
