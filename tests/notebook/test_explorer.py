"""The live map without a browser: what it answers equals the measures, and what can't be asked is said."""

from __future__ import annotations

import builtins
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import streamline as sl
from streamline.errors import InsufficientDataError, MissingDependencyError, ScenarioError
from streamline.notebook.explorer import Explorer
from streamline.notebook.moves import Moves
from streamline.notebook.trials import Trials, slider_of
from streamline.units import HOUR

AT = pd.Timestamp("2025-03-03 09:00", tz="UTC")


def log_of(rows: list[tuple[str, str, float | None, float]], **options: Any) -> sl.EventLog:
    """Steps as (case, activity, start or None, completion), hours after nine on Monday 3 March 2025, UTC."""
    frame = pd.DataFrame(
        [
            (c, a, pd.NaT if s is None else AT + pd.Timedelta(hours=s), AT + pd.Timedelta(hours=e))
            for c, a, s, e in rows
        ],
        columns=["case", "activity", "start", "complete"],
    )
    return sl.read_log(
        frame, case="case", activity="activity", start="start", complete="complete", timezone="UTC", **options
    )


@pytest.fixture
def log() -> sl.EventLog:
    """Two cases; a waits 2 hours between A and B and goes back to A, b overlaps its steps."""
    return log_of(
        [("a", "A", 0, 1), ("a", "B", 3, 4), ("a", "A", 5, 6), ("a", "B", 6, 7), ("b", "A", 0, 4), ("b", "B", 3, 8)]
    )


def test_an_arrow_opens_to_the_times_that_it_was_taken(log):
    explorer = Explorer(log)
    edges = [(explorer.flow.nodes[e.source].label, explorer.flow.nodes[e.target].label) for e in explorer.flow.edges]
    told = explorer.select("edge", edges.index(("A", "B")))
    rows = explorer.selected_cases
    assert rows["case"].tolist() == ["a", "a", "b"]
    assert rows["hours"].tolist() == [2.0, 0.0, -1.0]
    assert told["title"] == "A → B"
    assert told["words"].startswith("2 cases, taken 3 times; between the two steps: mean 20 minutes, median 0 seconds")
    explorer.select("edge", edges.index(("B", "End")))
    assert explorer.selected_cases["case"].tolist() == ["a", "b"]


def test_every_arrow_opens_to_as_many_rows_as_it_says(log):
    explorer = Explorer(log)
    flow = explorer.flow
    for place, edge in enumerate(flow.edges):
        explorer.select("edge", place)
        assert len(explorer.selected_cases) == edge.n
        assert explorer.selected_cases["case"].nunique() == edge.n_cases
    for place, node in enumerate(flow.nodes):
        explorer.select("node", place)
        assert len(explorer.selected_cases) == node.n


def test_a_box_opens_to_its_steps(log):
    explorer = Explorer(log)
    place = [n.label for n in explorer.flow.nodes].index("B")
    told = explorer.select("node", place)
    assert list(explorer.selected_cases.columns) == ["case", "activity", "start", "complete"]
    assert told["words"].startswith("2 cases, done 3 times; at work on it: mean 2.3 hours, median 1 hour")


def test_what_the_browser_gets_names_no_case():
    log = log_of([(f"secret-{k}", "A", k, k + 1) for k in range(5)])
    explorer = Explorer(log)
    sent = [explorer.map(1, 0), explorer.select("node", 1), explorer.select("edge", 0), explorer.period(),
            explorer.replay("2025-03-03", "2025-03-04"), explorer.still()]  # fmt: skip
    assert "secret" not in json.dumps(sent, allow_nan=False)
    assert "secret-0" in set(explorer.selected_cases["case"])


