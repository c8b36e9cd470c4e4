"""One whole house for the matrix."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.boards import Tally
from tests.gateway.matrix.county import County, a_county
from tests.gateway.matrix.front import ROLES, Front
from tests.houses import Template, open_house


@pytest.fixture(scope="package")
async def front(template: Template) -> AsyncIterator[Front]:
    """The front door of a house with all five apps."""
    async with open_house(template) as opened:
        front = Front(opened)
        await front.read_document()
        front.listed = frozenset((await front.ask("GET", "/problems")).json())
        yield front


@pytest.fixture(scope="package")
async def county(front: Front) -> County:
    """Two towns and their people. One for the package: a second in the same house would be the same people."""
    return await a_county(front)


@pytest.fixture(autouse=True)
def nothing_broke(front: Front, tally: Tally) -> Iterator[None]:
    """After each test: no answer was a crash, or an error of another shape. What was asked goes to the count of the whole run."""
    front.faults.clear()
    front.checks.clear()
    asked = front.requests
    yield
    faults, front.faults[:] = sorted(set(front.faults)), []
    tally(f"matrix of routes and {len(ROLES)} roles", {"requests": front.requests - asked, **front.checks})
    assert not faults, "\n".join(faults)
    assert front.slugs <= front.listed, "a problem that is in no list"
