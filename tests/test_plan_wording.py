"""The section's structure and its words: five sentences and three numbers, plain enough, no promise, no bare percentage."""

from __future__ import annotations

import re

import pytest

from plain_words import bare_percentages, grade, sentences, texts
from streamline.findings import findings_of
from streamline.renewal import part_text
from streamline.report.section import Bullets, Caution, KeyFigures, Paragraph, Table

STUDIES = ["sample", pytest.param("permits", marks=pytest.mark.real), pytest.param("receipt", marks=pytest.mark.real)]

#: The parts in their order; others may stand between them.
ORDER = (
    "Summary", "Service and records used", "Customer groups and channels", "Where the time goes", "What comes back",
    "Why customers call", "Proposed changes", "Intended benefits", "Implementation timeline", "How progress will be measured",
    "Method and limits", "Data appendix",
)  # fmt: skip


@pytest.fixture(scope="module", params=STUDIES)
def section(request, studied):
    return studied(request.param)


def test_the_parts_stand_in_their_order(section):
    titles = [p.title for p in section.section.parts]
    wanted = [t for t in ORDER if t != "Customer groups and channels" or section.analysis.channels is not None]
    assert [t for t in titles if t in ORDER] == wanted


def test_the_signature_initiative_leads(sample_section):
    (proposals,) = (p for p in sample_section.section.parts if p.id == "proposals")
    assert proposals.parts[0].title == "Complete from the start"
    assert proposals.parts[0].blocks[0] == Paragraph(text="This is the signature initiative.")


def test_no_caution_stands_twice_among_the_proposals(sample_section):
    (proposals,) = (p for p in sample_section.section.parts if p.id == "proposals")
    told = [b.text for part in (proposals, *proposals.parts) for b in part.blocks if isinstance(b, Caution)]
    assert "The check of the replay finds its estimates fit for direction only: don't rely on their size." in told
    assert len(set(told)) == len(told)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("sample", "fit for direction only: don't rely"),
        pytest.param("permits", "fit for decisions.", marks=pytest.mark.real),
    ],
)
def test_the_verdict_stands_beside_each_proposal(studied, name, verdict):
    section = studied(name)
    (proposals,) = (p for p in section.section.parts if p.id == "proposals")
    notes = [b.note for part in proposals.parts for b in part.blocks if isinstance(b, Table)]
    assert len(notes) == len(section.analysis.scenarios)
    (benefits,) = (t for t in section.section.tables if t.id == "benefits")
    assert all(f"finds its estimates {verdict}" in note for note in (*notes, benefits.note))


def test_what_becomes_of_unusable_rows_is_told_once(sample_section):
    (records,) = (p for p in sample_section.section.parts if p.id == "records")
    items = [item for b in records.blocks if isinstance(b, Bullets) for item in b.items]
    assert sum("could not be used" in item for item in items) == 3
    assert sum("Such rows are set aside" in item for item in items) == 1


def test_the_summary_is_three_numbers_and_five_plain_sentences(section):
    numbers, text = section.section.parts[0].blocks
    assert isinstance(numbers, KeyFigures)
    assert len(numbers.items) == 3
    assert len(sentences(text.text)) == 5
    assert grade(text.text) <= 10
    told = [f.statement for f in section.findings if f.id.startswith("summary.")]
    assert text.text == " ".join(told)


def test_key_figures_are_their_findings_to_the_letter(section):
    """What renewal would write for the finding is what stands there, so a renewed document stays as it is."""
    published = findings_of(section.document())
    for item in section.section.parts[0].blocks[0].items:
        assert part_text(published[item.finding], "value") == item.value
        assert f'data-finding="{item.finding}"' in section.files()["section.html"]


def test_rows_of_tables_name_findings_that_there_are(section):
    ids = {f.id for f in section.findings} | {""}
    named = {t.id: t.findings for t in section.section.tables if t.findings}
    assert {"benefits", "timeline", "progress"} <= set(named)
    for name, found in named.items():
        assert set(found) <= ids, name
    assert all(named["benefits"])


def test_nothing_is_promised_and_no_percentage_stands_alone(section):
    for where, text in texts(section.section):
        assert not re.search(r"\bwill\b", text, re.IGNORECASE), (where, text)
        assert bare_percentages(text) == [], where


def test_the_checks_of_words_can_fail():
    assert bare_percentages("The share fell to 12%.") == ["The share fell to 12%."]
    assert bare_percentages(
        "Loops took 12% of the time (95% interval 3% to 18%). It was 12% (95% interval 3% to 18%)."
    ) == ["It was 12% (95% interval 3% to 18%)."]
    assert (
        grade("Notwithstanding considerable organisational interdependencies, administrative simplification continues.")
        > 20
    )
    assert grade("The cat sat on the mat.") < 1


def test_the_timeline_is_ordered_and_holds_the_study_s_dates(sample_section):
    (table,) = (t for t in sample_section.section.tables if t.id == "timeline")
    quarters = [r[0] for r in table.rows]
    assert quarters == sorted(quarters)
    assert len(table.rows) == 2 * len(sample_section.analysis.scenarios)
    first = [r for r in table.rows if "Complete from the start" in r[1]]
    assert first[0] == ("2027, quarter 1", "Start of “Complete from the start”, the signature initiative, in January 2027.",
                        "Intake division", "USD 180,000 once; USD 24,000 a year from here on")  # fmt: skip
    assert first[1][0] == "2027, quarter 3"
    assert "mean cycle time 17 days instead of 21" in first[1][1]


@pytest.mark.real
def test_a_change_without_dates_says_so(studied):
    (table,) = (t for t in studied("permits").section.tables if t.id == "timeline")
    assert {r[0] for r in table.rows} == {"Not dated"}
    assert all("the study dates neither its start nor its full effect" in r[1] for r in table.rows)
    assert all(r[2:] == ("no owner named", "no cost given") for r in table.rows)


def test_progress_says_how_long_it_takes_to_tell(sample_section):
    (table,) = (t for t in sample_section.section.tables if t.id == "progress")
    row = next(r for r in table.rows if "Complete from the start" in r[1])
    a = sample_section.analysis
    mean, change = a.cycle.mean, dict(a.scenarios[0][1].figures and [(f.measure, f) for f in a.scenarios[0][1].figures])
    effect = change["cycle_time.mean"].change
    needed = (mean.high - mean.low) / 2 * (1.959964 + 0.841621) / 1.959964
    per_week = mean.n / ((a.log.arrival.max() - a.log.arrival.min()) / 7 / 86_400e6)
    weeks = mean.n / ((effect / needed) ** 2 - 1) / per_week
    assert row[3] == f"{int(weeks) + 1} weeks"
    assert row[4].startswith("above ")
    assert row[4].endswith(" days")
    assert row[5] == "Intake division"
    small = [r for r in table.rows if r[3].startswith("can't be told")]
    assert small
    assert all(r[4] == "can't be told by this figure" for r in small)
