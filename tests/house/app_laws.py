"""Laws that are read off the composed apps and their tables. Each returns its violations as sentences, so that it can be shown a planted one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, TypeAdapter, ValidationError

from deploy.routes import api_routes, guards_of
from gateway.edge.routes import Route
from kit.db import Schema
from kit.outbox import Event
from kit.roles import Role
from kit.work import AllowNeighbour, UnitRoute
from tests.house.laws import PERSONAL_WORDS

OPEN_PATHS = frozenset({"/livez", "/readyz", "/metrics"})
STREAMS = re.compile(r"/stream$")
NOT_PERSONAL = frozenset(
    {
        ("division", "name"), ("division", "lon"), ("division", "lat"), ("station", "name"), ("station", "lon"), ("station", "lat"), ("round", "name"),
        ("client", "name"), ("ledger_import", "file_name"),
    }
)  # fmt: skip
"""Columns whose name sounds personal and that name a place, a round or a machine."""
PUBLIC_TABLES = re.compile(
    r"^(division|station|round|client|catalogue|chemical|substance|firm|venue|lab|laboratory|kit|checklist|place|scheme|agreement|panel|activity|draw|poi|scheduled|campaign|occasion|detection_state)"
)
"""Tables about places, things and organisations: their names are no person's."""


def every_route_is_guarded(apps: Mapping[str, FastAPI]) -> list[str]:
    """Law 3: exactly one guard on each route, the neighbour's guard on internal ones and only there."""
    found = []
    for service, app in apps.items():
        for route in api_routes(app):
            if route.path in OPEN_PATHS:
                continue
            guards = guards_of(route)
            if len(guards) != 1:
                found.append(f"{service} {route.path} has {len(guards)} guards")
            elif isinstance(guards[0], AllowNeighbour) != route.path.startswith("/internal"):
                found.append(f"{service} {route.path} has the wrong kind of guard")
            elif not isinstance(route, UnitRoute) and not STREAMS.search(route.path):
                found.append(f"{service} {route.path} is no unit of work")
    return found


def agencies_are_granted(apps: Mapping[str, FastAPI]) -> list[str]:
    """A route that lets an agency's system in names the grant it needs, or says (None) that it needs none: a role alone opens nothing to a machine."""
    return [
        f"{name} {route.path} asks an agency for no grant"
        for name, app in apps.items()
        for route in api_routes(app)
        for guard in guards_of(route)
        if Role.AGENCY in guard.roles and getattr(guard, "grant", "") == ""
    ]


def the_table_lists_every_route(declared: Iterable[Iterable[str]], shipped: Iterable[Route]) -> list[str]:
    """Law 3: the gateway's table equals what the services declare."""
    wanted = {tuple(row) for row in declared}
    given = {
        (r.method, r.path, r.service, "|".join(sorted(r.roles)), str(r.body_limit), r.rate, "yes" if r.purpose else "no") for r in shipped
    }
    return [f"missing: {row}" for row in sorted(wanted - given)] + [f"left over: {row}" for row in sorted(given - wanted)]


def personal_columns_are_named(schemas: Iterable[Schema]) -> list[str]:
    """Law 8: a column that sounds personal is marked so, and a sealed one holds bytes."""
    found = []
    for schema in schemas:
        for table in schema.metadata.sorted_tables:
            for column in table.columns:
                sealed = column.name.endswith("_sealed")
                if sealed and not isinstance(column.type, sa.LargeBinary):
                    found.append(f"{table} {column.name} is sealed but holds no bytes")
                sounds = (
                    PERSONAL_WORDS.search(column.name)
                    and (table.name, column.name) not in NOT_PERSONAL
                    and not PUBLIC_TABLES.match(table.name)
                )
                if sounds and not column.info.get("personal"):
                    found.append(f"{table} {column.name} sounds personal and is not marked")
    return found


def events_carry_no_person(events: Iterable[type[Event]]) -> list[str]:
    """Law 8: events hold identifiers and codes only; each shows a sample that its own class accepts."""
    found = []
    for event in events:
        found += [f"{event.type} carries {name}" for name in event.model_fields if PERSONAL_WORDS.search(name)]
        try:
            event.model_validate(event.sample)
        except (AttributeError, ValueError) as error:
            found.append(f"{event.type} has no valid sample: {type(error).__name__}")
        if not event.__doc__:
            found.append(f"{event.type} has no docstring")
    return found


