"""One OpenAPI document out of five: paths are unique by design, equal schema names are kept apart by their service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

TITLE = "归康 Guikang"
DESCRIPTION = (
    "县禁毒办社区戒毒社区康复业务接口。错误一律为 application/problem+json(RFC 9457),中英文。查看个人信息须带 Purpose。"
    "修改须带 If-Match,新建可带 Idempotency-Key。\n\n"
    "The API of a county narcotics-control office. Errors are RFC 9457 problems; reads of persons need a Purpose header, changes need If-Match."
)
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("pointer", "code", "message_zh", "message_en")},
            },
        },
    },
}
_ALWAYS = {"400", "401", "403", "404", "422", "429", "503"}


def merged(documents: Mapping[str, Mapping[str, Any]], roles: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, Any]:
    """The document for clients. `roles`: (method, path) → the row of the route table; what is not in it is not shown."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    for service, document in documents.items():
        own = document.get("components", {}).get("schemas", {})
        renamed = {name: f"{service}_{name}" for name in own if name in schemas and schemas[name] != own[name]}
        text = json.dumps(document, ensure_ascii=False)
        for old, new in renamed.items():
            text = text.replace(f'"#/components/schemas/{old}"', f'"#/components/schemas/{new}"')
        document = json.loads(text)
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            schemas[renamed.get(name) or name] = schema
        for path, operations in document.get("paths", {}).items():
            for method, operation in operations.items():
                row = roles.get((method.upper(), path))
                if row is not None:
                    paths.setdefault(path, {})[method] = _told(service, operation, row)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": "1", "description": DESCRIPTION},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _told(service: str, operation: dict[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """An operation with who may call it and the problems it can answer with."""
    told = dict(operation)
    told["tags"] = [f"{service}: {tag}" for tag in operation.get("tags", [service])]
    told["x-roles"] = sorted(row["roles"])
    if "public" not in row["roles"]:
        told["security"] = [{"bearer": []}]
    parameters = list(operation.get("parameters", []))
    if row["purpose"]:
        parameters.append({"name": "Purpose", "in": "header", "required": True, "schema": {"type": "string"}, "example": "supervision"})
    if parameters:
        told["parameters"] = parameters
    problem = {"description": "Problem", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    answers = {code: answer for code, answer in operation.get("responses", {}).items() if code != "422"}
    extra = _ALWAYS | ({"412", "428"} if any(p.get("name") == "If-Match" for p in parameters) else set())
    told["responses"] = {**answers, **dict.fromkeys(sorted(extra), problem)}
    return told
