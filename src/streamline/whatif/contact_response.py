"""Contacts of a replay: the fitted rates over the replayed open days.

While a case awaits a step, contacts come at a rate that depends on the step, on how long it has been awaited, on how old
the case is and whether it is overdue, and on the channel by which it came (`stats.rate_choice`: within cases, so that
frequent callers with long cases don't make waiting look worse than it is). Where branches run side by side for more than a
hundredth of the time, the rates of all steps that a case awaits at once are added up, times a ratio where the records tell it
(`stats.adding_up`); elsewhere a case awaits the step of its critical path alone. Each case has a propensity of its own, learned
from its contacts: the more contacts than expected, the higher, drawn towards the mean as far as one case tells little
(gamma, its variance estimated). Contacts before the arrival, and after the end, stay as they were.

Rates are scaled state by state so that the log's own cases, replayed as they are, bring as many contacts in each state as
were recorded, divided by the link share: how the contacts fall on the states is observed, and needs no model; the model
tells what waiting longer, being older or overdue, and the channel do. For a few days after a contact the rate is so many
times as high (`stats.repeats`), so a contact that doesn't come keeps others from coming. Contacts without a case id grow
and shrink with the rest.

A draw takes its ratios from their estimated distribution, and is scaled state by state to the contacts recorded about the
cases that it is made of: replayed as it is, it brings as many. So its contacts vary as those of a resample of cases do,
nothing is uncertain twice, and where a replay as it is makes too long or too short a wait, contacts don't follow it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from streamline.errors import InsufficientDataError
from streamline.kernels.awaiting import contacts_while_awaiting
from streamline.kernels.queues import NEVER, Replayed
from streamline.measure.contacts.beside import Beside, awaited_beside, beside_share, shared_by
from streamline.measure.contacts.exposure import REPEAT_DAYS, OpenLife, open_life
from streamline.measure.contacts.linking import LinkedContacts
from streamline.stats.adding_up import rates_that_add_up
from streamline.stats.negative_binomial import negative_binomial_rates
from streamline.stats.net_demand import net_demand, uneven_redials
from streamline.stats.rate_choice import RateChoice, chosen_rates
from streamline.stats.repeats import repeats
from streamline.units import DAY
from streamline.whatif.contact_parts import AddingUp, SharedContacts, adding_up, shared_contacts
from streamline.whatif.contact_rates import Effects, RateTable, rate_table
from streamline.whatif.giving_up import GivingUp
from streamline.whatif.queue_model import QueueModel, Workload
from streamline.whatif.sample import Cases

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Contacts that rates by state need at least.
ENOUGH = 20
#: Rounds in which the rates' scale and the cases' propensities settle.
ROUNDS, ROUNDS_OF_A_DRAW = 40, 6
SETTLED = 1e-4
UNSETTLED = (
    "Which of several steps awaited at once contacts are about can hardly be told: the rates of these steps have not "
    "settled, and what a change of one of them does to contacts is uncertain."
)
#: From this share of the open time on steps of other branches count that are awaited beside those of the critical path.
BESIDE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """What the contacts of one replay come of; changes edit the arrays in place."""

    #: (activities, bands, ages) contacts per open day.
    rate: Float
    #: (activities, 2) the part of a contact that reaches people, and what the rest costs.
    worth: Float
    #: (2,) the same for contacts before the arrival and after the end.
    outside: Float


class ContactChange(Protocol):
    """A change of contacts, bound to a response."""

    caveats: tuple[str, ...]

    def apply(self, source: Source, rng: np.random.Generator) -> None:
        """Edit what the contacts of a draw come of."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expected:
    """Contacts about each replayed case that reach people, and what those cost that a change moves elsewhere."""

    contacts: Float
    #: Cost of the contacts moved, by case.
    moved_cost: Float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnRates:
    """The rates of one draw."""

    #: (activities, bands, ages) contacts per open day by the reference channel, and (n_cases,) factor of each case.
    rate: Float
    level: Float
    #: For a few days after a contact the rate is so many times as high.
    ratio: float
    #: While several steps are awaited at once, it is so many times the sum of theirs.
    together: float


