"""CSV and TSV: delimiter, encoding and heading found and said; rows that don't fit are set aside, with their number."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from streamline.errors import FileFormatError
from streamline.log.files import LONGEST_LINE, TextCheck, check_text, is_gzip, open_unpacked, text_blocks
from streamline.log.raw import RawRecords, Reject, shortened
from streamline.units import counted

DELIMITERS = (",", ";", "\t", "|")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_STRAY_QUOTE = 'A quotation mark is probably opened and never closed; check the file for a stray ".'
#: The value of a row that we put after the last one: a quotation mark that is never closed swallows it.
_LAST = "\x1elast"


def read_delimited_records(
    path: Path,
    *,
    wanted: Collection[str] | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> RawRecords:
    """Read the wanted columns of a CSV or TSV file (also .gz) as text, exactly as written.

    wanted : names of columns; all when None. Names that the file doesn't have are left to the caller.
    delimiter : one character; found among comma, semicolon, tab and vertical bar when None.
    encoding : found when None (see `check_text`).
    Raises FileFormatError: empty, no rows, cut short, not text, lines too long, bytes that aren't the encoding.
    """
    check, found, heading, keep = _heading(path, wanted=wanted, delimiter=delimiter, encoding=encoding)
    table, rejects = _parse(path, check.encoding, found, heading, [heading.index(n) for n in keep] or [0])
    n_read = table.num_rows
    if n_read + len(rejects) == 0:
        raise FileFormatError(f"{path.name} has a heading ({shortened(', '.join(heading))}) but no rows.")
    row = _row_numbers(n_read, [r.row for r in rejects])
    columns: dict[str, Any] = dict(zip(keep, table.columns, strict=False))
    blank = _blank(columns, n_read)
    if blank.any() and len(keep) < len(heading):  # the columns that were not asked for may hold something
        whole, _ = _parse(path, check.encoding, found, heading, list(range(len(heading))))
        blank = _blank(dict(enumerate(whole.columns)), n_read)
    one_byte = not check.encoding.startswith(("utf-16", "utf-32"))
    inside = check.n_lines - 1 - n_read - len(rejects) if one_byte else 0
    if blank.any():
        columns = {name: column.filter(pa.array(~blank)) for name, column in columns.items()}
        row = row[~blank]
    return RawRecords(
        source=path.name,
        columns=columns,
        row=row,
        available=tuple(heading),
        rejects=tuple(rejects),
        reading={
            "format": "delimited text",
            "delimiter": _NAMES.get(found, repr(found)) + ("" if delimiter else " (found)"),
            "encoding": f"{check.encoding} ({check.encoding_found})",
            "compression": "gzip" if is_gzip(path) else "none",
            **({"blank lines": f"{int(blank.sum()):,}"} if blank.any() else {}),
            **({"line breaks inside values": f"{inside:,}"} if inside > 0 else {}),
        },
        sha256=check.sha256,
    )


def _heading(
    path: Path, *, wanted: Collection[str] | None, delimiter: str | None, encoding: str | None
) -> tuple[TextCheck, str, list[str], list[str]]:
    """The check of the text, the delimiter, the names of all columns, and of those that are wanted."""
    check = check_text(path, encoding=encoding)
    head = _first_lines(path, check.encoding)
    if not head:
        raise FileFormatError(f"{path.name} is empty once unpacked: the export probably failed; make it again.")
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0'):
        raise FileFormatError(
            f"The delimiter must be one ASCII character, and no quotation mark or line break; {delimiter!r} isn't."
        )
    found = delimiter or _delimiter_of(head, wanted)
    try:
        heading = [name.strip() for name in next(csv.reader(io.StringIO(head), delimiter=found), [])]
    except csv.Error as error:
        raise FileFormatError(f"{path.name}: its heading can't be read ({error}). {_STRAY_QUOTE}") from error
    if not any(heading):
        raise FileFormatError(f"{path.name}: its first line is empty; it must hold the names of the columns.")
    keep = [n for n in dict.fromkeys(heading) if n and (wanted is None or n in wanted)]
    repeated = [n for n in keep if heading.count(n) > 1]
    if repeated and wanted is not None:
        raise FileFormatError(
            f"{path.name} has {heading.count(repeated[0])} columns named {repeated[0]!r}; rename one."
        )
    return check, found, heading, [n for n in keep if n not in repeated]


@dataclass(frozen=True, slots=True, kw_only=True)
class DelimitedBatches:
    """A file that is read piece by piece."""

    schema: Any
    #: Arrow record batches of texts, blank lines left out.
    batches: Iterator[Any]
    #: Rows set aside; complete once all batches were read.
    rejects: list[Reject]
    #: Every column that the file has.
    available: tuple[str, ...]
    #: About how many rows there are.
    n_rows: int


def delimited_batches(
    path: Path,
    *,
    wanted: Collection[str],
    row_name: str,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> DelimitedBatches:
    """The wanted columns of a CSV or TSV file piece by piece, for files that don't fit into memory.

    row_name : the name of the column that holds the row of the file.
    Raises what `read_delimited_records` raises, some of it only while the batches are read.
    """
    check, found, heading, keep = _heading(path, wanted=wanted, delimiter=delimiter, encoding=encoding)
    rows = _open(path, check.encoding, found, heading, range(len(heading)))
    schema = pa.schema([*((name, pa.large_string()) for name in keep), (row_name, pa.int64())])

    def batches() -> Iterator[Any]:
        n_read, held = 0, None
        try:
            for batch in rows.reader:
                if held is not None:
                    yield _numbered(held, n_read - held.num_rows, rows.rejects, heading, keep, schema)
                held, n_read = batch, n_read + batch.num_rows
        except pa.ArrowInvalid as error:
            raise FileFormatError(f"{path.name} can't be read as delimited text: {_advice(str(error))}") from error
        last = pa.Table.from_batches([] if held is None else [held], rows.reader.schema)
        _must_be_whole(path, last, n_read, rows)
        if held is not None:
            yield _numbered(
                held.slice(0, held.num_rows - 1), n_read - held.num_rows, rows.rejects, heading, keep, schema
            )

    return DelimitedBatches(
        schema=schema,
        batches=batches(),
        rejects=rows.rejects,
        available=tuple(heading),
        n_rows=max(check.n_lines - 1, 1),
    )


def _numbered(
    batch: Any, before: int, rejects: Sequence[Reject], heading: Sequence[str], keep: Sequence[str], schema: Any
) -> Any:
    """A batch with the row of the file of each of its rows, of which `before` were read earlier; without blank lines."""
    row = _row_numbers(batch.num_rows, [r.row for r in rejects], first=before)
    blank = _blank(dict(enumerate(batch.columns)), batch.num_rows)
    columns = [batch.column(heading.index(name)) for name in keep]
    whole = pa.RecordBatch.from_arrays([*columns, pa.array(row)], schema=schema)
    return whole.filter(pa.array(~blank)) if blank.any() else whole


def _first_lines(path: Path, encoding: str) -> str:
    with open_unpacked(path) as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, errors="replace")
        return "".join(line[:100_000] for line in islice(text, 60))


def _delimiter_of(head: str, wanted: Collection[str] | None) -> str:
    """The delimiter under which the wanted names stand in the heading; else under which most rows agree in width."""

    def rank(delimiter: str) -> tuple[int, float, int]:
        try:
            rows = [r for r in csv.reader(io.StringIO(head), delimiter=delimiter) if r]
        except csv.Error:
            return (0, 0.0, 0)
        names = {n.strip() for n in rows[0]} if rows else set()
        width = len(rows[0]) if rows else 0
        same = sum(len(r) == width for r in rows) / len(rows) if rows and width > 1 else 0.0
        return (len(names & set(wanted or ())), same, width)

    return max(DELIMITERS, key=rank)


@dataclass(slots=True)
class _Rows:
    """The rows of a file as they are read, and those of another width, which are set aside."""

    reader: Any
    rejects: list[Reject]
    last_text: list[str]


def _open(path: Path, encoding: str, delimiter: str, heading: Sequence[str], places: Sequence[int]) -> _Rows:
    """Open the columns at these places of the heading, as text. The last row is one that we put there."""
    rejects: list[Reject] = []
    last_text = [""]
    width = len(heading)

    def set_aside(row: Any) -> str:
        reason = f"{counted(row.actual_columns, 'value')} where the heading has {width}"
        if n_breaks := row.text.count("\n"):
            reason += f", over {n_breaks + 1:,} lines: a stray quotation mark"
        number = int(row.number) if row.number is not None else 0
        rejects.append(Reject(file=path.name, row=number, column="", value=shortened(row.text), reason=reason))
        last_text[0] = row.text
        return "skip"

    # Our own names stand in for the heading, so that names with blanks or twice the same can't trip the reader.
    inner = [f"c{i}" for i in range(width)]
    source = pa.PythonFile(_Blocks(path, encoding, last_row=delimiter.join([_LAST] * width)), mode="r")
    reader = pacsv.open_csv(
        source,
        read_options=pacsv.ReadOptions(
            use_threads=False, block_size=LONGEST_LINE, column_names=inner, skip_rows_after_names=1
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=set_aside,
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(inner, pa.large_string()),
            include_columns=[inner[i] for i in places],
            strings_can_be_null=False,
        ),
    )
    return _Rows(reader=reader, rejects=rejects, last_text=last_text)


def _parse(
    path: Path, encoding: str, delimiter: str, heading: Sequence[str], places: Sequence[int]
) -> tuple[Any, list[Reject]]:
    """The columns at these places of the heading, as text, and the rows of another width."""
    try:
        rows = _open(path, encoding, delimiter, heading, places)
        table = rows.reader.read_all()
    except pa.ArrowInvalid as error:
        raise FileFormatError(f"{path.name} can't be read as delimited text: {_advice(str(error))}") from error
    _must_be_whole(path, table, table.num_rows, rows)
    return table.slice(0, table.num_rows - 1), rows.rejects


def _must_be_whole(path: Path, table: Any, n_read: int, rows: _Rows) -> None:
    """Refuse a file whose last row isn't ours: a quotation mark swallowed it."""
    if table.num_rows > 0 and table.column(0)[-1].as_py() == _LAST:
        return
    swallowed = rows.rejects[-1].row if rows.rejects and _LAST in rows.last_text[0] else n_read + len(rows.rejects) + 1
    raise FileFormatError(f"{path.name}, row {swallowed:,}: it reaches to the end of the file. {_STRAY_QUOTE}")


