"""What this machine offers: its processors, on which independent pieces of work run at once, and its memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")


def n_processors() -> int:
    """Processors that this process may use, not those of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(tasks: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """The answers of the tasks, in their order; the first error that any of them raises is raised.

    They run at the same time where they let the interpreter go: compiled kernels, numpy and Arrow do.
    """
    workers = min(n_processors(), len(tasks))
    if workers < 2:
        return [task() for task in tasks]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda task: task(), tasks))


def free_memory() -> int:
    """Bytes of memory that this machine can give."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        return 1024 * int(text.partition("MemAvailable:")[2].split()[0])
    except (OSError, IndexError, ValueError):  # not Linux
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
