"""What is in a log, how good it is, and where its time goes: the first look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamline.log.event_log import EventLog
from streamline.log.quality import DataQuality, data_quality
from streamline.log.read import read_log
from streamline.measure.duration import CycleTime, cycle_time
from streamline.measure.flow import Variants, variants
from streamline.measure.loops.rework import ReworkLoops, rework_loops
from streamline.measure.waits.bottleneck import Bottlenecks, bottlenecks
from streamline.results import rows_of
from streamline.units import DAY, duration_words

ROWS = 8


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """The first look at a log; cycle times, bottlenecks and loops are None when no case is closed."""

    log: EventLog = field(repr=False)
    quality: DataQuality
    variants: Variants
    cycle: CycleTime | None
    bottlenecks: Bottlenecks | None
    rework: ReworkLoops | None

    def to_dict(self) -> dict[str, Any]:
        """Counts, quality findings and the tables as records."""
        first, last = self.log.instants(self.log.arrival[[0]])[0], self.log.observed_until
        return {
            "source": self.log.source,
            "cases": self.log.n_cases,
            "closed_cases": int(self.log.closed.sum()),
            "steps": self.log.n_steps,
            "activities": list(self.log.activities),
            "first_arrival": str(first),
            "observed_until": str(self.log.instants(_one(last))[0]),
            "rows": self.log.notes.n_rows,
            "rejected": len({r.row for r in self.log.rejects}),
            "reading": dict(self.log.notes.reading),
            "quality": self.quality.to_dict()["rows"],
            "cycle_time": None if self.cycle is None else self.cycle.to_dict()["rows"],
            "bottlenecks": None if self.bottlenecks is None else self.bottlenecks.to_dict()["rows"],
            "rework": None if self.rework is None else self.rework.to_dict()["rows"],
        }

    def text(self) -> str:
        """The first look in words."""
        log = self.log
        lines = [
            f"{log.source}: {log.n_cases:,} cases ({int(log.closed.sum()):,} closed), {log.n_steps:,} steps of "
            f"{len(log.activities):,} activities, {len({r.row for r in log.rejects}):,} of {log.notes.n_rows:,} rows set aside",
            f"  from {log.instants(log.arrival[[0]])[0]:%Y-%m-%d} to {log.instants(_one(log.observed_until))[0]:%Y-%m-%d}, "
            f"times told in {log.timezone}",
            "",
            "How it was read",
            *(f"  {k}: {v}" for k, v in log.notes.reading.items()),
            "",
            "What was met in the records",
            *(
                [f"  - {f.statement} {f.advice}" + _examples(f.examples) for f in self.quality.findings]
                or ["  nothing"]
            ),
        ]
        if self.cycle is None or self.bottlenecks is None or self.rework is None:
            return "\n".join(
                [*lines, "", "No case is closed, so no cycle time can be told. Name activities with --end."]
            )
        lines += [
            "",
            f"Cycle time of {self.cycle.n:,} closed cases (elapsed)",
            *(
                f"  {r.measure:<18} {duration_words(r.value * DAY)}"
                for r in rows_of(self.cycle.table)
                if r.unit == "days"
            ),
            "",
            "Where the time goes (share of total cycle time"
            + (", waiting)" if log.has_start else ", waiting and work together: no starts are recorded)"),
            *(f"  {r.share:6.1%}  {r.activity}" for r in rows_of(self.bottlenecks.table.head(ROWS))),
            "",
            f"What comes back ({self.rework.cases_share.value:.0%} of the closed cases; days per case over all of them)",
            *(
                f"  {r.days_per_case:8.2f}  {r.loop} ({r.n_cases:,} cases)"
                for r in rows_of(self.rework.table.head(ROWS))
            ),
            *(["  nothing"] if self.rework.table.empty else []),
            "",
            f"Routes: {len(self.variants.table):,} different ones; the most frequent has "
            f"{self.variants.table['share'].iloc[0]:.0%} of {self.variants.n:,} cases",
        ]
        return "\n".join(lines)


def _examples(examples: Sequence[str]) -> str:
    return f" ({', '.join(examples)})" if examples else ""


def _one(instant: int) -> Any:
    import numpy as np

    return np.array([instant], dtype=np.int64)


def inspection(source: str | Path, **options: Any) -> Inspection:
    """Read the log with `read_log`'s options and take a first look. Rows set aside don't stop it, but are told.

    Raises what `read_log` raises, except for too many rejects.
    """
    log = read_log(source, **options, max_rejected=1.0)
    closed = bool(log.closed.any())
    return Inspection(
        log=log,
        quality=data_quality(log),
        variants=variants(log),
        cycle=cycle_time(log) if closed else None,
        bottlenecks=bottlenecks(log) if closed else None,
        rework=rework_loops(log) if closed else None,
    )
