"""The queueing replay again, slow and readable: looks at everybody and everything at each instant.

Who finishes is found by walking through the hours, who takes what by comparing all waiting steps, and what happens next by
taking the least of all instants still to come. Nothing is shared with the kernel but the meaning of the words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streamline.units import MISSING_TIME

NEVER = 2**63 - 1
Spans = list[tuple[int, int]]


@dataclass
class Step:
    """One step of a case; `joins` are indices within the case."""

    joins: list[int] = field(default_factory=list)
    delay: int = 0
    release: int = -1
    queue: int = -1
    work: int = 0
    priority: int = 0
    pinned: int | None = None
    anchor: int | None = None  # index within the case
    longest_off: int = NEVER
    patience: int = NEVER
    # found by the replay
    held: int = 0  # the instant at which it would be ready without its release
    ready: int | None = None
    start: int = NEVER
    complete: int = NEVER
    team: int = -1
    joined_as: tuple[int, int, int] | None = (
        None  # the round in which it joined its queue, since when it was held, its rank
    )
    owner: int = -1  # the team whose own queue it joined
    done: bool = False
    enabled: int = 0
    left: bool = False


@dataclass
class Case:
    arrival: int
    rank: int
    steps: list[Step]


@dataclass
class Team:
    queues: list[int]
    size: int
    calendar: int
    preference: int = 0
    turns: bool = False


@dataclass
class Network:
    cases: list[Case]
    teams: list[Team]
    calendars: list[Spans]
    schedules: list[Spans] = field(default_factory=list)


def on_duty(hours: Spans, now: int) -> bool:
    return any(begin <= now < end for begin, end in hours)


def done_at(hours: Spans, since: int, work: int) -> int:
    """Take the work off one interval after another."""
    if work == 0:
        return since
    for begin, end in hours:
        here = max(begin, since)
        if here < end:
            if here + work <= end:
                return here + work
            work -= end - here
    return NEVER


def released(windows: Spans, instant: int) -> int:
    for begin, end in windows:
        if instant < end:
            return max(instant, begin)
    return instant


def slow_replay(network: Network) -> tuple[list[int], list[int], list[int], list[bool]]:
    """(start, complete, team, left) of each step, case after case."""
    cases = sorted(network.cases, key=lambda case: case.rank)
    steps = [(case, step) for case in cases for step in case.steps]
    teams = [
        (number, team)
        for number, team in sorted(enumerate(network.teams), key=lambda pair: (pair[1].preference, pair[0]))
    ]
    busy = [0] * len(network.teams)
    idle_since = [-(2**63)] * len(network.teams)

    def serving(step: Step) -> list[tuple[int, Team]]:
        if step.owner >= 0:
            return [(step.owner, network.teams[step.owner])]
        return [(number, team) for number, team in teams if step.queue in team.queues]

    def taker(step: Step, now: int, *, any_hours: bool = False) -> int:
        able = [
            (number, team)
            for number, team in serving(step)
            if busy[number] < team.size and (any_hours or on_duty(network.calendars[team.calendar], now))
        ]
        if not able:
            return -1
        number, first = able[0]
        if first.turns and not any_hours:
            alike = [n for n, team in able if team.turns and team.preference == first.preference]
            number = min(alike, key=lambda n: idle_since[n])  # the first of those with the least
        return number

    def take(step: Step, now: int, number: int, calendar: int) -> None:
        step.start, step.team = now, number
        step.complete = done_at(network.calendars[calendar], now, step.work)
        if number >= 0:
            busy[number] += 1

    def settle() -> None:
        """Find when steps are ready whose joined steps' completions are known, and all that follows without staff."""
        changed = True
        while changed:
            changed = False
            for case, step in steps:
                if step.pinned is not None:
                    if step.queue < 0 and not step.done:
                        step.start, step.complete, step.done, changed = step.pinned, step.pinned + step.work, True, True
                    continue
                before = [case.steps[j] for j in step.joins]
                if step.ready is None and all(other.done for other in before):
                    enabled = max((other.complete for other in before), default=case.arrival)
                    step.enabled, step.held, step.ready = enabled, enabled + step.delay, enabled + step.delay
                    if step.release >= 0:
                        step.ready = released(network.schedules[step.release], step.ready)
                    if step.queue < 0:
                        step.start, step.complete, step.done = step.ready, step.ready + step.work, True
                    changed = True

    rounds, now = 0, -(2**63)
    settle()
    while True:
        to_come = [s.complete for _, s in steps if s.start < NEVER and not s.done and s.complete < NEVER]
        to_come += [s.pinned for _, s in steps if s.pinned is not None and s.start == NEVER]
        queued = [s for _, s in steps if s.queue >= 0 and s.pinned is None and s.start == NEVER and s.ready is not None]
        to_come += [s.ready for s in queued if s.joined_as is None and s.ready is not None]
        to_come += [begin for hours in network.calendars for begin, _ in hours if begin > now]
        if not to_come:
            break
        now = min(to_come)
        rounds += 1
        # people finish (teams open of themselves)
        for _, step in steps:
            if step.start < NEVER and not step.done and step.complete == now:
                step.done = True
                if step.team >= 0:
                    busy[step.team] -= 1
                    idle_since[step.team] = now
        settle()
        # pinned steps begin
        for _, step in steps:
            if step.queue >= 0 and step.pinned == now and step.start == NEVER:
                number = taker(step, now)
                if number < 0:
                    number = taker(step, now, any_hours=True)
                able = serving(step)
                if number >= 0:
                    take(step, now, number, network.teams[number].calendar)
                elif able:
                    take(step, now, -1, able[0][1].calendar)
                else:
                    step.start = now
        # steps join
        for place, (case, step) in enumerate(steps):
            if step.queue >= 0 and step.pinned is None and step.ready == now and step.joined_as is None:
                step.joined_as = (rounds, step.held, place)
                step.owner = -1 if step.anchor is None else case.steps[step.anchor].team
                if step.owner >= 0 and step.longest_off < NEVER:
                    hours = network.calendars[network.teams[step.owner].calendar]
                    opens = min((max(begin, now) for begin, end in hours if end > now), default=NEVER)
                    if opens == NEVER or opens - now > step.longest_off:
                        step.owner = -1
        # people take steps
        while True:
            waiting = [
                s
                for _, s in steps
                if s.joined_as is not None and s.start == NEVER and now - s.enabled <= s.patience and taker(s, now) >= 0
            ]
            if not waiting:
                break
            first = min(waiting, key=lambda s: (-s.priority, s.joined_as))
            number = taker(first, now)
            take(first, now, number, network.teams[number].calendar)
    for case in network.cases:
        for step in case.steps:
            before = [case.steps[j] for j in step.joins]
            waits = step.queue >= 0 and step.pinned is None and step.ready is not None and step.start == NEVER
            if waits and step.patience < NEVER:
                step.left, step.start = True, step.enabled + step.patience
                step.complete = step.start
            elif step.pinned is None and any(other.left for other in before):
                step.left, step.start = True, max(other.complete for other in before)
                step.complete = step.start
    found = [step for case in network.cases for step in case.steps]
    return [s.start for s in found], [s.complete for s in found], [s.team for s in found], [s.left for s in found]


