"""Releases of batches, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.errors import InsufficientDataError
from streamline.log.calendar import Calendar
from streamline.measure.waits.path import paths
from streamline.measure.waits.releases import observed_releases
from streamline.units import HOUR


def _weekly(n_weeks: int = 6):
    """Each week two cases are ready on Monday at 10 and 20; both are approved on Thursday, at 84 and 84.5 hours."""
    rows = []
    for week in range(n_weeks):
        hour = 168 * week
        for k, ready in enumerate((10, 20)):
            case = f"{week}-{k}"
            rows += [(case, "Review", hour + ready - 1, hour + ready)]
            rows += [(case, "Approve", hour + 84 + k / 2, hour + 84.5 + k / 2)]
    return rows


def test_weekly_releases_by_hand(log_of) -> None:
    """Released at 84 each week. Waits: 84 - 10 = 74 and 84 - 20 = 64 hours until the release, then 0 and 0.5."""
    got = observed_releases(paths(log_of(_weekly())), "Approve")
    assert len(got.releases) == 6
    assert (np.diff(got.releases) == 168 * HOUR).all()
    assert (got.batching / HOUR).tolist() == [74, 64] * 6
    assert (got.rest / HOUR).tolist() == [0, 0.5] * 6
    assert got.share == pytest.approx(138 / 138.5)


def test_the_two_parts_are_the_wait(log_of) -> None:
    found = paths(log_of(_weekly()))
    got = observed_releases(found, "Approve")
    assert (got.batching + got.rest == found.waiting[got.step]).all()


def test_a_queue_that_is_served_all_day_is_no_batch(log_of) -> None:
    """Ten cases are ready at 8 and are served one after another, half an hour each: one session, not a release."""
    rows = [(str(k), "Intake", 7, 8) for k in range(10)]
    rows += [(str(k), "Serve", 8 + k / 2, 8.5 + k / 2) for k in range(10)]
    with pytest.raises(InsufficientDataError, match="'Serve' isn't released in batches in frame: 1 sessions"):
        observed_releases(paths(log_of(rows)), "Serve")


def test_work_as_it_comes_is_no_batch(log_of) -> None:
    """Each is served as soon as it is ready, days apart: no wait lies before a session."""
    rows = [(str(k), name, 48 * k + i, 48 * k + i + 1) for k in range(8) for i, name in enumerate(("Intake", "Serve"))]
    with pytest.raises(InsufficientDataError, match="8 sessions, 0% of its 8 steps"):
        observed_releases(paths(log_of(rows)), "Serve")


def test_four_releases_are_too_few(log_of) -> None:
    with pytest.raises(InsufficientDataError, match="4 sessions"):
        observed_releases(paths(log_of(_weekly(4))), "Approve")


def test_nights_end_no_session_with_a_calendar(log_of) -> None:
    """A backlog worked off from 8 to 17 on three days, each week: by the clock each day is a release, by office hours
    each week is (its nights hold no hour)."""
    rows = []
    for week in range(5):
        for day in range(3):
            for k in range(9):
                case, hour = f"{week}-{day}-{k}", 168 * week
                rows += [(case, "Review", hour - 30, hour - 29)]
                rows += [(case, "Approve", hour + 24 * day + 8 + k, hour + 24 * day + 9 + k)]
    rows = [(c, a, s + 168, e + 168) for c, a, s, e in rows]
    found = paths(log_of(rows))
    by_clock = observed_releases(found, "Approve")
    by_hours = observed_releases(found, "Approve", calendar=Calendar(hours={"mon-fri": "08:00-17:00"}))
    assert (len(by_clock.releases), len(by_hours.releases)) == (15, 5)
    assert by_hours.share < by_clock.share
    assert (by_hours.batching + by_hours.rest == by_clock.batching + by_clock.rest).all()
