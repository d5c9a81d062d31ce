"""What each kind of change does to a replay.

An *edit* is a change bound to a model: made once for a scenario, after checking that the records can carry it; applied
to the workload of every draw. Edits of one scenario are applied in the order of `ORDER`: first which cases arrive, then
what steps they have, then how long these take and wait, then who serves them. A change that touches contacts only edits
nothing here (`contact_response`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from streamline.errors import ScenarioError, listed
from streamline.whatif.change import (
    AddCapacity,
    Automate,
    Change,
    ChangeDemand,
    ChangeHours,
    Divert,
    ExpressLane,
    PoolResources,
    ReduceRework,
    Release,
    RemoveStep,
    RunInParallel,
    ShortenExternal,
    SpeedUp,
)
from streamline.whatif.edits_cases import DemandEdit, DivertEdit
from streamline.whatif.edits_routes import ParallelEdit, RemoveEdit, ReworkEdit
from streamline.whatif.edits_staff import CapacityEdit, HoursEdit, PoolEdit, somebody_left
from streamline.whatif.edits_steps import AutomateEdit, ExpressEdit, ExternalEdit, ReleaseEdit, SpeedEdit
from streamline.whatif.queue_model import QueueModel, Workload
from streamline.whatif.sample import Cases

#: The order in which the changes of a scenario are applied.
ORDER: tuple[type[Change], ...] = (
    ChangeDemand, Divert, RemoveStep, ReduceRework, RunInParallel, Automate, SpeedUp, ShortenExternal, Release,
    ExpressLane, ChangeHours, PoolResources, AddCapacity,
)  # fmt: skip


class CaseEdit(Protocol):
    """A change of which cases arrive."""

    caveats: tuple[str, ...]

    def cases(self, cases: Cases, rng: np.random.Generator) -> Cases:
        """The cases of a draw with the change."""
        ...


class StepEdit(Protocol):
    """A change of what happens to them."""

    caveats: tuple[str, ...]

    def apply(self, work: Workload, rng: np.random.Generator, /) -> None:
        """Edit a workload in place."""
        ...


def bound(
    model: QueueModel, changes: Sequence[Change]
) -> tuple[list[tuple[int, CaseEdit]], list[tuple[int, StepEdit]]]:
    """The edits of a scenario, each with the place of its change, in the order in which they are applied.

    Raises UnknownNameError for names that the log doesn't have, ScenarioError for changes that contradict each other or the log,
    InsufficientDataError where the records can't carry a change.
    """
    contradictions(changes)
    on_cases: list[tuple[int, CaseEdit]] = []
    on_steps: list[tuple[int, StepEdit]] = []
    placed = [(ORDER.index(type(c)), k, c) for k, c in enumerate(changes) if type(c) in ORDER]
    for _, k, change in sorted(placed, key=lambda item: item[:2]):
        match change:
            case ChangeDemand():
                on_cases.append((k, DemandEdit(change)))
            case Divert():
                on_cases.append((k, DivertEdit(model, change)))
            case RemoveStep():
                on_steps.append((k, RemoveEdit(model, change)))
            case ReduceRework():
                on_steps.append((k, ReworkEdit(model, change)))
            case RunInParallel():
                on_steps.append((k, ParallelEdit(model, change)))
            case Automate():
                on_steps.append((k, AutomateEdit(model, change)))
            case SpeedUp():
                on_steps.append((k, SpeedEdit(model, change)))
            case ShortenExternal():
                on_steps.append((k, ExternalEdit(model, change)))
            case Release():
                on_steps.append((k, ReleaseEdit(model, change)))
            case ExpressLane():
                on_steps.append((k, ExpressEdit(model, change)))
            case ChangeHours():
                on_steps.append((k, HoursEdit(model, change)))
            case PoolResources():
                on_steps.append((k, PoolEdit(model, change)))
            case AddCapacity():
                on_steps.append((k, CapacityEdit(model, change)))
    somebody_left([e for _, e in on_steps if isinstance(e, CapacityEdit)])
    return on_cases, on_steps


def contradictions(changes: Sequence[Change]) -> None:
    """Refuse two changes that say different things about one activity or pool."""
    for kinds in ((Automate, SpeedUp), (Release,), (Automate, Release), (ShortenExternal,), (Automate, RemoveStep)):
        names = [str(getattr(c, "activity", "")) for c in changes if isinstance(c, kinds)]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ScenarioError(
                f"Two changes contradict each other: {' and '.join(sorted({k.__name__ for k in kinds}))} of "
                f"{listed(twice)} more than once in a scenario."
            )
    hours = [c.pool for c in changes if isinstance(c, ChangeHours)]
    if len(hours) > 1 and ("all" in hours or len(set(hours)) < len(hours)):
        raise ScenarioError(f"Two changes give hours to the same people: {listed(hours)}.")
    if sum(isinstance(c, ChangeDemand) for c in changes) > 1:
        raise ScenarioError("Two changes say how many cases arrive; give one change_demand.")
