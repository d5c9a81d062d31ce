"""Contacts of a replay: the fitted rates over the replayed open days.

While a case awaits a step, contacts come at a rate that depends on the step, on how long it has been awaited, on whether
the case is overdue and
on the channel by which it came (`stats.rate_choice`: within cases, so that frequent callers with long cases don't make
waiting look worse than
it is). Each case has a propensity of its own, learned from its contacts: the more contacts than expected, the higher,
drawn towards the mean
as far as one case tells little (gamma, its variance estimated). Contacts before the arrival, and after the end, stay as
they were.

Rates are scaled state by state so that the log's own cases, replayed as they are, bring as many contacts in each state
as were recorded,
divided by the link share: how the contacts fall on the states is observed, and needs no model; the model tells what
waiting longer, being
overdue and the channel do. For a few days after a contact the rate is so many times as high (`stats.repeats`), so a
contact that doesn't come keeps others from coming. Contacts without a case id grow and shrink with the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError, ScenarioError, UnknownNameError, listed
from streamline.kernels.awaiting import contacts_while_awaiting
from streamline.kernels.queues import NEVER, Replayed
from streamline.measure.contacts.exposure import REPEAT_DAYS, OpenLife, open_life
from streamline.measure.contacts.linking import LinkedContacts
from streamline.stats.negative_binomial import negative_binomial_rates
from streamline.stats.net_demand import net_demand
from streamline.stats.rate_choice import RateChoice, chosen_rates
from streamline.stats.rate_model import RateModel
from streamline.stats.repeats import repeats
from streamline.stats.stretches import LEFT_OUT
from streamline.units import DAY
from streamline.whatif.change import Change, Notify, SelfService
from streamline.whatif.queue_model import QueueModel, Workload

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Contacts that rates by state need at least.
ENOUGH = 20
#: Rounds in which the rates' scale and the cases' propensities settle.
ROUNDS = 40
SETTLED = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expected:
    """Contacts about each replayed case, and what those cost that a change moves to where customers serve themselves."""

    contacts: Float
    #: Cost of the contacts moved, by case.
    moved_cost: Float


@dataclass(frozen=True, kw_only=True, eq=False)
class ContactResponse:
    """The rates of a log's contacts, ready for replays."""

    links: LinkedContacts = field(repr=False)
    life: OpenLife = field(repr=False)
    choice: RateChoice = field(repr=False)
    #: Places of the factors' levels for each activity, waiting band, overdue or not; for each case its channel's level.
    _model: RateModel = field(repr=False)
    #: (n_cases,) propensity of each case, mean about 1.
    propensity: Float = field(repr=False)
    #: (n_cases,) contacts before the arrival and after the end, over the link share.
    outside: Float = field(repr=False)
    #: Closed cases that count and whose life the contact log covers.
    covered: Bool = field(repr=False)
    #: For so long after a contact, microseconds, the rate is so many times as high.
    within: int
    ratio: float
    #: For each activity the contacts recorded while covered cases awaited it, over the link share, to what the rates make
    #: of the log's own
    #: cases; 1 where there are none.
    scale: Float
    channel_share: dict[str, float] | None

    @property
    def n_covered(self) -> int:
        """Cases that contacts per case are told of."""
        return int(self.covered.sum())

    @property
    def why(self) -> str:
        """Which rates are used, and why, in words."""
        return self.choice.why

    def rates(self, effects: Float, silent: Float) -> Float:
        """(activities, bands, 2): contacts per open day at these effects, by the reference channel.

        silent : (activities,) rates of levels at which nobody got in touch.
        """
        log = self.links.log
        names = list(self._model.names)
        width, n_bands = len(log.activities), len(self.life.bands) + 1
        total = np.full((width, n_bands, 2), effects[0])
        none = np.zeros((width, n_bands, 2), dtype=np.bool_)
        for axis, name in enumerate(("state", "waiting", "overdue")):
            if name not in names:
                continue
            place = self._model.design.places[names.index(name)][: total.shape[axis]]
            shape = [1, 1, 1]
            shape[axis] = len(place)
            total += np.where(place >= 0, effects[np.maximum(place, 0)], 0.0).reshape(shape)
            none |= (place == LEFT_OUT).reshape(shape)
        return np.where(none, silent[:, None, None], np.exp(total))

    def channel_level(self, effects: Float) -> Float:
        """(n_cases,): the factor of each case's channel."""
        names = list(self._model.names)
        n = self.links.log.n_cases
        if "channel" not in names:
            return np.ones(n)
        place = self._model.design.places[names.index("channel")]
        channel = self.links.log.case_channel
        assert channel is not None
        codes = np.where(channel.codes < 0, len(place) - 1, channel.codes)
        effect = np.where(place >= 0, effects[np.maximum(place, 0)], 0.0)
        return np.asarray(np.exp(effect)[codes], dtype=np.float64)

    def of_replay(
        self,
        work: Workload,
        replayed: Replayed,
        edits: Sequence[tuple[ContactEdit, np.random.Generator]],
        rng: np.random.Generator | None,
    ) -> Expected:
        """Contacts about each replayed case.

        edits : changes that touch contacts, each with the random numbers of its belief. rng : of the rates; the same for
        a draw's replays.
            None takes the fitted rates.
        """
        if rng is None:
            return self._expected(work, replayed, edits, self._model.effects, np.zeros(len(self.scale)), self.scale)
        own = self._model.drawn_effects(rng, draws=1)[0]
        silent = self._silent(rng)
        return self._expected(work, replayed, edits, own, silent, self.scale * self._settled(own, silent))

    def _settled(self, effects: Float, silent: Float) -> Float:
        """(activities,): what keeps the log's own days at as many contacts as recorded, at other effects than those fitted."""
        ours = self._days_by_cell
        mean = (ours * self.rates(effects, silent)).sum(axis=(1, 2))
        fitted = (ours * self.rates(self._model.effects, np.zeros(len(silent)))).sum(axis=(1, 2))
        return np.where((mean > 0) & (fitted > 0), fitted / np.where(mean > 0, mean, 1.0), 1.0)

    def _silent(self, rng: np.random.Generator) -> Float:
        """Rates of levels at which nobody got in touch: drawn from what no contact in their days leaves possible."""
        days = self._days_by_cell.sum(axis=(1, 2))
        return np.where(days > 0, rng.gamma(0.5, size=len(days)) / np.maximum(days, 1e-9), 0.0)

    def _expected(
        self,
        work: Workload,
        replayed: Replayed,
        edits: Sequence[tuple[ContactEdit, np.random.Generator]],
        effects: Float,
        silent: Float,
        scale: Float,
    ) -> Expected:
        rate = self.rates(effects, silent) * scale[:, None, None]
        pick = work.cases.pick
        level = (self.propensity * self.channel_level(effects))[pick]
        moved = np.zeros(len(pick))
        for edit, own in edits:
            share = edit.share(own)
            if edit.cost:
                before = self._over(work, replayed, rate, level)[0]
                moved += edit.cost * (before - self._over(work, replayed, rate * (1 - share), level)[0])
            rate = rate * (1 - share)
        inside, _ = self._over(work, replayed, rate, level)
        return Expected(contacts=inside + self.outside[pick], moved_cost=moved)

    def _over(
        self, work: Workload, replayed: Replayed, rate: Float, level: Float, counts: Bool | None = None
    ) -> tuple[Float, Float]:
        """Contacts of each replayed case at these rates, and of each activity awaited by those that count."""
        due = NEVER if self.life.standard is None else self.life.standard
        edges = np.array([round(e * DAY) for e in self.life.bands], dtype=np.int64)
        counts = np.zeros(len(level), dtype=np.bool_) if counts is None else counts
        per_case, by_activity = contacts_while_awaiting(
            work.offsets, work.join_offsets, work.joined, work.activity, work.arrival, replayed.complete, work.keep,
            rate, edges, due, level, self.ratio, self.within, counts, NEVER,
        )  # fmt: skip
        return per_case, by_activity

    @property
    def rates_of_fit(self) -> Float:
        """(activities, bands, 2): contacts per open day as fitted and scaled."""
        return self.rates(self._model.effects, np.zeros(len(self.scale))) * self.scale[:, None, None]

    @property
    def level_of_fit(self) -> Float:
        """(n_cases,): factor of each case."""
        return self.propensity * self.channel_level(self._model.effects)

    @cached_property
    def _days_by_cell(self) -> Float:
        """(activities, bands, 2): open days of the log's own cases as they were, weighted by their propensity."""
        life, log = self.life, self.links.log
        width, n_bands = len(log.activities), len(life.bands) + 1
        state, waiting, overdue = (life.factor(n).codes for n in ("state", "waiting", "overdue"))
        inside = state < width
        key = (state[inside] * n_bands + waiting[inside]) * 2 + overdue[inside]
        weight = life.days[inside] * self.propensity[life.case[inside]]
        total = np.bincount(key, weights=weight, minlength=width * n_bands * 2)
        return total.astype(np.float64).reshape(width, n_bands, 2)


