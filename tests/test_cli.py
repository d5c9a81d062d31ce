"""The command line in a process of its own: exit codes, what goes where, nothing half-written, no traceback."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streamline import cli

ROOT = Path(__file__).parents[1]
EVENTS = """id,what,began,done,who
A,Start,2025-01-06T08:00:00Z,2025-01-06T09:00:00Z,ann
A,Review,2025-01-06T10:00:00Z,2025-01-06T12:00:00Z,bob
A,End,2025-01-07T09:00:00Z,2025-01-07T09:30:00Z,ann
B,Start,2025-01-06T09:00:00Z,2025-01-06T10:00:00Z,ann
B,Review,2025-01-06T12:00:00Z,2025-01-06T13:00:00Z,bob
B,Review,2025-01-07T12:00:00Z,2025-01-07T13:00:00Z,bob
B,End,2025-01-08T09:00:00Z,2025-01-08T09:30:00Z,ann
"""
STUDY = """study: {title: T, agency: A, service: S}
log: {path: events.csv, case: id, activity: what, start: began, complete: done, resource: who, ends: [End]}
calendar: {hours: {mon-fri: "08:00-17:00"}}
privacy: {minimum_cell: 1}
simulation: {draws: 20}
scenarios:
  - name: Quicker
    changes: [{kind: speed_up, activity: Review, by: 0.5}]
