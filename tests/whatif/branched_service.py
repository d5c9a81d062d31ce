"""A service whose cases await two branches side by side, and what changes really do to the calls about it.

Each case waits for an answer (exponential, 6 days on average) and for a check (exponential, 4 days) side by side, and then for
the decision (exponential, 3 days). Customers call at 0.06 a day about the answer, 0.10 about the check and 0.08 about the
decision; while both branches are awaited, at `together` times the sum. Each has a propensity of their own (gamma, variance 0.5).
With `together` = 1 a case brings 0.06 × 6 + 0.10 × 4 + 0.08 × 3 = 1 call on average, and what a change does is a product:
half the wait for the answer saves 0.06 × 3 = 0.18 calls, whatever the check does meanwhile.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.read import read_contacts, read_log
from streamline.whatif.change import Change, Notify, ShortenExternal

START = pd.Timestamp("2025-01-06", tz="UTC")
ANSWER, CHECK, DECISION = 0.06, 0.10, 0.08
#: What each change does to the calls of a case.
CHANGES: dict[str, tuple[Change, float]] = {
    "half the wait for the answer": (ShortenExternal(activity="Answer", by=0.5), -0.18),
    "half the wait for the check": (ShortenExternal(activity="Check", by=0.5), -0.20),
    "no check": (ShortenExternal(activity="Check", by=1.0), -0.40),
    "told of the check": (Notify(states=("Check",), by=0.4), -0.16),
    "told of the decision": (Notify(states=("Decide",), by=0.4), -0.096),
}


def branched(n: int, rng: np.random.Generator, *, together: float = 1.0) -> tuple[EventLog, ContactLog]:
    """The log and the calls of n cases that arrive over two years, as they would be read."""
    arrival = np.sort(rng.uniform(0, 730, n))
    answer, check, decide = (rng.exponential(mean, n) for mean in (6.0, 4.0, 3.0))
    ready = np.maximum(answer, check)
    frame = pd.DataFrame(
        {
            "case": np.tile([f"c{k}" for k in range(n)], 4),
            "activity": np.repeat(["Apply", "Answer", "Check", "Decide"], n),
            "complete": START + _days(np.concatenate([arrival, arrival + answer, arrival + check, arrival + ready + decide])),
        }
    )
    log = read_log(
        frame, case="case", activity="activity", complete="complete", timezone="UTC", external=["Answer", "Check"],
        ends=["Decide"],
    )  # fmt: skip
    own = rng.gamma(2.0, 0.5, n)
    both = np.minimum(answer, check)
    case, at = [], []
    for since, until, rate in (
        (0 * both, both, together * (ANSWER + CHECK)),
        (both, ready, np.where(answer > check, ANSWER, CHECK)),
        (ready, ready + decide, DECISION),
    ):
        count = rng.poisson(own * rate * (until - since))
        case.append(np.repeat(np.arange(n), count))
        at.append(rng.uniform(np.repeat(since, count), np.repeat(until, count)) + np.repeat(arrival, count))
    table = pd.DataFrame({"case": [f"c{k}" for k in np.concatenate(case)], "time": START + _days(np.concatenate(at))})
    return log, read_contacts(table, case="case", time="time", timezone="UTC")


def _days(values: np.ndarray) -> pd.TimedeltaIndex:
    return pd.to_timedelta(np.round(values * 86_400), unit="s")
