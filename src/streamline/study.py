"""The study file: what a study is made of, checked as a whole, every problem with its path and line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    Field,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from streamline.errors import StudyError, listed, suggestion
from streamline.log.calendar import Calendar
from streamline.study_contacts import ContactsPart, FeedbackPart
from streamline.study_file import Place, read_yaml
from streamline.study_parts import Day, Duration, Money, Month, Part, Records
from streamline.whatif.change import AnyChange, Change, Name, Number, Share
from streamline.whatif.problems import worded
from streamline.whatif.value import LONGEST, Terms


class About(Part):
    """What the study is called, and whose service it is about."""

    title: Name
    agency: Name
    service: Name


class LogPart(Records):
    """The event log: its file, or a table or path that Spark reads, and the names of its columns."""

    path: Name | None = None
    spark: Name | None = None
    case: Name | None = None
    activity: Name | None = None
    complete: Name | None = None
    start: Name | None = None
    resource: Name | None = None
    channel: Name | None = None
    arrival: Name | None = None
    lifecycle: Name | None = "auto"
    attributes: tuple[Name, ...] = ()
    external: tuple[Name, ...] = ()
    ends: tuple[Name, ...] | None = None
    duplicates: Literal["keep", "drop"] = "keep"

    @property
    def source(self) -> str:
        """The file, table or path, as written."""
        return str(self.path or self.spark)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.path is None) == (self.spark is None):
            raise ValueError("needs either path (a file) or spark (a table, or a path that Spark reads)")
        if self.spark is not None and (self.delimiter is not None or self.encoding is not None):
            raise ValueError("delimiter and encoding are for files; Spark has its own options for tables")
        return self


class Window(Part):
    """Cases that arrived from the first to the last day, both included, are counted."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    to: Day | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.from_ and self.to and self.from_ > self.to:
            raise ValueError(f"it ends ({self.to}) before it begins ({self.from_})")
        return self


class CalendarPart(Part):
    """Office hours."""

    hours: Annotated[dict[StrictStr, StrictStr], Field(min_length=1)]
    holidays: StrictStr | tuple[Day, ...] | None = None
    #: The log's when None.
    timezone: StrictStr | None = None

    @model_validator(mode="after")
    def _readable(self) -> Self:
        self.calendar("UTC")
        return self

    def calendar(self, timezone: str) -> Calendar:
        """The calendar, in its own zone or in this one."""
        return Calendar(hours=self.hours, holidays=self.holidays, timezone=self.timezone or timezone)


class Standard(Part):
    """The service standard: this share of the cases within this elapsed time."""

    cycle_time: Duration
    target: Share | None = None


class CustomerTimePart(Part):
    """How long responses take customers, as in the agency's estimates of paperwork burden."""

    #: A contact.
    contact: Duration | None = None
    #: By activity: one execution of it is one response.
    steps: Annotated[dict[StrictStr, Duration], Field(default_factory=dict)]

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.contact is None and not self.steps:
            raise ValueError("needs contact, steps (activities with how long each takes customers), or both")
        return self


class Costs(Part):
    """What things cost. Nothing has a default: what isn't given is not monetised."""

    currency: Name
    staff_hour: Money | None = None
    contact: dict[StrictStr, Money] | None = None
    customer_hour: Money | None = None
    customer_time: CustomerTimePart | None = None
    discount_rate: Share | None = None
    discount_source: StrictStr | None = None
    #: Over how many years from a scenario's start its value is added up.
    years: Annotated[StrictInt, Field(ge=1, le=LONGEST)] | None = None

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if self.discount_rate is not None and not (self.discount_source or "").strip():
            raise ValueError("discount_rate needs a discount_source: where the rate comes from")
        return self


class Scenario(Part):
    """A named set of changes, with who is to make them and when."""

    name: Name
    signature: bool = False
    changes: Annotated[tuple[AnyChange, ...], Field(min_length=1)]
    owner: StrictStr | None = None
    start: Month | None = None
    full_effect: Month | None = None
    cost_once: Money | None = None
    cost_per_year: Money | None = None

    @property
    def slug(self) -> str:
        """The name as it stands in the ids of findings."""
        return slug(self.name)

    @property
    def ramp_months(self) -> int:
        """Months from the start to the full effect; 0 where either isn't set."""
        if self.start is None or self.full_effect is None:
            return 0
        first, last = (12 * int(m[:4]) + int(m[5:]) for m in (self.start, self.full_effect))
        return last - first

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.slug:
            raise ValueError(f"name {self.name!r} needs a letter or a digit")
        if self.start and self.full_effect and self.start > self.full_effect:
            raise ValueError(f"full_effect ({self.full_effect}) comes before start ({self.start})")
        return self


