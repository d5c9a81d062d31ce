"""Contacts while awaiting, beside a slow twin that adds up piece by piece, by hand, and beside customers who call at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.awaiting import contacts_while_awaiting
from streamline.units import DAY, HOUR

NEVER = 2**62
SOME = settings(max_examples=300, deadline=None)


@dataclass(frozen=True)
class Step:
    activity: int
    #: Completion in hours, None: never.
    complete: int | None
    keep: bool
    #: Places of the steps before it in the case that it waits for.
    joins: tuple[int, ...]


@dataclass(frozen=True)
class World:
    cases: tuple[tuple[Step, ...], ...]
    level: tuple[float, ...]
    bands: tuple[int, ...]
    ages: tuple[int, ...]
    ratio: float
    within: int
    branches: bool
    together: float


@st.composite
def worlds(draw: st.DrawFn) -> World:
    cases = []
    for _ in range(draw(st.integers(1, 4))):
        steps: list[Step] = []
        for k in range(draw(st.integers(0, 5))):
            joins = tuple(draw(st.lists(st.integers(0, k - 1), unique=True, max_size=2))) if k else ()
            before = max([steps[j].complete or 0 for j in joins], default=0)
            if any(steps[j].complete is None for j in joins):
                steps.append(Step(draw(st.integers(0, 2)), None, True, joins))
                continue
            keep = draw(st.booleans()) or k == 0
            lasts = draw(st.integers(0, 60)) if keep else 0  # a dropped step takes no time
            never = keep and draw(st.integers(0, 15)) == 0
            steps.append(Step(draw(st.integers(0, 2)), None if never else before + lasts, keep, joins))
        cases.append(tuple(steps))
    edges = st.lists(st.integers(1, 90), unique=True, max_size=3).map(lambda e: tuple(sorted(e)))
    return World(
        cases=tuple(cases),
        level=tuple(draw(st.floats(0.2, 3)) for _ in cases),
        bands=draw(edges),
        ages=draw(edges),
        ratio=draw(st.sampled_from([1.0, 0.5, 2.5])),
        within=draw(st.integers(6, 40)),
        branches=draw(st.booleans()),
        together=draw(st.sampled_from([1.0, 0.6, 1.5])),
    )


RATE = np.random.default_rng(1).uniform(0, 2, (3, 4, 4))
WORTH = np.array([[1.0, 0.0], [0.4, 3.0], [0.0, 0.5]])


def awaited(world: World, case: int) -> list[tuple[int, int, int]]:
    """What the case awaits, as (activity, from, until) in hours: the steps of its path, and the others with `branches`."""
    steps = world.cases[case]
    kept = [k for k, s in enumerate(steps) if s.keep]
    if not kept or any(steps[k].complete is None for k in kept):
        last = max(kept, key=lambda k: (NEVER if steps[k].complete is None else steps[k].complete, k), default=None)
        if last is None or steps[last].complete is None:
            return []
    last = max(kept, key=lambda k: (steps[k].complete, k))
    path, at = [], last
    while at is not None:
        path.append(at)
        at = max(steps[at].joins, key=lambda j: (steps[j].complete, -steps[at].joins.index(j)), default=None)
    found, since = [], 0
    for k in reversed(path):
        if steps[k].keep:
            found.append((steps[k].activity, since, steps[k].complete))
            since = max(since, steps[k].complete)
    if world.branches:
        for k in kept:
            if k not in path:
                enabled = max([0, *(steps[j].complete for j in steps[k].joins)])
                found.append((steps[k].activity, enabled, steps[k].complete))
    return [f for f in found if f[1] < f[2]]


def slow(world: World, case: int) -> tuple[dict[int, float], float]:
    """Contacts of a case by the activity awaited, and those while several are: piece by piece, each cut at every edge."""
    waits = awaited(world, case)
    edges = {t for _, since, until in waits for t in (since, until)} | set(world.ages)
    edges |= {since + b for _, since, _ in waits for b in world.bands}
    t, end_of_all = 0, max((until for *_, until in waits), default=0)
    found: dict[int, float] = {}
    together, plain = 0.0, 0.0
    pieces: list[list[float]] = []
    piece = max(world.within // 6, 1)
    while t < end_of_all:
        now = [(a, sum(t - since >= b for b in world.bands)) for a, since, until in waits if since <= t < until]
        age = sum(t >= a for a in world.ages)
        # edges of steps that aren't awaited now cut nothing
        cuts = [until for _, since, until in waits if since <= t < until] + [a for a in world.ages if a > t]
        cuts += [since for _, since, _ in waits if since > t]
        cuts += [since + b for _, since, until in waits if since <= t < until for b in world.bands if since + b > t]
        if world.ratio != 1:
            cuts.append(t + piece)
        end = min(cuts)
        assert end in edges or end == t + piece
        rates = [RATE[a, band, age] for a, band in now]
        came = sum(rates) * world.level[case] * (end - t) / 24 * (world.together if len(now) > 1 else 1.0)
        pieces = [p for p in pieces if p[0] > t - world.within]
        recent = min(sum(p[1] * np.exp(-world.ratio * (plain - p[2])) for p in pieces), 1.0)
        fades = np.exp(-world.ratio * came / 2)
        halfway = min((recent + came / 2 * (1 + (world.ratio - 1) * recent)) * fades, 1.0)
        added = came * (1 + (world.ratio - 1) * halfway)
        plain += came
        if len(pieces) == 14:  # as many as there is room for
            merged = pieces[0][1] * np.exp(-world.ratio * (pieces[1][2] - pieces[0][2])) + pieces[1][1]
            pieces = [[pieces[1][0], merged, pieces[1][2]], *pieces[2:]]
        pieces.append([end, added * fades, plain])
        for (a, _), rate in zip(now, rates, strict=True):
            found[a] = found.get(a, 0.0) + added * rate / sum(rates)
        together += added if len(now) > 1 else 0.0
        t = end
    return found, together


def run(world: World, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    flat = [s for steps in world.cases for s in steps]
    offsets = np.cumsum([0, *(len(steps) for steps in world.cases)])
    joins = [offsets[c] + j for c, steps in enumerate(world.cases) for s in steps for j in s.joins]
    arrival = np.array([7 * c for c in range(len(world.cases))], dtype=np.int64) * DAY
    case = np.repeat(np.arange(len(world.cases)), np.diff(offsets))
    complete = [
        NEVER if s.complete is None else arrival[c] + s.complete * HOUR for s, c in zip(flat, case, strict=True)
    ]
    return contacts_while_awaiting(
        offsets.astype(np.int64), np.cumsum([0, *(len(s.joins) for s in flat)]).astype(np.int64),
        np.array(joins, dtype=np.int64), np.array([s.activity for s in flat], dtype=np.int32), arrival,
        np.array(complete, dtype=np.int64), np.array([s.keep for s in flat], dtype=np.bool_), RATE[:, : len(world.bands) + 1],
        np.array(world.bands, dtype=np.int64) * HOUR, np.array(world.ages, dtype=np.int64) * HOUR, np.array(world.level),
        world.ratio, world.within * HOUR, WORTH, counts, NEVER, world.branches, world.together,
    )  # fmt: skip


@given(worlds())
@SOME
def test_contacts_equal_their_slow_twin(world: World) -> None:
    # pieces of whole hours in both, so that they are cut at the same instants
    world = World(**{**world.__dict__, "within": 6 * max(world.within // 6, 1)})
    counts = np.arange(len(world.cases)) % 2 == 0
    per_case, by_activity, together = run(world, counts)
    expected = [slow(world, c)[0] for c in range(len(world.cases))]
    told = np.array([[e.get(a, 0.0) for a in range(3)] for e in expected])
    np.testing.assert_allclose(per_case, told @ WORTH, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(by_activity, told[counts].sum(axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(together, [slow(world, c)[1] for c in range(len(world.cases))], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("rate", "ratio"), [(0.05, 3.0), (0.3, 2.0), (0.2, 0.3)])
def test_contacts_that_bring_on_others_come_as_often_as_at_random(rate: float, ratio: float) -> None:
    """One state of 12 days, at `ratio` times the rate for three days after a contact. Simulated by thinning: the mean of
    60,000 cases lies within four standard errors and 2% (time is cut into pieces of half a day)."""
    rng = np.random.default_rng(3)
    n, top = 60_000, rate * max(ratio, 1.0)
    count = np.zeros(n)
    for case in range(n):
        t, last = 0.0, -9.0
        while (t := t + rng.exponential(1 / top)) < 12:
            if rng.random() * top < rate * (ratio if t < last + 3 else 1.0):
                count[case] += 1
                last = t
    got, *_ = contacts_while_awaiting(
        np.array([0, 1]), np.array([0, 0]), np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int32),
        np.zeros(1, dtype=np.int64), np.array([12 * DAY]), np.ones(1, dtype=np.bool_), np.full((1, 1, 1), rate),
        np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.ones(1), ratio, 3 * DAY, np.ones((1, 1)),
        np.ones(1, dtype=np.bool_), NEVER, False, 1.0,
    )  # fmt: skip
    assert got[0, 0] == pytest.approx(count.mean(), abs=4 * count.std() / np.sqrt(n) + 0.02 * count.mean())
    assert abs(got[0, 0] / (12 * rate) - 1) > 0.05  # it does matter


def test_a_hand_made_case() -> None:
    """Two days of the first step and three of the second, one of them overdue, at 0.1, 0.2 and 0.5 a day: 0.2 + 0.4 + 0.5."""
    rate = np.array([[[0.1, 9.0]], [[0.2, 0.5]]])
    got, by_activity, _ = contacts_while_awaiting(
        np.array([0, 2]), np.array([0, 0, 1]), np.array([0]), np.array([0, 1], dtype=np.int32), np.array([10 * DAY]),
        np.array([12 * DAY, 15 * DAY]), np.ones(2, dtype=np.bool_), rate, np.zeros(0, dtype=np.int64), np.array([4 * DAY]),
        np.ones(1), 1.0, 3 * DAY, np.array([[1.0], [1.0]]), np.ones(1, dtype=np.bool_), NEVER, False, 1.0,
    )  # fmt: skip
    assert got[0, 0] == pytest.approx(1.1)
    assert by_activity == pytest.approx([0.2, 0.9])


@pytest.mark.parametrize(("branches", "ratio"), [(False, 0.5), (True, 1.0), (True, 0.5)])
def test_two_branches_by_hand(branches: bool, ratio: float) -> None:
    """After a day of the first step (0.1 a day), one branch is awaited for 4 days (0.2) and another for the first 2 of them
    (0.3, and 0.5 from its second day on): 0.1 + 4 × 0.2 = 0.9 by the longer one alone, and 0.3 + 0.5 more with both, of which
    2 × 0.2 + 0.8 come while both are awaited; at half the sum then, half of these."""
    rate = np.array([[[0.1], [0.1]], [[0.2], [0.2]], [[0.3], [0.5]]])
    got, by_activity, together = contacts_while_awaiting(
        np.array([0, 3]), np.array([0, 0, 1, 2]), np.array([0, 0]), np.array([0, 2, 1], dtype=np.int32), np.array([10 * DAY]),
        np.array([11 * DAY, 13 * DAY, 15 * DAY]), np.ones(3, dtype=np.bool_), rate, np.array([DAY]), np.zeros(0, dtype=np.int64),
        np.ones(1), 1.0, 3 * DAY, np.ones((3, 1)), np.ones(1, dtype=np.bool_), NEVER, branches,
        ratio,
    )  # fmt: skip
    assert got[0, 0] == pytest.approx(0.5 + 1.2 * ratio if branches else 0.9)
    assert by_activity == pytest.approx([0.1, 0.4 + 0.4 * ratio, 0.8 * ratio] if branches else [0.1, 0.8, 0.0])
    assert together == pytest.approx([1.2 * ratio if branches else 0.0])
