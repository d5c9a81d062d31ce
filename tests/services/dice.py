"""Random numbers by name: the same case meets the same luck in every scenario of a repetition."""

from __future__ import annotations

import math
import zlib

import numpy as np


class Dice:
    """Numbers that depend on the seed, a label, a turn and the case, never on the order in which they are asked for.

    A label says what is drawn ("minutes of Decide claim"), a turn how often the case has come there. Cases that exist
    in one scenario only are numbered last, so that they change nobody else's luck.
    """

    def __init__(self, seed: int, n_cases: int) -> None:
        self.seed, self.n_cases = seed, n_cases
        self._uniform: dict[tuple[str, int], list[float]] = {}
        self._normal: dict[tuple[str, int], list[float]] = {}

    def uniform(self, label: str, case: int, turn: int = 1) -> float:
        """A number from 0 to 1, all equally likely."""
        drawn = self._uniform.get((label, turn))
        if drawn is None:
            drawn = self._stream(label, turn).random(self.n_cases).tolist()
            self._uniform[label, turn] = drawn
        return drawn[case]

    def normal(self, label: str, case: int, turn: int = 1) -> float:
        """A number from the standard normal distribution."""
        drawn = self._normal.get((label, turn))
        if drawn is None:
            drawn = self._stream(label, turn).standard_normal(self.n_cases).tolist()
            self._normal[label, turn] = drawn
        return drawn[case]

    def lognormal(self, label: str, case: int, turn: int = 1, *, median: float, sigma: float) -> float:
        """A positive number with this median, whose logarithm has the standard deviation sigma."""
        return median * math.exp(sigma * self.normal(label, case, turn))

    def _stream(self, label: str, turn: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(label.encode()), turn])
