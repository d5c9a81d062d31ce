"""Object-centric logs in SQLite: one table a type of event and a type of object, and tables of links."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from streamline.errors import FileFormatError, listed
from streamline.log.files import chunks, is_gzip
from streamline.log.ocel_records import Object, ObjectEvent, ObjectLog
from streamline.log.sqlite_file import open_database

_NEEDED = ("event", "object", "event_object", "event_map_type", "object_map_type")
_OWN = {"ocel_id", "ocel_time", "ocel_changed_field"}


def objects_of_sqlite(path: Path) -> ObjectLog:
    """Read the file, unpacked into a temporary one where it is gzipped. Raises FileFormatError."""
    log = ObjectLog(source=path.name, form="OCEL 2.0, SQLite")
    with _unpacked(path) as file:
        try:
            with closing(open_database(file, name=path.name)) as database:
                _read(database, log)
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
            raise FileFormatError(
                f"{path.name} is damaged or no database: SQLite says {error}. Copy it again."
            ) from error
    return log


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    if not is_gzip(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="streamline-") as folder:
        file = Path(folder) / "log.sqlite"
        with file.open("wb") as out:
            for block in chunks(path):
                out.write(block)
        yield file


def _read(database: sqlite3.Connection, log: ObjectLog) -> None:
    found = database.execute("pragma integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise FileFormatError(f"{log.source} is damaged: SQLite says {found}. Copy it again.")
    tables = {name for (name,) in database.execute("select name from sqlite_master where type in ('table', 'view')")}
    lacking = [name for name in _NEEDED if name not in tables]
    if lacking:
        raise FileFormatError(
            f"{log.source} is an SQLite database and no OCEL 2.0: it has no table {listed(lacking)}. Read another database "
            "by its address, read_log('sqlite:///…', query='select …')."
        )
    _objects(database, log, tables)
    _events(database, log, tables)


def _events(database: sqlite3.Connection, log: ObjectLog, tables: set[str]) -> None:
    """Events of the table `event` in its order, with times and attributes from the tables of their types."""
    kinds = _map(database, "event_map_type")
    known: dict[str, ObjectEvent] = {}
    orphans: list[tuple[str, str]] = []
    # the id is the key of the table; where a damaged export repeats it, add_event says so
    for key, kind in database.execute("select ocel_id, ocel_type from event order by rowid"):
        event = ObjectEvent(id=_text(key), activity=None if kind is None else _text(kind), time=None)
        known.setdefault(event.id, event)
        log.add_event(event)
    used = {event.activity for event in log.events}
    for kind, suffix in kinds.items():
        table = f"event_{suffix}"
        if table not in tables:
            if kind in used:
                raise FileFormatError(
                    f"{log.source} has events of type {kind!r} and no table {table!r} with their times."
                )
            continue
        for row in _rows(database, table):
            found = known.get(_text(row["ocel_id"]))
            if found is None:
                orphans.append((table, _text(row["ocel_id"])))
                continue
            if found.activity != kind:
                raise FileFormatError(
                    f"{log.source}: the event {found.id!r} is of type {found.activity!r} and stands in the table {table!r}."
                )
            found.time = None if row["ocel_time"] is None else _text(row["ocel_time"])
            found.attributes = {n: _text(v) for n, v in row.items() if n not in _OWN and v is not None}
    unmapped = sorted(str(kind) for kind in used - set(kinds) if kind is not None)
    if unmapped:
        raise FileFormatError(f"{log.source}: event_map_type doesn't name the event types {listed(unmapped)}.")
    for key, thing in database.execute("select ocel_event_id, ocel_object_id from event_object order by rowid"):
        found = known.get(_text(key))
        if found is None:
            orphans.append(("event_object", _text(key)))
        elif thing is not None:
            found.objects.setdefault(_text(thing))
    for table, key in orphans:
        log.reject(0, table, key, "names an event that the table 'event' doesn't hold")


def _objects(database: sqlite3.Connection, log: ObjectLog, tables: set[str]) -> None:
    """Objects of the table `object`, with the values of their attributes from the tables of their types."""
    kinds = _map(database, "object_map_type")
    log.types.update(dict.fromkeys(kinds))
    for key, kind in database.execute("select ocel_id, ocel_type from object order by rowid"):
        if key is None or kind is None:
            raise FileFormatError(f"{log.source}: the table 'object' has a row without an id or a type.")
        log.add_object(Object(id=_text(key), type=_text(kind)))
    for suffix in kinds.values():
        table = f"object_{suffix}"
        if table not in tables:
            continue
        for row in _rows(database, table):
            thing = log.objects.get(_text(row["ocel_id"]))
            if thing is None:
                continue  # no event can be about it: the links tell of objects that aren't there
            changed = row.get("ocel_changed_field")
            time = _text(row["ocel_time"]) if row["ocel_time"] is not None else ""
            for name, value in row.items():
                if name not in _OWN and value is not None and changed in (None, name):
                    # a value without a changed field is the first one, whatever its time
                    thing.attributes.setdefault(name, []).append(("" if changed is None else time, _text(value)))
    if "object_object" in tables:
        for one, other in database.execute("select ocel_source_id, ocel_target_id from object_object order by rowid"):
            thing = log.objects.get(_text(one))
            if thing is not None and other is not None:
                thing.related.setdefault(_text(other))


def _map(database: sqlite3.Connection, table: str) -> dict[str, str]:
    """Each type with the end of its table's name."""
    rows = database.execute(f'select ocel_type, ocel_type_map from "{table}" order by rowid')
    return {_text(kind): _text(suffix) for kind, suffix in rows if kind is not None and suffix is not None}


def _rows(database: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    quoted = table.replace('"', '""')
    cursor = database.execute(f'select * from "{quoted}" order by rowid')
    names = [column[0] for column in cursor.description]
    for name in ("ocel_id", "ocel_time"):
        if name not in names:
            raise FileFormatError(f"The table {table!r} has no column {name!r}; this isn't OCEL 2.0.")
    for row in cursor:
        yield dict(zip(names, row, strict=True))


def _text(value: Any) -> str:
    """A value as text; whole numbers without '.0', bytes as UTF-8."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
