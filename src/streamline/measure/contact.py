"""Contacts: how often customers get in touch, in which state of their case, and what they ask.

A case's life is split into stretches by *state*: the step that it awaits, which is the next one to be completed.
Before its arrival, after its last completion (closed cases), and after its last completion with the next step not
yet known (open cases) are states of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.measure.duration import LEVEL
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS, ratio_intervals
from streamline.units import DAY, MISSING_TIME

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

NEXT_UNKNOWN = "next step not yet known"
BEFORE_ARRIVAL = "before the case arrived"
AFTER_END = "after the case was closed"
LATER = "long after the case was closed"

#: Days after the end in which contacts count as being about the closed case, for the rate in that state.
CLOSED_DAYS = 30
#: A contact this soon after another about the same case counts as a repeat.
REPEAT_DAYS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Exposure:
    """Open days and contacts of each case by state: arrays of shape (n_cases, n_states)."""

    states: tuple[str, ...]
    days: Float
    contacts: Float
    #: For each linked contact of these cases: its place in the contact log, its case, its state.
    place: Int64
    case: Int64
    state: Int64
    #: Share of the contacts that name a case, of those that name one of the log or none; rates are divided by it.
    link_share: float
    #: Contacts that name a case that isn't in the log; they are left out.
    n_foreign: int
    #: Closed cases whose whole life lies in the time that the contact log covers: contacts per case are told of these.
    covered: npt.NDArray[np.bool_]
    #: First and last instant that the contact log covers.
    period: tuple[int, int]
    #: Contacts about open cases after the last event of the log; they are left out.
    n_late: int
    #: Share of these contacts by channel; None when channels aren't recorded.
    channel_share: dict[str, float] | None


@dataclass(frozen=True, kw_only=True, repr=False)
class ContactRates(Result):
    """How often customers get in touch, by what their case awaits.

    `table`, most contacts first: state, open_days, n_contacts (linked), rate_per_open_day with rate_low and rate_high,
    share (of the linked contacts), contacts_per_case. Rates and contacts per case are scaled up by the link share:
    contacts that name no case are taken to fall on the states as the others do.
    """

    per_case: Estimate
    #: Share of contacts that ask how far the case is, of those with a reason; None when reasons aren't recorded.
    status_share: Estimate | None
    #: Share of contacts that name a case of the log.
    link_share: float
    #: Share of linked contacts within three days of an earlier one about the same case.
    repeat_share: float
    n_contacts: int
    exposure: Exposure = field(repr=False)
    _cases: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a linked contact: case, time, state, days_since_arrival, channel, reason."""
        return self._cases

    def chart(self) -> Chart:
        """Contacts per 100 open days by state."""
        known = self.table[self.table["rate_per_open_day"].notna() & (self.table["state"] != LATER)]
        known = known.sort_values(["rate_per_open_day", "state"], ascending=[False, True]).head(12)
        return BarChart(
            title="How often customers get in touch, by what their case awaits",
            axis="Contacts per 100 open days",
            bars=tuple(
                Bar(
                    label=r.state,
                    value=100 * r.rate_per_open_day,
                    low=None if np.isnan(r.rate_low) else 100 * r.rate_low,
                    high=None if np.isnan(r.rate_high) else 100 * r.rate_high,
                )
                for r in rows_of(known)
            ),
            note=f"{self.n_contacts:,} contacts. Whiskers: intervals from resampled cases",
        )


