"""What of a diagnosis may be published: its rows without few cases, without persons, and without what chance explains."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.diagnosis import FEWEST_PEOPLE, SMALL_POOLS
from streamline.figure import Chart, LineChart
from streamline.measure.factor import OTHER, UNKNOWN
from streamline.measure.periods import Every
from streamline.measure.slow import ARRIVAL
from streamline.measure.standards.endings import TimeToClose, WaysToEnd
from streamline.measure.standards.standard import Attainment
from streamline.measure.waits.places import NO_POOL, NO_RESOURCE
from streamline.measure.waits.queue import QueueOverTime
from streamline.measure.waits.waiting import NO_RESOURCE as NOBODY
from streamline.measure.waits.waiting import WaitingByCause
from streamline.report.analysis import Analysis
from streamline.report.privacy import suppressed_rows
from streamline.report.wording import factor_words

#: The periods by which attainment may be told, shortest first; the files hold the one that is.
PERIODS = ("month", "quarter")
#: The periods by which a queue may be told, likewise.
QUEUE_PERIODS: tuple[Every, ...] = ("week", "month", "quarter")
#: A period is long enough when at least this share of its figures can be told.
TOLD = 0.75
#: A ratio is told when its interval keeps this far from 1: what is nearer is of no use to anybody.
TELLING = 0.05


def kept_rows(frame: pd.DataFrame, count: str, a: Analysis) -> pd.DataFrame:
    """The rows of enough cases; every row that is left out also keeps another one from giving it back."""
    return frame[~suppressed_rows(frame[count], minimum=a.minimum_cell)].reset_index(drop=True)


def causes(a: Analysis) -> pd.DataFrame:
    """The causes of waiting along critical paths that can be told of this log, without those of few cases.

    A case may wait for several causes, so their counts of cases add up to nothing that gives a small one back.
    """
    w = a.diagnosis.waiting
    assert w is not None
    table = w.table if a.log.external else w.table[w.table["cause"] != "external"]
    few = (table["n_cases"] > 0) & (table["n_cases"] < a.minimum_cell)
    return table[~few].reset_index(drop=True)


def waiting_by(a: Analysis, label: str) -> pd.DataFrame:
    """Waiting by cause and "activity" or "group", with the number of cases; groups of few people left out."""
    w = a.diagnosis.waiting
    assert w is not None
    frame = w.by_activity if label == "activity" else w.by_group
    steps = w.cases[w.cases["critical"]]
    if label == "group":
        log = a.whole
        group = dict(zip(log.resource.names if log.resource else (), a.diagnosis.groups or (), strict=True))
        steps = steps.assign(group=steps["resource"].map(group).fillna(NOBODY))
    n_cases = steps.groupby(label)["case"].nunique().rename("n_cases")
    frame = frame.merge(n_cases, left_on=label, right_index=True)
    if label == "group":
        frame = frame[~frame["group"].isin([SMALL_POOLS, NO_POOL, NOBODY])]
    return kept_rows(frame, "n_cases", a)


def waiting_chart_of(a: Analysis) -> WaitingByCause:
    """The waiting whose chart shows no activity of few cases."""
    w = a.diagnosis.waiting
    assert w is not None
    shown = waiting_by(a, "activity").drop(columns="n_cases")
    return replace(w, by_activity=shown, table=causes(a))


def staff(a: Analysis) -> pd.DataFrame:
    """One row a pool of enough people: pool, n_resources, n_steps, steps_share, activities; where known hours, hours_per_week,
    support, utilisation, shared_share, several_at_once."""
    d = a.diagnosis
    assert d.pools is not None
    frame = d.pools.table.drop(columns=["overlap_within", "overlap_nearest"])
    if d.calendars is not None:
        frame = frame.merge(d.calendars.by_pool[["pool", "hours", "hours_per_week", "support", "n_unknown"]], on="pool")
    if d.utilisation is not None:
        busy = d.utilisation.table.rename(columns={"group": "pool"})
        frame = frame.merge(busy[["pool", "on_duty_hours", "busy_hours", "utilisation"]], on="pool", how="left")
    if d.multitasking is not None:
        several = d.multitasking.by_pool[["pool", "shared_share", "several_at_once"]]
        frame = frame.merge(several, on="pool", how="left")
    return frame[frame["n_resources"] >= FEWEST_PEOPLE].reset_index(drop=True)


def n_small_pools(a: Analysis) -> int:
    """How many pools are of so few people that nothing is told of them."""
    pools = a.diagnosis.pools
    return 0 if pools is None else int((pools.table["n_resources"] < FEWEST_PEOPLE).sum())


def places(a: Analysis, by: str) -> pd.DataFrame:
    """Bottlenecks by pool, hand-off, channel or attribute."""
    table = a.diagnosis.by_place[by].table
    if by == "pool":
        table = table[~table["place"].isin([SMALL_POOLS, NO_POOL, NO_RESOURCE])]
    return kept_rows(table, "n_cases", a)


def slow_levels(a: Analysis) -> pd.DataFrame:
    """What cases are set apart by, beside their cycle times, without levels of few cases or of few others."""
    found = a.diagnosis.slow
    assert found is not None
    table = found.table.assign(label=[_level_words(r) for r in found.table.itertuples(index=False)])
    frames = [kept_rows(_among_many(rows, found.n, a), "n_cases", a) for _, rows in table.groupby("factor", sort=False)]
    return pd.concat(frames, ignore_index=True) if frames else table.iloc[:0]


def telling_slow(a: Analysis) -> pd.DataFrame:
    """The levels known at arrival that set cases apart, also with the others alike; the most days in all first."""
    found = a.diagnosis.slow
    assert found is not None
    t = slow_levels(a)
    clear = t["difference_days_low"] * t["difference_days_high"] > 0
    alike = (t["adjusted_q_value"] <= found.fdr) & ((t["adjusted_ratio"] > 1) == (t["difference_days"] > 0))
    t = t[(t["kind"] == ARRIVAL) & t["stands_out"] & clear & alike & ~t["level"].isin([OTHER, UNKNOWN])]
    order = np.argsort(-(t["difference_days"].abs() * t["n_cases"]).to_numpy(), kind="stable")
    return t.iloc[order].reset_index(drop=True)


def loop_levels(a: Analysis) -> pd.DataFrame:
    """What goes together with loops, one row a loop and level, without levels of few cases that loop or that don't."""
    frames = []
    for found in a.diagnosis.associations.values():
        n_looping = round(found.looping_share * found.n)
        for _, rows in found.table.groupby("factor", sort=False):
            looping = (rows["looping_share"] * rows["n_cases"]).round()
            counts = np.column_stack([rows["n_cases"], looping, rows["n_cases"] - looping])
            # cases of no level that is told are a group as well: all of them, less those told
            whole = np.array([found.n, n_looping, found.n - n_looping], dtype=np.float64)
            few = suppressed_rows(np.vstack([counts, whole - counts.sum(axis=0)]), minimum=a.minimum_cell)[:-1]
            if len(_among_many(rows, found.n, a)) == len(rows):
                frames.append(rows[~few].assign(loops=found.loops))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def telling_loops(a: Analysis) -> pd.DataFrame:
    """The levels that go together with any loop, clearly, and also with the other factors alike."""
    found = a.diagnosis.associations.get("any loop")
    t = loop_levels(a)
    if found is None or t.empty:
        return pd.DataFrame(columns=["factor", "level"])
    t = t[(t["loops"] == found.loops) & t["stands_out"] & np.isfinite(t["risk_ratio"])]
    t = t[(t["risk_ratio_low"] > 1 + TELLING) | (t["risk_ratio_high"] < 1 - TELLING)]
    t = t[(t["adjusted_q_value"] <= found.fdr) & ((t["adjusted_odds_ratio"] > 1) == (t["risk_ratio"] > 1))]
    named: pd.DataFrame = t[~t["level"].isin([OTHER, UNKNOWN])]
    return named.reset_index(drop=True)


