"""The live map in a real JupyterLab: the front end, the kernel and the browser together."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("jupyterlab")
nbformat = pytest.importorskip("nbformat")

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "sample_logs" / "events.csv"
CELLS = [
    f"""import streamline as sl
log = sl.read_log({str(SAMPLE)!r}, case="application", activity="step", start="began", complete="finished",
                  timezone="America/New_York", ends=["Issue notice", "Withdrawn"])
live = sl.explore(log)
live""",
    "print(len(live.selected_cases), live.selected_cases['case'].nunique())",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """A JupyterLab of our own with the notebook, on a free port of this machine; ended by its process group."""
    folder = tmp_path_factory.mktemp("jupyter")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, folder / "live.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root",
               "--IdentityProvider.token=", "--ServerApp.password=", f"--ServerApp.root_dir={folder}",
               "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]  # fmt: skip
    homes = {
        name: str(folder / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **homes}, start_new_session=True)
        try:
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=2).read()
                    break
                except OSError:
                    time.sleep(0.5)
            else:
                pytest.fail((folder / "log").read_text(errors="replace")[-2000:])
            yield f"http://127.0.0.1:{port}/lab/tree/live.ipynb"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)


def test_clicks_sliders_and_the_replay_reach_the_kernel_and_come_back(address, browser_tools, tmp_path):
    node, chromium, modules = browser_tools()
    command = [node, str(HERE / "jupyter_check.cjs"), address, chromium, modules, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["buttons"] > 10
    assert "3,068 cases, taken 3,068 times" in report["chosen"]
    assert report["kernel"] == "3068 3068"
    assert 0 < report["fewer"] != report["buttons"]
    assert report["dots"] > 0
    assert report["errors"] == []
