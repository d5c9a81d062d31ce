"""How likely it is that something open lasts beyond a time, given how far it is and how long it has been there.

A *visit* is a stretch that something spent in one state: from its entry for `stay`, and `remaining` from the entry until
it was done (or last seen). Something that has been in a state for u so far is like the visits of that state that also
lasted longer than u: of those, a Kaplan-Meier curve of `remaining` tells which share isn't done by a horizon. Curves are
made at a dozen landmarks of u a state; between two the earlier one is used, given that u has passed.
Source: van Houwelingen 2007, "Dynamic prediction by landmarking in event history analysis".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.stats.survival import survival_curve

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Shares of a state's visits that were over at its landmarks.
LANDMARKS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
#: Visits that a curve needs; with fewer, those of all states together are used.
FEWEST = 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Visits:
    """Visits to states; (n,) each, times in one unit. `done`: whether the whole was done when `remaining` had passed."""

    state: Int64
    stay: Float
    remaining: Float
    done: Bool

    def of(self, chosen: Bool | Int64) -> Visits:
        """Some of the visits."""
        return Visits(
            state=self.state[chosen], stay=self.stay[chosen], remaining=self.remaining[chosen], done=self.done[chosen]
        )


def share_beyond(visits: Visits, state: Int64, elapsed: Float, horizon: Float) -> tuple[Float, Int64]:
    """For each question the probability that what entered `state` `elapsed` ago isn't done `horizon` after its entry.

    state, elapsed, horizon : (q,); a horizon before `elapsed` is past, and its probability 1.

    Returns (probability, number of visits behind it): NaN and 0 where no horizon so far was seen.
    """
    probability, behind = np.full(len(state), np.nan), np.zeros(len(state), dtype=np.int64)
    order = np.argsort(visits.state, kind="stable")
    ordered = visits.state[order]
    for own in np.unique(state):
        asked = np.flatnonzero(state == own)
        first, last = np.searchsorted(ordered, own, side="left"), np.searchsorted(ordered, own, side="right")
        of_state = visits.of(order[first:last])
        probability[asked], behind[asked] = _of_one_state(of_state, elapsed[asked], horizon[asked])
    missing = np.flatnonzero(np.isnan(probability))
    if len(missing):
        probability[missing], behind[missing] = _of_one_state(visits, elapsed[missing], horizon[missing])
    past = horizon <= elapsed
    probability[past] = 1.0
    return probability, behind


def _of_one_state(visits: Visits, elapsed: Float, horizon: Float) -> tuple[Float, Int64]:
    """The answers from visits of one state; NaN where fewer than `FEWEST` lasted so long or none was followed so far."""
    probability, behind = np.full(len(elapsed), np.nan), np.zeros(len(elapsed), dtype=np.int64)
    if len(visits.stay) < FEWEST:
        return probability, behind
    marks = np.unique(np.quantile(visits.stay, LANDMARKS, method="inverted_cdf"))
    marks = np.concatenate([[-1.0], marks[:-1]])
    place = np.searchsorted(marks, elapsed, side="right") - 1
    for j in np.unique(place):
        asked = np.flatnonzero(place == j)
        # the latest landmark from which enough visits went on
        mark = next(marks[i] for i in range(j, -1, -1) if i == 0 or (visits.stay > marks[i]).sum() >= FEWEST)
        like = visits.of(visits.stay > mark)
        curve = survival_curve(like.remaining, like.done)
        longest = float(like.remaining.max())
        now, then = curve.value(elapsed[asked], before=1.0), curve.value(horizon[asked], before=1.0)
        known = (now > 0) & ((horizon[asked] <= longest) | (curve.share.min(initial=1.0) == 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            probability[asked] = np.where(known, np.minimum(then / now, 1.0), np.nan)
        behind[asked] = np.where(known, len(like.stay), 0)
    return probability, behind
