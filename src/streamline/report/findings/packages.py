"""Findings about the proposed changes together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamline.proposals import EstimatedScenario, Proposed
from streamline.report.findings.scenario import change_words, scenario_statement, verdict_caveat
from streamline.report.wording import decimals, money, number, percent
from streamline.results import Finding, ScenarioFinding, SubjectFinding, rows_of
from streamline.study import slug
from streamline.whatif.estimate import Figure
from streamline.whatif.packages import SURE, PackageEstimates
from streamline.whatif.sensitivity import CASES, REPLAY
from streamline.whatif.validate import Validation

TABLE = "tables/packages.csv"


def package_findings(p: Proposed, currency: str) -> Iterator[Finding]:
    """All proposals together, what each adds, and the cheapest set that meets the standard."""
    package = p.package
    if package is None:
        return
    verdict = verdict_caveat(p.validation)
    whole = package.together
    if whole is not None:
        for f in whole.figures:
            yield ScenarioFinding(
                id=f"package.{f.measure}", section="package", scenario=whole.name,
                statement=scenario_statement("All proposals together", f, whole.level,
                                             through_queues=whole.through_queues, quoted=False),
                value=f.value, low=f.low, high=f.high, level=whole.level, unit=f.unit, n=f.n, baseline=f.baseline,
                change=f.change, change_low=f.change_low, change_high=f.change_high,
                method=f"replay of the same cases with all changes at once; {whole.draws} draws",
                caveats=whole.caveats + verdict, table=TABLE,
            )  # fmt: skip
    yield from _shares(package, {s.scenario.name: s for s in p.scenarios}, verdict)
    yield _cheapest(package, currency, verdict, failed=p.validation is not None and p.validation.verdict == "not fit")


def _shares(
    package: PackageEstimates, scenarios: Mapping[str, EstimatedScenario], verdict: tuple[str, ...]
) -> Iterator[Finding]:
    """What each proposal adds to the change of the mean cycle time."""
    shares = package.shares[package.shares["measure"] == "cycle_time.mean"]
    for r in rows_of(shares):
        places = decimals(r.share_low, r.share_high, r.share)
        alone = scenarios[str(r.scenario)].estimate["cycle_time.mean"].change
        yield SubjectFinding(
            id=f"package.share.{slug(str(r.scenario))}", section="package", subject=str(r.scenario),
            statement=f"Of what all proposals do together to the mean cycle time, {number(r.share, places)} days are due to "
            f"“{r.scenario}” ({package.level:.0%} interval {number(r.share_low, places)} to {number(r.share_high, places)}); "
            f"alone it changes it by {number(alone, places)} days.",
            value=r.share, low=r.share_low, high=r.share_high, level=package.level, unit="days", n=package.n,
            method=f"Shapley value: what it adds, on average over all orders of bringing the proposals in; {package.draws} draws",
            caveats=verdict, table="tables/package_shares.csv",
        )  # fmt: skip


def _cheapest(package: PackageEstimates, currency: str, verdict: tuple[str, ...], *, failed: bool) -> Finding:
    """The cheapest set that meets the standard, or why there is none; nobody is sent to a set that a failed check chose."""
    found = package.cheapest
    if failed:
        words, value = (
            "Which proposals would meet the standard can't be told, because the replay failed its check.",
            None,
        )
    elif found is None:
        words, value = package.cheapest_missing, None
    elif not found.names:
        words = f"Without any of the proposals the standard is met, with a probability of {percent(found.probability)}."
        value = found.probability
    else:
        named = " with ".join(f"“{n}”" for n in found.names)
        which = "smallest" if found.cost is None else "cheapest"
        cost = "" if found.cost is None else f", at {money(found.cost, currency, step=1)} {_terms(package, currency)}"
        share = ""
        if found.within_standard is not None:
            f = found.within_standard
            share = f" {percent(f.value, f.low, f.high)} of the cases are estimated to be within it"
            share += f" ({package.level:.0%} interval {percent(f.low)} to {percent(f.high)})."
        words = (
            f"The {which} set of proposals that meets the standard with a probability of at least {percent(SURE)} is "
            f"{named}{cost}: the probability is {percent(found.probability)}.{share}"
        )
        value = found.probability
    return Finding(
        id="package.cheapest", section="package", statement=words, value=value, low=None, high=None, level=None,
        unit="probability", n=package.n,
        method=f"every set of proposals in {package.draws} draws of the replay, the one chosen again with all draws",
        caveats=package.caveats + verdict, table=None if package.table.empty else TABLE,
    )  # fmt: skip


def _terms(package: PackageEstimates, currency: str) -> str:
    return package.cost_words.removeprefix(f"{currency}, ")


def hanging_finding(s: EstimatedScenario, validation: Validation) -> Iterator[Finding]:
    """What the estimate of the mean cycle time hangs on most, within its interval."""
    rows = s.sensitivity.shown
    inside = rows[rows["inside"]]
    if inside.empty:
        return
    r = next(iter(rows_of(inside)))
    f = s.estimate["cycle_time.mean"]
    yield SubjectFinding(
        id=f"sensitivity.{s.scenario.slug}", section="sensitivity", subject=str(r.input),
        statement=f"The estimate of “{s.scenario.name}” hangs most on {_hanging_words(r, f)}",
        value=r.likely, low=min(r.likely, r.change_at_low, r.change_at_high),
        high=max(r.likely, r.change_at_low, r.change_at_high), level=None,
        unit="days", n=s.sensitivity.n,
        method=f"{s.sensitivity.draws} draws, in which one thing at a time goes to its low and high end and the rest stays at "
        "its likely value",
        caveats=verdict_caveat(validation), table="tables/sensitivity.csv",
    )  # fmt: skip


def _hanging_words(r: Any, f: Figure) -> str:
    """On what, and where the change of the mean cycle time stands at its ends."""
    low, high = (change_words(f, v) for v in sorted((r.change_at_low, r.change_at_high)))
    between = f"lies between {low} and {high} days."
    if r.input == REPLAY:
        return f"how far the replay is off: if it errs as it did on the later period, the change of the mean cycle time {between}"
    if r.input == CASES:
        return (
            "chance, that is on which cases come and what happens to them: so the change of the mean cycle time "
            f"{between}"
        )
    ends = [f"{at} the change of the mean cycle time is {change_words(f, v)} days" for at, v in
            ((f"at {r.low}", r.change_at_low), (f"at {r.high}", r.change_at_high))]  # fmt: skip
    return f"this: {_lower(str(r.input))}; {ends[0]}, {ends[1].replace('the change of the mean cycle time is ', '')}."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
