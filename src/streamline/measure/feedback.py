"""What customers say of the service: survey scores of the cases. Nothing causal is claimed.

Scores are told by what is known of the case: how long it took, whether it went back, how often its customer got in touch, by
which channel it came. Beside each score stands the *response share*: the share of the group's closed cases that answered. Those
who answer may differ from those who don't, and the longer a case took the more can have happened in it: a difference between
groups is no effect of what they are told apart by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.log.event_log import EventLog
from streamline.log.feedback_log import FeedbackLog
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.duration import LEVEL
from streamline.measure.groups import CHANNEL
from streamline.measure.loops.occurrences import loop_occurrences
from streamline.measure.waits.places import group_of_case
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS, ratio_intervals
from streamline.units import DAY, counted, significant

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: With answers about fewer cases a group has no interval: resamples of so few would be too much alike.
FEWEST_WITH_INTERVAL = 5
CYCLE_TIME, LOOPS, CONTACTS = "cycle time", "loops", "contacts"


@dataclass(frozen=True, kw_only=True, repr=False)
class FeedbackScores(Result):
    """Scores of the closed cases that answered; n counts these cases.

    `table`, one row a group: by ("cycle time", "loops", "contacts", "channel"), group, n_cases (closed), n_answered (of them),
    response_share, n_answers, mean_score with score_low and score_high (NaN with answers about fewer than five cases).
    """

    mean: Estimate
    #: Share of the closed cases with an answer.
    response_share: float
    scale: tuple[float, float]
    #: Mean cycle time of the cases that answered less that of the others, in days; None where all or none answered.
    answering_longer: Estimate | None
    _cases: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row an answer: case, score, cycle_time_days."""
        return self._cases

    def of(self, by: str) -> pd.DataFrame:
        """The rows of one grouping; none where the records don't have it."""
        found: pd.DataFrame = self.table[self.table["by"] == by].reset_index(drop=True)
        return found

    def chart(self) -> Chart:
        """Mean scores by cycle time."""
        low, high = self.scale
        return BarChart(
            title="What customers say, by how long their case took",
            axis=f"Mean score ({low:g} to {high:g})",
            bars=tuple(
                Bar(label=r.group, value=r.mean_score, low=None if np.isnan(r.score_low) else r.score_low,
                    high=None if np.isnan(r.score_high) else r.score_high)
                for r in rows_of(self.of(CYCLE_TIME))
                if r.n_answers
            ),
            note=f"Answers about {counted(self.n, 'case')}. Whiskers: intervals from resampled cases",
        )  # fmt: skip


