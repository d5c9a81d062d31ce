"""What is told of contacts and of survey answers: frames without groups of too few cases, and words for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.measure.contacts.forecast import ContactForecast
from streamline.measure.contacts.lives import CLOSED, NEXT_UNKNOWN
from streamline.measure.contacts.loop_contacts import ANY, OTHERS
from streamline.measure.contacts.rates import ContactRates
from streamline.report.analysis import Analysis
from streamline.report.diagnosed import TOLD
from streamline.report.privacy import suppressed_rows

#: Plain ways to tell contacts beforehand, by the names that the forecast check gives them.
RIVALS = {
    "contacts per arriving case": "the earlier number of contacts per case that arrives",
    "contacts per closed case": "the earlier number of contacts per case that closes",
    "regression on open cases": "a straight line through the number of open cases",
    "regression on open cases by state": "a straight line through the numbers of open cases in each state",
}


def of_enough(frame: pd.DataFrame, a: Analysis, *counts: str) -> pd.DataFrame:
    """The rows in which none of these counts is of too few; for rows that add up to nothing that is published."""
    some = frame[list(counts)].to_numpy(dtype=np.float64)
    few = np.asarray(((some > 0) & (some < a.minimum_cell)).any(axis=1), dtype=np.bool_)
    shown: pd.DataFrame = frame[~few].reset_index(drop=True)
    return shown


def kept(frame: pd.DataFrame, a: Analysis, *counts: str) -> pd.DataFrame:
    """The rows in which none of these counts is of too few, and none that gives one back."""
    some = frame[list(counts)].to_numpy(dtype=np.float64)
    least = np.where(some > 0, some, np.inf).min(axis=1, initial=np.inf) if len(frame) else np.zeros(0)
    hidden = suppressed_rows(np.where(np.isfinite(least), least, 0), minimum=a.minimum_cell)
    shown: pd.DataFrame = frame[~hidden].reset_index(drop=True)
    return shown


def weekly_states(a: Analysis) -> pd.DataFrame:
    """Rates from weekly totals, of states whose numbers don't rise and fall with those of others."""
    assert a.weekly is not None
    told: pd.DataFrame = a.weekly.table[~a.weekly.table["state"].isin(a.weekly.fit.moving_together)]
    return told.reset_index(drop=True)


def states(a: Analysis) -> pd.DataFrame:
    """Rates by state, most contacts first, of states with days enough.

    First goes what is of few contacts or cases, or would give such a state back; of what is left, what cases spent so little
    time in that its rate says nothing. Whoever subtracts learns nothing by that: less is shown, and nothing else.
    """
    return _of_days(kept(_rates(a).by_state, a, "n_asking", "n_contacts", "n_cases"), a)


def bands(a: Analysis) -> pd.DataFrame:
    """Rates by state and waiting band."""
    return _of_days(kept(_rates(a).table, a, "n_asking", "n_contacts", "n_cases"), a)


def _of_days(frame: pd.DataFrame, a: Analysis) -> pd.DataFrame:
    """Without rows of some days, but of fewer case-days than cases may be told of (`minimum_cell`): at the usual rates no
    contact at all comes in them, and the interval is as wide as everything. Rows without days tell of contacts only."""
    little = (frame["open_days"] > 0) & (frame["open_days"] < a.minimum_cell)
    shown: pd.DataFrame = frame[~little].reset_index(drop=True)
    return shown


def net_share(a: Analysis) -> float:
    """The share of the contacts that no earlier one led to; at most 1, where a model finds more than all."""
    again = _rates(a).repeats
    assert again is not None
    return min(float(again.net_share[0]), 1.0)


def rates_of(a: Analysis) -> ContactRates:
    """The rates whose chart shows no state of few cases."""
    return replace(_rates(a), by_state=states(a), table=bands(a))


def _rates(a: Analysis) -> ContactRates:
    assert a.answers is not None
    assert a.answers.rates is not None
    return a.answers.rates


def ratios(a: Analysis) -> pd.DataFrame:
    """What a longer wait and being overdue make of the rate; levels with an interval."""
    found = _rates(a).ratios
    told: pd.DataFrame = found[found["factor"].isin(["waiting", "overdue"]) & found["p_value"].notna()]
    return told.reset_index(drop=True)


def reasons(a: Analysis) -> pd.DataFrame:
    """Contacts by reason, or by state where reasons aren't recorded."""
    assert a.answers is not None
    if a.answers.why is None:
        return pd.DataFrame()
    return kept(a.answers.why.table, a, "n_cases", "n_contacts")


def loops(a: Analysis) -> pd.DataFrame:
    """Families of loops with the contacts in them, most contacts first; without those of all loops together."""
    assert a.answers is not None
    if a.answers.loops is None:
        return pd.DataFrame()
    table = a.answers.loops.table
    table = table[~table["loop"].isin((ANY, OTHERS))]
    return of_enough(table, a, "n_cases", "n_contacts_inside")


