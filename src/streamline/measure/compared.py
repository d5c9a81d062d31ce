"""Offices beside each other, or any other groups of the cases: whose mean cycle time differs, and whether chance explains it.

*As it is*: the mean cycle time of a group over that of all other cases. *Alike*: the same ratio with everything else that is
known of a case at its arrival (channel, attributes) alike, by a log-linear regression: an office may be slow because it gets
the difficult cases. Where something else is known, only the second says that a group differs.

Among many groups some look slow by chance. So the intervals hold *together*: if no group differed, then with a probability of 95%
none would be said to (Bonferroni). Small groups have wide intervals, and are not ordered by means that chance made. Errors rest
on weeks of arrival, because cases that arrive together meet the same queues; with too few weeks nothing is said of any group.
A few very long cases can make the mean of a small group, or be missing from it by chance. So a group is said to differ only where
ranks agree: those of its cycle times among cases that are alike in everything held alike, at the same level.
Source of the ranks: van Elteren 1960 (ranks within strata), with errors by week as `mean_contrasts` takes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, UnknownNameError, listed
from streamline.figure import Chart, Point, PointChart
from streamline.log.event_log import EventLog
from streamline.measure.duration import LEVEL
from streamline.measure.factor import Factor, arrival_factors, arrival_weeks, pooled
from streamline.measure.groups import MOST_GROUPS, case_labels
from streamline.measure.loops.association import MIN_CASES
from streamline.results import Result, rows_of
from streamline.stats.adjusted import Adjustment, adjusted_ratios
from streamline.stats.association import mean_contrasts
from streamline.stats.bootstrap import DRAWS, ratio_intervals
from streamline.units import DAY, MISSING_TIME

Int64 = npt.NDArray[np.int64]

LONGER, SHORTER, ALIKE, UNTOLD = "longer", "shorter", "can't be told apart", "can't be told"
#: What every comparison of groups is read with.
CAUTION = (
    "What differs between groups isn't explained by them: cases may differ in what the records don't hold, and so may staff and "
    "rules. Each group is set against all others together, so where a large one is slow the others look quick beside it. The "
    "figures tell of these cases in this period."
)


@dataclass(frozen=True, kw_only=True, repr=False)
class GroupsCompared(Result):
    """Groups of cases beside each other. `table`, largest group first: group, n_cases (closed), mean_days with _low and _high
    (intervals of each for itself), ratio with _low and _high (of its mean to that of all other cases), adjusted_ratio with
    _low and _high (with everything else alike; NaN where nothing else is known, or it can't be estimated), differs
    ("longer", "shorter", "can't be told apart" from the others, or "can't be told"). Intervals of ratios hold together."""

    by: str
    #: What is held alike, in words; empty where nothing else is known.
    alike: tuple[str, ...]
    #: Probability with which all intervals of ratios hold together.
    level: float
    _cases: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a closed case: case, group, cycle_time_days."""
        return self._cases

    @property
    def differing(self) -> pd.DataFrame:
        """The rows of the groups that differ from the others beyond chance."""
        return self.table[self.table["differs"].isin([LONGER, SHORTER])].reset_index(drop=True)

    def chart(self) -> Chart:
        """How far each group's mean lies from the others', against its cases; small groups have long bars."""
        which = "adjusted_ratio" if self.alike else "ratio"
        points = []
        for r in rows_of(self.table):
            value, low, high = (100 * (getattr(r, f"{which}{end}") - 1) for end in ("", "_low", "_high"))
            some = np.isfinite(low) and np.isfinite(high)
            points.append(
                Point(label=r.group, x=float(r.n_cases), y=value, y_low=low if some else None, y_high=high if some else None)
            )  # fmt: skip
        with_alike = f", with {', '.join(self.alike)} alike" if self.alike else ""
        return PointChart(
            title=f"Mean cycle time by {self.by} against the others{with_alike}",
            x_axis="Closed cases",
            y_axis="Mean cycle time above or below that of the others (%)",
            points=tuple(points),
            note=f"Bars: {self.level:.0%} intervals that hold together. A bar that meets 0 can't be told from the others",
        )


def groups_compared(
    log: EventLog,
    by: str,
    *,
    attributes: Sequence[str] | None = None,
    min_cases: int = MIN_CASES,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> GroupsCompared:
    """Compare the mean cycle times of groups of closed cases, as they are and with what else is known of the cases alike.

    by : "channel", or the name of an attribute such as the office. attributes : those held alike; all others by default. One that
        an office decides on, rather than the customer, is no reason to be slow, and doesn't belong here. min_cases : groups
        of fewer cases are compared as one, "(other)".

    Returns GroupsCompared. Raises UnknownNameError for what the log doesn't have, InsufficientDataError when no case is closed,
    or all are of one group.
    """
    labels = case_labels(log, by)
    known = [str(c) for c in log.attributes.columns]
    if attributes is not None and (lost := [a for a in attributes if a not in known]):
        raise UnknownNameError(what="attribute", name=lost[0], known=known, where=log.source)
    closed = np.flatnonzero(log.closed & (log.arrival != MISSING_TIME))
    if len(closed) == 0:
        raise InsufficientDataError(
            f"{log.source}: none of {log.n_cases:,} cases is closed; there is nothing to compare."
        )
    group = _group(labels[closed], min_cases=min_cases)
    if len(group.levels) < 2:
        raise InsufficientDataError(
            f"{log.source}: all closed cases are of one {by} ({group.levels[0]!r}), or too few are of another; there "
            "is nothing to compare."
        )
    wanted = [a for a in (known if attributes is None else attributes) if a != by]
    told = arrival_factors(log, closed, attributes=wanted, weekday=False, first_unit=False, min_cases=min_cases)
    others = [f for f in told.factors if f.name != by]
    days = (log.last_completion - log.arrival)[closed] / DAY
    week, k = arrival_weeks(log, closed), len(group.levels)
    each = 1 - (1 - level) / k
    raw = mean_contrasts(days, group.codes, k, week, int(week.max()) + 1, level=each)
    fit = None
    if others:
        factors = [group, *others]
        fit = adjusted_ratios(
            [f.codes for f in factors], [len(f.levels) for f in factors], days, week, kind="log-linear", level=each
        )
    ratio, low, high = np.full((3, k), np.nan)
    if fit is not None and fit.clustered:
        ratio, low, high = fit.factors[0].ratio, fit.factors[0].low, fit.factors[0].high
    judged = (low, high) if others else (raw.ratio_low, raw.ratio_high)
    ranks = _clear_ranks(days, group, others, week, level=each)
    member = (group.codes[:, None] == np.arange(k)).astype(float)
    mean_low, mean_high = ratio_intervals(member * days[:, None], member, level=level, draws=draws, seed=seed)
    table = pd.DataFrame(
        {
            "group": group.levels, "n_cases": group.counts, "mean_days": raw.mean, "mean_low": mean_low, "mean_high": mean_high,
            "ratio": raw.ratio, "ratio_low": raw.ratio_low, "ratio_high": raw.ratio_high,
            "adjusted_ratio": ratio, "adjusted_ratio_low": low, "adjusted_ratio_high": high,
            "differs": [_differs(a, b, higher) for a, b, higher in zip(*judged, ranks, strict=True)],
        }
    )  # fmt: skip
    return GroupsCompared(
        table=table.sort_values(["n_cases", "group"], ascending=[False, True], ignore_index=True),
        n=len(closed),
        recorded=log.recorded,
        excluded={"open": int((~log.closed).sum())},
        caveats=(CAUTION, *told.notes, *_doubts(fit, group, others, by=by, untold=not np.isfinite(judged[0]).any())),
        by=by,
        alike=tuple(f.name for f in others),
        level=level,
        _cases=pd.DataFrame(
            {
                "case": log.case_id_array(closed),
                "group": np.asarray(group.levels, dtype=object)[group.codes],
                "cycle_time_days": days,
            }
        ),
    )


def _group(labels: npt.NDArray[np.object_], *, min_cases: int) -> Factor:
    codes, levels = pd.factorize(labels.astype(str), sort=True)
    whole = Factor(name="group", codes=codes.astype(np.int64), levels=tuple(map(str, levels)))
    return pooled(whole, min_cases=min_cases, most=MOST_GROUPS)


def _clear_ranks(
    days: npt.NDArray[np.float64], group: Factor, others: Sequence[Factor], week: Int64, *, level: float
) -> Int64:
    """1 for each group whose cycle times rank clearly higher among cases like its own, -1 where lower, else 0.

    A rank within its stratum, over the stratum's size, is as likely high as low in every group if the groups don't differ,
    whatever strata they get; so mixes of cases don't matter.
    """
    strata = pd.MultiIndex.from_arrays([f.codes for f in others]).factorize()[0] if others else np.zeros(len(days), int)
    by = pd.Series(days).groupby(strata)
    score = ((by.rank() - 0.5) / by.transform("size")).to_numpy(dtype=np.float64)
    found = mean_contrasts(score, group.codes, len(group.levels), week, int(week.max()) + 1)
    return np.where(found.p_value <= 1 - level, np.sign(found.difference), 0).astype(np.int64)


def _differs(low: float, high: float, ranks: int) -> str:
    """What an interval of a ratio and the ranks say of a group."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return UNTOLD
    return LONGER if low > 1 and ranks > 0 else SHORTER if high < 1 and ranks < 0 else ALIKE


def _doubts(fit: Adjustment | None, group: Factor, others: Sequence[Factor], *, by: str, untold: bool) -> Iterator[str]:
    """What stands against reading the comparison, in sentences."""
    if fit is None:
        yield (
            f"Nothing else is known of the cases at their arrival, so a {by} that gets difficult cases can't be told "
            "from one that is slow."
        )
        if untold:
            yield "The cases arrived in too few weeks for intervals that hold, so no group is said to differ."
        return
    if not fit.converged:
        yield (
            f"{', '.join(f.name for f in others)} can't be held alike: the regression doesn't come to an end. So no group "
            "is said to differ."
        )
    elif not fit.clustered:
        yield (
            "The cases arrived in too few weeks for what is held alike, so that no interval of the adjusted ratios would hold; "
            "no group is said to differ."
        )
    tangled = [group.levels[level] for factor, level in fit.entangled if factor == 0]
    if tangled and fit.converged:
        yield f"What is held alike tells the {by} of these cases already, so nothing is said of them: {listed(tangled)}."
