"""Lifecycle events become steps: hand cases, and the compiled pairing against a slow twin."""

from __future__ import annotations

from collections import Counter, defaultdict, deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamline.kernels.lifecycle import END, START, pair_starts
from streamline.log.lifecycle import steps_from_lifecycle
from streamline.units import MISSING_TIME


def steps(*events):
    """Steps of (item, time, transition) events: ends, starts (None where missing), unfinished, unused."""
    item, time, transition = zip(*events, strict=True)
    names = sorted({t for t in transition if t})
    found = steps_from_lifecycle(
        np.array(item, dtype=np.int64),
        np.array(time, dtype=np.int64),
        np.array([names.index(t) if t else -1 for t in transition], dtype=np.int32),
        names,
    )
    starts = [None if s == MISSING_TIME else s for s in found.start.tolist()]
    return found.end.tolist(), starts, found.unfinished.tolist(), dict(found.unused)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        # One step.
        ([(0, 1, "start"), (0, 5, "complete")], ([1], [1], [], {})),
        # First started, first ended, also when they overlap.
        (
            [(0, 1, "start"), (0, 2, "start"), (0, 5, "complete"), (0, 9, "complete")],
            ([2, 3], [1, 2], [], {}),
        ),
        # An end without a start is a step without a start; the next start isn't its.
        ([(0, 1, "complete"), (0, 2, "start"), (0, 3, "complete")], ([0, 2], [None, 2], [], {})),
        # A start without an end is unfinished, and nothing of another item ends it.
        ([(0, 1, "start"), (1, 5, "complete")], ([1], [None], [0], {})),
        # At one instant the start goes first, whatever the order in the file.
        ([(0, 4, "complete"), (0, 4, "start")], ([0], [4], [], {})),
        # Upper case, blanks, and no transition at all (which counts as an end).
        ([(0, 1, "START"), (0, 2, " Complete "), (0, 3, None)], ([1, 2], [1, None], [], {})),
        # An aborted item took its time as well; what marks neither is counted.
        (
            [(0, 0, "schedule"), (0, 1, "start"), (0, 2, "suspend"), (0, 3, "resume"), (0, 4, "ate_abort")],
            ([4], [1], [], {"schedule": 1, "suspend": 1, "resume": 1}),
        ),
        # The events of a file may stand in any order.
        (
            [(1, 9, "complete"), (0, 7, "complete"), (1, 2, "start"), (0, 3, "start")],
            ([0, 1], [2, 3], [], {}),
        ),
    ],
)
def test_hand_cases(events, expected):
    assert steps(*events) == expected


def slow_pairs(key, kind):
    """The partner of each event, found with one queue of open starts an item."""
    open_starts, partner = defaultdict(deque), [-1] * len(key)
    for i, (k, what) in enumerate(zip(key, kind, strict=True)):
        if what == START:
            open_starts[k].append(i)
        elif open_starts[k]:
            partner[i] = open_starts[k].popleft()
            partner[partner[i]] = i
    return partner


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([START, END])), max_size=60))
def test_pairing_equals_its_slow_twin(events):
    events.sort(key=lambda e: e[0])
    key = np.array([k for k, _ in events], dtype=np.int64)
    kind = np.array([w for _, w in events], dtype=np.int8)
    assert pair_starts(key, kind).tolist() == slow_pairs(key.tolist(), kind.tolist())


event = st.tuples(
    st.integers(0, 3),
    st.integers(0, 9),
    st.sampled_from(["start", "complete", "schedule", "COMPLETE", None]),
)


@given(st.lists(event, min_size=1, max_size=40))
def test_every_event_is_accounted_for_once(events):
    end, start, unfinished, unused = steps(*events)
    paired = [s for s in start if s is not None]
    assert len(end) + len(paired) + len(unfinished) + sum(unused.values()) == len(events)
    assert not set(end) & set(unfinished)
    for place, began in zip(end, start, strict=True):
        assert began is None or began <= events[place][1]
    started = Counter((e[0], e[1]) for e in events if e[2] == "start")
    told = Counter((events[p][0], s) for p, s in zip(end, start, strict=True) if s is not None)
    told += Counter((events[p][0], events[p][1]) for p in unfinished)
    assert told == started


def test_lifecycle_column_of_a_csv(read_text):
    """c1: A from 9 to 10, B begun at 10 and not done; c2: only scheduled, so it is no case of the log."""
    log = read_text(
        "case,activity,complete,phase\n"
        "c1,A,2024-03-04 09:00,START\n"
        "c1,A,2024-03-04 10:00,COMPLETE\n"
        "c1,B,2024-03-04 10:00,start\n"
        "c2,A,2024-03-04 11:00,schedule\n",
        lifecycle="phase",
    )
    assert log.case_id_array().tolist() == ["c1"]
    assert [str(t) for t in log.instants(log.start)] == ["2024-03-04 09:00:00+00:00"]
    assert log.row.tolist() == [3]
    assert log.unfinished[["case", "activity", "row"]].to_numpy().tolist() == [[0, "B", 4]]
    assert log.notes.unused_transitions == {"schedule": 1}
    assert log.notes.empty_cases == ("c2",)
    assert not log.closed.any()


def test_instances_keep_parallel_items_apart(read_text):
    """Two people do A of one case at once; by instance each keeps its own start, which first-in-first-out would swap."""
    rows = (
        "case,activity,complete,phase,concept:instance\n"
        "c1,A,2024-03-04 09:00,start,i1\n"
        "c1,A,2024-03-04 09:30,start,i2\n"
        "c1,A,2024-03-04 10:00,complete,i2\n"
        "c1,A,2024-03-04 12:00,complete,i1\n"
    )
    minutes = {}
    for name, text in (("with", rows), ("without", rows.replace("concept:instance", "unknown"))):
        log = read_text(text, lifecycle="phase")
        minutes[name] = ((log.complete - log.start) // 60_000_000).tolist()
    assert minutes == {"with": [30, 180], "without": [60, 150]}
