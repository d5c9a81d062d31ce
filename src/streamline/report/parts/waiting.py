"""Why cases wait, and who works when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from streamline.figure import Chart, StackedBars
from streamline.measure.waits.tables import CAUSES, MEANING
from streamline.report import diagnosed, tables
from streamline.report.analysis import Analysis
from streamline.report.parts.saying import Say, cautions, figure, numbered, paragraph, said
from streamline.report.section import Block, Bullets, Paragraph, Part
from streamline.report.wording import number, people_words, sentence

#: Causes of at least this share are told one by one.
_TOLD = 0.01


def waiting_part(a: Analysis, say: Say) -> Part:
    """Waiting by cause, batches, the queue before the first bottleneck, lasting changes."""
    d = a.diagnosis
    blocks: list[Block] = []
    if d.waiting is None:
        blocks.append(Paragraph(text=_untold(a)))
    elif not d.waiting.waiting.value > 0:
        blocks.append(Paragraph(text=f"None of the {d.waiting.n:,} closed cases waits."))
    else:
        blocks += _causes(a, say)
    blocks += _queue(a, say)
    blocks += _shifts(a, say)
    return Part(id="waiting", title="Why cases wait", blocks=tuple(blocks))


def _untold(a: Analysis) -> str:
    if not a.log.has_start:
        return (
            "The records hold no starts of steps. Waiting can't be told from work, so what cases wait for can't be told "
            "either; a record of when each step began would tell both."
        )
    return f"Why cases wait can't be told of these records. {a.diagnosis.untold.get('waiting', '')}".strip()


def _causes(a: Analysis, say: Say) -> Iterator[Block]:
    w = a.diagnosis.waiting
    assert w is not None
    found = [say[f"waiting.{c}.share"] for c in CAUSES if f"waiting.{c}.share" in say]
    told = sorted((f for f in found if (f.value or 0.0) >= _TOLD), key=lambda f: -(f.value or 0.0))
    rest = [f.id.split(".")[1] for f in found if (f.value or 0.0) < _TOLD]
    yield Paragraph(
        text=f"The {w.n:,} closed cases waited {number(w.waiting.value / 24, 1)} days on average along their critical paths. "
        "Each moment of a wait has one cause."
    )
    yield Bullets(items=tuple(f.statement.replace(f" of {w.n:,} closed cases", "") for f in told))
    if rest:
        yield Paragraph(text=f"{sentence(', '.join(rest))}: under 1% of the waiting each, or none.")
    batches = numbered(say, "waiting.batch", "hours")
    yield from paragraph(" ".join(f.statement for f in batches))
    yield figure("causes", "Hours of waiting per case, by step awaited and cause", _by_cause(a))
    yield tables.causes(a)
    extraneous = say.get("waiting.extraneous.share")
    if extraneous is not None and (extraneous.value or 0.0) >= _TOLD:
        yield from paragraph(" ".join(c for c in extraneous.caveats if c not in w.caveats))
    yield from _at_once(c for c in w.caveats if not c.startswith(("Done in batches", "Hours on duty")))


def _by_cause(a: Analysis) -> Chart:
    """The chart of waiting by cause, whose note says what the names of the causes mean."""
    chart = diagnosed.waiting_chart_of(a).chart()
    if not isinstance(chart, StackedBars) or not chart.stacks:
        return chart
    meaning = "; ".join(f"{cause}, {MEANING[cause]}" for cause in chart.groups)
    return replace(chart, note=f"{chart.note}. How a case waits: {meaning}")


def _queue(a: Analysis, say: Say) -> Iterator[Block]:
    """The queue before the first bottleneck, or why its course isn't shown."""
    q = a.diagnosis.queue
    if q is None:
        return
    yield from paragraph(said(say, "waiting.queue.mean_number"))
    shown = diagnosed.queue_of(a)
    if shown is None:
        if len(q.table) > 1:
            why = (
                f"fewer than {a.minimum_cell} cases joined it in many of the weeks, and longer periods don't mend that"
            )
            yield Paragraph(text=f"How the queue before {q.subject} moved over time isn't shown: {why}.")
        return
    chart = diagnosed.queue_chart(shown, a)
    yield figure("queue", f"The queue before {shown.subject}, by {shown.every}", chart)


def _shifts(a: Analysis, say: Say) -> Iterator[Block]:
    """Lasting changes of the waits, or why none can be told."""
    d = a.diagnosis
    if d.shifts is None:
        yield Paragraph(
            text="Whether waits went up or down for good can't be told: that takes at least a dozen months with enough waits."
        )
        return
    found = numbered(say, "waiting.shift", "days")
    n = len(d.shifts.activities)
    if found:
        yield Paragraph(text=" ".join(f.statement for f in found) + " That a level changed says nothing of why.")
        yield figure("shifts", "The mean wait by month, with the levels between lasting changes", d.shifts.chart())
    else:
        steps = "the step awaited most" if n == 1 else f"the {n} steps awaited most"
        yield Paragraph(text=f"In the monthly waits for {steps} no lasting change was found.")


def _at_once(texts: Iterable[str]) -> Iterator[Block]:
    """All cautions in one box, so that they don't bury the figures."""
    yield from cautions([text] if (text := people_words(" ".join(dict.fromkeys(texts)))) else [])


def staff_part(a: Analysis, say: Say) -> Part:
    """Pools, their hours, how busy they are."""
    d = a.diagnosis
    blocks: list[Block] = []
    if d.pools is None:
        blocks.append(Paragraph(text=d.untold["pools"]))
        return Part(id="staff", title="Who works when", blocks=tuple(blocks))
    blocks += paragraph(said(say, "staff.pools", "staff.closures", "staff.several_at_once"))
    if len(diagnosed.staff(a)):
        blocks.append(tables.staff(a))
    texts = list(d.pools.caveats)
    if d.calendars is not None:
        known = d.calendars.duty.known.any()
        texts += [c for c in d.calendars.caveats if known or not c.startswith("The hours on duty are found")]
    blocks += _at_once(texts)
    return Part(id="staff", title="Who works when", blocks=tuple(blocks))
