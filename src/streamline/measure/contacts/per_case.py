"""Contacts per case, in all and by group of cases.

All contacts about a case count, also those before its arrival and after its end, scaled up by the link share. They are told of
the closed cases whose whole life lies within the time that the contact log covers: a case that is still open has not yet
caused all its contacts.
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
from streamline.measure.waits.places import group_of_case
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS, share_interval
from streamline.units import DAY, counted, significant

Bool = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, repr=False)
class ContactsPerCase(Result):
    """Contacts per case; n counts the closed cases whose life lies within the time covered.

    `table`, most contacts first, one row a group ("all" without `by`): the group, n_cases, n_contacts (by weight),
    contacts_per_case with contacts_low and contacts_high (scaled up by the link share), n_with_contact, share_with_contact
    with share_low and share_high (as linked: unlinked contacts may be about further cases, so these are rather too low).
    """

    per_case: Estimate
    by: str
    links: LinkedContacts = field(repr=False)
    _case: Int64 = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a case that counts: case, n_contacts (by weight), cycle_time_days."""
        log = self.links.log
        return pd.DataFrame(
            {
                "case": log.case_id_array(self._case),
                "n_contacts": self.links.per_case()[self._case],
                "cycle_time_days": (log.last_completion - log.arrival)[self._case] / DAY,
            }
        )

    def chart(self) -> Chart:
        """Contacts per 100 cases by group, where there are ten contacts or more."""
        first = str(self.table.columns[0])
        shown = self.table[self.table["n_contacts"] >= FEWEST_SHOWN].head(15)
        return BarChart(
            title=f"{significant(100 * self.per_case.value, digits=3)} contacts per 100 cases",
            axis="Contacts per 100 cases",
            bars=tuple(
                Bar(label=str(r.label), value=100 * r.contacts_per_case, low=100 * r.contacts_low,
                    high=100 * r.contacts_high)
                for r in rows_of(shown.rename(columns={first: "label"}))
            ),
            note=f"{counted(self.n, 'closed case')}. Whiskers: intervals from resampled cases",
        )  # fmt: skip


def contacts_per_case(
    links: LinkedContacts,
    *,
    by: str | None = None,
    cases: Bool | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> ContactsPerCase:
    """Count contacts per case (see the module's text).

    by : "channel" (by which the case arrived) or an attribute; all cases together by default. cases : which cases count, one
    entry a case of the log, such as those that arrived in a window; all by default.
    level, draws, seed : of the intervals, which resample cases.

    Differences between groups aren't explained by this. Returns ContactsPerCase. Raises InsufficientDataError when the contact
    log covers no closed case from arrival to end; UnknownNameError for an unknown `by`.
    """
    log = links.log
    wanted = log.closed if cases is None else log.closed & cases
    chosen = np.flatnonzero(links.covered & wanted)
    if len(chosen) == 0:
        first, last = log.instants(np.array(links.period, dtype=np.int64))
        raise InsufficientDataError(
            f"{links.contacts.source} covers {first:%Y-%m-%d} to {last:%Y-%m-%d} and none of "
            f"{counted(int(wanted.sum()), 'closed case')} from arrival to end, so contacts per case can't be told."
        )
    count = links.per_case()[chosen]
    names: tuple[str, ...]
    if by is None:
        code, names = np.zeros(len(chosen), dtype=np.int64), ("all",)
    else:
        groups = group_of_case(log, by)
        code, names = groups.codes[chosen].astype(np.int64), groups.names
    share = links.link_share
    rows = []
    for g in np.unique(code):
        mine = count[code == g]
        low, high = rate_interval(mine, np.ones(len(mine)), level=level, draws=draws, seed=seed)
        with_one = int(np.count_nonzero(mine))
        rows.append(
            (names[g], len(mine), mine.sum(), mine.mean() / share, low / share, high / share, with_one, with_one / len(mine),
             *share_interval(with_one, len(mine), level=level))
        )  # fmt: skip
    group = "group" if by is None else by
    columns = [group, "n_cases", "n_contacts", "contacts_per_case", "contacts_low", "contacts_high", "n_with_contact",
               "share_with_contact", "share_low", "share_high"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns).sort_values(
        ["n_contacts", group], ascending=[False, True], ignore_index=True
    )
    low, high = rate_interval(count, np.ones(len(count)), level=level, draws=draws, seed=seed)
    caveats = list(links.caveats)
    n_wanted = int(wanted.sum())
    if len(chosen) < 0.95 * n_wanted:
        first, last = log.instants(np.array(links.period, dtype=np.int64))
        caveats.append(
            f"The contact log covers {first:%Y-%m-%d} to {last:%Y-%m-%d}. Contacts per case are told of the {len(chosen):,} of "
            f"{n_wanted:,} closed cases that lie within it."
        )
    return ContactsPerCase(
        table=table,
        n=len(chosen),
        excluded={"not closed, or not chosen": log.n_cases - n_wanted, "not covered by the contact log": n_wanted - len(chosen)},
        caveats=tuple(caveats),
        per_case=bounded(
            count.mean() / share, low / share, high / share, level=level,
            method="linked contacts, scaled up by the link share; interval by resampling cases", unit="contacts per case",
            n=len(chosen),
        ),
        by=group,
        links=links,
        _case=chosen,
    )  # fmt: skip
