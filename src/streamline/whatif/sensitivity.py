"""What an estimate hangs on: each belief at its low and high end, the error of the replay, chance, and demand.

One thing moves at a time and everything else stays at its likely value, in the same draws, so that what differs between
two ends is that thing alone. The widest bar is what the estimate hangs on most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from streamline.figure import Chart, Swing, Tornado
from streamline.measure.duration import LEVEL
from streamline.results import Result, Window
from streamline.whatif.change import AddCapacity, Change, ChangeDemand, ExpressLane
from streamline.whatif.draws import BoundScenario, drawn
from streamline.whatif.estimate import Proposal, bound_proposal, measures_of
from streamline.whatif.figures import Measures
from streamline.whatif.prices import CustomerTime, Prices
from streamline.whatif.queue_model import QueueModel
from streamline.whatif.spread import no_more_than_there_is, part_with_waits
from streamline.whatif.validate import Validation

Float = npt.NDArray[np.float64]

DRAWS = 20
#: How much more or less work might come, to see whether the estimate would still hold.
DEMAND = 0.1
#: What no belief is about.
CASES, REPLAY, ARRIVALS = "Which cases come and what happens to them", "Error of the replay", "Number of cases"


@dataclass(frozen=True, kw_only=True, repr=False)
class Sensitivity(Result):
    """How the estimated change moves with each thing that it rests on.

    `table`, one row a measure and thing, the widest first: measure, unit, input, low and high (its ends, in words), likely
    (the change with everything at its likely value), change_at_low, change_at_high, swing (the distance of the two), inside
    (whether the estimate's interval holds it: what more or less demand would do isn't in it).
    """

    name: str
    #: What `chart` shows.
    measure: str
    draws: int

    def of(self, measure: str) -> Sensitivity:
        """The same, showing another measure."""
        known = tuple(dict.fromkeys(self.table["measure"]))
        if measure not in known:
            raise KeyError(f"{measure!r} hangs on nothing, or isn't estimated; these are told: {', '.join(known)}")
        return replace(self, measure=measure)

    @property
    def shown(self) -> pd.DataFrame:
        """The rows of the measure shown."""
        return self.table[self.table["measure"] == self.measure].reset_index(drop=True)

    def chart(self) -> Chart:
        """A bar from the change at each thing's low end to that at its high end."""
        rows = self.shown
        return Tornado(
            title=f"What the estimate of “{self.name}” hangs on most",
            axis=f"Change ({rows['unit'].iloc[0]})" if len(rows) else "Change",
            at=float(rows["likely"].iloc[0]) if len(rows) else 0.0,
            swings=tuple(
                Swing(
                    label=str(r["input"]), low=float(r["change_at_low"]), high=float(r["change_at_high"]),
                    low_label=str(r["low"]), high_label=str(r["high"]),
                )
                for r in rows.to_dict(orient="records")
            ),
            note=f"{self.draws} draws; one thing moved at a time, the rest at its likely value",
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """One thing with its two ends: what they are, and the change at each."""

    what: str
    low: str
    high: str
    at_low: Float = field(repr=False)
    at_high: Float = field(repr=False)
    inside: bool = True


def sensitivity(
    model: QueueModel,
    changes: Sequence[Change],
    *,
    name: str = "scenario",
    standard: str | None = None,
    prices: Prices | None = None,
    customer_time: CustomerTime | None = None,
    draws: int = DRAWS,
    seed: int = 1,
    level: float = LEVEL,
    workers: int = 1,
    validation: Validation | None = None,
) -> Sensitivity:
    """Tell what the estimate of these changes hangs on most; see `estimate` for the arguments.

    Raises ScenarioError and its leaves, and InsufficientDataError, as `estimate` does.
    """
    proposal = Proposal(name=name, changes=changes, per_year=prices.scenario_per_year if prices is not None else 0.0)
    return sensitivities(
        model, [proposal], standard=standard, prices=prices, customer_time=customer_time, draws=draws, seed=seed,
        level=level, workers=workers, validation=validation,
    )[0]  # fmt: skip


def sensitivities(
    model: QueueModel,
    proposals: Sequence[Proposal],
    *,
    standard: str | None = None,
    prices: Prices | None = None,
    customer_time: CustomerTime | None = None,
    draws: int = DRAWS,
    seed: int = 1,
    level: float = LEVEL,
    workers: int = 1,
    validation: Validation | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Sensitivity, ...]:
    """Tell it of several scenarios, which share their replays of the service as it is; see `sensitivity`."""
    measures = measures_of(model, standard=standard, prices=prices, customer_time=customer_time)
    fewer, more = ChangeDemand(by=-DEMAND), ChangeDemand(by=DEMAND)
    variants: list[Proposal] = [Proposal(name="demand", changes=[fewer]), Proposal(name="demand", changes=[more])]
    first = []
    for p in proposals:
        first.append(len(variants))
        variants += [replace(p, changes=c) for c in _variants(p.changes, fewer, more)]
    bound = [bound_proposal(model, v) for v in variants]
    found = drawn(model, measures, bound, draws=range(draws), seed=seed, workers=workers, progress=progress)
    at, as_is = found.to_be.mean(axis=1), found.as_is.mean(axis=0)
    z = float(norm.ppf((1 + level) / 2))
    result = []
    for p, place in zip(proposals, first, strict=True):
        likely = at[place] - as_is
        chance = z * (found.to_be[place] - found.as_is).std(axis=0, ddof=1)
        ends = [_End(what=CASES, low="low end", high="high end", at_low=likely - chance, at_high=likely + chance)]
        ends += _error(measures, bound[place], likely, as_is, z, validation)
        doubtful = _doubtful(p.changes)
        for j, change in enumerate(doubtful):
            at_low, at_high = at[place + 1 + 2 * j] - as_is, at[place + 2 + 2 * j] - as_is
            words = _written(change, change.low), _written(change, change.high)
            what = _at(change, None).words()
            ends.append(_End(what=what, low=words[0], high=words[1], at_low=at_low, at_high=at_high))
        if not _of_demand(p.changes):
            after = place + 1 + 2 * len(doubtful)
            less, grown = at[after] - at[0], at[after + 1] - at[1]
            words = f"{DEMAND:.0%} fewer", f"{DEMAND:.0%} more"
            ends.append(_End(what=ARRIVALS, low=words[0], high=words[1], at_low=less, at_high=grown, inside=False))
        result.append(_told(measures, p.name, likely, ends, draws, model.log.recorded))
    return tuple(result)


def _variants(changes: Sequence[Change], fewer: Change, more: Change) -> list[list[Change]]:
    """Everything at its likely value; each belief at its low and high end; and all with less and with more demand."""
    fixed = [_at(c, None) for c in changes]
    made = [fixed]
    for k, change in enumerate(changes):
        if change in _doubtful(changes):
            made += [[*fixed[:k], _at(change, end), *fixed[k + 1 :]] for end in (change.low, change.high)]
    if not _of_demand(changes):
        made += [[fewer, *fixed], [more, *fixed]]
    return made


def _doubtful(changes: Sequence[Change]) -> list[Change]:
    """The changes whose size is in doubt."""
    return [c for c in changes if c.main and c.belief()[0] < c.belief()[2]]


def _of_demand(changes: Sequence[Change]) -> bool:
    return any(isinstance(c, ChangeDemand) for c in changes)


def _told(
    measures: Measures, name: str, likely: Float, ends: Sequence[_End], draws: int, recorded: Window | None
) -> Sensitivity:
    """The result of one scenario, the widest first within each measure."""
    rows = [_row(measures, measure, unit, likely, end) for measure, unit in measures.names for end in ends]
    order = {measure: j for j, (measure, _) in enumerate(measures.names)}
    table = pd.DataFrame(rows).assign(order=[order[str(r["measure"])] for r in rows])
    table = table[table["swing"] > 0].sort_values(["order", "swing"], ascending=[True, False], kind="stable")
    return Sensitivity(
        recorded=recorded,
        table=table.drop(columns="order").reset_index(drop=True),
        n=measures.n_of("cycle_time.mean"),
        excluded={},
        name=name,
        measure="cycle_time.mean",
        draws=draws,
    )


def _at(change: Change, end: Any) -> Change:
    """The change at one end of the belief, or at its likely value, without doubt."""
    if not change.main:
        return change
    return change.at(getattr(change, change.main) if end is None else end)


def _written(change: Change, end: Any) -> str:
    """An end of a belief, as it stands at a bar."""
    value = getattr(change, change.main) if end is None else end
    if isinstance(value, str):
        return value
    return f"{value:+g}" if isinstance(change, (AddCapacity, ExpressLane)) else f"{value:.0%}"


def _error(
    measures: Measures, scenario: BoundScenario, likely: Float, as_is: Float, z: float, validation: Validation | None
) -> list[_End]:
    """What the replay got wrong on a later period, where the scenario is replayed."""
    error = 0.0 if validation is None else validation.excess_error
    if error == 0 or not (scenario.on_cases or scenario.on_steps):
        return []
    part = part_with_waits(measures, likely)
    low, high = (
        no_more_than_there_is(measures, likely + part * np.expm1(side * error), likely, as_is) for side in (-z, z)
    )
    return [_End(what=REPLAY, low="effect smaller", high="effect larger", at_low=low, at_high=high)]


def _row(measures: Measures, name: str, unit: str, likely: Float, end: _End) -> dict[str, object]:
    j = measures.place(name)
    return {
        "measure": name, "unit": unit, "input": end.what, "low": end.low, "high": end.high, "likely": likely[j],
        "change_at_low": end.at_low[j], "change_at_high": end.at_high[j],
        "swing": abs(end.at_high[j] - end.at_low[j]), "inside": end.inside,
    }  # fmt: skip
