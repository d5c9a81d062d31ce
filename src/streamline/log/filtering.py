"""Which cases a question is about: each filter takes a log and gives the log of the cases that it chooses, with a sentence of
how they were chosen in its `history`.

Filters choose whole cases, never single steps: a case that is in has all its steps, so that its cycle time stays whole. What
the log knows of its end (`observed_until`), its `ends` and its rejects stay as they were read. A filter that no case passes
is refused, since every number of an empty log would be a silent zero.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, TimestampError, UnknownNameError, listed
from streamline.log.event_log import EventLog, Labels
from streamline.units import MISSING_TIME, counted, duration_words

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]

By = Literal["arrival", "completion", "activity"]
#: A day or an instant: text such as "2025", "2025-03", "2025-03-01" or "2025-03-01 14:00", or a date or time of Python or pandas.
Moment = str | datetime.date | pd.Timestamp

_PERIOD = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_CHANNEL, _RESOURCE = "channel", "resource"


def between(log: EventLog, first: Moment | None, last: Moment | None, by: By) -> EventLog:
    """See `EventLog.between`."""
    if by not in get_args(By):
        raise ValueError(f"by={by!r} is not an option. Choose one of {', '.join(map(repr, get_args(By)))}.")
    since = None if first is None else _instant(log, first, end=False)
    until = None if last is None else _instant(log, last, end=True)
    if since is not None and until is not None and since >= until:
        raise ValueError(f"The time from {first} to {last} has no length: it ends before it begins.")
    begins = ends = log.arrival
    what, known = "arrived", log.arrival != MISSING_TIME
    if by == "completion":
        what, known = "were completed", log.closed
        begins = ends = log.last_completion
    elif by == "activity":
        what = "were open at some time"
        ends = np.where(log.closed, log.last_completion, log.observed_until)
    chosen = known.copy()
    if since is not None:
        chosen &= ends >= since
    if until is not None:
        chosen &= begins < until
    if not chosen.any() and known.any():
        span = log.instants(np.array([begins[known].min(), ends[known].max()]))
        which = f"; those of the log's cases lie between {span[0]:%Y-%m-%d %H:%M} and {span[1]:%Y-%m-%d %H:%M}"
    else:
        which = ""
    return _chosen(log, chosen, f"that {what}{_span(first, last)}", beside=which)


def where(log: EventLog, conditions: Mapping[str, Any]) -> EventLog:
    """See `EventLog.where`."""
    if not conditions:
        raise ValueError("Name at least one condition, such as channel='mail'.")
    chosen, said = np.ones(log.n_cases, dtype=np.bool_), []
    for name, wanted in conditions.items():
        values = _several(wanted)
        if not values:
            raise ValueError(f"{name}=[] names no value; no case could have one of none.")
        chosen &= _having(log, name, values)
        said.append(f"{name} {_alternatives(values)}")
    return _chosen(log, chosen, f"with {' and '.join(said)}")


def with_number(log: EventLog, attribute: str, at_least: float | None, below: float | None) -> EventLog:
    """See `EventLog.with_number`."""
    if at_least is None and below is None:
        raise ValueError("Name a bound: at_least, below, or both.")
    if attribute not in log.attributes:
        raise UnknownNameError(
            what="attribute", name=attribute, known=[*map(str, log.attributes.columns)], where=log.source
        )
    number = pd.to_numeric(log.attributes[attribute], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    unknown = int(np.isnan(number).sum())
    if unknown == log.n_cases:
        raise InsufficientDataError(f"{log.source}: the attribute {attribute!r} holds no number in any case.")
    chosen = ~np.isnan(number)
    bounds = []
    if at_least is not None:
        chosen &= number >= at_least
        bounds.append(f"at least {at_least:,g}")
    if below is not None:
        chosen &= number < below
        bounds.append(f"below {below:,g}")
    without = f" ({counted(unknown, 'case')} without a number left out)" if unknown else ""
    return _chosen(log, chosen, f"with {attribute} {' and '.join(bounds)}{without}")


def with_activity(log: EventLog, activities: Iterable[str], *, has: bool) -> EventLog:
    """See `EventLog.with_activity` and `EventLog.without_activity`."""
    names = _named(activities)
    codes = [log.activity_code(name) for name in names]
    holds = _touched(log, np.isin(log.activity, codes))
    if has:
        return _chosen(log, holds, f"with a step {_alternatives(names)}")
    return _chosen(log, ~holds & (np.diff(log.case_offsets) > 0), f"without any step {_alternatives(names)}")


def at_an_end(log: EventLog, activities: Iterable[str], end: Literal["first", "last"]) -> EventLog:
    """See `EventLog.starting_with` and `EventLog.ending_in`."""
    names = _named(activities)
    codes = [log.activity_code(name) for name in names]
    some = np.diff(log.case_offsets) > 0
    place = log.case_offsets[:-1][some] if end == "first" else log.case_offsets[1:][some] - 1
    chosen = np.zeros(log.n_cases, dtype=np.bool_)
    chosen[some] = np.isin(log.activity[place], codes)
    return _chosen(log, chosen, f"whose {end} step is {_alternatives(names)}")


def slowest(log: EventLog, share: float) -> EventLog:
    """See `EventLog.slowest`."""
    if not 0 < share <= 1:
        raise ValueError(f"share={share} is not a share; give a number above 0 and at most 1, such as 0.05.")
    closed = log.closed
    n = int(closed.sum())
    if n == 0:
        raise InsufficientDataError(f"{log.source}: none of {log.n_cases:,} cases is closed; none has a cycle time.")
    time = np.where(closed, log.last_completion - log.arrival, -1)
    k = math.ceil(round(share * n, 9))
    bound = int(np.partition(time[closed], n - k)[n - k])
    return _chosen(
        log,
        time >= bound,
        f"that are the slowest {100 * share:g}% of the closed ones, {duration_words(bound)} or longer",
    )


def sample(log: EventLog, size: int | float, seed: int) -> EventLog:
    """See `EventLog.sample`."""
    if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating)):
        raise TypeError(f"size={size!r} is neither a number of cases nor a share.")
    if isinstance(size, (float, np.floating)):
        if not 0 < size <= 1:
            raise ValueError(f"size={size} is not a share; give one above 0 and at most 1, or a whole number of cases.")
        n = max(1, round(float(size) * log.n_cases))
    else:
        n = int(size)
        if not 1 <= n <= log.n_cases:
            raise ValueError(f"{n:,} cases can't be drawn; {log.source} has {log.n_cases:,}.")
    chosen = np.zeros(log.n_cases, dtype=np.bool_)
    chosen[np.random.default_rng(seed).choice(log.n_cases, size=n, replace=False)] = True
    return _chosen(log, chosen, f"drawn at random (seed {seed})")


def with_cases(log: EventLog, cases: Iterable[str]) -> EventLog:
    """See `EventLog.with_cases`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array([str(c) for c in ([cases] if isinstance(cases, str) else cases)], pa.large_string())
    unknown = wanted.filter(pc.invert(pc.is_in(wanted, value_set=log.case_ids)))
    if len(unknown):
        raise UnknownNameError(
            what="case", name=str(unknown[0].as_py()), known=log.case_ids.slice(0, 1000).to_pylist(), where=log.source
        )
    chosen = np.asarray(pc.is_in(log.case_ids, value_set=wanted).to_numpy(zero_copy_only=False), dtype=np.bool_)
    return _chosen(log, chosen, "named one by one")


