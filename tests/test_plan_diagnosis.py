"""The diagnosis in the section: what it tells, what it says it can't tell, and what of people and few cases leaves it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from streamline.diagnosis import SMALL_POOLS
from streamline.figure import StepCurves
from streamline.plan import PlanSection, plan_section
from streamline.report.section import Caution, Paragraph

#: A team of four reviewers, one signer, and an office of 60 weeks' cases, ten a week.
WEEKS, A_WEEK = 60, 10


@dataclass(frozen=True, kw_only=True)
class Agency:
    """A made-up agency: what its cases look like and what its study says."""

    starts: bool = True
    people: bool = True
    standard: str | None = "9 days"
    ends: tuple[str, ...] | None = None
    study: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> list[dict[str, str]]:
        """Intake on the day of arrival, a review a few days later, Signed on Fridays at 15:00 by one person; every fourth case
        comes back for another review; cases by mail take longer."""
        rng = np.random.default_rng(3)
        made: list[dict[str, str]] = []

        def step(case: str, activity: str, begin: pd.Timestamp, minutes: float, who: str, **more: str) -> None:
            row = {"case": case, "activity": activity, "complete": (begin + pd.Timedelta(minutes=minutes)).isoformat()}
            if self.starts:
                row["start"] = begin.isoformat()
            if self.people:
                row["resource"] = who
            made.append(row | more)

        for k in range(WEEKS * A_WEEK):
            week = pd.Timestamp("2024-01-01T09:00", tz="UTC") + pd.Timedelta(weeks=k // A_WEEK)
            monday = week + pd.Timedelta(minutes=30 * (k % A_WEEK))
            mail = k % 3 == 0
            more = {
                "channel": "mail" if mail else "web",
                "clerk_in_charge": f"intake-{k % 3}",
                "region": "north" if k % 2 else "south",
            }
            step(f"c{k:04}", "Intake", monday, 20, f"intake-{k % 3}", **more)
            ready = monday + pd.Timedelta(days=1 + mail, hours=float(rng.uniform(0, 5)))
            step(f"c{k:04}", "Review", ready, 40, f"reviewer-{k % 4}", **more)
            if k % 4 == 0:
                step(f"c{k:04}", "Ask", ready + pd.Timedelta(hours=1), 5, f"intake-{k % 3}", **more)
                step(f"c{k:04}", "Review", ready + pd.Timedelta(days=1), 40, f"reviewer-{k % 4}", **more)
            signed = week.normalize() + pd.Timedelta(days=4, hours=15, minutes=2 * (k % A_WEEK))
            step(f"c{k:04}", "Sign", signed, 2, "the-signer", **more)
        return made

    def plan(
        self, folder: Path, change: Callable[[list[dict[str, str]]], list[dict[str, str]]] = lambda rows: rows
    ) -> PlanSection:
        """The section of the agency's study."""
        folder.mkdir(exist_ok=True)
        rows = change(self.rows())
        with (folder / "events.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        columns = {name: name for name in ("start", "resource") if name in rows[0]}
        study: dict[str, Any] = {
            "study": {"title": "T", "agency": "A", "service": "S"},
            "log": {"path": "events.csv", "case": "case", "activity": "activity", "complete": "complete", "timezone": "UTC",
                    "channel": "channel", "attributes": ["clerk_in_charge", "region"], **columns},
            "calendar": {"hours": {"mon-fri": "08:00-17:00"}},
        }  # fmt: skip
        if self.ends is not None:
            study["log"]["ends"] = list(self.ends)
        if self.standard is not None:
            study["standard"] = {"cycle_time": self.standard, "target": 0.9}
        (folder / "study.yaml").write_text(yaml.safe_dump(study | self.study), encoding="utf-8")
        return plan_section(folder / "study.yaml")


@pytest.fixture(scope="module")
def full(tmp_path_factory) -> PlanSection:
    return Agency(study={"costs": {"currency": "EUR", "staff_hour": 40}}).plan(tmp_path_factory.mktemp("full"))


def said(section: PlanSection, part: str) -> str:
    """All text of a part and the parts under it."""

    def texts(found: Any) -> list[str]:
        own = [b.text for b in found.blocks if isinstance(b, (Paragraph, Caution))]
        own += [t for b in found.blocks for t in getattr(b, "items", ()) if isinstance(t, str)]
        return own + [t for child in found.parts for t in texts(child)]

    return " ".join(texts(next(p for p in section.section.parts if p.id == part)))


def by_id(section: PlanSection) -> dict[str, Any]:
    return {f.id: f for f in section.findings}


def test_causes_add_up_and_agree_with_the_waiting_along_critical_paths(full) -> None:
    say = by_id(full)
    shares = [f.value for f in say.values() if f.id.startswith("waiting.") and f.id.endswith(".share")]
    assert sum(shares) == pytest.approx(1, abs=1e-12)
    w = full.analysis.diagnosis.waiting
    assert w.waiting.value / 24 == pytest.approx(say["baseline.waiting_time.mean"].value, rel=1e-12)
    assert "waiting.external.share" not in say  # no step is named as external, so there is nothing to tell of it
    assert "counted" not in said(full, "waiting")
    assert "No activity was named as external" in said(full, "waiting")


def test_batches_loops_and_prices_are_told(full) -> None:
    say = by_id(full)
    assert say["waiting.batch.1.hours"].subject == "Sign"
    assert "Fridays at 15:00" in say["waiting.batch.1.hours"].statement
    assert say["rework.first_pass_yield"].value == 0.75
    r = full.analysis.rework
    assert say["rework.cost_per_year"].value == pytest.approx(40 * say["rework.staff_hours_per_year"].value)
    assert say["rework.days_per_year"].value == pytest.approx(r.days_per_case.value * r.cases_per_year)
    assert say["rework.days_per_year"].low < say["rework.days_per_year"].value < say["rework.days_per_year"].high
    assert "EUR" in said(full, "rework")


def test_the_first_bottleneck_has_its_rank_and_what_halving_it_saves(full) -> None:
    say = by_id(full)
    assert say["bottleneck.1.share"].subject == "Sign"
    assert "weeks of arrivals" in say["bottleneck.1.share"].method
    table = full.analysis.bottlenecks.table
    assert say["bottleneck.1.rank_probability"].value == table["first_share_of_draws"].iloc[0] == 1
    assert say["bottleneck.1.days_if_halved"].value == pytest.approx(table["waiting_days_per_case"].iloc[0] / 2)


def test_no_person_and_no_small_pool_is_told(full, pdf_reading) -> None:
    """The signer is a pool of one: neither the name, the hours nor the time busy is published; nor is an attribute that
    holds names of staff."""
    files = full.files()
    people = {f"intake-{k}" for k in range(3)} | {f"reviewer-{k}" for k in range(4)} | {"the-signer"}
    for name, content in files.items():
        assert not people & set(re.findall(r"[\w-]+", pdf_reading.shown(content))), name
    assert "clerk_in_charge" in full.analysis.log.attributes
    assert "clerk_in_charge" in said(full, "method")
    assert all("clerk_in_charge" not in text for name, text in files.items() if name.endswith(".csv"))
    staff = list(csv.DictReader(io.StringIO(files["tables/staff.csv"])))
    assert sorted(int(r["n_resources"]) for r in staff) == [3, 4]
    assert SMALL_POOLS not in "".join(text for name, text in files.items() if name.endswith(".csv"))
    assert "bottleneck.by_pool.1.share" not in by_id(full)  # the pool waited for most is the signer
    assert "Of 1 pool of one or two nothing is told" in said(full, "staff")


def test_pools_that_the_study_names_are_used(tmp_path) -> None:
    section = Agency(study={"pools": {"Front office": ["intake-*"], "Examiners": ["reviewer-*"]}}).plan(tmp_path)
    staff = list(csv.DictReader(io.StringIO(section.files()["tables/staff.csv"])))
    assert {r["pool"]: r["given"] for r in staff} == {"Front office": "True", "Examiners": "True"}
    assert "Examiners (4, " in said(section, "staff")
    places = section.tables["tables/bottlenecks_by.csv"]
    assert {"Front office", "Examiners"} == set(places.loc[places["by"] == "pool", "place"])


def test_without_starts_that_is_said_and_no_cause_is_told(tmp_path) -> None:
    section = Agency(starts=False).plan(tmp_path)
    assert "hold no starts" in said(section, "waiting")
    assert not any(re.fullmatch(r"waiting\.\w+\.share", f.id) for f in section.findings)
    assert "waiting.queue.mean_number" in by_id(section)
    assert "tables/waiting.csv" not in section.files()


def test_without_people_that_is_said(tmp_path) -> None:
    section = Agency(people=False).plan(tmp_path)
    assert "don't say who did a step" in said(section, "staff")
    assert not any(f.section == "staff" for f in section.findings)
    assert "waiting.unexplained.share" in by_id(section)
    assert "records no people" in said(section, "waiting")


def test_without_a_standard_that_is_said(tmp_path) -> None:
    section = Agency(standard=None).plan(tmp_path)
    assert "names no service standard" in said(section, "standard")
    assert not any(f.id.startswith("standard.") for f in section.findings)


def test_open_cases_are_told_of_and_curves_show_no_single_case(tmp_path) -> None:
    """Of 600 cases 40 aren't signed or withdrawn; 30 end with Withdrawn. Each step of a published curve stands for 11 cases."""

    def change(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        unsigned, withdrawn = {f"c{k:04}" for k in range(560, 600)}, {f"c{k:04}" for k in range(0, 300, 10)}
        kept = [r for r in rows if not (r["activity"] == "Sign" and r["case"] in unsigned)]
        return [
            r | {"activity": "Withdrawn"} if r["activity"] == "Sign" and r["case"] in withdrawn else r for r in kept
        ]

    section = Agency(ends=("Sign", "Withdrawn"), standard="3 days").plan(tmp_path, change)
    say = by_id(section)
    assert say["endings.1.share"].subject == "Sign"
    assert say["endings.2.share"].subject == "Withdrawn"
    # the log ends with the fifty-ninth week: of its cases and of those left unsigned before it some are past three days
    assert say["standard.overdue"].n == 40
    (chart,) = [f.chart for f in section.section.figures if isinstance(f.chart, StepCurves)]
    days = np.sort(section.analysis.diagnosis.endings.cases.dropna(subset="way")["days"].to_numpy())
    for curve in chart.curves:
        by_then = np.searchsorted(days, sorted(set(curve.at[1:])), side="right")
        assert np.diff([0, *by_then, len(days)]).min() >= 11
        assert len(days) - by_then[-1] < 100  # and the curve isn't cut short
        assert min(n for _, n in curve.at_risk) >= 11


def test_a_target_that_is_missed_is_said_to_be(tmp_path) -> None:
    section = Agency(standard="2 days").plan(tmp_path)
    gap = by_id(section)["standard.gap"]
    assert gap.value == pytest.approx(section.analysis.cycle.within_standard.value - 0.9)
    assert "it is missed" in gap.statement


@pytest.mark.real
def test_the_permits_findings_are_those_of_their_truth(shared_truth, studied) -> None:
    """Approval in one weekly batch on Thursdays at 13:00, waits for customers, a queue before review: so it was simulated."""
    section = studied("permits")
    say = by_id(section)
    assert (say["bottleneck.1.share"].subject, say["waiting.batch.1.hours"].subject) == (
        "Approve decision",
        "Approve decision",
    )
    assert "Thursdays at 13:00" in say["waiting.batch.1.hours"].statement
    shares = {c: say[f"waiting.{c}.share"].value for c in ("external", "batching", "unavailability", "contention")}
    assert sum(shares.values()) == pytest.approx(1, abs=1e-9)
    assert min(shares.values()) > 0.05
    for cause in ("prioritisation", "extraneous"):
        assert say[f"waiting.{cause}.share"].value == 0
    w = section.analysis.diagnosis.waiting
    steps = w.by_activity.set_index("activity")
    assert steps["external_hours_per_case"].idxmax() == "Information received"
    assert steps.drop(index="Approve decision")["contention_hours_per_case"].idxmax() == "Technical review"
