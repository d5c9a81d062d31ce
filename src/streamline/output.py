"""Writes a folder as a whole: everything is made beside it and moved in at the end."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from streamline.errors import OutputError, listed
from streamline.units import counted

#: The file by which an earlier section is known; its key `files` lists what that run wrote.
RECORD = "provenance.json"


def as_bytes(content: str | bytes) -> bytes:
    """A file's content as it is written: text in UTF-8, its line ends as they are."""
    return content.encode() if isinstance(content, str) else content


def write_whole(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Put the files (path in the folder: text or bytes) into the folder, in place of an earlier section's.

    An interrupted run leaves the folder as it was. A folder that holds anything that an earlier run didn't write is
    refused, so that nobody's own files are lost. Raises OutputError.
    """
    folder = _followed(folder)
    check_folder(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder.parent} can't be written: {error.strerror}. Name another folder.") from error
    old = fresh.with_name(fresh.name + "-old")
    try:
        for name, content in files.items():
            target = fresh / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(as_bytes(content))
        fresh.chmod(0o755)
        try:
            if folder.exists():
                folder.rename(old)
            fresh.rename(folder)
        except BaseException:
            if old.exists() and not folder.exists():
                old.rename(folder)
            raise
    except OSError as error:
        raise OutputError(f"{folder} can't be written: {error.strerror or error}. It was left as it was.") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _followed(folder: Path) -> Path:
    """The folder itself where a link leads to it, so that the link stays and its target is replaced."""
    try:
        return folder.resolve()
    except (OSError, RuntimeError) as error:
        raise OutputError(f"{folder} leads in a circle of links; name another folder.") from error


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything that no earlier run wrote. Raises OutputError."""
    try:
        above = next((p for p in folder.absolute().parents if p.exists()), None)
        if above is not None and not above.is_dir():
            raise OutputError(f"{above} is a file, so no folder can be made in it; name another folder.")
        if not folder.exists():
            return
        if not folder.is_dir():
            raise OutputError(f"{folder} is a file; name a folder.")
    except PermissionError as error:
        raise OutputError(f"{folder} can't be looked into: {error.strerror}. Name another folder.") from error
    try:
        there = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if not p.is_dir()}
        known = _known(folder)
        edited = sorted(
            name
            for name, path in there.items()
            if known.get(name) and hashlib.sha256(path.read_bytes()).hexdigest() != known[name]
        )
    except OSError as error:
        raise OutputError(f"{folder} can't be looked into: {error.strerror}. Name another folder.") from error
    if edited:
        raise OutputError(
            f"{folder} holds a section that was edited since ({listed(edited)}); the edits would be lost. "
            "Move it away, or name another folder."
        )
    foreign = sorted(set(there) - set(known))
    if foreign:
        raise OutputError(
            f"{folder} holds {counted(len(foreign), 'file')} that no earlier run wrote ({listed(foreign)}), which would be lost. "
            "Name another folder, or empty it."
        )


def _known(folder: Path) -> dict[str, str]:
    """The files that an earlier run wrote, with their digests; none where it left no record."""
    try:
        files = json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]
        return {RECORD: "", **{str(name): str(digest) for name, digest in files.items()}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
