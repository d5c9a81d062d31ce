"""An attack on a published section by subtraction: which small groups can be had from all its numbers together.

Only what is published is read: findings.json and tables/*.csv. Each count that a reader can name (the cases of a channel, those
of them that kept the standard, the cases without a step, the transitions after a step that no row shows) is a variable. What is
published of them, and what must hold between them (parts make up their whole, some are at most all, a share times its base is a
count), are linear constraints. The least and the most that each count may be are linear programmes; a count that must lie between
1 and the smallest one that may be told has been found out.
"""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import lil_matrix

Name = Hashable
#: By one of these the standard is told over time.
PERIODS = ("month", "quarter")


class Counts:
    """Unknown counts, what is known of them, and what follows."""

    def __init__(self) -> None:
        self._place: dict[Name, int] = {}
        self._least: list[float] = []
        self._equal: list[tuple[dict[int, float], float]] = []
        self._at_most: list[tuple[dict[int, float], float]] = []
        self.targets: dict[Name, None] = {}

    def __getitem__(self, name: Name) -> int:
        if name not in self._place:
            self._place[name] = len(self._place)
            self._least.append(0.0)
        return self._place[name]

    def known(self, name: Name, value: float) -> None:
        self._equal.append(({self[name]: 1.0}, float(round(value))))

    def there(self, name: Name) -> None:
        """A row exists, so somebody is in it."""
        self._least[self[name]] = 1.0

    def parts(self, parts: Sequence[Name], whole: Name) -> None:
        row: dict[int, float] = defaultdict(float)
        for p in dict.fromkeys(parts):
            row[self[p]] += 1.0
        row[self[whole]] -= 1.0
        self._equal.append((dict(row), 0.0))

    def at_most(self, some: Name, all_: Name) -> None:
        self._at_most.append(({self[some]: 1.0, self[all_]: -1.0}, 0.0))

    def wanted(self, name: Name) -> None:
        _ = self[name]
        self.targets[name] = None

    def found_out(self, minimum: int) -> dict[Name, tuple[float, float]]:
        """The targets that must lie between 1 and `minimum` - 1, with their bounds."""
        n = len(self._place)
        equal, equals = self._matrix(self._equal, n)
        most, mosts = self._matrix(self._at_most, n)
        found = {}
        for name in self.targets:
            ends = []
            for sign in (1.0, -1.0):
                cost = np.zeros(n)
                cost[self._place[name]] = sign
                solved = linprog(
                    cost, A_eq=equal, b_eq=equals, A_ub=most, b_ub=mosts, bounds=[(low, None) for low in self._least],
                    method="highs",
                )  # fmt: skip
                assert solved.status in (0, 3), (name, solved.message)
                ends.append(np.inf if solved.status == 3 else sign * solved.fun)
            low, high = ends
            if high < minimum - 1e-6 and low > 1e-6:
                found[name] = (round(low, 3), round(high, 3))
        return found

    @staticmethod
    def _matrix(rows: list[tuple[dict[int, float], float]], n: int) -> tuple[Any, Any]:
        if not rows:
            return None, None
        made = lil_matrix((len(rows), n))
        for i, (row, _) in enumerate(rows):
            for j, v in row.items():
                made[i, j] = v
        return made.tocsr(), np.array([right for _, right in rows])


def found_out(files: Mapping[str, Any], *, minimum: int) -> dict[Name, tuple[float, float]]:
    """The small counts that the files of a section give away, with the bounds that they must lie between."""
    document = json.loads(files["findings.json"])
    found = {f["id"]: f for f in document["findings"]}
    tables = {
        n.removeprefix("tables/").removesuffix(".csv"): pd.read_csv(io.StringIO(t))
        for n, t in files.items()
        if n.endswith(".csv")
    }
    c = Counts()
    n_all, n_closed = document["study"]["cases"], found["baseline.cycle_time.mean"]["n"]
    c.known("all", n_all)
    c.known("closed", n_closed)
    c.parts(["closed", "open"], "all")
    c.wanted("open")
    closed_only = n_all == n_closed
    _findings(c, found)
    _groups(c, tables, found, closed_only=closed_only)
    _subsets(c, tables)
    _lines(c, tables, closed_only=closed_only)
    return c.found_out(minimum)


