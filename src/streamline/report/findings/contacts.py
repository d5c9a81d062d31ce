"""Findings about contacts: how many, of what kind, in which states, and what waiting, loops and lateness make of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from streamline.contact_answers import REPEAT_WITHIN
from streamline.report import contacted
from streamline.report.analysis import Analysis
from streamline.report.findings.contact_checks import check_findings, forecast_findings
from streamline.report.findings.saying import FIRST_RANKS, bounds, finding_of, note, real, span
from streamline.report.wording import decimals, interval, number, percent, rounded
from streamline.results import Estimate, Finding, SubjectFinding, rows_of
from streamline.study import slug
from streamline.units import duration_words

TABLE = "tables/contacts.csv"


NO_INTERVAL = (
    "No interval is given: those tried held the truth in 88 to 91 of 100 simulated services where 95 were meant. The share "
    "is sure to a few hundredths only."
)


#: What the model finds where contacts come more seldom after a contact: more new demand than there are contacts.
MORE_THAN_ALL = (
    "Contacts came more seldom soon after a contact than on other days, so the model gives a share over 1, which no share can "
    "be; it is told as 1."
)
#: A share from which it is all, as far as it is sure.
NEARLY_ALL = 0.995


def contact_findings(a: Analysis) -> Iterator[Finding]:
    """All about contacts."""
    if a.weekly is not None:
        w = a.weekly
        method = "weekly totals: least squares on open days, errors that go on from week to week"
        yield from _state_findings(a, contacted.weekly_states(a), w.caveats, n=w.n, level=w.fit.level, method=method)
    answers = a.answers
    if answers is None or answers.links is None:
        return
    yield from _link_share(a)
    if answers.why is not None and answers.why.status_share is not None:
        yield _status_share(a)
    if not answers.of_customers:
        return
    rates = answers.rates
    if rates is not None:
        yield from _state_findings(
            a, contacted.states(a), rates.caveats, n=rates.n, level=rates.level,
            method="linked contacts over open days in the state, scaled up by the link share; interval by resampling cases",
        )  # fmt: skip
    yield from _waiting(a)
    yield from _overdue(a)
    yield from _loops(a)
    yield from _repeats(a)
    yield from _switched(a)
    yield from check_findings(a)
    yield from forecast_findings(a)


def _link_share(a: Analysis) -> Iterator[Finding]:
    assert a.answers is not None
    links = a.answers.links
    assert links is not None
    n = len(links.contacts)
    yield Finding(
        id="contacts.link_share", section="contacts",
        statement=f"{percent(links.link_share)} of the contacts that may be about these cases can be linked to one; "
        + ("figures are scaled up, as if the others were spread like these." if links.link_share < 1 else "none is left over."),
        value=links.link_share, unit="share of contacts", n=n,
        method="contacts linked by case or customer, of those about the cases of the log or about none",
        caveats=contacted.published_words(links.caveats, a), table=TABLE,
    )  # fmt: skip


def _status_share(a: Analysis) -> Finding:
    assert a.answers is not None
    why = a.answers.why
    assert why is not None
    assert why.status_share is not None
    s = why.status_share
    share = percent(s.value, s.low, s.high)
    said = (
        f"At least {share} of {s.n:,} contacts asked how far the case was, as far as what the case awaited then tells"
        if why.is_lower_bound
        else f"{share} of the {s.n:,} contacts with a recorded reason asked how far the case was"
    )
    return finding_of(
        s, id="contacts.status_share", section="contacts", table="tables/contact_reasons.csv",
        statement=f"{said}{note(bounds(s, percent=True))}.", caveats=contacted.published_words(why.caveats, a),
    )  # fmt: skip


def _state_findings(
    a: Analysis, table: Any, caveats: tuple[str, ...], *, n: int, level: float, method: str
) -> Iterator[Finding]:
    """One rate a state; states without days have none."""
    taken: dict[str, int] = {}
    for row in rows_of(table):
        if not np.isfinite(row.rate_per_open_day):
            continue
        low, high = real(row.rate_low), real(row.rate_high)
        rate = 100 * row.rate_per_open_day
        wide = low is not None and high is not None and high > low
        places = decimals(100 * row.rate_low, 100 * row.rate_high, rate) if wide else 1
        between = (
            f"{level:.0%} interval {interval(100 * row.rate_low, 100 * row.rate_high, value=rate)}" if wide else ""
        )
        name = slug(row.state)
        taken[name] = taken.get(name, 0) + 1
        name += "" if taken[name] == 1 else f"_{taken[name]}"
        yield SubjectFinding(
            id=f"contacts.state.{name}.rate", section="contacts", subject=row.state,
            statement=f"Per 100 {contacted.awaiting(row.state, a)}, customers got in touch {number(rate, places)} times"
            f"{note(between)}.",
            value=float(row.rate_per_open_day), low=low, high=high, level=level if low is not None else None,
            unit="contacts per open day", n=n, method=method, caveats=contacted.published_words(caveats, a), table=TABLE,
        )  # fmt: skip


def _often(e: Estimate, than: str) -> str:
    """`2.4 times as often as before it`, or that it makes no clear difference."""
    clear = e.low is not None and e.high is not None and (e.low > 1 or e.high < 1)
    said = f"{rounded(e)} times as often {than}"
    return said if clear else f"{said}, which chance alone may explain"


def _waiting(a: Analysis) -> Iterator[Finding]:
    assert a.answers is not None
    rates = a.answers.rates
    found = None if rates is None else rates.ratio_of("waiting")
    if rates is None or found is None:
        return
    rows = rates.ratios[rates.ratios["factor"] == "waiting"]
    long, short = str(rows["level"].iloc[-1]), str(rows["reference"].iloc[-1])
    clear = found.low is not None and found.high is not None and (found.low > 1 or found.high < 1)
    said = (
        f"With {long} of waiting for the same step, customers got in touch {rounded(found)} times as often as with {short}"
        if clear
        else f"Waiting longer for the same step made no clear difference: with {long} of waiting, customers got in touch "
        f"{rounded(found)} times as often as with {short}"
    )
    yield finding_of(
        found, id="contacts.waiting.ratio", section="contacts", table="tables/contact_ratios.csv",
        statement=f"{said}{note(bounds(found))}.",
        caveats=contacted.published_words((*rates.caveats, rates.why), a),
    )  # fmt: skip


def _overdue(a: Analysis) -> Iterator[Finding]:
    assert a.answers is not None
    rates, plain = a.answers.rates, a.answers.overdue
    if rates is None or plain is None or rates.life.standard is None:
        return
    found = rates.ratio_of("overdue") or plain.ratio_within_states
    late = plain.table.loc[plain.table["overdue"] == "past the standard"]
    if found.low is None or not len(late) or not float(late["n_contacts"].sum()) >= a.minimum_cell:
        return
    why = (rates.why,) if rates.ratio_of("overdue") is not None else ()
    yield finding_of(
        found, id="contacts.overdue.ratio", section="contacts", table="tables/contact_ratios.csv",
        statement=f"Past the standard of {duration_words(rates.life.standard)}, customers got in touch "
        f"{_often(found, 'as before it')}, with the same step awaited for as long{note(bounds(found))}.",
        caveats=contacted.published_words((*plain.caveats, *why), a),
    )  # fmt: skip


def _loops(a: Analysis) -> Iterator[Finding]:
    assert a.answers is not None
    found = a.answers.loops
    if found is None:
        return
    for rank, row in enumerate(rows_of(contacted.loops(a).head(FIRST_RANKS)), start=1):
        low, high = real(row.inside_low), real(row.inside_high)
        value = float(row.inside_per_occurrence)
        beside = ""
        if np.isfinite(row.matched_low):
            beside = f" {_beside(row)}"
        yield SubjectFinding(
            id=f"contacts.loop.{rank}.per_occurrence", section="contacts", subject=row.loop,
            statement=f"Each time a case went {row.loop}, its customer got in touch {number(value, decimals(low, high, value))} "
            f"times on average while that lasted{note(span(low, high, value=value))}.{beside}",
            value=value, low=low, high=high, level=None if low is None else 0.95, unit="contacts per occurrence",
            n=int(row.n_occurrences),
            method="linked contacts inside the loop, scaled up by the link share; interval by resampling cases",
            caveats=contacted.published_words(found.caveats, a), table="tables/contact_loops.csv",
        )  # fmt: skip


def _beside(row: Any) -> str:
    """How looping cases compare with like ones, in a sentence."""
    low, high, value = float(row.matched_low), float(row.matched_high), float(row.matched_per_occurrence)
    if low * high <= 0:
        places = decimals(low, high, value) + 1
        return (
            "Beside like cases that didn't, no clear difference in contacts is seen "
            f"(from {number(-low, places)} fewer to {number(high, places)} more each time)."
        )
    more, sign = ("more", 1) if value > 0 else ("fewer", -1)
    least, most = sorted((sign * low, sign * high))
    size = number(abs(value), decimals(low, high, value))
    return (
        f"Cases that did had {size} {more} contacts each time than like cases that didn't "
        f"(95% interval {interval(least, most, value=abs(value))})."
    )


def _repeats(a: Analysis) -> Iterator[Finding]:
    assert a.answers is not None
    found = a.answers.resolution
    if found is not None and found.n >= a.minimum_cell:
        yield finding_of(
            found.resolved, id="contacts.first_contact_resolution", section="contacts", table="tables/contact_repeats.csv",
            statement=f"{percent(found.resolved.value, found.resolved.low, found.resolved.high)} of {found.n_episodes:,} "
            f"enquiries ended with the first contact: none followed about the same case within {REPEAT_WITHIN}"
            f"{note(bounds(found.resolved, percent=True))}.",
            caveats=contacted.published_words(found.caveats, a),
        )  # fmt: skip
    rates = a.answers.rates
    again = None if rates is None else rates.repeats
    if rates is None or again is None or not np.isfinite(again.ratio).all() or again.n_repeats < a.minimum_cell:
        return
    n = again.model.n_cases
    ratio, net = (
        _of(v, again.level, unit, n) for v, unit in ((again.ratio, "times"), (again.net_share, "share of contacts"))
    )
    led = ratio.low is not None and ratio.low > 1
    yield finding_of(
        ratio, id="contacts.repeat_ratio", section="contacts", table="tables/contact_repeats.csv",
        statement=f"In the {REPEAT_WITHIN} after a contact, customers got in touch "
        f"{_often(ratio, 'as the same customers would otherwise')}{note(bounds(ratio))}.",
        caveats=contacted.published_words(rates.caveats, a),
    )  # fmt: skip
    capped = net.value > 1
    net = replace(net, value=contacted.net_share(a))
    all_new = net.value >= NEARLY_ALL
    share = "Practically all" if all_new else f"About {percent(net.value, net.low, net.high)}"
    # of the intervals of this share too few hold the truth (docs/verification/rates.md): none is given
    yield finding_of(
        replace(net, low=None, high=None, level=None), id="contacts.net_of_redials", section="contacts",
        table="tables/contact_repeats.csv",
        statement=f"{share} of the contacts are new demand"
        + (" that no earlier contact led to." if led else ", as far as can be told."),
        caveats=(*contacted.published_words(rates.caveats, a), NO_INTERVAL, *((MORE_THAN_ALL,) if capped else ())),
    )  # fmt: skip


def _of(triple: tuple[float, float, float], level: float, unit: str, n: int) -> Estimate:
    value, low, high = triple
    return Estimate(
        value=value, low=low, high=high, level=level, unit=unit, n=n,
        method="days soon after a contact beside other days of like customers (negative binomial by case)",
    )  # fmt: skip


def _switched(a: Analysis) -> Iterator[Finding]:
    assert a.answers is not None
    found = a.answers.switching
    if found is None:
        return
    s = found.switched
    n = round(s.value * s.n)
    if 0 < n < a.minimum_cell or 0 < s.n - n < a.minimum_cell:
        return
    yield finding_of(
        s, id="contacts.switched_share", section="contacts", table="tables/contact_channels.csv",
        statement=f"{percent(s.value, s.low, s.high)} of {s.n:,} cases arrived by one channel, and their customer then got in "
        f"touch by another{note(bounds(s, percent=True))}.",
        caveats=contacted.published_words(found.caveats, a),
    )  # fmt: skip
