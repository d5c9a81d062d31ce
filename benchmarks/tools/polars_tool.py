"""Polars.

Tried on 10 million events, two cores, seconds, beside another process (best formulation first):

- sorting, with reading: eager read, cases cast to Categorical, their integer codes first in a streaming sort 2.3; in-memory
  sort on the same codes 3.4; sort by the strings 3.1; sort by time and a stable sort by code 2.2; the same with one
  64-bit key 2.2; lists per case and `explode` 2.3; lazy scan and streaming sort in one plan 3.2
- waits: shift and compare, one integer key per edge, streaming 0.4 (in-memory 0.5); two categorical keys 0.8-5;
  a struct of both 1.3; `shift().over("case")` 1.7 (in-memory 6.8)
- variants: `group_by` of a column flagged as sorted into lists of integer codes, then `group_by` of the lists, streaming
  0.05 (not flagged 0.65, in-memory 0.2); joined strings 0.5
- durations: `max` and `min` per case, streaming 0.1 (in-memory 0.3-0.9)
- directly-follows and rework from the table of variants: milliseconds; rework by case and activity 0.8
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from questions import Answers, Edge, Rework, Summary, Variants

from tools.shared import DAY, HOUR, frequent

CODE, NEXT = pl.col("step"), pl.col("step").shift(-1)
#: More than there are activities.
BASE = 1 << 16


def load(path: Path, columns: list[str] | None = None) -> pl.DataFrame:
    """A frame sorted by case, completion and start, with the codes of cases and activities beside their names."""
    frame = pl.read_parquet(path, columns=columns).with_columns(pl.col("case", "activity").cast(pl.Categorical))
    codes = {"code": pl.col("case").to_physical(), "step": pl.col("activity").to_physical()}
    return frame.lazy().with_columns(**codes).sort("code", "complete", "start").collect(engine="streaming")


def from_file(path: Path) -> Answers:
    """Without the resources, which no question needs."""
    return answer(load(path, ["case", "activity", "start", "complete"]))


def answer(frame: pl.DataFrame) -> Answers:
    """Three plans over the sorted frame: edges, variants, durations."""
    lazy = frame.lazy().set_sorted("code")
    names = dict(frame.select("step", pl.col("activity").cast(pl.String)).unique("step").iter_rows())
    follows, waits = _edges(lazy, names)
    variants, rework = _variants(lazy, names)
    return Answers(follows, waits, variants, _durations(lazy), rework)


def _edges(lazy: pl.LazyFrame, names: dict[int, str]) -> tuple[dict[Edge, int], dict[Edge, Summary]]:
    wait = (pl.col("start").shift(-1) - pl.col("complete")).dt.total_microseconds()
    edges = (
        lazy.select("code", edge=CODE.cast(pl.Int64) * BASE + NEXT, wait=wait)
        .filter(pl.col("code") == pl.col("code").shift(-1))
        .group_by("edge")
        .agg(pl.len(), *_summary(pl.col("wait"), HOUR))
        .collect(engine="streaming")
    )
    rows = [((names[edge // BASE], names[edge % BASE]), n, values) for edge, n, *values in edges.iter_rows()]
    return {edge: n for edge, n, _ in rows}, {edge: Summary(*values) for edge, _, values in rows}


def _variants(lazy: pl.LazyFrame, names: dict[int, str]) -> tuple[Variants, Rework]:
    """Variants as lists of codes; rework from the variants, of which there are few."""
    table = lazy.group_by("code").agg("step").group_by("step").agg(n=pl.len()).collect(engine="streaming")
    counts = table["n"].to_numpy()
    top = table[frequent(counts)]
    frequencies = {tuple(names[code] for code in steps): n for steps, n in top.iter_rows()}
    repeats = table.lazy().with_row_index("variant").explode("step").group_by("variant", "step")
    repeated = repeats.agg(pl.col("n").first(), times=pl.len() - 1).filter(pl.col("times") > 0).collect()
    by_activity = repeated.group_by("step").agg((pl.col("n").cast(pl.Int64) * pl.col("times")).sum())
    cases = int(repeated.unique("variant")["n"].cast(pl.Int64).sum())
    rework = Rework({names[code]: n for code, n in by_activity.iter_rows()}, cases)
    return Variants.of(counts, frequencies), rework


def _durations(lazy: pl.LazyFrame) -> Summary:
    cycle = (pl.col("complete").max() - pl.col("start").min()).dt.total_microseconds()
    cases = lazy.group_by("code").agg(cycle=cycle)
    return Summary(*cases.select(*_summary(pl.col("cycle"), DAY)).collect(engine="streaming").row(0))


def _summary(times: pl.Expr, unit: int) -> list[pl.Expr]:
    values = {"mean": times.mean(), "median": times.median(), "p90": times.quantile(0.9, "linear")}
    return [(value / unit).alias(name) for name, value in values.items()]
