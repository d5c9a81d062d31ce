"""The five sentences of the summary: how long, waiting for what, what comes back, who calls, what is proposed.

Each is a finding of its own, shorter than the one that it says again: the interval, the number of cases and the caveats stand
with that one, whose numbers it carries. Where a study can't tell one of the five, the sentence says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from streamline.report.analysis import Analysis
from streamline.report.findings.scenario import change_words, figure_texts, scenario_statement
from streamline.report.published_counts import tells_of_few
from streamline.report.wording import percent, rounded, sentence
from streamline.results import Finding
from streamline.study import Scenario
from streamline.units import duration_words
from streamline.whatif.estimate import ScenarioEstimate

#: What the check of the replay lets a reader do with an estimate, as the end of a sentence.
_FIT = {
    "fit for decisions": "; our check finds it fit for decisions",
    "fit for direction only": "; rely on its direction, not on its size",
    "not fit": "; it failed our check, so don't decide by it",
}


def lead(a: Analysis) -> tuple[Scenario, ScenarioEstimate] | None:
    """The signature initiative; without one, the scenario that shortens the mean cycle time most."""
    if not a.scenarios:
        return None
    for scenario, estimate in a.scenarios:
        if scenario.signature:
            return scenario, estimate
    return min(a.scenarios, key=lambda s: s[1]["cycle_time.mean"].change)


def summary_findings(a: Analysis, told: Sequence[Finding]) -> Iterator[Finding]:
    """The sentences, in their order. told : the findings that they say again."""
    by_id = {f.id: f for f in told}
    mean = by_id["baseline.cycle_time.mean"]
    yield _again(
        mean, "time", f"On average, a case took {rounded(a.cycle.mean)} days from its arrival to its last step."
    )
    yield _wait(by_id)
    yield _return(a, by_id["rework.cases_share"])
    yield _contact(a, by_id)
    yield _proposal(a, by_id)


def _again(finding: Finding, name: str, statement: str) -> Finding:
    """A finding said in another sentence."""
    return Finding(
        id=f"summary.{name}", section="summary", statement=statement, value=finding.value, low=finding.low, high=finding.high,
        level=finding.level, unit=finding.unit, n=finding.n, method=finding.method, caveats=finding.caveats, table=finding.table,
    )  # fmt: skip


def _untold(a: Analysis, name: str, statement: str) -> Finding:
    """That something isn't told."""
    return Finding(
        id=f"summary.{name}", section="summary", statement=statement, value=None, unit="none", n=a.cycle.n,
        method="what the study and its records hold",
    )  # fmt: skip


def _wait(by_id: dict[str, Finding]) -> Finding:
    found, mean = by_id.get("bottleneck.1.share"), by_id["baseline.cycle_time.mean"]
    if found is None or found.value is None:
        statement = "No step stands out as the one that cases wait for."
        return replace(_again(mean, "wait", statement), value=None, low=None, high=None, level=None)
    where = found.statement.split(" closed cases passed ", 1)[1].split(" (", 1)[0].rstrip(".")
    return _again(found, "wait", f"{percent(found.value, found.low, found.high)} of all that time passed {where}.")


def _return(a: Analysis, found: Finding) -> Finding:
    if few := tells_of_few(a.rework.cases_share, a):
        return _again(
            found, "return", f"{sentence(few)} of the {a.rework.n:,} closed cases repeated a step or went back to one."
        )
    if not found.value:
        return _again(found, "return", f"None of the {a.rework.n:,} closed cases repeated a step or went back to one.")
    share = percent(found.value, found.low, found.high)
    return _again(found, "return", f"{share} of the {a.rework.n:,} closed cases repeated a step or went back to one.")


def _contact(a: Analysis, by_id: dict[str, Finding]) -> Finding:
    """How often customers get in touch; without records of it, whether the standard is kept."""
    found, within = by_id.get("baseline.contacts_per_case"), by_id.get("baseline.within_standard")
    if found is not None and a.contacts_by_customers and a.contacts_per_case is not None:
        return _again(found, "contact", f"Customers got in touch {rounded(a.contacts_per_case)} times per case.")
    if within is not None and within.value is not None and a.cycle.standard is not None:
        share = percent(within.value, within.low, within.high)
        return _again(
            within, "contact",
            f"{share} of the {within.n:,} cases are done within {duration_words(a.cycle.standard)}; of calls the records tell "
            "nothing.",
        )  # fmt: skip
    return _untold(a, "contact", "The records don't tell why customers call.")


def _proposal(a: Analysis, by_id: dict[str, Finding]) -> Finding:
    first = lead(a)
    if first is None:
        return _untold(a, "proposal", "The study proposes no change, so none is judged here.")
    scenario, estimate = first
    found = by_id[f"scenario.{scenario.slug}.cycle_time.mean"]
    figure = estimate["cycle_time.mean"]
    said = scenario_statement(scenario.name, figure, estimate.level, through_queues=estimate.through_queues)
    said = said.replace(f"; n = {figure.n:,} cases)", ")").replace(f" (n = {figure.n:,} cases)", "").rstrip(".")
    before = figure_texts(figure).baseline
    if change_words(figure, a.cycle.mean.value) != before:  # the first sentence tells the mean as observed
        said = said.replace(f"from {before} to", f"from {before}, as replayed, to")
    fit = "" if a.validation is None else _FIT[a.validation.verdict]
    return replace(found, id="summary.proposal", section="summary", statement=f"{said}{fit}.")
