"""After a change: did it work? Reads a study, and holds the weeks after a day against what those before foretell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from streamline.contact_answers import nameless
from streamline.errors import InsufficientDataError, ScenarioError, StudyError
from streamline.figure import Chart
from streamline.findings import read_findings
from streamline.foreseen import Estimated, chosen_scenario, estimate_of_before, published_estimate
from streamline.log.event_log import EventLog
from streamline.log.quality import data_quality
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.tracking.effect import Effect
from streamline.measure.tracking.service import TrackedService, track_service
from streamline.output import write_whole
from streamline.plan import Records, linking_of, plain_input, read_records, window_instants, word_template
from streamline.progress import Progress, as_progress
from streamline.provenance import Provenance, version
from streamline.publishing import section_files
from streamline.report.findings.scenario import verdict_sentence
from streamline.report.section import Section
from streamline.report.tables.tracked import effects_frame
from streamline.report.tracked import TrackedAnalysis, tracked_chart, tracked_section, tracked_tables
from streamline.report.wording import iso_days
from streamline.results import Finding, Result
from streamline.study import Scenario, Study, read_study
from streamline.units import DAY, MISSING_TIME, parse_duration

#: Where a section keeps the findings that it was compared with, so that it can be computed again.
GIVEN = "estimate/findings.json"


@dataclass(frozen=True, kw_only=True, repr=False)
class Tracking(Result):
    """Whether a change worked; n counts the cases of the weeks compared, by mean cycle time.

    `table`, one row a measure (cycle_time.mean in days, within_standard as a share, contacts_per_case, arrivals a week): before
    (mean), foretold, observed, change with low and high, verdict, the estimated change, plain_difference of means with
    its interval, drift_per_week, and how many weeks and cases it rests on. `save` writes the section.
    """

    service: TrackedService = field(repr=False)
    section: Section = field(repr=False)
    analysis: TrackedAnalysis = field(repr=False)
    template: bytes | None = field(default=None, repr=False)
    #: The findings.json that held the estimate, as it was read; None where there was none.
    given: bytes | None = field(default=None, repr=False)

    def __getitem__(self, measure: str) -> Effect:
        return self.service[measure]

    @property
    def verdict(self) -> str:
        """The effect on mean cycle time in words, against the estimate where there is one."""
        return self.service.verdict(self.service["cycle_time.mean"])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the section."""
        return self.section.findings

    @property
    def cases(self) -> pd.DataFrame:
        """One row a case: case, arrival, closed, cycle_time_days (NaN when open), stretch of its week."""
        log, series = self.service.log, self.service["cycle_time.mean"].series
        place = np.searchsorted(series.span.edges, log.arrival, side="right") - 1
        inside = (place >= 0) & (place < len(series.week))
        stretch = np.where(series.before, "before", np.where(series.after, "after", "left out"))
        return pd.DataFrame(
            {
                "case": log.case_id_array(),
                "arrival": log.instants(log.arrival),
                "closed": log.closed,
                "cycle_time_days": np.where(log.closed, (log.last_completion - log.arrival) / DAY, np.nan),
                "stretch": np.where(inside, stretch[np.clip(place, 0, len(stretch) - 1)], "left out"),
            }
        )

    def chart(self) -> Chart:
        """Mean cycle time by week, with what was foretold."""
        return tracked_chart(self.service["cycle_time.mean"], self.service)

    def document(self) -> dict[str, Any]:
        """findings.json as Python values."""
        from streamline.report.to_json import findings_document

        log = self.service.log
        return findings_document(
            self.findings, self.analysis.provenance, title=self.section.title, period=iso_days(log), cases=log.n_cases,
            open_cases=int((~log.closed).sum()),
        )  # fmt: skip

    def files(self) -> dict[str, str | bytes]:
        """Every file of the section by its path: text, or the bytes of a document."""
        return dict(self._files)

    @cached_property
    def _files(self) -> dict[str, str | bytes]:
        report = self.analysis.study.report
        return section_files(
            self.section,
            tables=tracked_tables(self.analysis),
            document=self.document(),
            provenance=self.analysis.provenance,
            template=self.template,
            contact=None if report.contact is None else (report.contact.name, report.contact.email),
            beside={} if self.given is None else {GIVEN: (self.given, "the findings made before the change")},
        )

    def save(self, folder: str | Path) -> Path:
        """Write the section in every form, findings, tables, pictures, data.json and provenance, as `PlanSection.save` does."""
        return write_whole(Path(folder), self.files())


