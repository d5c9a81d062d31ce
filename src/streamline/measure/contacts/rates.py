"""How often customers get in touch: per case, and per open day by what the case awaits and for how long.

The table holds plain rates: contacts over open days. What one thing alone makes of the rate (a longer wait for the same step,
being overdue) is told as a *ratio*, the others alike; days after the end of a case aren't in it. Which comparison the ratios rest
on, and why, is said in words. A contact soon after another of the same case is a *repeat*; ratios are those of demand net of
repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import Bar, BarChart, Chart
from streamline.log.contact_log import ContactLog
from streamline.log.event_log import EventLog
from streamline.measure.contacts.exposure import OpenLife, open_life
from streamline.measure.contacts.fates import FEW_CONTACTS
from streamline.measure.contacts.intervals import FEWEST_SHOWN
from streamline.measure.contacts.linking import CLOSED_DAYS, LinkedContacts, link_contacts
from streamline.measure.contacts.lives import CLOSED
from streamline.measure.contacts.per_case import contacts_per_case
from streamline.measure.duration import LEVEL
from streamline.results import Estimate, Result, bounded, rows_of
from streamline.stats.bootstrap import DRAWS
from streamline.stats.negative_binomial import negative_binomial_rates
from streamline.stats.net_demand import net_demand
from streamline.stats.poisson_rates import pooled_rates
from streamline.stats.rate_checks import Calibration, ZeroCheck, calibration, zero_check
from streamline.stats.rate_choice import RateChoice, chosen_rates
from streamline.stats.rate_model import RateModel
from streamline.stats.repeats import Repeats, repeats
from streamline.stats.stretches import Stretches, sums_by_code

Float = npt.NDArray[np.float64]

#: Contacts without which a level has no ratio of its own.
FEWEST_AT_LEVEL = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChecks:
    """Whether contacts come as the fitted rates say.

    `dispersion`: the variance of contacts by case over what it would be if they came one by one at the fitted rates.
    """

    dispersion: float
    zeros: ZeroCheck
    #: Observed over expected in groups of days with like rates.
    calibration: Calibration


@dataclass(frozen=True, kw_only=True, repr=False)
class ContactRates(Result):
    """How often customers get in touch; n counts the cases with days or contacts in the time covered.

    `table`, one row a state and waiting band: state, waiting, open_days, n_contacts (linked, by weight), rate_per_open_day with
    rate_low and rate_high, n_cases, n_asking (of them, with a contact there). Rates and contacts per case are scaled up by the
    link share.
    """

    #: The same by state alone, most contacts first.
    by_state: pd.DataFrame = field(repr=False)
    #: factor, level, reference, ratio, low, high, p_value: each level's rate over that of the reference, all else alike.
    ratios: pd.DataFrame = field(repr=False)
    #: None where the contact log covers no closed case from arrival to end.
    per_case: Estimate | None
    #: Share of the contacts, of those that are about our cases or tell of none, that are linked.
    link_share: float
    #: Which comparison the ratios rest on, and why, in words.
    why: str
    #: Both fits, and the one that is used; None with too few contacts.
    choice: RateChoice | None = field(repr=False)
    repeats: Repeats | None = field(repr=False)
    checks: RateChecks | None = field(repr=False)
    life: OpenLife = field(repr=False)
    #: Of the intervals.
    level: float

    @property
    def links(self) -> LinkedContacts:
        """The contacts and their cases."""
        return self.life.links

    @property
    def cases(self) -> pd.DataFrame:
        """One row a link, as `LinkedContacts.cases`, with state, waiting and overdue."""
        frame = self.links.cases.copy()
        for name in ("state", "waiting", "overdue"):
            found = self.life.factor(name)
            frame[name] = np.asarray(found.levels, dtype=object)[found.codes[self.life.stretch_of_link]]
        return frame

    def ratio_of(self, factor: str) -> Estimate | None:
        """The last level's rate over the reference's: the longest wait, or past the standard; None where it isn't told."""
        rows = self.ratios[(self.ratios["factor"] == factor) & self.ratios["p_value"].notna()]
        if rows.empty or self.choice is None:
            return None
        last = rows.iloc[-1]
        model = self.choice.model
        return bounded(
            float(last["ratio"]), float(last["low"]), float(last["high"]), level=self.level,
            method=f"{_KINDS[model.kind]}, demand net of repeats; errors by case", unit="times", n=model.n_cases,
        )  # fmt: skip

    def chart(self) -> Chart:
        """Contacts per 100 open days by state, where there are ten contacts or more."""
        known = self.by_state[
            self.by_state["rate_per_open_day"].notna() & (self.by_state["n_contacts"] >= FEWEST_SHOWN)
        ]
        known = known.sort_values(["rate_per_open_day", "state"], ascending=[False, True]).head(12)
        return BarChart(
            title="How often customers get in touch, by what their case awaits",
            axis="Contacts per 100 open days",
            bars=tuple(
                Bar(label=r.state, value=100 * r.rate_per_open_day, low=100 * r.rate_low, high=100 * r.rate_high)
                for r in rows_of(known)
            ),
            note=f"{self.links.n_contacts:,.0f} contacts. Whiskers: intervals from resampled cases",
        )


