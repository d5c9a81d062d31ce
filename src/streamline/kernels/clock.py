"""Times of day of whole columns of instants."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.units import DAY

_LOW = (1 << 13) - 1


@compiled
def any_after(one: npt.NDArray[np.int64], two: npt.NDArray[np.int64]) -> bool:
    """Whether any value of the one is greater than the other's at its place."""
    for i in range(len(one)):
        if one[i] > two[i]:
            return True
    return False


@compiled
def any_equal(values: npt.NDArray[np.int64], value: int) -> bool:
    """Whether any of the values is this one."""
    for i in range(len(values)):
        if values[i] == value:
            return True
    return False


@compiled
def any_other(values: npt.NDArray[np.int64], value: int) -> bool:
    """Whether any of the values isn't this one."""
    for i in range(len(values)):
        if values[i] != value:
            return True
    return False


@compiled
def at_midnight(local: npt.NDArray[np.int64]) -> Any:
    """For each local time (microseconds since 1970) whether its time of day is exactly midnight."""
    result = np.zeros(len(local), np.bool_)
    for i in range(len(local)):
        if local[i] & _LOW == 0:  # a day has 13 factors of 2, so that few need the division
            result[i] = local[i] % DAY == 0
    return result
