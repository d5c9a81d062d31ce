"""Fits of contact rates beside statsmodels on plain rows, errors beside their definition, and what can't be estimated."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from streamline.errors import InsufficientDataError
from streamline.stats.fixed_effects import fixed_effects_rates
from streamline.stats.negative_binomial import negative_binomial_rates
from streamline.stats.poisson_rates import pooled_rates
from streamline.stats.stretches import Factor, Stretches, crossed, design_of


def random_stretches(seed: int, *, n_cases: int = 120, sigma: float = 0.7) -> Stretches:
    """Cases with up to six stretches: a state of three, an overdue flag, and the case's channel; in no order."""
    rng = np.random.default_rng(seed)
    case = np.repeat(np.arange(n_cases), rng.integers(1, 7, n_cases))
    n = len(case)
    state, overdue = rng.integers(0, 3, n), rng.integers(0, 2, n)
    channel = rng.integers(0, 2, n_cases)[case]
    propensity = np.exp(rng.normal(0, sigma, n_cases))[case]
    days = rng.exponential(10, n) + 0.1
    rate = 0.05 * propensity * np.array([1, 2, 0.7])[state] * 1.6**overdue * 1.3**channel
    order = rng.permutation(n)
    return Stretches(
        case=case[order],
        days=days[order],
        contacts=rng.poisson(rate * days)[order],
        factors=(
            Factor(name="state", levels=("intake", "review", "decision"), codes=state[order], reference=0),
            Factor(name="overdue", levels=("no", "yes"), codes=overdue[order], reference=0),
            Factor(name="channel", levels=("online", "mail"), codes=channel[order], reference=0),
        ),
    )


def matrix(stretches: Stretches) -> np.ndarray:
    """The design as a matrix: ones, then each level but the first of each factor."""
    columns = [np.ones(len(stretches))]
    for f in stretches.factors:
        columns += [(f.codes == k) * 1.0 for k in range(1, len(f.levels))]
    return np.column_stack(columns)


def left_out(scores: np.ndarray, own: list[np.ndarray], bread: np.ndarray) -> np.ndarray:
    """The jackknife's sandwich by its definition: (cases - 1) / cases × the sum of squared steps without each case."""
    p, n = len(bread), len(scores)
    steps = np.array([np.linalg.solve(np.eye(p) - a @ bread, s) for a, s in zip(own, scores, strict=True)]) @ bread
    return steps.T @ steps * (n - 1) / n


def test_pooled_rates_are_those_of_a_glm_on_rows_with_errors_by_case() -> None:
    rows = random_stretches(1)
    x = matrix(rows)
    got = pooled_rates(rows)
    peer = sm.GLM(rows.contacts, x, offset=np.log(rows.days), family=sm.families.Poisson()).fit(
        cov_type="cluster", cov_kwds={"groups": rows.case}
    )
    assert got.effects == pytest.approx(peer.params, abs=1e-7)
    assert np.sqrt(np.diag(got.covariance)) == pytest.approx(peer.bse, rel=0.1)
    mean = np.asarray(peer.fittedvalues)
    cases = np.unique(rows.case)
    scores = np.array([x[rows.case == c].T @ (rows.contacts - mean)[rows.case == c] for c in cases])
    own = [x[rows.case == c].T @ (x[rows.case == c] * mean[rows.case == c, None]) for c in cases]
    expected = left_out(scores, own, np.linalg.inv(x.T @ (x * mean[:, None])))
    assert got.covariance == pytest.approx(expected, rel=1e-6)
    pearson = ((rows.contacts - mean) ** 2 / mean).sum() / (len(mean) - 5)
    assert got.dispersion == pytest.approx(pearson, rel=1e-6)
    assert got.expected(rows) == pytest.approx(mean)
    assert got.n_contacts == rows.contacts.sum()


def test_beyond_many_cases_errors_are_plain_sandwiches(monkeypatch: pytest.MonkeyPatch) -> None:
    """They equal those of the library by cluster, but for its (n - 1) / (n - p)."""
    monkeypatch.setattr("streamline.stats.rate_model.MANY_CASES", 10)
    rows = random_stretches(2)
    got = pooled_rates(rows)
    peer = sm.GLM(rows.contacts, matrix(rows), offset=np.log(rows.days), family=sm.families.Poisson()).fit(
        cov_type="cluster", cov_kwds={"groups": rows.case}
    )
    n, p = len(rows), 5
    assert got.covariance * (n - 1) / (n - p) == pytest.approx(peer.cov_params(), rel=1e-6)


