"""The structure of a tagged PDF: what screen readers hear. Adds to the compiler's own tags what it can't say.

In our tables the first cell of each row heads the row (see `section.Table`). The compiler tags it as a cell of data;
here it becomes a header cell (TH) whose scope is its row, and each cell in the head of a table says that it heads a column.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any


def with_row_headers(file: bytes) -> bytes:
    """The file with the first cell of each table row tagged as the header of its row.

    file : a tagged PDF. Returns the same document, with ids that depend on its content only.
    Raises ValueError for a file without a structure tree: nothing could be heard in it.
    """
    import pikepdf

    with pikepdf.open(io.BytesIO(file)) as pdf:
        if "/StructTreeRoot" not in pdf.Root:
            raise ValueError("the PDF has no structure tree, so its tables can't be given headers")
        for element in elements(pdf.Root.StructTreeRoot):
            if element.S == "/TR":
                cells = [child for child in children(element) if child.get("/S") in ("/TH", "/TD")]
                if cells and cells[0].S == "/TD" and len(cells) > 1:
                    cells[0].S = pikepdf.Name.TH
                    cells[0].A = pikepdf.Dictionary(O=pikepdf.Name.Table, Scope=pikepdf.Name.Row)
        out = io.BytesIO()
        pdf.save(
            out, deterministic_id=True, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.generate
        )
    return out.getvalue()


def elements(node: Any) -> Iterator[Any]:
    """All elements under a node of the structure tree, in reading order."""
    for child in children(node):
        yield child
        yield from elements(child)


def children(node: Any) -> list[Any]:
    """The elements right under a node; content and references to annotations are none."""
    import pikepdf

    kids = node.get("/K", [])
    listed = list(kids) if isinstance(kids, pikepdf.Array) else [kids]
    return [kid for kid in listed if isinstance(kid, pikepdf.Dictionary) and "/S" in kid]
