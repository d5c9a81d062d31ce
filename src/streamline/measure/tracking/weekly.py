"""A service week by week, by the weeks in which cases arrived, so that a change can be looked for in it.

What is told of a week rests on the cases that arrived in it and on nothing that isn't known of all of them: cycle time counts
up to a *follow-up*, a number of days after which a case counts as having taken these (the restricted mean), and only weeks
whose last case has been followed so far are used. So the last weeks look neither fast, because only their quick cases are
closed yet, nor slow. A follow-up is the time by which 99% of the cases are closed, less where the records end too early.

Weeks fall into three by where they lie. Cases that arrived shortly before a change met it while they were open, and cases
that arrived shortly after it met the queues of before: both are the *transition*, and are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.periods import local_week, period_edges
from streamline.stats.survival import survival_curve, survival_quantile
from streamline.units import DAY, MISSING_TIME

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Shares of the cases that are closed by a follow-up, the best first.
FOLLOWED = (0.99, 0.95, 0.9, 0.75)
#: Share of the cases that are closed within a transition.
SETTLED = 0.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Span:
    """The weeks that are looked at, and where the change lies in them.

    edges : where the weeks begin and where the last one ends, ascending instants; whole weeks only.
    leave_from, leave_to : arrivals from the one to before the other are the transition.
    """

    edges: Int64
    since: int
    leave_from: int
    leave_to: int

    @property
    def before(self) -> Bool:
        """Weeks that lie before the transition as a whole."""
        return np.asarray(self.edges[1:] <= self.leave_from, dtype=np.bool_)

    @property
    def after(self) -> Bool:
        """Weeks that lie after the transition as a whole."""
        return np.asarray(self.edges[:-1] >= self.leave_to, dtype=np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeeklySeries:
    """One quantity by week of arrival; arrays have one entry a week of the span, NaN where a week isn't used."""

    measure: str
    unit: str
    span: Span
    #: Number of the week, for its distance from others.
    week: Int64
    value: Float
    #: Cases that the value rests on.
    n: Int64
    #: Weeks whose cases have been followed as far as is needed.
    known: Bool
    #: Weeks with as many cases as are needed.
    enough: Bool

    @property
    def before(self) -> Bool:
        """Weeks used as before."""
        return self.span.before & self.known & self.enough

    @property
    def after(self) -> Bool:
        """Weeks used as after."""
        return self.span.after & self.known & self.enough


def whole_weeks(log: EventLog, first: int, last: int) -> Int64:
    """Edges of the whole weeks (Monday to Sunday, in the log's zone) within [first, last); at least two of them.

    Raises InsufficientDataError when there is none.
    """
    edges = period_edges(log, first, last, "week") if last > first else np.zeros(0, dtype=np.int64)
    edges = edges[(edges >= first) & (edges <= last)]
    if len(edges) < 2:
        raise InsufficientDataError(f"{log.source}: not one whole week lies within the records to be looked at.")
    return edges


def days_by_which(log: EventLog, cases: Bool, share: float) -> float:
    """Days by which that share of these cases is closed, open ones counted as censored; NaN where it isn't reached."""
    mine = cases & (log.arrival != MISSING_TIME)
    until = np.where(log.closed, log.last_completion, log.observed_until)
    curve = survival_curve(((until - log.arrival) / DAY)[mine], log.closed[mine])
    return survival_quantile(curve, share)[0]


def transition_days(log: EventLog, before: Bool) -> float:
    """Whole days within which nine of ten of the cases of before are closed.

    Raises InsufficientDataError when more than a tenth of them never closed.
    """
    found = days_by_which(log, before, SETTLED)
    if math.isnan(found):
        raise InsufficientDataError(
            f"{log.source}: more than a tenth of the cases that arrived before the change weren't closed, so how long cases "
            "of before were still open can't be told. Say how long the transition takes (--transition '8 weeks')."
        )
    return float(max(1, math.ceil(found)))


def follow_up_days(log: EventLog, before: Bool, span: Span, *, wanted: int, fewest: int) -> tuple[float, float]:
    """The follow-up of cycle times: (whole days, share of the cases of before that are closed by then).

    The longest of several that leaves enough weeks after the transition: `wanted`, or three quarters of those there are but
    at least `fewest`; where none does, the one that leaves most.
    Raises InsufficientDataError when a quarter of the cases of before never closed.
    """
    best, most = (math.nan, math.nan), -1
    enough = min(wanted, max(fewest, math.ceil(0.75 * int(span.after.sum()))))
    for share in FOLLOWED:
        found = days_by_which(log, before, share)
        if math.isnan(found):
            continue
        days = float(max(1, math.ceil(found)))
        left = int((span.after & _followed(log, span, days)).sum())
        if left >= enough:
            return days, share
        if left > most:
            best, most = (days, share), left
    if most < 0:
        raise InsufficientDataError(
            f"{log.source}: a quarter of the cases that arrived before the change were never closed, so cycle times can't be "
            "compared. Name the activities that end a case (log: ends)."
        )
    return best


