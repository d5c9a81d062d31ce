"""The words that stand for a picture: they say its numbers, and stay short where there are very many."""

from __future__ import annotations

import math

import pytest
import sample_charts as charts

from streamline.figure import (
    Bar,
    BarChart,
    BarColumn,
    BarTable,
    Chart,
    Curve,
    Heat,
    Histogram,
    Level,
    Line,
    LineChart,
    Mark,
    Spectrum,
    Stack,
    StackedBars,
    StepCurves,
    TimeMark,
)
from streamline.report.bar_table import native_table
from streamline.report.chart import describe

DAY = 86_400_000_000


TWO_DAYS = Line(label="a", at=(0, DAY), values=(4.0, 9.5), low=(3.0, math.nan), high=(5.0, math.nan))


@pytest.mark.parametrize(
    ("chart", "words"),
    [
        (
            StackedBars(
                title="t",
                axis="Hours per case",
                groups=("external", "contention"),
                stacks=(Stack(label="Review", values=(0.0, 41.5)), Stack(label="Issue", values=(1.25, math.nan))),
            ),
            "Hours per case. Review: 41.5, of which contention 41.5; "
            "Issue: at least 1.25, of which external 1.25, contention not known.",
        ),
        (
            LineChart(
                title="t",
                axis="Cases waiting",
                lines=(TWO_DAYS,),
                marks=(TimeMark(label="New form", at=DAY),),
                levels=(Level(label="Target", value=5.0), Level(label="Mean", value=7.0, start=0, end=DAY)),
            ),
            "Cases waiting; dates in UTC. a: 1 Jan 1970 4.0 (3.0 to 5.0), 2 Jan 1970 9.5; New form, 2 Jan 1970; "
            "Target: 5; Mean: 7 from 1 Jan 1970 until 2 Jan 1970.",
        ),
        (
            StepCurves(
                title="t",
                axis="Days since arrival",
                value_axis="Share still open",
                curves=(
                    Curve(
                        label="all",
                        at=(0.0, 4.0, 10.0),
                        values=(1.0, 0.8, 0.5),
                        low=(1.0, 0.75, 0.4),
                        high=(1.0, 0.85, 0.6),
                    ),
                ),
                marks=(Mark(label="Standard", at=4.0), Mark(label="Median", at=math.nan)),
            ),
            "Share still open, by days since arrival. all: at 0, 100% (100% to 100%); at 2, 100% (100% to 100%); "
            "at 4, 80% (75% to 85%); at 6, 80% (75% to 85%); at 8, 80% (75% to 85%); at 10, 50% (40% to 60%); "
            "followed as far as 10. Standard at 4. Median: not known.",
        ),
        (
            Spectrum(
                title="t",
                above="Review completed",
                below="Decision started",
                classes=("up to a day", "over a day"),
                begin=(0, DAY),
                end=(3 * DAY, 3 * DAY // 2),
                class_of=(1, 0),
            ),
            "2 lines from Review completed to Decision started, 1 Jan 1970 to 4 Jan 1970 (UTC); the shortest took "
            "12 hours, the longest 3 days. up to a day: 1; over a day: 1.",
        ),
        (
            BarTable(
                title="t",
                heading="Loop",
                labels=("Back", "Again"),
                columns=(
                    BarColumn(heading="Occurrences", values=(812.0, 1503.0)),
                    BarColumn(heading="Days", values=(2.1, math.nan), low=(1.9, math.nan), high=(2.3, math.nan)),
                ),
            ),
            "By loop. Back: Occurrences 812, Days 2.1 (1.9 to 2.3); Again: Occurrences 1,503, Days not known.",
        ),
        (
            Heat(
                title="t",
                axis="Arrivals",
                rows=("Mon", "Tue", "Sun"),
                columns=("08", "09"),
                column_axis="Hour",
                values=((1.0, 3.5), (2.0, 2.0), (math.nan, math.nan)),
            ),
            "Arrivals. Columns: Hour. Mon: lowest 1.0 (08), highest 3.5 (09); Tue: 2.0 throughout; Sun: not known.",
        ),
        (BarChart(title="t", axis="days", bars=()), "days. Nothing to show."),
        (
            BarChart(title="t", axis="days", bars=(Bar(label="a", value=1.5, low=math.nan, high=math.nan),)),
            "days. a: 1.5.",
        ),
        (
            Histogram(title="t", axis="days", edges=(0, 5), counts=(3,), marks=(Mark(label="Median", at=math.nan),)),
            "days; number of cases. 0 to 5: 3; Median: not known.",
        ),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_the_words_of_each_kind(chart: Chart, words: str) -> None:
    assert describe(chart) == words


def test_a_long_line_is_told_by_its_ends_and_extremes() -> None:
    words = describe(charts.QUEUE)
    assert "1,200 points" in words
    assert "at first (5 Jan 2025, 19:00)" in words, "in the chart's own zone"
    highest = max(charts.QUEUE.lines[0].values)
    assert f"highest {highest:.1f}" in words
    assert len(words) < 600


@pytest.mark.parametrize("name", charts.DIAGNOSIS)
def test_words_stay_short(name: str) -> None:
    assert len(describe(charts.DIAGNOSIS[name])) < 2000


def test_a_table_with_bars_is_also_a_table_of_text() -> None:
    table = native_table(charts.TABLE, id_="loops", file="tables/loops.csv")
    assert [c.heading for c in table.columns] == [
        "Loop",
        "Occurrences per year",
        "Days per case",
        "Share of cases (%)",
        "Staff hours per year",
    ]
    assert [c.numeric for c in table.columns] == [False, True, True, True, True]
    first = ("Technical review back to Intake check", "812", "2.10 (1.90 to 2.30)", "11.0", "640")
    assert table.rows[0] == first
    assert table.rows[2][-1] == "not known"
    assert (table.id, table.caption, table.note) == ("loops", charts.TABLE.title, charts.TABLE.note)
