"""Columns that hold timestamps or dates already, not their texts: from Parquet files and frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from streamline.kernels.clock import at_midnight
from streamline.log.time_column import (
    FIRST_INSTANT,
    LAST_INSTANT,
    OUTSIDE,
    Int64s,
    Reading,
    TimeColumn,
    filled,
    nowhere,
    present,
)
from streamline.units import DAY, MICROSECOND, SECOND


def stored_times(here: TimeColumn) -> Reading:
    """Instants if the column's type has a zone, else local times."""
    kind = here.values.type
    there = present(here.values)
    days = pa.types.is_date32(kind)
    counts = filled(pc.cast(here.values, pa.int32() if days else pa.int64())).astype(np.int64, copy=False)
    unit = "D" if days else getattr(kind, "unit", "ms")  # date64 counts milliseconds
    if unit == "ns":
        counts, unit = counts // 1000, "us"
    size = {"D": DAY, "s": SECOND, "ms": SECOND // 1000, "us": MICROSECOND}[unit]
    reasons: dict[int, str] = {}
    earliest, latest = FIRST_INSTANT // size, LAST_INSTANT // size
    if len(counts) and (counts.min() < earliest or counts.max() >= latest):
        within = (counts >= earliest) & (counts < latest)
        reasons = dict.fromkeys(np.flatnonzero(~within & there).tolist(), OUTSIDE)
        counts = np.where(within, counts, 0)
    instants = counts if size == 1 else counts * size
    n_offsets, midnight, form = 0, at_midnight(instants), "dates" if pa.types.is_date(kind) else "timestamps"
    zone = getattr(kind, "tz", None)
    if zone is not None:
        form = f"timestamps of zone {zone}"
        local = _local(instants, zone)
        if local is None:
            n_offsets = int(len(instants) > len(reasons) and bool(there.any()))
        else:
            read = there.copy()
            read[list(reasons)] = False
            n_offsets = len(np.unique((local - instants)[read]))
            midnight = at_midnight(local)
    return Reading(
        instants=instants,
        missing=nowhere(len(instants)) if here.values.null_count == 0 else ~there,
        naive=np.broadcast_to(np.bool_(zone is None), len(instants)),
        midnight=midnight,
        reasons=reasons,
        n_offsets=n_offsets,
        form=form,
        offset_words="",
    )


def _local(instants: Int64s, zone: str) -> Int64s | None:
    """The local times of a zone, microseconds; None for UTC, where they are the instants."""
    if zone.upper() in ("UTC", "Z", "ETC/UTC", "+00:00"):
        return None
    index = pd.DatetimeIndex(instants.view("M8[us]")).tz_localize("UTC")
    local: Any = index.tz_convert(pa.lib.string_to_tzinfo(zone)).tz_localize(None)
    return np.asarray(local.asi8, dtype=np.int64)
