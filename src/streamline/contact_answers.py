"""Why customers get in touch: all questions about the contacts of a study, each guarded by what the records tell.

Each question has its own measure; this asks them all once. What can't be told is None, and `untold` says why. Of records that
look like steps of the process only numbers are told: why the agency calls is no answer to why customers do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, TypeVar

from streamline.errors import InsufficientDataError
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.measure.contacts.forecast import ContactForecast, contact_forecast
from streamline.measure.contacts.linking import CLOSED_DAYS, LinkedContacts, link_contacts
from streamline.measure.contacts.loop_contacts import LoopContacts, loop_contacts
from streamline.measure.contacts.overdue import OverdueContacts, overdue_contacts
from streamline.measure.contacts.per_case import ContactsPerCase, contacts_per_case
from streamline.measure.contacts.quality import ContactQuality, contact_quality
from streamline.measure.contacts.rates import ContactRates, linked_rates
from streamline.measure.contacts.reasons import WhyTheyCall, why_they_call
from streamline.measure.contacts.repeats import FirstContactResolution, first_contact_resolution
from streamline.measure.contacts.switching import ChannelSwitching, channel_switching

Answer = TypeVar("Answer")

#: A contact this soon after another about the same case comes again: one span for all that is said of repeats.
REPEAT_WITHIN = "3 days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """How the contacts of a study find their cases; as in `link_contacts`."""

    #: Attribute of the cases with the customer's id; it is used for this and for nothing else.
    customer: str | None = None
    ambiguous: Literal["share", "leave"] = "leave"
    redial_rate: float | None = None
    closed_days: int = CLOSED_DAYS
    requests: Literal["count", "leave"] = "count"
    covers: tuple[str, str] | None = None

    def links(self, log: EventLog, contacts: ContactLog, *, whole: EventLog | None = None) -> LinkedContacts:
        """The linked contacts, of a log without the customers' ids."""
        found = link_contacts(
            log, contacts, customer=self.customer, ambiguous=self.ambiguous, redial_rate=self.redial_rate,
            closed_days=self.closed_days, requests=self.requests, covers=self.covers, whole=whole,
        )  # fmt: skip
        return replace(found, log=nameless(log, self.customer))


def nameless(log: EventLog, customer: str | None) -> EventLog:
    """The log without the attribute that says whose case it is: no group of cases is told by it."""
    return log if customer is None else log.without_attributes([customer])


@dataclass(frozen=True, kw_only=True)
class ContactAnswers:
    """The answers about contacts; a field is None where the records can't tell it, and `untold` has its name and why."""

    quality: ContactQuality
    #: None where no contact can be linked; then nothing else is told.
    links: LinkedContacts | None
    #: The same of all cases that were read: for what needs the cases outside the window as well.
    all_links: LinkedContacts | None
    per_case: ContactsPerCase | None
    by_channel: ContactsPerCase | None
    rates: ContactRates | None
    why: WhyTheyCall | None
    resolution: FirstContactResolution | None
    switching: ChannelSwitching | None
    overdue: OverdueContacts | None
    loops: LoopContacts | None
    #: Of all cases that were read.
    forecast: ContactForecast | None
    untold: Mapping[str, str] = field(default_factory=dict)

    @property
    def of_customers(self) -> bool:
        """Whether the records look like contacts of customers, and not like requests or steps of the process."""
        return self.links is not None and self.links.are == "contacts"

    @property
    def n_asking(self) -> int:
        """Cases with a contact."""
        return 0 if self.links is None else int((self.links.per_case() > 0).sum())

    def with_few_cases(self, minimum: int) -> ContactAnswers:
        """The same with nothing but the quality of the records, as what else there is is about too few cases."""
        said = f"Fewer than {minimum} cases have a contact; figures about them are not published."
        return _nothing(self.quality, {"links": said})


def _nothing(quality: ContactQuality, untold: Mapping[str, str]) -> ContactAnswers:
    return ContactAnswers(
        quality=quality, links=None, all_links=None, per_case=None, by_channel=None, rates=None, why=None, resolution=None,
        switching=None, overdue=None, loops=None, forecast=None, untold=untold,
    )  # fmt: skip


def contact_answers(
    whole: EventLog,
    log: EventLog,
    contacts: ContactLog,
    *,
    linking: Linking | None = None,
    standard: str | None = None,
    seed: int = 1,
    read: EventLog | None = None,
) -> ContactAnswers:
    """Ask every question about contacts.

    whole : every case that is told of. log : the counted ones. read : every case that was read, where some are told of nowhere.
    linking : how contacts find their cases; by case id when None.
    standard : the service standard, such as "30 days". seed : of the intervals.

    Raises what `link_contacts` raises but InsufficientDataError: options that the records can't follow.
    """
    how = linking or Linking()
    ask = _Questions()
    everything = whole if read is None else read
    quality = contact_quality(everything, contacts, customer=how.customer)
    links = ask("links", partial(how.links, log, contacts, whole=everything))
    if links is None:
        return _nothing(quality, ask.untold)
    every = how.links(whole, contacts, whole=read)
    rates = ask("rates", partial(linked_rates, links, standard=standard, seed=seed))
    theirs = links.are == "contacts"
    life = None if rates is None or not theirs else rates.life
    return ContactAnswers(
        quality=quality,
        links=links,
        all_links=every,
        per_case=ask("per_case", partial(contacts_per_case, links, seed=seed)),
        by_channel=None
        if log.case_channel is None
        else ask("by_channel", partial(contacts_per_case, links, by="channel", seed=seed)),
        rates=rates,
        why=None if life is None else ask("why", partial(why_they_call, life, seed=seed)),
        resolution=ask("resolution", partial(first_contact_resolution, links, within=REPEAT_WITHIN, seed=seed))
        if theirs
        else None,
        switching=ask("switching", partial(channel_switching, links, seed=seed)) if links.are != "steps" else None,
        overdue=None
        if life is None or standard is None
        else ask("overdue", partial(overdue_contacts, life, seed=seed)),
        loops=ask("loops", partial(loop_contacts, links, seed=seed)) if theirs else None,
        forecast=ask("forecast", partial(contact_forecast, every, standard=standard, seed=seed)) if theirs else None,
        untold=ask.untold,
    )


class _Questions:
    """Asks, and notes why there is no answer where there is none."""

    def __init__(self) -> None:
        self.untold: dict[str, str] = {}

    def __call__(self, name: str, question: Callable[[], Answer]) -> Answer | None:
        try:
            return question()
        except InsufficientDataError as error:
            self.untold[name] = str(error)
            return None
