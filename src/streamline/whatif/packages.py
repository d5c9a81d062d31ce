"""Packages: what scenarios do together, what each of them adds, and the cheapest set that meets the standard.

Effects don't add up: two ways to empty one queue help less together than the sum says. So every set of up to six
scenarios is replayed in the same draws, and a scenario's share of the whole package is its Shapley value: what it adds
on average over all orders in which the scenarios could be brought in (Shapley, "A value for n-person games", 1953).
Shares add up to the package in every draw.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import ScenarioError
from streamline.figure import Chart, Point, PointChart
from streamline.measure.duration import LEVEL
from streamline.results import Result
from streamline.whatif.change import Change
from streamline.whatif.draws import OWN, Draws, drawn
from streamline.whatif.estimate import (
    MIN_DRAWS,
    OWN_REPLAYS,
    Figure,
    Proposal,
    ScenarioEstimate,
    bound_proposal,
    estimates,
    measures_of,
)
from streamline.whatif.figures import Measures
from streamline.whatif.prices import CustomerTime, Prices
from streamline.whatif.queue_model import QueueModel
from streamline.whatif.spread import Spread, possible, spread
from streamline.whatif.validate import Validation
from streamline.whatif.value import Terms, present_cost

Float = npt.NDArray[np.float64]

#: Scenarios whose sets are all replayed: 6 have 63.
MOST = 6
#: Replays that the sets may take, and the fewest draws of each set.
BUDGET, FEWEST_DRAWS = 800, 40
#: A set meets the standard when its share of cases in time reaches the target with this probability.
SURE = 0.8
#: By so much a probability from the fewest draws may fall short of the true one (two standard errors).
CHANCE = 2 * math.sqrt(SURE * (1 - SURE) / FEWEST_DRAWS)
TOGETHER = "All together"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheapestSet:
    """The cheapest set of scenarios that meets the standard with a probability of at least `SURE`."""

    #: Empty where none is needed.
    names: tuple[str, ...]
    probability: float
    #: The share of cases within the standard; None where no scenario is needed.
    within_standard: Figure | None
    #: What it costs; None where a scenario's cost isn't known, so that this is the smallest set.
    cost: float | None


@dataclass(frozen=True, kw_only=True, repr=False)
class PackageEstimates(Result):
    """What scenarios do together.

    `table`: one row a set of scenarios: scenarios (their names, in one text), n_scenarios, cost (as `cost_words` says; NaN
    where unknown), then the mean change of each measure with its interval (`<measure>`, `<measure>_low`, `<measure>_high`)
    and meets_standard (probability that the target is reached; NaN without one).
    """

    #: One row a scenario and measure: scenario, measure, unit, alone, share, share_low, share_high. Shares add up to the
    #: package. Empty where some scenarios exclude each other.
    shares: pd.DataFrame = field(repr=False)
    #: All scenarios together; None where some exclude each other.
    together: ScenarioEstimate | None
    cheapest: CheapestSet | None
    #: Why there is no cheapest set, in words; empty where there is one.
    cheapest_missing: str
    cost_words: str
    #: Draws of each set, and of the whole package.
    draws: int
    level: float

    @property
    def cases(self) -> pd.DataFrame:
        """One row a closed case that counts, as replayed without and with the whole package."""
        return pd.DataFrame() if self.together is None else self.together.cases

    def chart(self) -> Chart:
        """Days saved against cost: each scenario, and the sets that nothing cheaper beats."""
        shown = self.table[self.table["cost"].notna()]
        best = _unbeaten(shown)
        rows = shown.assign(best=best)[(shown["n_scenarios"] == 1) | best]
        return PointChart(
            title="Mean cycle time saved, against what it costs",
            x_axis=f"Cost ({self.cost_words})",
            y_axis="Days saved a case (elapsed)",
            points=tuple(
                Point(
                    label=str(r["scenarios"]), x=float(r["cost"]), y=-float(r["cycle_time.mean"]),
                    y_low=-float(r["cycle_time.mean_high"]), y_high=-float(r["cycle_time.mean_low"]),
                    group="nothing cheaper saves as much" if r["best"] else "something cheaper saves as much",
                )
                for r in rows.to_dict(orient="records")
            ),
            note=f"{self.draws} draws; bars: {self.level:.0%} interval",
        )  # fmt: skip


def together(proposals: Sequence[Proposal], *, name: str = TOGETHER) -> Proposal:
    """All changes of some proposals as one, with their costs added; a change that several make is made once."""
    changes: list[Change] = []
    for proposal in proposals:
        changes += [c for c in proposal.changes if not any(_same(c, d) for d in changes)]

    def total(costs: Sequence[float | None]) -> float | None:
        known = [c for c in costs if c is not None]
        return sum(known) if known else None

    return Proposal(
        name=name,
        changes=tuple(changes),
        once=total([p.once for p in proposals]),
        per_year=total([p.per_year for p in proposals]),
    )


def _apart(proposals: Sequence[Proposal]) -> tuple[list[Proposal], list[str]]:
    """The proposals without those that are made of the others' changes, as far as two are left; and the names of these."""
    kept, within = list(proposals), []
    for proposal in sorted(proposals, key=lambda p: -len(p.changes)):
        others = [c for p in kept if p is not proposal for c in p.changes]
        if len(kept) > 2 and all(any(_same(c, d) for d in others) for c in proposal.changes):
            kept.remove(proposal)
            within.append(proposal.name)
    return kept, within


