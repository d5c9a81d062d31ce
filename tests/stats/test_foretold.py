"""What weeks before foretell: by hand, by a plain and slow twin, and on simulated series."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal
from scipy.stats import t as student

from streamline.stats import foretold
from streamline.stats.foretold import Foresight, Weeks, difference_of_means, fewest_before, waves_of


def weeks(week, n=None) -> Weeks:
    number = np.asarray(week, dtype=np.int64)
    return Weeks(week=number, n=np.full(len(number), 20.0) if n is None else np.asarray(n, dtype=np.float64))


def test_a_straight_series_is_foretold_by_hand():
    """Values 10, 10.5, 11 … drift by half a day a week; weeks 12 and 13 are foretold 16 and 16.5, and are 4 lower."""
    before = 10 + 0.5 * np.arange(10)
    found = Foresight(weeks(range(10)), weeks([12, 13])).level_change(before, np.array([12.0, 12.5]))
    assert found.foretold == pytest.approx(16.25)
    assert found.observed == pytest.approx(12.25)
    assert found.change == pytest.approx(-4)
    assert (found.low, found.high) == pytest.approx((-4, -4), abs=1e-6)
    assert found.drift == pytest.approx(0.5)
    assert found.ahead == pytest.approx([16, 16.5])
    assert found.fitted == pytest.approx(before)
    # the plain difference takes the drift for no drift: 12.25 - 12.25
    assert difference_of_means(before, np.ones(10), np.array([12.0, 12.5]), np.ones(2))[0] == pytest.approx(0)


def test_weeks_of_more_cases_count_more_in_the_mean_after():
    before = np.full(10, 5.0)
    found = Foresight(weeks(range(10)), weeks([11, 12], [30, 10])).level_change(before, np.array([4.0, 8.0]))
    assert found.observed == pytest.approx(5.0)
    assert found.change == pytest.approx(0)


def test_a_season_that_two_years_show_is_taken_out():
    week = np.arange(130)
    value = 20 + 3 * np.sin(2 * np.pi * week / foretold.YEAR_WEEKS)
    found = Foresight(weeks(week[:110]), weeks(week[116:])).level_change(value[:110], value[116:] - 2)
    assert found.waves == 1
    assert found.change == pytest.approx(-2, abs=1e-6)


@pytest.mark.parametrize(("n", "waves"), [(26, 0), (103, 0), (104, 1), (155, 1), (156, 2)])
def test_a_season_needs_two_years(n, waves):
    assert waves_of(np.arange(n)) == waves


def slow_twin(week, n, size, value, rho, share):
    """Gap and its error for one pair: of all unbiased sums of the weeks before, the one that errs least (Lagrange)."""
    x = np.column_stack([np.ones(len(week)), week])
    own = n[:size].mean() / n
    noise = np.empty((len(week), len(week)))
    for i in range(len(week)):
        for j in range(len(week)):
            noise[i, j] = share * rho ** abs(int(week[i]) - int(week[j])) + (1 - share) * own[i] * (i == j)
    weight = n[size:] / n[size:].sum()
    system = np.block([[noise[:size, :size], x[:size]], [x[:size].T, np.zeros((2, 2))]])
    best = np.linalg.solve(system, np.concatenate([noise[:size, size:] @ weight, x[size:].T @ weight]))[:size]
    error = best @ noise[:size, :size] @ best - 2 * best @ noise[:size, size:] @ weight
    return weight @ value[size:] - best @ value[:size], error + weight @ noise[size:, size:] @ weight


def test_equals_a_slow_twin_where_noise_is_known(monkeypatch):
    """With one pair only, centre and width are those of the best unbiased prediction."""
    rng = np.random.default_rng(5)
    week = np.array([*range(9), 10, 11, 12, 15, 16, 18])
    n = rng.integers(8, 60, len(week)).astype(float)
    value = 10 + rng.standard_normal(len(week))
    size = 11
    for rho, share in ((0.0, 0.5), (0.7, 1.0), (0.9, 0.4)):
        monkeypatch.setattr(foretold, "AUTOCORRELATIONS", np.array([rho]))
        monkeypatch.setattr(foretold, "SHARES", np.array([share]))
        found = Foresight(weeks(week[:size], n[:size]), weeks(week[size:], n[size:])).level_change(
            value[:size], value[size:]
        )
        mean, error = slow_twin(week, n, size, value, rho, share)
        assert found.change == pytest.approx(mean)
        assert found.change == pytest.approx((found.low + found.high) / 2)
        unit = (found.high - found.low) / 2 / student.ppf(0.975, size - 2) / np.sqrt(error)
        # what is left is the scale of the noise, the same as from the residuals
        x = np.column_stack([np.ones(size), week[:size]])
        k = share * rho ** np.abs(week[:size, None] - week[None, :size]) + (1 - share) * np.diag(
            n[:size].mean() / n[:size]
        )
        inverse = np.linalg.inv(k)
        beta = np.linalg.solve(x.T @ inverse @ x, x.T @ inverse @ value[:size])
        left = value[:size] - x @ beta
        assert unit**2 == pytest.approx(left @ inverse @ left / (size - 2))


def test_pairs_are_weighed_by_their_restricted_likelihood(monkeypatch):
    """Two autocorrelations; their weights by integrating the likelihood over level, drift and scale numerically."""
    monkeypatch.setattr(foretold, "AUTOCORRELATIONS", np.array([0.1, 0.8]))
    monkeypatch.setattr(foretold, "SHARES", np.array([1.0]))
    rng = np.random.default_rng(3)
    week = np.arange(10)
    value = np.cumsum(rng.standard_normal(10))
    x = np.column_stack([np.ones(10), (week - 9.0) / 10])

    def likelihood(rho: float) -> float:
        k = rho ** np.abs(week[:, None] - week[None, :])

        def at(log_scale: float) -> float:
            # a flat prior for level and drift is a normal one of huge variance, up to a constant
            wide = np.exp(2 * log_scale) * k + 1e4 * x @ x.T
            return float(np.exp(multivariate_normal(np.zeros(10), wide).logpdf(value)) * 1e4)

        return quad(at, -2, 4, limit=200)[0]

    each = np.array([likelihood(0.1), likelihood(0.8)])
    found = Foresight(weeks(week), weeks([12])).level_change(value, np.array([0.0]))
    assert found.autocorrelation == pytest.approx(float(each @ [0.1, 0.8] / each.sum()), abs=0.01)


def test_the_interval_holds_the_truth_and_a_placebo_finds_nothing():
    """Lasting noise with drift, 52 weeks before: about 95 of 100 intervals hold the truth; Welch's hold far fewer."""
    rng = np.random.default_rng(1)
    week = np.concatenate([np.arange(52), 58 + np.arange(10)])
    foresight = Foresight(weeks(week[:52]), weeks(week[52:]))
    held = plain = 0
    for _ in range(200):
        noise = np.empty(68)
        noise[0] = rng.standard_normal()
        for t in range(1, 68):
            noise[t] = 0.7 * noise[t - 1] + np.sqrt(1 - 0.49) * rng.standard_normal()
        value = 20 + 0.05 * week + noise[week]
        found = foresight.level_change(value[:52], value[52:])
        held += found.low <= 0 <= found.high
        _, low, high = difference_of_means(value[:52], np.ones(52), value[52:], np.ones(10))
        plain += low <= 0 <= high
    assert held >= 183  # under 95% fewer than this come in one of a hundred tests
    assert plain < 120


def test_the_interval_moves_with_the_weeks_after_and_nothing_else():
    rng = np.random.default_rng(2)
    before, after = rng.standard_normal(30), rng.standard_normal(6)
    foresight = Foresight(weeks(range(30)), weeks(range(34, 40)))
    one, two = foresight.level_change(before, after), foresight.level_change(before, after + 5)
    assert two.change - one.change == pytest.approx(5)
    assert (two.low - one.low, two.high - one.high) == pytest.approx((5, 5), abs=1e-6)
    low, high = foresight.weekly_bounds(before)
    # a single week is less sure than the mean of six, and a later one no surer than an earlier
    assert (high - low > two.high - two.low).all()
    assert (np.diff(high - low) > 0).all()


def test_too_few_weeks_and_weeks_out_of_order_are_refused():
    with pytest.raises(ValueError, match="7 weeks before and 2 after are too few"):
        Foresight(weeks(range(fewest_before() - 1)), weeks([12, 13]))
    with pytest.raises(ValueError, match="must ascend"):
        Foresight(weeks(range(10)), weeks([9, 13]))
    with pytest.raises(ValueError, match="rest on some cases"):
        Foresight(weeks(range(10)), weeks([12], [0]))
