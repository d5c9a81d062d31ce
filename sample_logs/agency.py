"""A fictitious agency: its parameters, and a discrete-event simulation of its cases.

The Department of Family Support decides applications for heating assistance. Nothing here is taken from a
real agency. All instants are whole seconds since 1970 UTC, so the simulation adds integers only. Randomness
comes from `random.Random(text).random()` (its seeding and sequence are the same in every Python) through the
inverse transforms below, one stream a case and purpose: a change to the process keeps everybody's draws.
"""

from __future__ import annotations

import heapq
import math
import random
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import NormalDist
from zoneinfo import ZoneInfo

DAY = 86_400
RECEIVE, INTAKE, REQUEST, REPLY = (
    "Receive application",
    "Intake check",
    "Request information",
    "Information received",
)
SCHEDULE, INTERVIEW, VERIFY = "Schedule interview", "Interview", "Verify income"
REVIEW, QUALITY, APPROVE = "Eligibility review", "Quality check", "Approve decision"
NOTICE, WITHDRAWN = "Issue notice", "Withdrawn"
CHANNELS = ("online", "phone", "in person", "mail")


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Every number of the simulation. Chances are shares from 0 to 1; rates are per day on the clock."""

    timezone: str = "America/New_York"
    first_arrival: date = date(2025, 1, 6)
    last_arrival: date = date(2025, 12, 31)
    log_end: datetime = datetime(2026, 1, 15, 17, 0)  # noqa: DTZ001 (local time, in `timezone`)
    window: tuple[date, date] = (date(2025, 2, 3), date(2025, 11, 30))
    standard_days: int = 45
    #: Staff hours and contact-centre hours, Monday to Friday, local; not on `holidays` (the federal ones).
    staff_hours: tuple[time, time] = (time(8), time(16, 30))
    contact_centre_hours: tuple[time, time] = (time(8), time(18))
    holidays: tuple[str, ...] = (
        *("2025-01-20", "2025-02-17", "2025-05-26", "2025-06-19", "2025-07-04", "2025-09-01", "2025-10-13"),
        *("2025-11-11", "2025-11-27", "2025-12-25", "2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25"),
        *("2026-06-19", "2026-07-03", "2026-09-07", "2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25"),
    )

    #: Expected applications on an ordinary working day, by channel; the factor of each month, January first.
    arrivals_per_day: dict[str, float] = field(
        default_factory=lambda: {"online": 5.0, "phone": 2.5, "in person": 1.5, "mail": 2.2}
    )
    season: tuple[float, ...] = (1.12, 1.04, 0.96, 0.90, 0.86, 0.85, 0.86, 0.93, 1.04, 1.30, 1.27, 1.00)
    #: Online applications on a day off, as a share of a working day's; the other channels are closed then.
    day_off_share: float = 0.5
    #: Local hours in which each channel's applications arrive, spread evenly; mail is opened in the morning.
    arrival_hours: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "online": (6.0, 23.5),
            "phone": (8.0, 18.0),
            "in person": (8.0, 16.5),
            "mail": (9.5, 11.0),
        }
    )
    offices: dict[str, float] = field(
        default_factory=lambda: {"Alder": 0.34, "Birch": 0.24, "Cedar": 0.18, "Dogwood": 0.14, "Elm": 0.10}
    )
    languages: dict[str, float] = field(default_factory=lambda: {"English": 0.76, "Spanish": 0.17, "other": 0.07})
    households: dict[str, float] = field(default_factory=lambda: {"1": 0.31, "2-3": 0.38, "4-5": 0.22, "6+": 0.09})

    #: Staff by pool, and the pool of each step; steps that are in no pool are the system's, of no duration.
    staff: dict[str, int] = field(default_factory=lambda: {"clerk": 4, "specialist": 7, "reviewer": 2, "supervisor": 1})
    pool_of: dict[str, str] = field(
        default_factory=lambda: {
            INTAKE: "clerk", REQUEST: "clerk", SCHEDULE: "clerk", VERIFY: "clerk", NOTICE: "clerk",
            INTERVIEW: "specialist", REVIEW: "specialist", QUALITY: "reviewer", APPROVE: "supervisor",
        }
    )  # fmt: skip
    #: Service time in working minutes: lognormal, (mean, coefficient of variation); factor on a later pass.
    service_minutes: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {
            INTAKE: (34.0, 0.5), REQUEST: (16.0, 0.4), SCHEDULE: (12.0, 0.4), VERIFY: (52.0, 0.6),
            INTERVIEW: (50.0, 0.4), REVIEW: (208.0, 0.7), QUALITY: (54.0, 0.5), APPROVE: (2.5, 0.4),
            NOTICE: (14.0, 0.4),
        }
    )  # fmt: skip
    later_pass: dict[str, float] = field(default_factory=lambda: {INTAKE: 0.7, REVIEW: 0.55, QUALITY: 0.6})
    interview_not_in_english: float = 1.25
    verify_household_of_4_or_more: float = 1.3

    #: Chance that the 1st, 2nd, 3rd intake check asks for information (never after that), by channel.
    incomplete: dict[str, tuple[float, ...]] = field(
        default_factory=lambda: {
            "online": (0.24, 0.14, 0.08), "phone": (0.33, 0.18, 0.10),
            "in person": (0.20, 0.12, 0.06), "mail": (0.56, 0.30, 0.15),
        }
    )  # fmt: skip
    #: The same chance is multiplied by this for one office, whose printed form is out of date.
    incomplete_office: tuple[str, float] = ("Cedar", 1.35)
    #: Chance that the 1st, 2nd, 3rd quality check returns the case to the eligibility review, by channel.
    returned: dict[str, tuple[float, ...]] = field(
        default_factory=lambda: {
            "online": (0.15, 0.08, 0.04), "phone": (0.20, 0.10, 0.05),
            "in person": (0.15, 0.08, 0.04), "mail": (0.24, 0.12, 0.06),
        }
    )  # fmt: skip
    #: Days until the customer's information arrives: lognormal (mean, coefficient of variation); the longest.
    reply_days: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "online": (13.0, 0.7), "phone": (15.0, 0.7), "in person": (14.0, 0.7), "mail": (19.0, 0.6),
        }
    )  # fmt: skip
    longest_reply_days: float = 45.0
    #: Days from enabling until a step may queue, each as likely: notice of the interview to the applicant;
    #: confirmation of the income by the employer or the bank. On a day off, the next working morning.
    delay_days: dict[str, tuple[int, ...]] = field(
        default_factory=lambda: {INTERVIEW: (4, 5, 6, 7, 8, 9), VERIFY: (2, 3, 4, 5, 6, 7, 8, 9)}
    )
    #: What arrives outside staff hours is registered within so many minutes of the next opening.
    registered_minutes: int = 120
    #: Local weekdays (Monday 0) and time of the releases to the supervisor; none on a holiday.
    release_weekdays: tuple[int, ...] = (1, 4)
    release_time: time = time(14)
    #: Share of applicants who would withdraw, after an exponential number of days, if still before approval.
    withdraw_share: float = 0.07
    withdraw_mean_days: float = 30.0

    #: Contacts per day by the step awaited, for a customer of propensity 1; `after_days` after the end, too.
    contact_rate: dict[str, float] = field(
        default_factory=lambda: {
            INTAKE: 0.012, REQUEST: 0.012, REPLY: 0.022, SCHEDULE: 0.014, VERIFY: 0.014, INTERVIEW: 0.014,
            REVIEW: 0.036, QUALITY: 0.030, APPROVE: 0.042, NOTICE: 0.042, WITHDRAWN: 0.014, "closed": 0.010,
        }
    )  # fmt: skip
    after_days: int = 14
    overdue_ratio: float = 2.1
    recent_ratio: float = 1.8
    recent_days: int = 3
    #: Propensity: gamma of this shape and mean 1 (written for shapes of k + 1/2).
    propensity_shape: float = 1.5
    contact_channels: dict[str, float] = field(
        default_factory=lambda: {"phone": 0.70, "email": 0.15, "in person": 0.06, "web": 0.09}
    )
    reasons: dict[str, dict[str, float]] = field(
        default_factory=lambda: {
            "open": {"status": 0.66, "documents": 0.13, "decision": 0.08, "other": 0.13},
            "information": {"status": 0.27, "documents": 0.58, "other": 0.15},
            "closed": {"status": 0.06, "decision": 0.70, "other": 0.24},
            "before": {"documents": 0.6, "other": 0.4},
        }
    )
    before_arrival_share: float = 0.02
    before_arrival_days: int = 5
    without_case_share: float = 0.06

    #: Survey: share of closed cases that answer; score from base, per day, per loop, and normal noise.
    survey_share: float = 0.12
    survey_score: dict[str, float] = field(
        default_factory=lambda: {"base": 5.1, "per_day": 0.042, "per_loop": 0.35, "noise": 0.8}
    )
    survey_within_days: int = 14


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a scenario alters; the default is the service as it is. Keys are activities."""

    #: Share of the returns prevented, by the activity that sends back: each chance of a return is scaled by 1 - share.
    loops_cut: dict[str, float] = field(default_factory=dict)
    service_factor: dict[str, float] = field(default_factory=dict)
    automated_seconds: dict[str, int] = field(default_factory=dict)
    removed_share: dict[str, float] = field(default_factory=dict)
    reply_factor: float = 1.0
    release: tuple[tuple[int, ...], time] | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """One case as it arrives; `number` counts from 1 in order of arrival."""

    number: int
    arrival: int
    channel: str
    office: str
    language: str
    household: str


