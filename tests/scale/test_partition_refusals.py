"""What can't be split or read is refused as `read_log` refuses it, and nothing is left on the disk."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamline.errors import (
    DataQualityError,
    FileFormatError,
    InsufficientDataError,
    LogError,
    OutputError,
    StreamlineError,
    TimestampError,
    UnknownNameError,
)
from streamline.log.read import read_log
from streamline.measure.summaries.summary import LogSummary
from streamline.scale import partition

Summarise = Callable[..., LogSummary]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the partitions go."""
    made = tmp_path / "partitions"
    made.mkdir()
    return made


@pytest.fixture
def summarise(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Summarise:
    """`summarise(path, **options)` by way of 20 partitions (for 1,000 rows); nothing is left, whatever happens."""
    monkeypatch.setattr(partition, "BYTES_PER_EVENT", (1_000_000_000 - partition.BASE_BYTES) // 2 * 20 // 1000)

    def summarise(path: Path, **options: Any) -> LogSummary:
        try:
            return partition.partitioned_summary(path, **{"memory": "1 GB", "folder": folder, **options})
        finally:
            assert list(folder.iterdir()) == []

    return summarise


@pytest.fixture
def log(events: Any, tmp_path: Path) -> Path:
    path: Path = tmp_path / "log.csv"
    events(150).to_csv(path, index=False)
    return path


class Refused(NamedTuple):
    """What neither way reads: the file, the options, the error and its message."""

    content: str
    options: dict[str, Any]
    error: type[StreamlineError]
    message: str


ROWS = "case,activity,time\n" + "".join(f"c{k},Work,2024-01-{k % 9 + 1:02} 10:00\n" for k in range(90))
REFUSED = {
    "too many rejects": Refused(
        ROWS + "c1,Work,soon\n" * 7 + ",Work,2024-01-01 10:00\n" * 3,
        {},
        DataQualityError,
        r"10 of 100 rows \(10.0%\) can't be used, and at most 5.0% may be set aside:\n"
        r"  - 7 × not a date that can be read: row 92 \('soon'\).* and 2 more\n"
        r"  - 3 × no case id: row 99 \(''\), row 100 \(''\), row 101 \(''\)\n",
    ),
    "rows of another width": Refused(
        ROWS + "c1,Work\n" * 10, {}, DataQualityError, r"10 of 100 rows .*\n  - 10 × 2 values where the heading has 3"
    ),
    "unknown end": Refused(
        ROWS,
        {"ends": ["Decide", "Worc"]},
        UnknownNameError,
        "has no activity 'Decide' .named as one that ends a case: .*. It has: 'Work'",
    ),
    "unknown external": Refused(
        ROWS,
        {"external": ["Worc"]},
        UnknownNameError,
        "no activity 'Worc' .named as one that waits on others: .*. Did you mean 'Work'",
    ),
    "no zone": Refused(ROWS, {"timezone": None}, TimestampError, "local times? without an offset"),
    "no such zone": Refused(ROWS, {"timezone": "Mars/Olympus"}, TimestampError, "no time zone 'Mars/Olympus'"),
    "not a date at all": Refused(
        "case,activity,time\n" + "a,b,soon\n" * 30,
        {},
        DataQualityError,
        "30 rows and not one that can be used: 30 × not a date",
    ),
    "only starts": Refused(
        "case,activity,start,time\n" + "a,b,2024-01-01 10:00,\n" * 30, {}, InsufficientDataError, "30 (started|rows)"
    ),
    "nothing": Refused("", {}, FileFormatError, r"is empty \(0 bytes\)"),
    "XML": Refused("<?xml version='1.0'?><log></log>", {}, LogError, "XES|no events"),
    "binary": Refused("a\0b\0c", {}, FileFormatError, "isn't text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_as_the_whole_log_is(summarise: Summarise, written: Any, name: str) -> None:
    content, options, error, message = REFUSED[name]
    path, options = written(content), {"timezone": "UTC", **options}
    for way in (read_log, summarise):
        with pytest.raises(error, match=message):
            way(path, **options)


def test_kinds_of_files_that_are_read_whole_only(summarise: Summarise, written: Any, tmp_path: Path) -> None:
    xes = written('<?xml version="1.0"?><log xes.version="1.0"><trace></trace></log>', "log.xes")
    with pytest.raises(
        FileFormatError, match=r"log\.xes is XES, which is read whole \(read_log\)\. Store it as Parquet"
    ):
        summarise(xes)
    book = written(b"PK\x03\x04\x14\0\0\0\0\0[Content_Types].xml", "log.xlsx")
    with pytest.raises(FileFormatError, match=r"log\.xlsx is an Excel workbook; save the sheet as CSV"):
        summarise(book)
    with pytest.raises(FileFormatError, match="is a folder; name a file in it"):
        summarise(tmp_path)


def test_parquet_that_cannot_be_read(summarise: Summarise, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    columns = {"case": ["a"], "activity": [["b"]], "time": ["2024-01-01T00:00:00Z"]}
    pq.write_table(pa.table(columns), path)
    with pytest.raises(FileFormatError, match=r"column 'activity' holds list<.*a column of single values is needed"):
        summarise(path)
    pq.write_table(pa.table({**columns, "activity": ["b"]}).slice(0, 0), path)
    with pytest.raises(FileFormatError, match=r"log\.parquet has columns \(case, activity, time\) but no rows"):
        summarise(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FileFormatError, match=r"log\.parquet can't be read as Parquet: .*Export it again"):
        summarise(path)


@pytest.mark.parametrize(
    ("memory", "message"),
    [
        ("x", "'x' is not a size"),
        ("1 KB", "'1 KB' is not a size"),
        ("", "'' is not a size"),
        ("-2 GB", "'-2 GB' is not a size"),
        ("999 MB", "memory must be at least 1 GB; '999 MB' is less"),
    ],
)
def test_memory_must_be_a_size_and_enough(summarise: Summarise, log: Path, memory: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        summarise(log, memory=memory)


def test_too_small_a_disk(
    summarise: Summarise, log: Path, roles: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = 2 * log.stat().st_size
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(10**9, 10**9 - 40_000, 40_000))
    said = (
        rf"{re.escape(str(folder))} has 0\.0 MB free, too little for the partitions of log\.csv\. "
        rf"About {needed / 1e6:.1f} MB are needed; name another folder with folder="
    )
    with pytest.raises(OutputError, match=said):
        summarise(log, **roles)


def test_a_folder_that_is_not_there_or_a_file(summarise: Summarise, log: Path, roles: Any, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"nowhere can't be written: No such file or directory\. Name another folder"):
        summarise(log, **roles, folder=tmp_path / "nowhere")
    with pytest.raises(OutputError, match=r"log\.csv can't be written: Not a directory\. Name another folder"):
        summarise(log, **roles, folder=log)


FULL = """
import resource, signal, sys
from streamline.errors import OutputError
from streamline.scale import partition

partition.BYTES_PER_EVENT = 100_000
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    columns = {"case": "case", "activity": "activity", "complete": "time"}
    partition.partitioned_summary(sys.argv[1], memory="1 GB", folder=sys.argv[2], **columns)
except Exception as error:
    print(type(error).__name__)
    print(error)
"""


def test_a_disk_that_fills_up_on_the_way(folder: Path, tmp_path: Path) -> None:
    """In a process of its own, none of whose files may grow beyond 20 KB."""
    frame = pd.DataFrame({"case": [f"{k * 7919 % 100_003:x}" * 9 for k in range(20_000)], "activity": "Work"})
    frame.assign(time=pd.Timestamp("2024-01-01", tz="UTC")).to_parquet(tmp_path / "log.parquet")
    ran = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "log.parquet"), str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    kind, message = ran.stdout.split("\n", 1)
    assert kind == "OutputError", ran.stderr
    assert re.search(
        rf"log\.parquet can't be split into partitions in {re.escape(str(folder))}: .*File too large.*"
        r"About \d\.\d MB are needed there; nothing was left\. Name another folder with folder=",
        message,
    )
    assert list(folder.iterdir()) == []


def test_an_interruption_leaves_nothing(
    summarise: Summarise, log: Path, roles: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(partition, "piece_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        summarise(log, **roles)
