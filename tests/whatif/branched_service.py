"""A service whose cases await two branches side by side, and what changes really do to the calls about it.

Each case waits for an answer (exponential, 6 days on average) and for a check (exponential, 4 days) side by side, and then for
the decision (exponential, 3 days). Customers call at 0.06 a day about the answer, 0.10 about the check and 0.08 about the
decision; while both branches are awaited, at `together` times the sum. Each has a propensity of their own (gamma, variance 0.5).
For three days after a call they call `again` times as often.

With both at 1 a case brings 0.06 × 6 + 0.10 × 4 + 0.08 × 3 = 1 call on average, and what a change does is a product: half the
wait for the answer saves 0.06 × 3 = 0.18 calls, whatever the check does meanwhile. Otherwise it is simulated.
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
ANSWER, CHECK, DECISION = 0.06, 0.10, 0.08


@dataclass(frozen=True, kw_only=True)
class Known:
    """A change, what it does to the calls of a case without redials, and how to simulate it."""

    change: Change
    effect: float
    #: Factors of the waits for the answer and the check, and of the rates about the check and the decision.
    answer: float = 1.0
    check: float = 1.0
    about_check: float = 1.0
    about_decision: float = 1.0


CHANGES: dict[str, Known] = {
    "half the wait for the answer": Known(change=ShortenExternal(activity="Answer", by=0.5), effect=-0.18, answer=0.5),
    "half the wait for the check": Known(change=ShortenExternal(activity="Check", by=0.5), effect=-0.20, check=0.5),
    "no check": Known(change=ShortenExternal(activity="Check", by=1.0), effect=-0.40, check=0.0),
    "told of the check": Known(change=Notify(states=("Check",), by=0.4), effect=-0.16, about_check=0.6),
    "told of the decision": Known(change=Notify(states=("Decide",), by=0.4), effect=-0.096, about_decision=0.6),
}
AS_IS = Known(change=Notify(states=("Decide",), by=0.0), effect=0.0)


@dataclass(frozen=True, kw_only=True)
class Waits:
    """The waits of n cases in days, and their propensities."""

    answer: Float
    check: Float
    decide: Float
    own: Float


def waits(n: int, rng: np.random.Generator) -> Waits:
    answer, check, decide = (rng.exponential(mean, n) for mean in (6.0, 4.0, 3.0))
    return Waits(answer=answer, check=check, decide=decide, own=rng.gamma(2.0, 0.5, n))


def calls(of: Waits, rng: np.random.Generator, *, together: float, again: float, under: Known) -> list[Float]:
    """Days after the arrival of each case's calls. By thinning."""
    answer, check = of.answer * under.answer, of.check * under.check
    ready = np.maximum(answer, check)
    about_check = CHECK * under.about_check
    top = of.own * (ANSWER + CHECK) * max(again, 1.0) * max(together, 1.0)
    found = []
    for k, n in enumerate(rng.poisson(top * (ready + of.decide))):
        own_calls: list[float] = []
        for t in np.sort(rng.uniform(0, ready[k] + of.decide[k], n)):
            if t >= ready[k]:
                rate = DECISION * under.about_decision
            elif t < answer[k] and t < check[k]:
                rate = together * (ANSWER + about_check)
            else:
                rate = ANSWER if t < answer[k] else about_check
            if own_calls and t < own_calls[-1] + 3:
                rate *= again
            if rng.random() * top[k] < rate * of.own[k]:
                own_calls.append(float(t))
        found.append(np.array(own_calls))
    return found


def branched(
    n: int, rng: np.random.Generator, *, together: float = 1.0, again: float = 1.0
) -> tuple[EventLog, ContactLog]:
    """The log and the calls of n cases that arrive over two years, as they would be read."""
    arrival = np.sort(rng.uniform(0, 730, n))
    of = waits(n, rng)
    ends = (0.0 * of.answer, of.answer, of.check, np.maximum(of.answer, of.check) + of.decide)
    frame = pd.DataFrame(
        {
            "case": np.tile([f"c{k}" for k in range(n)], 4),
            "activity": np.repeat(["Apply", "Answer", "Check", "Decide"], n),
            "complete": START + _days(np.concatenate([arrival + e for e in ends])),
        }
    )
    log = read_log(
        frame, case="case", activity="activity", complete="complete", timezone="UTC", external=["Answer", "Check"],
        ends=["Decide"],
    )  # fmt: skip
    found = calls(of, rng, together=together, again=again, under=AS_IS)
    case = np.repeat(np.arange(n), [len(c) for c in found])
    at = arrival[case] + np.concatenate(found)
    table = pd.DataFrame({"case": [f"c{k}" for k in case], "time": START + _days(at)})
    return log, read_contacts(table, case="case", time="time", timezone="UTC")


def true_changes(*, again: float, together: float, n: int = 100_000, seed: int = 9) -> dict[str, float]:
    """What each change does to the calls of a case, of many cases."""
    of = waits(n, np.random.default_rng(seed))

    def mean(under: Known) -> float:
        found = calls(of, np.random.default_rng(seed + 1), together=together, again=again, under=under)
        return sum(len(c) for c in found) / n

    before = mean(AS_IS)
    return {name: mean(how) - before for name, how in CHANGES.items()}


def _days(values: Float) -> pd.TimedeltaIndex:
    return pd.to_timedelta(np.round(values * 86_400), unit="s")