class ContactEdit:
    """A change of contacts bound to a response: which share of the contacts in each state falls away."""

    def __init__(self, response: ContactResponse, change: Notify | SelfService) -> None:
        log = response.links.log
        self._change = change
        self._share = np.zeros(len(log.activities))
        self.cost = 0.0
        if isinstance(change, Notify):
            states = change.states
            if states is None:
                states = tuple(a for a in log.activities if a not in log.external)
                if not states:
                    raise ScenarioError(
                        "notify: every step waits on the customer, so there is nothing to tell of; name its states."
                    )
            for name in states:
                self._share[log.activity_code(name)] = 1.0
            self.caveats: tuple[str, ...] = ()
        else:
            self.cost = change.cost
            if change.state is not None:
                self._share[log.activity_code(change.state)] = 1.0
            else:
                self._share[:] = _share_of_reason(response.links, str(change.reason))
            self.caveats = (
                "Contacts that customers settle themselves no longer count as contacts; their own cost does.",
            )

    def share(self, rng: np.random.Generator) -> Float:
        """(activities, 1, 1): share of each state's contacts that falls away in this draw; negative where they grow."""
        return (self._share * self._change.drawn(rng))[:, None, None]


def _share_of_reason(links: LinkedContacts, reason: str) -> float:
    """Share of the contacts with a recorded reason that have this one."""
    found = links.codes("reason")
    if found is None:
        raise InsufficientDataError(
            f"{links.contacts.source} records no reasons, so contacts about {reason!r} can't be told."
        )
    codes, names = found
    if reason not in names:
        raise UnknownNameError(what="reason", name=reason, known=names, where=links.contacts.source)
    known = codes >= 0
    return float(links.weight[known & (codes == names.index(reason))].sum() / links.weight[known].sum())


