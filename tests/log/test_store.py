"""A log on disk: the same log again, and a damaged store is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streamline.errors import FileFormatError, OutputError
from streamline.log.store import open_log, save_log

EVENTS = """case,activity,start,complete,resource,channel,office
A,In,2025-01-06T08:00:00Z,2025-01-06T09:00:00Z,ann,mail,north
A,Out,2025-01-06T10:00:00Z,2025-01-06T11:00:00Z,,mail,north
B,In,2025-01-06T09:00:00Z,,bob,web,south
B,In,2025-01-07T09:00:00Z,2025-01-06T09:00:00Z,bob,web,south
C,In,2025-01-06T09:00:00Z,2025-01-06T09:30:00Z,bob,web,south
"""


@pytest.fixture
def stored(read_text, tmp_path):
    log = read_text(EVENTS, attributes=["office"], external=["Out"], max_rejected=0.5)
    return log, save_log(log, tmp_path / "store")


def test_opened_it_is_the_same_log(stored):
    log, folder = stored
    again = open_log(folder)
    for name in ("case_offsets", "activity", "start", "complete", "row", "arrival"):
        assert (np.asarray(getattr(again, name)) == getattr(log, name)).all(), name
    assert again.case_ids.equals(log.case_ids)
    assert again.to_frame().equals(log.to_frame())
    assert again.attributes.equals(log.attributes)
    assert again.rejects == log.rejects
    assert (again.external, again.ends, again.source) == (("Out",), None, log.source)
    assert again.closed.tolist() == log.closed.tolist()
    assert repr(again) == repr(log)
    assert not again.complete.flags.writeable


@pytest.mark.parametrize("name", ["complete.npy", "activity.npy", "case_ids.parquet", "rejects.parquet"])
def test_a_damaged_store_is_refused(stored, name):
    _, folder = stored
    path: Path = folder / name
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    with pytest.raises(FileFormatError, match=rf"{name} has {len(data) - 1:,} bytes instead of {len(data):,}"):
        open_log(folder)
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(FileFormatError, match=rf"{name} was changed"):
        open_log(folder)
    path.unlink()
    with pytest.raises(FileFormatError, match=rf"lacks {name}"):
        open_log(folder)


def test_what_is_no_store_is_refused_and_never_replaced(stored, tmp_path):
    log, folder = stored
    with pytest.raises(FileFormatError, match="isn't a stored log"):
        open_log(tmp_path)
    (folder / "log.json").write_text('{"schema": "other"}', encoding="utf-8")
    with pytest.raises(FileFormatError, match="another version"):
        open_log(folder)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="isn't a stored log"):
        save_log(log, mine)
    assert [p.name for p in mine.iterdir()] == ["thesis.txt"]
