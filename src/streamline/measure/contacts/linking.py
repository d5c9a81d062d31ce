"""Which case each contact is about.

A contact is linked by the id of the case that it names; where it names none, by the id of its customer, with the cases of that
customer that were open at that instant, or, when none was, with the one closed last not long before. Each contact has
exactly one *fate*, so the fates add up to the contacts. Unanswered attempts (given up, or blocked) that are followed by a
redial are no demand of their own: they count `1 - redial_rate` each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError, UnknownNameError
from streamline.figure import Bar, BarChart, Chart
from streamline.kernels.customers import cases_open_at
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.log.kinds import check_contacts, check_log
from streamline.measure.contacts.fates import (
    AMBIGUOUS,
    BY_CASE,
    BY_CUSTOMER,
    BY_LATE_CUSTOMER,
    BY_SHARE,
    EARLY,
    FATES,
    FOREIGN_CASE,
    FOREIGN_CUSTOMER,
    LATE,
    LATE_OPEN,
    LINKED,
    NAMELESS,
    NO_OPEN_CASE,
    NOT_COUNTED,
    OUTSIDE,
    REQUEST,
    STEPLESS,
    caveats_of,
)
from streamline.measure.contacts.likeness import LIKENESS_CAVEATS, Likeness, are_requests, likeness
from streamline.results import Result, rows_of
from streamline.units import DAY, MISSING_TIME, counted

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Days after the end in which contacts count as being about the closed case.
CLOSED_DAYS = 30
#: A contact is shared out among at most so many open cases of its customer.
MOST_SHARED = 10
#: The first and the last contact don't mark the ends of the time covered to the day: a case may reach over them by this share.
SLACK = 0.05


@dataclass(frozen=True, kw_only=True, repr=False)
class LinkedContacts(Result):
    """The contacts and their cases; n counts the cases of the log that have a step.

    `table`, one row a fate: fate, linked (whether it counts for a case), n_contacts, share (of all contacts). Arrays have one
    entry a link, in order of case, time and place in the contact log; a contact that is shared out has several.
    """

    log: EventLog = field(repr=False)
    contacts: ContactLog = field(repr=False)
    #: For each link the contact's place in the contact log, the number of its case, its instant.
    place: Int64 = field(repr=False)
    case: Int64 = field(repr=False)
    time: Int64 = field(repr=False)
    #: What it counts for: 1, less where the contact is shared out or may have been redialled.
    weight: Float = field(repr=False)
    #: For each contact its fate, a number of `FATES`.
    fate: Int64 = field(repr=False)
    #: Of the contacts within the time of the log that are about its cases or tell of none, the share that is linked (by
    #: weight); figures per case and per day are divided by it.
    link_share: float
    #: First and last instant that the contact log covers.
    period: tuple[int, int]
    closed_days: int
    redial_rate: float | None
    #: What most links look like: "contacts" about cases, the "requests" themselves, or "steps" of the process.
    are: Likeness

    @property
    def n_contacts(self) -> float:
        """Linked contacts by weight."""
        return float(self.weight.sum())

    @cached_property
    def offsets(self) -> Int64:
        """The links of case k are `offsets[k]:offsets[k + 1]`."""
        return np.searchsorted(self.case, np.arange(self.log.n_cases + 1)).astype(np.int64)

    @cached_property
    def covered(self) -> Bool:
        """Closed cases whose whole life lies in the time that the contact log covers; contacts per case are told of these."""
        slack = max(DAY, int(SLACK * (self.period[1] - self.period[0])))
        log = self.log
        inside = (log.arrival >= self.period[0] - slack) & (log.last_completion <= self.period[1] + slack)
        return np.asarray(log.closed & inside, dtype=np.bool_)

    def per_case(self, chosen: Bool | None = None) -> Float:
        """Contacts of each case by weight, of the chosen links (all by default)."""
        weight = self.weight if chosen is None else np.where(chosen, self.weight, 0.0)
        return np.bincount(self.case, weights=weight, minlength=self.log.n_cases).astype(np.float64)

    def codes(self, what: Literal["channel", "reason"]) -> tuple[Int64, tuple[str, ...]] | None:
        """For each link the code of its channel or reason (-1: not recorded), and the names; None without such a column."""
        labels = self.contacts.channel if what == "channel" else self.contacts.reason
        return None if labels is None else (labels.codes[self.place].astype(np.int64), labels.names)

    def chart(self) -> Chart:
        """How many contacts there are of each fate."""
        return BarChart(
            title="Which contacts count for a case",
            axis="Contacts",
            bars=tuple(Bar(label=r.fate, value=float(r.n_contacts), group="counts" if r.linked else "doesn't count")
                       for r in rows_of(self.table)),
            note=self._rests_on(),
        )  # fmt: skip

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a link: case, time, weight, days_since_arrival, fate, channel, reason, row of the contact file."""
        log = self.log
        frame = pd.DataFrame(
            {
                "case": log.case_id_array(self.case),
                "time": log.instants(self.time),
                "weight": self.weight,
                "days_since_arrival": (self.time - log.arrival[self.case]) / DAY,
                "fate": np.asarray(FATES, dtype=object)[self.fate[self.place]],
            }
        )
        for what in ("channel", "reason"):
            found = self.codes(what)
            if found is not None:
                frame[what] = np.asarray([*found[1], None], dtype=object)[found[0]]
        return frame.assign(row=self.contacts.row[self.place])


