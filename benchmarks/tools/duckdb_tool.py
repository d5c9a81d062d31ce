"""DuckDB, in memory.

Tried on 10 million events, two cores, seconds, beside another process (best formulation first):

- sorting: a table of case numbers (0.5-1.0) joined, sorted by three integers 3-4; sorted by the strings 5-7
- waits: `lead() over ()` on the sorted table, compared by case, 0.3; `lead() over (partition by case order by ...)` 0.7-1.1;
  the same straight from `read_parquet` 5-6, which is more than sorting first, so `from_file` sorts first
- variants: `string_agg` of one character per step in the order of the table, on one thread 0.4. On two threads 0.2, but
  wrong: cases that straddle two row groups get their halves in the wrong order. `list(activity order by ...)` 1.1-2.3;
  `string_agg(... order by ...)` 1.8; by case and row group, then the parts in order, 1.4-1.6
- durations: `group by` 0.1-0.2
- rework from the table of variants: milliseconds; by case and activity 0.6-0.8
"""

from __future__ import annotations

from pathlib import Path

import duckdb
from questions import Answers, Edge, Sequence, Summary

from tools.shared import DAY, HOUR, from_variants

#: The character of the first activity in a case written as text.
FIRST = 65
QUANTILES = "quantile_cont({0}, 0.5), quantile_cont({0}, 0.9)"


def load(path: Path, *, resource: bool = True) -> duckdb.DuckDBPyConnection:
    """A table sorted by case, completion and start: numbers for cases and times, enums for the rest."""
    db = duckdb.connect()
    source = f"read_parquet('{path}')"
    for column in ["activity", "resource"] if resource else ["activity"]:
        db.execute(f"create type {column}_names as enum (select distinct {column} from {source} order by 1)")
    numbers = (
        f'select "case" as label, row_number() over ()::integer as number from (select distinct "case" from {source})'
    )
    db.execute(f"create table cases as {numbers}")
    db.execute(
        f"""create table steps as
        select number, activity::activity_names as activity, epoch_us(start) as start, epoch_us(complete) as complete
            {", resource::resource_names as resource" if resource else ""}
        from {source} join cases on label = "case"
        order by number, complete, start"""
    )
    return db


def from_file(path: Path) -> Answers:
    """Without the resources, which no question needs."""
    return answer(load(path, resource=False))


def answer(db: duckdb.DuckDBPyConnection) -> Answers:
    """Three queries: edges, variants, durations."""
    follows, waits = _edges(db)
    _, variants, rework = from_variants(_variants(db))
    cycles = "select max(complete) - min(start) as cycle from steps group by number"
    row = db.execute(f"select avg(cycle), {QUANTILES.format('cycle')} from ({cycles})").fetchone()
    assert row is not None
    return Answers(follows, waits, variants, Summary(*(value / DAY for value in row)), rework)


def _edges(db: duckdb.DuckDBPyConnection) -> tuple[dict[Edge, int], dict[Edge, Summary]]:
    """Both from one query: `lead() over ()` goes by the order of the table."""
    rows = db.execute(
        f"""select source, target, count(*), avg(wait), {QUANTILES.format("wait")} from (
            select activity as source, lead(activity) over () as target, lead(start) over () - complete as wait,
                number = lead(number) over () as same
            from steps)
        where same group by source, target"""
    ).fetchall()
    waits = {(source, target): Summary(*(value / HOUR for value in times)) for source, target, _, *times in rows}
    return {(source, target): n for source, target, n, *_ in rows}, waits


def _variants(db: duckdb.DuckDBPyConnection) -> dict[Sequence, int]:
    """Cases by sequence. One thread, because only then are the steps gathered in the order of the table."""
    names = [name for (name,) in db.execute("select unnest(enum_range(null::activity_names))").fetchall()]
    db.execute("set threads = 1")
    rows = db.execute(
        f"""select text, count(*) from (
            select string_agg(chr(enum_code(activity)::integer + {FIRST}), '') as text from steps group by number)
        group by text"""
    ).fetchall()
    db.execute("reset threads")
    return {tuple(names[ord(character) - FIRST] for character in text): n for text, n in rows}
