"""Simulates how often the interval of a change holds the truth: Markdown tables on standard output.

The first tables draw weekly series (level, drift, season, noise that lasts from week to week and noise that doesn't), with and
without a change, whose truth is known. The last one runs simulated services (`tests/services`) that are changed on a day, and
holds the interval against the same run without the change: same arrivals, same luck.

    python -m scripts.verify_track [--series 400] [--runs 40] > docs/verification/track.md

from the top of the checkout. Takes an hour of a processor.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from tests.services.figures import SERVICES, arrivals
from tests.services.floor import Case, Step
from tests.services.rosters import DAY, local
from tests.services.switched import run_with_change

import streamline as sl
from streamline.log.event_log import EventLog
from streamline.measure.tracking.effect import Effect
from streamline.measure.tracking.service import TrackedService, track_service
from streamline.stats.foretold import YEAR_WEEKS, Foresight, Weeks, difference_of_means

Float = npt.NDArray[np.float64]

#: Weeks before, left out, after.
LENGTHS = ((26, 8, 6), (40, 8, 10), (52, 8, 13), (104, 8, 26), (156, 8, 26))
#: Correlation of the lasting noise from one week to the next, and its share of the noise.
NOISES = ((0.0, 0.0), (0.3, 1.0), (0.6, 1.0), (0.8, 1.0), (0.9, 0.5), (0.9, 1.0))
#: Change, drift a week and height of the season's wave, in standard deviations of a week's noise.
CHANGE, DRIFT, SEASON = -2.0, 0.03, 1.0
EVIDENCE: list[dict[str, Any]] = [{"kind": "shorten_external", "activity": "Evidence received", "by": 0.4}]


class LongBenefits(SERVICES["benefits"]):  # type: ignore[misc]
    """The same service, and its season, from two years earlier on: its season can be known."""

    first = date(2023, 1, 3)


KINDS = {**SERVICES, "benefits over three years": LongBenefits}
#: The day of the change and what is changed, by service.
CHANGED: dict[str, tuple[date, list[dict[str, Any]]]] = {
    "benefits": (date(2025, 9, 1), EVIDENCE),
    "benefits over three years": (date(2025, 6, 2), EVIDENCE),
    "claims": (date(2025, 9, 1), [{"kind": "reduce_rework", "through": "Answer received", "by": 0.5}]),
    "licences": (date(2025, 9, 22), [{"kind": "shorten_external", "activity": "Applicant responds", "by": 0.5}]),
}
#: Days at the beginning whose arrivals meet empty queues.
WARM_UP = 28


def noise(rng: np.random.Generator, n: int, correlation: float, share: float) -> Float:
    """Weekly noise of variance 1."""
    shock = rng.standard_normal(n)
    lasting = np.empty(n)
    lasting[0] = shock[0]
    for t in range(1, n):
        lasting[t] = correlation * lasting[t - 1] + np.sqrt(1 - correlation**2) * shock[t]
    return np.asarray(np.sqrt(share) * lasting + np.sqrt(1 - share) * rng.standard_normal(n))


def series(n_series: int, season: float) -> Iterator[str]:
    """Coverage by length and noise: of the interval, of Welch's of the plain difference; false and true alarms."""
    yield (
        "| weeks before / left out / after | correlation, lasting share | holds the truth | width | finds the change | finds one "
        "where there is none | plain difference holds the truth |"
    )
    yield "|---|---|--:|--:|--:|--:|--:|"
    for before, gap, after in LENGTHS:
        week = np.concatenate([np.arange(before), before + gap + np.arange(after)])
        n = np.full(len(week), 50.0)
        foresight = Foresight(Weeks(week=week[:before], n=n[:before]), Weeks(week=week[before:], n=n[before:]))
        shape = DRIFT * week + season * np.cos(2 * np.pi * (week + 9) / YEAR_WEEKS)
        for correlation, share in NOISES:
            rng = np.random.default_rng([before, int(100 * correlation), int(100 * share), int(10 * season)])
            held, width, found, false, plain = 0, 0.0, 0, 0, 0
            for _ in range(n_series):
                value = shape + noise(rng, int(week[-1]) + 1, correlation, share)[week]
                null = foresight.level_change(value[:before], value[before:])
                # a change moves value and bounds by as much: one fit tells both
                held += null.low <= 0 <= null.high
                false += not null.low <= 0 <= null.high
                found += null.high + CHANGE < 0
                width += null.high - null.low
                _, low, high = difference_of_means(value[:before], n[:before], value[before:], n[before:])
                plain += low <= 0 <= high
            yield (
                f"| {before} / {gap} / {after} | {correlation}, {share} | {held / n_series:.1%} | {width / n_series:.1f} | "
                f"{found / n_series:.0%} | {false / n_series:.1%} | {plain / n_series:.1%} |"
            )
            print(before, correlation, share, held / n_series, file=sys.stderr, flush=True)


def log_of(name: str, steps: list[Step]) -> EventLog:
    """The records of a run as the library reads them; those after the end of its last day aren't there."""
    kind = KINDS[name]
    until = local(kind.last, "00:00", kind.zone) + DAY
    frame = pd.DataFrame(
        [
            (s.case.id, s.activity, datetime.fromtimestamp(s.began, UTC), datetime.fromtimestamp(s.finished, UTC), s.case.arrival)
            for s in steps
            if s.finished < until
        ],
        columns=["case", "activity", "start", "complete", "arrival"],
    )  # fmt: skip
    frame["arrival"] = pd.to_datetime(frame["arrival"], unit="s", utc=True)
    ends = {"benefits": ["Issue decision"], "claims": ["Pay", "Withdrawn"], "licences": ["Issue licence"]}[kind.name]
    return sl.read_log(
        frame, case="case", activity="activity", start="start", complete="complete", arrival="arrival", timezone=kind.zone,
        ends=[e for e in ends if e in set(frame["activity"])],
    )  # fmt: skip


