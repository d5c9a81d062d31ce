"""Everything that a section is written from: the study, the records, and each result."""

from __future__ import annotations

from dataclasses import dataclass

from streamline.contact_answers import ContactAnswers
from streamline.diagnosis import Diagnosis
from streamline.log.calendar import Calendar
from streamline.log.contact_log import ContactLog
from streamline.log.contact_totals import ContactTotals
from streamline.log.event_log import EventLog
from streamline.log.feedback_log import FeedbackLog
from streamline.log.quality import DataQuality
from streamline.log.raw import Reject
from streamline.measure.compared import GroupsCompared
from streamline.measure.contacts.weekly_totals import WeeklyTotalRates
from streamline.measure.duration import CycleTime
from streamline.measure.feedback import FeedbackScores
from streamline.measure.flow import DirectlyFollows, ProcessMap, Variants
from streamline.measure.groups import Groups
from streamline.measure.loops.rework import ReworkLoops
from streamline.measure.waits.bottleneck import Bottlenecks
from streamline.proposals import Proposed
from streamline.provenance import Provenance
from streamline.results import Estimate
from streamline.study import Scenario, Study
from streamline.whatif.estimate import ScenarioEstimate
from streamline.whatif.validate import Validation


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The results of one study; `log` holds the counted cases, `whole` all that were read."""

    study: Study
    log: EventLog
    whole: EventLog
    contacts: ContactLog | None
    #: Numbers of contacts by week, where the study has these instead.
    totals: ContactTotals | None
    feedback: FeedbackLog | None
    calendar: Calendar | None
    quality: DataQuality
    cycle: CycleTime
    bottlenecks: Bottlenecks
    rework: ReworkLoops
    diagnosis: Diagnosis
    follows: DirectlyFollows
    variants: Variants
    process_map: ProcessMap
    channels: Groups | None
    #: Offices, or what else the study compares its cases by.
    compared: GroupsCompared | None
    answers: ContactAnswers | None
    weekly: WeeklyTotalRates | None
    #: Why weekly totals could not be told by state, where they could not.
    totals_missing: str
    scores: FeedbackScores | None
    #: What the study proposes, estimated; None without scenarios.
    proposed: Proposed | None
    provenance: Provenance
    #: A few open cases were left out, too few for their number to be published.
    few_open: bool = False

    @property
    def scenarios(self) -> tuple[tuple[Scenario, ScenarioEstimate], ...]:
        """Each scenario with its estimate."""
        return () if self.proposed is None else tuple((s.scenario, s.estimate) for s in self.proposed.scenarios)

    @property
    def validation(self) -> Validation | None:
        """How well the replay behind the scenarios reproduces the service; None without scenarios."""
        return None if self.proposed is None else self.proposed.validation

    @property
    def minimum_cell(self) -> int:
        """Groups of fewer cases are not published."""
        return self.study.privacy.minimum_cell

    @property
    def contacts_per_case(self) -> Estimate | None:
        """Contacts per case, where the records tell it; see `contacts_by_customers` for whose they are."""
        if self.answers is not None and self.answers.per_case is not None:
            return self.answers.per_case.per_case
        return None if self.weekly is None else self.weekly.per_case

    @property
    def contacts_by_customers(self) -> bool:
        """Whether the records of contacts look like contacts of customers about their cases."""
        return self.weekly is not None or (self.answers is not None and self.answers.of_customers)

    @property
    def rejects(self) -> tuple[Reject, ...]:
        """All rows set aside, of all inputs."""
        return (
            *self.whole.rejects,
            *(self.contacts.rejects if self.contacts else ()),
            *(self.totals.rejects if self.totals else ()),
            *(self.feedback.rejects if self.feedback else ()),
        )
