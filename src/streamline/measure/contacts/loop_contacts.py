"""Contacts of loops: how many calls one request for information costs.

A loop occurrence runs from the completion of its head (the step returned to) to the completion of the repeat (see
`measure.loops.occurrences`). Two figures answer the question, and they differ:

- *inside*: the contacts that came while the case was in the loop, per occurrence. The case would have waited for something
  in that time without the loop as well, so part of them may have come anyway.
- *matched*: contacts of cases with the loop less those of like cases without it (same channel, attributes and week of
  arrival; see `measure.loops.matching`), per occurrence. It leaves out what would have come anyway and takes in what the loop
  causes later, such as a broken standard. It is no experiment: what makes a case loop may make its customer call as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import InsufficientDataError
from streamline.figure import BarColumn, BarTable, Chart
from streamline.measure.contacts.intervals import rate_interval
from streamline.measure.contacts.likeness import refuse_requests
from streamline.measure.contacts.linking import LinkedContacts
from streamline.measure.duration import LEVEL
from streamline.measure.loops.matching import matched_difference
from streamline.measure.loops.rework import ReworkLoops, rework_loops
from streamline.results import Result
from streamline.stats.bootstrap import DRAWS, ratio_intervals
from streamline.units import counted, significant

Float = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

#: Families of loops with fewer occurrences are pooled as "all other loops".
MIN_OCCURRENCES = 30
#: So many families are told of.
MOST_FAMILIES = 20
OTHERS, ANY = "all other loops", "any loop"


@dataclass(frozen=True, kw_only=True, repr=False)
class LoopContacts(Result):
    """Contacts by family of loops; n counts the closed cases whose life lies in the time covered.

    `table`, "any loop" first, then most contacts first: loop, n_occurrences, n_cases, n_contacts_inside (by weight),
    inside_per_occurrence with inside_low and inside_high, inside_share (of these cases' contacts),
    matched_per_occurrence with matched_low and matched_high (NaN where no case has a like one), n_matched (looping cases with a
    like case). Figures per occurrence are scaled up by the link share.
    """

    rework: ReworkLoops = field(repr=False)
    links: LinkedContacts = field(repr=False)
    #: Contacts inside each occurrence of `rework.kept`, by weight.
    inside: Float = field(repr=False)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row an occurrence, as `ReworkLoops.cases`, with n_contacts (by weight)."""
        return self.rework.cases.assign(n_contacts=self.inside)

    @property
    def statement(self) -> str:
        """What the family with the most contacts costs, in a sentence."""
        rows = self.table[~self.table["loop"].isin((ANY, OTHERS))]
        if rows.empty:
            return "No loop is frequent enough to tell its contacts."
        top = rows.iloc[0]
        text = (
            f"Each loop '{top['loop']}' brings {significant(top['inside_per_occurrence'])} contacts "
            f"({significant(top['inside_low'])} to {significant(top['inside_high'])}) while it lasts"
        )
        low, high = float(top["matched_low"]), float(top["matched_high"])
        if np.isfinite(low):
            if low * high > 0:
                more = "more" if low > 0 else "fewer"
                small, large = sorted((abs(low), abs(high)))
                size = significant(abs(float(top["matched_per_occurrence"])))
                number = f"{size} ({significant(small)} to {significant(large)}) {more}"
            else:
                number = f"between {significant(-low)} fewer and {significant(high)} more"
            text += f"; cases with it have {number} contacts for each time than like cases without it"
        return text + "."

    def chart(self) -> Chart:
        """The ten families with the most contacts, as a table with small bars."""
        top = self.table.head(10)
        return BarTable(
            title=self.statement.rstrip("."),
            heading="Loop",
            labels=tuple(top["loop"]),
            columns=(
                BarColumn(heading="Times", values=tuple(map(float, top["n_occurrences"]))),
                BarColumn(heading="Contacts inside, each time", values=tuple(top["inside_per_occurrence"]),
                          low=tuple(top["inside_low"]), high=tuple(top["inside_high"])),
                BarColumn(heading="Contacts beside like cases, each time", values=tuple(top["matched_per_occurrence"]),
                          low=tuple(top["matched_low"]), high=tuple(top["matched_high"]), bars=False),
            ),
            note=f"n = {counted(self.n, 'closed case')}. Intervals from resampled cases",
        )  # fmt: skip


def loop_contacts(
    links: LinkedContacts,
    *,
    min_occurrences: int = MIN_OCCURRENCES,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 1,
) -> LoopContacts:
    """Count the contacts that come inside loops, and those of looping cases beside like cases (see the module's text).

    min_occurrences : families of loops with fewer are pooled. level, draws, seed : of the intervals, which resample cases.

    Returns LoopContacts over the closed cases that the contact log covers. Raises InsufficientDataError when it covers none, for
    records of requests (see `measure.contacts.likeness`), or when none of them has a loop.
    """
    refuse_requests(links.are, links.contacts.source)
    covered = links.covered
    if not covered.any():
        raise InsufficientDataError(
            f"{links.contacts.source} covers no closed case of {links.log.source} from arrival to end."
        )
    log = links.log.select(covered, because="closed cases that the contact log covers")
    rework = rework_loops(log, level=level, draws=1, seed=seed)
    if len(rework.kept) == 0:
        raise InsufficientDataError(f"{links.log.source}: none of {counted(log.n_cases, 'covered case')} has a loop.")
    number = np.cumsum(covered) - 1
    mine = covered[links.case]
    case, time, weight = number[links.case[mine]], links.time[mine], links.weight[mine]
    inside = _inside(rework, case, time, weight)
    per_case = np.bincount(case, weights=weight, minlength=log.n_cases).astype(np.float64)

    n_times = rework.table["n_occurrences"].to_numpy()
    by_contacts = np.bincount(rework.row_of_kept, weights=inside, minlength=len(n_times))
    told = [int(r) for r in np.argsort(-by_contacts, kind="stable") if n_times[r] >= min_occurrences][:MOST_FAMILIES]
    other = ~np.isin(rework.row_of_kept, told)
    chosen = [
        (ANY, np.ones(len(inside), dtype=np.bool_)),
        *((str(rework.table["loop"][r]), rework.row_of_kept == r) for r in told),
    ]
    if told and other.any():
        chosen.append((OTHERS, other))
    of_case = rework.occurrences.case[rework.kept]
    rows = []
    for name, which in chosen:
        times = np.bincount(of_case[which], minlength=log.n_cases).astype(np.float64)
        came = np.bincount(of_case[which], weights=inside[which], minlength=log.n_cases).astype(np.float64)
        low, high = rate_interval(came, times, level=level, draws=draws, seed=seed)
        matched = (float("nan"), float("nan"), float("nan"), 0)
        if name != OTHERS:
            matched = _matched(
                rework, None if name == ANY else name, times, per_case, level=level, draws=draws, seed=seed
            )
        value, matched_low, matched_high, n_matched = matched
        share = links.link_share
        rows.append(
            (name, int(times.sum()), int((times > 0).sum()), came.sum(), came.sum() / times.sum() / share, low / share,
             high / share, came.sum() / max(per_case.sum(), np.finfo(float).tiny), value / share, matched_low / share,
             matched_high / share, n_matched)
        )  # fmt: skip
    columns = ["loop", "n_occurrences", "n_cases", "n_contacts_inside", "inside_per_occurrence", "inside_low", "inside_high",
               "inside_share", "matched_per_occurrence", "matched_low", "matched_high", "n_matched"]  # fmt: skip
    return LoopContacts(
        table=pd.DataFrame(rows, columns=columns),
        n=log.n_cases,
        excluded={"not closed, or not covered by the contact log": int((~covered).sum())},
        caveats=(
            *links.caveats,
            "Contacts inside a loop aren't all caused by it: the case would have waited in that time without it, too. Like cases "
            "are alike in what is recorded only.",
        ),
        rework=rework,
        links=links,
        inside=inside,
    )


def _inside(rework: ReworkLoops, case: Int64, time: Int64, weight: Float) -> Float:
    """Contacts of each kept occurrence: those at the completion of its head or later, before that of its repeat.

    Contacts are in order of case and time. A loop within a loop is erased first, so its steps lie inside the outer one: the
    contacts of a step belong to the occurrence that the step belongs to.
    """
    found = rework.occurrences
    log = found.log
    # the step during which each contact came: the first of the case that is completed after it
    n = log.n_steps
    both = np.lexsort(
        (
            np.concatenate([np.zeros(n, dtype=np.int64), np.ones(len(case), dtype=np.int64)]),
            np.concatenate([log.complete, time]),
            np.concatenate([log.case_of_step, case]),
        )
    )
    is_step = both < n
    contact = both[~is_step] - n
    step = np.cumsum(is_step)[~is_step]  # steps of the case so far and of all cases before: the place of the next one
    during = (step < log.case_offsets[1:][case[contact]]) & (time[contact] >= log.arrival[case[contact]])
    occurrence = np.full(len(contact), -1, dtype=np.int64)
    occurrence[during] = found.loop[step[during]]
    some = occurrence >= 0
    return np.bincount(occurrence[some], weights=weight[contact[some]], minlength=len(found))[rework.kept].astype(
        np.float64
    )


def _matched(
    rework: ReworkLoops, loop: str | None, times: Float, contacts: Float, *, level: float, draws: int, seed: int
) -> tuple[float, float, float, int]:
    """Contacts of looping cases less those of like cases, per occurrence: value, bounds, looping cases with a like one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = (float("nan"), float("nan"), float("nan"), 0)
    try:
        like = matched_difference(rework, loop=loop, level=level, draws=1, seed=seed).cases
    except InsufficientDataError:  # all of the cases loop: nothing to compare
        return nothing
    log = rework.occurrences.log
    place = pc.index_in(pa.array(like["case"], pa.large_string()), value_set=log.case_ids)
    number = np.asarray(place.to_numpy(zero_copy_only=False), dtype=np.int64)
    loops, weight = like["loops"].to_numpy(dtype=np.bool_), like["weight"].to_numpy(dtype=np.float64)
    used = loops & (weight > 0)
    above = np.where(loops, weight, -weight) * contacts[number]
    below = np.where(used, times[number], 0.0)
    if not below.any():
        return nothing
    bounds = ratio_intervals(above[:, None], below, level=level, draws=draws, seed=seed)
    n_calls = int((above != 0).sum())
    if n_calls < 5:  # single cases would rule
        return float(above.sum() / below.sum()), float("nan"), float("nan"), int(used.sum())
    return float(above.sum() / below.sum()), float(bounds[0][0]), float(bounds[1][0]), int(used.sum())
