"""The code in the documentation runs and gives what the pages show; the reference holds every public name."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

import streamline
from page_examples import Block, Shown, blocks, run
from streamline.whatif.change import Change

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    p.relative_to(ROOT).as_posix()
    for p in DOCS.rglob("*.md")
    if any(b.language in ("python", "sh") for b in blocks(p.read_text(encoding="utf-8")))
)


@pytest.fixture
def documentation(monkeypatch):
    """The scripts that make pages from the code."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts" / "documentation"))
    yield importlib.import_module
    for name in ("hooks", "notebook_pages", "reference", "schemas", "docstrings"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_gives_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for shown in run((ROOT / page).read_text(encoding="utf-8"), page, tmp_path):
        assert shown.agrees, (
            f"{page}, line {shown.block.line}: the code gives\n\n{shown.output}\n"
            f"Renew it: python tests/page_examples.py {page}"
        )


def test_pages_with_code_are_found():
    assert "docs/tutorial/index.md" in PAGES
    assert sum(p.startswith("docs/how-to/") for p in PAGES) >= 10


def test_a_page_that_shows_something_else_is_told_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = "```python\nn = 3\nn + 1\n```\n\n```text\n5\n```\n\n```sh\necho one; echo two\n```\n```text\none\n…\n```\n"
    wrong, right = run(page, "page", tmp_path)
    assert not wrong.agrees
    assert wrong.renewed() == "4\n"
    assert right.agrees


def test_a_command_that_fails_is_told(tmp_path):
    with pytest.raises(AssertionError, match="line 1: exit code 3"):
        list(run("```sh\nexit 3\n```\n", "page", tmp_path))


def test_text_after_words_is_no_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert list(run("```python\n1\n```\n\nA formula:\n\n```text\na = b\n```\n", "page", tmp_path)) == []


@pytest.mark.parametrize(
    ("shown", "came", "agrees"),
    [
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\n", "a\n", True),
        ("a\n…\nd\n", "a\nb\n", False),
        ("a.c\n", "abc\n", False),
        ("a\n", "a\nb\n", False),
    ],
)
def test_dots_stand_for_any_lines(shown, came, agrees):
    block = Block(language="text", title=None, content=shown, line=1, span=(0, 0))
    assert Shown(block=block, output=came).agrees is agrees


def test_every_public_name_is_in_the_reference(documentation):
    reference = documentation("reference")
    assert reference.unplaced() == set()
    pages = "\n".join(reference.python_page(page) for page in reference.GROUPS)
    homes = {name: home for home, names in streamline._HOMES.items() for name in names}
    for name in streamline.__all__:
        assert re.findall(rf"^::: streamline\.(.+)\.{name}$", pages, flags=re.MULTILINE)[-1] == homes[name]


def test_every_command_and_kind_of_change_is_in_the_reference(documentation):
    from streamline.cli import app

    commands = documentation("reference").commands_page()
    for command in app.registered_commands:
        assert f"## streamline {command.callback.__name__}" in commands
    changes = documentation("schemas").changes_page()
    for kind in ("remove_step", "add_capacity", "notify", "self_service", "change_demand"):
        assert f"## {kind}" in changes


def test_the_kinds_of_change_at_a_glance_are_those_of_the_schema(documentation):
    table = documentation("schemas").changes_table()
    assert table.count("\n") == 2 + len(Change.__subclasses__())
    assert "| `reduce_rework` | `by`, at least one of `to`, `from` and `through` |  |" in table
    assert "| `add_capacity` | `staff`, either `pool` or `activity` |  |" in table
    assert (DOCS / "reference" / "index.md").read_text(encoding="utf-8").endswith(f"\n\n{table}"), (
        "docs/reference/index.md: write the table anew, from changes_table() of scripts/documentation/schemas.py"
    )


def test_every_family_of_ids_is_told(documentation):
    """Each finding of the sample belongs to a family that the page names, and each family named exists somewhere."""
    families = {k.split(".")[0] for ids in documentation("schemas").IDS for k in ids.split(", ")}
    golden = json.loads((ROOT / "tests" / "golden" / "sample_findings.json").read_text(encoding="utf-8"))
    assert {id_.split(".")[0] for id_ in golden} <= families


def test_arguments_become_a_list(documentation):
    text = "Do *it* [1].\n\nlog : the cases; `a[0]` too.\nlevel, seed : of <it>. more : a\n    second line.\n\nReturns `x`."
    assert documentation("docstrings").markdown(text) == (
        "Do *it* \\[1\\].\n\n\n- `log`: the cases; `a[0]` too.\n- `level`, `seed`: of &lt;it>.\n"
        "- `more`: a second line.\n\nReturns `x`."
    )


@pytest.mark.parametrize(
    ("output", "wraps"),
    [
        ("fit for direction only\nReplayed as it is, the mean is off by 0.1%.", True),
        ("  - a list, indented\n  - and on", True),
        ("  reason  share\n  status   0.44", False),
        ("The rates:\nwithin the standard    62,885", False),
    ],
)
def test_outputs_that_are_words_wrap_and_tables_keep_their_columns(documentation, output, wraps):
    for needed in ("mkdocs", "latex2mathml"):
        pytest.importorskip(needed)
    page = f"Before.\n\n```text\n{output}\n```\n\n```python\nx  =  1\n```\n"
    shown = documentation("hooks").on_page_markdown(page)
    assert shown == (page.replace("```text", "```{ .text .words }") if wraps else page)
