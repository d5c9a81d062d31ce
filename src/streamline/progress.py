"""How far a long run is: told in stages, and within a stage in steps. Whoever runs it decides how it is shown."""

from __future__ import annotations

from collections.abc import Callable


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


def as_progress(given: Progress | Callable[[str], None] | None) -> Progress:
    """What was given to be told of progress: nothing, a function of a message, or a `Progress`."""
    if given is None:
        return Progress()
    return given if isinstance(given, Progress) else Told(given)
