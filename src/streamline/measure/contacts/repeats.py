"""Repeats: whether one contact is enough.

An *episode* is a run of contacts about one case, each within a number of days of the one before. It is *resolved at first
contact* when it has a single one. Episodes whose last contact lies less than those days before the end of the contact log
may go on: they are left out, and counted. Demand net of repeats is the number of episodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import Bar, BarChart, Chart
from streamline.measure.contacts.exposure import OpenLife
from streamline.measure.contacts.intervals import FEW, FEWEST_SHOWN, n_different, share_bounds
from streamline.measure.contacts.likeness import refuse_requests
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.duration import LEVEL
from streamline.measure.factor import UNKNOWN
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS
from streamline.units import counted, duration_words, parse_duration

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, repr=False)
class FirstContactResolution(Result):
    """Share of episodes with a single contact; n counts the cases with an episode that is over.

    `table`, most episodes first: the group (of the first contact), n_episodes, n_resolved, share with share_low and
    share_high, contacts_per_episode. Without `by` there is one row, "all".
    """

    resolved: Estimate
    #: Contacts that begin no episode, of all contacts in episodes that are over.
    repeat_share: Estimate
    n_episodes: int
    within: int
    links: LinkedContacts = field(repr=False)
    #: Links that begin an episode, how many contacts each has, and which episodes are over.
    first: Int64 = field(repr=False)
    size: Int64 = field(repr=False)
    over: Bool = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row an episode: case, first contact, n_contacts, over (whether it can't go on)."""
        log = self.links.log
        return pd.DataFrame(
            {
                "case": log.case_id_array(self.links.case[self.first]),
                "first_contact": log.instants(self.links.time[self.first]),
                "n_contacts": self.size,
                "over": self.over,
            }
        )

    @property
    def statement(self) -> str:
        """The resolved share in a sentence."""
        r = self.resolved
        interval = "" if r.low is None or r.high is None else f" ({r.low:.0%} to {r.high:.0%})"
        return (
            f"{r.value:.0%}{interval} of {counted(self.n_episodes, 'enquiry', 'enquiries')} end with the first contact: none "
            f"follows about the same case within {duration_words(self.within)}."
        )

    def chart(self) -> Chart:
        """Share resolved at first contact by group, where there are ten episodes or more."""
        first = str(self.table.columns[0])
        shown = self.table[self.table["n_episodes"] >= FEWEST_SHOWN].head(12)
        return BarChart(
            title=self.statement.rstrip("."),
            axis="Enquiries that end with the first contact (%)",
            bars=tuple(
                Bar(label=str(r.label), value=100 * r.share, low=100 * r.share_low, high=100 * r.share_high)
                for r in rows_of(shown.rename(columns={first: "label"}))
            ),
            note=f"{counted(self.n_episodes, 'enquiry', 'enquiries')}. Whiskers: intervals from resampled cases",
        )


