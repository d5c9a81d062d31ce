"""PM4Py's XES reader with r4pm installed: it then takes that one, written in Rust."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pm4py


def load_xes(path: Path) -> pd.DataFrame:
    """Into a formatted frame."""
    return pm4py.read_xes(str(path))
