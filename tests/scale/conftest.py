"""One Spark session for all tests of this folder, and logs with everything in them that splitting may trip over."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamline.log.read import read_log
from streamline.measure.summaries.summary import LogSummary, log_summary
from streamline.scale import partition
from streamline.scale.pieces import piece_of

NAME = "streamline_tests_local_cluster"


@pytest.fixture(scope="session")
def local_cluster() -> ModuleType:
    """The helper module beside the tests: `cluster`, `executors`, `python_workers`."""
    if NAME not in sys.modules:
        spec = importlib.util.spec_from_file_location(NAME, Path(__file__).with_name("local_cluster.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[NAME] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[NAME])
    return sys.modules[NAME]


@pytest.fixture(scope="session")
def session(local_cluster: ModuleType) -> Iterator[Any]:
    """A Spark session on two executors of this machine, started once."""
    with local_cluster.cluster() as spark:
        yield spark


@pytest.fixture(scope="session")
def events() -> Callable[..., pd.DataFrame]:
    """`events(n_cases=200, seed=1, …) -> DataFrame` of texts: permit, step, began, finished, worker.

    Rows in no order; instants of whole hours, so that many tie; steps without a start, steps that aren't done, zero
    durations, and rows that come twice. A tenth of the cases never gets to "Decide". `form` is the strftime form of the
    times, which lie in `days` days from 2024-01-01.
    """

    def make(
        n_cases: int = 200, *, seed: int = 1, form: str = "%Y-%m-%dT%H:%M:%SZ", days: int = 30, per_case: int = 6
    ) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        n = n_cases * per_case
        case = random.integers(0, n_cases, n)
        step = random.choice(
            ["Intake", "Review", "Ask applicant", "Decide", "Übergabe"], n, p=[0.3, 0.3, 0.2, 0.1, 0.1]
        )
        step[(step == "Decide") & (case % 10 == 0)] = "Review"
        begun = random.integers(0, days * 24, n)
        done = begun + random.choice([0, 0, 1, 5, 48], n)
        began, finished = (
            pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(h, unit="h")).dt.strftime(form)
            for h in (begun, done)
        )
        began[random.random(n) < 0.1], finished[random.random(n) < 0.03] = "", ""
        frame = pd.DataFrame(
            {
                "permit": [f"P-{c}" for c in case],
                "step": step,
                "began": began,
                "finished": finished,
                "worker": random.choice(["ann", "bob", "cyd", "dee", ""], n),
            }
        )
        return pd.concat([frame, frame.sample(n // 20, random_state=seed)]).sample(
            frac=1, random_state=seed, ignore_index=True
        )

    return make


#: What the columns of `events` are.
NAMES = {"case": "permit", "activity": "step", "start": "began", "complete": "finished", "resource": "worker"}


@pytest.fixture(scope="session")
def roles() -> dict[str, str]:
    """What the columns of `events` are, as arguments of `read_log`."""
    return dict(NAMES)


@pytest.fixture(scope="session")
def spoiled() -> Callable[[pd.DataFrame], pd.DataFrame]:
    """`spoiled(events) -> DataFrame`: blanks of several kinds around a third of the ids, and rows that can't be used."""

    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.copy()
        for k, blanks in enumerate([(" ", ""), ("", "\t"), ("\u00a0", "\u2003"), ("\n ", "")]):
            frame.loc[k::12, "permit"] = blanks[0] + frame.loc[k::12, "permit"] + blanks[1]
        frame.loc[5::97, "permit"] = " "
        frame.loc[6::97, "permit"] = ""
        frame.loc[7::97, "finished"] = "soon"
        frame.loc[8::97, ["began", "finished"]] = ""
        frame.loc[9::97, "step"] = ""
        frame.loc[10::97, ["began", "finished"]] = ["2024-03-01T00:00:00Z", "2024-02-01T00:00:00Z"]
        frame.loc[11::12, "step"] = " " + frame.loc[11::12, "step"]
        return frame

    return spoil


@pytest.fixture(scope="session")
def same_summary() -> Callable[[LogSummary, LogSummary], None]:
    """`same_summary(one, two)`: every table and every number, bit for bit."""

    def same(one: LogSummary, two: LogSummary) -> None:
        for name in ("directly_follows", "routes", "cycle_time", "repeats", "rework"):
            pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), check_exact=True)
        for name in ("activities", "n_cases", "n_empty", "n_closed", "n_steps", "n_repeating", "n_rows", "rejected"):
            assert getattr(one, name) == getattr(two, name), name

    return same


@pytest.fixture
def stored(tmp_path: Path) -> Callable[..., Path]:
    """`stored(frame, "log.parquet", **options)`: the frame as Parquet or CSV; Parquet in row groups of 333 rows."""

    def store(frame: pd.DataFrame, name: str, **options: Any) -> Path:
        path = tmp_path / name
        if path.suffix == ".parquet":
            table = pa.Table.from_pandas(frame, preserve_index=False)
            pq.write_table(table, path, **{"row_group_size": 333, **options})
        else:
            frame.to_csv(path, index=False, **options)
        return path

    return store


@pytest.fixture
def split(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[LogSummary, int]]:
    """`split(path, n_rows, n, **options)`: the summary by way of about n partitions, and how many had rows; nothing is left
    of them, whatever happens."""

    def split(path: Path, n_rows: int, n: int, **options: Any) -> tuple[LogSummary, int]:
        room = (1_000_000_000 - partition.BASE_BYTES) // 2
        folder, pieces = tmp_path / "partitions", 0
        folder.mkdir(exist_ok=True)

        def counted(*args: Any, **more: Any) -> Any:
            nonlocal pieces
            pieces += 1
            return piece_of(*args, **more)

        monkeypatch.setattr(partition, "BYTES_PER_EVENT", max(room * n // n_rows, 1))
        monkeypatch.setattr(partition, "piece_of", counted)
        try:
            return partition.partitioned_summary(path, memory="1 GB", folder=folder, **options), pieces
        finally:
            assert list(folder.iterdir()) == []

    return split


@pytest.fixture
def agree(split: Any, same_summary: Any) -> Callable[..., LogSummary]:
    """`agree(path, n, **options)`: in n partitions as in one go; returns the summary."""

    def agree(path: Path, n: int, **options: Any) -> LogSummary:
        log = read_log(path, **options)
        found, pieces = split(path, log.notes.n_rows, n, **options)
        assert pieces >= min(n, 2)
        same_summary(found, log_summary(log))
        return found

    return agree