@dataclass(frozen=True, slots=True)
class Step:
    """One execution. `queued`: allowed in, after a delay or at a release; `work`: seconds of working time."""

    case: int
    activity: str
    enabled: int
    queued: int
    start: int
    finish: int
    worker: str
    work: int


class Stream:
    """Random numbers of one purpose, by inverse transform of `random.Random.random` and nothing else."""

    def __init__(self, *key: object) -> None:
        self.uniform = random.Random("/".join(str(part) for part in key)).random

    def normal(self) -> float:
        return NormalDist().inv_cdf(max(self.uniform(), 1e-12))

    def exponential(self, mean: float) -> float:
        return -mean * math.log(1.0 - self.uniform())

    def lognormal(self, mean: float, variation: float) -> float:
        variance = math.log(1.0 + variation * variation)
        return mean * math.exp(self.normal() * math.sqrt(variance) - variance / 2)

    def poisson(self, mean: float) -> int:
        """Arrivals of a unit-rate process before `mean`."""
        count, left = 0, mean - self.exponential(1.0)
        while left > 0:
            count, left = count + 1, left - self.exponential(1.0)
        return count

    def gamma(self, shape: float) -> float:
        """Mean 1. A sum of exponentials and half a squared normal, so the shape must be k + 1/2."""
        whole = int(shape)
        if shape != whole + 0.5:
            raise ValueError(f"propensity_shape must be a whole number and a half, not {shape}")
        return (self.normal() ** 2 / 2 + sum(self.exponential(1.0) for _ in range(whole))) / shape

    def choice(self, shares: dict[str, float]) -> str:
        point = self.uniform() * sum(shares.values())
        for name, share in shares.items():
            point -= share
            if point < 0:
                return name
        return name


