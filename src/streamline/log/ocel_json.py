"""Object-centric logs in JSON: OCEL 2.0, and its predecessor OCEL 1.0, whose keys begin with `ocel:`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streamline.errors import FileFormatError
from streamline.log.files import chunks
from streamline.log.ocel_records import Object, ObjectEvent, ObjectLog
from streamline.log.raw import shortened


def objects_of_json(path: Path) -> ObjectLog:
    """Read the file. Raises FileFormatError when it is cut short, not JSON, or not OCEL; it says where."""
    try:
        content = json.loads(b"".join(chunks(path)).decode("utf-8-sig"), object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path.name} isn't UTF-8 text (byte {error.start:,}); JSON is.") from error
    except _TwiceError as error:
        raise FileFormatError(
            f"{path.name} has the key {error} twice in one object; one of the two would be lost."
        ) from error
    except json.JSONDecodeError as error:
        raise FileFormatError(
            f"{path.name} isn't whole JSON, at line {error.lineno:,}, column {error.colno:,}: {error.msg}. "
            "Copy or export the whole file again."
        ) from error
    except (RecursionError, ValueError) as error:
        raise FileFormatError(f"{path.name} can't be read as JSON: {error}.") from error
    if not isinstance(content, dict):
        raise FileFormatError(f"{path.name} is JSON and no object-centric log: it holds a {type(content).__name__}.")
    if "ocel:events" in content:
        return _version_1(path.name, content)
    if "events" not in content or "objects" not in content:
        raise FileFormatError(
            f"{path.name} is JSON and no OCEL: it has no 'events' and 'objects' (OCEL 2.0), nor 'ocel:events' (OCEL 1.0)."
        )
    return _version_2(path.name, content)


def _version_2(source: str, content: dict[str, Any]) -> ObjectLog:
    log = ObjectLog(source=source, form="OCEL 2.0, JSON")
    for k, kind in enumerate(_list(source, content, "objectTypes", "the file")):
        log.types.setdefault(_needed(source, kind, "name", f"objectTypes[{k}]"))
    for k, thing in enumerate(_list(source, content, "objects", "the file")):
        where = f"objects[{k}]"
        made = Object(id=_needed(source, thing, "id", where), type=_needed(source, thing, "type", where))
        for value in _list(source, thing, "attributes", where):
            text = _text(source, value, "value", where)
            if text is not None:
                name = _needed(source, value, "name", where)
                made.attributes.setdefault(name, []).append((_text(source, value, "time", where) or "", text))
        for link in _list(source, thing, "relationships", where):
            made.related.setdefault(_needed(source, link, "objectId", where))
        log.add_object(made)
    for k, happened in enumerate(_list(source, content, "events", "the file")):
        where = f"events[{k}]"
        event = ObjectEvent(
            id=_needed(source, happened, "id", where),
            activity=_text(source, happened, "type", where),
            time=_text(source, happened, "time", where),
        )
        for value in _list(source, happened, "attributes", where):
            text = _text(source, value, "value", where)
            if text is not None:
                event.attributes.setdefault(_needed(source, value, "name", where), text)
        for link in _list(source, happened, "relationships", where):
            event.objects.setdefault(_needed(source, link, "objectId", where))
        log.add_event(event)
    return log


def _version_1(source: str, content: dict[str, Any]) -> ObjectLog:
    log = ObjectLog(source=source, form="OCEL 1.0, JSON")
    for key, thing in _dict(source, content, "ocel:objects", "the file").items():
        where = f"the object {shortened(key)!r}"
        made = Object(id=key, type=_needed(source, thing, "ocel:type", where))
        for name in _dict(source, thing, "ocel:ovmap", where):
            text = _text(source, thing["ocel:ovmap"], name, where)
            if text is not None:
                made.attributes[name] = [("", text)]
        log.add_object(made)
    for key, happened in _dict(source, content, "ocel:events", "the file").items():
        where = f"the event {shortened(key)!r}"
        activity, time = (_text(source, happened, name, where) for name in ("ocel:activity", "ocel:timestamp"))
        event = ObjectEvent(id=key, activity=activity, time=time)
        for name in _dict(source, happened, "ocel:vmap", where):
            text = _text(source, happened["ocel:vmap"], name, where)
            if text is not None:
                event.attributes[name] = text
        for thing in _list(source, happened, "ocel:omap", where):
            event.objects.setdefault(_scalar(source, thing, where))
        log.add_event(event)
    return log


class _TwiceError(ValueError):
    """A key that stands twice in one object."""

    def __str__(self) -> str:
        return repr(shortened(self.args[0]))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; Python's own reader keeps the last of two values for one key and drops the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        raise _TwiceError(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return found


def _dict(source: str, content: Any, key: str, where: str) -> dict[str, Any]:
    """The object under a key, empty where there is none."""
    found = _object(source, content, where).get(key)
    return {} if found is None else _object(source, found, f"{key} of {where}")


def _list(source: str, content: Any, key: str, where: str) -> list[Any]:
    """The list under a key, empty where there is none."""
    found = _object(source, content, where).get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise FileFormatError(f"{source}: {key!r} of {where} must be a list; it is {_kind(found)}.")
    return found


def _object(source: str, content: Any, where: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise FileFormatError(f"{source}: {where} must be an object with keys; it is {_kind(content)}.")
    return content


def _needed(source: str, content: Any, key: str, where: str) -> str:
    found = _text(source, content, key, where)
    if found is None:
        raise FileFormatError(f"{source}: {where} lacks {key!r}.")
    return found


def _text(source: str, content: Any, key: str, where: str) -> str | None:
    """The value under a key as text, None where there is none."""
    found = _object(source, content, where).get(key)
    return None if found is None else _scalar(source, found, f"{key!r} of {where}")


def _scalar(source: str, value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (str, int, float)):
        return str(value)
    raise FileFormatError(f"{source}: {where} must be a text or a number; it is {_kind(value)}.")


def _kind(value: Any) -> str:
    return {list: "a list", dict: "an object", type(None): "null"}.get(type(value), f"{shortened(repr(value))}")