def round_trips(a: Analysis, by: str) -> pd.DataFrame:
    """Pairs of pools, or of channels, between which cases go to and fro."""
    found = a.diagnosis.ping_pong.get(by)
    return pd.DataFrame() if found is None else kept_rows(found.table, "n_cases", a)


def attainment_period(a: Analysis) -> str | None:
    """By which period attainment is told: months, else quarters, where many shares of months would tell of few cases. None
    where many of quarters would as well, or the study has no standard."""
    for every in PERIODS:
        if every not in a.diagnosis.attainment:
            continue
        known = a.diagnosis.attainment[every].table["within"].notna()
        told = attainment_of(a, every).table["within"].notna()
        if known.any() and told.sum() >= TOLD * known.sum():
            return every
    return None


def attainment_groups(a: Analysis) -> list[str]:
    """What attainment is told by, beside its period: the channel, and the attributes."""
    return [by for by in a.diagnosis.attainment if by not in PERIODS]


def attainment_of(a: Analysis, by: str) -> Attainment:
    """Attainment by month, quarter or group; of few cases nothing is told."""
    found = a.diagnosis.attainment[by]
    period = by in PERIODS
    hidden = suppressed_rows(found.table["n_cases"], minimum=a.minimum_cell)
    untold = hidden | found.table["since" if period else "group"].isin(_untold_within(a, by)).to_numpy()
    table = found.table.copy()  # a period stays on the axis, without its figures
    table.loc[untold, ["within", "low", "high"]] = np.nan
    table.loc[untold, ["n_open", "n_met", "n_missed"]] = 0
    return replace(found, table=table if period else table[~hidden].reset_index(drop=True))


