"""One whole house whose lists have rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.gateway.lists.rows import Rows, filled
from tests.gateway.matrix.front import Front
from tests.houses import Template, open_house


@pytest.fixture(scope="package")
async def rows(template: Template) -> AsyncIterator[Rows]:
    """The county of the matrix, and of what it lacks some more."""
    async with open_house(template) as opened:
        front = Front(opened)
        await front.read_document()
        yield await filled(front)


@pytest.fixture(autouse=True)
def nothing_broke(rows: Rows) -> Iterator[None]:
    """After each test: no answer was a crash, or another one than the document tells of."""
    rows.front.faults.clear()
    yield
    assert not rows.front.faults, "\n".join(sorted(set(rows.front.faults)))
