"""Runs a study: read, measure, estimate, write the section. The whole pipeline on one page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.contact_answers import ContactAnswers, Linking, contact_answers, nameless
from streamline.diagnosis import diagnosis
from streamline.errors import InsufficientDataError, StudyError
from streamline.log.calendar import Calendar
from streamline.log.contact_log import ContactLog
from streamline.log.contact_totals import ContactTotals, read_contact_totals
from streamline.log.database import beside
from streamline.log.event_log import EventLog
from streamline.log.feedback_log import FeedbackLog
from streamline.log.quality import data_quality
from streamline.log.read import read_contacts, read_feedback, read_log
from streamline.measure.compared import groups_compared
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.contacts.weekly_totals import WeeklyTotalRates, weekly_total_rates
from streamline.measure.duration import cycle_time
from streamline.measure.feedback import FeedbackScores, feedback_scores
from streamline.measure.flow import directly_follows, process_map, variants
from streamline.measure.groups import by_group
from streamline.measure.loops.association import MIN_CASES
from streamline.measure.loops.rework import rework_loops
from streamline.measure.waits.bottleneck import bottlenecks
from streamline.output import write_whole
from streamline.progress import Progress, in_charge
from streamline.proposals import proposed
from streamline.provenance import InputFile, Provenance, version
from streamline.publishing import section_files
from streamline.report.analysis import Analysis
from streamline.report.build import build_section
from streamline.report.published import full_tables
from streamline.report.section import Section
from streamline.report.wording import iso_days
from streamline.results import Finding
from streamline.study import LogPart, Study, read_study
from streamline.study_contacts import ContactsPart
from streamline.units import MISSING_TIME, counted

#: Activities on the section's map: more can't be read on a page.
MAP_NODES = 15
#: What of a study's contacts the readers take.
_OF_TOTALS = {"timezone", "date_format", "missing", "max_rejected", "delimiter", "encoding", "query", "table"}
_OF_CONTACTS = {
    *_OF_TOTALS, "case", "time", "channel", "reason", "status_reasons", "customer", "outcome", "abandoned", "duplicates",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, repr=False)
class PlanSection:
    """The section of a study with everything behind it; `save` writes it."""

    section: Section
    analysis: Analysis = field(repr=False)
    #: The Word document whose styles the section takes; None takes plain ones.
    template: bytes | None = field(default=None, repr=False)

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
            cases=a.cycle.n + a.cycle.n_open, open_cases=None if a.few_open else a.cycle.n_open,
        )  # fmt: skip

    def files(self) -> dict[str, str | bytes]:
        """Every file of the section by its path: text, or the bytes of a document."""
        return dict(self._files)

    @cached_property
    def _files(self) -> dict[str, str | bytes]:
        report = self.analysis.study.report
        return section_files(
            self.section,
            tables=self.tables,
            document=self.document(),
            provenance=self.analysis.provenance,
            template=self.template,
            contact=None if report.contact is None else (report.contact.name, report.contact.email),
        )

    def __repr__(self) -> str:
        return f"<PlanSection {self.section.title!r}: {len(self.findings)} findings; save(folder) writes it>"

    def save(self, folder: str | Path) -> Path:
        """Write the section (HTML, Word, PDF, Markdown), findings, tables, pictures, data.json and provenance, as a whole.

        Everything is written beside the folder first and moved in at the end: an interrupted run leaves what was there.
        Raises OutputError when the folder can't be written, or holds files that aren't an earlier section's.
        """
        return write_whole(Path(folder), self.files())

    def _repr_html_(self) -> str:
        from streamline.report.to_html import to_html

        return to_html(self.section)


def plan_section(study: str | Path, *, progress: Progress | Callable[[str], None] | None = None) -> PlanSection:
    """Run the study in this file and build its section.

    progress : called with a few words before each stage; a `Progress` is told of the steps within a stage as well.
    Raises StudyError, LogError, ScenarioError and InsufficientDataError, each saying what to do.
    """
    path = Path(study)
    plan = read_study(path)
    template = word_template(plan, path)
    with in_charge(progress) as tell:
        records = read_records(plan, path, tell)
        tell("measuring")
        analysis = _analyse(plan, records, tell)
        tell("writing the section")
        return PlanSection(section=build_section(analysis), analysis=analysis, template=template)


def word_template(plan: Study, path: Path) -> bytes | None:
    """The Word document whose styles the section takes, read before anything is computed."""
    if plan.report.template is None:
        return None
    file = path.parent / plan.report.template
    try:
        content = file.read_bytes()
    except OSError as error:
        raise StudyError(path.name, [f"report.template: {file} can't be read: {error.strerror}"]) from error
    from streamline.report.to_docx import check_template

    check_template(content, name=str(file))
    return content


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What a study names, read."""

    whole: EventLog
    log: EventLog
    #: Which cases of `whole` are those of `log`.
    in_window: npt.NDArray[np.bool_]
    #: Whether a few open cases were left out, too few for their number to be published.
    few_open: bool
    #: Then every case that was read, those few among them: contacts about them are about a case.
    read: EventLog | None
    contacts: ContactLog | None
    totals: ContactTotals | None
    feedback: FeedbackLog | None
    calendar: Calendar | None
    inputs: tuple[InputFile, ...]


