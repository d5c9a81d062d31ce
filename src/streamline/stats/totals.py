"""Exact sums that add up: of counts and of int64 values, whatever their number and size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from streamline.units import LOW_BITS

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Totals:
    """Totals of m keys, in order of the keys; arrays of m."""

    key: Int64
    #: How often it occurred, and in how many cases.
    n: Int64
    n_cases: Int64
    #: The sum of a value over the occurrences is `(high << LOW_BITS) + low`; as one int64 it could overflow.
    high: Int64
    low: Int64

    def __len__(self) -> int:
        return len(self.key)

    @classmethod
    def of(cls, *, key: Int64, n: Int64, n_cases: Int64, high: Int64, low: Int64) -> tuple[Totals, Int64]:
        """The totals in order of their keys, equal keys added up; and for each row given its place among them."""
        keys, place = np.unique(key, return_inverse=True)
        sums = {}
        for name, values in {"n": n, "n_cases": n_cases, "high": high, "low": low}.items():
            sums[name] = np.zeros(len(keys), dtype=np.int64)
            np.add.at(sums[name], place, values)
        return cls(key=keys, **sums), place.astype(np.int64)

    @classmethod
    def merged(cls, parts: Sequence[Totals]) -> tuple[Totals, list[Int64]]:
        """The totals of all parts together, and for each part the places of its keys among the merged ones."""
        columns = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)}
        total, place = cls.of(**columns)
        ends = np.cumsum([len(part) for part in parts])[:-1]
        return total, np.split(place, ends)

    def recoded(self, key: Int64) -> Totals:
        """The same totals under other keys, one for each, all different; they have to be put in order by `merged`."""
        return Totals(key=key, n=self.n, n_cases=self.n_cases, high=self.high, low=self.low)

    def sums(self) -> npt.NDArray[np.float64]:
        """The sum of the value for each key; exact to the precision of a float."""
        return np.asarray(self.high * float(1 << LOW_BITS) + self.low, dtype=np.float64)

    def exact_sum(self, place: int) -> int:
        """The sum of the value for one key, exactly."""
        return (int(self.high[place]) << LOW_BITS) + int(self.low[place])
