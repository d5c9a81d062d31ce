"""One result of every public function, on the records of the sample agency; each is made once, when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import streamline as sl
from streamline.units import DAY

ROOT = Path(__file__).parents[1]
STANDARD = "45 days"
FEW: dict[str, Any] = {"draws": 20, "seed": 1}


class Sample:
    """The records of the sample agency, a part of them, and what other results are made from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def whole(self) -> sl.EventLog:
        return sl.read_log(
            ROOT / "sample_logs" / "events.csv", case="application", activity="step", start="began",
            complete="finished", resource="worker", channel="channel", attributes=["office", "language"],
            timezone="America/New_York", external=["Information received"], ends=["Issue notice", "Withdrawn"],
        )  # fmt: skip

    @cached_property
    def log(self) -> sl.EventLog:
        """The cases of a third of the year: enough for every measure, few enough for a test."""
        day = pd.Timestamp("2025-05-01", tz="America/New_York").value // 1000
        part = self.whole.arrived_between(None, int(day))
        # an unfiltered log of these cases only, so that the replay takes it as all there is
        from dataclasses import replace

        return replace(part, history=())

    @cached_property
    def contacts(self) -> sl.ContactLog:
        return sl.read_contacts(
            ROOT / "sample_logs" / "calls.csv", case="application", time="called", channel="channel", reason="reason",
            status_reasons=["status"], timezone="America/New_York",
        )  # fmt: skip

    @cached_property
    def feedback(self) -> Any:
        return sl.read_feedback(
            ROOT / "sample_logs" / "survey.csv", case="application", score="score", time="answered", scale=(1, 5)
        )

    @cached_property
    def calendar(self) -> sl.Calendar:
        return sl.Calendar(hours={"mon-fri": "08:00-16:30"}, holidays="US", timezone="America/New_York")

    @cached_property
    def totals(self) -> Any:
        weeks = pd.Series(1, index=pd.to_datetime(self.contacts.to_frame()["time"]).dt.tz_convert(None))
        counts = weeks.resample("W-MON", label="left", closed="left").sum()
        path = self.folder / "totals.csv"
        pd.DataFrame({"week": counts.index.strftime("%Y-%m-%d"), "calls": counts.to_numpy()}).to_csv(path, index=False)
        return sl.read_contact_totals(path, week="week", count="calls", timezone="America/New_York")

    @cached_property
    def rework(self) -> Any:
        return sl.rework_loops(self.log, draws=20)

    @cached_property
    def links(self) -> Any:
        return sl.link_contacts(self.log, self.contacts)

    @cached_property
    def life(self) -> Any:
        return sl.open_life(self.links, standard=STANDARD, draws=20)

    @cached_property
    def model(self) -> Any:
        return sl.fit_replay(self.log, contacts=self.contacts, calendar=self.calendar)

    @cached_property
    def proposals(self) -> list[sl.Proposal]:
        return [
            sl.Proposal(
                name="Quicker reviews", changes=[sl.SpeedUp(activity="Eligibility review", by=0.1)], once=1000.0
            ),
            sl.Proposal(name="Fewer requests", changes=[sl.ReduceRework(through="Request information", by=0.5)]),
        ]

    @cached_property
    def estimate(self) -> Any:
        return sl.estimate(self.model, self.proposals[0].changes, **FEW)


def _releases(s: Sample) -> Any:
    from streamline.measure.waits.path import paths

    return sl.observed_releases(paths(s.log), "Approve decision", calendar=s.calendar)


def _findings(s: Sample) -> Any:
    from streamline.provenance import Provenance, version
    from streamline.report.to_json import findings_document
    from streamline.results import Finding

    mean = Finding(id="baseline.cycle_time.mean", section="baseline", statement="Cases take 8.5 days.", value=8.5,
                   unit="days", n=927, method="mean")  # fmt: skip
    provenance = Provenance(inputs=(), version=version(), seed=1, draws=20)
    document = findings_document((mean,), provenance, title="Sample", period=("2025-01-06", "2025-06-24"), cases=927,
                                 open_cases=0)  # fmt: skip
    path = s.folder / "findings.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return sl.read_findings(path)


