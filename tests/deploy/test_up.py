"""`./dev up` itself, as a person starts it: the real command in its own process, over real HTTP, stopped by signals."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.folder import process_lives
from deploy.ports import free_port
from deploy.problems import BadOption
from deploy.run import Options
from deploy.up import check

PROJECT = Path(__file__).parents[2]
COUNTY = "330102"
"""Another county than the demo's."""


class Start:
    """One `up`, read line by line until it says that it is open."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir, self.port = data_dir, free_port()
        command = [
            sys.executable,
            "-m",
            "deploy",
            "up",
            "--no-demo",
            "--county",
            COUNTY,
            "--data-dir",
            str(data_dir),
            "--port",
            str(self.port),
            *options,
        ]
        self.lines: list[str] = []
        # stdout too: whatever a start prints belongs to what a person reads.
        self.process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8")

    def until(self, words: str) -> None:
        """Read on until a line holds the words."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if words in line:
                return
        pytest.fail("it ended before it was open:\n" + "\n".join(self.lines))

    def ready(self) -> dict[str, Any]:
        """What it says of itself."""
        return json.loads((self.data_dir / "ready.json").read_text(encoding="utf-8"))

    def get(self, path: str) -> int:
        """The status of a GET."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    def end(self, number: int) -> int:
        """Send a signal, read to the end; the exit code."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=30)
        self.lines += rest.splitlines()
        return self.process.returncode


@pytest.fixture
def start() -> Iterator[Callable[..., Start]]:
    """Starts that are ended with the test, however it ends."""
    made: list[Start] = []

    def make(data_dir: Path, *options: str) -> Start:
        made.append(Start(data_dir, *options))
        return made[-1]

    yield make
    for one in made:
        one.process.kill()
        one.process.communicate()


def wait_for_ends(pids: list[int]) -> None:
    """Wait until none of the processes is left."""
    import select

    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        with os.fdopen(descriptor, "rb") as watched:
            assert select.select([watched], [], [], 20)[0], f"process {pid} is an orphan"


def test_up_answers_says_so_refuses_a_second_start_survives_kill_9_and_stops_in_order(tmp_path: Path, start: Callable[..., Start]) -> None:
    first = start(tmp_path / "data")
    first.until("is open at")
    ready = first.ready()
    assert ready["base_url"] == f"http://127.0.0.1:{first.port}"
    assert ready["shape"] == "embedded"
    assert ready["pids"]["main"] == first.process.pid
    assert process_lives(ready["pids"]["postgres"])
    assert {"guikang", "python", "postgres", "fastapi"} <= ready["versions"].keys()
    assert first.get("/readyz") == 200

    second = start(tmp_path / "data")
    said, _ = second.process.communicate(timeout=30)
    assert second.process.returncode == 75
    assert said.strip().splitlines()[0].startswith("The data folder")
    assert str(first.process.pid) in said
    assert "Traceback" not in said

    other = start(tmp_path / "other", "--port", str(first.port))
    said, _ = other.process.communicate(timeout=30)
    assert other.process.returncode == 69
    assert (
        said.strip().splitlines()[0] == f"Port {first.port} is taken by another program: stop it, or start with --port and another number."
    )

    first.end(signal.SIGKILL)
    wait_for_ends(list(ready["pids"].values()))
    assert (tmp_path / "data" / "ready.json").exists(), "nobody could remove it"

    again = start(tmp_path / "data")
    again.until("is open at")
    assert again.get("/readyz") == 200
    pids = list(again.ready()["pids"].values())
    assert again.end(signal.SIGTERM) == 0
    assert "nothing lost" in again.lines[-1]
    assert not (tmp_path / "data" / "ready.json").exists()
    wait_for_ends(pids)


