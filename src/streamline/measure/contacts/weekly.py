"""Open life week by week: what each case awaited in each week, for how long, and how often its customer got in touch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.kernels.exposure import stretches
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.contacts.lives import lives_of
from streamline.units import DAY

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeeklyLife:
    """Rows of one case, week, state, waiting band and overdue flag each, by case; arrays of one entry a row."""

    case: Int64
    #: Number of the week, from 0.
    week: Int64
    state: Int64
    band: Int64
    overdue: Int64
    days: Float
    #: By weight.
    contacts: Float
    #: The names of the states.
    names: tuple[str, ...]

    def kept(self, rows: Bool) -> WeeklyLife:
        """Some of the rows."""
        return WeeklyLife(
            case=self.case[rows],
            week=self.week[rows],
            state=self.state[rows],
            band=self.band[rows],
            overdue=self.overdue[rows],
            days=self.days[rows],
            contacts=self.contacts[rows],
            names=self.names,
        )


def weekly_life(
    links: LinkedContacts, edges: Int64, *, bands: tuple[float, ...], standard: int | None, first: int
) -> WeeklyLife:
    """Cut the open lives at the edges between weeks; week 0 runs from `edges[0]` to `edges[1]`.

    bands, standard : as in `OpenLife`, days and microseconds. first : time before it isn't counted, though it is in week 0.
    Time before the first edge and after the last isn't counted, nor are contacts there. Rows grow with the weeks that cases are
    open.
    """
    log = links.log
    lives = lives_of(log, closed_days=links.closed_days, standard=standard)
    n_classes = len(edges) + 1
    case, key, time, contacts, _ = stretches(
        lives.offsets, lives.state, lives.since, lives.until, lives.tail_state, lives.last, lives.tail, lives.due,
        links.offsets, links.time, links.weight, np.array([round(b * DAY) for b in bands], dtype=np.int64),
        DAY, edges, np.arange(n_classes, dtype=np.int32), n_classes, max(first, int(edges[0])), int(edges[-1]),
    )  # fmt: skip
    week = key % n_classes - 1
    rest = key // n_classes // 2  # whether a contact is recent doesn't matter here
    inside = (week >= 0) & (week < len(edges) - 1)
    rest = rest[inside]
    return WeeklyLife(
        case=case[inside],
        week=week[inside],
        state=rest // 2 // (len(bands) + 1),
        band=rest // 2 % (len(bands) + 1),
        overdue=rest % 2,
        days=time[inside] / DAY,
        contacts=contacts[inside],
        names=lives.names,
    )
