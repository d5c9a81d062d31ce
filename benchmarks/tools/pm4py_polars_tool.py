"""PM4Py on a Polars frame made by its `format_dataframe`: its fastest road, where it has one.

Waits and durations are None: on Polars frames PM4Py gives both in whole seconds only. Directly-follows and rework come
from `get_variants`, as in `pm4py_tool`.
"""

from __future__ import annotations

from pathlib import Path

import pm4py
import polars as pl
from questions import Answers

from tools.pm4py_tool import XES
from tools.shared import from_variants


def load(path: Path, columns: dict[str, str] = XES) -> pl.LazyFrame:
    """A formatted frame, collected and sorted, which PM4Py wants as a lazy one."""
    frame: pl.LazyFrame = pm4py.format_dataframe(pl.scan_parquet(path).select(list(columns)).rename(columns))
    return frame


def from_file(path: Path) -> Answers:
    """Without the resources, which no question needs."""
    return answer(load(path, {name: renamed for name, renamed in XES.items() if name != "resource"}))


def answer(frame: pl.LazyFrame) -> Answers:
    """What PM4Py answers exactly on Polars frames."""
    follows, variants, rework = from_variants(pm4py.get_variants(frame))
    return Answers(follows=follows, variants=variants, rework=rework)
