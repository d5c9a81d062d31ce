"""What a study proposes: each scenario estimated, what its estimate hangs on, what it is worth, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass

from streamline.errors import UnknownNameError
from streamline.log.calendar import Calendar
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.machine import n_processors
from streamline.measure.contacts.linking import LinkedContacts
from streamline.progress import Progress
from streamline.study import Scenario, Study
from streamline.units import counted, parse_duration
from streamline.whatif.estimate import MIN_DRAWS, Proposal, ScenarioEstimate, bound_proposal, estimates, measures_of
from streamline.whatif.in_part import PartEstimate, estimates_in_part
from streamline.whatif.packages import PackageEstimates, packages
from streamline.whatif.prices import CustomerTime, Prices
from streamline.whatif.replay import fit_replay
from streamline.whatif.sensitivity import DRAWS, Sensitivity, sensitivities
from streamline.whatif.validate import Validation
from streamline.whatif.value import Terms, Value, value_of

#: Draws that tell what an estimate hangs on take a tenth of those that it took itself, and at least so many.
FEWEST_DRAWS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedScenario:
    """A scenario of the study with everything that is told of it."""

    scenario: Scenario
    estimate: ScenarioEstimate
    value: Value
    sensitivity: Sensitivity
    #: The same at shares of its strength, from the smallest; none where no change has a strength, or the study wants none.
    in_part: tuple[PartEstimate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """The scenarios of a study, alone and together, and how well the replay behind them reproduces the service."""

    validation: Validation
    scenarios: tuple[EstimatedScenario, ...]
    #: None where there is one scenario only.
    package: PackageEstimates | None


def proposed(
    study: Study,
    *,
    log: EventLog,
    whole: EventLog,
    links: LinkedContacts | None,
    calendar: Calendar | None,
    contacts: ContactLog | None,
    progress: Progress,
) -> Proposed | None:
    """Estimate the scenarios of a study; None where it has none.

    links : contacts that scenarios can be told of, linked to the whole log. contacts : all, to check the study's prices.
    """
    if not study.scenarios:
        return None
    standard = study.standard.cycle_time if study.standard else None
    progress("replaying the service as it was")
    model = fit_replay(log, contacts=links, calendar=calendar, pools=study.pools, standard=standard, whole=whole)
    proposals = [
        Proposal(name=s.name, changes=s.changes, once=s.cost_once, per_year=s.cost_per_year) for s in study.scenarios
    ]
    prices, customer_time, terms = _prices(study, contacts), _customer_time(study), study.terms
    # what the study names and the log lacks is said before anything long is computed
    measures_of(model, standard=standard, prices=prices, customer_time=customer_time)
    for p in proposals:
        bound_proposal(model, p)
    validation = model.validation
    workers, seed, draws = n_processors(), study.simulation.seed, study.simulation.draws
    progress(f"estimating {counted(len(proposals), 'scenario')}")
    found = estimates(
        model, proposals, standard=standard, prices=prices, customer_time=customer_time, draws=draws, seed=seed,
        workers=workers, validation=validation, progress=progress.step,
    )  # fmt: skip
    progress("telling what the estimates hang on")
    hangs = sensitivities(
        model, proposals, standard=standard, prices=prices, customer_time=customer_time, seed=seed, workers=workers,
        draws=min(DRAWS, max(FEWEST_DRAWS, draws // 10)), validation=validation, progress=progress.step,
    )  # fmt: skip
    parts: tuple[tuple[PartEstimate, ...], ...] = tuple(() for _ in proposals)
    if study.simulation.shares:
        progress("estimating the scenarios at part of their strength")
        parts = estimates_in_part(
            model, proposals, shares=study.simulation.shares, standard=standard, prices=prices,
            customer_time=customer_time, draws=max(MIN_DRAWS, draws // 2), seed=seed, workers=workers, validation=validation,
            progress=progress.step,
        )  # fmt: skip
    package = None
    if len(proposals) > 1:
        progress("estimating the scenarios together")
        package = packages(
            model, proposals, standard=standard, target=study.standard.target if study.standard else None,
            prices=prices, customer_time=customer_time, terms=terms, draws=draws, seed=seed, workers=workers,
            validation=validation, progress=progress.step,
        )  # fmt: skip
    return Proposed(
        validation=validation,
        scenarios=tuple(
            EstimatedScenario(scenario=s, estimate=e, value=_value(study, s, e, terms), sensitivity=h, in_part=i)
            for s, e, h, i in zip(study.scenarios, found, hangs, parts, strict=True)
        ),
        package=package,
    )


def _value(study: Study, scenario: Scenario, estimate: ScenarioEstimate, terms: Terms) -> Value:
    """What one scenario is worth at the study's prices."""
    return value_of(
        estimate,
        currency=study.costs.currency if study.costs else "",
        once=scenario.cost_once,
        per_year=scenario.cost_per_year,
        ramp_months=scenario.ramp_months,
        terms=terms,
        customer_hour=study.costs.customer_hour if study.costs else None,
    )


def _customer_time(study: Study) -> CustomerTime | None:
    given = study.costs.customer_time if study.costs else None
    if given is None:
        return None
    return CustomerTime(
        contact=None if given.contact is None else parse_duration(given.contact),
        steps={name: parse_duration(each) for name, each in given.steps.items()},
    )


def _prices(study: Study, contacts: ContactLog | None) -> Prices | None:
    costs = study.costs
    if costs is None:
        return None
    if contacts is not None and contacts.channel is not None:
        for name in costs.contact or {}:
            if name not in contacts.channel.names:
                raise UnknownNameError(
                    what="channel", name=name, known=contacts.channel.names, where=f"costs.contact: {contacts.source}"
                )
    return Prices(
        currency=costs.currency,
        staff_hour=costs.staff_hour,
        contact=costs.contact,
        customer_hour=costs.customer_hour,
    )