_KINDS = {
    "pooled": "all cases pooled",
    "fixed effects": "compared within cases",
    "negative binomial by case": "callers who differ",
    "negative binomial by stretch": "days that differ",
}


def contact_rates(
    log: EventLog,
    contacts: ContactLog,
    *,
    standard: str | None = None,
    customer: str | None = None,
    ambiguous: Literal["share", "leave"] = "leave",
    redial_rate: float | None = None,
    closed_days: int = CLOSED_DAYS,
    requests: Literal["count", "leave"] = "count",
    covers: tuple[str, str] | None = None,
    bands: Sequence[float] | None = None,
    whole: EventLog | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> ContactRates:
    """Count contacts per case and per open day, and tell what a longer wait makes of them (see the module's text).

    log : the cases that are counted, closed and open ones.
    standard : the service standard, such as "30 days"; afterwards a case is overdue.
    customer, ambiguous, redial_rate, closed_days, requests, covers, whole : as in `link_contacts`. bands : as in `open_life`.
    level, draws, seed : of the intervals of plain rates, which resample cases; ratios have errors by case.

    Returns ContactRates. Raises what `link_contacts` and `open_life` raise: InsufficientDataError when no contact can be linked,
    for records of requests, and when log and contacts cover no time together.
    """
    links = link_contacts(
        log, contacts, customer=customer, ambiguous=ambiguous, redial_rate=redial_rate, closed_days=closed_days,
        requests=requests, covers=covers, whole=whole,
    )  # fmt: skip
    return linked_rates(links, standard=standard, bands=bands, level=level, draws=draws, seed=seed)


def linked_rates(
    links: LinkedContacts,
    *,
    standard: str | None = None,
    bands: Sequence[float] | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> ContactRates:
    """`contact_rates` of contacts that are linked already."""
    life = open_life(links, standard=standard, bands=bands, level=level, draws=draws, seed=seed)
    caveats = list(life.caveats)
    per_case: Estimate | None = None
    try:
        counted_by_case = contacts_per_case(links, level=level, draws=draws, seed=seed)
    except InsufficientDataError as error:
        caveats.append(str(error))
    else:
        per_case = counted_by_case.per_case
        caveats = list(dict.fromkeys((*caveats, *counted_by_case.caveats)))
    choice, again, checks, why = _fits(life, level=level)
    return ContactRates(
        table=_with_asking(life, life.table, "state", "waiting"),
        n=life.n,
        excluded=life.excluded,
        caveats=tuple(caveats),
        by_state=_by_state(life, level=level, draws=draws, seed=seed),
        ratios=_ratios(None if choice is None else choice.model, level=level),
        per_case=per_case,
        link_share=links.link_share,
        why=why,
        choice=choice,
        repeats=again,
        checks=checks,
        life=life,
        level=level,
    )


def _by_state(life: OpenLife, *, level: float, draws: int, seed: int) -> pd.DataFrame:
    """Rates by state, most contacts first, with the number of cases that got in touch in each."""
    table = _with_asking(life, life.rates("state", level=level, draws=draws, seed=seed), "state")
    return table.sort_values(["n_contacts", "state"], ascending=[False, True], ignore_index=True)


def _with_asking(life: OpenLife, table: pd.DataFrame, *by: str) -> pd.DataFrame:
    """The table with n_asking: cases with a contact in the row's levels."""
    factors = [life.factor(name) for name in by]
    some = life.contacts > 0
    code = np.zeros(int(some.sum()), dtype=np.int64)
    row = np.zeros(len(table), dtype=np.int64)
    size = 1
    for f in factors:
        place = {level: k for k, level in enumerate(f.levels)}
        code = code * len(f.levels) + f.codes[some]
        row = row * len(f.levels) + np.array([place[level] for level in table[f.name]], dtype=np.int64)
        size *= len(f.levels)
    pairs = np.unique(life.case[some] * np.int64(size) + code)
    return table.assign(n_asking=np.bincount(pairs % size, minlength=size)[row])


def _fits(life: OpenLife, *, level: float) -> tuple[RateChoice | None, Repeats | None, RateChecks | None, str]:
    """The rates as a product of ratios, the repeats, the checks; and which comparison is used, in words."""
    whole = _open_stretches(life)
    n = int(whole.contacts.sum())
    if n < FEW_CONTACTS:
        return (
            None,
            None,
            None,
            f"Only {n:,} contacts about open cases can be counted one by one: too few to tell what waiting longer makes of them.",
        )
    try:
        again = repeats(whole, recent="recent", level=level)
        choice = chosen_rates(net_demand(whole, recent="recent"))
    except InsufficientDataError as error:
        return None, None, None, str(error)
    if not choice.model.converged:
        return (
            None,
            again,
            None,
            "What waiting longer makes of contacts can't be told: they come in too few states and waits.",
        )
    plain = whole.of_factors([f.name for f in whole.factors if f.name != "recent"])
    pooled = pooled_rates(plain)
    by_case = negative_binomial_rates(plain, by="case")[0]
    checks = None
    if pooled.converged and by_case.converged:
        checks = RateChecks(
            dispersion=pooled.dispersion_by_case,
            zeros=zero_check(pooled, by_case),
            calibration=calibration(pooled, plain, level=level),
        )
    return choice, again, checks, choice.why


def _open_stretches(life: OpenLife) -> Stretches:
    """The stretches before the end of each case, told apart by what has contacts enough at two levels; first levels first."""
    names = [
        "state",
        *(["waiting"] if life.bands else []),
        *(["overdue"] if life.standard is not None else []),
        "recent",
    ]
    rows = life.stretches(*names)
    state = rows.factors[0]
    rows = rows.kept((state.codes != state.levels.index(CLOSED)) & (rows.days > 0))
    kept = []
    for factor in rows.factors:
        count = sums_by_code(factor.codes, rows.contacts, len(factor.levels))
        if factor.name in ("waiting", "overdue"):
            if (count >= FEWEST_AT_LEVEL).sum() < 2:
                continue
            first = int(np.flatnonzero(count >= FEWEST_AT_LEVEL)[0])
            kept.append(replace(factor, reference=first))
        else:
            kept.append(factor)
    return Stretches(case=rows.case, days=rows.days, contacts=rows.contacts, factors=tuple(kept))


def _ratios(model: RateModel | None, *, level: float) -> pd.DataFrame:
    columns = ["factor", "level", "reference", "ratio", "low", "high", "p_value"]
    if model is None:
        return pd.DataFrame(columns=columns)
    rows = []
    for factor in model.design.stretches.factors:
        found = model.ratios(factor.name, level=level)
        rows += [
            (factor.name, name, found.reference, found.ratio[k], found.low[k], found.high[k], found.p_value[k])
            for k, name in enumerate(found.levels)
            if np.isfinite(found.ratio[k])
        ]
    return pd.DataFrame(rows, columns=columns)
