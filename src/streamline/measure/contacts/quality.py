"""What is wrong, odd or missing in the records of contacts, and what each oddity does to the results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog, Labels
from streamline.log.quality import EXAMPLES, DataQuality, QualityFinding
from streamline.measure.contacts.fates import FATES, FEW_CONTACTS, LINKED
from streamline.measure.contacts.likeness import LIKENESS_CAVEATS, are_requests, are_steps
from streamline.measure.contacts.linking import LinkedContacts, link_contacts
from streamline.measure.periods import local_time
from streamline.units import DAY, HOUR, counted

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Share of contacts without a reason or channel from which it is said.
MANY_WITHOUT = 0.05
#: Share of linked contacts before the arrival of their case from which it is said.
MANY_EARLY = 0.05
#: The middle of the contacts' day and that of the steps' day may lie so many hours apart.
HOURS_APART = 4.0
#: A middle of the day is told where instants keep together this much (1: one hour of the day; 0: all round the clock).
KEEPS_TOGETHER = 0.3
#: Instants that a middle of the day needs; it isn't told of records with dates only.
ENOUGH_INSTANTS = 50
#: Share of the instants at midnight from which the records are taken to hold dates only.
DATES_ONLY = 0.5


class ContactQuality(DataQuality):
    """Findings about the records of contacts; as DataQuality, but n counts contacts."""

    _n_counts = "contact"


def contact_quality(log: EventLog, contacts: ContactLog, *, customer: str | None = None) -> ContactQuality:
    """Look for what could mislead in the contacts: links, duplicates, time zones, missing reasons, too few.

    customer : the attribute of the cases that holds the customer's id, as for `link_contacts`.

    Returns ContactQuality, whose n counts contacts; contacts that can't be linked at all are a finding here, no error.
    """
    findings = (
        *_rows_of_the_source(contacts),
        *_links(log, contacts, customer),
        *_hours(log, contacts),
        *_labels(contacts),
    )
    columns = ["kind", "statement", "count", "share", "unit", "examples", "effect"]
    return ContactQuality(
        table=pd.DataFrame(
            [(f.kind, f.statement, f.count, f.share, f.unit, "; ".join(f.examples), f.advice) for f in findings],
            columns=columns,
        ),
        n=len(contacts),
        excluded={},
        recorded=contacts.recorded,
        findings=findings,
        reading=dict(contacts.notes.reading),
    )


def _found(
    kind: str, count: int, of: int, what: str, effect: str, rows: npt.ArrayLike = (), hint: str = ""
) -> QualityFinding:
    share = f"{count / of:.1%}" if count / of >= 0.0005 else "under 0.1%"
    return QualityFinding(
        kind=kind,
        statement=f"{count:,} of {counted(of, 'contact')} ({share}) {what}.",
        count=count,
        of=of,
        unit="contacts",
        examples=tuple(f"row {int(r):,}" for r in np.sort(np.asarray(rows))[:EXAMPLES]),
        effect=effect,
        hint=hint,
    )


def _rows_of_the_source(contacts: ContactLog) -> Iterator[QualityFinding]:
    n = len(contacts)
    reasons: dict[str, list[int]] = {}
    for reject in contacts.rejects:
        reasons.setdefault(reject.reason, []).append(reject.row)
    for reason, rows in sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0])):
        yield _found(
            "rejected", len(rows), max(contacts.notes.n_rows, n), f"could not be used: {reason}",
            "They are set aside in the table of rejects and count nowhere.", rows,
        )  # fmt: skip
    twins = contacts.notes.odd_rows.get("duplicate")
    if twins is not None:
        yield _found(
            "duplicates", len(twins), n, "repeat an earlier one in case, instant, channel and reason",
            "Was the export made twice? Each counts as a contact and as a repeat.", twins,
            "duplicates='drop' in `read_contacts` sets them aside.",
        )  # fmt: skip
    if contacts.notes.day_precision >= DATES_ONLY:
        n_midnight = round(contacts.notes.day_precision * n)
        yield _found(
            "dates_only", n_midnight, n, "are at midnight, so the records seem to hold dates only",
            "What a case awaited at the hour of the contact isn't known: the state in which the day began is taken.",
        )  # fmt: skip


def _links(log: EventLog, contacts: ContactLog, customer: str | None) -> Iterator[QualityFinding]:
    n = len(contacts)
    if n < FEW_CONTACTS:
        yield _found("few", n, n, "is all there is" if n == 1 else "are all there are",
                     "Every figure about contacts is uncertain: read it with its interval.", contacts.row)  # fmt: skip
    try:
        links = link_contacts(log, contacts, customer=customer, redial_rate=0.0, whole=log if log.history else None)
    except InsufficientDataError as error:
        yield _found("unlinked", n, n, "can't be linked to a case", f"No figure by case or state can be told. {error}")
        return
    unlinked = [k for k in range(len(FATES)) if k not in LINKED]
    for fate in unlinked:
        places = np.flatnonzero(links.fate == fate)
        if len(places):
            yield _found("unlinked", len(places), n, f"aren't linked: {FATES[fate]}",
                         "They count for no case; what is said of each kind stands in the caveats of every result.",
                         contacts.row[places])  # fmt: skip
    for said in LIKENESS_CAVEATS[links.are]:
        alike = (are_requests if links.are == "requests" else are_steps)(log, links.case, links.time)
        what = "look like requests" if links.are == "requests" else "look like steps of the process"
        yield _found(links.are, int(alike.sum()), len(alike), what, said, contacts.row[links.place[alike]])
    yield from _early(links)


def _early(links: LinkedContacts) -> Iterator[QualityFinding]:
    before = links.time < links.log.arrival[links.case]
    if before.sum() < MANY_EARLY * len(before):
        return
    gap = np.median((links.log.arrival[links.case] - links.time)[before]) / HOUR
    words = f"{gap:,.1f} hours" if gap < 48 else f"{gap / 24:,.0f} days"
    yield _found(
        "before_arrival", int(before.sum()), len(before), f"came before their case arrived, half of them within {words} of it",
        "They count in a state of their own. If the gap is a few hours, were both files read in the right time zone?",
        links.contacts.row[links.place[before]],
    )  # fmt: skip


def _hours(log: EventLog, contacts: ContactLog) -> Iterator[QualityFinding]:
    """A hint at a wrong zone: contacts and steps have their middle of the day at different hours."""
    if max(contacts.notes.day_precision, log.notes.day_precision) >= DATES_ONLY:
        return
    ours, theirs = _middle(local_time(log, log.complete)), _middle(local_time(log, contacts.time))
    if ours is None or theirs is None:
        return
    apart = abs((theirs - ours + 12) % 24 - 12)
    if apart >= HOURS_APART:
        yield _found(
            "hours", len(contacts), len(contacts),
            f"centre on {_clock(theirs)}, the steps of the cases on {_clock(ours)} ({log.timezone})",
            "If offices and customers are awake at the same hours, one of the files was read in the wrong time zone.",
        )  # fmt: skip


def _middle(local: Int64) -> float | None:
    """The hour about which instants keep together on the clock's face; None where they don't, or are too few."""
    if len(local) < ENOUGH_INSTANTS:
        return None
    angle: Float = np.asarray((local % DAY) / DAY * 2 * np.pi, dtype=np.float64)
    x, y = float(np.cos(angle).mean()), float(np.sin(angle).mean())
    if float(np.hypot(x, y)) < KEEPS_TOGETHER:
        return None
    return float(np.arctan2(y, x) / (2 * np.pi) * 24 % 24)


def _clock(hour: float) -> str:
    minutes = round(hour * 60) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _labels(contacts: ContactLog) -> Iterator[QualityFinding]:
    columns: Sequence[tuple[str, Labels | None, str]] = (
        (
            "reason",
            contacts.reason,
            "Shares by reason are those of the contacts that have one, which may differ from the others.",
        ),
        ("channel", contacts.channel, "Figures by channel leave them out."),
        ("outcome", contacts.outcome, "They are taken for contacts that reached somebody."),
    )
    for name, labels, effect in columns:
        if labels is None:
            continue
        without = np.flatnonzero(labels.codes < 0)
        if len(without) >= MANY_WITHOUT * len(contacts) and len(without):
            yield _found(f"no_{name}", len(without), len(contacts), f"have no {name}", effect, contacts.row[without])
