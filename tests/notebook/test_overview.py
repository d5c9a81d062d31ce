"""The overview of a log: its figures are the measures' own, and what the records lack is said."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import streamline as sl
from streamline.errors import InsufficientDataError, OutputError

EVIL = "<script>alert('x')</script>"


def log_of_days(n: int, *, channel: bool = True, closed: bool = True) -> sl.EventLog:
    """A case a day at noon UTC from Monday 6 January 2025 on: intake, and a decision a day later."""
    rows = []
    if not closed:  # the only decision is of a case that the view below leaves out
        rows.append(("done", "Decide", pd.Timestamp("2025-01-06", tz="UTC"), None))
    for day in range(n):
        at = pd.Timestamp("2025-01-06 12:00", tz="UTC") + pd.Timedelta(days=day)
        rows.append((f"k{day}", EVIL, at, f"way {day % 7}" if day else EVIL))
        if closed:
            rows.append((f"k{day}", "Decide", at + pd.Timedelta(days=1), None))
    frame = pd.DataFrame(rows, columns=["case", "activity", "complete", "channel"])
    log = sl.read_log(
        frame if channel else frame.drop(columns="channel"), case="case", activity="activity", complete="complete",
        channel="channel" if channel else None, timezone="UTC", ends=["Decide"],
    )  # fmt: skip
    return log if closed else log.select(~log.closed, because="open cases only")


def test_its_figures_are_the_measures_own():
    log = log_of_days(60)
    view = sl.show(log, standard="2 days")
    told = view.table.set_index("measure")
    assert told.loc["cases", "value"] == 60
    assert told.loc["open cases", "value"] == 0
    assert told.loc["mean cycle time", "value"] == sl.cycle_time(log).mean.value == 1.0
    assert told.loc["within 2 days", "value"] == 1.0
    assert told.loc["cases with rework", "value"] == 0.0
    pd.testing.assert_frame_equal(view.cases, sl.cycle_time(log).cases)


def test_volume_is_of_whole_periods_only():
    """Sixty days are told by day; the first and the last day, which the records cut, are left out."""
    view = sl.show(log_of_days(60))
    arrived, closed = view.volume.lines
    assert view.volume.title.endswith("by day")
    assert len(arrived.at) == 59
    assert set(arrived.values) == {1.0}
    assert closed.values == (0.0, *[1.0] * 58) or sum(closed.values) == 59
    assert sl.show(log_of_days(200)).volume.title.endswith("by week")
    assert set(sl.show(log_of_days(200)).volume.lines[0].values) == {7.0}
    assert sl.show(log_of_days(1000)).volume.title.endswith("by month")


def test_rare_channels_are_pooled_and_every_case_is_counted():
    chart = sl.show(log_of_days(60)).channels
    assert [b.label for b in chart.bars][-1] == "3 other channels"
    assert sum(b.value for b in chart.bars) == 60


def test_what_the_records_lack_is_said():
    view = sl.show(log_of_days(1, channel=False, closed=False))
    assert view.cycle is None
    assert view.volume is None
    assert len(view.caveats) == 3
    assert "none of 1 cases is closed" in view.caveats[0]
    page = view._repr_html_()
    for words in ("No case is closed.", "The records name no channels.", "less than two whole periods"):
        assert words in page
    with pytest.raises(InsufficientDataError, match="no case is closed"):
        _ = view.cases
    with pytest.raises(InsufficientDataError, match="less than two whole days"):
        view.plot()


def test_contacts_that_name_no_case_are_said_and_stop_nothing():
    log = log_of_days(40)
    calls = sl.read_contacts(
        pd.DataFrame({"case": ["other"], "time": [pd.Timestamp("2025-01-10", tz="UTC")]}), case="case", time="time"
    )
    view = sl.show(log, contacts=calls)
    assert "contacts per case" not in set(view.table["measure"])
    assert any("contact" in c for c in view.caveats)


def test_it_is_escaped_has_no_ids_and_every_picture_has_words(tmp_path):
    view = sl.show(log_of_days(60))
    page = view._repr_html_()
    assert "<script" not in page
    assert not re.search(r"\sid=", page)
    pictures = re.findall(r'<img [^>]*alt="([^"]*)"', page)
    assert len(pictures) == page.count("<img") == 5
    assert all(len(words) > 40 for words in pictures)
    saved = view.save(tmp_path / "overview.html").read_text(encoding="utf-8")
    assert saved.startswith("<!DOCTYPE html>")
    assert saved.count("<h1>") == 1
    assert "<h3>" not in saved
    with pytest.raises(OutputError, match="can't be written"):
        view.save(tmp_path / "nowhere" / "overview.html")


def test_the_same_log_gives_the_same_bytes():
    log = log_of_days(60)
    assert sl.show(log)._repr_html_() == sl.show(log)._repr_html_()
    assert np.isfinite(sl.show(log).table["value"]).all()
