"""Runs a study: read, measure, estimate, write the section. The whole pipeline on one page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.diagnosis import diagnosis
from streamline.errors import InsufficientDataError, ScenarioError, UnknownNameError
from streamline.log.calendar import Calendar
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.feedback_log import FeedbackLog
from streamline.log.quality import data_quality
from streamline.log.read import read_contacts, read_feedback, read_log
from streamline.measure.contact import ContactRates, contact_rates
from streamline.measure.duration import cycle_time
from streamline.measure.feedback import FeedbackScores, feedback_scores
from streamline.measure.flow import directly_follows, process_map, variants
from streamline.measure.groups import by_group
from streamline.measure.loops.association import MIN_CASES
from streamline.measure.loops.rework import rework_loops
from streamline.measure.waits.bottleneck import bottlenecks
from streamline.output import write_whole
from streamline.provenance import InputFile, Provenance, version
from streamline.report.analysis import Analysis
from streamline.report.build import build_section
from streamline.report.published import full_tables
from streamline.report.section import Section
from streamline.report.wording import iso_days
from streamline.results import Finding
from streamline.study import LogPart, Scenario, Study, read_study
from streamline.units import MISSING_TIME, counted
from streamline.whatif.estimate import Prices, ScenarioEstimate, estimate
from streamline.whatif.replay import fit_replay

Progress = Callable[[str], None]

#: Activities on the section's map: more can't be read on a page.
MAP_NODES = 15


def _quiet(message: str) -> None:
    """Says nothing."""


@dataclass(frozen=True, kw_only=True, repr=False)
class PlanSection:
    """The section of a study with everything behind it; `save` writes it."""

    section: Section
    analysis: Analysis = field(repr=False)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the section."""
        return self.section.findings

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The published tables by path, unrounded."""
        return full_tables(self.analysis)

    def document(self) -> dict[str, Any]:
        """findings.json as Python values."""
        from streamline.report.to_json import findings_document

        a = self.analysis
        return findings_document(
            self.findings, a.provenance, title=self.section.title, period=iso_days(a.log),
            cases=a.cycle.n + a.cycle.n_open, open_cases=a.cycle.n_open,
        )  # fmt: skip

    def files(self) -> dict[str, str]:
        """Every file of the section by its path, as text."""
        from streamline.report.to_html import to_html
        from streamline.report.to_json import to_json
        from streamline.report.to_md import to_md

        made = {
            "section.html": to_html(self.section),
            "section.md": to_md(self.section),
            "findings.json": to_json(self.document()),
        }
        made |= {path: frame.to_csv(index=False, lineterminator="\n") for path, frame in self.tables.items()}
        made["provenance.json"] = to_json(
            {
                **self.analysis.provenance.to_dict(),
                "history": list(self.analysis.provenance.history),
                "reading": {i.name: i.reading for i in self.analysis.provenance.inputs},
                "files": {k: hashlib.sha256(v.encode()).hexdigest() for k, v in sorted(made.items())},
            }
        )
        return made

    def __repr__(self) -> str:
        return f"<PlanSection {self.section.title!r}: {len(self.findings)} findings; save(folder) writes it>"

    def save(self, folder: str | Path) -> Path:
        """Write section.html, section.md, findings.json, tables and provenance.json into the folder, as a whole.

        Everything is written beside the folder first and moved in at the end: an interrupted run leaves what was there.
        Raises OutputError when the folder can't be written, or holds files that aren't an earlier section's.
        """
        return write_whole(Path(folder), self.files())

    def _repr_html_(self) -> str:
        from streamline.report.to_html import to_html

        return to_html(self.section)


def plan_section(study: str | Path, *, progress: Progress = _quiet) -> PlanSection:
    """Run the study in this file and build its section.

    progress : called with a short sentence before each stage.
    Raises StudyError, LogError, ScenarioError and InsufficientDataError, each saying what to do.
    """
    path = Path(study)
    plan = read_study(path)
    records = _read(plan, path, progress)
    progress("measuring")
    analysis = _analyse(plan, records, progress)
    progress("writing the section")
    return PlanSection(section=build_section(analysis), analysis=analysis)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Records:
    whole: EventLog
    log: EventLog
    #: Which cases of `whole` are those of `log`.
    in_window: npt.NDArray[np.bool_]
    contacts: ContactLog | None
    feedback: FeedbackLog | None
    calendar: Calendar | None
    inputs: tuple[InputFile, ...]


def _read(plan: Study, path: Path, progress: Progress) -> _Records:
    folder = path.parent
    part = plan.log
    progress(f"reading {part.source}")
    whole = _read_log(part, folder)
    log, in_window = _windowed(plan, whole)
    contacts = feedback = None
    if plan.contacts is not None:
        progress(f"reading {plan.contacts.path}")
        options = plan.contacts.model_dump(exclude={"path"})
        options["timezone"] = options["timezone"] or part.timezone
        contacts = read_contacts(folder / plan.contacts.path, **options)
    if plan.feedback is not None:
        progress(f"reading {plan.feedback.path}")
        kept = {"case", "time", "score", "scale", "missing", "max_rejected", "delimiter", "encoding"}
        feedback = read_feedback(folder / plan.feedback.path, **plan.feedback.model_dump(include=kept))
    calendar = None
    if plan.calendar is not None:
        calendar = plan.calendar.calendar(whole.timezone)
    inputs = [
        InputFile(
            role="study",
            name=path.name,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            rows=0,
            rejected=0,
            reading={},
        )
    ]
    for role, source in (("log", whole), ("contacts", contacts), ("feedback", feedback)):
        if source is not None:
            inputs.append(
                InputFile(
                    role=role,
                    name=source.source,
                    sha256=source.notes.sha256,
                    rows=source.notes.n_rows,
                    rejected=len({r.row for r in source.rejects}),
                    reading=dict(source.notes.reading),
                )
            )
    return _Records(
        whole=whole,
        log=log,
        in_window=in_window,
        contacts=contacts,
        feedback=feedback,
        calendar=calendar,
        inputs=tuple(inputs),
    )


def _read_log(part: LogPart, folder: Path) -> EventLog:
    """The log of a study; its path is relative to the study file."""
    options = part.model_dump(exclude={"path", "spark"})
    if part.path is not None:
        return read_log(folder / part.path, **options)
    from streamline.scale.spark import spark_log

    kept: Any = {k: v for k, v in options.items() if k not in ("delimiter", "encoding")}
    beside = folder / part.source
    return spark_log(str(beside) if beside.exists() else part.source, **kept)


def _windowed(plan: Study, whole: EventLog) -> tuple[EventLog, npt.NDArray[np.bool_]]:
    """The cases that arrived in the study's window, days told in the log's zone, and which of all they are."""
    window = plan.window
    if window.from_ is None and window.to is None:
        return whole, np.ones(whole.n_cases, dtype=np.bool_)

    def midnight(day: Any, *, days: int = 0) -> int | None:
        if day is None:
            return None
        at = (pd.Timestamp(day) + pd.Timedelta(days=days)).tz_localize(whole.timezone, nonexistent="shift_forward")
        return int(at.to_datetime64().astype("datetime64[us]").astype(np.int64))  # to_datetime64 is UTC

    first, last = midnight(window.from_), midnight(window.to, days=1)
    log = whole.arrived_between(first, last)
    if log.n_cases == 0:
        known = whole.instants(whole.arrival[whole.arrival > np.iinfo(np.int64).min])
        raise InsufficientDataError(
            f"No case of {whole.source} arrived in the study's window ({window.from_ or 'the beginning'} to "
            f"{window.to or 'the end'}); its cases arrived from {known.min().date()} to {known.max().date()}."
        )
    inside = whole.arrival != MISSING_TIME
    inside &= (first is None) | (whole.arrival >= (first or 0))
    inside &= (last is None) | (whole.arrival < (last or 0))
    return log, inside


def _analyse(plan: Study, records: _Records, progress: Progress) -> Analysis:
    log, whole, calendar = records.log, records.whole, records.calendar
    seed = plan.simulation.seed
    standard = plan.standard.cycle_time if plan.standard else None
    rates, rates_missing = _rates(records, seed, plan.privacy.minimum_cell)
    if (n_closed := int(log.closed.sum())) < plan.privacy.minimum_cell:
        raise InsufficientDataError(
            f"{log.source} has {counted(n_closed, 'closed case')} in the window, fewer than the {plan.privacy.minimum_cell} "
            "that may be published (privacy: minimum_cell). Widen the window, or name other ends."
        )
    bottleneck = bottlenecks(log, calendar=calendar, seed=seed)
    rework = rework_loops(log, calendar=calendar, staff_hour=plan.costs.staff_hour if plan.costs else None, seed=seed)
    progress("telling why cases wait and come back")
    diagnosed = diagnosis(
        whole,
        log,
        bottlenecks=bottleneck,
        rework=rework,
        in_window=records.in_window,
        calendar=calendar,
        pools=plan.pools,
        standard=standard,
        target=plan.standard.target if plan.standard else None,
        min_cases=max(MIN_CASES, plan.privacy.minimum_cell),
        seed=seed,
    )
    scenarios = _estimates(plan, records, standard, rates is not None, progress)
    return Analysis(
        study=plan,
        log=log,
        whole=whole,
        contacts=records.contacts,
        feedback=records.feedback,
        calendar=calendar,
        quality=data_quality(whole),
        cycle=cycle_time(log, standard=standard, seed=seed),
        bottlenecks=bottleneck,
        rework=rework,
        diagnosis=diagnosed,
        follows=directly_follows(log),
        variants=variants(log),
        process_map=process_map(log, max_nodes=MAP_NODES, min_cases=plan.privacy.minimum_cell),
        channels=None
        if log.channel is None
        else by_group(log, standard=standard, contacts=None if rates is None else rates.exposure, seed=seed),
        rates=rates,
        rates_missing=rates_missing,
        scores=_scores(records, seed),
        scenarios=scenarios,
        provenance=Provenance(
            inputs=records.inputs, version=version(), seed=seed, draws=plan.simulation.draws, history=log.history
        ),
    )


def _rates(records: _Records, seed: int, minimum: int) -> tuple[ContactRates | None, str]:
    """Contact rates, or in words why they can't be told."""
    if records.contacts is None:
        return None, "The study names no contacts."
    try:
        rates = contact_rates(records.log, records.contacts, whole=records.whole, seed=seed)
        asking = len(np.unique(rates.exposure.case))
        if asking < minimum:
            return None, f"Fewer than {minimum} cases have a contact; figures about them are not published."
        return rates, ""
    except InsufficientDataError as error:
        return None, str(error)


