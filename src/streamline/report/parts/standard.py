"""Is the standard kept, what becomes of open cases, and how cases end."""

from __future__ import annotations

from dataclasses import replace

from streamline.figure import LineChart, StepCurves
from streamline.measure.standards.endings import TimeToClose, WaysToEnd
from streamline.report import diagnosed, tables
from streamline.report.analysis import Analysis
from streamline.report.parts.saying import Say, cautions, figure, numbered, paragraph, said
from streamline.report.section import Block, Paragraph, Part
from streamline.units import counted

#: Attributes whose groups are shown; the file holds all.
_ATTRIBUTES = 2


def standard_part(a: Analysis, say: Say) -> Part:
    """Attainment over time and by group, open cases at risk, ways to end."""
    d = a.diagnosis
    blocks: list[Block] = []
    if not d.attainment:
        blocks.append(Paragraph(text="The study names no service standard, so nothing is told of one."))
    else:
        blocks += paragraph(said(say, "baseline.within_standard", "standard.gap", "standard.latest"))
        blocks.append(_over_time(a))
        by = [
            name
            for name in diagnosed.attainment_groups(a)
            if name != "channel" and diagnosed.attainment_of(a, name).table["within"].notna().any()
        ]
        blocks += [tables.standard_by_group(a, name) for name in by[:_ATTRIBUTES]]
        blocks += cautions(d.attainment[diagnosed.PERIODS[0]].caveats)
        blocks += _open(a, say)
    blocks += _endings(a, say)
    return Part(id="standard", title="Is the standard kept" if d.attainment else "How cases end", blocks=tuple(blocks))


def _over_time(a: Analysis) -> Block:
    """The share within the standard by month or quarter; where some are left out for their few cases, the note says so."""
    every = diagnosed.attainment_period(a)
    if every is None:
        why = f"many of its shares would tell of fewer than {a.minimum_cell} cases"
        return Paragraph(text=f"How the share within the standard moved over time isn't shown: {why}.")
    told = diagnosed.attainment_of(a, every)
    chart = told.chart()
    untold = told.table["within"].isna() & a.diagnosis.attainment[every].table["within"].notna()
    if untold.any() and isinstance(chart, LineChart):
        lines = tuple(replace(line, gap="not shown") for line in chart.lines)
        note = f"{chart.note}, and those that would tell of fewer than {a.minimum_cell} cases"
        chart = replace(chart, lines=lines, note=note)
    return figure("attainment", f"Cases closed within the standard, by {every} of arrival", chart)


def _open(a: Analysis, say: Say) -> list[Block]:
    found = a.diagnosis.at_risk
    if a.few_open:
        return [Paragraph(text=f"Fewer than {a.minimum_cell} cases are open; nothing is told of them.")]
    if found is None:
        none = int(a.log.closed.sum()) == a.log.n_cases
        text = "No case is open, so none is at risk." if none else "What open cases are at risk of can't be told."
        return [Paragraph(text=text)]
    if found.n < a.minimum_cell:
        return [Paragraph(text=f"Fewer than {a.minimum_cell} cases are open; nothing is told of them.")]
    blocks: list[Block] = [*paragraph(said(say, "standard.overdue", "standard.at_risk"))]
    if "standard.at_risk" in say and tables.open_cases(a).rows:
        blocks += [tables.open_cases(a), *cautions(found.caveats)]
    return blocks


def _endings(a: Analysis, say: Say) -> list[Block]:
    """Curves: in which ways cases end, else how long they stay open."""
    d = a.diagnosis
    ways = numbered(say, "endings", "share")
    found: WaysToEnd | TimeToClose
    if d.endings is not None and len(ways) > 1:
        text, found, caption = " ".join(f.statement for f in ways), d.endings, "How cases end, by days since arrival"
    elif d.time_to_close is not None:
        n_open = int((~a.log.closed).sum())
        few = n_open < a.minimum_cell
        text = "" if few else f"The curve counts {counted(n_open, 'open case')} as far as they were followed."
        found, caption = d.time_to_close, "Cases still open, by days since arrival"
        if few:
            return []
    else:
        return []
    chart = diagnosed.curves_of(found, a).chart()
    assert isinstance(chart, StepCurves)
    followed = tuple(
        replace(c, at_risk=tuple((at, n) for at, n in c.at_risk if n >= a.minimum_cell)) for c in chart.curves
    )
    return [*paragraph(text), figure("endings", caption, replace(chart, curves=followed))]
