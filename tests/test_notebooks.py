"""The notebooks as committed: made from their text, run in order, and telling nothing of the machine."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXTS = sorted((ROOT / "notebooks").glob("[0-9]_*.py"))


@pytest.fixture
def made(monkeypatch):
    """The script that makes notebooks."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts" / "documentation"))
    yield importlib.import_module("notebooks")
    sys.modules.pop("notebooks", None)


def committed(text: Path) -> list[dict]:
    return json.loads(text.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]


def test_there_are_eight():
    assert [t.name[0] for t in TEXTS] == list("12345678")


@pytest.mark.parametrize("text", TEXTS, ids=lambda t: t.stem)
class TestNotebook:
    def test_is_made_from_its_text(self, text, made):
        own = [(c["cell_type"], "".join(c["source"])) for c in committed(text)]
        assert own == [(c.cell_type, c.source) for c in made.source_of(text).cells], "run: make notebooks"

    def test_was_run_in_order(self, text):
        counts = [c["execution_count"] for c in committed(text) if c["cell_type"] == "code"]
        assert counts == list(range(1, len(counts) + 1))

    def test_tells_nothing_of_the_machine(self, text, made):
        outputs = json.dumps([c.get("outputs", []) for c in committed(text)])
        assert not made.MACHINE.search(outputs)
        assert '"stderr"' not in outputs

    def test_ends_with_answers_in_words(self, text):
        *_, heading, last = committed(text)
        assert "The answers, in words" in "".join(heading["source"])
        (output,) = last["outputs"]
        assert len("".join(output["data"]["text/markdown"]).split()) > 40


def test_machines_are_told_apart(made):
    assert made.MACHINE.search("in /tmp/abc/out")
    assert made.MACHINE.search("/home/somebody/x")
    assert not made.MACHINE.search("out/section.html and 3 / 4")
