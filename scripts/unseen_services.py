"""Simulated services on which rates of contacts are judged, and which nobody looked at when the methods were set.

A case goes through its states in order and some of them several times; how long a visit takes has nothing to do with contacts.
Contacts of a case: its propensity × the state's rate × the ratio of waiting (from day 10 of a visit on) × channel × season, and
for three days after a contact times the ratio after a contact. `verify_rates_unseen.py` runs them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
from scipy.stats import gamma, norm

from streamline.stats.stretches import Factor, Stretches

Float = npt.NDArray[np.float64]

#: Median days of a visit to each state, and its ratio of contacts.
MEDIAN_DAYS = np.array([8.0, 15.0, 6.0, 20.0, 10.0, 12.0, 7.0, 9.0])
STATE = np.array([1.0, 1.6, 0.6, 1.3, 2.0, 0.8, 1.1, 1.5])
SEASON = np.array([1.0, 1.3, 0.8, 1.1])
CHANNEL = 1.5
SIGMA, TURN, SOON, PERIOD = 0.9, 10.0, 3.0, 540.0


class Service(NamedTuple):
    """One setting."""

    name: str
    n_cases: int
    n_states: int
    #: Chance that a case goes back to the second state from the last but one, each time it is there.
    loops: float
    #: Contacts per open day in the first state, before day 10, of a customer of mean propensity.
    rate: float
    waiting: float
    #: "gamma", "lognormal", "two classes" (a fifth of the customers call much); its variance (mean 1).
    propensity: str
    variance: float
    #: What the propensity goes with: "nothing", "length" (of the middle state's visits), "loops" (how many); and how closely.
    driver: str = "nothing"
    correlation: float = 0.0
    #: Cases arrive over 540 days and are seen until then; else each is seen to its end.
    censored: bool = False
    #: Rate in the three days after a contact over what it would be.
    after: float = 1.0
    #: Chance that a contact itself brings one more within three days, whoever calls (instead of a ratio).
    retried: float = 0.0
    #: Visits take so many times their usual days; and which of the states comes first.
    scale: float = 1.0
    first: int = 0
    #: Share of contacts that are linked to their case.
    linked: float = 1.0
    season: bool = False


#: Set down before any of them was run.
FIRST_LIST = (
    Service("a1", 300, 4, 0.0, 0.02, 1.5, "gamma", 1.0),
    Service("a2", 10_000, 3, 0.0, 0.002, 3.0, "lognormal", 3.0, "length", 0.6, censored=True),
    Service("a3", 1000, 5, 0.3, 0.02, 1.0, "two classes", 1.0, "loops", 0.5),
    Service("a4", 1000, 8, 0.2, 0.05, 0.7, "gamma", 0.3, "length", 0.3, season=True),
    Service("a5", 3000, 4, 0.0, 0.005, 1.5, "lognormal", 1.0, "length", 0.1),
    Service("a6", 2000, 6, 0.3, 0.01, 3.0, "gamma", 2.0, "length", 0.4, censored=True, linked=0.5),
    Service("a7", 1000, 3, 0.0, 0.2, 1.5, "lognormal", 0.5, "length", 0.2),
    Service("a8", 500, 5, 0.4, 0.03, 0.7, "two classes", 3.0, "loops", 0.6, censored=True, linked=0.95, season=True),
    Service("a9", 300, 8, 0.3, 0.05, 3.0, "gamma", 0.5),
    Service("a10", 1000, 4, 0.0, 0.02, 1.5, "gamma", 1.0, after=3.0),
    Service("a11", 1000, 4, 0.3, 0.02, 3.0, "lognormal", 1.0, "length", 0.6, censored=True, after=2.0),
    Service("a12", 2000, 6, 0.2, 0.01, 1.0, "two classes", 2.0, "loops", 0.5, after=5.0),
    Service("a13", 3000, 3, 0.0, 0.005, 0.7, "gamma", 0.3, "length", 0.1, after=1.5, season=True),
    Service("a14", 800, 5, 0.3, 0.1, 1.5, "lognormal", 2.0, "length", 0.3, after=3.0, linked=0.7),
    Service("a15", 1500, 4, 0.0, 0.03, 1.5, "gamma", 1.0, "length", 0.5, retried=0.4),
    Service("a16", 1000, 4, 0.0, 0.02, 1.0, "gamma", 0.0, after=3.0),
)


#: Set down after the first list was seen with the methods of then, and before any of it was run.
SECOND_LIST = (
    Service("b1", 500, 3, 0.0, 0.05, 1.5, "lognormal", 1.0, "length", 0.4, scale=0.3),
    Service("b2", 3000, 4, 0.0, 0.01, 0.7, "gamma", 2.0, "length", 0.3, scale=0.4, first=3),
    Service("b3", 400, 3, 0.5, 0.1, 3.0, "two classes", 2.0, "loops", 0.3, scale=0.3, first=5),
    Service("b4", 10_000, 5, 0.2, 0.003, 1.0, "lognormal", 2.0, "length", 0.5, censored=True, first=2, season=True),
    Service("b5", 700, 7, 0.4, 0.04, 1.5, "gamma", 0.0, first=1),
    Service("b6", 2000, 3, 0.0, 0.02, 0.7, "two classes", 3.0, "length", 0.6, linked=0.6, first=4),
    Service("b7", 300, 4, 0.4, 0.15, 1.0, "gamma", 1.5, "loops", 0.2, censored=True, first=6),
    Service("b8", 5000, 3, 0.0, 0.004, 3.0, "lognormal", 0.5, scale=0.5, linked=0.8),
    Service("b9", 1000, 4, 0.0, 0.03, 1.5, "lognormal", 1.0, "length", 0.6, after=3.0, first=2),
    Service("b10", 600, 6, 0.4, 0.05, 0.7, "gamma", 3.0, "loops", 0.6, after=2.0, censored=True, first=1),
    Service("b11", 1500, 3, 0.0, 0.01, 3.0, "two classes", 1.0, "length", 0.3, after=4.0, season=True, first=3),
    Service("b12", 4000, 5, 0.3, 0.004, 1.5, "lognormal", 3.0, "length", 0.6, after=5.0),
    Service("b13", 300, 4, 0.0, 0.08, 1.0, "gamma", 0.5, after=1.5, first=5),
    Service("b14", 1000, 5, 0.2, 0.03, 1.5, "lognormal", 1.0, "length", 0.4, after=2.0, linked=0.9),
    Service("b15", 1500, 4, 0.0, 0.02, 3.0, "lognormal", 1.0, "length", 0.4, retried=0.2, first=3),
    Service("b16", 2000, 4, 0.0, 0.03, 0.7, "gamma", 0.0, after=5.0, scale=0.5, first=2),
)


def propensities(service: Service, z: Float) -> Float:
    """Of standard normal scores: mean 1 and the set variance."""
    v = service.variance
    if v == 0:
        return np.ones(len(z))
    if service.propensity == "gamma":
        return np.asarray(gamma.ppf(norm.cdf(z), 1 / v, scale=v), dtype=np.float64)
    if service.propensity == "lognormal":
        s2 = np.log1p(v)
        return np.asarray(np.exp(np.sqrt(s2) * z - s2 / 2), dtype=np.float64)
    # a fifth at a, the rest at b: 0.2 a + 0.8 b = 1, 0.16 (a - b)² = v
    apart = np.sqrt(v / 0.16)
    low = 1 - 0.2 * apart
    if low < 0:
        raise ValueError("two classes have a variance of 4 at the most")
    return np.asarray(np.where(z > norm.ppf(0.8), low + apart, low), dtype=np.float64)


def simulated(rng: np.random.Generator, service: Service) -> Stretches:
    """A stretch for each combination of levels that a case has; factors state, band, channel, (season,) recent."""
    n, k = service.n_cases, service.n_states
    driver, own = rng.standard_normal((2, n))
    z = service.correlation * driver + np.sqrt(1 - service.correlation**2) * own
    loop_score = driver if service.driver == "loops" else rng.standard_normal(n)
    length_score = driver if service.driver == "length" else rng.standard_normal(n)
    n_loops = np.zeros(n, dtype=np.int64)
    if service.loops:
        n_loops = np.floor(np.log(norm.sf(loop_score)) / np.log(service.loops)).astype(np.int64)
    channel = rng.integers(0, 2, n)
    rate = service.rate * propensities(service, z) * CHANNEL**channel
    arrival = rng.uniform(0, PERIOD, n)
    median, state_ratio = (np.roll(a, -service.first)[:k] for a in (MEDIAN_DAYS, STATE))
    rows = _lived(
        rng, rate, arrival, length_score, n_loops, service.scale * median, state_ratio,
        service.waiting, service.after, service.retried, service.linked, service.censored,
        SEASON if service.season else np.ones(4),
    )  # fmt: skip
    case, state, band, season, recent = rows[0].T
    factors = [
        Factor(name="state", levels=tuple(f"state {s + 1}" for s in range(k)), codes=state, reference=0),
        Factor(name="band", levels=("to day 10", "later"), codes=band, reference=0),
        Factor(name="channel", levels=("online", "mail"), codes=channel[case], reference=0),
    ]
    if service.season:
        factors.append(
            Factor(name="season", levels=("winter", "spring", "summer", "autumn"), codes=season, reference=0)
        )
    factors.append(Factor(name="recent", levels=("no", "yes"), codes=recent, reference=0, moved_by_contacts=True))
    return Stretches(case=case, days=rows[1], contacts=rows[2], factors=tuple(factors))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _lived(
    rng: np.random.Generator, rate: Any, arrival: Any, length_score: Any, n_loops: Any, median: Any, state_ratio: Any,
    waiting: float, after: float, retried: float, linked: float, censored: bool, season_ratio: Any,
) -> Any:  # fmt: skip
    """(codes (rows, 5): case, state, band, season, recent; days; contacts)."""
    n, k = len(rate), len(median)
    size = k * 2 * 4 * 2
    codes, days, contacts = [(0, 0, 0, 0, 0)], [0.0], [0]
    for i in range(n):
        own_days, own_contacts = np.zeros(size), np.zeros(size, np.int64)
        pending = np.full(64, np.inf)
        now = arrival[i]
        recent_until = seen_until = -1.0
        last = PERIOD if censored else np.inf
        state, loops = 0, n_loops[i]
        while state < k and now < last:
            score = rng.normal(0.0, 1.0)
            if state == k // 2:
                score = 0.9 * length_score[i] + np.sqrt(0.19) * score
            end = min(now + median[state] * np.exp(SIGMA * score), last)
            turn = now + TURN
            while now < end:
                band = 1 if now >= turn else 0
                quarter = int(now // 91.25)
                piece = min(end, (quarter + 1) * 91.25)
                if band == 0:
                    piece = min(piece, turn)
                # rounding must not leave a piece without time
                if piece <= now:
                    piece = now + 1e-9
                plain = rate[i] * state_ratio[state] * season_ratio[quarter % 4] * (waiting if band else 1.0)
                cell = (state * 2 + band) * 4 + quarter % 4
                while now < piece:
                    soon, seen = now < recent_until, now < seen_until
                    stop = piece
                    if soon:
                        stop = min(stop, recent_until)
                    if seen:
                        stop = min(stop, seen_until)
                    follow = np.argmin(pending)
                    then = now + rng.exponential(1.0) / (plain * (after if soon else 1.0))
                    called = min(then, pending[follow])
                    at = 2 * cell + (1 if seen else 0)
                    own_days[at] += min(called, stop) - now
                    now = min(called, stop)
                    if called <= stop:
                        if pending[follow] == called:
                            pending[follow] = np.inf
                        recent_until = now + SOON
                        if rng.random() < linked:
                            own_contacts[at] += 1
                            seen_until = now + SOON
                        if rng.random() < retried:
                            wait = rng.exponential(1.0)
                            while wait >= SOON:
                                wait = rng.exponential(1.0)
                            pending[np.argmax(pending)] = now + wait
            if state == k - 2 and loops > 0:
                loops -= 1
                state = 1
            else:
                state += 1
        for at in range(size):
            if own_days[at] > 0:
                codes.append((i, at // 16, at // 8 % 2, at // 2 % 4, at % 2))
                days.append(own_days[at])
                contacts.append(own_contacts[at])
    return np.array(codes[1:]), np.array(days[1:]), np.array(contacts[1:])