def contact_edits(response: ContactResponse | None, changes: Sequence[Change]) -> list[tuple[int, ContactEdit]]:
    """The edits of contacts among the changes, each with the place of its change.

    Raises InsufficientDataError where the study has no contacts, ScenarioError for two that say different things of one state.
    """
    mine = [(k, c) for k, c in enumerate(changes) if isinstance(c, (Notify, SelfService))]
    if mine and response is None:
        raise InsufficientDataError(
            f"The study has no contacts that rates can be told from, so what {listed([c.kind for _, c in mine])} "
            "would do can't be estimated."
        )
    assert response is not None or not mine
    log = response.links.log if response is not None else None
    told: set[str] = set()
    for _, change in mine:
        if isinstance(change, Notify) and log is not None:
            states = set(change.states or (a for a in log.activities if a not in log.external))
            if twice := sorted(told & states):
                raise ScenarioError(
                    f"Two changes contradict each other: notify of {listed(twice)} more than once in a scenario."
                )
            told |= states
    return [(k, ContactEdit(response, c)) for k, c in mine if response is not None]


def _channel_share(links: LinkedContacts) -> dict[str, float] | None:
    """Share of the linked contacts by channel; None when channels aren't recorded."""
    found = links.codes("channel")
    if found is None:
        return None
    codes, names = found
    count = np.bincount(codes[codes >= 0], weights=links.weight[codes >= 0], minlength=len(names))
    return {c: float(k / max(count.sum(), 1e-9)) for c, k in zip(names, count, strict=True) if k}


