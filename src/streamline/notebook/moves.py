"""The moves of cases over a process map: what an arrow stands for, and the dots that are replayed over a period.

A *move* is a case on its way between two steps that directly follow each other: it begins with the completion of the one
(at the start marker: with the arrival) and ends with the start of the next, or with its completion where no start is
recorded. While a step is worked on the case makes no move. A move that would end before it begins (steps that overlap)
takes no time and isn't replayed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.figure import FlowMap
from streamline.log.event_log import EventLog
from streamline.units import HOUR, MINUTE, MISSING_TIME, counted

Int64 = npt.NDArray[np.int64]

#: Dots that a browser moves without stuttering; of more, every so-manieth case is shown, and that is said.
MOST_MOVES = 3000


class Moves:
    """All moves of a log, as columns: the case, the activities left and reached (-1 at the markers), begin, end."""

    def __init__(self, log: EventLog) -> None:
        some = np.flatnonzero(np.diff(log.case_offsets) > 0)
        first, last = log.case_offsets[:-1][some], log.case_offsets[1:][some] - 1
        begun = np.where(log.start == MISSING_TIME, log.complete, log.start)
        next_ = np.flatnonzero(log.case_of_step[1:] == log.case_of_step[:-1]) + 1
        done = last[log.closed[some]]  # the last steps of cases that ended
        nobody = np.full(len(some), -1, dtype=np.int64)
        self.log = log
        self.case: Int64 = np.concatenate([some, log.case_of_step[next_], log.case_of_step[done]])
        self.source: Int64 = np.concatenate([nobody, log.activity[next_ - 1], log.activity[done]]).astype(np.int64)
        self.target: Int64 = np.concatenate([log.activity[first], log.activity[next_], nobody[: len(done)]]).astype(
            np.int64
        )
        self.begin: Int64 = np.concatenate([log.arrival[some], log.complete[next_ - 1], log.complete[done]])
        self.end: Int64 = np.concatenate([begun[first], begun[next_], log.complete[done]])

    def of_edge(self, flow: FlowMap, edge: int) -> pd.DataFrame:
        """One row each time that an arrow of the map was taken: case, source, target, completed, reached, hours."""
        way = flow.edges[edge]
        chosen = (self.source == self._code(flow, way.source)) & (self.target == self._code(flow, way.target))
        chosen &= ~((self.source == -1) & (flow.nodes[way.source].kind != "start"))
        place = np.flatnonzero(chosen)
        place = place[np.argsort(self.case[place], kind="stable")]
        return pd.DataFrame(
            {
                "case": self.log.case_id_array(self.case[place]),
                "source": flow.nodes[way.source].label,
                "target": flow.nodes[way.target].label,
                "completed": self.log.instants(self.begin[place]),
                "reached": self.log.instants(self.end[place]),
                "hours": (self.end - self.begin)[place] / HOUR,
            }
        )

    def of_node(self, flow: FlowMap, node: int) -> pd.DataFrame:
        """The rows behind a box: each time that the step was done, or at the markers each case that began or ended.

        Steps: case, activity, start, complete, resource and channel as far as recorded. Markers: case, arrival or ended.
        """
        log, kind = self.log, flow.nodes[node].kind
        some = np.flatnonzero(np.diff(log.case_offsets) > 0)
        if kind == "start":
            return pd.DataFrame({"case": log.case_id_array(some), "arrival": log.instants(log.arrival[some])})
        if kind == "end":
            some = some[log.closed[some]]
            last = log.complete[log.case_offsets[1:][some] - 1]
            return pd.DataFrame({"case": log.case_id_array(some), "ended": log.instants(last)})
        place = np.flatnonzero(log.activity == log.activity_code(flow.nodes[node].label))
        rows = {
            "case": log.case_id_array(log.case_of_step[place]),
            "activity": flow.nodes[node].label,
            "start": log.instants(log.start[place]),
            "complete": log.instants(log.complete[place]),
        }
        for name, labels in (("resource", log.resource), ("channel", log.channel)):
            if labels is not None:
                rows[name] = np.asarray([*labels.names, None], dtype=object)[labels.codes[place]]
        return pd.DataFrame(rows)

    def between(self, flow: FlowMap, since: int, until: int, *, most: int = MOST_MOVES) -> dict[str, Any]:
        """The moves that are under way at some time in [since, until), for the browser.

        Returns `edge` (place of the arrow in the map), `begin` and `end` (minutes since `since`, before 0 or past the
        end where the move is cut), `minutes` (the length of the period), and `words`: how many there are, and what
        isn't shown and why.
        """
        width = len(self.log.activities) + 1
        keys = np.array(
            [self._code(flow, e.source) * width + self._code(flow, e.target) for e in flow.edges], dtype=np.int64
        )
        order = np.argsort(keys)
        under_way = (self.begin < until) & (self.end > since) & (self.end > self.begin) & (self.begin != MISSING_TIME)
        place = np.flatnonzero(under_way)
        mine = self.source[place] * width + self.target[place]
        at = np.minimum(np.searchsorted(keys[order], mine), max(len(keys) - 1, 0))
        on_map = keys[order][at] == mine if len(keys) else np.zeros(len(place), dtype=np.bool_)
        shown, edge = place[on_map], order[at[on_map]] if len(keys) else at[on_map]
        every = max(1, -(-len(shown) // most))
        kept = self.case[shown] % every == 0
        drawn = int(kept.sum())
        words = [f"{counted(drawn, 'move')} of {counted(len(np.unique(self.case[shown][kept])), 'case')}"]
        if every > 1:
            words.append(f"one case in {every} is shown, by its place in the log, of {counted(len(shown), 'move')}")
        if len(place) > len(shown):
            words.append(f"{counted(len(place) - len(shown), 'move')} took ways that aren't on this map")
        shown, edge = shown[kept], edge[kept]
        first = np.argsort(self.begin[shown], kind="stable")
        return {
            "edge": edge[first].tolist(),
            "begin": np.round((self.begin[shown][first] - since) / MINUTE).astype(np.int64).tolist(),
            "end": np.round((self.end[shown][first] - since) / MINUTE).astype(np.int64).tolist(),
            "minutes": round((until - since) / MINUTE),
            "words": "; ".join(words) + ".",
        }

    def _code(self, flow: FlowMap, node: int) -> int:
        found = flow.nodes[node]
        return -1 if found.kind != "activity" else self.log.activities.index(found.label)
