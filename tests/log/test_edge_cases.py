"""Every file of the folder of edge cases goes through `read_log`: it loads, or is refused with a message that says why."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from streamline.errors import StreamlineError
from streamline.log.quality import data_quality
from streamline.log.read import read_log

pytestmark = pytest.mark.real

#: Loads: cases, steps, unfinished steps, rows set aside.
LOADS: dict[str, tuple[int, int, int, int]] = {
    "apromore-csv-importer/test1-expected-parquet.xes": (2, 3, 0, 0),
    "apromore-csv-importer/test1-expected.xes": (2, 3, 0, 0),
    "apromore-csv-importer/test1-valid.csv": (2, 3, 0, 0),
    "apromore-csv-importer/test1-valid.parquet": (2, 3, 0, 0),
    "apromore-csv-importer/test10-eventAttribute.csv": (2, 6, 0, 0),
    "apromore-csv-importer/test10-eventAttribute.parquet": (2, 3, 0, 0),
    "apromore-csv-importer/test10-expected-parquet.xes": (2, 3, 0, 0),
    "apromore-csv-importer/test10-expected.xes": (2, 6, 0, 0),
    "apromore-csv-importer/test11-encoding.parquet": (2, 5, 0, 0),
    "apromore-csv-importer/test11-expected-parquet.xes": (2, 5, 0, 0),
    "apromore-csv-importer/test11-expected.xes": (2, 5, 0, 0),
    "apromore-csv-importer/test2-expected.xes": (1, 2, 0, 0),
    "apromore-csv-importer/test2-missing-columns.csv": (1, 2, 0, 1),
    "apromore-csv-importer/test2-missing-columns.parquet": (1, 2, 0, 0),
    "apromore-csv-importer/test3-expected-parquet.xes": (2, 3, 0, 0),
    "apromore-csv-importer/test3-expected.xes": (2, 3, 0, 0),
    "apromore-csv-importer/test3-invalid-end-timestamp.csv": (2, 3, 0, 1),
    "apromore-csv-importer/test3-invalid-end-timestamp.parquet": (2, 3, 0, 1),
    "apromore-csv-importer/test4-expected-parquet.xes": (2, 4, 0, 0),
    "apromore-csv-importer/test4-expected.xes": (2, 4, 0, 0),
    "apromore-csv-importer/test4-invalid-start-timestamp.csv": (2, 3, 0, 1),
    "apromore-csv-importer/test4-invalid-start-timestamp.parquet": (2, 3, 0, 1),
    "apromore-csv-importer/test5-empty-caseID.csv": (2, 2, 0, 1),
    "apromore-csv-importer/test5-empty-caseID.parquet": (2, 2, 0, 1),
    "apromore-csv-importer/test5-expected-parquet.xes": (2, 2, 0, 0),
    "apromore-csv-importer/test5-expected.xes": (2, 2, 0, 0),
    "apromore-csv-importer/test6-different-delimiters.csv": (2, 3, 0, 0),
    "apromore-csv-importer/test6-different-delimiters.parquet": (2, 3, 0, 0),
    "apromore-csv-importer/test6-expected.xes": (2, 3, 0, 0),
    "apromore-csv-importer/test7-expected.xes": (2, 2, 0, 0),
    "apromore-csv-importer/test7-record-invalid.csv": (1, 1, 0, 2),
    "apromore-csv-importer/test9-differentiate-dates.csv": (2, 11, 0, 2),
    "apromore-csv-importer/test9-differentiate-dates.parquet": (2, 13, 0, 0),
    "apromore-csv-importer/test9-expected-parquet.xes": (2, 13, 0, 0),
    "apromore-csv-importer/test9-expected.xes": (2, 13, 0, 0),
    "apromore-simplelogs/L1_1trace_1event.xes": (1, 1, 0, 0),
    "apromore-simplelogs/L1_1trace_complete_events_only.xes": (1, 11, 0, 0),
    "apromore-simplelogs/L1_1trace_start_complete_events_non_overlapping.xes": (1, 11, 0, 0),
    "apromore-simplelogs/L1_activities with start or complete events only.xes": (6, 14, 9, 0),
    "apromore-simplelogs/L1_complete_events_only_with_resources.xes": (6, 23, 0, 0),
    "apromore-simplelogs/L1_complete_events_only_with_resources_missing_timestamps.xes": (6, 22, 0, 1),
    "apromore-simplelogs/L1_no_lifecycle_transition.xes": (6, 23, 0, 0),
    "apromore-simplelogs/L1_start_complete_no_overlapping.xes": (6, 23, 0, 0),
    "apromore-simplelogs/L1_start_complete_no_overlapping_1-event-task.xes": (3, 2, 1, 0),
    "apromore-simplelogs/L1_start_complete_no_overlapping_missing_timestamp.xes": (6, 23, 0, 1),
    "apromore-simplelogs/L1_start_complete_no_overlapping_with_resources.xes": (6, 23, 0, 0),
    "apromore-simplelogs/L1_start_complete_overlapping.xes": (6, 23, 0, 0),
    "apromore-simplelogs/L2_mixed_lifecycle_no_overlapping.xes": (2, 6, 0, 0),
    "bpic15-polluted/BPIC15-CollateralEvent.csv.gz": (1196, 44291, 0, 0),
    "bpic15-polluted/BPIC15-Distorted.csv.gz": (1196, 29621, 0, 0),
    "bpic15-polluted/BPIC15-FormBased.csv.gz": (1196, 29621, 0, 0),
    "bpic15-polluted/BPIC15-Homonymous.csv.gz": (1196, 29621, 0, 0),
    "bpic15-polluted/BPIC15-Polluted.csv.gz": (1196, 29621, 0, 0),
    "bpic15-polluted/BPIC15-Synonymous.csv.gz": (1196, 29621, 0, 0),
    "pm4py/10_orders.xes.gz": (17, 154, 0, 0),
    "pm4py/11_tickets.xes.gz": (9, 43, 0, 0),
    "pm4py/12_roadtraffic_1t_per_variant.xes.gz": (231, 1891, 0, 0),
    "pm4py/13_SEPSIS_1t_per_variant.xes.gz": (846, 13775, 0, 0),
    "pm4py/14_Billing_1t_per_variant.xes.gz": (1020, 12506, 0, 0),
    "pm4py/15_bpic2020_permit_log_1t_per_variant.xes.gz": (1478, 26028, 0, 0),
    "pm4py/correlation_mining.csv": (10, 30, 0, 0),
    "pm4py/interval_event_log.csv.gz": (1266, 8109, 0, 0),
    "pm4py/receipt_even.csv.gz": (1434, 4443, 0, 0),
    "pm4py/receipt_odd.csv.gz": (1318, 4134, 0, 0),
    "pm4py/roadtraffic100traces.csv": (100, 390, 0, 0),
    "pm4py/roadtraffic50traces.xes": (51, 201, 0, 0),
    "pm4py/running-example-transformed.csv": (6, 42, 0, 0),
    "pm4py/running-example.csv": (6, 42, 0, 0),
    "pm4py/running-example.parquet": (6, 42, 0, 0),
    "pm4py/running-example.xes": (6, 42, 0, 0),
}

#: Refused: the exception and part of its message.
REFUSED: dict[str, tuple[str, str]] = {
    "apromore-csv-importer/test1-valid-expected.csv": ("MissingColumnError", "holds the case"),
    "apromore-csv-importer/test1-valid.xlsx": ("FileFormatError", "is an Excel workbook; save the sheet as CSV"),
    "apromore-csv-importer/test10-eventAttribute-expected-parquet.csv": (
        "MissingColumnError",
        "holds the case",
    ),
    "apromore-csv-importer/test10-eventAttribute-expected.csv": (
        "MissingColumnError",
        "holds the case",
    ),
    "apromore-csv-importer/test10-eventAttribute.xlsx": (
        "FileFormatError",
        "is an Excel workbook; save the sheet as CSV",
    ),
    "apromore-csv-importer/test11-encoding-expected.csv": ("MissingColumnError", "holds the case"),
    "apromore-csv-importer/test11-encoding.csv": ("MissingColumnError", "holds the case"),
    "apromore-csv-importer/test11-encoding.xlsx": ("FileFormatError", "is an Excel workbook; save the sheet as CSV"),
    "apromore-csv-importer/test2-missing-columns-expected.csv": (
        "MissingColumnError",
        "holds the case",
    ),
    "apromore-csv-importer/test2-missing-columns-expected.parquet": ("FileFormatError", "is empty (0 bytes)"),
    "apromore-csv-importer/test2-missing-columns.xlsx": (
        "FileFormatError",
        "is an Excel workbook; save the sheet as CSV",
    ),
    "apromore-csv-importer/test3-invalid-end-timestamp-expected.csv": (
        "MissingColumnError",
        "holds the case",
    ),
    "apromore-csv-importer/test3-invalid-end-timestamp.xlsx": (
        "FileFormatError",
        "is an Excel workbook; save the sheet as CSV",
    ),
    "apromore-csv-importer/test4-invalid-start-timestamp-expected.csv": (
        "MissingColumnError",
        "holds the case",
    ),
    "apromore-csv-importer/test4-invalid-start-timestamp.xlsx": (
        "FileFormatError",
        "is an Excel workbook; save the sheet as CSV",
    ),
    "apromore-csv-importer/test5-empty-caseID-expected.csv": (
        "MissingColumnError",
        "holds the case",
    ),
    "apromore-csv-importer/test5-empty-caseID.xlsx": ("FileFormatError", "is an Excel workbook; save the sheet as CSV"),
    "apromore-csv-importer/test6-different-delimiters-expected.csv": (
        "MissingColumnError",
        "holds the case",
    ),
    "apromore-csv-importer/test7-record-invalid-expected.csv": ("FileFormatError", "but no rows"),
    "apromore-csv-importer/test7-record-invalid.parquet": ("FileFormatError", "is empty (0 bytes)"),
    "apromore-csv-importer/test7-record-invalid.xlsx": (
        "FileFormatError",
        "is an Excel workbook; save the sheet as CSV",
    ),
    "apromore-csv-importer/test8-all-invalid.csv": ("DataQualityError", "not one that can be used"),
    "apromore-csv-importer/test8-all-invalid.parquet": ("DataQualityError", "not one that can be used"),
    "apromore-csv-importer/test8-all-invalid.xlsx": ("FileFormatError", "is an Excel workbook; save the sheet as CSV"),
    "apromore-csv-importer/test9-differentiate-dates-expected.csv": (
        "MissingColumnError",
        "holds the case",
    ),
    "apromore-csv-importer/test9-differentiate-dates.xlsx": (
        "FileFormatError",
        "is an Excel workbook; save the sheet as CSV",
    ),
    "apromore-simplelogs/L1_1trace_empty_trace.xes": ("FileFormatError", "holds no events"),
    "apromore-simplelogs/L1_empty_log.xes": ("FileFormatError", "holds no events"),
    "daqapo/hospital.RData": ("FileFormatError", "isn't text (it holds zero bytes)"),
    "daqapo/hospital_actlog.RData": ("FileFormatError", "isn't text (it holds zero bytes)"),
    "daqapo/hospital_events.RData": ("FileFormatError", "isn't text (it holds zero bytes)"),
    "pm4py/case_relations.csv.gz": ("MissingColumnError", "holds the case"),
    "pm4py/partial order example 3.xes": ("DataQualityError", "not one that can be used"),
    "pm4py/partial order example.xes": ("DataQualityError", "not one that can be used"),
    "pm4py/xes_20.xes": ("MissingColumnError", "holds the case"),
}


def arguments(path: Path) -> dict[str, Any]:
    """The names of the columns, where they aren't usual ones. Rejects are counted here, not refused."""
    options: dict[str, Any] = {"timezone": "UTC", "max_rejected": 1.0}
    if path.parent.name == "bpic15-polluted":
        return {**options, "case": "Case", "activity": "Activity", "complete": "Timestamp", "resource": "Resource"}
    if path.parent.name == "apromore-csv-importer" and path.suffix == ".csv" and "expected" not in path.name:
        if "test11" in path.name:  # Hebrew, Windows code page
            return {**options, "encoding": "cp1255", "date_format": "%d/%m/%y %H:%M", "complete": "timestamp"}
        return {
            **options,
            "case": "case id",
            "activity": "activity",
            "start": "start date",
            "complete": "completion time",
        }
    if path.suffix == ".parquet" and path.parent.name == "apromore-csv-importer":
        columns = PARQUET.get(path.name, ("case_id", "activity", "start_date", "completion_time"))
        named = dict(zip(("case", "activity", "start", "complete"), columns, strict=True))
        return {**options, **{k: v for k, v in named.items() if v}}
    if path.name == "running-example-transformed.csv":
        return {**options, "case": "CaseID", "activity": "Activity", "complete": "Timestamp", "resource": "Resource"}
    return options


