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
    """Columns that aren't in the file, all at once.

    `role` and `column` are those of the first; `others` holds the role and name of each further one that was asked for,
    and `unnamed` the roles for which the caller named none and no usual name is there. `usual` holds the names that were
    looked for, where the first is such a role.
    """

    def __init__(
        self,
        *,
        role: str,
        column: str,
        source: str,
        columns: Sequence[str],
        usual: Sequence[str] = (),
        others: Sequence[tuple[str, str]] = (),
        unnamed: Sequence[str] = (),
    ) -> None:
        self.role, self.column, self.source, self.columns = role, column, source, tuple(columns)
        self.usual, self.others = tuple(usual), tuple(others)
        self.unnamed = tuple(unnamed) or ((role,) if usual else ())
        named = [] if usual else [(role, column), *others]
        told = " ".join([*_not_there(named, source, columns), *_not_named(self.unnamed, source)])
        super().__init__(f"{told} Its columns are: {listed(columns, limit=30)}.")


#: What a column of a role holds, in words.
_HELD = {"case": "the case", "activity": "the activity", "complete": "the completion time"}


def _not_there(named: Sequence[tuple[str, str]], source: str, columns: Sequence[str]) -> list[str]:
    """A sentence for each column that was asked for."""
    return [
        f"{source} has no column {name!r} (asked for as {role}).{suggestion(name, columns)}" for role, name in named
    ]


def _not_named(roles: Sequence[str], source: str) -> list[str]:
    """One question for all roles without a column, and how each is named in Python, as an option and in a study."""
    if not roles:
        return []
    question = f"Which column of {source} holds {joined([_HELD.get(role, role) for role in roles])}?"
    none = "None has a usual name for it" if len(roles) == 1 else "None has a usual name for these"
    options, keys = joined([f"--{role}" for role in roles]), joined(roles)
    return [
        f"{question} {none}. Say so with {joined([f'{role}=…' for role in roles])} in Python, {options} on the command line, "
        f"or {keys} under log in a study."
    ]


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

    def __init__(
        self, *, what: str, name: str, known: Sequence[str], where: str = "the log", asked: str = "", hint: str = ""
    ) -> None:
        self.what, self.name, self.known = what, name, tuple(known)
        why = f" ({asked})" if asked else ""
        told = f" {hint}" if hint else suggestion(name, known)
        super().__init__(f"{where} has no {what} {name!r}{why}.{told} It has: {listed(sorted(known), limit=30)}.")


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


def joined(words: Sequence[str]) -> str:
    """Words as they are said one after the other.

    >>> joined(["the case"]), joined(["case", "activity", "complete"])
    ('the case', 'case, activity and complete')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def suggestion(name: str, known: Sequence[str], *, cutoff: float = 0.6) -> str:
    """`" Did you mean 'X'?"` for the nearest known name, or nothing.

    A name that begins with what was written is nearer than one that shares some letters with it.
    cutoff : how much two names must have in common, 0 to 1.

    >>> suggestion("Aprove decision", ["Approve decision", "Intake"])
    " Did you mean 'Approve decision'?"
    >>> suggestion("Where", ["Other", "Where is my permit"])
    " Did you mean 'Where is my permit'?"
    """
    folded = {k.casefold(): k for k in reversed(known)}
    written = name.casefold().strip()
    near = difflib.get_close_matches(written, list(folded), n=1, cutoff=max(cutoff, _ALMOST))
    if not near and len(written) >= _LEAST_BEGINNING:
        near = sorted((k for k in folded if k.startswith(written)), key=len)[:1]
    near = near or difflib.get_close_matches(written, list(folded), n=1, cutoff=cutoff)
    return f" Did you mean {folded[near[0]]!r}?" if near else ""


#: In common between names that differ by a slip of the pen.
_ALMOST = 0.85
#: Letters that a beginning must have to stand for the whole name.
_LEAST_BEGINNING = 3
