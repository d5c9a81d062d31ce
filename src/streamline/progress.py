"""How far a long run is: told in stages, and within a stage in steps. Whoever runs it decides how it is shown.

The command line passes a `Progress` of its own. Called from Python, what takes longer than two seconds shows a bar with
the time left on stderr, if stderr is a terminal or belongs to a notebook, and takes it away when it is done; a script
whose stderr is a file stays quiet. `set_progress(False)` keeps everything quiet. Of calls within calls only the
outermost is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: Seconds for which nothing is shown.
PATIENCE = 2.0

Step = Callable[[int, int], None]


class Progress:
    """Is told of each stage and step; this one shows nothing. Subclasses show them."""

    def __call__(self, message: str) -> None:
        """A stage begins; `message` says what is done in it, in a few words without a full stop."""

    def step(self, done: int, total: int) -> None:
        """So many steps of the stage are done."""

    def close(self) -> None:
        """Nothing more comes: the run is over, or failed."""


class Told(Progress):
    """Passes each stage to a function of one message."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def __call__(self, message: str) -> None:
        self._say(message)


class _Setting:
    """What `set_progress` sets, for the whole process."""

    shown = True


#: Whether a call further out shows how far it is, or was asked to show nothing.
_INSIDE: ContextVar[bool] = ContextVar("streamline_progress_inside", default=False)


def set_progress(shown: bool) -> None:
    """Whether what takes long shows how far it is, when it isn't told otherwise; on at the start.

    shown : False keeps terminals and notebooks quiet; a `progress` that is passed to a function is told all the same.
    """
    if not isinstance(shown, bool):
        raise TypeError(f"set_progress takes True or False; {shown!r} is neither.")
    _Setting.shown = shown


def as_progress(given: Progress | Callable[[str], None] | None) -> Progress:
    """What was given to be told of progress: nothing, a function of a message, or a `Progress`."""
    if given is None:
        return Progress()
    return given if isinstance(given, Progress) else Told(given)


@contextmanager
def in_charge(given: Progress | Callable[[str], None] | None) -> Iterator[Progress]:
    """What a run of several stages tells: what was given, else bars as the setting says; calls inside it show nothing.

    A `Progress` that was given is closed by whoever gave it.
    """
    own = given is None and _wanted()
    progress = _bars(0.0) if own else as_progress(given)
    before = _INSIDE.set(True)
    try:
        yield progress
    finally:
        _INSIDE.reset(before)
        if own:
            progress.close()


@contextmanager
def shown_if_slow(message: str) -> Iterator[Step]:
    """While the block runs: after two seconds a bar, with the time left as soon as steps are told; gone at its end.

    Yields a function of (steps done, of how many).
    """
    if not _wanted():
        yield _nothing
        return
    progress = _bars(PATIENCE)
    before = _INSIDE.set(True)
    try:
        progress(message)
        yield progress.step
    finally:
        _INSIDE.reset(before)
        progress.close()


def told_if_slow(message: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorates a function that is one stage: see `shown_if_slow`."""

    def around(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def told(*args: P.args, **kwargs: P.kwargs) -> R:
            with shown_if_slow(message):
                return function(*args, **kwargs)

        return told

    return around


def _nothing(done: int, total: int) -> None:
    del done, total


def _wanted() -> bool:
    return _Setting.shown and not _INSIDE.get()


def _bars(patience: float) -> Progress:
    from streamline.terminal import for_python

    return for_python(patience=patience)
