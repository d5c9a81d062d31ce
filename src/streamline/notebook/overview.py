"""A log on one screen: how many cases come and go, by which channels, how long they take, by which ways, and how good
the records are. Everything here is a public measure's answer; nothing is computed for the picture only.

Volume: cases that arrived and cases that closed, by day, week or month of the log's zone, whole periods only, so that a
period cut off by the end of the records doesn't look like a drop. Channel of a case: that of its first step that has one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, OutputError
from streamline.figure import Bar, BarChart, Chart, Line, LineChart
from streamline.log.calendar import Calendar
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.kinds import check_contacts, check_log
from streamline.log.quality import DataQuality, data_quality
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.contacts.per_case import contacts_per_case
from streamline.measure.duration import CycleTime, cycle_time
from streamline.measure.flow import ProcessMap, process_map
from streamline.measure.loops.rework import rework_loops
from streamline.measure.periods import Every, period_edges
from streamline.measure.waits.bottleneck import Bottlenecks, bottlenecks
from streamline.results import Estimate, Result
from streamline.units import MISSING_TIME, counted

Int64 = npt.NDArray[np.int64]

#: Activities on the map of an overview, and channels told apart: more can't be read at a glance.
MAP_ACTIVITIES, CHANNELS = 12, 5
#: With whole periods beyond this, the next longer period is taken.
MOST_POINTS = 80


@dataclass(frozen=True, kw_only=True, repr=False)
class Overview(Result):
    """A log on one screen. `table`: measure, value, low, high, unit, n; `n` counts all cases, open ones included."""

    source: str
    #: Cases that arrived and that closed, over time; None where the log covers less than two whole periods.
    volume: LineChart | None
    #: Cases by channel; None where the log records none.
    channels: BarChart | None
    #: None where no case is closed.
    cycle: CycleTime | None
    bottlenecks: Bottlenecks | None
    #: None for a log without steps.
    process_map: ProcessMap | None
    quality: DataQuality
    _log: EventLog = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a case: case, arrival, last_completion, closed, cycle_time_days (NaN when open); see `cycle_time`."""
        if self.cycle is None:
            raise InsufficientDataError(f"{self.source}: no case is closed, so that no cycle times are told.")
        return self.cycle.cases

    def chart(self) -> Chart:
        """The volume over time."""
        if self.volume is None:
            raise InsufficientDataError(f"{self.source} covers less than two whole days; no volume over time is told.")
        return self.volume

    def _repr_html_(self) -> str:
        from streamline.notebook.overview_page import overview_html

        return overview_html(self)

    def save(self, path: str | Path) -> Path:
        """Write the overview as a page of its own, which needs nothing else. Raises OutputError when it can't be written."""
        from streamline.notebook.overview_page import overview_page

        target = Path(path)
        try:
            target.write_text(overview_page(self), encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{target} can't be written: {error.strerror}. Name another file.") from error
        return target


def show(
    log: EventLog,
    *,
    contacts: ContactLog | None = None,
    calendar: Calendar | None = None,
    standard: str | None = None,
) -> Overview:
    """A log on one screen: volume over time, channels, cycle time, the map, where the time goes, quality of the records.

    contacts : when given, contacts per case are told. calendar : office hours, for the waits at each step.
    standard : the service standard as a duration, such as "30 days" (elapsed).

    Returns Overview, which shows itself in a notebook and saves itself as a page. What the records can't tell is left out
    and said in its caveats.
    """
    check_log(log)
    if contacts is not None:
        check_contacts(contacts)
    quality, rows = data_quality(log), [_count("cases", log.n_cases, log.n_cases)]
    caveats: list[str] = []
    cycle: CycleTime | None = None
    places: Bottlenecks | None = None
    try:
        cycle = cycle_time(log, standard=standard)
        places = bottlenecks(log, calendar=calendar)
        rows.append(_count("open cases", cycle.n_open, log.n_cases))
        told = {"mean cycle time": cycle.mean, "median cycle time": cycle.median, "90th percentile": cycle.p90}
        rows += [_row(measure, found) for measure, found in told.items()]
        if cycle.within_standard is not None:
            rows.append(_row(f"within {standard}", cycle.within_standard))
        rows.append(_row("cases with rework", rework_loops(log, calendar=calendar).cases_share))
        caveats += cycle.caveats
    except InsufficientDataError as error:
        caveats.append(str(error))
    if contacts is not None:
        try:
            rows.append(_row("contacts per case", contacts_per_case(link_contacts(log, contacts)).per_case))
        except InsufficientDataError as error:
            caveats.append(str(error))
    flow = process_map(log, max_nodes=MAP_ACTIVITIES) if log.n_steps else None
    volume = _volume(log)
    if volume is None:
        caveats.append("The log covers less than two whole days, so that no volume over time is told.")
    if log.channel is None:
        caveats.append("The records name no channels.")
    return Overview(
        table=pd.DataFrame(rows, columns=["measure", "value", "low", "high", "unit", "n"]),
        n=log.n_cases,
        excluded={},
        caveats=tuple(dict.fromkeys(caveats)),
        source=log.source,
        volume=volume,
        channels=_channels(log),
        cycle=cycle,
        bottlenecks=places,
        process_map=flow,
        quality=quality,
        _log=log,
    )


def _count(measure: str, value: int, n: int) -> dict[str, object]:
    return {"measure": measure, "value": float(value), "low": np.nan, "high": np.nan, "unit": "cases", "n": n}


def _row(measure: str, found: Estimate) -> dict[str, object]:
    return {
        "measure": measure,
        "value": found.value,
        "low": np.nan if found.low is None else found.low,
        "high": np.nan if found.high is None else found.high,
        "unit": found.unit,
        "n": found.n,
    }


def _whole_periods(log: EventLog, first: int, last: int) -> tuple[Every, Int64] | None:
    """The shortest period of which the log covers no more than `MOST_POINTS`, and the edges of the whole ones."""
    for every in ("day", "week", "month"):
        kind: Every = every
        edges = period_edges(log, first, last + 1, kind)
        inside = edges[(edges >= first) & (edges <= last)]
        if 3 <= len(inside) <= MOST_POINTS + 1 or (every == "month" and len(inside) >= 3):
            return kind, inside
        if len(inside) < 3:
            return None
    return None


def _volume(log: EventLog) -> LineChart | None:
    """Cases that arrived and that closed in each whole period between the first arrival and the end of the records."""
    known = log.arrival[log.arrival != MISSING_TIME]
    if len(known) == 0:
        return None
    found = _whole_periods(log, int(known.min()), log.observed_until)
    if found is None:
        return None
    every, edges = found
    closed = np.sort(log.last_completion[log.closed])
    lines = tuple(
        Line(
            label=label,
            at=tuple(int(e) for e in edges[:-1]),
            values=tuple(float(v) for v in np.histogram(instants, bins=edges)[0]),
        )
        for label, instants in (("arrived", known), ("closed", closed))
    )
    n = int(((known >= edges[0]) & (known < edges[-1])).sum())
    return LineChart(
        title=f"Cases that arrived and closed, by {every}",
        axis=f"Cases a {every}",
        lines=lines,
        timezone=log.timezone,
        note=f"{counted(n, 'arrival')} in whole {every}s",
    )


def _channels(log: EventLog) -> BarChart | None:
    """Cases by the channel of their first step that has one, the rarer channels pooled."""
    labels = log.case_channel
    if labels is None:
        return None
    counts = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.names))
    order = sorted(range(len(counts)), key=lambda c: (-int(counts[c]), labels.names[c]))
    order = [c for c in order if counts[c]]
    bars = [Bar(label=labels.names[c], value=float(counts[c])) for c in order[:CHANNELS]]
    rest = order[CHANNELS:]
    if rest:
        bars.append(Bar(label=counted(len(rest), "other channel"), value=float(counts[rest].sum())))
    without = int((labels.codes < 0).sum())
    if without:
        bars.append(Bar(label="not recorded", value=float(without)))
    return BarChart(title="Cases by channel", axis="Cases", bars=tuple(bars), note=counted(log.n_cases, "case"))
