"""Columns of timestamps to instants: offsets kept, orders decided over the column, zones declared."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.errors import TimestampError
from streamline.log.timestamps import ParsedTimes, parse_times
from streamline.units import DAY, MISSING_TIME, SECOND

NEW_YORK = "America/New_York"
AMSTERDAM = "Europe/Amsterdam"


def parse(values: Any, **options: Any) -> ParsedTimes:
    array = pa.array(values, pa.string()) if isinstance(values, list) else values
    rows = np.arange(2, len(array) + 2, dtype=np.int64)
    return parse_times(array, column="done", source="events.csv", rows=rows, **options)


def utc(*parts: int) -> int:
    return (datetime(*parts, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)  # type: ignore[misc,arg-type]


def reasons(parsed: ParsedTimes) -> list[tuple[int, str, str]]:
    return [(r.row, r.value, r.reason) for r in parsed.rejects]


# ---- offsets


def test_each_value_keeps_its_own_offset() -> None:
    parsed = parse(["2024-01-05T10:00+05:00", "2024-01-05T10:00-04:00", "2024-01-05T10:00Z"])
    assert parsed.instants.tolist() == [utc(2024, 1, 5, 5), utc(2024, 1, 5, 14), utc(2024, 1, 5, 10)]
    assert (parsed.n_offsets, parsed.n_naive, parsed.form) == (3, 0, "ISO 8601 with offsets")


def test_receipt_timestamps() -> None:
    parsed = parse(["2011-10-11T13:45:40.276+02:00", "2011-11-11T13:45:40.276+01:00"])
    assert parsed.instants.tolist() == [
        utc(2011, 10, 11, 11, 45, 40, 276000),
        utc(2011, 11, 11, 12, 45, 40, 276000),
    ]


def test_offsets_beside_local_times() -> None:
    parsed = parse(["2024-01-05T10:00+05:00", "2024-01-05T10:00"], timezone=NEW_YORK)
    assert parsed.instants.tolist() == [utc(2024, 1, 5, 5), utc(2024, 1, 5, 15)]
    assert parsed.form == "ISO 8601 with offsets, 1 in local time of America/New_York"
    assert (parsed.n_offsets, parsed.n_naive) == (1, 1)


def test_local_times_need_a_zone() -> None:
    message = (
        r"^column 'done' of events.csv has 2 local times without an offset \(row 3 \('2024-01-05 10:00'\), "
        r"row 4 .*\): say which zone they are in, e.g. timezone=\"America/New_York\" \(--timezone on the command line, "
        r"timezone in a study\)\.$"
    )
    with pytest.raises(TimestampError, match=message):
        parse(["2024-01-05T10:00Z", "2024-01-05 10:00", "2024-01-05", "2024-02-30"])


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("America/New_Yrok", "no time zone 'America/New_Yrok'. Did you mean 'America/New_York'?"),
        ("New York", "Did you mean 'America/New_York'?"),
        ("/etc/passwd", "no time zone '/etc/passwd'. Give an IANA name"),
        ("America", "no time zone 'America'"),
    ],
)
def test_unknown_zone(name: str, match: str) -> None:
    with pytest.raises(TimestampError, match=match.replace("?", r"\?")):
        parse([], timezone=name)


# ---- the order of day and month


def test_month_first_with_half_days() -> None:
    values = ["01/02/2015 11:15:21 AM", "01/02/2015 11:15:21 PM", "12/31/2015 12:00:00 AM", None]
    parsed = parse(values, timezone="UTC")
    assert parsed.instants[:3].tolist() == [
        utc(2015, 1, 2, 11, 15, 21),
        utc(2015, 1, 2, 23, 15, 21),
        utc(2015, 12, 31),
    ]
    assert parsed.form == "month/day/year, local time of UTC"
    assert parsed.missing.tolist() == [False] * 3 + [True]
    assert parsed.day_precision == pytest.approx(1 / 3)


def test_day_first() -> None:
    parsed = parse(["29/2/2016 01:16", "1/3/2016 9:00"], timezone=AMSTERDAM)
    assert parsed.instants.tolist() == [utc(2016, 2, 29, 0, 16), utc(2016, 3, 1, 8)]
    assert parsed.form == "day/month/year, local time of Europe/Amsterdam"


def test_ambiguous_column_is_refused_with_the_way_out() -> None:
    values = ["05/03/2024 10:00:00 AM", "06/06/2024 10:00:00 AM", "07/03/2024 10:00:00 AM"]
    with pytest.raises(TimestampError) as caught:
        parse(values, timezone="UTC")
    assert str(caught.value) == (
        "column 'done' of events.csv is ambiguous: 2 dates can be day/month or month/day, and no value "
        "decides it (row 2 ('05/03/2024 10:00:00 AM'), row 4 ('07/03/2024 10:00:00 AM')). Say which with "
        "date_format='%d/%m/%Y %I:%M:%S %p' or date_format='%m/%d/%Y %I:%M:%S %p' "
        "(--date-format on the command line, date_format in a study)."
    )
    parsed = parse(values, timezone="UTC", date_format="%m/%d/%Y %I:%M:%S %p")
    assert parsed.instants[0] == utc(2024, 5, 3, 10)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("05.03.2024", "%d.%m.%Y"),
        ("05-03-2024 9:05", "%d-%m-%Y %H:%M"),
        ("05/03/2024, 09:05:01.25", "%d/%m/%Y, %H:%M:%S.%f"),
        ("05/03/2024 09:05:01 +0100", "%d/%m/%Y %H:%M:%S %z"),
        ("05/03/2024 09:05 PM Z", "%d/%m/%Y %I:%M %p %z"),
    ],
)
def test_the_format_that_the_message_shows_reads_the_value(value: str, shown: str) -> None:
    with pytest.raises(TimestampError, match=f"date_format='{shown}' or"):
        parse([value], timezone="UTC")
    assert parse([value], timezone="UTC", date_format=shown).bad.tolist() == [False]


def test_no_difference_no_ambiguity() -> None:
    assert parse(["05/05/2024", "06/06/2024"], timezone="UTC").instants.tolist() == [
        utc(2024, 5, 5),
        utc(2024, 6, 6),
    ]


def test_both_orders_in_one_column() -> None:
    message = (
        r"mixes two orders: 1 date can only be day/month \(row 2 \('25/01/2015'\)\) and 2 only month/day \("
        r"row 3 \('01/25/2015'\), row 5 \('12/31/2015'\)\). Say which is meant: date_format='%d/%m/%Y' or"
    )
    with pytest.raises(TimestampError, match=message):
        parse(["25/01/2015", "01/25/2015", "01/02/2015", "12/31/2015"], timezone="UTC")


def test_garbage_decides_nothing() -> None:
    parsed = parse(["45/03/2024", "13/13/2024", "30/02/2024", "x", "29/2/2023", "01/25/2015"], timezone="UTC")
    assert parsed.instants[-1] == utc(2015, 1, 25)
    assert [r[2] for r in reasons(parsed)] == [
        "no such month: 45",
        "no such month: 13",
        "no such month: 30",
        "not a date that can be read",
        "no such month: 29",
    ]
    with pytest.raises(TimestampError, match="is ambiguous: 1 date"):
        parse(["45/03/2024", "13/13/2024", "05/06/2024"], timezone="UTC")


def test_one_value_in_thousands_is_no_evidence() -> None:
    with pytest.raises(TimestampError, match="only 1 of 5,001 values decide it"):
        parse(["05/06/2024"] * 5000 + ["25/06/2024"], timezone="UTC")
    assert parse(["05/06/2024"] * 500 + ["25/06/2024"], timezone="UTC").instants[0] == utc(2024, 6, 5)


def test_years_of_two_digits_are_refused_but_not_for_strays() -> None:
    with pytest.raises(TimestampError, match=r"2 dates with a year of two digits \(row 2 \('5/3/24'\), .*date_format="):
        parse(["5/3/24", "05-Mar-24"], timezone="UTC")
    parsed = parse(["2024-03-05"] * 300 + ["5/3/24", "05/03/2024"], timezone="UTC")
    assert reasons(parsed) == [
        (302, "5/3/24", "a year of two digits"),
        (303, "05/03/2024", "day/month or month/day: the column doesn't decide it"),
    ]


def test_mixed_forms_each_decided() -> None:
    parsed = parse(["2024-03-05", "25/03/2024", "5 Mar 2024", "March 5, 2024", "2024/3/5"], timezone="UTC")
    assert [i // DAY for i in parsed.instants - utc(2024, 3, 5)] == [0, 20, 0, 0, 0]
    assert parsed.form == (
        "ISO 8601 (1 value) and year/month/day (1 value) and day/month/year (1 value) and day, name of "
        "month, year (1 value) and name of month, day, year (1 value), dates only, local time of UTC"
    )
    with pytest.raises(TimestampError, match="ambiguous"):
        parse(["2024-03-05", "05/03/2024"], timezone="UTC")


def test_year_day_month_only_if_the_whole_column_says_so() -> None:
    parsed = parse(["2024-13-05", "2024-01-05"] * 10, timezone="UTC")
    assert parsed.instants.tolist() == [utc(2024, 5, 13), utc(2024, 5, 1)] * 10
    assert parsed.form.startswith("year-day-month (second number above 12 in 10 values)")
    # one mistyped month in a few rows turns nothing round
    parsed = parse(["2024-13-05", "2024-01-05", "2024-02-06"], timezone="UTC")
    assert reasons(parsed) == [(2, "2024-13-05", "no such month: 13")]
    parsed = parse(["2024-13-05", "2024-01-25"], timezone="UTC")
    assert reasons(parsed) == [(2, "2024-13-05", "no such month: 13")]
    parsed = parse(["2024-13-01"] + ["2024-01-01", "2024-02-01"] * 10, timezone="UTC")
    assert (parsed.form, int(parsed.bad.sum())) == ("ISO 8601, dates only, local time of UTC", 1)


def test_reasons_in_words() -> None:
    parsed = parse(
        ["2024-01-01", "2024-02-30", "2023-02-29", "2024-13-01", "0000-01-01", "soon", "2024-04-00"],
        timezone="UTC",
    )
    assert reasons(parsed) == [
        (3, "2024-02-30", "no such day: 30 February"),
        (4, "2023-02-29", "no such day: 29 February 2023"),
        (5, "2024-13-01", "no such month: 13"),
        (6, "0000-01-01", "no such year: 0"),
        (7, "soon", "not a date that can be read"),
        (8, "2024-04-00", "no such day: 0 April"),
    ]
    assert {(r.file, r.column) for r in parsed.rejects} == {("events.csv", "done")}
    assert parsed.bad.tolist() == [False] + [True] * 6
    assert (parsed.instants[1:] == MISSING_TIME).all()
    assert not parsed.missing.any()


# ---- daylight saving


def test_gap_and_fold_in_new_york() -> None:
    values = [
        "2025-03-09 01:59",
        "2025-03-09 02:30",
        "2025-03-09 03:00",
        "2025-11-02 00:59",
        "2025-11-02 01:30",
        "2025-11-02 02:00",
    ]
    parsed = parse(values, timezone=NEW_YORK)
    assert parsed.instants.tolist() == [
        utc(2025, 3, 9, 6, 59),
        utc(2025, 3, 9, 7, 30),  # by the offset before the change, -5
        utc(2025, 3, 9, 7, 0),
        utc(2025, 11, 2, 4, 59),
        utc(2025, 11, 2, 5, 30),  # the first of two, daylight time
        utc(2025, 11, 2, 7, 0),
    ]
    assert np.flatnonzero(parsed.in_gap).tolist() == [1]
    assert np.flatnonzero(parsed.in_fold).tolist() == [4]


def test_gap_and_fold_in_amsterdam_and_dublin() -> None:
    for zone, hours in ((AMSTERDAM, 1), ("Europe/Dublin", 0)):
        day = f"{1 + hours:02}:30"
        parsed = parse([f"2025-03-30 {day}", f"2025-10-26 {day}"], timezone=zone)
        assert parsed.instants.tolist() == [utc(2025, 3, 30, 1, 30), utc(2025, 10, 26, 0, 30)]
        assert (parsed.in_gap.tolist(), parsed.in_fold.tolist()) == ([True, False], [False, True])


def test_values_with_offsets_are_never_in_gap_or_fold() -> None:
    parsed = parse(["2025-03-09T02:30-05:00", "2025-11-02T01:30-05:00"], timezone=NEW_YORK)
    assert not (parsed.in_gap | parsed.in_fold).any()


ZONES = [
    *(
        "America/New_York",
        "Europe/Amsterdam",
        "Europe/Dublin",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "UTC",
    ),
    *("America/Sao_Paulo", "Africa/Casablanca", "Pacific/Apia", "America/St_Johns", "Asia/Tehran"),
]


@given(st.lists(st.integers(utc(1980, 1, 1), utc(2037, 1, 1)), min_size=1, max_size=30), st.sampled_from(ZONES))
@settings(deadline=None, max_examples=200)
def test_instant_to_text_and_back(instants: list[int], zone: str) -> None:
    moments = [
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=i)).astimezone(ZoneInfo(zone)) for i in instants
    ]
    assert parse([m.isoformat() for m in moments]).instants.tolist() == instants
    parsed = parse([m.replace(tzinfo=None).isoformat(" ") for m in moments], timezone=zone)
    first = [int(m.replace(fold=0).timestamp() // 1) for m in moments]
    assert [i // SECOND for i in parsed.instants.tolist()] == first
    second = [int(m.replace(fold=1).timestamp() // 1) for m in moments]
    assert parsed.in_fold.tolist() == [a != b for a, b in zip(first, second, strict=True)]
    assert not parsed.in_gap.any()


MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2036, 1, 1))  # noqa: DTZ001


@given(
    st.lists(MOMENTS, min_size=1, max_size=30),
    st.sampled_from(ZONES),
)
@settings(deadline=None, max_examples=200)
def test_local_times_equal_those_of_zoneinfo(moments: list[datetime], zone: str) -> None:
    """PEP 495: with fold=0, a time in a gap is read by the offset before it, one in a fold as the first."""
    parsed = parse([m.isoformat() for m in moments], timezone=zone)
    aware = [m.replace(tzinfo=ZoneInfo(zone), fold=0) for m in moments]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert parsed.instants.tolist() == [(m.astimezone(UTC) - epoch) // timedelta(microseconds=1) for m in aware]
    back = [m.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for m in aware]
    assert parsed.in_gap.tolist() == [a != b for a, b in zip(moments, [b.replace(fold=0) for b in back], strict=True)]


# ---- other columns


def test_timestamp_columns() -> None:
    instant = utc(2024, 1, 5, 10)
    for unit, size in (("s", SECOND), ("ms", 1000), ("us", 1)):
        counts = pa.array([instant // size, None], pa.int64())
        assert parse(counts.cast(pa.timestamp(unit)), timezone="UTC").instants.tolist() == [
            instant,
            MISSING_TIME,
        ]
    nanoseconds = pa.array([instant * 1000 + 999, -1, None], pa.int64()).cast(pa.timestamp("ns", NEW_YORK))
    parsed = parse(nanoseconds)
    assert parsed.instants.tolist() == [instant, -1, MISSING_TIME]
    assert (parsed.n_offsets, parsed.n_naive, parsed.form) == (1, 0, "timestamps of zone America/New_York")


def test_naive_timestamps_need_a_zone_and_zoned_ones_have_it() -> None:
    naive = pa.array([utc(2024, 1, 5, 10)], pa.timestamp("us"))
    with pytest.raises(TimestampError, match=r"1 local time without an offset \(row 2 \('2024-01-05 10:00:00"):
        parse(naive)
    assert parse(naive, timezone=NEW_YORK).instants.tolist() == [utc(2024, 1, 5, 15)]
    zoned = pa.array([utc(2024, 1, 5, 5), utc(2024, 7, 5, 4)], pa.timestamp("us", NEW_YORK))
    parsed = parse(zoned, timezone=AMSTERDAM)
    assert parsed.instants.tolist() == [utc(2024, 1, 5, 5), utc(2024, 7, 5, 4)]
    assert (parsed.n_offsets, parsed.day_precision) == (2, 1.0)  # midnight on the clocks of New York


def test_instants_outside_the_calendar_are_rejected() -> None:
    parsed = parse(pa.array([10**15, 5], pa.timestamp("s")), timezone="UTC")
    assert [r[2] for r in reasons(parsed)] == ["outside the years 1 to 9999"]
    assert parsed.instants.tolist() == [MISSING_TIME, 5 * SECOND]


def test_dates() -> None:
    for kind, size in ((pa.date32(), 1), (pa.date64(), 86_400_000)):
        parsed = parse(pa.array([19_727 * size, None], kind), timezone=NEW_YORK)
        assert parsed.instants.tolist() == [utc(2024, 1, 5, 5), MISSING_TIME]
        assert (parsed.form, parsed.day_precision) == ("dates, local time of America/New_York", 1.0)


def test_numbers_need_their_unit() -> None:
    for values in (pa.array([45_000, 45_001]), pa.array([45_000.5])):
        with pytest.raises(TimestampError, match=r"holds numbers \(row 2 \('45000.*date_format='unix_s'"):
            parse(values)
    with pytest.raises(TimestampError, match="holds bool, not times"):
        parse(pa.array([True]))


def test_unix_times() -> None:
    instant = utc(2024, 1, 5, 10, 0, 0, 250_000)
    assert parse(pa.array([instant / 1e6, math.nan, math.inf, None]), date_format="unix_s").instants.tolist() == [
        instant,
        *[MISSING_TIME] * 3,
    ]
    assert parse(pa.array([instant // 1000]), date_format="unix_ms").instants.tolist() == [instant]
    assert parse(pa.array([instant, 2**63], pa.uint64()), date_format="unix_us").bad.tolist() == [False, True]
    texts = parse([str(instant), " ", "12a", "9" * 18, "NA"], date_format="unix_us", missing=frozenset({"NA"}))
    assert texts.instants.tolist() == [instant, *[MISSING_TIME] * 4]
    assert reasons(texts) == [(4, "12a", "not a number"), (5, "9" * 18, "outside the years 1 to 9999")]
    assert texts.missing.tolist() == [False, True, False, False, True]
    decimals = parse([f"{instant / 1e6:.6f}", "-1.5"], date_format="unix_s")
    assert decimals.instants.tolist() == [instant, -1_500_000]
    assert parse(pa.array([0, 5]), date_format="unix_s", missing=frozenset({"0"})).missing.tolist() == [
        True,
        False,
    ]


def test_date_format() -> None:
    parsed = parse(
        ["5/3/24 14:00", "5/13/24 14:00", " ", "-"],
        timezone=NEW_YORK,
        date_format="%d/%m/%y %H:%M",
        missing=frozenset("-"),
    )
    assert parsed.instants.tolist() == [utc(2024, 3, 5, 19), *[MISSING_TIME] * 3]
    assert reasons(parsed) == [(3, "5/13/24 14:00", "not of the form %d/%m/%y %H:%M")]
    assert parsed.missing.tolist() == [False, False, True, True]
    assert parsed.form == "form %d/%m/%y %H:%M, local time of America/New_York"


def test_date_format_keeps_each_offset() -> None:
    values = [
        "05/03/2024 00:00 +0200",
        "06/03/2024 10:00 -04:30",
        "06/03/2024 10:00 Z",
        "06/03/2024 10:00",
        None,
    ]
    parsed = parse(values, date_format="%d/%m/%Y %H:%M %z")
    assert parsed.instants[:3].tolist() == [utc(2024, 3, 4, 22), utc(2024, 3, 6, 14, 30), utc(2024, 3, 6, 10)]
    assert (parsed.n_offsets, parsed.n_naive, parsed.bad.tolist()) == (
        3,
        0,
        [False, False, False, True, False],
    )
    assert parsed.day_precision == pytest.approx(1 / 3)
    parsed = parse(["Fri Jan 05 10:00:00 +0100 2024"], date_format="%a %b %d %H:%M:%S %z %Y")
    assert (parsed.instants.tolist(), parsed.n_offsets) == ([utc(2024, 1, 5, 9)], 1)


@pytest.mark.parametrize("date_format", ["ISO8601", "mixed", "unix", "%Q", "%d/%m/%Y %Z"])
def test_formats_that_cannot_be_used(date_format: str) -> None:
    with pytest.raises(TimestampError, match=f"date_format='{date_format}' can't be used for column 'done'"):
        parse(["2024-01-05"], timezone="UTC", date_format=date_format)


# ---- Arrow's shapes


def test_chunks_slices_nulls_and_dictionaries() -> None:
    texts = ["2024-01-05T10:00Z", None, "", "2024-01-06T10:00Z", "2024-01-07T10:00Z", "bad"]
    whole = parse(texts).instants.tolist()
    assert whole == [
        utc(2024, 1, 5, 10),
        *[MISSING_TIME] * 2,
        utc(2024, 1, 6, 10),
        utc(2024, 1, 7, 10),
        MISSING_TIME,
    ]
    for kind in (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())):
        array = pa.array(texts, kind) if not pa.types.is_dictionary(kind) else pa.array(texts).dictionary_encode()
        assert parse(array).instants.tolist() == whole
        assert parse(array[2:5]).instants.tolist() == whole[2:5]
        chunked = pa.chunked_array([array[:1], array[1:1], array[1:3], array[3:]])
        parsed = parse(chunked)
        assert parsed.instants.tolist() == whole
        assert [r.row for r in parsed.rejects] == [7]
        assert parse(chunked[3:]).instants.tolist() == whole[3:]
    chunked = pa.chunked_array(
        [pa.array([0], pa.timestamp("ns", "UTC")), pa.array([None, 5000], pa.timestamp("ns", "UTC"))]
    )
    assert parse(chunked[1:]).instants.tolist() == [MISSING_TIME, 5]


def test_empty_and_missing_columns() -> None:
    for values in (pa.array([], pa.string()), pa.chunked_array([], pa.string()), pa.array([], pa.null())):
        parsed = parse(values)
        assert (len(parsed.instants), parsed.form, parsed.rejects) == (0, "no times", ())
        assert math.isnan(parsed.day_precision)
    for options in ({}, {"date_format": "%Y"}, {"date_format": "%Y %z"}, {"date_format": "unix_s"}):
        for values in (pa.nulls(2), pa.array([None, " "]), pa.array(["NA", "\tNA "])):
            parsed = parse(values, missing=frozenset({"NA"}), **options)
            assert parsed.missing.all()
            assert not parsed.bad.any()
            assert (parsed.instants == MISSING_TIME).all()


def test_a_word_for_missing_may_look_like_a_date() -> None:
    parsed = parse(["1900-01-01", "2024-01-05T10:00Z"], missing=frozenset({"1900-01-01"}))
    assert parsed.missing.tolist() == [True, False]


def test_the_ends_of_the_calendar() -> None:
    values = ["9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59", "0001-01-01T00:00:00Z", "0001-01-01"]
    for zone, hours in ((NEW_YORK, 5), ("Asia/Tokyo", -9)):
        parsed = parse(values, timezone=zone)
        assert parsed.instants[0] == utc(9999, 12, 31, 23, 59, 59, 999_999)
        assert parsed.instants[1] == utc(9999, 12, 31, 23, 59, 59) + hours * 3600 * SECOND
        assert parsed.instants[2] == utc(1, 1, 1)
        assert not parsed.bad.any()


def test_a_large_column_and_an_untouched_input() -> None:
    rng = np.random.default_rng(1)
    instants = rng.integers(utc(2020, 1, 1), utc(2025, 1, 1), 200_000)
    zoned = pa.array(instants, pa.timestamp("us", NEW_YORK))
    local = pa.array([f"{t:%Y-%m-%dT%H:%M:%S.%f%z}" for t in zoned.to_pylist()])
    before = local.slice(0, 5).to_pylist()
    parsed = parse(local)
    assert (parsed.instants == instants).all()
    assert (parsed.n_offsets, parsed.day_precision) == (2, 0.0)
    assert local.slice(0, 5).to_pylist() == before
    given_counts = zoned.cast(pa.int64()).to_numpy().copy()
    parse(zoned, timezone=NEW_YORK)
    parse(zoned.cast(pa.timestamp("us")), timezone=NEW_YORK)
    assert (zoned.cast(pa.int64()).to_numpy() == given_counts).all()