def link_contacts(
    log: EventLog,
    contacts: ContactLog,
    *,
    customer: str | None = None,
    ambiguous: Literal["share", "leave"] = "leave",
    redial_rate: float | None = None,
    closed_days: int = CLOSED_DAYS,
    requests: Literal["count", "leave"] = "count",
    covers: tuple[str, str] | None = None,
    whole: EventLog | None = None,
) -> LinkedContacts:
    """Find the case of each contact (see the module's text).

    customer : the attribute of the cases that holds the customer's id; without it contacts are linked by case id alone.
    ambiguous : where a customer has several open cases, "share" counts the contact for each of them in equal parts (up to
        ten; with more it is left), "leave" for none.
    redial_rate : share of unanswered attempts (outcomes named as `abandoned` in `read_contacts`) that are followed by a
        redial, 0 to 1. No default: records of calls don't tell it, so it is refused when such attempts are there without it.
    closed_days : days after the end in which contacts are about the closed case.
    requests : a contact that is the first of its case and within an hour of the arrival may be the request itself, as in records
        of applications by phone; "leave" takes all such for requests and leaves them out.
    covers : the dates that the contact log covers, the last one excluded, in the log's zone; from the first to the last
        contact by default.
    whole : the log before it was filtered; contacts about its other cases are neither unlinked nor counted.

    Returns LinkedContacts. Raises InsufficientDataError when no contact can be linked, or when a filtered log comes without
    `whole`; UnknownNameError for an attribute that the log doesn't have; ValueError for options that don't fit.
    """
    check_log(log)
    check_contacts(contacts)
    if ambiguous not in ("share", "leave"):
        raise ValueError(f"ambiguous={ambiguous!r} is not an option. Choose 'share' or 'leave'.")
    if requests not in ("count", "leave"):
        raise ValueError(f"requests={requests!r} is not an option. Choose 'count' or 'leave'.")
    if closed_days < 0:
        raise ValueError(f"closed_days={closed_days} is less than 0.")
    if whole is None and log.history:
        raise InsufficientDataError(
            f"{log.source} was filtered ({'; '.join(log.history)}), so contacts about its other cases would look like "
            "contacts about nothing. Pass the log before it was filtered as `whole`."
        )
    if contacts.history:
        raise InsufficientDataError(
            f"{contacts.source} was filtered ({'; '.join(contacts.history)}), so the share of contacts that name a case can't be "
            "told from it. Pass all contacts, and the log before it was filtered as `whole`."
        )
    everything = log if whole is None else whole
    period = _period(log, contacts, covers)
    silent = contacts.reached_nobody
    weight = np.where(silent, 1.0 - _checked_rate(redial_rate, contacts, int(silent.sum())), 1.0)
    inside = (contacts.time >= period[0]) & (contacts.time <= period[1])

    numbers = contacts.case_numbers(everything)
    fate = np.select([numbers >= 0, numbers == -2], [BY_CASE, FOREIGN_CASE], NAMELESS).astype(np.int64)
    place, case, part = np.flatnonzero(numbers >= 0), numbers[numbers >= 0], np.ones(int((numbers >= 0).sum()))
    begins, ends = everything.period[0], everything.observed_until
    if customer is not None:
        asked = np.flatnonzero((numbers == -1) & (contacts.time >= begins) & (contacts.time <= ends))
        more = _by_customer(everything, contacts, asked, customer, ambiguous, closed_days, fate)
        place, case, part = (np.concatenate([a, b]) for a, b in zip((place, case, part), more, strict=True))
    fate[(fate > LATE_OPEN) & (contacts.time < begins)] = EARLY
    fate[(fate > LATE_OPEN) & (contacts.time > ends)] = LATE

    stepless = everything.arrival[case] == MISSING_TIME
    fate[place[stepless]] = STEPLESS
    # after the last event of the log nobody knows what an open case awaits
    late = ~stepless & ~everything.closed[case] & (contacts.time[place] >= ends)
    fate[place[late]] = LATE_OPEN
    kept = ~stepless & ~late & inside[place]
    place, case, part = place[kept], case[kept], part[kept]
    if whole is not None:
        case = _renumbered(whole, log, case)
        elsewhere = case < 0
        gone = np.ones(len(contacts), dtype=np.bool_)
        gone[place[~elsewhere]] = False
        fate[place[elsewhere & gone[place]]] = NOT_COUNTED
        place, case, part = place[~elsewhere], case[~elsewhere], part[~elsewhere]
    order = np.lexsort((place, contacts.time[place], case))
    place, case, part = place[order], case[order], part[order]
    if requests == "leave":
        own = are_requests(log, case, contacts.time[place])
        fate[place[own]] = REQUEST
        place, case, part = place[~own], case[~own], part[~own]
    are = likeness(log, case, contacts.time[place])

    fate[~inside] = OUTSIDE
    about_ours = np.isin(fate, [*LINKED, NOT_COUNTED, LATE_OPEN])
    untold = np.isin(fate, [NAMELESS, AMBIGUOUS])
    below = float(weight[about_ours].sum() + weight[untold].sum())
    link_share = float(weight[about_ours].sum()) / below if below else 0.0
    count = np.bincount(fate, minlength=len(FATES))
    table = pd.DataFrame(
        {"fate": FATES, "linked": np.isin(np.arange(len(FATES)), LINKED), "n_contacts": count,
         "share": count / len(contacts)}
    )  # fmt: skip
    table = table[table["n_contacts"] > 0].reset_index(drop=True)
    if len(place) == 0:
        told = "; ".join(f"{n:,} × {f}" for f, n in zip(table["fate"], table["n_contacts"], strict=True))
        raise InsufficientDataError(
            f"{contacts.source}: none of {counted(len(contacts), 'contact')} can be linked to a case of {log.source} ({told}). "
            "Check that both files write the id in the same way, or count contacts without cases, which says less."
        )
    stepped = int((log.arrival != MISSING_TIME).sum())
    return LinkedContacts(
        table=table,
        n=stepped,
        excluded={"without any step": log.n_cases - stepped},
        caveats=(
            *caveats_of(count, link_share=link_share, silent=int(silent.sum()), rate=redial_rate),
            *LIKENESS_CAVEATS[are],
        ),
        log=log,
        contacts=contacts,
        place=place,
        case=case,
        time=contacts.time[place],
        weight=weight[place] * part,
        fate=fate,
        link_share=link_share,
        period=period,
        closed_days=closed_days,
        redial_rate=redial_rate,
        are=are,
    )


