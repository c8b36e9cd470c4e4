"""Gathers the published language of the services and keeps it; a service that is down is asked again next time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from gateway.documents.lists import every_list
from gateway.documents.merge import merged
from kit.call import NeighbourDown
from kit.doors import Door

EXPECTED = ("registry", "testing", "alerts", "precursor")


class Library:
    """The merged documents of one house."""

    def __init__(self, doors: Mapping[str, Door], own: dict[str, Any], roles: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        self._doors = doors
        self._told: dict[str, dict[str, Any]] = {"gateway": own}
        self._roles = roles
        self._openapi: dict[str, Any] | None = None
        self._codes: tuple[str, dict[str, Any]] | None = None

    async def gather(self) -> None:
        """Ask the services that have not answered yet."""
        for name in EXPECTED:
            if name not in self._told and name in self._doors:
                try:
                    self._told[name] = await self._doors[name].get("/internal/language")
                    self._openapi = self._codes = None
                except NeighbourDown:
                    continue

    async def openapi(self) -> dict[str, Any]:
        """The merged OpenAPI document."""
        await self.gather()
        if self._openapi is None:
            documents = {name: told["openapi"] for name, told in self._told.items()}
            self._openapi = merged(documents, self._roles, every_list(self._told))
        return self._openapi

    async def codes(self) -> tuple[str, dict[str, Any]]:
        """Every code list with its labels, as `<service>.<list>`, and the ETag of them all.

        The tag is weak, because the answer may be compressed on its way (RFC 9110 8.8.1).
        """
        await self.gather()
        if self._codes is None:
            found = every_list(self._told)
            spelled = json.dumps(found, sort_keys=True, ensure_ascii=False).encode()
            self._codes = f'W/"{sha256(spelled).hexdigest()[:32]}"', found
        return self._codes

    async def problems(self) -> dict[str, Any]:
        """Every problem type by slug."""
        await self.gather()
        return {slug: about for told in self._told.values() for slug, about in sorted(told["problems"].items())}
