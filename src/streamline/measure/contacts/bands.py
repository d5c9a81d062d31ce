"""Waiting bands: how long the case has awaited its step, in a few classes that the data can bear.

The rule: as many bands of about equally many contacts as hold at least `MIN_CONTACTS` each, up to four; the edges between
them are rounded to a plain number of days. What is rounded to the same edge is one band.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from streamline.units import counted, significant

Float = npt.NDArray[np.float64]

MOST_BANDS = 4
#: A band with fewer contacts says nothing of its own.
MIN_CONTACTS = 50
#: Edges in days that a reader grasps: half a day to two years.
PLAIN_DAYS = (0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 21.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 365.0, 730.0)


def chosen_bands(waited_days: Float, *, most: int = MOST_BANDS, min_contacts: int = MIN_CONTACTS) -> tuple[float, ...]:
    """Edges in days between the bands, ascending; none when the contacts are too few.

    waited_days : for each contact how long its case had awaited its step.

    >>> chosen_bands(np.repeat([0.4, 2.2, 6.0, 20.0], 100))
    (2.0, 5.0, 10.0)
    >>> chosen_bands(np.array([1.0, 2.0]))
    ()
    """
    n_bands = min(most, len(waited_days) // min_contacts)
    if n_bands < 2:
        return ()
    plain = np.log(PLAIN_DAYS)
    edges: set[float] = set()
    for wanted in np.quantile(waited_days, np.arange(1, n_bands) / n_bands):
        near = np.abs(plain - np.log(max(float(wanted), PLAIN_DAYS[0] / 2)))
        edges.add(PLAIN_DAYS[int(near.argmin())])
    return _filled(sorted(edges), waited_days, min_contacts)


def _filled(edges: list[float], waited_days: Float, min_contacts: int) -> tuple[float, ...]:
    """The edges without those that leave a band with too few contacts, the sparsest band first."""
    while edges:
        count = np.bincount(np.searchsorted(edges, waited_days, side="right"), minlength=len(edges) + 1)
        sparsest = int(count.argmin())
        if count[sparsest] >= min_contacts:
            break
        del edges[max(sparsest - 1, 0)]
    return tuple(edges)


def checked_bands(edges: Sequence[float]) -> tuple[float, ...]:
    """The user's edges in days. Raises ValueError unless they are above 0 and ascend."""
    given = tuple(float(e) for e in edges)
    if any(not e > 0 for e in given) or any(b <= a for a, b in pairwise(given)):
        raise ValueError(f"bands={given} must be days above 0 in ascending order, such as (3, 7, 14).")
    return given


def band_words(edges: Sequence[float]) -> tuple[str, ...]:
    """The bands in words.

    >>> band_words((1.0, 7.0)), band_words(())
    (('under 1 day', '1 to 7 days', '7 days and more'), ('any wait',))
    """
    if not edges:
        return ("any wait",)
    said = [significant(e, digits=3) for e in edges]
    middle = [f"{a} to {b} days" for a, b in pairwise(said)]
    return (f"under {counted(said[0], 'day')}", *middle, f"{counted(said[-1], 'day')} and more")
