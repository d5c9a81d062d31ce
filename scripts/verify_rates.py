"""Simulates contacts whose rates are known, and counts how often each estimator's 95% interval holds the truth.

A Markdown document on standard output; 500 runs a row, so the standard error of a coverage of 95% is 1 point.
Takes some minutes: `python scripts/verify_rates.py > docs/verification/rates.md`.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from streamline.stats.aggregate_rates import aggregate_rates
from streamline.stats.fixed_effects import fixed_effects_rates
from streamline.stats.negative_binomial import negative_binomial_rates
from streamline.stats.net_demand import net_demand
from streamline.stats.observed_rates import observed_rates
from streamline.stats.poisson_rates import pooled_rates
from streamline.stats.rate_choice import chosen_rates
from streamline.stats.rate_model import RateModel
from streamline.stats.repeats import new_demand, repeats
from streamline.stats.stretches import Factor, Stretches, design_of

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Interval = tuple[float, float, float]

RUNS = 500
#: The rate after 20 days over the rate before, and of one channel over the other: what is to be found.
WAITING, CHANNEL = 2.0, 1.5
TURN = 20.0
#: The rate within three days of a contact over the rate on other days of the same case.
AFTER_A_CONTACT, SOON = 3.0, 3.0
RARE = 0.002


class Setting(NamedTuple):
    """How contacts come about."""

    name: str
    n_cases: int
    #: Correlation of the log propensity of a caller with the log duration of the case.
    related: float
    #: Contacts that each contact brings with it at once, on average.
    burst: float = 0.0


SETTINGS = (
    Setting("propensity unrelated to duration", 800, 0.0),
    Setting("propensity goes with duration", 800, 0.9),
    Setting("propensity goes a little with duration", 800, 0.2),
    Setting("unrelated, contacts in bursts", 800, 0.0, 0.5),
    Setting("goes with duration, contacts in bursts", 800, 0.9, 0.5),
    Setting("unrelated, few cases", 150, 0.0),
    Setting("goes with duration, few cases", 150, 0.9),
)


def people(rng: np.random.Generator, setting: Setting) -> tuple[Float, Float, Int64]:
    """(days that each case is open: lognormal, median 20; propensity: lognormal, mean 1; channel)."""
    both = rng.standard_normal((2, setting.n_cases))
    own = setting.related * both[0] + np.sqrt(1 - setting.related**2) * both[1]
    return np.exp(3 + 0.8 * both[0]), np.exp(0.8 * own - 0.32), rng.integers(0, 2, setting.n_cases)


def simulated(rng: np.random.Generator, setting: Setting) -> Stretches:
    """Two stretches a case, before and after day 20, in one of two channels."""
    duration, propensity, channel = people(rng, setting)
    days = np.column_stack([np.minimum(duration, TURN), np.maximum(duration - TURN, 0.0)]).ravel()
    band = np.tile([0, 1], setting.n_cases)
    rate = 0.02 * np.repeat(propensity * CHANNEL**channel, 2) * WAITING**band
    contacts = rng.poisson(rate * days / (1 + setting.burst))
    contacts += rng.poisson(setting.burst * contacts)
    return Stretches(
        case=np.repeat(np.arange(setting.n_cases), 2),
        days=days,
        contacts=contacts,
        factors=(
            Factor(name="band", levels=("to day 20", "later"), codes=band, reference=0),
            Factor(name="channel", levels=("online", "mail"), codes=np.repeat(channel, 2), reference=0),
        ),
    )


def of(model: RateModel, factor: str) -> Interval:
    ratios = model.ratios(factor)
    return float(ratios.ratio[1]), float(ratios.low[1]), float(ratios.high[1])


def ratios_of_waiting(rng: np.random.Generator, setting: Setting) -> dict[str, Interval]:
    """The ratio of waiting by each estimator; the channel's by the chosen one."""
    design = design_of(simulated(rng, setting))
    choice = chosen_rates(design)
    return {
        "pooled Poisson": of(choice.pooled, "band"),
        "negative binomial by stretch": of(negative_binomial_rates(design)[0], "band"),
        "negative binomial by case": of(negative_binomial_rates(design, by="case")[0], "band"),
        "fixed effects": of(choice.fixed_effects, "band"),
        "the chosen one": of(choice.model, "band"),
        "the chosen one, channel": of(choice.model, "channel"),
    }


