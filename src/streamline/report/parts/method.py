"""Method and limits, and the data appendix."""

from __future__ import annotations

from streamline.report import tables
from streamline.report.analysis import Analysis
from streamline.report.published import full_tables
from streamline.report.section import Bullets, Paragraph, Part
from streamline.report.wording import people_words
from streamline.units import counted


def method_part(a: Analysis) -> Part:
    b = a.bottlenecks
    paths = b.paths
    items = [
        "Cycle time runs from the arrival of a case to its last completion, by the clock; nights, weekends and holidays "
        "count.",
        "Waiting time runs from the moment at which a step could have begun (the completion of the step that it depends "
        "on) to its start; service time from its start to its completion. Along the critical path of a case, which "
        "leads back from its last completion, waiting and service add up to its cycle time exactly."
        if a.log.has_start
        else "The records hold no starts of steps, so waiting and service can't be told apart: what is given is sojourn "
        "time, from the moment at which a step could have begun to its completion. It adds up to the cycle time exactly.",
        paths.rule.in_words()
        + (
            f" Here {counted(len(paths.concurrent), 'pair')} of activities are concurrent."
            if paths.concurrent
            else " Here no two activities are."
        ),
        "Loops are erased from each case's sequence of steps, left to right; first-pass time and the time of all loops "
        "add up to the cycle time exactly.",
        f"Intervals are {b.waiting.level or 0.95:.0%} intervals. Those of cycle times and loops resample whole cases; those "
        "of waiting, "
        "its causes, bottlenecks and differences between groups rest on weeks of arrivals, because cases that arrive together "
        "share queues. Those of the estimates also hold the beliefs about each change and the choice of the cases that it "
        "touches, widened by what the replay got wrong on a later period, as far as that is more than chance.",
        f"Working time counts office hours only: {b.calendar}."
        if a.calendar is not None
        else "No office hours were given, so all times are elapsed time.",
    ]
    if a.scenarios:
        items.append(
            "Changes are applied to the same cases in a fixed order: which cases arrive, steps removed, loops "
            "prevented, steps side by "
            "side, steps automated, steps made quicker, outside waits shortened, releases, precedence, hours, "
            "pooling, staff. A prevented "
            "loop takes with it what followed from it: the repeats of the same detour, or what happened while a "
            "stretch was done again."
        )
        items.append(
            "What is saved is priced as the study says: staff hours and contacts, less what a proposal costs. Savings grow in a "
            "straight line from a proposal's start to its full effect. Customers' hours are told beside them and are never "
            "added to the agency's money."
        )
    items += _of_diagnosis(a)
    limits = [
        f"Groups of fewer than {a.minimum_cell} cases are not shown. What is left of a total after the groups shown may "
        "still tell the size of a small remainder.",
    ]
    if a.study.privacy.sensitive:
        limits.append(
            f"{counted(len(a.study.privacy.sensitive), 'attribute')} of the cases that the study names as sensitive took no "
            "part: nothing is told by them, and comparisons of like cases don't hold them alike."
        )
    costs = a.study.costs
    if costs is not None and costs.customer_hour is not None and costs.customer_time is None:
        limits.append(
            "Hours that customers spend are not in the records, and the study doesn't say how long contacts and responses "
            "take them, so they are not monetised."
        )
    if a.proposed is not None and not any(s.value.told for s in a.proposed.scenarios):
        limits.append(" ".join(dict.fromkeys(m for s in a.proposed.scenarios for m in s.value.missing)))
    if costs is not None and costs.discount_rate is not None and costs.years is None:
        limits.append(
            f"No net present value is told: the study gives a discount rate ({costs.discount_rate:.1%}, source: "
            f"{costs.discount_source}) and no number of years."
        )
    return Part(
        id="method",
        title="Method and limits",
        blocks=(
            Bullets(items=tuple(items)),
            Paragraph(text="What these figures can't tell:"),
            Bullets(items=tuple(limits)),
        ),
    )


def _of_diagnosis(a: Analysis) -> list[str]:
    """How causes, queues and associations were told, where they were."""
    d, items = a.diagnosis, []
    if d.waiting is not None:
        items.append(
            "Causes of waiting: each moment of a wait counts under the first of external, batching, unavailability, "
            "contention, prioritisation and extraneous that applies, so they add up to the waiting exactly (after Lashkevich and "
            "others, 2023)."
        )
        if d.waiting.batches is not None:
            items.append(people_words(d.waiting.batches.rule))
    if d.queue is not None and d.queue.littles_law:
        items.append(
            "Queues are counted exactly; Little's law (mean number = arrivals per day × mean days, with what the window cuts "
            "off) holds to the microsecond."
        )
    if d.shifts is not None:
        items.append(
            f"A lasting change of a wait is reported by mistake, in any of the steps looked at, with a probability of about "
            f"{d.shifts.false_alarms:.0%} (PELT, Killick and others, 2012)."
        )
    if d.slow is not None:
        items.append(
            f"Of the associations that are told at most {d.slow.fdr:.0%} are expected to be due to chance (Benjamini and "
            "Hochberg); each also holds with the other recorded factors alike."
        )
    if "attributes" in d.untold:
        items.append(d.untold["attributes"])
    return items


def appendix_part(a: Analysis) -> Part:
    return Part(
        id="appendix",
        title="Data appendix",
        blocks=(
            Paragraph(
                text=f"The main numbers stand in findings.json under stable ids, each with its interval, its count and its "
                f"method; the others stand in the tables. All can be computed again from the files "
                f"listed here with version {a.provenance.version} and "
                f"seed {a.provenance.seed}."
            ),
            tables.digests(a.provenance),
            tables.files(full_tables(a)),
        ),
    )
