"""Releases: activities that are done in batches, let go at certain moments, and the wait for the next release.

The steps of an activity, in order of their starts, form *sessions*: a session ends when nobody does the activity for
a while. A session's first start is its *release*. A case that was ready before it waited for the release (the batching
wait); what it waits after the release, while the session works through the batch, is the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError
from streamline.log.calendar import Calendar
from streamline.measure.waits.path import Paths
from streamline.units import HOUR, MISSING_TIME, counted

Int64 = npt.NDArray[np.int64]

#: A session ends after this long without the activity (of office hours, when a calendar is given), or after three
#: times the activity's median service time, whichever is longer.
PAUSE = HOUR
#: An activity counts as released in batches when at least this share of its waiting, and of its steps, lies before
#: the session in which the step was done.
BATCHED_SHARE = 0.5
MIN_RELEASES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Releases:
    """The observed releases of one activity."""

    activity: str
    #: Places of the activity's steps.
    step: Int64
    #: For each of them its wait until the release, and after it, microseconds.
    batching: Int64
    rest: Int64
    #: Instants of the releases, in order.
    releases: Int64
    #: Share of the activity's waiting that lies before the release, 0 to 1.
    share: float

    def __repr__(self) -> str:
        return f"<Releases of {self.activity!r}: {counted(len(self.releases), 'release')} of {counted(len(self.step), 'step')}>"


def observed_releases(paths: Paths, activity: str, *, calendar: Calendar | None = None) -> Releases:
    """Find when batches of an activity were let go.

    Raises InsufficientDataError when the activity's steps were not done in batches: fewer than five sessions, or less
    than half of the waiting (or of the steps) before the session began.
    """
    log = paths.log
    step = np.flatnonzero(log.activity == log.activity_code(activity))
    begun = np.where(log.start[step] == MISSING_TIME, log.complete[step], log.start[step])
    order = np.argsort(begun, kind="stable")
    step, begun, done = step[order], begun[order], log.complete[step][order]
    pause = max(PAUSE, 3 * int(np.median(done - begun))) if len(step) else PAUSE
    busy_until = np.maximum.accumulate(done)
    idle_from, idle_to = busy_until[:-1], np.maximum(begun[1:], busy_until[:-1])
    idle = idle_to - idle_from if calendar is None else calendar.working_time(idle_from, idle_to)
    first = np.concatenate([[True], idle > pause]) if len(step) else np.zeros(0, dtype=np.bool_)
    releases = begun[first]
    release = releases[np.cumsum(first) - 1]
    ready = paths.enabled[step]
    batching = np.maximum(release - ready, 0)
    rest = np.maximum(begun - np.maximum(release, ready), 0)
    wait = int((batching + rest).sum())
    share = int(batching.sum()) / wait if wait else 0.0
    waited = float((batching > 0).mean()) if len(step) else 0.0
    if len(releases) < MIN_RELEASES or share < BATCHED_SHARE or waited < BATCHED_SHARE:
        raise InsufficientDataError(
            f"{activity!r} isn't released in batches in {log.source}: {len(releases):,} sessions, {waited:.0%} of its "
            f"{len(step):,} steps were ready before their session, and {share:.0%} of its waiting lies before it. "
            "A new release rhythm can't be estimated for it."
        )
    return Releases(activity=activity, step=step, batching=batching, rest=rest, releases=releases, share=share)