def weekly_cycle_time(log: EventLog, span: Span, *, days: float, fewest: int) -> WeeklySeries:
    """Mean days from arrival to last completion, of at most `days` each, by week of arrival."""
    took = np.where(log.closed, (log.last_completion - log.arrival) / DAY, math.inf)
    return _mean(log, span, "cycle_time.mean", "days", np.minimum(took, days), days=days, fewest=fewest)


def weekly_share_within(log: EventLog, span: Span, *, standard: int, fewest: int) -> WeeklySeries:
    """Share of the cases that were closed within `standard` microseconds of their arrival, by week of arrival."""
    met = (log.closed & (log.last_completion - log.arrival <= standard)).astype(np.float64)
    return _mean(log, span, "within_standard", "share", met, days=standard / DAY, fewest=fewest)


def weekly_contacts(links: LinkedContacts, span: Span, *, days: float, fewest: int) -> WeeklySeries:
    """Contacts per case until `days` after its arrival, by week of arrival, scaled up by the link share.

    A week is known when the contact log covers it and the follow-up of its last case.
    """
    log = links.log
    soon = links.time <= log.arrival[links.case] + int(days * DAY)
    each = links.per_case(soon) / links.link_share
    found = _mean(log, span, "contacts_per_case", "contacts per case", each, days=days, fewest=fewest)
    # the first and the last contact mark the ends of the time covered to about a day
    covered = (span.edges[:-1] >= links.period[0] - DAY) & (span.edges[1:] + int(days * DAY) <= links.period[1] + DAY)
    known = found.known & covered
    return WeeklySeries(
        measure=found.measure, unit=found.unit, span=span, week=found.week, n=found.n, known=known, enough=found.enough,
        value=np.where(known, found.value, np.nan),
    )  # fmt: skip


def weekly_arrivals(log: EventLog, span: Span, *, calendar: Calendar | None, fewest: int) -> WeeklySeries:
    """Cases that arrived, by week; with a calendar per week of usual office hours, so that holidays don't look like a fall.

    The span's transition doesn't hold here: weeks count as before or after by `since` alone.
    """
    _, n = _weeks_of(log, span)
    open_share = np.ones(len(n))
    if calendar is not None:
        hours = calendar.working_time(span.edges[:-1], span.edges[1:]).astype(np.float64)
        usual = float(np.median(hours))
        open_share = hours / usual if usual > 0 else open_share
    alone = Span(edges=span.edges, since=span.since, leave_from=span.since, leave_to=span.since)
    # a week with hardly any office hours tells nothing of demand
    enough = (n >= fewest) & (open_share >= 0.5)
    return WeeklySeries(
        measure="arrivals", unit="cases per week", span=alone, week=local_week(log, span.edges[:-1]), n=n,
        known=np.ones(len(n), dtype=np.bool_), enough=enough,
        value=np.where(enough, n / np.maximum(open_share, 0.5), np.nan),
    )  # fmt: skip


def _mean(log: EventLog, span: Span, measure: str, unit: str, each: Float, *, days: float, fewest: int) -> WeeklySeries:
    """The mean of a quantity of cases by week of arrival, of the weeks that have been followed for so many days."""
    place, n = _weeks_of(log, span)
    inside = place >= 0
    known, enough = _followed(log, span, days), n >= fewest
    total = np.bincount(place[inside], weights=each[inside], minlength=len(n))
    return WeeklySeries(
        measure=measure, unit=unit, span=span, week=local_week(log, span.edges[:-1]), n=n, known=known, enough=enough,
        value=np.where(known & enough, total / np.maximum(n, 1), np.nan),
    )  # fmt: skip


def _followed(log: EventLog, span: Span, days: float) -> Bool:
    """Weeks whose last possible arrival is so many days before the end of the records."""
    return np.asarray(span.edges[1:] + int(days * DAY) <= log.observed_until, dtype=np.bool_)


def _weeks_of(log: EventLog, span: Span) -> tuple[Int64, Int64]:
    """For each case the place of its week in the span, -1 outside; and how many cases each week has."""
    place = np.searchsorted(span.edges, log.arrival, side="right") - 1
    place = np.where((log.arrival >= span.edges[0]) & (log.arrival < span.edges[-1]), place, -1).astype(np.int64)
    return place, np.bincount(place[place >= 0], minlength=len(span.edges) - 1).astype(np.int64)
