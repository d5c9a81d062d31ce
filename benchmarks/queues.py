"""How fast the queueing replay is, beside SimPy, Ciw and Prosimos on the same network; writes QUEUES.md.

Each case has 8 steps in 5 activities, which 3 teams share, busy for 85% of their time: *bare*, round the clock, and *office*,
with hours from 08 to 17 on working days, a delay by the customer and a weekly release. SimPy and Ciw must find the
completions of ours, or nothing is written.

    python benchmarks/queues.py --date 2026-01-31 [--prosimos PYTHON] [--cases 125000] [--output benchmarks/QUEUES.md]
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from streamline.kernels.queues import NEVER, Replayed, replay_queues
from streamline.units import DAY, HOUR, MINUTE, MISSING_TIME, WEEK

Int64 = np.ndarray[Any, np.dtype[np.int64]]

#: The activity of each step of a case, the team of each activity, the mean work in each.
ACTIVITIES = (0, 1, 2, 3, 4, 1, 2, 4)
TEAM_OF = (0, 0, 1, 1, 2)
WORK = 20 * MINUTE
GAP = 2 * MINUTE
LOAD = 0.85
RELEASED, DELAYED = 3, 5


@dataclass(frozen=True, kw_only=True)
class Network:
    """Cases one after another, each with the same steps; instants and durations in microseconds."""

    n_cases: int
    office: bool
    arrival: Int64
    work: Int64
    delay: Int64
    release: np.ndarray[Any, np.dtype[np.int32]]
    on_start: Int64
    on_end: Int64
    release_start: Int64
    release_end: Int64
    staff: list[int]

    def replay(self) -> Replayed:
        """With ours."""
        n, k = self.n_cases, len(ACTIVITIES)
        m = n * k
        later = np.arange(m) % k > 0
        return replay_queues(
            case_offsets=np.arange(0, m + 1, k), arrival=self.arrival, rank=np.arange(n),
            join_offsets=np.concatenate([[0], np.cumsum(later)]), joined=(np.arange(m) - 1)[later],
            delay=self.delay, release=self.release, queue=np.tile(np.array(ACTIVITIES, np.int32), n), work=self.work,
            priority=np.zeros(m, np.int64), pinned=np.full(m, MISSING_TIME),
            release_offsets=np.array([0, len(self.release_start)]), release_start=self.release_start,
            release_end=self.release_end,
            team_offsets=np.array([0, 2, 4, 5]), team_queue=np.array([0, 1, 2, 3, 4], np.int32),
            team_size=np.array(self.staff), team_calendar=np.zeros(3, np.int32), team_preference=np.zeros(3, np.int64),
            calendar_offsets=np.array([0, len(self.on_start)]), on_start=self.on_start, on_end=self.on_end,
        )  # fmt: skip


def network(n_cases: int, *, office: bool, seed: int = 1) -> Network:
    rng = np.random.Generator(np.random.PCG64(seed))
    n, k = n_cases, len(ACTIVITIES)
    m = n * k
    days = np.arange(n * GAP // DAY + 400)
    days = days[days % 7 < 5]
    weeks = np.arange(n * GAP // WEEK + 40)
    delay, release = np.zeros(m, np.int64), np.full(m, -1, np.int32)
    if office:
        delay[DELAYED::k] = rng.exponential(3 * DAY, n)
        release[RELEASED::k] = 0
    duty = 45 / 168 if office else 1.0
    visits = np.bincount(np.array(TEAM_OF)[list(ACTIVITIES)])
    return Network(
        n_cases=n,
        office=office,
        arrival=np.cumsum(rng.exponential(GAP, n)).astype(np.int64),
        work=rng.exponential(WORK, m).astype(np.int64),
        delay=delay,
        release=release,
        on_start=days * DAY + 8 * HOUR if office else np.array([-DAY]),
        on_end=days * DAY + 17 * HOUR if office else np.array([1 << 60]),
        release_start=weeks * WEEK + 3 * DAY + 9 * HOUR,
        release_end=weeks * WEEK + 3 * DAY + 10 * HOUR,
        staff=[int(np.ceil(v * WORK / GAP / duty / LOAD)) for v in visits],
    )


def best(times: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """The shortest of several runs: other processes can only make one longer."""
    seconds, result = float("inf"), None
    for _ in range(times):
        begun = time.process_time()
        result = work()
        seconds = min(seconds, time.process_time() - begun)
    return seconds, result


def last_completions(replayed: Replayed) -> Int64:
    assert (replayed.complete < NEVER).all()
    return replayed.complete.reshape(-1, len(ACTIVITIES))[:, -1]


def same(name: str, ours: Int64, theirs: Int64, net: Network) -> str:
    """A remark on how well completions agree; raises SystemExit where they don't."""
    if np.abs(ours - theirs).max() <= 100:  # Ciw adds up floating-point seconds
        return "the same completions"
    apart = abs(float((theirs - net.arrival).mean() / (ours - net.arrival).mean()) - 1)
    if not net.office or apart > 0.005:
        sys.exit(f"{name} finds other completions than ours: {apart:.2%} apart in the mean cycle time")
    return f"mean cycle time {apart:.2%} apart: cases released at one instant stand in another order"


