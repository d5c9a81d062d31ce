"""Stretches of open life, and the open cases of customers, beside slow twins that look at each instant by itself."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.customers import cases_open_at
from streamline.kernels.exposure import NEVER, stretches

SOME = settings(max_examples=300, deadline=None)


@dataclass(frozen=True)
class Life:
    born: int
    #: (state, length) of each step awaited; then the tail.
    awaited: tuple[tuple[int, int], ...]
    tail: tuple[int, int]
    due: int
    contacts: tuple[int, ...]

    @property
    def rows(self) -> list[tuple[int, int, int]]:
        """(state, since, until) of each step awaited, and of the tail."""
        at, rows = self.born, []
        for state, length in (*self.awaited, self.tail):
            rows.append((state, at, at + length))
            at += length
        return rows


@dataclass(frozen=True)
class Cuts:
    bands: tuple[int, ...]
    recent: int
    day_edges: tuple[int, ...]
    first: int
    last: int
    ages: tuple[int, ...] = ()

    @property
    def n_classes(self) -> int:
        return 3 if self.day_edges else 1


_LIFE = st.builds(
    Life,
    born=st.integers(0, 12),
    awaited=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), max_size=5).map(tuple),
    tail=st.tuples(st.integers(3, 4), st.integers(0, 8)),
    due=st.integers(0, 30) | st.just(NEVER),
    contacts=st.lists(st.integers(-2, 40), max_size=6).map(lambda c: tuple(sorted(c))),
)
_CUTS = st.builds(
    Cuts,
    bands=st.lists(st.integers(1, 8), unique=True, max_size=3).map(lambda b: tuple(sorted(b))),
    recent=st.integers(1, 5),
    day_edges=st.just(())
    | st.lists(st.integers(0, 40), unique=True, min_size=1, max_size=6).map(lambda e: tuple(sorted(e))),
    first=st.integers(0, 8),
    last=st.integers(9, 45),
    ages=st.lists(st.integers(1, 20), unique=True, max_size=3).map(lambda a: tuple(sorted(a))),
)


def _key(life: Life, cuts: Cuts, t: int, recent: bool) -> int:
    """The key at the instant t, or -1 outside of the life."""
    for state, since, until in life.rows:
        if since <= t < until:
            band = sum(t - since >= edge for edge in cuts.bands)
            kind = sum(edge <= t for edge in cuts.day_edges) % cuts.n_classes
            key = ((state * (len(cuts.bands) + 1) + band) * 2 + (life.due <= t)) * 2 + recent
            age = sum(t - life.born >= edge for edge in cuts.ages)
            return (key * (len(cuts.ages) + 1) + age) * cuts.n_classes + kind
    return -1


def slow(lives: list[Life], cuts: Cuts) -> tuple[dict[tuple[int, int], list[float]], list[int]]:
    """(case, key) -> [time, contacts], instant by instant; and the key of each contact."""
    found: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0, 0])
    keys = []
    for k, life in enumerate(lives):
        for t in range(cuts.first, cuts.last):
            key = _key(life, cuts, t, any(c <= t < c + cuts.recent for c in life.contacts))
            if key >= 0:
                found[k, key][0] += 1
        for i, c in enumerate(life.contacts):
            keys.append(_key(life, cuts, c, any(c < b + cuts.recent for b in life.contacts[:i])))
            if keys[-1] >= 0:
                found[k, keys[-1]][1] += i + 0.5
    return found, keys


def run(lives: list[Life], cuts: Cuts):  # type: ignore[no-untyped-def]
    rows = [row for life in lives for row in life.rows[:-1]]
    state, since, until = (np.array([r[j] for r in rows], dtype=np.int64) for j in range(3))
    tails = [life.rows[-1] for life in lives]
    offsets = np.cumsum([0, *(len(life.awaited) for life in lives)])
    contact_offsets = np.cumsum([0, *(len(life.contacts) for life in lives)])
    return stretches(
        offsets.astype(np.int64), state.astype(np.int32), since, until,
        np.array([t[0] for t in tails], dtype=np.int32), np.array([t[1] for t in tails], dtype=np.int64),
        np.array([t[2] for t in tails], dtype=np.int64), np.array([life.due for life in lives], dtype=np.int64),
        contact_offsets.astype(np.int64), np.array([c for life in lives for c in life.contacts], dtype=np.int64),
        np.array([i + 0.5 for life in lives for i in range(len(life.contacts))], dtype=np.float64),
        np.array(cuts.bands, dtype=np.int64), cuts.recent, np.array(cuts.day_edges, dtype=np.int64),
        np.array([k % cuts.n_classes for k in range(len(cuts.day_edges) + 1)], dtype=np.int32), cuts.n_classes,
        cuts.first, cuts.last, np.array(cuts.ages, dtype=np.int64) if cuts.ages else None,
    )  # fmt: skip


@given(lives=st.lists(_LIFE, max_size=5), cuts=_CUTS)
@SOME
def test_stretches_equal_their_slow_twin(lives: list[Life], cuts: Cuts) -> None:
    case, key, time, contacts, key_of_contact = run(lives, cuts)
    expected, keys = slow(lives, cuts)
    assert key_of_contact.tolist() == keys
    got = {(int(c), int(k)): [int(t), float(n)] for c, k, t, n in zip(case, key, time, contacts, strict=True)}
    assert len(got) == len(case)
    assert got == dict(expected)
    assert sorted(got) == list(zip(case.tolist(), key.tolist(), strict=True))


def test_many_stretches_need_more_room_than_there_was_at_first() -> None:
    """3,000 cases with 40 steps each of two instants: each of the 2 × 40 instants is counted, in as many stretches as
    states and classes of days."""
    life = Life(born=0, awaited=tuple((k % 3, 2) for k in range(40)), tail=(3, 0), due=NEVER, contacts=tuple(range(75)))
    cuts = Cuts(bands=(1,), recent=1, day_edges=tuple(range(1, 70)), first=0, last=100)
    case, _, time, contacts, keys = run([life] * 3000, cuts)
    assert np.bincount(case, weights=time).tolist() == [80.0] * 3000
    assert contacts.sum() == 3000 * sum(i + 0.5 for i in range(75))
    assert (keys >= 0).all()


Spans = list[tuple[int, int]]


@given(
    customers=st.lists(
        st.tuples(
            st.lists(st.tuples(st.integers(0, 15), st.integers(0, 8)), max_size=7),
            st.lists(st.integers(0, 25), max_size=6),
        ),
        max_size=4,
    ),
    after=st.integers(0, 6),
    most=st.integers(1, 3),
)
@SOME
def test_open_cases_equal_a_look_at_all_cases(customers: list[tuple[Spans, list[int]]], after: int, most: int) -> None:
    rows, calls, expected, n_open = [], [], [], []
    for spans, times in customers:
        first = len(rows)
        rows += sorted((begin, begin + length) for begin, length in spans)
        mine = range(first, len(rows))
        for t in sorted(times):
            calls.append(t)
            running = [k for k in mine if rows[k][0] <= t < rows[k][1]]
            n_open.append(len(running))
            # a case without length is over when it begins
            over = [k for k in mine if rows[k][1] <= t and rows[k][0] <= t]
            latest = max((rows[k][1], k) for k in over) if over else None
            if running:
                expected.append(running if len(running) <= most else [])
            else:
                expected.append([latest[1]] if latest is not None and t - latest[0] <= after else [])
    got_open, offsets, listed = cases_open_at(
        np.cumsum([0, *(len(s) for s, _ in customers)]).astype(np.int64),
        np.arange(len(rows), dtype=np.int64),
        np.array([b for b, _ in rows], dtype=np.int64),
        np.array([e for _, e in rows], dtype=np.int64),
        np.cumsum([0, *(len(t) for _, t in customers)]).astype(np.int64),
        np.array(calls, dtype=np.int64),
        after,
        most,
    )
    assert got_open.tolist() == n_open
    assert [listed[offsets[i] : offsets[i + 1]].tolist() for i in range(len(calls))] == expected
