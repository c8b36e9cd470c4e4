"""Alerts over a fresh database for each test, and the scorecard that a run shows at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.houses import Template, TestHouse, open_house

SCORECARD = pytest.StashKey[list[str]]()


@pytest.fixture
async def house(template: Template) -> AsyncIterator[TestHouse]:
    """Alerts alone."""
    async with open_house(template, only="alerts") as opened:
        yield opened


@pytest.fixture
def scorecard(request: pytest.FixtureRequest) -> list[str]:
    """Lines to show at the end of the run."""
    return request.config.stash.setdefault(SCORECARD, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Shows the scorecard, whether the tests passed or not."""
    lines = config.stash.get(SCORECARD, [])
    if lines:
        terminalreporter.section("scorecard of the alerts service")
        for line in lines:
            terminalreporter.write_line(line)
