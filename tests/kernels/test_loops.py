"""Families of loops and repeats beside slow, obvious twins in plain Python, on random logs."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.loops import erased_loops, loop_families, repeats
from streamline.kernels.transitions import CASES, COUNT, HIGH, KEY, LOW, LOW_BITS

Int64 = npt.NDArray[np.int64]

N_ACTIVITIES = 4


class Log(NamedTuple):
    """Cases of (activity, completion), the arrival of each, which of them count, and a slice of them."""

    cases: list[list[tuple[int, int]]]
    arrival: list[int]
    counted: list[bool]
    first: int
    last: int

    def columns(self) -> tuple[Int64, npt.NDArray[np.int32], Int64, Int64, npt.NDArray[np.bool_]]:
        """offsets, activity, complete, arrival, counted"""
        steps = [s for case in self.cases for s in case]
        return (
            np.cumsum([0, *map(len, self.cases)]).astype(np.int64),
            np.array([a for a, _ in steps], dtype=np.int32),
            np.array([c for _, c in steps], dtype=np.int64),
            np.array(self.arrival, dtype=np.int64),
            np.array(self.counted, dtype=np.bool_),
        )


@st.composite
def logs(draw: st.DrawFn, instants: st.SearchStrategy[int]) -> Log:
    """Up to six cases of up to twelve steps of four activities, so that loops within loops are common; an arrival may
    come after the first completion, as where a column gives it."""
    steps = st.lists(st.tuples(st.integers(0, N_ACTIVITIES - 1), instants), max_size=12)
    cases = [sorted(case, key=lambda s: s[1]) for case in draw(st.lists(steps, max_size=6))]
    n = len(cases)
    first, last = sorted((draw(st.integers(0, n)), draw(st.integers(0, n))))
    return Log(
        cases,
        draw(st.lists(instants, min_size=n, max_size=n)),
        draw(st.lists(st.booleans(), min_size=n, max_size=n)),
        first,
        last,
    )


LOGS = logs(st.integers(-5, 20))
#: Instants almost 63 bits apart: a step may take 2**63 - 2 microseconds, and two of those overflow an int64.
ENORMOUS = logs(st.sampled_from([-(2**62) + 1, -(2**62) + 77_777, 0, 2**62 - 33_333, 2**62 - 1]))


def slow_occurrences(trace: list[int]) -> list[tuple[int, int, list[int]]]:
    """(head, trigger, places of the steps) of each loop erased from one trace: the path is cut back to the step whose
    activity comes again."""
    path: list[int] = []
    found = []
    for s, activity in enumerate(trace):
        on_path = [trace[p] for p in path]
        if activity not in on_path:
            path.append(s)
            continue
        at = on_path.index(activity)
        members = [*path[at + 1 :], s]
        found.append((activity, trace[members[0]], members))
        path = path[: at + 1]
    return found


def slow_families(log: Log) -> tuple[dict[tuple[int, int], list[int]], int, int]:
    """For each (head, trigger), in order of first appearance, its occurrences, cases and time; then the cases with any
    loop, and those with one that has another trigger than its head."""
    families: dict[tuple[int, int], list[int]] = {}
    n_looping = n_returning = 0
    for k in range(log.first, log.last):
        if not log.counted[k]:
            continue
        since = [log.arrival[k], *(c for _, c in log.cases[k])]
        found = slow_occurrences([a for a, _ in log.cases[k]])
        for head, trigger, members in found:
            family = families.setdefault((head, trigger), [0, 0, 0])
            family[0] += 1
            family[2] += sum(since[s + 1] - since[s] for s in members)
        for key in {(head, trigger) for head, trigger, _ in found}:
            families[key][1] += 1
        n_looping += bool(found)
        n_returning += any(head != trigger for head, trigger, _ in found)
    return families, n_looping, n_returning


def sums(totals: Int64) -> list[int]:
    return [(int(high) << LOW_BITS) + int(low) for high, low in totals[:, [HIGH, LOW]]]


def check(log: Log) -> None:
    totals, n_looping, n_returning = loop_families(*log.columns(), N_ACTIVITIES, log.first, log.last)
    families, looping, returning = slow_families(log)
    assert totals[:, KEY].tolist() == [head * N_ACTIVITIES + trigger for head, trigger in families]
    assert totals[:, [COUNT, CASES]].tolist() == [family[:2] for family in families.values()]
    assert sums(totals) == [family[2] for family in families.values()]
    assert (n_looping, n_returning) == (looping, returning)


@given(log=LOGS)
@settings(max_examples=300, deadline=None)
def test_families_of_any_slice_equal_their_twin(log: Log) -> None:
    """Cases that don't count, cases without steps, and the whole log as well as a slice of it."""
    check(log)
    check(log._replace(first=0, last=len(log.cases), counted=[True] * len(log.cases)))


@given(log=ENORMOUS)
@settings(max_examples=200, deadline=None)
def test_times_beyond_int64_are_added_up_exactly(log: Log) -> None:
    check(log)


