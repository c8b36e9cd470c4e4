"""One OpenAPI document out of five: paths are unique by design, equal schema names are kept apart by their service."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from kit.work import PURPOSES

TITLE = "归康 Guikang"
DESCRIPTION = (
    "县禁毒办社区戒毒社区康复业务接口。错误一律为 application/problem+json(RFC 9457),中英文。查看个人信息须带 Purpose。"
    "修改须带 If-Match(即读取时的 ETag),新建可带 Idempotency-Key。列表用 next 作 cursor 翻页,Link 头给出下一页。\n\n"
    "The API of a county narcotics-control office. Errors are RFC 9457 problems; reads of persons need a Purpose header, changes need If-Match "
    "(the ETag that was read). A list is read on with its `next` as `cursor`; the Link header gives the next page's address."
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
_PROBLEM_ANSWER = {
    "description": "What is wrong and where, in Chinese or English by Accept-Language.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_SENTENCE_END = re.compile(r"\.(?:\s+(?=[A-Z`])|$)|\n")
_ALWAYS = {"400", "401", "403", "404", "422", "429", "503"}
_PURPOSE = {
    "name": "Purpose", "in": "header", "required": True, "schema": {"type": "string"}, "example": "supervision",
    "description": f"Why a person is looked at: {' | '.join(PURPOSES)}. Out of one's towns: `emergency; reason=\"…\"`, which tells the auditor.",
}  # fmt: skip
_IDEMPOTENCY = {
    "name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "The same key and body again within seven days get the first answer again; the same key with another body is refused.",
}  # fmt: skip


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
                    paths.setdefault(path, {})[method] = _told(service, method, operation, row)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": "1", "description": DESCRIPTION},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {"Problem": _PROBLEM_ANSWER},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _told(service: str, method: str, operation: dict[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """An operation with who may call it and the problems it can answer with."""
    told = dict(operation)
    told["tags"] = [f"{service}: {tag}" for tag in operation.get("tags", [service])]
    told["summary"] = _SENTENCE_END.split(operation.get("description", operation["summary"]), maxsplit=1)[0]
    told["x-roles"] = sorted(row["roles"])
    if "public" not in row["roles"]:
        told["security"] = [{"bearer": []}]
    parameters = list(operation.get("parameters", []))
    if row["purpose"]:
        parameters.append(_PURPOSE)
    if method == "post" and service != "gateway":
        parameters.append(_IDEMPOTENCY)
    if parameters:
        told["parameters"] = parameters
    problem = {"$ref": "#/components/responses/Problem"}
    answers = {code: answer for code, answer in operation.get("responses", {}).items() if code != "422"}
    extra = _ALWAYS | ({"412", "428"} if any(p.get("name") == "If-Match" for p in parameters) else set())
    told["responses"] = {**answers, **dict.fromkeys(sorted(extra), problem)}
    return told