def _without_starts(s: Sample) -> Any:
    steps = s.log.to_frame()
    steps.loc[::3, "start"] = pd.NaT
    log = sl.read_log(steps, case="case", activity="activity", start="start", complete="complete", resource="resource")
    return sl.estimated_starts(log, duty=sl.office_duty(log, s.calendar))


def _shifts(s: Sample) -> Any:
    """On fifteen months of cases, one a day, whose review waits twice as long from the middle on."""
    rows = []
    for day in range(450):
        began = pd.Timestamp("2024-01-01 12:00", tz="UTC") + pd.Timedelta(days=day)
        wait = pd.Timedelta(hours=24 + 2 * (day % 5) + 48 * (day > 220))
        rows += [(f"k{day}", "Intake", began, began + pd.Timedelta(hours=1)),
                 (f"k{day}", "Review", began + wait, began + wait + pd.Timedelta(hours=1))]  # fmt: skip
    steps = pd.DataFrame(rows, columns=["case", "activity", "start", "complete"])
    return sl.wait_shifts(sl.read_log(steps, case="case", activity="activity", start="start", complete="complete"))


#: Public function -> its result on the sample.
RECIPES: dict[str, Callable[[Sample], Any]] = {
    "attainment": lambda s: sl.attainment(s.log, standard=STANDARD, every="month"),
    "batches": lambda s: sl.batches(s.log, calendar=s.calendar),
    "bottlenecks": lambda s: sl.bottlenecks(s.log, calendar=s.calendar, draws=20),
    "bottlenecks_by": lambda s: sl.bottlenecks_by(s.log, "office", draws=20),
    "by_group": lambda s: sl.by_group(s.log, draws=20),
    "cases_at_risk": lambda s: sl.cases_at_risk(s.whole, standard=STANDARD),
    "channel_switching": lambda s: sl.channel_switching(s.links, draws=20),
    "conformance": lambda s: sl.conformance(
        s.log, order=[a for a, _ in s.log.to_frame().groupby("activity", sort=False)][:4], draws=20
    ),
    "contact_forecast": lambda s: sl.contact_forecast(sl.link_contacts(s.whole, s.contacts), draws=40),
    "contact_quality": lambda s: sl.contact_quality(s.log, s.contacts),
    "contact_rates": lambda s: sl.contact_rates(s.log, s.contacts, draws=20),
    "contacts_per_case": lambda s: sl.contacts_per_case(s.links, draws=20),
    "cycle_time": lambda s: sl.cycle_time(s.log, standard=STANDARD, draws=20),
    "data_quality": lambda s: sl.data_quality(s.log),
    "directly_follows": lambda s: sl.directly_follows(s.log),
    "estimate": lambda s: s.estimate,
    "estimates": lambda s: sl.estimates(s.model, s.proposals[:1], **FEW)[0],
    "feedback_scores": lambda s: sl.feedback_scores(s.log, s.feedback, draws=20),
    "first_contact_resolution": lambda s: sl.first_contact_resolution(s.links, draws=20),
    "first_passes": lambda s: sl.first_passes(s.log),
    "groups_compared": lambda s: sl.groups_compared(s.log, "office", draws=20),
    "link_contacts": lambda s: s.links,
    "loop_associations": lambda s: sl.loop_associations(s.rework),
    "loop_contacts": lambda s: sl.loop_contacts(s.links, draws=20),
    "loop_graph": lambda s: sl.loop_graph(s.rework),
    "loops_matching": lambda s: sl.loops_matching(s.rework, through="Request information", draws=20),
    "matched_difference": lambda s: sl.matched_difference(s.rework, draws=20),
    "multitasking": lambda s: sl.multitasking(s.log),
    "open_life": lambda s: s.life,
    "outlook_calibration": lambda s: sl.outlook_calibration(
        s.whole, standard=STANDARD, at=[int(s.whole.arrival[1500]) + k * 20 * DAY for k in range(2)]
    ),
    "overdue_contacts": lambda s: sl.overdue_contacts(s.life, draws=20),
    "packages": lambda s: sl.packages(s.model, s.proposals, **FEW),
    "performance_spectrum": lambda s: sl.performance_spectrum(s.log, "Eligibility review", "Quality check"),
    "ping_pong": lambda s: sl.ping_pong(s.log),
    "process_map": lambda s: sl.process_map(s.log),
    "process_model": lambda s: sl.process_model(s.log),
    "queue_over_time": lambda s: sl.queue_over_time(s.log, every="week"),
    "resource_calendars": lambda s: sl.resource_calendars(s.log),
    "resource_pools": lambda s: sl.resource_pools(s.log),
    "resource_work": lambda s: sl.resource_work(s.log),
    "rework_loops": lambda s: s.rework,
    "sensitivity": lambda s: sl.sensitivity(
        s.model, [sl.SpeedUp(activity="Eligibility review", by=0.1, low=0.05, high=0.2)], draws=20
    ),
    "show": lambda s: sl.show(s.log, contacts=s.contacts, calendar=s.calendar, standard=STANDARD),
    "slow_cases": lambda s: sl.slow_cases(s.log),
    "start_error": lambda s: sl.start_error(s.log, duty=sl.office_duty(s.log, s.calendar)),
    "temporal_deviations": lambda s: sl.temporal_deviations(s.log),
    "temporal_profile": lambda s: sl.temporal_profile(s.log),
    "time_to_close": lambda s: sl.time_to_close(s.log),
    "utilisation": lambda s: sl.utilisation(s.log, duty=sl.office_duty(s.log, s.calendar)),
    "value_of": lambda s: sl.value_of(s.estimate, currency="USD", once=1000.0),
    "variants": lambda s: sl.variants(s.log),
    "wait_shifts": _shifts,
    "waiting_by_cause": lambda s: sl.waiting_by_cause(s.log, calendar=s.calendar, draws=20),
    "waits_by_hour_of_week": lambda s: sl.waits_by_hour_of_week(s.log),
    "ways_to_end": lambda s: sl.ways_to_end(s.log),
    "weekly_total_rates": lambda s: sl.weekly_total_rates(s.whole, s.totals, draws=20),
    "why_they_call": lambda s: sl.why_they_call(s.life, draws=20),
}  # fmt: skip

