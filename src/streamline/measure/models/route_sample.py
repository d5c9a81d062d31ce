"""The routes of closed cases, all of them or those of cases drawn at random, so that each route is looked at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streamline.errors import InsufficientDataError
from streamline.log.event_log import EventLog
from streamline.measure.summaries.routes import Routes, routes_of

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RouteSample:
    """Closed cases in random order as far as their routes are among the first so many; each route once.

    The drawing stops before the case that would bring one route too many, so that the cases are a random sample of the
    closed ones but for that one case, the only bias towards frequent routes; with all routes they are all closed cases.
    """

    routes: Routes
    n_closed: int
    n_routes: int
    #: Numbers of the cases, in the order in which they were drawn.
    drawn: Int64
    #: Their different routes in the order in which they first come, and the place among the cases at which each does.
    asked: Int64
    first: Int64

    def shortened(self, n_routes: int) -> RouteSample:
        """The cases that were drawn before any route after the first `n_routes`."""
        if n_routes >= len(self.asked):
            return self
        return RouteSample(
            routes=self.routes,
            n_closed=self.n_closed,
            n_routes=self.n_routes,
            drawn=self.drawn[: self.first[n_routes]],
            asked=self.asked[:n_routes],
            first=self.first[:n_routes],
        )

    def place(self) -> Int64:
        """For each route of the log its place among those asked; -1 for the others."""
        place = np.full(len(self.routes.n_cases), -1, dtype=np.int64)
        place[self.asked] = np.arange(len(self.asked))
        return place

    def sequence(self, route: int, inside: Bool) -> npt.NDArray[np.int32]:
        """The activities of a route, of those inside only."""
        codes = self.routes.activity[self.routes.offsets[route] : self.routes.offsets[route + 1]]
        return codes[inside[codes]]


def route_sample(log: EventLog, *, max_routes: int, seed: int) -> RouteSample:
    """Draw closed cases until they have more than `max_routes` different routes; all of them where they never do.

    Raises InsufficientDataError when no case is closed.
    """
    closed = np.flatnonzero(log.closed)
    if len(closed) == 0:
        raise InsufficientDataError(
            f"{log.source}: none of {log.n_cases:,} cases is closed; what an open case still lacks isn't missing yet."
        )
    routes = routes_of(log)
    drawn = np.random.Generator(np.random.PCG64(seed)).permutation(closed)
    values, first = np.unique(routes.of_case[drawn], return_index=True)
    order = np.argsort(first)
    whole = RouteSample(
        routes=routes,
        n_closed=len(closed),
        n_routes=len(values),
        drawn=drawn,
        asked=values[order].astype(np.int64),
        first=first[order].astype(np.int64),
    )
    return whole.shortened(max_routes)
