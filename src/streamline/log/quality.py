"""What is wrong, odd or missing in the records, and what each oddity does to the results."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from streamline.errors import listed
from streamline.figure import Bar, BarChart, Chart
from streamline.log.event_log import EventLog
from streamline.log.kinds import check_log
from streamline.log.ocel_flat import FORMAT, KINDS
from streamline.log.raw import shortened
from streamline.results import Result
from streamline.units import DAY, MISSING_TIME, YEAR_DAYS, counted, duration_words

Int64 = npt.NDArray[np.int64]

EXAMPLES = 5
#: Labels this alike are named as near-identical (share of matching characters, difflib).
ALIKE = 0.9
#: One of two such labels has at most this share of the other's steps.
RARE = 0.05
#: Of fewer open cases with the same last step it isn't said that the step may be an end.
FEWEST_ENDED = 3
#: With more labels than this only those that differ in case, blanks or marks are compared.
MOST_LABELS = 3000
#: What may be done about rows of the source.
_HINTS = {"duplicate": "log: {duplicates: drop} sets them aside."}
#: Instants before this year, or after the second, are impossible for an agency's records.
FIRST_YEAR, LAST_YEAR = 1950, 2150


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityFinding:
    """One thing that was met in the records."""

    #: Stable word for what was met: rejected, duplicates, open_cases, …
    kind: str
    statement: str
    count: int
    #: How many of these there are in all, and what they are: rows, steps, cases.
    of: int
    unit: str
    #: The first five, as rows of the source (or labels, where the finding is about labels).
    examples: tuple[str, ...]
    #: What it does to the results, for everybody.
    effect: str
    #: What may be done about it, in the terms of this library: for who makes the study, in no published section.
    hint: str = ""

    @property
    def advice(self) -> str:
        """The effect, and what may be done about it."""
        return f"{self.effect} {self.hint}".strip()

    @property
    def share(self) -> float:
        """Count over all, 0 to 1; NaN when there are none at all."""
        return self.count / self.of if self.of else float("nan")


@dataclass(frozen=True, kw_only=True, repr=False)
class DataQuality(Result):
    """Findings about the records. `table`: kind, statement, count, share, unit, examples, effect."""

    findings: tuple[QualityFinding, ...] = field(repr=False)
    #: How the source was read, in words.
    reading: dict[str, str]

    def __str__(self) -> str:
        lines = [repr(self)]
        lines += [f"  {k}: {v}" for k, v in self.reading.items()]
        lines += [f"  - {f.statement} {f.advice}" for f in self.findings]
        return "\n".join(lines)

    def chart(self) -> Chart:
        """How much of the records each finding is about, the largest share first; findings without a share are left out."""
        told = sorted((f for f in self.findings if math.isfinite(f.share)), key=lambda f: -f.share)
        return BarChart(
            title="What was met in the records",
            axis="Share of what was looked at (%)",
            bars=tuple(Bar(label=f"{f.kind}: {counted(f.count, f.unit, f.unit)}", value=100 * f.share) for f in told),
            note=self._rests_on(),
        )

    @property
    def cases(self) -> pd.DataFrame:
        """One row an example: kind, example (row of the source, or a label)."""
        return pd.DataFrame(
            [{"kind": f.kind, "example": e} for f in self.findings for e in f.examples], columns=["kind", "example"]
        )


def data_quality(log: EventLog, *, as_of: int | None = None) -> DataQuality:
    """Look for what could mislead: each finding says how much, where, and what it does to the results.

    as_of : the instant after which a date lies in the future; such dates aren't looked for when None.

    Returns DataQuality; the records themselves are not changed.
    """
    check_log(log)
    findings = (
        *_rejected(log),
        *_times(log, as_of),
        *_order(log),
        *_cases(log),
        *_steps(log),
        *_labels(log),
    )
    return DataQuality(
        recorded=log.recorded,
        table=pd.DataFrame(
            [
                {
                    "kind": f.kind,
                    "statement": f.statement,
                    "count": f.count,
                    "share": f.share,
                    "unit": f.unit,
                    "examples": "; ".join(f.examples),
                    "effect": f.advice,
                }
                for f in findings
            ],
            columns=["kind", "statement", "count", "share", "unit", "examples", "effect"],
        ),
        n=log.n_cases,
        excluded={},
        findings=findings,
        reading=dict(log.notes.reading),
    )


def _rows(rows: npt.ArrayLike) -> tuple[str, ...]:
    return tuple(f"row {int(r):,}" for r in np.sort(np.asarray(rows))[:EXAMPLES])


def _found(
    kind: str, count: int, of: int, unit: str, what: str, effect: str, examples: Sequence[str], hint: str = ""
) -> QualityFinding:
    share = "" if not of else f" ({count / of:.1%})" if count / of >= 0.0005 else " (under 0.1%)"
    return QualityFinding(
        kind=kind,
        statement=f"{count:,} of {of:,} {unit}{share} {what}.",
        count=count,
        of=of,
        unit=unit,
        examples=tuple(examples),
        effect=effect,
        hint=hint,
    )


def _rejected(log: EventLog) -> Iterator[QualityFinding]:
    reasons: dict[str, list[int]] = {}
    for reject in log.rejects:
        reasons.setdefault(reject.reason, []).append(reject.row)
    for reason, rows in sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0])):
        yield _found(
            "rejected", len(rows), log.notes.n_rows, "rows", f"could not be used: {reason}",
            "Such rows are set aside in the table of rejects and count nowhere.", _rows(rows),
        )  # fmt: skip


def _times(log: EventLog, as_of: int | None) -> Iterator[QualityFinding]:
    bounds = [int(np.datetime64(f"{y}-01-01", "us").astype(np.int64)) for y in (FIRST_YEAR, LAST_YEAR + 1)]
    impossible = (log.complete < bounds[0]) | (log.complete >= bounds[1])
    impossible |= (log.start != MISSING_TIME) & (log.start < bounds[0])
    epoch = [0, pd.Timestamp("1970-01-01", tz=log.timezone).value // 1000]  # as UTC and as local midnight
    placeholder = np.isin(log.complete, epoch) | np.isin(log.start, epoch)
    if (impossible | placeholder).any():
        mask = impossible | placeholder
        yield _found(
            "impossible_times", int(mask.sum()), log.n_steps, "steps",
            f"are dated before {FIRST_YEAR}, after {LAST_YEAR}, or on a placeholder such as 1970-01-01",
            "They make cycle times of decades.", _rows(log.row[mask]), "Mend them, or name them in log: missing.",
        )  # fmt: skip
    far = _far_from_the_rest(log.complete) & ~impossible & ~placeholder
    if far.any():
        yield _found(
            "isolated_times", int(far.sum()), log.n_steps, "steps", "are dated far from all others",
            "A mistyped year is likely; it makes one case look very long.", _rows(log.row[far]),
        )  # fmt: skip
    if as_of is not None and (log.complete > as_of).any():
        late = log.complete > as_of
        yield _found(
            "future_times", int(late.sum()), log.n_steps, "steps", "are dated after the day of this report",
            "They may be planned dates; cycle times that end on them haven't happened yet.", _rows(log.row[late]),
        )  # fmt: skip
    for kind, what, effect in (
        ("fold", "stand in the hour that the clock repeats in autumn",
         "They are read as the first of the two hours and may be off by one hour."),
        ("gap", "stand in the hour that the clock skips in spring",
         "No such local time existed; they are read with the offset before the change and may be off by one hour."),
    ):  # fmt: skip
        rows = log.notes.odd_rows.get(kind)
        if rows is not None:
            yield _found(f"clock_{kind}", len(rows), log.notes.n_rows, "rows", what, effect, _rows(rows))
    if log.notes.day_precision > 0.5:
        n = round(log.notes.day_precision * log.notes.n_instants)
        yield _found(
            "day_precision", n, log.notes.n_instants, "times", "are written as exactly midnight",
            "Times seem to be recorded by the day: durations under a day mean nothing, and the order of steps on one "
            "day rests on the file.", (),
        )  # fmt: skip
    rows = log.notes.odd_rows.get("arrival_after_first_step")
    if rows is not None:
        yield _found(
            "arrival_after_first_step", len(rows), log.n_cases, "cases", "arrived after their first step",
            "Their first step counts as the arrival instead.", _rows(rows),
        )  # fmt: skip
    rows = log.notes.odd_rows.get("missing_arrival")
    if rows is not None:
        yield _found(
            "missing_arrival", len(rows), log.n_cases, "cases", "have no arrival that can be read",
            "Their first step counts as the arrival instead.", _rows(rows),
        )  # fmt: skip
    rows = log.notes.odd_rows.get("unreadable_arrival")
    if rows is not None:
        yield _found(
            "unreadable_arrival", len(rows), log.notes.n_rows, "rows", "hold an arrival that can't be read",
            "Another row of the case gives the arrival, else its first step does.", _rows(rows),
        )  # fmt: skip


def _far_from_the_rest(instants: Int64) -> npt.NDArray[np.bool_]:
    """Instants further from the middle than that is long, and at least a year; 0.1%, or three, at each end aren't
    of the middle."""
    if len(instants) < 100:
        return np.zeros(len(instants), dtype=np.bool_)
    cut = max(3, len(instants) // 1000)
    ordered = np.partition(instants, [cut, len(instants) - 1 - cut])
    low, high = int(ordered[cut]), int(ordered[-1 - cut])
    reach = max(high - low, YEAR_DAYS * DAY)
    return np.asarray((instants < low - reach) | (instants > high + reach), dtype=np.bool_)


def _order(log: EventLog) -> Iterator[QualityFinding]:
    for kind, what, effect in (
        ("duplicate", "repeat an earlier row in case, activity, times and resource",
         "Each counts as a step and as rework."),
        ("out_of_order", "stand in the file after a later step of their case",
         "Steps are put in order of time; where the file's order was meant, sequences differ."),
        ("padded", "have blanks around their case id or activity", "The blanks are dropped."),
        *(KINDS if log.notes.reading.get("format") == FORMAT else ()),
    ):  # fmt: skip
        rows = log.notes.odd_rows.get(kind)
        if rows is not None:
            name = "duplicates" if kind == "duplicate" else kind
            yield _found(name, len(rows), log.notes.n_rows, "rows", what, effect, _rows(rows), _HINTS.get(kind, ""))
    if log.n_steps > 1:
        tied = np.zeros(log.n_steps, dtype=np.bool_)
        begun = np.where(log.start == MISSING_TIME, log.complete, log.start)
        tied[1:] = (log.complete[1:] == log.complete[:-1]) & (begun[1:] == begun[:-1])
        tied[1:] &= log.case_of_step[1:] == log.case_of_step[:-1]
        if tied.any():
            yield _found(
                "ties", int(tied.sum()), log.n_steps, "steps", "have the very times of the step before",
                "Their order rests on their order in the file, and with it some loops and routes.", _rows(log.row[tied]),
            )  # fmt: skip


def _cases(log: EventLog) -> Iterator[QualityFinding]:
    if log.notes.empty_cases:
        yield _found(
            "empty_cases", len(log.notes.empty_cases), log.n_cases + len(log.notes.empty_cases), "cases",
            "have no event that makes a step", "They count nowhere.", (),
        )  # fmt: skip
    sizes = np.diff(log.case_offsets)
    single = sizes == 1
    if single.any():
        first = log.row[log.case_offsets[:-1][single]]
        yield _found(
            "single_step_cases", int(single.sum()), log.n_cases, "cases", "have a single step",
            "Where no start is recorded either, their cycle time is zero.", _rows(first),
        )  # fmt: skip
    if len(log.unfinished):
        yield _found(
            "unfinished_steps", len(log.unfinished), log.n_steps + len(log.unfinished), "steps",
            "were started and not completed",
            "They aren't counted as steps" + (" and keep their case open." if log.ends is None else "."),
            _rows(log.unfinished["row"]),
        )  # fmt: skip
    if log.ends is not None:
        n_open = int((~log.closed).sum())
        if n_open:
            yield _found(
                "open_cases", n_open, log.n_cases, "cases",
                f"reached none of the ends ({listed(log.ends)}) and count as open",
                "They are left out of mean cycle times and count as censored in the share within the standard.", (),
            )  # fmt: skip
            yield from _perhaps_ended(log)
    elif log.n_steps:
        yield from _perhaps_open(log)
    for name, n in log.notes.varying_attributes.items():
        yield _found(
            "varying_attribute", n, log.n_cases, "cases", f"have several values of {name!r}",
            "The first value of the case is used.", (),
        )  # fmt: skip


def _usual_pause(log: EventLog) -> int | None:
    """The time from one completion to the next of its case that nine in ten stay under; None where no case has two steps."""
    inside = log.case_of_step[1:] == log.case_of_step[:-1]
    pauses = (log.complete[1:] - log.complete[:-1])[inside]
    return int(np.quantile(pauses, 0.9)) if len(pauses) else None


def _perhaps_ended(log: EventLog) -> Iterator[QualityFinding]:
    """With ends: open cases whose last step is one that nothing ever follows, and most of them long ago."""
    pause = _usual_pause(log)
    if pause is None:
        return
    followed = np.zeros(len(log.activities), dtype=bool)
    followed[log.activity[:-1][log.case_of_step[1:] == log.case_of_step[:-1]]] = True
    some = np.flatnonzero(~log.closed & (np.diff(log.case_offsets) > 0))
    last = log.activity[log.case_offsets[1:][some] - 1]
    quiet = log.last_completion[some] < log.observed_until - pause
    for a in np.unique(last[~followed[last]]):
        own = last == a
        if own.sum() >= FEWEST_ENDED and quiet[own].mean() >= 0.5:
            yield _found(
                "perhaps_ended", int(own.sum()), log.n_cases, "cases",
                f"are open though nothing ever follows their last step, {log.activities[a]!r}",
                "If this step ends a case, it belongs among the ends that the study names.", (),
            )  # fmt: skip


def _perhaps_open(log: EventLog) -> Iterator[QualityFinding]:
    """Without ends: cases whose last step lies within the usual pause of the log's end, and which ends would do."""
    pause = _usual_pause(log)
    if pause is None:
        return
    some = log.closed
    recent = some & (log.last_completion >= log.observed_until - pause)
    last = log.activity[log.case_offsets[1:][some & ~recent] - 1]
    count = np.bincount(last, minlength=len(log.activities))
    often = np.bincount(log.activity, minlength=len(log.activities))
    sensible = [
        log.activities[a]
        for a in np.argsort(-count, kind="stable")
        if count[a] >= 0.02 * max(len(last), 1) and count[a] >= 0.5 * often[a]
    ][:8]
    advice = f"Last activities that would make sensible ends: {listed(sensible, limit=8)}." if sensible else (
        "No activity is mostly a last one, so the records don't show by themselves which cases are closed."
    )  # fmt: skip
    yield _found(
        "perhaps_open", int(recent.sum()), log.n_cases, "cases",
        f"had their last step within the usual pause ({duration_words(pause)}) of the log's end and may be open",
        f"No ends were named, so they count as closed. {advice}", (),
    )  # fmt: skip


