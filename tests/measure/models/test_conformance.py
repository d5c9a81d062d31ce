"""Conformance and process models: by hand, against pm4py, on real logs, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamline.errors import FileFormatError, InsufficientDataError, UnknownNameError
from streamline.figure import BarTable, ModelPicture
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.flow import variants
from streamline.measure.models import conformance as module
from streamline.measure.models.bpmn import bpmn_text, read_bpmn, write_bpmn
from streamline.measure.models.conformance import conformance
from streamline.measure.models.diagram import CHOICE, PARALLEL, SEQUENCE, STEP, Block, block_words, diagram_of
from streamline.measure.models.process_model import ProcessModel, process_model
from streamline.measure.models.route_sample import route_sample
from streamline.stats.differences import DrawnMeans, difference_interval

Maker = Callable[..., EventLog]

#: Route -> number of cases; each step takes an hour.
ORDERED = {"abc": 3, "ac": 1, "bac": 1, "abbc": 1, "abxc": 1}


def _log(log_of: Maker, routes: dict[str, int], **options: Any) -> EventLog:
    cases = [route for route, n in routes.items() for _ in range(n)]
    return log_of([(f"{k:04d}", a, h, h + 1) for k, route in enumerate(cases) for h, a in enumerate(route)], **options)


def _deviations(found: Any) -> dict[str, tuple[int, int, str]]:
    return {r.deviation: (r.n_cases, r.n_steps, r.usually_after) for r in found.table.itertuples()}


def _step(name: str) -> Block:
    return Block(kind=STEP, activity=name)


# A declared order


def test_deviations_from_a_declared_order(log_of: Maker) -> None:
    """Seven cases; x doesn't count. Fitness: 1 five times less the costs 1/5, 2/6 and 1/7 of three cases."""
    found = conformance(_log(log_of, ORDERED), order=["a", "b", "c"])
    assert _deviations(found) == {
        "b is missing": (1, 1, "a"),
        "b is done again": (1, 1, "b"),
        "a is out of order": (1, 1, "b"),
    }
    assert found.fitting_share.value == pytest.approx(4 / 7)
    assert found.fitness.value == pytest.approx((4 + 4 / 5 + 4 / 6 + 6 / 7) / 7)
    assert found.cases.set_index("case")["deviations"].to_dict() == {
        "0000": "", "0001": "", "0002": "", "0003": "b is missing", "0004": "a is out of order", "0005": "b is done again",
        "0006": "",
    }  # fmt: skip


def test_other_steps_can_count_and_steps_can_be_optional(log_of: Maker) -> None:
    """Where b may be left out, the cheapest way to mend bac is to drop its b."""
    log = _log(log_of, ORDERED)
    found = conformance(log, order=["a", "b", "c"], others="unexpected", optional=["b"])
    assert _deviations(found) == {
        "b is done again": (1, 1, "b"),
        "b isn't expected": (1, 1, "(begin)"),
        "x isn't expected": (1, 1, "b"),
    }


def test_days_longer_are_a_difference_of_means_with_its_interval(log_of: Maker) -> None:
    """40 cases of two hours fit, 40 of three hours have b twice: an hour longer; nothing varies, so no interval."""
    found = conformance(_log(log_of, {"ab": 40, "abb": 40}), order=["a", "b"])
    (row,) = found.table.itertuples()
    assert row.days_longer == pytest.approx(1 / 24)
    assert np.isnan(row.days_longer_low)
    assert "that it causes them isn't shown" in found.caveats[-1]
    none = conformance(_log(log_of, {"ab": 2, "abb": 40}), order=["a", "b"])
    assert "Only 2 cases of 42 fit" in none.caveats[-1]


def test_the_interval_of_a_difference_holds_the_truth_as_often_as_it_claims() -> None:
    """400 pairs of skewed samples whose means differ by 1: 95% intervals hold it about as often, within three standard errors."""
    rng = np.random.default_rng(5)
    inside = 0
    for k in range(400):
        first = DrawnMeans(rng.lognormal(0, 0.5, 60) + 1, draws=400, seed=2 * k)
        low, high = difference_interval(first, DrawnMeans(rng.lognormal(0, 0.5, 90), draws=400, seed=2 * k + 1))
        inside += low <= 1 <= high
    assert 0.95 - 3 * np.sqrt(0.95 * 0.05 / 400) <= inside / 400 <= 0.95 + 3 * np.sqrt(0.95 * 0.05 / 400)


