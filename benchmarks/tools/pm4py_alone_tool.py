"""PM4Py's XES reader as pip installs PM4Py: without r4pm, whose reader it otherwise takes."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

sys.modules["r4pm"] = None  # type: ignore[assignment]  # as if it weren't installed
PM4PY = importlib.import_module("pm4py")


def load_xes(path: Path) -> Any:
    """Into a formatted frame."""
    return PM4PY.read_xes(str(path))
