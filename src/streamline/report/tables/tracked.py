"""Tables of a section about a change that was made."""

from __future__ import annotations

import pandas as pd

from streamline.measure.tracking.effect import Effect
from streamline.measure.tracking.service import TrackedService
from streamline.report.findings.tracked import MEASURES, TABLE, Writer
from streamline.report.section import Table
from streamline.report.tables.making import table_of
from streamline.report.wording import sentence

WEEKS = "tables/track_weeks.csv"


def effects(t: TrackedService) -> Table:
    """Each measure: before, foretold, observed, the change, the estimate, the verdict."""
    rows = []
    for e in t.effects:
        w, f = Writer(e), e.found
        seen = e.foreseen
        rows.append(
            [
                _name(e),
                w.bare(e.mean_before),
                w.bare(f.foretold),
                w.bare(f.observed),
                f"{w.signed(f.change)} ({w.signed(f.low)} to {w.signed(f.high)})",
                "–" if seen is None else f"{w.signed(seen.change)} ({w.signed(seen.low)} to {w.signed(seen.high)})",
                sentence(t.verdict(e)),
            ]
        )
    return table_of(
        "effects", "What was seen after the change, against what the weeks before foretell",
        [("Measure", False), ("Before", True), ("Foretold", True), ("Seen", True), ("Change (95% interval)", True),
         ("Estimated change (95% interval)", True), ("Effect", False)],
        rows, file=TABLE,
        note="Means by week of arrival, weighted by cases. The change is what was seen minus what was foretold.",
    )  # fmt: skip


def rivals(t: TrackedService) -> Table:
    """The change beside the plain difference of means, and the drift before."""
    rows = []
    for e in t.effects:
        w, f = Writer(e), e.found
        rows.append(
            [
                _name(e),
                f"{w.signed(f.change)} ({w.signed(f.low)} to {w.signed(f.high)})",
                f"{w.signed(e.plain)} ({w.signed(e.plain_low)} to {w.signed(e.plain_high)})",
                f"{w.signed(13 * f.drift)} ({w.signed(13 * f.drift_low)} to {w.signed(13 * f.drift_high)})",
                "They disagree" if e.rivals_disagree else "They agree",
            ]
        )
    return table_of(
        "rivals", "The change beside a plain comparison of before and after",
        [("Measure", False), ("Change (95% interval)", True), ("Difference of means (95% interval)", True),
         ("Drift before, in 13 weeks (95% interval)", True), ("The two", False)],
        rows, file=TABLE,
        note="The difference of means takes out neither drift nor season and takes weeks for independent.",
    )  # fmt: skip


def effects_frame(t: TrackedService) -> pd.DataFrame:
    """One row a measure, unrounded: the table of the result."""
    return pd.DataFrame([_row(t, e) for e in (*t.effects, *((t.arrivals,) if t.arrivals is not None else ()))])


def weeks_frame(t: TrackedService) -> pd.DataFrame:
    """One row a measure and week that may be shown: value, cases, which stretch it belongs to, what was foretold."""
    rows = []
    for e in (*t.effects, *((t.arrivals,) if t.arrivals is not None else ())):
        s = e.series
        monday = t.log.instants(s.span.edges[:-1])
        fitted, ahead = iter(e.found.fitted), iter(zip(e.found.ahead, e.ahead_low, e.ahead_high, strict=True))
        for k in range(len(s.week)):
            stretch = "before" if s.before[k] else "after" if s.after[k] else "left out"
            foretold = (next(fitted), None, None) if s.before[k] else next(ahead) if s.after[k] else (None, None, None)
            if s.known[k] and s.enough[k]:
                rows.append((e.measure, s.unit, str(monday[k].date()), stretch, int(s.n[k]), s.value[k], *foretold))
    columns = ["measure", "unit", "week_of", "stretch", "n_cases", "value", "foretold", "foretold_low", "foretold_high"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[5:], "float64"))


def _row(t: TrackedService, e: Effect) -> dict[str, object]:
    f, seen = e.found, e.foreseen
    return {
        "measure": e.measure, "unit": e.unit, "before": e.mean_before, "foretold": f.foretold, "observed": f.observed,
        "change": f.change, "low": f.low, "high": f.high, "verdict": t.verdict(e),
        "estimated": None if seen is None else seen.change, "estimated_low": None if seen is None else seen.low,
        "estimated_high": None if seen is None else seen.high,
        "plain_difference": e.plain, "plain_low": e.plain_low, "plain_high": e.plain_high, "drift_per_week": f.drift,
        "drift_low": f.drift_low, "drift_high": f.drift_high, "autocorrelation": f.autocorrelation, "season_waves": f.waves,
        "n_weeks_before": e.weeks[0], "n_weeks_after": e.weeks[1], "n_before": e.cases[0], "n_after": e.cases[1],
    }  # fmt: skip


def _name(e: Effect) -> str:
    """A measure with its unit."""
    unit = {"share": " (%)", "days": " (days)"}.get(e.unit, "")
    return sentence(MEASURES[e.measure].removeprefix("the ")) + unit
