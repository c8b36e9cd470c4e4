"""What every test may ask for: a real Postgres, once per run and worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.folder import DataFolder
from deploy.postgres import Postgres


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The owner's address (URL form, database `postgres`) of an embedded server of this worker; it ends with the run, even when that is killed."""
    folder = DataFolder(tmp_path_factory.mktemp("postgres"))
    folder.take()
    server = Postgres(folder, durable=False)
    server.start()
    try:
        yield server.dsn()
    finally:
        server.stop()
        folder.release()
