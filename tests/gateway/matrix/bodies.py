"""Bodies and paths made from the published OpenAPI document, and what hostile clients make of them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

NOBODY = "018f0000-0000-7000-8000-00000000dead"
"""An id that nothing has."""

WORDS = (
    *("610822100000", "610822", "13800000000", "990822198005061236", "TEST-01", "test_01", "test-01", "test", "A01"),
    *("laboratory:test-01", "0123456789abcdef0123456789abcdef", "0123456789abcdef" * 4),
    *("610822198005061231", "1", "X", "EdDSA"),
)
"""Texts of which one fits each pattern of the API."""


def resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema without reference, and the first branch of a choice that is not null."""
    while True:
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
            continue
        choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if not choices:
            return schema
        schema = next((choice for choice in choices if choice.get("type") != "null"), choices[0])


def example(schema: Mapping[str, Any], document: Mapping[str, Any], *, full: bool = False) -> Any:
    """A value that a schema accepts: required properties only, or all of them. Raises LookupError for a pattern without a word."""
    schema = resolved(schema, document)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object" | None:
            wanted = schema.get("properties", {})
            names = wanted if full else schema.get("required", [])
            made = {name: example(wanted[name], document, full=full) for name in names}
            if len(made) < schema.get("minProperties", 0):  # a free map that must not be empty
                made[str(example(schema.get("propertyNames") or {"const": "name"}, document))] = example(
                    schema.get("additionalProperties") or {}, document
                )
            return made
        case "array":
            if "prefixItems" in schema:
                return [example(item, document, full=full) for item in schema["prefixItems"]]
            count = max(schema.get("minItems", 0), 1 if full else 0)
            item = resolved(schema.get("items", {}), document)
            if item.get("type") == "string" and "enum" not in item:  # different ones: two collectors are two people
                return [_text(item, number) for number in range(count)]
            return [example(item, document, full=full) for _ in range(count)]
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + (1 if "exclusiveMinimum" in schema else 0))
        case "boolean":
            return False
        case _:
            return _text(schema)


def _text(schema: Mapping[str, Any], number: int = 0) -> str:
    """The text of this number among those that fit, or the last that there is."""
    known = {"uuid": NOBODY, "date": "2021-07-01", "date-time": "2021-07-01T08:00:00+08:00"}
    if schema.get("format") in known:
        return known[schema["format"]]
    low, high = schema.get("minLength", 0), schema.get("maxLength", 10_000)
    words = ("测试", *WORDS) if "pattern" not in schema else WORDS
    fitting = [word for word in words if re.search(schema.get("pattern", ""), word) and low <= len(word) <= high]
    if fitting:
        return fitting[min(number, len(fitting) - 1)]
    if "pattern" not in schema:
        return "x" * low
    raise LookupError(f"no word fits {schema['pattern']}")


def path_of(template: str, operation: Mapping[str, Any], document: Mapping[str, Any], given: Mapping[str, str]) -> str:
    """A path about something that does not exist."""
    schemas = {p["name"]: p["schema"] for p in operation.get("parameters", []) if p["in"] == "path"}

    def filled(match: re.Match[str]) -> str:
        name = match[1]
        return given.get(name) or str(
            example({"pattern": r"^[\x21-\x7e]+$", **resolved(schemas.get(name, {"type": "string"}), document)}, document)
        )

    return re.sub(r"\{(\w+)\}", filled, template)


def with_strangers(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """(body, pointer): a full body with one unknown field, once in each of its objects that lists its fields."""
    whole = example(schema, document, full=True)
    for place in _objects(schema, document, whole, ()):
        body = copy.deepcopy(whole)
        at = body
        for key in place:
            at = at[key]
        at["unexpected_field"] = 1
        yield body, "".join(f"/{key}" for key in (*place, "unexpected_field"))


def _objects(schema: Mapping[str, Any], document: Mapping[str, Any], value: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    schema = resolved(schema, document)
    if isinstance(value, dict):
        if schema.get("additionalProperties") is False:
            yield place
        for name, inner in value.items():
            if name in schema.get("properties", {}):
                yield from _objects(schema["properties"][name], document, inner, (*place, name))
    elif isinstance(value, list) and value and "items" in schema:
        yield from _objects(schema["items"], document, value[0], (*place, 0))


EXTREMES: dict[str, tuple[Any, ...]] = {
    "date": ("9999-12-31", "0001-01-01", "2021-02-30", "21-1-1", 20210701),
    "date-time": ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2021-07-01T08:00:00", "x"),
    "uuid": ("00000000-0000-0000-0000-000000000000", "no-id", 7),
    "integer": (2**62, -(2**62), 1.5, "1e400"),
    "number": (1e308, -1e308, "nan"),
    "string": ("长" * 3999, "\u202e\u200f反", "😀", "%00", "' or 1=1 --", 0),
    "array": ([], [None], {}),
    "object": ([], {"": 1}, "x"),
    "boolean": (2, "perhaps"),
}


def with_extremes(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """(body, name): a minimal body with one property of an extreme or impossible value."""
    shape = resolved(schema, document)
    for name, inner in shape.get("properties", {}).items():
        kind = resolved(inner, document)
        for value in EXTREMES.get(kind.get("format", ""), EXTREMES.get(kind.get("type", "object"), ())):
            yield {**example(schema, document), name: value}, name


def hostile() -> dict[str, bytes]:
    """What no JSON body may be, whatever the route (RFC 8259, RFC 7493)."""
    return {
        "NaN": b'{"a":NaN}',
        "Infinity": b'{"a":[-Infinity]}',
        "a number beyond a double": b'{"a":1e999}',
        "an integer beyond 64 bit": b'{"a":123456789012345678901234567890}',
        "a doubled name": b'{"a":1,"a":1}',
        "a doubled name inside": b'{"a":{"b":1,"b":2}}',
        "deep nesting": b'{"a":' + b"[" * 1500 + b"]" * 1500 + b"}",
        "unclosed nesting": b"[" * 3000,
        "NUL": b'{"a":"\\u0000"}',
        "a raw NUL": b'{"a":"\x00"}',
        "a lone surrogate": b'{"a":"\\ud800"}',
        "a lone surrogate as a name": b'{"\\udc00":1}',
        "no UTF-8": b'{"a":"\xff\xfe"}',
        "UTF-16": '{"a":1}'.encode("utf-16"),
        "half an object": b'{"a":',
        "nothing but a space": b" ",
        "no object": b'"text"',
        "null": b"null",
    }
