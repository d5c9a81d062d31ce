"""The kinds of change that a scenario may propose. One class serves the study file and Python alike.

Each kind has a main value with an optional belief about it: `low` and `high` beside the likely value make a triangular
distribution, from which every draw takes its own value. `evidence` says where the belief comes from.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)

from streamline.errors import ScenarioError
from streamline.units import parse_duration
from streamline.whatif.problems import worded


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number; true and false are none")
    return value


Number = Annotated[float, BeforeValidator(_no_truth)]
Share = Annotated[Number, Field(ge=0, le=1)]
Name = Annotated[StrictStr, Field(min_length=1)]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Change(BaseModel):
    """Base of all kinds: an alteration of the process, with the belief about its size and the evidence for it."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)

    #: Name of the field that holds the main value; empty for kinds without one.
    main: ClassVar[str] = ""

    evidence: str = ""
    low: Annotated[float | str | None, BeforeValidator(_no_truth)] = None
    high: Annotated[float | str | None, BeforeValidator(_no_truth)] = None

    def __init__(self, **given: Any) -> None:
        """Raises ScenarioError with all problems, in the words of a study's errors."""
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise _told(type(self), given, error) from None

    # As in pydantic's own models: inside a study, the study tells the problems, each with its line.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="after")
    def _ordered_belief(self) -> Self:
        if not self.main:
            if self.low is not None or self.high is not None:
                raise ValueError("low and high have no meaning here: this kind has no main value")
            return self
        low, likely, high = self.belief()
        if not low <= likely <= high:
            main = getattr(self, self.main)
            written = ", ".join(str(main if v is None else v) for v in (self.low, main, self.high))
            raise ValueError(f"low, {self.main} and high must not fall: {written}")
        upper = type(self).model_fields[self.main].metadata
        if any(getattr(m, "le", None) == 1 for m in upper) and high > 1:
            raise ValueError(f"high must not exceed 1: {high:g}")
        if any(getattr(m, "ge", None) == 0 for m in upper) and low < 0:
            raise ValueError(f"low must not be negative: {low:g}")
        return self

    def belief(self) -> tuple[float, float, float]:
        """Low, likely and high of the main value as numbers."""
        likely = self._number(getattr(self, self.main))
        return (
            likely if self.low is None else self._number(self.low),
            likely,
            likely if self.high is None else self._number(self.high),
        )

    def _number(self, value: Any) -> float:
        if isinstance(value, str):
            raise ValueError(f"{value!r} must be a number")
        return float(value)

    def drawn(self, rng: np.random.Generator) -> float:
        """One value from the triangular belief; the likely value itself where low equals high.

        Takes one random number always, so that what is drawn next doesn't depend on the belief.
        """
        low, likely, high = self.belief()
        place = rng.random()
        if low == high:
            return likely
        if place < (likely - low) / (high - low):
            return low + float(np.sqrt(place * (high - low) * (likely - low)))
        return high - float(np.sqrt((1 - place) * (high - low) * (high - likely)))

    def at(self, value: Any) -> Self:
        """The same change with this main value and no doubt about it."""
        return self.model_copy(update={self.main: value, "low": None, "high": None})

    def words(self) -> str:
        """The change in words, for tables."""
        raise NotImplementedError

    def _percent(self) -> str:
        low, likely, high = (f"{round(100 * value, 1):g}%" for value in self.belief())
        return likely + (f" (between {low} and {high})" if low != high else "")


def _told(kind: type[Change], given: dict[str, Any], error: ValidationError) -> ScenarioError:
    """What is wrong with a change as it was given in Python."""
    unset = {n: f for n, f in kind.model_fields.items() if n not in given and n != "kind"}
    needed = [n for n, f in unset.items() if f.is_required()]
    problems = []
    for found in error.errors():
        place = ".".join(str(part) for part in found["loc"])
        words = worded(found, known=list(unset), needed=needed, what="field")
        problems.append(f"{place}: {words}" if place else words)
    name = f"sl.{kind.__name__}"
    if len(problems) == 1:
        return ScenarioError(f"{name}: {problems[0]}")
    return ScenarioError(f"{name} has {len(problems)} problems:\n" + "\n".join(f"  - {p}" for p in problems))


