"""What the sliders of a what-if tab ask, and the answers: proposals whose changes are made larger or smaller.

A slider sets the main value of one change of a proposal. Where it stands as the proposal has it, the change keeps its
belief (low, likely, high); once it is moved there is no doubt about the size any more, and the answer says so: then the
interval holds only what the draws of cases and the replay's own error make of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamline.errors import ScenarioError
from streamline.units import counted, significant
from streamline.whatif.change import Change
from streamline.whatif.estimate import Proposal, ScenarioEstimate, estimate
from streamline.whatif.queue_model import QueueModel

#: Main values that are shares of a whole, from 0 to 1.
_SHARES = ("by", "share")
_STEP = 0.05
NAMES = {
    "cycle_time.mean": "Mean cycle time",
    "cycle_time.median": "Median cycle time",
    "cycle_time.p90": "90th percentile of cycle times",
    "within_standard": "Share of cases within the standard",
    "contacts_per_case": "Contacts per case",
    "staff_hours_per_case": "Staff hours per case",
    "cost_per_year": "Cost a year",
}


class Trials:
    """The proposals of a model, estimated as the sliders ask; each answer is kept."""

    def __init__(
        self, model: QueueModel, proposals: Sequence[Proposal], *, standard: str | None, draws: int, seed: int
    ) -> None:
        self._model, self.proposals = model, tuple(proposals)
        self._standard, self._draws, self._seed = standard, draws, seed
        self._known: dict[tuple[int, tuple[float, ...]], ScenarioEstimate] = {}
        #: The estimate that was asked for last.
        self.last: ScenarioEstimate | None = None

    def described(self) -> list[dict[str, Any]]:
        """One entry a proposal: `name`, and its `changes`, each with words and, where its size can be set, a slider."""
        return [
            {"name": p.name, "changes": [{"words": c.words(), "slider": slider_of(c)} for c in p.changes]}
            for p in self.proposals
        ]

    def answer(self, proposal: int, values: Sequence[float | None]) -> dict[str, Any]:
        """Estimate a proposal with its changes at these sizes (None: as proposed); values for the browser.

        Raises ScenarioError when a value lies beyond its slider.
        """
        asked = self.proposals[proposal]
        changes = [_set(c, v) for c, v in zip(asked.changes, values, strict=True)]
        moved = [c.words() for c, own in zip(changes, asked.changes, strict=True) if c != own]
        key = (proposal, tuple(float("-inf") if v is None else float(v) for v in values))
        if key not in self._known:
            self._known[key] = estimate(
                self._model, changes, name=asked.name, standard=self._standard, draws=self._draws, seed=self._seed,
                validation=self._model.validation,
            )  # fmt: skip
        self.last = found = self._known[key]
        checked = self._model.validation
        notes = [f"No doubt about the size is in the interval of: {'; '.join(moved)}."] if moved else []
        notes += found.caveats
        return {
            "name": found.name,
            "changes": [c.words() for c in changes],
            "rows": [
                {
                    "measure": _named(f.measure, f.unit), "baseline": _said(f.baseline, f.unit),
                    "value": _said(f.value, f.unit), "between": f"{_said(f.low, f.unit)} to {_said(f.high, f.unit)}",
                    "change": _said(f.change, f.unit, signed=True),
                    "change_between": f"{_said(f.change_low, f.unit, signed=True)} to "
                    f"{_said(f.change_high, f.unit, signed=True)}",
                }
                for f in found.figures
            ],
            "rests_on": f"{counted(found.n, 'closed case')}, {found.draws} draws, {found.level:.0%} intervals"
            + (f", records from {found.recorded}" if found.recorded else ""),
            "verdict": f"The replay behind these figures is {checked.verdict}.",
            "notes": notes,
        }  # fmt: skip


def slider_of(change: Change) -> dict[str, Any] | None:
    """The slider of a change: least, most, step, value, and whether it is a share; None where its size isn't a number."""
    if not change.main or isinstance(getattr(change, change.main), str):
        return None
    value = float(getattr(change, change.main))
    if change.main in _SHARES and 0 <= value <= 1:
        return {"least": 0.0, "most": 1.0, "step": _STEP, "value": value, "share": True}
    if change.main == "staff":
        return {
            "least": min(value, 0.0),
            "most": max(2 * value, value + 3, 1.0),
            "step": 1.0,
            "value": value,
            "share": False,
        }
    return None


def _named(measure: str, unit: str) -> str:
    """A measure with its unit, where the figures don't say it themselves."""
    name = NAMES.get(measure, measure)
    return name if unit.startswith("share") or unit == name.lower() else f"{name} ({unit})"


def _set(change: Change, value: float | None) -> Change:
    if value is None:
        return change
    slider = slider_of(change)
    if slider is None or not slider["least"] <= value <= slider["most"]:
        raise ScenarioError(f"{change.words()}: its size can't be set to {value:g} here.")
    return change if value == slider["value"] else change.at(value)


def _said(value: float, unit: str, *, signed: bool = False) -> str:
    """A figure as it is read: a share in percent, its change in percentage points, a change with its sign.

    >>> _said(0.9123, "share"), _said(-1.64, "days", signed=True), _said(0.0, "days", signed=True)
    ('91.2%', '−1.6', '0')
    >>> _said(0.012, "share of cases", signed=True)
    '+1.2 points'
    """
    scale, mark = (100.0, " points" if signed else "%") if unit.startswith("share") else (1.0, "")
    text = significant(abs(value) * scale, digits=2 if signed else 3)
    sign = ("−" if value < 0 else "+" if signed and value > 0 else "") if text != "0" else ""
    return f"{sign}{text}{mark}"
