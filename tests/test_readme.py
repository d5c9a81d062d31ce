"""The README's examples run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streamline.study import Study
from streamline.study_file import read_yaml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_study_is_valid(tmp_path):
    (text,) = blocks("yaml")
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    study = Study.model_validate(read_yaml(path)[0])
    assert study.scenarios[0].slug == "complete_at_intake"


def test_the_python_runs_and_answers(monkeypatch, tmp_path):
    """All of it, in one session, beside the sample logs."""
    (tmp_path / "sample_logs").symlink_to(ROOT / "sample_logs")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), names)
    assert repr(names["log"]).startswith("<EventLog events.csv: 3,068 cases")
    assert repr(names["summary"]).startswith("<LogSummary: 3,068 cases")
    assert (tmp_path / "store" / "log.json").is_file()


@pytest.mark.parametrize(
    "command", ["make demo", "make test", "streamline plan", "streamline inspect", "streamline schema"]
)
def test_the_commands_named_exist(command):
    assert command in README
    word = command.split()[1]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = (ROOT / "src" / "streamline" / "cli.py").read_text(encoding="utf-8")
    assert f"\n{word}:" in makefile if command.startswith("make") else f"\ndef {word}(" in commands
