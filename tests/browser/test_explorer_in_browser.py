"""The live map in a real browser: sliders, clicks, keys, dots and estimates, and what axe finds in each state.

The module that runs is the widget's own; the model answers what Python answered to the same questions.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from showing_sample import STANDARD, Sample
from streamline.notebook import explorer as explorers
from streamline.notebook.explorer import Explorer
from streamline.notebook.trials import Trials

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
CODE = Path(explorers.__file__).parent


def asked(**question: Any) -> str:
    """A question as the browser writes it."""
    return json.dumps(question, separators=(",", ":"))


def case_of(explorer: Explorer) -> dict[str, Any]:
    """The widget's module and style, its traits, and Python's answers to all questions that the check asks."""
    n, paths = explorer.activities, explorer.paths
    period = explorer.period()
    answers: dict[str, dict[str, Any]] = {"asked_map": {}, "asked_cases": {}, "asked_replay": {}, "asked_answer": {}}
    first = explorer.map(n, paths)
    for kind, parts in (("node", first["nodes"]), ("edge", first["edges"])):
        for place in range(len(parts)):
            answers["asked_cases"][asked(kind=kind, place=place)] = explorer.told("select", kind, place)
    answers["asked_map"][asked(activities=n - 1, paths=paths)] = explorer.told("map", n - 1, paths)
    days = {"since": period["since"], "until": period["until"]}
    answers["asked_replay"][asked(**days)] = explorer.told("replay", days["since"], days["until"])
    value = explorer.trials.described()[0]["changes"][0]["slider"]["value"]  # type: ignore[union-attr]
    for moved in (None, round(value + 0.05, 2)):
        answers["asked_answer"][asked(proposal=0, values=[moved])] = explorer.told("estimate", 0, [moved])
    traits = {
        "title": "Process map of the sample", "map": {**first, "number": 0},
        "limits": {"most_activities": explorer.most_activities, "activities": n, "paths": paths, "period": period},
        "proposals": explorer.trials.described(),  # type: ignore[union-attr]
    }  # fmt: skip
    return {
        "module": (CODE / "explorer.js").read_text(encoding="utf-8"),
        "css": (CODE / "explorer.css").read_text(encoding="utf-8"),
        "traits": traits,
        "answers": answers,
    }


@pytest.fixture(scope="module")
def explorer(tmp_path_factory) -> Explorer:
    sample = Sample(tmp_path_factory.mktemp("explorer"))
    trials = Trials(sample.model, sample.proposals, standard=STANDARD, draws=20, seed=1)
    return Explorer(sample.log, trials=trials)


@pytest.fixture(scope="module")
def report(explorer, browser_tools: Callable[[], list[str]], tmp_path_factory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("live")
    case = folder / "case.json"
    case.write_text(json.dumps(case_of(explorer), allow_nan=False), encoding="utf-8")
    node, chromium, modules = browser_tools()
    command = [node, str(HERE / "explorer_check.cjs"), str(case), chromium, modules, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_axe_finds_nothing_in_any_state(report):
    assert report["axe"] == {name: [] for name in ("map", "chosen", "replay", "what-if", "twice-and-narrow")}


def test_the_console_is_silent(report):
    assert report["console"] == []


def test_a_click_opens_the_cases(report, explorer):
    kind, place = report["click"]["asked"][1]["kind"], report["click"]["asked"][1]["place"]
    explorer.map(10, 5)
    told = explorer.select(kind, place)
    assert told["title"] in report["click"]["said"]
    assert told["words"] in report["click"]["said"]
    assert report["click"]["pressed"] == 1


def test_the_keyboard_walks_the_map_and_opens_the_cases(report):
    assert report["stops"] == 1
    assert report["home"].startswith("Start: 927 cases")
    assert report["down"].startswith("Start to ")
    assert report["enter"]["asked"][0] == "asked_cases"
    assert report["enter"]["asked"][1]["kind"] == "edge"
    assert "927 cases" in report["enter"]["said"]


def test_a_slider_asks_python_for_another_map(report, explorer):
    assert report["working"] == "Laying the map out …"
    assert report["fewer"]["asked"] == ["asked_map", {"activities": 9, "paths": 5}]
    fewer = explorer.map(9, 5)
    assert report["fewer"]["buttons"] == len(fewer["nodes"]) + len(fewer["edges"]) != report["buttons"]
    assert report["fewer"]["status"] == ""


def test_dots_move_only_when_they_are_asked_to(report):
    assert report["before_load"]
    assert report["replay"]["asked"][0] == "asked_replay"
    assert report["two_days"]["dots"] > 0
    assert f"{report['two_days']['dots']} on their way" in report["two_days"]["said"]
    assert report["still_by_itself"]
    assert report["moved"]
    assert report["paused"]
    before, after = report["time"]
    assert before != after
    assert report["calm"]["play"]
    assert report["calm"]["dots"] == report["two_days"]["dots"] or report["calm"]["dots"] > 0


def test_a_slider_of_a_proposal_is_estimated_with_its_interval(report, explorer):
    assert report["tab"]["focused"] == "What if"
    assert report["tab"]["hidden"]
    assert report["as_proposed"]["asked"] == ["asked_answer", {"proposal": 0, "values": [None]}]
    mean = explorer.estimate(0, [None])["rows"][0]
    for words in (mean["value"], mean["between"], mean["change"], mean["change_between"]):
        assert words in report["as_proposed"]["table"]
    assert report["moved_size"]["asked"] == ["asked_answer", {"proposal": 0, "values": [0.15]}]
    assert "No doubt about the size" in report["moved_size"]["notes"]


def test_it_may_be_shown_twice_on_a_narrow_screen_and_goes_away(report):
    n, different = report["ids"]
    assert n == different
    scroll, window = report["narrow"]
    assert scroll <= window
    assert report["ended"] == 0