def excited(rng: np.random.Generator, setting: Setting) -> tuple[Stretches, float]:
    """(stretches with a factor "recent"; share of contacts that no earlier one led to). Contacts one by one, day by day."""
    duration, propensity, channel = people(rng, setting)
    rows: list[tuple[int, float, int, int, int, int]] = []
    led = total = 0
    for case in range(setting.n_cases):
        base = 0.02 * propensity[case] * CHANNEL ** channel[case]
        most = base * WAITING * AFTER_A_CONTACT
        end = duration[case]
        at = np.sort(rng.uniform(0, end, rng.poisson(most * end)))
        taken: list[float] = []
        for time, mark in zip(at, rng.uniform(0, most, len(at)), strict=True):
            plain = base * WAITING ** (time > TURN)
            soon = bool(taken) and time - taken[-1] <= SOON
            if mark < plain * AFTER_A_CONTACT**soon:
                led += mark >= plain
                total += 1
                taken.append(time)
        for band, (first, last) in enumerate(((0.0, min(end, TURN)), (TURN, end))):
            if last <= first:
                continue
            recent = n_recent = 0.0
            n = sum(first < t <= last for t in taken)
            for before, then in pairwise([*taken, np.inf]):
                recent += max(min(before + SOON, then, last) - max(before, first), 0.0)
                n_recent += then - before <= SOON and first < then <= last
            rows.append((case, last - first - recent, int(n - n_recent), band, int(channel[case]), 0))
            rows.append((case, recent, int(n_recent), band, int(channel[case]), 1))
    columns = list(zip(*rows, strict=True))
    case_of, band_of, channel_of, soon_of = (np.array(columns[i], dtype=np.int64) for i in (0, 3, 4, 5))
    stretches = Stretches(
        case=case_of,
        days=np.array(columns[1]),
        contacts=np.array(columns[2], dtype=np.int64),
        factors=(
            Factor(name="band", levels=("to day 20", "later"), codes=band_of, reference=0),
            Factor(name="channel", levels=("online", "mail"), codes=channel_of, reference=0),
            Factor(name="recent", levels=("no", "yes"), codes=soon_of, reference=0, moved_by_contacts=True),
        ),
    )
    return stretches, 1 - led / total


@cache
def true_net(setting: Setting) -> float:
    """The share of contacts that no earlier one led to, over 80,000 cases."""
    rng = np.random.default_rng(1)
    return float(excited(rng, setting._replace(n_cases=80_000))[1])


def ratios_of_repeats(rng: np.random.Generator, setting: Setting) -> dict[str, Interval]:
    """The ratio after a contact by each estimator, and the share of demand net of redials."""
    found = repeats(excited(rng, setting)[0], recent="recent")
    return {
        "pooled Poisson": found.pooled_ratio,
        "negative binomial by case": found.ratio,
        "demand net of redials": found.net_share,
    }


def ratios_of_new_demand(rng: np.random.Generator, setting: Setting) -> dict[str, Interval]:
    """The ratio of waiting where contacts lead to contacts: of all, of those not soon after another, and of net demand."""
    stretches = excited(rng, setting)[0]
    all_, new = stretches.of_factors(["band", "channel"]), new_demand(stretches, recent="recent")
    choice = chosen_rates(net_demand(stretches, recent="recent"))
    return {
        "all contacts, pooled": of(pooled_rates(all_), "band"),
        "all contacts, fixed effects": of(fixed_effects_rates(all_), "band"),
        "all contacts, negative binomial by case with the flag": of(
            negative_binomial_rates(stretches, by="case")[0], "band"
        ),
        "new demand, pooled": of(pooled_rates(new), "band"),
        "new demand, fixed effects": of(fixed_effects_rates(new), "band"),
        "net demand, pooled": of(choice.pooled, "band"),
        "net demand, the chosen one": of(choice.model, "band"),
    }


