"""Alerts over a fresh database for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.houses import Template, TestHouse, open_house


@pytest.fixture
async def house(template: Template) -> AsyncIterator[TestHouse]:
    """Alerts alone."""
    async with open_house(template, only="alerts") as opened:
        yield opened
