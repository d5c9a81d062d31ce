"""Whether a quantity changed after a date, and whether by as much as was estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError
from streamline.figure import Line, LineChart, TimeMark
from streamline.measure.tracking.weekly import WeeklySeries
from streamline.stats.foretold import Foresight, LevelChange, Weeks, difference_of_means

Float = npt.NDArray[np.float64]

#: Weeks that are needed before and after the transition: half a year, and four.
FEWEST_BEFORE, FEWEST_AFTER = 26, 4

Verdict = Literal[
    "as estimated",
    "smaller than estimated",
    "larger than estimated",
    "opposite to the estimate",
    "none that can be told",
    "can't be told from demand",
    "fell",
    "rose",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What was estimated of a measure before the change was made: the change and its interval."""

    change: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effect:
    """The change of one measure at a date: observed minus foretold, with what a plain comparison gives and what was estimated."""

    series: WeeklySeries
    found: LevelChange
    #: Bounds of what was foretold for each week after.
    ahead_low: Float
    ahead_high: Float
    #: Mean of the weeks before, weighted by their cases.
    mean_before: float
    #: Mean after minus mean before, with an interval that takes weeks for independent.
    plain: float
    plain_low: float
    plain_high: float
    level: float
    #: None where nothing was estimated of this measure.
    foreseen: Foreseen | None

    @property
    def measure(self) -> str:
        """Its id, as in findings of scenarios."""
        return self.series.measure

    @property
    def unit(self) -> str:
        """The unit of the measure and of its change."""
        return self.series.unit

    @property
    def weeks(self) -> tuple[int, int]:
        """Weeks used before and after."""
        return int(self.series.before.sum()), int(self.series.after.sum())

    @property
    def cases(self) -> tuple[int, int]:
        """Cases that arrived in these weeks."""
        return int(self.series.n[self.series.before].sum()), int(self.series.n[self.series.after].sum())

    @property
    def clear(self) -> bool:
        """Whether the interval of the change leaves no change out."""
        return self.found.low > 0 or self.found.high < 0

    def chart(self, title: str, axis: str, *, timezone: str) -> LineChart:
        """The weeks as they were, and what those before foretell, with bounds for each week after."""
        series, scale = self.series, 100.0 if self.unit == "share" else 1.0
        begin, used = series.span.edges[:-1], series.before | series.after
        shown = series.known & series.enough
        foretold = np.full(len(begin), np.nan)
        foretold[series.before], foretold[series.after] = self.found.fitted, self.found.ahead
        low, high = (np.full(len(begin), np.nan) for _ in range(2))
        low[series.after], high[series.after] = self.ahead_low, self.ahead_high
        if series.unit in ("share", "days", "contacts per case", "cases per week"):
            low = np.maximum(low, 0.0)
        if series.unit == "share":
            high = np.minimum(high, 1.0)
        at = tuple(int(a) for a in begin[used])
        return LineChart(
            title=title,
            axis=axis,
            lines=(
                Line(label="as recorded", at=tuple(int(a) for a in begin),
                     values=tuple(np.where(shown, scale * series.value, np.nan).tolist())),
                Line(label="foretold by the weeks before", at=at, values=tuple((scale * foretold[used]).tolist()),
                     low=tuple((scale * low[used]).tolist()), high=tuple((scale * high[used]).tolist())),
            ),
            marks=(TimeMark(label="the change", at=series.span.since),),
            timezone=timezone,
            top=100.0 if self.unit == "share" else None,
            note=f"By week of arrival; {self.weeks[0]} weeks before and {self.weeks[1]} after are compared. Band: "
            f"{self.level:.0%} interval of each single week.",
        )  # fmt: skip

    @property
    def verdict(self) -> Verdict:
        """The change in words, whatever demand did; see `verdict_of` and `TrackedService.verdict`."""
        return verdict_of(self.found.change, self.found.low, self.found.high, self.foreseen)

    @property
    def beyond_estimate(self) -> bool:
        """Whether the change differs from the estimate by more than both intervals leave to chance."""
        return self.foreseen is not None and not _alike(
            self.found.change, self.found.low, self.found.high, self.foreseen
        )

    @property
    def rivals_disagree(self) -> bool:
        """Whether a reader of the plain difference would conclude otherwise: about whether there is a change, or which."""
        plain_clear = self.plain_low > 0 or self.plain_high < 0
        if plain_clear != self.clear:
            return True
        if self.clear and self.plain * self.found.change < 0:
            return True
        return not self.found.low <= self.plain <= self.found.high


