"""The published tables of the diagnosis, unrounded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from streamline.report import diagnosed
from streamline.report.analysis import Analysis
from streamline.report.privacy import publishable


def diagnosis_tables(a: Analysis) -> dict[str, pd.DataFrame]:
    """The tables by path; those that have no rows to publish aren't there."""
    return {f"tables/{name}.csv": frame for name, frame in _frames(a) if len(frame)}


def _frames(a: Analysis) -> Iterator[tuple[str, pd.DataFrame]]:
    d, m = a.diagnosis, a.minimum_cell
    yield "bottlenecks_by", _joined({by: diagnosed.places(a, by) for by in d.by_place}, "by")
    if d.slow is not None:
        yield "slow", diagnosed.slow_levels(a).drop(columns="label")
    if d.waiting is not None:
        yield "waiting", diagnosed.causes(a)
        yield "waiting_by_step", diagnosed.waiting_by(a, "activity")
        if d.groups is not None:
            yield "waiting_by_pool", diagnosed.waiting_by(a, "group")
        if d.waiting.batches is not None:
            yield "batches", publishable(d.waiting.batches.table, count="n_members", minimum=m, label="activity")
    if (queue := diagnosed.queue_of(a)) is not None:
        yield "queue", queue.table.drop(columns=["n_entered", "n_started", "n_completed"])
    if d.shifts is not None:
        yield "wait_shifts", d.shifts.series[d.shifts.series["n"] >= m]
    if d.pools is not None:
        yield "staff", diagnosed.staff(a)
    if d.attainment:
        yield "standard", _standard(a)
    if d.at_risk is not None:
        yield "at_risk", diagnosed.at_risk(a)
    if d.endings is not None:
        yield "endings", diagnosed.endings(a)
    yield "first_passes", _first_passes(a)
    matched = {loop: r.table for loop, r in d.matched.items() if r.n_matched >= m and r.n_others >= m}
    yield "matched_loops", _joined(matched, "loop")
    yield "ping_pong", _joined({by: diagnosed.round_trips(a, by) for by in d.ping_pong}, "by")
    yield "loop_associations", diagnosed.loop_levels(a)


def _joined(frames: dict[str, pd.DataFrame], label: str) -> pd.DataFrame:
    """Frames one under another, with the key of each in the first column."""
    some = {key: frame for key, frame in frames.items() if len(frame)}
    if not some:
        return pd.DataFrame()
    whole = pd.concat([frame.assign(**{label: key}) for key, frame in some.items()], ignore_index=True)
    return whole[[label, *(c for c in whole.columns if c != label)]]


def _standard(a: Analysis) -> pd.DataFrame:
    """By month or quarter and by each group; counts of cases that met it could be small, so that shares stand alone."""
    frames = {}
    every = diagnosed.attainment_period(a)
    for by in [*([] if every is None else [every]), *diagnosed.attainment_groups(a)]:
        table = diagnosed.attainment_of(a, by).table
        table = table[table["n_cases"] >= a.minimum_cell]
        group = table["group"] if by != every else _period_names(table["since"], by)
        if by != every and a.cycle.n_open:
            # the closed cases of each group are told elsewhere, and this number less theirs would be its open ones
            table = table.assign(n_cases=np.nan)
        frames[by] = table.assign(group=group)[["group", "n_cases", "within", "low", "high"]]
    return _joined(frames, "by")


def _period_names(since: pd.Series, every: str) -> pd.Series:
    """2025-03 for a month, 2025-Q1 for a quarter."""
    local = since.dt.tz_localize(None).dt.to_period("M" if every == "month" else "Q")
    names: pd.Series = local.dt.strftime("%Y-%m" if every == "month" else "%Y-Q%q")
    return names


def _first_passes(a: Analysis) -> pd.DataFrame:
    """First-pass yields by step; none where few cases repeat it."""
    frame = a.diagnosis.passes.table
    again = (frame["n_cases"] * (1 - frame["first_pass_yield"])).round()
    frame = frame[(again == 0) | (again >= a.minimum_cell)]
    return publishable(frame, count="n_cases", minimum=a.minimum_cell, label="activity")
