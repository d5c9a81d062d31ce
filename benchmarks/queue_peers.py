"""The network of `queues.py` in SimPy, Ciw and Prosimos, each written as its own documentation writes such a model.

SimPy and Ciw are given the same arrivals and work, so they must find the same completions. Prosimos draws its own.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from queues import ACTIVITIES, TEAM_OF, WORK, Network

from streamline.units import SECOND

Completions = np.ndarray[Any, np.dtype[np.int64]]


def simpy_run(network: Network) -> tuple[float, Completions]:
    """Seconds, and the completion of each case. A resource a team; hours and releases are looked up with `bisect`."""
    import simpy

    n, steps = network.n_cases, len(ACTIVITIES)
    arrival, work, delay = network.arrival.tolist(), network.work.tolist(), network.delay.tolist()
    release = network.release.tolist()
    begin, end, before = network.on_start.tolist(), network.on_end.tolist(), [0]
    for b, e in zip(begin, end, strict=True):
        before.append(before[-1] + e - b)
    opens, closes = network.release_start.tolist(), network.release_end.tolist()
    done = [0] * n
    env = simpy.Environment()
    teams = [simpy.Resource(env, capacity=size) for size in network.staff]

    def finish(since: int, work: int) -> int:
        here = bisect_right(end, since)
        until = before[here] + max(since - begin[here], 0) + work
        last = bisect_left(before, until, lo=here + 1) - 1
        return int(begin[last] + until - before[last])

    def case(k: int) -> Iterator[Any]:
        for i in range(steps):
            s = k * steps + i
            ready = env.now + delay[s]
            if release[s] >= 0:
                window = bisect_right(closes, ready)
                ready = max(ready, opens[window])
            if ready > env.now:
                yield env.timeout(ready - env.now)
            with teams[TEAM_OF[ACTIVITIES[i]]].request() as person:
                yield person
                yield env.timeout(finish(env.now, work[s]) - env.now)
        done[k] = env.now

    def source() -> Iterator[Any]:
        for k in range(n):
            yield env.timeout(arrival[k] - env.now)
            env.process(case(k))

    begun = time.process_time()
    env.process(source())
    env.run()
    return time.process_time() - begun, np.array(done, dtype=np.int64)


def ciw_run(network: Network) -> tuple[float, Completions]:
    """Seconds, and the completion of each case. A node a team; only the network round the clock, without releases."""
    import ciw

    n, steps = network.n_cases, len(ACTIVITIES)
    work = (network.work / SECOND).tolist()
    gaps = [*np.diff(network.arrival / SECOND, prepend=0.0).tolist(), 1e12]
    route = [TEAM_OF[a] + 1 for a in ACTIVITIES]

    class Work(ciw.dists.Distribution):  # type: ignore[misc]
        def sample(self, t: float | None = None, ind: Any = None) -> float:  # noqa: ARG002
            return work[(ind.id_number - 1) * steps + len(ind.data_records)]

    model = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential(gaps), None, None],
        service_distributions=[Work(), Work(), Work()],
        number_of_servers=network.staff,
        routing=ciw.routing.ProcessBased(lambda _ind, _sim: route[1:]),
    )
    simulation = ciw.Simulation(model)
    begun = time.process_time()
    simulation.simulate_until_max_customers(n, method="Finish")
    seconds = time.process_time() - begun
    done = np.zeros(n)
    for person in simulation.nodes[-1].all_individuals:
        done[person.id_number - 1] = person.data_records[-1].exit_date
    return seconds, (done * SECOND).astype(np.int64)


_RUN = """
import sys, time
from prosimos.simulation_engine import run_simulation
begun = time.process_time()
run_simulation(sys.argv[1], sys.argv[2], int(sys.argv[4]), log_out_path=sys.argv[3], starting_at="2024-01-01T08:00:00+00:00")
print(time.process_time() - begun)
"""


def prosimos_run(python: str, network: Network) -> tuple[float, float]:
    """Seconds that another Python with Prosimos takes for as many cases, and the mean cycle time that it finds, in hours.

    The same process in distribution: exponential gaps between arrivals and work. Prosimos knows hours, but no weekly releases.
    """
    with tempfile.TemporaryDirectory() as folder:
        bpmn, parameters, log = (str(Path(folder) / name) for name in ("model.bpmn", "parameters.json", "log.csv"))
        Path(bpmn).write_text(_model(), encoding="utf-8")
        Path(parameters).write_text(json.dumps(_parameters(network)), encoding="utf-8")
        run = subprocess.run(
            [python, "-W", "ignore", "-c", _RUN, bpmn, parameters, log, str(network.n_cases)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        events = np.genfromtxt(log, delimiter=",", names=True, dtype=None, encoding="utf-8")
    case = events["case_id"]
    enabled, done = (
        np.array([text[:26] for text in events[name]], dtype="datetime64[us]").astype(np.int64)
        for name in ("enable_time", "end_time")
    )
    first, last = np.full(case.max() + 1, 2**62), np.zeros(case.max() + 1, np.int64)
    np.minimum.at(first, case, enabled)
    np.maximum.at(last, case, done)
    return float(run.stdout.split()[-1]), float((last - first).mean()) / 3.6e9


def _model() -> str:
    """The steps one after another, as BPMN."""
    names = ["start", *(f"step{i}" for i in range(len(ACTIVITIES))), "end"]
    flows = [f'<sequenceFlow id="f{i}" sourceRef="{a}" targetRef="{b}"/>' for i, (a, b) in enumerate(pairwise(names))]
    tasks = [
        f'<task id="{name}" name="{name}"><incoming>f{i}</incoming><outgoing>f{i + 1}</outgoing></task>'
        for i, name in enumerate(names[1:-1])
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">'
        '<process id="p" isExecutable="true"><startEvent id="start" name="start"><outgoing>f0</outgoing></startEvent>'
        f'{"".join(tasks)}<endEvent id="end" name="end"><incoming>f{len(names) - 2}</incoming></endEvent>'
        f"{''.join(flows)}</process></definitions>"
    )


def _exponential(mean_seconds: float) -> dict[str, Any]:
    values = (mean_seconds, 0, 1e9)
    return {"distribution_name": "expon", "distribution_params": [{"value": v} for v in values]}


def _parameters(network: Network) -> dict[str, Any]:
    always = [{"from": "MONDAY", "to": "SUNDAY", "beginTime": "00:00:00", "endTime": "23:59:59.999999"}]
    office = [{"from": "MONDAY", "to": "FRIDAY", "beginTime": "08:00:00", "endTime": "17:00:00"}]
    gap = float(np.diff(network.arrival).mean()) / SECOND
    teams = range(len(network.staff))
    return {
        "resource_profiles": [
            {"id": f"pool{t}", "name": f"pool{t}", "resource_list": [
                {"id": f"team{t}", "name": f"team{t}", "cost_per_hour": 1, "amount": network.staff[t], "calendar": "hours",
                 "assignedTasks": [f"step{i}" for i, a in enumerate(ACTIVITIES) if TEAM_OF[a] == t]}]}
            for t in teams
        ],
        "arrival_time_distribution": _exponential(gap),
        "arrival_time_calendar": always,
        "gateway_branching_probabilities": [],
        "task_resource_distribution": [
            {"task_id": f"step{i}", "resources": [{"resource_id": f"team{TEAM_OF[a]}", **_exponential(WORK / SECOND)}]}
            for i, a in enumerate(ACTIVITIES)
        ],
        "resource_calendars": [{"id": "hours", "name": "hours", "time_periods": office if network.office else always}],
        "event_distribution": [],
    }  # fmt: skip
