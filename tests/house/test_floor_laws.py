"""The laws of the floor: scope, words, steps and texts are spelled once. Each bites when its violation is planted."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from types import ModuleType

import pytest
import sqlalchemy as sa
from pydantic import BaseModel

from deploy.compose import ALL
from deploy.keys import SERVICES
from kit.db import Schema, check_words
from kit.migrate import schema_of
from kit.steps.machine import Machine, step
from tests.house import floor_laws
from tests.house.source import ROOT, Source, sources
from tests.house.test_app_laws import all_messages

COMPARED = {"Login.password", "Login.username", "PasswordChange.password", "Receipt.cursor"}
"""Texts that are only compared with what the house keeps, and are never shown to anybody."""


@pytest.fixture(scope="module")
def files() -> list[Source]:
    """Every source file of the house."""
    return list(sources())


WITHOUT_MACHINE = {
    "alerts.watched.state": "what the registry told of the measure: the steps are the registry's",
    "testing.watched_measure.state": "what the registry told of the measure: the steps are the registry's",
}
"""Columns whose state is another service's to change, and why."""


def rules_of_nouns() -> Iterator[ModuleType]:
    """Every module in which a noun may declare its machine."""
    for root in ("services", "gateway", "kit/intake"):
        for path in sorted((ROOT / root).rglob("*.py")):
            inside = path.relative_to(ROOT)
            if path.name == "rules.py" or "rules" in inside.parts[:-1]:
                yield importlib.import_module(".".join(inside.with_suffix("").parts).removesuffix(".__init__"))


def states() -> dict[str, set[str]]:
    """Every column of a state with its words."""
    names = [f"services.{name}" if name in SERVICES else name for name in ALL]
    return dict(floor_laws.states_of(schema_of(name) for name in names))


def planted(path: str, text: str) -> list[Source]:
    """One file of a violation."""
    return [Source(path, text)]


def test_only_the_scope_compares_divisions(files: Iterable[Source]) -> None:
    assert floor_laws.scope_in_one_place(files) == []


@pytest.mark.parametrize(
    "text",
    [
        "found = work.principal.scope",
        "pattern = prefix + '%'",
        "mine = row.division_code.startswith(town)",
    ],
)
def test_the_law_of_scope_bites(text: str) -> None:
    assert len(floor_laws.scope_in_one_place(planted("services/toys/toys/repository.py", text))) == 1
    assert floor_laws.scope_in_one_place(planted("kit/scope.py", text)) == []


def test_words_stand_in_rules(files: Iterable[Source]) -> None:
    assert floor_laws.words_in_rules(files) == []


def test_the_law_of_words_bites() -> None:
    text = "State = Literal['open', 'closed']\nOne = Literal['open']"
    assert floor_laws.words_in_rules(planted("services/toys/toys/schemas.py", text)) == [
        "services/toys/toys/schemas.py:1 lists codes beside rules.py"
    ]
    assert floor_laws.words_in_rules(planted("services/toys/toys/rules.py", text)) == []
    assert floor_laws.words_in_rules(planted("services/toys/toys/rules/words.py", text)) == []


def test_every_state_has_its_machine() -> None:
    known = states()
    assert len(known) > 20
    assert known.keys() >= WITHOUT_MACHINE.keys(), "an exception that nothing needs"
    known = {column: words for column, words in known.items() if column not in WITHOUT_MACHINE}
    assert floor_laws.every_state_has_its_machine(known, floor_laws.machines_of(rules_of_nouns())) == []


def test_the_law_of_machines_bites() -> None:
    schema = Schema("planted")
    sa.Table("toy", schema.metadata, sa.Column("state", sa.Text), check_words("state", ("whole", "broken", "lost"), "state"))
    known = dict(floor_laws.states_of([schema]))
    column = next(iter(known))
    assert known[column] == {"whole", "broken", "lost"}
    sa.Table("bare", schema.metadata, sa.Column("toy_state", sa.Text))
    assert dict(floor_laws.states_of([schema]))["planted.bare.toy_state"] == set(), "a state without a CHECK is one all the same"
    assert floor_laws.every_state_has_its_machine(known, {}) == [f"{column} has no machine"]
    short = Machine(column, ("whole", "broken"), [step("make", "none", "whole", "a law", "制作", "make")])
    assert floor_laws.every_state_has_its_machine(known, {column: short}) == [
        f"{column} and its machine differ in ['lost']",
        f"no step of {column} reaches broken",
    ]
    assert floor_laws.every_state_has_its_machine({}, {column: short})[0] == f"{column} has a machine and no column"


def test_every_machine_is_walked() -> None:
    """Its open steps are taken and its blocked ones tried. The imports of all services share one machine."""
    walks = {vars(importlib.import_module(module)).get(name) for module, name in floor_laws.walked(sources(parts=("tests",)))}
    columns = {machine.column for machine in walks if isinstance(machine, Machine)}
    missing = floor_laws.machines_of(rules_of_nouns()).keys() - columns
    assert {column for column in missing if not column.endswith(".ledger_import.state")} == set()
    assert any(column.endswith(".ledger_import.state") for column in columns)


def test_the_law_of_walks_bites() -> None:
    text = "from services.toys.toys.rules import MACHINE as TOY, OTHER\nwalk = Walk(TOY, begin, read, send)\nuse(OTHER)"
    assert floor_laws.walked(planted("tests/toys/test_next_steps.py", text)) == {("services.toys.toys.rules", "MACHINE")}


def test_states_change_by_steps_alone(files: Iterable[Source]) -> None:
    assert floor_laws.states_change_by_steps(files) == []


@pytest.mark.parametrize(
    "text",
    [
        "row.state = 'closed'",
        "row.state, row.closed_on = 'closed', today",
        "QUERY = \"update toys.toy set version = 2, state = 'closed' where id = :id\"",
        "QUERY = \"update toys.toy set state = case when worn then 'closed' else state end\"",
    ],
)
def test_the_law_of_changing_states_bites(text: str) -> None:
    assert len(floor_laws.states_change_by_steps(planted("services/toys/toys/service.py", text))) == 1
    assert floor_laws.states_change_by_steps(planted("kit/steps/taking.py", text)) == []


def test_texts_of_requests_are_typed() -> None:
    for name in ALL:
        importlib.import_module(f"services.{name}.app" if name in SERVICES else f"{name}.app")
    messages = [message for message in all_messages() if not message.__module__.startswith("tests.")]
    assert len(messages) > 100
    found = {".".join(name.rsplit(".", 2)[1:]) for name in floor_laws.texts_are_typed(messages)}
    assert found == COMPARED


def test_the_law_of_texts_bites() -> None:
    class Planted(BaseModel):
        name: str
        number: int = 0

    assert [found.rpartition(".")[2] for found in floor_laws.texts_are_typed([Planted])] == ["name"]
