"""Small services with people: logs that a person can add up, and what a replay of them says, in hours of a Monday."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.units import HOUR
from streamline.whatif.change import Change
from streamline.whatif.draws import OWN, bind, workload_of
from streamline.whatif.queue_model import QueueModel, Workload

sys.path.insert(0, str(Path(__file__).parent))  # simple_service

MONDAY = pd.Timestamp("2025-01-06", tz="UTC")
Row = tuple[str, str, float | None, float, str | None]


@pytest.fixture(scope="session")
def log_of() -> Callable[..., EventLog]:
    """`log_of([(case, activity, start, end, person), …], arrivals={case: hour}, **options)`; hours since Monday midnight.

    `columns` adds a column of the case: {name: {case: value}}. A start or person of None isn't recorded.
    """

    def make(
        rows: Iterable[Row],
        *,
        arrivals: Mapping[str, float] | None = None,
        columns: Mapping[str, Mapping[str, str | None]] | None = None,
        **options: Any,
    ) -> EventLog:
        frame = pd.DataFrame(
            [
                {
                    "case": case,
                    "activity": activity,
                    "start": None if start is None else MONDAY + pd.Timedelta(hours=start),
                    "complete": MONDAY + pd.Timedelta(hours=end),
                    "person": person,
                }
                for case, activity, start, end, person in rows
            ]
        )
        roles = {"case": "case", "activity": "activity", "complete": "complete", "timezone": "UTC"}
        if frame["start"].notna().any():
            roles["start"] = "start"
        else:
            frame = frame.drop(columns="start")
        if frame["person"].notna().any():
            roles["resource"] = "person"
        else:
            frame = frame.drop(columns="person")
        if arrivals is not None:
            frame["arrived"] = [MONDAY + pd.Timedelta(hours=arrivals[c]) for c in frame["case"]]
            roles["arrival"] = "arrived"
        for name, values in (columns or {}).items():
            frame[name] = [values.get(c) for c in frame["case"]]
        return read_log(frame, **{**roles, **options})

    return make


@pytest.fixture(scope="session")
def office() -> Calendar:
    return Calendar(hours={"mon-fri": "08:00-17:00"})


@pytest.fixture(scope="session")
def work_with() -> Callable[..., Workload]:
    """`work_with(model, *changes, seed=1, draw=OWN) -> Workload` of the log's own cases."""

    def make(model: QueueModel, *changes: Change, seed: int = 1, draw: int = OWN) -> Workload:
        return workload_of(model, model.weeks.own(), bind(model, changes), seed=seed, draw=draw)

    return make


@pytest.fixture(scope="session")
def instants(work_with: Callable[..., Workload]) -> Callable[..., dict[str, list[tuple[str, float, float]]]]:
    """`instants(model, *changes) -> {case: [(activity, start, complete), …]}` in hours since Monday, removed steps left out.

    Cases that come more than once are told apart by primes.
    """

    def make(model: QueueModel, *changes: Change, seed: int = 1) -> dict[str, list[tuple[str, float, float]]]:
        log, work = model.log, work_with(model, *changes, seed=seed)
        replayed = work.replayed()
        told: dict[str, list[tuple[str, float, float]]] = {}
        since = MONDAY.value // 1000
        for k, case in enumerate(log.case_id_array(work.cases.pick)):
            mine = np.arange(work.offsets[k], work.offsets[k + 1])
            name = str(case)
            while name in told:
                name += "'"
            told[name] = sorted(
                (
                    (
                        log.activities[int(work.activity[s])],
                        (int(replayed.start[s]) - since) / HOUR,
                        (int(replayed.complete[s]) - since) / HOUR,
                    )
                    for s in mine
                    if work.keep[s]
                ),
                key=lambda step: (step[1], step[2]),
            )
        return told

    return make


@pytest.fixture(scope="session")
def done(instants: Callable[..., Any]) -> Callable[..., list[float]]:
    """`done(model, *changes) -> hours since Monday at which each case is done`, in order of arrival."""

    def make(model: QueueModel, *changes: Change, seed: int = 1) -> list[float]:
        return [max(end for _, _, end in steps) for steps in instants(model, *changes, seed=seed).values()]

    return make
