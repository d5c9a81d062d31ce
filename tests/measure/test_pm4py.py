"""Peer: pm4py answers the same questions in the same way, on real logs.

pm4py 2.7.23 reads each offset, orders a case by time and, where times tie, by place in the file, as is done here. Its
readers are slow (half a minute for the fines), so the fines reach it as the frame of our log; that compares the measures
there, and on the other two logs the reading as well. What differs, and why, stands in the test's own text.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.flow import directly_follows, variants
from streamline.measure.loops.passes import first_passes
from streamline.measure.models.conformance import conformance
from streamline.measure.models.process_model import ProcessModel, process_model
from streamline.measure.waits.path import paths
from streamline.measure.waits.spectrum import performance_spectrum
from streamline.measure.waits.temporal_profile import temporal_deviations, temporal_profile

pytestmark = [pytest.mark.peer, pytest.mark.real]


class Pair(NamedTuple):
    """One log, read by us and as pm4py's frame."""

    ours: EventLog
    theirs: pd.DataFrame


@pytest.fixture(scope="module")
def pm4py() -> Iterator[Any]:
    """The peer, quiet: it advises an optional reader by a UserWarning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Install the optional requirement", category=UserWarning)
        import pm4py

        pm4py.util.constants.SHOW_PROGRESS_BAR = False
        yield pm4py


def _framed(log: EventLog) -> pd.DataFrame:
    frame = log.to_frame()
    framed = pd.DataFrame(
        {
            "case:concept:name": frame["case"],
            "concept:name": frame["activity"],
            "time:timestamp": frame["complete"].dt.tz_convert("UTC"),
        }
    )
    if log.has_start:
        framed["start_timestamp"] = frame["start"].dt.tz_convert("UTC")
    return framed


@pytest.fixture(scope="module", params=["receipt", "road-traffic-fines", "bpic2012"])
def pair(request: pytest.FixtureRequest, pm4py: Any, real_log: Callable[[str], EventLog], shared_data: Path) -> Pair:
    if request.param == "road-traffic-fines":
        log = real_log(request.param)
        return Pair(log, _framed(log))
    if request.param == "receipt":
        log, path = real_log("receipt"), shared_data / "receipt" / "receipt.xes.gz"
    else:  # every event is a step, as it is to pm4py
        path = shared_data / "bpic2012" / "BPI_Challenge_2012.xes.gz"
        log = read_log(path, timezone="Europe/Amsterdam", lifecycle=None)
    return Pair(log, _read(pm4py, path))


def _read(pm4py: Any, path: Path) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Install the optional requirement", category=UserWarning)
        return pm4py.read_xes(str(path))


@pytest.mark.parametrize("pair", ["receipt", "bpic2012"], indirect=True)
def test_both_read_the_same_events(pair: Pair) -> None:
    """Event by event in the order of the file: case, activity and instant, over changes of the clock (+01, +02)."""
    in_file = np.argsort(pair.ours.row, kind="stable")
    frame = pair.ours.to_frame().iloc[in_file]
    assert frame["case"].tolist() == pair.theirs["case:concept:name"].tolist()
    assert frame["activity"].tolist() == pair.theirs["concept:name"].tolist()
    instants = pair.theirs["time:timestamp"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    assert np.array_equal(pair.ours.complete[in_file], instants.astype("datetime64[us]").astype(np.int64))


def test_directly_follows(pm4py: Any, pair: Pair) -> None:
    theirs, starts, ends = pm4py.discover_dfg(pair.theirs)
    ours = directly_follows(pair.ours)
    assert {(r.source, r.target): r.n for r in ours.table.itertuples()} == dict(theirs)
    places = ours.ends.set_index("activity")
    assert {a: n for a, n in places["n_cases_starting"].items() if n} == dict(starts)
    assert {a: n for a, n in places["n_cases_ending"].items() if n} == dict(ends)


def test_variants(pm4py: Any, pair: Pair) -> None:
    theirs = pm4py.get_variants(pair.theirs)
    assert {r.activities: r.n_cases for r in variants(pair.ours).table.itertuples()} == dict(theirs)


def test_case_durations(pm4py: Any, pair: Pair) -> None:
    """Seconds from the first to the last event of each case, in order of size; its floats carry no microseconds more."""
    theirs = np.sort(pm4py.get_all_case_durations(pair.theirs))
    ours = np.sort((pair.ours.last_completion - pair.ours.arrival) / 1e6)
    assert np.abs(ours - theirs).max() < 1e-6


def test_offsets_within_one_case(pm4py: Any, tmp_path: Path) -> None:
    """10:00+05:00, 10:00-04:00 and 10:00Z are 05:00, 14:00 and 10:00 UTC, to both; sorted, the second comes last."""
    stamps = ("10:00:00+05:00", "10:00:00.000-04:00", "10:00:00Z")
    events = "".join(
        f'<event><string key="concept:name" value="{name}"/><date key="time:timestamp" value="2024-03-01T{stamp}"/></event>'
        for name, stamp in zip("abc", stamps, strict=True)
    )
    path = tmp_path / "offsets.xes"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0">\n<trace>\n'
        f'<string key="concept:name" value="1"/>\n{events}\n</trace>\n</log>\n'
    )
    theirs = _read(pm4py, path).set_index("concept:name")["time:timestamp"].dt.tz_convert("UTC")
    ours = read_log(path, lifecycle=None, timezone="UTC").to_frame().set_index("activity")["complete"]
    assert ours.index.tolist() == ["a", "c", "b"]
    assert {a: t.hour for a, t in ours.items()} == {a: t.hour for a, t in theirs.items()} == {"a": 5, "c": 10, "b": 14}


def test_rework_per_activity(pm4py: Any, pair: Pair) -> None:
    """Cases in which an activity comes more than once: those with it that didn't do it once."""
    theirs = pm4py.get_rework_cases_per_activity(pair.theirs)
    table = first_passes(pair.ours).table
    again = (table["n_cases"] * (1 - table["first_pass_yield"])).round().astype(int)
    assert {a: n for a, n in zip(table["activity"], again, strict=True) if n} == dict(theirs)


