"""Simulates services whose contact rates are known, and counts how often the intervals of a forecast hold the contacts.

A Markdown document on standard output, of 100 runs a row; `python scripts/verify_forecast.py > docs/verification/forecast.md`.
With the folder of simulated services as its argument, the errors on these are added.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.read import read_contacts, read_log
from streamline.measure.contacts.forecast import ContactForecast, contact_forecast
from streamline.measure.contacts.linking import link_contacts

Float = npt.NDArray[np.float64]

RUNS = 100
WEEKS = 52
START = pd.Timestamp("2025-01-06", tz="UTC")
STEPS = ("Intake check", "Review", "Decision")
#: Median days of each wait, and contacts per open day in it, before day 7 and after.
MEDIAN_DAYS = (3.0, 12.0, 6.0)
RATES = ((0.02, 0.04), (0.03, 0.06), (0.08, 0.08))


class Setting(NamedTuple):
    """How contacts come about in one simulated service."""

    name: str
    cases_per_week: float = 20.0
    #: Sigma of the log propensity of callers (mean 1), and its correlation with how long the case takes.
    differ: float = 0.0
    related: float = 0.0
    #: Contacts that each one leads to within three days, on average.
    led_to: float = 0.0
    #: Standard deviation of a week's own factor, and how far it is carried over.
    weeks_differ: float = 0.0
    carried: float = 0.0
    #: Factor on all rates from 70% of the time on.
    shift: float = 1.0
    #: Whether arrivals double after 70% of the time.
    surge: bool = False


SETTINGS = (
    Setting("contacts one by one"),
    Setting("callers differ", differ=0.8),
    Setting("callers differ, and go with the duration", differ=0.8, related=0.8),
    Setting("contacts lead to contacts", led_to=0.5),
    Setting("weeks differ by 20%", weeks_differ=0.2),
    Setting("weeks differ by 20%, half carried over", weeks_differ=0.2, carried=0.5),
    Setting("all of these", differ=0.8, related=0.8, led_to=0.5, weeks_differ=0.2, carried=0.5),
    Setting("few contacts", cases_per_week=3.0),
    Setting("few contacts, callers differ, weeks differ", cases_per_week=3.0, differ=0.8, weeks_differ=0.2),
    Setting("arrivals double after the split", differ=0.8, weeks_differ=0.1, surge=True),
    Setting("rates rise by 15% at the split", differ=0.8, weeks_differ=0.1, shift=1.15),
    Setting("rates rise by 40% at the split", differ=0.8, weeks_differ=0.1, shift=1.4),
    Setting("rates double at the split", differ=0.8, weeks_differ=0.1, shift=2.0),
    Setting("rates fall by 30% at the split", differ=0.8, weeks_differ=0.1, shift=0.7),
)


def service(rng: np.random.Generator, setting: Setting) -> tuple[EventLog, ContactLog]:
    """A service of 52 weeks: cases that go through three steps, and the contacts about them."""
    days, turn = 7.0 * WEEKS, 7.0 * round(0.7 * WEEKS)
    # cases that came before the log begins aren't in it, so the first weeks have fewer open ones
    most = setting.cases_per_week / 7 * (2 if setting.surge else 1)
    arrival = np.sort(rng.uniform(0, days, rng.poisson(most * days)))
    if setting.surge:
        arrival = arrival[(arrival >= turn) | (rng.uniform(size=len(arrival)) < 0.5)]
    n = len(arrival)
    slow, own = rng.standard_normal((2, n))
    own = setting.related * slow + np.sqrt(1 - setting.related**2) * own
    propensity = np.exp(setting.differ * own - setting.differ**2 / 2)
    waits = np.array(MEDIAN_DAYS) * np.exp(0.5 * slow[:, None] + 0.5 * rng.standard_normal((n, 3)))
    done = arrival[:, None] + np.cumsum(waits, axis=1)
    begun = np.column_stack([arrival, done[:, :-1]])
    factor = _weeks(rng, setting)

    top = max(max(r) for r in RATES) * float(factor.max()) * max(setting.shift, 1.0)
    count = rng.poisson(top * propensity[:, None] * waits)
    case, step = (np.repeat(index.ravel(), count.ravel()) for index in np.indices((n, 3)))
    waited = rng.uniform(0, 1, len(case)) * waits[case, step]
    at = begun[case, step] + waited
    rate = np.where(waited < 7, np.array(RATES)[step, 0], np.array(RATES)[step, 1])
    rate = rate * factor[np.minimum((at // 7).astype(np.int64), WEEKS - 1)] * np.where(at >= turn, setting.shift, 1.0)
    taken = rng.uniform(size=len(at)) * top < rate
    case, at = case[taken], at[taken]
    if setting.led_to:  # once: what is led to leads to nothing
        more = rng.poisson(setting.led_to, len(at))
        case = np.concatenate([case, np.repeat(case, more)])
        at = np.concatenate([at, np.repeat(at, more) + rng.uniform(0, 3, int(more.sum()))])
    seen = at < days
    events = pd.DataFrame(
        {
            "case": np.repeat(np.arange(n), 3).astype(str),
            "activity": np.tile(STEPS, n),
            "arrived": _instants(np.repeat(arrival, 3)),
            "complete": _instants(done.ravel()),
        }
    )
    events = events[done.ravel() < days]
    calls = pd.DataFrame({"case": case[seen].astype(str), "time": _instants(at[seen])}).sort_values("time")
    log = read_log(
        events, case="case", activity="activity", complete="complete", arrival="arrived", timezone="UTC", ends=[STEPS[-1]]
    )  # fmt: skip
    return log, read_contacts(calls, case="case", time="time")


def _weeks(rng: np.random.Generator, setting: Setting) -> Float:
    """(weeks,) factors with mean 1."""
    sigma2 = np.log1p(setting.weeks_differ**2)
    z = rng.standard_normal(WEEKS)
    for w in range(1, WEEKS):
        z[w] = setting.carried * z[w - 1] + np.sqrt(1 - setting.carried**2) * z[w]
    return np.asarray(np.exp(np.sqrt(sigma2) * z - sigma2 / 2), dtype=np.float64)


def _instants(days: Float) -> pd.DatetimeIndex:
    return START + pd.to_timedelta(np.round(days * 86_400_000_000), unit="us")


class Outcome(NamedTuple):
    """What became of the forecasts of one setting."""

    contacts_per_week: float
    bias: float
    weeks: float
    states: float
    total: float
    said_to_hold: float
    #: Mean absolute weekly error as a share of a week's contacts: the rates, chance alone, and the three rivals.
    own_error: float
    by_chance: float
    rivals: dict[str, float]
    #: The error in total of rates within cases, over the services where estimates would use these, and of pooled ones there.
    within: tuple[float, float]
    n_within: int
    n_runs: int


def outcome(setting: Setting, runs: int) -> Outcome:
    """The seed follows from the name, so that a row's figures don't depend on other rows."""
    rng = np.random.default_rng(zlib.crc32(setting.name.encode()))
    found: list[ContactForecast] = []
    for run in range(runs):
        log, calls = service(rng, setting)
        try:
            found.append(contact_forecast(link_contacts(log, calls), seed=run + 1))
        except InsufficientDataError as error:
            print(f"{setting.name}: {error}", file=sys.stderr)
    weeks = sum(len(f.table) for f in found)
    contacts = sum(f.n_contacts for f in found)
    rivals: dict[str, list[float]] = {}
    for f in found:
        plain = f.methods[~f.methods["method"].str.startswith("rates ")]
        for name, off in zip(plain["method"], plain["weekly_error_contacts"] * len(f.table), strict=True):
            kind = "ratio" if name.startswith("contacts per") else name
            rivals.setdefault(kind, []).append(off / f.n_contacts)
    within = [f for f in found if "rates within cases" in set(f.methods["method"])]
    totals = np.array([[f.methods["predicted"].iloc[1], f.predicted.value, f.n_contacts] for f in within]).reshape(
        -1, 3
    )
    sums = totals.sum(axis=0)
    inside = [(f.predicted.low or 0) <= f.n_contacts <= (f.predicted.high or 0) for f in found]
    return Outcome(
        contacts_per_week=contacts / weeks,
        bias=sum(f.predicted.value for f in found) / contacts - 1,
        weeks=sum(f.weeks_inside for f in found) / weeks,
        states=sum(f.states_inside for f in found) / sum(f.n_states for f in found),
        total=float(np.mean(inside)),
        said_to_hold=float(np.mean([f.rates_held for f in found])),
        own_error=float(np.mean([f.methods["weekly_error_share"].iloc[0] for f in found])),
        by_chance=sum(f.error_by_chance * len(f.table) for f in found) / contacts,
        rivals={name: float(np.mean(errors)) for name, errors in rivals.items()},
        within=(sums[0] / sums[2] - 1, sums[1] / sums[2] - 1) if within else (float("nan"), float("nan")),
        n_within=len(within),
        n_runs=len(found),
    )


def lines(runs: int, truth: Path | None) -> Iterator[str]:
    """The document, line by line."""
    yield "# How well rates of contacts tell the weeks to come"
    yield ""
    yield (
        f"Made by `scripts/verify_forecast.py`: {runs} simulated services a row, each of {WEEKS} weeks, with three steps, other "
        "rates after a week's wait, and a split at 70% of the time. Rates are fitted on what was known at the split; the days "
        "that cases spent in each state afterwards are given. Intervals are told for 95%; the share of weeks inside is over all "
        "weeks of all services."
    )
    yield ""
    yield "## Intervals"
    yield ""
    yield "| setting | contacts a week | told in total | weeks inside | states inside | totals inside | said to hold |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    rows = []
    for setting in SETTINGS:
        row = outcome(setting, runs)
        rows.append((setting, row))
        yield (
            f"| {setting.name} | {row.contacts_per_week:.1f} | {row.bias:+.1%} | {row.weeks:.1%} | {row.states:.1%} | "
            f"{row.total:.1%} | {row.said_to_hold:.1%} |"
        )
        print(setting.name, row, file=sys.stderr, flush=True)
    yield from ("", *INTERVALS, "", *SAID, "", "## Errors in a week, beside plain rivals", "")
    yield "| setting | rates | chance alone | ratio of contacts per case | regression on open cases | the same by state |"
    yield "|---|--:|--:|--:|--:|--:|"
    for setting, row in rows:
        told = [
            row.rivals.get(name) for name in ("ratio", "regression on open cases", "regression on open cases by state")
        ]
        cells = " | ".join("–" if e is None else f"{e:.1%}" for e in told)
        yield f"| {setting.name} | {row.own_error:.1%} | {row.by_chance:.1%} | {cells} |"
    yield from ("", *ERRORS, "", *RIVALS, "", "## Rates within cases", "", *WITHIN, "")
    yield "| setting | services that use them | told in total within cases | told in total by pooled rates |"
    yield "|---|--:|--:|--:|"
    for setting, row in rows:
        if row.n_within:
            yield f"| {setting.name} | {row.n_within} of {row.n_runs} | {row.within[0]:+.1%} | {row.within[1]:+.1%} |"
    if truth is not None:
        yield from services(truth)


SAID = (
    "Weeks lie inside about as often as told where rates stay, also where callers differ, go with the duration, call again, "
    "or weeks differ; with four contacts a week more often, as bounds are whole numbers that hold at least 95%. Where "
    "differences between weeks go on from week to week, totals lie inside in 91% of the services: the weeks before the "
    "split tell little of how long such differences last. A change is seen as far as its size: with some 30 contacts a week "
    "the check denies that the rates held in 28 of 100 services where they rose by 15%, in 79 where they rose by 40%, in 77 "
    "where they fell by 30%, in all where they doubled. That the rates held is no proof that nothing changed.",
)
RIVALS = (
    "In a service whose flow stays as it was, a regression of contacts on the number of open cases tells single weeks "
    "nearly as well as the rates (0.1 to 1.8 points of a week's contacts worse), since the mix of states hardly changes. "
    "Where arrivals double it changes: then the regression is 5.5 points worse, the one by state 0.4. Contacts per case are "
    "5 to 20 points worse. Where rates change, all ways miss it alike.",
)
INTERVALS = (
    "Told in total: predicted over observed contacts, less 1. Said to hold: services of which the check says that the rates "
    "held. It denies this when the total lies outside its interval, as 1 in 20 do though the rates are right, or when so few "
    "weeks lie inside theirs as happens in 1 of 100 checks of right rates.",
)
WITHIN = (
    "Where callers differ, estimates of changes use rates within cases. Brought to the same total before the split, they tell "
    "after it what the same customer would do in each state, while the contacts come from whoever is met there; so a forecast "
    "rests on pooled rates, and these stand beside them.",
)
ERRORS = (
    "Mean absolute error of a week's contacts, as a share of them. Chance alone: what the rates would be off by if they were "
    "right, as the check tells it.",
)


def services(folder: Path) -> Iterator[str]:
    """The errors on the simulated services whose truth is known to the project, and on the sample."""
    yield from ("", "## On the simulated permits and the sample", "")
    yield "| service | way | predicted | came | error in total | error in a week | weeks inside | states inside |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|"
    said = []
    for name in ("permits", "permits-busy", "permits-calm", "sample"):
        found = contact_forecast(
            link_contacts(*(_sample() if name == "sample" else _permits(folder / name))), standard="30 days"
        )
        said.append((name, found))
        for i, row in enumerate(found.methods.itertuples(index=False)):
            own = i == 0
            yield (
                f"| {name} | {row.method} | {row.predicted:,.0f} | {found.n_contacts:,.0f} | {row.total_error_share:+.1%} | "
                f"{row.weekly_error_share:.1%} | {f'{found.weeks_inside} of {len(found.table)}' if own else ''} | "
                f"{f'{found.states_inside} of {found.n_states}' if own else ''} |"
            )
    for name, found in said:
        yield from ("", f"**{name}.** {' '.join(found.summary)}")


def _permits(folder: Path) -> tuple[EventLog, ContactLog]:
    log = read_log(
        folder / "events.csv.gz", case="permit", activity="step", start="began", complete="finished", resource="worker",
        channel="channel", timezone="UTC", external=["Information received"], ends=["Issue decision"],
    )  # fmt: skip
    return log, read_contacts(folder / "calls.csv.gz", case="permit", time="called", channel="channel", timezone="UTC")


def _sample() -> tuple[EventLog, ContactLog]:
    import yaml

    folder = Path(__file__).parent.parent / "sample_logs"
    study = yaml.safe_load((folder / "study.yaml").read_text())
    log_, calls = dict(study["log"]), dict(study["contacts"])
    log = read_log(folder / log_.pop("path"), **log_)
    calls.setdefault("timezone", log.timezone)
    return log, read_contacts(folder / calls.pop("path"), **calls)


def main() -> None:
    """Print the document."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else RUNS
    for line in lines(runs, folder):
        print(line, flush=True)


if __name__ == "__main__":
    main()
