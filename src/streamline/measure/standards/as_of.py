"""The log as it stood at an earlier instant: what was known then, and nothing of what came after."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from streamline.log.event_log import EventLog, Labels
from streamline.units import MISSING_TIME


def as_of(log: EventLog, instant: int) -> EventLog:
    """The log of the cases that had arrived by `instant`, with the steps that were completed by then.

    Steps that had begun and weren't completed are unfinished. Attributes are those of the log: if they changed later, that
    isn't undone. Raises ValueError when nothing had arrived yet, and for an instant after the last that the log knows of.
    """
    if instant > log.observed_until:
        raise ValueError(
            f"{log.source} is known until {log.instants(np.array([log.observed_until]))[0]:%Y-%m-%d %H:%M} only; what was "
            "known later can't be told."
        )
    arrived = (log.arrival != MISSING_TIME) & (log.arrival <= instant)
    if not arrived.any():
        raise ValueError(f"{log.source}: no case had arrived by then.")
    then = log.select(arrived, because=f"as of {log.instants(np.array([instant]))[0]:%Y-%m-%d %H:%M}")
    done = then.complete <= instant
    begun = ~done & (then.start != MISSING_TIME) & (then.start <= instant)
    earlier = then.unfinished[then.unfinished["start"].to_numpy(dtype=np.int64) <= instant]
    since = pd.DataFrame(
        {
            "case": then.case_of_step[begun],
            "activity": np.asarray(then.activities, dtype=object)[then.activity[begun]],
            "start": then.start[begun],
            "row": then.row[begun],
        }
    )
    n_done = np.bincount(then.case_of_step[done], minlength=then.n_cases)
    return replace(
        then,
        case_offsets=np.concatenate([[0], np.cumsum(n_done)]).astype(np.int64),
        activity=then.activity[done],
        start=then.start[done],
        complete=then.complete[done],
        resource=_kept(then.resource, done),
        channel=_kept(then.channel, done),
        row=then.row[done],
        observed_until=instant,
        unfinished=pd.concat([part for part in (earlier, since) if len(part)] or [since]).sort_values(
            ["case", "start", "row"], ignore_index=True
        ),
    )


def _kept(labels: Labels | None, keep: np.typing.NDArray[np.bool_]) -> Labels | None:
    return None if labels is None else replace(labels, codes=labels.codes[keep])
