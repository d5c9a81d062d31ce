"""The exceptions that this library raises.

::

    StreamlineError
    ├── LogError                  records that can't be used as they are
    │   ├── FileFormatError       (ValueError)    the file can't be read: empty, cut short, wrong encoding
    │   ├── MissingColumnError    (LookupError)   a column that isn't in the file
    │   ├── TimestampError        (ValueError)    dates that can be read in two ways, or need a time zone
    │   └── DataQualityError      (ValueError)    more rows set aside than the study allows
    ├── StudyError                (ValueError)    the study file: every problem with its path and line
    ├── ScenarioError             (ValueError)    a change that can't be made
    │   ├── UnknownNameError      (LookupError)   it names what the log doesn't have
    │   └── UnsupportedChangeError (NotImplementedError)  a kind that this version doesn't estimate
    ├── InsufficientDataError     (ValueError)    the records can't answer the question
    ├── OutputError               (OSError)       results can't be written
    └── MissingDependencyError    (ImportError)   an optional package is needed

Each message says what was found, where (a count and the first five), and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class StreamlineError(Exception):
    """Base of all errors that this library raises on purpose."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else self.__class__.__name__

    def __reduce__(self) -> tuple[object, ...]:
        """Errors travel between processes with their facts, whatever their constructors take."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[StreamlineError], args: tuple[object, ...], facts: dict[str, object]) -> StreamlineError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(facts)
    return error


class LogError(StreamlineError):
    """Records that can't be used as they are."""


class FileFormatError(LogError, ValueError):
    """A file that can't be read: empty, cut short, of another encoding or kind."""


class MissingColumnError(LogError, LookupError):
    """A column that isn't in the file; `usual` holds the names that were looked for where the caller named none."""

    def __init__(
        self, *, role: str, column: str, source: str, columns: Sequence[str], usual: Sequence[str] = ()
    ) -> None:
        self.role, self.column, self.source, self.columns = role, column, source, tuple(columns)
        self.usual = tuple(usual)
        what = (
            f"{source} has no column {column!r} (nor another usual name for the {role}; say which it is: {role}=…, "
            f"or --{role} on the command line)."
            if usual
            else f"{source} has no column {column!r} (asked for as {role}).{suggestion(column, columns)}"
        )
        super().__init__(f"{what} Its columns are: {listed(columns, limit=30)}.")


class TimestampError(LogError, ValueError):
    """Dates that can be read in two ways, or local times without a zone."""


class DataQualityError(LogError, ValueError):
    """More rows had to be set aside than the study allows; `rejects` holds them where they are known."""

    def __init__(self, message: str, *, rejects: Sequence[object] = ()) -> None:
        self.rejects = tuple(rejects)
        super().__init__(message)


class StudyError(StreamlineError, ValueError):
    """A study file with problems; `problems` holds all of them."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source, self.problems = source, tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{source} has {count}:\n" + "\n".join(f"  - {p}" for p in problems))


class ScenarioError(StreamlineError, ValueError):
    """A change that can't be made."""


class UnknownNameError(ScenarioError, LookupError):
    """A change, or an option, names what the log doesn't have."""

    def __init__(self, *, what: str, name: str, known: Sequence[str], where: str = "the log") -> None:
        self.what, self.name, self.known = what, name, tuple(known)
        super().__init__(
            f"{where} has no {what} {name!r}.{suggestion(name, known)} It has: {listed(sorted(known), limit=30)}."
        )


class UnsupportedChangeError(ScenarioError, NotImplementedError):
    """A kind of change that this version doesn't estimate."""


class InsufficientDataError(StreamlineError, ValueError):
    """The records can't answer the question."""


class OutputError(StreamlineError, OSError):
    """Results can't be written."""


class MissingDependencyError(StreamlineError, ImportError):
    """An optional package is needed."""


def listed(names: Iterable[object], *, limit: int = 5) -> str:
    """Name the first `limit` items, and say how many more there are.

    >>> listed(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    """
    items = list(names)
    text = ", ".join(repr(str(i)) for i in items[:limit])
    if not items:
        return "(none)"
    return text if len(items) <= limit else f"{text} and {len(items) - limit} more"


def suggestion(name: str, known: Sequence[str]) -> str:
    """`" Did you mean 'X'?"` for the nearest known name, or nothing.

    >>> suggestion("Aprove decision", ["Approve decision", "Intake"])
    " Did you mean 'Approve decision'?"
    """
    folded = {k.casefold(): k for k in reversed(known)}
    near = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f" Did you mean {folded[near[0]]!r}?" if near else ""
