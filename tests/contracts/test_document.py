"""The published document is one that a client can be generated from: named codes, versions, problems where they happen."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.keys import SERVICES
from deploy.openapi import codes
from gateway.documents import contract, merge
from kit.steps.machine import Machine
from tests.published import published


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What the gateway serves at /openapi.json."""
    return published().document


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
    inline = [part for part in [*inside, *parts(document["paths"])] if len(part.get("enum", ())) > 1]
    assert inline == [], "a code without a name"
    values = [tuple(schemas[name]["enum"]) for name in named]
    assert len(values) == len(set(values)), "one list of codes has two names"


FREE = {
    "AgreementAnswer.end_reason": "the words of who ended it",
    "DirectInspection.ground": "a sentence of who orders it",
    "InspectionAnswer.ground": "the same sentence, shown",
}
"""Texts whose name is also that of a code list, and why they are no codes."""
SENTENCES = {
    "code": "the number of a division, a station, a laboratory, a round, a scheme or a member of staff",
    "reason": "a sentence",
    "source": "a law or a paper, quoted",
    "to": "the last day or moment of a range",
    "field": "a field of a request, which is named by its JSON pointer",
}
"""Names that mean a text nearly everywhere; where they mean a code, they are typed as its list."""


def test_what_a_code_list_names_is_a_code(document: dict[str, Any], lists: dict[str, Any]) -> None:
    """A row's code can be put back into the filter: both are of the named list."""
    listed = {name.rsplit(".", 1)[-1] for name in lists} - SENTENCES.keys()
    schemas = document["components"]["schemas"]
    places = [(f"{name}.{prop}", prop, part) for name, schema in schemas.items() for prop, part in schema.get("properties", {}).items()]
    places += [
        (f"{method} ?{parameter['name']}", parameter["name"], parameter["schema"])
        for method, _, operation in operations(document)
        for parameter in operation.get("parameters", ())
    ]
    plain = {place for place, name, part in places if name in listed and not is_code(part)}
    assert sorted(plain - FREE.keys()) == []
    assert set(FREE) - plain == set(), "an exception that nothing needs"


def test_every_code_of_the_document_has_its_label(document: dict[str, Any], lists: dict[str, Any]) -> None:
    """A client finds the list with the labels of a type by the name that stands at it, in both languages."""
    unlabelled = [
        name
        for name, schema in document["components"]["schemas"].items()
        if "enum" in schema and not set(map(str, schema["enum"])) <= lists.get(schema[contract.LABELLED], {}).keys()
    ]
    assert unlabelled == []
    assert all(labels["zh"] and labels["en"] for entries in lists.values() for labels in entries.values())


NOT_SHOWN = {
    "precursor.ledger_correction.action": "a column that no answer shows",
    "registry.ledger_correction.action": "a column that no answer shows",
    "testing.ledger_correction.action": "a column that no answer shows",
    "testing.plan_change.code": "stands in the event `plan.changed`, which services read of each other",
    "precursor.competence": "labels of the four fields `authority_…` of an entry of the catalogue",
}


def held_in(entries: dict[str, Any], wider: dict[str, Any]) -> bool:
    """Whether a list holds another one, word by word with its labels: the steps of all machines hold those of each."""
    return all(code in wider and labels["zh"] in wider[code]["zh"].split(" / ") for code, labels in entries.items())


def test_every_list_is_one_of_the_document(document: dict[str, Any], lists: dict[str, Any]) -> None:
    """And no label is kept for what no client meets."""
    types = [schema for schema in document["components"]["schemas"].values() if "enum" in schema]
    unused = {
        name
        for name, entries in lists.items()
        if not any(
            entries.keys() == set(map(str, schema["enum"])) or held_in(entries, lists[schema[contract.LABELLED]]) for schema in types
        )
    }
    assert unused == NOT_SHOWN.keys()


def test_each_machine_publishes_its_events(lists: dict[str, Any]) -> None:
    machines = [one for one in gc.get_objects() if isinstance(one, Machine) and one.column.split(".")[0] in (*SERVICES, "gateway")]
    assert len({machine.column for machine in machines}) >= 23
    for machine in machines:
        service, table, _ = machine.column.split(".")
        assert machine.events.keys() <= lists[f"{service}.{table}.event"].keys(), machine.column
        assert set(machine.states) <= lists[f"{service}.{table}.state"].keys(), machine.column


@pytest.fixture(scope="module")
def lists() -> dict[str, Any]:
    """What the gateway serves at /meta/v1/codes."""
    return codes()


def is_code(part: dict[str, Any]) -> bool:
    """Whether a property or parameter is a named list, a constant, or no text at all."""
    return not any(
        one.get("type") == "string" and not {"const", "enum"} & one.keys() and one.get("format") != "date" for one in parts(part)
    )


def test_the_law_of_codes_bites() -> None:
    assert not is_code({"type": "string"})
    assert not is_code({"anyOf": [{"type": "string"}, {"type": "null"}]})
    assert is_code({"anyOf": [{"$ref": "#/components/schemas/ToyState"}, {"type": "null"}]})
    assert is_code({"type": "string", "format": "date"}), "a day is not a text"


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


def unread_versions(document: dict[str, Any]) -> list[str]:
    """Operations that ask for a version which no GET of the same path, or of the path before the last step, tells."""
    paths = document["paths"]

    def told(path: str) -> bool:
        return "ETag" in paths.get(path, {}).get("get", {}).get("responses", {}).get("200", {}).get("headers", {})

    return [
        f"{method} {path}"
        for method, path, operation in operations(document)
        if contract.has_version(operation) and not told(path) and not told(path.rsplit("/", 1)[0])
    ]


