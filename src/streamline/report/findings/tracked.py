"""Findings about a change that was made: whether it can be told, and whether it is as large as was estimated."""

from __future__ import annotations

import math
from collections.abc import Iterator

from streamline.measure.tracking.effect import Effect
from streamline.measure.tracking.service import LINKED_ALIKE, TrackedService
from streamline.report.wording import day_words, decimals, number
from streamline.results import Finding

TABLE = "tables/track.csv"
#: What each measure is called.
MEASURES = {
    "cycle_time.mean": "the mean cycle time",
    "within_standard": "the share of cases within the standard",
    "contacts_per_case": "contacts per case",
    "arrivals": "the number of cases arriving a week",
}
METHOD = (
    "observed mean of the weeks after the transition minus what level, drift and season of the weeks before foretell; "
    "generalised least squares with noise that lasts from week to week, weighed over how long it lasts"
)


def tracked_findings(t: TrackedService, caveats: tuple[str, ...]) -> Iterator[Finding]:
    """One finding a measure for the change, one for the plain difference; and one for cases arriving."""
    for e in t.effects:
        yield _finding(e, f"track.{e.measure}.change", effect_words(t, e), caveats + effect_caveats(t, e))
        yield Finding(
            id=f"track.{e.measure}.plain_difference", section="track", statement=plain_words(e), value=e.plain, low=e.plain_low,
            high=e.plain_high, level=e.level, unit=e.unit, n=sum(e.cases),
            method="mean of the weeks after minus mean of the weeks before, weighted by cases; Welch's interval over weeks",
            caveats=("Drift and season aren't taken out, and weeks are taken for independent.",), table=TABLE,
        )  # fmt: skip
    if t.arrivals is not None:
        yield _finding(t.arrivals, "track.arrivals.change", arrivals_words(t.arrivals), ())


def _finding(e: Effect, id_: str, statement: str, caveats: tuple[str, ...]) -> Finding:
    return Finding(
        id=id_, section="track", statement=statement, value=e.found.change, low=e.found.low, high=e.found.high, level=e.level,
        unit=e.unit, n=sum(e.cases), method=METHOD, caveats=caveats, table=TABLE,
    )  # fmt: skip


class Writer:
    """How the numbers of an effect are written: to as many places as the interval of the change, or of its estimate, supports."""

    def __init__(self, e: Effect) -> None:
        self.scale = 100 if e.unit == "share" else 1
        spans = [(e.found.low, e.found.high, e.found.change)]
        if e.foreseen is not None:
            spans.append((e.foreseen.low, e.foreseen.high, e.foreseen.change))
        places = max(decimals(*(self.scale * v for v in span)) for span in spans)
        self.places = min({"share": 1, "contacts per case": 3, "cases per week": 0}.get(e.unit, 2), places)
        self.unit = {"share": "%", "days": " days", "cases per week": " a week"}.get(e.unit, "")
        self.step = {"share": " percentage points", "days": " days", "cases per week": " a week"}.get(e.unit, "")

    def bare(self, value: float) -> str:
        """A number without its unit."""
        return number(self.scale * value, self.places)

    def level(self, value: float) -> str:
        """A level, such as `18.4 days` or `92%`."""
        return self.bare(value) + self.unit

    def change(self, value: float) -> str:
        """A change with its sign, such as `+3 percentage points`."""
        return self.signed(value) + self.step

    def signed(self, value: float) -> str:
        """A change with its sign and without unit."""
        text = self.bare(value)
        return f"+{text}" if value > 0 and text.strip("0.,") else text

    def span(self, low: float, high: float) -> str:
        """An interval of a change, with signs."""
        return f"{self.signed(low)} to {self.signed(high)}{self.step}"

    def sizes(self, low: float, high: float) -> str:
        """An interval that leaves 0 out, as sizes."""
        near, far = sorted((abs(low), abs(high)))
        return f"{self.bare(near)} to {self.bare(far)}"


