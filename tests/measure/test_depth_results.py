"""What the results of the diagnosis can do: show themselves, escape names, open to their cases, be drawn and described."""

from __future__ import annotations

from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest

from streamline.log.calendar import Calendar
from streamline.log.duty import office_duty
from streamline.measure.staff.utilisation import utilisation
from streamline.measure.standards.endings import time_to_close, ways_to_end
from streamline.measure.standards.outlook import cases_at_risk, outlook_calibration
from streamline.measure.standards.standard import attainment
from streamline.measure.waits.bottleneck_by import bottlenecks_by
from streamline.measure.waits.queue import queue_over_time
from streamline.measure.waits.shift import wait_shifts
from streamline.measure.waits.timing import waits_by_hour_of_week
from streamline.report.chart import describe
from streamline.units import DAY, counted

EVIL = "<script>alert('x')</script>"
#: Columns of `.cases` of each result.
CASES = {
    "BottlenecksBy": ["case", "place", "activity", "enabled", "waiting_hours", "service_hours", "sojourn_hours"],
    "QueueOverTime": ["case", "state", "since", "until", "hours"],
    "Utilisation": ["resource", "since", "until", "on_duty"],
    "HoursOfWeek": ["case", "activity", "enabled", "weekday", "hour", "wait_hours"],
    "TimeToClose": ["case", "group", "days", "closed"],
    "WaysToEnd": ["case", "way", "days"],
    "Attainment": ["case", "arrival", "closed", "age_days", "met"],
    "CasesAtRisk": ["case", "arrival", "state", "age_days", "days_left", "miss_probability", "n_like"],
    "OutlookCalibration": ["case", "at", "state", "age_days", "miss_probability", "missed"],
    "WaitShifts": ["case", "activity", "since", "enabled", "ended", "wait_days", "level"],
}


@pytest.fixture(scope="module")
def log(log_of):
    """A year of cases, one every eight hours: intake, a review that waits a day (three from the middle on), a decision."""
    rows = []
    for k in range(1095):
        at, wait = 8.0 * k, 24.0 + 48 * (k > 540) + 5 * (k % 4)
        channel = "mail" if k % 2 else EVIL
        rows += [
            (f"c{k}", "Intake", at, at + 1, "cleo", channel),
            (f"c{k}", EVIL, at + 1 + wait, at + 2 + wait, EVIL, channel),
        ]
        if k < 1080:
            rows.append((f"c{k}", "Decide", at + 3 + wait, at + 4 + wait, "cleo", channel))
    return log_of(rows, columns=("resource", "channel"), ends=["Decide"])


@pytest.fixture(scope="module")
def results(log):
    hours = Calendar(hours={"mon-fri": "08:00-17:00"})
    at = [int(log.arrival[500]) + k * 10 * DAY for k in range(4)]
    made = [
        bottlenecks_by(log, "handoff", draws=20),
        queue_over_time(log, every="week"),
        utilisation(log, duty=office_duty(log, hours)),
        waits_by_hour_of_week(log),
        time_to_close(log, by="channel", standard="2 days"),
        ways_to_end(log),
        attainment(log, standard="2 days", target=0.9),
        cases_at_risk(log, standard="2 days"),
        outlook_calibration(log, standard="2 days", at=at),
        wait_shifts(log, every="week"),
    ]
    return {type(result).__name__: result for result in made}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)


@pytest.mark.parametrize("name", CASES)
def test_results_show_themselves_without_running_names(results, name: str) -> None:
    result = results[name]
    assert repr(result).startswith(f"<{name}: {counted(len(result.table), 'row')}, n={result.n:,}")
    parser = _Tags()
    parser.feed(result._repr_html_())
    assert "table" in parser.tags
    assert "script" not in parser.tags


@pytest.mark.parametrize("name", CASES)
def test_results_open_to_their_cases(results, name: str) -> None:
    result, columns = results[name], CASES[name]
    assert list(result.cases.columns) == columns
    assert len(result.cases) > 0


@pytest.mark.parametrize("name", CASES)
def test_charts_are_drawn_and_described(results, name: str) -> None:
    """The title says a finding without a "nan", and the text for those who can't see the picture names it."""
    result = results[name]
    chart = result.chart()
    assert chart.title
    assert "nan" not in chart.title
    assert len(describe(chart)) > 20
    axes = result.plot()
    assert axes.figure is not None
    plt.close(axes.figure)


def test_the_results_say_what_the_log_was_made_to_be(results) -> None:
    """Reviews wait for two thirds of the time and three times as long from the middle of the year on."""
    shifts = results["WaitShifts"].table
    assert shifts["activity"].tolist()[0] == EVIL
    assert shifts["after_days"].iloc[0] > 2 * shifts["before_days"].iloc[0]
    top = results["BottlenecksBy"].table.iloc[0]
    assert top["place"] == f"Intake → {EVIL}"
    assert top["first_share_of_draws"] == 1
    assert results["CasesAtRisk"].n == 15
    assert np.isfinite(results["OutlookCalibration"].brier)
