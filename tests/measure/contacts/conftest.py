"""A small log of customers and calls in days, for the contacts' tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.read import read_contacts, read_log

MONDAY = pd.Timestamp("2025-01-06", tz="UTC")


def _at(days: float | None) -> pd.Timestamp:
    return pd.NaT if days is None else MONDAY + pd.Timedelta(microseconds=round(days * 86_400_000_000))


@pytest.fixture(scope="session")
def cases_of() -> Callable[..., EventLog]:
    """`cases_of(rows, columns=(), **options)`: rows of (case, activity, start day, completion day, …further columns)."""

    def make(rows: list[tuple[Any, ...]], *, columns: tuple[str, ...] = (), **options: Any) -> EventLog:
        frame = pd.DataFrame(rows, columns=["case", "activity", "start", "complete", *columns])
        for name in ("start", "complete"):
            frame[name] = pd.to_datetime([_at(d) for d in frame[name]], utc=True)
        given: dict[str, Any] = {"channel": "channel"} if "channel" in columns else {}
        extra = [c for c in columns if c != "channel"]
        return read_log(
            frame,
            case="case",
            activity="activity",
            start="start",
            complete="complete",
            attributes=extra,
            **given,
            **options,
        )

    return make


@pytest.fixture(scope="session")
def calls_of() -> Callable[..., ContactLog]:
    """`calls_of(rows, columns=(), **options)`: rows of (case, day, …further columns, named as their roles)."""

    def make(rows: list[tuple[Any, ...]], *, columns: tuple[str, ...] = (), **options: Any) -> ContactLog:
        frame = pd.DataFrame(rows, columns=["case", "time", *columns])
        frame["time"] = pd.to_datetime([_at(d) for d in frame["time"]], utc=True)
        return read_contacts(frame, case="case", time="time", **{c: c for c in columns}, **options)

    return make
