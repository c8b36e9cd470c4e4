"""The embedded Postgres: a real server in a folder of its own, killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.folder import DataFolder, process_lives, running_pid
from deploy.identity import can_unshare, choose_identity
from deploy.ports import port_is_free
from deploy.postgres import SETTINGS, Postgres, binaries, check_locale
from deploy.problems import FolderTaken, LocaleUnfit, PortTaken, PostgresFailed, PostgresNewer

PROJECT = Path(__file__).parents[2]

SUPERVISOR = """
import sys, time
from pathlib import Path
from deploy.folder import DataFolder
from deploy.postgres import Postgres
folder = DataFolder(Path(sys.argv[1])); folder.take()
server = Postgres(folder); server.start()
print(server.pid, server.dsn(), flush=True)
time.sleep(600)
"""


def supervisor(folder: Path) -> tuple[subprocess.Popen[str], int, str]:
    """Another process that runs a server on the folder: the process, the postmaster's pid, the owner's address."""
    process = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(folder)], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid, dsn = process.stdout.readline().split()
    return process, int(pid), dsn


def wait_for_end(pid: int) -> bool:
    """Whether the process ends within ten seconds (the kernel's own notice, no polling)."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    import select

    with os.fdopen(descriptor, "rb", closefd=True) as watched:
        return bool(select.select([watched], [], [], 10)[0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A durable server in a folder of its own, started; each test leaves it running."""
    folder = DataFolder(tmp_path_factory.mktemp("durable"))
    folder.take()
    server = Postgres(folder)
    server.start()
    yield server
    server.stop()
    folder.release()


def test_a_new_cluster_answers_with_utf8_checksums_scram_and_full_durability(server: Postgres) -> None:
    wanted = {
        "server_encoding": "UTF8",
        "data_checksums": "on",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
        "max_connections": SETTINGS["max_connections"],
    }
    with psycopg.connect(server.dsn()) as connection:
        found = dict(connection.execute("select name, setting from pg_settings where name = any(%s)", (list(wanted),)).fetchall())
        provider = connection.execute("select datlocprovider, datlocale from pg_database where datname = 'postgres'").fetchone()
        check_locale(connection)
    assert found == wanted
    assert provider in {("b", "C.UTF-8"), (b"b", "C.UTF-8")}
    assert all(
        "scram-sha-256" in line for line in (server.data / "pg_hba.conf").read_text().splitlines() if line.startswith(("host", "local"))
    )


def test_nobody_enters_without_the_password_which_only_its_owner_may_read(server: Postgres) -> None:
    secret = server.folder.path / "secrets" / "postgres"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn().replace(secret.read_text(), "guess"))


def test_a_database_of_locale_c_is_refused_because_it_has_no_trigrams_for_chinese(server: Postgres) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("create database plain template template0 encoding 'UTF8' locale_provider libc locale 'C'")
    with psycopg.connect(server.dsn("plain"), autocommit=True) as connection, pytest.raises(LocaleUnfit) as told:
        check_locale(connection)
    assert "C.UTF-8" in str(told.value)
    assert "中文" in told.value.chinese


def test_the_log_holds_no_value_of_a_statement_that_failed(server: Postgres) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("create table person (name text primary key)")
        connection.execute("insert into person values ('张三丰')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into person values ('张三丰')")
    assert "duplicate key" in server.log.read_text()
    assert "张三丰" not in server.log.read_text()


def test_a_start_after_an_orderly_stop_finds_the_data_and_the_same_port(server: Postgres) -> None:
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("create table kept_in_order (n int)")
    port = server.port
    server.stop()
    assert not (server.data / "postmaster.pid").exists()
    assert not (server.folder.path / "postgres.json").exists()
    server.start()
    assert server.port == port
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute("select count(*) from kept_in_order").fetchone() == (0,)


def test_when_the_supervisor_is_killed_the_server_ends_too_and_the_next_start_loses_nothing(tmp_path: Path) -> None:
    process, pid, dsn = supervisor(tmp_path / "data")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create table kept as select generate_series(1, 1000) as n")
    process.kill()
    process.communicate()
    assert wait_for_end(pid), "an orphan Postgres runs on"
    folder = DataFolder(tmp_path / "data")
    folder.take()
    server = Postgres(folder)
    server.start()
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1000,)
    server.stop()
    folder.release()


def test_a_server_that_was_killed_itself_recovers_what_was_committed(server: Postgres) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("create table kept as select generate_series(1, 1000) as n")
    pid = server.pid
    os.kill(pid, signal.SIGKILL)
    assert wait_for_end(pid)
    server.launch()
    server.wait()
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1000,)


def test_a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle(server: Postgres) -> None:
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")
    server.start()
    assert server.pid


def test_a_folder_in_use_is_refused_with_the_pid_of_its_user(tmp_path: Path) -> None:
    process, _, _ = supervisor(tmp_path / "data")
    try:
        assert running_pid(tmp_path / "data") == process.pid
        with pytest.raises(FolderTaken) as told:
            DataFolder(tmp_path / "data").take()
        assert str(process.pid) in str(told.value)
    finally:
        process.kill()
        process.communicate()
    assert running_pid(tmp_path / "data") is None
    folder = DataFolder(tmp_path / "data")
    folder.take()
    folder.release()


def test_a_given_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not port_is_free(port)
        folder = DataFolder(tmp_path / "data")
        folder.take()
        server = Postgres(folder, port, durable=False)
        server.initialise()
        with pytest.raises(PortTaken, match=str(port)):
            server.launch()
        folder.release()


def test_a_start_that_died_while_making_the_cluster_is_made_again(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.take()
    (folder.path / "postgres.new" / "base").mkdir(parents=True)
    (folder.path / "postgres.new" / "PG_VERSION").write_text("18\n")
    server = Postgres(folder, durable=False)
    assert server.initialise()
    assert not (folder.path / "postgres.new").exists()
    assert not (folder.path / "postgres.pw").exists()
    (server.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(PostgresNewer, match="17"):
        server.initialise()
    (server.data / "PG_VERSION").write_text("18\n")
    (server.data / "global" / "pg_control").unlink()
    server.launch()
    with pytest.raises(PostgresFailed) as told:
        server.wait()
    assert "pg_control" in str(told.value)
    folder.release()


def test_only_the_main_thread_may_launch_because_the_server_ends_with_its_thread(server: Postgres) -> None:
    found: list[BaseException] = []

    def launch() -> None:
        try:
            server.launch()
        except RuntimeError as error:
            found.append(error)

    thread = threading.Thread(target=launch)
    thread.start()
    thread.join()
    assert "main thread" in str(found[0])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes identity")
def test_root_without_user_namespaces_runs_it_as_nobody_from_copied_binaries(tmp_path_factory: pytest.TempPathFactory) -> None:
    import tempfile

    from deploy.problems import FolderUnreachable

    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o700)
    with pytest.raises(FolderUnreachable, match="ordinary user"):
        choose_identity(binaries(), closed / "data", allow_namespace=False)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        folder = DataFolder(Path(place) / "data")
        folder.take()
        server = Postgres(folder, durable=False)
        assert can_unshare() == bool(server.identity.prefix)
        server.identity = choose_identity(binaries(), folder.path, allow_namespace=False)
        server.start()
        try:
            assert Path(f"/proc/{server.pid}").stat().st_uid == server.data.stat().st_uid != 0
        finally:
            server.stop()
        # The next start may find namespaces again: the files change hands.
        server.identity = choose_identity(binaries(), folder.path)
        server.start()
        assert process_lives(server.pid)
        server.stop()
        folder.release()