@pytest.fixture(scope="module", params=["receipt", "bpic2017-w"])
def timed(request: pytest.FixtureRequest, pm4py: Any, real_log: Callable[[str], EventLog]) -> Pair:
    """A log with completions only, and one with starts."""
    log = real_log(request.param)
    return Pair(log, _framed(log))


@pytest.mark.parametrize("timed", ["bpic2017-w"], indirect=True)
def test_service_time(pm4py: Any, timed: Pair) -> None:
    """Mean from start to completion of each activity (pm4py calls it service time, older versions sojourn time)."""
    theirs = pm4py.get_service_time(timed.theirs, start_timestamp_key="start_timestamp")
    log, found = timed.ours, paths(timed.ours)
    ours = pd.Series(found.service[found.known] / 1e6).groupby(log.activity[found.known]).mean()
    assert {log.activities[a]: v for a, v in ours.items()} == pytest.approx(theirs, rel=1e-9)


def test_service_time_without_starts(pm4py: Any, real_log: Callable[[str], EventLog]) -> None:
    """Not equal: where no start is recorded pm4py gives 0 seconds; here nothing is known of service."""
    log = real_log("receipt")
    assert set(pm4py.get_service_time(_framed(log)).values()) == {0.0}
    assert not paths(log).known.any()


def test_temporal_profile(pm4py: Any, timed: Pair) -> None:
    """Means and standard deviations of all pairs; for a pair that occurs once pm4py's deviation is 0, ours not known."""
    theirs = pm4py.discover_temporal_profile(timed.theirs.copy())
    table = temporal_profile(timed.ours).table
    ours = {(r.source, r.target): (r.mean_hours * 3600, r.sd_hours * 3600) for r in table.itertuples()}
    assert set(ours) == set(theirs)
    assert all((table["n"] == 1) == table["sd_hours"].isna())
    for pair, (mean, sd) in theirs.items():
        assert ours[pair][0] == pytest.approx(mean, rel=1e-9, abs=1e-6)
        assert np.nan_to_num(ours[pair][1]) == pytest.approx(sd, rel=1e-6, abs=1e-3)


def test_temporal_deviations(pm4py: Any, timed: Pair) -> None:
    """The same pairs of steps deviate by three standard deviations, case by case; pairs that occur once never do."""
    theirs = pm4py.discover_temporal_profile(timed.theirs.copy())
    found = pm4py.conformance_temporal_profile(timed.theirs.copy(), theirs, zeta=3.0)
    wanted = [
        (case, source, target, round(seconds))
        for case, deviations in zip(timed.theirs["case:concept:name"].unique(), found, strict=True)
        for source, target, seconds, _ in deviations
    ]
    ours = temporal_deviations(timed.ours, sds=3.0, min_occurrences=2)
    rows = ours.cases
    seconds = (rows["hours"] * 3600).round().astype(int)
    assert sorted(zip(rows["case"], rows["source"], rows["target"], seconds, strict=True)) == sorted(wanted)
    assert ours.n_deviations == len(wanted) > 300
    assert ours.cases_share.value == sum(map(bool, found)) / len(found)