def test_open_cases_are_left_out(log_of: Maker) -> None:
    found = conformance(_log(log_of, {"abc": 2, "ab": 3}, ends=["c"]), order=["a", "b", "c"])
    assert (found.n, found.excluded["open"], found.fitting_share.value) == (2, 3, 1.0)
    assert found.table.empty
    with pytest.raises(InsufficientDataError, match="none of 3 cases is closed; what an open case still lacks"):
        conformance(
            _log(log_of, {"ab": 3, "c": 1}, ends=["c"]).select(np.arange(4) < 3, because="test"), order=["a", "b"]
        )


def test_what_cannot_be_compared_is_refused(log_of: Maker) -> None:
    log = log_of([("1", "Intake check", 0, 1), ("1", "Decision", 1, 2)])
    with pytest.raises(UnknownNameError, match=r"no activity 'Intake chek'\. Did you mean 'Intake check'\?"):
        conformance(log, order=["Intake chek", "Decision"])
    with pytest.raises(UnknownNameError, match="the declared order has no step 'Decison'"):
        conformance(log, order=["Decision"], optional=["Decison"])
    with pytest.raises(ValueError, match="must list at least one activity"):
        conformance(log, order=[])
    with pytest.raises(ValueError, match="must list at least one activity"):
        conformance(log, order="Decision")
    with pytest.raises(ValueError, match="a model or an order"):
        conformance(log)
    with pytest.raises(ValueError, match="'ignored' or 'unexpected'; 'error' isn't"):
        conformance(log, order=["Decision"], others="error")


# BPMN files


def test_a_diagram_survives_its_file(tmp_path: Path) -> None:
    """Names with quotes and angle brackets; the lines of the picture have two points or more."""
    block = Block(
        kind=SEQUENCE, inside=(_step('say "no" <now>'), Block(kind=CHOICE, inside=(_step("b & c"), _step("d"))))
    )
    diagram = diagram_of(block)
    path = write_bpmn(diagram, tmp_path / "model.bpmn", name="Test")
    again = read_bpmn(path)
    assert again.activities() == diagram.activities() == ('say "no" <now>', "b & c", "d")
    assert [(f.source, f.target) for f in again.flows] == [(f.source, f.target) for f in diagram.flows]
    assert [n.kind for n in again.nodes] == [n.kind for n in diagram.nodes]
    assert all(len(f.points) >= 2 for f in diagram.flows)
    assert bpmn_text(diagram, name="Test") == path.read_text(encoding="utf-8")


def test_conformance_with_a_bpmn_file(log_of: Maker, tmp_path: Path) -> None:
    """a, then b and c in any order: abc and acb fit, ab lacks c, abcd has d."""
    block = Block(kind=SEQUENCE, inside=(_step("a"), Block(kind=PARALLEL, inside=(_step("b"), _step("c")))))
    path = write_bpmn(diagram_of(block), tmp_path / "rule.bpmn", name="Rule")
    found = conformance(_log(log_of, {"abc": 1, "acb": 1, "ab": 1, "abcd": 1}), model=path)
    assert _deviations(found) == {"c is missing": (1, 1, "b"), "d isn't expected": (1, 1, "c")}
    assert found.method == "the model rule.bpmn; exact alignments"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "isn't a BPMN file: it isn't XML"),
        ("<log/>", "isn't a BPMN 2.0 file: it begins with 'log'"),
        ("<!DOCTYPE x><x/>", "declares a document type"),
        ("<process/>", "holds 0 processes with steps"),
        ("<process><startEvent id='s'/><endEvent id='e'/></process>", "no steps"),
        ("<process><startEvent id='s'/><task id='t' name=' '/></process>", "the task 't' has no name"),
        ("<process><startEvent id='s'/><task id='t' name='a'/><endEvent id='e'/></process>", "no flow leads to 'a', 'end'"),
        ("<process><task id='t' name='a'/></process>", "no start event"),
        ("<process><task id='t' name='a'/><inclusiveGateway id='g'/></process>", "1 parts can't be compared.*inclusiveGateway g"),
        (
            "<process><startEvent id='s'/><task id='t' name='a'/><sequenceFlow id='f' sourceRef='s' targetRef='u'/></process>",
            "'f' leads from 's' to 'u', which aren't there",
        ),
    ],
)  # fmt: skip
def test_what_is_no_comparable_bpmn_is_refused(
    log_of: Maker, written: Callable[..., Path], content: str, said: str
) -> None:
    if content.startswith("<process"):
        content = f'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">{content}</definitions>'
    with pytest.raises(FileFormatError, match=said):
        conformance(_log(log_of, {"ab": 1}), model=written(content, "model.bpmn"))


