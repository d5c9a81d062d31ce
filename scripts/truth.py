"""Estimates against services whose true effects are known: the table of `make truth`.

    python scripts/truth.py FOLDER [FOLDER ...]

Each folder holds the records of a service, its study and truth.json: what the service really does under each scenario,
simulated by somebody else (see the README beside the sets). The truth is read here only, to be compared with. Writes
Markdown to stdout; exit code 1 when a figure lies outside its bound.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import Any

import yaml

from streamline.plan import PlanSection, plan_section

#: Bound of each figure: the larger of this share of the true change and this amount.
BOUNDS = {"mean": (0.15, 0.15), "calls_per_case": (0.15, 0.01), "within": (0.0, 0.01)}
MEASURES = {"mean": "cycle_time.mean", "calls_per_case": "contacts_per_case", "within": "within_standard"}
UNITS = {"mean": "days", "calls_per_case": "contacts a case", "within": "share in time"}
#: Of the baseline against what this log shows.
BASELINE = 0.03
#: Of a service whose truth is told as a share of the mean as it is (loan): the larger of 15% and five points of it.
POINTS = 0.05
#: Half width of a 95% interval, in standard errors.
Z = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure: ours with its interval, the truth, and whether it lies within its bound and the interval holds it."""

    service: str
    scenario: str
    measure: str
    ours: float
    low: float
    high: float
    true: float
    #: Standard error of the truth, which is a mean of some simulations.
    error: float
    near: bool
    held: bool

    @property
    def agrees(self) -> bool:
        """Whether the interval holds the truth once the truth's own error is added to it (as variances)."""
        if self.true <= self.ours:
            return self.ours - self.true <= hypot(self.ours - self.low, Z * self.error)
        return self.true - self.ours <= hypot(self.high - self.ours, Z * self.error)


def rows_of(folder: Path) -> Iterator[Row]:
    """The figures of one service."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    plan = _planned(folder)
    found = {s.slug: e for s, e in plan.analysis.scenarios}
    first = next(iter(found.values()))
    seen, as_is = truth["observed"], truth["scenarios"]["as_is"]
    for measure, figure_id in MEASURES.items():
        key = _key(as_is, measure)
        if key is None or figure_id not in {f.measure for f in first.figures} or not _same(plan, key):
            continue
        baseline = first[figure_id].baseline
        near = abs(baseline - seen[key]) <= BASELINE * abs(seen[key])
        yield Row(
            service=folder.name, scenario="as it is (observed)", measure=measure, ours=baseline, low=baseline, high=baseline,
                  true=seen[key], error=0.0, near=near, held=near)  # fmt: skip
        for slug, estimate in found.items():
            figure = estimate[figure_id]
            if "changes" in truth and key in truth["changes"].get(slug, {}):
                true, error = truth["changes"][slug][key]
            else:
                after, before = truth["scenarios"][slug][key], as_is[key]
                true, error = after[0] - before[0], hypot(after[1], before[1])
            share, amount = BOUNDS[measure]
            if "calls_per_case" not in as_is and measure == "mean":
                amount = POINTS * as_is[key][0]
            bound = max(share * abs(true), amount)
            yield Row(
                service=folder.name, scenario=slug, measure=measure, ours=figure.change, low=figure.change_low,
                high=figure.change_high, true=true, error=error,
                near=abs(figure.change - true) <= bound, held=figure.change_low <= true <= figure.change_high,
            )  # fmt: skip


def _planned(folder: Path) -> PlanSection:
    """The section of a service, without estimates at part of each scenario's strength, of which no truth is told."""
    study = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
    study["simulation"] = {**study.get("simulation", {}), "shares": []}
    with tempfile.TemporaryDirectory() as beside:
        for file in folder.iterdir():
            if file.name != "study.yaml":
                (Path(beside) / file.name).symlink_to(file.resolve())
        changed = Path(beside) / "study.yaml"
        changed.write_text(yaml.safe_dump(study, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return plan_section(changed)


def _key(figures: dict[str, Any], measure: str) -> str | None:
    """The truth's name of a measure; the share in time is named after its standard."""
    return next((k for k in figures if k == measure or (measure == "within" and k.startswith("within_"))), None)


def _same(plan: Any, key: str) -> bool:
    """Whether the share in time is told of the study's own standard."""
    if not key.startswith("within_"):
        return True
    standard = plan.analysis.study.standard
    return standard is not None and standard.cycle_time.split()[0] == key.removeprefix("within_")


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Estimates against services whose true effects are known.")
    parser.add_argument("folders", nargs="+", type=Path)
    options = parser.parse_args()
    rows = [row for folder in options.folders for row in rows_of(folder)]
    print("| service | scenario | figure | estimate | 95% interval | truth ± s.e. | near | held |")
    print("|---|---|---|--:|---|--:|---|---|")
    for r in rows:
        said = f"{r.ours:+.3f}" if r.scenario != "as it is (observed)" else f"{r.ours:.3f}"
        span = f"{r.low:+.3f} to {r.high:+.3f}" if r.scenario != "as it is (observed)" else ""
        near_ = "yes" if r.near else "**no**"
        held_ = "yes" if r.held else "within s.e." if r.agrees else "**no**"
        true_ = f"{r.true:+.3f}" + (f" ± {r.error:.3f}" if r.error else "")
        print(f"| {r.service} | {r.scenario} | {UNITS[r.measure]} | {said} | {span} | {true_} | {near_} | {held_} |")
    changes = [r for r in rows if r.scenario != "as it is (observed)"]
    near, held, agrees = sum(r.near for r in rows), sum(r.held for r in changes), sum(r.agrees for r in changes)
    print(
        f"\n{near} of {len(rows)} figures lie within their bounds; the intervals hold the truth in {held} of {len(changes)}, "
        f"and in {agrees} when the standard error of the truth itself is added to them."
    )
    return 0 if near == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