@pytest.mark.parametrize("pair", ["receipt", "bpic2012"], indirect=True)
def test_performance_spectrum(pm4py: Any, pair: Pair) -> None:
    """The passages of the most frequent segment, other steps being skipped as pm4py does; it takes completions only, and
    counts the seconds of its own unit of time (nanoseconds) whatever the frame's is, so that ours are scaled to it."""
    from pm4py.algo.discovery.performance_spectrum.variants import dataframe

    top = directly_follows(pair.ours).table
    source, target = next((r.source, r.target) for r in top.itertuples() if r.source != r.target)
    unit = {"ns": 1.0, "us": 1e-3}[pair.theirs["time:timestamp"].dt.unit]
    theirs = dataframe.apply(pair.theirs.copy(), [source, target], 10**9)
    ours = performance_spectrum(pair.ours, source, target, skipping=True).chart()
    seconds = np.column_stack([ours.begin, ours.end]) / 1e6 * unit
    assert len(theirs) == len(seconds) > 1000
    assert np.array(sorted(map(tuple, theirs))) == pytest.approx(np.array(sorted(map(tuple, seconds))), abs=1e-6)


@pytest.fixture(scope="module")
def discovered(pm4py: Any, real_log: Callable[[str], EventLog]) -> ProcessModel:
    return process_model(real_log("receipt"), noise=0.2)


@pytest.fixture(scope="module")
def their_net(pm4py: Any, real_log: Callable[[str], EventLog]) -> Any:
    return pm4py.discover_petri_net_inductive(_framed(real_log("receipt")), noise_threshold=0.2)


def test_replay_and_precision_of_a_discovered_model(
    pm4py: Any, discovered: ProcessModel, their_net: Any, real_log: Callable[[str], EventLog]
) -> None:
    """pm4py on all 8,577 events, ours on 116 routes with their weights."""
    frame = _framed(real_log("receipt"))
    theirs = pm4py.fitness_token_based_replay(frame, *their_net)
    assert discovered.fitness == pytest.approx(theirs["log_fitness"], abs=1e-12)
    assert discovered.cases["fits"].mean() * 100 == pytest.approx(theirs["perc_fit_traces"], abs=1e-9)
    assert discovered.precision == pytest.approx(pm4py.precision_token_based_replay(frame, *their_net), abs=1e-12)


def test_alignments(
    pm4py: Any, discovered: ProcessModel, their_net: Any, real_log: Callable[[str], EventLog], tmp_path: Path
) -> None:
    """Fitness of the cases of the 30 most frequent routes by alignments: by pm4py with its own net, and with our BPMN file
    as pm4py reads it, which has the same activities."""
    log = real_log("receipt")
    top = variants(log).cases["variant"].to_numpy() < 30
    some = log.select(top, because="the 30 most frequent routes")
    ours = conformance(some, model=discovered)
    theirs = pm4py.fitness_alignments(_framed(some), *their_net)
    assert ours.fitness.value == pytest.approx(theirs["average_trace_fitness"], abs=1e-9)
    assert ours.fitting_share.value * 100 == pytest.approx(theirs["percentage_of_fitting_traces"], abs=1e-9)
    path = discovered.save_bpmn(tmp_path / "receipt.bpmn")
    graph = pm4py.read_bpmn(str(path))
    tasks = {n.get_name() for n in graph.get_nodes() if isinstance(n, pm4py.BPMN.Task)}
    assert tasks == set(discovered.diagram.activities())
    again = pm4py.fitness_alignments(_framed(some), *pm4py.convert_to_petri_net(graph))
    assert again["average_trace_fitness"] == pytest.approx(ours.fitness.value, abs=1e-9)


def test_both_searches_find_the_same_costs(
    discovered: ProcessModel, real_log: Callable[[str], EventLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With few states allowed pm4py searches our net; its cheapest alignments are as cheap as ours."""
    from streamline.measure.models import conformance as module

    log = real_log("receipt")
    top = variants(log).cases["variant"].to_numpy() < 12
    some = log.select(top, because="the 12 most frequent routes")
    exact = conformance(some, model=discovered)
    monkeypatch.setattr(module, "_states", lambda diagram, told: None)
    searched = conformance(some, model=discovered, max_seconds=1200)
    assert searched.method.endswith("alignments by pm4py, each with a time limit")
    assert searched.cases["fitness"].tolist() == pytest.approx(exact.cases["fitness"].tolist())
