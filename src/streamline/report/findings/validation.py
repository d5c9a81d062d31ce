"""Findings about how well the replay behind the estimates reproduces the service."""

from __future__ import annotations

from collections.abc import Iterator

from streamline.report.analysis import Analysis
from streamline.report.findings.saying import real
from streamline.report.wording import number, percent
from streamline.results import Finding, rows_of

_MEASURES = {
    "cycle_time.mean": "the mean cycle time",
    "cycle_time.median": "the median cycle time",
    "cycle_time.p90": "the 90th percentile of cycle time",
}


def validation_findings(a: Analysis) -> Iterator[Finding]:
    """The replay as it is, and held out, beside the rival."""
    found = a.validation
    if found is None:
        return
    yield Finding(
        id="validation.verdict", section="validation",
        statement=f"The estimates are {found.verdict}. {found.why}",
        value=found.error, low=None, high=None, level=None, unit="relative error", n=found.n,
        method="the log's own cases replayed without any change, and the later arrivals replayed from the earlier ones",
        caveats=(),
        table="tables/validation.csv",
    )  # fmt: skip
    if real(found.kept_share) is not None:
        yield Finding(
            id="validation.kept_share", section="validation",
            statement=f"{percent(found.kept_share)} of the waiting for staff is kept as it was observed, because no queue "
            "explains it; the rest is computed anew by queues.",
            value=found.kept_share, low=None, high=None, level=None, unit="share of waiting", n=found.n,
            method="delays from enabling to being ready, over waits from enabling to start", caveats=(),
            table="tables/replayed_waits.csv",
        )  # fmt: skip
    for row in rows_of(found.table):
        part = "" if row.part == "as it is" else ".held_out"
        if row.measure in _MEASURES:
            learned = (
                "Replayed as it is" if not part else "Learned from the earlier arrivals and replayed for the later ones"
            )
            off = f", so it is off by {percent(abs(row.error))}" if real(row.error) is not None else ""
            rival = f" (earlier cases: {number(row.shift, 2)})" if real(row.shift) is not None else ""
            statement = (
                f"{learned}, {_MEASURES[row.measure]} comes to {number(row.replayed, 2)} days; "
                f"{number(row.observed, 2)} were observed"
                f"{rival}{off}."
            )
            value, unit = real(row.error), "relative error"
        else:
            when = "the service as it is" if not part else "the later arrivals"
            rival = (
                f"; the earlier cases' own lie {number(row.shift, 1)} hours off" if real(row.shift) is not None else ""
            )
            distance = number(row.replayed, 1)
            statement = f"Replayed cycle times of {when} lie {distance} hours from the observed ones on average{rival}."
            value, unit = real(row.replayed), "hours"
        yield Finding(
            id=f"validation{part}.{row.measure}", section="validation", statement=statement,
            value=value, low=None, high=None, level=None,
            unit=unit, n=found.n if not part or found.held_out is None else found.held_out.n_later,
            method="replay through queues; distances after Wasserstein", caveats=(), table="tables/validation.csv",
        )  # fmt: skip
    if found.held_out is None:
        yield Finding(
            id="validation.held_out", section="validation",
            statement=f"The replay was not checked on a later part of the records: {found.held_out_missing}",
            value=None, low=None, high=None, level=None, unit="relative error", n=found.n,
            method="none: the records can't be split", caveats=(), table="tables/validation.csv",
        )  # fmt: skip