def track(
    study: str | Path,
    *,
    since: str | date,
    scenario: str | None = None,
    estimate: str | Path | None = None,
    transition: str | None = None,
    progress: Progress | Callable[[str], None] | None = None,
) -> Tracking:
    """Tell whether a change that was made on a day did what it was to do.

    study : the study file; its records hold the time before and after. since : the day from which the change was in force.
    scenario : which of the study's scenarios was made; by default the signature initiative, else the only one.
    estimate : the findings.json of the section made before; without it, the records of before give the estimate.
    transition : how long after `since` arrivals are left out, such as "8 weeks"; by default the months that the scenario
        takes from its start to its full effect, else the time within which nine of ten of the cases of before are closed.
    progress : called with a few words before each stage.

    What is told is observed minus foretold by the weeks before (level, drift, and season where there are two years of
    them). There is no comparison group: what else changed at about the same time is part of it, and the section says so.

    Returns Tracking. Raises StudyError (also for a day outside the study's window), ScenarioError (no such scenario, or
    no such day), LogError, FileFormatError and InsufficientDataError (too few weeks before or after, with how many are needed).
    """
    path, tell = Path(study), as_progress(progress)
    plan = read_study(path)
    day, length = _day(since), _length(transition)
    made = chosen_scenario(plan, scenario)
    _within_window(plan, path, day)
    given = None if estimate is None else Path(estimate)
    findings = None if given is None else read_findings(given)
    if findings is not None and made is None:
        raise ScenarioError(f"{path.name} has no scenario, so none of the estimates in {given} can be of the change.")
    template = word_template(plan, path)
    records = read_records(plan, path, tell)
    at, first, last = _instants(plan, records.whole, day)
    links, every = _links(plan, records, tell)
    customer = None if plan.contacts is None else plan.contacts.known_by
    log, whole = nameless(records.log, customer), nameless(records.whole, customer)
    options: Any = {
        "since": at, "first": first, "last": last, "links": links, "calendar": records.calendar,
        "standard": parse_duration(plan.standard.cycle_time) if plan.standard else None,
        "transition": _transition(made, length, day, at, whole), "minimum": plan.privacy.minimum_cell,
    }  # fmt: skip
    # whether there are weeks enough is known at once; the estimate takes a while
    tell("comparing the weeks before and after")
    track_service(log, **options)
    if made is None:
        told = Estimated(by_measure={}, words="The study proposes no change, so there is no estimate to compare with.")
    elif findings is not None:
        told = published_estimate(findings, made, since=day, name=str(given))
    else:
        told = estimate_of_before(
            plan, made, whole, since=at, first=window_instants(plan, whole)[0], links=every, calendar=records.calendar,
            progress=tell,
        )  # fmt: skip
    service = track_service(log, **options, foreseen=told.by_measure)
    tell("writing the section")
    return _tracking(plan, records, service, made, told, template=template, given=given, whole=whole,
                     asked={"command": "track", "since": day.isoformat(), **_asked(scenario, transition)})  # fmt: skip


def _tracking(
    plan: Study,
    records: Records,
    service: TrackedService,
    made: Scenario | None,
    told: Estimated,
    *,
    template: bytes | None,
    given: Path | None,
    whole: EventLog,
    asked: dict[str, str],
) -> Tracking:
    """The result with its section."""
    inputs = records.inputs if given is None else (*records.inputs, plain_input("findings", given))
    unfit = () if told.verdict in ("", "fit for decisions") else (verdict_sentence(told.verdict),)
    analysis = TrackedAnalysis(
        study=plan, whole=whole, service=service, scenario=made, name="" if made is None else made.name,
        estimate_from=told.words, estimate_caveats=(*told.caveats, *unfit), quality=data_quality(whole),
        rejects=(*whole.rejects, *(records.contacts.rejects if records.contacts else ())),
        provenance=Provenance(
            inputs=inputs, version=version(), seed=plan.simulation.seed, draws=plan.simulation.draws,
            history=service.log.history, asked=asked,
        ),
    )  # fmt: skip
    section = tracked_section(analysis)
    effect = service["cycle_time.mean"]
    return Tracking(
        recorded=records.log.recorded,
        table=effects_frame(service),
        n=sum(effect.cases),
        excluded=_excluded(service, effect),
        caveats=tuple(dict.fromkeys(c for f in section.findings for c in f.caveats)),
        service=service,
        section=section,
        analysis=analysis,
        template=template,
        given=None if given is None else given.read_bytes(),
    )


