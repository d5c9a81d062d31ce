"""The simulated services are what they say: closed forms, sums by hand, and each change in the records themselves."""

from __future__ import annotations

import gzip
import itertools
import json
import math
from datetime import date

import holidays
import numpy as np
import pytest

from .customers import Habits, calls
from .figures import SERVICES, arrivals, instants, records
from .files import changes_by_scenario, observed, write, write_records
from .floor import Case, Delay, Elapse, Floor, Person, Together, Work
from .rosters import DAY, HOUR, US_HOLIDAYS, local, openings, other_duties, sick_leave, without

ALWAYS = [(0.0, 1e12)]


def case(k: int = 0, arrival: float = 0.0, **traits: str) -> Case:
    return Case(id=f"C{k}", index=k, arrival=arrival, traits=traits, channel="online")


def work(seconds: float, *, queue: str = "q", rank: tuple[float, ...] | None = None, **more) -> Work:
    return Work(activity=queue, queue=queue, seconds=seconds, rank=rank or (0.0,), **more)


def queue_of(n_people: int, between: np.ndarray, service: np.ndarray, *, ranks=None, patience=None):
    """Steps of cases that need one step each, on people who never leave."""
    floor = Floor([Person(f"p{k}", ["q"], ALWAYS) for k in range(n_people)])
    for k, (at, seconds) in enumerate(zip(np.cumsum(between).tolist(), service.tolist(), strict=True)):
        rank = (0.0 if ranks is None else float(ranks[k]), at)
        floor.admit(
            case(k, at), iter([work(seconds, rank=rank, patience=None if patience is None else float(patience[k]))])
        )
    return sorted(floor.run(), key=lambda s: s.case.index)


