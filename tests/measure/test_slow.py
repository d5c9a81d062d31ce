"""What sets slow cases apart: by hand, where nothing does, where it is known, and on real logs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.slow import ARRIVAL, COURSE, slow_cases

WEEK = 168


def _log(log_of: Callable[..., EventLog], n: int = 240, **options: Any) -> EventLog:
    """Two cases a day but Sundays over 20 weeks; those by mail take 5 hours in one week and 7 in the next, by phone 2, and
    every second case 3 more."""
    rows = []
    for k in range(n):
        begin = WEEK * (k // 12) + 24 * (k // 2 % 6)
        channel = "mail" if k % 4 < 2 else "phone"
        took = (5 + 2 * (k // 12 % 2) if channel == "mail" else 2) + 3 * (k % 2)
        rows += [(f"c{k:03}", "Intake", None, begin, channel), (f"c{k:03}", "Decide", None, begin + took, channel)]
    return log_of(rows, columns=("channel",), **options)


def test_two_channels_by_hand(log_of, row) -> None:
    """Mail takes 5, 8, 7 and 10 hours equally often, phone 2 and 5. 30% of the cases take 7 hours and more, 25% more than 7.
    All take one route and none loops."""
    got = slow_cases(_log(log_of), share=0.3)
    mail = got.table[got.table["factor"] == "channel"]
    assert mail["level"].tolist() == ["mail"]
    first = mail.iloc[0]
    assert (first["kind"], first["n_cases"], first["cases_share"]) == (ARRIVAL, 120, 0.5)
    assert (first["mean_days"] * 24, first["others_mean_days"] * 24) == pytest.approx((7.5, 3.5))
    assert first["difference_days"] * 24 == pytest.approx(4)
    assert (first["median_days"] * 24, first["others_median_days"] * 24) == pytest.approx((7, 2))
    assert (first["slow_share"], first["others_slow_share"]) == (0.5, 0.0)
    assert first["adjusted_ratio"] == pytest.approx(7.5 / 3.5)
    assert got.slow_days * 24 == pytest.approx(7)
    assert got.slow_share == pytest.approx(0.25)
    assert bool(first["stands_out"])
    assert set(got.table["factor"]) == {"channel", "weekday of arrival"}
    assert got.words[0].startswith("Cases with channel “mail” take 0.17 (")
    assert all(text.endswith("This is an association, not a cause.") for text in got.words)
    assert got.chart().title == "Cases with channel “mail” take 0.17 days longer than the others"
    assert got.cases.columns.tolist() == ["case", "cycle_time_days", "slow", "channel", "weekday of arrival"]
    assert got.cases["slow"].sum() == 60


def test_routes_have_short_names_and_their_steps_beside(log_of) -> None:
    """Every other case is also checked and takes two hours more; the rarer route has the second name."""
    rows = []
    for k in range(120):
        begin, extra = 24.0 * 7 * (k // 6) + k % 6, 2.0 * (k % 3 == 0)
        rows += [(f"c{k}", "Intake", None, begin), (f"c{k}", "Decide", None, begin + 3 + extra + k % 2)]
        if extra:
            rows.append((f"c{k}", "Check", None, begin + 2))
    table = slow_cases(log_of(rows)).table
    routes = table[table["factor"] == "route"].set_index("level")["steps"]
    assert routes.to_dict() == {"route 2 (3 steps)": "Intake → Check → Decide"}
    assert (table.loc[table["factor"] != "route", "steps"] == "").all()


def test_past_the_standard_open_cases_are_slow(log_of) -> None:
    """Without an end the last of the cases stay open: those past 4 hours are slow, the others aren't known yet."""
    log = _log(log_of)
    frame = log.to_frame()
    last = frame["case"].isin([f"c{k:03}" for k in range(232, 240)])
    frame = frame[~(last & (frame["activity"] == "Decide"))]
    log = read_log(frame.drop(columns=["start", "row"]), case="case", activity="activity", complete="complete",
                   channel="channel", ends=["Decide"])  # fmt: skip
    got = slow_cases(log, standard="4 hours")
    assert (got.n, dict(got.excluded)) == (232, {"open": 8})
    assert len(got.cases) == 238  # the two of the last day have been open for less than 4 hours
    assert got.cases["cycle_time_days"].isna().sum() == 6
    assert got.cases["slow"].sum() == 232 * 3 // 4 + 6
    assert got.caveats[1].startswith("8 of 240 cases are still open")
    assert "open ones that are past it" in got.slow_is


