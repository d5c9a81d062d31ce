"""Opening files of SQLite, for reading only."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from streamline.errors import FileFormatError


def open_database(path: Path, *, name: str) -> sqlite3.Connection:
    """Open an SQLite file for reading only. Raises FileFormatError when it is cut short.

    SQLite itself reads what is missing from the last page as zeros. Pages that wait in a file `-wal` beside it are read too.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(100)
    page = int.from_bytes(head[16:18], "big")
    page = 1 << 16 if page == 1 else page
    n_pages = int.from_bytes(head[28:32], "big")
    counted_now = head[24:28] == head[92:96]  # else the number of pages was written by a version that didn't keep it
    if len(head) < 100 or not page or size % page or (counted_now and size < n_pages * page):
        raise FileFormatError(f"{name} is cut short: it has {size:,} bytes of {n_pages * page:,}. Copy it again.")
    waiting = path.with_name(f"{path.name}-wal")
    unchanging = not (waiting.exists() and waiting.stat().st_size)
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if unchanging else ''}", uri=True)
