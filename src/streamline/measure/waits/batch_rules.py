"""The rule that the batches of an activity keep: a size that stands out, or a time of release (see `batching`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from streamline.units import parse_duration

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
DAY_MINUTES, WEEK_MINUTES = 24 * 60, 7 * 24 * 60
#: Width of the stretch of the day in which the releases of an activity must lie, minutes.
_WINDOW = 60
#: Hours of the day, hours of the week, weekdays: so many times of release are tried for each activity.
_SLOTS_TRIED = 24 + 168 + 7


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRule:
    """What counts as a batch.

    min_size : members that a batch has at least. max_gap : on duty, between the completion of one member and the start of
        the next; never more than the activity's median service time (or a minute, where that is less).
    min_hold : time on duty and free, while members waited, that makes a run held. min_pause : the same since the resource
        came on duty, for a rule by time: what begins as the office opens was kept by the night.
    min_releases : of a rule.
    share : of an activity's steps that a rule by time must cover. level : of the tests, over all activities together.
    proven : whether a batch must keep a rule of its activity. If not, every run of `min_size` counts, as in published
        tools; ordinary service of a queue then passes for batching.
    """

    min_size: int = 2
    max_gap: str = "15 minutes"
    min_hold: str = "1 minute"
    min_pause: str = "1 hour"
    min_releases: int = 5
    share: float = 0.5
    level: float = 0.001
    proven: bool = True

    def __post_init__(self) -> None:
        if self.min_size < 2:
            raise ValueError(f"min_size is {self.min_size}; a batch has two members or more.")
        for text in (self.max_gap, self.min_hold, self.min_pause):
            parse_duration(text)

    def in_words(self) -> str:
        """The rule as it stands in the section."""
        text = (
            f"Steps of one activity and one resource are a batch when at least {self.min_size} of them began at most "
            f"{self.max_gap} apart and all were ready before the first began"
        )
        if not self.proven:
            return f"{text}; ordinary service of a queue isn't told apart."
        return (
            f"{text}, their resource was on duty and free for {self.min_hold} or more meanwhile, and batches of that "
            f"size, or released at that time, are a rule of the activity (at least {self.min_releases} of them)."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When in the week releases happen: a weekday (0 is Monday), a stretch of the day in minutes, or both."""

    weekday: int | None
    #: First and last minute of the day that was met; None when the time of day doesn't matter.
    minutes: tuple[int, int] | None
    #: Share of the releases (or of the steps in them) that lie in it, 0 to 1.
    share: float

    def in_words(self) -> str:
        """`Thursdays at 13:00`, `between 09:00 and 09:40` (on which days isn't part of the rule), `Mondays`."""
        day = "" if self.weekday is None else _DAYS[self.weekday]
        if self.minutes is None:
            return day
        first, last = (f"{m % DAY_MINUTES // 60:02d}:{m % 60:02d}" for m in self.minutes)
        time = f"at {first}" if first == last else f"between {first} and {last}"
        return f"{day} {time}".strip()

    def holds(self, minute_of_week: Int64) -> Bool:
        """Which local times (minutes since Monday midnight) lie in it."""
        chosen = np.ones(len(minute_of_week), dtype=np.bool_)
        if self.weekday is not None:
            chosen &= minute_of_week // DAY_MINUTES == self.weekday
        if self.minutes is not None:
            chosen &= (minute_of_week - self.minutes[0]) % DAY_MINUTES <= self.minutes[1] - self.minutes[0]
        return chosen


def waited_for_size(sizes: Int64, rule: BatchRule, level: float) -> int | None:
    """The size that stands out among these, the one with the most members; None when none does."""
    count = np.bincount(sizes, minlength=rule.min_size + 1)
    at_least = np.cumsum(count[::-1])[::-1]
    tried = np.flatnonzero(count[rule.min_size :] >= rule.min_releases) + rule.min_size
    found = [
        (int(m * count[m]), int(m))
        for m in tried
        if count[m] >= 2 * count[m - 1]
        and count[m] >= 0.5 * at_least[m]
        and binom.sf(count[m] - 1, count[m] + count[m - 1], 0.5) < level / len(tried)
    ]
    return max(found)[1] if found else None


def release_slot(
    minute: Int64, weight: npt.NDArray[np.float64], total: float, other: Int64, share: float, rule: BatchRule,
    level: float,
) -> Slot | None:  # fmt: skip
    """The time of the week in which `share` of the total weight was released, the narrowest; None when there is none.

    other : how many steps of other activities began in each minute of the week.
    """
    found = []
    for weekday in (None, *range(7)):
        mine = np.ones(len(minute), dtype=np.bool_) if weekday is None else minute // DAY_MINUTES == weekday
        if weight[mine].sum() < share * total:
            continue
        slots = [_densest(minute[mine] % DAY_MINUTES, weight[mine], weekday, total)]
        if weekday is not None:
            slots.append(Slot(weekday=weekday, minutes=None, share=float(weight[mine].sum() / total)))
        for slot in slots:
            inside = int(slot.holds(minute).sum())
            begun = int(other[slot.holds(np.arange(WEEK_MINUTES))].sum())
            chance = (begun + 1) / (int(other.sum()) + 2) if other.sum() >= 100 else _width(slot) / WEEK_MINUTES
            beyond = binom.sf(inside - 1, len(minute), min(chance, 1.0)) < level / _SLOTS_TRIED
            if slot.share >= share and inside >= rule.min_releases and beyond:
                found.append(slot)
    if not found:
        return None
    best = max(s.share for s in found)
    return min((s for s in found if s.share >= 0.9 * best), key=_width)


def _width(slot: Slot) -> int:
    """Minutes of the week in which releases of the slot may lie."""
    days = 7 if slot.weekday is None else 1
    return days * (DAY_MINUTES if slot.minutes is None else _WINDOW)


def _densest(minute: Int64, weight: npt.NDArray[np.float64], weekday: int | None, total: float) -> Slot:
    """The hour of the day, beginning at one of these releases, that holds most of their weight."""
    order = np.argsort(minute, kind="stable")
    twice = np.concatenate([minute[order], minute[order] + DAY_MINUTES])
    before = np.concatenate([[0.0], np.cumsum(np.concatenate([weight[order], weight[order]]))])
    last = np.searchsorted(twice, twice[: len(minute)] + _WINDOW, side="left")
    held = before[last] - before[: len(minute)]
    k = int(np.argmax(held))
    return Slot(weekday=weekday, minutes=(int(twice[k]), int(twice[last[k] - 1])), share=float(held[k] / total))
