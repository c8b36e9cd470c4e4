"""What the gateway may grant an agency's system is what the services ask for."""

from __future__ import annotations

import pytest

from deploy.routes import api_routes, guards_of
from gateway.identity.rules import OPERATIONS
from tests.houses import TestHouse

pytestmark = pytest.mark.anyio


async def test_every_operation_that_is_asked_for_can_be_granted_and_no_other(house: TestHouse) -> None:
    guards = [guard for app in house.house.apps.values() for route in api_routes(app) for guard in guards_of(route)]
    assert {grant for guard in guards if (grant := getattr(guard, "grant", None))} == set(OPERATIONS)
