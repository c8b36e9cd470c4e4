"""These tests run on uvloop, as the served edge does."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """asyncio on uvloop."""
    return "asyncio", {"use_uvloop": True}
