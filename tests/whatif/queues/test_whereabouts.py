"""Absences of other weeks: three weeks of two people that a person can add up."""

from __future__ import annotations

import numpy as np

from streamline.units import DAY, HOUR, WEEK
from streamline.whatif.spans import merged
from streamline.whatif.whereabouts import other_weeks

#: Office hours of 22 days that begin with a Monday, 8 to 16 o'clock. Ann is away at noon on Mondays, Bob all Tuesday of the
#: second week.
HOURS = np.array([(d * DAY + 8 * HOUR, d * DAY + 16 * HOUR) for d in range(22) if d % 7 < 5], dtype=np.int64)
PERIOD = (0, 3 * WEEK)
ANN = np.array([(w * WEEK + 12 * HOUR, w * WEEK + 13 * HOUR) for w in range(4)], dtype=np.int64)
BOB = np.array([(8 * DAY + 8 * HOUR, 8 * DAY + 16 * HOUR)], dtype=np.int64)


def test_each_week_has_the_absences_of_a_week_of_one_of_them():
    hours = {0: HOURS, 1: HOURS}
    seen = set()
    for seed in range(200):
        found = other_weeks({0: ANN, 1: BOB}, hours, PERIOD, np.random.default_rng(seed))
        for r in (0, 1):
            assert (merged(found[r]) == found[r]).all()
            for w in range(3):
                inside = found[r][(found[r][:, 0] >= w * WEEK) & (found[r][:, 0] < (w + 1) * WEEK)] - w * WEEK
                seen.add(tuple(map(tuple, (inside // HOUR).tolist())))
        # what comes after the log stays
        assert found[0][-1].tolist() == ANN[3].tolist()
        assert (found[1] < 3 * WEEK).all()
    assert seen == {((12, 13),), ((32, 40),), ()}


def test_weeks_are_drawn_alike():
    """Of six weeks three have an hour away, one has eight, two none: eleven hours in six weeks."""
    total = 0.0
    for seed in range(2_000):
        found = other_weeks({0: ANN, 1: BOB}, {0: HOURS, 1: HOURS}, PERIOD, np.random.default_rng(seed))
        total += sum(float(np.diff(s[s[:, 0] < 3 * WEEK], axis=1).sum()) / HOUR for s in found.values())
    assert abs(total / 2_000 - 11) < 4 * 8 * np.sqrt(6 / 6) / np.sqrt(2_000)


def test_a_log_shorter_than_a_week_stays_as_it_is():
    away = {0: ANN[:1]}
    found = other_weeks(away, {0: HOURS}, (0, 5 * DAY), np.random.default_rng(1))
    assert found[0].tolist() == ANN[:1].tolist()