def _chosen(log: EventLog, chosen: Bool, which: str, *, beside: str = "") -> EventLog:
    """The log of these cases. Raises InsufficientDataError when there is none."""
    n = int(chosen.sum())
    if n == 0:
        among = f" (already chosen: {'; '.join(log.history)})" if log.history else ""
        raise InsufficientDataError(f"{log.source} has no cases {which} among {log.n_cases:,}{among}{beside}.")
    return log.select(chosen, because=f"cases {which}: {n:,} of {log.n_cases:,}")


def _having(log: EventLog, name: str, values: tuple[Any, ...]) -> Bool:
    """For each case whether it has one of these values. Raises UnknownNameError."""
    if name == _CHANNEL and log.case_channel is not None:
        return _among(log, log.case_channel, "channel", values)
    if name == _RESOURCE and log.resource is not None:
        return _touched(log, _among(log, log.resource, "resource", values))
    if name not in log.attributes:
        roles: Mapping[str, object] = {_CHANNEL: log.channel, _RESOURCE: log.resource}
        known = [*(role for role, labels in roles.items() if labels is not None), *map(str, log.attributes.columns)]
        raise UnknownNameError(
            what="channel, resource or attribute", name=name, known=known, where=log.source, hint=_read_as(log, name)
        )
    column = log.attributes[name]
    missing = column.isna().to_numpy()
    chosen = missing & (None in values)
    texts = [_text(v) for v in values if v is not None]
    found = column.isin(texts).to_numpy(dtype=np.bool_) & ~missing
    held = set(column[found])
    for text in texts:
        if text not in held:
            known = sorted(set(column[~missing]))
            raise UnknownNameError(what=f"{name} (an attribute)", name=text, known=known, where=log.source)
    return np.asarray(chosen | found, dtype=np.bool_)