class _Blocks(io.RawIOBase):
    """The text of a file as UTF-8, with one more row after its last."""

    def __init__(self, path: Path, encoding: str, *, last_row: str) -> None:
        self._blocks, self._last_row = text_blocks(path, encoding), last_row.encode()
        self._rest, self._end, self._done = b"", b"", False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """`size` bytes, and fewer only at the end: the reader takes each answer for a block of whole rows."""
        while not self._done and (size < 0 or len(self._rest) < size):
            block = next(self._blocks, None)
            if block is None:
                self._done = True
                block = (b"" if self._end in (b"\n", b"\r") else b"\n") + self._last_row
            self._rest, self._end = self._rest + block, block[-1:] or self._end
        taken = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(taken) :]
        return taken


def _advice(message: str) -> str:
    if "straddling" in message:
        return f"a row is longer than {LONGEST_LINE >> 20} MiB. {_STRAY_QUOTE}"
    return message.removeprefix("CSV parse error: ").rstrip(".") + "."


def _row_numbers(n: int, set_aside: Sequence[int], *, first: int = 0) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Row of the file of each of n rows that were read, from the place `first` on: the heading is row 1, rows set aside
    keep their number."""
    place = np.arange(first, first + n, dtype=np.int64)
    read_before = np.asarray(set_aside, dtype=np.int64) - np.arange(len(set_aside)) - 2
    return place + 2 + np.searchsorted(read_before, place, side="right")


def _blank(columns: Mapping[Any, Any], n: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Rows whose every kept value is empty: blank lines, as at the end of many exports."""
    blank = np.ones(n, dtype=np.bool_)
    for column in columns.values():
        if not blank.any():
            break
        blank &= np.asarray(pc.equal(column, "").to_numpy(zero_copy_only=False), dtype=np.bool_)
    return blank
