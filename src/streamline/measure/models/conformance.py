"""How well the cases keep to a process model or to a declared order of steps, and where they don't.

An *alignment* of a case with a model names the fewest steps to add and to leave out that would make the case fit (see
`measure.models.deviations`). Each route is aligned once. Models of up to 50,000 states are gone through exactly; beyond that
pm4py searches, each alignment within a time limit. All that is asked of pm4py is asked here: alignments, the inductive
miner, replay and precision.
"""

from __future__ import annotations

import contextlib
import io
import time
import warnings
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import FileFormatError, InsufficientDataError, UnknownNameError, listed, suggestion
from streamline.kernels.alignment import BOTH, MODEL_ONLY, TRACE_ONLY, alignments
from streamline.log.event_log import EventLog
from streamline.measure.duration import LEVEL
from streamline.measure.models.behaviour import Behaviour, TooManyStatesError, behaviour_of, declared_order, token_moves
from streamline.measure.models.bpmn import read_bpmn
from streamline.measure.models.deviations import Alignments, Conformance, judged
from streamline.measure.models.diagram import CHOICE, LOOP, PARALLEL, SEQUENCE, SKIP, STEP, Block, Diagram
from streamline.measure.models.route_sample import RouteSample, route_sample
from streamline.stats.bootstrap import DRAWS
from streamline.units import counted

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

IGNORED, UNEXPECTED = "ignored", "unexpected"
#: (steps + 1) × states of the model that the search for one alignment may take; 4 bytes each.
MOST_NODES = 50_000_000
#: Routes between two looks at the clock.
_CHUNK = 50
#: The share of the time that one alignment by pm4py may take.
_ONE_OF = 20


class HasDiagram(Protocol):
    """A model that was discovered."""

    @property
    def diagram(self) -> Diagram: ...