def test_moves_are_those_under_way_and_add_up(log):
    """Between 10:00 and 12:00 only a is on its way from A to B (completed at 10, begun at 12); overlaps never move."""
    explorer = Explorer(log)
    flow, moves = explorer.flow, Moves(log)
    since = int(AT.timestamp()) * 1_000_000
    found = moves.between(flow, since, since + 8 * HOUR)
    assert sorted(zip(found["begin"], found["end"], strict=True)) == [(60, 180), (240, 300)]
    assert moves.between(flow, since + 3 * HOUR, since + 4 * HOUR)["edge"] == []
    cut = moves.between(flow, since + 2 * HOUR, since + 8 * HOUR)
    assert (cut["begin"][0], cut["end"][0]) == (-60, 60)


def test_moves_equal_a_slow_count_on_random_logs():
    rng = np.random.default_rng(3)
    for _ in range(15):
        rows = []
        for k in range(int(rng.integers(1, 9))):
            at = float(rng.integers(0, 40))
            for _ in range(int(rng.integers(1, 6))):
                start, at = at + float(rng.integers(0, 5)), at + float(rng.integers(5, 9))
                rows.append((f"c{k}", str(rng.choice(["A", "B", "C", "D"])), start, at))
        log = log_of(rows)
        asked = {"max_nodes": int(rng.integers(1, 5)), "min_share": float(rng.random())}
        flow, low, high = sl.process_map(log, **asked).flow, int(rng.integers(0, 30)), int(rng.integers(31, 60))
        names = {(flow.nodes[e.source].label, flow.nodes[e.target].label): i for i, e in enumerate(flow.edges)}
        slow = []
        steps = log.to_frame()
        for _, case in steps.groupby("case", sort=False):
            ways = [("Start", r) for r in [case.iloc[0]]] + [
                (case.iloc[i - 1], case.iloc[i]) for i in range(1, len(case))
            ]
            for left, reached in ways:
                begin = log.instants(log.arrival[[log.case_id_array().tolist().index(reached["case"])]])[0]
                name = "Start"
                if not isinstance(left, str):
                    begin, name = left["complete"], left["activity"]
                begun = (begin - AT) / pd.Timedelta(hours=1)
                ended = (reached["start"] - AT) / pd.Timedelta(hours=1)
                if begun < high and ended > low and ended > begun and (name, reached["activity"]) in names:
                    slow.append(
                        (names[name, reached["activity"]], round(60 * (begun - low)), round(60 * (ended - low)))
                    )
        since = int(AT.timestamp()) * 1_000_000
        found = Moves(log).between(flow, since + low * HOUR, since + high * HOUR)
        assert sorted(zip(found["edge"], found["begin"], found["end"], strict=True)) == sorted(slow)


def test_too_many_moves_are_thinned_by_case_and_said(log):
    explorer = Explorer(log)
    since = int(AT.timestamp()) * 1_000_000
    found = explorer.moves.between(explorer.flow, since, since + 8 * HOUR, most=1)
    assert "one case in 2 is shown" in found["words"]


def test_a_day_of_the_clock_change_is_as_long_as_it_was():
    log = log_of([("a", "A", -200, -199), ("a", "B", 200, 201)], external=[])
    frame = log.to_frame()
    local = sl.read_log(frame.assign(start=frame["start"], complete=frame["complete"]), case="case", activity="activity",
                        start="start", complete="complete", timezone="America/New_York")  # fmt: skip
    found = Explorer(local).replay("2025-03-08", "2025-03-10")
    assert found["day_starts"] == [0, 1440, 1440 + 23 * 60]
    assert found["minutes"] == 71 * 60


def test_what_cant_be_asked_is_a_sentence(log):
    explorer = Explorer(log)
    assert "can't end" in explorer.told("replay", "2025-03-05", "2025-03-03")["problem"]
    assert "Nothing is proposed" in explorer.told("estimate", 0, [None])["problem"]
    empty = log.select(np.zeros(2, dtype=np.bool_), because="none")
    with pytest.raises(InsufficientDataError, match="no completed steps"):
        Explorer(empty)


