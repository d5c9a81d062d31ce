"""A service without queues whose customers call at known rates, and what changes really do to their calls.

Each case: an application, an answer that is waited for (exponential, 8 days on average), a decision (exponential, 5 days).
Customers call at 0.03 a day while the answer is awaited, 0.08 while the decision is, 1.5 times that after 7 days of either
wait; each has a propensity of their own (gamma, variance 0.5), which makes waits longer where `related`; and for three days
after a call they call `again` times as often. A tenth of the calls carry no case.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.read import read_contacts, read_log
from streamline.whatif.change import Change, Notify, ShortenExternal

Float = npt.NDArray[np.float64]

START = pd.Timestamp("2025-01-06", tz="UTC")
ANSWER, DECISION = 0.03, 0.08
LATER, AFTER_DAYS = 1.5, 7.0
UNLINKED = 0.1
#: The two changes whose effect is known.
SHORTER = ShortenExternal(activity="Answer received", by=0.5)
TOLD = Notify(states=("Decide",), by=0.4)


@dataclass(frozen=True)
class Customers:
    """The waits and propensities of n cases."""

    arrival: Float
    answer: Float
    decision: Float
    propensity: Float


def customers(n: int, rng: np.random.Generator, *, related: bool, spread: float = 0.5) -> Customers:
    """Cases that arrive over a year; where `related`, waits are as long as customers are zealous (power 0.5)."""
    own = rng.gamma(1 / spread, spread, n) if spread else np.ones(n)
    longer = np.sqrt(np.maximum(own, 0.05)) if related else np.ones(n)
    return Customers(
        arrival=np.sort(rng.uniform(0, 365, n)),
        answer=rng.exponential(8.0, n) * longer,
        decision=rng.exponential(5.0, n) * longer,
        propensity=own,
    )


def calls(
    of: Customers, rng: np.random.Generator, *, again: float, answer: float = 1.0, told: float = 1.0
) -> list[Float]:
    """Days after the arrival of each case's calls, where answers take `answer` times as long, and the rate while the
    decision is awaited is `told` times as high. By thinning."""
    found = []
    for wait, decide, own in zip(of.answer * answer, of.decision, of.propensity, strict=True):
        top = own * DECISION * LATER * max(again, 1.0)
        n = rng.poisson(top * (wait + decide))
        at = np.sort(rng.uniform(0, wait + decide, n))
        own_calls: list[float] = []
        for t, chance in zip(at, rng.random(n), strict=True):
            first = t < wait
            rate = (
                own
                * (ANSWER if first else DECISION * told)
                * (LATER if t - (0 if first else wait) >= AFTER_DAYS else 1)
            )
            if own_calls and t < own_calls[-1] + 3:
                rate *= again
            if chance * top < rate:
                own_calls.append(t)
        found.append(np.array(own_calls))
    return found


def records(of: Customers, found: list[Float], rng: np.random.Generator) -> tuple[EventLog, ContactLog]:
    """The log and the calls, as they would be read."""
    n = len(of.arrival)
    ends = [of.arrival, of.arrival + of.answer, of.arrival + of.answer + of.decision]
    begins = [of.arrival, ends[1], ends[1]]
    frame = pd.DataFrame(
        {
            "case": np.tile([f"c{k}" for k in range(n)], 3),
            "activity": np.repeat(["Apply", "Answer received", "Decide"], n),
            "complete": START + pd.to_timedelta(np.round(np.concatenate(ends) * 86_400), unit="s"),
            "start": START + pd.to_timedelta(np.round(np.concatenate(begins) * 86_400), unit="s"),
        }
    )
    log = read_log(
        frame.drop(columns="start"), case="case", activity="activity", complete="complete", timezone="UTC",
        external=["Answer received"], ends=["Decide"],
    )  # fmt: skip
    case = np.repeat(np.arange(n), [len(c) for c in found])
    at = of.arrival[case] + np.concatenate(found)
    linked = rng.random(len(case)) >= UNLINKED
    table = pd.DataFrame(
        {
            "case": np.where(linked, np.array([f"c{k}" for k in case], dtype=object), None),
            "time": START + pd.to_timedelta(np.round(at * 86_400), unit="s"),
            "channel": np.where(rng.random(len(case)) < 0.7, "phone", "email"),
            "reason": np.where(rng.random(len(case)) < 0.6, "status", "papers"),
        }
    )
    return log, read_contacts(table, case="case", time="time", channel="channel", reason="reason", timezone="UTC")


CHANGES: dict[str, tuple[Change, dict[str, float]]] = {
    "shorter": (SHORTER, {"answer": 0.5}),
    "told": (TOLD, {"told": 0.6}),
}


def true_changes(*, related: bool, again: float, n: int = 200_000, seed: int = 9) -> dict[str, float]:
    """Contacts per case that each change takes away, of many cases."""
    rng = np.random.default_rng(seed)
    of = customers(n, rng, related=related)
    as_is = sum(len(c) for c in calls(of, rng, again=again)) / n
    return {
        name: sum(len(c) for c in calls(of, rng, again=again, **how)) / n - as_is for name, (_, how) in CHANGES.items()
    }
