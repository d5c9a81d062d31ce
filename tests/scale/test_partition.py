"""A log split into partitions on disk gives, bit for bit, the summary of the whole log in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from streamline.log.read import read_log
from streamline.measure.summaries.summary import log_summary
from streamline.scale import partition
from streamline.scale.pieces import put_together

#: What Python takes for white space: 29 characters.
BLANKS = [c for c in map(chr, range(0x3001)) if c.isspace()]
WITH_ENDS: dict[str, Any] = {
    "ends": ["Decide"],
    "external": ["Ask applicant"],
    "duplicates": "drop",
    "max_rejected": 0.5,
}


@pytest.mark.parametrize("n", [1, 5, 40])
@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_log_with_everything_in_it(
    agree: Any, events: Any, spoiled: Any, roles: Any, stored: Any, kind: str, n: int
) -> None:
    """Open cases, ties in time, duplicates, blanks around ids, and rows of every kind that is set aside."""
    frame = spoiled(events())
    path = stored(frame, f"log.{kind}")
    found = agree(path, n, **roles, **WITH_ENDS)
    assert found.n_rows == len(frame)
    assert found.n_closed < found.n_cases
    assert set(found.rejected) == {
        "no case id",
        "no activity",
        "not a date that can be read",
        "neither a start nor a completion time",
        "completed before it started",
        "repeats an earlier row in case, activity, times and resource",
    }


def test_without_blanks_around_ids_each_partition_is_read_once(
    split: Any, events: Any, roles: Any, stored: Any
) -> None:
    """The check that the tests of this file really split: 1,260 rows of 200 cases, in 17 partitions."""
    frame = events()
    _, pieces = split(stored(frame, "log.parquet"), len(frame), 17, **roles)
    assert pieces == 17


def test_ties_go_by_the_order_of_the_file(agree: Any, stored: Any) -> None:
    """All steps at one instant: only the order of rows tells the routes apart, and each case has its own."""
    random = np.random.default_rng(4)
    n = 3000
    frame = pd.DataFrame(
        {
            "case": random.integers(0, 300, n),
            "activity": random.choice(list("ABC"), n),
            "time": pd.Timestamp("2024-01-01", tz="UTC"),
        }
    )
    found = agree(stored(frame, "log.parquet", row_group_size=100), 12)
    in_order = frame.groupby("case")["activity"].agg(tuple).value_counts()
    assert dict(zip(found.routes["activities"], found.routes["n_cases"], strict=True)) == in_order.to_dict()


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_of_any_kind_makes_no_other_case(agree: Any, events: Any, stored: Any, blank: str) -> None:
    frame = events(30)[["permit", "step", "finished"]]
    frame.loc[::3, "permit"] = blank + frame.loc[::3, "permit"] + blank
    path = stored(frame, "log.parquet")
    assert agree(path, 10, case="permit", activity="step", complete="finished", max_rejected=0.1).n_cases == 30


IDS = {
    "integers": lambda c: int(c[2:]) * 10**15,
    "texts of 200 characters": lambda c: c.rjust(200, "x"),
    "mixed letters": lambda c: c + "żółć 漢字 🏛️ עברית"[: int(c[2:]) % 17] + "|",
    "quotation marks": lambda c: f"'{c}\" --",
    "whole floats": lambda c: float(c[2:]),
    "other floats": lambda c: int(c[2:]) + (0.25 if int(c[2:]) == 7 else 0.0),
}


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("ids", IDS)
def test_ids_of_every_kind(agree: Any, events: Any, roles: Any, stored: Any, ids: str, kind: str) -> None:
    frame = events(60)
    frame["permit"] = frame["permit"].map(IDS[ids])
    path = stored(frame, f"log.{kind}")
    assert agree(path, 9, **roles, max_rejected=0.1).n_cases == 60


def test_ids_as_categories(agree: Any, events: Any, spoiled: Any, roles: Any, stored: Any) -> None:
    frame = spoiled(events()).astype({"permit": "category", "step": "category", "worker": "category"})
    assert pa.types.is_dictionary(pa.Table.from_pandas(frame).schema.field("permit").type)
    agree(stored(frame, "log.parquet"), 11, **roles, **WITH_ENDS)


def test_ids_as_bytes(agree: Any, events: Any, spoiled: Any, roles: Any, stored: Any) -> None:
    frame = spoiled(events())
    frame["permit"] = frame["permit"].str.encode("utf-8")
    agree(stored(frame, "log.parquet"), 11, **roles, **WITH_ENDS)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_quotes_and_blanks_in_names_of_columns(agree: Any, events: Any, roles: Any, stored: Any, kind: str) -> None:
    names = {"permit": 'the "permit"', "step": "step's name", "began": "a; DROP TABLE rows", "finished": "fini.shed"}
    frame = events(60).rename(columns=names)
    path = stored(frame, f"it's.{kind}")
    options = {role: names.get(column, column) for role, column in roles.items()}
    agree(path, 6, **options, max_rejected=0.1)


def test_beyond_the_budget_counts_and_means_stay_exact(
    split: Any, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20,000 waits of one transition, 1,000 of which may be held. The rank of what is given as median and 90th
    percentile is as near as `rank_error` says, which is beyond 0 and small."""
    random = np.random.default_rng(8)
    start = pd.Timestamp("2024-01-01", tz="UTC")
    waits = random.integers(1, 10**9, 20_000)
    times = pd.Series(np.concatenate([np.zeros(20_000, np.int64), waits]))
    frame = pd.DataFrame({"case": np.tile(np.arange(20_000), 2), "activity": np.repeat(["A", "B"], 20_000)})
    path = stored(frame.assign(time=start + pd.to_timedelta(times, unit="us")), "log.parquet")
    monkeypatch.setattr(partition, "put_together", lambda *a, **k: put_together(*a, **{**k, "budget": 1000}))
    found, pieces = split(path, 40_000, 10)
    whole = log_summary(read_log(path))
    assert pieces == 10
    for got, exact, unit in (
        (found.cycle_time, whole.cycle_time, 86_400_000_000),
        (found.directly_follows, whole.directly_follows, 3_600_000_000),
    ):
        assert 0 < got["rank_error"].max() < 0.1
        assert exact["rank_error"].max() == 0
        loose = {"value", "median_hours", "p90_hours", "rank_error"}
        pd.testing.assert_frame_equal(got.drop(columns=loose & set(got)), exact.drop(columns=loose & set(got)))
        values = got["value"][1:] if "value" in got else got.loc[0, ["median_hours", "p90_hours"]]
        for value, rank in zip(values, (0.5, 0.9), strict=True):
            assert (waits <= round(float(value) * unit)).mean() == pytest.approx(rank, abs=got["rank_error"].max())
    assert found.cycle_time["value"][0] == whole.cycle_time["value"][0]
    pd.testing.assert_frame_equal(found.routes, whole.routes, check_exact=True)
    assert "sketched" in repr(found)
    assert "exact" in repr(whole)
