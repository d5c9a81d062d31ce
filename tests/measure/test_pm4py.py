"""Peer: pm4py answers the same questions in the same way, on real logs.

Nothing had to be explained away with pm4py 2.7.23: it reads each offset, orders a case by time and, where times tie,
by place in the file, as is done here. Its readers are slow (half a minute for the fines), so the fines reach it as the
frame of our log; that compares the measures there, and on the other two logs the reading as well.
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
    return pd.DataFrame(
        {
            "case:concept:name": frame["case"],
            "concept:name": frame["activity"],
            "time:timestamp": frame["complete"].dt.tz_convert("UTC"),
        }
    )


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
