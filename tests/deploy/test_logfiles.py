"""Logs stay under their ceiling while their writers hold them open, and only their owner reads them."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from deploy.folder import DataFolder
from deploy.logfiles import LogFiles, open_log
from kit.logs import AccessLog


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_log_under_an_open_writer_is_set_aside_and_never_takes_more_than_its_ceiling(tmp_path: Path) -> None:
    logs, path = LogFiles(tmp_path, ceiling=10_000, kept=2), tmp_path / "logs" / "registry.log"
    writer = open_log(path)
    line = b"x" * 99 + b"\n"
    for round_ in range(8):
        for _ in range(101):
            os.write(writer, line)
        assert logs.sweep() == 1, round_
        assert path.stat().st_size == 0
    os.write(writer, b"last\n")
    os.close(writer)
    assert path.read_bytes() == b"last\n"
    files = sorted(item.name for item in path.parent.iterdir())
    assert files == ["registry.log", "registry.log.1", "registry.log.2"]
    assert sum(item.stat().st_size for item in path.parent.iterdir()) <= 3 * 10_000
    assert {mode(item) for item in path.parent.iterdir()} == {0o600}


def test_all_logs_of_a_folder_are_looked_after_and_small_ones_stay(tmp_path: Path) -> None:
    for name in ("access.log", "gateway.log"):
        os.close(open_log(tmp_path / "logs" / name))
    (tmp_path / "postgres.log").write_bytes(b"y" * 20_000)
    (tmp_path / "logs" / "access.log").write_bytes(b"y" * 20_000)
    assert LogFiles(tmp_path, ceiling=10_000).sweep() == 2
    assert (tmp_path / "postgres.log.1").stat().st_size == 10_000
    assert (tmp_path / "logs" / "gateway.log.1").exists() is False


def test_a_full_disk_empties_the_log_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "logs" / "alerts.log"
    os.close(open_log(path))
    path.write_bytes(b"z" * 20_000)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    assert LogFiles(tmp_path, ceiling=10_000).sweep() == 1
    assert path.stat().st_size == 0
    assert not path.with_name("alerts.log.1").exists()


def test_a_log_and_a_folder_that_others_could_read_are_closed(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.mkdir(mode=0o755)
    (path / "lock").touch()
    (path / "logs").mkdir()
    log = path / "logs" / "registry.log"
    log.write_text("old\n")
    log.chmod(0o644)
    folder = DataFolder(path)
    folder.take()
    os.close(open_log(log))
    assert (mode(path), mode(log), log.read_text()) == (0o700, 0o600, "old\n")
    folder.release()


@pytest.mark.anyio
async def test_strangers_cannot_fill_the_access_log_and_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "access.log"
    log = AccessLog(path)
    for number in range(5_000):
        log.note("2021-07-01T00:00:00Z", "GET", "unrouted", 404, 0.001, f"r{number}", "")
    for number in range(50):
        log.note("2021-07-01T00:00:00Z", "GET", "/registry/v1/people", 200, 0.001, f"s{number}", "officer-1")
    log.flush()
    lines = path.read_text().splitlines()
    assert sum('"officer-1"' in line for line in lines) == 50, "who signed in is noted, each time"
    assert sum('"unrouted"' in line for line in lines) == AccessLog.STRANGERS
    assert f'"left_out":{5_000 - AccessLog.STRANGERS}' in lines[-1]
    log.note("2021-07-01T00:00:02Z", "GET", "unrouted", 404, 0.001, "next", "")
    log.flush()
    assert '"next"' in path.read_text().splitlines()[-1], "the next second has its own lines"
