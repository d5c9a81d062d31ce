"""The figures of the service by channel, or by any attribute of the cases."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import Bar, BarChart, Chart
from streamline.log.event_log import EventLog
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.duration import LEVEL
from streamline.results import Result, rows_of
from streamline.stats.bootstrap import DRAWS, ratio_intervals
from streamline.stats.survival import share_done
from streamline.units import DAY, MISSING_TIME, parse_duration

CHANNEL = "channel"
UNKNOWN = "(not recorded)"
OTHER = "(other)"
MOST_GROUPS = 40


@dataclass(frozen=True, kw_only=True, repr=False)
class Groups(Result):
    """Figures by group. `table`, largest group first: group, n_cases (closed), cases_share, mean_days with mean_low and
    mean_high, median_days, p90_days, within_standard (share of the group's cases, open ones censored; NaN without a standard),
    contacts_per_case (linked contacts, scaled by the link share; NaN without contacts)."""

    by: str
    _cases: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a closed case: case, group, cycle_time_days."""
        return self._cases

    def chart(self) -> Chart:
        """Mean cycle time by group."""
        return BarChart(
            title=f"Mean cycle time by {self.by}",
            axis="Days (elapsed)",
            bars=tuple(
                Bar(
                    label=r.group,
                    value=r.mean_days,
                    low=None if np.isnan(r.mean_low) else r.mean_low,
                    high=None if np.isnan(r.mean_high) else r.mean_high,
                )
                for r in rows_of(self.table.head(15))
            ),
            note=f"{self.n:,} closed cases. Whiskers: intervals from resampled cases",
        )


def by_group(
    log: EventLog,
    by: str = CHANNEL,
    *,
    standard: str | None = None,
    contacts: LinkedContacts | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> Groups:
    """Cycle times (and contacts) of the closed cases by channel or by an attribute; what differs isn't explained.

    by : "channel" (that of the case's first step), or the name of an attribute. Beyond the 40 largest groups the rest is
        pooled as "(other)". standard : a duration such as "30 days"; open cases count as censored. contacts : linked to this log.
    Returns Groups. Raises UnknownNameError when the log has no such column, InsufficientDataError when no case is closed.
    """
    limit = None if standard is None else parse_duration(standard)
    labels = _pooled(case_labels(log, by), log.closed)
    closed = np.flatnonzero(log.closed)
    if len(closed) == 0:
        raise InsufficientDataError(
            f"{log.source}: none of {log.n_cases:,} cases is closed; no group has a cycle time."
        )
    names, code = np.unique(labels[closed].astype(str), return_inverse=True)
    days = (log.last_completion - log.arrival)[closed] / DAY
    age = np.where(log.closed, log.last_completion, log.observed_until) - log.arrival
    known = log.arrival != MISSING_TIME
    member = code[:, None] == np.arange(len(names))
    low, high = ratio_intervals(member * days[:, None], member.astype(float), level=level, draws=draws, seed=seed)
    count = member.sum(axis=0)
    asked = None
    if contacts is not None:  # cases that the contact log covers only in part don't count
        asked = np.where(contacts.covered, contacts.per_case() / contacts.link_share, np.nan)[closed]
    rows = [
        {
            "group": str(name),
            "n_cases": int(count[j]),
            "cases_share": count[j] / len(closed),
            "mean_days": days[code == j].mean(),
            "mean_low": low[j],
            "mean_high": high[j],
            "median_days": np.quantile(days[code == j], 0.5, method="inverted_cdf"),
            "p90_days": np.quantile(days[code == j], 0.9, method="inverted_cdf"),
            "within_standard": np.nan
            if limit is None
            else share_done(age[known & (labels == name)], log.closed[known & (labels == name)], limit),
            "contacts_per_case": np.nan if asked is None else _mean(asked[code == j]),
        }
        for j, name in enumerate(names)
    ]
    table = pd.DataFrame(rows).sort_values(["n_cases", "group"], ascending=[False, True], ignore_index=True)
    return Groups(
        recorded=log.recorded,
        table=table,
        n=len(closed),
        excluded={"open": log.n_cases - len(closed)},
        by=by,
        _cases=pd.DataFrame({"case": log.case_id_array(closed), "group": labels[closed], "cycle_time_days": days}),
    )


def _pooled(labels: npt.NDArray[np.object_], closed: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    """The labels with all but the largest groups called "(other)"."""
    names, count = np.unique(labels[closed].astype(str), return_counts=True)
    if len(names) <= MOST_GROUPS:
        return labels
    kept = names[np.lexsort((names, -count))[:MOST_GROUPS]]
    return np.where(np.isin(labels.astype(str), kept), labels, OTHER)


def _mean(values: npt.NDArray[np.float64]) -> float:
    """Mean of the values that are known; NaN when none is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def case_labels(log: EventLog, by: str) -> npt.NDArray[np.object_]:
    """The channel of each case's first step ("channel"), or its value of an attribute. Raises UnknownNameError."""
    if by == CHANNEL and log.case_channel is not None:
        return np.asarray([*log.case_channel.names, UNKNOWN], dtype=object)[log.case_channel.codes]
    if by in log.attributes:
        values = log.attributes[by]
        return np.asarray(values.where(values.notna(), UNKNOWN), dtype=object)
    known = [*([CHANNEL] if log.channel is not None else []), *map(str, log.attributes.columns)]
    raise UnknownNameError(what="channel or attribute", name=by, known=known)
