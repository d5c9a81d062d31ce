"""The performance spectrum of a segment: when each case left one step and when it reached the next.

A *segment* A → B is passed each time that a step B follows a step A of its case: directly, in the order of the log, or,
where `skipping` is asked for, with other steps than A and B in between. A passage runs from the completion of A to the start of
B (to its completion, where no start is recorded), by the clock; where B began before A was completed there is none, and
it is counted. Passages fall into four classes, by the quartiles of their durations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Chart, Spectrum
from streamline.log.event_log import EventLog
from streamline.results import Result, rows_of
from streamline.units import HOUR, MISSING_TIME, counted, duration_words

Int64 = npt.NDArray[np.int64]

#: Under this many passages their quartiles say little.
FEW = 20


@dataclass(frozen=True, kw_only=True, repr=False)
class PerformanceSpectrum(Result):
    """The passages of a segment. `table`, one row a class, the fastest first: class (in words), over_hours, up_to_hours,
    n (passages), n_cases, mean_hours. Classes are the quarters of the passages by duration; equal durations share a class."""

    source: str
    target: str
    #: How many passages there are; of them, how many were overtaken by one that left later and arrived earlier.
    n_passages: int
    n_overtaken: int
    #: B began before A was completed.
    n_overlapping: int
    _log: EventLog = field(repr=False)
    #: Places of the two steps of each passage, by the time at which it begins, and its class.
    _left: Int64 = field(repr=False)
    _reached: Int64 = field(repr=False)
    _class: Int64 = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a passage, by the time at which it begins: case, left, reached, hours, class (row of `table`)."""
        begin, end = _times(self._log, self._left, self._reached)
        return pd.DataFrame(
            {
                "case": self._log.case_id_array(self._log.case_of_step[self._left]),
                "left": self._log.instants(begin),
                "reached": self._log.instants(end),
                "hours": (end - begin) / HOUR,
                "class": self._class,
            }
        )

    def chart(self) -> Chart:
        """Each passage as a line from the source, above, to the target, below, over time."""
        begin, end = _times(self._log, self._left, self._reached)
        median = duration_words(float(np.quantile(end - begin, 0.5, method="inverted_cdf")))
        note = f"{counted(self.n_passages, 'passage')} of {counted(self.n, 'case')}"
        if self.n_passages > 1:
            note += (
                f"; {self.n_overtaken:,} were overtaken by a later one" if self.n_overtaken else "; none was overtaken"
            )
        return Spectrum(
            title=f"Half of the passages from {self.source} to {self.target} take up to {median}",
            above=self.source,
            below=self.target,
            classes=tuple(r[0] for r in rows_of(self.table)),
            begin=tuple(begin.tolist()),
            end=tuple(end.tolist()),
            class_of=tuple(self._class.tolist()),
            timezone=self._log.timezone,
            note=note,
        )


def performance_spectrum(log: EventLog, source: str, target: str, *, skipping: bool = False) -> PerformanceSpectrum:
    """When each case left `source` and when it reached `target`, for all passages of that segment.

    source, target : activities; the same one twice asks for its immediate repeats.
    skipping : count a passage also where other steps than these two lie in between.

    Returns PerformanceSpectrum over the n cases that pass the segment, open ones included.
    Raises UnknownNameError for an activity that the log doesn't have, InsufficientDataError where no case passes.
    Source: Denisov, Fahland, van der Aalst 2018, "Unbiased, fine-grained description of processes performance from event
    data" (BPM 2018); quartiles of all passages as their classes. `skipping` is the peer's (pm4py) reading of a segment.
    """
    codes = log.activity_code(source), log.activity_code(target)
    places = np.arange(log.n_steps)
    if skipping:
        places = places[np.isin(log.activity, codes)]
    case = log.case_of_step[places]
    follows = np.flatnonzero(
        (case[1:] == case[:-1]) & (log.activity[places[:-1]] == codes[0]) & (log.activity[places[1:]] == codes[1])
    )
    left, reached = places[follows], places[follows + 1]
    begin, end = _times(log, left, reached)
    apart = end >= begin
    n_overlapping = int((~apart).sum())
    order = np.flatnonzero(apart)[np.lexsort((end[apart], begin[apart]))]
    left, reached, begin, end = left[order], reached[order], begin[order], end[order]
    if len(left) == 0:
        overlap = f" ({n_overlapping:,} overlap)" if n_overlapping else ""
        said = "" if skipping else " With skipping=True other steps may lie in between."
        raise InsufficientDataError(f"{log.source}: no case goes from {source!r} to {target!r}{overlap}.{said}")
    time = end - begin
    bounds = np.unique(np.quantile(time, [0.25, 0.5, 0.75, 1.0], method="inverted_cdf").astype(np.int64))
    of = np.searchsorted(bounds, time, side="left")
    return PerformanceSpectrum(
        table=_classes(bounds, of, time, log.case_of_step[left]),
        n=len(np.unique(log.case_of_step[left])),
        excluded={"never pass it": log.n_cases - len(np.unique(log.case_of_step[left]))},
        caveats=_caveats(log, len(left), n_overlapping),
        source=source,
        target=target,
        n_passages=len(left),
        n_overtaken=_overtaken(begin, end),
        n_overlapping=n_overlapping,
        _log=log,
        _left=left,
        _reached=reached,
        _class=of.astype(np.int64),
    )


def _times(log: EventLog, left: Int64, reached: Int64) -> tuple[Int64, Int64]:
    """When each passage begins and ends."""
    start = log.start[reached]
    return log.complete[left], np.where(start == MISSING_TIME, log.complete[reached], start)


def _classes(bounds: Int64, of: npt.NDArray[np.intp], time: Int64, case: Int64) -> pd.DataFrame:
    rows = []
    for k, high in enumerate(bounds):
        low = bounds[k - 1] if k else None
        words = f"up to {duration_words(float(high))}" if low is None else f"{duration_words(float(low))} to "
        rows.append(
            {
                "class": words if low is None else words + duration_words(float(high)),
                "over_hours": np.nan if low is None else low / HOUR,
                "up_to_hours": high / HOUR,
                "n": int((of == k).sum()),
                "n_cases": len(np.unique(case[of == k])),
                "mean_hours": time[of == k].mean() / HOUR,
            }
        )
    return pd.DataFrame(rows)


def _overtaken(begin: Int64, end: Int64) -> int:
    """How many passages, by rising begin, one that began strictly later ended strictly before."""
    earliest_later = np.minimum.accumulate(end[::-1])[::-1]  # least end of this passage and all after it
    after = np.searchsorted(begin, begin, side="right")
    some = after < len(begin)
    return int((earliest_later[after[some]] < end[some]).sum())


def _caveats(log: EventLog, n: int, n_overlapping: int) -> tuple[str, ...]:
    words = []
    if not log.has_start:
        words.append(
            "Starts aren't recorded: a passage ends when the later step is completed, and holds its work as well."
        )
    if n_overlapping:
        words.append(
            f"{counted(n_overlapping, 'time')} the later step began before the earlier was completed; these aren't shown."
        )
    if n < FEW:
        words.append(f"There are only {counted(n, 'passage')}; the quarters say little.")
    return tuple(words)
