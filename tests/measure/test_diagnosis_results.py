"""The results of rework and of slow cases show themselves, become JSON, open to their cases, and give nothing away as code."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from streamline.log.event_log import EventLog
from streamline.measure.loops.association import loop_associations
from streamline.measure.loops.graph import loop_graph
from streamline.measure.loops.handover import ping_pong
from streamline.measure.loops.matching import matched_difference
from streamline.measure.loops.passes import first_passes, loops_matching
from streamline.measure.loops.rework import rework_loops
from streamline.measure.slow import slow_cases
from streamline.units import counted

EVIL = "<script>alert('x')</script>"
#: Columns of `.cases` of each result.
CASES = {
    "FirstPasses": ["case", "activity", "n_steps"],
    "MatchingLoops": ["case", "loop", "head", "trigger", "leaving", "signature", "started", "ended", "days", "staff_hours"],
    "PingPong": ["case", "from_unit", "to_unit", "left", "came_back", "days_away", "left_after", "came_back_for"],
    "LoopAssociations": ["case", "loops", "channel", "first person"],
    "MatchedDifference": ["case", "loops", "stratum", "weight", "cycle_time_days"],
    "SlowCases": ["case", "cycle_time_days", "slow", "channel", "weekday of arrival", "first person", "route", "loop"],
}  # fmt: skip


@pytest.fixture(scope="module")
def log(log_of) -> EventLog:
    """Every third case loops, those by mail more often; over 25 weeks."""
    rows: list[tuple[Any, ...]] = []
    for k in range(150):
        names = ["Intake", EVIL, "Intake", "Decide"] if k % 3 == 0 or k % 7 == 0 else ["Intake", "Decide"]
        who = ["ann", "bob", "ann", "cem"] if k % 2 else ["bob", "ann", "bob", "cem"]
        rows += [
            (f"c{k:03}", name, None, 28 * k + i * (5 + k % 4), "mail" if k % 7 < 3 else EVIL, who[i])
            for i, name in enumerate(names)
        ]
    return log_of(rows, columns=("channel", "resource"))


@pytest.fixture(scope="module")
def results(log: EventLog) -> dict[str, Any]:
    rework = rework_loops(log, draws=20)
    made = [
        first_passes(log),
        loops_matching(rework, through=EVIL, draws=20),
        ping_pong(log, draws=20),
        loop_associations(rework),
        matched_difference(rework, draws=20),
        slow_cases(log, min_cases=5),
        loop_graph(rework),
    ]
    return {type(result).__name__: result for result in made}


@pytest.mark.parametrize("name", [*CASES, "LoopGraph"])
def test_results_show_themselves_and_become_json(results, name: str) -> None:
    result = results[name]
    assert repr(result).startswith(f"<{name}: {counted(len(result.table), 'row')}, n={result.n}")
    page = result._repr_html_()
    assert "<table" in page
    assert "<script" not in page
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert [list(r) for r in data["rows"]] == [list(result.table.columns)] * len(result.table)
    assert result.chart().title


@pytest.mark.parametrize("name", CASES)
def test_results_open_to_their_cases(results, log: EventLog, name: str) -> None:
    cases = results[name].cases
    assert list(cases.columns) == CASES[name]
    assert len(cases)
    assert set(cases["case"]) <= set(log.case_id_array())


def test_nothing_of_the_log_is_changed(log: EventLog, results) -> None:
    before = log.attributes.copy(), log.activity.copy(), log.case_offsets.copy()
    slow_cases(log, min_cases=5)
    loop_associations(rework_loops(log, draws=5))
    assert log.attributes.equals(before[0])
    assert np.array_equal(log.activity, before[1])
    assert np.array_equal(log.case_offsets, before[2])


def test_the_same_seed_gives_the_same_numbers(log: EventLog) -> None:
    one, two = (matched_difference(rework_loops(log, draws=5), draws=50, seed=3).table for _ in range(2))
    assert one.equals(two)
