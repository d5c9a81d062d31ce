"""Progress on stderr: on a terminal a bar with the time left, elsewhere a line a stage, as a cron mail can carry it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from streamline.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Lines(Progress):
    """A line at the beginning of each stage."""

    def __call__(self, message: str) -> None:
        print(f"  {message} …", file=sys.stderr, flush=True)


class Bar(Progress):
    """A line for each stage; while it is at work, a bar of its steps with the time left, which goes away with it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        self._console = Console(stderr=True, highlight=False)
        self._bars: Bars = Bars(
            TextColumn("  {task.description} …"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left:"), TimeRemainingColumn(), console=self._console, transient=True,
        )  # fmt: skip
        self._task: TaskID | None = None
        self._message = ""

    def __call__(self, message: str) -> None:
        self._end()
        self._message = message
        self._console.print(f"  {message} …", markup=False)

    def step(self, done: int, total: int) -> None:
        if self._task is None:
            self._bars.start()
            self._task = self._bars.add_task(self._message, total=total)
        self._bars.update(self._task, completed=done, total=total)

    def close(self) -> None:
        self._end()

    def _end(self) -> None:
        if self._task is not None:
            self._bars.stop()
            self._bars.remove_task(self._task)
            self._task = None


def on_stderr(*, quiet: bool) -> Progress:
    """How a command shows its progress."""
    if quiet:
        return Progress()
    return Bar() if sys.stderr.isatty() else Lines()
