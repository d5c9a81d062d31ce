"""Writes a simulated service into a folder: its log, its calls, a study, and what is true.

    python -m tests.services benefits|licences|claims FOLDER [--repetitions 20] [--seed 1] [--processes 1]

Same seed, same bytes, whatever the number of processes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .figures import SERVICES
from .files import write


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.services", description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=sorted(SERVICES))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repetitions", type=int, default=20, help="at least 2, for a standard error")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args(arguments)
    if given.repetitions < 2:
        parser.error("--repetitions must be at least 2: one repetition has no standard error")
    write(given.name, given.folder, seed=given.seed, repetitions=given.repetitions, processes=given.processes)


if __name__ == "__main__":
    main(sys.argv[1:])
