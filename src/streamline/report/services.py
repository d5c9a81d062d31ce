"""Services beside each other, from the findings that each one's section publishes.

*Days saved a year*: what a service's best proposal takes off the mean cycle time, times the cases that arrive in a year; days
that cases are open, not days of work. The *best proposal* is the one that lowers the mean cycle time most.

One interval in twenty misses by chance, and the best of several estimates looks better than it is. So the intervals that
services are compared by hold *together*: with a probability of 95% all of them do, for every proposal of every service at
once (Bonferroni). Two services whose intervals overlap can't be told apart; none is said to be ahead of the other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from statistics import NormalDist
from typing import Any, get_args

import pandas as pd

from streamline.findings import Findings, PublishedFinding
from streamline.results import plain
from streamline.units import YEAR_DAYS
from streamline.whatif.validate import Verdict

LEVEL = 0.95
#: Only estimates with this verdict are ordered by their size; the others' sizes aren't to be relied on.
FIT: Verdict = "fit for decisions"
_MEASURE = "cycle_time.mean"
#: Column of the table: the finding that it holds.
_BESIDE = {
    "mean_cycle_days": "baseline.cycle_time.mean",
    "within_standard": "baseline.within_standard",
    "waiting_days": "baseline.waiting_time.mean",
    "rework_days_per_case": "rework.days_per_case",
    "contacts_per_case": "baseline.contacts_per_case",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service: the name of its study in the batch, whose it is, and what its section says."""

    name: str
    agency: str
    service: str
    findings: Findings = field(repr=False)
    #: What it is called beside the others: its service, and what tells it from one of the same name.
    label: str = ""

    @property
    def period_days(self) -> int:
        """Days from the first to the last arrival, both included."""
        first, last = (date.fromisoformat(day) for day in self.findings.source.period)
        return (last - first).days + 1

    @property
    def cases_per_year(self) -> float:
        """Cases that arrive in a year, at the rate of the records."""
        return self.findings.source.cases / self.period_days * YEAR_DAYS

    @property
    def verdict(self) -> str:
        """What the check of its estimates allows them to be used for; empty without proposals."""
        if "validation.verdict" not in self.findings:
            return ""
        said = self.findings["validation.verdict"].statement
        return next((v for v in get_args(Verdict) if said.startswith(f"The estimates are {v}.")), "not known")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What a proposal would save in a year, in days that cases are open."""

    service: Service
    proposal: str
    #: Change of the mean cycle time, days; less than 0 is a saving. The interval is that of the service's own section.
    change: float
    change_low: float
    change_high: float
    level: float
    n: int
    saved: float
    #: Bounds that hold for all proposals of all services together.
    saved_low: float
    saved_high: float

    def overlaps(self, other: Gain) -> bool:
        """Whether the two can't be told apart."""
        return self.saved_low <= other.saved_high and other.saved_low <= self.saved_high

    @property
    def is_saving(self) -> bool:
        """Whether a saving can be told from chance."""
        return self.saved_low > 0


@dataclass(frozen=True, kw_only=True, repr=False)
class ServicesCompared:
    """Services beside each other. `table`, one row a service, the most to gain first, then those whose estimates aren't fit for
    decisions, then those without a proposal: name, service, agency, n_cases, cases_per_year; mean_cycle_days, within_standard,
    waiting_days, rework_days_per_case and contacts_per_case, each with _low and _high; waiting_share (of the cycle time),
    proposal, change_days with _low and _high, saved_days_per_year with _low and _high (these hold together), check, tied_with
    (names, with "; " between them). NaN where a section doesn't tell it."""

    services: tuple[Service, ...]
    #: The best proposal of each service that has one; the most to gain first.
    ranked: tuple[Gain, ...]
    #: The same of services whose estimates aren't fit for decisions: they stand in no order.
    unranked: tuple[Gain, ...]
    table: pd.DataFrame = field(repr=False)
    #: One row a proposal: name, service, proposal, change_days and saved_days_per_year with _low and _high, check.
    proposals: pd.DataFrame = field(repr=False)

    def tied(self, gain: Gain) -> tuple[Gain, ...]:
        """The ranked services that this one can't be told apart from."""
        return tuple(g for g in self.ranked if g.service.name != gain.service.name and g.overlaps(gain))

    def records(self) -> list[dict[str, Any]]:
        """The table for JSON: NaN becomes None."""
        rows = self.table.to_dict(orient="records")
        return [{str(k): plain(v) if isinstance(v, float) else v for k, v in row.items()} for row in rows]

    def __repr__(self) -> str:
        return f"<ServicesCompared: {len(self.services)} services, {len(self.ranked)} of them ranked>"


