"""Open cases against the service standard: time left, and how likely each is to miss it.

An open case is *overdue* when its age is past the standard: it has missed it. For the others the probability of missing it
is that of earlier cases which were as far (the same step completed last) and had been there as long: the share of them
that was still open when this one's standard runs out. Cases that were themselves still open count as far as they were seen.
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
from streamline.measure.standards.as_of import as_of
from streamline.results import Result, rows_of
from streamline.stats.bootstrap import share_interval
from streamline.stats.landmarks import Visits, share_beyond
from streamline.units import DAY, MISSING_TIME, counted, duration_words, parse_duration

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

ARRIVED = "arrived, nothing completed"
#: Bands of predicted probability in which predictions are compared with what happened.
BANDS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)


@dataclass(frozen=True, kw_only=True, repr=False)
class CasesAtRisk(Result):
    """Open cases against the standard; n counts them.

    `table`, one row a state, most expected misses first: state (the step that has begun, else the one completed last),
    n_open, n_overdue, n_likely (not overdue, and more likely than not to miss the standard), expected_misses (sum of the
    probabilities, overdue cases with 1), median_age_days, median_days_left (negative when overdue).
    """

    #: The standard in microseconds of elapsed time.
    standard: int
    n_overdue: int
    #: Sum of the probabilities of missing the standard, overdue cases included; too small by those of which nothing tells it.
    expected_misses: float
    #: The last instant that the log knows of, in its zone: the case's age and time left are told as of then.
    as_of: pd.Timestamp
    _cases: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row an open case, most urgent first: case, arrival, state, age_days, days_left, miss_probability (NaN where no
        earlier case tells), n_like (visits of earlier cases behind it)."""
        return self._cases

    def chart(self) -> Chart:
        """Open cases by state: overdue, likely to miss the standard, others."""
        bars = []
        for r in rows_of(self.table.head(12)):
            for group, value in (
                ("overdue", r.n_overdue),
                ("more likely than not to miss it", r.n_likely),
                ("others", r.n_open - r.n_overdue - r.n_likely),
            ):
                if value:
                    bars.append(Bar(label=r.state, value=float(value), group=group))
        n_untold = int(self.cases["miss_probability"].isna().sum())
        standard = f"the standard of {duration_words(self.standard)}"
        title = (
            f"Of {counted(self.n, 'open case')} {'at least' if n_untold else 'about'} {self.expected_misses:,.0f} are expected "
            f"to miss {standard}; {self.n_overdue:,} {'has' if self.n_overdue == 1 else 'have'} already"
        )
        if n_untold == self.n:
            title = f"How many of {counted(self.n, 'open case')} may miss {standard} can't be told"
        return BarChart(
            title=title,
            axis="Open cases by what was completed last",
            bars=tuple(bars),
            note=f"{counted(self.n, 'open case')} on {self.as_of:%Y-%m-%d}",
        )


