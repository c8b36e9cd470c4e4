"""The practice set, and the scorecard that a run shows at its end."""

from __future__ import annotations

import pytest

from tests.alerts.detectors.practice import Practice, load

SCORECARD = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def practice() -> Practice:
    """600 fictitious persons over 90 days with 40 planted gatherings and 25 planted flow anomalies."""
    return load()


@pytest.fixture
def scorecard(request: pytest.FixtureRequest) -> list[str]:
    """Lines to show at the end of the run."""
    return request.config.stash.setdefault(SCORECARD, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Shows the scorecard, whether the tests passed or not."""
    lines = config.stash.get(SCORECARD, [])
    if lines:
        terminalreporter.section("scorecard of the detectors")
        for line in lines:
            terminalreporter.write_line(line)
