"""Every list that a client can read is asked in one way: page, cursor, order, counts, three formats, Link (ADR 0024)."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from kit.lists.listing import NDJSON, XLSX
from tests.published import published

ASKED = {"limit", "cursor", "sort", "count", "format"}
EXCEPTIONS: Mapping[str, str] = {
    "/precursor/v1/checklists": "one form: its items are read together and in the order of the regulation",
    "/precursor/v1/inspections/{inspection_id}/checklist": "one form: its items are read together and in the order of the regulation",
    "/registry/v1/co-management/agreements/{agreement_id}/changes": "the partner's feed: signed lines in their order, from a cursor that outlives the caller",
    "/registry/v1/co-management/agreements/{agreement_id}/snapshot": "the partner's feed: the whole of one moment under one signature",
}
"""Reads of several things that are no list, and why. It may only become shorter."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What the gateway serves at /openapi.json."""
    return published().document


def resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that a reference names."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def reads_of_several(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Path and operation of every GET and every search whose answer is an array or has `items`."""
    for path, operations in document["paths"].items():
        operation = operations.get("post" if path.endswith("/search") else "get", {})
        for content in (answer.get("content", {}) for code, answer in operation.get("responses", {}).items() if code.startswith("2")):
            schema = resolved(content.get("application/json", {}).get("schema", {}), document)
            if schema.get("type") == "array" or "items" in schema.get("properties", {}):
                yield path, operation


def lacks(operation: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    """What a read of several things lacks to be a list."""
    answer = operation["responses"]["200"]
    schema = resolved(answer["content"]["application/json"]["schema"], document)
    asked = {resolved(parameter, document)["name"] for parameter in operation.get("parameters", ())}
    found = [f"no ?{name}" for name in sorted(ASKED - asked)]
    found += [f"no `{name}` in its page" for name in ("items", "next", "total", "counts") if name not in schema.get("properties", {})]
    found += [f"no {kind}" for kind in (NDJSON, XLSX) if kind not in answer["content"]]
    return [*found, *([] if "Link" in answer.get("headers", {}) else ["no Link header"])]


def test_every_read_of_several_things_is_a_list(document: dict[str, Any]) -> None:
    several = list(reads_of_several(document))
    assert len(several) > 80
    assert {path: found for path, operation in several if path not in EXCEPTIONS and (found := lacks(operation, document))} == {}
    assert len(EXCEPTIONS) <= 4
    assert set(EXCEPTIONS) == {path for path, operation in several if lacks(operation, document)}, "an exception that nothing needs"


def test_the_law_of_lists_bites(document: dict[str, Any]) -> None:
    whole = document["paths"]["/alerts/v1/alerts"]["get"]
    assert lacks(whole, document) == []
    bare: dict[str, Any] = {"responses": {"200": {"content": {"application/json": {"schema": {"type": "array"}}}}}}
    planted = {"paths": {"/toys": {"get": bare}}, "components": document["components"]}
    assert [path for path, _ in reads_of_several(planted)] == ["/toys"]
    planted["paths"] = {"/toys/search": {"post": bare}, "/toys": {"post": bare}}
    assert [path for path, _ in reads_of_several(planted)] == ["/toys/search"]
    assert len(lacks(bare, document)) == len(ASKED) + 4 + 2 + 1
    for name in ASKED:
        less = copy.deepcopy(whole)
        less["parameters"] = [parameter for parameter in less["parameters"] if resolved(parameter, document)["name"] != name]
        assert lacks(less, document) == [f"no ?{name}"]