def measured(cases: int, prosimos: str | None) -> list[list[str]]:
    """A row a tool and network."""
    from queue_peers import ciw_run, prosimos_run, simpy_run

    rows: list[list[str]] = []
    for office in (False, True):
        what = "office" if office else "bare"
        full = network(cases, office=office)
        full.replay()
        seconds, _ = best(20, full.replay)
        ours = cases * len(ACTIVITIES) / seconds

        def add(tool: str, n: int, seconds: float, remark: str, what: str = what, ours: float = ours) -> None:
            steps = n * len(ACTIVITIES)
            ratio = f"{ours / (steps / seconds):,.1f}"
            rows.append([what, tool, f"{steps:,}", f"{seconds:.3f}", f"{steps / seconds:,.0f}", ratio, remark])
            print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)

        add("streamline", cases, seconds, "best of 20")
        small = network(cases // 10, office=office)
        seconds, replayed = best(40, small.replay)
        add("streamline", small.n_cases, seconds, "best of 40")
        done = last_completions(replayed)
        seconds, theirs = simpy_run(small)
        add("SimPy", small.n_cases, seconds, same("SimPy", done, theirs, small))
        few = network(cases // 50, office=office)
        done = last_completions(few.replay())
        if not office:
            seconds, theirs = ciw_run(few)
            add("Ciw", few.n_cases, seconds, same("Ciw", done, theirs, few))
        if prosimos:
            seconds, cycle = prosimos_run(prosimos, few)
            alike = replace(few, delay=np.zeros_like(few.delay), release=np.full_like(few.release, -1))
            mean = float((last_completions(alike.replay()) - few.arrival).mean()) / HOUR
            without = ", without release and delay" if office else ""
            remark = f"draws its own{without}; mean cycle {cycle:.2f} h, ours {mean:.2f} h"
            add("Prosimos", few.n_cases, seconds, remark)
    return rows


def draws(cases: int) -> str:
    """How long many replays of a tenth of the steps take one after another."""
    small = network(cases // 10, office=True)
    small.replay()
    begun = time.process_time()
    for _ in range(100):
        small.replay()
    seconds = time.process_time() - begun
    return f"100 replays of {small.n_cases * len(ACTIVITIES):,} steps (office) one after another: {seconds:.1f} s of one core."


def page(date: str, rows: list[list[str]], sentence: str) -> str:
    def of(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return "not installed"

    head = ["network", "tool", "steps", "seconds", "steps a second", "times as long as streamline", "remark"]
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    versions = ", ".join(f"{name} {of(name)}" for name in ("numpy", "numba", "simpy", "ciw"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"""# Replay through queues: speed

{date}; {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}, {versions}.
Made by `benchmarks/queues.py`, everything in one run and on one core. Seconds are of processor time, so that what else runs
meanwhile disturbs less; compiling and making the input aren't timed, Prosimos writes its log. Ratios are of the time a
step, against streamline on the largest network. The networks, *bare* and *office*, are described there.

{chr(10).join(lines)}

{sentence} Peak memory {peak:,.0f} MB, the inputs included.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", required=True, help="for the page")
    parser.add_argument("--prosimos", help="a Python in which Prosimos is installed")
    parser.add_argument("--cases", type=int, default=125_000)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "QUEUES.md")
    given = parser.parse_args()
    rows = measured(given.cases, given.prosimos)
    given.output.write_text(page(given.date, rows, draws(given.cases)), encoding="utf-8")


if __name__ == "__main__":
    main()
