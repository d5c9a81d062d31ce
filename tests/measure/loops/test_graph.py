"""Loops on the map, by hand, on the permits and on a real log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streamline.figure import FlowMap
from streamline.log.read import read_log
from streamline.measure.loops.graph import loop_graph
from streamline.measure.loops.rework import rework_loops

#: A B C B C D twice, A B D D once: B → C → B is a cycle, D directly follows itself.
ROWS = [
    (case, name, None, i)
    for case, word in (("k", "ABCBCD"), ("m", "ABCBCD"), ("n", "ABDD"))
    for i, name in enumerate(word)
]


def test_components_cycles_and_return_edges_by_hand(log_of) -> None:
    got = loop_graph(rework_loops(log_of(ROWS), draws=10))
    assert got.components["activities"].tolist() == [("B", "C")]
    assert got.cycles[["activities", "n_cases_least", "component"]].to_numpy().tolist() == [
        [("B", "C"), 2, 0],
        [("D",), 1, -1],
    ]
    assert got.cycles["return_edges"].tolist() == [(("C", "B"),), (("D", "D"),)]
    assert got.table[["source", "target", "n", "n_returns", "n_cases_returning", "component"]].to_numpy().tolist() == [
        ["C", "B", 2, 2, 2, 0], ["D", "D", 1, 1, 1, -1]]  # fmt: skip
    assert got.table["loops"].tolist() == [("back to B after C",), ("D repeated at once",)]
    assert got.return_edges[["source", "target", "on_graph", "n_cycles"]].to_numpy().tolist() == [
        ["C", "B", True, 1], ["D", "D", True, 1]]  # fmt: skip
    assert not got.bounded
    flow = got.chart()
    assert isinstance(flow, FlowMap)
    marked = {(flow.nodes[e.source].label, flow.nodes[e.target].label) for e in flow.edges if e.returns}
    assert marked == {("C", "B"), ("D", "D")}
    assert flow.title == "2 transitions send work back to an earlier step"


def test_rare_edges_are_left_off_and_said(log_of) -> None:
    got = loop_graph(rework_loops(log_of(ROWS), draws=10), min_share=0.5)
    assert got.table[["source", "target"]].to_numpy().tolist() == [["C", "B"]]
    assert got.return_edges["on_graph"].tolist() == [True, False]
    assert got.caveats[-1].startswith(
        "Loops return by 1 transition more, in 1 occurrence: less than 50.0% of the cases"
    )


def test_a_transition_that_seldom_returns_is_not_marked(log_of) -> None:
    """A B in ten cases, B A B in one: there A → B goes back to B, but in most cases it is the way on."""
    rows = [(f"c{k}", name, None, i) for k in range(10) for i, name in enumerate("AB")]
    got = loop_graph(rework_loops(log_of(rows + [("k", name, None, i) for i, name in enumerate("BAB")]), draws=10))
    assert got.table[["source", "target", "n", "n_returns"]].to_numpy().tolist() == [["A", "B", 11, 1]]
    assert got.cycles["return_edges"].tolist() == [()]
    assert got.return_edges["n_cycles"].tolist() == [1]
    assert not any(e.returns for e in got.chart().edges)


def test_bounds_are_kept_and_said(log_of) -> None:
    """Every ordered pair of seven activities once: far more cycles than are listed."""
    rows = []
    for i, a in enumerate("ABCDEFG"):
        for j, b in enumerate("ABCDEFG"):
            rows += [(f"{i}{j}", a, None, 0), (f"{i}{j}", b, None, 1)]
    got = loop_graph(rework_loops(log_of(rows), draws=10), max_cycles=50, max_length=3)
    assert (len(got.cycles), got.cycles["n_activities"].max()) == (50, 3)
    assert got.bounded
    assert "up to 3 activities long and 50 in number" in got.caveats[1]
    all_of_two = loop_graph(rework_loops(log_of(rows), draws=10), max_cycles=500, max_length=2)
    assert len(all_of_two.cycles) == 7 + 21
    with pytest.raises(ValueError, match="at least 1; 0 and 200"):
        loop_graph(rework_loops(log_of(rows), draws=10), max_length=0)
    with pytest.raises(ValueError, match="min_share must lie"):
        loop_graph(rework_loops(log_of(rows), draws=10), min_share=2)


def test_without_loops(log_of) -> None:
    got = loop_graph(rework_loops(log_of([("a", "x", None, 0), ("a", "y", None, 1)]), draws=10))
    assert got.table.empty
    assert got.cycles.empty
    assert got.components.empty


@pytest.mark.real
def test_both_loops_of_the_permits_are_on_the_map(shared_truth: Path) -> None:
    log: Any = read_log(
        shared_truth / "permits" / "events.csv.gz", case="permit", activity="step", start="began", complete="finished",
        resource="worker", channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    got = loop_graph(rework_loops(log, draws=2))
    assert got.components["activities"].tolist() == [
        ("Information received", "Intake check", "Request information", "Technical review")
    ]
    assert got.table[["source", "target"]].to_numpy().tolist() == [
        ["Information received", "Intake check"], ["Technical review", "Intake check"]]  # fmt: skip
    assert (got.table["n"] == got.table["n_returns"]).all()


@pytest.mark.real
def test_every_loop_of_a_real_log_is_on_the_map_or_said_to_be_off_it(real_log) -> None:
    rework = rework_loops(real_log("receipt"), draws=2)
    got = loop_graph(rework, min_share=0.01)
    on = got.return_edges["on_graph"]
    assert got.return_edges["n_occurrences"].sum() == rework.table["n_occurrences"].sum()
    assert got.table["n_returns"].sum() == got.return_edges.loc[on, "n_occurrences"].sum()
    assert (got.table["n_returns"] <= got.table["n"]).all()
