"""The published tables, unrounded, and results whose charts show nothing of few cases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pandas as pd

from streamline.figure import Histogram
from streamline.log.raw import Reject
from streamline.measure.loops.rework import ReworkLoops
from streamline.report import diagnosed
from streamline.report.analysis import Analysis
from streamline.report.findings.contact_records import contact_quality_words, few_contacts
from streamline.report.findings.records import hidden_count, quality_words
from streamline.report.privacy import harmless_text, publishable, small_rows, suppressed_rows
from streamline.report.published_contacts import CONTACT_FILES, contact_tables
from streamline.report.published_counts import tells_of_few, transitions, without_remainders
from streamline.report.published_diagnosis import diagnosis_tables
from streamline.results import Result
from streamline.whatif.value import Value

AnyResult = TypeVar("AnyResult", bound=Result)


def publishable_result(result: AnyResult, a: Analysis) -> AnyResult:
    """The same result without the rows of too few cases, so that its chart shows none of them."""
    rule = small_rows if isinstance(result, ReworkLoops) else suppressed_rows
    hidden = rule(result.table["n_cases"], minimum=a.minimum_cell)
    return replace(result, table=result.table[~hidden].reset_index(drop=True))


#: What each published table holds.
FILES = {
    "tables/baseline.csv": "cycle time: each measure with its interval",
    "tables/bottlenecks.csv": "waiting, service and sojourn by step awaited",
    "tables/bottlenecks_by.csv": "the same by pool, hand-off, channel and attribute",
    "tables/slow.csv": "what sets slow cases apart",
    "tables/waiting.csv": "waiting by cause",
    "tables/waiting_by_step.csv": "waiting by cause and step awaited",
    "tables/waiting_by_pool.csv": "waiting by cause and pool of people",
    "tables/batches.csv": "steps done in batches, and what fires them",
    "tables/queue.csv": "how many cases waited for the first bottleneck, by week, month or quarter",
    "tables/wait_shifts.csv": "mean waits by month, with their levels",
    "tables/staff.csv": "pools of people: work, hours, how busy they are",
    "tables/standard.csv": "the share within the standard by month or quarter, and by group",
    "tables/at_risk.csv": "open cases and the standard",
    "tables/endings.csv": "in which ways cases end",
    "tables/channels.csv": "the service by channel",
    "tables/compared.csv": "groups of cases compared, such as offices",
    "tables/transitions.csv": "transitions between steps",
    "tables/variants.csv": "routes through the process",
    "tables/rework.csv": "families of loops",
    "tables/first_passes.csv": "how often each step is needed only once",
    "tables/matched_loops.csv": "cases with a loop beside like cases without it",
    "tables/ping_pong.csv": "cases handed over and straight back",
    "tables/loop_associations.csv": "what goes together with loops",
    **CONTACT_FILES,
    "tables/scenarios.csv": "estimates of each scenario",
    "tables/scenarios_in_part.csv": "estimates of each scenario at shares of its strength",
    "tables/packages.csv": "estimates of every set of scenarios",
    "tables/package_shares.csv": "what each scenario adds to all of them together",
    "tables/sensitivity.csv": "what the estimate of each scenario hangs on",
    "tables/value.csv": "what each scenario is worth",
    "tables/value_by_year.csv": "net present value of each scenario by year from its start",
    "tables/burden.csv": "hours that contacts and responses take customers",
    "tables/validation.csv": "the replay without any change against what was observed",
    "tables/replayed_waits.csv": "mean waits for staff by step, observed and replayed",
    "tables/track.csv": "the change of each measure, with what was estimated",
    "tables/track_weeks.csv": "each measure by week of arrival",
    "tables/quality.csv": "what was met in the records",
    "tables/rejects.csv": "rows that could not be used",
}


def full_tables(a: Analysis) -> dict[str, pd.DataFrame]:
    """The tables as they are published, unrounded, by path; groups of too few cases are suppressed."""
    m = a.minimum_cell
    variants = a.variants.table.assign(activities=[" → ".join(t) for t in a.variants.table["activities"]])
    result = {
        "tables/baseline.csv": _baseline_frame(a),
        "tables/bottlenecks.csv": publishable(a.bottlenecks.table, count="n_cases", minimum=m, label="activity"),
        "tables/transitions.csv": transitions(a),
        "tables/variants.csv": _pooled(variants, m),
        "tables/rework.csv": publishable(a.rework.table, count="n_cases", minimum=m, label="loop", overlapping=True),
        "tables/quality.csv": _quality_frame(a),
    }
    result |= diagnosis_tables(a)
    if a.channels is not None:
        result["tables/channels.csv"] = publishable(diagnosed.channels(a), count="n_cases", minimum=m, label="group")
    if a.compared is not None:
        result["tables/compared.csv"] = publishable(a.compared.table, count="n_cases", minimum=m, label="group")
    result |= contact_tables(a)
    if a.scenarios:
        result["tables/scenarios.csv"] = pd.concat(
            [e.table.assign(scenario=s.name) for s, e in a.scenarios], ignore_index=True
        )[["scenario", *a.scenarios[0][1].table.columns]]
    result |= _proposal_tables(a)
    if a.validation is not None:
        result["tables/validation.csv"] = a.validation.table
        waits = a.validation.waits
        result["tables/replayed_waits.csv"] = waits[waits["n_steps"] >= a.minimum_cell].reset_index(drop=True)
    if a.rejects:
        result["tables/rejects.csv"] = rejects_frame(a.rejects)
    return {path: harmless_text(without_remainders(path, frame, a)) for path, frame in result.items()}


def rejects_frame(rejects: Iterable[Reject]) -> pd.DataFrame:
    """Rows set aside. What stands in them may be anything, names included: only where and why is published."""
    return pd.DataFrame([{"file": r.file, "row": r.row, "column": r.column, "reason": r.reason} for r in rejects])


def _proposal_tables(a: Analysis) -> dict[str, pd.DataFrame]:
    """What the scenarios hang on, are worth, and do together."""
    if a.proposed is None:
        return {}
    named = [(s.scenario.name, s) for s in a.proposed.scenarios]

    def joined(frames: list[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
        whole = pd.concat([f.assign(scenario=name) for name, f in frames if not f.empty], ignore_index=True)
        return whole[["scenario", *(c for c in whole.columns if c != "scenario")]]

    each = {
        "tables/scenarios_in_part.csv": [
            (name, part.estimate.table.assign(share=part.share)) for name, s in named for part in s.in_part
        ],
        "tables/sensitivity.csv": [(name, s.sensitivity.table) for name, s in named],
        "tables/value.csv": [(name, _value_row(s.value)) for name, s in named],
        "tables/value_by_year.csv": [(name, s.value.table) for name, s in named],
        "tables/burden.csv": [(name, s.value.burden) for name, s in named],
    }
    result = {path: joined(frames) for path, frames in each.items() if any(not f.empty for _, f in frames)}
    if a.proposed.package is not None and not a.proposed.package.table.empty:
        result["tables/packages.csv"] = a.proposed.package.table
    if a.proposed.package is not None and not a.proposed.package.shares.empty:
        result["tables/package_shares.csv"] = a.proposed.package.shares
    return result


def _value_row(value: Value) -> pd.DataFrame:
    """What a scenario is worth in one row, each figure with its interval; empty where nothing is told."""
    told = {
        "saving_per_year": value.saving_per_year,
        "payback_years": value.payback_years,
        "net_present_value": value.net_present_value,
        "net_present_value_with_customers": value.net_present_value_with_customers,
        "customer_hours_per_year": value.customer_hours_per_year,
        "customer_value_per_year": value.customer_value_per_year,
    }
    if all(e is None for e in told.values()):
        return pd.DataFrame()
    row: dict[str, object] = {"currency": value.currency}
    for name, e in told.items():
        ends = (np.nan,) * 3 if e is None else (e.value, e.low, e.high)
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
    return pd.DataFrame([{**row, "pays_back": value.pays_back}])


def _quality_frame(a: Analysis) -> pd.DataFrame:
    """Findings about the records without their examples, and without small counts of cases."""
    return pd.DataFrame(
        [
            {
                "kind": f.kind,
                "statement": quality_words(f, a.minimum_cell),
                "count": None if hidden_count(f, a.minimum_cell) else f.count,
                "of": f.of,
                "unit": f.unit,
            }
            for f in a.quality.findings
        ]
        + [
            {
                "kind": f"contacts: {f.kind}",
                "statement": contact_quality_words(f, a),
                "count": None if few_contacts(f, a) else f.count,
                "of": f.of,
                "unit": f.unit,
            }
            for f in (() if a.answers is None else a.answers.quality.findings)
        ],
        columns=["kind", "statement", "count", "of", "unit"],
    ).astype({"count": "Int64"})


def publishable_histogram(a: Analysis) -> Histogram:
    """Cycle times in bins of which none holds fewer cases than may be published."""
    chart = a.cycle.chart()
    assert isinstance(chart, Histogram)
    values = a.cycle.cases["cycle_time_days"].dropna().to_numpy()
    for share, bins in ((s, b) for s in (0.98, 0.95, 0.9, 0.8) for b in (40, 30, 20, 15, 10, 8, 6, 5)):
        top = float(np.quantile(values, share)) or 1.0
        counts, edges = np.histogram(values[values <= top], bins=bins, range=(0, top))
        over = int((values > top).sum())
        if all(c == 0 or c >= a.minimum_cell for c in (*counts, over)):
            marks = tuple(m for m in chart.marks if m.at <= top)
            return replace(
                chart, edges=tuple(map(float, edges)), counts=tuple(map(int, counts)), over=over, marks=marks
            )
    return replace(chart, edges=(0.0, float(values.max()) or 1.0), counts=(len(values),), over=0)


def _baseline_frame(a: Analysis) -> pd.DataFrame:
    b = a.bottlenecks
    counts = pd.DataFrame(
        [
            {"measure": "cases", "value": a.cycle.n + a.cycle.n_open, "unit": "cases", "n": a.cycle.n + a.cycle.n_open},
            {
                "measure": "open cases",
                "value": None if a.few_open else a.cycle.n_open,
                "unit": "cases",
                "n": a.cycle.n + a.cycle.n_open,
            },
        ]
    )
    split = pd.DataFrame(
        [
            {"measure": f"mean {k} time", "value": e.value, "low": e.low, "high": e.high, "unit": e.unit, "n": e.n}
            for k, e in (
                ("waiting", b.waiting),
                ("service", b.service),
                ("sojourn", b.sojourn),
                ("external", b.external),
            )
        ]
    )
    told = a.cycle.table.copy()
    if a.cycle.within_standard is not None and tells_of_few(a.cycle.within_standard, a):
        told.loc[told["unit"] == "share", ["value", "low", "high"]] = np.nan
    frame = pd.concat([counts, told, split], ignore_index=True)
    return frame[["measure", "value", "low", "high", "unit", "n"]]


def _pooled(variants: pd.DataFrame, minimum: int) -> pd.DataFrame:
    """Routes of enough cases; the rest as one row, since a rare route can point at a person."""
    few = suppressed_rows(variants["n_cases"], minimum=minimum)
    common, rare = variants[~few], variants[few]
    if rare.empty:
        return common
    other = pd.DataFrame(
        [
            {
                "activities": f"(other routes: {len(rare):,})",
                "n_cases": int(rare["n_cases"].sum()),
                "share": float(rare["share"].sum()),
            }
        ]
    )
    return pd.concat([common, other], ignore_index=True).astype({"n_steps": "Int64"})