def effect_of(series: WeeklySeries, foreseen: Foreseen | None = None, *, level: float = 0.95) -> Effect:
    """Look for a change of a series at its span's date.

    foreseen : what was estimated. level : probability that the intervals claim.
    Raises InsufficientDataError when fewer than `FEWEST_BEFORE` weeks before the transition, or `FEWEST_AFTER` after it, are
    left.
    """
    before, after = series.before, series.after
    n_before, n_after = int(before.sum()), int(after.sum())
    if n_before < FEWEST_BEFORE or n_after < FEWEST_AFTER:
        raise InsufficientDataError(_too_few(series, n_before, n_after))
    foresight = Foresight(
        Weeks(week=series.week[before], n=series.n[before].astype(np.float64)),
        Weeks(week=series.week[after], n=series.n[after].astype(np.float64)),
    )
    was, is_ = series.value[before], series.value[after]
    found = foresight.level_change(was, is_, level=level)
    low, high = foresight.weekly_bounds(was, level=level)
    n_was, n_is = series.n[before].astype(np.float64), series.n[after].astype(np.float64)
    plain, plain_low, plain_high = difference_of_means(was, n_was, is_, n_is, level=level)
    return Effect(
        series=series,
        found=found,
        ahead_low=low,
        ahead_high=high,
        mean_before=float(n_was @ was / n_was.sum()),
        plain=plain,
        plain_low=plain_low,
        plain_high=plain_high,
        level=level,
        foreseen=foreseen,
    )


def verdict_of(change: float, low: float, high: float, foreseen: Foreseen | None) -> Verdict:
    """A change in words, beside what was estimated.

    None that can be told: its interval holds 0. As estimated: it differs from the estimate by no more than both intervals leave
    to chance, the two being independent. Else it is opposite, smaller or larger. Without an estimate it fell or rose.

    >>> verdict_of(-2.0, -3.0, -1.0, Foreseen(change=-2.5, low=-3.0, high=-2.0))
    'as estimated'
    >>> verdict_of(-2.0, -4.5, 0.5, Foreseen(change=-2.5, low=-3.0, high=-2.0))
    'none that can be told'
    """
    if low <= 0 <= high:
        return "none that can be told"
    if foreseen is None:
        return "fell" if change < 0 else "rose"
    if _alike(change, low, high, foreseen):
        return "as estimated"
    if change * foreseen.change < 0:
        return "opposite to the estimate"
    return "smaller than estimated" if abs(change) < abs(foreseen.change) else "larger than estimated"


def _alike(change: float, low: float, high: float, foreseen: Foreseen) -> bool:
    """Whether the interval of change minus estimate holds 0; errors of independent numbers add up by their squares."""
    difference = change - foreseen.change
    down = float(np.hypot(change - low, foreseen.high - foreseen.change))
    up = float(np.hypot(high - change, foreseen.change - foreseen.low))
    return difference - down <= 0 <= difference + up


def _too_few(series: WeeklySeries, n_before: int, n_after: int) -> str:
    """Why a series can't be told: how many weeks it has, how many are needed, and what took the others."""
    span = series.span
    text = (
        f"{n_before} whole weeks before the transition and {n_after} after it can be used; {FEWEST_BEFORE} before and "
        f"{FEWEST_AFTER} after are needed."
    )
    unknown = int((span.after & ~series.known).sum()), int((span.before & ~series.known).sum())
    few = int(((span.before | span.after) & series.known & ~series.enough).sum())
    reasons = []
    if unknown[0]:
        reasons.append(f"{unknown[0]} after it are too recent for their cases to have been followed long enough")
    if unknown[1]:
        reasons.append(f"{unknown[1]} before it aren't covered by the records")
    if few:
        reasons.append(f"{few} have too few cases")
    return text + (f" Of the weeks there are, {'; '.join(reasons)}." if reasons else "")