def switching(a: Analysis) -> pd.DataFrame:
    """Pairs of channels: by which cases arrived, and by which their customers then got in touch."""
    assert a.answers is not None
    found = a.answers.switching
    return pd.DataFrame() if found is None else of_enough(found.table, a, "n_cases", "n_contacts")


def calibration(a: Analysis) -> pd.DataFrame:
    """Contacts that came beside those that the rates expect, in groups of days with like rates, lowest rate first."""
    checks = _rates(a).checks
    if checks is None:
        return pd.DataFrame()
    c = checks.calibration
    frame = pd.DataFrame(
        {"expected_per_100_days": 100 * c.predicted_rate, "open_days": c.open_days, "n_contacts": c.n_contacts,
         "n_expected": c.expected, "ratio": c.ratio, "ratio_low": c.low, "ratio_high": c.high}
    )  # fmt: skip
    return kept(frame[np.isfinite(frame["ratio"])], a, "n_contacts")


def forecast_weeks(a: Analysis) -> pd.DataFrame:
    """Contacts and what the rates and the rivals told, by week; a week with few contacts has no number."""
    found = forecast_of(a)
    return pd.DataFrame() if found is None else found.table


def forecast_of(a: Analysis) -> ContactForecast | None:
    """The forecast check without weeks of few contacts; None where most weeks are such."""
    found = None if a.answers is None else a.answers.forecast
    if found is None:
        return None
    few = _few(found.table["contacts"], a)
    if few.mean() > 0.5 or 0 < found.n_contacts < a.minimum_cell:
        return None
    table = found.table.copy()
    if few.sum() == 1:  # a single week would be the total less the others
        few[int(np.argmin(np.where(few, np.inf, table["contacts"])))] = True
    table.loc[few, "contacts"] = np.nan
    return replace(found, table=table)


def most_weeks_told(a: Analysis) -> bool:
    """Whether enough weeks of the forecast check can be told to draw them: else the picture would be one of gaps."""
    found = forecast_of(a)
    return found is not None and bool(found.table["contacts"].notna().sum() >= TOLD * len(found.table))


def _few(count: pd.Series, a: Analysis) -> npt.NDArray[np.bool_]:
    values = count.to_numpy(dtype=np.float64)
    return np.asarray((values > 0) & (values < a.minimum_cell), dtype=np.bool_)


def forecast_states(a: Analysis) -> pd.DataFrame:
    """The same by state."""
    found = None if a.answers is None else a.answers.forecast
    return pd.DataFrame() if found is None else kept(found.by_state, a, "contacts")


def scores(a: Analysis) -> pd.DataFrame:
    """Survey scores by group, of groups in which enough cases answered, and enough or none didn't."""
    assert a.scores is not None
    parts = []
    for _, rows in a.scores.table.groupby("by", sort=False):
        silent = rows["n_cases"] - rows["n_answered"]
        parts.append(kept(rows.assign(n_silent=silent), a, "n_answered", "n_silent").drop(columns="n_silent"))
    return pd.concat(parts, ignore_index=True) if parts else a.scores.table


def contact_caveats(a: Analysis) -> tuple[str, ...]:
    """What a reader must know of the contacts of a study, whole."""
    if a.weekly is not None:
        return a.weekly.caveats
    if a.answers is None:
        return ()
    parts = (a.answers.per_case, a.answers.rates)
    found = [c for part in parts if part is not None for c in part.caveats]
    return tuple(dict.fromkeys(found))


def awaiting(state: str, a: Analysis) -> str:
    """A state after "per 100": `open days awaiting Review`."""
    if state in a.log.activities:
        return f"open days awaiting {state}"
    return {CLOSED: f"days {state}", NEXT_UNKNOWN: "open days of which nobody knows yet what the case awaits"}.get(
        state, f"open days in {state}"
    )


_COUNT = re.compile(r"(?<![\d,.])(\d+) (contact|attempt|case|answer|week|enquir)(s|y|ies)?\b")


def published_words(texts: Iterable[str], a: Analysis) -> tuple[str, ...]:
    """Sentences of the measures with every small count of contacts or cases told as "fewer than 11"."""

    def fewer(match: re.Match[str]) -> str:
        n, what = int(match.group(1)), match.group(2)
        if not 0 < n < a.minimum_cell or what == "week":
            return match.group(0)
        return f"fewer than {a.minimum_cell} {'enquiries' if what == 'enquir' else f'{what}s'}"

    told = (_COUNT.sub(fewer, text) for text in texts)
    return tuple(re.sub(r"\bOnly fewer\b", "Fewer", re.sub(r"^fewer", "Fewer", text)) for text in told)
