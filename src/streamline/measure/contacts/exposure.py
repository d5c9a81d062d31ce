"""Open life by state: where the days of the cases and the contacts about them fall.

At each instant between its arrival and its last completion a case *awaits* the step of its critical path that was enabled and
not yet completed (see `measure.waits.path`): a parallel sibling doesn't hide the branch that the case is waiting for. The
*waiting band* is the time since that step was enabled. After the last completion an open case awaits a step that isn't known,
until the log ends; a closed case is *closed*, with the time since its end as waiting band, for a set number of days. Contacts
before the arrival, and longer after the end, have states of their own and no days: there is nothing to count them over.
Days count within the time that the contact log covers. Days add up to the open lives, contacts to the linked ones, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.exposure import stretches
from streamline.kernels.loops import grouped_cases
from streamline.measure.contacts.bands import checked_bands, chosen_bands
from streamline.measure.contacts.intervals import FEWEST_SHOWN, n_different, rate_intervals
from streamline.measure.contacts.likeness import refuse_requests
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.contacts.lives import (
    BEFORE_ARRIVAL,
    CLOSED,
    LATER,
    NEXT_UNKNOWN,
    Season,
    channel_of,
    day_classes,
    factors_of,
    joined,
    lives_of,
    outside_lives,
    waited_days,
)
from streamline.measure.duration import LEVEL
from streamline.measure.factor import Factor
from streamline.results import Result, rows_of
from streamline.stats.bootstrap import DRAWS
from streamline.stats.stretches import Factor as RateFactor
from streamline.stats.stretches import Stretches
from streamline.units import DAY, counted, parse_duration

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: A contact is recent for so many days: another one then counts as a repeat.
REPEAT_DAYS = 3


@dataclass(frozen=True, kw_only=True, repr=False)
class OpenLife(Result):
    """Stretches of the cases' lives, in arrays of one entry a stretch, by case; n counts the cases with days or contacts.

    `table`, one row a state and waiting band: state, waiting, open_days, n_contacts (by weight), rate_per_open_day with
    rate_low and rate_high (scaled up by the link share; NaN without days), n_cases.
    """

    links: LinkedContacts = field(repr=False)
    #: For each stretch the number of its case, its length in microseconds, and the contacts in it by weight.
    case: Int64 = field(repr=False)
    time: Int64 = field(repr=False)
    contacts: Float = field(repr=False)
    #: What the stretches are told apart by: state, waiting, overdue, recent, and where asked for age, weekday, season, channel.
    factors: tuple[Factor, ...] = field(repr=False)
    #: The stretch of each link (an index into the arrays above).
    stretch_of_link: Int64 = field(repr=False)
    #: Edges between the waiting bands in days, and how they were found, in words.
    bands: tuple[float, ...]
    bands_from: str
    #: The service standard in microseconds; None without one: then nothing is overdue.
    standard: int | None
    #: States in which the customer or a third party has to act, or that aren't awaited steps.
    not_ours: frozenset[str]
    #: Edges in days between the ages of the cases, where asked for.
    ages: tuple[float, ...] = ()

    @property
    def days(self) -> Float:
        """Length of each stretch in days."""
        return self.time / DAY

    def factor(self, name: str) -> Factor:
        """One factor by its name; UnknownNameError when the stretches aren't told apart by it."""
        for found in self.factors:
            if found.name == name:
                return found
        raise UnknownNameError(what="factor", name=name, known=[f.name for f in self.factors], where="the stretches")

    def rates(
        self, *by: str, chosen: Bool | None = None, level: float = LEVEL, draws: int = DRAWS, seed: int = 1
    ) -> pd.DataFrame:
        """Contacts per open day for each combination of these factors that occurs, with intervals from resampled cases.

        chosen : which stretches count; all by default. Columns: the factors, open_days, n_contacts, rate_per_open_day,
        rate_low, rate_high, n_cases. Plain ratios of sums: nothing is adjusted for anything else.
        """
        used = np.ones(len(self.case), dtype=np.bool_) if chosen is None else chosen
        found = [self.factor(name) for name in by]
        return _rates(
            self.links, self.case[used], self.time[used], self.contacts[used],
            [Factor(name=f.name, codes=f.codes[used], levels=f.levels) for f in found], level=level, draws=draws, seed=seed,
        )  # fmt: skip

    def stretches(self, *names: str) -> Stretches:
        """What `stats.rate_choice.chosen_rates` takes: the stretches of the states that have days, with these factors.

        Models of counts need whole numbers, so contacts that are shared out among cases or may have been redialled aren't in:
        ratios between states rest on the others. "recent" is marked as moved by contacts, for which rates within cases can't be
        compared.
        """
        used = self._with_days
        whole = self.stretch_of_link[self.links.weight == 1.0]
        contacts = np.bincount(whole, minlength=len(self.case)).astype(np.int64)
        factors = tuple(
            RateFactor(name=f.name, levels=f.levels, codes=f.codes[used], moved_by_contacts=f.name == "recent")
            for f in map(self.factor, names)
        )
        return Stretches(case=self.case[used], days=self.days[used], contacts=contacts[used], factors=factors)

    @property
    def place_in_stretches(self) -> Int64:
        """For each stretch its place among those of `stretches`; of no meaning for those that aren't in them."""
        return (np.cumsum(self._with_days) - 1).astype(np.int64)

    @property
    def n_in_stretches(self) -> int:
        """How many these are."""
        return int(self._with_days.sum())

    @property
    def _with_days(self) -> Bool:
        """Stretches of the states that have days."""
        state = self.factor("state")
        away = [state.levels.index(name) for name in (BEFORE_ARRIVAL, LATER)]
        return np.asarray(~np.isin(state.codes, away), dtype=np.bool_)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a stretch: case, the factors, days, contacts."""
        frame = pd.DataFrame({"case": self.links.log.case_id_array(self.case)})
        for f in self.factors:
            frame[f.name] = np.asarray(f.levels, dtype=object)[f.codes]
        return frame.assign(days=self.days, contacts=self.contacts)

    def chart(self) -> Chart:
        """Contacts per 100 open days by state and waiting band, where there are ten contacts or more."""
        known = self.table[self.table["rate_per_open_day"].notna() & (self.table["n_contacts"] >= FEWEST_SHOWN)]
        known = known.sort_values(["rate_per_open_day", "state"], ascending=[False, True]).head(15)
        return BarChart(
            title="How often customers get in touch, by what their case awaits and for how long",
            axis="Contacts per 100 open days",
            bars=tuple(
                Bar(label=f"{r.state}, {r.waiting}", value=100 * r.rate_per_open_day, low=100 * r.rate_low,
                    high=100 * r.rate_high)
                for r in rows_of(known)
            ),
            note=f"{self.links.n_contacts:,.0f} contacts. Whiskers: intervals from resampled cases",
        )  # fmt: skip


def open_life(
    links: LinkedContacts,
    *,
    standard: str | None = None,
    bands: Sequence[float] | None = None,
    age: bool = False,
    weekday: bool = False,
    season: Season | None = None,
    channel: bool = False,
    repeat_days: float = REPEAT_DAYS,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> OpenLife:
    """Split the cases' open lives into stretches, and count days and contacts in each (see the module's text).

    standard : the service standard, such as "30 days" (elapsed): afterwards a case is overdue. A closed case counts as overdue
        when it was closed past the standard.
    bands : edges in days between the waiting bands; chosen from the data by default (see `measure.contacts.bands`).
    age : whether days are also told apart by the time since the arrival, in bands chosen as those of the wait, the
    standard left out.
    weekday, season, channel : whether days are also told apart by weekday, by "month" or "quarter", and cases by the channel
        by which they arrived. Memory grows with what is told apart.
    repeat_days : a stretch is *recent* for so many days after a contact of its case.
    level, draws, seed : of the intervals, which resample cases.

    Returns OpenLife. Raises InsufficientDataError for records of requests (see `measure.contacts.likeness`), and when the
    contact log covers no time, as with a single contact, or none of the lives; ValueError for bands that don't ascend.
    """
    log = links.log
    refuse_requests(links.are, links.contacts.source)
    if links.period[1] <= links.period[0]:
        raise InsufficientDataError(
            f"{links.contacts.source} covers no time: it holds {counted(len(links.contacts), 'contact')} of one instant. Give "
            "the dates that it covers as `covers` in `link_contacts`."
        )
    if repeat_days <= 0:
        raise ValueError(f"repeat_days={repeat_days:g} must be above 0.")
    limit = None if standard is None else parse_duration(standard)
    lives = lives_of(log, closed_days=links.closed_days, standard=limit)
    ends = np.where(log.closed, lives.last, lives.tail)
    awaiting = (links.time >= log.arrival[links.case]) & (links.time < ends[links.case])
    ages: tuple[float, ...] | None = None
    if age:
        since_arrival = (links.time - log.arrival[links.case])[awaiting] / DAY
        ages = tuple(e for e in chosen_bands(since_arrival) if limit is None or round(e * DAY) != limit)
    if bands is None:
        waited = waited_days(lives, links)[awaiting]
        edges = chosen_bands(waited)
        bands_from = (
            "bands of about equally many contacts, edges rounded to plain days"
            if edges
            else "too few contacts for more than one band"
        )
    else:
        edges, bands_from = checked_bands(bands), "as given"
    day_edges, day_class, day_factors = day_classes(links, lives, weekday=weekday, season=season)
    n_classes = int(np.prod([len(levels) for _, levels in day_factors], dtype=np.int64)) if day_factors else 1
    age_edges = None if ages is None else np.array([round(e * DAY) for e in ages], dtype=np.int64)
    n_ages = 1 if ages is None else len(ages) + 1
    case, key, time, contacts, key_of_link = stretches(
        lives.offsets, lives.state, lives.since, lives.until, lives.tail_state, lives.last, lives.tail, lives.due,
        links.offsets, links.time, links.weight, np.array([round(e * DAY) for e in edges], dtype=np.int64),
        round(repeat_days * DAY), day_edges, day_class, n_classes, *links.period, age_edges,
    )  # fmt: skip
    outside = outside_lives(links, key_of_link, lives.names, (len(edges) + 1) * 4 * n_ages * n_classes)
    case, key, time, contacts, stretch_of_link = joined(case, key, time, contacts, key_of_link, outside, links)
    if not time.any():
        raise InsufficientDataError(
            f"{links.contacts.source} covers no day of the {log.n_cases:,} cases of {log.source}, so contacts per open day can't "
            "be told. Check the dates and time zones of both."
        )
    factors = factors_of(key, lives.names, edges, day_factors, repeat_days, limit, ages)
    if channel:
        factors = (*factors, channel_of(log, case))
    n = n_different(case)
    return OpenLife(
        table=_rates(links, case, time, contacts, factors[:2], level=level, draws=draws, seed=seed),
        n=n,
        excluded={
            "without any step": log.n_cases - links.n,
            "without days or contacts in the time covered": links.n - n,
        },
        caveats=(*links.caveats, *log.start_caveats),
        links=links,
        case=case,
        time=time,
        contacts=contacts,
        factors=factors,
        stretch_of_link=stretch_of_link,
        bands=edges,
        bands_from=bands_from,
        standard=limit,
        ages=ages or (),
        not_ours=frozenset(log.external) | {NEXT_UNKNOWN, CLOSED, BEFORE_ARRIVAL, LATER},
    )


def _rates(
    links: LinkedContacts,
    case: Int64,
    time: Int64,
    contacts: Float,
    factors: Sequence[Factor],
    *,
    level: float,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """The table of `OpenLife.rates`, one row a combination of the factors that occurs."""
    key = np.zeros(len(case), dtype=np.int64)
    for f in factors:
        key = key * len(f.levels) + f.codes
    keys, group = np.unique(key, return_inverse=True)
    n = len(keys)
    days = np.bincount(group, weights=time, minlength=n) / DAY
    count = np.bincount(group, weights=contacts, minlength=n)
    low, high = rate_intervals(group, case, contacts, time / DAY, n, level=level, draws=draws, seed=seed)
    labels: list[tuple[str, object]] = []
    rest = keys
    for f in reversed(factors):
        labels.append((f.name, np.asarray(f.levels, dtype=object)[rest % len(f.levels)]))
        rest = rest // len(f.levels)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where(days > 0, count / days / links.link_share, np.nan)
    return pd.DataFrame(
        {
            **dict(reversed(labels)),
            "open_days": days,
            "n_contacts": count,
            "rate_per_open_day": rate,
            "rate_low": low / links.link_share,
            "rate_high": high / links.link_share,
            "n_cases": grouped_cases(group, case, n),
        }
    )