def _steps(log: EventLog) -> Iterator[QualityFinding]:
    if not log.has_start:
        yield _found(
            "no_starts", log.n_steps, log.n_steps, "steps", "have no recorded start",
            "Waiting and service can't be told apart: the whole interval is given as sojourn time.", (),
        )  # fmt: skip
    elif (log.start == MISSING_TIME).any():
        unknown = log.start == MISSING_TIME
        yield _found(
            "missing_starts", int(unknown.sum()), log.n_steps, "steps", "have no recorded start",
            "Their waiting and service can't be told apart and are given as sojourn time.", _rows(log.row[unknown]),
        )  # fmt: skip
    if log.notes.estimated_starts:
        n, of = (int(k.replace(",", "")) for k in re.findall(r"\d[\d,]*", log.notes.estimated_starts)[:2])
        yield QualityFinding(
            kind="estimated_starts", statement=log.notes.estimated_starts, count=n, of=of, unit="steps", examples=(),
            effect="All results that rest on starts rest on these.",
        )  # fmt: skip
    for name, labels in (("resource", log.resource), ("channel", log.channel)):
        if labels is not None and (labels.codes < 0).any():
            unknown = labels.codes < 0
            yield _found(
                f"missing_{name}", int(unknown.sum()), log.n_steps, "steps", f"have no {name}",
                f"They are left out where the {name} matters.", _rows(log.row[unknown]),
            )  # fmt: skip
    for transition, n in log.notes.unused_transitions.items():
        yield _found(
            "unused_transitions", n, log.notes.n_rows, "rows", f"mark the lifecycle transition {transition!r}",
            "They are neither a start nor an end of a step and aren't used.", (),
        )  # fmt: skip


