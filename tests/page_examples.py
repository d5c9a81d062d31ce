"""Runs the code of a page of documentation, in order, in one folder and one session.

- A block `python` runs in the page's session; its output is what it prints, then the value of its last expression, as
  at a prompt.
- A block `sh` runs in a shell; its output is stdout.
- A block with a `title="name"` is a file: it is written into the folder.
- A block `text` straight after one that ran is its output, to the letter; a line `…` stands for any lines.
- Other blocks are shown only: `yaml` and `json` without a title, `text` elsewhere, and `console`, for what changes the machine
  (installing, `make`); continuous integration does these itself.

    python tests/page_examples.py docs/tutorial/index.md

renews the outputs in a page from what its code gives now.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MORE = "…"
#: How pages name the folder in which they run.
HOME = "/home/you/plan"
_FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', flags=re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of a page: its language, its title, what is in it, and where."""

    language: str
    title: str | None
    content: str
    line: int
    span: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Output as it stands in a page, and as it came when the code was run."""

    block: Block
    output: str

    @property
    def agrees(self) -> bool:
        """Whether the page shows what came."""
        parts = [re.escape(p) for p in re.split(rf"^{MORE}$\n?", tidy(self.block.content), flags=re.MULTILINE)]
        return re.fullmatch("(?:.*\n)*?".join(parts), tidy(self.output)) is not None

    def renewed(self) -> str:
        """What the page should show: as many lines before and after `…` as it shows now."""
        shown, came = tidy(self.block.content).splitlines(), tidy(self.output).splitlines()
        if MORE not in shown:
            return "\n".join(came) + "\n"
        before, after = shown.index(MORE), len(shown) - shown.index(MORE) - 1
        return "\n".join([*came[:before], MORE, *(came[-after:] if after else [])]) + "\n"


def tidy(text: str) -> str:
    """Text without spaces at the ends of lines and without empty lines around it."""
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n"


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [
        Block(language=m[1], title=m[2], content=m[3], line=page.count("\n", 0, m.start()) + 1, span=m.span(3))
        for m in _FENCE.finditer(page)
    ]


def run(page: str, name: str, folder: Path) -> Iterator[Shown]:
    """Run a page in a folder in which `sample_logs` is linked. Raises what the code raises."""
    found = blocks(page)
    names: dict[str, Any] = {"__name__": "__main__"}
    if not (folder / "sample_logs").exists():
        (folder / "sample_logs").symlink_to(ROOT / "sample_logs")
    came: str | None = None
    for block, before in zip(found, [None, *found], strict=False):
        if block.language == "text" and came is not None and before is not None and _adjoin(page, before, block):
            yield Shown(block=block, output=came)
        came = None
        if block.title is not None:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.content, encoding="utf-8")
        elif block.language == "python":
            came = run_python(block, name, names)
        elif block.language == "sh":
            came = run_shell(block, name, folder)


def _adjoin(page: str, before: Block, block: Block) -> bool:
    """Whether nothing but the two fences stands between two blocks."""
    return re.fullmatch(r"```\n\s*```text\n", page[before.span[1] : block.span[0]]) is not None


def run_python(block: Block, name: str, names: dict[str, Any]) -> str:
    """Run Python in a session; gives what it prints and the value of its last expression."""
    tree = ast.parse("\n" * block.line + block.content, filename=name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(tree, name, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), name, "eval"), names)
            if value is not None:
                print(repr(value))
    return out.getvalue()


def run_shell(block: Block, name: str, folder: Path) -> str:
    """Run commands in a shell that finds this environment's `streamline` first; gives stdout."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        ["bash", "-c", block.content],
        cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path, "COLUMNS": "120"},
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(
            f"{name}, line {block.line}: exit code {done.returncode}\n{block.content}\n{done.stdout}{done.stderr}"
        )
    return done.stdout.replace(str(folder.resolve()), HOME)


def renew(path: Path) -> int:
    """Write the outputs of a page anew; gives how many changed."""
    page = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        shown = list(run(page, str(path), Path(folder)))
    changed = [s for s in shown if not s.agrees]
    for one in sorted(changed, key=lambda s: -s.block.span[0]):
        first, last = one.block.span
        page = page[:first] + one.renewed() + page[last:]
    path.write_text(page, encoding="utf-8")
    return len(changed)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(f"{argument}: {renew(Path(argument).resolve())} outputs renewed")
