"""Contacts of a log's own cases in a replay with some changes, at the rates as fitted."""

from __future__ import annotations

import numpy as np

from streamline.whatif.change import Change
from streamline.whatif.contact_response import Expected
from streamline.whatif.draws import OWN, bind, workload_of
from streamline.whatif.queue_model import QueueModel, Workload


def own_contacts(model: QueueModel, *changes: Change) -> tuple[Workload, Expected]:
    """(what was replayed, contacts of each case)."""
    bound = bind(model, changes)
    before = workload_of(model, model.weeks.own(), None, seed=1, draw=OWN)
    assert model.contacts is not None
    rates = model.contacts.rates(before, before.replayed())
    work = workload_of(model, model.weeks.own(), bound, seed=1, draw=OWN)
    edits = [(e, np.random.default_rng(1)) for _, e in bound.on_contacts]
    return work, model.contacts.of_replay(work, work.replayed(), rates, edits)
