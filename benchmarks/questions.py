"""The five questions of the benchmarks, and the shape of their answers.

A log has one row per step: `case`, `activity`, `start`, `complete`, `resource`. The steps of a case follow each other in
the order (`complete`, `start`); steps equal in both keep the order of the file (the generated logs hold no such steps).

1. **follows**: for each pair (source, target) of successive steps of a case, how often it occurs.
2. **waits**: for each such pair the mean, median and 90th percentile of `target.start - source.complete`, in hours.
   Negative waits stay negative.
3. **variants**: for each distinct sequence of activities the number of cases that have it.
4. **durations**: the cycle time of a case is `max(complete) - min(start)`; its mean, median and 90th percentile over all
   cases, in days.
5. **rework**: for each activity how often it is repeated within its case (its occurrences beyond the first of the case),
   and the number of cases in which any activity is repeated.

Quantiles are interpolated linearly between the two nearest values. A tool that cannot answer a question says None.

What is timed, the same for every tool:

- *load*: from a Parquet file of five columns into the tool's own form in memory, all five columns, ready for the questions;
- *answer*: from that form to an `Answers`;
- *file*: from the Parquet file to an `Answers` by the tool's best road, which may leave out columns it does not need;
- *load_xes*: from an XES file into the tool's own form.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Edge = tuple[str, str]
Sequence = tuple[str, ...]
#: Means and quantiles that differ by less than this share of themselves are the same.
RELATIVE = 1e-9
#: How many of the most frequent variants an answer spells out.
TOP = 10


class Summary(NamedTuple):
    """What is said of a set of times."""

    mean: float
    median: float
    p90: float


@dataclass(frozen=True, eq=False)
class Variants:
    """The numbers of cases of all variants, in descending order, and the sequences of the most frequent ones."""

    counts: NDArray[np.int64]
    top: dict[Sequence, int]

    @classmethod
    def of(cls, counts: Iterable[int] | NDArray[np.int64], frequent: Mapping[Sequence, int]) -> Variants:
        """From the counts in any order, and at least the variants that are as frequent as the tenth.

        Equally frequent variants are ranked by their sequences, so that every tool names the same ten.
        """
        ranked = sorted(frequent.items(), key=lambda item: (-item[1], item[0]))
        values = counts if isinstance(counts, np.ndarray) else np.fromiter(counts, np.int64)
        return cls(np.sort(values.astype(np.int64))[::-1], dict(ranked[:TOP]))


@dataclass(frozen=True)
class Rework:
    """Repeats by activity (without the activities that are never repeated), and the number of cases with any."""

    repeats: dict[str, int]
    cases: int


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers to the five questions; None for what a tool does not answer."""

    follows: dict[Edge, int] | None = None
    waits: dict[Edge, Summary] | None = None
    variants: Variants | None = None
    durations: Summary | None = None
    rework: Rework | None = None

    def digest(self) -> dict[str, str | None]:
        """A sha256 of the counts of each question; None where there is no answer or none that is counted."""
        counted: dict[str, object] = {
            "follows": self.follows and sorted([*edge, n] for edge, n in self.follows.items()),
            "variants": self.variants and [self.variants.counts.tolist(), list(self.variants.top.items())],
            "rework": self.rework and [sorted(self.rework.repeats.items()), self.rework.cases],
        }
        return {
            question: None if value is None else hashlib.sha256(json.dumps(value, default=int).encode()).hexdigest()
            for question, value in counted.items()
        }


def same(a: Answers, b: Answers) -> list[str]:
    """What differs between two answers, in words; nothing if they are the same. What one leaves out is not compared."""
    differences = []
    for question in (field.name for field in fields(Answers)):
        mine, other = getattr(a, question), getattr(b, question)
        if mine is not None and other is not None:
            differences += [f"{question}: {words}" for words in DIFFERENCES[question](mine, other)]
    return differences


def _counts_differ(a: Mapping[Any, int], b: Mapping[Any, int]) -> list[str]:
    keys = sorted(a.keys() | b.keys(), key=repr)
    return [f"{key} is {a.get(key)} against {b.get(key)}" for key in keys if a.get(key) != b.get(key)]


def _summaries_differ(a: Summary, b: Summary) -> list[str]:
    return [
        f"{name} is {x!r} against {y!r}"
        for name, x, y in zip(Summary._fields, a, b, strict=True)
        if not math.isclose(x, y, rel_tol=RELATIVE, abs_tol=1e-12)
    ]


def _waits_differ(a: Mapping[Edge, Summary], b: Mapping[Edge, Summary]) -> list[str]:
    lone = [f"{edge} is in one answer only" for edge in sorted(a.keys() ^ b.keys())]
    both = sorted(a.keys() & b.keys())
    return lone + [f"{edge}: {words}" for edge in both for words in _summaries_differ(a[edge], b[edge])]


def _variants_differ(a: Variants, b: Variants) -> list[str]:
    if len(a.counts) != len(b.counts):
        return [f"{len(a.counts)} variants against {len(b.counts)}"]
    n = int((a.counts != b.counts).sum())
    return ([f"{n} counts of variants differ"] if n else []) + _counts_differ(a.top, b.top)


def _rework_differs(a: Rework, b: Rework) -> list[str]:
    cases = [f"cases with rework are {a.cases} against {b.cases}"] if a.cases != b.cases else []
    return cases + _counts_differ(a.repeats, b.repeats)


DIFFERENCES: dict[str, Callable[[Any, Any], list[str]]] = {
    "follows": _counts_differ,
    "waits": _waits_differ,
    "variants": _variants_differ,
    "durations": _summaries_differ,
    "rework": _rework_differs,
}
