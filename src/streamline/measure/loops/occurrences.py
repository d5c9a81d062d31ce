"""Loop occurrences: what each return of a case to an earlier step consists of.

Loops are erased from each trace, left to right: the path so far is kept; when the next activity is already on it, the
steps after that earlier occurrence, together with this repeat, are one *loop occurrence* and leave the path. Each
step is first-pass or belongs to exactly one occurrence. The activity returned to is the *head*, the first step after it
the *trigger*, the last one before the repeat the *leaving* step: leaving → head is the *return edge*. Occurrences of one
head and trigger are a *family*; the activities of an occurrence in their order are its *signature*.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from streamline.kernels.loops import erased_loops, grouped_places, grouped_sums
from streamline.log.event_log import EventLog
from streamline.measure.summaries.routes import variants_of

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Occurrences:
    """The loop occurrences of a log's traces; arrays of one entry an occurrence, in the order in which they close."""

    log: EventLog
    #: For each step the number of its occurrence; -1 for first-pass steps.
    loop: Int64
    #: Places of the step returned to, the first step after it, the last step before the return, and the repeat.
    head: Int64
    trigger: Int64
    leaving: Int64
    repeat: Int64
    #: Code of the activity that finally followed the head; -1 when none did.
    onward: Int64
    #: For each step the time it takes: from the completion before it in its case to its own, microseconds.
    time: Int64

    def __len__(self) -> int:
        return len(self.head)

    @cached_property
    def case(self) -> Int64:
        """For each occurrence the number of its case; ascending."""
        return self.log.case_of_step[self.head]

    def sums(self, values: npt.NDArray[np.float64] | Int64) -> Int64:
        """The sum of per-step integers over each occurrence."""
        return np.asarray(grouped_sums(self.loop, np.asarray(values).astype(np.int64), len(self)), dtype=np.int64)

    @cached_property
    def steps(self) -> tuple[Int64, Int64]:
        """(offsets, places): occurrence k has the steps `places[offsets[k]:offsets[k + 1]]`."""
        offsets, places = grouped_places(self.loop, len(self))
        return offsets, places

    @cached_property
    def signature(self) -> tuple[npt.NDArray[np.int32], Int64]:
        """For each occurrence the number of its signature; and for each signature an occurrence that has it."""
        offsets, places = self.steps
        variant, _, model = variants_of(offsets[:-1], offsets[1:], self.log.activity[places], len(self.log.activities))
        return variant, model

    @cached_property
    def family(self) -> tuple[Int64, Int64]:
        """For each occurrence the number of its family; and each family as head code × activities + trigger code."""
        activity, width = self.log.activity, len(self.log.activities)
        key = activity[self.head].astype(np.int64) * width + activity[self.trigger]
        present = np.unique(key[self.signature[1]])  # a signature tells its family
        return np.searchsorted(present, key), present

    def signature_words(self, signatures: Int64) -> list[str]:
        """The activities of the signatures with these numbers, joined by arrows."""
        (offsets, places), model = self.steps, self.signature[1]
        activity, names = self.log.activity, self.log.activities
        return [
            " → ".join(names[a] for a in activity[places[offsets[k] : offsets[k + 1]]])
            for k in model[np.asarray(signatures, dtype=np.int64)]
        ]

    def matching(self, *, to: str | None = None, leaving: str | None = None, through: str | None = None) -> Bool:
        """Which occurrences return `to` this activity, after this last step before the return, `through` this step.

        Raises UnknownNameError for an activity that the log doesn't have.
        """
        chosen = np.ones(len(self), dtype=np.bool_)
        if to is not None:
            chosen &= self.log.activity[self.head] == self.log.activity_code(to)
        if leaving is not None:
            chosen &= self.log.activity[self.leaving] == self.log.activity_code(leaving)
        if through is not None:
            has = (self.loop >= 0) & (self.log.activity == self.log.activity_code(through))
            passing = np.zeros(len(self), dtype=np.bool_)
            passing[self.loop[has]] = True
            chosen &= passing
        return chosen


def loop_occurrences(log: EventLog) -> Occurrences:
    """Erase the loops of each trace of the log (see the module's text)."""
    loop, head, trigger, leaving, repeat, onward = erased_loops(log.case_offsets, log.activity, len(log.activities))
    before = np.empty(log.n_steps, dtype=np.int64)
    before[1:] = log.complete[:-1]
    some = np.diff(log.case_offsets) > 0
    before[log.case_offsets[:-1][some]] = log.arrival[some]
    return Occurrences(
        log=log, loop=loop, head=head, trigger=trigger, leaving=leaving, repeat=repeat, onward=onward,
        time=log.complete - before,
    )  # fmt: skip


def loop_words(head: str, trigger: str) -> str:
    """A family of loops in words.

    >>> loop_words("Intake check", "Request information"), loop_words("Review", "Review")
    ('back to Intake check after Request information', 'Review repeated at once')
    """
    return f"{head} repeated at once" if head == trigger else f"back to {head} after {trigger}"
