"""The queueing replay beside closed forms of queueing theory; tolerances come from the standard errors of replications.

Each figure is the mean over independent replications, whose spread gives its standard error; it may lie 3.5 of these from the
theory (2,000 such figures would fail once). Seeds are fixed. The unit of time is a second of microseconds, so
that rounding to whole microseconds is far below the errors.
"""

from __future__ import annotations

import heapq
import itertools
import math
from typing import Any

import numpy as np
import pytest

from streamline.kernels.queue_hours import works_done_at
from streamline.kernels.queues import Replayed, replay_queues
from streamline.units import DAY, HOUR, MISSING_TIME, SECOND

Int64 = np.ndarray[Any, np.dtype[np.int64]]
ALWAYS = (np.array([-(10**15)]), np.array([10**15]))
ERRORS = 3.5


def replayed(
    arrival: Int64,
    works: list[Int64],
    servers: list[int],
    *,
    queues: list[int] | None = None,
    priority: Int64 | None = None,
    hours: tuple[Int64, Int64] = ALWAYS,
) -> Replayed:
    """Cases that pass through queues one after another, by default through queue 0, 1, …; one team a queue."""
    n, k = len(arrival), len(works)
    m = n * k
    first = np.arange(m) % k == 0
    return replay_queues(
        case_offsets=np.arange(0, m + 1, k),
        arrival=arrival,
        rank=np.arange(n),
        join_offsets=np.concatenate([[0], np.cumsum(~first)]),
        joined=(np.arange(m) - 1)[~first],
        delay=np.zeros(m, np.int64),
        release=np.full(m, -1, np.int32),
        queue=np.tile(np.array(queues or range(k), np.int32), n),
        work=np.ascontiguousarray(np.stack(works, axis=1)).ravel(),
        priority=np.zeros(m, np.int64) if priority is None else priority,
        pinned=np.full(m, MISSING_TIME),
        release_offsets=np.zeros(1, np.int64),
        release_start=np.zeros(0, np.int64),
        release_end=np.zeros(0, np.int64),
        team_offsets=np.arange(len(servers) + 1),
        team_queue=np.arange(len(servers), dtype=np.int32),
        team_size=np.array(servers),
        team_calendar=np.zeros(len(servers), np.int32),
        team_preference=np.zeros(len(servers), np.int64),
        calendar_offsets=np.array([0, len(hours[0])]),
        on_start=hours[0],
        on_end=hours[1],
    )


def poisson(rng: np.random.Generator, n: int, rate: float) -> Int64:
    return np.cumsum(rng.exponential(SECOND / rate, n)).astype(np.int64)


def exponential(rng: np.random.Generator, n: int, mean: float) -> Int64:
    return rng.exponential(mean * SECOND, n).astype(np.int64)


def agrees(figures: list[float], theory: float) -> None:
    """The mean of replicated figures lies within its standard errors, which must be small enough to say something."""
    mean, error = float(np.mean(figures)), float(np.std(figures, ddof=1) / math.sqrt(len(figures)))
    assert abs(mean - theory) <= ERRORS * error, f"{mean:.5f} ± {error:.5f}, theory {theory:.5f}"
    assert error < 0.04 * theory


