"""Progress on stderr: on a terminal a bar with the time left, elsewhere a line a stage, as a cron mail can carry it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

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


class StudyOutcome(Protocol):
    """What a line of a batch's log tells of one study."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def n_findings(self) -> int | None: ...
    @property
    def message(self) -> str: ...
    @property
    def seconds(self) -> float: ...


def outcome_line(outcome: StudyOutcome, *, now: datetime) -> str:
    """A study's line in the log of a batch, without colour: `2026-11-26T07:12:05Z done permits 159 findings 62 s`."""
    n = outcome.n_findings
    findings = "" if n is None else f" {n} finding{'' if n == 1 else 's'}"
    rest = {"done": f"{findings} {outcome.seconds:.0f} s", "kept": f"{findings}, nothing changed"}.get(
        outcome.state, f": {' '.join(outcome.message.split())}"
    )
    return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {outcome.state} {outcome.name}{rest}"


def log_outcome(outcome: StudyOutcome) -> None:
    """Print a study's line on stderr, with the time of now."""
    print(outcome_line(outcome, now=datetime.now(UTC)), file=sys.stderr, flush=True)


def log_batch(counts: Mapping[str, int]) -> None:
    """Print the last line of a batch on stderr."""
    said = ", ".join(f"{n} {state}" for state, n in counts.items())
    print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} batch {said}", file=sys.stderr, flush=True)
