"""The floor on which work is done: people with rosters take steps from queues, event by event.

A case is one or more *courses* of moves, each a generator that says what happens next:
`Work` by a person, something that `Elapse`s without one, a `Delay` that no record shows, or branches `Together`.
Work stops when a person's span ends and goes on with the same person in the next one. A free person takes, of all the
queues that she serves and of what was left for her in person, the step of the lowest rank; a step that finds several
people free goes to the one who has been free longest.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Case:
    """One request for service."""

    id: str
    index: int
    arrival: float
    traits: dict[str, str]
    channel: str
    closed: float = -1.0
    #: How often the case has come to something, by label.
    turns: dict[str, int] = field(default_factory=dict)
    #: Stretches in which the case awaits a step: (activity, from, to).
    awaited: list[tuple[str, float, float]] = field(default_factory=list)
    owner: Person | None = None

    def turn(self, label: str) -> int:
        """Counts: 1 the first time."""
        self.turns[label] = turn = self.turns.get(label, 0) + 1
        return turn


@dataclass(slots=True, kw_only=True)
class Work:
    """A step that a person does. A lower rank goes first; `patience` is how long the case waits before it withdraws."""

    activity: str
    queue: str
    seconds: float
    rank: tuple[float, ...]
    #: Instants at which waiting steps are let through, in order; None lets each through at once.
    releases: Sequence[float] | None = None
    owner: Person | None = None
    patience: float | None = None


@dataclass(slots=True, kw_only=True)
class Elapse:
    """A step that takes its time without a person of ours: a customer, a third party, a machine."""

    activity: str
    until: float
    who: str


@dataclass(slots=True, kw_only=True)
class Delay:
    """Time that passes before the next step can begin and that the records don't show."""

    seconds: float


@dataclass(slots=True, kw_only=True)
class Together:
    """Branches that run side by side; the course goes on when all are done."""

    branches: tuple[Moves, ...]


Move = Work | Elapse | Delay | Together | None
Moves = Iterator[Move]


@dataclass(slots=True)
class Step:
    """One step as the records have it."""

    case: Case
    activity: str
    awaited_since: float
    began: float = -1.0
    finished: float = -1.0
    who: str = ""
    gone: bool = False


class Course:
    """One line of a case's work, with the courses that wait for it."""

    __slots__ = ("case", "moves", "open_branches", "parent", "since")

    def __init__(self, case: Case, moves: Moves, since: float, parent: Course | None = None) -> None:
        self.case, self.moves, self.since, self.parent, self.open_branches = case, moves, since, parent, 0


class Person:
    """Somebody with a roster, the queues that she serves, and cases of her own."""

    __slots__ = ("ends", "free_since", "held", "k", "name", "own", "queues", "starts")

    def __init__(self, name: str, queues: Sequence[str], spans: Sequence[tuple[float, float]]) -> None:
        self.name, self.queues = name, tuple(queues)
        self.starts, self.ends = [s for s, _ in spans], [e for _, e in spans]
        self.k, self.free_since = 0, 0.0
        self.held: tuple[Course, Step] | None = None
        self.own: list[Any] = []

    def present(self, now: float) -> bool:
        """Whether she is at work now."""
        ends, k = self.ends, self.k
        while k < len(ends) and ends[k] <= now:
            k += 1
        self.k = k
        return k < len(ends) and self.starts[k] <= now

    def done_at(self, now: float, seconds: float) -> float:
        """When work of this length that begins now is done."""
        k = self.k
        at = now
        while seconds > self.ends[k] - at:
            seconds -= self.ends[k] - at
            k += 1
            if k == len(self.ends):
                raise LookupError(f"The roster of {self.name} ends before her work does.")
            at = self.starts[k]
        return at + seconds


