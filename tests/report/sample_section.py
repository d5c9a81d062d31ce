"""A made-up section with every kind of block, and labels that try to break the page."""

from __future__ import annotations

import math

from streamline.figure import Bar, BarChart, FlowMap, Histogram, MapEdge, MapNode, Mark
from streamline.report.section import (
    Bullets,
    Caution,
    Column,
    Figure,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Part,
    Section,
    Table,
)

NAN = math.nan
#: Names that records can hold: markup, mathematics, Markdown, other scripts, one long, one without a space.
ODD_NAMES = (
    "<script>alert(1)</script>",
    "Fee & waiver <b>check</b>",
    "Fee of $5 to $10 ($x_1$)",
    "*starred* _under_ `tick` [x](javascript:alert(1)) | pipe",
    "_hidden",
    "مراجعة الطلب",
    "Issue permit 🏛️",
    "审批决定",
    "Technical review of the building plans by the structural engineering office of the district",
    "Step_named_by_a_machine_without_any_space_in_it_and_far_too_long_to_fit",
    "&lt;escaped&gt;",
    "line\nbreak\tand\x00control",
)

BARS = BarChart(
    title="Waiting time by step",
    axis="Mean wait before the step, days per case",
    bars=(
        Bar(label="Information received", value=12.34, low=11.1, high=13.9),
        Bar(label="Approve decision", value=4.51, low=4.0, high=5.1),
        *(Bar(label=name, value=2.6 / (i + 1)) for i, name in enumerate(ODD_NAMES)),
        Bar(label="Nobody waited", value=0.0),
        Bar(label="Starts not recorded", value=NAN, low=NAN, high=NAN),
    ),
    note="7,281 closed cases that arrived in 2025. Whiskers: 95% intervals.",
)
GROUPS = BarChart(
    title="Cycle time as it is and under each scenario",
    axis="Mean cycle time, days",
    bars=tuple(
        Bar(label=label, value=value, low=value - 0.6, high=value + 0.9, group=group)
        for label, to_be in (
            ("Complete at intake", 6.1),
            ("Notify at each step", 8.4),
            ("Both together", 5.9),
        )
        for group, value in (
            ("As it is (the same replay without the change)", 8.5),
            ("With the change", to_be),
        )
    ),
    note="200 draws. Whiskers: 95% intervals.",
)
CHANGES = BarChart(
    title="Change in contacts",
    axis="Change in contacts per case",
    bars=(
        Bar(label="Complete at intake", value=-0.42, low=-0.5, high=-0.3),
        Bar(label="Notify at each step", value=-0.08, low=-0.2, high=0.05),
        Bar(label="Portal", value=0.11, low=0.02, high=0.2),
    ),
)
HISTOGRAM = Histogram(
    title="Cycle times",
    axis="Days from arrival to decision",
    edges=tuple(float(x) for x in range(0, 65, 5)),
    counts=(10, 200, 900, 1500, 1200, 800, 500, 300, 200, 150, 90, 40),
    over=123,
    marks=(
        Mark(label="Median: 17 days", at=17),
        Mark(label="Service standard: 30 days", at=30),
        Mark(label="9 of 10 cases are done by day 52", at=52),
    ),
    note="7,281 closed cases.",
)

_NAMES = (
    ("Start", "start"),
    ("Application received", ""),
    ("Check that the file is complete", ""),
    ("Request information", ""),
    ("Information received", "external"),
    ("Assign an examiner", ""),
    (ODD_NAMES[8], ""),
    ("Site inspection", ""),
    ("Fee payment <b>&</b> receipt", "external"),
    ("Approve decision", ""),
    ("Issue decision", ""),
    ("Withdrawn", ""),
    ("End", "end"),
)


def _edge(source: int, target: int, n: int, mean_days: float, *, returns: bool = False) -> MapEdge:
    return MapEdge(source=source, target=target, n=n, n_cases=n, share=n / 7412, mean_days=mean_days, returns=returns)


MAP = FlowMap(
    title="The service as it runs",
    nodes=tuple(
        MapNode(
            label=label,
            n=7412 if kind in {"start", "end"} else 7412 - 300 * i + (800 if i == 2 else 0),
            waiting_days=NAN if kind in {"start", "end"} or i == 1 else 0.7 * i,
            share=1.0 if kind in {"start", "end"} else (7412 - 300 * i) / 7412,
            external=kind == "external",
            kind=kind if kind in {"start", "end"} else "activity",
        )
        for i, (label, kind) in enumerate(_NAMES)
    ),
    edges=(
        _edge(0, 1, 7412, NAN),
        _edge(1, 2, 7000, 0.2),
        _edge(2, 3, 2500, 1.5),
        _edge(3, 4, 2400, 14.2),
        _edge(4, 2, 2000, 3.1, returns=True),
        _edge(4, 5, 400, 1),
        _edge(2, 5, 4800, 0.8),
        _edge(5, 6, 5000, 2.2),
        _edge(6, 6, 300, 1.2, returns=True),
        _edge(6, 7, 3000, 6),
        _edge(7, 6, 400, 2, returns=True),
        _edge(6, 8, 2000, 0.04),
        _edge(7, 8, 2600, 1),
        _edge(8, 9, 4500, 0.001),
        _edge(9, 10, 4400, 4.4),
        _edge(9, 3, 100, 2.3, returns=True),
        _edge(10, 12, 4400, NAN),
        _edge(2, 11, 150, 9),
        _edge(11, 12, 150, NAN),
    ),
    note="Transitions that fewer than 2% of cases take are left off; the table holds them all.",
)