def cases_at_risk(log: EventLog, *, standard: str) -> CasesAtRisk:
    """Tell for each open case the time left and the probability that it misses the standard.

    standard : a duration such as "30 days" (elapsed, from arrival).

    The probability rests on the step completed last, how long ago that was, and the age; not on staffing, queues or the
    case's attributes. `outlook_calibration` checks it against what happened later.

    Returns CasesAtRisk. Raises InsufficientDataError when no case is open, or none closed to compare with.
    """
    limit = parse_duration(standard)
    open_ = np.flatnonzero(~log.closed & (log.arrival != MISSING_TIME))
    if len(open_) == 0:
        raise InsufficientDataError(
            f"{log.source}: no case is open. Without `ends` cases with completed steps count as closed; name the activities that "
            "end a case: read_log(…, ends=[…])."
        )
    if not log.closed.any():
        raise InsufficientDataError(f"{log.source}: no case is closed, so nothing tells how open cases go on.")
    state, entered = _entries(log, open_)
    probability, behind = share_beyond(
        _visits(log),
        state,
        (log.observed_until - entered) / DAY,
        (log.arrival[open_] + limit - entered) / DAY,
    )
    age = log.observed_until - log.arrival[open_]
    overdue = age > limit
    probability[overdue] = 1.0
    names = _state_names(log, open_, state)
    frame = pd.DataFrame(
        {
            "case": log.case_id_array(open_),
            "arrival": log.instants(log.arrival[open_]),
            "state": names,
            "age_days": age / DAY,
            "days_left": (limit - age) / DAY,
            "miss_probability": probability,
            "n_like": np.where(overdue, 0, behind),
        }
    )
    likely = ~overdue & (np.nan_to_num(probability) > 0.5)
    group = frame.assign(overdue=overdue, likely=likely).groupby("state")
    table = pd.DataFrame(
        {
            "n_open": group.size(),
            "n_overdue": group["overdue"].sum(),
            "n_likely": group["likely"].sum(),
            "expected_misses": group["miss_probability"].sum(),
            "median_age_days": group["age_days"].median(),
            "median_days_left": group["days_left"].median(),
        }
    ).reset_index()
    unknown = int(np.isnan(probability).sum())
    caveats = [
        "The probability of missing the standard is that of earlier cases which were as far for as long; it doesn't know of "
        "changes in staff or demand since."
    ]
    if unknown:
        caveats.append(
            f"For {counted(unknown, 'open case')} no earlier case was followed long enough to tell; expected misses leave "
            "them out."
        )
    return CasesAtRisk(
        recorded=log.recorded,
        table=table.sort_values(
            ["expected_misses", "n_open", "state"], ascending=[False, False, True], ignore_index=True
        ),
        n=len(open_),
        excluded={"closed": int(log.closed.sum())},
        caveats=tuple(caveats),
        standard=limit,
        n_overdue=int(overdue.sum()),
        expected_misses=float(np.nansum(probability)),
        as_of=log.instants(np.array([log.observed_until]))[0],
        _cases=frame.sort_values(
            ["miss_probability", "days_left", "case"], ascending=[False, True, True], ignore_index=True
        ),
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class OutlookCalibration(Result):
    """Predictions made at earlier instants, against what happened, where that is known by now; n counts their cases.

    `table`, one row a band of predicted probability that occurs: from_probability, to_probability, n, mean_predicted,
    share_missed, low, high (Wilson; predictions for one case at several instants aren't independent, so it is rather too
    narrow).
    """

    #: Predictions: a case may have several, at different instants.
    n_predictions: int
    #: Mean squared error of the probabilities, 0 to 1, and that of the share of all that missed it.
    brier: float
    brier_of_share: float
    #: Mean predicted probability and share that missed the standard.
    mean_predicted: float
    share_missed: float
    _cases: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a prediction: case, at, state, age_days, miss_probability, missed."""
        return self._cases

    def chart(self) -> Chart:
        """Predicted probabilities beside the shares that missed the standard."""
        bars = []
        for r in rows_of(self.table):
            label = f"{r.from_probability:.0%} to {r.to_probability:.0%}"
            bars.append(Bar(label=label, value=100 * r.mean_predicted, group="predicted"))
            bars.append(
                Bar(label=label, value=100 * r.share_missed, low=100 * r.low, high=100 * r.high, group="missed it")
            )
        return BarChart(
            title=f"Of open cases, {self.mean_predicted:.0%} were predicted to miss the standard and {self.share_missed:.0%} did",
            axis="Share of open cases (%), by predicted probability",
            bars=tuple(bars),
            note=f"{self.n_predictions:,} predictions for {counted(self.n, 'case')}, from what was known then. "
            "Whiskers: 95% intervals",
        )


def outlook_calibration(log: EventLog, *, standard: str, at: Sequence[int]) -> OutlookCalibration:
    """Predict as if at each of some earlier instants, from what was known then, and compare with what happened.

    at : instants in microseconds, none of them after the last that the log knows of; those before the first arrival tell
        nothing. Overdue cases aren't predicted. Cases whose standard hasn't run out when the log ends are left out, also those
        that are done by then: with these alone of them, too few would seem to miss it.

    Returns OutlookCalibration. Raises InsufficientDataError for a log without `ends` (then cases that a cut leaves without an
    open step would count as closed), or when no prediction has an outcome yet.
    """
    if log.ends is None:
        raise InsufficientDataError(
            f"{log.source} was read without `ends`, so which cases were open earlier isn't known; name the activities that "
            "end a case."
        )
    limit = parse_duration(standard)
    until = np.where(log.closed, log.last_completion, log.observed_until)
    past = until - log.arrival > limit
    over = log.observed_until - log.arrival > limit  # whether a case meets the standard is known of all of these
    number = pd.Series(np.arange(log.n_cases), index=log.case_id_array())
    frames = []
    known = log.arrival[log.arrival != MISSING_TIME]
    for instant in at:
        if not (len(known) and int(known.min()) <= instant):
            continue
        then = as_of(log, int(instant))
        try:
            found = cases_at_risk(then, standard=standard).cases
        except InsufficientDataError:
            continue
        found = found[(found["days_left"] >= 0) & found["miss_probability"].notna()]
        case = number.loc[found["case"]].to_numpy()
        frames.append(
            found[["case", "state", "age_days", "miss_probability"]]
            .assign(at=then.instants(np.array([instant]))[0], missed=past[case])
            .loc[over[case]]
        )
    told = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    if told.empty:
        raise InsufficientDataError(f"{log.source}: no open case at those instants has an outcome by now.")
    predicted, missed = told["miss_probability"].to_numpy(dtype=np.float64), told["missed"].to_numpy(dtype=np.bool_)
    band = np.minimum(np.searchsorted(BANDS, predicted, side="right") - 1, len(BANDS) - 2)
    rows = []
    for k in np.unique(band):
        own = band == k
        low, high = share_interval(int(missed[own].sum()), int(own.sum()))
        rows.append(
            {
                "from_probability": BANDS[k],
                "to_probability": BANDS[k + 1],
                "n": int(own.sum()),
                "mean_predicted": predicted[own].mean(),
                "share_missed": missed[own].mean(),
                "low": low,
                "high": high,
            }
        )
    return OutlookCalibration(
        recorded=log.recorded,
        table=pd.DataFrame(rows),
        n=int(told["case"].nunique()),
        excluded={},
        caveats=("Attributes and rejects are those of today; all else is what was known at each instant.",),
        n_predictions=len(told),
        brier=float(((predicted - missed) ** 2).mean()),
        brier_of_share=float(missed.mean() * (1 - missed.mean())),
        mean_predicted=float(predicted.mean()),
        share_missed=float(missed.mean()),
        _cases=told[["case", "at", "state", "age_days", "miss_probability", "missed"]],
    )


def _entries(log: EventLog, cases: Int64) -> tuple[Int64, Int64]:
    """For each case the activity completed last (the number of activities for none), and when; the arrival for none."""
    some = np.diff(log.case_offsets)[cases] > 0
    last = np.maximum(log.case_offsets[1:][cases] - 1, 0)
    if log.n_steps == 0:
        return np.full(len(cases), len(log.activities)), log.arrival[cases]
    state = np.where(some, log.activity[last], len(log.activities))
    return state.astype(np.int64), np.where(some, log.complete[last], log.arrival[cases])


def _visits(log: EventLog) -> Visits:
    """The stretches between completions of all cases, from the arrival on, in days; none from a closed case's end on."""
    case = np.flatnonzero(log.arrival != MISSING_TIME)
    entered = np.concatenate([log.arrival[case], log.complete])
    of_case = np.concatenate([case, log.case_of_step])
    state = np.concatenate([np.full(len(case), len(log.activities)), log.activity]).astype(np.int64)
    until = np.where(log.closed, log.last_completion, log.observed_until)
    left_arrival, left = until.copy(), until[log.case_of_step]
    some = np.flatnonzero(np.diff(log.case_offsets) > 0)
    left_arrival[some] = log.complete[log.case_offsets[some]]
    same = log.case_of_step[1:] == log.case_of_step[:-1]
    left[:-1][same] = log.complete[1:][same]
    left = np.concatenate([left_arrival[case], left])
    remaining = until[of_case] - entered
    lasting = remaining > 0
    return Visits(
        state=state[lasting],
        stay=(left - entered)[lasting] / DAY,
        remaining=remaining[lasting] / DAY,
        done=log.closed[of_case][lasting],
    )


def _state_names(log: EventLog, cases: Int64, state: Int64) -> npt.NDArray[np.object_]:
    """The states in words: what was completed last, and the step that has begun since."""
    names = np.asarray([*(f"after {a}" for a in log.activities), ARRIVED], dtype=object)[state]
    begun = log.unfinished.drop_duplicates("case", keep="last")
    place = np.full(log.n_cases, -1, dtype=np.int64)
    place[cases] = np.arange(len(cases))
    at = place[begun["case"].to_numpy(dtype=np.int64)]
    names[at[at >= 0]] = ("in " + begun["activity"].astype(str)).to_numpy(dtype=object)[at >= 0]
    return names
