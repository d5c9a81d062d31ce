"""Writes the sample agency's files again, byte for byte, from its seed.

    python sample_logs/generate.py [--seed 20250106] [--output DIR]           events, calls, survey, truth
    python sample_logs/generate.py --truth [--seed 20250106] [--output DIR]   scenario_truth.json

The service and its parameters are in agency.py. `--truth` reads the scenarios of study.yaml and measures what
each really does, ten times over with the same arrivals: half a minute; the plain command takes a second.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from agency import (
    APPROVE,
    DAY,
    INTAKE,
    NOTICE,
    QUALITY,
    RECEIVE,
    REPLY,
    REQUEST,
    REVIEW,
    WITHDRAWN,
    Application,
    Calendar,
    Changes,
    Parameters,
    Simulation,
    Step,
    Stream,
    instant,
    steps_by_case,
)
from customers import Contact, ContactModel, applications, survey_answer

HERE = Path(__file__).resolve().parent
SEED = 20250106
REPETITIONS = 10
EVENT_COLUMNS = (*("application", "step", "began", "finished", "worker", "channel", "office", "language", "household"),)
#: What is wrong with the records, on purpose; rows are drawn at random, none is hit twice.
BLEMISHES = {
    "duplicate_rows": 12,
    "rows_without_worker": 5,
    "finish_before_start": 3,
    "unreadable_dates": 2,
    "label_variants": 6,
}
IMPOSSIBLE_DATE, NO_DATE, VARIANT = "2025-02-30T10:00:00-05:00", "n/a", "Intake Check"
ABOUT_TRUTH = (
    "The parameters of the simulation (explained in agency.py) and what this very log shows. Times are in "
    "days on the clock from 'Receive application' to the end ('Issue notice' or 'Withdrawn'), over closed "
    "cases; exact duplicate rows count once. What the scenarios do is in scenario_truth.json."
)
ABOUT_SCENARIOS = (
    "Expected figures over the cases received in the study's window, all run to their end: [mean, "
    f"standard error] of {REPETITIONS} runs with this log's arrivals and fresh service times, returns, "
    "replies and contacts. reduce_rework prevents its share of the returns (each chance is scaled); a release "
    "'every 14:00' lets in what waits on each working day at 14:00; other changes act as the study says, "
    "at their main values. calls_per_case counts every contact, also before the arrival, after the "
    "decision and without a case id. staff_hours_per_case is working time. minus_as_is is the difference "
    "from as_is in the same run, which shares each case's draws."
)

Row = list[str]


@dataclass(frozen=True)
class World:
    """The service run once to its end, from which the records are cut."""

    p: Parameters
    seed: int
    who: list[Application]
    steps: dict[int, list[Step]]
    contacts: list[Contact]


def world(p: Parameters, *, seed: int, run: int = 0, changes: Changes | None = None) -> World:
    """Run the service. The arrivals depend on `seed` only, all other chance on `seed` and `run`."""
    who = applications(p, seed)
    steps = steps_by_case(Simulation(p, who, seed=seed, run=run, changes=changes).run())
    model = ContactModel(p, seed=seed, run=run)
    contacts = [contact for one in who for contact in model.contacts(one, steps[one.number])]
    return World(p, seed, who, steps, contacts)


def label(number: int) -> str:
    return f"H{number:05d}"


def local(p: Parameters, at: int) -> str:
    """An instant as local time with its offset."""
    return datetime.fromtimestamp(at, ZoneInfo(p.timezone)).isoformat()


def log_end(p: Parameters) -> int:
    return instant(p.log_end.date(), p.log_end.time(), ZoneInfo(p.timezone))


def event_rows(w: World) -> list[Row]:
    """What the records hold at the log's end, before blemishes: by finish; the unfinished last, by start."""
    end, rows = log_end(w.p), []
    for one in w.who:
        for turn, step in enumerate(w.steps[one.number]):
            if step.start > end:
                continue
            finished = step.finish <= end
            order = (not finished, step.finish if finished else step.start, one.number, turn)
            times = [local(w.p, step.start), local(w.p, step.finish) if finished else ""]
            about = [one.channel, one.office, one.language, one.household]
            rows.append((order, [label(one.number), step.activity, *times, step.worker, *about]))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def blemished(rows: list[Row], seed: int) -> list[Row]:
    """The rows with the faults of `BLEMISHES`. Receipts and ends keep their true times."""
    stream, taken, rows = Stream(seed, "blemishes"), set[int](), [list(row) for row in rows]

    def pick(count: int, eligible: list[int]) -> list[int]:
        free, chosen = [k for k in eligible if k not in taken], list[int]()
        for _ in range(count):
            chosen.append(free.pop(int(stream.uniform() * len(free))))
        taken.update(chosen)
        return chosen

    edge = {RECEIVE, REPLY, NOTICE, WITHDRAWN}
    staffed = [k for k, row in enumerate(rows) if row[3] and row[1] not in edge]
    for k in pick(BLEMISHES["rows_without_worker"], staffed):
        rows[k][4] = ""
    for k in pick(BLEMISHES["finish_before_start"], [k for k in staffed if rows[k][2][:10] == rows[k][3][:10]]):
        rows[k][2:4] = rows[k][3], rows[k][2]
    for k in pick(1, [k for k in staffed if "2025-02-26" < rows[k][3] < "2025-03-01"]):
        rows[k][2] = IMPOSSIBLE_DATE
    for k in pick(1, staffed):
        rows[k][3] = NO_DATE
    for k in pick(BLEMISHES["label_variants"], [k for k in staffed if rows[k][1] == INTAKE]):
        rows[k][1] = VARIANT
    doubled = set(pick(BLEMISHES["duplicate_rows"], [k for k, row in enumerate(rows) if row[3]]))
    return [row for k, row in enumerate(rows) for _ in range(1 + (k in doubled))]


