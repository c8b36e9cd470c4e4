"""A registry that knows the county, and an officer's desk in it."""

from __future__ import annotations

import pytest

from kit.roles import Role
from tests.houses import TestHouse
from tests.registry.ledgers.desk import Desk, add_county


@pytest.fixture
def desk(house: TestHouse) -> Desk:
    """The county office's desk."""
    add_county(house)
    return Desk(house, house.caller("registry", Role.COUNTY_OFFICER))
