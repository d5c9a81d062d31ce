"""Run every tool on every log, each run in a process of its own, and write the medians to a Markdown file.

    python benchmarks/run.py --date 2025-01-31 --data DIR [--real FILE ...] [--logs 1 10 100] [--tools streamline polars ...]

The tools take turns run by run, so that a slow spell of the machine hits all of them. Generated logs are made in --data when
they are missing. A tool that takes longer than --timeout, or dies, is recorded as such and not run again on that log.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import results

HERE = Path(__file__).parent
#: What each tool is timed at.
TOOLS = {
    "streamline": ("load", "answer", "file", "partitions", "load_xes", "cold"),
    "pyarrow": ("load",),
    "pandas": ("load", "answer", "file", "cold"),
    "polars": ("load", "answer", "file", "cold"),
    "duckdb": ("load", "answer", "file", "cold"),
    "pm4py": ("load", "answer", "file", "cold"),
    "pm4py_polars": ("load", "answer", "file"),
    "r4pm": ("load", "answer", "file", "load_xes", "cold"),
    "pm4py_alone": ("load_xes",),
    "pm4py_r4pm": ("load_xes",),
}
#: Tools that are not run beyond SLOW_MOST million events, and SLOW_RUNS times there.
SLOW, SLOW_MOST, SLOW_RUNS = ("pm4py", "pm4py_polars", "r4pm"), 10, 2
#: From this many millions of events on, only work from the file is measured, once a tool.
LARGE = 100
#: Events of the log of the cold row, on which every other process warms up too.
SMALL = 10_000


@dataclass(frozen=True)
class Extra:
    """A row beside the comparison: one tool, perhaps under a limit on the private memory of its process."""

    words: str
    tool: str
    what: str
    millions: int
    memory_mb: int | None = None


#: Rows of one tool alone, for instance Extra("100 million events within 8 GB", "streamline", "file", 100, 8_000).
EXTRAS = [
    Extra("10 million events by partitions, within 4 GiB", "streamline", "partitions", 10, 4_294),
    Extra("100 million events by partitions, within 4 GiB", "streamline", "partitions", 100, 4_294),
]


@dataclass(frozen=True)
class Log:
    """A log to run on; generated ones know their size in millions of events."""

    name: str
    path: Path
    millions: int | None = None


@dataclass
class Cell:
    """All runs of one tool at one piece of work on one log."""

    tool: str
    runs: int
    seconds: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    digest: dict[str, str | None] | None = None
    version: str = ""
    failure: str = ""

    @property
    def median(self) -> float | None:
        """Of the seconds; None if the tool failed."""
        return None if self.failure or not self.seconds else statistics.median(self.seconds)


Table = dict[tuple[str, str], list[Cell]]


def generated(data: Path, millions: int) -> Log:
    """The log of that size, made if it is missing."""
    path = data / f"{millions}m.parquet"
    if not path.exists():
        part = path.with_suffix(".part")
        subprocess.run([sys.executable, HERE / "generate.py", part, str(millions * 1_000_000)], check=True)
        part.rename(path)
    return Log(f"{millions} million events", path, millions)


def logs(data: Path, sizes: list[int], real: list[Path]) -> list[Log]:
    """Generated logs by size, then the XES files."""
    return [generated(data, millions) for millions in sizes] + [Log(path.name, path) for path in real]


def small(data: Path) -> Log:
    """The log of the cold row."""
    path = data / "small.parquet"
    if not path.exists():
        subprocess.run([sys.executable, HERE / "generate.py", path, str(SMALL)], check=True)
    return Log(f"{SMALL:,} events", path)


def cells(log: Log, what: str, tools: list[str], runs: int) -> Iterator[Cell]:
    """One cell for each tool that is run at this work on this log."""
    for tool in tools:
        size = log.millions or 0
        if what in TOOLS[tool] and not (tool in SLOW and size > SLOW_MOST):
            few = (tool in SLOW and size == SLOW_MOST) or tool == "pm4py_alone"
            yield Cell(tool, 1 if size >= LARGE else min(runs, SLOW_RUNS) if few else runs)


def run(cell: Cell, what: str, path: Path, timeout: float, memory_mb: int | None = None) -> None:
    """One run, added to its cell."""
    limit = ["prlimit", f"--data={memory_mb * 1_000_000}"] if memory_mb else []
    command = [*limit, sys.executable, str(HERE / "run_one.py"), cell.tool, what, str(path)]
    warm = path.parent / "small.parquet"
    if warm.exists() and what != "load_xes":
        command += ["--warm", str(warm)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        cell.failure = f"more than {timeout:g} s"
        return
    if done.returncode:
        cell.failure = why(done.returncode, done.stderr)
        return
    line = json.loads(done.stdout.splitlines()[-1])
    cell.seconds.append(line["seconds"])
    cell.peaks.append(line["peak_mb"])
    cell.digest, cell.version = line["digest"], line["version"]


def why(code: int, stderr: str) -> str:
    """A few words for a process that died."""
    last = (stderr.strip().splitlines() or ["no message"])[-1]
    if code in (-9, 137) or any(sign in stderr for sign in ("MemoryError", "Out of Memory", "memory allocation of")):
        return "out of memory"
    return f"killed by signal {-code}" if code < 0 else f"failed: {last[:100]}".replace("|", "/")


def measure(log: Log, what: str, row: list[Cell], timeout: float) -> None:
    """All runs of one table, the tools in turn; stops if the tools that answer disagree."""
    for turn in range(max(cell.runs for cell in row)):
        for cell in row:
            if turn < cell.runs and not cell.failure:
                run(cell, what, log.path, timeout)
                took = cell.failure or f"{cell.seconds[-1]:.2f} s, {cell.peaks[-1]:.0f} MB"
                print(f"{log.name}, {what}, {cell.tool}, run {turn + 1}: {took}", flush=True)
        if disagreement := disagreeing(row):
            raise SystemExit(f"{log.name}, {what}: {disagreement}")


def disagreeing(row: list[Cell]) -> str:
    """Which tools count differently, and at which question; empty if none."""
    answered = [(cell.tool, cell.digest) for cell in row if cell.digest]
    for question in answered[0][1] if answered else ():
        digests = {tool: digest[question] for tool, digest in answered if digest[question]}
        if len(set(digests.values())) > 1:
            listed = ", ".join(f"{tool} {digest[:8]}" for tool, digest in digests.items() if digest)
            return f"the tools disagree about {question}: {listed}"
    return ""


def check_values(log: Log, tools: list[str]) -> None:
    """Means and quantiles, which the digests leave out, once and on one log."""
    asked = [cell.tool for cell in cells(log, "answer", tools, 1)]
    command = [sys.executable, str(HERE / "agree.py"), str(log.path), *asked]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if asked and done.returncode:
        raise SystemExit(f"The tools do not agree on {log.name}:\n{done.stdout}{done.stderr}")


def extras(data: Path, tools: list[str], runs: int, timeout: float) -> list[tuple[str, Cell]]:
    """The rows of EXTRAS."""
    rows = []
    for extra in EXTRAS:
        cell = Cell(extra.tool, 1 if extra.millions >= LARGE else runs)
        for _ in range(cell.runs):
            if not cell.failure and extra.tool in tools:
                run(cell, extra.what, generated(data, extra.millions).path, timeout, extra.memory_mb)
        rows.append((extra.words, cell))
    return rows


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", required=True, help="the date to write down")
    parser.add_argument("--data", type=Path, required=True, help="where generated logs are kept")
    parser.add_argument("--real", type=Path, nargs="*", default=[], help="XES files")
    parser.add_argument("--logs", type=int, nargs="*", default=[1, 10, 100], help="sizes in millions of events")
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--timeout", type=float, default=900, help="seconds for one process")
    parser.add_argument("--results", type=Path, default=HERE / "RESULTS.md")
    return parser.parse_args()


def main() -> None:
    """Check, measure, write."""
    given = arguments()
    given.data.mkdir(parents=True, exist_ok=True)
    found = logs(given.data, given.logs, given.real)
    if given.logs:
        check_values(min(found, key=lambda log: log.millions or float("inf")), given.tools)
    tables: Table = {}
    first = small(given.data)
    tables[first.name, "cold"] = list(cells(first, "cold", given.tools, given.runs))
    measure(first, "cold", tables[first.name, "cold"], given.timeout)
    for log in found:
        everything = ("file",) if (log.millions or 0) >= LARGE else ("load", "answer", "file")
        for what in everything if log.millions else ("load_xes",):
            if row := list(cells(log, what, given.tools, given.runs)):
                measure(log, what, row, given.timeout)
                tables[log.name, what] = row
    rows = extras(given.data, given.tools, given.runs, given.timeout)
    given.results.write_text(results.page(given.date, given.runs, tables, rows), encoding="utf-8")


if __name__ == "__main__":
    main()