def true_effect(told: TrackedService, changed: list[Case], usual: list[Case]) -> tuple[float, float]:
    """What the change did to mean cycle time (up to the follow-up) and to the share within the standard, over the weeks after."""
    effect = told["cycle_time.mean"]
    edges = effect.series.span.edges / 1e6
    used = effect.series.after

    def figures(cases: list[Case]) -> tuple[float, float]:
        place = np.searchsorted(edges, [c.arrival for c in cases], side="right") - 1
        inside = [(0 <= p < len(used)) and bool(used[p]) for p in place]
        took = np.array([(c.closed - c.arrival) / DAY for c, mine in zip(cases, inside, strict=True) if mine])
        return float(np.minimum(took, told.follow_up_days).mean()), float((took <= STANDARD).mean())

    was, is_ = figures(usual), figures(changed)
    return is_[0] - was[0], is_[1] - was[1]


#: Days of the standard of all services here.
STANDARD = 15.0


def services(runs: int) -> Iterator[str]:
    """Coverage on simulated services that are changed, and that aren't (placebo), by measure."""
    yield (
        "| service | change | measure | runs | mean true effect | holds the truth | width | called opposite to the truth | "
        "placebo: interval leaves 0 out | placebo: called an effect | plain difference holds the truth |"
    )
    yield "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for name, (day, changes) in CHANGED.items():
        kind = KINDS[name]
        found: dict[str, list[tuple[float, ...]]] = {}
        # a run of three years takes as long as several of one
        for k in range(runs if kind.first.year == 2025 else max(1, 3 * runs // 8)):
            given = arrivals(kind, 500 + k)
            usual, usual_steps = run_with_change(kind, given, [], day, 9000 + k)
            changed, changed_steps = run_with_change(kind, given, changes, day, 9000 + k)
            try:
                told, placebo = (_tracked(name, steps, day) for steps in (changed_steps, usual_steps))
            except sl.InsufficientDataError as error:
                print(name, k, error, file=sys.stderr, flush=True)
                continue
            truth = true_effect(told, changed, usual)
            for measure, true in zip(("cycle_time.mean", "within_standard"), truth, strict=True):
                e, p = told[measure], placebo[measure]
                holds = e.found.low <= true <= e.found.high
                opposite = _called(told, e) and e.found.change * true < 0
                found.setdefault(measure, []).append(
                    (
                        true,
                        e.found.high - e.found.low,
                        holds,
                        opposite,
                        p.clear,
                        _called(placebo, p),
                        e.plain_low <= true <= e.plain_high,
                    )
                )
            print(name, k, truth, told["cycle_time.mean"].found.low, told["cycle_time.mean"].found.high,
                  told.follow_up_days, told["cycle_time.mean"].weeks, file=sys.stderr, flush=True)  # fmt: skip
        for measure, rows in found.items():
            mean = np.array(rows, dtype=np.float64).mean(axis=0)
            yield (
                f"| {name} | {changes[0]['kind']} | {measure} | {len(rows)} | {mean[0]:.2f} | {mean[2]:.0%} | {mean[1]:.2f} | "
                f"{mean[3]:.0%} | {mean[4]:.0%} | {mean[5]:.0%} | {mean[6]:.0%} |"
            )


def _called(told: TrackedService, effect: Effect) -> bool:
    """Whether the section says that there is an effect."""
    return told.verdict(effect) not in ("none that can be told", "can't be told from demand")


def _tracked(name: str, steps: list[Step], day: date) -> TrackedService:
    kind = KINDS[name]
    log = log_of(name, steps)
    first, since, last = (int(1e6 * local(d, "00:00", kind.zone)) for d in (kind.first, day, kind.last))
    return track_service(
        log, since=since, first=first + int(1e6 * WARM_UP * DAY), last=last + int(1e6 * DAY), standard=int(STANDARD * 1e6 * DAY)
    )  # fmt: skip


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--series", type=int, default=400, help="series a row")
    parser.add_argument("--runs", type=int, default=40, help="runs of each service")
    parser.add_argument("--only", choices=("series", "services"))
    given = parser.parse_args(arguments)
    print("# How often the interval of a change holds the truth\n")
    print(
        f"Made by `scripts/verify_track.py`: {given.series:,} series a row (the standard error of a coverage of 95% is "
        f"{100 * (0.95 * 0.05 / given.series) ** 0.5:.1f} points). Noise has variance 1; the change is {CHANGE}, "
        f"the drift {DRIFT} a week.\n"
    )
    if given.only != "services":
        print("## Weekly series with drift and noise\n")
        for line in series(given.series, 0.0):
            print(line, flush=True)
        print(f"\n## The same with a season (a wave of height {SEASON})\n")
        print(
            "Under 104 weeks before no season can be taken out, and the interval can't hold what it doesn't know of.\n"
        )
        for line in series(given.series, SEASON):
            print(line, flush=True)
    if given.only != "series":
        print(f"\n## Services that are changed on a day ({given.runs} runs each)\n")
        print(
            "The truth is the same run without the change, over the same weeks. Records cover 10 to 12 months (and "
            "once three years), so but for that once no season is taken out: the services' own seasons and growing demand are in "
            "the misses. A placebo is the same day without a change.\n"
        )
        for line in services(given.runs):
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
