"""The families of loops as a table: one row for each head and trigger."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.kernels.loops import grouped_cases, grouped_sums
from streamline.measure.loops.occurrences import Occurrences, loop_words
from streamline.units import DAY, HOUR

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]


def family_table(
    found: Occurrences,
    kept: Int64,
    time: Int64,
    staff: Int64 | None,
    n: int,
    per_year: float,
    staff_hour: float | None,
) -> tuple[pd.DataFrame, Int64]:
    """One row a family, most days first, and for each kept occurrence the row of its family."""
    log, width = found.log, max(len(found.log.activities), 1)
    names = np.asarray(log.activities, dtype=object)
    family, key = found.family
    family = family[kept]
    count = np.bincount(family, minlength=len(key))
    n_cases = grouped_cases(family, found.case[kept], len(key))
    days = grouped_sums(family, time, len(key)) / DAY
    hours = np.full(len(key), np.nan) if staff is None else grouped_sums(family, staff, len(key)) / HOUR
    commonest, n_leaving = _commonest_leaving(found, kept, len(key))
    some = np.flatnonzero(count)  # families of open cases only aren't told
    table = pd.DataFrame(
        {
            "loop": [loop_words(str(names[k // width]), str(names[k % width])) for k in key[some]],
            "head": names[key[some] // width],
            "trigger": names[key[some] % width],
            "n_occurrences": count[some],
            "n_cases": n_cases[some],
            "cases_share": n_cases[some] / n,
            "days_per_case": days[some] / n,
            "days_per_occurrence": days[some] / count[some],
            "staff_hours_per_case": hours[some] / n,
            "most_frequent": _commonest_words(found, kept)[some],
            "leaving": names[commonest[some]],
            "leaving_share": n_leaving[some] / count[some],
            "occurrences_per_looping_case": count[some] / n_cases[some],
            "occurrences_per_year": count[some] / n * per_year,
            "days_per_year": days[some] / n * per_year,
            "staff_hours_per_year": hours[some] / n * per_year,
            "cost_per_year": np.nan if staff_hour is None else hours[some] / n * staff_hour * per_year,
        }
    )
    order = table.sort_values(["days_per_case", "loop"], ascending=[False, True]).index.to_numpy()
    row = np.full(len(key), -1, dtype=np.int64)
    row[some[order]] = np.arange(len(some))
    return table.iloc[order].reset_index(drop=True), row[family]


def _commonest_leaving(found: Occurrences, kept: Int64, n_families: int) -> tuple[Int64, Float]:
    """For each family the commonest last step before the return among the kept occurrences, and how often it is."""
    signature, model = found.signature
    width = max(len(found.log.activities), 1)
    # a signature tells its family, and its last step before the return
    pair = found.family[0][model] * width + found.log.activity[found.leaving[model]]
    present, place = np.unique(pair, return_inverse=True)
    n = np.bincount(place, weights=np.bincount(signature[kept], minlength=len(model)), minlength=len(present))
    order = np.lexsort((present, -n, present // width))
    best = order[np.unique((present // width)[order], return_index=True)[1]]
    commonest, n_best = np.zeros(n_families, dtype=np.int64), np.zeros(n_families)
    commonest[present[best] // width], n_best[present[best] // width] = present[best] % width, n[best]
    return commonest, n_best


def _commonest_words(found: Occurrences, kept: Int64) -> npt.NDArray[np.object_]:
    """For each family its commonest signature among the kept occurrences, in words; of equals the first by its words."""
    signature, model = found.signature
    count = np.bincount(signature[kept], minlength=len(model))
    family, key = found.family
    of = family[model]
    most = np.zeros(len(key), dtype=np.int64)
    np.maximum.at(most, of, count)
    chosen = np.flatnonzero((count == most[of]) & (count > 0))
    words: dict[int, str] = {}
    for f, text in zip(of[chosen].tolist(), found.signature_words(chosen), strict=True):
        words[f] = min(text, words.get(f, text))
    return np.asarray([words.get(f, "") for f in range(len(key))], dtype=object)
