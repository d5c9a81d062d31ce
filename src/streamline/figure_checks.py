"""What charts refuse: sequences that don't belong together."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from itertools import pairwise


def aligned(what: str, **sequences: Sized) -> None:
    """Refuse sequences of different lengths."""
    if len({len(s) for s in sequences.values()}) > 1:
        lengths = ", ".join(f"{len(s)} in `{name}`" for name, s in sequences.items())
        raise ValueError(f"{what}: {lengths}; they must be as many")


def banded(what: str, *, values: Sized, low: Sized, high: Sized) -> None:
    """Refuse bounds that are neither absent nor as many as the values."""
    if len(low) or len(high):
        aligned(what, values=values, low=low, high=high)


def ascending(what: str, at: Sequence[float]) -> None:
    """Refuse places that don't ascend."""
    if any(later < earlier for earlier, later in pairwise(at)):
        raise ValueError(f"{what}: `at` must ascend")
