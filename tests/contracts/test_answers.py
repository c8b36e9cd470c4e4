"""Every test that calls the house holds the answer against the published document (tests/published.py); this shows that it would see a wrong one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kit.call import Reply
from tests.published import Published, events_of

LIST = {"application/json": {"schema": {"$ref": "#/components/schemas/Listed"}}, "application/x-ndjson": {"schema": {"type": "string"}}}
EVENT = {"properties": {"id": {"maxLength": 3}, "data": {"type": "string", "contentSchema": {"$ref": "#/components/schemas/Item"}}}}
STREAM = {"text/event-stream": {"schema": {"type": "string"}, "itemSchema": EVENT}}
TAG = {"ETag": {"schema": {"type": "string", "pattern": '^"v[0-9]+"$'}}, "Link": {"required": True, "schema": {"type": "string"}}}
PATH = "/registry/v1/people/{person_id}"
ASKED = "/registry/v1/people/018f0000-0000-7000-8000-00000000dead?count=true"
GOOD = {"id": "018f0000-0000-7000-8000-00000000dead"}
JSON = {"content-type": "application/json", "etag": '"v1"', "link": "<x>"}


@pytest.fixture(scope="module")
def planted() -> Published:
    """A document of one operation, under a path that the route table knows."""
    item = {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}}, "additionalProperties": False}
    components = {
        "schemas": {"Item": item, "Listed": {"properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}}}},
        "responses": {"Problem": {"content": {"application/problem+json": {"schema": {"required": ["type"]}}}}},
    }
    responses: dict[str, Any] = {
        "200": {"content": {**LIST, **STREAM}, "headers": TAG},
        "204": {},
        "404": {"$ref": "#/components/responses/Problem"},
    }
    return Published({"paths": {PATH: {"get": {"responses": responses}}}, "components": components})


def body(*items: Any) -> bytes:
    """A page."""
    return json.dumps({"items": items}).encode()


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply(200, JSON, body(GOOD)), ""),
        (Reply(200, JSON, body(GOOD, {"id": "x"})), "/items/1/id"),
        (Reply(200, JSON, body({**GOOD, "more": 1})), "Additional properties"),
        (Reply(200, {**JSON, "content-type": "text/html; charset=utf-8"}, b"x"), "'text/html'"),
        (Reply(200, {**JSON, "etag": 'W/"v1"'}, body()), "ETag"),
        (Reply(200, {**JSON, "link": ""}, body()), ""),
        (Reply(200, {name: value for name, value in JSON.items() if name != "link"}, body()), "no Link"),
        (Reply(200, {**JSON, "content-type": "application/x-ndjson"}, json.dumps(GOOD).encode() + b"\n"), ""),
        (Reply(200, {**JSON, "content-type": "application/x-ndjson"}, json.dumps(GOOD).encode() + b'\n{"id":7}\n'), "line 1/id"),
        (Reply(200, {**JSON, "content-type": "text/event-stream"}, b": hello\n\nretry: 2000\n\ndata: {}\n\n"), ""),
        (Reply(200, {**JSON, "content-type": "text/event-stream"}, b"id: long\ndata: {}\n\n"), "event/id"),
        (Reply(200, {**JSON, "content-type": "text/event-stream"}, b'data: {"id":"x"}\n\n'), "data/id"),
        (Reply(204, {}, b""), ""),
        (Reply(204, {}, b"x"), "tells of none"),
        (Reply(404, {"content-type": "application/problem+json"}, b'{"type":"/problems/x"}'), ""),
        (Reply(404, {"content-type": "application/problem+json"}, b"{}"), '"type" is a required property'),
        (Reply(404, JSON, b"{}"), "'application/json'"),
        (Reply(409, JSON, b"{}"), "answers 409"),
    ],
)
def test_an_answer_that_the_document_does_not_tell_is_seen(planted: Published, reply: Reply, fault: str) -> None:
    faults = planted.faults("GET", ASKED, reply)
    assert [fault in found for found in faults] == ([True] if fault else []), faults


def test_nothing_is_promised_of_what_the_document_does_not_tell(planted: Published) -> None:
    for method, path in (("POST", ASKED), ("GET", "/internal/events"), ("GET", "/registry/v1/people")):
        assert planted.faults(method, path, Reply(500, {}, b"")) == []


def test_events_are_read_by_their_fields() -> None:
    said = ": connected\nretry: 2000\n\n: ping\n\nid: 1\nevent: alert.raised\ndata: {\ndata: }\n\n"
    assert list(events_of(said)) == [{"id": "1", "event": "alert.raised", "data": "{\n}"}]
