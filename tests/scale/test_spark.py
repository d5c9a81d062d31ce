"""A log that lies in Spark gives, bit for bit, what `read_log` and the measures give of it on one machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from streamline.errors import (
    DataQualityError,
    FileFormatError,
    InsufficientDataError,
    MissingColumnError,
    TimestampError,
    UnknownNameError,
)
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.staff.work import resource_work
from streamline.measure.summaries.summary import log_summary
from streamline.plan import plan_section
from streamline.scale import spark
from streamline.scale.spark import spark_log, spark_summary, spark_work

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")

SAMPLE = Path(__file__).parents[2] / "sample_logs"
WITH_ENDS: dict[str, Any] = {
    "ends": ["Decide"],
    "external": ["Ask applicant"],
    "duplicates": "drop",
    "max_rejected": 0.5,
}


def typed(frame: pd.DataFrame, *, zone: str | None = "UTC") -> pd.DataFrame:
    """The frame of `events` with timestamps; those of no zone are local."""
    times = {n: pd.to_datetime(frame[n].replace("", None)).dt.tz_convert(zone) for n in ("began", "finished")}
    return frame.assign(**{n: t.dt.as_unit("us") for n, t in times.items()})


@pytest.mark.parametrize("n", [1, 3, 17])
def test_a_log_with_everything_in_it(
    session: Any, events: Any, spoiled: Any, stored: Any, roles: Any, same_summary: Any, n: int
) -> None:
    """Open cases, ties in time, duplicates, blanks around ids, and rows of every kind that is set aside."""
    path = stored(spoiled(events()), "log.parquet")
    log = read_log(path, **roles, **WITH_ENDS)
    assert len(log.rejects) > 50
    assert 0 < log.closed.sum() < log.n_cases
    same_summary(spark_summary(str(path), session=session, n_partitions=n, **roles, **WITH_ENDS), log_summary(log))


def test_pieces_without_rows(session: Any, stored: Any, events: Any, roles: Any, same_summary: Any) -> None:
    """Three cases in 17 pieces."""
    path = stored(events(3), "log.parquet")
    found = spark_summary(str(path), session=session, n_partitions=17, **roles, max_rejected=0.2)
    same_summary(found, log_summary(read_log(path, **roles, max_rejected=0.2)))


@pytest.mark.parametrize("kind", ["table", "view", "frame", "orc"])
def test_every_kind_of_source(
    session: Any, events: Any, stored: Any, roles: Any, same_summary: Any, tmp_path: Path, kind: str
) -> None:
    frame = events()
    path = stored(frame, "log.parquet")
    expected = log_summary(read_log(path, **roles, max_rejected=0.1))
    rows = session.read.parquet(str(path))
    if kind == "table":
        rows.write.mode("overwrite").saveAsTable("all_events")
        source = "all_events"
    elif kind == "view":
        session.createDataFrame(frame).createOrReplaceTempView("seen_events")
        source = "seen_events"
    elif kind == "orc":
        rows.write.orc(str(tmp_path / "log.orc"))
        source = str(tmp_path / "log.orc")
    else:
        source = rows
    same_summary(spark_summary(source, session=session, n_partitions=4, **roles, max_rejected=0.1), expected)


def test_ties_go_by_the_order_of_files_and_rows(session: Any, stored: Any, tmp_path: Path, same_summary: Any) -> None:
    """All steps at one instant, in a folder of three files: only the places of the rows tell the routes apart."""
    random = np.random.default_rng(4)
    frame = pd.DataFrame({"case": random.integers(0, 300, 3000), "activity": random.choice(list("ABC"), 3000)})
    frame["time"] = pd.Timestamp("2024-01-01", tz="UTC")
    (tmp_path / "many.parquet").mkdir()
    for k in range(3):
        stored(frame[k * 1000 : (k + 1) * 1000], f"many.parquet/part-{k}.parquet", row_group_size=100)
    expected = log_summary(read_log(stored(frame, "whole.parquet")))
    same_summary(spark_summary(str(tmp_path / "many.parquet"), session=session, n_partitions=5), expected)
    same_summary(spark_summary(session.createDataFrame(frame), session=session, n_partitions=5), expected)


def test_beyond_the_budget_counts_and_sums_stay_exact(session: Any, stored: Any) -> None:
    """12,000 waits of one transition, of which 3,000 may be held."""
    random = np.random.default_rng(8)
    waits = random.integers(1, 10**9, 12_000)
    times = pd.to_timedelta(pd.Series(np.concatenate([np.zeros(12_000, np.int64), waits])), unit="us")
    frame = pd.DataFrame({"case": np.tile(np.arange(12_000), 2), "activity": np.repeat(["A", "B"], 12_000)})
    path = stored(frame.assign(time=pd.Timestamp("2024-01-01", tz="UTC") + times), "log.parquet")
    found = spark_summary(str(path), session=session, n_partitions=2, budget=3000)
    whole = log_summary(read_log(path))
    loose = ["median_hours", "p90_hours", "rank_error"]
    got, exact = found.directly_follows, whole.directly_follows
    pd.testing.assert_frame_equal(got.drop(columns=loose), exact.drop(columns=loose), check_exact=True)
    assert found.cycle_time["value"][0] == whole.cycle_time["value"][0]
    assert 0 < got["rank_error"][0] < 0.1
    for name, rank in (("median_hours", 0.5), ("p90_hours", 0.9)):
        there = (waits <= round(float(got[name][0]) * 3_600_000_000)).mean()
        assert there == pytest.approx(rank, abs=got["rank_error"][0])


@pytest.mark.parametrize("n", [1, 5])
def test_work_of_resources(session: Any, events: Any, stored: Any, roles: Any, n: int) -> None:
    frame = typed(events(400))
    frame["worker"] = frame["worker"].mask(frame.index % 7 == 0, " " + frame["worker"] + "\t")
    path = stored(frame, "log.parquet")
    found = spark_work(str(path), session=session, n_partitions=n, **roles)
    expected = resource_work(read_log(path, **roles)).table
    assert expected["overlapping_share"].between(0.01, 0.99).any()
    pd.testing.assert_frame_equal(found.table(), expected, check_exact=True)


def same_log(one: EventLog, two: EventLog) -> None:
    """Every column, and what was set aside."""
    for name in ("case_offsets", "activity", "start", "complete", "row", "arrival", "closed"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert one.case_ids.equals(two.case_ids)
    assert one.activities == two.activities
    assert one.resource is not None
    assert two.resource is not None
    assert one.resource.names == two.resource.names
    assert np.array_equal(one.resource.codes, two.resource.codes)
    assert [(r.row, r.column, r.value, r.reason) for r in one.rejects] == [
        (r.row, r.column, r.value, r.reason) for r in two.rejects
    ]
    assert one.attributes.equals(two.attributes)
    assert one.unfinished.equals(two.unfinished)
    assert one.notes.n_rows == two.notes.n_rows


def test_the_log_itself(session: Any, events: Any, spoiled: Any, stored: Any, roles: Any) -> None:
    path = stored(spoiled(events()).assign(office="north"), "log.parquet")
    options = {**roles, **WITH_ENDS, "attributes": ["office"]}
    log = read_log(path, **options)
    here = spark_log(str(path), session=session, **options)
    same_log(here, log)
    again = spark_log(session.read.parquet(str(path)).repartition(3), session=session, **options)
    assert here.notes.sha256 == spark_log(str(path), session=session, **options).notes.sha256
    assert len(here.notes.sha256) == 64
    assert again.n_cases == log.n_cases


def test_local_times_need_a_zone(session: Any, events: Any, stored: Any, roles: Any, same_summary: Any) -> None:
    """Across the night in which clocks go forward. The error is met on a worker and raised here."""
    path = stored(typed(events(days=150), zone=None), "log.parquet")
    assert dict(session.read.parquet(str(path)).dtypes)["finished"] == "timestamp_ntz"
    with pytest.raises(
        TimestampError, match=r"column '(began|finished)' of log\.parquet has .*local times? without an"
    ):
        spark_summary(str(path), session=session, **roles)
    zone = {"timezone": "America/New_York"}
    same_summary(
        spark_summary(str(path), session=session, **roles, **zone), log_summary(read_log(path, **roles, **zone))
    )
    same_log(spark_log(str(path), session=session, **roles, **zone), read_log(path, **roles, **zone))


def test_what_cannot_be_read_is_refused(
    session: Any, events: Any, stored: Any, roles: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = events()
    frame.loc[:99, "permit"] = ""
    path = str(stored(frame, "log.parquet"))
    for way in (spark_summary, spark_log):
        with pytest.raises(FileFormatError, match=r"Spark can't read 'no_such_table': .*Name a table that the session"):
            way("no_such_table", session=session)
        with pytest.raises(
            FileFormatError, match=r"Spark can't read '/none/log\.parquet': .*a path that its workers reach"
        ):
            way("/none/log.parquet", session=session)
        with pytest.raises(
            MissingColumnError, match=r"no column 'permitt' \(asked for as case\). Did you mean 'permit'"
        ):
            way(path, session=session, **{**roles, "case": "permitt"})
        with pytest.raises(UnknownNameError, match=r"no activity 'Decided' .*ends a case.*. Did you mean 'Decide'"):
            way(path, session=session, **roles, ends=["Decided"], max_rejected=0.5)
        with pytest.raises(
            DataQualityError, match=r"of 1,260 rows \(\d+\.\d%\) can't be used.*(.*\n)*.*100 × no case id"
        ):
            way(path, session=session, **roles)
    with pytest.raises(MissingColumnError, match=r"no column 'resource' \(asked for as resource\)"):
        spark_work(path, session=session, **{k: v for k, v in roles.items() if k != "resource"})
    monkeypatch.setattr(spark, "free_memory", lambda: 100_000)
    with pytest.raises(InsufficientDataError, match=re.escape(
        "log.parquet has 1,260 rows, which need about 0.2 MB of memory here; 0.1 MB are free. Choose fewer rows, or use "
        "spark_summary"
    )):  # fmt: skip
        spark_log(path, session=session, **roles, max_rejected=0.5)


def test_a_study_whose_log_lies_in_spark(session: Any, tmp_path: Path) -> None:
    """The same findings as from the same Parquet file on one machine."""
    events = pd.read_csv(SAMPLE / "events.csv", dtype=str, keep_default_na=False)
    events.to_parquet(tmp_path / "events.parquet", index=False)
    for name in ("calls.csv", "survey.csv"):
        (tmp_path / name).symlink_to(SAMPLE / name)
    study = (SAMPLE / "study.yaml").read_text(encoding="utf-8").replace("draws: 200", "draws: 20")
    findings = {}
    for key in ("path", "spark"):
        file = tmp_path / f"{key}.yaml"
        file.write_text(study.replace("path: events.csv", f"{key}: events.parquet"), encoding="utf-8")
        document = plan_section(file).document()
        provenance = document["provenance"]["inputs"][0]
        findings[key] = document["findings"], document["study"], provenance["rows"], provenance["rejected"]
    assert findings["spark"] == findings["path"]
    assert len(findings["path"][0]) > 50
