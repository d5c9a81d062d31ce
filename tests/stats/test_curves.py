"""Survival curves, their quantiles, and cumulative incidence: textbook numbers, by hand, and coverage of a known truth."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.stats.survival import (
    incidence_curves,
    share_done_by,
    survival_curve,
    survival_quantile,
)

#: Weeks of remission under 6-mercaptopurine, Freireich et al. 1963; * marks those still in remission when last seen.
REMISSION = "6 6 6 6* 7 9* 10 10* 11* 13 16 17* 19* 20* 22 23 25* 32* 32* 34* 35*"
WEEKS = np.array([float(word.rstrip("*")) for word in REMISSION.split()])
ENDED = np.array([not word.endswith("*") for word in REMISSION.split()])


def test_the_curve_of_a_textbook() -> None:
    """Survival and log(-log) bounds of R's survfit for the remission data (Kleinbaum and Klein 2012, ch. 2)."""
    curve = survival_curve(WEEKS, ENDED)
    assert curve.at.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.share == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=6e-4)
    assert curve.low == pytest.approx([0.620, 0.563, 0.503, 0.432, 0.368, 0.268, 0.188], abs=6e-4)
    assert curve.high == pytest.approx([0.952, 0.923, 0.889, 0.849, 0.805, 0.747, 0.680], abs=6e-4)
    assert curve.value([0, 6, 21.5, 99], before=1.0) == pytest.approx([1, 0.857, 0.627, 0.448], abs=6e-4)


def test_the_median_of_a_textbook() -> None:
    """R: survfit(Surv(weeks, ended) ~ 1, conf.type = "log-log") gives a median of 23, from 13, without an upper bound."""
    median, low, high = survival_quantile(survival_curve(WEEKS, ENDED), 0.5)
    assert (median, low) == (23, 13)
    assert np.isnan(high)
    assert np.isnan(survival_quantile(survival_curve(WEEKS, ENDED), 0.9)).all()


def test_the_curve_agrees_with_the_share_at_one_time() -> None:
    curve = survival_curve(WEEKS, ENDED)
    for week, share, low, high in zip(curve.at, curve.share, curve.low, curve.high, strict=True):
        assert (1 - share, 1 - high, 1 - low) == pytest.approx(share_done_by(WEEKS, ENDED, float(week)))


def test_without_censoring_the_quantiles_are_the_sample_s() -> None:
    values = np.arange(1.0, 101)
    curve = survival_curve(values, np.ones(100, dtype=bool))
    assert survival_quantile(curve, 0.5)[0] == 50
    assert survival_quantile(curve, 0.9)[0] == 90
    assert (curve.share[-1], curve.low[-1]) == (0, 0)
    assert np.isfinite(curve.high).all()


def test_nobody_done_is_no_curve() -> None:
    curve = survival_curve(np.array([1.0, 2.0]), np.zeros(2, dtype=bool))
    assert len(curve.at) == 0
    assert curve.value([5], before=1.0).tolist() == [1]
    assert np.isnan(survival_quantile(curve, 0.5)).all()
    assert len(incidence_curves([1.0], np.array([0]), 2)[0].at) == 0


def test_cumulative_incidence_by_hand() -> None:
    """Times 1 (granted), 2 (withdrawn), 3 (last seen), 4 (granted), 5 (withdrawn); 5 people.

    At 1: 1/5 granted; 4/5 are left. At 2: 4/5 * 1/4 = 1/5 withdrawn; 3/5 left. At 3 one is last seen. At 4: 3/5 * 1/2 = 3/10
    more granted, 3/10 left; at 5: 3/10 withdrawn. Granted 1/5 + 3/10 = 1/2, withdrawn 1/5 + 3/10 = 1/2.
    One minus Kaplan-Meier with the withdrawn as censored would say 1 - 4/5 * 1/2 = 3/5 granted: too much.
    """
    granted, withdrawn = incidence_curves(np.arange(1.0, 6), np.array([1, 2, 0, 1, 2]), 2)
    assert granted.at.tolist() == [1, 2, 3, 4, 5]
    assert granted.at_risk.tolist() == [5, 4, 3, 2, 1]
    assert granted.share == pytest.approx([0.2, 0.2, 0.2, 0.5, 0.5])
    assert withdrawn.share == pytest.approx([0, 0.2, 0.2, 0.2, 0.5])
    alone = survival_curve(np.arange(1.0, 6), np.array([True, False, False, True, False]))
    assert 1 - alone.share[-1] == pytest.approx(0.6)


def test_one_way_to_end_is_one_minus_kaplan_meier() -> None:
    (only,) = incidence_curves(WEEKS, ENDED.astype(np.int64), 1)
    curve = survival_curve(WEEKS, ENDED)
    assert 1 - only.value(curve.at, before=0.0) == pytest.approx(curve.share)


def test_ways_and_the_open_add_up_to_one() -> None:
    rng = np.random.default_rng(4)
    times, way = np.ceil(rng.exponential(5, 300)), rng.integers(0, 4, 300)
    ways = incidence_curves(times, way, 4)
    left = survival_curve(times, way > 0)
    total = sum(curve.share for curve in ways) + left.value(ways[0].at, before=1.0)
    assert total == pytest.approx(1)
    assert ways[3].share.max() == 0


def test_intervals_cover_what_is_known() -> None:
    """300 samples of 150 cases: two ways with hazards 0.06 and 0.04 a day, censored at 5 to 30 days. The median is ln 2 / 0.1;
    the share ended in the first way by day 10 is 0.6 (1 - exp(-1)). 95% intervals cover each in 91% to 99% of the samples."""
    rng = np.random.default_rng(11)
    median, incidence = np.log(2) / 0.1, 0.6 * (1 - np.exp(-1))
    hits = np.zeros(2)
    for _ in range(300):
        ends, seen = rng.exponential(10, 150), rng.uniform(5, 30, 150)
        done = ends <= seen
        way = np.where(done, np.where(rng.random(150) < 0.6, 1, 2), 0)
        time = np.minimum(ends, seen)
        _, low, high = survival_quantile(survival_curve(time, done), 0.5)
        hits[0] += low <= median <= high
        first = incidence_curves(time, way, 2)[0]
        j = np.searchsorted(first.at, 10.0, side="right") - 1
        hits[1] += first.low[j] <= incidence <= first.high[j]
    assert (hits >= 0.91 * 300).all()
    assert (hits <= 0.99 * 300).all()
