"""What comes out of the library: estimates, findings, and the base of every result."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from streamline.showing import left_out, notes_html, table_html, titled
from streamline.units import counted, significant

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from streamline.figure import Chart


def _shown(value: float) -> str:
    return significant(value, digits=4) if math.isfinite(value) else str(value)


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
        value, low, high = (None if v is None else _shown(v) for v in (self.value, self.low, self.high))
        interval = "" if low is None or high is None else f" ({low} to {high})"
        return f"{value}{interval} {self.unit}, n={self.n}"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The period of the records behind a result: its first and last day (ISO dates) in a zone."""

    first: str
    last: str
    timezone: str

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


#: Where a result keeps what knows the period of the records: a log, what holds one, or a result that this one rests on.
_HOLDERS = ("_log", "log", "links", "life", "_paths", "_attendance", "_rework", "together")


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
    #: The period of the records behind the numbers: first arrival to last completion. None where it isn't known.
    recorded: Window | None = field(default=None, repr=False)
    #: What `n` counts.
    _n_counts: ClassVar[str] = "case"

    def __post_init__(self) -> None:
        if self.recorded is None:
            held = (getattr(self, name, None) for name in _HOLDERS)
            found = (w for h in held if (w := getattr(h, "recorded", None)) is not None)
            object.__setattr__(self, "recorded", next(found, None))

    @property
    def cases(self) -> pd.DataFrame:
        """The rows behind the numbers, one a case (or as the result's docstring says). Never published."""
        raise NotImplementedError(f"{type(self).__name__} keeps no rows per case")

    def to_frame(self) -> pd.DataFrame:
        """A copy of `table`."""
        return self.table.copy()

    def to_dict(self) -> dict[str, Any]:
        """The table as records with n, the window, what was excluded and the caveats; NaN becomes None."""
        records = [
            {str(k): plain(v) if isinstance(v, float) else v for k, v in row.items()}
            for row in self.table.to_dict(orient="records")
        ]
        window = self.recorded
        return {
            "kind": type(self).__name__,
            "n": self.n,
            "window": None if window is None else [window.first, window.last],
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

    def _rests_on(self) -> str:
        """n, the window and what was left out, in words."""
        window = self.recorded
        parts = [
            f"n = {counted(self.n, self._n_counts)}",
            f"records from {window}" if window else "",
            left_out(self.excluded),
        ]
        return "; ".join(part for part in parts if part)

    def __dir__(self) -> list[str]:
        """What can be asked of the result: its public names, without what this kind can't answer."""
        kind = type(self)
        absent = {"cases"} if kind.cases is Result.cases else set()
        absent |= {"chart", "plot"} if kind.chart is Result.chart else set()
        fields = vars(self).keys() if hasattr(self, "__dict__") else ()
        return sorted({*dir(kind), *fields} - absent)

    def __repr__(self) -> str:
        out = left_out(self.excluded)
        window = f", {self.recorded}" if self.recorded else ""
        head = f"<{type(self).__name__}: {counted(len(self.table), 'row')}, n={self.n:,}{window}"
        return head + (f", {out}>" if out else ">")

    def __str__(self) -> str:
        """The line of `repr`, and the first rows."""
        return repr(self) + "\n" + self.table.head(8).to_string(max_colwidth=40, float_format=_shown)

    def _repr_html_(self) -> str:
        caption = f"{titled(type(self).__name__)}: {self._rests_on()}"
        return f"<div>{table_html(self.table, caption=caption)}{notes_html(self.caveats)}</div>"
