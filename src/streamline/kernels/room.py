"""Memory for large arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from streamline.kernels.compiled import compiled


@compiled
def room(n: int) -> Any:
    """Room for n int64 values, from the plain allocator: numpy asks for large pages, which can take longer to get than the
    work that is done on them."""
    return np.empty(n, np.int64)


@compiled
def room_for_codes(n: int) -> Any:
    """The same for n int32 values."""
    return np.empty(n, np.int32)
