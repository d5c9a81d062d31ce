"""Tables about what the proposals are worth, and what they do together."""

from __future__ import annotations

from collections.abc import Sequence

from streamline.proposals import EstimatedScenario
from streamline.report.findings.worth import amount, in_steps, money_span, step_of, years_words
from streamline.report.section import Table
from streamline.report.tables.making import HIDDEN, supported, table_of
from streamline.report.wording import money, number, percent
from streamline.results import Estimate, rows_of
from streamline.whatif.packages import PackageEstimates
from streamline.whatif.value import Terms


def value(scenarios: Sequence[EstimatedScenario], terms: Terms) -> Table:
    """Savings a year, costs, payback and net present value of each proposal."""
    rows = []
    for s in scenarios:
        v = s.value
        paid = HIDDEN if v.payback_years is None else years_words(v.payback_years.value)
        if v.payback_years is not None and v.payback_years.low is not None and v.payback_years.high is not None:
            ends = years_words(v.payback_years.low), years_words(v.payback_years.high)
            paid += "" if ends[0] == ends[1] else f" ({ends[0]} to {ends[1]})"
        rows.append(
            [s.scenario.name, _amount(v.saving_per_year, v.currency), _cost(s.scenario.cost_once, v.currency),
             _cost(s.scenario.cost_per_year, v.currency), paid, _amount(v.net_present_value, v.currency)]
        )  # fmt: skip
    over = "" if terms.rate is None or terms.years is None else f" over {terms.years} years at {percent(terms.rate)}"
    note = "In brackets: 95% intervals. Savings are staff time and contacts at the study's prices."
    if terms.rate is not None:
        note += f" Rate: {terms.source}."
    return table_of(
        "value", "What each proposal is worth to the agency",
        [("Proposal", False), ("Saves a year, at full effect", True), ("Costs once", True), ("Costs a year", True),
         ("Pays for itself after", True), (f"Net present value{over}", True)],
        rows, note=note, file="tables/value.csv",
    )  # fmt: skip


def burden(scenarios: Sequence[EstimatedScenario]) -> Table:
    """Respondents × responses × hours as it is, and with each proposal that changes them."""
    rows = []
    for r in rows_of(scenarios[0].value.burden):
        rows.append(
            [str(r.response), "as it is", number(r.respondents, 0), number(r.responses, 2), number(r.hours_each, 2),
             number(r.hours_per_year, 0), "–", "–"]
        )  # fmt: skip
        for s in scenarios:
            mine = next(m for m in rows_of(s.value.burden) if m.response == r.response)
            if mine.change_low == mine.change_high == 0:
                continue
            step = step_of(mine.change_low, mine.change_high, mine.change)
            low, high = in_steps(mine.change_low, step), in_steps(mine.change_high, step)
            rows.append(
                [str(r.response), s.scenario.name, number(mine.respondents, 0), number(mine.responses_to_be, 2),
                 number(mine.hours_each, 2), in_steps(mine.hours_per_year_to_be, step), in_steps(mine.change, step),
                 f"{low} to {high}"]
            )  # fmt: skip
    return table_of(
        "burden", "Hours of customers a year: respondents × responses × hours",
        [("Response", False), ("Proposal", False), ("Respondents a year", True), ("Responses each", True),
         ("Hours a response", True), ("Hours a year", True), ("Change", True), ("95% interval of the change", True)],
        rows, note="Hours a response are the study's. Proposals that change a response are shown.", file="tables/burden.csv",
    )  # fmt: skip


def shares(package: PackageEstimates, scenarios: Sequence[EstimatedScenario]) -> Table:
    """What each proposal does alone, and what it adds to all of them."""
    found = package.shares[package.shares["measure"] == "cycle_time.mean"]
    alone = {s.scenario.name: s.estimate["cycle_time.mean"].change for s in scenarios}
    rows = []
    for r in rows_of(found):
        wide = r.share_low, r.share_high
        mine = [supported(v, *wide) for v in (alone[str(r.scenario)], r.share, *wide)]
        rows.append([str(r.scenario), mine[0], mine[1], f"{mine[2]} to {mine[3]}"])
    if package.together is not None:
        f = package.together["cycle_time.mean"]
        wide = f.change_low, f.change_high
        rows.append(
            ["All together", supported(f.change, *wide), supported(f.change, *wide),
             f"{supported(wide[0], *wide)} to {supported(wide[1], *wide)}"]
        )  # fmt: skip
    return table_of(
        "package-shares", "Change of the mean cycle time, days: each proposal alone, and its share of all together",
        [("Proposal", False), ("Alone", True), ("Share of all together", True), ("95% interval of the share", True)],
        rows,
        note="A share is what a proposal adds, on average over all orders of bringing the proposals in (Shapley value); "
        "shares add up to the whole but for rounding.",
        file="tables/package_shares.csv",
    )  # fmt: skip


def _cost(amount: float | None, currency: str) -> str:
    return "not given" if amount is None else money(amount, currency, step=1)


def _amount(e: Estimate | None, currency: str) -> str:
    """An amount with its interval in brackets."""
    if e is None:
        return HIDDEN
    return f"{amount(e, currency)} ({money_span(e, currency)})"
