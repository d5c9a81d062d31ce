"""What the explorer of a log answers, without any widget: maps for its sliders, the cases behind an arrow, moves, estimates.

The widget (`notebook.widget`) passes questions of the browser to this and its answers back; tests ask it directly.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from streamline.errors import InsufficientDataError, StreamlineError
from streamline.figure import FlowMap
from streamline.log.event_log import EventLog
from streamline.measure.flow import ProcessMap, process_map
from streamline.notebook.map_drawing import drawn_map
from streamline.notebook.moves import Moves
from streamline.notebook.trials import Trials
from streamline.units import DAY, HOUR, SECOND, counted, duration_words

#: Activities and transitions (percent of the cases) that the map begins with; activities that its slider reaches.
ACTIVITIES, PATHS, MOST_ACTIVITIES = 10, 5, 40
#: Days of the first replay.
REPLAYED_DAYS = 28


class Explorer:
    """The questions that may be asked of one log; maps that were laid out are kept."""

    def __init__(self, log: EventLog, *, trials: Trials | None = None) -> None:
        if log.n_steps == 0:
            raise InsufficientDataError(f"{log.source} has no completed steps to map.")
        self.log, self.trials = log, trials
        self.most_activities = min(int(np.sum(np.bincount(log.activity) > 0)), MOST_ACTIVITIES)
        self.activities, self.paths = min(ACTIVITIES, self.most_activities), PATHS
        self._maps: dict[tuple[int, int], ProcessMap] = {}
        self._drawn: dict[tuple[int, int], dict[str, Any]] = {}
        self.moves = Moves(log)
        #: The rows behind what was chosen last; empty before.
        self.selected_cases = pd.DataFrame()

    def map(self, activities: int, paths: int) -> dict[str, Any]:
        """The map of so many activities, with the transitions that at least `paths` percent of the cases take."""
        self.activities = min(max(int(activities), 1), self.most_activities)
        self.paths = min(max(int(paths), 0), 100)
        key = self.activities, self.paths
        if key not in self._drawn:
            self._drawn[key] = drawn_map(self.flow)
        return self._drawn[key]

    @property
    def shown(self) -> ProcessMap:
        """The map that is shown."""
        key = self.activities, self.paths
        if key not in self._maps:
            self._maps[key] = process_map(self.log, max_nodes=self.activities, min_share=self.paths / 100)
        return self._maps[key]

    @property
    def flow(self) -> FlowMap:
        """Boxes and arrows of the map that is shown."""
        return self.shown.flow

    def select(self, kind: str, place: int) -> dict[str, Any]:
        """Open an arrow ("edge") or a box ("node") of the map to its cases; tells how many there are, names none.

        The rows are in `selected_cases` afterwards.
        """
        flow = self.flow
        if kind == "edge":
            rows, edge = self.moves.of_edge(flow, place), flow.edges[place]
            title = f"{flow.nodes[edge.source].label} → {flow.nodes[edge.target].label}"
            hours = rows["hours"].to_numpy()
            took = "taken"
        else:
            rows, title = self.moves.of_node(flow, place), flow.nodes[place].label
            hours = (
                (rows["complete"] - rows["start"]).dt.total_seconds().to_numpy() / 3600
                if "start" in rows
                else np.zeros(0)
            )
            took = "done" if flow.nodes[place].kind == "activity" else "passed"
        self.selected_cases = rows
        n_cases = int(rows["case"].nunique())
        words = f"{counted(n_cases, 'case')}, {took} {counted(len(rows), 'time')}"
        known = hours[np.isfinite(hours.astype(float))] if len(hours) else hours
        marker = kind == "edge" and flow.nodes[flow.edges[place].target].kind != "activity"
        if len(known) and not marker:
            of = "between the two steps" if kind == "edge" else "at work on it"
            middle, late = np.quantile(known, [0.5, 0.9])
            words += (
                f"; {of}: mean {duration_words(float(known.mean()) * HOUR)}, median {duration_words(float(middle) * HOUR)}, "
                f"90th percentile {duration_words(float(late) * HOUR)} (elapsed)"
            )
        return {"title": title, "words": words + "."}

    def period(self) -> dict[str, str]:
        """First and last day that may be replayed, and the period that is offered first: four weeks in the middle."""
        first, last = self.log.period
        middle = (first + last) // 2
        since = max(first, middle - REPLAYED_DAYS * DAY // 2)
        until = min(last, since + (REPLAYED_DAYS - 1) * DAY)
        days = [f"{d:%Y-%m-%d}" for d in self.log.instants(np.array([first, last, since, until], dtype=np.int64))]
        return {"first": days[0], "last": days[1], "since": days[2], "until": days[3], "timezone": self.log.timezone}

    def replay(self, since: str, until: str) -> dict[str, Any]:
        """The moves on the map from the first of these days to the end of the last; see `Moves.between`."""
        begin = pd.Timestamp(since, tz=self.log.timezone)
        finish = pd.Timestamp(until, tz=self.log.timezone) + pd.DateOffset(days=1)
        if finish <= begin:
            raise InsufficientDataError(f"The replay can't end ({until}) before it begins ({since}).")
        days = pd.date_range(begin, finish, freq="D")
        since_, until_ = (int(t.timestamp()) * SECOND for t in (begin, finish))
        return {
            **self.moves.between(self.flow, since_, until_),
            "days": [f"{day:%a %Y-%m-%d}" for day in days[:-1]],
            "day_starts": [round((day - begin).total_seconds() / 60) for day in days[:-1]],
        }

    def estimate(self, proposal: int, values: Sequence[float | None]) -> dict[str, Any]:
        """A proposal at these sizes; see `Trials.answer`."""
        if self.trials is None:
            raise InsufficientDataError("Nothing is proposed: pass model=… and proposals=… to explore.")
        return self.trials.answer(proposal, values)

    def still(self) -> str:
        """The map as a picture with its transitions in a table, for where widgets don't run."""
        shown = self.shown._repr_html_()
        said = f"{html.escape(self.log.source)}: widgets don't run here, so this map stands still."
        return f"<div><p>{said}</p>{shown}</div>"

    def told(self, question: str, *arguments: Any) -> dict[str, Any]:
        """The answer to a question, or `{"problem": …}` with what is wrong with it in a sentence."""
        try:
            answer: dict[str, Any] = getattr(self, question)(*arguments)
        except (StreamlineError, ValueError) as error:
            return {"problem": str(error)}
        return answer