def test_names_with_line_breaks_and_passed_events(log_of: Maker, written: Callable[..., Path]) -> None:
    """Editors break long names; a message event between two steps is no step."""
    path = written(
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p"><startEvent id="s"/>'
        '<userTask id="t" name="Intake&#10;check"/><intermediateCatchEvent id="m"/><serviceTask id="u" name="Decision"/>'
        '<endEvent id="e"/><sequenceFlow id="1" sourceRef="s" targetRef="t"/><sequenceFlow id="2" sourceRef="t" '
        'targetRef="m"/><sequenceFlow id="3" sourceRef="m" targetRef="u"/><sequenceFlow id="4" sourceRef="u" targetRef="e"/>'
        "</process></definitions>",
        "breaks.bpmn",
    )
    log = log_of([("1", "Intake check", 0, 1), ("1", "Decision", 1, 2)])
    assert conformance(log, model=path).fitting_share.value == 1.0


def test_models_of_other_names_or_without_end(log_of: Maker, tmp_path: Path) -> None:
    log = log_of([("1", "Intake check", 0, 1), ("1", "Decision", 1, 2)])
    other = write_bpmn(diagram_of(_step("approve")), tmp_path / "other.bpmn", name="Other")
    with pytest.raises(
        InsufficientDataError, match=r"share no activity\. The model has 'approve'; the log has 'Decision'"
    ):
        conformance(log, model=other)
    two = Block(kind=SEQUENCE, inside=(_step("Intake chek"), _step("Decision")))
    found = conformance(log, model=write_bpmn(diagram_of(two), tmp_path / "two.bpmn", name="Two"))
    assert "'Intake chek'. Did you mean 'Intake check'?" in found.caveats[0]
    assert set(found.table["deviation"]) == {"Intake chek is missing", "Intake check isn't expected"}
    choice = Block(kind=CHOICE, inside=(_step("Decision"), _step("Intake check")))
    stuck = bpmn_text(diagram_of(choice), name="").replace(
        'exclusiveGateway id="node_2"', 'parallelGateway id="node_2"'
    )
    path = tmp_path / "stuck.bpmn"
    path.write_text(stuck.replace("</bpmn:exclusiveGateway>", "</bpmn:parallelGateway>", 2).replace(
        "</bpmn:parallelGateway>", "</bpmn:exclusiveGateway>", 1))  # fmt: skip
    with pytest.raises(FileFormatError, match="can't be finished"):
        conformance(log, model=path)


# Samples and limits


def test_a_sample_says_so_and_is_one_of_cases(log_of: Maker) -> None:
    """Of 21 routes five: the cases drawn before the sixth comes up, frequent routes as often as they are."""
    log = _log(log_of, {**{f"a{chr(100 + k)}c": 1 for k in range(20)}, "abc": 30})
    found = conformance(log, order=["a", "b", "c"], max_routes=5, seed=3)
    assert found.sampled
    assert found.n_variants_aligned == 5
    assert found.n + found.excluded["not drawn"] == 50
    assert f"{found.n:,} of 50 cases were compared, drawn at random (5 of 21 routes)" in found.caveats[0]
    again = conformance(log, order=["a", "b", "c"], max_routes=5, seed=3)
    assert again.table.equals(found.table)
    kept = [route_sample(log, max_routes=5, seed=seed) for seed in range(300)]
    common = sum(int((k.routes.n_cases[k.routes.of_case[k.drawn]] == 30).sum()) for k in kept)
    share = common / sum(len(k.drawn) for k in kept)
    assert abs(share - 0.6) < 0.06  # 30 of 50 cases take the common route, and so do those drawn


def test_the_time_limit_leaves_a_random_sample(log_of: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 2)
    log = _log(log_of, {f"a{chr(100 + k)}c": 1 for k in range(20)})
    found = conformance(log, order=["a", "c"], others="unexpected", max_seconds=0.0)
    assert (found.n, found.n_variants_aligned, found.sampled) == (2, 2, True)