def read_records(plan: Study, path: Path, progress: Progress) -> Records:
    """Read every file that a study names; their paths are relative to the study file."""
    folder = path.parent
    part = plan.log
    progress(f"reading {part.source}")
    whole = _without_sensitive(plan, _read_log(part, folder))
    log, in_window = _windowed(plan, whole)
    few_open, read = in_window & ~whole.closed, None
    if 0 < few_open.sum() < plan.privacy.minimum_cell:
        # every total would tell how many they are beside the closed ones
        read, whole = (
            whole,
            whole.select(~few_open, because=f"fewer than {plan.privacy.minimum_cell} open cases are left out"),
        )
        log, in_window = _windowed(plan, whole)
    feedback = None
    contacts, totals = _read_contacts(plan.contacts, folder, part.timezone, progress)
    if plan.feedback is not None:
        progress(f"reading {plan.feedback.path}")
        kept = {"case", "time", "score", "scale", "missing", "max_rejected", "delimiter", "encoding", "query", "table"}
        feedback = read_feedback(beside(folder, plan.feedback.path), **plan.feedback.model_dump(include=kept))
    calendar = None
    if plan.calendar is not None:
        calendar = plan.calendar.calendar(whole.timezone)
    inputs = [plain_input("study", path)]
    if plan.report.template is not None:
        inputs.append(plain_input("template", folder / plan.report.template))
    for role, source in (("log", whole), ("contacts", contacts or totals), ("feedback", feedback)):
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
    return Records(
        whole=whole,
        log=log,
        in_window=in_window,
        few_open=read is not None,
        read=read,
        contacts=contacts,
        totals=totals,
        feedback=feedback,
        calendar=calendar,
        inputs=tuple(inputs),
    )


def plain_input(role: str, file: Path) -> InputFile:
    """An input that holds no records."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return InputFile(role=role, name=file.name, sha256=digest, rows=0, rejected=0, reading={})


def _read_contacts(
    part: ContactsPart | None, folder: Path, timezone: str | None, progress: Progress
) -> tuple[ContactLog | None, ContactTotals | None]:
    """The contacts of a study, or their weekly totals; times without an offset are of the log's zone unless said."""
    if part is None:
        return None, None
    progress(f"reading {part.path}")
    options = part.model_dump(include=_OF_TOTALS if part.are_totals else _OF_CONTACTS)
    options["timezone"] = options["timezone"] or timezone
    week = part.week or part.time
    if part.count is not None and week is not None:
        return None, read_contact_totals(beside(folder, part.path), week=week, count=part.count, **options)
    return read_contacts(beside(folder, part.path), **options), None


def _read_log(part: LogPart, folder: Path) -> EventLog:
    """The log of a study; its path is relative to the study file."""
    options = part.model_dump(exclude={"path", "spark"})
    if part.path is not None:
        return read_log(beside(folder, part.path), **options)
    from streamline.scale.spark import spark_log

    kept: Any = {k: v for k, v in options.items() if k not in ("delimiter", "encoding", "query", "table")}
    there = folder / part.source
    return spark_log(str(there) if there.exists() else part.source, **kept)


def _without_sensitive(plan: Study, log: EventLog) -> EventLog:
    """The log without the attributes that the study names as sensitive; a customer's id among them still links contacts."""
    known_by = None if plan.contacts is None else plan.contacts.known_by
    return log.without_attributes([name for name in plan.privacy.sensitive if name != known_by])


def _windowed(plan: Study, whole: EventLog) -> tuple[EventLog, npt.NDArray[np.bool_]]:
    """The cases that arrived in the study's window, days told in the log's zone, and which of all they are."""
    window = plan.window
    if window.from_ is None and window.to is None:
        return whole, np.ones(whole.n_cases, dtype=np.bool_)
    first, last = window_instants(plan, whole)
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


