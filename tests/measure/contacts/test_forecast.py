"""The forecast check: by hand, without a leak, against twins, and on simulated services whose rates hold or change."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from streamline.errors import InsufficientDataError
from streamline.figure import LineChart
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.read import read_contacts, read_log
from streamline.measure.contacts.exposure import open_life
from streamline.measure.contacts.forecast import ContactForecast, contact_forecast
from streamline.measure.contacts.forecast_cells import fitted_cells
from streamline.measure.contacts.known_then import link_share, links_before, log_before
from streamline.measure.contacts.linking import link_contacts
from streamline.measure.contacts.weekly import weekly_life
from streamline.measure.periods import period_edges
from streamline.units import DAY

Cases = Callable[..., EventLog]
Calls = Callable[..., ContactLog]

COVERS = ("2025-01-06", "2025-05-26")  # 20 weeks from a Monday


@pytest.fixture(scope="module")
def verify() -> ModuleType:
    path = Path(__file__).parents[3] / "scripts" / "verify_forecast.py"
    spec = importlib.util.spec_from_file_location("verify_forecast", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def even_rows(weeks: int = 21) -> list[tuple[Any, ...]]:
    """Four cases begin each Monday and await their review for a week; a last case ends the log after the weeks."""
    return [(f"{w}.{i}", "Review", 7.0 * w, 7.0 * w + 7) for w in range(weeks) for i in range(4)]


def even_calls(weeks: int = 21, per_case: int = 1) -> list[tuple[Any, ...]]:
    """Each case calls on its third day (and a quarter of a day later, if twice)."""
    return [(f"{w}.{i}", 7.0 * w + 2 + k / 4) for w in range(weeks) for i in range(4) for k in range(per_case)]


def test_one_state_by_hand(cases_of: Cases, calls_of: Calls) -> None:
    """28 open days a week with 4 contacts: 1/7 a day, so 4 are told for each week. 20 weeks: 14 before, 6 after."""
    log = cases_of(even_rows(), ends=["Review"])
    links = link_contacts(log, calls_of(even_calls()), covers=COVERS)
    got = contact_forecast(links)
    assert len(got.table) == 6
    assert got.table["week"].iloc[0] == pd.Timestamp("2025-04-14", tz="UTC")
    assert np.allclose(got.table["contacts"], 4.0)
    assert np.allclose(got.table["predicted"], 4.0)
    assert np.allclose(got.table["rival_ratio"], 4.0)
    # the cases of the last week before the split weren't in the log then: no open days, no contacts; else it is 28 and 4
    assert np.allclose(got.table["rival_regression"], 4.0)
    assert got.methods["method"].tolist() == [
        "rates by state and wait", "contacts per arriving case", "regression on open cases",
    ]  # fmt: skip
    assert got.predicted.value == pytest.approx(24.0)
    assert got.predicted.low < 24 < got.predicted.high
    assert (got.weeks_inside, got.rates_held) == (6, True)
    states = got.by_state.set_index("state")
    assert states.loc["Review", "open_days"] == pytest.approx(6 * 28.0)
    assert states.loc["Review", "predicted"] == pytest.approx(24.0)
    # nobody calls after the end: the rate is 0, and the bound isn't
    assert states.loc["after the case was closed", "predicted"] == 0.0
    assert states.loc["after the case was closed", "high"] > 0
    assert got.n_contacts == 24
    assert "told the total to within half a percent" in got.summary[0]


def test_rows_behind_it_add_up(cases_of: Cases, calls_of: Calls) -> None:
    log = cases_of(even_rows(), ends=["Review"])
    got = contact_forecast(link_contacts(log, calls_of(even_calls()), covers=COVERS))
    assert len(got.cases) == got.n
    assert got.cases["predicted"].sum() == pytest.approx(got.predicted.value)
    assert (
        got.cases["contacts"].sum() == got.n_contacts == got.by_state["contacts"].sum() == got.table["contacts"].sum()
    )
    assert got.by_state["predicted"].sum() == pytest.approx(got.table["predicted"].sum())
    chart = got.chart()
    assert isinstance(chart, LineChart)
    assert [line.label for line in chart.lines] == ["Contacts that came", "Told by the rates"]
    assert got.to_dict()["kind"] == "ContactForecast"


def test_attempts_count_with_their_weight(cases_of: Cases, calls_of: Calls) -> None:
    """Each case calls once and is cut off once; half of such attempts are dialled again: 1.5 contacts a case, 6 a week."""
    log = cases_of(even_rows(), ends=["Review"])
    rows = [(c, t, "lost" if i % 2 else "answered") for i, (c, t) in enumerate(even_calls(per_case=2))]
    calls = calls_of(rows, columns=("outcome",), abandoned=["lost"])
    got = contact_forecast(link_contacts(log, calls, redial_rate=0.5, covers=COVERS))
    assert np.allclose(got.table["contacts"], 6.0)
    assert np.allclose(got.table["predicted"], 6.0)
    assert any("count with their weight" in c for c in got.caveats)


def test_contacts_that_end_early_are_checked_as_far_as_they_go(cases_of: Cases, calls_of: Calls) -> None:
    log = cases_of(even_rows(weeks=30), ends=["Review"])
    got = contact_forecast(link_contacts(log, calls_of(even_calls(weeks=30)), covers=COVERS))
    assert got.until == pd.Timestamp("2025-05-26", tz="UTC").value // 1000
    assert any("ends 70 days before the log of cases" in c for c in got.caveats)


def test_what_no_case_awaited_before_is_left_out_and_told(cases_of: Cases, calls_of: Calls) -> None:
    rows = even_rows()
    rows += [(f"new{w}", "Appeal", 7.0 * w + 1, 7.0 * w + 3) for w in range(15, 19)]
    calls = [*even_calls(), ("new16", 16 * 7.0 + 2)]
    log = cases_of(rows, ends=["Review", "Appeal"])
    got = contact_forecast(link_contacts(log, calls_of(calls), covers=COVERS))
    assert got.n_contacts == 24
    assert "Appeal" not in set(got.by_state["state"])
    told = next(c for c in got.caveats if "no case awaited before the split" in c)
    assert told.startswith("The check leaves out 1 contact in 8 open days")
    assert "Appeal" in told


@pytest.mark.parametrize("n_contacts", [1, 2])
def test_a_rate_from_a_contact_or_two_has_bounds_that_say_so(cases_of: Cases, calls_of: Calls, n_contacts: int) -> None:
    """Appeals of one day: 14 before the split with a contact or two, 5 after it without any."""
    rows = even_rows()
    rows += [(f"appeal{w}", "Appeal", 7.0 * w + 1, 7.0 * w + 2) for w in range(19)]
    calls = [*even_calls(), *((f"appeal{w}", 7.0 * w + 1.5) for w in range(n_contacts))]
    log = cases_of(rows, ends=["Review", "Appeal"])
    got = contact_forecast(link_contacts(log, calls_of(calls), covers=COVERS)).by_state.set_index("state")
    assert got.loc["Appeal", "open_days"] == pytest.approx(5.0)
    assert got.loc["Appeal", "predicted"] == pytest.approx(5 * n_contacts / 14)
    assert got.loc["Appeal", "low"] == 0
    assert 1 <= got.loc["Appeal", "high"] <= 12


def test_a_log_without_ends_counts_closed_days_only_where_they_are_sure(cases_of: Cases, calls_of: Calls) -> None:
    log = cases_of(even_rows())
    got = contact_forecast(link_contacts(log, calls_of(even_calls()), covers=COVERS))
    assert np.allclose(got.table["predicted"], 4.0)
    assert any("nobody knew which cases were over" in c for c in got.caveats)


def test_weeks_without_any_record_are_pointed_at(cases_of: Cases, calls_of: Calls) -> None:
    """Twelve contacts a week, but none in the last three."""
    rows = [(c, t + k / 10) for c, t in even_calls() if t < 17 * 7 for k in range(3)]
    log = cases_of(even_rows(), ends=["Review"])
    got = contact_forecast(link_contacts(log, calls_of(rows), covers=COVERS))
    assert got.table["contacts"].tolist() == [12.0] * 3 + [0.0] * 3
    assert any("No contact at all in 3 weeks" in c for c in got.caveats)
    assert not got.rates_held


def test_refusals(cases_of: Cases, calls_of: Calls) -> None:
    log = cases_of(even_rows(), ends=["Review"])
    calls = even_calls()
    with pytest.raises(
        InsufficientDataError, match="cover 6 whole weeks together; a check of the rates takes 8 before"
    ):
        contact_forecast(link_contacts(log, calls_of(calls), covers=("2025-01-06", "2025-02-17")))
    with pytest.raises(InsufficientDataError, match=r"No contact can be linked .* 2025-04-14 and 2025-05-26"):
        contact_forecast(link_contacts(log, calls_of([c for c in calls if c[1] < 98]), covers=COVERS))
    with pytest.raises(InsufficientDataError, match=r"0 contacts before the split \(2025-04-14\) can be linked"):
        contact_forecast(link_contacts(log, calls_of([c for c in calls if c[1] > 98]), covers=COVERS))
    with pytest.raises(ValueError, match=r"share=1 must lie between 0 and 1"):
        contact_forecast(link_contacts(log, calls_of(calls), covers=COVERS), share=1)
    with pytest.raises(InsufficientDataError, match="cover no time together"):
        contact_forecast(link_contacts(log, calls_of([("0.0", -60.0 + i) for i in range(40)])))


def frame_of(log: EventLog) -> pd.DataFrame:
    arrival = pd.Series(log.instants(log.arrival)[log.case_of_step])
    return log.to_frame().drop(columns="row").assign(arrived=arrival)


def reread(frame: pd.DataFrame, ends: list[str] | None) -> EventLog:
    return read_log(
        frame, case="case", activity="activity", complete="complete", arrival="arrived", timezone="UTC", ends=ends
    )


def test_the_log_as_it_stood_is_the_log_of_the_rows_until_then(verify: ModuleType) -> None:
    """Twin: reading only the rows completed before the instant gives the same columns."""
    log, _ = verify.service(np.random.default_rng(5), verify.Setting("any"))
    instant = log.period[0] + 200 * DAY + 12_345
    got = log_before(log, instant)
    frame = frame_of(log)
    want = reread(frame[frame["complete"] < pd.Timestamp(instant * 1000, tz="UTC")], [verify.STEPS[-1]])
    assert got.case_id_array().tolist() == want.case_id_array().tolist()
    for name in ("case_offsets", "complete", "arrival"):
        assert (getattr(got, name) == getattr(want, name)).all()
    assert [got.activities[a] for a in got.activity] == [want.activities[a] for a in want.activity]
    assert (got.closed == want.closed).all()
    assert got.observed_until == instant


def test_steps_under_way_then_are_unfinished(cases_of: Cases) -> None:
    """Without `ends`: case a is over, b is in the middle of its second step, c isn't in the log yet."""
    log = cases_of([("a", "x", 0, 1), ("b", "x", 0, 1), ("b", "y", 2, 9), ("c", "x", 3, 8)])
    then = log_before(log, int(log.period[0]) + 5 * DAY)
    assert then.case_id_array().tolist() == ["a", "b"]
    assert then.closed.tolist() == [True, False]
    assert then.unfinished[["case", "activity"]].to_numpy().tolist() == [[1, "y"]]
    assert log.closed.all()  # the log itself is as it was


