"""Charts as data: what a chart shows, without drawing it.

A measure describes its chart with one of these; `report.chart` draws it. They are tested without drawing, and the
text alternative of a picture is built from the same numbers as the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamline.figure_checks import aligned, ascending, banded


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its label, its length, and the interval when there is one."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    #: Bars of one group share a colour and a legend entry; empty for a chart of one group.
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """Horizontal bars, longest first as given; whiskers where a bar has an interval."""

    title: str
    axis: str
    bars: tuple[Bar, ...]
    #: Written under the chart: n, period, what the whiskers are.
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A vertical line in a histogram, with its label."""

    label: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Counts between edges: `len(edges) == len(counts) + 1`; `over` cases lie beyond the last edge."""

    title: str
    axis: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    over: int = 0
    marks: tuple[Mark, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapNode:
    """One activity on the map. `waiting_days` is the mean wait before it, NaN when starts aren't recorded."""

    label: str
    n: int
    waiting_days: float
    #: Share of the cases that have this step, 0 to 1.
    share: float
    external: bool = False
    #: "start" and "end" mark the two markers that are no activities.
    kind: str = "activity"


@dataclass(frozen=True, slots=True, kw_only=True)
class MapEdge:
    """One transition on the map, from and to by the nodes' place in the list."""

    source: int
    target: int
    n: int
    n_cases: int
    share: float
    mean_days: float
    #: The edge leads back to a step that the case had already reached.
    returns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowMap:
    """A process map: nodes, edges, and what was left off."""

    title: str
    nodes: tuple[MapNode, ...]
    edges: tuple[MapEdge, ...]
    note: str = ""
    #: Groups of fewer cases than this may not be told by subtraction: boxes then show rounded shares and no counts.
    minimum_cell: int = 1
    #: Places of the edges whose count isn't shown.
    untold: frozenset[int] = frozenset()

    def nearly_all(self, share: float) -> bool:
        """Whether all but a few cases, too few to be told of, have a step with this share."""
        left = round((1 - share) * self.n_cases) if share >= 0 else 0
        return 0 < left < self.minimum_cell

    @property
    def n_cases(self) -> int:
        """Cases that start; 0 where the map has no start marker."""
        return sum(node.n for node in self.nodes if node.kind == "start")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One bar of a stack: its label, and a length for each group of the chart, in the groups' order.

    A length is 0 where the group has nothing here, NaN where it isn't known; none is negative.
    """

    label: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedBars:
    """Horizontal bars, each split among up to eight groups; the total is printed behind each bar.

    >>> chart = StackedBars(
    ...     title="Most waiting before Technical review is for a free examiner",
    ...     axis="Hours of waiting per case, by the step awaited",
    ...     groups=("external", "contention"),
    ...     stacks=(Stack(label="Technical review", values=(0.0, 41.5)), Stack(label="Issue", values=(1.2, 0.4))),
    ...     note="n = 7,281 closed cases that arrived in 2025.",
    ... )

    Raises ValueError for more than eight groups, for a stack with more or fewer values than groups, or with a
    negative value.
    """

    title: str
    axis: str
    groups: tuple[str, ...]
    stacks: tuple[Stack, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if len(self.groups) > 8:
            raise ValueError(
                f"stacked bars {self.title!r} have {len(self.groups)} groups; a reader can tell at most 8 apart: "
                "pool the smallest as 'other'"
            )
        for stack in self.stacks:
            aligned(f"stack {stack.label!r}", groups=self.groups, values=stack.values)
            if any(v < 0 for v in stack.values):
                raise ValueError(f"stack {stack.label!r} has a negative length: {min(stack.values):g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A quantity over time: `values[i]` is its value at `at[i]`, in µs since 1970 UTC, ascending; NaN is a gap.

    With `holds`, a value stays until the next instant (a queue); else the points are joined (a monthly share).
    `low` and `high` bound a band around it and are as long as `values`, or empty.
    """

    label: str
    at: tuple[int, ...]
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    holds: bool = False
    #: What a gap is called in words.
    gap: str = "not known"

    def __post_init__(self) -> None:
        aligned(f"line {self.label!r}", at=self.at, values=self.values)
        banded(f"line {self.label!r}", values=self.values, low=self.low, high=self.high)
        ascending(f"line {self.label!r}", self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeMark:
    """A vertical line at an instant, in µs since 1970 UTC, with its label."""

    label: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A horizontal line at a value, such as a target or the mean between two shifts, with its label.

    It runs from `start` to `end` (µs since 1970 UTC), or over the whole width where these are None.
    """

    label: str
    value: float
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChart:
    """Quantities over time; the value axis starts at 0 and ends at `top` if that is given (100 for percentages).

    >>> day = 86_400_000_000
    >>> chart = LineChart(
    ...     title="The queue before Technical review doubled in March",
    ...     axis="Cases waiting",
    ...     lines=(Line(label="Technical review", at=(0, day, 2 * day), values=(4.0, 9.0, 8.0), holds=True),),
    ...     marks=(TimeMark(label="Level shift: 4 to 8.5", at=day),),
    ...     timezone="America/New_York",
    ...     note="n = 7,281 closed cases.",
    ... )
    """

    title: str
    axis: str
    lines: tuple[Line, ...]
    marks: tuple[TimeMark, ...] = ()
    levels: tuple[Level, ...] = ()
    #: The zone whose dates are written under the axis.
    timezone: str = "UTC"
    top: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A step curve: `values[i]`, a share from 0 to 1, holds from `at[i]` until `at[i + 1]`.

    `at[0]` is where the curve begins (0 for a survival curve, with the value 1). `low` and `high` bound its band and
    are as long as `values`, or empty; NaN where there is no bound. `at_risk` holds pairs (time, number of cases
    followed as far as that), as many as there are: about eight of them, well apart, are printed under the axis.
    """

    label: str
    at: tuple[float, ...]
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    at_risk: tuple[tuple[float, int], ...] = ()

    def __post_init__(self) -> None:
        aligned(f"curve {self.label!r}", at=self.at, values=self.values)
        banded(f"curve {self.label!r}", values=self.values, low=self.low, high=self.high)
        ascending(f"curve {self.label!r}", self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCurves:
    """Survival or cumulative incidence curves; `axis` is the time with its unit, `value_axis` what the share is of.

    >>> chart = StepCurves(
    ...     title="Half of the cases are decided within 9 days",
    ...     axis="Days since arrival",
    ...     value_axis="Share of cases still open",
    ...     curves=(Curve(label="all cases", at=(0.0, 4.0, 9.0), values=(1.0, 0.8, 0.5)),),
    ...     marks=(Mark(label="Standard: 30 days", at=30.0),),
    ...     note="n = 7,412 cases, of which 131 are open. Bands: 95% intervals.",
    ... )
    """

    title: str
    axis: str
    value_axis: str
    curves: tuple[Curve, ...]
    marks: tuple[Mark, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """Performance spectrum of a segment: a line for each case from when it left one step to when it reached another.

    Steep lines are fast cases; crossing lines overtook each other; lines that end together were released together.
    Line i runs from `begin[i]` to `end[i]`, in µs since 1970 UTC, and belongs to class `class_of[i]`, an index into
    `classes`, the classes by duration in words, the fastest first. All occurrences are given; where they are too many
    or too steep to be told apart, the drawing shows a stretch of the time and says which.

    >>> hour = 3_600_000_000
    >>> chart = Spectrum(
    ...     title="Decisions are released together on Thursdays",
    ...     above="Technical review",
    ...     below="Approve decision",
    ...     classes=("up to 20 hours", "over 20 hours"),
    ...     begin=(0, 10 * hour),
    ...     end=(30 * hour, 30 * hour),
    ...     class_of=(1, 0),
    ... )
    """

    title: str
    #: What the upper and the lower edge stand for: the step left, the step reached.
    above: str
    below: str
    classes: tuple[str, ...]
    begin: tuple[int, ...]
    end: tuple[int, ...]
    class_of: tuple[int, ...]
    timezone: str = "UTC"
    note: str = ""

    def __post_init__(self) -> None:
        aligned(f"spectrum {self.title!r}", begin=self.begin, end=self.end, class_of=self.class_of)
        if len(self.classes) > 8:
            raise ValueError(f"spectrum {self.title!r} has {len(self.classes)} classes; at most 8 can be told apart")
        if self.class_of and not 0 <= min(self.class_of) <= max(self.class_of) < len(self.classes):
            raise ValueError(f"spectrum {self.title!r}: `class_of` has numbers that no class has")


@dataclass(frozen=True, slots=True, kw_only=True)
class BarColumn:
    """A column of numbers with a small bar in each cell; its heading says what and in which unit.

    The bars of a column share a scale that ends at its largest value, or at `full` (100 for percentages). `low` and
    `high` are the intervals, as long as `values`, or empty; NaN where a cell has none. Without `bars` the numbers
    stand alone, with their intervals in brackets.
    """

    heading: str
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    full: float | None = None
    bars: bool = True

    def __post_init__(self) -> None:
        banded(f"column {self.heading!r}", values=self.values, low=self.low, high=self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarTable:
    """A table of one label and several numbers a row, each number with a small bar beside it.

    >>> chart = BarTable(
    ...     title="Reviews that return to intake cost 2.1 days per case",
    ...     heading="Loop",
    ...     labels=("Technical review back to Intake check", "Request information"),
    ...     columns=(
    ...         BarColumn(heading="Occurrences", values=(812.0, 1503.0)),
    ...         BarColumn(heading="Days per case", values=(2.1, 1.4), low=(1.9, 1.3), high=(2.3, 1.5)),
    ...         BarColumn(heading="Share of cases (%)", values=(11.0, 18.5), full=100.0),
    ...     ),
    ...     note="n = 7,281 closed cases.",
    ... )
    """

    title: str
    #: What the labels are.
    heading: str
    labels: tuple[str, ...]
    columns: tuple[BarColumn, ...]
    note: str = ""

    def __post_init__(self) -> None:
        for column in self.columns:
            aligned(f"column {column.heading!r}", labels=self.labels, values=column.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """A grid of shaded cells: `values[i][j]` in row i and column j, NaN where there is nothing to measure.

    >>> chart = Heat(
    ...     title="Cases arrive on weekday mornings",
    ...     axis="Arrivals per week",
    ...     rows=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    ...     columns=tuple(f"{hour:02d}" for hour in range(24)),
    ...     column_axis="Hour of the day, America/New_York",
    ...     values=((0.0,) * 24,) * 7,
    ...     note="n = 7,412 cases.",
    ... )
    """

    title: str
    #: What a shade stands for, with its unit.
    axis: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    column_axis: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        aligned(f"grid {self.title!r}", rows=self.rows, values=self.values)
        for label, row in zip(self.rows, self.values, strict=True):
            aligned(f"row {label!r}", columns=self.columns, values=row)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNode:
    """A step or gateway of a process model: what is written in it, its kind, its centre and size in the picture's units."""

    #: "step", "exclusive" (one way of several), "parallel" (all of several), "start" or "end".
    kind: str
    label: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPicture:
    """A process model with its places: nodes, and lines of points that end in arrows; y runs down.

    `words` says the same without a picture.
    """

    title: str
    nodes: tuple[ModelNode, ...]
    lines: tuple[tuple[tuple[float, float], ...], ...]
    width: float
    height: float
    words: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point with its label, and the interval of its height when there is one."""

    label: str
    x: float
    y: float
    y_low: float | None = None
    y_high: float | None = None
    #: Points of one group share a colour, a shape and a legend entry; empty for a chart of one group.
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointChart:
    """One quantity against another, each point with its label; both axes hold 0.

    >>> chart = PointChart(
    ...     title="Mean cycle time saved, against what it costs",
    ...     x_axis="Cost (USD, in the first year)",
    ...     y_axis="Days saved a case (elapsed)",
    ...     points=(
    ...         Point(label="Complete at intake", x=280_000.0, y=1.6, y_low=1.4, y_high=1.8),
    ...         Point(label="Two more examiners", x=190_000.0, y=0.2, y_low=0.1, y_high=0.3),
    ...     ),
    ...     note="200 draws; bars: 95% interval",
    ... )
    """

    title: str
    x_axis: str
    y_axis: str
    points: tuple[Point, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """A bar of a tornado: where the result stands at the low and at the high end of one thing, which the labels name."""

    label: str
    low: float
    high: float
    low_label: str = ""
    high_label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tornado:
    """Horizontal bars on both sides of a likely value `at`, the widest first as given.

    >>> chart = Tornado(
    ...     title="What the estimate of “Complete at intake” hangs on most",
    ...     axis="Change (days)",
    ...     at=-1.6,
    ...     swings=(Swing(label="Prevent 50% of the returns", low=-1.1, high=-1.9, low_label="35%", high_label="60%"),),
    ... )
    """

    title: str
    axis: str
    at: float
    swings: tuple[Swing, ...]
    note: str = ""


Chart = (
    BarChart | Histogram | FlowMap | StackedBars | LineChart | StepCurves | Spectrum | BarTable | Heat | ModelPicture
    | PointChart | Tornado
)  # fmt: skip
