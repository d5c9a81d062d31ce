"""Cases that end while they wait for somebody: customers who give up.

A replay takes the same cases again. Where customers give up while a step is awaited, more of them do when it is awaited for
longer, and with them goes the work that they would have brought: with fewer people queues grow less than they do in a
replay, and with more people they shrink less. (In a simulated service in which 0.5% of the cases gave up, one of eight people
fewer lengthened cycle times half as much as it would have without that.) The replay doesn't know how long customers wait; it is
said how many were seen to go.

A case *gave up* where it ended with one of the study's `ends` that needs no staff, some time after a step after which most
cases go on to a step that needs staff. An end that comes at once is a decision, and so is one after a step that most cases
take to wait for something else.
"""

from __future__ import annotations

import numpy as np

from streamline.measure.waits.path import Paths
from streamline.units import counted
from streamline.whatif.staffing import Staffing

#: Cases that must have given up for it to be said.
ENOUGH = 20


def said_of_giving_up(paths: Paths, staffing: Staffing) -> tuple[str, ...]:
    """A sentence on cases that gave up while they waited for people, if there are enough; see the module's text."""
    log = paths.log
    if log.ends is None:
        return ()
    ends = np.isin(log.activity, [log.activity_code(a) for a in log.ends if a in log.activities])
    after = np.flatnonzero(paths.predecessor >= 0)
    before = log.activity[paths.predecessor[after]]
    width = len(log.activities)
    went_on = np.bincount(before, weights=staffing.staffed[after], minlength=width)
    mostly = went_on > 0.5 * np.bincount(before, minlength=width)
    gave_up = after[
        ends[after] & ~staffing.staffed[after] & mostly[before] & (log.complete[after] > paths.enabled[after])
    ]
    n = len(np.unique(log.case_of_step[gave_up]))
    if n < ENOUGH:
        return ()
    names = sorted({log.activities[a] for a in log.activity[gave_up]})
    return (
        f"{counted(n, 'case')} of {log.n_cases:,} end ({', '.join(names)}) while they wait for people. The replay takes the same "
        "cases again, so longer waits make no more of them go and shorter ones no fewer: what fewer people or more demand "
        "would add to waits is overstated, and what more people would save is overstated too.",
    )