PARQUET: dict[str, tuple[str, ...]] = {
    "test11-encoding.parquet": ("caseID", "activity", "", "endTimestamp"),
    "test2-missing-columns.parquet": ("caseID", "activity", "startTimestamp", "endTimestamp"),
    "test6-different-delimiters.parquet": ("caseID", "activity", "startTimestamp", "endTimestamp"),
    "test8-all-invalid.parquet": ("caseid", "activity", "starttimestamp", "endtimestamp"),
}


def test_every_file_is_in_one_of_the_tables(shared_data):
    folder = shared_data / "edge-cases"
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert len(files) >= 100
    assert files == set(LOADS) | set(REFUSED)
    assert not set(LOADS) & set(REFUSED)


@pytest.mark.parametrize("name", LOADS)
def test_loads(shared_data, name):
    path = shared_data / "edge-cases" / name
    log = read_log(path, **arguments(path))
    rejected = len({r.row for r in log.rejects})
    assert (log.n_cases, log.n_steps, len(log.unfinished), rejected) == LOADS[name]
    quality = data_quality(log)
    assert rejected == 0 or any(f.kind == "rejected" for f in quality.findings)
    assert all(r.reason and r.file == path.name for r in log.rejects)


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_in_words(shared_data, name):
    path = shared_data / "edge-cases" / name
    kind, message = REFUSED[name]
    with pytest.raises(StreamlineError, match=re.escape(message)) as refusal:
        read_log(path, **arguments(path))
    assert type(refusal.value).__name__ == kind
    assert path.name in str(refusal.value)