def test_of_many_that_take_equally_long_all_are_slow(log_of) -> None:
    """An eighth of the cases take 10 hours, none more: the slowest tenth are that eighth."""
    got = slow_cases(_log(log_of), share=0.1)
    assert got.slow_share == pytest.approx(1 / 8)
    assert got.slow_is == "the slowest 12% of the closed cases, which all took 10 hours"


def test_few_weeks_give_no_intervals_and_no_tests(log_of) -> None:
    got = slow_cases(_log(log_of, n=60), share=0.3)
    assert got.table["difference_days_low"].isna().all()
    assert got.table["p_value"].isna().all()
    assert not got.table["stands_out"].any()
    assert any("in only 5 weeks" in c for c in got.caveats)
    assert got.words == ()


def test_the_title_says_nothing_of_means_that_cannot_be_told_apart(log_of) -> None:
    """Online cases mostly take 6 hours less; one in twenty of them takes so long that their mean is larger, by chance or not."""
    rng = np.random.default_rng(3)
    rows = []
    for k in range(400):
        online = k % 2 == 1
        hours = rng.exponential(10) + 6 * (not online) + (rng.exponential(600) if k % 40 == 1 else 0)
        channel = "online" if online else "mail"
        rows += [(f"c{k:03}", "Intake", None, 20 * k, channel), (f"c{k:03}", "Decide", None, 20 * k + hours, channel)]
    got = slow_cases(log_of(rows, columns=("channel",)))
    online = got.table[got.table["level"] == "online"].iloc[0]
    assert online["stands_out"]
    assert online["difference_days_low"] < 0 < online["difference_days"]
    assert online["median_difference_days"] < 0
    assert got.chart().title == "Cases with channel “online” mostly take less than the others"
    assert got.words[0].startswith("Cases with channel “online” mostly take less than the others (median ")


def test_levels_left_out_of_the_adjustment_are_not_said_to_loop(log_of) -> None:
    """Every third case, by counter, is done at once; its cycle time of nothing can't be a multiple of another."""
    rows = [
        (f"c{k:03}", step, None, 10 * k + (0 if step == "Intake" or not k % 3 else k % 7), "mail" if k % 2 else "phone",
         "counter" if not k % 3 else "office" if k % 4 else "branch")
        for k in range(300) for step in ("Intake", "Decide")
    ]  # fmt: skip
    got = slow_cases(log_of(rows, columns=("channel", "place"), attributes=["place"]))
    left_out = [text for text in got.caveats if "place: counter" in text]
    assert left_out == [
        "These alone tell the outcome, which is the same for all of their cases, so that nothing is adjusted for them; their "
        "cases are left out of the adjusted figures: place: counter."
    ]


def test_refusals(log_of) -> None:
    log = _log(log_of)
    with pytest.raises(ValueError, match="share must lie between"):
        slow_cases(log, share=1.0)
    with pytest.raises(ValueError, match="fdr must lie between"):
        slow_cases(log, fdr=0.0)
    with pytest.raises(InsufficientDataError, match="none of the 240 cases took more than 10 hours"):
        slow_cases(log, standard="10 hours")
    with pytest.raises(InsufficientDataError, match="all of the 240 cases took more than 1 hour"):
        slow_cases(log, standard="1 hour")
    with pytest.raises(InsufficientDataError, match="all of the 2 cases took equally long; no slow ones"):
        slow_cases(log_of([("a", "x", None, 0), ("b", "x", None, 0)]))