def _read_as(log: EventLog, name: str) -> str:
    """What a column of the source was read as, where it plays a role; empty where it plays none."""
    role = next((role for role, column in log.notes.columns.items() if column == name), None)
    if role is None:
        return ""
    ways = {
        _CHANNEL: "write channel=…", _RESOURCE: "write resource=…", "case": "choose cases with with_cases",
        "activity": "choose by it with with_activity",
    }  # fmt: skip
    return f"The column {name} was read as {role}: {ways.get(role, 'choose by it with between')}."


def _among(log: EventLog, labels: Labels, what: str, values: tuple[Any, ...]) -> Bool:
    """For each place of a column of labels whether it holds one of these values; None stands for nothing recorded."""
    codes = []
    for value in values:
        if value is None:
            codes.append(-1)
        elif str(value) not in labels.names:
            raise UnknownNameError(what=what, name=str(value), known=labels.names, where=log.source)
        else:
            codes.append(labels.names.index(str(value)))
    return np.asarray(np.isin(labels.codes, codes), dtype=np.bool_)


def _touched(log: EventLog, steps: Bool) -> Bool:
    """For each case whether one of its steps is marked."""
    cases = np.zeros(log.n_cases, dtype=np.bool_)
    cases[log.case_of_step[steps]] = True
    return cases


def _several(value: Any) -> tuple[Any, ...]:
    """One value, or several, without repeats."""
    if isinstance(value, Collection) and not isinstance(value, (str, bytes)):
        return tuple(dict.fromkeys(value))
    return (value,)


def _named(names: Iterable[str]) -> tuple[str, ...]:
    """The activities that were named; `f("a", "b")` and `f(["a", "b"])` both do."""
    found: list[str] = []
    for name in names:
        found += [name] if isinstance(name, str) else list(name)
    if not found:
        raise ValueError("Name at least one activity.")
    return tuple(dict.fromkeys(found))


def _text(value: Any) -> str:
    """A value as attributes hold it: the text of the source, whole numbers without '.0'."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _alternatives(values: tuple[Any, ...]) -> str:
    """`'mail'`, or `'mail' or 'phone'`; nothing recorded in words."""
    words = ["not recorded" if v is None else repr(_text(v)) for v in values]
    if len(words) > 5:
        return f"one of {listed(map(_text, values))}"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _span(first: Moment | None, last: Moment | None) -> str:
    if first is None and last is None:
        return " at any time"
    return "".join(f" {word} {at}" for word, at in (("from", first), ("to", last)) if at is not None)


def _instant(log: EventLog, moment: Moment, *, end: bool) -> int:
    """A day or a time as an instant; with `end` the first one after a day, a month or a year that is meant whole."""
    period = isinstance(moment, datetime.date) and not isinstance(moment, datetime.datetime)
    text = str(moment).strip()
    if period or _PERIOD.fullmatch(text):
        try:
            whole = pd.Period(text, freq={4: "Y", 7: "M"}.get(len(text), "D"))
        except ValueError as error:
            raise _unreadable(text) from error
        midnight = ((whole + 1) if end else whole).start_time
        return _microseconds(midnight.tz_localize(log.timezone, ambiguous=True, nonexistent="shift_forward"))
    if isinstance(moment, str) and not re.match(r"\d{4}-\d{2}-\d{2}[ T]\d", text):
        raise _unreadable(text)
    try:
        at = pd.Timestamp(moment)
    except (ValueError, TypeError) as error:
        raise _unreadable(text) from error
    if pd.isna(at):
        raise _unreadable(text)
    if at.tzinfo is None:
        at = _localised(at, text, log.timezone)
    return _microseconds(at)


def _localised(at: pd.Timestamp, text: str, zone: str) -> pd.Timestamp:
    """A time of the log's zone; refused where clocks skip it or show it twice."""
    try:
        return at.tz_localize(zone, ambiguous="raise", nonexistent="raise")
    except ValueError as error:
        raise TimestampError(
            f"{text} isn't one instant in {zone}: a clock change skips or repeats it. Write its offset, as in {text}+00:00."
        ) from error


def _microseconds(at: pd.Timestamp) -> int:
    return int(at.to_datetime64().astype("datetime64[us]").astype(np.int64))


def _unreadable(text: str) -> TimestampError:
    return TimestampError(
        f"{text!r} is no day or time that is read here. Write 2025, 2025-03, 2025-03-01, or 2025-03-01 14:00."
    )
