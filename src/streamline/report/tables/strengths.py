"""What the benefits table holds when a scenario reaches only part of its strength: the stops of its sliders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from streamline.proposals import EstimatedScenario
from streamline.report.findings.in_part import CORE, part_id
from streamline.report.findings.scenario import scenario_statement
from streamline.report.section import AtStop, Slider, Stop
from streamline.study import Scenario
from streamline.whatif.change import AddCapacity
from streamline.whatif.estimate import Figure, ScenarioEstimate
from streamline.whatif.in_part import at_share, has_strength

#: The strength of the estimates everywhere else.
FULL = 100


def sliders(
    scenarios: Sequence[EstimatedScenario],
    rows: Mapping[tuple[str, str], int],
    cells: Callable[[Scenario, Figure], Sequence[str]],
) -> tuple[Slider, ...]:
    """A slider for each scenario that was estimated in part; a scenario without strength gets one without stops.

    rows : place in the table of each (slug, measure). cells : the whole row of a scenario's figure.
    None where no scenario was estimated in part.
    """
    if not any(s.in_part for s in scenarios):
        return ()
    return tuple(_slider(s, rows, cells) for s in sorted(scenarios, key=lambda s: rows[s.scenario.slug, CORE[0]]))


def _slider(
    s: EstimatedScenario, rows: Mapping[tuple[str, str], int], cells: Callable[[Scenario, Figure], Sequence[str]]
) -> Slider:
    made = [(p.percent, p.estimate) for p in s.in_part]
    return Slider(
        label=s.scenario.name,
        first_row=rows[s.scenario.slug, CORE[0]],
        note=" ".join(_notes(s)),
        stops=tuple(_stop(s.scenario, percent, e, rows, cells) for percent, e in [*made, (FULL, s.estimate)])
        if made
        else (),
    )


def _notes(s: EstimatedScenario) -> Iterator[str]:
    """What a reader must know of this slider."""
    whole = "; ".join(c.words() for c in s.scenario.changes if not has_strength(c))
    if whole:
        yield (
            f"In full at every stop, because it can’t be made in part: {whole}."
            if s.in_part
            else (f"No slider, because it can’t be made in part: {whole}.")
        )
    if any(isinstance(c, AddCapacity) for c in s.scenario.changes):
        yield "A part of a person is replayed as a whole one, in that share of the draws."


def _stop(
    scenario: Scenario,
    percent: int,
    estimate: ScenarioEstimate,
    rows: Mapping[tuple[str, str], int],
    cells: Callable[[Scenario, Figure], Sequence[str]],
) -> Stop:
    share = percent / FULL
    parted = [at_share(c, share) if percent < FULL else c for c in scenario.changes if has_strength(c)]
    shown = [
        AtStop(row=rows[scenario.slug, f.measure], cells=tuple(cells(scenario, f)),
               finding=part_id(scenario.slug, percent, f.measure), value=f.value, low=f.low, high=f.high)
        for f in estimate.figures
        if f.measure in CORE
    ]  # fmt: skip
    said = scenario_statement(
        scenario.name, estimate[CORE[0]], estimate.level, through_queues=estimate.through_queues
    ).removeprefix(f"“{scenario.name}” ")
    return Stop(percent=percent, changes="; ".join(c.words() for c in parted), says=said, shown=tuple(shown))
