"""Which cases loop: what goes together with a loop, near the arrival or at the step that the loop returns to.

Of the cases that may loop, those with a level of a factor (a channel, a value of an attribute, who did the step) are set
against all others: the share that loops within the level over the share that loops among the others is the *risk ratio*.
It is an association. It doesn't say that the channel or the person makes cases loop: who gets the difficult cases will see
more loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.log.event_log import EventLog
from streamline.measure.duration import LEVEL
from streamline.measure.factor import (
    OTHER,
    UNKNOWN,
    Factor,
    arrival_factors,
    arrival_weeks,
    first_places_of,
    pooled,
    unit_factor,
)
from streamline.measure.loops.rework import ReworkLoops, known_family
from streamline.results import Result, rows_of
from streamline.stats.adjusted import Adjustment, adjusted_ratios
from streamline.stats.association import q_values, share_ratios
from streamline.units import counted

Int64 = npt.NDArray[np.int64]

MIN_CASES = 20
FDR = 0.05
NO_CAUSE = "What goes together isn't what causes: a channel, a group or a person may simply get the cases that would loop anyway."

UNSEEN = "with the other factors alike this can't be told from chance"


@dataclass(frozen=True, kw_only=True, repr=False)
class LoopAssociations(Result):
    """What goes together with a loop. `table`, largest risk ratio first among those that stand out: factor, level, n_cases,
    looping_share (of the level's cases), others_looping_share, risk_ratio with risk_ratio_low and risk_ratio_high (score
    intervals), p_value, q_value (Benjamini and Hochberg over all rows), stands_out (q_value at most the false discovery
    rate), adjusted_odds_ratio with _low and _high (the level against its factor's other levels, all other factors
    alike; NaN where it can't be estimated), adjusted_q_value. Of a factor with two levels the one that loops more is told.
    """

    #: Which loops, in words.
    loops: str
    #: Share of the cases that loop, of all n that may.
    looping_share: float
    #: The false discovery rate: at most this share of the rows that stand out does so by chance, on average.
    fdr: float
    _log: EventLog = field(repr=False)
    _at_risk: Int64 = field(repr=False)
    _looping: npt.NDArray[np.bool_] = field(repr=False)
    _factors: tuple[Factor, ...] = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a case that may loop: case, loops, and its level of each factor."""
        frame = pd.DataFrame({"case": self._log.case_id_array(self._at_risk), "loops": self._looping})
        levels = {f.name: np.asarray(f.levels, dtype=object)[f.codes] for f in self._factors}
        return pd.concat([frame, pd.DataFrame(levels)], axis=1)

    @property
    def words(self) -> tuple[str, ...]:
        """A sentence for each row that stands out."""
        sentences = []
        for r in rows_of(self.table[self.table["stands_out"]]):
            interval = f" ({r.risk_ratio_low:.2f} to {r.risk_ratio_high:.2f})" if np.isfinite(r.risk_ratio_high) else ""
            often = f"loop {r.risk_ratio:.2f}{interval} times as often as the others"
            if not np.isfinite(r.risk_ratio):
                often = "alone loop"
            tail = ""
            if np.isfinite(r.adjusted_q_value):
                holds = r.adjusted_q_value <= self.fdr and (r.adjusted_odds_ratio > 1) == (r.risk_ratio > 1)
                tail = "; so also with the other factors alike" if holds else f"; {UNSEEN}"
            sentences.append(
                f"Cases with {r.factor} “{r.level}” {often} ({r.looping_share:.0%} of "
                f"{counted(int(r.n_cases), 'case')} against {r.others_looping_share:.0%}){tail}. This is an association, not a "
                "cause."
            )
        return tuple(sentences)

    def chart(self) -> Chart:
        """Risk ratios of the rows that stand out, else of the ten with the smallest p-values."""
        some = self.table[self.table["stands_out"] & np.isfinite(self.table["risk_ratio"])]
        title = f"Nothing recorded goes together with {self.loops}"
        if some.empty:
            some = self.table[np.isfinite(self.table["risk_ratio"])].nsmallest(10, "p_value")
        else:
            top = some.iloc[0]
            title = (
                f"Cases with {top['factor']} “{top['level']}” loop {top['risk_ratio']:.1f} times as often as the others"
            )
        return BarChart(
            title=title,
            axis="Risk ratio: share that loops over that of the other cases",
            bars=tuple(
                Bar(
                    label=f"{r.factor}: {r.level}",
                    value=float(r.risk_ratio),
                    low=_finite(r.risk_ratio_low),
                    high=_finite(r.risk_ratio_high),
                )
                for r in rows_of(some.head(12))
            ),
            note=f"{self.n:,} cases. Whiskers: score intervals. Associations, not causes",
        )


def loop_associations(
    rework: ReworkLoops,
    *,
    loop: str | None = None,
    attributes: Sequence[str] | None = None,
    groups: Sequence[str | None] | None = None,
    min_cases: int = MIN_CASES,
    fdr: float = FDR,
    level: float = LEVEL,
) -> LoopAssociations:
    """What sets the cases that loop apart from those that don't.

    loop : a family by its words, as in `rework.table`; then the cases that reached its head may loop, and who did that step
        first and which step came before it are factors too. By default any loop, of all closed cases.
    attributes : those to look at; all by default. groups : the group of each resource, in the order of
        `log.resource.names`; people themselves are looked at without it. min_cases : levels of fewer cases are pooled.
    fdr : false discovery rate, 0 to 1.

    Cases count as independent of each other. Returns LoopAssociations. Raises UnknownNameError for another loop or attribute,
    InsufficientDataError when all of the cases loop, or none does, or no factor has two levels.
    """
    _check(min_cases, fdr)
    found, log = rework.occurrences, rework.occurrences.log
    looping = np.zeros(log.n_cases, dtype=np.bool_)
    at_risk = np.flatnonzero(log.closed)
    if loop is None:
        looping[found.case] = True
        head = None
    else:
        family = known_family(rework.table, loop)
        looping[found.case[rework.kept[rework.row_of_kept == family.name]]] = True
        head = log.activity_code(str(family["head"]))
        at_risk = at_risk[first_places_of(log, head)[at_risk] >= 0]
    outcome = looping[at_risk]
    if outcome.all() or not outcome.any():
        which = "All" if outcome.any() else "None"
        raise InsufficientDataError(
            f"{log.source}: {which.lower()} of the {len(at_risk):,} cases that may loop do so; there is nothing to set apart."
        )
    known = arrival_factors(
        log, at_risk, attributes=attributes, groups=groups, weekday=False, first_unit=head is None, min_cases=min_cases
    )
    factors = [*known.factors, *([] if head is None else _head_factors(log, at_risk, head, groups, min_cases))]
    if not factors:
        raise InsufficientDataError(f"{log.source}: no channel, attribute or resource sets its cases apart.")
    table, adjusted = associations(factors, outcome, arrival_weeks(log, at_risk), fdr=fdr, level=level)
    return LoopAssociations(
        table=table,
        n=len(at_risk),
        excluded={
            "open": int((~log.closed).sum()),
            "never at the step returned to": int(log.closed.sum()) - len(at_risk),
        },
        caveats=(NO_CAUSE, *people_note(log, groups), *known.notes, *adjustment_notes(adjusted, factors)),
        loops="any loop" if loop is None else f"the loop {loop}",
        looping_share=float(outcome.mean()),
        fdr=fdr,
        _log=log,
        _at_risk=at_risk,
        _looping=outcome,
        _factors=tuple(factors),
    )


def _check(min_cases: int, fdr: float) -> None:
    if min_cases < 1:
        raise ValueError(f"min_cases must be at least 1; {min_cases} isn't.")
    if not 0 < fdr < 1:
        raise ValueError(f"fdr must lie between 0 and 1; {fdr} doesn't.")


def _head_factors(
    log: EventLog, cases: Int64, head: int, groups: Sequence[str | None] | None, min_cases: int
) -> list[Factor]:
    """Who did the head first, and which step came before it."""
    place = first_places_of(log, head)[cases]
    found = []
    if log.resource is not None:
        found.append(unit_factor(log, f"person at {log.activities[head]}", place, groups))
    first = place == log.case_offsets[cases]
    before = np.where(first, len(log.activities), log.activity[place - 1]).astype(np.int64)
    found.append(
        Factor(name=f"step before {log.activities[head]}", codes=before, levels=(*log.activities, "(the arrival)"))
    )
    return [f for f in (pooled(f, min_cases=min_cases) for f in found) if len(f.levels) > 1]


def associations(
    factors: Sequence[Factor], outcome: npt.NDArray[np.bool_], week: Int64, *, fdr: float, level: float
) -> tuple[pd.DataFrame, Adjustment]:
    """The rows of `LoopAssociations.table`, and the regression behind its adjusted columns."""
    adjusted = adjusted_ratios(
        [f.codes for f in factors], [len(f.levels) for f in factors], outcome.astype(float), week,
        kind="logistic", level=level,
    )  # fmt: skip
    frames = []
    for factor, alike in zip(factors, adjusted.factors, strict=True):
        n = factor.counts
        hits = np.bincount(factor.codes[outcome], minlength=len(n)).astype(np.int64)
        raw = share_ratios(hits, n, level=level)
        present = n > 0
        frame = pd.DataFrame(
            {
                "factor": factor.name,
                "level": factor.levels,
                "n_cases": n,
                "looping_share": np.divide(hits, n, where=present, out=np.full(len(n), np.nan)),
                "others_looping_share": (hits.sum() - hits) / (n.sum() - n),
                "risk_ratio": raw.ratio,
                "risk_ratio_low": raw.low,
                "risk_ratio_high": raw.high,
                "p_value": raw.p_value,
                "adjusted_odds_ratio": alike.ratio,
                "adjusted_odds_ratio_low": alike.low,
                "adjusted_odds_ratio_high": alike.high,
                "adjusted_p_value": alike.p_value,
            }
        )
        frames.append(one_of_two(frame[present], "risk_ratio"))
    table = pd.concat(frames, ignore_index=True)
    table.insert(9, "q_value", q_values(table["p_value"].to_numpy()))
    table.insert(10, "stands_out", table["q_value"] <= fdr)
    table["adjusted_q_value"] = q_values(table.pop("adjusted_p_value").to_numpy())
    order = np.lexsort((table["p_value"], -table["risk_ratio"], ~table["stands_out"]))
    return table.iloc[order].reset_index(drop=True), adjusted


def one_of_two(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """Of two levels, which say the same, the one with the larger ratio; "(other)" and "(not recorded)" only if need be."""
    if len(frame) != 2:
        return frame
    named = frame[~frame["level"].isin([OTHER, UNKNOWN])]
    return named if len(named) == 1 else frame.nlargest(1, by)


def people_note(log: EventLog, groups: Sequence[str | None] | None) -> list[str]:
    """That people were looked at one by one, where they were."""
    if log.resource is None or groups is not None:
        return []
    return ["Figures of single people stay with the analyst; give groups for what is to be published."]


def adjustment_notes(adjusted: Adjustment, factors: Sequence[Factor]) -> list[str]:
    """What can't be estimated in a regression on the factors, in words."""

    def named(pairs: Sequence[tuple[int, int]]) -> str:
        shown = [f"{factors[f].name}: {factors[f].levels[lev]}" for f, lev in pairs[:5]]
        return "; ".join(shown) + (f" and {len(pairs) - 5} more" if len(pairs) > 5 else "")

    notes = []
    if adjusted.telling:
        notes.append(
            "These alone tell the outcome, which is the same for all of their cases, so that nothing is adjusted for them; their "
            f"cases are left out of the adjusted figures: {named(adjusted.telling)}."
        )
    if adjusted.entangled:
        notes.append(
            f"These can't be told apart from other factors, and have no adjusted figure: {named(adjusted.entangled)}."
        )
    if not adjusted.converged:
        notes.append("No figure is adjusted: the factors together tell the outcome too well, or not at all.")
    elif not adjusted.clustered:
        notes.append(
            "There are too few weeks of arrivals for this many factors: adjusted intervals take cases as independent."
        )
    return notes


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