def conformance(
    log: EventLog,
    *,
    model: HasDiagram | str | Path | None = None,
    order: Sequence[str] | None = None,
    optional: Collection[str] = (),
    others: str = IGNORED,
    max_routes: int = 20_000,
    max_seconds: float = 120.0,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> Conformance:
    """How well the closed cases keep to a process model or to a declared order of steps, and where they don't.

    model : a BPMN 2.0 file, or a ProcessModel. order : instead, the steps that each case should go through, each once, one
        after the other; those in `optional` may be left out.
    others : what steps are that the order doesn't name: "ignored", or "unexpected". With a model, always the latter.
    max_routes, max_seconds : beyond them only the cases of as many routes are looked at, drawn at random with `seed`, and
        a caveat says how many. Cases whose own alignment isn't found within the limits are excluded by name.
    level : probability that the intervals claim. draws, seed : of the resampling of cases behind them.

    Returns Conformance. Raises ValueError without model or order or with both, FileFormatError for a file that isn't BPMN or
    a model that no case can finish, UnknownNameError for steps that the log doesn't have, InsufficientDataError when
    no case is closed or the model shares no activity with the log.
    Source: Adriansyah 2014, "Aligning observed and modeled behavior"; fitness as in pm4py.
    """
    if (model is None) == (order is None):
        raise ValueError("conformance wants a model or an order of steps, and not both.")
    if others not in (IGNORED, UNEXPECTED):
        raise ValueError(f"others must be {IGNORED!r} or {UNEXPECTED!r}; {others!r} isn't.")
    diagram, caveats = None, []
    if order is not None:
        behaviour: Behaviour | None = _ordered(log, order, optional)
        told = f"the order {' → '.join(order)}"
    elif isinstance(model, (str, Path)):
        diagram, told = read_bpmn(model), f"the model {Path(model).name}"
    else:
        assert model is not None
        diagram, told = model.diagram, "the discovered model"
        caveats.append("The model was discovered from the log itself, so that what is usual fits it.")
    if diagram is not None:
        caveats += _shared(log, diagram, told)
        behaviour = _states(diagram, told)
    by = _Exact(log, behaviour) if behaviour is not None else _ByPm4py(log, diagram, max_seconds)
    inside = np.ones(len(log.activities), dtype=np.bool_)
    if order is not None and others == IGNORED:
        inside = np.isin(np.asarray(log.activities), list(order))
    sample = route_sample(log, max_routes=max_routes, seed=seed)
    aligned = _within(by, sample, inside, max_seconds)
    sample = sample.shortened(len(aligned.cost))
    cases = np.sort(sample.drawn)
    trace = sample.place()[sample.routes.of_case[cases]]
    found = aligned.cost[trace] >= 0
    sampled = len(cases) < sample.n_closed
    if sampled:
        caveats.append(
            f"{len(cases):,} of {sample.n_closed:,} cases were compared, drawn at random ({len(sample.asked):,} of "
            f"{sample.n_routes:,} routes): all figures are estimates from them."
        )
    if not found.all():
        caveats.append(
            f"{counted(int((~found).sum()), 'case')} of {len(cases):,} are too long or too hard to align and are left out; "
            "they may fit less well than the others."
        )
    if not found.any():
        raise InsufficientDataError(f"{log.source}: no case could be aligned with {told} within the limits.")
    return judged(
        log,
        cases[found],
        trace[found],
        aligned,
        excluded={
            "open": log.n_cases - sample.n_closed,
            "not drawn": sample.n_closed - len(cases),
            "not aligned": int((~found).sum()),
        },
        caveats=caveats,
        method=f"{told}; {by.method}",
        n_variants=sample.n_routes,
        sampled=sampled,
        level=level,
        draws=draws,
        seed=seed,
    )


# Models


def _ordered(log: EventLog, order: Sequence[str], optional: Collection[str]) -> Behaviour:
    if isinstance(order, str) or isinstance(optional, str) or len(order) == 0:
        raise ValueError("order must list at least one activity, as in order=['Intake check', 'Decision'].")
    for name in order:
        log.activity_code(name)
    for name in optional:
        if name not in order:
            raise UnknownNameError(what="step", name=name, known=tuple(order), where="the declared order")
    return declared_order(order, optional)


def _states(diagram: Diagram, told: str) -> Behaviour | None:
    """The states of a diagram; None where there are too many to go through."""
    try:
        found = behaviour_of(diagram)
    except TooManyStatesError:
        return None
    if found is None:
        raise FileFormatError(f"{told} can't be finished: no way through it reaches an end with nothing left undone.")
    return found


def _shared(log: EventLog, diagram: Diagram, told: str) -> list[str]:
    """What a reader must know of the names; refuses a model that shares none with the log."""
    names = diagram.activities()
    absent = [n for n in names if n not in log.activities]
    if len(absent) == len(names):
        raise InsufficientDataError(
            f"{told} and {log.source} share no activity. The model has {listed(names)}; the log has "
            f"{listed(log.activities)}. Rename the steps of the one or the other."
        )
    if not absent:
        return []
    hints = "".join(dict.fromkeys(suggestion(n, log.activities) for n in absent[:5]))
    return [
        f"{counted(len(absent), 'step')} of the model never occur in the log and count as missing: {listed(absent)}.{hints}"
    ]


# Alignments


class _Exact:
    """Aligns by going through the states of the model."""

    method = "exact alignments"

    def __init__(self, log: EventLog, behaviour: Behaviour) -> None:
        own = {name: k for k, name in enumerate(log.activities)}
        for name in behaviour.activities:
            own.setdefault(name, len(own))
        self.activities = tuple(own)
        label = behaviour.labels([own[name] for name in behaviour.activities])
        self._model = behaviour.edge_offsets, label, behaviour.target, 0, behaviour.final
        self.shortest = int(self.aligned(np.array([0, 0]), np.zeros(0, dtype=np.int32))[0][0])

    def aligned(self, offsets: Int64, activity: Int32) -> Any:
        return alignments(offsets.astype(np.int64), activity, *self._model, MOST_NODES)


class _ByPm4py:
    """Aligns by pm4py's search, for models with too many states; each alignment has a time limit."""

    method = "alignments by pm4py, each with a time limit"

    def __init__(self, log: EventLog, diagram: Diagram | None, max_seconds: float) -> None:
        assert diagram is not None
        own = {name: k for k, name in enumerate(log.activities)}
        for name in diagram.activities():
            own.setdefault(name, len(own))
        self.activities = tuple(own)
        self._code = own
        self._net = _net(diagram)
        self._seconds = max_seconds / _ONE_OF
        nothing = self.aligned(np.array([0, 0]), np.zeros(0, dtype=np.int32))[0][0]
        if nothing < 0:
            raise InsufficientDataError(
                f"The model has so many states that not even its shortest run is found within {self._seconds:g} seconds. "
                "Raise max_seconds, or draw fewer steps in parallel."
            )
        self.shortest = int(nothing)

    def aligned(self, offsets: Int64, activity: Int32) -> Any:
        _pm4py()
        from pm4py.algo.conformance.alignments.petri_net import algorithm

        cost, ends, move, moved = [], [0], [], []
        for first, last in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
            trace = _traces([tuple(self.activities[a] for a in activity[first:last].tolist())])[0]
            found = algorithm.apply(trace, *self._net, parameters={"max_align_time_trace": self._seconds})
            pairs = [] if found is None else [(a, b) for a, b in found["alignment"] if (a, b) != (">>", None)]
            for done, wanted in pairs:
                move.append(BOTH if done == wanted else MODEL_ONLY if done == ">>" else TRACE_ONLY)
                moved.append(self._code[wanted if done == ">>" else done])
            cost.append(-1 if found is None else sum(m != BOTH for m in move[ends[-1] :]))
            ends.append(len(move))
        return tuple(
            np.array(values, dtype=kind)
            for values, kind in ((cost, np.int64), (ends, np.int64), (move, np.int8), (moved, np.int32))
        )


def _within(by: _Exact | _ByPm4py, sample: RouteSample, inside: Bool, max_seconds: float) -> Alignments:
    """Align the sample's routes in their order, without the activities that don't count, until the time is over."""
    until = time.monotonic() + max_seconds
    parts, sizes, size = [], [], _CHUNK if isinstance(by, _Exact) else 1
    for first in range(0, len(sample.asked), size):
        traces = [sample.sequence(r, inside) for r in sample.asked[first : first + size].tolist()]
        offsets = np.cumsum([0, *map(len, traces)]).astype(np.int64)
        sizes += [len(t) for t in traces]
        parts.append(by.aligned(offsets, np.concatenate([np.zeros(0, dtype=np.int32), *traces]).astype(np.int32)))
        if time.monotonic() > until:
            break
    shifts = np.cumsum([0, *(p[1][-1] for p in parts)])
    return Alignments(
        activities=by.activities,
        n_steps=np.array(sizes, dtype=np.int64),
        cost=np.concatenate([p[0] for p in parts]),
        ends=np.concatenate([[0], *(p[1][1:] + s for p, s in zip(parts, shifts[:-1], strict=True))]).astype(np.int64),
        move=np.concatenate([p[2] for p in parts]),
        moved=np.concatenate([p[3] for p in parts]),
        shortest=by.shortest,
    )


# pm4py


def _pm4py() -> Any:
    """pm4py, imported late (2 seconds) and without its welcome."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pm4py
    return pm4py


def discovered(seen: Counter[tuple[str, ...]], noise: float) -> tuple[Block, Any]:
    """The model of these routes and their cases by the inductive miner: as blocks, and as pm4py's process tree."""
    _pm4py()
    from pm4py.algo.discovery.inductive.dtypes.im_ds import IMDataStructureUVCL
    from pm4py.algo.discovery.inductive.variants.imf import IMFUVCL
    from pm4py.objects.process_tree.utils import generic

    asked = {"noise_threshold": noise, "multiprocessing": False}
    tree = generic.fold(IMFUVCL(asked).apply(IMDataStructureUVCL(seen), asked))
    generic.tree_sort(tree)
    return _block(tree), tree


def _block(tree: Any) -> Block:
    """pm4py's process tree as blocks."""
    if tree.operator is None:
        return Block(kind=SKIP) if tree.label is None else Block(kind=STEP, activity=str(tree.label))
    kinds = {"SEQUENCE": SEQUENCE, "XOR": CHOICE, "PARALLEL": PARALLEL, "LOOP": LOOP}
    return Block(kind=kinds[tree.operator.name], inside=tuple(_block(child) for child in tree.children))


def _net(diagram: Diagram) -> tuple[Any, Any, Any]:
    """A diagram as pm4py's Petri net with its first and last marking."""
    _pm4py()
    from pm4py.objects.petri_net.obj import Marking, PetriNet
    from pm4py.objects.petri_net.utils.petri_utils import add_arc_from_to

    moves, begins = token_moves(diagram)
    net, source = PetriNet("model"), PetriNet.Place("source")
    places = {p: PetriNet.Place(f"p{p}") for p in sorted({p for _, a, b in moves for p in (*a, *b)})}
    net.places.update([source, *places.values()])
    begun: list[tuple[str | None, Counter[Any], Counter[Any]]] = [
        (None, Counter([source]), Counter(places[p] for p in out)) for out in begins
    ]
    moved = [(label, Counter(places[p] for p in a), Counter(places[p] for p in b)) for label, a, b in moves]
    for k, (label, into, out) in enumerate(begun + moved):
        transition = PetriNet.Transition(f"t{k}", label)
        net.transitions.add(transition)
        for place, n in into.items():
            add_arc_from_to(place, transition, net, weight=n)
        for place, n in out.items():
            add_arc_from_to(transition, place, net, weight=n)
    return net, Marking({source: 1}), Marking()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayQuality:
    """How good a discovered model is (see `ProcessModel`), and the cases that were replayed: case, fits, fitness."""

    fitness: float
    precision: float
    simplicity: float
    cases: pd.DataFrame


def replay_quality(log: EventLog, tree: Any, sample: RouteSample, inside: Bool) -> ReplayQuality:
    """Replay the cases of a sample on a process tree, each route once, without the activities that aren't inside."""
    pm4py = _pm4py()
    from pm4py.algo.conformance.tokenreplay import algorithm

    cases = np.sort(sample.drawn)
    route = sample.place()[sample.routes.of_case[cases]]
    weight = np.bincount(route, minlength=len(sample.asked))
    sequences = [tuple(log.activities[a] for a in sample.sequence(r, inside)) for r in sample.asked.tolist()]
    net, begin, end = pm4py.convert_to_petri_net(tree)
    replayed = algorithm.apply(_traces(sequences), net, begin, end, parameters={"show_progress_bar": False})

    def total(name: str) -> float:
        return float(np.dot(weight, [r[name] for r in replayed]))

    fitness = 0.5 * (1 - total("missing_tokens") / total("consumed_tokens"))
    fitness += 0.5 * (1 - total("remaining_tokens") / total("produced_tokens"))
    frame = pd.DataFrame(
        {
            "case": log.case_id_array(cases),
            "fits": np.array([bool(r["trace_is_fit"]) for r in replayed])[route],
            "fitness": np.array([float(r["trace_fitness"]) for r in replayed])[route],
        }
    )
    return ReplayQuality(
        fitness=fitness,
        precision=_precision(sequences, weight, (net, begin, end)),
        simplicity=float(pm4py.simplicity_petri_net(net, begin, end)),
        cases=frame,
    )


def _traces(sequences: Sequence[tuple[str, ...]]) -> Any:
    """Sequences of activities as pm4py's log."""
    from pm4py.objects.log.obj import Event, Trace
    from pm4py.objects.log.obj import EventLog as Traces

    return Traces([Trace([Event({"concept:name": a}) for a in s]) for s in sequences])


def _precision(sequences: list[tuple[str, ...]], weight: Int64, model: tuple[Any, Any, Any]) -> float:
    """ETConformance by token replay as pm4py's `etconformance_token`, of routes that stand for `weight` cases each."""
    from pm4py.algo.conformance.tokenreplay import algorithm
    from pm4py.objects.petri_net.utils.align_utils import get_visible_transitions_eventually_enabled_by_marking

    follow: dict[tuple[str, ...], set[str]] = {}
    n_of: Counter[tuple[str, ...]] = Counter()
    for sequence, n in zip(sequences, weight.tolist(), strict=True):
        for k in range(1, len(sequence)):
            follow.setdefault(sequence[:k], set()).add(sequence[k])
            n_of[sequence[:k]] += n
    asked = {
        "show_progress_bar": False,
        "consider_remaining_in_fitness": False,
        "try_to_reach_final_marking_through_hidden": False,
        "stop_immediately_unfit": True,
        "walk_through_hidden_trans": True,
    }
    prefixes = list(follow)
    first = {t.label for t in get_visible_transitions_eventually_enabled_by_marking(model[0], model[1])}
    begun = {s[0] for s in sequences if s}
    allowed = len(first) * int(weight.sum())
    escaping = len(first - begun) * int(weight.sum())
    for prefix, found in zip(prefixes, algorithm.apply(_traces(prefixes), *model, parameters=asked), strict=True):
        if found["trace_is_fit"]:
            enabled = {t.label for t in found["enabled_transitions_in_marking"]} - {None}
            allowed += len(enabled) * n_of[prefix]
            escaping += len(enabled - follow[prefix]) * n_of[prefix]
    return 1 - escaping / allowed if allowed else 1.0
