"""Different texts of several arrays, grouped by their bytes on all processors."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamline.log import coded
from streamline.log.coded import distinct_texts

TEXT = st.one_of(st.none(), st.text(max_size=4), st.sampled_from(["", "x" * 14, "x" * 15, "x" * 200, "é" * 8]))


@given(
    pieces=st.lists(st.lists(TEXT, max_size=12), min_size=1, max_size=4),
    kind=st.sampled_from([pa.string(), pa.large_string()]),
    n=st.sampled_from([1, 2, 3, 8]),
)
@settings(max_examples=200)
def test_distinct_texts_are_those_of_a_set(pieces: list[list[str | None]], kind: pa.DataType, n: int) -> None:
    whole = [text for piece in pieces for text in piece]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coded, "_FEW", 0)
        patch.setattr(coded, "n_processors", lambda: n)
        arrays = [pa.array([None, *piece, "z"], type=kind).slice(1, len(piece)) for piece in pieces]
        names, place = distinct_texts(arrays)
    known = names.to_pylist()
    assert len(known) == len(set(known)) == len(set(whole) - {None})
    assert [None if p < 0 else known[p] for p in place] == whole
