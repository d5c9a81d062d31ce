"""Scenarios at part of their strength: what they would do if each change reached only a share of what is proposed.

The strength of a change is its main value where that counts from nothing: the share of returns prevented, by how much
work gets quicker, how many people come. At a share of its strength this value, and the belief about it, are multiplied
by the share. Other changes (a release, new hours, one team, a step done by machine, an express lane) are made or not
made: they have no strength and stay whole. What a scenario costs a year stays whole as well: a study says what the
whole of it costs.

Each share is replayed in the draws that the whole scenario is replayed in, or the first of them, so that what differs is
the size of the changes; nothing is interpolated, because queues don't answer in proportion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from streamline.errors import ScenarioError
from streamline.measure.duration import LEVEL
from streamline.whatif.change import AddCapacity, Automate, Change, ExpressLane
from streamline.whatif.estimate import Proposal, ScenarioEstimate, estimates
from streamline.whatif.prices import CustomerTime, Prices
from streamline.whatif.queue_model import QueueModel
from streamline.whatif.validate import Validation

#: Kinds whose main value doesn't count from nothing: half of a priority, or of "2 minutes", is no half change.
_WHOLE = (Automate, ExpressLane)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEstimate:
    """What a scenario would do at a share of its strength."""

    #: Above 0 and below 1; the whole scenario has an estimate of its own.
    share: float
    estimate: ScenarioEstimate

    @property
    def percent(self) -> int:
        """The share in percent, as it stands in the ids of findings."""
        return round(100 * self.share)


def has_strength(change: Change) -> bool:
    """Whether the change can be made in part."""
    return bool(change.main) and not isinstance(change, _WHOLE)


def at_share(change: Change, share: float) -> Change:
    """The change at a share of its strength, with the belief about it; one without a strength stays as it is.

    >>> from streamline.whatif.change import Release, SpeedUp
    >>> at_share(SpeedUp(activity="Check", by=0.2, low=0.1, high=0.4), 0.5).belief()
    (0.05, 0.1, 0.2)
    >>> at_share(Release(activity="Approve", every="monday"), 0.5).words()
    'Release Approve every Monday'
    """
    if not has_strength(change):
        return change
    low, likely, high = (share * value for value in change.belief())
    ends = {"low": None if change.low is None else low, "high": None if change.high is None else high}
    return change.model_copy(update={change.main: likely, **ends})


def estimates_in_part(
    model: QueueModel,
    proposals: Sequence[Proposal],
    *,
    shares: Sequence[float],
    standard: str | None = None,
    prices: Prices | None = None,
    customer_time: CustomerTime | None = None,
    draws: int = 200,
    seed: int = 1,
    level: float = LEVEL,
    workers: int = 1,
    validation: Validation | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[tuple[PartEstimate, ...], ...]:
    """Estimate each proposal at each share of its strength; see `estimates` for the other arguments.

    shares : each above 0 and below 1.

    Returns for each proposal its estimates by share, from the smallest; none for one whose changes have no strength.
    Raises ScenarioError for another share, and what `estimates` raises.
    """
    for share in shares:
        if not 0 < share < 1:
            raise ScenarioError(f"A share of a scenario's strength is above 0 and below 1; {share:g} isn't.")
    wanted = [(k, s) for k, p in enumerate(proposals) if any(map(has_strength, p.changes)) for s in sorted(set(shares))]
    if not wanted:
        return tuple(() for _ in proposals)
    found = estimates(
        model,
        [replace(proposals[k], changes=tuple(at_share(c, s) for c in proposals[k].changes)) for k, s in wanted],
        standard=standard, prices=prices, customer_time=customer_time, draws=draws, seed=seed, level=level,
        workers=workers, validation=validation, progress=progress,
    )  # fmt: skip
    made = [
        (k, PartEstimate(share=s, estimate=replace(e, caveats=(*e.caveats, *_caveats(proposals[k])))))
        for (k, s), e in zip(wanted, found, strict=True)
    ]
    return tuple(tuple(part for j, part in made if j == k) for k in range(len(proposals)))


def _caveats(proposal: Proposal) -> list[str]:
    """What a reader must know of a scenario at part of its strength."""
    said = []
    whole = [c.words() for c in proposal.changes if not has_strength(c)]
    if whole:
        said.append(f"Made in full at every strength, because it can't be made in part: {'; '.join(whole)}.")
    if any(isinstance(c, AddCapacity) for c in proposal.changes):
        said.append("A part of a person is replayed as a whole one, in that share of the draws.")
    if proposal.per_year:
        said.append("What the scenario costs a year is counted in full at every strength.")
    return said
