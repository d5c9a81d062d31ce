"""The widget: traits that the browser and Python share. The only module that needs anywidget; it is imported late.

The browser asks by setting `asked_…`; Python answers by setting `map`, `selected`, `replay` or `answer`. Each question
carries a number that its answer returns, so that the browser knows which question was answered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

from streamline.notebook.explorer import Explorer

_HERE = Path(__file__).parent


class ExplorerWidget(anywidget.AnyWidget):  # type: ignore[misc,unused-ignore]
    """A process map with sliders, the cases behind it, a replay of a period, and what proposals would do."""

    _esm = _HERE / "explorer.js"
    _css = _HERE / "explorer.css"

    title = traitlets.Unicode().tag(sync=True)
    limits = traitlets.Dict().tag(sync=True)
    proposals: Any = traitlets.List().tag(sync=True)
    map = traitlets.Dict().tag(sync=True)
    selected = traitlets.Dict().tag(sync=True)
    replay = traitlets.Dict().tag(sync=True)
    answer = traitlets.Dict().tag(sync=True)
    asked_map = traitlets.Dict().tag(sync=True)
    asked_cases = traitlets.Dict().tag(sync=True)
    asked_replay = traitlets.Dict().tag(sync=True)
    asked_answer = traitlets.Dict().tag(sync=True)

    def __init__(self, explorer: Explorer) -> None:
        self._explorer = explorer
        super().__init__(
            title=f"Process map of {explorer.log.source}",
            limits={
                "most_activities": explorer.most_activities, "activities": explorer.activities, "paths": explorer.paths,
                "period": explorer.period(),
            },
            proposals=[] if explorer.trials is None else explorer.trials.described(),
            map={**explorer.map(explorer.activities, explorer.paths), "number": 0},
        )  # fmt: skip
        self.observe(self._on_map, "asked_map")
        self.observe(self._on_cases, "asked_cases")
        self.observe(self._on_replay, "asked_replay")
        self.observe(self._on_answer, "asked_answer")

    @property
    def selected_cases(self) -> pd.DataFrame:
        """The rows behind the arrow or box that was chosen last; empty before."""
        return self._explorer.selected_cases.copy()

    @property
    def estimate(self) -> Any:
        """The ScenarioEstimate that is shown; None before the first."""
        return None if self._explorer.trials is None else self._explorer.trials.last

    def _on_map(self, change: Any) -> None:
        asked = change["new"]
        found = self._explorer.told("map", asked["activities"], asked["paths"])
        self.map = {**found, "number": asked["number"]}

    def _on_cases(self, change: Any) -> None:
        asked = change["new"]
        self.selected = {**self._explorer.told("select", asked["kind"], asked["place"]), "number": asked["number"]}

    def _on_replay(self, change: Any) -> None:
        asked = change["new"]
        self.replay = {**self._explorer.told("replay", asked["since"], asked["until"]), "number": asked["number"]}

    def _on_answer(self, change: Any) -> None:
        asked = change["new"]
        found = self._explorer.told("estimate", asked["proposal"], asked["values"])
        self.answer = {**found, "number": asked["number"]}

    def __repr__(self) -> str:
        chosen = f", {len(self._explorer.selected_cases):,} rows chosen" if len(self._explorer.selected_cases) else ""
        return f"<Explorer of {self._explorer.log.source}: {self._explorer.log.n_cases:,} cases{chosen}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, with a still map for where widgets don't run."""
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/html": self._explorer.still()}, metadata
