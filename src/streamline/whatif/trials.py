"""Trials: steps that were enabled while somebody seemed free, by which absence is told from delays.

A step is a trial of the people who serve its queue when one of them or more seem free as it is enabled: on duty, and at work
on no step. Whoever completes a step just then is there for certain, which is as good as any number of people. Trials of
one absence hang together: while all who seem free are away, one step after the other is late. So only those count as evidence
(they are `first`) before which nobody was waiting; the share of time is told by all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.measure.waits.path import Paths
from streamline.stats.shared_absence import Fits, fits, likeliest_share, shared_share
from streamline.whatif.staffing import Staffing

Int64 = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

#: Log-likelihood by which absence must explain the trials of a group better than delays do, all its steps together.
PROVEN = 10.0
#: Log-likelihood by which absence must explain the trials of one kind of step better than a delay to speak for it, and by which a
#: delay besides must explain them better than absence alone to speak against: of many kinds some are off by chance.
TELLING, REFUTED = 2.0, 5.0
#: So many people seem free where one is there for certain.
SURE = 1_000
#: Trials on time that a kind needs to count as without a delay where nothing speaks for one.
ON_TIME = 20
#: A kind's steps are always late, by a delay, when this share of its trials is: that they wait says nothing of people.
ALWAYS = 0.98


@dataclass(frozen=True, kw_only=True, eq=False)
class Trials:
    """Steps of one group of people that were enabled while somebody of it seemed free."""

    people: tuple[int, ...]
    #: Steps, people who seemed free, whether the step began later, and what was done after what.
    step: Int64
    free: Int64
    late: Bool
    kind: Int64
    #: Nobody else was waiting who is late now and then only: trials of one absence count once.
    first: Bool


def trials_of(
    paths: Paths, staffing: Staffing, step: Int64, kind: Int64, people: Sequence[int], free: Sequence[Int64]
) -> Trials:
    """The trials of one group. Who completes a step just then is there for certain, which is as good as any number of people."""
    log = paths.log
    assert log.resource is not None
    enabled = paths.enabled[step]
    n = np.zeros(len(step), dtype=np.int64)
    for r in people:
        n += inside(free[r], enabled)
    theirs = staffing.staffed & np.isin(log.resource.codes, people)
    n[np.isin(enabled, log.complete[theirs])] = SURE
    counts = n > 0
    late = log.start[step] > enabled
    _, code = np.unique(kind, return_inverse=True)
    size = np.bincount(code, weights=counts)
    always = np.bincount(code, weights=counts & late) >= ALWAYS * size
    waiting = np.flatnonzero(late & ~always[code]) if len(step) else np.zeros(0, dtype=np.int64)
    begun, taken = np.sort(enabled[waiting]), np.sort(log.start[step[waiting]])
    enabled_before = enabled < log.start[step]
    taken_then = np.isin(enabled, log.start[step[enabled_before]])  # whoever came free took another
    n_waiting = np.searchsorted(begun, enabled, side="left") - np.searchsorted(taken, enabled, side="left")
    return Trials(
        people=tuple(people), step=step[counts], free=n[counts], late=late[counts], kind=kind[counts],
        first=((n_waiting <= 0) & ~taken_then)[counts],
    )  # fmt: skip


def inside(spans: Int64, at: Int64) -> Bool:
    """Whether each instant lies in a span, its end included, and its begin not."""
    place = np.searchsorted(spans[:, 0], at, side="left") - 1
    return np.asarray((place >= 0) & (at <= spans[np.maximum(place, 0), 1]) if len(spans) else np.zeros(len(at), bool))


def absent_groups(
    paths: Paths,
    staffing: Staffing,
    *,
    groups: Sequence[Sequence[int]],
    steps: Sequence[tuple[Int64, Int64]],
    seeming: Sequence[Int64],
    left: Sequence[Int64],
    name: dict[int, int],
) -> tuple[list[Trials], dict[int, tuple[float, Int64]]]:
    """(trials of each group; by group, of those absent at times, the share of the time and the kinds without a delay).

    groups : people who serve the same queues. steps : of each group, its steps and their kinds. seeming : time in which each
    person seems free; left : the same less what the order in which people take steps shows to be absence: whether people are
    absent at times is told by what that leaves unexplained. name : of each kind, the number of what is done after what.
    """
    strictly = [trials_of(paths, staffing, *of, p, left) for of, p in zip(steps, groups, strict=True)]
    proven = [g for g, t in enumerate(strictly) if _gain(t, _share(t)) >= PROVEN]
    if not proven:
        return strictly, {}
    trials = [trials_of(paths, staffing, *of, p, seeming) for of, p in zip(steps, groups, strict=True)]
    kinds = [np.unique(t.kind) for t in trials]
    found: dict[int, tuple[float, Int64]] = {}
    telling: dict[int, set[bool]] = {}
    for g in proven:
        told = _fits(trials[g], _share(trials[g]))
        for_it = told.absence - told.delay > TELLING
        refuted = told.both - told.absence > REFUTED
        for k, without, with_ in zip(kinds[g].tolist(), for_it.tolist(), refuted.tolist(), strict=True):
            if without or with_:
                telling.setdefault(name[k], set()).add(without and not with_)
        found[g] = _settled(trials[g], kinds[g], (for_it & ~refuted) | (~refuted & (_on_time(trials[g]) >= ON_TIME)))
    for g, t in enumerate(trials):
        elsewhere = np.array([telling.get(name[int(k)]) == {True} for k in kinds[g]], dtype=np.bool_)
        if g in found or not elsewhere.any():
            continue
        share = _share_of(t, kinds[g][elsewhere], first=True)
        if np.isnan(share) or _gain(t, share) < -TELLING:
            continue
        told = _fits(t, share)
        agrees = told.both - told.absence <= REFUTED
        if (elsewhere & agrees).any():
            found[g] = _settled(t, kinds[g], agrees & (elsewhere | (_on_time(t) >= ON_TIME)))
    return trials, {g: (q, k) for g, (q, k) in found.items() if len(k) and not np.isnan(q)}


def _settled(t: Trials, kinds: Int64, absent: Bool) -> tuple[float, Int64]:
    """(share of the time by all trials of these kinds, the kinds)."""
    return _share_of(t, kinds[absent], first=False), kinds[absent]


def _share_of(t: Trials, kinds: Int64, *, first: bool) -> float:
    """The likeliest share of absence by the trials of these kinds; NaN where none is late."""
    mine = np.isin(t.kind, kinds) & (t.free < SURE) & (t.first | (not first))
    return likeliest_share(t.free[mine], t.late[mine]) if t.late[mine].any() else float("nan")


def _share(t: Trials) -> float:
    """The share of absence that fits all trials best that count as evidence, beside delays."""
    kinds, code = np.unique(t.kind[t.first], return_inverse=True)
    return shared_share(t.free[t.first], t.late[t.first], code, n_kinds=len(kinds))


def _fits(t: Trials, share: float) -> Fits:
    """How well this absence, delays, and both explain the trials of each kind, in order of the kinds."""
    kinds = np.unique(t.kind)
    code = np.searchsorted(kinds, t.kind[t.first])
    return fits(t.free[t.first], t.late[t.first], code, n_kinds=len(kinds), share=share)


def _on_time(t: Trials) -> Int64:
    """How many trials of each kind began at once, in order of the kinds."""
    kinds = np.unique(t.kind)
    return np.bincount(np.searchsorted(kinds, t.kind[t.first & ~t.late]), minlength=len(kinds))


def _gain(t: Trials, share: float) -> float:
    """How much better a group's trials are explained with this absence, each kind with its own delay, than by delays alone."""
    told = _fits(t, share)
    return float((told.both - told.delay).sum())
