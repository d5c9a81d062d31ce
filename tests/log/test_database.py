"""Records from databases: SQLite, and a PostgreSQL server that the tests start; no password in anything that is said."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import streamline as sl
from streamline.log.database import beside, holds_password, is_address

PASSWORD = "s3cr%20t!"  # as written in an address; "s3cr t!" is meant
EVENTS = [
    # case, activity, start, complete, who, fee
    ("a", "Intake", "2025-01-06 08:00:00+00", "2025-01-06 09:00:00.000001+00", "Ann; \"the\" clerk", 10),
    ("a", "Decide", None, "2025-03-30 02:30:00+01", None, 10),
    ("NA", "Intake", "2025-01-07 08:00:00+00", "2025-01-07 09:00:00+00", "böb,\nline", 2.5),
    ("NA", "Decide", "2025-01-08 08:00:00+00", None, "", 2.5),
]  # fmt: skip
ROLES = {"case": "case_id", "activity": "activity", "start": "began", "complete": "done", "resource": "who"}


def programme(name: str) -> str:
    """A programme of PostgreSQL: on the path, or where Debian keeps it; else the test is skipped, and fails in CI."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(debian[-1]) if debian else None)
    if found is None:
        said = f"PostgreSQL's {name} isn't installed"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(said)
    return str(found)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """`host:port` of a server of its own with a database `agency`, whose user `reader` has the password."""
    psycopg = pytest.importorskip("psycopg")
    initdb, pg_ctl = programme("initdb"), programme("pg_ctl")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # PostgreSQL refuses to run as root
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if user:
        shutil.chown(folder, "postgres", "postgres")
    data, secret = folder / "data", folder / "secret"
    secret.write_text("s3cr t!")
    secret.chmod(0o644)

    def run(*command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **user)  # type: ignore[call-overload]
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        run(
            initdb,
            "-D",
            str(data),
            "-U",
            "reader",
            "--pwfile",
            str(secret),
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--no-sync",
        )
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        run(pg_ctl, "-D", str(data), "-o", settings, "-l", str(folder / "said"), "-w", "start")
        try:
            with psycopg.connect(
                f"postgresql://reader:{PASSWORD}@127.0.0.1:{port}/postgres", autocommit=True
            ) as connection:
                connection.execute("create database agency")
            yield f"127.0.0.1:{port}"
        finally:
            run(pg_ctl, "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def address(server: str) -> str:
    """The address of the database, with a table `events`, one of other types, and one in another schema."""
    import psycopg

    address = f"postgresql://reader:{PASSWORD}@{server}/agency"
    with psycopg.connect(address) as connection:
        connection.execute(
            "create table events (case_id text, activity text, began timestamptz, done timestamptz, who text, fee numeric)"
        )
        with connection.cursor() as cursor:
            cursor.executemany("insert into events values (%s, %s, %s, %s, %s, %s)", EVENTS)
        connection.execute("create type phase as enum ('In', 'Out')")
        connection.execute("create schema other")
        connection.execute(
            'create table other."Odd table" (id uuid, "what is it" phase, day date, at timestamp, ok boolean, more jsonb)'
        )
        connection.execute(
            """insert into other."Odd table" values
            ('5d8b1c1e-0000-0000-0000-000000000001', 'Out', '2025-01-07', '2025-01-07 10:00', true, '{"a": [1]}'),
            ('5d8b1c1e-0000-0000-0000-000000000001', 'In', '2025-01-06', '2025-01-06 10:00', false, null)"""
        )
    return address


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "agency.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("create table events (case_id, activity, began, done, who, fee)")
        db.executemany("insert into events values (?, ?, ?, ?, ?, ?)", EVENTS)
    return path


def check(log: sl.EventLog) -> None:
    assert log.case_ids.to_pylist() == ["a", "NA"]
    assert log.n_steps == 3
    assert log.attributes["fee"].tolist() == ["10", "2.5"]
    assert log.start.tolist()[0] == 1736150400_000_000
    assert log.complete.tolist()[0] == 1736154000_000_001
    assert log.complete.tolist()[1] == 1743298200_000_000
    assert log.unfinished["activity"].tolist() == ["Decide"]
    assert log.resource is not None
    assert set(log.resource.names) == {'Ann; "the" clerk', "böb,\nline"}


def test_a_query_of_postgresql(address: str) -> None:
    query = "select *, '100%' as share from events order by case_id desc, began nulls last -- in order;"
    log = sl.read_log(address, query=query, attributes=["fee"], timezone="UTC", **ROLES)  # type: ignore[arg-type]
    check(log)
    assert log.row.tolist() == [2, 3, 4]
    assert log.source == "query of agency"
    assert log.notes.reading["format"] == "a query of a PostgreSQL database"
    assert log.notes.reading["query (SHA-256)"] == hashlib.sha256(query.rstrip(";").encode()).hexdigest()
    again = sl.read_log(address, query=f" {query} ", attributes=["fee"], timezone="UTC", **ROLES)  # type: ignore[arg-type]
    assert again.notes == log.notes
    fewer = sl.read_log(address, query="select * from events where fee = 10", timezone="UTC", **ROLES)  # type: ignore[arg-type]
    assert fewer.notes.sha256 != log.notes.sha256


def test_a_table_of_postgresql_in_an_order_of_its_own(address: str) -> None:
    import psycopg

    def read() -> sl.EventLog:
        return sl.read_log(address, table="events", attributes=["fee"], timezone="UTC", **ROLES)  # type: ignore[arg-type]

    before = read()
    assert sorted(before.case_ids.to_pylist()) == ["NA", "a"]
    with psycopg.connect(address) as connection:  # the same rows, stored in another order
        connection.execute("update events set fee = fee where activity = 'Intake'")
    after = read()
    assert after.notes.sha256 == before.notes.sha256
    assert after.to_frame().equals(before.to_frame())
    assert after.source == "events of agency"


def test_types_of_every_kind_are_read_as_postgresql_writes_them(address: str) -> None:
    log = sl.read_log(
        address,
        table="other.Odd table",
        case="id",
        activity="what is it",
        complete="at",
        attributes=["day", "ok"],
        timezone="UTC",
    )
    assert log.case_ids.to_pylist() == ["5d8b1c1e-0000-0000-0000-000000000001"]
    assert [log.activities[a] for a in log.activity] == ["In", "Out"]
    assert log.attributes["day"].tolist() == ["2025-01-06"]
    assert log.attributes["ok"].tolist() == ["f"]
    with pytest.raises(sl.TimestampError, match="zone"):
        sl.read_log(address, table="other.Odd table", case="id", activity="what is it", complete="at")


def test_contacts_and_scores_from_postgresql(address: str) -> None:
    calls = sl.read_contacts(
        address,
        query="select case_id, done, who from events where done is not null",
        case="case_id",
        time="done",
        reason="who",
    )
    assert len(calls) == 3
    scores = sl.read_feedback(
        address, query="select distinct case_id, 3 as score from events", case="case_id", score="score", scale=(1, 5)
    )
    assert scores.source == "query of agency"


def test_nothing_is_written_into_the_database(address: str) -> None:
    for query in (
        "insert into events values ('z') returning *",
        "with gone as (delete from events returning *) select * from gone",
        "select setval('s', 1)",
        "drop table events",
        "select 1) to stdout; drop table events; copy (select 1",
    ):
        with pytest.raises(sl.FileFormatError, match="The PostgreSQL database can't be read: "):
            sl.read_log(address, query=query, timezone="UTC", **ROLES)  # type: ignore[arg-type]
    assert sl.read_log(address, table="events", timezone="UTC", **ROLES).n_steps == 3  # type: ignore[arg-type]


def test_what_postgresql_lacks_is_named(address: str) -> None:
    with pytest.raises(sl.UnknownNameError, match=r"agency has no table 'event'\. Did you mean 'events'"):
        sl.read_log(address, table="event")
    with pytest.raises(sl.FileFormatError, match=r'column "nothing" does not exist'):
        sl.read_log(address, query="select nothing from events")
    with pytest.raises(sl.MissingColumnError, match=r"query of agency has no column 'cases'"):
        sl.read_log(address, query="select * from events", case="cases")
    with pytest.raises(sl.FileFormatError, match=r"query of agency has a heading .* but no rows"):
        sl.read_log(address, query="select * from events where false")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("s3cr%20t!", "wr%20ng"),
        ("/agency", "/nowhere"),
        ("reader:", "nobody:"),
        ("127.0.0.1:", "127.0.0.1:1"),
        ("@", "@no..host,@"),
    ],
)
def test_no_error_tells_the_password(address: str, old: str, new: str) -> None:
    wrong = address.replace(old, new, 1) + "?connect_timeout=2"
    for extra in ("", "&password=q%21uery", "&nonsense=1"):
        with pytest.raises(sl.FileFormatError, match="The PostgreSQL database can't be read: ") as caught:
            sl.read_log(wrong + extra, table="events")
        told = "".join(traceback.format_exception(caught.value))
        for secret in (PASSWORD, "s3cr t!", "wr%20ng", "wr ng", "q%21uery", "q!uery"):
            assert secret not in told
            assert secret not in repr(caught.value)


