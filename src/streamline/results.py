"""What comes out of the library: estimates, findings, and the base of every result."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from streamline.figure import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its interval.

    There is no arithmetic on estimates: a difference of two is taken draw by draw where both were drawn.
    """

    value: float
    #: Bounds of the interval; None where a number is a plain count of the records.
    low: float | None
    high: float | None
    #: Probability that the interval claims, 0 to 1; None without an interval.
    level: float | None
    #: How value and interval were made, in words.
    method: str
    unit: str
    #: How many (cases, unless the unit says otherwise) it rests on.
    n: int

    def __repr__(self) -> str:
        interval = "" if self.low is None or self.high is None else f" ({self.low:.4g} to {self.high:.4g})"
        return f"{self.value:.4g}{interval} {self.unit}, n={self.n}"


def bounded(value: float, low: float, high: float, *, level: float, method: str, unit: str, n: int) -> Estimate:
    """An estimate whose interval is left out where its bounds are NaN: too few cases for one."""
    some = math.isfinite(low) and math.isfinite(high)
    return Estimate(
        value=float(value),
        low=float(low) if some else None,
        high=float(high) if some else None,
        level=level if some else None,
        method=method,
        unit=unit,
        n=n,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One statement about the service, with the number behind it. Its id is stable between runs."""

    id: str
    #: Which part of the section it belongs to: baseline, bottleneck, rework, contacts, scenario, quality …
    section: str
    #: A whole sentence in plain words, rounded to what the interval supports.
    statement: str
    value: float | None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    unit: str
    n: int
    method: str
    caveats: tuple[str, ...] = ()
    #: Path of the table that holds it, relative to the output folder.
    table: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The finding as in findings.json; NaN becomes null."""
        return {
            "id": self.id,
            "section": self.section,
            "statement": self.statement,
            "value": plain(self.value),
            "low": plain(self.low),
            "high": plain(self.high),
            "level": self.level,
            "unit": self.unit,
            "n": self.n,
            "method": self.method,
            "caveats": list(self.caveats),
            "table": self.table,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectFinding(Finding):
    """A finding about one thing: an activity, a loop, a state. Ranks move between runs; `subject` says of what."""

    subject: str

    def to_dict(self) -> dict[str, Any]:
        # the zero-argument super() does not work in slotted dataclasses before Python 3.12
        return {**Finding.to_dict(self), "subject": self.subject}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioFinding(Finding):
    """What a scenario would make of a measure; `value` with `low` and `high` is the to-be figure.

    The change is to-be minus baseline, taken draw by draw, so its interval is not the difference of two intervals.
    """

    scenario: str
    #: The same replay without the change.
    baseline: float
    change: float
    change_low: float
    change_high: float

    def to_dict(self) -> dict[str, Any]:
        return {
            **Finding.to_dict(self),
            "scenario": self.scenario,
            "baseline": plain(self.baseline),
            "change": {
                "value": plain(self.change),
                "low": plain(self.change_low),
                "high": plain(self.change_high),
            },
        }


def plain(value: float | None) -> float | int | None:
    """A float for JSON: NaN and infinities become null, whole numbers stay as they are."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a frame as named tuples, without its index."""
    return iter(frame.itertuples(index=False))


@dataclass(frozen=True, kw_only=True)
class Result:
    """Base of every result: one table, the n behind it, and what was left out and why."""

    #: The answer, one row a thing; units are in the column names.
    table: pd.DataFrame = field(repr=False)
    #: How many cases were used.
    n: int
    #: Cases left out, by reason; empty when none were.
    excluded: Mapping[str, int]
    #: What a reader must know to use the numbers rightly; goes onto the page.
    caveats: tuple[str, ...] = ()

    @property
    def cases(self) -> pd.DataFrame:
        """The rows behind the numbers, one a case (or as the result's docstring says). Never published."""
        raise NotImplementedError(f"{type(self).__name__} keeps no rows per case")

    def to_frame(self) -> pd.DataFrame:
        """A copy of `table`."""
        return self.table.copy()

    def to_dict(self) -> dict[str, Any]:
        """The table as records with n, what was excluded and the caveats; NaN becomes None."""
        records = [
            {str(k): plain(v) if isinstance(v, float) else v for k, v in row.items()}
            for row in self.table.to_dict(orient="records")
        ]
        return {
            "kind": type(self).__name__,
            "n": self.n,
            "excluded": dict(self.excluded),
            "caveats": list(self.caveats),
            "rows": records,
        }

    def chart(self) -> Chart:
        """What `plot` draws, as data."""
        raise NotImplementedError(f"{type(self).__name__} has no chart")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the result with matplotlib onto `ax`, or onto a new figure; returns the Axes."""
        from streamline.report.chart import draw

        return draw(self.chart(), ax=ax)

    def __repr__(self) -> str:
        left_out = ", ".join(f"{k}: {v:,}" for k, v in self.excluded.items() if v)
        head = f"<{type(self).__name__}: {len(self.table)} rows, n={self.n:,}" + (
            f", left out {left_out}>" if left_out else ">"
        )
        return head + "\n" + self.table.head(8).to_string(max_colwidth=40, float_format=lambda v: f"{v:.4g}")

    def _repr_html_(self) -> str:
        left_out = "; ".join(f"{html.escape(k)}: {v:,}" for k, v in self.excluded.items() if v)
        table = self.table.head(20).to_html(
            index=False, border=0, escape=True, float_format=lambda v: f"{v:,.4g}", na_rep="–"
        )
        more = f"<p>{len(self.table) - 20:,} more rows in <code>.table</code>.</p>" if len(self.table) > 20 else ""
        notes = "".join(f"<p>{html.escape(c)}</p>" for c in self.caveats)
        caption = f"{type(self).__name__}, n = {self.n:,} cases" + (f"; left out: {left_out}" if left_out else "")
        return f"<figure><figcaption>{caption}</figcaption>{table}{more}{notes}</figure>"
