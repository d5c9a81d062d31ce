"""The forecast check of contacts: do rates fitted on the earlier part of a period tell the contacts of the rest?

The *split* is the beginning of the week nearest to 70% of the time that log and contacts both cover. Rates by state and waiting
band are fitted on what was known by then (see `measure.contacts.known_then`), and multiplied with the days that the cases then
spent in each state and band until the last whole week. These days are the observed ones: the check is of the rates, not of how
cases flow. Rates are those of all cases pooled, repeats included: they are to tell how many contacts come from the same kind of
cases, not what a change would do; rates within cases, where callers differ, are put beside them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Line, LineChart
from streamline.measure.contacts.exposure import OpenLife, open_life
from streamline.measure.contacts.fates import FEW_CONTACTS
from streamline.measure.contacts.forecast_cells import FittedCells, fitted_cells
from streamline.measure.contacts.forecast_words import Score, caveats_of_forecast, summary_of
from streamline.measure.contacts.known_then import link_share, links_before
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.contacts.lives import CLOSED
from streamline.measure.contacts.weekly import WeeklyLife, weekly_life
from streamline.measure.duration import LEVEL
from streamline.measure.periods import period_edges
from streamline.results import Estimate, Result
from streamline.stats.forecast_intervals import (
    count_interval,
    dispersion,
    drawn_counts,
    level_error,
    week_factors,
    week_spread,
)
from streamline.stats.forecast_rivals import Rival, ratio_rival, regression_rival, state_rival
from streamline.units import DAY, MISSING_TIME, counted

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Whole weeks before and after the split without which nothing is checked.
WEEKS_BEFORE, WEEKS_AFTER = 8, 4
#: Draws of the intervals.
DRAWS = 2000
#: With fewer contacts before the split a state's own scatter isn't told from that of all states.
OWN_SCATTER = 30


@dataclass(frozen=True, kw_only=True, repr=False)
class ContactForecast(Result):
    """Contacts after the split, told from what was known before it; n counts the cases with days in these weeks.

    `table`, one row a week: week (its Monday, in the log's zone), contacts (linked, by weight), predicted with low and high,
    rival_ratio and rival_regression (NaN where a rival can't be made). Nothing is scaled up by the link share.
    """

    #: One row a state, most contacts first: state, open_days, contacts, predicted, low, high, inside.
    by_state: pd.DataFrame = field(repr=False)
    #: One row a way to predict, the rates first: method, predicted (of all weeks), total_error_share (of the contacts that
    #: came; above 0: too many were predicted), weekly_error_contacts (mean of the absolute errors), weekly_error_share.
    methods: pd.DataFrame = field(repr=False)
    #: All weeks together: what the rates tell.
    predicted: Estimate
    n_contacts: float
    #: Instants: where the contacts begin to count, where the rates' knowledge ends, and where the last whole week ends.
    first: int
    split: int
    until: int
    #: Mean absolute weekly error that chance and the weeks' own spread would make if the rates were right.
    error_by_chance: float
    #: Variance of weekly contacts over that of contacts that come one by one; and of a week's own factor.
    dispersion: float
    week_variance: float
    #: Weeks and states whose contacts lie in the interval; states of which something is predicted.
    weeks_inside: int
    states_inside: int
    n_states: int
    #: Whether the errors are larger than chance and the spread of earlier weeks explain.
    rates_held: bool
    #: Which rates an estimate of a change uses, in words.
    why_rates: str
    summary: tuple[str, ...]
    timezone: str
    _cases: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a case with days in these weeks: case, open_days, contacts, predicted."""
        return self._cases

    def chart(self) -> LineChart:
        """Contacts by week, and what the rates told, with its interval."""
        at = tuple(int(t.value) // 1000 for t in pd.DatetimeIndex(self.table["week"]))
        shown = self.table
        return LineChart(
            title="Contacts by week, and what the rates of the weeks before tell",
            axis="Contacts per week",
            lines=(
                Line(label="Contacts that came", at=at, values=tuple(shown["contacts"])),
                Line(
                    label="Told by the rates",
                    at=at,
                    values=tuple(shown["predicted"]),
                    low=tuple(shown["low"]),
                    high=tuple(shown["high"]),
                ),
            ),
            timezone=self.timezone,
            note=f"{self.summary[0]} Band: {self.predicted.level:.0%} intervals by week.",
        )


def contact_forecast(
    links: LinkedContacts,
    *,
    standard: str | None = None,
    share: float = 0.7,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> ContactForecast:
    """Fit rates of contacts on the first part of the period, and hold what they tell for the rest to what came.

    standard : the service standard, such as "30 days": rates then differ past it. share : of the time, before the split; the
        split is moved to the nearest beginning of a week.
    level, draws, seed : of the intervals. These carry the uncertainty of the rates, how much weeks differed before the split
        (also beyond a week, as far as that went on), the scatter of callers and bursts, and chance.

    Rivals get the same contacts: contacts per arriving or closed case of the weeks before, times the cases of each week; least
    squares of weekly contacts on the open days of all cases, and state by state where the weeks suffice.
    Returns ContactForecast. Raises InsufficientDataError when there are fewer than 8 whole weeks before the split or 4 after it,
    fewer than 30 whole contacts before it or none after it, and as `open_life` does; ValueError for a share that leaves nothing.
    Cost grows with the weeks in which cases are open.
    """
    if not 0 < share < 1:
        raise ValueError(f"share={share:g} must lie between 0 and 1, such as 0.7 for the first 70% of the time.")
    first, edges, k = _split(links, share)
    split, until = int(edges[k]), int(edges[-1])
    past = links_before(links, split)
    n_past = int((past.weight == 1.0).sum())
    if n_past < FEW_CONTACTS:
        raise InsufficientDataError(
            f"{counted(n_past, 'contact')} before the split ({_day(links, split)}) can be linked; rates to check take at least "
            f"{FEW_CONTACTS}."
        )
    life = open_life(past, standard=standard, draws=50, seed=seed)
    not_over = _maybe_open(past, split)
    fit = fitted_cells(life, not_over)
    before = weekly_life(past, edges[: k + 1], bands=life.bands, standard=life.standard, first=first)
    before = before.kept(~not_over[before.case] | (before.state != before.names.index(CLOSED)))
    after = weekly_life(links, edges[k:], bands=life.bands, standard=life.standard, first=split)
    known = fit.cells.known(after)
    told = after.kept(known)
    if not told.contacts.sum() > 0:
        raise InsufficientDataError(
            f"No contact can be linked to a case between {_day(links, split)} and {_day(links, until)}. Either nobody got in "
            "touch, or the records of contacts end there: nothing can be checked."
        )
    return _checked(links, past, life, fit, before, after, told, edges, k, first, level=level, draws=draws, seed=seed)


def _split(links: LinkedContacts, share: float) -> tuple[int, Int64, int]:
    """(first instant, edges of the weeks up to the last whole one, the edge at which the split is)."""
    log = links.log
    first = max(links.period[0], log.period[0])
    last = min(links.period[1], log.observed_until)
    if last <= first:
        raise InsufficientDataError(f"{links.contacts.source} and {log.source} cover no time together.")
    edges = period_edges(log, first, last, "week")
    edges = edges[edges <= last]
    whole = edges[edges >= first]
    k = int(np.abs(edges - (first + share * (last - first))).argmin()) if len(edges) else 0
    n_before = int((whole < edges[k]).sum()) if len(edges) else 0
    if n_before < WEEKS_BEFORE or len(edges) - 1 - k < WEEKS_AFTER:
        raise InsufficientDataError(
            f"{links.contacts.source} and {log.source} cover {counted(max(len(whole) - 1, 0), 'whole week')} together; a check "
            f"of the rates takes {WEEKS_BEFORE} before the split and {WEEKS_AFTER} after it."
        )
    return first, edges, k


def _maybe_open(past: LinkedContacts, split: int) -> Bool:
    """Cases that were taken for closed without proof: no activity is known to end a case, and the last step is too recent."""
    log = past.log
    if log.ends is not None:
        return np.zeros(log.n_cases, dtype=np.bool_)
    return np.asarray(log.closed & (log.last_completion > split - past.closed_days * DAY), dtype=np.bool_)


def _checked(
    links: LinkedContacts, past: LinkedContacts, life: OpenLife, fit: FittedCells, before: WeeklyLife, after: WeeklyLife,
    told: WeeklyLife, edges: Int64, k: int, first: int, *, level: float, draws: int, seed: int,
) -> ContactForecast:  # fmt: skip
    """The result, from the rows before the split and after it."""
    cells, n_weeks = fit.cells, len(edges) - 1 - k
    whole = np.arange(k) >= (edges[0] < first)  # the first week may have begun before the contacts
    expected_before, expected = fit.expected(before), fit.expected(told)
    weekly_before = _by(before.week, before.contacts, k)[whole]
    observed = _by(told.week, told.contacts, n_weeks)
    predicted = _by(told.week, expected, n_weeks)

    scatter = dispersion(_numbered(before.case * k + before.week), before.contacts, expected_before)
    spread = week_spread(weekly_before, _by(before.week, expected_before, k)[whole], by_chance=scatter)
    rng = np.random.default_rng(seed)
    factors = week_factors(rng, spread, n_weeks=n_weeks, draws=draws)
    factors *= np.exp(
        rng.standard_normal((draws, 1)) * np.sqrt(level_error(_by(before.week, expected_before, k), spread))
    )
    rates = fit.drawn(rng, draws=draws)
    cell = cells.of(told)
    days = np.bincount(told.week * cells.size + cell, weights=told.days, minlength=n_weeks * cells.size)
    days = days.reshape(n_weeks, cells.size)
    counts = drawn_counts(rng, factors * (rates @ days.T), scatter)
    low, high = count_interval(counts, level=level)

    by_state, all_inside = _by_state(
        rng, fit, before, expected_before, told, expected, rates * (factors @ days), level=level
    )
    case_scatter = dispersion(before.case, before.contacts, expected_before)
    total = drawn_counts(rng, ((rates * (factors @ days)).sum(axis=1))[:, None], case_scatter)
    total_low, total_high = count_interval(total, level=level)

    rivals = _rivals(links, past, before, after, edges, k, whole, weekly_before)
    table = pd.DataFrame(
        {
            "week": links.log.instants(edges[k:-1]),
            "contacts": observed,
            "predicted": predicted,
            "low": low,
            "high": high,
            "rival_ratio": _of(rivals[0], n_weeks),
            "rival_regression": _of(rivals[2] or rivals[1], n_weeks),
        }
    )
    named: list[tuple[str, Float]] = [("rates by state and wait", predicted)]
    if fit.within is not None:
        named.append(("rates within cases", _by(told.week, fit.expected(told, within=True), n_weeks)))
    named += [(r.name, r.predicted) for r in rivals if r is not None]
    inside = (low <= observed) & (observed <= high)
    score = Score(
        n_weeks=n_weeks,
        n_weeks_before=int(whole.sum()),
        split=_day(links, int(edges[k])),
        observed=float(observed.sum()),
        predicted=float(predicted.sum()),
        low=float(total_low[0]),
        high=float(total_high[0]),
        level=level,
        weeks_inside=int(inside.sum()),
        n_states=len(all_inside),
        states_inside=int(all_inside.sum()),
        error_by_chance=float(np.abs(counts - predicted).mean()),
        methods=_methods(named, observed),
        errors=np.array([np.abs(p - observed) for _, p in named]),
    )
    case, number = np.unique(told.case, return_inverse=True)
    n_all = int(((links.log.arrival != MISSING_TIME) & (links.log.arrival < edges[-1])).sum())
    return ContactForecast(
        recorded=links.recorded,
        table=table,
        n=len(case),
        excluded={"without days in these weeks": n_all - len(case)},
        caveats=caveats_of_forecast(
            links=links, past=past, life=life, fit=fit, after=after, known=cells.known(after), edges=edges[k:],
            shares=(past.link_share, link_share(links, int(edges[k]), int(edges[-1]))),
            silent_weeks=int(((observed == 0) & (low > 0)).sum()),
        ),
        by_state=by_state,
        methods=score.methods,
        predicted=Estimate(
            value=score.predicted, low=score.low, high=score.high, level=level,
            method="rates of the weeks before × the days that cases spent in each state; interval by simulation",
            unit="contacts", n=len(case),
        ),
        n_contacts=score.observed,
        first=first,
        split=int(edges[k]),
        until=int(edges[-1]),
        error_by_chance=score.error_by_chance,
        dispersion=scatter,
        week_variance=spread.variance,
        weeks_inside=score.weeks_inside,
        states_inside=score.states_inside,
        n_states=score.n_states,
        rates_held=score.held,
        why_rates=fit.why,
        summary=summary_of(score, by_state),
        timezone=links.log.timezone,
        _cases=pd.DataFrame(
            {
                "case": links.log.case_id_array(case),
                "open_days": np.bincount(number, weights=told.days),
                "contacts": np.bincount(number, weights=told.contacts),
                "predicted": np.bincount(number, weights=expected),
            }
        ),
    )  # fmt: skip


def _by_state(
    rng: np.random.Generator, fit: FittedCells, before: WeeklyLife, expected_before: Float, told: WeeklyLife, expected: Float,
    means: Float, *, level: float,
) -> tuple[pd.DataFrame, Bool]:  # fmt: skip
    """The table of states, and which of them lie inside. means : (draws, cells), the contacts expected of each cell."""
    n = len(told.names)
    days, observed = _by(told.state, told.days, n), _by(told.state, told.contacts, n)
    states = np.flatnonzero(days > 0)
    overall = dispersion(_numbered(before.case * n + before.state), before.contacts, expected_before)
    own = np.full(n, overall)
    for s in np.flatnonzero(_by(before.state, before.contacts, n) >= OWN_SCATTER):
        here = before.state == s
        own[s] = dispersion(_numbered(before.case[here]), before.contacts[here], expected_before[here])
    state_means = np.column_stack([means[:, fit.cells.state == s].sum(axis=1) for s in states])
    low, high = count_interval(drawn_counts(rng, state_means, own[states]), level=level)
    inside = (low <= observed[states]) & (observed[states] <= high)
    table = pd.DataFrame(
        {
            "state": np.asarray(told.names, dtype=object)[states],
            "open_days": days[states],
            "contacts": observed[states],
            "predicted": _by(told.state, expected, n)[states],
            "low": low,
            "high": high,
            "inside": inside,
        }
    )
    return table.sort_values(["contacts", "state"], ascending=[False, True], ignore_index=True), inside


def _rivals(
    links: LinkedContacts, past: LinkedContacts, before: WeeklyLife, after: WeeklyLife, edges: Int64, k: int, whole: Bool,
    contacts: Float,
) -> tuple[Rival | None, Rival | None, Rival | None]:  # fmt: skip
    """(ratio, regression on all open cases, regression by state), as far as each can be made."""
    n_weeks = len(edges) - 1 - k

    def per_week(instants: Int64, weeks: Int64) -> Float:
        return np.diff(np.searchsorted(np.sort(instants), weeks)).astype(np.float64)

    now, then = links.log, past.log
    ratio = ratio_rival(
        contacts,
        {
            "arriving case": per_week(then.arrival, edges[: k + 1])[whole],
            "closed case": per_week(then.last_completion[then.closed], edges[: k + 1])[whole],
        },
        {
            "arriving case": per_week(now.arrival, edges[k:]),
            "closed case": per_week(now.last_completion[now.closed], edges[k:]),
        },
    )
    n = len(before.names)
    days = [
        _by(rows.week * n + rows.state, rows.days, weeks * n).reshape(weeks, n)
        for rows, weeks in ((before, k), (after, n_weeks))
    ]
    days[0] = days[0][whole]
    is_open = np.arange(n) != before.names.index(CLOSED)
    regression = regression_rival(contacts, days[0][:, is_open].sum(axis=1), days[1][:, is_open].sum(axis=1))
    return ratio, regression, state_rival(contacts, days[0], days[1], list(before.names))


def _methods(named: list[tuple[str, Float]], observed: Float) -> pd.DataFrame:
    total = float(observed.sum())
    return pd.DataFrame(
        {
            "method": [name for name, _ in named],
            "predicted": [float(p.sum()) for _, p in named],
            "total_error_share": [float(p.sum()) / total - 1 for _, p in named],
            "weekly_error_contacts": [float(np.abs(p - observed).mean()) for _, p in named],
            "weekly_error_share": [float(np.abs(p - observed).sum()) / total for _, p in named],
        }
    )


def _of(rival: Rival | None, n_weeks: int) -> Float:
    return np.full(n_weeks, np.nan) if rival is None else rival.predicted


def _by(code: Int64, values: Float, n: int) -> Float:
    return np.bincount(code, weights=values, minlength=n).astype(np.float64)


def _numbered(keys: Int64) -> Int64:
    """Equal keys as equal numbers from 0."""
    return np.asarray(np.unique(keys, return_inverse=True)[1], dtype=np.int64)


def _day(links: LinkedContacts, instant: int) -> str:
    return f"{links.log.instants(np.array([instant], dtype=np.int64))[0]:%Y-%m-%d}"
