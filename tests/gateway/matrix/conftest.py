"""One whole house for the matrix, and the counts that a run shows at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.gateway.matrix.front import ROLES, Front
from tests.houses import Template, open_house

COUNTS = pytest.StashKey[list[str]]()


@pytest.fixture(scope="package")
async def front(template: Template, request: pytest.FixtureRequest) -> AsyncIterator[Front]:
    """The front door of a house with all five apps."""
    async with open_house(template) as opened:
        front = Front(opened)
        document = await front.ask("GET", "/openapi.json")
        front.document = document.json()
        yield front
        rows = list(front.table.routes)
        checks = "; ".join(f"{count} {name}" for name, count in sorted(front.checks.items()))
        request.config.stash[COUNTS] = [
            f"{len(rows)} routes x {len(ROLES)} roles, {front.requests} requests, {len(front.slugs)} kinds of problems seen",
            checks,
        ]


@pytest.fixture(autouse=True)
def nothing_broke(front: Front) -> Iterator[None]:
    """After each test: no answer was a crash, or an error of another shape."""
    front.faults.clear()
    yield
    faults, front.faults[:] = sorted(set(front.faults)), []
    assert not faults, "\n".join(faults)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Shows the counts, whether the tests passed or not."""
    lines = config.stash.get(COUNTS, [])
    if lines:
        terminalreporter.section("matrix of routes and roles")
        for line in lines:
            terminalreporter.write_line(line)
