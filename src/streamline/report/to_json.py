"""findings.json: the findings for other programs; its JSON Schema ships beside this file."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from streamline.findings import SCHEMA
from streamline.provenance import Provenance
from streamline.results import Finding


def findings_document(
    findings: tuple[Finding, ...],
    provenance: Provenance,
    *,
    title: str,
    period: tuple[str, str],
    cases: int,
    open_cases: int | None,
) -> dict[str, Any]:
    """The document as in the design, section 3.3."""
    return {
        "schema": SCHEMA,
        "study": {"title": title, "period": list(period), "cases": cases, "open_cases": open_cases},
        "provenance": provenance.to_dict(),
        "findings": [f.to_dict() for f in findings],
    }


def to_json(document: dict[str, Any]) -> str:
    """The document as text; NaN has no place in it."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def findings_schema() -> dict[str, Any]:
    """The JSON Schema of findings.json."""
    text = resources.files("streamline.report").joinpath("findings.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
