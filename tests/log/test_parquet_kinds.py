"""Parquet files of every kind of column and every shape: the same log as from the same values in a frame or a CSV file."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streamline.errors import FileFormatError, TimestampError
from streamline.log.event_log import EventLog
from streamline.log.read import read_log
from streamline.measure.summaries.summary import log_summary

Stored = Callable[..., Path]

TEXTS = {
    "case": ["a", "b", "a", "c", "b", "a"],
    "activity": ["X", "Y", "X", "Z", "X", "Y"],
    "time": [f"2024-01-0{day}T00:00:00Z" for day in (1, 2, 3, 4, 5, 6)],
}
DAYS = pd.date_range("2024-03-09 12:00", periods=6, freq="6h")  # clocks in New York go forward on the 10th


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    """`stored(**columns) -> Path`: a file of `TEXTS` with these columns in place of its own, two rows to a row group."""

    def store(*, row_group_size: int = 2, **columns: Any) -> Path:
        pq.write_table(pa.table({**TEXTS, **columns}), tmp_path / "log.parquet", row_group_size=row_group_size)
        return tmp_path / "log.parquet"

    return store


def same(one: EventLog, two: EventLog) -> None:
    """Every column and every reject; the name of the source apart."""
    assert one.case_id_array().tolist() == two.case_id_array().tolist()
    assert one.activities == two.activities
    for name in ("case_offsets", "activity", "start", "complete", "arrival", "closed"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert (one.resource is None) == (two.resource is None)
    if one.resource is not None and two.resource is not None:
        assert one.resource.names == two.resource.names
        assert np.array_equal(one.resource.codes, two.resource.codes)
    assert [(r.column, r.reason) for r in one.rejects] == [(r.column, r.reason) for r in two.rejects]


def from_csv(read_text: Any, **columns: Any) -> EventLog:
    """The log of `TEXTS` with these columns in place of its own, as texts; None is an empty value."""
    frame = pd.DataFrame({**TEXTS, **columns}, dtype=object)
    log: EventLog = read_text(frame.to_csv(index=False, na_rep=""), max_rejected=0.9)
    return log


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view", "binary", "large_binary"])
def test_texts_of_every_type(stored: Stored, read_text: Any, kind: str) -> None:
    columns = {name: pa.array(values).cast(getattr(pa, kind)()) for name, values in TEXTS.items()}
    same(read_log(stored(**columns)), from_csv(read_text))


def test_dictionaries_that_differ_between_row_groups(read_text: Any, tmp_path: Path) -> None:
    """Codes of one row group mean other names in the next; nulls among the codes, and none in the first group."""
    texts = {**TEXTS, "case": ["a", "b", "c", None, "b", "a"], "resource": ["u", "v", None, None, "w", "u"]}
    groups = [
        pa.table({name: pa.array(values[k : k + 2], pa.string()).dictionary_encode() for name, values in texts.items()})
        for k in (0, 2, 4)
    ]
    with pq.ParquetWriter(tmp_path / "log.parquet", groups[0].schema) as writer:
        for group in groups:
            writer.write_table(group)
    with pq.ParquetFile(tmp_path / "log.parquet") as file:
        names = [file.read_row_group(k, columns=["case"]).column(0).chunk(0).dictionary.to_pylist() for k in range(3)]
    assert names == [["a", "b"], ["c"], ["b", "a"]]
    log = read_log(tmp_path / "log.parquet", max_rejected=0.9)
    same(log, from_csv(read_text, case=texts["case"], resource=texts["resource"]))
    assert [(r.row, r.column, r.reason) for r in log.rejects] == [(4, "case", "no case id")]


def test_a_null_in_the_dictionary_itself(read_text: Any) -> None:
    """Parquet can't hold one, Arrow can."""
    names = pa.array(["a", None, "c"])
    case = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None, 0, 2]), names)
    log = read_log(pa.table({**TEXTS, "case": case}), max_rejected=0.9)
    same(log, from_csv(read_text, case=["a", None, "c", None, "a", "c"]))
    assert [r.row for r in log.rejects] == [2, 4]


