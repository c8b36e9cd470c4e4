"""What the published document says about an answer: its status, its type, its headers and its body. The fuzz asks the same of every answer from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from deploy.openapi import merged
from gateway.edge.routes import shipped_table
from kit.call import Reply
from kit.problems import Problem

NDJSON = "application/x-ndjson"
STREAM = "text/event-stream"
DOCUMENT = "urn:guikang:document"


def pointer(*names: str) -> str:
    """The address of a part of the document (RFC 6901, in a fragment)."""
    return f"{DOCUMENT}#/" + "/".join(quote(name.replace("~", "~0").replace("/", "~1"), safe="~$&'()*+,;=:@!") for name in names)


def events_of(said: str) -> Iterator[dict[str, Any]]:
    """The events of a stream, by their fields (WHATWG HTML 9.2); a block without data is none."""
    for block in said.split("\n\n"):
        event: dict[str, Any] = {}
        for name, _, value in (line.partition(": ") for line in block.splitlines() if not line.startswith(":")):
            event[name] = int(value) if name == "retry" else f"{event[name]}\n{value}" if name in event else value
        if "data" in event:
            yield event


class Published:
    """The document, to hold answers against it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        registry = jsonschema_rs.Registry([(DOCUMENT, document)], draft=jsonschema_rs.Draft202012)

        @cache
        def validator(address: str) -> jsonschema_rs.Draft202012Validator:
            return jsonschema_rs.Draft202012Validator({"$ref": address}, registry=registry, validate_formats=True)

        self._validator = validator
        self._table = shipped_table()

    def template(self, method: str, path: str) -> str | None:
        """The path of the document that a request is for; None where it tells of none: nothing is promised of it."""
        try:
            found = self._table.match(method, path.partition("?")[0].encode()).path
        except Problem:
            return None
        return found if method.lower() in self.document["paths"].get(found, {}) else None

    def faults(self, method: str, asked: str, reply: Reply) -> list[str]:
        """What is wrong with the answer to a request."""
        path = self.template(method, asked)
        if path is None:
            return []
        operation = self.document["paths"][path][method.lower()]
        place = ("paths", path, method.lower(), "responses", str(reply.status))
        told = operation["responses"].get(str(reply.status))
        if told is None:
            return [f"{method} {path} answers {reply.status}, which the document does not tell"]
        if "$ref" in told:
            place = tuple(told["$ref"].removeprefix("#/").split("/"))
            told = self.document["components"]["responses"][place[-1]]
        return [f"{method} {path} ({reply.status}): {fault}" for fault in self._faults(place, told, reply)]

    def _faults(self, place: tuple[str, ...], told: Mapping[str, Any], reply: Reply) -> Iterator[str]:
        for name, header in told.get("headers", {}).items():
            value = reply.headers.get(name.lower())
            if value is None and header.get("required"):
                yield f"no {name}"
            elif value is not None:
                yield from self._wrong(pointer(*place, "headers", name, "schema"), value, name)
        content = told.get("content", {})
        kind = reply.headers.get("content-type", "").partition(";")[0].strip()
        if not content:
            if reply.body:
                yield "a body, and the document tells of none"
        elif kind not in content:
            yield f"a body of type {kind!r}, which the document does not tell"
        elif kind == NDJSON and (page := content.get("application/json", {}).get("schema", {}).get("$ref")):
            items = pointer(*page.removeprefix("#/").split("/"), "properties", "items", "items")
            for number, line in enumerate(reply.body.splitlines()):
                yield from self._wrong(items, json.loads(line), f"line {number}")
        elif kind == STREAM:
            item = (*place, "content", kind, "itemSchema")
            for event in events_of(reply.body.decode()):
                yield from self._wrong(pointer(*item), event, "event")
                if "contentSchema" in content[kind]["itemSchema"]["properties"]["data"]:
                    yield from self._wrong(pointer(*item, "properties", "data", "contentSchema"), json.loads(event["data"]), "data")
        elif kind.endswith("json") and kind != NDJSON:
            yield from self._wrong(pointer(*place, "content", kind, "schema"), json.loads(reply.body), "")

    def _wrong(self, address: str, value: Any, where: str) -> Iterator[str]:
        for error in self._validator(address).iter_errors(value):
            yield f"{where}{'/'.join(map(str, ['', *error.instance_path]))}: {error.message[:200]}"


@cache
def published() -> Published:
    """The document as this tree publishes it: made once for all tests of a process."""
    return Published(merged())