@given(log=LOGS)
@settings(max_examples=200, deadline=None)
def test_families_are_the_occurrences_of_erased_loops_added_up(log: Log) -> None:
    """Each step with a loop's number gives its time to the family of that loop; so do counts and looping cases."""
    log = log._replace(first=0, last=len(log.cases))
    offsets, activity, complete, arrival, counted = log.columns()
    loop, head, trigger, *_ = erased_loops(offsets, activity, N_ACTIVITIES)
    case = np.repeat(np.arange(len(log.cases)), np.diff(offsets))
    since = np.append(np.int64(0), complete)[:-1]
    some = np.diff(offsets) > 0
    since[offsets[:-1][some]] = arrival[some]
    time, n, within = Counter[int](), Counter[int](), set[tuple[int, int]]()
    key = activity[head].astype(np.int64) * N_ACTIVITIES + activity[trigger]
    for s in np.flatnonzero(loop >= 0):
        if counted[case[s]]:
            time[int(key[loop[s]])] += int(complete[s] - since[s])
    for k in np.flatnonzero(counted[case[head]]):
        n[int(key[k])] += 1
        within.add((int(key[k]), int(case[head[k]])))
    totals, n_looping, _ = loop_families(offsets, activity, complete, arrival, counted, N_ACTIVITIES, 0, len(log.cases))
    assert dict(zip(totals[:, KEY].tolist(), sums(totals), strict=True)) == {k: time[k] for k in n}
    assert dict(zip(totals[:, KEY].tolist(), totals[:, COUNT].tolist(), strict=True)) == n
    assert dict(zip(totals[:, KEY].tolist(), totals[:, CASES].tolist(), strict=True)) == Counter(k for k, _ in within)
    assert n_looping == len({c for _, c in within})


def test_families_by_hand() -> None:
    """Hand: a b c b d a e, completed at 1, 3, 6, 10, 15, 21, 28, arrived at 0.

    The first loop is (c, b), back to b after c: 3 + 4 = 7. The second is (b, d, a), back to a after b: 2 + 5 + 6 = 13,
    without c and the first loop's b. A second case, b b at 5 and 9, arrived at 2, repeats b at once: 4. It doesn't
    return to another step, so two cases loop and one returns. Codes: b c is 1 * 5 + 2, a b is 1, b b is 6.
    """
    steps = list(zip([0, 1, 2, 1, 3, 0, 4], [1, 3, 6, 10, 15, 21, 28], strict=True))
    log = Log([steps, [(1, 5), (1, 9)]], [0, 2], [True, True], 0, 2)
    totals, n_looping, n_returning = loop_families(*log.columns(), 5, 0, 2)
    assert totals[:, [KEY, COUNT, CASES]].tolist() == [[7, 1, 1], [1, 1, 1], [6, 1, 1]]
    assert sums(totals) == [7, 13, 4]
    assert (n_looping, n_returning) == (2, 1)


def test_a_case_with_5000_families_makes_the_tables_grow() -> None:
    """Hand: 0 1 0 2 0 3 ... 0 5000 0 with a completion each microsecond: 5,000 loops back to 0 after k, of 2 each."""
    n = 5_000
    trace = [0] + [a for k in range(1, n + 1) for a in (k, 0)]
    log = Log([[(a, t) for t, a in enumerate(trace)]], [0], [True], 0, 1)
    totals, n_looping, n_returning = loop_families(*log.columns(), n + 1, 0, 1)
    assert totals[:, KEY].tolist() == list(range(1, n + 1))
    assert (totals[:, [COUNT, CASES, HIGH, LOW]] == [1, 1, 0, 2]).all()
    assert (n_looping, n_returning) == (1, 1)


def test_many_cases_make_the_tables_grow() -> None:
    """300 cases of 60 steps among 40 activities: hundreds of families, met by one case after the other."""
    rng = np.random.default_rng(3)
    cases = [list(zip(row.tolist(), range(60), strict=True)) for row in rng.integers(0, 40, (300, 60))]
    log = Log(cases, [0] * 300, (rng.random(300) < 0.8).tolist(), 17, 290)
    totals, n_looping, n_returning = loop_families(*log.columns(), 40, 17, 290)
    families, looping, returning = slow_families(log)
    assert totals[:, KEY].tolist() == [head * 40 + trigger for head, trigger in families]
    assert totals[:, [COUNT, CASES]].tolist() == [family[:2] for family in families.values()]
    assert sums(totals) == [family[2] for family in families.values()]
    assert (n_looping, n_returning) == (looping, returning)
    assert len(families) > 500


@given(log=LOGS)
@settings(max_examples=200, deadline=None)
def test_repeats_of_any_slice_equal_their_twin(log: Log) -> None:
    offsets, activity, *_ = log.columns()
    got = repeats(offsets, activity, N_ACTIVITIES, log.first, log.last)
    traces = [[a for a, _ in case] for case in log.cases[log.first : log.last] if case]
    n_steps, n_cases, n_starting, n_ending = (
        Counter(a for t in traces for a in t),
        Counter(a for t in traces for a in set(t)),
        Counter(t[0] for t in traces),
        Counter(t[-1] for t in traces),
    )
    for counts, expected in zip(got[:4], (n_steps, n_cases, n_starting, n_ending), strict=True):
        assert counts.tolist() == [expected[a] for a in range(N_ACTIVITIES)]
    assert got[4] == sum(len(set(t)) < len(t) for t in traces)
