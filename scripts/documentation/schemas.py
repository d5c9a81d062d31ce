"""Pages of the reference about files: the study file, its kinds of change, and findings.json, each from its JSON Schema."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

from docstrings import ARGUMENT, comment_above

from streamline import ScenarioError, read_contacts, read_feedback, read_log
from streamline.report.to_json import findings_schema
from streamline.results import Finding
from streamline.study import json_schema
from streamline.study_parts import Part
from streamline.whatif import change

Schema = dict[str, Any]

#: Where the meaning of a part's fields is said: the function that takes them under the same names.
READERS: dict[str, Any] = {"LogPart": read_log, "ContactsPart": read_contacts, "FeedbackPart": read_feedback}


def study_page() -> str:
    """Every part of the study file: its fields, what may stand there, and what holds without them."""
    schema = json_schema()
    parts = schema["$defs"]
    changes = {name for name in parts if hasattr(change, name)}
    lines = [
        "# The study file",
        "",
        "One YAML file says which records there are, what their columns mean, what to measure and what to propose. It is",
        "checked as a whole: every problem is told at once, with its line. Unknown fields are refused. Relative paths are",
        "relative to the file.",
        "",
        "Editors complete the file when they know its [JSON Schema](study.schema.json) (`streamline schema` prints it).",
        "",
        "## The whole file",
        "",
        *_table(schema, "Study", parts),
    ]
    for key, value in schema["properties"].items():
        name = _named(value)
        if name:
            lines += _part(key, name, parts)
    nested = [n for n in parts if n not in changes and n not in {_named(v) for v in schema["properties"].values()}]
    for name in nested:
        lines += _part(_where(name, parts), name, parts)
    lines += ["## Kinds of change", "", "Each has a page of its own: [kinds of change](changes.md).", ""]
    return "\n".join(lines)


def changes_page() -> str:
    """Every kind of change with its effect and its fields."""
    parts = json_schema()["$defs"]
    lines = [
        "# Kinds of change",
        "",
        "A scenario is a list of changes. Each is written in YAML (`kind: …` and its fields) or in Python (a class of the same",
        "fields). `low` and `high` beside the main value make a triangular belief: each draw takes a value from it. `evidence`",
        "says where the belief comes from and stands in the section. What isn't in the log is refused, with the nearest name.",
        "",
    ]
    for name, part in parts.items():
        if not hasattr(change, name):
            continue
        main = getattr(change, name).main
        lines += [f"## {part['properties']['kind']['const']}", "", part["description"].replace("<", "&lt;"), ""]
        lines += [f"In Python: `sl.{name}`. " + (f"Main value: `{main}`." if main else "No main value."), ""]
        own = {k: v for k, v in part["properties"].items() if k not in ("kind", "evidence", "low", "high")}
        lines += _table({**part, "properties": own}, name, parts)
    return "\n".join(lines)


def changes_table() -> str:
    """The kinds of change at a glance, as docs/reference/index.md shows them; a test holds the page to it."""
    parts = json_schema()["$defs"]
    lines = ["| kind | needs | may have | effect |", "|---|---|---|---|"]
    for name, part in parts.items():
        if not hasattr(change, name):
            continue
        required = [k for k in part["properties"] if k in part.get("required", ())]
        own = [k for k in part["properties"] if k not in ("kind", "evidence", "low", "high", *required)]
        choice = _choice(name, required, own)
        needs = [f"`{k}`" for k in required] + ([choice] if choice else [])
        may = [f"`{k}`" for k in own if f"`{k}`" not in choice]
        effect = part["description"].split("\n\n")[0].partition(". ")[0].rstrip(".").replace("\n", " ")
        lines.append(
            f"| `{part['properties']['kind']['const']}` | {', '.join(needs)} | {', '.join(may)} | {_cell(effect)} |"
        )
    return "\n".join(lines) + "\n"


def _choice(name: str, required: list[str], own: list[str]) -> str:
    """What a change needs of several fields, as it says itself when none of them is given; empty where nothing."""
    try:
        getattr(change, name)(**dict.fromkeys(required, 0.5))
    except ScenarioError as error:
        said = str(error).partition(": ")[2]
        if said.startswith("needs "):
            return re.sub(rf"\b({'|'.join(own)})\b", r"`\1`", said.removeprefix("needs "))
    return ""


def findings_page(schema: Schema | None = None) -> str:
    """What stands in findings.json."""
    schema = schema or findings_schema()
    lines = [
        "# findings.json",
        "",
        "Every number of a section, by id. Ids are stable between runs, so that a document may refer to them. Its",
        "[JSON Schema](findings.schema.json) ships with the package (`streamline schema --findings`).",
        "",
        "## The document",
        "",
        *_table(schema, "", schema["$defs"]),
        "## A finding",
        "",
        *_table(schema["$defs"]["finding"], "ScenarioFinding", schema["$defs"]),
        "`change` is the to-be figure less the baseline, taken draw by draw: its interval isn't the difference of two",
        "intervals.",
        "",
        "## Ids",
        "",
        "| id | says |",
        "|---|---|",
        *(f"| `{k}` | {v} |" for k, v in IDS.items()),
        "",
    ]
    return "\n".join(lines)


#: Families of ids, as a reader looks for them; tests/test_docs.py holds the sample's findings against them.
IDS = {
    "baseline.*": "how many cases, how long they take, how much of it is service and waiting, contacts per case",
    "standard.*, endings.*": "whether the standard is kept, and how cases end",
    "bottleneck.<rank>.*": "where the time goes, the largest first; `subject` names the activity waited for",
    "waiting.<cause>.*": "why cases wait: external, batching, unavailability, contention, prioritisation, extraneous",
    "staff.*": "who is there when, and how busy",
    "rework.*, rework.loop.<rank>.*": "what comes back; `subject` names the loop",
    "slow.*": "what goes together with long cycle times",
    "contacts.*, contacts.state.<state>.*": "contacts per case, per open day, and about what",
    "feedback.*": "survey scores and who answered",
    "scenario.<slug>.<measure>": "what a scenario would make of a measure: `value`, `baseline`, `change`",
    "scenario.<slug>.at_<percent>.<measure>": "the same at part of its strength",
    "sensitivity.*, value.*, package.*": "what an estimate hangs on, what it is worth, and scenarios together",
    "validation.*": "how well the replay and the rates tell a period that they have not seen",
    "quality.*": "what was met in the records",
    "summary.*": "the sentences at the head of the section, each of another finding",
    "compared.differing, compared.<group>.*": "groups of cases, such as offices, with what else is known of the cases alike",
    "track.<measure>.*": "`streamline track`: what was seen after a change, against what the weeks before foretell",
    "services.*": "`streamline batch`: days that each service's proposals save a year",
}


def _part(key: str, name: str, parts: Schema) -> list[str]:
    part = parts[name]
    said = part.get("description", "")
    return [f"## {key}", "", said, "", *_table(part, name, parts)]


def _table(part: Schema, name: str, parts: Schema) -> list[str]:
    required = set(part.get("required", ()))
    said = _meanings(name)
    rows = []
    for key, value in part["properties"].items():
        without = "must be given" if key in required else _default(value)
        rows.append(f"| `{key}` | {_kind(value, parts)} | {without} | {_cell(said.get(key, ''))} |")
    if not any(said.get(key) for key in part["properties"]):
        return [
            "| field | what may stand there | without it |",
            "|---|---|---|",
            *(r.removesuffix("  |") for r in rows),
            "",
        ]
    return ["| field | what may stand there | without it | meaning |", "|---|---|---|---|", *rows, ""]


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("<", "&lt;")


def _meanings(name: str) -> dict[str, str]:
    """What each field of a part means: the comment above it, else what the reader's docstring says of it."""
    said: dict[str, str] = {}
    if name in READERS:
        text = inspect.getdoc(READERS[name]) or ""
        hits = list(ARGUMENT.finditer(text))
        for hit, following in zip(hits, [*hits[1:], None], strict=True):
            words = text[hit.end() : following.start() if following else None].split("\n\n")[0]
            first, *others = hit.group(1).split(", ")
            said[first] = " ".join(words.split())
            said.update(dict.fromkeys(others, f"see `{first}`"))
    if name == "Study":
        said = {
            k: json_schema()["$defs"].get(_named(v), {}).get("description", "")
            for k, v in json_schema()["properties"].items()
        }
        said["pools"] = "People by patterns of their names; without it pools are found from who does what."
        said["scenarios"] = "What is proposed; each scenario is a named set of changes."
    for cls in _class(name):
        for key, text in _comments(cls).items():
            said[key.rstrip("_")] = text
    return said