def addresses_name_no_person(apps: Mapping[str, FastAPI]) -> list[str]:
    """Law 8: no path or query parameter takes a personal value."""
    allowed = {"lon", "lat"}
    found = []
    for service, app in apps.items():
        for path, operations in app.openapi()["paths"].items():
            for operation in operations.values():
                for parameter in operation.get("parameters", []):
                    name = parameter["name"]
                    if (
                        parameter["in"] in ("path", "query")
                        and PERSONAL_WORDS.search(name)
                        and name not in allowed
                        and "assets" not in path
                    ):
                        found.append(f"{service} {path} takes {name} in the URL")
    return found


def every_list_links_to_its_next_page(apps: Mapping[str, FastAPI]) -> list[str]:
    """API.md 1: a list that is read page by page tells the next one in a Link header, made in one place (kit.lists)."""
    found = []
    for service, app in apps.items():
        for route in api_routes(app):
            shown = route.response_model or route.responses.get(200, {}).get("model")
            fields = getattr(shown, "model_fields", {})
            # A page whose `next` is never empty is a feed: it has no last one.
            paged = "items" in fields and "next" in fields and fields["next"].annotation is not str
            shaped = "answer(asked" in re.sub(r"\s", "", inspect.getsource(route.endpoint))
            if "GET" in (route.methods or ()) and paged and not shaped:
                found.append(f"{service} {route.path} tells no next page")
    return found


def every_code_is_labelled(schema: Schema, codes: Mapping[str, Mapping[str, tuple[str, str]]]) -> list[str]:
    """API.md 1: a word that a column may hold has a Chinese and an English label in the service's code lists."""
    found = []
    for table in schema.metadata.sorted_tables:
        for constraint in table.constraints:
            listed = re.match(r"(\w+) in \((.*)\)$", str(constraint.sqltext)) if isinstance(constraint, sa.CheckConstraint) else None
            if listed:
                column = listed.group(1)
                labels = codes.get(f"{table.name}.{column}") or codes.get(column) or {}
                words = [word.strip().strip("'") for word in listed.group(2).split(",")]
                found += [f"{table.name}.{column}: {word!r} has no label" for word in words if word not in labels]
    return found


def _leaf_types(annotation: Any) -> Iterator[Any]:
    """An annotation and what its unions and lists are made of, validators included."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType, list, tuple, set, frozenset):
        for part in inner:
            yield from _leaf_types(part)
    else:
        yield annotation


def _reads_zero_as_a_day(annotation: Any) -> bool:
    for leaf in _leaf_types(annotation):
        plain = get_args(leaf)[0] if get_origin(leaf) is Annotated else leaf
        if plain is not date:
            continue
        for value in (0, "0", "2021-07-01T00:00:00Z"):
            try:
                TypeAdapter(leaf).validate_python(value)
            except ValidationError:
                continue
            return True
    return False


def days_are_written_as_days(apps: Mapping[str, FastAPI], messages: Iterable[type[BaseModel]]) -> list[str]:
    """Every date in a body or a query is `kit.schemas.Day`: pydantic's own reads numbers as seconds since 1970."""
    found = [
        f"{model.__module__}.{model.__name__}.{name}"
        for model in messages
        for name, field in model.model_fields.items()
        if _reads_zero_as_a_day(field.rebuild_annotation())
    ]
    for route in (route for app in apps.values() for route in api_routes(app)):
        found += [
            f"{route.path} ?{parameter.alias}"
            for parameter in all_query_parameters(route.dependant)
            if _reads_zero_as_a_day(parameter.field_info.rebuild_annotation())
        ]
    return sorted(set(found))


def all_query_parameters(dependant: Dependant) -> Iterator[ModelField]:
    """The query parameters of a route and of what it depends on."""
    yield from dependant.query_params
    for child in dependant.dependencies:
        yield from all_query_parameters(child)
