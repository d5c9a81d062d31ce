"""Whether a person is away, moment by moment, where it is known for some moments only.

Who is there leaves by the next moment with chance `leave`, who is away is back with chance `back`, whatever came before
(a Markov chain with two states); before the first moment nothing is known. What is known of a moment is UNKNOWN, THERE, AWAY or
AT_WORK; who is at work is there. `odds` is how many times likelier what was seen at an UNKNOWN moment is if she was away. 0 <
leave, back < 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

#: What is known of a moment.
UNKNOWN, THERE, AWAY, AT_WORK = 0, 1, 2, 3


@compiled
def chance_away(known: Int64, odds: Float, leave: float, back: float) -> Any:
    """For each moment the chance that the person is away, given what is known up to it."""
    result = np.empty(len(known), np.float64)
    before = leave / (leave + back)
    for i in range(len(known)):
        now = before if i == 0 else before * (1 - back) + (1 - before) * leave
        if known[i] == 1 or known[i] == 3:
            now = 0.0
        elif known[i] == 2:
            now = 1.0
        else:
            now = now * odds[i] / (now * odds[i] + 1 - now)
        result[i] = before = now
    return result


@compiled
def away_given(known: Int64, odds: Float, leave: float, back: float, chance: Float) -> Any:
    """One way in which the person may have come and gone, given all that is known: 1 where she is away, one a moment.

    Drawn from the last moment backwards (forward filtering, backward sampling); `chance` is uniform on [0, 1), one a moment.
    """
    so_far = chance_away(known, odds, leave, back)
    result = np.zeros(len(known), np.int8)
    for k in range(len(known)):
        i = len(known) - 1 - k
        now = so_far[i]
        if k > 0:
            if result[i + 1] == 1:
                away, there = now * (1 - back), (1 - now) * leave
            else:
                away, there = now * back, (1 - now) * (1 - leave)
            now = away / (away + there)
        result[i] = 1 if chance[i] < now else 0
    return result


@compiled
def comings_and_goings(known: Int64, odds: Float, leave: float, back: float) -> Any:
    """Expected numbers, given all that is known: (moments there and not at work, leavings from them, moments away, returns).

    The last moment doesn't count: what comes after it isn't known. For the estimate of both chances (Baum and others 1970).
    """
    so_far = chance_away(known, odds, leave, back)
    free = left = away = returned = 0.0
    n = len(known)
    later = so_far[n - 1] if n else 0.0  # the chance given all that is known
    for k in range(1, n):
        i = n - 1 - k
        now = so_far[i]
        next_away = now * (1 - back) + (1 - now) * leave
        stays_away = now * (1 - back) / next_away * later if next_away > 0 else 0.0
        goes = (1 - now) * leave / next_away * later if next_away > 0 else 0.0
        comes = now * back / (1 - next_away) * (1 - later) if next_away < 1 else 0.0
        later = stays_away + comes
        away += later
        returned += comes
        if known[i] != 3:
            free += 1 - later
            left += goes
    return free, left, away, returned
