"""PM4Py on a pandas frame made by its `format_dataframe`.

What it answers, and how:

- waits: there is no 90th percentile in `discover_performance_dfg` (mean, median, minimum, maximum, sum, deviation), but its
  aggregation `raw_values` gives the waits themselves, of which NumPy takes the quantiles here;
- directly-follows and rework come from `get_variants`. `get_rework_cases_per_activity` counts cases, not repeats;
- durations: `get_all_case_durations` takes the first completion for the beginning of a case, not the first start. On the
  generated logs that is the same, because their first step takes no time. It fails with a KeyError on a frame that
  `format_dataframe` made from a log with starts, so it gets one without that mark.

Tried on 1 million events, seconds: `discover_dfg` 0.9 (it sorts again) and its adapter on the sorted frame 0.1, against
nothing beside `get_variants` 0.45; `discover_performance_dfg` 0.75, and its adapter on the sorted frame 0.3-0.7 (3.3 if told
of the starts by name, which it then compares as objects); `get_all_case_durations` 0.23, and
`insert_case_service_waiting_time`, which has the right beginning of a case, 0.9.

On Polars frames PM4Py is faster but cuts times to whole seconds: see `pm4py_polars_tool`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pm4py
from pm4py.algo.discovery.dfg.adapters.pandas.df_statistics import get_dfg_graph
from questions import Answers, Edge, Summary

from tools.shared import from_variants

XES = {
    "case": "case:concept:name",
    "activity": "concept:name",
    "complete": "time:timestamp",
    "start": "start_timestamp",
    "resource": "org:resource",
}


def load(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """A formatted frame: sorted by case, completion and place in the file."""
    return pm4py.format_dataframe(pd.read_parquet(path, columns=columns).rename(columns=XES))


def from_file(path: Path) -> Answers:
    """Without the resources, which no question needs."""
    return answer(load(path, ["case", "activity", "start", "complete"]))


def answer(frame: pd.DataFrame) -> Answers:
    """PM4Py's own functions, where it has them."""
    follows, variants, rework = from_variants(pm4py.get_variants(frame))
    bare = frame.copy(deep=False)
    bare.attrs = {key: value for key, value in frame.attrs.items() if value != XES["start"]}
    durations = _summary(pm4py.get_all_case_durations(bare), 86_400)
    return Answers(follows, _waits(frame), variants, durations, rework)


def _waits(frame: pd.DataFrame) -> dict[Edge, Summary]:
    raw = get_dfg_graph(
        frame,
        measure="performance",
        perf_aggregation_key="raw_values",
        sort_caseid_required=False,
        sort_timestamp_along_case_id=False,
    )
    return {edge: _summary(seconds, 3_600) for edge, seconds in raw.items()}


def _summary(seconds: list[float], unit: int) -> Summary:
    values = np.asarray(seconds) / unit
    median, p90 = np.quantile(values, [0.5, 0.9])
    return Summary(float(values.mean()), float(median), float(p90))