class Floor:
    """People, queues and the clock."""

    def __init__(self, people: Sequence[Person]) -> None:
        self.now = 0.0
        self.steps: list[Step] = []
        self._events: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._serial = 0
        self._queues: dict[str, list[Any]] = {q: [] for p in people for q in p.queues}
        self._able: dict[str, list[Person]] = {q: [p for p in people if q in p.queues] for q in self._queues}
        for person in people:
            for start in person.starts:
                self._later(start, self._look, person)

    def admit(self, case: Case, moves: Moves) -> None:
        """The case arrives at its time and then makes these moves."""
        self._later(case.arrival, self._go_on, Course(case, moves, case.arrival))

    def run(self) -> list[Step]:
        """Let everything happen; the steps in the order in which they were finished."""
        events = self._events
        while events:
            self.now, _, happen, subject = heapq.heappop(events)
            happen(subject)
        return self.steps

    def _later(self, when: float, happen: Callable[[Any], None], subject: Any) -> None:
        self._serial += 1
        heapq.heappush(self._events, (when, self._serial, happen, subject))

    def _go_on(self, course: Course) -> None:
        """The course's next move."""
        move = next(course.moves, course)
        while move is None:
            move = next(course.moves, course)
        if move is course:
            self._end(course)
        elif isinstance(move, Work):
            self._ask(course, move)
        elif isinstance(move, Elapse):
            step = Step(course.case, move.activity, course.since, self.now, max(move.until, self.now), move.who)
            self._later(step.finished, self._record, (course, step))
        elif isinstance(move, Delay):
            self._later(self.now + move.seconds, self._go_on, course)
        elif isinstance(move, Together):
            course.open_branches = len(move.branches)
            for branch in move.branches:
                self._go_on(Course(course.case, branch, course.since, course))

    def _end(self, course: Course) -> None:
        parent = course.parent
        if parent is None:
            course.case.closed = self.now
            return
        parent.open_branches -= 1
        parent.since = max(parent.since, course.since)
        if not parent.open_branches:
            self._go_on(parent)

    def _ask(self, course: Course, work: Work) -> None:
        """A step waits for its release, if it has any, and then for a person."""
        asked = (course, work, Step(course.case, work.activity, course.since))
        if work.releases is None:
            self._wait(asked)
        else:
            self._later(work.releases[bisect_left(work.releases, self.now)], self._wait, asked)

    def _wait(self, asked: tuple[Course, Work, Step]) -> None:
        course, work, step = asked
        able = self._able[work.queue] if work.owner is None else [work.owner]
        free = [p for p in able if p.held is None and p.present(self.now)]
        if free:
            self._take(min(free, key=_free_since), course, work, step)
            return
        self._serial += 1
        queue = self._queues[work.queue] if work.owner is None else work.owner.own
        heapq.heappush(queue, (work.rank, self._serial, course, work, step))
        if work.patience is not None:
            self._later(self.now + work.patience, self._withdraw, (course, step))

    def _take(self, person: Person, course: Course, work: Work, step: Step) -> None:
        step.began, step.who = self.now, person.name
        person.held = (course, step)
        course.case.owner = person
        self._later(person.done_at(self.now, work.seconds), self._finish, person)

    def _finish(self, person: Person) -> None:
        assert person.held is not None
        course, step = person.held
        person.held, person.free_since = None, self.now
        step.finished = self.now
        self._look(person)
        self._record((course, step))

    def _look(self, person: Person) -> None:
        """A free person takes the next step, if she is at work and there is one."""
        if person.held is not None or not person.present(self.now):
            return
        best: list[Any] | None = None
        for queue in (person.own, *[self._queues[q] for q in person.queues]):
            while queue and queue[0][4].gone:
                heapq.heappop(queue)
            if queue and (best is None or queue[0] < best[0]):
                best = queue
        if best is not None:
            _, _, course, work, step = heapq.heappop(best)
            self._take(person, course, work, step)

    def _record(self, done: tuple[Course, Step]) -> None:
        course, step = done
        self.steps.append(step)
        course.case.awaited.append((step.activity, step.awaited_since, step.finished))
        course.since = step.finished
        self._go_on(course)

    def _withdraw(self, waiting: tuple[Course, Step]) -> None:
        """The customer's patience ends: what waits still is cancelled, and the case ends with a withdrawal."""
        course, step = waiting
        if step.began >= 0:
            return
        step.gone = True
        course.case.awaited.append((step.activity, step.awaited_since, self.now))
        self.steps.append(Step(course.case, "Withdrawn", step.awaited_since, self.now, self.now))
        course.case.closed = self.now


def _free_since(person: Person) -> float:
    return person.free_since