def test_cases_that_are_too_long_are_named(log_of: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model has 4 states; (6 + 1) × 4 nodes pass 20."""
    monkeypatch.setattr(module, "MOST_NODES", 20)
    found = conformance(_log(log_of, {"abc": 2, "abcabc": 1}), order=["a", "b", "c"])
    assert (found.n, found.excluded["not aligned"], found.fitting_share.value) == (2, 1, 1.0)
    assert "1 case of 3 are too long or too hard" in found.caveats[0]


# Discovered models


def test_a_discovered_model_has_the_activities_and_says_how_good_it_is(log_of: Maker, tmp_path: Path) -> None:
    log = _log(log_of, {"abcd": 50, "acbd": 40, "aed": 10})
    model = process_model(log, noise=0.0)
    assert isinstance(model, ProcessModel)
    assert set(model.diagram.activities()) == set("abcde")
    assert model.activities.set_index("activity")["n_cases"].to_dict() == {
        "a": 100,
        "d": 100,
        "b": 90,
        "c": 90,
        "e": 10,
    }
    assert model.fitness == 1.0
    assert len(model.cases) == 100
    assert model.cases["fits"].all()
    assert conformance(log, model=model).fitting_share.value == 1.0
    assert conformance(log, model=model.save_bpmn(tmp_path / "m.bpmn")).fitting_share.value == 1.0
    text = (tmp_path / "m.bpmn").read_text(encoding="utf-8")
    assert process_model(log, noise=0.0).save_bpmn(tmp_path / "n.bpmn").read_text(encoding="utf-8") == text


def test_rare_activities_are_left_off_and_named(log_of: Maker) -> None:
    model = process_model(_log(log_of, {"abc": 5, "axc": 1}), max_activities=3)
    assert set(model.diagram.activities()) == set("abc")
    assert "1 activity of the fewest cases left off: 'x'." in model.caveats
    assert not dict(zip(model.activities["activity"], model.activities["in_model"], strict=True))["x"]
    with pytest.raises(ValueError, match="noise must be at least 0 and under 1; 1 isn't"):
        process_model(_log(log_of, {"abc": 5}), noise=1)


def test_chart_holds_the_numbers_of_the_table(log_of: Maker) -> None:
    found = conformance(_log(log_of, ORDERED), order=["a", "b", "c"])
    chart = found.chart()
    assert isinstance(chart, BarTable)
    assert chart.title == "57% of cases follow the order a → b → c"
    assert chart.labels == tuple(found.table["deviation"])
    assert chart.columns[0].values == tuple(100 * found.table["share"])


def test_a_discovered_model_as_a_picture(log_of: Maker) -> None:
    chart = process_model(_log(log_of, {"abcd": 50, "acbd": 40}), noise=0.0).chart()
    assert isinstance(chart, ModelPicture)
    assert chart.words == "a, then in any order (b) and (c), then d"
    assert sorted(n.label for n in chart.nodes if n.kind == "step") == ["a", "b", "c", "d"]
    assert chart.title == "The process as discovered has a place for all of what was done"


def test_no_word_of_pm4py_reaches_the_user() -> None:
    """A script of its own, where pm4py would print its welcome and progress bars."""
    code = (
        "import pandas as pd\nimport streamline as sl\nfrom streamline.measure.models.process_model import process_model\n"
        "frame = pd.DataFrame({'c': ['1', '1', '2', '2'], 'a': ['x', 'y', 'x', 'y'], 't': pd.date_range('2025', periods=4)})\n"
        "log = sl.read_log(frame, case='c', activity='a', complete='t', timezone='UTC')\n"
        "process_model(log)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == ""
    assert run.stderr == ""


@pytest.mark.real
def test_both_loops_of_the_permit_service(shared_truth: Path) -> None:
    """The model found has both loops; what keeps to the order is what is counted route by route."""
    log = read_log(
        shared_truth / "permits" / "events.csv.gz",
        case="permit", activity="step", start="began", complete="finished", resource="worker", timezone="UTC",
    )  # fmt: skip
    model = process_model(log, max_routes=50)
    assert block_words(model.block) == (
        "Receive application, then once or more (Intake check), each time after (either (Request information, then Information "
        "received) or nothing), then once or more (Technical review), then Approve decision, then Issue decision"
    )
    steps = ["Receive application", "Intake check", "Technical review", "Approve decision", "Issue decision"]
    found = conformance(log, order=steps)
    counts = [
        dict(zip(r.activities, map(r.activities.count, r.activities), strict=True))
        for r in variants(log).table.itertuples()
    ]
    n = variants(log).table["n_cases"].to_numpy()
    once = np.array([all(c.get(s) == 1 for s in steps) for c in counts])
    assert found.fitting_share.value == n[once].sum() / n.sum()
    again = {r.activity: r.n_cases for r in found.table.itertuples() if r.kind == "repeated"}
    for name in ("Intake check", "Technical review"):
        assert again[name] == n[[c.get(name, 0) > 1 for c in counts]].sum()
    assert set(found.table["kind"]) == {"repeated"}
