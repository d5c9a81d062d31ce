"""Object-centric logs in XML (OCEL 2.0), read as a stream by expat; documents with entities are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from streamline.log.files import chunks
from streamline.log.ocel_records import Object, ObjectEvent, ObjectLog
from streamline.log.raw import shortened
from streamline.log.xes import SafeParser

_PART = 1 << 18
_EVENT = ("log", "events", "event")
_OBJECT = ("log", "objects", "object")
_TYPE = ("log", "object-types", "object-type")


def objects_of_xml(path: Path) -> ObjectLog:
    """Read the file. Raises FileFormatError when it is cut short, not well-formed, or not OCEL 2.0; it says where."""
    log = ObjectLog(source=path.name, form="OCEL 2.0, XML")
    parser = SafeParser(path.name, _Collector(log), what="an OCEL 2.0 file")
    for block in chunks(path):
        for at in range(0, len(block), _PART):
            parser.feed(block[at : at + _PART])
    parser.feed(b"", last=True)
    return log


class _Collector:
    """Takes elements from expat into events and objects."""

    def __init__(self, log: ObjectLog) -> None:
        self.log = log
        self.path: list[str] = []
        self.event: ObjectEvent | None = None
        self.object: Object | None = None
        #: Name and time of the attribute at hand, and the pieces of its text.
        self.attribute: tuple[str, str] | None = None
        self.text: list[str] = []
        self.refuse: Callable[[str, str], NoReturn]

    def attach(self, parser: expat.XMLParserType, refuse: Callable[[str, str], NoReturn]) -> None:
        """Register the handlers."""
        self.refuse = refuse
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._letters

    def _begin(self, tag: str, given: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self.path.append(name)
        place, depth = tuple(self.path), len(self.path)
        if depth == 1 and name != "log":
            self.refuse(f"is XML but not OCEL: it begins with <{shortened(name)}>.", "OCEL begins with <log>.")
        elif depth == 2 and name == "trace":
            self.refuse("is XES, not OCEL.", "Read it with read_log.")
        elif place == _TYPE:
            self.log.types.setdefault(self._needed(given, "name", name))
        elif place == _EVENT:
            self.event = ObjectEvent(
                id=self._needed(given, "id", name), activity=given.get("type"), time=given.get("time")
            )
        elif place == _OBJECT:
            self.object = Object(id=self._needed(given, "id", name), type=self._needed(given, "type", name))
        elif depth == 5 and (self.event is not None or self.object is not None):
            if name == "attribute":
                self.attribute, self.text = (self._needed(given, "name", name), given.get("time", "")), []
            elif name in ("relationship", "object"):
                links = self.event.objects if self.event is not None else self.object.related if self.object else {}
                links.setdefault(self._needed(given, "object-id", name))

    def _letters(self, text: str) -> None:
        if self.attribute is not None:
            self.text.append(text)

    def _end(self, _tag: str) -> None:
        depth = len(self.path)
        self.path.pop()
        if depth == 5 and self.attribute is not None:
            (name, time), value = self.attribute, "".join(self.text).strip()
            self.attribute = None
            if value and self.event is not None:
                self.event.attributes.setdefault(name, value)
            elif value and self.object is not None:
                self.object.attributes.setdefault(name, []).append((time, value))
        elif depth == 3 and self.event is not None:
            self.log.add_event(self.event)
            self.event = None
        elif depth == 3 and self.object is not None:
            self.log.add_object(self.object)
            self.object = None

    def _needed(self, given: dict[str, str], key: str, element: str) -> str:
        if key not in given:
            self.refuse(f"has an <{element}> without {key!r}.", "OCEL 2.0 needs it; export the log again.")
        return given[key]
