"""Findings about groups of cases beside each other, such as offices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from streamline.measure.compared import ALIKE, LONGER, SHORTER, UNTOLD, GroupsCompared
from streamline.report.analysis import Analysis
from streamline.report.findings.saying import real
from streamline.report.privacy import suppressed_rows
from streamline.report.wording import decimals, factor_words, interval, number
from streamline.results import Finding, SubjectFinding, rows_of
from streamline.study import slug
from streamline.units import counted

_TABLE = "tables/compared.csv"


def compared_findings(a: Analysis) -> Iterator[Finding]:
    """How many groups differ, and how far each lies from the others."""
    found = a.compared
    if found is None:
        return
    shown = compared_rows(a)
    told = shown[shown["differs"] != UNTOLD]
    differing = shown[shown["differs"].isin([LONGER, SHORTER])]
    by, alike = factor_words(found.by), alike_words(found)
    if told.empty:
        said = f"Whether the mean cycle time differs by {by} can't be told from these records."
    elif differing.empty:
        said = f"{alike}no {by} of {len(told):,} differs from the others in its mean cycle time by more than chance explains."
    else:
        names = ", ".join(f"{r.group} ({r.differs})" for r in rows_of(differing))
        many = f"{len(differing):,} of {len(told):,}"
        said = f"{alike}mean cycle times differ from those of the others beyond chance for {many}: {names}."
    yield Finding(
        id="compared.differing", section="compared", statement=said[:1].upper() + said[1:],
        value=None if told.empty else len(differing), unit="groups", n=found.n, method=_method(found), caveats=found.caveats,
        table=_TABLE,
    )  # fmt: skip
    ids: dict[str, int] = {}
    for r in rows_of(told):
        name = slug(r.group) or "group"
        ids[name] = ids.get(name, 0) + 1
        yield _of_group(r, found, name if ids[name] == 1 else f"{name}_{ids[name]}")


def _of_group(r: Any, found: GroupsCompared, name: str) -> SubjectFinding:
    value, low, high = ratio_of(r, found)
    places = decimals(low, high, value)
    verdict = "can't be told from chance" if r.differs == ALIKE else "is beyond chance"
    return SubjectFinding(
        id=f"compared.{name}.cycle_time_ratio", section="compared", subject=r.group,
        statement=f"{alike_words(found) + 'the' if found.alike else 'The'} mean cycle time of {factor_words(found.by)} "
        f"“{r.group}” is {number(value, places)} times that of the others ({found.level:.0%} interval "
        f"{interval(low, high, value=value)}; {counted(int(r.n_cases), 'closed case')}); the difference {verdict}.",
        value=value, low=low, high=high, level=found.level, unit="ratio of means", n=int(r.n_cases), method=_method(found),
        caveats=found.caveats, table=_TABLE,
    )  # fmt: skip


def ratio_of(r: Any, found: GroupsCompared) -> tuple[float, float | None, float | None]:
    """The ratio that decides, with its interval: with everything else alike where something else is known."""
    which = "adjusted_ratio" if found.alike else "ratio"
    value, low, high = (getattr(r, f"{which}{end}") for end in ("", "_low", "_high"))
    return float(value), real(low), real(high)


def compared_rows(a: Analysis) -> pd.DataFrame:
    """The groups of enough cases; with a small one another is left out, so that no total gives it back."""
    assert a.compared is not None
    hidden = suppressed_rows(a.compared.table["n_cases"], minimum=a.minimum_cell)
    return a.compared.table[~hidden].reset_index(drop=True)


def alike_words(found: GroupsCompared) -> str:
    """`With channel and language alike, `, or nothing."""
    names = [factor_words(name) for name in found.alike]
    if not names:
        return ""
    return f"With {' and '.join([', '.join(names[:-1]), names[-1]] if len(names) > 1 else names)} alike, "


def _method(found: GroupsCompared) -> str:
    how = "log-linear regression" if found.alike else "means"
    return (
        f"{how}, each group against all others; errors by week of arrival; intervals of all groups hold together (Bonferroni), "
        "and ranks have to agree"
    )
