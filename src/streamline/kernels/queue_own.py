"""Lines of the teams' own: bound steps stand in the line of whoever did their anchor, which only the replay tells.

How many steps a team's own line will hold isn't known beforehand. So each has a stretch of the places behind those of
the other lines, and moves to one twice as long, behind all others, once more than half of it is taken when it is full.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]

#: Places of an own line's first stretch.
FIRST = 4


@compiled
def with_own_lines(offsets: Int64, line: Int64, n_lines: int) -> Any:
    """The lines that each team serves, and its own, `n_lines + team`, behind them: (offsets, lines)."""
    n_teams = len(offsets) - 1
    lines = np.empty(len(line) + n_teams, np.int64)
    for team in range(n_teams):
        for k in range(offsets[team], offsets[team + 1]):
            lines[k + team] = line[k]
        lines[offsets[team + 1] + team] = n_lines + team
    return offsets + np.arange(n_teams + 1), lines


@compiled
def room_of_own_lines(
    anchor: Int64, priority: Int64, first_own: int, n_lines: int, taken: int, head: Int64, tail: Int64, plain: Bool, usual: Int64
) -> Any:  # fmt: skip
    """Where the stretches of the own lines begin and end, the first spare place behind them, and all places that may be needed.

    (base, end, spare, room). Lines before `first_own` have the places below `taken`. Writes to `head`, `tail`, `plain` and
    `usual` of the own lines. A stretch is at most four times as long as the steps that ever stand in its line, or `FIRST`;
    with those before it, which are half as long each, it takes twice that; and each step stands in one own line.
    """
    n_own, n_bound, alike, urgency = n_lines - first_own, 0, True, 0
    for s in range(len(anchor)):
        if anchor[s] >= 0:
            if n_bound == 0:
                urgency = priority[s]
            alike = alike and priority[s] == urgency
            n_bound += 1
    base = taken + FIRST * np.arange(n_own)
    for own in range(n_own):
        here = first_own + own
        head[here] = tail[here] = base[own]
        plain[here], usual[here] = alike, urgency
    spare = taken + FIRST * n_own
    return base, base + FIRST, spare, spare + 8 * n_bound


@compiled
def room_for_one(
    own: int, line: int, base: Int64, end: Int64, spare: int, head: Int64, tail: Int64,
    priority: Int64, order: Int64, waiting: Int32,
) -> Any:  # fmt: skip
    """Make room behind the last step of a full own line; returns the first spare place.

    Its steps keep their order: to the front of the stretch, where at most half of it is taken, else to a longer one.
    """
    n, first, length = tail[line] - head[line], head[line], end[own] - base[own]
    if 2 * n > length:
        base[own], end[own] = spare, spare + 2 * length
        spare += 2 * length
    to = base[own]
    for k in range(n):
        priority[to + k], order[to + k], waiting[to + k] = priority[first + k], order[first + k], waiting[first + k]
    head[line], tail[line] = to, to + n
    return spare