class ContactPart(Part):
    """Whom readers of the data write to."""

    name: Name
    email: StrictStr

    @field_validator("email")
    @classmethod
    def _address(cls, value: str) -> str:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
            raise ValueError(f"{value!r} is no e-mail address")
        return value


class ReportPart(Part):
    """How the section is written."""

    #: Whom readers of the data write to, for data.json.
    contact: ContactPart | None = None

    #: A Word document whose styles, margins, header and footer section.docx takes; its path is relative to the study file.
    template: Name | None = None


class Privacy(Part):
    """What is not published: groups of fewer cases than `minimum_cell`, and anything by a sensitive attribute."""

    minimum_cell: Annotated[int, Field(ge=1)] = 11
    #: Attributes of the log by which nothing is told.
    sensitive: tuple[Name, ...] = ()


class Simulation(Part):
    """How many draws an estimate takes, and their seed."""

    draws: Annotated[int, Field(ge=20)] = 200
    seed: Annotated[int, Field(ge=0)] = 1
    #: At which shares of its strength each scenario is estimated besides the whole, in whole percents; none leaves this out.
    shares: Annotated[tuple[Annotated[Number, Field(gt=0, lt=1)], ...], Field(max_length=9)] = (0.25, 0.5, 0.75)

    @field_validator("shares")
    @classmethod
    def _in_percent(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        percents = [100 * s for s in value]
        if any(abs(p - round(p)) > 1e-9 or round(p) in (0, 100) for p in percents):
            raise ValueError("shares must be whole percents, such as 0.25")
        if len({round(p) for p in percents}) < len(percents):
            raise ValueError("each share once")
        return tuple(sorted(value))


class Study(Part):
    """A study: records, what to measure, what to propose."""

    study: About
    log: LogPart
    contacts: ContactsPart | None = None
    feedback: FeedbackPart | None = None
    window: Window = Window()
    calendar: CalendarPart | None = None
    pools: dict[StrictStr, tuple[StrictStr, ...]] | None = None
    standard: Standard | None = None
    costs: Costs | None = None
    #: What the cases are compared by: an attribute of the log such as the office, or "channel".
    compare: Name | None = None
    scenarios: tuple[Scenario, ...] = ()
    privacy: Privacy = Privacy()
    report: ReportPart = ReportPart()
    simulation: Simulation = Simulation()

    @property
    def terms(self) -> Terms:
        """How the study adds up money of different years."""
        if self.costs is None:
            return Terms()
        costs = self.costs
        return Terms(rate=costs.discount_rate, source=costs.discount_source or "", years=costs.years)

    @field_validator("contacts")
    @classmethod
    def _known_customers(cls, value: ContactsPart | None, info: ValidationInfo) -> ContactsPart | None:
        log = info.data.get("log")
        if (
            value is not None
            and value.known_by is not None
            and log is not None
            and value.known_by not in log.attributes
        ):
            raise ValueError(
                f"customer needs the attribute of the cases that holds the same id: {value.known_by!r} isn't among the log's "
                f"attributes.{suggestion(value.known_by, log.attributes)} Add it there, or name another as customer_attribute"
            )
        return value

    @field_validator("compare")
    @classmethod
    def _comparable(cls, value: str | None, info: ValidationInfo) -> str | None:
        log = info.data.get("log")
        if value is None or log is None:
            return value
        known = [*log.attributes, *([] if log.channel is None else ["channel"])]
        if value not in known:
            raise ValueError(
                f"{value!r} is neither among the log's attributes nor its channel.{suggestion(value, known)} Add it to the log's "
                "attributes, or name another"
            )
        return value

    @field_validator("privacy")
    @classmethod
    def _sensitive(cls, value: Privacy, info: ValidationInfo) -> Privacy:
        log = info.data.get("log")
        if log is not None:
            check_sensitive(value.sensitive, log, info.data.get("scenarios") or ())
        return value

    @field_validator("scenarios")
    @classmethod
    def _consistent(cls, value: tuple[Scenario, ...]) -> tuple[Scenario, ...]:
        slugs = [s.slug for s in value]
        twice = sorted({s for s in slugs if slugs.count(s) > 1})
        several = [s.name for s in value if s.signature]
        problems = []
        if twice:
            same = [s.name for s in value if s.slug in twice]
            problems.append(f"two names give the same id ({', '.join(twice)}): {listed(same)}")
        if len(several) > 1:
            problems.append(f"only one can be the signature initiative; these are: {listed(several)}")
        if problems:
            raise ValueError("; ".join(problems))
        return value


def check_sensitive(names: Sequence[str], log: LogPart, scenarios: Sequence[Scenario]) -> None:
    """Raise ValueError where a sensitive attribute isn't an attribute of the log, or is told of by another part of the study."""
    problems = []
    roles = {
        getattr(log, role): role for role in ("case", "activity", "complete", "start", "resource", "channel", "arrival")
    }
    for name in names:
        if name not in log.attributes:
            problems.append(
                f"sensitive: {name!r} isn't among the log's attributes.{suggestion(name, log.attributes)} "
                f"These are: {listed(log.attributes) or 'none'}"
            )
        elif name in roles:
            problems.append(
                f"sensitive: {name!r} is the log's {roles[name]} too, and would be told as that; name another column there"
            )
        choosing = [
            s.name
            for s in scenarios
            if any(name in w for c in s.changes if (w := getattr(c, "where", None)) is not None)
        ]
        if choosing:
            problems.append(
                f"sensitive: {listed(choosing)} chooses cases by {name!r} (where), and what it would do tells of it; choose by "
                "another attribute, or leave the scenario out"
            )
    if problems:
        raise ValueError("; ".join(problems))


def slug(name: str) -> str:
    """A name as part of an id: lower case, every run of other characters than letters and digits one underscore.

    >>> slug("Complete at intake"), slug("W_Call – after offers")
    ('complete_at_intake', 'w_call_after_offers')
    """
    return re.sub(r"[\W_]+", "_", name.lower()).strip("_")


def read_study(path: str | Path) -> Study:
    """Read and check a study file. Raises StudyError with all problems at once, each with its path and line."""
    file = Path(path)
    content, lines = read_yaml(file)
    try:
        return Study.model_validate(content)
    except ValidationError as error:
        found = [dict(e) for e in error.errors()]
        # a list whose items failed counts as too short as well: only the items' own problems help
        told = [e for e in found if not (e["type"] == "too_short" and any(_below(o, e) for o in found))]
        problems = [_problem(e, content, lines) for e in told]
        raise StudyError(file.name, sorted(set(problems), key=_line_of)) from None


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the study file, so that editors complete it."""
    schema = Study.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "streamline study file"}


def _below(error: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether an error lies inside the place of another."""
    return len(error["loc"]) > len(other["loc"]) and error["loc"][: len(other["loc"])] == other["loc"]


def _problem(error: dict[str, Any], content: Any, lines: dict[Place, int]) -> str:
    place, here = _place(error["loc"], content)
    at: Place = place
    while at and at not in lines:
        at = at[:-1]
    name = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place).lstrip(".") or "the file"
    return f"line {lines.get(at, 1)}: {name}: {_message(error, here)}"


