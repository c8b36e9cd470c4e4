"""What the audit trail calls an act and its object are codes of a list, with labels: an auditor reads them, filters by them, and meets no other."""

from __future__ import annotations

import ast
import gc
import re
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.keys import SERVICES
from deploy.openapi import codes, merged
from kit.steps.machine import Machine
from tests.house.source import Source, sources

EVERYWHERE = "kit"
"""What the kit notes, it notes in the schema of any service."""
COMPUTED = {
    "f'bulletin.{form}'": "bulletin.pdf bulletin.xlsx",
    "f'plan.{code}'": "the codes of testing.plan_change.code",
    "f'{prefix}.{event}'": "the events of machines",
    "TABLE": "release_handover",
}
"""Names that are made where they are noted, and of what."""
INSERTED, WORD = re.compile(r"into \w+\.audit\b"), re.compile(r"'([a-z_]+\.[a-z_]+)'")
"""A statement that writes the trail by itself, for speed, and the act that it names."""
PASSED = {"action", "kind", "object_type", "listing.action", "listing.object_type"}
"""Names that a caller passes on."""


def owner(path: str) -> str:
    """The service of a file."""
    first, _, rest = path.partition("/")
    return rest.partition("/")[0] if first == "services" else first


def noted(files: list[Source]) -> Iterator[tuple[str, str, ast.expr]]:
    """(service, `action` | `object_type` | `prefix`, the expression) of everything that is written into the trail."""
    for file in files:
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and INSERTED.search(node.value):
                for word in WORD.findall(node.value):
                    yield owner(file.path), "action", ast.Constant(word)
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if ast.unparse(node.func) in ("work.note", "work.note_refused"):
                yield owner(file.path), "action", node.args[0]
                yield owner(file.path), "object_type", node.args[1]
            for keyword in node.keywords:
                if (
                    keyword.arg in ("action", "object_type")
                    and isinstance(keyword.value, ast.Constant)
                    and name in ("Rows", "Json", "Made")
                ):
                    yield owner(file.path), keyword.arg, keyword.value
            for part in [keyword.value for keyword in node.keywords if keyword.arg == "noted"]:
                if isinstance(part, ast.Tuple) and len(part.elts) == 3:
                    yield owner(file.path), "object_type", part.elts[0]
                    yield owner(file.path), "prefix", part.elts[2]


def product() -> list[Source]:
    """What can note something."""
    return [file for file in sources() if file.path.startswith(("kit/", "services/", "gateway/")) and file.path != "kit/work.py"]


@pytest.fixture(scope="module")
def lists() -> dict[str, Any]:
    """What the gateway serves at /meta/v1/codes."""
    return codes()


def strange(found: Iterator[tuple[str, str, ast.expr]], lists: dict[str, Any]) -> list[str]:
    """Words that no list of their service holds, and names made in a way that nobody knows."""
    wrong: list[str] = []
    for service, kind, node in found:
        if service not in (*SERVICES, "gateway", EVERYWHERE) or kind == "prefix":
            continue
        if not isinstance(node, ast.Constant):
            wrong += [] if ast.unparse(node) in COMPUTED.keys() | PASSED else [f"{service}: {ast.unparse(node)}"]
        elif node.value:
            holders = (
                [service] if service != EVERYWHERE else ["registry"] if str(node.value).startswith("ledger") else [*SERVICES, "gateway"]
            )
            wrong += [f"{one}: {node.value}" for one in holders if node.value not in lists[f"{one}.audit.{kind}"]]
    return wrong


def test_what_is_noted_is_listed(lists: dict[str, Any]) -> None:
    found = list(noted(product()))
    assert len(found) > 250
    assert strange(iter(found), lists) == []


def test_a_planted_word_is_found(lists: dict[str, Any]) -> None:
    planted = Source("services/alerts/toys/service.py", 'async def play(work):\n    await work.note("toy.play", "alert", name)')
    assert strange(noted([planted]), lists) == ["alerts: toy.play"]
    written = Source("services/alerts/toys/repository.py", "PLAY = \"insert into alerts.audit (action) select 'toy.throw' from toy\"")
    assert strange(noted([written]), lists) == ["alerts: toy.throw"]
    made = Source("services/alerts/toys/service.py", 'async def play(work):\n    await work.note(f"toy.{verb}", "alert", name)')
    assert strange(noted([made]), lists) == ["alerts: f'toy.{verb}'"]


def test_each_step_of_a_machine_is_an_act(lists: dict[str, Any]) -> None:
    """A step is noted as `<prefix>.<event>`: the prefixes of a service are those with which its steps are taken."""
    merged()
    for machine in [one for one in gc.get_objects() if isinstance(one, Machine) and one.column.split(".")[0] in (*SERVICES, "gateway")]:
        service = machine.column.split(".")[0]
        acts = lists[f"{service}.audit.action"]
        prefixes = {word.split(".")[0] for word in acts}
        assert machine.table == "ledger_import" or any({f"{one}.{event}" for event in machine.events} <= acts.keys() for one in prefixes), (
            machine.column
        )


def test_an_auditor_filters_by_what_a_row_shows() -> None:
    document = merged()
    for service in (*SERVICES, "auth"):
        operation = document["paths"][f"/{service}/v1/audit"]["get"]
        asked = {one["name"]: one["schema"] for one in operation["parameters"]}
        page = document["components"]["schemas"][
            operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        ]
        row = document["components"]["schemas"][page["properties"]["items"]["items"]["$ref"].rpartition("/")[2]]["properties"]
        for name in ("action", "object_type"):
            assert asked[name]["anyOf"][0]["$ref"] == row[name]["$ref"], service
