"""An event log on disk: columns as they are in memory, mapped when opened, so that a notebook restarts at once.

A store is a folder. `log.json` names every other file with its size and SHA-256 and holds what isn't a column; the
columns of steps are plain numpy files that are mapped into memory, texts are Parquet. The folder is written under another
name and moved in at the end, so that a store is whole or isn't there.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from streamline.errors import FileFormatError, OutputError
from streamline.log.event_log import EventLog, Labels, Notes
from streamline.log.raw import Reject

RECORD = "log.json"
SCHEMA = "streamline.log/1"
_ARRAYS = ("case_offsets", "activity", "start", "complete", "row", "arrival")
_LABELS = ("resource", "channel")
_PLAIN = (
    "source",
    "timezone",
    "activities",
    "has_start",
    "arrival_from",
    "observed_until",
    "external",
    "ends",
    "history",
)


def save_log(log: EventLog, folder: str | Path) -> Path:
    """Write the log into a new folder; an earlier store of that name is replaced as a whole.

    Raises OutputError when the folder can't be written (it says how much was needed) or holds something else.
    """
    target = Path(folder).absolute()
    if target.exists() and not (target / RECORD).is_file():
        raise OutputError(f"{target} exists and isn't a stored log; name another folder.")
    needed = sum(np.asarray(getattr(log, name)).nbytes for name in _ARRAYS) + log.case_ids.nbytes
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _write(log, fresh)
        if target.exists():
            shutil.rmtree(target)
        fresh.rename(target)
    except OSError as error:
        raise OutputError(
            f"{target} can't be written: {error.strerror or error}. About {needed / 1e6:,.0f} MB are needed; nothing was left."
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def open_log(folder: str | Path) -> EventLog:
    """Open a log that `save_log` wrote; its columns are mapped from disk, not copied.

    Raises FileFormatError when the folder isn't a stored log, or any file in it is missing, cut short or changed.
    """
    path = Path(folder)
    try:
        record = json.loads((path / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FileFormatError(
            f"{path} isn't a stored log: it has no {RECORD}. Make one with log.save(folder)."
        ) from error
    except (OSError, ValueError) as error:
        raise FileFormatError(f"{path / RECORD} can't be read: {error}. Save the log again.") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise FileFormatError(f"{path} was written by another version ({record.get('schema')!r}); save the log again.")
    for name, known in record["files"].items():
        _check(path / name, known)
    arrays: dict[str, Any] = {name: np.load(path / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
    labels: dict[str, Any] = {
        name: None
        if record[name] is None
        else Labels(codes=np.load(path / f"{name}.npy", mmap_mode="r"), names=tuple(record[name]))
        for name in _LABELS
    }
    notes = record["notes"]
    plain: dict[str, Any] = {name: _tuple(record[name]) for name in _PLAIN}
    return EventLog(
        **plain,
        **arrays,
        **labels,
        case_ids=pq.read_table(path / "case_ids.parquet").column("case").combine_chunks(),
        attributes=pq.read_table(path / "attributes.parquet").to_pandas(),
        unfinished=pq.read_table(path / "unfinished.parquet").to_pandas(),
        rejects=tuple(Reject(**r) for r in pq.read_table(path / "rejects.parquet").to_pylist()),
        notes=Notes(
            **{
                **notes,
                "odd_rows": {k: np.array(v, dtype=np.int64) for k, v in notes["odd_rows"].items()},
                "empty_cases": tuple(notes["empty_cases"]),
            }
        ),
    )


def content_digest(log: EventLog) -> str:
    """SHA-256 of a log's cases, activities and times, for logs that come from no file."""
    digest = hashlib.sha256()
    for names in (log.case_ids.to_pylist(), log.activities):
        digest.update(json.dumps(names).encode())
    for name in _ARRAYS:
        digest.update(np.ascontiguousarray(getattr(log, name)).tobytes())
    return digest.hexdigest()


def _write(log: EventLog, folder: Path) -> None:
    for name in _ARRAYS:
        np.save(folder / f"{name}.npy", getattr(log, name))
    for name in _LABELS:
        labels = getattr(log, name)
        if labels is not None:
            np.save(folder / f"{name}.npy", labels.codes)
    tables: dict[str, Callable[[], Any]] = {
        "case_ids": lambda: pa.table({"case": log.case_ids}),
        "attributes": lambda: pa.Table.from_pandas(log.attributes, preserve_index=True),
        "unfinished": lambda: pa.Table.from_pandas(log.unfinished, preserve_index=True),
        "rejects": lambda: pa.Table.from_pylist([asdict(r) for r in log.rejects], schema=_REJECTS),
    }
    for name, table in tables.items():
        pq.write_table(table(), folder / f"{name}.parquet")
    notes = asdict(log.notes)
    record = {
        "schema": SCHEMA,
        **{name: getattr(log, name) for name in _PLAIN},
        **{name: None if getattr(log, name) is None else getattr(log, name).names for name in _LABELS},
        "notes": {**notes, "odd_rows": {k: [int(r) for r in v] for k, v in notes["odd_rows"].items()}},
        "files": {p.name: {"size": p.stat().st_size, "sha256": _digest(p)} for p in sorted(folder.iterdir())},
    }
    (folder / RECORD).write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")


_REJECTS = pa.schema(
    [
        ("file", pa.string()),
        ("row", pa.int64()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
    ]
)


def _tuple(value: Any) -> Any:
    """JSON knows lists only."""
    return tuple(value) if isinstance(value, list) else value


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check(path: Path, known: dict[str, Any]) -> None:
    if not path.is_file():
        raise FileFormatError(f"The stored log {path.parent} lacks {path.name}; save the log again.")
    size = path.stat().st_size
    if size != known["size"]:
        raise FileFormatError(
            f"The stored log {path.parent} is damaged: {path.name} has {size:,} bytes instead of {known['size']:,}. "
            "Save the log again."
        )
    if _digest(path) != known["sha256"]:
        raise FileFormatError(f"The stored log {path.parent} is damaged: {path.name} was changed. Save the log again.")
