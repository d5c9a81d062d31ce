"""This library: `read_log`, and `log_summary`, which answers the five questions in one pass and also finds the loops.

`partitions` is the road for logs larger than memory: rows are split by case into files, which are summarised one by one.
"""

from __future__ import annotations

import os
from pathlib import Path

from questions import Answers, Rework, Summary, Variants

import streamline as sl
from tools.shared import frequent

COLUMNS = {"case": "case", "activity": "activity", "start": "start", "complete": "complete"}


def load(path: Path) -> sl.EventLog:
    """The log, with all five columns; rows that can't be used, duplicates and disorder are looked for too."""
    return sl.read_log(path, **COLUMNS, resource="resource")


def from_file(path: Path) -> Answers:
    """Straight to the summary: it reads the columns that it needs, and by partitions what doesn't fit."""
    return partitions(path, os.environ.get("STREAMLINE_BENCH_MEMORY", "3 GB"))


def partitions(path: Path, memory: str = "2 GB") -> Answers:
    """Piece by piece, within this much memory."""
    return _answers(sl.partitioned_summary(path, **COLUMNS, resource="resource", memory=memory, folder=path.parent))


def load_xes(path: Path) -> sl.EventLog:
    """An XES file, as it is."""
    return sl.read_log(path)


def answer(log: sl.EventLog) -> Answers:
    """One call."""
    return _answers(sl.log_summary(log))


def _answers(found: sl.LogSummary) -> Answers:
    edges = found.directly_follows
    pairs = list(zip(edges["source"], edges["target"], strict=True))
    values = edges[["mean_hours", "median_hours", "p90_hours"]].to_numpy().tolist()
    variants, counts = found.variants, found.variants.n_cases
    top = {
        tuple(found.activities[a] for a in variants.activity[variants.offsets[v] : variants.offsets[v + 1]]): int(
            counts[v]
        )
        for v in frequent(counts)
    }
    repeats = found.repeats[found.repeats["n_repeats"] > 0]
    return Answers(
        follows=dict(zip(pairs, edges["n"].tolist(), strict=True)),
        waits={pair: Summary(*row) for pair, row in zip(pairs, values, strict=True)},
        variants=Variants.of(counts, top),
        durations=Summary(*found.cycle_time["value"]),
        rework=Rework(dict(zip(repeats["activity"], repeats["n_repeats"].tolist(), strict=True)), found.n_repeating),
    )
