"""The temporal profile: how long it usually takes from one activity to another, and which cases took unusually long or short.

A pair of steps of a case counts when the later one *follows* the earlier: it began when the earlier was completed, or
after. Its time runs from the completion of the earlier to the start of the later (to its completion, where no start is
recorded), by the clock. By default all later steps of the case count (*eventually* follows), else only the next one
(*directly*). The profile holds mean and standard deviation of these times for each pair of activities; a pair of steps
*deviates* when its time is more than a stated number of standard deviations from that mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.following import outside, pair_moments
from streamline.log.event_log import EventLog
from streamline.measure.duration import LEVEL
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import share_interval
from streamline.units import HOUR, MISSING_TIME, significant

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

#: Pairs of activities that occur less often aren't judged: a standard deviation of a few times says little.
ENOUGH = 30
#: Steps times different activities of their case: beyond this the question takes minutes.
MOST_WORK = 20_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pairs:
    """The profile as arrays of one entry a pair of activities, by rising key = source × n activities + target."""

    activities: tuple[str, ...]
    key: Int64
    n: Int64
    n_cases: Int64
    #: Microseconds; sd is NaN for a pair that occurs once.
    mean: Float
    sd: Float

    def names(self) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
        """Source and target of each pair."""
        names, width = np.asarray(self.activities, dtype=object), max(len(self.activities), 1)
        return names[self.key // width], names[self.key % width]


@dataclass(frozen=True, kw_only=True, repr=False)
class TemporalProfile(Result):
    """How long it takes from one activity to another. `table`, most frequent first: source, target, n (pairs of steps),
    n_cases, mean_hours, sd_hours (of the sample; NaN for a single pair)."""

    #: "eventually" or "directly".
    follows: str
    _log: EventLog = field(repr=False)
    _pairs: _Pairs = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a pair of steps, case by case: case, source, target, completed, reached, hours."""
        log, width = self._log, np.iinfo(np.int64)
        keys = np.sort(_own_keys(log, self._pairs))
        # no time lies between these bounds, so that every pair is outside them
        least, most = (np.full(len(keys), edge, dtype=np.int64) for edge in (width.max, width.min))
        *_, source, target = outside(
            log.case_offsets, log.activity, _begun(log), log.complete, len(log.activities), _is_directly(self.follows),
            keys, least, most, int(self.table["n"].sum()),
        )  # fmt: skip
        names, begun = np.asarray(log.activities, dtype=object), _begun(log)
        return pd.DataFrame(
            {
                "case": log.case_id_array(log.case_of_step[source]),
                "source": names[log.activity[source]],
                "target": names[log.activity[target]],
                "completed": log.instants(log.complete[source]),
                "reached": log.instants(begun[target]),
                "hours": (begun[target] - log.complete[source]) / HOUR,
            }
        )

    def chart(self) -> Chart:
        """The fifteen most frequent pairs."""
        return BarChart(
            title="Mean time from one step to a later one",
            axis="Hours (elapsed)",
            bars=tuple(Bar(label=f"{r.source} → {r.target}", value=r.mean_hours) for r in rows_of(self.table.head(15))),
            note=f"{self.n:,} cases; pairs that follow each other {self.follows}",
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class TemporalDeviations(Result):
    """Pairs of steps whose time is unusual. `table`, most deviations first: source, target, n (pairs of steps in this log),
    n_deviations, n_cases (with a deviation), share (deviations of n), mean_hours and sd_hours (of the profile), least_hours
    and most_hours (the bounds); only pairs of activities that are judged."""

    #: Share of the cases with at least one deviation.
    cases_share: Estimate
    n_deviations: int
    #: How many standard deviations from the mean a time may lie.
    sds: float
    _log: EventLog = field(repr=False)
    _profile: _Pairs = field(repr=False)
    _bounds: tuple[Int64, Int64, Int64] = field(repr=False)
    _directly: bool = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a deviation, case by case: case, source, target, completed, reached, hours, sds (from the mean, negative
        where shorter; infinite where the profile knows one time only)."""
        log, known = self._log, self._profile
        place, least, most = self._bounds
        *_, pair, source, target = outside(
            log.case_offsets, log.activity, _begun(log), log.complete, len(log.activities), self._directly,
            place, least, most, self.n_deviations,
        )  # fmt: skip
        of = _profile_rows(log, known, place[pair])
        names, begun = np.asarray(log.activities, dtype=object), _begun(log)
        time = (begun[target] - log.complete[source]).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            sds = (time - known.mean[of]) / known.sd[of]
        return pd.DataFrame(
            {
                "case": log.case_id_array(log.case_of_step[source]),
                "source": names[log.activity[source]],
                "target": names[log.activity[target]],
                "completed": log.instants(log.complete[source]),
                "reached": log.instants(begun[target]),
                "hours": time / HOUR,
                "sds": sds,
            }
        )

    def chart(self) -> Chart:
        """The fifteen pairs with the most deviations."""
        some = self.table[self.table["n_deviations"] > 0].head(15)
        return BarChart(
            title=f"{self.cases_share.value:.0%} of cases have a time between two steps that is unusual",
            axis="Pairs of steps with an unusual time",
            bars=tuple(Bar(label=f"{r.source} → {r.target}", value=float(r.n_deviations)) for r in rows_of(some)),
            note=f"{self.n:,} cases; unusual: more than {self.sds:g} standard deviations from the pair's mean",
        )


def temporal_profile(log: EventLog, *, follows: str = "eventually") -> TemporalProfile:
    """Mean and standard deviation of the time between each two activities of which one follows the other.

    follows : "eventually" for all later steps of a case, or "directly" for the next step only.

    Returns TemporalProfile over the n cases that have a step, open ones as far as they got. The cost grows with the steps
    times the different activities of their case, never with the square of a case's steps.
    Raises InsufficientDataError when that product passes 2 × 10¹⁰ (cases of thousands of different activities).
    Source: Stertz, Mangler, Rinderle-Ma 2020, "Temporal conformance checking at runtime based on time-infused process
    models" (arXiv:2008.07262).
    """
    directly = _is_directly(follows)
    pairs = _measured(log, directly)
    source, target = pairs.names()
    some = int((np.diff(log.case_offsets) > 0).sum())
    table = pd.DataFrame(
        {
            "source": source,
            "target": target,
            "n": pairs.n,
            "n_cases": pairs.n_cases,
            "mean_hours": pairs.mean / HOUR,
            "sd_hours": pairs.sd / HOUR,
        }
    ).sort_values(["n", "source", "target"], ascending=[False, True, True], ignore_index=True)
    return TemporalProfile(
        table=table,
        n=some,
        excluded={"without any step": log.n_cases - some},
        caveats=_caveats(log),
        follows=follows,
        _log=log,
        _pairs=pairs,
    )


def temporal_deviations(
    log: EventLog,
    *,
    profile: TemporalProfile | None = None,
    sds: float = 3.0,
    min_occurrences: int = ENOUGH,
    follows: str = "eventually",
    level: float = LEVEL,
) -> TemporalDeviations:
    """The pairs of steps whose time is more than `sds` standard deviations from the mean of their pair of activities.

    profile : what is usual; by default that of the log itself, whose deviations then also widen the bounds.
    sds : how far is unusual, over 0. A time that differs from the bound by less than a microsecond doesn't deviate.
    min_occurrences : pairs of activities of which the profile knows fewer aren't judged, and a caveat counts them.
    follows : as in `temporal_profile`; where a profile is given, its own counts.
    level : probability that the interval of the share claims (Wilson).

    Returns TemporalDeviations over the n cases that have a step. Raises ValueError for `sds` that isn't positive,
    InsufficientDataError when no pair of activities can be judged.
    Source: Stertz, Mangler, Rinderle-Ma 2020; of n times none is further than (n - 1) / √n standard deviations from
    their mean (Samuelson 1968, "How deviant can you be?").
    """
    if not sds > 0:
        raise ValueError(f"sds must be over 0, as in sds=3; {sds:g} isn't.")
    if profile is not None:
        follows = profile.follows
    directly = _is_directly(follows)
    own = _measured(log, directly)
    known = own if profile is None else profile._pairs
    place = _own_keys(log, known)
    judged = (known.n >= max(min_occurrences, 2)) & (place >= 0)
    if not judged.any():
        raise InsufficientDataError(
            f"{log.source}: no two activities follow each other {min_occurrences:,} times or more; there is no usual time "
            "to deviate from. Lower min_occurrences."
        )
    order = np.flatnonzero(judged)[np.argsort(place[judged], kind="stable")]
    reach = sds * known.sd[order] + 1  # a microsecond is the least that times can differ by
    bounds = (
        place[order],
        np.ceil(known.mean[order] - reach).astype(np.int64),
        np.floor(known.mean[order] + reach).astype(np.int64),
    )
    n, n_cases, of_case, *_ = outside(
        log.case_offsets, log.activity, _begun(log), log.complete, len(log.activities), directly, *bounds, 0
    )
    source, target = known.names()
    here = pd.Series(own.n, index=own.key).reindex(place[order], fill_value=0).to_numpy(dtype=np.int64)
    with np.errstate(invalid="ignore"):
        share = np.where(here > 0, n / np.maximum(here, 1), np.nan)
    table = pd.DataFrame(
        {
            "source": source[order],
            "target": target[order],
            "n": here,
            "n_deviations": n,
            "n_cases": n_cases,
            "share": share,
            "mean_hours": known.mean[order] / HOUR,
            "sd_hours": known.sd[order] / HOUR,
            "least_hours": np.maximum(bounds[1], 0) / HOUR,
            "most_hours": bounds[2] / HOUR,
        }
    ).sort_values(["n_deviations", "n", "source", "target"], ascending=[False, False, True, True], ignore_index=True)
    some = int((np.diff(log.case_offsets) > 0).sum())
    hit = int((of_case > 0).sum())
    return TemporalDeviations(
        table=table,
        n=some,
        excluded={"without any step": log.n_cases - some},
        caveats=(*_judging(own, place[order], profile, sds, max(min_occurrences, 2)), *_caveats(log)),
        cases_share=bounded(
            hit / some, *share_interval(hit, some, level=level), level=level,
            method="cases with at least one deviation; Wilson interval", unit="share", n=some,
        ),
        n_deviations=int(n.sum()),
        sds=sds,
        _log=log,
        _profile=known,
        _bounds=bounds,
        _directly=directly,
    )  # fmt: skip


def _is_directly(follows: str) -> bool:
    if follows not in ("eventually", "directly"):
        raise ValueError(f"follows must be 'eventually' or 'directly'; {follows!r} isn't.")
    return follows == "directly"


def _begun(log: EventLog) -> Int64:
    """For each step its start, or its completion where none is recorded."""
    return np.asarray(np.where(log.start == MISSING_TIME, log.complete, log.start), dtype=np.int64)


def _measured(log: EventLog, directly: bool) -> _Pairs:
    """The pairs of a log with their moments."""
    sizes = np.diff(log.case_offsets)
    work = float((sizes.astype(float) * np.minimum(sizes, len(log.activities))).sum())
    if not directly and work > MOST_WORK:
        raise InsufficientDataError(
            f"{log.source}: cases are so long and their activities so many that up to {work:,.0f} times would have to be "
            "followed. Ask with follows='directly', or for fewer cases."
        )
    key, n, n_cases, mean, squares = pair_moments(
        log.case_offsets, log.activity, _begun(log), log.complete, len(log.activities), directly
    )
    if len(key) == 0:
        raise InsufficientDataError(f"{log.source}: no step of a case follows another; there is no time between steps.")
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.where(n > 1, np.sqrt(squares / (n - 1)), np.nan)
    return _Pairs(activities=log.activities, key=key, n=n, n_cases=n_cases, mean=mean, sd=sd)


def _own_keys(log: EventLog, known: _Pairs) -> Int64:
    """For each pair of a profile its key among the log's own activities; -1 where the log lacks one of them."""
    code = {name: i for i, name in enumerate(log.activities)}
    place = np.array([code.get(name, -1) for name in known.activities], dtype=np.int64)
    source, target = place[known.key // len(place)], place[known.key % len(place)]
    return np.where((source < 0) | (target < 0), -1, source * len(log.activities) + target)


def _profile_rows(log: EventLog, known: _Pairs, keys: Int64) -> Int64:
    """For each key of the log the row of the profile."""
    place = _own_keys(log, known)
    order = np.argsort(place, kind="stable")
    return np.asarray(order[np.searchsorted(place[order], keys)], dtype=np.int64)


def _caveats(log: EventLog) -> tuple[str, ...]:
    if log.has_start:
        return ()
    return ("Starts aren't recorded, so that the times run from completion to completion and hold the work as well.",)


def _judging(
    own: _Pairs, judged: Int64, profile: TemporalProfile | None, sds: float, min_occurrences: int
) -> tuple[str, ...]:
    """What a reader must know of the bounds."""
    words = ["Times between steps are seldom distributed evenly around their mean; a deviation is unusual, not wrong."]
    left = ~np.isin(own.key, judged)
    if left.any():
        words.append(
            f"{int(left.sum()):,} of {len(left):,} pairs of activities ({own.n[left].sum() / own.n.sum():.1%} of the pairs of "
            f"steps) aren't judged: fewer than {min_occurrences:,} of their times are known."
        )
    if profile is None and (min_occurrences - 1) / math.sqrt(min_occurrences) <= sds:
        words.append(
            f"Of {min_occurrences:,} times none can be {significant(sds)} standard deviations from their own mean: rare pairs "
            "can't deviate here, whatever they took."
        )
    return tuple(words)
