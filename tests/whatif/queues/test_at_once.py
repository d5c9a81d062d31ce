"""What steps take of people who hold several at once: sums by hand, a slow twin, and no more than people have."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamline.whatif.at_once import at_once


def found(steps, n_people=1, group=None):
    """at_once of [(person, start, complete), …]."""
    who, start, complete = (np.array(c, dtype=np.int64) for c in (zip(*steps, strict=True) if steps else ((), (), ())))
    people = np.arange(n_people) if group is None else np.array(group)
    return at_once(who, start, complete, group=people)


def test_one_at_a_time_takes_what_it_took():
    steps = [(0, 0, 60), (1, 10, 50), (0, 60, 90), (0, 200, 200)]
    told = found(steps, 2)
    assert told.work.tolist() == [60, 40, 30, 0]
    assert told.places.tolist() == [1, 1]
    assert told.mean_at_once.tolist() == [1, 1]


def test_four_boxes_packed_together_take_four_places():
    """Each takes its two hours of one of four places; one box alone, later, weighs too little to make it fewer."""
    told = found([*[(0, 0, 120)] * 4, (0, 300, 310)])
    assert told.places.tolist() == [4]
    assert told.work.tolist() == [120, 120, 120, 120, 10]
    assert told.mean_at_once[0] == pytest.approx(490 / 130)


def test_a_short_step_in_between_shares_the_only_place():
    """Open from 0 to 100, another from 40 to 60: 1.2 at once on average, so one place; between 40 and 60 each gets half."""
    told = found([(0, 0, 100), (0, 40, 60)])
    assert told.places.tolist() == [1]
    assert told.work.tolist() == [90, 10]


def test_people_of_a_group_have_as_many_places():
    """One holds three, the other one, each for 100: two on average."""
    steps = [*[(0, 0, 100)] * 3, (1, 0, 100)]
    assert found(steps, 2, group=[0, 0]).places.tolist() == [2, 2]
    assert found(steps, 2).places.tolist() == [3, 1]
    assert found(steps, 2, group=[0, 0]).work.tolist() == [66, 66, 66, 100]


def test_who_does_nothing_has_one_place_and_no_mean():
    told = found([], 2)
    assert told.places.tolist() == [1, 1]
    assert np.isnan(told.mean_at_once).all()


def test_a_step_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match="1 of 2 steps end before they start"):
        found([(0, 5, 4), (0, 1, 2)])


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(0, 12)).map(lambda t: (t[0], t[1], t[1] + t[2])),
    max_size=14,
)


@given(STEPS)
def test_it_equals_its_twin_minute_by_minute(steps):
    """In each minute a step gets its share of the places; the fast version rounds down between changes."""
    told = found(steps, 3)
    for p in range(3):
        mine = [k for k, s in enumerate(steps) if s[0] == p]
        at = [sum(steps[k][1] <= t < steps[k][2] for k in mine) for t in range(45)]
        busy = sum(n > 0 for n in at)
        if busy:
            assert told.mean_at_once[p] == pytest.approx(sum(at) / busy)
        places = max(round(Fraction(sum(at), busy)), 1) if busy else 1
        assert told.places[p] == places
        for k in mine:
            exact = sum(min(Fraction(1), Fraction(places, at[t])) for t in range(steps[k][1], steps[k][2]))
            assert exact - 2 * len(mine) < told.work[k] <= exact
            if max((at[t] for t in range(steps[k][1], steps[k][2])), default=0) <= places:
                assert told.work[k] == exact
        # never more than the places have while anything is open
        assert told.work[mine].sum() <= places * busy
