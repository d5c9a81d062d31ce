"""Small logs from rows of hours, and figures of a result by the name of its row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import pytest

from streamline.log.event_log import EventLog
from streamline.log.read import read_log

#: Hour 0 of the small logs: Monday 6 January 2025, midnight UTC.
MONDAY = pd.Timestamp("2025-01-06", tz="UTC")


def _at(hours: float | None) -> pd.Timestamp:
    return pd.NaT if hours is None else MONDAY + pd.Timedelta(microseconds=round(hours * 3_600_000_000))


@pytest.fixture(scope="session")
def at() -> Callable[[float | None], pd.Timestamp]:
    """`at(hours)`: that many hours after Monday midnight; NaT for None."""
    return _at


@pytest.fixture(scope="session")
def log_of() -> Callable[..., EventLog]:
    """`log_of(rows, **options) -> EventLog`: rows of (case, activity, start, complete), in hours, start may be None;
    further columns are named by `columns`."""

    def make(rows: Iterable[tuple[Any, ...]], *, columns: tuple[str, ...] = (), **options: Any) -> EventLog:
        frame = pd.DataFrame(rows, columns=["case", "activity", "start", "complete", *columns])
        for name in ("start", "complete"):
            frame[name] = pd.to_datetime([_at(None if pd.isna(h) else h) for h in frame[name]], utc=True)
        given = {name: name for name in columns if name in ("resource", "channel")}
        if frame["start"].isna().all():
            frame = frame.drop(columns="start")
        else:
            given["start"] = "start"
        return read_log(frame, case="case", activity="activity", complete="complete", **given, **options)

    return make


@pytest.fixture(scope="session")
def row() -> Callable[..., dict[str, Any]]:
    """`row(result, name) -> dict`: the row of the result's table whose first column is `name`."""

    def find(result: Any, name: Any) -> dict[str, Any]:
        table = result.table
        found = table[table.iloc[:, 0] == name]
        assert len(found) == 1, f"{name!r} is in {len(found)} rows of {table.iloc[:, 0].tolist()}"
        return dict(found.iloc[0])

    return find