def call_rows(w: World) -> list[Row]:
    """The contacts up to the log's end, by time."""
    kept = sorted((c for c in w.contacts if c.at <= log_end(w.p)), key=lambda c: (c.at, c.case))
    return [[label(c.case) if c.linked else "", local(w.p, c.at), c.channel, c.reason] for c in kept]


def survey_rows(w: World) -> list[Row]:
    """The survey's answers up to the log's end, by time."""
    given = ((one.number, survey_answer(w.p, one, w.steps[one.number], seed=w.seed)) for one in w.who)
    kept = sorted((answer, number) for number, answer in given if answer and answer[0] <= log_end(w.p))
    return [[label(number), local(w.p, at), str(score)] for (at, score), number in kept]


def done(steps: Sequence[Step], activity: str) -> int:
    return sum(step.activity == activity for step in steps)


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def quantile(values: Sequence[float], share: float) -> float:
    """Linear between the neighbouring values, as numpy and pandas do it by default."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def in_window(p: Parameters, one: Application) -> bool:
    zone = ZoneInfo(p.timezone)
    first, after = p.window[0], p.window[1] + timedelta(days=1)
    return instant(first, time(0), zone) <= one.arrival < instant(after, time(0), zone)


def cycle_figures(p: Parameters, days: Sequence[float]) -> dict[str, float]:
    return {
        "mean_days": round(mean(days), 6),
        "median_days": round(quantile(days, 0.5), 6),
        "p90_days": round(quantile(days, 0.9), 6),
        "within_standard": round(mean([d <= p.standard_days for d in days]), 6),
    }


def realised(w: World, who: list[Application]) -> dict[str, Any]:
    """What the records of these cases show at the log's end; whoever reads the CSV files can compute each."""
    p, end = w.p, log_end(w.p)
    ended = {one.number: w.steps[one.number] for one in who if w.steps[one.number][-1].finish <= end}
    days = [(ended[one.number][-1].finish - one.arrival) / DAY for one in who if one.number in ended]
    numbers = {one.number for one in who}
    contacts = [c for c in w.contacts if c.at <= end and c.linked and c.case in numbers]
    return {
        "cases": len(who),
        "closed": len(ended),
        "open": len(who) - len(ended),
        "withdrawn": sum(steps[-1].activity == WITHDRAWN for steps in ended.values()),
        **cycle_figures(p, days),
        "share_of_closed_with_request_for_information": round(
            mean([done(steps, REQUEST) > 0 for steps in ended.values()]), 6
        ),
        "share_of_closed_with_second_eligibility_review": round(
            mean([done(steps, REVIEW) > 1 for steps in ended.values()]), 6
        ),
        "linked_contacts_per_case": round(len(contacts) / len(who), 6),
    }


def truth(w: World, events: list[Row], calls: list[Row], survey: list[Row]) -> dict[str, Any]:
    """The parameters, and this very log's figures."""
    p = w.p
    parameters = json.loads(json.dumps(asdict(p), default=lambda value: value.isoformat()))
    ran = [step for steps in w.steps.values() for step in steps]
    first, last = instant(p.window[0], time(0), ZoneInfo(p.timezone)), log_end(p)
    calendar = Calendar(p, p.staff_hours)
    hours = sum(
        close - begin
        for begin, close in zip(calendar.opens, calendar.closes, strict=True)
        if begin >= first and close <= last
    )
    return {
        "what": ABOUT_TRUTH,
        "seed": w.seed,
        "parameters": parameters,
        "realised": {
            "all": {
                **realised(w, w.who),
                "event_rows": len(events),
                "unfinished_steps": sum(row[3] == "" for row in events),
                "contacts": len(calls),
                "contacts_without_case": sum(row[0] == "" for row in calls),
                "contacts_per_case": round(len(calls) / len(w.who), 6),
                "status_share": round(mean([row[3] == "status" for row in calls]), 6),
                "contacts_by_channel": dict(sorted(Counter(row[2] for row in calls).items())),
                "cases_by_channel": dict(sorted(Counter(one.channel for one in w.who).items())),
                "survey_answers": len(survey),
                "survey_mean_score": round(mean([int(row[2]) for row in survey]), 6),
            },
            "window": realised(w, [one for one in w.who if in_window(p, one)]),
        },
        "utilisation": {
            "what": "Working time of the steps begun from the window's first day to the log's end, "
            "as a share of the pool's staff hours.",
            **{
                pool: round(
                    sum(s.work for s in ran if s.worker.startswith(pool) and first <= s.start < last) / hours / staff,
                    6,
                )
                for pool, staff in p.staff.items()
            },
        },
        "blemishes": BLEMISHES,
    }