def _class(name: str) -> list[type]:
    return [c for c in (*_subclasses(Part), *_subclasses(change.Change), *_subclasses(Finding)) if c.__name__ == name][
        :1
    ]


def _subclasses(cls: type) -> list[type]:
    return [cls, *(d for c in cls.__subclasses__() for d in _subclasses(c))]


def _comments(cls: type) -> dict[str, str]:
    """Field -> the `#:` comment above it, the parents' first."""
    said: dict[str, str] = {}
    for owner in reversed(cls.__mro__):
        if not owner.__module__.startswith("streamline."):
            continue
        path = Path(str(sys.modules[owner.__module__].__file__))
        source, first = inspect.getsourcelines(owner)
        for k, line in enumerate(source):
            field, colon, _ = line.strip().partition(":")
            if colon and field.isidentifier() and (text := comment_above(path, first + k)):
                said[field] = text
    return said


def _named(value: Schema) -> str:
    """The part that a property refers to; empty for plain values."""
    for option in (value, *value.get("anyOf", ())):
        if "$ref" in option:
            return str(option["$ref"]).rpartition("/")[2]
        if "$ref" in option.get("items", {}):
            return str(option["items"]["$ref"]).rpartition("/")[2]
    return ""


def _where(name: str, parts: Schema) -> str:
    """The field in which a nested part stands."""
    for part in parts.values():
        for key, value in part.get("properties", {}).items():
            if _named(value) == name:
                return str(key)
    return name


