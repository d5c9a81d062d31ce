"""Replays cases through queues: teams of people with hours take the steps that wait for them, one each at a time.

A *step* is enabled when all steps that it joins are complete, at its case's arrival when it joins none. After its *delay*
(elapsed time that no staffing explains), and inside a window of its *release* schedule if it has one, it is *ready*: it joins
its *queue*, or, without a queue, takes its work as elapsed time. A *team* is a number of people who are alike: the same
hours, the same queues. A person who is free and on duty takes the first step of these queues: the highest priority, then the
first to have joined; among those that join at one instant, those held for a release by the instant since which they were
held, before the others; then the lowest rank of the case, then the place within the case.
Where people of several teams could take a step, the team with the lowest *preference* does (then the lower index). Of teams
of one preference that take *turns*, the one does in which nobody has finished a step for longest (then the lower index).

A *bound* step stays with whoever did its *anchor*, an earlier step of the case: it joins a queue that only the team serves
which took the anchor, and that this team serves like its others, whatever these are. With one person a team, that very
person does it. Where nobody has taken the anchor when the bound step is ready, or that team next comes on duty later than
the *longest time off* that the step waits for, it joins the queue that it names.

A step that nobody takes before its customer's *patience* ends, counted from when it is enabled, is never done, nor is anything
that follows it: the customer has *left*. These steps begin and end at that instant, without anybody. (Who is taken at that
very instant is served.)

Work that has begun stays with its person: it stops at closing time and goes on at the next opening, and the person takes
nothing else before it is done. Who is done exactly at closing time is free at the next opening.

One instant passes in rounds, until nothing more happens at it: people finish; teams open; pinned steps begin; steps join;
people take steps. A step that is enabled by a step without work joins in a later round than those that were ready
before it. So nothing depends on the order of the cases, provided that no two have one rank.

A *pinned* step begins at its given instant, whatever it joins and whoever else waits: it was under way when the records
begin. It takes a person of the teams of its queue: of the first in order of preference with one who is free and on duty, else
free at all. With nobody free it is done in the hours of the first of these teams and takes nobody (its team is -1).

What the calendars end before is NEVER: a step that nobody comes to take is NEVER begun nor done, one that can't be finished is
begun and NEVER done, and all that waits for it is NEVER begun nor done.

The cost is that of m log m, for m steps; a team's openings cost only while steps wait for it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streamline.kernels.queue_checks import check_arrays
from streamline.kernels.queue_hours import NEVER
from streamline.kernels.queue_lines import lines_of_queues, lines_of_teams, turned
from streamline.kernels.queue_own import with_own_lines
from streamline.kernels.queue_replay import replay

__all__ = ["NEVER", "Replayed", "replay_queues"]

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]


class Replayed(NamedTuple):
    """What became of each step: int64 microseconds (NEVER where it isn't begun or done), its team (-1 without), and whether
    it wasn't done because the customer had left."""

    start: Int64
    complete: Int64
    team: Int32
    left: Bool


def replay_queues(
    *,
    case_offsets: Int64,
    arrival: Int64,
    rank: Int64,
    join_offsets: Int64,
    joined: Int64,
    delay: Int64,
    release: Int32,
    queue: Int32,
    work: Int64,
    priority: Int64,
    pinned: Int64,
    release_offsets: Int64,
    release_start: Int64,
    release_end: Int64,
    team_offsets: Int64,
    team_queue: Int32,
    team_size: Int64,
    team_calendar: Int32,
    team_preference: Int64,
    calendar_offsets: Int64,
    on_start: Int64,
    on_end: Int64,
    anchor: Int64 | None = None,
    longest_off: Int64 | None = None,
    team_turns: Int64 | None = None,
    patience: Int64 | None = None,
) -> Replayed:
    """Replay n cases with m steps through t teams; instants and durations are int64 microseconds.

    case_offsets : int64[n + 1]; case k has the steps `case_offsets[k]:case_offsets[k + 1]`.
    arrival, rank : int64[n]; cases of lower rank go first where steps are ready at one instant. Ranks differ.
    join_offsets, joined : int64[m + 1] and int64; step s joins the steps `joined[join_offsets[s]:join_offsets[s + 1]]`, all of
        them at smaller indices in its case.
    delay : int64[m], from enabled on; >= 0.
    release : int32[m]; -1, or a schedule in which the step is held, after its delay, until an instant inside a window.
    queue : int32[m]; -1 for a step that needs no staff.
    work : int64[m]; on-duty time of the person, elapsed time without a queue; >= 0.
    priority : int64[m]; higher first.
    pinned : int64[m]; the given start of a step, MISSING_TIME for all that aren't pinned.
    release_offsets, release_start, release_end : schedule r has the windows `[start, end)` at the places
        `release_offsets[r]:release_offsets[r + 1]`, sorted and disjoint. Past the last one nothing is held.
    team_offsets, team_queue : int64[t + 1] and int32; team i serves the queues `team_queue[team_offsets[i]:team_offsets[i + 1]]`.
    team_size, team_calendar, team_preference : int64[t], int32[t], int64[t]; people (>= 0), calendar, lower preferred.
    calendar_offsets, on_start, on_end : calendar c has the on-duty intervals `[on_start, on_end)` at the places
        `calendar_offsets[c]:calendar_offsets[c + 1]`, sorted and disjoint.
    anchor : int64[m]; -1, or the step at a smaller index in its case that a step is bound to. None: no step is bound.
    longest_off : int64[m]; for how long a bound step that joins waits for its team to come on duty; >= 0. NEVER, or None for
        all of them: whenever that may be.
    team_turns : int64[t]; 1 for a team that takes turns, 0 for others. None: no team does.
    patience : int64[m]; for how long after it is enabled a step without a given start waits in its queue until its customer
        leaves; >= 0. NEVER, or None for all of them: nobody leaves.

    Returns Replayed: `start`, `complete`, `team`, `left` of each step.
    Raises ValueError, with the array and the place in it, where lengths, indices, orders, signs or ranks are otherwise.
    """
    if anchor is None:
        anchor = np.full(len(work), -1, dtype=np.int64)
    if longest_off is None:
        longest_off = np.full(len(work), NEVER, dtype=np.int64)
    if team_turns is None:
        team_turns = np.zeros(len(team_size), dtype=np.int64)
    if patience is None:
        patience = np.full(len(work), NEVER, dtype=np.int64)
    check_arrays({**locals()})
    n_queues = int(max(queue.max(initial=-1), team_queue.max(initial=-1))) + 1
    line, n_lines = lines_of_queues(team_offsets, team_queue, n_queues)
    team_line_offsets, team_line = lines_of_teams(team_offsets, team_queue, line)
    preferred = np.argsort(team_preference, kind="stable")
    line_team_offsets, line_team = turned(preferred, team_line_offsets, team_line, n_lines)
    if (anchor >= 0).any():
        team_line_offsets, team_line = with_own_lines(team_line_offsets, team_line, n_lines)
        line_team_offsets, line_team = turned(preferred, team_line_offsets, team_line, n_lines + len(team_size))
    calendar_team_offsets, calendar_team = turned(
        preferred,
        np.arange(len(team_calendar) + 1),
        team_calendar.astype(np.int64),
        len(calendar_offsets) - 1,
    )
    return Replayed(
        *replay(
            case_offsets, arrival, rank, join_offsets, joined, delay, release, queue, work, priority, pinned, anchor,
            longest_off, patience,
            release_offsets, release_start, release_end,
            line, n_lines, line_team_offsets, line_team, team_line_offsets, team_line,
            team_size, team_calendar, team_preference, team_turns,
            calendar_team_offsets, calendar_team, calendar_offsets, on_start, on_end,
        )
    )  # fmt: skip
