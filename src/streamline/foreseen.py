"""What was estimated of a change before it was made: from findings published then, or from the records of before alone.

An estimate that saw the time after the change would be held against itself. So without published findings the replay is fitted
again to the log and the contacts as they stood on the day of the change, and estimates from them what the scenario would do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from streamline.errors import InsufficientDataError, ScenarioError, listed, suggestion
from streamline.findings import Findings
from streamline.log.calendar import Calendar
from streamline.log.event_log import EventLog
from streamline.machine import n_processors
from streamline.measure.contacts.known_then import links_before, log_before
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.tracking.effect import Foreseen
from streamline.progress import Progress
from streamline.study import Scenario, Study, slug
from streamline.whatif.estimate import Proposal, estimates
from streamline.whatif.replay import fit_replay

#: Measures that are tracked and estimated.
MEASURES = ("cycle_time.mean", "within_standard", "contacts_per_case")


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """Estimated changes by measure, where they come from as a sentence, and what a reader of them must know."""

    by_measure: Mapping[str, Foreseen]
    words: str
    caveats: tuple[str, ...] = ()
    #: Of a replay that was fitted here: whether its check finds it fit for decisions.
    verdict: str = ""


def chosen_scenario(study: Study, name: str | None) -> Scenario | None:
    """The scenario that was made: the one named, else the signature initiative, else the only one; None where there is none.

    Raises ScenarioError for a name that the study doesn't have, and where several could be meant.
    """
    names = [s.name for s in study.scenarios]
    if name is not None:
        found = next((s for s in study.scenarios if name == s.name or slug(name) == s.slug), None)
        if found is None:
            raise ScenarioError(
                f"The study has no scenario {name!r}.{suggestion(name, names)} It has: {listed(names, limit=30)}."
            )
        return found
    signature = next((s for s in study.scenarios if s.signature), None)
    if signature is not None or len(names) < 2:
        return signature or next(iter(study.scenarios), None)
    raise ScenarioError(
        f"The study has {len(names)} scenarios and none is the signature initiative, so which was made isn't known: "
        f"{listed(names, limit=30)}. Name it (--scenario)."
    )


def published_estimate(findings: Findings, scenario: Scenario, *, since: date, name: str) -> Estimated:
    """What published findings say of a scenario. name : of their file.

    Raises ScenarioError when they hold no estimate of it.
    """
    stem = f"scenario.{scenario.slug}"
    held = sorted({f.scenario for f in findings.values() if f.scenario})
    mine = {m: findings[f"{stem}.{m}"] for m in MEASURES if f"{stem}.{m}" in findings}
    if not mine:
        raise ScenarioError(
            f"{name} holds no estimate of {scenario.name!r}.{suggestion(scenario.name, held)} Its scenarios: "
            f"{listed(held, limit=30)}."
        )
    found = {
        m: Foreseen(change=f.change, low=f.change_low, high=f.change_high)
        for m, f in mine.items()
        if f.change is not None and f.change_low is not None and f.change_high is not None
    }
    source = findings.source
    caveats = list(dict.fromkeys(c for f in mine.values() for c in f.caveats if "fit for" in c))
    if source.period[1] >= since.isoformat():
        caveats.append(
            f"The estimate rests on cases that arrived until {source.period[1]}, so it saw part of the time "
            "after the change, which it should foretell."
        )
    return Estimated(
        by_measure=found,
        words=f"The estimate is that of the section “{source.title}”, from cases that arrived from {source.period[0]} to "
        f"{source.period[1]}.",
        caveats=tuple(caveats),
    )


def estimate_of_before(
    study: Study,
    scenario: Scenario,
    whole: EventLog,
    *,
    since: int,
    first: int | None,
    links: LinkedContacts | None,
    calendar: Calendar | None,
    progress: Progress,
) -> Estimated:
    """What the records of before the change give as the estimate of a scenario.

    whole : every case that was read. since : the instant of the change. first : instant from which arrivals count; None for all.
    links : contacts linked to `whole`; None without.

    Where those records can't carry an estimate, `by_measure` is empty and `words` says why. Raises ScenarioError where the
    scenario names what they don't have.
    """
    then = log_before(whole, since)
    counted = then if first is None else then.arrived_between(first, None)
    standard = study.standard.cycle_time if study.standard else None
    caveats: list[str] = []
    progress("replaying the service as it was before the change")
    try:
        try:
            known = None if links is None else links_before(links, since)
            model = fit_replay(
                counted, contacts=known, calendar=calendar, pools=study.pools, standard=standard, whole=then
            )
        except InsufficientDataError as error:
            if links is None:
                raise
            caveats.append(f"Contacts weren't estimated: {error}")
            model = fit_replay(counted, calendar=calendar, pools=study.pools, standard=standard, whole=then)
        validation = model.validation
        progress("estimating the change from the records of before")
        (found,) = estimates(
            model, [Proposal(name=scenario.name, changes=scenario.changes)], standard=standard, draws=study.simulation.draws,
            seed=study.simulation.seed, workers=n_processors(), validation=validation, progress=progress.step,
        )  # fmt: skip
    except InsufficientDataError as error:
        return Estimated(
            by_measure={}, words=f"The records of before the change can't carry an estimate of it: {error}"
        )
    return Estimated(
        by_measure={
            f.measure: Foreseen(change=f.change, low=f.change_low, high=f.change_high)
            for f in found.figures
            if f.measure in MEASURES
        },
        words="The estimate was made from the records as they stood on that day, and saw nothing that came later: the "
        f"cases of before are replayed with and without the change ({found.draws} draws).",
        caveats=(*caveats, *found.caveats),
        verdict=validation.verdict,
    )
