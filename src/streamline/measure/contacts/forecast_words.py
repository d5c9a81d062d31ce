"""What a forecast check says, in sentences: how far off the rates were, what chance explains, and how plain rivals fared."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binom
from scipy.stats import t as student

from streamline.measure.contacts.exposure import OpenLife
from streamline.measure.contacts.forecast_cells import FittedCells
from streamline.measure.contacts.likeness import LIKENESS_CAVEATS
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.contacts.lives import NEXT_UNKNOWN
from streamline.measure.contacts.weekly import WeeklyLife
from streamline.results import rows_of
from streamline.units import DAY, WEEK, counted, significant

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: As few weeks inside as this are so unlikely under right rates that these are said to have changed.
UNLIKELY = 0.01
#: Methods whose weekly errors differ by less than this level tells from chance are called alike.
SURELY = 0.95
#: An interval wider than this share of what is told is said to prove little.
WIDE = 1.0
#: A link share that moves by this much is told.
MOVED = 0.02


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Score:
    """How the rates fared; see `ContactForecast`."""

    n_weeks: int
    n_weeks_before: int
    split: str
    observed: float
    predicted: float
    low: float
    high: float
    level: float
    weeks_inside: int
    n_states: int
    states_inside: int
    error_by_chance: float
    methods: pd.DataFrame = field(repr=False)
    #: (methods, weeks): absolute errors.
    errors: Float = field(repr=False)

    @property
    def held(self) -> bool:
        """Whether the total lies in its interval, and as many weeks in theirs as chance lets expect."""
        total = self.low <= self.observed <= self.high
        return bool(total and binom.cdf(self.weeks_inside, self.n_weeks, self.level) >= UNLIKELY)


def summary_of(score: Score, by_state: pd.DataFrame) -> tuple[str, ...]:
    """The sentences, the first of which can stand alone as a title."""
    rates = next(rows_of(score.methods))
    off = score.predicted / score.observed - 1
    told = [
        f"Rates fitted up to {score.split} tell {score.predicted:,.0f} contacts ({score.low:,.0f} to {score.high:,.0f}) for the "
        f"{score.n_weeks} weeks after it; {_number(score.observed)} came, so they told {_off(off)}.",
        f"In a single week they were off by {significant(rates.weekly_error_contacts)} contacts on average, "
        f"{rates.weekly_error_share:.0%} of a week's; if the rates were right, chance and the usual differences between weeks "
        f"would make about {significant(score.error_by_chance)}.",
        f"The {score.level:.0%} intervals held the contacts of {score.weeks_inside} of {score.n_weeks} weeks and of "
        f"{score.states_inside} of {counted(score.n_states, 'state')} that cases were in.",
    ]
    if not score.held:
        total = score.low <= score.observed <= score.high
        told.append(
            f"That is more error than chance and the differences between earlier weeks explain: customers got in touch "
            f"{'more' if off < 0 else 'less'} often after {score.split} than before it, although their cases awaited the same"
            f"{_worst(by_state)}. Rates of the earlier weeks shouldn't be relied on until it is known what changed."
            if not total
            else f"Fewer weeks than expected lie inside, so something moved contacts from week to week after {score.split} that "
            "the rates and the earlier weeks don't know of."
        )
    elif score.high - score.low > WIDE * score.predicted:
        told.append(
            "Earlier weeks differed so much, or contacts before the split are so few, that the interval is wide: that the "
            "contacts lie in it proves little."
        )
    told.append(_rivals(score))
    return tuple(told)


def _off(share: float) -> str:
    if abs(share) < 0.005:
        return "the total to within half a percent"
    return f"{abs(share):.1%} too {'many' if share > 0 else 'few'}"


def _worst(by_state: pd.DataFrame) -> str:
    """The states outside their intervals, the largest difference first."""
    outside = by_state[~by_state["inside"]]
    if outside.empty:
        return ""
    gap = (outside["contacts"] - outside["predicted"]).abs().sort_values(ascending=False, kind="stable")
    names = [f'"{outside.loc[i, "state"]}"' for i in gap.index[:3]]
    return f" (most of all in {', '.join(names)})"


def _rivals(score: Score) -> str:
    """Which way was best in single weeks, and by how much."""
    methods = score.methods
    plain = methods[~methods["method"].str.startswith("rates ")]
    if plain.empty:
        return "Neither of the plain rivals can be made from these records."
    each = "; ".join(
        f"{r.method} {r.total_error_share:+.1%} in total and {r.weekly_error_share:.0%} in a week"
        for r in rows_of(plain)
    )
    place = int(
        np.flatnonzero(methods["method"].isin(plain["method"]))[plain["weekly_error_contacts"].to_numpy().argmin()]
    )
    mine, other = score.errors[0], score.errors[place]
    name = str(methods["method"].iloc[place])
    shares = methods["weekly_error_share"].to_numpy()
    if not _differ(mine, other):
        verdict = (
            f"Week by week the rates did about as well as the best plain rival, {name}: chance explains the difference "
            f"(off by {shares[0]:.0%} and {shares[place]:.0%} of a week's contacts)"
        )
    elif mine.mean() < other.mean():
        verdict = (
            f"Week by week the rates did best: their error is {1 - mine.mean() / other.mean():.0%} smaller than that of the best "
            f"plain rival, {name}"
        )
    else:
        verdict = (
            f"Week by week a plain rival did better than the rates: the error of {name} is "
            f"{1 - other.mean() / mine.mean():.0%} smaller"
        )
    return f"{verdict}. Errors of the rivals: {each}."


def _differ(mine: Float, other: Float) -> bool:
    """Whether one's weekly errors are smaller beyond chance, week against week."""
    gap = mine - other
    error = float(gap.std(ddof=1)) / np.sqrt(len(gap))
    return bool(abs(gap.mean()) > student.ppf((1 + SURELY) / 2, len(gap) - 1) * error)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value - round(value)) < 1e-6 else f"{value:,.1f}"


