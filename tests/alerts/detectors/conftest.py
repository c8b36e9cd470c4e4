"""The practice set."""

from __future__ import annotations

import pytest

from tests.alerts.detectors.practice import Practice, load


@pytest.fixture(scope="session")
def practice() -> Practice:
    """600 fictitious persons over 90 days with 40 planted gatherings and 25 planted flow anomalies."""
    return load()