def _scores(records: _Records, seed: int) -> FeedbackScores | None:
    return None if records.feedback is None else feedback_scores(records.log, records.feedback, seed=seed)


def _estimates(
    plan: Study, records: _Records, standard: str | None, with_contacts: bool, progress: Progress
) -> tuple[tuple[Scenario, ScenarioEstimate], ...]:
    if not plan.scenarios:
        return ()
    model = fit_replay(
        records.log,
        contacts=records.contacts if with_contacts else None,
        calendar=records.calendar,
        whole=records.whole,
    )
    results = []
    for scenario in plan.scenarios:
        progress(f"estimating “{scenario.name}”")
        try:
            results.append(
                (
                    scenario,
                    estimate(
                        model,
                        scenario.changes,
                        name=scenario.name,
                        standard=standard,
                        prices=_prices(plan, scenario, records.contacts),
                        draws=plan.simulation.draws,
                        seed=plan.simulation.seed,
                    ),
                )
            )
        except (ScenarioError, InsufficientDataError) as error:
            error.args = (f"Scenario {scenario.name!r}: {error}",)
            raise
    return tuple(results)


def _prices(plan: Study, scenario: Scenario, contacts: ContactLog | None) -> Prices | None:
    costs = plan.costs
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
        scenario_per_year=scenario.cost_per_year or 0.0,
    )