def rare_rates(rng: np.random.Generator, setting: Setting) -> dict[str, Interval]:
    """A rate met in few contacts: about 1 and 6 of them a run, callers differing (gamma, spread 1)."""
    result = {}
    for share in (0.02, 0.1):
        n = int(setting.n_cases * share)
        days = rng.exponential(40.0, n)
        contacts = rng.poisson(RARE * rng.gamma(1.0, 1.0, n) * days)
        none = np.zeros(n, dtype=np.int64)
        stretches = Stretches(
            case=np.arange(n), days=days, contacts=contacts, factors=(Factor(name="all", levels=("all",), codes=none),)
        )
        for spread in (0.0, 1.0):
            found = observed_rates(stretches, "all", spread=spread)
            result[f"plain rate, {RARE * 40 * n:.0f} contacts expected, spread told as {spread:g}"] = (
                float(found.rate[0]), float(found.low[0]), float(found.high[0]),
            )  # fmt: skip
    return result


def weekly_rates(rng: np.random.Generator, weeks: int, carried: float) -> dict[str, Interval]:
    """Weekly calls on open days of two states, with errors of which a share goes on from week to week."""
    level = 3000 + 800 * np.sin(np.arange(weeks) / 8)
    days = np.column_stack([level * rng.uniform(0.5, 0.9, weeks), level * rng.uniform(0.2, 0.5, weeks)])
    error, noise = np.empty(weeks), rng.normal(0, 8, weeks)
    error[0] = noise[0]
    for w in range(1, weeks):
        error[w] = carried * error[w - 1] + np.sqrt(1 - carried**2) * noise[w]
    calls = rng.poisson(np.maximum(days @ np.array([0.02, 0.04]) + error, 0))
    found = aggregate_rates(calls, days, ("review", "decision"))
    ratio = 1 / 0.02
    return {
        "weekly totals, rate over the true one": (
            float(found.rate[0] * ratio), float(found.low[0] * ratio), float(found.high[0] * ratio),
        )
    }  # fmt: skip


class Experiment(NamedTuple):
    """One simulation with its truths by name of the estimator; other names have the first truth."""

    title: str
    setting: str
    run: Callable[[np.random.Generator], dict[str, Interval]]
    truth: float
    others: dict[str, float]


def experiments() -> list[Experiment]:
    """All of them, in the order of the document."""
    result = [
        Experiment(
            "The ratio of waiting", s.name, lambda rng, s=s: ratios_of_waiting(rng, s), WAITING,  # type: ignore[misc]
            {"the chosen one, channel": CHANNEL},
        )
        for s in SETTINGS
    ]  # fmt: skip
    result += [
        Experiment(
            "After a contact", s.name, lambda rng, s=s: ratios_of_repeats(rng, s), AFTER_A_CONTACT,  # type: ignore[misc]
            {"demand net of redials": true_net(s)},
        )
        for s in SETTINGS[:2]
    ]  # fmt: skip
    result += [
        Experiment(
            "Waiting, where contacts lead to contacts",
            s.name,
            lambda rng, s=s: ratios_of_new_demand(rng, s),
            WAITING,
            {},
        )  # type: ignore[misc]
        for s in SETTINGS[:2]
    ]
    result.append(Experiment("Rare contacts", "callers differ", lambda rng: rare_rates(rng, SETTINGS[0]), RARE, {}))
    result += [
        Experiment(
            "Without case ids", f"{weeks} weeks, errors carried over by {carried:.0%}",
            lambda rng, w=weeks, c=carried: weekly_rates(rng, w, c), 1.0, {},  # type: ignore[misc]
        )
        for weeks, carried in ((52, 0.0), (52, 0.5), (104, 0.5))
    ]  # fmt: skip
    return result


class Outcome(NamedTuple):
    """What one estimator does over the runs."""

    estimator: str
    truth: float
    typical: float
    coverage: float
    #: High over low, typically; NaN where a low is 0.
    width: float
    #: Share of the runs with an interval.
    some: float


