"""Whether a study is finished: its folder holds a section made from these records, by this version, and holds it whole.

The section's own provenance decides: digests of the study file and of everything that it reads, the seed, the draws, the
version, and the digests of the files that were written. No time of a file enters, so a copied or restored folder counts, and a
touched one isn't run again.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from streamline.errors import StreamlineError
from streamline.log.files import chunks
from streamline.output import RECORD
from streamline.provenance import version
from streamline.study import Study, read_study


def why_run(folder: Path, file: Path) -> str:
    """Why the study in `file` has to be run, in words; empty where `folder` holds its section already."""
    if not folder.exists():
        return "it hasn't been run"
    made = _record(folder)
    if made is None:
        return "its folder holds no provenance that can be read"
    if made.get("version") != version():
        return f"it was made by version {made.get('version')}"
    try:
        study = read_study(file)
    except StreamlineError:
        return "the study file can't be read"
    if study.log.path is None:
        return "its log is read by Spark, so nothing tells whether it changed"
    if (made.get("seed"), made.get("draws")) != (study.simulation.seed, study.simulation.draws):
        return "the seed or the number of draws changed"
    wanted = inputs_of(study, file)
    held = {str(i["role"]): i for i in made["inputs"]}
    if gone := sorted(held.keys() ^ wanted.keys()):
        return f"other inputs: {', '.join(gone)}"
    for role, path in wanted.items():
        if held[role].get("name") != path.name or not _same(path, str(held[role].get("sha256"))):
            return f"{path.name} changed"
    for name, digest in made["files"].items():
        path = folder / name
        if not path.is_file():
            return f"its file {name} is gone"
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            return f"its file {name} was changed"
    return ""


def inputs_of(study: Study, file: Path) -> dict[str, Path]:
    """Every file that a study reads, by its role in the provenance."""
    beside = {
        "template": study.report.template,
        "log": study.log.path,
        "contacts": None if study.contacts is None else study.contacts.path,
        "feedback": None if study.feedback is None else study.feedback.path,
    }
    return {"study": file, **{role: file.parent / name for role, name in beside.items() if name is not None}}


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        made = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        whole = isinstance(made["files"], dict) and all(isinstance(i["role"], str) for i in made["inputs"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return made if whole else None


def _same(path: Path, digest: str) -> bool:
    """Whether the file has this digest, as it is or unpacked: readers of packed text digest what they read."""
    try:
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() == digest:
                return True
        unpacked = hashlib.sha256()
        for block in chunks(path):
            unpacked.update(block)
    except (OSError, StreamlineError):
        return False
    return unpacked.hexdigest() == digest
