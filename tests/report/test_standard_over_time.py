"""The share within the standard is told by months, by quarters, or not over time: as finely as privacy leaves most of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamline.report import diagnosed
from streamline.report.analysis import Analysis
from streamline.report.findings.standard import _latest
from streamline.report.parts.standard import standard_part
from streamline.report.published_diagnosis import _standard
from streamline.report.section import Figure, Paragraph


def _with(analysis: Analysis, minimum_cell: int) -> Analysis:
    privacy = analysis.study.privacy.model_copy(update={"minimum_cell": minimum_cell})
    return replace(analysis, study=analysis.study.model_copy(update={"privacy": privacy}))


@pytest.mark.parametrize(("minimum", "every"), [(1, "month"), (11, "quarter"), (60, None)])
def test_the_finest_period_of_which_most_can_be_told(sample_section, minimum: int, every: str | None) -> None:
    a = _with(sample_section.analysis, minimum)
    assert diagnosed.attainment_period(a) == every
    blocks = standard_part(a, {f.id: f for f in sample_section.findings}).blocks
    captions = [b.caption for b in blocks if isinstance(b, Figure)]
    written = [b.text for b in blocks if isinstance(b, Paragraph)]
    assert (f"Cases closed within the standard, by {every} of arrival" in captions) == (every is not None)
    assert any("isn't shown" in text and f"fewer than {minimum} cases" in text for text in written) == (every is None)
    kinds = set(_standard(a)["by"])
    assert kinds & set(diagnosed.PERIODS) == ({every} if every else set())
    assert "channel" in kinds


def test_only_one_period_is_published(sample_section) -> None:
    """Months beside quarters would give by subtraction what either hides."""
    a = sample_section.analysis
    table = _standard(a)
    quarters = table[table["by"] == "quarter"]
    assert list(quarters["group"]) == ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"]
    assert quarters["n_cases"].sum() == a.diagnosis.attainment["month"].table["n_cases"].sum()
    missed = (quarters["n_cases"] * (1 - quarters["within"])).round()
    assert (missed >= a.minimum_cell).all()


def test_a_standard_that_was_missed_of_late_is_said_to_be(sample_section) -> None:
    """Met over the whole year, and clearly missed in its last quarter; where the target is lower, nothing is said."""
    a = sample_section.analysis
    (latest,) = _latest(a)
    last = diagnosed.attainment_of(a, "quarter").table.iloc[-1]
    assert (latest.value, latest.low, latest.high, latest.n) == (
        last["within"],
        last["low"],
        last["high"],
        last["n_cases"],
    )
    assert latest.high < 0.9 < a.cycle.within_standard.low
    assert latest.statement == (
        "Of the cases that arrived from 1 October 2025 on, 85% close within 45 days (n = 649 cases; 95% interval "
        "82% to 88%): below the target of 90%."
    )
    assert latest.statement in [f.statement for f in sample_section.findings if f.id == "standard.latest"]
    for target, said in ((0.8, []), (0.97, [])):
        attainment = {k: replace(v, target=target) for k, v in a.diagnosis.attainment.items()}
        assert list(_latest(replace(a, diagnosis=replace(a.diagnosis, attainment=attainment)))) == said
