"""streamline: where the time of an agency's cases goes, and what a change would do.

Loads the events of cases and the contacts about them, measures where the time goes, which loops send work back and
what makes customers call, estimates what proposed changes would do, and writes the quantitative section of a
streamlining strategy. Start with `read_log`, or with `plan_section("study.yaml")`.

Names load their modules when they are first used, so that importing this package takes no time and no side effect.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamline.errors import (
        DataQualityError,
        FileFormatError,
        InsufficientDataError,
        LogError,
        MissingColumnError,
        MissingDependencyError,
        OutputError,
        ScenarioError,
        StreamlineError,
        StudyError,
        TimestampError,
        UnknownNameError,
        UnsupportedChangeError,
    )
    from streamline.findings import Findings, read_findings
    from streamline.log.calendar import Calendar
    from streamline.log.contact_log import ContactLog
    from streamline.log.contact_totals import read_contact_totals
    from streamline.log.duty import Duty, office_duty, with_work
    from streamline.log.event_log import EventLog
    from streamline.log.exchange import from_pm4py
    from streamline.log.ocel import read_ocel, read_ocel_contacts
    from streamline.log.quality import data_quality
    from streamline.log.read import read_contacts, read_feedback, read_log
    from streamline.log.store import open_log
    from streamline.many.run import batch
    from streamline.measure.compared import groups_compared
    from streamline.measure.contacts.exposure import open_life
    from streamline.measure.contacts.forecast import contact_forecast
    from streamline.measure.contacts.linking import link_contacts
    from streamline.measure.contacts.loop_contacts import loop_contacts
    from streamline.measure.contacts.overdue import overdue_contacts
    from streamline.measure.contacts.per_case import contacts_per_case
    from streamline.measure.contacts.quality import contact_quality
    from streamline.measure.contacts.rates import contact_rates
    from streamline.measure.contacts.reasons import why_they_call
    from streamline.measure.contacts.repeats import first_contact_resolution
    from streamline.measure.contacts.switching import channel_switching
    from streamline.measure.contacts.weekly_totals import weekly_total_rates
    from streamline.measure.duration import cycle_time
    from streamline.measure.feedback import feedback_scores
    from streamline.measure.flow import directly_follows, process_map, variants
    from streamline.measure.groups import by_group
    from streamline.measure.loops.association import loop_associations
    from streamline.measure.loops.graph import loop_graph
    from streamline.measure.loops.handover import ping_pong
    from streamline.measure.loops.matching import matched_difference
    from streamline.measure.loops.passes import first_passes, loops_matching
    from streamline.measure.loops.rework import rework_loops
    from streamline.measure.models.conformance import conformance, replay_quality
    from streamline.measure.models.process_model import process_model
    from streamline.measure.slow import slow_cases
    from streamline.measure.staff.availability import resource_calendars
    from streamline.measure.staff.multitasking import multitasking
    from streamline.measure.staff.pools import resource_pools
    from streamline.measure.staff.start_times import estimated_starts, start_error
    from streamline.measure.staff.utilisation import utilisation
    from streamline.measure.staff.work import resource_work
    from streamline.measure.standards.endings import time_to_close, ways_to_end
    from streamline.measure.standards.outlook import cases_at_risk, outlook_calibration
    from streamline.measure.standards.standard import attainment
    from streamline.measure.summaries.summary import LogSummary, log_summary
    from streamline.measure.waits.batch_rules import BatchRule
    from streamline.measure.waits.batching import batches
    from streamline.measure.waits.bottleneck import bottlenecks
    from streamline.measure.waits.bottleneck_by import bottlenecks_by
    from streamline.measure.waits.path import ConcurrencyRule
    from streamline.measure.waits.queue import queue_over_time
    from streamline.measure.waits.releases import observed_releases
    from streamline.measure.waits.shift import wait_shifts
    from streamline.measure.waits.spectrum import performance_spectrum
    from streamline.measure.waits.temporal_profile import temporal_deviations, temporal_profile
    from streamline.measure.waits.timing import waits_by_hour_of_week
    from streamline.measure.waits.waiting import waiting_by_cause
    from streamline.notebook.explore import explore
    from streamline.notebook.overview import show
    from streamline.plan import plan_section
    from streamline.progress import Progress, set_progress
    from streamline.renewal import refresh
    from streamline.results import Estimate, Finding
    from streamline.scale.partition import partitioned_summary
    from streamline.scale.spark import spark_log, spark_summary, spark_work
    from streamline.study import read_study
    from streamline.tracking import track
    from streamline.verification import verify
    from streamline.whatif.change import (
        AddCapacity,
        Automate,
        ChangeDemand,
        ChangeHours,
        Divert,
        ExpressLane,
        Notify,
        PoolResources,
        ReduceRework,
        Release,
        RemoveStep,
        RunInParallel,
        SelfService,
        ShortenExternal,
        SpeedUp,
    )
    from streamline.whatif.estimate import Proposal, estimate, estimates
    from streamline.whatif.packages import packages
    from streamline.whatif.prices import CustomerTime, Prices
    from streamline.whatif.replay import fit_replay
    from streamline.whatif.sensitivity import sensitivity
    from streamline.whatif.value import Terms, value_of

_HOMES = {
    "errors": (
        "DataQualityError", "FileFormatError", "InsufficientDataError", "LogError", "MissingColumnError",
        "MissingDependencyError", "OutputError", "ScenarioError", "StreamlineError", "StudyError", "TimestampError",
        "UnknownNameError", "UnsupportedChangeError",
    ),
    "findings": ("Findings", "read_findings"),
    "log.calendar": ("Calendar",),
    "log.contact_log": ("ContactLog",),
    "log.contact_totals": ("read_contact_totals",),
    "log.duty": ("Duty", "office_duty", "with_work"),
    "log.event_log": ("EventLog",),
    "log.exchange": ("from_pm4py",),
    "log.ocel": ("read_ocel", "read_ocel_contacts"),
    "log.quality": ("data_quality",),
    "log.read": ("read_contacts", "read_feedback", "read_log"),
    "log.store": ("open_log",),
    "many.run": ("batch",),
    "measure.staff.availability": ("resource_calendars",),
    "measure.waits.releases": ("observed_releases",),
    "measure.waits.batch_rules": ("BatchRule",),
    "measure.waits.batching": ("batches",),
    "measure.waits.bottleneck": ("bottlenecks",),
    "measure.waits.bottleneck_by": ("bottlenecks_by",),
    "measure.models.conformance": ("conformance", "replay_quality"),
    "measure.contacts.exposure": ("open_life",),
    "measure.contacts.forecast": ("contact_forecast",),
    "measure.contacts.linking": ("link_contacts",),
    "measure.contacts.loop_contacts": ("loop_contacts",),
    "measure.contacts.overdue": ("overdue_contacts",),
    "measure.contacts.per_case": ("contacts_per_case",),
    "measure.contacts.quality": ("contact_quality",),
    "measure.contacts.rates": ("contact_rates",),
    "measure.contacts.reasons": ("why_they_call",),
    "measure.contacts.repeats": ("first_contact_resolution",),
    "measure.contacts.switching": ("channel_switching",),
    "measure.contacts.weekly_totals": ("weekly_total_rates",),
    "measure.duration": ("cycle_time",),
    "measure.standards.endings": ("time_to_close", "ways_to_end"),
    "measure.feedback": ("feedback_scores",),
    "measure.flow": ("directly_follows", "process_map", "variants"),
    "measure.compared": ("groups_compared",),
    "measure.groups": ("by_group",),
    "measure.loops.handover": ("ping_pong",),
    "measure.loops.association": ("loop_associations",),
    "measure.loops.graph": ("loop_graph",),
    "measure.loops.matching": ("matched_difference",),
    "measure.staff.multitasking": ("multitasking",),
    "measure.standards.outlook": ("cases_at_risk", "outlook_calibration"),
    "measure.loops.passes": ("first_passes", "loops_matching"),
    "measure.waits.path": ("ConcurrencyRule",),
    "measure.staff.pools": ("resource_pools",),
    "measure.models.process_model": ("process_model",),
    "measure.waits.queue": ("queue_over_time",),
    "measure.loops.rework": ("rework_loops",),
    "measure.waits.shift": ("wait_shifts",),
    "measure.slow": ("slow_cases",),
    "measure.waits.spectrum": ("performance_spectrum",),
    "measure.standards.standard": ("attainment",),
    "measure.staff.start_times": ("estimated_starts", "start_error"),
    "measure.summaries.summary": ("LogSummary", "log_summary"),
    "measure.waits.temporal_profile": ("temporal_deviations", "temporal_profile"),
    "measure.waits.timing": ("waits_by_hour_of_week",),
    "measure.staff.utilisation": ("utilisation",),
    "measure.waits.waiting": ("waiting_by_cause",),
    "measure.staff.work": ("resource_work",),
    "notebook.explore": ("explore",),
    "notebook.overview": ("show",),
    "plan": ("plan_section",),
    "progress": ("Progress", "set_progress"),
    "renewal": ("refresh",),
    "results": ("Estimate", "Finding"),
    "scale.partition": ("partitioned_summary",),
    "scale.spark": ("spark_log", "spark_summary", "spark_work"),
    "study": ("read_study",),
    "tracking": ("track",),
    "verification": ("verify",),
    "whatif.change": (
        "AddCapacity", "Automate", "ChangeDemand", "ChangeHours", "Divert", "ExpressLane", "Notify", "PoolResources",
        "ReduceRework", "Release", "RemoveStep", "RunInParallel", "SelfService", "ShortenExternal", "SpeedUp",
    ),
    "whatif.estimate": ("Proposal", "estimate", "estimates"),
    "whatif.packages": ("packages",),
    "whatif.prices": ("CustomerTime", "Prices"),
    "whatif.replay": ("fit_replay",),
    "whatif.sensitivity": ("sensitivity",),
    "whatif.value": ("Terms", "value_of"),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AddCapacity",
    "Automate",
    "BatchRule",
    "Calendar",
    "ChangeDemand",
    "ChangeHours",
    "ConcurrencyRule",
    "ContactLog",
    "CustomerTime",
    "DataQualityError",
    "Divert",
    "Duty",
    "Estimate",
    "EventLog",
    "ExpressLane",
    "FileFormatError",
    "Finding",
    "Findings",
    "InsufficientDataError",
    "LogError",
    "LogSummary",
    "MissingColumnError",
    "MissingDependencyError",
    "Notify",
    "OutputError",
    "PoolResources",
    "Prices",
    "Progress",
    "Proposal",
    "ReduceRework",
    "Release",
    "RemoveStep",
    "RunInParallel",
    "ScenarioError",
    "SelfService",
    "ShortenExternal",
    "SpeedUp",
    "StreamlineError",
    "StudyError",
    "Terms",
    "TimestampError",
    "UnknownNameError",
    "UnsupportedChangeError",
    "attainment",
    "batch",
    "batches",
    "bottlenecks",
    "bottlenecks_by",
    "by_group",
    "cases_at_risk",
    "channel_switching",
    "conformance",
    "contact_forecast",
    "contact_quality",
    "contact_rates",
    "contacts_per_case",
    "cycle_time",
    "data_quality",
    "directly_follows",
    "estimate",
    "estimated_starts",
    "estimates",
    "explore",
    "feedback_scores",
    "first_contact_resolution",
    "first_passes",
    "fit_replay",
    "from_pm4py",
    "groups_compared",
    "link_contacts",
    "log_summary",
    "loop_associations",
    "loop_contacts",
    "loop_graph",
    "loops_matching",
    "matched_difference",
    "multitasking",
    "observed_releases",
    "office_duty",
    "open_life",
    "open_log",
    "outlook_calibration",
    "overdue_contacts",
    "packages",
    "partitioned_summary",
    "performance_spectrum",
    "ping_pong",
    "plan_section",
    "process_map",
    "process_model",
    "queue_over_time",
    "read_contact_totals",
    "read_contacts",
    "read_feedback",
    "read_findings",
    "read_log",
    "read_ocel",
    "read_ocel_contacts",
    "read_study",
    "refresh",
    "replay_quality",
    "resource_calendars",
    "resource_pools",
    "resource_work",
    "rework_loops",
    "sensitivity",
    "set_progress",
    "show",
    "slow_cases",
    "spark_log",
    "spark_summary",
    "spark_work",
    "start_error",
    "temporal_deviations",
    "temporal_profile",
    "time_to_close",
    "track",
    "utilisation",
    "value_of",
    "variants",
    "verify",
    "wait_shifts",
    "waiting_by_cause",
    "waits_by_hour_of_week",
    "ways_to_end",
    "weekly_total_rates",
    "why_they_call",
    "with_work",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from streamline.provenance import version

        return version()
    if name not in _HOME_OF:
        raise AttributeError(f"module 'streamline' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"streamline.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