def test_within_cases_the_ratios_are_those_of_the_conditional_likelihood() -> None:
    rows = random_stretches(3)
    got = fixed_effects_rates(rows)
    x = matrix(rows)[:, 1:4]  # the channel doesn't change within a case
    # a level of its own for each case with contacts gives the same ratios; the library's conditional fit would leave out cases
    # with the same number of contacts in all stretches, which tell something too
    some = np.bincount(rows.case, weights=rows.contacts)[rows.case] > 0
    cases = (rows.case[some, None] == np.unique(rows.case[some])) * 1.0
    peer = sm.GLM(
        rows.contacts[some],
        np.column_stack([x[some], cases]),
        offset=np.log(rows.days[some]),
        family=sm.families.Poisson(),
    ).fit(tol=1e-12, maxiter=100)
    assert got.within.tolist() == [False, True, True, True, False]
    assert got.effects[1:4] == pytest.approx(peer.params[:3], abs=1e-7)
    calls = np.bincount(rows.case, weights=rows.contacts)
    assert got.n_cases == (calls > 0).sum()
    assert got.n_cases_without_contacts == (calls == 0).sum()
    # errors by their definition
    weight = rows.days * np.exp(x @ got.effects[1:4])
    mean = weight * calls[rows.case] / np.bincount(rows.case, weights=weight)[rows.case]
    scores, own = [], []
    for c in np.flatnonzero(calls):
        here = rows.case == c
        scores.append(x[here].T @ (rows.contacts - mean)[here])
        sums = x[here].T @ mean[here]
        own.append(x[here].T @ (x[here] * mean[here, None]) - np.outer(sums, sums) / calls[c])
    # cases without contacts have scores of 0; they count in the number of cases
    n, all_ = len(scores), len(calls)
    expected = left_out(np.array(scores), own, np.linalg.inv(np.sum(own, axis=0))) * (all_ - 1) / all_ / ((n - 1) / n)
    assert got.covariance[1:4, 1:4] == pytest.approx(expected, rel=1e-5)


def test_levels_after_fixed_effects_give_back_all_contacts_and_their_errors_hold_both_steps() -> None:
    """Beside a jackknife that makes both steps again without each case."""
    rows = random_stretches(4)
    got = fixed_effects_rates(rows)
    assert got.expected(rows).sum() == pytest.approx(rows.contacts.sum())
    for channel in (0, 1):
        here = rows.factors[2].codes == channel
        assert got.expected(rows)[here].sum() == pytest.approx(rows.contacts[here].sum())
    without = np.array([fixed_effects_rates(rows.kept(rows.case != c)).effects for c in np.unique(rows.case)])
    n = len(without)
    expected = (without - got.effects).T @ (without - got.effects) * (n - 1) / n
    assert np.sqrt(np.diag(got.covariance)) == pytest.approx(np.sqrt(np.diag(expected)), rel=0.05)
    assert got.covariance[0, 1] == pytest.approx(expected[0, 1], rel=0.15)


def test_negative_binomial_by_stretch_is_the_usual_one() -> None:
    rows = random_stretches(5, sigma=1.0)
    got, test = negative_binomial_rates(rows)
    ordered = rows.by_case()
    peer = sm.NegativeBinomial(ordered.contacts, matrix(ordered), offset=np.log(ordered.days)).fit(
        disp=0, maxiter=300, method="bfgs", gtol=1e-8
    )
    assert got.effects == pytest.approx(peer.params[:-1], abs=1e-5)
    assert got.spread == pytest.approx(peer.params[-1], rel=1e-4)
    poisson = sm.GLM(ordered.contacts, matrix(ordered), offset=np.log(ordered.days), family=sm.families.Poisson()).fit()
    assert test.statistic == pytest.approx(2 * (peer.llf - poisson.llf), rel=1e-5)
    assert test.p_value < 1e-6


