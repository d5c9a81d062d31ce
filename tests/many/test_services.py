"""Services beside each other: who is ahead beyond chance, who is tied, and what can't be compared by size."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from streamline.findings import Findings, findings_of
from streamline.report.services import Service, services_compared
from streamline.report.services_section import services_section
from streamline.report.to_docx import to_docx
from streamline.report.to_html import to_html


def findings(
    cases: int, changes: dict[str, tuple[float, float, float]], *, verdict: str = "fit for decisions"
) -> Findings:
    """Findings of a year (2025) with these changes of the mean cycle time: value, low, high."""
    basis: dict[str, Any] = {"level": 0.95, "unit": "days", "n": cases, "method": "m", "caveats": [], "table": None}
    found = [
        {
            "id": "baseline.cycle_time.mean",
            "section": "baseline",
            "statement": "s",
            "value": 10.0,
            "low": 9.0,
            "high": 11.0,
            **basis,
        }
    ]
    found += [
        {
            "id": f"scenario.{name}.cycle_time.mean", "section": "scenario", "statement": "s", "value": 10 + v, "low": 10 + low,
            "high": 10 + high, **basis, "scenario": name, "baseline": 10.0, "change": {"value": v, "low": low, "high": high},
        }
        for name, (v, low, high) in changes.items()
    ]  # fmt: skip
    if changes:
        said = f"The estimates are {verdict}. Because."
        found.append(
            {
                "id": "validation.verdict",
                "section": "validation",
                "statement": said,
                "value": 0.1,
                "low": None,
                "high": None,
                **basis,
            }
        )
    study = {"title": "T", "period": ["2025-01-01", "2025-12-31"], "cases": cases, "open_cases": 0}
    made = {"inputs": [], "version": "1", "seed": 1}
    return findings_of({"schema": "streamline.findings/1", "study": study, "provenance": made, "findings": found})


def service(name: str, found: Findings, *, called: str = "") -> Service:
    return Service(name=name, agency="Agency", service=called or name.capitalize(), findings=found)


def test_days_saved_a_year_by_hand():
    """1,000 cases in 365 days are 1,000.68 a year (365.25 days); one proposal of one day: its interval isn't widened."""
    compared = services_compared([service("a", findings(1000, {"p": (-1.0, -1.5, -0.5)}))])
    row = compared.table.iloc[0]
    assert row["cases_per_year"] == pytest.approx(1000 * 365.25 / 365)
    ends = [row[f"saved_days_per_year{end}"] for end in ("", "_low", "_high")]
    assert ends == pytest.approx([1000.685, 500.342, 1501.027], rel=1e-5)


def test_the_most_to_gain_is_said_only_beyond_chance():
    clear = services_compared(
        [
            service("a", findings(1000, {"p": (-1.0, -1.2, -0.8)})),
            service("b", findings(1000, {"q": (-3.0, -3.3, -2.7)})),
        ]
    )
    said = services_section(clear).findings[0].statement
    assert said.startswith("B has the most to gain: “q”")
    assert "beyond chance" in said
    tied = services_compared(
        [
            service("a", findings(1000, {"p": (-2.5, -3.0, -2.0)})),
            service("b", findings(1000, {"q": (-3.0, -3.3, -2.7)})),
        ]
    )
    assert "can't be told apart from A" in services_section(tied).findings[0].statement
    assert list(tied.table["tied_with"]) == ["a", "b"]


def test_intervals_hold_together_for_all_proposals():
    """Ten proposals: intervals of 99.5% each, as wide as z(0.9975) / z(0.975) times."""
    changes = {f"p{k}": (-1.0, -1.5, -0.5) for k in range(10)}
    row = services_compared([service("a", findings(365, changes))]).proposals.iloc[0]
    wider = NormalDist().inv_cdf(0.9975) / NormalDist().inv_cdf(0.975)
    assert (row["saved_days_per_year"] - row["saved_days_per_year_low"]) / 365.25 == pytest.approx(0.5 * wider)


def test_alike_services_are_told_apart_in_at_most_5_of_100_runs():
    """Six services of one true saving, three proposals each; the best of each is picked by its estimate."""
    rng, alarms = np.random.default_rng(1), 0
    for _ in range(100):
        estimates = rng.normal(-2.0, 0.3, (6, 3))
        some = [
            service(f"s{k}", findings(500, {f"p{j}": (v, v - 1.96 * 0.3, v + 1.96 * 0.3) for j, v in enumerate(row)}))
            for k, row in enumerate(estimates)
        ]
        compared = services_compared(some)
        alarms += any(len(compared.tied(g)) < 5 for g in compared.ranked)
    assert alarms <= 5


def test_estimates_whose_size_is_not_to_be_relied_on_stand_in_no_order():
    compared = services_compared(
        [
            service("a", findings(1000, {"p": (-9.0, -9.1, -8.9)}, verdict="fit for direction only")),
            service("b", findings(1000, {"q": (-1.0, -1.1, -0.9)})),
            service("c", findings(1000, {})),
        ]
    )
    assert list(compared.table["name"]) == ["b", "a", "c"]
    assert [g.service.name for g in compared.ranked] == ["b"]
    page = to_html(services_section(compared))
    assert "not compared" in page
    assert "A (fit for direction only)" in page


def test_no_saving_is_not_the_most_to_gain():
    compared = services_compared([service("a", findings(1000, {"p": (-0.1, -0.5, 0.3)}))])
    assert services_section(compared).findings[0].statement.startswith("No service has a proposal whose saving")


def test_services_of_one_name_are_told_apart():
    some = [service(n, findings(1000, {"p": (-1.0, -1.2, -0.8)}), called="Permits") for n in ("north", "south")]
    assert [s.label for s in services_compared(some).services] == ["Permits (north)", "Permits (south)"]


def test_a_batch_of_failures_alone_still_says_why():
    section = services_section(services_compared([]), failures=[("lost", "lost.yaml isn't there\nnor anywhere")])
    page = to_html(section)
    assert "lost.yaml isn&#39;t there nor anywhere" in page
    assert to_docx(section)[:2] == b"PK"
