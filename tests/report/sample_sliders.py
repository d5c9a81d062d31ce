"""A made-up benefits table with sliders, beside a plain table that sorts and a map that zooms."""

from __future__ import annotations

from sample_section import MAP, ODD_NAMES

from streamline.report.section import AtStop, Cell, Column, Figure, Part, Section, Slider, Stop, Table

ROWS = (
    ("Complete at intake", "Mean cycle time", "days", "21", "17", "2027-07", "14 to 18", "pilot, two offices"),
    ("Complete at intake", "Contacts per case", "contacts", "1.42", "1.00", "2027-07", "0.92 to 1.12", "as above"),
    (ODD_NAMES[0], "Mean cycle time", "days", "21", "20", "not set", "19 to 21", "none given"),
    ("Friday releases", "Mean cycle time", "days", "21.0", "20.1", "2027-01", "19.8 to 20.5", "memo"),
)
#: The target's finding at each stop: (row, percent) -> value, low, high, and cells of baseline, target and interval.
FOUND = {
    (0, 50): ((19.0125, 17.25, 20.0), ("21.0", "19.0", "17.2 to 20.0")),
    (1, 50): ((1.2, 1.1, 1.3), ("1.42", "1.20", "1.10 to 1.30")),
    (0, 100): ((17.0625, 14.5, 18.25), ("21", "17", "14 to 18")),
    (1, 100): ((1.003, 0.921, 1.118), ("1.42", "1.00", "0.92 to 1.12")),
    (2, 25): ((20.75, 20.5, 21.0), ("21.0", "20.8", "20.5 to 21.0")),
    (2, 50): ((20.5, 20.0, 21.0), ("21.0", "20.5", "20.0 to 21.0")),
    (2, 100): ((20.0, 19.0, 21.0), ("21", "20", "19 to 21")),
}


def _stop(percent: int, rows: tuple[int, ...], slug: str) -> Stop:
    at = "" if percent == 100 else f"at_{percent}."
    shown = []
    for row in rows:
        (value, low, high), (baseline, target, span) = FOUND[row, percent]
        name, measure, unit, _, _, date, _, _ = ROWS[row]
        shown.append(
            AtStop(row=row, cells=(name, measure, unit, baseline, target, date, span),
                   finding=f"scenario.{slug}.{at}measure_{row}", value=value, low=low, high=high)
        )  # fmt: skip
    return Stop(
        percent=percent, changes=f"Prevent {percent}% of </script><b>returns</b>", says=f"saves {percent}% & more.",
        shown=tuple(shown),
    )  # fmt: skip


BENEFITS = Table(
    id="benefits",
    caption="Intended benefits.",
    columns=(
        Column(heading="Proposal"), Column(heading="Measure"), Column(heading="Unit"), Column(heading="Baseline", numeric=True),
        Column(heading="Target", numeric=True), Column(heading="Date"), Column(heading="95% interval", numeric=True),
        Column(heading="Evidence"),
    ),
    rows=ROWS,
    note="Targets are the estimates.",
    file="tables/scenarios.csv",
    shared=(0, 5, 7),
    sliders=(
        Slider(label="Complete at intake", first_row=0, note="In full: Release Approve decision every Monday.",
               stops=(_stop(50, (0, 1), "complete"), _stop(100, (0, 1), "complete"))),
        Slider(label=ODD_NAMES[0], first_row=2, note="", stops=tuple(_stop(p, (2,), "odd") for p in (25, 50, 100))),
        Slider(label="Friday releases", first_row=3, note="No slider: Friday stays Friday.", stops=()),
    ),
    sliders_note="These estimates are fit for direction only.",
)  # fmt: skip

#: The exact numbers differ where the texts are alike, and sort against the alphabet.
SORTED = Table(
    id="steps",
    caption="Waits by step.",
    columns=(Column(heading="Step"), Column(heading="Mean wait, days", numeric=True), Column(heading="Cases", numeric=True)),
    rows=(
        ("Beta 10", Cell("8.3", 8.32), "1,200"),
        ("Alpha", Cell("8.3", 8.28), "900"),
        ("Beta 9", "–", "–"),
        ("Gamma", Cell("−1.0", -1.0), "10,000"),
        ("Delta", Cell("under 0.01", 0.003), "90"),
    ),
)  # fmt: skip


def section_with_sliders() -> Section:
    """The page that the tests of its script act on."""
    picture = Figure(id="map", caption="Steps and the ways between them.", alt="Straight on.", chart=MAP)
    parts = (
        Part(id="steps-part", title="Steps", blocks=(picture, SORTED)),
        Part(id="benefits-part", title="Intended benefits", blocks=(BENEFITS,)),
    )
    return Section(title="T", agency="A", service="S", period="2025", parts=parts, findings=())
