"""Estimates against services whose true effects are known; `make truth` prints the whole table."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from streamline.plan import PlanSection

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import truth  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
#: Figures whose estimate is known to lie outside its bound, and why; the test tells when one no longer does.
SHORT: dict[tuple[str, str, str], str] = {}


SETS = ["permits", "permits-calm", "permits-busy"]


@pytest.fixture(scope="module")
def rows(shared_truth: Path) -> list[truth.Row]:
    return [row for name in SETS for row in truth.rows_of(shared_truth / name)]


@pytest.mark.real
def test_every_figure_lies_within_its_bound(rows: list[truth.Row]) -> None:
    """The baselines within 3%, each change within 15% or 0.15 days, 0.01 contacts, one point of the share in time."""
    assert len(rows) == len(SETS) * 3 * 8
    assert {(r.service, r.scenario, r.measure) for r in rows if not r.near} == set(SHORT)


@pytest.mark.real
def test_intervals_hold_the_truth_in_eighteen_of_twenty(rows: list[truth.Row]) -> None:
    changes = [r for r in rows if r.scenario != "as it is (observed)"]
    assert sum(r.held for r in changes) >= 0.9 * len(changes), [r for r in changes if not r.held]


def test_the_sample_agency(sample_section: PlanSection) -> None:
    """Its own scenarios, by its own simulation: mean cycle time and staff hours within 15%."""
    told = json.loads((ROOT / "sample_logs" / "scenario_truth.json").read_text(encoding="utf-8"))["minus_as_is"]
    estimates = {s.slug: e for s, e in sample_section.analysis.scenarios}
    assert set(estimates) == set(told) - {"as_is"}
    for name, e in estimates.items():
        assert e["staff_hours_per_case"].change == pytest.approx(
            told[name]["staff_hours_per_case"][0], rel=0.15, abs=0.05
        ), name
        assert e["cycle_time.mean"].change == pytest.approx(told[name]["mean_days"][0], rel=0.15, abs=0.15), name
