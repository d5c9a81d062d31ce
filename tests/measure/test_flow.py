"""Transitions, variants and the map, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.errors import InsufficientDataError
from streamline.figure import BarChart, FlowMap
from streamline.measure.flow import directly_follows, process_map, variants
from streamline.measure.summaries import routes as counts

#: a and c go x y z; b goes x y y. z of c starts before y of c is done.
THREE = [
    ("a", "x", 0, 1), ("a", "y", 3, 4), ("a", "z", 5, 6),
    ("b", "x", 0, 2), ("b", "y", 3, 5), ("b", "y", 9, 10),
    ("c", "x", 0, 1), ("c", "y", 7, 9), ("c", "z", 8, 12),
]  # fmt: skip


def test_transitions_by_hand(log_of) -> None:
    """x → y in all three cases: 3 - 1, 3 - 2, 7 - 1 = 2, 1, 6 hours, mean 3, median 2, 90th percentile 2 + 0.8 * 4.
    y → z in two: 5 - 4 = 1 and 8 - 9 = -1 hours. y → y once in one: 9 - 5 = 4 hours."""
    got = directly_follows(log_of(THREE))
    table = got.table.set_index(["source", "target"])
    assert list(table.index) == [("x", "y"), ("y", "z"), ("y", "y")]
    assert table.loc[("x", "y")].tolist() == pytest.approx([3, 3, 1.0, 3, 2, 5.2])
    assert table.loc[("y", "z")].tolist() == pytest.approx([2, 2, 2 / 3, 0, 0, 0.8])
    assert table.loc[("y", "y")].tolist() == pytest.approx([1, 1, 1 / 3, 4, 4, 4])
    assert got.ends.set_index("activity").to_dict() == {
        "n_cases_starting": {"x": 3, "y": 0, "z": 0},
        "n_cases_ending": {"x": 0, "y": 1, "z": 2},
    }
    assert got.cases["hours"].tolist() == [2, 1, 1, 4, 6, -1]
    assert got.n == 3


def test_a_transition_twice_in_a_case_is_one_case(log_of) -> None:
    got = directly_follows(log_of([("a", name, None, i) for i, name in enumerate("xyxy")]))
    assert got.table.set_index(["source", "target"])[["n", "n_cases"]].to_dict("index") == {
        ("x", "y"): {"n": 2, "n_cases": 1},
        ("y", "x"): {"n": 1, "n_cases": 1},
    }


def test_the_last_case_does_not_run_into_the_next(log_of) -> None:
    got = directly_follows(log_of([("a", "x", None, 0), ("b", "y", None, 1), ("c", "x", None, 2)]))
    assert got.table.empty
    assert got.cases.empty
    assert isinstance(got.chart(), BarChart)


def test_variants_by_hand(log_of) -> None:
    """x y z in a and c, 6 and 12 hours: mean 9 h = 0.375 days. x y y in b, 10 hours; z of b is missing, so it is open."""
    got = variants(log_of(THREE))
    assert got.table["activities"].tolist() == [("x", "y", "z"), ("x", "y", "y")]
    assert got.table["n_cases"].tolist() == [2, 1]
    assert got.table["share"].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert got.table["mean_cycle_days"].tolist() == pytest.approx([9 / 24, 10 / 24])
    assert got.table["n_steps"].tolist() == [3, 3]
    assert dict(zip(got.cases["case"], got.cases["variant"], strict=True)) == {"a": 0, "b": 1, "c": 0}
    open_ = variants(log_of(THREE, ends=["z"]))
    assert np.isnan(open_.table["mean_cycle_days"].iloc[1])


def test_variants_are_exact_where_keys_collide(log_of, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key that is the same for every trace the groups are still those of the traces."""
    log = log_of([*THREE, ("d", "x", 0, 1), ("e", "z", 0, 1), ("e", "x", 1, 3)])
    right = variants(log)
    monkeypatch.setattr(counts, "ALL_BITS", np.uint64(0))
    collided = variants(log)
    assert collided.table.equals(right.table)
    assert collided.cases.equals(right.cases)