def close_to(values: np.ndarray, expected: float, batches: int = 40) -> None:
    """The mean lies within four standard errors, taken from means of long batches, and the error says something."""
    means = values[: len(values) // batches * batches].reshape(batches, -1).mean(axis=1)
    error = means.std(ddof=1) / math.sqrt(batches)
    assert error < 0.05 * expected
    assert abs(means.mean() - expected) < 4 * error


def erlang_c(c: int, load: float) -> float:
    """Chance that somebody waits."""
    top = load**c / math.factorial(c) * c / (c - load)
    return top / (sum(load**k / math.factorial(k) for k in range(c)) + top)


@pytest.mark.parametrize(("n_people", "utilisation"), [(1, 0.7), (3, 0.8), (8, 0.85)])
def test_waits_are_those_of_erlang(n_people: int, utilisation: float) -> None:
    rng = np.random.default_rng(5)
    n = 200_000
    load = n_people * utilisation
    steps = queue_of(n_people, rng.exponential(1 / load, n), rng.exponential(1, n))
    waits = np.array([s.began - s.case.arrival for s in steps])
    close_to(waits, erlang_c(n_people, load) / (n_people - load))
    close_to((waits > 0).astype(float), erlang_c(n_people, load))


def test_a_fixed_service_time_halves_the_wait() -> None:
    rng = np.random.default_rng(6)
    steps = queue_of(1, rng.exponential(1 / 0.8, 200_000), np.ones(200_000))
    close_to(np.array([s.began - s.case.arrival for s in steps]), 0.8 / (2 * 0.2))  # Pollaczek and Khinchine


def test_priorities_are_those_of_cobham() -> None:
    rng = np.random.default_rng(7)
    n, load, share = 200_000, 0.8, 0.3
    low = (rng.random(n) >= share).astype(float)
    steps = queue_of(1, rng.exponential(1 / load, n), rng.exponential(1, n), ranks=low)
    waits = np.array([s.began - s.case.arrival for s in steps])
    first = load * share
    close_to(waits[low == 0], load / (1 - first))
    close_to(waits[low == 1], load / ((1 - first) * (1 - load)))


def test_customers_give_up_as_often_as_in_a_birth_and_death_process() -> None:
    rng = np.random.default_rng(8)
    n, load, impatience = 200_000, 1.1, 0.5
    steps = queue_of(
        1, rng.exponential(1 / load, n), rng.exponential(1, n), patience=rng.exponential(1 / impatience, n)
    )
    p = [1.0]
    for k in range(1, 200):
        p.append(p[-1] * load / (1 + (k - 1) * impatience))
    withdrawn = 1 - (1 - p[0] / sum(p)) / load  # the server's output is her busy share
    close_to(np.array([float(s.activity == "Withdrawn") for s in steps]), withdrawn)


def test_branches_join_when_the_last_is_done() -> None:
    rng = np.random.default_rng(9)
    floor = Floor([Person("p", ["never"], ALWAYS)])
    n = 20_000
    pairs = rng.exponential(1, (n, 2))
    for k in range(n):
        branches = tuple(iter([Elapse(activity="x", until=float(t), who="")]) for t in pairs[k])
        floor.admit(case(k), iter([Together(branches=branches), Elapse(activity="end", until=0.0, who="")]))
    ends = {s.case.index: s for s in floor.run() if s.activity == "end"}
    got = np.array([ends[k].finished for k in range(n)])
    assert np.array_equal(got, pairs.max(axis=1))
    assert all(s.awaited_since == s.finished for s in ends.values())


def test_work_stops_at_closing_and_goes_on_after_the_weekend_and_the_clock_change() -> None:
    zone = "America/New_York"
    spans = openings({"mon-fri": "08:00-12:00,13:00-17:00"}, zone, date(2025, 3, 3), date(2025, 3, 14))
    friday = local(date(2025, 3, 7), "11:30", zone)
    floor = Floor([Person("p", ["q"], spans)])
    floor.admit(case(0, friday), iter([work(5.5 * HOUR)]))
    floor.admit(case(1, local(date(2025, 3, 8), "10:00", zone)), iter([work(HOUR)]))
    first, second = floor.run()
    # half an hour before lunch, four hours after it, one more on Monday, when clocks are an hour ahead
    assert first.began == friday
    assert first.finished == local(date(2025, 3, 10), "09:00", zone) == friday + (69.5 - 1) * HOUR
    assert (second.began, second.finished) == (first.finished, first.finished + HOUR)


def test_an_owner_keeps_her_case_while_others_are_free() -> None:
    floor = Floor([Person("a", ["q"], [(0, 10), (100, 1e9)]), Person("b", ["q"], [(5, 1e9)])])

    def journey(of: Case):
        yield work(8)
        yield Delay(seconds=4)
        yield work(1, owner=of.owner)

    one = case()
    floor.admit(one, journey(one))
    assert [(s.who, s.awaited_since, s.began, s.finished) for s in floor.run()] == [("a", 0, 0, 8), ("a", 8, 100, 101)]


def test_steps_wait_for_their_release_and_then_in_line() -> None:
    floor = Floor([Person("p", ["q"], ALWAYS)])
    for k, at in enumerate((1.0, 2.0, 10.0, 11.0)):
        floor.admit(case(k, at), iter([work(3, rank=(at,), releases=[10.0, 20.0])]))
    assert [(s.case.index, s.began) for s in floor.run()] == [(0, 10), (1, 13), (2, 16), (3, 20)]


def test_federal_holidays_are_the_usual_ones() -> None:
    assert set(holidays.US(years=[2025, 2026], observed=False)) - US_HOLIDAYS == {date(2026, 7, 4)}
    assert date(2026, 7, 3) in holidays.US(years=2026)
    assert set(holidays.US(years=[2025, 2026])) >= US_HOLIDAYS


def test_absences_are_taken_out_of_rosters() -> None:
    assert without([(0, 10), (20, 30)], [(2, 3), (5, 22), (29, 40)]) == [(0, 2), (3, 5), (22, 29)]
    assert without([(0, 10)], []) == [(0, 10)]
    rng = np.random.default_rng(1)
    spans = [(100.0 * k, 100.0 * k + 10) for k in range(20_000)]
    left = without(spans, other_duties(spans, rng, share=0.2))
    assert sum(e - s for s, e in left) == pytest.approx(0.8 * 200_000, rel=0.01)
    spells = sick_leave(date(2000, 1, 1), date(2100, 1, 1), rng, a_day=0.01, lengths=(2, 4))
    assert sum(e - s for s, e in spells) / DAY == pytest.approx(36_525 * 0.03 / (1 + 0.03), rel=0.2)


def test_calls_come_at_the_rate_of_what_is_awaited() -> None:
    """Per case 2 days at 0.3 growing by half a day, ×1.5 past the first day; 4 days at 0.1: sums by hand."""
    told = Habits(by_channel={"online": 1.0}, growth_a_day=0.5, most=9.0, overdue=1.5, unlinked=0.2)
    cases = [case(k) for k in range(20_000)]
    for c in cases:
        c.awaited, c.closed = [("a", 0.0, 2 * DAY), ("b", 2 * DAY, 6 * DAY), ("silent", 6 * DAY, 9 * DAY)], 900 * DAY
    rates = {"a": 0.3, "b": 0.1}
    made = calls(cases, rates, told, standard_days=1, seed=1)
    expected = 0.3 * 1.25 + 1.5 * 0.3 * 1.75 + 1.5 * 0.1 * 4 * 2
    assert len(made) / 20_000 == pytest.approx(expected, rel=0.02)
    assert np.mean([c.linked for c in made]) == pytest.approx(0.8, abs=0.01)
    again = Habits(by_channel={"online": 1.0}, growth_a_day=0.5, most=9.0, overdue=1.5, redial=0.25)
    assert len(calls(cases, rates, again, standard_days=1, seed=1)) / 20_000 == pytest.approx(expected / 0.75, rel=0.02)


@pytest.fixture(scope="module", params=list(SERVICES))
def kind(request):
    return SERVICES[request.param]


@pytest.fixture(scope="module")
def given(kind):
    return arrivals(kind, 3)


@pytest.fixture(scope="module")
def as_is(kind, given):
    return records(kind, given, [], 4)


def rows(run):
    return [(s.case.id, s.activity, s.began, s.finished, s.who) for s in run[1]], [
        (c.case.id, c.at, c.channel, c.reason, c.linked) for c in run[2]
    ]


def test_a_service_has_thousands_of_cases_and_ends_all_of_them(kind, given, as_is) -> None:
    cases, steps, _ = as_is
    assert 5_000 < len(cases) < 8_000
    assert 40_000 < len(steps) < 65_000
    assert [(c.id, c.arrival, c.traits) for c in cases] == [(c.id, c.arrival, c.traits) for c in given]
    assert all(c.closed >= c.arrival for c in cases)
    last = {s.case.id: s.finished for s in steps}
    assert all(c.closed == last[c.id] for c in cases)
    assert all(s.awaited_since <= s.began <= s.finished for s in steps)


def test_the_same_seed_gives_the_same_records_and_no_change_changes_nothing(kind, given, as_is) -> None:
    activity = next(iter(kind.as_is.minutes))
    nothing = [
        {"kind": "speed_up", "activity": activity, "by": 0.0},
        {"kind": "add_capacity", "pool": next(iter(kind.as_is.teams)), "staff": 0},
        {"kind": "remove_step", "activity": activity, "share": 0.0},
        {"kind": "reduce_rework", "to": kind.as_is.loops[0].to, "by": 0.0},
        {"kind": "express_lane", "where": {"channel": "none"}},
        {"kind": "divert", "channel": "mail", "to": "online", "share": 0.0},
        {"kind": "shorten_external", "activity": next(iter(kind.as_is.external_days)), "by": 0.0},
        {"kind": "notify", "by": 0.0},
        {"kind": "change_demand", "by": 0.0},
    ]
    before = rows(as_is)
    assert rows(records(kind, given, nothing, 4)) == before
    assert rows(records(kind, given, [], 5)) != before


def test_nobody_does_two_things_at_once_or_works_off_duty(kind, given, as_is) -> None:
    people = {p.name: p for p in kind()._people(4)}
    by_person: dict[str, list] = {}
    for s in as_is[1]:
        if s.who in people:
            by_person.setdefault(s.who, []).append(s)
    assert set(by_person) == set(people)
    for name, done in by_person.items():
        done.sort(key=lambda s: s.began)
        assert all(a.finished <= b.began for a, b in itertools.pairwise(done))
        starts, ends = np.array(people[name].starts), np.array(people[name].ends)
        for instants_, side in (([s.began for s in done], "right"), ([s.finished for s in done], "left")):
            k = np.searchsorted(starts, instants_, side=side) - 1
            assert (np.array(instants_) <= ends[k]).all()


def test_the_log_loads_without_rejects_and_shows_what_is_said(kind, as_is, tmp_path) -> None:
    """Read by the library that is to be held against it."""
    from streamline.log.read import read_contacts, read_log
    from streamline.study import read_study

    write_records(kind, tmp_path, as_is)
    study = read_study(tmp_path / "study.yaml")
    told = study.log
    log = read_log(
        tmp_path / "events.csv.gz", case=told.case, activity=told.activity, start=told.start, complete=told.complete,
        resource=told.resource, channel=told.channel, arrival=told.arrival, attributes=told.attributes,
        timezone=told.timezone, external=told.external, ends=told.ends,
    )  # fmt: skip
    assert len(log.rejects) == 0
    assert study.contacts is not None
    made = read_contacts(
        tmp_path / "calls.csv.gz", case=told.case, time="called", channel="channel", reason="reason",
        timezone=told.timezone,
    )  # fmt: skip
    assert len(made.rejects) == 0
    start, end = (int(at * 1e6) for at in instants(kind, kind.window))
    counted = log.arrived_between(start, end)
    assert counted.n_cases == pytest.approx(observed(kind, as_is)["cases"], abs=2)
    from streamline.measure.duration import cycle_time

    shown = {row["measure"]: row for row in cycle_time(counted).table.to_dict("records")}
    mean = next(v for k, v in shown["mean"].items() if "days" in k or k == "value")
    assert mean == pytest.approx(observed(kind, as_is)["mean"], abs=1e-4)
    share = np.mean([not c.linked for c in as_is[2]])
    assert share == pytest.approx(kind.habits.unlinked, abs=0.03)


def test_writing_gives_the_same_bytes_with_two_processes(tmp_path) -> None:
    for processes in (1, 2):
        write("licences", tmp_path / str(processes), seed=2, repetitions=2, processes=processes)
    for name in ("events.csv.gz", "calls.csv.gz", "study.yaml", "truth.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    truth = json.loads((tmp_path / "1" / "truth.json").read_text())
    assert set(truth["scenarios"]) == set(changes_by_scenario("licences"))
    assert truth["scenarios"]["demand_grows"]["cases"][0] > truth["scenarios"]["as_is"]["cases"][0]
    with gzip.open(tmp_path / "1" / "events.csv.gz", "rt") as file:
        assert file.readline() == "application,step,began,finished,worker,channel,office,licence\n"
