"""Testing beside its registry, over a fresh database for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.houses import Template
from tests.testing.street import Street, open_street


@pytest.fixture
async def street(template: Template) -> AsyncIterator[Street]:
    """Registry and testing side by side."""
    async with open_street(template) as opened:
        yield opened
