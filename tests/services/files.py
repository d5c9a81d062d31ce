"""The files of a simulated service: events.csv.gz, calls.csv.gz, study.yaml and truth.json."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from .figures import (
    SERVICES,
    Changes,
    Records,
    arrivals,
    changes,
    figures,
    instants,
    measured,
    records,
    repetitions_of,
    slug,
)
from .service import Service

HERE = Path(__file__).parent
#: How each service writes its times: local with the offset, UTC, local without it.
CLOCKS: dict[str, Callable[[float, ZoneInfo], str]] = {
    "benefits": lambda at, zone: datetime.fromtimestamp(int(at), zone).isoformat(),
    "licences": lambda at, zone: datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "claims": lambda at, zone: datetime.fromtimestamp(int(at), zone).strftime("%Y-%m-%d %H:%M:%S"),
}


def study_text(name: str) -> str:
    """The study of a service, as it stands beside it."""
    return (HERE / f"{name}.yaml").read_text(encoding="utf-8")


def changes_by_scenario(name: str) -> dict[str, Changes]:
    """as_is, without any change, and the scenarios of the study by the slug of their names."""
    named = {slug(s["name"]): s["changes"] for s in yaml.safe_load(study_text(name))["scenarios"]}
    return {"as_is": [], **named}


def write(name: str, folder: Path, *, seed: int, repetitions: int, processes: int = 1) -> None:
    """Write the service's folder: the records of one run, the study, and the truth over the repetitions."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = SERVICES[name]
    run = records(kind, arrivals(kind, seed), [], 1000 * seed + 100)
    write_records(kind, folder, run)
    runs = repetitions_of(name, changes_by_scenario(name), seed=seed, repetitions=repetitions, processes=processes)
    truth = {
        "what": _what(kind, repetitions),
        "observed": observed(kind, run),
        "scenarios": figures(runs),
        "changes": changes(runs),
    }
    (folder / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


def write_records(kind: type[Service], folder: Path, run: Records) -> None:
    """Write the log, the calls and the study alone."""
    name, zone, clock = kind.name, ZoneInfo(kind.zone), CLOCKS[kind.name]
    log = yaml.safe_load(study_text(name))["log"]
    _, steps, made = run
    until = log_end(kind)
    traits = tuple(log.get("attributes", ()))
    received = (log["arrival"],) if "arrival" in log else ()
    _write_csv(
        folder / "events.csv.gz",
        (*(log[k] for k in ("case", "activity", "start", "complete", "resource", "channel")), *received, *traits),
        (
            (
                *(s.case.id, s.activity, clock(s.began, zone), clock(s.finished, zone), s.who, s.case.channel),
                *(clock(s.case.arrival, zone) for _ in received),
                *(s.case.traits[t] for t in traits),
            )
            for s in steps
            if s.finished < until
        ),
    )
    _write_csv(
        folder / "calls.csv.gz",
        (log["case"], "called", "channel", "reason"),
        ((c.case.id if c.linked else "", clock(c.at, zone), c.channel, c.reason) for c in made if c.at < until),
    )
    (folder / "study.yaml").write_text(study_text(name), encoding="utf-8")


def log_end(kind: type[Service]) -> float:
    """The instant at which the log ends; infinity where everybody is served to the end."""
    if kind.log_ends is None:
        return float("inf")
    return instants(kind, (kind.log_ends, kind.log_ends))[0]


def observed(kind: type[Service], run: Records) -> dict[str, float]:
    """What this very log shows, over the closed cases."""
    return measured(kind, run, seen_until=log_end(kind))


def _what(kind: type[Service], repetitions: int) -> str:
    first, last = kind.window
    cut = (
        ""
        if kind.log_ends is None
        else f" The log ends with {kind.log_ends - timedelta(days=1)}: `observed` has the closed cases, the truth all of them."
    )
    return (
        f"Expected figures over the cases received from {first} to {last}, given this log's arrivals, over {repetitions} "
        "repetitions: [mean, standard error]. Times in days of elapsed time from arrival to the last completion; "
        f"within_{kind.standard_days} is the share closed within {kind.standard_days} days; contacts counted include "
        f"the {kind.habits.unlinked:.0%} that carry no case id; touches are steps per case. `observed` is what this very "
        f"log shows; `changes` are those from as_is, repetition by repetition.{cut}"
    )


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Packed without the time of day, so that the same rows are the same bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
        packed.write(text.getvalue().encode())