def packages(
    model: QueueModel,
    proposals: Sequence[Proposal],
    *,
    standard: str | None = None,
    target: float | None = None,
    prices: Prices | None = None,
    customer_time: CustomerTime | None = None,
    terms: Terms | None = None,
    draws: int = 200,
    seed: int = 1,
    level: float = LEVEL,
    workers: int = 1,
    validation: Validation | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PackageEstimates:
    """Estimate scenarios together, every set of up to 6, and what each of them adds to them all.

    target : share of the cases that the standard promises to be within it. terms : over how many years, and at which rate,
    costs are added up; those of the first year without. See `estimates` for the rest.

    A scenario that is made of the others' changes isn't counted beside them, with a caveat. Sets whose changes contradict each
    other are left out, with a caveat; shares need them all. Of more than 6 scenarios only
    all together are estimated. Raises ScenarioError for fewer than 2, and what `estimates` raises for one of them alone.
    """
    if len(proposals) < 2:
        raise ScenarioError(f"A package is of at least 2 scenarios; {len(proposals)} is given.")
    proposals, within = _apart(proposals)
    k = len(proposals)
    if draws < MIN_DRAWS:
        raise ScenarioError(f"draws must be at least {MIN_DRAWS}; {draws} leave the interval's bounds to chance.")
    measures = measures_of(model, standard=standard, prices=prices, customer_time=customer_time)
    error = 0.0 if validation is None else validation.excess_error

    def estimated(code: int) -> ScenarioEstimate:
        proposal = together(_chosen(proposals, code), name=TOGETHER if code == 2**k - 1 else _name(proposals, code))
        return estimates(
            model, [proposal], standard=standard, prices=prices, customer_time=customer_time, draws=draws, seed=seed,
            level=level, workers=workers, validation=validation,
        )[0]  # fmt: skip

    codes, bound = [], []
    caveats = [f"“{name}” is made of changes of the others, so it isn't counted beside them." for name in within]
    if k > MOST:
        caveats.append(
            f"What each scenario adds, and the cheapest set, are told of up to {MOST} scenarios; these are {k}."
        )
    for code in range(1, 2**k) if k <= MOST else (2**k - 1,):
        try:
            bound.append(bound_proposal(model, together(_chosen(proposals, code), name=_name(proposals, code))))
            codes.append(code)
        except ScenarioError as refused:
            if code.bit_count() == 1:
                raise
            if code.bit_count() == 2 or k > MOST:  # larger sets are refused for the pairs in them
                caveats.append(str(refused))
    n = min(draws, max(FEWEST_DRAWS, BUDGET // max(len(codes), 1)))
    own = drawn(model, measures, [], draws=range(OWN, OWN + OWN_REPLAYS), seed=seed, workers=workers)
    found = drawn(model, measures, bound, draws=range(n), seed=seed, workers=workers, progress=progress)
    sets = {c: spread(measures, own, found.only(j), bound[j], seed=seed, error=error) for j, c in enumerate(codes)}
    every = 2**k - 1
    whole = estimated(every) if every in sets else None
    if whole is None and k <= MOST:
        caveats.append("What each scenario adds can't be told, because some of them exclude each other.")
    bounds = [f"{name}{end}" for name, _ in measures.names for end in ("", "_low", "_high")]
    table = pd.DataFrame(
        [_row(proposals, c, measures, s, terms, target, level) for c, s in sets.items()],
        columns=["scenarios", "n_scenarios", "cost", *bounds, "meets_standard"],
    )
    if k <= MOST:
        as_is = _as_is_meets(measures, own, found, target)
        cheapest, missing = _cheapest(proposals, codes, table, estimated, target, as_is)
    else:
        cheapest, missing = None, caveats[0]
    return PackageEstimates(
        recorded=model.log.recorded,
        table=table,
        n=measures.n_of("cycle_time.mean"),
        excluded={},
        caveats=tuple(dict.fromkeys(caveats)),
        shares=_shares(proposals, measures, sets, whole if k <= MOST else None, level),
        together=whole,
        cheapest=cheapest,
        cheapest_missing=missing,
        cost_words=_cost_words(prices, terms),
        draws=n,
        level=level,
    )


def _chosen(proposals: Sequence[Proposal], code: int) -> list[Proposal]:
    """The proposals of a set, by the number whose bits they are."""
    return [p for j, p in enumerate(proposals) if code >> j & 1]


def _name(proposals: Sequence[Proposal], code: int) -> str:
    return " + ".join(p.name for p in _chosen(proposals, code))


def _same(a: Change, b: Change) -> bool:
    """Whether two changes do the same; what is said in evidence of them may differ."""
    return type(a) is type(b) and a.model_dump(exclude={"evidence"}) == b.model_dump(exclude={"evidence"})


def _cost_words(prices: Prices | None, terms: Terms | None) -> str:
    currency = "" if prices is None else f"{prices.currency}, "
    if terms is None or terms.years is None or terms.rate is None:
        return f"{currency}once and in the first year"
    return f"{currency}present value over {terms.years} years"


def _cost(chosen: Sequence[Proposal], terms: Terms | None) -> float:
    """What some proposals cost; NaN where one says nothing of it."""
    if any(p.once is None and p.per_year is None for p in chosen):
        return math.nan
    return sum(present_cost(p.once or 0.0, p.per_year or 0.0, terms) for p in chosen)


def _row(
    proposals: Sequence[Proposal],
    code: int,
    measures: Measures,
    found: Spread,
    terms: Terms | None,
    target: float | None,
    level: float,
) -> dict[str, object]:
    """One set of the table."""
    bounds = np.nanquantile(found.change, [(1 - level) / 2, (1 + level) / 2], axis=0)
    low, high = possible(measures, found.baseline, bounds)
    row: dict[str, object] = {
        "scenarios": _name(proposals, code),
        "n_scenarios": code.bit_count(),
        "cost": _cost(_chosen(proposals, code), terms),
    }
    for name, _ in measures.names:
        j = measures.place(name)
        row |= {name: found.mean[j], f"{name}_low": low[j], f"{name}_high": high[j]}
    return {**row, "meets_standard": _meets(measures, found.after, target)}


def _meets(measures: Measures, after: Float, target: float | None) -> float:
    """Share of the draws in which the share within the standard reaches the target; NaN without one."""
    if target is None or "within_standard" not in measures.all_names:
        return math.nan
    return float(np.mean(after[:, measures.place("within_standard")] >= target))


def _as_is_meets(measures: Measures, own: Draws, found: Draws, target: float | None) -> float:
    """The same of the service as it is."""
    after = np.nanmean(own.as_is, axis=0) + found.as_is - np.nanmean(found.as_is, axis=0)
    return _meets(measures, after, target)


_SHARES = ["scenario", "measure", "unit", "alone", "share", "share_low", "share_high"]


def _shares(
    proposals: Sequence[Proposal],
    measures: Measures,
    sets: dict[int, Spread],
    whole: ScenarioEstimate | None,
    level: float,
) -> pd.DataFrame:
    """Each scenario's Shapley value of each measure, by draw; the means add up to the whole package's."""
    k = len(proposals)
    every = 2**k - 1
    if whole is None:
        return pd.DataFrame(columns=_SHARES)
    # more draws may be made of the whole package than of its parts: what they add to it is divided evenly
    rest = (whole.spread.mean - sets[every].mean) / k
    rows = []
    for i, proposal in enumerate(proposals):
        mean = shapley([np.zeros_like(rest), *(sets[c].mean for c in range(1, every + 1))], i) + rest
        nothing = np.zeros_like(sets[every].change)
        each = shapley([nothing, *(sets[c].change for c in range(1, every + 1))], i) + rest
        low, high = np.nanquantile(each, [(1 - level) / 2, (1 + level) / 2], axis=0)
        for name, unit in measures.names:
            j = measures.place(name)
            rows.append([proposal.name, name, unit, sets[1 << i].mean[j], mean[j], low[j], high[j]])
    return pd.DataFrame(rows, columns=_SHARES)


def shapley(value: Sequence[Float], i: int) -> Float:
    """The Shapley value of player i. value : of each set, in the order of the numbers whose bits are its players.

    >>> float(shapley([np.array(v) for v in (0.0, 1.0, 2.0, 4.0)], 0))
    1.5
    """
    k = len(value).bit_length() - 1
    total = np.zeros_like(value[0])
    for code in range(2**k):
        if not code >> i & 1:
            size = code.bit_count()
            weight = math.factorial(size) * math.factorial(k - size - 1) / math.factorial(k)
            total = total + weight * (value[code | 1 << i] - value[code])
    return total


def _cheapest(
    proposals: Sequence[Proposal],
    codes: Sequence[int],
    table: pd.DataFrame,
    estimated: Callable[[int], ScenarioEstimate],
    target: float | None,
    as_is: float,
) -> tuple[CheapestSet | None, str]:
    """The cheapest set that meets the standard, or why there is none; the smallest where a cost isn't known.

    A set that may meet it by the few draws of the table is estimated with all draws, and must meet it there.
    """
    if target is None or math.isnan(as_is):
        return None, "The study gives no standard with a target, so no set of scenarios can be held against it."
    if as_is >= SURE:
        return CheapestSet(names=(), probability=as_is, within_standard=None, cost=0.0), ""
    known = bool(table["cost"].notna().all())
    ordered = table.assign(code=codes).sort_values(
        [*(["cost"] if known else []), "n_scenarios", "meets_standard"],
        ascending=[*([True] if known else []), True, False],
        kind="stable",
    )
    best = 0.0
    for code, cost, told in zip(ordered["code"], ordered["cost"], ordered["meets_standard"], strict=True):
        if told < SURE - CHANCE:
            best = max(best, float(told))
            continue
        found = estimated(int(code))
        after = found.spread.after[:, found.drawn_names.index("within_standard")]
        probability = float(np.mean(after >= target))
        if probability >= SURE:
            return CheapestSet(
                names=tuple(p.name for p in _chosen(proposals, int(code))),
                probability=probability,
                within_standard=found["within_standard"],
                cost=float(cost) if known else None,
            ), ""
        best = max(best, probability)
    return None, (
        f"No set of these scenarios reaches the target of {target:.0%} with a probability of {SURE:.0%}; "
        f"the best reaches it with {best:.0%}."
    )


def _unbeaten(table: pd.DataFrame) -> pd.Series[bool]:
    """Sets than which no cheaper one saves as many days."""
    ordered = table.sort_values(["cost", "cycle_time.mean"], kind="stable")
    before = ordered["cycle_time.mean"].cummin().shift(fill_value=0.0)
    return (ordered["cycle_time.mean"] < before).reindex(table.index)
