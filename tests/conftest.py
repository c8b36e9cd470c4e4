"""What every test may ask for: a real Postgres, once per run and worker; and the boards that a run shows at its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from deploy.folder import DataFolder
from deploy.postgres import Postgres
from tests.boards import Board, Tally, board_of, boards, tally_of

if TYPE_CHECKING:
    from tests.houses import Template


@pytest.fixture
def board(record_property: Callable[[str, object], None]) -> Board:
    """Show a line under a title when the run ends."""
    return board_of(record_property)


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Add counts under a title to those that the run shows at its end."""
    return tally_of(record_property)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The boards."""
    # pytest keeps the reports of phases that went well, and are no test's call, under the empty name.
    for title, lines in boards(terminalreporter.stats.get("", ())).items():
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.write_line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: a worker that meets a journey last would let the others wait for it."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The owner's address (URL form, database `postgres`) of an embedded server of this worker; it ends with the run, even when that is killed.

    GUIKANG_TEST_DSN names another server in its place, to try an older Postgres; one worker only, because logins belong to a whole server.
    """
    if given := os.environ.get("GUIKANG_TEST_DSN"):
        yield given
        return
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
