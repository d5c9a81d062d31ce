"""A made-up office of few hundred cases with groups that are too small to be told of, as records and a study."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from streamline.plan import PlanSection, plan_section

#: How often each channel is used, and each way to go on: some of both are rare.
CHANNELS = ("web", "mail", "phone", "fax")
DISTRICTS = ("north", "south", "east", "far islands")


@dataclass(frozen=True, kw_only=True)
class Office:
    """What the cases of an office look like, from a seed."""

    seed: int = 1
    n_cases: int = 400
    weeks: int = 40
    #: Shares of the channels and the districts.
    channels: Sequence[float] = (0.60, 0.32, 0.06, 0.02)
    districts: Sequence[float] = (0.5, 0.3, 0.185, 0.015)
    #: Shares of cases that are sent back, withdrawn, and still open.
    sent_back: float = 0.25
    withdrawn: float = 0.02
    still_open: float = 0.03
    #: Contacts per case.
    contacts: float = 0.5
    study: dict[str, Any] = field(default_factory=dict)

    def records(self) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
        """Steps and contacts, a dictionary each."""
        rng = np.random.default_rng(self.seed)
        steps: list[dict[str, str]] = []
        calls: list[dict[str, str]] = []
        for k in range(self.n_cases):
            at = pd.Timestamp("2024-01-01T08:00", tz="UTC") + pd.Timedelta(
                days=7 * (k * self.weeks // self.n_cases) + int(rng.integers(5)), minutes=int(rng.integers(300))
            )
            case = f"case-{k:04}-q"
            faith = "orthodox" if rng.random() < 0.3 else "lutheran"
            more = {
                "channel": str(rng.choice(CHANNELS, p=list(self.channels))),
                "district": str(rng.choice(DISTRICTS, p=list(self.districts))),
                "faith": faith,
            }
            first, last = at, at

            def step(activity: str, who: str, hours: float, case: str = case, more: dict[str, str] = more) -> None:
                nonlocal last
                begin = last + pd.Timedelta(hours=hours)
                last = begin + pd.Timedelta(minutes=20)
                steps.append({"case": case, "activity": activity, "start": begin.isoformat(), "complete": last.isoformat(),
                              "resource": who} | more)  # fmt: skip

            step("Intake", f"clerk-{k % 3}-q", 1)
            if rng.random() < 0.03:
                step("Special hearing", f"judge-{k % 3}-q", 30)
            step("Review", f"reviewer-{k % 4}-q", float(rng.exponential(40)) + 60 * (faith == "orthodox"))
            if rng.random() < self.sent_back + 0.4 * (faith == "orthodox"):
                step("Ask", f"clerk-{k % 3}-q", 3)
                step("Review", f"reviewer-{k % 4}-q", float(rng.exponential(30)))
            end = rng.random()
            if end >= self.still_open:
                gone = end < self.still_open + self.withdrawn
                step("Withdrawn" if gone else "Sign", f"signer-{k % 3}-q", float(rng.exponential(20)))
            for _ in range(int(rng.poisson(self.contacts))):
                when = first + (last - first) * float(rng.random())
                reason = str(rng.choice(["status", "documents", "complaint"], p=[0.7, 0.27, 0.03]))
                by = str(rng.choice(["phone", "email"], p=[0.9, 0.1]))
                calls.append({"case": case, "time": when.isoformat(), "channel": by, "reason": reason})
        return steps, calls

    def plan(self, folder: Path) -> PlanSection:
        """The section of the office's study."""
        folder.mkdir(exist_ok=True)
        steps, calls = self.records()
        for name, rows in (("events.csv", steps), ("calls.csv", calls)):
            if rows:
                with (folder / name).open("w", encoding="utf-8", newline="") as file:
                    writer = csv.DictWriter(file, fieldnames=list(rows[0]))
                    writer.writeheader()
                    writer.writerows(rows)
        study: dict[str, Any] = {
            "study": {"title": "T", "agency": "A", "service": "S"},
            "log": {"path": "events.csv", "case": "case", "activity": "activity", "start": "start", "complete": "complete",
                    "resource": "resource", "channel": "channel", "attributes": ["district", "faith"], "timezone": "UTC",
                    "ends": [e for e in ("Sign", "Withdrawn") if any(r["activity"] == e for r in steps)]},
            "calendar": {"hours": {"mon-fri": "08:00-17:00"}},
            "standard": {"cycle_time": "4 days", "target": 0.9},
        }  # fmt: skip
        if calls:
            study["contacts"] = {"path": "calls.csv", "case": "case", "time": "time", "channel": "channel",
                                 "reason": "reason", "status_reasons": ["status"]}  # fmt: skip
        (folder / "study.yaml").write_text(yaml.safe_dump(study | self.study), encoding="utf-8")
        return plan_section(folder / "study.yaml")
