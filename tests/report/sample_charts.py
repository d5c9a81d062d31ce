"""Made-up charts of the kinds that a diagnosis draws, plain ones and ones that try to break the picture."""

from __future__ import annotations

import math
import random

from streamline.figure import (
    BarColumn,
    BarTable,
    Chart,
    Curve,
    Heat,
    Level,
    Line,
    LineChart,
    Mark,
    Point,
    PointChart,
    Spectrum,
    Stack,
    StackedBars,
    StepCurves,
    Swing,
    TimeMark,
    Tornado,
)

NAN = math.nan
HOUR, DAY = 3_600_000_000, 86_400_000_000
#: 6 January 2025, midnight UTC.
START = 1_736_121_600_000_000
ODD_NAMES = (
    "<script>alert(1)</script> & $x_1$",
    "مراجعة الطلب",
    "Issue permit 🏛️ 审批决定",
    "Technical review of the building plans by the structural engineering office of the district",
    "Step_named_by_a_machine_without_any_space_in_it_and_far_too_long_to_fit",
    "line\nbreak\tand\x00control",
)
_RANDOM = random.Random(7)

STACKS = StackedBars(
    title="Most waiting before Technical review is for a free examiner",
    axis="Hours of waiting per case, by the step awaited",
    groups=("external", "batching", "unavailability", "contention", "prioritisation", "extraneous"),
    stacks=(
        Stack(label="Information received", values=(210.4, 0.0, 0.0, 0.0, 0.0, 0.0)),
        Stack(label="Technical review", values=(0.0, 0.0, 38.2, 71.5, 4.4, 12.0)),
        Stack(label="Approve decision", values=(0.0, 66.1, 20.0, 3.0, 0.8, 4.0)),
        Stack(label="Intake check", values=(0.0, 0.0, 9.5, 6.1, 0.2, 3.3)),
        Stack(label="Issue decision", values=(0.0, 0.0, 1.5, 0.1, 0.02, 0.3)),
    ),
    note="n = 7,281 closed cases that arrived in 2025.",
)
QUEUE = LineChart(
    title="The queue before Technical review doubled in June",
    axis="Cases waiting before Technical review",
    lines=(
        Line(
            label="Technical review",
            at=tuple(START + i * 6 * HOUR for i in range(1200)),
            values=tuple(
                max(0.0, 20 + (22 if i > 600 else 0) + 8 * math.sin(i / 2) + _RANDOM.gauss(0, 4)) for i in range(1200)
            ),
            holds=True,
        ),
    ),
    marks=(TimeMark(label="Level shift: from 20 to 42 cases", at=START + 600 * 6 * HOUR),),
    levels=(
        Level(label="Mean between level shifts", value=20.1, end=START + 600 * 6 * HOUR),
        Level(label="Mean between level shifts", value=42.2, start=START + 600 * 6 * HOUR),
    ),
    timezone="America/New_York",
    note="n = 7,281 closed cases.",
)
ATTAINMENT = LineChart(
    title="Fewer cases by mail are decided within the standard than cases online",
    axis="Cases decided within 30 days of arrival, percent",
    lines=tuple(
        Line(
            label=label,
            at=tuple(START + i * 30 * DAY for i in range(12)),
            values=tuple(NAN if i == gap else base + 5 * math.sin(i + base) for i in range(12)),
            low=tuple(NAN if i == gap else base - 8 + 5 * math.sin(i + base) for i in range(12)),
            high=tuple(NAN if i == gap else min(base + 7 + 5 * math.sin(i + base), 100) for i in range(12)),
        )
        for label, base, gap in (("online", 88.0, -1), ("by mail", 61.0, 5), ("in person", 75.0, 1))
    ),
    levels=(Level(label="Target: 90%", value=90.0),),
    marks=(TimeMark(label="New form", at=START + 200 * DAY),),
    timezone="America/New_York",
    top=100.0,
    note="n = 7,281 closed and 131 open cases. Bands: 95% intervals.",
)


def _survival(rate: float, n: int) -> Curve:
    at = [0.0, *(float(i) for i in range(1, n))]
    values = [math.exp(-rate * t) for t in at]
    return Curve(
        label=f"cases at a rate of {rate}",
        at=tuple(at),
        values=tuple(values),
        low=tuple(max(v - 0.03 * (1 + t / 20), 0.0) for t, v in zip(at, values, strict=True)),
        high=tuple(min(v + 0.03 * (1 + t / 20), 1.0) for t, v in zip(at, values, strict=True)),
        at_risk=tuple((float(t), round(4000 * math.exp(-rate * t))) for t in range(0, n, 10)),
    )


