"""Seeded logs for the benchmarks: cases with loops, written in order of time, so that the events of a case lie scattered."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ACTIVITIES = (
    "Receive application", "Intake check", "Request information", "Information received", "Schedule interview",
    "Interview", "Verify income", "Eligibility review", "Quality check", "Approve decision", "Issue notice", "Withdrawn",
)  # fmt: skip
#: Chance of each next activity; the last column ends the case.
NEXT = np.array(
    [
        # RA   IC   RI   IR   SI   IN   VI   ER   QC   AD   NO   WD   end
        [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.3, 0.0, 0.68, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.02, 0.0],
        [0.0, 0.0, 0.0, 0.96, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.04, 0.0],
        [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.7, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.05, 0.0, 0.65, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 0.0, 0.75, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.08, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.92, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.17, 0.0, 0.83, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    ]
)
#: Mean hours of waiting before each activity, and of work in it.
WAIT = np.array([0.0, 6, 4, 150, 8, 100, 90, 40, 4, 40, 8, 20])
WORK = np.array([0.0, 0.4, 0.3, 0.0, 0.2, 1.0, 0.7, 2.5, 0.6, 0.2, 0.1, 0.1])
N_RESOURCES = 400
HOUR = 3_600_000_000
#: Cases made at a time; a block's cases arrive in a stretch of time of its own.
BLOCK = 200_000
FIRST = int(np.datetime64("2015-01-05", "us").astype(np.int64))


def block(first_case: int, n_cases: int, rng: np.random.Generator, hours_between: float) -> pa.Table:
    """The events of `n_cases` cases, in order of completion."""
    limit = np.cumsum(NEXT, axis=1)
    arrival = FIRST + ((first_case + np.sort(rng.random(n_cases)) * n_cases) * hours_between * HOUR).astype(np.int64)
    alive, activity, clock = np.arange(n_cases), np.zeros(n_cases, dtype=np.int8), arrival.copy()
    parts = []
    while len(alive):
        start = clock + (rng.exponential(1.0, len(alive)) * WAIT[activity] * HOUR).astype(np.int64)
        complete = start + (rng.exponential(1.0, len(alive)) * WORK[activity] * HOUR).astype(np.int64)
        parts.append((alive, activity, start, complete))
        following = (rng.random(len(alive))[:, None] >= limit[activity]).sum(axis=1)
        on = following < len(ACTIVITIES)
        alive, activity, clock = alive[on], following[on].astype(np.int8), complete[on]
    case, activity, start, complete = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(complete, kind="stable")
    case, activity, start, complete = case[order], activity[order], start[order], complete[order]
    resource = rng.integers(0, N_RESOURCES, len(case)).astype(np.int16)
    return pa.table(
        {
            "case": pa.array(np.char.add("C", (first_case + case + 100_000_000).astype("U9"))),
            "activity": pa.DictionaryArray.from_arrays(pa.array(activity), pa.array(ACTIVITIES)),
            "start": pa.array(start, pa.timestamp("us", tz="UTC")),
            "complete": pa.array(complete, pa.timestamp("us", tz="UTC")),
            "resource": pa.DictionaryArray.from_arrays(
                pa.array(resource), pa.array([f"worker-{i:03d}" for i in range(N_RESOURCES)])
            ),
        }
    )


def generate(path: Path, n_events: int, *, seed: int = 1) -> Path:
    """Write about `n_events` events (whole cases, at least that many) as Parquet."""
    rng = np.random.Generator(np.random.PCG64(seed))
    hours_between = 10 * 365.25 * 24 / max(n_events / 10, 1)  # ten years of arrivals, whatever the size
    written, first_case, writer = 0, 0, None
    while written < n_events:
        n_cases = min(BLOCK, max(1000, round((n_events - written) / 9.9)))
        table = block(first_case, n_cases, rng, hours_between)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
        written, first_case = written + table.num_rows, first_case + n_cases
    assert writer is not None
    writer.close()
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("events", type=int)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(generate(given.path, given.events, seed=given.seed))