def caveats_of_forecast(
    *, links: LinkedContacts, past: LinkedContacts, life: OpenLife, fit: FittedCells, after: WeeklyLife, known: Bool,
    edges: Int64, shares: tuple[float, float], silent_weeks: int,
) -> tuple[str, ...]:  # fmt: skip
    """What a reader must know of the check, as sentences. edges : of the weeks after the split."""
    told = [
        "The check takes what cases awaited after the split, and for how long, as it was: it tells how good the rates are, not "
        "how well the flow of cases can be foreseen."
    ]
    here = (links.time >= edges[0]) & (links.time < edges[-1])
    outside = float(links.weight[here].sum()) - float(after.contacts.sum())
    if outside > 1e-6:
        told.append(
            f"The check leaves out {counted(_number(outside), 'contact')} before the case arrived or over {links.closed_days} "
            "days after it was closed, which there are no days to count over."
        )
    if not known.all():
        names = np.asarray(after.names, dtype=object)[np.unique(after.state[~known])]
        told.append(
            f"The check leaves out {counted(_number(float(after.contacts[~known].sum())), 'contact')} in "
            f"{significant(float(after.days[~known].sum()))} open days of what no case awaited before the split "
            f"({', '.join(map(str, names[:5]))}{' and others' if len(names) > 5 else ''})."
        )
    unknown = life.factor("state").codes == life.factor("state").levels.index(NEXT_UNKNOWN)
    share = float(life.time[unknown].sum()) / float(life.time.sum())
    if share >= 0.0005:
        told.append(
            f"{share:.1%} of the days before the split are of cases of which nobody knew then what they awaited; they have a "
            "rate of their own."
        )
    if links.log.ends is None:
        told.append(
            "The log names no activities that end a case, so at the split nobody knew which cases were over: days after the last "
            f"step count as closed only where it lay over {links.closed_days} days back."
        )
    if links.link_share < 1:
        told.append(
            f"The check counts contacts that can be linked to a case, {links.link_share:.0%} of those about these cases or about "
            "none; in it nothing is scaled up."
        )
    if abs(shares[1] - shares[0]) > MOVED:
        told.append(
            f"{shares[0]:.0%} of the contacts could be linked before the split and {shares[1]:.0%} after it; this alone makes "
            f"the rates tell {abs(shares[0] / shares[1] - 1):.0%} too {'many' if shares[0] > shares[1] else 'few'}."
        )
    if life.standard is not None and not fit.cells.overdue:
        told.append("Too few contacts came within the standard or past it before the split for a rate of their own.")
    if abs(fit.weighting - 1) > 1e-9:
        told.append(
            "Contacts that are shared out among cases, or may have been redialled, count with their weight; the rates' ratios "
            "rest on the others."
        )
    if silent_weeks:
        told.append(
            f"No contact at all in {counted(silent_weeks, 'week')} after the split for which the rates tell some for sure: are "
            "the records of contacts complete?"
        )
    gap = links.log.observed_until - links.period[1]
    if gap > WEEK:
        told.append(f"The contact log ends {gap / DAY:,.0f} days before the log of cases; the check ends there.")
    if past.period[0] - links.log.period[0] > WEEK:
        told.append(
            f"The contact log begins {(past.period[0] - links.log.period[0]) / DAY:,.0f} days after the log of cases; rates rest "
            "on the time from then on."
        )
    return (*told, *LIKENESS_CAVEATS[links.are], *links.log.start_caveats)