class Calendar:
    """Working time: the open stretches between two instants, and sums over them."""

    def __init__(self, p: Parameters, hours: tuple[time, time]) -> None:
        zone, off = ZoneInfo(p.timezone), set(p.holidays)
        days = [p.first_arrival + timedelta(days=n) for n in range(-7, 720)]
        self.days = [day for day in days if day.weekday() < 5 and day.isoformat() not in off]
        self.opens = [instant(day, hours[0], zone) for day in self.days]
        self.closes = [instant(day, hours[1], zone) for day in self.days]

    def is_open(self, at: int) -> bool:
        k = bisect_right(self.opens, at) - 1
        return k >= 0 and at < self.closes[k]

    def next_open(self, at: int) -> int:
        return at if self.is_open(at) else self.opens[bisect_right(self.opens, at)]

    def finish(self, start: int, seconds: int) -> int:
        """When `seconds` of work begun at `start` (an open instant) are done; it stops overnight."""
        k = bisect_right(self.opens, start) - 1
        while seconds > self.closes[k] - start:
            seconds -= self.closes[k] - start
            k += 1
            start = self.opens[k]
        return start + seconds

    def releases(self, p: Parameters, release: tuple[tuple[int, ...], time]) -> list[int]:
        zone = ZoneInfo(p.timezone)
        return [instant(day, release[1], zone) for day in self.days if day.weekday() in release[0]]


def instant(day: date, at: time, zone: ZoneInfo) -> int:
    """The instant of a local wall time."""
    return int(datetime.combine(day, at, tzinfo=zone).astimezone(UTC).timestamp())


