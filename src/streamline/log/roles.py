"""What each column of a source is for: named by the caller, or found under its usual name; then the log is built."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypedDict

from streamline.errors import DataQualityError, FileFormatError, MissingColumnError, suggestion
from streamline.log.build import Columns, Options, build_log
from streamline.log.event_log import EventLog
from streamline.log.raw import RawRecords, Reject, first_rows
from streamline.units import counted

#: Share of rows that may be set aside before a log is refused.
MAX_REJECTED = 0.05

#: Names by which a column is known when the caller names none; the first that the source has is taken, and said.
USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "case": ("case:concept:name", "case_id", "case id", "caseid", "case", "Case", "CaseID", "Case ID"),
    "activity": ("concept:name", "activity", "Activity", "activity_name", "event", "task"),
    "complete": (
        "time:timestamp", "complete", "end_time", "end_timestamp", "completed", "finish", "finished",
        "completion time", "Complete Timestamp", "timestamp", "Timestamp", "time",
    ),
    "start": ("start_timestamp", "start_time", "start", "started", "start date", "Start Timestamp"),
    "resource": ("org:resource", "resource", "Resource"),
    "channel": ("channel", "case:channel"),
}  # fmt: skip


class ReadOptions(TypedDict, total=False):
    """The options of `read_log` that say what the columns are for and how values are read; see there."""

    case: str | None
    activity: str | None
    complete: str | None
    start: str | None
    resource: str | None
    channel: str | None
    arrival: str | None
    attributes: Sequence[str]
    timezone: str | None
    external: Sequence[str]
    ends: Sequence[str] | None
    lifecycle: str | Literal["auto"] | None
    date_format: str | None
    missing: Collection[str]
    duplicates: Literal["keep", "drop"]
    max_rejected: float


def check_options(options: ReadOptions) -> None:
    """TypeError for a name that isn't one of the options: keywords that are passed on aren't checked by Python."""
    unknown = sorted(set(options) - set(ReadOptions.__annotations__))
    if unknown:
        raise TypeError(
            f"There is no option {unknown[0]!r}.{suggestion(unknown[0], list(ReadOptions.__annotations__))}"
        )


def columns_wanted(options: ReadOptions) -> tuple[set[str], set[str]]:
    """The columns that are asked for or may be found, and those among them that are likely to hold times."""
    given = _given(options)
    attributes, arrival, lifecycle = (
        options.get("attributes", ()),
        options.get("arrival"),
        options.get("lifecycle", "auto"),
    )
    wanted = {n for n in (*given.values(), arrival, *names_of(attributes)) if n is not None}
    if lifecycle not in (None, "auto"):
        wanted |= {str(lifecycle), "concept:instance"}
    guesses = {n for role, names in USUAL_NAMES.items() if given[role] is None for n in names}
    times = {n for n in (given["complete"], given["start"], arrival) if n}
    return wanted | guesses, times | {*USUAL_NAMES["complete"], *USUAL_NAMES["start"]}


class Offered(Protocol):
    """A source and the columns that it has: those at hand, and all."""

    @property
    def source(self) -> str: ...
    @property
    def columns(self) -> Collection[str]: ...
    @property
    def available(self) -> tuple[str, ...]: ...


def role_columns(offered: Offered, options: ReadOptions, *, is_xes: bool = False) -> tuple[Columns, dict[str, str]]:
    """The column of each role, and which of them were found under their usual names. Raises MissingColumnError."""
    given, arrival = _given(options), options.get("arrival")
    attributes, lifecycle = names_of(options.get("attributes", ())), options.get("lifecycle", "auto")
    roles, found = _roles(offered, given)
    _check_roles(
        offered,
        [
            *given.items(),
            *(("attribute", name) for name in attributes),
            ("arrival", arrival),
            ("lifecycle", None if lifecycle == "auto" else lifecycle),
        ],
        unnamed=[role for role in ("case", "activity", "complete") if roles[role] is None],
    )
    transition = _transition(offered, lifecycle, is_xes=is_xes)
    if transition is not None:
        if roles["start"] is not None and given["start"] is None:
            roles["start"] = None
            found.pop("start", None)
        if given["start"] is not None:
            raise FileFormatError(
                f"{offered.source}: name either `start` or `lifecycle`. With a lifecycle column, starts are events."
            )
    columns = Columns(
        case=str(roles["case"]),
        activity=str(roles["activity"]),
        complete=str(roles["complete"]),
        start=roles["start"],
        resource=roles["resource"],
        channel=roles["channel"],
        arrival=arrival,
        lifecycle=transition,
        instance="concept:instance" if transition and "concept:instance" in offered.columns else None,
        attributes=tuple(attributes),
    )
    return columns, found


def log_of_records(raw: RawRecords, options: ReadOptions, *, whole: bool = True) -> EventLog:
    """Give the columns their roles and build the log. Raises what `read_log` raises.

    whole : False for a piece of a log, which may have no completed step, and not all activities that are named.
    """
    if raw.n_rows == 0:
        named = f", only {counted(len(raw.empty_cases), 'case')} without any" if raw.empty_cases else ""
        raise FileFormatError(f"{raw.source} holds no events{named}. Check the filters of the export.")
    columns, found = role_columns(raw, options, is_xes=raw.reading.get("format") == "XES")
    duplicates, ends = options.get("duplicates", "keep"), options.get("ends")
    if duplicates not in ("keep", "drop"):
        raise ValueError(f"duplicates must be 'keep' or 'drop'; {duplicates!r} is neither.")
    values = Options(
        timezone=options.get("timezone"),
        date_format=options.get("date_format"),
        missing=frozenset(names_of(options.get("missing", ()))),
        external=names_of(options.get("external", ())),
        ends=None if ends is None else names_of(ends),
        drop_duplicates=duplicates == "drop",
        whole=whole,
    )
    raw.reading.update({f"column of {role}": f"{name} (found)" for role, name in found.items()})
    log = build_log(raw, columns, values)
    check_rejected(log.rejects, n_rows=raw.n_rows, limit=options.get("max_rejected", MAX_REJECTED), source=raw.source)
    return log


def _given(options: ReadOptions) -> dict[str, str | None]:
    """The column named for each role; None where none is."""
    return {
        "case": options.get("case"),
        "activity": options.get("activity"),
        "complete": options.get("complete"),
        "start": options.get("start"),
        "resource": options.get("resource"),
        "channel": options.get("channel"),
    }


def names_of(given: Collection[str]) -> tuple[str, ...]:
    """Several names; one that is given without a list is that name, not its letters."""
    return (given,) if isinstance(given, str) else tuple(given)


@dataclass(slots=True)
class RejectTally:
    """Rows set aside, counted by reason, with the first few of each: a log of any size can be told of."""

    n_rows: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    first: dict[str, list[Reject]] = field(default_factory=dict)

    def add(self, rejects: Sequence[Reject]) -> None:
        """Count these too; no row may come in two calls."""
        self.n_rows += len({r.row for r in rejects})
        for reject in rejects:
            self.reasons[reject.reason] = self.reasons.get(reject.reason, 0) + 1
            some = self.first.setdefault(reject.reason, [])
            if len(some) < 5:
                some.append(reject)

    def update(self, other: RejectTally) -> None:
        """Count those of another part too."""
        self.n_rows += other.n_rows
        for reason, n in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + n
            self.first[reason] = sorted([*self.first.get(reason, []), *other.first[reason]], key=lambda r: r.row)[:5]

    def check(self, *, n_rows: int, limit: float, source: str) -> None:
        """DataQualityError, with counts by reason and the first rows, when too many of `n_rows` were set aside."""
        if not 0 <= limit <= 1:
            raise ValueError(f"max_rejected must lie between 0 and 1; {limit} doesn't.")
        if self.n_rows <= limit * n_rows:
            return
        lines = []
        for reason, n in sorted(self.reasons.items(), key=lambda item: -item[1])[:10]:
            more = f" and {n - 5:,} more" if n > 5 else ""
            lines.append(f"  - {n:,} × {reason}: {first_rows(self.first[reason])}{more}")
        raise DataQualityError(
            f"{source}: {self.n_rows:,} of {n_rows:,} rows ({self.n_rows / n_rows:.1%}) can't be used, and at most "
            f"{limit:.1%} may be set aside:\n" + "\n".join(lines) + "\n"
            "Mend the export, or allow more with max_rejected (in a study: log: {max_rejected: "
            f"{math.ceil(100 * self.n_rows / n_rows) / 100:g}}})."
        )


def check_rejected(rejects: Sequence[Reject], *, n_rows: int, limit: float, source: str) -> None:
    """DataQualityError when too many rows were set aside (see `RejectTally.check`)."""
    tally = RejectTally()
    tally.add(rejects)
    tally.check(n_rows=n_rows, limit=limit, source=source)


def _roles(offered: Offered, given: Mapping[str, str | None]) -> tuple[dict[str, str | None], dict[str, str]]:
    """The column of each role, and those that were found by their usual name."""
    roles: dict[str, str | None] = dict(given)
    found: dict[str, str] = {}
    for role, name in given.items():
        if name is not None:
            continue
        usual = next((n for n in USUAL_NAMES[role] if n in offered.columns and n not in roles.values()), None)
        if usual is not None:
            roles[role] = found[role] = usual
    return roles, found


def need(offered: Offered, named: Iterable[tuple[str, str | None]]) -> None:
    """Raise MissingColumnError with every column that was named for a role and isn't there."""
    _check_roles(offered, named)


def _check_roles(offered: Offered, named: Iterable[tuple[str, str | None]], *, unnamed: Sequence[str] = ()) -> None:
    """The same, and with the roles that need a column and have none."""
    absent = [(role, name) for role, name in named if name is not None and name not in offered.columns]
    if not absent and not unnamed:
        return
    role, column = absent[0] if absent else (unnamed[0], USUAL_NAMES[unnamed[0]][0])
    raise MissingColumnError(
        role=role,
        column=column,
        source=offered.source,
        columns=offered.available,
        usual=() if absent else USUAL_NAMES[role],
        others=absent[1:],
        unnamed=unnamed,
    )


def _transition(offered: Offered, lifecycle: str | None, *, is_xes: bool) -> str | None:
    if lifecycle is None:
        return None
    if lifecycle != "auto":
        return lifecycle
    return "lifecycle:transition" if is_xes and "lifecycle:transition" in offered.columns else None