def test_nothing_that_comes_later_moves_the_rates(verify: ModuleType) -> None:
    """Other steps, other instants, other contacts after the split: rates and what they rest on stay the same, bit for bit."""
    rng = np.random.default_rng(8)
    log, calls = verify.service(rng, verify.Setting("any"))
    links = link_contacts(log, calls, covers=("2025-01-06", "2026-01-05"))
    split = int(pd.Timestamp("2025-09-15", tz="UTC").value // 1000)
    frame = frame_of(log)
    later = frame["complete"] >= pd.Timestamp(split * 1000, tz="UTC")
    changed = frame.copy()
    changed.loc[later, "activity"] = rng.permutation(frame.loc[later, "activity"].to_numpy())
    changed.loc[later, "complete"] += pd.to_timedelta(rng.integers(0, 40, int(later.sum())), unit="D")
    other_log = reread(changed, [verify.STEPS[-1]])
    said = calls.to_frame()[["case", "time"]]
    said = said[(said["time"] < pd.Timestamp(split * 1000, tz="UTC")) | (rng.uniform(size=len(said)) < 0.3)]
    other = link_contacts(other_log, read_contacts(said, case="case", time="time"), covers=("2025-01-06", "2026-01-05"))
    fits = []
    for each in (links, other):
        past = links_before(each, split)
        life = open_life(past, standard="30 days", draws=20)
        fits.append((past, life, fitted_cells(life, np.zeros(past.log.n_cases, dtype=np.bool_))))
    (past_a, life_a, fit_a), (past_b, life_b, fit_b) = fits
    assert (past_a.time == past_b.time).all()
    assert past_a.log.case_id_array(past_a.case).tolist() == past_b.log.case_id_array(past_b.case).tolist()
    assert life_a.bands == life_b.bands
    named = [dict(zip(f.cells.levels, f.rate[::2], strict=True)) for f in (fit_a, fit_b)]
    assert named[0].keys() == named[1].keys()
    for level, rate in named[0].items():
        assert rate == pytest.approx(named[1][level], rel=1e-9)


def test_what_an_open_case_awaited_at_the_split_isnt_known(verify: ModuleType) -> None:
    log, calls = verify.service(np.random.default_rng(9), verify.Setting("any"))
    links = link_contacts(log, calls)
    split = int(pd.Timestamp("2025-09-15", tz="UTC").value // 1000)
    life = open_life(links_before(links, split), draws=20)
    state = life.factor("state")
    unknown = life.time[state.codes == state.levels.index("next step not yet known")].sum()
    past = log_before(log, split)
    waits = np.where(past.closed, 0, split - past.last_completion)
    from_contacts = np.maximum(past.last_completion, links.period[0])
    assert unknown == np.where(past.closed, 0, split - from_contacts).sum() <= waits.sum()


def test_link_share_of_a_time_by_hand(cases_of: Cases, calls_of: Calls) -> None:
    """Of four contacts in the first ten days one names no case, one another log's case; after them, none is linked."""
    log = cases_of([("a", "x", 0, 30)])
    links = link_contacts(log, calls_of([("a", 1), ("a", 2), (None, 3), ("z", 4), (None, 12)]))
    first = log.period[0]
    assert link_share(links, first, first + 10 * DAY) == pytest.approx(2 / 3)
    assert link_share(links, first + 10 * DAY, first + 20 * DAY) == 0.0
    assert np.isnan(link_share(links, first + 13 * DAY, first + 20 * DAY))


def test_weeks_add_up_to_the_open_life(verify: ModuleType) -> None:
    """Twin: the rows of all weeks together are those of `open_life`, by case, state and waiting band."""
    log, calls = verify.service(np.random.default_rng(4), verify.Setting("any", cases_per_week=6.0))
    links = link_contacts(log, calls, covers=("2025-01-06", "2026-01-05"))
    life = open_life(links, standard="20 days", draws=20)
    edges = period_edges(log, *links.period, "week")
    got = weekly_life(links, edges, bands=life.bands, standard=life.standard, first=links.period[0])
    state, band, late = (life.factor(name) for name in ("state", "waiting", "overdue"))

    def sums(case: Any, s: Any, b: Any, o: Any, values: Any) -> pd.Series:
        frame = pd.DataFrame({"case": case, "state": s, "band": b, "late": o, "v": values})
        total = frame.groupby(["case", "state", "band", "late"])["v"].sum()
        return total[total > 0]

    for mine, theirs in ((got.days, life.days), (got.contacts, life.contacts)):
        a = sums(got.case, got.state, got.band, got.overdue, mine)
        b = sums(life.case, state.codes, band.codes, late.codes, theirs)
        pd.testing.assert_series_equal(a, b, check_index_type=False)
    assert got.days[got.week == 3].sum() <= 7.0 * log.n_cases
    assert got.week.max() == len(edges) - 2


def test_rates_are_contacts_over_days_of_the_past(verify: ModuleType) -> None:
    """Twin: without a standard, each state and wait has its contacts over its days; poor waits join the nearest richer one."""
    log, calls = verify.service(np.random.default_rng(6), verify.Setting("any", cases_per_week=12.0))
    links = link_contacts(log, calls)
    got = contact_forecast(links)
    past = links_before(links, got.split)
    life = open_life(past, draws=20)
    state, band = life.factor("state"), life.factor("waiting")
    n_bands = len(band.levels)
    tally = {(s, b): [0.0, 0.0] for s in range(len(state.levels)) for b in range(n_bands)}
    for s, b, days, n in zip(state.codes, band.codes, life.days, life.contacts, strict=True):
        if days > 0:  # else no rate comes of it, as at the very first contact, where the time covered begins
            tally[s, b][0] += days
            tally[s, b][1] += n
    rate = {}
    for s in range(len(state.levels)):
        rich = [b for b in range(n_bands) if tally[s, b][1] >= 10]
        home = {b: min(rich, key=lambda r: (abs(r - b), r)) if rich else 0 for b in range(n_bands)}
        for b in range(n_bands):
            mine = [tally[s, other] for other in range(n_bands) if home[other] == home[b]]
            days, n = sum(m[0] for m in mine), sum(m[1] for m in mine)
            rate[s, b] = n / days if days else 0.0
    edges = period_edges(log, got.split, got.until, "week")
    rows = weekly_life(links, edges, bands=life.bands, standard=None, first=got.split)
    want = np.zeros(len(got.table))
    for w, s, b, days in zip(rows.week, rows.state, rows.band, rows.days, strict=True):
        want[w] += rate[s, b] * days
    assert len({round(r, 9) for r in rate.values()}) > 4
    assert np.allclose(got.table["predicted"], want, rtol=1e-7)


def test_rates_of_very_different_size_can_be_told_together(cases_of: Cases, calls_of: Calls) -> None:
    """Each case calls within the quarter of an hour in which it awaits its payment; one calls once in years of review."""
    rows, calls = [], []
    for w in range(20):
        for i in range(8):
            name, begin = f"{w}.{i}", 7.0 * w + i / 10
            rows += [(name, "Register", begin, begin + 1), (name, "Pay", begin + 1.002, begin + 1.01)]
            rows.append((name, "Review", begin + 40, begin + 50.0))
            calls.append((name, begin + 1.005))
    calls.append(("0.0", 30.0))
    log = cases_of(rows, ends=["Review"])
    got = contact_forecast(link_contacts(log, calls_of(calls), covers=COVERS))
    assert np.isfinite(got.table[["predicted", "low", "high"]].to_numpy()).all()
    states = got.by_state.set_index("state")
    assert states.loc["Pay", "predicted"] == pytest.approx(48)
    assert 0 < states.loc["Review", "predicted"] < 1


def test_an_interval_too_wide_to_fail_is_said_to_prove_little(verify: ModuleType) -> None:
    found = forecasts(verify, verify.Setting("wild weeks", weeks_differ=0.8, carried=0.6), 4)
    wide = [f.rates_held and f.predicted.high - f.predicted.low > f.predicted.value for f in found]
    assert [any("proves little" in sentence for sentence in f.summary) for f in found] == wide
    assert any(wide)


def forecasts(verify: ModuleType, setting: Any, runs: int) -> list[ContactForecast]:
    rng = np.random.default_rng(20)
    return [contact_forecast(link_contacts(*verify.service(rng, setting)), seed=r) for r in range(1, runs + 1)]


@pytest.mark.parametrize("setting", ["callers differ", "contacts lead to contacts", "weeks differ by 20%"])
def test_intervals_by_week_hold_the_contacts(verify: ModuleType, setting: str) -> None:
    """Theory, small: as many weeks inside as 92 to 98% lets expect (larger runs: docs/verification/forecast.md)."""
    found = forecasts(verify, next(s for s in verify.SETTINGS if s.name == setting), 12)
    inside, weeks = sum(f.weeks_inside for f in found), sum(len(f.table) for f in found)
    assert binom.cdf(inside, weeks, 0.92) > 0.001
    assert binom.sf(inside - 1, weeks, 0.98) > 0.001
    assert sum(f.predicted.value for f in found) == pytest.approx(sum(f.n_contacts for f in found), rel=0.1)


def test_rates_that_rose_are_seen_and_said(verify: ModuleType) -> None:
    """Rates double at the split; how often smaller changes are seen is in docs/verification/forecast.md."""
    found = forecasts(verify, verify.Setting("rates double", differ=0.8, weeks_differ=0.1, shift=2.0), 5)
    right = forecasts(verify, verify.Setting("rates stay", differ=0.8, weeks_differ=0.1), 5)
    assert max(f.weeks_inside / len(f.table) for f in found) < min(f.weeks_inside / len(f.table) for f in right)
    assert not any(f.rates_held for f in found)
    assert all("customers got in touch more often after" in " ".join(f.summary) for f in found)
    assert sum(f.rates_held for f in right) >= 4


def test_rates_that_fell_are_said_to_have_fallen(verify: ModuleType) -> None:
    got = forecasts(verify, verify.Setting("rates fall", shift=0.4), 1)[0]
    assert not got.rates_held
    assert "customers got in touch less often after" in " ".join(got.summary)
    assert "too many" in got.summary[0]


def test_the_same_seed_gives_the_same_and_the_input_is_untouched(verify: ModuleType) -> None:
    log, calls = verify.service(np.random.default_rng(2), verify.SETTINGS[1])
    links = link_contacts(log, calls)
    before = links.time.copy(), log.complete.copy()
    first, second = contact_forecast(links, seed=3), contact_forecast(links, seed=3)
    pd.testing.assert_frame_equal(first.table, second.table)
    pd.testing.assert_frame_equal(first.by_state, second.by_state)
    assert first.summary == second.summary
    assert (links.time == before[0]).all()
    assert (log.complete == before[1]).all()


@pytest.mark.real
@pytest.mark.parametrize("name", ["permits", "permits-busy", "permits-calm"])
def test_the_simulated_permits_keep_their_rates(shared_truth: Path, name: str) -> None:
    """Their rates never change, and the check says so."""
    folder = shared_truth / name
    log = read_log(
        folder / "events.csv.gz", case="permit", activity="step", start="began", complete="finished", resource="worker",
        channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    calls = read_contacts(folder / "calls.csv.gz", case="permit", time="called", channel="channel")
    got = contact_forecast(link_contacts(log, calls), standard="30 days")
    assert got.rates_held
    assert got.predicted.low <= got.n_contacts <= got.predicted.high
    assert got.methods["method"].iloc[0] == "rates by state and wait"
    assert len(got.methods) >= 3
