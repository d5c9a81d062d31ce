"""Contacts and survey answers in the section: what it tells, and what it says of records that tell little or nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from streamline.errors import FileFormatError, UnknownNameError
from streamline.plan import PlanSection, plan_section
from streamline.report.section import Bullets, Caution, Paragraph, Part

MONDAY = pd.Timestamp("2024-01-01", tz="UTC")
#: Cases, and how long contacts count about a closed one.
N_CASES = 700
Row = dict[str, Any]


def office_time(day: float) -> pd.Timestamp:
    """The instant that many days after the first Monday, with each day's 24 hours put into 9 to 17 o'clock."""
    return MONDAY + pd.Timedelta(days=int(day)) + pd.Timedelta(hours=9 + 8 * (day % 1))


def cases() -> list[Row]:
    """Intake, then a review of some days, every third case back to intake once, then a signature; two steps a day at the most."""
    rng = np.random.default_rng(7)
    rows: list[Row] = []
    for k in range(N_CASES):
        at = rng.uniform(0, 420)
        more = {"case": f"case-{k:04}", "channel": ("online", "mail")[k % 2], "client": f"client-{k % 500:03}"}
        names = ["Intake", "Review", "Intake", "Review", "Sign"] if k % 3 == 0 else ["Intake", "Review", "Sign"]
        for name in names:
            at += rng.exponential({"Intake": 2.0, "Review": 9.0, "Sign": 4.0}[name]) + 0.01
            rows.append({**more, "activity": name, "complete": office_time(at).isoformat()})
    return rows


def calls(rows: list[Row], *, rate: float = 0.06) -> list[Row]:
    """Calls at a rate a day from the first step of each case to its last, more often after twenty days."""
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(rows)
    frame["complete"] = pd.to_datetime(frame["complete"], utc=True)
    made: list[Row] = []
    for case, steps in frame.groupby("case"):
        first, last = steps["complete"].min(), steps["complete"].max()
        days = (last - first) / pd.Timedelta(days=1)
        for t in rng.uniform(0, days, rng.poisson(2 * rate * days)):
            if t > 20 or rng.random() < 0.5:
                reason = ("status", "documents", "other")[int(rng.integers(3))]
                made.append({"case": case, "called": (first + pd.Timedelta(days=t)).isoformat(), "reason": reason,
                             "channel": "phone", "client": steps["client"].iloc[0]})  # fmt: skip
    return made


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return cases()


@pytest.fixture(scope="module")
def called(rows: list[Row]) -> list[Row]:
    return calls(rows)


@pytest.fixture(scope="module")
def plan(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., PlanSection]:
    """`plan(contacts, keys="…", more="…", attributes="")`: the section of a study with these contacts."""

    def run(
        contacts: list[Row], keys: str = "case: case, time: called, reason: reason, status_reasons: [status], channel: channel",
        *, more: str = "", attributes: str = "",
    ) -> PlanSection:  # fmt: skip
        folder = tmp_path_factory.mktemp("study")
        pd.DataFrame(rows).to_csv(folder / "events.csv", index=False)
        pd.DataFrame(contacts).to_csv(folder / "calls.csv", index=False)
        (folder / "study.yaml").write_text(
            "study: {title: T, agency: A, service: S}\n"
            "log: {path: events.csv, case: case, activity: activity, complete: complete, channel: channel, "
            f"ends: [Sign]{attributes}}}\n"
            "standard: {cycle_time: 20 days}\n"
            f"contacts: {{path: calls.csv, {keys}}}\n{more}",
            encoding="utf-8",
        )
        return plan_section(folder / "study.yaml")

    return run


def part_of(section: PlanSection, name: str = "contacts") -> Part:
    (part,) = [p for p in section.section.parts if p.id == name]
    return part


def words_of(part: Part) -> str:
    """The text of a part and of those under it."""
    said: list[str] = []
    for block in part.blocks:
        if isinstance(block, Paragraph | Caution):
            said.append(block.text)
        elif isinstance(block, Bullets):
            said += block.items
    return "\n".join([*said, *(words_of(p) for p in part.parts)])


def findings_of(section: PlanSection) -> dict[str, Any]:
    return {f.id: f for f in section.findings}


def checked(section: PlanSection) -> PlanSection:
    """Holds for every section: it can be written, no small count of cases or contacts, no rate without its interval."""
    files = section.files()
    for name, text in files.items():
        if name.endswith(".csv"):
            for row in csv.DictReader(io.StringIO(text)):
                for column in ("n_cases", "n_contacts", "n_asking", "n_answered", "n_answers", "contacts", "count"):
                    if row.get(column):
                        assert float(row[column]) == 0 or float(row[column]) >= 11, (name, row)
    told = words_of(part_of(section))
    assert not [n for n in re.findall(r"(?<![\d,.])(\d+) (?:contacts?|cases?)\b", told) if 0 < int(n) < 11], told
    assert not re.search(r"\bnan\b|\bNone\b|regression|Poisson|p-value|overdispers", words_only(part_of(section)))
    for f in section.findings:
        assert not re.search(r"\bnan\b|\bNone\b(?! of)| will ", f.statement), f.statement
        if f.id.startswith("contacts.state."):
            assert f.low is not None, f.id
            assert f.low <= f.value <= f.high, f.id
    return section


def words_only(part: Part) -> str:
    """The text of a part without those under it."""
    return words_of(Part(id=part.id, title=part.title, blocks=part.blocks))


def test_a_service_is_told_as_it_is(plan: Callable[..., PlanSection], called: list[Row]) -> None:
    section = checked(plan(called))
    found = findings_of(section)
    each = found["baseline.contacts_per_case"]
    assert each.low < len(called) / N_CASES < each.high
    assert found["contacts.link_share"].value == 1
    assert found["contacts.status_share"].low < 1 / 3 < found["contacts.status_share"].high
    assert found["contacts.overdue.ratio"].low < 2 < found["contacts.overdue.ratio"].high
    assert found["contacts.repeat_ratio"].low < 1 < found["contacts.repeat_ratio"].high, "nobody redials here"
    assert 0.9 < found["contacts.net_of_redials"].value <= 1.05
    assert found["contacts.net_of_redials"].low is None, "its intervals hold the truth too seldom"
    assert found["contacts.switched_share"].value > 0.5
    assert found["contacts.loop.1.per_occurrence"].subject == "back to Intake after Review"
    assert 0.4 < found["contacts.forecast.weeks_inside"].value <= 1
    text = words_of(part_of(section))
    assert "Past the standard of 20 days, customers got in touch" in text
    assert "they don't prove" in text
    assert "foretell the contacts of the rest" in text
    tables = {t.id for t in section.section.tables}
    assert {"contacts", "contact-reasons", "contact-forecast", "contact-calibration"} <= tables


def test_calls_before_the_log_and_of_other_cases_are_left_out(
    plan: Callable[..., PlanSection], called: list[Row]
) -> None:
    early = [{**c, "case": None, "called": "2020-05-01T10:00:00+00:00"} for c in called[:30]]
    foreign = [{**c, "case": f"other-{k}"} for k, c in enumerate(called[:40])]
    section = checked(plan([*called, *early, *foreign]))
    plain = findings_of(plan(called))
    found = findings_of(section)
    assert found["contacts.link_share"].value == 1, "neither is about a case of the log"
    assert found["baseline.contacts_per_case"].value == plain["baseline.contacts_per_case"].value
    text = words_of(part_of(section))
    assert "Left out: 40 contacts about cases that aren't in the log." in text
    assert "Left out: 30 contacts before the log begins, about no case of it." in text
    told = [f.statement for f in section.findings if f.id.startswith("quality.contacts.unlinked")]
    assert len(told) == 2


def test_another_time_zone_is_noticed(plan: Callable[..., PlanSection], called: list[Row]) -> None:
    """Calls of office hours, written without an offset: of the offices' own zone all is well, of one nine hours away it isn't."""
    since = [(pd.Timestamp(c["called"]) - MONDAY) / pd.Timedelta(days=1) for c in called]
    local = [{**c, "called": office_time(t).tz_localize(None)} for c, t in zip(called, since, strict=True)]
    keys = "case: case, time: called, timezone: {}"
    right, wrong = checked(plan(local, keys.format("UTC"))), checked(plan(local, keys.format("Asia/Tokyo")))
    assert "quality.contacts.hours" not in findings_of(right)
    assert "in the wrong time zone" in findings_of(wrong)["quality.contacts.hours"].statement
    assert "in the wrong time zone" in words_of(part_of(wrong))


def test_an_export_made_twice_is_said_and_dropped_on_demand(
    plan: Callable[..., PlanSection], called: list[Row]
) -> None:
    twice = [*called, *called]
    section = checked(plan(twice))
    found = findings_of(section)
    assert found["quality.contacts.duplicates"].value == len(called)
    assert "Was the export made twice?" in words_of(part_of(section))
    keys = "case: case, time: called, reason: reason, channel: channel, duplicates: drop, max_rejected: 0.6"
    once = findings_of(plan(twice, keys))
    assert once["baseline.contacts_per_case"].value == pytest.approx(found["baseline.contacts_per_case"].value / 2)


def test_half_empty_reasons_bound_the_share(plan: Callable[..., PlanSection], called: list[Row]) -> None:
    section = checked(plan([{**c, "reason": c["reason"] if k % 2 else None} for k, c in enumerate(called)]))
    found = findings_of(section)["contacts.status_share"]
    assert found.n == len(called) // 2
    assert any("50% of the contacts have no reason" in c for c in found.caveats)
    assert "about: they have no recorded reason" in words_of(part_of(section))


def test_unlinked_contacts_are_a_caution(plan: Callable[..., PlanSection], called: list[Row]) -> None:
    section = checked(plan([{**c, "case": f"x{k}"} for k, c in enumerate(called)]))
    part = part_of(section)
    assert isinstance(part.blocks[0], Caution)
    assert "can be linked to a case" in part.blocks[0].text
    assert not [f for f in section.findings if f.id.startswith("contacts.") or f.id == "baseline.contacts_per_case"]
    assert part.parts == ()


def test_one_contact_and_few_contacts_are_not_published(plan: Callable[..., PlanSection], called: list[Row]) -> None:
    one, five = checked(plan(called[:1])), checked(plan(called[:5]))
    for section in (one, five):
        assert "Fewer than 11 cases have a contact; figures about them are not published." in words_of(part_of(section))
        assert not [f for f in section.findings if f.id.startswith("contacts.")]
        assert "tables/contacts.csv" not in section.tables


def test_some_contacts_are_told_with_wide_bounds(plan: Callable[..., PlanSection], called: list[Row]) -> None:
    """Forty contacts: rates with intervals, no ratio that rests on too few, and no check against a later period."""
    section = checked(plan(called[:: len(called) // 40]))
    found = findings_of(section)
    assert found["baseline.contacts_per_case"].low < found["baseline.contacts_per_case"].value
    assert "contacts.repeat_ratio" not in found
    assert "could not be checked" in words_of(part_of(section)) or "contacts.forecast.total" in found


def test_a_file_without_a_contact_is_refused(plan: Callable[..., PlanSection]) -> None:
    with pytest.raises(FileFormatError, match=r"calls\.csv"):
        plan([{"case": "c", "called": ""}], "case: case, time: called")


def test_a_study_without_contacts_says_so(rows: list[Row], tmp_path: Path) -> None:
    pd.DataFrame(rows).to_csv(tmp_path / "e.csv", index=False)
    (tmp_path / "s.yaml").write_text(
        "study: {title: T, agency: A, service: S}\nlog: {path: e.csv, case: case, activity: activity, complete: complete}\n",
        encoding="utf-8",
    )
    assert "names no records of calls" in words_of(part_of(plan_section(tmp_path / "s.yaml")))


def test_reasons_that_arent_there_are_refused(plan: Callable[..., PlanSection], called: list[Row]) -> None:
    with pytest.raises(UnknownNameError, match=r"no reason 'sttus'.*Did you mean 'status'"):
        plan(called, "case: case, time: called, reason: reason, status_reasons: [sttus]")


def test_customers_link_contacts_and_are_told_nowhere(
    plan: Callable[..., PlanSection], called: list[Row], pdf_reading: Any
) -> None:
    keys = "time: called, customer: client, ambiguous: shared, reason: reason"
    section = checked(plan(called, keys, attributes=", attributes: [client]"))
    found = findings_of(section)
    assert found["contacts.link_share"].value > 0.99
    by_case = findings_of(plan(called))["baseline.contacts_per_case"]
    assert found["baseline.contacts_per_case"].value == pytest.approx(by_case.value, rel=0.02)
    for name, content in section.files().items():
        assert "client-" not in pdf_reading.shown(content), name
    assert "of customers with several open cases; nobody knows which case was meant" in words_of(part_of(section))


def test_unanswered_attempts_count_less(plan: Callable[..., PlanSection], called: list[Row]) -> None:
    """Half of the attempts were given up, of which 60% are dialled again: each counts 0.4."""
    gone = [{**c, "outcome": "gone" if k % 2 else "answered"} for k, c in enumerate(called)]
    keys = "case: case, time: called, outcome: outcome, abandoned: [gone], redial_rate: 0.6"
    section = checked(plan(gone, keys))
    whole = findings_of(plan(called))["baseline.contacts_per_case"].value
    share = np.mean([0.4 if c["outcome"] == "gone" else 1.0 for c in gone])
    assert findings_of(section)["baseline.contacts_per_case"].value == pytest.approx(whole * share, rel=0.02)
    assert "each counts 0.4 of a contact" in words_of(part_of(section))


def test_weekly_totals_run_and_say_what_they_cant_tell(plan: Callable[..., PlanSection], called: list[Row]) -> None:
    when = pd.to_datetime(pd.Series([c["called"] for c in called]), utc=True)
    monday = (when.dt.normalize() - pd.to_timedelta(when.dt.weekday, unit="D")).dt.strftime("%Y-%m-%d")
    weeks = pd.date_range(monday.min(), monday.max(), freq="7D").strftime("%Y-%m-%d")
    totals = [{"week": w, "n": int((monday == w).sum())} for w in weeks]
    section = checked(plan(totals, "week: week, count: n, timezone: UTC"))
    text = words_of(part_of(section))
    assert "Contacts are known by the week only" in text
    assert "They are weaker" in text
    assert "can't be told how many ask how far their case is" in text
    found = findings_of(section)
    each = found["baseline.contacts_per_case"]
    assert each.low < len(called) / N_CASES < each.high
    told = [f for f in section.findings if f.id.startswith("contacts.state.")]
    assert all("weekly totals" in f.method and f.low is not None for f in told)
    weekly = section.analysis.weekly
    assert weekly is not None
    assert {f.subject for f in told} == set(weekly.fit.states) - set(weekly.fit.moving_together)
    assert "contacts.status_share" not in found
    few = plan(totals[:10], "week: week, count: n, timezone: UTC")
    assert "rates from weekly totals take 26" in words_of(part_of(few))
    assert not [f for f in few.findings if f.id.startswith("contacts.")]


def test_the_agencys_own_calls_are_no_contacts_of_customers(plan: Callable[..., PlanSection], rows: list[Row]) -> None:
    own = [{"case": r["case"], "called": r["complete"]} for r in rows if r["activity"] == "Review"]
    section = checked(plan(own, "case: case, time: called"))
    part = part_of(section)
    assert isinstance(part.blocks[0], Caution)
    assert "They seem to be steps of the process" in part.blocks[0].text
    found = findings_of(section)
    assert found["baseline.contacts_per_case"].statement.startswith("The records of contacts hold")
    assert "contacts.overdue.ratio" not in found
    assert "contacts by customers" not in {
        k.label for b in section.section.blocks() for k in getattr(b, "items", ()) if hasattr(k, "label")
    }


def test_requests_are_no_contacts(plan: Callable[..., PlanSection], rows: list[Row]) -> None:
    """Each case has one record at its very arrival: by which channel it came."""
    first = {}
    for r in rows:
        first.setdefault(r["case"], {"case": r["case"], "called": r["complete"], "channel": "phone"})
    section = checked(plan(list(first.values()), "case: case, time: called, channel: channel"))
    part = part_of(section)
    assert isinstance(part.blocks[0], Caution)
    assert "seem to be the requests" in part.blocks[0].text
    assert not [f for f in section.findings if f.id.startswith("contacts.state.")]


def test_survey_answers_are_told_by_calls_and_loops(
    plan: Callable[..., PlanSection], called: list[Row], tmp_path: Path
) -> None:
    rng = np.random.default_rng(9)
    survey = tmp_path / "survey.csv"
    who = rng.choice(N_CASES, 300, replace=False)
    pd.DataFrame({"case": [f"case-{k:04}" for k in who], "score": [2 if k % 3 == 0 else 4 for k in who]}).to_csv(
        survey, index=False
    )
    section = checked(plan(called, more=f"feedback: {{path: {survey}, case: case, score: score, scale: [1, 5]}}\n"))
    found = findings_of(section)
    assert found["feedback.loops.with_a_loop.mean_score"].value == 2
    assert found["feedback.loops.without_a_loop.mean_score"].value == 4
    assert found["feedback.contacts.2_contacts_or_more.mean_score"].n >= 11
    text = words_of(part_of(section, "feedback"))
    assert "no cause can be read from the scores" in text
    assert found["feedback.answering"].low < 0 < found["feedback.answering"].high
    few = plan(called, more=f"feedback: {{path: {_few(survey)}, case: case, score: score, scale: [1, 5]}}\n")
    assert "Fewer than 11 customers answered the survey" in words_of(part_of(few, "feedback"))
    assert not [f for f in few.findings if f.id.startswith("feedback.")]
    assert "tables/feedback.csv" not in few.tables


def _few(survey: Path) -> Path:
    few = survey.with_name("few.csv")
    few.write_text("\n".join(survey.read_text(encoding="utf-8").splitlines()[:6]) + "\n", encoding="utf-8")
    return few