def services_compared(services: Sequence[Service]) -> ServicesCompared:
    """Set services beside each other by what their best proposals would save."""
    services = _labelled(services)
    counted = [f for s in services for f in _proposals(s)]
    wider = _wider(len(counted))
    gains = [_gain(s, f, wider) for s in services for f in _proposals(s)]
    best = [
        min((g for g in gains if g.service.name == s.name), key=lambda g: (g.change, g.proposal))
        for s in services
        if any(g.service.name == s.name for g in gains)
    ]
    best.sort(key=lambda g: (-g.saved, g.service.name))
    ranked = tuple(g for g in best if g.service.verdict == FIT)
    unranked = tuple(sorted((g for g in best if g.service.verdict != FIT), key=lambda g: g.service.name))
    with_gain = {g.service.name for g in best}
    without = sorted((s for s in services if s.name not in with_gain), key=lambda s: s.name)
    rows = [_row(g.service, g, ranked) for g in (*ranked, *unranked)] + [_row(s, None, ranked) for s in without]
    return ServicesCompared(
        services=tuple(services),
        ranked=ranked,
        unranked=unranked,
        table=pd.DataFrame(rows, columns=list(_row_names())),
        proposals=pd.DataFrame([_of_gain(g) for g in gains], columns=list(_OF_GAIN)),
    )


def _labelled(services: Sequence[Service]) -> list[Service]:
    """The services with their labels: those of one name are told apart by their agency, and where that doesn't do, by their
    study."""
    named = Counter(s.service for s in services)
    whose = Counter((s.service, s.agency) for s in services)

    def label(s: Service) -> str:
        if named[s.service] == 1:
            return s.service
        return f"{s.service} ({s.agency if whose[s.service, s.agency] == 1 else s.name.replace('_', ' ')})"

    return [replace(s, label=label(s)) for s in services]


def _proposals(service: Service) -> list[PublishedFinding]:
    """What each proposal does to the mean cycle time, where that is estimated with an interval."""
    return [
        f
        for name, f in service.findings.items()
        if name.startswith("scenario.") and name.endswith(f".{_MEASURE}")
        if f.change is not None and f.change_low is not None and f.change_high is not None and f.level is not None
    ]


def _wider(n: int) -> float:
    """By how much `n` intervals of the level are widened, so that all hold together at that level; as if errors were normal."""
    normal = NormalDist()
    return normal.inv_cdf(1 - (1 - LEVEL) / (2 * max(n, 1))) / normal.inv_cdf((1 + LEVEL) / 2)


def _gain(service: Service, f: PublishedFinding, wider: float) -> Gain:
    assert f.change is not None
    assert f.change_low is not None
    assert f.change_high is not None
    assert f.level is not None
    # an interval of another level is first brought to this one's
    scale = wider * NormalDist().inv_cdf((1 + LEVEL) / 2) / NormalDist().inv_cdf((1 + f.level) / 2)
    low, high = f.change - scale * (f.change - f.change_low), f.change + scale * (f.change_high - f.change)
    per_year = service.cases_per_year
    return Gain(
        service=service, proposal=f.scenario or f.id, change=f.change, change_low=f.change_low, change_high=f.change_high,
        level=f.level, n=f.n, saved=-f.change * per_year, saved_low=-high * per_year, saved_high=-low * per_year,
    )  # fmt: skip


#: Columns of a proposal.
_OF_GAIN = (
    "name", "service", "proposal", "change_days", "change_days_low", "change_days_high", "saved_days_per_year",
    "saved_days_per_year_low", "saved_days_per_year_high", "check",
)  # fmt: skip


def _of_gain(g: Gain) -> dict[str, Any]:
    numbers = (g.change, g.change_low, g.change_high, g.saved, g.saved_low, g.saved_high)
    texts = (g.service.name, g.service.service, g.proposal)
    return dict(zip(_OF_GAIN, (*texts, *numbers, g.service.verdict), strict=True))


def _row_names() -> tuple[str, ...]:
    beside = tuple(f"{name}{end}" for name in _BESIDE for end in ("", "_low", "_high"))
    return (
        "name", "service", "agency", "n_cases", "cases_per_year", *beside, "waiting_share", *_OF_GAIN[2:], "tied_with",
    )  # fmt: skip


def _row(service: Service, gain: Gain | None, ranked: Sequence[Gain]) -> dict[str, Any]:
    source = service.findings.source
    row: dict[str, Any] = {
        "name": service.name, "service": service.service, "agency": service.agency, "n_cases": source.cases,
        "cases_per_year": service.cases_per_year,
    }  # fmt: skip
    for name, id_ in _BESIDE.items():
        found = service.findings.get(id_)
        ends = (None, None, None) if found is None else (found.value, found.low, found.high)
        row |= {
            f"{name}{end}": math.nan if v is None else v for end, v in zip(("", "_low", "_high"), ends, strict=True)
        }
    row["waiting_share"] = row["waiting_days"] / row["mean_cycle_days"] if row["mean_cycle_days"] else math.nan
    told = dict.fromkeys(_OF_GAIN, math.nan) | {"proposal": "", "check": service.verdict}
    row |= {k: v for k, v in (told if gain is None else _of_gain(gain)).items() if k in _OF_GAIN[2:]}
    tied = [
        g.service.name for g in ranked if gain is not None and gain in ranked and g is not gain and g.overlaps(gain)
    ]
    return {**row, "tied_with": "; ".join(tied)}