def contact_rates(
    log: EventLog,
    contacts: ContactLog,
    *,
    whole: EventLog | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> ContactRates:
    """Count contacts per case and per open day, by the step that the case awaits.

    log : the n cases that are counted, closed and open ones.
    whole : the log before it was filtered; contacts about its other cases are neither unlinked nor counted.
    level, draws, seed : of the intervals, which resample whole cases.

    Returns ContactRates. Days count where the contact log covers them, from
    its first to its last contact; those of open cases no later than the last event, and later contacts about them are
    left out.
    Raises InsufficientDataError when no contact names a case of the log: rates by state need that link.
    """
    exposure = contact_exposure(log, contacts, whole=whole)
    n = int((log.arrival != MISSING_TIME).sum())
    share = exposure.link_share
    low, high = ratio_intervals(exposure.contacts, exposure.days, level=level, draws=draws, seed=seed)
    days, count = exposure.days.sum(axis=0), exposure.contacts.sum(axis=0)
    # No contact at all is no proof of none: resamples hold none either, so the bound is that of a Poisson count of 0.
    none = (count == 0) & (days > 0)
    low[none], high[none] = 0.0, -np.log((1 - level) / 2) / days[none]
    with np.errstate(invalid="ignore", divide="ignore"):
        table = pd.DataFrame(
            {
                "state": exposure.states,
                "open_days": days,
                "n_contacts": count.astype(np.int64),
                "rate_per_open_day": np.where(days > 0, count / days / share, np.nan),
                "rate_low": low / share,
                "rate_high": high / share,
                "share": count / max(count.sum(), 1),
                "contacts_per_case": exposure.contacts[exposure.covered].sum(axis=0)
                / share
                / max(int(exposure.covered.sum()), 1),
            }
        )
    table = table[(table["open_days"] > 0) | (table["n_contacts"] > 0)]
    table = table.sort_values(["n_contacts", "state"], ascending=[False, True], ignore_index=True)
    covered = exposure.covered
    n_covered = int(covered.sum())
    if n_covered == 0:
        raise InsufficientDataError(
            f"{contacts.source} covers none of the {n:,} cases from arrival to end, so contacts per case can't be told."
        )
    total = exposure.contacts.sum(axis=1)[covered]
    case_low, case_high = ratio_intervals(total[:, None], np.ones(n_covered), level=level, draws=draws, seed=seed)
    per_case = bounded(
        total.mean() / share,
        case_low[0] / share,
        case_high[0] / share,
        level=level,
        method="contacts that name a case, scaled up by the link share; interval by resampling cases",
        unit="contacts per case",
        n=n_covered,
    )
    caveats = []
    if exposure.n_late:
        caveats.append(
            f"{exposure.n_late:,} contacts about open cases came after the last event of the log, when nobody knows what "
            "those cases await; they are left out."
        )
    n_closed = int(log.closed.sum())
    if n_covered < 0.95 * n_closed:
        first, last = log.instants(np.array(exposure.period, dtype=np.int64))
        caveats.append(
            f"The contact log covers {first:%Y-%m-%d} to {last:%Y-%m-%d}. Contacts per case are told of the {n_covered:,} of "
            f"{n_closed:,} closed cases that lie within it."
        )
    if exposure.n_foreign:
        caveats.append(f"{exposure.n_foreign:,} contacts name a case that isn't in the log; they are left out.")
    if share < 1:
        caveats.append(
            f"{1 - share:.1%} of the contacts name no case; the rates are scaled up by that share, as if those "
            "contacts were spread like the others."
        )
    return ContactRates(
        table=table,
        n=n,
        excluded={"without any step": log.n_cases - n},
        caveats=tuple(caveats),
        per_case=per_case,
        status_share=_status_share(contacts, exposure, level=level, draws=draws, seed=seed),
        link_share=share,
        repeat_share=_repeat_share(contacts, exposure),
        n_contacts=int(count.sum()),
        exposure=exposure,
        _cases=_rows(log, contacts, exposure),
    )


def contact_exposure(log: EventLog, contacts: ContactLog, *, whole: EventLog | None = None) -> Exposure:
    """Open days and contacts of each case of the log, by state; see `contact_rates`."""
    numbers = contacts.case_numbers(log)
    if whole is None and log.history:
        raise InsufficientDataError(
            f"{log.source} was filtered ({'; '.join(log.history)}), so contacts about its other cases would look like "
            "contacts about nothing. Pass the log before it was filtered as `whole`."
        )
    anywhere = numbers if whole is None else contacts.case_numbers(whole)
    n_linked, n_nameless = int((anywhere >= 0).sum()), int((anywhere == -1).sum())
    link_share = n_linked / max(n_linked + n_nameless, 1)
    place = np.flatnonzero(numbers >= 0)
    if link_share == 0:
        raise InsufficientDataError(
            f"{contacts.source}: none of {len(contacts):,} contacts names a case of {log.source}, so contacts can't be "
            "told by the state of the case. Check that both files write the case id in the same way."
        )
    period = int(contacts.time.min()), int(contacts.time.max())
    slack = max(DAY, (period[1] - period[0]) // 20)  # the first and the last contact don't mark the ends to the day
    covered = log.closed & (log.arrival >= period[0] - slack) & (log.last_completion <= period[1] + slack)
    width = len(log.activities)
    states = (*log.activities, NEXT_UNKNOWN, BEFORE_ARRIVAL, AFTER_END, LATER)
    days = state_days(log, log.arrival, log.complete, period=period)

    time, case = contacts.time[place], numbers[place]
    # The awaited step is the first of the case that is completed after the contact.
    first, last = log.case_offsets[:-1][case], log.case_offsets[1:][case]
    step = _first_after(log.complete, first, last, time)
    state = np.where(step < last, log.activity[np.minimum(step, max(log.n_steps - 1, 0))], width)
    over = (step >= last) & log.closed[case]
    long_over = over & (time - log.last_completion[case] > CLOSED_DAYS * DAY)
    state = np.where(over, width + 2, state)
    state = np.where(long_over, width + 3, state)
    state = np.where(time < log.arrival[case], width + 1, state)
    # after the last event of the log nobody knows what an open case awaits
    late = (time > log.observed_until) & ~log.closed[case]
    known = (log.arrival[case] != MISSING_TIME) & ~late
    place, case, state = place[known], case[known], state[known]
    count = np.zeros((log.n_cases, len(states)))
    np.add.at(count, (case, state), 1.0)
    return Exposure(
        states=states, days=days, contacts=count, place=place, case=case, state=state.astype(np.int64),
        link_share=link_share, n_foreign=int((anywhere == -2).sum()), covered=covered, period=period,
        n_late=int(late.sum()), channel_share=_channel_share(contacts, place),
    )  # fmt: skip


def _channel_share(contacts: ContactLog, place: Int64) -> dict[str, float] | None:
    if contacts.channel is None:
        return None
    codes = contacts.channel.codes[place]
    count = np.bincount(codes[codes >= 0], minlength=len(contacts.channel.names))
    return {c: float(k / max(count.sum(), 1)) for c, k in zip(contacts.channel.names, count, strict=True) if k}


def state_days(log: EventLog, arrival: Int64, complete: Int64, *, period: tuple[int, int]) -> Float:
    """Days that each case spends in each state within the period: (n_cases, n activities + 4 states).

    arrival : one instant a case; complete : one instant a step, in order within each case.
    """
    width = len(log.activities)
    days = np.zeros((log.n_cases, width + 4))
    begun = np.empty(log.n_steps, dtype=np.int64)
    begun[1:] = complete[:-1]
    some = np.diff(log.case_offsets) > 0
    begun[log.case_offsets[:-1][some]] = arrival[some]
    np.add.at(days, (log.case_of_step, log.activity), _within(begun, complete, period))
    known = arrival != MISSING_TIME
    last = np.where(some, complete[np.maximum(log.case_offsets[1:] - 1, 0)] if log.n_steps else arrival, arrival)
    until = np.where(log.closed, last, log.observed_until)
    days[:, width] = np.where(known & ~log.closed, _within(last, until, period), 0)
    after = _within(last, last + CLOSED_DAYS * DAY, period)
    days[:, width + 2] = np.where(known & log.closed, after, 0)
    return days


def _within(start: Int64, end: Int64, period: tuple[int, int]) -> Float:
    """Days of [start, end) that fall into the period."""
    return np.asarray(np.maximum(np.minimum(end, period[1]) - np.maximum(start, period[0]), 0) / DAY, dtype=np.float64)


def _first_after(complete: Int64, first: Int64, last: Int64, time: Int64) -> Int64:
    """For each contact the place of the first step in [first, last) completed after `time`; `last` when there is none."""
    low, high = first.copy(), last.copy()
    while (low < high).any():
        middle = (low + high) // 2
        later = (low < high) & (complete[np.minimum(middle, max(len(complete) - 1, 0))] > time)
        high = np.where(later, middle, high)
        low = np.where((low < high) & ~later, middle + 1, low)
    return low


def _status_share(contacts: ContactLog, exposure: Exposure, *, level: float, draws: int, seed: int) -> Estimate | None:
    """Of the contacts about the counted cases that have a reason."""
    if contacts.reason is None or not contacts.status_reasons:
        return None
    code = contacts.reason.codes[exposure.place]
    known = code >= 0
    if not known.any():
        return None
    status = np.isin(code, [contacts.reason.names.index(r) for r in contacts.status_reasons])
    _, unit = np.unique(exposure.case[known], return_inverse=True)
    hits = np.bincount(unit, weights=status[known]).astype(float)
    all_ = np.bincount(unit).astype(float)
    low, high = ratio_intervals(hits[:, None], all_, level=level, draws=draws, seed=seed)
    return bounded(
        hits.sum() / all_.sum(),
        low[0],
        min(1.0, high[0]),
        level=level,
        method="contacts about the counted cases with a recorded reason; interval by resampling cases",
        unit="share of contacts",
        n=int(all_.sum()),
    )


def _repeat_share(contacts: ContactLog, exposure: Exposure) -> float:
    if len(exposure.place) == 0:
        return float("nan")
    time = contacts.time[exposure.place]
    order = np.lexsort((time, exposure.case))
    same = exposure.case[order][1:] == exposure.case[order][:-1]
    soon = same & (np.diff(time[order]) <= REPEAT_DAYS * DAY)
    return float(soon.sum() / len(order))


def _rows(log: EventLog, contacts: ContactLog, exposure: Exposure) -> pd.DataFrame:
    time = contacts.time[exposure.place]
    frame = pd.DataFrame(
        {
            "case": log.case_id_array(exposure.case),
            "time": log.instants(time),
            "state": np.asarray(exposure.states, dtype=object)[exposure.state],
            "days_since_arrival": (time - log.arrival[exposure.case]) / DAY,
        }
    )
    for name, labels in (("channel", contacts.channel), ("reason", contacts.reason)):
        if labels is not None:
            frame[name] = np.asarray([*labels.names, None], dtype=object)[labels.codes[exposure.place]]
    return frame
