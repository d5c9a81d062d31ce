"""Contacts of scenarios: as recorded where nothing changes, by hand for single changes, near the truth where it is known."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from own_contacts import own_contacts
from streamline.errors import InsufficientDataError, ScenarioError, UnknownNameError
from streamline.kernels.awaiting import contacts_while_awaiting
from streamline.whatif.change import Change, Notify, SelfService, ShortenExternal
from streamline.whatif.contact_edits import contact_edits
from streamline.whatif.contact_response import ContactResponse, Expected
from streamline.whatif.draws import OWN, workload_of
from streamline.whatif.estimate import Figure, estimate
from streamline.whatif.prices import Prices
from streamline.whatif.queue_model import QueueModel
from streamline.whatif.replay import fit_replay

sys.path.insert(0, str(Path(__file__).parent))
from called_service import CHANGES, calls, customers, records, true_changes


def service(seed: int = 1, *, n: int = 1200, related: bool = False, again: float = 2.0) -> QueueModel:
    rng = np.random.default_rng(seed)
    of = customers(n, rng, related=related)
    log, contacts = records(of, calls(of, rng, again=again), rng)
    return fit_replay(log, contacts=contacts, standard="30 days")


@pytest.fixture(scope="module")
def model() -> QueueModel:
    return service()


@pytest.fixture(scope="module")
def response(model: QueueModel) -> ContactResponse:
    assert model.contacts is not None
    return model.contacts


def own(model: QueueModel, *changes: Change) -> Expected:
    return own_contacts(model, *changes)[1]


def test_as_it_is_contacts_are_those_recorded(model: QueueModel, response: ContactResponse) -> None:
    """Of the covered cases, over the link share: in all, and of each state."""
    links = response.links
    recorded = links.per_case()[response.told].sum() / links.link_share
    assert links.link_share < 0.95  # some calls carry no case
    assert own(model).contacts[response.told].sum() == pytest.approx(recorded, rel=1e-3)
    got = estimate(model, [], draws=20)["contacts_per_case"]
    assert got.baseline == pytest.approx(recorded / response.told.sum(), rel=1e-3)
    assert got.n == response.told.sum()
    assert (got.change, got.change_low, got.change_high) == (0, 0, 0)


def test_a_change_of_nothing_changes_nothing(model: QueueModel) -> None:
    nothing = [
        Notify(by=0),
        SelfService(state="Decide", share=0, cost=2),
        ShortenExternal(activity="Answer received", by=0),
    ]
    got = estimate(model, nothing, draws=20, standard="30 days", prices=Prices(currency="USD", contact={"phone": 5}))
    assert {f.measure for f in got.figures} >= {"contacts_per_case", "cost_per_year"}
    for f in got.figures:
        assert (f.change, f.change_low, f.change_high) == (0, 0, 0), f


def test_days_by_state_band_and_age_are_those_of_the_open_lives(model: QueueModel, response: ContactResponse) -> None:
    """At a rate of one a day in one cell of the table, a replay as it is brings as many contacts as there were days."""
    table, life = response.table, response.life
    work = workload_of(model, model.weeks.own(), None, seed=1, draw=OWN)
    replayed = work.replayed()
    for name in ("state", "waiting"):
        assert life.factor(name)
    state, band = life.factor("state").codes, life.factor("waiting").codes
    age = life.factor("overdue").codes + (life.factor("age").codes if life.ages else 0)
    closed = response.links.log.closed
    # calls are on record from the first to the last: days outside of that time aren't in the lives
    first, last = response.links.period
    log = response.links.log
    whole = closed & (log.arrival >= first) & (log.last_completion <= last)
    assert whole.sum() > 1000
    cells = [
        (s, b, a)
        for s in range(table.n_activities)
        for b in range(len(table.bands) + 1)
        for a in range(len(table.ages) + 1)
    ]
    some = 0
    for s, b, a in cells:
        rate = np.zeros((table.n_activities, len(table.bands) + 1, len(table.ages) + 1))
        rate[s, b, a] = 1.0
        days, *_ = contacts_while_awaiting(
            work.offsets, work.join_offsets, work.joined, work.activity, work.arrival, replayed.complete, work.keep, rate,
            table.bands, table.ages, np.ones(len(closed)), 1.0, 1, np.ones((table.n_activities, 1)), closed, 2**62,
            False, 1.0,
        )  # fmt: skip
        mine = (state == s) & (band == b) & (age == a)
        expected = np.bincount(life.case[mine], weights=life.days[mine], minlength=len(closed))
        np.testing.assert_allclose(days[whole, 0], expected[whole], atol=1e-6)
        some += bool(expected.any())
    assert some >= 8


def test_self_service_takes_its_share_of_the_contacts_and_costs_what_it_costs(
    model: QueueModel, response: ContactResponse
) -> None:
    """A quarter of those while the decision is awaited, at 2 each; then of the rest a half: 3/8 reach people."""
    decide = response.recorded[response.links.log.activity_code("Decide")]
    before, covered = own(model), response.told
    once = own(model, SelfService(state="Decide", share=0.25, cost=2.0))
    fall = (before.contacts - once.contacts)[covered].sum()
    assert fall == pytest.approx(0.25 * decide, rel=1e-3)
    assert once.moved_cost[covered].sum() == pytest.approx(2 * fall)
    twice = own(
        model, SelfService(state="Decide", share=0.25, cost=2.0), SelfService(state="Decide", share=0.5, cost=1.0)
    )
    assert (before.contacts - twice.contacts)[covered].sum() == pytest.approx(0.625 * decide, rel=1e-3)
    assert twice.moved_cost[covered].sum() == pytest.approx((2 * 0.25 + 1 * 0.375) * decide, rel=1e-3)


def test_self_service_by_reason_takes_the_share_of_that_reason(model: QueueModel, response: ContactResponse) -> None:
    codes, names = response.links.codes("reason")  # type: ignore[misc]
    # closed cases within the time covered: their calls only
    mine = response.told[response.links.case]
    about = (codes[mine] == names.index("papers")).sum() / response.links.link_share
    before, after = own(model), own(model, SelfService(reason="papers", share=1.0, cost=1.0))
    fall = (before.contacts - after.contacts)[response.told].sum()
    assert fall == pytest.approx(about, rel=0.02)  # shares by state are those of all cases, the open ones too
    assert after.moved_cost[response.told].sum() == pytest.approx(fall)


def test_telling_customers_lowers_the_rate_and_may_raise_it(model: QueueModel, response: ContactResponse) -> None:
    """While the decision is awaited; those that don't come bring on no others, so the fall is a little more than 40%."""
    decide = response.recorded[response.links.log.activity_code("Decide")]
    before = own(model).contacts[response.told].sum()
    told = own(model, Notify(states=("Decide",), by=0.4)).contacts[response.told].sum()
    assert 0.40 * decide < before - told < 0.52 * decide
    more = own(model, Notify(states=("Decide",), by=-0.2)).contacts[response.told].sum()
    assert 0.20 * decide < more - before < 0.3 * decide
    silent = own(model, Notify(states=("Decide",), by=1.0)).contacts[response.told].sum()
    assert before - silent >= decide * 0.999
    everything = own(model, Notify(by=0.4)).contacts[response.told].sum()  # all but the answer that is waited for
    assert everything == pytest.approx(told, rel=1e-6)


