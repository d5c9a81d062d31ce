"""Everything that a section is written from: the study, the records, and each result."""

from __future__ import annotations

from dataclasses import dataclass

from streamline.diagnosis import Diagnosis
from streamline.log.calendar import Calendar
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.feedback_log import FeedbackLog
from streamline.log.quality import DataQuality
from streamline.log.raw import Reject
from streamline.measure.contact import ContactRates
from streamline.measure.duration import CycleTime
from streamline.measure.feedback import FeedbackScores
from streamline.measure.flow import DirectlyFollows, ProcessMap, Variants
from streamline.measure.groups import Groups
from streamline.measure.loops.rework import ReworkLoops
from streamline.measure.waits.bottleneck import Bottlenecks
from streamline.provenance import Provenance
from streamline.study import Scenario, Study
from streamline.whatif.estimate import ScenarioEstimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The results of one study; `log` holds the counted cases, `whole` all that were read."""

    study: Study
    log: EventLog
    whole: EventLog
    contacts: ContactLog | None
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
    rates: ContactRates | None
    #: Why contacts could not be told by state, where they could not.
    rates_missing: str
    scores: FeedbackScores | None
    scenarios: tuple[tuple[Scenario, ScenarioEstimate], ...]
    provenance: Provenance

    @property
    def minimum_cell(self) -> int:
        """Groups of fewer cases are not published."""
        return self.study.privacy.minimum_cell

    @property
    def rejects(self) -> tuple[Reject, ...]:
        """All rows set aside, of all inputs."""
        return (
            *self.whole.rejects,
            *(self.contacts.rejects if self.contacts else ()),
            *(self.feedback.rejects if self.feedback else ()),
        )
