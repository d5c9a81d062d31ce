"""Lives of cases cut into stretches, and the contacts that fall into them.

A case awaits one step after another; after the last one comes its *tail*. Each of these is cut where the wait passes into
the next band, where the case becomes overdue or passes into the next age, where a contact begins or stops to be recent,
and where a class of days ends. Pieces of one case with the same codes are put together into one *stretch*.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.kernels.compiled import compiled

Float = npt.NDArray[np.float64]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Later than any instant.
NEVER = 2**63 - 1


@compiled
def _class_at(edges: Int64, t: int) -> int:
    """The number of the stretch between edges that holds `t`, where the first is before the first edge."""
    return int(np.searchsorted(edges, t, side="right"))


@compiled
def _grown(values: Any, size: int) -> Any:
    """The values with room for `size`."""
    result = np.zeros(size, values.dtype)
    result[: len(values)] = values
    return result


def stretches(
    step_offsets: Int64,
    state: Int32,
    since: Int64,
    until: Int64,
    tail_state: Int32,
    tail_since: Int64,
    tail_until: Int64,
    due: Int64,
    contact_offsets: Int64,
    contact_time: Int64,
    weight: Float,
    bands: Int64,
    recent: int,
    day_edges: Int64,
    day_class: Int32,
    n_classes: int,
    first: int,
    last: int,
    ages: Int64 | None = None,
) -> Any:
    """Time and contacts of each case by state, waiting band, overdue, recent contact and class of days.

    step_offsets, state, since, until : what case k awaits is in the rows `step_offsets[k]:step_offsets[k + 1]`, one after
        another without a gap: row i is awaited during [since, until). tail_state, tail_since, tail_until : one a case, the
        state after the last row; its length is 0 where it has none.
    due : one a case, the instant from which it is overdue, `NEVER` where it never is.
    contact_offsets, contact_time, weight : the contacts of each case in order of time, and what each counts for. Those
        before the first row, and at `tail_until` or later, are in no stretch, but the former make later ones recent.
    bands : ascending durations; a wait shorter than `bands[0]` is in band 0. recent : a contact is recent for so long.
    day_edges : ascending instants, between which days are of class `day_class` (one entry more than edges).
    first, last : time before and after isn't counted.
    ages : ascending durations; a case of less than `ages[0]` since its first row is in age 0. None: all ages are one.

    Returns (case, key, time, contacts, key_of_contact): one entry a stretch, cases ascending, keys ascending in each; and for
    each contact the key of its stretch, -1 where it is in none. A key is
    ((((state × bands + band) × 2 + overdue) × 2 + recent) × ages + age) × classes + class.
    A contact counts where the case is from its instant on, and as recent by the contacts before it; at the very instant at
    which a case changes its state this may be a stretch without time.
    """
    return _stretches(
        step_offsets, state, since, until, tail_state, tail_since, tail_until, due, contact_offsets, contact_time,
        weight, bands, recent,
        day_edges, day_class, n_classes, first, last, np.zeros(0, dtype=np.int64) if ages is None else ages,
    )  # fmt: skip


@compiled
def _stretches(
    step_offsets: Int64,
    state: Int32,
    since: Int64,
    until: Int64,
    tail_state: Int32,
    tail_since: Int64,
    tail_until: Int64,
    due: Int64,
    contact_offsets: Int64,
    contact_time: Int64,
    weight: Float,
    bands: Int64,
    recent: int,
    day_edges: Int64,
    day_class: Int32,
    n_classes: int,
    first: int,
    last: int,
    ages: Int64,
) -> Any:
    n_bands, n_kinds = len(bands) + 1, (len(ages) + 1) * n_classes
    room, n = 1024, 0
    out_case = np.zeros(room, np.int64)
    out_key = np.zeros(room, np.int64)
    out_time = np.zeros(room, np.int64)
    out_weight = np.zeros(room, np.float64)
    buffer = 64
    keys = np.zeros(buffer, np.int64)
    times = np.zeros(buffer, np.int64)
    weights = np.zeros(buffer, np.float64)
    key_of_contact = np.full(len(contact_time), -1, np.int64)

    for case in range(len(step_offsets) - 1):
        m = 0
        c, c_end = contact_offsets[case], contact_offsets[case + 1]
        recent_until = -NEVER  # until when the latest contact before is recent
        n_rows = step_offsets[case + 1] - step_offsets[case]
        born = since[step_offsets[case]] if n_rows else tail_since[case]
        while c < c_end and contact_time[c] < born:
            recent_until = contact_time[c] + recent
            c += 1
        for r in range(n_rows + 1):
            if r < n_rows:
                i = step_offsets[case] + r
                awaited, began, ended = state[i], since[i], until[i]
            else:
                awaited, began, ended = tail_state[case], tail_since[case], tail_until[case]
            at = began
            band = 0
            age = _class_at(ages, at - born)
            day = _class_at(day_edges, at)
            while at < ended:
                # one piece: [at, to), in which nothing changes
                to = ended
                while band < n_bands - 1 and began + bands[band] <= at:
                    band += 1
                if band < n_bands - 1:
                    to = min(to, began + bands[band])
                overdue = 1 if due[case] <= at else 0
                if not overdue:
                    to = min(to, due[case])
                while day < len(day_edges) and day_edges[day] <= at:
                    day += 1
                if day < len(day_edges):
                    to = min(to, day_edges[day])
                while age < len(ages) and born + ages[age] <= at:
                    age += 1
                if age < len(ages):
                    to = min(to, born + ages[age])
                base = ((awaited * n_bands + band) * 2 + overdue) * 2
                kind = age * n_classes + day_class[day]
                # contacts at this very instant: each is recent by those before it
                while c < c_end and contact_time[c] == at:
                    key = (base + (1 if at < recent_until else 0)) * n_kinds + kind
                    if m == buffer:
                        buffer *= 2
                        keys, times, weights = _grown(keys, buffer), _grown(times, buffer), _grown(weights, buffer)
                    keys[m], times[m], weights[m] = key, 0, weight[c]
                    key_of_contact[c] = key
                    m += 1
                    recent_until = at + recent
                    c += 1
                if c < c_end:
                    to = min(to, contact_time[c])
                soon = 1 if at < recent_until else 0
                if soon:
                    to = min(to, recent_until)
                inside = min(to, last) - max(at, first)
                if inside > 0:
                    if m == buffer:
                        buffer *= 2
                        keys, times, weights = _grown(keys, buffer), _grown(times, buffer), _grown(weights, buffer)
                    keys[m], times[m], weights[m] = (base + soon) * n_kinds + kind, inside, 0.0
                    m += 1
                at = to
        if m == 0:
            continue
        order = np.argsort(keys[:m], kind="mergesort")
        for x in range(m):
            p = order[x]
            if x == 0 or keys[p] != keys[order[x - 1]]:
                if n == room:
                    room *= 2
                    out_case, out_key = _grown(out_case, room), _grown(out_key, room)
                    out_time, out_weight = _grown(out_time, room), _grown(out_weight, room)
                out_case[n], out_key[n] = case, keys[p]
                n += 1
            out_time[n - 1] += times[p]
            out_weight[n - 1] += weights[p]
    return out_case[:n].copy(), out_key[:n].copy(), out_time[:n].copy(), out_weight[:n].copy(), key_of_contact