def _findings(c: Counts, found: Mapping[str, Any]) -> None:
    """A share of cases is a count, and so are those that are left."""
    for id_, f in found.items():
        if (
            f["unit"] == "share of cases" or id_ in ("rework.cases_share", "baseline.within_standard")
        ) and not id_.startswith(("scenario", "package", "sensitivity", "validation", "standard.gap")):
            base, inside, rest = ("n", id_), ("in", id_), ("not in", id_)
            c.known(base, f["n"])
            c.parts([inside, rest], base)
            if f["value"] is not None:
                c.known(inside, f["value"] * f["n"])
            c.wanted(inside)
            c.wanted(rest)
        if f["unit"] == "cases" and f["value"] is not None:
            c.known(("in", id_), f["value"])
            c.wanted(("in", id_))


def _groups(c: Counts, tables: Mapping[str, pd.DataFrame], found: Mapping[str, Any], *, closed_only: bool) -> None:
    """Groups that make up all closed cases, the same in every table; and of each those on time, slow, with a loop."""
    levels: dict[str, set[str]] = defaultdict(set)
    marks: dict[tuple[str, str], dict[str, float]] = {}

    def marked(what: str, factor: str, level: str, share: float, n: float) -> None:
        group, inside, rest = ("closed", factor, level), (what, factor, level), (f"not {what}", factor, level)
        c.parts([inside, rest], group)
        if share == share and n == n:
            c.known(inside, share * n)
        c.wanted(inside)
        c.wanted(rest)
        marks.setdefault((what, factor), {})[level] = share

    def group(factor: str, level: str, n: float) -> bool:
        if level.startswith("("):
            return False
        levels[factor].add(level)
        c.there(("closed", factor, level))
        if n == n:
            c.known(("closed", factor, level), n)
        return True

    for r in _rows(tables, "channels"):
        if group("channel", str(r.group), r.n_cases) and hasattr(r, "within_standard"):
            marked("on time", "channel", str(r.group), r.within_standard, r.n_cases)
    for r in _rows(tables, "standard"):
        if r.by not in PERIODS and closed_only and group(str(r.by), str(r.group), r.n_cases):
            marked("on time", str(r.by), str(r.group), r.within, r.n_cases)
        elif r.by in PERIODS:
            c.known(("arrived", r.group), r.n_cases)
            c.parts([("on time", "period", r.group), ("not on time", "period", r.group)], ("arrived", r.group))
            if r.within == r.within:
                c.known(("on time", "period", r.group), r.within * r.n_cases)
            for what in ("on time", "not on time"):
                c.wanted((what, "period", r.group))
    periods = [r.group for r in _rows(tables, "standard") if r.by in PERIODS]
    within = found.get("baseline.within_standard")
    if periods and within and within["value"] is not None:
        rest = ("on time", "period", "not shown"), ("not on time", "period", "not shown")
        c.parts([*(("on time", "period", g) for g in periods), rest[0]], ("in", "baseline.within_standard"))
        c.parts([*(("not on time", "period", g) for g in periods), rest[1]], ("not in", "baseline.within_standard"))
    for r in _rows(tables, "slow"):
        if r.kind != "what happened" and group(str(r.factor), str(r.level), r.n_cases):
            marked("slow", str(r.factor), str(r.level), r.slow_share, r.n_cases)
    loops = [r for r in _rows(tables, "loop_associations") if r.loops == "any loop"]
    for r in loops:
        if group(str(r.factor), str(r.level), r.n_cases):
            marked("looping", str(r.factor), str(r.level), r.looping_share, r.n_cases)
    for factor, names in levels.items():
        rest = ("closed", factor, "not shown")
        c.parts([*(("closed", factor, level) for level in names), rest], "closed")
        c.wanted(rest)
    hidden = next((str(r.group) for r in _rows(tables, "channels") if str(r.group).startswith("(")), "")
    if hidden:
        several = [("closed", "channel", f"hidden {k}") for k in range(int(hidden.split()[0].strip("(")))]
        for one in several:
            c.there(one)
            c.wanted(one)
        c.parts(several, ("closed", "channel", "not shown"))
    wholes = {"looping": "rework.cases_share"} | ({"on time": "baseline.within_standard"} if closed_only else {})
    for (what, factor), shown in marks.items():
        whole = wholes.get(what)
        if whole is None or found.get(whole, {}).get("value") is None:
            continue
        for side, of in ((what, "in"), (f"not {what}", "not in")):
            rest = (side, factor, "not shown")
            c.parts([*((side, factor, level) for level in shown), rest], (of, whole))
            c.wanted(rest)


