"""Runs independent pieces of work on all processors; compiled kernels, numpy and Arrow let the interpreter go meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Answer = TypeVar("Answer")


def n_processors() -> int:
    """Processors that this process may use, not those of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(tasks: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """The answers of the tasks, in their order; the first error that any of them raises is raised."""
    workers = min(n_processors(), len(tasks))
    if workers < 2:
        return [task() for task in tasks]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda task: task(), tasks))
