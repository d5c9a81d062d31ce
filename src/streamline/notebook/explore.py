"""`explore`: a live map of a log in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from streamline.errors import MissingDependencyError, ScenarioError
from streamline.log.event_log import EventLog
from streamline.notebook.explorer import Explorer
from streamline.notebook.trials import Trials
from streamline.whatif.estimate import Proposal
from streamline.whatif.queue_model import QueueModel

if TYPE_CHECKING:
    from streamline.notebook.widget import ExplorerWidget


def explore(
    log: EventLog,
    *,
    model: QueueModel | None = None,
    proposals: Sequence[Proposal] = (),
    standard: str | None = None,
    draws: int = 100,
    seed: int = 1,
) -> ExplorerWidget:
    """A live process map: sliders for activities and paths, the cases behind each arrow, and a replay of a period.

    model, proposals : when given, a second tab estimates each proposal, with a slider for each of its sizes; standard,
        draws and seed are as for `estimate`.

    Returns a widget: what is chosen on the map is in its `selected_cases`, what is estimated in its `estimate`. Where
    widgets don't run it shows the map as a still picture.
    Raises MissingDependencyError without the extra "notebook", ScenarioError for proposals without a model (or a model
    without proposals), InsufficientDataError for a log without steps.
    """
    if (model is None) != (not proposals):
        given, absent = ("proposals", "model") if model is None else ("model", "proposals")
        raise ScenarioError(f"{given} were given without {absent}; a what-if tab needs both.")
    trials = None if model is None else Trials(model, proposals, standard=standard, draws=draws, seed=seed)
    try:
        import anywidget  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            'The live map needs anywidget: pip install "streamline[notebook]". '
            "process_map(log) shows the map as a still picture without it."
        ) from error
    from streamline.notebook.widget import ExplorerWidget

    return ExplorerWidget(Explorer(log, trials=trials))