def _simulated(log_of: Callable[..., EventLog], rng: np.random.Generator, effect: float) -> EventLog:
    """400 cases over 40 weeks with heavy-tailed times, busy weeks, and three attributes; level v1 of `kind` takes `effect`
    times as long."""
    n, week = 400, rng.integers(0, 40, 400)
    kind, office, desk = rng.integers(0, 4, n), rng.integers(0, 3, n), rng.integers(0, 6, n)
    took = rng.lognormal(2, 0.8, n) * rng.gamma(8, 1 / 8, 40)[week] * np.where(kind == 1, effect, 1.0)
    begin = WEEK * week + rng.uniform(0, WEEK, n)
    frame = {"kind": [f"v{i}" for i in kind], "office": [f"o{i}" for i in office], "desk": [f"d{i}" for i in desk]}
    rows = [(f"c{k}", "In", None, begin[k]) for k in range(n)]
    log = log_of(rows + [(f"c{k}", "Out", None, begin[k] + took[k]) for k in range(n)])
    order = [int(str(c)[1:]) for c in log.case_id_array()]
    return replace(log, attributes=pd.DataFrame(frame).iloc[order].reset_index(drop=True))


def test_where_nothing_sets_cases_apart_little_is_found(log_of) -> None:
    rng, found, small, draws = np.random.default_rng(21), 0, [], 120
    for _ in range(draws):
        got = slow_cases(_simulated(log_of, rng, 1.0))
        found += bool(got.table["stands_out"].any())
        small += (got.table["p_value"] < 0.05).tolist()
    assert found / draws <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)
    assert 0.03 <= np.mean(small) <= 0.07


def test_a_planted_difference_is_found_and_its_intervals_hold(log_of) -> None:
    """v1 takes 2 times as long: a ratio of 2, and a difference of one mean, which busy weeks leave as it is on average."""
    rng, draws = np.random.default_rng(22), 120
    ratio, difference, median, found = [], [], [], 0
    mean = np.exp(2 + 0.8**2 / 2) / 24
    for _ in range(draws):
        table = slow_cases(_simulated(log_of, rng, 2.0)).table
        first = table[(table["factor"] == "kind") & (table["level"] == "v1")].iloc[0]
        found += bool(first["stands_out"])
        ratio.append(first["adjusted_ratio_low"] <= 2 <= first["adjusted_ratio_high"])
        difference.append(first["difference_days_low"] <= mean <= first["difference_days_high"])
        median.append(
            first["median_difference_days_low"] <= 0.99 * np.exp(2) / 24 <= first["median_difference_days_high"]
        )
    error = 3 * np.sqrt(0.95 * 0.05 / draws)
    assert found > 0.98 * draws
    for held in (ratio, difference, median):
        assert 0.95 - error <= np.mean(held) <= 1.0


@pytest.mark.real
def test_shuffled_attributes_of_a_real_log_stand_out_seldom(real_log) -> None:
    """Among all that stands out (routes and loops do, rightly), the shuffled attributes are few."""
    log, rng, false = real_log("receipt"), np.random.default_rng(23), []
    for _ in range(40):
        shuffled = log.attributes.iloc[rng.permutation(log.n_cases)].reset_index(drop=True)
        table = slow_cases(replace(log, attributes=shuffled, resource=None, channel=None)).table
        out = table[table["stands_out"]]
        assert (out["kind"] == COURSE).any()
        false.append(out["factor"].isin(shuffled.columns).sum() / len(out))
    assert np.mean(false) <= 0.05 + 3 * np.std(false) / np.sqrt(40)


@pytest.mark.real
def test_the_permits_are_slow_by_mail_and_by_asking_back(shared_truth: Path) -> None:
    """Mail is asked for information more often, which takes weeks; with that loop alike, mail is hardly slower."""
    log: Any = read_log(
        shared_truth / "permits" / "events.csv.gz", case="permit", activity="step", start="began", complete="finished",
        resource="worker", channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    table = slow_cases(log, standard="16 days").table
    channel = table[table["factor"] == "channel"].set_index("level")
    assert channel.loc["mail", "difference_days_low"] > 1
    assert channel.loc["mail", "adjusted_ratio_low"] > 1.2
    loops = table[table["factor"] == "loop"]
    assert set(loops["kind"]) == {COURSE}
    assert loops["level"].iloc[0] == "back to Intake check after Request information"
    assert loops["slow_share"].iloc[0] > 0.2
