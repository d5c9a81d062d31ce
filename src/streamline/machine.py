"""What this machine offers: its processors, on which independent pieces of work run at once, and its memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")


#: Environment variable: so many processors this process may use at most; processes that run side by side share them so.
MOST_PROCESSORS = "STREAMLINE_PROCESSORS"


def n_processors() -> int:
    """Processors that this process may use, not those of the machine; at most as many as `MOST_PROCESSORS` says, if it is set.

    Raises ValueError where that isn't a whole number above 0.
    """
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    most = os.environ.get(MOST_PROCESSORS)
    if not most:
        return there
    if not most.isdecimal() or int(most) == 0:
        raise ValueError(f"{MOST_PROCESSORS} is {most!r}; it must be a whole number above 0, or not be set.")
    return min(there, int(most))


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
