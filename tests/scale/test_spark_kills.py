"""A process of the cluster dies while the pieces are worked on: the answer is the same."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from streamline.log.read import read_log
from streamline.measure.summaries.summary import log_summary
from streamline.scale import spark
from streamline.scale.spark import spark_summary

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")

N_PIECES = 6


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], int]:
    """Makes each piece take more than half a second; `begun()` says how many were begun, again or for the first time."""
    folder = tmp_path / "begun"
    folder.mkdir()

    def slow(table: Any, *, source: str, options: Any, budget: int) -> Any:
        """Defined here, so that it goes to the workers by its code, not by its name."""
        import tempfile
        import time

        from streamline.scale.pieces import piece_of
        from streamline.scale.spark import _records

        tempfile.mkstemp(dir=folder)
        time.sleep(0.7)
        return piece_of(_records(table, source), options, budget=budget)

    monkeypatch.setattr(spark, "_piece", slow)
    return lambda: len(list(folder.iterdir()))


def until(met: Callable[[], Any], *, seconds: float = 60) -> Any:
    """Wait for what `met` gives when it is true."""
    deadline = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < deadline, "nothing got under way"
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("victim", ["executors", "python_workers"])
@pytest.mark.parametrize("kind", ["path", "frame"])
def test_a_process_that_is_killed_changes_nothing(
    session: Any, local_cluster: ModuleType, begun: Any, events: Any, stored: Any, roles: Any, same_summary: Any,
    victim: str, kind: str,
) -> None:  # fmt: skip
    """All processes of its kind are killed once two pieces are begun, so that one is lost for certain."""
    frame = events(100)
    path = stored(frame, "log.parquet")
    expected = log_summary(read_log(path, **roles, max_rejected=0.1))
    source = str(path) if kind == "path" else session.createDataFrame(frame)
    with ThreadPoolExecutor(1) as pool:
        summary = pool.submit(spark_summary, source, session=session, n_partitions=N_PIECES, **roles, max_rejected=0.1)
        until(lambda: summary.done() or begun() >= 2)
        killed = getattr(local_cluster, victim)()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        found = summary.result(timeout=120)
    assert killed
    assert begun() > N_PIECES
    same_summary(found, expected)
    assert until(lambda: len(local_cluster.executors()) == 2)
