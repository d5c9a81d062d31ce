"""Whether an argument is what was read, not the file that it can be read from."""

from __future__ import annotations

from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog

#: What makes each, with what must be said besides the file.
_MADE = {EventLog: "sl.read_log({file}, …)", ContactLog: "sl.read_contacts({file}, time=…)"}


def check_log(log: object) -> None:
    """Raise TypeError for anything but an EventLog."""
    _check(log, EventLog, "log")


def check_contacts(contacts: object) -> None:
    """Raise TypeError for anything but a ContactLog."""
    _check(contacts, ContactLog, "contacts")


def _check(value: object, kind: type[EventLog] | type[ContactLog], name: str) -> None:
    if isinstance(value, kind):
        return
    written = f"{value!r} is none" if isinstance(value, str) else f"it is of type {type(value).__name__}"
    made = _MADE[kind].format(file=repr(value) if isinstance(value, str) else "file")
    raise TypeError(f"{name} must be {_article(kind)} {kind.__name__}; {written}. Read it first: {name} = {made}.")


def _article(kind: type) -> str:
    return "an" if kind.__name__[0] in "AEIOU" else "a"
