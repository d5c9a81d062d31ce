"""Findings about the service standard, open cases and the ways in which cases end."""

from __future__ import annotations

from collections.abc import Iterator

from streamline.measure.duration import LEVEL
from streamline.report.analysis import Analysis
from streamline.report.diagnosed import PERIODS, attainment_of, attainment_period, endings
from streamline.report.findings.saying import note, real, span
from streamline.report.published_counts import tells_of_few
from streamline.report.wording import interval, number, percent
from streamline.results import Finding, SubjectFinding, rows_of
from streamline.units import DAY, duration_words


def standard_findings(a: Analysis) -> Iterator[Finding]:
    """Target and attainment, open cases at risk, ways to end."""
    yield from _target(a)
    yield from _latest(a)
    yield from _at_risk(a)
    yield from _endings(a)


def _target(a: Analysis) -> Iterator[Finding]:
    found = a.diagnosis.attainment.get(PERIODS[0])
    if found is None or found.target is None:
        return
    within, target = found.whole, found.target
    if tells_of_few(within, a):
        return
    low, high = within.low, within.high
    if low is None or high is None:
        said = "whether it is met can't be told of so few cases"
    elif low >= target:
        said = "it is met"
    elif high < target:
        said = "it is missed"
    else:
        said = "whether it is met can't be told from chance"
    side = "above" if within.value >= target else "below"
    points = f"{number(100 * abs(within.value - target), 1)} percentage points {side} it"
    yield Finding(
        id="standard.gap", section="standard",
        statement=f"The target is {percent(target)} of cases within {duration_words(found.standard)}; {said}. The share is "
        f"{points}{_points(low, high, within.value, target)}.",
        value=within.value - target, low=None if low is None else low - target, high=None if high is None else high - target,
        level=within.level, unit="share of cases", n=within.n, method=within.method, caveats=found.caveats,
        table="tables/standard.csv",
    )  # fmt: skip


def _latest(a: Analysis) -> Iterator[Finding]:
    """The last period, where it lies clearly on the other side of the target than the whole does, or the whole on neither."""
    every = attainment_period(a)
    if every is None:
        return
    whole = a.diagnosis.attainment[every]
    if whole.target is None or len(whole.table) < 2:
        return
    found = attainment_of(a, every).table.iloc[-1]
    target = whole.target
    if not (found["high"] < target or found["low"] >= target):  # not told of, or not clear
        return
    met = bool(found["low"] >= target)
    if (whole.whole.low or 0.0) >= target if met else (whole.whole.high or 1.0) < target:
        return
    low, high, value = float(found["low"]), float(found["high"]), float(found["within"])
    since = found["since"]
    yield Finding(
        id="standard.latest", section="standard",
        statement=f"Of the cases that arrived from {since.day} {since:%B %Y} on, {percent(value, low, high)} close within "
        f"{duration_words(whole.standard)} (n = {int(found['n_cases']):,} cases; {whole.whole.level or LEVEL:.0%} interval "
        f"{interval(low, high, value=value, percent=True)}): {'above' if met else 'below'} the target of {percent(target)}.",
        value=value, low=low, high=high, level=whole.whole.level, unit="share of cases", n=int(found["n_cases"]),
        method=whole.whole.method, caveats=whole.caveats, table="tables/standard.csv",
    )  # fmt: skip


def _points(low: float | None, high: float | None, value: float, target: float) -> str:
    """The interval of the difference in percentage points, in the direction in which it is said."""
    if low is None or high is None:
        return ""
    sign = 100 if value >= target else -100
    least, most = sorted((sign * (low - target), sign * (high - target)))
    return f" (95% interval {interval(least, most, value=1.0)})"


def _at_risk(a: Analysis) -> Iterator[Finding]:
    found = a.diagnosis.at_risk
    if found is None or found.n < a.minimum_cell:
        return
    day = f"{found.as_of.day} {found.as_of:%B %Y}"
    few = 0 < found.n_overdue < a.minimum_cell or 0 < found.n - found.n_overdue < a.minimum_cell
    over = (
        f"Fewer than {a.minimum_cell}" if found.n_overdue < a.minimum_cell else f"All but fewer than {a.minimum_cell}"
    )
    if not few:
        over = "All" if found.n_overdue == found.n else f"{found.n_overdue:,}" if found.n_overdue else "None"
    late = duration_words(found.standard)
    yield Finding(
        id="standard.overdue", section="standard",
        statement=f"{over} of the {found.n:,} cases open on {day} were already older than {late}.",
        value=None if few else found.n_overdue, unit="cases", n=found.n, method="age of open cases", caveats=found.caveats,
        table="tables/at_risk.csv",
    )  # fmt: skip
    if few or found.n_overdue == found.n:
        return
    untold = int(found.cases["miss_probability"].isna().sum())
    if untold == found.n:
        return
    about = "At least about" if untold else "About"
    yield Finding(
        id="standard.at_risk", section="standard",
        statement=f"{about} {number(found.expected_misses, 0)} of these {found.n:,} open cases are expected to miss the "
        f"standard of {late}, those already past it included"
        f"{'; of some of them no earlier case tells' if untold else ''}.",
        value=found.expected_misses, unit="cases", n=found.n,
        method="sum over open cases of the share of earlier cases, as far for as long, that missed it (Kaplan-Meier)",
        caveats=found.caveats, table="tables/at_risk.csv",
    )  # fmt: skip


def _endings(a: Analysis) -> Iterator[Finding]:
    found = a.diagnosis.endings
    if found is None:
        return
    by = duration_words(found.horizon_days * DAY)
    for rank, row in enumerate(rows_of(endings(a)), start=1):
        low, high = real(row.low), real(row.high)
        if real(row.share) is None:
            continue
        yield SubjectFinding(
            id=f"endings.{rank}.share", section="standard", subject=row.way,
            statement=f"{percent(row.share, low, high)} of cases end with {row.way} within {by} of their arrival"
            f"{note(f'{found.n:,} cases, open ones counted', span(low, high, value=row.share, percent=True))}.",
            value=float(row.share), low=low, high=high, level=0.95 if low is not None else None, unit="share of cases",
            n=found.n, method="cumulative incidence (Aalen-Johansen), open cases as censored", caveats=found.caveats,
            table="tables/endings.csv",
        )  # fmt: skip
