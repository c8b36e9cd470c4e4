"""Alerts over a fresh database for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kit.roles import Role
from tests.alerts.neighbours import TOWN
from tests.houses import Template, TestHouse, open_house
from tests.registry.people_data import add_towns


@pytest.fixture
async def house(template: Template) -> AsyncIterator[TestHouse]:
    """Alerts alone."""
    async with open_house(template, only="alerts") as opened:
        yield opened


STAFF = (("W1", "杨某某", "social_worker"), ("W2", "白某某", "grid_worker"), ("W3", "刘某某", "town_officer"))


@pytest.fixture
async def county(template: Template) -> AsyncIterator[TestHouse]:
    """The whole house, where the registry knows who works for the county: W1 and W2 serve, W3 has left."""
    async with open_house(template) as opened:
        add_towns(opened)
        officer = opened.caller("registry", Role.COUNTY_OFFICER)
        rows = [{"code": code, "name": name, "post": post, "division_code": TOWN, "valid_from": "2020-01-01"} for code, name, post in STAFF]
        assert (await officer("POST", "/registry/v1/staff/load", rows)).status == 200
        assert (await officer("POST", "/registry/v1/staff/W3/departure", {"on": "2021-06-30"})).status == 200
        yield opened
