"""One type of object as the cases: each event becomes a row for each of its objects of that type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.log.ocel_records import Object, ObjectEvent, ObjectLog
from streamline.log.raw import RawRecords

FORMAT = "OCEL"
#: What flattening does to the records: kind, what the events do, what that does to the results.
KINDS = (
    ("convergence", "are events about several cases",
     "Each of these cases has a step for the event, so its work counts once a case; add the hours up over events, not cases."),
    ("divergence", "are events that repeat an activity of their case about other objects of another type",
     "They look like rework, and may be the same work on another part; read the log with that type as cases to see each part."),
    ("without_case", "are events about no case", "They aren't in the log."),
    ("unknown_objects", "are events that name an object which the file doesn't hold",
     "Of such an object nothing is known, not even whether it is a case; the event counts for its other objects."),
)  # fmt: skip

CASE, ACTIVITY, TIME = "case:concept:name", "concept:name", "time:timestamp"
PREFIX = "case:"
_NO_CASE: tuple[str | None, ...] = (None,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """The rows, and what was met on the way."""

    records: RawRecords
    #: Rows of the source behind each kind of `KINDS`.
    odd_rows: dict[str, list[int]]
    cases: list[Object] = field(repr=False)

    def varying(self, names: Iterable[str]) -> dict[str, int]:
        """How many cases hold several values of each of these attributes of their objects."""
        found = {}
        for name in names:
            key = name.removeprefix(PREFIX)
            n = sum(len({value for _, value in case.attributes.get(key, ())}) > 1 for case in self.cases)
            if n and name.startswith(PREFIX):
                found[name] = n
        return found


def about_contacts(log: ObjectLog, contacts: Sequence[str]) -> Callable[[ObjectEvent], bool]:
    """Whether an event is a contact: of one of these event types, or about an object of one of these types."""
    activities = {event.activity for event in log.events}
    of_events = {name for name in contacts if name in activities}
    of_objects = {name for name in contacts if name not in of_events}
    for name in of_objects:
        if name not in log.types:
            known = sorted({*(a for a in activities if a is not None), *log.types})
            raise UnknownNameError(what="type of event or object", name=name, known=known, where=log.source)
    things = {key for key, thing in log.objects.items() if thing.type in of_objects}
    return lambda event: event.activity in of_events or not things.isdisjoint(event.objects)


def flattened(
    log: ObjectLog,
    object_type: str,
    *,
    wanted: Collection[str],
    apart: Callable[[ObjectEvent], bool],
    told: Collection[str],
) -> Flat:
    """The events about objects of one type, a row an event and object, in the order of the file.

    wanted : names of columns that may be asked for; those that the log has are made (see `read_ocel`).
    apart : events that are no steps. told : columns by which repeats of an activity are told apart anyway, such as who did it.
    Raises UnknownNameError for a type that the file doesn't have, InsufficientDataError when no event is about a case.
    """
    cases_of = _of_type(log, object_type)
    odd: dict[str, list[int]] = {kind: [] for kind, _, _ in KINDS}
    events: list[ObjectEvent] = []
    case: list[str] = []
    row: list[int] = []
    for event, at in zip(log.events, log.rows, strict=True):
        if apart(event):
            continue
        if any(key not in log.objects for key in event.objects):
            odd["unknown_objects"].append(at)
        mine = cases_of(event)
        if not mine:
            odd["without_case"].append(at)
        elif len(mine) > 1:
            odd["convergence"].append(at)
        for key in mine:
            events.append(event)
            case.append(key)
            row.append(at)
    if not events:
        raise InsufficientDataError(
            f"{log.source}: none of its {len(log.events):,} events is about an object of type {object_type!r}; "
            "there would be no steps."
        )
    diverging, by = _diverging(log, object_type, events, case, row, told)
    odd["divergence"] = diverging
    available = _available(log, object_type)
    columns = {name: _column(log, name, events, case) for name in available if name in wanted}
    columns |= {
        CASE: pa.array(case, pa.large_string()),
        ACTIVITY: pa.array([e.activity for e in events], pa.large_string()),
        TIME: pa.array([e.time for e in events], pa.large_string()),
    }
    reading = {"format": FORMAT, "form": log.form, "cases": f"objects of type {object_type!r}"}
    if by:
        reading["repeats about other objects"] = ", ".join(f"{kind!r} ({n:,} events)" for kind, n in by.items())
    seen = set(case)
    return Flat(
        records=RawRecords(
            source=log.source,
            columns=columns,
            row=np.array(row, dtype=np.int64),
            available=(CASE, ACTIVITY, TIME, *available),
            rejects=tuple(log.rejects),
            empty_cases=tuple(k for k, o in log.objects.items() if o.type == object_type and k not in seen),
            reading=reading,
            sha256=log.sha256,
        ),
        odd_rows=odd,
        cases=[log.objects[key] for key in seen],
    )


def contact_records(log: ObjectLog, object_type: str, contacts: Sequence[str], names: Collection[str]) -> RawRecords:
    """One row a contact and case: `case`, `time`, and the columns named. Raises as `flattened` does."""
    about_contacts(log, contacts)  # refuses names that the file doesn't have
    cases_of = _of_type(log, object_type)
    activities = {event.activity for event in log.events}
    found: list[tuple[int, ObjectEvent, Object | None, list[str]]] = []
    by_object: dict[str, list[tuple[int, ObjectEvent]]] = defaultdict(list)
    for event, at in zip(log.events, log.rows, strict=True):
        if event.activity in contacts:
            found.append((at, event, None, cases_of(event)))
            continue
        for key in event.objects:
            thing = log.objects.get(key)
            if thing is not None and thing.type in contacts and thing.type not in activities:
                by_object[key].append((at, event))
    for key, its in by_object.items():
        thing = log.objects[key]
        at, event = min(its, key=lambda pair: (pair[1].time or "", pair[0]))
        about = list(dict.fromkeys(case for _, e in its for case in cases_of(e)))
        related = [k for k in thing.related if k in log.objects and log.objects[k].type == object_type]
        found.append((at, event, thing, about or related))
    found.sort(key=lambda one: one[0])
    if not found:
        raise InsufficientDataError(
            f"{log.source} has no events or objects of the types {', '.join(map(repr, contacts))}."
        )
    rows = [(at, event, thing, case) for at, event, thing, cases in found for case in (cases or _NO_CASE)]
    several = sum(len(cases) > 1 for _, _, _, cases in found)
    kinds = set(log.types)

    def value(event: ObjectEvent, thing: Object | None, name: str) -> str | None:
        own = thing.first(name) if thing is not None else None
        own = own if own is not None else event.attributes.get(name)
        return own if own is not None or name not in kinds else _linked(log, event, name)

    columns = {name: pa.array([value(e, t, name) for _, e, t, _ in rows], pa.large_string()) for name in sorted(names)}
    has = {n for _, e, t, _ in rows for n in (*e.attributes, *(t.attributes if t is not None else ()))} | kinds
    reading = {"format": FORMAT, "form": log.form, "contacts": ", ".join(contacts)}
    if several:
        reading["contacts about several cases, told once for each"] = f"{several:,}"
    return RawRecords(
        source=log.source,
        columns={
            "case": pa.array([case for _, _, _, case in rows], pa.large_string()),
            "time": pa.array([e.time for _, e, _, _ in rows], pa.large_string()),
            **{name: column for name, column in columns.items() if name in has},
        },
        row=np.array([at for at, _, _, _ in rows], dtype=np.int64),
        available=("case", "time", *sorted(has)),
        rejects=tuple(log.rejects),
        reading=reading,
        sha256=log.sha256,
    )


def _of_type(log: ObjectLog, object_type: str) -> Callable[[ObjectEvent], list[str]]:
    """The objects of that type of an event. Raises UnknownNameError."""
    if object_type not in log.types:
        raise UnknownNameError(what="type of object", name=object_type, known=sorted(log.types), where=log.source)
    of_type = {key for key, thing in log.objects.items() if thing.type == object_type}
    return lambda event: [key for key in event.objects if key in of_type]


def _diverging(
    log: ObjectLog, object_type: str, events: list[ObjectEvent], case: list[str], row: list[int], told: Collection[str]
) -> tuple[list[int], dict[str, int]]:
    """Events that repeat an activity of their case about other objects of another type; and by which types, how many.

    An activity is repeated about other objects of a type when each of its events in the case is about some object of that type,
    and no two about the same one.
    """
    groups: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for i, (event, key) in enumerate(zip(events, case, strict=True)):
        groups[key, event.activity].append(i)
    rows: set[int] = set()
    by: dict[str, set[int]] = defaultdict(set)
    for places in groups.values():
        if len(places) < 2:
            continue
        about: dict[str, list[list[str]]] = defaultdict(list)
        for i in places:
            kinds: dict[str, list[str]] = defaultdict(list)
            for key in events[i].objects:
                if key in log.objects:
                    kinds[log.objects[key].type].append(key)
            for kind, keys in kinds.items():
                about[kind].append(keys)
        for kind, lists in about.items():
            if kind == object_type or kind in told or len(lists) < len(places):
                continue
            keys = [key for one in lists for key in one]
            if len(set(keys)) == len(keys):
                by[kind].update(row[i] for i in places)
                rows.update(row[i] for i in places)
    return sorted(rows), {kind: len(by[kind]) for kind in sorted(by, key=lambda k: (-len(by[k]), k))}


def _available(log: ObjectLog, object_type: str) -> list[str]:
    """Names of columns that can be asked for: attributes of events, of the cases' objects, and types of object."""
    of_events = {name for event in log.events for name in event.attributes}
    of_cases = {PREFIX + n for thing in log.objects.values() if thing.type == object_type for n in thing.attributes}
    return [*sorted(of_events), *sorted(of_cases), *(kind for kind in log.types if kind not in of_events)]


def _column(log: ObjectLog, name: str, events: list[ObjectEvent], case: list[str]) -> pa.Array:
    if name.startswith(PREFIX):
        first = {key: log.objects[key].first(name.removeprefix(PREFIX)) for key in set(case)}
        return pa.array([first[key] for key in case], pa.large_string())
    if any(name in event.attributes for event in events):
        return pa.array([event.attributes.get(name) for event in events], pa.large_string())
    return pa.array([_linked(log, event, name) for event in events], pa.large_string())


def _linked(log: ObjectLog, event: ObjectEvent, kind: str) -> str | None:
    """The first object of that type of an event."""
    return next((key for key in event.objects if key in log.objects and log.objects[key].type == kind), None)
