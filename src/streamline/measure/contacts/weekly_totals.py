"""Contacts without cases: weekly totals of contacts against what the cases of each week awaited.

Contacts of a week = a number that goes with no open case + sum over states of (rate × open days in that state). This is plainly
weaker than rates of contacts that are linked to cases: states whose numbers rise and fall together can't be told apart, whatever
else moves with the season is credited to them, and nothing can be told of repeats, of customers who call much, of late cases or
of loops. Weeks count that lie wholly in the time of the log and of the totals; a state is the step awaited, see `open_life`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.exposure import stretches
from streamline.log.contact_totals import ContactTotals
from streamline.log.event_log import EventLog
from streamline.measure.contacts.linking import CLOSED_DAYS
from streamline.measure.contacts.lives import lives_of
from streamline.measure.duration import LEVEL
from streamline.measure.periods import period_edges
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.aggregate_rates import FEWEST_WEEKS, WEEKS_PER_STATE, AggregateRates, aggregate_rates
from streamline.stats.bootstrap import DRAWS
from streamline.stats.weeks import ratios_of_runs, runs_of_weeks, sums_of_runs
from streamline.units import DAY, counted

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: States that have rates of their own at the most: those with the most open days.
MOST_STATES = 8
OTHERS = "all other states"


@dataclass(frozen=True, kw_only=True, repr=False)
class WeeklyTotalRates(Result):
    """Rates of contacts from weekly totals; n counts the weeks.

    `table`, most open days first: state, open_days, rate_per_open_day with rate_low and rate_high, held_at_zero (the best fit
    would be below 0), own_movement (share of its weekly open days that the other states don't tell).
    """

    #: Contacts a week that go with no open case.
    base: Estimate
    #: Contacts of the weeks over cases that arrived in them.
    per_case: Estimate
    n_contacts: int
    fit: AggregateRates = field(repr=False)
    #: One row a week: week (its Monday), contacts, open_days, told (by the fit).
    weeks: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """The rows behind the numbers: one a week, as `weeks`."""
        return self.weeks

    def chart(self) -> Chart:
        """Contacts per 100 open days by state."""
        return BarChart(
            title="How often customers get in touch, by what their case awaits, told from weekly totals",
            axis="Contacts per 100 open days",
            bars=tuple(
                Bar(label=r.state, value=100 * r.rate_per_open_day, low=100 * r.rate_low, high=100 * r.rate_high)
                for r in rows_of(self.table)
            ),
            note=f"{counted(self.n, 'week')}, {self.n_contacts:,} contacts. Whiskers: intervals that allow for errors that go on",
        )


def weekly_total_rates(
    log: EventLog,
    totals: ContactTotals,
    *,
    closed_days: int = CLOSED_DAYS,
    first: int | None = None,
    last: int | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> WeeklyTotalRates:
    """Tell rates by state from weekly totals (see the module's text).

    log : all cases, also those that arrived before the weeks that count. first, last : instants between which weeks count.
    closed_days : days after the end of a case that are a state of their own.
    level : of the intervals; those of rates allow for errors that go on from week to week, that of contacts per case (draws,
        seed) resamples runs of weeks.

    Returns WeeklyTotalRates. Raises InsufficientDataError with fewer than 26 whole weeks, with a week that has no row between
    others that have one, and where the weeks can't tell any rate.
    """
    edges, contacts = _weeks(log, totals, first, last)
    n = len(contacts)
    names, days = _open_days(log, edges, closed_days)
    fit = _fitted(contacts, days, names, level)
    used = days[:, [names.index(s) for s in fit.states if s != OTHERS]]
    open_days = np.column_stack([used, days.sum(axis=1) - used.sum(axis=1)]) if OTHERS in fit.states else used
    assert fit.base is not None
    arrived = np.diff(np.searchsorted(np.sort(log.arrival), edges)).astype(np.float64)
    if not arrived.sum() > 0:
        raise InsufficientDataError(f"No case of {log.source} arrived in the {n} weeks of {totals.source}.")
    run, _ = runs_of_weeks(np.arange(n))
    runs = int(run.max()) + 1
    low, high = ratios_of_runs(
        sums_of_runs(run, contacts, runs)[:, None],
        sums_of_runs(run, arrived, runs),
        level=level,
        draws=draws,
        seed=seed,
    )
    table = pd.DataFrame(
        {"state": fit.states, "open_days": open_days.sum(axis=0), "rate_per_open_day": fit.rate, "rate_low": fit.low,
         "rate_high": fit.high, "held_at_zero": fit.held_at_zero, "own_movement": fit.own_movement}
    )  # fmt: skip
    return WeeklyTotalRates(
        recorded=log.recorded,
        table=table.sort_values(["open_days", "state"], ascending=[False, True], ignore_index=True),
        n=n,
        excluded={"rows outside these weeks": int(((totals.time < edges[0]) | (totals.time >= edges[-1])).sum())},
        caveats=_caveats(fit),
        base=bounded(
            *fit.base, level=level, method="weekly totals: least squares, errors that go on from week to week",
            unit="contacts per week", n=n,
        ),
        per_case=bounded(
            float(contacts.sum() / arrived.sum()), float(low[0]), float(high[0]), level=level,
            method="contacts over cases that arrived in the same weeks; interval by resampling runs of weeks",
            unit="contacts per case", n=int(arrived.sum()),
        ),
        n_contacts=int(contacts.sum()),
        fit=fit,
        weeks=pd.DataFrame(
            {"week": log.instants(edges[:-1]), "contacts": contacts.astype(np.int64), "open_days": days.sum(axis=1),
             "told": open_days @ fit.rate + fit.base[0]}
        ),
    )  # fmt: skip


def _weeks(log: EventLog, totals: ContactTotals, first: int | None, last: int | None) -> tuple[Int64, Float]:
    """Edges of the whole weeks that count, and the contacts of each."""
    since = max(log.period[0], log.period[0] if first is None else first)
    until = min(log.observed_until, log.observed_until if last is None else last)
    begins, ends = int(totals.time[0]), int(totals.time[-1]) + 1
    edges = period_edges(log, begins, ends, "week")  # the totals name days of whole weeks
    edges = edges[(edges >= since) & (edges <= until)]
    if len(edges) < 2:
        raise InsufficientDataError(
            f"{totals.source} and {log.source} have no whole week in common. Check their dates."
        )
    place = np.searchsorted(edges, totals.time, side="right") - 1
    inside = (place >= 0) & (totals.time < edges[-1])
    n = len(edges) - 1
    silent = np.flatnonzero(np.bincount(place[inside], minlength=n) == 0)
    if len(silent):
        days = ", ".join(f"{d:%Y-%m-%d}" for d in log.instants(edges[silent[:5]]))
        raise InsufficientDataError(
            f"{totals.source} has no row for {counted(len(silent), 'week')} between others (the first: {days}). Write 0 "
            "where nobody got in touch; a week that wasn't counted can't be told from it."
        )
    if n < FEWEST_WEEKS:
        raise InsufficientDataError(
            f"{totals.source} and {log.source} have {counted(n, 'whole week')} in common; rates from weekly totals take "
            f"{FEWEST_WEEKS}."
        )
    return edges, np.bincount(place[inside], weights=totals.count[inside], minlength=n).astype(np.float64)


def _open_days(log: EventLog, edges: Int64, closed_days: int) -> tuple[list[str], Float]:
    """The states, and (weeks, states): open days."""
    lives = lives_of(log, closed_days=closed_days, standard=None)
    n_classes = len(edges) + 1
    nobody = np.zeros(log.n_cases + 1, dtype=np.int64)
    _, key, time, _, _ = stretches(
        lives.offsets, lives.state, lives.since, lives.until, lives.tail_state, lives.last, lives.tail, lives.due,
        nobody, np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=np.int64), DAY, edges,
        np.arange(n_classes, dtype=np.int32), n_classes, int(edges[0]), int(edges[-1]),
    )  # fmt: skip
    week = key % n_classes - 1
    state = key // n_classes // 4
    inside = (week >= 0) & (week < len(edges) - 1)
    k = len(lives.names)
    days = np.bincount(week[inside] * k + state[inside], weights=time[inside] / DAY, minlength=(len(edges) - 1) * k)
    return list(lives.names), days.reshape(len(edges) - 1, k).astype(np.float64)


def _fitted(contacts: Float, days: Float, names: list[str], level: float) -> AggregateRates:
    """The regression on as many states as the weeks bear, those with the most open days first, the others as one."""
    order = [int(k) for k in np.argsort(-days.sum(axis=0), kind="stable") if days[:, k].sum() > 0]
    most = min(MOST_STATES, len(contacts) // WEEKS_PER_STATE - 2, len(order))
    refused = InsufficientDataError("No case is open in these weeks.")
    for n_own in range(most, 0, -1):
        own, rest = order[:n_own], order[n_own:]
        columns, states = days[:, own], [names[k] for k in own]
        if rest:
            columns, states = np.column_stack([columns, days[:, rest].sum(axis=1)]), [*states, OTHERS]
        try:
            return aggregate_rates(contacts, columns, states, base=True, level=level)
        except InsufficientDataError as error:
            refused = error
    raise refused


def _caveats(fit: AggregateRates) -> tuple[str, ...]:
    told = [
        "These rates come from weekly totals of contacts, not from contacts that are linked to cases. They are weaker: "
        "whatever else rises and falls with the number of open cases is credited to it, and customers who call much can't be "
        "told from waits that make customers call.",
    ]
    if fit.moving_together:
        told.append(
            f"The numbers of open cases in {', '.join(fit.moving_together)} rise and fall with those in other states, so "
            "their rates can hardly be told apart; their intervals say how little is known."
        )
    if fit.held_at_zero.any():
        held = ", ".join(s for s, h in zip(fit.states, fit.held_at_zero, strict=True) if h)
        told.append(
            f"The weeks would fit best with a rate below 0 in {held}, which no rate can be: 0 is told, with an upper bound."
        )
    return tuple(told)
