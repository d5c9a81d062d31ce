"""Records from a database by its address: PostgreSQL (`postgresql://user@host/name`) and SQLite (`sqlite:///file.db`).

The rows go through a temporary CSV file, and from there on are read as any CSV: values as the database writes them, times
offset by offset, rejects with the row of the result. The SHA-256 of that text is the digest of the rows, in their order. A
query's rows are taken in the order that the query gives them; say `order by` for the same log each time. A table's rows are
put in order by what they hold. Nothing is written into the database: its transaction reads only.

Passwords stand in no error and no record of where numbers come from: sources are named by table and database, errors are
cleared of what the address keeps secret, and the driver's own are not chained to them.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from streamline.errors import FileFormatError, MissingDependencyError, StreamlineError, UnknownNameError
from streamline.log.delimited import read_delimited_records
from streamline.log.files import existing_file
from streamline.log.raw import RawRecords
from streamline.log.sqlite_file import open_database

#: A word and a colon with a slash; a drive of Windows is one letter. Paths make one slash of two.
_ADDRESS = re.compile(r"([a-z][a-z0-9.-]+)(\+[a-z0-9]+)?:/+", re.IGNORECASE)
_SCHEMES = {"postgresql": "PostgreSQL", "postgres": "PostgreSQL", "sqlite": "SQLite"}
_SECRETS = ("password", "sslpassword")
#: Seconds that a connection may take, unless the address says otherwise.
PATIENCE_SECONDS = 15


def is_address(source: object) -> bool:
    """Whether a source is an address such as `postgresql://host/name`, and no path."""
    return isinstance(source, (str, Path)) and _ADDRESS.match(str(source)) is not None


def holds_password(address: str) -> bool:
    """Whether an address tells a password."""
    return bool(_secrets(address))


def beside(folder: Path, source: str) -> str | Path:
    """A path, or the file of an SQLite address, relative to a folder; other addresses as they are."""
    if not is_address(source):
        return folder / source
    if _scheme(source) != "SQLite":
        return source
    return f"sqlite:///{folder.absolute() / _sqlite_file(source)}"


def records_of_database(
    address: str, *, query: str | None, table: str | None, wanted: Collection[str] | None
) -> RawRecords:
    """The wanted columns of a query's rows, or of a table's.

    query : one statement that gives rows. table : a table or view; of another schema as `schema.table`.
    Raises ValueError when not one of the two is given, UnknownNameError for a table that isn't there, FileFormatError when the
    database can't be read or gives no rows, MissingDependencyError without a driver.
    """
    if (query is None) == (table is None):
        raise ValueError("For a database name either query (such as 'select …') or table.")
    kind = _scheme(address)
    asked = _Asked(query=None if query is None else query.strip().rstrip(";").strip(), table=table)
    with tempfile.TemporaryDirectory(prefix="streamline-") as folder:
        path = Path(folder) / "rows"
        read = _from_postgresql if kind == "PostgreSQL" else _from_sqlite
        with path.open("wb") as out:
            name = read(address, asked, out)
        path = path.rename(path.with_name(asked.named(name)))
        raw = read_delimited_records(path, wanted=wanted, delimiter=",", encoding="utf-8")
    reading = {"format": f"{'a query' if query is not None else 'a table'} of a {kind} database"}
    if asked.query is not None:
        reading["query (SHA-256)"] = hashlib.sha256(asked.query.encode()).hexdigest()
    kept = {k: v for k, v in raw.reading.items() if k not in ("format", "delimiter", "encoding", "compression")}
    return replace(raw, reading={**reading, **kept})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked of the database."""

    query: str | None
    table: str | None

    def named(self, database: str) -> str:
        """A name for the rows, by which errors, rejects and provenance call them; it is a file's name too."""
        what = "query" if self.table is None else self.table
        return re.sub(r"[^\w .-]", "_", f"{what} of {database}")[:100]


def _from_postgresql(address: str, asked: _Asked, out: IO[bytes]) -> str:
    """Write the rows as CSV; the name of the database."""
    try:
        import psycopg
        from psycopg import conninfo
    except ImportError as error:
        raise MissingDependencyError(
            "Reading PostgreSQL needs psycopg: pip install 'streamline[postgresql]'"
        ) from error
    # a host name that is none is a ValueError, a file of passwords that can't be opened an OSError
    with _cleared(address, (psycopg.Error, ValueError, OSError), "PostgreSQL"):
        whole = re.sub(_ADDRESS, "postgresql://", address, count=1)
        patience = int(conninfo.conninfo_to_dict(whole).get("connect_timeout") or PATIENCE_SECONDS)
        with closing(psycopg.connect(whole, connect_timeout=patience)) as connection:
            connection.read_only = True
            for setting in ("timezone to 'UTC'", "datestyle to 'ISO, YMD'", "client_encoding to 'UTF8'"):
                connection.execute(f"set {setting}")
            query = asked.query if asked.table is None else _postgresql_table(connection, asked.table)
            # the line break ends a comment at the query's end
            with connection.cursor().copy(f"copy (\n{query}\n) to stdout (format csv, header true)") as copy:
                for block in copy:
                    out.write(block)
            return connection.info.dbname