NUMBERS: dict[str, tuple[Any, list[str | None]]] = {
    **{
        kind: (pa.array([1, 2, 1, 3, 2, None]).cast(kind), ["1", "2", "1", "3", "2", None])
        for kind in ("int8", "uint8", "int32", "int64", "uint64", "float32", "float64")
    },
    "large": (pa.array([2**64 - 1, 1, 1, 3, 1, 3], pa.uint64()), [str(2**64 - 1), "1", "1", "3", "1", "3"]),
    "not whole": (pa.array([1.5, 2, 1.5, 3, 2, None]), ["1.5", "2", "1.5", "3", "2", None]),
    "not whole, in 32 bits": (pa.array([1.1, 2, 1.1, 3, 2, 2], pa.float32()), ["1.1", "2", "1.1", "3", "2", "2"]),
    "beyond 2**53": (pa.array([2.0**60, 2, 2, 3, 2, 3]), ["1.152921504606847e+18", "2", "2", "3", "2", "3"]),
    "decimals": (
        pa.array([Decimal("1.50"), 2, Decimal("1.5"), 3, 2, None], pa.decimal128(12, 2)),
        ["1.50", "2.00", "1.50", "3.00", "2.00", None],
    ),
    "whole decimals": (pa.array([1, 2, 1, 3, 2, None], pa.decimal128(30, 0)), ["1", "2", "1", "3", "2", None]),
    "not numbers": (pa.array([1, 2, 1, 3, 2, float("nan")]), ["1", "2", "1", "3", "2", None]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_as_ids_and_activities(stored: Stored, read_text: Any, name: str) -> None:
    values, texts = NUMBERS[name]
    for role in ("case", "activity"):
        same(read_log(stored(**{role: values}), max_rejected=0.9), from_csv(read_text, **{role: texts}))
        same(read_log(pa.table({**TEXTS, role: values}), max_rejected=0.9), from_csv(read_text, **{role: texts}))


def test_what_is_not_a_number_is_nothing(stored: Stored, read_text: Any) -> None:
    log = read_log(stored(case=pa.array([1.5, 2, 1.5, 3, 2, float("nan")])), max_rejected=0.9)
    same(log, from_csv(read_text, case=["1.5", "2", "1.5", "3", "2", None]))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_every_unit(stored: Stored, read_text: Any, unit: str) -> None:
    """Local ones need a zone; those of a zone are instants; nulls are told."""
    local = pa.array(DAYS.as_unit(unit))
    with pytest.raises(TimestampError, match=r"column 'time' of log\.parquet has 6 local times without an offset"):
        read_log(stored(time=local))
    expected = [t.isoformat() for t in DAYS.tz_localize("America/New_York")]
    same(read_log(stored(time=local), timezone="America/New_York"), from_csv(read_text, time=expected))
    for zone in ("UTC", "Asia/Tokyo", "+05:30"):
        there = pa.array(DAYS.tz_localize("UTC").as_unit(unit)).cast(pa.timestamp(unit, zone))
        same(read_log(stored(time=there)), from_csv(read_text, time=[t.isoformat() + "Z" for t in DAYS]))
    some = pa.array([None, *local[1:5].to_pylist(), None], pa.timestamp(unit))
    log = read_log(stored(time=some), timezone="America/New_York", max_rejected=0.9)
    same(log, from_csv(read_text, time=[None, *expected[1:5], None]))
    assert [(r.row, r.reason) for r in log.rejects] == [(1, "no time"), (6, "no time")]


def test_parts_of_microseconds_are_dropped_downwards(stored: Stored) -> None:
    """Before 1970 too: an instant is never later than what was written."""
    counts = [-1, -1_000, -1_001, 999, 1_000, 1_999]
    log = read_log(stored(case=["a"] * 6, time=pa.array(counts, pa.timestamp("ns", "UTC"))))
    assert sorted(log.complete.tolist()) == [-2, -1, -1, 0, 1, 1]


def test_times_outside_the_years_are_set_aside() -> None:
    far = pa.array([0, 2**62, -(2**62), 86_400, 1, 2], pa.timestamp("s", "UTC"))
    log = read_log(pa.table({**TEXTS, "time": far}), max_rejected=0.9)
    assert [(r.row, r.reason) for r in log.rejects] == [
        (2, "outside the years 1 to 9999"),
        (3, "outside the years 1 to 9999"),
    ]


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()], ids=str)
def test_dates(stored: Stored, read_text: Any, kind: Any) -> None:
    days = pa.array([*(t.date() for t in DAYS[:5]), None]).cast(kind)
    with pytest.raises(TimestampError, match="5 local times without an offset"):
        read_log(stored(time=days))
    expected = [*(t.date().isoformat() for t in DAYS[:5]), None]
    same(read_log(stored(time=days), timezone="UTC", max_rejected=0.9), from_csv(read_text, time=expected))


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("case", pa.array([[1]] * 6), r"column 'case' holds list<.*a column of single values is needed"),
        ("activity", pa.array([{"a": 1}] * 6), r"column 'activity' holds struct<.*a column of single values"),
        ("activity", pa.array([[("a", 1)]] * 6, pa.map_(pa.string(), pa.int64())), r"'activity' holds map<"),
        ("case", pa.array([b"\xff", b"b"] * 3), r"column 'case' holds binary, which can't be read .*UTF8"),
        ("activity", pa.array([b"\xff", b"b"] * 3).dictionary_encode(), r"column 'activity' .*UTF"),
        ("resource", pa.array([b"\xff", b"b"] * 3, pa.large_binary()), r"column 'resource' holds large_binary"),
    ],
)
def test_columns_that_hold_no_values_are_refused_by_name(
    stored: Stored, column: str, values: Any, message: str
) -> None:
    with pytest.raises(FileFormatError, match=message):
        read_log(stored(**{column: values}))


def test_columns_that_are_not_asked_for_may_hold_anything(stored: Stored, read_text: Any) -> None:
    same(read_log(stored(other=pa.array([[1]] * 6), more=pa.array([b"\xff"] * 6))), from_csv(read_text))


