"""Times, texts and dates of every form: each partition is read for itself, and together they tell what the whole does."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from streamline.errors import LogError, TimestampError
from streamline.log.read import read_log


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_stored_times(agree: Any, events: Any, roles: Any, stored: Any, unit: str, zone: str | None) -> None:
    """Local ones across the night in which clocks go forward, too."""
    frame = events(60, days=150)
    for name in ("began", "finished"):
        times = pd.to_datetime(frame[name].replace("", None)).dt.tz_convert(zone) + pd.Timedelta(microseconds=1)
        frame[name] = times.dt.as_unit(unit)
    agree(stored(frame, "log.parquet"), 7, **roles, timezone="America/New_York", max_rejected=0.1)


def test_blank_lines_and_rows_of_another_width(agree: Any, events: Any, roles: Any, stored: Any) -> None:
    path = stored(events(), "log.csv")
    lines = path.read_text(encoding="utf-8").splitlines()
    for place, line in (
        (900, "P-1,Review"),
        (700, ""),
        (400, "a,b,c,d,e,f,g"),
        (399, "a,b,c,d,e,f,g"),
        (3, ""),
        (2, ""),
    ):
        lines.insert(place, line)
    path = path.with_name("odd.csv")
    path.write_text("\n".join([*lines, "", ""]), encoding="utf-8")
    found = agree(path, 8, **roles, max_rejected=0.1)
    assert found.rejected["2 values where the heading has 5"] == 1
    assert found.rejected["7 values where the heading has 5"] == 2
    assert found.n_rows == len(events()) + 3


def test_values_with_line_breaks(agree: Any, events: Any, roles: Any, stored: Any) -> None:
    frame = events(50)
    frame["step"] = frame["step"] + '\n"second", line'
    agree(stored(frame, "log.csv"), 5, **roles, max_rejected=0.1)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("log.csv", {"encoding": "utf-16"}),
        ("log.csv", {"encoding": "utf-8-sig"}),
        ("log.csv", {"encoding": "cp1252"}),
        ("log.tsv", {"sep": "\t"}),
        ("log.txt", {"sep": ";", "lineterminator": "\r\n"}),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_texts_of_every_form(
    agree: Any, events: Any, roles: Any, stored: Any, name: str, options: Any, packed: bool
) -> None:
    path = stored(events(), name, **options)
    if packed:
        path = path.with_name(name + ".gz")
        path.write_bytes(gzip.compress(path.with_name(name).read_bytes()))
    agree(path, 6, **roles, ends=["Decide"], max_rejected=0.1)


def test_utf_16_without_a_mark(agree: Any, events: Any, roles: Any, stored: Any) -> None:
    path = stored(events(), "log.csv", encoding="utf-16-le")
    agree(path, 6, **roles, encoding="utf-16-le", max_rejected=0.1)


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("%Y-%m-%d %H:%M", {"timezone": "Europe/Paris"}),
        ("%d/%m/%Y %H:%M", {"timezone": "Europe/Paris"}),
        ("%m/%d/%Y %H:%M", {"timezone": "America/New_York"}),
        ("%d.%m.%y %H:%M", {"timezone": "UTC", "date_format": "%d.%m.%y %H:%M"}),
        ("%s", {"date_format": "unix_s"}),
    ],
)
def test_dates_as_text(agree: Any, events: Any, roles: Any, stored: Any, form: str, options: Any) -> None:
    """200 dates a partition: the order of day and month is clear in each."""
    agree(stored(events(form=form, days=60), "log.csv"), 6, **roles, **options, max_rejected=0.1)


def dated(stored: Any, *dates: list[str]) -> Path:
    """A case for each list of dates, with 50 rows."""
    rows = [(f"case {k}", "Work", d) for k, some in enumerate(dates) for d in (some * 50)[:50]]
    return stored(pd.DataFrame(rows, columns=["case", "activity", "time"]), "dates.csv")


@pytest.mark.parametrize(
    ("one", "two", "words"),
    [
        (["25/03/2024"], ["03/25/2024"], "can only be (day/month/year|month/day/year), others only"),
        (["2024-25-03"], ["2024-03-25"], "can only be (year-day-month|ISO 8601), others only"),
    ],
)
def test_partitions_that_contradict_each_other(split: Any, stored: Any, one: Any, two: Any, words: str) -> None:
    """Two cases, so far apart that they share none of 997 partitions. The whole file is refused too."""
    path = dated(stored, one, two)
    with pytest.raises(TimestampError, match=f"{words}.*date_format='%d/%m/%Y %H:%M'"):
        split(path, 100, 997, timezone="UTC")
    with pytest.raises(LogError, match=r"mixes two orders|50 × no such month: 25"):
        read_log(path, timezone="UTC")


def test_dates_that_no_partition_or_only_some_can_tell(split: Any, agree: Any, stored: Any) -> None:
    with pytest.raises(TimestampError, match=r"is ambiguous: .*date_format"):
        split(dated(stored, ["03/04/2024"], ["05/06/2024"]), 100, 997, timezone="UTC")
    path = dated(stored, ["03/04/2024"], ["25/06/2024"])
    with pytest.raises(TimestampError, match=r"is ambiguous: .*date_format"):
        split(path, 100, 997, timezone="UTC")
    agree(path, 997, timezone="UTC", date_format="%d/%m/%Y")
