"""What the parts of a study file are made of: fields, days and money, and how a file of records is read."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, model_validator

from streamline.log.database import holds_password, is_address
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
    """How a file of records, or the rows of a database, are read; see `read_log`."""

    date_format: StrictStr | None = None
    missing: tuple[StrictStr, ...] = ()
    max_rejected: Share = MAX_REJECTED
    delimiter: StrictStr | None = None
    encoding: StrictStr | None = None
    timezone: StrictStr | None = None
    #: What is read where the path is the address of a database.
    query: StrictStr | None = None
    table: StrictStr | None = None

    @model_validator(mode="after")
    def _readable_source(self) -> Self:
        path = getattr(self, "path", None)
        if path is None or not is_address(path):
            if self.query is not None or self.table is not None:
                raise ValueError(
                    "query and table are for databases: path: postgresql://user@host/name, or sqlite:///file.db"
                )
            return self
        if holds_password(path):
            raise ValueError(
                "the path holds a password, and a study file is shared; leave it out, and set PGPASSWORD or a password file"
            )
        if (self.query is None) == (self.table is None):
            raise ValueError("a database needs either query (such as: select * from events order by id) or table")
        if self.delimiter is not None or self.encoding is not None:
            raise ValueError("delimiter and encoding are for files; a database needs none")
        return self
