"""Changes of which steps a case has, and which of them wait for which."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError
from streamline.kernels.replay import cut_with_consequences, parallel_joins
from streamline.whatif.change import ReduceRework, RemoveStep, RunInParallel
from streamline.whatif.queue_model import QueueModel, Workload
from streamline.whatif.sample import ranges

Int64 = npt.NDArray[np.int64]


class RemoveEdit:
    """The step vanishes from that share of the cases; its followers attach to its predecessor."""

    def __init__(self, model: QueueModel, change: RemoveStep) -> None:
        self._change, self._code = change, model.log.activity_code(change.activity)
        self.caveats: tuple[str, ...] = ()

    def apply(self, work: Workload, rng: np.random.Generator) -> None:
        """Edit a workload in place."""
        share = self._change.drawn(rng)
        chance = rng.random(len(work.cases.pick))
        case = np.repeat(np.arange(len(chance)), np.diff(work.offsets))
        work.drop((work.activity == self._code) & (chance[case] < share))


class ReworkEdit:
    """That share of the matching loop occurrences is prevented: cut out whole, with what followed from them."""

    def __init__(self, model: QueueModel, change: ReduceRework) -> None:
        found, log = model.occurrences, model.log
        matching = found.matching(to=change.to, leaving=change.from_, through=change.through)
        if not matching.any():
            raise InsufficientDataError(f"No loop in {log.source} matches: {change.words()}.")
        self._change, self._found = change, found
        # occurrences of a case side by side, by the step that they return to, then in order of time
        order = np.lexsort((found.repeat, found.head))
        self._order = order
        self._head, self._trigger = found.head[order], log.activity[found.trigger[order]]
        self._redone = found.onward[order] == self._trigger
        self._matching = matching[order]
        self._bounds = np.searchsorted(self._head, log.case_offsets).astype(np.int64)
        place = np.empty(len(order) + 1, dtype=np.int64)
        place[order], place[-1] = np.arange(len(order)), -1
        self._place_of_step = place[found.loop]  # -1 for first-pass steps
        self.caveats: tuple[str, ...] = ()

    def apply(self, work: Workload, rng: np.random.Generator) -> None:
        """Edit a workload in place."""
        share = self._change.drawn(rng)
        pick = work.cases.pick
        first = self._bounds[pick]
        size = self._bounds[pick + 1] - first
        which = ranges(first, size)
        chance = rng.random(len(which))
        case = np.repeat(np.arange(len(pick)), size)
        slot = self._head[which] + case * np.int64(1 << 40)  # copies of a case don't share a slot
        cut = cut_with_consequences(
            slot, self._trigger[which], self._redone[which], self._matching[which] & (chance < share)
        )
        begin = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        place = self._place_of_step[work.step]
        owner = np.repeat(np.arange(len(pick)), np.diff(work.offsets))
        # what a customer who gave up would have gone on to is another case's: its loops stay
        looping = (place >= first[owner]) & (place < first[owner] + size[owner])
        gone = np.zeros(len(place), dtype=np.bool_)
        gone[looping] = cut[begin[owner[looping]] + place[looping] - first[owner[looping]]]
        work.drop(gone)


class ParallelEdit:
    """These activities start together, after the first one's predecessor; who waited for one of them waits for all."""

    def __init__(self, model: QueueModel, change: RunInParallel) -> None:
        log, own = model.log, model.courses
        self._codes = np.zeros(len(log.activities), dtype=np.bool_)
        for name in change.activities:
            self._codes[log.activity_code(name)] = True
        join_offsets, joined = parallel_joins(log.activity[own.step], own.join_offsets, own.joined, self._codes)
        same = np.array_equal(join_offsets, own.join_offsets) and np.array_equal(joined, own.joined)
        if same:
            raise InsufficientDataError(
                f"{log.source}: no case has these one after another, so running them side by side changes nothing: "
                f"{change.words()}."
            )
        self.caveats: tuple[str, ...] = ()

    def apply(self, work: Workload, _: np.random.Generator) -> None:
        """Edit a workload in place."""
        work.join_offsets, work.joined = parallel_joins(work.activity, work.join_offsets, work.joined, self._codes)