def _by_customer(
    log: EventLog,
    contacts: ContactLog,
    asked: Int64,
    customer: str,
    ambiguous: str,
    closed_days: int,
    fate: Int64,
) -> tuple[Int64, Int64, Float]:
    """Links of the contacts at the places `asked` by their customer, (place, case, part); their fates are written down."""
    if customer not in log.attributes.columns:
        raise UnknownNameError(
            what="attribute", name=customer, known=[str(c) for c in log.attributes.columns], where=log.source
        )
    if contacts.customer_ids is None:
        raise InsufficientDataError(
            f"{contacts.source} was read without a column of customers, so contacts can't be linked by {customer!r}. "
            "Name it as `customer` in `read_contacts`."
        )
    known = log.arrival != MISSING_TIME
    # text ids on both sides: a number is written as it is in the source
    owner, names = pd.factorize(log.attributes[customer].where(known).map(_as_written, na_action="ignore"))
    who = _codes_among(contacts.customer_ids, names)[asked]
    fate[asked[who == -2]] = FOREIGN_CUSTOMER
    asked, who = asked[who >= 0], who[who >= 0]
    owned = np.flatnonzero(owner >= 0)
    owned = owned[np.lexsort((log.arrival[owned], owner[owned]))]
    by_time = np.lexsort((contacts.time[asked], who))
    asked, who = asked[by_time], who[by_time]
    bounds = np.arange(len(names) + 1)
    end = np.where(log.closed, log.last_completion, log.observed_until + 1)
    n_open, offsets, listed = cases_open_at(
        np.searchsorted(owner[owned], bounds).astype(np.int64),
        owned,
        log.arrival[owned],
        end[owned],
        np.searchsorted(who, bounds).astype(np.int64),
        contacts.time[asked],
        closed_days * DAY,
        MOST_SHARED if ambiguous == "share" else 1,
    )
    n_listed = np.diff(offsets)
    fate[asked] = np.select(
        [(n_open == 0) & (n_listed == 0), n_open == 0, n_listed == 0, n_open == 1],
        [NO_OPEN_CASE, BY_LATE_CUSTOMER, AMBIGUOUS, BY_CUSTOMER],
        BY_SHARE,
    )
    part = np.repeat(1.0 / np.maximum(n_listed, 1), n_listed)
    return np.repeat(asked, n_listed), np.asarray(listed, dtype=np.int64), part