def test_provenance_and_quality_tell_no_password(address: str, tmp_path: Path) -> None:
    log = sl.read_log(address, table="events", timezone="UTC", **ROLES)  # type: ignore[arg-type]
    told = repr(log) + repr(log.notes) + repr(sl.data_quality(log)) + repr(log.rejects)
    folder = log.save(tmp_path / "store")
    told += "".join(p.read_text(encoding="utf-8", errors="replace") for p in folder.iterdir())
    for secret in (PASSWORD, "s3cr t!", "127.0.0.1"):
        assert secret not in told


STUDY = """
study: {{title: Permits, agency: Permits, service: Permits}}
log:
  path: "{path}"
  {what}
  case: case_id
  activity: activity
  complete: done
  start: began
  resource: who
  timezone: UTC
privacy: {{minimum_cell: 1}}
simulation: {{draws: 20, seed: 1}}
"""


def test_a_study_reads_a_database_and_records_its_rows(server: str, address: str, tmp_path: Path, monkeypatch) -> None:
    import psycopg

    with psycopg.connect(address) as connection:
        connection.execute(
            "create table if not exists many (case_id text, activity text, began timestamptz, done timestamptz, who text)"
        )
        connection.execute("delete from many")
        connection.execute(
            """insert into many select 'c' || k, a, at, at + interval '1 hour', 'w' || k % 3
            from generate_series(1, 60) k, (values ('Intake', 0), ('Decide', 2)) as steps (a, h),
            lateral (select timestamptz '2025-01-06 08:00+00' + (7 * k + h) * interval '1 hour') as begins (at)"""
        )
    study = tmp_path / "study.yaml"
    study.write_text(
        STUDY.format(
            path=f"postgresql://reader@{server}/agency", what="query: select * from many order by done, case_id"
        )
    )
    monkeypatch.setenv("PGPASSWORD", "s3cr t!")
    files = sl.plan_section(study).files()
    told = files["provenance.json"] if isinstance(files["provenance.json"], str) else files["provenance.json"].decode()
    of_log = next(i for i in json.loads(told)["inputs"] if i["role"] == "log")
    assert (of_log["name"], of_log["rows"], of_log["rejected"]) == ("query of agency", 120, 0)
    assert len(of_log["sha256"]) == 64
    assert "s3cr" not in "".join(v if isinstance(v, str) else v.decode("utf-8", "replace") for v in files.values())