def fit_contacts(model: QueueModel, links: LinkedContacts, *, standard: str | None = None) -> ContactResponse:
    """Fit the rates of contacts for the replays of a model.

    links : contacts linked to the model's log. standard : the service standard as a duration: past it a case is overdue.

    Raises InsufficientDataError with fewer than 20 contacts about open cases, or when the contact log covers none of the cases.
    """
    log = links.log
    life = open_life(links, standard=standard, channel=log.case_channel is not None)
    names = [
        "state",
        "waiting",
        *(["overdue"] if standard is not None else []),
        *(["channel"] if log.case_channel is not None else []),
    ]
    every = life.stretches(*names, "recent")
    if int(every.contacts.sum()) < ENOUGH:
        raise InsufficientDataError(
            f"{links.contacts.source} has {int(every.contacts.sum()):,} contacts about open cases; rates by what "
            f"cases await need {ENOUGH}."
        )
    net = net_demand(every, recent="recent")
    choice = chosen_rates(net)
    fitted = choice.model
    covered = links.covered & model.counted
    if not covered.any():
        raise InsufficientDataError(
            f"{links.contacts.source} covers none of the cases that count from arrival to end, so contacts per case "
            "can't be told."
        )
    ratio = repeats(every, recent="recent").ratio[0]
    state = life.factor("state").codes
    awaited = state < len(log.activities)
    within = np.bincount(life.case[awaited], weights=life.contacts[awaited], minlength=log.n_cases)
    beyond = np.bincount(life.case[~awaited], weights=life.contacts[~awaited], minlength=log.n_cases)
    outside = np.where(links.covered, beyond / links.link_share, 0.0)
    if links.covered.any():
        outside[~links.covered] = float(outside[links.covered].mean())
    response = ContactResponse(
        links=links,
        life=life,
        choice=choice,
        _model=fitted,
        propensity=np.ones(log.n_cases),
        within=round(REPEAT_DAYS * DAY),
        ratio=float(ratio) if np.isfinite(ratio) and ratio > 1 else 1.0,
        outside=outside,
        covered=covered,
        scale=np.ones(len(log.activities)),
        channel_share=_channel_share(links),
    )
    spread = negative_binomial_rates(every, by="case")[1].spread
    inside = awaited & covered[life.case]
    recorded = (
        np.bincount(state[inside], weights=life.contacts[inside], minlength=len(log.activities)) / links.link_share
    )
    work = model.workload(model.weeks.own(), np.random.Generator(np.random.PCG64(0)))
    replayed = work.replayed()
    counts = covered[work.cases.pick]
    for k in range(ROUNDS):
        per_case, made = response._over(
            work, replayed, response.rates_of_fit, response.level_of_fit[work.cases.pick], counts
        )
        wanted = np.where(made > 0, recorded / np.where(made > 0, made, 1.0), 1.0)
        response = replace(response, scale=response.scale * wanted)
        if k % 4 == 3 and spread > 0:
            expected = np.zeros(log.n_cases)
            expected[work.cases.pick] = per_case / response.propensity[work.cases.pick] * links.link_share
            response = replace(response, propensity=(1 / spread + within) / (1 / spread + expected))
        elif np.abs(wanted[recorded > 0] - 1).max(initial=0.0) < SETTLED and k > ROUNDS // 2:
            break
    return response
