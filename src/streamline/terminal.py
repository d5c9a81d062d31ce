"""Progress on stderr: on a terminal a bar with the time left, elsewhere a line a stage, as a cron mail can carry it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from streamline.progress import Progress
from streamline.units import SECOND, duration_words

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


class Slow(Progress):
    """Shows one stage once it has taken `patience` seconds, by a bar; the bar goes away at the end of the stage.

    A timer begins the bar, so that a stage without steps is shown too: then with the time that it has taken.
    """

    def __init__(self, bar: Progress, *, patience: float) -> None:
        self._bar, self._patience = bar, patience
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._message, self._last = "", (0, 0)
        self._shown = False

    def __call__(self, message: str) -> None:
        self.close()
        self._message, self._last = message, (0, 0)
        self._timer = threading.Timer(self._patience, self._begin)
        self._timer.daemon = True
        self._timer.start()

    def step(self, done: int, total: int) -> None:
        with self._lock:
            self._last = done, total
            if self._shown:
                self._bar.step(done, total)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._timer = None
            if self._shown:
                self._bar.close()
            self._shown = False

    def _begin(self) -> None:
        with self._lock:
            if self._timer is None:  # the stage ended while this waited
                return
            self._shown = True
            self._bar(self._message)
            self._bar.step(*self._last)


class Passing(Progress):
    """A bar with the time left, or, until steps are told, the time taken; leaves nothing on the screen."""

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._task: TaskID | None = None

    def __call__(self, message: str) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        self.close()
        self._bars = Bars(
            TextColumn("  {task.description} …"), BarColumn(), TextColumn("{task.fields[count]}"), TimeElapsedColumn(),
            TextColumn("left:"), TimeRemainingColumn(), console=Console(stderr=True, highlight=False), transient=True,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._bars.start()
        self._task = self._bars.add_task(escape(message), total=None, count="")

    def step(self, done: int, total: int) -> None:
        if self._bars is not None and self._task is not None and total:
            self._bars.update(self._task, completed=done, total=total, count=f"{done:,}/{total:,}")

    def close(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


class InNotebook(Progress):
    """One line on stderr that is written over, for notebooks: what is done, steps, and about how long is left.

    A notebook keeps the line's place, so at the end it says how long the stage took.
    """

    #: Seconds between two lines: a notebook keeps up with no more.
    EVERY = 0.5

    def __init__(self) -> None:
        self._message, self._began, self._written, self._width = "", 0.0, 0.0, 0

    def __call__(self, message: str) -> None:
        self.close()
        self._message, self._began, self._written = message, time.monotonic(), 0.0
        self._write(f"  {message} …")

    def step(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not total or now - self._written < self.EVERY:
            return
        self._written = now
        left = (now - self._began) / done * (total - done) if done else float("nan")
        about = f", about {duration_words(left * SECOND)} left" if done else ""
        self._write(f"  {self._message} … {done:,}/{total:,}{about}")

    def close(self) -> None:
        if self._width:
            self._write(f"  {self._message}: took {duration_words((time.monotonic() - self._began) * SECOND)}")
            print(file=sys.stderr, flush=True)
            self._width = 0

    def _write(self, line: str) -> None:
        print("\r" + line.ljust(self._width), end="", file=sys.stderr, flush=True)
        self._width = len(line)


def for_python(*, patience: float) -> Progress:
    """How a call from Python shows its progress: as bars on a terminal, as a line in a notebook, elsewhere not at all."""
    if sys.stderr is None:
        return Progress()
    bar = Passing() if sys.stderr.isatty() else InNotebook() if _in_notebook() else None
    return Progress() if bar is None else Slow(bar, patience=patience)


def _in_notebook() -> bool:
    """Whether stderr goes to a notebook's kernel."""
    return type(sys.stderr).__module__.startswith("ipykernel.")
