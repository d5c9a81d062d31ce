"""Ask several tools the five questions on one log and say where their answers differ, also in means and quantiles.

    python benchmarks/agree.py PATH TOOL TOOL...

Every tool is compared with the first, which should be one that answers everything.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from questions import Answers, same


def differences(path: Path, tools: list[str]) -> list[str]:
    """In words, by tool and road; nothing if all agree."""
    first: Answers | None = None
    found = []
    for name in tools:
        tool = importlib.import_module(f"tools.{name}_tool")
        for road, answers in (("answer", tool.answer(tool.load(path))), ("file", tool.from_file(path))):
            first = first or answers
            found += [f"{name} ({road}) {words}" for words in same(answers, first)]
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("tools", nargs="+")
    given = parser.parse_args()
    found = differences(given.path, given.tools)
    print("\n".join(found) or f"{', '.join(given.tools)} agree on {given.path.name}")
    raise SystemExit(bool(found))
