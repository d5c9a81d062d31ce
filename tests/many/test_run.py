"""Batches for real: what is run, kept and gone on with after a kill; failures; the same bytes however many run at once."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from streamline.errors import OutputError
from streamline.many.leftovers import held_folder

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (done|kept|failed) (\w+)")


def states(stderr: str) -> dict[str, str]:
    return {m[2]: m[1] for m in map(LINE.match, stderr.splitlines()) if m}


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_changed_input_runs_its_study_again_and_no_other(services, ran, tmp_path):
    folder, out = services("alder", "birch"), tmp_path / "out"
    first = ran(folder, "-o", out)
    assert first.returncode == 0, first.stderr
    assert states(first.stderr) == {"alder": "done", "birch": "done"}
    assert re.search(r"Z done alder \d+ findings \d+ s$", first.stderr, re.MULTILINE)
    assert "\x1b" not in first.stderr
    before = files_of(out)
    os.utime(folder / "alder" / "events.csv")  # a touched file is the same file
    kept = ran(folder, "-o", out)
    assert states(kept.stderr) == {"alder": "kept", "birch": "kept"}
    assert files_of(out) == before
    log = folder / "birch" / "events.csv"
    log.write_text(log.read_text().replace("2025-01-08T09:30", "2025-01-08T10:30"))
    changed = ran(folder, "-o", out, "--json")
    assert states(changed.stderr) == {"alder": "kept", "birch": "done"}
    run = {r["name"]: r["why"] for r in json.loads(changed.stdout)["run"]}
    assert run == {"alder": "", "birch": "events.csv changed"}
    after = files_of(out)
    assert {n for n in after if n.startswith("alder/") and after[n] != before[n]} == set()
    assert after["birch/findings.json"] != before["birch/findings.json"]
    assert after["summary.html"] != before["summary.html"]
    study = folder / "alder" / "study.yaml"
    study.write_text(study.read_text().replace("draws: 20", "draws: 21"))
    again = ran(folder, "-o", out)
    assert states(again.stderr) == {"alder": "done", "birch": "kept"}
    assert states(ran(folder, "-o", out, "--again").stderr) == {"alder": "done", "birch": "done"}


def test_a_killed_batch_leaves_nothing_half_written_and_is_gone_on_with(services, tmp_path):
    """Killed for real, at an instant when one study is there and another at work; its processes go with it."""
    folder, out = services("alder", "birch", "cedar"), tmp_path / "out"
    arguments = [sys.executable, "-m", "streamline.cli", "batch", str(folder), "-o", str(out), "--processes", "1"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "done alder" in process.stderr.readline()
        while not (work := _workers(out)):
            time.sleep(0.01)
        time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    with held_folder(out):  # given when the last process of the batch has left
        assert not [pid for pid in work if Path(f"/proc/{pid}").exists() and _runs_a_study(pid, out)]
    assert not (out / "birch").exists() or (out / "birch" / "provenance.json").exists()
    assert not (out / "summary.html").exists()
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert states(done.stderr)["alder"] == "kept"
    assert states(done.stderr)["cedar"] == "done"
    assert {p.name for p in out.iterdir() if p.is_dir()} == {"alder", "birch", "cedar"}
    whole = tmp_path / "whole"
    subprocess.run([*arguments[:6], str(whole)], capture_output=True, check=True)
    assert files_of(out) == files_of(whole)


def test_an_interruption_ends_every_process_and_leaves_what_is_done(services, tmp_path):
    folder, out = services("alder", "birch"), tmp_path / "out"
    arguments = [sys.executable, "-m", "streamline.cli", "batch", str(folder), "-o", str(out), "--processes", "1"]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "done alder" in process.stderr.readline()
        while not _workers(out):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        process.wait()
    assert process.returncode == 130
    assert "interrupted" in rest
    assert "Traceback" not in rest
    assert not _workers(out)
    assert {p.name for p in out.iterdir() if p.is_dir()} == {"alder"}


def _workers(out: Path) -> list[int]:
    """The processes of studies that are written below this folder."""
    return [int(p.name) for p in Path("/proc").iterdir() if p.name.isdecimal() and _runs_a_study(int(p.name), out)]


def _runs_a_study(pid: int, out: Path) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return False
    return "streamline.many.worker" in words and any(w.startswith(str(out)) for w in words)


def test_the_files_are_the_same_whatever_the_number_of_processes(services, ran, tmp_path):
    folder = services("alder", "birch", "cedar")
    for n in (1, 3):
        done = ran(folder, "-o", tmp_path / f"out{n}", "--processes", n, "--quiet")
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
    assert files_of(tmp_path / "out1") == files_of(tmp_path / "out3")


def test_a_failing_study_stops_no_other_and_the_worst_code_is_the_batchs(services, ran, tmp_path):
    folder, out = services("alder", "birch", "cedar"), tmp_path / "out"
    study = folder / "birch" / "study.yaml"
    study.write_text(study.read_text().replace("activity: Review", "activity: Revue"))
    log = folder / "cedar" / "events.csv"
    log.write_text(log.read_text().replace("2025-01-06T", "long ago "))
    done = ran(folder, "-o", out, "--json")
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert states(done.stderr) == {"alder": "done", "birch": "failed", "cedar": "failed"}
    assert "Did you mean 'Review'?" in done.stderr
    found = {s["name"]: (s["state"], s["code"]) for s in json.loads(done.stdout)["studies"]}
    assert found == {"alder": ("finished", 0), "birch": ("failed", 2), "cedar": ("failed", 3)}
    schema = json.loads(resources.files("streamline.many").joinpath("batch.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(done.stdout), schema)
    jsonschema.validate(json.loads((out / "summary.json").read_text()), schema)
    page = (out / "summary.html").read_text()
    assert "2 studies failed" in page
    assert "Did you mean" in page
    study.write_text(study.read_text().replace("Revue", "Review"))
    mended = ran(folder, "-o", out)
    assert mended.returncode == 3
    assert states(mended.stderr) == {"alder": "kept", "birch": "done", "cedar": "failed"}


def test_a_study_that_is_not_there_fails_alone(services, ran, tmp_path):
    folder, out = services("alder"), tmp_path / "out"
    done = ran(folder, folder / "lost.yaml", "-o", out)
    assert done.returncode == 2
    assert states(done.stderr) == {"alder": "done", "lost": "failed"}
    assert "lost.yaml" in (out / "summary.md").read_text()


def test_edits_are_never_lost(services, ran, tmp_path):
    folder, out = services("alder", "birch"), tmp_path / "out"
    assert ran(folder, "-o", out).returncode == 0
    page = out / "alder" / "section.md"
    page.write_text("mine")
    done = ran(folder, "-o", out, "--again")
    assert done.returncode == 2
    assert states(done.stderr) == {"alder": "failed", "birch": "done"}
    assert page.read_text() == "mine"
    (out / "summary.md").write_text("mine")
    refused = ran(folder, "-o", out)
    assert refused.returncode == 2
    assert "summary.md" in refused.stderr
    assert states(refused.stderr) == {}
    assert (out / "summary.md").read_text() == "mine"


def test_another_batch_in_the_folder_is_refused(services, tmp_path, monkeypatch):
    from streamline.many import leftovers

    monkeypatch.setattr(leftovers, "PATIENCE_SECONDS", 0.2)
    with (
        held_folder(tmp_path / "out"),
        pytest.raises(OutputError, match="Another batch"),
        held_folder(tmp_path / "out"),
    ):
        pass
    with held_folder(tmp_path / "out"):
        pass