CURVES = StepCurves(
    title="Half of the cases online are decided within 9 days, by mail within 17",
    axis="Days since arrival",
    value_axis="Share of cases still open",
    curves=(_survival(0.077, 60), _survival(0.041, 60)),
    marks=(Mark(label="Standard: 30 days", at=30.0), Mark(label="Median", at=9.0)),
    note="n = 7,412 cases, of which 131 are open. Bands: 95% intervals.",
)


def spectrum(n: int) -> Spectrum:
    begin, end, class_of = [], [], []
    for i in range(n):
        left = START + int(i * 90 * DAY / n) + int(_RANDOM.random() * 8 * HOUR)
        thursday = (left - START) // (7 * DAY) * 7 * DAY + 3 * DAY + 13 * HOUR + START
        reached = thursday if thursday > left else thursday + 7 * DAY
        begin.append(left)
        end.append(reached)
        class_of.append(min(int((reached - left) / (1.75 * DAY)), 3))
    return Spectrum(
        title="Decisions are released together on Thursdays",
        above="Technical review completed",
        below="Approve decision started",
        classes=("up to 1.8 days", "1.8 to 3.5 days", "3.5 to 5.2 days", "over 5.2 days"),
        begin=tuple(begin),
        end=tuple(end),
        class_of=tuple(class_of),
        timezone="America/New_York",
        note=f"n = {n:,} times from one to the other.",
    )


SPECTRUM = spectrum(260)
MANY_LINES = spectrum(23_456)
TABLE = BarTable(
    title="Reviews that return to intake cost 2.1 days per case",
    heading="Loop",
    labels=("Technical review back to Intake check", "Request information", "Site inspection again"),
    columns=(
        BarColumn(heading="Occurrences per year", values=(812.0, 1503.0, 96.0)),
        BarColumn(heading="Days per case", values=(2.1, 1.4, 0.06), low=(1.9, 1.3, 0.03), high=(2.3, 1.5, 0.1)),
        BarColumn(heading="Share of cases (%)", values=(11.0, 18.5, 1.2), full=100.0),
        BarColumn(heading="Staff hours per year", values=(640.0, 2210.0, NAN)),
    ),
    note="n = 7,281 closed cases.",
)
HEAT = Heat(
    title="Cases arrive on weekday mornings",
    axis="Arrivals per hour of the week, mean over 52 weeks",
    rows=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    columns=tuple(f"{hour:02d}" for hour in range(24)),
    column_axis="Hour of the day, America/New_York",
    values=tuple(
        tuple(max(0.0, 9 * math.exp(-((hour - 10) ** 2) / 9) * (1 if day < 5 else 0.05)) for hour in range(24))
        for day in range(7)
    ),
    note="n = 7,412 cases.",
)
TORNADO = Tornado(
    title="What the estimate of “Complete from the start” hangs on most",
    axis="Change (days)",
    at=-3.1,
    swings=(
        Swing(label="Prevent 50% of returns through Request information", low=-2.2, high=-3.9, low_label="35%", high_label="60%"),
        Swing(label="Which cases come and what happens to them", low=-3.8, high=-2.4, low_label="low end", high_label="high end"),
        Swing(label="Number of cases", low=-3.05, high=-3.2, low_label="10% fewer", high_label="10% more"),
    ),
    note="20 draws; one thing moved at a time.",
)  # fmt: skip
_SETS = (
    "Complete from the start",
    "Decide every working day",
    "Guided eligibility review",
    "Wage records and automatic notices",
)
POINTS = PointChart(
    title="Mean cycle time saved, against what it costs",
    x_axis="Cost (USD, present value over 5 years)",
    y_axis="Days saved a case (elapsed)",
    points=tuple(
        Point(label=" + ".join(_SETS[:k + 1]) if k > 3 else _SETS[k], x=x, y=y, y_low=0.8 * y, y_high=1.2 * y,
              group="nothing cheaper saves as much" if k % 2 else "something cheaper saves as much")
        for k, (x, y) in enumerate(((291_000, 2.7), (42_500, 5.3), (178_000, 0.5), (449_000, 1.9), (960_000, 8.6)))
    ),
    note="200 draws; bars: 95% interval",
)  # fmt: skip

