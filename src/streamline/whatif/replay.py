"""The replay, ready for estimates: a log's queues, and how contacts follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from streamline.errors import InsufficientDataError
from streamline.log.calendar import Calendar
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.kinds import check_log
from streamline.measure.contacts.linking import LinkedContacts, link_contacts
from streamline.measure.waits.path import ConcurrencyRule
from streamline.progress import told_if_slow
from streamline.whatif.contact_response import fit_contacts
from streamline.whatif.queue_model import Bool, QueueModel, fit_queues


@told_if_slow("fitting the replay")
def fit_replay(
    log: EventLog,
    *,
    contacts: ContactLog | LinkedContacts | None = None,
    calendar: Calendar | None = None,
    pools: Mapping[str, Sequence[str]] | None = None,
    standard: str | None = None,
    whole: EventLog | None = None,
    rule: ConcurrencyRule | None = None,
) -> QueueModel:
    """Make a log ready for estimates.

    log : the cases that figures are told of. whole : the log before it was filtered by arrival; its other cases fill the queues.
    contacts : when given, estimates include contacts; linked by case id, or linked already to the whole log.
    calendar : office hours; discovered for each resource without. pools : names of pools with patterns of resource names.
    standard : the service standard as a duration: contacts of overdue cases have a rate of their own.

    Returns a QueueModel; what is assumed, and what the records can't carry, is in its `caveats`, and `validation` tells
    how well it reproduces the log. Raises InsufficientDataError when no case is closed, no contact names a case, or the
    log was filtered and `whole` isn't given.
    """
    check_log(log)
    if not log.closed.any():
        raise InsufficientDataError(f"{log.source}: none of {log.n_cases:,} cases is closed; nothing to replay.")
    if whole is None and log.history:
        raise InsufficientDataError(
            f"{log.source} was filtered ({'; '.join(log.history)}), so the cases that waited beside these aren't in "
            "it and its queues would be "
            "too short. Pass the log before it was filtered as `whole`."
        )
    everything = log if whole is None else whole
    model = fit_queues(
        everything,
        calendar=calendar,
        pools=pools,
        counted=None if whole is None else _counted(log, everything),
        rule=rule,
    )
    if contacts is None:
        return model
    links = contacts if isinstance(contacts, LinkedContacts) else link_contacts(everything, contacts)
    response = fit_contacts(model, links, standard=standard)
    return replace(model, contacts=response, caveats=(*model.caveats, *response.caveats))


def _counted(log: EventLog, whole: EventLog) -> Bool:
    """Which cases of the whole log are those of the filtered one."""
    import pyarrow.compute as pc

    inside = pc.is_in(whole.case_ids, value_set=log.case_ids)
    return np.asarray(inside.to_numpy(zero_copy_only=False), dtype=np.bool_)