def test_changes_of_days_and_of_rates_go_together(model: QueueModel, response: ContactResponse) -> None:
    """Half of the days of waiting for the answer, and two fifths fewer contacts while the decision is awaited."""
    shorter, told = ShortenExternal(activity="Answer received", by=0.5), Notify(states=("Decide",), by=0.4)
    both, one, other, before = (
        own(model, *c).contacts[response.told].sum() for c in ((shorter, told), (shorter,), (told,), ())
    )
    assert both < min(one, other) < before
    assert before - both == pytest.approx((before - one) + (before - other), rel=0.08)  # other states, but for redials


def test_frequent_callers_have_higher_propensities(response: ContactResponse) -> None:
    """The variance of the propensity is 0.5 here. What is learned of a case lies between its contacts and the mean."""
    assert 0.25 < response.spread < 0.9
    count = response.links.per_case()
    assert response.propensity[count >= 4].min() > 1 > response.propensity[count == 0].mean()
    assert response.propensity[response.told].mean() == pytest.approx(1.0, abs=0.05)


def test_a_level_without_contacts_isnt_taken_for_one_that_never_has_any(response: ContactResponse) -> None:
    """No contact where 2 were expected leaves a fifth of the usual ratio on average: 0.5 / (0.5 + 2)."""
    table = response.table
    names = list(table.model.names)
    place = table.model.design.places[names.index("state")]
    silent = int(np.flatnonzero(place < -1)[0])
    expected = {**table.expected, "state": np.where(np.arange(len(place)) == silent, 2.0, table.expected["state"])}
    lively = replace(table, expected=expected)
    rng = np.random.default_rng(5)
    drawn = np.array([lively.drawn(rng).ratios["state"][silent] for _ in range(4000)])
    assert drawn.mean() == pytest.approx(0.2 * table.mean["state"], rel=0.1)
    assert np.quantile(drawn, 0.975) > 0.8 * table.mean["state"]
    assert lively.fitted.ratios["state"][silent] == 0
    nobody_knows = replace(table, expected={**table.expected, "state": np.zeros(len(place))})
    assert nobody_knows.drawn(rng).ratios["state"][silent] == table.mean["state"]


