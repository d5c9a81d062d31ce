"""YAML with places: what stands in a study file, and on which line each value stands.

Only the plain kinds are read (text, numbers, true and false, null, lists, mappings): dates and times of day stay text,
so nothing depends on quotation marks. A key written twice, an anchor and a tag are refused.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from streamline.errors import StudyError

Place = tuple[str | int, ...]

_INT = re.compile(r"^[-+]?(0|[1-9][0-9_]*)$")
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_NAMED = {"true": True, "True": True, "false": False, "False": False, "null": None, "Null": None, "~": None, "": None}
MAX_BYTES = 1 << 20
#: A longer run of digits is text; no number in a study needs as many.
MAX_DIGITS = 40


def read_yaml(path: Path) -> tuple[Any, dict[Place, int]]:
    """The content of the file, and the line (from 1) of each value by its path. Raises StudyError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise StudyError(path.name, ["it is larger than 1 MiB; this isn't a study file"])
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise StudyError(str(path), ["there is no such file"]) from error
    except UnicodeDecodeError as error:
        raise StudyError(path.name, [f"it isn't UTF-8 text (byte {error.start:,})"]) from error
    except OSError as error:
        raise StudyError(str(path), [f"it can't be opened: {error.strerror}"]) from error
    problems: list[str] = []
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            problems += _refused(event)
        root = None if problems else yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise StudyError(path.name, [f"{where}this isn't YAML: {problem}"]) from error
    except RecursionError as error:
        raise StudyError(path.name, ["it is nested too deeply; this isn't a study file"]) from error
    if problems:
        raise StudyError(path.name, problems)
    if root is None:
        raise StudyError(path.name, ["it is empty"])
    lines: dict[Place, int] = {}
    content = _value(root, (), lines, problems)
    if problems:
        raise StudyError(path.name, problems)
    if not isinstance(content, dict):
        raise StudyError(path.name, ["it must hold keys such as study, log and scenarios"])
    return content, lines


def _refused(event: yaml.Event) -> list[str]:
    """What of an event isn't read: anchors, aliases, tags."""
    line = event.start_mark.line + 1 if event.start_mark else 1
    found = []
    if getattr(event, "anchor", None) is not None:
        found.append(f"line {line}: anchors and aliases (& and *) are not read; write it out")
    tag = getattr(event, "tag", None)
    if tag is not None:
        found.append(f"line {line}: tags such as {tag} are not read")
    return found


def _value(node: yaml.Node, place: Place, lines: dict[Place, int], problems: list[str]) -> Any:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                problems.append(f"line {line}: a key must be text, not a list or a mapping")
                continue
            key = str(key_node.value)
            if key in result:
                problems.append(f"line {line}: {'.'.join(map(str, (*place, key)))} is written twice")
                continue
            lines[(*place, key)] = line
            result[key] = _value(value_node, (*place, key), lines, problems)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*place, i), lines, problems) for i, item in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)
    return _scalar(str(node.value)) if node.style is None else str(node.value)


def _scalar(text: str) -> Any:
    if text in _NAMED:
        return _NAMED[text]
    if len(text) > MAX_DIGITS:
        return text
    if _INT.match(text):
        return int(text.replace("_", ""))
    if _FLOAT.match(text):
        return float(text.replace("_", ""))
    return text
