"""The section's tables for people. Groups of too few cases are suppressed; the files beside the section hold all rows."""

from __future__ import annotations

from streamline.report.tables.appendix import digests, files
from streamline.report.tables.compared import compared
from streamline.report.tables.contacts import (
    contact_calibration,
    contact_forecast,
    contact_loops,
    contact_reasons,
    contacts,
    feedback,
    weekly_contacts,
)
from streamline.report.tables.diagnosis import (
    causes,
    endings,
    loop_levels,
    open_cases,
    places,
    round_trips,
    slow_levels,
    staff,
    standard_by_group,
)
from streamline.report.tables.process import bottlenecks, transitions
from streamline.report.tables.progress import progress, timeline
from streamline.report.tables.proposals import benefits, replayed_waits, scenario, validation
from streamline.report.tables.service import baseline, channels, inputs
from streamline.report.tables.worth import burden, shares, value

__all__ = [
    "baseline", "benefits", "bottlenecks", "burden", "causes", "channels", "compared", "contact_calibration", "contact_forecast",
    "contact_loops", "contact_reasons", "contacts", "digests", "endings", "feedback", "files", "inputs", "loop_levels",
    "open_cases", "places", "progress", "replayed_waits", "round_trips", "scenario", "shares", "slow_levels", "staff",
    "standard_by_group", "timeline", "transitions", "validation", "value", "weekly_contacts",
]  # fmt: skip
