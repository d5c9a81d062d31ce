"""What the parts of a study file are made of: fields, days and money, and how a file of records is read."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictStr

from streamline.log.roles import MAX_REJECTED
from streamline.units import parse_duration
from streamline.whatif.change import Number, Share


def _day(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)):
        return value
    raise ValueError("must be a day such as 2025-03-01")


def _length(value: str) -> str:
    parse_duration(value)
    return value


Day = Annotated[date, BeforeValidator(_day)]
Duration = Annotated[StrictStr, AfterValidator(_length)]
Money = Annotated[Number, Field(ge=0)]
Month = Annotated[StrictStr, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


class Part(BaseModel):
    """Some keys of a study file; no others may stand beside them."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


class Records(Part):
    """How a file of records is read; see `read_log`."""

    date_format: StrictStr | None = None
    missing: tuple[StrictStr, ...] = ()
    max_rejected: Share = MAX_REJECTED
    delimiter: StrictStr | None = None
    encoding: StrictStr | None = None
    timezone: StrictStr | None = None
