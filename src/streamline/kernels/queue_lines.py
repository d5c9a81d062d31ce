"""Lines: queues that exactly the same teams serve stand in one line, because who serves them never tells them apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]


@compiled
def lines_of_queues(team_offsets: Int64, team_queue: Int32, n_queues: int) -> Any:
    """The line of each queue, numbered in order of their first queues: (line, number of lines).

    Team `t` serves the queues `team_queue[team_offsets[t]:team_offsets[t + 1]]`. Queues that no team serves are one line.
    """
    line = np.zeros(n_queues, np.int64)
    split = np.full(len(team_queue) + 1, -1, np.int64)  # the part of a line that the present team serves
    n = 1
    for team in range(len(team_offsets) - 1):
        before = n
        for k in range(team_offsets[team], team_offsets[team + 1]):
            q = team_queue[k]
            if line[q] >= before:
                continue  # named twice
            if split[line[q]] < before:
                split[line[q]] = n
                n += 1
            line[q] = split[line[q]]
    number = np.full(n, -1, np.int64)
    n_lines = 0
    for q in range(n_queues):
        if number[line[q]] < 0:
            number[line[q]] = n_lines
            n_lines += 1
        line[q] = number[line[q]]
    return line, n_lines


@compiled
def lines_of_teams(team_offsets: Int64, team_queue: Int32, line: Int64) -> Any:
    """The lines that each team serves, each once: (offsets, lines)."""
    n_teams = len(team_offsets) - 1
    offsets = np.zeros(n_teams + 1, np.int64)
    lines = np.empty(len(team_queue), np.int64)
    seen = np.full(len(line), -1, np.int64)
    n = 0
    for team in range(n_teams):
        for k in range(team_offsets[team], team_offsets[team + 1]):
            here = line[team_queue[k]]
            if seen[here] != team:
                seen[here] = team
                lines[n] = here
                n += 1
        offsets[team + 1] = n
    return offsets, lines[:n].copy()


@compiled
def turned(order: Int64, offsets: Int64, items: Int64, n_items: int) -> Any:
    """The owners of each item, from the items of each owner; owners come in the given order: (offsets, owners).

    Owner `o` has the items `items[offsets[o]:offsets[o + 1]]`, each at most once.
    """
    turned_offsets = np.zeros(n_items + 1, np.int64)
    for k in range(len(items)):
        turned_offsets[items[k] + 1] += 1
    for i in range(n_items):
        turned_offsets[i + 1] += turned_offsets[i]
    owners = np.empty(len(items), np.int64)
    place = turned_offsets[:-1].copy()
    for owner in order:
        for k in range(offsets[owner], offsets[owner + 1]):
            owners[place[items[k]]] = owner
            place[items[k]] += 1
    return turned_offsets, owners
