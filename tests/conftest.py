"""What every test may ask for: a real Postgres, once per run and worker; and the boards that a run shows at its end."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_timeout
from anyio import pytest_plugin
from hypothesis import HealthCheck, settings

from deploy.postgres import Postgres
from kit.waits import frames
from tests.boards import Board, Tally, board_of, boards, tally_of
from tests.memory import cluster_folder

if TYPE_CHECKING:
    from pytest_timeout import Settings

    from tests.houses import Template


# How fast inputs are made or tried says how busy the machine is, and nothing about the code.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture
def board(record_property: Callable[[str, object], None]) -> Board:
    """Show a line under a title when the run ends."""
    return board_of(record_property)


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    """Add counts under a title to those that the run shows at its end."""
    return tally_of(record_property)


STDERR = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the terminal's stderr while nothing captures it: a worker's last words must reach somebody."""
    config.stash[STDERR] = os.dup(2)


def pytest_keyboard_interrupt() -> None:
    """End the async test that was interrupted, so that its fixtures can end too: anyio runs all of them in one task, which the interrupt either leaves waiting
    for the test or ends. Another task takes its place."""
    runner: Any = pytest_plugin._current_runner  # there is no public way to it
    if runner is not None and (task := runner._runner_task) is not None:
        task.cancel()
        runner.get_loop().run_until_complete(asyncio.wait([task]))
        runner._runner_task = None


@pytest.hookimpl
def pytest_timeout_set_timer(item: pytest.Item, settings: Settings) -> bool:
    """Bound a test: also tell where each asyncio task waits, before pytest-timeout shows the threads and ends the worker.

    A task that waits stands on no thread's stack, and a hang in a stop is nearly always such a task.
    """
    timer = threading.Timer(settings.timeout, _tell_and_end, (item, settings))
    timer.daemon = True
    timer.name = f"bound of {item.nodeid}"

    def cancel() -> None:
        timer.cancel()
        timer.join()

    item.cancel_timeout = cancel  # pyright: ignore[reportAttributeAccessIssue] - how pytest-timeout itself remembers its timer
    timer.start()
    return True


def _tell_and_end(item: pytest.Item, settings: Settings) -> None:
    lines = [f"\n{item.nodeid} has not ended after {settings.timeout:.0f} s. Tasks that wait:\n"]
    for task in [one for one in gc.get_objects() if isinstance(one, asyncio.Task) and not one.done()]:
        lines += [f"  {task.get_name()}\n", *(f"    {place}\n" for place in frames(task))]
    stderr = item.config.stash[STDERR]
    os.write(stderr, "".join(lines).encode())
    faulthandler.dump_traceback(stderr, all_threads=True)
    pytest_timeout.timeout_timer(item, settings)  # ends the process: the run counts the test as failed and goes on with another worker


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The boards."""
    # pytest keeps the reports of phases that went well, and are no test's call, under the empty name.
    for title, lines in boards(terminalreporter.stats.get("", ())).items():
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.write_line(line)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`: run the long forms too (chaos, fuzz, the large benches' checks)."""
    parser.addoption("--long", action="store_true", default=False, help="run the long forms too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files with slow tests come first: a worker that meets a journey last would let the others wait for it. Long forms run only when asked for."""
    if not config.getoption("--long"):
        long = [item for item in items if item.get_closest_marker("long")]
        if long:
            config.hook.pytest_deselected(items=long)
            items[:] = [item for item in items if not item.get_closest_marker("long")]
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
    with cluster_folder(tmp_path_factory.mktemp("postgres")) as folder:
        server = Postgres(folder, durable=False)
        server.start()
        try:
            yield server.dsn()
        finally:
            server.stop()


@pytest.fixture(scope="session")
def template(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A prepared database (roles, schemas, migrations, grants) that tests copy: `tests.houses`."""
    from tests.houses import prepare_template

    return prepare_template(postgres, tmp_path_factory.mktemp("house"))
