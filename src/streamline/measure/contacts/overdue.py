"""A broken service standard: how much more customers get in touch once their case is overdue.

Days and contacts of open cases (awaiting a step, or one that isn't known) before and after the standard has passed. The
ratio of the two rates is an association: cases become overdue while they wait for what keeps them, which may be a state
with many contacts at any time. So the same ratio is also taken *within* states: the contacts that came while overdue, over
those that would have come at each state's own rate before the standard had passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.measure.contacts.exposure import OpenLife
from streamline.measure.contacts.intervals import FEW, numbered
from streamline.measure.contacts.lives import BEFORE_ARRIVAL, CLOSED, LATER
from streamline.measure.duration import LEVEL
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS
from streamline.units import DAY, duration_words, significant

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, repr=False)
class OverdueContacts(Result):
    """Contacts before and after the standard has passed; n counts the cases with open days in the time covered.

    `table`: overdue, open_days, n_contacts, rate_per_open_day, rate_low, rate_high (scaled up by the link share), n_cases.
    """

    #: Rate while overdue over the rate before.
    ratio: Estimate
    #: Contacts while overdue over those expected at each state's rate before; of the states met in both.
    ratio_within_states: Estimate
    #: Share of the contacts about open cases that come while they are overdue.
    overdue_share: float
    life: OpenLife = field(repr=False)

    @property
    def cases(self) -> pd.DataFrame:
        """One row a stretch, as `OpenLife.cases`."""
        return self.life.cases

    def chart(self) -> Chart:
        """Contacts per 100 open days within and past the standard."""
        return BarChart(
            title=f"Overdue cases cause {significant(self.ratio.value)} times as many contacts a day",
            axis="Contacts per 100 open days",
            bars=tuple(
                Bar(label=r.overdue, value=100 * r.rate_per_open_day, low=100 * r.rate_low, high=100 * r.rate_high)
                for r in rows_of(self.table)
            ),
            note=f"Standard: {duration_words(self.life.standard or 0)}. Whiskers: intervals from resampled cases",
        )


def overdue_contacts(life: OpenLife, *, level: float = LEVEL, draws: int = DRAWS, seed: int = 1) -> OverdueContacts:
    """Compare contacts per open day before and after the standard has passed (see the module's text).

    life : stretches from `open_life(…, standard=…)`. level, draws, seed : of the intervals, which resample cases; ratios have
        intervals by linearisation on the log scale, and none with fewer than five contacts on either side.

    Returns OverdueContacts. Raises InsufficientDataError without a standard, or when no case is overdue in the time covered.
    """
    if life.standard is None:
        raise InsufficientDataError("No service standard was given to `open_life`, so no case is overdue.")
    state, overdue = life.factor("state"), life.factor("overdue")
    ended = [k for k, name in enumerate(state.levels) if name in (CLOSED, BEFORE_ARRIVAL, LATER)]
    used = ~np.isin(state.codes, ended)
    late = overdue.codes[used] == 1
    case, days, contacts = life.case[used], life.time[used] / DAY, life.contacts[used]
    if not days[late].sum() > 0:
        raise InsufficientDataError(
            f"No case is open for longer than {duration_words(life.standard)} in the time that "
            f"{life.links.contacts.source} covers."
        )
    unit = numbered(case)
    n = int(unit.max()) + 1
    plain = _ratio(unit, np.zeros(len(unit), dtype=np.int64), 1, days, contacts, late, n)
    within = _ratio(unit, state.codes[used], len(state.levels), days, contacts, late, n)
    table = life.rates("overdue", chosen=used, level=level, draws=draws, seed=seed)
    n_late = float(contacts[late].sum())
    caveats = list(life.caveats)
    if n_late < FEW:
        caveats.append(f"Only {n_late:,.0f} contacts came while a case was overdue: read the ratio with its interval.")
    caveats.append(
        "The ratio is no effect of the delay alone: customers who get in touch often may have cases that take long for other "
        "reasons."
    )

    def estimate(found: tuple[float, float], method: str) -> Estimate:
        value, error = found
        z = float(norm.ppf((1 + level) / 2))
        return bounded(value, value * np.exp(-z * error), value * np.exp(z * error), level=level,
                       method=f"{method}; interval by linearisation, cases as units", unit="times", n=n)  # fmt: skip

    return OverdueContacts(
        table=table,
        n=n,
        excluded=life.excluded,
        caveats=tuple(caveats),
        ratio=estimate(plain, "contacts per open day, past the standard over within it"),
        ratio_within_states=estimate(
            within, "contacts past the standard over those expected at each state's rate within it"
        ),
        overdue_share=n_late / max(float(contacts.sum()), np.finfo(float).tiny),
        life=life,
    )


#: With fewer contacts on either side a ratio has no interval.
_FEWEST = 5


def _ratio(
    unit: Int64, state: Int64, n_states: int, days: Float, contacts: Float, late: npt.NDArray[np.bool_], n: int
) -> tuple[float, float]:
    """Contacts while late over those expected at each state's earlier rate, and the standard error of its logarithm.

    With D and d the late and early days of a state and r its early rate, the ratio is N / Σ r D. Its logarithm changes with a
    case's late contacts n and late and early days and contacts by n/N - Σ (r D_i + (D/d)(c_i - r d_i)) / E, E = Σ r D.
    """
    early_days = np.bincount(state, weights=np.where(late, 0, days), minlength=n_states)
    early = np.bincount(state, weights=np.where(late, 0, contacts), minlength=n_states)
    late_days = np.bincount(state, weights=np.where(late, days, 0), minlength=n_states)
    both = (early_days > 0) & (late_days > 0)
    rate = np.divide(early, early_days, out=np.zeros(n_states), where=both)
    scale = np.divide(late_days, early_days, out=np.zeros(n_states), where=both)
    used = both[state]
    n_late = float(contacts[used & late].sum())
    expected = float((rate * late_days).sum())
    if not (n_late > 0 and expected > 0):
        return (0.0 if expected > 0 else float("nan")), float("nan")
    row = np.where(
        late,
        contacts / n_late - rate[state] * days / expected,
        -scale[state] * (contacts - rate[state] * days) / expected,
    )
    influence = np.bincount(unit, weights=np.where(used, row, 0.0), minlength=n)
    few = n_late < _FEWEST or float(early[both].sum()) < _FEWEST or n < 2
    error = float("nan") if few else float(np.sqrt((influence**2).sum() * n / (n - 1)))
    return n_late / expected, error
