"""When cases arrived: by week of the log's zone, and how many a year.

A week runs from Monday to Sunday by the local clock (ISO 8601), so one with a clock change has 167 or 169 hours.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streamline.log.event_log import EventLog
from streamline.units import DAY, MISSING_TIME, YEAR_DAYS

Int64 = npt.NDArray[np.int64]

#: With arrivals over fewer days than this, nothing is said of a year: four weeks.
FEWEST_DAYS = 28


def local_time(log: EventLog, instants: Int64) -> Int64:
    """What the local clock shows at each instant, as microseconds since 1970; instants must be recorded ones."""
    shown = log.instants(instants).tz_localize(None).to_numpy()
    return np.asarray(shown.astype("datetime64[us]").astype(np.int64))


def local_week(log: EventLog, instants: Int64) -> Int64:
    """The number of the ISO week of each instant in the log's zone; week 1 is that of Monday 5 January 1970."""
    return (local_time(log, instants) // DAY + 3) // 7


def arrivals_per_year(log: EventLog) -> float:
    """Cases that arrive in a year, at the rate between the first and the last arrival; NaN if these are less than four weeks
    apart. Open cases count as well."""
    known = log.arrival[log.arrival != MISSING_TIME]
    if len(known) == 0:
        return float("nan")
    days = (int(known.max()) - int(known.min())) / DAY
    return len(known) / days * YEAR_DAYS if days >= FEWEST_DAYS else float("nan")