class RemoveStep(Change):
    """The step vanishes from that share of the cases; its followers attach to its predecessor."""

    main = "share"
    kind: Literal["remove_step"] = "remove_step"
    activity: Name
    share: Share = 1.0

    def words(self) -> str:
        return f"Drop {self.activity} in {self._percent()} of the cases that have it"


class Automate(Change):
    """Service time becomes `to`, needs no staff, and no wait for staff remains: it runs outside office hours too."""

    main = "to"
    kind: Literal["automate"] = "automate"
    activity: Name
    to: Name

    @field_validator("to", "low", "high", mode="before")
    @classmethod
    def _duration(cls, value: object) -> object:
        if isinstance(value, str):
            parse_duration(value)
        elif value is not None:
            raise ValueError(f"{value!r} must be a duration in words, such as '2 minutes'")
        return value

    def _number(self, value: Any) -> float:
        return float(parse_duration(str(value)))

    def words(self) -> str:
        low, _, high = self.belief()
        spread = f" (between {self.low or self.to} and {self.high or self.to})" if low != high else ""
        return f"Automate {self.activity}: {self.to}{spread} instead of people's work"


class SpeedUp(Change):
    """Service time × (1 − by)."""

    main = "by"
    kind: Literal["speed_up"] = "speed_up"
    activity: Name
    by: Share

    def words(self) -> str:
        return f"Make {self.activity} {self._percent()} quicker"


class ReduceRework(Change):
    """That share of the matching loop occurrences is prevented: cut out whole, with what followed from them.

    `to` is the activity returned to, `from` (in Python: `from_`) the last step before the return, `through` any step
    in the loop; at least one is needed.
    """

    main = "by"
    kind: Literal["reduce_rework"] = "reduce_rework"
    to: Name | None = None
    from_: Annotated[Name | None, Field(alias="from")] = None
    through: Name | None = None
    by: Share

    @model_validator(mode="after")
    def _some_place(self) -> Self:
        if self.to is None and self.from_ is None and self.through is None:
            raise ValueError("needs at least one of to, from and through")
        return self

    def words(self) -> str:
        parts = [
            f"back to {self.to}" if self.to else "",
            f"from {self.from_}" if self.from_ else "",
            f"through {self.through}" if self.through else "",
        ]
        return f"Prevent {self._percent()} of the returns {' '.join(p for p in parts if p)}"


class AddCapacity(Change):
    """That many more people in a pool, or for an activity (negative: fewer)."""

    main = "staff"
    kind: Literal["add_capacity"] = "add_capacity"
    pool: Name | None = None
    activity: Name | None = None
    staff: Number

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.pool is None) == (self.activity is None):
            raise ValueError("needs either pool or activity")
        return self

    def words(self) -> str:
        return f"{self.staff:+g} people for {self.pool or self.activity}"


class PoolResources(Change):
    """The staff of these activities serve all of them."""

    kind: Literal["pool_resources"] = "pool_resources"
    activities: Annotated[tuple[Name, ...], Field(min_length=2)]

    def words(self) -> str:
        return f"One team for {', '.join(self.activities)}"


class ChangeHours(Change):
    """New office hours for a pool, or for all."""

    kind: Literal["change_hours"] = "change_hours"
    pool: Name = "all"
    hours: Annotated[dict[StrictStr, StrictStr], Field(min_length=1)]

    def words(self) -> str:
        return f"Office hours of {self.pool}: " + ", ".join(f"{d} {h}" for d, h in self.hours.items())


