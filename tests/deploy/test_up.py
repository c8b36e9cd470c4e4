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
