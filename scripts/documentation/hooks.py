"""What the site adds to the pages that are written by hand: the generated reference, formulas as MathML, and outputs that wrap.

Formulas are turned when the site is built, so that a page needs no script and no other machine to show them. Output of code
(a block `text`) is words, which wrap, unless a line of it has two spaces between other characters: that is a table, whose
columns must keep their places, and it scrolls.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import reference
import schemas
from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from notebook_pages import page_of

from streamline.report.to_json import findings_schema
from streamline.study import json_schema

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', flags=re.DOTALL)

_OUTPUT = re.compile(r"^```text\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
_COLUMNS = re.compile(r"\S {2,}\S")


def on_config(config: Any) -> Any:
    """All notebooks and decisions in the order of their numbers, so that a new one needs no entry here."""
    for part in config.nav:
        if "Notebooks" in part:
            part["Notebooks"] = ["notebooks/index.md", *(f"notebooks/{path.stem}.md" for path in _notebooks(config))]
        if "Decisions" in part:
            part["Decisions"] = ["decisions/index.md", *(f"decisions/{path.name}" for path in _decisions(config))]
    return config


def _notebooks(config: Any) -> list[Path]:
    return sorted(Path(config.docs_dir).parent.joinpath("notebooks").glob("[0-9]_*.ipynb"))


def _decisions(config: Any) -> list[Path]:
    return sorted(Path(config.docs_dir, "decisions").glob("[0-9]*.md"))


def _decisions_page(config: Any) -> str:
    titles = [(path.read_text(encoding="utf-8").splitlines()[0].lstrip("# "), path.name) for path in _decisions(config)]
    return "\n".join(
        [
            "# Decisions",
            "",
            "Why things are as they are: the question, the choice, what was measured, and what would change it.",
            "",
            *(f"- [{title}]({name})" for title, name in titles),
            "",
        ]
    )


def on_files(files: Files, *, config: Any) -> Files:
    """Adds the pages that are made from the code."""
    missing = reference.unplaced()
    if missing:
        raise PluginError(f"These public names are on no page of the reference: {', '.join(sorted(missing))}")
    made = {
        **{f"reference/api/{page}.md": reference.python_page(page) for page in reference.GROUPS},
        "decisions/index.md": _decisions_page(config),
        "reference/commands.md": reference.commands_page(),
        "reference/study-file.md": schemas.study_page(),
        "reference/changes.md": schemas.changes_page(),
        "reference/findings.md": schemas.findings_page(),
        "reference/study.schema.json": json.dumps(json_schema(), indent=1),
        "reference/findings.schema.json": json.dumps(findings_schema(), indent=1),
    }
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    for notebook in _notebooks(config):
        page, pictures = page_of(notebook)
        files.append(File.generated(config, f"notebooks/{notebook.stem}.md", content=page))
        for name, picture in pictures.items():
            files.append(File.generated(config, f"notebooks/{name}", content=picture))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Outputs that are words get a class of their own, by which they wrap (see the module's text)."""
    return _OUTPUT.sub(_output, markdown)


def _output(found: re.Match[str]) -> str:
    return found[0] if _COLUMNS.search(found[1]) else f"```{{ .text .words }}\n{found[1]}```"


def on_page_content(content: str, **_: Any) -> str:
    """Formulas as MathML; one that stands alone can be scrolled, also by keyboard."""
    return _FORMULA.sub(_mathml, content)


def _mathml(found: re.Match[str]) -> str:
    formula = html.unescape(found[3]).strip()
    if found[2] == "(":
        return convert(formula)
    return (
        f'<div class="formula" tabindex="0" role="group" aria-label="Formula">{convert(formula, display="block")}</div>'
    )
