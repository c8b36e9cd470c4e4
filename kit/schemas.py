"""Bases of messages: unknown fields are refused, NaN is no number, text is trimmed of nothing but refused when it cannot be stored."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, StringConstraints


class Message(BaseModel):
    """A request body: an unknown field is 422 with its pointer."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, str_max_length=4000)


class Answer(BaseModel):
    """A response body: lists its own fields and inherits no table."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
DivisionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}[0-9L]?[0-9]{0,5}[A-Z0-9]{0,6}$")]


def _no_count_of_seconds(value: object) -> object:
    """`20210701` would be read as seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and ":" in value):
        return value
    raise ValueError("datetime_parsing", "时间格式应为 RFC 3339", "an instant is RFC 3339 with offset")


Instant = Annotated[AwareDatetime, BeforeValidator(_no_count_of_seconds)]


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _no_count_of_days(value: object) -> object:
    """`0` would be read as seconds since 1970, `2021-07-01T00:00:00Z` as a day of no place."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    raise ValueError("date_parsing", "日期格式应为 YYYY-MM-DD", "a day is YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_no_count_of_days)]
"""A calendar day as clients write it. Every date of a request is one (tests/house)."""