def _kind(value: Schema, parts: Schema) -> str:
    options = [o for o in value.get("anyOf", value.get("oneOf", [value])) if o.get("type") != "null"]
    return " or ".join(dict.fromkeys(_one(o, parts) for o in options)) or "anything"


def _one(value: Schema, parts: Schema) -> str:
    if "$ref" in value:
        name = str(value["$ref"]).rpartition("/")[2]
        return "a number or nothing" if name == "number" else ("a finding" if name == "finding" else "see below")
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return "one of " + ", ".join(f"`{v}`" for v in value["enum"])
    kind = value.get("type", "")
    if isinstance(kind, list):
        return " or ".join(_WORDS.get(k, k) for k in kind)
    if kind == "array":
        item = value.get("items", {})
        return "a list" + (
            f" of {_plural(_kind(item, parts))}" if item and _named(value) == "" and "type" in item else ""
        )
    if kind == "object" and "additionalProperties" in value and isinstance(value["additionalProperties"], dict):
        return f"names, each with {_kind(value['additionalProperties'], parts)}"
    return _WORDS.get(kind, kind) + _bounds(value)


_WORDS = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "`true` or `false`",
    "object": "fields",
    "null": "nothing",
}


def _plural(words: str) -> str:
    return {"a text": "texts", "a number": "numbers", "a whole number": "whole numbers", "fields": "entries"}.get(
        words, words
    )


def _bounds(value: Schema) -> str:
    said = [
        f"{word} {value[key]:g}"
        for key, word in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
        )
        if key in value
    ]
    if value.get("format") == "date":
        said.append("a day, such as 2025-03-01")
    return f" ({', '.join(said)})" if said else ""


def _default(value: Schema) -> str:
    default = value.get("default")
    if default is None or default in ([], {}, ""):
        return "–"
    if isinstance(default, dict):
        return ", ".join(f"`{k}: {v}`" for k, v in default.items() if v is not None) or "–"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