def _labels(log: EventLog) -> Iterator[QualityFinding]:
    """Activities whose names differ only in case, blanks or marks, or by a few letters while one of them is rare."""
    count = np.bincount(log.activity, minlength=len(log.activities))
    pairs = _near_pairs(log.activities, count)
    if pairs:
        names = [f"{shortened(log.activities[a])!r} and {shortened(log.activities[b])!r}" for a, b in pairs]
        steps = int(count[list({a if count[a] <= count[b] else b for a, b in pairs})].sum())
        yield _found(
            "near_identical_labels", steps, log.n_steps, "steps",
            f"carry an activity whose name is nearly that of another ({counted(len(pairs), 'pair')})",
            "They count as different activities; if they are the same, rename them in the export.", names[:EXAMPLES],
        )  # fmt: skip


def _near_pairs(names: Sequence[str], count: Int64) -> list[tuple[int, int]]:
    """Pairs of places, smaller first. Beyond `MOST_LABELS` names only those that differ in case, blanks or marks."""
    folded = [re.sub(r"[\W_]+", "", name.casefold()) for name in names]
    alike: dict[str, list[int]] = {}
    for i, text in enumerate(folded):
        alike.setdefault(text, []).append(i)
    pairs = {pair for text, places in alike.items() if text for pair in combinations(places, 2)}
    if len(names) <= MOST_LABELS:
        letters = sorted(set("".join(folded)))
        has = np.array([[text.count(c) for c in letters] for text in folded], dtype=np.int16)
        length = has.sum(axis=1)
        for a in range(len(names) - 1):
            shared = np.minimum(has[a], has[a + 1 :]).sum(axis=1)
            low, high = np.minimum(count[a], count[a + 1 :]), np.maximum(count[a], count[a + 1 :])
            near = (low <= RARE * high) & (np.abs(length[a + 1 :] - length[a]) <= 2)
            near &= 2 * shared >= ALIKE * (length[a] + length[a + 1 :])
            pairs |= {(a, int(b)) for b in a + 1 + np.flatnonzero(near) if _alike(folded[a], folded[b])}
    return sorted(pairs)


def _alike(a: str, b: str) -> bool:
    if re.sub(r"\d", "", a) == re.sub(r"\d", "", b):
        return a == b  # names that differ in a number only, such as phase 1 and phase 2, are meant to differ
    return SequenceMatcher(None, a, b, autojunk=False).ratio() >= ALIKE
