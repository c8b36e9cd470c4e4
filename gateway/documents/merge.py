"""One OpenAPI document out of five: paths are unique by design, equal schema names are kept apart by their service."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from gateway.documents import contract
from gateway.documents.lists import Lists, spell
from kit import idempotency
from kit.roles import PURPOSES

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
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldProblem"}},
    },
}
FIELD_PROBLEM = {
    "type": "object",
    "required": ["pointer", "code", "message_zh", "message_en"],
    "properties": {name: {"type": "string"} for name in ("pointer", "code", "message_zh", "message_en")},
}
_NEVER_SENT = ("HTTPValidationError", "ValidationError")
"""FastAPI's own shape of errors: every app here answers with Problem."""
_PROBLEM_ANSWER = {
    "description": "What is wrong and where, in Chinese or English by Accept-Language.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_REFERRED = re.compile(r'"#/components/schemas/([^"]+)"')
_SENTENCE_END = re.compile(r"\.(?:\s+(?=[A-Z`])|$)|\n")
_PURPOSE = {
    "name": "Purpose", "in": "header", "required": True, "schema": {"type": "string"}, "example": "supervision",
    "description": f"Why a person is looked at: {' | '.join(PURPOSES)}. Out of one's towns: `emergency; reason=\"…\"`, which tells the auditor.",
}  # fmt: skip


def _key_parameter(roles: Collection[str]) -> dict[str, Any]:
    """The Idempotency-Key of an operation: needed where only other houses' systems call, and by those alone where people call too."""
    machines = set(roles) & set(idempotency.MACHINES)
    needed = f" {' and '.join(sorted(machines))} must send one (400 without)." if machines else ""
    return {
        "name": "Idempotency-Key", "in": "header", "required": bool(machines) and machines == set(roles),
        "schema": {"type": "string", "minLength": idempotency.SHORTEST, "maxLength": idempotency.LONGEST, "pattern": "^[!-~]+$"},
        "description": "同键同内容七天内得到同一答复,同键不同内容被拒绝 · The same key and body again within seven days get the first answer again; "
        f"the same key with another body is refused (422).{needed}",
    }  # fmt: skip


def merged(
    documents: Mapping[str, Mapping[str, Any]],
    roles: Mapping[tuple[str, str], Mapping[str, Any]],
    codes: Lists | None = None,
) -> dict[str, Any]:
    """The document for clients. `roles`: (method, path) → the row of the route table; what is not in it is not shown. `codes`: the code lists, as at
    /meta/v1/codes."""
    codes = codes or {}
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Problem": copy.deepcopy(PROBLEM), "FieldProblem": copy.deepcopy(FIELD_PROBLEM)}
    for service, document in documents.items():
        document = _renamed(document, contract.short_names(document.get("components", {}).get("schemas", {})))
        spell(document, service, codes)
        own = document.get("components", {}).get("schemas", {})
        document = _renamed(document, {name: f"{service}_{name}" for name in _of_another_shape(own, schemas)})
        own = document.get("components", {}).get("schemas", {})
        schemas.update({name: schema for name, schema in own.items() if name not in _NEVER_SENT})
        for path, operations in document.get("paths", {}).items():
            for method, operation in operations.items():
                row = roles.get((method.upper(), path))
                if row is not None:
                    paths.setdefault(path, {})[method] = _described(service, method, path, operation, row)
    versioned = contract.versioned_paths(paths)
    for path, operations in paths.items():
        for method, operation in operations.items():
            for code, answer in operation["responses"].items():
                if code.startswith("2"):
                    answer["headers"] = {**contract.headers_of(method, path, operation, versioned), **answer.get("headers", {})}
    for place, wanted in ((schemas["Problem"], "type"), (schemas["FieldProblem"], "code")):
        name = {"type": "gateway.problem_type", "code": "gateway.field_error"}[wanted]
        if name in codes:
            place["properties"][wanted] = {"type": "string", "enum": list(codes[name])}
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": "1", "description": DESCRIPTION},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas,
            "responses": {"Problem": _PROBLEM_ANSWER},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
    contract.name_codes(whole, codes)
    contract.describe(whole)
    whole["components"]["schemas"] = dict(sorted(schemas.items()))
    return whole


def _of_another_shape(own: Mapping[str, Any], schemas: Mapping[str, Any]) -> set[str]:
    """Names that mean something else in this service than in those before it: by their own words, or by what they refer to.

    A page of changes reads the same in two services whose changes differ; taken for one, it would show the changes of the other.
    """
    shared = own.keys() & schemas.keys()
    found = {name for name in shared if schemas[name] != own[name]}
    while more := {name for name in shared - found if found.intersection(_REFERRED.findall(json.dumps(own[name])))}:
        found |= more
    return found


def _renamed(document: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A copy of the document whose schemas have other names."""
    text = json.dumps(document, ensure_ascii=False)
    for old, new in names.items():
        text = text.replace(f'"#/components/schemas/{old}"', f'"#/components/schemas/{new}"')
    found: dict[str, Any] = json.loads(text)
    parts = found.get("components", {})
    if "schemas" in parts:
        parts["schemas"] = {names.get(name, name): schema for name, schema in parts["schemas"].items()}
    return found


def _described(service: str, method: str, path: str, operation: dict[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """An operation with who may call it and the problems it can answer with."""
    public = "public" in row["roles"]
    told = dict(operation)
    told["tags"] = [f"{service}: {tag}" for tag in operation.get("tags", [service])]
    english = _SENTENCE_END.split(operation.get("description", operation["summary"]), maxsplit=1)[0]
    told["summary"] = contract.summary_of(method, path, english)
    told["x-roles"] = sorted(row["roles"])
    if not public:
        told["security"] = [{"bearer": []}]
    parameters = list(operation.get("parameters", []))
    if row["purpose"]:
        parameters.append(_PURPOSE)
    if method == "post" and service != "gateway" and not path.endswith("/search"):  # a search has no effect to repeat
        parameters.append(_key_parameter(row["roles"]))
    if parameters:
        told["parameters"] = parameters
    contract.require_version(told)
    problem = {"$ref": "#/components/responses/Problem"}
    answers = {code: dict(answer) for code, answer in operation.get("responses", {}).items() if code != "422"}
    refused = {code for code in answers if code >= "400"}.union(contract.problems_of(method, told, public=public))
    told["responses"] = {**answers, **dict.fromkeys(sorted(refused), problem)}
    return told