def feedback_scores(
    log: EventLog,
    feedback: FeedbackLog,
    *,
    links: LinkedContacts | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> FeedbackScores:
    """Mean score of the closed cases that answered, in all and by group (see the module's text).

    log : its closed cases count. links : contacts linked to the cases of this log; then scores are also told by 0, 1, and 2 or
        more contacts, of the cases that the contact log covers from arrival to end.
    level, draws, seed : of the intervals, which resample cases.

    Returns FeedbackScores. Raises InsufficientDataError when no closed case answered.
    """
    numbers = feedback.case_numbers(log)
    known = numbers >= 0
    known[known] = log.closed[numbers[known]]
    case, score = numbers[known], feedback.score[known]
    if len(case) == 0:
        raise InsufficientDataError(
            f"{feedback.source}: none of {len(feedback):,} answers is about a closed case of {log.source}."
        )
    # answers about one case belong together
    count = np.bincount(case, minlength=log.n_cases).astype(np.float64)
    total = np.bincount(case, weights=score, minlength=log.n_cases).astype(np.float64)

    def interval(chosen: Int64) -> tuple[float, float]:
        if len(chosen) < FEWEST_WITH_INTERVAL:
            return float("nan"), float("nan")
        low, high = ratio_intervals(total[chosen][:, None], count[chosen], level=level, draws=draws, seed=seed)
        return float(low[0]), float(high[0])

    rows = []
    for by, codes, names in _groupings(log, links):
        for k in np.unique(codes[codes >= 0]):
            group = np.flatnonzero(codes == k)
            answered = group[count[group] > 0]
            n_answers = int(count[answered].sum())
            mean = total[answered].sum() / n_answers if n_answers else float("nan")
            rows.append(
                (
                    by,
                    names[k],
                    len(group),
                    len(answered),
                    len(answered) / len(group),
                    n_answers,
                    mean,
                    *interval(answered),
                )
            )
    columns = [
        "by",
        "group",
        "n_cases",
        "n_answered",
        "response_share",
        "n_answers",
        "mean_score",
        "score_low",
        "score_high",
    ]
    answered = np.flatnonzero(count > 0)
    days = np.where(log.closed, (log.last_completion - log.arrival) / DAY, np.nan)
    return FeedbackScores(
        recorded=log.recorded,
        table=pd.DataFrame(rows, columns=columns),
        n=len(answered),
        excluded={"answers about other or open cases": int(len(numbers) - known.sum())},
        caveats=(
            "Those who answer a survey may differ from those who don't, and groups differ in more than what they are told apart "
            "by: no cause can be read from the scores.",
        ),
        mean=bounded(
            float(score.mean()), *interval(answered), level=level,
            method="closed cases that answered; interval by resampling cases",
            unit=f"score from {feedback.scale[0]:g} to {feedback.scale[1]:g}", n=len(case),
        ),
        response_share=len(answered) / int(log.closed.sum()),
        scale=feedback.scale,
        answering_longer=_difference(days[answered], days[log.closed & (count == 0)], level=level),
        _cases=pd.DataFrame({"case": log.case_id_array(case), "score": score, "cycle_time_days": days[case]}),
    )  # fmt: skip


Grouping = tuple[str, Int64, tuple[str, ...]]


def _groupings(log: EventLog, links: LinkedContacts | None) -> Iterator[Grouping]:
    """(what by, the group of each case or -1, the names of the groups), of closed cases."""
    closed = log.closed
    yield CYCLE_TIME, *_quarters(log)
    with_loop = np.zeros(log.n_cases, dtype=np.int64)
    with_loop[loop_occurrences(log).case] = 1
    yield LOOPS, np.where(closed, with_loop, -1), ("without a loop", "with a loop")
    if links is not None:
        n = links.per_case()
        codes = np.select([n == 0, n < 2], [0, 1], 2)
        yield CONTACTS, np.where(closed & links.covered, codes, -1), ("no contact", "1 contact", "2 contacts or more")
    if log.case_channel is not None:
        found = group_of_case(log, CHANNEL)
        yield CHANNEL, np.where(closed, found.codes.astype(np.int64), -1), found.names


def _quarters(log: EventLog) -> tuple[Int64, tuple[str, ...]]:
    """A quarter of the closed cases each, quickest first; of cases that took equally long there may be more in one."""
    closed = log.closed
    days = (log.last_completion - log.arrival)[closed] / DAY
    edges = np.quantile(days, [0.25, 0.5, 0.75])
    codes = np.full(log.n_cases, -1, dtype=np.int64)
    codes[closed] = np.searchsorted(edges, days, side="left")
    first, second, third = (significant(float(e), digits=3) for e in edges)
    return codes, (
        f"quickest quarter (up to {first} days)",
        f"{first} to {second} days",
        f"{second} to {third} days",
        f"slowest quarter (over {third} days)",
    )


def _difference(ours: Float, others: Float, *, level: float) -> Estimate | None:
    """Difference of two means of independent cases; None without two of each."""
    if min(len(ours), len(others)) < 2:
        return None
    from scipy.stats import norm

    error = float(np.sqrt(ours.var(ddof=1) / len(ours) + others.var(ddof=1) / len(others)))
    value, width = float(ours.mean() - others.mean()), float(norm.ppf((1 + level) / 2)) * error
    return bounded(
        value, value - width, value + width, level=level, method="difference of means of independent cases", unit="days",
        n=len(ours) + len(others),
    )  # fmt: skip