def effect_words(t: TrackedService, e: Effect) -> str:
    """Whether a measure changed, in sentences."""
    w, what, found = Writer(e), MEASURES[e.measure], e.found
    day = day_words(t.log, t.since)
    n = f"n = {sum(e.cases):,} cases in {sum(e.weeks)} weeks"
    if not e.clear:
        text = (
            f"After the change of {day}, no change of {what} can be told: it was {w.level(found.observed)} where the weeks "
            f"before foretell {w.level(found.foretold)} (difference {w.change(found.change)}, {e.level:.0%} interval "
            f"{w.span(found.low, found.high)}; {n})."
        )
    else:
        side = "below" if found.change < 0 else "above"
        text = (
            f"After the change of {day}, {what} was {w.bare(abs(found.change))}{w.step} {side} what the weeks before foretell "
            f"({e.level:.0%} interval {w.sizes(found.low, found.high)}): {w.level(found.observed)} instead of "
            f"{w.level(found.foretold)} ({n})."
        )
    return text + verdict_sentence(t, e) + _qualified(t, e)


def _qualified(t: TrackedService, e: Effect) -> str:
    """What must go with a change wherever it is quoted: that season, or other demand, may be what is seen."""
    words = ""
    if e.found.waves == 0:
        words += " No season is taken out, as the weeks before cover less than two years."
    if t.demand_changed:
        words += (
            f" Meanwhile {abs(t.demand):.0%} {'more' if t.demand > 0 else 'fewer'} cases arrived a week than before, which moves "
            "waits as well."
        )
    return words


def verdict_sentence(t: TrackedService, e: Effect) -> str:
    """How the change stands to the estimate, in a sentence; empty without an estimate."""
    if e.foreseen is None:
        return ""
    w = Writer(e)
    was = f"{w.change(e.foreseen.change)}, {e.level:.0%} interval {w.span(e.foreseen.low, e.foreseen.high)}"
    verdict = t.verdict(e)
    if verdict == "can't be told from demand":
        return f" The estimate was {was}. Whether the change did that can't be told from what demand did."
    if verdict == "none that can be told":
        if e.beyond_estimate:
            return f" The estimate was {was}: an effect of that size is ruled out."
        return f" The estimate was {was}: an effect of that size can't be ruled out either."
    words = {
        "as estimated": "is as estimated",
        "smaller than estimated": "is smaller than estimated",
        "larger than estimated": "is larger than estimated",
        "opposite to the estimate": "goes the opposite way of the estimate",
    }[verdict]
    return f" The change {words} ({was})."


def plain_words(e: Effect) -> str:
    """What a plain comparison of before and after gives, and whether it says otherwise."""
    w, what = Writer(e), MEASURES[e.measure]
    text = (
        f"Without regard to drift and season, {what} after the change differs from that before it by {w.change(e.plain)} "
        f"({e.level:.0%} interval {w.span(e.plain_low, e.plain_high)})."
    )
    return text + (" That disagrees with what the weeks before foretell." if e.rivals_disagree else "")


def arrivals_words(e: Effect) -> str:
    """Whether demand is what it was."""
    w, found = Writer(e), e.found
    span = f"{e.level:.0%} interval {w.span(found.low, found.high)}"
    if not e.clear:
        return (
            f"Cases arrived as foretold, as far as can be told: {w.level(found.observed)} where the weeks before foretell "
            f"{w.level(found.foretold)} (difference {w.change(found.change)}, {span})."
        )
    more = "more" if found.change > 0 else "fewer"
    return (
        f"After the change {w.bare(abs(found.change))} {more} cases arrived a week than the weeks before foretell "
        f"({e.level:.0%} interval {w.sizes(found.low, found.high)}): {w.level(found.observed)} instead of "
        f"{w.level(found.foretold)}."
    )


def effect_caveats(t: TrackedService, e: Effect) -> tuple[str, ...]:
    """What a reader of one measure must know."""
    words = []
    if e.measure == "cycle_time.mean":
        words.append(
            f"Cycle times count up to {t.follow_up_days:.0f} days, by which {t.followed_share:.0%} of the cases of before are "
            "closed; what happens to cases after that isn't seen."
        )
    if e.measure == "contacts_per_case":
        words.append(f"Contacts count until {t.follow_up_days:.0f} days after a case's arrival.")
        if t.linked is not None and all(map(math.isfinite, t.linked)) and abs(t.linked[1] - t.linked[0]) > LINKED_ALIKE:
            words.append(
                f"{t.linked[0]:.0%} of the contacts could be linked to a case before the change and {t.linked[1]:.0%} after it; "
                "contacts per case moves with that."
            )
    if e.found.waves == 0:
        words.append(
            "The weeks before cover less than two years, so a season can't be told from drift and isn't taken out: what "
            "differs between times of the year may be taken for an effect, or hide one."
        )
    return tuple(words)
