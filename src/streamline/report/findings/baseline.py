"""Findings about the service as it is: cases, cycle times, contacts."""

from __future__ import annotations

from collections.abc import Iterator

from streamline.report.analysis import Analysis
from streamline.report.contacted import contact_caveats, published_words
from streamline.report.findings.saying import bounds, finding_of, note
from streamline.report.published_counts import tells_of_few
from streamline.report.wording import arrivals_words, percent, rounded, sentence
from streamline.results import Finding
from streamline.units import duration_words


def baseline_findings(a: Analysis) -> Iterator[Finding]:
    table, period = "tables/baseline.csv", arrivals_words(a.log)
    n_open, n_all = a.cycle.n_open, a.cycle.n + a.cycle.n_open
    yield Finding(
        id="baseline.cases", section="baseline", statement=f"{n_all:,} cases arrived from {period}.", value=n_all,
        unit="cases", n=n_all, method="count of the records", table=table,
    )  # fmt: skip
    yield Finding(
        id="baseline.open_cases", section="baseline",
        statement=_open_words(a, n_open, n_all, period), value=None if a.few_open else n_open,
        unit="cases", n=n_all, method="count of the records", table=table,
    )  # fmt: skip
    closed = f"{a.cycle.n:,} closed cases that arrived from {period}"
    words = {"mean": "took {} days on average", "median": "took {} days or less in half of the cases",
             "p90": "took {} days or less in nine of ten cases"}  # fmt: skip
    for name, estimate in (("mean", a.cycle.mean), ("median", a.cycle.median), ("p90", a.cycle.p90)):
        yield finding_of(
            estimate, id=f"baseline.cycle_time.{name}", section="baseline", table=table, caveats=a.cycle.caveats,
            statement=f"From arrival to last step, a case {words[name].format(rounded(estimate))}"
            f"{note(closed, bounds(estimate))}.",
        )  # fmt: skip
    within = a.cycle.within_standard
    if within is not None and a.cycle.standard is not None and (few := tells_of_few(within, a)):
        yield Finding(
            id="baseline.within_standard", section="baseline", value=None, unit=within.unit, n=within.n,
            method=within.method, table=table,
            statement=f"{sentence(few)} of the {within.n:,} cases that arrived from {period} close within the standard "
            f"of {duration_words(a.cycle.standard)}.",
        )  # fmt: skip
    elif within is not None and a.cycle.standard is not None:
        yield finding_of(
            within, id="baseline.within_standard", section="baseline", table=table,
            statement=("An estimated " if "Kaplan" in within.method else "")
            + f"{percent(within.value, within.low, within.high)} of the {within.n:,} cases that arrived from "
            f"{period} close within the standard of {duration_words(a.cycle.standard)}"
            f"{note(bounds(within, percent=True))}.",
        )  # fmt: skip
    b = a.bottlenecks
    for id_, estimate, what in (
        ("waiting_time.mean", b.waiting, "Waiting took {} days per case"),
        ("service_time.mean", b.service, "Work, from the start to the completion of each step, took {} days per case"),
        ("sojourn_time.mean", b.sojourn, "Waiting and work, which the records can't tell apart, took {} days per case"),
        ("external_time.mean", b.external, "Customers or third parties had the case for {} days"),
    ):
        known = a.log.has_start or id_ in ("sojourn_time.mean", "external_time.mean")
        if (
            not known
            or (id_ == "sojourn_time.mean" and b.sojourn.value == 0)
            or (id_.startswith("ext") and not a.log.external)
        ):
            continue
        yield finding_of(
            estimate, id=f"baseline.{id_}", section="baseline", table=table, caveats=b.caveats,
            statement=f"{what.format(rounded(estimate))} on average"
            f"{note(closed, bounds(estimate) and bounds(estimate) + ' days')}.",
        )  # fmt: skip
    each = a.contacts_per_case
    if each is not None:
        whose = (
            "cases that arrived in the same weeks"
            if a.weekly is not None
            else f"closed cases that arrived from {period}"
        )
        yield finding_of(
            each, id="baseline.contacts_per_case", section="baseline", table="tables/contacts.csv",
            caveats=published_words(contact_caveats(a), a),
            statement=f"Customers got in touch {rounded(each)} times per case{note(f'{each.n:,} {whose}', bounds(each))}."
            if a.contacts_by_customers
            else f"The records of contacts hold {rounded(each)} entries per case{note(f'{each.n:,} {whose}', bounds(each))}.",
        )  # fmt: skip


def _open_words(a: Analysis, n_open: int, n_all: int, period: str) -> str:
    """How many cases are open; without named ends nobody knows."""
    if a.log.ends is None and n_open == 0:
        return (
            f"The study names no activities that end a case, so all {n_all:,} cases that arrived from {period} count as "
            "closed."
        )
    if a.few_open:
        return (
            f"Fewer than {a.minimum_cell} cases that arrived from {period} are still open; they are left out of all figures, so "
            "that no total tells how many they are."
        )
    few = f"{n_open:,}" if n_open else "None"
    return f"{few} of the {n_all:,} cases that arrived from {period} are still open."
