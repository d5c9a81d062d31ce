"""The check of the replay against what happened: no error where there is none, and a plain verdict where there is."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from simple_service import MINUTE, Case, Person, Step, arrivals_in, frame_of, serve, weekdays

from streamline.log.calendar import Calendar
from streamline.log.read import read_log
from streamline.whatif.queue_model import fit_queues
from streamline.whatif.validate import DECISIONS, DIRECTION, FEWEST, HeldOut, validated

OFFICE = Calendar(hours={"mon-fri": "08:00-17:00"})
N = 600


def minutes(rng, mean):
    return MINUTE + int(rng.expovariate(1 / (mean * MINUTE)))


@pytest.fixture(scope="module")
def log():
    """Two who check, one who decides, first come, first served; twelve weeks at two thirds of their time."""
    rng = random.Random(4)
    cases = [
        Case(f"c{k}", at, [Step("Check", minutes(rng, 70)), Step("Decide", minutes(rng, 35), after=(0,))])
        for k, at in enumerate(arrivals_in(weekdays(12), N, rng))
    ]
    hours = weekdays(30)
    serve(cases, [Person(p, (a,), hours) for p, a in (("ann", "Check"), ("amy", "Check"), ("bob", "Decide"))])
    return read_log(
        frame_of(cases), case="case", activity="activity", start="start", complete="complete", resource="person",
        arrival="arrived", timezone="UTC",
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(log):
    return fit_queues(log, calendar=OFFICE)


def refit(log):
    return lambda chosen: fit_queues(log.select(chosen, because="the earlier part"), calendar=OFFICE)


def short_of(model, people):
    """The model with more people, or fewer, than there are."""
    teams = tuple(replace(t, size=t.size + people) for t in model.staffing.teams)
    return replace(model, staffing=replace(model.staffing, teams=teams))


def row(found, measure, part):
    mine = found.table[(found.table["measure"] == measure) & (found.table["part"] == part)]
    assert len(mine) == 1
    return mine.iloc[0]


def test_a_service_that_is_what_the_replay_takes_it_for_has_no_error(model, log):
    found = validated(model)
    for measure in ("cycle_time.mean", "cycle_time.median", "cycle_time.p90"):
        at = row(found, measure, "as it is")
        assert at["error"] == 0
        assert at["observed"] == at["replayed"] > 0
    assert row(found, "cycle_time.distance", "as it is")["replayed"] == 0
    assert (found.waits["observed_hours"] == found.waits["replayed_hours"]).all()
    assert found.waits["n_steps"].tolist() == [N, N]
    assert (found.cases["cycle_days"] == found.cases["cycle_days_replayed"]).all()
    assert found.n == len(found.cases) == N
    assert found.error == found.excess_error == 0


def test_observed_figures_are_the_logs(model, log):
    days = (log.last_completion - log.arrival) / 86_400e6
    found = validated(model)
    assert row(found, "cycle_time.mean", "as it is")["observed"] == pytest.approx(days.mean())
    assert row(found, "cycle_time.p90", "as it is")["observed"] == pytest.approx(np.quantile(days, 0.9))
    wait = {str(a): float(h) for a, h in zip(found.waits["activity"], found.waits["observed_hours"], strict=True)}
    for name in ("Check", "Decide"):
        mine = log.activity == log.activity_code(name)
        assert wait[name] == pytest.approx((log.start - model.paths.enabled)[mine].mean() / 3.6e9)


def test_without_a_part_held_out_it_is_fit_for_direction_at_most(model):
    found = validated(model)
    assert found.held_out is None
    assert found.verdict == "fit for direction only"
    assert "off by 0.0%" in found.why
    assert found.why.endswith("A later part can't be held out: The staff can't be learned from a part of the log.")


def test_a_later_part_is_told_from_the_earlier_one(model, log):
    found = validated(model, refit=refit(log), replays=8)
    later = found.held_out
    assert (later.n_earlier, later.n_later) == (int(0.7 * N), N - int(0.7 * N))
    days = (log.last_completion - log.arrival) / 86_400e6
    assert later.observed == pytest.approx(days[int(0.7 * N) :])  # cases lie by arrival
    assert later.shift == pytest.approx(days[: int(0.7 * N)])
    assert len(later.replayed) <= 8 * later.n_later
    assert found.error == abs(later.error)
    at = row(found, "cycle_time.mean", "held out")
    assert at["error"] == pytest.approx(later.error)
    assert at["shift"] == at["no_change"] == pytest.approx(later.shift.mean())
    # the same service, other cases: off by no more than by chance, four times its standard deviation
    assert abs(later.error) < 4 * later.chance
    again = validated(model, refit=refit(log), replays=8)
    assert (again.held_out.replayed == later.replayed).all()


def test_the_model_validates_itself_once(model):
    assert model.validation is model.validation
    assert model.validation.held_out is not None


@pytest.mark.parametrize("people", [2, 30])
def test_people_who_are_not_there_make_it_unfit(model, people):
    """With two more people than there are hardly anybody waits in the replay, which is far from what happened."""
    found = validated(short_of(model, people))
    assert found.verdict == "not fit"
    assert row(found, "cycle_time.mean", "as it is")["error"] < -0.25
    assert found.error == pytest.approx(-row(found, "cycle_time.mean", "as it is")["error"])


def test_too_few_cases_to_hold_out(model, log):
    n = int(FEWEST / 0.3) - 6
    chosen = np.arange(N) < n
    part = log.select(chosen, because="the first")
    found = validated(fit_queues(part, calendar=OFFICE), refit=refit(part))
    assert found.held_out is None
    assert f"{int(0.7 * n)} closed cases in its first 70% and {n - int(0.7 * n)} closed cases after that" in found.why
    assert f"either part needs {FEWEST} to be compared" in found.why


def held_out(observed, replayed, shift=(1.0,), chance=0.0):
    return HeldOut(n_earlier=1, n_later=len(observed), observed=np.array(observed), replayed=np.array(replayed),
                   shift=np.array(shift), chance=chance)  # fmt: skip


def test_errors_and_distances_by_hand():
    """Days 1, 2, 3 were replayed as 2, 3, 7: each in order is off by 1, 1 and 4 days, two days on average; the mean 4
    instead of 2."""
    found = held_out([1.0, 2.0, 3.0], [7.0, 2.0, 3.0], shift=[1.0, 2.0, 6.0])
    assert found.error == 1.0
    assert found.distance_hours == pytest.approx(48)
    assert found.shift_distance_hours == pytest.approx(24)


@pytest.mark.parametrize(
    ("error", "chance", "excess"), [(0.05, 0.03, 0.04), (0.03, 0.05, 0.0), (-0.13, 0.05, 0.12), (0.1, 0.0, 0.1)]
)
def test_what_chance_explains_is_taken_off_the_error(model, error, chance, excess):
    found = replace(validated(model), held_out=held_out([1.0], [1 + error], chance=chance))
    assert found.error == pytest.approx(abs(error))
    assert found.excess_error == pytest.approx(excess)


def test_the_worst_error_decides(model, log, monkeypatch):
    """Up to a tenth off: fit for decisions; up to a quarter, for direction; else not fit. Held out, and as it is."""
    import streamline.whatif.validate as module

    said = {}
    for error in (0.09, 0.11, -0.24, 0.26):
        later = held_out([1.0], [1 + error])
        monkeypatch.setattr(module, "_held_out", lambda *_, later=later: later)
        said[error] = validated(model, refit=refit(log)).verdict
    assert list(said.values()) == ["fit for decisions", "fit for direction only", "fit for direction only", "not fit"]
    assert (DECISIONS, DIRECTION) == (0.10, 0.25)
    monkeypatch.setattr(module, "_held_out", lambda *_: held_out([1.0], [1.0]))
    assert validated(short_of(model, 2), refit=refit(log)).verdict == "not fit"


def test_open_cases_and_those_that_do_not_count_are_left_out(log):
    counted = np.arange(N) >= 100
    found = validated(fit_queues(log, calendar=OFFICE, counted=counted))
    assert found.n == N - 100
    assert found.excluded == {"open, or not counted": 100}
    assert found.waits["n_steps"].tolist() == [N - 100, N - 100]
    assert row(found, "cycle_time.mean", "as it is")["error"] == 0


def test_a_replay_that_keeps_most_waiting_is_no_proof_of_queues(log_of):
    """Everybody is free whenever a step waits: all waiting is kept, so that the replay is right by itself proves nothing."""
    rows = [
        row
        for k in range(200)
        for row in (
            (f"c{k}", "In", 10.0 * k, 10.0 * k + 0.5, "ann"),
            (f"c{k}", "Out", 10.0 * k + 5, 10.0 * k + 6, "bob"),
        )
    ]
    model = fit_queues(log_of(rows), calendar=Calendar(hours={"mon-sun": "00:00-24:00"}))
    found = model.validation
    assert found.kept_share == pytest.approx(1.0)
    assert found.verdict == "fit for direction only"
    assert "100% of that waiting is kept as it was observed" in found.why