@pytest.mark.parametrize(
    ("path", "what", "message"),
    [
        ("postgresql://u:pw@h/d", "table: events", "the path holds a password, and a study file is shared"),
        ("postgresql://u@h/d?password=pw", "table: events", "the path holds a password"),
        ("postgresql://u@h/d", "", "a database needs either query"),
        ("postgresql://u@h/d", "table: a\n  query: select 1", "a database needs either query"),
        ("postgresql://u@h/d", 'table: a\n  delimiter: ","', "delimiter and encoding are for files"),
        ("events.csv", "table: a", "query and table are for databases"),
    ],
)
def test_a_study_says_what_its_database_lacks(tmp_path: Path, path: str, what: str, message: str) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(STUDY.format(path=path, what=what))
    with pytest.raises(sl.StudyError, match=message) as caught:
        sl.read_study(study)
    assert "pw" not in str(caught.value)


def test_a_query_and_a_table_of_sqlite(file: Path) -> None:
    log = sl.read_log(f"sqlite:///{file}", query="select * from events", attributes=["fee"], timezone="UTC", **ROLES)  # type: ignore[arg-type]
    check(log)
    assert log.source == "query of agency.db"
    table = sl.read_log(f"sqlite:///{file}", table="events", attributes=["fee"], timezone="UTC", **ROLES)  # type: ignore[arg-type]
    assert table.source == "events of agency.db"
    assert sorted(table.case_ids.to_pylist()) == ["NA", "a"]
    with pytest.raises(sl.UnknownNameError, match=r"agency.db has no table 'Event'\. Did you mean 'events'"):
        sl.read_log(f"sqlite:///{file}", table="Event")