DIAGNOSIS: dict[str, Chart] = {
    "stacks": STACKS,
    "queue": QUEUE,
    "attainment": ATTAINMENT,
    "curves": CURVES,
    "spectrum": SPECTRUM,
    "many-lines": MANY_LINES,
    "table": TABLE,
    "heat": HEAT,
    "tornado": TORNADO,
    "points": POINTS,
}

#: The longest and oddest that a log may hold, and numbers at both ends of what is measured.
ODD: dict[str, Chart] = {
    "odd stacks": StackedBars(
        title=" ".join(ODD_NAMES),
        axis="Hours of waiting " + ODD_NAMES[3],
        groups=(*ODD_NAMES, "seventh", "eighth"),
        stacks=tuple(
            Stack(label=name, values=tuple(NAN if i == j else (i + 1) * 10.0**j for j in range(8)))
            for i, name in enumerate(ODD_NAMES)
        ),
    ),
    "odd tornado": Tornado(
        title=" ".join(ODD_NAMES),
        axis="Change " + ODD_NAMES[3],
        at=1e-9,
        swings=tuple(
            Swing(label=name, low=-(10.0**k), high=10.0 ** (k - 2), low_label=ODD_NAMES[0], high_label=ODD_NAMES[1])
            for k, name in enumerate(ODD_NAMES)
        ),
    ),
    "many swings": Tornado(
        title="t",
        axis="days",
        at=0.0,
        swings=tuple(Swing(label=f"thing {k}", low=-60.0 + k, high=70.0 - k) for k in range(60)),
    ),
    "unknown swing": Tornado(title="t", axis="days", at=NAN, swings=(Swing(label="x", low=NAN, high=1.0),)),
    "same ends": Tornado(title="t", axis="days", at=2.0, swings=(Swing(label="x", low=2.0, high=2.0),)),
    "no swings": Tornado(title="t", axis="days", at=0.0, swings=()),
    "odd points": PointChart(
        title=" ".join(ODD_NAMES),
        x_axis="Cost " + ODD_NAMES[3],
        y_axis="Saved " + ODD_NAMES[3],
        points=tuple(
            Point(
                label=name,
                x=10.0 ** (3 * k),
                y=(-1.0) ** k * 10.0**k,
                y_low=NAN if k == 2 else -(10.0**k),
                y_high=10.0**k,
                group=name,
            )
            for k, name in enumerate(ODD_NAMES)
        ),
    ),
    "points at one place": PointChart(
        title="t", x_axis="USD", y_axis="days", points=tuple(Point(label=f"set {k}", x=5.0, y=1.0) for k in range(9))
    ),
    "many points": PointChart(
        title="t",
        x_axis="USD",
        y_axis="days",
        points=tuple(Point(label=f"set {k}", x=float(k), y=1.0 / (k + 1)) for k in range(60)),
    ),
    "unknown point": PointChart(title="t", x_axis="USD", y_axis="days", points=(Point(label="x", x=NAN, y=1.0),)),
    "a point at nothing": PointChart(title="t", x_axis="USD", y_axis="days", points=(Point(label="x", x=0.0, y=0.0),)),
    "no point": PointChart(title="t", x_axis="USD", y_axis="days", points=()),
    "unknown stack": StackedBars(
        title="t", axis="days", groups=("a", "b"), stacks=(Stack(label="x", values=(NAN, NAN)),)
    ),
    "zero stack": StackedBars(title="t", axis="days", groups=("a",), stacks=(Stack(label="x", values=(0.0,)),)),
    "no stacks": StackedBars(title="t", axis="days", groups=("a", "b"), stacks=()),
    "odd lines": LineChart(
        title=" ".join(ODD_NAMES),
        axis="Cases " + ODD_NAMES[3],
        lines=tuple(
            Line(
                label=name,
                at=tuple(START + j * DAY * 10**i // 7 for j in range(5)),
                values=tuple(NAN if j == 2 or i == 4 else 10.0 ** (i - 3) * (j + 1) for j in range(5)),
            )
            for i, name in enumerate(ODD_NAMES)
        ),
        marks=tuple(TimeMark(label=name, at=START + i * 3000 * DAY) for i, name in enumerate(ODD_NAMES)),
        levels=tuple(Level(label=name, value=float(i)) for i, name in enumerate(ODD_NAMES)),
    ),
    "one point": LineChart(title="t", axis="cases", lines=(Line(label="x", at=(START,), values=(3.0,)),)),
    "one hour": LineChart(
        title="t", axis="cases", lines=(Line(label="x", at=(START, START + HOUR), values=(1e9, 2e9), holds=True),)
    ),
    "no points": LineChart(title="t", axis="cases", lines=(Line(label="x", at=(), values=()),)),
    "no lines": LineChart(title="t", axis="cases", lines=()),
    "tiny line": LineChart(
        title="t", axis="cases", lines=(Line(label="x", at=(START, START + DAY), values=(1e-9, 3e-9)),)
    ),
    "negative line": LineChart(
        title="t", axis="change", lines=(Line(label="x", at=(START, START + DAY), values=(-5.0, 2.0)),)
    ),
    "infinite line": LineChart(
        title="t", axis="cases", lines=(Line(label="x", at=(START, START + DAY), values=(math.inf, 2.0)),)
    ),
    "odd curves": StepCurves(
        title=" ".join(ODD_NAMES),
        axis="Days since " + ODD_NAMES[3],
        value_axis="Share " + ODD_NAMES[3],
        curves=tuple(
            Curve(
                label=name,
                at=(0.0, 1e-3, 10.0**i),
                values=(1.0, 0.5, NAN if i == 2 else 0.0),
                low=(1.0, NAN, 0.0),
                high=(1.0, NAN, 0.3),
                at_risk=((0.0, 1_234_567), (1e-3, 12), (10.0**i, 0)),
            )
            for i, name in enumerate(ODD_NAMES)
        ),
        marks=tuple(Mark(label=name, at=NAN if i == 1 else 10.0**i) for i, name in enumerate(ODD_NAMES)),
    ),
    "curve of a point": StepCurves(
        title="t", axis="days", value_axis="share", curves=(Curve(label="x", at=(0.0,), values=(1.0,)),)
    ),
    "no curve": StepCurves(title="t", axis="days", value_axis="share", curves=()),
    "empty curve": StepCurves(title="t", axis="days", value_axis="s", curves=(Curve(label="x", at=(), values=()),)),
    "odd spectrum": Spectrum(
        title=" ".join(ODD_NAMES),
        above=ODD_NAMES[3],
        below=ODD_NAMES[4],
        classes=ODD_NAMES,
        begin=tuple(START + i for i in range(6)),
        end=tuple(START + i + 10**i * HOUR for i in range(6)),
        class_of=tuple(range(6)),
    ),
    "no spectrum": Spectrum(title="t", above="a", below="b", classes=("x",), begin=(), end=(), class_of=()),
    "instant": Spectrum(title="t", above="a", below="b", classes=("x",), begin=(START,), end=(START,), class_of=(0,)),
    "odd table": BarTable(
        title=" ".join(ODD_NAMES),
        heading=ODD_NAMES[3],
        labels=ODD_NAMES,
        columns=tuple(
            BarColumn(
                heading=name,
                values=(1e9, -3.5, NAN, 1e-9, 0.0, math.inf),
                low=(9e8, -4.0, NAN, NAN, 0.0, NAN),
                high=(2e9, -3.0, NAN, NAN, 0.0, NAN),
                bars=i != 1,
            )
            for i, name in enumerate(ODD_NAMES[:4])
        ),
    ),
    "one cell": BarTable(title="t", heading="loop", labels=("x",), columns=(BarColumn(heading="n", values=(3.0,)),)),
    "no rows": BarTable(title="t", heading="loop", labels=(), columns=(BarColumn(heading="n", values=()),)),
    "no columns": BarTable(title="t", heading="loop", labels=("x",), columns=()),
    "odd heat": Heat(
        title=" ".join(ODD_NAMES),
        axis="Arrivals " + ODD_NAMES[3],
        rows=ODD_NAMES,
        columns=ODD_NAMES,
        column_axis=ODD_NAMES[3],
        values=tuple(tuple(NAN if i == j else 10.0 ** (i - j) for j in range(6)) for i in range(6)),
    ),
    "flat heat": Heat(title="t", axis="cases", rows=("a",), columns=("x", "y"), values=((2.0, 2.0),)),
    "zero heat": Heat(title="t", axis="cases", rows=("a",), columns=("x", "y"), values=((0.0, NAN),)),
    "no heat": Heat(title="t", axis="cases", rows=(), columns=(), values=()),
    "unknown heat": Heat(title="t", axis="cases", rows=("a",), columns=("x",), values=((NAN,),)),
}