@dataclass(frozen=True, kw_only=True, eq=False)
class ContactResponse:
    """The rates of a log's contacts, ready for replays."""

    links: LinkedContacts = field(repr=False)
    life: OpenLife = field(repr=False)
    giving_up: GivingUp = field(repr=False)
    choice: RateChoice = field(repr=False)
    table: RateTable = field(repr=False)
    #: (n_cases,) propensity of each case, mean about 1, and its variance.
    propensity: Float = field(repr=False)
    spread: float
    #: (n_cases,) contacts before the arrival and after the end, over the link share.
    outside: Float = field(repr=False)
    #: Closed cases whose life the contact log covers; and those of them that count, which contacts per case are told of.
    covered: Bool = field(repr=False)
    told: Bool = field(repr=False)
    #: For so long after a contact, microseconds, the rate is so many times as high: value, and error of its logarithm.
    within: int
    ratio: float
    ratio_error: float
    #: For each activity the contacts recorded while the cases told of awaited it, over what the rates make of these; 1
    #: where there are none.
    scale: Float = field(repr=False)
    channel_share: dict[str, float] | None
    #: Steps awaited beside those of the critical path; None where hardly any are: then they don't count.
    beside: Beside | None = field(repr=False)
    #: What a reader of estimates must know of these rates.
    caveats: tuple[str, ...]

    @property
    def n_told(self) -> int:
        """Cases that contacts per case are told of."""
        return int(self.told.sum())

    def told_of(self, cases: Cases) -> Bool:
        """Which cases of a replay contacts are told of: those that arrive when the log's own did that they are told of.

        What is drawn to happen at such an arrival may have happened to a case that doesn't count itself: left out, it would leave
        the arrivals to others that are unlike it, such as those of a quieter season.
        """
        first, last = self._span
        return np.asarray((cases.arrival >= first) & (cases.arrival <= last) & self.covered[cases.pick], dtype=np.bool_)

    @cached_property
    def _span(self) -> tuple[int, int]:
        """First and last arrival of the cases that contacts per case are told of."""
        mine = self.links.log.arrival[self.told]
        return int(mine.min()), int(mine.max())

    @property
    def why(self) -> str:
        """Which rates are used, and why, in words."""
        return self.choice.why

    def rates(self, work: Workload, replayed: Replayed, rng: np.random.Generator | None = None) -> DrawnRates:
        """The rates of a draw, at which its replay as it is brings the contacts recorded about its cases.

        work, replayed : the draw as it is. rng : of the rates; None takes those fitted.
        """
        effects = self.table.fitted if rng is None else self.table.drawn(rng)
        ratio = self.ratio if rng is None else self.ratio * float(np.exp(self.ratio_error * rng.standard_normal()))
        counts = self.told_of(work.cases)
        times = np.bincount(work.cases.pick[counts], minlength=self.links.log.n_cases)
        recorded = self._recorded(times.astype(np.float64), effects)
        anchored = self.recorded > 0
        found = DrawnRates(
            rate=self.table.cells(effects) * self.scale[:, None, None],
            level=self.propensity * self._channel_level(effects),
            ratio=ratio,
            together=effects.together,
        )
        worth = np.ones((len(recorded), 1))
        for _ in range(ROUNDS_OF_A_DRAW):
            _, made, _ = self._over(work, replayed, found, worth, counts)
            wanted = np.where(anchored & (made > 0), recorded / np.where(made > 0, made, 1.0), 1.0)
            found = replace(found, rate=found.rate * wanted[:, None, None])
            if np.abs(wanted - 1).max(initial=0.0) < SETTLED:
                break
        return found

    def of_replay(
        self,
        work: Workload,
        replayed: Replayed,
        rates: DrawnRates,
        edits: Sequence[tuple[ContactChange, np.random.Generator]] = (),
    ) -> Expected:
        """Contacts about each replayed case.

        rates : of the draw, the same for all its replays. edits : changes that touch contacts, each with the random
        numbers of its belief.
        """
        source = Source(
            rate=rates.rate.copy(),
            worth=np.tile([1.0, 0.0], (len(self.scale), 1)),
            outside=np.array([1.0, 0.0]),
        )
        for edit, own in edits:
            edit.apply(source, own)
        pick = work.cases.pick
        nobody = np.zeros(len(pick), dtype=np.bool_)
        found, _, _ = self._over(work, replayed, replace(rates, rate=source.rate), source.worth, nobody)
        found += self.outside[pick][:, None] * source.outside
        return Expected(contacts=found[:, 0], moved_cost=found[:, 1])

    def _over(
        self, work: Workload, replayed: Replayed, rates: DrawnRates, worth: Float, counts: Bool
    ) -> tuple[Float, Float, Float]:
        """What contacts of each replayed case count for, contacts by activity awaited of those that count, and contacts of each
        case while it awaited several."""
        return self._at(work, replayed.complete, rates, worth, counts)

    def _at(
        self, work: Workload, complete: Int64, rates: DrawnRates, worth: Float, counts: Bool
    ) -> tuple[Float, Float, Float]:
        """The same for steps that are complete at these instants."""
        per_case, by_activity, together = contacts_while_awaiting(
            work.offsets, work.join_offsets, work.joined, work.activity, work.arrival, complete, work.keep,
            rates.rate, self.table.bands, self.table.ages, rates.level[work.cases.pick], rates.ratio, self.within, worth,
            counts, NEVER, self.beside is not None, rates.together,
        )  # fmt: skip
        return per_case, by_activity, together

    def _channel_level(self, effects: Effects) -> Float:
        """(n_cases,): the factor of each case's channel."""
        channel = self.links.log.case_channel
        if "channel" not in effects.ratios or channel is None:
            return np.ones(self.links.log.n_cases)
        ratio = effects.ratios["channel"]
        return np.asarray(ratio[np.where(channel.codes < 0, len(ratio) - 1, channel.codes)], dtype=np.float64)

    def _recorded(self, times: Float, effects: Effects) -> Float:
        """(activities,): contacts recorded while covered cases awaited each, over the link share.

        times : of each case. effects : of the rates, which tell what contacts are about while several steps are awaited.
        """
        state, case, contacts = self._awaiting
        weights = contacts * times[case]
        total = np.bincount(state, weights=weights, minlength=self.table.n_activities).astype(np.float64)
        if self._shared is not None:
            total = np.maximum(total + self._shared.moved(effects, times), 0.0)
        return total / self.links.link_share

    @cached_property
    def recorded(self) -> Float:
        """(activities,): contacts recorded while the cases that they are told of awaited each, over the link share."""
        return self._recorded(self.told.astype(np.float64), self.table.fitted)

    @cached_property
    def _shared(self) -> SharedContacts | None:
        """Contacts while covered cases awaited several steps at once."""
        return None if self.beside is None else shared_contacts(self.life, self.beside, self.covered)

    def adding_up(self, model: QueueModel) -> AddingUp | None:
        """How contacts while several steps were awaited compare with the sum of their rates; None where these don't count."""
        if self._shared is None:
            return None
        work = model.workload(model.weeks.own(), np.random.Generator(np.random.PCG64(0)))
        fitted, pick = self.table.fitted, work.cases.pick
        rates = DrawnRates(
            rate=self.table.cells(fitted) * self.scale[:, None, None],
            level=self.propensity * self._channel_level(fitted),
            ratio=self.ratio,
            together=fitted.together,
        )
        worth = np.ones((len(self.scale), 1))
        counts = self.told[pick] & ~np.isin(pick, model.giving_up.case)
        _, _, together = self._at(work, self.links.log.complete[work.step], rates, worth, counts)
        recorded = self._shared.per_case(self.links.log.n_cases) / self.links.link_share
        return adding_up(recorded[pick[counts]], together[counts])

    def replayed_as(self, state: Int64, case: Int64) -> Int64:
        """What a replay has cases await that on record await these: the step that they gave up on instead of the end."""
        gave_up = self.giving_up
        if not len(gave_up.case):
            return state
        activity = self.links.log.activity
        end, onward = (np.full(self.links.log.n_cases, -1, dtype=np.int64) for _ in range(2))
        end[gave_up.case], onward[gave_up.case] = activity[gave_up.end], activity[gave_up.onward]
        return np.where(state == end[case], onward[case], state)

    @cached_property
    def _awaiting(self) -> tuple[Int64, Int64, Float]:
        """Stretches with contacts in which covered cases await a step: state, case, contacts."""
        life = self.life
        state = self.replayed_as(life.factor("state").codes, life.case)
        mine = np.flatnonzero((state < self.table.n_activities) & self.covered[life.case] & (life.contacts > 0))
        return state[mine], life.case[mine], life.contacts[mine]