def test_a_study_finds_an_sqlite_file_beside_it(file: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert beside(file.parent, "sqlite:///agency.db") == f"sqlite:///{file}"
    assert beside(file.parent, "events.csv") == file.parent / "events.csv"
    assert beside(file.parent, "postgresql://u@h/d") == "postgresql://u@h/d"
    with pytest.raises(sl.FileFormatError, match=r"agency.db does not exist"):
        sl.read_log("sqlite:///agency.db", table="events")
    monkeypatch.chdir(tmp_path)
    assert sl.read_log("sqlite:///agency.db", table="events", timezone="UTC", **ROLES).n_steps == 3  # type: ignore[arg-type]


def test_queries_of_sqlite_that_give_no_rows_are_refused(file: Path) -> None:
    for query, message in (
        ("delete from events", r"readonly database|attempt to write"),
        ("", r"the query gives no rows; it must be a select"),
        ("select * from nowhere", r"The SQLite database can't be read: no such table: nowhere"),
        ("select 1; drop table events", r"one statement at a time"),
        ("select * from events where 0", r"has a heading .* but no rows"),
    ):
        with pytest.raises(sl.FileFormatError, match=message):
            sl.read_log(f"sqlite:///{file}", query=query)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(sl.FileFormatError, match=r"agency.db is cut short: it has 8,092 bytes of 8,192"):
        sl.read_log(f"sqlite:///{file}", table="events")
    file.write_text("case,activity\n")
    with pytest.raises(sl.FileFormatError, match=r"cut short|not a database"):
        sl.read_log(f"sqlite:///{file}", table="events")


@given(
    rows=st.lists(
        st.tuples(
            *(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6) for _ in range(3))
        ),
        min_size=1,
        max_size=8,
    ),
    empty=st.booleans(),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_through_as_in_a_frame(rows: list[tuple[str, str, str]], empty: bool, tmp_path: Path) -> None:
    """Quotation marks, delimiters and line breaks too: the rows from SQLite are those of a frame."""
    whole = [("c", "a", "r"), *rows]
    path = tmp_path / "texts.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("create table texts (n, case_id, activity, resource, time)")
        for n, row in enumerate(whole):
            values = [None if empty and not v else v for v in row]
            db.execute("insert into texts values (?, ?, ?, ?, ?)", (n, *values, f"2025-01-06T08:00:{n:02d}Z"))
    options = {"timezone": "UTC", "max_rejected": 1.0}
    ours = sl.read_log(f"sqlite:///{path}", query="select * from texts order by n", **options)  # type: ignore[arg-type]
    frame = pd.DataFrame(whole, columns=["case_id", "activity", "resource"])
    frame["time"] = [f"2025-01-06T08:00:{n:02d}Z" for n in range(len(whole))]
    theirs = sl.read_log(frame, **options)  # type: ignore[arg-type]
    assert ours.case_ids.to_pylist() == theirs.case_ids.to_pylist()
    assert ours.activities == theirs.activities
    assert ours.activity.tolist() == theirs.activity.tolist()
    assert ours.resource is not None
    assert theirs.resource is not None
    assert ours.resource.names == theirs.resource.names
    assert ours.resource.codes.tolist() == theirs.resource.codes.tolist()
    assert [r.row - 1 for r in ours.rejects] == [r.row for r in theirs.rejects]


def test_the_command_line_looks_into_a_database(file: Path) -> None:
    from typer.testing import CliRunner

    from streamline.cli import app

    found = CliRunner().invoke(
        app,
        [
            "inspect",
            f"sqlite:///{file}",
            "--table",
            "events",
            "--case",
            "case_id",
            "--start",
            "began",
            "--complete",
            "done",
        ],
    )
    assert found.exit_code == 0, found.output
    assert "events of agency.db: 2 cases" in found.output


def test_what_is_asked_wrongly(file: Path) -> None:
    with pytest.raises(ValueError, match=r"name either query .* or table"):
        sl.read_log(f"sqlite:///{file}")
    with pytest.raises(ValueError, match=r"name either query .* or table"):
        sl.read_log(f"sqlite:///{file}", query="select 1", table="events")
    with pytest.raises(ValueError, match="query and table are for databases"):
        sl.read_log(file, table="events")
    with pytest.raises(sl.FileFormatError, match=r"Addresses that begin with mysql:// aren't read") as caught:
        sl.read_log("mysql://user:hidden@host/db", table="events")
    assert "hidden" not in str(caught.value)
    with pytest.raises(sl.FileFormatError, match=r"named by its file: sqlite:///file.db, with three slashes"):
        sl.read_log("sqlite://file.db", table="events")


def test_without_the_driver_its_name_is_told() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\nimport streamline as sl\n"
        "try: sl.read_log('postgresql://h/d', table='t')\n"
        "except sl.MissingDependencyError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "Reading PostgreSQL needs psycopg: pip install 'streamline[postgresql]'\n"


@given(st.text(st.characters(blacklist_characters="@/?#[]:", blacklist_categories=("Cs", "Cc")), min_size=1))
def test_passwords_are_found_wherever_they_stand(word: str) -> None:
    from streamline.log.database import _secrets

    assert word in _secrets(f"postgresql://user:{word}@host/db")
    assert not holds_password("postgresql://user@host:5432/db")


def test_paths_are_no_addresses() -> None:
    for path in ("events.csv", "C:/data/events.csv", "C:\\data", "/a/b:c/d", "./x", Path("a/b")):
        assert not is_address(path)
    for path in (
        "postgresql://h/d",
        "POSTGRES://h",
        "postgresql+psycopg://h/d",
        "sqlite:///x",
        Path("sqlite:///x"),
        "s3://b/k",
    ):
        assert is_address(path)
