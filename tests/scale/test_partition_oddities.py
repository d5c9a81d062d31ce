"""Odd names, paths and files: the summary by way of partitions is that of the whole log, and refused for the same reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from streamline.errors import FileFormatError, LogError, MissingColumnError
from streamline.log.read import read_log
from streamline.measure.summaries.summary import LogSummary, log_summary

Summarise = Callable[..., LogSummary]
ROWS = "case,activity,time\n" + "".join(f"c{k},Work,2024-01-{k % 9 + 1:02} 10:00\n" for k in range(90))


@pytest.fixture
def summarise(split: Any) -> Summarise:
    """`summarise(path, **options)` by way of 20 partitions (for 1,000 rows)."""
    return lambda path, **options: split(path, 1000, 20, **options)[0]


def same(summarise: Summarise, same_summary: Any, path: Path, **options: Any) -> None:
    same_summary(summarise(path, **options), log_summary(read_log(path, **options)))


@pytest.fixture
def typed(events: Any) -> pd.DataFrame:
    """Columns case, activity and time (of timestamps)."""
    frame = events(150)[["permit", "step", "finished"]].set_axis(["case", "activity", "time"], axis="columns")
    return frame[frame["time"] != ""].assign(time=lambda f: pd.to_datetime(f["time"]))


def test_an_end_that_stands_mostly_in_rows_set_aside(summarise: Summarise, same_summary: Any, written: Any) -> None:
    ends = "".join(f"d{k},Done,soon\n" for k in range(3)) + "c1,Done,2024-02-01 10:00\n"
    same(summarise, same_summary, written(ROWS + ends), timezone="UTC", ends=["Done"])


@pytest.mark.parametrize("attribute", ["channel", "case", "start"])
def test_a_column_with_a_role_that_is_an_attribute_too(
    summarise: Summarise, same_summary: Any, typed: pd.DataFrame, tmp_path: Path, attribute: str
) -> None:
    frame = typed.assign(channel="mail", start=typed["time"] - pd.Timedelta(hours=1))
    frame.to_parquet(tmp_path / "log.parquet")
    options = {"channel": "channel"} if attribute == "channel" else {}
    same(summarise, same_summary, tmp_path / "log.parquet", attributes=[attribute], **options)


@pytest.mark.parametrize(
    "name",
    [
        "part",
        "file_row_number",
        "CASE",
        "c0",
        "at",
        "streamline row",
    ],
)
def test_a_column_of_any_name(
    summarise: Summarise, same_summary: Any, typed: pd.DataFrame, tmp_path: Path, name: str
) -> None:
    typed.assign(**{name: typed["activity"]}).to_parquet(tmp_path / "log.parquet")
    same(summarise, same_summary, tmp_path / "log.parquet", activity=name)


@pytest.mark.parametrize("name", ["case=7/log.parquet", "activity=x/log.parquet", "log[1].parquet"])
def test_a_path_of_any_name(
    summarise: Summarise, same_summary: Any, typed: pd.DataFrame, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    typed.to_parquet(path)
    typed.head(10).to_parquet(tmp_path / "log1.parquet")
    same(summarise, same_summary, path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("case,activity,time\n", id="a heading only"),
        pytest.param("case,activity,time\n" + "a,b\n" * 30, id="rows of another width only"),
    ],
)
def test_a_file_without_any_row_is_refused_as_the_whole_log_is(
    summarise: Summarise, written: Any, content: str
) -> None:
    path = written(content)
    with pytest.raises(LogError) as whole:
        read_log(path)
    with pytest.raises(type(whole.value)):
        summarise(path)


def test_an_unknown_column_is_met_with_the_names_that_there_are(summarise: Summarise, written: Any) -> None:
    path = written(ROWS)
    for way in (read_log, summarise):
        with pytest.raises(MissingColumnError, match=r"no column 'casse' \(asked for as case\)\. Did you mean 'case'"):
            way(path, case="casse", timezone="UTC")


def test_a_quotation_mark_that_is_never_closed(summarise: Summarise, written: Any) -> None:
    path = written(ROWS + 'c1,"Work,2024-01-01 10:00\n' + ROWS)
    for way in (read_log, summarise):
        with pytest.raises(FileFormatError, match=r"row 92: it reaches to the end of the file"):
            way(path, timezone="UTC")


def test_an_option_that_does_not_exist(summarise: Summarise, written: Any) -> None:
    with pytest.raises(TypeError, match="max_rejectd"):
        summarise(written(ROWS), timezone="UTC", max_rejectd=0.1)
