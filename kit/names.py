"""Names beside ids: every id of a person, a town or an actor in an answer comes with a name, told at that moment by who owns it (ADR 0026).

`KINDS` says which properties are such ids. `kit.schemas.Answer` shows their names in OpenAPI; `kit.work.UnitRoute` writes them behind the ids, into the
bytes that leave, after the commit: no row, no kept answer and no log holds them. A name that its owner cannot tell now, or not to this caller, is null.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, get_args

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from kit.auth import principal_claims
from kit.call import NeighbourDown
from kit.problems import Unavailable
from kit.roles import Role
from kit.scope import division_code

if TYPE_CHECKING:
    from kit.work import House, Work

_TOWNS = ("division_code", "village_code", "county_code", "parent_code", "service_centre_code", "from_division", "transfer_to")
_ACTS = "acknowledged approved closed confirmed decided proposed recorded registered requested reviewed signed uploaded visited"
KINDS: Mapping[str, str] = {
    **dict.fromkeys(("person_id", "person_ids", "person"), "people"),
    **dict.fromkeys(_TOWNS, "towns"),
    **dict.fromkeys(
        ("staff_code", "account_id", "assigned_to", "assignee", "registered_staff", "actor", "by", *(f"{act}_by" for act in _ACTS.split())),
        "actors",
    ),
    **dict.fromkeys(("inspector_id", "officers"), "inspectors"),
}
"""Property → whose name stands beside it."""
SOURCES = {
    "people": ("registry", "/internal/people/names"),
    "towns": ("registry", "/internal/names"),
    "staff": ("registry", "/internal/names"),
    "accounts": ("gateway", "/internal/names"),
    "inspectors": ("precursor", "/internal/inspectors/names"),
}
"""Who is asked, and where. Of persons nothing is remembered; the rest is for `KEPT`."""
KEPT = timedelta(seconds=60)
MOST = 10_000
SECONDS = 1.0
"""How long a list waits for names; who did not answer in it is not asked again for `QUIET`."""
QUIET = timedelta(seconds=5)
_VALUE = rb'null|"[^"\\]*(?:\\.[^"\\]*)*"|\[(?:"[^"\\]*"(?:, ?)?)*\]'
_STAFF = re.compile(r"[A-Z0-9-]{1,20}")
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{2,39}")
Tell = Callable[["House", Mapping[str, Any]], Awaitable[Mapping[str, Mapping[str, str]]]]
"""House, what is asked as a neighbour asks it → kind → id → name."""


def name_of(key: str) -> str:
    """The property with the name of an id: `person_id` → `person_name`, `officers` → `officer_names`, `recorded_by` → `recorded_by_name`."""
    return re.sub(r"(_id|_code)?(s?)$", r"_name\2", key, count=1)


def named_keys(fields: Collection[str], unnamed: Collection[str]) -> dict[str, str]:
    """Which of these properties get a name beside them, and what it is called."""
    return {key: name_of(key) for key in fields if key in KINDS and key not in unnamed and name_of(key) not in fields}


def show(schema: dict[str, Any], unnamed: Collection[str]) -> None:
    """Add the names to the schema of an answer, each behind its id."""
    fields = schema.get("properties", {})
    names, shown = named_keys(fields, unnamed), dict[str, Any]()
    for key, value in fields.items():
        shown[key] = value
        if key in names:
            text: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
            many = {"type": "array", "items": text}
            several = {"anyOf": [many, {"type": "null"}]} if "anyOf" in value else many
            shown[names[key]] = {**(several if key.endswith("s") else text), "title": names[key].replace("_", " ").title()}
            schema["required"] = schema.get("required", []) + [names[key]] * (key in schema.get("required", ()))
    if names:
        schema["properties"] = shown


def _models(shape: Any) -> set[type[BaseModel]]:
    found, waiting = set[type[BaseModel]](), [shape]
    while waiting:
        one = waiting.pop()
        waiting += get_args(one)
        if isinstance(one, type) and issubclass(one, BaseModel) and one not in found:
            found.add(one)
            waiting += [field.annotation for field in one.model_fields.values()]
    return found


@lru_cache(maxsize=1024)
def names_in(*shapes: Any) -> Naming | None:
    """How answers of these shapes get their names; None when they have none. Raises TypeError when a property has a name in one part of them only."""
    named, bare = set[str](), set[str]()
    for model in set().union(*map(_models, shapes)):
        unnamed: frozenset[str] | None = getattr(model, "unnamed", None)
        own = named_keys(model.model_fields, unnamed) if unnamed is not None else {}
        named |= own.keys()
        bare |= {key for key in model.model_fields if key in KINDS} - own.keys()
    if named & bare:
        raise TypeError(f"{sorted(named & bare)} has a name in one part of {shapes} and none in another")
    return Naming(sorted(named)) if named else None


def parts_of(lines: Sequence[bytes]) -> Iterator[bytes]:
    """Lines in parts whose names are asked at once."""
    return (b"".join(lines[start : start + 1000]) for start in range(0, len(lines), 1000))


class Naming:
    """Writes names into JSON: behind each of some keys, which no text inside JSON can look like, because its quotes are escaped."""

    def __init__(self, keys: Collection[str]) -> None:
        self._ids = {key: re.compile(rb'("%b": ?(?:%b))' % (key.encode(), _VALUE)) for key in keys}
        self._names = {key: name_of(key) for key in keys}

    async def name(self, request: Request, answer: Response) -> Response:
        """An answer with its names. Where no purpose is asked for, one that is given counts all the same: without it no person is named."""
        work: Work | None = getattr(request.state, "work", None)
        kind = answer.headers.get("content-type", "")
        if work is None or answer.status_code >= 400 or not kind.startswith(("application/json", "application/x-ndjson")):
            return answer
        work = replace(work, purpose=work.purpose or request.headers.get("purpose", ""))
        if isinstance(answer, StreamingResponse):
            answer.body_iterator = self._lines(work, answer.body_iterator)
        else:
            answer.body = await self.fill(work, bytes(answer.body))
            answer.headers["content-length"] = str(len(answer.body))
        return answer

    async def _lines(self, work: Work, chunks: AsyncIterable[Any]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            for part in parts_of(chunk.splitlines(keepends=True)):
                yield await self.fill(work, part)

    async def fill(self, work: Work, body: bytes) -> bytes:
        """The same JSON with the names."""
        read = {(key, value): _ids(key, value) for key, ids in self._ids.items() for value in set(ids.findall(body))}
        names = await work.house.part(Names).find(work, {one for ids in read.values() for one in ids})
        told = dict[tuple[str, bytes], bytes]()
        for (key, value), ids in read.items():
            shown = ["null" if name is None else encode_basestring(name) for name in map(names.get, ids)]
            name = f"[{','.join(shown)}]" if value[-1:] == b"]" else shown[0] if shown else "null"
            told[key, value] = value + f',"{self._names[key]}":{name}'.encode()
        for key, ids in self._ids.items():
            parts = ids.split(body)
            parts[1::2] = [told[key, value] for value in parts[1::2]]
            body = b"".join(parts)
        return body


def _ids(key: str, value: bytes) -> list[tuple[str, str]]:
    value = value[len(key) + 3 :]
    read: Any = value[1:-1].decode() if value[:1] == b'"' and b"\\" not in value else json.loads(value)
    return [_asked(KINDS[key], one) for one in (read if isinstance(read, list) else [read] if read else [])]


def _asked(kind: str, value: str) -> tuple[str, str]:
    """An actor is a member of staff by number, or an account or client by id; the house itself (`registry/end_due_measures`) has no name."""
    if kind == "actors":
        return ("staff" if _STAFF.fullmatch(value) else "accounts" if _ACCOUNT.fullmatch(value) else ""), value
    return kind, division_code(value) if kind == "towns" else value


class Names:
    """Asks for names, each kind at who owns it. One per app."""

    def __init__(self, here: Mapping[str, Tell]) -> None:
        """`here`: what this app owns itself, by the path at which neighbours ask it."""
        self._here = here
        self._kept: dict[tuple[str, str], tuple[datetime, str | None]] = {}
        self._quiet: dict[tuple[str, str], datetime] = {}

    async def find(self, work: Work, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], str | None]:
        """(kind, id) → name, as far as it can be told to this caller: other agencies and strangers learn the names of places only."""
        human = work.principal.roles and not work.principal.has(Role.AGENCY, Role.PARTNER)
        found, asked = dict[tuple[str, str], str | None](), dict[tuple[str, str], dict[str, list[str]]]()
        for kind, one in sorted(wanted):
            known = self._kept.get((kind, one))
            if kind not in SOURCES or not (human or kind == "towns") or (kind == "people" and not work.purpose):
                continue
            if known is not None and known[0] <= work.now < known[0] + KEPT:
                found[kind, one] = known[1]
            else:
                asked.setdefault(SOURCES[kind], {}).setdefault(kind, []).append(one)
        answers = await asyncio.gather(*(self._ask(work, *source, kinds) for source, kinds in asked.items()))
        for kinds, told in zip(asked.values(), answers, strict=True):
            for kind, one in ((kind, one) for kind, ids in kinds.items() if kind in told for one in ids):
                found[kind, one] = told[kind].get(one)
                if kind != "people":
                    self._kept[kind, one] = (work.now, found[kind, one])
        if len(self._kept) > MOST:
            self._kept.clear()
        return found

    async def _ask(self, work: Work, callee: str, path: str, kinds: Mapping[str, list[str]]) -> Mapping[str, Mapping[str, str]]:
        body: dict[str, Any] = {**kinds}
        if "people" in kinds:
            body |= {"caller": principal_claims(work.principal), "purpose": work.purpose, "request_id": work.request_id}
        quiet = self._quiet.get((callee, path))
        try:
            if callee == work.house.schema.name:
                return await self._here[path](work.house, body)
            if callee in work.house.neighbours and not (quiet is not None and quiet <= work.now < quiet + QUIET):
                return await work.house.neighbours[callee].post(path, body, timeout=SECONDS)
        except (NeighbourDown, Unavailable):
            self._quiet[callee, path] = work.now
        return {}
