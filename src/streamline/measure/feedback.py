"""What customers say of the service: survey scores of the cases. Nothing causal is claimed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.log.event_log import EventLog
from streamline.log.feedback_log import FeedbackLog
from streamline.measure.duration import LEVEL
from streamline.results import Estimate, Result, bounded
from streamline.stats.bootstrap import DRAWS, ratio_intervals
from streamline.units import DAY, significant


@dataclass(frozen=True, kw_only=True, repr=False)
class FeedbackScores(Result):
    """Scores of the closed cases that answered. `table`, one row a quarter of the cases by cycle time, quickest first:
    group, n_answers, mean_score, score_low, score_high."""

    mean: Estimate
    #: Share of the closed cases with an answer.
    response_share: float
    scale: tuple[float, float]
    _cases: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row an answer: case, score, cycle_time_days."""
        return self._cases


def feedback_scores(
    log: EventLog, feedback: FeedbackLog, *, level: float = LEVEL, draws: int = DRAWS, seed: int = 1
) -> FeedbackScores:
    """Mean score of the closed cases that answered, and by quarter of cycle time.

    Those who answer may differ from those who don't; the response share says how many did.
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
    days = (log.last_completion - log.arrival)[case] / DAY
    all_days = (log.last_completion - log.arrival)[log.closed] / DAY
    edges = np.quantile(all_days, [0.25, 0.5, 0.75])
    quarter = np.searchsorted(edges, days, side="left")
    first, second, third = (significant(float(e), digits=3) for e in edges)
    names = (
        f"quickest quarter (up to {first} days)",
        f"{first} to {second} days",
        f"{second} to {third} days",
        f"slowest quarter (over {third} days)",
    )

    # answers about one case belong together
    unit = np.unique(case, return_inverse=True)[1]
    columns = np.column_stack([np.ones(len(case)), *(quarter == q for q in range(4))])
    count = np.zeros((unit.max() + 1, 5))
    total = np.zeros((unit.max() + 1, 5))
    np.add.at(count, unit, columns)
    np.add.at(total, unit, columns * score[:, None])
    low, high = ratio_intervals(total, count, level=level, draws=draws, seed=seed)
    with np.errstate(invalid="ignore"):
        mean = total.sum(axis=0) / count.sum(axis=0)
    return FeedbackScores(
        table=pd.DataFrame(
            {
                "group": names,
                "n_answers": count.sum(axis=0)[1:].astype(np.int64),
                "mean_score": mean[1:],
                "score_low": low[1:],
                "score_high": high[1:],
            }
        ),
        n=int(unit.max() + 1),
        excluded={"answers about other or open cases": int(len(numbers) - known.sum())},
        caveats=("Those who answer a survey may differ from those who don't; no cause can be read from the scores.",),
        mean=bounded(
            mean[0],
            low[0],
            high[0],
            level=level,
            method="closed cases that answered; interval by resampling cases",
            unit=f"score from {feedback.scale[0]:g} to {feedback.scale[1]:g}",
            n=len(case),
        ),
        response_share=(unit.max() + 1) / int(log.closed.sum()),
        scale=feedback.scale,
        _cases=pd.DataFrame({"case": log.case_id_array(case), "score": score, "cycle_time_days": days}),
    )
