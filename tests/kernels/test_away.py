"""Whether a person is away, moment by moment: the kernels beside sums over all ways in which she may have come and gone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.kernels.away import AT_WORK, AWAY, THERE, UNKNOWN, away_given, chance_away, comings_and_goings

Known = list[tuple[int, float]]


@st.composite
def _known(draw: st.DrawFn) -> Known:
    """What is known of a few moments, and the odds of what was seen."""
    one = st.tuples(st.sampled_from([UNKNOWN, UNKNOWN, THERE, AWAY, AT_WORK]), st.sampled_from([1.0, 1.5, 4.0]))
    return draw(st.lists(one, min_size=1, max_size=7))


def ways(known: Known, leave: float, back: float) -> Iterator[tuple[tuple[int, ...], float]]:
    """Each way that agrees with what is known, 1 for away, and its weight."""
    for way in product((0, 1), repeat=len(known)):
        weight = 1.0
        for i, (away, (what, odds)) in enumerate(zip(way, known, strict=True)):
            if (what == AWAY and not away) or (what in (THERE, AT_WORK) and away):
                weight = 0.0
            weight *= odds if what == UNKNOWN and away else 1.0
            if i == 0:
                share = leave / (leave + back)
                weight *= share if away else 1 - share
            elif way[i - 1]:
                weight *= 1 - back if away else back
            else:
                weight *= leave if away else 1 - leave
        yield way, weight


def columns(known: Known) -> tuple[np.ndarray, np.ndarray]:
    return np.array([w for w, _ in known], dtype=np.int64), np.array([x for _, x in known])


CHANCES = st.floats(0.01, 0.9)


@given(_known(), CHANCES, CHANCES)
@settings(deadline=None)
def test_the_chance_so_far_equals_its_twin(known: Known, leave: float, back: float) -> None:
    found = chance_away(*columns(known), leave, back)
    for i in range(len(known)):
        every = list(ways(known[: i + 1], leave, back))
        expected = sum(w for way, w in every if way[-1]) / sum(w for _, w in every)
        assert found[i] == pytest.approx(expected, abs=1e-9)


@given(_known(), CHANCES, CHANCES)
@settings(deadline=None)
def test_comings_and_goings_equal_their_twin(known: Known, leave: float, back: float) -> None:
    every = list(ways(known, leave, back))
    total = sum(w for _, w in every)
    expected = np.zeros(4)
    for way, weight in every:
        for i in range(len(way) - 1):
            if way[i]:
                expected += weight / total * np.array([0, 0, 1, 1 - way[i + 1]])
            elif known[i][0] != AT_WORK:
                expected += weight / total * np.array([1, way[i + 1], 0, 0])
    assert comings_and_goings(*columns(known), leave, back) == pytest.approx(expected.tolist(), abs=1e-9)


@given(_known(), CHANCES, CHANCES, st.data())
@settings(deadline=None)
def test_a_way_equals_its_twin(known: Known, leave: float, back: float, data: st.DataObject) -> None:
    """From the last moment backwards: away where the number falls below the chance given what is known and what comes later."""
    chance = data.draw(st.lists(st.floats(0, 0.999), min_size=len(known), max_size=len(known)))
    later: tuple[int, ...] = ()
    every = list(ways(known, leave, back))
    for i in reversed(range(len(known))):
        agree = [(way, w) for way, w in every if way[i + 1 :] == later]
        share = sum(w for way, w in agree if way[i]) / sum(w for _, w in agree)
        if abs(share - chance[i]) < 1e-9:
            return  # rounding decides
        later = (int(chance[i] < share), *later)
    assert tuple(away_given(*columns(known), leave, back, np.array(chance)).tolist()) == later


def test_nothing_is_known_of_no_time() -> None:
    none, odds = np.zeros(0, dtype=np.int64), np.zeros(0)
    assert len(chance_away(none, odds, 0.1, 0.1)) == 0
    assert len(away_given(none, odds, 0.1, 0.1, odds)) == 0
    assert comings_and_goings(none, odds, 0.1, 0.1) == (0, 0, 0, 0)
