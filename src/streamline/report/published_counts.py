"""The last look at a published table: counts and shares that give a small group back by subtraction are left blank.

A group of which nothing may be told isn't in the table at all (`privacy.suppressed_rows`). But a group that nearly all cases
belong to tells of the few that don't, and a share with its base tells a count. Of such rows everything is published but the
numbers that a count can be had from.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from streamline.figure import FlowMap
from streamline.report.analysis import Analysis
from streamline.report.privacy import nearly_all, suppressed_in_lines, suppressed_rows, telling_share
from streamline.results import Estimate, rows_of

#: By table, besides the number of cases: what the number of cases can be had from.
_WITH_CASES: dict[str, tuple[str, ...]] = {
    "tables/bottlenecks.csv": ("n_steps", "wait_days_per_case_with_it"),
    "tables/bottlenecks_by.csv": ("n_steps", "wait_days_per_case_with_it"),
    "tables/waiting.csv": ("n_steps",),
    "tables/waiting_by_step.csv": ("n_steps",),
    "tables/waiting_by_pool.csv": ("n_steps",),
    "tables/first_passes.csv": ("n_steps", "n_repeats", "first_pass_yield"),
    "tables/transitions.csv": ("n", "share"),
    "tables/variants.csv": ("share",),
    "tables/rework.csv": ("n_occurrences", "cases_share", "occurrences_per_looping_case", "occurrences_per_year"),
    "tables/slow.csv": ("cases_share",),
    "tables/channels.csv": ("cases_share",),
    "tables/ping_pong.csv": ("cases_share", "n_round_trips"),
}
#: By table: a share, the column of the cases that it is of, and what else the share can be had from.
_SHARES: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "tables/first_passes.csv": (("first_pass_yield", "n_cases", ("n_steps", "n_repeats")),),
    "tables/slow.csv": (("slow_share", "n_cases", ("others_slow_share", "slow_ratio")),),
    "tables/feedback.csv": (("response_share", "n_cases", ("n_answered",)),),
}
#: Tables whose rows share out all cases, by a column that says by what: shares within them add up to a known one.
_PARTS: dict[str, tuple[str, str | None]] = {
    "tables/channels.csv": ("within_standard", None),
    "tables/standard.csv": ("within", "by"),
    "tables/slow.csv": ("slow_share", "factor"),
}


def totals_of(a: Analysis) -> tuple[int, ...]:
    """The numbers of cases that anyone can read: those closed, and all."""
    return tuple(sorted({a.cycle.n, a.cycle.n + a.cycle.n_open}))


def tells_of_few(e: Estimate, a: Analysis) -> str:
    """In words how many cases a share stands for, where they or the others are too few to be told; else nothing.

    The share itself, its interval and anything that it is a part of are then not published.
    """
    if not telling_share([e.value], [e.n], minimum=a.minimum_cell)[0]:
        return ""
    few = f"fewer than {a.minimum_cell}"
    return few if e.value * e.n < a.minimum_cell else f"all but {few}"


def without_remainders(path: str, frame: pd.DataFrame, a: Analysis) -> pd.DataFrame:
    """The table without the numbers that a group of too few cases can be had from."""
    m = a.minimum_cell
    result = frame.copy()
    if "n_cases" in frame.columns:
        cases = pd.to_numeric(frame["n_cases"], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        _blank(result, nearly_all(cases, totals_of(a), minimum=m), "n_cases", *_WITH_CASES.get(path, ()))
        for share, of, more in _SHARES.get(path, ()):
            base = pd.to_numeric(frame[of], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
            _blank(result, telling_share(frame[share], base, minimum=m), share, *more)
        if path in _PARTS:
            _blank_parts(path, result, frame.assign(n_cases=cases), m)
    return _whole_numbers(result)


def _blank_parts(path: str, result: pd.DataFrame, frame: pd.DataFrame, m: int) -> None:
    """Blank shares of groups that make up all cases, so many that their total gives none back."""
    share, by = _PARTS[path]
    if share not in frame.columns:
        return
    more = {"within": ("low", "high"), "slow_share": ("others_slow_share", "slow_ratio")}.get(share, ())
    for rows in [frame.index] if by is None else frame.groupby(by, sort=False).groups.values():
        inside = (frame.loc[rows, share] * frame.loc[rows, "n_cases"]).round()
        counts = np.column_stack([inside, frame.loc[rows, "n_cases"] - inside])
        few = pd.Series(suppressed_rows(counts, minimum=m), index=rows)
        _blank(result, few.reindex(frame.index, fill_value=False).to_numpy(), share, *more)


def _blank(frame: pd.DataFrame, rows: np.ndarray, *columns: str) -> None:
    """Empty these columns in these rows, with the intervals of each."""
    for name in (c for column in columns for c in (column, f"{column}_low", f"{column}_high") if c in frame.columns):
        if rows.any():
            frame[name] = pd.to_numeric(frame[name], errors="coerce").astype("Float64").mask(rows).astype(float)


def _whole_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Counts with blanks stay whole numbers."""
    for name in frame.columns:
        if not (name == "n" or name.startswith("n_")) or not pd.api.types.is_float_dtype(frame[name]):
            continue
        known = frame[name].dropna()
        if frame[name].isna().any() and (known == known.round()).all():
            frame[name] = frame[name].astype("Int64")
    return frame


def transitions(a: Analysis) -> pd.DataFrame:
    """The transitions of enough cases; without their counts where the steps before or after would give a rare one back.

    How often a step is done is told of closed cases. Where all cases are closed, the transitions from a step add up to it.
    """
    table = a.follows.table
    lines = [] if a.cycle.n_open else [table["source"].tolist(), table["target"].tolist()]
    small, beside = suppressed_in_lines(table["n_cases"], lines, minimum=a.minimum_cell)
    beside |= nearly_all(table["n_cases"], totals_of(a), minimum=a.minimum_cell)
    shown = table.copy()
    _blank(shown, beside, "n", "n_cases", "share")
    return shown[~small].reset_index(drop=True)


def publishable_map(flow: FlowMap, a: Analysis) -> FlowMap:
    """The map without counts that give a small group back: shares in its boxes, and on arrows what the table tells."""
    table = transitions(a)
    told = {(r.source, r.target) for r in rows_of(table) if np.isfinite(r.n_cases)}
    names = [n.label for n in flow.nodes]
    marker = [n.kind != "activity" for n in flow.nodes]
    ends = nearly_all([e.n_cases for e in flow.edges], totals_of(a), minimum=a.minimum_cell)
    untold = frozenset(
        i
        for i, e in enumerate(flow.edges)
        if ends[i] or (not (marker[e.source] or marker[e.target]) and (names[e.source], names[e.target]) not in told)
    )
    return replace(flow, minimum_cell=a.minimum_cell, untold=untold)
