"""Scenarios replayed draw by draw, beside the service as it is.

Every draw takes, from one seed: which cases happen at the log's arrivals, the delays that a queue hides, a value from
each change's belief, and the random choices of what a partial change touches. The first two serve the replay as it is
and those with changes alike (common random numbers), and differences are taken draw by draw; so a scenario without
effect changes every figure by exactly zero. A draw's numbers depend on the seed and its own number only, not on how
many are made, in which order, by how many workers, or beside which scenarios. What is drawn for a change depends on what
it says besides, so that a change means the same alone and in a package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeVar
from zlib import crc32

import numpy as np
import numpy.typing as npt

from streamline.kernels.queues import NEVER, Replayed
from streamline.progress import shown_if_slow
from streamline.whatif.change import Change
from streamline.whatif.contact_edits import contact_edits
from streamline.whatif.contact_response import ContactChange, DrawnRates
from streamline.whatif.edits import CaseEdit, StepEdit, bound
from streamline.whatif.figures import Measures
from streamline.whatif.queue_model import QueueModel, Workload
from streamline.whatif.sample import Cases

Float = npt.NDArray[np.float64]
T = TypeVar("T")

#: What a draw's random numbers are for.
_CASES, _DELAYS, _CHANGES, _CONTACTS, ERRORS = range(5)
#: Draws from this number on replay the log's own cases.
OWN = 1_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundScenario:
    """Changes bound to a model, each edit with the key of its change's random numbers."""

    changes: tuple[Change, ...]
    on_cases: tuple[tuple[int, CaseEdit], ...]
    on_steps: tuple[tuple[int, StepEdit], ...]
    on_contacts: tuple[tuple[int, ContactChange], ...] = ()
    #: What running it costs a year.
    per_year: float = 0.0

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader must know of these changes."""
        said = [c for _, e in self.on_cases for c in e.caveats] + [c for _, e in self.on_steps for c in e.caveats]
        said += [c for _, e in self.on_contacts for c in e.caveats]
        return tuple(dict.fromkeys(said))


def bind(model: QueueModel, changes: Sequence[Change], *, per_year: float = 0.0) -> BoundScenario:
    """Check that the model can carry the changes, and prepare them; see `edits.bound`."""
    on_cases, on_steps = bound(model, changes)
    key = [key_of(c) for c in changes]
    return BoundScenario(
        changes=tuple(changes),
        on_cases=tuple((key[k], e) for k, e in on_cases),
        on_steps=tuple((key[k], e) for k, e in on_steps),
        on_contacts=tuple((key[k], e) for k, e in contact_edits(model.contacts, changes)),
        per_year=per_year,
    )


def key_of(change: Change) -> int:
    """What tells the random numbers of a change from those of others: what it changes, whatever its size or evidence.

    So the same occurrences are touched alone and in a package, and more of them when its size grows.
    """
    aside = {"evidence", "low", "high", change.main}
    return crc32(change.model_dump_json(exclude=aside).encode())


def generator(seed: int, draw: int, purpose: int, *more: int) -> np.random.Generator:
    """The random numbers of a draw for one purpose."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, draw, purpose, *more])))


def workload_of(model: QueueModel, cases: Cases, scenario: BoundScenario | None, *, seed: int, draw: int) -> Workload:
    """What one replay of a draw is made of; None replays the service as it is."""
    for key, edit in scenario.on_cases if scenario else ():
        cases = edit.cases(cases, generator(seed, draw, _CHANGES, key))
    work = model.workload(cases, generator(seed, draw, _DELAYS), anew=draw < OWN)
    for key, step_edit in scenario.on_steps if scenario else ():
        step_edit.apply(work, generator(seed, draw, _CHANGES, key))
    return work


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """The measures of each draw: as it is (draws, measures), and with each scenario (scenarios, draws, measures)."""

    as_is: Float
    to_be: Float
    #: Share of the counted cases that nobody ever finished, by scenario; and as it is.
    unfinished: Float
    unfinished_as_is: float

    def only(self, scenario: int) -> Draws:
        """The draws of one of these scenarios."""
        mine = slice(scenario, scenario + 1)
        return Draws(
            as_is=self.as_is,
            to_be=self.to_be[mine],
            unfinished=self.unfinished[mine],
            unfinished_as_is=self.unfinished_as_is,
        )

    def joined(self, more: Draws) -> Draws:
        """These draws and more."""
        n, m = len(self.as_is), len(more.as_is)
        return Draws(
            as_is=np.concatenate([self.as_is, more.as_is]),
            to_be=np.concatenate([self.to_be, more.to_be], axis=1),
            unfinished=(n * self.unfinished + m * more.unfinished) / (n + m),
            unfinished_as_is=(n * self.unfinished_as_is + m * more.unfinished_as_is) / (n + m),
        )


def drawn(
    model: QueueModel,
    measures: Measures,
    scenarios: Sequence[BoundScenario],
    *,
    draws: Sequence[int],
    seed: int,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Draws:
    """Replay the service as it is and with each scenario, once a draw.

    draws : numbers of the draws; those from `OWN` on replay the log's own cases. workers : threads; the kernels run
    without the interpreter.
    progress : called with the number of draws done and of all.
    """

    def one(draw: int) -> tuple[list[Float], list[float]]:
        cases = model.weeks.own() if draw >= OWN else model.weeks.drawn(generator(seed, draw, _CASES))
        vectors, lost = [], []
        rates: DrawnRates | None = None
        for scenario in (None, *scenarios):
            work = workload_of(model, cases, scenario, seed=seed, draw=draw)
            replayed = work.replayed()
            contacts = None
            if model.contacts is not None:
                edits = [(e, generator(seed, draw, _CHANGES, k)) for k, e in (scenario.on_contacts if scenario else ())]
                if rates is None:  # the first replay is that of the draw as it is
                    rates = model.contacts.rates(
                        work, replayed, None if draw >= OWN else generator(seed, draw, _CONTACTS)
                    )
                contacts = model.contacts.of_replay(work, replayed, rates, edits)
            vectors.append(
                measures.vector(work, replayed, running=scenario.per_year if scenario else 0.0, contacts=contacts)
            )
            lost.append(_unfinished(measures, work, replayed))
        return vectors, lost

    results = []
    with nullcontext(progress) if progress else shown_if_slow("estimating") as tell:
        for k, result in enumerate(_each(one, draws, workers)):
            results.append(result)
            tell(k + 1, len(draws))
    values = np.array([v for v, _ in results])
    lost = np.array([u for _, u in results])
    return Draws(
        as_is=values[:, 0],
        to_be=np.moveaxis(values[:, 1:], 1, 0),
        unfinished=lost[:, 1:].mean(axis=0),
        unfinished_as_is=float(lost[:, 0].mean()),
    )


def _each(one: Callable[[int], T], draws: Sequence[int], workers: int) -> Iterator[T]:
    """The result of each draw, in their order. Interrupted, it waits for the draws at work only."""
    if workers <= 1:
        yield from map(one, draws)
        return
    pool = ThreadPoolExecutor(workers)
    try:
        yield from pool.map(one, draws)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _unfinished(measures: Measures, work: Workload, replayed: Replayed) -> float:
    """Share of the counted cases with a step that nobody ever finishes."""
    never = (replayed.complete >= NEVER) & work.keep
    if not never.any():
        return 0.0
    case = np.repeat(np.arange(len(work.cases.pick)), np.diff(work.offsets))
    mine = np.unique(case[never])
    counts = measures.counts(work)
    return float(counts[mine].sum() / max(counts.sum(), 1))
