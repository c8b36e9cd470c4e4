"""Every part of an answer and of a body has a type: a client never has to guess what `{}` may hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.openapi import merged

OPEN = {
    "get /openapi.json 200 application/json": "the document itself, whose shape OpenAPI 3.1 defines",
}
"""What is open by nature, and why. It may only shrink."""
ANNOTATIONS = frozenset({"title", "description", "default", "examples", "example", "deprecated"})
COMPOUND = ("anyOf", "oneOf", "allOf", "prefixItems")
MAPS = ("properties", "patternProperties", "$defs")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What the gateway serves at /openapi.json."""
    return merged()


def untyped(schema: Any, place: str) -> Iterator[str]:
    """Where within a schema anything at all may stand."""
    if schema is True or not schema.keys() - ANNOTATIONS:
        yield place
        return
    kind = schema.get("type")
    rest = schema.get("additionalProperties", not ({*MAPS, *COMPOUND, "$ref"} & schema.keys()))
    if kind == "object" and rest in (True, {}):
        yield place
    if kind == "array" and not ({"items", "prefixItems"} & schema.keys()):
        yield place
    for word in MAPS:
        for name, child in schema.get(word, {}).items():
            yield from untyped(child, f"{place}.{name}")
    for word in ("items", "additionalProperties", "itemSchema", "contentSchema"):
        if not isinstance(schema.get(word, False), bool):
            yield from untyped(schema[word], f"{place}.{word}")
    for word in COMPOUND:
        for child in schema.get(word, ()):
            yield from untyped(child, place)


def places(document: dict[str, Any]) -> Iterator[str]:
    """Every untyped part of a document: in its schemas, parameters, bodies and answers; and answers that say nothing of what they hold."""
    for name, schema in document["components"]["schemas"].items():
        yield from untyped(schema, name)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            for parameter in operation.get("parameters", ()):
                yield from untyped(parameter["schema"], f"{where} ?{parameter['name']}")
            bodies = [("body", operation.get("requestBody", {}))]
            for status, body in bodies + [one for one in operation["responses"].items() if one[0].startswith("2")]:
                if status.startswith("2") and status != "204" and not body.get("content"):
                    yield f"{where} {status}"
                for kind, content in body.get("content", {}).items():
                    for word in ("schema", "itemSchema"):
                        if word in content or word == "schema":
                            yield from untyped(content.get(word, {}), f"{where} {status} {kind}")


def test_nothing_in_an_answer_or_a_body_is_untyped(document: dict[str, Any]) -> None:
    assert set(places(document)) == OPEN.keys()
    assert len(OPEN) == 1


def test_no_answer_is_a_bare_array(document: dict[str, Any]) -> None:
    """An object can grow; an array cannot (docs/api.md 1)."""
    bare = [
        f"{method} {path} {status}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for status, answer in operation["responses"].items()
        for content in answer.get("content", {}).values()
        if content.get("schema", {}).get("type") == "array"
    ]
    assert bare == []


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"title": "Value", "description": "值 · value"},
        {"type": "object"},
        {"type": "object", "additionalProperties": True},
        {"type": "array"},
        {"type": "array", "items": {}},
        {"anyOf": [{"type": "object", "additionalProperties": True}, {"type": "null"}]},
        {"type": "object", "properties": {"numbers": {"type": "object", "additionalProperties": {}}}},
        {"type": "object", "properties": {"x": {"type": "string"}}, "additionalProperties": True},
        {"type": "string", "contentMediaType": "application/json", "contentSchema": {}},
    ],
)
def test_a_planted_part_without_a_type_is_found(schema: dict[str, Any]) -> None:
    assert list(untyped(schema, "planted"))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "patternProperties": {"^[A-Z]$": {"type": "string"}}},
        {"type": "object", "properties": {}, "additionalProperties": False},
        {"$ref": "#/components/schemas/Any"},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "string"}]},
    ],
)
def test_what_has_a_type_is_left_alone(schema: dict[str, Any]) -> None:
    assert list(untyped(schema, "told")) == []
