"""The published tables about contacts and survey answers, unrounded, without groups of too few cases."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from streamline.report import contacted
from streamline.report.analysis import Analysis

#: What each of them holds.
CONTACT_FILES = {
    "tables/contacts.csv": "contacts by state",
    "tables/contact_waits.csv": "contacts by state and length of the wait",
    "tables/contact_ratios.csv": "what waiting longer and being overdue make of contacts",
    "tables/contact_reasons.csv": "what customers ask",
    "tables/contact_loops.csv": "contacts of loops",
    "tables/contact_repeats.csv": "contacts that follow contacts",
    "tables/contact_channels.csv": "by which channel customers apply, and then get in touch",
    "tables/contact_calibration.csv": "contacts that came beside those that the rates tell",
    "tables/contact_forecast.csv": "the last weeks' contacts, told from the weeks before",
    "tables/contact_forecast_states.csv": "the same by state",
    "tables/feedback.csv": "survey scores by cycle time, loops, contacts and channel",
}


def contact_tables(a: Analysis) -> dict[str, pd.DataFrame]:
    """The tables by path; those that have no rows to publish aren't there."""
    return {f"tables/{name}.csv": frame for name, frame in _frames(a) if len(frame)}


def _frames(a: Analysis) -> Iterator[tuple[str, pd.DataFrame]]:
    if a.weekly is not None:
        yield "contacts", a.weekly.table
    if a.scores is not None and a.scores.n >= a.minimum_cell:
        yield "feedback", contacted.scores(a)
    answers = a.answers
    if answers is None or answers.links is None:
        return
    if not answers.of_customers or answers.rates is None:
        yield "contacts", _links(a)
    else:
        yield "contacts", contacted.states(a)
        yield "contact_waits", contacted.bands(a)
    if not answers.of_customers:
        return
    yield "contact_reasons", contacted.reasons(a)
    yield "contact_loops", contacted.loops(a)
    yield "contact_channels", contacted.switching(a)
    if answers.rates is not None:
        yield "contact_ratios", contacted.ratios(a)
        yield "contact_calibration", contacted.calibration(a)
    yield "contact_repeats", _repeats(a)
    yield "contact_forecast", contacted.forecast_weeks(a)
    yield "contact_forecast_states", contacted.forecast_states(a)


def _links(a: Analysis) -> pd.DataFrame:
    """What became of the contacts, where nothing else can be told of them."""
    assert a.answers is not None
    assert a.answers.links is not None
    return contacted.kept(a.answers.links.table, a, "n_contacts")


def _repeats(a: Analysis) -> pd.DataFrame:
    """Shares and ratios of repeats, one a row."""
    assert a.answers is not None
    rows = []
    found = a.answers.resolution
    if found is not None and found.n >= a.minimum_cell:
        for name, e in (("ended with the first contact", found.resolved), ("come again", found.repeat_share)):
            rows.append((name, e.value, e.low, e.high, e.unit, e.n))
    again = None if a.answers.rates is None else a.answers.rates.repeats
    if again is not None and again.n_repeats >= a.minimum_cell:
        for name, triple, unit in (
            ("rate soon after a contact over that of other days, of like customers", again.ratio, "times"),
            ("the same, of all cases pooled", again.pooled_ratio, "times"),
            ("contacts that no earlier one led to", (contacted.net_share(a), np.nan, np.nan), "share of contacts"),
        ):
            rows.append((name, *triple, unit, again.n_contacts))
    return pd.DataFrame(rows, columns=["measure", "value", "low", "high", "unit", "n"])
