"""Runs the notebooks and writes them with outputs that read well anywhere and stay the same from run to run.

    python scripts/documentation/notebooks.py notebooks/1_first_look_at_a_log.py ...

The text (`.py`, jupytext) is the source; the notebook (`.ipynb`) is made from it. What differs between machines leaves the
outputs: what libraries print to stderr, times of execution, versions, and numbers in ids.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import jupytext
from nbclient import NotebookClient

#: What the outputs must not tell: folders of the machine that ran them.
MACHINE = re.compile(r"/(?:tmp|home|root|Users|work)/|[A-Z]:\\\\Users")
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def source_of(path: Path) -> Any:
    """The notebook without outputs, as its text says it; ids of cells are their places."""
    notebook = jupytext.read(path)
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{place}"
        cell["metadata"] = {}
    notebook.metadata = {**KERNEL, "jupytext": {"formats": "ipynb,py:percent"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def clean(notebook: Any) -> Any:
    """The run notebook without what differs between machines."""
    for cell in notebook.cells:
        cell["metadata"] = {}
        if cell.cell_type == "code":
            cell.outputs = [_plain(o) for o in cell.outputs if o.get("name") != "stderr"]
    notebook.metadata = {**KERNEL, "jupytext": {"formats": "ipynb,py:percent"}}
    return notebook


def _plain(output: Any) -> Any:
    """Objects' addresses and sizes of pictures leave the text."""
    data = output.get("data", {})
    if "image/png" in data:
        data["text/plain"] = "a picture"
        output["metadata"] = {}
    elif isinstance(data.get("text/plain"), str):
        data["text/plain"] = re.sub(r" at 0x[0-9a-f]+", "", data["text/plain"])
    return output


def run(path: Path) -> Path:
    """Run a notebook in its folder and write it beside its text. Raises when a cell fails or tells of the machine."""
    notebook = source_of(path)
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    clean(notebook)
    written = jupytext.writes(notebook, fmt="ipynb")
    told = MACHINE.search("\n".join(str(c.get("outputs", "")) for c in notebook.cells))
    if told:
        raise ValueError(f"{path.name}: an output tells a folder of this machine: {told[0]!r}")
    target = path.with_suffix(".ipynb")
    target.write_text(written if written.endswith("\n") else written + "\n", encoding="utf-8")
    return target


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(run(Path(argument).resolve()).name)