def _csr(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.cumsum([0, *map(len, rows)]).astype(np.int64), np.array([x for row in rows for x in row], dtype=np.int64)


def arrays(network: Network) -> dict[str, Any]:
    """The arguments of the kernel."""
    steps = [step for case in network.cases for step in case.steps]
    case_offsets, _ = _csr([[0] * len(case.steps) for case in network.cases])
    join_offsets, joined = _csr(
        [[int(base) + j for j in s.joins] for base, case in zip(case_offsets[:-1], network.cases, strict=True)
         for s in case.steps]
    )  # fmt: skip
    release_offsets, release_start = _csr([[b for b, _ in spans] for spans in network.schedules])
    calendar_offsets, on_start = _csr([[b for b, _ in spans] for spans in network.calendars])
    team_offsets, team_queue = _csr([team.queues for team in network.teams])

    anchor = [
        -1 if s.anchor is None else int(base) + s.anchor
        for base, case in zip(case_offsets[:-1], network.cases, strict=True)
        for s in case.steps
    ]

    def column(values: list[int], kind: type = np.int64) -> np.ndarray:
        return np.array(values, dtype=kind)

    return {
        "case_offsets": case_offsets,
        "arrival": column([case.arrival for case in network.cases]),
        "rank": column([case.rank for case in network.cases]),
        "join_offsets": join_offsets,
        "joined": joined,
        "delay": column([s.delay for s in steps]),
        "release": column([s.release for s in steps], np.int32),
        "queue": column([s.queue for s in steps], np.int32),
        "work": column([s.work for s in steps]),
        "priority": column([s.priority for s in steps]),
        "pinned": column([MISSING_TIME if s.pinned is None else s.pinned for s in steps]),
        "anchor": column(anchor),
        "longest_off": column([s.longest_off for s in steps]),
        "patience": column([s.patience for s in steps]),
        "release_offsets": release_offsets,
        "release_start": release_start,
        "release_end": column([e for spans in network.schedules for _, e in spans]),
        "team_offsets": team_offsets,
        "team_queue": team_queue.astype(np.int32),
        "team_size": column([team.size for team in network.teams]),
        "team_calendar": column([team.calendar for team in network.teams], np.int32),
        "team_preference": column([team.preference for team in network.teams]),
        "team_turns": column([int(team.turns) for team in network.teams]),
        "calendar_offsets": calendar_offsets,
        "on_start": on_start,
        "on_end": column([e for spans in network.calendars for _, e in spans]),
    }
