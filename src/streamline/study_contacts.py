"""The study file's parts about customers: their contacts, and what they say in surveys."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from streamline.errors import listed
from streamline.measure.contacts.linking import CLOSED_DAYS
from streamline.study_parts import Day, Part, Records
from streamline.whatif.change import Name, Number, Share


class Covers(Part):
    """The days that the records of contacts cover, both included."""

    from_: Annotated[Day, Field(alias="from")]
    to: Day

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.from_ > self.to:
            raise ValueError(f"it ends ({self.to}) before it begins ({self.from_})")
        return self

    @property
    def dates(self) -> tuple[str, str]:
        """The first day, and the day after the last one."""
        return self.from_.isoformat(), (self.to + timedelta(days=1)).isoformat()


class ContactsPart(Records):
    """The contact log: its file and the names of its columns; or weekly totals, with a column of counts."""

    path: Name
    case: Name | None = None
    time: Name | None = None
    channel: Name | None = None
    reason: Name | None = None
    status_reasons: tuple[Name, ...] = ()
    #: Column with the customer's id, and the attribute of the cases that holds it too (of the same name when None).
    customer: Name | None = None
    customer_attribute: Name | None = None
    #: What becomes of a contact whose customer has several open cases.
    ambiguous: Literal["shared", "left"] = "left"
    #: Column that says how an attempt ended, the outcomes that reached nobody, and the share of these dialled again.
    outcome: Name | None = None
    abandoned: tuple[Name, ...] = ()
    redial_rate: Share | None = None
    covers: Covers | None = None
    duplicates: Literal["keep", "drop"] = "keep"
    requests: Literal["count", "leave"] = "count"
    #: Days after the end in which contacts count as being about the closed case.
    closed_days: Annotated[int, Field(ge=0)] = CLOSED_DAYS
    #: For totals without cases: column with a day of the week (or `time`), and column with the number of contacts.
    week: Name | None = None
    count: Name | None = None

    @property
    def are_totals(self) -> bool:
        """Whether the file holds numbers of contacts by week, and not contacts."""
        return self.count is not None

    @property
    def known_by(self) -> str | None:
        """The attribute of the cases that holds the customer's id; None where contacts are linked by case alone."""
        return None if self.customer is None else self.customer_attribute or self.customer

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.are_totals:
            _totals_only(self)
            return self
        if self.week is not None:
            raise ValueError("week is for totals by week, which need a count (the column with the number of contacts)")
        if self.time is None:
            raise ValueError(
                "needs time (the column with the instant of the contact), or week and count for weekly totals"
            )
        for name, needed in _NEEDS.items():
            if name in self.model_fields_set and getattr(self, name) and not getattr(self, needed):
                raise ValueError(f"{name} has no meaning without {needed}")
        if self.abandoned and self.redial_rate is None:
            raise ValueError(
                "abandoned attempts need a redial_rate: the share of them that is dialled again (0 to 1), from the telephone "
                "system or a survey"
            )
        return self


#: Fields that say something only beside another.
_NEEDS = {
    "status_reasons": "reason",
    "customer_attribute": "customer",
    "ambiguous": "customer",
    "abandoned": "outcome",
    "redial_rate": "abandoned",
}
#: What weekly totals have.
_OF_TOTALS = frozenset(Records.model_fields) | {"path", "week", "time", "count"}


def _totals_only(part: ContactsPart) -> None:
    """ValueError for totals with more or less than they have."""
    if (part.week is None) == (part.time is None):
        raise ValueError("totals need either week or time: the column with a day of the week that is counted")
    more = [name for name in ContactsPart.model_fields if name in part.model_fields_set - _OF_TOTALS]
    if more:
        raise ValueError(
            f"count makes these weekly totals, which have no {listed(more)}; leave that out, or leave out count"
        )


class FeedbackPart(Records):
    """Survey scores: the file and the names of its columns, and the ends of the scale."""

    path: Name
    case: Name
    time: Name | None = None
    score: Name
    scale: tuple[Number, Number]

    @field_validator("scale")
    @classmethod
    def _rising(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] >= value[1]:
            raise ValueError(f"must rise from the worst to the best score: {value[0]:g}, {value[1]:g}")
        return value
