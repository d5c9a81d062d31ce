"""Whether a wait is a delay of the case or the absence of everybody who seems free.

A *trial* is a step that is enabled while one person or more seem free to take it. It is *late* when it doesn't begin then. Two
things make it late, and they differ in how often:

- a delay of the case (a courier, a query) knows nothing of who is free: the share of late trials is the same however many
  people seem free;
- people who seem free and aren't there make it late only if all of them are away. Where each is away with chance q,
  the share is q when one seems free, q squared when two do, and so on.

Both are held against the trials by their likelihoods. Now and then a step is late for a reason of its own, so both shares
are kept between `ODD` and one less `ODD`. With one person there is no contrast, and nothing tells the two apart.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Share of trials that may be late for a reason of their own.
ODD = 0.01
#: Chances of being away that are tried.
_TRIED = np.arange(1, 96) / 100


def for_absence(free: Int64, late: Bool, kind: Int64, *, n_kinds: int, share: float) -> Float:
    """Log-likelihood of absence less that of a delay, for each kind of trial; above 0 it looks like absence.

    free : (n,) people who seem free, at least 1. late : (n,) whether the step didn't begin when it was enabled.
    kind : (n,) a number below `n_kinds`. share : chance that a person who seems free is away, 0 to 1; the delay has the chance
    that fits each kind best. A kind without trials gets 0. Raises ValueError where a trial has nobody free.
    """
    if len(free) and int(free.min()) < 1:
        raise ValueError(f"{int((free < 1).sum()):,} of {len(free):,} trials have nobody who seems free")
    size = np.bincount(kind, minlength=n_kinds)
    n_late = np.bincount(kind, weights=late, minlength=n_kinds)
    constant = np.clip(n_late / np.maximum(size, 1), ODD, 1 - ODD)
    delayed = n_late * np.log(constant) + (size - n_late) * np.log1p(-constant)
    away = np.bincount(kind, weights=_told(free, late, share), minlength=n_kinds)
    return np.asarray(away - delayed, dtype=np.float64)


def likeliest_share(free: Int64, late: Bool) -> float:
    """The chance of being away that fits these trials best, if all of them are late by absence: 0.01 to 0.95."""
    return float(_TRIED[int(np.argmax([_told(free, late, q).sum() for q in _TRIED]))])


def shared_share(free: Int64, late: Bool, kind: Int64, *, n_kinds: int) -> float:
    """The chance of being away that fits best where each kind of trial is of whichever sort fits it better.

    Being away is of the people, so all kinds that look like absence share its chance.
    """
    gain = [
        np.maximum(for_absence(free, late, kind, n_kinds=n_kinds, share=float(q)), 0.0).sum() for q in _TRIED
    ]  # fmt: skip
    return float(_TRIED[int(np.argmax(gain))])


def _told(free: Int64, late: Bool, share: float) -> Float:
    """Log-likelihood of each trial when people who seem free are away with this chance."""
    chance = np.clip(share ** free.astype(np.float64), ODD, 1 - ODD)
    return np.where(late, np.log(chance), np.log1p(-chance))