WAITS = Table(
    id="waits",
    caption="Where cases wait, by step. Mean days by the clock, closed cases that arrived in 2025.",
    columns=(
        Column(heading="Step waited for"),
        Column(heading="Share of all cycle time", numeric=True),
        Column(heading="Mean wait, days (95% interval)", numeric=True),
        Column(heading="Cases", numeric=True),
        Column(heading="What makes them wait"),
    ),
    rows=(
        ("Information received", "41%", "12.3 (11.1 to 13.9)", "2,400", "The applicant: outside the agency"),
        ("Approve decision", "18%", "4.5 (4.0 to 5.1)", "7,281", "Decisions are released on Fridays"),
        *(
            (name, "1%", "0.2 (0.1 to 0.3)", f"{40 + i}", "Staff busy with other cases")
            for i, name in enumerate(ODD_NAMES)
        ),
    ),
    note="Cells with fewer than 11 cases are not shown.",
    file="tables/waits.csv",
)
_MEASURES = (
    "Mean cycle time, days",
    "Change, days",
    "Contacts per case",
    "Change in contacts",
    "Staff hours per case",
    "Cost per year, USD",
)
SCENARIOS = Table(
    id="scenarios",
    caption="What each scenario would change.",
    columns=(Column(heading="Scenario"), *(Column(heading=m, numeric=True) for m in _MEASURES)),
    rows=(
        ("As it is", "8.5", "–", "1.42", "–", "5.1", "–"),
        (
            "Complete at intake",
            "6.1 (5.5 to 7.0)",
            "−2.4 (−3.0 to −1.5)",
            "1.00 (0.92 to 1.12)",
            "−0.42 (−0.50 to −0.30)",
            "4.6 (4.3 to 4.9)",
            "−310,000",
        ),
        (
            "Notify at each step",
            "8.4 (7.8 to 9.3)",
            "−0.1 (−0.7 to 0.8)",
            "1.34 (1.22 to 1.47)",
            "−0.08 (−0.20 to 0.05)",
            "5.1 (5.0 to 5.2)",
            "12,000",
        ),
    ),
    file="tables/scenarios.csv",
)
EMPTY = Table(
    id="none",
    caption="Ways back that end in a refusal.",
    columns=(Column(heading="Loop"), Column(heading="Cases", numeric=True)),
    rows=(),
)

_SUMMARY = (
    Paragraph(
        text="A permit takes 8.5 days on average from the day the application arrives. Six of those days are "
        "waiting. The largest wait is for information that was missing when the application came in, and "
        "cases in that loop draw three times as many calls."
    ),
    KeyFigures(
        items=(
            KeyFigure(value="8.5", unit="days", label="Mean cycle time", detail="95% interval 8.3 to 8.7"),
            KeyFigure(value="71%", unit="", label="Done within the standard of 30 days", detail="Goal: 90%"),
            KeyFigure(value="1.42", unit="contacts", label="Contacts per case", detail="6 of 10 on status"),
            KeyFigure(value="−2.4", unit="days", label="Largest change of any scenario"),
        )
    ),
    Bullets(
        items=(
            "Two in five days of the cycle are spent waiting for missing information.",
            "Decisions are released on Fridays only; releasing them daily would save 1.1 days.",
            "<script>alert('no')</script> is text here, and so is **this** & [that](javascript:alert(1)).",
        )
    ),
    Caution(
        text="The replay misses the 90th percentile of the held-out period by 14%, so figures about slow "
        "cases are rough."
    ),
)
_MAP = Figure(
    id="map",
    caption="Steps of a residential permit and the ways between them.",
    alt="Most cases run straight from application to decision; 2,500 of 7,412 are asked for information, and "
    "2,000 of these return to the check.",
    chart=MAP,
)
_TIMES = Figure(
    id="cycle-times",
    caption="Cycle times of closed cases.",
    alt="Most cases take 10 to 25 days; 123 take over 60.",
    chart=HISTOGRAM,
)
_WAITS = Figure(
    id="wait-bars",
    caption="Mean wait before each step.",
    alt="Information received 12.3 days; approve decision 4.5 days; all others under 3.",
    chart=BARS,
)
_SCENARIOS = Figure(
    id="scenario-bars",
    caption="Mean cycle time under each scenario.",
    alt="8.5 days as it is; 6.1, 8.4 and 5.9 days with the changes.",
    chart=GROUPS,
)
_CONTACTS = Figure(
    id="contact-bars",
    caption="Change in contacts per case.",
    alt="Down 0.42 and 0.08 with two scenarios, up 0.11 with the portal.",
    chart=CHANGES,
)


def sample_section() -> Section:
    """The section that the renderers' tests draw; `waits` names both a part and a table, on purpose."""
    back = Part(id="rework", title="Ways back", blocks=(EMPTY,))
    today = Part(
        id="baseline",
        title="How the service runs today",
        blocks=(Paragraph(text="The map shows each step and the ways between them."), _MAP),
        parts=(
            Part(id="cycle-time", title="Cycle time", blocks=(_TIMES,)),
            Part(id="waits", title="Where the time goes", blocks=(_WAITS, WAITS), parts=(back,)),
        ),
    )
    changes = Part(
        id="scenarios",
        title="What each change would do",
        blocks=(
            Paragraph(text="Each scenario replays the same cases with the change made."),
            _SCENARIOS,
            _CONTACTS,
            SCENARIOS,
        ),
    )
    return Section(
        title="How permits move, and what would make them move faster",
        agency="Department of Permits",
        service="Residential building permits",
        period="March 1, 2025 to December 31, 2025",
        parts=(Part(id="summary", title="Summary", blocks=_SUMMARY), today, changes),
        findings=(),
    )
