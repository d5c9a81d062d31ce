"""Contacts of scenarios where a case awaits two branches side by side, and customers call about both or only one of them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from own_contacts import own_contacts
from streamline.whatif import contact_response
from streamline.whatif.change import Change, Notify, RunInParallel, SelfService
from streamline.whatif.contact_edits import contact_edits
from streamline.whatif.contact_parts import adding_up
from streamline.whatif.estimate import Figure, Proposal, estimate, estimates
from streamline.whatif.queue_model import QueueModel
from streamline.whatif.replay import fit_replay

sys.path.insert(0, str(Path(__file__).parent))
from branched_service import CHANGES, branched, true_changes


def service(seed: int, *, n: int = 1500, together: float = 1.0, again: float = 1.0) -> QueueModel:
    log, contacts = branched(n, np.random.default_rng(seed), together=together, again=again)
    return fit_replay(log, contacts=contacts)


@pytest.fixture(scope="module")
def model() -> QueueModel:
    return service(1, n=4000)


def own(model: QueueModel, *changes: Change) -> np.ndarray:
    """(n_cases,) contacts of the log's own cases at the rates as fitted."""
    work, found = own_contacts(model, *changes)
    return np.bincount(work.cases.pick, weights=found.contacts, minlength=model.log.n_cases)


def told(model: QueueModel, activity: str) -> float:
    """Contacts recorded while the activity was awaited."""
    assert model.contacts is not None
    return float(model.contacts.recorded[model.log.activity_code(activity)])


def test_as_it_is_contacts_are_those_recorded_each_about_one_of_the_steps(model: QueueModel) -> None:
    """0.36, 0.40 and 0.24 of the contacts are about the answer, the check and the decision (errors of 0.017 at the most);
    they add up to all of them."""
    response = model.contacts
    assert response is not None
    assert response.beside is not None
    recorded = response.links.per_case()[response.told].sum()
    assert own(model)[response.told].sum() == pytest.approx(recorded, rel=1e-3)
    assert response.recorded.sum() == pytest.approx(recorded - response.outside[response.told].sum())
    shares = [told(model, a) / recorded for a in ("Answer", "Check", "Decide")]
    assert shares == pytest.approx([0.36, 0.40, 0.24], abs=0.06)


@pytest.mark.parametrize(("together", "again"), [(1.0, 1.0), (1.0, 2.0), (0.5, 1.0)])
def test_estimates_hold_the_truth_of_two_branches(together: float, again: float) -> None:
    """Eight services: at least six intervals of each change hold the truth, and the mean of the estimates lies within four of its
    standard errors; whether calls about both add up or come half as often, and where customers redial."""
    plain = together == again == 1
    true = {n: how.effect for n, how in CHANGES.items()} if plain else true_changes(together=together, again=again)
    found: dict[str, list[Figure]] = {name: [] for name in CHANGES}
    for seed in range(8):
        model = service(seed + 50, together=together, again=again)
        assert model.contacts is not None
        assert not any("several steps" in c for c in model.contacts.caveats)
        proposals = [Proposal(name=name, changes=[how.change]) for name, how in CHANGES.items()]
        for told_of in estimates(model, proposals, draws=40, seed=seed):
            found[told_of.name].append(told_of["contacts_per_case"])
    for name, figures in found.items():
        values = np.array([f.change for f in figures])
        held = sum(f.change_low <= true[name] <= f.change_high for f in figures)
        assert held >= 6, (name, held, true, values)
        assert abs(values.mean() - true[name]) < 4 * values.std(ddof=1) / np.sqrt(len(values)), (name, true, values)


def test_by_the_longer_branch_alone_the_same_changes_are_told_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the check half of its calls stay, as it is hardly ever the longer branch: the interval doesn't hold -0.40."""
    monkeypatch.setattr(contact_response, "BESIDE", 2.0)
    model = service(50)
    assert model.contacts is not None
    assert model.contacts.beside is None
    check = CHANGES["no check"]
    got = estimate(model, [check.change], draws=40)["contacts_per_case"]
    assert got.change_low > check.effect


def test_telling_customers_of_one_branch_leaves_contacts_about_the_other(model: QueueModel) -> None:
    """Of all contacts those about the check go, also those while the answer is awaited beside it; no others (without redials)."""
    assert model.contacts is not None
    model = replace(model, contacts=replace(model.contacts, ratio=1.0))
    before, check = own(model), told(model, "Check")
    silent = own(model, Notify(states=("Check",), by=1.0))
    assert (before - silent).sum() == pytest.approx(check, rel=2e-3)
    served = own(model, SelfService(state="Check", share=1.0, cost=0.0))
    assert (before - served).sum() == pytest.approx(check, rel=2e-3)
    both = own(model, Notify(states=("Check", "Answer"), by=1.0))
    assert (before - both).sum() == pytest.approx(check + told(model, "Answer"), rel=2e-3)


def test_it_is_told_how_often_customers_ask_about_two_steps_at_once() -> None:
    """Half as often as about each alone; then rates and records agree, so there is nothing to say of it."""
    model = service(3, together=0.5, n=3000)
    assert model.contacts is not None
    assert model.contacts.table.fitted.together == pytest.approx(0.5, abs=0.12)
    compared = model.contacts.adding_up(model)
    assert compared is not None
    assert compared.low < 1 < compared.high
    assert not any("several steps" in c for c in model.contacts.caveats)


def test_without_branches_nothing_is_beside(log_of) -> None:
    rows = [
        (f"c{k}", a, 48 * k + h, 48 * k + h + 4) for k in range(30) for h, a in ((8, "In"), (12, "Check"), (16, "Out"))
    ]
    assert contact_response.beside_share(fit_replay(log_of(rows)).paths) == 0.0


def test_steps_that_are_first_awaited_side_by_side_are_said_to_be_unknown(model: QueueModel) -> None:
    """Where branches are on record already, the rates know what customers ask meanwhile."""
    change = RunInParallel(activities=("Answer", "Check"))
    alone = model.contacts
    assert alone is not None
    assert contact_edits(alone, [change]) == []
    ((place, edit),) = contact_edits(replace(alone, beside=None), [change])
    assert place == 0
    assert any("fewer are saved than told" in c for c in edit.caveats)
    assert contact_edits(None, [change]) == []


def test_sum_of_rates_beside_contacts_by_hand() -> None:
    """6 contacts where 3 × 2 are made: 1, and errors of 1, -1 and 0 in cases of 2: 1 ± 1.96 × √2 / 6."""
    got = adding_up(np.array([3.0, 1.0, 2.0]), np.array([2.0, 2.0, 2.0]))
    assert (got.ratio, got.n_contacts) == (1.0, 6.0)
    assert (got.low, got.high) == pytest.approx((1 - 1.95996 * np.sqrt(2) / 6, 1 + 1.95996 * np.sqrt(2) / 6), abs=1e-4)
    assert got.caveat() is None
    many = adding_up(np.full(400, 1.0), np.full(400, 2.0))
    assert "0.50 times as often" in str(many.caveat())
    assert "too large" in str(many.caveat())
    assert "too small" in str(adding_up(np.full(400, 2.0), np.full(400, 1.0)).caveat())
    assert adding_up(np.zeros(3), np.zeros(3)).caveat() is None
