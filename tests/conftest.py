"""What every test may ask for: a real Postgres, once per run and worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from deploy.folder import DataFolder
from deploy.postgres import Postgres

if TYPE_CHECKING:
    from tests.houses import Template


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


@pytest.fixture(scope="session")
def template(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A prepared database (roles, schemas, migrations, grants) that tests copy: `tests.houses`."""
    from tests.houses import prepare_template

    return prepare_template(postgres, tmp_path_factory.mktemp("house"))
