"""Times of day of whole columns of instants."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled
from streamline.units import DAY


@compiled
def at_midnight(local: npt.NDArray[np.int64]) -> Any:
    """For each local time (microseconds since 1970) whether its time of day is exactly midnight."""
    result = np.empty(len(local), np.bool_)
    for i in range(len(local)):
        result[i] = local[i] % DAY == 0
    return result
