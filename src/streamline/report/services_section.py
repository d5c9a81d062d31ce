"""The summary of a batch as a section: which service has the most to gain, the services beside each other, what failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from streamline.errors import listed
from streamline.figure import Point, PointChart
from streamline.report.findings.saying import real
from streamline.report.parts.saying import figure
from streamline.report.section import Block, Caution, KeyFigure, KeyFigures, Paragraph, Part, Section, Table
from streamline.report.services import LEVEL, Gain, Service, ServicesCompared
from streamline.report.tables.making import HIDDEN, table_of
from streamline.report.wording import about, decimals, interval, number, percent
from streamline.results import Finding, SubjectFinding, rows_of
from streamline.units import YEAR_DAYS, counted

_GAINS, _BESIDE = "summary-proposals.csv", "summary.csv"
#: Records of a shorter time than this don't hold every season.
_WHOLE_YEAR = 0.95 * YEAR_DAYS
_METHOD = (
    "change of the mean cycle time times the cases that arrive in a year, at the rate of the records; intervals of all proposals "
    "of all services hold together (Bonferroni)"
)
#: What every comparison of services is read with.
CAUTIONS = (
    "Services do different work under different rules for different customers. That one takes longer than another isn't "
    "explained by how well it is run, and these tables don't rank how well services do.",
    "Days saved a year are days that cases are open, not days of work, and they grow with the number of cases. They say where "
    "a proposal would spare customers the most waiting, not which one is worth its cost: each service's own section tells "
    "that.",
)


def services_section(compared: ServicesCompared, *, failures: Sequence[tuple[str, str]] = ()) -> Section:
    """The section of a batch.

    failures : name of each study that failed, and why. Returns the section with its findings; their ids begin with `services.`.
    """
    findings = tuple(services_findings(compared))
    services = compared.services
    agencies = sorted({s.agency for s in services})
    parts = [
        _summary(compared, findings, failures),
        *_gains(compared),
        *_beside(compared),
        _studies(compared, failures),
    ]
    return Section(
        title="Services compared",
        agency=_few(agencies, "agencies"),
        service=_few(sorted({s.service for s in services}), "services"),
        period=_period(services),
        parts=tuple(parts),
        findings=findings,
    )


def services_findings(compared: ServicesCompared) -> Iterator[Finding]:
    """Which service has the most to gain, and what each has."""
    if compared.ranked:
        top = compared.ranked[0]
        yield _finding("services.most_to_gain", top, _top_words(compared, top))
    for gain in (*compared.ranked, *compared.unranked):
        yield _finding(f"services.{gain.service.name}.saved_days_per_year", gain, _gain_words(gain))


def _finding(id_: str, gain: Gain, statement: str) -> SubjectFinding:
    return SubjectFinding(
        id=id_, section="services", subject=gain.service.label, statement=statement, value=gain.saved, low=gain.saved_low,
        high=gain.saved_high, level=LEVEL, unit="case-days per year", n=gain.n, method=_METHOD,
        caveats=tuple(_caveats(gain.service)), table=_GAINS,
    )  # fmt: skip


def _top_words(compared: ServicesCompared, top: Gain) -> str:
    if not top.is_saving:
        return (
            "No service has a proposal whose saving can be told from chance; the largest estimate is that of "
            f"{top.service.label} ({_saved(top)} days a year)."
        )
    said = (
        f"{top.service.label} has the most to gain: “{top.proposal}” would save about {_saved(top)} days a year that cases are "
        "open"
    )
    tied = compared.tied(top)
    if len(compared.ranked) == 1:
        return f"{said}. No other service can be compared with it."
    if not tied:
        return f"{said}, more than the best proposal of any other service that can be compared, beyond chance."
    names = [g.service.label for g in tied]
    return f"{said}. It can't be told apart from {_joined(names)}: their intervals overlap."


def _gain_words(gain: Gain) -> str:
    what = f"{gain.service.label}: “{gain.proposal}” is its best proposal"
    if not gain.is_saving:
        return f"{what}, and a saving can't be told from chance ({_saved(gain)} days a year)."
    return f"{what}; it would save about {_saved(gain)} days a year that cases are open."


def _saved(gain: Gain) -> str:
    """Days saved a year with the interval that holds together."""
    return f"{about(gain.saved)} (95% interval {about(gain.saved_low)} to {about(gain.saved_high)})"


def _caveats(service: Service) -> Iterator[str]:
    if service.verdict and service.verdict != "fit for decisions":
        yield f"{service.label}: the check of its replay finds its estimates {service.verdict}."
    if service.period_days < _WHOLE_YEAR:
        yield (
            f"{service.label}: its records hold {counted(service.period_days, 'day')} of arrivals; figures a year "
            "take the rest of the year to be like them."
        )


def _summary(compared: ServicesCompared, findings: Sequence[Finding], failures: Sequence[tuple[str, str]]) -> Part:
    n = len(compared.services)
    figures = [KeyFigure(value=f"{n:,}", unit="", label="service compared" if n == 1 else "services compared")]
    top = compared.ranked[0] if compared.ranked else None
    if top is not None and top.is_saving:
        figures.append(
            KeyFigure(
                value=about(top.saved), unit="days a year", label=f"saved by the best proposal of {top.service.label}",
                detail=f"95% interval {about(top.saved_low)} to {about(top.saved_high)}",
            )
        )  # fmt: skip
    if failures:
        figures.append(KeyFigure(value=f"{len(failures):,}", unit="", label="studies failed"))
    blocks: list[Block] = [KeyFigures(items=tuple(figures))]
    if findings and compared.ranked:
        blocks.append(Paragraph(text=findings[0].statement))
    else:
        blocks.append(
            Paragraph(
                text="No study tells what a proposal would save, so no service can be said to have the most to gain."
            )
        )
    if failures:
        names = listed([name for name, _ in failures], limit=10)
        blocks.append(
            Caution(text=f"{counted(len(failures), 'study', 'studies')} failed and are missing here: {names}.")
        )
    return Part(id="summary", title="Summary", blocks=tuple(blocks))


def _gains(compared: ServicesCompared) -> Iterator[Part]:
    gains = (*compared.ranked, *compared.unranked)
    if not gains:
        return
    together = f"Intervals of days saved hold for {counted(len(compared.proposals), 'proposal')} together."
    rows = [
        [
            g.service.label,
            g.proposal,
            _with_interval(g.change, g.change_low, g.change_high),
            about(g.service.cases_per_year),
            f"{about(g.saved)} ({about(g.saved_low)} to {about(g.saved_high)})",
            f"not compared: {g.service.verdict}"
            if g in compared.unranked
            else ", ".join(t.service.label for t in compared.tied(g)) or "none",
        ]
        for g in gains
    ]  # fmt: skip
    table = table_of(
        "gains", "What the best proposal of each service would save, the most first; what can’t be compared stands last",
        [("Service", False), ("Best proposal", False), ("Change of mean cycle time, days (95% interval)", True),
         ("Cases a year", True), ("Days saved a year (95% interval)", True), ("Can’t be told apart from", False)],
        rows, file=_GAINS, note=f"{together} The change has the interval of the service's own section.",
    )  # fmt: skip
    chart = PointChart(
        title="Days saved a year by each service's best proposal",
        x_axis="Cases that arrive in a year",
        y_axis="Days saved a year (days that cases are open)",
        points=tuple(
            Point(label=f"{g.service.label}: {g.proposal}", x=g.service.cases_per_year, y=g.saved, y_low=g.saved_low,
                  y_high=g.saved_high, group=g.service.verdict) for g in gains
        ),
        note=f"Bars: 95% intervals that hold together. Services whose bars overlap in height can't be told apart. {together}",
    )  # fmt: skip
    blocks: list[Block] = [
        table,
        figure("gains", "What the best proposal of each service would save", chart),
        *_doubts(compared),
        Caution(text=CAUTIONS[1]),
    ]
    yield Part(id="gains", title="Which service has the most to gain", blocks=tuple(blocks))


def _doubts(compared: ServicesCompared) -> Iterator[Caution]:
    """What stands against comparing some of the services."""
    if compared.unranked:
        names = _joined([f"{g.service.label} ({g.service.verdict})" for g in compared.unranked])
        yield Caution(
            text="Not compared by what they would save, because the check of the replay finds the estimates not fit for it: "
            f"{names}."
        )
    short = [s for s in compared.services if s.period_days < _WHOLE_YEAR]
    if short:
        names = _joined([f"{s.label} ({counted(s.period_days, 'day')})" for s in short])
        yield Caution(
            text=f"These records hold less than a year of arrivals; figures a year take the rest of it to be like them: {names}."
        )


def _beside(compared: ServicesCompared) -> Iterator[Part]:
    if not compared.services:
        return
    frame = compared.table

    def cell(r: Any, name: str, *, share: bool = False) -> str:
        value, low, high = (real(getattr(r, f"{name}{end}")) for end in ("", "_low", "_high"))
        if value is None:
            return HIDDEN
        if not share:
            return _with_interval(value, low, high)
        return percent(value, low, high) + (
            "" if low is None else f" ({interval(low, high, value=value, percent=True)})"
        )

    labels = {s.name: s.label for s in compared.services}
    rows = [
        [
            labels[r.name],
            f"{r.n_cases:,}",
            cell(r, "mean_cycle_days"),
            cell(r, "within_standard", share=True),
            cell(r, "waiting_days"),
            HIDDEN if real(r.waiting_share) is None else percent(r.waiting_share),
            cell(r, "rework_days_per_case"),
            cell(r, "contacts_per_case"),
        ]
        for r in rows_of(frame)
    ]
    table = table_of(
        "services", "The services as they are",
        [("Service", False), ("Cases", True), ("Mean cycle time, days", True), ("Within the service's own standard", True),
         ("Waiting, days per case", True), ("Waiting, share of cycle time", True), ("Rework, days per case", True),
         ("Contacts per case", True)],
        rows, file=_BESIDE,
        note=f"In the order of the table before it. In brackets: 95% intervals, each for itself. {HIDDEN}: the study "
        "doesn't tell it.",
    )  # fmt: skip
    yield Part(id="services", title="The services beside each other", blocks=(Caution(text=CAUTIONS[0]), table))


def _studies(compared: ServicesCompared, failures: Sequence[tuple[str, str]]) -> Part:
    rows = [
        [s.name, s.service, s.agency, *s.findings.source.period, f"{s.findings.source.cases:,}", f"{len(s.findings):,}"]
        for s in sorted(compared.services, key=lambda s: s.name)
    ]
    blocks: list[Block] = []
    if rows:
        blocks.append(
            table_of(
                "studies", "Studies", [("Study", False), ("Service", False), ("Agency", False), ("First arrival", False),
                ("Last arrival", False), ("Cases", True), ("Findings", True)], rows,
                note="Each study's section is in the folder of its name.",
            )
        )  # fmt: skip
    if failures:
        blocks.append(_failed(failures))
    return Part(id="studies", title="Studies", blocks=tuple(blocks))


def _failed(failures: Sequence[tuple[str, str]]) -> Table:
    rows = [[name, " ".join(message.split())] for name, message in failures]
    return table_of("failures", "Studies that failed", [("Study", False), ("Why", False)], rows)


def _with_interval(value: float, low: float | None, high: float | None) -> str:
    text = number(value, decimals(low, high, value))
    return text if low is None or high is None else f"{text} ({interval(low, high, value=value)})"


def _joined(names: Sequence[str]) -> str:
    """`A, B and C`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _few(names: Sequence[str], what: str) -> str:
    """Up to three names, else how many there are."""
    if not names:
        return f"no {what}"
    return _joined(names) if len(names) <= 3 else f"{len(names):,} {what}"


def _period(services: Sequence[Service]) -> str:
    if not services:
        return "none"
    first = min(s.findings.source.period[0] for s in services)
    last = max(s.findings.source.period[1] for s in services)
    words = " to ".join(f"{d.day} {d:%B %Y}" for d in map(date.fromisoformat, (first, last)))
    return f"Cases that arrived from {words}"
