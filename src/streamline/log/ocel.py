"""Object-centric event logs (OCEL 2.0): an order, its items and its packages in one file, each event about several of them.

An event log has one case an event. `read_ocel` takes the objects of one type for the cases; an event then is a step of each of
its objects of that type (flattening). What this does to the records is counted, and `data_quality` says it: events about
several cases (convergence), repeats of an activity in a case that are about different objects of another type (divergence),
events about no case, links to objects that the file doesn't hold.

Source: Berti, Koren, Adams, Park, Knopp, Graves, Rafiei, Liß, tacke genannt Unterberg, Zhang, Schwanen, Pegoraro, van der Aalst,
"OCEL (Object-Centric Event Log) 2.0 specification" (2023); van der Aalst, "Object-centric process mining: dealing with divergence
and convergence in event data" (2019). JSON in the earlier form (OCEL 1.0) is read too.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from streamline.errors import FileFormatError
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.files import CHUNK, chunks, existing_file, kind_of
from streamline.log.ocel_flat import about_contacts, contact_records, flattened
from streamline.log.ocel_json import objects_of_json
from streamline.log.ocel_records import ObjectLog
from streamline.log.ocel_sqlite import objects_of_sqlite
from streamline.log.ocel_xml import objects_of_xml
from streamline.log.read import read_contacts
from streamline.log.roles import MAX_REJECTED, ReadOptions, columns_wanted, log_of_records, names_of


def read_ocel(
    path: str | Path,
    *,
    object_type: str,
    contacts: str | Sequence[str] = (),
    resource: str | None = None,
    channel: str | None = None,
    start: str | None = None,
    attributes: Sequence[str] = (),
    timezone: str | None = None,
    external: Sequence[str] = (),
    ends: Sequence[str] | None = None,
    lifecycle: str | None = None,
    date_format: str | None = None,
    missing: Collection[str] = (),
    duplicates: Literal["keep", "drop"] = "keep",
    max_rejected: float = MAX_REJECTED,
) -> EventLog:
    """Read an object-centric log (OCEL 2.0 as SQLite, JSON or XML, also .gz; OCEL 1.0 as JSON) with one type of object as cases.

    object_type : the type whose objects are the cases; every event about one of them is a step of it.
    contacts : event types, or types of object, that are contacts of customers and no steps; `read_ocel_contacts` reads them.
    resource, channel, start, attributes, lifecycle : as in `read_log`. Each is an attribute of the events; or `case:` and the
        name of an attribute of the case's object, of which the earliest value is taken; or a type of object, which stands for
        the id of the event's object of that type (the first, where there are several): resource="employees".
    The rest as in `read_log`.

    Returns an EventLog; `row` is the place of the event in the file, from 1. Raises UnknownNameError for a type that the file
    doesn't have, FileFormatError for a file that isn't whole or isn't OCEL, and what `read_log` raises.
    """
    log = _objects(path)
    options: ReadOptions = {
        "resource": resource, "channel": channel, "start": start, "attributes": attributes, "timezone": timezone,
        "external": external, "ends": ends, "lifecycle": lifecycle, "date_format": date_format, "missing": missing,
        "duplicates": duplicates, "max_rejected": max_rejected,
    }  # fmt: skip
    wanted, _ = columns_wanted(options)
    apart = about_contacts(log, names_of(contacts))
    flat = flattened(log, object_type, wanted=wanted, apart=apart, told=[n for n in (resource, channel) if n])
    made = log_of_records(flat.records, options)
    notes = replace(
        made.notes,
        n_rows=log.n_events,
        odd_rows={**made.notes.odd_rows, **{k: np.array(v, dtype=np.int64) for k, v in flat.odd_rows.items() if v}},
        varying_attributes={**made.notes.varying_attributes, **flat.varying(names_of(attributes))},
    )
    return replace(made, notes=notes)


def read_ocel_contacts(
    path: str | Path,
    *,
    object_type: str,
    contacts: str | Sequence[str],
    channel: str | None = None,
    reason: str | None = None,
    status_reasons: Sequence[str] = (),
    customer: str | None = None,
    outcome: str | None = None,
    abandoned: Sequence[str] = (),
    timezone: str | None = None,
    date_format: str | None = None,
    missing: Collection[str] = (),
    max_rejected: float = MAX_REJECTED,
) -> ContactLog:
    """Read the contacts of customers from an object-centric log, each with the case that it is about.

    contacts : event types, each event of which is a contact; or types of object (if no event type has that name), each object
        of which is a contact at the time of its first event.
    object_type : the type whose objects are the cases. A contact is about the objects of that type of its event (or of all its
        object's events, else of those that its object is related to); one about several is told once for each, one about none
        names no case.
    channel, reason, customer, outcome : an attribute of the contact's event or object, or a type of object, which stands for the
        id of the first such object of the event. The rest as in `read_contacts`.

    Returns a ContactLog. Raises what `read_ocel` and `read_contacts` raise.
    """
    log = _objects(path)
    names = {n for n in (channel, reason, customer, outcome) if n is not None}
    records = contact_records(log, object_type, names_of(contacts), names)
    return read_contacts(
        records, case="case", time="time", channel=channel, reason=reason, status_reasons=status_reasons,
        customer=customer, outcome=outcome, abandoned=abandoned, timezone=timezone, date_format=date_format,
        missing=missing, max_rejected=max_rejected,
    )  # fmt: skip


def _objects(path: str | Path) -> ObjectLog:
    """The events and objects of a file, whatever its form. Raises FileFormatError."""
    file = existing_file(path)
    kind = kind_of(file)
    if kind == "sqlite":
        log = objects_of_sqlite(file)
    elif kind == "xes":  # any XML
        log = objects_of_xml(file)
    elif kind in ("text", "json"):
        log = (objects_of_xml if _begins(file).startswith(b"<") else objects_of_json)(file)
    else:
        raise FileFormatError(f"{file.name} is no object-centric log: OCEL is an SQLite database, JSON or XML.")
    if not log.events:
        raise FileFormatError(f"{file.name} holds no events. Check the filters of the export.")
    log.sha256 = _digest(file)
    return log


def _begins(path: Path) -> bytes:
    """The first letters of the file."""
    first = next(chunks(path), b"")
    return first[:1024].removeprefix(codecs.BOM_UTF8).lstrip()


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as raw:
        while block := raw.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()