def test_what_is_changed_under_a_version_is_read_with_it(document: dict[str, Any]) -> None:
    """And that it is sent, tests/gateway/lists/test_versions.py shows."""
    assert unread_versions(document) == []


def test_a_planted_version_that_nobody_can_read_is_found() -> None:
    step = {"parameters": [{"name": "If-Match", "in": "header"}], "responses": {}}
    paths = {"/toys/{toy_id}/break": {"post": step}, "/toys/{toy_id}": {"get": {"responses": {"200": {"headers": {}}}}}}
    assert unread_versions({"paths": paths}) == ["post /toys/{toy_id}/break"]
    paths["/toys/{toy_id}"]["get"]["responses"]["200"]["headers"] = {"ETag": {}}
    assert unread_versions({"paths": paths}) == []


def test_a_key_is_asked_of_machines_where_they_create(document: dict[str, Any]) -> None:
    """The document says which of an operation's callers must send an Idempotency-Key, and requires it where only machines call."""
    asked = 0
    for method, path, operation in operations(document):
        machines = {"agency", "partner"} & set(operation["x-roles"])
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "Idempotency-Key":
                assert parameter["required"] == (bool(machines) and machines == set(operation["x-roles"])), (method, path)
                assert all(f"{role}" in parameter["description"] for role in machines), path
                assert "400" in operation["responses"], path
                asked += bool(machines)
    assert asked >= 3


def test_problems_are_declared_where_they_happen(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        wanted = {"400", "401", "404", "413", "422", "429", "503", "504"} | ({"409"} if method in contract.CHANGING else set())
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


def test_every_operation_says_what_it_does_in_both_languages(document: dict[str, Any]) -> None:
    """The English sentence is the docstring of the route; one whose address changes loses its Chinese one, and nothing is kept for a route that is gone."""
    told = {(method.upper(), path): operation["summary"].partition(" · ") for method, path, operation in operations(document)}
    assert [key for key, (zh, _, en) in told.items() if not (re.search("[\u4e00-\u9fff]", zh) and en)] == []
    everywhere = {(method, re.sub(r"^/\w+/", "/*/", path)) for method, path in told}
    assert contract.summaries().keys() - told.keys() - everywhere == set()


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
    numbered: dict[str, Any] = {
        "paths": {},
        "components": {"schemas": {"Row": {"properties": {"size": {"type": "integer", "enum": [1, 2]}}}}},
    }
    contract.name_codes(numbered, {"toys.toy.size": {"1": {}, "2": {}}})
    wanted = {"type": "integer", "enum": [1, 2], "title": "ToySize", contract.LABELLED: "toys.toy.size"}
    assert numbered["components"]["schemas"]["ToySize"] == wanted, "a code may be a number"


def a_service(name: str, kind: str) -> dict[str, Any]:
    """A service with a list of lines, which are pages of rows, whose code is of this type."""

    def of(schema: str) -> dict[str, Any]:
        return {"$ref": f"#/components/schemas/{schema}"}

    schemas = {
        "Row": {"type": "object", "properties": {"code": {"type": kind}}},
        "Page": {"type": "object", "properties": {"items": {"type": "array", "items": of("Row")}}},
        "Lines": {"type": "object", "properties": {"page": of("Page")}},
        "Same": {"type": "object", "properties": {"total": {"type": "integer"}}},
    }
    answer = {"description": "", "content": {"application/json": {"schema": {"anyOf": [of("Lines"), of("Same")]}}}}
    operation = {"summary": "Lines.", "operationId": name, "responses": {"200": answer}}
    return {"paths": {f"/{name}/v1/lines": {"get": operation}}, "components": {"schemas": schemas}}


def test_one_name_in_two_services_keeps_both_shapes() -> None:
    """What refers to rows differs where the rows do, however far away: the fuzz met changes of the catalogue behind the history of an alert."""
    roles = {("GET", f"/{name}/v1/lines"): {"roles": ["leader"], "purpose": False} for name in ("first", "second")}
    whole = merge.merged({"first": a_service("first", "integer"), "second": a_service("second", "string")}, roles)
    schemas = whole["components"]["schemas"]
    for service, kind in (("first", "integer"), ("second", "string")):
        lines, same = whole["paths"][f"/{service}/v1/lines"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["anyOf"]
        page = schemas[lines["$ref"].rpartition("/")[2]]["properties"]["page"]["$ref"].rpartition("/")[2]
        row = schemas[page]["properties"]["items"]["items"]["$ref"].rpartition("/")[2]
        assert schemas[row]["properties"]["code"]["type"] == kind
        assert same["$ref"].endswith("/Same"), "what is the same in both stands once"


def test_no_path_shows_the_schemas_of_another_service(document: dict[str, Any]) -> None:
    schemas, foreign = document["components"]["schemas"], []
    for _, path, operation in operations(document):
        waiting, seen = [operation], set[str]()
        while waiting:
            names = {
                part["$ref"].rpartition("/")[2]
                for part in parts(waiting.pop())
                if str(part.get("$ref", "")).startswith("#/components/schemas/")
            }
            waiting += [schemas[name] for name in names - seen]
            seen |= names
        mine = path.split("/")[1]
        foreign += [f"{path} shows {name}" for name in seen for service in SERVICES if name.startswith(f"{service}_") and service != mine]
    assert not foreign
