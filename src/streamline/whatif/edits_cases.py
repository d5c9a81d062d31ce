"""Changes of which cases arrive: demand, and the channel by which they come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError, ScenarioError, UnknownNameError
from streamline.whatif.change import ChangeDemand, Divert
from streamline.whatif.queue_model import QueueModel
from streamline.whatif.sample import WEEK, Cases, strata_of

Int64 = npt.NDArray[np.int64]

#: Cases of the other channel that a diverted case may be like: those that arrived nearest to it.
NEAREST = 50


class DemandEdit:
    """Arrivals scaled: more come as cases taken twice, each at the arrival of another of its week; fewer at random."""

    def __init__(self, change: ChangeDemand) -> None:
        self._change = change
        self.caveats: tuple[str, ...] = (
            "More demand is made of cases like those of the same week, fewer by leaving out some at random.",
        )

    def cases(self, cases: Cases, rng: np.random.Generator) -> Cases:
        """The cases of a draw with the change."""
        by = self._change.drawn(rng)
        n = len(cases.pick)
        wanted = abs(by) * n
        many = int(wanted) + int(rng.random() < wanted % 1)
        if by < 0:
            gone = rng.permutation(n)[: min(many, n)]
            keep = np.ones(n, dtype=np.bool_)
            keep[gone] = False
            return Cases(pick=cases.pick[keep], arrival=cases.arrival[keep])
        if n == 0 or many == 0:
            return cases
        model_of, time_of = rng.integers(0, n, many), np.empty(many, dtype=np.int64)
        week = (cases.arrival - cases.arrival.min()) // WEEK
        order = np.argsort(week, kind="stable")
        first = np.searchsorted(week[order], week[model_of], side="left")
        last = np.searchsorted(week[order], week[model_of], side="right")
        time_of = order[first + (rng.random(many) * (last - first)).astype(np.int64)]
        pick = np.concatenate([cases.pick, cases.pick[model_of]])
        arrival = np.concatenate([cases.arrival, cases.arrival[time_of]])
        again = np.argsort(arrival, kind="stable")
        return Cases(pick=pick[again], arrival=arrival[again])


class DivertEdit:
    """Some cases of a channel come by another: each becomes like a case of the other channel that arrived near it."""

    def __init__(self, model: QueueModel, change: Divert) -> None:
        log = model.log
        channel = log.case_channel
        if channel is None:
            raise InsufficientDataError(f"{log.source} was read without channels, so no case can come by another one.")
        for name in (change.channel, change.to):
            if name not in channel.names:
                raise UnknownNameError(what="channel", name=name, known=channel.names, where=log.source)
        if change.channel == change.to:
            raise ScenarioError(f"divert moves cases from {change.channel!r} to itself.")
        self._change, self._code = change, channel.codes
        divided = model.staffing.lines.divided_by if model.staffing is not None else ()
        kind = strata_of(replace(log, channel=None), divided)
        self._kind = np.unique(kind.astype(str), return_inverse=True)[1]
        self._from, self._to = channel.names.index(change.channel), channel.names.index(change.to)
        if not ((channel.codes == self._to) & log.closed).any():
            raise InsufficientDataError(f"{log.source}: no closed case came by {change.to!r}, so none can be like it.")
        self.caveats: tuple[str, ...] = (
            f"Cases that come by {change.to} instead of {change.channel} are taken to behave as those that come by "
            f"{change.to} today. "
            "If the cases differ by more than the channel, that is too hopeful or too bleak.",
        )

    def cases(self, cases: Cases, rng: np.random.Generator) -> Cases:
        """The cases of a draw with the change."""
        share = self._change.drawn(rng)
        code, kind = self._code[cases.pick], self._kind[cases.pick]
        chance, which = rng.random(len(code)), rng.random(len(code))
        pick = cases.pick.copy()
        for k in np.unique(kind):  # people who serve one kind of case go on serving it
            moved = np.flatnonzero((code == self._from) & (chance < share) & (kind == k))
            donor = np.flatnonzero((code == self._to) & (kind == k))
            if len(moved) == 0 or len(donor) == 0:
                continue
            near = np.searchsorted(cases.arrival[donor], cases.arrival[moved])
            width = min(NEAREST, len(donor))
            first = np.clip(near - width // 2, 0, len(donor) - width)
            pick[moved] = cases.pick[donor[first + (which[moved] * width).astype(np.int64)]]
        return Cases(pick=pick, arrival=cases.arrival)
