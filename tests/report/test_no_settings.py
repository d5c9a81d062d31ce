"""What the section leaves to those who make it: settings of the library, and figures that a study without costs can't tell."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from plain_words import texts
from small_office import Office
from streamline import read_log
from streamline.log.quality import data_quality
from streamline.plan import PlanSection
from streamline.report.section import Bullets, Paragraph
from streamline.whatif.value import NO_HOURS, NO_PRICES

SETTINGS = re.compile(
    r"`|\b\w+=['\"]|\b(log|costs|contacts|calendar): ?[{\[]|\((under )?(log|costs|contacts)(: \w+)?\)"
)
SCENARIO = {
    "name": "Ask once",
    "changes": [{"kind": "reduce_rework", "through": "Ask", "by": 0.5, "low": 0.3, "high": 0.6}],
}


@pytest.fixture(scope="module")
def office(tmp_path_factory) -> PlanSection:
    """A small office whose study gives no dates, no owner and no costs, and whose records hold rows twice."""

    class Twice(Office):
        def records(self):
            steps, calls = super().records()
            return [*steps, *steps[:20]], [*calls, *calls[:20]]

    study = {"scenarios": [SCENARIO], "simulation": {"draws": 100, "seed": 1}}
    return Twice(n_cases=250, still_open=0.0, study=study).plan(tmp_path_factory.mktemp("office"))


def test_no_settings_are_told_to_readers(sample_section, office) -> None:
    for section in (sample_section, office):
        found = [text for _, text in texts(section.section) if SETTINGS.search(text)]
        assert found == []


def test_the_check_of_settings_can_fail() -> None:
    for text in (
        "duplicates='drop' in `read_contacts`",
        "log: {duplicates: drop}",
        "(costs: customer_time)",
        "(under costs)",
    ):
        assert SETTINGS.search(text)


def test_who_makes_the_study_is_still_told_what_to_do(office) -> None:
    rows = [("a", "x", "2025-01-06T08:00:00Z")] * 2 + [("a", "y", "2025-01-06T09:00:00Z")]
    table = pd.DataFrame(rows, columns=["case", "activity", "done"])
    found = data_quality(read_log(table, case="case", activity="activity", complete="done", timezone="UTC"))
    assert "log: {duplicates: drop} sets them aside." in str(found)
    (effect,) = found.table.loc[found.table["kind"] == "duplicates", "effect"]
    assert effect == "Each counts as a step and as rework. log: {duplicates: drop} sets them aside."
    assert "duplicates='drop' in `read_contacts` sets them aside." in str(office.analysis.answers.quality)


def test_without_costs_there_is_no_part_on_worth_but_a_limit(office, sample_section) -> None:
    parts = {p.id: p for p in office.section.parts}
    assert "value" not in parts
    assert "value" in {p.id for p in sample_section.section.parts}
    limits = parts["method"].blocks[-1]
    assert isinstance(limits, Bullets)
    assert f"{NO_HOURS} {NO_PRICES}" in limits.items


def test_a_timeline_without_dates_says_what_it_needs(office, sample_section) -> None:
    def said(section: PlanSection) -> list[str]:
        (part,) = (p for p in section.section.parts if p.id == "timeline")
        return [b.text for b in part.blocks if isinstance(b, Paragraph)]

    assert said(office) == [
        "A timeline needs more than the study says: it doesn't tell when the change starts and has its full effect, who sees to "
        "it, or what it costs."
    ]
    assert said(sample_section) == []