#: Public function -> what it gives instead of a table of numbers: records, or what other functions are given.
#: These have a short line and no chart.
OTHERS: dict[str, Callable[[Sample], Any]] = {
    "estimated_starts": _without_starts,
    "from_pm4py": lambda s: sl.from_pm4py(
        s.log.to_pm4py(), timezone="America/New_York", ends=["Issue notice", "Withdrawn"]
    ),
    "fit_replay": lambda s: s.model,
    "log_summary": lambda s: sl.log_summary(s.log),
    "observed_releases": _releases,
    "office_duty": lambda s: sl.office_duty(s.log, s.calendar),
    "open_log": lambda s: sl.open_log(s.log.save(s.folder / "store")),
    "read_contact_totals": lambda s: s.totals,
    "read_contacts": lambda s: s.contacts,
    "read_feedback": lambda s: s.feedback,
    "read_findings": _findings,
    "read_log": lambda s: s.log,
    "with_work": lambda s: sl.with_work(sl.office_duty(s.log, s.calendar), s.log),
}

#: Public functions whose results are files, studies or a cluster's; each has tests of its own.
ELSEWHERE = {
    "batch": "many", "read_ocel": "log/test_ocel.py", "read_ocel_contacts": "log/test_ocel.py",
    "track": "test_tracking.py", "explore": "notebook/test_explorer.py",
    "partitioned_summary": "as log_summary", "plan_section": "test_plan.py", "read_study": "test_study.py",
    "refresh": "test_renewal.py", "replay_quality": "measure/models", "spark_log": "as read_log",
    "spark_summary": "as log_summary", "spark_work": "scale/test_spark.py", "verify": "test_verification.py",
    "set_progress": "test_progress.py",
}  # fmt: skip


def case_ids(log: sl.EventLog) -> set[str]:
    """The ids of a log's cases."""
    return set(np.asarray(log.case_id_array(), dtype=str).tolist())