def _as_written(value: Any) -> str:
    return str(value).strip()


def _codes_among(ids: Any, names: Any) -> Int64:
    """For each id its place among the names: -1 where it is null, -2 where it isn't among them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.index_in(ids, value_set=pa.array(list(names), pa.large_string())).fill_null(-2)
    found = np.asarray(place.to_numpy(zero_copy_only=False), dtype=np.int64)
    return np.where(np.asarray(ids.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_), -1, found)


def _renumbered(whole: EventLog, log: EventLog, case: Int64) -> Int64:
    """The numbers that cases of the whole log have in the filtered one, -1 where they aren't in it."""
    import pyarrow.compute as pc

    place = pc.index_in(whole.case_ids, value_set=log.case_ids).fill_null(-1)
    return np.asarray(place.to_numpy(zero_copy_only=False), dtype=np.int64)[case]


def _period(log: EventLog, contacts: ContactLog, covers: tuple[str, str] | None) -> tuple[int, int]:
    if covers is None:
        return int(contacts.time.min()), int(contacts.time.max())
    first, last = (pd.Timestamp(day) for day in covers)
    first, last = (t.tz_localize(log.timezone) if t.tzinfo is None else t for t in (first, last))
    if last <= first:
        raise ValueError(f"covers={covers!r}: the second date must be after the first.")
    return first.value // 1000, last.value // 1000


def _checked_rate(rate: float | None, contacts: ContactLog, n_silent: int) -> float:
    if rate is None and n_silent:
        raise ValueError(
            f"{contacts.source}: {counted(n_silent, 'attempt')} reached nobody. Some of them are dialled again and would count "
            "twice; say which share as `redial_rate` (0 to 1), from the telephone system or a survey."
        )
    if rate is not None and not 0 <= rate <= 1:
        raise ValueError(f"redial_rate={rate:g} is no share; give 0.6 for 60%.")
    return rate or 0.0