def test_sliders_of_changes():
    assert slider_of(sl.SpeedUp(activity="A", by=0.1)) == {
        "least": 0.0, "most": 1.0, "step": 0.05, "value": 0.1, "share": True,
    }  # fmt: skip
    staff = slider_of(sl.AddCapacity(activity="A", staff=2))
    assert staff is not None
    assert (staff["least"], staff["most"], staff["step"]) == (0.0, 5.0, 1.0)
    assert slider_of(sl.Automate(activity="A", to="5 minutes")) is None
    assert slider_of(sl.Release(activity="A", every="monday")) is None
    assert slider_of(sl.Notify(by=-0.2)) is None


@pytest.fixture(scope="module")
def trials() -> Trials:
    rng = np.random.default_rng(1)
    rows = []
    for k in range(260):
        at = 7.0 * k
        rows += [(f"c{k}", "A", at, at + 1), (f"c{k}", "B", at + 3, at + 4 + float(rng.random()))]
    model = sl.fit_replay(log_of(rows))
    proposals = [sl.Proposal(name="Quicker", changes=[sl.SpeedUp(activity="B", by=0.2, low=0.1, high=0.4)])]
    return Trials(model, proposals, standard=None, draws=20, seed=1)


def test_an_estimate_is_that_of_the_library_with_its_interval(trials):
    answer = trials.answer(0, [None])
    own = sl.estimate(trials._model, trials.proposals[0].changes, name="Quicker", draws=20, seed=1,
                      validation=trials._model.validation)  # fmt: skip
    assert trials.last["cycle_time.mean"] == own["cycle_time.mean"]
    assert answer["verdict"].startswith("The replay behind these figures is ")
    row = answer["rows"][0]
    assert row["measure"] == "Mean cycle time (days)"
    assert " to " in row["between"]
    assert " to " in row["change_between"]
    assert not any("No doubt" in n for n in answer["notes"])


def test_a_moved_slider_takes_the_doubt_away_and_says_so(trials):
    answer = trials.answer(0, [0.5])
    assert answer["changes"] == ["Make B 50% quicker"]
    assert "No doubt about the size is in the interval of: Make B 50% quicker." in answer["notes"]
    assert trials.answer(0, [0.5]) == answer
    nothing = trials.answer(0, [0.0])
    assert nothing["rows"][0]["change"] == "0"
    with pytest.raises(ScenarioError, match=r"can't be set to 1\.5"):
        trials.answer(0, [1.5])


def test_proposals_need_a_model_and_a_model_proposals(log):
    with pytest.raises(ScenarioError, match="proposals were given without model"):
        sl.explore(log, proposals=[sl.Proposal(name="x", changes=[])])


def test_without_anywidget_the_extra_is_named(log, monkeypatch):
    known = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name == "anywidget":
            raise ImportError(name)
        return known(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingDependencyError, match=r'pip install "streamline\[notebook\]"'):
        sl.explore(log)


def test_the_widget_answers_and_stands_still_elsewhere(log):
    pytest.importorskip("anywidget")
    widget = sl.explore(log)
    assert widget.selected_cases.empty
    assert widget.estimate is None
    widget.asked_cases = {"kind": "edge", "place": 0, "number": 3}
    assert widget.selected["number"] == 3
    assert len(widget.selected_cases) > 0
    widget.asked_map = {"activities": 1, "paths": 0, "number": 4}
    assert widget.map["number"] == 4
    assert len(widget.map["nodes"]) == 3
    widget.asked_replay = {"since": "2025-03-05", "until": "2025-03-03", "number": 5}
    assert "can't end" in widget.replay["problem"]
    widget.asked_answer = {"proposal": 0, "values": [], "number": 6}
    assert "Nothing is proposed" in widget.answer["problem"]
    data, _ = widget._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"].count("<svg") == 1
    assert "stands still" in data["text/html"]
    assert repr(widget).startswith("<Explorer of ")
