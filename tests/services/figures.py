"""What a service really does under each scenario: means over repetitions given the same arrivals, and their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np

from .benefits import Benefits
from .claims import Claims
from .customers import Call, calls
from .floor import Case, Step
from .licences import Licences
from .rosters import DAY, local
from .service import Service

SERVICES: dict[str, type[Service]] = {s.name: s for s in (Benefits, Licences, Claims)}
Changes = Sequence[Mapping[str, Any]]
#: Figures of each repetition by scenario.
Runs = dict[str, list[dict[str, float]]]
Records = tuple[list[Case], list[Step], list[Call]]


def slug(name: str) -> str:
    """The name of a scenario as part of an id."""
    return "_".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


@cache
def arrivals(kind: type[Service], seed: int) -> list[Case]:
    """The arrivals of a service, the same for all its repetitions, which take copies of these cases."""
    return kind().arrivals(np.random.default_rng([seed, 1]))


def records(kind: type[Service], given: list[Case], changes: Changes, seed: int) -> Records:
    """One run: cases, steps and calls."""
    service = kind(kind.as_is.changed(changes))
    cases, steps = service.run(given, seed)
    rates = service.conditions.contacts_a_day
    return cases, steps, calls(cases, rates, kind.habits, standard_days=kind.standard_days, seed=seed)


def instants(kind: type[Service], window: tuple[date, date]) -> tuple[float, float]:
    """From the beginning of the first day to the end of the last."""
    return (
        local(window[0], "00:00", kind.zone),
        local(window[1] + timedelta(days=1), "00:00", kind.zone),
    )


def measured(kind: type[Service], run: Records, *, seen_until: float = np.inf) -> dict[str, float]:
    """The figures over the cases that arrived in the window; of cases closed by then, as the log would show them."""
    cases, steps, made = run
    start, end = instants(kind, kind.window)
    counted = {c.index: c for c in cases if start <= c.arrival < end}
    closed = [c for c in counted.values() if c.closed <= seen_until]
    took = np.array([(c.closed - c.arrival) / DAY for c in closed])
    inside = {c.index for c in closed}
    return {
        "cases": float(len(counted)),
        "mean": float(took.mean()),
        "median": float(np.median(took)),
        "p90": float(np.quantile(took, 0.9)),
        f"within_{kind.standard_days}": float((took <= kind.standard_days).mean()),
        "calls_per_case": sum(1 for c in made if c.case.index in inside) / len(closed),
        "touches": sum(1 for s in steps if s.case.index in inside) / len(closed),
    }


def repeated(task: tuple[str, int, Changes, int]) -> dict[str, float]:
    """One repetition of one scenario: name of the service, seed of its arrivals, changes, seed of the repetition."""
    name, seed, changes, luck = task
    kind = SERVICES[name]
    return measured(kind, records(kind, arrivals(kind, seed), changes, luck))


def repetitions_of(name: str, named: Mapping[str, Changes], *, seed: int, repetitions: int, processes: int) -> Runs:
    """The figures of each repetition by scenario; repetition k has the same luck in all of them."""
    tasks = [(name, seed, changes, 1000 * seed + 101 + k) for changes in named.values() for k in range(repetitions)]
    if processes == 1:
        found = list(map(repeated, tasks))
    else:
        with ProcessPoolExecutor(processes) as pool:
            found = list(pool.map(repeated, tasks, chunksize=2))
    return {key: found[k * repetitions : (k + 1) * repetitions] for k, key in enumerate(named)}


def figures(runs: Runs) -> dict[str, dict[str, list[float]]]:
    """[mean, standard error] of each figure by scenario."""
    return {key: {m: _mean([r[m] for r in found]) for m in found[0]} for key, found in runs.items()}


def changes(runs: Runs) -> dict[str, dict[str, list[float]]]:
    """[mean, standard error] of each figure's change from as it is, taken repetition by repetition."""
    return {
        key: {m: _mean([r[m] - b[m] for r, b in zip(found, runs["as_is"], strict=True)]) for m in found[0]}
        for key, found in runs.items()
        if key != "as_is"
    }


def _mean(values: list[float]) -> list[float]:
    return [float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))]
