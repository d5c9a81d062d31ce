"""The queue is told by weeks, months or quarters, or not over time: as finely as privacy leaves most of it, and by one only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streamline.figure import LineChart
from streamline.report import diagnosed
from streamline.report.analysis import Analysis
from streamline.report.chart_words import describe
from streamline.report.findings.waiting import waiting_findings
from streamline.report.parts.waiting import waiting_part
from streamline.report.published_diagnosis import diagnosis_tables
from streamline.report.section import Figure, Paragraph

#: What the sample's fewest cases allow: 31 to 85 cases join a week, 207 to 332 a month, 453 to 713 a quarter.
PERIODS = [(11, "week"), (200, "month"), (400, "quarter"), (800, None)]
PEAKS = {
    "week": "most in the week of 24 November 2025",
    "month": "most in November 2025",
    "quarter": "most in quarter 4 of 2025",
}


def _with(analysis: Analysis, minimum_cell: int) -> Analysis:
    privacy = analysis.study.privacy.model_copy(update={"minimum_cell": minimum_cell})
    return replace(analysis, study=analysis.study.model_copy(update={"privacy": privacy}))


@pytest.mark.parametrize(("minimum", "every"), PERIODS)
def test_the_finest_period_of_which_most_can_be_told(sample_section, minimum: int, every: str | None) -> None:
    a = _with(sample_section.analysis, minimum)
    found = {f.id: f for f in waiting_findings(a)}
    mean = found["waiting.queue.mean_number"]
    assert mean.value == sample_section.analysis.diagnosis.queue.littles_law[0].mean_number
    blocks = waiting_part(a, found).blocks
    captions = [b.caption for b in blocks if isinstance(b, Figure)]
    written = [b.text for b in blocks if isinstance(b, Paragraph)]
    assert mean.statement in written
    left_out = "How the queue before Interview moved over time isn't shown: fewer than 800 cases joined it in many of the weeks"
    assert any(left_out in text for text in written) == (every is None)
    if every is None:
        assert "most in" not in mean.statement
        assert mean.table is None
        assert not any("queue before" in c for c in captions)
        assert "tables/queue.csv" not in diagnosis_tables(a)
        return
    assert PEAKS[every] in mean.statement
    assert f"The queue before Interview, by {every}" in captions
    # one period only: weeks beside months would give by subtraction what either hides
    table = diagnosis_tables(a)["tables/queue.csv"]
    assert len(table) == len(a.diagnosis.queue.by(every).table)
    assert not any(column.startswith("n_") for column in table)


def test_what_few_cases_joined_is_blank_and_called_not_shown(sample_section) -> None:
    a = _with(sample_section.analysis, 45)
    q = diagnosed.queue_of(a)
    assert q is not None
    assert q.every == "week"
    few = (q.table["n_entered"] < 45).to_numpy()
    blank = q.table["mean_waiting"].isna().to_numpy()
    assert few.any()
    assert (blank | ~few).all()
    assert 0.75 <= np.mean(~blank) < 1
    chart = diagnosed.queue_chart(q, a)
    assert isinstance(chart, LineChart)
    assert f"not shown at {blank.sum()}" in describe(chart)
    assert "not known" not in describe(chart)
    assert "Not shown: weeks that fewer than 45 cases joined it in, or that would give such a one back" in chart.note


def test_the_causes_in_the_figure_are_told_in_plain_words(sample_section) -> None:
    a = sample_section.analysis
    (figure,) = (b for b in waiting_part(a, {f.id: f for f in sample_section.findings}).blocks if getattr(b, "id", "") == "causes"
                 and isinstance(b, Figure))  # fmt: skip
    for cause in figure.chart.groups:
        assert f"{cause}, " in figure.chart.note
    assert "unavailability, while those who did it were off duty" in figure.chart.note
    assert "extraneous, for a reason that isn't recorded" in figure.chart.note
