"""What comes back: loops, what they cost, and what goes together with them."""

from __future__ import annotations

from dataclasses import replace

from streamline.report import tables
from streamline.report.analysis import Analysis
from streamline.report.bar_table import native_table
from streamline.report.diagnosed import round_trips
from streamline.report.findings.saying import FIRST_RANKS
from streamline.report.parts.saying import Say, cautions, numbered, paragraph, said
from streamline.report.privacy import small_rows
from streamline.report.published import publishable_result
from streamline.report.section import Block, Paragraph, Part, Table
from streamline.report.wording import sentence

#: Pairs of pools from which round trips have a table.
_PAIRS = 2


def rework_part(a: Analysis, say: Say) -> Part:
    """Loops, their cost, like cases, round trips."""
    r = a.rework
    blocks: list[Block] = [
        Paragraph(text="A loop is a stretch in which a case goes back to a step that it had already passed."),
        *paragraph(said(say, "rework.cases_share", "rework.days_per_case")),
    ]
    if r.table.empty:
        blocks.append(Paragraph(text=f"None of the {r.n:,} closed cases repeats a step."))
        return Part(id="rework", title="What comes back", blocks=tuple(blocks))
    blocks += paragraph(said(say, "rework.days_per_year", "rework.staff_hours_per_year", "rework.cost_per_year"))
    loops = _loops(a)
    if loops.rows:
        blocks.append(loops)
    for rank in range(1, FIRST_RANKS + 1):
        blocks += paragraph(said(say, f"rework.loop.{rank}.matched_difference"))
    blocks += cautions(r.caveats)
    blocks += paragraph(said(say, "rework.first_pass_yield.1"))
    blocks += paragraph(said(say, "rework.ping_pong.pool", "rework.ping_pong.channel"))
    if len(round_trips(a, "group")) >= _PAIRS:
        blocks.append(tables.round_trips(a))
    return Part(id="rework", title="What comes back", blocks=tuple(blocks), parts=(_together(a, say),))


def _loops(a: Analysis) -> Table:
    """The loops with the most days, as a native table."""
    hidden = small_rows(a.rework.table["n_cases"], minimum=a.minimum_cell)
    chart = publishable_result(a.rework, a).bar_table()
    more = len(a.rework.table) - int(hidden.sum()) - len(chart.labels)
    notes = [
        chart.note.rstrip(".") + ".",
        f"{more:,} more in the file." if more > 0 else "",
        f"{int(hidden.sum()):,} with too few cases are not shown." if hidden.any() else "",
    ]
    shown = replace(chart, labels=tuple(map(sentence, chart.labels)), note=" ".join(n for n in notes if n))
    return replace(native_table(shown, id_="loops", file="tables/rework.csv"), caption="Loops that send work back")


def _together(a: Analysis, say: Say) -> Part:
    """What goes together with loops."""
    found = a.diagnosis.associations.get("any loop")
    if found is None:
        text = "Nothing is recorded that could set the cases that loop apart from the others."
        blocks: list[Block] = [Paragraph(text=text)]
    elif numbered(say, "rework.association", ""):
        blocks = [
            Paragraph(
                text="Some groups of cases loop more often than others. These are associations: a group may simply get the cases "
                "that would loop anyway."
            ),
            tables.loop_levels(a),
        ]
    else:
        blocks = [
            Paragraph(
                text=f"Nothing that is recorded of the {found.n:,} closed cases goes together with loops so clearly that chance "
                "or the other factors don't explain it."
            )
        ]
    return Part(id="loops-together", title="What goes together with loops", blocks=tuple(blocks))
