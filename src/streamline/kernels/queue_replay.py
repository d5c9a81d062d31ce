"""The loop of the queueing replay: instant after instant, round after round. What it means is said in `queues`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.kernels.queue_heaps import pop_instant, pop_waiting, push_instant, push_waiting
from streamline.kernels.queue_hours import NEVER, time_before, work_done_at
from streamline.kernels.queue_leaving import without_customers
from streamline.kernels.queue_order import (
    followers_of_steps,
    in_order,
    pinned_in_order,
    places_by_rank,
    room_of_lines,
    steps_lacking,
)
from streamline.kernels.queue_own import room_for_one, room_of_own_lines
from streamline.kernels.queue_readiness import ready_after, ready_at_first
from streamline.units import MISSING_TIME

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bool = npt.NDArray[np.bool_]


@compiled
def replay(
    case_offsets: Int64, arrival: Int64, rank: Int64, join_offsets: Int64, joined: Int64, delay: Int64, release: Int32,
    queue: Int32, work: Int64, priority: Int64, pinned: Int64, anchor: Int64, longest_off: Int64, patience: Int64,
    release_offsets: Int64, release_start: Int64, release_end: Int64,
    line: Int64, first_own: int, line_team_offsets: Int64, line_team: Int64, team_line_offsets: Int64, team_line: Int64,
    team_size: Int64, team_calendar: Int32, team_preference: Int64, team_turns: Int64,
    calendar_team_offsets: Int64, calendar_team: Int64, calendar_offsets: Int64, on_start: Int64, on_end: Int64,
) -> Any:  # fmt: skip
    """Start, completion and team of each step, and whether its customer had left; the arguments are those of
    `replay_queues`, and who serves which lines.

    Lines from `first_own` on are the teams' own, one a team, in which steps stand that are bound to it; none where no step is.

    A step whose customer has left stays in its line until it would be taken; then it is dropped.

    Between two rounds, no step waits that a free person on duty could take. So only lines need a look that a step joins
    while they are empty, and those whose teams finish something or open: they are *touched*. Until a step begins,
    `start` holds what is known of when it could, as `ready_after` says.
    """
    m, n_lines = len(queue), len(line_team_offsets) - 1
    start, complete, team = np.full(m, MISSING_TIME), np.full(m, NEVER, np.int64), np.full(m, -1, np.int32)
    place, step_at, ordered = places_by_rank(case_offsets, rank)
    follower_offsets, followers = followers_of_steps(join_offsets, joined)
    lacking = steps_lacking(join_offsets, pinned)
    done_stack = np.empty(m + 1, np.int64)

    # steps whose instant of joining a queue is known: from the start, from this round on, from the rounds before
    known_at, known = np.empty(m, np.int64), np.empty(m, np.int64)
    soon_at, soon, soon_window = np.empty(m, np.int64), np.empty(m, np.int64), np.empty(m, np.int64)
    ready_at, ready = np.empty(m + len(release_start), np.int64), np.empty(m + len(release_start), np.int64)
    n_known = ready_at_first(
        case_offsets, arrival, join_offsets, follower_offsets, followers, lacking, delay, release,
        release_offsets, release_start, release_end, queue, work, pinned, start, complete, done_stack, known_at, known,
        soon_window,
    )  # fmt: skip
    first_at, first = in_order(known_at[:n_known], known[:n_known])
    # places of the steps that join in this round, and since when they were held
    joining, joining_since = np.empty(m, np.int32), np.empty(m, np.int64)
    pinned_step = pinned_in_order(pinned, queue, place)
    next_known, next_pinned, n_ready = 0, 0, 0
    # steps that are held for one window are a chain, which is ready as one (numbered from m on)
    chain, chain_end = np.full(len(release_start), -1, np.int64), np.empty(len(release_start), np.int64)
    next_held = np.empty(m, np.int32)

    # a line's steps stand at waiting[head:tail], a heap from head on unless their priorities are all the same
    line_base, plain, usual = room_of_lines(queue, priority, pinned, line, n_lines)
    head, tail = line_base[:-1].copy(), line_base[:-1].copy()
    has_own = first_own < n_lines
    own_base, own_end, spare, room = room_of_own_lines(
        anchor, priority, first_own, n_lines, line_base[-1], head, tail, plain, usual
    )
    waiting_priority, waiting_order = np.empty(room, np.int64), np.empty(room, np.int64)
    waiting = np.empty(room, np.int32)
    n_joined = 0
    left, impatient = np.zeros(m, np.bool_), False
    for s in range(m):
        impatient = impatient or patience[s] < NEVER
    touched, is_touched = np.empty(n_lines, np.int64), np.zeros(n_lines, np.bool_)
    n_touched = 0

    free = team_size.copy()
    idle_since = np.full(len(team_size), np.iinfo(np.int64).min, np.int64)  # when somebody of the team last finished
    before = time_before(on_start, on_end)
    cursor = calendar_offsets[:-1].copy()  # the first interval of each calendar that ends after the present instant
    called = np.zeros(len(cursor), np.bool_)  # the calendar's next opening is among the busy
    most_busy = len(pinned_step) + len(cursor)
    for size in team_size:
        most_busy += min(size, m)
    # finishes of steps, and openings of calendars (numbered from m on)
    busy_at, busy = np.empty(most_busy, np.int64), np.empty(most_busy, np.int64)
    n_busy = 0

    while True:
        now = NEVER
        if n_busy > 0:
            now = busy_at[0]
        if n_ready > 0:
            now = min(now, ready_at[0])
        if next_known < n_known:
            now = min(now, first_at[next_known])
        if next_pinned < len(pinned_step):
            now = min(now, pinned[pinned_step[next_pinned]])
        if now == NEVER:
            break

        # people finish, teams open
        n_soon = 0
        while n_busy > 0 and busy_at[0] == now:
            s = busy[0]
            n_busy = pop_instant(busy_at, busy, n_busy)
            if s >= m:
                called[s - m] = False
                for i in range(calendar_team_offsets[s - m], calendar_team_offsets[s - m + 1]):
                    who = calendar_team[i]
                    if free[who] > 0:
                        n_touched = _touch(
                            who, team_line_offsets, team_line, head, tail, touched, is_touched, n_touched
                        )
                continue
            who = team[s]
            if who >= 0:
                free[who] += 1
                idle_since[who] = now
                n_touched = _touch(who, team_line_offsets, team_line, head, tail, touched, is_touched, n_touched)
            n_soon = ready_after(
                s, follower_offsets, followers, lacking, delay, release, release_offsets, release_start, release_end,
                queue, work, start, complete, done_stack, soon_at, soon, soon_window, n_soon,
            )  # fmt: skip

        # pinned steps begin
        while next_pinned < len(pinned_step) and pinned[pinned_step[next_pinned]] == now:
            s = pinned_step[next_pinned]
            next_pinned += 1
            start[s] = now
            here = line[queue[s]]
            who = _free_team(
                here, now, line_team_offsets, line_team, free, team_calendar, calendar_offsets, cursor, on_start, on_end,
                team_preference, team_turns, idle_since,
            )  # fmt: skip
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
            complete[s] = work_done_at(cursor[c], calendar_offsets[c + 1], on_start, before, now, work[s])
            if complete[s] < NEVER:
                n_busy = push_instant(busy_at, busy, n_busy, complete[s], s)

        # steps join
        n_joining = 0
        for k in range(n_soon):
            if soon_at[k] == now:
                joining[n_joining] = soon[k] if ordered else place[soon[k]]
                n_joining += 1
            elif soon_window[k] < 0:
                n_ready = push_instant(ready_at, ready, n_ready, soon_at[k], soon[k])
            else:
                w = soon_window[k]
                if chain[w] < 0:
                    chain[w] = soon[k]
                    n_ready = push_instant(ready_at, ready, n_ready, soon_at[k], m + w)
                else:
                    next_held[chain_end[w]] = soon[k]
                chain_end[w] = soon[k]
        while next_known < n_known and first_at[next_known] == now:
            joining[n_joining] = first[next_known] if ordered else place[first[next_known]]
            n_joining += 1
            next_known += 1
        while n_ready > 0 and ready_at[0] == now:
            s = ready[0]
            n_ready = pop_instant(ready_at, ready, n_ready)
            last = s
            if s >= m:
                w = s - m
                s, last = chain[w], chain_end[w]
                chain[w] = -1
            while True:
                joining[n_joining] = s if ordered else place[s]
                n_joining += 1
                if s == last:
                    break
                s = next_held[s]
        if n_joining > 1:
            for k in range(n_joining):
                joining_since[k] = start[joining[k] if ordered else step_at[joining[k]]]
            _sort_joining(joining_since, joining, n_joining)
        for k in range(n_joining):
            s = joining[k] if ordered else step_at[joining[k]]
            here = line[queue[s]]
            if has_own and anchor[s] >= 0 and team[anchor[s]] >= 0:
                own = team[anchor[s]]
                c = team_calendar[own]
                _turn_to(c, now, calendar_offsets, cursor, on_end)
                opens = on_start[cursor[c]] if cursor[c] < calendar_offsets[c + 1] else NEVER
                if longest_off[s] == NEVER or (opens < NEVER and opens - now <= longest_off[s]):
                    here = first_own + own
                    if tail[here] == own_end[own]:
                        spare = room_for_one(
                            own, here, own_base, own_end, spare, head, tail, waiting_priority, waiting_order, waiting
                        )
            if head[here] == tail[here] and not is_touched[here]:
                is_touched[here] = True
                touched[n_touched] = here
                n_touched += 1
            if plain[here]:
                at = tail[here]
                waiting_priority[at], waiting_order[at], waiting[at] = usual[here], n_joined, s
            else:
                push_waiting(
                    waiting_priority,
                    waiting_order,
                    waiting,
                    head[here],
                    tail[here] - head[here],
                    priority[s],
                    n_joined,
                    s,
                )
            tail[here] += 1
            n_joined += 1

        # people take steps: the first of all that somebody could take, until there is none
        while n_touched > 0:
            best, taker = -1, -1
            i = 0
            while i < n_touched:
                here = touched[i]
                who = -1
                if head[here] < tail[here]:
                    who = _free_team(
                        here, now, line_team_offsets, line_team, free, team_calendar, calendar_offsets, cursor,
                        on_start, on_end, team_preference, team_turns, idle_since,
                    )  # fmt: skip
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
                if best < 0:
                    best, taker = here, who
                else:
                    a, b = head[here], head[best]
                    if waiting_priority[a] > waiting_priority[b] or (
                        waiting_priority[a] == waiting_priority[b] and waiting_order[a] < waiting_order[b]
                    ):
                        best, taker = here, who
                i += 1
            if best < 0:
                break
            s = waiting[head[best]]
            if plain[best]:
                head[best] += 1
            else:
                pop_waiting(waiting_priority, waiting_order, waiting, head[best], tail[best] - head[best])
                tail[best] -= 1
            if impatient and patience[s] < now - start[s] + delay[s]:
                left[s] = True
                continue
            free[taker] -= 1
            team[s], start[s] = taker, now
            c = team_calendar[taker]
            if work[s] <= on_end[cursor[c]] - now:  # most work is done before the team closes
                complete[s] = now + work[s]
            else:
                complete[s] = work_done_at(cursor[c], calendar_offsets[c + 1], on_start, before, now, work[s])
            if complete[s] < NEVER:
                n_busy = push_instant(busy_at, busy, n_busy, complete[s], s)

    if impatient:
        without_customers(join_offsets, joined, delay, queue, pinned, patience, lacking, start, complete, team, left)
    for s in range(m):
        if complete[s] == NEVER and team[s] < 0 and pinned[s] == MISSING_TIME:
            start[s] = NEVER
    return start, complete, team, left


@compiled
def _touch(
    who: int,
    team_line_offsets: Int64,
    team_line: Int64,
    head: Int64,
    tail: Int64,
    touched: Int64,
    is_touched: Bool,
    n: int,
) -> Any:
    """Touch the lines of a team in which steps wait; returns the new number of those that are touched."""
    for k in range(team_line_offsets[who], team_line_offsets[who + 1]):
        here = team_line[k]
        if head[here] < tail[here] and not is_touched[here]:
            is_touched[here] = True
            touched[n] = here
            n += 1
    return n


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
    preference: Int64, turns: Int64, idle_since: Int64,
) -> Any:  # fmt: skip
    """The first team of a line, in order of preference, that has a free person and is on duty; -1 when none does.

    Where that team takes turns it is, of those with its preference that take turns too, the one that has been idle for longest.
    """
    first = -1
    for i in range(line_team_offsets[line], line_team_offsets[line + 1]):
        who = line_team[i]
        if free[who] > 0:
            c = team_calendar[who]
            _turn_to(c, now, calendar_offsets, cursor, on_end)
            if cursor[c] < calendar_offsets[c + 1] and on_start[cursor[c]] <= now:
                if first < 0:
                    if turns[who] == 0:
                        return who
                    first = who
                elif preference[who] != preference[first]:
                    return first
                elif turns[who] == 1 and idle_since[who] < idle_since[first]:
                    first = who
    return first


@compiled
def _sort_joining(since: Int64, place: Int32, n: int) -> None:
    """Put the first n in order of the instant, then of the place."""
    sorted_already = True
    for k in range(1, n):
        sorted_already = sorted_already and (
            since[k - 1] < since[k] or (since[k - 1] == since[k] and place[k - 1] < place[k])
        )
    if sorted_already:
        return
    if n > 16:
        order = np.argsort(place[:n], kind="mergesort")
        order = order[np.argsort(since[:n][order], kind="mergesort")]
        place[:n] = place[:n][order]
    else:
        for i in range(1, n):
            instant, value, k = since[i], place[i], i
            while k > 0 and (since[k - 1] > instant or (since[k - 1] == instant and place[k - 1] > value)):
                since[k], place[k] = since[k - 1], place[k - 1]
                k -= 1
            since[k], place[k] = instant, value