def outcomes(experiment: Experiment, runs: int) -> list[Outcome]:
    """The seed follows from the names, so that a row's figures don't depend on other rows."""
    rng = np.random.default_rng(zlib.crc32(f"{experiment.title} {experiment.setting}".encode()))
    found = [experiment.run(rng) for _ in range(runs)]
    result = []
    for name in found[0]:
        truth = experiment.others.get(name, experiment.truth)
        all_ = np.array([f[name] for f in found])
        triples = all_[np.isfinite(all_).all(axis=1)]
        value, low, high = triples.T
        with np.errstate(divide="ignore"):
            width = float(np.median(high / low)) if (low > 0).all() else float("nan")
            typical = float(value.mean() if experiment.title == "Rare contacts" else np.exp(np.log(value).mean()))
        inside = (low <= truth) & (truth <= high)
        result.append(Outcome(name, truth, typical, float(inside.mean()), width, len(triples) / runs))
    return result


def _one(job: int) -> list[Outcome]:
    return outcomes(experiments()[job], RUNS)


ABOUT = {
    "The ratio of waiting": (
        f"The rate after day {TURN:.0f} is {WAITING:g} times the rate before; mail brings {CHANNEL:g} times the contacts of "
        "online. Durations and propensities are lognormal (sigma 0.8). Where the propensity goes with the duration, late "
        "stretches are those of customers who call much, and everything but a comparison within cases takes that for an "
        "effect of waiting. The chosen one is that within cases wherever it can be told. See also rates-unseen.md."
    ),
    "After a contact": (
        f"For {SOON:.0f} days after a contact the rate is {AFTER_A_CONTACT:g} times what it would be. Pooled, customers who call "
        "much are met in those days more often, and pass for customers whom a call makes call again."
    ),
    "Waiting, where contacts lead to contacts": (
        "As above, but the ratio of waiting. Series of contacts begun before day 20 run on after it, so a comparison within "
        "cases of all contacts is wrong too; of new demand (no contact in the three days before) it is 7% too large, as days "
        "after a contact leave the exposure. Net demand keeps them, and counts contacts in them for less."
    ),
    "Rare contacts": "One rate, few contacts, some runs without any. Here the typical value is the plain mean.",
    "Without case ids": (
        "Weekly calls on open days of two states whose numbers rise and fall together; errors with a deviation of 8 calls."
    ),
}


def lines(runs: int = RUNS) -> Iterator[str]:
    """The document, line by line."""
    yield "# How often intervals of contact rates hold the truth"
    yield ""
    yield (
        f"Made by `scripts/verify_rates.py`: {runs:,} runs a row, 95% intervals; the standard error of a coverage of 95% is "
        f"{100 * np.sqrt(0.95 * 0.05 / runs):.1f} points. The typical value is a geometric mean; the width is the interval's "
        "upper bound over its lower, at the median."
    )
    jobs = experiments()
    title = ""
    with ProcessPoolExecutor(max_workers=1) as workers:
        for job, rows in zip(jobs, workers.map(_one, range(len(jobs))), strict=True):
            if job.title != title:
                title = job.title
                yield from ("", f"## {title}", "", ABOUT[title], "")
                yield "| setting | estimator | truth | typical value | bias | coverage | width | runs with an interval |"
                yield "|---|---|--:|--:|--:|--:|--:|--:|"
            for row in rows:
                width = "–" if np.isnan(row.width) else f"{row.width:.2f}"
                yield (
                    f"| {job.setting} | {row.estimator} | {row.truth:.3g} | {row.typical:.3g} "
                    f"| {row.typical / row.truth - 1:+.1%} | {row.coverage:.1%} | {width} | {row.some:.1%} |"
                )
                print(f"{job.setting}, {row.estimator}: {row.coverage:.1%}", file=sys.stderr)


def main() -> None:
    """Print the document."""
    for line in lines():
        print(line, flush=True)


if __name__ == "__main__":
    main()
