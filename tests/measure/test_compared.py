"""Groups compared: who differs is found, who doesn't isn't, and a mix of difficult cases isn't taken for slowness."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from streamline.errors import InsufficientDataError, StudyError, UnknownNameError
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.compared import ALIKE, LONGER, SHORTER, UNTOLD, groups_compared
from streamline.study import read_study

OFFICES = ("Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel")


def offices(seed: int, *, slow: float = 1.0, mixed: bool = False, n: int = 900, weeks: int = 52) -> EventLog:
    """Cases of six offices; weeks have their own queues, which all offices share. Alder's cases take `slow` times as long. Where
    `mixed`, difficult cases take twice as long, and Alder gets most of them."""
    rng = np.random.default_rng(seed)
    office = rng.choice(6, n, p=[0.3, 0.25, 0.2, 0.12, 0.08, 0.05])
    week = rng.integers(0, weeks, n)
    difficult = rng.random(n) < (np.where(office == 0, 0.8, 0.2) if mixed else 0.3)
    shared = np.exp(rng.normal(0, 0.3, weeks))[week]
    days = 10 * shared * rng.lognormal(0, 0.7, n) * np.where(office == 0, slow, 1.0) * np.where(difficult, 2.0, 1.0)
    begin = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(7 * week + 7 * rng.random(n), unit="D")
    names, case = np.asarray(OFFICES)[office], np.arange(n)
    both = [
        pd.DataFrame(
            {"case": case, "activity": what, "complete": at, "office": names, "kind": np.where(difficult, "hard", "easy")}
        )
        for what, at in (("Receive", begin), ("Decide", begin + pd.to_timedelta(days, unit="D")))
    ]  # fmt: skip
    return read_log(
        pd.concat(both), case="case", activity="activity", complete="complete", attributes=["office", "kind"],
        ends=["Decide"], timezone="UTC",
    )  # fmt: skip


def verdicts(log: EventLog, **options: object) -> dict[str, str]:
    table = groups_compared(log, "office", draws=20, **options).table
    return dict(zip(table["group"], table["differs"], strict=True))


def test_no_office_is_named_in_95_of_100_runs_where_none_differs():
    """100 services: at most 5% of false alarms, here 1 in a hundred, because ranks have to agree."""
    alarms = sum(not set(verdicts(offices(seed)).values()) <= {ALIKE} for seed in range(100))
    assert alarms <= 5


def test_a_mix_of_difficult_cases_is_not_taken_for_slowness():
    """The raw ratio of Alder's means is (0.8*2+0.2)/(0.2*2+0.8) = 1.5; alike it is 1."""
    alarms, ratios = 0, []
    for seed in range(40):
        found = groups_compared(offices(seed, mixed=True), "office", draws=20)
        row = found.table.set_index("group").loc["Alder"]
        ratios.append((row["ratio"], row["adjusted_ratio"]))
        alarms += row["differs"] != ALIKE
    assert np.mean(ratios, axis=0) == pytest.approx([1.5, 1.0], rel=0.03)
    assert alarms <= 2  # one office of six: a chance of 5%/6 a run
    assert found.alike == ("kind",)


def test_an_office_that_differs_is_found_with_an_interval_that_holds():
    found = [
        groups_compared(offices(seed, slow=1.5), "office", draws=20).table.set_index("group") for seed in range(20)
    ]
    assert sum(t.loc["Alder", "differs"] == LONGER for t in found) >= 19
    held = sum(t.loc["Alder", "adjusted_ratio_low"] <= 1.5 <= t.loc["Alder", "adjusted_ratio_high"] for t in found)
    assert held >= 18
    quick = groups_compared(offices(1, slow=0.6), "office", draws=20)
    assert quick.table.set_index("group").loc["Alder", "differs"] == SHORTER
    assert "Alder" in set(quick.differing["group"])


def test_by_hand():
    """Of ten weeks, each has cases of 2 and 4 days at A and of 5 and 7 at B: means 3 and 6, ratios a half and two."""
    rows = [
        (f"{office}{week}{k}", what, pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(days=7 * week + at), office)
        for week in range(12)
        for office, lasts in (("A", (2, 4)), ("B", (5, 7)))
        for k, last in enumerate(lasts)
        for what, at in (("Receive", 0), ("Decide", last))
    ]
    frame = pd.DataFrame(rows, columns=["case", "activity", "complete", "office"])
    log = read_log(
        frame,
        case="case",
        activity="activity",
        complete="complete",
        attributes=["office"],
        ends=["Decide"],
        timezone="UTC",
    )
    found = groups_compared(log, "office", min_cases=1)
    assert list(found.table["mean_days"]) == [3.0, 6.0]
    assert list(found.table["ratio"]) == pytest.approx([0.5, 2.0])
    assert found.table["adjusted_ratio"].isna().all()
    assert any("can't be told from one that is slow" in c for c in found.caveats)
    assert found.chart().points[1].y == pytest.approx(100.0)


def test_few_weeks_tell_of_no_office():
    found = groups_compared(offices(3, slow=3.0, weeks=6), "office", draws=20)
    assert set(found.table["differs"]) == {UNTOLD}
    assert any("too few weeks" in c for c in found.caveats)


def test_small_offices_are_compared_as_one():
    found = groups_compared(offices(2, n=300), "office", min_cases=30, draws=20)
    assert "(other)" in set(found.table["group"])
    assert found.table["n_cases"].sum() == 300
    assert set(found.cases["group"]) == set(found.table["group"])


def test_what_is_not_there_is_refused():
    log = offices(1, n=60)
    with pytest.raises(UnknownNameError, match="Did you mean 'office'"):
        groups_compared(log, "ofice")
    with pytest.raises(UnknownNameError, match="kinds"):
        groups_compared(log, "office", attributes=["kinds"])
    with pytest.raises(InsufficientDataError, match="nothing to compare"):
        groups_compared(log, "office", min_cases=1000)


def test_a_study_compares_by_what_the_log_has(written):
    head = "study: {title: T, agency: A, service: S}\nlog: {path: e.csv, attributes: [office]}\n"
    assert read_study(written(head + "compare: office\n", "study.yaml")).compare == "office"
    with pytest.raises(StudyError, match=r"line 3: compare: .*Did you mean 'office'"):
        read_study(written(head + "compare: ofice\n", "study.yaml"))