"""


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streamline.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def refused(folder: Path, *said: str, code: int = 2) -> str:
    """`plan` fails with this code and these words, without a traceback and without any output."""
    before = {p.name for p in folder.iterdir()}
    done = run("plan", "study.yaml", "-o", "out", cwd=folder)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for words in said:
        assert words in done.stderr, done.stderr
    assert {p.name for p in folder.iterdir()} == before
    return done.stderr


def change(folder: Path, old: str, new: str, name: str = "study.yaml") -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_plan_writes_the_section_and_says_where(folder):
    done = run("plan", "study.yaml", "-o", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "section.html" in done.stdout
    assert "reading events.csv" in done.stderr
    made = {p.relative_to(folder / "out").as_posix() for p in (folder / "out").rglob("*") if p.is_file()}
    assert {"section.html", "section.md", "findings.json", "provenance.json", "tables/scenarios.csv"} <= made


def test_json_goes_to_stdout_and_quiet_is_quiet(folder):
    done = run("plan", "study.yaml", "-o", "out", "--json", "--quiet", cwd=folder)
    assert done.returncode == 0
    assert done.stderr == ""
    assert json.loads(done.stdout) == json.loads((folder / "out" / "findings.json").read_text(encoding="utf-8"))


def test_version_help_and_usage(folder):
    assert run("--version", cwd=folder).stdout.startswith("streamline 0.")
    help_text = run("--help", cwd=folder).stdout
    assert all(command in help_text for command in ("plan", "inspect", "demo", "schema"))
    assert run("plam", cwd=folder).returncode == 2
    assert run("plan", cwd=folder).returncode == 2


def test_schema_is_json(folder):
    schema = json.loads(run("schema", cwd=folder).stdout)
    assert schema["properties"].keys() >= {"study", "log", "contacts", "scenarios"}
    assert json.loads(run("schema", "--findings", cwd=folder).stdout)["title"].startswith("streamline findings")


def test_inspect_says_what_is_there(folder):
    options = ("--case", "id", "--activity", "what", "--complete", "done", "--start", "began")
    done = run("inspect", "events.csv", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "2 cases (2 closed), 7 steps of 3 activities" in done.stdout
    assert "Review repeated at once" in done.stdout
    told = json.loads(run("inspect", "events.csv", *options, "--json", cwd=folder).stdout)
    assert told["cases"] == 2
    assert told["activities"] == ["End", "Review", "Start"]


def test_a_missing_column(folder):
    change(folder, "case: id", "case: idd")
    refused(folder, "events.csv has no column 'idd'", "Did you mean 'id'?", "'what'")


def test_a_misspelt_activity(folder):
    change(folder, "activity: Review, by", "activity: Reviw, by")
    refused(folder, "Scenario 'Quicker'", "no activity 'Reviw'", "Did you mean 'Review'?")


def test_an_unknown_key_and_a_negative_duration_at_once(folder):
    change(folder, "simulation: {draws: 20}", "simulaton: {draws: 20}\nstandard: {cycle_time: -3 days}")
    refused(folder, "2 problems", "line 5: simulaton: there is no such key. Did you mean 'simulation'?", "'-3 days'")


def test_more_staff_taken_away_than_there_is_is_refused(folder):
    change(folder, "kind: speed_up, activity: Review, by: 0.5", "kind: add_capacity, activity: Review, staff: -9")
    refused(folder, "taking away 9 leaves nobody")


def test_an_unreadable_date_is_a_reject_and_too_many_are_the_gate(folder):
    change(folder, "2025-01-06T12:00:00Z,bob\nA", "2025-13-06T12:00:00Z,bob\nA", "events.csv")
    refused(folder, "1 of 7 rows (14.3%)", "row 3 ('2025-13-06T12:00:00Z')", "max_rejected", code=3)
    change(folder, "log: {path", "log: {max_rejected: 0.2, path")
    assert run("plan", "study.yaml", "-o", "out", cwd=folder).returncode == 0
    rejects = (folder / "out" / "tables" / "rejects.csv").read_text(encoding="utf-8").splitlines()
    assert len(rejects) == 2
    assert rejects[1] == "events.csv,3,done,no such month: 13"


def test_an_empty_file_and_one_with_a_heading_only(folder):
    (folder / "events.csv").write_bytes(b"")
    refused(folder, "events.csv is empty (0 bytes)")
    (folder / "events.csv").write_text(EVENTS.splitlines()[0] + "\n", encoding="utf-8")
    refused(folder, "has a heading", "but no rows")


def test_a_file_of_one_row(folder):
    (folder / "events.csv").write_text("\n".join(EVENTS.splitlines()[:2]) + "\n", encoding="utf-8")
    refused(folder, "events.csv has no activity 'End' (named as one that ends a case: ", "log.ends in a study")
    change(folder, ", ends: [End]", "")
    change(folder, "activity: Review, by", "activity: Start, by")
    done = run("plan", "study.yaml", "-o", "out", cwd=folder)
    assert done.returncode == 0, done.stderr


def test_a_gzip_cut_short(folder):
    packed = gzip.compress((EVENTS * 50).encode())
    (folder / "events.csv").write_bytes(packed[: len(packed) - 20])
    refused(folder, "events.csv is cut short")


def test_bytes_that_are_not_the_encoding(folder):
    (folder / "events.csv").write_bytes(EVENTS.encode().replace(b"bob", b"b\xf6b", 1))
    change(folder, "log: {path", "log: {encoding: utf-8, path")
    refused(folder, "events.csv, line 3", "isn't utf-8")


def test_the_case_id_na_stays_a_case(folder):
    change(folder, "\nA,", "\nNA,", "events.csv")
    done = run("plan", "study.yaml", "-o", "out", "--json", cwd=folder)
    assert json.loads(done.stdout)["study"]["cases"] == 2


def test_markup_and_formulas_in_names_are_only_text(folder):
    change(folder, "Review", "<script>alert(1)</script>", "events.csv")
    change(folder, "activity: Review", "activity: <script>alert(1)</script>")
    change(folder, "Start", "=cmd|' /C calc'!A0", "events.csv")
    done = run("plan", "study.yaml", "-o", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    html = (folder / "out" / "section.html").read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    for table in (folder / "out" / "tables").glob("*.csv"):
        cells = [c.strip('"') for line in table.read_text(encoding="utf-8").splitlines() for c in line.split(",")]
        assert not any(c.startswith("=") for c in cells), table.name


def test_a_window_without_cases(folder):
    change(folder, "privacy:", "window: {from: 2031-01-01}\nprivacy:")
    refused(folder, "No case of events.csv arrived in the study's window", "2025-01-06")


def test_a_folder_with_other_files_is_not_replaced(folder):
    (folder / "out").mkdir()
    (folder / "out" / "thesis.txt").write_text("mine", encoding="utf-8")
    refused(folder, "1 file that no earlier run wrote ('thesis.txt')")
    assert (folder / "out" / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_can_not_be_made(folder):
    done = run("plan", "study.yaml", "-o", "events.csv/out", cwd=folder)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_interrupted_run_leaves_the_earlier_section(folder):
    assert run("plan", "study.yaml", "-o", "out", cwd=folder).returncode == 0
    before = {p: p.read_bytes() for p in (folder / "out").rglob("*") if p.is_file()}
    change(folder, "draws: 20", "draws: 2000000")
    command = [sys.executable, "-m", "streamline.cli", "plan", "study.yaml", "-o", "out"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "estimating" not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        code = process.wait(timeout=30)
    assert code == 130, said
    assert "Traceback" not in said
    assert {p: p.read_bytes() for p in (folder / "out").rglob("*") if p.is_file()} == before
    assert {p.name for p in folder.iterdir()} == {"events.csv", "study.yaml", "out"}


def test_the_demo_needs_nothing(tmp_path, monkeypatch, capsys, sample_section):
    """In an empty folder, from the sample that ships with the library; what is computed from it is made once for all tests."""
    asked: list[bytes] = []

    def made(study: Path, progress: object) -> object:
        asked.append(study.read_bytes())
        assert all((study.parent / name).is_file() for name in ("events.csv", "calls.csv", "survey.csv"))
        return sample_section

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("streamline.plan.plan_section", made)
    cli.demo(Path("here"), quiet=True)
    assert asked == [(ROOT / "sample_logs" / "study.yaml").read_bytes()]
    assert "section.html" in capsys.readouterr().out
    assert (tmp_path / "here" / "section.html").read_text(encoding="utf-8") == sample_section.files()["section.html"]
