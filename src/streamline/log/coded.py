"""Columns of texts as integer codes: the same value, the same code. Each different value is looked at once, not each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from streamline.errors import FileFormatError
from streamline.kernels.coding import codes_held, recoded
from streamline.kernels.sequences import first_likes, numbered_likes, sequence_keys
from streamline.log.time_column import is_text
from streamline.machine import in_threads, n_processors

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Fewer texts than these are coded by Arrow, on one processor.
_FEW = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A column as codes: row i holds `names[codes[i]]`, or nothing where the code is -1."""

    codes: Int32
    #: large_string array of the different texts, blanks around them dropped.
    names: Any
    #: For each row whether blanks stood around its text; None when they never did.
    padded: Bool | None

    @property
    def absent(self) -> Bool:
        """Rows that hold nothing."""
        if self.codes.min(initial=0) >= 0:
            return np.broadcast_to(np.False_, len(self.codes))
        return np.asarray(self.codes < 0, dtype=np.bool_)

    def at(self, rows: Int64 | slice) -> Coded:
        """The column at these rows only; names that no row holds stay."""
        return Coded(
            codes=self.codes[rows], names=self.names, padded=None if self.padded is None else self.padded[rows]
        )

    def in_order(self) -> tuple[tuple[str, ...], Int32]:
        """Names in alphabetical order, those that some row holds; and for each code its place among them, or -1."""
        held = codes_held(self.codes, len(self.names))
        names = self.names.filter(pa.array(held)).to_pylist()
        order = sorted(range(len(names)), key=names.__getitem__)
        among = np.empty(len(names), dtype=np.int32)
        among[np.asarray(order, dtype=np.int64)] = np.arange(len(names), dtype=np.int32)
        place = np.full(len(held), -1, dtype=np.int32)
        place[held] = among
        return tuple(str(names[i]) for i in order), place

    def sorted_by_name(self) -> tuple[tuple[str, ...], Int32]:
        """Names in alphabetical order, those that some row holds, and a code a row: the order of rows can't show."""
        names, place = self.in_order()
        return names, recoded(self.codes, place)


def coded(column: Any, missing: frozenset[str] = frozenset(), *, name: str = "", source: str = "") -> Coded:
    """Code a pyarrow Array or ChunkedArray of texts, numbers or dictionary-coded values.

    Whole-number floats lose their '.0'. Blanks around a text are dropped: "A1" and "A1 " are the same. Only the empty
    text and those in `missing` count as nothing: a case may be called "NA" or "null".
    Raises FileFormatError for bytes that aren't UTF-8; `name` and `source` are for its message.
    """
    values, codes = encoded(column)
    try:
        values.validate(full=True)
        text = _as_text(values)
        trimmed = pc.utf8_trim_whitespace(text)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        at = f"{source}: column {name!r}" if name else "The column"
        raise FileFormatError(f"{at} has values that aren't UTF-8 text ({error}). Export it again as UTF-8.") from error
    blank = pc.equal(trimmed, "")
    if missing:
        blank = pc.or_(blank, pc.is_in(trimmed, pa.array(sorted(missing), type=pa.large_string())))
    around = pc.fill_null(pc.not_equal(text, trimmed), fill_value=False)
    is_padded = bool(pc.any(around).as_py()) and is_text(values.type)
    if not is_padded and not text.null_count and not pc.any(blank).as_py() and not pa.types.is_floating(values.type):
        return Coded(codes=codes, names=trimmed, padded=None)  # each value is a name of its own
    padded = np.append(around.to_numpy(zero_copy_only=False), False)[codes] if is_padded else None
    merged = pc.if_else(blank, pa.scalar(None, pa.large_string()), trimmed).dictionary_encode()
    place = merged.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return Coded(codes=recoded(codes, place), names=merged.dictionary, padded=padded)


def encoded(column: Any) -> tuple[Any, Int32]:
    """The different values of a column, and the code of each row; -1 where it is null."""
    if not isinstance(column, pa.ChunkedArray):
        column = pa.chunked_array([column])
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    elif column.num_chunks > 1:
        column = column.unify_dictionaries()
    values = column.chunk(0).dictionary if column.num_chunks else pa.array([], column.type.value_type)
    pieces = []
    for chunk in column.chunks:
        indices = chunk.indices
        if indices.null_count:
            indices = indices.cast(pa.int64()).fill_null(-1)
        pieces.append(indices.to_numpy().astype(np.int32, copy=False))
    codes = pieces[0] if len(pieces) == 1 else np.concatenate([np.zeros(0, dtype=np.int32), *pieces])
    return values, codes


def distinct_texts(pieces: Sequence[Any]) -> tuple[Any, Int32]:
    """The different values of several Arrays of texts; and for each value the place of its like among them, -1 for null.

    Texts are grouped by their bytes, on all processors.
    """
    values = pa.concat_arrays(pieces)
    if values.null_count or not is_text(values.type) or len(values) < _FEW:
        common = values.dictionary_encode()
        return common.dictionary, common.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    kind = np.dtype(np.int64 if pa.types.is_large_string(values.type) else np.int32)
    _, ends, text = values.buffers()
    bounds = np.frombuffer(ends, kind)[values.offset : values.offset + len(values) + 1].astype(np.int64)
    begin, end, letters = bounds[:-1], bounds[1:], np.frombuffer(text, np.uint8)
    n_parts = 1 << (n_processors().bit_length() - 1)
    cuts = np.linspace(0, len(values), n_parts + 1).astype(np.int64)
    slices = [slice(a, b) for a, b in pairwise(cuts.tolist())]
    keys = np.concatenate(in_threads([partial(sequence_keys, begin[s], end[s], letters, 8) for s in slices]))
    first_like = np.empty(len(values), dtype=np.int64)
    in_threads([partial(first_likes, begin, end, letters, keys, p, n_parts, first_like) for p in range(n_parts)])
    place, firsts = numbered_likes(first_like)
    return values.take(pa.array(firsts)), place


def _as_text(values: Any) -> Any:
    """Values as large_string; whole-number floats without '.0'."""
    if pa.types.is_floating(values.type):
        numbers = values.to_numpy(zero_copy_only=False)
        finite = numbers[np.isfinite(numbers)]
        values = pc.if_else(pc.is_finite(values), values, None)  # NaN says that nothing stands there
        if (finite == np.floor(finite)).all() and (np.abs(finite) < 2**53).all():
            values = values.cast(pa.int64())
    return values.cast(pa.large_string())
