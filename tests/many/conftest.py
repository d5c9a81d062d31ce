"""A service of two cases, and the command line in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EVENTS = """id,what,began,done,who
A,Start,2025-01-06T08:00:00Z,2025-01-06T09:00:00Z,ann
A,Review,2025-01-06T10:00:00Z,2025-01-06T12:00:00Z,bob
A,End,2025-01-07T09:00:00Z,2025-01-07T09:30:00Z,ann
B,Start,2025-01-06T09:00:00Z,2025-01-06T10:00:00Z,ann
B,Review,2025-01-06T12:00:00Z,2025-01-06T13:00:00Z,bob
B,Review,2025-01-07T12:00:00Z,2025-01-07T13:00:00Z,bob
B,End,2025-01-08T09:00:00Z,2025-01-08T09:30:00Z,ann
"""
STUDY = """study: {{title: T, agency: A, service: {service}}}
log: {{path: events.csv, case: id, activity: what, start: began, complete: done, resource: who, ends: [End]}}
calendar: {{hours: {{mon-fri: "08:00-17:00"}}}}
privacy: {{minimum_cell: 1}}
simulation: {{draws: 20}}
scenarios:
  - name: Quicker
    changes: [{{kind: speed_up, activity: Review, by: 0.5}}]
"""


@pytest.fixture
def services(tmp_path: Path) -> Callable[..., Path]:
    """`services("a", "b") -> Path`: a folder with a study of each name, each in a folder of its own."""

    def write(*names: str) -> Path:
        for name in names:
            (tmp_path / "studies" / name).mkdir(parents=True)
            (tmp_path / "studies" / name / "events.csv").write_text(EVENTS, encoding="utf-8")
            text = STUDY.format(service=name.capitalize())
            (tmp_path / "studies" / name / "study.yaml").write_text(text, encoding="utf-8")
        return tmp_path / "studies"

    return write


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "streamline.cli", "batch", *map(str, arguments)]


@pytest.fixture
def ran() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`ran(studies, "-o", out) -> CompletedProcess` of `streamline batch`."""
    return lambda *arguments: subprocess.run(command(*arguments), capture_output=True, text=True, check=False)