def test_negative_binomial_by_case_is_not_changed_by_cutting_stretches_in_two() -> None:
    rows = random_stretches(6)
    cut = Stretches(
        case=np.repeat(rows.case, 2),
        days=np.column_stack([0.3 * rows.days, 0.7 * rows.days]).ravel(),
        contacts=np.column_stack([rows.contacts // 2, rows.contacts - rows.contacts // 2]).ravel(),
        factors=tuple(
            Factor(name=f.name, levels=f.levels, codes=np.repeat(f.codes, 2), reference=f.reference)
            for f in rows.factors
        ),
    )
    whole, halves = (negative_binomial_rates(s, by="case")[0] for s in (rows, cut))
    assert halves.effects == pytest.approx(whole.effects, abs=1e-6)
    assert halves.spread == pytest.approx(whole.spread, rel=1e-5)
    assert halves.covariance == pytest.approx(whole.covariance, rel=1e-5)
    pooled, pooled_cut = pooled_rates(rows), pooled_rates(cut)
    assert pooled_cut.effects == pytest.approx(pooled.effects, abs=1e-8)


def test_without_spread_the_negative_binomial_is_the_poisson() -> None:
    """Two contacts in each of like stretches vary less than chance: no spread fits."""
    codes = np.tile([0, 1], 50)
    rows = Stretches(
        case=np.arange(100), days=np.full(100, 10.0), contacts=np.full(100, 2),
        factors=(Factor(name="a", levels=("x", "y"), codes=codes),),
    )  # fmt: skip
    got, test = negative_binomial_rates(rows)
    assert got.spread == 0.0
    assert test.statistic == 0.0
    assert test.p_value == 1.0
    assert got.effects == pytest.approx(pooled_rates(rows).effects)


def test_three_cases_by_hand() -> None:
    """10 days and 1 contact, 10 days and 3; 20 days and 4: rates of 4/20 and 4/20; within case 1 the ratio is 3."""
    rows = Stretches(
        case=np.array([1, 1, 2]), days=np.array([10.0, 10.0, 20.0]), contacts=np.array([1, 3, 4]),
        factors=(Factor(name="late", levels=("no", "yes"), codes=np.array([0, 1, 0]), reference=0),),
    )  # fmt: skip
    pooled = pooled_rates(rows)
    assert pooled.rates([[0, 1]]).rate == pytest.approx([5 / 30, 3 / 10])
    assert fixed_effects_rates(rows).ratios("late").ratio == pytest.approx([1, 3])


def test_a_level_without_contacts_has_a_rate_of_0_and_no_ratio_and_is_named() -> None:
    rows = random_stretches(7)
    quiet = rows.factors[0].codes == 2
    silent = Stretches(case=rows.case, days=rows.days, contacts=np.where(quiet, 0, rows.contacts), factors=rows.factors)
    for got in (pooled_rates(silent), fixed_effects_rates(silent), negative_binomial_rates(silent)[0]):
        assert [(x.factor, x.level) for x in got.left_out] == [("state", "decision")]
        assert np.isnan(got.ratios("state").ratio[2])
        assert got.rates([[2], [0], [0]]).rate == pytest.approx([0.0])
        assert np.isnan(got.rates([[2], [0], [0]]).high).all()
        assert (got.expected(silent)[quiet] == 0).all()
    rest = pooled_rates(rows.kept(~quiet))
    assert pooled_rates(silent).ratios("overdue").ratio == pytest.approx(rest.ratios("overdue").ratio)


def test_a_copy_of_a_factor_has_no_effect_of_its_own_and_changes_no_rate() -> None:
    rows = random_stretches(8)
    f = rows.factors[1]
    copy = Factor(name="copy", levels=f.levels, codes=f.codes, reference=0)
    twice = Stretches(case=rows.case, days=rows.days, contacts=rows.contacts, factors=(*rows.factors, copy))
    for fit in (pooled_rates, fixed_effects_rates):
        alone, got = fit(rows), fit(twice)
        assert [(x.factor, x.level, x.reason) for x in got.left_out] == [("copy", "yes", "told by the other factors")]
        assert np.isnan(got.ratios("copy").ratio[1])
        here, there = got.rates([[1], [1], [0], [1]]), alone.rates([[1], [1], [0]])
        assert here.rate == pytest.approx(there.rate, rel=1e-6)
        assert here.high == pytest.approx(there.high, rel=1e-6)


def test_order_and_names_of_cases_change_nothing() -> None:
    rows = random_stretches(9)
    rng = np.random.default_rng(9)
    names, order = rng.permutation(1000)[: rows.case.max() + 1], rng.permutation(len(rows))
    other = Stretches(case=names[rows.case], days=rows.days, contacts=rows.contacts, factors=rows.factors).kept(order)
    for fit in (pooled_rates, fixed_effects_rates, lambda s: negative_binomial_rates(s, by="case")[0]):
        assert fit(other).effects == pytest.approx(fit(rows).effects, abs=1e-8)
        assert fit(other).covariance == pytest.approx(fit(rows).covariance, rel=1e-6)


def test_crossed_factors_hold_each_combination() -> None:
    rows = random_stretches(10)
    both = crossed(rows.factors[0], rows.factors[1])
    assert both.levels[:2] == ("intake, no", "intake, yes")
    got = pooled_rates(Stretches(case=rows.case, days=rows.days, contacts=rows.contacts, factors=(both,)))
    cells = got.rates([np.arange(6)]).rate
    for k in range(6):
        here = both.codes == k
        assert cells[k] == pytest.approx(rows.contacts[here].sum() / rows.days[here].sum())


def test_what_cannot_be_fitted_is_refused_or_said() -> None:
    rows = random_stretches(11)
    none = Stretches(case=rows.case, days=rows.days, contacts=np.zeros(len(rows), dtype=np.int64), factors=rows.factors)
    for fit in (pooled_rates, fixed_effects_rates, negative_binomial_rates):
        with pytest.raises(InsufficientDataError, match="no contact in any open day"):
            fit(none)  # type: ignore[operator]
    moved = Factor(name="recent", levels=("no", "yes"), codes=rows.factors[1].codes, moved_by_contacts=True)
    with pytest.raises(ValueError, match="recent: contacts themselves move this factor"):
        fixed_effects_rates(Stretches(case=rows.case, days=rows.days, contacts=rows.contacts, factors=(moved,)))
    with pytest.raises(ValueError, match="open days have to be finite"):
        Stretches(case=rows.case, days=-rows.days, contacts=rows.contacts, factors=())
    with pytest.raises(ValueError, match="whole numbers"):
        Stretches(case=rows.case, days=rows.days, contacts=rows.contacts - 1, factors=())


def test_a_level_with_all_or_none_of_each_cases_contacts_is_told_from_all_cases_and_named() -> None:
    """Wherever a case has a decision and another state, all contacts came in the decision: within cases its ratio has no end.
    The ratios of the others are those without its stretches."""
    rows = random_stretches(14)
    decision = rows.factors[0].codes == 2
    with_it = np.isin(rows.case, np.unique(rows.case[decision]))
    contacts = np.where(with_it & ~decision, 0, rows.contacts)
    got = fixed_effects_rates(Stretches(case=rows.case, days=rows.days, contacts=contacts, factors=rows.factors))
    assert [(x.factor, x.level) for x in got.not_within] == [("state", "decision")]
    assert got.converged
    assert got.within.tolist() == [False, True, False, True, False]
    rest = rows.kept(~decision & ~with_it)
    assert got.effects[[1, 3]] == pytest.approx(fixed_effects_rates(rest).effects[[1, 2]], abs=1e-6)
    ratios = got.ratios("state")
    assert 0 < ratios.low[2] < ratios.ratio[2] < ratios.high[2] < np.inf
    assert got.rates([[0, 1, 2], [0, 0, 0], [0, 0, 0]]).high[2] < np.inf


def test_one_contact_gives_a_rate_and_no_narrow_interval() -> None:
    rows = random_stretches(12, n_cases=30)
    one = np.zeros(len(rows), dtype=np.int64)
    one[3] = 1
    got = pooled_rates(Stretches(case=rows.case, days=rows.days, contacts=one, factors=()))
    found = got.rates([])
    assert found.rate == pytest.approx([1 / rows.days.sum()])
    assert found.high / found.low > 20


def test_stretches_without_days_are_left_out_and_their_contacts_counted() -> None:
    rows = random_stretches(13)
    days = rows.days.copy()
    days[:5] = 0.0
    design = design_of(Stretches(case=rows.case, days=days, contacts=rows.contacts, factors=rows.factors))
    assert design.n_without_days == rows.contacts[:5].sum()
    assert len(design.stretches) == len(rows) - 5
    got = pooled_rates(design)
    assert got.effects == pytest.approx(pooled_rates(rows.kept(np.arange(len(rows)) >= 5)).effects)


def test_drawn_effects_vary_as_the_model_says() -> None:
    rows = random_stretches(15)
    got = fixed_effects_rates(rows)
    drawn = got.drawn_effects(np.random.default_rng(1), draws=20_000)
    assert np.cov(drawn.T) == pytest.approx(got.covariance, rel=0.05, abs=0.03 * got.covariance.max())
    assert drawn.mean(axis=0) == pytest.approx(got.effects, abs=0.01)
    assert got.expected(rows, effects=got.effects) == pytest.approx(got.expected(rows))
    total = [got.expected(rows, effects=e).sum() for e in drawn[:200]]
    assert np.std(total) > 0
