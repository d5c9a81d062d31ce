"""A service before and after a change: each measure that the records can tell, with the same weeks left out of all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from streamline.errors import InsufficientDataError
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.measure.contacts.known_then import link_share
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.tracking.effect import FEWEST_AFTER, FEWEST_BEFORE, Effect, Foreseen, Verdict, effect_of
from streamline.measure.tracking.weekly import (
    Span,
    WeeklySeries,
    follow_up_days,
    transition_days,
    weekly_arrivals,
    weekly_contacts,
    weekly_cycle_time,
    weekly_share_within,
    whole_weeks,
)
from streamline.units import DAY, counted

#: Weeks after the transition that a shorter follow-up of cycle times isn't worth having more of.
WANTED_AFTER = 8
#: Weeks with fewer cases are left out of means, whatever may be published.
FEWEST_CASES = 5
#: A share of linked contacts that differs by more than this, before and after, makes contacts per case hard to compare.
LINKED_ALIKE = 0.05
#: More or fewer cases a week than before, by more than this share, move waits by more than that: queues grow faster than demand.
DEMAND_ALIKE = 0.1
#: Measures that go down when cases become fewer; the share within the standard goes up.
_DOWN_WITH_DEMAND = ("cycle_time.mean", "contacts_per_case")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrackedService:
    """What changed at a date. Effects are in the order: cycle time, share within the standard, contacts per case."""

    log: EventLog = field(repr=False)
    since: int
    #: Days of arrivals left out before and after the date, and why the latter are as many, in words.
    left_out_before_days: float
    left_out_after_days: float
    transition_from: str
    #: Days up to which a case's cycle time counts, and the share of the cases of before that are closed by then.
    follow_up_days: float
    followed_share: float
    effects: tuple[Effect, ...]
    #: Cases arriving, as a check that demand is what it was; None where it can't be told.
    arrivals: Effect | None
    #: Measures that can't be told, and why.
    untold: Mapping[str, str]
    #: Share of the contacts that could be linked before and after; None without contacts.
    linked: tuple[float, float] | None

    def __getitem__(self, measure: str) -> Effect:
        for effect in self.effects:
            if effect.measure == measure:
                return effect
        raise KeyError(f"{measure!r} isn't tracked; these are: {', '.join(e.measure for e in self.effects)}")

    @property
    def demand(self) -> float:
        """Cases arriving a week after the change, less those before, as a share of the latter; 0 where that can't be told.

        The plain means are compared: what foretells demand well (a drift that goes on) moves queues all the same.
        """
        return 0.0 if self.arrivals is None else self.arrivals.plain / self.arrivals.mean_before

    @property
    def demand_changed(self) -> bool:
        """Whether so many more or fewer cases arrive that waits move with them."""
        return abs(self.demand) > DEMAND_ALIKE

    def verdict(self, effect: Effect) -> Verdict:
        """The change of a measure in words, "can't be told from demand" where demand moves it the same way."""
        change = effect.found.change
        same_way = self.demand * change * (1 if effect.measure in _DOWN_WITH_DEMAND else -1) > 0
        return "can't be told from demand" if effect.clear and self.demand_changed and same_way else effect.verdict

    @property
    def without_season(self) -> bool:
        """Whether the weeks before were too few for a season to be taken out."""
        return any(e.found.waves == 0 for e in self.effects)


def track_service(
    log: EventLog,
    *,
    since: int,
    first: int,
    last: int,
    links: LinkedContacts | None = None,
    calendar: Calendar | None = None,
    standard: int | None = None,
    transition: tuple[float, str] | None = None,
    minimum: int = FEWEST_CASES,
    foreseen: Mapping[str, Foreseen] | None = None,
    level: float = 0.95,
) -> TrackedService:
    """Look for a change at an instant in the weekly series of a service.

    log : the cases that count. since : when the change was made. first, last : whole weeks within these instants are looked at.
    links : contacts linked to this log. calendar : office hours, for cases arriving. standard : microseconds.
    transition : days after `since` whose arrivals are left out, and why so many; by default the time within which nine of ten of
    the cases of before are closed. As long before `since`, cases met the change while they were open, and are left out too.
    minimum : weeks with fewer cases are left out. foreseen : what was estimated, by measure.

    Returns TrackedService. Raises InsufficientDataError when mean cycle time can't be told; other measures are then `untold`.
    """
    told = foreseen or {}
    fewest = max(minimum, FEWEST_CASES)
    earlier = log.arrival < since
    days = transition_days(log, earlier) if transition is None else _lead(log, earlier, transition[0])
    after, words = transition or (days, f"nine of ten cases that arrived before are closed within {days:.0f} days")
    span = Span(
        edges=whole_weeks(log, first, last),
        since=since,
        leave_from=since - int(days * DAY),
        leave_to=since + int(after * DAY),
    )
    _check_span(span, days, after)
    follow_up, share = follow_up_days(log, earlier, span, wanted=WANTED_AFTER, fewest=FEWEST_AFTER)
    series = weekly_cycle_time(log, span, days=follow_up, fewest=fewest)
    try:
        effects = [effect_of(series, told.get(series.measure), level=level)]
    except InsufficientDataError as error:
        raise InsufficientDataError(f"Mean cycle time: {error}") from error
    untold: dict[str, str] = {}

    def tell(series: WeeklySeries) -> Effect | None:
        try:
            return effect_of(series, told.get(series.measure), level=level)
        except InsufficientDataError as error:
            untold[series.measure] = str(error)
            return None

    more = []
    if standard is not None:
        more.append(weekly_share_within(log, span, standard=standard, fewest=fewest))
    if links is not None:
        more.append(weekly_contacts(links, span, days=follow_up, fewest=fewest))
    effects += [e for e in map(tell, more) if e is not None]
    arrivals = tell(weekly_arrivals(log, span, calendar=calendar, fewest=fewest))
    return TrackedService(
        log=log, since=since, left_out_before_days=days, left_out_after_days=after, transition_from=words,
        follow_up_days=follow_up, followed_share=share, effects=tuple(effects), arrivals=arrivals, untold=untold,
        linked=None if links is None else (
            link_share(links, int(span.edges[0]), since), link_share(links, since, int(span.edges[-1]))
        ),
    )  # fmt: skip


def _lead(log: EventLog, earlier: np.typing.NDArray[np.bool_], given: float) -> float:
    """Days of arrivals left out before the change where its transition was given: as long as cases take, else as given."""
    try:
        return transition_days(log, earlier)
    except InsufficientDataError:
        return max(1.0, math.ceil(given))


def _check_span(span: Span, lead: float, after: float) -> None:
    """Refuse a change too near an end of the records, before anything is measured. Raises InsufficientDataError."""
    n_before, n_after = int(span.before.sum()), int(span.after.sum())
    if n_before >= FEWEST_BEFORE and n_after >= FEWEST_AFTER:
        return
    remedy = (
        "Earlier records are needed, in the log or in the study's window."
        if n_before < FEWEST_BEFORE
        else "Wait for later records, or give a shorter transition (--transition '4 weeks')."
    )
    raise InsufficientDataError(
        f"The records hold {counted(n_before, 'whole week')} before the change, once the {lead:.0f} days before it are left out, "
        f"and {n_after} after it, once the {after:.0f} days after it are; {FEWEST_BEFORE} before and {FEWEST_AFTER} after are "
        f"needed. {remedy}"
    )
