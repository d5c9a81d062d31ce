"""Time one tool at one piece of work, in this process, and print one line of JSON.

    python benchmarks/run_one.py TOOL WHAT PATH [--warm PATH]

WHAT is load, answer (loading is not timed), file, partitions or load_xes: see `questions`; or cold, which is file with the
import of the tool timed as well. The tool is imported before the clock starts, and with --warm it first does the same work
on that small log: what a tool does once in a process (lazy imports, compiled code from its cache, pools of threads) is
seen in the cold row, not in every other.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import json
import sys
import time
from pathlib import Path
from types import ModuleType

from questions import Answers

WORK = ("load", "answer", "file", "partitions", "load_xes", "cold")
#: The distribution whose version counts, where it is not called as the tool is.
DISTRIBUTIONS = {"pm4py_polars": "pm4py", "pm4py_alone": "pm4py", "pm4py_r4pm": "pm4py"}


def timed(tool: ModuleType, what: str, path: Path) -> tuple[float, Answers | None]:
    """Seconds of the work, and the answers if it makes any."""
    loaded = tool.load(path) if what == "answer" else None
    work = getattr(tool, {"file": "from_file", "cold": "from_file"}.get(what, what))
    begin = time.perf_counter()
    result = work(loaded if what == "answer" else path)
    seconds = time.perf_counter() - begin
    return seconds, result if isinstance(result, Answers) else None


def peak_mb() -> float:
    """The most memory this process has held at once."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def version(tool: str) -> str:
    """Of the distribution the tool comes in."""
    try:
        return importlib.metadata.version(DISTRIBUTIONS.get(tool, tool))
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def main() -> None:
    """Read the arguments, work, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("what", choices=WORK)
    parser.add_argument("path", type=Path)
    parser.add_argument("--warm", type=Path, help="a small log for a first go that isn't timed")
    given = parser.parse_args()
    with contextlib.redirect_stdout(sys.stderr):  # some tools greet
        begin = time.perf_counter()
        tool = importlib.import_module(f"tools.{given.tool}_tool")
        import_seconds = time.perf_counter() - begin
        if given.warm and given.what != "cold":
            timed(tool, given.what, given.warm)
        seconds, answers = timed(tool, given.what, given.path)
        if given.what == "cold":
            seconds += import_seconds
    line = {
        "tool": given.tool,
        "what": given.what,
        "path": str(given.path),
        "import_seconds": round(import_seconds, 4),
        "seconds": round(seconds, 4),
        "peak_mb": round(peak_mb(), 1),
        "digest": answers and answers.digest(),
        "version": version(given.tool),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