def window_instants(plan: Study, whole: EventLog) -> tuple[int | None, int | None]:
    """The first instant of the study's window, and the first one after it, in the log's zone; None where it has no end."""

    def midnight(day: Any, *, days: int = 0) -> int | None:
        if day is None:
            return None
        at = (pd.Timestamp(day) + pd.Timedelta(days=days)).tz_localize(whole.timezone, nonexistent="shift_forward")
        return int(at.to_datetime64().astype("datetime64[us]").astype(np.int64))  # to_datetime64 is UTC

    return midnight(plan.window.from_), midnight(plan.window.to, days=1)


def _analyse(plan: Study, records: Records, progress: Progress) -> Analysis:
    log, whole, calendar = records.log, records.whole, records.calendar
    seed = plan.simulation.seed
    standard = plan.standard.cycle_time if plan.standard else None
    answers = _answers(plan, records, standard, progress)
    weekly, totals_missing = _weekly(plan, records, seed)
    # what says whose case it is has told the contacts' cases, and is told nowhere itself
    customer = None if plan.contacts is None else plan.contacts.known_by
    log, whole = nameless(log, customer), nameless(whole, customer)
    records = replace(records, log=log, whole=whole)
    links = None if answers is None else answers.links
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
    estimable = answers.all_links if answers is not None and _estimable(answers) else None
    estimated = proposed(
        plan, log=log, whole=whole, links=estimable, calendar=calendar, contacts=records.contacts, progress=progress
    )
    return Analysis(
        study=plan,
        log=log,
        whole=whole,
        contacts=records.contacts,
        totals=records.totals,
        feedback=records.feedback,
        calendar=calendar,
        quality=data_quality(whole if _many_more(whole, log, plan.privacy.minimum_cell) else log),
        cycle=cycle_time(log, standard=standard, seed=seed),
        bottlenecks=bottleneck,
        rework=rework,
        diagnosis=diagnosed,
        follows=directly_follows(log),
        variants=variants(log),
        process_map=process_map(log, max_nodes=MAP_NODES, min_cases=plan.privacy.minimum_cell),
        channels=None if log.channel is None else by_group(log, standard=standard, contacts=links, seed=seed),
        compared=None
        if plan.compare is None
        else groups_compared(log, plan.compare, min_cases=max(MIN_CASES, plan.privacy.minimum_cell), seed=seed),
        answers=answers,
        weekly=weekly,
        totals_missing=totals_missing,
        scores=_scores(records, links, seed),
        proposed=estimated,
        provenance=Provenance(
            inputs=records.inputs, version=version(), seed=seed, draws=plan.simulation.draws, history=log.history
        ),
        few_open=records.few_open,
    )


def _many_more(whole: EventLog, log: EventLog, few: int) -> bool:
    """Whether the numbers of all cases can be told beside those of the counted ones: none outside the window, or enough."""
    return not 0 < whole.n_cases - log.n_cases < few


def _answers(plan: Study, records: Records, standard: str | None, progress: Progress) -> ContactAnswers | None:
    """What contacts tell; nothing but their quality where they are about too few cases to be published."""
    if records.contacts is None or plan.contacts is None:
        return None
    progress("telling why customers get in touch")
    part = plan.contacts
    found = contact_answers(
        records.whole,
        records.log,
        records.contacts,
        linking=linking_of(part),
        standard=standard,
        seed=plan.simulation.seed,
        read=records.read,
    )
    few = plan.privacy.minimum_cell
    return found.with_few_cases(few) if found.links and found.n_asking < few else found


def linking_of(part: ContactsPart) -> Linking:
    """How the contacts of a study find their cases."""
    return Linking(
        customer=part.known_by,
        ambiguous="share" if part.ambiguous == "shared" else "leave",
        redial_rate=part.redial_rate,
        closed_days=part.closed_days,
        requests=part.requests,
        covers=None if part.covers is None else part.covers.dates,
    )


def _weekly(plan: Study, records: Records, seed: int) -> tuple[WeeklyTotalRates | None, str]:
    """Rates from weekly totals, or in words why they can't be told."""
    if records.totals is None or plan.contacts is None:
        return None, ""
    first, last = window_instants(plan, records.whole)
    try:
        return weekly_total_rates(
            records.whole, records.totals, closed_days=plan.contacts.closed_days, first=first, last=last, seed=seed
        ), ""
    except InsufficientDataError as error:
        return None, str(error)


def _estimable(answers: ContactAnswers) -> bool:
    """Whether contacts of scenarios can be estimated: those of customers, of whose cases some are on record as a whole."""
    return answers.rates is not None and answers.of_customers and answers.per_case is not None


def _scores(records: Records, links: LinkedContacts | None, seed: int) -> FeedbackScores | None:
    if records.feedback is None:
        return None
    return feedback_scores(records.log, records.feedback, links=links, seed=seed)
