"""Contacts that came while a case awaited several steps at once: about which of them they were, and whether rates add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from streamline.measure.contacts.beside import Beside
from streamline.measure.contacts.exposure import OpenLife
from streamline.whatif.contact_rates import Effects

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedContacts:
    """The contacts while covered cases awaited several steps, each with these steps."""

    n_activities: int
    #: (contacts,) case and weight of each.
    case: Int64
    weight: Float
    #: (steps,) contact, activity and waiting band; and whether the step is the one of the critical path.
    contact: Int64
    activity: Int64
    band: Int64
    critical: Bool

    def moved(self, effects: Effects, times: Float) -> Float:
        """(activities,): contacts that are about a step beside, and so not about the one of the critical path (negative).

        A contact is about each of the steps in proportion to their rates. times : (cases,) how often each case counts.
        """
        rate = effects.ratios["state"][self.activity] * effects.ratios["waiting"][self.band]
        every = np.bincount(self.contact, weights=rate, minlength=len(self.case))[self.contact]
        share = np.where(every > 0, rate / np.where(every > 0, every, 1.0), self.critical)
        weight = (self.weight * times[self.case])[self.contact]
        found = np.bincount(self.activity, weights=weight * (share - self.critical), minlength=self.n_activities)
        return np.asarray(found, dtype=np.float64)

    def per_case(self, n_cases: int) -> Float:
        """(n_cases,): these contacts by weight."""
        return np.bincount(self.case, weights=self.weight, minlength=n_cases).astype(np.float64)


def shared_contacts(life: OpenLife, beside: Beside, covered: Bool) -> SharedContacts:
    """The contacts about covered cases that fall into stretches beside."""
    n_activities = len(life.links.log.activities)
    mine = np.flatnonzero(covered[life.links.case[beside.link]])
    link, contact = np.unique(beside.link[mine], return_inverse=True)
    on_path, own = life.stretch_of_link[link], beside.stretch[mine]
    state, waiting = life.factor("state").codes[on_path], life.factor("waiting").codes[on_path]
    return SharedContacts(
        n_activities=n_activities,
        case=life.links.case[link],
        weight=life.links.weight[link],
        contact=np.concatenate([np.arange(len(link)), contact]),
        activity=np.concatenate([state, beside.factor("state").codes[own]]),
        band=np.concatenate([waiting, beside.factor("waiting").codes[own]]),
        critical=np.arange(len(link) + len(own)) < len(link),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddingUp:
    """Contacts recorded while cases awaited several steps, over what the rates of these steps, put together, make of it."""

    ratio: float
    low: float
    high: float
    n_contacts: float

    def caveat(self) -> str | None:
        """What a reader must know; None where nothing shows that rates don't add up."""
        if not self.n_contacts or self.low <= 1 <= self.high:
            return None
        fewer = self.ratio < 1
        return (
            f"While cases await several steps at once, customers get in touch {self.ratio:.2f} times as often "
            f"({self.low:.2f} to {self.high:.2f}) as the rates of these steps, put together, make it in estimates. "
            f"What a change of one branch saves or costs in contacts may be told too {'large' if fewer else 'small'} there."
        )


def adding_up(recorded: Float, made: Float, *, level: float = 0.95) -> AddingUp:
    """Compare contacts of cases while they await several steps with what the rates of these steps, put together, make of it.

    recorded, made : (cases,) contacts on record, over the link share, and those that the rates make. The interval allows for any
    dependence within a case; below 0 it ends at 0.
    """
    total = float(made.sum())
    if total <= 0:
        return AddingUp(ratio=float("nan"), low=0.0, high=float("inf"), n_contacts=float(recorded.sum()))
    ratio = float(recorded.sum()) / total
    width = norm.ppf((1 + level) / 2) * float(np.sqrt(((recorded - ratio * made) ** 2).sum())) / total
    return AddingUp(ratio=ratio, low=max(ratio - width, 0.0), high=ratio + width, n_contacts=float(recorded.sum()))