class Case:
    """One case on its way: its draws, made beforehand, and where it is."""

    def __init__(self, p: Parameters, who: Application, seed: int, run: int, changes: Changes) -> None:
        work, luck, customer = (Stream(seed, run, name, who.number) for name in ("work", "luck", "customer"))
        self.who = who
        self.seconds: dict[tuple[str, int], int] = {}
        for activity, (mean, variation) in p.service_minutes.items():
            factor = changes.service_factor.get(activity, 1.0)
            if activity == INTERVIEW and who.language != "English":
                factor *= p.interview_not_in_english
            if activity == VERIFY and who.household in ("4-5", "6+"):
                factor *= p.verify_household_of_4_or_more
            for turn in range(1, 5):
                again = p.later_pass.get(activity, 1.0) if turn > 1 else 1.0
                minutes = work.lognormal(mean, variation) * factor * again
                self.seconds[activity, turn] = max(20, round(minutes * 60))
        office, more = p.incomplete_office
        chances = {INTAKE: p.incomplete[who.channel], QUALITY: p.returned[who.channel]}
        self.loops: dict[str, list[bool]] = {}
        self.cut: dict[str, list[bool]] = {}
        for activity, by_turn in chances.items():
            weight = more if activity == INTAKE and who.office == office else 1.0
            self.loops[activity] = [luck.uniform() < chance * weight for chance in by_turn] + [False]
            share = changes.loops_cut.get(activity, 0.0)
            self.cut[activity] = [luck.uniform() < share for _ in by_turn] + [False]
        point = luck.uniform()
        self.removed = {activity for activity, share in changes.removed_share.items() if point < share}
        mean, variation = p.reply_days[who.channel]
        replies = [min(customer.lognormal(mean, variation), p.longest_reply_days) for _ in range(4)]
        self.reply = [round(days * changes.reply_factor * DAY) for days in replies]
        self.delay = {step: d[int(customer.uniform() * len(d))] * DAY for step, d in p.delay_days.items()}
        self.morning = int(customer.uniform() * p.registered_minutes * 60)
        self.withdraws = customer.uniform() < p.withdraw_share
        self.patience = round(customer.exponential(p.withdraw_mean_days) * DAY)
        self.turn = {INTAKE: 0, REQUEST: 0, REVIEW: 0, QUALITY: 0}
        self.pending = self.in_service = 0
        self.leaving = self.closed = self.checked = False

    def returns(self, activity: str) -> bool:
        """Whether this check sends the case back; one whose loop is prevented goes on as if it had passed."""
        turn = self.turn[activity] - 1
        return self.loops[activity][turn] and not self.cut[activity][turn]


