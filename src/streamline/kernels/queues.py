"""Replays cases through queues: teams of people with hours take the steps that wait for them, one each at a time.

A *step* is enabled when all steps that it joins are complete, at its case's arrival when it joins none. After its *delay*
(elapsed time that no staffing explains), and inside a window of its *release* schedule if it has one, it is *ready*: it joins
its *queue*, or, without a queue, takes its work as elapsed time. A *team* is a number of people who are alike: the same
hours, the same queues. A person who is free and on duty takes the first step of these queues: the highest priority, then the
first to have joined; among those that join at one instant, the lowest rank of the case, then the place within the case.
Where people of several teams could take a step, the team with the lowest *preference* does (then the lower index).

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

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.kernels.duty import next_end
from streamline.kernels.queue_heaps import pop_instant, pop_waiting, push_instant, push_waiting
from streamline.kernels.queue_hours import NEVER, time_before, work_done_at
from streamline.kernels.queue_lines import lines_of_queues, lines_of_teams, turned
from streamline.units import MISSING_TIME

__all__ = ["NEVER", "Replayed", "replay_queues"]

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

_BEFORE_ALL = MISSING_TIME + 1


class Replayed(NamedTuple):
    """What became of each step: int64 microseconds (NEVER where it isn't begun or done), and its team (-1 without)."""

    start: Int64
    complete: Int64
    team: Int32


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

    Returns Replayed: `start`, `complete`, `team` of each step.
    """
    n_queues = int(max(queue.max(initial=-1), team_queue.max(initial=-1))) + 1
    line, n_lines = lines_of_queues(team_offsets, team_queue, n_queues)
    team_line_offsets, team_line = lines_of_teams(team_offsets, team_queue, line)
    preferred = np.argsort(team_preference, kind="stable")
    line_team_offsets, line_team = turned(preferred, team_line_offsets, team_line, n_lines)
    calendar_team_offsets, calendar_team = turned(
        preferred,
        np.arange(len(team_calendar) + 1),
        team_calendar.astype(np.int64),
        len(calendar_offsets) - 1,
    )
    return Replayed(
        *_replay(
            case_offsets, arrival, rank, join_offsets, joined, delay, release, queue, work, priority, pinned,
            release_offsets, release_start, release_end,
            line, line_team_offsets, line_team, team_line_offsets, team_line, team_size, team_calendar,
            calendar_team_offsets, calendar_team, calendar_offsets, on_start, on_end,
        )
    )  # fmt: skip


@compiled
def _replay(
    case_offsets: Int64, arrival: Int64, rank: Int64, join_offsets: Int64, joined: Int64, delay: Int64, release: Int32,
    queue: Int32, work: Int64, priority: Int64, pinned: Int64,
    release_offsets: Int64, release_start: Int64, release_end: Int64,
    line: Int64, line_team_offsets: Int64, line_team: Int64, team_line_offsets: Int64, team_line: Int64,
    team_size: Int64, team_calendar: Int32,
    calendar_team_offsets: Int64, calendar_team: Int64, calendar_offsets: Int64, on_start: Int64, on_end: Int64,
) -> Any:  # fmt: skip
    m, n_lines = len(queue), len(line_team_offsets) - 1
    start, complete, team = np.full(m, NEVER, np.int64), np.full(m, NEVER, np.int64), np.full(m, -1, np.int32)
    place, step_at = _places(case_offsets, rank)
    follower_offsets, followers = _followers(join_offsets, joined)
    lacking = (join_offsets[1:] - join_offsets[:-1]).astype(
        np.int32
    )  # steps that it joins and that aren't complete yet

    free = team_size.copy()
    before = time_before(on_start, on_end)
    cursor = calendar_offsets[:-1].copy()  # the first interval of each calendar that ends after the present instant
    called = np.zeros(len(cursor), np.bool_)  # its next opening is among the finishes

    line_base, plain = _room_of_lines(queue, priority, pinned, line, n_lines)
    head, tail = line_base[:-1].copy(), line_base[:-1].copy()
    waiting_priority, waiting_since = np.empty(line_base[-1], np.int64), np.empty(line_base[-1], np.int64)
    waiting_step = np.empty(line_base[-1], np.int64)
    n_joined = 0

    pinned_step, n_pinned, next_pinned = _pinned_in_order(pinned, queue, place)
    n_people = 0
    for i in range(len(free)):
        n_people += min(free[i], m)
    most_busy = min(n_people, m) + n_pinned + len(cursor)
    busy_at, busy = (
        np.empty(most_busy, np.int64),
        np.empty(most_busy, np.int64),
    )  # finishes (a step), openings (m + calendar)
    n_busy = 0
    ready_at, ready = np.empty(m, np.int64), np.empty(m, np.int64)
    n_ready = 0
    joining = np.empty(m, np.int64)  # places of the steps that join in this round
    n_joining = 0
    enabled = np.empty(m, np.int64)  # a stack of steps that have just become enabled
    n_enabled = 0
    touched, is_touched = np.empty(n_lines, np.int64), np.zeros(n_lines, np.bool_)
    n_touched = 0

    # what is known from the start: steps that join none, and what follows from them without staff
    known_at, known = np.empty(m, np.int64), np.empty(m, np.int64)
    n_known, next_known = 0, 0
    for case in range(len(case_offsets) - 1):
        for s in range(case_offsets[case], case_offsets[case + 1]):
            if pinned[s] != MISSING_TIME:
                if queue[s] < 0:
                    start[s], complete[s] = pinned[s], pinned[s] + work[s]
                    n_enabled = _enable_followers(s, follower_offsets, followers, lacking, pinned, enabled, n_enabled)
            elif join_offsets[s] == join_offsets[s + 1]:
                instant = _released(arrival[case] + delay[s], release[s], release_offsets, release_start, release_end)
                if queue[s] < 0:
                    start[s], complete[s] = instant, instant + work[s]
                    n_enabled = _enable_followers(s, follower_offsets, followers, lacking, pinned, enabled, n_enabled)
                else:
                    known_at[n_known], known[n_known] = instant, s
                    n_known += 1

    now = _BEFORE_ALL
    while True:
        # people finish, teams open
        while n_busy > 0 and busy_at[0] == now:
            s = busy[0]
            n_busy = pop_instant(busy_at, busy, n_busy)
            if s >= m:
                c = s - m
                called[c] = False
                for i in range(calendar_team_offsets[c], calendar_team_offsets[c + 1]):
                    who = calendar_team[i]
                    if free[who] > 0:
                        for k in range(team_line_offsets[who], team_line_offsets[who + 1]):
                            here = team_line[k]
                            if head[here] < tail[here] and not is_touched[here]:
                                is_touched[here] = True
                                touched[n_touched] = here
                                n_touched += 1
                continue
            who = team[s]
            if who >= 0:
                free[who] += 1
                for k in range(team_line_offsets[who], team_line_offsets[who + 1]):
                    here = team_line[k]
                    if head[here] < tail[here] and not is_touched[here]:
                        is_touched[here] = True
                        touched[n_touched] = here
                        n_touched += 1
            n_enabled = _enable_followers(s, follower_offsets, followers, lacking, pinned, enabled, n_enabled)

        # what becomes enabled, and what follows from it without staff
        while n_enabled > 0:
            n_enabled -= 1
            s = enabled[n_enabled]
            instant = complete[joined[join_offsets[s]]]
            for k in range(join_offsets[s] + 1, join_offsets[s + 1]):
                instant = max(instant, complete[joined[k]])
            instant = _released(instant + delay[s], release[s], release_offsets, release_start, release_end)
            if queue[s] < 0:
                start[s], complete[s] = instant, instant + work[s]
                n_enabled = _enable_followers(s, follower_offsets, followers, lacking, pinned, enabled, n_enabled)
            elif instant == now:
                joining[n_joining] = place[s]
                n_joining += 1
            elif now == _BEFORE_ALL:
                known_at[n_known], known[n_known] = instant, s
                n_known += 1
            else:
                n_ready = push_instant(ready_at, ready, n_ready, instant, s)
        if now == _BEFORE_ALL:
            known_at, known = _in_order(known_at[:n_known], known[:n_known])

        # pinned steps begin
        while next_pinned < n_pinned and pinned[pinned_step[next_pinned]] == now:
            s = pinned_step[next_pinned]
            next_pinned += 1
            start[s] = now
            here = line[queue[s]]
            who = _free_team(here, now, line_team_offsets, line_team, free, team_calendar, calendar_offsets, cursor,
                             on_start, on_end)  # fmt: skip
            for i in range(line_team_offsets[here], line_team_offsets[here + 1]):
                if who < 0 and free[line_team[i]] > 0:
                    who = line_team[i]
            if who >= 0:
                free[who] -= 1
                team[s] = who
            elif line_team_offsets[here] < line_team_offsets[here + 1]:
                who = line_team[line_team_offsets[here]]
            else:
                continue  # nobody serves its queue: never done
            c = team_calendar[who]
            _turn_to(c, now, calendar_offsets, cursor, on_end)
            complete[s] = work_done_at(cursor[c], calendar_offsets[c + 1], on_start, on_end, before, now, work[s])
            if complete[s] < NEVER:
                n_busy = push_instant(busy_at, busy, n_busy, complete[s], s)

        # steps join
        while next_known < n_known and known_at[next_known] == now:
            joining[n_joining] = place[known[next_known]]
            n_joining += 1
            next_known += 1
        while n_ready > 0 and ready_at[0] == now:
            joining[n_joining] = place[ready[0]]
            n_joining += 1
            n_ready = pop_instant(ready_at, ready, n_ready)
        if n_joining > 1:
            joining[:n_joining].sort()
        for k in range(n_joining):
            s = step_at[joining[k]]
            here = line[queue[s]]
            if head[here] == tail[here] and not is_touched[here]:
                is_touched[here] = True
                touched[n_touched] = here
                n_touched += 1
            if plain[here]:
                waiting_priority[tail[here]], waiting_since[tail[here]] = priority[s], n_joined
                waiting_step[tail[here]] = s
            else:
                push_waiting(waiting_priority, waiting_since, waiting_step, line_base[here], tail[here] - head[here],
                             priority[s], n_joined, s)  # fmt: skip
            tail[here] += 1
            n_joined += 1
        n_joining = 0

        # people take steps: the first of all that somebody could take, until there is none
        while n_touched > 0:
            best, taker = -1, -1
            i = 0
            while i < n_touched:
                here = touched[i]
                who = -1
                if head[here] < tail[here]:
                    who = _free_team(here, now, line_team_offsets, line_team, free, team_calendar, calendar_offsets,
                                     cursor, on_start, on_end)  # fmt: skip
                    if who < 0:  # its people are busy, or called at their next opening
                        for k in range(line_team_offsets[here], line_team_offsets[here + 1]):
                            other = line_team[k]
                            c = team_calendar[other]
                            if free[other] > 0 and not called[c] and cursor[c] < calendar_offsets[c + 1]:
                                called[c] = True
                                n_busy = push_instant(busy_at, busy, n_busy, on_start[cursor[c]], m + c)
                if who < 0:
                    is_touched[here] = False
                    n_touched -= 1
                    touched[i] = touched[n_touched]
                    continue
                if (
                    best < 0
                    or waiting_priority[head[here]] > waiting_priority[head[best]]
                    or (
                        waiting_priority[head[here]] == waiting_priority[head[best]]
                        and waiting_since[head[here]] < waiting_since[head[best]]
                    )
                ):
                    best, taker = here, who
                i += 1
            if best < 0:
                break
            s = waiting_step[head[best]]
            if plain[best]:
                head[best] += 1
            else:
                pop_waiting(waiting_priority, waiting_since, waiting_step, head[best], tail[best] - head[best])
                tail[best] -= 1
            free[taker] -= 1
            team[s] = taker
            start[s] = now
            c = team_calendar[taker]
            complete[s] = work_done_at(cursor[c], calendar_offsets[c + 1], on_start, on_end, before, now, work[s])
            if complete[s] < NEVER:
                n_busy = push_instant(busy_at, busy, n_busy, complete[s], s)

        now = NEVER
        if n_busy > 0:
            now = busy_at[0]
        if n_ready > 0:
            now = min(now, ready_at[0])
        if next_known < n_known:
            now = min(now, known_at[next_known])
        if next_pinned < n_pinned:
            now = min(now, pinned[pinned_step[next_pinned]])
        if now == NEVER:
            break
    return start, complete, team


@compiled
def _places(case_offsets: Int64, rank: Int64) -> Any:
    """The place of each step by rank of its case and place within it, and the step at each place."""
    m = case_offsets[-1]
    place, step_at = np.empty(m, np.int64), np.empty(m, np.int64)
    ordered = True
    for k in range(1, len(rank)):
        ordered = ordered and rank[k - 1] <= rank[k]
    order = np.arange(len(rank)) if ordered else np.argsort(rank, kind="mergesort")
    at = 0
    for case in order:
        for s in range(case_offsets[case], case_offsets[case + 1]):
            place[s], step_at[at] = at, s
            at += 1
    return place, step_at


@compiled
def _followers(join_offsets: Int64, joined: Int64) -> Any:
    """The steps that join each step: (offsets, steps)."""
    m = len(join_offsets) - 1
    offsets = np.zeros(m + 1, np.int64)
    for k in range(len(joined)):
        offsets[joined[k] + 1] += 1
    for s in range(m):
        offsets[s + 1] += offsets[s]
    at, steps = offsets[:-1].copy(), np.empty(len(joined), np.int64)
    for s in range(m):
        for k in range(join_offsets[s], join_offsets[s + 1]):
            steps[at[joined[k]]] = s
            at[joined[k]] += 1
    return offsets, steps


@compiled
def _enable_followers(
    s: int, offsets: Int64, followers: Int64, lacking: Int32, pinned: Int64, enabled: Int64, n: int
) -> Any:
    """Put those that lacked no other step but s onto the stack `enabled[:n]`; returns the new n. Pinned ones wait for none."""
    for k in range(offsets[s], offsets[s + 1]):
        f = followers[k]
        lacking[f] -= 1
        if lacking[f] == 0 and pinned[f] == MISSING_TIME:
            enabled[n] = f
            n += 1
    return n


@compiled
def _released(instant: int, schedule: int, offsets: Int64, begin: Int64, end: Int64) -> Any:
    """The instant itself inside a window of the schedule, else the next window's begin; past the last the instant itself."""
    if schedule >= 0:
        k = next_end(offsets[schedule], offsets[schedule + 1], end, instant)
        if k < offsets[schedule + 1] and begin[k] > instant:
            return begin[k]
    return instant


@compiled
def _room_of_lines(queue: Int32, priority: Int64, pinned: Int64, line: Int64, n_lines: int) -> Any:
    """Where each line's places begin, one for each step that ever stands in it, and whether all these have one priority."""
    base = np.zeros(n_lines + 1, np.int64)
    plain = np.ones(n_lines, np.bool_)
    usual = np.zeros(n_lines, np.int64)
    for s in range(len(queue)):
        if queue[s] >= 0 and pinned[s] == MISSING_TIME:
            here = line[queue[s]]
            if base[here + 1] == 0:
                usual[here] = priority[s]
            elif priority[s] != usual[here]:
                plain[here] = False
            base[here + 1] += 1
    for here in range(n_lines):
        base[here + 1] += base[here]
    return base, plain


@compiled
def _pinned_in_order(pinned: Int64, queue: Int32, place: Int64) -> Any:
    """Pinned steps that need staff, by instant, then place: (steps, how many, 0)."""
    n = 0
    for s in range(len(pinned)):
        n += pinned[s] != MISSING_TIME and queue[s] >= 0
    steps, instants, places = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    n = 0
    for s in range(len(pinned)):
        if pinned[s] != MISSING_TIME and queue[s] >= 0:
            steps[n], instants[n], places[n] = s, pinned[s], place[s]
            n += 1
    order = np.argsort(places, kind="mergesort")
    order = order[np.argsort(instants[order], kind="mergesort")]
    return steps[order], n, 0


@compiled
def _in_order(at: Int64, step: Int64) -> Any:
    """Instants and their steps, the earliest first."""
    for k in range(1, len(at)):
        if at[k] < at[k - 1]:
            order = np.argsort(at, kind="mergesort")
            return at[order], step[order]
    return at, step


@compiled
def _turn_to(calendar: int, now: int, offsets: Int64, cursor: Int64, on_end: Int64) -> None:
    """Move the cursor of a calendar to its first interval that ends after the present instant."""
    k = cursor[calendar]
    while k < offsets[calendar + 1] and on_end[k] <= now:
        k += 1
    cursor[calendar] = k


@compiled
def _free_team(
    line: int, now: int, line_team_offsets: Int64, line_team: Int64, free: Int64, team_calendar: Int32,
    calendar_offsets: Int64, cursor: Int64, on_start: Int64, on_end: Int64,
) -> Any:  # fmt: skip
    """The first team of a line, in order of preference, that has a free person and is on duty; -1 when none does."""
    for i in range(line_team_offsets[line], line_team_offsets[line + 1]):
        who = line_team[i]
        if free[who] > 0:
            c = team_calendar[who]
            _turn_to(c, now, calendar_offsets, cursor, on_end)
            if cursor[c] < calendar_offsets[c + 1] and on_start[cursor[c]] <= now:
                return who
    return -1
