"""A registry over a fresh database: the kit is tested under a real service."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.houses import Template, TestHouse, open_house


@pytest.fixture
async def house(template: Template) -> AsyncIterator[TestHouse]:
    """The registry alone."""
    async with open_house(template, only="registry") as opened:
        yield opened
