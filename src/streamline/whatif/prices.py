"""What the study pays; a price that isn't given is not monetised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What the study pays."""

    currency: str
    staff_hour: float | None = None
    #: Price of one contact by channel.
    contact: dict[str, float] | None = None
    #: What an hour of a customer's time is worth.
    customer_hour: float | None = None
    #: What running the scenario costs a year.
    scenario_per_year: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerTime:
    """How long responses take customers, as in the agency's estimates of paperwork burden; microseconds each."""

    contact: int | None = None
    #: By activity: one execution of it is one response.
    steps: Mapping[str, int] = field(default_factory=dict)


class ByChannel(Protocol):
    """Contacts whose channels may be known."""

    @property
    def channel_share(self) -> dict[str, float] | None:
        """Share of these contacts by channel; None when channels aren't recorded."""
        ...


def contact_price(prices: Prices | None, contacts: ByChannel | None) -> tuple[float, list[str]]:
    """(mean price of a contact, caveats in words); 0 where prices or channels are not recorded."""
    if prices is None:
        return 0.0, []
    if not prices.contact:
        return 0.0, [] if contacts is None else [
            "The study gives no prices of contacts; they are left out of the cost."
        ]
    if contacts is None:
        return 0.0, ["No contacts are estimated, so they are left out of the cost."]
    if contacts.channel_share is None:
        return 0.0, ["The contact log has no channels, so contacts are not monetised."]
    given = prices.contact
    unpriced = sorted(c for c in contacts.channel_share if c not in given)
    caveats = []
    if unpriced:
        share = sum(contacts.channel_share[c] for c in unpriced)
        caveats.append(
            f"The study gives no price for contacts by {', '.join(unpriced)} ({share:.0%} of the contacts); "
            "they are left out of the cost."
        )
    return sum(s * given.get(c, 0.0) for c, s in contacts.channel_share.items()), caveats