def _untold_within(a: Analysis, by: str) -> set[object]:
    """Groups, or periods, whose share within the standard isn't told: few cases kept it, or few missed it, or the others of
    the same kind would give such a group back. Channels are the same in every table."""
    found = a.diagnosis.attainment.get(by)
    tables = [] if found is None else [(found.table["since" if by in PERIODS else "group"], found.table, "within")]
    if by == "channel" and a.channels is not None and "within_standard" in a.channels.table:
        tables.append((a.channels.table["group"], a.channels.table, "within_standard"))
    untold: set[object] = set()
    for names, table, share in tables:
        met = (table[share] * table["n_cases"]).round()
        few = suppressed_rows(np.column_stack([met, table["n_cases"] - met]), minimum=a.minimum_cell)
        untold |= set(names[few])
    return untold


def channels(a: Analysis) -> pd.DataFrame:
    """Figures by channel, all channels, without shares within the standard that tell of few cases."""
    assert a.channels is not None
    table = a.channels.table.copy()
    if "within_standard" in table:
        table.loc[table["group"].isin(_untold_within(a, "channel")), "within_standard"] = np.nan
    return table


def at_risk(a: Analysis) -> pd.DataFrame:
    """Open cases by state: state, n_open, expected_misses, median_days_left."""
    found = a.diagnosis.at_risk
    assert found is not None
    return kept_rows(found.table, "n_open", a)[["state", "n_open", "expected_misses", "median_days_left"]]


def queue_of(a: Analysis) -> QueueOverTime | None:
    """The queue before the first bottleneck by weeks, else by months, else by quarters: by the first of them of which most can
    be told, without those that few cases joined it in. None where few of any can be told, or all is one period.

    By one period only: weeks beside months would give by subtraction what either hides.
    """
    if a.diagnosis.queue is None:
        return None
    for every in QUEUE_PERIODS:
        q = a.diagnosis.queue.by(every)
        few = suppressed_rows(q.table["n_entered"], minimum=a.minimum_cell)
        if len(few) > 1 and (~few).sum() >= TOLD * len(few):
            table = q.table.copy()
            table.loc[few, [c for c in table.columns if c.startswith("mean_")]] = np.nan
            return replace(q, table=table)
    return None


def queue_chart(q: QueueOverTime, a: Analysis) -> Chart:
    """The chart of such a queue, whose words and note say why it has gaps."""
    chart = q.chart()
    assert isinstance(chart, LineChart)
    return with_gaps(chart, f"{q.every}s that fewer than {a.minimum_cell} cases joined it in")


def with_gaps(chart: LineChart, which: str) -> LineChart:
    """The chart, whose words call a gap "not shown" and whose note says why: it is one of `which`, or would give one back."""
    if all(np.isfinite(line.values).all() for line in chart.lines):
        return chart
    note = f"{chart.note.rstrip('.')}. Not shown: {which}, or that would give such a one back"
    return replace(chart, lines=tuple(replace(line, gap="not shown") for line in chart.lines), note=note)


def endings(a: Analysis) -> pd.DataFrame:
    """In which ways cases end."""
    found = a.diagnosis.endings
    assert found is not None
    return kept_rows(found.table, "n_cases", a)


def curves_of(found: WaysToEnd | TimeToClose, a: Analysis) -> WaysToEnd | TimeToClose:
    """The same with curves whose every step stands for enough cases, as far as enough are followed: a step of a full curve is
    the cycle time of one case."""
    cases = found.cases
    closed = cases["way"].notna() if isinstance(found, WaysToEnd) else cases["closed"]
    grid = _grid(cases.loc[closed, "days"].to_numpy(dtype=np.float64), a.minimum_cell)
    label = found.curve.columns[0]
    shown = endings(a)["way"] if isinstance(found, WaysToEnd) else found.table["group"]
    parts = []
    for name, part in found.curve[found.curve[label].isin(shown)].groupby(label, sort=False):
        place = np.searchsorted(part["days"].to_numpy(dtype=np.float64), grid, side="right") - 1
        coarse = part.iloc[place[place >= 0]].assign(days=grid[place >= 0], **{str(label): name})
        parts.append(coarse)
    curve = pd.concat(parts, ignore_index=True) if parts else found.curve.iloc[:0]
    if isinstance(found, WaysToEnd):
        return replace(found, curve=curve, table=endings(a))
    return replace(found, curve=curve)


def _grid(days: npt.NDArray[np.float64], minimum: int) -> npt.NDArray[np.float64]:
    """Times, at most some two hundred, with at least `minimum` of the days between each two, before the first, after the last."""
    ordered = np.sort(days)
    tried = np.unique(ordered[minimum - 1 :: max(minimum, len(days) // 200)])
    chosen, told = [], 0
    for at, n in zip(tried, np.searchsorted(ordered, tried, side="right"), strict=True):
        if n - told >= minimum and len(days) - n >= minimum:
            chosen.append(at)
            told = n
    return np.asarray(chosen, dtype=np.float64)


def _among_many(rows: pd.DataFrame, n: int, a: Analysis) -> pd.DataFrame:
    """Without levels that nearly all cases have: their others are few."""
    others = n - rows["n_cases"]
    return rows[(others == 0) | (others >= a.minimum_cell)]


def _level_words(row: Any) -> str:
    return f"{factor_words(row.factor)}: {row.level}"
