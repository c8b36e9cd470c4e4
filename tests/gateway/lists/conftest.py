"""One whole house whose lists have rows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.gateway.lists.rows import Rows, filled
from tests.gateway.matrix.front import Front
from tests.houses import Template, open_house


@pytest.fixture(scope="package")
async def rows(template: Template) -> AsyncIterator[Rows]:
    """The county of the matrix, and of what it lacks some more."""
    async with open_house(template) as opened:
        front = Front(opened)
        front.document = (await front.ask("GET", "/openapi.json")).json()
        yield await filled(front)
