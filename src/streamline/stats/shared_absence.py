"""Whether a wait is a delay of the case or the absence of everybody who seems free.

A *trial* is a step that is enabled while one person or more seem free to take it. It is *late* when it doesn't begin then. Two
things make it late, and they differ in how often:

- a delay of the case (a courier, a query) knows nothing of who is free: the share of late trials is the same however many
  people seem free, and it is the step's own;
- people who seem free and aren't there make it late only if all of them are away. Where each is away with chance q,
  the share is q when one seems free, q squared when two do, and so on; and since absence is of the people, it is the same for
  whatever they do. A step that is late less often than that refutes it.

Both together make a share of 1 - (1 - p)(1 - q^n) late. All of it is held against the trials by the likelihood. Now and then a
step is late, or isn't, for a reason of its own, so shares are kept between `ODD` and one less `ODD`. With one person there is
no contrast, and nothing tells the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Share of trials that may be late, or not, for a reason of their own.
ODD = 0.01
#: Chances of being away that are tried, and of a delay.
_AWAY = np.arange(1, 96) / 100
_DELAYED = np.concatenate([[0.0], np.arange(1, 100) / 100])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fits:
    """Log-likelihoods of the trials of each kind of step, with one chance of being away."""

    #: By absence alone; by absence and the delay that fits best beside it; by the delay that fits best without absence.
    absence: Float
    both: Float
    delay: Float


def fits(free: Int64, late: Bool, kind: Int64, *, n_kinds: int, share: float) -> Fits:
    """How well absence, delays and both explain n trials.

    free : (n,) people who seem free, at least 1. late : (n,) whether the step didn't begin when it was enabled.
    kind : (n,) a number below `n_kinds`; one without trials has 0. share : chance that a person who seems free is away, 0 to 1.
    Raises ValueError where a trial has nobody free.
    """
    n, is_late, of_kind, count = _cells(free, late, kind)
    both = _told(n, is_late, of_kind, count, n_kinds, share)
    return Fits(
        absence=both[0], both=both.max(axis=0), delay=_told(n, is_late, of_kind, count, n_kinds, 0.0).max(axis=0)
    )


def likeliest_share(free: Int64, late: Bool) -> float:
    """The chance of being away that fits these trials best, if all of them are late by absence: 0.01 to 0.95."""
    cells = _cells(free, late, np.zeros(len(free), dtype=np.int64))
    return float(_AWAY[int(np.argmax([_told(*cells, 1, float(q))[0].sum() for q in _AWAY]))])


def shared_share(free: Int64, late: Bool, kind: Int64, *, n_kinds: int) -> float:
    """The chance of being away that fits best when each kind of step may have a delay of its own besides: 0.01 to 0.95."""
    cells = _cells(free, late, kind)
    return float(_AWAY[int(np.argmax([_told(*cells, n_kinds, float(q)).max(axis=0).sum() for q in _AWAY]))])


def _cells(free: Int64, late: Bool, kind: Int64) -> tuple[Int64, Bool, Int64, Float]:
    """(people free, late, kind, how many): trials that are alike, together."""
    if len(free) and int(free.min()) < 1:
        raise ValueError(f"{int((free < 1).sum()):,} of {len(free):,} trials have nobody who seems free")
    cells, count = np.unique(np.stack([free, late.astype(np.int64), kind]), axis=1, return_counts=True)
    return cells[0], cells[1].astype(np.bool_), cells[2], count.astype(np.float64)


def _told(free: Int64, late: Bool, kind: Int64, count: Float, n_kinds: int, share: float) -> Float:
    """(chances of a delay, kinds): log-likelihood with this chance of being away."""
    on_time = (1.0 - _DELAYED)[:, None] * (1.0 - share ** free.astype(np.float64))
    chance = np.clip(1.0 - on_time, ODD, 1.0 - ODD)
    told = np.where(late, np.log(chance), np.log1p(-chance)) * count
    result = np.zeros((len(_DELAYED), n_kinds))
    np.add.at(result.T, kind, told.T)
    return result
