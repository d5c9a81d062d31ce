"""Faults in the arrays of a queueing replay that would make it read beyond them, or never end, or mean nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.kernels.queue_hours import NEVER

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

#: Instants and sums of durations stay below this many microseconds (146,000 years), so that none overflows.
FARTHEST = 1 << 62
_NARROW = ("release", "queue", "team_queue", "team_calendar")


def check_arrays(arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Raise ValueError for the first fault in the arguments of `replay_queues`, with the array's name and the place in it."""
    for name, values in arrays.items():
        kind = np.int32 if name in _NARROW else np.int64
        if values.dtype != kind or values.ndim != 1 or not values.flags.c_contiguous:
            raise ValueError(
                f"{name} is an array of {values.dtype} in {values.ndim} dimensions; give one row of {kind.__name__}"
            )
    offsets = {name: arrays[f"{name}_offsets"] for name in ("case", "join", "release", "team", "calendar")}
    n, m, t = len(arrays["arrival"]), len(arrays["work"]), len(arrays["team_size"])
    lengths = {
        "case_offsets": n + 1, "rank": n, "join_offsets": m + 1, "delay": m, "release": m, "queue": m, "priority": m,
        "pinned": m, "anchor": m, "longest_off": m, "patience": m, "release_end": len(arrays["release_start"]),
        "team_offsets": t + 1,
        "team_calendar": t, "team_turns": t, "team_preference": t, "on_end": len(arrays["on_start"]),
    }  # fmt: skip
    for name, length in lengths.items():
        if len(arrays[name]) != length:
            raise ValueError(f"{name} has {len(arrays[name]):,} values; {length:,} are needed")
    owned = {"case": m, "join": len(arrays["joined"]), "release": len(arrays["release_start"]),
             "team": len(arrays["team_queue"]), "calendar": len(arrays["on_start"])}  # fmt: skip
    for name, total in owned.items():
        _refuse(f"{name}_offsets", first_drop(offsets[name], total), f"offsets rise from 0 to {total:,}")
    _refuse("joined", first_odd_join(offsets["case"], offsets["join"], arrays["joined"]),
            "a step joins only steps before it in its case", "step")  # fmt: skip
    _refuse("anchor", first_odd_anchor(offsets["case"], arrays["anchor"]),
            "a step is bound only to one before it in its case", "step")  # fmt: skip
    schedules, calendars, most = len(offsets["release"]) - 1, len(offsets["calendar"]) - 1, np.iinfo(np.int32).max
    for name, low, high in (
        ("release", -1, schedules), ("queue", -1, most), ("team_queue", 0, most), ("team_calendar", 0, calendars),
        ("team_size", 0, FARTHEST), ("team_turns", 0, 2), ("work", 0, FARTHEST), ("delay", 0, FARTHEST),
    ):  # fmt: skip
        _refuse(name, first_outside(arrays[name], low, high), f"values lie from {low} to below {high}")
    _refuse("longest_off", first_outside(np.minimum(arrays["longest_off"], 0), 0, 1), "values lie from 0")
    leaving = np.where(arrays["patience"] == NEVER, 0, arrays["patience"])
    _refuse("patience", first_outside(leaving, 0, FARTHEST), f"values lie from 0 to below {FARTHEST}, or are NEVER")
    for name in ("arrival", "on_start", "on_end", "release_start", "release_end"):
        _refuse(name, first_outside(arrays[name], -FARTHEST, FARTHEST), "the instant lies too far away")
    for name, begin, end in (("calendar", "on_start", "on_end"), ("release", "release_start", "release_end")):
        odd = first_odd_interval(offsets[name], arrays[begin], arrays[end])
        _refuse(begin, odd, "intervals are sorted, disjoint and not empty")
    if first_repeat(arrays["rank"]) >= 0:
        raise ValueError("two cases have the same rank, so that who goes first would depend on their order")
    # the last instant that could be reached, and the hours of all calendars, in floating point: these don't overflow
    ends = [float(arrays[name].max(initial=0)) for name in ("arrival", "on_end", "release_end", "pinned")]
    hours = float((arrays["on_end"].astype(np.float64) - arrays["on_start"]).sum())
    if max(max(ends) + longest_case(offsets["case"], arrays["delay"], arrays["work"]), hours) >= FARTHEST:
        raise ValueError("delays, work or hours are so long that instants would overflow")


def _refuse(name: str, place: int, rule: str, what: str = "place") -> None:
    if place >= 0:
        raise ValueError(f"{name} at {what} {place:,}: {rule}")


@compiled
def longest_case(case_offsets: Int64, delay: Int64, work: Int64) -> Any:
    """The longest that delays and work of one case last one after another, in floating point."""
    longest = 0.0
    for case in range(len(case_offsets) - 1):
        total = 0.0
        for s in range(case_offsets[case], case_offsets[case + 1]):
            total += float(delay[s]) + float(work[s])
        longest = max(longest, total)
    return longest


@compiled
def first_drop(offsets: Int64, n: int) -> Any:
    """The first place at which offsets don't rise from 0 to n; -1 when they do."""
    if len(offsets) == 0 or offsets[0] != 0:
        return 0
    for k in range(1, len(offsets)):
        if offsets[k] < offsets[k - 1]:
            return k
    return -1 if offsets[-1] == n else len(offsets) - 1


@compiled
def first_outside(values: Any, low: int, high: int) -> Any:
    """The place of the first value below `low` or from `high` on; -1 when there is none."""
    for k in range(len(values)):
        if values[k] < low or values[k] >= high:
            return k
    return -1


@compiled
def first_odd_join(case_offsets: Int64, join_offsets: Int64, joined: Int64) -> Any:
    """The first step that joins one that isn't before it in its case; -1 when there is none."""
    for case in range(len(case_offsets) - 1):
        for s in range(case_offsets[case], case_offsets[case + 1]):
            for k in range(join_offsets[s], join_offsets[s + 1]):
                if joined[k] < case_offsets[case] or joined[k] >= s:
                    return s
    return -1


@compiled
def first_odd_anchor(case_offsets: Int64, anchor: Int64) -> Any:
    """The first step whose anchor is neither -1 nor before it in its case; -1 when there is none."""
    for case in range(len(case_offsets) - 1):
        for s in range(case_offsets[case], case_offsets[case + 1]):
            if anchor[s] != -1 and (anchor[s] < case_offsets[case] or anchor[s] >= s):
                return s
    return -1


@compiled
def first_odd_interval(offsets: Int64, begin: Int64, end: Int64) -> Any:
    """The first interval that is empty, reversed or begins before the one before it in its run ends; -1 without any."""
    for run in range(len(offsets) - 1):
        for k in range(offsets[run], offsets[run + 1]):
            if begin[k] >= end[k] or (k > offsets[run] and begin[k] < end[k - 1]):
                return k
    return -1


@compiled
def first_repeat(values: Int64) -> Any:
    """A value that stands there more than once, as its place in order of the values; -1 when there is none."""
    rising = True
    for k in range(1, len(values)):
        rising = rising and values[k] > values[k - 1]
    if not rising:
        ordered = np.sort(values)
        for k in range(1, len(ordered)):
            if ordered[k] == ordered[k - 1]:
                return k
    return -1
