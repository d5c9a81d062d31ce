"""What changes of contacts do to the contacts of a replay.

`notify` changes the rate at which customers get in touch. `self_service` leaves it as it is: that share of the contacts
goes to another channel, where people aren't needed; contacts per case are those that still reach people.

Both are about steps, not about moments: where a case awaits two steps side by side and rates add up, telling customers of one
of them changes only the part of the rate that is its own. They go on asking about the other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError, ScenarioError, UnknownNameError, listed
from streamline.log.event_log import EventLog
from streamline.whatif.change import Change, Notify, RunInParallel, SelfService
from streamline.whatif.contact_response import ContactChange, ContactResponse, Source

Float = npt.NDArray[np.float64]

#: A state's own share of a reason is told from so many contacts with a reason; else it is that of all states.
ENOUGH_REASONS = 50


class NotifyEdit:
    """Customers are told how far their case is: while these steps are awaited, contacts come at another rate."""

    def __init__(self, response: ContactResponse, change: Notify) -> None:
        log = response.links.log
        self._change = change
        self._told = np.zeros(len(log.activities))
        states = told_states(log, change)
        self._told[[log.activity_code(name) for name in states]] = 1.0
        silent = [s for s in change.states or () if not response.recorded[log.activity_code(s)]]
        self.caveats: tuple[str, ...] = ()
        if silent:
            self.caveats = (
                f"Nobody is on record as getting in touch while {listed(silent)} was awaited, so telling customers there "
                "is taken to change nothing.",
            )

    def apply(self, source: Source, rng: np.random.Generator) -> None:
        """Edit the rates of a draw."""
        source.rate[:] *= (1.0 - self._told * self._change.drawn(rng))[:, None, None]


class NewBranches:
    """Steps come to be awaited side by side that never were: the rates stay, and it is said what they don't know."""

    caveats: tuple[str, ...] = (
        "No steps are awaited side by side in the records for long, so they don't show what customers ask who await several. "
        "Contacts are told of the one that is waited for longest; if customers ask about the others too, fewer are saved than "
        "told.",
    )

    def apply(self, source: Source, rng: np.random.Generator) -> None:
        """Leave the contacts of a draw as they are."""


class SelfServiceEdit:
    """A share of the contacts moves to where customers serve themselves, each at a cost.

    Where a reason's share in each state is looked up, a contact while several steps were awaited is in that of the critical path.
    """

    def __init__(self, response: ContactResponse, change: SelfService) -> None:
        log = response.links.log
        self._change = change
        width = len(log.activities)
        #: Share of the contacts in each state, and of those outside the open life, that the change is about.
        self._about, self._outside = np.zeros(width), 0.0
        if change.state is not None:
            self._about[log.activity_code(change.state)] = 1.0
        else:
            self._about, self._outside = _shares_of_reason(response, str(change.reason))
        self.caveats: tuple[str, ...] = (
            "Contacts per case are those that reach people: contacts that customers settle themselves no longer count, "
            "and cost what the study says of them. As many customers are taken to get in touch as before.",
        )

    def apply(self, source: Source, rng: np.random.Generator) -> None:
        """Edit what contacts of a draw count for."""
        share = self._change.drawn(rng)
        for own, about in ((source.worth, share * self._about), (source.outside, share * self._outside)):
            own[..., 1] += self._change.cost * about * own[..., 0]
            own[..., 0] *= 1.0 - about


def told_states(log: EventLog, change: Notify) -> tuple[str, ...]:
    """The states that a `notify` is about: those named, else all that don't wait on the customer or a third party."""
    if change.states is not None:
        return tuple(dict.fromkeys(change.states))
    states = tuple(a for a in log.activities if a not in log.external)
    if not states:
        raise ScenarioError(
            "notify: every step waits on the customer or a third party, so there is nothing to tell of; name its states."
        )
    return states


def _shares_of_reason(response: ContactResponse, reason: str) -> tuple[Float, float]:
    """Share of the contacts about this reason, among those with a recorded one: by state, and outside the open life."""
    links = response.links
    found = links.codes("reason")
    if found is None or not (found[0] >= 0).any():
        raise InsufficientDataError(
            f"{links.contacts.source} records no reasons, so contacts about {reason!r} can't be told."
        )
    codes, names = found
    if reason not in names:
        raise UnknownNameError(what="reason", name=reason, known=names, where=links.contacts.source)
    width = len(links.log.activities)
    state = np.minimum(response.life.factor("state").codes[response.life.stretch_of_link], width)
    known = codes >= 0
    every = np.bincount(state[known], weights=links.weight[known], minlength=width + 1)
    mine = codes == names.index(reason)
    about = np.bincount(state[mine], weights=links.weight[mine], minlength=width + 1)
    share = np.full(width + 1, about.sum() / every.sum())
    enough = every >= ENOUGH_REASONS
    share[enough] = about[enough] / every[enough]
    return share[:width], float(share[width])


def contact_edits(response: ContactResponse | None, changes: Sequence[Change]) -> list[tuple[int, ContactChange]]:
    """The edits of contacts among the changes, each with the place of its change.

    Raises InsufficientDataError where the study has no contacts, or these have no reasons; UnknownNameError for states
    and reasons that aren't there; ScenarioError for two changes that say different things of one state.
    """
    new: list[tuple[int, ContactChange]] = []
    if response is not None and response.beside is None:
        new = [(k, NewBranches()) for k, c in enumerate(changes) if isinstance(c, RunInParallel)]
    mine = [(k, c) for k, c in enumerate(changes) if isinstance(c, (Notify, SelfService))]
    if not mine:
        return new
    if response is None:
        raise InsufficientDataError(
            f"The study has no contacts that rates can be told from, so what {listed([c.kind for _, c in mine])} "
            "would do can't be estimated."
        )
    told: set[str] = set()
    edits: list[tuple[int, ContactChange]] = new
    for k, change in mine:
        if isinstance(change, SelfService):
            edits.append((k, SelfServiceEdit(response, change)))
            continue
        edits.append((k, NotifyEdit(response, change)))
        states = set(told_states(response.links.log, change))
        if told & states:
            raise ScenarioError(
                f"Two changes contradict each other: notify of {listed(sorted(told & states))} more than once in a "
                "scenario."
            )
        told |= states
    return edits
