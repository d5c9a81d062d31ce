"""Write an event log in XES (IEEE 1849), plain or packed with gzip.

A step becomes a start event, where its start is recorded, and a completion event; the two share a `concept:instance`, so
that they are paired again rightly when steps of one activity overlap. A step that wasn't completed is a start event alone.
Attributes stand in the trace; the arrival does too, as a date with the key `arrival`, when a case arrived before its first
event. Times are written in UTC. The same log gives the same bytes.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast
from xml.sax.saxutils import quoteattr

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import OutputError
from streamline.log.event_log import EventLog, Labels
from streamline.log.exchange import attribute_key, differs_from_first, lifecycle_events
from streamline.log.raw import shortened
from streamline.units import MISSING_TIME

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="nested-attributes" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<classifier name="Activity" keys="concept:name"/>
"""
#: Characters that no XML 1.0 document can hold, not even written as numbers.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES = {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
#: Cases whose text is put together before it is written.
_AT_ONCE = 2000


def write_xes(log: EventLog, path: str | Path) -> Path:
    """See `EventLog.to_xes`."""
    target = Path(path)
    handle, fresh = None, ""
    try:
        handle, fresh = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.absolute().parent)
        with os.fdopen(handle, "wb") as raw:
            # no name and no time in the packed file: the same log gives the same bytes
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) if target.suffix == ".gz" else None
            stream = io.BufferedWriter(cast("Any", packed)) if packed is not None else cast("IO[bytes]", raw)
            for text in _pieces(log):
                stream.write(text.encode("utf-8"))
            stream.flush()
            if packed is not None:
                packed.close()
        Path(fresh).chmod(0o666 & ~_umask())
        Path(fresh).replace(target)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{target} can't be written: {error.strerror or error}. Nothing was left there.") from error
    finally:
        with suppress(OSError):
            Path(fresh).unlink()
    return target


def _pieces(log: EventLog) -> Iterator[str]:
    """The document, some cases at a time."""
    yield _HEAD
    events = lifecycle_events(log)
    n = log.n_steps
    bounds = np.searchsorted(events.case, np.arange(log.n_cases + 1))
    activity = [_string("concept:name", name) for name in log.activities]
    labelled = [
        ([*(_string(key, name) for name in labels.names), ""], labels)
        for key, labels in (("org:resource", log.resource), ("channel", log.channel))
        if labels is not None
    ]
    traces = _traces(log)
    for first in range(0, log.n_cases, _AT_ONCE):
        last = min(first + _AT_ONCE, log.n_cases)
        inside = slice(bounds[first], bounds[last])
        step = events.step[inside]
        words = [
            [activity[a] for a in events.activity[inside]],
            [f'<string key="concept:instance" value="{s + 1}"/>\n' for s in step.tolist()],
            [_TRANSITION[bool(s)] for s in events.is_start[inside]],
            [f'<date key="time:timestamp" value="{t}"/>\n' for t in _written(events.time[inside])],
            *([texts[c] for c in _codes(labels, step, n)] for texts, labels in labelled),
        ]
        rows = ["<event>\n" + "".join(parts) + "</event>\n" for parts in zip(*words, strict=True)]
        at = bounds[first]
        yield "".join(
            f"<trace>\n{traces[k]}{''.join(rows[bounds[k] - at : bounds[k + 1] - at])}</trace>\n"
            for k in range(first, last)
        )
    yield "</log>\n"


_TRANSITION = {is_start: f'<string key="lifecycle:transition" value="{word}"/>\n'
               for is_start, word in ((True, "start"), (False, "complete"))}  # fmt: skip


def _codes(labels: Labels, step: npt.NDArray[np.int64], n: int) -> list[int]:
    """The code of each event's step; -1 for steps that weren't completed, whose labels the log doesn't keep."""
    codes = labels.codes[np.minimum(step, n - 1)] if n else np.full(len(step), -1)
    return cast("list[int]", np.where(step < n, codes, -1).tolist())


def _traces(log: EventLog) -> list[str]:
    """The attributes of each trace."""
    parts = [[_string("concept:name", case) for case in log.case_ids.to_pylist()]]
    if differs_from_first(log, unfinished=True):
        known = log.arrival != MISSING_TIME
        parts.append(
            [
                f'<date key="arrival" value="{t}"/>\n' if k else ""
                for t, k in zip(_written(log.arrival), known, strict=True)
            ]
        )
    for name in map(str, log.attributes.columns):
        key = attribute_key(name)
        if key is not None:
            values = log.attributes[name]
            parts.append(["" if pd.isna(v) else _string(key, str(v)) for v in values])
    return ["".join(of_case) for of_case in zip(*parts, strict=True)]


def _string(key: str, value: str) -> str:
    """One attribute of XES. Raises OutputError for a character that XML can't hold."""
    for text in (key, value):
        bad = _NO_XML.search(text)
        if bad:
            raise OutputError(
                f"{shortened(ascii(text))} holds the character {bad.group()!a}, which XML can't hold. "
                "Rename it in the records."
            )
    return f"<string key={quoteattr(key, _ENTITIES)} value={quoteattr(value, _ENTITIES)}/>\n"


def _written(instants: npt.NDArray[np.int64]) -> list[str]:
    """Instants as XES writes them, in UTC."""
    texts = np.datetime_as_string(np.asarray(instants).view("datetime64[us]"))
    return [f"{t}+00:00" for t in texts.tolist()]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
