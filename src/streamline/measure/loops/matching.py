"""Cases with a loop beside like cases without it.

Three figures say what a loop costs, and they answer different questions:

- The *raw* time of a loop is what passed between the return to its head and the case's coming that far before: exact, and it adds
  up with the first-pass time to the cycle time. But part of it would have passed anyway: while a case was sent back it might
  otherwise have waited for Thursday's signature.
- The *matched* difference sets cases with the loop against cases of the same channel, attributes and week of arrival without
  it. It leaves out what would have passed anyway, and takes in what the loop causes later, such as a missed batch. It is still
  no experiment: what makes a case loop may also make it slow in ways that no record shows. Nor does it hold what the loop
  does to *other* cases, by the work it brings to shared queues.
- What a change would save is the estimate of a replay (`estimate`), which gives the freed work back to the queues.

Matching is exact on the week of arrival and the chosen factors (coarsened exact matching: rare levels are pooled). Each looping
case is set against the mean of the like cases; looping cases without any like case aren't counted, and their number is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import Bar, BarChart, Chart
from streamline.log.event_log import EventLog
from streamline.measure.duration import LEVEL
from streamline.measure.factor import Factor, arrival_factors, arrival_weeks
from streamline.measure.loops.association import MIN_CASES
from streamline.measure.loops.rework import ReworkLoops, known_family
from streamline.measure.periods import local_week
from streamline.results import Estimate, Result, bounded
from streamline.stats.bootstrap import DRAWS
from streamline.stats.weeks import ratios_of_runs, runs_of_weeks, sums_of_runs
from streamline.units import DAY, counted, significant

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

CHANNEL = "channel"
#: Share of the looping cases without any like case from which that is said.
MANY_UNMATCHED = 0.1


@dataclass(frozen=True, kw_only=True, repr=False)
class MatchedDifference(Result):
    """What cases with a loop take beside like cases without it. `table` has one row a figure: figure ("raw time in the loop",
    "unmatched difference", "matched difference"), days_per_looping_case, low, high, n_looping (counted in it), n_others,
    effective_n_others (as many equally weighted cases would tell as much)."""

    loops: str
    #: Cycle time with the loop less that of like cases without it, in days per looping case that has a like case.
    difference: Estimate
    #: Time in the loop itself, days per looping case, over the same cases.
    raw: Estimate
    n_looping: int
    n_matched: int
    n_others: int
    effective_n_others: float
    #: What cases were matched on.
    on: tuple[str, ...]
    _log: EventLog = field(repr=False)
    _cases: Int64 = field(repr=False)
    _looping: Bool = field(repr=False)
    _stratum: Int64 = field(repr=False)
    _weight: Float = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a case that may loop: case, loops, stratum (cases of one number are alike), weight (0: without any like
        case), cycle_time_days."""
        log = self._log
        return pd.DataFrame(
            {
                "case": log.case_id_array(self._cases),
                "loops": self._looping,
                "stratum": self._stratum,
                "weight": self._weight,
                "cycle_time_days": (log.last_completion - log.arrival)[self._cases] / DAY,
            }
        )

    @property
    def words(self) -> tuple[str, ...]:
        """The difference beside the raw time, and what it rests on, a sentence each."""
        d, interval = self.difference, ""
        if not self.n_matched:
            return (f"No case with {self.loops} has a like case without it.",)
        more = "more" if d.value >= 0 else "less"
        if d.low is not None and d.high is not None:
            low, high = sorted((d.low, d.high) if d.value >= 0 else (-d.low, -d.high))
            interval = f" ({significant(low)} to {significant(high)})"
        return (
            f"Cases with {self.loops} take {significant(abs(d.value))}{interval} days {more} than like cases without it; "
            f"{significant(self.raw.value)} days pass in the loop itself.",
            f"{self.n_matched:,} of {counted(self.n_looping, 'looping case')} have a like case.",
            "This is an association, not a cause.",
        )

    def chart(self) -> Chart:
        """The three figures."""
        title = f"{self.loops[:1].upper()}{self.loops[1:]}: {significant(self.difference.value)} days beside like cases"
        some = self.difference.low is not None or self.raw.low is not None
        return BarChart(
            title=title if self.n_matched else self.words[0].rstrip("."),
            axis="Days per looping case (elapsed)",
            bars=tuple(
                Bar(label=label, value=float(value), low=_finite(low), high=_finite(high))
                for label, value, low, high in self.table[
                    ["figure", "days_per_looping_case", "low", "high"]
                ].itertuples(index=False)
                if np.isfinite(value)
            ),
            note=counted(self.n_matched, "matched case")
            + (". Whiskers: intervals from resampled weeks of arrivals" if some else ""),
        )