def seconds_of(text: str) -> int:
    number, unit = text.split()
    return round(float(number) * {"second": 1, "minute": 60, "hour": 3600, "day": DAY}[unit.rstrip("s")])


def changes_of(scenario: dict[str, Any]) -> Changes:
    """A scenario of the study, with its main values, as changes to the simulation."""
    made = Changes()
    for change in scenario["changes"]:
        kind, activity = change["kind"], change.get("activity", "")
        if kind == "reduce_rework":
            head = INTAKE if change.get("through") == REQUEST else QUALITY
            if head == QUALITY and (change["from"], change["to"]) != (QUALITY, REVIEW):
                raise ValueError(f"no such loop in this agency: {change}")
            made.loops_cut[head] = change["by"]
        elif kind == "speed_up":
            made.service_factor[activity] = 1 - change["by"]
        elif kind == "automate":
            made.automated_seconds[activity] = seconds_of(change["to"])
        elif kind == "remove_step":
            made.removed_share[activity] = change["share"]
        elif kind == "shorten_external" and activity == REPLY:
            made = replace(made, reply_factor=1 - change["by"])
        elif kind == "release" and activity == APPROVE:
            made = replace(made, release=((0, 1, 2, 3, 4), time.fromisoformat(change["every"])))
        else:
            raise ValueError(f"the simulation has no change of kind {kind!r} for {activity!r}")
    return made


def outcome(w: World) -> dict[str, float]:
    """The figures of the window's cases, each run to its end."""
    who = [one for one in w.who if in_window(w.p, one)]
    numbers = {one.number for one in who}
    steps = [step for number in numbers for step in w.steps[number]]
    figures = cycle_figures(w.p, [(w.steps[one.number][-1].finish - one.arrival) / DAY for one in who])
    return {
        "cases": len(who),
        **figures,
        "calls_per_case": sum(c.case in numbers for c in w.contacts) / len(who),
        "staff_hours_per_case": sum(step.work for step in steps) / 3600 / len(who),
        "steps_per_case": len(steps) / len(who),
    }


def with_error(values: Sequence[float]) -> list[float]:
    """[mean, standard error of the mean]."""
    middle = mean(values)
    variance = math.fsum((v - middle) ** 2 for v in values) / (len(values) - 1)
    return [round(middle, 6), round(math.sqrt(variance / len(values)), 6)]


def scenario_truth(p: Parameters, *, seed: int, study: Path) -> dict[str, Any]:
    """What each scenario of the study does, over repetitions that share arrivals and each case's draws."""
    plans = {"as_is": Changes()}
    for scenario in yaml.safe_load(study.read_text(encoding="utf-8"))["scenarios"]:
        plans[scenario["name"].lower().replace(" ", "_")] = changes_of(scenario)
    runs: dict[str, list[dict[str, float]]] = {}
    for name, changes in plans.items():
        print(f"{name}: {REPETITIONS} runs", file=sys.stderr)
        runs[name] = [outcome(world(p, seed=seed, run=n, changes=changes)) for n in range(1, REPETITIONS + 1)]
    base = runs["as_is"]
    return {
        "what": ABOUT_SCENARIOS,
        "seed": seed,
        "window": [day.isoformat() for day in p.window],
        "scenarios": {
            name: {measure: with_error([one[measure] for one in made]) for measure in base[0]}
            for name, made in runs.items()
        },
        "minus_as_is": {
            name: {
                measure: with_error([a[measure] - b[measure] for a, b in zip(made, base, strict=True)])
                for measure in base[0]
            }
            for name, made in runs.items()
            if name != "as_is"
        },
    }


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_json(path: Path, value: dict[str, Any]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def generate(output: Path, *, seed: int = SEED) -> None:
    """Write events.csv, calls.csv, survey.csv and truth.json."""
    w = world(Parameters(), seed=seed)
    events, calls, survey = blemished(event_rows(w), seed), call_rows(w), survey_rows(w)
    write_csv(output / "events.csv", EVENT_COLUMNS, events)
    write_csv(output / "calls.csv", ("application", "called", "channel", "reason"), calls)
    write_csv(output / "survey.csv", ("application", "answered", "score"), survey)
    write_json(output / "truth.json", truth(w, events, calls, survey))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write the sample agency's files again from their seed.")
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s, the shipped files' own")
    parser.add_argument("--output", type=Path, default=HERE, help="an existing folder; default: this script's own")
    parser.add_argument("--truth", action="store_true", help="measure the scenarios instead (half a minute)")
    options = parser.parse_args(arguments)
    if not options.output.is_dir():
        parser.error(f"no folder {options.output}; make it first")
    if options.truth:
        found = scenario_truth(Parameters(), seed=options.seed, study=HERE / "study.yaml")
        write_json(options.output / "scenario_truth.json", found)
    else:
        generate(options.output, seed=options.seed)


if __name__ == "__main__":
    main()
