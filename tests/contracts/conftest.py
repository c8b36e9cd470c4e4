"""One whole house for all contracts: what a contract writes is rolled back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.houses import Template, TestHouse, open_house


@pytest.fixture(scope="module")
async def house(template: Template) -> AsyncIterator[TestHouse]:
    """All five apps over a fresh database."""
    async with open_house(template) as opened:
        yield opened
