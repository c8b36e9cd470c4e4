"""The merged OpenAPI document without running anything: `./dev openapi`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from deploy.compose import HouseSettings, build
from gateway.documents.lists import Lists, every_list
from gateway.documents.merge import merged as merge
from gateway.edge.routes import shipped_table
from kit.app import language_of_app


def merged() -> dict[str, Any]:
    """The document that the gateway serves at /openapi.json."""
    with tempfile.TemporaryDirectory() as folder:
        house = build(HouseSettings(Path(folder), "host=127.0.0.1 port=1 dbname=none", background=False))
        roles = {(route.method, route.path): {"roles": route.roles, "purpose": route.purpose} for route in shipped_table().routes}
        told = {name: language_of_app(app, app.state.codes) for name, app in sorted(house.apps.items())}
        return merge({name: one["openapi"] for name, one in told.items()}, roles, every_list(told))


def codes() -> Lists:
    """Every code list, as at /meta/v1/codes."""
    with tempfile.TemporaryDirectory() as folder:
        house = build(HouseSettings(Path(folder), "host=127.0.0.1 port=1 dbname=none", background=False))
        return every_list({name: language_of_app(app, app.state.codes) for name, app in sorted(house.apps.items())})
