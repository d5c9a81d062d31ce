"""Which states of a case and which weeks are told of contacts, and a share that can't be over 1."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from streamline.report import contacted, tables
from streamline.report.analysis import Analysis
from streamline.report.findings.contacts import MORE_THAN_ALL, contact_findings
from streamline.report.parts.contact_checks import contact_checks
from streamline.report.parts.contacts import contacts_part
from streamline.report.published_contacts import contact_tables
from streamline.report.section import Figure, Paragraph


def _rates(a: Analysis, **changed: Any) -> Analysis:
    assert a.answers is not None
    assert a.answers.rates is not None
    return replace(a, answers=replace(a.answers, rates=replace(a.answers.rates, **changed)))


def _states(a: Analysis, *rows: tuple[str, float, int, int, int]) -> Analysis:
    frame = pd.DataFrame(rows, columns=["state", "open_days", "n_contacts", "n_cases", "n_asking"])
    rate = frame["n_contacts"] / frame["open_days"].where(frame["open_days"] > 0)
    return _rates(a, by_state=frame.assign(rate_per_open_day=rate, rate_low=rate / 2, rate_high=2 * rate))


def test_a_state_of_hardly_any_days_is_left_out(sample_section) -> None:
    a = _states(
        sample_section.analysis,
        ("Review", 500.0, 60, 300, 50), ("Sign", 300.0, 30, 300, 28), ("Issued", 1.2, 0, 300, 0), ("before", 0.0, 20, 20, 20),
    )  # fmt: skip
    assert contacted.states(a)["state"].tolist() == ["Review", "Sign", "before"]
    assert tables.contacts(a).note == (
        "1 state is not shown: few contacts, cases or days, or so that others can't be told from the total."
    )


def test_a_state_that_is_hidden_for_its_few_contacts_still_takes_another_with_it(sample_section) -> None:
    """That a third one is left out for its few days is no cover: it had no contact."""
    a = _states(
        sample_section.analysis,
        ("Review", 500.0, 60, 300, 50), ("Sign", 300.0, 30, 300, 28), ("Issued", 1.2, 0, 300, 0), ("Ask", 90.0, 4, 80, 4),
    )  # fmt: skip
    assert contacted.states(a)["state"].tolist() == ["Review"]
    assert tables.contacts(a).note.startswith("3 states are not shown: ")


def test_no_note_where_all_states_are_shown(sample_section) -> None:
    a = _states(sample_section.analysis, ("Review", 500.0, 60, 300, 50), ("Sign", 300.0, 30, 300, 28))
    assert tables.contacts(a).note == ""


@pytest.mark.parametrize(
    ("share", "value", "words", "caveat"),
    [(1.03, 1.0, "Practically all of the contacts", True), (0.997, 0.997, "Practically all of the contacts", False),
     (0.89, 0.89, "About 89% of the contacts", False)],
)  # fmt: skip
def test_new_demand_is_at_most_all(sample_section, share: float, value: float, words: str, caveat: bool) -> None:
    a = sample_section.analysis
    again = replace(a.answers.rates.repeats, net_share=(share, share - 0.1, share + 0.1))
    a = _rates(a, repeats=again)
    (found,) = (f for f in contact_findings(a) if f.id == "contacts.net_of_redials")
    assert found.value == value
    assert found.statement.startswith(f"{words} are new demand")
    assert (MORE_THAN_ALL in found.caveats) == caveat
    repeats = contact_tables(a)["tables/contact_repeats.csv"].set_index("measure")
    assert repeats.loc["contacts that no earlier one led to", "value"] == value


@pytest.mark.parametrize(("n_few", "drawn"), [(0, True), (4, True), (5, False)])
def test_weeks_of_few_contacts_are_drawn_only_among_many_others(sample_section, n_few: int, drawn: bool) -> None:
    a = sample_section.analysis
    forecast = a.answers.forecast
    assert len(forecast.table) == 16
    contacts = np.where(np.arange(16) < n_few, 3.0, 40.0)
    a = replace(
        a, answers=replace(a.answers, forecast=replace(forecast, table=forecast.table.assign(contacts=contacts)))
    )
    (part,) = contact_checks(a, {f.id: f for f in sample_section.findings})
    notes = [b.chart.note for b in part.blocks if isinstance(b, Figure)]
    written = [b.text for b in part.blocks if isinstance(b, Paragraph)]
    assert bool(notes) == drawn
    assert ("The contacts week by week aren't shown: in many weeks fewer than 11 came." in written) == (not drawn)
    if drawn:
        assert ("Not shown: weeks of fewer than 11 contacts, or that would give such a one back" in notes[0]) == (
            n_few > 0
        )
        assert {line.gap for b in part.blocks if isinstance(b, Figure) for line in b.chart.lines} == (
            {"not shown"} if n_few else {"not known"}
        )


def test_the_states_of_the_highest_rate_and_of_the_most_contacts(sample_section) -> None:
    say = {f.id: f for f in sample_section.findings}
    (part, *_) = contacts_part(sample_section.analysis, say)
    text = next(b.text for b in part.blocks if isinstance(b, Paragraph) and "One state of their case" in b.text)
    assert text.startswith("One state of their case had the highest rate: per 100 open days awaiting Approve decision,")
    assert (
        " Another had the most contacts, since cases spend more days in it: per 100 open days awaiting Information"
        in text
    )
