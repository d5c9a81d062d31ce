"""`track` from a study file to a folder: a change that was made in the records is found, and what can't be told is refused."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from jsonschema import validate

import streamline as sl
from streamline.cli import main
from streamline.report.to_json import findings_schema
from streamline.verification import verify

MONDAY = datetime(2024, 1, 8, tzinfo=UTC)
WEEKS, CHANGED = 70, 45
SINCE = (MONDAY + timedelta(weeks=CHANGED)).date().isoformat()
STUDY = {
    "study": {"title": "Permits", "agency": "Works", "service": "Permits"},
    "log": {
        "path": "events.csv", "case": "case", "activity": "step", "start": "began", "complete": "finished",
        "resource": "worker", "external": ["Reply"], "ends": ["Decide"],
    },
    "contacts": {"path": "calls.csv", "case": "case", "time": "called"},
    "standard": {"cycle_time": "10 days", "target": 0.9},
    "scenarios": [
        {"name": "Ask by message", "changes": [{"kind": "shorten_external", "activity": "Reply", "by": 0.5}]},
        {"name": "Decide sooner", "changes": [{"kind": "speed_up", "activity": "Decide", "by": 0.2}]},
    ],
    "simulation": {"draws": 20, "seed": 1},
}  # fmt: skip


def write(folder: Path, *, after: float = 0.5) -> Path:
    """A service of 20 cases a week in which replies take eight days in the middle, and so much of that from a day on."""
    with (folder / "events.csv").open("w", newline="") as events, (folder / "calls.csv").open("w", newline="") as calls:
        steps, called = csv.writer(events), csv.writer(calls)
        steps.writerow(["case", "step", "began", "finished", "worker"])
        called.writerow(["case", "called"])
        for k in range(20 * WEEKS):
            rng = np.random.default_rng([7, k])
            at = MONDAY + timedelta(days=7 * (k // 20) + float(rng.uniform(0, 5)), hours=9)
            asked = at + timedelta(minutes=20)
            days = float(rng.lognormal(np.log(8), 0.3)) * (after if asked.date().isoformat() >= SINCE else 1)
            replied = asked + timedelta(days=days)
            decided = replied + timedelta(hours=float(rng.uniform(1, 30)))
            rows = [("Ask", at, asked, "ann"), ("Reply", asked, replied, "customer"),
                    ("Decide", decided, decided + timedelta(minutes=30), "bob")]  # fmt: skip
            steps.writerows((f"C{k}", s, b.isoformat(), f.isoformat(), w) for s, b, f, w in rows)
            life = (decided - at) / timedelta(days=1) + 5
            called.writerows(
                (f"C{k}", (at + timedelta(days=d)).isoformat()) for d in rng.uniform(0, life, rng.poisson(life / 10))
            )
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(STUDY, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def tracked(study):
    return sl.track(study, since=SINCE, scenario="Ask by message")


def test_a_made_change_is_as_estimated(tracked):
    """Replies of 8 lognormal days (mean 8.4) took half: 4.2 days less, which the records of before alone foretold."""
    effect = tracked["cycle_time.mean"]
    assert effect.found.low < -4.2 < effect.found.high < -3
    assert tracked.verdict == "as estimated"
    assert effect.foreseen is not None
    assert effect.foreseen.change == pytest.approx(-4.2, abs=0.4)
    assert tracked["within_standard"].found.low > 0
    assert tracked["contacts_per_case"].found.change == pytest.approx(-0.42, abs=0.25)
    assert "saw nothing that came later" in tracked.analysis.estimate_from
    assert "No season is taken out" in tracked.findings[0].statement


def test_the_result_is_a_result(tracked):
    assert tracked.table["measure"].tolist() == ["cycle_time.mean", "within_standard", "contacts_per_case", "arrivals"]
    assert tracked.n + sum(tracked.excluded.values()) == 20 * WEEKS == len(tracked.cases)
    stretches = tracked.cases["stretch"].value_counts()
    assert stretches["before"] + stretches["after"] == tracked.n
    assert tracked.plot().get_figure() is not None
    assert tracked.chart().lines[0].label == "as recorded"
    assert {f.id for f in tracked.findings} == {
        *(f"track.{m}.{k}" for m in ("cycle_time.mean", "within_standard", "contacts_per_case")
          for k in ("change", "plain_difference")),
        "track.arrivals.change",
    }  # fmt: skip


def test_nothing_of_the_time_after_reaches_the_estimate(tracked, tmp_path):
    """With other replies after the change the effect is another, and the estimate is the same to the last digit."""
    other = sl.track(write(tmp_path, after=0.9), since=SINCE, scenario="Ask by message")
    assert other["cycle_time.mean"].foreseen == tracked["cycle_time.mean"].foreseen
    assert other["cycle_time.mean"].found.change > tracked["cycle_time.mean"].found.high
    assert other.verdict == "smaller than estimated"


def test_a_placebo_day_finds_nothing(study):
    day = (MONDAY + timedelta(weeks=32)).date()
    text = (study.parent / "study.yaml").read_text(encoding="utf-8")
    early = study.parent / "early.yaml"
    early.write_text(text + f"window: {{to: {MONDAY.date() + timedelta(weeks=CHANGED - 3)}}}\n", encoding="utf-8")
    found = sl.track(early, since=day, scenario="Ask by message")
    assert found.verdict == "none that can be told"
    assert "is ruled out" in found.findings[0].statement


def test_the_folder_has_every_form_and_verifies(tracked, study, tmp_path):
    folder = tracked.save(tmp_path / "out")
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there >= {"section.html", "section.docx", "section.pdf", "section.md", "findings.json", "data.json",
                     "provenance.json", "tables/track.csv", "tables/track_weeks.csv"}  # fmt: skip
    document = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    validate(document, findings_schema())
    assert sl.read_findings(folder / "findings.json")["track.cycle_time.mean.change"].value == pytest.approx(
        tracked["cycle_time.mean"].found.change
    )
    assert verify(folder, study=study).agrees
    page = folder / "section.html"
    page.write_text(page.read_text(encoding="utf-8").replace("as estimated", "larger than estimated"), encoding="utf-8")
    assert {d.name for d in verify(folder, study=study).differences} == {"section.html"}


def test_an_earlier_sections_findings_are_the_estimate(study, tmp_path):
    held = {
        "schema": "streamline.findings/1",
        "study": {"title": "Plan", "period": ["2024-01-08", "2024-10-01"], "cases": 700, "open_cases": 0},
        "provenance": {"inputs": [], "version": "0", "seed": 1, "draws": 20},
        "findings": [{
            "id": "scenario.ask_by_message.cycle_time.mean", "section": "scenario", "statement": "S.", "value": 1.0,
            "low": 1.0, "high": 2.0, "level": 0.95, "unit": "days", "n": 700, "method": "M", "caveats": [], "table": None,
            "scenario": "Ask by message", "baseline": 9.0, "change": {"value": -8.0, "low": -8.2, "high": -7.8},
        }],
    }  # fmt: skip
    file = tmp_path / "findings.json"
    file.write_text(json.dumps(held), encoding="utf-8")
    found = sl.track(study, since=SINCE, scenario="ask by message", estimate=file)
    assert found.verdict == "smaller than estimated"
    folder = found.save(tmp_path / "out")
    assert (folder / "estimate" / "findings.json").read_bytes() == file.read_bytes()
    # it keeps what it was compared with, so it can be verified without the earlier folder
    file.unlink()
    assert verify(folder, study=study).agrees


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "2024-13-01"], "since must be a day such as 2025-08-01; '2024-13-01' isn't"),
        (["--since", "2031-01-01", "--scenario", "Ask by message"], "lies outside the records of events.csv"),
        (["--since", SINCE], "has 2 scenarios and none is the signature initiative"),
        (["--since", SINCE, "--scenario", "Ask by mesage"], "Did you mean 'Ask by message'?"),
        (["--since", SINCE, "--scenario", "Ask by message", "--transition", "soon"], "is not a duration"),
        (["--since", "2024-03-04", "--scenario", "Ask by message"], "Earlier records are needed"),
        (["--since", "2025-05-05", "--scenario", "Ask by message"], "Wait for later records"),
        (["--since", SINCE, "--scenario", "Ask by message", "--findings", "none.json"], "none.json can't be read"),
    ],
)
def test_bad_input_is_worded_and_exits_with_2(study, tmp_path, capsys, monkeypatch, arguments, said):
    monkeypatch.setattr("sys.argv", ["streamline", "track", str(study), *arguments, "-o", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_a_day_outside_the_window_is_refused(study):
    windowed = study.parent / "windowed.yaml"
    windowed.write_text(study.read_text(encoding="utf-8") + "window: {to: 2024-06-30}\n", encoding="utf-8")
    with pytest.raises(sl.StudyError, match=r"the change of .* doesn't lie within it \(the beginning to 2024-06-30\)"):
        sl.track(windowed, since=SINCE, scenario="Ask by message")


def test_a_study_without_scenarios_tells_the_change_alone(study):
    alone = study.parent / "alone.yaml"
    alone.write_text(yaml.safe_dump({**STUDY, "scenarios": []}), encoding="utf-8")
    found = sl.track(alone, since=SINCE)
    assert found.verdict == "fell"
    assert found.table["estimated"].isna().all()
