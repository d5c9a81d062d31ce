"""What was known at an earlier instant: the log and the contacts as they stood then, nothing of what came later.

A case had the steps that were completed before that instant, and was closed if one of these ends a case; without any it wasn't
in the log yet, as a case without any isn't now. What an open case
awaited then isn't known: the awaited step is told by its completion, which was still to come. Where the log names no activities
that end a case, a case counts as closed when none of its steps is known to be under way; then only time will tell whether
it really was.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from streamline.log.event_log import EventLog, Labels
from streamline.measure.contacts.fates import AMBIGUOUS, LATE_OPEN, LINKED, NAMELESS, NOT_COUNTED
from streamline.measure.contacts.linking import LinkedContacts
from streamline.units import MISSING_TIME

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


def log_before(log: EventLog, instant: int) -> EventLog:
    """The log as it stood at the instant: steps completed before it, and the cases that had any; open cases are open until it.

    Steps under way then are unfinished ones, where starts are recorded. The names of all activities stay, so that codes do too.
    """
    import pandas as pd

    chosen = log.select(_known_cases(log, instant), because="")
    done = chosen.complete < instant
    case = chosen.case_of_step
    under_way = np.flatnonzero(~done & (chosen.start < instant)) if log.has_start else np.zeros(0, dtype=np.int64)
    under_way = under_way[chosen.start[under_way] != MISSING_TIME]
    earlier = chosen.unfinished
    if len(earlier):
        earlier = earlier[earlier["start"].to_numpy() < instant]
    if len(under_way):
        added = pd.DataFrame(
            {
                "case": case[under_way],
                "activity": np.asarray(log.activities, dtype=object)[chosen.activity[under_way]],
                "start": chosen.start[under_way],
                "row": chosen.row[under_way],
            }
        )
        earlier = pd.concat([earlier, added], ignore_index=True) if len(earlier) else added
    counts = np.bincount(case[done], minlength=chosen.n_cases)
    return replace(
        chosen,
        case_offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        activity=chosen.activity[done],
        start=chosen.start[done],
        complete=chosen.complete[done],
        resource=_kept(chosen.resource, done),
        channel=_kept(chosen.channel, done),
        row=chosen.row[done],
        unfinished=earlier,
        observed_until=instant,
        history=log.history,
    )


def links_before(links: LinkedContacts, instant: int) -> LinkedContacts:
    """The linked contacts as they stood at the instant, of `log_before`; the link share is that of the contacts until then.

    A contact is linked by its case id, or by the cases of its customer that were open at its own instant: neither rests on
    anything later. Contacts about cases that weren't in the log by then are left out.
    """
    log = links.log
    known = _known_cases(log, instant)
    number = np.cumsum(known) - 1
    kept = (links.time < instant) & known[links.case]
    return replace(
        links,
        log=log_before(log, instant),
        n=int(known.sum()),
        place=links.place[kept],
        case=number[links.case[kept]],
        time=links.time[kept],
        weight=links.weight[kept],
        period=(links.period[0], min(links.period[1], instant)),
        link_share=link_share(links, links.period[0], instant),
    )


def link_share(links: LinkedContacts, first: int, last: int) -> float:
    """Of the contacts in [first, last) that are about the log's cases or tell of none, the share that is linked; NaN if none."""
    contacts = links.contacts
    inside = (contacts.time >= first) & (contacts.time < last)
    weight = np.where(contacts.reached_nobody, 1.0 - (links.redial_rate or 0.0), 1.0)[inside]
    fate = links.fate[inside]
    ours = float(weight[np.isin(fate, [*LINKED, NOT_COUNTED, LATE_OPEN])].sum())
    untold = float(weight[np.isin(fate, [NAMELESS, AMBIGUOUS])].sum())
    return ours / (ours + untold) if ours + untold else float("nan")


def _known_cases(log: EventLog, instant: int) -> Bool:
    """Cases that had arrived and had a step completed."""
    known = (log.arrival != MISSING_TIME) & (log.arrival < instant)
    has = np.zeros(log.n_cases, dtype=np.bool_)
    has[log.case_of_step[log.complete < instant]] = True
    return np.asarray(known & has, dtype=np.bool_)


def _kept(labels: Labels | None, keep: Bool) -> Labels | None:
    return None if labels is None else replace(labels, codes=labels.codes[keep])
