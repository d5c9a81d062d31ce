"""Pages of the reference that are made from the code itself: the Python names, the commands, the files' schemas."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import streamline

#: Page -> title, what it is about, and the modules whose public names it holds (by the start of their names).
GROUPS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "records": ("Records", "Reading logs, contacts and surveys, and what was met in them.", ("log.",)),
    "time": (
        "Time, routes and standards",
        "How long cases take, which ways they go, what slow ones have in common, and whether the standard is kept.",
        ("measure.duration", "measure.flow", "measure.groups", "measure.compared", "measure.slow", "measure.standards.",
         "measure.summaries."),
    ),
    "waits": ("Waits", "Where cases wait, why, and when.", ("measure.waits.",)),
    "rework": ("Rework", "What comes back, how often, and what it takes.", ("measure.loops.",)),
    "people": ("People", "Who does what, when, and how busy they are.", ("measure.staff.",)),
    "contacts": ("Contacts and surveys", "Why customers get in touch, and how content they are.",
                 ("measure.contacts.", "measure.feedback")),
    "models": ("Process models", "Models found in the log or given, and how cases keep to them.", ("measure.models.",)),
    "changes": ("Changes", "What a scenario may change.", ("whatif.change",)),
    "estimates": ("Estimates", "What changes would do, and what that is worth.", ("whatif.",)),
    "section": ("Studies and sections", "From a study file to a section, and back to the records.",
                ("plan", "study", "findings", "renewal", "verification", "progress", "tracking", "many.")),
    "screen": ("On the screen", "A log on one screen, and a live map.", ("notebook.",)),
    "results": ("Results", "What every answer has in common.", ("results",)),
    "large": ("Large logs", "Logs larger than memory, and Apache Spark.", ("scale.",)),
    "errors": ("Errors", "What is refused, and what each error says.", ("errors",)),
}  # fmt: skip


def modules_of(page: str) -> list[str]:
    """The modules with public names on this page, in the order of their names."""
    starts = GROUPS[page][2]
    claimed_before = {m for p in GROUPS if p != page for m in _claimed(GROUPS[p][2], before=page, other=p)}
    homes: list[str] = sorted(streamline._HOMES)
    return [m for m in homes if m.startswith(starts) and m not in claimed_before]


def _claimed(starts: tuple[str, ...], *, before: str, other: str) -> Iterator[str]:
    """Modules that an earlier page holds already: `whatif.change` isn't among the other `whatif.` modules."""
    pages = list(GROUPS)
    if pages.index(other) < pages.index(before):
        yield from (m for m in streamline._HOMES if m.startswith(starts))


def unplaced() -> set[str]:
    """Public names whose module is on no page; there must be none."""
    placed = {name for page in GROUPS for module in modules_of(page) for name in streamline._HOMES[module]}
    return set(streamline.__all__) - placed


def members_of(module: str) -> list[str]:
    """The public names of a module, and the classes of results that its functions return."""
    found = importlib.import_module(f"streamline.{module}")
    names = list(streamline._HOMES[module])
    for name in streamline._HOMES[module]:
        made = getattr(found, name)
        if inspect.isfunction(made):
            returned = str(made.__annotations__.get("return", ""))
            result = getattr(found, returned, None)
            if inspect.isclass(result) and result.__module__ == found.__name__ and returned not in names:
                names.append(returned)
    return names


def python_page(page: str) -> str:
    """One page of the Python reference, as Markdown with directives that pull the docstrings in."""
    title, about, _ = GROUPS[page]
    lines = [f"# {title}", "", about, "", "Every name here is a name of the package: `import streamline as sl`.", ""]
    for module in modules_of(page):
        lines += [f"## {module.rpartition('.')[2].replace('_', ' ')}", "", *_directive(module, "", members="false")]
        for name in members_of(module):
            lines += _directive(module, f".{name}", show_root_heading="true", show_root_toc_entry="true")
    return "\n".join(lines)


def _directive(module: str, name: str, **options: str) -> list[str]:
    said = [f"      {k}: {v}" for k, v in options.items()]
    return [f"::: streamline.{module}{name}", "    options:", *said, ""]


def commands_page() -> str:
    """The command line: each command with its arguments and options, as `--help` tells them."""
    import typer

    from streamline.cli import app

    group: Any = typer.main.get_command(app)
    lines = [
        "# Command line",
        "",
        str(group.help),
        "",
        "Data goes to stdout, progress and errors to stderr. Exit codes: see [Errors and exit codes](exit-codes.md).",
        "",
    ]
    for name, command in group.commands.items():
        usage = " ".join(["streamline", name, *(_usage(p) for p in command.params)])
        lines += [f"## streamline {name}", "", str(command.help or ""), "", "```text", usage.rstrip(), "```", ""]
        if command.params:
            lines += ["| argument or option | what it is | without it |", "|---|---|---|"]
            lines += [_parameter(p) for p in command.params]
            lines.append("")
    return "\n".join(lines)


def _usage(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return parameter.name.upper()
    name = max(parameter.opts, key=len)
    value = "" if parameter.is_flag else f" {parameter.name.upper()}"
    return f"{name}{value}" if parameter.required else f"[{name}{value}]"


def _parameter(parameter: Any) -> str:
    argument = parameter.param_type_name == "argument"
    names = parameter.name.upper() if argument else ", ".join(sorted(parameter.opts, key=len))
    if parameter.required:
        without = "must be given"
    elif argument or parameter.default is None or parameter.default is False or parameter.default == ():
        without = "off" if not argument and parameter.is_flag else "–"
    else:
        without = f"`{parameter.default}`"
    return f"| `{names}` | {str(parameter.help or '').replace('|', '/')} | {without} |"
