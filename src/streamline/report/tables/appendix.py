"""Tables of the appendix: inputs and data files."""

from __future__ import annotations

from collections.abc import Collection

from streamline.provenance import Provenance
from streamline.report.published import FILES
from streamline.report.section import Table
from streamline.report.tables.making import table_of


def digests(provenance: Provenance) -> Table:
    """The inputs and their digests."""
    rows = [
        [i.name, i.sha256 or "frame", "; ".join(f"{k}: {v}" for k, v in i.reading.items()) or "–"]
        for i in provenance.inputs
    ]
    return table_of(
        "inputs", "Files that the section was computed from", [("File", False), ("SHA-256", False), ("How it was read", False)],
        rows, file="provenance.json",
    )  # fmt: skip


def files(made: Collection[str]) -> Table:
    """The data files beside the section; `made` holds their paths."""
    rows = [[path, what] for path, what in FILES.items() if path in made]
    return table_of("files", "Data files beside this section", [("File", False), ("What it holds", False)], rows)
