"""Switching channels: who applied by one channel and then got in touch by another.

A case *switches* when a contact about it, at its arrival or later, came by another channel than the one by which the case
arrived. The channels of the two files are compared by name ("Online" and "online" are one).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.measure.contacts.intervals import FEWEST_SHOWN, rate_interval
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.duration import LEVEL
from streamline.measure.factor import UNKNOWN
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS, share_interval
from streamline.units import DAY, counted

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, repr=False)
class ChannelSwitching(Result):
    """From the channel of arrival to that of the contacts; n counts the closed cases whose life lies in the time covered.

    `table`, most cases first, one row a pair that occurs: arrived_by, contact_by, switches, n_arrived (cases that arrived so),
    n_cases (of them, with a contact by that channel), share of n_arrived with share_low and share_high, n_contacts,
    contacts_per_case with contacts_low and contacts_high (scaled up by the link share).
    """

    #: Share of the cases, of those with a known channel of arrival, that switched.
    switched: Estimate
    links: LinkedContacts = field(repr=False)
    _first: Int64 = field(repr=False)
    _pair: tuple[Int64, Int64] = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a case that switched: case, arrived_by, contact_by, days_until (from its arrival to the first such contact)."""
        links, log = self.links, self.links.log
        place = self._first
        arrived, came = self._pair
        case_names, contact_names = _names(links)
        return pd.DataFrame(
            {
                "case": log.case_id_array(links.case[place]),
                "arrived_by": np.asarray(case_names, dtype=object)[arrived],
                "contact_by": np.asarray(contact_names, dtype=object)[came],
                "days_until": (links.time[place] - log.arrival[links.case[place]]) / DAY,
            }
        )

    def chart(self) -> Chart:
        """Share of the cases of each channel that then got in touch by another, where ten cases or more did."""
        shown = self.table[self.table["switches"] & (self.table["n_cases"] >= FEWEST_SHOWN)].head(12)
        return BarChart(
            title=f"{self.switched.value:.0%} of cases arrive by one channel and get in touch by another",
            axis="Share of the cases that arrived so (%)",
            bars=tuple(
                Bar(label=f"{r.arrived_by}, then {r.contact_by}", value=100 * r.share, low=100 * r.share_low,
                    high=100 * r.share_high)
                for r in rows_of(shown)
            ),
            note=f"{counted(self.n, 'closed case')}. Whiskers: intervals for independent cases",
        )  # fmt: skip


def channel_switching(
    links: LinkedContacts, *, level: float = LEVEL, draws: int = DRAWS, seed: int = 1
) -> ChannelSwitching:
    """Tell which cases arrived by one channel and got in touch by another (see the module's text).

    level, draws, seed : of the intervals; shares have Wilson's, contacts per case resample cases.

    Returns ChannelSwitching. Raises InsufficientDataError when the cases or the contacts have no channel, or when the contact
    log covers no closed case with one.
    """
    log, found = links.log, links.codes("channel")
    if log.case_channel is None or found is None:
        source, what = (log.source, "cases") if log.case_channel is None else (links.contacts.source, "contacts")
        raise InsufficientDataError(f"{source} was read without the channel of the {what}, so switching can't be told.")
    contact_code, _ = found
    case_names, contact_names = _names(links)
    arrived = log.case_channel.codes.astype(np.int64)
    used = links.covered & (arrived >= 0)
    n = int(used.sum())
    if n == 0:
        raise InsufficientDataError(
            f"{links.contacts.source} covers no closed case with a known channel from arrival to end."
        )
    twin = np.array([_place(name, contact_names) for name in case_names])
    later = used[links.case] & (links.time >= log.arrival[links.case])
    place = np.flatnonzero(later)
    code = np.where(contact_code[place] < 0, len(contact_names) - 1, contact_code[place])
    came_by = arrived[links.case[place]]
    switches = (code != twin[came_by]) & (code < len(contact_names) - 1)
    n_arrived = np.bincount(arrived[used], minlength=len(case_names))
    width = len(contact_names)
    rows = []
    for key in np.unique(came_by * width + code):
        a, c = int(key) // width, int(key) % width
        mine = (came_by == a) & (code == c)
        case = links.case[place[mine]]
        of_cases = np.zeros(int(n_arrived[a]))
        unique, unit = np.unique(case, return_inverse=True)
        of_cases[: len(unique)] = np.bincount(unit, weights=links.weight[place[mine]])
        low, high = rate_interval(of_cases, np.ones(len(of_cases)), level=level, draws=draws, seed=seed)
        rows.append(
            (case_names[a], contact_names[c], bool(c != twin[a] and c < width - 1), int(n_arrived[a]), len(unique),
             len(unique) / n_arrived[a], *share_interval(len(unique), int(n_arrived[a]), level=level), of_cases.sum(),
             of_cases.mean() / links.link_share, low / links.link_share, high / links.link_share)
        )  # fmt: skip
    columns = ["arrived_by", "contact_by", "switches", "n_arrived", "n_cases", "share", "share_low", "share_high", "n_contacts",
               "contacts_per_case", "contacts_low", "contacts_high"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns).astype({"switches": bool})
    table = table.sort_values(["n_cases", "arrived_by", "contact_by"], ascending=[False, True, True], ignore_index=True)
    turned = place[switches]
    _, first = np.unique(links.case[turned], return_index=True)
    n_switched = len(first)
    caveats = list(links.caveats)
    if links.link_share < 1:
        caveats.append(
            "Contacts that tell of no case may be about further cases, so shares of cases are rather too low."
        )
    if not set(twin.tolist()) & set(range(width - 1)):
        caveats.append(
            "No channel of the cases has the name of a channel of the contacts, so every contact counts as a switch. Rename "
            "them if some are the same."
        )
    low, high = share_interval(n_switched, n, level=level)
    return ChannelSwitching(
        table=table,
        n=n,
        excluded={
            "not closed, or not covered by the contact log": int((~links.covered).sum()),
            "without a channel": int((links.covered & (arrived < 0)).sum()),
        },
        caveats=tuple(caveats),
        switched=bounded(n_switched / n, low, high, level=level,
                         method="cases with a contact by another channel; Wilson interval", unit="share of cases", n=n),
        links=links,
        _first=turned[first],
        _pair=(came_by[switches][first], code[switches][first]),
    )  # fmt: skip


def _names(links: LinkedContacts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The channels of the cases; those of the contacts, with "(not recorded)" last."""
    cases, contacts = links.log.case_channel, links.contacts.channel
    return (() if cases is None else cases.names), (*(() if contacts is None else contacts.names), UNKNOWN)


def _place(name: str, names: tuple[str, ...]) -> int:
    """The place of a name among others, however its letters are written; -1 when it isn't there."""
    folded = [n.casefold().strip() for n in names]
    return folded.index(name.casefold().strip()) if name.casefold().strip() in folded else -1
