"""A service that is changed on a day: as it was before that instant, with the change from it on.

What is asked of the conditions when a step is taken up (minutes, days outside, chances of loops, steps dropped or done by a
machine) is asked of those in force then. Teams, hours, demand and rates of calls are set once, so a change of these is refused.
The truth of one run is that run beside the same run without the change: same arrivals, same luck.
"""

from __future__ import annotations

from datetime import date

from .conditions import Conditions
from .figures import Changes
from .floor import Case, Step
from .rosters import local
from .service import Service

#: Kinds of change that take effect step by step.
KINDS = {"shorten_external", "automate", "reduce_rework", "speed_up", "remove_step"}


def run_with_change(
    kind: type[Service], given: list[Case], changes: Changes, day: date, seed: int
) -> tuple[list[Case], list[Step]]:
    """One run of a service that is changed at the beginning of a day. Raises ValueError for other kinds of change."""
    wrong = sorted({str(c["kind"]) for c in changes} - KINDS)
    if wrong:
        raise ValueError(f"{', '.join(wrong)} can't begin on a day here")
    at = local(day, "00:00", kind.zone)
    before, after = kind.as_is.changed([]), kind.as_is.changed(changes)

    class Switched(kind):  # type: ignore[misc, valid-type]
        """The service with the conditions that are in force now."""

        @property
        def conditions(self) -> Conditions:
            return after if self.floor.now >= at else before

        @conditions.setter
        def conditions(self, value: Conditions) -> None:
            """Set by the service when it is made; the two above stand in its place."""

    return Switched().run(given, seed)
