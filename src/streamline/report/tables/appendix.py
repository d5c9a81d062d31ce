"""Tables of the appendix: inputs and data files."""

from __future__ import annotations

from streamline.report.analysis import Analysis
from streamline.report.published import FILES, full_tables
from streamline.report.section import Table
from streamline.report.tables.making import table_of


def digests(a: Analysis) -> Table:
    """The inputs and their digests."""
    rows = [
        [i.name, i.sha256 or "frame", "; ".join(f"{k}: {v}" for k, v in i.reading.items())] for i in a.provenance.inputs
    ]
    return table_of(
        "inputs", "Files that the section was computed from", [("File", False), ("SHA-256", False), ("How it was read", False)],
        rows, file="provenance.json",
    )  # fmt: skip


def files(a: Analysis) -> Table:
    """The data files beside the section."""
    made = full_tables(a)
    rows = [[path, what] for path, what in FILES.items() if path in made]
    return table_of("files", "Data files beside this section", [("File", False), ("What it holds", False)], rows)
