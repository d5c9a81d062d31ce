"""Which cases of a customer were open at an instant: one sweep over the customer's arrivals, ends and contacts."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Int64 = npt.NDArray[np.int64]


@compiled
def cases_open_at(
    case_offsets: Int64,
    case: Int64,
    begin: Int64,
    end: Int64,
    contact_offsets: Int64,
    contact_time: Int64,
    after: int,
    most: int,
) -> Any:
    """For each contact the cases of its customer that were open then, begin <= time < end.

    case_offsets, case, begin, end : customer u has the rows `case_offsets[u]:case_offsets[u + 1]`, in order of `begin`.
    contact_offsets, contact_time : likewise the contacts, in order of time.
    after : where no case is open, the case that ended last is taken if it ended at most this long before.
    most : where more cases are open, none is listed.

    Returns (n_open, offsets, listed): for each contact how many cases were open, and the cases that are listed for it,
    `listed[offsets[i]:offsets[i + 1]]`, ascending. Cost: (cases + contacts) × log(open cases), and what is listed.
    """
    n_contacts = len(contact_time)
    n_open = np.zeros(n_contacts, np.int64)
    offsets = np.zeros(n_contacts + 1, np.int64)
    listed = np.zeros(max(n_contacts, 16), np.int64)
    n = 0
    for customer in range(len(case_offsets) - 1):
        row, n_rows = case_offsets[customer], case_offsets[customer + 1]
        running = [(np.int64(0), np.int64(0))]  # (end, case), the next to end first
        running.pop()
        ended, ended_case = np.int64(0), np.int64(-1)
        for i in range(contact_offsets[customer], contact_offsets[customer + 1]):
            t = contact_time[i]
            while row < n_rows and begin[row] <= t:
                heappush(running, (end[row], case[row]))
                row += 1
            while len(running) > 0 and running[0][0] <= t:
                ended, ended_case = heappop(running)
            n_open[i] = len(running)
            wanted = len(running) if len(running) <= most else 0
            if len(running) == 0 and ended_case >= 0 and t - ended <= after:
                wanted = 1
            if n + wanted > len(listed):
                fresh = np.zeros(2 * (n + wanted), np.int64)
                fresh[:n] = listed[:n]
                listed = fresh
            if len(running) == 0 and wanted == 1:
                listed[n] = ended_case
            else:
                for k in range(wanted):
                    listed[n + k] = running[k][1]
                listed[n : n + wanted].sort()
            n += wanted
            offsets[i + 1] = n
    return n_open, offsets, listed[:n].copy()