def _place(loc: tuple[Any, ...], content: Any) -> tuple[Place, Any]:
    """The path in the file: pydantic's own steps (names of kinds of change) left out; and the keys beside it."""
    place: list[str | int] = []
    here, beside = content, content
    for part in loc:
        if isinstance(part, str) and isinstance(here, dict) and here.get("kind") == part:
            continue
        beside = here
        place.append(part)
        inside = part in here if isinstance(here, dict) else isinstance(here, list) and part in range(len(here))
        here = here[part] if inside else None
    return tuple(place), beside


def _message(error: dict[str, Any], beside: Any) -> str:
    model = _model_at(error)
    if model is None:
        return worded(error, known=())
    unset = {n: f for n, f in _keys(model).items() if not isinstance(beside, dict) or n not in beside}
    needed = [n for n, f in unset.items() if f.is_required()] if issubclass(model, Change) else []
    return worded(error, known=list(unset), needed=needed)


def _model_at(error: dict[str, Any]) -> type[BaseModel] | None:
    """The model whose keys stand at the place of an error."""
    model: Any = Study
    for part in error["loc"][:-1]:
        if isinstance(part, int):
            continue
        if isinstance(model, type) and issubclass(model, BaseModel):
            field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
            model = field.annotation if field is not None else model
            model = _models(model).get("", model)
        elif isinstance(model, dict):
            model = model.get(part, model)
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            found = _models(model)
            model = found.get(str(part), next(iter(found.values()), model)) if found else model
        elif part in (found := _kinds()):
            model = found[str(part)]
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return None
    return model


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the names that a study file gives them."""
    return {f.alias or n: f for n, f in model.model_fields.items()}


def _kinds() -> dict[str, Any]:
    from streamline.whatif import change

    classes = [c for c in vars(change).values() if isinstance(c, type) and issubclass(c, change.Change)]
    return {str(c.model_fields["kind"].default): c for c in classes if "kind" in c.model_fields}


def _models(annotation: Any) -> dict[str, Any]:
    """The pydantic models inside an annotation such as `tuple[Scenario, ...]`, the only one under ''."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {"": annotation}
    found: dict[str, Any] = {}
    for argument in getattr(annotation, "__args__", ()):
        found.update(_models(argument))
    return found


def _line_of(problem: str) -> tuple[int, str]:
    match = re.match(r"line (\d+)", problem)
    return (int(match.group(1)) if match else 0, problem)
