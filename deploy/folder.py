"""The data folder: who may use it, who uses it now, and the small files in it that others read.

<data-dir>/lock              held with flock(2) by the process that runs the house; holds its pid
<data-dir>/postgres/         the cluster           <data-dir>/postgres.log   its log
<data-dir>/postgres.json     port and pid of the running server
<data-dir>/secrets/          passwords and keys, 0700 / 0600
<data-dir>/ready.json        here while the house answers requests
<data-dir>/addresses.json    where each process listens (several-process shape)
<data-dir>/logs/             one log per process
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.problems import DiskFull, FolderForeign, FolderTaken, FolderUnfit, naming_full_disk

OURS = re.compile(
    r"lock|postgres|postgres\.(new|pw|json|port|log|log\.[1-9])|secrets|files|logs|postgres-binaries|(ready|addresses|kind|clock|demo|house|demo-accounts)\.json|working_days\.csv"
)
"""What a data folder may hold: a folder with anything else belongs to somebody else, unless this house used it before.

A restored one has no lock yet.
"""

NEEDED_MB = 300
"""A new cluster takes about 40 MB, its write-ahead log up to 160 MB more."""


INSIDE = "gateway.inside"
"""The name, among the addresses, of the port at which the gateway answers the services; `gateway` is its front door."""


def owner_name(uid: int) -> str:
    """The user's name, or the number when the system has none for it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def process_lives(pid: int) -> bool:
    """Whether a process with this number exists now, whoever owns it (a zombie, which only waits to be counted, does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a small file so that a reader sees the old or the new text, never half of it, and a crash keeps one of them."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with naming_full_disk(path.parent, NEEDED_MB):
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


def read_json(path: Path) -> dict[str, object]:
    """The object in a file, or {} when the file is missing or torn."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _lock_now(descriptor: int) -> bool:
    """Take the lock; a second try 0.1 s later ignores a process that only tested the lock (`running_pid`)."""
    for pause in (0.1, 0):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause)
        else:
            return True
    return False


class DataFolder:
    """One folder that holds everything a run keeps; one process at a time may run on it."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow a link that the operator set on purpose
        self._lock: int | None = None

    def take(self) -> None:
        """Make the folder if needed and hold it until `release` or the end of this process.

        A lock whose holder was killed does not matter: the kernel drops it. Raises FolderTaken, FolderForeign, FolderUnfit, DiskFull.
        """
        try:
            self._must_be_own()
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not (self.path / "lock").exists() and any(not OURS.fullmatch(entry.name) for entry in self.path.iterdir()):
                # --reset empties this folder: it must never be somebody's home.
                raise FolderUnfit(path=self.path, reason="it holds files that are not Guikang's", reason_zh="其中有不属于本系统的文件")
            with naming_full_disk(self.path, NEEDED_MB):
                # O_CLOEXEC is Python's default: no child that is started by exec keeps the lock alive.
                lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise FolderUnfit(path=self.path, reason=error.strerror, reason_zh=error.strerror) from error
        if not _lock_now(lock):
            pid = os.read(lock, 20).decode().strip() or "unknown"
            os.close(lock)
            raise FolderTaken(path=self.path, pid=pid)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock
        self.path.chmod(0o700)  # also one that a person made, or an earlier release: its files name people
        # A worker made by fork() would keep the lock after our death; it lets go at birth.
        os.register_at_fork(after_in_child=self._forget)
        self._clear_remains()
        free = shutil.disk_usage(self.path).free // 1_000_000
        if free < NEEDED_MB and not (self.path / "postgres").exists():
            self.release()
            raise DiskFull(path=self.path, needed=NEEDED_MB, free=free)

    def _must_be_own(self) -> None:
        """Check that this user owns the folder. This holds for root too: the owner of a folder could not use files that root wrote there.
        With sudo a new folder belongs to the owner of its parent folder. Raises FolderForeign.
        """
        place = self.path
        while not place.exists():
            place = place.parent
        owner = place.stat().st_uid
        if owner != os.geteuid() and (place == self.path or ("SUDO_UID" in os.environ and owner != 0)):
            raise FolderForeign(path=place, owner=owner_name(owner))

    def _forget(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _clear_remains(self) -> None:
        """After a kill -9 the files that mark a running house still exist."""
        for name in ("ready.json", "addresses.json"):
            (self.path / name).unlink(missing_ok=True)

    def release(self) -> None:
        """Release the lock. The file stays: otherwise two processes could lock two files of the same name."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def empty(self) -> None:
        """Delete everything but the held lock (`--reset`)."""
        for entry in self.path.iterdir():
            if entry.name == "lock":
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def secret(self, name: str) -> str:
        """A random secret (256 bits, URL-safe text) kept in `secrets/<name>`; made at the first call."""
        folder = self.path / "secrets"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / name
        if not path.exists():
            write_atomically(path, secrets.token_urlsafe(32))
        return path.read_text(encoding="utf-8").strip()

    def write(self, name: str, content: Mapping[str, object]) -> None:
        """Write a JSON object to a file of the folder, atomically, 0600."""
        write_atomically(self.path / name, json.dumps(content, ensure_ascii=False, indent=2) + "\n")

    def read(self, name: str) -> dict[str, object]:
        """A JSON object of the folder, or {}."""
        return read_json(self.path / name)

    def remove(self, name: str) -> None:
        """Remove a file of the folder; its absence is fine."""
        (self.path / name).unlink(missing_ok=True)


def urls_of(folder: DataFolder) -> dict[str, str]:
    """Where each process listens, by name; nothing while they do not run as several."""
    urls = folder.read("addresses.json").get("urls", {})
    assert isinstance(urls, dict)
    return {str(name): str(url) for name, url in urls.items()}


def running_pid(path: Path) -> int | None:
    """The process that holds the folder now, or None; takes nothing."""
    lock = path / "lock"
    try:
        with lock.open("r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = file.read(20).decode().strip()
                return int(text) if text.isdigit() else None
    except OSError:
        return None
    return None
