"""data.json: the files of a section as data sets, in the catalog form that agencies publish (DCAT-US 1.1).

What the study doesn't say (whom to write to, codes of bureau and program) is left out rather than made up; a catalog needs
it, so the agency's own catalog adds it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from streamline.report.section import Section

SCHEMA = "https://project-open-data.cio.gov/v1.1/schema"
_TYPES = {
    "csv": ("text/csv", "CSV"), "json": ("application/json", "JSON"), "svg": ("image/svg+xml", "SVG"),
    "html": ("text/html", "HTML"), "md": ("text/markdown", "Markdown"), "pdf": ("application/pdf", "PDF"),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Word"),
}  # fmt: skip
#: What is a document for readers rather than data.
_DOCUMENTS = ("html", "md", "pdf", "docx")
_KEYWORDS = ("customer service", "cycle time", "waiting time", "streamlining")


def to_dcat(
    section: Section,
    files: Mapping[str, str],
    *,
    identifier: str,
    period: tuple[str, str],
    modified: date,
    contact: tuple[str, str] | None = None,
) -> str:
    """Write data.json.

    files : what each file of the folder is, by its path. identifier : of the section, the same whenever it is made from the
    same records. period : first and last day of the arrivals. modified : the day of the newest record: no clock enters.
    contact : name and e-mail address of whom to write to, if the study names them.
    """
    about = {
        "accessLevel": "public",
        "publisher": {"@type": "org:Organization", "name": section.agency},
        "modified": modified.isoformat(),
        "temporal": f"{period[0]}/{period[1]}",
        "language": ["en-US"],
        **({} if contact is None else {"contactPoint": _contact(*contact)}),
    }
    documents = [path for path in files if path.rpartition(".")[2] in _DOCUMENTS]
    sets: list[dict[str, Any]] = [
        {
            "@type": "dcat:Dataset",
            "identifier": identifier,
            "title": f"{section.title}: the section for readers",
            "description": f"{section.service}: where the time goes, what comes back, why customers call, and what is proposed. "
            f"{section.period}.",
            "keyword": list(_KEYWORDS),
            **about,
            "distribution": [_distribution(path, files[path]) for path in documents],
        }
    ]
    for path, what in files.items():
        if path not in documents:
            sets.append(
                {
                    "@type": "dcat:Dataset",
                    "identifier": f"{identifier}/{path}",
                    "title": f"{section.title}: {what}",
                    "description": f"{section.service}: {what}. {section.period}. Small groups are left out.",
                    "keyword": list(_KEYWORDS),
                    "isPartOf": identifier,
                    **about,
                    "distribution": [_distribution(path, what)],
                }
            )
    catalog = {
        "@context": f"{SCHEMA}/catalog.jsonld",
        "@type": "dcat:Catalog",
        "conformsTo": SCHEMA,
        "describedBy": f"{SCHEMA}/catalog.json",
        "dataset": sets,
    }
    return json.dumps(catalog, indent=1, ensure_ascii=False) + "\n"


def _contact(name: str, email: str) -> dict[str, str]:
    return {"@type": "vcard:Contact", "fn": name, "hasEmail": f"mailto:{email}"}


def _distribution(path: str, what: str) -> dict[str, str]:
    """One file; its address is relative to data.json, which stands beside it."""
    media, form = _TYPES.get(path.rpartition(".")[2], ("application/octet-stream", "file"))
    return {"@type": "dcat:Distribution", "title": what, "downloadURL": path, "mediaType": media, "format": form}