#: Tables whose groups overlap: the column of their names, and which cases they are of.
_OVERLAPPING = {
    "bottlenecks": ("activity", "closed"), "waiting": ("cause", "closed"), "waiting_by_step": ("activity", "closed"),
    "waiting_by_pool": ("group", "closed"), "rework": ("loop", "closed"), "variants": ("activities", "all"),
    "bottlenecks_by": ("place", "closed"),
}  # fmt: skip


def _subsets(c: Counts, tables: Mapping[str, pd.DataFrame]) -> None:
    """Cases with something, and so those without."""
    for name, (label, base) in _OVERLAPPING.items():
        for i, r in enumerate(_rows(tables, name)):
            inside, rest = (name, getattr(r, label), i), (name, "without", getattr(r, label), i)
            c.parts([inside, rest], base)
            for share in ("cases_share", "share"):
                if share == "share" and name != "variants":
                    continue
                value = getattr(r, share, float("nan"))
                if value == value:
                    c.known(inside, value * (c_total(tables, base)))
            if r.n_cases == r.n_cases:
                c.known(inside, r.n_cases)
            c.wanted(inside)
            c.wanted(rest)
    for i, r in enumerate(_rows(tables, "first_passes")):
        if r.n_cases == r.n_cases and r.first_pass_yield == r.first_pass_yield:
            c.known(("step", i), r.n_cases)
            c.parts([("once", i), ("again", i)], ("step", i))
            c.known(("once", i), r.first_pass_yield * r.n_cases)
            c.wanted(("again", i))
            c.wanted(("once", i))
            c.parts([("step", i), ("without step", i)], "closed")
            c.wanted(("without step", i))


def c_total(tables: Mapping[str, pd.DataFrame], base: str) -> float:
    """All cases, or the closed ones, as the table of the baseline has them."""
    t = tables["baseline"].set_index("measure")
    return float(t.loc["cases", "n"] if base == "all" else t.loc["mean", "n"])


def _lines(c: Counts, tables: Mapping[str, pd.DataFrame], *, closed_only: bool) -> None:
    """Where all cases are closed, what follows on a step, or comes before it, makes up how often it is done."""
    ends = {str(r.way): r.n_cases for r in _rows(tables, "endings")}
    steps = {str(r.activity): r.n_steps for r in _rows(tables, "first_passes") if r.n_steps == r.n_steps}
    rows = list(_rows(tables, "transitions"))
    for r in rows:
        base, inside, rest = "all", ("go", r.source, r.target), ("don't go", r.source, r.target)
        c.parts([("cases", *inside), rest], base)
        if r.n_cases == r.n_cases:
            c.known(("cases", *inside), r.n_cases)
        if r.n == r.n:
            c.known(inside, r.n)
        c.at_most(("cases", *inside), inside)
        c.wanted(("cases", *inside))
        c.wanted(rest)
    if not closed_only:
        return
    for activity, n in steps.items():
        c.known(("steps", activity), n)
        after = [("go", r.source, r.target) for r in rows if r.source == activity]
        if activity in ends:
            c.known(("last", activity), ends[activity])
        c.parts([*after, ("last", activity), ("go", activity, "not shown")], ("steps", activity))
        c.wanted(("go", activity, "not shown"))


def _rows(tables: Mapping[str, pd.DataFrame], name: str) -> Any:
    return tables[name].itertuples(index=False) if name in tables else ()