def test_columns_without_any_value(stored: Stored, read_text: Any) -> None:
    none = {"resource": pa.nulls(6), "start": pa.nulls(6)}
    same(read_log(stored(**none)), from_csv(read_text, resource=[None] * 6, start=[None] * 6))


def test_files_that_are_cut_short(stored: Stored) -> None:
    path = stored()
    whole = stored().read_bytes()
    for size in (4, 8, 12, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(FileFormatError, match=r"log\.parquet can't be read as Parquet: .*Export it again"):
            read_log(path)
    path.write_bytes(b"")
    with pytest.raises(FileFormatError, match=r"log\.parquet is empty \(0 bytes\)"):
        read_log(path)


def test_row_groups_without_rows(stored: Stored, read_text: Any) -> None:
    path, table = stored(), pa.table(TEXTS)
    with pq.ParquetWriter(path, table.schema) as writer:
        for rows in (table.slice(0, 0), table.slice(0, 3), table.slice(0, 0), table.slice(3), table.slice(0, 0)):
            writer.write_table(rows)
    assert pq.read_metadata(path).num_row_groups == 5
    same(read_log(path), from_csv(read_text))


@pytest.mark.parametrize("n_groups", [0, 1])
def test_files_without_rows(tmp_path: Path, n_groups: int) -> None:
    with pq.ParquetWriter(tmp_path / "log.parquet", pa.table(TEXTS).schema) as writer:
        for _ in range(n_groups):
            writer.write_table(pa.table(TEXTS).slice(0, 0))
    assert pq.read_metadata(tmp_path / "log.parquet").num_row_groups == n_groups
    with pytest.raises(FileFormatError, match=r"log\.parquet has columns \(case, activity, time\) but no rows"):
        read_log(tmp_path / "log.parquet")


def frame_of(n: int, **columns: Any) -> pd.DataFrame:
    """n steps of one case and one activity, a second apart."""
    time = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(n), unit="s")
    return pd.DataFrame({"case": "a", "activity": "X", "time": time, **columns})


def test_many_tiny_row_groups_and_long_ids(tmp_path: Path) -> None:
    """One row group of 3,000 rows, 400 of one to three, one of 3,000; ids of 200 characters that differ in the last."""
    random = np.random.default_rng(5)
    ids = np.array([f"{k:>200}".replace(" ", "ß") for k in range(50)])
    frame = frame_of(7_000, case=ids[random.integers(0, 50, 7_000)], activity=random.choice(list("XYZ"), 7_000))
    with pq.ParquetWriter(tmp_path / "log.parquet", pa.Table.from_pandas(frame).schema) as writer:
        bounds = [0, 3_000, *np.cumsum(random.integers(1, 4, 400)) + 3_000]
        for first, last in zip(bounds, [*bounds[1:], 7_000], strict=True):
            writer.write_table(pa.Table.from_pandas(frame[first:last]))
    assert pq.read_metadata(tmp_path / "log.parquet").num_row_groups == 402
    same(read_log(tmp_path / "log.parquet"), read_log(frame))


N = 200_000
LARGE: dict[str, Callable[[], pd.DataFrame]] = {
    "one case": lambda: frame_of(N, activity=np.tile(["X", "Y", "Z", "Y"], N // 4)),
    "100,000 activities": lambda: frame_of(N, case=np.arange(N) % 500, activity=np.arange(N) * 7919 % 100_000),
    "100,000 activities there and back": lambda: frame_of(N, activity=[*range(N // 2), *range(N // 2 - 1, -1, -1)]),
    "all times equal": lambda: frame_of(N, time=pd.Timestamp("2024-01-01", tz="UTC"), activity=np.arange(N) % 3),
    "rows in reverse order": lambda: frame_of(N, activity=np.arange(N) % 1000)[::-1],
}


@pytest.mark.parametrize("name", LARGE)
def test_no_shape_of_a_log_costs_more_than_its_rows(tmp_path: Path, name: str) -> None:
    """None takes more than seconds; cost that grows with the square of a case or of the activities takes many minutes."""
    frame = LARGE[name]().astype({"case": str, "activity": str})
    frame.to_parquet(tmp_path / "log.parquet", index=False)
    log = read_log(tmp_path / "log.parquet")
    same(log, read_log(frame))
    found = log_summary(log)
    assert found.n_steps == N
    assert found.repeats["n_steps"].sum() == N
    assert found.directly_follows["n"].sum() == N - found.n_cases
    in_order = frame.sort_values("time", kind="stable") if name != "all times equal" else frame
    case = log.case_id_array()[0]
    steps = [log.activities[a] for a in log.activity[log.case_offsets[0] : log.case_offsets[1]]]
    assert steps == in_order.loc[in_order["case"] == case, "activity"].tolist()


def test_a_file_beyond_the_memory_is_refused_before_it_is_read(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamline.log.parquet.free_memory", lambda: 500)
    with pytest.raises(
        FileFormatError, match=r"log\.parquet has 6 rows, which need about 0\.0 MB .*partitioned_summary"
    ):
        read_log(stored())
