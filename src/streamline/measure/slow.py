"""What sets slow cases apart: channels, attributes, groups of people, routes and loops beside cycle times.

For each level of a factor, against all other cases: the means and medians of the cycle time, and the share of *slow*
cases, those beyond a share of the slowest or past a service standard. These are associations. A group may be slow because it
gets the difficult cases; a route or a loop is part of what happened, so that it describes slow cases more than it explains
them.

*Adjusted*: the ratio of the mean cycle time of a level to that of its factor's other levels, all other factors alike, by a
log-linear regression. A logarithm of the cycle time isn't taken: that would compare typical cases instead of means, and
leave out cases that took no time (Santos Silva and Tenreyro 2006). What is known at the arrival is adjusted for each other;
a route or a loop for all that is known at the arrival, never the other way round, since a channel may act by way of the
loops that it leads to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.log.event_log import EventLog
from streamline.log.kinds import check_log
from streamline.measure.duration import LEVEL
from streamline.measure.factor import OTHER, UNKNOWN, Factor, arrival_factors, arrival_weeks
from streamline.measure.loops.association import FDR, MIN_CASES, adjustment_notes, one_of_two, people_note
from streamline.measure.loops.occurrences import loop_occurrences, loop_words
from streamline.measure.summaries.routes import routes_of
from streamline.results import Result, rows_of
from streamline.stats.adjusted import Adjusted, adjusted_ratios
from streamline.stats.association import (
    FEWEST_CLUSTERS,
    mean_contrasts,
    median_differences,
    q_values,
    rank_p_values,
)
from streamline.units import DAY, MISSING_TIME, counted, duration_words, parse_duration, significant

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]

ARRIVAL, COURSE = "known at arrival", "what happened"
#: Families of loops and routes that are looked at: the most frequent.
_LOOPS, _ROUTES = 8, 8


@dataclass(frozen=True, kw_only=True, repr=False)
class SlowCases(Result):
    """What slow cases have in common. `table`, those that stand out first and of them the largest ratio: kind ("known at
    arrival" or "what happened"), factor, level, n_cases (closed), cases_share, mean_days, others_mean_days,
    difference_days with _low and _high, median_days, others_median_days, median_difference_days with _low and _high,
    slow_share, others_slow_share, slow_ratio (infinite where none of the others is slow) with _low and _high,
    adjusted_ratio with _low and _high (of means; NaN where it can't be estimated), p_value (ranks of the cycle times),
    q_value, stands_out (q_value at most the false discovery rate), adjusted_q_value, steps (of a route, in words; empty for
    others). Intervals but those of medians rest on weeks of arrivals; NaN with too few of them.
    """

    #: Which cases are slow, in words, and their share.
    slow_is: str
    slow_share: float
    #: Cycle time beyond which a case is slow, in days.
    slow_days: float
    fdr: float
    _log: EventLog = field(repr=False)
    _cases: Int64 = field(repr=False)
    _slow: Bool = field(repr=False)
    _factors: tuple[Factor, ...] = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a closed case, and each open one that is past the standard: case, cycle_time_days (NaN while open), slow, and
        its level of each factor."""
        log, closed = self._log, self._log.closed[self._cases]
        days = (log.last_completion - log.arrival)[self._cases] / DAY
        frame = pd.DataFrame(
            {
                "case": log.case_id_array(self._cases),
                "cycle_time_days": np.where(closed, days, np.nan),
                "slow": self._slow,
            }
        )
        levels = {f.name: np.asarray(f.levels, dtype=object)[f.codes] for f in self._factors}
        return pd.concat([frame, pd.DataFrame(levels)], axis=1)

    @property
    def words(self) -> tuple[str, ...]:
        """A sentence for each row that stands out."""
        return tuple(self._sentence(r) for r in rows_of(self.table[self.table["stands_out"]]))

    def _sentence(self, r: Any) -> str:
        longer = r.difference_days > 0
        if r.difference_days_low * r.difference_days_high > 0:
            low, high = sorted((abs(r.difference_days_low), abs(r.difference_days_high)))
            digits = 2 if significant(low) != significant(high) else 3
            size, *ends = (significant(v, digits=digits) for v in (abs(r.difference_days), low, high))
            text = f"take {size} ({ends[0]} to {ends[1]}) days {'longer' if longer else 'less'} than the others (mean "
            text += f"{significant(r.mean_days)} against {significant(r.others_mean_days)}; "
        else:  # ranks tell them apart, but a few long cases make too much of the means
            longer = r.median_difference_days > 0
            text = f"mostly take {'longer' if longer else 'less'} than the others (median {significant(r.median_days)} days "
            text += f"against {significant(r.others_median_days)}; the means can't be told apart; "
        text += f"{r.slow_share:.0%} of them are slow, of the others {r.others_slow_share:.0%})"
        if np.isfinite(r.adjusted_q_value):
            text += "; with " + ("the other factors" if r.kind == ARRIVAL else "what is known at arrival") + " alike "
            if r.adjusted_q_value <= self.fdr and (r.adjusted_ratio > 1) == longer:
                ratio = f"{r.adjusted_ratio:.2f}" if r.adjusted_ratio > 0.1 else significant(r.adjusted_ratio)
                text += f"their mean is {ratio} times that of the others"
            else:
                text += "no difference of means can be told from chance"
        return f"Cases with {r.factor} “{r.level}” {text}. This is an association, not a cause."

    def chart(self) -> Chart:
        """Difference in means of what stands out, the largest first, else of the ten smallest p-values. The title names what
        the most excess days go together with."""
        some = self.table[self.table["stands_out"]].head(12)
        title = "Nothing recorded sets slow cases apart"
        if some.empty:
            some = self.table.nsmallest(10, "p_value")
        else:
            named = some[~some["level"].isin([OTHER, UNKNOWN])]
            named = some if named.empty else named
            clear = named[named["difference_days_low"] * named["difference_days_high"] > 0]
            pick = named if clear.empty else clear
            most = pick.iloc[int(np.argmax(pick["difference_days"].abs() * pick["n_cases"]))]
            # where a few long cases make too much of the means, ranks alone tell the cases apart
            by = "median_difference_days" if clear.empty else "difference_days"
            take = "mostly take" if clear.empty else f"take {significant(abs(most[by]))} days"
            more = "longer" if most[by] > 0 else "less"
            title = f"Cases with {most['factor']} “{most['level']}” {take} {more} than the others"
        some = some.sort_values("difference_days", ascending=False)
        return BarChart(
            title=title,
            axis="Mean cycle time, days more than the other cases (elapsed)",
            bars=tuple(
                Bar(
                    label=f"{r.factor}: {r.level}",
                    value=float(r.difference_days),
                    low=_finite(r.difference_days_low),
                    high=_finite(r.difference_days_high),
                )
                for r in rows_of(some)
            ),
            note=f"{self.n:,} closed cases. Whiskers: intervals from weeks of arrivals. Associations, not causes",
        )


def slow_cases(
    log: EventLog,
    *,
    share: float = 0.1,
    standard: str | None = None,
    attributes: Sequence[str] | None = None,
    groups: Sequence[str | None] | None = None,
    min_cases: int = MIN_CASES,
    fdr: float = FDR,
    level: float = LEVEL,
) -> SlowCases:
    """What sets slow cases apart from the others (see the module's text).

    share : the slowest share of the closed cases counts as slow, 0 to 1 (more of them where many took equally long).
    standard : a duration such as "30 days", instead of `share`: cases past it are slow, also those that are still open.
    attributes : names of the attributes to look at; all by default. groups : the group of each resource, in the order of
        `log.resource.names`; people themselves are looked at without it. min_cases : levels of fewer cases are pooled.
    fdr : false discovery rate, 0 to 1.

    Open cases have no cycle time yet and are left out (of shares past a standard only while it isn't over). Returns SlowCases
    over the n closed cases. Raises InsufficientDataError when no case is closed, all or none are slow, or nothing is recorded
    that could set cases apart; UnknownNameError for another attribute, ValueError for a share or rate outside 0 to 1.
    """
    check_log(log)
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1; {share} doesn't.")
    if not 0 < fdr < 1:
        raise ValueError(f"fdr must lie between 0 and 1; {fdr} doesn't.")
    cases, slow, limit, said = _slow(log, share, standard)
    closed = log.closed[cases]
    n = int(closed.sum())
    known = arrival_factors(log, cases, attributes=attributes, groups=groups, min_cases=min_cases)
    course, steps = _course_factors(log, cases, min_cases)
    factors = [*known.factors, *course]
    if not factors:
        raise InsufficientDataError(f"{log.source}: no channel, attribute, resource or route sets its cases apart.")
    days = (log.last_completion - log.arrival)[cases[closed]] / DAY
    week = arrival_weeks(log, cases)
    alike = adjusted_ratios(
        [f.codes[closed] for f in known.factors], [len(f.levels) for f in known.factors], days, week[closed],
        kind="log-linear", level=level,
    )  # fmt: skip
    adjusted = [*alike.factors, *(_beside(known.factors, f, closed, days, week[closed], level) for f in course)]
    table = pd.concat(
        [
            _rows(ARRIVAL if j < len(known.factors) else COURSE, f, adjusted[j], closed, days, slow, week, level)
            for j, f in enumerate(factors)
        ],
        ignore_index=True,
    )
    q = q_values(table["p_value"].to_numpy())
    place = table.columns.get_loc("p_value")
    assert isinstance(place, int)
    table.insert(place + 1, "q_value", q)
    table.insert(place + 2, "stands_out", q <= fdr)
    table["adjusted_q_value"] = q_values(table.pop("adjusted_p_value").to_numpy())
    is_route = (table["kind"] == COURSE) & (table["factor"] == "route")
    table["steps"] = table["level"].map(steps).where(is_route).fillna("")
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.abs(np.log(table["mean_days"] / table["others_mean_days"]))
    order = np.lexsort((table["p_value"], -size, ~table["stands_out"]))
    n_open = int((~log.closed).sum())
    return SlowCases(
        table=table.iloc[order].reset_index(drop=True),
        n=n,
        excluded={"open": n_open},
        caveats=(
            *_caveats(log, week, n_open),
            *people_note(log, groups),
            *known.notes,
            *adjustment_notes(alike, known.factors),
        ),
        slow_is=said,
        slow_share=float(slow.mean()),
        slow_days=limit / DAY,
        fdr=fdr,
        _log=log,
        _cases=cases,
        _slow=slow,
        _factors=tuple(factors),
    )


def _slow(log: EventLog, share: float, standard: str | None) -> tuple[Int64, Bool, float, str]:
    """(cases whose outcome is known, which of them are slow, the limit in microseconds, in words)."""
    closed = log.closed
    if not closed.any():
        raise InsufficientDataError(f"{log.source}: none of {log.n_cases:,} cases is closed; none has a cycle time.")
    if standard is None:
        cases = np.flatnonzero(closed)
        time = (log.last_completion - log.arrival)[cases]
        limit = float(np.quantile(time, 1 - share, method="inverted_cdf"))
        slow = time > limit
        said = f"the slowest {slow.mean():.0%} of the closed cases, which took more than {duration_words(limit)}"
        if not slow.any():  # so many took equally long
            slow = time >= limit
            said = f"the slowest {slow.mean():.0%} of the closed cases, which all took {duration_words(limit)}"
    else:
        limit = float(parse_duration(standard))
        age = np.where(closed, log.last_completion, log.observed_until) - log.arrival
        cases = np.flatnonzero((log.arrival != MISSING_TIME) & (closed | (age > limit)))
        slow = age[cases] > limit
        said = f"cases that took more than {duration_words(limit)}, and open ones that are past it"
    if slow.all() or not slow.any():
        which = "all" if slow.any() else "none"
        how = "equally long" if standard is None else f"more than {duration_words(limit)}"
        raise InsufficientDataError(
            f"{log.source}: {which} of the {len(cases):,} cases took {how}; no slow ones to set apart."
        )
    return cases, slow, limit, said


def _course_factors(log: EventLog, cases: Int64, min_cases: int) -> tuple[list[Factor], dict[str, str]]:
    """Routes and loops of the cases, each loop as had or not; and the steps of each route."""
    routes, steps = _route_factor(log, cases, min_cases)
    found = [routes]
    loops = loop_occurrences(log)
    family, key = loops.family
    pair = np.unique(loops.case * max(len(key), 1) + family)  # each case once a family
    in_cases = np.bincount(pair % max(len(key), 1), minlength=len(key))
    width = len(log.activities)
    for f in np.argsort(-in_cases, kind="stable")[:_LOOPS]:
        had = np.zeros(log.n_cases, dtype=np.int64)
        had[loops.case[family == f]] = 1
        words = loop_words(log.activities[key[f] // width], log.activities[key[f] % width])
        chosen = had[cases]
        if min(int(chosen.sum()), len(cases) - int(chosen.sum())) >= min_cases:
            found.append(Factor(name="loop", codes=chosen, levels=("without", words)))
    return [f for f in found if len(f.levels) > 1], steps


def _route_factor(log: EventLog, cases: Int64, min_cases: int) -> tuple[Factor, dict[str, str]]:
    """The most frequent routes, and the steps of each; the others, of which there may be as many as cases, are pooled
    without being named."""
    routes = routes_of(log)
    count = np.bincount(routes.of_case[cases], minlength=len(routes.n_cases))
    order = np.argsort(-count, kind="stable")[:_ROUTES]
    big = order[count[order] >= min_cases]
    place = np.full(len(count), len(big), dtype=np.int64)
    place[big] = np.arange(len(big))
    names = [f"route {k} ({routes.offsets[r + 1] - routes.offsets[r]} steps)" for k, r in enumerate(big, start=1)]
    words = {
        name: " → ".join(log.activities[a] for a in routes.activity[routes.offsets[r] : routes.offsets[r + 1]])
        for name, r in zip(names, big, strict=True)
    }
    rare = (OTHER,) if count[big].sum() < len(cases) else ()
    return Factor(name="route", codes=place[routes.of_case[cases]], levels=(*names, *rare)), words


def _beside(known: Sequence[Factor], own: Factor, closed: Bool, days: Float, week: Int64, level: float) -> Adjusted:
    """The levels of a route or loop, with what is known at the arrival alike."""
    both = [*known, own]
    fitted = adjusted_ratios(
        [f.codes[closed] for f in both], [len(f.levels) for f in both], days, week, kind="log-linear", level=level
    )
    return fitted.factors[-1]


def _rows(
    kind: str, factor: Factor, alike: Adjusted, closed: Bool, days: Float, slow: Bool, week: Int64, level: float
) -> pd.DataFrame:
    """The rows of one factor."""
    code, k = factor.codes[closed], len(factor.levels)
    n_weeks = int(week.max()) + 1
    mean = mean_contrasts(days, code, k, week[closed], n_weeks, level=level)
    late = mean_contrasts(slow.astype(float), factor.codes, k, week, n_weeks, level=level)
    median, others_median, low, high = median_differences(days, code, k, level=level)
    n = np.bincount(code, minlength=k)
    frame = pd.DataFrame(
        {
            "kind": kind,
            "factor": factor.name,
            "level": factor.levels,
            "n_cases": n,
            "cases_share": n / n.sum(),
            "mean_days": mean.mean,
            "others_mean_days": mean.others,
            "difference_days": mean.difference,
            "difference_days_low": mean.difference_low,
            "difference_days_high": mean.difference_high,
            "median_days": median,
            "others_median_days": others_median,
            "median_difference_days": median - others_median,
            "median_difference_days_low": low,
            "median_difference_days_high": high,
            "slow_share": late.mean,
            "others_slow_share": late.others,
            "slow_ratio": late.ratio,
            "slow_ratio_low": late.ratio_low,
            "slow_ratio_high": late.ratio_high,
            "adjusted_ratio": alike.ratio,
            "adjusted_ratio_low": alike.low,
            "adjusted_ratio_high": alike.high,
            "p_value": rank_p_values(days, code, k, week[closed], n_weeks),
            "adjusted_p_value": alike.p_value,
        }
    )
    frame = frame[frame["n_cases"] > 0]
    if factor.name == "loop":
        return frame[frame["level"] != "without"]
    return one_of_two(frame, "mean_days")


def _caveats(log: EventLog, week: Int64, n_open: int) -> list[str]:
    caveats = [
        "What goes together isn't what causes: a channel, a group or a person may simply get the cases that take longer; a route "
        "or a loop is part of how a case became slow."
    ]
    if n_open:
        caveats.append(
            f"{n_open:,} of {log.n_cases:,} cases are still open and have no cycle time yet; levels that they are frequent in "
            "look faster than they are."
        )
    if (n_weeks := len(np.unique(week))) < FEWEST_CLUSTERS:
        caveats.append(
            f"The cases arrived in only {counted(n_weeks, 'week')}: there are no intervals and no tests, because cases of "
            "a week share its queues."
        )
    return caveats


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