class Release(Change):
    """A batching wait ends at each such release instead of the observed ones."""

    kind: Literal["release"] = "release"
    activity: Name
    every: Name

    @field_validator("every")
    @classmethod
    def _known_rhythm(cls, value: str) -> str:
        text = value.strip().lower()
        if text in ("immediately", "working day", *WEEKDAYS):
            return text
        hours, _, minutes = text.partition(":")
        if hours.isdigit() and minutes.isdigit() and len(minutes) == 2 and int(hours) < 24 and int(minutes) < 60:
            return f"{int(hours):02d}:{minutes}"
        raise ValueError(
            f"{value!r} is none of 'immediately', 'working day', a weekday such as 'monday', a time such as '13:00'"
        )

    def words(self) -> str:
        rhythm = {"immediately": "as soon as each is ready", "working day": "every working day"}
        when = rhythm.get(
            self.every, f"every {self.every.title()}" if self.every in WEEKDAYS else f"daily at {self.every}"
        )
        return f"Release {self.activity} {when}"


class RunInParallel(Change):
    """These activities start together, after the first one's predecessor."""

    kind: Literal["run_in_parallel"] = "run_in_parallel"
    activities: Annotated[tuple[Name, ...], Field(min_length=2)]

    def words(self) -> str:
        return f"Run {' and '.join(self.activities)} side by side"


class ExpressLane(Change):
    """Cases that meet the condition (values of attributes) go first."""

    main = "priority"
    kind: Literal["express_lane"] = "express_lane"
    where: Annotated[dict[StrictStr, StrictStr], Field(min_length=1)]
    priority: Number = 1.0

    def words(self) -> str:
        return "Express lane where " + ", ".join(f"{k} is {v}" for k, v in self.where.items())


class Divert(Change):
    """That share of a channel's cases arrive by another channel and behave as that channel's cases do."""

    main = "share"
    kind: Literal["divert"] = "divert"
    channel: Name
    to: Name
    share: Share

    def words(self) -> str:
        return f"{self._percent()} of the cases by {self.channel} arrive by {self.to} instead"


class ShortenExternal(Change):
    """The wait on the customer or a third party × (1 − by)."""

    main = "by"
    kind: Literal["shorten_external"] = "shorten_external"
    activity: Name
    by: Share

    def words(self) -> str:
        return f"Shorten the wait for {self.activity} by {self._percent()}"


class Notify(Change):
    """Contact rate × (1 − by) while these steps are awaited (all but external ones by default).

    Contacts that don't come bring on no others either, so contacts may fall by a little more.
    """

    main = "by"
    kind: Literal["notify"] = "notify"
    states: tuple[Name, ...] | None = None
    #: May be negative: portals have raised calls.
    by: Annotated[Number, Field(le=1)]

    def words(self) -> str:
        return f"Tell customers how far their case is: {self._percent()} fewer contacts in those states"


class SelfService(Change):
    """That share of contacts, by reason or state, moves to another channel with its cost.

    As many customers get in touch as before, and as soon again; contacts per case are those that still reach people.
    """

    main = "share"
    kind: Literal["self_service"] = "self_service"
    reason: Name | None = None
    state: Name | None = None
    share: Share
    cost: Annotated[Number, Field(ge=0)]

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.reason is None) == (self.state is None):
            raise ValueError("needs either reason or state")
        return self

    def words(self) -> str:
        return f"{self._percent()} of the contacts about {self.reason or self.state} serve themselves"


class ChangeDemand(Change):
    """Arrivals scaled by (1 + by)."""

    main = "by"
    kind: Literal["change_demand"] = "change_demand"
    by: Annotated[Number, Field(gt=-1)]

    def words(self) -> str:
        low, likely, high = self.belief()
        spread = f" (between {low:+.0%} and {high:+.0%})" if low != high else ""
        return f"Arrivals change by {likely:+.0%}{spread}"


AnyChange = Annotated[
    RemoveStep | Automate | SpeedUp | ReduceRework | AddCapacity | PoolResources | ChangeHours | Release
    | RunInParallel | ExpressLane | Divert | ShortenExternal | Notify | SelfService | ChangeDemand,
    Field(discriminator="kind"),
]  # fmt: skip
