"""Kernels are compiled once and kept on disk; where nothing can be written they are compiled anew, and still work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import streamline

#: Calls a kernel, and says what it answered and how often it was found on disk or compiled.
SCRIPT = """
import json
import numpy as np
import streamline
from streamline.kernels import clock
from streamline.units import DAY, HOUR

answer = clock.at_midnight(np.array([0, HOUR, DAY, 2 * DAY + 1, -DAY]))
stats = clock.at_midnight.stats
print(json.dumps({
    "answer": answer.tolist(), "from": streamline.__file__, "cache": stats.cache_path,
    "hits": sum(stats.cache_hits.values()), "misses": sum(stats.cache_misses.values()),
}))
"""
ANSWER = [True, False, True, False, True]


def run(folder: Path, **environment: str) -> dict[str, Any]:
    """What the script says in a process of its own, in which warnings are errors."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG")}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", SCRIPT],
        capture_output=True, text=True, check=False, cwd=folder, env={**kept, **environment},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    said: dict[str, Any] = json.loads(ran.stdout)
    assert said["answer"] == ANSWER
    return said


def test_a_later_process_finds_the_compiled_kernel(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first, second = (run(tmp_path, NUMBA_CACHE_DIR=str(cache), HOME=str(tmp_path)) for _ in range(2))
    assert (first["hits"], first["misses"]) == (0, 1)
    assert (second["hits"], second["misses"]) == (1, 0)
    assert Path(first["cache"]).is_relative_to(cache)
    assert first["cache"] == second["cache"]


def test_without_a_folder_to_write_to_it_is_compiled_anew(tmp_path: Path) -> None:
    """A copy of the package in which every `__pycache__` is a file, as is the home, so that even root can't write there."""
    package = tmp_path / "streamline"
    shutil.copytree(Path(streamline.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [package, *(p for p in package.rglob("*") if p.is_dir())]:
        (folder / "__pycache__").write_text("no folder", encoding="utf-8")
    home = tmp_path / "home"
    home.write_text("no folder", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    said = run(tmp_path, PYTHONPATH=str(tmp_path), HOME=str(home))
    assert said["from"] == str(package / "__init__.py")
    assert (said["hits"], said["cache"]) == (0, None)
    assert sorted(tmp_path.rglob("*")) == before
