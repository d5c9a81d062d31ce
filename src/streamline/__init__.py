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
    from streamline.log.calendar import Calendar
    from streamline.log.contact_log import ContactLog
    from streamline.log.event_log import EventLog
    from streamline.log.quality import data_quality
    from streamline.log.read import read_contacts, read_feedback, read_log
    from streamline.log.store import open_log
    from streamline.measure.bottleneck import bottlenecks
    from streamline.measure.contact import contact_rates
    from streamline.measure.duration import cycle_time
    from streamline.measure.feedback import feedback_scores
    from streamline.measure.flow import directly_follows, process_map, variants
    from streamline.measure.groups import by_group
    from streamline.measure.path import ConcurrencyRule
    from streamline.measure.rework import rework_loops
    from streamline.measure.summary import LogSummary, log_summary
    from streamline.measure.work import resource_work
    from streamline.plan import plan_section
    from streamline.results import Estimate, Finding
    from streamline.scale.partition import partitioned_summary
    from streamline.scale.spark import spark_log, spark_summary, spark_work
    from streamline.study import read_study
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
    from streamline.whatif.estimate import Prices, estimate
    from streamline.whatif.replay import fit_replay

_HOMES = {
    "errors": (
        "DataQualityError", "FileFormatError", "InsufficientDataError", "LogError", "MissingColumnError",
        "MissingDependencyError", "OutputError", "ScenarioError", "StreamlineError", "StudyError", "TimestampError",
        "UnknownNameError", "UnsupportedChangeError",
    ),
    "log.calendar": ("Calendar",),
    "log.contact_log": ("ContactLog",),
    "log.event_log": ("EventLog",),
    "log.quality": ("data_quality",),
    "log.read": ("read_contacts", "read_feedback", "read_log"),
    "log.store": ("open_log",),
    "measure.bottleneck": ("bottlenecks",),
    "measure.contact": ("contact_rates",),
    "measure.duration": ("cycle_time",),
    "measure.feedback": ("feedback_scores",),
    "measure.flow": ("directly_follows", "process_map", "variants"),
    "measure.groups": ("by_group",),
    "measure.path": ("ConcurrencyRule",),
    "measure.rework": ("rework_loops",),
    "measure.summary": ("LogSummary", "log_summary"),
    "measure.work": ("resource_work",),
    "plan": ("plan_section",),
    "results": ("Estimate", "Finding"),
    "scale.partition": ("partitioned_summary",),
    "scale.spark": ("spark_log", "spark_summary", "spark_work"),
    "study": ("read_study",),
    "whatif.change": (
        "AddCapacity", "Automate", "ChangeDemand", "ChangeHours", "Divert", "ExpressLane", "Notify", "PoolResources",
        "ReduceRework", "Release", "RemoveStep", "RunInParallel", "SelfService", "ShortenExternal", "SpeedUp",
    ),
    "whatif.estimate": ("Prices", "estimate"),
    "whatif.replay": ("fit_replay",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AddCapacity",
    "Automate",
    "Calendar",
    "ChangeDemand",
    "ChangeHours",
    "ConcurrencyRule",
    "ContactLog",
    "DataQualityError",
    "Divert",
    "Estimate",
    "EventLog",
    "ExpressLane",
    "FileFormatError",
    "Finding",
    "InsufficientDataError",
    "LogError",
    "LogSummary",
    "MissingColumnError",
    "MissingDependencyError",
    "Notify",
    "OutputError",
    "PoolResources",
    "Prices",
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
    "TimestampError",
    "UnknownNameError",
    "UnsupportedChangeError",
    "bottlenecks",
    "by_group",
    "contact_rates",
    "cycle_time",
    "data_quality",
    "directly_follows",
    "estimate",
    "feedback_scores",
    "fit_replay",
    "log_summary",
    "open_log",
    "partitioned_summary",
    "plan_section",
    "process_map",
    "read_contacts",
    "read_feedback",
    "read_log",
    "read_study",
    "resource_work",
    "rework_loops",
    "spark_log",
    "spark_summary",
    "spark_work",
    "variants",
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
