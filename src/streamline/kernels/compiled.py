"""How every kernel is compiled: once, kept on disk where a folder can be written, and without holding the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any]) -> Any:
    """Compile the function at its first call and keep the result on disk for later processes.

    Where neither the package's own folder nor the user's cache folder can be written (a read-only image, a container
    without a home), the function is compiled anew in each process instead of failing.
    """
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba: "no locator available"
        return njit(nogil=True)(function)
