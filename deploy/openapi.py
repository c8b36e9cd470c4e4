"""The merged OpenAPI document without running anything: `./dev openapi`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from deploy.compose import HouseSettings, build
from gateway.documents.merge import merged as merge
from gateway.edge.routes import shipped_table


def merged() -> dict[str, Any]:
    """The document that the gateway serves at /openapi.json."""
    with tempfile.TemporaryDirectory() as folder:
        house = build(HouseSettings(Path(folder), "host=127.0.0.1 port=1 dbname=none", background=False))
        roles = {(route.method, route.path): {"roles": route.roles, "purpose": route.purpose} for route in shipped_table().routes}
        return merge({name: app.openapi() for name, app in sorted(house.apps.items())}, roles)
