"""Where the time goes: cycle times, bottlenecks, slow cases, and how cases move."""

from __future__ import annotations

from streamline.report import diagnosed, tables
from streamline.report.analysis import Analysis
from streamline.report.parts.saying import Say, cautions, figure, numbered, paragraph, said
from streamline.report.published import publishable_histogram, publishable_result
from streamline.report.published_counts import publishable_map
from streamline.report.section import Block, Caution, Paragraph, Part
from streamline.report.wording import percent
from streamline.units import counted


def time_part(a: Analysis, say: Say) -> Part:
    """Cycle times, and where they go."""
    b = a.bottlenecks
    blocks: list[Block] = [
        Paragraph(text=said(say, "baseline.cycle_time.median", "baseline.cycle_time.p90", "baseline.within_standard")),
        figure("cycle-times", "Cycle times of closed cases", publishable_histogram(a)),
        tables.baseline(a),
        *(Caution(text=c) for c in a.cycle.caveats),
        Paragraph(
            text=said(
                say, "baseline.waiting_time.mean", "baseline.service_time.mean", "baseline.sojourn_time.mean",
                "baseline.external_time.mean",
            )
        ),
        *paragraph(
            said(say, "bottleneck.1.share", "bottleneck.1.rank_probability", "bottleneck.1.days_if_halved")
            + (" Queues behind it aren't counted in this." if "bottleneck.1.days_if_halved" in say else "")
        ),
        figure("where-time-goes", "Days per case, by the step that the case awaits", publishable_result(b, a).chart()),
        tables.bottlenecks(a),
    ]  # fmt: skip
    blocks += cautions(b.caveats)
    parts = [p for p in (_places(a, say), _slow(a, say)) if p is not None]
    return Part(id="time", title="Where the time goes", blocks=tuple(blocks), parts=(*parts, _map(a)))


def _places(a: Analysis, say: Say) -> Part | None:
    """Bottlenecks by pool and hand-off."""
    blocks: list[Block] = [*paragraph(said(say, "bottleneck.by_pool.1.share"))]
    step, handoff = say.get("bottleneck.1.share"), say.get("bottleneck.by_handoff.1.share")
    if step is not None and handoff is not None and handoff.value != step.value:
        blocks += paragraph(handoff.statement)
    if "pool" in a.diagnosis.by_place and len(diagnosed.places(a, "pool")) > 1:
        blocks.append(tables.places(a, "pool"))
    if tables.places(a, "handoff").rows:
        blocks.append(tables.places(a, "handoff"))
    if not blocks:
        return None
    return Part(id="places", title="Who is waited for, and between which steps", blocks=tuple(blocks))


def _slow(a: Analysis, say: Say) -> Part | None:
    """What sets slow cases apart."""
    found = a.diagnosis.slow
    if found is None:
        return None
    levels = numbered(say, "slow", "difference_days")
    blocks: list[Block] = []
    if levels:
        blocks += [
            Paragraph(
                text="Some groups of cases take longer than others. These are associations: a group may simply get the cases "
                "that take longer."
            ),
            tables.slow_levels(a),
        ]
    else:
        blocks.append(
            Paragraph(
                text=f"Nothing that is known of the {found.n:,} closed cases at their arrival goes together with their cycle "
                "time so clearly that chance or the other factors don't explain it."
            )
        )
    return Part(id="slow", title="What sets slow cases apart", blocks=tuple(blocks))


def _map(a: Analysis) -> Part:
    flow = publishable_map(a.diagnosis.loop_graph.marked(a.process_map.flow), a)
    return Part(
        id="map",
        title="How cases move",
        blocks=(
            Paragraph(text=_routes(a)),
            figure("process-map", "The process as the records show it", flow),
            tables.transitions(a),
        ),
    )


def _routes(a: Analysis) -> str:
    top = a.variants.table.iloc[0]
    return (
        f"The {a.variants.n:,} cases took {counted(len(a.variants.table), 'route')}. "
        + (
            f"The most frequent one, taken by {percent(top.share)} of them, has {int(top.n_steps)} steps. "
            if top.n_cases >= a.minimum_cell
            else "No route was taken by enough cases to be told. "
        )
        + (
            f"The map shows {a.process_map.n_edges - a.process_map.n_edges_left_off:,} of {a.process_map.n_edges:,} transitions; "
            "few cases took the others."
            if a.process_map.n_edges_left_off
            else ""
        )
    )
