"""Every id of a person, a place or an actor in an answer has its name beside it, and nobody is named to whom the register does not show them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from kit.names import KINDS, name_of
from tests.published import published

IDS = re.compile(
    r"(^|_)(person|people|division|town|county|village|parent|centre|staff|account|officer|inspector|collector|witness)(_id|_code)s?$"
    r"|(^|_)by$|_to$|^(subject_id|subject|persons?|actor|assignee|officers|collectors|witnesses|inspectors|uploader|reviewer|staff)$"
    r"|^(from|to)_division$|^(division|town|county|parent)$"
)
"""What a property that holds such an id is called."""
ITS_OWN = "the name stands in the field `name` beside it"
HASHED = "part of what everybody can hash again: a name in it would break the proof"
TEXT = "a text that somebody typed, with the name in it"
UNNAMED: dict[tuple[str, str], str] = {
    ("AccountAnswer", "person_id"): "the gateway knows no person (domain 11.1)",
    ("AlertAnswer", "assigned_to"): "the name on the day of the assignment stands in `assigned_name`",
    ("AlertRow", "assigned_to"): "the name on the day of the assignment stands in `assigned_name`",
    ("ChangeLine", "person"): "a reference that one partner alone has, in a page that is signed",
    ("CorrectionAnswer", "division_code"): ITS_OWN,
    ("CountyLineAnswer", "division_code"): ITS_OWN,
    ("Digests", "inspectors"): "a digest",
    ("HandoverAnswer", "person_id"): ITS_OWN,
    ("InspectionAnswer", "officers"): "the names stand in `officers_named`",
    ("LabAnswer", "designated_by"): TEXT,
    ("Line", "division_code"): ITS_OWN,
    ("Me", "person_id"): ITS_OWN,
    ("Me", "staff_code"): ITS_OWN,
    ("Me", "subject"): ITS_OWN,
    ("MeasureRow", "person_id"): ITS_OWN,
    ("NamedPersonAnswer", "person_id"): ITS_OWN,
    ("ObjectChange", "officers"): HASHED,
    ("PersonBehind", "person_id"): ITS_OWN,
    ("PlanAnswer", "instructed_by"): TEXT,
    ("ProofLine", "officers"): HASHED,
    ("ProofObject", "division_code"): HASHED,
    ("StaffRef", "staff_code"): ITS_OWN,
    ("StaffingLine", "division_code"): ITS_OWN,
    ("StandingAnswer", "corrected_by"): "the id of another row",
    ("StreamedAlert", "division_code"): "one event for all listeners, whose names are told to each by what they may know",
    ("TeamMember", "staff_code"): ITS_OWN,
    ("TownLineAnswer", "division_code"): ITS_OWN,
    ("TrajectoryPoint", "recorded_by"): "the name stands in `recorded_name`",
    ("VisitRow", "person_id"): ITS_OWN,
}
"""What has no name beside it, and why. It may only shrink."""
ALLOWED = 29


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What the gateway serves at /openapi.json."""
    return published().document


def referred(node: Any) -> Iterator[str]:
    """The schemas that a part of a document names."""
    if isinstance(node, dict):
        if str(node.get("$ref", "")).startswith("#/components/schemas/"):
            yield node["$ref"].rpartition("/")[2]
        for child in node.values():
            yield from referred(child)
    elif isinstance(node, list):
        for child in node:
            yield from referred(child)


def sent(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The schemas of what is answered."""
    schemas, found = document["components"]["schemas"], dict[str, dict[str, Any]]()
    good = [
        answer for o in document["paths"].values() for op in o.values() for status, answer in op["responses"].items() if status[0] == "2"
    ]
    waiting = list(referred(good))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = schemas[name]
            waiting += referred(schemas[name])
    return found


def holds_text(schema: dict[str, Any], shown: dict[str, Any]) -> bool:
    """Whether a property may hold an id: a text or an array of them, not one of a list of codes, a day or an instant."""
    if "$ref" in schema:
        return holds_text(shown["components"]["schemas"][schema["$ref"].rpartition("/")[2]], shown)
    parts = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]
    text = schema.get("type") == "string" and "enum" not in schema and schema.get("format") not in ("date", "date-time")
    return text or any(holds_text(part, shown) for part in parts)


def nameless(document: dict[str, Any]) -> set[tuple[str, str]]:
    """(schema, property) of every id in an answer that has no name beside it."""
    return {
        (name, key)
        for name, schema in sent(document).items()
        for key, value in schema.get("properties", {}).items()
        if (IDS.search(key) or key in KINDS) and holds_text(value, document) and name_of(key) not in schema["properties"]
    }


def test_every_id_in_an_answer_has_its_name_beside_it(document: dict[str, Any]) -> None:
    assert nameless(document) == UNNAMED.keys()
    assert len(UNNAMED) <= ALLOWED, "a new answer has names like all others"


def test_a_planted_id_without_a_name_is_found() -> None:
    ids = {"person_id": {"type": "string", "format": "uuid"}, "countersigned_by": {"anyOf": [{"type": "string"}, {"type": "null"}]}}
    planted = {"type": "object", "properties": {**ids, "person_name": {"type": "string"}, "due_by": {"type": "string", "format": "date"}}}
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Planted"}}}}
    document = {"components": {"schemas": {"Planted": planted}}, "paths": {"/x": {"get": {"responses": {"200": answer}}}}}
    assert nameless(document) == {("Planted", "countersigned_by")}


def test_names_are_sent_always_and_may_be_null(document: dict[str, Any]) -> None:
    row = document["components"]["schemas"]["PlanRow"]
    assert {"person_name", "division_name"} <= set(row["required"])
    assert row["properties"]["person_name"]["anyOf"] == [{"type": "string"}, {"type": "null"}]
    assert list(row["properties"]).index("person_name") == list(row["properties"]).index("person_id") + 1