def fit_contacts(model: QueueModel, links: LinkedContacts, *, standard: str | None = None) -> ContactResponse:
    """Fit the rates of contacts for the replays of a model.

    links : contacts linked to the model's log. standard : the service standard as a duration: past it a case is overdue.

    Raises InsufficientDataError with fewer than 20 contacts about open cases, or when the contact log covers none of the
    cases.
    """
    log = links.log
    with_channel = log.case_channel is not None
    life = open_life(links, standard=standard, age=True, channel=with_channel)
    told = [("overdue", standard is not None), ("age", bool(life.ages)), ("channel", with_channel)]
    names = ("state", "waiting", *(name for name, there in told if there))
    every = life.stretches(*names, "recent")
    if int(every.contacts.sum()) < ENOUGH:
        raise InsufficientDataError(
            f"{links.contacts.source} has {int(every.contacts.sum()):,} contacts about open cases; rates by what cases "
            f"await need {ENOUGH}."
        )
    told_cases = links.covered & model.counted
    if not told_cases.any():
        raise InsufficientDataError(
            f"{links.contacts.source} covers none of the cases that count from arrival to end, so contacts per case can't "
            "be told."
        )
    net = net_demand(every, recent="recent")
    beside = awaited_beside(life, model.paths) if beside_share(model.paths) >= BESIDE else None
    rows, unsettled = net, False
    if beside is None:
        choice = chosen_rates(net)
    else:
        whole = every.contacts.astype(np.float64)
        added = rates_that_add_up(net, beside.stretches(*names), shared_by(life, beside), whole=whole)
        choice, rows, unsettled = added.choice, added.stretches, not added.settled
    ratio, low, high = repeats(every, recent="recent").ratio
    told_apart = bool(np.isfinite(high) and low > 0 and ratio > 1)
    uneven = uneven_redials(net)
    response = ContactResponse(
        links=links,
        life=life,
        giving_up=model.giving_up,
        choice=choice,
        table=rate_table(choice.model, life, rows),
        propensity=np.ones(log.n_cases),
        spread=negative_binomial_rates(every, by="case")[1].spread,
        outside=_outside(links, life),
        covered=links.covered,
        told=told_cases,
        within=round(REPEAT_DAYS * DAY),
        ratio=ratio if told_apart else 1.0,
        ratio_error=float(np.log(high / low) / (2 * norm.ppf(0.975))) if told_apart else 0.0,
        scale=np.ones(len(log.activities)),
        channel_share=_channel_share(links),
        beside=beside,
        caveats=tuple(c for c in (uneven, UNSETTLED if unsettled else None) if c is not None),
    )
    response = _anchored(response, model)
    compared = response.adding_up(model)
    apart = None if compared is None else compared.caveat()
    return response if apart is None else replace(response, caveats=(*response.caveats, apart))