class Simulation:
    """The agency at work: pools that serve in order of queueing, offices that close, releases, replies.

    After `run`, `steps` holds each execution in order of its start; every case is run to its end.
    """

    def __init__(
        self,
        p: Parameters,
        who: list[Application],
        *,
        seed: int,
        run: int = 0,
        changes: Changes | None = None,
    ) -> None:
        self.p, self.changes = p, changes or Changes()
        self.office = Calendar(p, p.staff_hours)
        self.releases = self.office.releases(p, self.changes.release or (p.release_weekdays, p.release_time))
        self.cases = [Case(p, one, seed, run, self.changes) for one in who]
        self.idle = {pool: deque(f"{pool}-{n:02d}" for n in range(1, k + 1)) for pool, k in p.staff.items()}
        self.queues: dict[str, list[tuple[int, int, int, Case, str]]] = {pool: [] for pool in p.staff}
        self.agenda: list[tuple[int, int, str, Case | None, str, int, str]] = []
        self.order = 0
        self.steps: list[Step] = []

    def plan(self, at: int, kind: str, case: Case | None, activity: str = "", *, then: int = 0, by: str = "") -> None:
        self.order += 1
        heapq.heappush(self.agenda, (at, self.order, kind, case, activity, then, by))

    def run(self) -> list[Step]:
        for new in self.cases:
            self.plan(new.who.arrival, "arrive", new)
            if new.withdraws:
                self.plan(self.registered(new, new.who.arrival + new.patience), "withdraw", new)
        for opening in self.office.opens:
            self.plan(opening, "open", None)
        left = len(self.cases)
        while left:
            at, _, kind, case, activity, then, by = heapq.heappop(self.agenda)
            if case is None:
                for pool in self.queues:
                    self.dispatch(pool, at)
            elif kind == "finish":
                self.finished(case, activity, at, by)
            elif case.closed:
                continue
            elif kind == "arrive":
                self.instantly(case, RECEIVE, at)
                self.enable(case, INTAKE, at)
            elif kind == "reply":
                self.instantly(case, REPLY, at)
                self.enable(case, INTAKE, at)
            elif kind == "queue":
                self.queue(case, activity, enabled=then, at=at)
            elif not case.checked:  # withdraw, but never in the middle of somebody's work
                case.leaving = True
                self.leave(case, at)
            left -= case is not None and case.closed and kind in ("finish", "withdraw")
        return self.steps

    def registered(self, case: Case, at: int) -> int:
        """When the office notes what comes from the customer at `at`."""
        return at if self.office.is_open(at) else self.office.next_open(at) + case.morning

    def instantly(self, case: Case, activity: str, at: int) -> None:
        self.steps.append(Step(case.who.number, activity, at, at, at, at, "system", 0))

    def enable(self, case: Case, activity: str, at: int) -> None:
        """The case may have this step from now on: it queues at once, after a delay, or at a release."""
        if activity in case.turn:
            case.turn[activity] += 1
        if activity in self.changes.automated_seconds:
            done = at + self.changes.automated_seconds[activity]
            case.in_service += 1
            self.plan(done, "finish", case, activity)
            self.steps.append(Step(case.who.number, activity, at, at, at, done, "system", 0))
        elif activity in case.delay:
            allowed = self.office.next_open(at + case.delay[activity])
            self.plan(allowed, "queue", case, activity, then=at)
        elif activity == APPROVE:
            released = self.releases[bisect_right(self.releases, at - 1)]
            self.plan(released, "queue", case, activity, then=at)
        else:
            self.queue(case, activity, enabled=at, at=at)

    def queue(self, case: Case, activity: str, *, enabled: int, at: int) -> None:
        """Join the pool's queue: served by time of joining, then (a release lets in many) of enabling."""
        self.order += 1
        pool = self.p.pool_of[activity]
        heapq.heappush(self.queues[pool], (at, enabled, self.order, case, activity))
        self.dispatch(pool, at)

    def dispatch(self, pool: str, at: int) -> None:
        """Idle staff take the first in the queue; whoever has been idle longest comes first."""
        if not self.office.is_open(at):
            return
        queue, idle = self.queues[pool], self.idle[pool]
        while queue and idle:
            queued, enabled, _, case, activity = heapq.heappop(queue)
            if case.closed or case.leaving:
                continue
            worker = idle.popleft()
            seconds = case.seconds[activity, case.turn.get(activity, 1)]
            finish = self.office.finish(at, seconds)
            case.in_service += 1
            self.plan(finish, "finish", case, activity, by=worker)
            self.steps.append(Step(case.who.number, activity, enabled, queued, at, finish, worker, seconds))

    def finished(self, case: Case, activity: str, at: int, worker: str) -> None:
        case.in_service -= 1
        if worker:
            self.idle[self.p.pool_of[activity]].append(worker)
        if case.leaving:
            self.leave(case, at)
        else:
            self.go_on(case, activity, at)
        if worker:
            self.dispatch(self.p.pool_of[activity], at)

    def leave(self, case: Case, at: int) -> None:
        if not case.in_service:
            self.instantly(case, WITHDRAWN, at)
            case.closed = True

    def go_on(self, case: Case, activity: str, at: int) -> None:
        """What follows a finished step."""
        if activity == INTAKE:
            if case.returns(INTAKE):
                self.enable(case, REQUEST, at)
                return
            case.pending = 1 + (VERIFY not in case.removed)
            self.enable(case, SCHEDULE, at)
            if VERIFY not in case.removed:
                self.enable(case, VERIFY, at)
        elif activity == REQUEST:
            reply = at + case.reply[case.turn[REQUEST] - 1]
            self.plan(reply if case.who.channel == "online" else self.registered(case, reply), "reply", case)
        elif activity == SCHEDULE:
            self.enable(case, INTERVIEW, at)
        elif activity in (INTERVIEW, VERIFY):
            case.pending -= 1
            if not case.pending:
                self.enable(case, REVIEW, at)
        elif activity == REVIEW:
            self.enable(case, QUALITY, at)
        elif activity == QUALITY and case.returns(QUALITY):
            self.enable(case, REVIEW, at)
        elif activity == QUALITY:
            case.checked = True
            self.enable(case, APPROVE, at)
        elif activity == APPROVE:
            self.enable(case, NOTICE, at)
        else:
            case.closed = True


def steps_by_case(steps: list[Step]) -> dict[int, list[Step]]:
    """Each case's steps in order of (finish, start)."""
    found: dict[int, list[Step]] = {}
    for step in sorted(steps, key=lambda step: (step.finish, step.start)):
        found.setdefault(step.case, []).append(step)
    return found
