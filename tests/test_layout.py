"""The rules of the layout, read from the source: who imports whom, what stays out of where, what an import does."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import streamline

SOURCE = Path(streamline.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
MODULES = {".".join(("streamline", *p.relative_to(SOURCE).with_suffix("").parts)): p for p in FILES}

#: Imports nothing of ours but each other.
BASE = (
    "errors",
    "units",
    "provenance",
    "progress",
    "results",
    "findings",
    "tagged_text",
    "figure",
    "figure_checks",
    "machine",
    "showing",
)
#: The parts that compose a section; renderers are all other modules of report/.
COMPOSERS = (
    "analysis",
    "build",
    "contacted",
    "diagnosed",
    "findings",
    "parts",
    "privacy",
    "published",
    "published_contacts",
    "published_counts",
    "published_diagnosis",
    "services",
    "services_section",
    "tables",
    "tracked",
    "wording",
)

#: Layer -> the layers that it may import besides the base and itself.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "base": (),
    "kernels": (),
    "stats": ("kernels",),
    "log": ("kernels", "stats"),
    "measure": ("kernels", "stats", "log"),
    "whatif": ("kernels", "stats", "log", "measure"),
    "study": ("log", "measure", "whatif"),
    "section": (),
    "renderer": ("section",),
    "diagnosis": ("log", "measure"),
    "proposals": ("log", "measure", "whatif", "study"),
    "composer": ("log", "measure", "whatif", "study", "section", "diagnosis", "proposals"),
    "output": (),
    "inspection": ("log", "measure"),
    "plan": (
        "log",
        "measure",
        "whatif",
        "study",
        "section",
        "diagnosis",
        "proposals",
        "composer",
        "renderer",
        "output",
        "publishing",
        "scale",
    ),
    "foreseen": ("log", "measure", "whatif", "study"),
    "tracking": (
        "log",
        "measure",
        "whatif",
        "study",
        "section",
        "diagnosis",
        "composer",
        "renderer",
        "output",
        "publishing",
        "plan",
        "foreseen",
    ),
    "publishing": ("section", "composer", "renderer", "output"),
    "terminal": (),
    "verification": ("plan", "tracking", "output"),
    "renewal": ("composer", "renderer"),
    "many": ("log", "study", "section", "composer", "renderer", "output", "publishing", "plan"),
    "cli": (
        "terminal",
        "verification",
        "renewal",
        "study",
        "renderer",
        "output",
        "inspection",
        "plan",
        "tracking",
        "many",
    ),
    "scale": ("kernels", "stats", "log", "measure"),
    "package": (
        "log",
        "measure",
        "whatif",
        "study",
        "plan",
        "tracking",
        "scale",
        "verification",
        "renewal",
        "many",
        "notebook",
        "terminal",
    ),
    "notebook": ("kernels", "stats", "log", "measure", "whatif", "study", "section", "renderer", "plan"),
}
#: What the table doesn't allow and is meant: (importing module, imported module).
MEANT = {
    # the text that stands for a picture is composed from the chart's own data
    ("streamline.report.parts.saying", "streamline.report.chart"),
    # a table with bars is written as a table of text
    ("streamline.report.parts.rework", "streamline.report.bar_table"),
    # a result's `plot` draws late, so that measuring needs no matplotlib
    ("streamline.results", "streamline.report.chart"),
    # bars on stderr are drawn late, and only where somebody looks at them
    ("streamline.progress", "streamline.terminal"),
    # the same for the map
    ("streamline.measure.flow", "streamline.report.map"),
}
#: Library -> the modules that may import it, and whether only inside functions.
KEPT_IN: dict[str, tuple[tuple[str, ...], bool]] = {
    "pm4py": (("streamline.measure.models.conformance",), True),
    "docx": (tuple(f"streamline.report.{m}" for m in ("to_docx", "word_parts", "word_styles")), True),
    "typst": (("streamline.report.to_pdf", "streamline.report.print_png"), True),
    "pikepdf": (("streamline.report.pdf_tags",), True),
    "jinja2": (("streamline.report.to_html",), True),
    "matplotlib": (
        tuple(
            f"streamline.report.{m}"
            for m in (
                "bar_chart",
                "bar_table",
                "chart",
                "drawing",
                "heat",
                "histogram",
                "lettering",
                "map",
                "map_layout",
            )
        ),
        True,
    ),
    "psycopg": (("streamline.log.database",), True),
    "anywidget": (("streamline.notebook.widget", "streamline.notebook.explore"), False),
    "traitlets": (("streamline.notebook.widget",), False),
    "typer": (("streamline.cli",), False),
    "yaml": (("streamline.study_file",), False),
}


def layer(module: str) -> str:
    """The layer of a module of ours.

    >>> layer("streamline.report.to_html"), layer("streamline.units"), layer("streamline.log.read")
    ('renderer', 'base', 'log')
    """
    parts = module.split(".")[1:]
    if not parts or parts == ["__init__"]:
        return "package"
    if parts[0] in BASE:
        return "base"
    if parts[0] == "contact_answers":
        return "diagnosis"
    if parts[0] in ("study", "study_contacts", "study_file", "study_parts"):
        return "study"
    if parts[0] == "report":
        name = parts[1] if len(parts) > 1 else "__init__"
        return "section" if name in ("section", "__init__") else "composer" if name in COMPOSERS else "renderer"
    return parts[0]


def imports(tree: ast.Module) -> Iterator[tuple[str, bool, bool]]:
    """(module, inside a function, only for type checking) of each import in a syntax tree."""

    def walk(node: ast.AST, inside: bool, typing: bool) -> Iterator[tuple[str, bool, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, inside, typing) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"line {child.lineno}: imports are written out, not relative"
                assert child.module is not None
                for alias in child.names:
                    whole = f"{child.module}.{alias.name}"
                    yield (whole if whole in MODULES else child.module), inside, typing
            else:
                checking = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
                function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                yield from walk(child, inside or function, typing or checking)

    return walk(tree, False, False)


def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def module_id(module: str) -> str:
    return module.removeprefix("streamline.")


@pytest.mark.parametrize("module", MODULES, ids=module_id)
def test_every_module_imports_only_what_stands_left_of_it(module: str) -> None:
    here = layer(module)
    assert here in MAY_IMPORT, f"{module} is in no layer of the table"
    allowed = {"base", here, *MAY_IMPORT[here]}
    wrong = [
        f"{module} ({here}) imports {other} ({layer(other)})"
        for other, _, typing in imports(tree(module))
        if other.split(".")[0] == "streamline"
        and layer(other) not in allowed
        and not (typing and here == "base")
        and (module, other) not in MEANT
    ]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES, ids=module_id)
def test_libraries_stay_where_they_belong(module: str) -> None:
    for name, inside, typing in imports(tree(module)):
        library = name.split(".")[0]
        if library in ("pandas", "pyarrow") and layer(module) in ("kernels", "stats"):
            pytest.fail(f"{module} imports {library}; {layer(module)}/ sees arrays only")
        if library in KEPT_IN and not typing:
            homes, late = KEPT_IN[library]
            assert module in homes, f"{module} imports {library}, which belongs into {homes}"
            assert inside or not late, f"{module} imports {library} at its top; import it in the function that needs it"


def test_the_walk_sees_late_and_typing_imports() -> None:
    text = "import a\nif TYPE_CHECKING:\n    import b\ndef f():\n    from streamline import units\n"
    assert list(imports(ast.parse(text))) == [
        ("a", False, False),
        ("b", False, True),
        ("streamline.units", True, False),
    ]


def test_exceptions_to_the_table_are_still_needed() -> None:
    unused = {pair for pair in MEANT if pair[1] not in {n for n, _, _ in imports(tree(pair[0]))}}
    assert unused == set()


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m not in ("streamline.cli", "streamline.terminal")], ids=module_id
)
def test_only_the_command_line_prints(module: str) -> None:
    calls = [n for n in ast.walk(tree(module)) if isinstance(n, ast.Call) and ast.unparse(n.func) == "print"]
    assert [f"line {c.lineno}" for c in calls] == []


def test_files_have_at_most_500_lines() -> None:
    long = {p.name: n for p in FILES if (n := len(p.read_text(encoding="utf-8").splitlines())) > 500}
    assert long == {}


def test_importing_the_package_loads_nothing_heavy_and_says_nothing() -> None:
    code = "import sys, streamline; sys.stderr.write(' '.join(sorted({m.split('.')[0] for m in sys.modules})))"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == ""
    loaded = set(run.stderr.split())
    assert "streamline" in loaded
    assert (
        loaded & {"numpy", "pandas", "pyarrow", "numba", "matplotlib", "pm4py", "scipy", "pydantic", "typer"} == set()
    )


def test_public_names_agree_and_exist() -> None:
    checking = next(n for n in ast.walk(tree("streamline.__init__")) if isinstance(n, ast.If))
    typed = {
        (node.module.removeprefix("streamline."), alias.name)
        for node in checking.body
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
    }
    assert typed == {(home, name) for home, names in streamline._HOMES.items() for name in names}
    assert sorted(name for _, name in typed) == streamline.__all__
    for home, name in typed:
        assert getattr(streamline, name) is getattr(importlib.import_module(f"streamline.{home}"), name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'read_logs'"):
        streamline.read_logs  # noqa: B018
    assert set(streamline.__all__) <= set(dir(streamline))
    assert streamline.__version__


def test_no_public_name_is_a_modules_name() -> None:
    """Importing the module would put it in the name's place."""
    import streamline

    modules = {p.stem for p in Path(streamline.__file__).parent.glob("*.py")} | {
        p.name for p in Path(streamline.__file__).parent.iterdir() if p.is_dir()
    }
    assert set(streamline.__all__) & modules == set()
