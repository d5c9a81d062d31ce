"""The page of results: tables from the measured cells, and the targets."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from run import Cell, Table

OURS = "streamline"
WORK = {
    "load": "Loading from Parquet",
    "answer": "Answering the five questions",
    "file": "From the Parquet file to the answers",
    "load_xes": "Loading from XES",
    "cold": "A whole process, imports included, from a small Parquet file to the answers",
}
REMARKS = {
    ("pyarrow", "load"): "yardstick: reads and encodes the cases, does not sort",
    ("r4pm", "answer"): "no waits, no durations",
    ("r4pm", "file"): "no waits, no durations",
    ("pm4py_alone", "load_xes"): "`pm4py.read_xes` as pip installs it",
    ("pm4py_r4pm", "load_xes"): "`pm4py.read_xes` with r4pm installed, whose reader (Rust) it then takes",
    ("pm4py_polars", "answer"): "no waits, no durations",
    ("pm4py_polars", "file"): "no waits, no durations",
}
GENERAL = ("pandas", "polars", "duckdb")


@dataclass(frozen=True)
class Target:
    """The fastest of `against` must take at least `times` as long as streamline at this work on this log."""

    log: str
    what: str
    words: str
    against: tuple[str, ...]
    times: float


#: What this library set out to reach; a target whose log or tools were not run is shown as not measured.
TARGETS = (
    Target(
        "10 million events", "load", "within 1.5 times of pyarrow, which doesn't group or check", ("pyarrow",), 1 / 1.5
    ),
    Target("10 million events", "answer", "8 times as fast as the fastest of pandas, Polars and DuckDB", GENERAL, 8),
    Target("10 million events", "file", "3 times as fast as the faster of Polars and DuckDB", ("polars", "duckdb"), 3),
    Target("10 million events", "file", "20 times as fast as PM4Py", ("pm4py",), 20),
    Target(
        "Road_Traffic_Fine_Management_Process.xes.gz",
        "load_xes",
        "5 times as fast as `pm4py.read_xes`",
        ("pm4py_alone",),
        5,
    ),
)
#: The most that a process of ours may hold at 10 million events, MB.
PEAK_MB = 1500


def page(date: str, runs: int, tables: Table, extras: list[tuple[str, Cell]]) -> str:
    """The whole page in Markdown."""
    parts = [head(date, runs, tables)]
    for (log, what), row in tables.items():
        parts.append(f"## {WORK[what]}, {log}\n\n{compared(what, row)}")
    if extras:
        rows = ([words, *figures(cell)] for words, cell in extras)
        parts.append(f"## Beside the comparison\n\n{table(['run', 'seconds', 'peak MB'], rows)}")
    rows = [*(reached(target, tables) for target in TARGETS), *peaks(tables), *linear(extras)]
    parts.append(f"## Targets\n\n{table(['work', 'target', 'reached', 'met'], rows)}")
    return "\n\n".join(parts) + "\n"


def head(date: str, runs: int, tables: Table) -> str:
    """What was run, where and how."""
    versions = {cell.tool: cell.version for row in tables.values() for cell in row if cell.version}
    listed = ", ".join(f"{tool} {version}" for tool, version in versions.items())
    return f"""# Benchmarks

{date}; {len(os.sched_getaffinity(0))} cores, {memory_gib():.0f} GiB of memory, Python {platform.python_version()};
{listed}.

Made by `benchmarks/run.py`. Each run is a process of its own; importing is not timed. Seconds are the median of {runs} runs,
peak MB the most that any of the processes held at once (with *answer*, that includes loading), ratio the seconds relative
to {OURS}. Each process first does the same work on a log of 10,000 events, so that what it does only once isn't in the
seconds; the first table has it. At 100 million events there is one run a tool. The questions, and what each work
includes, are in `benchmarks/questions.py`; how each tool goes about them, and what else was tried, in `benchmarks/tools`.

PM4Py and r4pm are run on logs of up to 10 million events only, and at most twice at that size: they take up to half a
minute there, and r4pm more than 10 GB. On every generated log all tools that answer count the same, or nothing would have
been written; on the smallest one means and quantiles are compared as well."""


def memory_gib() -> float:
    """Of the machine."""
    first = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()[0]
    return int(first.split()[1]) / 2**20


def compared(what: str, row: list[Cell]) -> str:
    """One table of all tools at one work, in order of seconds."""
    ours = next((cell.median for cell in row if cell.tool == OURS), None)
    ordered = sorted(row, key=lambda cell: cell.median if cell.median is not None else float("inf"))
    lines = (
        [
            cell.tool,
            *figures(cell),
            f"{cell.median / ours:.2f}" if cell.median is not None and ours else "",
            REMARKS.get((cell.tool, what), ""),
        ]
        for cell in ordered
    )
    return table(["tool", "seconds", "peak MB", "ratio", "remark"], lines)


def figures(cell: Cell) -> list[str]:
    """Seconds and peak, or why there are none."""
    return [cell.failure or "not run", ""] if cell.median is None else [f"{cell.median:.3f}", f"{max(cell.peaks):,.0f}"]


def reached(target: Target, tables: Table) -> list[str]:
    """A row of the table of targets."""
    medians = {cell.tool: cell.median for cell in tables.get((target.log, target.what), [])}
    ours, others = medians.get(OURS), [seconds for tool in target.against if (seconds := medians.get(tool)) is not None]
    if not ours or not others:
        return [f"{WORK[target.what]}, {target.log}", target.words, "not measured", ""]
    ratio = min(others) / ours
    met = "yes" if ratio >= target.times else "no"
    return [f"{WORK[target.what]}, {target.log}", target.words, f"{ratio:.2f} times", met]


def peaks(tables: Table) -> Iterable[list[str]]:
    """Whether our processes stayed below the peak."""
    held = [
        max(cell.peaks)
        for (log, what), row in tables.items()
        for cell in row
        if cell.tool == OURS and log == "10 million events" and what in ("load", "answer", "file") and cell.peaks
    ]
    if held:
        met = "yes" if max(held) < PEAK_MB else "no"
        yield ["peak memory, 10 million events", f"under {PEAK_MB:,} MB", f"{max(held):,.0f} MB", met]


def linear(extras: list[tuple[str, Cell]]) -> Iterable[list[str]]:
    """Whether ten times the events take ten times as long, within a fifth."""
    medians = [cell.median for _, cell in extras]
    if len(medians) == 2 and medians[0] and medians[1]:
        ratio = medians[1] / medians[0]
        met = "yes" if 8 <= ratio <= 12 else "no"
        yield [
            "100 against 10 million events, by partitions",
            "10 times as long, within 20%",
            f"{ratio:.1f} times",
            met,
        ]


def table(columns: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [columns, ["---"] * len(columns), *rows])