def test_a_folder_of_real_people_never_takes_the_demo_in(tmp_path: Path, start: Callable[..., Start]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lock").touch()
    (tmp_path / "data" / "kind.json").write_text('{"demo": true}')
    refused = start(tmp_path / "data")
    said, _ = refused.process.communicate(timeout=30)
    assert refused.process.returncode == 64
    assert "--no-demo cannot be used" in said


def test_reset_never_empties_a_folder_that_is_not_ours(tmp_path: Path, start: Callable[..., Start]) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mother.txt").write_text("dear")
    refused = start(tmp_path / "letters", "--reset")
    said, _ = refused.process.communicate(timeout=30)
    assert refused.process.returncode == 73
    assert "not Guikang's" in said
    assert (tmp_path / "letters" / "mother.txt").exists()


@pytest.mark.parametrize(("clock", "code"), [("2021-06-01T08:00:00", 64), ("yesterday", 64)])
def test_a_clock_without_offset_and_a_clock_without_demo_are_refused(
    tmp_path: Path, start: Callable[..., Start], clock: str, code: int
) -> None:
    refused = start(tmp_path / "data", "--clock", clock)
    said, _ = refused.process.communicate(timeout=30)
    assert refused.process.returncode == code
    assert "--clock cannot be used" in said


def shell_blocks(kind: str) -> list[str]:
    """The lines of a block of the operator's guide."""
    guide = (PROJECT / "docs/guides/operator.md").read_text(encoding="utf-8")
    return guide.split(f"```sh {kind}\n", 1)[1].split("```", 1)[0].strip().splitlines()


def walk(lines: list[str], **folders: Path) -> str:
    """Do what the guide says, in a shell that stops at the first failure."""
    settings = {name: str(path) for name, path in folders.items()}
    done = subprocess.run(
        ["/bin/bash", "-e", "-c", "\n".join(lines)], cwd=PROJECT, env=os.environ | settings, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_guide_to_backup_and_restore_works_as_it_is_written(tmp_path: Path, start: Callable[..., Start]) -> None:
    data, backup, restored = tmp_path / "data", tmp_path / "backup", tmp_path / "restored"
    backup.mkdir()
    first = start(data)
    first.until("is open at")
    walk(shell_blocks("backup"), data=data, backup=backup)
    walk(
        ['eval "$(./dev database --data-dir "$data")"', 'pg_dump --no-owner --no-privileges -f "$backup/guikang.sql"'],
        data=data,
        backup=backup,
    )
    assert first.end(signal.SIGTERM) == 0

    *steps, last = shell_blocks("restore")
    assert last == './dev up --no-demo --data-dir "$restored"'
    assert "epoch" in walk(steps, backup=backup, restored=restored)
    again = start(restored)
    again.until("is open at")
    assert again.get("/readyz") == 200
    assert again.end(signal.SIGTERM) == 0

    loaded = tmp_path / "loaded"
    loaded.mkdir(mode=0o700)
    walk(['cp -a "$backup/secrets" "$backup/house.json" "$backup/kind.json" "$loaded/"',
          './dev restored --load "$backup/guikang.sql" --data-dir "$loaded"'], backup=backup, loaded=loaded)  # fmt: skip
    third = start(loaded)
    third.until("is open at")
    assert third.get("/readyz") == 200
    assert third.end(signal.SIGTERM) == 0


def test_nobody_not_even_root_takes_the_folder_of_another_user(tmp_path: Path, start: Callable[..., Start]) -> None:
    theirs, owner = Path("/usr"), "root"
    if os.geteuid() == 0:
        theirs, owner = tmp_path / "theirs", "54321"
        theirs.mkdir(mode=0o700)
        (theirs / "lock").touch()
        for path in (theirs, theirs / "lock"):
            os.chown(path, 54321, 54321)
    before = {path.name: path.stat().st_uid for path in theirs.iterdir()}
    refused = start(theirs)
    said, _ = refused.process.communicate(timeout=30)
    assert refused.process.returncode == 77
    assert f"belongs to user {owner}" in said
    assert {path.name: path.stat().st_uid for path in theirs.iterdir()} == before


def test_the_owners_password_leaves_the_process_list(tmp_path: Path) -> None:
    """The command starts itself again with the address in its environment; here its end is awaited to see what it was called with."""
    folder = tmp_path / "data"
    script = (
        "import sys, os\n"
        "os.execve = lambda program, words, environment: print(words, environment['GUIKANG_DSN'], flush=True)\n"
        "from deploy.__main__ import hide_dsn\n"
        "hide_dsn()\n"
    )
    for words in (["--dsn", "postgresql://owner:geheim@h/d"], ["--dsn=postgresql://owner:geheim@h/d"]):
        done = subprocess.run(
            [sys.executable, "-c", script, "up", *words, "--data-dir", str(folder)], cwd=PROJECT, capture_output=True, text=True, check=True
        )  # fmt: skip
        called, _, environment = done.stdout.strip().rpartition("] ")
        assert "geheim" not in called
        assert "--data-dir" in called
        assert environment == "postgresql://owner:geheim@h/d"


@pytest.mark.parametrize(
    "options",
    [
        Options(Path("/nowhere"), county="33010"),
        Options(Path("/nowhere"), county="县330102"),
        Options(Path("/nowhere"), demo=True, county="330102"),
        Options(Path("/nowhere"), reset=True, dsn="postgresql://h/d"),
    ],
)
def test_options_that_would_harm_are_refused_before_anything_happens(options: Options) -> None:
    with pytest.raises(BadOption):
        check(options)
