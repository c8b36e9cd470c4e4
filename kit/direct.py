"""Calls a list's endpoint without the framework's solver, where a request has nothing unusual.

FastAPI walks every parameter of a route at every request, also those that nobody sent: a quarter of the CPU of a page of people (docs/performance.md). A list
has some eight of them and is sent one or two. Here the parameters are read once, when the route is made; a request then costs what it sends. Whatever is
not plain goes the framework's own way: a value that does not fit (its answer names the fault), another kind of parameter, a dependency that must be closed.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

PLAIN = (str, int, float, bool, type(None))
"""Defaults that nobody can change, so that one object serves all requests."""


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    alias: str
    field: Any
    default: Any
    required: bool


@dataclass(frozen=True, slots=True)
class Direct:
    """One function with what it is given."""

    call: Callable[..., Awaitable[Any]]
    query: tuple[_Parameter, ...]
    path: tuple[_Parameter, ...]
    request_as: str | None
    children: tuple[tuple[str, Direct], ...]

    @classmethod
    def of(cls, dependant: Dependant) -> Direct | None:
        """The endpoint of this route, or None where the framework has to do it: it must answer with a Response of its own."""
        call = dependant.call
        if call is None or typing.get_type_hints(call).get("return") is not Response:
            return None
        return cls._of(dependant)

    @classmethod
    def _of(cls, dependant: Dependant) -> Direct | None:
        call = dependant.call
        unusual = (
            dependant.body_params,
            dependant.header_params,
            dependant.cookie_params,
            dependant.http_connection_param_name,
            dependant.background_tasks_param_name,
            dependant.response_param_name,
            dependant.security_scopes_param_name,
        )
        if call is None or any(unusual) or not inspect.iscoroutinefunction(call if inspect.isroutine(call) else type(call).__call__):
            return None
        query, path = _parameters(dependant.query_params), _parameters(dependant.path_params)
        children = [(child.name or "", cls._of(child)) for child in dependant.dependencies]
        if query is None or path is None or any(child is None for _, child in children):
            return None
        return cls(call, query, path, dependant.request_param_name, tuple((name, child) for name, child in children if child is not None))

    async def answer(self, request: Request) -> Response | None:
        """The endpoint's response, or None when a parameter is missing or does not fit."""
        values = self._values(request)
        return None if values is None else await self._run(request, values)

    def _values(self, request: Request) -> list[dict[str, Any]] | None:
        """What was sent, for this function and then for what it depends on: read before anything is called."""
        own: dict[str, Any] = {}
        if not (_read(self.query, request.query_params, own) and _read(self.path, request.path_params, own)):
            return None
        found = [own]
        for _, child in self.children:
            below = child._values(request)
            if below is None:
                return None
            found += below
        return found

    async def _run(self, request: Request, values: list[dict[str, Any]]) -> Any:
        own = values.pop(0)
        for name, child in self.children:
            given = await child._run(request, values)
            if name:
                own[name] = given
        if self.request_as:
            own[self.request_as] = request
        return await self.call(**own)


def _parameters(fields: list[Any]) -> tuple[_Parameter, ...] | None:
    """The parameters, or None when one is more than a plain value."""
    found: list[_Parameter] = []
    for field in fields:
        info = field.field_info
        required = info.is_required()
        default = None if required else field.default
        kind = info.annotation
        several = "list" in str(kind) or "Sequence" in str(kind) or (isinstance(kind, type) and issubclass(kind, BaseModel))
        if several or not isinstance(default, PLAIN) or info.validate_default or field.validation_alias not in (None, field.alias):
            return None
        found.append(_Parameter(field.name, field.alias, field, default, required))
    return tuple(found)


def _read(parameters: tuple[_Parameter, ...], sent: Mapping[str, Any], into: dict[str, Any]) -> bool:
    for parameter in parameters:
        value = sent.get(parameter.alias)
        if value is None:
            if parameter.required:
                return False
            into[parameter.name] = parameter.default
            continue
        into[parameter.name], faults = parameter.field.validate(value, into, loc=("query", parameter.alias))
        if faults:
            return False
    return True