def matched_difference(
    rework: ReworkLoops,
    *,
    loop: str | None = None,
    on: Sequence[str] | None = None,
    min_cases: int = MIN_CASES,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> MatchedDifference:
    """Set cases with a loop against like cases without it (see the module's text).

    loop : a family by its words, as in `rework.table`; the cases that reached its head are compared. By default any loop, of all
        closed cases. on : "channel" and names of attributes to match on, besides the week of arrival; all by default.
    min_cases : levels of fewer cases are pooled. level, draws, seed : of the intervals, which resample weeks of arrivals.

    Returns MatchedDifference. Raises UnknownNameError for another loop or attribute, InsufficientDataError when all of the cases
    loop, or none does. Source: Iacus, King and Porro 2012, "Causal inference without balance checking: coarsened exact
    matching"; effect on the looping cases (ATT).
    """
    found, log = rework.occurrences, rework.occurrences.log
    chosen = rework.kept if loop is None else rework.kept[rework.row_of_kept == known_family(rework.table, loop).name]
    looping = np.zeros(log.n_cases, dtype=np.bool_)
    looping[found.case[chosen]] = True
    at_risk = log.closed.copy()
    if loop is not None:
        head = log.activity_code(str(known_family(rework.table, loop)["head"]))
        reached = np.zeros(log.n_cases, dtype=np.bool_)
        reached[log.case_of_step[log.activity == head]] = True
        at_risk &= reached
    cases = np.flatnonzero(at_risk)
    with_loop = looping[cases]
    if with_loop.all() or not with_loop.any():
        raise InsufficientDataError(
            f"{log.source}: {'all' if with_loop.any() else 'none'} of the {len(cases):,} cases that may loop do so; there is "
            "nothing to compare."
        )
    factors = _matched_on(log, cases, on, min_cases)
    stratum = _strata([arrival_weeks(log, cases), *(f.codes for f in factors)])
    n_in = np.bincount(stratum[with_loop], minlength=int(stratum.max()) + 1).astype(float)
    n_out = np.bincount(stratum[~with_loop], minlength=len(n_in)).astype(float)
    both = (n_in > 0) & (n_out > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(both[stratum], np.where(with_loop, 1.0, (n_in / n_out)[stratum]), 0.0)
    days = (log.last_completion - log.arrival)[cases] / DAY
    inside = np.zeros(log.n_cases)
    np.add.at(inside, found.case[chosen], found.sums(found.time)[chosen] / DAY)
    matched = with_loop & (weight > 0)
    run, _ = runs_of_weeks(local_week(log, log.arrival[cases]))
    n_runs = int(run.max()) + 1

    def figure(above: Float, below: Float, method: str) -> Estimate:
        sums = [sums_of_runs(run, values, n_runs) for values in (above, below)]
        value = above.sum() / below.sum() if below.sum() else float("nan")
        # what is nowhere negative gets an interval that ends at 0; a difference may be below it, so it is moved up and back
        up = abs(value) + 20 * np.sqrt(((sums[0] - value * sums[1]) ** 2).sum()) / max(sums[1].sum(), 1.0)
        low, high = ratios_of_runs((sums[0] + up * sums[1])[:, None], sums[1], level=level, draws=draws, seed=seed)
        low, high = low - up, high - up
        return bounded(value, low[0], high[0], level=level, method=method, unit="days", n=int(matched.sum()))

    difference = figure(
        np.where(with_loop, weight, -weight) * days,
        matched.astype(float),
        "exact matching on week of arrival and factors; interval by resampling weeks of arrivals",
    )
    raw = figure(
        np.where(matched, inside[cases], 0.0),
        matched.astype(float),
        "time in loops, cases with a like case; interval by resampling weeks of arrivals",
    )
    others = weight[~with_loop]
    effective = others.sum() ** 2 / (others**2).sum() if others.any() else 0.0
    plain = days[with_loop].mean() - days[~with_loop].mean()
    n_looping, n_matched, n_others = int(with_loop.sum()), int(matched.sum()), int((others > 0).sum())
    table = pd.DataFrame(
        [
            ("raw time in the loop", raw.value, raw.low, raw.high, n_matched, 0, 0.0),
            ("unmatched difference", plain, None, None, n_looping, len(cases) - n_looping, len(cases) - n_looping),
            ("matched difference", difference.value, difference.low, difference.high, n_matched, n_others, effective),
        ],
        columns=["figure", "days_per_looping_case", "low", "high", "n_looping", "n_others", "effective_n_others"],
    ).astype({"low": float, "high": float, "effective_n_others": float})
    return MatchedDifference(
        table=table,
        n=len(cases),
        excluded={
            "open": int((~log.closed).sum()),
            "never at the step returned to": int(log.closed.sum()) - len(cases),
        },
        caveats=tuple(_caveats(n_looping, n_matched, difference)),
        loops="any loop" if loop is None else f"the loop {loop}",
        difference=difference,
        raw=raw,
        n_looping=n_looping,
        n_matched=n_matched,
        n_others=n_others,
        effective_n_others=float(effective),
        on=("week of arrival", *(f.name for f in factors)),
        _log=log,
        _cases=cases,
        _looping=with_loop,
        _stratum=stratum,
        _weight=weight,
    )


def _matched_on(log: EventLog, cases: Int64, on: Sequence[str] | None, min_cases: int) -> list[Factor]:
    known = [*([CHANNEL] if log.case_channel is not None else []), *map(str, log.attributes.columns)]
    for name in on or ():
        if name not in known:
            raise UnknownNameError(what="channel or attribute", name=name, known=known, where=log.source)
    attributes = None if on is None else [name for name in on if name != CHANNEL or CHANNEL in log.attributes.columns]
    found = arrival_factors(
        log, cases, attributes=attributes, weekday=False, first_unit=False, min_cases=min_cases
    ).factors
    return [f for f in found if on is None or f.name in on]


def _strata(columns: list[Int64]) -> Int64:
    """Cases with the same codes in all columns have the same number."""
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, key = np.unique(key * (int(column.max()) + 1) + column, return_inverse=True)
    return np.asarray(key, dtype=np.int64)


def _caveats(n_looping: int, n_matched: int, difference: Estimate) -> list[str]:
    caveats = [
        "Like cases are alike in what is recorded; what makes a case loop may also make it slow in ways that no record shows. "
        "What the loop does to other cases, by the work it brings to their queues, isn't in the difference."
    ]
    if n_looping - n_matched > MANY_UNMATCHED * n_looping:
        caveats.append(
            f"{n_looping - n_matched:,} of {n_looping:,} looping cases have no like case without the loop and aren't counted."
        )
    if n_matched and difference.low is None:
        caveats.append("The cases arrived in too few weeks for an interval.")
    return caveats


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
