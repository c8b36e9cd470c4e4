"""The laws over all composed apps: guards, route table, personal data, published language. Each bites when its violation is planted."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
import sqlalchemy as sa
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

from deploy.compose import ALL, House, HouseSettings, build
from deploy.keys import SERVICES
from deploy.routes import rows
from gateway.edge.routes import shipped_table
from kit.auth import TokenVerifier
from kit.db import Schema, check_words
from kit.lists import Listed
from kit.migrate import schema_of
from kit.outbox import Event
from kit.roles import Role
from kit.schemas import Day, Message
from kit.sealed import Sealer
from kit.work import UnitRoute, Work, allow
from tests.house import app_laws

PACKAGES = {name: f"services.{name}" if name in SERVICES else name for name in ALL}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """All apps composed, without a database: nothing here asks it."""
    yield build(HouseSettings(Path(tmp_path_factory.mktemp("house")), "host=127.0.0.1 port=1 dbname=none", background=False))


def all_events() -> list[type[Event]]:
    """Every published event of every service."""
    return [event for package in PACKAGES.values() for event in importlib.import_module(f"{package}.events").EVENTS]


def test_every_route_is_guarded(house: House) -> None:
    assert app_laws.every_route_is_guarded(house.apps) == []


def test_the_guard_law_bites() -> None:
    router = APIRouter(route_class=UnitRoute)

    @router.get("/registry/v1/open")
    async def unguarded() -> None: ...

    app = FastAPI()
    app.include_router(router)
    assert app_laws.every_route_is_guarded({"registry": app}) == ["registry /registry/v1/open has 0 guards"]


def test_every_list_links_to_its_next_page(house: House) -> None:
    assert app_laws.every_list_links_to_its_next_page(house.apps) == []


def test_the_law_of_links_bites() -> None:
    router = APIRouter()

    @router.get("/registry/v1/list")
    async def without_link() -> Listed[int]:
        return Listed(items=[], next=None)

    app = FastAPI()
    app.include_router(router)
    assert app_laws.every_list_links_to_its_next_page({"registry": app}) == ["registry /registry/v1/list tells no next page"]


def test_agencies_are_granted(house: House) -> None:
    assert app_laws.agencies_are_granted(house.apps) == []


def test_the_law_of_grants_bites() -> None:
    router = APIRouter(route_class=UnitRoute)

    @router.get("/registry/v1/open")
    async def ungranted(work: Annotated[Work, allow(Role.AGENCY)]) -> None:
        del work

    app = FastAPI()
    app.include_router(router)
    assert app_laws.agencies_are_granted({"registry": app}) == ["registry /registry/v1/open asks an agency for no grant"]


def test_the_route_table_is_what_the_services_declare() -> None:
    assert app_laws.the_table_lists_every_route(rows(), shipped_table().routes) == []


def test_the_table_law_bites() -> None:
    declared = [*rows(), ["GET", "/registry/v1/secret", "registry", "leader", "0", "read", "no"]]
    assert len(app_laws.the_table_lists_every_route(declared, shipped_table().routes)) == 1
    assert len(app_laws.the_table_lists_every_route(declared[1:-1], shipped_table().routes)) == 1


def test_personal_columns_are_named() -> None:
    assert app_laws.personal_columns_are_named(schema_of(package) for package in PACKAGES.values()) == []


def test_the_column_law_bites() -> None:
    schema = Schema("planted")
    sa.Table("person", schema.metadata, sa.Column("phone", sa.Text), sa.Column("id_number_sealed", sa.Text, info={"personal": True}))
    assert len(app_laws.personal_columns_are_named([schema])) == 2


def test_events_carry_no_person() -> None:
    assert app_laws.events_carry_no_person(all_events()) == []


def test_the_event_law_bites() -> None:
    class Planted(Event):
        """Planted."""

        type: ClassVar[str] = "planted"
        sample: ClassVar[dict[str, Any]] = {}
        phone: str

    assert len(app_laws.events_carry_no_person([Planted])) == 2


def test_addresses_name_no_person(house: House) -> None:
    assert app_laws.addresses_name_no_person(house.apps) == []


def test_the_address_law_bites() -> None:
    app = FastAPI()

    @app.get("/people")
    async def people(id_number: str) -> str:
        return id_number

    assert len(app_laws.addresses_name_no_person({"planted": app})) == 1


def test_without_a_key_nothing_starts() -> None:
    with pytest.raises(ValueError, match="refusing to start"):
        TokenVerifier({}, typ="inner+jwt", audience="registry", max_life=60)
    with pytest.raises(ValueError, match="refusing to start"):
        TokenVerifier({"gateway": {}}, typ="inner+jwt", audience="registry", max_life=60)
    with pytest.raises(ValueError, match="refusing to start"):
        Sealer("registry", {}, "k1")


@pytest.mark.parametrize("service", PACKAGES)
def test_every_code_is_labelled(service: str) -> None:
    codes = importlib.import_module(f"{PACKAGES[service]}.codes").CODES
    assert app_laws.every_code_is_labelled(schema_of(PACKAGES[service]), codes) == []


def test_the_label_law_bites() -> None:
    schema = Schema("planted")
    sa.Table("thing", schema.metadata, sa.Column("state", sa.Text), check_words("state", ("open", "closed"), "state"))
    assert len(app_laws.every_code_is_labelled(schema, {"thing.state": {"open": ("开", "open")}})) == 1


def all_messages() -> Iterator[type[Message]]:
    """Every request body that a composed house has loaded."""
    waiting = [Message]
    while waiting:
        known = waiting.pop()
        waiting += known.__subclasses__()
        yield known


def test_days_are_written_as_days(house: House) -> None:
    assert app_laws.days_are_written_as_days(house.apps, all_messages()) == []


def test_the_day_law_bites() -> None:
    class Planted(BaseModel):
        on: date
        until: date | None = None
        several: list[date] = []
        rightly: list[Day] = []

    router = APIRouter(route_class=UnitRoute)

    @router.get("/registry/v1/days")
    async def days(since: date, until: Day | None = None) -> None:
        del since, until

    app = FastAPI()
    app.include_router(router)
    found = app_laws.days_are_written_as_days({"registry": app}, [Planted])
    assert [name.rpartition(".")[2] for name in found] == ["/registry/v1/days ?since", "on", "several", "until"]