def erlang_c(servers: int, load: float) -> float:
    """The probability of waiting in M/M/c, `load` the offered load in servers."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


@pytest.mark.parametrize(("servers", "rho"), list(itertools.product((1, 2, 5), (0.5, 0.8, 0.9))))
def test_waits_in_m_m_c(servers: int, rho: float) -> None:
    """Mean wait C/(cμ−λ), share that waits C, and the 80% quantile of the waits of those who wait, −ln(0.2)/(cμ−λ)."""
    n, warm, runs = 60_000, 5_000, 120
    means, shares, quantiles = [], [], []
    for run in range(runs):
        rng = np.random.default_rng([servers, int(100 * rho), run])
        arrival = poisson(rng, n, rho * servers)
        waits = (replayed(arrival, [exponential(rng, n, 1.0)], [servers]).start - arrival)[warm:] / SECOND
        means.append(float(waits.mean()))
        shares.append(float((waits > 0).mean()))
        quantiles.append(float(np.quantile(waits[waits > 0], 0.8)))
    waiting, drain = erlang_c(servers, rho * servers), servers - rho * servers
    agrees(means, waiting / drain)
    agrees(shares, waiting)
    agrees(quantiles, -math.log(0.2) / drain)


@pytest.mark.parametrize("servers", [1, 2, 7])
def test_it_equals_the_recursion_of_kiefer_and_wolfowitz(servers: int) -> None:
    """Exactly: in order of arrival, each case starts when the first of the servers is free, not before it arrives."""
    rng = np.random.default_rng([5, servers])
    n = 30_000
    arrival, work = poisson(rng, n, 0.95 * servers), exponential(rng, n, 1.0)
    free, expected = [0] * servers, []
    for at, lasts in zip(arrival.tolist(), work.tolist(), strict=True):
        expected.append(max(at, free[0]))
        heapq.heapreplace(free, expected[-1] + lasts)
    assert replayed(arrival, [work], [servers]).start.tolist() == expected


def test_waits_in_m_g_1_with_priorities() -> None:
    """Cobham 1954: classes with priorities that interrupt nobody wait W0 / ((1 − σ[k−1])(1 − σ[k])), W0 = Σ λE[S²]/2.

    Constant, exponential and lognormal work; loads 0.2, 0.3 and 0.3.
    """
    rates, means = np.array([0.4, 0.3, 0.2]), np.array([0.5, 1.0, 1.5])
    squares = np.array([0.5**2, 2 * 1.0**2, 1.5**2 * math.exp(0.8**2)])
    n, warm, runs = 100_000, 10_000, 40
    found: list[list[float]] = [[], [], []]
    for run in range(runs):
        rng = np.random.default_rng([7, run])
        arrival = poisson(rng, n, rates.sum())
        kind = rng.choice(3, n, p=rates / rates.sum())
        lognormal = 1.5 * np.exp(0.8 * rng.standard_normal(n) - 0.8**2 / 2)
        work = np.choose(kind, [np.full(n, 0.5), rng.exponential(1.0, n), lognormal]) * SECOND
        waits = replayed(arrival, [work.astype(np.int64)], [1], priority=-kind.astype(np.int64)).start - arrival
        for k in range(3):
            found[k].append(float(waits[warm:][kind[warm:] == k].mean()) / SECOND)
    sigma = np.concatenate([[0.0], np.cumsum(rates * means)])
    residual = float((rates * squares).sum() / 2)
    for k in range(3):
        agrees(found[k], residual / ((1 - sigma[k]) * (1 - sigma[k + 1])))


@pytest.mark.parametrize("spread", ["constant", "lognormal"])
def test_waits_in_m_g_1(spread: str) -> None:
    """Pollaczek and Khinchine: λE[S²] / (2(1 − ρ))."""
    n, warm, runs, rho = 60_000, 5_000, 40, 0.7
    figures = []
    for run in range(runs):
        rng = np.random.default_rng([11, run, len(spread)])
        arrival = poisson(rng, n, rho)
        factor = np.ones(n) if spread == "constant" else np.exp(0.7 * rng.standard_normal(n) - 0.7**2 / 2)
        waits = replayed(arrival, [(factor * SECOND).astype(np.int64)], [1]).start - arrival
        figures.append(float(waits[warm:].mean()) / SECOND)
    agrees(figures, rho * (1.0 if spread == "constant" else math.exp(0.7**2)) / (2 * (1 - rho)))


def test_waits_in_a_network_with_feedback() -> None:
    """Cases go from station 0 (2 servers) to station 1 (1 server), from there back with probability 1/2, at most 12 times.

    Kelly 1975 (Jackson 1957, with routes of any kind): each station is in itself the M/M/c of its total flow.
    """
    n, warm, runs, rate = 40_000, 5_000, 40, 0.4
    found: list[list[float]] = [[], []]
    for run in range(runs):
        rng = np.random.default_rng([13, run])
        arrival = poisson(rng, n, rate)
        visits = np.minimum(rng.geometric(0.5, n), 12)  # rounds of station 0, then 1
        most = int(visits.max())
        works, live = [], []
        for k in range(most):
            works += [exponential(rng, n, 1.5), exponential(rng, n, 0.9)]
            live += [visits > k, visits > k]
        keep = np.stack(live, axis=1).ravel()
        result, ready = _routes(arrival, visits, np.stack(works, axis=1).ravel()[keep])
        queue = np.tile([0, 1], int(visits.sum()))
        late = np.repeat(np.arange(n), 2 * visits) >= warm
        for q in (0, 1):
            found[q].append(float((result.start - ready)[late & (queue == q)].mean()) / SECOND)
    flow = rate * float(np.minimum(np.arange(1, 60), 12) @ (0.5 ** np.arange(1, 60)))
    agrees(found[0], erlang_c(2, flow * 1.5) / (2 / 1.5 - flow))
    agrees(found[1], erlang_c(1, flow * 0.9) / (1 / 0.9 - flow))


def _routes(arrival: Int64, visits: Int64, work: Int64) -> tuple[Replayed, Int64]:
    """Cases of 2 × visits steps, in queues 0 and 1 by turns; with the instant at which each step joins its queue."""
    offsets = np.concatenate([[0], np.cumsum(2 * visits)])
    m = int(offsets[-1])
    first = np.zeros(m, np.bool_)
    first[offsets[:-1]] = True
    result = replay_queues(
        case_offsets=offsets, arrival=arrival, rank=np.arange(len(arrival)),
        join_offsets=np.concatenate([[0], np.cumsum(~first)]), joined=(np.arange(m) - 1)[~first],
        delay=np.zeros(m, np.int64), release=np.full(m, -1, np.int32), queue=np.tile(np.array([0, 1], np.int32), m // 2),
        work=work, priority=np.zeros(m, np.int64), pinned=np.full(m, MISSING_TIME),
        release_offsets=np.zeros(1, np.int64), release_start=np.zeros(0, np.int64), release_end=np.zeros(0, np.int64),
        team_offsets=np.array([0, 1, 2]), team_queue=np.array([0, 1], np.int32), team_size=np.array([2, 1]),
        team_calendar=np.zeros(2, np.int32), team_preference=np.zeros(2, np.int64),
        calendar_offsets=np.array([0, 1]), on_start=ALWAYS[0], on_end=ALWAYS[1],
    )  # fmt: skip
    return result, np.where(first, np.repeat(arrival, 2 * visits), np.roll(result.complete, 1))


@pytest.mark.parametrize(("servers", "rho"), [(1, 0.8), (5, 0.9)])
def test_littles_law(servers: int, rho: float) -> None:
    """The number waiting, counted at instants that know nothing of the queue, is the arrival rate times the mean wait."""
    n, runs = 40_000, 30
    differences, counts = [], []
    for run in range(runs):
        rng = np.random.default_rng([17, servers, run])
        arrival = poisson(rng, n, rho * servers)
        start = replayed(arrival, [exponential(rng, n, 1.0)], [servers]).start
        last = int(arrival[-1])
        looks = np.sort(rng.integers(0, last, 400_000))
        waiting = np.searchsorted(arrival, looks, side="right") - np.searchsorted(np.sort(start), looks, side="right")
        # of the waits what lies before the last arrival, so that both sides are of the same period
        total = float((np.minimum(start, last) - arrival).sum())
        counts.append(float(waiting.mean()))
        differences.append(float(waiting.mean()) - total / last)
    error = float(np.std(differences, ddof=1) / math.sqrt(runs))
    assert abs(float(np.mean(differences))) <= ERRORS * error
    assert error < 0.002 * float(np.mean(counts))


def test_office_hours_are_only_another_clock() -> None:
    """Where everybody has the same hours, the replay on their clock is the one round the clock, to the microsecond."""
    n = 20_000
    rng = np.random.default_rng(19)
    arrival = poisson(rng, n, 1 / 500)
    works = [exponential(rng, n, mean) for mean in (900, 1900, 400)]
    days = np.arange(4000)
    days = days[days % 7 < 5]
    hours = (days * DAY + 8 * HOUR, days * DAY + 17 * HOUR)

    def on_the_clock(worked: Int64) -> Int64:
        """The instant at which so much office time has passed, as work begun at time 0."""
        return works_done_at(
            np.array([0, len(days)]), *hours, np.zeros(len(worked), np.int32), np.zeros(len(worked), np.int64), worked
        )

    office = replayed(on_the_clock(arrival), works, [2, 4, 1], hours=hours)
    always = replayed(arrival, works, [2, 4, 1])
    assert np.array_equal(office.complete, on_the_clock(always.complete))
    # a start at a closing time falls to the next opening; none does here
    assert np.array_equal(office.start, on_the_clock(always.start))


@pytest.mark.parametrize(("servers", "load", "patience"), [(1, 0.9, 2.0), (3, 1.2, 5.0)])
def test_customers_who_give_up_as_erlang_and_palm_have_it(servers: int, load: float, patience: float) -> None:
    """M/M/c+M: of k who wait, each leaves at the rate 1/patience; the share that leaves follows from birth and death."""
    rate = load * servers
    weight, weights = 1.0, [1.0]
    for k in range(1, 400):
        weight *= rate / (min(k, servers) + max(k - servers, 0) / patience)
        weights.append(weight)
    chance = np.array(weights) / sum(weights)
    waiting = float((np.maximum(np.arange(400) - servers, 0) * chance).sum())
    expected = waiting / patience / rate
    shares = []
    for seed in range(30):
        rng = np.random.default_rng([17, seed])
        n = 4_000
        arrival = np.cumsum(rng.exponential(SECOND / rate, n)).astype(np.int64)
        result = replay_queues(
            case_offsets=np.arange(n + 1),
            arrival=arrival,
            rank=np.arange(n),
            join_offsets=np.zeros(n + 1, np.int64),
            joined=np.zeros(0, np.int64),
            delay=np.zeros(n, np.int64),
            release=np.full(n, -1, np.int32),
            queue=np.zeros(n, np.int32),
            work=rng.exponential(SECOND, n).astype(np.int64),
            priority=np.zeros(n, np.int64),
            pinned=np.full(n, MISSING_TIME),
            release_offsets=np.zeros(1, np.int64),
            release_start=np.zeros(0, np.int64),
            release_end=np.zeros(0, np.int64),
            team_offsets=np.array([0, 1]),
            team_queue=np.zeros(1, np.int32),
            team_size=np.array([servers]),
            team_calendar=np.zeros(1, np.int32),
            team_preference=np.zeros(1, np.int64),
            calendar_offsets=np.array([0, 1]),
            on_start=ALWAYS[0],
            on_end=ALWAYS[1],
            patience=rng.exponential(patience * SECOND, n).astype(np.int64),
        )
        shares.append(result.left[n // 10 :].mean())
    error = np.std(shares, ddof=1) / np.sqrt(len(shares))
    assert abs(np.mean(shares) - expected) < ERRORS * error
