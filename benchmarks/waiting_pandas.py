"""Waiting by cause the straightforward way: one wait after another, in pandas, for the benchmark to compare with.

It takes enabled times and hours on duty as given, and finds no batches; the rest has the same causes in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

Stretch = tuple[int, int]


def joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    """The union of some stretches, in order."""
    result: list[Stretch] = []
    for begin, end in sorted(stretches):
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        elif begin < end:
            result.append((begin, end))
    return result


def common(one: Sequence[Stretch], other: Sequence[Stretch]) -> list[Stretch]:
    """What two lists of stretches have in common."""
    return [(max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) < min(b, d)]


def length(stretches: Sequence[Stretch]) -> int:
    return sum(end - begin for begin, end in stretches)


def causes_of_waits(steps: pd.DataFrame, openings: np.ndarray) -> pd.DataFrame:
    """One row a step: external, unavailability, contention, prioritisation, extraneous, microseconds.

    steps : enabled, start, complete (int64 microseconds), resource, external. openings : (n, 2), office hours.
    """
    rows = []
    of_resource = dict(iter(steps[~steps["external"]].groupby("resource")))
    for step in steps.itertuples():
        wait = step.start - step.enabled
        if step.external:
            rows.append((wait, 0, 0, 0, 0))
            continue
        work = of_resource[step.resource]
        work = work[(work["start"] < step.start) & (work["complete"] > step.enabled)]
        office = openings[(openings[:, 0] < step.start) & (openings[:, 1] > step.enabled)]
        on_duty = common([(step.enabled, step.start)], [(int(a), int(b)) for a, b in office])
        earlier = work[work["enabled"] <= step.enabled]
        before = joined(list(zip(earlier["start"], earlier["complete"], strict=True)))
        busy = joined(list(zip(work["start"], work["complete"], strict=True)))
        contention, at_work = length(common(on_duty, before)), length(common(on_duty, busy))
        duty = length(on_duty)
        rows.append((0, wait - duty, contention, at_work - contention, duty - at_work))
    names = ["external", "unavailability", "contention", "prioritisation", "extraneous"]
    return pd.DataFrame(rows, columns=names, index=steps.index)
