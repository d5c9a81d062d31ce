"""Whether records of contacts are what they are taken for: contacts of customers about a case that is under way.

Two kinds of record look like them and aren't. The *request itself* (a complaint by phone, say) is the arrival of the case; a
file of requests with their channel holds one for each case, at its arrival. A *step of the process* (a call that the agency
makes) is work, and its instants are those of a step of the case.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError
from streamline.log.event_log import EventLog
from streamline.units import HOUR

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]
Likeness = Literal["contacts", "requests", "steps"]

#: A contact this near to the arrival of its case, and the first of it, may be the request itself.
AT_ARRIVAL = HOUR
#: Share of the linked contacts from which a likeness is said, and how many it takes to say one.
MANY_ALIKE, ENOUGH = 0.5, 30


def are_requests(log: EventLog, case: Int64, time: Int64) -> Bool:
    """Which links are the first of their case and within an hour of its arrival; links in order of case and time."""
    first = np.ones(len(case), dtype=np.bool_)
    first[1:] = case[1:] != case[:-1]
    return np.asarray(first & (np.abs(time - log.arrival[case]) <= AT_ARRIVAL), dtype=np.bool_)


def are_steps(log: EventLog, case: Int64, time: Int64) -> Bool:
    """Which links have the very instant at which a step of their case begins or ends."""
    instants = np.sort(time)
    instants = instants[np.append(True, instants[1:] != instants[:-1])] if len(instants) else instants
    if len(instants) == 0 or log.n_steps == 0:
        return np.zeros(len(case), dtype=np.bool_)
    known = []
    for at in (log.start, log.complete):
        place = np.minimum(np.searchsorted(instants, at), len(instants) - 1)
        same = instants[place] == at
        known.append(log.case_of_step[same] * np.int64(len(instants)) + place[same])
    mine = case * np.int64(len(instants)) + np.searchsorted(instants, time)
    return np.asarray(np.isin(mine, np.concatenate(known)), dtype=np.bool_)


def likeness(log: EventLog, case: Int64, time: Int64) -> Likeness:
    """What most of the links look like; of fewer than 30 nothing is concluded."""
    if len(case) < ENOUGH:
        return "contacts"
    if are_requests(log, case, time).mean() >= MANY_ALIKE:
        return "requests"
    return "steps" if are_steps(log, case, time).mean() >= MANY_ALIKE else "contacts"


#: What a result says of records that look like something else.
LIKENESS_CAVEATS: dict[Likeness, tuple[str, ...]] = {
    "contacts": (),
    "requests": (
        "Most linked contacts are the first of their case and within an hour of its arrival. They seem to be the requests "
        "themselves: such records tell by which channel cases arrive, not what makes customers get in touch afterwards.",
    ),
    "steps": (
        "Most linked contacts have the very instant of a step of their case. They seem to be steps of the process, such as calls "
        "that the agency makes: they tell of its work, not of what makes customers get in touch.",
    ),
}


def refuse_requests(found: Likeness, source: str) -> None:
    """InsufficientDataError for records of requests, of which nothing can be told but channels and numbers."""
    if found == "requests":
        raise InsufficientDataError(
            f"{source}: {LIKENESS_CAVEATS['requests'][0]} With requests='leave', `link_contacts` leaves those out and keeps the "
            "others."
        )
