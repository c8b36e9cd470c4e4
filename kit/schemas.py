"""Bases and types of messages: an unknown field is refused, NaN is not a number, and one type per kind of text reads it the same way in every field."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    StringConstraints,
    WithJsonSchema,
    model_serializer,
)

from kit import clock, names, scope, text


class Message(BaseModel):
    """A request body: an unknown field is 422 with its pointer."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, str_max_length=4000)


class Answer(BaseModel):
    """A response body: lists its own fields and inherits no table. Its ids of people, towns and actors leave with their names (kit.names)."""

    unnamed: ClassVar[frozenset[str]] = frozenset()
    """Ids that have no name beside them; why stands in tests/contracts/test_names.py."""
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        from_attributes=True,
        json_schema_serialization_defaults_required=True,  # a field with a default is always sent, and clients may rely on it
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """As clients see it: with the names."""
        shown = handler(core_schema)
        if handler.mode == "serialization":
            if issubclass(cls, Sparse):
                told = handler.resolve_ref_schema(shown)
                told["required"] = [name for name, field in cls.model_fields.items() if field.is_required()]
            names.show(handler.resolve_ref_schema(shown), cls.unnamed)
        return shown


class Sparse(Answer):
    """A part of an answer that holds only what it was given: a field that was not set stays out, and null says something of its own."""

    @model_serializer(mode="wrap")
    def _given(self, dump: SerializerFunctionWrapHandler):
        return {name: value for name, value in dump(self).items() if name in self.model_fields_set}


def _line(value: object) -> object:
    return text.tidy(value) if isinstance(value, str) else value


def _lines(value: object) -> object:
    return text.tidy(value, lines=True) if isinstance(value, str) else value


def _number(value: object) -> object:
    return text.without_blanks(value) if isinstance(value, str) else value


def _says_something(value: str) -> str:
    if not text.says_something(value):
        raise ValueError("nothing_said", "须填写文字或数字", "needs a letter, a digit or a Han character")
    return value


Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(_line), AfterValidator(_says_something)]
"""One line that says something: a name, a reason, a place."""
LongText = Annotated[str, StringConstraints(min_length=1, max_length=2000), BeforeValidator(_lines), AfterValidator(_says_something)]
"""Several lines that say something: a statement, a description."""
OptionalText = Annotated[str, StringConstraints(max_length=200), BeforeValidator(_line)]
"""One line that may be empty: a remark."""
DocumentNo = Annotated[str, StringConstraints(min_length=1, max_length=100), BeforeValidator(_number), AfterValidator(_says_something)]
"""The number of an order, a letter, a seal or a licence: no blanks inside, however it was copied."""
PersonName = Annotated[str, StringConstraints(min_length=1, max_length=60), BeforeValidator(_line), AfterValidator(_says_something)]
"""The name of a person, with the middle dot of names in other languages (·)."""
Phone = Annotated[str, StringConstraints(pattern=r"^(1[0-9]{10}|0[0-9]{9,11})$"), BeforeValidator(_number)]
"""A mobile or fixed line number of the mainland, with its area code; blanks are left out."""


def _division(value: object) -> object:
    return scope.division_code(text.without_blanks(value)) if isinstance(value, str) else value


DivisionCode = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{6}[0-9L][0-9]{5}[A-Z0-9]{0,6}$"),
    BeforeValidator(_division),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]{6}([0-9L][0-9]{2})?|[0-9]{6}[0-9L][0-9]{5}[A-Z0-9]{0,6})$"}),
]
"""A division: 12 digits, or 6 for a county and 9 for a town or service centre (L), which mean the same; the county's own codes for grids (G) as they are."""


def _not_a_count_of_seconds(value: object) -> object:
    """`20210701` would be read as seconds since 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and ":" in value):
        return value
    raise ValueError("datetime_parsing", "时间格式应为 RFC 3339", "an instant is RFC 3339 with offset")


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_not_a_count_of_seconds),
    PlainSerializer(clock.shown, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment: taken with any offset, shown in one form in every answer (RFC 3339 in UTC with `Z`)."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _not_a_count_of_days(value: object) -> object:
    """`0` would be read as seconds since 1970, `2021-07-01T00:00:00Z` as a day without a place."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    raise ValueError("date_parsing", "日期格式应为 YYYY-MM-DD", "a day is YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_not_a_count_of_days)]
"""A calendar day as clients write it. Every date of a request is one (tests/house)."""


def _word(value: object) -> object:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise ValueError("bool_parsing", "应为 true 或 false", "must be true or false")


Flag = Annotated[bool, BeforeValidator(_word)]
"""Yes or no, as `true` or `false` alone: `0`, `off` and `no` are refused in a query and in a body alike."""
