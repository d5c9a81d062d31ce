"""What an object-centric file holds, before any of its object types is taken for the case."""

from __future__ import annotations

from dataclasses import dataclass, field

from streamline.errors import FileFormatError
from streamline.log.raw import Reject


@dataclass(slots=True)
class ObjectEvent:
    """One event: the text of each value, as in the file; None where the file has none."""

    id: str
    activity: str | None
    time: str | None
    #: Ids of the objects that it is about, each once, in the order of the file.
    objects: dict[str, None] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Object:
    """One object. An attribute that changed has several values, in the order of the file; the first is of the earliest time."""

    id: str
    type: str
    attributes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    #: Ids of the objects that it is related to, in the order of the file.
    related: dict[str, None] = field(default_factory=dict)

    def first(self, name: str) -> str | None:
        """The earliest value of an attribute; times of one file are written alike, so their texts are in order."""
        values = self.attributes.get(name)
        return min(values, key=lambda v: v[0])[1] if values else None


@dataclass(slots=True)
class ObjectLog:
    """Events and objects of a file. `add_event` and `add_object` set aside what comes twice."""

    source: str
    form: str
    events: list[ObjectEvent] = field(default_factory=list)
    objects: dict[str, Object] = field(default_factory=dict)
    #: Types that the file declares, with or without objects.
    types: dict[str, None] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    sha256: str = ""
    #: Row of each event: its place in the file, from 1.
    rows: list[int] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)
    _n_read: int = 0

    def add_event(self, event: ObjectEvent) -> None:
        """Take the next event of the file; one with the id of an earlier one is a reject."""
        self._n_read += 1
        if event.id in self._ids:
            self.reject(self._n_read, "event id", event.id, "repeats the id of an earlier event")
            return
        self._ids.add(event.id)
        self.events.append(event)
        self.rows.append(self._n_read)

    def add_object(self, thing: Object) -> None:
        """Take an object. Raises FileFormatError when there is another type for its id."""
        there = self.objects.setdefault(thing.id, thing)
        if there is thing:
            self.types.setdefault(thing.type)
            return
        if there.type != thing.type:
            raise FileFormatError(
                f"{self.source}: the object {thing.id!r} is both {there.type!r} and {thing.type!r}; an id has one type."
            )
        for name, values in thing.attributes.items():
            there.attributes.setdefault(name, []).extend(values)
        there.related.update(thing.related)

    def reject(self, row: int, column: str, value: str, reason: str) -> None:
        """Set a row aside, and say why."""
        self.rejects.append(Reject(file=self.source, row=row, column=column, value=value, reason=reason))

    @property
    def n_events(self) -> int:
        """Events in the file."""
        return self._n_read
