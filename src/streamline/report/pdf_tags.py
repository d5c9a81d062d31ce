"""The structure of a tagged PDF: what screen readers hear. Adds to the compiler's own tags what it can't say.

In our tables the first cell of each row heads the row (see `section.Table`). The compiler tags it as a cell of data,
and writes into each cell which header cells it belongs to, the column's alone. Here the first cell becomes a header cell
(TH) whose scope is its row, and the other cells of the row name it beside their column.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any


def with_row_headers(file: bytes) -> bytes:
    """The file with the first cell of each table row tagged as the header of its row.

    file : a tagged PDF. Returns the same document; its ids depend on its content only.
    Raises ValueError for a file without a structure tree: nothing could be heard in it.
    """
    import pikepdf

    with pikepdf.open(io.BytesIO(file)) as pdf:
        if "/StructTreeRoot" not in pdf.Root:
            raise ValueError("the PDF has no structure tree, so its tables can't be given headers")
        tree = pdf.Root.StructTreeRoot
        rows = [element for element in elements(tree) if element.S == "/TR"]
        for i, row in enumerate(rows):
            _head(row, name=f"row{i:06}")
        named = {bytes(element.ID): element for element in elements(tree) if "/ID" in element}
        names = [part for name, element in sorted(named.items()) for part in (pikepdf.String(name), element)]
        if names:
            tree.IDTree = pdf.make_indirect(pikepdf.Dictionary(Names=pikepdf.Array(names)))
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


def _head(row: Any, *, name: str) -> None:
    """Make the first cell of a row its header, unless the row is a table's head or has no other cell."""
    import pikepdf

    first, *others = [cell for cell in children(row) if cell.S in ("/TH", "/TD")] or [None]
    if first is None or first.S != "/TD" or not others:
        return
    first.S = pikepdf.Name.TH
    first.ID = pikepdf.String(name)
    _table_attributes(first).Scope = pikepdf.Name.Row
    for cell in others:
        attributes = _table_attributes(cell)
        attributes.Headers = pikepdf.Array([*attributes.get("/Headers", []), pikepdf.String(name)])


def _table_attributes(cell: Any) -> Any:
    """The attributes of a cell that tables own, added where there are none."""
    import pikepdf

    given = cell.get("/A", pikepdf.Array())
    if not isinstance(given, pikepdf.Array):
        given = pikepdf.Array([given])
    cell.A = given
    for attributes in cell.A:
        if attributes.get("/O") == "/Table":
            return attributes
    cell.A.append(pikepdf.Dictionary(O=pikepdf.Name.Table))
    return cell.A[-1]
