"""Damaged delimited files: they load with every row accounted for, or are refused in words; nothing else happens."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamline.errors import StreamlineError
from streamline.log.read import read_log

EVENTS = (
    "case,activity,start,complete,who\n"
    "A,In,2025-01-06T08:00:00Z,2025-01-06T09:00:00Z,ann\n"
    'B,"Re, view",2025-01-06T08:30:00+01:00,2025-01-06T09:30:00+01:00,bob\n'
    "A,Out,2025-01-06T10:00:00Z,2025-01-06T11:00:00Z,\n"
    "NA,In,2025-01-06T10:00:00Z,,café\n"
    "\n"
    "C,In,2025-01-07T10:00:00Z,2025-01-07T11:00:00Z,ann\n"
).encode()
SOME = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
NAMES = {"case": "case", "activity": "activity", "start": "start", "complete": "complete", "resource": "who"}


def accounted(path: Path) -> None:
    """Each row of the file is a step, an unfinished step, a reject or a blank line."""
    refusal = ""
    try:
        log = read_log(path, **NAMES, timezone="UTC", max_rejected=1.0)
    except StreamlineError as error:
        refusal = str(error)
    if refusal:
        assert path.name in refusal
        return
    rejected = len({r.row for r in log.rejects})
    assert log.n_steps + len(log.unfinished) + rejected == log.notes.n_rows
    assert all(r.reason for r in log.rejects)
    assert (log.complete >= log.arrival[log.case_of_step]).all()


@given(cut=st.integers(0, len(EVENTS)))
@SOME
def test_cut_short(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.csv"
    path.write_bytes(EVENTS[:cut])
    accounted(path)


@given(flips=st.lists(st.tuples(st.integers(0, len(EVENTS) - 1), st.integers(0, 255)), min_size=1, max_size=6))
@SOME
def test_bytes_changed(tmp_path: Path, flips: list[tuple[int, int]]) -> None:
    data = bytearray(EVENTS)
    for place, byte in flips:
        data[place] = byte
    path = tmp_path / "flipped.csv"
    path.write_bytes(bytes(data))
    accounted(path)


@given(
    place=st.integers(0, len(EVENTS)),
    extra=st.binary(min_size=1, max_size=12) | st.sampled_from([b'"', b"\n\n", b",,", b"\r"]),
)
@SOME
def test_bytes_inserted(tmp_path: Path, place: int, extra: bytes) -> None:
    path = tmp_path / "longer.csv"
    path.write_bytes(EVENTS[:place] + extra + EVENTS[place:])
    accounted(path)


@given(cut=st.integers(0, 400), flip=st.integers(0, 400), byte=st.integers(0, 255))
@SOME
def test_damaged_gzip(tmp_path: Path, cut: int, flip: int, byte: int) -> None:
    data = bytearray(gzip.compress(EVENTS * 3, mtime=0))
    data[flip % len(data)] = byte
    path = tmp_path / "packed.csv.gz"
    path.write_bytes(bytes(data[: max(len(data) - cut, 0)]))
    accounted(path)


def test_the_whole_file_is_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "whole.csv"
    path.write_bytes(EVENTS)
    log = read_log(path, **NAMES, timezone="UTC")
    assert (log.n_steps, len(log.unfinished), len(log.rejects), log.notes.n_rows) == (4, 1, 0, 5)
    assert log.notes.reading["blank lines"] == "1"
    assert "NA" in log.case_id_array()


@pytest.mark.parametrize("line", ["A" * (17 << 20), '"' + "x" * (17 << 20)])
def test_a_line_beyond_all_measure_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "long.csv"
    path.write_bytes(EVENTS + line.encode() + b"\n" + EVENTS)
    with pytest.raises(StreamlineError, match=r"long\.csv.*(longer than 16 MiB)"):
        read_log(path, **NAMES, timezone="UTC")
