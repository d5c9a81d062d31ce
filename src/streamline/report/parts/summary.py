"""The summary: three numbers and five sentences."""

from __future__ import annotations

from streamline.report.analysis import Analysis
from streamline.report.parts.saying import Say, said
from streamline.report.published_counts import tells_of_few
from streamline.report.section import KeyFigure, KeyFigures, Paragraph, Part
from streamline.report.wording import percent, rounded
from streamline.results import Estimate
from streamline.units import duration_words

_SENTENCES = ("summary.time", "summary.wait", "summary.return", "summary.contact", "summary.proposal")


def summary_part(a: Analysis, say: Say) -> Part:
    """How long it takes, whether that keeps the standard, and what customers do; then the five sentences."""
    text = said(say, *_SENTENCES)
    return Part(
        id="summary",
        title="Summary",
        blocks=(KeyFigures(items=(_time(a), _standard(a), _customers(a))), Paragraph(text=text)),
    )


def _time(a: Analysis) -> KeyFigure:
    return KeyFigure(
        value=rounded(a.cycle.mean), unit="days", label="mean time from arrival to last step",
        detail=f"{a.cycle.n:,} closed cases", finding="baseline.cycle_time.mean",
    )  # fmt: skip


def _standard(a: Analysis) -> KeyFigure:
    """The share within the standard; without a standard the time that nine of ten cases take."""
    within = a.cycle.within_standard
    if within is None or a.cycle.standard is None or tells_of_few(within, a):
        return KeyFigure(
            value=rounded(a.cycle.p90), unit="days", label="or less for nine of ten cases",
            detail=f"{a.cycle.n:,} closed cases", finding="baseline.cycle_time.p90",
        )  # fmt: skip
    target = a.study.standard.target if a.study.standard else None
    goal = "" if target is None else f"; target {percent(target)} of cases"
    return KeyFigure(
        value=_share(within), unit="", label=f"closed within {duration_words(a.cycle.standard)}",
        detail=f"of {within.n:,} cases{goal}", finding="baseline.within_standard",
    )  # fmt: skip


def _customers(a: Analysis) -> KeyFigure:
    """How often they get in touch; without records of it, how many of their cases go back to a step."""
    each = a.contacts_per_case if a.contacts_by_customers else None
    if each is None and tells_of_few(a.rework.cases_share, a):
        return KeyFigure(
            value=rounded(a.cycle.median), unit="days", label="or less for half of the cases",
            detail=f"{a.cycle.n:,} closed cases", finding="baseline.cycle_time.median",
        )  # fmt: skip
    if each is None:
        return KeyFigure(
            value=_share(a.rework.cases_share), unit="", label="cases that repeat a step",
            detail=f"of {a.rework.n:,} closed cases", finding="rework.cases_share",
        )  # fmt: skip
    return KeyFigure(
        value=rounded(each), unit="per case", label="contacts by customers",
        detail=f"{each.n:,} {'cases' if a.weekly is not None else 'closed cases'}", finding="baseline.contacts_per_case",
    )  # fmt: skip


def _share(e: Estimate) -> str:
    return percent(e.value, e.low, e.high)
