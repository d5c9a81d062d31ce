"""How long waiting by cause takes, on logs of 10,000 to 1 million events, beside a straightforward pandas version.

In these logs a step begins when its resource is free and on duty. In one, 21 people do all of a million steps and the queue
grows to thousands of cases: each wait then spans thousands of other steps. The pandas version must give the same causes as
ours, or nothing is printed.

    python benchmarks/waiting.py [--most 1000000]
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from waiting_pandas import causes_of_waits

from streamline.log.calendar import Calendar
from streamline.log.duty import duty_period
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.waits.path import paths
from streamline.measure.waits.tables import CAUSES
from streamline.measure.waits.waiting import waiting_by_cause
from streamline.units import HOUR, MINUTE

HOURS = Calendar(hours={"mon-fri": "08:00-17:00"})
ACTIVITIES = ("Receive", "Intake check", "Information received", "Review", "Second review", "Approve", "Issue")
#: Mean minutes of work in each activity.
WORK = np.array([2.0, 12.0, 1.0, 45.0, 30.0, 8.0, 4.0])
FIRST = int(np.datetime64("2020-01-06", "us").astype(np.int64))


def queued_log(n_events: int, *, staff: int | None = None, load: float = 0.8, seed: int = 1) -> EventLog:
    """A log in which steps queue for a resource in order of being ready. Each activity has `staff` resources: 3 per 10,000
    events when None, and then the same length of time for any number of events; the reviewers are busy for `load` of theirs,
    and their queue grows without end where that is over 1."""
    rng = np.random.Generator(np.random.PCG64(seed))
    n_cases, per_activity = n_events // len(ACTIVITIES), staff or max(3, 3 * n_events // 10_000)
    opening = HOURS.openings(FIRST, FIRST + 40 * 365 * 24 * HOUR)
    before = np.concatenate([[0], np.cumsum(opening[:, 1] - opening[:, 0])])
    # everything happens in office time: instants of a clock that stands still at night
    ready = np.cumsum(rng.exponential(WORK.max() * MINUTE / (load * per_activity), n_cases))
    columns = []
    for activity, minutes in enumerate(WORK):
        order = np.argsort(ready, kind="stable")
        service = rng.exponential(minutes * MINUTE, n_cases)
        who = rng.integers(0, per_activity, n_cases)
        start, done, free = np.empty(n_cases), np.empty(n_cases), np.zeros(per_activity)
        for k in order:
            start[k] = max(ready[k], free[who[k]])
            done[k] = free[who[k]] = start[k] + service[k]
        columns.append((np.arange(n_cases), np.full(n_cases, activity), start, done, who + activity * per_activity))
        ready = done
    case, activity, start, done, who = (np.concatenate(part) for part in zip(*columns, strict=True))

    def instants(worked: np.ndarray) -> pd.DatetimeIndex:
        place = np.searchsorted(before, worked, side="right") - 1
        return pd.DatetimeIndex((opening[place, 0] + (worked - before[place])).astype("datetime64[us]"), tz="UTC")

    frame = pd.DataFrame(
        {"case": case.astype(str), "activity": np.array(ACTIVITIES)[activity], "start": instants(start),
         "complete": instants(done), "resource": np.char.add("worker-", who.astype(str))}
    )  # fmt: skip
    return read_log(
        frame, case="case", activity="activity", start="start", complete="complete", resource="resource",
        timezone="UTC", external=["Information received"],
    )  # fmt: skip


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def by_pandas(log: EventLog) -> pd.DataFrame:
    found = paths(log)
    assert log.resource is not None
    steps = pd.DataFrame(
        {"enabled": found.enabled, "start": log.start, "complete": log.complete, "resource": log.resource.codes,
         "external": log.external_step}
    )  # fmt: skip
    return causes_of_waits(steps, HOURS.openings(*duty_period(log)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--most", type=int, default=1_000_000)
    most = parser.parse_args().most
    waiting_by_cause(queued_log(2_000), draws=10)  # compiles, or loads what was compiled
    small = queued_log(10_000)
    slow, theirs = seconds(lambda: by_pandas(small))
    ours = waiting_by_cause(small, calendar=HOURS, draws=10)
    wrong = (theirs.to_numpy() != ours.causes[:, [CAUSES.index(c) for c in theirs]]).any(axis=1)
    if wrong.any():
        raise SystemExit(f"{int(wrong.sum()):,} of {len(wrong):,} steps differ from the pandas version.")
    print("| events | what | seconds | events a second |")
    print("| --- | --- | --- | --- |")
    print(
        f"| {small.n_steps:,} | pandas, one wait after another, hours given | {slow:.2f} | {small.n_steps / slow:,.0f} |"
    )
    size = 10_000
    while size <= most:
        log = small if size == 10_000 else queued_log(size)
        for what, options in (("hours given", {"calendar": HOURS}), ("hours discovered", {})):
            taken = min(seconds(lambda log=log, options=options: waiting_by_cause(log, **options))[0] for _ in range(3))
            print(f"| {log.n_steps:,} | streamline, {what} | {taken:.2f} | {log.n_steps / taken:,.0f} |", flush=True)
        size *= 10
    log = queued_log(most, staff=3, load=1.2)
    taken = min(seconds(lambda: waiting_by_cause(log, calendar=HOURS))[0] for _ in range(3))
    print(
        f"| {log.n_steps:,} | streamline, hours given, a queue of thousands | {taken:.2f} | {log.n_steps / taken:,.0f} |"
    )
    print(f"\nPeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB, the logs included.")


if __name__ == "__main__":
    main()
