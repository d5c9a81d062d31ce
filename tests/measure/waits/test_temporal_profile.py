"""Usual times between steps: by hand, and what deviates from them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from streamline.errors import InsufficientDataError
from streamline.log.event_log import EventLog
from streamline.measure.waits.temporal_profile import temporal_deviations, temporal_profile

Maker = Callable[..., EventLog]

#: a, b, c: b starts 1, 2 and 3 hours after a; in the third case c begins before b is done.
ROWS = [
    ("1", "a", 0, 1), ("1", "b", 2, 4), ("1", "c", 5, 6),
    ("2", "a", 0, 1), ("2", "b", 3, 4), ("2", "c", 8, 9),
    ("3", "a", 0, 1), ("3", "b", 4, 6), ("3", "c", 5, 7),
]  # fmt: skip


def _pairs(result: Any) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {(r.source, r.target): (r.n, r.n_cases, r.mean_hours, r.sd_hours) for r in result.table.itertuples()}


def test_mean_and_spread_of_the_times_that_follow(log_of: Maker) -> None:
    """a to c: 4, 7 and 4 hours, mean 5, squares 1 + 4 + 1 = 6, sd √3; b to c: 1 and 4 hours, the third overlaps."""
    found = _pairs(temporal_profile(log_of(ROWS)))
    assert found[("a", "b")] == pytest.approx((3, 3, 2.0, 1.0))
    assert found[("a", "c")] == pytest.approx((3, 3, 5.0, math.sqrt(3)))
    assert found[("b", "c")] == pytest.approx((2, 2, 2.5, math.sqrt(4.5)))
    directly = _pairs(temporal_profile(log_of(ROWS), follows="directly"))
    assert set(directly) == {("a", "b"), ("b", "c")}
    assert directly[("b", "c")] == found[("b", "c")]


def test_one_case_of_many_deviates(log_of: Maker) -> None:
    """Nine times an hour, once eleven: mean 2, sd √10; the outlier is 9 / √10 = 2.85 of them away, the furthest of ten."""
    rows = [row for k in range(10) for row in ((str(k), "a", None, 0), (str(k), "b", None, 11 if k == 4 else 1))]
    log = log_of(rows)
    found = temporal_deviations(log, sds=2.8, min_occurrences=10)
    (row,) = found.table.itertuples()
    assert (row.n, row.n_deviations, row.n_cases, row.share) == (10, 1, 1, 0.1)
    (one,) = found.cases.itertuples()
    assert (one.case, one.source, one.target, one.hours) == ("4", "a", "b", 11.0)
    assert one.sds == pytest.approx(9 / math.sqrt(10))
    assert found.cases_share.value == 0.1
    assert "completion to completion" in found.caveats[-1]
    none = temporal_deviations(log, sds=2.85, min_occurrences=10)
    assert none.n_deviations == 0
    assert "Of 10 times none can be 2.9 standard deviations" in none.caveats[1]


def test_the_profile_of_one_period_judges_another(log_of: Maker) -> None:
    """The later log names its activities in another order and has one more; times are judged by the earlier one."""
    earlier = log_of([r for k in range(4) for r in ((str(k), "b", None, 0), (str(k), "c", None, 2 + k % 2))])
    later = log_of(
        [("x", "a", None, 0), ("x", "b", None, 1), ("x", "c", None, 9), ("y", "b", None, 0), ("y", "c", None, 3)]
    )
    found = temporal_deviations(later, profile=temporal_profile(earlier), min_occurrences=2)
    (row,) = found.table.itertuples()
    assert (row.source, row.target, row.n, row.n_deviations) == ("b", "c", 2, 1)
    (one,) = found.cases.itertuples()
    assert (one.case, one.source, one.target) == ("x", "b", "c")
    assert one.sds == pytest.approx((8 - 2.5) / math.sqrt(1 / 3))
    assert "2 of 3 pairs of activities" in found.caveats[1]


def test_equal_times_never_deviate(log_of: Maker) -> None:
    """With a spread of 0 only what differs by more than a microsecond would."""
    rows = [r for k in range(40) for r in ((str(k), "a", None, k / 7), (str(k), "b", None, k / 7 + 1))]
    found = temporal_deviations(log_of(rows), sds=0.5)
    assert found.n_deviations <= 0
    assert len(found.cases) == 0


def test_what_cannot_be_answered_is_refused(log_of: Maker) -> None:
    log = log_of(ROWS)
    with pytest.raises(ValueError, match="'eventually' or 'directly'; 'later' isn't"):
        temporal_profile(log, follows="later")
    with pytest.raises(ValueError, match="sds must be over 0"):
        temporal_deviations(log, sds=0)
    with pytest.raises(InsufficientDataError, match="no two activities follow each other 30 times"):
        temporal_deviations(log)
    with pytest.raises(InsufficientDataError, match="no step of a case follows another"):
        temporal_profile(log_of([("1", "a", 0, 1), ("2", "b", 0, 1)]))


def test_charts_hold_the_numbers_of_the_tables(log_of: Maker) -> None:
    profile = temporal_profile(log_of(ROWS))
    assert [b.value for b in profile.chart().bars] == profile.table["mean_hours"].tolist()
    deviating = temporal_deviations(log_of(ROWS), sds=1.0, min_occurrences=2)
    some = deviating.table[deviating.table["n_deviations"] > 0]
    assert [b.value for b in deviating.chart().bars] == some["n_deviations"].tolist()
    assert deviating.n_deviations == len(deviating.cases) == some["n_deviations"].sum() > 0
    assert np.isfinite(deviating.cases["sds"]).all()