def _excluded(service: TrackedService, effect: Effect) -> dict[str, int]:
    """Cases of the log that aren't compared, by reason."""
    s = effect.series
    around = ~s.span.before & ~s.span.after
    recent = ~around & ~s.known
    few = ~around & s.known & ~s.enough
    found = {
        "around the change": int(s.n[around].sum()),
        "not followed long enough": int(s.n[recent].sum()),
        "in weeks of few cases": int(s.n[few].sum()),
    }
    return {**found, "outside whole weeks": service.log.n_cases - sum(effect.cases) - sum(found.values())}


def _day(since: str | date) -> date:
    if isinstance(since, date):
        return since
    try:
        return date.fromisoformat(since)
    except ValueError:
        raise ScenarioError(f"since must be a day such as 2025-08-01; {since!r} isn't.") from None


def _length(transition: str | None) -> float | None:
    """A transition in days."""
    if transition is None:
        return None
    try:
        return parse_duration(transition) / DAY
    except ValueError as error:
        raise ScenarioError(f"transition: {error}") from None


def _asked(scenario: str | None, transition: str | None) -> dict[str, str]:
    return {k: v for k, v in (("scenario", scenario), ("transition", transition)) if v is not None}


def _within_window(plan: Study, path: Path, day: date) -> None:
    """Refuse a day outside the study's window: its cases on the other side of it aren't counted."""
    first, last = plan.window.from_, plan.window.to
    if (first is not None and day <= first) or (last is not None and day > last):
        raise StudyError(
            path.name,
            [
                f"window: the change of {day} doesn't lie within it ({first or 'the beginning'} to {last or 'the end'}), so "
                "cases of before and after aren't both counted; widen the window, or name another day"
            ],
        )


def _instants(plan: Study, whole: EventLog, day: date) -> tuple[int, int, int]:
    """The change, and between which instants weeks are looked at. Raises InsufficientDataError for a day outside the records."""
    midnight = pd.Timestamp(day).tz_localize(whole.timezone, nonexistent="shift_forward", ambiguous=True)
    at = int(midnight.to_datetime64().astype("datetime64[us]").astype(np.int64))
    known = whole.arrival[whole.arrival != MISSING_TIME]
    if len(known) == 0 or not int(known.min()) < at <= whole.observed_until:
        ends = whole.instants(np.array([known.min() if len(known) else 0, whole.observed_until]))
        raise InsufficientDataError(
            f"The change of {day} lies outside the records of {whole.source}, which run from {ends[0]:%Y-%m-%d} to "
            f"{ends[1]:%Y-%m-%d}: there is nothing to compare."
        )
    first, last = window_instants(plan, whole)
    return at, first if first is not None else int(known.min()), min(last or whole.observed_until, whole.observed_until)


def _transition(
    made: Scenario | None, given_days: float | None, day: date, at: int, whole: EventLog
) -> tuple[float, str] | None:
    """Days after the change that are left out, and why so many; None where the records are to say."""
    if given_days is not None:
        return given_days, "as was asked for"
    if made is None or made.ramp_months == 0:
        return None
    full = pd.Timestamp(day) + pd.DateOffset(months=made.ramp_months)
    until = full.tz_localize(whole.timezone, nonexistent="shift_forward", ambiguous=True)
    end = int(until.to_datetime64().astype("datetime64[us]").astype(np.int64))
    return (end - at) / DAY, f"the study says that its full effect comes {made.ramp_months} months after its start"


def _links(plan: Study, records: Records, progress: Progress) -> tuple[LinkedContacts | None, LinkedContacts | None]:
    """Contacts linked to the cases that count, and to all; none where they aren't contacts of customers, or are of too few."""
    if records.contacts is None or plan.contacts is None:
        return None, None
    progress("linking contacts to cases")
    how = linking_of(plan.contacts)
    try:
        read = records.whole if records.read is None else records.read
        links = how.links(records.log, records.contacts, whole=read)
    except InsufficientDataError:
        return None, None
    if links.are != "contacts" or int((links.per_case() > 0).sum()) < plan.privacy.minimum_cell:
        return None, None
    return links, how.links(records.whole, records.contacts, whole=records.read)
