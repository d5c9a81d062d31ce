"""Small logs for replays: hours of a Monday, in UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import pytest

from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.log.read import read_log

MONDAY = pd.Timestamp("2025-01-06", tz="UTC")


@pytest.fixture(scope="session")
def log_of() -> Callable[..., EventLog]:
    """`log_of([(case, activity, start hour, end hour), …], **options)`; a start of None isn't recorded."""

    def make(rows: Iterable[tuple[str, str, float | None, float]], **options: Any) -> EventLog:
        frame = pd.DataFrame(
            [
                {
                    "case": case,
                    "activity": activity,
                    "start": None if start is None else MONDAY + pd.Timedelta(hours=start),
                    "complete": MONDAY + pd.Timedelta(hours=end),
                }
                for case, activity, start, end in rows
            ]
        )
        start = "start" if any(r[2] is not None for r in rows) else None
        return read_log(
            frame, case="case", activity="activity", start=start, complete="complete", timezone="UTC", **options
        )

    return make


@pytest.fixture(scope="session")
def office() -> Calendar:
    return Calendar(hours={"mon-fri": "08:00-17:00"})
