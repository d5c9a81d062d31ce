"""Time to close and ways to end, by hand and on a real log."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import StepCurves
from streamline.measure.duration import cycle_time
from streamline.measure.standards.endings import time_to_close, ways_to_end

#: All arrive on Monday at midnight. Granted after 1 and 4 days, refused after 2 and 5, one open when the log ends on day 5,
#: and one that arrives on day 2 and is open for 3 days.
ROWS = [
    ("a", "Intake", 0, 0, "web"), ("a", "Grant", 20, 24, "web"),
    ("b", "Intake", 0, 0, "web"), ("b", "Refuse", 40, 48, "web"),
    ("c", "Intake", 0, 0, "mail"), ("c", "Grant", 90, 96, "mail"),
    ("d", "Intake", 0, 0, "mail"), ("d", "Refuse", 100, 120, "mail"),
    ("e", "Intake", 48, 48, "mail"),
]  # fmt: skip
ENDS = ["Grant", "Refuse"]


@pytest.fixture(scope="module")
def log(log_of):
    return log_of(ROWS, columns=("channel",), ends=ENDS)


def test_time_to_close_by_hand(log) -> None:
    """At 1 day 4/5 are left, at 2 days 3/5; e is last seen at 3 days; at 4 days 3/5 * 1/2, at 5 none."""
    got = time_to_close(log, standard="3 days")
    assert got.curve["days"].tolist() == [1, 2, 4, 5]
    assert got.curve["n_at_risk"].tolist() == [5, 4, 2, 1]
    assert got.curve["share_open"].tolist() == pytest.approx([0.8, 0.6, 0.3, 0])
    assert got.median.value == 4
    row = got.table.iloc[0]
    assert (row["group"], row["n_cases"], row["n_open"], row["p90_days"]) == ("all cases", 5, 1, 5)
    assert got.cases["closed"].tolist() == [True, True, True, True, False]
    assert got.caveats[0].startswith("1 of 5 cases are still open.")
    chart = got.chart()
    assert isinstance(chart, StepCurves)
    assert chart.title == "Half of the cases close within 4 days"
    assert chart.curves[0].at == (0, 1, 2, 4, 5)
    assert chart.curves[0].values == pytest.approx((1, 0.8, 0.6, 0.3, 0))
    assert chart.curves[0].at_risk[0] == (0, 5)
    assert chart.curves[0].at_risk[-1][1] == 1
    assert chart.marks[0].at == 3


def test_groups_by_hand(log) -> None:
    """Of the cases by mail two close after 4 and 5 days and one is seen for 3; of those by web half close on the first day."""
    got = time_to_close(log, by="channel")
    assert got.table["group"].tolist() == ["mail", "web"]
    assert got.table["n_open"].tolist() == [1, 0]
    assert got.table["median_days"].tolist() == [4, 1]
    assert [c.label for c in got.chart().curves] == ["mail", "web"]
    with pytest.raises(UnknownNameError, match="no channel or attribute 'office'"):
        time_to_close(log, by="office")


def test_a_group_in_which_none_closes_has_no_median(log_of) -> None:
    rows = [("a", "Grant", 1, 2, "web"), ("b", "Intake", 1, 5, "mail")]
    got = time_to_close(log_of(rows, columns=("channel",), ends=["Grant"]), by="channel")
    assert got.table["median_days"].isna().tolist() == [True, False]
    assert [c.label for c in got.chart().curves] == ["web"]


def test_without_open_cases_the_median_is_that_of_the_cycle_times(log_of) -> None:
    log = log_of([(f"c{k}", "x", 0, float(k)) for k in range(1, 30)])
    got = time_to_close(log)
    assert got.median.value == pytest.approx(cycle_time(log, draws=5).median.value)
    assert got.caveats == ()


def test_ways_to_end_by_hand(log) -> None:
    """Granted: 1/5 at 1 day, 3/5 * 1/2 = 3/10 more at 4 days. Refused: 4/5 * 1/4 = 1/5 at 2 days, 3/10 more at 5."""
    got = ways_to_end(log, within="4 days")
    shares = dict(zip(got.table["way"], got.table["share"], strict=True))
    assert shares == pytest.approx({"Grant": 0.5, "Refuse": 0.2})
    assert got.still_open == pytest.approx(0.3)
    assert got.cases["way"].fillna("open").tolist() == ["Grant", "Refuse", "Grant", "Refuse", "open"]
    chart = got.chart()
    assert isinstance(chart, StepCurves)
    assert chart.title == "50% of the cases end with Grant within 4 days"
    assert chart.curves[0].values[0] == 0


def test_the_last_end_counts(log_of) -> None:
    rows = [("a", "Refuse", 1, 2), ("a", "Grant", 3, 4), ("b", "Refuse", 1, 2)]
    got = ways_to_end(log_of(rows, ends=ENDS))
    assert dict(zip(got.table["way"], got.table["n_cases"], strict=True)) == {"Grant": 1, "Refuse": 1}


def test_beyond_what_was_followed_nothing_is_known(log) -> None:
    got = ways_to_end(log, within="90 days")
    assert got.table["share"].isna().all()
    assert np.isnan(got.still_open)
    assert got.caveats[-1] == "No case is followed for 90 days; the shares by then aren't known."
    assert got.chart().title == "No case is followed for 90 days"


def test_what_cannot_be_told_is_refused(log_of, log) -> None:
    with pytest.raises(InsufficientDataError, match="read without `ends`"):
        ways_to_end(log_of([("a", "x", 0, 1)]))
    with pytest.raises(InsufficientDataError, match="none of 1 cases is closed"):
        time_to_close(log.select(~log.closed, because="open"))


@pytest.mark.real
def test_on_a_real_log(real_log) -> None:
    """Without ends and unfinished steps every case counts as closed, and the median is the plain one."""
    log = real_log("bpic2017-w")
    got = time_to_close(log)
    assert got.median.value == pytest.approx(cycle_time(log, draws=5).median.value)
    assert got.median.low < got.median.value < got.median.high
