"""A process model discovered from the log, as blocks of steps in sequence, choice, parallel and loops.

The inductive miner splits the different sequences of activities (routes) of the closed cases, each with its number of cases,
again and again into parts that come one after the other, instead of each other, in any order, or repeatedly. A way from
one step to the next is left out when it is taken less than `noise` times as often as the most frequent way from that step.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import listed
from streamline.figure import Chart, ModelNode, ModelPicture
from streamline.log.event_log import EventLog
from streamline.measure.models.bpmn import write_bpmn
from streamline.measure.models.conformance import discovered, replay_quality
from streamline.measure.models.diagram import DOWN_THE_PAGE, Block, Diagram, block_words, diagram_of, simplified
from streamline.measure.models.route_sample import RouteSample, route_sample
from streamline.results import Result
from streamline.units import counted

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: The miner sees the most frequent routes up to this many.
MOST_ROUTES = 10_000


@dataclass(frozen=True, kw_only=True, repr=False)
class ProcessModel(Result):
    """A model discovered from the log. `table`: measure, value, n_cases (that it rests on), meaning."""

    #: Share of the tokens that replay finds in place, 0 to 1.
    fitness: float
    #: Share of what the model allows next that some case did, 0 to 1.
    precision: float
    #: 1 / (1 + the mean number of arcs of a node beyond two), 0 to 1.
    simplicity: float
    noise: float
    #: The model as blocks of steps, and as the diagram that is written to BPMN.
    block: Block
    diagram: Diagram
    #: The activities of the closed cases, most cases first: activity, n_cases, share, in_model.
    activities: pd.DataFrame = field(repr=False)
    _replayed: pd.DataFrame = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a case that was replayed: case, fits, fitness."""
        return self._replayed

    def chart(self) -> Chart:
        """The model from top to bottom."""
        drawn = diagram_of(self.block, DOWN_THE_PAGE)
        share = "all" if self.fitness == 1 else f"{self.fitness:.0%}" if self.fitness < 0.99 else "over 99%"
        return ModelPicture(
            title=f"The process as discovered has a place for {share} of what was done",
            nodes=tuple(
                ModelNode(kind=n.kind, label=n.activity, x=n.x, y=n.y, width=n.width, height=n.height)
                for n in drawn.nodes
            ),
            lines=tuple(f.points for f in drawn.flows),
            width=drawn.width,
            height=drawn.height,
            words=block_words(self.block),
            note=f"{counted(self.n, 'closed case')}. Ways taken less than {self.noise:.0%} as often as the most frequent one "
            "are left out."
            if self.noise
            else f"{counted(self.n, 'closed case')}.",
        )

    def save_bpmn(self, path: str | Path) -> Path:
        """Write the model as a BPMN 2.0 file with its picture. Raises OutputError when it can't be written."""
        return write_bpmn(self.diagram, path, name="Discovered process")


def process_model(
    log: EventLog, *, noise: float = 0.2, max_activities: int = 40, max_routes: int = 500, seed: int = 1
) -> ProcessModel:
    """Discover a process model from the closed cases by the inductive miner (infrequent), and say how good it is.

    noise : 0 to under 1; 0 keeps every way that any case took.
    max_activities : only the activities of the most cases are in the model; a caveat names the others.
    max_routes : fitness and precision are measured on the cases of up to this many routes, drawn at random with `seed`.

    Returns ProcessModel over the n closed cases. Raises InsufficientDataError when no case is closed, ValueError for a
    noise outside its range or no activities.
    Source: Leemans, Fahland, van der Aalst 2014, "Discovering block-structured process models from event logs containing
    infrequent behaviour"; precision: Muñoz-Gama, Carmona 2010, "A fresh look at precision in process conformance"; by pm4py.
    """
    if not 0 <= noise < 1:
        raise ValueError(f"noise must be at least 0 and under 1; {noise:g} isn't.")
    if max_activities < 1:
        raise ValueError(f"max_activities must be at least 1; {max_activities} isn't.")
    sample = route_sample(log, max_routes=max_routes, seed=seed)
    n_of = np.bincount(sample.routes.of_case[log.closed], minlength=len(sample.routes.n_cases))
    in_cases = _cases_of(sample, n_of, len(log.activities))
    kept = np.lexsort((np.arange(len(in_cases)), -in_cases))[:max_activities]
    inside = np.zeros(len(in_cases), dtype=np.bool_)
    inside[kept] = in_cases[kept] > 0
    some = np.flatnonzero(n_of)
    seen: Counter[tuple[str, ...]] = Counter()
    for r in some[np.argsort(-n_of[some], kind="stable")][:MOST_ROUTES].tolist():
        seen[tuple(log.activities[a] for a in sample.sequence(r, inside))] += int(n_of[r])
    block, tree = discovered(seen, noise)
    quality = replay_quality(log, tree, sample, inside)
    table = pd.DataFrame(
        {
            "measure": ["fitness", "precision", "simplicity"],
            "value": [quality.fitness, quality.precision, quality.simplicity],
            "n_cases": [len(sample.drawn), len(sample.drawn), sample.n_closed],
            "meaning": [
                "share of what the cases did that the model has in place",
                "share of what the model allows next that some case did",
                "1 where each node has one way in and one way out, less with more",
            ],
        }
    )
    known = pd.DataFrame(
        {"activity": log.activities, "n_cases": in_cases, "share": in_cases / sample.n_closed, "in_model": inside}
    )
    return ProcessModel(
        recorded=log.recorded,
        table=table,
        n=sample.n_closed,
        excluded={"open": log.n_cases - sample.n_closed},
        caveats=_caveats(log, sample, in_cases, inside, seen),
        fitness=quality.fitness,
        precision=quality.precision,
        simplicity=quality.simplicity,
        noise=noise,
        block=simplified(block),
        diagram=diagram_of(block),
        activities=known[in_cases > 0].sort_values("n_cases", ascending=False, kind="stable", ignore_index=True),
        _replayed=quality.cases,
    )


def _cases_of(sample: RouteSample, n_of: Int64, n_activities: int) -> Int64:
    """For each activity the cases that have it; `n_of` counts the cases of each route."""
    routes = sample.routes
    pairs = np.unique(routes.of_step * n_activities + routes.activity)
    result = np.zeros(n_activities, dtype=np.int64)
    np.add.at(result, pairs % n_activities, n_of[pairs // n_activities])
    return result


def _caveats(
    log: EventLog, sample: RouteSample, in_cases: Int64, inside: Bool, seen: Counter[tuple[str, ...]]
) -> tuple[str, ...]:
    words = ["The model shows what was done, not what should be done."]
    left_off = [log.activities[a] for a in np.flatnonzero((in_cases > 0) & ~inside)]
    if left_off:
        words.append(
            f"{counted(len(left_off), 'activity', 'activities')} of the fewest cases left off: {listed(left_off)}."
        )
    if sample.n_routes > MOST_ROUTES:
        words.append(
            f"Discovered from the {MOST_ROUTES:,} most frequent of {sample.n_routes:,} routes "
            f"({sum(seen.values()) / sample.n_closed:.0%} of the cases)."
        )
    if len(sample.drawn) < sample.n_closed:
        words.append(
            f"Fitness and precision are those of {len(sample.drawn):,} of {sample.n_closed:,} cases, drawn at random; with all "
            "of them the precision would be no lower."
        )
    return tuple(words)
