"""What becomes of a contact: how it is linked to a case, or why it isn't."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streamline.units import counted, significant

#: Fates by number. Those up to LATE_OPEN tell of a case of the log.
FATES = (
    "linked by the case id",
    "linked by the customer, with one case open",
    "linked by the customer, shared among several open cases",
    "linked by the customer, with a case lately closed",
    "about a case that isn't counted here",
    "about a case without any step",
    "about an open case, after the log ends",
    "names neither a case nor a customer",
    "names a case that isn't in the log",
    "the customer has no case in the log",
    "the customer has no case open or lately closed then",
    "the customer has several cases open then",
    "tells of no case of the log, before it begins",
    "tells of no case of the log, after it ends",
    "outside the dates that the contacts are said to cover",
    "is the request itself: first of its case, within an hour of the arrival",
)
(
    BY_CASE, BY_CUSTOMER, BY_SHARE, BY_LATE_CUSTOMER, NOT_COUNTED, STEPLESS, LATE_OPEN, NAMELESS, FOREIGN_CASE,
    FOREIGN_CUSTOMER, NO_OPEN_CASE, AMBIGUOUS, EARLY, LATE, OUTSIDE, REQUEST,
) = range(len(FATES))  # fmt: skip
LINKED = (BY_CASE, BY_CUSTOMER, BY_SHARE, BY_LATE_CUSTOMER)

#: Fewer linked contacts than this make every figure uncertain, and that is said.
FEW_CONTACTS = 30


def caveats_of(count: npt.NDArray[np.int64], *, link_share: float, silent: int, rate: float | None) -> tuple[str, ...]:
    """What a reader must know of the links, as sentences."""
    told = []
    n_linked = int(count[list(LINKED)].sum())
    if link_share < 1:
        told.append(
            f"{1 - link_share:.1%} of the contacts tell of no case; figures per case and per day are scaled up by that share, as "
            "if those contacts were spread like the others."
        )
    if n_linked < FEW_CONTACTS:
        told.append(f"Only {counted(n_linked, 'contact')} can be linked: read each figure with its interval.")
    if count[BY_SHARE]:
        told.append(
            f"Shared out in equal parts: {counted(int(count[BY_SHARE]), 'contact')} of customers with several open cases; nobody "
            "knows which case was meant."
        )
    for fate, whose in (
        (AMBIGUOUS, "of customers with several open cases"),
        (NO_OPEN_CASE, "of customers without a case open or lately closed then"),
        (FOREIGN_CUSTOMER, "of customers without a case in the log"),
        (FOREIGN_CASE, "about cases that aren't in the log"),
        (EARLY, "before the log begins, about no case of it"),
        (LATE, "after the log ends, about no case of it"),
        (LATE_OPEN, "about open cases after the last event of the log, when nobody knows what they await"),
        (OUTSIDE, "outside the dates that the contacts are said to cover"),
        (STEPLESS, "about cases without any step"),
        (
            REQUEST,
            "that are the first of their case and within an hour of its arrival, taken for the requests themselves",
        ),
    ):
        if count[fate]:
            told.append(f"Left out: {counted(int(count[fate]), 'contact')} {whose}.")
    if silent:
        told.append(
            f"{counted(silent, 'attempt')} reached nobody; as {rate or 0:.0%} of such attempts are said to be dialled again, "
            f"each counts {significant(1 - (rate or 0))} of a contact."
        )
    return tuple(told)