def first_contact_resolution(
    links: LinkedContacts,
    *,
    within: str = "7 days",
    by: Literal["channel", "reason", "state"] | None = None,
    life: OpenLife | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> FirstContactResolution:
    """Tell how many enquiries end with their first contact (see the module's text).

    within : a contact this soon after another about the same case continues its episode. Contacts that name no case can't be
        told to be repeats, so the share is rather too high where many do.
    by : the channel or reason of the first contact, or the state of the case then, for which `life` is needed.
    level, draws, seed : of the intervals, which resample cases.

    Returns FirstContactResolution. Raises InsufficientDataError for records of requests (see
    `measure.contacts.likeness`), and when no episode is over.
    """
    refuse_requests(links.are, links.contacts.source)
    limit = parse_duration(within)
    if limit == 0:
        raise ValueError("within must be longer than nothing, such as '7 days'.")
    case, time = links.case, links.time
    begins = np.ones(len(case), dtype=np.bool_)
    begins[1:] = (np.diff(case) != 0) | (np.diff(time) >= limit)
    first = np.flatnonzero(begins)
    size = np.diff(np.append(first, len(case)))
    last = np.append(first[1:], len(case)) - 1
    over = time[last] + limit <= links.period[1]
    if not over.any():
        raise InsufficientDataError(
            f"{links.contacts.source}: all of {counted(len(first), 'enquiry', 'enquiries')} may go on, as the contact log ends "
            f"within {duration_words(limit)} of each; none is known to be resolved."
        )
    started = first[over]
    single = size[over] == 1
    codes, names = _groups(links, life, started, by)
    who = case[started]

    def bounds(cases: Int64, chosen: Bool) -> tuple[float, float]:
        return share_bounds(cases, np.ones(len(cases)), chosen, level=level, draws=draws, seed=seed)

    low, high = np.full(len(names), np.nan), np.full(len(names), np.nan)
    for g in np.unique(codes):
        low[g], high[g] = bounds(who[codes == g], single[codes == g])
    n_in = np.bincount(codes, minlength=len(names))
    n_single = np.bincount(codes, weights=single, minlength=len(names))
    with np.errstate(invalid="ignore", divide="ignore"):
        table = pd.DataFrame(
            {
                by or "group": names,
                "n_episodes": n_in,
                "n_resolved": n_single.astype(np.int64),
                "share": n_single / n_in,
                "share_low": low,
                "share_high": high,
                "contacts_per_episode": np.bincount(codes, weights=size[over], minlength=len(names)) / n_in,
            }
        )
    table = table[table["n_episodes"] > 0].sort_values(
        ["n_episodes", by or "group"], ascending=[False, True], ignore_index=True
    )
    in_over = np.repeat(over, size)
    again = (~begins)[in_over]
    n_open = int((~over).sum())
    caveats = list(links.caveats)
    if n_open:
        caveats.append(
            f"{counted(n_open, 'enquiry', 'enquiries')} may go on after the contact log ends and aren't counted."
        )
    if len(started) < FEW:
        caveats.append(
            f"The share rests on only {counted(len(started), 'enquiry', 'enquiries')}: read it with its interval."
        )
    n_cases = n_different(who)
    method = f"episodes of contacts within {duration_words(limit)}; interval by resampling cases"
    return FirstContactResolution(
        table=table,
        n=n_cases,
        excluded={"whose enquiries may all go on": n_different(case) - n_cases},
        caveats=tuple(caveats),
        resolved=bounded(
            single.mean(), *bounds(who, single), level=level, method=method, unit="share of enquiries", n=len(started)
        ),
        repeat_share=bounded(
            again.mean(),
            *bounds(case[in_over], again),
            level=level,
            method=method,
            unit="share of contacts",
            n=len(again),
        ),
        n_episodes=len(started),
        within=limit,
        links=links,
        first=first,
        size=size.astype(np.int64),
        over=over,
    )


def _groups(
    links: LinkedContacts, life: OpenLife | None, first: Int64, by: str | None
) -> tuple[Int64, tuple[str, ...]]:
    """For each first contact the number of its group, and the groups."""
    if by is None:
        return np.zeros(len(first), dtype=np.int64), ("all",)
    if by == "state":
        if life is None:
            raise ValueError(
                "The state of the case at the first contact is told by `life`; pass what `open_life` returned."
            )
        state = life.factor("state")
        return state.codes[life.stretch_of_link[first]], state.levels
    if by not in ("channel", "reason"):
        raise UnknownNameError(
            what="group", name=by, known=["channel", "reason", "state"], where="first_contact_resolution"
        )
    found = links.codes("channel" if by == "channel" else "reason")
    if found is None:
        raise InsufficientDataError(f"{links.contacts.source} was read without a column of {by}s.")
    codes = found[0][first]
    return np.where(codes < 0, len(found[1]), codes), (*found[1], UNKNOWN)
