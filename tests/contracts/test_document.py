"""The published document is one that a client can be generated from: named codes, versions, problems where they happen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.openapi import merged
from gateway.documents import contract


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What the gateway serves at /openapi.json."""
    return merged()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path, operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """Every object within a document."""
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from parts(child)
    elif isinstance(node, list):
        for child in node:
            yield from parts(child)


def test_every_list_of_codes_has_a_name(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    named = {name for name, schema in schemas.items() if "enum" in schema}
    assert len(named) > 50
    inside = [part for name, schema in schemas.items() if name not in named for part in parts(schema)]
    inline = [part for part in [*inside, *parts(document["paths"])] if len(part.get("enum", ())) > 1 and part.get("type") == "string"]
    assert inline == [], "a code without a name"
    values = [tuple(schemas[name]["enum"]) for name in named]
    assert len(values) == len(set(values)), "one list of codes has two names"


def test_a_change_names_the_version_that_it_changes(document: dict[str, Any]) -> None:
    asked = 0
    for method, path, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "If-Match":
                asked += 1
                assert parameter["required"], path
                assert parameter["schema"]["pattern"] == '^"v[0-9]+"$'
                assert {"412", "428"} <= operation["responses"].keys(), (method, path)
                good = next(answer for code, answer in operation["responses"].items() if code.startswith("2"))
                assert "ETag" in good.get("headers", {}) or "204" in operation["responses"], (method, path)
    assert asked > 50


def test_problems_are_declared_where_they_happen(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        wanted = {"400", "401", "404", "422", "429", "503", "504"} | ({"409", "413"} if method in contract.CHANGING else set())
        assert wanted <= operation["responses"].keys(), (method, path)
        assert ("412" in operation["responses"]) == contract.has_version(operation), path
    slugs = document["components"]["schemas"]["ProblemType"]["enum"]
    assert {"/problems/stale-version", "/problems/bad-cursor", "/problems/not-signed-in"} <= set(slugs)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_names_of_schemas_tell_nothing_of_modules(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if "__" in name or "." in name] == []


def test_what_is_always_sent_is_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    pages = [schema for name, schema in schemas.items() if name.startswith(("Page_", "Listed_"))]
    assert pages
    assert all({"items", "next"} <= set(schema["required"]) for schema in pages)


def test_every_property_and_parameter_says_what_it_is(document: dict[str, Any]) -> None:
    """In Chinese and English, from gateway/documents/fields.csv; and the file holds no word that nothing uses."""
    assert contract.describe(document) == []
    schemas = document["components"]["schemas"].values()
    described = [part["description"] for schema in schemas for part in schema.get("properties", {}).values()]
    assert all(
        any("\u4e00" <= sign <= "\u9fff" for sign in text) and any(sign.isascii() and sign.isalpha() for sign in text) for text in described
    )
    used = {name for schema in schemas for name in schema.get("properties", {})}
    used |= {parameter["name"] for _, _, operation in operations(document) for parameter in operation.get("parameters", ())}
    assert {name for name in contract.words() if name.rsplit(".", 1)[-1] not in used} == set()


def test_the_naming_of_codes_bites() -> None:
    planted = {
        "paths": {
            "/x": {
                "get": {
                    "operationId": "x",
                    "parameters": [{"name": "state", "in": "query", "schema": {"type": "string", "enum": ["a", "b"]}}],
                }
            }
        },
        "components": {"schemas": {"Row": {"properties": {"state": {"type": "string", "enum": ["a", "b"], "default": "a"}}}}},
    }
    contract.name_codes(planted, {"toys.toy.state": {"a": {}, "b": {}}})
    assert planted["components"]["schemas"]["ToyState"]["enum"] == ["a", "b"]
    assert planted["components"]["schemas"]["Row"]["properties"]["state"] == {"$ref": "#/components/schemas/ToyState", "default": "a"}
    assert planted["paths"]["/x"]["get"]["parameters"][0]["schema"] == {"$ref": "#/components/schemas/ToyState"}
