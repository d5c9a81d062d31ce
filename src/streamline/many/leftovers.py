"""One batch a folder, and what a killed one left in it.

A batch holds a lock on its folder, and so do the processes of its studies. The lock goes with the last of them, however they end.
Whoever holds it may clear away what was being written when the one before was killed: folders that are made beside their place
and moved in at the end (`output.write_whole`).
"""

from __future__ import annotations

import fcntl
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from streamline.errors import OutputError

LOCK = ".streamline-batch.lock"
#: Processes of a killed batch leave within this time.
PATIENCE_SECONDS = 15.0
_PAUSE_SECONDS = 0.1
#: What the name of a folder that is being made ends in, after its place's name, and what the one that it replaces adds.
_MAKING, _OLD = re.compile(r"-[a-z0-9_]{8}"), "-old"


@contextmanager
def held_folder(folder: Path) -> Iterator[int]:
    """Make the folder and hold its lock; gives the file descriptor that holds it.

    Raises OutputError where the folder can't be made or another batch is at work in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("ab")
    except OSError as error:
        raise OutputError(f"{folder} can't be written: {error.strerror}. Name another folder.") from error
    with lock:
        for _ in range(round(PATIENCE_SECONDS / _PAUSE_SECONDS)):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(_PAUSE_SECONDS)
        else:
            raise OutputError(f"Another batch is at work in {folder}; wait for its end, or name another folder.")
        yield lock.fileno()


def clear_leftovers(folder: Path, names: Iterable[str]) -> None:
    """Clear away what a killed run left of the folders of these names; the caller holds the folder's lock.

    A folder that was just being replaced gets its old content back.
    """
    for name in names:
        made = [p for p in folder.glob(f".{name}-*") if p.is_dir() and _MAKING.fullmatch(_rest(p, name))]
        old = [p for p in folder.glob(f".{name}-*{_OLD}") if _MAKING.fullmatch(_rest(p, name).removesuffix(_OLD))]
        if not (folder / name).exists() and old:
            old[0].rename(folder / name)
        for path in (*made, *old):
            shutil.rmtree(path, ignore_errors=True)


def _rest(path: Path, name: str) -> str:
    return path.name.removeprefix(f".{name}")