def _postgresql_table(connection: Any, table: str) -> str:
    """The query for all rows of a table, in the order of what they hold."""
    there = connection.execute(
        "select table_schema, table_name, table_schema = any (current_schemas(false)) from information_schema.tables "
        "where table_schema not in ('pg_catalog', 'information_schema') order by 1, 2"
    ).fetchall()
    known = {f"{schema}.{name}": (schema, name) for schema, name, _ in there}
    known |= {name: (schema, name) for schema, name, near in reversed(there) if near}
    if table not in known:
        raise UnknownNameError(what="table", name=table, known=sorted(known), where=connection.info.dbname)
    schema, name = (_quoted(part) for part in known[table])
    return f'select * from {schema}.{name} as _rows order by (_rows::text) collate "C"'


def _from_sqlite(address: str, asked: _Asked, out: IO[bytes]) -> str:
    """Write the rows as CSV; the name of the file."""
    path = existing_file(_sqlite_file(address))
    with (
        _cleared(address, (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError), "SQLite"),
        closing(open_database(path, name=path.name)) as database,
    ):
        query = asked.query if asked.table is None else _sqlite_table(database, asked.table, path.name)
        rows = database.execute(query or "")
        if rows.description is None:
            raise FileFormatError(f"{asked.named(path.name)}: the query gives no rows; it must be a select.")
        _write(rows.description, rows, out)
    return path.name


def _sqlite_table(database: sqlite3.Connection, table: str, where: str) -> str:
    known = [name for (name,) in database.execute("select name from sqlite_master where type in ('table', 'view')")]
    if table not in known:
        raise UnknownNameError(what="table", name=table, known=sorted(known), where=where)
    n = len(database.execute(f"select * from {_quoted(table)} limit 0").description)
    return f"select * from {_quoted(table)} order by {', '.join(map(str, range(1, n + 1)))}"


def _write(description: Any, rows: Any, out: IO[bytes]) -> None:
    """Rows of SQLite as CSV: nothing where there is nothing, whole numbers without '.0'."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    # of what may end a line only the letters of the terminator are quoted, so it must be both
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column[0] for column in description])
    for row in rows:
        writer.writerow([_text(value) for value in row])
    text.flush()
    text.detach()


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _scheme(address: str) -> str:
    """What kind of database an address is of. Raises FileFormatError for another kind, without the address."""
    found = _ADDRESS.match(address)
    scheme = found.group(1).lower() if found else ""
    if scheme not in _SCHEMES:
        raise FileFormatError(
            f"Addresses that begin with {scheme}:// aren't read. Those of databases that are: postgresql://user@host/name "
            "and sqlite:///file.db; export others as CSV or Parquet."
        )
    return _SCHEMES[scheme]


def _sqlite_file(address: str) -> Path:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    found = re.match(r"sqlite(?:\+\w+)?:///?(.+)", address, re.IGNORECASE | re.DOTALL)
    if found is None or (address.lower().startswith("sqlite://") and not re.match(r"[^:]+:///", address)):
        raise FileFormatError("An SQLite database is named by its file: sqlite:///file.db, with three slashes.")
    return Path(unquote(found.group(1)))


def _secrets(address: str) -> list[str]:
    """What an address keeps secret, as it is written and as it is meant."""
    try:
        parts = urlsplit(address)
        found = [parts.password, *(v for k, v in parse_qsl(parts.query) if k.lower() in _SECRETS)]
        found += [v for k, v in (q.partition("=")[::2] for q in parts.query.split("&")) if k.lower() in _SECRETS]
    except ValueError:
        found = [m.group(1) for m in re.finditer(r"://[^/@]*?:(.*)@", address)]
    if not any(found):  # an address that isn't well-formed may hold one anyway
        found += [m.group(1) for m in re.finditer(r":/+[^/@:]*:([^@]*)@", address)]
    secrets = {s for s in found if s} | {unquote(s) for s in found if s}
    return sorted(secrets, key=len, reverse=True)


@contextmanager
def _cleared(address: str, errors: type[Exception] | tuple[type[Exception], ...], kind: str) -> Iterator[None]:
    """Turn the driver's errors into ours, cleared of the address and its secrets, and cut from the driver's own."""
    said = None
    try:
        yield
    except StreamlineError:
        raise
    except errors as error:
        said = " ".join(str(error).split()) or type(error).__name__
    if said is not None:
        for secret in (address, *_secrets(address)):
            said = said.replace(secret, "…")
        raise FileFormatError(f"The {kind} database can't be read: {said}") from None
