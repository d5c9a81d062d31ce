"""What several tools do alike, once they have the variants of a log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from questions import TOP, Edge, Rework, Sequence, Variants

#: Microseconds, the unit of the logs' times.
HOUR, DAY = 3_600_000_000, 86_400_000_000


def frequent(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    """Where the variants stand that are at least as frequent as the tenth."""
    least = np.partition(counts, -TOP)[-TOP] if len(counts) > TOP else 0
    return np.flatnonzero(counts >= least)


def from_variants(variants: Mapping[Sequence, int]) -> tuple[dict[Edge, int], Variants, Rework]:
    """Directly-follows, variants and rework from the number of cases of each sequence: there are few sequences."""
    follows: Counter[Edge] = Counter()
    repeats: Counter[str] = Counter()
    cases = 0
    for sequence, n in variants.items():
        for edge in pairwise(sequence):
            follows[edge] += n
        if len(set(sequence)) < len(sequence):
            cases += n
            for activity, times in Counter(sequence).items():
                if times > 1:
                    repeats[activity] += n * (times - 1)
    return dict(follows), Variants.of(variants.values(), variants), Rework(dict(repeats), cases)
