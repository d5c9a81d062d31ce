"""Utilisation, by hand, and minute by minute on random logs."""

from __future__ import annotations

import numpy as np
import pytest

from streamline.errors import InsufficientDataError
from streamline.figure import BarChart
from streamline.log.calendar import Calendar
from streamline.log.duty import office_duty
from streamline.measure.staff.utilisation import utilisation

OFFICE = Calendar(hours={"mon-fri": "08:00-17:00"})
#: From Monday 08:00 to Tuesday 12:00. Eva works 9 to 11 and 10 to 12 (together 3 hours), then 16 to 33 (one hour of Monday,
#: the night, one hour of Tuesday); Erik 8 to 9. Cleo's step is the customer's.
ROWS = [
    ("a", "Review", 9, 11, "eva"), ("b", "Review", 10, 12, "eva"), ("c", "Review", 16, 33, "eva"),
    ("d", "Review", 8, 9, "erik"), ("e", "Reply", 8, 36, "cleo"),
]  # fmt: skip


def test_by_hand(log_of, row) -> None:
    """9 hours of Monday and 4 of Tuesday are on duty: 26 for two examiners. Busy on duty 3 + 1 + 1 + 1 = 6 hours; the night
    from 17 to 32 is 15 hours off duty."""
    log = log_of(ROWS, columns=("resource",), external=["Reply"])
    groups = ["Customers" if name == "cleo" else "Examiners" for name in log.resource.names]
    got = utilisation(log, duty=office_duty(log, OFFICE), groups=groups, every="day")
    examiners = row(got, "Examiners")
    assert (examiners["n_resources"], examiners["on_duty_hours"], examiners["busy_hours"]) == (2, 26, 6)
    assert examiners["utilisation"] == pytest.approx(6 / 26)
    assert examiners["busy_off_duty_hours"] == 15
    assert row(got, "Customers")["busy_hours"] == 0
    days = got.over_time[got.over_time["group"] == "Examiners"]
    assert days["on_duty_hours"].tolist() == [18, 8]
    assert days["busy_hours"].tolist() == [5, 1]
    assert days["utilisation"].tolist() == pytest.approx([5 / 18, 1 / 8])
    assert days["busy_off_duty_hours"].tolist() == [7, 8]
    chart = got.chart()
    assert isinstance(chart, BarChart)
    assert chart.title == "Busiest is Examiners: for 23% of its time on duty"
    assert got.n == 4
    whole = got.cases[~got.cases["on_duty"]]
    assert sorted((whole["until"] - whole["since"]).dt.total_seconds() / 3600) == [1, 3, 17]


def test_pools_that_are_never_on_duty_have_no_utilisation(log_of, row) -> None:
    log = log_of([("a", "Review", 120, 121, "eva"), ("a", "Review", 122, 123, "eva")], columns=("resource",))
    got = utilisation(log, duty=office_duty(log, OFFICE), groups=["Examiners"], every="hour")
    assert np.isnan(row(got, "Examiners")["utilisation"])
    assert row(got, "Examiners")["busy_off_duty_hours"] == 2
    assert got.chart().title == "Nobody is on duty"


def test_without_resources_or_starts_it_is_refused(log_of) -> None:
    log = log_of(ROWS, columns=("resource",))
    duty = office_duty(log, OFFICE)
    with pytest.raises(InsufficientDataError, match="has no resources"):
        utilisation(log_of([r[:4] for r in ROWS]), duty=duty)
    with pytest.raises(InsufficientDataError, match="has no starts"):
        utilisation(log_of([(c, a, None, e, p) for c, a, _, e, p in ROWS], columns=("resource",)), duty=duty)
    with pytest.raises(ValueError, match="The duty is of 3 resources, the log has 1"):
        utilisation(log_of([("a", "x", 0, 1, "p")], columns=("resource",)), duty=duty, groups=["x"])


@pytest.mark.parametrize("seed", range(6))
def test_minute_by_minute(log_of, seed: int) -> None:
    """Each minute of each resource: on duty or not, busy or not."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(40):
        start = int(rng.integers(0, 5000))
        rows.append(
            (f"c{k}", "Review", start / 60, (start + int(rng.integers(0, 900))) / 60, str(rng.choice(["p", "q"])))
        )
    log = log_of(rows, columns=("resource",))
    duty = office_duty(log, OFFICE)
    got = utilisation(log, duty=duty, groups=["all", "all"], every="day").table.iloc[0]
    minute = 60_000_000
    at = np.arange(duty.since, duty.until, minute)
    on = OFFICE.is_open(at)
    busy_on = busy_off = 0
    for who in range(2):
        own = log.resource.codes == who
        busy = np.zeros(len(at), dtype=bool)
        for a, b in zip(log.start[own], log.complete[own], strict=True):
            busy |= (a <= at) & (at < b)
        busy_on, busy_off = busy_on + (busy & on).sum(), busy_off + (busy & ~on).sum()
    assert got["on_duty_hours"] * 60 == pytest.approx(2 * on.sum())
    assert got["busy_hours"] * 60 == pytest.approx(busy_on)
    assert got["busy_off_duty_hours"] * 60 == pytest.approx(busy_off)