def test_names_that_arent_there_are_refused(response: ContactResponse) -> None:
    with pytest.raises(UnknownNameError, match=r"no activity 'Decde'.*Did you mean 'Decide'"):
        contact_edits(response, [Notify(states=("Decde",), by=0.2)])
    with pytest.raises(UnknownNameError, match=r"no reason 'statsu'.*Did you mean 'status'"):
        contact_edits(response, [SelfService(reason="statsu", share=0.2, cost=1)])
    with pytest.raises(UnknownNameError, match="no activity 'Approve'"):
        contact_edits(response, [SelfService(state="Approve", share=0.2, cost=1)])


def test_what_cant_be_estimated_is_refused(response: ContactResponse) -> None:
    with pytest.raises(InsufficientDataError, match="no contacts that rates can be told from"):
        contact_edits(None, [Notify(by=0.2)])
    assert contact_edits(None, []) == []
    with pytest.raises(ScenarioError, match=r"contradict each other: notify of 'Decide' more than once"):
        contact_edits(response, [Notify(by=0.2), Notify(states=("Decide",), by=0.3)])
    with pytest.raises(ValueError, match="share: must be at most 1"):
        SelfService(state="Decide", share=1.2, cost=1)
    log = response.links.log
    waits = replace(response, links=replace(response.links, log=replace(log, external=tuple(log.activities))))
    with pytest.raises(ScenarioError, match="every step waits on the customer"):
        contact_edits(waits, [Notify(by=0.2)])
    unreasoned = replace(
        response, links=replace(response.links, contacts=replace(response.links.contacts, reason=None))
    )
    with pytest.raises(InsufficientDataError, match="records no reasons"):
        contact_edits(unreasoned, [SelfService(reason="status", share=0.5, cost=1)])


def test_telling_customers_where_nobody_calls_is_said_to_change_nothing(response: ContactResponse) -> None:
    ((_, edit),) = contact_edits(response, [Notify(states=("Apply", "Decide"), by=0.2)])
    assert any("'Apply'" in c and "change nothing" in c for c in edit.caveats)
    assert not any("will" in c.split() for c in edit.caveats)


def test_with_few_contacts_nothing_is_told() -> None:
    rng = np.random.default_rng(2)
    of = customers(60, rng, related=False)
    found = [c[:1] if k < 8 else c[:0] for k, c in enumerate(calls(of, rng, again=1.0))]
    log, contacts = records(of, found, rng)
    with pytest.raises(InsufficientDataError, match=r"rates by what cases await need 20"):
        fit_replay(log, contacts=contacts)


def test_intervals_hold_the_truth() -> None:
    """Twelve services of frequent callers with long cases who redial: at least nine intervals of each change hold the
    truth, and the mean of the estimates lies within four of its standard errors. More runs, and other services, are in
    docs/verification/scenario-contacts.md."""
    true = true_changes(related=True, again=2.0, n=60_000)
    told: dict[str, list[Figure]] = {name: [] for name in CHANGES}
    for seed in range(12):
        model = service(seed + 100, related=True)
        for name, (change, _) in CHANGES.items():
            told[name].append(estimate(model, [change], draws=60, seed=seed)["contacts_per_case"])
    for name, found in told.items():
        values = np.array([f.change for f in found])
        held = sum(f.change_low <= true[name] <= f.change_high for f in found)
        assert held >= 9, (name, held, true[name], values)
        assert abs(values.mean() - true[name]) < 4 * values.std() / np.sqrt(len(values)), (name, true[name], values)


def test_contacts_of_a_draw_are_told_of_the_arrivals_that_count_whoever_is_drawn_there(model: QueueModel) -> None:
    """A window leaves out the first half of the arrivals, half of whose cases a draw sets at arrivals inside it."""
    log = model.log
    middle = int(np.median(log.arrival))
    part = log.select(log.arrival >= middle, because="the later half")
    assert model.contacts is not None
    later = fit_replay(part, contacts=model.contacts.links, standard="30 days", whole=log)
    response = later.contacts
    assert response is not None
    assert (response.told == (response.covered & (log.arrival >= middle))).all()
    own_cases = later.weeks.own()
    assert (response.told_of(own_cases) == response.told[own_cases.pick]).all()
    drawn = later.weeks.drawn(np.random.default_rng(3))
    told = response.told_of(drawn)
    inside = (drawn.arrival >= log.arrival[response.told].min()) & (drawn.arrival <= log.arrival[response.told].max())
    assert (told == (inside & response.covered[drawn.pick])).all()
    early = told & (log.arrival[drawn.pick] < middle)
    assert 0.3 < early.sum() / told.sum() < 0.7
    work = workload_of(later, drawn, None, seed=1, draw=3)
    replayed = work.replayed()
    made = response.of_replay(work, replayed, response.rates(work, replayed)).contacts[told].sum()
    recorded = response.links.per_case()[drawn.pick[told]].sum() / response.links.link_share
    assert made == pytest.approx(recorded, rel=2e-3)
