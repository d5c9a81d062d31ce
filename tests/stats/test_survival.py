"""The share of cases done by a time, with censored cases: a textbook example, and the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from streamline.stats.bootstrap import share_interval
from streamline.stats.survival import share_done_by

#: Weeks of remission under 6-mercaptopurine, Freireich et al. 1963; * marks those still in remission when last seen.
REMISSION = "6 6 6 6* 7 9* 10 10* 11* 13 16 17* 19* 20* 22 23 25* 32* 32* 34* 35*"
WEEKS = np.array([float(word.rstrip("*")) for word in REMISSION.split()])
ENDED = np.array([not word.endswith("*") for word in REMISSION.split()])


@pytest.mark.parametrize(
    ("week", "survival", "low", "high"),
    [
        (6, 0.857, 0.620, 0.952),
        (7, 0.807, 0.563, 0.923),
        (10, 0.753, 0.503, 0.889),
        (13, 0.690, 0.432, 0.849),
        (16, 0.627, 0.368, 0.805),
        (22, 0.538, 0.268, 0.747),
        (23, 0.448, 0.188, 0.680),
    ],
)
def test_remission_of_6_mercaptopurine(week: float, survival: float, low: float, high: float) -> None:
    """The textbook's table (Kleinbaum and Klein 2012, ch. 2; Lawless 2003, ch. 3), 21 patients.

    By hand: at week 6 three of 21 end, 1 - 3/21 = 0.857; at 7 one of 17, 0.857 * 16/17 = 0.807; at 10 one of 15,
    0.807 * 14/15 = 0.753; at 13 one of 12, 0.690; at 16 one of 11, 0.627; at 22 one of 7, 0.538; at 23 one of 6, 0.448.
    The bounds are those of R: survfit(Surv(weeks, ended) ~ 1, conf.type = "log-log").
    """
    done, done_low, done_high = share_done_by(WEEKS, ENDED, week)
    assert 1 - done == pytest.approx(survival, abs=6e-4)
    assert (1 - done_high, 1 - done_low) == pytest.approx((low, high), abs=6e-4)


def test_between_two_ends_the_share_stays() -> None:
    assert share_done_by(WEEKS, ENDED, 21.5) == share_done_by(WEEKS, ENDED, 16)


def test_past_the_last_case_that_was_seen_nothing_is_known() -> None:
    assert all(math.isnan(v) for v in share_done_by(WEEKS, ENDED, 36))
    assert all(math.isnan(v) for v in share_done_by(np.zeros(0), np.zeros(0, bool), 1))


def test_without_censoring_it_is_the_plain_share() -> None:
    share, low, high = share_done_by(np.arange(1.0, 11), np.ones(10, bool), 4)
    assert share == pytest.approx(0.4)
    assert 0 < low < 0.4 < high < 1


def test_a_share_of_none_or_all_still_has_a_width() -> None:
    """Hand: nobody is done by week 5, and all 21 outcomes at that time are known: Wilson's 0 to 0.155, not 0 to 0.

    Of three cases that end by day 3 and one seen until day 1 only, all are done by day 5: Wilson's for 3 of 3.
    """
    assert share_done_by(WEEKS, ENDED, 5) == pytest.approx((0.0, *share_interval(0, 21)))
    assert share_done_by(WEEKS, ENDED, 5)[2] == pytest.approx(0.155, abs=5e-4)
    days, done = np.array([1.0, 1, 2, 3]), np.array([False, True, True, True])
    assert share_done_by(days, done, 5) == pytest.approx((1.0, *share_interval(3, 3)))