def _anchored(response: ContactResponse, model: QueueModel) -> ContactResponse:
    """Scale the rates, and learn the propensities, until the log's own cases bring what was recorded."""
    links, life = response.links, response.life
    awaited = life.factor("state").codes < response.table.n_activities
    own = np.bincount(life.case[awaited], weights=life.contacts[awaited], minlength=links.log.n_cases)
    work = model.workload(model.weeks.own(), np.random.Generator(np.random.PCG64(0)))
    replayed, pick = work.replayed(), work.cases.pick
    counts, recorded = response.told[pick], response.recorded
    worth = np.ones((len(recorded), 1))
    fitted, together = response.table.cells(response.table.fitted), response.table.fitted.together
    channel = response._channel_level(response.table.fitted)
    for k in range(ROUNDS):
        rates = DrawnRates(
            rate=fitted * response.scale[:, None, None],
            level=response.propensity * channel,
            ratio=response.ratio,
            together=together,
        )
        per_case, made, _ = response._over(work, replayed, rates, worth, counts)
        wanted = np.where(made > 0, recorded / np.where(made > 0, made, 1.0), 1.0)
        response = replace(response, scale=response.scale * wanted)
        if k % 4 == 3 and response.spread > 0:
            expected = np.zeros(links.log.n_cases)
            expected[pick] = per_case[:, 0] / response.propensity[pick] * links.link_share
            shape = 1 / response.spread
            response = replace(response, propensity=(shape + own) / (shape + expected))
        elif np.abs(wanted[recorded > 0] - 1).max(initial=0.0) < SETTLED and (k > ROUNDS // 2 or not response.spread):
            break
    return response


def _outside(links: LinkedContacts, life: OpenLife) -> Float:
    """(n_cases,): contacts before the arrival and after the end; the mean of the others for cases not covered."""
    beyond = life.factor("state").codes >= len(links.log.activities)
    found = np.bincount(life.case[beyond], weights=life.contacts[beyond], minlength=links.log.n_cases)
    result = found.astype(np.float64) / links.link_share
    if links.covered.any():
        result[~links.covered] = float(result[links.covered].mean())
    return result


def _channel_share(links: LinkedContacts) -> dict[str, float] | None:
    """Share of the linked contacts by channel; None when channels aren't recorded."""
    found = links.codes("channel")
    if found is None:
        return None
    codes, names = found
    count = np.bincount(codes[codes >= 0], weights=links.weight[codes >= 0], minlength=len(names))
    return {c: float(k / max(count.sum(), 1e-9)) for c, k in zip(names, count, strict=True) if k}
