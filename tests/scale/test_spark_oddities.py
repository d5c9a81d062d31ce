"""Odd values, names and sources: what Spark gives is what one machine gives, and refused for the same reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from streamline.errors import DataQualityError, FileFormatError, UnknownNameError
from streamline.log.read import read_log
from streamline.measure.staff.work import work_counts
from streamline.measure.summaries.summary import log_summary
from streamline.scale.spark import spark_log, spark_summary, spark_work

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")


@pytest.fixture
def same(session: Any, same_summary: Any) -> Any:
    """`same(path, **options)`: the summary by way of five pieces is that of the whole."""

    def same(path: Path, **options: Any) -> None:
        options = {"max_rejected": 0.5, **options}
        same_summary(
            spark_summary(str(path), session=session, n_partitions=5, **options), log_summary(read_log(path, **options))
        )

    return same


@pytest.mark.parametrize("blank", ["\x1c", "\x1d", "\x1e", "\x1f", "\x85"])
def test_a_blank_of_any_kind(same: Any, events: Any, stored: Any, roles: Any, blank: str) -> None:
    frame = events(60)
    frame.loc[::3, "permit"] = blank + frame.loc[::3, "permit"]
    same(stored(frame, "log.parquet"), **roles)


def test_ids_as_bytes(same: Any, events: Any, stored: Any, roles: Any) -> None:
    frame = events(60)
    frame.loc[::3, "permit"] = " " + frame.loc[::3, "permit"]
    frame["permit"] = frame["permit"].str.encode("utf-8")
    same(stored(frame, "log.parquet"), **roles)


def test_an_end_that_stands_mostly_in_rows_set_aside(same: Any, events: Any, stored: Any, roles: Any) -> None:
    frame = events(60)
    extra = frame.head(8).assign(permit=[f"d{k}" for k in range(8)], step="Done")
    extra.loc[:6, "finished"] = "soon"
    same(stored(pd.concat([frame, extra]), "log.parquet"), **roles, ends=["Done"])


def test_a_column_with_a_role_that_is_an_attribute_too(same: Any, events: Any, stored: Any, roles: Any) -> None:
    same(stored(events(60), "log.parquet"), **roles, attributes=["worker"])


def test_names_that_differ_in_capitals_only_are_refused(session: Any, events: Any, roles: Any) -> None:
    """Spark itself doesn't tell them apart."""
    frame = session.createDataFrame(events(20).assign(Permit="other"))
    for way in (spark_summary, spark_log, spark_work):
        with pytest.raises(FileFormatError, match=r"2 columns named 'permit' \(Spark ignores capitals\); rename one"):
            way(frame, session=session, **roles)


@pytest.mark.parametrize("name", ["log.csv", "log.tsv", "log.csv.gz", "log.json"])
def test_texts_are_refused(session: Any, events: Any, stored: Any, roles: Any, name: str) -> None:
    """Spark cuts rows that are too wide, fills those that are too short, and has its own rules for quotation marks."""
    path = stored(events(20), name)
    for way in (spark_summary, spark_log, spark_work):
        with pytest.raises(
            FileFormatError, match=r"Spark reads text formats by rules of its own \(rows of another width"
        ):
            way(str(path), session=session, **roles)


def test_a_path_object(session: Any, events: Any, stored: Any, roles: Any) -> None:
    found = spark_summary(stored(events(60), "log.parquet"), session=session, n_partitions=2, **roles, max_rejected=0.5)
    assert found.n_cases == 60


def test_nothing_is_said_on_the_way(
    session: Any, events: Any, roles: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    spark_summary(session.createDataFrame(events(20)), session=session, n_partitions=2, **roles, max_rejected=0.5)
    assert capfd.readouterr().err == ""
    assert caplog.text == ""


def test_an_option_that_does_not_exist(session: Any, events: Any, stored: Any, roles: Any) -> None:
    path = stored(events(20), "log.parquet")
    with pytest.raises(TypeError, match="max_rejectd"):
        spark_summary(str(path), session=session, n_partitions=2, **roles, max_rejected=0.5, max_rejectd=0.1)


@pytest.fixture
def odd_worker(events: Any) -> pd.DataFrame:
    """Ann's steps all end before they begin."""
    frame: pd.DataFrame = events(60)
    frame.loc[frame["worker"] == "ann", ["began", "finished"]] = ["2024-03-01T00:00:00Z", "2024-02-01T00:00:00Z"]
    return frame


def test_work_when_one_resource_has_no_usable_row(
    session: Any, odd_worker: pd.DataFrame, stored: Any, roles: Any
) -> None:
    path, options = stored(odd_worker, "log.parquet"), {**roles, "max_rejected": 0.5}
    found = spark_work(str(path), session=session, n_partitions=17, **options)
    pd.testing.assert_frame_equal(found.table(), work_counts(read_log(path, **options)).table(), check_exact=True)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, DataQualityError, "can't be used, and at most 5.0% may be set aside"),
        (
            {"max_rejected": 0.5, "ends": ["Decided"]},
            UnknownNameError,
            "no activity 'Decided' .named as one that ends a case",
        ),
    ],
)
def test_work_is_refused_as_the_log_is(
    session: Any, odd_worker: pd.DataFrame, stored: Any, roles: Any, options: Any, error: Any, message: str
) -> None:
    path = stored(odd_worker, "log.parquet")
    with pytest.raises(error, match=message):
        read_log(path, **roles, **options)
    with pytest.raises(error, match=message):
        spark_work(str(path), session=session, n_partitions=1, **roles, **options)


def test_work_counts_the_steps_that_it_leaves_out(session: Any, events: Any, stored: Any, roles: Any) -> None:
    frame = events(60)
    frame.loc[frame["worker"] == "ann", "began"] = ""
    path, options = stored(frame, "log.parquet"), {**roles, "max_rejected": 0.5}
    found = spark_work(str(path), session=session, n_partitions=17, **options)
    assert found.n_without == work_counts(read_log(path, **options)).n_without