def test_the_map_by_hand(log_of) -> None:
    got = process_map(log_of(THREE), min_share=0.5)
    chart = got.chart()
    assert isinstance(chart, FlowMap)
    assert [n.label for n in chart.nodes] == ["Start", "y", "x", "z", "End"]
    assert [n.n for n in chart.nodes] == [3, 4, 3, 2, 3]
    assert [n.share for n in chart.nodes] == pytest.approx([1, 1, 1, 2 / 3, 1])
    edges = {(chart.nodes[e.source].label, chart.nodes[e.target].label): e for e in chart.edges}
    # y → y is in a third of the cases only; y → End too, but End's best way in is z and y's best way out is y → z.
    assert set(edges) == {("Start", "x"), ("x", "y"), ("y", "z"), ("z", "End")}
    assert edges["x", "y"].mean_days == pytest.approx(3 / 24)
    assert (got.n_edges, got.n_edges_left_off) == (6, 2)
    assert got.table["n"].tolist() == [e.n for e in chart.edges]
    # y is ready when x is done: 3 - 1, 3 - 2, 7 - 1, and 9 - 5 hours, mean 13/4
    assert chart.nodes[1].waiting_days == pytest.approx(13 / 4 / 24)


def test_the_map_marks_transitions_that_return(log_of) -> None:
    rows = [(case, name, None, i) for case in "abcd" for i, name in enumerate("sxyxye" if case < "d" else "sxye")]
    got = process_map(log_of(rows), min_share=0)
    assert got.table.loc[got.table["returns"], ["source", "target"]].to_numpy().tolist() == [["y", "x"]]


def test_a_rare_activity_keeps_its_way_in_and_out(log_of) -> None:
    rows = [(f"{k}", name, None, i) for k in range(50) for i, name in enumerate("xrz" if k == 0 else "xz")]
    got = process_map(log_of(rows), min_share=0.1)
    pairs = set(map(tuple, got.table[["source", "target"]].to_numpy().tolist()))
    assert {("x", "r"), ("r", "z")} <= pairs


def test_a_small_map_says_what_it_leaves_off(log_of) -> None:
    got = process_map(log_of(THREE), max_nodes=2)
    assert [n.label for n in got.flow.nodes] == ["Start", "y", "x", "End"]
    assert "1 rarer activity left off" in got.flow.note


def test_maps_that_cannot_be_drawn(log_of) -> None:
    log = log_of(THREE)
    with pytest.raises(ValueError, match=r"min_share must lie between 0 and 1; 2 doesn't\."):
        process_map(log, min_share=2)
    with pytest.raises(InsufficientDataError, match="has no completed steps to map"):
        process_map(log.select(np.zeros(3, bool), because="none"))


def test_a_log_without_cases_has_no_transitions_and_no_variants(log_of) -> None:
    log = log_of(THREE).select(np.zeros(3, bool), because="none")
    assert directly_follows(log).n == 0
    assert variants(log).table.empty


def test_open_cases_stand_where_they_are_and_reach_no_end(log_of) -> None:
    """Two cases end with Out, one waits after In: it has no way to the end, and the map says so."""
    rows = [(c, step, at, at + 1) for c, at in (("a", 0), ("b", 10)) for step, at in (("In", at), ("Out", at + 3))]
    log = log_of([*rows, ("c", "In", 20, 21)], ends=["Out"])
    found = process_map(log, min_share=0)
    flow = found.flow
    start, end = flow.nodes[0], flow.nodes[-1]
    assert (start.n, end.n, end.share) == (3, 2, pytest.approx(2 / 3))
    ways = {(flow.nodes[e.source].label, flow.nodes[e.target].label): e.n_cases for e in flow.edges}
    assert ways == {("Start", "In"): 3, ("In", "Out"): 2, ("Out", "End"): 2}
    assert flow.note.endswith("Still open, and so without a way to the end: 1 case.")
    assert list(found.cases.loc[found.cases["target"] == "End", "case"]) == ["a", "b"]
    assert "Still open" not in process_map(log, min_share=0, min_cases=2).flow.note
