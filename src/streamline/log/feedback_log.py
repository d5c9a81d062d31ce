"""Survey scores about cases."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from streamline.errors import FileFormatError
from streamline.log.build import objects, texts
from streamline.log.event_log import EventLog, Notes
from streamline.log.raw import RawRecords, Reject, shortened


@dataclass(frozen=True, kw_only=True, eq=False)
class FeedbackLog:
    """Scores in the order of the source; made by `read_feedback`, never changed."""

    source: str
    #: pyarrow large_string array, one id an answer.
    case_ids: Any
    score: npt.NDArray[np.float64]
    #: Worst and best score.
    scale: tuple[float, float]
    rejects: tuple[Reject, ...] = field(repr=False)
    notes: Notes = field(repr=False)

    def __post_init__(self) -> None:
        self.score.flags.writeable = False

    def __len__(self) -> int:
        return len(self.score)

    def __repr__(self) -> str:
        low, high = self.scale
        return f"<FeedbackLog {self.source}: {len(self):,} scores from {low:g} to {high:g}, {len(self.rejects):,} rows set aside>"

    def case_numbers(self, log: EventLog) -> npt.NDArray[np.int64]:
        """For each answer the number of its case in `log`, -1 where the log has none such."""
        import pyarrow.compute as pc

        place = pc.index_in(self.case_ids, value_set=log.case_ids).fill_null(-1)
        return np.asarray(place.to_numpy(zero_copy_only=False), dtype=np.int64)


def build_feedback(
    raw: RawRecords, *, case: str, score: str, scale: tuple[float, float], missing: frozenset[str]
) -> FeedbackLog:
    """Scores as numbers; an answer without a case, or whose score isn't a number on the scale, is rejected."""
    ids = texts(raw.columns[case], missing)
    words = objects(texts(raw.columns[score], missing))
    values = np.full(len(words), np.nan)
    rejects = list(raw.rejects)
    low, high = sorted(scale)
    named = ~np.asarray(ids.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
    for i, word in enumerate(words):
        with suppress(ValueError):  # what isn't a number stays NaN and is rejected below, with its text
            values[i] = float(word) if word is not None else np.nan
        inside = low <= values[i] <= high
        if named[i] and inside:
            continue
        reason = "no case id" if not named[i] else f"no number from {low:g} to {high:g}"
        rejects.append(
            Reject(file=raw.source, row=int(raw.row[i]), column=score if named[i] else case,
                   value=shortened(word or ""), reason=reason)
        )  # fmt: skip
        values[i] = np.nan
    kept = np.isfinite(values)
    if not kept.any():
        raise FileFormatError(f"{raw.source} has {raw.n_rows:,} rows and not one score that can be used.")
    import pyarrow as pa

    return FeedbackLog(
        source=raw.source,
        case_ids=ids.filter(pa.array(kept)),
        score=values[kept],
        scale=scale,
        rejects=tuple(sorted(rejects, key=lambda r: (r.row, r.column))),
        notes=Notes(n_rows=raw.n_rows, reading=dict(raw.reading), sha256=raw.sha256),
    )
